#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: bring the build folder's copy of the sources up to date, and run make in it.
#
# modules.sh TREE BUILD WARN KDIR MAKE-ARGUMENT...
set -euo pipefail

tree=$1 build=$2 warn=$3 kdir=$4
shift 4
cd "$tree"

# At the same path whatever the folder: make compares commands, and they name it. The mount is this
# process's own.
mkdir -p /lab/build
mount --bind "$build" /lab/build
build=/lab/build

# What a build that did not end well has compiled would not be complained about again.
if $warn && [ ! -e "$build/state" ]; then
	rm -rf "$build/tree"
	mkdir "$build/tree"
fi

wanted=(drivers include tools/testing/modules Kbuild Kconfig Makefile)
# Objects are kept, so that make can see what changed; a source that has gone takes them along. By
# content, and as of now: an older file that was put back must look newer than its object.
made=('*.o' '*.ko' '*.mod' '*.mod.c' '.*.cmd' '*.d' modules.order Module.symvers '.module-common*')
rsync -rlpR --checksum --delete "${made[@]/#/--exclude=}" "${wanted[@]}" "$build/tree/"
tar -c --sort=name --mtime=@0 --owner=0 --group=0 "${made[@]/#/--exclude=}" "${wanted[@]}" |
	sha256sum | cut -c1-12 >"$build/source-key.new"
cd "$build/tree"
state="$(cat "$build/source-key.new") $kdir $*"
if ! $warn && [ "$(cat "$build/state" 2>/dev/null || true)" = "$state" ]; then
	mv "$build/source-key.new" "$build/source-key"
	exit 0
fi
rm -f "$build/state"

args=("KDIR=$kdir" "$@")
if $warn; then
	# Debian's sparse is older than 7.3: it knows neither of these as a constant expression.
	args+=(W=1 C=1 "CHECK=sparse -D__typeof_unqual__=__typeof__ '-D__builtin_strlen(x)=(sizeof(x)-1)'")
	for scripts in /usr/src/linux-headers-*-common/scripts; do
		[ -e "$scripts/checker-valid.sh" ] || install "$COF_LAB_CHECKER" "$scripts/"
	done
fi
status=0
make -s -j"$(nproc)" "${args[@]}" modules >"$build/make.log" 2>&1 </dev/null || status=$?
# Debian ships no vmlinux with its headers, so there is never BTF for modules.
grep -vE '^Skipping BTF|^  The kernel was built by|^  You are using:|the compiler differs' "$build/make.log" || true
[ "$status" -eq 0 ] || exit "$status"
mv "$build/source-key.new" "$build/source-key"
echo "$state" >"$build/state"
