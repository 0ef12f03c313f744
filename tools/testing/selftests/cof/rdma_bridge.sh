#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# rdma_bridge, by which hand-made peers get to targets and initiators over RDMA, is exact.
#
# The machine has a device: the lab's "loop" with --transport rdma.
here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/rdma_bridge.py"
