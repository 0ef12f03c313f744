#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One end of one CONNECT, for tests that want a peer of another version or opinion.

peer.py connect ADDRESS PORT [FIELD=VALUE]...
    sends CONNECT with these fields (hostid=, pool=, version_min=, qid=, ...) and prints the
    response, 'status=9 version=1 version_min=1 length=88'

peer.py answer ADDRESS PORT STATUS VERSION VERSION_MIN
    listens, prints 'listening', and answers every CONNECT so until it is killed
"""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cof  # noqa: E402
import fabric  # noqa: E402


def connect(address, port, *fields):
    change = {}
    for field in fields:
        name, value = field.split("=", 1)
        change[name] = value.encode() if name in ("hostid", "pool") else int(value)
    cof.PORT = int(port)
    reply = cof.Conn(address).ask(cof.CONNECT, cof.connect_body(**change))
    if reply.opcode != cof.CONNECT:
        print(f"opcode={reply.opcode} status={reply.status}")
        return
    version, version_min = struct.unpack("<HH", reply.body[:4])
    print(f"status={reply.status} version={version} version_min={version_min} length={reply.length}")


def answer(address, port, status, version, version_min):
    listener = fabric.offer(address, int(port))
    print("listening", flush=True)
    while True:
        sock, _ = listener.accept()
        request = cof.Reply(sock.recv(208, socket.MSG_WAITALL))
        body = cof.CONNECT_RSP.pack(int(version), int(version_min), 0, 1, 8, 8192, 5000, 0, 0, 1, bytes(16))
        if int(status):
            body = struct.pack("<HH", int(version), int(version_min)) + bytes(52)
        sock.sendall(cof.message(cof.CONNECT, body, tag=request.tag, flags=1, status=int(status)))
        sock.recv(1)    # until the initiator closes
        sock.close()


if __name__ == "__main__":
    {"connect": connect, "answer": answer}[sys.argv[1]](*sys.argv[2:])
