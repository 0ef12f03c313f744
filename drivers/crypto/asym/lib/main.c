// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_lib: keys, costs and padding, as asym_provider and asym_executor both need them. The
 * module has no state.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Keys and padding of asymmetric crypto");
MODULE_LICENSE("GPL");
