// SPDX-License-Identifier: GPL-2.0-only
/*
 * Associations: made by CONNECT on queue 0 (connect.c), ended here. Whoever
 * wants one to end calls cof_tgt_assoc_kill(), in any context, as often as he
 * likes; kill_work then tells the peer, closes the queues and wipes the keys. Memory
 * goes when the last queue (which the last operation in flight holds) is
 * freed, and that is what the pool waits for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/slab.h>
#include <trace/events/cof.h>

#include "../conn.h"
#include "../msg.h"
#include "assoc.h"
#include "flow.h"
#include "key.h"
#include "pool.h"
#include "queue.h"
#include "shared.h"

#define ASSOC_KATO_MS	5000	/* when the initiator leaves it to us */
#define ASSOC_FEATURES	(COF_FEAT_HDR_CRC | COF_FEAT_DATA_CRC | COF_FEAT_ABORT | \
			 COF_FEAT_INLINE_KEY)

static atomic64_t assoc_ids;

static struct cof_tgt_queue *assoc_queue_get(struct cof_tgt_assoc *assoc, unsigned int qid)
{
	struct cof_tgt_queue *queue;

	spin_lock_bh(&cof_tgt_lock);
	queue = assoc->queues[qid];
	if (queue)
		kref_get(&queue->ref);
	spin_unlock_bh(&cof_tgt_lock);
	return queue;
}

static void assoc_kill_work(struct work_struct *work)
{
	struct cof_tgt_assoc *assoc = container_of(work, struct cof_tgt_assoc, kill_work);
	struct cof_tgt_queue *queue;
	unsigned int qid;
	bool linger;
	u16 reason;

	spin_lock_bh(&cof_tgt_lock);
	reason = assoc->reason;
	linger = assoc->linger;
	spin_unlock_bh(&cof_tgt_lock);

	cancel_delayed_work_sync(&assoc->kato_work);
	for (qid = 0; qid <= assoc->nr_queues; qid++) {
		queue = assoc_queue_get(assoc, qid);
		if (!queue)
			continue;
		cof_tgt_queue_finish(queue, reason, linger);
		cof_tgt_queue_put(queue);
	}
	cof_tgt_keys_wipe(assoc);
	cof_tgt_assoc_put(assoc);
}

/**
 * __cof_tgt_assoc_kill() - end an association
 * @assoc: the association
 * @reason: enum cof_status, for DISCONNECT
 * @linger: let the peer read why for a second; false: at once, also if it lingers already
 *
 * Context: cof_tgt_lock held.
 */
void __cof_tgt_assoc_kill(struct cof_tgt_assoc *assoc, u16 reason, bool linger)
{
	lockdep_assert_held(&cof_tgt_lock);
	if (assoc->dying && (linger || !assoc->linger))
		return;
	if (!assoc->dying) {
		assoc->reason = reason;
		trace_cof_assoc_ended(true, cof_tgt_pool_name(assoc->pool), assoc->hostid,
				      assoc->id, reason, 0);
	}
	assoc->dying = true;
	assoc->linger = linger;
	if (kref_get_unless_zero(&assoc->ref) && !queue_work(cof_tgt_wq, &assoc->kill_work))
		cof_tgt_assoc_put(assoc);
}

/**
 * cof_tgt_assoc_kill() - end an association
 * @assoc: the association
 * @reason: enum cof_status, for DISCONNECT
 * @linger: let the peer read why for a second
 *
 * Context: any.
 */
void cof_tgt_assoc_kill(struct cof_tgt_assoc *assoc, u16 reason, bool linger)
{
	spin_lock_bh(&cof_tgt_lock);
	__cof_tgt_assoc_kill(assoc, reason, linger);
	spin_unlock_bh(&cof_tgt_lock);
}

/**
 * __cof_tgt_assoc_event() - tell an initiator that something changed
 * @assoc: its association
 * @event: enum cof_event_code
 *
 * Dropped if the initiator does not read what it was sent before, or is not there yet.
 *
 * Context: cof_tgt_lock held. Specification: section 3, EVENT.
 */
void __cof_tgt_assoc_event(struct cof_tgt_assoc *assoc, u32 event)
{
	struct cof_tgt_queue *admin = assoc->queues[0];
	struct cof_event *msg;
	struct cof_txbuf *tx;

	lockdep_assert_held(&cof_tgt_lock);
	if (assoc->dying || !admin || READ_ONCE(admin->state) != COF_TGT_LIVE)
		return;
	tx = cof_conn_get_tx(admin->conn);
	if (!tx)
		return;
	msg = (struct cof_event *)tx->data;
	cof_hdr_init(&msg->hdr, COF_EVENT, 0, COF_S_OK, sizeof(*msg), 0, 0);
	msg->event = cpu_to_le32(event);
	cof_conn_submit(admin->conn, tx, sizeof(*msg));
}

