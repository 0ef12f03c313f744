#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""cbc(aes) on this machine's virtio crypto devices, through AF_ALG, judged by OpenSSL.

Random keys, messages and IVs; then again while the device is taken away and given back: nothing
fails, nothing is wrong, and what is done after its return is done by the device. Speaks TAP.

COUNT  messages of each key size (default 20; 500 with COF_SOAK=1)
SEED   of their lengths (default: random, printed)
"""
import os
import random
import socket
import subprocess
import threading
import time

DRIVER = "virtio_crypto_aes_cbc"
BUS = "/sys/bus/virtio/drivers/virtio_crypto"
STATS = "/sys/kernel/debug/virtio_crypto"

nr = bad = 0


def check(fact, text):
    global nr, bad
    nr += 1
    bad += not fact
    print(f"{'ok' if fact else 'not ok'} {nr} {text}", flush=True)


def same(actual, wanted, text):
    check(actual == wanted, text if actual == wanted else f"{text}: {actual!r}, wanted {wanted!r}")


def read(path):
    with open(path, encoding="ascii") as file:
        return dict(line.split(None, 1) for line in file.read().splitlines() if " " in line)


def stats():
    return {name: int(value) for name, value in read(f"{STATS}/cipher").items()}


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


def test_vectors(count, rng):
    """As OpenSSL has it: every key size, lengths of 1 to 1024 blocks, in two pieces, too."""
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
        done = delta(before, stats())
        check(done.pop("ops", 0) == done.pop("device", -1) >= 2 * count and not done,
              f"AES-{8 * size}: all of them by the device, {done or 'nothing'} else")
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


def devices():
    return sorted(name for name in os.listdir(BUS) if name.startswith("virtio"))


def tell(name, what):
    with open(f"{BUS}/{what}", "w", encoding="ascii") as file:
        file.write(name)


def live(name):
    end = time.monotonic() + 20
    while read(f"{STATS}/{name}/stats")["state"].strip() != "live":
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_away():
    """The device goes and comes, transforms stay."""
    name = devices()[0]
    cipher = Cipher(os.urandom(32))
    iv, data = os.urandom(16), os.urandom(8192)
    wanted = openssl(cipher.key, iv, data, False)
    stop = threading.Event()
    done, wrong = [], []

    def load():
        mine = Cipher(cipher.key)
        while not stop.is_set():
            try:
                if mine.crypt(iv, data, False) != wanted or mine.crypt(iv, wanted, True) != data:
                    wrong.append("a wrong result")
            except OSError as error:
                wrong.append(str(error))
            done.append(None)
        mine.close()

    before = stats()
    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.3)
        tell(name, "unbind")
        time.sleep(0.3)
        tell(name, "bind")
        check(live(name), "the device is unbound and bound under load")
    stop.set()
    for thread in threads:
        thread.join()
    same(wrong, [], f"{2 * len(done)} messages meanwhile: none failed, none is wrong")
    moved = delta(before, stats())
    check(moved.get("device", 0) > 0 and moved.get("sw_no_device", 0) > 0,
          f"some by the device, some by software: {moved}")
    same(sum(moved.get(key, 0) for key in ("device", "sw_no_device", "sw_unsupported", "sw_device_error", "sw_no_room")),
         moved["ops"], "each of them once")

    tell(name, "unbind")
    before = stats()
    same(cipher.crypt(iv, data, False), wanted, "without a device")
    moved = delta(before, stats())
    check(moved["sw_no_device"] == moved["ops"], f"is computed in software: {moved}")
    tell(name, "bind")
    check(live(name), "the device is back")

    def again():
        first = stats()
        return cipher.crypt(iv, data, False) == wanted and "device" in delta(first, stats())
    end = time.monotonic() + 10
    while not (back := again()) and time.monotonic() < end:
        time.sleep(0.1)
    check(back, "a transform from before computes on it again")
    cipher.close()
    end = time.monotonic() + 10
    while (sessions := int(read(f"{STATS}/{name}/stats")["sessions"])) and time.monotonic() < end:
        time.sleep(0.1)
    print(f"# {sessions} sessions left: those of RSA")


def main():
    count = int(os.environ.get("COUNT") or (500 if os.environ.get("COF_SOAK") == "1" else 20))
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
    print(f"# SEED={seed}")
    subprocess.run(["modprobe", "-a", "virtio_crypto", "algif_skcipher"], check=True)
    try:
        check(selftest_passed(), f"{DRIVER} is registered and passed its self test")
        kats = stats()
        check(kats["kat_run"] >= 2 and not kats["kat_failed"], f"known-answer tests on the device: {kats['kat_run']}")
        test_vectors(count, random.Random(seed))
        test_away()
    except Exception as error:     # pylint: disable=broad-except
        check(False, f"the test ended early: {type(error).__name__} {error}")
    print(f"1..{nr}")
    return bad > 0


if __name__ == "__main__":
    raise SystemExit(main())
