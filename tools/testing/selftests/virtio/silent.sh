#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A device that stays up and does not answer (virtio_crypto_fake, a device in the same kernel): no
# operation, no key, no unbind waits for longer than max_wait_ms and some seconds, what it keeps is
# bounded, and late answers do no harm. A device that forgets each session costs no memory. A
# device whose ring others keep full is taken all the same.
#
# Meanwhile the driver has no other device.
# WAIT_MS  max_wait_ms (default 1000)
# FORGET   operations whose session is unknown (default 4; with COF_SOAK=1: 1000)
#
# needs: topology loop, modules virtio_crypto_fake cipher_check asym_bench, programs keyctl openssl
# needs: keys 1024 2048
# check: stable, uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"
WAIT_MS=${WAIT_MS:-1000}
case ${COF_SOAK:-} in
'' | 0) FORGET=${FORGET:-4} ;;
*) FORGET=${FORGET:-1000} ;;
esac
# What an operation may take beyond that, in a slow emulated machine
SLACK_MS=10000
tmp=$(mktemp -d) || exit 1
driver=/sys/bus/virtio/drivers/virtio_crypto
param=/sys/module/virtio_crypto/parameters
fake=/sys/module/virtio_crypto_fake/parameters
debug=/sys/kernel/debug
others=$(cd $driver && ls -d virtio* 2>/dev/null)
before=$(cat $param/max_wait_ms)
trap restore EXIT

restore() {
	for name in hold_ctrl hold_data forget full strip; do
		[ ! -e $fake/$name ] || echo N >$fake/$name
	done
	[ ! -e /sys/module/cipher_check/parameters/stop ] ||
		echo 1 >/sys/module/cipher_check/parameters/stop
	rmmod cipher_check asym_bench virtio_crypto_fake 2>/dev/null
	echo "$before" >$param/max_wait_ms
	for name in $others; do
		[ -e "$driver/$name" ] || echo "$name" >$driver/bind
	done
	rm -rf "$tmp"
}

live() { grep -qsx "state live" $debug/virtio_crypto/*/stats; }
counted() { awk -v n="$1" '$1 == n { print $2 }' $debug/virtio_crypto/*/stats; }
cipher() { awk -v n="$1" '$1 == n { print $2 }' $debug/virtio_crypto/cipher; }
class() { awk -v n="$1" '$1 == n { print $2 }' $debug/asym/virtio/stats; }
has() { [ "$(counted "$1")" "$2" "$3" ]; }
moves() {
	from=$(cipher "$1")
	within 30 eval '[ "$(cipher '"$1"')" -gt '"$from"' ]'
}

