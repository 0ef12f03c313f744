# SPDX-License-Identifier: GPL-2.0-only
"""What comes and goes: draining, places on a port, pool and port taken away under load."""
import os
import resource
import select
import struct
import threading
import time

from cases.malformed import open_connections, parameter
from cases.pools import teardown
from cof import (Association, BUSY, Closed, Conn, DRAINING, EVENT, HOST_DENIED, INVALID,
                 KEEP_ALIVE, OK, SIGN)
from fabric import TRANSPORT
from tap import check, eventually, same
from target import CONFIG, stat, write


def test_draining(key):
    """The pool goes: EVENT first, then what is in flight is answered, then DISCONNECT."""
    a = Association()
    _, handle = a.open(key.private)
    thread = threading.Thread(target=write, args=("pools/ptest/enable", 0))
    start = time.monotonic()
    thread.start()
    reply = a.admin.receive()
    same((reply.opcode, reply.tag, reply.length, reply.body), (EVENT, 0, 40, struct.pack("<II", 3, 0)),
         "pool disabled: EVENT (DRAINING)")
    same(a.op(SIGN, handle, bytes(32)).status, OK, "... operations are still taken")
    check(a.admin.is_refused(DRAINING), "... then DISCONNECT (DRAINING)")
    thread.join()
    took = time.monotonic() - start
    check(1.5 < took < 6, f"... after 2 s: {took:.2f} s")
    a.close()
    write("pools/ptest/enable", 1)
    a = Association()
    thread = threading.Thread(target=write, args=("ports/99/enable", 0))
    start = time.monotonic()
    thread.start()
    same(a.admin.receive().opcode, EVENT, "port disabled: EVENT")
    a.close()
    thread.join()
    took = time.monotonic() - start
    check(took < 1.5, f"... and whoever goes at once is not waited for: {took:.2f} s")
    write("ports/99/enable", 1)


ROOM_HOSTS = [f"proom{i}" for i in range(6)]


def room_hosts(make):
    for host in ROOM_HOSTS:
        if make:
            os.mkdir(f"{CONFIG}/hosts/{host}")
            os.symlink(f"{CONFIG}/hosts/{host}", f"{CONFIG}/pools/ptest/allowed_hosts/{host}")
        else:
            os.unlink(f"{CONFIG}/pools/ptest/allowed_hosts/{host}")
            os.rmdir(f"{CONFIG}/hosts/{host}")


def works(host, key):
    """A host connects, with an I/O queue, and computes; None: it is refused."""
    try:
        a = Association(io=False, queues=1, hostid=host.encode())
    except Closed:
        return None
    if a.rsp.status != OK:
        a.admin.close()
        return None
    try:
        a.io, reply = a.connect_io(1, hostid=host.encode())
    except Closed:
        a.close()
        return None
    if reply.status != OK:
        a.close()
        return None
    _, handle = a.open(key.private)
    assert a.op(SIGN, handle, bytes(32)).status == OK
    return a


def test_room(key):
    """Places on a port: of silent connections, of a host that wants all, of those that come last."""
    silent = 10000 if os.environ.get("COF_SOAK") and TRANSPORT == "tcp" else 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, silent + 1000), max(hard, silent + 1000)))
    check(eventually(lambda: open_connections() == 0), "no connection is left")
    # as it was seen: eight places, five connections of a host, three silent ones
    before = parameter("max_conns", 8)
    a = Association(io=False, queues=4)
    ios = [a.connect_io(qid) for qid in range(1, 5)]
    same([reply.status for _, reply in ios], [OK] * a.queues + [INVALID] * (4 - a.queues), "a host with its I/O queues")
    idle = [Conn() for _ in range(3)]
    b = None
    try:
        b = Association(io=False, queues=1)
    except Closed:
        pass
    check(b and b.rsp.status == OK, "max_conns=8, silent connections beside it: a new association is admitted")
    for conn in [a] + ([b] if b else []) + idle + [io for io, _ in ios]:
        conn.close()
    check(eventually(lambda: open_connections() == 0), "no connection is left")
    # one host wants everything; the others of hosts/ get in all the same
    room_hosts(True)
    hosts = len(os.listdir(f"{CONFIG}/hosts"))
    limit = 4 * hosts
    parameter("max_conns", limit)
    greedy, refusals = [], 0
    for _ in range(limit):
        try:
            a = Association(io=False, queues=2)
        except Closed:
            refusals += 1
            continue
        if a.rsp.status != OK:
            refusals += 1
            a.admin.close()
            continue
        greedy.append(a)
        for qid in range(1, a.queues + 1):
            greedy.append(a.connect_io(qid)[0])
    check(refusals > 0, f"a host that wants {3 * limit} of {limit} connections is refused some")
    conns = []
    for _ in range(silent):
        try:
            conns.append(Conn())
        except OSError:
            break
    same(len(conns), silent, f"{silent} silent connections beside that")
    admitted = [works(host, key) for host in ROOM_HOSTS[:-1]]
    check(all(admitted), "all hosts but the last are admitted")
    start = time.monotonic()
    last = works(ROOM_HOSTS[-1], key)
    took = time.monotonic() - start
    check(last, "the last host is admitted")
    patience = 1 if silent > 1000 else 5    # no test of speed in check
    check(took < patience, f"... within {took:.2f} s")
    for conn in conns + [a for a in admitted + [last] if a] + greedy:
        conn.close()
    check(eventually(lambda: open_connections() == 0, 30), "no connection is left")
    # associations that are not used make room for those that are
    old = parameter("max_host_assocs", 2)
    stale = [Association(io=False) for _ in range(2)]
    same(Association(io=False).rsp.status, BUSY, "a host with all its associations is refused")
    time.sleep(5.2)
    fresh = Association(io=False)
    same(fresh.rsp.status, OK, "... but not if one had no I/O queue for 5 s")
    check(stale[0].admin.is_refused(BUSY), "... which ends")
    same(stale[1].admin.ask(KEEP_ALIVE).status, OK, "... and the other does not")
    for a in stale + [fresh]:
        a.close()
    parameter("max_host_assocs", old)
    parameter("max_conns", before)
    check(eventually(lambda: stat("associations") == 0), "no association is left")
    room_hosts(False)


