#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Faults in the fabric (loop): a pool with two paths to one target, load by asym_bench and
# pkey_stress, and each kind of fault at 1 %. No operation fails, none is wrong, each is
# completed once; without faults both paths are live again. And trace events: what one
# signature sends.
#
# SECS   of each kind (default 1; 60 with COF_SOAK=1)
# KINDS  which (default all)
# SEED   of the first kind (printed)
#
# needs: topology loop, modules asym_bench, programs pkey_stress
# check: mainline/rdma, uml
# soak: stable, uml/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"
stress=${PKEY_STRESS:-pkey_stress}
SECS=${SECS:-$([ "${COF_SOAK:-}" = 1 ] && echo 60 || echo 1)}
KINDS=${KINDS:-drop delay corrupt truncate reorder alloc close}
SEED=${SEED:-$(awk '{ print int($1 * 100) }' /proc/uptime)}
tmp=$(mktemp -d) || exit 1
fault=/sys/kernel/debug/cof/fault
bench=/sys/kernel/debug/asym_bench
target=/sys/kernel/config/cof_target
pool=/sys/kernel/config/cof_initiator/pool0
paths=$pool/paths
digest_pool=/sys/kernel/config/cof_initiator/crc

# As the lab made it: others come after this.
restore() {
	off
	no_digests
	[ ! -d $paths/2 ] || { echo 0 >$paths/2/enable; rmdir $paths/2; }
	if [ -d $target/ports/2 ]; then
		echo 0 >$target/ports/2/enable
		rm -f $target/ports/2/pools/pool0
		rmdir $target/ports/2
	fi
	[ -z "${reconnect:-}" ] || echo "$reconnect" >$pool/reconnect_ms
	[ ! -d $bench ] || rmmod asym_bench
	[ ! -d "$tmp/trace/events" ] || umount "$tmp/trace"
	rm -rf "$tmp"
}

# digests: a pool like pool0, with digests, and whoever asks for RSA gets it
digests() {
	mkdir $digest_pool
	for attr in pool hostid insecure reconnect_ms public_ops; do
		cat $pool/$attr >$digest_pool/$attr
	done
	echo both >$digest_pool/digests
	echo 9000 >$digest_pool/priority
	for n in 1 2; do
		mkdir $digest_pool/paths/$n
		for attr in transport traddr trsvcid; do
			cat $pool/paths/$n/$attr >$digest_pool/paths/$n/$attr
		done
		echo 1 >$digest_pool/paths/$n/enable
	done
	echo 1 >$digest_pool/enable
	paths=$digest_pool/paths
	echo cof-crc-rsa >$bench/driver
	check "with digests both paths are live" within 30 live
}

no_digests() {
	[ -d $digest_pool ] || return 0
	echo 0 >$digest_pool/enable
	rmdir $digest_pool/paths/1 $digest_pool/paths/2 $digest_pool
	paths=$pool/paths
	echo cof-pool0-rsa >$bench/driver
}

# off: as it is when nobody touched it
off() {
	echo 0 >$fault/enable
	for _dir in $fault/*/; do
		echo 0 >"${_dir}probability"
		echo -1 >"${_dir}count"
		echo both >"${_dir}side"
		echo all >"${_dir}queue"
	done
	echo any >$fault/close/state
}

# on KIND PROBABILITY
on() {
	echo "$2" >"$fault/$1/probability"
	echo 1 >$fault/enable
}

injected() {
	cat "$fault/$1/injected"
}

# all_injected: of all kinds together
all_injected() {
	cat $fault/*/injected | awk '{ sum += $1 } END { print sum }'
}

# used_up KIND: as many were injected as were to be
used_up() {
	[ "$(cat "$fault/$1/count")" -eq 0 ]
}

live() {
	[ "$(cat $paths/1/state)" = live ] && [ "$(cat $paths/2/state)" = live ]
}

refused() {
	! echo "$1" >"$2"
} 2>/dev/null

result() {
	awk -v n="$1" '$1 == n { print $2 }' $bench/result
}

# load SECONDS: both, until they end
load() {
	echo "$1" >$bench/seconds
	# shellcheck disable=SC2046 # two words
	"$stress" $(key 1024) -t 2 -s "$1" -o sign,verify,encrypt,decrypt >"$tmp/stress" 2>&1 &
	_load=$!
	echo 1 >$bench/run
	_bench=$?
	wait $_load
	_stress=$?
}

# load_facts TEXT: what holds whatever happened
load_facts() {
	verdict $_bench "$1: asym_bench ran to its end"
	[ $_stress -eq 0 ] || sed 's/^/# /' "$tmp/stress"
	verdict $_stress "$1: keyctl: no operation failed, no result is wrong"
	for _name in errors wrong doubled lost; do
		expect "$1: $_name" "$(result $_name)" -eq 0
	done
	expect "$1: answered" "$(result ops)" -gt 0
}

[ -d $fault ] || fatal "there is no $fault"
trap restore EXIT
off

# ---- knobs ---------------------------------------------------------------------

for kind in drop delay corrupt truncate reorder alloc close; do
	check "$kind: a probability above 1 is refused" refused 10001 $fault/$kind/probability
	check "$kind: a side that is none is refused" refused left $fault/$kind/side
	check "$kind: injected is read only" test "$(stat -c %a $fault/$kind/injected)" = 400
done
check "a count below -1 is refused" refused -2 $fault/drop/count
check "a queue that is none is refused" refused 1 $fault/drop/queue
check "a state that is none is refused" refused connected $fault/close/state
check "enable is 0 or 1" refused 2 $fault/enable
expect "delay_us" "$(cat $fault/delay/delay_us)" -gt 0

