# SPDX-License-Identifier: GPL-2.0-only
"""Runs in the root, started by start.py, which has checked the arguments and made all that they need.
Fills the run's folder (what the nodes see as /run/lab) and starts the run."""

import argparse
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import ram  # noqa: E402
import topology  # noqa: E402
from machine import CMDLINE, Extra, Qemu  # noqa: E402
from run import Run  # noqa: E402

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEYS = {str(bits): ["genrsa", str(bits)] for bits in (1024, 2048, 3072, 4096)} | {
    f"p{bits}": ["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:P-{bits}"]
    for bits in (192, 256, 384, 521)}

# What scripts have of busybox, not of the distribution
FAST = ("cat cut head tail tr wc sleep mkdir rmdir rm mv touch basename dirname grep sed awk").split()


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


def copy(source, target):
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".in-use"))


def fill(args, nodes, folder):
    for source in (f"{HERE}/node", f"{args.tree}/tools/testing/selftests/lib/setup", args.tools):
        if os.path.isdir(source):
            copy(source, f"{folder}/bin")
    for name in os.listdir(f"{folder}/bin"):
        os.chmod(f"{folder}/bin/{name}", 0o755)
    # A static program starts in less time, and starting programs is most of what a shell script does here.
    os.mkdir(f"{folder}/bin/fast")
    for name in FAST:
        os.symlink("/bin/busybox", f"{folder}/bin/fast/{name}")
    # Each file that a node opens over 9p costs it some round trips: this is one.
    shutil.make_archive(f"{folder}/bin", "tar", f"{folder}/bin")
    for name in ("nodes", "requests/runner", "replies", "barriers", "files", "keys"):
        os.makedirs(f"{folder}/{name}")
    make_keys(f"{folder}/keys")
    if args.openssl:
        copy(args.openssl, f"{folder}/openssl")
    shutil.copy(f"{args.large_key}/8192.pem", f"{folder}/keys/8192.pem")
    write(f"{folder}/env", topology.shared_environment(args, nodes, CMDLINE))
    write(f"{folder}/hosts", topology.hosts_file(nodes))
    # The folders that scripts are in: the tree, and what is outside it.
    folders = dict.fromkeys(os.path.dirname(script.path) for node in nodes for script in node.scripts)
    extra = [(f"share{number}", path) for number, path in enumerate(
        [args.tree] + [path for path in folders if not f"{path}/".startswith(f"{args.tree}/")])]
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
        write(f"{place}/scripts", "".join(f"{script.command()}\n" for script in node.scripts))
        write(f"{place}/links", "".join(" ".join(link) + "\n" for link in node.links))
        lines = [f"{tag} {path} {path if args.uml else ''}".rstrip() for tag, path in extra]
        if node.guests:
            lines += [f"{tag} -" for tag, _ in hidden]
        write(f"{place}/shares", "".join(line + "\n" for line in lines))
        if node.ram:
            ram.make_initrd(args, node, folder)
            if node.host:
                shutil.copy(args.vmlinuz, f"{place}/vmlinuz")
    Qemu.extra_shares = extra + hidden


def main():
    args = argparse.Namespace(**json.loads(sys.argv[1]))
    args.allow_warn = [re.compile(pattern) for pattern in args.allow_warn]
    args.uml = args.kernel.startswith("uml")
    nodes = topology.make_nodes(args)
    words = shlex.split(args.extra)
    args.extra = runpy.run_path(words[0])["Machines"](args, nodes, words[1:]) if words else Extra()
    by_name = {node.name: node for node in nodes}
    for name, *script in args.scripts:
        if name not in by_name:
            print(f"lab: {args.topology} has no node '{name}'; it has: {' '.join(by_name)}", file=sys.stderr)
            return 64
        by_name[name].scripts.append(topology.Script(*script))
    fill(args, nodes, args.run_dir)
    return Run(args, nodes, args.run_dir).main()


if __name__ == "__main__":
    sys.exit(main())
