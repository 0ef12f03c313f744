#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# TLS servers that know nothing of the provider lkcf but what openssl.cnf says: s_server, nginx,
# HAProxy, Python's ssl; each with RSA's and ECDSA's certificates and every kind of handshake,
# against curl, GnuTLS, OpenSSL and Python. The kernel computes one private operation for each.
#
# SERVERS, CLIENTS   which of them (CLIENTS: all with COF_SOAK=1, and of nginx and s_server; the
#                    other servers have two)
#
# needs: topology loop, programs curl haproxy lkcf_ops nginx openssl, keys 2048 p256
# check: stable
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
. "$here/../lib/lkcf.sh"
. "$here/../lib/tls.sh"
trap 'stop_servers; rm -rf "$tmp"' EXIT
SERVERS=${SERVERS:-s_server s_server-async nginx haproxy python}
all_clients="curl gnutls s_client python"
port=4433

certificates || fatal "no certificates"
for kind in $SERVERS; do
	port=$((port + 1))
	counters "$tmp/first"
	start_server "$kind" $port || { sed 's/^/# /' "$tmp/server.log"; fatal "$kind does not start"; }
	asked=0
	case $kind/${COF_SOAK:-} in
	s_server/* | nginx/* | */1) clients=${CLIENTS:-$all_clients} ;;
	*) clients=${CLIENTS:-curl gnutls} ;;
	esac
	while read -r name version cipher priority algorithm; do
		for client in $clients; do
			# Python cannot say what is to be signed in TLS 1.3.
			[ "$client/$name" != python/1.3-RSA ] || continue
			counters "$tmp/before"
			(client "$client" $port "$version" "$cipher" "$priority")
			rc=$?
			[ $rc -eq 0 ] || tail -n 8 "$tmp/client.out" | sed 's/^/# /'
			counters "$tmp/after"
			asked=$((asked + 1))
			[ "$(counted "${algorithm}_kernel"),$(in_kernel)" = 1,1 ] || rc=1
			verdict $rc "$kind, $client: $name: answered, by one operation of the kernel"
		done
	done < <(handshakes)
	cp "$tmp/first" "$tmp/before"
	counters "$tmp/after"
	expect "$kind: operations of the kernel" "$(in_kernel)" -eq $asked
	[ "$kind" != s_server-async ] || expect "$kind: of jobs" "$(counted async)" -eq $asked
	[ "$kind" = s_server-async ] || expect "$kind: of jobs" "$(counted async)" -eq 0
	expect "$kind: keys in the kernel" "$(kernel_keys)" -ge 2
	expect "$kind: failed" "$(counted failed)" -eq 0
	expect "$kind: keys refused" "$(counted keys_refused)" -eq 0
	no_fallback "$kind"
	stop_servers
	check "$kind: its keys go with it" keys_are 0
done

# Jobs: how many are in flight is what there is to see, for every operation waits its turn. After the
# signatures and decryptions it makes keys, which an emulated machine takes minutes for.
counters "$tmp/before"
LD_PRELOAD=$preload openssl speed -seconds 2 -async_jobs 8 rsa2048 >"$tmp/speed" 2>&1 &
speed=$!
most=0
decrypted() {
	now=$(lkcf_ops -C "$KEEP_COUNTERS" | awk '$1 == "in_flight" { print $2 }')
	[ "$now" -le "$most" ] || most=$now
	grep -q 'private RSA decrypt ops in' "$tmp/speed"
}
within 120 decrypted
rc=$?
kill $speed
wait $speed
[ $rc -eq 0 ] || sed 's/^/# /' "$tmp/speed"
verdict $rc "openssl speed -async_jobs 8"
grep ' in ' "$tmp/speed" | sed 's/^/# /'
counters "$tmp/after"
expect "openssl speed: operations of the kernel" "$(in_kernel)" -gt 8
expect "openssl speed: of jobs" "$(counted async)" -gt 8
expect "openssl speed: in flight at most" "$most" -gt 1
no_fallback "openssl speed"
tap_end
