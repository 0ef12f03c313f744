#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ECDSA on one machine without any device: private keys and certificates by openssl, signatures
# through keyctl, OpenSSL the judge; and with which errno bad keys are refused. Loads what it needs.
#
# COUNT    signatures made and verified with each curve (default 10; 500 with COF_SOAK=1)
# CURVES   default "p192 p256 p384 p521"
#
# needs: root, modules pkcs8_key_parser, programs keyctl openssl pkey_stress
# check: stable, mainline
# soak: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

COUNT=${COUNT:-$([ "${COF_SOAK:-}" = 1 ] && echo 500 || echo 10)}
CURVES=${CURVES:-p192 p256 p384 p521}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

release=$(uname -r)
major=${release%%.*}
minor=${release#*.}
minor=${minor%%[!0-9]*}
# Since then, p1363 is an encoding, and pkey_sign answers how long the signature is.
has_sig=$((major * 1000 + minor >= 6013))

modprobe pkcs8_key_parser || fatal "pkcs8_key_parser does not load"
keyctl new_session ecdsa >/dev/null || fatal "no keyring"

# private NAME: $curve's private key, to NAME.pem and NAME.der
private() {
	if [ -e "$KEY_DIR/$1.pem" ]; then
		cp "$KEY_DIR/$1.pem" "$1.pem"
	else
		openssl genpkey -quiet -algorithm EC -pkeyopt "ec_paramgen_curve:P-${1#p}" -out "$1.pem"
	fi
	openssl pkcs8 -topk8 -nocrypt -in "$1.pem" -outform DER -out "$1.der"
}

# load FILE: its serial number, or keyctl's error
load() {
	keyctl padd asymmetric "${1%.*}" @s <"$1" 2>&1
}

# refused TEXT FILE ERROR: the key is, with ERROR
refused() {
	got=$(load "$2")
	case $got in
	*"$3"*) verdict 0 "$1: $3" ;;
	*) verdict 1 "$1: wanted $3, got $got" ;;
	esac
}

# trim FILE: 6.12 puts zeros after signatures that are shorter than the longest one
trim() {
	read -r _ len long < <(od -An -tu1 -N3 "$1")
	if [ "$len" -eq 129 ]; then
		truncate -s $((long + 3)) "$1"
	else
		truncate -s $((len + 2)) "$1"
	fi
}

# verifies DIGEST SIGNATURE KEY: openssl says
verifies() {
	openssl pkeyutl -verify -in "$1" -sigfile "$2" -inkey "$3" -pkeyopt digest:sha256
}

