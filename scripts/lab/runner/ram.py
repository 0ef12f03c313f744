# SPDX-License-Identifier: GPL-2.0-only
"""A node that lives in its initramfs: 9p can be neither suspended nor hibernated. It has busybox, our guest driver and
what that needs, pkey_stress, and the tests. Its second serial port is its script's output; lines that begin with MARK
tell how far it is."""

import dataclasses
import os
import re
import shutil
import subprocess

from base import LAB, TREE, die

MARK = "lab-ram: "
MODULES = ["virtio_pci", "virtio_console", "virtio_crypto", "pkcs8_key_parser"]


def make_initrd(args, node, run):
    """nodes/NAME/initrd, which boots the node."""
    folder = run / "nodes" / node.name
    tree = folder / "ram"
    for name in ("bin", "dev", "proc", "sys", "tmp", "run", "root", "modules"):
        (tree / name).mkdir(parents=True)
    (tree / "bin/sh").symlink_to("busybox")
    copy_modules(args, tree, folder / "view")
    for program in ("/bin/busybox", f"{args.tools}/pkey_stress"):
        copy_program(program, tree)
    tests = f"{TREE}/tools/testing/selftests"
    shutil.copytree(run / "keys", tree / "keys")
    shutil.copytree(tests, tree / "tests")
    if len(node.scripts) != 1 or not node.scripts[0].path.startswith(f"{tests}/"):
        die("a machine in memory has one script, below tools/testing/selftests")
    before, path, after = dataclasses.astuple(node.scripts[0])
    (tree / "run-script").write_text(" ".join(["exec env", *before, "sh", path.replace(tests, "/tests"), after]))
    shutil.copy(run / "env", tree / "env")
    shutil.copy(run / "bin/ram-init", tree / "init")
    subprocess.run("find . | cpio --quiet -o -H newc -R 0:0 >../initrd", shell=True, cwd=tree, check=True)
    shutil.rmtree(tree)


def copy_modules(args, tree, view):
    """MODULES and what they need, uncompressed, and the order to load them in."""
    modules = view / "lib/modules" / args.release
    shutil.copytree(f"{args.modules}/usr/lib/modules/{args.release}", modules)
    (modules / "kernel").symlink_to(f"/usr/lib/modules/{args.release}/kernel")
    subprocess.run(["bash", f"{LAB}/artifact/pack-modules.sh", view, args.release, tree / "modules/order", *MODULES],
                   check=True)
    shutil.rmtree(view)


def copy_program(path, tree):
    """A program and the libraries it is linked with, at their places."""
    shutil.copy(path, tree / "bin")
    # It fails for one that is linked statically, and says nothing of libraries.
    libraries = subprocess.run(["ldd", path], check=False, capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", libraries):
        os.makedirs(f"{tree}{os.path.dirname(library)}", exist_ok=True)
        shutil.copy(library, f"{tree}{library}")
