#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Quotas, limits and fair shares, on the clock: of a target's hosts, of a device's guest.
here=$(dirname "$0")
rc=0
COF_TESTS=quota,throttled,fairness "$here/run-cof.sh" || rc=1
echo "# vdpa/limits.py, $(cut -d' ' -f1 /proc/uptime) s after power on"
"$here/vdpa/limits.py" || rc=1
exit $rc
