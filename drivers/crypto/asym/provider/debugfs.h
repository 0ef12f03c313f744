/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters in debugfs. See debugfs.c.
 */
#ifndef _ASYM_PROVIDER_DEBUGFS_H
#define _ASYM_PROVIDER_DEBUGFS_H

struct asym_class;
struct asym_device_priv;

void provider_debugfs_init(void);
void provider_debugfs_exit(void);
void provider_debugfs_add_class(struct asym_class *class);
void provider_debugfs_del_class(struct asym_class *class);
void provider_debugfs_add_device(struct asym_device_priv *pdev);
void provider_debugfs_del_device(struct asym_device_priv *pdev);

#endif /* _ASYM_PROVIDER_DEBUGFS_H */
