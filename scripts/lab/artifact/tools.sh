# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "tools": the programs that tests run in the nodes, built from tools/testing/selftests.

# need_tools - sets TOOLS.
need_tools()
{
	ensure tools "$(key_of "$TREE"/tools/testing/selftests/Makefile \
		"$TREE"/tools/testing/selftests/*/*.[ch] "$(readlink -f "$ROOT")")" 1 build_tools
	TOOLS=$ARTIFACT
}

# need_large_key - sets LARGE_KEY: the folder of an RSA key of 8192 bits, which takes long to make.
need_large_key()
{
	ensure large-key "$(key_of 8192)" 1 build_large_key
	LARGE_KEY=$ARTIFACT
}

build_large_key()
{
	in_root openssl genrsa -out "$1/8192.pem" 8192
}

build_tools()
{
	in_root make -C "$TREE/tools/testing/selftests" OUTPUT="$1"
}
