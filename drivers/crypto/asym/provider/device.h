/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device of a class. See device.c.
 */
#ifndef _ASYM_PROVIDER_DEVICE_H
#define _ASYM_PROVIDER_DEVICE_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/percpu-refcount.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/provider.h>

#define PROVIDER_MAX_DEVICES	64	/* of a class; provider_op::tried is a bitmap of them */
#define PROVIDER_WRONG_MAX	3	/* wrong results in a row, then a device is tested again */
#define PROVIDER_LIMIT_MAX	1024	/* asym_device_priv::limit: from here on there is none */

struct asym_class;
struct dentry;

/* Counted by each CPU for itself; a sum read on a 32-bit machine may be torn. */
struct provider_device_stats {
	u64 requests;
	u64 completed;
};

struct asym_device_priv {
	/* fixed */
	struct kref ref;
	struct asym_device *dev;	/* valid while @calls is held */
	struct asym_class *class;
	struct asym_caps caps;		/* asym_device::caps less what it refused */
	unsigned int flags;
	struct dentry *dir;
	bool stopped;			/* the driver's thread that quiesces and unregisters */
	char name[64];

	/* Counts running calls of the driver's functions. Dead: no new calls. */
	struct percpu_ref calls;
	struct completion calls_gone;

	/* Requests that the driver has; asym_device_unregister() waits until there are none. */
	atomic_t inflight;
	wait_queue_head_t wait;
	struct work_struct kick_work;

	/*
	 * Time per operation, smoothed, in eighths of a microsecond; 0: not known. Each answer
	 * updates both without a lock: of two concurrent updates one may be lost.
	 */
	u32 latency;
	unsigned long measured;		/* jiffies */

	/* class->lock */
	struct list_head node;
	unsigned int id;
	unsigned long picked;		/* jiffies */
	bool live;
	bool in_drain;
	struct list_head backlog;	/* asym_request::list */
	struct list_head sessions;	/* provider_session::dev_node: attached ones */
	struct list_head idle;		/* provider_session::idle_node, oldest first */
	unsigned int nr_sessions;	/* open, opening or not yet closed */
	unsigned int max_sessions;	/* as the device says, or as was found out; 0: unknown */
	/*
	 * The number of operations that may be in flight, after operations waited too long on the
	 * device. It grows by one when as many were answered in time; 0: no limit.
	 */
	unsigned int limit;
	unsigned int limit_acks;

	/* How often there may have been room; read again after adding to @backlog. */
	atomic_t kicks;

	struct provider_device_stats __percpu *stats;
	atomic64_t errors;
	atomic64_t opens;
	atomic64_t closes;
	atomic64_t kat_run;
	atomic64_t kat_failed;
	atomic_t warned;
	atomic_t wrong;			/* results in a row that the public key says are wrong */
	struct work_struct retest_work;
	unsigned long retested;		/* jiffies; 0: never. @retest_work's */
};

#endif /* _ASYM_PROVIDER_DEVICE_H */
