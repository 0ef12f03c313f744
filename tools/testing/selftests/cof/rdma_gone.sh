#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The RDMA device goes, in every way that it can, while 16 requests are in flight (asym_bench) and keyctl
# signs and decrypts (pkey_stress): it is removed, its network device is down, its driver is unloaded.
# Both ends are in this kernel (loop). No operation fails or is wrong, each is answered once; the target
# listens again and the path is live again when the device is back, by themselves. With --transport mixed
# the other path is TCP, and nothing is computed by software.
#
# TIMES  the device goes and comes back (default 1; 25 with COF_SOAK=1)
#
# needs: topology loop, transport rdma mixed, modules asym_bench, programs ip pkey_stress rdma
# needs: lab rdma
# check: mainline/mixed, uml/mixed
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
TIMES=${TIMES:-$([ "${COF_SOAK:-}" = 1 ] && echo 25 || echo 1)}
KATO=5000	# ms
class=/sys/kernel/debug/asym/cof-pool0/stats
target=/sys/kernel/config/cof_target
pool=/sys/kernel/config/cof_initiator/pool0
bench=/sys/kernel/debug/asym_bench
case $cof_transport in
rdma) rdma=1 paths=1 ;;
mixed) rdma=2 paths="1 2" ;;
*) fatal "--transport rdma or mixed" ;;
esac
address=10.77.0.1

cleanup() {
	[ -z "$load" ] || kill -TERM $load
	[ -z "$stress" ] || kill -TERM $stress
	lab rdma
	[ ! -d $pool/paths/3 ] || rmdir $pool/paths/3
	[ ! -d $target/ports/97 ] || { rm -f $target/ports/97/pools/pool0; rmdir $target/ports/97; }
	rm -rf "$tmp"
} >/dev/null 2>&1
load='' stress=''
trap cleanup EXIT

# count NAME: a counter of the class, now
count() {
	awk -v n="$1" '$1 == n { print $2 }' $class
}

# path N FILE
path() {
	cat "/sys/class/cof/pool0-$1/$2"
}

# is N STATE
is() {
	read -r _state <"/sys/class/cof/pool0-$1/state"
	[ "$_state" = "$2" ]
}

is_not() {
	! is "$@"
}

# answers N VALUE: path N answered more than VALUE
answers() {
	[ "$(path "$1" responses)" -gt "$2" ]
}

# computed VALUE: more operations of the class are complete, whoever computed
computed() {
	[ "$(count ops)" -gt "$1" ]
}

result() {
	awk -v n="$1" '$1 == n { print $2 }' $bench/result
}

# begin KIND, release KIND
begin() {
	case $1 in
	link) timeout 60 rdma link del rxe0 ;;
	nic) ip link set rdma0 down ;;
	driver) timeout 60 modprobe -r rdma_rxe ;;
	esac
}

release() {
	# Soft-RoCE does not send another message of a connection manager after it tried to while the
	# network device was down (QP 1 has failed), nvme-rdma's neither: only a new device does.
	[ "$1" != nic ] || { ip link set rdma0 up && rdma link del rxe0; } || return
	lab rdma
}

# fault KIND
fault() {
	software=$(count software) failed=$(count failed) lost=$(path $rdma lost)
	start=$(now_ms)
	check "$what: it goes" begin "$1"
	note "$what: that took $(($(now_ms) - start)) ms"
	check "$what: the path is not live any more" within 30 is_not $rdma live
	noticed=$(($(now_ms) - start))
	expect "$what: noticed within two keep-alive periods, ms" $noticed -lt $((2 * KATO))
	ops=$(count ops)
	check "$what: operations go on" within 20 computed $((ops + 20))
	if [ "$cof_transport" = mixed ]; then
		answers=$(path 1 responses)
		check "$what: the other path computes" within 20 answers 1 $((answers + 20))
		check "$what: and is live" is 1 live
	fi
	check "$what: the path is still not live" is_not $rdma live
	note "$what: lost, and computed elsewhere: $(($(path $rdma lost) - lost))"
	check "$what: it is back" release "$1"
	start=$(now_ms)
	check "$what: the path is live again" within 40 is $rdma live
	note "$what: live $(($(now_ms) - start)) ms after it could be"
	for n in $paths; do
		answers=$(path $n responses)
		check "$what: then path $n computes" within 20 answers $n $((answers + 5))
	done
	[ "$cof_transport" != mixed ] ||
		expect "$what: computed by software" $(($(count software) - software)) -eq 0
	expect "$what: failed" $(($(count failed) - failed)) -eq 0
}

refused() {
	! (echo "$2" >"$1") 2>/dev/null
}

