// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classes: created and destroyed by the drivers, in process context.
 *
 * A class whose transforms outlive it becomes a zombie: no lookup finds its algorithms, it
 * has no devices, and computes in software. Each algorithm, which the crypto core frees with
 * its last transform, has a reference to the class, and holds this module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/export.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <crypto/internal/asym/executor.h>

#include "alg/register.h"
#include "class.h"
#include "debugfs.h"
#include "device.h"
#include "key.h"
#include "op/wait.h"
#include "ref.h"
#include "shared.h"
#include "stats.h"

/* For lookups that were under way, and the crypto core's workqueue */
#define SETTLE_MS	200

/* "-pkcs1-rsa-sha256" */
#define SUFFIX_MAX	20

/* Free a class without references. Process context; may sleep. */
static void class_free(struct asym_class *class)
{
	/* Leaked memory is better than a use after free. */
	if (!provider_cache_flush(class))
		return;
	if (atomic_read(&class->transforms)) {
		pr_err("%s: %d transforms are left behind\n", class->name,
		       atomic_read(&class->transforms));
		return;
	}
	cancel_delayed_work_sync(&class->wait_work);
	mutex_destroy(&class->ready_mutex);
	mutex_destroy(&class->mutex);
	free_percpu(class->stats);
	kfree_sensitive(class);
	provider_object(PROVIDER_OBJECT_CLASSES, -1);
}

static void free_work(struct work_struct *work)
{
	class_free(container_of(work, struct asym_class, free_work));
}

static int class_copy_name(char *to, const char *from, const char *what, unsigned int reserve)
{
	size_t len = from ? strlen(from) : 0;

	if (!len) {
		pr_err("class without a %s\n", what);
		return -EINVAL;
	}
	if (len + reserve >= CRYPTO_MAX_ALG_NAME) {
		pr_err("class %s '%s' is too long\n", what, from);
		return -ENAMETOOLONG;
	}
	memcpy(to, from, len + 1);
	return 0;
}

/**
 * asym_class_create() - create a class
 * @params: its parameters; copied
 *
 * The algorithms are registered when the first device is live.
 *
 * Context: process; may sleep.
 * Return: the class, or ERR_PTR(): -EINVAL, -ENAMETOOLONG, -ENOMEM.
 */
struct asym_class *asym_class_create(const struct asym_class_params *params)
{
	struct asym_class *class;
	int err;

	class = kzalloc_obj(*class);
	if (!class)
		return ERR_PTR(-ENOMEM);

	err = class_copy_name(class->name, params->name, "name", 0) ?:
	      class_copy_name(class->prefix, params->prefix, "prefix", SUFFIX_MAX) ?:
	      class_copy_name(class->pkcs1_prefix, params->pkcs1_prefix ?: params->prefix,
			      "PKCS#1 prefix", SUFFIX_MAX);
	if (!err && params->priority < 0) {
		pr_err("%s: priority %d is negative\n", class->name, params->priority);
		err = -EINVAL;
	}
	if (!err) {
		class->stats = alloc_percpu(struct provider_stats);
		err = class->stats ? 0 : -ENOMEM;
	}
	if (err) {
		kfree(class);
		return ERR_PTR(err);
	}

	snprintf(class->leaf, sizeof(class->leaf), "%s-rsa", class->prefix);
	class->priority = params->priority;
	class->fallback = params->fallback;
	class->policy = params->policy;
	class->public_ops = params->public_ops;
	class->max_wait_ms = params->max_wait_ms;
	class->unchecked_results = params->unchecked_results;
	get_random_bytes(&class->secret, sizeof(class->secret));
	mutex_init(&class->mutex);
	mutex_init(&class->ready_mutex);
	refcount_set(&class->refs, 1);
	INIT_WORK(&class->free_work, free_work);
	spin_lock_init(&class->lock);
	INIT_LIST_HEAD(&class->devices);
	provider_cache_init(class);
	provider_wait_init(class);
	provider_debugfs_add_class(class);
	provider_object(PROVIDER_OBJECT_CLASSES, 1);
	return class;
}
EXPORT_SYMBOL_GPL(asym_class_create);

/**
 * asym_class_destroy() - destroy a class
 * @class: the class; without devices. The caller must not use it any more
 *
 * On return no lookup finds the algorithms, and another class may have their names.
 * Existing transforms compute in software (or fail, with ASYM_FALLBACK_ERROR). The class
 * exists, and holds asym_provider, until the last one is freed.
 *
 * Context: process; may sleep.
 */
