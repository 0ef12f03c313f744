// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host in a pool: what all its associations share, and what its quota limits.
 * Made by the first association or by mkdir quotas/<hostid>, whichever comes first;
 * freed with the last of them. An association is freed after its last operation is
 * answered or dropped, so nothing waits in a flow without users, and a pool
 * (which waits for its associations, and cannot be removed before its quotas/) outlives its flows.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "flow.h"
#include "pool.h"
#include "shared.h"

/**
 * cof_tgt_flow_alloc() - memory for a flow
 * @hostid: a valid name
 *
 * Context: process.
 * Return: for cof_tgt_flow_get(); kfree() it if it was not used. NULL: no memory.
 */
struct cof_tgt_flow *cof_tgt_flow_alloc(const char *hostid)
{
	struct cof_tgt_flow *flow = kzalloc_obj(*flow);

	if (flow)
		strscpy(flow->hostid, hostid);
	return flow;
}

static struct cof_tgt_flow *flow_find(const struct cof_tgt_pool *pool, const char *hostid)
{
	struct cof_tgt_flow *flow;

	list_for_each_entry(flow, &pool->flows, list)
		if (!strcmp(flow->hostid, hostid))
			return flow;
	return NULL;
}

/**
 * cof_tgt_flow_get() - a host's flow, and a user more
 * @pool: the pool
 * @spare: of cof_tgt_flow_alloc(); set to NULL if the host had none and this is it now
 * @assoc: the user is an association
 *
 * Context: cof_tgt_lock held.
 * Return: the flow.
 */
struct cof_tgt_flow *cof_tgt_flow_get(struct cof_tgt_pool *pool, struct cof_tgt_flow **spare,
				      bool assoc)
{
	struct cof_tgt_flow *flow;

	lockdep_assert_held(&cof_tgt_lock);
	flow = flow_find(pool, (*spare)->hostid);
	if (!flow) {
		flow = *spare;
		*spare = NULL;
		asym_qos_flow_add(&pool->qos, &flow->qos, &ASYM_QOS_UNLIMITED);
		list_add_tail(&flow->list, &pool->flows);
	}
	flow->users++;
	flow->assocs += assoc;
	return flow;
}

/**
 * cof_tgt_flow_put() - a user less
 * @flow: of cof_tgt_flow_get(); its pool stays until this returns
 * @assoc: as there
 *
 * Context: process.
 */
void cof_tgt_flow_put(struct cof_tgt_flow *flow, bool assoc)
{
	bool last;

	spin_lock_bh(&cof_tgt_lock);
	flow->assocs -= assoc;
	last = !--flow->users;
	if (last)
		list_del(&flow->list);
	spin_unlock_bh(&cof_tgt_lock);
	if (!last)
		return;
	asym_qos_flow_del(&flow->qos);	/* nothing waits there */
	kfree(flow);
}

/**
 * cof_tgt_flow_key_get() - may the host have one more key?
 * @flow: the host's
 *
 * Context: any.
 * Return: true: it is counted.
 */
bool cof_tgt_flow_key_get(struct cof_tgt_flow *flow)
{
	u32 max_keys = READ_ONCE(flow->max_keys);

	if (atomic_inc_return(&flow->keys) <= max_keys || !max_keys)
		return true;
	atomic_dec(&flow->keys);
	return false;
}

/**
 * cof_tgt_flow_key_put() - the host has one key less
 * @flow: the host's
 *
 * Context: any.
 */
void cof_tgt_flow_key_put(struct cof_tgt_flow *flow)
{
	atomic_dec(&flow->keys);
}
