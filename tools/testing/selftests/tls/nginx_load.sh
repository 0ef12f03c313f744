#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# nginx, whose workers are unprivileged, under load, every request a handshake: while it reloads,
# while its keys are taken out of the kernel, while the device of the kernel goes and comes back.
# No request fails; and whose keys are in the kernel is known.
#
# SECS   of load for each (default 5; 60 with COF_SOAK=1); WORKERS of load (3; 8)
#
# needs: topology loop, programs lkcf_ops nginx openssl python3, keys 2048 p256
# check: stable
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
. "$here/../lib/lkcf.sh"
. "$here/../lib/tls.sh"
case ${COF_SOAK:-} in
'' | 0) SECS=${SECS:-5} WORKERS=${WORKERS:-3} ;;
*) SECS=${SECS:-60} WORKERS=${WORKERS:-8} ;;
esac
port=4450
load=
driver=/sys/bus/virtio/drivers/virtio_crypto
trap '[ -z "$load" ] || kill $load; stop_servers; rm -rf "$tmp"' EXIT
export LOSE_KEYS=$tmp/lose

# under_load TEXT COMMAND: what it does, while requests are answered, all of them
under_load() {
	local text=$1
	counters "$tmp/before"
	hops >"$tmp/hops-before"
	OPENSSL_CONF=$plain_cnf "$here/load.py" $port 3600 "$WORKERS" "$tmp/www/index.html" \
		"$tmp/www/other" >"$tmp/load" 2>&1 &
	load=$!
	within 60 counts_above 5 || verdict 1 "$text: requests are answered before"
	"$2"
	verdict $? "$text"
	sleep 1
	kill -TERM $load
	wait $load
	load=
	counters "$tmp/after"
	hops >"$tmp/hops-after"
	grep failed: "$tmp/load" | sort | uniq -c | head -n 5 | sed 's/^/# /'
	expect "$text: requests" "$(sum asked)" -gt 10
	expect "$text: that failed" "$(sum failed)" -eq 0
	expect "$text: operations of the kernel" "$(in_kernel)" -ge "$(sum asked)"
	expect "$text: operations that failed" "$(counted failed)" -eq 0
}

sum() {
	grep -o "$1=[0-9]*" "$tmp/load" | awk -F= '{ n += $2 } END { print n + 0 }'
}

# counts_above N: that many operations of the kernel since $tmp/before
counts_above() {
	counters "$tmp/after"
	[ "$(in_kernel)" -gt "$1" ]
}

workers_are() {
	[ "$(pgrep -c -P "$master")" -eq "$1" ]
}

reload() {
	local end=$((SECONDS + SECS))
	reloads=0
	while [ $SECONDS -lt $end ]; do
		kill -HUP "$master" || return
		reloads=$((reloads + 1))
		sleep 2
	done
	within 40 workers_are 2 || { note "$(pgrep -c -P "$master") workers"; return 1; }
}

lost_all_ways() {
	[ "$(cut -d' ' -f1 "$LOSE_KEYS" | sort -u | wc -l)" -eq 3 ]
}

lose() {
	: >"$LOSE_KEYS"
	chmod 666 "$LOSE_KEYS"
	sleep "$SECS"
	within 60 lost_all_ways
	mv "$LOSE_KEYS" "$tmp/lost"
}

unplug() {
	local device end=$((SECONDS + SECS))
	device=$(basename "$(ls -d $driver/virtio*)")
	while [ $SECONDS -lt $end ]; do
		echo "$device" >$driver/unbind || return
		sleep 2
		echo "$device" >$driver/bind || return
		within 30 grep -q '^state live$' "/sys/kernel/debug/virtio_crypto/$device/stats" || return
		sleep 1
	done
}

certificates || fatal "no certificates"
nginx_conf $port 2
preload="$preload $OPENSSL_MODULES/lose_keys.so"
server $port nginx -c "$tmp/nginx.conf" || { sed 's/^/# /' "$tmp/server.log"; fatal "nginx does not start"; }
master=$(cat "$tmp/nginx.pid")
expect "workers that are not root's" "$(pgrep -c -u www-data -P "$master")" -eq 2
expect "keys in the kernel: two certificates'" "$(kernel_keys)" -eq 2

under_load "reload" reload
note "reloads: $reloads"
no_fallback "reload"
expect "keys in the kernel: still" "$(kernel_keys)" -eq 2
expect "reload: the kernel's device computed" \
	"$(hop_delta "$tmp/hops-before" "$tmp/hops-after" class/virtio.device)" -ge "$(sum asked)"

under_load "keys are removed" lose
for way in unlink invalidate revoke; do
	expect "keys are removed: $way" "$(grep -c $way "$tmp/lost")" -gt 0
done
expect "keys are removed: added again" "$(counted keys_again)" -gt 0
expect "keys are removed: done in software" \
	$(($(counted rsa_software) + $(counted ecdsa_software))) -le $(($(in_kernel) / 10))

under_load "the device goes and comes back" unplug
no_fallback "the device goes"
expect "the device goes: the kernel's software computed" \
	"$(hop_delta "$tmp/hops-before" "$tmp/hops-after" class/virtio.software)" -gt 0
expect "the device goes: and the device" \
	"$(hop_delta "$tmp/hops-before" "$tmp/hops-after" class/virtio.device)" -gt 0

stop_servers
check "no key is left in the kernel" keys_are 0
sort "$tmp/server.log" | uniq -c | sort -rn | head -n 10 | sed 's/^/# nginx: /'
tap_end
