/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A way to a pool's target. See path.c.
 *
 * pool (configfs folder, one asym_class)
 *   path (configfs folder under paths/, one asym_device)
 *     association (one life of the path's connections: admin and I/O queues)
 *
 * Locks, outermost first: pool->lock (configuration; start and stop of paths;
 * never taken by works), path->lock, chan->lock, queue->lock. The latter three
 * are spinlocks taken with bottom halves disabled, and never together.
 *
 * path->work alone makes and ends associations; path->stop_work cancels it and then
 * ends the association in its place. Everybody else only marks an
 * association dead (cofi_assoc_fail()) and kicks that work.
 */
#ifndef _COFI_PATH_H
#define _COFI_PATH_H

#include <linux/atomic.h>
#include <linux/configfs.h>
#include <linux/list.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/provider.h>
#include "state.h"

struct cofi_assoc;
struct cofi_pool;
struct device;

#define COFI_NAME_MAX	40	/* pool folder: driver names start with it */
#define COFI_WORD_LEN	64	/* transport, traddr, trsvcid, with their NUL */
#define COFI_STABLE_MS	10000	/* live for so long: the next delay is the first again */

/**
 * struct cofi_counters - a path's, since it was made
 * @requests: operations sent
 * @responses: operations answered
 * @errors: of these: neither a result nor a wrong signature
 * @lost: operations sent, never answered
 * @late_answers: answers nobody waited for
 * @timeouts: of @lost: the target, asked, knew nothing of them
 * @queries: QUERY sent
 * @cancelled: operations nobody waited for any more: ABORT sent
 * @protocol_errors: associations ended because the peer broke rules
 * @crc_errors: associations ended because a digest was wrong
 * @reconnects: times live, without the first
 * @bytes: input of the operations sent
 * @key_opens: keys opened
 * @key_closes: keys closed
 * @inline_keys: operations sent with their key
 */
struct cofi_counters {
	atomic64_t requests;
	atomic64_t responses;
	atomic64_t errors;
	atomic64_t lost;
	atomic64_t late_answers;
	atomic64_t timeouts;
	atomic64_t queries;
	atomic64_t cancelled;
	atomic64_t protocol_errors;
	atomic64_t crc_errors;
	atomic64_t reconnects;
	atomic64_t bytes;
	atomic64_t key_opens;
	atomic64_t key_closes;
	atomic64_t inline_keys;
};

/**
 * struct cofi_path - one way to a pool's target
 * @item: configfs
 * @pool: its pool
 * @list: in pool->paths, under pool->lock
 * @name: "<pool>/<n>", the asym_device's name
 * @transport: configuration, under pool->lock; constant while @enabled
 * @traddr: likewise
 * @trsvcid: likewise
 * @addr: both, looked up by @work for each attempt to connect, under @lock
 * @enabled: likewise
 * @running: path and pool are enabled: @work may run; under pool->lock
 * @lock: guards @stop, @state and @reason
 * @stop: @work must not be queued any more
 * @state: enum cofi_state
 * @reason: why it failed; empty if it did not
 * @wait: for answers to commands, free slots, and the end
 * @work: makes and ends associations
 * @stop_work: ends them when the path is stopped
 * @reg_work: registers @dev, which waits for answers, so that @work need not
 * @assoc: set and cleared by @work (or whoever stops it) while @dev is not registered;
 *	others may look at it, and at @dev, under @lock while @state is COFI_LIVE
 * @registered: @dev is with asym_provider; written by @reg_work, and by @work
 *	when @reg_work is idle
 * @was_live: since it was enabled
 * @ever_live: since it was made
 * @live_since: jiffies
 * @attempts: in vain, or for less than COFI_STABLE_MS, since it was live for that long
 * @logged: errno or status of the failure last logged
 * @dev: asym_provider's view
 * @count: counters
 * @sysfs: /sys/class/cof/<pool>-<n>
 */
struct cofi_path {
	struct config_item item;
	struct cofi_pool *pool;
	struct list_head list;
	char name[COFI_NAME_MAX + 8];

	char transport[COFI_WORD_LEN];
	char traddr[COFI_WORD_LEN];
	char trsvcid[COFI_WORD_LEN];
	struct sockaddr_storage addr;
	bool enabled;
	bool running;

	spinlock_t lock;	/* state */
	bool stop;
	enum cofi_state state;
	char reason[80];
	wait_queue_head_t wait;

	struct delayed_work work;
	struct work_struct stop_work;
	struct work_struct reg_work;
	struct cofi_assoc *assoc;
	bool registered;
	bool was_live;
	bool ever_live;
	unsigned long live_since;
	unsigned int attempts;
	int logged;

	struct asym_device dev;
	struct cofi_counters count;
	struct device *sysfs;
};

void cofi_path_init(struct cofi_path *path, struct cofi_pool *pool);
void cofi_path_start(struct cofi_path *path);
void cofi_path_stop(struct cofi_path *path);
void cofi_path_stopped(struct cofi_path *path);
unsigned int cofi_path_delay_ms(struct cofi_path *path, bool live, u32 random);
unsigned int cofi_backoff_ms(unsigned int base_ms, unsigned int attempts, u32 random);

#endif /* _COFI_PATH_H */
