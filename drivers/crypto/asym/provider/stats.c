// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of each class, per CPU, and the number of objects of all classes. Any context. A sum is
 * not a snapshot of one moment.
 */
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <crypto/internal/asym/provider.h>

#include "stats.h"

static_assert(sizeof(struct asym_class_stats) == PROVIDER_STAT_NR * sizeof(u64));

DEFINE_PER_CPU(struct provider_objects, provider_objects);

/**
 * provider_stat() - read a counter of a class
 * @class: the class
 * @stat: the counter
 *
 * Context: any.
 * Return: its sum since the class was created.
 */
u64 provider_stat(const struct asym_class *class, enum provider_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(class->stats, cpu)->nr[stat]);
	return sum;
}

/**
 * asym_class_get_stats() - read the counters of a class, since it was created
 * @class: the class
 * @stats: receives them; not a snapshot of one moment
 *
 * Context: any.
 */
void asym_class_get_stats(struct asym_class *class, struct asym_class_stats *stats)
{
	u64 *sum = (u64 *)stats;
	int i;

	for (i = 0; i < PROVIDER_STAT_NR; i++)
		sum[i] = provider_stat(class, i);
}
EXPORT_SYMBOL_GPL(asym_class_get_stats);
