# SPDX-License-Identifier: GPL-2.0-only
"""Chains and rings that make no sense, what is in flight when memory or the device goes, random rings."""
import hashlib
import struct
import time

from tap import check, same
from vhost import (BASE, CIPHER_CREATE, CIPHER_DECRYPT, CIPHER_DESTROY, CIPHER_ENCRYPT, CREATE,
                   CTRLQ, DATAQ, DECRYPT, DESTROY, ENCRYPT, ERR, GET_VRING_BASE, INDIRECT,
                   NEEDS_RESET, NEXT, NOTSUPP, NUM, OK, PIECE, SET_VRING_ENABLE, SET_VRING_NUM,
                   SIGN, SIZE, SUSPEND, VERIFY, WRITE, behaves, stat, until)


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
        same((data.returned(), stat("malformed") > before), ((0, 0), True), text)
    longest = [(a + i, 1, 0) for i in range(129)]
    same(data.chain(longest + [(b, 257, WRITE)])[1], 0, "129 readable buffers")
    same(data.chain([(a, 104, 0)] + [(b + i, 1, WRITE) for i in range(129)])[1], 0, "129 writable buffers")

    # there is room for a status: it says so
    status = {dev.request(data, head[:n] or b"\0", 257)[1][256] for n in range(72)}
    same(status, {ERR}, "a header cut off anywhere")
    _, session = dev.create(key.private)
    for text, lies in {"input longer than the request": {"src_len": 33}, "input of 4 GiB": {"src_len": 0xffffffff},
                       "output longer than the room": {"dst_len": 4096},
                       "output of 4 GiB": {"dst_len": 0xffffffff}}.items():
        same(dev.compute(SIGN, session, b"\1" * 32, 256, **lies)[0], ERR, text)
    same(dev.compute(VERIFY, session, b"\1" * 32, 0, src_len=0xffffffff, dst_len=33)[0], ERR,
          "lengths whose sum wraps")
    same(dev.compute(0x0, session, b"\1" * 32, 256)[0], NOTSUPP, "an opcode of another service")
    same(dev.compute(CREATE, session, b"\1" * 32, 256)[0], NOTSUPP, "a control opcode")
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
    same(dev.destroy(session), OK, "the session is closed")

    # the device must not write where it may only read
    dev.unmap(0x50000, PIECE)
    dev.map(0x50000, PIECE, perm=1)
    dev.mem[0x50000:0x50100] = b"\x5a" * 256
    same(data.chain([(a, 104, 0), (BASE + 0x50000, 200, WRITE)])[1], 0, "memory that is read-only")
    same(bytes(dev.mem[0x50000:0x50100]), b"\x5a" * 256, "is not written")
    dev.unmap(0x50000, PIECE)
    dev.map(0x50000, PIECE)
    same(dev.status() & NEEDS_RESET, 0, "the device is not broken by any of these")
    same(behaves(dev, key), "", "and it works")


def test_rings(dev, key):
    """A ring that makes no sense breaks the device, until it is reset."""
    def broken(text, action):
        dev.start()
        action()
        dev.data.kick()
        check(until(lambda: dev.status() & NEEDS_RESET), f"{text}: the device needs a reset")
        same(dev.hw_ready(), 0, "and does not say that it is ready")
        dev.start()
        same(behaves(dev, key), "", "after which it works")

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
    same(behaves(dev, key), "", "after which it works")
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
    same(behaves(dev, key), "", "and it works")


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
                same(dev.data.used_index(), count, f"{count} at a time are answered, each once")
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
        same(wrong, 0, f"{what}: no answer is wrong")
        if what != "answered":
            same(touched, 0, f"{what}: memory is left alone at once")
    dev.start()
    same(stat("sessions"), 0, "a reset closes sessions")
    same(behaves(dev, key), "", "and it works")


def test_suspend(dev, key):
    """What was taken is answered, nothing more is taken, and the indices say so."""
    dev.start()
    _, session = dev.create(key.private)
    digest = flood(dev, session, key, 100)
    until(lambda: dev.data.used_index() >= 2)
    dev.ioctl(SUSPEND)
    used = dev.data.used_index()
    taken = struct.unpack("<II", dev.ioctl(GET_VRING_BASE, struct.pack("<II", DATAQ, 0)))[1]
    same(taken, used, "suspended: as many taken as returned")
    dev.data.offer(0)
    dev.data.kick()
    time.sleep(0.05)
    same(dev.data.used_index(), used, "suspended: nothing is taken any more")
    slots = [bytes(dev.mem[0x60000 + 1024 * i:0x60000 + 1024 * i + key.bytes + 1]) for i in range(100)]
    same(sum(slot[-1] == OK and key.signed(digest, slot[:-1]) for slot in slots), used,
          "suspended: what was returned is right")
    dev.start()
    same(behaves(dev, key), "", "and it works")


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
    same(behaves(dev, key), "", f"{count} rounds of random rings, and it works")
