/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An executor. References between objects:
 *
 *	request --> key --> executor --> drivers (a probe transform each)
 *
 * A request holds its key from asym_exec_submit() until after its completion;
 * a key holds the executor until its transforms are freed. asym_exec_destroy()
 * waits for that. No callback is called with an executor's lock held.
 *
 * exec_all_lock (mutex) protects the list of executors. It is held during
 * ready_changed(), and is the outermost lock.
 */
#ifndef _ASYM_EXECUTOR_MAIN_H
#define _ASYM_EXECUTOR_MAIN_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/executor.h>

#include "drivers.h"
#include "stats.h"

struct dentry;

#define EXEC_MAX_NAME		48
#define EXEC_MAX_INFLIGHT	4096

/**
 * struct asym_exec - an executor
 * @name: given by its creator
 * @nr_drivers: used entries of @drivers
 * @reqsize: the largest private area a driver wants in a request
 * @any_inflight: @max_inflight is chosen for the first driver that was found
 * @drivers: in order of preference; the number and the names are fixed after creation
 * @drivers_work: looks for drivers that are missing, or were registered again
 * @retired: probe transforms of drivers that were registered again; keys may use those
 * @nr_retired: their number
 * @refs: one for the creator, one for each key
 * @released: @refs reached zero
 * @lock: protects the fields below, and counters in @drivers; taken with BH disabled
 * @max_inflight: requests handed to drivers at one time
 * @fifo: waiting requests
 * @queued: their number
 * @inflight: requests handed to drivers
 * @keys: keys that exist
 * @pumping: a context is in exec_pump()
 * @full: a driver returned -ENOSPC: wait for a completion, or for @pump_work
 * @stats: counters
 * @pump_work: resumes exec_pump()
 * @ready_changed: the creator's callback, called under exec_all_lock
 * @data: for @ready_changed
 * @all: in exec_all; with @id under exec_all_lock
 * @id: distinguishes executors of one name
 * @dentry: in debugfs
 */
struct asym_exec {
	char name[EXEC_MAX_NAME];
	unsigned int nr_drivers;
	unsigned int reqsize;
	bool any_inflight;
	struct exec_driver drivers[EXEC_MAX_DRIVERS];
	struct work_struct drivers_work;
	struct crypto_akcipher **retired;
	unsigned int nr_retired;
	refcount_t refs;
	struct completion released;

	spinlock_t lock; /* see above */
	unsigned int max_inflight;
	struct list_head fifo;
	unsigned int queued;
	unsigned int inflight;
	unsigned int keys;
	bool pumping;
	bool full;
	struct exec_stats stats;

	struct delayed_work pump_work;

	void (*ready_changed)(void *data);
	void *data;

	struct list_head all;
	unsigned int id;
	struct dentry *dentry;
};

#endif /* _ASYM_EXECUTOR_MAIN_H */
