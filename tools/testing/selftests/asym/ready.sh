#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# HW_READY follows the pool (loop): without a path the host's device is not ready
# and the guest's driver computes with its own CPU, not with the host's; with one
# it is used again, also while operations run. No operation fails.
#
# needs: topology loop, programs pkey_stress
# check: stable, uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"
stress=${PKEY_STRESS:-pkey_stress}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
port=$(echo /sys/kernel/config/cof_target/ports/*)

# state WANTED: until the guest's driver says so
state() {
	for _ in $(seq 100); do
		grep -q "^state $1\$" /sys/kernel/debug/virtio_crypto/*/stats && return 0
		sleep 0.1
	done
	return 1
}

ready() {
	sed -n 's/^ready //p' /sys/kernel/debug/asym_executor/crypto0
}

# signs TEXT DEVICE SOFTWARE: 10 signatures, and who of the guest computes them
signs() {
	hops >"$tmp/before"
	# shellcheck disable=SC2046 # two words
	check "$1: signatures are right" "$stress" $(key 1024) -n 10 -o sign -H sha256
	hops >"$tmp/after"
	expect "$1: by the device" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.device)" -eq "$2"
	expect "$1: by the guest" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)" -eq "$3"
	expect "$1: by the host's software" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.software)" -eq 0
}

check "the device is live" state live
for _ in 1 2; do
	echo 0 >"$port/enable"
	check "without a path the device is idle" state idle
	expect "the executor is ready" "$(ready)" -eq 0
	signs "without a path" 0 10
	echo 1 >"$port/enable"
	check "with a path it is live" state live
	expect "the executor is ready" "$(ready)" -eq 1
	signs "with a path" 10 0
done

# The pool is made anew: another class of its name, whose algorithms are others.
pool=/sys/kernel/config/cof_initiator/pool0
echo 0 >$pool/enable
check "without the pool the device is idle" state idle
signs_alone() { "$stress" $(key 1024) -n 10 -o sign -H sha256; }
check "without the pool: signatures are right" signs_alone
echo 1 >$pool/enable
check "with the pool made anew it is live" state live
expect "the executor is ready" "$(ready)" -eq 1
signs "with the pool made anew" 10 0

hops >"$tmp/before"
# shellcheck disable=SC2046
"$stress" $(key 2048) -t 2 -n 150 -o sign -H sha256 >"$tmp/load" 2>&1 &
load=$!
for _ in 1 2 3; do
	sleep 0.7
	echo 0 >"$port/enable"
	sleep 0.7
	echo 1 >"$port/enable"
done
wait $load
verdict $? "under load: signatures are right"
hops >"$tmp/after"
expect "under load: operations that failed" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.failed)" -eq 0
check "it is live in the end" state live
tap_end
