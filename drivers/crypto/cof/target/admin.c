// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests on the admin queue. KEEP_ALIVE is answered where it is received;
 * the others may sleep and wait for queue->work, one after the other, at most
 * COF_ADMIN_DEPTH of them, copied into memory of the length that
 * cof_msg_check() found to be right. queue->lock guards the lists.
 *
 * KEY_OPEN makes the target compute: it waits for its turn as an operation does, before those of
 * its host, which may need the key; then the worker of queue->jobs prepares it. Others behind it do
 * not wait.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/key.h>
#include <trace/events/cof.h>

#include "../addr.h"
#include "../conn.h"
#include "../msg.h"
#include "admin.h"
#include "assoc.h"
#include "flow.h"
#include "key.h"
#include "pool.h"
#include "queue.h"
#include "shared.h"

/**
 * struct cof_tgt_admin_req - a request that waits
 * @list: queue->admin_reqs or queue->opening
 * @queue: whose; KEY_OPEN holds it from when its job waits
 * @job: of KEY_OPEN, which sleeps
 * @len: bytes at @msg
 * @msg: the message; may hold a private key
 */
struct cof_tgt_admin_req {
	struct list_head list;
	struct cof_tgt_queue *queue;
	struct asym_job job;
	u32 len;
	u8 msg[] __aligned(8);
};

/* One of the COF_ADMIN_DEPTH requests that may be in flight. */
static bool admin_slot_get(struct cof_tgt_queue *queue)
{
	bool room;

	spin_lock_bh(&queue->lock);
	room = queue->admin_inflight < COF_ADMIN_DEPTH;
	if (room)
		queue->admin_inflight++;
	spin_unlock_bh(&queue->lock);
	return room;
}

static void admin_slot_put(struct cof_tgt_queue *queue)
{
	spin_lock_bh(&queue->lock);
	queue->admin_inflight--;
	spin_unlock_bh(&queue->lock);
}

static int admin_defer(struct cof_tgt_queue *queue, const struct cof_hdr *msg, u32 len)
{
	struct cof_tgt_admin_req *req;

	if (!admin_slot_get(queue))
		return cof_tgt_violation(queue, "more admin requests in flight than allowed");
	req = kmalloc(struct_size(req, msg, len), GFP_ATOMIC);
	if (!req) {
		admin_slot_put(queue);
		cof_tgt_reply(queue, msg, -EBUSY);
		return 0;
	}
	req->queue = queue;
	req->job = (struct asym_job){ .jobs = &queue->jobs, .sleeps = true };
	req->len = len;
	memcpy(req->msg, msg, len);
	spin_lock_bh(&queue->lock);
	list_add_tail(&req->list, &queue->admin_reqs);
	spin_unlock_bh(&queue->lock);
	kref_get(&queue->ref);
	if (!queue_work(cof_tgt_wq, &queue->work))
		cof_tgt_queue_put(queue);
	return 0;
}

static int admin_recv(struct cof_tgt_queue *queue, const struct cof_hdr *msg, u32 len)
{
	int err = cof_msg_check(msg, len, COF_TARGET, true);

	if (err == -EPROTO)
		return cof_tgt_violation(queue, "malformed message on the admin queue");
	if (!err && cof_msg_opcode(msg) == COF_CONNECT)
		return cof_tgt_violation(queue, "CONNECT on a connected queue");
	if (err || cof_msg_opcode(msg) == COF_KEEP_ALIVE)
		cof_tgt_reply(queue, msg, err);
	else
		return admin_defer(queue, msg, len);
	return 0;
}

/* What the host may have now. More than max_inflight may be sent; it waits. */
static void admin_identify_quota(const struct cof_tgt_assoc *assoc, struct cof_identify_rsp *rsp)
{
	u32 max_inflight = assoc->nr_queues * assoc->depth;
	u32 max_keys = READ_ONCE(assoc->flow->max_keys);
	struct asym_qos_limits limits;

	asym_qos_flow_limits(&assoc->flow->qos, &limits);
	rsp->ops_per_sec = cpu_to_le64(limits.ops_per_sec);
	rsp->bytes_per_sec = cpu_to_le64(limits.bytes_per_sec);
	rsp->units_per_sec = cpu_to_le64(limits.units_per_sec);
	rsp->burst_ms = cpu_to_le32(limits.burst_ms);
	rsp->max_inflight = cpu_to_le32(min_not_zero(max_inflight, limits.max_inflight));
	rsp->max_keys = cpu_to_le32(min_not_zero(assoc->max_keys, max_keys));
}

