# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Running things inside the lab's root file system: nothing depends on the outer distribution.

# enter [enter.sh's arguments] - in name spaces that die with it.
enter()
{
	unshare --mount --pid --fork --kill-child --propagation private \
		bash "$LAB/lib/enter.sh" "$@"
}

# in_root COMMAND... - run it in the root file system, with the tree and the cache where they are
# outside, and so the folders of IN_ROOT_BINDS; IN_ROOT_LOWER are layers above the root.
IN_ROOT_BINDS=()
IN_ROOT_LOWER=()
in_root()
{
	local args=() path
	for path in "$COF_LAB_CACHE" "$TREE" ${IN_ROOT_BINDS[@]+"${IN_ROOT_BINDS[@]}"}; do
		args+=(--bind "$path")
	done
	for path in ${IN_ROOT_LOWER[@]+"${IN_ROOT_LOWER[@]}"}; do
		args+=(--lower "$path")
	done
	enter "$ROOT" "${args[@]}" --cwd "${IN_ROOT_CWD:-$TREE}" -- "$@"
}
