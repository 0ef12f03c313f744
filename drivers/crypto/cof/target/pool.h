/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools, the hosts they let in, and what is counted of them. See pool.c.
 */
#ifndef _COF_TARGET_POOL_H
#define _COF_TARGET_POOL_H

#include <linux/atomic.h>
#include <linux/configfs.h>
#include <linux/list.h>
#include <linux/types.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/qos.h>

#include "config/object.h"

#define COF_TGT_DRIVERS_LEN	512

struct cof_tgt_pool;

/**
 * enum cof_tgt_stat - what is counted of a pool
 * @COF_TGT_ENCRYPT: encryptions; this and the next three as enum asym_op
 * @COF_TGT_DECRYPT: decryptions
 * @COF_TGT_SIGN: signatures made
 * @COF_TGT_VERIFY: signatures verified, right or wrong
 * @COF_TGT_ERRORS: operations that failed
 * @COF_TGT_BYTES: of input
 * @COF_TGT_KEYS: open now
 * @COF_TGT_REFUSED_HOSTS: CONNECT of hosts that are not allowed
 * @COF_TGT_CRC_ERRORS: messages that arrived damaged
 * @COF_TGT_INLINE_KEYS: keys that came with their operation
 * @COF_TGT_NR_STATS: how many there are
 */
enum cof_tgt_stat {
	COF_TGT_ENCRYPT,
	COF_TGT_DECRYPT,
	COF_TGT_SIGN,
	COF_TGT_VERIFY,
	COF_TGT_ERRORS,
	COF_TGT_BYTES,
	COF_TGT_KEYS,
	COF_TGT_REFUSED_HOSTS,
	COF_TGT_CRC_ERRORS,
	COF_TGT_INLINE_KEYS,
	COF_TGT_NR_STATS
};

/**
 * struct cof_tgt_host - hosts/<hostid>
 * @item: its name is the host id
 * @list: all hosts; cof_tgt_lock
 * @counted: in which count of hosts it was seen last; cof_tgt_lock
 */
struct cof_tgt_host {
	struct config_item item;
	struct list_head list;
	u64 counted;
};

/**
 * struct cof_tgt_link - a symbolic link in configfs
 * @list: pool->hosts or port->pools; cof_tgt_lock
 * @host: of pool->hosts
 * @pool: of port->pools
 */
struct cof_tgt_link {
	struct list_head list;
	union {
		struct cof_tgt_host *host;
		struct cof_tgt_pool *pool;
	};
};

/**
 * struct cof_tgt_pool_cpu - what one CPU counted on the path of operations
 * @stats: COF_TGT_ENCRYPT to COF_TGT_BYTES
 * @latencies: operations that took less than 1, 2, 4, ... us from their arrival until the answer
 *	was given to the transport
 */
struct cof_tgt_pool_cpu {
	u64 stats[COF_TGT_BYTES + 1];
	u64 latencies[ASYM_LATENCIES];
};

/**
 * struct cof_tgt_pool - pools/<pool>
 * @object: its folder, whose name is the pool's; enabled or not
 * @allowed_group: allowed_hosts/
 * @quotas_group: quotas/
 * @stats_group: stats/
 * @drivers: as configured; object.lock
 * @algos: BIT(enum asym_algo), as configured; fixed while enabled
 * @max_inflight: as configured: operations with the driver at one time, 0: the executor's choice
 * @remote: computes on remote algorithms, counted by cof_hops_add(@hops)
 * @hops: see @remote; highest hop count it takes then, fixed while enabled
 * @exec: while enabled, and until the last association is gone
 * @req_size: asym_exec_request_size()
 * @qos: orders what goes to @exec
 * @flows: struct cof_tgt_flow; cof_tgt_lock
 * @hosts: allowed ones, struct cof_tgt_link; cof_tgt_lock
 * @assocs: cof_tgt_lock
 * @users: associations not freed yet; cof_tgt_lock
 * @stats: enum cof_tgt_stat, but for those in @cpu
 * @cpu: counters of the path of operations
 */
struct cof_tgt_pool {
	struct cof_tgt_object object;
	struct config_group allowed_group;
	struct config_group quotas_group;
	struct config_group stats_group;
	char drivers[COF_TGT_DRIVERS_LEN];
	u32 algos;
	u32 max_inflight;
	bool remote;
	unsigned int hops;
	struct asym_exec *exec;
	size_t req_size;
	struct asym_qos qos;
	struct list_head flows;
	struct list_head hosts;
	struct list_head assocs;
	unsigned int users;
	atomic64_t stats[COF_TGT_NR_STATS];
	struct cof_tgt_pool_cpu __percpu *cpu;
};

static inline const char *cof_tgt_pool_name(const struct cof_tgt_pool *pool)
{
	return cof_tgt_object_name(&pool->object);
}

extern struct list_head cof_tgt_hosts;

bool cof_tgt_host_known(const char *hostid);
bool cof_tgt_host_allowed(const struct cof_tgt_pool *pool, const char *hostid);

#endif /* _COF_TARGET_POOL_H */
