# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# One machine plays all parts: a target with the pool pool0, its initiator, and a device of vdpa_crypto,
# computed by that pool, which virtio_crypto drives. The lab sets its topology "loop" up with this
# (setup.sh), needs.sh any machine. After the files beside it.

setup_loop()
{
	# shellcheck disable=SC2086 # a list
	setup_target $PORTS
	# Below software: here the guest's driver is the one that keyctl shall find.
	# shellcheck disable=SC2034 # of setup_initiator
	INITIATOR_PRIORITY=90
	setup_initiator
	setup_vdpa crypto0 virtio_vdpa
	setup_guest
}

# drop_loop - take down what setup_loop made; what a test removed is no error. What cannot be removed is said.
drop_loop()
{
	drop_device $CONFIG/vdpa_crypto/crypto0
	drop_enabled $CONFIG/cof_initiator/pool0
	for path in $CONFIG/cof_initiator/pool0/paths/*; do
		drop_dir "$path"
	done
	drop_dir $CONFIG/cof_initiator/pool0
	n=0
	for _ in $PORTS; do
		n=$((n + 1))
		drop_enabled $CONFIG/cof_target/ports/$n
		rm -f $CONFIG/cof_target/ports/$n/pools/pool0
		drop_dir $CONFIG/cof_target/ports/$n
	done
	drop_enabled $CONFIG/cof_target/pools/pool0
	for hostid in $HOSTIDS; do
		rm -f "$CONFIG/cof_target/pools/pool0/allowed_hosts/$hostid"
	done
	drop_dir $CONFIG/cof_target/pools/pool0
	for hostid in $HOSTIDS; do
		drop_dir "$CONFIG/cof_target/hosts/$hostid"
	done
}

drop_device()
{
	drop_enabled "$1"
	drop_dir "$1"
}

drop_enabled() { [ ! -e "$1/enable" ] || echo 0 >"$1/enable"; }

drop_dir() { [ ! -d "$1" ] || rmdir "$1" || echo "$1 cannot be removed"; }
