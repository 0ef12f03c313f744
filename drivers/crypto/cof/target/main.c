// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof_target.ko: parameters, what all files share, init and exit.
 *
 * Whatever is configured pins the module (configfs), so at exit there is no
 * port, no pool, no connection; only work items that freed the last of them
 * may still be returning, and destroy_workqueue() waits for those.
 */
#include "target.h"

#include <linux/module.h>

DEFINE_SPINLOCK(cof_tgt_lock);	/* all lists and links; see target.h */
DECLARE_WAIT_QUEUE_HEAD(cof_tgt_gone);
struct workqueue_struct *cof_tgt_wq;
struct workqueue_struct *cof_tgt_key_wq;

/* A parameter that has bounds: out of them is -EINVAL, also on the command line. */
struct cof_tgt_bounds {
	unsigned int *value;
	unsigned int min;
	unsigned int max;
};

static int bounded_set(const char *val, const struct kernel_param *kp)
{
	const struct cof_tgt_bounds *bounds = kp->arg;

	return param_set_uint_minmax(val, &(struct kernel_param){ .arg = bounds->value },
				     bounds->min, bounds->max);
}

static int bounded_get(char *buffer, const struct kernel_param *kp)
{
	const struct cof_tgt_bounds *bounds = kp->arg;

	return sysfs_emit(buffer, "%u\n", *bounds->value);
}

static const struct kernel_param_ops bounded_ops = {
	.set = bounded_set,
	.get = bounded_get,
};

#define BOUNDS(var, low, high) \
	(&(struct cof_tgt_bounds){ .value = &(var), .min = (low), .max = (high) })

unsigned int cof_tgt_max_hops = 1;
module_param_cb(max_hops, &bounded_ops, BOUNDS(cof_tgt_max_hops, 1, COF_MAX_HOPS - 1), 0644);
MODULE_PARM_DESC(max_hops, "fabrics an operation may cross; more are refused (default 1)");

unsigned int cof_tgt_max_keys = 1024;
module_param_cb(max_keys, &bounded_ops, BOUNDS(cof_tgt_max_keys, 1, 1 << 14), 0644);
MODULE_PARM_DESC(max_keys, "keys an association may hold open (default 1024)");

unsigned int cof_tgt_max_queues = 16;
module_param_cb(max_queues, &bounded_ops, BOUNDS(cof_tgt_max_queues, 1, COF_MAX_QUEUES), 0644);
MODULE_PARM_DESC(max_queues, "I/O queues granted to an association at most (default 16)");

unsigned int cof_tgt_max_depth = 256;
module_param_cb(max_depth, &bounded_ops, BOUNDS(cof_tgt_max_depth, 1, COF_MAX_DEPTH), 0644);
MODULE_PARM_DESC(max_depth, "requests in flight granted on an I/O queue at most (default 256)");

unsigned int cof_tgt_max_assocs = 256;
module_param_cb(max_assocs, &bounded_ops, BOUNDS(cof_tgt_max_assocs, 1, 1 << 16), 0644);
MODULE_PARM_DESC(max_assocs, "associations of a pool at most (default 256)");

unsigned int cof_tgt_max_host_assocs = 16;
module_param_cb(max_host_assocs, &bounded_ops, BOUNDS(cof_tgt_max_host_assocs, 1, 1 << 16), 0644);
MODULE_PARM_DESC(max_host_assocs, "associations of a host with a pool at most (default 16)");

unsigned int cof_tgt_max_conns = 1024;
module_param_cb(max_conns, &bounded_ops, BOUNDS(cof_tgt_max_conns, 1, 1 << 16), 0644);
MODULE_PARM_DESC(max_conns, "connections of associations on a port at most (default 1024)");

unsigned int cof_tgt_max_host_conns = 256;
module_param_cb(max_host_conns, &bounded_ops, BOUNDS(cof_tgt_max_host_conns, 1, 1 << 16), 0644);
MODULE_PARM_DESC(max_host_conns, "connections of a host on a port at most (default 256)");

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
