#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Keys that come with their operation, on an accelerator that takes its time to prepare a key.

asym_sim's key_us is how long. Meanwhile others are served, also on the same connection, and whoever
loses interest gets one answer. Hosts are proto.py's, made by hand; pool 'pkeys', port 4497.
Speaks TAP.
"""
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cof  # noqa: E402
import keys  # noqa: E402
import tap  # noqa: E402
import target  # noqa: E402
from cof import (ABORT, ABORTED, Association, Closed, DRAINING, FEAT_ABORT, HOST_DENIED,
                 INLINE_KEY, NO_KEY_ROOM, OK, QUERY, SIGN, UNKNOWN_HANDLE, inline, message)
from tap import check, eventually, same  # noqa: E402
from target import CONFIG, write  # noqa: E402

cof.PORT = 4497
POOL = "pools/pkeys"
HOSTS = ("pkeys1", "pkeys2")
SLOW = 0.6      # seconds for a key; an emulated machine does nothing for a tenth at times
SOON = 0.4
DIGEST = hashlib.sha256(b"inline").digest()


def param(name, value):
    with open(f"/sys/module/asym_sim/parameters/{name}", "w", encoding="ascii") as file:
        file.write(str(value))


def stat(name):
    return target.stat(name, "pkeys")


def setup():
    subprocess.run(["modprobe", "-a", "cof_target", "asym_sim"], check=True)
    os.mkdir(f"{CONFIG}/{POOL}")
    write(f"{POOL}/drivers", "sim-rsa")
    write(f"{POOL}/algorithms", "rsa")
    write(f"{POOL}/enable", 1)
    for host in HOSTS:
        os.mkdir(f"{CONFIG}/hosts/{host}")
        os.symlink(f"{CONFIG}/hosts/{host}", f"{CONFIG}/{POOL}/allowed_hosts/{host}")
    target.port(97, "pkeys")


def teardown():
    os.unlink(f"{CONFIG}/ports/97/pools/pkeys")
    os.rmdir(f"{CONFIG}/ports/97")
    for host in HOSTS:
        os.unlink(f"{CONFIG}/{POOL}/allowed_hosts/{host}")
    os.rmdir(f"{CONFIG}/{POOL}")
    for host in HOSTS:
        os.rmdir(f"{CONFIG}/hosts/{host}")
    check(eventually(lambda: not subprocess.run(["rmmod", "asym_sim"], check=False,
                                                capture_output=True).returncode, 10),
          "asym_sim can be unloaded")


def associate(host=HOSTS[0]):
    names = {"hostid": host.encode(), "pool": b"pkeys"}
    a = Association(io=False, features=INLINE_KEY | FEAT_ABORT, **names)
    assert a.rsp.status == OK, a.rsp.status
    a.io, reply = a.connect_io(1, **names)
    assert reply.status == OK, reply.status
    return a


def with_key(key, tag):
    return message(SIGN, *inline(SIGN, key.private, DIGEST), tag=tag)


def ask(opcode, tag):
    return message(opcode, struct.pack("<Q", tag), tag=tag + 1000)


class Watch:
    """The time since it was made."""

    def __init__(self):
        self.start = time.monotonic()

    def soon(self, text):
        took = time.monotonic() - self.start
        check(took < SOON, f"{text}: after {took:.2f} s")

    def late(self, text, keys=1):
        took = time.monotonic() - self.start
        check(took >= (keys - 0.5) * SLOW, f"{text}: after {took:.2f} s")


def test_others_are_served(key):
    a, other = associate(), associate(HOSTS[1])
    param("key_us", 0)
    _, mine = a.open(key.private)
    _, theirs = other.open(key.private)
    wanted = key.sign("sha256", DIGEST)
    param("key_us", int(SLOW * 1e6))
    watch = Watch()
    a.io.send(with_key(key, 7) + ask(QUERY, 7))
    reply = a.io.receive()
    same((reply.opcode, reply.status), (QUERY, OK), "a key is being prepared: its operation is there")
    a.io.tag = 100
    same(a.op(SIGN, mine, DIGEST).data, wanted, "... an operation behind it, with a handle, is done")
    same(other.op(SIGN, theirs, DIGEST).data, wanted, "... another host's, too")
    watch.soon("... before the key is prepared")
    reply = a.io.receive()
    same((reply.tag, reply.status, reply.data), (7, OK, wanted), "... then it is done")
    watch.late("... when the key was prepared")
    same(stat("keys"), 2, "it is no open key")
    a.close()
    other.close()


def test_abort(key):
    a = associate()
    watch = Watch()
    a.io.send(with_key(key, 1) + with_key(key, 2) + with_key(key, 3))
    time.sleep(SLOW / 4)
    a.io.send(ask(ABORT, 2) + ask(QUERY, 2))
    got = [a.io.receive() for _ in range(3)]
    same([(reply.tag, reply.status) for reply in got], [(2, ABORTED), (1002, OK), (1002, UNKNOWN_HANDLE)],
         "ABORT of one whose key waits behind another's: ABORTED")
    watch.soon("... at once")
    a.io.send(ask(ABORT, 1) + ask(QUERY, 1))
    got = [a.io.receive() for _ in range(2)]
    same([(reply.tag, reply.status) for reply in got], [(1001, OK), (1001, OK)],
         "ABORT of one whose key is being prepared: found, and still there")
    watch.soon("... at once")
    reply = a.io.receive()
    same((reply.tag, reply.status), (1, ABORTED), "... ABORTED")
    watch.late("... when the key is prepared")
    reply = a.io.receive()
    same((reply.tag, reply.status), (3, OK), "the next is done")
    watch.late("... when its key is prepared", 2)
    a.close()


def test_quota(key):
    a = associate()
    quota = f"{CONFIG}/{POOL}/quotas/{HOSTS[0]}"
    os.mkdir(quota)
    write(f"{POOL}/quotas/{HOSTS[0]}/max_keys", 1)
    same([a.open(key.private)[0] for _ in range(2)], [OK, NO_KEY_ROOM], "max_keys 1: one key can be opened")
    a.io.send(with_key(key, 1))
    same(a.io.receive().status, OK, "... and operations can bring theirs")
    param("key_us", 0)
    write(f"{POOL}/quotas/{HOSTS[0]}/ops_per_sec", 4)
    watch = Watch()
    a.io.send(b"".join(with_key(key, tag) for tag in range(4)))
    same([a.io.receive().status for _ in range(4)], [OK] * 4, "ops_per_sec 4: four operations with their keys")
    took = time.monotonic() - watch.start
    check(0.6 < took < 3, f"... take three quarters of a second: {took:.2f} s")
    a.close()
    check(eventually(lambda: stat("associations") == 0), "the association goes")
    os.rmdir(quota)


def test_closing(key):
    """Whoever goes while keys are being prepared."""
    param("key_us", int(SLOW * 1e6))
    for what in ("the I/O connection", "the admin connection"):
        a = associate()
        a.io.send(b"".join(with_key(key, tag) for tag in range(4)))
        time.sleep(SLOW / 4)
        watch = Watch()
        (a.io if what == "the I/O connection" else a.admin).close()
        a.close()
        check(eventually(lambda: stat("associations") == 0), f"{what} is closed: the association ends")
        watch.soon("... at once")
    for what, begin, end, status in (
            ("the host is not allowed any more",
             lambda: os.unlink(f"{CONFIG}/{POOL}/allowed_hosts/{HOSTS[0]}"),
             lambda: os.symlink(f"{CONFIG}/hosts/{HOSTS[0]}", f"{CONFIG}/{POOL}/allowed_hosts/{HOSTS[0]}"),
             HOST_DENIED),
            ("the pool is disabled", lambda: write(f"{POOL}/enable", 0), lambda: write(f"{POOL}/enable", 1), DRAINING)):
        a = associate()
        done = []
        stop = threading.Event()

        def load(assoc=a):      # so that one is always being prepared
            tag = 0
            try:
                while not stop.is_set():
                    assoc.io.send(with_key(key, tag))
                    done.append(assoc.io.receive().status)
                    tag += 1
            except (Closed, OSError):
                pass
        thread = threading.Thread(target=load)
        thread.start()
        time.sleep(SLOW / 4)
        start = time.monotonic()
        begin()
        took = time.monotonic() - start
        check(a.admin.is_refused(status), f"{what}: DISCONNECT ({status})")
        stop.set()
        thread.join()
        a.close()
        check(took < 2 + 3 * SLOW, f"... within {took:.2f} s")
        check(all(value in (OK, ABORTED, cof.DISCONNECT) or value == status for value in done),
              f"... what was answered is done or ABORTED: {done}")
        end()
        param("key_us", 0)
        check(eventually(lambda: stat("associations") == 0 and stat("keys") == 0), "... nothing is left")
        b = associate()
        b.io.send(with_key(key, 1))
        same(b.io.receive().status, OK, "... and it serves again")
        b.close()
        param("key_us", int(SLOW * 1e6))
    param("key_us", 0)


def main():
    setup()
    with tempfile.TemporaryDirectory() as folder:
        key = keys.RsaKey(folder, 1024)
        for test in (test_others_are_served, test_abort, test_quota, test_closing):
            start = time.monotonic()
            try:
                test(key)
            except (Closed, OSError, AssertionError) as error:
                check(False, f"{test.__name__}: stopped: {type(error).__name__} {error}")
                print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"# {test.__name__}: {time.monotonic() - start:.1f} s", flush=True)
    param("key_us", 0)
    teardown()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
