# SPDX-License-Identifier: GPL-2.0-only
"""The cache. An artifact is a folder <cache>/<name>-<key>, where the key is a hash of everything that goes in. It is
built beside its place and renamed into it, so it is complete when it exists; <name>.lock is held meanwhile. Who uses
it holds a shared lock on its .in-use file, as do the children that inherit that; only what nobody uses is removed."""

import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from base import CACHE, cause_of, die, need_space, say

PROGRESS_SECS = 15


def key_of(*words):
    """A key from words; a word that is a file counts with its content."""
    key = hashlib.sha256()
    for word in words:
        key.update(Path(word).read_bytes() if os.path.isfile(word) else f"{word}\n".encode())
    return key.hexdigest()[:12]


def lock(path, exclusive=True, wait=True, create=False):
    """A locked file descriptor that children inherit, or None."""
    try:
        fd = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o644)
    except FileNotFoundError:
        return None
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            os.close(fd)
            return None
        say(f"waiting for another run, which holds {path}")
        fcntl.flock(fd, kind)
    os.set_inheritable(fd, True)
    return fd


def hold(folder):
    """Take it in use; false if it is not (or no longer) there."""
    fd = lock(f"{folder}/.in-use", exclusive=False)
    if fd is None or os.path.exists(f"{folder}/.in-use"):
        return fd is not None
    os.close(fd)
    return False


def ensure(name, key, space, command):
    """The artifact exists and we hold it in use. command(temporary, final) is the command line that fills the
    first folder, to be found at the second later. Returns the folder."""
    place = f"{CACHE}/{name}-{key}"
    if hold(place):
        return place
    need_space(space)
    held = lock(f"{CACHE}/{name}.lock", create=True)
    os.set_inheritable(held, False)
    if not os.path.exists(f"{place}/.in-use"):
        for old in glob.glob(f"{CACHE}/{name}-*.tmp"):
            shutil.rmtree(old, ignore_errors=True)
        os.mkdir(f"{place}.tmp")
        with_progress(name, command(f"{place}.tmp", place))
        Path(f"{place}.tmp/.in-use").touch()
        shutil.rmtree(place, ignore_errors=True)    # a place that a failed build prepared
        os.rename(f"{place}.tmp", place)
    hold(place)
    remove_old(name, place)
    os.close(held)
    return place


def remove_old(name, keep):
    """Remove this artifact's other keys. A few are left where several people may work in several trees."""
    spare = {"mods": 6, "root": 1, "image": 1, "qemu": 1, "tools": 1, "initrd": 1}.get(name.split("-")[0], 0)
    others = [folder for folder in glob.glob(f"{CACHE}/{name}-????????????")
              if folder != keep and not os.path.islink(folder) and os.path.exists(f"{folder}/.in-use")]
    remove_unused(sorted(others, key=os.path.getmtime, reverse=True)[spare:])


def remove_unused(folders):
    """Those that nobody holds."""
    for folder in folders:
        held = lock(f"{folder}/.in-use", wait=False)
        if held is not None:
            # Out of sight first: what is half removed must not look complete.
            os.rename(folder, f"{folder}.tmp")
            shutil.rmtree(f"{folder}.tmp", ignore_errors=True)
            os.close(held)


def last_lines(path, most):
    path = Path(path)
    return path.read_text(errors="replace").splitlines()[-most:] if path.exists() else []


def with_progress(name, command):
    """Run it with its output in the log, say every now and then how far it is, and why it failed if it did."""
    log = f"{CACHE}/log/{name}.log"
    os.makedirs(f"{CACHE}/log", exist_ok=True)
    say(f"{name}: building (log: {log})")
    begin, after = time.monotonic(), 5
    with open(log, "wb") as file:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, close_fds=False)
    while True:
        try:
            status = child.wait(0.5)
            break
        except subprocess.TimeoutExpired:
            seconds = int(time.monotonic() - begin)
            if seconds >= after:
                after = seconds + PROGRESS_SECS
                say(f"{name}: {seconds} s: {''.join(last_lines(log, 1))[:90]}")
    seconds = int(time.monotonic() - begin)
    if status:
        print("\n".join(last_lines(log, 25)), file=sys.stderr, flush=True)
        die(f"{name} failed after {seconds} s (status {status}): {cause_of(log)}")
    say(f"{name}: done in {seconds} s")
