# SPDX-License-Identifier: GPL-2.0-only
"""TAP for the tests in Python, and what they look at: counters, files, the kernel's log.

A test's head says what it needs, as in shell (needs.sh), and its main() begins with need().
"""
import os
import subprocess
import sys
import time
import traceback

KEY_DIR = os.environ.get("KEY_DIR", "/run/lab/keys")
SOAK = os.environ.get("COF_SOAK") == "1"

nr = bad = 0


def need():
    """Where the lab has not set this machine up, needs.sh does, or skips; it runs the test again."""
    if "KSFT_READY" in os.environ or os.environ.get("TOPOLOGY") and not os.environ.get("NO_SETUP"):
        return
    needs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "needs.sh")
    os.execvp("sh", ["sh", needs, *sys.argv])


def check(fact, text):
    """One line of TAP. Returns @fact."""
    global nr, bad
    nr += 1
    bad += not fact
    print(f"{'ok' if fact else 'not ok'} {nr} {text}", flush=True)
    return fact


def same(actual, wanted, text):
    return check(actual == wanted, text if actual == wanted else f"{text}: {actual!r}, wanted {wanted!r}")


def note(text):
    for line in str(text).splitlines():
        print(f"# {line}", flush=True)


def ended_early():
    """In an exception handler: a test that does not come to its end has failed."""
    note(traceback.format_exc())
    check(False, "the test ended early")


def end():
    """The plan. Returns the exit status."""
    print(f"1..{nr}")
    return 1 if bad or not nr else 0


def eventually(fact, seconds=5):
    limit = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def counters(path):
    """A file of lines 'name value': its numbers."""
    lines = (line.split() for line in read(path).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit()}


def log(text):
    """How many lines of the kernel's log have this text."""
    lines = subprocess.run(["dmesg"], capture_output=True, check=True).stdout.decode(errors="replace")
    return sum(text in line for line in lines.splitlines())
