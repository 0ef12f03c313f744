/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of a class, per CPU, and the number of objects of all classes.
 */
#ifndef _ASYM_PROVIDER_STATS_H
#define _ASYM_PROVIDER_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "class.h"

/* In the order of struct asym_class_stats. */
enum provider_stat {
	PROVIDER_STAT_OPS,
	PROVIDER_STAT_DEVICE,
	PROVIDER_STAT_SOFTWARE,
	PROVIDER_STAT_SW_NO_DEVICE,
	PROVIDER_STAT_SW_UNSUPPORTED,
	PROVIDER_STAT_SW_DEVICE_ERROR,
	PROVIDER_STAT_SW_NO_SESSION,
	PROVIDER_STAT_SW_WAITED,
	PROVIDER_STAT_LOCAL,
	PROVIDER_STAT_FAILED,
	PROVIDER_STAT_REFUSED,
	PROVIDER_STAT_RETRIED,
	PROVIDER_STAT_RECHECKED,
	PROVIDER_STAT_SESSION_OPENS,
	PROVIDER_STAT_SESSION_CLOSES,
	PROVIDER_STAT_SESSION_HITS,
	PROVIDER_STAT_SESSION_MISSES,
	PROVIDER_STAT_INLINE_KEYS,
	PROVIDER_STAT_SESSION_EVICTIONS,
	PROVIDER_STAT_KAT_RUN,
	PROVIDER_STAT_KAT_FAILED,
	PROVIDER_STAT_LATE_ANSWERS,
	PROVIDER_STAT_WRONG_RESULTS,
	PROVIDER_STAT_NR
};

/* Counted by each CPU for itself; a sum read on a 32-bit machine may be torn. */
struct provider_stats {
	u64 nr[PROVIDER_STAT_NR];
};

static inline void provider_count(struct asym_class *class, enum provider_stat stat)
{
	this_cpu_inc(class->stats->nr[stat]);
}

/* Undo provider_count() for an event that did not happen. */
static inline void provider_uncount(struct asym_class *class, enum provider_stat stat)
{
	this_cpu_dec(class->stats->nr[stat]);
}

u64 provider_stat(const struct asym_class *class, enum provider_stat stat);

/* Numbers of objects, of all classes together. */
enum provider_object {
	PROVIDER_OBJECT_CLASSES,
	PROVIDER_OBJECT_DEVICES,
	PROVIDER_OBJECT_KEYS,
	PROVIDER_OBJECT_KEY_BYTES,
	PROVIDER_OBJECT_SESSIONS,
	PROVIDER_OBJECT_TRANSFORMS,
	PROVIDER_OBJECT_OPERATIONS,
	PROVIDER_OBJECT_NR
};

/* A CPU that frees what another allocated goes below zero: only the sum means something. */
struct provider_objects {
	long nr[PROVIDER_OBJECT_NR];
};

DECLARE_PER_CPU(struct provider_objects, provider_objects);

static inline void provider_object(enum provider_object what, long nr)
{
	this_cpu_add(provider_objects.nr[what], nr);
}

#endif /* _ASYM_PROVIDER_STATS_H */
