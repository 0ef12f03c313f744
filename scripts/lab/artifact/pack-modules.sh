#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: copy modules and what they need into the folder of an initramfs, uncompressed, and
# write there a list of them in the order to load them.
#
# pack-modules.sh BASE RELEASE LIST MODULE..., BASE/lib/modules/RELEASE has the modules
set -euo pipefail

base=$1 release=$2 list=$3
shift 3
for module; do
	modprobe -d "$base" --set-version "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
	name=$(basename "${file%%.ko*}.ko")
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$(dirname "$list")/$name"
	echo "$name" >>"$list"
done
