#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In a guest of QEMU's own device. Its gcrypt backend knows no sha224 and sha384, and
# answers a ciphertext that does not decrypt as if the device had failed.
here=$(dirname "$0")
export DEVICE_HASHES=sha1,sha256,sha512 SOFT_HASHES=sha224,sha384 GARBAGE=software
rc=0
SOFT_HASHES=sha224,sha384,none bash "$here/virtio/matrix.sh" || rc=1
sh "$here/asym/rsa.sh" || rc=1
"$here/virtio/cbc_aes.py" || rc=1
"$here/virtio/large_key.sh" || rc=1
"$here/virtio/come_and_go.sh" || rc=1
"$here/virtio/leak.sh" || rc=1
exit $rc
