#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A target that is there and never answers (lossy.py): operations, and keys to be opened, wait for
# max_wait_ms and no longer. A single one that does not come is no reason to give a path up; one that does
# not come although it was aborted is.
#
# The machine is the lab's "loop"; the pool 'silent' is this machine's own pool0 through
# lossy.py, above all others by its priority.
#
# needs: topology loop, programs pkey_stress python3
# check: stable, uml
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"

export PYTHONDONTWRITEBYTECODE=1
stress=${PKEY_STRESS:-pkey_stress}
initiator=/sys/kernel/config/cof_initiator/silent
state=/sys/class/cof/silent-1
wait_ms=2000
# What an emulated machine may take for all else that one operation needs.
slack=3000
tmp=$(mktemp -d) || exit 1
peer=
trap 'end_pool; [ -z "$peer" ] || kill "$peer" 2>/dev/null; rm -rf "$tmp"' EXIT

end_pool() {
	[ ! -d $initiator ] || rmdir $initiator/paths/1 $initiator 2>/dev/null
}

is_live() {
	[ "$(cat $state/state)" = live ]
}

is_gone() {
	! is_live
}

idle() {
	[ "$(cat $state/inflight)" -eq 0 ]
}

counters() {
	path_counters silent-1
	hops
}

fate() {
	echo "$*" >"$tmp/new"
	mv "$tmp/new" "$tmp/control"
}

# run WHAT ARGUMENT...: operations, all of them right; $took: ms
run() {
	local what=$1 start
	shift
	counters >"$tmp/before"
	start=$(now_ms)
	"$stress" "$@" >"$tmp/out" 2>&1
	verdict $? "$what: no operation failed, none was wrong"
	took=$(($(now_ms) - start))
	sed 's/^/# /' "$tmp/out"
	counters >"$tmp/after"
}

more() {
	counters >"$tmp/after"
	[ "$(delta "$1")" -ge "$2" ]
}

modprobe -a cof_target cof_initiator "cof_$cof_transport" || fatal "modules do not load"
fate nothing
python3 "$here/lossy.py" 4494 4430 "$tmp/control" >"$tmp/peer" 2>&1 &
peer=$!
check "a peer in between" within 60 grep -q listening "$tmp/peer"
mkdir $initiator $initiator/paths/1
cat $initiator/max_wait_ms >"$tmp/default"
expect "max_wait_ms by default" "$(cat "$tmp/default")" -eq 10000
check "max_wait_ms: at most a day" sh -c "! echo 86400001 >$initiator/max_wait_ms"
check "max_wait_ms: the log says why" sh -c \
	'dmesg | tail -5 | grep -q "silent: max_wait_ms: a number from 0 to 86400000"'
check "public_ops: local by default" grep -qx local $initiator/public_ops
check "public_ops: no other word" sh -c "! echo both >$initiator/public_ops"
check "check_results: by default" grep -qx 1 $initiator/check_results
check "check_results: no other word" sh -c "! echo maybe >$initiator/check_results"
echo pool0 >$initiator/pool &&
	cat /sys/kernel/config/cof_initiator/pool0/hostid >$initiator/hostid &&
	echo 9000 >$initiator/priority &&
	echo 2000 >$initiator/kato_ms &&
	echo $wait_ms >$initiator/max_wait_ms &&
	echo $cof_insecure >$initiator/insecure &&
	echo "$cof_transport" >$initiator/paths/1/transport &&
	echo "$cof_addr" >$initiator/paths/1/traddr &&
	echo 4494 >$initiator/paths/1/trsvcid &&
	echo 1 >$initiator/paths/1/enable &&
	echo 1 >$initiator/enable && within 60 is_live
verdict $? "the pool is live" || fatal "state: $(cat $state/state)"
warned=$(log_lines "silent: public_ops: remote")
echo remote >$initiator/public_ops && echo remote >$initiator/public_ops
expect "public_ops=remote: warned of once" $(($(log_lines "silent: public_ops: remote") - warned)) -eq 1
echo local >$initiator/public_ops

# shellcheck disable=SC2046 # two words
run "all is answered" $(key 1024) -n 3 -o sign
expect "all is answered: computed by the pool" "$(delta class/cof-silent.device)" -eq 3

# ---- operations that are never answered, though QUERY says that they are there
fate silent
# shellcheck disable=SC2046
run "never answered" $(key 1024) -t 2 -n 2 -o sign
expect "never answered: ms" "$took" -le $((2 * (wait_ms + slack)))
# With one that is late, a device gets fewer at a time, and software what it does not get.
given_up=$(delta cancelled)
expect "never answered: given up" "$given_up" -ge 2
expect "never answered: computed by software" "$(delta class/cof-silent.sw_waited)" -eq 4
expect "never answered: asked after" "$(delta queries)" -ge 1
expect "never answered: the path stays, reconnects" "$(delta reconnects)" -eq 0
check "never answered: the path is live" is_live
expect "never answered: their places are taken" "$(cat $state/inflight)" -eq "$given_up"
fate nothing
check "answered late: dropped" within 10 more late_answers "$given_up"
check "answered late: their places are free" within 10 idle
# shellcheck disable=SC2046
run "answered again" $(key 1024) -n 3 -o sign
expect "answered again: computed by the pool" "$(delta class/cof-silent.device)" -eq 3
expect "answered again: reconnects" "$(delta reconnects)" -eq 0

# ---- a key that is not opened; it is closed when it is opened after all
fate keys
run "keys are not opened" -g 1024 -E 65539 -N 1 -n 3 -o sign
expect "keys are not opened: ms" "$took" -le $((3 * (wait_ms + slack)))
expect "keys are not opened: opened" "$(delta key_opens)" -eq 0
check "keys are not opened: the path is live" is_live
counters >"$tmp/before"
fate nothing
check "opened late: noticed" within 10 more late_answers 1
check "opened late: closed" within 10 more key_closes 1
expect "opened late: the path stays, reconnects" "$(delta reconnects)" -eq 0

# ---- not even aborting helps: that path is of no use
fate silent
# shellcheck disable=SC2046
run "never answered again" $(key 1024) -n 1 -o sign
check "never answered again: the path is given up" within 20 is_gone
fate nothing
check "never answered again: the log says why" sh -c \
	'dmesg | grep -q "silent/1: association .* though it was aborted"'
check "it is live again" within 90 is_live
end=$(now_ms)
echo 0 >$initiator/enable
expect "disabled after ms" $(($(now_ms) - end)) -le 5000
end_pool
tap_end