modprobe asym_bench || fatal "cannot load asym_bench"
echo 0 >$pool/enable
echo $KATO >$pool/kato_ms
# Whoever asks for RSA gets it.
priority=$(cat $pool/priority)
echo 9000 >$pool/priority
echo 1 >$pool/enable
for n in $paths; do
	check "path $n is live" within 60 is $n live
done
hops >"$tmp/before"
echo cof-pool0-rsa >$bench/driver
echo encrypt >$bench/op
echo 16 >$bench/depth
echo 16 >$bench/threads
echo 3600 >$bench/seconds
(echo 1 >$bench/run) 2>/dev/null &
load=$!
# shellcheck disable=SC2046 # two words
"${PKEY_STRESS:-pkey_stress}" $(key 2048) -t 2 -w 100 -s 3600 -o sign,decrypt >"$tmp/stress" 2>&1 &
stress=$!
for n in $paths; do
	check "path $n computes" within 30 answers $n $(($(path $n responses) + 10))
done

time=0
while [ $time -lt "$TIMES" ]; do
	time=$((time + 1))
	for kind in link nic driver; do
		what="$kind, time $time"
		echo "# $what, $(cut -d' ' -f1 /proc/uptime) s after power on"
		fault $kind
	done
done

# ---- nothing is there yet ------------------------------------------------------------
what="no device"
check "$what: it goes" begin link
mkdir $target/ports/97 $pool/paths/3
echo rdma | tee $target/ports/97/transport >$pool/paths/3/transport
echo $address | tee $target/ports/97/traddr >$pool/paths/3/traddr
echo 4497 | tee $target/ports/97/trsvcid >$pool/paths/3/trsvcid
echo 1 >$target/ports/97/insecure
ln -s $target/pools/pool0 $target/ports/97/pools/pool0
said="port 97: waiting for $address, port 4497: no RDMA device has this address"
lines=$(log_lines "$said")
check "$what: a port can be enabled" sh -c "echo 1 >$target/ports/97/enable"
check "$what: it waits" grep -qx "waiting: no RDMA device has this address" $target/ports/97/state
check "$what: a path can" sh -c "echo 1 >$pool/paths/3/enable"
sleep 3
check "$what: and waits" is_not 3 live
expect "$what: lines in the log that say so" $(($(log_lines "$said") - lines)) -eq 1
check "$what: it is back" release link
check "$what: the port listens" within 10 grep -qx listening $target/ports/97/state
check "$what: both paths are live" within 40 is 3 live
check "$what: both paths are live" within 40 is $rdma live
what="a second port"
check "$what: the device goes" begin link
check "$what: the path is not live any more" within 30 is_not 3 live
check "$what: the device is back" release link
check "$what: the path is live again" within 40 is 3 live

# ---- taken down while the device is away ----------------------------------------------
what="taken down without a device"
check "$what: it goes" begin link
check "$what: path" rmdir $pool/paths/3
check "$what: port" sh -c "echo 0 >$target/ports/97/enable && rm $target/ports/97/pools/pool0 &&
	rmdir $target/ports/97"
check "$what: it is back" release link
check "$what: the path is live again" within 40 is $rdma live

kill -TERM $stress
wait $stress
verdict $? "keyctl: no operation failed or was wrong"
stress=''
sed 's/^/# /' "$tmp/stress"
kill -TERM $load
wait $load
load=''
expect "asym_bench: requests answered" "$(result ops)" -gt $((TIMES * 60))
for name in errors wrong doubled lost; do
	expect "asym_bench: $name" "$(result $name)" -eq 0
done
hops >"$tmp/after"
expect "cof-pool0: failed" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.failed)" -eq 0
if [ "$cof_transport" = mixed ]; then
	for name in sw_no_device sw_unsupported sw_device_error sw_no_session; do
		expect "cof-pool0: $name" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.$name)" -eq 0
	done
	expect "cof-pool0: sent again" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.retried)" -gt 0
fi
note "cof-pool0: computed by devices $(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)," \
	"by software $(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.software)"
for n in $paths; do
	expect "path $n: every request is answered or lost; the rest" \
		$(($(path $n requests) - $(path $n responses) - $(path $n lost))) -eq 0
	expect "path $n: protocol errors" "$(path $n protocol_errors)" -eq 0
	note "path $n: lost $(path $n lost), late answers $(path $n late_answers)," \
		"reconnects $(path $n reconnects)"
done
echo 0 >$pool/enable
# As the lab made it.
echo "$priority" >$pool/priority
check "no association is left in the target" within 20 grep -qx 0 $target/pools/pool0/stats/associations
echo 1 >$pool/enable
check "asym_bench can be unloaded" rmmod asym_bench
tap_end
