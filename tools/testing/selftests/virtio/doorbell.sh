#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Notifications (loop): each request has its own where one is cheap; where it is dear, requests that
# are sent while the device has others share them, none waits for one, and a lone request does not
# share.
here=$(dirname "$0")
. "$here/../lib/tap.sh"
bench=/sys/kernel/debug/asym_bench
dear=/sys/module/virtio_crypto/parameters/dear_kick_ns
stats=$(echo /sys/kernel/debug/virtio_crypto/*/stats)
seconds=$([ "${COF_SOAK:-0}" != 0 ] && echo 60 || echo 2)
before=$(cat $dear)
trap 'echo $before >$dear; rmmod asym_bench' EXIT

result() { awk -v n="$1" '$1 == n { print $2 }' $bench/result; }
counted() { awk -v n="$1" '$1 == n { print $2 }' "$stats"; }

# load TEXT DEPTH THREADS; sets requests and kicks
load() {
	echo "$2" >$bench/depth
	echo "$3" >$bench/threads
	echo $seconds >$bench/seconds
	requests=$(counted requests) kicks=$(counted kicks)
	echo 1 >$bench/run
	verdict $? "$1: asym_bench ran to its end"
	requests=$(($(counted requests) - requests)) kicks=$(($(counted kicks) - kicks))
	for name in errors wrong doubled lost; do
		expect "$1: $name" "$(result $name)" -eq 0
	done
	expect "$1: all by the device" "$requests" -ge "$(result ops)"
	note "$1: $(result ops_per_sec) operations/s, p99 $(($(result p99_ns) / 1000)) us; $requests requests, $kicks notifications"
	expect "$1: answered" "$(result ops)" -gt 10
}

modprobe asym_bench || fatal "cannot load asym_bench"
echo virtio-crypto-rsa >$bench/driver
echo encrypt >$bench/op
echo 1 >$bench/check
[ -r "$stats" ] || fatal "there is not one device of virtio_crypto"

echo 4000000000 >$dear
load "cheap, 32 in flight" 32 2
echo 0 >$dear
load "dear, 32 in flight" 32 2
# Requests of a CPU that comes to rest, or an answer: most share one.
expect "dear, 32 in flight: notifications are fewer than requests" "$kicks" -lt $((requests * 3 / 4))
load "dear, one in flight" 1 1
expect "dear, one in flight: each is notified" "$kicks" -ge "$requests"
load "dear, 16 threads with one in flight each" 16 16
# A notification that gets lost is one until the next request.
expect "dear, 16 threads: the slowest hundredth, ms" $(($(result p99_ns) / 1000000)) -lt 5000
tap_end
