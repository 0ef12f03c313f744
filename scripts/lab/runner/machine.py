# SPDX-License-Identifier: GPL-2.0-only
"""A node's machine: a QEMU or a user-mode kernel that we start, cut and start again."""

import ctypes
import functools
import mmap
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

FIRMWARE = ["-L", "/usr/share/seabios", "-L", "/usr/share/qemu"]
# Kernel logs complete, nothing rate-limited, a panic ends the machine; nothing that only costs time.
CMDLINE = ("console=ttyS0 loglevel=7 printk.devkmsg=on panic=-1 mitigations=off audit=0 "
           "apparmor=0 tsc=nowatchdog watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 "
           "no_timer_check "    # emulated on a busy machine, ticks may come late
           # Not the default: operations of every kind shall pass every hop (lib/setup/initiator.sh, too).
           "virtio_crypto.public_ops=remote")

# Without "fast" string instructions: emulated, they go byte by byte, and the kernel, told that they are
# slow, copies and clears memory in words.
EMULATED = "max,erms=off,fsrm=off,fsrs=off,fzrm=off,fsrc=off"


class Extra:
    """What `run --with` may change of the machines: nothing, unless somebody's class of that kind does."""

    dilate = 1              # their clocks are so many times slower
    values = {}             # more of /run/lab/env
    hosts = {}              # more addresses and their names
    environment = {}        # more variables of a QEMU
    popen = {}              # more for subprocess.Popen

    def kind(self, node):
        """The class of this node's machine, where it is not the usual one."""

    def qemu(self, node):
        """More arguments."""
        return []

    def fill(self, folder):
        """What more the nodes have in /run/lab/bin."""


@functools.lru_cache(None)
def tsc_khz():
    """The frequency of this machine's time stamp counter, which an emulated one counts with. A kernel that measures
    it on a busy machine may be wrong by a factor of a hundred, and its clock with it. None where code may not be
    written (SELinux): then the kernel measures."""
    try:
        code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return None
    code.write(b"\x0f\x31\x48\xc1\xe2\x20\x48\x09\xd0\xc3")     # rdtsc; shl $32, %rdx; or %rdx, %rax; ret
    rdtsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(code)))

    def look():
        """The clock and the counter, of some looks the one that took the least time."""
        looks = [(time.monotonic_ns(), rdtsc(), time.monotonic_ns()) for _ in range(50)]
        before, ticks, after = min(looks, key=lambda look: look[2] - look[0])
        return (before + after) / 2, ticks

    begin, first = look()
    time.sleep(0.1)
    end, last = look()
    return round((last - first) * 1e6 / (end - begin))


