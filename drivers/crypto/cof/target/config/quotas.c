// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target/pools/<pool>/quotas/<hostid>. Process context. May be made and
 * removed at any time, and is in force from then on, for all associations of the host together;
 * without it nothing is limited. The values that are set are in quota->values, under quota_lock; a
 * copy is in the flow, which is a user less when the folder goes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "../../addr.h"
#include "../assoc.h"
#include "../flow.h"
#include "../pool.h"
#include "../shared.h"
#include "quotas.h"

static DEFINE_MUTEX(quota_lock);	/* what is configured, of all quotas */

enum quota_value {
	quota_ops_per_sec,
	quota_bytes_per_sec,
	quota_units_per_sec,
	quota_burst_ms,
	quota_weight,
	quota_max_keys,
	quota_max_inflight,
	quota_nr_values
};

static const struct {
	const char *name;
	u64 min;
	u64 max;
	u64 initial;
} quota_rules[] = {
	[quota_ops_per_sec]	= { "ops_per_sec", 0, ASYM_QOS_MAX_RATE },
	[quota_bytes_per_sec]	= { "bytes_per_sec", 0, ASYM_QOS_MAX_RATE },
	[quota_units_per_sec]	= { "units_per_sec", 0, ASYM_QOS_MAX_RATE },
	[quota_burst_ms]	= { "burst_ms", 1, ASYM_QOS_MAX_BURST_MS, ASYM_QOS_BURST_MS },
	[quota_weight]		= { "weight", 1, ASYM_QOS_MAX_WEIGHT, ASYM_QOS_WEIGHT },
	[quota_max_keys]	= { "max_keys", 0, 1 << 24 },
	[quota_max_inflight]	= { "max_inflight", 0, 1 << 24 },
};

/**
 * struct cof_tgt_quota - quotas/<hostid>
 * @item: its name is the host id
 * @pool: whose; cannot go before this
 * @flow: the host's; a user of it until the folder is removed
 * @values: enum quota_value, as configured; quota_lock
 */
struct cof_tgt_quota {
	struct config_item item;
	struct cof_tgt_pool *pool;
	struct cof_tgt_flow *flow;
	u64 values[quota_nr_values];
};

static struct cof_tgt_quota *item_to_quota(struct config_item *item)
{
	return container_of(item, struct cof_tgt_quota, item);
}

static struct cof_tgt_pool *quotas_to_pool(struct config_group *group)
{
	return container_of(group, struct cof_tgt_pool, quotas_group);
}

static void quota_init(struct cof_tgt_quota *quota)
{
	int i;

	for (i = 0; i < quota_nr_values; i++)
		quota->values[i] = quota_rules[i].initial;
}

static void quota_apply(struct cof_tgt_quota *quota)
{
	const struct asym_qos_limits limits = {
		.ops_per_sec	= quota->values[quota_ops_per_sec],
		.bytes_per_sec	= quota->values[quota_bytes_per_sec],
		.units_per_sec	= quota->values[quota_units_per_sec],
		.burst_ms	= quota->values[quota_burst_ms],
		.weight		= quota->values[quota_weight],
		.max_inflight	= quota->values[quota_max_inflight],
	};

	lockdep_assert_held(&quota_lock);
	WRITE_ONCE(quota->flow->max_keys, quota->values[quota_max_keys]);
	asym_qos_flow_set(&quota->flow->qos, &limits);
	cof_tgt_event(quota->pool, quota->flow->hostid, COF_EVENT_QUOTA);
}

static ssize_t quota_show(struct config_item *item, char *page, enum quota_value which)
{
	guard(mutex)(&quota_lock);
	return sysfs_emit(page, "%llu\n", item_to_quota(item)->values[which]);
}

static ssize_t quota_store(struct config_item *item, const char *page, size_t count,
			   enum quota_value which)
{
	struct cof_tgt_quota *quota = item_to_quota(item);
	u64 min = quota_rules[which].min, max = quota_rules[which].max, value;
	int err = kstrtou64(page, 0, &value);

