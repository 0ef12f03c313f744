#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Many operations in flight (asym_bench): each is answered once, with the right
# result, by the pool, also while the pool's port goes and comes back (loop).
#
# OPS  operations of each run (default 100; 4000 with COF_SOAK=1)
#
# needs: topology loop, modules asym_bench
# check: stable, uml
# quick: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"; rmmod asym_bench' EXIT
OPS=${OPS:-$([ "${COF_SOAK:-}" = 1 ] && echo 4000 || echo 100)}
bench=/sys/kernel/debug/asym_bench
port=$(echo /sys/kernel/config/cof_target/ports/*)

modprobe asym_bench || fatal "cannot load asym_bench"

result() {
	awk -v n="$1" '$1 == n { print $2 }' $bench/result
}

# run DRIVER OP OPS SECONDS
run() {
	echo "$1" >$bench/driver
	echo "$2" >$bench/op
	echo "$3" >$bench/ops
	echo "$4" >$bench/seconds
	echo 1 >$bench/run
}

# facts TEXT: what must hold whatever happened
facts() {
	for _name in errors wrong doubled lost; do
		expect "$1: $_name" "$(result $_name)" -eq 0
	done
}

echo 64 >$bench/depth
echo 4 >$bench/threads
for driver in virtio-crypto-rsa cof-pool0-rsa; do
	for op in decrypt encrypt; do
		text="$driver, $op, 64 in flight"
		hops >"$tmp/before"
		check "$text: it runs" run $driver $op "$OPS" 0
		hops >"$tmp/after"
		facts "$text"
		expect "$text: answered" "$(result ops)" -eq "$OPS"
		[ $driver = cof-pool0-rsa ] ||
			expect "$text: computed by the device" "$(delta class/virtio.device)" -eq "$OPS"
		expect "$text: computed by the pool" "$(delta class/cof-pool0.device)" -eq "$OPS"
		expect "$text: operations of the pool" "$(delta pool/pool0.ops)" -eq "$OPS"
		expect "$text: computed in software on the way" \
			$(($(delta class/virtio.software) + $(delta class/cof-pool0.software))) -eq 0
	done
done

text="the port goes and comes back"
hops >"$tmp/before"
run virtio-crypto-rsa decrypt 0 5 >"$tmp/run" 2>&1 &
load=$!
for _ in 1 2; do
	sleep 1
	echo 0 >"$port/enable"
	sleep 0.5
	echo 1 >"$port/enable"
done
wait $load
verdict $? "$text: it runs $(cat "$tmp/run")"
hops >"$tmp/after"
facts "$text"
expect "$text: answered" "$(result ops)" -gt 0
expect "$text: asked for, and answered" "$(delta class/virtio.ops)" -ge "$(result ops)"
expect "$text: computed by the pool" "$(delta class/cof-pool0.device)" -gt 0
expect "$text: computed in software meanwhile" \
	$(($(delta class/virtio.software) + $(delta class/cof-pool0.software))) -gt 0
expect "$text: failed" $(($(delta class/virtio.failed) + $(delta class/cof-pool0.failed))) -eq 0

# The next test wants the device back.
check "the device is used again" within 20 \
	grep -q '^state live$' /sys/kernel/debug/virtio_crypto/*/stats
tap_end
