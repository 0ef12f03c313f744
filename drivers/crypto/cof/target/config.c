// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target: the subsystem, and hosts/. Process context.
 */
#include "target.h"

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>

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

/* ---- disabling ----------------------------------------------------------- */

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

/* ---- hosts/<hostid> ------------------------------------------------------ */

static void host_release(struct config_item *item)
{
	kfree(container_of(item, struct cof_tgt_host, item));
}

static struct configfs_item_operations host_item_ops = {
	.release	= host_release,
};

static const struct config_item_type host_type = {
	.ct_item_ops	= &host_item_ops,
	.ct_owner	= THIS_MODULE,
};

/**
 * to_cof_tgt_host() - a host by its configfs item
 * @item: of any kind
 *
 * Return: the host; NULL if it is something else.
 */
struct cof_tgt_host *to_cof_tgt_host(struct config_item *item)
{
	return item->ci_type == &host_type ? container_of(item, struct cof_tgt_host, item) : NULL;
}

static struct config_item *hosts_make_item(struct config_group *group, const char *name)
{
	struct cof_tgt_host *host;

	if (!cof_name_valid(name)) {
		pr_err("hosts: %s: not a host id: 1 to 63 of A-Z a-z 0-9 . _ : + -\n", name);
		return ERR_PTR(-EINVAL);
	}
	host = kzalloc_obj(*host);
	if (!host)
		return ERR_PTR(-ENOMEM);
	config_item_init_type_name(&host->item, name, &host_type);
	spin_lock_bh(&cof_tgt_lock);
	list_add_tail(&host->list, &cof_tgt_hosts);
	spin_unlock_bh(&cof_tgt_lock);
	return &host->item;
}

static void hosts_drop_item(struct config_group *group, struct config_item *item)
{
	struct cof_tgt_host *host = container_of(item, struct cof_tgt_host, item);

	spin_lock_bh(&cof_tgt_lock);
	list_del(&host->list);
	spin_unlock_bh(&cof_tgt_lock);
	config_item_put(item);
}

static struct configfs_group_operations hosts_group_ops = {
	.make_item	= hosts_make_item,
	.drop_item	= hosts_drop_item,
};

static const struct config_item_type hosts_type = {
	.ct_group_ops	= &hosts_group_ops,
	.ct_owner	= THIS_MODULE,
};

/* ---- the subsystem ------------------------------------------------------- */

static const struct config_item_type root_type = {
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem cof_tgt_subsystem = {
	.su_group.cg_item = {
		.ci_namebuf	= "cof_target",
		.ci_type	= &root_type,
	},
};

static struct config_group hosts_group;
static struct config_group pools_group;
static struct config_group ports_group;

/**
 * cof_tgt_config_init() - make the folder
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int cof_tgt_config_init(void)
{
	struct config_group *root = &cof_tgt_subsystem.su_group;

	config_group_init(root);
	mutex_init(&cof_tgt_subsystem.su_mutex);
	config_group_init_type_name(&hosts_group, "hosts", &hosts_type);
	configfs_add_default_group(&hosts_group, root);
	config_group_init_type_name(&pools_group, "pools", &cof_tgt_pools_type);
	configfs_add_default_group(&pools_group, root);
	config_group_init_type_name(&ports_group, "ports", &cof_tgt_ports_type);
	configfs_add_default_group(&ports_group, root);
	return configfs_register_subsystem(&cof_tgt_subsystem);
}

/**
 * cof_tgt_config_exit() - remove the folder; nothing is configured
 *
 * Context: module exit.
 */
void cof_tgt_config_exit(void)
{
	configfs_unregister_subsystem(&cof_tgt_subsystem);
}
