#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of the chain, which lives in its memory (--ram): load many keys, say so, wait for a
# device, sign and decrypt until killed-host.sh kills its QEMU. sh is busybox here.
#
# KEYS, THREADS  how many keys, and operations at one time (default 24, 8)
#
# needs: topology chain, lab --ram
here=$(dirname "$0")
. "$here/../lib/tap.sh"
KEYS=${KEYS:-24}

# With pauses: see failover-guest.sh.
# shellcheck disable=SC2046 # two words
pkey_stress $(key 1024) -N "$KEYS" -t "${THREADS:-8}" -w 20 -s 36000 -o sign,decrypt -a /run/begin &
until [ "$(grep -c 'stress-' /proc/keys)" -ge "$KEYS" ]; do sleep 0.2; done
echo "the keys are loaded"
until grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto; do sleep 0.1; done
# The host lets them wait. Those that wait too long would be computed here, and the device get fewer.
echo 600000 >/sys/module/virtio_crypto/parameters/max_wait_ms
echo "the keys are used"
: >/run/begin
wait
