#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On one node of the chain, beside a script on another (in_tree.sh in the guest, killed-host.sh on
# the hypervisor): tells it this node's counters whenever it asks, and sets how long its simulated
# accelerator takes.
#
# needs: topology chain
here=$(dirname "$0")
. "$here/../lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
ask=/run/lab/files/counters
nr=1
until [ -e "$ask.end" ]; do
	if [ -e "$ask.$nr" ]; then
		hops >"$ask.$nr.new"
		awk '$1 == "SUnreclaim:" { print "memory.slab_kb", $2 }' /proc/meminfo >>"$ask.$nr.new"
		mv "$ask.$nr.new" "$ask.$nr.answer"
		nr=$((nr + 1))
	fi
	if [ -e "$ask.latency_us" ]; then
		mv "$ask.latency_us" "$tmp/latency_us"
		cat "$tmp/latency_us" >/sys/module/asym_sim/parameters/latency_us
		: >"$ask.latency_set"
	fi
	sleep 0.2
done
expect "another node asked for counters" "$nr" -gt 2
tap_end
