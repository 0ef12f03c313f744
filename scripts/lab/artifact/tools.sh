# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "tools": the programs that tests run in the nodes, built from tools/testing/selftests.

# need_tools - sets TOOLS.
need_tools()
{
	ensure tools "$(key_of "$TREE"/tools/testing/selftests/Makefile \
		"$TREE"/tools/testing/selftests/*/*.c "$(readlink -f "$ROOT")")" 1 build_tools
	TOOLS=$ARTIFACT
}

build_tools()
{
	in_root make -C "$TREE/tools/testing/selftests" OUTPUT="$1"
}
