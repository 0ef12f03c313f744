#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Encodings of ECDSA keys, signatures and points, most of them wrong, to whichever driver serves
# this machine and to OpenSSL (ecdsa_der, from der/). Loads what it needs.
#
# COUNT    of each class (default 500; 10000 with COF_SOAK=1)
# SEED     default: the time
#
# needs: root, modules pkcs8_key_parser, programs ecdsa_der
# check: uml
# quick: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

COUNT=${COUNT:-$([ "${COF_SOAK:-}" = 1 ] && echo 10000 || echo 500)}
SEED=${SEED:-$(date +%s)}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

modprobe pkcs8_key_parser || fatal "pkcs8_key_parser does not load"

"${ECDSA_DER:-ecdsa_der}" -n "$COUNT" -S "$SEED" >"$tmp/out" 2>&1
rc=$?
sed 's/^/# /' "$tmp/out"
verdict $rc "kernel and OpenSSL agree on every mutant (seed $SEED)"
for class in keys sigs points; do
	accepted=$(sed -n "s/^$class: accepted=\([0-9]*\) .*/\1/p" "$tmp/out")
	refused=$(sed -n "s/^$class: .*refused=\([0-9]*\) .*/\1/p" "$tmp/out")
	expect "$class: mutants" $((${accepted:-0} + ${refused:-0})) -eq "$COUNT"
	# Both kinds, or it was no test.
	expect "$class: accepted" "$accepted" -ge $((COUNT / 20))
	expect "$class: refused" "$refused" -ge $((COUNT / 5))
done
note "served by $(awk '$1 == "name" { name = $3 } $1 == "driver" { driver = $3 }
	$1 == "priority" && name ~ /ecdsa-nist-p256/ { print driver "=" $3 }' /proc/crypto | sort -u | tr '\n' ' ')"
check_selftests
tap_end
