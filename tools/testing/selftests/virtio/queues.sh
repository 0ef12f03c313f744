#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# With as many data queues as processors each carries load, and the requests of each processor
# are in one (the lab's loop with --smp 4 --queues 4). And the way of an operation can be followed
# with trace events.
#
# needs: topology loop, processors 4, queues 4, programs pkey_stress
# check: mainline
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
stats=$(echo /sys/kernel/debug/virtio_crypto/*/stats)
cpus=$(nproc)
trap 'umount "$tmp/trace"; rm -rf "$tmp"' EXIT

# queue N NAME: a counter of a data queue
queue() {
	awk -v n="dataq$1_$2" '$1 == n { print $2 }' "$stats"
}

hops >"$tmp/before"
expect "processors" "$cpus" -eq 4
expect "data queues in use" "$(awk '$1 == "queues" { print $2 }' "$stats")" -eq 4
# The first operations have the key in them, and wait for a session, which any processor may open.
# shellcheck disable=SC2046 # two words
check "the key is the device's" pkey_stress $(key 1024) -n 3 -o sign
cpu=0
while [ $cpu -lt "$cpus" ]; do
	for q in 0 1 2 3; do
		eval "before$q=$(queue $q requests)"
	done
	# shellcheck disable=SC2046 # two words
	check "processor $cpu signs" taskset -c $cpu pkey_stress $(key 1024) -n 10 -o sign
	for q in 0 1 2 3; do
		eval "delta=\$(($(queue $q requests) - before$q))"
		wanted=0
		[ $q -ne $cpu ] || wanted=10
		expect "requests in queue $q" "$delta" -eq $wanted
	done
	cpu=$((cpu + 1))
done
# shellcheck disable=SC2046 # two words
check "all of them" pkey_stress $(key 1024) -t 16 -n 20 -o sign
for q in 0 1 2 3; do
	expect "queue $q: requests" "$(queue $q requests)" -gt 10
	expect "queue $q: answered" "$(queue $q answered)" -eq "$(queue $q requests)"
	note "queue $q: $(queue $q kicks) kicks, $(queue $q interrupts) interrupts"
done
hops >"$tmp/after"
expect "in software" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)" -eq 0

mkdir -p "$tmp/trace"
mount -t tracefs tracefs "$tmp/trace"
check "trace events are there" test -d "$tmp/trace/events/asym"
echo 1 >"$tmp/trace/events/asym/enable"
# shellcheck disable=SC2046 # two words
check "three signatures are traced" pkey_stress $(key 3072) -n 3 -o sign
echo 0 >"$tmp/trace/events/asym/enable"
grep asym_ "$tmp/trace/trace" | head -n 4 | sed 's/^/# /'
for event in 'asym_op_start: .*class=virtio op=sign padding=pkcs1 hash=sha256 bits=3072' \
	'asym_op_submit: .*device=virtio[0-9]* inline_key=[01]' 'asym_op_done: .*class=virtio where=device err=0'; do
	expect "$event" "$(grep -c "$event" "$tmp/trace/trace")" -eq 3
done
expect "asym_session_open" "$(grep -c 'asym_session_open: .*device=virtio.* bits=3072 err=0' "$tmp/trace/trace")" -eq 1
tap_end
