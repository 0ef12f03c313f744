# SPDX-License-Identifier: GPL-2.0-only
"""The configuration of this machine's target: its files, and a port of it."""
import os
import subprocess

import cof
from fabric import ADDRESS, INSECURE, TRANSPORT

CONFIG = "/sys/kernel/config/cof_target"


def write(path, value):
    with open(f"{CONFIG}/{path}", "w", encoding="ascii") as file:
        file.write(str(value))


def read(path):
    with open(f"{CONFIG}/{path}", encoding="ascii") as file:
        return file.read().strip()


def stat(name, pool="ptest"):
    return int(read(f"pools/{pool}/stats/{name}"))


def port(number, *pools):
    """A port of the target, enabled."""
    path = f"{CONFIG}/ports/{number}"
    subprocess.run(["modprobe", f"cof_{TRANSPORT}"], check=True)
    os.mkdir(path)
    for pool in pools:
        os.symlink(f"{CONFIG}/pools/{pool}", f"{path}/pools/{pool}")
    for name, value in (("transport", TRANSPORT), ("traddr", ADDRESS), ("trsvcid", cof.PORT),
                        ("insecure", INSECURE), ("enable", 1)):
        write(f"ports/{number}/{name}", value)
