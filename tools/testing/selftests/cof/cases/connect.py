# SPDX-License-Identifier: GPL-2.0-only
"""Connections: what CONNECT agrees on, who is refused and told why, and what is not waited for."""
import os
import subprocess
import threading
import time

from cases.malformed import open_connections, serves
from cases.pools import readdress
from cof import (ABORT, Association, BUSY, CLEAR_TEXT, CONNECT, CONNECT_RSP, Closed, Conn,
                 DISCONNECT, HOST_DENIED, IDENTIFY, IDENTIFY_RSP, INVALID, KEEP_ALIVE,
                 NOT_SUPPORTED, NO_ASSOCIATION, OK, TIMEOUT, UNKNOWN_HANDLE, UNKNOWN_POOL,
                 VERSION, connect_body, message)
from fabric import ADDRESS, INSECURE, TRANSPORT
from tap import check, eventually, log, same
from target import stat


def test_handshake():
    a = Association(queues=64, depth=1024)
    same((a.version, a.version_min, a.qid, a.features, a.kato_ms), (1, 1, 0, 0, 30000), "CONNECT: negotiated")
    check(1 <= a.queues <= 64 and 1 <= a.depth <= 1024, "CONNECT: queues and depth as asked, or fewer")
    check(a.cookie != bytes(16), "CONNECT: a cookie")
    b = Association(io=False)
    check(a.cookie != b.cookie and a.id != b.id, "CONNECT: each association has its own cookie")
    same(stat("associations"), 2, "two associations")
    b.close()
    check(eventually(lambda: stat("associations") == 1), "closing one ends it")
    info = IDENTIFY_RSP.unpack(a.admin.ask(IDENTIFY).body)
    check(info[0] in (2, 10) and info[1] == 15, "IDENTIFY: RSA, four operations, and perhaps ECDSA")
    same(info[9], 12 if info[0] & 8 else 0, "IDENTIFY: ECDSA signs and verifies, if there is any")
    same(info[8] & 0x18, 0x18 if info[0] & 8 else 0, "IDENTIFY: with P-256 and P-384")
    same(info[4:6], (512, 4096), "IDENTIFY: key sizes")
    check(info[6] >= 1 and info[7] == 4096, "IDENTIFY: max_keys, max_der")
    check(info[15].strip(b"\0"), f"IDENTIFY: driver {info[15].strip(bytes(1)).decode()}")
    same(a.admin.ask(KEEP_ALIVE).status, OK, "KEEP_ALIVE")
    same(a.admin.ask(0x3f).status, NOT_SUPPORTED, "an unknown opcode is answered NOT_SUPPORTED")
    same(a.io.ask(0x50).status, NOT_SUPPORTED, "so is a reserved one on an I/O queue")
    same(a.io.ask(ABORT, bytes(8)).status, UNKNOWN_HANDLE, "ABORT needs no feature")
    same(a.admin.ask(KEEP_ALIVE).status, OK, "the association lives on")
    a.admin.send(message(DISCONNECT, tag=0))
    check(a.io.is_closed() and a.admin.is_closed(), "DISCONNECT ends it, I/O queues too")
    a.close()
    # in pieces: the stream has no boundaries
    conn = Conn()
    for byte in message(CONNECT, connect_body()):
        conn.send(bytes([byte]))
    same(conn.receive().status, OK, "CONNECT byte by byte")
    conn.send(message(KEEP_ALIVE, tag=7) + message(KEEP_ALIVE, tag=8) + message(KEEP_ALIVE, tag=9)[:11])
    same([conn.receive().tag, conn.receive().tag], [7, 8], "several messages in a segment")
    conn.send(message(KEEP_ALIVE, tag=9)[11:])
    same(conn.receive().tag, 9, "one message in two segments")
    conn.close()


def refused(text, status, log_text=None, **change):
    global last_refusal
    last_refusal = time.monotonic()
    before = log(log_text) if log_text else 0
    conn = Conn()
    reply = conn.ask(CONNECT, connect_body(**change))
    same(reply.status, status, f"{text}: status {status}")
    conn.finish()
    check(reply.hlen == reply.length == 88 and conn.is_closed(), f"{text}: whole response, then closed")
    if log_text:
        same(log(log_text) - before, 1, f"{text}: one line in the log: '{log_text}'")
    conn.close()
    return reply


last_refusal = time.monotonic()     # or an earlier test's


def quiet():
    """The log's rate limit (10 lines in 5 s) must not hide what is looked for."""
    time.sleep(max(last_refusal + 5.2 - time.monotonic(), 0))


