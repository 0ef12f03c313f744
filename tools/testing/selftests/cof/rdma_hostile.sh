#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Peers that break the rules of CoF over RDMA (rdma_hostile): to a target, then to an initiator, while
# this machine's initiator computes on the same pool: it never notices. Nothing of them is left.
#
# The machine is the lab's "loop", with --transport rdma.
#
# COUNT  random SENDs (default 2000; COF_SOAK=1: 50000)
# SEED   of these (default: the time, printed)
#
# needs: topology loop, transport rdma, programs pkey_stress rdma_hostile
# soak: stable/rdma, uml/rdma, uml/rdma kmemleak
here=$(dirname "$0")
. "$here/../lib/tap.sh"
count=${COUNT:-$([ -n "$COF_SOAK" ] && echo 50000 || echo 2000)}
stress=${PKEY_STRESS:-pkey_stress}
hostile=${RDMA_HOSTILE:-rdma_hostile}
target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator
pool=$initiator/hostile
state=/sys/class/cof/pool0-1
port=4493
tmp=$(mktemp -d) || exit 1
load=
peer=

leave() {
	# shellcheck disable=SC2086 # a list
	kill $load $peer $bridges 2>/dev/null
	end_pool
	rm -f $target/pools/pool0/allowed_hosts/hostile
	rmdir $target/hosts/hostile 2>/dev/null
	rm -rf "$tmp"
}
trap leave EXIT

