#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# OpenSSL's provider lkcf under valgrind, and built with AddressSanitizer and
# UndefinedBehaviorSanitizer: they have nothing to say, nor is memory lost, in whatever mode of
# lkcf_ops.
#
# COUNT   operations of each (default 24; 2000 with COF_SOAK=1); SECS of threads (1; 30)
#
# needs: topology loop, lab sanitize/lkcf_ops
# check: stable
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. "$here/../lib/lkcf.sh"
case ${COF_SOAK:-} in
'' | 0) COUNT=${COUNT:-24} SECS=${SECS:-1} ;;
*) COUNT=${COUNT:-2000} SECS=${SECS:-30} ;;
esac
reports='ERROR: [A-Za-z]+Sanitizer|runtime error:|== Invalid|definitely lost'
keys=()
for key in 2048 p256 p384; do keys+=(-k "$KEY_DIR/$key.pem"); done

# silent TEXT COMMAND...: all modes, or those named in $only
silent() {
	local text=$1 mode
	shift
	for mode in "ops -n $COUNT" "threads -t 3 -s $SECS" "remove -t 3 -s $SECS" \
		"async -n $((COUNT / 2)) -t 8" "forks -n 1"; do
		[[ " ${only:-$mode} " = *" ${mode%% *} "* ]] || continue
		# shellcheck disable=SC2086 # words
		"$@" -c "$OPENSSL_CONF" "${keys[@]}" -m $mode >"$tmp/out" 2>&1
		rc=$?
		[ $rc -eq 0 ] || grep -v '^lkcf_ops: [A-Za-z#1 ,]*: [0-9]*$' "$tmp/out" | cut -c1-160 |
			head -n 60 | sed 's/^/# /'
		verdict $rc "$text: ${mode%% *}"
		expect "$text: ${mode%% *}: reports" "$(grep -cE "$reports" "$tmp/out")" -eq 0
		expect "$text: ${mode%% *}: operations" \
			"$(sed -n 's/.*rsa_kernel=\([0-9]*\) .*/\1/p' "$tmp/out" | tail -n 1)" -gt 0
	done
}

export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=exitcode=98
OPENSSL_MODULES=/run/lab/bin/sanitize
silent AddressSanitizer /run/lab/bin/sanitize/lkcf_ops
OPENSSL_MODULES=/run/lab/bin
# On an emulated processor it takes seconds for each operation of the default provider.
COUNT=$((COUNT / 3))
case ${COF_SOAK:-} in
'' | 0) only=ops ;;
esac
silent valgrind env LD_PRELOAD=/run/lab/bin/define_output.so valgrind -q --error-exitcode=99 \
	--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite lkcf_ops
check "no key is left in the kernel" keys_are 0
tap_end
