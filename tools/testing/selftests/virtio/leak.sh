#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Many operations with many keys, then the driver is unloaded: no object of asym_provider's is
# left, and in a kernel that has kmemleak, nothing of anybody's.
#
# Where there is no device yet (the lab's loop with --no-setup) one is made, which the host's
# software computes for.
# KEYS, OPS  how many (default 40, 200; with COF_SOAK=1: 1000, 100000)
#
# needs: root, modules vdpa_crypto virtio_vdpa virtio_crypto pkcs8_key_parser, programs pkey_stress
# check: stable:guest, uml kmemleak --no-setup
here=$(dirname "$0")
. "$here/../lib/tap.sh"

case ${COF_SOAK:-} in
'' | 0) KEYS=${KEYS:-40} OPS=${OPS:-200} ;;
*) KEYS=${KEYS:-1000} OPS=${OPS:-100000} ;;
esac
tmp=$(mktemp -d) || exit 1
bus=/sys/bus/vdpa
config=/sys/kernel/config/vdpa_crypto/leak
objects=/sys/kernel/debug/asym/objects
kunit=/sys/module/kunit/parameters/filter_glob
trap 'rm -rf "$tmp"; [ ! -w $kunit ] || echo "*" >$kunit' EXIT
# That is kunit.sh's.
[ ! -w $kunit ] || echo none >$kunit

registered() {
	grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto
}

make_device() {
	modprobe -a vdpa_crypto virtio_vdpa && mkdir $config && echo rsa-generic >$config/drivers &&
		echo rsa >$config/algorithms && echo 1 >$config/enable || return
	[ "$(basename "$(readlink -f $bus/devices/leak/driver)")" = virtio_vdpa ] || {
		echo virtio_vdpa >$bus/devices/leak/driver_override
		echo leak >$bus/drivers/virtio_vdpa/bind
	}
}

object() {
	awk -v n="$1" '$1 == n { print $2 }' $objects
}

made=
if ! registered; then
	check "a device is made" make_device
	made=1
fi
modprobe -a virtio_crypto pkcs8_key_parser
check "it is used" within 60 registered
! has_kmemleak || check "kmemleak begins" no_leaks begin
hops >"$tmp/before"
# shellcheck disable=SC2046 # two words
"${PKEY_STRESS:-pkey_stress}" $(key 1024) -N "$KEYS" -t 4 -n $((OPS / 4)) \
	-o sign,verify,reject,encrypt,decrypt >"$tmp/out" 2>&1
verdict $? "$OPS operations with $KEYS keys: every result as OpenSSL says"
sed 's/^/# /' "$tmp/out"
hops >"$tmp/after"
expect "in software" "$(hop_delta "$tmp/before" "$tmp/after" class/virtio.sw_device_error)" -eq 0
sed 's/^/# now: /' $objects
expect "keys the driver remembers" "$(object keys)" -gt 0
expect "at most 256 of them, but for those in use" "$(object keys)" -le 256
expect "operations under way" "$(object operations)" -eq 0
check "the driver is unloaded" rmmod virtio_crypto
for name in classes devices keys key_bytes sessions transforms operations; do
	expect "left: $name" "$(object $name)" -eq 0
done
# What the software half remembers for it.
expect "left: keys of the software" \
	"$(awk '$1 == "keys" { print $2 }' /sys/kernel/debug/asym_executor/asym_provider)" -eq 0
if [ "$made" ]; then
	echo 0 >$config/enable
	check "the device is removed" rmdir $config
fi
! has_kmemleak || check "kmemleak finds nothing" no_leaks
[ "$made" ] || check "the driver is loaded again" modprobe virtio_crypto
[ "$made" ] || check "it is used again" within 20 registered
tap_end
