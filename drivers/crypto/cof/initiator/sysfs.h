/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/class/cof. See sysfs.c.
 */
#ifndef _COFI_SYSFS_H
#define _COFI_SYSFS_H

struct cofi_path;

int cofi_sysfs_init(void);
void cofi_sysfs_exit(void);
int cofi_sysfs_add(struct cofi_path *path, const char *n);
void cofi_sysfs_del(struct cofi_path *path);

#endif /* _COFI_SYSFS_H */
