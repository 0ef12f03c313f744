# SPDX-License-Identifier: GPL-2.0-only
"""A driver that behaves, and keys and requests that do not: sessions, features, the stateless mode, ECDSA."""
import hashlib
import os
import random
import struct
import tempfile

from keys import EcKey
from tap import check, same
from vhost import (ACK, BADMSG, BASE, CREATE, DECRYPT, DRIVER, DRIVER_OK, DSA, ECDSA, ENCRYPT,
                   ERR, FEATURES, FEATURES_OK, GET_CONFIG, INVSESS, KEY_REJECTED, NEXT, NOSPC,
                   NOTSUPP, OK, PKCS1, PRIVATE, PUBLIC, RAW, REVISION_1, SET_FEATURES,
                   SET_VRING_ENABLE, SHA256, SIGN, STATELESS, VERIFY, WRITE, behaves, stat)


def test_good(dev, key):
    digest = hashlib.sha256(b"good").digest()
    same(behaves(dev, key), "", "a driver that behaves: its signature is right")
    _, private = dev.create(key.private)
    _, public = dev.create(key.public, PUBLIC)
    _, signature = dev.compute(SIGN, private, digest, key.bytes)
    cuts = [dev.compute(SIGN, private, digest, key.bytes, cut)[1] for cut in (0, 1, 23, 24, 71, 72, 73, 103, 104)]
    check(all(s == signature for s in cuts), "however the request is cut into descriptors")
    same(dev.compute(SIGN, private, digest, key.bytes + 300), (OK, signature), "with room to spare")
    same(dev.compute(SIGN, private, digest, key.bytes - 1)[0], ERR, "without room it is an error")
    verify = signature + digest
    same(dev.compute(VERIFY, public, verify, 0, src_len=key.bytes, dst_len=32)[0], OK, "it verifies")
    wrong = signature + hashlib.sha256(b"bad").digest()
    same(dev.compute(VERIFY, public, wrong, 0, src_len=key.bytes, dst_len=32)[0], KEY_REJECTED,
          "another digest is rejected")
    # what QEMU's devices say, too; for BADMSG see test_stateless()
    same(dev.compute(SIGN, public, digest, key.bytes)[0], ERR, "a public key does not sign")
    same(dev.compute(SIGN, private ^ 1 << 32, digest, key.bytes)[0], INVSESS, "another id is no session")
    _, cipher = dev.compute(ENCRYPT, public, b"message", key.bytes)
    same(dev.compute(DECRYPT, private, cipher, key.bytes), (OK, b"message"), "encrypted and decrypted")
    same(dev.compute(DECRYPT, private, b"\1" * key.bytes, key.bytes)[0], ERR, "garbage is not decrypted")
    same((dev.destroy(private), dev.destroy(public)), (OK, OK), "sessions are closed")


