#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# OpenSSL's own tests of keys, signatures and TLS (lab/run --openssl-tests), by configuration alone
# through the provider lkcf: they pass as without it, and the kernel computed.
#
# SSL_TESTS  of ssl_test, which are handshakes (default: a few; with COF_SOAK=1 all)
#
# needs: topology loop, programs openssl, lab --openssl-tests
# soak: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$here/../lib/lkcf.sh"
suite=/run/lab/openssl
export CTLOG_FILE=$suite/ct/log_list.cnf TEST_CERTS_DIR=$suite/certs
cd "$tmp" || exit 1

case ${COF_SOAK:-} in
'' | 0) SSL_TESTS=${SSL_TESTS:-01 04 20} ;;
# But SCTP, which the machine has not
*) SSL_TESTS=${SSL_TESTS:-$(cd $suite/ssl-tests && printf '%s\n' [0-9]*.cnf | grep -v sctp)} ;;
esac

[ -e $suite/version ] || fatal "lab/run --openssl-tests was not given"
note "the tests of OpenSSL $(cat $suite/version), $(openssl version)"

# passes TEXT MINIMUM COMMAND...: by the provider, and how much the kernel computed for it
passes() {
	local text=$1 least=$2 rc
	shift 2
	counters "$tmp/before"
	kept "$@" >"$tmp/out" 2>&1
	rc=$?
	[ $rc -eq 0 ] || grep -a -vE '^ *(ok|# Subtest)' "$tmp/out" | cut -c1-200 | head -n 40 | sed 's/^/# /'
	verdict $rc "$text: passes"
	counters "$tmp/after"
	expect "$text: computed by the kernel" "$(in_kernel)" -ge "$least"
	no_fallback "$text"
	note "$text: keys $(counted keys_added), for software $(counted unqualified)"
}

# tests FILE: evp_test's 'Completed 66 tests with 0 errors and 3 skipped'
tests() {
	grep -a -o 'Completed .*' "$1"
}

# What to compute is in files: keys, inputs, results, errors. The second number is what the kernel
# computes at least: what has a private key that qualifies and is expected to succeed.
while read -r file least; do
	passes "evp_test $file" "$least" $suite/bin/evp_test -config "$OPENSSL_CONF" \
		"$suite/data/$file"
	tests "$tmp/out" >"$tmp/tests"
	$suite/bin/evp_test -config "$plain_cnf" "$suite/data/$file" >"$tmp/out" 2>&1
	tests "$tmp/out" >"$tmp/plain"
	check "evp_test $file: as many as without the provider, $(cat "$tmp/tests")" \
		diff "$tmp/plain" "$tmp/tests"
done <<-'FILES'
	evppkey_rsa.txt 4
	evppkey_rsa_common.txt 100
	evppkey_rsa_sigalg.txt 2
	evppkey_rsa_kem.txt 0
	evppkey_ecdsa.txt 1
	evppkey_ecdsa_sigalg.txt 0
	evppkey_ecdsa_rfc6979.txt 0
	evppkey_ecc.txt 0
	evppkey_ecdh.txt 0
	evppkey_mismatch.txt 0
	evppkey_brainpool.txt 0
FILES
expect "keys left in the kernel" "$(kernel_keys)" -eq 0

# Asked for by a property query instead
grep -v default_properties "$OPENSSL_CONF" >"$tmp/query.cnf"
passes "evp_test -propquery ?provider=lkcf" 100 $suite/bin/evp_test -config "$tmp/query.cnf" \
	-propquery '?provider=lkcf' $suite/data/evppkey_rsa_common.txt

for number in $SSL_TESTS; do
	for file in "$suite/ssl-tests/$number"*; do
		name=${file##*/}
		passes "ssl_test $name" 1 $suite/bin/ssl_test "$file" default "$OPENSSL_CONF"
	done
done

# oks CONFIG COMMAND...: which tests of a program pass; the word CONFIG is replaced
oks() {
	local config=$1
	shift
	OPENSSL_CONF=$config kept "${@//CONFIG/$config}" 2>"$tmp/err" | grep -a '^ *ok '
}

# same TEXT MINIMUM TESTS COMMAND...: those that pass without the provider (some fail, for the library
# is newer than they are, or want what Debian has not) pass with it: so many at least
same() {
	local text=$1 least=$2 tests=$3
	shift 3
	oks "$plain_cnf" "$@" >"$tmp/plain"
	counters "$tmp/before"
	oks "$OPENSSL_CONF" "$@" >"$tmp/tests"
	counters "$tmp/after"
	check "$text: tests pass as without the provider" diff "$tmp/plain" "$tmp/tests"
	expect "$text: tests that pass" "$(wc -l <"$tmp/tests")" -ge "$tests"
	expect "$text: computed by the kernel" "$(in_kernel)" -ge "$least"
	no_fallback "$text"
}

certs=$suite/certs
same cmsapitest 5 15 $suite/bin/cmsapitest $certs/servercert.pem $certs/serverkey.pem \
	$suite/cmsapi/{encryptedData.der,encDataWithTooLongIV.pem,cms_pwri_kek_oob.der}
same asynciotest 2 1 $suite/bin/asynciotest $certs/servercert.pem $certs/serverkey.pem
same sslbuffertest 5 9 $suite/bin/sslbuffertest $certs/server.pem $certs/server.pem
# These take minutes. The default context of the second must have no provider.
if [ "${COF_SOAK:-0}" != 0 ]; then
	same rpktest 100 100 $suite/bin/rpktest $certs
	same sslapitest 100 500 env OPENSSL_CONF=/dev/null $suite/bin/sslapitest $certs \
		$suite/sslapi/passwd.txt "$tmp/sslapi" default CONFIG $suite/sslapi/dhparams.pem \
		$suite/sslapi
fi
check "no key is left in the kernel" keys_are 0
tap_end
