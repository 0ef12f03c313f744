// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common to ports and pools: strings that are written to them, enabling, and disabling,
 * which waits in a work item. Process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/string.h>

#include "../shared.h"
#include "object.h"

#define OBJECT_DRAIN_MS	2000	/* initiators told so may go in order */
#define OBJECT_DROP_MS	5000	/* rmdir waits so long */

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
 * cof_tgt_drain() - initiators were told to go: wait a while for those that do
 * @users: of the port or pool
 *
 * Context: process; sleeps.
 */
void cof_tgt_drain(const unsigned int *users)
{
	wait_event_timeout(cof_tgt_gone, cof_tgt_unused(users), msecs_to_jiffies(OBJECT_DRAIN_MS));
}

static struct cof_tgt_object *item_to_object(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_object, group);
}

/**
 * cof_tgt_object_busy() - may a port or a pool be changed?
 * @object: the port or pool
 * @attribute: what is to be changed, for the log
 *
 * Context: process; @object->lock held.
 * Return: 0; -EBUSY: it is enabled, or being disabled, which is logged.
 */
int cof_tgt_object_busy(const struct cof_tgt_object *object, const char *attribute)
{
	if (!object->enabled && !object->disabling)
		return 0;
	pr_err("%s %s: %s: the %s is %s\n", object->ops->kind, cof_tgt_object_name(object),
	       attribute, object->ops->kind,
	       object->disabling ? "being disabled; try again when that is done" :
				   "enabled; write 0 to 'enable' first");
	return -EBUSY;
}

/* The module's exit waits for the workqueue. */
static void object_off_work(struct work_struct *work)
{
	struct cof_tgt_object *object = container_of(work, struct cof_tgt_object, off_work);

	object->ops->drain(object);
	scoped_guard(mutex, &object->lock) {
		object->ops->disabled(object);
		pr_info("%s %s: disabled\n", object->ops->kind, cof_tgt_object_name(object));
		object->disabling = false;
		complete_all(&object->off_done);
	}
	config_item_put(&object->group.cg_item);
	module_put(THIS_MODULE);
}

/* True: object->off_done will tell. */
static bool object_disable(struct cof_tgt_object *object)
{
	guard(mutex)(&object->lock);
	if (object->enabled && !object->disabling) {
		if (object->ops->disable)
			object->ops->disable(object);
		object->disabling = true;
		reinit_completion(&object->off_done);
		__module_get(THIS_MODULE);
		config_item_get(&object->group.cg_item);
		queue_work(cof_tgt_key_wq, &object->off_work);
	}
	return object->disabling;
}

static ssize_t object_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(item_to_object(item)->enabled));
}

static ssize_t object_enable_store(struct config_item *item, const char *page, size_t count)
{
	struct cof_tgt_object *object = item_to_object(item);
	bool enable;
	int err;

	if (kstrtobool(page, &enable)) {
		pr_err("%s %s: enable: write 0 or 1\n", object->ops->kind,
		       cof_tgt_object_name(object));
		return -EINVAL;
	}
	if (!enable) {
		if (object_disable(object) && wait_for_completion_killable(&object->off_done))
			return -EINTR;
		return count;
	}
	guard(mutex)(&object->lock);
	if (object->enabled && !object->disabling)
		return count;
	err = cof_tgt_object_busy(object, "enable") ?: object->ops->enable(object);
	return err ?: count;
}

/* Of each port and pool. */
struct configfs_attribute cof_tgt_attr_enable = {
	.ca_name	= "enable",
	.ca_mode	= 0644,
	.ca_owner	= THIS_MODULE,
	.show		= object_enable_show,
	.store		= object_enable_store,
};

/**
 * cof_tgt_object_drop() - rmdir: disables a port or a pool
 * @group: ports/ or pools/
 * @item: the port or pool
 *
 * All of the subsystem waits meanwhile, so not for long; the rest is done without it.
 *
 * Context: configfs_group_operations.drop_item.
 */
void cof_tgt_object_drop(struct config_group *group, struct config_item *item)
{
	struct cof_tgt_object *object = item_to_object(item);

	if (object_disable(object))
		wait_for_completion_timeout(&object->off_done, msecs_to_jiffies(OBJECT_DROP_MS));
	config_item_put(item);
}

/**
 * cof_tgt_object_init() - a new port or pool
 * @object: in it
 * @name: of its folder
 * @type: of its folder
 * @ops: what it does
 *
 * Context: process.
 */
void cof_tgt_object_init(struct cof_tgt_object *object, const char *name,
			 const struct config_item_type *type,
			 const struct cof_tgt_object_ops *ops)
{
	object->ops = ops;
	mutex_init(&object->lock);
	INIT_WORK(&object->off_work, object_off_work);
	init_completion(&object->off_done);
	config_group_init_type_name(&object->group, name, type);
}
