# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What every lab command needs first: where things are, how to say something, how to become root,
# and how to get a missing tool. Sourced, never run.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
TREE=$(cd "$LAB/../.." && pwd -P)
: "${COF_LAB_CACHE:=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cof-lab}"
export COF_LAB_CACHE
SUITE=trixie
COMMAND=$(basename "$0")

# Exit statuses, listed in README.rst.
EX_USAGE=64
EX_LAB=97

say() { printf '%s: %s\n' "$COMMAND" "$*" >&2; }

die()
{
	say "$*"
	exit "$EX_LAB"
}

usage_error()
{
	say "$*"
	say "see $COMMAND --help"
	exit "$EX_USAGE"
}

# become_root ARG... - run the command that is running again under sudo unless we are root. The
# cache stays where the calling user keeps it.
become_root()
{
	[ "$(id -u)" -ne 0 ] || return 0
	command -v sudo >/dev/null ||
		die "root is needed (name spaces, mounts, apt-get): become root, or install sudo"
	local keep=("COF_LAB_CACHE=$COF_LAB_CACHE") name
	for name in "${!COF_LAB_@}"; do
		[ "$name" = COF_LAB_CACHE ] || keep+=("$name=${!name}")
	done
	exec sudo env "${keep[@]}" "$0" "$@"
}

# host_tool COMMAND PACKAGE... - make sure that the outer machine has COMMAND.
host_tool()
{
	local tool=$1 log=$COF_LAB_CACHE/log/host-apt.log
	shift
	command -v "$tool" >/dev/null && return 0
	command -v apt-get >/dev/null ||
		die "$tool is missing and there is no apt-get: Debian or Ubuntu is needed"
	say "installing $*"
	mkdir -p "${log%/*}"
	if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		die "cannot install $*: $(cause_of "$log")"
	fi
}

# cause_of LOG - the likely cause of a failure, and its cure, in one line.
cause_of()
{
	if grep -qE 'No space left on device' "$1"; then
		echo "the disk is full: free some space in $COF_LAB_CACHE (set COF_LAB_CACHE to move it)"
	elif grep -qE 'Temporary failure resolving|Could not resolve|Could not connect|Failed to fetch|Network is unreachable|Connection (timed out|refused)' "$1"; then
		echo "the Debian mirror cannot be reached: check the network (or http_proxy), then run it again"
	elif grep -qE 'Operation not permitted|must be superuser|Permission denied' "$1"; then
		echo "this root may not mount or make name spaces: in a container, start it with --privileged"
	elif grep -qE 'Killed|out of memory|Cannot allocate memory' "$1"; then
		echo "memory ran out: the lab wants 4 GB"
	else
		echo "see the whole of $1"
	fi
}

# need_space GB - fail early when the cache's disk has less.
need_space()
{
	local free
	mkdir -p "$COF_LAB_CACHE"
	free=$(df -P -k "$COF_LAB_CACHE" | awk 'NR == 2 { print int($4 / 1048576) }')
	[ "$free" -ge "$1" ] ||
		die "$COF_LAB_CACHE has $free GB left and this step wants $1: free some, or set COF_LAB_CACHE"
}
