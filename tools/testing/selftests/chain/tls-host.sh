#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor of the chain; see tls-guest.sh.
#
# needs: topology chain, lab --client
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

count() {
	awk -v n="$1" '$1 == n { print $2 }' /sys/kernel/debug/asym/cof-pool0/stats
}

# above VALUE NAME
above() {
	[ "$(count "$2")" -gt "$1" ]
}

lab barrier tls-up 4
hops >"$tmp/before"
lab barrier tls-begin 4
lab barrier tls-loaded 4 900
hops >"$tmp/after"
asked=$(cat /run/lab/files/tls/asked)
for hop in vdpa/crypto0.requests class/cof-pool0.ops class/cof-pool0.device; do
	expect "$hop" "$(hop_delta "$tmp/before" "$tmp/after" $hop)" -eq "$asked"
done
for hop in class/cof-pool0.software class/cof-pool0.failed; do
	expect "$hop" "$(hop_delta "$tmp/before" "$tmp/after" $hop)" -eq 0
done
lab barrier tls-counted 4

lab barrier tls-restart 3
device=$(count device)
check "the pool computes" within 60 above "$device" device
lab power off target
sleep "${OFF_SECS:-10}"
lab power on target
lab wait target
device=$(count device)
check "the pool computes again" within 60 above "$device" device
: >/run/lab/files/tls/back
lab barrier tls-restarted 3 600
tap_end
