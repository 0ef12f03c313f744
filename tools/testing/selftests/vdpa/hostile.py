#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# needs: root, modules vdpa_crypto vhost_vdpa, programs openssl
# check: mainline, uml
# quick: uml
"""A hand-made driver for vdpa_crypto (lib/vhost.py), good and bad. The cases are in cases/.

Shows that the device does what virtio 1.3, 5.9 says for drivers that behave, and that one which
does not harms nobody but itself: malformed chains and rings, memory that goes away, resets with
operations in flight, random bytes, removal while it is open. Signatures are judged by Python's
integers. Makes and removes the device 'hostile' (rsa-generic). Speaks TAP.

COUNT  rounds of random rings (default 20; COF_SOAK=1: 2000)
SEED   of these (default: random, printed)
"""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from cases import cipher, device, operations, rings  # noqa: E402
from keys import RsaKey  # noqa: E402
from vhost import CONFIG, Device, make_device  # noqa: E402


def main():
    tap.need()
    count = int(os.environ.get("COUNT", "2000" if os.environ.get("COF_SOAK") == "1" else "20"))
    seed = int(os.environ.get("SEED", random.SystemRandom().getrandbits(32)))
    print(f"# COUNT={count} SEED={seed}", flush=True)
    rng = random.Random(seed)
    random.seed(seed)
    dev = None
    try:
        subprocess.run(["modprobe", "vdpa_crypto"], check=True)
        with tempfile.TemporaryDirectory() as folder:
            key = RsaKey(folder, 2048)
        dev = Device(make_device(drivers="rsa-generic", algorithms="rsa ecdsa cbc(aes)", max_sessions=4))
        dev.map()
        dev.start()
        operations.test_good(dev, key)
        operations.test_sessions(dev, key)
        operations.test_negotiation(dev, key)
        operations.test_stateless(dev, key)
        operations.test_ecdsa(dev, key)
        cipher.test_cipher(dev, key)
        rings.test_chains(dev, key)
        rings.test_rings(dev, key)
        rings.test_in_flight(dev, key, max(3, count // 100))
        rings.test_suspend(dev, key)
        rings.test_random(dev, key, count, rng)
        device.test_removal(dev, key)
        dev = None
        device.test_services(key)
    except Exception:
        tap.ended_early()
        if os.path.isdir(CONFIG):
            if dev:
                dev.close()
            os.rmdir(CONFIG)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