class Machine:
    """Process handling that both kinds share. Its files are in folder."""

    environment, popen = {}, {}     # see Extra

    def __init__(self, node, run, args):
        self.node, self.run, self.args = node, run, args
        self.folder = Path(run, "nodes", node.name)
        self.process = None

    def start(self):
        for name in ("up", "ready", "setup-failed", "exited"):
            (self.folder / name).unlink(missing_ok=True)
        with open(self.folder / "qemu.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, **self.popen,
                                            env=dict(os.environ, TMPDIR="/dev/shm") | self.environment)
        (self.folder / "pid").write_text(f"{self.process.pid}\n")

    def triple_fault(self):
        """Is it what QEMU said last of its processors?"""
        resets = self.folder / "resets"
        return resets.exists() and resets.read_bytes().endswith(b"Triple fault\n")

    def running(self):
        return self.process is not None and self.process.poll() is None

    def cut(self):
        """What pulling the plug does."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def monitor(self, _command):
        raise LookupError("this node has no monitor")


class Qemu(Machine):
    extra_shares = ()

    def __init__(self, node, run, args):
        super().__init__(node, run, args)
        self.socket = f"/run/{node.name}.monitor"
        self.environment, self.popen = args.extra.environment, args.extra.popen

    def command(self):
        args, node = self.args, self.node
        accel = ["kvm", "-cpu", "host"] if args.accel == "kvm" else \
            [f"tcg,thread={'single' if args.stock else 'multi'}", "-cpu", EMULATED]
        khz = tsc_khz() if args.accel != "kvm" else None
        clock = f"tsc_early_khz={khz * args.extra.dilate} " if khz else ""
        command = [args.qemu, *FIRMWARE, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                   "-name", f"{node.name},debug-threads=on", "-M", "q35,vmport=off", "-accel", *accel,
                   "-smp", str(args.smp), "-m", args.host_mem if node.role == "host" else args.mem,
                   "-kernel", args.vmlinuz, "-initrd", f"{self.folder}/initrd" if node.ram else args.initrd,
                   "-append", f"{CMDLINE} {clock}lab.node={node.name} {args.append}",
                   # what it said before its power was cut is judged, too
                   "-chardev", f"file,id=console,path={self.folder}/console,append=on",
                   "-serial", "chardev:console",
                   "-monitor", f"unix:{self.socket},server=on,wait=off"]
        if args.accel != "kvm":
            # A triple fault ends a machine without a word in its console: it is the last line here.
            command += ["-d", "cpu_reset", "-D", f"{self.folder}/resets"]
        command += shlex.split(os.environ.get("COF_LAB_QEMU_ARGS", ""))
        if node.ram:
            command += ["-serial", f"file:{self.folder}/out"]
        else:
            command += share("run", self.run, readonly=False)
            for tag, path in (("root", args.root), ("mods", args.modules), *self.extra_shares):
                command += share(tag, path)
        for port in (0, 1):
            command += ["-device", f"pcie-root-port,id=hotplug{port},chassis={port + 1},slot={port + 1}"]
        for number, (path, listens, mac) in enumerate(node.sockets):
            end = "server=on" if listens else "server=off,reconnect-ms=100"
            command += ["-netdev", f"stream,id=net{number},addr.type=unix,addr.path={path},{end}",
                        "-device", f"virtio-net-pci,id=nic{number},netdev=net{number},mac={mac},romfile="]
        command += args.extra.qemu(node)
        if node.backend:
            queues = f",queues={args.queues}" if args.queues else ""
            command += ["-object", f"cryptodev-backend-{node.backend},id=backend0{queues}",
                        "-device", "virtio-crypto-pci,id=crypto0,bus=hotplug0,cryptodev=backend0"]
        return command

    def monitor(self, command):
        """The answer of QEMU's monitor to one command."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(10)
            monitor.connect(self.socket)
            read_to_prompt(monitor)
            monitor.sendall(command.encode() + b"\n")
            answer = read_to_prompt(monitor).replace("\r", "")
        # The first line is the command as the monitor's line editor echoed it.
        return answer.partition("\n")[2].removesuffix("(qemu) ")


def read_to_prompt(monitor):
    text = b""
    while not text.endswith(b"(qemu) ") and (data := monitor.recv(65536)):
        text += data
    return text.decode(errors="replace")


def share(tag, path, readonly=True):
    path = path.replace(",", ",,")
    return ["-virtfs", f"local,path={path},mount_tag={tag},security_model=none,multidevs=remap" +
            (",readonly=on" if readonly else "")]


class Uml(Machine):
    """A user-mode kernel on an overlay of its own: a folder that it reaches by hostfs."""

    def start(self):
        self.place = f"/run/uml-{self.node.name}"
        if os.path.ismount(self.place):
            for mounted in (f"{self.place}/root", self.place):
                subprocess.run(["umount", "-l", mounted], check=False)
        os.makedirs(self.place, exist_ok=True)
        mount("-t", "tmpfs", "uml", self.place)
        for name in ("root", "upper", "work"):
            os.mkdir(f"{self.place}/{name}")
        mount("-t", "overlay", "-o", f"lowerdir={self.args.modules}:{self.args.base}:{self.args.root},"
              f"upperdir={self.place}/upper,workdir={self.place}/work", "uml", f"{self.place}/root")
        shutil.copy(f"{self.run}/bin/initramfs", f"{self.place}/root/init")
        if not os.path.ismount("/dev/shm") or os.statvfs("/dev/shm").f_flag & os.ST_NOEXEC:
            mount("-t", "tmpfs", "shm", "/dev/shm")
        super().start()

    def command(self):
        return ["/bin/sh", "-c", 'exec "$@" >>"$0" 2>&1', f"{self.folder}/console",
                self.args.linux, f"mem={self.args.mem}", "root=/dev/root", "rootfstype=hostfs",
                f"rootflags={self.place}/root", "rw", "init=/init", "con0=null,fd:1", "con=null",
                f"uml_dir={self.place}/", f"umid={self.node.name}", "loglevel=7", "printk.devkmsg=on",
                "virtio_crypto.public_ops=remote", f"lab.run={self.run}", f"lab.node={self.node.name}",
                *shlex.split(self.args.append)]


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)
