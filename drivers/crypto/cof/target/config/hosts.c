// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target/hosts/<hostid>. Changes the list of hosts, under cof_tgt_lock.
 * Process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "../../addr.h"
#include "../pool.h"
#include "../shared.h"
#include "hosts.h"

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

const struct config_item_type cof_tgt_hosts_type = {
	.ct_group_ops	= &hosts_group_ops,
	.ct_owner	= THIS_MODULE,
};
