// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_executor: computes RSA and ECDSA on local LKCF drivers, for vdpa_crypto,
 * cof_target and asym_provider's software fallback.
 *
 * This file creates and destroys executors, in process context. See
 * main.h for the objects, op.c for operations.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/pad.h>

#include "drivers.h"
#include "key.h"
#include "main.h"
#include "op.h"
#include "stats.h"
#include "wq.h"

/**
 * asym_exec_create() - create an executor
 * @params: its name, drivers and limits; used during the call only
 *
 * Looks up the drivers, which may load modules, and keeps them from being
 * unloaded until asym_exec_destroy(). With @params->wait_drivers, missing drivers are looked up
 * again whenever LKCF has a new algorithm.
 *
 * Context: process; may sleep.
 * Return: the executor, or ERR_PTR(): -EINVAL for a name that no raw RSA driver
 * has (a template, a repetition, another algorithm) or invalid @params,
 * -ENOENT for a missing driver, -ELIBBAD for one that failed the kernel's
 * self-tests, -E2BIG for more than four, -ENOMEM.
 */
struct asym_exec *asym_exec_create(const struct asym_exec_params *params)
{
	struct asym_exec *exec;
	int err;

	if (!params->name || !*params->name || params->max_inflight > EXEC_MAX_INFLIGHT)
		return ERR_PTR(-EINVAL);

	exec = kzalloc_obj(*exec);
	if (!exec)
		return ERR_PTR(-ENOMEM);
	strscpy(exec->name, params->name);
	refcount_set(&exec->refs, 1);
	init_completion(&exec->released);
	spin_lock_init(&exec->lock);
	INIT_LIST_HEAD(&exec->fifo);
	INIT_DELAYED_WORK(&exec->pump_work, exec_pump_work);
	INIT_WORK(&exec->drivers_work, exec_drivers_work);
	exec->ready_changed = params->ready_changed;
	exec->data = params->data;

	err = exec_drivers_init(exec, params);
	if (err) {
		kfree(exec);
		return ERR_PTR(err);
	}
	exec->max_inflight = params->max_inflight;
	exec->any_inflight = !params->max_inflight;
	exec_set_inflight(exec);
	exec_debugfs_add(exec);
	/* The notifier missed drivers that were registered before this executor was in the list. */
	exec_drivers_look(exec);
	return exec;
}
EXPORT_SYMBOL_GPL(asym_exec_create);

/**
 * asym_exec_destroy() - destroy an executor
 * @exec: the executor; NULL and ERR_PTR() are ignored
 *
 * Waits until every request is answered and every key is freed. The caller has
 * dropped its keys, or drops them without waiting for this to return.
 *
 * Context: process; sleeps.
 */
void asym_exec_destroy(struct asym_exec *exec)
{
	if (IS_ERR_OR_NULL(exec))
		return;
	exec_debugfs_del(exec);
	cancel_work_sync(&exec->drivers_work);
	exec_put(exec);
	wait_for_completion(&exec->released);
	cancel_delayed_work_sync(&exec->pump_work);
	exec_drivers_exit(exec);
	kfree(exec);
}
EXPORT_SYMBOL_GPL(asym_exec_destroy);

/**
 * asym_exec_request_size() - size of a request
 * @exec: the executor
 *
 * Context: any.
 * Return: bytes to allocate for a struct asym_exec_request, the same for the
 * life of the executor. The memory must be physically contiguous (kmalloc()).
 */
size_t asym_exec_request_size(struct asym_exec *exec)
{
	return exec_request_size(exec->reqsize);
}
EXPORT_SYMBOL_GPL(asym_exec_request_size);

/**
 * asym_exec_caps() - get the capabilities of an executor
 * @exec: the executor
 * @caps: filled in
 *
 * Context: any.
 */
void asym_exec_caps(struct asym_exec *exec, struct asym_caps *caps)
{
	int hash, curve;

	*caps = (struct asym_caps){
		.algos = BIT(ASYM_RSA) | BIT(ASYM_ECDSA),
		.rsa_ops = BIT(ASYM_ENCRYPT) | BIT(ASYM_DECRYPT) |
			   BIT(ASYM_SIGN) | BIT(ASYM_VERIFY),
		.rsa_paddings = BIT(ASYM_PAD_RAW) | BIT(ASYM_PAD_PKCS1),
		.rsa_min_bits = ASYM_RSA_MIN_BITS,
		.rsa_max_bits = ASYM_RSA_MAX_BITS,
		.ec_ops = BIT(ASYM_SIGN) | BIT(ASYM_VERIFY),
	};
	for (hash = 0; hash < ASYM_HASH_NR; hash++)
		if (asym_hash_name(hash))
			caps->rsa_hashes |= BIT(hash);
	for (curve = 0; curve < ASYM_CURVE_NR; curve++)
		if (ecdsa_max_sig(curve))
			caps->ec_curves |= BIT(curve);
}
EXPORT_SYMBOL_GPL(asym_exec_caps);

/**
 * asym_exec_driver() - get the preferred driver of an executor
 * @exec: the executor
 *
 * Context: any.
 * Return: its cra_driver_name; lives as long as the executor.
 */
const char *asym_exec_driver(struct asym_exec *exec)
{
	return exec->drivers[0].name;
}
EXPORT_SYMBOL_GPL(asym_exec_driver);

static int __init asym_executor_init(void)
{
	int err;

	err = exec_wq_init();
	if (err)
		return err;
	err = exec_drivers_module_init();
	if (err) {
		exec_wq_exit();
		return err;
	}
	exec_debugfs_init();
	return 0;
}

static void __exit asym_executor_exit(void)
{
	/* No executor exists, but the last work item of one may still be returning. */
	exec_drivers_module_exit();
	exec_debugfs_exit();
	exec_wq_exit();
}

module_init(asym_executor_init);
module_exit(asym_executor_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Asymmetric crypto on local drivers, for devices and servers");
