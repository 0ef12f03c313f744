// SPDX-License-Identifier: GPL-2.0-only
/*
 * configfs: /sys/kernel/config/cof_initiator/<name>/, one folder for a pool.
 *
 * Owns struct cofi_pool. Everything here runs in process context under pool->lock,
 * below configfs's own locks. What an association is made of cannot change
 * while the pool is enabled. A refused write says which attribute and why.
 * Documentation/ABI/testing/configfs-cof-initiator describes the files.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/cpumask.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../../addr.h"
#include "../../msg.h"
#include "../path.h"
#include "attr.h"
#include "path.h"
#include "pool.h"

#define COFI_PRIORITY		2000	/* above rsa-generic (100) and qat-rsa (1000) */
#define COFI_DEPTH		128
#define COFI_KATO_MS		5000
#define COFI_RECONNECT_MS	1000
#define COFI_MIN_RECONNECT_MS	10
#define COFI_MAX_RECONNECT_MS	60000

/* Every pool, for cofi_config_shutdown(). Taken before pool->lock. */
static DEFINE_MUTEX(cofi_pools_lock);
static LIST_HEAD(cofi_pools);

static struct cofi_pool *to_pool(struct config_item *item)
{
	return container_of(to_config_group(item), struct cofi_pool, group);
}

static int cofi_pool_check_unlocked(struct cofi_pool *pool, const char *attr)
{
	lockdep_assert_held(&pool->lock);
	if (!pool->enabled)
		return 0;
	cofi_refuse(cofi_pool_name(pool), attr, "cannot change while the pool is enabled");
	return -EBUSY;
}

/* What may change at any time, into a class that exists. */
static void cofi_pool_apply(struct cofi_pool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (!pool->enabled)
		return;
	asym_class_set_policy(pool->class, pool->policy);
	asym_class_set_fallback(pool->class, pool->fallback);
	asym_class_set_public_ops(pool->class, pool->public_ops);
	asym_class_set_max_wait(pool->class, pool->max_wait_ms);
	asym_class_set_unchecked_results(pool->class, !pool->check_results);
}

/* Into a running class: cofi_pool_apply() of those that may change at any time. */
static int cofi_pool_set(struct cofi_pool *pool, const char *attr, unsigned int *field,
			 unsigned int value, bool any_time)
{
	int err;

	mutex_lock(&pool->lock);
	err = any_time ? 0 : cofi_pool_check_unlocked(pool, attr);
	if (!err) {
		WRITE_ONCE(*field, value);
		cofi_pool_apply(pool);
	}
	mutex_unlock(&pool->lock);
	return err;
}

/* ---- names ------------------------------------------------------------------ */

static ssize_t cofi_pool_store_name(struct cofi_pool *pool, const char *attr, char *field,
				    const char *page, size_t count)
{
	char name[COF_NAME_LEN];
	ssize_t len;
	int err;

	len = cofi_store_string(cofi_pool_name(pool), attr, name, sizeof(name), page, count);
	if (len < 0)
		return len;
	if (!cof_name_valid(name)) {
		cofi_refuse(cofi_pool_name(pool), attr,
			    "'%s' has other characters than A-Z a-z 0-9 . _ : + -", name);
		return -EINVAL;
	}
	mutex_lock(&pool->lock);
	err = cofi_pool_check_unlocked(pool, attr);
	if (!err)
		strscpy(field, name, COF_NAME_LEN);
	mutex_unlock(&pool->lock);
	return err ?: count;
}

