#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: a busybox initramfs that can mount the root over 9p, for one kernel.
#
# make-initrd.sh RELEASE INIT OUTPUT
set -euo pipefail

release=$1 init=$2 output=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,modules,proc,sys,dev,layer,new}
cp /bin/busybox "$work/bin/busybox"
ln -s busybox "$work/bin/sh"
install -m 755 "$init" "$work/init"
n=100
for module in virtio_pci virtio_console 9pnet_virtio 9p overlay configfs virtio_net; do
	modprobe --set-version "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
	n=$((n + 1))
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$work/modules/$n-$(basename "$file" | sed 's/\.ko.*/.ko/')"
done
(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >"$output/initrd"
