// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target/pools/<pool>. Process context. Attributes are read and
 * written under object.lock; what CONNECT looks at is changed under cof_tgt_lock
 * as well, the list of allowed hosts under that alone. Disabling waits in a work item until the
 * pool's last association is freed; until then cof_tgt_pool.exec is there, and the pool
 * cannot be changed or enabled again.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crypto.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <crypto/internal/asym/job.h>

#include "../../addr.h"
#include "../../hops.h"
#include "../assoc.h"
#include "../flow.h"
#include "../pool.h"
#include "../shared.h"
#include "hosts.h"
#include "pools.h"
#include "quotas.h"
#include "stats.h"

static struct cof_tgt_pool *item_to_pool(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_pool, object.group);
}

static struct cof_tgt_pool *allowed_to_pool(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_pool, allowed_group);
}

/* ---- drivers ------------------------------------------------------------- */

/* A driver that was waited for is there. The pool is enabled, or about to be, or to be disabled. */
static void pool_ready_changed(void *data)
{
	struct cof_tgt_pool *pool = data;
	struct asym_exec *exec = READ_ONCE(pool->exec);

	if (exec)
		asym_qos_set_max_inflight(&pool->qos, asym_exec_max_inflight(exec));
}

static struct asym_exec *pool_exec_create(struct cof_tgt_pool *pool, const char *drivers,
					  const char *attribute)
{
	char bad[CRYPTO_MAX_ALG_NAME] = "";
	char name[COF_NAME_LEN + 16];
	struct asym_exec_params params = {
		.name = name, .drivers = drivers, .bad = bad, .max_inflight = pool->max_inflight,
		.wait_drivers = true, .ready_changed = pool_ready_changed, .data = pool,
	};
	char missing[COF_TGT_DRIVERS_LEN];
	struct asym_exec *exec;
	const char *why;

	snprintf(name, sizeof(name), "target-%s", cof_tgt_pool_name(pool));
	exec = asym_exec_create(&params);
	if (!IS_ERR(exec)) {
		if (asym_exec_missing(exec, missing, sizeof(missing)))
			pr_warn("pool %s: %s: no such driver now: %s; the pool waits for it\n",
				cof_tgt_pool_name(pool), attribute, missing);
		return exec;
	}
	switch (PTR_ERR(exec)) {
	case -ENOENT:
		why = "there is no such driver";
		break;
	case -EINVAL:
		why = "not a driver of raw RSA, or named twice";
		break;
	case -ELIBBAD:
		why = "it failed the kernel's self tests";
		break;
	case -E2BIG:
		why = "too many drivers";
		break;
	default:
		why = "cannot be used";
	}
	pr_err("pool %s: %s: driver '%s': %s (%ld)\n", cof_tgt_pool_name(pool), attribute, bad, why,
	       PTR_ERR(exec));
	return exec;
}

static ssize_t cof_tgt_pool_drivers_show(struct config_item *item, char *page)
{
	struct cof_tgt_pool *pool = item_to_pool(item);

	guard(mutex)(&pool->object.lock);
	return sysfs_emit(page, "%s\n", pool->drivers);
}

static ssize_t cof_tgt_pool_drivers_store(struct config_item *item, const char *page,
					  size_t count)
{
	struct cof_tgt_pool *pool = item_to_pool(item);
	struct asym_exec *exec;
	int err;

	char *drivers __free(kfree) = kzalloc(COF_TGT_DRIVERS_LEN, GFP_KERNEL);
	if (!drivers)
		return -ENOMEM;
	guard(mutex)(&pool->object.lock);
	err = cof_tgt_object_busy(&pool->object, "drivers");
	if (err)
		return err;
	if (cof_tgt_store_string(drivers, COF_TGT_DRIVERS_LEN, page, count) < 0) {
		pr_err("pool %s: drivers: longer than %u characters\n", cof_tgt_pool_name(pool),
		       COF_TGT_DRIVERS_LEN - 1);
		return -EINVAL;
	}
	if (drivers[0]) {
		exec = pool_exec_create(pool, drivers, "drivers");
		if (IS_ERR(exec))
			return PTR_ERR(exec);
		asym_exec_destroy(exec);
	}
	strscpy(pool->drivers, drivers);
	return count;
}
CONFIGFS_ATTR(cof_tgt_pool_, drivers);