	if (!err && (value < min || value > max))
		err = -ERANGE;
	if (err) {
		pr_err("pool %s: quotas/%s: %s: not a number from %llu to %llu%s\n",
		       cof_tgt_pool_name(quota->pool), config_item_name(item),
		       quota_rules[which].name, min, max, min ? "" : ", 0: unlimited");
		return err;
	}
	guard(mutex)(&quota_lock);
	quota->values[which] = value;
	quota_apply(quota);
	return count;
}

#define QUOTA_ATTR(name)								\
static ssize_t cof_tgt_quota_##name##_show(struct config_item *item, char *page)	\
{											\
	return quota_show(item, page, quota_##name);					\
}											\
static ssize_t cof_tgt_quota_##name##_store(struct config_item *item,			\
					    const char *page, size_t count)		\
{											\
	return quota_store(item, page, count, quota_##name);				\
}											\
CONFIGFS_ATTR(cof_tgt_quota_, name)

QUOTA_ATTR(ops_per_sec);
QUOTA_ATTR(bytes_per_sec);
QUOTA_ATTR(units_per_sec);
QUOTA_ATTR(burst_ms);
QUOTA_ATTR(weight);
QUOTA_ATTR(max_keys);
QUOTA_ATTR(max_inflight);

static struct configfs_attribute *quota_attrs[] = {
	&cof_tgt_quota_attr_ops_per_sec,
	&cof_tgt_quota_attr_bytes_per_sec,
	&cof_tgt_quota_attr_units_per_sec,
	&cof_tgt_quota_attr_burst_ms,
	&cof_tgt_quota_attr_weight,
	&cof_tgt_quota_attr_max_keys,
	&cof_tgt_quota_attr_max_inflight,
	NULL,
};

static void quota_release(struct config_item *item)
{
	kfree(item_to_quota(item));
}

static struct configfs_item_operations quota_item_ops = {
	.release	= quota_release,
};

static const struct config_item_type quota_type = {
	.ct_item_ops	= &quota_item_ops,
	.ct_attrs	= quota_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_item *quotas_make_item(struct config_group *group, const char *name)
{
	struct cof_tgt_pool *pool = quotas_to_pool(group);
	struct cof_tgt_quota *quota;
	struct cof_tgt_flow *spare;

	if (!cof_name_valid(name)) {
		pr_err("pool %s: quotas: %s: not a host id: 1 to 63 of A-Z a-z 0-9 . _ : + -\n",
		       cof_tgt_pool_name(pool), name);
		return ERR_PTR(-EINVAL);
	}
	quota = kzalloc_obj(*quota);
	spare = cof_tgt_flow_alloc(name);
	if (!quota || !spare) {
		kfree(quota);
		kfree(spare);
		return ERR_PTR(-ENOMEM);
	}
	quota->pool = pool;
	quota_init(quota);
	spin_lock_bh(&cof_tgt_lock);
	quota->flow = cof_tgt_flow_get(pool, &spare, false);
	spin_unlock_bh(&cof_tgt_lock);
	kfree(spare);
	config_item_init_type_name(&quota->item, name, &quota_type);
	return &quota->item;
}

/* Unlimited again, at once. */
static void quotas_drop_item(struct config_group *group, struct config_item *item)
{
	struct cof_tgt_quota *quota = item_to_quota(item);

	scoped_guard(mutex, &quota_lock) {
		quota_init(quota);
		quota_apply(quota);
	}
	cof_tgt_flow_put(quota->flow, false);
	config_item_put(item);
}

static struct configfs_group_operations quotas_group_ops = {
	.make_item	= quotas_make_item,
	.drop_item	= quotas_drop_item,
};

const struct config_item_type cof_tgt_quotas_type = {
	.ct_group_ops	= &quotas_group_ops,
	.ct_owner	= THIS_MODULE,
};
