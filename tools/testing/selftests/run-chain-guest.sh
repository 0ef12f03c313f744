#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the guest of the chain runs; see run-chain-host.sh and run-chain-target.sh.
here=$(dirname "$0")
rc=0
lab barrier rsa-begin 3
COUNT=${COUNT:-8} EXPECT_FILE=/run/lab/rsa-ops sh "$here/asym/rsa.sh" || rc=1
lab barrier rsa-end 3
sh "$here/chain/failover-guest.sh" || rc=1
exit $rc
