# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "tools": the programs that tests run in the nodes, built from tools/testing/selftests, and
# the provider of OpenSSL with its tools; sanitize/ has them once more, with the sanitizers.

# need_tools - sets TOOLS.
need_tools()
{
	ensure tools "$(key_of "$TREE"/tools/testing/selftests/Makefile \
		"$TREE"/tools/testing/selftests/*/*.[ch] "$TREE"/tools/openssl-lkcf/* \
		"$LAB/artifact/tools.sh" "$(readlink -f "$ROOT")")" 1 build_tools
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
	mkdir "$1/sanitize"
	in_root make -C "$TREE/tools/testing/selftests" OUTPUT="$1/sanitize" SANITIZE=address,undefined \
		"$1/sanitize/lkcf_ops"
	in_root make -C "$TREE/tools/openssl-lkcf" OUT="$1"
	in_root make -C "$TREE/tools/openssl-lkcf" OUT="$1/sanitize" SANITIZE=address,undefined
	rm -f "$1"/*.o "$1"/sanitize/*.o
}
