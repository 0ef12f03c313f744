#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs in the root, started by scripts/lab/run, which has checked the arguments and made all that
they need. Fills the run's folder (what the nodes see as /run/lab) and starts the run."""

import argparse
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import ram  # noqa: E402
import topology  # noqa: E402
from machine import CMDLINE, Qemu  # noqa: E402
from run import Run, compile_all  # noqa: E402

KEYS = {str(bits): ["genrsa", str(bits)] for bits in (1024, 2048, 3072, 4096)} | {
    f"p{bits}": ["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:P-{bits}"]
    for bits in (192, 256, 384, 521)}


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("topology", "kernel", "device", "driver", "transport", "tree", "run-dir", "root", "modules",
                 "mem", "guest-mem", "host-mem", "accel", "tools", "large-key"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("base", "linux", "append", "qemu", "qemu-dir", "release", "vmlinuz", "initrd", "image",
                 "openssl"):
        parser.add_argument(f"--{name}", default="")
    for name in ("targets", "initiators", "guests", "smp", "guest-smp", "queues", "timeout"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--dilate", type=int, default=1)
    for name in ("no-setup", "accelerator", "ram", "guest-net", "client", "progress", "verbose"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("allow-warn", "env", "script"):
        parser.add_argument(f"--{name}", action="append", default=[])
    args = parser.parse_args()
    args.allow_warn = compile_all(args.allow_warn)
    return args


def shares(args, nodes):
    """The folders that scripts are in: (tag, path). The tree, and what is outside it."""
    paths = [args.tree]
    for node in nodes:
        for script in node.scripts:
            folder = os.path.dirname(topology.script_file(script))
            if not (folder + "/").startswith(args.tree + "/") and folder not in paths:
                paths.append(folder)
    return [(f"share{number}", path) for number, path in enumerate(paths)]


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def make_keys(folder):
    """New keys for this run's tests: an emulated machine takes up to a minute for one of RSA."""
    makers = [subprocess.Popen(["openssl", how[0], "-out", f"{folder}/{name}.pem", *how[1:]],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
              for name, how in KEYS.items()]
    for maker, name in zip(makers, KEYS):
        if maker.wait():
            sys.exit(f"lab: openssl cannot make the key {name}")


def fill(args, nodes, folder):
    here = os.path.dirname(os.path.abspath(__file__))
    shutil.copytree(os.path.join(here, "..", "node"), f"{folder}/bin")
    shutil.copytree(args.tools, f"{folder}/bin", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns(".in-use"))
    for name in os.listdir(f"{folder}/bin"):
        os.chmod(f"{folder}/bin/{name}", 0o755)
    # Each file that a node opens over 9p costs it some round trips: this is one.
    shutil.make_archive(f"{folder}/bin", "tar", f"{folder}/bin")
    for name in ("nodes", "requests/runner", "replies", "barriers", "files", "keys"):
        os.makedirs(f"{folder}/{name}")
    make_keys(f"{folder}/keys")
    if args.openssl:
        shutil.copytree(args.openssl, f"{folder}/openssl", symlinks=True,
                        ignore=shutil.ignore_patterns(".in-use"))
    shutil.copy(f"{args.large_key}/8192.pem", f"{folder}/keys/8192.pem")
    write(f"{folder}/env", topology.shared_environment(args, nodes, CMDLINE))
    write(f"{folder}/hosts", topology.hosts_file(nodes))
    if args.dilate > 1:
        source = os.path.join(here, "..", "lib", "dilate.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", f"{folder}/dilate.so", source], check=True)
    uml = args.kernel.startswith("uml")
    extra = shares(args, nodes)
    hidden = []
    if any(node.guests for node in nodes):
        # What the host hands on to its guests.
        hidden = [("boot", os.path.dirname(args.initrd)), ("image", os.path.dirname(args.image))]
        hidden += [("qemu", args.qemu_dir)] if args.qemu_dir else []
    for node in nodes:
        place = f"{folder}/nodes/{node.name}"
        os.makedirs(place)
        write(f"{place}/env", topology.node_environment(args, node))
        write(f"{place}/owner", node.owner)
        write(f"{place}/scripts", "".join(topology.script_command(script) + "\n" for script in node.scripts))
        write(f"{place}/links", "".join(" ".join(link) + "\n" for link in node.links))
        lines = [f"{tag} {path} {path if uml else ''}".rstrip() for tag, path in extra]
        if node.guests:
            lines += [f"{tag} -" for tag, _ in hidden]
        write(f"{place}/shares", "".join(line + "\n" for line in lines))
        if node.ram:
            ram.make_initrd(args, node, folder)
            if node.host:
                shutil.copy(args.vmlinuz, f"{place}/vmlinuz")
    Qemu.extra_shares = extra + hidden


def main():
    args = arguments()
    nodes = topology.make_nodes(args)
    by_name = {node.name: node for node in nodes}
    for item in args.script:
        name, _, script = item.partition("=")
        if name not in by_name:
            print(f"lab: {args.topology} has no node '{name}'; it has: {' '.join(by_name)}",
                  file=sys.stderr)
            return 64
        by_name[name].scripts.append(script)
    fill(args, nodes, args.run_dir)
    return Run(args, nodes, args.run_dir).main()


if __name__ == "__main__":
    sys.exit(main())
