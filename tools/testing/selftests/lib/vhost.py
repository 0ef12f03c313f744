# SPDX-License-Identifier: GPL-2.0-only
"""A hand-made driver for a device of vdpa_crypto, through /dev/vhost-vdpa-N as QEMU would do it: rings in memory,
requests of virtio 1.3, 5.9 with struct. It has to behave only as far as a test makes it.
"""
import ctypes
import fcntl
import hashlib
import mmap
import os
import struct
import subprocess
import time

from tap import read, write

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


def stat(name, config=CONFIG):
    return int(read(f"{config}/stats/{name}"))


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


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
        write(f"{config}/{attribute}", value)
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
