#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# OpenSSL's command-line tools with the provider lkcf, by configuration alone: what they sign the
# same tools without it verify, what those encrypt they decrypt, and each private operation was one
# of the kernel.
#
# HASHES  of signatures
#
# needs: topology loop, programs lkcf_ops openssl
# needs: keys 1024 2048 3072 4096 p192 p256 p384 p521
# check: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$here/../lib/lkcf.sh"
keys=$KEY_DIR
HASHES=${HASHES:-sha1 sha224 sha256 sha384 sha512 sha512-256 sha3-224 sha3-256 sha3-384 sha3-512}
cd "$tmp" || exit 1
ops=0 software=0

# by_lkcf N COMMAND...: the openssl command with the provider, which computes N times
by_lkcf() {
	ops=$((ops + $1))
	shift
	kept openssl "$@"
}

# step TEXT COMMAND...: as check, but in this shell, which counts
step() {
	local text=$1 rc
	shift
	"$@" >"$tmp/step" 2>&1
	rc=$?
	[ $rc -eq 0 ] || head -n 20 "$tmp/step" | sed 's/^/# /'
	verdict $rc "$text"
}

# signs KEY HASH OPTION...: pkeyutl and dgst, in turn
signs() {
	local key=$1 hash=$2
	shift 2
	openssl dgst "-$hash" -binary -out digest data &&
		by_lkcf 1 pkeyutl -sign -inkey "$key" -in digest -pkeyopt "digest:$hash" "$@" \
			-out sig &&
		plain pkeyutl -verify -inkey "$key" -in digest -pkeyopt "digest:$hash" "$@" -sigfile sig
}

# signs_data KEY HASH SIGOPT...
signs_data() {
	local key=$1 hash=$2
	shift 2
	by_lkcf 1 dgst "-$hash" -sign "$key" "$@" -out sig data &&
		plain dgst "-$hash" -prverify "$key" "$@" -signature sig data
}

# decrypts TEXT OPTION...: the kernel's half of pkeyutl
decrypts() {
	plain pkeyutl -encrypt -inkey $keys/2048.pem -in text "$@" -out encrypted &&
		by_lkcf 1 pkeyutl -decrypt -inkey $keys/2048.pem -in encrypted "$@" -out decrypted &&
		cmp text decrypted
}

# rejects: what is no ciphertext decrypts to the same nonsense
rejects() {
	head -c 256 /dev/urandom | sed 's/^./A/' | head -c 256 >encrypted
	printf '\x11' | dd of=encrypted conv=notrunc status=none
	plain pkeyutl -decrypt -inkey $keys/2048.pem -in encrypted -out wanted &&
		by_lkcf 1 pkeyutl -decrypt -inkey $keys/2048.pem -in encrypted -out decrypted &&
		cmp wanted decrypted
}

head -c 5000 /dev/urandom >data
echo "a text to be encrypted" >text
counters "$tmp/before"

for hash in $HASHES; do
	step "pkeyutl RSA-2048 PKCS#1 $hash" signs $keys/2048.pem "$hash"
	step "pkeyutl RSA-2048 PSS $hash" signs $keys/2048.pem "$hash" -pkeyopt rsa_padding_mode:pss \
		-pkeyopt rsa_pss_saltlen:digest
	case $hash in sha512-256 | sha3-*) continue ;; esac
	step "pkeyutl P-256 $hash" signs $keys/p256.pem "$hash"
done
for salt in 0 max auto; do
	step "dgst RSA-3072 PSS sha384, salt $salt" signs_data $keys/3072.pem sha384 \
		-sigopt rsa_padding_mode:pss -sigopt "rsa_pss_saltlen:$salt"
done
step "dgst RSA-4096 sha256" signs_data $keys/4096.pem sha256
step "dgst P-384 sha384" signs_data $keys/p384.pem sha384
step "dgst P-521 sha512" signs_data $keys/p521.pem sha512
step "pkeyutl -decrypt, PKCS#1" decrypts
step "pkeyutl -decrypt, OAEP" decrypts -pkeyopt rsa_padding_mode:oaep
step "pkeyutl -decrypt, OAEP sha256, mgf1 sha1, a label" decrypts -pkeyopt rsa_padding_mode:oaep \
	-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha1 -pkeyopt rsa_oaep_label:6c6b6366
step "pkeyutl -decrypt, implicit rejection" rejects

rsautl() {
	by_lkcf 1 rsautl -sign -inkey $keys/2048.pem -in text -out sig &&
		plain rsautl -verify -inkey $keys/2048.pem -in sig -out decrypted && cmp text decrypted &&
		plain rsautl -encrypt -inkey $keys/2048.pem -in text -out encrypted &&
		by_lkcf 1 rsautl -decrypt -inkey $keys/2048.pem -in encrypted -out decrypted &&
		cmp text decrypted
}
step "rsautl" rsautl

