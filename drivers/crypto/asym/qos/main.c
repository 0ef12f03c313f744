// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_qos: limits, shares and latencies of the users of an executor. The module has no state:
 * schedulers belong to their owners, cof_target and vdpa_crypto.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Limits, shares and latencies of asymmetric crypto requests");
MODULE_LICENSE("GPL");
