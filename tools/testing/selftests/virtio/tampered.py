#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# needs: topology loop guest, programs keyctl openssl, keys 2048
# check: stable:guest
# soak: stable, uml
"""A PKCS #1 v1.5 ciphertext that was tampered with is one operation of the device, as a good one is,
and takes as long: it is not computed again by software. Good and tampered ones in turn, through
keyctl_pkey_decrypt(). What is asserted are the counters; times are printed.

COUNT  of each (default 50; 1000 with COF_SOAK=1)
"""
import ctypes
import errno
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from tap import check as verdict  # noqa: E402

KEYCTL_PKEY_DECRYPT = 26
SYS_KEYCTL = 250
KEY_BYTES = 256
DEBUG = Path("/sys/kernel/debug")

libc = ctypes.CDLL(None, use_errno=True)


class Params(ctypes.Structure):
    """struct keyctl_pkey_params"""
    _fields_ = [("key_id", ctypes.c_int32), ("in_len", ctypes.c_uint32),
                ("out_len", ctypes.c_uint32), ("spare", ctypes.c_uint32 * 7)]


def run(*args, **kwargs):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, **kwargs).stdout


def counters():
    values = {}
    for path in [DEBUG / "asym/virtio/stats", *DEBUG.glob("virtio_crypto/*/stats")]:
        prefix = "class" if "asym" in path.parts else "driver"
        for line in path.read_text().splitlines():
            name, value = line.split()
            if value.isdigit():
                name = f"{prefix}.{name}"
                values[name] = values.get(name, 0) + int(value)
    return values


def decrypt(key, data):
    """The message, or an errno; and the time in nanoseconds."""
    params = Params(key_id=key, in_len=len(data), out_len=KEY_BYTES)
    out = ctypes.create_string_buffer(KEY_BYTES)
    begin = time.monotonic_ns()
    ret = libc.syscall(SYS_KEYCTL, KEYCTL_PKEY_DECRYPT, ctypes.byref(params), b"enc=pkcs1", data, out)
    took = time.monotonic_ns() - begin
    return out.raw[:ret] if ret >= 0 else ctypes.get_errno(), took


def main():
    tap.need()
    soak = os.environ.get("COF_SOAK") == "1"
    count = int(os.environ.get("COUNT", 1000 if soak else 50))
    message = b"attack at dawn"
    pem = f"{tap.KEY_DIR}/2048.pem"

    with tempfile.TemporaryDirectory() as tmp:
        if not os.path.exists(pem):
            pem = f"{tmp}/key.pem"
            run("openssl", "genrsa", "-out", pem, "2048", stderr=subprocess.DEVNULL)
        der = run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", pem, "-outform", "DER")
        good = run("openssl", "pkeyutl", "-encrypt", "-inkey", pem, input=message)
        while True:
            # Below 2^2040, so below the modulus; and what it decrypts to is no padded message.
            tampered = b"\0" + os.urandom(KEY_BYTES - 1)
            block = run("openssl", "pkeyutl", "-decrypt", "-inkey", pem, "-pkeyopt",
                        "rsa_padding_mode:none", input=tampered)
            if block[:2] != b"\0\2":
                break
    run("modprobe", "pkcs8_key_parser")
    key = int(run("keyctl", "padd", "asymmetric", "tampered", "@u", input=der))
    run("keyctl", "setperm", str(key), "0x3f3f0000")

    verdict(decrypt(key, good)[0] == message, "a good ciphertext decrypts")
    verdict(decrypt(key, tampered)[0] == errno.EINVAL, "a tampered one is refused: EINVAL")

    before = counters()
    times, wrong = {good: [], tampered: []}, 0
    for _ in range(count):
        for data, want in ((good, message), (tampered, errno.EINVAL)):
            got, took = decrypt(key, data)
            wrong += got != want
            times[data].append(took)
    after = counters()
    delta = {name: after[name] - before.get(name, 0) for name in after}

    verdict(wrong == 0, f"{count} good and {count} tampered ones in turn: {wrong} wrong answers")
    for name, want in (("class.device", 2 * count), ("driver.requests", 2 * count),
                       ("class.software", 0), ("class.retried", 0), ("class.rechecked", 0),
                       ("class.failed", 0)):
        verdict(delta[name] == want, f"{name}: {delta[name]}, wanted {want}")
    medians = [statistics.median(times[data]) / 1000 for data in (good, tampered)]
    print(f"# medians of {count}: good {medians[0]:.0f} us, tampered {medians[1]:.0f} us, "
          f"{100 * (medians[1] / medians[0] - 1):+.1f} % (wanted: within 5 %)")
    run("keyctl", "unlink", str(key), "@u")
    return tap.end()


sys.exit(main())
