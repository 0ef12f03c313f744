// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is written to files in configfs, of pools and of paths. No state, no locks.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/string.h>
#include "attr.h"

/**
 * cofi_store_string() - take a word from a write
 * @object: for the log
 * @attr: likewise
 * @dst: gets it, NUL-terminated
 * @size: bytes at @dst
 * @page: what was written
 * @count: bytes at @page
 *
 * Return: its length, or -EINVAL: it is empty, too long, or more than a word.
 */
ssize_t cofi_store_string(const char *object, const char *attr, char *dst, size_t size,
			  const char *page, size_t count)
{
	size_t len = count;

	if (len && page[len - 1] == '\n')
		len--;
	if (!len || len >= size) {
		cofi_refuse(object, attr, "1 to %zu characters, please", size - 1);
		return -EINVAL;
	}
	if (strnlen(page, len) != len || strcspn(page, " \t\n") < len) {
		cofi_refuse(object, attr, "one word, please");
		return -EINVAL;
	}
	memcpy(dst, page, len);
	dst[len] = '\0';
	return len;
}
