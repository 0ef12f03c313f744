# SPDX-License-Identifier: GPL-2.0-only
"""Keys and operations: results, limits of a queue, queries, keys inside requests, digests."""
import hashlib
import os
import struct
import tempfile
import time

from cases.malformed import serves
from cof import (ABORT, ABORTED, Association, BAD_CRC, BAD_MESSAGE, Closed, DATA_CRC, DECRYPT,
                 ECDSA, ENCRYPT, FEAT_ABORT, HASHES, HDR_CRC, IDENTIFY, IDENTIFY_RSP, INLINE_KEY,
                 INTERNAL, INVALID, KEEP_ALIVE, KEY_OPEN, KEY_REJECTED, LOOP, NONE, NOT_SUPPORTED,
                 NO_KEY_ROOM, OK, OVERFLOW, PKCS1, PROTOCOL, QUERY, RAW, SIGN, UNKNOWN_HANDLE,
                 VERIFY, digested, inline, io_body, message)
from keys import EcKey
from tap import check, eventually, same
from target import CONFIG, stat, write


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
        status, handle = a.open(key.private)
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
        status, public = a.open(key.public, private=0)
        same(status, OK, f"RSA-{key.bits}: KEY_OPEN of the public key")
        reply = op(ENCRYPT, public, text, hash=NONE)
        same(key.decrypt(reply.data), text, f"RSA-{key.bits}: OpenSSL decrypts what ENCRYPT gave")
        number = int.from_bytes(text, "big")
        reply = op(ENCRYPT, public, text, padding=RAW, hash=NONE)
        same(int.from_bytes(reply.data, "big"), pow(number, key.e, key.modulus), f"RSA-{key.bits}: raw ENCRYPT")
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
               (key.public[:-1] + bytes([key.public[-1] ^ 1]), 0), (os.urandom(257), 1), (rsa.private, 1), (b"x", 0)]
        same({a.open(der, private, ECDSA, 3)[0] for der, private in bad}, {INVALID}, "what is no key of the curve: INVALID")
        same({a.op_with_key(SIGN, der, digest, private=private, key_curve=3, **plain).status for der, private in bad},
             {INVALID}, "inline key: likewise")
        same({a.open(key.public, 0, ECDSA, curve)[0] for curve in (0, 2, 6, 35, 255)}, {NOT_SUPPORTED}, "no such curve")
        same({a.op_with_key(VERIFY, key.public, key.sign(digest), digest, private=0, key_curve=curve, **plain).status
              for curve in (0, 2, 6, 35, 255)}, {NOT_SUPPORTED}, "inline key: likewise")
        _, handle = a.open(rsa.private)
        same(a.op(SIGN, handle, digest, **plain).status, INVALID, "an RSA key as ECDSA: INVALID")
        same(a.op(SIGN, handle, digest).status, OK, "the connection lived through all that")
    a.close()
    check(eventually(lambda: stat("keys") == 0), "no key is left")


def test_handles(key):
    a, b = Association(), Association()
    digest = bytes(32)
    status, handle = a.open(key.private)
    same((status, handle != 0), (OK, True), "handle is not 0")
    same(stat("keys"), 1, "one key is counted")
    same(b.op(SIGN, handle, digest).status, UNKNOWN_HANDLE, "another association's handle is unknown")
    same(a.op(SIGN, handle, digest).status, OK, "one's own works")
    same(a.shut(handle), OK, "KEY_CLOSE")
    same(a.shut(handle), UNKNOWN_HANDLE, "KEY_CLOSE again: UNKNOWN_HANDLE")
    same(a.op(SIGN, handle, digest).status, UNKNOWN_HANDLE, "a closed handle is unknown")
    status, again = a.open(key.private)
    check(status == OK and again != handle, "the slot is used again with another generation")
    same(a.op(SIGN, handle, digest).status, UNKNOWN_HANDLE, "the stale handle stays unknown")
    for value in (1, 2**32, 2**64 - 1, again + 1, again ^ (1 << 40)):
        same(a.op(SIGN, value, digest).status, UNKNOWN_HANDLE, f"handle {value:#x} is unknown")
    for der, text in ((key.private[:-1], "truncated key"), (b"\x30\x03\x02\x01\x01", "nonsense"),
                      (os.urandom(300), "random bytes"), (key.public, "public key called private")):
        same(a.open(der)[0], INVALID, f"KEY_OPEN of {text}: INVALID")
    same(a.open(key.private, algo=2)[0], NOT_SUPPORTED, "KEY_OPEN of an algorithm the pool does not offer")
    same(a.open(key.private, curve=3)[0], INVALID, "KEY_OPEN of RSA with a curve: INVALID")
    a.close()
    b.close()
    check(eventually(lambda: stat("keys") == 0), "no key is left")
    with open("/sys/module/cof_target/parameters/max_keys", "r+", encoding="ascii") as file:
        old = file.read()
        file.seek(0)
        file.write("4")
        file.flush()
        c = Association()
        same([c.open(key.private)[0] for _ in range(6)], [OK] * 4 + [NO_KEY_ROOM] * 2,
             "max_keys=4: the fifth is refused NO_KEY_ROOM")
        c.close()
        file.seek(0)
        file.write(old)


