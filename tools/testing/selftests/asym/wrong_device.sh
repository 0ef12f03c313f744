#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A device that answers wrongly is not used: its known-answer tests fail, the
# log says so, its counters stay still, and results are right all the same. When
# it answers rightly again it is used again.
#
# The accelerator sim-rsa, told to flip a bit of every result, computes for
#   - a pool of the target, which the initiator class cof-wrong reaches by a path
#   - a device of vdpa_crypto, which virtio_crypto drives in the same kernel
# beside the lab's own, on the topology "loop".
#
# needs: topology loop, modules asym_sim, programs keyctl openssl pkey_stress python3, keys 2048
# check: stable, uml
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"
# The keys of this test are in a session keyring of its own.
[ "$OWN_SESSION" ] || OWN_SESSION=1 exec keyctl session - "$0"

COUNT=${COUNT:-8}
stress=${PKEY_STRESS:-pkey_stress}
tmp=$(mktemp -d) || exit 1
. "$here/../lib/raw.sh"
. "$here/../lib/pool.sh"
target=/sys/kernel/config/cof_target
initiator=/sys/kernel/config/cof_initiator/wrong
path=$initiator/paths/1
vdpa=/sys/kernel/config/vdpa_crypto/wrong0
bus=/sys/bus/vdpa
driver=/sys/bus/virtio/drivers/virtio_crypto
debug=/sys/kernel/debug
params=/sys/module/asym_sim/parameters
sim=$params/wrong

# Whatever was made; what is in use by something below goes after that.
remove() {
	[ ! -d $vdpa ] || { echo 0 >$vdpa/enable; rmdir $vdpa; }
	[ ! -d $path ] || rmdir $path
	[ ! -d $initiator ] || rmdir $initiator
	[ ! -d $target/ports/91 ] || {
		echo 0 >$target/ports/91/enable
		rm -f $target/ports/91/pools/wrong
		rmdir $target/ports/91
	}
	[ ! -d $target/pools/wrong ] || {
		echo 0 >$target/pools/wrong/enable
		rm -f "$target/pools/wrong/allowed_hosts/$HOSTID"
		rmdir $target/pools/wrong
	}
	[ ! -e $sim ] || { echo 0 >$sim; echo 0 >$params/short; echo 0 >$params/hold; }
}
trap 'remove; rm -rf "$tmp"' EXIT

file_says() {
	[ "$(cat "$1" 2>/dev/null)" = "$2" ]
}

# compute TEXT: all four operations through keyctl, every result checked by
# OpenSSL; the counters of this time are hop_delta's of "$tmp/a" "$tmp/b"
compute() {
	local rc
	hops >"$tmp/a"
	# shellcheck disable=SC2046 # two words
	"$stress" $(key 1024) -t 2 -n "$COUNT" -o sign,verify,encrypt,decrypt -H sha256 >"$tmp/out" 2>&1
	rc=$?
	sed 's/^/# /' "$tmp/out"
	hops >"$tmp/b"
	verdict $rc "$1: every result as OpenSSL says"
	ops=$(sed -n 's/.* ops=\([0-9]*\).*/\1/p' "$tmp/out")
	expect "$1: operations" "${ops:-0}" -eq $((2 * COUNT))
}

# moved TEXT COUNTER OP WANTED
moved() {
	expect "$1: $2" "$(hop_delta "$tmp/a" "$tmp/b" "$2")" "$3" "$4"
}

now() {
	hops >"$tmp/now"
	hop "$tmp/now" "$1"
}

# only_tests: since "$tmp/a", what the pool computed were known-answer tests. The
# path tries again every 30 s, and such a test may be under way when we look.
only_tests() {
	hops >"$tmp/now"
	[ "$(hop_delta "$tmp/a" "$tmp/now" pool/wrong.ops)" -eq \
		"$(hop_delta "$tmp/a" "$tmp/now" class/cof-wrong.kat_run)" ]
}

modprobe asym_sim || fatal "there is no asym_sim"
[ -e $sim ] || fatal "asym_sim cannot answer wrongly"
make_raw "$KEY_DIR/2048.pem" || fatal "no key"

# ---- a pool ------------------------------------------------------------------
put 1 $sim
mkdir $target/pools/wrong $target/ports/91 || fatal "cannot make the pool and its port"
put sim-rsa $target/pools/wrong/drivers
put rsa $target/pools/wrong/algorithms
ln -s "$target/hosts/$HOSTID" "$target/pools/wrong/allowed_hosts/$HOSTID" ||
	fatal "cannot allow the host"
