#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Hosts of a pool share it by weight and cost, whatever they pile up.
#
# The hosts are qos.py's, on a pool and a port of its own, on asym_sim. The machine is the lab's
# "loop". COF_SOAK=1: longer.
#
# needs: topology loop, modules asym_sim, programs openssl python3
# check: mainline
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/qos.py" fairness
