# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifacts "src-stable" and "src-mainline": the kernels' sources as Debian ships them, unpacked;
# for checkpatch.pl, for vringh.c and for the user-mode kernels.

# need_source stable|mainline - sets SOURCE.
need_source()
{
	SOURCE_TAR=$ROOT/usr/src/linux-source-$(kernel_release "$1" | cut -d. -f1-2).tar.xz
	ensure "src-$1" "$(source_key "$1")" 4 build_source
	SOURCE=$ARTIFACT
}

# Not the root's key: another package in the root must not build every kernel again.
source_key() { key_of "$1" "$(kernel_release "$1")" "$LAB/artifact/source.sh"; }

# kernel_release stable|mainline
kernel_release()
{
	case $1 in
	stable) echo "$STABLE" ;;
	mainline) echo "$MAINLINE" ;;
	esac
}

build_source()
{
	xz -dc -T0 "$SOURCE_TAR" | tar -C "$1" --strip-components=1 -xf -
	test -f "$1/drivers/vhost/vringh.c"
}
