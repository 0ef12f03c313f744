# SPDX-License-Identifier: GPL-2.0-only
"""Messages that break the rules, one by one, cut off, mutated, random, in floods, in tiny segments."""
import hashlib
import json
import os
import socket
import struct
import subprocess
import threading

from cof import (ABORT, Association, BUSY, CONNECT, Closed, Conn, DECRYPT, ENCRYPT, EVENT,
                 FEAT_ABORT, IDENTIFY, INLINE_KEY, INVALID, KEEP_ALIVE, KEY_CLOSE, KEY_OPEN, LOOP,
                 MAGIC, NONE, NOT_SUPPORTED, OK, PORT, QUERY, RAW, SIGN, UNKNOWN_HANDLE, VERIFY,
                 connect_body, inline, io_body, message)
from fabric import ADDRESS, TRANSPORT
from tap import check, eventually, same
from target import stat


def test_violations(key):
    """Each ends the association, and only that."""
    good = Association(kato_ms=300000)
    _, handle = good.open(key.private)
    body = io_body(SIGN, handle, bytes(32))
    new = [
        ("first message is not CONNECT", message(IDENTIFY)),
        ("bad magic", message(CONNECT, connect_body(), magic=0x30464F43)),
        ("length 0", message(CONNECT, connect_body(), length=0)),
        ("length 31", message(CONNECT, connect_body(), length=31)),
        ("longer than CONNECT", message(CONNECT, connect_body(), b"x")),
        ("length 4 GiB", message(CONNECT, connect_body(), length=2**32 - 1)),
        ("hlen 0", message(CONNECT, connect_body(), hlen=0)),
        ("hlen above length", message(CONNECT, connect_body(), hlen=209)),
        ("short CONNECT", message(CONNECT, connect_body()[:-1])),
        ("CONNECT with a response flag", message(CONNECT, connect_body(), flags=1)),
        ("CONNECT with an unknown flag", message(CONNECT, connect_body(), flags=2)),
        ("CONNECT with a status", message(CONNECT, connect_body(), status=1)),
        ("CONNECT with a CRC", message(CONNECT, connect_body(), hdr_crc=1)),
        ("reserved field in CONNECT", message(CONNECT, connect_body(rsvd=1))),
        ("unknown opcode first", message(0x7777)),
    ]
    for text, raw in new:
        conn = Conn()
        conn.send(raw)
        check(conn.is_refused(), f"not connected: {text}: DISCONNECT (PROTOCOL)")
        conn.close()
    conn = Conn()
    conn.send(message(CONNECT, connect_body()) + message(KEEP_ALIVE))
    check(conn.is_closed(), "a message behind CONNECT: closed")
    conn.close()
    admin = [
        ("CONNECT again", message(CONNECT, connect_body())),
        ("operation on the admin queue", message(SIGN, body, bytes(32))),
        ("bad magic", message(KEEP_ALIVE, magic=1)),
        ("longer than max_msg", message(KEY_OPEN, bytes(8), length=8193)),
        ("KEEP_ALIVE with data", message(KEEP_ALIVE, b"", b"x")),
        ("EVENT from the initiator", message(EVENT, bytes(8))),
        ("KEY_OPEN, der_len is not the data's", message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, 9), b"x" * 8)),
        ("KEY_OPEN, der_len 4 GiB", message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, 2**32 - 1), b"x" * 8)),
        ("KEY_OPEN, reserved field", message(KEY_OPEN, struct.pack("<BBBBI", 1, 1, 0, 7, 8), b"x" * 8)),
    ]
    if TRANSPORT == "tcp":      # in one segment; a bridge is slower than the answers
        admin.append(("17 requests at once", message(IDENTIFY) * 200))
    for text, raw in admin:
        a = Association()
        a.admin.send(raw)
        check(a.admin.is_closed() and a.io.is_closed(), f"admin: {text}: the association ends")
        a.close()
    io = [
        ("CONNECT again", message(CONNECT, connect_body())),
        ("KEEP_ALIVE on an I/O queue", message(KEEP_ALIVE)),
        ("bad magic", message(SIGN, body, bytes(32), magic=1)),
        ("src_len above the data", message(SIGN, body, bytes(31))),
        ("src_len below the data", message(SIGN, body, bytes(33))),
        ("lengths that wrap", message(SIGN, io_body(SIGN, handle, bytes(32), src_len=2**32 - 1, digest_len=33),
                                      bytes(32))),
        ("reserved bytes", message(SIGN, io_body(SIGN, handle, bytes(32), rsvd=b"\0x"), bytes(32))),
        ("response flag", message(SIGN, body, bytes(32), flags=1)),
        ("CRC not negotiated", message(SIGN, body, bytes(32), data_crc=5)),
    ]
    for text, raw in io:
        a = Association()
        a.io.send(raw)
        check(a.io.is_closed() and a.admin.is_closed(), f"I/O: {text}: the association ends")
        a.close()
    values = [("src_len 513", {"src": bytes(513)}), ("digest_len 65", {"opcode": VERIFY, "digest": bytes(65)}),
              ("digest with SIGN", {"digest": bytes(4)}), ("room 513", {"room": 513}),
              ("padding 2", {"padding": 2}), ("hash 1", {"hash": 1}), ("hash 10", {"hash": 10}),
              ("hops 0", {"hops": 0}), ("hops 17", {"hops": 17}), ("key_private 2", {"key_private": 2}),
              ("key_curve without a key", {"key_curve": 3}),
              ("handle 0 without a key", {"handle": 0})]
    for text, change in values:
        fields = {"opcode": SIGN, "handle": handle, "src": bytes(32)}
        fields.update(change)
        same(good.op(**fields).status, INVALID, f"value: {text}: INVALID, the connection stays")
    same(good.op(SIGN, handle, bytes(32), hops=2).status, LOOP, "value: hops 2: LOOP")
    same(good.op(SIGN, handle, bytes(32), algo=2).status, NOT_SUPPORTED, "value: algo 2: NOT_SUPPORTED")
    same(good.op(SIGN, handle, bytes(32)).status, OK, "the first association lived through all that")
    good.close()


