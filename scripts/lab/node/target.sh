# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The pool host: one pool, offered to every initiator of the lab on one TCP port.

setup_target() # ADDRESS
{
	target=$CONFIG/cof_target
	load cof_target
	load cof_tcp

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

	make_dir $target/ports/1
	set_attr $target/ports/1/transport tcp
	set_attr $target/ports/1/traddr "$1"
	set_attr $target/ports/1/trsvcid 4430
	set_attr $target/ports/1/insecure 1
	link $target/pools/pool0 $target/ports/1/pools/pool0
	set_attr $target/ports/1/enable 1
}
