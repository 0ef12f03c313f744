#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The KUnit suites in our modules; they run when a module is loaded, and report
# in debugfs. For kernels that have KUnit.
#
# needs: root, bare, kunit
# needs: modules asym_provider cof_target cof_initiator vdpa_crypto virtio_crypto pkcs8_key_parser
# check: uml
# quick: uml
here=$(dirname "$0")
. "$here/../lib/tap.sh"

[ -d /sys/kernel/debug/kunit ] || fatal "this kernel has no KUnit"
modprobe -a asym_lib asym_qos asym_executor asym_provider ecdsa_sign pkcs8_key_parser cof cof_tcp cof_target \
	cof_initiator vdpa_crypto virtio_crypto || fatal "modules do not load"
suites=0
for results in /sys/kernel/debug/kunit/*/results; do
	suite=${results%/results}
	suite=${suite##*/}
	case $suite in
	asym* | cof* | ecdsa* | pkcs8 | provider* | virtio_crypto* | vdpa_crypto*) ;;
	*) continue ;;
	esac
	suites=$((suites + 1))
	passed=$(grep -cE '^ +ok [0-9]' "$results")
	failed=$(grep -cE '^ +not ok [0-9]' "$results")
	grep -E '^ +not ok|# .*(EXPECT|ASSERT)' "$results" | sed 's/^/# /'
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	verdict $? "KUnit $suite: $passed passed, $failed failed"
done
expect "KUnit suites" $suites -ge 17
tap_end
