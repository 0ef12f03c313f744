#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the root: build the tests' programs and OpenSSL's provider, and both with sanitizers.
#
# tools.sh TESTS PROVIDER OUTPUT
set -eux

tests=$1 provider=$2 output=$3
make -C "$tests" OUTPUT="$output"
mkdir "$output/sanitize"
make -C "$tests" OUTPUT="$output/sanitize" SANITIZE=address,undefined "$output/sanitize/lkcf_ops"
make -C "$provider" OUT="$output"
make -C "$provider" OUT="$output/sanitize" SANITIZE=address,undefined
rm -f "$output"/*.o "$output"/sanitize/*.o
