#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root (whose /usr/lib/modules is ours to write: a tmpfs is above it): install the
# modules that were built below updates/, run depmod, and keep what is new as a layer.
#
# make-layer.sh BUILD-TREE RELEASE ours|in-tree OUTPUT VRINGH-FOLDER
set -euo pipefail

tree=$1 release=$2 driver=$3 output=$4 vringh=$5
dir=/usr/lib/modules/$release
updates=$dir/updates
rm -rf "$updates"
mkdir -p "$updates"
# modules.order, not *.ko: what was built once and is not any more does not count.
sed 's/\.o$/.ko/' "$tree/modules.order" | while read -r module; do
	case $driver:$module in
	in-tree:*/virtio_crypto.ko) continue ;;
	esac
	case $module in
	/*) install -D -m 644 "$module" "$updates/${module#"$tree"/}" ;;
	*) install -D -m 644 "$tree/$module" "$updates/$module" ;;
	esac
done
[ -z "$vringh" ] || install -D -m 644 "$vringh/vringh.ko" "$updates/drivers/vhost/vringh.ko"
find "$updates" -name '*.ko' -exec strip --strip-debug {} +
depmod "$release"
mkdir -p "$output$dir"
cp -a "$updates" "$output$dir/"
cp -a "$dir"/modules.* "$output$dir/"
