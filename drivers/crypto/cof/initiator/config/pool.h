/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools, and their folders in configfs. See pool.c.
 */
#ifndef _COFI_CONFIG_POOL_H
#define _COFI_CONFIG_POOL_H

#include <linux/configfs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <uapi/linux/cof.h>
#include <crypto/internal/asym/provider.h>

/**
 * struct cofi_pool - a pool, as an administrator made it
 * @group: configfs
 * @paths_group: its folder paths/
 * @lock: guards the rest; sleeping
 * @paths: struct cofi_path
 * @pool: name at the target; this and the next constant while @enabled
 * @hostid: who we are
 * @queues: I/O queues for each path
 * @depth: requests in flight on each
 * @so_priority: of its sockets
 * @busy_poll_us: likewise
 * @priority: cra_priority
 * @kato_ms: keep-alive time-out asked for
 * @reconnect_ms: first delay; may change at any time
 * @digests: COF_DIGEST_*, asked for; constant while @enabled
 * @insecure: clear text may leave this host
 * @fallback: enum asym_fallback; may change at any time
 * @policy: enum asym_policy; likewise
 * @public_ops: enum asym_public_ops; likewise
 * @max_wait_ms: how long an operation, or a key to be opened, waits for an answer; 0: no bound;
 *	likewise
 * @check_results: 0 or 1; likewise
 * @list: in pool.c's list of all pools
 * @enabled: @class exists
 * @class: the algorithms
 */
struct cofi_pool {
	struct config_group group;
	struct config_group paths_group;
	struct mutex lock;	/* configuration */
	struct list_head paths;
	char pool[COF_NAME_LEN];
	char hostid[COF_NAME_LEN];
	unsigned int queues;
	unsigned int depth;
	unsigned int so_priority;
	unsigned int busy_poll_us;
	unsigned int priority;
	unsigned int kato_ms;
	unsigned int reconnect_ms;
	unsigned int digests;
	bool insecure;
	unsigned int fallback;
	unsigned int policy;
	enum asym_public_ops public_ops;
	unsigned int max_wait_ms;
	unsigned int check_results;
	struct list_head list;
	bool enabled;
	struct asym_class *class;
};

static inline const char *cofi_pool_name(struct cofi_pool *pool)
{
	return config_item_name(&pool->group.cg_item);
}

int cofi_config_init(void);
void cofi_config_exit(void);
void cofi_config_shutdown(void);

#endif /* _COFI_CONFIG_POOL_H */
