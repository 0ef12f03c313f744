#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest that boots itself again leaves no session in its device, which has room for 256 and forgets
# none at a reset (QEMU's backend): in no boot a session has to go for another.
#
# The machine is the lab's "guest", whose QEMU resets it (COF_LAB_QEMU_ARGS='-action reboot=reset').
# BOOTS  how often (default 3; 10 with COF_SOAK=1); KEYS of each boot (100)
#
# needs: topology guest, lab COF_LAB_QEMU_ARGS=-action+reboot=reset, programs pkey_stress
# check: stable --smp=1
here=$(dirname "$0")
. "$here/../lib/tap.sh"
case ${COF_SOAK:-} in
'' | 0) BOOTS=${BOOTS:-3} ;;
*) BOOTS=${BOOTS:-10} ;;
esac
KEYS=${KEYS:-100}
# What outlives a boot
kept=/run/lab/files/reboot
mkdir -p $kept
nr=$(($(cat $kept/boots 2>/dev/null || echo 0) + 1))
echo $nr >$kept/boots
# By their exponents no key is one of an earlier boot.
seed=$((RANDOM * 65536 + 131073))

live() {
	grep -qs '^state live$' /sys/kernel/debug/virtio_crypto/*/stats
}

evicted() {
	awk '$1 == "session_evictions" { print $2 }' /sys/kernel/debug/asym/virtio/stats
}

within 60 live || echo "the device is not live" >>$kept/faults
pkey_stress $(key 1024) -E $seed -N "$KEYS" -n $((3 * KEYS)) -R -o sign >$kept/out.$nr 2>&1 ||
	echo "signing failed" >>$kept/faults
opened=$(awk '$1 == "session_opens" { print $2 }' /sys/kernel/debug/asym/virtio/stats)
[ "${opened:-0}" -ge "$KEYS" ] || echo "only ${opened:-0} sessions were opened" >>$kept/faults
evicted >$kept/evicted.$nr
note "boot $nr: $opened sessions opened, $(cat $kept/evicted.$nr) evicted"
if [ $nr -lt "$BOOTS" ]; then
	# The lab takes a machine that starts twice for one that failed.
	rm -f /run/lab/nodes/"$NODE"/started
	sync
	sleep 1
	busybox reboot -f
	sleep 60
fi
check "each of $BOOTS boots computed with the device" [ ! -e $kept/faults ]
[ ! -e $kept/faults ] || sed 's/^/# /' $kept/faults
for ((nr = 1; nr <= BOOTS; nr++)); do
	expect "boot $nr: sessions that had to go for others" "$(cat $kept/evicted.$nr)" -eq 0
done
tap_end
