#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the initiator of a pair: its own keyctl uses the pool over the network.
#
# needs: topology pair, beside target=chain/hop.sh+target+2
# check: stable/rdma
# soak: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"
rc=0
# The last that is registered: the target counts what keyctl asks for, not known-answer tests.
within 60 grep -q '^driver *: cof-pool0-ecdsa-nist-p521$' /proc/crypto || rc=1
lab barrier rsa-ready 2
lab barrier rsa-begin 2
CLASS=cof-pool0 EXPECT_FILE=/run/lab/rsa-ops sh "$here/../asym/rsa.sh" || rc=1
CLASS=cof-pool0 EXPECT_FILE=/run/lab/rsa-ops sh "$here/../asym/ecdsa_device.sh" || rc=1
lab barrier rsa-end 2
lab barrier rsa-counted 2
exit $rc
