#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A quota makes a host's operations wait for longer than its keep-alive time-out (loop): they
# wait, none is given up, sent again, or computed by software, and when the quota goes they go on.
#
# SECS  for how long (default 6; 60 with COF_SOAK=1)
#
# needs: topology loop, programs pkey_stress
# check: mainline/rdma
# soak: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"
stress=${PKEY_STRESS:-pkey_stress}
SECS=${SECS:-$([ "${COF_SOAK:-}" = 1 ] && echo 60 || echo 6)}
tmp=$(mktemp -d) || exit 1
model=/sys/kernel/config/cof_initiator/pool0
pool=/sys/kernel/config/cof_initiator/slow
sysfs=/sys/class/cof/slow-1
host=$(cat $model/hostid)
quota=/sys/kernel/config/cof_target/pools/pool0/quotas/$host

leave() {
	[ ! -d "$quota" ] || rmdir "$quota"
	if [ -d $pool ]; then
		echo 0 >$pool/enable
		[ ! -d $pool/paths/1 ] || rmdir $pool/paths/1
		rmdir $pool
	fi
	rm -rf "$tmp"
}
trap leave EXIT

live() {
	[ "$(cat $pool/paths/1/state)" = live ]
}

# path NAME: what sysfs says of it
path() {
	cat "$sysfs/$1"
}

mkdir $pool $pool/paths/1
cat $model/pool >$pool/pool
echo "$host" >$pool/hostid
cat $model/insecure >$pool/insecure
cat $model/public_ops >$pool/public_ops
echo 2000 >$pool/kato_ms
# Whoever asks for RSA gets it.
echo 9000 >$pool/priority
for attr in transport traddr trsvcid; do
	cat $model/paths/1/$attr >$pool/paths/1/$attr
done
echo 1 >$pool/paths/1/enable
echo 1 >$pool/enable
check "the path is live" within 30 live
# shellcheck disable=SC2046 # two words
check "the key is known there" "$stress" $(key 1024) -n 2 -o sign

mkdir "$quota"
# Eight at a time, so that each waits four seconds.
echo 2 >"$quota/ops_per_sec"
check "the path knows the quota" within 10 grep -qx 2 $sysfs/ops_per_sec
hops >"$tmp/before"
start=$(now_ms)
# shellcheck disable=SC2046
"$stress" $(key 1024) -t 8 -s "$SECS" -w 30 -o sign >"$tmp/stress" 2>&1
verdict $? "keyctl, eight threads: no operation failed, none was wrong"
took=$(($(now_ms) - start))
sed 's/^/# /' "$tmp/stress"
hops >"$tmp/after"
ops=$(hop_delta "$tmp/before" "$tmp/after" class/cof-slow.device)
expect "computed by the pool" "$ops" -gt 8
# What is left of the burst, and what was under way at either end.
expect "in $took ms" "$ops" -le $((took * 2 / 1000 + 4))
expect "computed by software" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-slow.software)" -eq 0
expect "failed" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-slow.failed)" -eq 0
expect "the target was asked after silent ones" "$(path queries)" -gt 0
for name in timeouts lost late_answers reconnects; do
	expect "$name" "$(path $name)" -eq 0
done

# shellcheck disable=SC2046
"$stress" $(key 1024) -t 8 -n 40 -w 30 -o sign >"$tmp/stress" 2>&1 &
waits=$!
sleep 1
start=$(now_ms)
rmdir "$quota"
wait $waits
verdict $? "the quota goes while some wait: none failed"
# 40 of them would have taken some twenty seconds.
expect "they go on: done after $(($(now_ms) - start)) ms" $(($(now_ms) - start)) -lt 6000
check "the path is live" live
expect "reconnects" "$(path reconnects)" -eq 0
tap_end
