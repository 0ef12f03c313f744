# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "qemu": a QEMU with only what the lab's machines need, with the crypto backends that
# Debian's lacks, and faster emulated processors (config/qemu.patch). It runs in the root.

# Sets QEMU.
need_qemu()
{
	ensure qemu "$(key_of "$SUITE" "$LAB/artifact/qemu.sh" "$LAB/lib/make-qemu.sh" \
		"$LAB/config/qemu-lab.mak" "$LAB/config/qemu.patch")" 3 build_qemu
	QEMU=$ARTIFACT/qemu-system-x86_64
}

build_qemu()
{
	in_root nice -n 10 bash "$LAB/lib/make-qemu.sh" "$LAB/config/qemu-lab.mak" \
		"$LAB/config/qemu.patch" "$1"
}
