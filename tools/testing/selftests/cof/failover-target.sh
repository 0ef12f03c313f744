#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On each target, beside failover.sh on the initiator: disable and enable the pool when told so, take
# the network device down, take the RDMA device away, drop what comes for it.
#
# needs: topology pair, targets 2, programs ip nft
here=$(dirname "$0")
. "$here/../lib/tap.sh"
pool=/sys/kernel/config/cof_target/pools/pool0
order=/run/lab/failover/$NODE
dev=$(ip -o address show to "$ADDR" | awk '{ print $2; exit }')
read -r _ peer _ <"/run/lab/nodes/$NODE/links"

mkdir -p /run/lab/failover
# It begins again when the power was cut.
rm -f "/run/lab/nodes/$NODE/started"
lab barrier failover-ready 3
bad=0
while [ ! -e /run/lab/stop ]; do
	word=$(cat "$order" 2>/dev/null)
	case $word in
	disable) echo 0 >$pool/enable || bad=1 ;;
	enable) echo 1 >$pool/enable || bad=1 ;;
	deaf)
		nft -f - <<-RULES || bad=1
			table inet fault {
				chain in { type filter hook input priority 0; udp dport 4791 drop; }
			}
		RULES
		;;
	hears) nft delete table inet fault || bad=1 ;;
	nic-down) ip link set "$dev" down || bad=1 ;;
	nic-up)
		# And the RDMA device anew: soft-RoCE's does not send another connection manager's message
		# after it tried to while the network device was down (QP 1 has failed).
		ip link set "$dev" up && ip route replace "$peer/32" dev "$dev" src "$ADDR" &&
			rdma link del rxe0 && lab rdma || bad=1 ;;
	link-del) rdma link del rxe0 || bad=1 ;;
	link-add) lab rdma || bad=1 ;;
	end) break ;;
	*) sleep 0.05; continue ;;
	esac
	rm "$order"
done
rm -f "$order"
verdict $bad "$NODE: went and came back as often as it had to"
grep -H . $pool/stats/* 2>/dev/null | sed "s|^$pool/stats/|# |"
tap_end
