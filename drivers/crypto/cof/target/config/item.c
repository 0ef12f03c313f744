// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ports and pools have in common: strings that are written to them, and disabling, which
 * waits in a work item. Process context.
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../shared.h"
#include "item.h"

/**
 * cof_tgt_store_string() - what was written to an attribute, without white space at its ends
 * @dst: receives it; unchanged on error
 * @size: bytes at @dst
 * @page: as configfs gives it
 * @count: bytes at @page
 *
 * Return: @count; -EINVAL if it does not fit or holds a NUL.
 */
ssize_t cof_tgt_store_string(char *dst, size_t size, const char *page, size_t count)
{
	size_t len = count;

	while (len && isspace(page[len - 1]))
		len--;
	while (len && isspace(*page)) {
		page++;
		len--;
	}
	if (len >= size || memchr(page, '\0', len))
		return -EINVAL;
	memcpy(dst, page, len);
	dst[len] = '\0';
	return count;
}

/**
 * cof_tgt_unused() - does nothing use a port or a pool any more?
 * @users: its counter
 *
 * Context: process.
 * Return: true if so; cof_tgt_gone is woken when that becomes true.
 */
bool cof_tgt_unused(const unsigned int *users)
{
	bool unused;

	spin_lock_bh(&cof_tgt_lock);
	unused = !*users;
	spin_unlock_bh(&cof_tgt_lock);
	return unused;
}

/**
 * cof_tgt_off_init() - for a new port or pool
 * @off: its
 * @work: disables it; waits for drivers; cof_tgt_off_end() is the last that it does
 */
void cof_tgt_off_init(struct cof_tgt_off *off, work_func_t work)
{
	INIT_WORK(&off->work, work);
	init_completion(&off->done);
}

/**
 * cof_tgt_off_begin() - disable a port or a pool
 * @off: its; does not run
 * @item: the port or pool
 *
 * Context: process; the object's lock held. @off->done is completed when nothing is left.
 */
void cof_tgt_off_begin(struct cof_tgt_off *off, struct config_item *item)
{
	off->running = true;
	reinit_completion(&off->done);
	__module_get(THIS_MODULE);
	config_item_get(item);
	queue_work(cof_tgt_key_wq, &off->work);
}

/**
 * cof_tgt_off_done() - it is disabled
 * @off: its
 *
 * Context: @off->work, the object's lock held. It may be disabled again from then on.
 */
void cof_tgt_off_done(struct cof_tgt_off *off)
{
	off->running = false;
	complete_all(&off->done);
}

/**
 * cof_tgt_off_end() - the last that @off->work does
 * @item: the port or pool; may be gone on return
 *
 * Context: @off->work, without a lock. The module's exit waits for the workqueue.
 */
void cof_tgt_off_end(struct config_item *item)
{
	config_item_put(item);
	module_put(THIS_MODULE);
}
