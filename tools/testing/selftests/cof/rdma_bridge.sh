#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# rdma_bridge, by which hand-made peers get to targets and initiators over RDMA, is exact.
#
# The machine has a device: the lab's "loop" with --transport rdma.
#
# needs: topology loop, transport rdma, programs python3 rdma_bridge
# check: uml/rdma
# soak: stable/rdma
here=$(dirname "$0")
. "$here/../lib/tap.sh"
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/rdma_bridge.py"
