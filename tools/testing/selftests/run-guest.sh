#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In a guest of QEMU's own device.
here=$(dirname "$0")
rc=0
bash "$here/virtio/matrix.sh" || rc=1
"$here/virtio/tampered.py" || rc=1
sh "$here/asym/rsa.sh" || rc=1
"$here/virtio/cbc_aes.py" || rc=1
"$here/virtio/large_key.sh" || rc=1
"$here/virtio/come_and_go.sh" || rc=1
"$here/virtio/leak.sh" || rc=1
exit $rc
