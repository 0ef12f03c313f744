#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# RSA through keyctl on this node's virtio-crypto device, judged by OpenSSL, and
# the counters of every hop this node has.
#
# COUNT    operations of each kind and key (default 10)
# BITS     key sizes (default "2048 3072 4096")
# DEVICE_HASHES, SOFT_HASHES  what the device computes, and what must fall back
#          (default: all, none). QEMU's gcrypt backend has no sha224 and sha384.
here=$(dirname "$0")
. "$here/../lib/tap.sh"

COUNT=${COUNT:-10}
BITS=${BITS:-2048 3072 4096}
DEVICE_HASHES=${DEVICE_HASHES:-sha1,sha224,sha256,sha384,sha512}
SOFT_HASHES=${SOFT_HASHES:-}
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
	expect "$_what: operations the class was asked for" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.ops)" -eq "$_ops"
	expect "$_what: computed by the device" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.device)" -eq "$_dev"
	expect "$_what: fell back to software" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)" -eq "$_soft"
}

total_ops=0
hops >"$tmp/first"
for bits in $BITS; do
	run "RSA-$bits sign" device -g "$bits" -n "$COUNT" -o sign -H "$DEVICE_HASHES"
	[ -z "$SOFT_HASHES" ] ||
		run "RSA-$bits sign $SOFT_HASHES" software -g "$bits" -n "$COUNT" -o sign -H "$SOFT_HASHES"
done
run "two keys, all operations, two threads" device -g 2048 -g 3072 -t 2 -n "$COUNT" \
	-o sign,verify,encrypt,decrypt -H "$DEVICE_HASHES"
# What the device refuses is asked of software too, for the errno alone.
run "wrong signatures and garbage" device -g 2048 -n "$COUNT" -o reject,garbage -H sha256
hops >"$tmp/last"

expect "class: operations that failed" "$(hop_delta "$tmp/first" "$tmp/last" class/virtio.failed)" -eq 0
expect "class: operations lost by a device" \
	"$(hop_delta "$tmp/first" "$tmp/last" class/virtio.sw_device_error)" -eq 0
expect "class: known-answer tests run on the device" "$(hop "$tmp/last" class/virtio.kat_run)" -gt 0
expect "class: known-answer tests failed" "$(hop "$tmp/last" class/virtio.kat_failed)" -eq 0

# The driver with the highest priority serves keyctl, and every self test passed.
check "no algorithm failed its self test" sh -c \
	'! grep -B6 "^selftest *: *\(unknown\|failed\)" /proc/crypto | grep "^driver"'
for driver in virtio-crypto-rsa 'virtio-(crypto-)?pkcs1-rsa' 'virtio-(crypto-)?pkcs1-rsa-sha256'; do
	check "$driver is registered and passed" sh -c \
		"sed -nE '/^driver *: $driver\$/,/^\$/p' /proc/crypto | grep -q '^selftest *: passed'"
done
[ -z "${EXPECT_FILE:-}" ] || echo "$total_ops" >"$EXPECT_FILE"
tap_end
