#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Everything that one machine with all modules can show.
#
# LOOP_TESTS  which, as FOLDER/NAME, with commas (default: these)
here=$(dirname "$0")
rc=0
all=asym/rsa,asym/inflight,asym/ready,asym/ecdsa,asym/ecdsa_device,virtio/sessions,cof/config_errors,cof/hostile_peer
all=$all,virtio/cbc_aes,virtio/silent,virtio/tampered,virtio/doorbell,vdpa/hostile,vdpa/fuzz,vdpa/limits,vdpa/unit
all=$all,asym/wrong_device,cof/short_results,asym/rmmod,asym/trust
for test in $(echo "${LOOP_TESTS:-$all}" | tr , ' '); do
	case $test in
	vdpa/limits) test="vdpa/limits.py waiting" ;;
	virtio/cbc_aes | virtio/tampered | vdpa/hostile) test=$test.py ;;
	*) test=$test.sh ;;
	esac
	echo "# $test, $(cut -d' ' -f1 /proc/uptime) s after power on"
	# shellcheck disable=SC2086	# a script and its argument
	"$here/"$test || rc=1
done
exit $rc
