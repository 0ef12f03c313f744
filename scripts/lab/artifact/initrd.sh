#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: one kernel, and a busybox initramfs that can mount the root. /modules/order.9p and
# order.image say which modules a machine needs whose root is shared by 9p, or is a disk.
#
# initrd.sh RELEASE INIT PACK OUTPUT
set -euo pipefail

release=$1 init=$2 pack=$3 output=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,modules,proc,sys,dev,layer,new,mods}
cp /bin/busybox "$work/bin/busybox"
ln -s busybox "$work/bin/sh"
install -m 755 "$init" "$work/init"
common=(virtio_pci virtio_console 9pnet_virtio 9p overlay configfs)
bash "$pack" / "$release" "$work/modules/order.9p" "${common[@]}" virtio_net
bash "$pack" / "$release" "$work/modules/order.image" "${common[@]}" virtio_blk erofs virtio_net
(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >"$output/initrd"
cp "/boot/vmlinuz-$release" "$output/vmlinuz"
