#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A pool of this host with two paths to itself (loop), over IPv6 and IPv4: what its files say, what an
# administrator may change under load, and that a signature is one request and one response.
#
# COUNT  signatures (default 20; 500 with COF_SOAK=1)
#
# needs: topology loop, programs pkey_stress, keys 1024
# check: stable, uml
# quick: uml
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
COUNT=${COUNT:-$([ "${COF_SOAK:-}" = 1 ] && echo 500 || echo 20)}
stress=${PKEY_STRESS:-pkey_stress}
target=/sys/kernel/config/cof_target
pool=/sys/kernel/config/cof_initiator/two
load=''

cleanup() {
	[ -z "$load" ] || kill -TERM $load
	for path in "$pool"/paths/*; do
		[ ! -d "$path" ] || rmdir "$path"
	done
	rmdir "$pool"
	rm -f $target/ports/6/pools/pool0
	rmdir $target/ports/6
	rm -rf "$tmp"
} 2>/dev/null
trap cleanup EXIT

# path N FILE
path() {
	cat "/sys/class/cof/two-$1/$2"
}

# both FILE: the sum
both() {
	echo $(($(path 1 "$1") + $(path 2 "$1")))
}

is() {
	[ "$(path "$1" state)" = "$2" ]
}

# refused FILE VALUE
refused() {
	! (echo "$2" >"$1") 2>/dev/null
}

# class NAME: a counter of the class, now
class() {
	awk -v n="$1" '$1 == n { print $2 }' /sys/kernel/debug/asym/cof-two/stats
}

# sign COUNT: signatures with the one key
sign() {
	# shellcheck disable=SC2046 # two words
	"$stress" $(key 1024) -n "$1" -o sign -H sha256 >"$tmp/out" 2>&1
	_rc=$?
	sed 's/^/# /' "$tmp/out"
	return $_rc
}

# more_than VALUE N FILE
more_than() {
	[ "$(path "$2" "$3")" -gt "$1" ]
}

above() {
	[ "$(both "$1")" -gt "$2" ]
}

# ---- configuration
mkdir $target/ports/6
echo "$cof_transport" >$target/ports/6/transport
echo "$cof_addr6" >$target/ports/6/traddr
echo 4436 >$target/ports/6/trsvcid
echo $cof_insecure >$target/ports/6/insecure
check "port: so_priority" sh -c "echo 5 >$target/ports/6/so_priority"
check "port: busy_poll_us" sh -c "echo 20 >$target/ports/6/busy_poll_us"
check "port: so_priority 7 is refused" refused $target/ports/6/so_priority 7
ln -s $target/pools/pool0 $target/ports/6/pools/pool0
check "port: listens at $cof_addr6" sh -c "echo 1 >$target/ports/6/enable"
check "port: so_priority is refused while enabled" refused $target/ports/6/so_priority 0

mkdir $pool
expect "queues by default: CPUs" "$(cat $pool/queues)" -eq "$(getconf _NPROCESSORS_ONLN)"
echo pool0 >$pool/pool
echo "$HOSTID" >$pool/hostid
echo $cof_insecure >$pool/insecure
echo remote >$pool/public_ops
echo 50000 >$pool/priority
echo 1024 >$pool/depth
echo 3 >$pool/so_priority
echo 20 >$pool/busy_poll_us
check "so_priority 7 is refused" refused $pool/so_priority 7
check "busy_poll_us 1001 is refused" refused $pool/busy_poll_us 1001
check "policy other is refused" refused $pool/policy other
for n in 1 2; do
	mkdir $pool/paths/$n
	echo "$cof_transport" >$pool/paths/$n/transport
done
echo "$cof_addr6" >$pool/paths/1/traddr
echo 4436 >$pool/paths/1/trsvcid
echo "$cof_addr" >$pool/paths/2/traddr
echo 4430 >$pool/paths/2/trsvcid
expect "disabled: association" "$(path 1 association)" -eq 0
for n in 1 2; do
	echo 1 >$pool/paths/$n/enable
done
check "the pool is enabled" sh -c "echo 1 >$pool/enable"
for n in 1 2; do
	check "path $n is live" within 60 is $n live
done

# ---- what the files say
check "path 1: address" test "$(path 1 address)" = "[$cof_addr6]:4436"
check "path 2: address" test "$(path 2 address)" = "$cof_addr:4430"
for n in 1 2; do
	expect "path $n: association" "$(path $n association)" -gt 0
	expect "path $n: queues" "$(path $n queues)" -eq "$(cat $pool/queues)"
	expect "path $n: depth" "$(path $n depth)" -gt 0
	expect "path $n: kato_ms" "$(path $n kato_ms)" -eq "$(cat $pool/kato_ms)"
	expect "path $n: latency_us" "$(path $n latency_us)" -gt 0
	check "path $n: no reason" test -z "$(path $n reason)"
	for name in ops_per_sec bytes_per_sec units_per_sec burst_ms max_inflight inflight; do
		expect "path $n: $name" "$(path $n $name)" -ge 0
	done
	# It does not compute on itself, nor on another pool or its own virtual device.
	driver=$(path $n driver)
	case $driver in
	'' | cof-* | virtio-*) verdict 1 "path $n: the driver that computes: $driver" ;;
	*) verdict 0 "path $n: the driver that computes: $driver" ;;
	esac
done

# ---- a signature is a request and a response
check "keyctl signs" sign 4
opens=$(both key_opens) closes=$(both key_closes)
requests=$(both requests) responses=$(both responses)
device=$(class device) software=$(class software)
hops >"$tmp/before"
check "keyctl signs $COUNT times with the key that was opened" sign "$COUNT"
hops >"$tmp/after"
expect "computed by the pool" $(($(class device) - device)) -eq "$COUNT"
expect "computed by software" $(($(class software) - software)) -eq 0
expect "requests" $(($(both requests) - requests)) -eq "$COUNT"
expect "responses" $(($(both responses) - responses)) -eq "$COUNT"
expect "the target computed" "$(hop_delta "$tmp/before" "$tmp/after" pool/pool0.decrypt)" -eq "$COUNT"
expect "keys opened and closed" $(($(both key_opens) - opens + $(both key_closes) - closes)) -eq 0

# ---- changes under load
# shellcheck disable=SC2046 # two words
"$stress" $(key 2048) -t 2 -s 600 -o sign >"$tmp/load" 2>&1 &
load=$!
for policy in queue-depth latency round-robin; do
	check "policy $policy" sh -c "echo $policy >$pool/policy"
	check "policy reads so" grep -qx $policy $pool/policy
	check "and operations go on" within 30 above responses $(($(both responses) + 10))
done
for n in 1 2; do
	was=$(path $n responses)
	check "round-robin: path $n has its turns" within 30 more_than "$was" $n responses
done
for fallback in error software; do
	check "fallback $fallback" sh -c "echo $fallback >$pool/fallback"
	check "and operations go on" within 30 above responses $(($(both responses) + 10))
done
check "path 2 is disabled" sh -c "echo 0 >$pool/paths/2/enable"
expect "its association" "$(path 2 association)" -eq 0
lone=$(path 2 requests)
check "operations go on" within 30 above responses $(($(both responses) + 10))
expect "none on it" $(($(path 2 requests) - lone)) -eq 0
kill -TERM $load
wait $load
rc=$?
load=''
sed 's/^/# /' "$tmp/load"
verdict $rc "no operation failed or was wrong"
expect "computed by software" $(($(class software) - software)) -eq 0
expect "in flight" "$(path 1 inflight)" -eq 0

# ---- fallback=error, and no path
echo error >$pool/fallback
check "path 1 is disabled" sh -c "echo 0 >$pool/paths/1/enable"
failed=$(class failed)
check "fallback error: nothing is signed without a path" sh -c "! $stress $(key 2048) -q -n 1 -o sign -H sha256"
expect "and it is counted" "$(class failed)" -gt "$failed"
echo software >$pool/fallback
check "fallback software: it is" sign 1
expect "computed by software" $(($(class software) - software)) -gt 0
tap_end
