#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: one kernel, and a busybox initramfs that can mount the root. /modules/order.9p and
# order.image say which modules a machine needs whose root is shared by 9p, or is a disk, and
# order.net which more if that has a network.
#
# initrd.sh RELEASE INIT OUTPUT
set -euo pipefail

release=$1 init=$2 output=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,modules,proc,sys,dev,layer,new,mods}
cp /bin/busybox "$work/bin/busybox"
ln -s busybox "$work/bin/sh"
install -m 755 "$init" "$work/init"

order() # MODULE... - the files to load, in order
{
	local module
	for module; do
		modprobe --set-version "$release" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

common=(virtio_pci virtio_console 9pnet_virtio 9p overlay configfs)
order "${common[@]}" virtio_net >"$work/order.9p"
order "${common[@]}" virtio_blk erofs >"$work/order.image"
order "${common[@]}" virtio_net >"$work/order.net"
sort -u "$work"/order.* | while read -r file; do
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$work/modules/$(basename "$file" | sed 's/\.ko.*/.ko/')"
done
for list in order.9p order.image order.net; do
	sed -e 's|.*/||' -e 's/\.ko.*/.ko/' "$work/$list" >"$work/modules/$list"
	rm "$work/$list"
done
(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >"$output/initrd"
cp "/boot/vmlinuz-$release" "$output/vmlinuz"
