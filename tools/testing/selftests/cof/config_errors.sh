#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Wrong configuration is refused with the right errno (or status), and with exactly one
# line in the kernel log that names the attribute and the reason.
#
# The machine is the lab's "loop". Everything made here has 'cfgerr' or a number from
# 90 on in its name and is taken down at the end; what the lab configured is not touched.
#
# needs: topology loop, modules dummy, programs ip python3
# check: stable, uml
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"

target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator
address=10.9.9.1	# this machine's, and not of 127.0.0.0/8
netdev=lo
[ "$cof_transport" = tcp ] || netdev=rdma0
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
modprobe -a cof_target cof_initiator "cof_$cof_transport" || fatal "modules do not load"
tmp=$(mktemp -d) || exit 1
peer=

# ---- the log ------------------------------------------------------------------

# The kernel's log from here on, record by record: "priority,number,time,flags;text". Processes that
# look through all of it take an emulated machine seconds.
exec 3</dev/kmsg
log=

# log_read: what is new goes to $log
log_read() {
	log=$log$(dd bs=8192 iflag=nonblock status=none <&3 2>/dev/null)$'\n'
}

# mark: log_since tells what follows
mark() {
	log_read
	log=
}

# log_since WHO: $lines are those of cof_target or cof_initiator since the mark, but those about
# the lab's path and the warning that 'insecure' gives whenever it is used
log_since() {
	local line
	log_read
	lines=
	while read -r line; do
		line=${line#*;}
		case $line in
		"cof_initiator: pool0"* | "cof_initiator: "*": insecure: keys travel in clear text"*) ;;
		"$1: "*) lines=$lines${lines:+$'\n'}$line ;;
		esac
	done <<<"$log"
}
mark

# one_line TEXT WHO REGEX: WHO said one thing since the mark, and it matches
one_line() {
	log_since "$2"
	if [[ -n $lines && $lines != *$'\n'* && $lines =~ $3 ]]; then
		verdict 0 "$1: one line in the log: $lines"
	else
		[ -z "$lines" ] || note "${lines//$'\n'/$'\n'# }"
		verdict 1 "$1: one line of $2 in the log, matching '$3'"
	fi
}

