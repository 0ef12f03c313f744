#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Quotas, limits and fair shares, on the clock: of a target's hosts, of a device's guest; and waits that
# end.
#
# QOS_TESTS  which, with commas (default: these)
here=$(dirname "$0")
rc=0
for test in $(echo "${QOS_TESTS:-quota,throttled,hung,fairness,limits,neighbours}" | tr , ' '); do
	case $test in
	limits) test=vdpa/limits.py ;;
	neighbours) test="vdpa/limits.py neighbours" ;;
	*) test=cof/$test.sh ;;
	esac
	echo "# $test, $(cut -d' ' -f1 /proc/uptime) s after power on"
	# shellcheck disable=SC2086	# a script and its argument
	"$here/"$test || rc=1
done
exit $rc
