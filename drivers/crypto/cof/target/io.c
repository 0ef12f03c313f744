// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations. All memory of an operation is allocated when its queue is
 * connected: queue->free_reqs, as many as the depth granted, so there is no
 * allocation on this path and a peer that sends more is breaking a rule. The
 * result is computed into the send buffer that carries it.
 *
 * io_recv runs in the connection's receive context and gives the operation to the
 * pool's scheduler, which dispatches it at once or when it is its turn, in any context with bottom
 * halves disabled; io_complete runs likewise, wherever the driver answers. Each operation
 * holds its queue, hence association, flow, pool and executor, until it is answered,
 * and its key until it is dispatched. What still waits when its connection is closed is cancelled.
 */
#include "target.h"

#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/slab.h>

static struct cof_tgt_req *io_req_get(struct cof_tgt_queue *queue, u64 tag)
{
	struct cof_tgt_req *req;

	spin_lock_bh(&queue->lock);
	req = list_first_entry_or_null(&queue->free_reqs, struct cof_tgt_req, list);
	if (req) {
		req->tag = tag;
		list_move_tail(&req->list, &queue->busy_reqs);
	}
	spin_unlock_bh(&queue->lock);
	return req;
}

static void io_req_put(struct cof_tgt_req *req)
{
	struct cof_tgt_queue *queue = req->queue;

	memzero_explicit(req->in, COF_MAX_INPUT + COF_MAX_DIGEST);
	req->tx = NULL;
	spin_lock_bh(&queue->lock);
	list_move(&req->list, &queue->free_reqs);
	spin_unlock_bh(&queue->lock);
}

/* A wrong signature is an answer, not an error. */
static void io_count(struct cof_tgt_pool *pool, const struct asym_exec_request *exec, int err)
{
	if (err && err != -EKEYREJECTED)
		this_cpu_inc(pool->cpu->stats[COF_TGT_ERRORS]);
	else
		this_cpu_inc(pool->cpu->stats[exec->op]);
	this_cpu_add(pool->cpu->stats[COF_TGT_BYTES], exec->src_len);
}

static void io_count_latency(struct cof_tgt_pool *pool, u64 arrived)
{
	u64 us = div_u64(ktime_get_ns() - arrived, NSEC_PER_USEC);

	this_cpu_inc(pool->cpu->latencies[min(fls64(us), COF_TGT_LATENCIES - 1)]);
}

/* The end of an operation, whether it was dispatched or not. */
static void io_answer(struct cof_tgt_req *req, int err)
{
	struct asym_exec_request *exec = req->exec;
	struct cof_tgt_queue *queue = req->queue;
	struct cof_txbuf *tx = req->tx;
	u64 arrived = req->arrived;
	struct cof_io_rsp *rsp = (struct cof_io_rsp *)tx->data;
	bool result = !err && exec->op != ASYM_VERIFY;
	u32 len = 0;

	if (result && WARN_ON_ONCE(exec->dst_len > COF_MAX_OUTPUT)) {
		result = false;
		err = -EIO;
	}
	if (result)
		len = exec->dst_len;
	cof_response_init(&rsp->hdr, req->opcode, req->tag, cof_errno_to_status(err),
			  sizeof(*rsp), len);
	if (result || err == -EOVERFLOW)
		rsp->out_len = cpu_to_le32(min_t(u32, exec->dst_len, COF_MAX_OUTPUT));

	/* Before it is sent: the peer may use the place as soon as it has the answer. */
	io_req_put(req);
	cof_conn_submit(queue->conn, tx, sizeof(*rsp) + len);
	io_count_latency(queue->assoc->pool, arrived);
	cof_tgt_queue_put(queue);
}

static void io_complete(struct asym_exec_request *exec, int err)
{
	struct cof_tgt_req *req = exec->data;

	io_count(req->queue->assoc->pool, exec, err);
	/* First, so that the accelerator has work while the answer is sent. */
	asym_qos_done(&req->item);
	io_answer(req, err);
}

/* Its turn. The executor takes its own reference to the key; the request may be gone then. */
static void io_dispatch(struct asym_qos_item *item)
{
	struct cof_tgt_req *req = container_of(item, struct cof_tgt_req, item);
	struct asym_exec_key *key = req->exec->key;

	asym_exec_submit(req->exec);
	asym_exec_key_put(key);
}

