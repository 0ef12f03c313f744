#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A guest of device-host.sh, see there: measures when it is told to.
bench=/sys/kernel/debug/asym_bench
files=/run/lab/files/device
die()
{
	echo "bench: $NODE: $*" >&2
	dmesg | tail -n 5 >&2
	exit 1
}
# The other guest is measured while this one waits: no process for each look, and few looks.
mkfifo /run/nothing
exec 3<>/run/nothing
mkdir -p $files
modprobe -a virtio_crypto asym_bench pkcs8_key_parser || die "modules"
: >"$files/$NODE.up"
tries=600
until grep -qs '^driver *: virtio-crypto-rsa$' /proc/crypto; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || die "the driver registers nothing"
	sleep 0.2
done
echo virtio-crypto-rsa >$bench/driver || die "asym_bench does not take the driver"
echo decrypt >$bench/op
echo 0 >$bench/check
: >"$files/$NODE.ready"
while [ ! -e "$files/$NODE.end" ]; do
	if [ -e "$files/$NODE.go" ]; then
		read -r depth seconds <"$files/$NODE.go"
		rm "$files/$NODE.go"
		echo "$depth" >$bench/depth
		echo "$seconds" >$bench/seconds
		echo 1 >$bench/run || die "asym_bench"
		cat $bench/result >"$files/$NODE.new"
		mv "$files/$NODE.new" "$files/$NODE.result"
	fi
	read -rt 1 -u 3
done
exit 0
