#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine is suspended and hibernated again and again while keyctl computes, as far as
# its devices (pm_test): nothing fails, nothing is wrong, no warning, and each time the device
# computes again afterwards.
#
# For the lab's guest in memory (--ram): sh is busybox there.
# SUSPENDS, HIBERNATIONS  how often (default 2, 1; with COF_SOAK=1: 35, 15)
# WORKERS                 threads of keyctl (default 2; 8)
#
# needs: topology guest, lab --ram, programs pkey_stress
# check: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"

case ${COF_SOAK:-} in
'' | 0) SUSPENDS=${SUSPENDS:-2} HIBERNATIONS=${HIBERNATIONS:-1} WORKERS=${WORKERS:-2} ;;
*) SUSPENDS=${SUSPENDS:-35} HIBERNATIONS=${HIBERNATIONS:-15} WORKERS=${WORKERS:-8} ;;
esac
tmp=$(mktemp -d) || exit 1

# count NAME: a counter of the class, now
count() {
	awk -v n="$1" '$1 == n { print $2 }' /sys/kernel/debug/asym/virtio/stats
}

# above VALUE NAME
above() {
	[ "$(count "$2")" -gt "$1" ]
}

# times N STATE: sleep so often, and see the device compute after each
times() {
	_done=0
	while [ $_done -lt "$1" ]; do
		echo devices >/sys/power/pm_test
		echo "$2" >/sys/power/state || break
		within 30 above "$(count device)" device || { note "the device stays idle"; break; }
		_done=$((_done + 1))
	done
	expect "to '$2' and back, as far as the devices, and the device computes again" $_done -eq "$1"
}

[ -e /sys/power/pm_test ] || fatal "this kernel has no pm_test"
# Seconds that it waits between, and that nobody needs.
echo 1 >/sys/module/suspend/parameters/pm_test_delay
hops >"$tmp/before"
# shellcheck disable=SC2046 # words
pkey_stress $(key 1024) $(key 2048) -t "$WORKERS" -w 20 -s 36000 -o sign,decrypt,verify,encrypt \
	>"$tmp/out" 2>&1 &
load=$!
check "the device computes" within 20 above "$(count device)" device
times "$SUSPENDS" mem
times "$HIBERNATIONS" disk
kill -TERM $load
wait $load
verdict $? "keyctl: no operation failed, none was wrong"
sed 's/^/# /' "$tmp/out"
hops >"$tmp/after"
expect "operations that failed" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.failed)" -eq 0
expect "known-answer tests that failed" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.kat_failed)" -eq 0
tap_end
