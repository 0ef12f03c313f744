/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Associations: one initiator host that uses one pool. See assoc.c.
 */
#ifndef _COF_TARGET_ASSOC_H
#define _COF_TARGET_ASSOC_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/cof.h>

struct cof_tgt_flow;
struct cof_tgt_key;
struct cof_tgt_pool;
struct cof_tgt_port;
struct cof_tgt_queue;

/**
 * struct cof_tgt_assoc - one initiator host using one pool
 * @ref: cof_tgt_assoc_put()
 * @pool: whose user it is
 * @flow: its host's; a user of it, while @pool is set
 * @port: where it came in; only compared, the port may be gone
 * @id: for logs
 * @cookie: I/O queues present it
 * @hostid: who it is
 * @features: COF_FEAT_* granted
 * @nr_queues: I/O queues granted
 * @depth: of each, granted
 * @kato: time-out, jiffies
 * @last_rx: when a message came, jiffies; written without a lock
 * @made: when it was, jiffies
 * @list: pool->assocs; cof_tgt_lock
 * @queues: [0] admin, [1..nr_queues] I/O, NULL if not connected; cof_tgt_lock
 * @dying: no new queue; cof_tgt_lock
 * @linger: let the peer read why; cof_tgt_lock
 * @reason: enum cof_status; cof_tgt_lock
 * @kill_work: ends it
 * @free_work: frees it
 * @kato_work: looks at @last_rx
 * @key_lock: guards the next three
 * @keys: table
 * @max_keys: slots in @keys
 * @keys_closed: no key is added any more
 */
struct cof_tgt_assoc {
	struct kref ref;
	struct cof_tgt_pool *pool;
	struct cof_tgt_flow *flow;
	const struct cof_tgt_port *port;
	u64 id;
	u8 cookie[COF_COOKIE_LEN];
	char hostid[COF_NAME_LEN];
	u64 features;
	u16 nr_queues;
	u32 depth;
	unsigned long kato;
	unsigned long last_rx;
	unsigned long made;

	struct list_head list;
	struct cof_tgt_queue *queues[COF_MAX_QUEUES + 1];
	bool dying;
	bool linger;
	u16 reason;

	struct work_struct kill_work;
	struct work_struct free_work;
	struct delayed_work kato_work;

	rwlock_t key_lock;
	struct cof_tgt_key *keys;
	u32 max_keys;
	bool keys_closed;
};

struct cof_tgt_assoc *cof_tgt_assoc_alloc(const struct cof_connect_req *req, const char *hostid);
void cof_tgt_assoc_kill(struct cof_tgt_assoc *assoc, u16 reason, bool linger);
void __cof_tgt_assoc_kill(struct cof_tgt_assoc *assoc, u16 reason, bool linger);
void cof_tgt_assoc_put(struct cof_tgt_assoc *assoc);
void __cof_tgt_assoc_event(struct cof_tgt_assoc *assoc, u32 event);
void cof_tgt_event(struct cof_tgt_pool *pool, const char *hostid, u32 event);

#endif /* _COF_TARGET_ASSOC_H */