# ---- trace events ----------------------------------------------------------------

# io FILE: messages of operations, in order: event, side, request or response, tag
io() {
	sed -nE 's/.* (cof_msg_(send|recv)): side=([a-z]+) .* (ENCRYPT|DECRYPT|SIGN|VERIFY) (request|response) tag=([^ ]*).*/\1 \3 \5 \6/p' "$1"
}

mkdir "$tmp/trace"
mount -t tracefs tracefs "$tmp/trace" || fatal "no tracefs"
# shellcheck disable=SC2046 # two words
check "the key is known everywhere" "$stress" $(key 2048) -n 3 -o sign
echo >"$tmp/trace/trace"
echo 1 >"$tmp/trace/events/cof/enable"
# shellcheck disable=SC2046
check "one signature" "$stress" $(key 2048) -n 1 -o sign
echo 0 >"$tmp/trace/events/cof/enable"
cat "$tmp/trace/trace" >"$tmp/traced"
io "$tmp/traced" >"$tmp/io"
tag=$(awk 'NR == 1 { print $4 }' "$tmp/io")
cat >"$tmp/wanted" <<END
cof_msg_send initiator request $tag
cof_msg_recv target request $tag
cof_msg_send target response $tag
cof_msg_recv initiator response $tag
END
check "a signature is one request and one response" diff "$tmp/wanted" "$tmp/io"
expect "keys opened for it" "$(grep -c 'KEY_OPEN\|cof_key_open' "$tmp/traced")" -eq 0
grep cof_ "$tmp/traced" | head -n 6 | sed 's/^/# /'

# ---- two paths -------------------------------------------------------------------

mkdir $target/ports/2
for attr in transport traddr insecure; do
	cat $target/ports/1/$attr >$target/ports/2/$attr
done
echo 4431 >$target/ports/2/trsvcid
ln -s $target/pools/pool0 $target/ports/2/pools/pool0
echo 1 >$target/ports/2/enable
echo 1 >"$tmp/trace/events/cof/enable"
reconnect=$(cat $pool/reconnect_ms)
echo 100 >$pool/reconnect_ms
mkdir $paths/2
for attr in transport traddr; do
	cat $paths/1/$attr >$paths/2/$attr
done
echo 4431 >$paths/2/trsvcid
echo 1 >$paths/2/enable
check "both paths are live" within 30 live
echo 0 >"$tmp/trace/events/cof/enable"
for event in 'cof_path_state: path=pool0/2 from=connecting to=live' \
	'cof_assoc_made: side=initiator path=pool0/2 ' 'cof_assoc_made: side=target pool=pool0 ' \
	'cof_conn_state: side=initiator .* started' 'cof_conn_state: side=target .* started' \
	'cof_msg_send: side=initiator .* CONNECT request' \
	'cof_msg_send: side=target .* IDENTIFY response' \
	'cof_key_open: side=target .* err=0'; do
	expect "$event" "$(grep -c "$event" "$tmp/trace/trace")" -gt 0
done

modprobe asym_bench || fatal "cannot load asym_bench"
echo cof-pool0-rsa >$bench/driver
echo encrypt >$bench/op
echo 0 >$bench/ops
echo 32 >$bench/depth
echo 2 >$bench/threads

# ---- off is off ------------------------------------------------------------------

before=$(all_injected)
for kind in drop delay corrupt truncate reorder alloc close; do
	echo 10000 >$fault/$kind/probability
done
load 1
load_facts "off"
expect "off: injected" $(($(all_injected) - before)) -eq 0
check "off: both paths are live" live
off

# ---- each kind under load --------------------------------------------------------

echo "$SEED" >$fault/seed
note "SEED=$SEED, $SECS s each"
for kind in $KINDS; do
	before=$(injected "$kind")
	# Only where digests are in use: who has none would compute with what arrives.
	[ "$kind" != corrupt ] || digests
	on "$kind" 100
	start=$(now_ms)
	load "$SECS"
	echo 0 >$fault/enable
	load_facts "$kind"
	expect "$kind: injected" $(($(injected "$kind") - before)) -gt 0
	check "$kind: both paths are live again" within 60 live
	note "$kind: $(result ops) operations, $(($(injected "$kind") - before)) faults, $(($(now_ms) - start)) ms"
	if [ "$kind" = corrupt ]; then
		expect "corrupt: wrong digests were noticed" "$(cat /sys/class/cof/crc-*/crc_errors \
			$target/pools/pool0/stats/crc_errors | awk '{ sum += $1 } END { print sum }')" -gt 0
		hops >"$tmp/after"
		expect "corrupt: operations that failed" "$(hop "$tmp/after" class/cof-crc.failed)" -eq 0
		no_digests
	fi
	off
done

# ---- a connection ends, whatever is going on --------------------------------------

for side in initiator target; do
	for state in connect identify key_open inflight; do
		text="close, $state, $side"
		before=$(injected close)
		echo $side >$fault/close/side
		echo $state >$fault/close/state
		echo 2 >$fault/close/count
		on close 10000
		echo 0 >$paths/1/enable
		echo 1 >$paths/1/enable
		# shellcheck disable=SC2046
		check "$text: signatures are right" "$stress" $(key 1024) -n 4 -o sign
		check "$text: both were injected" within 30 used_up close
		expect "$text: injected" $(($(injected close) - before)) -eq 2
		off
		check "$text: both paths are live again" within 60 live
	done
done
hops >"$tmp/after"
expect "operations that failed" \
	$(($(hop "$tmp/after" class/virtio.failed) + $(hop "$tmp/after" class/cof-pool0.failed))) -eq 0
tap_end
