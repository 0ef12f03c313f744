#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# needs: root, modules vdpa_crypto vhost_vdpa, programs openssl
"""A hand-made driver for vdpa_crypto, through /dev/vhost-vdpa-N as QEMU would do it.

Shows that the device does what virtio 1.3, 5.9 says for drivers that behave, and that one which
does not harms nobody but itself: malformed chains and rings, memory that goes away, resets with
operations in flight, random bytes, removal while it is open. Signatures are judged by Python's
integers. Makes and removes the device 'hostile' (rsa-generic). Speaks TAP.

COUNT  rounds of random rings (default 60; COF_SOAK=1: 2000)
SEED   of these (default: random, printed)
"""
import ctypes
import fcntl
import hashlib
import mmap
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from eckey import EcKey  # noqa: E402

CONFIG = "/sys/kernel/config/vdpa_crypto/hostile"
BUS = "/sys/bus/vdpa"
NUM = 256                                   # entries of a ring
BASE = 0x10000000                           # where the guest believes its memory to be
SIZE = 1 << 20
PIECE = 0x10000                             # of it, mapped and unmapped as a whole
DATAQ, CTRLQ = 0, 2                         # of two data queues and the control queue

ACK, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET = 1, 2, 4, 8, 64
FEATURES = 1 << 32 | 1 << 33                # VERSION_1, ACCESS_PLATFORM
REVISION_1, CIPHER_STATELESS, STATELESS = 1 << 0, 1 << 1, 1 << 5      # of the crypto device
SESSION_MODE = 1
NEXT, WRITE, INDIRECT = 1, 2, 4
ENCRYPT, DECRYPT, SIGN, VERIFY, CREATE, DESTROY = range(0x400, 0x406)
RAW, PKCS1, SHA256 = 0, 1, 6
DSA, ECDSA = 2, 3                           # algorithms; RSA is 1
AES_CBC, AES_CTR = 3, 4                     # and of the service of ciphers
CIPHER_ENCRYPT, CIPHER_DECRYPT, CIPHER_CREATE, CIPHER_DESTROY = range(4)
OP_CIPHER, OP_CHAIN = 1, 2
CIPHER_MAX = 1 << 20                        # bytes of input
OK, ERR, BADMSG, NOTSUPP, INVSESS, NOSPC, KEY_REJECTED = range(7)
PUBLIC, PRIVATE = 1, 2
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def _ioc(direction, number, size):
    return direction << 30 | size << 16 | 0xAF << 8 | number


SET_OWNER = _ioc(0, 0x01, 0)
GET_FEATURES, SET_FEATURES = _ioc(2, 0x00, 8), _ioc(1, 0x00, 8)
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE = _ioc(1, 0x10, 8), _ioc(1, 0x11, 40), _ioc(1, 0x12, 8)
SET_VRING_KICK = _ioc(1, 0x20, 8)
SET_BACKEND_FEATURES = _ioc(1, 0x25, 8)
GET_STATUS, SET_STATUS = _ioc(2, 0x71, 1), _ioc(1, 0x72, 1)
GET_CONFIG = _ioc(2, 0x73, 8)               # and what follows the header
SET_VRING_ENABLE = _ioc(1, 0x75, 8)
GET_VRING_BASE = _ioc(3, 0x12, 8)
SET_CONFIG = _ioc(1, 0x74, 8)
SUSPEND = _ioc(0, 0x7D, 0)

results = []


def check(ok, text):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} {text}", flush=True)


def equal(got, wanted, text):
    check(got == wanted, text if got == wanted else f"{text}: {got}, wanted {wanted}")


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def stat(name, config=CONFIG):
    return int(read(f"{config}/stats/{name}"))


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


class Key:
    """An RSA key made by openssl."""

    def __init__(self, bits):
        with tempfile.TemporaryDirectory() as folder:
            pem = f"{tap.KEY_DIR}/{bits}.pem"       # made for this run: an emulated machine takes its time
            if not os.path.exists(pem):
                pem = f"{folder}/key"
                subprocess.run(["openssl", "genrsa", "-out", pem, str(bits)], check=True,
                               capture_output=True)
            self.private = subprocess.run(["openssl", "rsa", "-in", pem, "-traditional", "-outform", "DER"],
                                          check=True, capture_output=True).stdout
            self.public = subprocess.run(["openssl", "rsa", "-in", pem, "-RSAPublicKey_out", "-outform",
                                          "DER"], check=True, capture_output=True).stdout
            text = subprocess.run(["openssl", "rsa", "-in", pem, "-noout", "-modulus"], check=True,
                                  capture_output=True, text=True).stdout
        self.modulus = int(text.split("=")[1], 16)
        self.bytes = bits // 8

    def signed(self, digest, signature):
        block = pow(int.from_bytes(signature, "big"), 65537, self.modulus).to_bytes(self.bytes, "big")
        info = SHA256_INFO + digest
        return block == b"\0\1" + b"\xff" * (self.bytes - len(info) - 3) + b"\0" + info


class Ring:
    """A virtqueue in the guest's memory: descriptors, available ring, used ring."""

    def __init__(self, dev, index, offset):
        self.dev, self.index, self.offset = dev, index, offset
        self.avail, self.used = offset + 16 * NUM, offset + 16 * NUM + 0x1000
        self.kick_fd = os.eventfd(0)
        # struct writes and reads "<H" byte by byte, and the device looks on
        self.avail_index = ctypes.c_uint16.from_address(dev.address + self.avail + 2)
        self.used_index_now = ctypes.c_uint16.from_address(dev.address + self.used + 2)
        self.reset()

    def reset(self):
        self.next = 0
        self.seen = 0
        self.dev.mem[self.offset:self.offset + 0x3000] = bytes(0x3000)

    def setup(self):
        self.dev.ioctl(SET_VRING_NUM, struct.pack("<II", self.index, NUM))
        self.dev.ioctl(SET_VRING_ADDR, struct.pack("<IIQQQQ", self.index, 0, BASE + self.offset,
                                                   BASE + self.used, BASE + self.avail, 0))
        self.dev.ioctl(SET_VRING_BASE, struct.pack("<II", self.index, 0))
        self.dev.ioctl(SET_VRING_KICK, struct.pack("<Ii", self.index, self.kick_fd))
        self.dev.ioctl(SET_VRING_ENABLE, struct.pack("<II", self.index, 1))

    def desc(self, index, addr, length, flags=0, following=0):
        struct.pack_into("<QIHH", self.dev.mem, self.offset + 16 * index, addr & (1 << 64) - 1, length,
                         flags, following)

    def offer(self, head):
        struct.pack_into("<H", self.dev.mem, self.avail + 4 + 2 * (self.next % NUM), head)
        self.next = (self.next + 1) & 0xffff
        self.index_is(self.next)

    def index_is(self, index):
        self.avail_index.value = index

    def kick(self):
        os.write(self.kick_fd, struct.pack("<Q", 1))

    def used_index(self):
        return self.used_index_now.value

    def returned(self, seconds=10.0):
        """The next (head, bytes written) the device returned, or None."""
        if not until(lambda: self.used_index() != self.seen, seconds):
            return None
        entry = struct.unpack_from("<II", self.dev.mem, self.used + 4 + 8 * (self.seen % NUM))
        self.seen = (self.seen + 1) & 0xffff
        return entry

    def chain(self, parts, first=0):
        """parts: (address, length, flags), one descriptor each. Returns what came back."""
        for i, (addr, length, flags) in enumerate(parts):
            last = i == len(parts) - 1
            self.desc(first + i, addr, length, flags | (0 if last else NEXT), 0 if last else first + i + 1)
        self.offer(first)
        self.kick()
        return self.returned()


