#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the hypervisor of the chain runs.
here=$(dirname "$0")
rc=0
sh "$here/chain/hop.sh" host || rc=1
sh "$here/chain/failover-host.sh" || rc=1
exit $rc
