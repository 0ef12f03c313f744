#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own virtio_crypto on a device of vdpa_crypto, by virtio_vdpa in one machine (loop): the
# conformance matrix, as in the guest of the chain (chain/in_tree.sh), but in a kernel that watches
# memory and locks of the device, too (UML with KASAN and lockdep).
#
# The machine is without setup: nothing else computes RSA but the kernel's software. And, beside it, the
# same with our driver.
#
# needs: root, bare, modules vdpa_crypto virtio_vdpa virtio_crypto pkcs8_key_parser crypto_engine
# needs: programs pkey_stress
# check: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"
own=$(ls /lib/modules/"$(uname -r)"/kernel/drivers/crypto/virtio/virtio_crypto.ko*)
config=/sys/kernel/config/vdpa_crypto/in_tree
bus=/sys/bus/vdpa
tmp=$(mktemp -d) || exit 1

restore() {
	rmmod virtio_crypto
	rmdir $config
	rm -rf "$tmp"
}
trap restore EXIT

registered() { grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto; }
gone() { ! registered; }

make_device() {
	mkdir $config && echo rsa-generic >$config/drivers && echo 1 >$config/enable || return
	[ "$(basename "$(readlink -f $bus/devices/in_tree/driver)")" = virtio_vdpa ] || {
		echo virtio_vdpa >$bus/devices/in_tree/driver_override
		[ ! -e $bus/devices/in_tree/driver ] || echo in_tree >$bus/devices/in_tree/driver/unbind
		echo in_tree >$bus/drivers/virtio_vdpa/bind
	}
}

# conforms TEXT HASHES CURVES: the matrix, of which the device computes all
conforms() {
	local rc ops before
	before=$(cat $config/stats/requests)
	TOPOLOGY='' DRIVER=in-tree CELL="$1, our device" HASHES=$2 CURVES=$3 "$here/../virtio/matrix.sh" \
		>"$tmp/matrix" 2>&1
	rc=$?
	sed 's/^/# /' "$tmp/matrix"
	verdict $rc "conformance: $1, our device"
	ops=$(sed -n 's/.* ops=\([0-9]*\).*/\1/p' "$tmp/matrix")
	expect "operations the device computed for $1" $(($(cat $config/stats/requests) - before)) \
		-ge "${ops:-1}"
}

[ -e "$own" ] || skip "this kernel has no virtio_crypto of its own"
modprobe -a vdpa_crypto virtio_vdpa pkcs8_key_parser crypto_engine rsa_generic || fatal "modules"
check "a device is made" make_device || tap_end
check "our driver is loaded" modprobe virtio_crypto
check "it registers" within 60 registered
conforms "our driver" md5,sha1,sha224,sha256,sha384,sha512,none "p192 p256 p384 p521"
check "our driver is unloaded" rmmod virtio_crypto
check "and registers nothing any more" within 20 gone
check "the kernel's own driver is loaded" insmod "$own" || tap_end
check "it registers" within 60 registered
# Up to 6.12 it signs what has no hash as if it were SHA-1: not the device's mistake.
conforms "the kernel's own driver" md5,sha1,sha224,sha256,sha384,sha512 ""
tap_end
