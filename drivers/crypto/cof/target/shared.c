// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared by all files of the target: the lock of lists and links, workqueues, which main.c makes
 * and destroys, and the module's parameters.
 */
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <uapi/linux/cof.h>

#include "shared.h"

/* All lists and links between objects; see main.c. */
DEFINE_SPINLOCK(cof_tgt_lock);

/* A port or a pool may have no users left. */
DECLARE_WAIT_QUEUE_HEAD(cof_tgt_gone);

/* Works that do not wait for drivers. */
struct workqueue_struct *cof_tgt_wq;

/* Works that do: they prepare keys, and disable ports and pools. */
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
