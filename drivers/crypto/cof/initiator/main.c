// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof_initiator: algorithms that are computed by a pool in another machine.
 *
 * This file owns the module: the order in which the rest comes and goes. Folders in
 * configfs pin the module, so when it leaves there is no pool. There may be transforms,
 * which are asym_provider's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include "config/pool.h"
#include "shared.h"
#include "sysfs.h"

/*
 * Reboot, halt, kexec: targets are told, instead of keeping this host's keys until they notice that
 * it is gone. Who still computes gets software from here on.
 */
static int cofi_reboot(struct notifier_block *block, unsigned long event, void *command)
{
	cofi_config_shutdown();
	return NOTIFY_DONE;
}

static struct notifier_block cofi_reboot_block = {
	.notifier_call = cofi_reboot,
};

static int __init cofi_init(void)
{
	int err;

	cofi_wq = alloc_workqueue("cof_initiator", WQ_UNBOUND, 0);
	if (!cofi_wq)
		return -ENOMEM;
	err = -ENOMEM;
	cofi_close_wq = alloc_workqueue("cof_initiator_close", WQ_UNBOUND, 0);
	if (!cofi_close_wq)
		goto destroy_wq;
	err = cofi_sysfs_init();
	if (err)
		goto destroy_close_wq;
	err = register_reboot_notifier(&cofi_reboot_block);
	if (err)
		goto exit_sysfs;
	err = cofi_config_init();
	if (err)
		goto unregister_reboot;
	return 0;

unregister_reboot:
	unregister_reboot_notifier(&cofi_reboot_block);
exit_sysfs:
	cofi_sysfs_exit();
destroy_close_wq:
	destroy_workqueue(cofi_close_wq);
destroy_wq:
	destroy_workqueue(cofi_wq);
	return err;
}

static void __exit cofi_exit(void)
{
	cofi_config_exit();
	unregister_reboot_notifier(&cofi_reboot_block);
	cofi_sysfs_exit();
	destroy_workqueue(cofi_close_wq);
	destroy_workqueue(cofi_wq);
}

module_init(cofi_init);
module_exit(cofi_exit);

MODULE_DESCRIPTION("Crypto over Fabrics: initiator");
MODULE_LICENSE("GPL");
