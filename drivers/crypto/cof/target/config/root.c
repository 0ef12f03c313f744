// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target: the subsystem. Process context.
 */
#include <linux/configfs.h>
#include <linux/module.h>

#include "hosts.h"
#include "pools.h"
#include "ports.h"
#include "root.h"

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
	config_group_init_type_name(&hosts_group, "hosts", &cof_tgt_hosts_type);
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
