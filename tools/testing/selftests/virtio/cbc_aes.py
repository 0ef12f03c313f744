#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# needs: topology loop guest, modules cipher_check, programs openssl
# check: mainline, stable:guest, uml
# quick: uml
"""cbc(aes) on this machine's virtio crypto devices, judged by the kernel's software (cipher_check)
and, through AF_ALG, by OpenSSL.

Random keys, messages and IVs; then again while the device is taken away and given back: nothing
fails, nothing is wrong, and what is done after its return is done by the device. Speaks TAP.

COUNT  messages of each kind; a fifth of it, how often the device goes (default 10; 500 with COF_SOAK=1)
SEED   of their lengths (default: random, printed)
"""
import os
import random
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from tap import check, same  # noqa: E402

DRIVER = "virtio_crypto_aes_cbc"
BUS = "/sys/bus/virtio/drivers/virtio_crypto"
STATS = "/sys/kernel/debug/virtio_crypto"


def stats():
    return tap.counters(f"{STATS}/cipher")


def delta(before, after):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def openssl(key, iv, data, decrypt):
    return subprocess.run(["openssl", "enc", "-d" if decrypt else "-e", f"-aes-{8 * len(key)}-cbc", "-nopad", "-K",
                           key.hex(), "-iv", iv.hex()], input=data, capture_output=True, check=True).stdout


class Cipher:
    """A transform with a key."""

    def __init__(self, key):
        self.key = key
        self.tfm = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
        self.tfm.bind(("skcipher", DRIVER))
        self.tfm.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)

    def crypt(self, iv, data, decrypt):
        direction = socket.ALG_OP_DECRYPT if decrypt else socket.ALG_OP_ENCRYPT
        op, _ = self.tfm.accept()
        with op:
            op.sendmsg_afalg([data], op=direction, iv=iv)
            out = b""
            while len(out) < len(data):
                out += op.recv(len(data) - len(out))
        return out

    def close(self):
        self.tfm.close()


def selftest_passed():
    with open("/proc/crypto", encoding="ascii") as file:
        for entry in file.read().split("\n\n"):
            fields = {line.split(":", 1)[0].strip(): line.split(":", 1)[1].strip()
                      for line in entry.splitlines() if ":" in line}
            if fields.get("driver") == DRIVER:
                return fields["selftest"] == "passed"
    return False


def test_openssl(count, rng):
    """Through AF_ALG, which since 7.x takes no asynchronous cipher: where it does."""
    for size in (16, 24, 32):
        before = stats()
        cipher = Cipher(os.urandom(size))
        wrong = 0
        for _ in range(count):
            iv, data = os.urandom(16), os.urandom(16 * rng.choice((1, 2, 3, 8, 31, rng.randrange(1, 1025))))
            secret = cipher.crypt(iv, data, False)
            wrong += secret != openssl(cipher.key, iv, data, False)
            wrong += cipher.crypt(iv, secret, True) != data
        cipher.close()
        same(wrong, 0, f"AES-{8 * size}: {2 * count} messages are as OpenSSL has them")
        by_device(before, 2 * count, f"AES-{8 * size}")
    cipher = Cipher(bytes(range(16)))
    iv, data = os.urandom(16), os.urandom(4096)
    op, _ = cipher.tfm.accept()
    with op:
        op.sendmsg_afalg([data[:1000]], op=socket.ALG_OP_ENCRYPT, iv=iv, flags=socket.MSG_MORE)
        op.sendmsg([data[1000:]])
        same(op.recv(4096), openssl(cipher.key, iv, data, False), "in pieces, with the IV carried over")
    cipher.close()
    for text, key in (("of no size that is", bytes(17)), ("that is empty", b"")):
        try:
            Cipher(key).close()
            check(False, f"a key {text} is refused")
        except OSError:
            check(True, f"a key {text} is refused")


def by_device(before, least, text):
    done = delta(before, stats())
    check(done.pop("ops", 0) == done.pop("device", -1) >= least and not done,
          f"{text}: all by the device, {done or 'nothing'} else")


