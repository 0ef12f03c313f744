#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Outside the machines: make keys, their certificates, digests to sign and a secret to decrypt.
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
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem
openssl pkcs8 -topk8 -nocrypt -in p256.pem -outform DER -out p256.p8
openssl req -new -x509 -key p256.pem -subj "/CN=demo-p256" -days 2 -outform DER -out p256.crt
openssl pkey -in p256.pem -pubout -out p256.pub
for ((n = 1; n <= $2; n++)); do
	openssl rand -out digest.$n 32
done