/* A driver that is not there yet may be a remote one. */
static bool pool_is_remote(const struct cof_tgt_pool *pool)
{
	char *rest, *name, missing[COF_TGT_DRIVERS_LEN];

	char *drivers __free(kfree) = kstrdup(pool->drivers, GFP_KERNEL);
	if (!drivers)
		return true;	/* out of memory: err on the safe side */
	if (asym_exec_missing(pool->exec, missing, sizeof(missing)))
		return true;
	rest = drivers;
	while ((name = strsep(&rest, " ,\t\n")))
		if (*name && asym_exec_is_remote(name))
			return true;
	return false;
}

/* ---- algorithms ---------------------------------------------------------- */

static const struct {
	const char *name;
	enum asym_algo algo;
} algorithm_names[] = {
	{ "rsa", ASYM_RSA },
	{ "ecdsa", ASYM_ECDSA },
};

static u32 algorithm_bit(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(algorithm_names); i++)
		if (!strcmp(algorithm_names[i].name, name))
			return BIT(algorithm_names[i].algo);
	return 0;
}

static ssize_t cof_tgt_pool_algorithms_show(struct config_item *item, char *page)
{
	struct cof_tgt_pool *pool = item_to_pool(item);
	ssize_t len = 0;
	unsigned int i;

	guard(mutex)(&pool->object.lock);
	for (i = 0; i < ARRAY_SIZE(algorithm_names); i++)
		if (pool->algos & BIT(algorithm_names[i].algo))
			len += sysfs_emit_at(page, len, "%s%s", len ? " " : "",
					     algorithm_names[i].name);
	return len + sysfs_emit_at(page, len, "\n");
}

static ssize_t cof_tgt_pool_algorithms_store(struct config_item *item, const char *page,
					     size_t count)
{
	struct cof_tgt_pool *pool = item_to_pool(item);
	char list[128], *rest = list, *name;
	u32 algos = 0, bit;
	int err;

	guard(mutex)(&pool->object.lock);
	err = cof_tgt_object_busy(&pool->object, "algorithms");
	if (err)
		return err;
	if (cof_tgt_store_string(list, sizeof(list), page, count) < 0) {
		pr_err("pool %s: algorithms: too long\n", cof_tgt_pool_name(pool));
		return -EINVAL;
	}
	while ((name = strsep(&rest, " ,\t\n"))) {
		if (!*name)
			continue;
		bit = algorithm_bit(name);
		if (!bit) {
			pr_err("pool %s: algorithms: unknown algorithm '%s'; known: rsa, ecdsa\n",
			       cof_tgt_pool_name(pool), name);
			return -EINVAL;
		}
		algos |= bit;
	}
	pool->algos = algos;
	return count;
}
CONFIGFS_ATTR(cof_tgt_pool_, algorithms);

/* ---- max_inflight -------------------------------------------------------- */

#define POOL_MAX_INFLIGHT	4096

static ssize_t cof_tgt_pool_max_inflight_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(item_to_pool(item)->max_inflight));
}

static ssize_t cof_tgt_pool_max_inflight_store(struct config_item *item, const char *page,
					       size_t count)
{
	struct cof_tgt_pool *pool = item_to_pool(item);
	u32 value;
	int err;

	guard(mutex)(&pool->object.lock);
	err = cof_tgt_object_busy(&pool->object, "max_inflight");
	if (err)
		return err;
	if (kstrtou32(page, 0, &value) || value > POOL_MAX_INFLIGHT) {
		pr_err("pool %s: max_inflight: not a number from 0 to %u, 0: fit for the driver\n",
		       cof_tgt_pool_name(pool), POOL_MAX_INFLIGHT);
		return -EINVAL;
	}
	WRITE_ONCE(pool->max_inflight, value);
	return count;
}
CONFIGFS_ATTR(cof_tgt_pool_, max_inflight);

/* ---- enable -------------------------------------------------------------- */

