#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Malformed messages to a target and to an initiator (cof_fuzz), in every state of a connection, while
# this machine's initiator computes on the same pool: it never notices.
#
# The machine is the lab's "loop".
#
# COUNT  messages to each of both (default 1000; COF_SOAK=1: 500000)
# SEED   of cof_fuzz (default: the time, printed)
#
# needs: topology loop, programs cof_fuzz openssl pkey_stress, keys 1024
# check: stable, uml COUNT=300
# soak: stable/rdma, uml/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"
count=${COUNT:-$([ -n "$COF_SOAK" ] && echo 500000 || echo 1000)}
stress=${PKEY_STRESS:-pkey_stress}
fuzz=${COF_FUZZ:-cof_fuzz}
target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator
state=/sys/class/cof/pool0-1
port=4498
pools="fuzz1 fuzz2"
tmp=$(mktemp -d) || exit 1
load=
toggle=

leave() {
	local pool
	[ -z "$load" ] || kill "$load" 2>/dev/null
	[ -z "$toggle" ] || kill "$toggle" 2>/dev/null
	[ -z "$bridges" ] || kill $bridges 2>/dev/null
	for pool in $pools; do
		[ -d $initiator/$pool ] || continue
		rmdir $initiator/$pool/paths/1 $initiator/$pool 2>/dev/null
	done
	rm -f $target/pools/pool0/allowed_hosts/fuzz
	rmdir $target/hosts/fuzz 2>/dev/null
	rm -rf "$tmp"
}
trap leave EXIT

# value NAME: in the last line that cof_fuzz printed
value() {
	tail -n 1 "$tmp/fuzz" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# spoil WHOM STATE...: run it to its end; so many messages were sent, some in each state
spoil() {
	local whom=$1 name
	shift
	# shellcheck disable=SC2086 # arguments
	"$fuzz" -n "$count" ${SEED:+-S $SEED} -h fuzz -k "$tmp/key.der" $fuzz_args "$whom" >"$tmp/fuzz" 2>&1
	verdict $? "$whom: cof_fuzz ran to its end"
	sed 's/^#* */# /' "$tmp/fuzz"
	expect "$whom: malformed messages" "$(value sent)" -ge "$count"
	for name; do
		expect "$whom: ... of them in state $name" "$(value "$name")" -gt 0
	done
	for name in answered refused closed; do
		expect "$whom: $name" "$(value $name)" -gt 0
	done
}

[ "$(cat $state/state)" = live ] || fatal "the path to pool0 is '$(cat $state/state)'"
openssl rsa -in "$KEY_DIR/1024.pem" -traditional -outform DER -out "$tmp/key.der" 2>/dev/null ||
	fatal "no key"
mkdir $target/hosts/fuzz && ln -s $target/hosts/fuzz $target/pools/pool0/allowed_hosts/fuzz ||
	fatal "the host 'fuzz' cannot be allowed"
hops >"$tmp/before"
path_counters pool0-1 >"$tmp/path-before"
associations=$(hop "$tmp/before" pool/pool0.associations)
keys=$(hop "$tmp/before" pool/pool0.keys)

# shellcheck disable=SC2046 # two words
"$stress" $(key 1024) -w 200 -s 36000 -o sign,decrypt,verify -H sha256 >"$tmp/out" 2>&1 &
load=$!

near=4430
if [ "$cof_transport" = rdma ]; then	# cof_fuzz knows TCP alone
	near=4431
	bridge "$tmp/near" connect 127.0.0.1:$near "$cof_addr:4430" || fatal "no bridge"
	bridge "$tmp/far" listen "$cof_addr:$port" 127.0.0.1:$port || fatal "no bridge"
fi
fuzz_args="-p $near -P pool0 -w 3"
spoil target new connecting admin io closing

make_pool() {
	mkdir $initiator/$1 $initiator/$1/paths/1 &&
		echo "$HOSTID" >$initiator/$1/hostid &&
		echo 10 >$initiator/$1/reconnect_ms &&
		echo 10 >$initiator/$1/priority &&
		echo $cof_insecure >$initiator/$1/insecure &&
		echo remote >$initiator/$1/public_ops &&
		echo "$cof_transport" >$initiator/$1/paths/1/transport &&
		echo "$cof_addr" >$initiator/$1/paths/1/traddr &&
		echo $port >$initiator/$1/paths/1/trsvcid &&
		echo 1 >$initiator/$1/paths/1/enable &&
		echo 1 >$initiator/$1/enable
}

for pool in $pools; do
	check "a pool '$pool' whose target is hostile" make_pool $pool || tap_end
done
# Who fails again and again waits longer and longer; the administrator does not.
while sleep 0.2; do
	for pool in $pools; do
		echo 0 >$initiator/$pool/paths/1/enable
		echo 1 >$initiator/$pool/paths/1/enable
	done
done &
toggle=$!
fuzz_args="-p $port -w 4"
# Of a few thousand messages none may be in a state that passes quickly.
if [ "$count" -ge 50000 ]; then
	spoil initiator new connecting admin io closing
else
	spoil initiator admin
fi
kill $toggle
wait $toggle 2>/dev/null
toggle=
for pool in $pools; do
	rmdir $initiator/$pool/paths/1 && rmdir $initiator/$pool
	verdict $? "the pool $pool of the hostile target goes"
done

# A few thousand messages are sent in a second: that is not five operations of the neighbour.
computed() {
	hops >"$tmp/now"
	[ "$(hop_delta "$tmp/before" "$tmp/now" class/cof-pool0.device)" -gt 10 ]
}
within 60 computed
kill -TERM $load
wait $load
verdict $? "beside it: no operation of the good initiator failed, none was wrong"
load=
sed 's/^/# /' "$tmp/out"
worst=$(sed -n 's/.*worst_ms=\([0-9]*\).*/\1/p' "$tmp/out" | tail -n 1)
expect "... and none took longer than 15 s (ms)" "$worst" -lt 15000
# What was refused is closed within a second.
within 10 eval '[ "$(cat $target/pools/pool0/stats/associations)" -eq "$associations" ]'
hops >"$tmp/after"
path_counters pool0-1 >"$tmp/path-after"

expect "operations of the good initiator" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)" -gt 10
for class in virtio cof-pool0; do
	expect "class $class: fell back to software" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/$class.software)" -eq 0
	expect "class $class: failed" "$(hop_delta "$tmp/before" "$tmp/after" class/$class.failed)" -eq 0
done
for counter in reconnects lost late_answers protocol_errors; do
	expect "path: $counter" "$(hop_delta "$tmp/path-before" "$tmp/path-after" $counter)" -eq 0
done
expect "pool0: associations" "$(hop "$tmp/after" pool/pool0.associations)" -eq "$associations"
expect "pool0: keys" "$(hop "$tmp/after" pool/pool0.keys)" -le $((keys + 1))
tap_end
