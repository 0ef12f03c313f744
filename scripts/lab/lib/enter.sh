#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs as the first process of a private mount and process name space (runner/base.py starts it):
# makes the lab's root file system the root, with the folders named on the command line at the same
# paths as outside, and runs a command there. The artifact stays as it is: writes land in a tmpfs.
#
# enter.sh [--rw] ROOT [--bind PATH]... [--lower FOLDER]... [--cwd PATH] -- COMMAND...
set -euo pipefail

rw=false root='' cwd=/ binds=() lower=()
while [ "$1" != -- ]; do
	case $1 in
	--rw) rw=true ;;
	--bind) binds+=("$2"); shift ;;
	--lower) lower+=("$2"); shift ;;
	--cwd) cwd=$2; shift ;;
	*) root=$1 ;;
	esac
	shift
done
shift

stage=$COF_LAB_CACHE/stage
mkdir -p "$stage"
mount -t tmpfs -o mode=755 lab "$stage"
mkdir "$stage/root" "$stage/upper" "$stage/work"
layers=$(IFS=:; echo "${lower[*]:+${lower[*]}:}$root")
if $rw; then
	mount --bind "$root" "$stage/root"
else
	mount -t overlay -o "lowerdir=$layers,upperdir=$stage/upper,workdir=$stage/work" lab "$stage/root"
fi
new=$stage/root
mount -t proc proc "$new/proc"
mount --rbind /sys "$new/sys"
mount --rbind /dev "$new/dev"
mount --bind /tmp "$new/tmp"
$rw || cp -L /etc/resolv.conf "$new/etc/resolv.conf" 2>/dev/null || true
for path in "${binds[@]}"; do
	mkdir -p "$new$path"
	mount --bind "$path" "$new$path"
done

keep=()
for name in TERM http_proxy https_proxy no_proxy "${!COF_LAB_@}"; do
	[ -z "${!name:-}" ] || keep+=("$name=${!name}")
done
# Not exec: process 1 would be deaf to Ctrl-C, and nobody would reap its orphans.
trap 'exit 130' INT TERM
env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	LC_ALL=C.UTF-8 TMPDIR=/tmp DEBIAN_FRONTEND=noninteractive INITRD=No MAKE_TMPDIR=/run "${keep[@]}" \
	chroot "$new" /bin/sh -c 'cd "$1" 2>/dev/null || cd /; shift; exec "$@"' sh "$cwd" "$@"
