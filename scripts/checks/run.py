# SPDX-License-Identifier: GPL-2.0-only
"""Run the tests of this tree, in one of three lengths (scripts/check --help)."""

import argparse
import fcntl
import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import heads  # noqa: E402

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
LAB = f"{TREE}/scripts/lab"
TESTS = f"{TREE}/tools/testing/selftests"

HELP = """\
scripts/check [--quick | --soak] [--only PATTERN]... [--list] [--logs DIR]

Runs tests in machines, as their heads say (scripts/checks/heads.py), two machines at a time, and
those that need both processors alone at the end. What they need (root file system, kernels, QEMU, modules) is
made or found in the cache. Warm, on two cores:

  --quick         static checks, unit tests, and one pass of the tests of behaviour in a user-mode
                  kernel with KASAN, UBSAN and lockdep: about five minutes
  (no option)     each test of behaviour once on one of Debian's kernels and once with sanitizers; on
                  the other of Debian's kernels what exercises include/compat/: about 40 minutes
  --soak          every test on both kernels, over both transports, and with both kernels'
                  sanitizers, each with its full counts: many hours

  --only PATTERN  only what matches the shell pattern: a name of --list ('loop-uml*'), or tests
                  ('cof/*'), which then have their machines for themselves
  --list          the machines of that length, and what each runs
  --logs DIR      keep each test's whole output there (default: a folder in the cache)

A test in which a nested machine failed (status 95, scripts/lab/README.rst) is run once more, and the
last lines say so; no other test is ever repeated. They also name the ten slowest tests: scripts,
where a machine runs several.

Exit status: 0 only if every test passed and none was skipped.
"""

# ---- which tests there are -------------------------------------------------------------------------


class Test:
    """A command; seconds is what it took last, by which tests are ordered. What runs in the lab has a
    heads.Machine."""

    def __init__(self, name, command, seconds, needs=(), alone=False, machine=None):
        self.name, self.command, self.seconds = name, command, seconds
        self.needs, self.alone, self.machine = set(needs), alone, machine
        self.passed = self.failed = self.skipped = 0
        self.took, self.repeated = 0.0, False


class Plan:
    """The tests of one length that have a wanted name."""

    def __init__(self, length, patterns, times):
        self.length, self.patterns = length, patterns
        self.tests = []
        self.outside()
        # A pattern can name a script, which then runs alone in its machines.
        scripts = [pattern for pattern in patterns if "/" in pattern]
        for machine in heads.machines(TESTS, length, lambda test: not scripts or matches(test, scripts), times):
            if not patterns or scripts or matches(machine.name, patterns):
                self.add_machine(machine)

    def outside(self):
        """What needs no machine, or starts its own."""
        for name, seconds, needs in (("static", 200, []), ("provider", 50, []), ("drop-in", 150, ["qemu"]),
                                     ("wireshark", 55, ["qemu"])):
            if (self.length != "quick" or name == "static") and (
                    not self.patterns or matches(name, self.patterns)):
                soak = ["env", "COF_SOAK=1"] if self.length == "soak" else []
                self.tests.append(Test(name, [*soak, f"{TREE}/scripts/checks/{name}"], seconds, needs=needs))

    def add_machine(self, machine):
        setting, soak = machine.setting, self.length == "soak"
        limit = 36000 if soak else max(1800, 6 * machine.seconds)
        image = {"uml": "uml-stable", "uml-mainline": "uml-mainline"}.get(setting.kernel, "qemu")
        needs = [image] + (["openssl"] if "--openssl-tests" in setting.options else [])
        options = [option.replace("scripts/", f"{TREE}/scripts/") if option.startswith("--with") else option
                   for option in setting.options]
        command = [*(["env", *setting.variables] if setting.variables else []), f"{LAB}/run",
                   *(["--env", "COF_SOAK=1"] if soak else []), "--kernel", setting.kernel, "--timeout",
                   str(int(limit)), *options, setting.topology,
                   *(f"{node}={command_line(script)}" for node, script in machine.scripts())]
        self.tests.append(Test(machine.name, command, machine.seconds, needs, setting.alone, machine))


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def command_line(script):
    """Of a script with NAME=VALUE words before it: its path instead of its name."""
    words = script.split()
    number = next(number for number, word in enumerate(words) if "=" not in word)
    return " ".join([*words[:number], f"{TESTS}/{words[number]}", *words[number + 1:]])


# ---- how they are run ------------------------------------------------------------------------------

