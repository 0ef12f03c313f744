#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The device of a guest is unbound and bound, unplugged and plugged, under load: RSA through
# keyctl, cbc(aes) by cipher_check. Nothing fails, nothing is wrong, and each time the device
# computes again, for both.
#
# The machine is the lab's "guest": QEMU's own device, and its monitor.
# CYCLES, PLUGS  how often (default 2, 2; with COF_SOAK=1: 1000, 200); PLUGS=0: nothing is plugged, no
#                second device either
# WORKERS        threads of keyctl (default 2; 8)
#
# needs: topology guest, modules cipher_check, programs pkey_stress
# check: stable PLUGS=0, mainline --smp=1
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

# Beside busy processors each process that is started costs a tenth of a second: what is done
# a thousand times is done by the shell itself.
mkfifo "$tmp/nothing"
exec {nothing}<>"$tmp/nothing"
nap() {
	read -rt "$1" -u "$nothing"
}

# name: sets device, the first one that virtio_crypto drives, or nothing
name() {
	local dev
	device=
	for dev in "$driver"/virtio*; do
		[ ! -e "$dev" ] || { device=${dev##*/}; return; }
	done
}

# stat FILE NAME: sets value, 0 if there is none
stat() {
	local key val
	value=0
	[ -e "$debug/$1" ] || return
	while read -r key val; do
		[ "$key" != "$2" ] || { value=$val; return; }
	done 2>/dev/null <"$debug/$1"
}

# until SECONDS COMMAND...: as within, without processes
until_() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -le $end ] || return 1
		nap 0.05
	done
	return 0
}

above() {
	stat "$1" "$2"
	[ "$value" -gt "$3" ]
}

# moves FILE NAME: the counter rises, within 30 s
moves() {
	stat "$1" "$2"
	until_ 30 above "$1" "$2" "$value" || { note "$1: $2 stays at $value"; return 1; }
}

live() {
	name
	[ "$device" ] || return
	stat "virtio_crypto/$device/stats" state
	[ "$value" = live ]
}

# computes: a device does, RSA and AES; what it did before it went does not count
computes() {
	until_ 30 live && moves asym/virtio/stats device && moves virtio_crypto/cipher device
}

unbind_and_bind() {
	name
	echo "$device" >$driver/unbind && nap 0.1
	echo "$device" >$driver/bind
}

gone() {
	name
	[ -z "$device" ]
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
	until_ 30 gone || { note "it is not unplugged"; return 1; }
	within 30 plugged_again || { cat "$tmp/add"; return 1; }
	until_ 30 live
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

name
[ "$device" ] || fatal "virtio_crypto drives no device"
# shellcheck disable=SC2046 # words
"${PKEY_STRESS:-pkey_stress}" $(key 1024) $(key 2048) -t "$WORKERS" -w 20 -s 36000 \
	-o sign,decrypt,verify,encrypt >"$tmp/out" 2>&1 &
load=$!
modprobe cipher_check threads=2 pause_ms=20 key_ops=0 || fatal "cipher_check does not load"
computes
verdict $? "the device computes"
hops >"$tmp/before"
times "$CYCLES" "unbound and bound" unbind_and_bind
[ "$PLUGS" -eq 0 ] || times "$PLUGS" "unplugged and plugged" unplug_and_plug
hops >"$tmp/after-one"
expect "software computed meanwhile" \
	"$(hop_delta "$tmp/before" "$tmp/after-one" class/virtio.software)" -gt 0

# Two devices: both compute; and while the first goes, what it had is the other's, not the software's.
two_devices() {
	lab monitor guest object_add cryptodev-backend-builtin,id=backend1 >"$tmp/add"
	lab monitor guest device_add virtio-crypto-pci,id=crypto1,bus=hotplug1,cryptodev=backend1 >>"$tmp/add"
	check "a second device is plugged" test ! -s "$tmp/add"
	two() {
		local stats n=0
		for stats in "$debug"/virtio_crypto/virtio*/stats; do
			stat "${stats#"$debug"/}" state
			[ "$value" != live ] || n=$((n + 1))
		done
		[ $n -eq 2 ]
	}
	check "both are live" within 30 two
	for dev in "$driver"/virtio*; do
		moves "virtio_crypto/${dev##*/}/stats" answered
		verdict $? "${dev##*/} computes"
	done
	name
	first=$device
	hops >"$tmp/two"
	done=0
	while [ $done -lt "$CYCLES" ]; do
		echo "$first" >$driver/unbind && nap 0.2
		echo "$first" >$driver/bind || break
		until_ 30 two || break
		done=$((done + 1))
	done
	expect "one of two unbound and bound, under load" $done -eq "$CYCLES"
	hops >"$tmp/after"
	expect "operations that fell back to software meanwhile" \
		"$(hop_delta "$tmp/two" "$tmp/after" class/virtio.software)" -eq 0
	note "moved to the other device: $(hop_delta "$tmp/two" "$tmp/after" class/virtio.retried)"
	lab monitor guest device_del crypto1 >"$tmp/del"
	one() {
		set -- "$driver"/virtio*
		[ $# -eq 1 ]
	}
	check "the second device is unplugged" within 30 one
}
hops >"$tmp/after"
[ "$PLUGS" -eq 0 ] || two_devices
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
