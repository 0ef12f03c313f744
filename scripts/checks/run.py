# SPDX-License-Identifier: GPL-2.0-only
"""Run the tests of this tree, in one of three lengths (scripts/check --help)."""

import argparse
import collections
import fnmatch
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
LAB = f"{TREE}/scripts/lab"
TESTS = f"{TREE}/tools/testing/selftests"

HELP = """\
scripts/check [--quick | --soak] [--only PATTERN]... [--list] [--logs DIR]

Runs tests, two at a time, and those that measure time alone at the end. What a test needs (root file
system, kernels, QEMU, modules) is made or found in the cache. Warm, on two cores:

  --quick         static checks, unit tests, and one pass of the tests of behaviour in a user-mode
                  kernel with KASAN, UBSAN and lockdep: about five minutes
  (no option)     each test of behaviour once on one of Debian's kernels and once with sanitizers; on
                  the other of Debian's kernels what exercises include/compat/: about 45 minutes
  --soak          every test on both kernels, over both transports, and with both kernels'
                  sanitizers, each with its full counts: many hours

  --only PATTERN  only tests whose name matches the shell pattern, for example 'chain-*'
  --list          the tests of that length, and what each runs
  --logs DIR      keep each test's whole output there (default: a folder in the cache)

A test in which a nested machine failed (status 95, scripts/lab/README.rst) is run once more, and the
last lines say so; no other test is ever repeated. They also name the ten slowest tests: scripts,
where a machine runs several.

Exit status: 0 only if every test passed and none was skipped.
"""

# ---- which tests there are -------------------------------------------------------------------------


class Test:
    """A command; seconds is what it is known to take, by which tests are ordered."""

    def __init__(self, name, command, seconds, needs=(), alone=False, runs=""):
        self.name, self.command, self.seconds = name, command, seconds
        self.needs, self.alone, self.runs = set(needs), alone, runs
        self.passed = self.failed = self.skipped = 0
        self.took, self.repeated = 0.0, False


# What calls each of the helpers in include/compat/, and whom a kernel trusts.
COMPAT = "asym/rsa.sh asym/ecdsa.sh asym/ecdsa_device.sh virtio/cbc_aes.py vdpa/unit.sh"
# The last tests of a machine, in this order: it loads no module after the second one.
LAST = ["asym/rmmod.sh", "asym/trust.sh"]

# In the topology loop, over TCP, on one of Debian's kernels and on the other.
LOOP_STABLE = ("asym/inflight.sh asym/ready.sh cof/config_errors.sh virtio/silent.sh virtio/tampered.py "
               "virtio/doorbell.sh asym/wrong_device.sh")
LOOP_MAINLINE = ("virtio/sessions.sh cof/hostile_peer.sh vdpa/hostile.py vdpa/fuzz.sh cof/short_results.sh "
                 "vdpa/limits.py+waiting")
COF_TCP = "cof/paths.sh cof/scope.sh cof/inline.sh cof/silent.sh cof/fuzz.sh"
# And over RDMA, on soft-RoCE
COF_RDMA = "cof/lossy.sh cof/drain.sh cof/throttled.sh cof/fault.sh"
TIMED = "cof/quota.sh cof/hung.sh cof/fairness.sh vdpa/limits.py vdpa/limits.py+neighbours"
TLS = "tls/openssl_suite.sh tls/tls.sh tls/openssl_cli.sh tls/nginx_load.sh tls/lkcf_sanitize.sh"
GUEST = ("virtio/matrix.sh virtio/tampered.py asym/rsa.sh virtio/cbc_aes.py virtio/large_key.sh "
         "virtio/come_and_go.sh virtio/leak.sh")

# With sanitizers, and smaller numbers where each round is like the one before. Not what asks whom a machine believes,
# or is about notifications and the tool vdpa-crypto-device: sanitizers see nothing new there.
UML_LOOP = ("asym/rsa.sh asym/inflight.sh asym/ready.sh asym/ecdsa_device.sh virtio/sessions.sh "
            "virtio/cbc_aes.py virtio/silent.sh vdpa/hostile.py vdpa/fuzz.sh asym/wrong_device.sh "
            "cof/short_results.sh CYCLES=1+asym/rmmod.sh")
UML_PEERS = "cof/config_errors.sh COUNT=300+cof/hostile_peer.sh"
UML_COF = ("cof/paths.sh cof/scope.sh COUNT=8+cof/inline.sh COUNT=10+cof/lossy.sh cof/silent.sh SECS=1+cof/fault.sh "
           "COUNT=300+cof/fuzz.sh")