#define COFI_POOL_NAME(name)								\
static char *cofi_pool_##name##_field(struct config_item *item)				\
{											\
	return (char *)to_pool(item) + offsetof(struct cofi_pool, name);		\
}											\
static ssize_t cofi_pool_##name##_show(struct config_item *item, char *page)		\
{											\
	return cofi_show_string(&to_pool(item)->lock, cofi_pool_##name##_field(item), page); \
}											\
static ssize_t cofi_pool_##name##_store(struct config_item *item, const char *page,	\
					size_t count)					\
{											\
	return cofi_pool_store_name(to_pool(item), #name,				\
				    cofi_pool_##name##_field(item), page, count);	\
}

COFI_POOL_NAME(pool);
CONFIGFS_ATTR(cofi_pool_, pool);
COFI_POOL_NAME(hostid);
CONFIGFS_ATTR(cofi_pool_, hostid);

/* ---- numbers ---------------------------------------------------------------- */

static ssize_t cofi_pool_store_uint(struct cofi_pool *pool, const char *attr,
				    unsigned int *field, unsigned int min, unsigned int max,
				    bool any_time, const char *page, size_t count)
{
	unsigned int value;
	int err;

	err = kstrtouint(page, 0, &value);
	if (err || value < min || value > max) {
		cofi_refuse(cofi_pool_name(pool), attr, "a number from %u to %u, please", min, max);
		return err == -EINVAL ? -EINVAL : -ERANGE;
	}
	return cofi_pool_set(pool, attr, field, value, any_time) ?: count;
}

#define COFI_POOL_UINT(name, min, max, any_time)					\
static unsigned int *cofi_pool_##name##_field(struct config_item *item)			\
{											\
	return (void *)to_pool(item) + offsetof(struct cofi_pool, name);		\
}											\
static ssize_t cofi_pool_##name##_show(struct config_item *item, char *page)		\
{											\
	return sysfs_emit(page, "%u\n", READ_ONCE(*cofi_pool_##name##_field(item)));	\
}											\
static ssize_t cofi_pool_##name##_store(struct config_item *item, const char *page,	\
					size_t count)					\
{											\
	return cofi_pool_store_uint(to_pool(item), #name,				\
				    cofi_pool_##name##_field(item), min, max,		\
				    any_time, page, count);				\
}

COFI_POOL_UINT(queues, 1, COF_MAX_QUEUES, false);
CONFIGFS_ATTR(cofi_pool_, queues);
COFI_POOL_UINT(depth, 1, COF_MAX_DEPTH, false);
CONFIGFS_ATTR(cofi_pool_, depth);
COFI_POOL_UINT(so_priority, 0, COF_MAX_SO_PRIORITY, false);
CONFIGFS_ATTR(cofi_pool_, so_priority);
COFI_POOL_UINT(busy_poll_us, 0, COF_MAX_BUSY_POLL_US, false);
CONFIGFS_ATTR(cofi_pool_, busy_poll_us);
COFI_POOL_UINT(priority, 0, 100000, false);
CONFIGFS_ATTR(cofi_pool_, priority);
COFI_POOL_UINT(kato_ms, COF_MIN_KATO_MS, COF_MAX_KATO_MS, false);
CONFIGFS_ATTR(cofi_pool_, kato_ms);
COFI_POOL_UINT(reconnect_ms, COFI_MIN_RECONNECT_MS, COFI_MAX_RECONNECT_MS, true);
CONFIGFS_ATTR(cofi_pool_, reconnect_ms);
COFI_POOL_UINT(max_wait_ms, 0, ASYM_MAX_WAIT_LIMIT_MS, true);
CONFIGFS_ATTR(cofi_pool_, max_wait_ms);

/* ---- words ------------------------------------------------------------------ */

static const char *const cofi_policies[] = {
	[ASYM_POLICY_ROUND_ROBIN]	= "round-robin",
	[ASYM_POLICY_QUEUE_DEPTH]	= "queue-depth",
	[ASYM_POLICY_LATENCY]		= "latency",
};

static ssize_t cofi_pool_policy_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", cofi_policies[READ_ONCE(to_pool(item)->policy)]);
}

static ssize_t cofi_pool_policy_store(struct config_item *item, const char *page, size_t count)
{
	struct cofi_pool *pool = to_pool(item);
	int value = sysfs_match_string(cofi_policies, page);

	if (value < 0) {
		cofi_refuse(cofi_pool_name(pool), "policy",
			    "round-robin, queue-depth or latency, please");
		return -EINVAL;
	}
	return cofi_pool_set(pool, "policy", &pool->policy, value, true) ?: count;
}

CONFIGFS_ATTR(cofi_pool_, policy);

static const char *const cofi_fallbacks[] = {
	[ASYM_FALLBACK_SOFTWARE]	= "software",
	[ASYM_FALLBACK_ERROR]		= "error",
};

static ssize_t cofi_pool_fallback_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", cofi_fallbacks[READ_ONCE(to_pool(item)->fallback)]);
}

