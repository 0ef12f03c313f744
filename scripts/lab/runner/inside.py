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
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.argv[0] = "lab"     # who says something

import ram  # noqa: E402
import topology  # noqa: E402
from base import LAB, TREE, USAGE, die  # noqa: E402
from machine import CMDLINE, Extra, Qemu  # noqa: E402
from run import Run  # noqa: E402

KEYS = {str(bits): ["genrsa", str(bits)] for bits in (1024, 2048, 3072, 4096)} | {
    f"p{bits}": ["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:P-{bits}"]
    for bits in (192, 256, 384, 521)}
# What scripts have of busybox, not of the distribution: starting programs is most of what they do.
FAST = "cat cut head tail tr wc sleep mkdir rmdir rm mv touch basename dirname grep sed awk".split()


def make_keys(folder):
    """New keys for this run's tests: an emulated machine takes up to a minute for one of RSA."""
    makers = [subprocess.Popen(["openssl", how[0], "-out", folder / f"{name}.pem", *how[1:]],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
              for name, how in KEYS.items()]
    for maker, name in zip(makers, KEYS):
        if maker.wait():
            die(f"openssl cannot make the key {name}")


def fill(args, nodes, run):
    for name in ("nodes", "requests/runner", "replies", "barriers", "files", "keys", "bin/fast"):
        (run / name).mkdir(parents=True)
    lib = f"{TREE}/tools/testing/selftests/lib"
    for source, place in ((f"{LAB}/node", "bin"), (f"{lib}/setup", "bin/setup"), (args.tools, "bin")):
        shutil.copytree(source, run / place, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".in-use"))
    shutil.copy(f"{lib}/setup.sh", run / "bin")
    for file in (run / "bin").iterdir():
        file.chmod(0o755)
    for name in FAST:
        (run / "bin/fast" / name).symlink_to("/bin/busybox")
    args.extra.fill(run / "bin")
    # Each file that a node opens over 9p costs it some round trips: this is one.
    shutil.make_archive(str(run / "bin"), "tar", run / "bin")
    make_keys(run / "keys")
    shutil.copy(f"{args.large_key}/8192.pem", run / "keys")
    if args.openssl:
        shutil.copytree(args.openssl, run / "openssl", symlinks=True)
    (run / "env").write_text(topology.shared_environment(args, nodes, CMDLINE))
    (run / "hosts").write_text(topology.hosts_file(args, nodes))
    # The folders that scripts are in: the tree, and what is outside it.
    outside = dict.fromkeys(script.folder for node in nodes for script in node.scripts
                            if not f"{script.folder}/".startswith(f"{TREE}/"))
    shares = [(f"share{number}", path) for number, path in enumerate([TREE, *outside])]
    # What a host hands on to its guests.
    hidden = {"boot": os.path.dirname(args.initrd), "image": os.path.dirname(args.image), "qemu": args.qemu_dir} \
        if any(node.guests for node in nodes) else {}
    hidden = [(tag, path) for tag, path in hidden.items() if path]
    for node in nodes:
        place = run / "nodes" / node.name
        place.mkdir()
        lines = [f"{tag} {path} {path if args.uml else ''}".rstrip() for tag, path in shares]
        lines += [f"{tag} -" for tag, _ in hidden] if node.guests else []
        for name, text in (("env", topology.node_environment(args, node)), ("owner", node.host or "runner"),
                           ("scripts", "".join(f"{script.command()}\n" for script in node.scripts)),
                           ("links", "".join(" ".join(link) + "\n" for link in node.links)),
                           ("shares", "".join(f"{line}\n" for line in lines))):
            (place / name).write_text(text)
        if node.ram:
            ram.make_initrd(args, node, run)
            if node.host:
                shutil.copy(args.vmlinuz, place / "vmlinuz")
    Qemu.extra_shares = shares + hidden


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
            die(f"{args.topology} has no node '{name}'; it has: {' '.join(by_name)}", USAGE)
        by_name[name].scripts.append(topology.Script(*script))
    fill(args, nodes, Path(args.run_dir))
    return Run(args, nodes, args.run_dir).main()


if __name__ == "__main__":
    sys.exit(main())
