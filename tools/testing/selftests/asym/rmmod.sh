#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything is taken down in any order that reference counts allow, under
# load, and set up again, CYCLES times (default 2; 100 with COF_SOAK=1). The load
# never notices: what no device computes, software does.
#
# The machine is the lab's "loop": virtio_crypto, vdpa_crypto, initiator and target.
# SEED=N repeats the choices of a run.
#
# needs: topology loop, programs pkey_stress
# check: stable last, uml last CYCLES=1
# soak: stable/rdma last
here=$(dirname "$0")
. "$here/../lib/tap.sh"

case ${COF_SOAK:-} in
'' | 0) CYCLES=${CYCLES:-2} ;;
*) CYCLES=${CYCLES:-100} ;;
esac
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
note "SEED=$SEED, $CYCLES cycles"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"; [ ! -w $kunit ] || echo "*" >$kunit' EXIT
# Kernels with KUnit run it each time a module is loaded. That is kunit.sh's.
kunit=/sys/module/kunit/parameters/filter_glob
[ ! -w $kunit ] || echo none >$kunit
config=/sys/kernel/config
modules=(virtio_crypto vdpa_crypto cof_initiator cof_target cof_tcp cof_rdma cof asym_provider asym_executor
	asym_qos asym_lib pkcs8_key_parser ecdsa_sign)

# Steps that an administrator may take at any time. Each succeeds when what it
# takes away is gone, whoever did it.
virtio_unbind() {
	local dev
	for dev in /sys/bus/virtio/drivers/virtio_crypto/virtio*; do
		[ ! -e "$dev" ] || echo "${dev##*/}" >"${dev%/*}/unbind" || return 1
	done
}

vdpa_unbind() {
	rmmod virtio_vdpa || [ ! -d /sys/module/virtio_vdpa ]
}

vdpa_disable() {
	put 0 $config/vdpa_crypto/crypto0/enable
}

vdpa_remove() {
	gone $config/vdpa_crypto/crypto0
}

path_disable() {
	put 0 $config/cof_initiator/pool0/paths/1/enable
}

path_remove() {
	gone $config/cof_initiator/pool0/paths/1
}

# What would be refused is tried, too, but not all the time: it costs a process.
dare() {
	[ $((RANDOM % 16)) -eq 0 ]
}

pool_disable() {
	put 0 $config/cof_initiator/pool0/enable
}

pool_remove() {
	[ ! -d $config/cof_initiator/pool0/paths/1 ] || dare || return 1
	gone $config/cof_initiator/pool0
}

port_disable() {
	put 0 $config/cof_target/ports/1/enable
}

port_remove() {
	unlinked $config/cof_target/ports/1/pools/pool0 && gone $config/cof_target/ports/1
}

target_disable() {
	put 0 $config/cof_target/pools/pool0/enable
}

target_remove() {
	[ ! -L $config/cof_target/ports/1/pools/pool0 ] || dare || return 1
	unlinked $config/cof_target/pools/pool0/allowed_hosts/lab-host &&
		gone $config/cof_target/pools/pool0
}

host_remove() {
	[ ! -L $config/cof_target/pools/pool0/allowed_hosts/lab-host ] || dare || return 1
	gone $config/cof_target/hosts/lab-host
}

put() {
	[ ! -e "$2" ] || echo "$1" >"$2" || [ ! -e "$2" ]
}

gone() {
	[ ! -d "$1" ] || rmdir "$1"
}

unlinked() {
	[ ! -L "$1" ] || rm "$1"
}

module_remove() {
	local refs=0
	[ -d "/sys/module/$1" ] || return 0
	{ read -r refs <"/sys/module/$1/refcnt"; } 2>/dev/null
	[ "$refs" = 0 ] || dare || return 1
	rmmod "$1" || [ ! -d "/sys/module/$1" ]
}

steps=(virtio_unbind vdpa_unbind vdpa_disable vdpa_remove path_disable path_remove pool_disable
	pool_remove port_disable port_remove target_disable target_remove host_remove)

