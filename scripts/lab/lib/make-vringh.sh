#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: build vringh.ko out of a kernel's own source, for a distribution kernel that
# was configured without it.  make-vringh.sh SOURCE RELEASE OUTPUT
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1/drivers/vhost/vringh.c" "$work/"
cat >"$work/Kbuild" <<'KBUILD'
obj-m := vringh.o
ccflags-y += -DCONFIG_VHOST_IOTLB_MODULE -DCONFIG_VHOST_RING_MODULE
KBUILD
make -C "/lib/modules/$2/build" M="$work" modules
mkdir -p "$3"
cp "$work/vringh.ko" "$work/Module.symvers" "$3/"
