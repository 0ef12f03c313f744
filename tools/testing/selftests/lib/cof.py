# SPDX-License-Identifier: GPL-2.0-only
"""CoF's wire format and a hand-made initiator, independent of the kernel's: the protocol with struct.

PORT is where it connects to; a test may set another one.
"""
import socket
import struct

from fabric import ADDRESS, reach

PORT = 4499
MAGIC = 0x31464F43
(CONNECT, DISCONNECT, IDENTIFY, KEY_OPEN, KEY_CLOSE, KEEP_ALIVE, EVENT) = range(1, 8)
ENCRYPT, DECRYPT, SIGN, VERIFY, ABORT, QUERY = 0x40, 0x41, 0x42, 0x43, 0x48, 0x49
(OK, KEY_REJECTED, BAD_MESSAGE, UNKNOWN_HANDLE, NO_KEY_ROOM, BUSY, DRAINING, HOST_DENIED, UNKNOWN_POOL,
 VERSION, CLEAR_TEXT, INVALID, OVERFLOW, INTERNAL, NOT_SUPPORTED, PROTOCOL, LOOP, TIMEOUT,
 NO_ASSOCIATION, NO_MEMORY, ABORTED, BAD_CRC) = range(22)
RAW, PKCS1 = 0, 1
ECDSA = 3
HDR_CRC, DATA_CRC, INLINE_KEY, FEAT_ABORT = 1, 2, 4, 8      # features
HASHES = {"md5": 4, "sha1": 5, "sha256": 6, "sha384": 7, "sha512": 8, "sha224": 9}
NONE = 0

HDR = struct.Struct("<IHHIHHQII")
CONNECT_REQ = struct.Struct("<HHHHIIIIQ16s64s64s")
CONNECT_RSP = struct.Struct("<HHHHIIIIQQ16s")
IDENTIFY_RSP = struct.Struct("<10I3Q2I64s")
IO_REQ = struct.Struct("<QBBBBIIIIBB2s")


class Closed(Exception):
    """The peer closed the connection."""


def message(opcode, body=b"", data=b"", tag=1, **change):
    fields = {"magic": MAGIC, "flags": 0, "length": HDR.size + len(body) + len(data),
              "hlen": HDR.size + len(body), "status": 0, "hdr_crc": 0, "data_crc": 0}
    fields.update(change)
    return HDR.pack(fields["magic"], opcode, fields["flags"], fields["length"], fields["hlen"],
                    fields["status"], tag, fields["hdr_crc"], fields["data_crc"]) + body + data


def crc32c(raw):
    crc = 0xFFFFFFFF
    for byte in raw:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def digested(raw, digests):
    """The same message with digests (HDR_CRC | DATA_CRC) in it."""
    hlen = HDR.unpack(raw[:HDR.size])[4]
    if digests & DATA_CRC:
        raw = raw[:28] + struct.pack("<I", crc32c(raw[hlen:])) + raw[32:]
    if digests & HDR_CRC:
        raw = raw[:24] + struct.pack("<I", crc32c(raw[:24] + bytes(4) + raw[28:hlen])) + raw[28:]
    return raw


class Reply:
    def __init__(self, raw):
        (self.magic, self.opcode, self.flags, self.length, self.hlen, self.status, self.tag,
         self.hdr_crc, self.data_crc) = HDR.unpack(raw[:HDR.size])
        self.body = raw[HDR.size:self.hlen]
        self.data = raw[self.hlen:]


