#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: build a QEMU from Debian's source package that has only the devices that the lab's
# machines need. Debian's binary has no akcipher service in cryptodev-backend-builtin (it uses nettle)
# and no cryptodev-backend-lkcf. What the patches change is said in them.
#
# qemu.sh DEVICES PATCHES OUTPUT
set -euxo pipefail

devices=$1 patches=$2 output=$3
work=$output/work
mkdir -p "$work"
cd "$work"
apt-get update
apt-get source --download-only qemu
dpkg-source --no-check --skip-patches -x ./*.dsc qemu 2>/dev/null || dpkg-source --no-check -x ./*.dsc qemu
cp "$devices" qemu/configs/devices/x86_64-softmmu/lab.mak
# meson wants these, Debian's source leaves them out, and nothing here reads them.
grep -o 'edk2-[a-z0-9_-]*\.fd' qemu/pc-bios/meson.build | sort -u | while read -r blob; do
	[ -e "qemu/pc-bios/$blob.bz2" ] || bzip2 </dev/null >"qemu/pc-bios/$blob.bz2"
done
# The fix of CVE-2025-14876 refuses requests longer than the backend's max_size, and this backend sets
# none: every request breaks the device. As the builtin backend does it.
lkcf=qemu/backends/cryptodev-lkcf.c
grep -q 'conf\.max_size' "$lkcf" || sed -i \
	'/conf\.akcipher_algo = /a\    backend->conf.max_size = LONG_MAX - sizeof(CryptoDevBackendOpInfo);' "$lkcf"
grep -q 'conf\.max_size' "$lkcf"
# They have one line of context: none may be off.
for patch in "$patches"/*.patch; do
	patch -d qemu -p1 --fuzz=0 --no-backup-if-mismatch <"$patch"
done
mkdir build
cd build
../qemu/configure --target-list=x86_64-softmmu --without-default-features --disable-install-blobs \
	--without-default-devices --with-devices-x86_64=lab \
	--enable-system --enable-tcg --enable-kvm --enable-virtfs --enable-attr --enable-cap-ng \
	--enable-gcrypt --enable-keyring --enable-libkeyutils --enable-fdt \
	--enable-vhost-kernel --enable-vhost-vdpa --enable-vhost-crypto --enable-vhost-user
ninja -j"$(nproc)" qemu-system-x86_64
strip -o "$output/qemu-system-x86_64" qemu-system-x86_64
cd "$output"
./qemu-system-x86_64 --version
./qemu-system-x86_64 -L /usr/share/seabios -M none -object help | grep -q cryptodev-backend-lkcf
rm -rf "$work"