def test_teardown(key):
    """Administration under load: nothing hangs, nothing dangles."""
    def load(stop):
        while not stop.is_set():
            try:
                a = Association()
                if a.rsp.status == OK:
                    status, handle = a.open(key.private)
                    # Whoever is told to go goes.
                    while status == OK and not stop.is_set() and not select.select([a.admin.sock], [], [], 0)[0]:
                        status = a.op(SIGN, handle, bytes(32)).status
                a.close()
            except (Closed, OSError, AssertionError, struct.error):
                pass
            time.sleep(0.01)

    stop = threading.Event()
    threads = [threading.Thread(target=load, args=(stop,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    slowest = 0
    try:
        for i in range(30):
            time.sleep(0.1)
            start = time.monotonic()
            if i % 3 == 0:
                write("pools/ptest/enable", 0)
                write("pools/ptest/enable", 1)
            elif i % 3 == 1:
                write("ports/99/enable", 0)
                write("ports/99/enable", 1)
            else:
                os.unlink(f"{CONFIG}/pools/ptest/allowed_hosts/phost")
                os.symlink(f"{CONFIG}/hosts/phost", f"{CONFIG}/pools/ptest/allowed_hosts/phost")
            slowest = max(slowest, time.monotonic() - start)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    check(slowest < 5, f"pool, port and host taken away and given back under load, 30 times, at most {slowest:.2f} s")
    a = Association()
    _, handle = a.open(key.private)
    same(a.op(SIGN, handle, bytes(32)).status, OK, "works afterwards")
    os.unlink(f"{CONFIG}/pools/ptest/allowed_hosts/phost")
    check(a.admin.is_refused(HOST_DENIED), "a host that is not allowed any more: DISCONNECT (HOST_DENIED)")
    a.close()
    os.symlink(f"{CONFIG}/hosts/phost", f"{CONFIG}/pools/ptest/allowed_hosts/phost")
    a = Association()
    write("pools/ptest/enable", 0)
    check(a.admin.is_refused(DRAINING), "pool disabled: DISCONNECT (DRAINING)")
    a.close()
    write("pools/ptest/enable", 1)
    for path, what in (("hosts/phost", "a host that is linked"), ("pools/ptest", "a pool that is linked")):
        try:
            os.rmdir(f"{CONFIG}/{path}")
            check(False, f"rmdir of {what} is refused")
        except OSError as error:
            check(True, f"rmdir of {what} is refused: {error.strerror}")
    for path, value in (("pools/ptest/drivers", "rsa-generic"), ("pools/ptest/algorithms", "rsa"),
                        ("ports/99/traddr", "127.0.0.2"), ("ports/99/insecure", "1")):
        try:
            write(path, value)
            check(False, f"{path} while enabled: EBUSY")
        except OSError as error:
            same(error.errno, 16, f"{path} while enabled: EBUSY")
    a = Association()
    teardown()
    check(a.admin.is_closed(), "rmdir of all that is enabled and in use")
    a.close()
