# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "root": a Debian 13 root file system with both kernels, their headers and sources, the
# tools and the stock QEMU. /etc/lab-kernels in it says which kernel is which.

KERNEL_PACKAGES=(linux-image-amd64 linux-headers-amd64 linux-source)
# QEMU 10.0 dies of an assertion in iotlb_to_section() once in a few dozen starts of a machine with
# several emulated processors; the function is gone in the backports' QEMU.
QEMU_PACKAGES=(qemu-system-x86 qemu-utils seabios)

root_packages() { sed 's/#.*//' "$LAB/config/root-packages" | tr -s ' \n' ' '; }

root_key() { key_of "$SUITE" "$LAB/artifact/root.sh" "$(root_packages)"; }

# Sets ROOT, STABLE and MAINLINE (kernel releases).
need_root_fs()
{
	host_tool mmdebstrap mmdebstrap debian-archive-keyring ca-certificates
	ensure root "$(root_key)" 8 build_root
	ROOT=$ARTIFACT
	[ "$(readlink "$COF_LAB_CACHE/root" || true)" = "${ROOT##*/}" ] ||
		{ ln -sfn "${ROOT##*/}" "$COF_LAB_CACHE/root.new.$$" &&
			mv -T "$COF_LAB_CACHE/root.new.$$" "$COF_LAB_CACHE/root"; }
	# shellcheck source=/dev/null
	. "$ROOT/etc/lab-kernels"
}

build_root()
{
	local dir=$1 packages
	packages="$(root_packages) ${KERNEL_PACKAGES[*]}"
	# No initramfs (the lab makes its own), no manual pages, no fsync.
	INITRD=No mmdebstrap --mode=root --variant=apt --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--include="$(echo "$packages" | xargs | tr ' ' ,)" "$SUITE" "$dir"

	sed -n "s/^deb \(.*\) $SUITE main/deb \1 $SUITE-backports main/p" "$dir/etc/apt/sources.list" \
		>"$dir/etc/apt/sources.list.d/backports.list"
	sed -n 's/^deb /deb-src /p' "$dir/etc/apt/sources.list" \
		>"$dir/etc/apt/sources.list.d/sources.list"
	cp -L /etc/resolv.conf "$dir/etc/resolv.conf"
	enter --rw "$dir" --cwd / -- sh -euxc "
		apt-get update
		apt-get install -y --no-install-recommends -t $SUITE-backports \
			${KERNEL_PACKAGES[*]} ${QEMU_PACKAGES[*]}
		apt-get clean"

	# Two kernels: the suite's own is the older one.
	find "$dir/usr/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V |
		sed -e '1s/^/STABLE=/' -e '$s/^/MAINLINE=/' >"$dir/etc/lab-kernels"
	grep -q ^STABLE= "$dir/etc/lab-kernels" && grep -q ^MAINLINE= "$dir/etc/lab-kernels" || {
		echo "expected two kernels, found:"
		cat "$dir/etc/lab-kernels"
		return 1
	}
	printf 'lab\n' >"$dir/etc/hostname"
	mkdir -p "$dir/lab"
}
