#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: sign and decrypt until failover-host.sh is done; nothing may
# fail. While there is no pool, the host says that its device is not ready, and
# the guest computes by itself.
#
# needs: topology chain
# check: chain/guest.sh
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# count NAME: a counter of the class, now
count() {
	awk -v n="$1" '$1 == n { print $2 }' /sys/kernel/debug/asym/virtio/stats
}

# above VALUE NAME
above() {
	[ "$(count "$2")" -gt "$1" ]
}

hops >"$tmp/before"
# A little at a time: it is the way that is tried, and a nested guest that computes without a pause on
# an emulated processor has stood still or ended its host's machine without a message, on 7.3.
# shellcheck disable=SC2046 # two words
"${PKEY_STRESS:-pkey_stress}" $(key 1024) -w 100 -s 600 -o sign,decrypt >"$tmp/out" 2>&1 &
load=$!
check "the device computes" within 20 above "$(count device)" device
lab barrier failover-begin 2
lab barrier failover-off 2
check "without a pool the guest computes in software" within 30 above "$(count software)" software
lab barrier failover-software 2
lab barrier failover-on 2
check "with a pool its device computes again" within 20 above "$(count device)" device
lab barrier failover-back 2
check "and goes on" within 20 above "$(($(count device) + 10))" device
kill -TERM $load
wait $load
rc=$?
sed 's/^/# /' "$tmp/out"
hops >"$tmp/after"
verdict $rc "no operation failed or was wrong while the pool had no power"
expect "the guest's driver: failed" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.failed)" -eq 0
note "guest: computed by the device $(hop_delta "$tmp/before" "$tmp/after" class/virtio.device)," \
	"by software $(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)"
lab barrier failover-end 2
tap_end
