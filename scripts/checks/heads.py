# SPDX-License-Identifier: GPL-2.0-only
"""Which machines of the lab the tests run in, as their heads say.

A test's head has, beside what it needs of a machine (tools/testing/selftests/lib/needs.sh), lines

  # check: CLAUSE[, CLAUSE]...    in the default check
  # quick: CLAUSE[, CLAUSE]...    with --quick
  # soak:  CLAUSE[, CLAUSE]...    with --soak, besides those of '# check:'

with CLAUSE = KERNEL[:TOPOLOGY][/TRANSPORT] [WORD]... KERNEL is stable or mainline, Debian's kernels, or uml, a
user-mode kernel with sanitizers. TOPOLOGY is one of those that the test needs, the first one by default.
A WORD is

  NAME=VALUE    a variable of the script
  alone         no other machine runs beside
  last          at the end of its machine, for it leaves that changed
  kmemleak      the user-mode kernel looks for memory that was lost
  --OPTION      of scripts/lab/run
  anything else an argument of the script

A CLAUSE that is a path says which script runs the test (scripts/checks/provider, chain/host.sh).
--soak runs every test on both of Debian's kernels, or on both user-mode kernels, without the variables of
SMALLER, and with COF_SOAK=1.
"""

import dataclasses
import glob
import os
import re
import sys

SMALLER = ("COUNT", "SECS", "CYCLES", "TIMES")
FAMILY = {"stable": ("stable", "mainline"), "mainline": ("stable", "mainline"),
          "uml": ("uml", "uml-mainline")}
# The node of a test that names others with "beside": the first one that is left.
NODES = {"loop": ["vm"], "guest": ["guest"], "pair": ["initiator"], "chain": ["guest", "host"]}
# What a machine takes before its first script, and a script that never ran here, seconds
BOOT, UNKNOWN = 20, {"stable": 25, "mainline": 25, "uml": 35, "uml-mainline": 35}
# A machine gets no more scripts than for so long, so that two can share the work evenly.
LONG = 420


@dataclasses.dataclass(frozen=True)
class Setting:
    """What tests have in common that can share a machine."""
    kernel: str
    topology: str
    transport: str
    options: tuple = ()         # of scripts/lab/run
    variables: tuple = ()       # of its environment
    alone: bool = False
    beside: tuple = ()          # (node, script)
    only: str = ""              # of a test that shares its machine with nobody


@dataclasses.dataclass(frozen=True)
class Task:
    """A script in a machine."""
    test: str                   # below tools/testing/selftests
    before: tuple = ()          # NAME=VALUE
    arguments: tuple = ()
    rank: int = 0               # when it has its turn

    def words(self):
        return " ".join([*self.before, self.test, *self.arguments])


class Head:
    """What a test's head says."""

    def __init__(self, path, test):
        self.test, self.needs, self.clauses = test, {}, {"check": [], "quick": [], "soak": []}
        with open(path, encoding="utf-8") as file:
            for line in file:
                if not line.startswith("#"):
                    break
                found = re.match(r"# (needs|check|quick|soak): *(.*)", line)
                if found:
                    self.add(found.group(1), re.split(r", *", found.group(2).strip()))

    def add(self, key, clauses):
        for clause in clauses:
            word, *rest = clause.split()
            if key == "needs":
                self.needs.setdefault(word, []).extend(rest)
            else:
                self.clauses[key].append([word, *rest])

    def options(self, transport, words):
        """Of scripts/lab/run, and variables of its environment."""
        lab = [word.replace("+", " ") for word in self.needs.get("lab", [])]
        options = [word for word in lab if word.startswith("--")]
        for need, option in (("targets", "targets"), ("processors", "smp"), ("queues", "queues")):
            options += [f"--{option}={number}" for number in self.needs.get(need, [])]
        options += ["--no-setup"] if "bare" in self.needs else []
        options += [f"--transport={transport}"] if transport != "tcp" else []
        options += [word for word in words if word.startswith("--")]
        return options, tuple(word for word in lab if re.match(r"[A-Z_]+=", word))

    def append(self, kernel, topology, words):
        """For the kernel's command line."""
        if not kernel.startswith("uml"):
            # A device that fails may not fail the kernel's own tests of an algorithm: 6.12 would panic here.
            return "cryptomgr.panic_on_fail=1" if topology == "loop" else ""
        # Half a minute for each load of a module goes into KUnit suites, and half of the rest into kmemleak.
        return " ".join((["kunit.enable=0"] if "kunit" not in self.needs else []) +
                        (["kmemleak=off"] if "kmemleak" not in words else []))

    def place(self, clause, soak):
        """Where a clause puts the test: (Setting, Task) for each kernel."""
        where, *words = clause
        found = re.fullmatch(r"(stable|mainline|uml)(?::([a-z]+))?(?:/(tcp|rdma|mixed))?", where)
        topologies = self.needs.get("topology", list(NODES))    # the loop, if it needs none
        if not found or (found.group(2) or topologies[0]) not in topologies:
            sys.exit(f"{self.test}: '{' '.join(clause)}' in its head names no machine that it needs")
        kernel, topology, transport = found.group(1), found.group(2) or topologies[0], found.group(3) or "tcp"
        options, variables = self.options(transport, words)
        before = [word for word in words if re.match(r"[A-Z_]+=", word)]
        if soak:
            before = [word for word in before if word.partition("=")[0] not in SMALLER]
        used = {"alone", "last", "kmemleak", *before, *options}
        arguments = tuple(word for word in words if word not in used and not re.match(r"[A-Z_]+=", word))
        rank = 2 if "disposable" in self.needs else 1 if "last" in words else 0
        for name in FAMILY[kernel] if soak else [kernel]:
            if name == "uml-mainline" and "kmemleak" in words:
                continue        # its kmemleak reports problems of UML's own
            append = self.append(name, topology, words)
            yield (Setting(name, topology, transport, tuple(options + ([f"--append={append}"] if append else [])),
                           variables, "alone" in words, tuple(self.needs.get("beside", [])),
                           self.test if self.needs.get("beside") else ""),
                   Task(self.test, tuple(before), arguments, rank))


