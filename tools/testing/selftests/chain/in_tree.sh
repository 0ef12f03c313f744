#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of the chain: the kernel's own virtio_crypto on the device of vdpa_crypto. A driver
# that was written by others must find a device that does what the specification says. And how
# many requests one signature through keyctl takes, of both drivers, as the device counts them
# (counters.sh tells): ours 1.00.
#
# SIGNATURES  for that (default 50; 1000 with COF_SOAK=1)
#
# needs: topology chain
# check: chain/guest.sh
here=$(dirname "$0")
. "$here/../lib/tap.sh"

SIGNATURES=${SIGNATURES:-$([ "${COF_SOAK:-}" = 1 ] && echo 1000 || echo 50)}
tmp=$(mktemp -d) || exit 1
own=$(ls /lib/modules/"$(uname -r)"/kernel/drivers/crypto/virtio/virtio_crypto.ko*)
ask=/run/lab/files/counters
nr=0
trap ': >"$ask.end"; rm -rf "$tmp"' EXIT

registered() {
	grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto
}

# device FILE: the device's counters
device() {
	nr=$((nr + 1))
	: >"$ask.$nr"
	within 30 test -e "$ask.$nr.answer" && cp "$ask.$nr.answer" "$1"
}

# delta NAME: of the device's counters
delta() {
	hop_delta "$tmp/before" "$tmp/after" "vdpa/crypto0.$1"
}

# sign N: with one key
sign() {
	# shellcheck disable=SC2046 # two words
	"${PKEY_STRESS:-pkey_stress}" $(key 2048) -n "$1" -o sign >"$tmp/sign" 2>&1 ||
		fatal "signing: $(cat "$tmp/sign")"
}

# requests_per_signature: in hundredths
requests_per_signature() {
	sign 5
	device "$tmp/before"
	sign "$SIGNATURES"
	device "$tmp/after"
	per_hundred=$((($(delta requests) + $(delta ctrl_requests)) * 100 / SIGNATURES))
}

# Sessions that other tests left are not closed meanwhile.
idle=/sys/module/asym_provider/parameters/session_idle_secs
idle_secs=$(cat $idle)
echo 86400 >$idle
requests_per_signature
echo "$idle_secs" >$idle
expect "our driver: requests for 100 signatures with keyctl" $per_hundred -eq 100

check "our driver is unloaded" rmmod virtio_crypto
[ -e "$own" ] || fatal "this kernel has no virtio_crypto of its own"
modprobe -a crypto_engine rsa_generic
check "the kernel's own driver is loaded" insmod "$own"
check "it registers" within 20 registered
requests_per_signature
# Five on the kernels we know: it is here to be seen beside ours.
expect "the kernel's own driver: requests for 100 signatures with keyctl" $per_hundred -ge 300

# Up to 6.12 it signs what has no hash as if it were SHA-1: not the device's mistake.
device "$tmp/before"
DRIVER=in-tree HASHES=md5,sha1,sha224,sha256,sha384,sha512 "$here/../virtio/matrix.sh" \
	>"$tmp/matrix" 2>&1
rc=$?
device "$tmp/after"
sed 's/^/# /' "$tmp/matrix"
verdict $rc "conformance: the kernel's own driver, our device"
ops=$(sed -n 's/.* ops=\([0-9]*\).*/\1/p' "$tmp/matrix")
expect "operations the device computed for it" "$(delta requests)" -ge "${ops:-0}"
# The kernel's self tests of a template that it makes on this driver may add a few.
expect "and hardly more" "$(delta requests)" -le $((${ops:-0} + 4))
tap_end