void asym_class_destroy(struct asym_class *class)
{
	if (IS_ERR_OR_NULL(class))
		return;
	if (class->nr_devices)
		pr_err("%s: destroyed with %u devices in it\n", class->name, class->nr_devices);
	provider_debugfs_del_class(class);
	if (class->algs)
		provider_algs_unregister(class, class->algs, class->nr_algs);
	class->algs = NULL;

	wait_event_timeout(provider_settled, refcount_read(&class->refs) == 1,
			   msecs_to_jiffies(SETTLE_MS));
	if (refcount_dec_and_test(&class->refs))
		class_free(class);
}
EXPORT_SYMBOL_GPL(asym_class_destroy);

/**
 * asym_class_set_fallback() - set what happens when no device can compute an operation
 * @class: the class
 * @fallback: for operations from now on
 *
 * Context: any.
 */
void asym_class_set_fallback(struct asym_class *class, enum asym_fallback fallback)
{
	WRITE_ONCE(class->fallback, fallback);
}
EXPORT_SYMBOL_GPL(asym_class_set_fallback);

/**
 * asym_class_set_policy() - set how the device of an operation is selected
 * @class: the class
 * @policy: for operations from now on; those that wait for a device keep it
 *
 * Context: any.
 */
void asym_class_set_policy(struct asym_class *class, enum asym_policy policy)
{
	WRITE_ONCE(class->policy, policy);
}
EXPORT_SYMBOL_GPL(asym_class_set_policy);

/**
 * asym_class_set_public_ops() - set where public-key operations are computed
 * @class: the class
 * @public_ops: for operations from now on
 *
 * Context: any.
 */
void asym_class_set_public_ops(struct asym_class *class, enum asym_public_ops public_ops)
{
	WRITE_ONCE(class->public_ops, public_ops);
}
EXPORT_SYMBOL_GPL(asym_class_set_public_ops);

/**
 * asym_class_set_max_wait() - set how long an operation waits for a device
 * @class: the class
 * @ms: milliseconds, also for operations that wait already; 0: no limit
 *
 * Context: any but hard interrupts.
 */
void asym_class_set_max_wait(struct asym_class *class, unsigned int ms)
{
	WRITE_ONCE(class->max_wait_ms, ms);
	provider_wait_changed(class);
}
EXPORT_SYMBOL_GPL(asym_class_set_max_wait);

/**
 * asym_class_set_unchecked_results() - set whether private-key results are verified
 * @class: the class
 * @unchecked: callers get the device's results without verification, from now on
 *
 * Context: any.
 */
void asym_class_set_unchecked_results(struct asym_class *class, bool unchecked)
{
	WRITE_ONCE(class->unchecked_results, unchecked);
}
EXPORT_SYMBOL_GPL(asym_class_set_unchecked_results);

/**
 * provider_class_tell_ready() - tell executors whether the class has a device
 * @class: the class; a device joined or left, or the algorithms were registered
 *
 * Context: process; sleeps, takes asym_class::ready_mutex.
 */
void provider_class_tell_ready(struct asym_class *class)
{
	bool ready;

	guard(mutex)(&class->ready_mutex);
	spin_lock_bh(&class->lock);
	ready = !list_empty(&class->devices);
	spin_unlock_bh(&class->lock);
	asym_exec_set_remote_ready(class->leaf, ready);
}

/**
 * provider_class_go_live() - register the algorithms, once, when there is a device
 * @class: the class
 *
 * Waits for the kernel's self-tests, which run asynchronously, so that on
 * return the algorithms can be used and the module can be unloaded. The
 * registration of another device may wait for the same tests.
 *
 * Context: process; may sleep.
 * Return: 0 or an errno.
 */
int provider_class_go_live(struct asym_class *class)
{
	const char *untested;
	unsigned int nr = 0;
	int err = 0;

	mutex_lock(&class->mutex);
	if (!class->algs) {
		struct provider_alg **algs = provider_algs_register(class, &nr);

		if (IS_ERR(algs)) {
			err = PTR_ERR(algs);
		} else {
			class->nr_algs = nr;
			class->algs = algs;
		}
	}
	mutex_unlock(&class->mutex);
	/* The device may have left since, or this may be another of this class's name. */
	provider_class_tell_ready(class);
	if (err || provider_class_tested(class))
		return err;

	provider_algs_wait_tested(class->algs, class->nr_algs);
	untested = provider_algs_untested(class->algs, class->nr_algs);
	if (untested)
		pr_err("%s: %s did not pass the kernel's self test (yet)\n", class->name, untested);
	WRITE_ONCE(class->tested, true);
	return 0;
}
