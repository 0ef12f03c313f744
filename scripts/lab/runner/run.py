# SPDX-License-Identifier: GPL-2.0-only
"""One run: start the nodes, show what their scripts print, obey `lab power`, judge the end."""

import os
import sys
import time
from pathlib import Path

import ram
from base import TREE, say
from machine import Qemu, Uml

sys.path.insert(0, f"{TREE}/tools/testing/selftests/lib")

import klog  # noqa: E402

TIMEOUT, WARNING, DIED, SETUP, NESTED, INTERRUPTED = 124, 99, 98, 96, 95, 130
READY_SECONDS = 600     # from power to the end of the setup; a busy machine takes its time
GRACE_SECONDS = 15      # for the others after the first failure, and after an oops
END_SECONDS = 8         # for a machine to switch itself off
POLL_SECONDS = 0.05
NESTED_FAULT = "an emulated processor's virtualization failed (scripts/lab/README.rst)"


class Tail:
    """The lines that are added to a file."""

    def __init__(self, path):
        self.path, self.offset, self.rest = path, 0, b""

    def lines(self, last=False):
        try:
            if os.path.getsize(self.path) > self.offset:
                with open(self.path, "rb") as file:
                    file.seek(self.offset)
                    data = file.read()
                self.offset += len(data)
                self.rest += data
        except FileNotFoundError:
            return []
        *lines, self.rest = self.rest.split(b"\n")
        if last and self.rest:
            lines.append(self.rest)
            self.rest = b""
        return [line.decode(errors="replace").rstrip("\r") for line in lines]


class Watched:
    """A node and how far it is. A nested guest has no machine here: its host starts it."""

    def __init__(self, node, run, machine):
        self.node, self.name, self.machine = node, node.name, machine
        self.folder = Path(run, "nodes", node.name)
        self.output, self.setup, self.console = (Tail(self.folder / name) for name in ("out", "setup", "console"))
        self.status = None      # of its script
        self.begin(None)

    def begin(self, since):
        """It was switched on then. None: its host will do that."""
        self.since = since
        self.off = False        # by `lab power`
        self.oops = None        # when its kernel died
        self.said = set()

    def has(self, name):
        return (self.folder / name).exists()

    def read(self, name):
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    def running(self):
        return self.machine.running() if self.machine else not self.has("exited")


