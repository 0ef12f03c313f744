// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations. All memory of an operation is allocated when its queue is
 * connected: queue->free_reqs, as many as the depth granted, so there is no
 * allocation on this path and a peer that sends more is breaking a rule. The
 * result is computed into the send buffer that carries it.
 *
 * io_recv runs in the connection's receive context and submits at once; io_complete
 * runs with bottom halves disabled, wherever the driver answers. Each operation
 * holds its queue, hence association, pool and executor, until it is answered.
 */
#include "target.h"

#include <linux/minmax.h>
#include <linux/slab.h>

static struct cof_tgt_req *io_req_get(struct cof_tgt_queue *queue)
{
	struct cof_tgt_req *req;

	spin_lock_bh(&queue->lock);
	req = list_first_entry_or_null(&queue->free_reqs, struct cof_tgt_req, list);
	if (req)
		list_del_init(&req->list);
	spin_unlock_bh(&queue->lock);
	return req;
}

static void io_req_put(struct cof_tgt_req *req)
{
	struct cof_tgt_queue *queue = req->queue;

	memzero_explicit(req->in, COF_MAX_INPUT + COF_MAX_DIGEST);
	req->tx = NULL;
	spin_lock_bh(&queue->lock);
	list_add(&req->list, &queue->free_reqs);
	spin_unlock_bh(&queue->lock);
}

/* A wrong signature is an answer, not an error. */
static void io_count(struct cof_tgt_pool *pool, const struct asym_exec_request *exec, int err)
{
	if (err && err != -EKEYREJECTED)
		atomic64_inc(&pool->stats[COF_TGT_ERRORS]);
	else
		atomic64_inc(&pool->stats[exec->op]);
	atomic64_add(exec->src_len, &pool->stats[COF_TGT_BYTES]);
}

static void io_complete(struct asym_exec_request *exec, int err)
{
	struct cof_tgt_req *req = exec->data;
	struct cof_tgt_queue *queue = req->queue;
	struct cof_txbuf *tx = req->tx;
	struct cof_io_rsp *rsp = (struct cof_io_rsp *)tx->data;
	bool result = !err && exec->op != ASYM_VERIFY;
	u32 len = 0;

	io_count(queue->assoc->pool, exec, err);
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
	cof_tgt_queue_put(queue);
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

	req->tag = cof_msg_tag(&io->hdr);
	req->opcode = cof_msg_opcode(&io->hdr);
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

/* The executor takes its own reference to the key while the table is locked. */
static int io_submit(struct cof_tgt_req *req, u64 handle)
{
	struct cof_tgt_assoc *assoc = req->queue->assoc;
	int err = 0;

	read_lock_bh(&assoc->key_lock);
	req->exec->key = cof_tgt_key_find(assoc, handle);
	if (req->exec->key)
		asym_exec_submit(req->exec);
	else
		err = -ESTALE;
	read_unlock_bh(&assoc->key_lock);
	return err;
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
	if (!err && cof_msg_opcode(msg) == COF_ABORT)
		err = -EOPNOTSUPP;
	if (!err)
		err = io_check(queue, io);
	if (err) {
		cof_tgt_reply(queue, msg, err);
		return 0;
	}

	req = io_req_get(queue);
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
