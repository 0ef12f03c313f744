#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the hypervisor and the pool: save this node's counters before and after the guest used its keys.
set -eu
cd "$(dirname "$0")"
. ./tap.sh
out=/run/lab/files
lab barrier demo-ready 3
hops >"$out/$NODE.before"
lab barrier demo-begin 3
lab barrier demo-end 3
hops >"$out/$NODE.after"
