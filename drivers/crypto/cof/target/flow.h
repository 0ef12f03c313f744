/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host in a pool, and what waits for its turn there. See flow.c.
 */
#ifndef _COF_TARGET_FLOW_H
#define _COF_TARGET_FLOW_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>
#include <crypto/internal/asym/qos.h>
#include <uapi/linux/cof.h>

struct cof_tgt_pool;

/**
 * struct cof_tgt_flow - a host in a pool: all its associations, and its quota
 * @qos: in pool->qos; what the host may have, and had
 * @list: pool->flows; cof_tgt_lock
 * @users: associations not freed yet, and one for quotas/<hostid>; the last one frees it;
 *	cof_tgt_lock
 * @assocs: associations not freed yet; cof_tgt_lock
 * @keys: open ones, or about to be
 * @max_keys: how many it may have, 0: no limit but that of an association; read without a lock
 * @hostid: whose
 */
struct cof_tgt_flow {
	struct asym_qos_flow qos;
	struct list_head list;
	unsigned int users;
	unsigned int assocs;
	atomic_t keys;
	u32 max_keys;
	char hostid[COF_NAME_LEN];
};

struct cof_tgt_flow *cof_tgt_flow_alloc(const char *hostid);
struct cof_tgt_flow *cof_tgt_flow_get(struct cof_tgt_pool *pool, struct cof_tgt_flow **spare,
				      bool assoc);
void cof_tgt_flow_put(struct cof_tgt_flow *flow, bool assoc);
bool cof_tgt_flow_key_get(struct cof_tgt_flow *flow);
void cof_tgt_flow_key_put(struct cof_tgt_flow *flow);

#endif /* _COF_TARGET_FLOW_H */