static u16 admin_identify(struct cof_tgt_queue *queue, struct cof_txbuf *tx)
{
	struct cof_identify_rsp *rsp = (struct cof_identify_rsp *)tx->data;
	const struct cof_tgt_assoc *assoc = queue->assoc;
	struct asym_caps caps;

	asym_exec_caps(assoc->pool->exec, &caps);
	rsp->algos = cpu_to_le32(caps.algos & assoc->pool->algos);
	if (caps.algos & assoc->pool->algos & BIT(ASYM_RSA)) {
		rsp->rsa_ops = cpu_to_le32(caps.rsa_ops);
		rsp->rsa_paddings = cpu_to_le32(caps.rsa_paddings);
		rsp->rsa_hashes = cpu_to_le32(caps.rsa_hashes);
		rsp->rsa_min_bits = cpu_to_le32(caps.rsa_min_bits);
		rsp->rsa_max_bits = cpu_to_le32(caps.rsa_max_bits);
	}
	if (caps.algos & assoc->pool->algos & BIT(ASYM_ECDSA)) {
		rsp->ec_curves = cpu_to_le32(caps.ec_curves);
		rsp->ec_ops = cpu_to_le32(caps.ec_ops);
	}
	rsp->max_der = cpu_to_le32(COF_MAX_DER);
	admin_identify_quota(assoc, rsp);
	cof_name_put(rsp->driver, asym_exec_driver(assoc->pool->exec));
	return COF_S_OK;
}

static struct asym_key_data admin_key_data(const struct cof_key_open_req *req)
{
	return (struct asym_key_data){
		.algo = req->algo,
		.is_private = req->is_private,
		.curve = req->curve,
		.der = cof_msg_data(&req->hdr),
		.der_len = cof_msg_data_len(&req->hdr),
	};
}

static u16 admin_key_open(struct cof_tgt_queue *queue, const struct cof_key_open_req *req,
			  struct cof_txbuf *tx)
{
	struct cof_key_open_rsp *rsp = (struct cof_key_open_rsp *)tx->data;
	struct asym_key_data data = admin_key_data(req);
	unsigned int key_bytes;
	u64 handle = 0;
	int err;

	err = cof_tgt_key_open(queue->assoc, &data, &handle, &key_bytes);
	trace_cof_key_open(true, queue->assoc->id, handle, err);
	if (!err) {
		rsp->handle = cpu_to_le64(handle);
		rsp->key_bytes = cpu_to_le32(key_bytes);
	}
	return cof_errno_to_status(err);
}

static u16 admin_do(struct cof_tgt_queue *queue, const struct cof_hdr *msg, struct cof_txbuf *tx)
{
	switch (cof_msg_opcode(msg)) {
	case COF_IDENTIFY:
		return admin_identify(queue, tx);
	case COF_KEY_OPEN:
		return admin_key_open(queue, (const struct cof_key_open_req *)msg, tx);
	case COF_KEY_CLOSE:
		return cof_errno_to_status(cof_tgt_key_close(queue->assoc,
			le64_to_cpu(((const struct cof_key_close_req *)msg)->handle)));
	default:
		return COF_S_NOT_SUPPORTED;
	}
}

static void admin_one(struct cof_tgt_queue *queue, const struct cof_hdr *msg)
{
	struct cof_txbuf *tx = cof_conn_get_tx(queue->conn);
	u16 opcode = cof_msg_opcode(msg);
	u16 status;

	if (!tx) {
		if (READ_ONCE(queue->state) != COF_TGT_DEAD)
			cof_tgt_violation(queue, "it does not read its answers");
		return;
	}
	cof_response_init((struct cof_hdr *)tx->data, opcode, cof_msg_tag(msg), COF_S_OK,
			  cof_response_hlen(opcode), 0);
	status = admin_do(queue, msg, tx);
	((struct cof_hdr *)tx->data)->status = cpu_to_le16(status);
	admin_slot_put(queue);
	cof_conn_submit(queue->conn, tx, cof_response_hlen(opcode));
}

static struct cof_tgt_admin_req *admin_next(struct cof_tgt_queue *queue, struct list_head *from)
{
	struct cof_tgt_admin_req *req;

	spin_lock_bh(&queue->lock);
	req = list_first_entry_or_null(from, struct cof_tgt_admin_req, list);
	if (req)
		list_del(&req->list);
	spin_unlock_bh(&queue->lock);
	return req;
}

static struct cof_tgt_admin_req *admin_job_req(struct asym_job *job)
{
	return container_of(job, struct cof_tgt_admin_req, job);
}

