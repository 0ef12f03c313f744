#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything is taken down in any order that reference counts allow, under
# load, and set up again, CYCLES times (default 3; 100 with SOAK=1). The load never
# notices: what no device computes, software does.
#
# The machine is the lab's "loop": virtio_crypto, vdpa_crypto, initiator and target.
here=$(dirname "$0")
. "$here/../lib/tap.sh"

CYCLES=${CYCLES:-$([ "${SOAK:-}" ] && echo 100 || echo 3)}
seed=${SEED:-$RANDOM}
RANDOM=$seed
note "seed $seed, $CYCLES cycles"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
config=/sys/kernel/config
modules=(virtio_crypto vdpa_crypto cof_initiator cof_target cof_tcp cof asym_provider asym_executor)

# Each step is one that an administrator may take at any time.
virtio_vdpa() {
	rmmod virtio_vdpa
}
vdpa_disable() {
	echo 0 >$config/vdpa_crypto/crypto0/enable
}
vdpa_remove() {
	rmdir $config/vdpa_crypto/crypto0
}
pool_path() {
	echo 0 >$config/cof_initiator/pool0/paths/1/enable
}
pool_disable() {
	echo 0 >$config/cof_initiator/pool0/enable
}
pool_remove() {
	rmdir $config/cof_initiator/pool0/paths/1 && rmdir $config/cof_initiator/pool0
}
port_disable() {
	echo 0 >$config/cof_target/ports/1/enable
}
target_remove() {
	rm -f $config/cof_target/ports/1/pools/pool0 &&
		rmdir $config/cof_target/ports/1 &&
		rm -f $config/cof_target/pools/pool0/allowed_hosts/lab-host &&
		rmdir $config/cof_target/pools/pool0 $config/cof_target/hosts/lab-host
}

# take_down: all steps and all modules in random order; what is refused comes again later
take_down() {
	local -a todo=(virtio_vdpa vdpa_disable vdpa_remove pool_path pool_disable pool_remove
		port_disable target_remove "${modules[@]}")
	local tries=0 i step
	order=
	while [ ${#todo[@]} -gt 0 ]; do
		tries=$((tries + 1))
		[ $tries -lt 2000 ] || { note "stuck with: ${todo[*]}"; return 1; }
		i=$((RANDOM % ${#todo[@]}))
		step=${todo[$i]}
		if declare -F "$step" >/dev/null && [ "$step" != virtio_crypto ]; then
			"$step" 2>/dev/null || { already_done "$step" || { nap; continue; }; }
		else
			rmmod "$step" 2>/dev/null || [ ! -d "/sys/module/$step" ] || { nap; continue; }
		fi
		order="$order $step"
		unset "todo[$i]"
		todo=("${todo[@]}")
	done
}

nap() {
	[ $((tries % 20)) -ne 0 ] || sleep 0.05
}

# What a later step has taken away already
already_done() {
	case $1 in
	virtio_vdpa) [ ! -d /sys/module/virtio_vdpa ] ;;
	vdpa_*) [ ! -d $config/vdpa_crypto/crypto0 ] ;;
	pool_*) [ ! -d $config/cof_initiator/pool0 ] ;;
	port_disable | target_remove) [ ! -d $config/cof_target/ports/1 ] && [ ! -d $config/cof_target/pools/pool0 ] ;;
	esac
}

"${PKEY_STRESS:-pkey_stress}" -g 2048 -t 2 -s 36000 -o sign,decrypt,verify >"$tmp/out" 2>&1 &
load=$!
ok=0
for ((cycle = 1; cycle <= CYCLES; cycle++)); do
	hops >"$tmp/before"
	sleep 0.3
	take_down || break
	[ "$CYCLES" -gt 10 ] || note "cycle $cycle:$order"
	left=$(lsmod | awk '/^(asym_|cof|virtio_crypto|vdpa_crypto)/ { print $1 }' | grep -v -e asym_sim -e asym_bench)
	[ -z "$left" ] || { note "still loaded: $left"; break; }
	if ! sh /run/lab/bin/setup >"$tmp/setup" 2>&1; then
		sed 's/^/# /' "$tmp/setup"
		break
	fi
	# The new devices get the load.
	for _ in $(seq 200); do
		hops >"$tmp/after"
		[ "$(hop "$tmp/after" class/virtio.device)" -eq 0 ] || break
		sleep 0.1
	done
	[ "$(hop "$tmp/after" class/virtio.device)" -gt 0 ] || { note "the device computes nothing"; break; }
	ok=$((ok + 1))
done
expect "cycles of taking down and setting up" $ok -eq "$CYCLES"
kill -TERM $load
wait $load
rc=$?
sed 's/^/# /' "$tmp/out"
verdict $rc "the load saw no failed and no wrong operation"
tap_end
