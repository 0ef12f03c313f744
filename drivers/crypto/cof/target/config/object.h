/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Common to ports and pools. See object.c.
 */
#ifndef _COF_TARGET_CONFIG_OBJECT_H
#define _COF_TARGET_CONFIG_OBJECT_H

#include <linux/completion.h>
#include <linux/configfs.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct cof_tgt_object;

/**
 * struct cof_tgt_object_ops - what differs between ports and pools; process context
 * @kind: "port" or "pool", for the log
 * @enable: it is disabled; @lock held
 * @disable: it begins to be disabled; may be NULL; @lock held
 * @drain: ends what uses it, and waits for that as long as drivers do; no lock held
 * @disabled: nothing is left of it; @lock held
 */
struct cof_tgt_object_ops {
	const char *kind;
	int (*enable)(struct cof_tgt_object *object);
	void (*disable)(struct cof_tgt_object *object);
	void (*drain)(struct cof_tgt_object *object);
	void (*disabled)(struct cof_tgt_object *object);
};

/**
 * struct cof_tgt_object - a port or a pool
 * @group: its folder
 * @ops: what it does
 * @lock: the configuration
 * @enabled: may be used; written by @ops under @lock, that of a pool under cof_tgt_lock, too
 * @disabling: @off_work is queued or runs; @lock
 * @off_work: waits for what is in flight; holds a reference to the object, and one to the module
 * @off_done: nothing is left
 */
struct cof_tgt_object {
	struct config_group group;
	const struct cof_tgt_object_ops *ops;
	struct mutex lock;	/* the configuration */
	bool enabled;
	bool disabling;
	struct work_struct off_work;
	struct completion off_done;
};

static inline const char *cof_tgt_object_name(const struct cof_tgt_object *object)
{
	return object->group.cg_item.ci_name;
}

extern struct configfs_attribute cof_tgt_attr_enable;

ssize_t cof_tgt_store_string(char *dst, size_t size, const char *page, size_t count);
bool cof_tgt_unused(const unsigned int *users);
void cof_tgt_drain(const unsigned int *users);
int cof_tgt_object_busy(const struct cof_tgt_object *object, const char *attribute);
void cof_tgt_object_drop(struct config_group *group, struct config_item *item);
void cof_tgt_object_init(struct cof_tgt_object *object, const char *name,
			 const struct config_item_type *type,
			 const struct cof_tgt_object_ops *ops);

#endif /* _COF_TARGET_CONFIG_OBJECT_H */
