# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The cache. An artifact is a folder <cache>/<name>-<key>, where the key is a hash of everything
# that goes in: it is built beside its place and renamed into it, so it is complete when it exists.
# <cache>/<name>.lock is held while one is built or removed. Who uses an artifact holds a shared
# lock on its .in-use file (for the life of the process, and of the children that inherit it), and
# only what nobody uses is ever removed.

# key_of WORD... - a key from words; a word that is a file counts with its content.
key_of()
{
	local word
	for word; do
		if [ -f "$word" ]; then cat "$word"; else printf '%s\n' "$word"; fi
	done | sha256sum | cut -c1-12
}

# ensure NAME KEY GB BUILDER - the artifact exists and we hold it in use. Sets ARTIFACT to its
# folder. "BUILDER TEMPORARY FINAL" fills the first folder, to be found at the second later.
ensure()
{
	local name=$1 key=$2 space=$3 builder=$4 lock temporary
	ARTIFACT=$COF_LAB_CACHE/$name-$key
	hold "$ARTIFACT" && return 0
	need_space "$space"
	exec {lock}>>"$COF_LAB_CACHE/$name.lock"
	if ! flock -n "$lock"; then
		say "$name: another run is building it, waiting"
		flock "$lock"
	fi
	if [ ! -e "$ARTIFACT/.in-use" ]; then
		temporary=$ARTIFACT.tmp
		rm -rf "$COF_LAB_CACHE/$name"-*.tmp
		mkdir -p "$temporary"
		with_progress "$name" "$builder" "$temporary" "$ARTIFACT"
		: >"$temporary/.in-use"
		rm -rf "$ARTIFACT" # a place that a failed build prepared
		mv -T "$temporary" "$ARTIFACT"
	fi
	hold "$ARTIFACT"
	remove_old "$name" "$ARTIFACT"
	exec {lock}>&-
}

# hold FOLDER - take it in use; fails if it is not (or no longer) there.
hold()
{
	local fd
	[ -e "$1/.in-use" ] || return 1
	{ exec {fd}<"$1/.in-use"; } 2>/dev/null || return 1
	flock -s "$fd"
	if [ ! -e "$1/.in-use" ]; then
		exec {fd}<&-
		return 1
	fi
}

# remove_old NAME KEEP - remove this artifact's other keys that nobody uses. A few are left where
# several people may work in several trees.
remove_old()
{
	local dir fd spare=0
	case $1 in
	mods-*) spare=6 ;;
	root | image | qemu | tools | initrd-*) spare=1 ;;
	esac
	# shellcheck disable=SC2012 # by age; the names are ours
	ls -dt "$COF_LAB_CACHE/$1"-???????????? | while read -r dir; do
		[ "$dir" != "$2" ] && [ -e "$dir/.in-use" ] && [ ! -L "$dir" ] || continue
		spare=$((spare - 1))
		[ "$spare" -lt 0 ] || continue
		{ exec {fd}<"$dir/.in-use"; } 2>/dev/null || continue
		if flock -n -x "$fd"; then
			# Out of sight first: what is half removed must not look complete.
			mv -T "$dir" "$dir.tmp" && rm -rf "$dir.tmp"
		fi
		exec {fd}<&-
	done
}

# with_progress NAME COMMAND... - run it with its output in the log, say every now and then how
# far it is, and why it failed if it did.
with_progress()
{
	local name=$1 log=$COF_LAB_CACHE/log/$1.log start=$SECONDS next=5 pid status=0
	shift
	mkdir -p "${log%/*}"
	say "$name: building (log: $log)"
	(
		set -euo pipefail
		"$@"
	) >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		[ $((SECONDS - start)) -ge "$next" ] || continue
		next=$((SECONDS - start + ${COF_LAB_PROGRESS_SECS:-15}))
		say "$name: $((SECONDS - start)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c1-90)"
	done
	wait "$pid" || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 25 "$log" >&2
		die "$name failed after $((SECONDS - start)) s (status $status): $(cause_of "$log")"
	fi
	say "$name: done in $((SECONDS - start)) s"
}