class Conn:
    """A connection: messages out, messages in."""

    def __init__(self, address=None):
        self.sock = socket.create_connection(reach(address or ADDRESS, PORT), timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tag = 0
        self.digests = 0    # that messages get, and must have
        self.events = []    # that came instead of an answer

    def close(self):
        self.sock.close()

    def send(self, raw):
        try:
            self.sock.sendall(raw)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed() from None

    def _exactly(self, count):
        raw = b""
        while len(raw) < count:
            try:
                part = self.sock.recv(count - len(raw))
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed()
            raw += part
        return raw

    def receive(self):
        raw = self._exactly(HDR.size)
        length = HDR.unpack(raw)[3]
        assert HDR.size <= length <= 65536, length
        raw += self._exactly(length - HDR.size)
        assert raw[24:32] == digested(raw[:24] + bytes(8) + raw[32:], self.digests)[24:32], "digest"
        return Reply(raw)

    def ask(self, opcode, body=b"", data=b"", **change):
        self.tag += 1
        self.send(digested(message(opcode, body, data, tag=self.tag, **change), self.digests))
        reply = self.receive()
        while reply.opcode == EVENT and len(reply.body) == 8:
            self.events.append(struct.unpack("<II", reply.body)[0])
            reply = self.receive()
        if reply.opcode != DISCONNECT:
            assert (reply.opcode, reply.flags, reply.tag, reply.magic) == \
                (opcode, 1, self.tag, MAGIC), vars(reply)
        return reply

    def finish(self):
        """No more from here: what the target lingers for."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def is_closed(self, seconds=5, patient=False):
        """Reads until the target closes; True if it does. Patient: it closes by itself."""
        self.sock.settimeout(seconds)
        try:
            while True:
                if self.receive().opcode == DISCONNECT and not patient:
                    self.finish()
        except Closed:
            return True
        except TimeoutError:
            return False

    def is_refused(self, status=PROTOCOL):
        """The target says DISCONNECT with this reason (DRAINING before that, perhaps), then closes."""
        try:
            reply = self.receive()
            while reply.opcode == EVENT:
                reply = self.receive()
        except Closed:
            return False
        self.finish()
        return reply.opcode == DISCONNECT and reply.status == status and self.is_closed()


def connect_body(**change):
    fields = {"version_min": 1, "version_max": 1, "qid": 0, "queues": 2, "depth": 8, "max_msg": 8192,
              "kato_ms": 30000, "rsvd": 0, "features": 0, "cookie": bytes(16), "hostid": b"phost",
              "pool": b"ptest"}
    fields.update(change)
    return CONNECT_REQ.pack(*fields.values())


class Association:
    """What an initiator has: admin connection, one I/O connection, keys."""

    def __init__(self, io=True, **change):
        self.admin = Conn()
        self.io = None
        self.rsp = self.admin.ask(CONNECT, connect_body(**change))
        if self.rsp.status != OK:
            return
        (self.version, self.version_min, self.qid, self.queues, self.depth, self.max_msg, self.kato_ms, _,
         self.features, self.id, self.cookie) = CONNECT_RSP.unpack(self.rsp.body)
        self.admin.digests = self.features & (HDR_CRC | DATA_CRC)
        if io:
            self.io, reply = self.connect_io(1)
            assert reply.status == OK, reply.status

    def connect_io(self, qid, **change):
        conn = Conn()
        fields = {"qid": qid, "queues": 0, "depth": 0, "kato_ms": 0, "cookie": self.cookie}
        fields.update(change)
        reply = conn.ask(CONNECT, connect_body(**fields))
        conn.digests = self.admin.digests
        return conn, reply

    def open(self, der, private=1, algo=1, curve=0):
        reply = self.admin.ask(KEY_OPEN, struct.pack("<BBBBI", algo, private, curve, 0, len(der)), der)
        return reply.status, struct.unpack("<QII", reply.body)[0]

    def shut(self, handle):
        return self.admin.ask(KEY_CLOSE, struct.pack("<Q", handle)).status

    def op(self, opcode, handle, src, digest=b"", room=512, **change):
        return self.io.ask(opcode, io_body(opcode, handle, src, digest, room, **change), src + digest)

    def op_with_key(self, opcode, der, src, digest=b"", private=1, **change):
        return self.io.ask(opcode, *inline(opcode, der, src, digest, private, **change))

    def close(self):
        for conn in (self.io, self.admin):
            if conn:
                conn.close()


def io_body(opcode, handle, src, digest=b"", room=512, **change):
    fields = {"handle": handle, "algo": 1, "padding": PKCS1, "hash": HASHES["sha256"], "hops": 1,
              "src_len": len(src), "digest_len": len(digest), "out_len": 0 if opcode == VERIFY else room,
              "key_len": 0, "key_private": 0, "key_curve": 0, "rsvd": bytes(2)}
    fields.update(change)
    return IO_REQ.pack(*fields.values())


def inline(opcode, der, src, digest=b"", private=1, **change):
    """Body and data of an operation that has its key with it."""
    fields = {"key_len": len(der), "key_private": private}
    fields.update(change)
    return io_body(opcode, 0, src, digest, **fields), src + digest + der