device() {
	rmmod virtio_crypto_fake 2>/dev/null
	modprobe virtio_crypto_fake "$@" && within 60 live
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# raw BITS: RSA without padding with the private key; right, and within the time. If it is not, the
# device answers from then on, or this would never end.
raw() {
	local begin rc
	begin=$(now_ms)
	keyctl pkey_decrypt "${serial[$1]}" 0 "$tmp/in.$1" enc=raw >"$tmp/out" 2>"$tmp/err" &
	within $(((WAIT_MS + SLACK_MS) / 1000)) gone $! || {
		note "no answer after $(($(now_ms) - begin)) ms"
		echo N >$fake/hold_ctrl
		echo N >$fake/hold_data
		wait $!
		return 1
	}
	wait $!
	rc=$?
	took=$(($(now_ms) - begin))
	[ $rc -eq 0 ] && cmp -s "$tmp/out" "$tmp/want.$1" || { cat "$tmp/err"; return 1; }
}

declare -A serial
bits=(1024 2048 3072 4096)
modprobe pkcs8_key_parser
for n in "${bits[@]}"; do
	pem=$KEY_DIR/$n.pem
	[ -e $pem ] || { pem=$tmp/$n.pem; openssl genrsa -out "$pem" "$n" 2>/dev/null; }
	openssl pkcs8 -topk8 -nocrypt -in "$pem" -outform DER -out "$tmp/p8"
	serial[$n]=$(keyctl padd asymmetric "silent$n" @u <"$tmp/p8") || fatal "no key of $n bits"
	keyctl setperm "${serial[$n]}" 0x3f3f0000
	# The result of the first one has leading zeros.
	{ head -c $((n / 8 - 16)) /dev/zero; head -c 16 /dev/urandom; } >"$tmp/want.$n"
	openssl pkeyutl -encrypt -inkey "$pem" -pkeyopt rsa_padding_mode:none -in "$tmp/want.$n" \
		-out "$tmp/in.$n"
done

for name in $others; do
	echo "$name" >$driver/unbind
done
echo "$WAIT_MS" >$param/max_wait_ms
check "a device is there" device || tap_end
before_ops=$(cat $fake/operations)
raw 1024
verdict $? "it computes"
# Where results are verified with the public exponent that is not the device's work.
expect "once" $(($(cat $fake/operations) - before_ops)) -eq 1
echo Y >$fake/strip
raw 1024
verdict $? "a device that leaves out leading zeros: the result is right"
echo N >$fake/strip
# A key that is used for the first time is opened: from here on only with the control queue held.
expect "sessions of the driver's and of the device" "$(counted sessions)" -eq \
	"$(cat $fake/sessions)"
opened=$(counted sessions)

note "the control queue is not answered"
lines=$(log_lines "does not answer on its control queue")
echo Y >$fake/hold_ctrl
for n in 2048 3072 4096; do
	raw $n
	verdict $? "a new key, $n bits: the result is right, by software"
	expect "... after ms" "$took" -le $((WAIT_MS + SLACK_MS))
done
expect "requests that were given up, of three keys'" "$(counted control_late)" -eq 1
expect "... counted" "$(counted control_timeouts)" -eq 1
lines=$(($(log_lines "does not answer on its control queue") - lines))
expect "log lines that say so" $lines -eq 1
raw 1024
verdict $? "a key whose session is open is used"
late=$(counted control_late)
echo N >$fake/hold_ctrl
check "late answers come" within 30 has control_late -eq 0
check "what they opened is closed" within 30 eval '[ "$(cat $fake/sessions)" -eq '"$opened"' ]'
expect "... and not held by the driver" "$(counted sessions)" -eq "$opened"
expect "... nor to be closed" "$(counted sessions_unclosed)" -eq 0
raw 2048
verdict $? "a new key is taken again"
expect "... by the device" "$(counted sessions)" -eq $((opened + 1))
[ "$late" -gt 0 ]
verdict $? "... there were some"

note "unbound while the control queue is held"
dev=$(basename "$(ls -d $driver/virtio*)")
echo Y >$fake/hold_ctrl
raw 3072 &
sleep 0.3
begin=$(now_ms)
echo "$dev" >$driver/unbind
expect "unbound after ms" $(($(now_ms) - begin)) -le $((5000 + SLACK_MS))
wait
echo N >$fake/hold_ctrl
echo "$dev" >$driver/bind
check "bound again, it computes" within 60 live
echo Y >$fake/hold_ctrl
echo "$dev" >$driver/unbind
begin=$(now_ms)
echo "$dev" >$driver/bind
expect "bound to a silent device after ms" $(($(now_ms) - begin)) -le $((10000 + SLACK_MS))
echo N >$fake/hold_ctrl
check "it answers: taken in time" within 60 live

note "the data queue is not answered: cbc(aes)"
check "cipher_check loads" modprobe cipher_check threads=2 pause_ms=20 key_ops=0
moves device
verdict $? "the device computes"
echo Y >$fake/hold_data
moves sw_waited
verdict $? "software computes what it does not answer"
moves ops
verdict $? "and goes on"
late=$(cipher late_answers)
echo N >$fake/hold_data
check "late answers come" within 30 eval '[ "$(cipher late_answers)" -gt '"$late"' ]'
moves device
verdict $? "the device computes again"
echo Y >$fake/hold_data
moves sw_waited
begin=$(now_ms)
echo "$dev" >$driver/unbind
expect "unbound while operations are late, ms" $(($(now_ms) - begin)) -le $((5000 + SLACK_MS))
echo N >$fake/hold_data
echo "$dev" >$driver/bind
check "bound again" within 60 live
echo 1 >/sys/module/cipher_check/parameters/stop
check "cipher_check ends" within 30 grep -qx 0 /sys/module/cipher_check/parameters/busy
expect "cbc(aes): failed" "$(cat /sys/module/cipher_check/parameters/errors)" -eq 0
expect "cbc(aes): wrong" "$(cat /sys/module/cipher_check/parameters/wrong)" -eq 0
rmmod cipher_check

note "each operation's session is unknown to the device"
raw 1024
first=$(counted sessions)
echo Y >$fake/forget
right=0
for _ in $(seq "$FORGET"); do
	raw 1024 && right=$((right + 1))
done
expect "operations that were right, by software" $right -eq "$FORGET"
echo N >$fake/forget
expect "sessions the driver holds" "$(counted sessions)" -le "$first"
expect "sessions it closed that were unknown" "$(cat $fake/unknown_closed)" -eq 0
raw 1024
verdict $? "it is used again"

note "a small ring that is always full"
check "a device with a ring of 16" device ring=16
modprobe asym_bench
echo virtio-crypto-rsa >$debug/asym_bench/driver
echo encrypt >$debug/asym_bench/op
echo 1 >$debug/asym_bench/check
echo 32 >$debug/asym_bench/depth
echo 2 >$debug/asym_bench/threads
echo 6 >$debug/asym_bench/seconds
echo 10 >$fake/latency_ms
lines=$(log_lines "known-answer tests did not get through")
echo 1 >$debug/asym_bench/run &
sleep 1
dev=$(basename "$(ls -d $driver/virtio*)")
echo "$dev" >$driver/unbind
echo "$dev" >$driver/bind
check "taken under load" within 30 live
wait
expect "known-answer tests that did not get through" \
	$(($(log_lines "known-answer tests did not get through") - lines)) -eq 0
check "it is live still" live
for name in errors wrong doubled lost; do
	value=$(awk -v n="$name" '$1 == n { print $2 }' $debug/asym_bench/result)
	expect "... $name" "$value" -eq 0
done
check "unloaded" rmmod asym_bench virtio_crypto_fake

note "a device whose AES-CBC is wrong with all keys but that of the known-answer test"
passed() {
	awk '$1 == "driver" { ours = $3 == "virtio_crypto_aes_cbc" }
		ours && $1 == "selftest" { exit $3 != "passed" }' /proc/crypto
}
check "the driver is unloaded" rmmod virtio_crypto
# No other device: the first one that joins would be the one that is asked.
echo 0 >/sys/bus/virtio/drivers_autoprobe
modprobe virtio_crypto
echo 1 >/sys/bus/virtio/drivers_autoprobe
check "the driver is loaded, and the device is live" device wrong_cbc=Y
check "the kernel's self test is answered by software" within 30 passed
check "no warning of the self test" sh -c '! dmesg | grep -q "alg: .*virtio_crypto_aes_cbc.*failed"'
echo "$WAIT_MS" >$param/max_wait_ms
check "unloaded" rmmod virtio_crypto_fake
tap_end