UML_RDMA = "cof/drain.sh cof/rdma_bridge.sh"
UML_GONE = "TIMES=1+cof/rdma_gone.sh"
# Half a minute for each load of a module goes into KUnit suites, and half of the rest into kmemleak: both
# have tests of their own.
LEAN = ["--append", "kunit.enable=0 kmemleak=off"]

# One pass of behaviour with sanitizers, as long as the static checks take
QUICK_LOOP = ("asym/rsa.sh asym/inflight.sh asym/ecdsa_device.sh virtio/sessions.sh virtio/cbc_aes.py "
              "vdpa/hostile.py")
QUICK_COF = "cof/paths.sh cof/scope.sh cof/drain.sh COUNT=10+cof/lossy.sh"

# What only --soak has of these machines: long by way of a bridge, or for its numbers.
SOAK_RDMA = ("cof/paths.sh cof/inline.sh cof/silent.sh cof/config_errors.sh asym/wrong_device.sh asym/rmmod.sh "
             "cof/rdma_bridge.sh cof/hostile_peer.sh cof/rdma_hostile.sh cof/fuzz.sh cof/quota.sh "
             "cof/fairness.sh")
OTHER = {"stable": "mainline", "mainline": "stable"}


def merge(*lists):
    """The scripts of several lists, each once, with those of LAST at the end."""
    return " ".join(sorted(dict.fromkeys(" ".join(lists).split()),
                           key=lambda script: LAST.index(script) if script in LAST else -1))


def command_line(script):
    """Of a script in such a list, where '+' is a blank: NAME=VALUE words, the script, its arguments."""
    words = script.split("+")
    number = next(number for number, word in enumerate(words) if "=" not in word)
    return " ".join([*words[:number], f"{TESTS}/{words[number]}", *words[number + 1:]])


