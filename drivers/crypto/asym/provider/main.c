// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_provider: the module, its parameters and what all classes share: the
 * software that computes what no device does, and the workqueue for all that
 * sleeps. Process context; no locks.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/executor.h>

#include "alg/register.h"
#include "debugfs.h"
#include "main.h"
#include "op/pool.h"

#define CREATE_TRACE_POINTS
#include <trace/events/asym.h>

#define CACHE_MAX_LIMIT		65536
#define IDLE_SECS_LIMIT		86400

/* The kernel's software, through asym_executor: made once, keyed by each provider_key. */
struct asym_exec *provider_software;

/*
 * Completes what was answered in an interrupt, verifies results, ends waits, frees classes.
 * Not WQ_MEM_RECLAIM: no storage path waits for RSA, and drivers allocate with
 * GFP_KERNEL when they open a session.
 */
struct workqueue_struct *provider_wq;

/*
 * What waits for devices: opens and closes sessions, tests. A workqueue has a limit to what
 * is active, and nothing that ends an operation may wait for a device that has none of it.
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

static int __init provider_init(void)
{
	static const struct asym_exec_params params = {
		.name = "asym_provider",
		.drivers = "rsa-generic",
	};
	int err;

	provider_wq = alloc_workqueue("asym_provider", WQ_UNBOUND, 0);
	if (!provider_wq)
		return -ENOMEM;
	provider_open_wq = alloc_workqueue("asym_provider_open", WQ_UNBOUND, 0);
	if (!provider_open_wq) {
		err = -ENOMEM;
		goto err_destroy_wq;
	}

	provider_software = asym_exec_create(&params);
	if (IS_ERR(provider_software)) {
		err = PTR_ERR(provider_software);
		pr_err("no software RSA (rsa-generic): %d\n", err);
		goto err_destroy_open_wq;
	}

	err = provider_ops_init();
	if (err)
		goto err_destroy_software;

	err = crypto_register_template(&provider_template);
	if (err)
		goto err_exit_ops;

	provider_debugfs_init();
	return 0;

err_exit_ops:
	provider_ops_exit();
err_destroy_software:
	asym_exec_destroy(provider_software);
err_destroy_open_wq:
	destroy_workqueue(provider_open_wq);
err_destroy_wq:
	destroy_workqueue(provider_wq);
	return err;
}

/* No algorithm is in use: the owner of its class would hold this module, or a transform would. */
static void __exit provider_exit(void)
{
	provider_debugfs_exit();
	/* The crypto core frees what it still has, and the workqueue the classes of that. */
	crypto_unregister_template(&provider_template);
	destroy_workqueue(provider_wq);
	destroy_workqueue(provider_open_wq);
	provider_ops_exit();
	asym_exec_destroy(provider_software);
}

module_init(provider_init);
module_exit(provider_exit);

MODULE_DESCRIPTION("Registers asymmetric algorithms for devices that compute them elsewhere");
MODULE_LICENSE("GPL");
