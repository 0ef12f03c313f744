#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What travels while this machine (loop) connects to its pool, signs, verifies and disconnects:
# capture.pcap and secrets.hex in the run's files, for scripts/checks/wireshark.
#
# needs: topology loop, programs openssl pkey_stress python3, keys 2048
# check: scripts/checks/wireshark
here=$(dirname "$0")
. "$here/../lib/tap.sh"
export PYTHONDONTWRITEBYTECODE=1
files=${FILES:-/run/lab/files}
path=/sys/kernel/config/cof_initiator/pool0/paths/1/enable
tmp=$(mktemp -d) || exit 1
sniffer=
trap '[ -z "$sniffer" ] || kill $sniffer; rm -rf "$tmp"' EXIT

is() {
	grep -qx "state $1" /sys/kernel/debug/virtio_crypto/*/stats
}

echo 0 >$path
check "without its path the device is idle" within 20 is idle
python3 "$here/capture.py" sniff "$tmp/pcap" 4430 >"$tmp/said" 2>&1 &
sniffer=$!
check "the capture begins" within 20 grep -q listening "$tmp/said"
echo 1 >$path
check "with its path the device is live" within 20 is live
hops >"$tmp/before"
# shellcheck disable=SC2046 # two words
check "signatures are right" "${PKEY_STRESS:-pkey_stress}" $(key 2048) -n 5 -o sign
hops >"$tmp/after"
expect "by the pool" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.device)" -eq 5
expect "by software" "$(hop_delta "$tmp/before" "$tmp/after" class/cof-pool0.software)" -eq 0
echo 0 >$path
check "without its path the device is idle" within 20 is idle
sleep 0.5
kill $sniffer
wait $sniffer
verdict $? "the capture ends $(cat "$tmp/said" | tr '\n' ' ')"
sniffer=
echo 1 >$path
check "with its path the device is live" within 20 is live
openssl rsa -in "$KEY_DIR/2048.pem" -traditional -outform DER -out "$tmp/der" 2>/dev/null &&
	python3 "$here/capture.py" secrets "$tmp/der" >"$files/secrets.hex" && cp "$tmp/pcap" "$files/capture.pcap"
verdict $? "capture.pcap, $(wc -c <"$tmp/pcap") bytes"
tap_end
