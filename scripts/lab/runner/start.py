# SPDX-License-Identifier: GPL-2.0-only
"""The command run: checks its arguments, makes what they need, and goes on in the root with inside.py."""

import argparse
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import artifacts
from base import CACHE, LAB, TREE, USAGE, become_root, call, enter, say, usage_error
from cache import hold, lock, remove_unused

TEXT = """\
Boot a topology of machines with our modules loaded and configured, and run scripts in them.

topologies and their nodes
  loop    vm                     one kernel: initiator, target, vDPA device and its driver
  pair    target initiator       two machines on a network
  guest   guest                  a guest with QEMU's own crypto device
  chain   target host guest      a guest whose device is computed by the target"""
END = """\
SCRIPT is a path, with arguments behind it and assignments before it if quoted. It runs as root in its node,
in its folder, which cannot be one that the machine has; /run/lab/env has the addresses; the command `lab`
is on its PATH. A node that is given several runs one after the other, all of them, and says how long each
took. Exit status: of the first script that failed, 95 a nested machine failed, 96 setup failed, 97 the
lab itself, 98 a machine died, 99 a kernel warned, 124 time-out, 64 usage."""
TOPOLOGIES = ("loop", "pair", "guest", "chain")


def options(parser):
    parser.usage, parser.epilog = "scripts/lab/run [OPTION]... TOPOLOGY [NODE=SCRIPT]...", END
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    what = parser.add_argument_group("what to boot")
    what.add_argument("--kernel", choices=artifacts.KERNELS, default="stable", help="uml…: loop only")
    for kind in ("targets", "guests"):
        what.add_argument(f"--{kind}", type=int, default=1, metavar="N", help=f"{kind[:-1]}1, {kind[:-1]}2, …")
    what.add_argument("--device", choices=("vdpa", "builtin", "lkcf"), help="chain: any (vdpa); guest: not vdpa")
    what.add_argument("--queues", type=int, default=0, metavar="N", help="of the guest's device")
    what.add_argument("--transport", choices=("tcp", "rdma", "mixed"), default="tcp", help="mixed: one path of each")
    what.add_argument("--smp", type=int, metavar="N", help="processors of each machine (2, nested guests 1)")
    what.add_argument("--guest-smp", type=int, metavar="N", help="processors of nested guests")
    what.add_argument("--ram", action="store_true",
                      help="the guest is in memory, without shared folders, so that it can be suspended; chain: the "
                      "host's script starts it")
    what.add_argument("--openssl-tests", action="store_true", help="OpenSSL's own are in /run/lab/openssl")
    what.add_argument("--append", default="", metavar="TEXT", help="for the kernel's command line (not nested)")
    what.add_argument("--no-setup", action="store_true", help="modules are there, nothing is loaded or configured")
    what.add_argument("--with", dest="extra", default="", metavar="'FILE WORD...'",
                      help="Python that changes the machines (scripts/bench.d/machines.py)")
    run_ = parser.add_argument_group("the run")
    run_.add_argument("--timeout", type=int, default=900, metavar="SECONDS", help="for everything (900)")
    run_.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable of every script")
    run_.add_argument("--allow-warn", action="append", default=[], metavar="REGEX", help="reports that are expected")
    run_.add_argument("--keep", metavar="DIR", help="keep the logs: nodes/NAME/{console,out,setup}, and files/")
    run_.add_argument("--progress", action="store_true", help="say how far each machine is")
    run_.add_argument("-v", "--verbose", action="store_true", help="show kernel logs, setup and times too")
    return parser


def check(args):
    """What options say together."""
    topologies = [word for word in args.words if "=" not in word]
    if len(topologies) != 1 or topologies[0] not in TOPOLOGIES:
        usage_error(f"one topology, not '{' '.join(topologies)}': {', '.join(TOPOLOGIES)}")
    args.topology, uml = topologies[0], args.kernel.startswith("uml")
    args.device = args.device or ("builtin" if args.topology == "guest" else "vdpa")
    for wrong, text in (
            (uml and args.topology != "loop", "a user-mode kernel runs the loop topology only"),
            (args.ram and args.topology in ("loop", "pair"), "--ram is for the topologies guest and chain"),
            (args.topology == "guest" and args.device == "vdpa", "guest has no vDPA host: that is chain"),
            (args.topology == "guest" and args.transport != "tcp", "guest has no fabric"),
            (args.transport == "mixed" and args.topology != "loop" and args.targets < 2,
             "--transport mixed: --targets 2 at least")):
        if wrong:
            usage_error(text)
    args.guest_smp, args.smp = args.guest_smp or args.smp or 1, args.smp or 2
    args.guest_mem, args.mem = "768M", "512M" if uml else "1G"
    args.host_mem = f"{1536 + 896 * args.guests}M"


