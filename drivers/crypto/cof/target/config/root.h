/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration. See root.c.
 */
#ifndef _COF_TARGET_CONFIG_ROOT_H
#define _COF_TARGET_CONFIG_ROOT_H

int cof_tgt_config_init(void);
void cof_tgt_config_exit(void);

#endif /* _COF_TARGET_CONFIG_ROOT_H */
