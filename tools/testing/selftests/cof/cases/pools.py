# SPDX-License-Identifier: GPL-2.0-only
"""The pools, hosts and the port that the cases use, on this machine's target."""
import os
import subprocess

from target import CONFIG, port, write


def setup():
    subprocess.run(["modprobe", "cof_target"], check=True)
    if not os.path.isdir(CONFIG):
        subprocess.run(["mount", "-t", "configfs", "none", "/sys/kernel/config"], check=False)
    for host in ("phost", "pstranger"):
        os.mkdir(f"{CONFIG}/hosts/{host}")
    for pool in ("ptest", "pother"):
        os.mkdir(f"{CONFIG}/pools/{pool}")
        write(f"pools/{pool}/algorithms", "rsa ecdsa" if pool == "ptest" else "rsa")
        os.symlink(f"{CONFIG}/hosts/phost", f"{CONFIG}/pools/{pool}/allowed_hosts/phost")
        write(f"pools/{pool}/enable", 1)
    port(99, "ptest")


def teardown():
    os.unlink(f"{CONFIG}/ports/99/pools/ptest")
    os.rmdir(f"{CONFIG}/ports/99")
    for pool in ("ptest", "pother"):
        os.unlink(f"{CONFIG}/pools/{pool}/allowed_hosts/phost")
        os.rmdir(f"{CONFIG}/pools/{pool}")
    for host in ("phost", "pstranger"):
        os.rmdir(f"{CONFIG}/hosts/{host}")


def readdress(address, insecure):
    write("ports/99/enable", 0)
    write("ports/99/traddr", address)
    write("ports/99/insecure", insecure)
    write("ports/99/enable", 1)
