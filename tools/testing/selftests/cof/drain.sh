#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A port that is disabled while it is used: initiators are told first, and move to their other
# path. No operation fails, is lost, or computed in software.
#
# The machine is the lab's "loop"; the pool 'drain' is this machine's own pool0 through two
# ports, above all others by its priority.
#
# needs: topology loop, programs pkey_stress
# check: mainline/rdma, uml/rdma
# quick: uml
# soak: stable, uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

stress=${PKEY_STRESS:-pkey_stress}
target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator/drain
times=${COUNT:-3}
[ -z "$COF_SOAK" ] || times=${COUNT:-20}
tmp=$(mktemp -d) || exit 1
load=

tear_down() {
	[ -z "$load" ] || kill "$load" 2>/dev/null
	rmdir $initiator/paths/* $initiator 2>/dev/null
	rm -f $target/ports/97/pools/pool0
	rmdir $target/ports/97 2>/dev/null
	rm -rf "$tmp"
}
trap tear_down EXIT

# is N STATE...: path N, within half a minute
is() {
	local n=$1 state
	shift
	for _ in $(seq 300); do
		state=$(cat /sys/class/cof/drain-"$n"/state)
		for _wanted; do
			[ "$state" != "$_wanted" ] || return 0
		done
		sleep 0.1
	done
	echo "path $n: $state"
	return 1
}

counters() {
	for n in 1 2; do
		grep -r . /sys/class/cof/drain-$n/ 2>/dev/null | sed 's/.*cof\/drain-//; s/:/ /'
	done
	hops
}

modprobe -a cof_target cof_initiator "cof_$cof_transport" || fatal "modules do not load"
mkdir $target/ports/97 &&
	echo "$cof_transport" >$target/ports/97/transport &&
	echo "$cof_addr" >$target/ports/97/traddr &&
	echo $cof_insecure >$target/ports/97/insecure &&
	echo 4497 >$target/ports/97/trsvcid &&
	ln -s $target/pools/pool0 $target/ports/97/pools/pool0 &&
	echo 1 >$target/ports/97/enable
verdict $? "a second port for pool0"
mkdir $initiator $initiator/paths/1 $initiator/paths/2 &&
	echo pool0 >$initiator/pool &&
	cat /sys/kernel/config/cof_initiator/pool0/hostid >$initiator/hostid &&
	echo $cof_insecure >$initiator/insecure &&
	echo remote >$initiator/public_ops &&
	echo 9000 >$initiator/priority &&
	echo 100 >$initiator/reconnect_ms &&
	echo "$cof_transport" | tee $initiator/paths/{1,2}/transport >/dev/null &&
	echo "$cof_addr" | tee $initiator/paths/{1,2}/traddr >/dev/null &&
	echo 4430 >$initiator/paths/1/trsvcid &&
	echo 4497 >$initiator/paths/2/trsvcid &&
	echo 1 | tee $initiator/paths/{1,2}/enable >/dev/null &&
	echo 1 >$initiator/enable
verdict $? "a pool with two paths"
is 1 live && is 2 live
verdict $? "both are live" || fatal "not live"

in_order="port 4497 lost: the target drains"
told=$(log_lines "$in_order")
counters >"$tmp/before"
# shellcheck disable=SC2046 # two words
"$stress" $(key 2048) -t 3 -s 36000 -o sign,decrypt -H sha256 >"$tmp/out" 2>&1 &
load=$!
slowest=0
for i in $(seq "$times"); do
	sleep 1
	start=$(date +%s%N)
	echo 0 >$target/ports/97/enable
	took=$((($(date +%s%N) - start) / 1000000))
	[ $took -le $slowest ] || slowest=$took
	check "time $i: path 2 has gone (after $took ms)" is 2 reconnecting "failed: unknown pool"
	sleep 0.5
	echo 1 >$target/ports/97/enable
	check "time $i: and is back" is 2 live
done
kill -TERM $load
wait $load
verdict $? "no operation failed, none was wrong"
load=
sed 's/^/# /' "$tmp/out"
counters >"$tmp/after"
expect "operations on path 1" "$(delta 1/responses)" -ge 5
expect "operations on path 2" "$(delta 2/responses)" -ge 5
expect "computed in software" "$(delta class/cof-drain.software)" -eq 0
expect "failed" "$(delta class/cof-drain.failed)" -eq 0
for n in 1 2; do
	for counter in lost timeouts late_answers protocol_errors; do
		expect "path $n: $counter" "$(delta $n/$counter)" -eq 0
	done
done
# Who was not told is thrown out, later, and calls it otherwise.
expect "path 2: told, and left in order" $(($(log_lines "$in_order") - told)) -eq "$times"
expect "path 2: connected again" "$(delta 2/reconnects)" -eq "$times"
expect "the longest that disabling took, ms" "$slowest" -le 5000
tap_end
