// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared by all classes: the software executor, workqueues, and the module's parameters. main.c
 * creates and frees the former. No locks.
 */
#include <linux/moduleparam.h>

#include "shared.h"

#define CACHE_MAX_LIMIT		65536
#define IDLE_SECS_LIMIT		86400

/* The kernel's software, through asym_executor: one executor; each provider_key has a key of it. */
struct asym_exec *provider_software;

/*
 * Completes operations that were answered in an interrupt, verifies results, ends waits, frees
 * classes. Not WQ_MEM_RECLAIM: no storage path waits for RSA, and drivers allocate with
 * GFP_KERNEL when they open a session.
 */
struct workqueue_struct *provider_wq;

/*
 * For work that waits for devices: opening and closing sessions, tests. It is separate because a
 * workqueue limits its active works, and the end of an operation must not wait for other devices.
 */
struct workqueue_struct *provider_open_wq;

unsigned int provider_cache_max = 256;
unsigned int provider_idle_secs = 60;

static int cache_max_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, CACHE_MAX_LIMIT);
}

static const struct kernel_param_ops cache_max_ops = {
	.set = cache_max_set,
	.get = param_get_uint,
};
module_param_cb(session_cache_max, &cache_max_ops, &provider_cache_max, 0644);
MODULE_PARM_DESC(session_cache_max,
		 "Keys without a transform that a class remembers, 1 to 65536 (default 256)");

static int idle_secs_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 0, IDLE_SECS_LIMIT);
}

static const struct kernel_param_ops idle_secs_ops = {
	.set = idle_secs_set,
	.get = param_get_uint,
};
module_param_cb(session_idle_secs, &idle_secs_ops, &provider_idle_secs, 0644);
MODULE_PARM_DESC(session_idle_secs,
		 "Seconds after which an unused session is closed, and a key without a transform forgotten, up to 86400 (default 60; 0: a key without a transform is forgotten at once)");
