// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/cof_target/pools/<pool>/stats/. Only reads; process context.
 */
#include <linux/module.h>
#include <linux/percpu.h>

#include "../assoc.h"
#include "../flow.h"
#include "../pool.h"
#include "../shared.h"
#include "stats.h"

static struct cof_tgt_pool *stats_to_pool(struct config_item *item)
{
	return container_of(to_config_group(item), struct cof_tgt_pool, stats_group);
}

static u64 pool_stat(struct cof_tgt_pool *pool, enum cof_tgt_stat stat)
{
	u64 sum = 0;
	int cpu;

	if (stat > COF_TGT_BYTES)
		return atomic64_read(&pool->stats[stat]);
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(pool->cpu, cpu)->stats[stat]);
	return sum;
}

#define POOL_STAT(name, stat)								\
static ssize_t cof_tgt_stats_##name##_show(struct config_item *item, char *page)	\
{											\
	return sysfs_emit(page, "%llu\n", pool_stat(stats_to_pool(item), stat));		\
}											\
CONFIGFS_ATTR_RO(cof_tgt_stats_, name)

POOL_STAT(encrypt, COF_TGT_ENCRYPT);
POOL_STAT(decrypt, COF_TGT_DECRYPT);
POOL_STAT(sign, COF_TGT_SIGN);
POOL_STAT(verify, COF_TGT_VERIFY);
POOL_STAT(errors, COF_TGT_ERRORS);
POOL_STAT(bytes, COF_TGT_BYTES);
POOL_STAT(keys, COF_TGT_KEYS);
POOL_STAT(refused_hosts, COF_TGT_REFUSED_HOSTS);
POOL_STAT(crc_errors, COF_TGT_CRC_ERRORS);
POOL_STAT(inline_keys, COF_TGT_INLINE_KEYS);

static ssize_t cof_tgt_stats_ops_show(struct config_item *item, char *page)
{
	struct cof_tgt_pool *pool = stats_to_pool(item);
	u64 ops = 0;
	int i;

	for (i = COF_TGT_ENCRYPT; i <= COF_TGT_ERRORS; i++)
		ops += pool_stat(pool, i);
	return sysfs_emit(page, "%llu\n", ops);
}
CONFIGFS_ATTR_RO(cof_tgt_stats_, ops);

static ssize_t cof_tgt_stats_associations_show(struct config_item *item, char *page)
{
	struct cof_tgt_pool *pool = stats_to_pool(item);
	struct cof_tgt_assoc *assoc;
	unsigned int n = 0;

	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(assoc, &pool->assocs, list)
		n += !assoc->dying;
	spin_unlock_bh(&cof_tgt_lock);
	return sysfs_emit(page, "%u\n", n);
}
CONFIGFS_ATTR_RO(cof_tgt_stats_, associations);

/* A line for each host; what does not fit into a page is not shown. */
static ssize_t cof_tgt_stats_hosts_show(struct config_item *item, char *page)
{
	struct cof_tgt_pool *pool = stats_to_pool(item);
	struct asym_qos_stats stats;
	struct cof_tgt_flow *flow;
	ssize_t len;

	len = sysfs_emit(page,
			 "host ops bytes milliunits waiting inflight throttled throttled_us keys associations\n");
	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(flow, &pool->flows, list) {
		asym_qos_flow_stats(&flow->qos, &stats);
		len += sysfs_emit_at(page, len, "%s %llu %llu %llu %u %u %llu %llu %u %u\n",
				     flow->hostid, stats.ops, stats.bytes, stats.milliunits,
				     stats.waiting, stats.inflight, stats.throttled,
				     stats.throttled_us, atomic_read(&flow->keys), flow->assocs);
	}
	spin_unlock_bh(&cof_tgt_lock);
	return len;
}
CONFIGFS_ATTR_RO(cof_tgt_stats_, hosts);

static ssize_t cof_tgt_stats_latency_show(struct config_item *item, char *page)
{
	struct cof_tgt_pool *pool = stats_to_pool(item);
	ssize_t len = 0;
	u64 sum;
	int i, cpu;

	for (i = 0; i < ASYM_LATENCIES; i++) {
		sum = 0;
		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu_ptr(pool->cpu, cpu)->latencies[i]);
		len += asym_latency_emit(page, len, i, sum);
	}
	return len;
}
CONFIGFS_ATTR_RO(cof_tgt_stats_, latency);

static struct configfs_attribute *stats_attrs[] = {
	&cof_tgt_stats_attr_ops,
	&cof_tgt_stats_attr_sign,
	&cof_tgt_stats_attr_verify,
	&cof_tgt_stats_attr_encrypt,
	&cof_tgt_stats_attr_decrypt,
	&cof_tgt_stats_attr_errors,
	&cof_tgt_stats_attr_bytes,
	&cof_tgt_stats_attr_keys,
	&cof_tgt_stats_attr_associations,
	&cof_tgt_stats_attr_refused_hosts,
	&cof_tgt_stats_attr_crc_errors,
	&cof_tgt_stats_attr_inline_keys,
	&cof_tgt_stats_attr_hosts,
	&cof_tgt_stats_attr_latency,
	NULL,
};

const struct config_item_type cof_tgt_stats_type = {
	.ct_attrs	= stats_attrs,
	.ct_owner	= THIS_MODULE,
};
