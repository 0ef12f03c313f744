# SPDX-License-Identifier: GPL-2.0-only
"""What in a kernel's log fails a test: a report of a mistake. As a program: those in its input (dmesg), with exit
status 1 if there are any. The lab looks at its machines' consoles (scripts/lab/runner/run.py), needs.sh at dmesg."""

import re
import sys

BAD = re.compile("|".join([
    r"WARNING:", r"\bBUG:", r"\bKASAN:", r"\bUBSAN:", r"\bKCSAN:", r"\bKFENCE:",
    r"\bOops\b", r"general protection fault", r"Kernel panic", r"Unable to handle kernel",
    r"possible circular locking", r"possible recursive locking", r"inconsistent lock state",
    r"possible deadlock", r"possible irq lock inversion", r"lock held when returning to user space",
    r"held lock freed", r"bad unlock balance", r"Invalid wait context", r"suspicious RCU",
    r"sleeping function called from invalid context", r"scheduling while atomic",
    r"INFO: task .* blocked", r"soft lockup", r"hard LOCKUP", r"rcu.*(self-)?detected stall",
    r"workqueue lockup", r"refcount_t:", r"list_(add|del) corruption", r"ODEBUG:",
    r"unreferenced object", r"new suspected memory leaks", r"DEBUG_LOCKS_WARN_ON",
    r"turning off the locking correctness validator", r"irq \d+: nobody cared",
    r"page allocation failure", r"Bad page state", r"alg: .*(test|vector) .*failed", r"Call Trace:",
]))
# Said by healthy kernels: notices about the machine or about modules being ours.
HARMLESS = re.compile("|".join([
    r"taint", r"module verification failed", r"Spectre", r"RETBleed", r"Speculative",
    r"unchecked MSR", r"loading out-of-tree module",
]))
# After these a kernel does not go on for long; there is no use in waiting for its script. A program's fault has "ip:".
FATAL = re.compile(r"Kernel panic|\bOops\b|general protection fault(?! ip:)|Unable to handle kernel")
# Between these kmemleak tells of what a kernel lost while it booted: no_leaks of tap.sh.
ASIDE = re.compile(r"lab: kmemleak begins\n.*?lab: kmemleak has begun\n", re.DOTALL)
NOT_OURS = re.compile(r"^.*new suspected memory leaks.*\n", re.MULTILINE)
END = re.compile(r"---\[ end trace|</TASK>")
LENGTH = 60     # lines of a report at most


def reports(text, allowed):
    """The reports in a log, each a list of lines, without those that a regex of allowed matches."""
    text = ASIDE.sub(lambda found: NOT_OURS.sub("", found.group(0)), text.replace("\r", ""))
    lines = text.split("\n")
    found = []
    number = 0
    while number < len(lines):
        if not BAD.search(lines[number]) or HARMLESS.search(lines[number]):
            number += 1
            continue
        report = report_at(lines, number)
        if not any(pattern.search(line) for line in report for pattern in allowed):
            found.append(lines[max(0, number - 2):number] + report)
        number += len(report)
    return found


def report_at(lines, start):
    """From the line that matched to the end of its trace, or that line alone if it has none."""
    window = lines[start:start + LENGTH]
    ends = [n for n, line in enumerate(window) if END.search(line)]
    traced = any("Call Trace" in line or "cut here" in line for line in window[:12])
    if ends and (traced or ends[0] < 12):
        last = ends[0]
        # A WARNING ends with both "</TASK>" and "end trace".
        for n in ends[1:]:
            if n - last <= 12 and not BAD.search("\n".join(window[last + 1:n])):
                last = n
        return window[:last + 1]
    if traced:
        return window
    return window[:1]


if __name__ == "__main__":
    FOUND = reports(sys.stdin.read(), [])
    print("".join(f"{line}\n" for report in FOUND for line in report), end="")
    sys.exit(bool(FOUND))
