#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of a chain with a client (lab/run --client), beside tls-client.sh, tls-host.sh and
# tls-target.sh: an nginx that knows nothing of it serves TLS, and every private-key operation is the
# pool's. It reloads under load; then the pool's machine loses its power and gets it back.
#
# needs: topology chain, lab --with=scripts/bench.d/machines.py+client
# needs: beside target=chain/tls-target.sh host=chain/tls-host.sh client=chain/tls-client.sh
# soak: stable alone --guest-smp=2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
export TLS_LISTEN=$GUEST_ADDR
. "$here/../lib/lkcf.sh"
. "$here/../lib/tls.sh"
files=/run/lab/files/tls
trap 'stop_servers; rm -rf "$tmp"' EXIT

# before, after: what every hop in this machine counted
before() { counters "$tmp/before"; hops >"$tmp/hops-before"; }
after() { counters "$tmp/after"; hops >"$tmp/hops-after"; }
hop_of() { hop_delta "$tmp/hops-before" "$tmp/hops-after" "$1"; }

mkdir -p $files
certificates || fatal "no certificates"
cp "$tmp/ca.pem" "$tmp/www/index.html" "$tmp/www/other" $files/
nginx_conf 443 2
server 443 nginx -c "$tmp/nginx.conf" || { sed 's/^/# /' "$tmp/server.log"; fatal "nginx does not start"; }
master=$(cat "$tmp/nginx.pid")
expect "workers that are not root's" "$(pgrep -c -u www-data -P "$master")" -eq 2
expect "keys in the kernel: two certificates'" "$(kernel_keys)" -eq 2

lab barrier tls-up 4
before
lab barrier tls-begin 4
lab barrier tls-loaded 4 900
after
asked=$(cat $files/asked)
expect "connections" "$asked" -gt 20
expect "operations of the provider by the kernel" "$(in_kernel)" -eq "$asked"
no_fallback "load"
expect "operations that the provider did in software for a key's sake" "$(counted unqualified)" -eq 0
expect "virtio_crypto: operations by the device" "$(hop_of class/virtio.device)" -eq "$asked"
expect "virtio_crypto: operations by software" "$(hop_of class/virtio.software)" -eq 0
lab barrier tls-counted 4

before
lab barrier tls-reload 2
reloads=0
until [ -e $files/reloaded ]; do
	kill -HUP "$master"
	reloads=$((reloads + 1))
	sleep 2
	# an emulated machine takes its time for new workers
	within 60 sh -c "[ \$(pgrep -c -P $master) -eq 2 ]" || note "more than two workers"
done
note "reloads: $reloads"
lab barrier tls-reloaded 2
after
expect "reload: operations of the provider by the kernel" "$(in_kernel)" -eq "$(cat $files/reloaded)"
no_fallback "reload"
expect "reload: operations by the device" "$(hop_of class/virtio.device)" -eq "$(cat $files/reloaded)"
expect "keys in the kernel: still" "$(kernel_keys)" -eq 2

before
lab barrier tls-restart 3
lab barrier tls-restarted 3 600
after
expect "pool restarts: operations of the provider by the kernel" "$(in_kernel)" -eq \
	"$(cat $files/restarted)"
no_fallback "pool restarts"
note "pool restarts: by the device $(hop_of class/virtio.device), by software $(hop_of class/virtio.software)"
expect "pool restarts: operations by the device" "$(hop_of class/virtio.device)" -gt 0

stop_servers
check "no key is left in the kernel" keys_are 0
sort "$tmp/server.log" | uniq -c | sort -rn | head -n 5 | sed 's/^/# nginx: /'
tap_end
