/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ports and pools have in common. See item.c.
 */
#ifndef _COF_TARGET_CONFIG_ITEM_H
#define _COF_TARGET_CONFIG_ITEM_H

#include <linux/completion.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#define COF_TGT_DRAIN_MS	2000	/* initiators told so may go in order */
#define COF_TGT_DROP_MS		5000	/* rmdir waits so long; the rest is done without it */

struct config_item;

/**
 * struct cof_tgt_off - disables a port or a pool
 * @work: waits for what is in flight; holds a reference to the object, and one to the module
 * @done: nothing is left
 * @running: it is queued or runs; the object's lock
 */
struct cof_tgt_off {
	struct work_struct work;
	struct completion done;
	bool running;
};

ssize_t cof_tgt_store_string(char *dst, size_t size, const char *page, size_t count);
bool cof_tgt_unused(const unsigned int *users);
void cof_tgt_off_init(struct cof_tgt_off *off, work_func_t work);
void cof_tgt_off_begin(struct cof_tgt_off *off, struct config_item *item);
void cof_tgt_off_done(struct cof_tgt_off *off);
void cof_tgt_off_end(struct config_item *item);

#endif /* _COF_TARGET_CONFIG_ITEM_H */