/**
 * cof_tgt_event() - tell initiators that use a pool that something changed
 * @pool: the pool
 * @hostid: which of them; NULL: all
 * @event: enum cof_event_code
 *
 * Context: any.
 */
void cof_tgt_event(struct cof_tgt_pool *pool, const char *hostid, u32 event)
{
	struct cof_tgt_assoc *assoc;

	spin_lock_bh(&cof_tgt_lock);
	list_for_each_entry(assoc, &pool->assocs, list)
		if (!hostid || !strcmp(assoc->hostid, hostid))
			__cof_tgt_assoc_event(assoc, event);
	spin_unlock_bh(&cof_tgt_lock);
}

static void assoc_kato_work(struct work_struct *work)
{
	struct cof_tgt_assoc *assoc = container_of(work, struct cof_tgt_assoc, kato_work.work);
	unsigned long deadline = READ_ONCE(assoc->last_rx) + assoc->kato;

	if (time_before(jiffies, deadline)) {
		queue_delayed_work(cof_tgt_wq, &assoc->kato_work, deadline - jiffies);
		return;
	}
	pr_warn_ratelimited("pool %s: host %s: association %llu: nothing heard for %u ms, closing\n",
			    cof_tgt_pool_name(assoc->pool), assoc->hostid, assoc->id,
			    jiffies_to_msecs(assoc->kato));
	cof_tgt_assoc_kill(assoc, COF_S_TIMEOUT, false);
}

static void assoc_free_work(struct work_struct *work)
{
	struct cof_tgt_assoc *assoc = container_of(work, struct cof_tgt_assoc, free_work);
	struct cof_tgt_pool *pool = assoc->pool;

	cancel_delayed_work_sync(&assoc->kato_work);
	if (pool) {
		cof_tgt_keys_wipe(assoc);
		cof_tgt_flow_put(assoc->flow, true);
		spin_lock_bh(&cof_tgt_lock);
		list_del(&assoc->list);
		pool->users--;
		wake_up_all(&cof_tgt_gone);
		spin_unlock_bh(&cof_tgt_lock);
	}
	kvfree(assoc->keys);
	kfree_sensitive(assoc);
}

static void assoc_release(struct kref *ref)
{
	struct cof_tgt_assoc *assoc = container_of(ref, struct cof_tgt_assoc, ref);

	queue_work(cof_tgt_wq, &assoc->free_work);
}

/**
 * cof_tgt_assoc_put() - drop a reference
 * @assoc: the association
 *
 * Context: any.
 */
void cof_tgt_assoc_put(struct cof_tgt_assoc *assoc)
{
	kref_put(&assoc->ref, assoc_release);
}

/**
 * cof_tgt_assoc_alloc() - negotiate an association
 * @req: what the initiator wants; checked
 * @hostid: who it is
 *
 * It belongs to no pool yet.
 *
 * Context: process.
 * Return: the association, with one reference; NULL: no memory.
 */
struct cof_tgt_assoc *cof_tgt_assoc_alloc(const struct cof_connect_req *req, const char *hostid)
{
	u32 kato_ms = le32_to_cpu(req->kato_ms) ?: ASSOC_KATO_MS;
	struct cof_tgt_assoc *assoc;

	assoc = kzalloc_obj(*assoc);
	if (!assoc)
		return NULL;
	assoc->max_keys = READ_ONCE(cof_tgt_max_keys);
	assoc->keys = kvcalloc(assoc->max_keys, sizeof(*assoc->keys), GFP_KERNEL);
	if (!assoc->keys) {
		kfree(assoc);
		return NULL;
	}
	kref_init(&assoc->ref);
	assoc->id = atomic64_inc_return(&assoc_ids);
	get_random_bytes(assoc->cookie, sizeof(assoc->cookie));
	strscpy(assoc->hostid, hostid);
	assoc->features = le64_to_cpu(req->features) & ASSOC_FEATURES;
	assoc->nr_queues = min_t(u32, le16_to_cpu(req->queues), READ_ONCE(cof_tgt_max_queues));
	assoc->depth = min(le32_to_cpu(req->depth), READ_ONCE(cof_tgt_max_depth));
	assoc->kato = msecs_to_jiffies(kato_ms);
	assoc->last_rx = jiffies;
	assoc->made = jiffies;
	INIT_LIST_HEAD(&assoc->list);
	INIT_WORK(&assoc->kill_work, assoc_kill_work);
	INIT_WORK(&assoc->free_work, assoc_free_work);
	INIT_DELAYED_WORK(&assoc->kato_work, assoc_kato_work);
	rwlock_init(&assoc->key_lock);
	return assoc;
}
