#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the pool of the chain runs.
exec sh "$(dirname "$0")/chain/hop.sh" target