# A path that connects again loads its transport again, behind the back of who
# unloaded it before.
loaded_again() {
	local module
	for module in "${modules[@]}"; do
		[ -d "/sys/module/$module" ] || continue
		case " ${todo[*]} " in
		*" rmmod $module "*) ;;
		*) todo+=("rmmod $module") ;;
		esac
	done
}

# take_down: all steps and all modules in random order; what is refused comes again later
take_down() {
	local -a todo=("${steps[@]}" "${modules[@]/#/rmmod }")
	local i step refused=0 deadline=$((SECONDS + 60))
	order=
	while [ ${#todo[@]} -gt 0 ]; do
		i=$((RANDOM % ${#todo[@]}))
		step=${todo[i]}
		if case $step in
		rmmod\ *) module_remove "${step#* }" ;;
		*) "$step" ;;
		esac 2>/dev/null; then
			order="$order${order:+, }$step"
			unset "todo[i]"
			todo=("${todo[@]}")
			refused=0
			[ ${#todo[@]} -gt 0 ] || loaded_again
			continue
		fi
		refused=$((refused + 1))
		if [ $SECONDS -ge $deadline ]; then
			note "done: $order"
			note "stuck: ${todo[*]}"
			return 1
		fi
		# The last users go by themselves, soon.
		[ $((refused % 32)) -ne 0 ] || { loaded_again; sleep 0.02; }
	done
}

# class_stat NAME: a counter of the class virtio; without a process, which takes its time here
class_stat() {
	local name value
	while read -r name value; do
		[ "$name" != "$1" ] || echo "$value"
	done 2>/dev/null </sys/kernel/debug/asym/virtio/stats
}

# device_computes: the new device gets the load, within 20 s
device_computes() {
	local first deadline=$((SECONDS + 20))
	first=$(class_stat device)
	until [ "$(class_stat device)" -gt "${first:-0}" ] 2>/dev/null; do
		[ $SECONDS -lt $deadline ] || { note "the device computes nothing"; return 1; }
		sleep 0.05
	done
}

ms() {
	echo $(((${EPOCHREALTIME/./} - $1) / 1000))
}

# Small keys, with pauses, and behind everything else: an emulated machine shall not be busy with
# this alone.
nice -n 19 "${PKEY_STRESS:-pkey_stress}" -g 1024 -g 1024 -t 2 -w 20 -s 36000 \
	-o sign,decrypt,verify,encrypt >"$tmp/out" 2>&1 &
load=$!
ok=0
lost=0
begin=$SECONDS
for ((cycle = 1; cycle <= CYCLES; cycle++)); do
	start=${EPOCHREALTIME/./}
	device_computes || break
	lost=$((lost + $(class_stat failed)))
	computed=$(ms "$start") start=${EPOCHREALTIME/./}
	take_down || break
	down=$(ms "$start") start=${EPOCHREALTIME/./}
	for module in "${modules[@]}"; do
		[ ! -d "/sys/module/$module" ] || { note "still loaded: $module"; break 2; }
	done
	# Mostly without the load, which costs an emulated machine seconds.
	[ $((RANDOM % 4)) -eq 0 ] || kill -STOP $load
	# shellcheck disable=SC2086 # words
	if ! ${LOOP_SETUP:-sh /run/lab/bin/setup.sh up} >"$tmp/setup" 2>&1; then
		sed 's/^/# /' "$tmp/setup"
		kill -CONT $load
		break
	fi
	kill -CONT $load
	up=$(ms "$start")
	[ "$CYCLES" -gt 10 ] ||
		note "cycle $cycle (computes $computed, down $down, up $up ms): $order"
	ok=$((ok + 1))
done
took=$((SECONDS - begin))
device_computes
verdict $? "the device computes at the end"
expect "cycles of taking down and setting up" $ok -eq "$CYCLES"
note "$took s, $((ok ? took * 1000 / ok : 0)) ms for each cycle"
expect "operations that the class virtio failed" "$lost" -eq 0
kill -TERM $load
wait $load
rc=$?
sed 's/^/# /' "$tmp/out"
verdict $rc "the load saw no failed and no wrong operation"
tap_end
