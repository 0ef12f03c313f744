# SPDX-License-Identifier: GPL-2.0-only
"""The commands of the lab: run, build, prepare and sh (../start)."""

import argparse
import functools
import os
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.argv = sys.argv[1:]     # from here on the command's name is the first, as it was typed

import artifacts  # noqa: E402
import start  # noqa: E402
from artifacts import KERNELS  # noqa: E402
from base import CACHE, TREE, become_root, call, die, enter, say, usage_error  # noqa: E402


class Parser(argparse.ArgumentParser):
    def __init__(self, command, text):
        super().__init__(prog=f"scripts/lab/{command}", allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter, description=text)

    def error(self, message):
        usage_error(message)


def build(words):
    """Build our modules from the work tree for one of the lab's kernels. The tree is only read. The build
folder is <cache>/build/<tag>-<kernel>, where COF_LAB_BUILD_TAG sets the tag (all), so that several people can
build at once."""
    parser = Parser("build", build.__doc__)
    parser.add_argument("--kernel", choices=KERNELS, default="stable")
    parser.add_argument("--warn", action="store_true",
                        help="in a separate build folder, with W=1 and sparse; fails on any diagnostic")
    parser.add_argument("variable", nargs="*", metavar="VARIABLE=VALUE", help="for make: CONFIG_COF_TARGET=n")
    args = parser.parse_intermixed_args(words)
    if not all(re.match(r"[A-Z]\w*=", variable) for variable in args.variable):
        usage_error(f"unknown argument among '{' '.join(args.variable)}'")
    become_root()
    modules = artifacts.Modules(args.kernel, args.warn, args.variable)
    modules.build()
    folder = Path(modules.folder)
    log = folder / "make.log"
    if args.warn and re.search(r"(warning|error):|specified, but", log.read_text(errors="replace")):
        # The next one begins anew: see modules.sh.
        (folder / "state").unlink()
        shutil.copy(log, f"{folder}.log")
        die(f"there are diagnostics (log: {folder}.log)")
    made = (folder / "tree/modules.order").read_text().split()
    say(f"{args.kernel} ({modules.release}): {len(made)} modules in {folder}/tree")


ARTIFACTS = {"root": artifacts.root, "qemu": artifacts.qemu, "openssl": artifacts.openssl} | {
    f"{kind.__name__}-{kernel}": functools.partial(kind, kernel)
    for kind in (artifacts.source, artifacts.uml) for kernel in ("stable", "mainline")}
ARTIFACT_SETS = {"all": ["openssl", "qemu", "uml-stable", "uml-mainline"], "fast": ["root"]}


def prepare(words):
    """Bring the lab's artifacts up. Everything is kept in the cache (README.rst), so a second run takes a
second."""
    parser = Parser("prepare", prepare.__doc__)
    parser.add_argument("--print", action="store_true", help="print their folders")
    parser.add_argument("name", nargs="*", default=["all"],
                        help="fast: what build and sh need; all (the default): also QEMU and the user-mode "
                             f"kernels; or {', '.join(ARTIFACTS)}")
    args = parser.parse_args(words)
    names = [name for word in args.name for name in ARTIFACT_SETS.get(word, [word])]
    for name in set(names) - set(ARTIFACTS):
        usage_error(f"unknown artifact '{name}'")
    become_root()
    for name in names:
        place = ARTIFACTS[name]()
        if args.print:
            print(place)


def sh(words):
    """Run a command, or a shell, as root in the lab's Debian 13 (compilers, both kernels' headers). The tree,
the cache, /tmp and the current folder are the same as outside; whatever else is written is gone at the end."""
    parser = Parser("sh", sh.__doc__)
    parser.add_argument("--layer", action="append", default=[], help="a folder that is laid over the root")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args(words)
    become_root()
    here = os.getcwd()
    known = here == "/" or f"{here}/".startswith(("/tmp/", f"{TREE}/", f"{CACHE}/", "/usr/", "/etc/", "/var/"))
    return call(enter(artifacts.root(), args.command or ["bash", "-i"], [] if known else [here], args.layer, here))


def main():
    commands = {"build": build, "prepare": prepare, "sh": sh,
                "run": lambda words: start.run(Parser("run", start.TEXT), words)}
    return commands[os.path.basename(sys.argv[0])](sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
