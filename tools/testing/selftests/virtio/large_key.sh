#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# RSA-8192 through keyctl, whose private operations the kernel's software does not do: QEMU's device
# does. Without the device a key in use gets a clear errno, and a new one is refused as the software
# refuses it.
#
# COUNT  operations (default 6; 100 with COF_SOAK=1)
#
# needs: topology guest, programs pkey_stress, keys 8192
# check: stable:guest
here=$(dirname "$0")
. "$here/../lib/tap.sh"
COUNT=${COUNT:-$([ "${COF_SOAK:-}" = 1 ] && echo 100 || echo 6)}
tmp=$(mktemp -d) || exit 1
driver=/sys/bus/virtio/drivers/virtio_crypto
device=$(basename $driver/virtio*)
stats=/sys/kernel/debug/virtio_crypto/$device/stats
trap 'rm -rf "$tmp"' EXIT

hops >"$tmp/before"
"${PKEY_STRESS:-pkey_stress}" -k "$KEY_DIR/8192.pem" -n "$COUNT" -t 2 \
	-o sign,verify,reject,encrypt,decrypt -H sha1,sha256,sha512 -c >"$tmp/out" 2>&1
verdict $? "RSA-8192: every result as OpenSSL says"
sed 's/^/# /' "$tmp/out"
hops >"$tmp/after"
private=$(awk '$1 == "count" && $2 ~ /^(sign|decrypt)$/ { n += $4 } END { print n + 0 }' "$tmp/out")
[ "$(public_ops)" = local ] || private=$((2 * COUNT))
expect "computed by the device" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.device)" -eq "$private"
expect "computed here" \
	"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.local)" -eq $((2 * COUNT - private))
expect "in software" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.software)" -eq 0

live() {
	grep -qs '^state live$' "$stats"
}

# A key that is in use when the device goes.
"${PKEY_STRESS:-pkey_stress}" -k "$KEY_DIR/8192.pem" -s 60 -w 50 -o sign -H sha256 \
	>"$tmp/out" 2>&1 &
load=$!
sleep 1
echo "$device" >$driver/unbind
sleep 0.5
kill -TERM $load
wait $load
expect "without the device: the load's status" $? -eq 1
sed 's/^/# /' "$tmp/out" | sort | uniq -c | head -n 4
# Each call of keyctl makes a transform: its key is refused as the software refuses it.
check "without the device: what it says" grep -qE 'Invalid argument|No such device' "$tmp/out"
echo "$device" >$driver/bind
check "the device is there again" within 20 live
check "RSA-8192 works again" "${PKEY_STRESS:-pkey_stress}" -k "$KEY_DIR/8192.pem" -n 2 -o sign \
	-H sha256
tap_end
