// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof_target.ko: lets other hosts use this one's asymmetric crypto. Init and exit are here.
 *
 * Ownership. A port (configfs) has a listener and queues; a queue is one
 * connection. A pool (configfs) has, while enabled, an executor and associations. An
 * association has keys, its admin queue and its I/O queues. References: an
 * operation in flight holds its queue, a queue holds its association; the
 * freeing of a queue is what its port waits for when it is disabled, that of an
 * association what its pool waits for. So nothing that is configured goes
 * while something uses it.
 *
 * A driver may take any time for what it has, so disabling waits in a work item (struct
 * cof_tgt_object), which holds the object and the module, and never with a mutex held.
 *
 * Locks, outermost first:
 *   object->lock    mutex: the configuration of one port or pool; not held while something in
 *                   flight is waited for
 *   cof_tgt_lock    spinlock, bottom halves disabled: all lists and links between the
 *                   objects, enabled flags, dying/closed flags; never on the path of an operation
 *   assoc->key_lock rwlock: the key table; read while an operation is submitted
 *   queue->lock     spinlock: free requests, admin requests
 *   pool->qos.lock  asym_qos's; queue->lock may be held
 *   conn->tx_lock   cof.ko's
 *
 * Contexts: connections call back with bottom halves disabled; all that may sleep is
 * done by work items on cof_tgt_wq, none of which waits for another one of
 * the same object, except freeing, which waits for the object's others.
 *
 * Each configured object pins the module (configfs), so at exit there is no
 * port, no pool, no connection; only work items that freed the last of them
 * may still be returning, and destroy_workqueue() waits for those.
 */
#include <linux/module.h>
#include <linux/workqueue.h>

#include "config/root.h"
#include "shared.h"

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