NESTED_FAULT, ATTEMPTS = 95, 2
# More make tests late that measure time.
WORKERS = 2
OK = re.compile(r"(?:^|\| )ok .*")
NOT_OK = re.compile(r"(?:^|\| )not ok [0-9]")
SCRIPT = re.compile(rf"\| # exec env (.*): status \d+, (\d+) s$")


class Builder(threading.Thread):
    """Makes what takes long to build while the first tests run: what most wait for first."""

    ORDER = ("qemu", "openssl", "uml-stable", "uml-mainline")

    def __init__(self, check, needs):
        super().__init__(daemon=True)
        self.check, self.names = check, [name for name in self.ORDER if name in needs]

    def run(self):
        with open(f"{self.check.logs}/prepare.log", "wb") as log:
            for name in self.names:
                child = self.check.spawn(["nice", "-n", "19", f"{LAB}/prepare", name], log)
                try:
                    # A session of its own has a share of its own, which nice does not change (autogroup).
                    with open(f"/proc/{child.pid}/autogroup", "w", encoding="ascii") as file:
                        file.write("19")
                except OSError:
                    pass
                child.wait()
                # If it failed, the tests that need it say why.
                with self.check.changed:
                    self.check.ready.add(name)
                    self.check.changed.notify_all()


class Times:
    """What each script took last on each kernel: a file in the cache. Without it the work is less even."""

    def __init__(self, path):
        self.path, self.known = path, {}
        try:
            with open(path, encoding="utf-8") as file:
                self.known = json.load(file)
        except (OSError, ValueError):
            pass

    def learn(self, test, timed):
        """timed: (seconds, words of a script)"""
        if not test.machine:
            return
        tasks = test.machine.tasks
        if len(tasks) == 1:
            timed = [(max(1, test.took - heads.BOOT), tasks[0].words())]
        self.known.update({f"{test.machine.setting.kernel} {words}": round(seconds) for seconds, words in timed})

    def save(self):
        with open(f"{self.path}.new", "w", encoding="utf-8") as file:
            json.dump(self.known, file, indent=1, sort_keys=True)
        os.rename(f"{self.path}.new", self.path)


