#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Outside the machines: new keys, their certificates, digests to sign and a secret to decrypt.
#
# prepare.sh FOLDER DIGESTS
set -euo pipefail
cd "$1"
printf 'the pool shall decrypt this' >secret
for bits in 2048 4096; do
	openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:$bits -out $bits.pem
	openssl pkcs8 -topk8 -nocrypt -in $bits.pem -outform DER -out $bits.p8
	openssl req -new -x509 -key $bits.pem -subj "/CN=demo-$bits" -days 2 -outform DER -out $bits.crt
	openssl pkey -in $bits.pem -pubout -out $bits.pub
	openssl pkeyutl -encrypt -pubin -inkey $bits.pub -in secret -out $bits.secret
done
for ((n = 1; n <= $2; n++)); do
	openssl rand -out digest.$n 32
done
