# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifacts "initrd-stable" and "initrd-mainline": what a machine starts from.

# need_initrd stable|mainline - sets INITRD_DIR (vmlinuz and initrd).
need_initrd()
{
	ensure "initrd-$1" "$(key_of "$RELEASE" "$LAB/lib/make-initrd.sh" "$LAB/node/initramfs")" \
		1 build_initrd
	INITRD_DIR=$ARTIFACT
}

build_initrd()
{
	cp "$ROOT/boot/vmlinuz-$RELEASE" "$1/vmlinuz"
	in_root bash "$LAB/lib/make-initrd.sh" "$RELEASE" "$LAB/node/initramfs" "$1"
}
