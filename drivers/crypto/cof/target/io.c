// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations. All memory of an operation is allocated when its queue is
 * connected: queue->free_reqs, as many as the depth granted, so there is no
 * allocation on this path and a peer that sends more is breaking a rule. The
 * result is computed into the send buffer that carries it.
 *
 * A key that comes with its operation is copied into one of COF_INLINE_KEYS places of the queue.
 *
 * io_recv runs in the connection's receive context and makes the operation a job of its host's flow
 * (asym_job), which waits for its turn and has its key prepared; io_complete runs wherever the
 * driver answers. Each operation holds its queue, hence association, flow, pool and executor, until
 * it is answered. An operation that waits when its connection is closed, or when ABORT comes, is
 * cancelled.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/key.h>
#include <trace/events/cof.h>

#include "../conn.h"
#include "../msg.h"
#include "assoc.h"
#include "io.h"
#include "key.h"
#include "pool.h"
#include "shared.h"

static struct cof_tgt_req *io_req_get(struct cof_tgt_queue *queue, u64 tag)
{
	struct cof_tgt_req *req;

	spin_lock_bh(&queue->lock);
	req = list_first_entry_or_null(&queue->free_reqs, struct cof_tgt_req, list);
	if (req) {
		req->tag = tag;
		req->job.key.der = NULL;
		list_move_tail(&req->list, &queue->busy_reqs);
		hlist_add_head(&req->by_tag, cof_tgt_tag_bucket(queue, tag));
	}
	spin_unlock_bh(&queue->lock);
	return req;
}

