# SPDX-License-Identifier: GPL-2.0-only
"""A node that lives in its initramfs: 9p can be neither suspended nor hibernated. It has what a
script needs that tests our guest driver: busybox, our modules and what they need, pkey_stress, the
script's folder and the folders of helpers beside it. Its second serial port is its script's output; lines that
begin with MARK tell how far it is."""

import os
import re
import shutil
import subprocess

LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARK = "lab-ram: "
MODULES = ["virtio_pci", "virtio_console", "virtio_crypto", "pkcs8_key_parser"]


def make_initrd(args, node, run):
    """nodes/NAME/initrd, which boots the node."""
    folder = f"{run}/nodes/{node.name}"
    tree = f"{folder}/ram"
    for name in ("bin", "dev", "proc", "sys", "tmp", "run", "root", "modules", "keys", "tests"):
        os.makedirs(f"{tree}/{name}")
    shutil.copy("/bin/busybox", f"{tree}/bin/busybox")
    os.symlink("busybox", f"{tree}/bin/sh")
    copy_modules(args, tree, folder)
    copy_program(f"{args.tools}/pkey_stress", tree)
    shutil.copytree(f"{run}/keys", f"{tree}/keys", dirs_exist_ok=True)
    tests = f"{args.tree}/tools/testing/selftests"
    shutil.copytree(tests, f"{tree}/tests", dirs_exist_ok=True)
    if len(node.scripts) != 1 or not node.scripts[0].path.startswith(f"{tests}/"):
        raise SystemExit("lab: a machine in memory has one script, below tools/testing/selftests")
    script = node.scripts[0]
    with open(f"{tree}/run-script", "w", encoding="utf-8") as file:
        words = [*script.before, "sh", f"/tests/{os.path.relpath(script.path, tests)}"]
        file.write(f"exec env {' '.join(words)} {script.after}\n")
    shutil.copy(f"{run}/env", f"{tree}/env")
    shutil.copy(f"{run}/bin/ram-init", f"{tree}/init")
    with open(f"{folder}/initrd", "wb") as initrd:
        names = subprocess.run(["find", "."], cwd=tree, check=True, capture_output=True).stdout
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=tree, check=True,
                       input=names, stdout=initrd)
    shutil.rmtree(tree)


def copy_modules(args, tree, folder):
    """MODULES and what they need, uncompressed, and the order to load them in."""
    view = f"{folder}/view/lib/modules/{args.release}"
    shutil.copytree(f"{args.modules}/usr/lib/modules/{args.release}", view)
    os.symlink(f"/usr/lib/modules/{args.release}/kernel", f"{view}/kernel")
    subprocess.run(["bash", f"{LAB}/artifact/pack-modules.sh", f"{folder}/view", args.release,
                    f"{tree}/modules/order", *MODULES], check=True)
    shutil.rmtree(f"{folder}/view")


def copy_program(path, tree):
    """A program and the libraries it is linked with, at their places."""
    shutil.copy(path, f"{tree}/bin/")
    # It fails for one that is linked statically, and says nothing of libraries.
    for line in subprocess.run(["ldd", path], check=False, capture_output=True, text=True).stdout.splitlines():
        found = re.search(r"(/\S+) \(0x", line)
        if found:
            os.makedirs(f"{tree}{os.path.dirname(found.group(1))}", exist_ok=True)
            shutil.copy(found.group(1), f"{tree}{found.group(1)}")
