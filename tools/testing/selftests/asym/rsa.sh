#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# RSA through keyctl on this node's accelerator, judged by OpenSSL, and the
# counters of every hop this node has.
#
# CLASS    whose drivers serve keyctl here (default virtio; cof-pool0 on an initiator)
# COUNT    operations of each kind and key (default 10; 100 with COF_SOAK=1)
# BITS     key sizes (default "2048 3072 4096")
# DEVICE_HASHES, SOFT_HASHES  what the device computes, and what must fall back
#          (default: all, none). QEMU's gcrypt backend has no sha224 and sha384.
# GARBAGE  where a ciphertext that does not decrypt is found out (default: device).
#          QEMU's device answers it with ERR, as if it had failed.
#
# needs: topology loop pair chain guest, programs pkey_stress
# check: stable, mainline, stable:guest, uml
# quick: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

CLASS=${CLASS:-virtio}
COUNT=${COUNT:-$([ "${COF_SOAK:-}" = 1 ] && echo 100 || echo 10)}
BITS=${BITS:-2048 3072 4096}
DEVICE_HASHES=${DEVICE_HASHES:-sha1,sha224,sha256,sha384,sha512}
SOFT_HASHES=${SOFT_HASHES:-}
GARBAGE=${GARBAGE:-device}
stress=${PKEY_STRESS:-pkey_stress}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# run TEXT DEVICE|SOFTWARE ARGS...: all operations right, all computed there
run() {
	_what=$1
	_where=$2
	shift 2
	hops >"$tmp/before"
	"$stress" "$@" >"$tmp/out" 2>&1
	_rc=$?
	sed 's/^/# /' "$tmp/out"
	hops >"$tmp/after"
	verdict $_rc "$_what: every result as OpenSSL says"
	_ops=$(sed -n 's/.*ops=\([0-9]*\).*/\1/p' "$tmp/out")
	_ops=${_ops:-0}
	total_ops=$((total_ops + _ops))
	_soft=0
	_dev=$_ops
	[ "$_where" = device ] || { _soft=$_ops; _dev=0; }
	expect "$_what: operations the class was asked for" "$(delta "class/$CLASS.ops")" -eq "$_ops"
	expect "$_what: computed by the device" "$(delta "class/$CLASS.device")" -eq "$_dev"
	expect "$_what: fell back to software" "$(delta "class/$CLASS.software")" -eq "$_soft"
	# In the loop the other hops are here, too: the same number passed each of them.
	[ "${TOPOLOGY:-}" = loop ] || return 0
	expect "$_what: vdpa_crypto: requests" "$(delta vdpa/crypto0.requests)" -eq "$_dev"
	expect "$_what: cof-pool0: computed by the pool" "$(delta class/cof-pool0.device)" -eq "$_dev"
	expect "$_what: cof-pool0: fell back to software" "$(delta class/cof-pool0.software)" -eq 0
	expect "$_what: cof_target: operations of the pool" "$(delta pool/pool0.ops)" -eq "$_dev"
}

total_ops=0
hops >"$tmp/first"
for bits in $BITS; do
	# shellcheck disable=SC2046 # two words
	run "RSA-$bits sign" device $(key "$bits") -n "$COUNT" -o sign -H "$DEVICE_HASHES"
	# shellcheck disable=SC2046
	[ -z "$SOFT_HASHES" ] ||
		run "RSA-$bits sign $SOFT_HASHES" software $(key "$bits") -n "$COUNT" -o sign \
			-H "$SOFT_HASHES"
done
# shellcheck disable=SC2046
run "two keys, all operations, two threads" device $(key 2048) $(key 3072) -t 2 -n "$COUNT" \
	-o sign,verify,encrypt,decrypt -H "$DEVICE_HASHES"
# What the device refuses is asked of software too, for the errno alone.
# shellcheck disable=SC2046
run "wrong signatures" device $(key 2048) -n "$COUNT" -o reject -H sha256
# shellcheck disable=SC2046
run "garbage" "$GARBAGE" $(key 2048) -n "$COUNT" -o garbage
lost=0
[ "$GARBAGE" = device ] || lost=$COUNT
hops >"$tmp/last"

expect "class: operations that failed" "$(hop_delta "$tmp/first" "$tmp/last" "class/$CLASS.failed")" -eq 0
expect "class: operations lost by a device" \
	"$(hop_delta "$tmp/first" "$tmp/last" "class/$CLASS.sw_device_error")" -eq "$lost"
expect "class: known-answer tests run on the device" "$(hop "$tmp/last" "class/$CLASS.kat_run")" -gt 0
expect "class: known-answer tests failed" "$(hop_delta "$tmp/first" "$tmp/last" "class/$CLASS.kat_failed")" -eq 0

# The driver with the highest priority serves keyctl, and every self test passed.
check_selftests
case $CLASS in
virtio) check_drivers virtio-crypto-rsa 'virtio-(crypto-)?pkcs1-rsa' 'virtio-(crypto-)?pkcs1-rsa-sha256' ;;
*) check_drivers "$CLASS-rsa" "$CLASS-pkcs1-rsa" "$CLASS-pkcs1-rsa-sha256" ;;
esac
[ -z "${EXPECT_FILE:-}" ] || echo "$total_ops" >"$EXPECT_FILE"
tap_end
