#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The device of a guest is unbound and bound, unplugged and plugged, under load: RSA through
# keyctl, cbc(aes) by cipher_check. Nothing fails, nothing is wrong, and each time the device
# computes again, for both.
#
# The machine is the lab's "guest": QEMU's own device, and its monitor.
# CYCLES, PLUGS  how often (default 2, 2; with COF_SOAK=1: 1000, 200)
# WORKERS        threads of keyctl (default 2; 8)
here=$(dirname "$0")
. "$here/../lib/tap.sh"

case ${COF_SOAK:-} in
'' | 0) CYCLES=${CYCLES:-2} PLUGS=${PLUGS:-2} WORKERS=${WORKERS:-2} ;;
*) CYCLES=${CYCLES:-1000} PLUGS=${PLUGS:-200} WORKERS=${WORKERS:-8} ;;
esac
tmp=$(mktemp -d) || exit 1
load=
bus=/sys/bus/virtio
driver=$bus/drivers/virtio_crypto
debug=/sys/kernel/debug
counters=/sys/module/cipher_check/parameters
trap '[ -z "$load" ] || kill "$load" 2>/dev/null; rmmod cipher_check 2>/dev/null; rm -rf "$tmp"' EXIT

# name: the device that virtio_crypto drives
name() {
	local dev
	for dev in "$driver"/virtio*; do
		[ ! -e "$dev" ] || echo "${dev##*/}"
	done
}

# stat FILE NAME
stat() {
	awk -v n="$2" '$1 == n { print $2 }' "$debug/$1" 2>/dev/null
}

# moves FILE NAME: the counter rises, within 30 s
moves() {
	local first now
	first=$(stat "$1" "$2")
	for _ in $(seq 300); do
		now=$(stat "$1" "$2")
		[ "${now:-0}" -le "${first:-0}" ] || return 0
		sleep 0.1
	done
	note "$1: $2 stays at $first"
	return 1
}

# computes: a device does, RSA and AES; what it did before it went does not count
computes() {
	local device
	for _ in $(seq 300); do
		device=$(name)
		[ -z "$device" ] || [ "$(stat "virtio_crypto/$device/stats" state)" != live ] || break
		sleep 0.1
	done
	moves asym/virtio/stats device && moves virtio_crypto/cipher device
}

unbind_and_bind() {
	local device
	device=$(name)
	echo "$device" >$driver/unbind && sleep 0.1 && echo "$device" >$driver/bind
}

gone() {
	[ -z "$(name)" ]
}

# QEMU takes its time to let go of the device and its name.
plugged_again() {
	lab monitor guest device_add virtio-crypto-pci,id=crypto0,bus=hotplug0,cryptodev=backend0 \
		>"$tmp/add"
	! grep -q . "$tmp/add"
}

unplug_and_plug() {
	lab monitor guest device_del crypto0 >"$tmp/del"
	! grep . "$tmp/del" || return 1
	within 30 gone || { note "it is not unplugged"; return 1; }
	within 30 plugged_again || { cat "$tmp/add"; return 1; }
	within 30 eval '! gone'
}

# times N TEXT COMMAND
times() {
	local done=0 begin=$SECONDS
	while [ $done -lt "$1" ]; do
		"$3" || break
		computes || break
		done=$((done + 1))
	done
	expect "$2, under load, and the device computes again" $done -eq "$1"
	note "$((SECONDS - begin)) s"
}

[ -n "$(name)" ] || fatal "virtio_crypto drives no device"
# shellcheck disable=SC2046 # words
"${PKEY_STRESS:-pkey_stress}" $(key 1024) $(key 2048) -t "$WORKERS" -w 20 -s 36000 \
	-o sign,decrypt,verify,encrypt >"$tmp/out" 2>&1 &
load=$!
modprobe cipher_check threads=2 pause_ms=20 key_ops=64 || fatal "cipher_check does not load"
computes
verdict $? "the device computes"
hops >"$tmp/before"
times "$CYCLES" "unbound and bound" unbind_and_bind
times "$PLUGS" "unplugged and plugged" unplug_and_plug
hops >"$tmp/after"
expect "software computed meanwhile" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)" -gt 0
expect "operations that failed" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.failed)" -eq 0
expect "known-answer tests that failed" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.kat_failed)" -eq 0

kill -TERM $load
wait $load
verdict $? "keyctl: no operation failed, none was wrong"
load=
sed 's/^/# /' "$tmp/out"
echo 1 >$counters/stop
check "cipher_check ends" within 30 grep -qx 0 $counters/busy
expect "cbc(aes): operations" "$(cat $counters/ops)" -gt 100
expect "cbc(aes): failed" "$(cat $counters/errors)" -eq 0
expect "cbc(aes): wrong" "$(cat $counters/wrong)" -eq 0
check "cipher_check is unloaded" rmmod cipher_check
tap_end
