#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the pool of the chain; see tls-guest.sh. Done before the machine loses its power.
#
# needs: topology chain, lab --client
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

lab barrier tls-up 4
hops >"$tmp/before"
lab barrier tls-begin 4
lab barrier tls-loaded 4 900
hops >"$tmp/after"
expect "pool0: operations, one for each connection" \
	"$(hop_delta "$tmp/before" "$tmp/after" pool/pool0.ops)" -eq "$(cat /run/lab/files/tls/asked)"
lab barrier tls-counted 4
tap_end
