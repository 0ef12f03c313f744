#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs outside: a Debian root file system with both kernels, their headers and sources, the tools and
# the stock QEMU. /etc/lab-kernels in it says which kernel is which.
#
# root.sh SUITE PACKAGES ENTER OUTPUT
set -euo pipefail

suite=$1 packages=$2 enter=$3 root=$4
kernels="linux-image-amd64 linux-headers-amd64 linux-source"
# QEMU 10.0 dies of an assertion in iotlb_to_section() once in a few dozen starts of a machine with
# several emulated processors; the function is gone in the backports' QEMU.
qemu="qemu-system-x86 qemu-utils seabios"

# No initramfs (the lab makes its own), no manual pages, no fsync.
INITRD=No mmdebstrap --mode=root --variant=apt --dpkgopt=force-unsafe-io \
	--dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	--dpkgopt='path-exclude=/usr/share/doc/*' \
	--include="$(echo "$packages $kernels" | xargs | tr ' ' ,)" "$suite" "$root"

lists=$root/etc/apt/sources.list
sed -n "s/^deb \(.*\) $suite main/deb \1 $suite-backports main/p" "$lists" >"$lists.d/backports.list"
sed -n 's/^deb /deb-src /p' "$lists" >"$lists.d/sources.list"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
unshare --mount --pid --fork --kill-child --propagation private bash "$enter" --rw "$root" -- sh -euxc "
	apt-get update
	apt-get install -y --no-install-recommends -t $suite-backports $kernels $qemu
	apt-get clean"

# Two kernels: the suite's own is the older one.
find "$root/usr/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V |
	sed -e '1s/^/STABLE=/' -e '$s/^/MAINLINE=/' >"$root/etc/lab-kernels"
if [ "$(grep -cE '^(STABLE|MAINLINE)=' "$root/etc/lab-kernels")" -ne 2 ]; then
	echo "expected two kernels, found:"
	cat "$root/etc/lab-kernels"
	exit 1
fi
echo lab >"$root/etc/hostname"
mkdir -p "$root/lab"
