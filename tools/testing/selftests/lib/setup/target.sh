# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The pool host: one pool, offered to every initiator of the lab on one port (loop, --transport
# mixed: two).

setup_target() # TRANSPORT=ADDRESS...
{
	target=$CONFIG/cof_target
	load cof_target

	make_dir $target/pools/pool0
	if [ "$ACCELERATOR" ]; then
		load virtio_crypto
		wait_for 10 "the accelerator's driver" driver_is_there virtio-crypto-rsa
		set_attr $target/pools/pool0/drivers virtio-crypto-rsa
	fi
	if [ "${SIM_LATENCY_US:-}" ]; then
		load asym_sim
		set_attr /sys/module/asym_sim/parameters/latency_us "$SIM_LATENCY_US"
		wait_for 10 "the simulated accelerator" driver_is_there sim-rsa
		set_attr $target/pools/pool0/drivers sim-rsa
	fi
	for hostid in $HOSTIDS; do
		make_dir "$target/hosts/$hostid"
		link "$target/hosts/$hostid" "$target/pools/pool0/allowed_hosts/$hostid"
	done
	set_attr $target/pools/pool0/algorithms "rsa ecdsa"
	set_attr $target/pools/pool0/enable 1

	n=0
	for port; do
		n=$((n + 1))
		load "cof_${port%%=*}"
		make_dir $target/ports/$n
		set_attr $target/ports/$n/transport "${port%%=*}"
		set_attr $target/ports/$n/traddr "${port#*=}"
		set_attr $target/ports/$n/trsvcid 4430
		set_attr $target/ports/$n/insecure 1
		link $target/pools/pool0 $target/ports/$n/pools/pool0
		set_attr $target/ports/$n/enable 1
	done
}
