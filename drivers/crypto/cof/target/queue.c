// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: one for each connection, from accept to the last answer. Delivers messages by state
 * (cof-protocol.rst, section 2), and closes. queue->ops says what is done with a message: it is
 * connect.c's first, then admin.c's or io.c's.
 *
 * Life: cof_tgt_queue_make() makes one, with a reference that close_work drops.
 * cof_tgt_queue_finish() (any context) makes it DEAD, says why to the peer, and has
 * close_work run, now or in a second. close_work closes the connection (no callback
 * after that) and unlinks. The last reference has free_work free it: it
 * waits for the other work items, then tells the port.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "../conn.h"
#include "../msg.h"
#include "assoc.h"
#include "pool.h"
#include "port.h"
#include "queue.h"
#include "shared.h"

#define QUEUE_LINGER_MS	1000	/* a refused peer may read why */

/**
 * cof_tgt_queue_admitted() - a connection becomes an association's
 * @queue: the connection
 * @assoc: the association; the caller's reference to it is taken over
 * @qid: its place there
 * @spare: of cof_tgt_seat_alloc(); set to NULL if the host had none here and this is it now
 *
 * Context: cof_tgt_lock held.
 */
void cof_tgt_queue_admitted(struct cof_tgt_queue *queue, struct cof_tgt_assoc *assoc, u16 qid,
			    struct cof_tgt_seat **spare)
{
	lockdep_assert_held(&cof_tgt_lock);
	cof_tgt_stranger_del(queue);
	queue->seat = cof_tgt_seat_get(queue->port, assoc->hostid, spare);
	queue->qid = qid;
	queue->assoc = assoc;
	assoc->queues[qid] = queue;
	cof_conn_set_queue(queue->conn, qid, assoc);
}

static void queue_release(struct kref *ref)
{
	struct cof_tgt_queue *queue = container_of(ref, struct cof_tgt_queue, ref);

	queue_work(cof_tgt_wq, &queue->free_work);
}

/**
 * cof_tgt_queue_put() - drop a reference
 * @queue: the queue
 *
 * Context: any.
 */
void cof_tgt_queue_put(struct cof_tgt_queue *queue)
{
	kref_put(&queue->ref, queue_release);
}

static void queue_free_work(struct work_struct *work)
{
	struct cof_tgt_queue *queue = container_of(work, struct cof_tgt_queue, free_work);
	struct cof_tgt_port *port = queue->port;

	cancel_delayed_work_sync(&queue->setup_work);
	cancel_delayed_work_sync(&queue->close_work);
	cancel_work_sync(&queue->work);
	cancel_work_sync(&queue->jobs.work);
	if (queue->ops->free)
		queue->ops->free(queue);
	cof_conn_put(queue->conn);
	if (queue->assoc)
		cof_tgt_assoc_put(queue->assoc);
	cof_tgt_seat_put(port, queue->seat);
	kfree_sensitive(queue);
	cof_tgt_port_put(port);
}

static void queue_close_work(struct work_struct *work)
{
	struct cof_tgt_queue *queue = container_of(work, struct cof_tgt_queue, close_work.work);
	const struct cof_tgt_queue_ops *ops;
	struct cof_tgt_assoc *assoc;

	cof_conn_close(queue->conn);
	/*
	 * Perhaps before CONNECT is accepted; then it never becomes LIVE, and nothing waits. Pairs
	 * with smp_store_release() in cof_tgt_admin_init() and cof_tgt_io_init().
	 */
	ops = smp_load_acquire(&queue->ops);
	if (ops->cancel)
		ops->cancel(queue);
	spin_lock_bh(&cof_tgt_lock);
	if (queue->closed) {
		spin_unlock_bh(&cof_tgt_lock);
		return;
	}
	queue->closed = true;
	list_del(&queue->list);
	cof_tgt_stranger_del(queue);
	assoc = queue->assoc;
	if (assoc) {
		assoc->queues[queue->qid] = NULL;
		if (!queue->qid)
			__cof_tgt_assoc_kill(assoc, COF_S_OK, false);
	}
	spin_unlock_bh(&cof_tgt_lock);
	cof_tgt_queue_put(queue);
}

static void queue_disconnect(struct cof_tgt_queue *queue, u16 reason)
{
	struct cof_txbuf *tx = cof_conn_get_tx(queue->conn);

	if (!tx)
		return;
	cof_hdr_init((struct cof_hdr *)tx->data, COF_DISCONNECT, 0, reason,
		     sizeof(struct cof_hdr), 0, 0);
	cof_conn_submit(queue->conn, tx, sizeof(struct cof_hdr));
}

