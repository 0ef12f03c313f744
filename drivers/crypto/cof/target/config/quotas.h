/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pools/<pool>/quotas/. See quotas.c.
 */
#ifndef _COF_TARGET_CONFIG_QUOTAS_H
#define _COF_TARGET_CONFIG_QUOTAS_H

#include <linux/configfs.h>

extern const struct config_item_type cof_tgt_quotas_type;

#endif /* _COF_TARGET_CONFIG_QUOTAS_H */
