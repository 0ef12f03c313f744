/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is written to files in configfs. See attr.c.
 */
#ifndef _COFI_ATTR_H
#define _COFI_ATTR_H

#include <linux/printk.h>
#include <linux/types.h>

/* For the log: which file was written to, and why that is refused. */
#define cofi_refuse(object, attr, fmt, ...) \
	pr_warn("%s: %s: " fmt "\n", object, attr, ##__VA_ARGS__)

ssize_t cofi_store_string(const char *object, const char *attr, char *dst, size_t size,
			  const char *page, size_t count);

#endif /* _COFI_ATTR_H */
