#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of the chain: its keyctl uses the pool without knowing; then the pool loses its power;
# then the kernel's own driver is tried. host.sh runs on the hypervisor, hop.sh on the pool.
#
# needs: topology chain, beside host=chain/host.sh target=chain/hop.sh+target+3
# check: mainline alone
here=$(dirname "$0")
rc=0
lab barrier rsa-ready 3
lab barrier rsa-begin 3
EXPECT_FILE=/run/lab/rsa-ops sh "$here/../asym/rsa.sh" || rc=1
EXPECT_FILE=/run/lab/rsa-ops sh "$here/../asym/ecdsa_device.sh" || rc=1
EXPECT_FILE=/run/lab/rsa-ops CURVES="p256 p384 p521" bash "$here/../virtio/matrix.sh" || rc=1
lab barrier rsa-end 3
lab barrier rsa-counted 3
sh "$here/failover-guest.sh" || rc=1
# Last: the kernel's own driver stays.
bash "$here/in_tree.sh" || rc=1
exit $rc
