#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vdpa-crypto-device(8): the device is as its file says, or there is none, and why is said.
#
# needs: topology loop, modules asym_sim
# check: mainline
# soak: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
tools=$here/../../../vdpa-crypto
[ -d "$tools" ] || tools=$here	# installed
tool=$tools/vdpa-crypto-device
[ -x "$tool" ] || skip "no vdpa-crypto-device"
folder=/sys/kernel/config/vdpa_crypto/unit
export VDPA_CRYPTO_CONFIG_DIR="$tmp" VDPA_CRYPTO_RUN_DIR="$tmp/run"
trap '"$tool" stop unit; rm -rf "$tmp"' EXIT

# has ATTRIBUTE - its value
has() { cat "$folder/$1"; }

# refused TEXT FILE... - no device, and TEXT is said
refused()
{
	text=$1
	shift
	printf '%s\n' "$@" >"$tmp/unit.conf"
	if "$tool" start unit >"$tmp/out" 2>&1; then
		verdict 1 "refused: $text"
	else
		grep -q "$text" "$tmp/out" && [ ! -d "$folder" ] && [ ! -e "$tmp/run/unit" ]
		verdict $? "refused: $text"
	fi
	sed 's/^/# /' "$tmp/out"
}

"$tool" start none 2>&1 | grep -q "there is no .*/none.conf"
verdict $? "without a file there is no device"
refused "unit.conf:2: a device has no attribute 'colour'" queues=3 colour=red
refused "unit.conf:1: 'stats/ops' is no attribute" stats/ops=1
refused "unit.conf:1: this is not attribute=value" queues
refused "enable is what this program does" enable=1
refused "queues cannot be '65': queues: not a number from 1 to 64" queues=65
refused "drivers cannot be 'pkcs1pad(rsa)': drivers: .* cannot be used" "drivers=pkcs1pad(rsa)"
refused "owner cannot be 'nobody-at-all'" drivers=rsa-generic owner=nobody-at-all
"$tool" start ../x >/dev/null 2>&1
expect "a name that is none: status" $? -eq 64
"$tool" >/dev/null 2>&1
expect "nothing to do: status" $? -eq 64
"$tool" --help | grep -q "^vdpa-crypto-device start NAME"
verdict $? "--help"

printf '%s\n' '# a comment' drivers=rsa-generic queues=3 ops_per_sec=123 '' owner=daemon >"$tmp/unit.conf"
check "a device" "$tool" start unit
expect "queues" "$(has queues)" -eq 3
expect "ops_per_sec" "$(has ops_per_sec)" -eq 123
expect "enable" "$(has enable)" -eq 1
node=$(readlink "$tmp/run/unit")
expect "drivers_autoprobe, as before" "$(cat /sys/bus/vdpa/drivers_autoprobe)" -eq 1
[ -c "$node" ] && [ "$(stat -c %U "$node")" = daemon ]
verdict $? "its file, $node, is the owner's"
"$tool" status unit >"$tmp/out"
grep -q "^ops_per_sec 123$" "$tmp/out"
verdict $? "status: its settings"
grep -q "^stats/requests 0$" "$tmp/out"
verdict $? "and counters: nobody but a virtual machine had it"
"$tool" start unit 2>&1 | grep -q "there is a device unit; stop it first"
verdict $? "a second start is refused"
expect "which changes nothing: queues" "$(has queues)" -eq 3
check "it is stopped" "$tool" stop unit
[ ! -d "$folder" ] && [ ! -e "$tmp/run/unit" ] && [ ! -e /sys/bus/vdpa/devices/unit ]
verdict $? "nothing is left"
check "once more" "$tool" stop unit

# A driver that comes later, as a pool does that cannot be reached yet. Nobody loads asym_sim for its name.
ready() { sed -n 's/^ready //p' /sys/kernel/debug/asym_executor/unit; }
comes() {
	for _ in $(seq 100); do
		[ "$(ready)" = 1 ] && return 0
		sleep 0.1
	done
	return 1
}
! grep -q "^driver *: sim-rsa$" /proc/crypto
verdict $? "sim-rsa is not there"
printf '%s\n' drivers=sim-rsa algorithms=rsa >"$tmp/unit.conf"
"$tool" start unit 2>"$tmp/out" >/dev/null
verdict $? "a device for a driver that is not there"
grep -q "unit waits for drivers that the kernel does not have now: sim-rsa" "$tmp/out"
verdict $? "which is said"
[ -c "$tmp/run/unit" ] && [ -e /sys/bus/vdpa/devices/unit ]
verdict $? "there is the device"
expect "it is not ready" "$(ready)" -eq 0
dmesg | tail -n 20 | grep -q "vdpa_crypto: unit: enable: no such driver now: sim-rsa; the device waits for it"
verdict $? "the log names the driver"
"$tool" status unit | grep -q "^stats/missing_drivers sim-rsa$"
verdict $? "so does its status"
modprobe asym_sim
check "when the driver comes it is ready" comes
"$tool" status unit | grep -q "^stats/missing_drivers$"
verdict $? "no driver is missing"
check "it is stopped" "$tool" stop unit
check "the driver is not used any more" rmmod asym_sim

for name in unit unit2 unit3; do
	printf '%s\n' drivers=rsa-generic >"$tmp/$name.conf"
	"$tool" start $name >/dev/null &
done
wait
expect "three at the same time: drivers_autoprobe" "$(cat /sys/bus/vdpa/drivers_autoprobe)" -eq 1
for name in unit unit2 unit3; do
	expect "$name: requests of others than a virtual machine" \
		"$(cat "${folder%/*}/$name/stats/requests")" -eq 0
	check "$name is stopped" "$tool" stop $name
done
unit=$tools/vdpa-crypto@.service
expect "commands of the unit that are this program's" \
	"$(grep -cE '^Exec(Start|Stop)=/usr/sbin/vdpa-crypto-device (start|stop) %i$' "$unit")" -eq 2
tap_end
