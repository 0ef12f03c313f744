#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ECDSA through keyctl on this node's accelerator, judged by OpenSSL, and the counters of every hop
# this node has. Keys are openssl's; what openssl signs is verified with a certificate, and so is
# what is wrong.
#
# CLASS        whose drivers serve keyctl here (default virtio; cof-pool0 on an initiator)
# CURVES       default "p256 p384 p521"
# COUNT        signatures made, verified and rejected with each curve (default 10; 500 with COF_SOAK=1)
# EXPECT_FILE  add the number of operations to the number there, and to that in EXPECT_FILE.ecdsa
#
# needs: topology loop pair chain guest, programs pkey_stress
# check: stable, mainline, uml
# quick: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

CLASS=${CLASS:-virtio}
CURVES=${CURVES:-p256 p384 p521}
COUNT=${COUNT:-$([ "${COF_SOAK:-}" = 1 ] && echo 500 || echo 10)}
HASHES=sha1,sha224,sha256,sha384,sha512
stress=${PKEY_STRESS:-pkey_stress}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

total_ops=0
# run TEXT ARGS...: all operations right, all of them computed by the device
run() {
	_what=$1
	shift
	hops >"$tmp/before"
	"$stress" "$@" -n "$COUNT" -H "$HASHES" >"$tmp/out" 2>&1
	_rc=$?
	sed 's/^/# /' "$tmp/out"
	hops >"$tmp/after"
	verdict $_rc "$_what: as OpenSSL says"
	expect "$_what: operations the class was asked for" "$(delta "class/$CLASS.ops")" -eq "$COUNT"
	expect "$_what: computed by the device" "$(delta "class/$CLASS.device")" -eq "$COUNT"
	expect "$_what: fell back to software" "$(delta "class/$CLASS.software")" -eq 0
	total_ops=$((total_ops + COUNT))
	[ "${TOPOLOGY:-}" = loop ] || return 0
	expect "$_what: vdpa_crypto: requests" "$(delta vdpa/crypto0.requests)" -eq "$COUNT"
	expect "$_what: cof-pool0: computed by the pool" "$(delta class/cof-pool0.device)" -eq "$COUNT"
	expect "$_what: cof-pool0: fell back to software" "$(delta class/cof-pool0.software)" -eq 0
	expect "$_what: vdpa_crypto's executor: sent on" "$(delta exec/crypto0.ec_remote)" -eq "$COUNT"
	expect "$_what: cof_target: operations of the pool" "$(delta pool/pool0.ops)" -eq "$COUNT"
	expect "$_what: cof_target's executor: computed" \
		"$(delta exec/target-pool0.ec_local)" -eq "$COUNT"
}

for curve in $CURVES; do
	key=$(key "$curve")
	# shellcheck disable=SC2086 # two words
	run "$curve: signatures by keyctl" -x $key -o sign
	# shellcheck disable=SC2086
	run "$curve: openssl's signatures, with a certificate" -x $key -o verify
	# shellcheck disable=SC2086
	run "$curve: wrong ones: EKEYREJECTED" -x $key -o reject
done

check_selftests
check_drivers "$CLASS-ecdsa-nist-p192" "$CLASS-ecdsa-nist-p256" "$CLASS-ecdsa-nist-p384" \
	"$CLASS-ecdsa-nist-p521"
# Since 6.13
! grep -q '^name *: p1363' /proc/crypto || check_drivers "$CLASS-p1363-ecdsa-nist-p256" \
	"$CLASS-p1363-ecdsa-nist-p384" "$CLASS-p1363-ecdsa-nist-p521"
if [ "${EXPECT_FILE:-}" ]; then
	echo $(($(cat "$EXPECT_FILE") + total_ops)) >"$EXPECT_FILE"
	echo $(($(cat "$EXPECT_FILE.ecdsa" 2>/dev/null || echo 0) + total_ops)) >"$EXPECT_FILE.ecdsa"
fi
tap_end