put 1 $target/pools/wrong/enable
put "$cof_transport" $target/ports/91/transport
put "$cof_addr" $target/ports/91/traddr
put $cof_insecure $target/ports/91/insecure
put 4491 $target/ports/91/trsvcid
ln -s $target/pools/wrong $target/ports/91/pools/wrong || fatal "cannot link the pool to the port"
put 1 $target/ports/91/enable

mkdir $initiator || fatal "cannot make the initiator's pool"
put "$HOSTID" $initiator/hostid
put $cof_insecure $initiator/insecure
# Operations of all kinds go to the pool.
put remote $initiator/public_ops
# Whoever asks for RSA gets this class, as soon as there is one.
put 3000 $initiator/priority
mkdir $path || fatal "cannot make the path"
put "$cof_transport" $path/transport
put "$cof_addr" $path/traddr
put 4491 $path/trsvcid
put 1 $path/enable
put 1 $initiator/enable

text="pool that answers wrongly"
within 20 file_says $path/state "failed: wrong answers"
verdict $? "$text: the path's state is '$(cat $path/state)'"
check "$text: /sys/class/cof agrees" file_says /sys/class/cof/wrong-1/state "failed: wrong answers"
expect "$text: known-answer tests failed" "$(now class/cof-wrong.kat_failed)" -ge 1
expect "$text: devices in the class" "$(now class/cof-wrong.devices)" -eq 0
expect "$text: results that sim-rsa spoilt" "$(cat $debug/asym_sim/wrong)" -gt 0
line="cof_initiator: wrong/1: target $cof_addr computes wrong answers (driver sim-rsa): not used"
expect "$text: lines of the initiator" "$(log_lines "$line")" -eq 1
expect "$text: lines of asym_provider" \
	"$(log_lines "asym_provider: cof-wrong: device wrong/1 computes wrongly: ")" -ge 1
check "$text: no algorithms" test -z "$(grep '^driver *: cof-wrong-' /proc/crypto)"
compute "$text"
moved "$text" class/virtio.device -eq $((2 * COUNT))
moved "$text" class/cof-wrong.ops -eq 0
check "$text: the pool computes nothing but known-answer tests" within 10 only_tests

text="pool that answers rightly again"
put 0 $sim
if [ "${COF_SOAK:-0}" = 0 ]; then
	put 0 $path/enable
	put 1 $path/enable
fi
within 60 file_says $path/state live
verdict $? "$text: the path's state is '$(cat $path/state)'"
check "$text: its algorithms are registered" within 20 registered cof-wrong-rsa
compute "$text"
moved "$text" class/cof-wrong.device -eq $((2 * COUNT))
moved "$text" class/cof-wrong.software -eq 0
moved "$text" class/cof-wrong.failed -eq 0
moved "$text" pool/wrong.ops -eq $((2 * COUNT))
moved "$text" pool/wrong.errors -eq 0
moved "$text" class/virtio.ops -eq 0

# Results are shorter than the key: no fault of the accelerator's.
text="pool whose accelerator leaves zeros out"
put 0 $path/enable
put 1 $params/short
put 1 $path/enable
within 60 file_says $path/state live
verdict $? "$text: the path's state is '$(cat $path/state)'"
hops >"$tmp/a"
before=$(cat $debug/asym_sim/short)
raw_results "$text"
hops >"$tmp/b"
moved "$text" class/cof-wrong.device -ge 5
expect "$text: short results" $(($(cat $debug/asym_sim/short) - before)) -ge 4
put 0 $params/short

# The algorithms stay: whom they find computes in software.
text="pool that was right and is wrong"
failed=$(now class/cof-wrong.kat_failed)
put 0 $path/enable
put 1 $sim
put 1 $path/enable
within 20 file_says $path/state "failed: wrong answers"
verdict $? "$text: the path's state is '$(cat $path/state)'"
expect "$text: known-answer tests failed" $(($(now class/cof-wrong.kat_failed) - failed)) -ge 1
compute "$text"
moved "$text" class/cof-wrong.software -eq $((2 * COUNT))
moved "$text" class/cof-wrong.sw_no_device -eq $((2 * COUNT))
moved "$text" class/cof-wrong.device -eq 0
moved "$text" class/cof-wrong.failed -eq 0
check "$text: the pool computes nothing but known-answer tests" within 10 only_tests
put 0 $sim
rmdir $path $initiator
verdict $? "the initiator's pool is removed"
check "its algorithms are gone" within 10 eval '! registered cof-wrong-rsa'

