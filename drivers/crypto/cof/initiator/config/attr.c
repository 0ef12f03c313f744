// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files in configfs, of pools and of paths: reading and writing one. No state.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>
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

/**
 * cofi_store_bool() - take a yes or no from a write
 * @object: for the log
 * @attr: likewise
 * @value: gets it
 * @page: what was written
 *
 * Return: true: it is one.
 */
bool cofi_store_bool(const char *object, const char *attr, bool *value, const char *page)
{
	if (!kstrtobool(page, value))
		return true;
	cofi_refuse(object, attr, "0 or 1, please");
	return false;
}

/**
 * cofi_show_string() - read a word that a write may change
 * @lock: guards it
 * @field: the word
 * @page: gets it
 *
 * Context: may sleep.
 * Return: bytes at @page.
 */
ssize_t cofi_show_string(struct mutex *lock, const char *field, char *page)
{
	ssize_t len;

	mutex_lock(lock);
	len = sysfs_emit(page, "%s\n", field);
	mutex_unlock(lock);
	return len;
}
