#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Crypto over Fabrics, initiators and target in one machine: paths, quotas, fair shares, what is
# lost, damaged, or malformed.
#
# COF_TESTS  which of cof/*.sh, or FOLDER/NAME, with commas (default: these)
here=$(dirname "$0")
rc=0
for test in $(echo "${COF_TESTS:-paths,scope,inline,quota,throttled,fairness,lossy,silent,drain,fault,fuzz}" | tr , ' '); do
	case $test in
	*/*) ;;
	*) test=cof/$test ;;
	esac
	echo "# $test.sh, $(cut -d' ' -f1 /proc/uptime) s after power on"
	"$here/$test.sh" || rc=1
done
exit $rc