static void io_req_put(struct cof_tgt_req *req)
{
	struct cof_tgt_queue *queue = req->queue;
	struct cof_tgt_inline *key = req->key;

	memzero_explicit(req->in, req->in_len);
	req->in_len = 0;
	if (key)	/* wiped before, if it was prepared */
		memzero_explicit(key->der, key->len);
	req->tx = NULL;
	req->key = NULL;
	spin_lock_bh(&queue->lock);
	if (key)
		list_add(&key->list, &queue->free_inline);
	hlist_del(&req->by_tag);
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
	this_cpu_inc(pool->cpu->latencies[asym_latency_bucket(arrived)]);
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
	else if (exec->op != ASYM_VERIFY)	/* what there may be of one is not sent */
		memzero_explicit(exec->dst, COF_MAX_OUTPUT);
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

static struct cof_tgt_req *io_job_req(struct asym_job *job)
{
	return container_of(job, struct cof_tgt_req, job);
}

/* struct asym_job_ops.prepared */
static void io_prepared(struct asym_job *job, int err)
{
	struct cof_tgt_req *req = io_job_req(job);
	struct cof_tgt_assoc *assoc = req->queue->assoc;

	memzero_explicit(req->key->der, req->key->len);
	atomic64_inc(&assoc->pool->stats[COF_TGT_INLINE_KEYS]);
	trace_cof_inline_key(true, assoc->id, req->queue->qid, req->tag, err);
}

/* struct asym_job_ops.complete */
static void io_complete(struct asym_job *job, int err)
{
	struct cof_tgt_req *req = io_job_req(job);

	if (job->computed)
		io_count(req->queue->assoc->pool, req->exec, err);
	io_answer(req, err);
}

static const struct asym_job_ops io_job_ops = {
	.prepared	= io_prepared,
	.complete	= io_complete,
	.get		= cof_tgt_queue_jobs_get,
	.put		= cof_tgt_queue_jobs_put,
};

/*
 * A pool that computes on remote algorithms takes no more than what this host
 * said it would when the pool was enabled: its initiators count from there.
 */
static unsigned int io_max_hops(const struct cof_tgt_pool *pool)
{
	unsigned int max_hops = READ_ONCE(cof_tgt_max_hops);

	return pool->remote ? min(pool->hops, max_hops) : max_hops;
}

/* What is signed with ECDSA is a digest, and nothing is added to it. */
static int io_check_ecdsa(const struct cof_io_req *io)
{
	u16 opcode = cof_msg_opcode(&io->hdr);

	if (opcode != COF_SIGN && opcode != COF_VERIFY)
		return -EOPNOTSUPP;
	return io->padding == ASYM_PAD_RAW && io->hash == ASYM_HASH_NONE ? 0 : -EINVAL;
}

static int io_check(const struct cof_tgt_queue *queue, const struct cof_io_req *io)
{
	if (io->hops > io_max_hops(queue->assoc->pool))
		return -ELOOP;
	if (io->key_len && !(queue->assoc->features & COF_FEAT_INLINE_KEY))
		return -EOPNOTSUPP;
	if (!cof_tgt_algo_offered(queue->assoc->pool->algos, io->algo))
		return -EOPNOTSUPP;
	return io->algo == ASYM_ECDSA ? io_check_ecdsa(io) : 0;
}

static void io_fill(struct cof_tgt_req *req, const struct cof_io_req *io)
{
	struct asym_exec_request *exec = req->exec;

	req->opcode = cof_msg_opcode(&io->hdr);
	req->arrived = ktime_get_ns();
	exec->key = NULL;
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
	req->in_len = exec->src_len + exec->digest_len;
	memcpy(req->in, cof_msg_data(&io->hdr), req->in_len);
}

/* The key is referenced while the table is locked; that is the job's then. */
static int io_submit(struct cof_tgt_req *req, u64 handle, u8 algo)
{
	struct cof_tgt_assoc *assoc = req->queue->assoc;
	struct asym_exec_key *key = NULL;
	const struct cof_tgt_key *found;
	int err = -ESTALE;

	read_lock_bh(&assoc->key_lock);
	found = cof_tgt_key_find(assoc, handle);
	if (found)
		err = found->algo == algo ? 0 : -EINVAL;
	if (!err) {
		key = found->key;
		asym_exec_key_get(key);
	}
	read_unlock_bh(&assoc->key_lock);
	if (err)
		return err;
	req->exec->key = key;
	asym_job_prepare(&req->job, &assoc->flow->qos);
	asym_job_submit(&req->job, asym_exec_key_cost(key, req->exec->op), req->exec->src_len,
			false);
	return 0;	/* @req may be gone */
}

/* ---- keys that come with their operation ------------------------------------------ */

/* A place for the key; false: the peer has more of these in flight than it may. */
static bool io_key_get(struct cof_tgt_req *req, const struct cof_io_req *io)
{
	struct cof_tgt_queue *queue = req->queue;
	struct cof_tgt_inline *key;

	spin_lock_bh(&queue->lock);
	key = list_first_entry_or_null(&queue->free_inline, struct cof_tgt_inline, list);
	if (key)
		list_del(&key->list);
	spin_unlock_bh(&queue->lock);
	if (!key)
		return false;
	key->len = le32_to_cpu(io->key_len);
	memcpy(key->der, cof_msg_data(&io->hdr) + req->exec->src_len + req->exec->digest_len,
	       key->len);
	req->key = key;
	req->job.key = (struct asym_key_data){
		.algo = io->algo,
		.is_private = io->key_private,
		.curve = io->key_curve,
		.der = key->der,
		.der_len = key->len,
	};
	return true;
}

static int io_submit_key(struct cof_tgt_req *req)
{
	struct cof_tgt_assoc *assoc = req->queue->assoc;
	struct asym_key_data *data = &req->job.key;
	int err = cof_tgt_key_check(assoc, data);

	if (err)
		return err;
	asym_job_prepare(&req->job, &assoc->flow->qos);
	asym_job_submit(&req->job, asym_key_prepare_cost(data) + asym_key_cost(data, req->exec->op),
			req->exec->src_len, false);
	return 0;
}

/* ---- ABORT, QUERY, closing --------------------------------------------------------- */

/* ABORT and QUERY: of any number that the peer sends, so each takes no longer than a lookup. */
static void io_ask(struct cof_tgt_queue *queue, const struct cof_hdr *msg)
{
	const struct cof_query_req *ask = (const struct cof_query_req *)msg;
	bool abort = cof_msg_opcode(msg) == COF_ABORT;
	struct cof_tgt_req *req, *cancelled = NULL;
	int err = -ESTALE;

	static_assert(offsetof(struct cof_query_req, query_tag) ==
		      offsetof(struct cof_abort_req, abort_tag));

	spin_lock_bh(&queue->lock);
	hlist_for_each_entry(req, cof_tgt_tag_bucket(queue, le64_to_cpu(ask->query_tag)), by_tag) {
		if (req->tag != le64_to_cpu(ask->query_tag))
			continue;
		if (abort && asym_job_cancel(&req->job))
			cancelled = req;
		err = 0;
		break;
	}
	spin_unlock_bh(&queue->lock);
	if (cancelled)
		asym_job_done(&cancelled->job, -ECANCELED);
	cof_tgt_reply(queue, msg, err);
}

static int io_recv(struct cof_tgt_queue *queue, const struct cof_hdr *msg, u32 len)
{
	const struct cof_io_req *io = (const struct cof_io_req *)msg;
	int err = cof_msg_check(msg, len, COF_TARGET, false);
	struct cof_tgt_req *req;

	if (err == -EPROTO)
		return cof_tgt_violation(queue, "malformed message on an I/O queue");
	if (!err && cof_msg_opcode(msg) == COF_CONNECT)
		return cof_tgt_violation(queue, "CONNECT on a connected queue");
	if (!err && (cof_msg_opcode(msg) == COF_ABORT || cof_msg_opcode(msg) == COF_QUERY)) {
		io_ask(queue, msg);
		return 0;
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
	if (io->key_len && !io_key_get(req, io)) {
		cof_conn_put_tx(queue->conn, req->tx);
		io_req_put(req);
		return cof_tgt_violation(queue, "more keys in flight than allowed");
	}
	kref_get(&queue->ref);
	err = req->key ? io_submit_key(req) : io_submit(req, le64_to_cpu(io->handle), io->algo);
	if (err) {
		cof_conn_put_tx(queue->conn, req->tx);
		io_req_put(req);
		cof_tgt_reply(queue, msg, err);
		cof_tgt_queue_put(queue);
	}
	return 0;
}

/*
 * The connection is closed, and nothing is received any more: drop what waits for its turn. What is
 * dispatched is answered as ever, to nobody. Specification: section 5.
 */
static void io_cancel(struct cof_tgt_queue *queue)
{
	struct cof_tgt_req *req, *next;
	LIST_HEAD(cancelled);

	spin_lock_bh(&queue->lock);
	asym_jobs_close(&queue->jobs);
	list_for_each_entry_safe(req, next, &queue->busy_reqs, list)
		if (asym_job_cancel(&req->job))
			list_move_tail(&req->list, &cancelled);
	spin_unlock_bh(&queue->lock);
	list_for_each_entry_safe(req, next, &cancelled, list)
		asym_job_done(&req->job, -ECANCELED);	/* moves it to free_reqs */
}

/* One object, so that what an operation uses lies together; its input may be the source of DMA. */
static struct cof_tgt_req *io_req_alloc(struct cof_tgt_queue *queue, size_t exec_size)
{
	const size_t exec = ALIGN(sizeof(struct cof_tgt_req), COF_DMA_ALIGN);
	const size_t in = exec + ALIGN(exec_size, COF_DMA_ALIGN);
	struct cof_tgt_req *req;

	req = kzalloc(in + COF_MAX_INPUT + COF_MAX_DIGEST, GFP_KERNEL);
	if (!req)
		return NULL;
	req->queue = queue;
	req->job.jobs = &queue->jobs;
	req->exec = (void *)req + exec;
	req->job.exec = req->exec;
	req->in = (u8 *)req + in;
	return req;
}

static int io_inline_alloc(struct cof_tgt_queue *queue)
{
	struct cof_tgt_inline *key;
	u32 i;

	for (i = 0; i < COF_INLINE_KEYS; i++) {
		key = kzalloc_obj(*key);
		if (!key)
			return -ENOMEM;
		list_add(&key->list, &queue->free_inline);
		key->der = kzalloc(COF_MAX_DER, GFP_KERNEL);
		if (!key->der)
			return -ENOMEM;
	}
	return 0;
}

static void io_free(struct cof_tgt_queue *queue)
{
	struct cof_tgt_inline *key, *next_key;
	struct cof_tgt_req *req, *next;

	list_for_each_entry_safe(req, next, &queue->free_reqs, list) {
		list_del(&req->list);
		kfree_sensitive(req);
	}
	list_for_each_entry_safe(key, next_key, &queue->free_inline, list) {
		list_del(&key->list);
		kfree_sensitive(key->der);
		kfree(key);
	}
	kfree(queue->tags);
}

static const struct cof_tgt_queue_ops io_ops = {
	.recv		= io_recv,
	.cancel		= io_cancel,
	.free		= io_free,
};

/**
 * cof_tgt_io_init() - a queue becomes an I/O queue, and gets its requests
 * @queue: CONNECTING
 * @assoc: whose depth it has, and whose pool's executor will compute
 *
 * Context: process.
 * Return: 0 or -ENOMEM. What was allocated is freed with the queue.
 */
int cof_tgt_io_init(struct cof_tgt_queue *queue, const struct cof_tgt_assoc *assoc)
{
	struct cof_tgt_req *req;
	u32 i;

	/* The receive buffer has the size that everybody takes at least. */
	static_assert(COF_IO_REQ_MAX + COF_MAX_DER <= COF_MIN_MSG);

	INIT_LIST_HEAD(&queue->free_reqs);
	INIT_LIST_HEAD(&queue->busy_reqs);
	INIT_LIST_HEAD(&queue->free_inline);
	queue->jobs.ops = &io_job_ops;
	queue->jobs.exec = assoc->pool->exec;
	/* Pairs with smp_load_acquire() in queue_close_work(). */
	smp_store_release(&queue->ops, &io_ops);

	queue->tag_bits = order_base_2(assoc->depth) + 1;
	queue->tag_secret = get_random_u64() | 1;
	queue->tags = kcalloc(1U << queue->tag_bits, sizeof(*queue->tags), GFP_KERNEL);
	if (!queue->tags)
		return -ENOMEM;
	for (i = 0; i < assoc->depth; i++) {
		req = io_req_alloc(queue, assoc->pool->req_size);
		if (!req)
			return -ENOMEM;
		list_add_tail(&req->list, &queue->free_reqs);
	}
	return assoc->features & COF_FEAT_INLINE_KEY ? io_inline_alloc(queue) : 0;
}
