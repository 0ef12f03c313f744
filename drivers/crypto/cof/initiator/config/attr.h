/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading and writing files in configfs. See attr.c.
 */
#ifndef _COFI_CONFIG_ATTR_H
#define _COFI_CONFIG_ATTR_H

#include <linux/printk.h>
#include <linux/types.h>

struct mutex;

/* For the log: which file was written to, and why that is refused. */
#define cofi_refuse(object, attr, fmt, ...) \
	pr_warn("%s: %s: " fmt "\n", object, attr, ##__VA_ARGS__)

ssize_t cofi_store_string(const char *object, const char *attr, char *dst, size_t size,
			  const char *page, size_t count);
bool cofi_store_bool(const char *object, const char *attr, bool *value, const char *page);
ssize_t cofi_show_string(struct mutex *lock, const char *field, char *page);

#endif /* _COFI_CONFIG_ATTR_H */
