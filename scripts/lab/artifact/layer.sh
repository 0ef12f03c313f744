#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: make the layer that holds the modules that were built, below updates/, and the
# indexes that depmod makes of them and the kernel's own. Of these only the folders that a machine
# of the lab may need are indexed: thousands of hardware drivers would take seconds each time.
#
# layer.sh BUILD-TREE RELEASE OUTPUT
set -euo pipefail

tree=$1 release=$2 output=$3
folders=(arch block crypto fs lib mm net security virt drivers/base drivers/block drivers/char
	drivers/crypto drivers/infiniband/core drivers/infiniband/sw drivers/iommu drivers/nvme
	drivers/vdpa drivers/vhost drivers/virtio)

base=/usr/lib/modules/$release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
view=$work/lib/modules/$release
updates=$view/updates
mkdir -p "$view/kernel/drivers/net" "$view/kernel/drivers/infiniband" "$updates"
cp "$base"/modules.builtin* "$base"/modules.order "$view/"
cd "$base/kernel"
for place in "${folders[@]}" drivers/net/*.ko*; do
	[ ! -e "$place" ] || ln -s "$PWD/$place" "$view/kernel/$place"
done

# modules.order, not *.ko: what was built once and is not any more does not count.
# Where modules.sh builds, the names begin with another folder.
sed 's/\.o$/.ko/; s|^/lab/build/tree/||' "$tree/modules.order" | while read -r module; do
	install -D -m 644 "$tree/$module" "$updates/$module"
done
find "$updates" -name '*.ko' -exec strip --strip-debug {} +
depmod -b "$work" "$release"
mkdir -p "$output$base"
cp -a "$updates" "$view"/modules.* "$output$base/"

# The same for a nested guest, as an addition to its initramfs.
mkdir "$work/guest"
cp -a "$output" "$work/guest/mods"
(cd "$work/guest" && find mods | cpio --quiet -o -H newc -R 0:0) >"$work/guest.cpio"
mv "$work/guest.cpio" "$output$base/"
