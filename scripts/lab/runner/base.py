# SPDX-License-Identifier: GPL-2.0-only
"""What every command needs: where things are, how something is said, how it becomes root, and what
runs inside the lab's root file system, so that nothing depends on the outer distribution."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LAB = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TREE = os.path.dirname(os.path.dirname(LAB))
CACHE = os.environ.get("COF_LAB_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME") or "/root", ".cache"), "cof-lab")
os.environ["COF_LAB_CACHE"] = CACHE
SUITE = "trixie"
USAGE, LAB_FAILED = 64, 97      # exit statuses; all are in README.rst
CAUSES = {
    r"No space left on device": f"the disk is full: free some space in {CACHE} (set COF_LAB_CACHE to move it)",
    r"Temporary failure|Could not (resolve|connect)|Failed to fetch|is unreachable|Connection (timed out|refused)":
        "the Debian mirror cannot be reached: check the network (or http_proxy), then run it again",
    r"Operation not permitted|must be superuser|Permission denied":
        "this root may not mount or make name spaces: in a container, start it with --privileged",
    r"Killed|out of memory|Cannot allocate memory": "memory ran out: the lab wants 4 GB",
}


def say(text):
    print(f"{os.path.basename(sys.argv[0])}: {text}", file=sys.stderr, flush=True)


def die(text, status=LAB_FAILED):
    say(text)
    sys.exit(status)


def usage_error(text):
    say(text)
    die(f"see {os.path.basename(sys.argv[0])} --help", USAGE)


def become_root():
    """Run again under sudo unless we are root. The cache stays where the calling user keeps it."""
    if os.geteuid() == 0:
        return
    if not shutil.which("sudo"):
        die("root is needed (name spaces, mounts, apt-get): become root, or install sudo")
    keep = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("COF_LAB_")]
    os.execvp("sudo", ["sudo", "env", *keep, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def host_tool(tool, *packages):
    """Make sure that the outer machine has this command."""
    if shutil.which(tool):
        return
    if not shutil.which("apt-get"):
        die(f"{tool} is missing and there is no apt-get: Debian or Ubuntu is needed")
    say(f"installing {' '.join(packages)}")
    os.makedirs(f"{CACHE}/log", exist_ok=True)
    log = f"{CACHE}/log/host-apt.log"
    install = 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"'
    with open(log, "wb") as file:
        if subprocess.run(["sh", "-c", install, "sh", *packages], stdout=file, stderr=file, check=False).returncode:
            die(f"cannot install {' '.join(packages)}: {cause_of(log)}")


def cause_of(log):
    """The likely cause of a failure, and its cure, in one line."""
    text = Path(log).read_text(errors="replace")
    return next((cure for pattern, cure in CAUSES.items() if re.search(pattern, text)), f"see the whole of {log}")


def need_space(gigabytes):
    """Fail early when the cache's disk has less."""
    os.makedirs(CACHE, exist_ok=True)
    free = shutil.disk_usage(CACHE).free >> 30
    if free < gigabytes:
        die(f"{CACHE} has {free} GB left and this step wants {gigabytes}: free some, or set COF_LAB_CACHE")


def enter(root, command, binds=(), lower=(), cwd=TREE):
    """The command line that runs a command in a root file system, in name spaces that end with it. The tree, the
    cache and the folders of binds are where they are outside; lower are layers above the root."""
    arguments = [word for path in (CACHE, TREE, *binds) for word in ("--bind", path)]
    arguments += [word for path in lower for word in ("--lower", path)]
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "bash",
            f"{LAB}/lib/enter.sh", root, *arguments, "--cwd", cwd, "--", *command]


def call(command, **more):
    """Run it, holding what we hold as long as it lives. Who interrupts us interrupts it: it ends first."""
    with subprocess.Popen(command, close_fds=False, **more) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                pass
