/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pools/<pool>/stats/. See stats.c.
 */
#ifndef _COF_TARGET_CONFIG_STATS_H
#define _COF_TARGET_CONFIG_STATS_H

#include <linux/configfs.h>

extern const struct config_item_type cof_tgt_stats_type;

#endif /* _COF_TARGET_CONFIG_STATS_H */
