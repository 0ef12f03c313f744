/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hosts/. See hosts.c.
 */
#ifndef _COF_TARGET_CONFIG_HOSTS_H
#define _COF_TARGET_CONFIG_HOSTS_H

#include <linux/configfs.h>

struct cof_tgt_host;

extern const struct config_item_type cof_tgt_hosts_type;

struct cof_tgt_host *to_cof_tgt_host(struct config_item *item);

#endif /* _COF_TARGET_CONFIG_HOSTS_H */
