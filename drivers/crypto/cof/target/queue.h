/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues: one for each connection. See queue.c.
 */
#ifndef _COF_TARGET_QUEUE_H
#define _COF_TARGET_QUEUE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/job.h>
#include <uapi/linux/cof.h>

#define COF_TGT_SETUP_MS	5000	/* accept to CONNECT */

struct cof_conn;
struct cof_tgt_assoc;
struct cof_tgt_port;
struct cof_tgt_queue;
struct cof_tgt_seat;

/**
 * enum cof_tgt_queue_state - what a queue waits for
 * @COF_TGT_NEW: CONNECT
 * @COF_TGT_CONNECTING: connect.c, which works on CONNECT
 * @COF_TGT_LIVE: messages of its association
 * @COF_TGT_DEAD: nothing: it takes nothing any more, and will be closed
 */
enum cof_tgt_queue_state {
	COF_TGT_NEW,
	COF_TGT_CONNECTING,
	COF_TGT_LIVE,
	COF_TGT_DEAD,
};

/**
 * struct cof_tgt_queue_ops - what a queue does with its messages: connect.c's until CONNECT is
 *	accepted, then admin.c's or io.c's
 * @recv: a message came, and the queue is NEW or LIVE; as cof_conn_ops.recv
 * @work: queue->work runs
 * @cancel: the connection is closed, nothing is received any more: drop what waits for its turn.
 *	May be NULL. Process context
 * @free: nobody else uses the queue: free what it has. May be NULL. Process context
 */
struct cof_tgt_queue_ops {
	int (*recv)(struct cof_tgt_queue *queue, const struct cof_hdr *msg, u32 len);
	void (*work)(struct cof_tgt_queue *queue);
	void (*cancel)(struct cof_tgt_queue *queue);
	void (*free)(struct cof_tgt_queue *queue);
};

/**
 * struct cof_tgt_queue - one connection
 * @ref: one until close_work ran, one for each pending work item and operation
 * @ops: what works on its messages
 * @conn: the connection
 * @port: whose user it is
 * @state: enum cof_tgt_queue_state; atomic
 * @list: port->queues; cof_tgt_lock
 * @stranger: port->strangers, or empty; cof_tgt_lock
 * @seat: its host's, once it has an association; cof_tgt_lock
 * @closed: close_work ran; cof_tgt_lock
 * @assoc: set (cof_tgt_lock) before LIVE; referenced until this is freed
 * @qid: 0 admin
 * @connect: the request, while CONNECTING; connect.c's
 * @setup_work: CONNECT did not come
 * @close_work: closes the connection
 * @work: on cof_tgt_wq, ops->work
 * @jobs: what waits for its turn, or for its key, on cof_tgt_key_wq: io.c's operations, or
 *	admin.c's KEY_OPEN
 * @free_work: frees this
 * @lock: guards the rest
 * @admin_reqs: struct cof_tgt_admin_req; this and the next two are admin.c's
 * @admin_inflight: admin requests not answered
 * @opening: struct cof_tgt_admin_req, KEY_OPEN whose job waits
 * @free_reqs: struct cof_tgt_req not in use; this and the rest are io.c's
 * @busy_reqs: those that are
 * @tags: those again, by tag: for ABORT and QUERY, which cost the peer nothing
 * @tag_bits: buckets there, as a power of two
 * @tag_secret: odd, random: the peer chooses tags, and not which bucket they are in
 * @free_inline: struct cof_tgt_inline not in use
 */
struct cof_tgt_queue {
	struct kref ref;
	const struct cof_tgt_queue_ops *ops;
	struct cof_conn *conn;
	struct cof_tgt_port *port;
	int state;
	struct list_head list;
	struct list_head stranger;
	struct cof_tgt_seat *seat;
	bool closed;
	struct cof_tgt_assoc *assoc;
	u16 qid;
	struct cof_connect_req connect;
	struct delayed_work setup_work;
	struct delayed_work close_work;
	struct work_struct work;
	struct asym_jobs jobs;
	struct work_struct free_work;

	spinlock_t lock;	/* requests */
	struct list_head admin_reqs;
	unsigned int admin_inflight;
	struct list_head opening;
	struct list_head free_reqs;
	struct list_head busy_reqs;
	struct hlist_head *tags;
	unsigned int tag_bits;
	u64 tag_secret;
	struct list_head free_inline;
};

int cof_tgt_queue_make(struct cof_tgt_port *port, struct cof_conn *conn,
		       const struct cof_tgt_queue_ops *ops);
void cof_tgt_queue_put(struct cof_tgt_queue *queue);
void cof_tgt_queue_jobs_get(struct asym_jobs *jobs);
void cof_tgt_queue_jobs_put(struct asym_jobs *jobs);
void cof_tgt_queue_admitted(struct cof_tgt_queue *queue, struct cof_tgt_assoc *assoc, u16 qid,
			    struct cof_tgt_seat **spare);
void cof_tgt_queue_finish(struct cof_tgt_queue *queue, u16 reason, bool linger);
void __cof_tgt_queue_finish(struct cof_tgt_queue *queue, u16 reason, bool linger);
int cof_tgt_violation(struct cof_tgt_queue *queue, const char *what);
void cof_tgt_reply(struct cof_tgt_queue *queue, const struct cof_hdr *msg, int err);

#endif /* _COF_TARGET_QUEUE_H */
