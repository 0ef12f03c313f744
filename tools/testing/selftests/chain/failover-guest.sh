#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: sign and decrypt until failover-host.sh is done; nothing may fail.
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

hops >"$tmp/before"
"${PKEY_STRESS:-pkey_stress}" -g 2048 -t 2 -s 600 -o sign,decrypt >"$tmp/out" 2>&1 &
load=$!
sleep 1
lab barrier failover-begin 2
while [ ! -e /run/lab/failover-stop ] && kill -0 $load 2>/dev/null; do
	sleep 0.2
done
kill -TERM $load
wait $load
rc=$?
sed 's/^/# /' "$tmp/out"
hops >"$tmp/after"
verdict $rc "no operation failed or was wrong while the pool lost its power"
expect "the guest's driver: operations" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.ops)" -gt 0
expect "the guest's driver: software" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)" -eq 0
expect "the guest's driver: failed" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.failed)" -eq 0
lab barrier failover-end 2
tap_end
