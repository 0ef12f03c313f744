#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the target of a pair; see run-pair-initiator.sh.
exec sh "$(dirname "$0")/chain/hop.sh" target 2