class Device:
    """The guest: memory at BASE, rings, buffers."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR)
        self.mem = mmap.mmap(-1, SIZE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.mem))
        self.ioctl(SET_OWNER)
        self.ioctl(SET_BACKEND_FEATURES, struct.pack("<Q", 1 << 1))     # IOTLB_MSG_V2
        self.rings = [Ring(self, i, 0x4000 * i) for i in range(3)]
        self.data, self.ctrl = self.rings[DATAQ], self.rings[CTRLQ]

    def ioctl(self, number, argument=None):
        if argument is None:
            return fcntl.ioctl(self.fd, number)
        return fcntl.ioctl(self.fd, number, argument)

    def close(self):
        os.close(self.fd)

    def iotlb(self, kind, iova, size, uaddr=0, perm=3):
        os.write(self.fd, struct.pack("<IIQQQBB38x", 2, 0, iova, size, uaddr, perm, kind))

    def map(self, offset=0, size=SIZE, perm=3):
        # in pieces: vhost_vdpa unmaps as it mapped
        for piece in range(offset, offset + size, PIECE):
            self.iotlb(2, BASE + piece, PIECE, self.address + piece, perm)

    def unmap(self, offset=0, size=SIZE):
        self.iotlb(3, BASE + offset, size)

    def status(self):
        return self.ioctl(GET_STATUS, b"\0")[0]

    def set_status(self, status):
        self.ioctl(SET_STATUS, bytes([status]))

    def hw_ready(self):
        return struct.unpack("<III", self.ioctl(GET_CONFIG, struct.pack("<III", 0, 4, 0)))[2]

    def start(self, features=0):
        self.features = FEATURES | features
        self.set_status(0)
        self.set_status(ACK | DRIVER)
        self.ioctl(SET_FEATURES, struct.pack("<Q", self.features))
        self.set_status(ACK | DRIVER | FEATURES_OK)
        for ring in self.rings:
            ring.reset()
            ring.setup()
        self.set_status(ACK | DRIVER | FEATURES_OK | DRIVER_OK)

    # buffers: 0x20000 read by the device, 0x40000 written by it
    def request(self, ring, readable, room, cut=None):
        """One request in two readable descriptors and a writable one; what came back, and the room."""
        self.mem[0x20000:0x20000 + len(readable)] = readable
        self.mem[0x40000:0x40000 + room] = b"\xa5" * room
        parts = [(BASE + 0x20000, len(readable), 0)]
        if cut is not None:
            parts = [(BASE + 0x20000, cut, 0), (BASE + 0x20000 + cut, len(readable) - cut, 0)]
        if room:
            parts.append((BASE + 0x40000, room, WRITE))
        back = ring.chain(parts)
        return back, bytes(self.mem[0x40000:0x40000 + room])

    def create(self, der, kind=PRIVATE, padding=PKCS1, hash_algo=SHA256, algo=1, keylen=None, room=16):
        req = struct.pack("<IIII", CREATE, 1, 0, 0) + struct.pack(
            "<IIIII36x", algo, kind, len(der) if keylen is None else keylen, padding, hash_algo) + der
        back, out = self.request(self.ctrl, req, room)
        if not back or back[1] != 16:
            return None, None
        session, status = struct.unpack("<QI", out[:12])
        return status, session

    def destroy(self, session):
        req = struct.pack("<IIIIQ", DESTROY, 1, 0, 0, session)
        if not self.features & REVISION_1:
            req += bytes(48)
        back, out = self.request(self.ctrl, req, 1)
        return out[0] if back and back[1] == 1 else None

    def cipher_open(self, key, decrypt=False, algo=AES_CBC, op_type=OP_CIPHER, op=None, keylen=None, room=16):
        req = struct.pack("<IIII", CIPHER_CREATE, algo, 0, 0) + struct.pack(
            "<IIII32xII", algo, len(key) if keylen is None else keylen, (2 if decrypt else 1) if op is None else op,
            0, op_type, 0) + key
        back, out = self.request(self.ctrl, req, room)
        if not back or back[1] != 16:
            return None, None
        session, status = struct.unpack("<QI", out[:12])
        return status, session

    def cipher_close(self, session, opcode=CIPHER_DESTROY):
        req = struct.pack("<IIIIQ", opcode, AES_CBC, 0, 0, session)
        if not self.features & REVISION_1:
            req += bytes(48)
        back, out = self.request(self.ctrl, req, 1)
        return out[0] if back and back[1] == 1 else None

    def cipher_request(self, opcode, session, iv, data, flag=SESSION_MODE, op_type=OP_CIPHER, room=None, **lies):
        """The bytes of a request, and what the device is to write."""
        room = len(data) if room is None else room
        head = struct.pack("<IIQII", opcode, AES_CBC, session, flag, 0)
        lengths = struct.pack("<III", lies.get("iv_len", len(iv)), lies.get("src_len", len(data)), lies.get("dst_len", room))
        if self.features & CIPHER_STATELESS:
            key = lies.get("key", b"")
            head += struct.pack("<III", lies.get("algo", AES_CBC), lies.get("keylen", len(key)),
                                lies.get("op", 2 if opcode == CIPHER_DECRYPT else 1))
            return head + lengths + struct.pack("<48xI", op_type) + key + iv + data, room
        return head + lengths + struct.pack("<28xII", op_type, 0) + iv + data, room

    def cipher(self, opcode, session, iv, data, cut=None, **change):
        readable, room = self.cipher_request(opcode, session, iv, data, **change)
        back, out = self.request(self.data, readable, room + 1, cut)
        if not back:
            return None, None
        return out[room], out[:back[1] - 1] if back[1] else None

    def header(self, opcode, session, src_len, dst_len, flag=SESSION_MODE, para=bytes(20)):
        head = struct.pack("<IIQII", opcode, 1, session, flag, 0)
        lengths = struct.pack("<II", src_len, dst_len)
        if self.features & STATELESS:
            return head + para + lengths
        return head + lengths + (b"" if self.features & REVISION_1 else bytes(40))

    def carry(self, opcode, der, src, room, kind=PRIVATE, padding=PKCS1, hash_algo=SHA256, algo=1, cut=None, **lies):
        """As compute(), with the key in the request; keylen, src_len and dst_len may be lies."""
        para = struct.pack("<IIIII", algo, kind, lies.get("keylen", len(der)), padding, hash_algo)
        head = self.header(opcode, 0, lies.get("src_len", len(src)), lies.get("dst_len", room), 0, para)
        back, out = self.request(self.data, head + der + src, room + 1, cut)
        if not back:
            return None, None
        return out[room], out[:back[1] - 1] if back[1] else None

    def compute(self, opcode, session, src, room, cut=None, **lies):
        head = self.header(opcode, session, lies.get("src_len", len(src)), lies.get("dst_len", room))
        back, out = self.request(self.data, head + src, room + 1, cut)
        if not back:
            return None, None
        return out[room], out[:back[1] - 1] if back[1] else None


def openssl_cbc(key, iv, data, decrypt):
    return subprocess.run(["openssl", "enc", "-d" if decrypt else "-e", f"-aes-{8 * len(key)}-cbc", "-nopad",
                           "-K", key.hex(), "-iv", iv.hex()], input=data, capture_output=True, check=True).stdout


def make_device(config=CONFIG, **values):
    """A device with these attributes, for vhost_vdpa; its file."""
    name = os.path.basename(config)
    if not os.path.isdir("/sys/kernel/config/vdpa_crypto"):
        raise RuntimeError("vdpa_crypto is not loaded")
    subprocess.run(["modprobe", "vhost_vdpa"], check=True)
    os.mkdir(config)
    for attribute, value in values.items():
        write(f"{config}/{attribute}", str(value))
    write(f"{config}/enable", "1")
    before = set(os.listdir("/dev"))
    driver = f"{BUS}/devices/{name}/driver"
    if os.path.exists(driver) and os.path.basename(os.readlink(driver)) != "vhost_vdpa":
        write(f"{driver}/unbind", name)
    write(f"{BUS}/devices/{name}/driver_override", "vhost_vdpa")
    if not os.path.exists(driver):
        write(f"{BUS}/drivers/vhost_vdpa/bind", name)
    names = [n for n in os.listdir(f"{BUS}/devices/{name}") if n.startswith("vhost-vdpa")]
    path = f"/dev/{names[0]}" if names else sorted(set(os.listdir("/dev")) - before)[0]
    until(lambda: os.path.exists(path))
    return path


def behaves(dev, key):
    """The sequence every other test ends with: nothing was harmed."""
    digest = hashlib.sha256(os.urandom(8)).digest()
    status, session = dev.create(key.private)
    if status != OK:
        return f"create: {status}"
    status, signature = dev.compute(SIGN, session, digest, key.bytes)
    if status != OK or not key.signed(digest, signature):
        return f"sign: {status}"
    status = dev.destroy(session)
    return "" if status == OK else f"destroy: {status}"


def test_good(dev, key):
    digest = hashlib.sha256(b"good").digest()
    equal(behaves(dev, key), "", "a driver that behaves: its signature is right")
    _, private = dev.create(key.private)
    _, public = dev.create(key.public, PUBLIC)
    _, signature = dev.compute(SIGN, private, digest, key.bytes)
    cuts = [dev.compute(SIGN, private, digest, key.bytes, cut)[1] for cut in (0, 1, 23, 24, 71, 72, 73, 103, 104)]
    check(all(s == signature for s in cuts), "however the request is cut into descriptors")
    equal(dev.compute(SIGN, private, digest, key.bytes + 300), (OK, signature), "with room to spare")
    equal(dev.compute(SIGN, private, digest, key.bytes - 1)[0], ERR, "without room it is an error")
    verify = signature + digest
    equal(dev.compute(VERIFY, public, verify, 0, src_len=key.bytes, dst_len=32)[0], OK, "it verifies")
    wrong = signature + hashlib.sha256(b"bad").digest()
    equal(dev.compute(VERIFY, public, wrong, 0, src_len=key.bytes, dst_len=32)[0], KEY_REJECTED,
          "another digest is rejected")
    # what QEMU's devices say, too; for BADMSG see test_stateless()
    equal(dev.compute(SIGN, public, digest, key.bytes)[0], ERR, "a public key does not sign")
    equal(dev.compute(SIGN, private ^ 1 << 32, digest, key.bytes)[0], INVSESS, "another id is no session")
    _, cipher = dev.compute(ENCRYPT, public, b"message", key.bytes)
    equal(dev.compute(DECRYPT, private, cipher, key.bytes), (OK, b"message"), "encrypted and decrypted")
    equal(dev.compute(DECRYPT, private, b"\1" * key.bytes, key.bytes)[0], ERR, "garbage is not decrypted")
    equal((dev.destroy(private), dev.destroy(public)), (OK, OK), "sessions are closed")


def test_sessions(dev, key):
    ids = [dev.create(key.public, PUBLIC) for _ in range(5)]
    equal([status for status, _ in ids], [OK] * 4 + [NOSPC], "a fifth session finds no room")
    equal(dev.destroy(ids[0][1]), OK, "one is closed")
    equal(dev.destroy(ids[0][1]), ERR, "only once")
    status, again = dev.create(key.public, PUBLIC)
    check(status == OK and again != ids[0][1], "there is room again, and the id is another")
    for session in [again] + [i for _, i in ids[1:4]]:
        dev.destroy(session)
    equal(stat("sessions"), 0, "no session is left")

    equal([dev.create(key.private, room=room)[0] for room in (0, 1, 15)], [None] * 3,
          "no session without room for its id")
    equal(dev.create(key.private, algo=DSA)[0], NOTSUPP, "no such algorithm")
    equal(dev.create(key.private, padding=2)[0], NOTSUPP, "no such padding")
    equal(dev.create(key.private, hash_algo=3)[0], NOTSUPP, "no such hash")
    equal(dev.create(key.private, keylen=len(key.private) + 1)[0], ERR, "a key longer than the request")
    equal(dev.create(key.private, keylen=0xffffffff)[0], ERR, "a key of 4 GiB")
    equal(dev.create(os.urandom(4097), keylen=4097)[0], ERR, "a key longer than any")
    step = max(1, len(key.private) // 97)
    equal({dev.create(key.private[:n])[0] for n in range(1, len(key.private), step)}, {ERR},
          "a key cut off anywhere")
    equal({dev.create(os.urandom(random.randrange(1, 600)))[0] for _ in range(30)}, {ERR}, "random keys")
    equal(stat("sessions"), 0, "none of these left a session behind")
    other = {opcode: dev.request(dev.ctrl, struct.pack("<I12x", opcode), 16)
             for opcode in (0x102, 0x202, 0x302, 0x502, 0x406, 0xffffffff)}
    equal({(back[1], struct.unpack_from("<I", out, 8)[0]) for back, out in other.values()}, {(16, NOTSUPP)},
          "no sessions of services that are not offered")
    other = {opcode: dev.request(dev.ctrl, struct.pack("<I12xQ", opcode, 1), 1) for opcode in (0x103, 0x203, 0x303)}
    equal({(back[1], out[0]) for back, out in other.values()}, {(1, ERR)}, "hence none to close")
    equal({dev.request(dev.ctrl, struct.pack("<I", CREATE) + bytes(n), 16)[1][8] for n in range(0, 68, 4)}, {ERR},
          "a request of control cut off anywhere")
    equal(behaves(dev, key), "", "and it works")


def test_negotiation(dev, key):
    """Features are fixed by FEATURES_OK; before that the device runs nothing, after that nothing changes them."""
    def setup(status, features=FEATURES):
        dev.features = features
        dev.set_status(0)
        dev.set_status(ACK | DRIVER)
        dev.ioctl(SET_FEATURES, struct.pack("<Q", features))
        for ring in dev.rings:
            ring.reset()
            ring.setup()
        dev.set_status(status)

    def answered():
        dev.ctrl.desc(0, BASE + 0x20000, 16, NEXT, 1)
        dev.ctrl.desc(1, BASE + 0x40000, 16, WRITE, 0)
        dev.ctrl.offer(0)
        dev.ctrl.kick()
        return dev.ctrl.returned(0.5) is not None

    setup(ACK | DRIVER | DRIVER_OK)
    equal(dev.status() & (FEATURES_OK | DRIVER_OK), 0, "no DRIVER_OK without FEATURES_OK")
    check(not answered(), "and nothing of a driver is read that did not set it")
    dev.ioctl(SET_FEATURES, struct.pack("<Q", FEATURES | REVISION_1 | STATELESS))
    check(not answered(), "whatever it sets then")

    setup(ACK | DRIVER)
    dev.set_status(ACK | DRIVER | FEATURES_OK | DRIVER_OK)
    check(not answered(), "a queue that was enabled before FEATURES_OK stays disabled")
    for ring in dev.rings:
        dev.ioctl(SET_VRING_ENABLE, struct.pack("<II", ring.index, 1))
    check(dev.ctrl.returned() or answered(), "and works when it is enabled after that")

    dev.start()
    try:
        dev.ioctl(SET_FEATURES, struct.pack("<Q", FEATURES | REVISION_1 | STATELESS))
        check(False, "features do not change after FEATURES_OK")
    except OSError:
        check(True, "features do not change after FEATURES_OK")
    equal(behaves(dev, key), "", "and those there were hold")


def requires_revision_1(dev, feature, text):
    dev.set_status(0)
    dev.set_status(ACK | DRIVER)
    try:
        dev.ioctl(SET_FEATURES, struct.pack("<Q", FEATURES | feature))
        check(False, text)
    except OSError:
        check(True, text)


def test_stateless(dev, key):
    """Requests that bring their key, and revision 1 of the others."""
    requires_revision_1(dev, STATELESS, "the stateless mode requires revision 1")
    digest = hashlib.sha256(b"stateless").digest()
    dev.start(REVISION_1)
    equal(behaves(dev, key), "", "revision 1: short requests, and the signature is right")
    _, session = dev.create(key.private)
    head = dev.header(SIGN, session, 32, key.bytes, flag=0)
    equal(dev.request(dev.data, head + digest, key.bytes + 1)[1][key.bytes], NOTSUPP,
          "revision 1: no request without a session")
    equal(dev.compute(DECRYPT, session, b"\1" * key.bytes, key.bytes)[0], BADMSG,
          "revision 1: garbage is not decrypted, and the device did not fail")

    dev.start(REVISION_1 | STATELESS)
    before = stat("stateless")
    equal(behaves(dev, key), "", "stateless mode: sessions work as before")
    opened = stat("sessions_total")
    status, signature = dev.carry(SIGN, key.private, digest, key.bytes)
    check(status == OK and key.signed(digest, signature), "stateless mode: the signature is right")
    cuts = [dev.carry(SIGN, key.private, digest, key.bytes, cut=cut)[1]
            for cut in (0, 23, 24, 51, 52, 53, 52 + len(key.private), 53 + len(key.private))]
    check(all(s == signature for s in cuts), "however the request is cut into descriptors")
    verify = signature + digest
    equal(dev.carry(VERIFY, key.public, verify, 0, PUBLIC, src_len=key.bytes, dst_len=32)[0], OK, "it verifies")
    wrong = signature + hashlib.sha256(b"bad").digest()
    equal(dev.carry(VERIFY, key.public, wrong, 0, PUBLIC, src_len=key.bytes, dst_len=32)[0], KEY_REJECTED,
          "another digest is rejected")
    equal(dev.carry(SIGN, key.public, digest, key.bytes, PUBLIC)[0], BADMSG, "a public key does not sign")
    equal((stat("stateless") - before, stat("sessions_total")), (12, opened), "they are counted, and no sessions")
    equal(stat("sessions"), 0, "none of them is a session")

    for text, wanted, changes in (
            ("no such algorithm", NOTSUPP, {"algo": DSA}), ("no such padding", NOTSUPP, {"padding": 2}),
            ("no such hash", NOTSUPP, {"hash_algo": 3}), ("no such kind of key", NOTSUPP, {"kind": 3}),
            ("raw padding does not sign", NOTSUPP, {"padding": RAW}), ("no key", ERR, {"keylen": 0}),
            ("a key longer than the request", ERR, {"keylen": len(key.private) + 33}),
            ("a key that takes the input's place", ERR, {"keylen": len(key.private) + 1}),
            ("a key of 4 GiB", ERR, {"keylen": 0xffffffff}), ("input of 4 GiB", ERR, {"src_len": 0xffffffff}),
            ("output longer than the room", ERR, {"dst_len": 4096})):
        equal(dev.carry(SIGN, key.private, digest, key.bytes, **changes)[0], wanted, f"stateless mode: {text}")
    equal(dev.carry(SIGN, os.urandom(4097), digest, key.bytes)[0], ERR, "stateless mode: a key longer than any")
    step = max(1, len(key.private) // 23)
    equal({dev.carry(SIGN, key.private[:n], digest, key.bytes)[0] for n in range(1, len(key.private), step)}, {ERR},
          "stateless mode: a key cut off anywhere")
    equal({dev.carry(SIGN, os.urandom(random.randrange(1, 600)), digest, key.bytes)[0] for _ in range(20)}, {ERR},
          "stateless mode: random keys")
    head = dev.header(SIGN, 0, 32, key.bytes, 0)
    equal({dev.request(dev.data, head[:n] or b"\0", 257)[1][256] for n in range(52)}, {ERR},
          "stateless mode: a header cut off anywhere")
    equal({dev.request(dev.data, struct.pack("<I20x", opcode), 17)[1][16]
           for opcode in (CREATE, 0x404, 0x4ff, 0x100, 0x200, 0x300, 0x301, 0x500, 0xffffffff)}, {NOTSUPP},
          "whatever else it says: operations that are none, or of services that are not offered")

    # reset while keys are being prepared
    for _ in range(5):
        for i in range(8):
            para = struct.pack("<IIIII", 1, PRIVATE, len(key.private), PKCS1, SHA256)
            readable = dev.header(SIGN, 0, 32, key.bytes, 0, para) + key.private + digest
            dev.mem[0x20000:0x20000 + len(readable)] = readable
            dev.data.desc(2 * i, BASE + 0x20000, len(readable), NEXT, 2 * i + 1)
            dev.data.desc(2 * i + 1, BASE + 0x40000, key.bytes + 1, WRITE)
            dev.data.offer(2 * i)
        dev.data.kick()
        dev.start(REVISION_1 | STATELESS)
    equal(behaves(dev, key), "", "stateless mode: reset with keys in flight, and it works")
    dev.start()
    equal(behaves(dev, key), "", "and without it again")


def test_cipher_stateless(dev):
    """cbc(aes) with the key in the request."""
    requires_revision_1(dev, CIPHER_STATELESS, "the stateless mode of ciphers requires revision 1")
    dev.start(REVISION_1 | CIPHER_STATELESS)
    before, opened = stat("stateless"), stat("sessions_total")
    wrong = done = 0
    for bits in (128, 192, 256):
        for size in (0, 16, 4096, 4112, 60000 // 16 * 16):
            for decrypt in (False, True):
                secret, iv, data = os.urandom(bits // 8), os.urandom(16), os.urandom(size)
                status, out = dev.cipher(CIPHER_DECRYPT if decrypt else CIPHER_ENCRYPT, 0, iv, data, flag=0, key=secret)
                wrong += status != OK or out != openssl_cbc(secret, iv, data, decrypt)
                done += 1
    equal(wrong, 0, f"{done} messages that bring their keys are as OpenSSL has them")
    equal((stat("stateless") - before, stat("sessions_total"), stat("sessions")), (done, opened, 0),
          "they are counted, and no sessions")
    data = os.urandom(4096)
    right = openssl_cbc(secret, iv, data, False)
    cuts = [dev.cipher(CIPHER_ENCRYPT, 0, iv, data, cut, flag=0, key=secret)
            for cut in (0, 23, 24, 99, 100, 101, 131, 132, 133, 148, 149, 4000)]
    check(all(c == (OK, right) for c in cuts), "however the request is cut into descriptors")
    status, session = dev.cipher_open(secret)
    equal((status, dev.cipher(CIPHER_ENCRYPT, session, iv, data, algo=0, keylen=0xffffffff, op=9)), (OK, (OK, right)),
          "sessions work as before")
    equal(dev.cipher_close(session), OK, "and are closed")
    for text, wanted, change in (
            ("no key", ERR, {"key": b""}), ("a key of 17 bytes", ERR, {"key": bytes(17)}), ("a key of 4 GiB", ERR, {"keylen": 0xffffffff}),
            ("a key that takes the input's place", ERR, {"key": bytes(16), "keylen": 32}), ("another mode", NOTSUPP, {"algo": AES_CTR}),
            ("the other direction", NOTSUPP, {"op": 2}), ("chaining", NOTSUPP, {"op_type": OP_CHAIN})):
        equal(dev.cipher(CIPHER_ENCRYPT, 0, iv, data, **{"flag": 0, "key": secret, **change})[0], wanted, f"a key in the request: {text}")
    readable = dev.cipher_request(CIPHER_ENCRYPT, 0, iv, data, flag=0, key=secret)[0]
    equal({dev.request(dev.data, readable[:n] or b"\0", 4097)[1][4096] for n in range(148)}, {ERR}, "cut off anywhere before its input")
    dev.start()


def test_cipher(dev, key):
    """cbc(aes), judged by OpenSSL."""
    for revision in (0, REVISION_1):
        dev.start(revision)
        wrong = done = 0
        for bits in (128, 192, 256):
            secret = os.urandom(bits // 8)
            ids = [dev.cipher_open(secret, decrypt) for decrypt in (False, True)]
            equal([status for status, _ in ids], [OK, OK], f"revision {revision}: sessions for AES-{bits}")
            for size in (16, 32, 4080, 4096, 4112, 8192, 60000 // 16 * 16):
                for decrypt, (_, session) in enumerate(ids):
                    iv, data = os.urandom(16), os.urandom(size)
                    status, out = dev.cipher(CIPHER_DECRYPT if decrypt else CIPHER_ENCRYPT, session, iv, data)
                    wrong += status != OK or out != openssl_cbc(secret, iv, data, decrypt)
                    done += 1
            if bits < 256:
                equal([dev.cipher_close(session) for _, session in ids], [OK, OK], "which are closed")
        equal(wrong, 0, f"revision {revision}: {done} messages of up to 60000 bytes are as OpenSSL has them")
    driver = read(f"{CONFIG}/stats/cipher_driver")
    check(driver and not driver.startswith("virtio"), f"which {driver} computes, no virtio crypto device's")
    (_, enc), (_, dec) = ids
    iv, data = os.urandom(16), os.urandom(4096)
    right = openssl_cbc(secret, iv, data, False)
    cuts = [dev.cipher(CIPHER_ENCRYPT, enc, iv, data, cut) for cut in (0, 1, 23, 24, 71, 72, 73, 87, 88, 89, 103, 4000)]
    check(all(c == (OK, right) for c in cuts), "however the request is cut into descriptors")
    equal(dev.cipher(CIPHER_ENCRYPT, enc, iv, b""), (OK, b""), "nothing is a message, too")
    equal(dev.cipher(CIPHER_ENCRYPT, enc, iv, data, room=5000), (OK, right), "with room to spare")
    before = stat("malformed")
    bad = {"without room": {"room": 4080}, "an IV of 15 bytes": {"iv_len": 15}, "an IV of 4 GiB": {"iv_len": 0xffffffff},
           "input longer than the request": {"src_len": 4112, "dst_len": 4112}, "half a block": {"src_len": 4088},
           "input of nearly 4 GiB": {"src_len": 0xfffffff0, "dst_len": 0xfffffff0},
           "output longer than the room": {"dst_len": 8192}}
    for text, change in bad.items():
        equal(dev.cipher(CIPHER_ENCRYPT, enc, iv, data, **change)[0], ERR, f"a cipher's request: {text}")
    equal(stat("malformed") - before, len(bad), "they are counted")
    for text, opcode, session, change, wanted in (
            ("the other direction", CIPHER_ENCRYPT, dec, {}, NOTSUPP), ("chaining", CIPHER_ENCRYPT, enc, {"op_type": 2}, NOTSUPP),
            ("without a session", CIPHER_ENCRYPT, enc, {"flag": 0}, NOTSUPP), ("an opcode of control", CIPHER_CREATE, enc, {}, NOTSUPP),
            ("another id", CIPHER_ENCRYPT, enc ^ 1 << 32, {}, INVSESS)):
        equal(dev.cipher(opcode, session, iv, data, **change)[0], wanted, f"a cipher's request: {text}")
    equal({dev.request(dev.data, dev.cipher_request(CIPHER_ENCRYPT, enc, iv, data)[0][:n] or b"\0", 4097)[1][4096]
           for n in range(88)}, {ERR}, "a cipher's request cut off anywhere in its header")
    status, rsa = dev.create(key.private)
    equal(status, OK, "beside it a session of the other service")
    equal((dev.cipher(CIPHER_ENCRYPT, rsa, iv, data)[0], dev.compute(SIGN, enc, bytes(32), key.bytes)[0]),
          (INVSESS, INVSESS), "the one's id is none for the other")
    equal((dev.cipher_close(rsa), dev.destroy(enc)), (ERR, ERR), "nor is it closed by that")
    for text, wanted, change in (
            ("another mode", NOTSUPP, {"algo": AES_CTR}), ("chaining", NOTSUPP, {"op_type": OP_CHAIN}),
            ("no direction", NOTSUPP, {"op": 3}), ("no key", ERR, {"keylen": 0}), ("a key of 17 bytes", ERR, {"keylen": 17}),
            ("a key longer than the request", ERR, {"keylen": 32}), ("a key of 4 GiB", ERR, {"keylen": 0xffffffff}),
            ("no room for its id", None, {"room": 15})):
        equal(dev.cipher_open(bytes(16), **change)[0], wanted, f"a cipher's session: {text}")
    equal([dev.cipher_close(s) for s in (enc, dec)] + [dev.destroy(rsa)], [OK] * 3, "they are closed")
    equal(stat("sessions"), 0, "no session is left")

    test_cipher_stateless(dev)

    # reset and lost memory with long messages in flight
    touched = wrong = 0
    for what in ("reset", "unmapped") * 3:
        dev.start()
        _, session = dev.cipher_open(secret)
        readable, _ = dev.cipher_request(CIPHER_ENCRYPT, session, iv, bytes(60000 // 16 * 16))
        dev.mem[0x20000:0x20000 + len(readable)] = readable
        dev.mem[0x60000:0x80000] = b"\xa5" * 0x20000
        for i in range(32):     # all write to the same place
            dev.data.desc(2 * i, BASE + 0x20000, len(readable), NEXT, 2 * i + 1)
            dev.data.desc(2 * i + 1, BASE + 0x60000, 60000 // 16 * 16 + 1, WRITE)
            dev.data.offer(2 * i)
        dev.data.kick()
        until(lambda: dev.data.used_index() >= 2)
        if what == "reset":
            dev.set_status(0)
        else:
            dev.unmap(0x60000, 0x20000)
        written = bytes(dev.mem[0x60000:0x80000])
        time.sleep(0.05)
        touched += bytes(dev.mem[0x60000:0x80000]) != written
        if what == "unmapped":
            dev.map(0x60000, 0x20000)
            wrong += not until(lambda: dev.data.used_index() == 32, 30)
    equal((touched, wrong), (0, 0), "long messages in flight: memory is left alone at once, each is answered")
    dev.start()
    equal(behaves(dev, key), "", "and it works")


def test_chains(dev, key):
    """Each is returned with nothing written, is counted, and the device goes on."""
    a, b = BASE + 0x20000, BASE + 0x40000
    head = dev.header(SIGN, 1, 32, 256)
    dev.mem[0x20000:0x20000 + len(head)] = head
    data = dev.data
    chains = {
        "a loop of one": [(a, 16, NEXT, 0)],
        "a loop of three": [(a, 16, NEXT, 1), (a, 16, NEXT, 2), (a, 16, NEXT, 0)],
        "a loop of empty buffers": [(a, 0, NEXT, 1), (a, 0, NEXT, 0)],
        "a next that is no descriptor": [(a, 16, NEXT, NUM)],
        "a next far away": [(a, 16, NEXT, 0xffff)],
        "readable after writable": [(b, 16, WRITE | NEXT, 1), (a, 72, 0, 0)],
        "an indirect table": [(a, 32, INDIRECT, 0)],
        "an indirect table that leads to itself": [(BASE + 0x4000 * DATAQ, 16, INDIRECT | NEXT, 0)],
        "an indirect table of no size": [(a, 0, INDIRECT, 0)],
        "nothing but empty buffers": [(a, 0, NEXT, 1), (b, 0, WRITE, 0)],
        "no room for a status": [(a, 104, 0, 0)],
        "memory that is not mapped": [(a, 104, NEXT, 1), (BASE + SIZE, 257, WRITE, 0)],
        "memory beyond what is mapped": [(a, 104, NEXT, 1), (BASE + SIZE - 16, 257, WRITE, 0)],
        "the last address and beyond": [((1 << 64) - 8, 16, NEXT, 1), (b, 257, WRITE, 0)],
        "4 GiB twice": [(a, 0xffffffff, NEXT, 1), (b, 0xffffffff, WRITE, 0)],
        "address 0": [(0, 104, NEXT, 1), (0, 257, WRITE, 0)],
    }
    for text, descs in chains.items():
        before = stat("malformed")
        for i, desc in enumerate(descs):
            data.desc(i, *desc)
        data.offer(0)
        data.kick()
        equal((data.returned(), stat("malformed") > before), ((0, 0), True), text)
    longest = [(a + i, 1, 0) for i in range(129)]
    equal(data.chain(longest + [(b, 257, WRITE)])[1], 0, "129 readable buffers")
    equal(data.chain([(a, 104, 0)] + [(b + i, 1, WRITE) for i in range(129)])[1], 0, "129 writable buffers")

    # there is room for a status: it says so
    status = {dev.request(data, head[:n] or b"\0", 257)[1][256] for n in range(72)}
    equal(status, {ERR}, "a header cut off anywhere")
    _, session = dev.create(key.private)
    for text, lies in {"input longer than the request": {"src_len": 33}, "input of 4 GiB": {"src_len": 0xffffffff},
                       "output longer than the room": {"dst_len": 4096},
                       "output of 4 GiB": {"dst_len": 0xffffffff}}.items():
        equal(dev.compute(SIGN, session, b"\1" * 32, 256, **lies)[0], ERR, text)
    equal(dev.compute(VERIFY, session, b"\1" * 32, 0, src_len=0xffffffff, dst_len=33)[0], ERR,
          "lengths whose sum wraps")
    equal(dev.compute(0x0, session, b"\1" * 32, 256)[0], NOTSUPP, "an opcode of another service")
    equal(dev.compute(CREATE, session, b"\1" * 32, 256)[0], NOTSUPP, "a control opcode")
    # 128 buffers of one byte for output and status; the signature is put together again
    digest = hashlib.sha256(b"bytes").digest()
    dev.mem[0x20000:0x20000 + 104] = dev.header(SIGN, session, 32, key.bytes) + digest
    n = key.bytes // 127
    sizes = [n] * 127 + [key.bytes + 1 - 127 * n]
    where = [b + 1024 * i for i in range(128)]
    back = data.chain([(a, 104, 0)] + [(w, s, WRITE) for w, s in zip(where, sizes)])
    out = b"".join(bytes(dev.mem[w - BASE:w - BASE + s]) for w, s in zip(where, sizes))
    check(back == (0, key.bytes + 1) and out[-1] == OK and key.signed(digest, out[:-1]),
          "128 writable buffers hold a right signature")
    equal(dev.destroy(session), OK, "the session is closed")

    # the device must not write where it may only read
    dev.unmap(0x50000, PIECE)
    dev.map(0x50000, PIECE, perm=1)
    dev.mem[0x50000:0x50100] = b"\x5a" * 256
    equal(data.chain([(a, 104, 0), (BASE + 0x50000, 200, WRITE)])[1], 0, "memory that is read-only")
    equal(bytes(dev.mem[0x50000:0x50100]), b"\x5a" * 256, "is not written")
    dev.unmap(0x50000, PIECE)
    dev.map(0x50000, PIECE)
    equal(dev.status() & NEEDS_RESET, 0, "the device is not broken by any of these")
    equal(behaves(dev, key), "", "and it works")


def test_rings(dev, key):
    """A ring that makes no sense breaks the device, until it is reset."""
    def broken(text, action):
        dev.start()
        action()
        dev.data.kick()
        check(until(lambda: dev.status() & NEEDS_RESET), f"{text}: the device needs a reset")
        equal(dev.hw_ready(), 0, "and does not say that it is ready")
        dev.start()
        equal(behaves(dev, key), "", "after which it works")

    broken("an index further ahead than the ring is long", lambda: dev.data.index_is(NUM + 1))
    broken("an index that goes back", lambda: dev.data.index_is(0xffff))
    broken("a head that is no descriptor", lambda: dev.data.offer(NUM))
    broken("a head far away", lambda: dev.data.offer(0xffff))

    def lose_rings():
        dev.unmap(0, 0x10000)
        dev.data.offer(0)
    dev.start()
    lose_rings()
    dev.data.kick()
    check(until(lambda: dev.status() & NEEDS_RESET), "rings that are not mapped: the device needs a reset")
    dev.map(0, 0x10000)
    dev.start()
    equal(behaves(dev, key), "", "after which it works")
    for text, args in {"no size": (0, 0), "a size that is no power of two": (0, 100)}.items():
        dev.set_status(0)
        try:
            dev.ioctl(SET_VRING_NUM, struct.pack("<II", 0, args[1]))
            dev.ioctl(SET_VRING_ENABLE, struct.pack("<II", 0, 1))
            accepted = True
        except OSError:
            accepted = False
        dev.data.kick()
        check(dev.status() == 0 or not accepted, f"a ring of {text} does nothing")
    dev.start()
    equal(behaves(dev, key), "", "and it works")


def flood(dev, session, key, count):
    """As many signatures as there are, each into its own place."""
    digest = hashlib.sha256(b"flood").digest()
    dev.mem[0x20000:0x20000 + 104] = dev.header(SIGN, session, 32, key.bytes) + digest
    dev.mem[0x60000:0x60000 + 1024 * count] = b"\xa5" * (1024 * count)
    for i in range(count):
        dev.data.desc(2 * i, BASE + 0x20000, 104, NEXT, 2 * i + 1)
        dev.data.desc(2 * i + 1, BASE + 0x60000 + 1024 * i, key.bytes + 1, WRITE, 0)
        dev.data.offer(2 * i)
    dev.data.kick()
    return digest


def test_in_flight(dev, key, rounds):
    """What is in flight when memory or the device goes: answered rightly or not at all."""
    count = min(100, 15 * rounds)
    for what in ("answered", "reset", "unmapped", "queue stopped"):
        wrong = touched = 0
        for _ in range(1 if what == "answered" else rounds):
            dev.start()
            _, session = dev.create(key.private)
            digest = flood(dev, session, key, count)
            if what == "answered":
                until(lambda: dev.data.used_index() == count, 60)
                equal(dev.data.used_index(), count, f"{count} at a time are answered, each once")
            else:
                until(lambda: dev.data.used_index() >= 2)
            if what == "reset":
                dev.set_status(0)
            elif what == "unmapped":
                dev.unmap(0x60000, 0x40000)
            elif what == "queue stopped":
                dev.ioctl(SET_VRING_ENABLE, struct.pack("<II", DATAQ, 0))
            done = bytes(dev.mem[0x60000:0x60000 + 1024 * count])
            time.sleep(0.05)
            touched += bytes(dev.mem[0x60000:0x60000 + 1024 * count]) != done and what != "answered"
            for i in range(count):
                slot = done[1024 * i:1024 * i + key.bytes + 1]
                if slot[-1] == OK:
                    wrong += not key.signed(digest, slot[:-1])
                elif slot[-1] != 0xa5 or what == "answered":
                    wrong += 1
            if what == "unmapped":
                dev.map(0x60000, 0x40000)
        equal(wrong, 0, f"{what}: no answer is wrong")
        if what != "answered":
            equal(touched, 0, f"{what}: memory is left alone at once")
    dev.start()
    equal(stat("sessions"), 0, "a reset closes sessions")
    equal(behaves(dev, key), "", "and it works")


def test_suspend(dev, key):
    """What was taken is answered, nothing more is taken, and the indices say so."""
    dev.start()
    _, session = dev.create(key.private)
    digest = flood(dev, session, key, 100)
    until(lambda: dev.data.used_index() >= 2)
    dev.ioctl(SUSPEND)
    used = dev.data.used_index()
    taken = struct.unpack("<II", dev.ioctl(GET_VRING_BASE, struct.pack("<II", DATAQ, 0)))[1]
    equal(taken, used, "suspended: as many taken as returned")
    dev.data.offer(0)
    dev.data.kick()
    time.sleep(0.05)
    equal(dev.data.used_index(), used, "suspended: nothing is taken any more")
    slots = [bytes(dev.mem[0x60000 + 1024 * i:0x60000 + 1024 * i + key.bytes + 1]) for i in range(100)]
    equal(sum(slot[-1] == OK and key.signed(digest, slot[:-1]) for slot in slots), used,
          "suspended: what was returned is right")
    dev.start()
    equal(behaves(dev, key), "", "and it works")


def test_random(dev, key, count, rng):
    """Anything in the rings, changed while the device reads it; then it still works."""
    for _ in range(count):
        dev.start()
        for ring in (dev.data, dev.ctrl):
            for i in range(NUM):
                ring.desc(i, BASE + rng.choice([0x20000, 0x40000, rng.randrange(SIZE), rng.getrandbits(40)]),
                          rng.choice([0, 1, 16, 72, 257, rng.randrange(4096), rng.getrandbits(32)]),
                          rng.choice([0, 0, NEXT, NEXT, NEXT, WRITE, WRITE | NEXT, rng.getrandbits(16)]),
                          rng.choice([i + 1, rng.randrange(NUM), rng.randrange(NUM), rng.getrandbits(16)]) & 0xffff)
            for _ in range(rng.randrange(64)):
                opcode = rng.choice([SIGN, ENCRYPT, DECRYPT, VERIFY, CREATE, DESTROY, rng.getrandbits(32),
                                     CIPHER_ENCRYPT, CIPHER_DECRYPT, CIPHER_CREATE, CIPHER_DESTROY])
                struct.pack_into("<I", dev.mem, 0x20000, opcode)
                ring.offer(rng.randrange(NUM))
            ring.kick()
        for _ in range(rng.randrange(20)):      # under the device's eyes
            offset = 0x4000 * rng.choice([DATAQ, CTRLQ]) + rng.randrange(16 * NUM)
            dev.mem[offset] = rng.getrandbits(8)
        if rng.randrange(4) == 0:
            dev.unmap(0x20000, 0x10000)
            dev.map(0x20000, 0x10000)
    dev.start()
    equal(behaves(dev, key), "", f"{count} rounds of random rings, and it works")


def test_removal(dev, key):
    """The administrator takes the device away while a virtual machine has it open."""
    dev.start()
    _, session = dev.create(key.private)
    equal(dev.hw_ready(), 1, "the device is ready")
    write(f"{CONFIG}/enable", "0")
    equal(dev.hw_ready(), 0, "it is being disabled: not ready any more")
    equal(dev.compute(SIGN, session, b"\1" * 32, key.bytes)[0], ERR, "it computes nothing")
    equal(dev.create(key.private)[0], ERR, "and takes no key")
    check(os.path.exists(f"{BUS}/devices/hostile"), "it is there while it is open")
    os.rmdir(CONFIG)
    check(not os.path.exists(CONFIG), "its folder is removed")
    equal(dev.compute(SIGN, session, b"\1" * 32, key.bytes)[0], ERR, "which changes nothing for the guest")
    dev.close()
    check(until(lambda: not os.path.exists(f"{BUS}/devices/hostile")), "it is gone once it is closed")


def test_ecdsa(dev, key):
    """Keys and signatures of ECDSA, with sessions and with the key in the request."""
    algos = struct.unpack("<12IQ", dev.ioctl(GET_CONFIG, struct.pack("<II", 0, 56) + bytes(56))[8:])[11]
    if not algos & 1 << ECDSA:
        check(False, "ECDSA is offered")
        return
    dev.start(REVISION_1 | STATELESS)

    def create(der, kind=PRIVATE, curve=3):
        return dev.create(der, kind, curve, 0, ECDSA)

    def carry(opcode, der, src, room, kind=PRIVATE, curve=3, **lies):
        return dev.carry(opcode, der, src, room, kind, curve, 0, ECDSA, **lies)

    digest, other = hashlib.sha256(b"ecdsa").digest(), hashlib.sha256(b"other").digest()
    with tempfile.TemporaryDirectory() as folder:
        keys = {name: EcKey(folder, name) for name in EcKey.CURVES}
        for name, ec in keys.items():
            status, public = create(ec.public, PUBLIC, ec.number)
            status, private = create(ec.private, PRIVATE, ec.number)
            equal(status, OK, f"{name}: sessions")
            wrong = []
            for length in (1, 20, 32, 48, 64):
                text = hashlib.sha512(name.encode()).digest()[:length]
                status, signature = dev.compute(SIGN, private, text, ec.longest)
                if status != OK or not ec.signed(text, signature):
                    wrong.append(("sign", length, status))
                for made in (signature, ec.sign(text)):
                    status = dev.compute(VERIFY, public, made + text, 0, src_len=len(made), dst_len=length)[0]
                    if status != OK:
                        wrong.append(("verify", length, status))
            equal(wrong, [], f"{name}: signatures are right, and verified")
            signature = ec.sign(digest)
            equal(dev.compute(VERIFY, public, signature + other, 0, src_len=len(signature), dst_len=32)[0], KEY_REJECTED,
                  f"{name}: another digest is rejected")
            equal([dev.compute(opcode, private, digest, ec.longest)[0] for opcode in (ENCRYPT, DECRYPT)], [NOTSUPP] * 2,
                  f"{name}: nothing is encrypted")
            status, signature = dev.compute(SIGN, private, digest, ec.longest + 300)
            check(status == OK and ec.signed(digest, signature), f"{name}: with room to spare")
            equal(dev.compute(SIGN, private, digest, 7)[0], ERR, f"{name}: without room it is an error")
            check(dev.compute(SIGN, public, digest, ec.longest)[0] in (BADMSG, ERR), f"{name}: a public key does not sign")
            status, signature = carry(SIGN, ec.private, digest, ec.longest, PRIVATE, ec.number)
            check(status == OK and ec.signed(digest, signature), f"{name}: stateless mode: the signature is right")
            equal(carry(VERIFY, ec.public, signature + digest, 0, PUBLIC, ec.number, src_len=len(signature), dst_len=32)[0],
                  OK, f"{name}: stateless mode: it verifies")
            equal(carry(ENCRYPT, ec.public, digest, ec.longest, PUBLIC, ec.number)[0], NOTSUPP,
                  f"{name}: stateless mode: nothing is encrypted")
            equal((dev.destroy(private), dev.destroy(public)), (OK, OK), f"{name}: sessions are closed")

        ec, signature = keys["P-256"], keys["P-256"].sign(digest)
        equal({create(ec.public, PUBLIC, curve)[0] for curve in (0, 2, 6, 32, 35, 0xffffffff)}, {NOTSUPP}, "no such curve")
        equal({create(der, kind)[0] for der, kind in (
            (keys["P-384"].private, PRIVATE), (keys["P-384"].public, PUBLIC), (ec.public, PRIVATE), (ec.private, PUBLIC),
            (key.private[:256], PRIVATE), (ec.public[:-1] + bytes([ec.public[-1] ^ 1]), PUBLIC), (b"\0", PUBLIC),
            (os.urandom(257), PRIVATE), (key.private, PRIVATE))}, {ERR}, "what is no key of the curve is refused")
        equal({create(ec.private[:n])[0] for n in range(1, len(ec.private))} |
              {create(ec.public[:n], PUBLIC)[0] for n in range(1, 65)}, {ERR}, "a key cut off anywhere")
        equal({create(os.urandom(random.randrange(1, 256)), random.choice((PUBLIC, PRIVATE)))[0] for _ in range(50)}, {ERR},
              "random keys")
        _, public = create(ec.public, PUBLIC)
        results_of = {dev.compute(VERIFY, public, bad + digest, 0, src_len=len(bad), dst_len=32)[0]
                      for bad in [signature[:n] for n in range(len(signature))] + [signature + b"\0", bytes(72), bytes(512)] +
                      [os.urandom(72) for _ in range(20)]}
        check(results_of <= {BADMSG, KEY_REJECTED}, f"what is no signature is none: {results_of}")
        equal(dev.compute(VERIFY, public, signature + digest, 0, src_len=len(signature), dst_len=32)[0], OK,
              "and what is one still is")
        equal(dev.destroy(public), OK, "its session is closed")
    equal(stat("sessions"), 0, "no session of ECDSA is left")
    dev.start()


def test_services(key):
    """Devices of one service: what the other's requests become."""
    for algorithms, services, offered, wanted in (
            ("rsa", 1 << 4, REVISION_1 | STATELESS, (0, 0, 2)),
            ("cbc(aes)", 1 << 0, REVISION_1 | CIPHER_STATELESS | STATELESS, (1 << AES_CBC, 32, 0))):
        dev = Device(make_device(drivers="rsa-generic", algorithms=algorithms))
        dev.map()
        dev.start()
        features = struct.unpack("<Q", dev.ioctl(GET_FEATURES, bytes(8)))[0]
        equal(features & 0xff, offered, f"only {algorithms}: feature bits of the device's kind")
        config = struct.unpack("<12IQ", dev.ioctl(GET_CONFIG, struct.pack("<II", 0, 56) + bytes(56))[8:])
        equal((config[1], config[12]), (2, 4096 + 2 * 512 if algorithms == "rsa" else (2 << 20) + 4096 + 2 * 512),
              "max_dataqueues and max_size")
        equal((config[2], (config[3], config[9], config[11]), any(config[4:9]), config[10]), (services, wanted, False, 0),
              f"only {algorithms}: its configuration has one service, and that one's algorithms")
        try:
            dev.ioctl(SET_CONFIG, struct.pack("<II", 0, 56) + bytes([0xa5]) * 56)
        except OSError:
            pass
        equal(struct.unpack("<12IQ", dev.ioctl(GET_CONFIG, struct.pack("<II", 0, 56) + bytes(56))[8:]), config,
              "what a driver writes to it counts for nothing")
        if algorithms == "rsa":
            equal((dev.cipher_open(bytes(16))[0], dev.cipher_close(0)), (NOTSUPP, ERR), "no session of a cipher, nor one to close")
            equal(dev.cipher(CIPHER_ENCRYPT, 0, bytes(16), bytes(16))[0], NOTSUPP, "nor a request for it")
            equal(behaves(dev, key), "", "signatures are right")
        else:
            equal((dev.create(key.private)[0], dev.destroy(0)), (NOTSUPP, ERR), "no session of RSA, nor one to close")
            equal(dev.compute(SIGN, 0, bytes(32), key.bytes)[0], NOTSUPP, "nor a request for it")
            status, session = dev.cipher_open(bytes(16))
            equal((status, dev.cipher(CIPHER_ENCRYPT, session, bytes(16), bytes(64))),
                  (OK, (OK, openssl_cbc(bytes(16), bytes(16), bytes(64), False))), "ciphertexts are right")
        dev.close()
        os.rmdir(CONFIG)
        check(until(lambda: not os.path.exists(f"{BUS}/devices/hostile")), "it is gone")
    os.mkdir(CONFIG)
    try:
        write(f"{CONFIG}/algorithms", "\n")
        write(f"{CONFIG}/enable", "1")
        check(False, "a device without a service cannot be enabled")
        write(f"{CONFIG}/enable", "0")
    except OSError:
        check(True, "a device without a service cannot be enabled")
    os.rmdir(CONFIG)