static int pool_enable(struct cof_tgt_object *object)
{
	struct cof_tgt_pool *pool = container_of(object, struct cof_tgt_pool, object);
	char missing[COF_TGT_DRIVERS_LEN];
	struct asym_caps caps;
	struct asym_exec *exec;
	bool waits;

	lockdep_assert_held(&object->lock);
	if (!pool->algos) {
		pr_err("pool %s: enable: no algorithms set; write e.g. 'rsa ecdsa' to 'algorithms' first\n",
		       cof_tgt_pool_name(pool));
		return -EINVAL;
	}
	exec = pool_exec_create(pool, pool->drivers, "enable");
	if (IS_ERR(exec))
		return PTR_ERR(exec);
	waits = asym_exec_missing(exec, missing, sizeof(missing));
	asym_exec_caps(exec, &caps);
	if (!(caps.algos & pool->algos)) {
		pr_err("pool %s: enable: the crypto framework's drivers have none of its algorithms\n",
		       cof_tgt_pool_name(pool));
		asym_exec_destroy(exec);
		return -EOPNOTSUPP;
	}
	WRITE_ONCE(pool->exec, exec);
	pool->req_size = asym_exec_request_size(exec);
	asym_qos_set_max_inflight(&pool->qos, asym_exec_max_inflight(exec));
	pool->remote = pool_is_remote(pool);
	if (pool->remote) {
		pool->hops = READ_ONCE(cof_tgt_max_hops);
		cof_hops_add(pool->hops);
		pr_info("pool %s: %s; what this host sends counts %u hops\n",
			cof_tgt_pool_name(pool),
			waits ? "a missing driver may be remote" :
				"computes on a remote pool itself", cof_hops());
	}
	spin_lock_bh(&cof_tgt_lock);
	WRITE_ONCE(object->enabled, true);
	spin_unlock_bh(&cof_tgt_lock);
	pr_info("pool %s: enabled on %s%s\n", cof_tgt_pool_name(pool), asym_exec_driver(exec),
		waits ? "; waits for missing drivers" : "");
	return 0;
}

/* No association is made any more. */
static void pool_disable(struct cof_tgt_object *object)
{
	spin_lock_bh(&cof_tgt_lock);
	WRITE_ONCE(object->enabled, false);
	spin_unlock_bh(&cof_tgt_lock);
}

/* Initiators compute elsewhere then, and disconnect; the others are ended. */
static void pool_drain(struct cof_tgt_object *object)
{
	struct cof_tgt_pool *pool = container_of(object, struct cof_tgt_pool, object);
	struct cof_tgt_assoc *assoc;

	cof_tgt_event(pool, NULL, COF_EVENT_DRAINING);
	cof_tgt_drain(&pool->users);
	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(assoc, &pool->assocs, list)
		__cof_tgt_assoc_kill(assoc, COF_S_DRAINING, false);
	spin_unlock_bh(&cof_tgt_lock);
	wait_event_idle(cof_tgt_gone, cof_tgt_unused(&pool->users));

	asym_exec_destroy(pool->exec);
	if (pool->remote)
		cof_hops_del(pool->hops);
}

static void pool_disabled(struct cof_tgt_object *object)
{
	struct cof_tgt_pool *pool = container_of(object, struct cof_tgt_pool, object);

	WRITE_ONCE(pool->exec, NULL);
	pool->remote = false;
}

static const struct cof_tgt_object_ops pool_ops = {
	.kind		= "pool",
	.enable		= pool_enable,
	.disable	= pool_disable,
	.drain		= pool_drain,
	.disabled	= pool_disabled,
};

static struct configfs_attribute *pool_attrs[] = {
	&cof_tgt_pool_attr_drivers,
	&cof_tgt_pool_attr_algorithms,
	&cof_tgt_pool_attr_max_inflight,
	&cof_tgt_attr_enable,
	NULL,
};

static void pool_release(struct config_item *item)
{
	struct cof_tgt_pool *pool = item_to_pool(item);

	asym_qos_exit(&pool->qos);
	free_percpu(pool->cpu);
	kfree(pool);
}

static struct configfs_item_operations pool_item_ops = {
	.release	= pool_release,
};

static const struct config_item_type pool_type = {
	.ct_item_ops	= &pool_item_ops,
	.ct_attrs	= pool_attrs,
	.ct_owner	= THIS_MODULE,
};

/**
 * to_cof_tgt_pool() - a pool by its configfs item
 * @item: of any kind
 *
 * Return: the pool; NULL if it is something else.
 */