class Plan:
    """The tests of one length."""

    def __init__(self, length):
        self.length, self.soak = length, length == "soak"
        self.tests = []
        if length == "quick":
            self.quick()
        else:
            self.outside()
            self.debian()
            self.timed()
            self.sanitizers()

    def add(self, name, command, seconds, **more):
        self.tests.append(Test(name, command, seconds, **more))

    def machines(self, name, seconds, topology, scripts, *options, kernel="stable", needs=(), alone=False,
                 env=()):
        """A test in the lab's machines: scripts of the first node, or a dict of those of each node."""
        if isinstance(scripts, str):
            scripts = {{"loop": "vm", "guest": "guest"}[topology]: scripts}
        nodes = [f"{node}={command_line(script)}"
                 for node, names in scripts.items() for script in names.split()]
        limit = 36000 if self.soak else max(300, 4 * seconds)
        command = [f"{LAB}/run", "--kernel", kernel, "--timeout", str(limit), *options, topology, *nodes]
        if self.soak:
            command[1:1] = ["--env", "COF_SOAK=1"]
        image = {"uml": "uml-stable", "uml-mainline": "uml-mainline"}.get(kernel, "qemu")
        self.add(name, [*env, *command], seconds, needs=[image, *needs], alone=alone,
                 runs=" ".join(f"{node}: {names}" for node, names in scripts.items()))

    def on(self, *kernels):
        """Those kernels; with --soak both."""
        return ("stable", "mainline") if self.soak else kernels

    def quick(self):
        self.add("static", [f"{TREE}/scripts/checks/static"], 200)
        self.machines("uml-unit", 90, "loop", "asym/kunit.sh asym/ecdsa_der.sh", "--append", "kmemleak=off",
                      "--no-setup", kernel="uml")
        self.machines("uml-loop", 200, "loop", QUICK_LOOP, *LEAN, kernel="uml")
        self.machines("uml-cof", 190, "loop", QUICK_COF, *LEAN, kernel="uml")

    def outside(self):
        checks = f"{TREE}/scripts/checks"
        self.add("static", [f"{checks}/static"], 200)
        self.add("provider", [f"{checks}/provider"], 50)
        self.add("drop-in", [f"{checks}/drop-in"], 60)
        self.add("wireshark", [f"{checks}/wireshark"], 55, needs=["qemu"])

    def debian(self):
        """Behaviour, on Debian's kernels."""
        own = {"stable": LOOP_STABLE, "mainline": LOOP_MAINLINE}
        # A device that fails may not fail the kernel's own tests of an algorithm: 6.12 would panic here.
        panic = ["--append", "cryptomgr.panic_on_fail=1"]
        for kernel in ("stable", "mainline"):
            scripts = merge(COMPAT, own[kernel], own[OTHER[kernel]] if self.soak else "", *LAST)
            self.machines(f"loop-{kernel}", 400, "loop", scripts, *panic, kernel=kernel)
        for kernel in self.on("stable"):
            self.machines(f"cof-{kernel}", 150, "loop", merge(COF_TCP, COF_RDMA if self.soak else ""),
                          kernel=kernel)
        for kernel in self.on("mainline"):
            self.machines(f"cof-rdma-{kernel}", 180, "loop", merge(COF_RDMA, SOAK_RDMA if self.soak else ""),
                          "--transport", "rdma", kernel=kernel)
            self.machines(f"rdma-gone-{kernel}", 100, "loop", "cof/rdma_gone.sh", "--transport", "mixed",
                          kernel=kernel)
            self.machines(f"queues-{kernel}", 25, "loop", "virtio/queues.sh", "--smp", "4", "--queues", "4",
                          kernel=kernel)
            self.machines(f"tls-ops-{kernel}", 100, "loop", "tls/lkcf_ops.sh", kernel=kernel)
        for kernel in self.on("stable"):
            self.machines(f"tls-{kernel}", 300, "loop", TLS, "--openssl-tests", kernel=kernel,
                          needs=["openssl"])
        pair = {"initiator": "run-pair-initiator.sh", "target": "run-pair-target.sh"}
        for kernel in self.on("stable"):
            self.machines(f"pair-rdma-{kernel}", 55, "pair", pair, "--transport", "rdma", kernel=kernel)
            self.machines(f"killed-{kernel}", 100, "chain",
                          {"host": "chain/killed-host.sh", "guest": "chain/killed-guest.sh",
                           "target": "chain/counters.sh"},
                          "--ram", "--env", "SIM_LATENCY_US=50000", kernel=kernel)
        if self.soak:
            for kernel in self.on():
                self.machines(f"pair-{kernel}", 50, "pair", pair, kernel=kernel)
        for kernel in self.on("stable"):
            # QEMU 10.0's emulated processors fall over a device that goes while another one looks at it
            # (iotlb_to_section: Assertion; or one sleeps for ever): unplugging is for one processor.
            self.machines(f"guest-{kernel}", 40, "guest", GUEST, "--env", "PLUGS=0", kernel=kernel)
            # QEMU resets it, and keeps its device's sessions.
            self.machines(f"reboot-{kernel}", 30, "guest", "virtio/reboot.sh", "--smp", "1", kernel=kernel,
                          env=["env", "COF_LAB_QEMU_ARGS=-action reboot=reset"])
            self.machines(f"suspend-{kernel}", 20, "guest", "virtio/suspend.sh", "--ram", kernel=kernel)
        for kernel in self.on("mainline"):
            self.machines(f"plug-{kernel}", 20, "guest", "virtio/come_and_go.sh", "--smp", "1", kernel=kernel)

    def timed(self):
        """What measures time, or how much of a machine others leave it: beside no other test."""
        for kernel in self.on("mainline"):
            self.machines(f"qos-{kernel}", 260, "loop", merge(TIMED, "cof/throttled.sh" if self.soak else ""),
                          kernel=kernel, alone=True)
            self.failover(f"failover-mixed-{kernel}", kernel, "--transport", "mixed")
            self.machines(f"chain-{kernel}", 135, "chain",
                          {"guest": "run-chain-guest.sh", "host": "run-chain-host.sh",
                           "target": "run-chain-target.sh"}, kernel=kernel, alone=True)
        for kernel in self.on("stable"):
            self.machines(f"lkcf-{kernel}", 40, "chain",
                          {"guest": "run-lkcf-guest.sh", "host": "run-lkcf-host.sh"}, "--device", "lkcf",
                          kernel=kernel, alone=True)
        if not self.soak:
            return
        for kernel in self.on():
            self.failover(f"failover-{kernel}", kernel)
            self.machines(f"tls-chain-{kernel}", 187, "chain",
                          {node: f"chain/tls-{node}.sh" for node in ("target", "host", "guest", "client")},
                          "--guest-smp", "2", "--with", f"{TREE}/scripts/bench.d/machines.py client",
                          kernel=kernel, alone=True)

    def failover(self, name, kernel, *options):
        scripts = {"initiator": "cof/failover.sh", "target1": "cof/failover-target.sh",
                   "target2": "cof/failover-target.sh"}
        self.machines(name, 115, "pair", scripts, *options, "--targets", "2", "--env",
                      "SIM_LATENCY_US=100000", kernel=kernel, alone=True)

    def sanitizers(self):
        """The same in user-mode kernels with KASAN and lockdep, which have no time for quotas. The one of 7.3
        takes twenty minutes of two processors to build: --soak has it."""
        for kernel in ("uml", "uml-mainline") if self.soak else ("uml",):
            loop, cof, rdma, gone = UML_LOOP, UML_COF, UML_RDMA, UML_GONE
            if self.soak:
                loop, cof, rdma, gone = (
                    merge(COMPAT, LOOP_STABLE, LOOP_MAINLINE, *LAST),
                    merge(COF_TCP, "cof/lossy.sh cof/drain.sh cof/fault.sh"),
                    merge(UML_RDMA, "cof/fault.sh cof/rdma_hostile.sh cof/fuzz.sh"),
                    "cof/rdma_gone.sh")
            self.machines(f"{kernel}-loop", 600, "loop", loop, *LEAN, kernel=kernel)
            if not self.soak:   # there these are among the others
                self.machines(f"{kernel}-peers", 240, "loop", UML_PEERS, *LEAN, kernel=kernel)
            self.machines(f"{kernel}-cof", 420, "loop", cof, *LEAN, kernel=kernel)
            self.machines(f"{kernel}-cof-rdma", 110, "loop", rdma, *LEAN, "--transport", "rdma", kernel=kernel)
            self.machines(f"{kernel}-rdma-gone", 110, "loop", gone, *LEAN, "--transport", "mixed",
                          kernel=kernel)
            self.machines(f"in-tree-{kernel}", 25, "loop", "vdpa/in_tree.sh", *LEAN, "--no-setup",
                          kernel=kernel)
            self.machines(f"{kernel}-unit", 90, "loop", "asym/kunit.sh asym/ecdsa_der.sh", "--append",
                          "kmemleak=off", "--no-setup", kernel=kernel)
        # With kmemleak, which 6.12 alone has.
        leak = ["--append", "kunit.enable=0"]
        self.machines("uml-leak", 30, "loop", "virtio/leak.sh", *leak, "--no-setup", kernel="uml")
        if self.soak:
            self.machines("uml-leak-hostile", 1200, "loop", "cof/rdma_hostile.sh vdpa/fuzz.sh", *leak,
                          "--transport", "rdma", kernel="uml")


