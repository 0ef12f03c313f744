# SPDX-License-Identifier: GPL-2.0-only
"""One run: start the nodes, show what their scripts print, obey `lab power`, judge the end."""

import os
import re
import sys
import time

import console
import ram
from machine import Qemu, Uml

TIMEOUT, WARNING, DIED, SETUP, NESTED = 124, 99, 98, 96, 95
UP_SECONDS = 300        # from power to setup; a busy machine takes its time
READY_SECONDS = 300     # from there to the end of the setup
GRACE_SECONDS = 15      # for the others after the first failure, and after an oops
END_SECONDS = 8         # for a machine to switch itself off
POLL_SECONDS = 0.05
NESTED_FAULT = "an emulated processor's virtualization failed (scripts/lab/README.rst)"
STATE = re.compile(r"^CPU#|[ER]IP=|HLT=|^(ISR|IRR|LVTT|ESR|TMICT|PPR|Timer)\b|: ")


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
    """A node and how far it is."""

    def __init__(self, node, run, machine):
        self.node, self.machine = node, machine
        self.folder = f"{run}/nodes/{node.name}"
        self.output = Tail(f"{self.folder}/out")
        self.setup = Tail(f"{self.folder}/setup")
        self.console = Tail(f"{self.folder}/console")
        self.status = None      # of its script
        self.off = False        # by `lab power`
        self.since = None       # when it was switched on
        self.oops = None        # when its kernel died
        self.said = set()

    def has(self, name):
        return os.path.exists(f"{self.folder}/{name}")

    def read(self, name):
        with open(f"{self.folder}/{name}", encoding="utf-8") as file:
            return file.read().strip()