const struct asym_qos_ops cof_tgt_qos_ops = {
	.dispatch	= io_dispatch,
	/* a flow is removed after its last operation: there is none to drop */
};

/*
 * Did the operation wait for its turn? Then it does not any more, and nothing was
 * charged; io_answer() is left to do. queue->lock held.
 */
static bool io_cancel(struct cof_tgt_req *req)
{
	if (!asym_qos_cancel(&req->item))
		return false;
	asym_exec_key_put(req->exec->key);
	return true;
}

/*
 * A pool that computes on remote algorithms takes no more than what this host
 * said it would when the pool was enabled: its initiators count from there.
 */
static unsigned int io_max_hops(const struct cof_tgt_pool *pool)
{
	unsigned int max_hops = READ_ONCE(cof_tgt_max_hops);

	return pool->remote ? min(pool->hops, max_hops) : max_hops;
}

static int io_check(const struct cof_tgt_queue *queue, const struct cof_io_req *io)
{
	if (io->hops > io_max_hops(queue->assoc->pool))
		return -ELOOP;
	if (io->key_len || io->algo != ASYM_RSA || !(queue->assoc->pool->algos & BIT(ASYM_RSA)))
		return -EOPNOTSUPP;
	return 0;
}

static void io_fill(struct cof_tgt_req *req, const struct cof_io_req *io)
{
	struct asym_exec_request *exec = req->exec;

	req->opcode = cof_msg_opcode(&io->hdr);
	req->arrived = ktime_get_ns();
	exec->op = req->opcode - COF_ENCRYPT;
	exec->padding = io->padding;
	exec->hash = io->hash;
	exec->flags = 0;
	exec->src = req->in;
	exec->src_len = le32_to_cpu(io->src_len);
	exec->digest = req->in + exec->src_len;
	exec->digest_len = le32_to_cpu(io->digest_len);
	exec->dst = req->tx->data + sizeof(struct cof_io_rsp);
	exec->dst_len = le32_to_cpu(io->out_len);
	exec->complete = io_complete;
	exec->data = req;
	memcpy(req->in, cof_msg_data(&io->hdr), exec->src_len + exec->digest_len);
}

/* The key is referenced while the table is locked, until the operation's turn. */
static int io_submit(struct cof_tgt_req *req, u64 handle)
{
	struct cof_tgt_assoc *assoc = req->queue->assoc;
	struct asym_exec_key *key;

	read_lock_bh(&assoc->key_lock);
	key = cof_tgt_key_find(assoc, handle);
	if (key)
		asym_exec_key_get(key);
	read_unlock_bh(&assoc->key_lock);
	if (!key)
		return -ESTALE;
	req->exec->key = key;
	req->item.cost = asym_exec_key_cost(key, req->exec->op);
	req->item.bytes = req->exec->src_len;
	asym_qos_submit(&assoc->flow->qos, &req->item);
	return 0;
}

/* ABORT and QUERY: the peer's tags are all there is, so look at all that is in flight. */
static void io_ask(struct cof_tgt_queue *queue, const struct cof_hdr *msg)
{
	const struct cof_query_req *ask = (const struct cof_query_req *)msg;
	bool abort = cof_msg_opcode(msg) == COF_ABORT;
	struct cof_tgt_req *req, *cancelled = NULL;
	int err = -ESTALE;

	static_assert(offsetof(struct cof_query_req, query_tag) ==
		      offsetof(struct cof_abort_req, abort_tag));

	spin_lock_bh(&queue->lock);
	list_for_each_entry(req, &queue->busy_reqs, list) {
		if (req->tag != le64_to_cpu(ask->query_tag))
			continue;
		if (abort && io_cancel(req))
			cancelled = req;
		err = 0;
		break;
	}
	spin_unlock_bh(&queue->lock);
	if (cancelled)
		io_answer(cancelled, -ECANCELED);
	cof_tgt_reply(queue, msg, err);
}

/**
 * cof_tgt_io_recv() - a message on an I/O queue
 * @queue: LIVE
 * @msg: the message
 * @len: its length
 *
 * Context: as cof_conn_ops.recv.
 * Return: as cof_conn_ops.recv.
 */
