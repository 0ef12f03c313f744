# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "qemu": the QEMU that runs the lab's machines, with only what they need and with the
# crypto backends that Debian's lacks. It runs in the root.

# Sets QEMU.
need_qemu()
{
	ensure qemu "$(key_of "$SUITE" "$LAB/artifact/qemu.sh" "$LAB/lib/make-qemu.sh" \
		"$LAB/config/qemu-lab.mak")" 3 build_qemu
	QEMU=$ARTIFACT/qemu-system-x86_64
}

build_qemu()
{
	in_root nice -n 10 bash "$LAB/lib/make-qemu.sh" "$LAB/config/qemu-lab.mak" "$1"
}