class Run:
    def __init__(self, args, nodes, folder):
        self.args, self.folder = args, folder
        kind = Uml if args.uml else Qemu
        self.nodes = {}
        self.unwatched = []     # guests that a script runs: only what they said is judged
        for node in nodes:
            if node.ram and node.host:
                self.unwatched.append(Watched(node, folder, None))
                continue
            make = args.extra.kind(node) or kind
            machine = None if node.host else make(node, folder, args)
            self.nodes[node.name] = Watched(node, folder, machine)
        self.failure = None     # (status, text), the first one
        self.failed_at = None
        self.begin = time.monotonic()

    # --- what happens ---------------------------------------------------------------------------

    def main(self):
        for watched in self.nodes.values():
            if watched.machine:
                self.switch_on(watched)
        try:
            while not self.finished():
                self.look()
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            self.fail(130, "interrupted")
        self.end()
        return self.failure[0] if self.failure else 0

    def switch_on(self, watched):
        watched.off = False
        watched.oops = None
        watched.said = set()
        watched.machine.start()
        watched.since = time.monotonic()
        for name in watched.node.guests:
            self.nodes[name].off = False
            self.nodes[name].since = None
            self.nodes[name].said = set()

    def cut(self, watched):
        watched.off = True
        watched.machine.cut()
        for name in [watched.node.name] + watched.node.guests:
            victim = self.nodes[name]
            victim.off = True
            for mark in ("up", "ready"):
                if victim.has(mark):
                    os.unlink(f"{victim.folder}/{mark}")
            with open(f"{victim.folder}/cut", "w", encoding="utf-8"):
                pass

    def look(self):
        self.obey()
        for watched in self.nodes.values():
            self.show(watched)
            self.judge(watched)
        if time.monotonic() - self.begin > self.args.timeout:
            mute = self.examine()
            self.fail(NESTED if mute else TIMEOUT, f"timed out after {self.args.timeout} s" +
                      "".join(f"; {name}'s QEMU does not answer: {NESTED_FAULT}" for name in mute), at_once=True)

    def examine(self):
        """
        Something hangs: where is each processor, and which interrupts does it not take? Returns the
        nested machines that answer nothing.
        """
        mute = []
        for name, watched in self.nodes.items():
            if watched.status is not None or watched.off:
                continue
            answered = False
            processors = self.args.smp if watched.machine else self.args.guest_smp
            lapics = [f"info lapic {number}" for number in range(processors)]
            for command in ["info registers -a"] + lapics:
                try:
                    text = watched.machine.monitor(command) if watched.machine else \
                        self.ask_host(watched.node, command)
                except (LookupError, OSError) as error:
                    text = f"{command}: {error}"
                for line in text.splitlines():
                    if STATE.search(line):
                        answered = True
                        print(f"{name}: examined| {line.strip()}", file=sys.stderr, flush=True)
            if not watched.machine and not answered:
                mute.append(name)
        return mute

    def ask_host(self, node, command):
        """The answer of a nested guest's monitor; its host may hang, too."""
        request = f"runner-{node.name}-{command.replace(' ', '-')}"
        with open(f"{self.folder}/requests/{node.host}/{request}", "w", encoding="utf-8") as file:
            file.write(f"{node.name} monitor {command}\n")
        reply = f"{self.folder}/replies/{request}"
        for _ in range(200):
            if os.path.exists(reply):
                with open(reply, encoding="utf-8", errors="replace") as file:
                    return file.read()
            time.sleep(0.1)
        raise LookupError("its host does not answer")

    def show(self, watched, last=False):
        name = watched.node.name
        for line in watched.output.lines(last):
            if watched.node.ram and line.startswith(ram.MARK):
                # What a machine without shared folders would have written there.
                mark, _, value = line.removeprefix(ram.MARK).partition(" ")
                with open(f"{watched.folder}/{mark}", "w", encoding="utf-8") as file:
                    file.write(value or "1")
                continue
            print(f"{name}| {line}", flush=True)
        for line in watched.setup.lines(last):
            if self.args.verbose or watched.has("setup-failed"):
                print(f"{name}: setup| {line}", flush=True)
        for line in watched.console.lines(last):
            if self.args.verbose:
                print(f"{name}: kernel| {line}", flush=True)
            if console.FATAL.search(line) and watched.oops is None and \
                    not any(pattern.search(line) for pattern in self.args.allow_warn):
                watched.oops = time.monotonic()

    def judge(self, watched):
        node = watched.node
        now = time.monotonic()
        if watched.status is None and watched.has("status"):
            watched.status = int(watched.read("status"))
            if watched.status:
                self.fail(watched.status, f"{node.name}: the script ended with status {watched.status}")
        for mark in ("up", "ready"):
            if mark not in watched.said and watched.has(mark):
                watched.said.add(mark)
                since = watched.since or self.begin
                if self.args.verbose or self.args.progress:
                    say(f"{node.name}: {mark} after {now - since:.1f} s")
        if watched.has("setup-failed") and "failed" not in watched.said:
            watched.said.add("failed")
            with open(f"{watched.folder}/setup", encoding="utf-8", errors="replace") as file:
                text = file.read() if not self.args.verbose else ""
            for line in text.splitlines():
                print(f"{node.name}: setup| {line}", flush=True)
            self.fail(SETUP, f"the setup of {node.name} failed", at_once=True)
        if watched.off:
            return
        ended = not watched.machine.running() if watched.machine else watched.has("exited")
        if ended:
            # An oops would have been seen; what is left is a fault of the nested machine itself, or of
            # its host's.
            if not watched.oops and (not watched.machine or
                                     watched.machine.triple_fault() and self.guests_of(watched)):
                self.died(watched, f"its machine ended without a word: {NESTED_FAULT}", NESTED)
            else:
                self.died(watched, "its machine ended")
        elif watched.oops and now - watched.oops > GRACE_SECONDS:
            self.fail(DIED, f"{node.name}: its kernel died", at_once=True)
        elif watched.since and not watched.has("up") and now - watched.since > UP_SECONDS:
            self.examine()
            self.died(watched, f"not up after {UP_SECONDS} s")
        elif watched.since and "ready" not in watched.said and \
                now - watched.since > UP_SECONDS + READY_SECONDS:
            self.died(watched, "its setup does not end")
        elif watched.since is None and self.nodes[node.host].has("ready"):
            watched.since = now

    def guests_of(self, watched):
        """Those of its guests that have been started."""
        return [w for w in self.nodes.values() if w.node.host == watched.node.name and w.since]

    def died(self, watched, how, status=DIED):
        watched.off = True
        for name, most in (("console", 12), ("qemu.log", 12), ("resets", 1)):
            if os.path.exists(f"{watched.folder}/{name}"):
                with open(f"{watched.folder}/{name}", encoding="utf-8", errors="replace") as file:
                    for line in file.read().splitlines()[-most:]:
                        print(f"{watched.node.name}: {name}| {line}", file=sys.stderr)
        self.fail(status, f"{watched.node.name}: {how}", at_once=True)

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

    # --- requests of `lab` ----------------------------------------------------------------------

    def obey(self):
        requests = f"{self.folder}/requests/runner"
        for name in sorted(os.listdir(requests)):
            with open(f"{requests}/{name}", encoding="utf-8") as file:
                words = file.read().split()
            os.unlink(f"{requests}/{name}")
            try:
                status, text = self.answer(*words)
            except (LookupError, TypeError, OSError) as error:
                status, text = 1, f"lab: {error}"
            reply = f"{self.folder}/replies/{name}"
            with open(f"{self.folder}/replies/.{name}", "w", encoding="utf-8") as file:
                file.write(f"{status}\n{text}\n" if text else f"{status}\n")
            os.rename(f"{self.folder}/replies/.{name}", reply)

    def answer(self, name, verb, *words):
        watched = self.nodes[name]
        if verb == "monitor":
            return 0, watched.machine.monitor(" ".join(words)).rstrip("\n")
        if verb in ("off", "reset"):
            self.verbose(f"{name}: power off")
            self.cut(watched)
        if verb in ("on", "reset"):
            if watched.machine.running():
                return 1, f"{name} is on"
            self.verbose(f"{name}: power on")
            self.switch_on(watched)
        return 0, ""

    # --- the end --------------------------------------------------------------------------------

    def end(self):
        """Let every kernel say its last, then look at what they all said."""
        with open(f"{self.folder}/stop", "w", encoding="utf-8"):
            pass
        until = time.monotonic() + END_SECONDS
        if self.failure and self.failure[0] in (TIMEOUT, DIED, NESTED, 130):
            until = time.monotonic() + 2
        machines = [w for w in self.nodes.values() if w.machine]
        while time.monotonic() < until and any(w.machine.running() for w in machines):
            for watched in self.nodes.values():
                self.show(watched)
            time.sleep(POLL_SECONDS)
        for watched in machines:
            watched.machine.cut()
        for watched in self.nodes.values():
            self.show(watched, last=True)
            self.scan(watched)
        for guest in self.unwatched:
            self.scan(guest)

    def scan(self, watched):
        try:
            with open(f"{watched.folder}/console", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except FileNotFoundError:
            return
        found = console.reports(text, self.args.allow_warn)
        for report in found[:5]:
            say(f"{watched.node.name}: its kernel warned:")
            for line in report:
                print(f"{watched.node.name}: kernel| {line}", file=sys.stderr)
        if found:
            self.fail(WARNING, f"{watched.node.name}: {len(found)} warnings in the kernel's log")

    def verbose(self, text):
        if self.args.verbose:
            say(text)


def say(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)
