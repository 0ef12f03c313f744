#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor of that chain: what the guest's device computed came from the pool.
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
hops >"$tmp/before"
lab barrier lkcf-ready 2
lab barrier lkcf-end 2
hops >"$tmp/after"
expect "cof-pool0: computed by the pool for QEMU" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)" -gt 0
# QEMU asks to verify a digest that is not the hash's size (see lkcf-guest.sh): software knows.
note "cof-pool0: not for the pool" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.sw_unsupported)"
for reason in no_device device_error no_session; do
	expect "cof-pool0: fell back to software: $reason" \
		"$(hop_delta "$tmp/before" "$tmp/after" "class/cof-pool0.sw_$reason")" -eq 0
done
tap_end
