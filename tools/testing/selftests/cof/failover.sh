#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the initiator of a pair with two targets (beside failover-target.sh on each): while 16 requests
# are in flight (asym_bench) and keyctl signs and decrypts (pkey_stress), one target goes and comes
# back, in every way that it can. No operation fails or is wrong, each is answered once, none is
# computed by software, and what is lost silently is noticed within two keep-alive periods. Times are
# of the monotonic clock.
#
# The paths are of either transport, or one of each (lab/run --transport).
#
# FAULTS  rounds of all kinds (default 2 over TCP, else 1; with COF_SOAK=1 so many that there are 50 faults
#         or more)
# KINDS   which: KIND, or KIND:TARGET. Of every path: blackhole pool power; over TCP: reset kill; over
#         RDMA: nic (the target's network device is down), link (its RDMA device goes), own (ours)
#
# needs: topology pair, targets 2, lab --env=SIM_LATENCY_US=100000
# needs: beside target1=cof/failover-target.sh target2=cof/failover-target.sh
# needs: modules asym_bench, programs pkey_stress
# check: mainline/mixed
# soak: mainline
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
case $cof_transport/${COF_SOAK:-} in
tcp/1) kinds="blackhole reset kill pool:2 power:1" faults=10 ;;
tcp/*) kinds="blackhole reset kill pool:2 power:1" faults=2 ;;
rdma/1)
	kinds="blackhole:1 nic:2 link:1 own:2 pool:1 power:2 blackhole:2 nic:1 link:2 own:1 pool:2 power:1"
	faults=5 ;;
rdma/*) kinds="blackhole:1 nic:2 link:1 own:2 pool:1 power:2" faults=1 ;;
mixed/1)
	kinds="blackhole:1 blackhole:2 reset:1 nic:2 kill:1 link:2 pool:1 pool:2 own:2 power:1 power:2"
	faults=5 ;;
# What is TCP's alone is there without RDMA, too.
mixed/*) kinds="blackhole:2 kill:1 nic:2 link:2 own:2 pool:2 power:2" faults=1 ;;
esac
KINDS=${KINDS:-$kinds}
FAULTS=${FAULTS:-$faults}
KATO=5000	# ms
class=/sys/kernel/debug/asym/cof-pool0/stats
pool=/sys/kernel/config/cof_initiator/pool0
bench=/sys/kernel/debug/asym_bench
box=/run/lab/failover

cleanup() {
	[ -z "$load" ] || kill -TERM $load
	[ -z "$stress" ] || kill -TERM $stress
	nft delete table inet fault 2>/dev/null
	rm -rf "$tmp"
}
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

# word N WORD...
word() {
	shift "$1"
	echo "$1"
}

# address N, transport N
address() {
	# shellcheck disable=SC2086 # a list
	word "$1" $TARGET_ADDRS
}

transport() {
	# shellcheck disable=SC2086 # a list
	word "$1" $TARGET_TRANSPORTS
}

# our_device N: the RDMA device of the path to target N
our_device() {
	dev=$(ip -o route get "$(address "$1")" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
	rdma link | sed -n "s|^link \([^/]*\)/1 .* netdev $dev *\$|\1|p"
}

# tell N WORD: to failover-target.sh
tell() {
	echo "$2" >"$box/.target$1" && mv "$box/.target$1" "$box/target$1"
	within 20 test ! -e "$box/target$1"
}

# firewall N VERDICT...: for what comes from target N, and goes there
firewall() {
	addr=$(address "$1")
	shift
	nft -f - <<-RULES
		table inet fault {
			chain in { type filter hook input priority 0; iifname != lo ip saddr $addr tcp sport 4430 $*; }
			chain out { type filter hook output priority 0; ip daddr $addr tcp dport 4430 $*; }
		}
	RULES
}

# blackhole N: RoCE's packets are dropped where they arrive: soft-RoCE's QP 1 does not survive that one of
# its own is dropped on the way out, and no connection is made until there is a new device.
blackhole() {
	[ "$(transport "$1")" = rdma ] || { firewall "$1" drop; return; }
	nft -f - <<-RULES && tell "$1" deaf
		table inet fault {
			chain in { type filter hook input priority 0; ip saddr $(address "$1") udp dport 4791 drop; }
		}
	RULES
}

end_of_blackhole() {
	nft delete table inet fault || return
	[ "$(transport "$1")" != rdma ] || tell "$1" hears
}

# begin KIND N, release KIND N
begin() {
	case $1 in
	blackhole) blackhole "$2" ;;
	reset) firewall "$2" reject with tcp reset ;;
	kill) ss -K dst "$(address "$2")" dport = 4430 | sed 's/^/# /' ;;
	pool) tell "$2" disable ;;
	nic) tell "$2" nic-down ;;
	link) tell "$2" link-del ;;
	own) rdma link del "$(our_device "$2")" ;;
	power) lab power off "target$2" ;;
	esac
}

release() {
	case $1 in
	blackhole) end_of_blackhole "$2" ;;
	reset) nft delete table inet fault ;;
	kill) ;;
	pool) tell "$2" enable ;;
	nic) tell "$2" nic-up ;;
	link) tell "$2" link-add ;;
	own) lab rdma ;;
	power) lab power on "target$2" && lab wait "target$2" ;;
	esac
}

# fault KIND N: one target goes, and comes back
fault() {
	what="$1 of target$2"
	other=$((3 - $2))
	software=$(count software) failed=$(count failed) lost=$(path "$2" lost)
	silent=$(log_lines "(keep-alive)")
	start=$(now_ms)
	begin "$1" "$2" || verdict 1 "$what: it begins"
	check "$what: the path is not live any more" within 30 is_not "$2" live
	noticed=$(($(now_ms) - start))
	# A pool that is disabled lets its initiators go first, which takes up to 2 s; and it is asked
	# to from another machine.
	expect "$what: noticed within two keep-alive periods, ms" $noticed -lt $((2 * KATO))
	answers=$(path "$other" responses)
	check "$what: the other path goes on" within 20 answers "$other" $((answers + 20))
	[ "$1" = kill ] || expect "$what: the other path is live, this one is not" \
		"$(is "$other" live && is_not "$2" live && echo 1)" -eq 1
	note "$what: lost, and computed elsewhere: $(($(path "$2" lost) - lost))"
	release "$1" "$2" || verdict 1 "$what: it is released"
	start=$(now_ms)
	check "$what: the path is live again" within 40 is "$2" live
	note "$what: live $(($(now_ms) - start)) ms after it could be"
	# What is said aloud is not left to the keep-alive. Why it ended is in the log by now.
	case $1 in
	reset | kill)
		expect "$what: noticed by the keep-alive" \
			$(($(log_lines "(keep-alive)") - silent)) -eq 0 ;;
	esac
	for n in 1 2; do
		answers=$(path $n responses)
		check "$what: then target$n computes" within 20 answers $n $((answers + 5))
	done
	expect "$what: computed by software" $(($(count software) - software)) -eq 0
	expect "$what: failed" $(($(count failed) - failed)) -eq 0
}

result() {
	awk -v n="$1" '$1 == n { print $2 }' $bench/result
}

mkdir -p $box
lab barrier failover-ready 3
modprobe asym_bench || fatal "cannot load asym_bench"
# What they need is loaded, which takes an emulated machine seconds.
ss -K dst 192.0.2.1 >/dev/null
for n in 1 2; do
	case $(transport $n) in
	tcp) firewall $n reject with tcp reset ;;
	rdma) blackhole $n && rdma link && tell $n hears ;;
	esac >/dev/null && nft delete table inet fault
done
echo 0 >$pool/enable
echo $KATO >$pool/kato_ms
echo 50 >$pool/busy_poll_us
echo 1 >$pool/enable
for n in 1 2; do
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
for n in 1 2; do
	check "target$n computes" within 30 answers $n $(($(path $n responses) + 10))
done

nr=0
round=0
while [ $round -lt "$FAULTS" ]; do
	for kind in $KINDS; do
		case $kind in
		*:*) target=${kind#*:} kind=${kind%:*} ;;
		*) target=$((1 + nr % 2)) ;;
		esac
		echo "# $kind of target$target, $(cut -d' ' -f1 /proc/uptime) s after power on"
		fault $kind $target
		nr=$((nr + 1))
	done
	round=$((round + 1))
done

kill -TERM $stress
wait $stress
verdict $? "keyctl: no operation failed or was wrong in $nr faults"
stress=''
sed 's/^/# /' "$tmp/stress"
kill -TERM $load
wait $load
load=''
expect "asym_bench: requests answered in $nr faults" "$(result ops)" -gt $((nr * 20))
for name in errors wrong doubled lost; do
	expect "asym_bench: $name" "$(result $name)" -eq 0
done
hops >"$tmp/after"
for name in sw_no_device sw_unsupported sw_device_error sw_no_session failed; do
	expect "cof-pool0: $name" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.$name)" -eq 0
done
expect "cof-pool0: sent again" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.retried)" -gt 0
note "cof-pool0: computed by devices $(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)"
for n in 1 2; do
	expect "path $n: every request is answered or lost; the rest" \
		$(($(path $n requests) - $(path $n responses) - $(path $n lost))) -eq 0
	expect "path $n: protocol errors" "$(path $n protocol_errors)" -eq 0
	note "path $n: lost $(path $n lost), late answers $(path $n late_answers)," \
		"reconnects $(path $n reconnects)"
	echo end >$box/target$n
done
tap_end
