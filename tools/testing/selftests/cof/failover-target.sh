#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On each target, beside failover.sh on the initiator: disable and enable the pool when told so.
here=$(dirname "$0")
. "$here/../lib/tap.sh"
pool=/sys/kernel/config/cof_target/pools/pool0
order=/run/lab/failover/$NODE

mkdir -p /run/lab/failover
lab barrier failover-ready 3
bad=0
while [ ! -e /run/lab/stop ]; do
	word=$(cat "$order" 2>/dev/null)
	case $word in
	disable) echo 0 >$pool/enable || bad=1 ;;
	enable) echo 1 >$pool/enable || bad=1 ;;
	end) break ;;
	*) sleep 0.05; continue ;;
	esac
	rm "$order"
done
rm -f "$order"
verdict $bad "$NODE: the pool was disabled and enabled as often as it had to"
grep -H . $pool/stats/* 2>/dev/null | sed "s|^$pool/stats/|# |"
tap_end
