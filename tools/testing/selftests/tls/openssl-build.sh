#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# OpenSSL's test programs, which openssl_suite.sh runs, from Debian's source package, without the
# libraries that they are for: only what the programs themselves consist of is compiled. For Debian with
# its deb-src; scripts/lab runs it in its root file system.
#
# openssl-build.sh OUTPUT
set -euxo pipefail

output=$1
work=$output/work
# In evp_test's files, and ssl_test's, is what to compute and what comes out of it.
programs=(evp_test ssl_test sslapitest cmsapitest rpktest asynciotest sslbuffertest)
data=(evppkey_rsa.txt evppkey_rsa_common.txt evppkey_rsa_sigalg.txt evppkey_rsa_kem.txt
	evppkey_ecdsa.txt evppkey_ecdsa_sigalg.txt evppkey_ecdsa_rfc6979.txt evppkey_ecc.txt
	evppkey_ecdh.txt evppkey_mismatch.txt evppkey_brainpool.txt)

mkdir -p "$work"
cd "$work"
apt-get update
# The mirror may not have the very newest source. Its tests are the same but for a few new ones.
fetched=
for version in $(apt-cache showsrc openssl | sed -n 's/^Version: //p' | sort -rVu); do
	if apt-get source --download-only "openssl=$version"; then
		fetched=$version
		break
	fi
	rm -f ./*
done
[ "$fetched" ]
dpkg-source --no-check --skip-patches -x ./*.dsc openssl
cd openssl
./Configure linux-x86_64 no-docs
make -s build_generated
# What the programs are linked with: where they want a static library, the shared one and the few
# pieces that it keeps to itself. For make, none of it is to be built.
pieces=(crypto/libcrypto-lib-time.o providers/common/libdefault-lib-bio_prov.o providers/libcommon.a)
make -s -j"$(nproc)" "${pieces[@]}"
ar rcs pieces.a "${pieces[@]:0:2}"
old=()
for library in crypto ssl; do
	echo "INPUT($PWD/pieces.a $PWD/providers/libcommon.a $PWD/pieces.a -l$library)" >lib$library.a
	ln -s "/usr/lib/x86_64-linux-gnu/lib$library.so" lib$library.so
	ln -s "/usr/lib/x86_64-linux-gnu/lib$library.so.3" lib$library.so.3
	for file in lib$library.a lib$library.so lib$library.so.3; do old+=(-o "$file"); done
done
make -j"$(nproc)" "${old[@]}" "${programs[@]/#/test/}"

mkdir "$output/bin" "$output/data" "$output/ssl-tests"
for program in "${programs[@]}"; do
	strip -o "$output/bin/$program" "test/$program"
done
for file in "${data[@]}"; do
	cp "test/recipes/30-test_evp_data/$file" "$output/data/"
done
for file in test/ssl-tests/*.cnf; do cp "$file" "$output/ssl-tests/"; done
cp -r test/certs test/ct "$output/"
cp apps/server.pem "$output/certs/"
cp -r test/recipes/80-test_cmsapi_data "$output/cmsapi"
cp -r test/recipes/90-test_sslapi_data "$output/sslapi"
echo "$fetched" >"$output/version"
rm -rf "$work"
"$output/bin/evp_test" "$output/data/evppkey_mismatch.txt" >/dev/null
