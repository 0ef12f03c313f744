#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A pool that answers wrongly: stands between an initiator and an honest target.

mitm.py LISTEN TARGET CONTROL: two ports at COF_ADDR
    CONTROL is a file with one line, read again for each answer: what to do now

    nothing     all answers pass
    lie         VERIFY always succeeds; the result of a raw ENCRYPT is the block in CONTROL.block
                (hexadecimal), if there is one: what the caller of a verification hopes to see
    strip       the leading zeros of raw results are left out, so results are short
    shift       the leading zeros of raw results are at their end, so those results are wrong
    silent      operations with a public key are never answered, QUERY always is: still working
    mute        no operation is answered, QUERY always is
    learn       all answers pass; keys that are used meanwhile are remembered
    strangers   results with keys that were not remembered are wrong

Prints 'listening', then a line 'OPERATION FATE' for each operation that was answered, or would
have been, where FATE is 'true' or what was done to it.
"""
import os
import signal
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cof  # noqa: E402
import fabric  # noqa: E402

LISTEN, TARGET, CONTROL = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
NAMES = {cof.ENCRYPT: "encrypt", cof.DECRYPT: "decrypt", cof.SIGN: "sign", cof.VERIFY: "verify"}
RSA, ANSWER = 1, 1
opened = {}     # handle: key
learned = set()


def read(name):
    try:
        with open(name, encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def exactly(sock, count):
    raw = b""
    while len(raw) < count:
        part = sock.recv(count - len(raw))
        if not part:
            raise OSError("closed")
        raw += part
    return raw


class Request:
    """What an answer has to be known with."""

    def __init__(self, opcode, raw, hlen):
        self.opcode = opcode
        data = raw[hlen:]
        if opcode == cof.KEY_OPEN:
            self.key = data
            return
        fields = cof.IO_REQ.unpack(raw[cof.HDR.size:cof.HDR.size + cof.IO_REQ.size])
        handle, algo, padding = fields[:3]
        key_len = fields[8]
        self.raw_rsa = (algo, padding) == (RSA, cof.RAW)
        self.key = data[len(data) - key_len:] if key_len else opened.get(handle, b"")


def result(opcode, tag, data):
    return cof.message(opcode, struct.pack("<II", len(data), 0), data, tag=tag, flags=ANSWER)


def fate_of(request, what, status, data):
    """What to say instead of the result @data, and what that is called. None: nothing at all."""
    public = request.opcode in (cof.ENCRYPT, cof.VERIFY)
    if what == "mute" or (what == "silent" and public):
        return None, what
    if what == "learn":
        learned.add(request.key)
    if what == "lie" and request.opcode == cof.VERIFY:
        return b"", "lie"
    if status:
        return data, "true"
    if what == "lie" and request.opcode == cof.ENCRYPT and request.raw_rsa:
        block = bytes.fromhex(read(f"{CONTROL}.block"))
        return (block, "lie") if block else (data, "true")
    short = data.lstrip(b"\0")
    if what in ("strip", "shift") and request.raw_rsa and len(short) < len(data):
        return (short if what == "strip" else short + bytes(len(data) - len(short))), what
    if what == "strangers" and data and request.key not in learned:
        return data[:-1] + bytes([data[-1] ^ 4]), "wrong"
    return data, "true"


def pump(source, sink, is_answer, requests):
    try:
        while True:
            raw = exactly(source, cof.HDR.size)
            _, opcode, _, length, hlen, status, tag, _, _ = cof.HDR.unpack(raw)
            raw += exactly(source, length - cof.HDR.size)
            if not is_answer:
                if opcode == cof.CONNECT:     # without digests: answers are made anew
                    raw = raw[:56] + bytes([raw[56] & ~(cof.HDR_CRC | cof.DATA_CRC)]) + raw[57:]
                elif opcode in NAMES or opcode == cof.KEY_OPEN:
                    requests[tag] = Request(opcode, raw, hlen)
            elif opcode == cof.QUERY and read(CONTROL) in ("silent", "mute"):
                raw = cof.message(opcode, tag=tag, flags=ANSWER)
            elif tag in requests and opcode == requests[tag].opcode:
                request = requests.pop(tag)
                if opcode == cof.KEY_OPEN:
                    if not status:
                        opened[struct.unpack("<Q", raw[cof.HDR.size:cof.HDR.size + 8])[0]] = request.key
                else:
                    data, fate = fate_of(request, read(CONTROL), status, raw[hlen:])
                    print(NAMES[opcode], fate, flush=True)
                    if data is None:
                        continue
                    if fate != "true":
                        raw = result(opcode, tag, data)
            sink.sendall(raw)
    except OSError:
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
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
        requests = {}
        for args in ((near, far, False), (far, near, True)):
            threading.Thread(target=pump, args=(*args, requests), daemon=True).start()


if __name__ == "__main__":
    main()