def parse_scripts(args):
    """Each NODE=SCRIPT: its assignments, the script's real path, its arguments. Returns the folders that have to
    be shown to the machines."""
    args.scripts, folders = [], set()
    for node, line in (word.split("=", 1) for word in args.words if "=" in word):
        before, path, after = re.fullmatch(r"((?:[A-Z_][A-Z0-9_]*=\S*\s+)*)(\S*)(.*)", line, re.DOTALL).groups()
        real = os.path.realpath(path)
        folder = os.path.dirname(real)
        if not os.path.isfile(real):
            usage_error(f"there is no script '{path}'")
        if not f"{folder}/".startswith((f"{TREE}/", f"{CACHE}/", "/tmp/")):
            folders.add(folder)
            # It is shared with the machine, over what is there.
            if os.path.isdir(artifacts.root() + folder) and os.listdir(artifacts.root() + folder):
                usage_error(f"a script cannot be in {folder}, which its machine has of its own: copy it to a "
                            "folder of yours")
        args.scripts.append((node, before.split(), real, after.strip()))
    return sorted(folders)


def need(args):
    """Make or find what these machines consist of."""
    args.root = artifacts.root()
    modules = artifacts.Modules(args.kernel)
    args.modules, args.release = modules.layer(), modules.release
    args.tools, args.large_key = artifacts.tools(), artifacts.large_key()
    args.openssl = artifacts.openssl() if args.openssl_tests else ""
    args.image = args.qemu_dir = ""
    if args.kernel.startswith("uml"):
        args.base = modules.layers[0]
        args.linux = f"{os.path.dirname(args.base)}/linux"
        return
    place = artifacts.initrd(args.kernel)
    args.vmlinuz, args.initrd = f"{place}/vmlinuz", f"{place}/initrd"
    if args.topology == "chain" and not args.ram:
        args.image = f"{artifacts.image()}/root.erofs"
    # Debian's is slower, has no crypto backends, and nested guests hang on it; it needs no building.
    place = artifacts.qemu(build=args.topology in ("guest", "chain") or bool(args.extra))
    args.stock = place is None
    args.qemu = f"{place or '/usr/bin'}/qemu-system-x86_64"
    # the nested guests' own, where Debian's has not their device
    args.qemu_dir = place if args.device != "vdpa" else ""


def one_cpu(runs):
    """A user-mode kernel and its processes take turns: on one CPU that is a switch of contexts, on two the other
    one has to be woken, and it takes twice as long. Each run has a CPU of its own while there are some."""
    for cpu in sorted(os.sched_getaffinity(0)):
        if lock(f"{runs}/.cpu-{cpu}", wait=False, create=True) is not None:
            os.sched_setaffinity(0, {cpu})
            return


def accelerator():
    """kvm or tcg. /dev/kvm is used where it boots a guest in a guest, within a minute; that is tried once for each boot
    of this machine. Some that exist in clouds cannot, and COF_LAB_ACCEL says so for all of them."""
    asked = os.environ.get("COF_LAB_ACCEL")
    if asked or not os.path.exists("/dev/kvm"):
        return asked or "tcg"
    verdict = Path(CACHE, f"kvm-{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}")
    held = lock(f"{CACHE}/kvm.lock", create=True)
    if not verdict.exists():
        say("/dev/kvm: does it boot a guest in a guest?")
        for old in glob.glob(f"{CACHE}/kvm-*"):
            os.unlink(old)
        status = call([f"{LAB}/run", "--timeout", "60", "--no-setup", "--allow-warn", ".", "--env", "NEED_KVM=1",
                       "chain"], env=dict(os.environ, COF_LAB_ACCEL="kvm"), stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
        verdict.write_text("tcg" if status else "kvm")
    os.close(held)
    accel = verdict.read_text()
    say("/dev/kvm boots a guest in a guest: machines run on it" if accel == "kvm" else
        "/dev/kvm does not boot a guest in a guest: machines are emulated")
    return accel


def run(parser, words):
    args = options(parser).parse_intermixed_args(words)
    check(args)
    become_root()
    folders = parse_scripts(args)
    need(args)
    if args.extra:
        file, *more = shlex.split(args.extra)
        args.extra = shlex.join([os.path.abspath(file), *more])
    args.accel = "uml" if args.kernel.startswith("uml") else accelerator()
    # The run's folder is what the nodes have as /run/lab.
    runs = f"{CACHE}/run"
    os.makedirs(runs, exist_ok=True)
    args.run_dir = tempfile.mkdtemp(dir=runs, prefix=f"{time.strftime('%m%d-%H%M%S')}-{args.topology}-{args.kernel}.")
    Path(args.run_dir, ".in-use").touch()
    hold(args.run_dir)
    # The last few that failed are kept. By their names: another run may end, and its folder go, at any time.
    remove_unused(sorted((entry.path for entry in os.scandir(runs) if entry.is_dir()), reverse=True)[11:])
    if args.kernel.startswith("uml"):
        one_cpu(runs)
    status = call(enter(args.root, ["python3", "-B", f"{LAB}/runner/inside.py", json.dumps(vars(args))], folders))
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
        kept = [path for name in ("nodes", "files", "env") if os.path.exists(path := f"{args.run_dir}/{name}")]
        subprocess.run(["cp", "-r", "-t", args.keep, *kept], check=False, stderr=subprocess.DEVNULL)
    if status == 0:
        shutil.rmtree(args.run_dir, ignore_errors=True)
    elif status != USAGE:
        say(f"failed with status {status}; logs: {args.keep or args.run_dir}")
    return status
