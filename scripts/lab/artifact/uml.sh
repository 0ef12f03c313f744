#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: a user-mode kernel with the sanitizers on (linux, release), its modules (layer),
# and a build folder for ours (build: make KDIR=... ARCH=um).
#
# uml.sh SOURCE CONFIG CONFIG OUTPUT PLACE
set -euo pipefail

source=$1 configs=("$2" "$3") output=$5
# It must be built at the path where it stays: kbuild writes it down.
mkdir -p "$output"
mount --bind "$4" "$output"
build=$output/build
mkdir -p "$build"
um=(make -C "$source" "O=$build" ARCH=um "LOCALVERSION=-lab" "-j$(nproc)")
"${um[@]}" defconfig
(cd "$build" && "$source/scripts/kconfig/merge_config.sh" -m -O "$build" .config "${configs[@]}")
"${um[@]}" olddefconfig
# A symbol that did not take is worth knowing, not worth failing: kernels differ.
sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=\([ym0-9].*\)/\1=\2/p' "${configs[@]}" | while read -r wanted; do
	grep -qx "$wanted" "$build/.config" || echo "NOTE: $wanted is not in this kernel's configuration"
done
"${um[@]}" linux modules
"${um[@]}" INSTALL_MOD_PATH="$output/layer/usr" INSTALL_MOD_STRIP=1 modules_install
rm -f "$output"/layer/usr/lib/modules/*/{build,source}
strip -g -o "$output/linux" "$build/linux"
make -s -C "$source" "O=$build" ARCH=um LOCALVERSION=-lab kernelrelease >"$output/release"
# Modules are built against headers, scripts and Module.symvers; the objects are not needed again.
rm -f "$build/linux" "$build/vmlinux" "$build/vmlinux.o" "$build"/.tmp_vmlinux*
find "$build" -type f ! -path "$build/scripts/*" ! -path "$build/tools/*" \
	\( -name '*.o' -o -name '*.a' -o -name '*.ko' -o -name '.*.cmd' -o -name '*.mod.c' \) -delete
