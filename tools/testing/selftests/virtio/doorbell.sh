#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Notifications (loop): each request has its own where one is cheap; where it is dear, requests that
# are sent while the device has others share them, a lone request does not, and none waits for the
# answer to another. And interrupts, the other way: of a device with coalesce_usecs many answers share
# one, a lone answer has its own at once, and none is held back for longer.
#
# Makes and removes the device 'doorbell', on asym_sim; meanwhile the driver has no other.
#
# needs: topology loop, modules asym_sim asym_bench
# check: stable
# soak: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"
bench=/sys/kernel/debug/asym_bench
dear=/sys/module/virtio_crypto/parameters/dear_kick_ns
config=/sys/kernel/config/vdpa_crypto/doorbell
bus=/sys/bus/vdpa
driver=/sys/bus/virtio/drivers/virtio_crypto
sim=/sys/module/asym_sim/parameters
hold=$sim/hold
seconds=$([ "${COF_SOAK:-0}" != 0 ] && echo 60 || echo 2)
before=$(cat $dear)
others=$(cd $driver && ls -d virtio*)
trap restore EXIT

# restore: as it was
restore() {
	echo $before >$dear
	[ ! -e $hold ] || echo 0 >$hold
	rmmod asym_bench
	rmdir $config
	for name in $others; do
		echo "$name" >$driver/bind
	done
	rmmod asym_sim
}

make_device() {
	modprobe -a asym_sim asym_bench && mkdir $config && echo sim-rsa >$config/drivers &&
		echo 1 >$config/queues && echo 1 >$config/enable || return
	[ "$(basename "$(readlink -f $bus/devices/doorbell/driver)")" = virtio_vdpa ] || {
		echo virtio_vdpa >$bus/devices/doorbell/driver_override
		[ ! -e $bus/devices/doorbell/driver ] || echo doorbell >$bus/devices/doorbell/driver/unbind
		echo doorbell >$bus/drivers/virtio_vdpa/bind
	}
}

live() { grep -qx "state live" /sys/kernel/debug/virtio_crypto/*/stats; }

# has COUNT: what the device took from its ring
has() { [ "$(cat $config/stats/requests)" -eq "$1" ]; }

result() { awk -v n="$1" '$1 == n { print $2 }' $bench/result; }
counted() { awk -v n="$1" '$1 == n { print $2 }' "$stats"; }

# load TEXT DEPTH THREADS; sets requests, kicks, interrupts and held
load() {
	echo "$2" >$bench/depth
	echo "$3" >$bench/threads
	echo $seconds >$bench/seconds
	requests=$(counted requests) kicks=$(counted kicks) interrupts=$(cat $config/stats/notifications)
	held=$(cat $config/stats/held_back)
	echo 1 >$bench/run
	verdict $? "$1: asym_bench ran to its end"
	requests=$(($(counted requests) - requests)) kicks=$(($(counted kicks) - kicks))
	interrupts=$(($(cat $config/stats/notifications) - interrupts))
	held=$(($(cat $config/stats/held_back) - held))
	for name in errors wrong doubled lost; do
		expect "$1: $name" "$(result $name)" -eq 0
	done
	expect "$1: all by the device" "$requests" -ge "$(result ops)"
	note "$1: $(result ops_per_sec) operations/s, p99 $(($(result p99_ns) / 1000)) us; $requests requests, $kicks notifications, $interrupts interrupts"
	expect "$1: answered" "$(result ops)" -gt 10
}

for name in $others; do
	echo "$name" >$driver/unbind
done
check "a device is made" make_device || tap_end
check "the driver uses it" within 60 live
stats=$(echo /sys/kernel/debug/virtio_crypto/*/stats)
[ -r "$stats" ] || fatal "there is not one device of virtio_crypto"
echo virtio-crypto-rsa >$bench/driver || fatal "asym_bench does not take the driver"
echo encrypt >$bench/op
echo 1 >$bench/check

echo 4000000000 >$dear
load "cheap, 32 in flight" 32 2
echo 0 >$dear
load "dear, 32 in flight" 32 2
# Requests of a CPU that comes to rest, or an answer: most share one.
expect "dear, 32 in flight: notifications are fewer than requests" "$kicks" -lt $((requests * 3 / 4))
load "dear, one in flight" 1 1
expect "dear, one in flight: each is notified" "$kicks" -ge "$requests"
load "dear, 16 threads with one in flight each" 16 16

# The accelerator answers nothing: what is sent after the first must be seen all the same.
taken=$(cat $config/stats/requests)
echo 1 >$hold
echo 8 >$bench/depth
echo 4 >$bench/threads
echo 1 >$bench/run &
check "dear, none is answered: the device has all eight" within 10 has $((taken + 8))
echo 0 >$hold
wait $!
verdict $? "... asym_bench ran to its end"
for name in errors wrong doubled lost; do
	expect "... $name" "$(result $name)" -eq 0
done

# refused VALUE: coalesce_usecs cannot be that
refused() {
	! echo "$1" 2>/dev/null >$config/coalesce_usecs && [ "$(cat $config/coalesce_usecs)" = "$coalesce" ]
}

coalesce=$(cat $config/coalesce_usecs)
test "$coalesce" -gt 0
verdict $? "interrupts are coalesced by default"
for value in 10001 -1 50us; do
	check "coalesce_usecs '$value' is refused, and changes nothing" refused "$value"
done
echo 4000000000 >$dear
echo 10000 >$config/coalesce_usecs
load "coalesced, 32 in flight" 32 2
expect "coalesced, 32 in flight: interrupts, of which four answers or more share one" \
	$((interrupts * 4)) -le "$requests"
expect "coalesced, 32 in flight: interrupts that were held back" "$held" -gt 0
load "coalesced, one in flight" 1 1
expect "coalesced, one in flight: each has its interrupt" $((interrupts * 10)) -ge $((requests * 9))
# Until it is known that there are not 32 any more.
expect "coalesced, one in flight: interrupts that were held back" "$held" -le 6
wq=/sys/devices/virtual/workqueue/vdpa_crypto
mask=$(cat $wq/cpumask)
check "the processors that serve queues can be chosen" sh -c "echo 1 >$wq/cpumask && echo cpu >$wq/affinity_scope"
load "on one processor, 32 in flight" 32 2
echo "$mask" >$wq/cpumask
echo default >$wq/affinity_scope
# One answer every 50 ms: half of the eight are not there for 200.
echo 1 >$sim/parallelism
echo 50000 >$sim/latency_us
load "coalesced, a slow accelerator has eight" 8 1
expect "coalesced, a slow accelerator has eight: no answer waits for another" \
	$((interrupts * 4)) -ge $((requests * 3))
tap_end
