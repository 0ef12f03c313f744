#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The client of the chain, on the guest's network; see tls-guest.sh. curl and GnuTLS verify what they
# are shown; then load, each request with a handshake of its own.
#
# SECS   of load (default 15; 60 with COF_SOAK=1); WORKERS of load (3; 6)
#
# needs: topology chain, lab --client
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
export TLS_HOST=guest
. "$here/../lib/lkcf.sh"
. "$here/../lib/tls.sh"
case ${COF_SOAK:-} in
'' | 0) SECS=${SECS:-15} WORKERS=${WORKERS:-3} ;;
*) SECS=${SECS:-60} WORKERS=${WORKERS:-6} ;;
esac
export OPENSSL_CONF=$plain_cnf
files=/run/lab/files/tls
load=
trap '[ -z "$load" ] || kill $load; rm -rf "$tmp"' EXIT

sum() {
	grep -o "$1=[0-9]*" "$tmp/load" | awk -F= '{ n += $2 } END { print n + 0 }'
}

begin_load() {
	"$here/../tls/load.py" 443 3600 "$WORKERS" $files/index.html $files/other >"$tmp/load" 2>&1 &
	load=$!
}

# end_load TEXT: no request failed
end_load() {
	kill -TERM $load
	wait $load
	load=
	grep failed: "$tmp/load" | sort | uniq -c | head -n 5 | sed 's/^/# /'
	expect "$1: requests" "$(sum asked)" -gt 10
	expect "$1: that failed" "$(sum failed)" -eq 0
}

lab wait guest
lab barrier tls-up 4
cp $files/ca.pem "$tmp/"
lab barrier tls-begin 4
asked=0
while read -r name version cipher priority kind; do
	for program in curl gnutls; do
		client $program 443 "$version" "$cipher" "$priority" ||
			sed 's/^/# /' "$tmp/client.out"
		check "$program: $name ($kind)" grep -qF 'a small file' "$tmp/client.out"
		asked=$((asked + 1))
	done
done <<<"$(handshakes)"
begin_load
sleep "$SECS"
end_load "load"
echo $((asked + $(sum asked))) >$files/asked
lab barrier tls-loaded 4
lab barrier tls-counted 4

lab barrier tls-reload 2
begin_load
sleep "$SECS"
end_load "reload"
sum asked >$files/reloaded.new
mv $files/reloaded.new $files/reloaded
lab barrier tls-reloaded 2

lab barrier tls-restart 3
begin_load
within 300 test -e $files/back || verdict 1 "the pool comes back"
sleep 5
end_load "pool restarts"
sum asked >$files/restarted
lab barrier tls-restarted 3
tap_end