/**
 * __cof_tgt_queue_finish() - end a connection
 * @queue: the queue
 * @reason: enum cof_status, for DISCONNECT (unless it was DEAD already)
 * @linger: close when the peer does, or in a second; false: now
 *
 * Context: cof_tgt_lock held.
 */
void __cof_tgt_queue_finish(struct cof_tgt_queue *queue, u16 reason, bool linger)
{
	lockdep_assert_held(&cof_tgt_lock);
	if (xchg(&queue->state, COF_TGT_DEAD) != COF_TGT_DEAD)
		queue_disconnect(queue, reason);
	if (queue->closed)
		return;
	if (linger)
		queue_delayed_work(cof_tgt_wq, &queue->close_work,
				   msecs_to_jiffies(QUEUE_LINGER_MS));
	else
		mod_delayed_work(cof_tgt_wq, &queue->close_work, 0);
}

/**
 * cof_tgt_queue_finish() - end a connection
 * @queue: the queue
 * @reason: enum cof_status, for DISCONNECT
 * @linger: close when the peer does, or in a second; false: now
 *
 * Context: any.
 */
void cof_tgt_queue_finish(struct cof_tgt_queue *queue, u16 reason, bool linger)
{
	spin_lock_bh(&cof_tgt_lock);
	__cof_tgt_queue_finish(queue, reason, linger);
	spin_unlock_bh(&cof_tgt_lock);
}

/**
 * cof_tgt_violation() - the peer broke a rule
 * @queue: where
 * @what: for the log
 *
 * Context: any. Specification: section 5.
 * Return: -EPROTO, for cof_conn_ops.recv to return.
 */
int cof_tgt_violation(struct cof_tgt_queue *queue, const char *what)
{
	pr_warn_ratelimited("port %u: %s: protocol violation: %s\n", queue->port->id,
			    queue->conn->peer_name, what);
	spin_lock_bh(&cof_tgt_lock);
	if (queue->assoc)
		__cof_tgt_assoc_kill(queue->assoc, COF_S_PROTOCOL, true);
	__cof_tgt_queue_finish(queue, COF_S_PROTOCOL, true);
	spin_unlock_bh(&cof_tgt_lock);
	return -EPROTO;
}

/**
 * cof_tgt_reply() - answer a request with a status alone
 * @queue: on which it came
 * @msg: the request
 * @err: negative errno, or 0 where the response is the common header
 *
 * Context: any.
 */
void cof_tgt_reply(struct cof_tgt_queue *queue, const struct cof_hdr *msg, int err)
{
	u16 hlen = cof_response_hlen(cof_msg_opcode(msg)) ?: sizeof(struct cof_hdr);
	struct cof_txbuf *tx = cof_conn_get_tx(queue->conn);

	if (!tx) {
		if (READ_ONCE(queue->state) != COF_TGT_DEAD)
			cof_tgt_violation(queue, "it does not read its answers");
		return;
	}
	cof_response_init((struct cof_hdr *)tx->data, cof_msg_opcode(msg), cof_msg_tag(msg),
			  cof_errno_to_status(err), hlen, 0);
	cof_conn_submit(queue->conn, tx, hlen);
}

static int queue_recv(struct cof_conn *conn, const struct cof_hdr *msg, u32 len)
{
	struct cof_tgt_queue *queue = conn->priv;
	/* LIVE: qid and assoc are set. Pairs with cmpxchg() in connect_work(). */
	int state = smp_load_acquire(&queue->state);

	if (state == COF_TGT_DEAD)
		return -ESHUTDOWN;
	if (state == COF_TGT_CONNECTING)
		return cof_tgt_violation(queue, "message while CONNECT is unanswered");
	if (cof_msg_opcode(msg) == COF_DISCONNECT &&
	    !cof_msg_check(msg, len, COF_TARGET, true)) {
		cof_tgt_queue_finish(queue, COF_S_OK, false);
		return -ESHUTDOWN;
	}
	if (state == COF_TGT_LIVE)
		WRITE_ONCE(queue->assoc->last_rx, jiffies);
	return queue->ops->recv(queue, msg, len);
}

