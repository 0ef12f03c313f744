#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of a chain whose hypervisor's QEMU computes with its lkcf backend: guest, QEMU,
# keyctl, LKCF, fabric, target. Beside run-lkcf-host.sh. QEMU has no sha224, sha384 and no-hash
# for it, and answers every failure as one of its own. With a private key it gives keyctl_pkey_verify()
# signature and digest in each other's place: what is right is rejected, and our driver, which does
# not believe that, has it computed by software.
here=$(dirname "$0")
export SOFT_HASHES=sha224,sha384,none SOFT_OPS=verify GARBAGE=software
lab barrier lkcf-ready 2
bash "$here/virtio/matrix.sh"
rc=$?
lab barrier lkcf-end 2
exit $rc
