/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pools/. See pools.c.
 */
#ifndef _COF_TARGET_CONFIG_POOLS_H
#define _COF_TARGET_CONFIG_POOLS_H

#include <linux/configfs.h>

struct cof_tgt_pool;

extern const struct config_item_type cof_tgt_pools_type;

struct cof_tgt_pool *to_cof_tgt_pool(struct config_item *item);

#endif /* _COF_TARGET_CONFIG_POOLS_H */