int cof_tgt_io_recv(struct cof_tgt_queue *queue, const struct cof_hdr *msg, u32 len)
{
	const struct cof_io_req *io = (const struct cof_io_req *)msg;
	int err = cof_msg_check(msg, len, COF_TARGET, false);
	struct cof_tgt_req *req;

	if (err == -EPROTO)
		return cof_tgt_violation(queue, "malformed message on an I/O queue");
	if (!err && cof_msg_opcode(msg) == COF_CONNECT)
		return cof_tgt_violation(queue, "CONNECT on a connected queue");
	if (!err && (cof_msg_opcode(msg) == COF_ABORT || cof_msg_opcode(msg) == COF_QUERY)) {
		if (queue->assoc->features & COF_FEAT_ABORT) {
			io_ask(queue, msg);
			return 0;
		}
		err = -EOPNOTSUPP;
	}
	if (!err)
		err = io_check(queue, io);
	if (err) {
		cof_tgt_reply(queue, msg, err);
		return 0;
	}

	req = io_req_get(queue, cof_msg_tag(msg));
	if (!req)
		return cof_tgt_violation(queue, "more requests in flight than granted");
	req->tx = cof_conn_get_tx(queue->conn);
	if (!req->tx) {
		io_req_put(req);
		return cof_tgt_violation(queue, "it does not read its answers");
	}
	io_fill(req, io);
	kref_get(&queue->ref);
	err = io_submit(req, le64_to_cpu(io->handle));
	if (err) {
		cof_conn_put_tx(queue->conn, req->tx);
		io_req_put(req);
		cof_tgt_reply(queue, msg, err);
		cof_tgt_queue_put(queue);
	}
	return 0;
}

/**
 * cof_tgt_io_cancel() - drop what waits for its turn
 * @queue: its connection is closed, nothing is received any more
 *
 * What is dispatched is answered as ever, to nobody.
 *
 * Context: process. Specification: section 5.
 */
void cof_tgt_io_cancel(struct cof_tgt_queue *queue)
{
	struct cof_tgt_req *req, *next;
	LIST_HEAD(cancelled);

	spin_lock_bh(&queue->lock);
	list_for_each_entry_safe(req, next, &queue->busy_reqs, list)
		if (io_cancel(req))
			list_move_tail(&req->list, &cancelled);
	spin_unlock_bh(&queue->lock);
	list_for_each_entry_safe(req, next, &cancelled, list)
		io_answer(req, -ECANCELED);	/* moves it to free_reqs */
}

static void io_req_free(struct cof_tgt_req *req)
{
	kfree_sensitive(req->in);
	kfree_sensitive(req->exec);
	kfree(req);
}

/**
 * cof_tgt_io_alloc() - make an I/O queue's requests
 * @queue: not LIVE yet
 * @pool: whose executor will compute
 * @depth: how many
 *
 * Context: process.
 * Return: 0 or -ENOMEM; cof_tgt_io_free() in any case.
 */
int cof_tgt_io_alloc(struct cof_tgt_queue *queue, const struct cof_tgt_pool *pool, u32 depth)
{
	struct cof_tgt_req *req;
	u32 i;

	for (i = 0; i < depth; i++) {
		req = kzalloc_obj(*req);
		if (!req)
			return -ENOMEM;
		req->queue = queue;
		req->in = kzalloc(COF_MAX_INPUT + COF_MAX_DIGEST, GFP_KERNEL);
		req->exec = kzalloc(pool->req_size, GFP_KERNEL);
		if (!req->in || !req->exec) {
			io_req_free(req);
			return -ENOMEM;
		}
		list_add_tail(&req->list, &queue->free_reqs);
	}
	return 0;
}

/**
 * cof_tgt_io_free() - free an I/O queue's requests
 * @queue: none is in flight
 *
 * Context: process.
 */
void cof_tgt_io_free(struct cof_tgt_queue *queue)
{
	struct cof_tgt_req *req, *next;

	list_for_each_entry_safe(req, next, &queue->free_reqs, list) {
		list_del(&req->list);
		io_req_free(req);
	}
}