struct cof_tgt_pool *to_cof_tgt_pool(struct config_item *item)
{
	return item->ci_type == &pool_type ? item_to_pool(item) : NULL;
}

/* ---- allowed_hosts/ ------------------------------------------------------ */

static int allowed_allow_link(struct config_item *parent, struct config_item *target)
{
	struct cof_tgt_pool *pool = allowed_to_pool(parent);
	struct cof_tgt_host *host = to_cof_tgt_host(target);
	struct cof_tgt_link *link;
	bool allowed;

	if (!host) {
		pr_err("pool %s: allowed_hosts: only links to hosts/<hostid>\n",
		       cof_tgt_pool_name(pool));
		return -EINVAL;
	}
	link = kzalloc_obj(*link);
	if (!link)
		return -ENOMEM;
	link->host = host;
	spin_lock_bh(&cof_tgt_lock);
	allowed = cof_tgt_host_allowed(pool, config_item_name(target));
	if (!allowed)
		list_add_tail(&link->list, &pool->hosts);
	spin_unlock_bh(&cof_tgt_lock);
	if (allowed)
		kfree(link);
	return allowed ? -EEXIST : 0;
}

/* A host that is not allowed any more loses its associations. */
static void allowed_drop_link(struct config_item *parent, struct config_item *target)
{
	struct cof_tgt_pool *pool = allowed_to_pool(parent);
	struct cof_tgt_host *host = to_cof_tgt_host(target);
	struct cof_tgt_link *link, *found = NULL;
	struct cof_tgt_assoc *assoc;

	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(link, &pool->hosts, list)
		if (link->host == host)
			found = link;
	if (found)
		list_del(&found->list);
	list_for_each_entry(assoc, &pool->assocs, list)
		if (!strcmp(assoc->hostid, config_item_name(target)))
			__cof_tgt_assoc_kill(assoc, COF_S_HOST_DENIED, false);
	spin_unlock_bh(&cof_tgt_lock);
	kfree(found);
}

static struct configfs_item_operations allowed_item_ops = {
	.allow_link	= allowed_allow_link,
	.drop_link	= allowed_drop_link,
};

static const struct config_item_type allowed_type = {
	.ct_item_ops	= &allowed_item_ops,
	.ct_owner	= THIS_MODULE,
};

/* ---- pools/ -------------------------------------------------------------- */

static struct config_group *pools_make_group(struct config_group *group, const char *name)
{
	struct cof_tgt_pool *pool;

	if (!cof_name_valid(name)) {
		pr_err("pools: %s: not a pool name: 1 to 63 of A-Z a-z 0-9 . _ : + -\n", name);
		return ERR_PTR(-EINVAL);
	}
	pool = kzalloc_obj(*pool);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->cpu = alloc_percpu(struct cof_tgt_pool_cpu);
	if (!pool->cpu) {
		kfree(pool);
		return ERR_PTR(-ENOMEM);
	}
	cof_tgt_object_init(&pool->object, name, &pool_type, &pool_ops);
	asym_qos_init(&pool->qos, &asym_job_qos_ops, 1);
	INIT_LIST_HEAD(&pool->flows);
	INIT_LIST_HEAD(&pool->hosts);
	INIT_LIST_HEAD(&pool->assocs);
	pool->algos = BIT(ASYM_RSA) | BIT(ASYM_ECDSA);
	config_group_init_type_name(&pool->allowed_group, "allowed_hosts", &allowed_type);
	configfs_add_default_group(&pool->allowed_group, &pool->object.group);
	config_group_init_type_name(&pool->quotas_group, "quotas", &cof_tgt_quotas_type);
	configfs_add_default_group(&pool->quotas_group, &pool->object.group);
	config_group_init_type_name(&pool->stats_group, "stats", &cof_tgt_stats_type);
	configfs_add_default_group(&pool->stats_group, &pool->object.group);
	return &pool->object.group;
}

static struct configfs_group_operations pools_group_ops = {
	.make_group	= pools_make_group,
	.drop_item	= cof_tgt_object_drop,
};

const struct config_item_type cof_tgt_pools_type = {
	.ct_group_ops	= &pools_group_ops,
	.ct_owner	= THIS_MODULE,
};
