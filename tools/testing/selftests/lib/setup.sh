#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# setup.sh up|down: the loop on this machine, whose parts setup/*.sh make. needs.sh says where.
lib=$(cd "$(dirname "$0")" && pwd -P)
for file in functions rdma target initiator vdpa guest loop; do
	# shellcheck source=/dev/null
	. "$lib/setup/$file.sh"
done

case ${1:-} in
up)
	[ "$COF_TRANSPORT" = tcp ] || setup_rdma
	# Not the default: operations of every kind shall pass every hop.
	load virtio_crypto
	set_attr /sys/module/virtio_crypto/parameters/public_ops remote
	setup_loop ;;
down)
	drop_loop
	[ "$COF_TRANSPORT" = tcp ] || drop_rdma ;;
*)
	echo "setup.sh up|down" >&2
	exit 64 ;;
esac
