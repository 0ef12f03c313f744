// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_lib: keys, costs and padding, shared by asym_provider and asym_executor. The module has no
 * state.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Keys and padding of asymmetric crypto");
MODULE_LICENSE("GPL");