static ssize_t cofi_pool_fallback_store(struct config_item *item, const char *page, size_t count)
{
	struct cofi_pool *pool = to_pool(item);
	int value = sysfs_match_string(cofi_fallbacks, page);

	if (value < 0) {
		cofi_refuse(cofi_pool_name(pool), "fallback", "software or error, please");
		return -EINVAL;
	}
	return cofi_pool_set(pool, "fallback", &pool->fallback, value, true) ?: count;
}

CONFIGFS_ATTR(cofi_pool_, fallback);

static const char *const cofi_publics[] = {
	[ASYM_PUBLIC_LOCAL]		= "local",
	[ASYM_PUBLIC_REMOTE]		= "remote",
};

/* Once for each time that it comes into force. */
static void cofi_pool_warn_remote(struct cofi_pool *pool)
{
	if (pool->public_ops == ASYM_PUBLIC_REMOTE)
		cofi_refuse(cofi_pool_name(pool), "public_ops",
			    "remote: the pool decides which signatures this kernel accepts (modules, kexec, IMA, keyrings)");
}

static ssize_t cofi_pool_public_ops_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", cofi_publics[READ_ONCE(to_pool(item)->public_ops)]);
}

static ssize_t cofi_pool_public_ops_store(struct config_item *item, const char *page,
					  size_t count)
{
	struct cofi_pool *pool = to_pool(item);
	int value = sysfs_match_string(cofi_publics, page);

	if (value < 0) {
		cofi_refuse(cofi_pool_name(pool), "public_ops", "local or remote, please");
		return -EINVAL;
	}
	mutex_lock(&pool->lock);
	if (value != pool->public_ops) {
		WRITE_ONCE(pool->public_ops, value);
		if (pool->enabled)
			cofi_pool_warn_remote(pool);
		cofi_pool_apply(pool);
	}
	mutex_unlock(&pool->lock);
	return count;
}

CONFIGFS_ATTR(cofi_pool_, public_ops);

static ssize_t cofi_pool_check_results_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_pool(item)->check_results));
}

static ssize_t cofi_pool_check_results_store(struct config_item *item, const char *page,
					     size_t count)
{
	struct cofi_pool *pool = to_pool(item);
	bool value;

	if (!cofi_store_bool(cofi_pool_name(pool), "check_results", &value, page))
		return -EINVAL;
	return cofi_pool_set(pool, "check_results", &pool->check_results, value, true) ?: count;
}

CONFIGFS_ATTR(cofi_pool_, check_results);

static ssize_t cofi_pool_digests_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", cof_digest_names[READ_ONCE(to_pool(item)->digests)]);
}

static ssize_t cofi_pool_digests_store(struct config_item *item, const char *page, size_t count)
{
	struct cofi_pool *pool = to_pool(item);
	int value = sysfs_match_string(cof_digest_names, page);

	if (value < 0) {
		cofi_refuse(cofi_pool_name(pool), "digests", "none, header, data or both, please");
		return -EINVAL;
	}
	return cofi_pool_set(pool, "digests", &pool->digests, value, false) ?: count;
}

CONFIGFS_ATTR(cofi_pool_, digests);

static ssize_t cofi_pool_insecure_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_pool(item)->insecure));
}

static ssize_t cofi_pool_insecure_store(struct config_item *item, const char *page, size_t count)
{
	struct cofi_pool *pool = to_pool(item);
	bool value;
	int err;

	if (!cofi_store_bool(cofi_pool_name(pool), "insecure", &value, page))
		return -EINVAL;
	mutex_lock(&pool->lock);
	err = value || !pool->insecure ? 0 : cofi_pool_check_unlocked(pool, "insecure");
	if (!err)
		WRITE_ONCE(pool->insecure, value);
	mutex_unlock(&pool->lock);
	return err ?: count;
}