class Load:
    """The module that compares with the kernel's software."""

    def __init__(self, **options):
        subprocess.run(["modprobe", "cipher_check", f"driver={DRIVER}"] +
                       [f"{name}={value}" for name, value in options.items()], check=True)

    def counter(self, name):
        with open(f"/sys/module/cipher_check/parameters/{name}", encoding="ascii") as file:
            return int(file.read())

    def until(self, ops, seconds=300):
        end = time.monotonic() + seconds
        while self.counter("ops") < ops and time.monotonic() < end:
            time.sleep(0.1)
        return self.counter("ops") >= ops

    def end(self, text):
        """No more requests; what became of those there were."""
        with open("/sys/module/cipher_check/parameters/stop", "w", encoding="ascii") as file:
            file.write("1")
        while self.counter("busy"):
            time.sleep(0.05)
        counters = {name: self.counter(name) for name in ("ops", "errors", "wrong")}
        subprocess.run(["rmmod", "cipher_check"], check=True)
        same((counters["errors"], counters["wrong"]), (0, 0),
             f"{text}: {counters['ops']} operations, none failed, none differs from software's")
        return counters["ops"]


def test_software(count):
    """Every key size, random lengths and pieces, in place and not, IVs."""
    before = stats()
    load = Load(threads=3)
    check(load.until(6 * count), "it computes")
    ops = load.end("against the kernel's software")
    same(delta(before, stats()).get("ops"), ops, "each is counted")
    by_device(before, 6 * count, "against the kernel's software")


def devices():
    return sorted(name for name in os.listdir(BUS) if name.startswith("virtio"))


def tell(name, what):
    with open(f"{BUS}/{what}", "w", encoding="ascii") as file:
        file.write(name)


def live(name):
    end = time.monotonic() + 20
    while "state live" not in tap.read(f"{STATS}/{name}/stats").splitlines():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_away(cycles):
    """The device goes and comes; transforms, with their keys, stay."""
    name = devices()[0]
    before = stats()
    load = Load(threads=3, key_ops=0)
    for _ in range(cycles):
        time.sleep(0.3)
        tell(name, "unbind")
        time.sleep(0.3)
        tell(name, "bind")
        if not live(name):
            check(False, "the device is bound again")
    first = stats()
    check(load.until(load.counter("ops") + 200), "it computes in the end")
    # Their sessions are opened beside the operations, which do not wait for that.
    end = time.monotonic() + 20
    while (moved := delta(first, stats())).get("device", 0) <= 100 and time.monotonic() < end:
        time.sleep(0.1)
    check(moved.get("device", 0) > 100, f"by the device, with keys of before: {moved}")

    tell(name, "unbind")
    first = stats()
    check(load.until(load.counter("ops") + 200), "it computes without a device")
    moved = delta(first, stats())
    check(moved.get("sw_no_device", 0) > 100 and not moved.get("device"), f"in software: {moved}")
    tell(name, "bind")
    check(live(name), "the device is back")
    load.end(f"device unbound and bound {cycles + 1} times under load")
    moved = delta(before, stats())
    same(sum(moved.get(key, 0) for key in
             ("device", "sw_no_device", "sw_unsupported", "sw_device_error", "sw_no_room")), moved["ops"],
         "each of them once")
    same(moved.get("sw_device_error", 0), 0, "none because the device failed")
    same(moved.get("kat_run"), 2 * (cycles + 1), "known-answer tests each time")


def main():
    tap.need()
    count = int(os.environ.get("COUNT") or (500 if os.environ.get("COF_SOAK") == "1" else 10))
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    print(f"# SEED={seed}")
    subprocess.run(["modprobe", "-a", "virtio_crypto", "algif_skcipher"], check=True)
    try:
        check(selftest_passed(), f"{DRIVER} is registered and passed its self test")
        kats = stats()
        check(kats["kat_run"] >= 2 and not kats["kat_failed"], f"known-answer tests on the device: {kats['kat_run']}")
        try:
            Cipher(bytes(16)).close()
            test_openssl(count, random.Random(seed))
        except FileNotFoundError:
            print("# this kernel's AF_ALG takes no asynchronous cipher: compared with software alone")
        test_software(count)
        test_away(max(count // 5, 2))
    except Exception as error:     # pylint: disable=broad-except
        check(False, f"the test ended early: {type(error).__name__} {error}")
    return tap.end()


if __name__ == "__main__":
    raise SystemExit(main())
