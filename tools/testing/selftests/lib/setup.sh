#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# setup.sh up|down: configure this machine for its part ($ROLE), as an administrator would. setup/*.sh have a
# file for each kind of machine. Other machines than the loop are the lab's, and are never taken down.
lib=$(cd "$(dirname "$0")" && pwd -P)
for file in functions rdma target initiator vdpa guest loop; do
	# shellcheck source=/dev/null
	. "$lib/setup/$file.sh"
done

case ${1:-} in
up)
	case $COF_TRANSPORT/$ROLE in
	tcp/* | */guest) ;;
	*) setup_rdma ;;
	esac
	case $ROLE in
	target)
		# shellcheck disable=SC2086 # a list
		setup_target $PORTS ;;
	initiator) setup_initiator ;;
	host) setup_host ;;
	guest) setup_guest ;;
	loop)
		# Not the default: operations of every kind shall pass every hop.
		load virtio_crypto
		set_attr /sys/module/virtio_crypto/parameters/public_ops remote
		setup_loop ;;
	esac ;;
down)
	drop_loop
	[ "$COF_TRANSPORT" = tcp ] || drop_rdma ;;
*)
	echo "setup.sh up|down" >&2
	exit 64 ;;
esac
