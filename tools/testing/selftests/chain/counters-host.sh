#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor, beside in_tree.sh in the guest: tells it the counters of its device whenever
# it asks.
here=$(dirname "$0")
. "$here/../lib/tap.sh"
ask=/run/lab/files/counters
nr=1
until [ -e "$ask.end" ]; do
	if [ -e "$ask.$nr" ]; then
		hops >"$ask.$nr.new"
		mv "$ask.$nr.new" "$ask.$nr.answer"
		nr=$((nr + 1))
	fi
	sleep 0.2
done
expect "the guest asked for counters" "$nr" -gt 5
tap_end
