# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Artifact "openssl": OpenSSL's own test programs for keys, signatures and TLS, with their data, from
# Debian's source package. They are linked with the root's libraries.

# need_openssl - sets OPENSSL_TESTS.
need_openssl()
{
	ensure openssl "$(key_of "$(readlink -f "$ROOT")" "$LAB/artifact/openssl.sh" \
		"$LAB/lib/make-openssl.sh")" 1 build_openssl
	OPENSSL_TESTS=$ARTIFACT
}

build_openssl()
{
	in_root nice -n 10 bash "$LAB/lib/make-openssl.sh" "$1"
}
