#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of a chain whose hypervisor's QEMU computes with its lkcf backend: guest, QEMU,
# keyctl, LKCF, fabric, target.
#
# needs: topology chain, lab --device=lkcf, beside host=chain/lkcf-host.sh
# check: stable
here=$(dirname "$0")
lab barrier lkcf-ready 2
bash "$here/../virtio/matrix.sh"
rc=$?
lab barrier lkcf-end 2
exit $rc
