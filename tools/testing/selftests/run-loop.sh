#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Everything that one machine with all modules can show; where the kernel has
# kmemleak, also that nothing is lost on the way.
here=$(dirname "$0")
. "$here/lib/tap.sh"
rc=0
leaks=/sys/kernel/debug/kmemleak
[ ! -e $leaks ] || lab kmemleak begin || rc=1
for test in asym/rsa.sh asym/inflight.sh asym/ready.sh cof/config_errors.sh cof/hostile_peer.sh \
	vdpa/hostile.py asym/wrong_device.sh asym/rmmod.sh; do
	echo "# $test, $(cut -d' ' -f1 /proc/uptime) s after power on"
	"$here/$test" || rc=1
done
[ ! -e $leaks ] || check "no memory was leaked" lab kmemleak || rc=1
exit $rc
