#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes an artifact by the recipe that is its name's file in artifact/; what that needs to know is in
# the environment (runner/artifacts.py).
#
# recipe.sh NAME TEMPORARY FINAL
set -euo pipefail

enter()
{
	unshare --mount --pid --fork --kill-child --propagation private bash "$LAB/lib/enter.sh" "$@"
}

in_root() { enter "$ROOT" --bind "$COF_LAB_CACHE" --bind "$TREE" --cwd "$TREE" -- "$@"; }

# shellcheck source=/dev/null
. "$LAB/artifact/$1.sh"
"build_$1" "$2" "$3"
