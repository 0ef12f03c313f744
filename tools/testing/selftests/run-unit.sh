#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a kernel with KUnit and sanitizers can show without any setup: the unit tests, and encodings
# of keys and signatures.
here=$(dirname "$0")
rc=0
sh "$here/asym/kunit.sh" || rc=1
sh "$here/asym/ecdsa_der.sh" || rc=1
exit $rc
