#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: a user-mode kernel with the sanitizers on (linux, release), its modules (layer),
# and a build folder for ours (build: make KDIR=... ARCH=um).
#
# uml.sh SOURCE KERNEL CONFIG... OUTPUT PLACE
set -euo pipefail

source=$1 kernel=$2 configs=("${@:3:$#-4}") output=${*: -1}
# It must be built at the path where it stays: kbuild writes it down.
mkdir -p "$output"
mount --bind "${*: -2:1}" "$output"
build=$output/build
mkdir -p "$build"
um=(make -C "$source" "O=$build" ARCH=um "LOCALVERSION=-lab" "-j$(nproc)")
"${um[@]}" defconfig
# The last of several values counts; a symbol that this kernel does not have is ignored.
cat "${configs[@]}" >>"$build/.config"
[ "$kernel" = stable ] || echo "# CONFIG_DEBUG_KMEMLEAK is not set" >>"$build/.config"
"${um[@]}" olddefconfig
"${um[@]}" linux modules
"${um[@]}" INSTALL_MOD_PATH="$output/layer/usr" INSTALL_MOD_STRIP=1 modules_install
rm -f "$output"/layer/usr/lib/modules/*/{build,source}
strip -g -o "$output/linux" "$build/linux"
make -s -C "$source" "O=$build" ARCH=um LOCALVERSION=-lab kernelrelease >"$output/release"
# Modules are built against headers, scripts and Module.symvers; the objects are not needed again.
rm -f "$build/linux" "$build/vmlinux" "$build/vmlinux.o" "$build"/.tmp_vmlinux*
find "$build" -type f ! -path "$build/scripts/*" ! -path "$build/tools/*" \
	\( -name '*.o' -o -name '*.a' -o -name '*.ko' -o -name '.*.cmd' -o -name '*.mod.c' \) -delete