class Run:
    def __init__(self, args, nodes, folder):
        self.args, self.folder = args, folder
        self.nodes = {}
        self.unwatched = []     # guests that a script runs: only what they said is judged
        for node in nodes:
            make = args.extra.kind(node) or (Uml if args.uml else Qemu)
            watched = Watched(node, folder, None if node.host else make(node, folder, args))
            if node.ram and node.host:
                self.unwatched.append(watched)
            else:
                self.nodes[node.name] = watched
        self.failure = None     # (status, text), the first one
        self.failed_at = None
        self.begin = time.monotonic()

    def main(self):
        for watched in self.nodes.values():
            if watched.machine:
                self.switch_on(watched)
        try:
            while not self.finished():
                self.look()
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            self.fail(INTERRUPTED, "interrupted")
        self.end()
        return self.failure[0] if self.failure else 0

    def switch_on(self, watched):
        watched.machine.start()
        watched.begin(time.monotonic())
        for guest in watched.node.guests:
            self.nodes[guest].begin(None)

    def cut(self, watched):
        watched.machine.cut()
        for name in [watched.name, *watched.node.guests]:
            victim = self.nodes[name]
            victim.off = True
            for mark in ("up", "ready"):
                (victim.folder / mark).unlink(missing_ok=True)
            (victim.folder / "cut").touch()

    def look(self):
        self.obey()
        for watched in self.nodes.values():
            self.show(watched)
            self.judge(watched)
        if time.monotonic() - self.begin > self.args.timeout:
            mute = [name for name, watched in self.nodes.items() if self.is_mute(watched)]
            self.fail(NESTED if mute else TIMEOUT, f"timed out after {self.args.timeout} s" +
                      "".join(f"; {name}'s QEMU does not answer: {NESTED_FAULT}" for name in mute), at_once=True)

    def is_mute(self, watched):
        """Is it nested, at work, and does its QEMU's monitor not say where its processors are?"""
        requests = Path(self.folder, "requests", watched.node.host)
        reply = Path(self.folder, "replies", f"runner-{watched.name}")
        if watched.machine or watched.off or watched.status is not None or not requests.exists():
            return False
        (requests / reply.name).write_text(f"{watched.name} monitor info registers -a\n")
        for _ in range(200):
            if reply.exists():
                break
            time.sleep(0.1)
        else:
            return False        # it is its host that does not answer
        return "IP=" not in reply.read_text(errors="replace")

    def show(self, watched, last=False):
        for line in watched.output.lines(last):
            if watched.node.ram and line.startswith(ram.MARK):
                # What a machine without shared folders would have written there.
                mark, _, value = line.removeprefix(ram.MARK).partition(" ")
                (watched.folder / mark).write_text(value or "1")
            else:
                print(f"{watched.name}| {line}", flush=True)
        for kind, tail in (("setup", watched.setup), ("kernel", watched.console)):
            for line in tail.lines(last):
                if self.args.verbose:
                    print(f"{watched.name}: {kind}| {line}", flush=True)
                if kind == "kernel" and watched.oops is None and klog.FATAL.search(line) and \
                        not any(pattern.search(line) for pattern in self.args.allow_warn):
                    watched.oops = time.monotonic()

    def judge(self, watched):
        name, now = watched.name, time.monotonic()
        if watched.status is None and watched.has("status"):
            watched.status = int(watched.read("status"))
            if watched.status:
                self.fail(watched.status, f"{name}: the script ended with status {watched.status}")
        for mark in ("up", "ready"):
            if mark not in watched.said and watched.has(mark):
                watched.said.add(mark)
                if self.args.verbose or self.args.progress:
                    say(f"{name}: {mark} after {now - (watched.since or self.begin):.1f} s")
        if watched.has("setup-failed") and "failed" not in watched.said:
            watched.said.add("failed")
            for line in [] if self.args.verbose else watched.read("setup").splitlines():
                print(f"{name}: setup| {line}", flush=True)
            self.fail(SETUP, f"the setup of {name} failed", at_once=True)
        if watched.off:
            return
        if not watched.running():
            # An oops would have been seen; what is left is a fault of the nested machine itself, or of its host's.
            started = [w for w in self.nodes.values() if w.node.host == name and w.since]
            if watched.oops or watched.machine and not (started and watched.machine.triple_fault()):
                self.died(watched, "its machine ended")
            else:
                self.died(watched, f"its machine ended without a word: {NESTED_FAULT}", NESTED)
        elif watched.oops and now - watched.oops > GRACE_SECONDS:
            self.fail(DIED, f"{name}: its kernel died", at_once=True)
        elif watched.since is None:
            if self.nodes[watched.node.host].has("ready"):
                watched.since = now
        elif "ready" not in watched.said and now - watched.since > READY_SECONDS:
            self.died(watched, f"not ready after {READY_SECONDS} s")

    def died(self, watched, how, status=DIED):
        watched.off = True
        for name, most in (("console", 12), ("qemu.log", 12), ("resets", 1)):
            for line in watched.read(name).splitlines()[-most:]:
                print(f"{watched.name}: {name}| {line}", file=sys.stderr)
        self.fail(status, f"{watched.name}: {how}", at_once=True)

    def fail(self, status, text, at_once=False):
        # A kernel that warned did say a word: nobody may take it for the emulation's fault.
        if self.failure is None or (self.failure[0] == NESTED and status == WARNING):
            self.failure = (status, text)
            self.failed_at = time.monotonic()
            say(text)
        if at_once:
            self.failed_at = time.monotonic() - GRACE_SECONDS

    def finished(self):
        if self.failure and time.monotonic() - self.failed_at >= GRACE_SECONDS:
            return True
        scripted = [w for w in self.nodes.values() if w.node.scripts]
        if scripted:
            return all(w.status is not None or w.has("cut") for w in scripted)
        return all(w.has("ready") or w.off for w in self.nodes.values())

    def obey(self):
        for request in sorted(Path(self.folder, "requests/runner").iterdir()):
            words = request.read_text().split()
            request.unlink()
            try:
                status, text = self.answer(*words)
            except (LookupError, TypeError, OSError) as error:
                status, text = 1, f"lab: {error}"
            reply = Path(self.folder, "replies", f".{request.name}")
            reply.write_text(f"{status}\n{text}\n" if text else f"{status}\n")
            reply.rename(reply.with_name(request.name))

    def answer(self, name, verb, *words):
        watched = self.nodes[name]
        if verb == "monitor":
            return 0, watched.machine.monitor(" ".join(words)).rstrip("\n")
        if self.args.verbose:
            say(f"{name}: power {verb}")
        if verb in ("off", "reset"):
            self.cut(watched)
        if verb in ("on", "reset"):
            if watched.machine.running():
                return 1, f"{name} is on"
            self.switch_on(watched)
        return 0, ""

    def end(self):
        """Let every kernel say its last, then look at what they all said."""
        Path(self.folder, "stop").touch()
        in_haste = self.failure and self.failure[0] in (TIMEOUT, DIED, NESTED, INTERRUPTED)
        until = time.monotonic() + (2 if in_haste else END_SECONDS)
        machines = [w.machine for w in self.nodes.values() if w.machine]
        while time.monotonic() < until and any(machine.running() for machine in machines):
            for watched in self.nodes.values():
                self.show(watched)
            time.sleep(POLL_SECONDS)
        for machine in machines:
            machine.cut()
        for watched in [*self.nodes.values(), *self.unwatched]:
            if watched not in self.unwatched:
                self.show(watched, last=True)
            self.scan(watched)

    def scan(self, watched):
        found = klog.reports(watched.read("console"), self.args.allow_warn)
        for report in found[:5]:
            say(f"{watched.name}: its kernel warned:")
            for line in report:
                print(f"{watched.name}: kernel| {line}", file=sys.stderr)
        if found:
            self.fail(WARNING, f"{watched.name}: {len(found)} warnings in the kernel's log")