def test_sessions(dev, key):
    ids = [dev.create(key.public, PUBLIC) for _ in range(5)]
    same([status for status, _ in ids], [OK] * 4 + [NOSPC], "a fifth session finds no room")
    same(dev.destroy(ids[0][1]), OK, "one is closed")
    same(dev.destroy(ids[0][1]), ERR, "only once")
    status, again = dev.create(key.public, PUBLIC)
    check(status == OK and again != ids[0][1], "there is room again, and the id is another")
    for session in [again] + [i for _, i in ids[1:4]]:
        dev.destroy(session)
    same(stat("sessions"), 0, "no session is left")

    same([dev.create(key.private, room=room)[0] for room in (0, 1, 15)], [None] * 3,
          "no session without room for its id")
    same(dev.create(key.private, algo=DSA)[0], NOTSUPP, "no such algorithm")
    same(dev.create(key.private, padding=2)[0], NOTSUPP, "no such padding")
    same(dev.create(key.private, hash_algo=3)[0], NOTSUPP, "no such hash")
    same(dev.create(key.private, keylen=len(key.private) + 1)[0], ERR, "a key longer than the request")
    same(dev.create(key.private, keylen=0xffffffff)[0], ERR, "a key of 4 GiB")
    same(dev.create(os.urandom(4097), keylen=4097)[0], ERR, "a key longer than any")
    step = max(1, len(key.private) // 97)
    same({dev.create(key.private[:n])[0] for n in range(1, len(key.private), step)}, {ERR},
          "a key cut off anywhere")
    same({dev.create(os.urandom(random.randrange(1, 600)))[0] for _ in range(30)}, {ERR}, "random keys")
    same(stat("sessions"), 0, "none of these left a session behind")
    other = {opcode: dev.request(dev.ctrl, struct.pack("<I12x", opcode), 16)
             for opcode in (0x102, 0x202, 0x302, 0x502, 0x406, 0xffffffff)}
    same({(back[1], struct.unpack_from("<I", out, 8)[0]) for back, out in other.values()}, {(16, NOTSUPP)},
          "no sessions of services that are not offered")
    other = {opcode: dev.request(dev.ctrl, struct.pack("<I12xQ", opcode, 1), 1) for opcode in (0x103, 0x203, 0x303)}
    same({(back[1], out[0]) for back, out in other.values()}, {(1, ERR)}, "hence none to close")
    same({dev.request(dev.ctrl, struct.pack("<I", CREATE) + bytes(n), 16)[1][8] for n in range(0, 68, 4)}, {ERR},
          "a request of control cut off anywhere")
    same(behaves(dev, key), "", "and it works")


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
    same(dev.status() & (FEATURES_OK | DRIVER_OK), 0, "no DRIVER_OK without FEATURES_OK")
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
    same(behaves(dev, key), "", "and those there were hold")


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
    same(behaves(dev, key), "", "revision 1: short requests, and the signature is right")
    _, session = dev.create(key.private)
    head = dev.header(SIGN, session, 32, key.bytes, flag=0)
    same(dev.request(dev.data, head + digest, key.bytes + 1)[1][key.bytes], NOTSUPP,
          "revision 1: no request without a session")
    same(dev.compute(DECRYPT, session, b"\1" * key.bytes, key.bytes)[0], BADMSG,
          "revision 1: garbage is not decrypted, and the device did not fail")

    dev.start(REVISION_1 | STATELESS)
    before = stat("stateless")
    same(behaves(dev, key), "", "stateless mode: sessions work as before")
    opened = stat("sessions_total")
    status, signature = dev.carry(SIGN, key.private, digest, key.bytes)
    check(status == OK and key.signed(digest, signature), "stateless mode: the signature is right")
    cuts = [dev.carry(SIGN, key.private, digest, key.bytes, cut=cut)[1]
            for cut in (0, 23, 24, 51, 52, 53, 52 + len(key.private), 53 + len(key.private))]
    check(all(s == signature for s in cuts), "however the request is cut into descriptors")
    verify = signature + digest
    same(dev.carry(VERIFY, key.public, verify, 0, PUBLIC, src_len=key.bytes, dst_len=32)[0], OK, "it verifies")
    wrong = signature + hashlib.sha256(b"bad").digest()
    same(dev.carry(VERIFY, key.public, wrong, 0, PUBLIC, src_len=key.bytes, dst_len=32)[0], KEY_REJECTED,
          "another digest is rejected")
    same(dev.carry(SIGN, key.public, digest, key.bytes, PUBLIC)[0], BADMSG, "a public key does not sign")
    same((stat("stateless") - before, stat("sessions_total")), (12, opened), "they are counted, and no sessions")
    same(stat("sessions"), 0, "none of them is a session")

    for text, wanted, changes in (
            ("no such algorithm", NOTSUPP, {"algo": DSA}), ("no such padding", NOTSUPP, {"padding": 2}),
            ("no such hash", NOTSUPP, {"hash_algo": 3}), ("no such kind of key", NOTSUPP, {"kind": 3}),
            ("raw padding does not sign", NOTSUPP, {"padding": RAW}), ("no key", ERR, {"keylen": 0}),
            ("a key longer than the request", ERR, {"keylen": len(key.private) + 33}),
            ("a key that takes the input's place", ERR, {"keylen": len(key.private) + 1}),
            ("a key of 4 GiB", ERR, {"keylen": 0xffffffff}), ("input of 4 GiB", ERR, {"src_len": 0xffffffff}),
            ("output longer than the room", ERR, {"dst_len": 4096})):
        same(dev.carry(SIGN, key.private, digest, key.bytes, **changes)[0], wanted, f"stateless mode: {text}")
    same(dev.carry(SIGN, os.urandom(4097), digest, key.bytes)[0], ERR, "stateless mode: a key longer than any")
    step = max(1, len(key.private) // 23)
    same({dev.carry(SIGN, key.private[:n], digest, key.bytes)[0] for n in range(1, len(key.private), step)}, {ERR},
          "stateless mode: a key cut off anywhere")
    same({dev.carry(SIGN, os.urandom(random.randrange(1, 600)), digest, key.bytes)[0] for _ in range(20)}, {ERR},
          "stateless mode: random keys")
    head = dev.header(SIGN, 0, 32, key.bytes, 0)
    same({dev.request(dev.data, head[:n] or b"\0", 257)[1][256] for n in range(52)}, {ERR},
          "stateless mode: a header cut off anywhere")
    same({dev.request(dev.data, struct.pack("<I20x", opcode), 17)[1][16]
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
    same(behaves(dev, key), "", "stateless mode: reset with keys in flight, and it works")
    dev.start()
    same(behaves(dev, key), "", "and without it again")


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
            same(status, OK, f"{name}: sessions")
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
            same(wrong, [], f"{name}: signatures are right, and verified")
            signature = ec.sign(digest)
            same(dev.compute(VERIFY, public, signature + other, 0, src_len=len(signature), dst_len=32)[0], KEY_REJECTED,
                  f"{name}: another digest is rejected")
            same([dev.compute(opcode, private, digest, ec.longest)[0] for opcode in (ENCRYPT, DECRYPT)], [NOTSUPP] * 2,
                  f"{name}: nothing is encrypted")
            status, signature = dev.compute(SIGN, private, digest, ec.longest + 300)
            check(status == OK and ec.signed(digest, signature), f"{name}: with room to spare")
            same(dev.compute(SIGN, private, digest, 7)[0], ERR, f"{name}: without room it is an error")
            check(dev.compute(SIGN, public, digest, ec.longest)[0] in (BADMSG, ERR), f"{name}: a public key does not sign")
            status, signature = carry(SIGN, ec.private, digest, ec.longest, PRIVATE, ec.number)
            check(status == OK and ec.signed(digest, signature), f"{name}: stateless mode: the signature is right")
            same(carry(VERIFY, ec.public, signature + digest, 0, PUBLIC, ec.number, src_len=len(signature), dst_len=32)[0],
                  OK, f"{name}: stateless mode: it verifies")
            same(carry(ENCRYPT, ec.public, digest, ec.longest, PUBLIC, ec.number)[0], NOTSUPP,
                  f"{name}: stateless mode: nothing is encrypted")
            same((dev.destroy(private), dev.destroy(public)), (OK, OK), f"{name}: sessions are closed")

        ec, signature = keys["P-256"], keys["P-256"].sign(digest)
        same({create(ec.public, PUBLIC, curve)[0] for curve in (0, 2, 6, 32, 35, 0xffffffff)}, {NOTSUPP}, "no such curve")
        same({create(der, kind)[0] for der, kind in (
            (keys["P-384"].private, PRIVATE), (keys["P-384"].public, PUBLIC), (ec.public, PRIVATE), (ec.private, PUBLIC),
            (key.private[:256], PRIVATE), (ec.public[:-1] + bytes([ec.public[-1] ^ 1]), PUBLIC), (b"\0", PUBLIC),
            (os.urandom(257), PRIVATE), (key.private, PRIVATE))}, {ERR}, "what is no key of the curve is refused")
        same({create(ec.private[:n])[0] for n in range(1, len(ec.private))} |
              {create(ec.public[:n], PUBLIC)[0] for n in range(1, 65)}, {ERR}, "a key cut off anywhere")
        same({create(os.urandom(random.randrange(1, 256)), random.choice((PUBLIC, PRIVATE)))[0] for _ in range(50)}, {ERR},
              "random keys")
        _, public = create(ec.public, PUBLIC)
        results_of = {dev.compute(VERIFY, public, bad + digest, 0, src_len=len(bad), dst_len=32)[0]
                      for bad in [signature[:n] for n in range(len(signature))] + [signature + b"\0", bytes(72), bytes(512)] +
                      [os.urandom(72) for _ in range(20)]}
        check(results_of <= {BADMSG, KEY_REJECTED}, f"what is no signature is none: {results_of}")
        same(dev.compute(VERIFY, public, signature + digest, 0, src_len=len(signature), dst_len=32)[0], OK,
              "and what is one still is")
        same(dev.destroy(public), OK, "its session is closed")
    same(stat("sessions"), 0, "no session of ECDSA is left")
    dev.start()
