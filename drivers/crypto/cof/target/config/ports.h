/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ports/. See ports.c.
 */
#ifndef _COF_TARGET_CONFIG_PORTS_H
#define _COF_TARGET_CONFIG_PORTS_H

#include <linux/configfs.h>

extern const struct config_item_type cof_tgt_ports_type;

#endif /* _COF_TARGET_CONFIG_PORTS_H */