class Check:
    def __init__(self, tests, logs, times):
        self.tests, self.logs, self.times = tests, logs, times
        self.begin = time.monotonic()
        self.changed = threading.Condition()
        self.ready = set()          # of what is built beside the tests
        self.children = set()
        self.scripts = []           # (seconds, what)

    def spawn(self, command, log):
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                 start_new_session=True)
        self.children.add(child)
        return child

    def end_children(self):
        for child in list(self.children):
            if child.poll() is None:
                try:
                    os.killpg(child.pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass

    def seconds(self):
        return int(time.monotonic() - self.begin)

    def run_all(self):
        Builder(self, set().union(*(test.needs for test in self.tests))).start()
        # The longest first, so that none is left over at the end.
        waiting = sorted((test for test in self.tests if not test.alone), key=lambda test: -test.seconds)
        workers = [threading.Thread(target=self.work, args=(waiting,), daemon=True) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.work(sorted((test for test in self.tests if test.alone), key=lambda test: -test.seconds))

    def work(self, waiting):
        """Run tests until none is left: the first one that has what it needs."""
        while True:
            with self.changed:
                while True:
                    test = next((test for test in waiting if test.needs <= self.ready), None)
                    if test or not waiting:
                        break
                    self.changed.wait()
                if not test:
                    return
                waiting.remove(test)
            self.run(test)

    def run(self, test):
        begin = time.monotonic()
        path = f"{self.logs}/{test.name}.log"
        for attempt in range(1, ATTEMPTS + 1):
            with open(path, "wb") as log:
                status = self.spawn(test.command, log).wait()
            if status != NESTED_FAULT or attempt == ATTEMPTS:
                break
            test.repeated = True
            shutil.move(path, f"{self.logs}/{test.name}.failed-{attempt}.log")
            self.say(f"== {test.name}: a nested machine failed; once more "
                     f"({self.logs}/{test.name}.failed-{attempt}.log)")
        test.took = time.monotonic() - begin
        with open(path, encoding="utf-8", errors="replace") as log:
            self.judge(test, status, log.read().split("\n"))

    def judge(self, test, status, lines):
        found = [OK.search(line) for line in lines]
        test.skipped = sum(1 for ok in found if ok and "# SKIP" in ok.group())
        test.passed = sum(1 for ok in found if ok and re.search(r"ok [0-9]", ok.group())) - test.skipped
        test.failed = sum(1 for line in lines if NOT_OK.search(line))
        # A crash, a kernel warning or silence is a failure, too.
        if status and not test.failed or not test.passed + test.failed + test.skipped:
            test.failed += 1
        text = []
        if test.failed:
            for number, line in enumerate(lines):
                if NOT_OK.search(line):
                    text += lines[max(0, number - 3):number + 1]
            text += [f"-- the last lines of {self.logs}/{test.name}.log (status {status}):", *lines[-40:]]
        with open(f"{self.logs}/{test.name}.result", "w", encoding="ascii") as file:
            file.write(f"{test.name} {test.passed} {test.failed} {test.skipped} {test.took:.0f}\n")
        timed = [SCRIPT.search(line) for line in lines]
        timed = [(float(found.group(2)), found.group(1).replace(f"{TESTS}/", "").replace("bash ", ""))
                 for found in timed if found]
        self.scripts += [(seconds, f"{test.name}: {words}") for seconds, words in timed] or [(test.took, test.name)]
        if not test.failed:
            self.times.learn(test, timed)
        self.say("\n".join([*text, f"== {test.name}: {test.passed} ok, {test.failed} not ok, "
                            f"{test.took:.0f} s (at {self.seconds()} s)"]))

    def say(self, text):
        """In one write: two workers talk."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def summary(self):
        print("\nthe slowest:")
        for seconds, what in sorted(self.scripts, reverse=True)[:10]:
            print(f"{seconds:6.0f} s  {what}")
        repeated = [test.name for test in self.tests if test.repeated]
        print(f"check: repeated, a nested machine failed: {' '.join(repeated)}" if repeated else
              "check: no test was repeated")
        print(f"check: {self.seconds()} s; logs in {self.logs}")
        failures = [test.name for test in self.tests if test.failed]
        if failures:
            print(f"check: failed: {' '.join(failures)}")
        passed, failed, skipped = (sum(getattr(test, what) for test in self.tests)
                                   for what in ("passed", "failed", "skipped"))
        print(f"{passed} passed, {failed} failed, {skipped} skipped")
        return 0 if passed and not failed and not skipped else 1


def become_root(cache):
    if os.geteuid() == 0:
        return
    if not shutil.which("sudo"):
        sys.exit("check: root is needed: become root, or install sudo")
    os.execvp("sudo", ["sudo", "env", f"COF_LAB_CACHE={cache}", f"{TREE}/scripts/check", *sys.argv[1:]])


def arguments():
    parser = argparse.ArgumentParser(prog="check", add_help=False, usage="see scripts/check --help")
    parser.add_argument("-h", "--help", action="store_true")
    lengths = parser.add_mutually_exclusive_group()
    for length in ("quick", "soak"):
        lengths.add_argument(f"--{length}", dest="length", action="store_const", const=length, default="default")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--logs")
    args = parser.parse_args()
    if args.help:
        print(HELP, end="")
        sys.exit(0)
    return args


def main():
    args = arguments()
    home = os.environ.get("HOME", "/root")
    cache = os.environ.setdefault("COF_LAB_CACHE", "{}/cof-lab".format(
        os.environ.get("XDG_CACHE_HOME", f"{home}/.cache")))
    times = Times(f"{cache}/log/check-times.json")
    tests = Plan(args.length, args.only, times.known).tests
    if args.list:
        for test in tests:
            runs = " ".join(f"{node}='{script}'" for node, script in test.machine.scripts()) if test.machine else ""
            print(f"{test.name:<24} {runs}{' (alone)' if test.alone else ''}".rstrip())
        return 0
    if not tests:
        sys.exit("check: no test has such a name; see scripts/check --list")
    become_root(cache)
    logs = os.path.abspath(args.logs or f"{cache}/log/check")
    os.makedirs(logs, exist_ok=True)
    lock = open(f"{logs}/lock", "w", encoding="ascii")
    fcntl.flock(lock, fcntl.LOCK_EX)
    for name in os.listdir(logs):
        if name.endswith((".log", ".result")):
            os.unlink(f"{logs}/{name}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(143))
    check = Check(tests, logs, times)
    try:
        if subprocess.run([f"{LAB}/prepare", "fast"], check=False).returncode:
            return 97
        check.run_all()
        times.save()
        return check.summary()
    except KeyboardInterrupt:
        return 130
    finally:
        check.end_children()


if __name__ == "__main__":
    sys.exit(main())
