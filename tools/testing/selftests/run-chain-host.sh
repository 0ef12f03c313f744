#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor of the chain; see run-chain-guest.sh.
here=$(dirname "$0")
rc=0
sh "$here/chain/hop.sh" host 3 || rc=1
sh "$here/chain/failover-host.sh" || rc=1
sh "$here/chain/counters.sh" || rc=1
exit $rc
