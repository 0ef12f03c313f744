#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Captures for the test of tools/wireshark/cof.lua (scripts/checks/wireshark), without tcpdump.

capture.py made FOLDER
    writes good.pcap, a conversation that uses every opcode and keeps every rule, bad.pcap, which
    breaks one rule in each message, and key.hex, the secret numbers of the key that travels in
    both. Needs no kernel: the bytes are proto.py's.

capture.py sniff FILE PORT
    what travels over lo to and from PORT, until it is killed; prints 'listening'. Root.

capture.py secrets FILE
    prints the secret numbers of an RSAPrivateKey in DER, one a line
"""
import os
import signal
import socket
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cof  # noqa: E402
import keys  # noqa: E402
from cof import (ABORT, CONNECT, CONNECT_RSP, DECRYPT, DISCONNECT, ENCRYPT, EVENT, IDENTIFY,
                 KEEP_ALIVE, KEY_CLOSE, KEY_OPEN, SIGN, VERIFY, connect_body, io_body, message)

QUERY = 0x49
OVERFLOW, NOT_SUPPORTED, ABORTED, UNKNOWN_HANDLE, KEY_REJECTED, DRAINING = 12, 14, 20, 3, 1, 6
RAW_IP, ETHERNET = 101, 1
SO_RCVBUFFORCE = 33     # Python has no name for it


def digests(raw):
    """The message with both CRCs."""
    return cof.digested(raw, cof.HDR_CRC | cof.DATA_CRC)


class Pcap:
    def __init__(self, path, link):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link))

    def frame(self, raw, when):
        self.file.write(struct.pack("<IIII", *divmod(when, 1000000), len(raw), len(raw)) + raw)
        self.file.flush()


class Stream:
    """A TCP connection that never was: segments with the right numbers."""
    clock = 10**15     # microseconds

    def __init__(self, pcap, port, server=4430):
        self.pcap, self.ports, self.seq = pcap, (port, server), [1000, 5000]
        self.segment(0, b"", 0x02)
        self.segment(1, b"", 0x12)

    def segment(self, side, data, flags=0x18):
        Stream.clock += 1000
        tcp = struct.pack("!HHIIBBHHH", self.ports[side], self.ports[1 - side], self.seq[side],
                          self.seq[1 - side] if flags & 0x10 else 0, 0x50, flags, 65535, 0, 0)
        address = socket.inet_aton("127.0.0.1")
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp) + len(data), 0, 0, 64, 6, 0, address, address)
        self.pcap.frame(head + tcp + data, Stream.clock)
        self.seq[side] += len(data) + (flags & 0x02 != 0)

    def ask(self, raw, *cuts):
        """Initiator to target, in segments that end at these places."""
        for begin, end in zip((0,) + cuts, cuts + (len(raw),)):
            self.segment(0, raw[begin:end])

    def tell(self, raw):
        self.segment(1, raw)


def response(opcode, tag, body=b"", data=b"", status=0, **change):
    return message(opcode, body, data, tag=tag, flags=1, status=status, **change)


def secrets(der):
    """The integers of an RSAPrivateKey but version, modulus and public exponent."""
    numbers, at = [], 4     # 30 82 xx xx
    while at < len(der):
        length, at = der[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7f
            length, at = int.from_bytes(der[at:at + count], "big"), at + count
        numbers.append(der[at:at + length])
        at += length
    return numbers[3:]


def granted(features, qid=0):
    return CONNECT_RSP.pack(1, 1, qid, 2, 8, 8192, 5000, 0, features, 77, b"C" * 16)


def good(path, key, public):
    admin = Stream(Pcap(path, RAW_IP), 40001)
    admin.ask(message(CONNECT, connect_body(features=15), tag=1))
    admin.tell(response(CONNECT, 1, granted(15)))
    admin.ask(digests(message(IDENTIFY, tag=2)))
    admin.tell(digests(response(IDENTIFY, 2, cof.IDENTIFY_RSP.pack(
        2, 15, 3, 0x3f1, 512, 4096, 64, 4096, 0, 0, 1000, 0, 5000, 100, 32, b"rsa-generic"))))
    # a key in three segments, the first of which ends within the header
    opened = digests(message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, len(key)), key, tag=3))
    admin.ask(opened, 9, 500)
    admin.tell(digests(response(KEY_OPEN, 3, struct.pack("<QII", 0x100000001, 128, 0))))
    io = Stream(admin.pcap, 40002)
    io.ask(message(CONNECT, connect_body(qid=1, queues=0, depth=0, kato_ms=0, cookie=b"C" * 16), tag=1))
    io.tell(response(CONNECT, 1, granted(15, 1)))
    # four requests in one segment, answered in another order
    digest, block = bytes(range(32)), bytes(range(128))
    handle = 0x100000001
    io.ask(b"".join(digests(raw) for raw in (
        message(SIGN, io_body(SIGN, handle, digest), digest, tag=10),
        message(VERIFY, io_body(VERIFY, handle, block, digest), block + digest, tag=11),
        message(ENCRYPT, io_body(ENCRYPT, handle, b"text", hash=0), b"text", tag=12),
        message(DECRYPT, io_body(DECRYPT, handle, block, hash=0), block, tag=13))))
    io.tell(digests(response(VERIFY, 11, bytes(8), status=KEY_REJECTED)))
    io.tell(digests(response(DECRYPT, 13, struct.pack("<II", 4, 0), b"text")) +
            digests(response(SIGN, 10, struct.pack("<II", 128, 0), block)))
    io.tell(digests(response(ENCRYPT, 12, struct.pack("<II", 128, 0), block)))
    io.ask(digests(message(SIGN, io_body(SIGN, handle, digest, room=8), digest, tag=14)))
    io.tell(digests(response(SIGN, 14, struct.pack("<II", 128, 0), status=OVERFLOW)))
    # inline keys, in segments of 700 bytes
    raw = digests(message(SIGN, io_body(SIGN, 0, digest, key_len=len(key), key_private=1), digest + key, tag=15))
    io.ask(raw, 700)
    io.tell(digests(response(SIGN, 15, struct.pack("<II", 128, 0), block)))
    raw = message(VERIFY, io_body(VERIFY, 0, block, digest, key_len=len(public)), block + digest + public, tag=16)
    io.ask(digests(raw))
    io.tell(digests(response(VERIFY, 16, bytes(8))))
    io.ask(digests(message(DECRYPT, io_body(DECRYPT, handle, block, hash=0), block, tag=17)))
    io.ask(digests(message(QUERY, struct.pack("<Q", 17), tag=18)))
    io.tell(digests(response(QUERY, 18)))
    io.ask(digests(message(ABORT, struct.pack("<Q", 17), tag=19)))
    io.tell(digests(response(DECRYPT, 17, bytes(8), status=ABORTED)) + digests(response(ABORT, 19)))
    io.ask(digests(message(QUERY, struct.pack("<Q", 17), tag=20)))
    io.tell(digests(response(QUERY, 20, status=UNKNOWN_HANDLE)))
    admin.ask(digests(message(0x3f, tag=4)))
    admin.tell(digests(response(0x3f, 4, status=NOT_SUPPORTED)))
    admin.ask(digests(message(KEEP_ALIVE, tag=5)))
    admin.tell(digests(response(KEEP_ALIVE, 5)))
    admin.tell(digests(message(EVENT, struct.pack("<II", 2, 0), tag=0)))
    admin.ask(digests(message(KEY_CLOSE, struct.pack("<Q", handle), tag=6)))
    admin.tell(digests(response(KEY_CLOSE, 6)))
    admin.tell(digests(message(EVENT, struct.pack("<II", 3, 0), tag=0)))
    admin.tell(digests(message(DISCONNECT, tag=0, status=DRAINING)))
    # by its magic alone: a port that no preference has
    other = Stream(admin.pcap, 40003, 5555)
    other.ask(message(CONNECT, connect_body(version_min=2, version_max=9), tag=1))
    other.tell(response(CONNECT, 1, struct.pack("<HH", 1, 1) + bytes(52), status=9))
    # a public key of ECDSA, on P-256
    ecdsa = Stream(admin.pcap, 40004)
    ecdsa.ask(message(CONNECT, connect_body(), tag=1))
    ecdsa.tell(response(CONNECT, 1, granted(0)))
    ecdsa.ask(message(KEY_OPEN, struct.pack("<BBBBI", 3, 0, 3, 0, 65), b"\4" + bytes(64), tag=2))
    ecdsa.tell(response(KEY_OPEN, 2, struct.pack("<QII", 0x100000002, 72, 0)))


def bad(path, key):
    """Each message (each line) in a segment of its own, so that tshark shows a frame for it."""
    digest = bytes(range(32))
    admin = Stream(Pcap(path, RAW_IP), 40001)
    admin.ask(message(CONNECT, connect_body(), tag=1))
    admin.tell(response(CONNECT, 1, granted(0)))
    wrong = digests(message(SIGN, io_body(SIGN, 5, digest), digest, tag=40))
    torn = digests(message(SIGN, io_body(SIGN, 5, digest), digest, tag=41))
    for raw in (
            message(CONNECT, connect_body(rsvd=1), tag=20),                             # reserved
            message(KEEP_ALIVE, tag=21, flags=6),                                       # reserved flag
            message(SIGN, io_body(SIGN, 5, digest, rsvd=b"\0x"), digest, tag=22),       # reserved
            message(KEEP_ALIVE, tag=23, hlen=31),                                       # below 32
            message(KEEP_ALIVE, tag=24, hlen=33),                                       # above length
            message(IDENTIFY, b"12345678", tag=25),                                     # not the opcode's
            message(SIGN, io_body(SIGN, 5, digest, src_len=31), digest, tag=26),        # sum of lengths
            message(SIGN, io_body(SIGN, 5, digest, src_len=2**32 - 1, digest_len=33), digest, tag=27),
            message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, 9), key, tag=28),           # der_len
            message(KEEP_ALIVE, tag=29, status=1),                                      # status in a request
            message(SIGN, io_body(SIGN, 5, digest, hops=17), digest, tag=30),           # bounds
            message(CONNECT, connect_body(pool=b"a\0b"), tag=31),                       # bounds
            digests(message(KEEP_ALIVE, tag=32)),                                       # not negotiated
            wrong[:24] + b"1234" + wrong[28:],                                          # wrong hdr_crc
            torn[:-1] + b"x",                                                           # wrong data_crc
            message(SIGN, io_body(SIGN, 0, digest, key_len=len(key), key_private=1),    # not negotiated
                    digest + key, tag=35),
            message(EVENT, struct.pack("<II", 1, 0), tag=33),                           # tag not 0
            message(KEY_OPEN, struct.pack("<BBBBI", 1, 1, 3, 0, len(key)), key, tag=36),   # RSA has no curve
            message(KEEP_ALIVE, tag=34, length=70000),                                  # no message
            key[:64],                                                                   # no message
            b"no message, but 16 bytes at least"):
        admin.ask(raw)
    admin.tell(response(KEEP_ALIVE, 99))                                                # no request
    admin.tell(response(KEEP_ALIVE, 21, status=77))                                     # unknown status
    admin.tell(response(DISCONNECT, 0))                                                 # has no response


def make(folder):
    with tempfile.TemporaryDirectory() as tmp:
        key = keys.RsaKey(tmp, 1024)
        good(f"{folder}/good.pcap", key.private, key.public)
        bad(f"{folder}/bad.pcap", key.private)
        with open(f"{folder}/key.hex", "w", encoding="ascii") as file:
            print(*(number.hex() for number in secrets(key.private)), sep="\n", file=file)


def show_secrets(path):
    with open(path, "rb") as file:
        print(*(number.hex() for number in secrets(file.read())), sep="\n")


def sniff(path, port):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
    sock.bind(("lo", 0))
    pcap = Pcap(path, ETHERNET)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("listening", flush=True)
    while True:
        raw, address = sock.recvfrom(65536 + 14)
        if address[2] == socket.PACKET_OUTGOING or raw[12:14] != b"\x08\0" or raw[23] != 6:
            continue    # lo shows each packet twice
        at = 14 + (raw[14] & 15) * 4
        if int(port) in struct.unpack_from("!HH", raw, at):
            pcap.frame(raw, time.time_ns() // 1000)


if __name__ == "__main__":
    {"made": make, "sniff": sniff, "secrets": show_secrets}[sys.argv[1]](*sys.argv[2:])
