#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A hostile guest: a driver in the kernel (vdpa_crypto_fuzz) sends a device of vdpa_crypto valid, spoiled,
# torn and random chains, and rings that make no sense. Every chain is answered as it must be, nothing
# else is written, and between and after them the device serves: for that driver, whose known
# answers are right, and then for the real one. What it may have of the host's memory is bounded.
#
# Makes and removes the device 'fuzz' (rsa-generic, cbc(aes)).
#
# COUNT  chains (default 20000; COF_SOAK=1: 1000000)
# SEED   of them (default: random, printed)
#
# needs: root, modules vdpa_crypto virtio_vdpa virtio_crypto vdpa_crypto_fuzz pkcs8_key_parser
# needs: programs pkey_stress
# check: mainline, uml
# soak: uml/rdma kmemleak
here=$(dirname "$0")
. "$here/../lib/tap.sh"
count=${COUNT:-$([ "${COF_SOAK:-0}" != 0 ] && echo 1000000 || echo 20000)}
sessions=32
queues=2
config=/sys/kernel/config/vdpa_crypto/fuzz
bus=/sys/bus/vdpa
stats=/sys/kernel/debug/vdpa_crypto_fuzz/stats
tmp=$(mktemp -d) || exit 1
trap 'rmmod vdpa_crypto_fuzz 2>/dev/null; [ ! -d $config ] || rmdir $config; rm -rf "$tmp"' EXIT
# That is kunit.sh's.
[ ! -w /sys/module/kunit/parameters/filter_glob ] || echo none >/sys/module/kunit/parameters/filter_glob

make_device() {
	modprobe -a vdpa_crypto virtio_vdpa virtio_crypto pkcs8_key_parser && mkdir $config &&
		echo rsa-generic >$config/drivers && echo "rsa ecdsa cbc(aes)" >$config/algorithms &&
		echo $queues >$config/queues && echo $sessions >$config/max_sessions &&
		echo 1 >$config/enable || return
	[ "$(basename "$(readlink -f $bus/devices/fuzz/driver)")" = virtio_vdpa ] || {
		echo virtio_vdpa >$bus/devices/fuzz/driver_override
		[ ! -e $bus/devices/fuzz/driver ] || echo fuzz >$bus/devices/fuzz/driver/unbind
		echo fuzz >$bus/drivers/virtio_vdpa/bind
	}
}

# driven_by NAME: the driver of the virtio device
driven_by() {
	[ "$(basename "$(readlink -f $bus/devices/fuzz/virtio*/driver)")" = "$1" ]
}

# serves TEXT: keyctl's operations by the real driver, and where they were computed
serves() {
	hops >"$tmp/before"
	# shellcheck disable=SC2046 # two words
	"${PKEY_STRESS:-pkey_stress}" $(key 1024) -t 2 -n 20 -o sign,verify,reject,encrypt,decrypt \
		>"$tmp/out" 2>&1
	verdict $? "$1: every result as OpenSSL says"
	sed 's/^/# /' "$tmp/out"
	hops >"$tmp/after"
	expect "$1: computed by this device" "$(hop_delta "$tmp/before" "$tmp/after" vdpa/fuzz.requests)" -gt 0
	expect "$1: by the executor behind it" "$(hop_delta "$tmp/before" "$tmp/after" exec/fuzz.driver0_ops)" -gt 0
	expect "$1: in software, for the device failed" \
		"$(hop_delta "$tmp/before" "$tmp/after" class/virtio.sw_device_error)" -eq 0
}

# value NAME: a counter of the hostile driver
value() {
	awk -v n="$1" '$1 == n { print $2 }' $stats
}

# slab: what the kernel's small objects need, KiB; what KASAN keeps of freed ones is not the device's
slab() {
	awk '$1 == "SUnreclaim:" { print $2 }' /proc/meminfo
}

check "a device is made" make_device || tap_end
check "the real driver has it" within 20 driven_by virtio_crypto
check "and uses it" within 60 grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto
serves "before"