class Machine:
    """Scripts that share a machine, or machines that run beside each other."""

    def __init__(self, setting):
        self.setting, self.tasks, self.seconds = setting, [], BOOT
        self.number = 0

    @property
    def name(self):
        """For logs: what is not usual about it is in it."""
        setting = self.setting
        stem = re.sub(r"\.\w+$|-?(guest|host)\.sh$", "", os.path.basename(setting.only)) or setting.topology
        words = [stem, setting.kernel, *([setting.transport] if setting.transport != "tcp" else [])]
        words += ["bare"] if "--no-setup" in setting.options else []
        words += ["timed"] if setting.alone and not setting.only else []
        for option in setting.options:
            if re.match(r"--(smp|queues|ram|openssl)", option) and not setting.only:
                words.append(option.lstrip("-").replace("=", ""))
        return "-".join(words) + (f"-{self.number}" if self.number else "")

    def node(self):
        taken = [word.partition("=")[0] for word in self.setting.beside]
        return next(node for node in NODES[self.setting.topology] if node not in taken)

    def scripts(self):
        """(node, words of a command line whose script is below tools/testing/selftests)"""
        others = [word.partition("=")[::2] for word in self.setting.beside]
        return ([(node, script.replace("+", " ")) for node, script in others] +
                [(self.node(), task.words()) for task in sorted(self.tasks, key=lambda task: task.rank)])


def all_heads(tests):
    paths = sorted(glob.glob(f"{tests}/*/*.sh") + glob.glob(f"{tests}/*/*.py"))
    return [Head(path, os.path.relpath(path, tests)) for path in paths]


def machines(tests, length, wanted, times):
    """The machines of a check.

    tests: the folder of the tests; length: check, quick or soak; wanted: a function of a test's name; times:
    what each took last, seconds, by "KERNEL SCRIPT"."""
    placed = {}
    for head in all_heads(tests):
        clauses = head.clauses["quick" if length == "quick" else "check"]
        if length == "soak":
            clauses = clauses + head.clauses["soak"]
        for clause in clauses:
            if clause[0].startswith("scripts/") or clause[0].endswith(".sh"):
                continue
            for setting, task in head.place(clause, length == "soak"):
                tasks = placed.setdefault(setting, [])
                if task not in tasks and wanted(task.test):
                    tasks.append(task)
    found = []
    for setting, tasks in placed.items():
        found += pack(setting, tasks, times, 10 ** 9 if setting.alone or length == "soak" else LONG)
    number_doubles(found)
    return found


def pack(setting, tasks, times, most):
    """Scripts on as few machines as take no longer than that, about equally long."""
    def cost(task):
        return times.get(f"{setting.kernel} {task.words()}", UNKNOWN[setting.kernel])
    total = sum(map(cost, tasks))
    count = min(len(tasks), max(1, -(-total // most)))
    packed = [Machine(setting) for _ in range(int(count))]
    # The tests that leave a machine changed are the last of one machine, all of them.
    for task in sorted(tasks, key=lambda task: (-bool(task.rank), -cost(task))):
        machine = packed[0] if task.rank else min(packed, key=lambda machine: machine.seconds)
        machine.tasks.append(task)
        machine.seconds += cost(task)
    return packed


def number_doubles(found):
    names = {}
    for machine in found:
        names.setdefault(machine.name, []).append(machine)
    for same in names.values():
        for number, machine in enumerate(same, 1):
            machine.number = number if len(same) > 1 else 0


def without_place(tests):
    """Tests that no check runs, and that do not run beside one that a check runs."""
    found = all_heads(tests)
    beside = {word.partition("=")[2].partition("+")[0] for head in found for word in head.needs.get("beside", [])}
    return [head.test for head in found
            if head.needs and head.test not in beside and not any(head.clauses.values())]


if __name__ == "__main__":
    lost = without_place(sys.argv[1])
    for length in ("quick", "check", "soak"):
        machines(sys.argv[1], length, lambda test: True, {})
    print("".join(f"{test}: no '# check:' or '# soak:' in its head\n" for test in lost), end="")
    sys.exit(bool(lost))
