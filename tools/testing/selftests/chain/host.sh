#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor of the chain, beside guest.sh
here=$(dirname "$0")
rc=0
sh "$here/hop.sh" host 3 || rc=1
sh "$here/failover-host.sh" || rc=1
sh "$here/counters.sh" || rc=1
exit $rc
