#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Keys that come with their operation. The target, by hosts made by hand (inline.py); then the
# initiator: a key that is used once is one message, one that is used again is opened, and every
# result is right. Between peers that do not both know of it keys are opened as ever.
#
# The machine is the lab's "loop"; the pool 'inline' is this machine's own pool0 through lossy.py,
# above all others by its priority.
#
# COUNT  keys (default 8; COF_SOAK=1: 500)
#
# needs: topology loop, modules asym_sim, programs openssl pkey_stress python3
# check: stable, uml COUNT=4
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"

export PYTHONDONTWRITEBYTECODE=1
stress=${PKEY_STRESS:-pkey_stress}
initiator=/sys/kernel/config/cof_initiator/inline
state=/sys/class/cof/inline-1
tracing=/sys/kernel/tracing
count=${COUNT:-8}
[ -z "$COF_SOAK" ] || count=${COUNT:-500}
exponent=70001
tmp=$(mktemp -d) || exit 1
peer=
trap 'end_pool; [ -z "$peer" ] || kill "$peer" 2>/dev/null; rm -rf "$tmp"' EXIT

end_pool() {
	[ ! -d $initiator ] || rmdir $initiator/paths/1 $initiator 2>/dev/null
}

is_live() {
	[ "$(cat $state/state)" = live ]
}

begin_pool() {
	mkdir $initiator $initiator/paths/1 &&
		echo pool0 >$initiator/pool &&
		cat /sys/kernel/config/cof_initiator/pool0/hostid >$initiator/hostid &&
		echo 9000 >$initiator/priority &&
		echo "${1:-2}" >$initiator/queues &&
		echo $cof_insecure >$initiator/insecure &&
		echo remote >$initiator/public_ops &&
		echo "$cof_transport" >$initiator/paths/1/transport &&
		echo "$cof_addr" >$initiator/paths/1/traddr &&
		echo 4496 >$initiator/paths/1/trsvcid &&
		echo 1 >$initiator/paths/1/enable &&
		echo 1 >$initiator/enable && within 60 is_live
}

counters() {
	path_counters inline-1
	hops
}

# run WHAT OPS ARGS...: so many operations, none wrong, all by the pool. Keys are new in each run.
run() {
	local what=$1 ops=$2
	shift 2
	counters >"$tmp/before"
	"$stress" -E $exponent "$@" >"$tmp/out" 2>&1
	verdict $? "$what: every result as OpenSSL says"
	sed 's/^/# /' "$tmp/out"
	exponent=$((exponent + 10000))
	counters >"$tmp/after"
	expect "$what: computed by the pool" "$(delta class/cof-inline.device)" -eq "$ops"
	expect "$what: computed by software" "$(delta class/cof-inline.software)" -eq 0
	expect "$what: requests" "$(delta requests)" -eq "$ops"
	expect "$what: responses" "$(delta responses)" -eq "$ops"
	expect "$what: the target computed" "$(delta pool/pool0.ops)" -eq "$ops"
	expect "$what: sent again" "$(delta class/cof-inline.retried)" -eq 0
	expect "$what: refused" "$(delta errors)" -eq 0
}

# keys WHAT INLINE OPENED
keys() {
	expect "$1: keys sent with an operation" "$(delta inline_keys)" -eq "$2"
	expect "$1: ... says the class" "$(delta class/cof-inline.inline_keys)" -eq "$2"
	expect "$1: ... and the target" "$(delta pool/pool0.inline_keys)" -eq "$2"
	expect "$1: keys opened" "$(delta key_opens)" -eq "$3"
	expect "$1: ... says the class" "$(delta class/cof-inline.session_opens)" -eq "$3"
}

fate() {
	echo "$*" >"$tmp/new"
	mv "$tmp/new" "$tmp/control"
}

modprobe -a cof_target cof_initiator "cof_$cof_transport" || fatal "modules do not load"
python3 "$here/inline.py" >"$tmp/target" 2>&1
rc=$?
while read -r line; do
	case $line in
	"ok "[0-9]*) verdict 0 "target: ${line#ok * }" ;;
	"not ok "[0-9]*) verdict 1 "target: ${line#not ok * }" ;;
	"1.."*) ;;
	*) note "${line#\# }" ;;
	esac
done <"$tmp/target"
grep -q '^1\.\.[1-9]' "$tmp/target"
verdict $? "inline.py ran to its end (status $rc)"

fate nothing
python3 "$here/lossy.py" 4496 4430 "$tmp/control" >"$tmp/peer" 2>&1 &
peer=$!
check "a peer in between" within 60 grep -q listening "$tmp/peer"
check "the pool is live" begin_pool || fatal "state: $(cat $state/state)"
small="-k $KEY_DIR/1024.pem"
[ -e "$KEY_DIR/1024.pem" ] || small="-g 1024"

# ---- one message for a key that is used once, two more for one that stays
[ -d $tracing/events ] || mount -t tracefs none $tracing
echo 1 >$tracing/events/cof/cof_inline_key/enable
what="$count keys, each once"
# shellcheck disable=SC2086 # two words
run "$what" "$count" $small -N "$count" -R -n "$count"
keys "$what" "$count" 0
echo 0 >$tracing/events/cof/cof_inline_key/enable
for side in initiator target; do
	expect "$what: traced by the $side" \
		"$(grep -c "cof_inline_key: side=$side .* err=0" $tracing/trace)" -ge "$count"
done
what="$count keys, each three times"
run "$what" $((3 * count)) -g 1024 -N "$count" -R -n $((3 * count))
keys "$what" "$count" "$count"
for bits in 2048 3072 4096; do
	what="RSA-$bits, all operations"
	# shellcheck disable=SC2046 # two words
	run "$what" 8 $(key $bits) -N 8 -R -n 8 -o sign,verify,encrypt,decrypt
	expect "$what: keys sent with an operation" "$(delta inline_keys)" -ge 8
	expect "$what: keys opened" "$(delta key_opens)" -eq 0
done

# ---- more at a time than may be in flight: those are opened, and nobody waits for the others
end_pool
check "the pool is live with one queue" begin_pool 1 || fatal "state: $(cat $state/state)"
what="new keys, 12 at a time"
# shellcheck disable=SC2086
run "$what" $((12 * count)) $small -N 400 -t 12 -n "$count"
expect "$what: keys sent with an operation" "$(delta inline_keys)" -gt 0
# Derived keys are for private and public operations.
expect "$what: lost by the device" "$(delta class/cof-inline.sw_device_error)" -eq 0

# ---- the feature is not offered, so not granted
end_pool
fate old
check "a target that knows of no inline keys: the pool is live" begin_pool || fatal "state: $(cat $state/state)"
what="without inline keys"
# shellcheck disable=SC2086
run "$what" $((3 * count)) $small -N "$count" -R -n $((3 * count))
keys "$what" 0 "$count"
end_pool
tap_end