# ---- how they are run ------------------------------------------------------------------------------

NESTED_FAULT, ATTEMPTS = 95, 2
OK = re.compile(r"(?:^|\| )ok .*")
NOT_OK = re.compile(r"(?:^|\| )not ok [0-9]")
SCRIPT = re.compile(rf"\| # .*?{re.escape(TESTS)}/(.*): status \d+, (\d+) s$")


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


class Check:
    def __init__(self, tests, logs):
        self.tests, self.logs = tests, logs
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
        workers = [threading.Thread(target=self.work, args=(waiting,), daemon=True) for _ in range(2)]
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
        timed = [(float(found.group(2)), f"{test.name}: {found.group(1)}") for found in timed if found]
        self.scripts += timed or [(test.took, test.name)]
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
    tests = Plan(args.length).tests
    double = [name for name, count in collections.Counter(test.name for test in tests).items() if count > 1]
    assert not double, double
    if args.only:
        tests = [test for test in tests if any(fnmatch.fnmatchcase(test.name, only) for only in args.only)]
    if args.list:
        for test in tests:
            print(f"{test.name:<24} {test.runs}{' (alone)' if test.alone else ''}".rstrip())
        return 0
    if not tests:
        sys.exit("check: no test has such a name; see scripts/check --list")
    home = os.environ.get("HOME", "/root")
    cache = os.environ.setdefault("COF_LAB_CACHE", "{}/cof-lab".format(
        os.environ.get("XDG_CACHE_HOME", f"{home}/.cache")))
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
    check = Check(tests, logs)
    try:
        if subprocess.run([f"{LAB}/prepare", "fast"], check=False).returncode:
            return 97
        check.run_all()
        return check.summary()
    except KeyboardInterrupt:
        return 130
    finally:
        check.end_children()


if __name__ == "__main__":
    sys.exit(main())