/* Nobody's fault: the message was damaged on its way. LIVE, so the association is there. */
static void queue_bad_digest(struct cof_tgt_queue *queue)
{
	struct cof_tgt_assoc *assoc = queue->assoc;

	pr_warn_ratelimited("port %u: %s: a message arrived damaged (digest), closing\n",
			    queue->port->id, queue->conn->peer_name);
	atomic64_inc(&assoc->pool->stats[COF_TGT_CRC_ERRORS]);
	spin_lock_bh(&cof_tgt_lock);
	__cof_tgt_assoc_kill(assoc, COF_S_BAD_CRC, true);
	__cof_tgt_queue_finish(queue, COF_S_BAD_CRC, true);
	spin_unlock_bh(&cof_tgt_lock);
}

static void queue_error(struct cof_conn *conn, int err)
{
	struct cof_tgt_queue *queue = conn->priv;

	if (err == -EPROTO) {
		cof_tgt_violation(queue, "what arrived is no message, or too long");
		return;
	}
	if (err == -EILSEQ) {
		queue_bad_digest(queue);
		return;
	}
	/* Nobody is there to be told. */
	xchg(&queue->state, COF_TGT_DEAD);
	cof_tgt_queue_finish(queue, COF_S_OK, false);
}

static const struct cof_conn_ops queue_conn_ops = {
	.recv	= queue_recv,
	.error	= queue_error,
};

static void queue_setup_work(struct work_struct *work)
{
	struct cof_tgt_queue *queue = container_of(work, struct cof_tgt_queue, setup_work.work);

	if (READ_ONCE(queue->state) == COF_TGT_NEW)
		cof_tgt_queue_finish(queue, COF_S_TIMEOUT, true);
}

static void queue_work_fn(struct work_struct *work)
{
	struct cof_tgt_queue *queue = container_of(work, struct cof_tgt_queue, work);

	queue->ops->work(queue);
	cof_tgt_queue_put(queue);
}

/* Until admin.c or io.c have the queue. */
static const struct asym_job_ops queue_no_jobs;

/**
 * cof_tgt_queue_jobs_get() - struct asym_job_ops.get of queues
 * @jobs: the queue's
 *
 * Context: any.
 */
void cof_tgt_queue_jobs_get(struct asym_jobs *jobs)
{
	kref_get(&container_of(jobs, struct cof_tgt_queue, jobs)->ref);
}

/**
 * cof_tgt_queue_jobs_put() - struct asym_job_ops.put of queues
 * @jobs: the queue's
 *
 * Context: any.
 */
void cof_tgt_queue_jobs_put(struct asym_jobs *jobs)
{
	cof_tgt_queue_put(container_of(jobs, struct cof_tgt_queue, jobs));
}

/**
 * cof_tgt_queue_make() - a peer connected
 * @port: where
 * @conn: the connection; the queue's if this succeeds
 * @ops: what works on its first message
 *
 * Context: process; disabling the port waits for it.
 * Return: 0; -EBUSY too many connections; -ENOMEM.
 */
int cof_tgt_queue_make(struct cof_tgt_port *port, struct cof_conn *conn,
		       const struct cof_tgt_queue_ops *ops)
{
	struct cof_tgt_queue *queue, *oldest;

	if (!cof_tgt_port_get(port)) {
		pr_warn_ratelimited("port %u: %s: refused: too many connections are being closed\n",
				    port->id, conn->peer_name);
		return -EBUSY;
	}
	queue = kzalloc_obj(*queue);
	if (!queue) {
		cof_tgt_port_put(port);
		return -ENOMEM;
	}
	kref_init(&queue->ref);
	queue->ops = ops;
	queue->conn = conn;
	queue->port = port;
	queue->state = COF_TGT_NEW;
	INIT_DELAYED_WORK(&queue->setup_work, queue_setup_work);
	INIT_DELAYED_WORK(&queue->close_work, queue_close_work);
	INIT_WORK(&queue->work, queue_work_fn);
	asym_jobs_init(&queue->jobs, &queue_no_jobs, cof_tgt_key_wq);
	INIT_WORK(&queue->free_work, queue_free_work);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->stranger);
	spin_lock_bh(&cof_tgt_lock);
	list_add_tail(&queue->list, &port->queues);
	oldest = cof_tgt_stranger_add(queue);
	if (oldest)
		__cof_tgt_queue_finish(oldest, COF_S_BUSY, false);
	spin_unlock_bh(&cof_tgt_lock);

	kref_get(&queue->ref);
	queue_delayed_work(cof_tgt_wq, &queue->setup_work, msecs_to_jiffies(COF_TGT_SETUP_MS));
	if (cof_conn_start(conn, &queue_conn_ops, queue))
		cof_tgt_queue_finish(queue, COF_S_INTERNAL, false);
	cof_tgt_queue_put(queue);
	return 0;
}