# ---- a virtio-crypto device ---------------------------------------------------
put 1 $sim
text="virtio device that answers wrongly"
ls $driver >"$tmp/before"
failed=$(now class/virtio.kat_failed)
mkdir $vdpa || fatal "cannot make the vDPA device"
put sim-rsa $vdpa/drivers
put rsa $vdpa/algorithms
put 1 $vdpa/enable
within 10 test -e $bus/devices/wrong0 || fatal "no vDPA device"
if [ "$(basename "$(readlink -f $bus/devices/wrong0/driver)")" != virtio_vdpa ]; then
	put virtio_vdpa $bus/devices/wrong0/driver_override
	[ ! -e $bus/devices/wrong0/driver ] || put wrong0 $bus/devices/wrong0/driver/unbind
	put wrong0 $bus/drivers/virtio_vdpa/bind
fi

# What virtio_crypto drives now and did not before.
new_device() {
	local dev
	for dev in "$driver"/virtio*; do
		virtio=${dev##*/}
		grep -qx "$virtio" "$tmp/before" || return 0
	done
	return 1
}

virtio_is() {
	grep -qsx "state $1" "$debug/virtio_crypto/$virtio/stats"
}

within 20 new_device || fatal "virtio_crypto does not drive the device"
within 20 virtio_is rejected
verdict $? "$text: $(grep ^state "$debug/virtio_crypto/$virtio/stats")"
expect "$text: known-answer tests failed" $(($(now class/virtio.kat_failed) - failed)) -eq 1
expect "$text: devices in the class" "$(now class/virtio.devices)" -eq 1
check "$text: it is not among them" test ! -e "$debug/asym/virtio/devices/$virtio"
expect "$text: lines of virtio_crypto" "$(log_lines "$virtio: computes wrongly: not used")" -eq 1
expect "$text: lines of asym_provider" \
	"$(log_lines "asym_provider: virtio: device $virtio computes wrongly: ")" -eq 1
compute "$text"
moved "$text" class/virtio.device -eq $((2 * COUNT))
moved "$text" class/virtio.software -eq 0
moved "$text" class/virtio.failed -eq 0
moved "$text" vdpa/wrong0.requests -eq 0
moved "$text" vdpa/crypto0.requests -eq $((2 * COUNT))

text="virtio device that answers rightly again"
put 0 $sim
put "$virtio" $driver/unbind
put "$virtio" $driver/bind
within 20 virtio_is live
verdict $? "$text: $(grep ^state "$debug/virtio_crypto/$virtio/stats")"
check "$text: it is in the class" test -e "$debug/asym/virtio/devices/$virtio"
compute "$text"
moved "$text" class/virtio.device -eq $((2 * COUNT))
moved "$text" class/virtio.software -eq 0
moved "$text" vdpa/wrong0.requests -gt 0
moved "$text" vdpa/crypto0.requests -gt 0
put 1 $params/short
raw_results "virtio device whose accelerator leaves zeros out"
put 0 $params/short

# Its known-answer tests wait for answers; whoever takes it away does not.
text="virtio device that does not answer"
put "$virtio" $driver/unbind
put 1 $params/hold
failed=$(now class/virtio.kat_failed)
put "$virtio" $driver/bind
within 20 virtio_is testing
verdict $? "$text: $(grep ^state "$debug/virtio_crypto/$virtio/stats")"
check "$text: it is not in the class" test ! -e "$debug/asym/virtio/devices/$virtio"
compute "$text"
moved "$text" class/virtio.device -eq $((2 * COUNT))
moved "$text" vdpa/wrong0.requests -eq 0
rmdir $vdpa &
check "$text: removed at once" within 10 test ! -e /sys/bus/virtio/devices/"$virtio"
expect "$text: known-answer tests failed" $(($(now class/virtio.kat_failed) - failed)) -eq 0
put 0 $params/hold
wait $!
remove
for left in $vdpa $initiator $target/ports/91 $target/pools/wrong; do
	check "removed: $left" test ! -e "$left"
done
check "asym_sim can be unloaded" within 10 rmmod asym_sim
compute "afterwards"
moved "afterwards" class/virtio.device -eq $((2 * COUNT))
tap_end
