#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A peer that speaks CoF by hand (proto.py), well and badly, to a port of its own,
# while this machine's initiator computes on the same target: it never notices.
#
# The machine is the lab's "loop". COUNT, SEED, COF_SOAK: see proto.py.
#
# needs: topology loop, programs openssl pkey_stress python3
# check: mainline, uml COUNT=100
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"

export PYTHONDONTWRITEBYTECODE=1
stress=${PKEY_STRESS:-pkey_stress}
state=/sys/class/cof/pool0-1
tmp=$(mktemp -d) || exit 1
load=
trap '[ -z "$load" ] || kill "$load" 2>/dev/null; rm -rf "$tmp"' EXIT

# Connections, listeners: each pins the transport.
pins() {
	cat "/sys/module/cof_$cof_transport/refcnt"
}

[ "$(cat $state/state)" = live ] || fatal "the path to pool0 is '$(cat $state/state)'"
hops >"$tmp/before"
path_counters pool0-1 >"$tmp/path-before"
pins_before=$(pins)

# Three operations a second do: an emulated machine is busy with ten.
# shellcheck disable=SC2046 # two words
"$stress" $(key 1024) -w 300 -s 36000 -o sign,decrypt,verify -H sha256 >"$tmp/out" 2>&1 &
load=$!
python3 "$here/proto.py" >"$tmp/proto" 2>&1
rc=$?
while read -r line; do
	case $line in
	"ok "[0-9]*) verdict 0 "${line#ok * }" ;;
	"not ok "[0-9]*) verdict 1 "${line#not ok * }" ;;
	"1.."*) ;;
	*) note "${line#\# }" ;;
	esac
done <"$tmp/proto"
grep -q '^1\.\.[1-9]' "$tmp/proto"
verdict $? "the peer ran to its end (status $rc)"

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
expect "pool0: operations, all of them the good initiator's" \
	"$(hop_delta "$tmp/before" "$tmp/after" pool/pool0.ops)" -eq \
	"$(hop_delta "$tmp/path-before" "$tmp/path-after" responses)"
expect "pool0: errors" "$(hop_delta "$tmp/before" "$tmp/after" pool/pool0.errors)" -eq 0
expect "pool0: associations" "$(hop "$tmp/after" pool/pool0.associations)" -eq \
	"$(hop "$tmp/before" pool/pool0.associations)"
for counter in reconnects lost late_answers protocol_errors; do
	expect "path: $counter" "$(hop_delta "$tmp/path-before" "$tmp/path-after" $counter)" -eq 0
done

for _ in $(seq 50); do
	[ "$(pins)" -ne "$pins_before" ] || break
	sleep 0.1
done
expect "connections and listeners that pin the transport" "$(pins)" -eq "$pins_before"
left=$(cd /sys/kernel/config/cof_target && ls -d ports/99 hosts/phost hosts/pstranger pools/ptest \
	pools/pother 2>/dev/null)
[ -z "$left" ]
verdict $? "the target is configured as before $left"
tap_end