# p1363_to_der FILE: r and s, one after the other
p1363_to_der() {
	hex=$(od -An -v -tx1 "$1" | tr -d ' \n')
	half=$((${#hex} / 2))
	printf 'asn1=SEQUENCE:rs\n[rs]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${hex:0:half}" \
		"${hex:half}" >rs.cnf
	openssl asn1parse -genconf rs.cnf -noout -out "$2"
}

# by_certificate KEY-SERIAL PEM: openssl signs, the kernel verifies, and not what is wrong
by_certificate() {
	for ((i = 0; i < (COUNT < 20 ? COUNT : 20); i++)); do
		openssl rand -out digest 32 &&
			openssl pkeyutl -sign -in digest -inkey "$2" -pkeyopt digest:sha256 -out sig &&
			keyctl pkey_verify "$1" 0 digest sig enc=x962 hash=sha256 || return 1
		openssl rand -out other 32
		if keyctl pkey_verify "$1" 0 other sig enc=x962 hash=sha256 2>error; then
			echo "a wrong signature is accepted"
			return 1
		fi
		grep -q "Key was rejected by service" error || { cat error; return 1; }
	done
}

openssl rand -out digest 32
openssl genrsa -out ca.pem 1024 2>/dev/null
for curve in $CURVES; do
	bits=${curve#p}
	private "$curve"
	key=$(load "$curve.der")
	check "$curve: a private key is loaded" keyctl describe "$key"
	check "$curve: it is one of PKCS#8" sh -c "grep '$curve: PKCS8.ecdsa-nist-$curve' /proc/keys"
	keyctl pkey_query "$key" 0 enc=x962 hash=sha256 >query
	sed 's/^/# /' query
	# 6.12 has it from the longest signature
	if [ "$has_sig" = 1 ]; then
		expect "$curve: key_size" "$(sed -n 's/key_size=//p' query)" -eq "$bits"
	fi
	expect "$curve: max_data_size" "$(sed -n 's/max_data_size=//p' query)" -ge 64
	expect "$curve: max_sig_size" "$(sed -n 's/max_sig_size=//p' query)" -ge \
		$((2 * (bits / 8 + 3) + 2))
	expect "$curve: it signs and verifies, and nothing else" \
		"$(grep -cE '^((encrypt|decrypt)=n|(sign|verify)=y)$' query)" -eq 4

	keyctl pkey_sign "$key" 0 digest enc=x962 hash=sha256 >sig1
	keyctl pkey_sign "$key" 0 digest enc=x962 hash=sha256 >sig2
	check "$curve: two signatures of a digest are the same" cmp sig1 sig2
	trim sig1
	check "$curve: openssl verifies them" verifies digest sig1 "$curve.pem"
	if [ "$has_sig" = 1 ]; then
		keyctl pkey_sign "$key" 0 digest enc=p1363 hash=sha256 >raw
		expect "$curve: bytes of a P1363 signature" "$(stat -c %s raw)" -eq \
			$((2 * ((bits + 7) / 8)))
		p1363_to_der raw rs
		check "$curve: openssl verifies it as DER" verifies digest rs "$curve.pem"
		check "$curve: the kernel verifies it" keyctl pkey_verify "$key" 0 digest raw \
			enc=p1363 hash=sha256
	fi

	openssl req -new -subj /CN=ca -key ca.pem -out ca.csr
	openssl pkey -in "$curve.pem" -pubout -out public.pem
	openssl x509 -req -in ca.csr -CA <(openssl req -new -x509 -subj /CN=issuer -key ca.pem) \
		-CAkey ca.pem -force_pubkey public.pem -outform DER -out "$curve-cert.der" 2>/dev/null
	cert=$(load "$curve-cert.der")
	check "$curve: openssl signs, a certificate verifies, and refuses others" \
		by_certificate "$cert" "$curve.pem"
	check "$curve: $COUNT signatures of each kind and hash" "${PKEY_STRESS:-pkey_stress}" \
		-k "$curve.pem" -n $((COUNT * 5)) -o sign,verify,reject \
		-H sha1,sha224,sha256,sha384,sha512
	keyctl unlink "$key" @s
	keyctl unlink "$cert" @s
done

# Bad keys
private p256
head -c 137 p256.der >bad
refused "truncated" bad "Bad message"
{ cat p256.der; printf '\0'; } >bad
refused "a byte too many" bad "Bad message"
openssl pkey -in p256.pem -ec_param_enc explicit -outform DER -out explicit 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -inform DER -in explicit -outform DER -out bad
refused "explicit parameters" bad "Package not installed"
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -outform DER -out sec1
openssl pkcs8 -topk8 -nocrypt -inform DER -in sec1 -outform DER -out bad
refused "a curve the kernel does not have" bad "Package not installed"
openssl genpkey -quiet -algorithm ed25519 -outform DER -out bad
refused "Ed25519" bad "Package not installed"
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.pem
openssl pkcs8 -topk8 -nocrypt -in other.pem -outform DER -out other.der
{ head -c 73 p256.der; tail -c 65 other.der; } >bad
refused "another's public key" bad "Key was rejected by service"
{ head -c 106 p256.der; tail -c 32 other.der; } >bad
refused "a public key off the curve" bad "Invalid argument"
{ head -c 36 p256.der; head -c 32 /dev/zero; tail -c 70 p256.der; } >bad
refused "the number 0" bad "Invalid argument"

# RSA as before
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa.pem
openssl pkcs8 -topk8 -nocrypt -in rsa.pem -outform DER -out rsa.der
key=$(load rsa.der)
check "RSA: a private key is loaded" keyctl describe "$key"
keyctl pkey_sign "$key" 0 digest enc=pkcs1 hash=sha256 >sig1
check "RSA: openssl verifies what it signs" verifies digest sig1 rsa.pem
keyctl unlink "$key" @s
tap_end
