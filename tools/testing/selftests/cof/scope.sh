#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A path over a link-local address: it may be configured before its interface exists, and follows
# it when another one has its name.
#
# The machine is the lab's "loop"; a port at [::] is reached by the addresses of all interfaces.
#
# needs: topology loop, transport tcp, modules dummy, programs ip
# check: stable, uml
# quick: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator/scope
path=$initiator/paths/1
state=/sys/class/cof/scope-1
trap tear_down EXIT

tear_down() {
	[ ! -d $initiator ] || rmdir $path $initiator
	rm -f $target/ports/93/pools/pool0
	[ ! -d $target/ports/93 ] || rmdir $target/ports/93
	ip link del coflink0 2>/dev/null
}

# interface: makes one of this name, which gets a new index, and prints that
interface() {
	ip link add coflink0 type dummy && ip link set coflink0 up &&
		ip -6 addr add fe80::93/64 dev coflink0 nodad && cat /sys/class/net/coflink0/ifindex
}

is_live() {
	[ "$(cat $state/state)" = live ]
}

is_gone() {
	! is_live
}

modprobe -a cof_target cof_initiator cof_tcp || fatal "modules do not load"
modprobe dummy numdummies=0 || fatal "no dummy interfaces"
mkdir $target/ports/93 &&
	echo tcp >$target/ports/93/transport &&
	echo :: >$target/ports/93/traddr &&
	echo 4493 >$target/ports/93/trsvcid &&
	echo 1 >$target/ports/93/insecure &&
	ln -s $target/pools/pool0 $target/ports/93/pools/pool0 &&
	echo 1 >$target/ports/93/enable
verdict $? "a port at all addresses"
mkdir $initiator $path &&
	echo pool0 >$initiator/pool &&
	cat /sys/kernel/config/cof_initiator/pool0/hostid >$initiator/hostid &&
	echo 80 >$initiator/priority &&
	echo 1 >$initiator/insecure &&
	echo 500 >$initiator/kato_ms &&
	echo 200 >$initiator/reconnect_ms &&
	echo tcp >$path/transport &&
	echo 4493 >$path/trsvcid
verdict $? "a pool"
for wrong in fe80::93%seventeencharacter fe80::93% fe80::93%a/b 192.0.2.1%lo; do
	check "traddr $wrong is none" sh -c "! echo '$wrong' >$path/traddr"
done
check "traddr with an interface that is not there" sh -c "echo fe80::93%coflink0 >$path/traddr"
check "... is enabled" sh -c "echo 1 >$path/enable && echo 1 >$initiator/enable"
check "... the log says what is missing" within 10 sh -c \
	'dmesg | grep -q "scope/1: .*the address.s interface does not exist"'
check "... and is connecting" grep -qx connecting $path/state
index=$(interface)
check "the interface comes (index $index): the path is live" within 60 is_live
check "... at its address" grep -qF "[fe80::93]:4493" $state/address
ip link del coflink0
check "the interface goes: the path, too" within 60 is_gone
again=$(interface)
expect "another interface of that name, its index" "$again" -ne "$index"
check "... the path is live" within 60 is_live
check "traddr is as it was written" grep -qx 'fe80::93%coflink0' $path/traddr
check "disabled" sh -c "echo 0 >$initiator/enable"
tear_down
tap_end
