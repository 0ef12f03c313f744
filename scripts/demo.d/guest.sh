#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: load RSA and ECDSA keys, sign, verify and decrypt, all with keyctl. Nothing here knows
# of the pool. This folder has keys and digests that OpenSSL made outside the machines; signatures go to
# /run/lab/files, where OpenSSL verifies them.
set -eu
cd "$(dirname "$0")"
. ./tap.sh
out=/run/lab/files
lab barrier demo-ready 3
hops >$out/guest.before
lab barrier demo-begin 3

fail() {
	echo "demo: $*" >&2
	exit 1
}

for bits in 2048 4096; do
	key=$(keyctl padd asymmetric "demo-$bits" @u <$bits.p8) || fail "cannot load the RSA-$bits key"
	cert=$(keyctl padd asymmetric "demo-cert-$bits" @u <$bits.crt) || fail "cannot load its certificate"
	echo "RSA-$bits: 'keyctl padd asymmetric' loaded the private key ($key) and its certificate ($cert)"
	signed=0
	for digest in digest.*; do
		keyctl pkey_sign "$key" 0 "$digest" enc=pkcs1 hash=sha256 >"$out/$bits.$digest.sig" ||
			fail "pkey_sign"
		keyctl pkey_verify "$cert" 0 "$digest" "$out/$bits.$digest.sig" enc=pkcs1 hash=sha256 ||
			fail "pkey_verify"
		signed=$((signed + 1))
	done
	echo "RSA-$bits: $signed digests signed by 'keyctl pkey_sign', each verified by 'keyctl pkey_verify'"
	keyctl pkey_decrypt "$key" 0 $bits.secret enc=pkcs1 | tr -d '\0' >$out/$bits.plain
	cmp -s secret "$out/$bits.plain" || fail "the decrypted text is not what openssl encrypted"
	echo "RSA-$bits: 'keyctl pkey_decrypt' decrypts what openssl encrypted outside"
done

key=$(keyctl padd asymmetric demo-p256 @u <p256.p8) || fail "cannot load the ECDSA key"
cert=$(keyctl padd asymmetric demo-cert-p256 @u <p256.crt) || fail "cannot load its certificate"
echo "ECDSA P-256: 'keyctl padd asymmetric' loaded the private key ($key) and its certificate ($cert)"
signed=0
for digest in digest.*; do
	sig=$out/p256.$digest.sig
	keyctl pkey_sign "$key" 0 "$digest" enc=x962 hash=sha256 >"$sig" || fail "pkey_sign"
	# 6.12 pads signatures with zeros to the longest length.
	truncate -s $((2 + $(od -An -tu1 -j1 -N1 "$sig"))) "$sig"
	keyctl pkey_verify "$cert" 0 "$digest" "$sig" enc=x962 hash=sha256 || fail "pkey_verify"
	signed=$((signed + 1))
done
echo "ECDSA P-256: $signed digests signed by 'keyctl pkey_sign', each verified by 'keyctl pkey_verify'"
hops >$out/guest.after
lab barrier demo-end 3
