#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: build a user-mode kernel, its modules, and a build folder for ours.
#
# make-uml.sh SOURCE OUTPUT CONFIG...   makes OUTPUT/linux, OUTPUT/build, OUTPUT/layer
set -euo pipefail

source=$1 output=$2
shift 2
build=$output/build
mkdir -p "$build"
um=(make -C "$source" "O=$build" ARCH=um "LOCALVERSION=-lab" "-j$(nproc)")
"${um[@]}" defconfig
(cd "$build" && "$source/scripts/kconfig/merge_config.sh" -m -O "$build" .config "$@")
"${um[@]}" olddefconfig
# A symbol that did not take is worth knowing, not worth failing: kernels differ.
sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=\([ym0-9].*\)/\1=\2/p' "$@" | while read -r wanted; do
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
