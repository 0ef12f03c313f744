#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor, while the guest signs in a loop (failover-guest.sh): the
# pool's machine loses its power, and gets it back. Nobody touches the guest or
# this host. Times are of the monotonic clock.
#
# needs: topology chain
# check: chain/host.sh
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# count NAME: a counter of the class, now
count() {
	awk -v n="$1" '$1 == n { print $2 }' /sys/kernel/debug/asym/cof-pool0/stats
}

# above VALUE NAME
above() {
	[ "$(count "$2")" -gt "$1" ]
}

hops >"$tmp/before"
lab barrier failover-begin 2
check "the pool computes" within 20 above "$(count device)" device
software=$(count software)
lab power off target
lab barrier failover-off 2
check "what the pool had is computed by the host's software" within 30 above "$software" software
lab barrier failover-software 2
device=$(count device)
sleep 2
expect "without its machine the pool computes" $(($(count device) - device)) -eq 0
lab power on target
lab wait target
start=$(now_ms)
lab barrier failover-on 2
check "the pool computes for this host" within 20 above "$device" device
lab barrier failover-back 2
expect "ms since the pool's port accepts, until it computes for the guest" \
	$(($(now_ms) - start)) -lt 10000
hops >"$tmp/after"
expect "cof-pool0: failed" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.failed)" -eq 0
note "host: computed by the pool $(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)," \
	"by software $(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.software)"
lab barrier failover-end 2
tap_end
