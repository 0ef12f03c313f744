#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Project Wycheproof's vectors by way of keyctl(2), so on whatever computes RSA and ECDSA here.

wycheproof.py FOLDER [PLACE]

FOLDER has ecdsa_*_test.json, rsa_signature_*_test.json and rsa_pkcs1_*_test.json, as
https://github.com/C2SP/wycheproof has them (version 0: result, flags; and version 1), or the source of NSS
below gtests/common/wycheproof/source_vectors. PLACE is a class of asym_provider, for example cof-pool0:
its device must compute whatever is accepted. TAP: one line for each file. What is "valid" must be
accepted, what is "invalid" refused; "acceptable" may be either. Needs the module pkcs8_key_parser for
private keys.
"""
import ctypes
import errno
import hashlib
import json
import os
import struct
import sys

SYS_ADD_KEY, SYS_KEYCTL = 248, 250	# x86-64
KEYCTL_UNLINK, KEYCTL_PKEY_DECRYPT, KEYCTL_PKEY_VERIFY = 9, 26, 28
PROCESS_KEYRING = -2
HASHES = {"SHA-1": "sha1", "SHA-224": "sha224", "SHA-256": "sha256", "SHA-384": "sha384",
          "SHA-512": "sha512"}

libc = ctypes.CDLL(None, use_errno=True)


def syscall(*args):
    ret = libc.syscall(*args)
    return ret if ret >= 0 else -ctypes.get_errno()


def der(tag, *parts):
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else \
        bytes([0x80 + (len(body).bit_length() + 7) // 8]) + \
        len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + body


def certificate(spki):
    """The kernel takes public keys in certificates; who signed one does not matter to add_key(2)."""
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d01010b0500"))	# sha256WithRSAEncryption

    def name(text):
        return der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0c, text))))

    validity = der(0x30, der(0x17, b"200101000000Z"), der(0x17, b"491231235959Z"))
    tbs = der(0x30, der(0xa0, der(2, b"\2")), der(2, b"\1"), algorithm, name(b"issuer"), validity,
              name(b"subject"), spki)
    return der(0x30, tbs, algorithm, der(3, b"\0", b"\1" * 256))


def add_key(blob):
    return syscall(SYS_ADD_KEY, b"asymmetric", b"wycheproof", blob, ctypes.c_size_t(len(blob)),
                   PROCESS_KEYRING)


def pkey(what, key, info, data, other, room=None):
    params = struct.pack("=iII28x", key, len(data), len(other) if room is None else room)
    return syscall(SYS_KEYCTL, what, params, info, data, other)


def verify(key, info, digest, sig):
    return pkey(KEYCTL_PKEY_VERIFY, key, info, digest, sig)


def decrypt(key, data, size):
    out = ctypes.create_string_buffer(size)
    ret = pkey(KEYCTL_PKEY_DECRYPT, key, b"enc=pkcs1", data, out, size)
    return ret, out.raw[:max(ret, 0)]


def group_key(group):
    if "privateKeyPkcs8" in group:
        return add_key(bytes.fromhex(group["privateKeyPkcs8"]))
    return add_key(certificate(bytes.fromhex(group.get("publicKeyDer") or group["keyDer"])))


def ops_of(place):
    with open(f"/sys/kernel/debug/asym/{place}/stats", encoding="ascii") as stats:
        return dict((line.split()[0], int(line.split()[1])) for line in stats)


def keyctl_cannot_tell(test):
    """
    Two things that keyctl(2) of 6.12 and 7.3 does with the kernel's own software, too: a verification gets
    the longest signature's length whatever the caller said, so zeros behind a signature are not seen; and the
    length of an empty message is given as the key's.
    """
    if "sig" in test:
        sig = bytes.fromhex(test["sig"])
        length = 2 + sig[1] if len(sig) > 2 and sig[1] < 0x80 else 3 + sig[2] if len(sig) > 3 else 0
        return sig[:1] == b"\x30" and 0 < length < len(sig) and not any(sig[length:])
    return test["result"] == "valid" and not test["msg"]


def run(path):
    """Return: what was tested, what is wrong, vectors of other hashes, what the kernel accepted."""
    with open(path, encoding="utf-8") as file:
        groups = json.load(file)["testGroups"]
    tested, wrong, unsupported, taken = 0, [], 0, 0
    for group in groups:
        sha = group.get("sha")
        if sha and sha not in HASHES:
            unsupported += len(group["tests"])
            continue
        key = group_key(group)
        if key < 0:
            wrong += [f"key of test {group['tests'][0]['tcId']}: {errno.errorcode[-key]}"]
            continue
        for test in group["tests"]:
            tested += 1
            msg = bytes.fromhex(test["msg"])
            if sha:
                encoding = "pkcs1" if "rsa" in os.path.basename(path) else "x962"
                info = f"enc={encoding} hash={HASHES[sha]}".encode()
                digest = hashlib.new(HASHES[sha], msg).digest()
                err = verify(key, info, digest, bytes.fromhex(test["sig"]))
                good = err == 0
            else:
                size = int(group.get("keysize") or group["keySize"]) // 8
                err, plain = decrypt(key, bytes.fromhex(test["ct"]), size)
                good = err >= 0 and plain == msg
                if test["result"] == "invalid":
                    good = err >= 0
            taken += err >= 0
            if keyctl_cannot_tell(test) and err >= 0:
                continue
            if test["result"] != "acceptable" and good != (test["result"] == "valid"):
                wrong.append(f"{test['tcId']} ({test['comment']}): {test['result']}, kernel says "
                             f"{errno.errorcode[-err] if err < 0 else 'ok'}")
        syscall(SYS_KEYCTL, KEYCTL_UNLINK, key, PROCESS_KEYRING)
    return tested, wrong, unsupported, taken


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, place = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    files = sorted(f for f in os.listdir(folder)
                   if f.startswith(("ecdsa_", "rsa_signature_", "rsa_pkcs1_")) and f.endswith("_test.json"))
    number = failed = total = 0
    for file in files:
        before = ops_of(place) if place else {}
        tested, wrong, unsupported, taken = run(os.path.join(folder, file))
        total += tested
        number += 1
        for line in wrong[:20]:
            print(f"# {file}: {line}")
        said = f"{tested} vectors, {len(wrong)} wrong, {unsupported} of other hashes"
        good = not wrong and tested
        if place:
            after = ops_of(place)
            device = after["device"] - before["device"]
            said += f"; by {place}'s devices {device}, software {after['software'] - before['software']}"
            # What is malformed is refused before a device is asked, on 6.12 more of it than on 7.3.
            good = good and device >= taken > 0 and after["software"] == before["software"]
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} {file}: {said}", flush=True)
    print(f"# {total} vectors")
    print(f"1..{number}")
    sys.exit(1 if failed or not number else 0)


main()
