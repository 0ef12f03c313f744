#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A fabric that loses messages: stands between an initiator and a target, and hands messages on.

lossy.py LISTEN TARGET CONTROL: two ports at COF_ADDR
    CONTROL is a file with one line, read again for each message: what to do now

    nothing         all messages pass
    request N       every N-th operation is swallowed
    answer N        every N-th answer to an operation is swallowed
    query N         every N-th answer to QUERY is swallowed
    flip N          a bit of every N-th operation is wrong
    hole            I/O connections lead nowhere; the admin connection lives
    silent          answers to operations are kept back, though QUERY and ABORT are answered: it is there
    keys            answers to KEY_OPEN are kept back
                    (what was kept back is handed on with the next message after the word is another one)
    old             CONNECT does not offer inline keys: the ends are older to each other than they are

Prints 'listening'. On SIGTERM: 'swallowed COUNT'.
"""
import os
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cof  # noqa: E402
import fabric  # noqa: E402

LISTEN, TARGET, CONTROL = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
OPERATIONS = (cof.ENCRYPT, cof.DECRYPT, cof.SIGN, cof.VERIFY)
lock = threading.Lock()
counters = {}
total = 0


def control():
    with open(CONTROL, encoding="ascii") as file:
        words = file.read().split() + ["nothing", "0"]
    return words[0], int(words[1]) if words[1].isdigit() else 0


def due(what, nth):
    """True for every nth call."""
    with lock:
        counters[what] = counters.get(what, 0) + 1
        return counters[what] % nth == 0


def lose(opcode, answer):
    """None: hand it on; 'drop'; 'flip'."""
    what, nth = control()
    if what == "hole":
        return "drop" if opcode >= cof.ENCRYPT else None
    if opcode in OPERATIONS:
        if what == ("answer" if answer else "request") and due(what, nth):
            return "drop"
        if what == "flip" and not answer and due(what, nth):
            return "flip"
    if what == "query" and opcode == cof.QUERY and answer and due(what, nth):
        return "drop"
    return None


def older(raw):
    """CONNECT without the feature INLINE_KEY. It never has a digest."""
    return raw[:56] + bytes([raw[56] & ~cof.INLINE_KEY]) + raw[57:]


def exactly(sock, count):
    raw = b""
    while len(raw) < count:
        part = sock.recv(count - len(raw))
        if not part:
            raise OSError("closed")
        raw += part
    return raw


def keep(opcode):
    """Is the answer to this kept back?"""
    what, _ = control()
    return (what == "silent" and opcode in OPERATIONS) or (what == "keys" and opcode == cof.KEY_OPEN)


def pump(source, sink, answer):
    global total
    kept = []
    try:
        while True:
            raw = exactly(source, cof.HDR.size)
            fields = cof.HDR.unpack(raw)
            raw += exactly(source, fields[3] - cof.HDR.size)
            fate = lose(fields[1], answer)
            if fate:
                with lock:
                    total += 1
            if fields[1] == cof.CONNECT and not answer and control()[0] == "old":
                raw = older(raw)
            if fate == "flip":
                raw = raw[:-1] + bytes([raw[-1] ^ 4])
            if answer and keep(fields[1]):
                kept.append(raw)
                continue
            if answer and control()[0] == "silent" and fields[1] in (cof.QUERY, cof.ABORT):
                raw = cof.message(fields[1], tag=fields[6], flags=1)
            while kept and control()[0] not in ("silent", "keys"):
                sink.sendall(kept.pop(0))
            if fate != "drop":
                sink.sendall(raw)
    except OSError:
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def end(*_):
    print(f"swallowed {total}", flush=True)
    sys.exit(0)


def main():
    signal.signal(signal.SIGTERM, end)
    listener = fabric.offer(fabric.ADDRESS, LISTEN)
    target = fabric.reach(fabric.ADDRESS, TARGET)
    print("listening", flush=True)
    while True:
        near, _ = listener.accept()
        try:
            far = socket.create_connection(target)
        except OSError:
            near.close()
            continue
        for sock in (near, far):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for args in ((near, far, False), (far, near, True)):
            threading.Thread(target=pump, args=args, daemon=True).start()


if __name__ == "__main__":
    main()
