#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the initiator of a pair: its own keyctl uses the pool over the network.
here=$(dirname "$0")
rc=0
lab barrier rsa-ready 2
lab barrier rsa-begin 2
CLASS=cof-pool0 EXPECT_FILE=/run/lab/rsa-ops sh "$here/asym/rsa.sh" || rc=1
CLASS=cof-pool0 EXPECT_FILE=/run/lab/rsa-ops sh "$here/asym/ecdsa_device.sh" || rc=1
lab barrier rsa-end 2
lab barrier rsa-counted 2
exit $rc
