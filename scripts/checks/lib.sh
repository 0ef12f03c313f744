# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the checks share: where things are, root, and commands in the lab's root file system. Sourced with
# the check's arguments.

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LAB=$TREE/scripts/lab
export COF_LAB_CACHE=${COF_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cof-lab}
. "$TREE/tools/testing/selftests/lib/tap.sh"

if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "${0##*/}: root is needed: become root, or install sudo" >&2; exit 97; }
	exec sudo env COF_LAB_CACHE="$COF_LAB_CACHE" "$0" "$@"
fi
cd "$TREE" || exit 97
"$LAB/prepare" fast || exit 97

# in_root COMMAND...: with the tree, the cache and /tmp as outside; LAYERS are laid over the root
LAYERS=()
in_root()
{
	"$LAB/sh" "${LAYERS[@]/#/--layer=}" "$@"
}