end_pool() {
	[ ! -d $pool ] || rmdir $pool/paths/* $pool
}

# resources: what there is of RDMA's, references to the module, associations. Protection domain and
# completion queues are the device's, and stay.
resources() {
	rdma resource show | grep -o '\(qp\|cm_id\|mr\|ctx\) [0-9]*'
	echo "refcnt $(cat /sys/module/cof_rdma/refcnt)"
	echo "associations $(cat $target/pools/pool0/stats/associations)"
}

as_before() {
	[ "$(resources)" = "$resources" ]
}

# settled WHAT: nothing is left of them
settled() {
	within 20 as_before
	verdict $? "$1: nothing is left: $(resources | xargs), it was $(echo "$resources" | xargs)"
}

# What is said of peers that broke rules is a warning; rxe speaks of errors that are the peer's.
complaints() {
	dmesg -l emerg,alert,crit,err | grep -v "rxe0: qp#"
}

# facts FILE: what it says of them
facts() {
	local line
	while read -r line; do
		case $line in
		"ok "*) verdict 0 "${line#ok }" ;;
		"not ok "*) verdict 1 "${line#not ok }" ;;
		*) note "${line#\# }" ;;
		esac
	done <"$1"
}

# spoil KIND [OPTION]...: a hostile initiator
spoil() {
	local kind=$1 rc
	shift
	"$hostile" "$@" "$kind" "$cof_addr:4430" >"$tmp/said" 2>&1
	rc=$?
	facts "$tmp/said"
	grep -q "^ok " "$tmp/said"
	verdict $? "$kind: rdma_hostile ran to its end ($rc)"
	settled "$kind"
}

[ "$cof_transport" = rdma ] || fatal "this is about RDMA: lab/run --transport rdma"
[ "$(cat $state/state)" = live ] || fatal "the path to pool0 is '$(cat $state/state)'"
modprobe -a ib_uverbs rdma_ucm || fatal "modules do not load"
mkdir $target/hosts/hostile
ln -s $target/hosts/hostile $target/pools/pool0/allowed_hosts/hostile ||
	fatal "the host 'hostile' cannot be allowed"
hops >"$tmp/before"
path_counters pool0-1 >"$tmp/path-before"
resources=$(resources)
complaints=$(complaints | wc -l)
! has_kmemleak || check "kmemleak begins" no_leaks begin

# shellcheck disable=SC2046 # two words
"$stress" $(key 1024) -w 200 -s 36000 -o sign,decrypt,verify -H sha256 >"$tmp/out" 2>&1 &
load=$!

# ---- to the target
for kind in private sends allowed buffers silent; do
	spoil $kind
done
spoil gone -n 20
spoil killed -n 24
# As many as a target has places for, and more; as many as may be set up at a time, and more.
spoil flood -n 300
spoil unfinished -n 150
spoil fuzz -n "$count" ${SEED:+-S "$SEED"}

# ---- to the initiator: a pool whose target is hostile, and then is not
make_pool() {
	mkdir $pool $pool/paths/1 &&
		echo pool0 >$pool/pool &&
		echo "$HOSTID" >$pool/hostid &&
		echo "$cof_insecure" >$pool/insecure &&
		echo remote >$pool/public_ops &&
		echo 9000 >$pool/priority &&
		echo 50 >$pool/reconnect_ms &&
		echo "$cof_transport" >$pool/paths/1/transport &&
		echo "$cof_addr" >$pool/paths/1/traddr &&
		echo $port >$pool/paths/1/trsvcid &&
		echo 1 >$pool/paths/1/enable &&
		echo 1 >$pool/enable
}

# is_live PATH
is_live() {
	[ "$(cat "$pool/paths/$1/state")" = live ]
}

# looks COUNT: how many of so many find it live
looks() {
	local found=0
	for _ in $(seq "$1"); do
		! is_live 1 || found=$((found + 1))
		sleep 0.02
	done
	echo $found
}

# came COUNT: so many connections came to the hostile target
came() {
	[ "$(cat "$tmp/came" 2>/dev/null || echo 0)" -ge "$1" ]
}

listen() {
	echo 0 >"$tmp/came"
	rm -f "$tmp/said"
	"$hostile" -c "$tmp/came" ${SEED:+-S "$SEED"} listen "$1" "$cof_addr:$port" >"$tmp/said" 2>&1 &
	peer=$!
	within 10 grep -qs listening "$tmp/said"
	verdict $? "a target that is '$1' listens"
}

unlisten() {
	kill $peer
	wait $peer
	verdict $? "$1: it was there to the end ($(tail -n 1 "$tmp/said"))"
	peer=
}

for misdeed in reject-busy reject-version reject-invalid reject-garbage reject-bare ignore private \
	private-none silent drop gone short reserved credits part two long no-buffers small-buffers \
	garbage; do
	lines=$(log_lines "hostile/1: target $cof_addr port $port: ")
	listen $misdeed
	make_pool
	verdict $? "$misdeed: a pool with a path there"
	within 45 came 2
	verdict $? "$misdeed: tried again: $(cat "$tmp/came") connections"
	expect "$misdeed: lines in the log about it" \
		$(($(log_lines "hostile/1: target $cof_addr port $port: ") - lines)) -gt 0
	expect "$misdeed: the path is '$(cat $pool/paths/1/state)'; of 10 looks it was live" "$(looks 10)" -eq 0
	start=$(now_ms)
	end_pool
	expect "$misdeed: the pool goes, ms" $(($(now_ms) - start)) -lt 6000
	unlisten $misdeed
	settled $misdeed
done

# Operations are done by the other path, and by this one when it is good.
listen any
make_pool
mkdir $pool/paths/2 &&
	echo "$cof_transport" >$pool/paths/2/transport &&
	echo "$cof_addr" >$pool/paths/2/traddr &&
	echo 4430 >$pool/paths/2/trsvcid &&
	echo 1 >$pool/paths/2/enable
verdict $? "any: the pool has a second path, to a good target"
within 30 is_live 2
verdict $? "any: that one is live"
hops >"$tmp/any-before"
# shellcheck disable=SC2046 # two words
"$stress" $(key 2048) -t 2 -s 5 -w 50 -o sign >"$tmp/any" 2>&1
verdict $? "any: operations: none failed, none was wrong"
sed 's/^/# /' "$tmp/any"
hops >"$tmp/any-after"
expect "any: computed by the pool" \
	"$(hop_delta "$tmp/any-before" "$tmp/any-after" class/cof-hostile.device)" -gt 10
for counter in software failed retried; do
	expect "any: $counter" \
		"$(hop_delta "$tmp/any-before" "$tmp/any-after" class/cof-hostile.$counter)" -eq 0
done
came 5
verdict $? "any: meanwhile $(cat "$tmp/came") connections came to the bad one"
unlisten any
bridge "$tmp/far" listen "$cof_addr:$port" 127.0.0.1:4494 &&
	bridge "$tmp/near" connect 127.0.0.1:4494 "$cof_addr:4430"
verdict $? "a bridge instead of it, to the good target"
# Who was refused for good waits longer and longer.
echo 0 >$pool/paths/1/enable
echo 1 >$pool/paths/1/enable
within 30 is_live 1
verdict $? "the path is live"
echo 0 >$pool/paths/2/enable
hops >"$tmp/any-before"
# shellcheck disable=SC2046
"$stress" $(key 2048) -n 10 -o sign >"$tmp/any" 2>&1
verdict $? "by two bridges: no operation failed, none was wrong"
hops >"$tmp/any-after"
expect "by two bridges: computed by the pool" \
	"$(hop_delta "$tmp/any-before" "$tmp/any-after" class/cof-hostile.device)" -ge 10
expect "by two bridges: software" \
	"$(hop_delta "$tmp/any-before" "$tmp/any-after" class/cof-hostile.software)" -eq 0
end_pool
# shellcheck disable=SC2086 # a list
kill $bridges
bridges=

kill -TERM $load
wait $load
verdict $? "beside it: no operation of the good initiator failed, none was wrong"
load=
sed 's/^/# /' "$tmp/out"
hops >"$tmp/after"
path_counters pool0-1 >"$tmp/path-after"
expect "operations of the good initiator" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)" -gt 50
for class in virtio cof-pool0; do
	expect "class $class: fell back to software" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/$class.software)" -eq 0
	expect "class $class: failed" "$(hop_delta "$tmp/before" "$tmp/after" class/$class.failed)" -eq 0
done
for counter in reconnects lost late_answers protocol_errors; do
	expect "path: $counter" "$(hop_delta "$tmp/path-before" "$tmp/path-after" $counter)" -eq 0
done
expect "pool0: errors" "$(hop_delta "$tmp/before" "$tmp/after" pool/pool0.errors)" -eq 0
settled "all of them"
complaints >"$tmp/complaints"
sed 's/^/# /' "$tmp/complaints" | head -n 20
expect "errors in the kernel's log" "$(wc -l <"$tmp/complaints")" -eq "$complaints"
! has_kmemleak || check "kmemleak finds nothing" no_leaks
tap_end