! has_kmemleak || check "kmemleak begins" no_leaks begin
hops >"$tmp/fuzz-before"
slab_before=$(slab)
# shellcheck disable=SC2086 # arguments
check "the hostile driver takes it" modprobe vdpa_crypto_fuzz device=fuzz count="$count" \
	max_sessions=$sessions ${SEED:+seed=$SEED} || tap_end
check "... from the real one" driven_by vdpa_crypto_fuzz
begin=$(now_ms)
slab_most=0 sessions_most=0 looks=0
while [ "$(value running)" = 1 ]; do
	now=$(slab) open=$(cat $config/stats/sessions)
	[ "$now" -le $slab_most ] || slab_most=$now
	[ "$open" -le $sessions_most ] || sessions_most=$open
	looks=$((looks + 1))
	sleep 0.5
done
took=$(($(now_ms) - begin))
dmesg | sed -n 's/^.*\(vdpa_crypto_fuzz: \)/# \1/p'
note "$took ms; $(tr '\n' ';' <$stats | sed 's/ /=/g; s/;/ /g')"
hops >"$tmp/fuzz-after"

expect "chains" "$(value chains)" -ge "$count"
for name in chains_valid chains_spoiled chains_torn chains_random right empty_malformed empty_no_room \
	status_ok status_err status_notsupp status_invsess status_nospc status_key_rejected \
	batches_racing batches_breaking batches_resetting batches_self sessions proofs; do
	expect "... $name" "$(value $name)" -gt 0
done
expect "failures" "$(value failures)" -eq 0
for name in hangs lost_irqs wrong_id wrong_len wrong_status wrong_result wrong_memory wrong_state; do
	expect "... $name" "$(value $name)" -eq 0
done
expect "chains that were neither answered nor given up by a reset" \
	$(($(value chains) + $(value proof_chains) - $(value answered) - $(value given_up))) -eq 0
expect "every broken ring was found out" "$(value needs_reset)" -eq "$(value batches_breaking)"
expect "proofs that the device serves, one for each reset at least" "$(value proofs)" -gt \
	$(($(value batches_breaking) + $(value batches_resetting) + $(value batches_self)))

# The device's own view.
for name in requests ctrl_requests malformed errors; do
	expect "the device counts $name" \
		"$(hop_delta "$tmp/fuzz-before" "$tmp/fuzz-after" vdpa/fuzz.$name)" -gt 0
done
expect "the device had sessions" "$sessions_most" -gt 0
expect "... at most max_sessions, looked at $looks times" "$sessions_most" -le $sessions
expect "... as the driver counts them" "$(value sessions_most)" -le $sessions
expect "all are closed" "$(cat $config/stats/sessions)" -eq 0
expect "nothing waits" "$(cat $config/stats/waiting)" -eq 0

# Documentation/admin-guide/vdpa-crypto.rst, "A guest's share of memory"; of keys 16 KiB each. KASAN keeps
# what was freed (a 32nd of memory) and adds to each object; the hostile driver has half a MiB itself.
bound=$((queues * 256 * 14 + 5 + (queues + 1) * 5 + sessions * 16 + 1024))
if grep -qw kasan_report /proc/kallsyms; then
	bound=$((2 * bound + $(awk '$1 == "MemTotal:" { print int($2 / 32) }' /proc/meminfo)))
fi
expect "the kernel's objects grew by KiB" $((slab_most - slab_before)) -le $bound

check "the hostile driver goes" rmmod vdpa_crypto_fuzz
check "the real one has it again" within 20 driven_by virtio_crypto
sleep 0.5
serves "after"

# In the midst of it.
check "the hostile driver takes it again" modprobe vdpa_crypto_fuzz device=fuzz count=100000000 \
	max_sessions=$sessions
sleep 0.5
expect "it is at work" "$(value running)" -eq 1
expect "failures" "$(value failures)" -eq 0
check "it goes in the midst of it" rmmod vdpa_crypto_fuzz
check "all its sessions are closed" grep -qx 0 $config/stats/sessions
check "the real one has it" within 20 driven_by virtio_crypto

check "no driver takes a device that is not there" sh -c '! modprobe vdpa_crypto_fuzz device=none 2>&1'
echo 0 >$config/enable
check "the device is removed" rmdir $config
! has_kmemleak || check "kmemleak finds nothing" no_leaks
tap_end