/* struct asym_job_ops.run: the turn of KEY_OPEN has come. */
static void admin_job_run(struct asym_job *job)
{
	struct cof_tgt_admin_req *req = admin_job_req(job);
	struct cof_tgt_queue *queue = req->queue;

	spin_lock_bh(&queue->lock);
	list_del(&req->list);
	spin_unlock_bh(&queue->lock);
	if (READ_ONCE(queue->state) == COF_TGT_LIVE)
		admin_one(queue, (const struct cof_hdr *)req->msg);
	asym_job_done(job, 0);
}

/* struct asym_job_ops.complete */
static void admin_job_complete(struct asym_job *job, int err)
{
	struct cof_tgt_admin_req *req = admin_job_req(job);
	struct cof_tgt_queue *queue = req->queue;

	kfree_sensitive(req);
	cof_tgt_queue_put(queue);
}

static const struct asym_job_ops admin_job_ops = {
	.run		= admin_job_run,
	.complete	= admin_job_complete,
	.get		= cof_tgt_queue_jobs_get,
	.put		= cof_tgt_queue_jobs_put,
};

/* The connection is closed: drop each KEY_OPEN that waits. The caller has a reference to @queue. */
static void admin_cancel(struct cof_tgt_queue *queue)
{
	struct cof_tgt_admin_req *req, *next;
	LIST_HEAD(cancelled);

	spin_lock_bh(&queue->lock);
	asym_jobs_close(&queue->jobs);
	list_for_each_entry_safe(req, next, &queue->opening, list)
		if (asym_job_cancel(&req->job))
			list_move_tail(&req->list, &cancelled);
	spin_unlock_bh(&queue->lock);
	list_for_each_entry_safe(req, next, &cancelled, list)
		asym_job_done(&req->job, -ECANCELED);
}

/*
 * Has KEY_OPEN wait for its turn. False: it is none, or will be refused, which is answered at once
 * and takes no work.
 */
static bool admin_open_wait(struct cof_tgt_admin_req *req)
{
	struct cof_tgt_queue *queue = req->queue;
	struct cof_tgt_assoc *assoc = queue->assoc;
	struct asym_key_data data;
	bool closed;

	if (cof_msg_opcode((const struct cof_hdr *)req->msg) != COF_KEY_OPEN)
		return false;
	data = admin_key_data((const struct cof_key_open_req *)req->msg);
	if (cof_tgt_key_check(assoc, &data) || !cof_tgt_key_room(assoc))
		return false;
	kref_get(&queue->ref);
	asym_job_prepare(&req->job, &assoc->flow->qos);
	spin_lock_bh(&queue->lock);
	closed = queue->jobs.closed;
	if (!closed)
		list_add_tail(&req->list, &queue->opening);
	spin_unlock_bh(&queue->lock);
	if (closed) {
		asym_job_done(&req->job, -ECANCELED);
		return true;
	}
	/* @req may be gone */
	asym_job_submit(&req->job, asym_key_prepare_cost(&data), 0, true);
	/* Closed since: whoever did that may have found it on its way. */
	if (READ_ONCE(queue->jobs.closed))
		admin_cancel(queue);
	return true;
}

/* Answer what was deferred. */
static void admin_work(struct cof_tgt_queue *queue)
{
	struct cof_tgt_admin_req *req;

	while (READ_ONCE(queue->state) == COF_TGT_LIVE &&
	       (req = admin_next(queue, &queue->admin_reqs))) {
		if (admin_open_wait(req))
			continue;
		admin_one(queue, (const struct cof_hdr *)req->msg);
		kfree_sensitive(req);
	}
}

/* Forget what was deferred. */
static void admin_free(struct cof_tgt_queue *queue)
{
	struct cof_tgt_admin_req *req;

	while ((req = admin_next(queue, &queue->admin_reqs)))
		kfree_sensitive(req);
}

static const struct cof_tgt_queue_ops admin_ops = {
	.recv		= admin_recv,
	.work		= admin_work,
	.cancel		= admin_cancel,
	.free		= admin_free,
};

/**
 * cof_tgt_admin_init() - a queue becomes the admin queue of its association
 * @queue: CONNECTING
 *
 * Context: process.
 */
void cof_tgt_admin_init(struct cof_tgt_queue *queue)
{
	INIT_LIST_HEAD(&queue->admin_reqs);
	INIT_LIST_HEAD(&queue->opening);
	queue->jobs.ops = &admin_job_ops;
	/* Pairs with smp_load_acquire() in queue_close_work(). */
	smp_store_release(&queue->ops, &admin_ops);
}