def test_truncation(key):
    """Every message cut at every length, then closed: nothing is answered, nothing is left."""
    whole = message(CONNECT, connect_body())
    for cut in range(0, len(whole), 1 if len(whole) < 300 else 7):
        conn = Conn()
        conn.send(whole[:cut])
        conn.close()
    a = Association(io=False)
    raw = message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, len(key.private)), key.private)
    a.close()
    for cut in (0, 1, 31, 32, 33, 39, 40, 41, len(raw) // 2, len(raw) - 1):
        a = Association(io=False)
        a.admin.send(raw[:cut])
        a.close()
    check(eventually(lambda: stat("associations") == 0 and stat("keys") == 0), "cut messages leave nothing behind")


def mutate(rng, raw):
    raw = bytearray(raw)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        what = rng.randrange(5)
        at = rng.randrange(min(len(raw), 80 if rng.random() < .8 else len(raw)))
        if what == 0:
            raw[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            raw[at] = rng.randrange(256)
        elif what == 2:
            raw[at:at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\0\0\0\x80", b"\xff\xff\0\0"))
        elif what == 3:
            del raw[at:at + rng.randrange(1, 9)]
        else:
            raw[at:at] = rng.randbytes(rng.randrange(1, 9))
        if not raw:
            raw = bytearray(b"x")
    return bytes(raw)


def test_mutations(key, count, rng):
    witness = Association()
    _, mine = witness.open(key.private)
    digest = hashlib.sha256(b"x").digest()
    wanted = key.sign("sha256", digest)
    broken = served = 0
    a = None
    for i in range(count):
        if not a:
            a = Association(depth=64, features=FEAT_ABORT | INLINE_KEY)
            _, handle = a.open(key.private)
        kind = rng.randrange(4)
        try:
            if kind == 0:
                conn = Conn()
                conn.send(mutate(rng, message(CONNECT, connect_body())))
                conn.close()
            elif kind == 1:
                a.admin.send(mutate(rng, rng.choice((
                    message(IDENTIFY), message(KEEP_ALIVE), message(KEY_CLOSE, struct.pack("<Q", handle)),
                    message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, len(key.private)), key.private)))))
            else:
                opcode = rng.choice((SIGN, VERIFY, ENCRYPT, DECRYPT, ABORT, QUERY))
                src = digest if opcode in (SIGN, ENCRYPT) else wanted
                extra = digest if opcode == VERIFY else b""
                if opcode >= ABORT:
                    raw = message(opcode, bytes(8))
                elif rng.random() < .2:
                    raw = message(opcode, *inline(opcode, key.private, src, extra))
                else:
                    raw = message(opcode, io_body(opcode, handle, src, extra), src + extra)
                a.io.send(mutate(rng, raw))
        except Closed:
            pass
        if rng.random() < .2 or i % 50 == 49:
            # look whether it lives; if not, or if it waits for more bytes, a new one
            a.close()
            a = None
            broken += 1
        if i % 100 == 99:
            reply = witness.op(SIGN, mine, digest)
            served += reply.status == OK and reply.data == wanted
    if a:
        a.close()
    same(served, count // 100, f"{count} mutations on {broken} associations: another one is served all the while")
    witness.close()
    check(eventually(lambda: stat("associations") == 0 and stat("keys") == 0), "mutations leave nothing behind")


def parameter(name, value=None):
    """What it was; then set to value."""
    path = f"/sys/module/cof_target/parameters/{name}"
    with open(path, encoding="ascii") as file:
        old = file.read().strip()
    if value is not None:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(value))
    return old


def open_connections():
    """Ours, as the kernel sees its end of them."""
    if TRANSPORT == "rdma":
        ids = subprocess.run(["rdma", "-j", "resource", "show", "cm_id", "src-port", str(PORT)],
                             capture_output=True, check=True).stdout
        return sum(each["state"] != "LISTEN" and "pid" not in each for each in json.loads(ids or "[]"))
    lines = subprocess.run(["ss", "-tnH", "state", "established", "sport", f"= :{PORT}"],
                           capture_output=True, check=True).stdout
    return len(lines.splitlines())


def serves(key):
    """A new initiator connects and gets a right answer."""
    a = Association()
    if a.rsp.status != OK:
        a.admin.close()
        return False
    digest = hashlib.sha256(b"serves").digest()
    _, handle = a.open(key.private)
    reply = a.op(SIGN, handle, digest)
    a.close()
    return reply.status == OK and reply.data == key.sign("sha256", digest)


def test_garbage(key, count, rng):
    """Bytes that are no message, on connections that are new and on some that are not."""
    count = max(count // 10, 20)
    closed = 0
    for i in range(count):
        conn = Conn()
        raw = rng.randbytes(rng.choice((1, 4, 31, 32, 33, 208, 209, 1500, 9000, 70000)))
        if rng.random() < .5:
            raw = struct.pack("<I", MAGIC) + raw
        try:
            if i % 4 == 3:
                conn.ask(CONNECT, connect_body())
            conn.send(raw)
            if i % 2:
                conn.sock.shutdown(socket.SHUT_WR)
                closed += conn.is_closed()
            else:
                closed += 1
        except Closed:
            closed += 1
        conn.close()
    same(closed, count, f"random bytes on {count} connections: each is closed")
    check(serves(key), "... and others are served")
    if TRANSPORT == "tcp":      # what RDMA has instead of it: rdma_hostile
        a = Association()
        try:
            a.io.sock.send(b"!", socket.MSG_OOB)
        except OSError:
            pass
        check(a.io.is_closed() and a.admin.is_closed(), "urgent data: the association ends")
        a.close()
    check(eventually(lambda: stat("associations") == 0 and stat("keys") == 0), "garbage leaves nothing behind")


def test_flood(key, count):
    """More connections than there are places, and more associations than a host may have."""
    limit = 40
    before = parameter("max_conns", limit)
    witness = Association()
    _, mine = witness.open(key.private)
    conns, most, served = [], 0, 0
    for i in range(min(max(count // 5, 200), 1000)):
        try:
            conns.append(Conn())
        except OSError:
            pass
        if len(conns) > 300:    # files that a process may have open
            conns.pop(0).close()
        if i % 20 == 19:
            most = max(most, open_connections())
            served += witness.op(SIGN, mine, bytes(32)).status == OK and serves(key)
    same(served, i // 20 + 1, f"{i + 1} idle connections for {limit} places: old and new initiators are served")
    # closing takes a moment, and what the kernel accepted is closed if there is no place
    check(most <= limit + 20, f"... and at most {most} were open at a time")
    for conn in conns:
        conn.close()
    check(eventually(lambda: open_connections() == 2), "those of the one initiator are left")
    # refused ones stay for a moment, to read why
    conns = []
    for _ in range(limit):
        conns.append(Conn())
        try:
            conns[-1].send(message(CONNECT, connect_body(hostid=b"nobody")))
        except Closed:
            pass
    check(serves(key), f"beside {limit} that are being refused, others are served")
    for conn in conns:
        conn.close()
    witness.close()
    parameter("max_conns", before)
    check(eventually(lambda: stat("associations") == 0), "no association is left")

    before = parameter("max_host_assocs", 3)
    mine = [Association(io=False) for _ in range(5)]
    same([a.rsp.status for a in mine], [OK] * 3 + [BUSY] * 2, "max_host_assocs=3: the fourth is refused BUSY")
    mine[0].close()
    check(eventually(lambda: serves(key)), "... and there is room again when one has gone")
    for a in mine:
        a.close()
    parameter("max_host_assocs", before)
    check(eventually(lambda: stat("associations") == 0 and stat("keys") == 0), "a flood leaves nothing behind")


def test_segments(key):
    """A peer with tiny segments, who sends while it is answered: each answer comes once, and whole."""
    if TRANSPORT != "tcp":
        return
    # A segment for each: tcp_sendmsg_locked() looks at its backlog after 16 of one call, which are a batch.
    segs = ["ip", "link", "set", "lo", "gso_max_segs"]
    subprocess.run(segs + ["1"], check=True)
    try:
        tiny_segments(key)
    finally:
        subprocess.run(segs + ["65535"], check=True)


def tiny_segments(key):
    sock = socket.socket()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(20)
    sock.connect((ADDRESS, PORT))
    a = Association(io=False, queues=1, depth=256)
    _, handle = a.open(key.public, private=0)
    conn = Conn.__new__(Conn)
    conn.sock, conn.tag, conn.digests, conn.events = sock, 0, 0, []
    fields = {"qid": 1, "queues": 0, "depth": 0, "kato_ms": 0, "cookie": a.cookie}
    same(conn.ask(CONNECT, connect_body(**fields)).status, OK, "segments of 88 bytes: connected")
    # Some are answered where they are received, some by a worker.
    number = bytes(range(1, 33))
    result = pow(int.from_bytes(number, "big"), key.e, key.modulus)
    good = io_body(ENCRYPT, handle, number, padding=RAW, hash=NONE)
    bad = io_body(ENCRYPT, handle ^ 1 << 50, number, padding=RAW, hash=NONE)
    total = 20000 if os.environ.get("COF_SOAK") else 3000
    room = threading.Semaphore(a.depth)
    ended = False

    def send():
        for tag in range(1, total + 1):
            room.acquire()
            if ended:
                return
            sock.sendall(message(ENCRYPT, good if tag % 3 else bad, number, tag=tag))

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    seen, wrong = set(), []
    try:
        for _ in range(total):
            reply = conn.receive()
            right = (OK, result) if reply.tag % 3 else (UNKNOWN_HANDLE, 0)
            if reply.magic != MAGIC or reply.tag in seen or (reply.status, int.from_bytes(reply.data, "big")) != right:
                wrong.append((reply.tag, reply.status))
                break
            seen.add(reply.tag)
            room.release()
    except (Closed, OSError, AssertionError, struct.error) as error:
        wrong.append(repr(error))
    ended = True
    room.release()
    same((len(seen), wrong), (total, []), f"segments of 88 bytes: {total} operations, each answered once")
    sock.close()
    sender.join(5)
    a.admin.close()
    check(eventually(lambda: stat("associations") == 0 and stat("keys") == 0), "... and nothing is left")