def test_depth(key):
    a = Association(depth=4)
    same(a.depth, 4, "depth 4 granted")
    _, handle = a.open(key.private)
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
    _, mine = c.open(key.private)
    flood = message(SIGN, io_body(SIGN, 99, bytes(32), hops=1), bytes(32)) * 1000
    try:
        for _ in range(200):
            b.io.send(flood)
    except (Closed, TimeoutError):
        pass
    same(c.op(SIGN, mine, bytes(32)).status, OK, "beside a peer that floods and never reads, others are served")
    b.close()
    c.close()


def test_queries(key):
    """QUERY and ABORT: what is known of an operation."""
    a = Association(features=FEAT_ABORT | 1 << 60)
    same(a.features, FEAT_ABORT, "features: ABORT is granted, what nobody knows is not")
    _, handle = a.open(key.private)
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
    _, handle = a.open(key.private)
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
        reply = a.op_with_key(SIGN, key.private, digest)
        check(reply.status == OK and reply.data == key.sign("sha256", digest), f"{text}: SIGN as OpenSSL")
        same(a.op_with_key(VERIFY, key.public, reply.data, digest, private=0).status, OK, f"{text}: VERIFY")
        same(a.op_with_key(VERIFY, key.public, reply.data, bytes(32), private=0).status, KEY_REJECTED,
             f"{text}: VERIFY of another digest: KEY_REJECTED")
        same(a.op_with_key(DECRYPT, key.private, key.encrypt(b"text"), hash=NONE).data, b"text", f"{text}: DECRYPT")
    n = len(keys)
    same({name: stat(name) - before[name] for name in before},
         {"sign": n, "verify": 2 * n, "decrypt": n, "errors": 0, "inline_keys": 4 * n},
         "inline keys: the pool's counters count each of them")
    same(stat("keys"), 0, "inline keys: none is open")
    for der, private, status, text in ((small.private[:-1], 1, INVALID, "a truncated key"), (b"x", 1, INVALID, "one byte"),
                                       (os.urandom(300), 1, INVALID, "random bytes"),
                                       (os.urandom(4096), 0, INVALID, "4096 random bytes"),
                                       (small.public, 1, INVALID, "a public key called private"),
                                       (small.private, 0, INVALID, "a private key called public")):
        same(a.op_with_key(SIGN, der, digest, private=private).status, status, f"inline key: {text}: as KEY_OPEN")
        same(a.open(der, private=private)[0], status, f"... which says {status}")
    same(a.op_with_key(SIGN, small.private, digest, algo=2).status, NOT_SUPPORTED, "inline key: algo 2: NOT_SUPPORTED")
    same(a.op_with_key(SIGN, small.public, digest, private=0).status == OK, False,
         "inline key: SIGN with a public key is refused")
    same(a.op_with_key(SIGN, small.private, digest, hops=2).status, LOOP, "inline key: hops 2: LOOP")
    same(a.op_with_key(SIGN, bytes(4097), digest).status, INVALID, "inline key: 4097 bytes: INVALID")
    same(a.op_with_key(SIGN, small.private, digest, private=2).status, INVALID, "inline key: key_private 2: INVALID")
    same(a.op_with_key(SIGN, small.private, digest, key_curve=3).status, INVALID, "inline key: RSA with a curve: INVALID")
    _, handle = a.open(small.private)
    body = io_body(SIGN, handle, digest, key_len=len(small.private), key_private=1)
    same(a.io.ask(SIGN, body, digest + small.private).status, INVALID, "a handle and a key: INVALID")
    same(a.op(SIGN, 0, digest).status, INVALID, "neither: INVALID")
    same(a.op(SIGN, handle, digest, key_private=1).status, INVALID, "a handle, key_private 1: INVALID")
    same(a.op(SIGN, handle, digest).status, OK, "the connection lived through all that")

    # with ABORT and QUERY right behind: one answer to each, and none after 'unknown'
    seen, wrong, found = {}, 0, 0
    body, data = inline(SIGN, keys[1].private, digest)
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
    same((a.features, a.op_with_key(SIGN, small.private, digest).status), (0, NOT_SUPPORTED),
         "inline key without the feature: NOT_SUPPORTED")
    a.close()
    for bad, text in ((dict(key_len=0xffffffff), "key_len 4 GiB"), (dict(key_len=len(small.private) - 1), "key_len too small"),
                      (dict(key_len=len(small.private) + 1), "key_len too large"),
                      (dict(key_len=2**32 - len(small.private)), "lengths that wrap"), (dict(rsvd=b"x\0"), "reserved bytes")):
        a = Association(features=INLINE_KEY)
        body, data = inline(SIGN, small.private, digest, **bad)
        a.io.send(message(SIGN, body, data))
        check(a.io.is_closed() and a.admin.is_closed(), f"inline key: {text}: the association ends")
        a.close()
    # One more than may be in flight; a quota that is used up keeps them there.
    quota = f"{CONFIG}/pools/ptest/quotas/phost"
    os.mkdir(quota)
    write("pools/ptest/quotas/phost/ops_per_sec", 1)
    body, data = inline(SIGN, small.private, digest)
    for nr, lives in ((4, True), (5, False)):
        a = Association(features=INLINE_KEY | FEAT_ABORT)
        _, handle = a.open(small.private)
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
    raw = message(SIGN, *inline(SIGN, small.private, digest))
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
        _, handle = a.open(key.private)
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
