# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A host that uses the pool: one path to each target. Registers cof-pool0-rsa and its relatives.

setup_initiator()
{
	pool=$CONFIG/cof_initiator/pool0
	load cof_initiator

	make_dir $pool
	set_attr $pool/hostid "$HOSTID"
	set_attr $pool/insecure 1
	# Not the default: here operations of every kind shall pass every hop.
	set_attr $pool/public_ops "${PUBLIC_OPS:-remote}"
	[ -z "${INITIATOR_PRIORITY:-}" ] || set_attr $pool/priority "$INITIATOR_PRIORITY"
	n=0
	# shellcheck disable=SC2086 # a list
	set -- $TARGET_TRANSPORTS
	for address in $TARGET_ADDRS; do
		n=$((n + 1))
		load "cof_$1"
		make_dir $pool/paths/$n
		set_attr $pool/paths/$n/transport "$1"
		set_attr $pool/paths/$n/traddr "$address"
		set_attr $pool/paths/$n/trsvcid 4430
		set_attr $pool/paths/$n/enable 1
		shift
	done
	set_attr $pool/enable 1
	wait_for 60 "the algorithm cof-pool0-rsa (is the target up?)" driver_is_there cof-pool0-rsa
	load pkcs8_key_parser
}
