# SPDX-License-Identifier: GPL-2.0-only
"""The device: taken away while it is open, and with one service only."""
import os
import struct

from tap import check, same, write
from vhost import (AES_CBC, BUS, CIPHER_ENCRYPT, CIPHER_STATELESS, CONFIG, Device, ERR,
                   GET_CONFIG, GET_FEATURES, NOTSUPP, OK, REVISION_1, SET_CONFIG, SIGN, STATELESS,
                   behaves, make_device, openssl_cbc, until)


def test_removal(dev, key):
    """The administrator takes the device away while a virtual machine has it open."""
    dev.start()
    _, session = dev.create(key.private)
    same(dev.hw_ready(), 1, "the device is ready")
    write(f"{CONFIG}/enable", "0")
    same(dev.hw_ready(), 0, "it is being disabled: not ready any more")
    same(dev.compute(SIGN, session, b"\1" * 32, key.bytes)[0], ERR, "it computes nothing")
    same(dev.create(key.private)[0], ERR, "and takes no key")
    check(os.path.exists(f"{BUS}/devices/hostile"), "it is there while it is open")
    os.rmdir(CONFIG)
    check(not os.path.exists(CONFIG), "its folder is removed")
    same(dev.compute(SIGN, session, b"\1" * 32, key.bytes)[0], ERR, "which changes nothing for the guest")
    dev.close()
    check(until(lambda: not os.path.exists(f"{BUS}/devices/hostile")), "it is gone once it is closed")


def test_services(key):
    """Devices of one service: what the other's requests become."""
    for algorithms, services, offered, wanted in (
            ("rsa", 1 << 4, REVISION_1 | STATELESS, (0, 0, 2)),
            ("cbc(aes)", 1 << 0, REVISION_1 | CIPHER_STATELESS | STATELESS, (1 << AES_CBC, 32, 0))):
        dev = Device(make_device(drivers="rsa-generic", algorithms=algorithms))
        dev.map()
        dev.start()
        features = struct.unpack("<Q", dev.ioctl(GET_FEATURES, bytes(8)))[0]
        same(features & 0xff, offered, f"only {algorithms}: feature bits of the device's kind")
        config = struct.unpack("<12IQ", dev.ioctl(GET_CONFIG, struct.pack("<II", 0, 56) + bytes(56))[8:])
        same((config[1], config[12]), (2, 4096 + 2 * 512 if algorithms == "rsa" else (2 << 20) + 4096 + 2 * 512),
              "max_dataqueues and max_size")
        same((config[2], (config[3], config[9], config[11]), any(config[4:9]), config[10]), (services, wanted, False, 0),
              f"only {algorithms}: its configuration has one service, and that one's algorithms")
        try:
            dev.ioctl(SET_CONFIG, struct.pack("<II", 0, 56) + bytes([0xa5]) * 56)
        except OSError:
            pass
        same(struct.unpack("<12IQ", dev.ioctl(GET_CONFIG, struct.pack("<II", 0, 56) + bytes(56))[8:]), config,
              "what a driver writes to it counts for nothing")
        if algorithms == "rsa":
            same((dev.cipher_open(bytes(16))[0], dev.cipher_close(0)), (NOTSUPP, ERR), "no session of a cipher, nor one to close")
            same(dev.cipher(CIPHER_ENCRYPT, 0, bytes(16), bytes(16))[0], NOTSUPP, "nor a request for it")
            same(behaves(dev, key), "", "signatures are right")
        else:
            same((dev.create(key.private)[0], dev.destroy(0)), (NOTSUPP, ERR), "no session of RSA, nor one to close")
            same(dev.compute(SIGN, 0, bytes(32), key.bytes)[0], NOTSUPP, "nor a request for it")
            status, session = dev.cipher_open(bytes(16))
            same((status, dev.cipher(CIPHER_ENCRYPT, session, bytes(16), bytes(64))),
                  (OK, (OK, openssl_cbc(bytes(16), bytes(16), bytes(64), False))), "ciphertexts are right")
        dev.close()
        os.rmdir(CONFIG)
        check(until(lambda: not os.path.exists(f"{BUS}/devices/hostile")), "it is gone")
    os.mkdir(CONFIG)
    try:
        write(f"{CONFIG}/algorithms", "\n")
        write(f"{CONFIG}/enable", "1")
        check(False, "a device without a service cannot be enabled")
        write(f"{CONFIG}/enable", "0")
    except OSError:
        check(True, "a device without a service cannot be enabled")
    os.rmdir(CONFIG)