CONFIGFS_ATTR(cofi_pool_, insecure);

/* ---- enable ----------------------------------------------------------------- */

static int cofi_pool_validate(struct cofi_pool *pool)
{
	struct cofi_path *path;
	int err;

	if (!pool->hostid[0]) {
		cofi_refuse(cofi_pool_name(pool), "enable",
			    "hostid is not set: the target must know who connects");
		return -EINVAL;
	}
	list_for_each_entry(path, &pool->paths, list) {
		err = path->enabled ? cofi_path_validate(path) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int cofi_pool_start(struct cofi_pool *pool)
{
	char name[COFI_NAME_MAX + 8];
	const struct asym_class_params params = {
		.name = name,
		.prefix = name,
		.priority = pool->priority,
		.fallback = pool->fallback,
		.policy = pool->policy,
		.public_ops = pool->public_ops,
		.max_wait_ms = pool->max_wait_ms,
		.unchecked_results = !pool->check_results,
	};
	struct asym_class *class;
	struct cofi_path *path;
	int err;

	err = cofi_pool_validate(pool);
	if (err)
		return err;
	snprintf(name, sizeof(name), "cof-%s", cofi_pool_name(pool));
	class = asym_class_create(&params);
	if (IS_ERR(class)) {
		cofi_refuse(cofi_pool_name(pool), "enable", "no algorithms named %s-*: error %ld",
			    name, PTR_ERR(class));
		return PTR_ERR(class);
	}
	pool->class = class;
	WRITE_ONCE(pool->enabled, true);
	cofi_pool_warn_remote(pool);
	list_for_each_entry(path, &pool->paths, list)
		if (path->enabled)
			cofi_path_start(path);
	return 0;
}

/* All at once: the lock is held while they are waited for. */
static void cofi_pool_stop_paths(struct cofi_pool *pool)
{
	struct cofi_path *path;

	list_for_each_entry(path, &pool->paths, list)
		if (path->running)
			cofi_path_stop(path);
	list_for_each_entry(path, &pool->paths, list)
		if (path->running)
			cofi_path_stopped(path);
}

static void cofi_pool_stop(struct cofi_pool *pool)
{
	cofi_pool_stop_paths(pool);
	asym_class_destroy(pool->class);
	pool->class = NULL;
	WRITE_ONCE(pool->enabled, false);
}

static ssize_t cofi_pool_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_pool(item)->enabled));
}

static ssize_t cofi_pool_enable_store(struct config_item *item, const char *page, size_t count)
{
	struct cofi_pool *pool = to_pool(item);
	bool value;
	int err = 0;

	if (!cofi_store_bool(cofi_pool_name(pool), "enable", &value, page))
		return -EINVAL;
	mutex_lock(&pool->lock);
	if (value && !pool->enabled)
		err = cofi_pool_start(pool);
	else if (!value && pool->enabled)
		cofi_pool_stop(pool);
	mutex_unlock(&pool->lock);
	return err ?: count;
}

CONFIGFS_ATTR(cofi_pool_, enable);

/* ---- the folder ------------------------------------------------------------- */

static struct configfs_attribute *cofi_pool_attrs[] = {
	&cofi_pool_attr_pool,
	&cofi_pool_attr_hostid,
	&cofi_pool_attr_queues,
	&cofi_pool_attr_depth,
	&cofi_pool_attr_policy,
	&cofi_pool_attr_fallback,
	&cofi_pool_attr_public_ops,
	&cofi_pool_attr_max_wait_ms,
	&cofi_pool_attr_check_results,
	&cofi_pool_attr_so_priority,
	&cofi_pool_attr_busy_poll_us,
	&cofi_pool_attr_priority,
	&cofi_pool_attr_kato_ms,
	&cofi_pool_attr_reconnect_ms,
	&cofi_pool_attr_digests,
	&cofi_pool_attr_insecure,
	&cofi_pool_attr_enable,
	NULL
};

