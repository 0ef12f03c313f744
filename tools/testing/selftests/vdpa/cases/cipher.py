# SPDX-License-Identifier: GPL-2.0-only
"""cbc(aes): sessions, lengths, the stateless mode."""
import os
import time

from cases.operations import requires_revision_1
from tap import check, read, same
from vhost import (AES_CTR, BASE, CIPHER_CREATE, CIPHER_DECRYPT, CIPHER_ENCRYPT, CIPHER_STATELESS,
                   CONFIG, ERR, INVSESS, NEXT, NOTSUPP, OK, OP_CHAIN, REVISION_1, SIGN, WRITE,
                   behaves, openssl_cbc, stat, until)


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
    same(wrong, 0, f"{done} messages that bring their keys are as OpenSSL has them")
    same((stat("stateless") - before, stat("sessions_total"), stat("sessions")), (done, opened, 0),
          "they are counted, and no sessions")
    data = os.urandom(4096)
    right = openssl_cbc(secret, iv, data, False)
    cuts = [dev.cipher(CIPHER_ENCRYPT, 0, iv, data, cut, flag=0, key=secret)
            for cut in (0, 23, 24, 99, 100, 101, 131, 132, 133, 148, 149, 4000)]
    check(all(c == (OK, right) for c in cuts), "however the request is cut into descriptors")
    status, session = dev.cipher_open(secret)
    same((status, dev.cipher(CIPHER_ENCRYPT, session, iv, data, algo=0, keylen=0xffffffff, op=9)), (OK, (OK, right)),
          "sessions work as before")
    same(dev.cipher_close(session), OK, "and are closed")
    for text, wanted, change in (
            ("no key", ERR, {"key": b""}), ("a key of 17 bytes", ERR, {"key": bytes(17)}), ("a key of 4 GiB", ERR, {"keylen": 0xffffffff}),
            ("a key that takes the input's place", ERR, {"key": bytes(16), "keylen": 32}), ("another mode", NOTSUPP, {"algo": AES_CTR}),
            ("the other direction", NOTSUPP, {"op": 2}), ("chaining", NOTSUPP, {"op_type": OP_CHAIN})):
        same(dev.cipher(CIPHER_ENCRYPT, 0, iv, data, **{"flag": 0, "key": secret, **change})[0], wanted, f"a key in the request: {text}")
    readable = dev.cipher_request(CIPHER_ENCRYPT, 0, iv, data, flag=0, key=secret)[0]
    same({dev.request(dev.data, readable[:n] or b"\0", 4097)[1][4096] for n in range(148)}, {ERR}, "cut off anywhere before its input")
    dev.start()


def test_cipher(dev, key):
    """cbc(aes), judged by OpenSSL."""
    for revision in (0, REVISION_1):
        dev.start(revision)
        wrong = done = 0
        for bits in (128, 192, 256):
            secret = os.urandom(bits // 8)
            ids = [dev.cipher_open(secret, decrypt) for decrypt in (False, True)]
            same([status for status, _ in ids], [OK, OK], f"revision {revision}: sessions for AES-{bits}")
            for size in (16, 32, 4080, 4096, 4112, 8192, 60000 // 16 * 16):
                for decrypt, (_, session) in enumerate(ids):
                    iv, data = os.urandom(16), os.urandom(size)
                    status, out = dev.cipher(CIPHER_DECRYPT if decrypt else CIPHER_ENCRYPT, session, iv, data)
                    wrong += status != OK or out != openssl_cbc(secret, iv, data, decrypt)
                    done += 1
            if bits < 256:
                same([dev.cipher_close(session) for _, session in ids], [OK, OK], "which are closed")
        same(wrong, 0, f"revision {revision}: {done} messages of up to 60000 bytes are as OpenSSL has them")
    driver = read(f"{CONFIG}/stats/cipher_driver")
    check(driver and not driver.startswith("virtio"), f"which {driver} computes, no virtio crypto device's")
    (_, enc), (_, dec) = ids
    iv, data = os.urandom(16), os.urandom(4096)
    right = openssl_cbc(secret, iv, data, False)
    cuts = [dev.cipher(CIPHER_ENCRYPT, enc, iv, data, cut) for cut in (0, 1, 23, 24, 71, 72, 73, 87, 88, 89, 103, 4000)]
    check(all(c == (OK, right) for c in cuts), "however the request is cut into descriptors")
    same(dev.cipher(CIPHER_ENCRYPT, enc, iv, b""), (OK, b""), "nothing is a message, too")
    same(dev.cipher(CIPHER_ENCRYPT, enc, iv, data, room=5000), (OK, right), "with room to spare")
    before = stat("malformed")
    bad = {"without room": {"room": 4080}, "an IV of 15 bytes": {"iv_len": 15}, "an IV of 4 GiB": {"iv_len": 0xffffffff},
           "input longer than the request": {"src_len": 4112, "dst_len": 4112}, "half a block": {"src_len": 4088},
           "input of nearly 4 GiB": {"src_len": 0xfffffff0, "dst_len": 0xfffffff0},
           "output longer than the room": {"dst_len": 8192}}
    for text, change in bad.items():
        same(dev.cipher(CIPHER_ENCRYPT, enc, iv, data, **change)[0], ERR, f"a cipher's request: {text}")
    same(stat("malformed") - before, len(bad), "they are counted")
    for text, opcode, session, change, wanted in (
            ("the other direction", CIPHER_ENCRYPT, dec, {}, NOTSUPP), ("chaining", CIPHER_ENCRYPT, enc, {"op_type": 2}, NOTSUPP),
            ("without a session", CIPHER_ENCRYPT, enc, {"flag": 0}, NOTSUPP), ("an opcode of control", CIPHER_CREATE, enc, {}, NOTSUPP),
            ("another id", CIPHER_ENCRYPT, enc ^ 1 << 32, {}, INVSESS)):
        same(dev.cipher(opcode, session, iv, data, **change)[0], wanted, f"a cipher's request: {text}")
    same({dev.request(dev.data, dev.cipher_request(CIPHER_ENCRYPT, enc, iv, data)[0][:n] or b"\0", 4097)[1][4096]
           for n in range(88)}, {ERR}, "a cipher's request cut off anywhere in its header")
    status, rsa = dev.create(key.private)
    same(status, OK, "beside it a session of the other service")
    same((dev.cipher(CIPHER_ENCRYPT, rsa, iv, data)[0], dev.compute(SIGN, enc, bytes(32), key.bytes)[0]),
          (INVSESS, INVSESS), "the one's id is none for the other")
    same((dev.cipher_close(rsa), dev.destroy(enc)), (ERR, ERR), "nor is it closed by that")
    for text, wanted, change in (
            ("another mode", NOTSUPP, {"algo": AES_CTR}), ("chaining", NOTSUPP, {"op_type": OP_CHAIN}),
            ("no direction", NOTSUPP, {"op": 3}), ("no key", ERR, {"keylen": 0}), ("a key of 17 bytes", ERR, {"keylen": 17}),
            ("a key longer than the request", ERR, {"keylen": 32}), ("a key of 4 GiB", ERR, {"keylen": 0xffffffff}),
            ("no room for its id", None, {"room": 15})):
        same(dev.cipher_open(bytes(16), **change)[0], wanted, f"a cipher's session: {text}")
    same([dev.cipher_close(s) for s in (enc, dec)] + [dev.destroy(rsa)], [OK] * 3, "they are closed")
    same(stat("sessions"), 0, "no session is left")

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
    same((touched, wrong), (0, 0), "long messages in flight: memory is left alone at once, each is answered")
    dev.start()
    same(behaves(dev, key), "", "and it works")
