#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor and on the pool, beside asym/rsa.sh in the guest: as many
# operations as the guest was answered passed here, and none fell back.
#
# hop.sh host|target
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

hops >"$tmp/before"
lab barrier rsa-begin 3
lab barrier rsa-end 3
hops >"$tmp/after"
ops=$(cat /run/lab/rsa-ops)
note "the guest did $ops operations"

delta() {
	hop_delta "$tmp/before" "$tmp/after" "$1"
}

case $1 in
host)
	# The guest's driver asks for nothing but its caller's operations.
	expect "vdpa_crypto: operations" "$(delta vdpa/crypto0.requests)" -eq "$ops"
	expect "cof-pool0: operations" "$(delta class/cof-pool0.ops)" -eq "$ops"
	expect "cof-pool0: computed by the pool" "$(delta class/cof-pool0.device)" -eq "$ops"
	expect "cof-pool0: fell back to software" "$(delta class/cof-pool0.software)" -eq 0
	expect "cof-pool0: failed" "$(delta class/cof-pool0.failed)" -eq 0
	expect "cof-pool0: known-answer tests run" "$(hop "$tmp/after" class/cof-pool0.kat_run)" -gt 0
	expect "cof-pool0: known-answer tests failed" "$(hop "$tmp/after" class/cof-pool0.kat_failed)" -eq 0
	check "no algorithm failed its self test" sh -c \
		'! grep -B6 "^selftest *: *\(unknown\|failed\)" /proc/crypto | grep "^driver"'
	for driver in cof-pool0-rsa cof-pool0-pkcs1-rsa cof-pool0-pkcs1-rsa-sha256; do
		check "$driver is registered and passed" sh -c \
			"sed -n '/^driver *: $driver\$/,/^\$/p' /proc/crypto | grep -q '^selftest *: passed'"
	done ;;
target)
	expect "cof_target: operations of the pool" "$(delta pool/pool0.ops)" -eq "$ops"
	grep -E '^(pool|exec)/' "$tmp/after" | sed 's/^/# /' ;;
esac
tap_end