def test_connect_refusals():
    quiet()
    before = stat("refused_hosts")
    refused("unknown host", HOST_DENIED, "host nobody, pool ptest: refused: host not allowed", hostid=b"nobody")
    refused("host not in the pool", HOST_DENIED, "host pstranger, pool ptest: refused: host not allowed",
            hostid=b"pstranger")
    same(stat("refused_hosts") - before, 2, "refused_hosts counts them")
    refused("unknown pool", UNKNOWN_POOL, "pool nowhere: refused: no such pool", pool=b"nowhere")
    refused("pool on no port", UNKNOWN_POOL, "pool pother: refused: no such pool", pool=b"pother")
    reply = refused("version 2 to 9", VERSION, "refused: version mismatch: it speaks 2 to 9, this target 1",
                    version_min=2, version_max=9)
    same(CONNECT_RSP.unpack(reply.body)[:2], (1, 1), "version mismatch: the response says what the target speaks")
    for change in ({"version_min": 0}, {"qid": 65}, {"queues": 0}, {"queues": 65}, {"depth": 0},
                   {"depth": 1025}, {"max_msg": 8191}, {"max_msg": 65537}, {"kato_ms": 99},
                   {"kato_ms": 300001}, {"cookie": b"x" * 16}, {"hostid": b""}, {"hostid": b"a" * 64},
                   {"hostid": b"a\0b"}, {"hostid": b"../x"}, {"pool": b""}, {"pool": b"a\nb"}):
        refused(f"CONNECT with {change}", INVALID, **change)
    a = Association(io=False, queues=2)
    for text, status, change in (
            ("a wrong cookie", NO_ASSOCIATION, {"cookie": os.urandom(16)}),
            ("no cookie", NO_ASSOCIATION, {"cookie": bytes(16)}),
            ("another host id", NO_ASSOCIATION, {"hostid": b"pstranger"}),
            ("another pool", NO_ASSOCIATION, {"pool": b"pother"}),
            ("a queue id not granted", INVALID, {"qid": 3}),
            ("a depth", INVALID, {"depth": 8})):
        fields = {"qid": 1}
        fields.update(change)
        conn, reply = a.connect_io(**fields)
        conn.finish()
        check(reply.status == status and conn.is_closed(), f"I/O queue with {text}: status {status}")
        conn.close()
    first, reply = a.connect_io(1)
    same(reply.status, OK, "I/O queue 1")
    second, reply = a.connect_io(1)
    same(reply.status, BUSY, "I/O queue 1 again: BUSY")
    second.close()
    first.close()

    def again():
        conn, rsp = a.connect_io(1)
        conn.close()
        return rsp.status == OK
    check(eventually(again), "I/O queue 1 after it was closed")
    same(a.admin.ask(KEEP_ALIVE).status, OK, "the association lived through all that")
    a.close()


def test_clear_text():
    if INSECURE:
        try:
            clear_text(ADDRESS)
        finally:
            readdress(ADDRESS, INSECURE)
        return
    address = "198.51.100.1"    # this machine's, and not of 127.0.0.0/8
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    try:
        clear_text(address)
    finally:
        readdress(ADDRESS, INSECURE)
        subprocess.run(["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)


def clear_text(address):
    quiet()
    readdress(address, 0)
    text = "refused: clear text over the network"
    before = log(text)
    conn = Conn(address)
    same(conn.ask(CONNECT, connect_body()).status, CLEAR_TEXT, f"clear text from {address}: refused")
    check(conn.is_closed(), "clear text: closed")
    same(log(text) - before, 1, f"clear text: one line in the log: '{text}'")
    conn.close()
    readdress(address, 1)
    conn = Conn(address)
    same(conn.ask(CONNECT, connect_body()).status, OK, "insecure=1: taken")
    conn.close()
    check(log("host phost, pool ptest: association") and log("in clear text"), "insecure=1: the log says so")


def test_time_outs():
    silent, ended = Conn(), []
    begin = time.monotonic()

    def wait():     # while the others are tested
        ended.append((silent.is_refused(TIMEOUT), time.monotonic() - begin))
    thread = threading.Thread(target=wait)
    thread.start()
    a = Association(kato_ms=500)
    same(a.kato_ms, 500, "kato_ms as asked")
    start = time.monotonic()
    check(a.admin.is_closed() and a.io.is_closed(), "nothing said for kato_ms: the association ends")
    check(0.4 < time.monotonic() - start < 3, f"... after {time.monotonic() - start:.1f} s")
    a.close()
    a = Association(kato_ms=1500)       # emulated, a machine stands still for half a second at times
    for _ in range(6):
        time.sleep(0.4)
        assert a.admin.ask(KEEP_ALIVE).status == OK
    same(a.admin.ask(IDENTIFY).status, OK, "with KEEP_ALIVE it lives longer")
    a.close()
    for text, raw in (("a message that is none", b"x" * 32),
                      ("a refused CONNECT", message(CONNECT, connect_body(queues=0)))):
        conn = Conn()
        conn.send(raw)
        conn.receive()
        start = time.monotonic()
        check(conn.is_closed(patient=True) and 0.5 < time.monotonic() - start < 3,
              f"who does not go after {text}: closed after {time.monotonic() - start:.1f} s")
        conn.close()
    thread.join()
    timed_out, took = ended[0] if ended else (False, 0)
    check(timed_out, "no CONNECT: DISCONNECT (TIMEOUT)")
    check(4 < took < 9, f"... after {took:.1f} s")
    silent.close()


def test_idle(key):
    """Connections that say nothing, or never finish what they say."""
    whole = message(CONNECT, connect_body())
    conns = [Conn() for _ in range(30)]
    start = time.monotonic()
    # Of RDMA's receive buffers each is filled or ends a message: a part of CONNECT is a violation.
    say_nothing = TRANSPORT == "rdma"
    for i, conn in enumerate(conns):
        conn.send(b"" if say_nothing else whole[:i * 7])    # 0 to 203 of 208 bytes
    check(serves(key), f"beside {len(conns)} that never finish CONNECT, others are served")
    slow = Conn()
    try:
        for byte in whole:
            slow.send(bytes([byte]))
            time.sleep(0.1)
    except Closed:
        pass
    took = time.monotonic() - start
    check(slow.is_closed() and took < 9, f"CONNECT at 10 bytes a second: closed after {took:.1f} s")
    slow.close()
    same(sum(conn.is_refused(TIMEOUT) for conn in conns), len(conns),
         "who never finishes CONNECT: DISCONNECT (TIMEOUT), closed")
    check(eventually(lambda: open_connections() == 0), "no connection is left")
    for conn in conns:
        conn.close()
