# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Soft-RoCE devices (rdma_rxe): in the loop topology rxe0 on a dummy network device (on lo no route is
# found), else rxe0, rxe1, … on the network devices of the links that are to be RDMA.

# gid_of IPV4 - as it is in the table of a port
gid_of()
{
	# shellcheck disable=SC2046,SC2183 # four numbers
	printf '0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x' $(echo "$1" | tr . ' ')
}

port_has_gid() { grep -qsx "$2" "/sys/class/infiniband/$1/ports/1/gids/"*; }

rdma_device() # NAME NETDEV GID...
{
	name=$1 dev=$2
	shift 2
	[ -e "/sys/class/infiniband/$name" ] || rdma link add "$name" type rxe netdev "$dev" ||
		fail "cannot make $name on $dev"
	wait_for 10 "the port of $name" grep -q ACTIVE "/sys/class/infiniband/$name/ports/1/state"
	for gid; do
		wait_for 10 "$gid in the table of $name" port_has_gid "$name" "$gid"
	done
}

setup_rdma()
{
	load rdma_rxe
	if [ "$TOPOLOGY" = loop ]; then
		if [ ! -e /sys/class/net/rdma0 ]; then
			load dummy numdummies=0
			# As large as what a port takes, 4096, and headers.
			/sbin/ip link add rdma0 type dummy && /sbin/ip link set rdma0 mtu 9000 ||
				fail "cannot make the network device rdma0"
		fi
		# Not busybox's, which knows no nodad. A device that is down loses the second address.
		/sbin/ip link set rdma0 up && /sbin/ip address replace 10.77.0.1/24 dev rdma0 &&
			/sbin/ip address replace fd77::1/64 dev rdma0 nodad ||
			fail "cannot give rdma0 its addresses"
		rdma_device rxe0 rdma0 "$(gid_of 10.77.0.1)" fd77:0000:0000:0000:0000:0000:0000:0001
		return
	fi
	number=0
	while read -r mac _ transport; do
		[ "$transport" = rdma ] || continue
		dev=$(grep -il "$mac" /sys/class/net/*/address | sed 's|.*/net/\([^/]*\)/.*|\1|')
		rdma_device "rxe$number" "$dev" "$(gid_of "$ADDR")"
		number=$((number + 1))
	done <"/run/lab/nodes/$NODE/links"
}

# drop_rdma - what setup_rdma made in the loop topology
drop_rdma()
{
	[ ! -e /sys/class/infiniband/rxe0 ] || rdma link del rxe0
	[ ! -e /sys/class/net/rdma0 ] || /sbin/ip link del rdma0
}