def main():
    tap.need()
    count = int(os.environ.get("COUNT", "2000" if os.environ.get("COF_SOAK") == "1" else "60"))
    seed = int(os.environ.get("SEED", random.SystemRandom().getrandbits(32)))
    print(f"# COUNT={count} SEED={seed}", flush=True)
    rng = random.Random(seed)
    random.seed(seed)
    dev = None
    try:
        subprocess.run(["modprobe", "vdpa_crypto"], check=True)
        key = Key(2048)
        dev = Device(make_device(drivers="rsa-generic", algorithms="rsa ecdsa cbc(aes)", max_sessions=4))
        dev.map()
        dev.start()
        test_good(dev, key)
        test_sessions(dev, key)
        test_negotiation(dev, key)
        test_stateless(dev, key)
        test_ecdsa(dev, key)
        test_cipher(dev, key)
        test_chains(dev, key)
        test_rings(dev, key)
        test_in_flight(dev, key, max(3, count // 100))
        test_suspend(dev, key)
        test_random(dev, key, count, rng)
        test_removal(dev, key)
        dev = None
        test_services(key)
    except Exception:
        for line in traceback.format_exc().splitlines():
            print(f"# {line}")
        check(False, "the test ended early")
        if os.path.isdir(CONFIG):
            if dev:
                dev.close()
            os.rmdir(CONFIG)
    print(f"1..{len(results)}")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
