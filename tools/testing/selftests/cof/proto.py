#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A hand-made CoF initiator, independent of the kernel's: the protocol with struct.

Shows that the target does what Documentation/crypto/cof-protocol.rst says for
peers that behave, and for peers that do not. Results are judged by OpenSSL and by
Python's integers. Configures the target of this machine for itself (port 4499, pools 'ptest'
and 'pother') and takes that down again. Speaks TAP.

COF_TRANSPORT=rdma: the target is at COF_ADDR, and this peer, which knows TCP alone, gets there by
rdma_bridge. Other programs that import this have the same by port(), Conn, reach() and offer().

COUNT  random mutations (default 1000; COF_SOAK=1: 20000)
SEED   of the mutations (default: random, printed)
"""
import atexit
import hashlib
import json
import os
import random
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from eckey import EcKey  # noqa: E402

CONFIG = "/sys/kernel/config/cof_target"
TRANSPORT = os.environ.get("COF_TRANSPORT", "tcp")
ADDRESS = os.environ.get("COF_ADDR", "127.0.0.1")
INSECURE = int(not ADDRESS.startswith("127."))
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


# ---- RDMA -----------------------------------------------------------------------------------

bridges = {}
bridges_lock = threading.Lock()


def bridge(*args):
    """rdma_bridge, until this process ends."""
    subprocess.run(["modprobe", "-a", "ib_uverbs", "rdma_ucm"], check=True)
    process = subprocess.Popen([os.environ.get("RDMA_BRIDGE", "rdma_bridge"), "-e", *args], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    atexit.register(process.kill)
    assert process.stdout.readline() == b"listening\n", args


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def reach(address, port):
    """Where a TCP connection gets to this address of the fabric."""
    if TRANSPORT != "rdma":
        return address, port
    with bridges_lock:
        if (address, port) not in bridges:
            with socket.create_server(("127.0.0.1", 0)) as sock:
                near = sock.getsockname()
            bridge("connect", endpoint(*near), endpoint(address, port))
            bridges[address, port] = near
        return bridges[address, port]


def offer(address, port):
    """A listener at this address of the fabric, whose connections come by TCP."""
    if TRANSPORT != "rdma":
        return socket.create_server((address, port), backlog=128)
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    bridge("listen", endpoint(address, port), endpoint("127.0.0.1", port))
    return listener


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


# ---- keys -----------------------------------------------------------------------------------

def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *args], input=stdin, check=True, capture_output=True).stdout


class Key:
    def __init__(self, folder, bits):
        self.pem = f"{folder}/{bits}.pem"
        self.pub = f"{folder}/{bits}.pub"
        self.bits = bits
        made = f"{tap.KEY_DIR}/{bits}.pem"      # for this run: an emulated machine takes its time
        if os.path.exists(made):
            shutil.copy(made, self.pem)
        else:
            openssl("genrsa", "-out", self.pem, str(bits))
        openssl("rsa", "-in", self.pem, "-pubout", "-out", self.pub)
        self.der = openssl("rsa", "-in", self.pem, "-traditional", "-outform", "DER")
        self.pub_der = openssl("rsa", "-in", self.pem, "-RSAPublicKey_out", "-outform", "DER")
        text = openssl("rsa", "-in", self.pem, "-noout", "-modulus").decode()
        self.n = int(text.split("=")[1], 16)
        self.e = 65537

    def sign(self, hash_name, digest):
        return openssl("pkeyutl", "-sign", "-inkey", self.pem, "-pkeyopt", "rsa_padding_mode:pkcs1",
                       "-pkeyopt", f"digest:{hash_name}", stdin=digest)

    def encrypt(self, text):
        return openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", self.pub, "-pkeyopt",
                       "rsa_padding_mode:pkcs1", stdin=text)

    def decrypt(self, text):
        return openssl("pkeyutl", "-decrypt", "-inkey", self.pem, "-pkeyopt",
                       "rsa_padding_mode:pkcs1", stdin=text)


# ---- TAP, configuration, log ------------------------------------------------------------------

nr = bad = 0


def check(fact, text):
    global nr, bad
    nr += 1
    if not fact:
        bad += 1
    print(f"{'ok' if fact else 'not ok'} {nr} {text}", flush=True)


def same(actual, wanted, text):
    check(actual == wanted, text if actual == wanted else f"{text}: {actual!r}, wanted {wanted!r}")


def write(path, value):
    with open(f"{CONFIG}/{path}", "w", encoding="ascii") as file:
        file.write(str(value))


def read(path):
    with open(f"{CONFIG}/{path}", encoding="ascii") as file:
        return file.read().strip()


def stat(name, pool="ptest"):
    return int(read(f"pools/{pool}/stats/{name}"))


def log(text):
    lines = subprocess.run(["dmesg"], capture_output=True, check=True).stdout.decode(errors="replace")
    return sum(text in line for line in lines.splitlines())


def eventually(fact, seconds=5):
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def port(number, *pools):
    """A port of the target, enabled."""
    path = f"{CONFIG}/ports/{number}"
    subprocess.run(["modprobe", f"cof_{TRANSPORT}"], check=True)
    os.mkdir(path)
    for pool in pools:
        os.symlink(f"{CONFIG}/pools/{pool}", f"{path}/pools/{pool}")
    for name, value in (("transport", TRANSPORT), ("traddr", ADDRESS), ("trsvcid", PORT),
                        ("insecure", INSECURE), ("enable", 1)):
        write(f"ports/{number}/{name}", value)


def setup():
    subprocess.run(["modprobe", "cof_target"], check=True)
    if not os.path.isdir(CONFIG):
        subprocess.run(["mount", "-t", "configfs", "none", "/sys/kernel/config"], check=False)
    for host in ("phost", "pstranger"):
        os.mkdir(f"{CONFIG}/hosts/{host}")
    for pool in ("ptest", "pother"):
        os.mkdir(f"{CONFIG}/pools/{pool}")
        write(f"pools/{pool}/algorithms", "rsa ecdsa" if pool == "ptest" else "rsa")
        os.symlink(f"{CONFIG}/hosts/phost", f"{CONFIG}/pools/{pool}/allowed_hosts/phost")
        write(f"pools/{pool}/enable", 1)
    port(99, "ptest")


def teardown():
    os.unlink(f"{CONFIG}/ports/99/pools/ptest")
    os.rmdir(f"{CONFIG}/ports/99")
    for pool in ("ptest", "pother"):
        os.unlink(f"{CONFIG}/pools/{pool}/allowed_hosts/phost")
        os.rmdir(f"{CONFIG}/pools/{pool}")
    for host in ("phost", "pstranger"):
        os.rmdir(f"{CONFIG}/hosts/{host}")


def readdress(address, insecure):
    write("ports/99/enable", 0)
    write("ports/99/traddr", address)
    write("ports/99/insecure", insecure)
    write("ports/99/enable", 1)


# ---- the tests --------------------------------------------------------------------------------

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


def test_crypto(keys):
    a = Association()
    before = {name: stat(name) for name in ("ops", "sign", "verify", "encrypt", "decrypt", "errors", "bytes")}
    done = dict.fromkeys(before, 0)

    def op(*args, **kwargs):
        reply = a.op(*args, **kwargs)
        done["ops"] += 1
        done["bytes"] += len(args[2])
        name = {SIGN: "sign", VERIFY: "verify", ENCRYPT: "encrypt", DECRYPT: "decrypt"}[args[0]]
        done[name if reply.status in (OK, KEY_REJECTED) else "errors"] += 1
        return reply

    for key in keys:
        status, handle = a.open(key.der)
        same(status, OK, f"RSA-{key.bits}: KEY_OPEN")
        for name, number in HASHES.items():
            digest = hashlib.new(name, os.urandom(40)).digest()
            if key.bits < 8 * (len(digest) + 30):
                continue
            reply = op(SIGN, handle, digest, hash=number)
            check(reply.status == OK and reply.data == key.sign(name, digest),
                  f"RSA-{key.bits} {name}: the signature is OpenSSL's")
            good = op(VERIFY, handle, reply.data, digest, hash=number)
            same((good.status, good.data), (OK, b""), f"RSA-{key.bits} {name}: VERIFY of it")
            wrong = bytes([digest[0] ^ 1]) + digest[1:]
            same(op(VERIFY, handle, reply.data, wrong, hash=number).status, KEY_REJECTED,
                 f"RSA-{key.bits} {name}: VERIFY of another digest: KEY_REJECTED")
        text = os.urandom(20)
        same(op(DECRYPT, handle, key.encrypt(text), hash=NONE).data, text,
             f"RSA-{key.bits}: DECRYPT of what OpenSSL encrypted")
        status, public = a.open(key.pub_der, private=0)
        same(status, OK, f"RSA-{key.bits}: KEY_OPEN of the public key")
        reply = op(ENCRYPT, public, text, hash=NONE)
        same(key.decrypt(reply.data), text, f"RSA-{key.bits}: OpenSSL decrypts what ENCRYPT gave")
        number = int.from_bytes(text, "big")
        reply = op(ENCRYPT, public, text, padding=RAW, hash=NONE)
        same(int.from_bytes(reply.data, "big"), pow(number, key.e, key.n), f"RSA-{key.bits}: raw ENCRYPT")
        reply = op(DECRYPT, handle, reply.data, padding=RAW, hash=NONE)
        same(int.from_bytes(reply.data, "big"), number, f"RSA-{key.bits}: raw DECRYPT")
        check(op(SIGN, public, text[:20], hash=HASHES["sha1"]).status not in (OK, PROTOCOL, INTERNAL),
              f"RSA-{key.bits}: SIGN with a public key is refused")
        check(op(DECRYPT, handle, os.urandom(key.bits // 8 - 1), hash=NONE).status in
              (BAD_MESSAGE, INVALID), f"RSA-{key.bits}: DECRYPT of garbage is refused")
        same(op(SIGN, handle, text, room=8, hash=HASHES["sha1"]).status, OVERFLOW,
             f"RSA-{key.bits}: no room for the result: OVERFLOW")
        same(a.shut(public), OK, f"RSA-{key.bits}: KEY_CLOSE")
    after = {name: stat(name) - before[name] for name in before}
    same(after, done, "the pool's counters count each of them")
    a.close()


def test_ecdsa(rsa):
    a = Association(features=INLINE_KEY)
    offered, curves = (IDENTIFY_RSP.unpack(a.admin.ask(IDENTIFY).body)[i] for i in (0, 8))
    if not offered & 1 << ECDSA:
        check(False, "ECDSA is offered")
        a.close()
        return
    plain = {"algo": ECDSA, "padding": RAW, "hash": NONE}
    digest, other = hashlib.sha256(b"ecdsa").digest(), hashlib.sha256(b"other").digest()
    with tempfile.TemporaryDirectory() as folder:
        keys = {name: EcKey(folder, name) for name in EcKey.CURVES}
        for name, key in keys.items():
            if not curves & 1 << key.number:
                same(a.open(key.public, 0, ECDSA, key.number)[0], NOT_SUPPORTED, f"{name}, which is not offered")
                continue
            reply = a.admin.ask(KEY_OPEN, struct.pack("<BBBBI", ECDSA, 1, key.number, 0, len(key.private)), key.private)
            handle, longest, _ = struct.unpack("<QII", reply.body)
            same((reply.status, longest), (OK, key.longest), f"{name}: KEY_OPEN, and the longest signature")
            status, public = a.open(key.public, 0, ECDSA, key.number)
            same(status, OK, f"{name}: KEY_OPEN of the public key")
            wrong = []
            for length in (1, 20, 32, 48, 64):
                text = hashlib.sha512(name.encode()).digest()[:length]
                reply = a.op(SIGN, handle, text, **plain)
                if reply.status != OK or not key.signed(text, reply.data):
                    wrong.append(("sign", length, reply.status))
                for signature in (reply.data, key.sign(text)):
                    status = a.op(VERIFY, public, signature, text, **plain).status
                    if status != OK:
                        wrong.append(("verify", length, status))
            same(wrong, [], f"{name}: signatures are OpenSSL's, and verified")
            signature = key.sign(digest)
            same(a.op(VERIFY, public, signature, other, **plain).status, KEY_REJECTED,
                 f"{name}: VERIFY of another digest: KEY_REJECTED")
            same([a.op(opcode, handle, digest, **plain).status for opcode in (ENCRYPT, DECRYPT)], [NOT_SUPPORTED] * 2,
                 f"{name}: ENCRYPT and DECRYPT: NOT_SUPPORTED")
            same([a.op(SIGN, handle, digest, **{**plain, **change}).status for change in (
                {"padding": PKCS1}, {"hash": HASHES["sha256"]}, {"algo": 1})], [INVALID] * 3,
                 f"{name}: a padding, a hash, RSA: INVALID")
            same(a.op(SIGN, handle, digest, room=7, **plain).status, OVERFLOW, f"{name}: no room for the result: OVERFLOW")
            check(a.op(SIGN, public, digest, **plain).status not in (OK, PROTOCOL, INTERNAL),
                  f"{name}: SIGN with a public key is refused")
            reply = a.op_with_key(SIGN, key.private, digest, key_curve=key.number, **plain)
            check(reply.status == OK and key.signed(digest, reply.data), f"{name}: inline key: the signature is OpenSSL's")
            same(a.op_with_key(VERIFY, key.public, signature, digest, private=0, key_curve=key.number, **plain).status, OK,
                 f"{name}: inline key: VERIFY")
            same((a.shut(handle), a.shut(public)), (OK, OK), f"{name}: KEY_CLOSE")

        key = keys["P-256"]
        bad = [(keys["P-384"].private, 1), (keys["P-384"].public, 0), (key.public, 1), (key.private, 0), (key.private[:-1], 1),
               (key.public[:-1] + bytes([key.public[-1] ^ 1]), 0), (os.urandom(257), 1), (rsa.der, 1), (b"x", 0)]
        same({a.open(der, private, ECDSA, 3)[0] for der, private in bad}, {INVALID}, "what is no key of the curve: INVALID")
        same({a.op_with_key(SIGN, der, digest, private=private, key_curve=3, **plain).status for der, private in bad},
             {INVALID}, "inline key: likewise")
        same({a.open(key.public, 0, ECDSA, curve)[0] for curve in (0, 2, 6, 35, 255)}, {NOT_SUPPORTED}, "no such curve")
        same({a.op_with_key(VERIFY, key.public, key.sign(digest), digest, private=0, key_curve=curve, **plain).status
              for curve in (0, 2, 6, 35, 255)}, {NOT_SUPPORTED}, "inline key: likewise")
        _, handle = a.open(rsa.der)
        same(a.op(SIGN, handle, digest, **plain).status, INVALID, "an RSA key as ECDSA: INVALID")
        same(a.op(SIGN, handle, digest).status, OK, "the connection lived through all that")
    a.close()
    check(eventually(lambda: stat("keys") == 0), "no key is left")


def test_handles(key):
    a, b = Association(), Association()
    digest = bytes(32)
    status, handle = a.open(key.der)
    same((status, handle != 0), (OK, True), "handle is not 0")
    same(stat("keys"), 1, "one key is counted")
    same(b.op(SIGN, handle, digest).status, UNKNOWN_HANDLE, "another association's handle is unknown")
    same(a.op(SIGN, handle, digest).status, OK, "one's own works")
    same(a.shut(handle), OK, "KEY_CLOSE")
    same(a.shut(handle), UNKNOWN_HANDLE, "KEY_CLOSE again: UNKNOWN_HANDLE")
    same(a.op(SIGN, handle, digest).status, UNKNOWN_HANDLE, "a closed handle is unknown")
    status, again = a.open(key.der)
    check(status == OK and again != handle, "the slot is used again with another generation")
    same(a.op(SIGN, handle, digest).status, UNKNOWN_HANDLE, "the stale handle stays unknown")
    for value in (1, 2**32, 2**64 - 1, again + 1, again ^ (1 << 40)):
        same(a.op(SIGN, value, digest).status, UNKNOWN_HANDLE, f"handle {value:#x} is unknown")
    for der, text in ((key.der[:-1], "truncated key"), (b"\x30\x03\x02\x01\x01", "nonsense"),
                      (os.urandom(300), "random bytes"), (key.pub_der, "public key called private")):
        same(a.open(der)[0], INVALID, f"KEY_OPEN of {text}: INVALID")
    same(a.open(key.der, algo=2)[0], NOT_SUPPORTED, "KEY_OPEN of an algorithm the pool does not offer")
    same(a.open(key.der, curve=3)[0], INVALID, "KEY_OPEN of RSA with a curve: INVALID")
    a.close()
    b.close()
    check(eventually(lambda: stat("keys") == 0), "no key is left")
    with open("/sys/module/cof_target/parameters/max_keys", "r+", encoding="ascii") as file:
        old = file.read()
        file.seek(0)
        file.write("4")
        file.flush()
        c = Association()
        same([c.open(key.der)[0] for _ in range(6)], [OK] * 4 + [NO_KEY_ROOM] * 2,
             "max_keys=4: the fifth is refused NO_KEY_ROOM")
        c.close()
        file.seek(0)
        file.write(old)


def test_depth(key):
    a = Association(depth=4)
    same(a.depth, 4, "depth 4 granted")
    _, handle = a.open(key.der)
    body = io_body(SIGN, handle, bytes(32))
    for round_nr in range(50):
        for i in range(4):
            a.io.send(message(SIGN, body, bytes(32), tag=round_nr * 4 + i))
        tags = sorted(a.io.receive().tag for _ in range(4))
        assert tags == [round_nr * 4 + i for i in range(4)], tags
    check(True, "200 operations, 4 in flight, each answered once")
    a.io.send(b"".join(message(SIGN, body, bytes(32), tag=i) for i in range(64)))
    check(a.io.is_closed() and a.admin.is_closed(), "64 in flight where 4 were granted: the association ends")
    a.close()
    # who does not read: the target's memory is bounded, and nobody else is stalled
    b, c = Association(depth=4), Association()
    b.io.sock.settimeout(3)
    _, mine = c.open(key.der)
    flood = message(SIGN, io_body(SIGN, 99, bytes(32), hops=1), bytes(32)) * 1000
    try:
        for _ in range(200):
            b.io.send(flood)
    except (Closed, TimeoutError):
        pass
    same(c.op(SIGN, mine, bytes(32)).status, OK, "beside a peer that floods and never reads, others are served")
    b.close()
    c.close()


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


def test_violations(key):
    """Each ends the association, and only that."""
    good = Association(kato_ms=300000)
    _, handle = good.open(key.der)
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


def test_queries(key):
    """QUERY and ABORT: what is known of an operation."""
    a = Association(features=FEAT_ABORT | 1 << 60)
    same(a.features, FEAT_ABORT, "features: ABORT is granted, what nobody knows is not")
    _, handle = a.open(key.der)
    for opcode, name in ((QUERY, "QUERY"), (ABORT, "ABORT")):
        reply = a.io.ask(opcode, struct.pack("<Q", 4711))
        same((reply.status, reply.length), (UNKNOWN_HANDLE, 32), f"{name}: of an operation that never was")
        a.op(SIGN, handle, bytes(32))
        same(a.io.ask(opcode, struct.pack("<Q", a.io.tag)).status, UNKNOWN_HANDLE, f"{name}: of one that is answered")
    # Many at once, and after each a question: no answer may come after 'unknown'.
    body = io_body(SIGN, handle, bytes(32))
    seen, here, wrong = set(), 0, 0
    for tag in range(1000, 1004):   # answers for twice the depth: the target has no more buffers
        a.io.send(message(SIGN, body, bytes(32), tag=tag) +
                  message(QUERY, struct.pack("<Q", tag), tag=tag + 1000) +
                  message(ABORT, struct.pack("<Q", tag), tag=tag + 2000))
    for _ in range(12):
        reply = a.io.receive()
        if reply.opcode == SIGN:
            seen.add(reply.tag)
            wrong += reply.status not in (OK, ABORTED)
        elif reply.opcode == QUERY:
            here += reply.status == OK
            wrong += reply.status != OK and reply.tag - 1000 not in seen
    same((len(seen), wrong), (4, 0), f"operations asked after and aborted ({here} found): each is answered once")
    a.close()
    a = Association()
    same([a.io.ask(opcode, bytes(8)).status for opcode in (QUERY, ABORT)], [UNKNOWN_HANDLE] * 2,
         "QUERY, ABORT without the feature are answered, too")
    a.close()
    # What waits for its quota is given up: its place is free, and nothing is charged for it.
    quota = f"{CONFIG}/pools/ptest/quotas/phost"
    os.mkdir(quota)
    a = Association(depth=4)
    _, handle = a.open(key.der)
    write("pools/ptest/quotas/phost/ops_per_sec", 1)
    body = io_body(SIGN, handle, bytes(32))
    same(a.op(SIGN, handle, bytes(32)).status, OK, "one operation a second")
    rounds, start = 50, time.monotonic()
    for i in range(rounds):
        a.io.send(b"".join(message(SIGN, body, bytes(32), tag=100 + i) for i in range(4)) +
                  b"".join(message(ABORT, struct.pack("<Q", 100 + i), tag=1) for i in range(4)))
        got = sorted((reply.opcode, reply.status) for reply in (a.io.receive() for _ in range(8)))
        gone = got.count((SIGN, ABORTED))
        if got != [(SIGN, OK)] * (4 - gone) + [(SIGN, ABORTED)] * gone + [(ABORT, OK)] * 4 or gone < 3:
            check(False, f"round {i}: {got}")
            break
    took = time.monotonic() - start
    check(took < 0.25 * rounds, f"{4 * rounds} are aborted at once, {took:.2f} s (their quota: {4 * rounds} s)")
    same(a.op(SIGN, handle, bytes(32)).status, OK, "and the next one is computed")
    check(time.monotonic() - start < took + 3, "... after no longer than its own second")
    a.close()
    os.rmdir(quota)


def test_inline(keys):
    """Keys that come with their operation."""
    small = keys[0]
    digest = hashlib.sha256(b"inline").digest()
    a = Association(features=INLINE_KEY | FEAT_ABORT)
    same(a.features, INLINE_KEY | FEAT_ABORT, "inline keys: granted")
    before = {name: stat(name) for name in ("sign", "verify", "decrypt", "errors", "inline_keys")}
    for key in keys:
        text = f"inline key, RSA-{key.bits}"
        reply = a.op_with_key(SIGN, key.der, digest)
        check(reply.status == OK and reply.data == key.sign("sha256", digest), f"{text}: SIGN as OpenSSL")
        same(a.op_with_key(VERIFY, key.pub_der, reply.data, digest, private=0).status, OK, f"{text}: VERIFY")
        same(a.op_with_key(VERIFY, key.pub_der, reply.data, bytes(32), private=0).status, KEY_REJECTED,
             f"{text}: VERIFY of another digest: KEY_REJECTED")
        same(a.op_with_key(DECRYPT, key.der, key.encrypt(b"text"), hash=NONE).data, b"text", f"{text}: DECRYPT")
    n = len(keys)
    same({name: stat(name) - before[name] for name in before},
         {"sign": n, "verify": 2 * n, "decrypt": n, "errors": 0, "inline_keys": 4 * n},
         "inline keys: the pool's counters count each of them")
    same(stat("keys"), 0, "inline keys: none is open")
    for der, private, status, text in ((small.der[:-1], 1, INVALID, "a truncated key"), (b"x", 1, INVALID, "one byte"),
                                       (os.urandom(300), 1, INVALID, "random bytes"),
                                       (os.urandom(4096), 0, INVALID, "4096 random bytes"),
                                       (small.pub_der, 1, INVALID, "a public key called private"),
                                       (small.der, 0, INVALID, "a private key called public")):
        same(a.op_with_key(SIGN, der, digest, private=private).status, status, f"inline key: {text}: as KEY_OPEN")
        same(a.open(der, private=private)[0], status, f"... which says {status}")
    same(a.op_with_key(SIGN, small.der, digest, algo=2).status, NOT_SUPPORTED, "inline key: algo 2: NOT_SUPPORTED")
    same(a.op_with_key(SIGN, small.pub_der, digest, private=0).status == OK, False,
         "inline key: SIGN with a public key is refused")
    same(a.op_with_key(SIGN, small.der, digest, hops=2).status, LOOP, "inline key: hops 2: LOOP")
    same(a.op_with_key(SIGN, bytes(4097), digest).status, INVALID, "inline key: 4097 bytes: INVALID")
    same(a.op_with_key(SIGN, small.der, digest, private=2).status, INVALID, "inline key: key_private 2: INVALID")
    same(a.op_with_key(SIGN, small.der, digest, key_curve=3).status, INVALID, "inline key: RSA with a curve: INVALID")
    _, handle = a.open(small.der)
    body = io_body(SIGN, handle, digest, key_len=len(small.der), key_private=1)
    same(a.io.ask(SIGN, body, digest + small.der).status, INVALID, "a handle and a key: INVALID")
    same(a.op(SIGN, 0, digest).status, INVALID, "neither: INVALID")
    same(a.op(SIGN, handle, digest, key_private=1).status, INVALID, "a handle, key_private 1: INVALID")
    same(a.op(SIGN, handle, digest).status, OK, "the connection lived through all that")

    # with ABORT and QUERY right behind: one answer to each, and none after 'unknown'
    seen, wrong, found = {}, 0, 0
    body, data = inline(SIGN, keys[1].der, digest)
    for rnd in range(20):
        for i in range(4):
            tag = 1000 + 4 * rnd + i
            a.io.send(message(SIGN, body, data, tag=tag) +
                      message(rnd % 2 and ABORT or QUERY, struct.pack("<Q", tag), tag=tag + 10000))
        for _ in range(8):
            reply = a.io.receive()
            if reply.opcode == SIGN:
                wrong += reply.tag in seen or reply.status not in (OK, ABORTED)
                seen[reply.tag] = reply.status
            else:
                found += reply.status == OK
                wrong += reply.status != OK and reply.tag - 10000 not in seen
    same((len(seen), wrong), (80, 0), "80 inline keys, asked after or aborted: each is answered once "
         f"({found} found, {list(seen.values()).count(ABORTED)} aborted)")
    a.close()
    check(eventually(lambda: stat("keys") == 0 and stat("associations") == 0), "inline keys: nothing is left")

    a = Association()
    same((a.features, a.op_with_key(SIGN, small.der, digest).status), (0, NOT_SUPPORTED),
         "inline key without the feature: NOT_SUPPORTED")
    a.close()
    for bad, text in ((dict(key_len=0xffffffff), "key_len 4 GiB"), (dict(key_len=len(small.der) - 1), "key_len too small"),
                      (dict(key_len=len(small.der) + 1), "key_len too large"),
                      (dict(key_len=2**32 - len(small.der)), "lengths that wrap"), (dict(rsvd=b"x\0"), "reserved bytes")):
        a = Association(features=INLINE_KEY)
        body, data = inline(SIGN, small.der, digest, **bad)
        a.io.send(message(SIGN, body, data))
        check(a.io.is_closed() and a.admin.is_closed(), f"inline key: {text}: the association ends")
        a.close()
    # One more than may be in flight; a quota that is used up keeps them there.
    quota = f"{CONFIG}/pools/ptest/quotas/phost"
    os.mkdir(quota)
    write("pools/ptest/quotas/phost/ops_per_sec", 1)
    body, data = inline(SIGN, small.der, digest)
    for nr, lives in ((4, True), (5, False)):
        a = Association(features=INLINE_KEY | FEAT_ABORT)
        _, handle = a.open(small.der)
        a.op(SIGN, handle, digest)
        a.io.send(b"".join(message(SIGN, body, data, tag=i) for i in range(100, 100 + nr)))
        if lives:
            tag = 99 + nr
            time.sleep(0.2)     # until they are prepared
            a.io.send(message(ABORT, struct.pack("<Q", tag), tag=1) + message(QUERY, struct.pack("<Q", tag), tag=2))
            got = [(reply.opcode, reply.tag, reply.status) for reply in (a.io.receive() for _ in range(3))]
            same(got, [(SIGN, tag, ABORTED), (ABORT, 1, OK), (QUERY, 2, UNKNOWN_HANDLE)],
                 f"{nr} inline keys in flight; the last, which waits for the quota, is aborted")
        else:
            check(a.io.is_closed() and a.admin.is_closed(), f"{nr} inline keys in flight: the association ends")
        a.close()
    os.rmdir(quota)
    # Cut off, and closed while they are being prepared.
    raw = message(SIGN, *inline(SIGN, small.der, digest))
    for cut in (64, 65, 96, 97, len(raw) // 2, len(raw) - 1):
        a = Association(features=INLINE_KEY)
        a.io.send(raw[:cut])
        a.close()
    for i in range(40):
        a = Association(features=INLINE_KEY)
        a.io.send(raw * (1 + i % 4))
        (a.io if i % 2 else a.admin).close()
        a.close()
    check(eventually(lambda: stat("associations") == 0 and stat("keys") == 0),
          "connections that close while keys are prepared leave nothing behind")
    a = Association(features=INLINE_KEY)
    a.io.send(raw * 4)
    write("pools/ptest/enable", 0)
    write("pools/ptest/enable", 1)
    a.close()
    check(serves(small), "the pool is disabled while keys are prepared, and serves afterwards")


def test_digests(key):
    digest = hashlib.sha256(b"digests").digest()
    wanted = key.sign("sha256", digest)
    for digests in (HDR_CRC, DATA_CRC, HDR_CRC | DATA_CRC):
        a = Association(features=digests)
        same(a.features, digests, f"digests {digests}: granted")
        _, handle = a.open(key.der)
        reply = a.op(SIGN, handle, digest)
        same((reply.status, reply.data), (OK, wanted), f"digests {digests}: an operation")
        same(a.admin.ask(KEEP_ALIVE).status, OK, f"digests {digests}: a command")
        before = stat("crc_errors")
        raw = bytearray(digested(message(SIGN, io_body(SIGN, handle, digest), digest, tag=9), digests))
        raw[40 if digests & HDR_CRC else -1] ^= 1
        a.io.send(raw)
        check(a.io.is_refused(BAD_CRC) and a.admin.is_closed(),
              f"digests {digests}: a bit is wrong: DISCONNECT (BAD_CRC), the association ends")
        same(stat("crc_errors") - before, 1, f"digests {digests}: counted")
        a.close()
    a = Association(features=HDR_CRC | DATA_CRC)
    a.admin.send(message(KEEP_ALIVE, tag=3))
    check(a.admin.is_refused(BAD_CRC), "digests agreed on and missing: DISCONNECT (BAD_CRC)")
    a.close()
    a = Association(io=False)
    a.admin.send(digested(message(KEEP_ALIVE, tag=3), HDR_CRC))
    check(a.admin.is_refused(), "a digest that nobody agreed on: PROTOCOL")
    a.close()
    for value, features, status, granted in (("none", 3, OK, 0), ("data", 0, INVALID, None), ("data", 1, INVALID, None),
                                             ("data", 3, OK, 3), ("both", 3, OK, 3), ("any", 0, OK, 0)):
        write("ports/99/enable", 0)
        write("ports/99/digests", value)
        write("ports/99/enable", 1)
        a = Association(io=False, features=features)
        same((a.rsp.status, getattr(a, "features", None)), (status, granted),
             f"port's digests {value}, asked for {features}")
        a.close()


def test_draining(key):
    """The pool goes: EVENT first, then what is in flight is answered, then DISCONNECT."""
    a = Association()
    _, handle = a.open(key.der)
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


def test_truncation(key):
    """Every message cut at every length, then closed: nothing is answered, nothing is left."""
    whole = message(CONNECT, connect_body())
    for cut in range(0, len(whole), 1 if len(whole) < 300 else 7):
        conn = Conn()
        conn.send(whole[:cut])
        conn.close()
    a = Association(io=False)
    raw = message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, len(key.der)), key.der)
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
    _, mine = witness.open(key.der)
    digest = hashlib.sha256(b"x").digest()
    wanted = key.sign("sha256", digest)
    broken = served = 0
    a = None
    for i in range(count):
        if not a:
            a = Association(depth=64, features=FEAT_ABORT | INLINE_KEY)
            _, handle = a.open(key.der)
        kind = rng.randrange(4)
        try:
            if kind == 0:
                conn = Conn()
                conn.send(mutate(rng, message(CONNECT, connect_body())))
                conn.close()
            elif kind == 1:
                a.admin.send(mutate(rng, rng.choice((
                    message(IDENTIFY), message(KEEP_ALIVE), message(KEY_CLOSE, struct.pack("<Q", handle)),
                    message(KEY_OPEN, struct.pack("<BBHI", 1, 1, 0, len(key.der)), key.der)))))
            else:
                opcode = rng.choice((SIGN, VERIFY, ENCRYPT, DECRYPT, ABORT, QUERY))
                src = digest if opcode in (SIGN, ENCRYPT) else wanted
                extra = digest if opcode == VERIFY else b""
                if opcode >= ABORT:
                    raw = message(opcode, bytes(8))
                elif rng.random() < .2:
                    raw = message(opcode, *inline(opcode, key.der, src, extra))
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
    _, handle = a.open(key.der)
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


def test_flood(key, count):
    """More connections than there are places, and more associations than a host may have."""
    limit = 40
    before = parameter("max_conns", limit)
    witness = Association()
    _, mine = witness.open(key.der)
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
    _, handle = a.open(key.pub_der, private=0)
    conn = Conn.__new__(Conn)
    conn.sock, conn.tag, conn.digests, conn.events = sock, 0, 0, []
    fields = {"qid": 1, "queues": 0, "depth": 0, "kato_ms": 0, "cookie": a.cookie}
    same(conn.ask(CONNECT, connect_body(**fields)).status, OK, "segments of 88 bytes: connected")
    # Some are answered where they are received, some by a worker.
    number = bytes(range(1, 33))
    result = pow(int.from_bytes(number, "big"), key.e, key.n)
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
    _, handle = a.open(key.der)
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
                    status, handle = a.open(key.der)
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
    _, handle = a.open(key.der)
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


def main():
    count = int(os.environ.get("COUNT") or (20000 if os.environ.get("COF_SOAK") else 1000))
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    print(f"# {count} mutations, SEED={seed}")
    setup()
    with tempfile.TemporaryDirectory() as folder:
        keys = [Key(folder, bits) for bits in (1024, 2048, 4096)]
        small = keys[0]
        for test, args in ((test_handshake, ()), (test_crypto, (keys,)), (test_ecdsa, (small,)),
                           (test_handles, (small,)),
                           (test_depth, (small,)), (test_connect_refusals, ()),
                           (test_violations, (small,)), (test_queries, (small,)), (test_inline, (keys,)),
                           (test_digests, (small,)),
                           (test_draining, (small,)), (test_time_outs, ()), (test_truncation, (small,)),
                           (test_clear_text, ()),
                           (test_garbage, (small, count, random.Random(seed + 1))), (test_idle, (small,)),
                           (test_flood, (small, count)), (test_room, (small,)), (test_segments, (keys[2],)),
                           (test_mutations, (small, count, random.Random(seed))), (test_teardown, (small,))):
            start = time.monotonic()
            try:
                test(*args)
            except (Closed, OSError, AssertionError) as error:
                check(False, f"{test.__name__}: stopped: {type(error).__name__} {error}")
                print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"# {test.__name__}: {time.monotonic() - start:.1f} s", flush=True)
    print(f"1..{nr}")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
