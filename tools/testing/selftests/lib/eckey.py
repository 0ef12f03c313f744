# SPDX-License-Identifier: GPL-2.0-only
"""Keys of ECDSA by openssl, for tests that speak to a device or a pool by hand."""
import subprocess


class EcKey:
    """An ECDSA key made by openssl; @size: bytes of a coordinate."""

    CURVES = {"P-192": ("prime192v1", 1, 24), "P-256": ("prime256v1", 3, 32), "P-384": ("secp384r1", 4, 48),
              "P-521": ("secp521r1", 5, 66)}

    def __init__(self, folder, name):
        self.name = name
        curve, self.number, self.size = self.CURVES[name]
        self.pem = f"{folder}/{curve}"
        self.run("ecparam", "-name", curve, "-genkey", "-noout", "-out", self.pem)
        self.private = self.run("ec", "-in", self.pem, "-outform", "DER")
        spki = self.run("ec", "-in", self.pem, "-pubout", "-outform", "DER")
        self.public = spki[-(1 + 2 * self.size):]
        assert self.public[0] == 4

    @staticmethod
    def run(*args, stdin=None):
        return subprocess.run(["openssl", *args], input=stdin, check=True, capture_output=True).stdout

    @property
    def longest(self):
        """Bytes of the longest signature: two integers, which may begin with a zero, in a sequence."""
        integers = 2 * (2 + self.size + (self.number != 5))
        return integers + (2 if integers < 128 else 3)

    def sign(self, digest):
        return self.run("pkeyutl", "-sign", "-inkey", self.pem, stdin=digest)

    def signed(self, digest, signature):
        with open(f"{self.pem}.sig", "wb") as file:
            file.write(signature)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-inkey", self.pem, "-sigfile", f"{self.pem}.sig"],
                              input=digest, capture_output=True, check=False).returncode == 0
