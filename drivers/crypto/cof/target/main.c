// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof_target.ko: init and exit.
 *
 * Whatever is configured pins the module (configfs), so at exit there is no
 * port, no pool, no connection; only work items that freed the last of them
 * may still be returning, and destroy_workqueue() waits for those.
 */
#include "target.h"

#include <linux/module.h>

static int __init cof_target_init(void)
{
	int err;

	cof_tgt_wq = alloc_workqueue("cof_target", WQ_UNBOUND, 0);
	if (!cof_tgt_wq)
		return -ENOMEM;
	cof_tgt_key_wq = alloc_workqueue("cof_target_keys", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!cof_tgt_key_wq) {
		err = -ENOMEM;
		goto destroy_wq;
	}
	err = cof_tgt_config_init();
	if (err)
		goto destroy_key_wq;
	return 0;

destroy_key_wq:
	destroy_workqueue(cof_tgt_key_wq);
destroy_wq:
	destroy_workqueue(cof_tgt_wq);
	return err;
}
module_init(cof_target_init);

static void __exit cof_target_exit(void)
{
	cof_tgt_config_exit();
	destroy_workqueue(cof_tgt_key_wq);
	destroy_workqueue(cof_tgt_wq);
}
module_exit(cof_target_exit);

MODULE_DESCRIPTION("Crypto over Fabrics: target");
MODULE_LICENSE("GPL");
