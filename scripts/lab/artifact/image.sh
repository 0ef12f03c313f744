# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "image": the root file system of nested guests, as a disk. A file system that is shared
# by 9p twice, through two emulated machines, costs a guest half a minute to start from.

# What a guest has no use for, as regular expressions of paths.
IMAGE_WITHOUT='^(boot|dev|proc|sys|run|tmp|lab|usr/src|usr/include|usr/share|var/(cache|lib/apt|lib/dpkg))/.
^usr/lib/(gcc|git-core|udev|linux-kbuild-[^/]*|python3/dist-packages/mesonbuild)/.
^usr/libexec/gcc/.
^usr/lib/modules/[^/]*/kernel/(sound|drivers/(net|gpu|media|scsi|usb|staging|infiniband/hw|hid|iio))/.
^usr/bin/(qemu-|shellcheck|git|x86_64-linux-gnu-lto-dump)
\.a$'

# need_image - sets IMAGE.
need_image()
{
	ensure image "$(key_of "$(readlink -f "$ROOT")" "$LAB/artifact/image.sh")" 2 build_image
	IMAGE=$ARTIFACT/root.erofs
}

build_image()
{
	local pattern without=()
	while read -r pattern; do without+=("--exclude-regex=$pattern"); done <<<"$IMAGE_WITHOUT"
	in_root mkfs.erofs --quiet -x-1 -T0 "${without[@]}" "$1/root.erofs" "$ROOT"
}
