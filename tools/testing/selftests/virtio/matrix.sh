#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One cell of the conformance matrix, a driver of virtio-crypto and a device: random operations
# with random keys and hashes, right and wrong signatures, right and corrupted ciphertexts,
# through keyctl. OpenSSL is the judge of each result; operations with a private key are computed
# by the device, those with a public key, too, or by this machine, as the driver's parameter
# public_ops says.
#
# CELL           what it is called (default: the driver, the device)
# COUNT          operations (default 60; 1000 with COF_SOAK=1)
# HASHES         to use (default: all)
# CURVES         of ECDSA keys that are used too, of p192, p256, p384 and p521 (default: none)
# ECDSA          where those are computed: device (default) or software
# EXPECT_FILE    add the number of operations of the device to the number there, and that of
#                those of ECDSA to the number in EXPECT_FILE.ecdsa
#
# needs: topology guest chain, programs pkey_stress
# check: stable:guest
here=$(dirname "$0")
. "$here/../lib/tap.sh"

COUNT=${COUNT:-$([ "${COF_SOAK:-}" = 1 ] && echo 1000 || echo 60)}
CELL=${CELL:-${DRIVER:-ours} driver, ${DEVICE:-vdpa} device}
HASHES=${HASHES:-md5,sha1,sha224,sha256,sha384,sha512,none}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

hops >"$tmp/before"
# shellcheck disable=SC2046 # words
"${PKEY_STRESS:-pkey_stress}" $(for which in 1024 2048 3072 4096 ${CURVES:-}; do key "$which"; done) -t 2 \
	-n $((COUNT / 2)) -c -H "$HASHES" -o sign,verify,reject,encrypt,decrypt,garbage,corrupt \
	>"$tmp/out" 2>&1
rc=$?
hops >"$tmp/after"
sed 's/^/# /' "$tmp/out"
verdict $rc "$CELL: every result as OpenSSL says, every error as software gives it"

# operations CONDITION: how many of those of which it is true. $2 is the operation, $3 the hash,
# which begins with ec- if it is one of ECDSA.
operations() {
	awk -v ecdsa="${ECDSA:-device}" \
		'$1 == "count" && ('"$1"') { n += $4 } END { print n + 0 }' "$tmp/out"
}

ops=$(operations 1)
# shellcheck disable=SC2016 # awk's
public='$2 ~ /^(verify|reject|encrypt)$/'
local=0
# The kernel's own driver gives them to the device.
[ "${DRIVER:-ours}" != ours ] || [ "$(public_ops)" = remote ] || local=$(operations "$public")
[ "$local" -gt 0 ] || public=0
# shellcheck disable=SC2016 # awk's
soft=$(operations "!($public)"' && $3 ~ /^ec-/ && ecdsa != "device"')
device=$((ops - local - soft))
expect "$CELL: operations" "$ops" -eq $((COUNT / 2 * 2))
if [ "${EXPECT_FILE:-}" ]; then
	echo $(($(cat "$EXPECT_FILE") + device)) >"$EXPECT_FILE"
	# shellcheck disable=SC2016 # awk's
	ecdsa=$(operations "!($public)"' && $3 ~ /^ec-/')
	echo $(($(cat "$EXPECT_FILE.ecdsa" 2>/dev/null || echo 0) + ecdsa)) >"$EXPECT_FILE.ecdsa"
fi

# The kernel's own driver does not count, the device does.
if [ "${DRIVER:-ours}" = ours ]; then
	expect "$CELL: computed by the device" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.device)" -eq $device
	expect "$CELL: public operations, computed here" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.local)" -eq "$local"
	expect "$CELL: computed by software" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)" -eq "$soft"
	expect "$CELL: failed" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.failed)" -eq 0
fi
case ${TOPOLOGY:-} in
loop)
	expect "$CELL: requests the device had" \
		"$(hop_delta "$tmp/before" "$tmp/after" vdpa/crypto0.requests)" -eq $device
	expect "$CELL: computed by the pool" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)" -eq $device ;;
esac
tap_end