# refuse TEXT FILE VALUE ERRNO REGEX: the write fails so, and that is said in one line
refuse() {
	local said rc who=cof_target
	[[ $2 != "$initiator"/* ]] || who=cof_initiator
	mark
	said=$({ printf '%s\n' "$3" >"$2"; } 2>&1)
	rc=$?
	if [ $rc -ne 0 ] && [[ $said == *": $4" ]]; then
		verdict 0 "$1: $4"
	else
		verdict 1 "$1: status $rc, '$said', wanted '$4'"
	fi
	one_line "$1" $who "$who: $5"
}

# ---- a pool, ports and an initiator of our own -------------------------------------

write() {
	printf '%s\n' "$2" >"$1" || verdict 1 "setting up: cannot write '$2' to $1"
}

# port NR ADDRESS SERVICE INSECURE
port() {
	mkdir "$target/ports/$1"
	write "$target/ports/$1/transport" "$cof_transport"
	write "$target/ports/$1/traddr" "$2"
	write "$target/ports/$1/trsvcid" "$3"
	write "$target/ports/$1/insecure" "$4"
	ln -s $target/pools/cfgerr "$target/ports/$1/pools/cfgerr"
	write "$target/ports/$1/enable" 1
}

path=$initiator/cfgerr/paths/1
# connect_to POOL HOSTID ADDRESS SERVICE INSECURE: as far as it gets with one attempt
connect_to() {
	mkdir $initiator/cfgerr $path
	write $initiator/cfgerr/pool "$1"
	write $initiator/cfgerr/hostid "$2"
	write $initiator/cfgerr/priority 1
	write $initiator/cfgerr/reconnect_ms 60000
	write $initiator/cfgerr/insecure "$5"
	write $path/transport "$cof_transport"
	write $path/traddr "$3"
	write $path/trsvcid "$4"
	write $path/enable 1
	mark
	write $initiator/cfgerr/enable 1
	for _ in $(seq 100); do
		[ "$(cat $path/state)" = connecting ] || return
		# What may pass by itself leaves it in that state; what is logged is final.
		log_since cof_initiator
		[[ $lines != *" cfgerr/1: "* ]] || { sleep 0.3; return; }
		sleep 0.1
	done
}

disconnect() {
	[ ! -d $path ] || rmdir $path
	[ ! -d $initiator/cfgerr ] || rmdir $initiator/cfgerr
}

gid_is_there() {
	grep -qsx "$gid" /sys/class/infiniband/*/ports/1/gids/*
}
gid=0000:0000:0000:0000:0000:ffff:0a09:0901	# of $address

range=/proc/sys/net/ipv4/ip_local_port_range
ports=

# state_is TEXT STATE
state_is() {
	local state
	state=$(cat $path/state)
	[ "$state" = "$2" ]
	verdict $? "$1: the path's state is '$state', wanted '$2'"
}

clean_up() {
	[ -z "$peer" ] || { kill "$peer"; wait "$peer"; } 2>/dev/null
	peer=
	disconnect
	[ -z "$ports" ] || echo "$ports" >$range
	for n in 90 91 92 93; do
		[ ! -d $target/ports/$n ] || { rm -f $target/ports/$n/pools/*; rmdir $target/ports/$n; }
	done
	for pool in cfgerr cfgerr2; do
		[ ! -d $target/pools/$pool ] ||
			{ rm -f $target/pools/$pool/allowed_hosts/*; rmdir $target/pools/$pool; }
	done
	for host in cfgerr-known cfgerr-allowed; do
		[ ! -d $target/hosts/$host ] || rmdir $target/hosts/$host
	done
	ip address del $address/32 dev $netdev 2>/dev/null
	ip link del cofll0 2>/dev/null
	rm -rf "$tmp"
}
trap clean_up EXIT

hops >"$tmp/before"
lab_before=$(cat $initiator/pool0/paths/1/state)

# ---- attributes of the target --------------------------------------------------------
mkdir $target/ports/90 $target/pools/cfgerr
write $target/ports/90/transport "$cof_transport"
refuse "port without address" $target/ports/90/enable 1 "Invalid argument" \
	"port 90: enable: no address set; write to 'traddr' first"
write $target/ports/90/traddr "$cof_addr"
write $target/ports/90/insecure $cof_insecure
refuse "port without a TCP port" $target/ports/90/enable 1 "Invalid argument" \
	"port 90: enable: no address set; write to 'trsvcid' first"
refuse "unknown transport" $target/ports/90/transport pigeon "Invalid argument" \
	"port 90: transport: unknown transport 'pigeon'; known: tcp, and rdma"
refuse "address that is none" $target/ports/90/traddr 300.1.1.1 "Invalid argument" \
	"port 90: traddr: '300.1.1.1' is not"
refuse "TCP port that is none" $target/ports/90/trsvcid 65536 "Invalid argument" \
	"port 90: trsvcid: '65536' is not"
write $target/pools/cfgerr/algorithms ""
refuse "pool without algorithms" $target/pools/cfgerr/enable 1 "Invalid argument" \
	"pool cfgerr: enable: no algorithms set"
refuse "unknown algorithm" $target/pools/cfgerr/algorithms "rsa rot13" "Invalid argument" \
	"pool cfgerr: algorithms: unknown algorithm 'rot13'"
write $target/pools/cfgerr/algorithms rsa
refuse "name of an algorithm" $target/pools/cfgerr/drivers rsa "No such file or directory" \
	"pool cfgerr: drivers: driver 'rsa': there is no such driver"
refuse "driver that is a template" $target/pools/cfgerr/drivers "rsa-generic pkcs1pad(rsa-generic)" \
	"Invalid argument" "pool cfgerr: drivers: driver 'pkcs1pad\\(rsa-generic\\)': not a driver of raw RSA"
write $target/pools/cfgerr/drivers rsa-generic
mkdir $target/hosts/cfgerr-known $target/hosts/cfgerr-allowed
ln -s $target/hosts/cfgerr-allowed $target/pools/cfgerr/allowed_hosts/cfgerr-allowed
write $target/pools/cfgerr/enable 1
refuse "algorithms of an enabled pool" $target/pools/cfgerr/algorithms rsa \
	"Device or resource busy" "pool cfgerr: algorithms: the pool is enabled"
port 91 "$cof_addr" 4491 $cof_insecure
refuse "address of an enabled port" $target/ports/91/traddr 127.0.0.2 "Device or resource busy" \
	"port 91: traddr: the port is enabled"
write $target/ports/90/trsvcid 4491
refuse "port that is taken" $target/ports/90/enable 1 "Address already in use" \
	"port 90: enable: cannot listen at $cof_addr, port 4491"

# ---- an address that comes later -----------------------------------------------------
# port_is NR STATE: within three seconds
port_is() {
	local state i
	for i in $(seq 30); do
		state=$(cat "$target/ports/$1/state")
		[ "$state" != "$2" ] || break
		sleep 0.1
	done
	[ "$state" = "$2" ]
	verdict $? "port $1: state '$state', wanted '$2' (asked $i times)"
}

# listens_at ADDRESS: somebody accepts there
listens_at() {
	python3 -c 'import socket, sys
family, _, _, _, address = socket.getaddrinfo(sys.argv[1], 4490)[0]
socket.socket(family).connect(address)' "$1" 2>&1
}

interface() {
	ip link add cofll0 type dummy && ip link set cofll0 up && ip address add fe80::77/64 dev cofll0 nodad
}

if [ "$cof_transport" = tcp ]; then
	modprobe dummy numdummies=0
	port_is 90 disabled
	write $target/ports/90/trsvcid 4490
	for later in 192.0.2.77 fe80::77%cofll0; do
		write $target/ports/90/traddr $later
		mark
		write $target/ports/90/enable 1
		expect "$later does not exist: enabled" "$(cat $target/ports/90/enable)" -eq 1
		case $later in
		fe80*) why="its interface does not exist" ;;
		*) why="no interface has this address" ;;
		esac
		port_is 90 "waiting: $why"
		sleep 1.5
		one_line "$later does not exist" cof_target "port 90: waiting for $later, port 4490: $why"
		case $later in
		fe80*) interface ;;
		*) ip address add $later/32 dev lo ;;
		esac
		port_is 90 listening
		said=$(listens_at $later)
		verdict $? "$later exists: it listens $said"
		[ "${later#fe80}" != "$later" ] || { write $target/ports/90/enable 0; ip address del $later/32 dev lo; }
	done
	ip link del cofll0
	port_is 90 "waiting: its interface does not exist"
	interface
	port_is 90 listening
	said=$(listens_at fe80::77%cofll0)
	verdict $? "the interface is made anew: it listens there $said"
	write $target/ports/90/enable 0
	ip link del cofll0
	refuse "an interface where none can be" $target/ports/90/traddr 10.0.0.1%lo "Invalid argument" \
		"port 90: traddr: '10.0.0.1%lo' is not"
fi

# ---- a port that is also one of this host's own connections ------------------------------
if [ "$cof_transport" = tcp ]; then
	# Of two ports a connection to a target that is down may get the target's own, and meet itself.
	ports=$(cat $range)
	echo "4496 4497" >$range
	connect_to cfgerr cfgerr-allowed 127.0.0.1 4496 1
	write $initiator/cfgerr/reconnect_ms 10
	write $path/enable 0
	write $path/enable 1
	sleep 2
	state_is "a target that is down, and its port is an ephemeral one" connecting
	port 93 127.0.0.1 4496 1
	expect "its port is enabled in spite of connections to it" "$(cat $target/ports/93/enable)" -eq 1
	port_is 93 listening
	echo "$ports" >$range
	disconnect
	write $target/ports/93/enable 0
	rm $target/ports/93/pools/cfgerr && rmdir $target/ports/93
fi

# ---- attributes of the initiator -------------------------------------------------------
mkdir $initiator/cfgerr $path
refuse "initiator: path without address" $path/enable 1 "Invalid argument" \
	"cfgerr/1: enable: .*(transport|traddr).* is not set"
refuse "initiator: unknown transport" $path/transport pigeon "Invalid argument" \
	"cfgerr/1: transport: 'pigeon' is not valid"
disconnect

# ---- hosts and pools -------------------------------------------------------------------
connect_to cfgerr cfgerr-stranger "$cof_addr" 4491 $cof_insecure
state_is "unknown host" "failed: host not allowed"
one_line "unknown host" cof_target \
	"port 91: .*: host cfgerr-stranger, pool cfgerr: refused: host not allowed: it is not in hosts/"
one_line "unknown host" cof_initiator "cfgerr/1: hostid: .*does not allow host 'cfgerr-stranger'"
disconnect
connect_to cfgerr cfgerr-known "$cof_addr" 4491 $cof_insecure
state_is "host not in allowed_hosts" "failed: host not allowed"
one_line "host not in allowed_hosts" cof_target \
	"port 91: .*: host cfgerr-known, pool cfgerr: refused: host not allowed: it is not in allowed_hosts/"
one_line "host not in allowed_hosts" cof_initiator \
	"cfgerr/1: hostid: .*does not allow host 'cfgerr-known'"
disconnect
expect "refused_hosts counts both" "$(cat $target/pools/cfgerr/stats/refused_hosts)" -eq 2
connect_to nowhere cfgerr-allowed "$cof_addr" 4491 $cof_insecure
state_is "unknown pool" "failed: unknown pool"
one_line "unknown pool" cof_target \
	"port 91: .*: host cfgerr-allowed, pool nowhere: refused: no such pool on this port"
one_line "unknown pool" cof_initiator "cfgerr/1: pool: .*has no pool 'nowhere' enabled on port 4491"
disconnect

# ---- versions, both ways ----------------------------------------------------------------
# version MIN MAX
version() {
	local said
	mark
	said=$(python3 "$here/peer.py" connect "$cof_addr" 4491 hostid=cfgerr-allowed pool=cfgerr \
		version_min="$1" version_max="$2" 2>&1)
	[ "$said" = "status=9 version=1 version_min=1 length=88" ]
	verdict $? "initiator that speaks $1 to $2: $said"
	one_line "initiator that speaks $1 to $2" cof_target \
		"port 91: .*: refused: version mismatch: it speaks $1 to $2, this target 1"
}
version 2 3
version 0 0
said=$(python3 "$here/peer.py" connect "$cof_addr" 4491 hostid=cfgerr-allowed pool=cfgerr \
	version_min=1 version_max=7 2>&1)
[ "$said" = "status=0 version=1 version_min=1 length=88" ]
verdict $? "initiator that speaks 1 to 7: $said"

# fake STATUS VERSION: a target that answers so
fake() {
	rm -f "$tmp/fake"
	python3 "$here/peer.py" answer "$cof_addr" 4494 "$1" "$2" "$2" >"$tmp/fake" 2>&1 &
	peer=$!
	for _ in $(seq 100); do
		grep -qs listening "$tmp/fake" && break
		sleep 0.1
	done
	connect_to cfgerr cfgerr-allowed "$cof_addr" 4494 $cof_insecure
}
unfake() {
	disconnect
	kill "$peer"
	wait "$peer" 2>/dev/null
	peer=
}
fake 9 2
state_is "target that speaks 2 alone" "failed: version mismatch"
one_line "target that speaks 2 alone" cof_initiator \
	"cfgerr/1: version mismatch: target $cof_addr does not speak CoF version 1"
unfake
# An answer that grants a version nobody asked for breaks the rules; it is no association.
fake 0 2
one_line "target that grants version 2" cof_initiator "cfgerr/1: target $cof_addr port 4494: .*CONNECT"
expect "target that grants version 2: associations that broke rules" \
	"$(cat /sys/class/cof/cfgerr-1/protocol_errors)" -eq 1
[ "$(cat $path/state)" != live ]
verdict $? "target that grants version 2: the path is not live but '$(cat $path/state)'"
unfake

# ---- clear text ------------------------------------------------------------------------
ip address add $address/32 dev $netdev
[ "$cof_transport" = tcp ] || within 10 gid_is_there || verdict 1 "the GID of $address"
port 92 $address 4492 0
mkdir $initiator/cfgerr $path
write $path/transport "$cof_transport"
write $path/traddr $address
write $path/trsvcid 4492
refuse "initiator: clear text without insecure" $path/enable 1 "Operation not permitted" \
	"cfgerr/1: enable: traddr $address is not loopback .*insecure"
disconnect
connect_to cfgerr cfgerr-allowed $address 4492 1
state_is "target: clear text without insecure" "failed: clear text refused"
one_line "target: clear text without insecure" cof_target \
	"port 92: $address:[0-9]*: host cfgerr-allowed, pool cfgerr: refused: clear text .*'insecure'"
one_line "target: clear text without insecure" cof_initiator \
	"cfgerr/1: insecure: target $address refuses clear text on port 4492"
disconnect

# Nothing else was wrong: with insecure on both ends it works, and both say so.
mark
port 93 $address 4493 1
log_since cof_target
[[ $lines == *"port 93: insecure is 1: private keys"* ]]
verdict $? "insecure port: a line in the log says so"
connect_to cfgerr cfgerr-allowed $address 4493 1
for _ in $(seq 300); do
	[ "$(cat $path/state)" != live ] || break
	sleep 0.1
done
state_is "insecure on both ends" live
log_since cof_target
[[ $lines =~ "port 93: $address:"[0-9]+": host cfgerr-allowed, pool cfgerr: association "[0-9]+" in clear text" ]]
verdict $? "insecure on both ends: the target says that it is clear text"
dmesg | grep -qE "cof_initiator: cfgerr/1: insecure: keys travel in clear text to $address"
verdict $? "insecure on both ends: the initiator says that keys travel in clear text"
disconnect

# ---- the end ---------------------------------------------------------------------------
expect "associations left in the pool" "$(cat $target/pools/cfgerr/stats/associations)" -eq 0
expect "keys left in the pool" "$(cat $target/pools/cfgerr/stats/keys)" -eq 0
hops >"$tmp/after"
[ "$(cat $initiator/pool0/paths/1/state)" = "$lab_before" ]
verdict $? "the lab's own path is '$lab_before' as before"
expect "fallbacks of the lab's class" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.software)" -eq 0
clean_up
left=$(ls -d $target/ports/9? $target/pools/cfgerr* $target/hosts/cfgerr* $initiator/cfgerr* \
	/sys/class/cof/cfgerr* 2>/dev/null; ip -o address | grep -F $address)
[ -z "$left" ]
verdict $? "everything is taken down again $left"
tap_end