static void cofi_pool_release(struct config_item *item)
{
	struct cofi_pool *pool = to_pool(item);

	mutex_lock(&cofi_pools_lock);
	list_del(&pool->list);
	mutex_unlock(&cofi_pools_lock);
	mutex_destroy(&pool->lock);
	kfree(pool);
}

static struct configfs_item_operations cofi_pool_item_ops = {
	.release = cofi_pool_release,
};

static const struct config_item_type cofi_pool_type = {
	.ct_item_ops = &cofi_pool_item_ops,
	.ct_attrs = cofi_pool_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_group *cofi_pool_make(struct config_group *group, const char *name)
{
	struct cofi_pool *pool;

	if (!cof_name_valid(name) || strlen(name) > COFI_NAME_MAX) {
		pr_warn("mkdir '%s': 1 to %u characters of A-Z a-z 0-9 . _ : + -, please\n",
			name, COFI_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	mutex_init(&pool->lock);
	INIT_LIST_HEAD(&pool->paths);
	strscpy(pool->pool, name);
	pool->queues = min(num_online_cpus(), COF_MAX_QUEUES);
	pool->depth = COFI_DEPTH;
	pool->priority = COFI_PRIORITY;
	pool->kato_ms = COFI_KATO_MS;
	pool->reconnect_ms = COFI_RECONNECT_MS;
	pool->fallback = ASYM_FALLBACK_SOFTWARE;
	pool->policy = ASYM_POLICY_ROUND_ROBIN;
	pool->public_ops = ASYM_PUBLIC_LOCAL;
	pool->max_wait_ms = ASYM_MAX_WAIT_MS;
	pool->check_results = true;

	config_group_init_type_name(&pool->group, name, &cofi_pool_type);
	config_group_init_type_name(&pool->paths_group, "paths", &cofi_paths_type);
	configfs_add_default_group(&pool->paths_group, &pool->group);
	mutex_lock(&cofi_pools_lock);
	list_add_tail(&pool->list, &cofi_pools);
	mutex_unlock(&cofi_pools_lock);
	return &pool->group;
}

/* Its paths are gone: configfs removes no folder that has some. */
static void cofi_pool_drop(struct config_group *group, struct config_item *item)
{
	struct cofi_pool *pool = to_pool(item);

	mutex_lock(&pool->lock);
	if (pool->enabled)
		cofi_pool_stop(pool);
	mutex_unlock(&pool->lock);
	config_item_put(item);
}

static struct configfs_group_operations cofi_root_group_ops = {
	.make_group = cofi_pool_make,
	.drop_item = cofi_pool_drop,
};

static const struct config_item_type cofi_root_type = {
	.ct_group_ops = &cofi_root_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem cofi_subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "cof_initiator",
			.ci_type = &cofi_root_type,
		},
	},
};

/**
 * cofi_config_shutdown() - the machine goes down: leave every target, in order
 *
 * Pools stay as they are but for their paths.
 *
 * Context: may sleep, for as long as stopping the slowest path of each pool takes.
 */
void cofi_config_shutdown(void)
{
	struct cofi_pool *pool;

	mutex_lock(&cofi_pools_lock);
	list_for_each_entry(pool, &cofi_pools, list) {
		mutex_lock(&pool->lock);
		cofi_pool_stop_paths(pool);
		mutex_unlock(&pool->lock);
	}
	mutex_unlock(&cofi_pools_lock);
}

/**
 * cofi_config_init() - make the folder cof_initiator
 *
 * Return: 0 or a negative errno.
 */
int cofi_config_init(void)
{
	config_group_init(&cofi_subsystem.su_group);
	mutex_init(&cofi_subsystem.su_mutex);
	return configfs_register_subsystem(&cofi_subsystem);
}

/**
 * cofi_config_exit() - remove it; it is empty, for folders in it pin the module
 */
void cofi_config_exit(void)
{
	configfs_unregister_subsystem(&cofi_subsystem);
}
