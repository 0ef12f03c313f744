#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Everything that one machine with all modules can show.
here=$(dirname "$0")
rc=0
for test in asym/rsa.sh asym/inflight.sh asym/ready.sh asym/ecdsa.sh asym/ecdsa_device.sh virtio/sessions.sh cof/config_errors.sh cof/hostile_peer.sh \
	virtio/cbc_aes.py virtio/silent.sh virtio/tampered.py virtio/doorbell.sh vdpa/hostile.py vdpa/fuzz.sh "vdpa/limits.py waiting" vdpa/unit.sh \
	asym/wrong_device.sh cof/short_results.sh asym/rmmod.sh asym/trust.sh; do
	echo "# $test, $(cut -d' ' -f1 /proc/uptime) s after power on"
	# shellcheck disable=SC2086	# a script and its argument
	"$here/"$test || rc=1
done
exit $rc
