# SPDX-License-Identifier: GPL-2.0-only
"""Keys by openssl, for tests that speak to a device or a pool by hand. Results are judged by openssl and by
Python's integers.
"""
import os
import shutil
import subprocess

import tap

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *args], input=stdin, check=True, capture_output=True).stdout


class RsaKey:
    """An RSA key of that many @bits, in @folder; made for this run, or now: an emulated machine takes its time."""

    def __init__(self, folder, bits):
        self.pem = f"{folder}/{bits}.pem"
        self.pub = f"{folder}/{bits}.pub"
        self.bits = bits
        self.bytes = bits // 8
        made = f"{tap.KEY_DIR}/{bits}.pem"
        if os.path.exists(made):
            shutil.copy(made, self.pem)
        else:
            openssl("genrsa", "-out", self.pem, str(bits))
        openssl("rsa", "-in", self.pem, "-pubout", "-out", self.pub)
        self.private = openssl("rsa", "-in", self.pem, "-traditional", "-outform", "DER")
        self.public = openssl("rsa", "-in", self.pem, "-RSAPublicKey_out", "-outform", "DER")
        text = openssl("rsa", "-in", self.pem, "-noout", "-modulus").decode()
        self.modulus = int(text.split("=")[1], 16)
        self.e = 65537

    def sign(self, hash_name, digest):
        return openssl("pkeyutl", "-sign", "-inkey", self.pem, "-pkeyopt", "rsa_padding_mode:pkcs1",
                       "-pkeyopt", f"digest:{hash_name}", stdin=digest)

    def signed(self, digest, signature):
        """Whether this is the signature of a SHA-256 digest, by PKCS #1 v1.5."""
        block = pow(int.from_bytes(signature, "big"), self.e, self.modulus).to_bytes(self.bytes, "big")
        info = SHA256_INFO + digest
        return block == b"\0\1" + b"\xff" * (self.bytes - len(info) - 3) + b"\0" + info

    def encrypt(self, text):
        return openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", self.pub, "-pkeyopt",
                       "rsa_padding_mode:pkcs1", stdin=text)

    def decrypt(self, text):
        return openssl("pkeyutl", "-decrypt", "-inkey", self.pem, "-pkeyopt",
                       "rsa_padding_mode:pkcs1", stdin=text)


class EcKey:
    """An ECDSA key made by openssl; @size: bytes of a coordinate."""

    CURVES = {"P-192": ("prime192v1", 1, 24), "P-256": ("prime256v1", 3, 32), "P-384": ("secp384r1", 4, 48),
              "P-521": ("secp521r1", 5, 66)}

    def __init__(self, folder, name):
        self.name = name
        curve, self.number, self.size = self.CURVES[name]
        self.pem = f"{folder}/{curve}"
        openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", self.pem)
        self.private = openssl("ec", "-in", self.pem, "-outform", "DER")
        spki = openssl("ec", "-in", self.pem, "-pubout", "-outform", "DER")
        self.public = spki[-(1 + 2 * self.size):]
        assert self.public[0] == 4

    @property
    def longest(self):
        """Bytes of the longest signature: two integers, which may begin with a zero, in a sequence."""
        integers = 2 * (2 + self.size + (self.number != 5))
        return integers + (2 if integers < 128 else 3)

    def sign(self, digest):
        return openssl("pkeyutl", "-sign", "-inkey", self.pem, stdin=digest)

    def signed(self, digest, signature):
        with open(f"{self.pem}.sig", "wb") as file:
            file.write(signature)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-inkey", self.pem, "-sigfile", f"{self.pem}.sig"],
                              input=digest, capture_output=True, check=False).returncode == 0
