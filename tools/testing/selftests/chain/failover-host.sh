#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor, while the guest signs in a loop (failover-guest.sh): the
# pool's machine loses its power, and gets it back. Times are of the monotonic clock.
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

now_ms() {
	awk '{ print int($1 * 1000) }' /proc/uptime
}

# count NAME: a counter of the class, now
count() {
	awk -v n="$1" '$1 == n { print $2 }' /sys/kernel/debug/asym/cof-pool0/stats
}

# rises SECONDS NAME: until the counter is higher than it is now; prints the ms it took
rises() {
	_from=$(count "$2")
	_start=$(now_ms)
	while [ "$(count "$2")" -le "$_from" ]; do
		[ $(($(now_ms) - _start)) -lt $(($1 * 1000)) ] || return 1
		sleep 0.1
	done
	echo $(($(now_ms) - _start))
}

lab barrier failover-begin 2
check "the pool computes" rises 20 device
lab power off target
check "without the pool, software computes" rises 30 software
sleep 2
device=$(count device)
check "and goes on" rises 20 software
expect "the pool's count stands still" "$(($(count device) - device))" -eq 0
before=$(count device)
lab power on target
lab wait target 180
start=$(now_ms)
while [ "$(count device)" -le "$before" ] && [ $(($(now_ms) - start)) -lt 30000 ]; do
	sleep 0.1
done
expect "the port accepts, ms until the pool computes again" $(($(now_ms) - start)) -lt 10000
check "and goes on" rises 20 device
expect "failed operations" "$(count failed)" -eq 0
touch /run/lab/failover-stop
lab barrier failover-end 2
tap_end
