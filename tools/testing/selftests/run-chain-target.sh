#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the pool of the chain; see run-chain-guest.sh.
exec sh "$(dirname "$0")/chain/hop.sh" target 3
