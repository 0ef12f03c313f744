# SPDX-License-Identifier: GPL-2.0-only
"""The cache. An artifact is a folder <cache>/<name>-<key>, where the key is a hash of everything that goes in:
it is built beside its place and renamed into it, so it is complete when it exists. <cache>/<name>.lock is held
while one is built or removed. Who uses an artifact holds a shared lock on its .in-use file (for the life of
the process, and of the children that inherit it), and only what nobody uses is ever removed."""

import concurrent.futures
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import time

from base import CACHE, cause_of, die, need_space, say

PROGRESS_SECS = 15


def key_of(*words):
    """A key from words; a word that is a file counts with its content."""
    key = hashlib.sha256()
    for word in words:
        if os.path.isfile(word):
            with open(word, "rb") as file:
                key.update(file.read())
        else:
            key.update(f"{word}\n".encode())
    return key.hexdigest()[:12]


def lock(path, exclusive=True, wait=True, create=False):
    """A locked file descriptor that children inherit, or None."""
    try:
        fd = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o644)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(fd)
        return None
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
    path = f"{CACHE}/{name}.lock"
    held = lock(path, wait=False, create=True)
    if held is None:
        say(f"{name}: another run is building it, waiting")
        # Not by looking now and then: others wait in turn.
        with concurrent.futures.ThreadPoolExecutor() as waiter:
            waiting = waiter.submit(lock, path)
            while not concurrent.futures.wait([waiting], PROGRESS_SECS).done:
                say(f"{name}: {last_line(f'{CACHE}/log/{name}.log')}")
        held = waiting.result()
    os.set_inheritable(held, False)
    if not os.path.exists(f"{place}/.in-use"):
        for old in glob.glob(f"{CACHE}/{name}-*.tmp"):
            shutil.rmtree(old, ignore_errors=True)
        os.mkdir(f"{place}.tmp")
        with_progress(name, command(f"{place}.tmp", place))
        with open(f"{place}.tmp/.in-use", "wb"):
            pass
        shutil.rmtree(place, ignore_errors=True)    # a place that a failed build prepared
        os.rename(f"{place}.tmp", place)
    hold(place)
    remove_old(name, place)
    os.close(held)
    return place


def remove_old(name, keep):
    """Remove this artifact's other keys that nobody uses. A few are left where several people may work in
    several trees."""
    spare = {"mods": 6, "root": 1, "image": 1, "qemu": 1, "tools": 1, "initrd": 1}.get(name.split("-")[0], 0)
    for folder in sorted(glob.glob(f"{CACHE}/{name}-????????????"), key=os.path.getmtime, reverse=True):
        if folder == keep or os.path.islink(folder) or not os.path.exists(f"{folder}/.in-use"):
            continue
        spare -= 1
        if spare >= 0:
            continue
        held = lock(f"{folder}/.in-use", wait=False)
        if held is not None:
            # Out of sight first: what is half removed must not look complete.
            os.rename(folder, f"{folder}.tmp")
            shutil.rmtree(f"{folder}.tmp", ignore_errors=True)
            os.close(held)


def last_line(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return (file.read().splitlines() or [""])[-1][:90]
    except FileNotFoundError:
        return ""


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
                say(f"{name}: {seconds} s: {last_line(log)}")
    seconds = int(time.monotonic() - begin)
    if status:
        with open(log, encoding="utf-8", errors="replace") as file:
            print("\n".join(file.read().splitlines()[-25:]), file=sys.stderr, flush=True)
        die(f"{name} failed after {seconds} s (status {status}): {cause_of(log)}")
    say(f"{name}: done in {seconds} s")