# Keys in all their clothes
formats() {
	plain pkcs8 -topk8 -in $keys/p256.pem -passout pass:secret -v2 aes128 -out encrypted.pem &&
		by_lkcf 1 dgst -sha256 -sign encrypted.pem -passin pass:secret -out sig data &&
		plain dgst -sha256 -prverify $keys/p256.pem -signature sig data &&
	plain pkey -in $keys/2048.pem -traditional -out old.pem && grep -q 'BEGIN RSA' old.pem &&
		signs_data old.pem sha256 &&
	plain pkey -in $keys/p256.pem -traditional -out old.pem && grep -q 'BEGIN EC' old.pem &&
		signs_data old.pem sha256 &&
	plain pkey -in $keys/2048.pem -outform DER -out key.der &&
		by_lkcf 1 dgst -sha256 -keyform DER -sign key.der -out sig data &&
		plain dgst -sha256 -prverify $keys/2048.pem -signature sig data
}
step "keys: encrypted, traditional, DER" formats

# The tools that only read keys; what they write is what they write without the provider.
reads() {
	local key
	for key in 2048 p256; do
		by_lkcf 0 pkey -in $keys/$key.pem -out with.pem &&
			plain pkey -in $keys/$key.pem -out without.pem &&
			cmp with.pem without.pem &&
			by_lkcf 0 pkey -in $keys/$key.pem -pubout -out with.pem &&
			plain pkey -in $keys/$key.pem -pubout -out without.pem && cmp with.pem without.pem &&
			by_lkcf 0 pkey -in $keys/$key.pem -noout -text >with.txt &&
			plain pkey -in $keys/$key.pem -noout -text >without.txt && cmp with.txt without.txt &&
			by_lkcf 0 pkey -in $keys/$key.pem -noout -check || return
	done
	by_lkcf 0 rsa -in $keys/2048.pem -noout -check && by_lkcf 0 ec -in $keys/p256.pem -noout -check &&
		by_lkcf 0 pkcs8 -topk8 -nocrypt -in $keys/2048.pem -out with.pem &&
		plain pkcs8 -topk8 -nocrypt -in $keys/2048.pem -out without.pem && cmp with.pem without.pem
}
step "pkey, rsa, ec, pkcs8: the same as without" reads

# A key that is made is the default provider's; once it is read from its file it is lkcf's.
generates() {
	by_lkcf 0 genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out new.pem &&
		signs_data new.pem sha384
}
step "genpkey" generates

certificates() {
	by_lkcf 1 req -x509 -new -key $keys/2048.pem -subj /CN=ca -days 10 \
		-addext basicConstraints=critical,CA:TRUE -out ca.pem &&
		plain verify -CAfile ca.pem ca.pem &&
		by_lkcf 1 req -new -key $keys/p256.pem -subj /CN=leaf -out leaf.csr &&
		plain req -in leaf.csr -noout -verify &&
		by_lkcf 1 x509 -req -in leaf.csr -CA ca.pem -CAkey $keys/2048.pem -days 10 -sigopt \
			rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -out leaf.pem &&
		plain verify -CAfile ca.pem leaf.pem
}
step "req, x509: certificates" certificates

cms() {
	by_lkcf 1 cms -sign -in text -signer ca.pem -inkey $keys/2048.pem -out signed.cms &&
		plain cms -verify -in signed.cms -CAfile ca.pem -purpose any -out /dev/null &&
		by_lkcf 1 cms -sign -in text -signer leaf.pem -inkey $keys/p256.pem -out signed.cms &&
		plain cms -verify -in signed.cms -CAfile ca.pem -purpose any -out /dev/null &&
		plain cms -encrypt -aes128 -in text -out encrypted.cms -recip ca.pem &&
		by_lkcf 1 cms -decrypt -in encrypted.cms -inkey $keys/2048.pem -recip ca.pem -out decrypted &&
		diff <(tr -d '\r' <decrypted) text &&
		plain cms -encrypt -aes128 -in text -out encrypted.cms -recip ca.pem \
			-keyopt rsa_padding_mode:oaep &&
		by_lkcf 1 cms -decrypt -in encrypted.cms -inkey $keys/2048.pem -recip ca.pem -out decrypted &&
		diff <(tr -d '\r' <decrypted) text
}
step "cms: sign, decrypt" cms

pkcs12() {
	plain pkcs12 -export -inkey $keys/2048.pem -in ca.pem -passout pass:secret -out key.p12 &&
		by_lkcf 1 dgst -sha256 -sign key.p12 -passin pass:secret -out sig data &&
		plain dgst -sha256 -prverify $keys/2048.pem -signature sig data
}
step "pkcs12" pkcs12

counters "$tmp/after"
expect "private operations: computed by the kernel" "$(in_kernel)" -eq "$ops"
expect "private operations: that do not qualify" "$(counted unqualified)" -eq "$software"
no_fallback "all of it"
expect "all of it: failed" "$(counted failed)" -eq 0
expect "all of it: keys refused" "$(counted keys_refused)" -eq 0

# What does not qualify, is done by others.
counters "$tmp/before"
step "RSA-1024" signs_data $keys/1024.pem sha256
step "P-192" signs_data $keys/p192.pem sha256
counters "$tmp/after"
ops=$((ops - 2))
expect "small keys: computed by the kernel" "$(in_kernel)" -eq 0
expect "small keys: keys added" "$(counted keys_added)" -eq 0
check "no key is left in the kernel" keys_are 0
tap_end
