#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A fabric that loses messages (lossy.py): every operation is right, none is lost, and the
# counters say what happened. With digests, a bit that is wrong is noticed.
#
# The machine is the lab's "loop"; the pool 'lossy' is this machine's own pool0 through
# lossy.py, above all others by its priority.
#
# needs: topology loop, programs pkey_stress python3
# check: mainline/rdma, uml COUNT=10
# quick: uml COUNT=10
# soak: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"

export PYTHONDONTWRITEBYTECODE=1
stress=${PKEY_STRESS:-pkey_stress}
initiator=/sys/kernel/config/cof_initiator/lossy
state=/sys/class/cof/lossy-1
kato=2000
ops=${COUNT:-30}
[ -z "$COF_SOAK" ] || ops=${COUNT:-400}
tmp=$(mktemp -d) || exit 1
peer=
trap 'end_pool; [ -z "$peer" ] || kill "$peer" 2>/dev/null; rm -rf "$tmp"' EXIT

end_pool() {
	[ ! -d $initiator ] || rmdir $initiator/paths/1 $initiator 2>/dev/null
}

# live: the path, within a minute
live() {
	for _ in $(seq 600); do
		[ "$(cat $state/state)" != live ] || return 0
		sleep 0.1
	done
	return 1
}

# begin_pool DIGESTS
begin_pool() {
	mkdir $initiator $initiator/paths/1 &&
		echo pool0 >$initiator/pool &&
		cat /sys/kernel/config/cof_initiator/pool0/hostid >$initiator/hostid &&
		echo 9000 >$initiator/priority &&
		echo $kato >$initiator/kato_ms &&
		echo 100 >$initiator/reconnect_ms &&
		echo "$1" >$initiator/digests &&
		echo $cof_insecure >$initiator/insecure &&
		echo remote >$initiator/public_ops &&
		echo "$cof_transport" >$initiator/paths/1/transport &&
		echo "$cof_addr" >$initiator/paths/1/traddr &&
		echo 4498 >$initiator/paths/1/trsvcid &&
		echo 1 >$initiator/paths/1/enable &&
		echo 1 >$initiator/enable && live
}

counters() {
	path_counters lossy-1
	hops
}

# run: operations through the lossy fabric, each checked by OpenSSL; $took: how long, ms
run() {
	counters >"$tmp/before"
	took=$(date +%s%N)
	# shellcheck disable=SC2046 # two words
	"$stress" $(key 1024) -t "${threads:-2}" -n "$ops" -o sign,verify,decrypt -H sha256 >"$tmp/out" 2>&1
	verdict $? "$*: no operation failed, none was wrong"
	took=$((($(date +%s%N) - took) / 1000000))
	sed 's/^/# /' "$tmp/out"
	counters >"$tmp/after"
	expect "$*: computed by the device" "$(delta class/cof-lossy.device)" -ge $((2 * ops))
	expect "$*: computed by software" "$(delta class/cof-lossy.software)" -eq 0
	expect "$*: failed" "$(delta class/cof-lossy.failed)" -eq 0
}

fate() {
	echo "$*" >"$tmp/new"
	mv "$tmp/new" "$tmp/control"
}

modprobe -a cof_target cof_initiator "cof_$cof_transport" || fatal "modules do not load"
fate nothing
python3 "$here/lossy.py" 4498 4430 "$tmp/control" >"$tmp/peer" 2>&1 &
peer=$!
for _ in $(seq 100); do
	! grep -q listening "$tmp/peer" || break
	sleep 0.1
done
check "the pool is live through the peer" begin_pool none || fatal "state: $(cat $state/state)"

run "all messages pass"
for counter in timeouts lost late_answers reconnects protocol_errors; do
	expect "all messages pass: $counter" "$(delta $counter)" -eq 0
done

for what in request answer; do
	fate $what 10
	run "every 10th $what is lost"
	expect "every 10th $what is lost: noticed" "$(delta timeouts)" -ge 1
	expect "every 10th $what is lost: as many lost" "$(delta lost)" -eq "$(delta timeouts)"
	expect "every 10th $what is lost: sent again" "$(delta class/cof-lossy.retried)" -eq "$(delta timeouts)"
	expect "every 10th $what is lost: reconnects" "$(delta reconnects)" -eq 0
	expect "every 10th $what is lost: late answers" "$(delta late_answers)" -eq 0
	fate nothing
done

# A connection that leads nowhere: noticed within two keep-alive periods, though the admin queue lives.
(
	sleep 1
	fate hole
	start=$(date +%s%N)
	while [ "$(cat $state/state)" = live ]; do sleep 0.02; done
	echo $((($(date +%s%N) - start) / 1000000)) >"$tmp/noticed"
	fate nothing
) &
watch=$!
counters >"$tmp/before"
# shellcheck disable=SC2046 # two words
"$stress" $(key 2048) -t 2 -w 100 -s 12 -o sign >"$tmp/out" 2>&1
verdict $? "I/O connections lead nowhere: no operation failed, none was wrong"
sed 's/^/# /' "$tmp/out"
wait $watch
counters >"$tmp/after"
expect "I/O connections lead nowhere: noticed after, ms" "$(cat "$tmp/noticed" 2>/dev/null)" -le $((2 * kato + 2000))
expect "I/O connections lead nowhere: class failed" "$(delta class/cof-lossy.failed)" -eq 0
check "I/O connections lead nowhere: live again afterwards" live
end_pool

for digests in header data both; do
	check "digests $digests: the pool is live" begin_pool $digests || fatal "state: $(cat $state/state)"
	run "digests $digests"
	for counter in crc_errors reconnects protocol_errors pool/pool0.crc_errors; do
		expect "digests $digests: $counter" "$(delta $counter)" -eq 0
	done
	[ $digests = both ] || end_pool
done
counters >"$tmp/before"
fate flip 40
# shellcheck disable=SC2046 # two words
"$stress" $(key 1024) -t 2 -n 30 -o sign >"$tmp/out" 2>&1
verdict $? "digests both, a bit is wrong: no operation failed, none was wrong"
fate nothing
sed 's/^/# /' "$tmp/out"
live
counters >"$tmp/after"
expect "digests both, a bit is wrong: noticed by the target" "$(delta pool/pool0.crc_errors)" -ge 1
expect "digests both, a bit is wrong: connected again" "$(delta reconnects)" -ge 1
expect "digests both, a bit is wrong: errors of the pool" "$(delta pool/pool0.errors)" -eq 0
end_pool
tap_end
