# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In a machine with a network beyond the lab's (machines.py: client, guest-net): for scripts/lab/node/init and
# guests, which source it where it is.

# join_network - a guest has one device; its host has the bridge of its guests, where the client's cable ends, too.
join_network()
{
	case $ROLE in
	host)
		modprobe -a bridge tun vhost_net
		/sbin/ip link add guests type bridge && /sbin/ip address add "$OUTSIDE/24" dev guests &&
			/sbin/ip link set guests up
		dev=$(device_of 52:54:00:78:00:fe)
		[ ! "$dev" ] || /sbin/ip link set "$dev" master guests up ;;
	guest)
		for dev in /sys/class/net/e*; do
			/sbin/ip address add "$OUTSIDE/24" dev "${dev##*/}"
			/sbin/ip link set "${dev##*/}" up
		done ;;
	esac
}

# network_device GUEST NUMBER - QEMU's arguments for its device
network_device()
{
	if [ ! -e "/sys/class/net/tap$2" ]; then
		/sbin/ip tuntap add "tap$2" mode tap vnet_hdr && /sbin/ip link set "tap$2" master guests up ||
			echo "$1: no network" >&2
	fi
	echo "-netdev tap,id=net0,ifname=tap$2,script=no,downscript=no,vhost=on" \
		"-device virtio-net-pci,netdev=net0,mac=52:54:00:78:00:0$2,romfile="
}
