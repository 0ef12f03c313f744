#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How keys get to the device (the lab's loop): the first operation with a key takes it along, the
# second opens a session, all others use it; and with room for 8 sessions and 64 keys in turn
# everything is still computed by the device.
#
# KEYS    of the first part (default 12; 200 with COF_SOAK=1)
# ROUNDS  of the second, 64 operations each (default 2; 50)
#
# needs: topology loop, programs pkey_stress, keys 1024
# check: mainline, uml
# quick: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

case ${COF_SOAK:-} in
'' | 0) KEYS=${KEYS:-12} ROUNDS=${ROUNDS:-2} ;;
*) KEYS=${KEYS:-200} ROUNDS=${ROUNDS:-50} ;;
esac
tmp=$(mktemp -d) || exit 1
config=/sys/kernel/config/vdpa_crypto/crypto0
bus=/sys/bus/vdpa
class=/sys/kernel/debug/asym/virtio
stress=${PKEY_STRESS:-pkey_stress}
trap 'rm -rf "$tmp"' EXIT

live() {
	grep -qs '^state live$' /sys/kernel/debug/virtio_crypto/*/stats
}

# run TEXT ARGUMENT...: keyctl, with keys nobody saw before
run() {
	local text=$1
	shift
	hops >"$tmp/before"
	# shellcheck disable=SC2046 # two words
	"$stress" $(key 1024) -E $((RANDOM * 65536 + 131073)) "$@" -R -o sign >"$tmp/out" 2>&1
	verdict $? "$text: every signature is right"
	sed 's/^/# /' "$tmp/out"
	hops >"$tmp/after"
	expect "$text: in software" "$(delta class/virtio.software)" -eq 0
	expect "$text: failed" "$(delta class/virtio.failed)" -eq 0
}

# with_room SESSIONS: the device, made anew
with_room() {
	echo 0 >$config/enable && echo "$1" >$config/max_sessions && echo 1 >$config/enable || return
	within 10 test -e $bus/devices/crypto0 || return
	[ "$(basename "$(readlink -f $bus/devices/crypto0/driver)")" = virtio_vdpa ] || {
		echo virtio_vdpa >$bus/devices/crypto0/driver_override
		[ ! -e $bus/devices/crypto0/driver ] || echo crypto0 >$bus/devices/crypto0/driver/unbind
		echo crypto0 >$bus/drivers/virtio_vdpa/bind || return
	}
	within 20 live
}

check "the device is live" within 20 live
# -N counts the first key, which the others are made of.
run "$KEYS keys, used once" -N "$KEYS" -n "$KEYS"
expect "requests" "$(delta vdpa/crypto0.requests)" -eq "$KEYS"
new=$(delta vdpa/crypto0.stateless)
# The first one may have been used by another test.
expect "of these, with the key in them" "$new" -ge $((KEYS - 1))
expect "the driver's count of them" "$(delta class/virtio.inline_keys)" -eq "$new"
expect "control requests" "$(delta vdpa/crypto0.ctrl_requests)" -le 1

run "$KEYS keys, used four times" -N "$KEYS" -n $((4 * KEYS))
expect "requests" "$(delta vdpa/crypto0.requests)" -eq $((4 * KEYS))
expect "of these, with the key in them" "$(delta vdpa/crypto0.stateless)" -eq $((KEYS - 1))
opens=$(delta class/virtio.session_opens)
# The first one's may be open.
expect "sessions opened" "$opens" -ge $((KEYS - 1))
expect "not more than there are keys" "$opens" -le "$KEYS"
# With 200 keys twice, those of the known-answer tests are forgotten, and their sessions closed.
expect "control requests: to open, and to close what is forgotten" \
	"$(delta vdpa/crypto0.ctrl_requests)" -eq $((opens + $(delta class/virtio.session_closes)))
expect "operations that found their session" "$(delta class/virtio.session_hits)" \
	-eq $((4 * KEYS - (KEYS - 1) - opens))

check "the device has room for 8 sessions" with_room 8
run "64 keys in turn" -N 64 -n $((ROUNDS * 64 + 64))
expect "operations the device computed" "$(delta class/virtio.device)" -eq $((ROUNDS * 64 + 64))
expect "requests it had" "$(delta vdpa/crypto0.requests)" -eq $((ROUNDS * 64 + 64))
expect "sessions that made room for others" "$(delta class/virtio.session_evictions)" -gt 0
expect "sessions the device has" "$(cat $config/stats/sessions)" -le 8
awk '/^session_|^inline_keys|^keys/ { print "#", $0 }' $class/stats
check "the device has room for 1024 sessions again" with_room 1024
tap_end
