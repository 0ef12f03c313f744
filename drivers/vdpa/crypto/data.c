// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data queues: operations with the key of a session.
 *
 * A request object is reserved before a chain is taken from the ring, so what
 * is in flight is bounded and the driver feels the back-pressure in the ring.
 * Objects are allocated while the load grows and kept with the queue. The
 * executor answers with bottom halves disabled: the answer goes to a lock-free
 * list, and the queue's worker returns the chain. Answers come in any order.
 *
 * A device with limits has its operations go to the executor through the scheduler of asym_qos,
 * one flow; there they wait, with a reference to their key, until it is their turn, or until their
 * queue is stopped. A device without limits does without: that is a lock less for all its queues.
 *
 * Requests of ciphers share the queue, the objects and the scheduler; cipher.c has the rest.
 *
 * A request that brings its key (virtio 1.3, 5.9.7.8, stateless mode) goes through
 * another work item of the queue, because preparing a key may take long. That is charged to the
 * device like the operation, and begins when it is the request's turn.
 *
 * vc_queue.lock protects the objects that are not at the executor.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <crypto/internal/asym/key.h>

#include "vdpa_crypto.h"

/* Chains after which the driver, being busy, need not notify for each. */
#define VC_QUIET_AFTER	1

static struct vc_request *vc_request_alloc(struct vc_queue *q)
{
	struct vc_request *req;

	req = kzalloc(offsetof(struct vc_request, exec) +
		      asym_exec_request_size(q->vc->exec), GFP_KERNEL);
	if (!req)
		return NULL;
	/* apart from the rest: accelerators map them for DMA */
	req->src = kmalloc(VC_MAX_SIZE, GFP_KERNEL);
	req->dst = kmalloc(VC_MAX_DATA, GFP_KERNEL);
	req->q = q;
	if (!req->src || !req->dst || vc_cipher_request_init(req)) {
		kfree(req->src);
		kfree(req->dst);
		kfree(req);
		return NULL;
	}
	q->nr_requests++;
	return req;
}

static struct vc_request *vc_request_get(struct vc_queue *q)
{
	struct vc_request *req;

	req = list_first_entry_or_null(&q->free, struct vc_request, free);
	if (req)
		list_del(&req->free);
	else if (q->nr_requests < VC_DEPTH)
		req = vc_request_alloc(q);
	if (req) {
		req->used = 0;
		req->dst_used = 0;
		req->key_failed = false;
		req->limited = false;
		req->keyed = false;
		req->cipher = false;
		req->pushed = 0;
		vc_iov_init(&req->wiov, req->wvec, ARRAY_SIZE(req->wvec));
	}
	return req;
}

static void vc_request_put(struct vc_request *req)
{
	vc_iov_free(&req->wiov);
	if (req->cipher) {
		vc_iov_free(&req->riov);
		if (req->session)
			vc_session_put(req->session);
		req->session = NULL;
	}
	if (req->used) {
		memzero_explicit(req->src, req->used);
		memzero_explicit(req->dst, req->dst_used);
	}
	list_add(&req->free, &req->q->free);
}

/**
 * vc_data_prealloc() - allocate what a data queue always needs
 * @q: the queue; the device's executor exists
 *
 * Return: 0 or -ENOMEM
 */
int vc_data_prealloc(struct vc_queue *q)
{
	int i;

	for (i = 0; i < VC_PREALLOC; i++) {
		struct vc_request *req = vc_request_alloc(q);

		if (!req)
			return -ENOMEM;
		list_add(&req->free, &q->free);
	}
	return 0;
}

/**
 * vc_data_exit() - undo vc_data_init() and vc_data_prealloc()
 * @q: the queue, stopped; nothing is in flight
 *
 * Context: process context.
 */
void vc_data_exit(struct vc_queue *q)
{
	struct vc_request *req, *tmp;

	/* First, since it wakes the queue's worker. */
	cancel_work_sync(&q->key_work);
	vc_queue_exit(q);
	list_for_each_entry_safe(req, tmp, &q->free, free) {
		kfree(req->src);
		kfree(req->dst);
		kfree(req->key);
		kfree_sensitive(req->sk);
		/* the executor may have had key material here */
		kfree_sensitive(req);
	}
}

/*
 * A request is over, or a piece of it is. Once it is in the list a worker that runs already may
 * drop the device's last reference, so its contents stay for a grace period (vc_dev_free()).
 */
void vc_data_over(struct vc_request *req, int err)
{
	struct vc_queue *q = req->q;

	guard(rcu)();
	req->err = err;
	/* If the list was not empty the worker is on its way. */
	if (llist_add(&req->done, &q->done))
		queue_work(vc_wq, &q->work);
}

/* The executor's callback: bottom halves are disabled. */
static void vc_data_complete(struct asym_exec_request *exec, int err)
{
	struct vc_request *req = container_of(exec, struct vc_request, exec);

	/* First, so that the accelerator has work; the device stays as long as the request does. */
	if (req->limited)
		asym_qos_done(&req->item);
	vc_data_over(req, err);
}

/* Prepare the key that the request brings. As in vc_data_over() the device may go meanwhile. */
static void vc_data_prepare(struct vc_request *req)
{
	struct vc_queue *q = req->q;

	guard(rcu)();
	if (llist_add(&req->done, &q->keyed))
		queue_work(vc_wq, &q->key_work);
}

/**
 * vc_data_dispatch() - it is a request's turn
 * @item: its vc_request.item
 *
 * The executor takes its own reference to the key; the request may be gone on return.
 *
 * Context: as struct asym_qos_ops.dispatch.
 */
void vc_data_dispatch(struct asym_qos_item *item)
{
	struct vc_request *req = container_of(item, struct vc_request, item);
	struct asym_exec_key *key;

	if (req->cipher) {
		vc_cipher_dispatch(req);
		return;
	}
	if (req->keyed) {
		vc_data_prepare(req);
		return;
	}
	key = req->exec.key;
	asym_exec_submit(&req->exec);
	asym_exec_key_put(key);
}

/* Takes every request, with a key that the caller has a reference to and keeps. */
static void vc_data_submit(struct vc_request *req, struct asym_exec_key *key)
{
	struct vc_dev *vc = req->q->vc;

	lockdep_assert_held(&req->q->lock);	/* against vc_data_cancel() */
	req->exec.key = key;
	req->limited = READ_ONCE(vc->limited);
	if (!req->limited) {
		asym_exec_submit(&req->exec);
		return;
	}
	asym_exec_key_get(key);
	req->item.cost = asym_exec_key_cost(key, req->exec.op);
	req->item.bytes = req->exec.src_len;
	asym_qos_submit(&vc->flow, &req->item);
}

/* struct vc_queue_ops.cancel: nothing of the queue is to wait for its turn any more. */
static void vc_data_cancel(struct vc_queue *q)
{
	struct vc_request *req;

	lockdep_assert_held(&q->lock);
	/* The worker takes them from this list, and it waits for the lock. */
	list_for_each_entry(req, &q->busy, free) {
		if (!req->limited || !asym_qos_cancel(&req->item))
			continue;
		if (req->keyed)
			memzero_explicit(req->key, req->key_req.key_len);
		else if (!req->cipher)
			asym_exec_key_put(req->exec.key);
		vc_data_over(req, -ECANCELED);
	}
}

static struct asym_key_data vc_data_key(const struct vc_request *req)
{
	return (struct asym_key_data){
		.algo = req->key_req.algo,
		.curve = req->key_req.curve,
		.is_private = req->key_req.is_private,
		.der = req->key,
		.der_len = req->key_req.key_len,
	};
}

/* Takes every request that brings its key: first it is charged for that and for the operation. */
static void vc_data_submit_keyed(struct vc_request *req)
{
	struct asym_key_data data = vc_data_key(req);
	struct vc_dev *vc = req->q->vc;

	lockdep_assert_held(&req->q->lock);	/* against vc_data_cancel() */
	req->keyed = true;
	req->exec.key = NULL;
	req->limited = READ_ONCE(vc->limited);
	if (!req->limited) {
		vc_data_prepare(req);
		return;
	}
	req->item.cost = asym_key_prepare_cost(&data) + asym_key_cost(&data, req->exec.op);
	req->item.bytes = req->exec.src_len;
	asym_qos_submit(&vc->flow, &req->item);
}

/* With the key that came along, which is gone when the operation is over. */
static void vc_data_start_keyed(struct vc_dev *vc, struct vc_request *req)
{
	struct asym_key_data data = vc_data_key(req);
	struct asym_exec_key *key = ERR_PTR(-ECANCELED);
	bool stale;

	scoped_guard(mutex, &req->q->lock)
		stale = req->gen != req->q->gen;
	if (!stale)
		key = asym_exec_key_create(vc->exec, &data);
	memzero_explicit(req->key, req->key_req.key_len);
	if (IS_ERR(key)) {
		req->key_failed = true;
		vc_data_complete(&req->exec, PTR_ERR(key));
		return;
	}
	req->exec.key = key;
	asym_exec_submit(&req->exec);
	asym_exec_key_put(key);
}

/* vc_queue.key_work */
static void vc_data_key_work(struct work_struct *work)
{
	struct vc_queue *q = container_of(work, struct vc_queue, key_work);
	struct llist_node *list = llist_reverse_order(llist_del_all(&q->keyed));
	struct vc_request *req, *next;
	struct vc_dev *vc = q->vc;

	if (!list)
		return;
	/* A request's own reference goes with its answer. */
	kref_get(&vc->ref);
	llist_for_each_entry_safe(req, next, list, done) {
		vc_data_start_keyed(vc, req);
		cond_resched();
	}
	vc_dev_put(vc);
}

/* Take the key that a request brings from the ring. Return: VIRTIO_CRYPTO_*. */
static u8 vc_data_pull_key(struct vc_queue *q, struct vc_request *req,
			   const struct vc_data_hdr *hdr, size_t readable)
{
	struct vc_create_req *key = &req->key_req;
	u8 ret;

	ret = vc_parse_key(&hdr->para, readable, &q->vc->caps, key);
	if (ret != VIRTIO_CRYPTO_OK)
		return ret;
	if (!req->key)
		req->key = kmalloc(ASYM_MAX_DER, GFP_KERNEL);
	if (!req->key)
		return VIRTIO_CRYPTO_ERR;
	if (vc_iov_pull(q->vc, &q->riov, req->key, key->key_len) == key->key_len)
		return VIRTIO_CRYPTO_OK;
	memzero_explicit(req->key, key->key_len);
	return VIRTIO_CRYPTO_ERR;
}

/* Return the chain with @status, after @len bytes of output, and what was written before. */
void vc_data_answer(struct vc_request *req, u8 status, u32 len)
{
	struct vc_queue *q = req->q;

	if (status != VIRTIO_CRYPTO_OK && status != VIRTIO_CRYPTO_KEY_REJECTED)
		vc_count(q, VC_STAT_ERRORS);

	if (len && vc_iov_push(q->vc, &req->wiov, req->dst, len) != len)
		goto bad;
	vc_iov_skip(&req->wiov, req->writable - sizeof(status) - len - req->pushed);
	if (vc_iov_push(q->vc, &req->wiov, &status, sizeof(status)) !=
	    sizeof(status))
		goto bad;
	vc_queue_put(q, req->head, req->pushed + len + sizeof(status));
	return;
bad:
	vc_count(q, VC_STAT_MALFORMED);
	vc_queue_put(q, req->head, 0);
}

/*
 * Read a request from vc_queue.riov and give it to the executor.
 *
 * Return: -EINPROGRESS if the executor has it; -EALREADY if it is answered; -EBADMSG if there is
 * no room for a status; else the status to answer with.
 */
static int vc_data_start(struct vc_queue *q, struct vc_request *req)
{
	u8 buf[sizeof(struct virtio_crypto_op_data_req)];
	size_t readable = vc_iov_len(&q->riov);
	struct vc_dev *vc = q->vc;
	u64 features = READ_ONCE(vc->features);
	unsigned int hdr_len = vc_data_hdr_len(features);
	struct virtio_crypto_op_header header;
	struct vc_session *session = NULL;
	struct vc_data_hdr hdr;
	struct vc_data_req data;
	u8 ret;

	req->writable = vc_iov_len(&req->wiov);
	if (req->writable < sizeof(struct virtio_crypto_inhdr)) {
		vc_count(q, VC_STAT_MALFORMED);
		return -EBADMSG;
	}
	if (READ_ONCE(vc->retired))
		return VIRTIO_CRYPTO_ERR;
	if (vc_iov_pull(q->vc, &q->riov, buf, sizeof(header)) != sizeof(header))
		goto malformed;
	memcpy(&header, buf, sizeof(header));
	if (vc->cipher && vc_is_cipher(le32_to_cpu(header.opcode)))
		return vc_cipher_start(q, req, &header, readable - sizeof(header));
	/* Before anything else of it is looked at, whose meaning that decides. */
	if (!vc->caps.algos || !vc_is_akcipher_op(le32_to_cpu(header.opcode)))
		return VIRTIO_CRYPTO_NOTSUPP;
	if (vc_iov_pull(q->vc, &q->riov, buf + sizeof(header),
			hdr_len - sizeof(header)) != hdr_len - sizeof(header))
		goto malformed;
	readable -= hdr_len;

	ret = vc_parse_data_hdr(buf, features, &hdr);
	if (ret == VIRTIO_CRYPTO_OK && hdr.stateless) {
		ret = vc_data_pull_key(q, req, &hdr, readable);
		if (ret == VIRTIO_CRYPTO_OK)
			readable -= req->key_req.key_len;
	}
	if (ret == VIRTIO_CRYPTO_OK)
		ret = vc_parse_data(&hdr, readable,
				    req->writable - sizeof(struct virtio_crypto_inhdr), &data);
	if (ret != VIRTIO_CRYPTO_OK) {
		if (ret != VIRTIO_CRYPTO_NOTSUPP)
			vc_count(q, VC_STAT_MALFORMED);
		goto wipe_key;
	}

	if (!hdr.stateless) {
		session = vc_session_get(&vc->sessions, data.session, false);
		if (!session)
			return VIRTIO_CRYPTO_INVSESS;
	}
	req->exec.padding = session ? session->padding : req->key_req.padding;
	req->exec.hash = session ? session->hash : req->key_req.hash;
	ret = VIRTIO_CRYPTO_NOTSUPP;
	if (!vc_session_allows(session ? session->algo : req->key_req.algo, req->exec.padding,
			       data.op))
		goto put_session;

	ret = VIRTIO_CRYPTO_ERR;
	req->used = data.src_len + data.digest_len;
	if (vc_iov_pull(q->vc, &q->riov, req->src, req->used) != req->used) {
		vc_count(q, VC_STAT_MALFORMED);
		goto put_session;
	}

	req->op = data.op;
	req->gen = q->gen;
	req->since = ktime_get_ns();
	req->exec.op = data.op;
	req->exec.flags = 0;
	req->exec.src = req->src;
	req->exec.src_len = data.src_len;
	req->exec.digest = data.op == ASYM_VERIFY ? req->src + data.src_len : NULL;
	req->exec.digest_len = data.digest_len;
	req->exec.dst = req->dst;
	req->exec.dst_len = data.dst_len;
	/* The executor may write a block, if there is room for one. */
	req->dst_used = min_t(u32, data.dst_len, VC_MAX_DATA);
	req->exec.complete = vc_data_complete;

	kref_get(&vc->ref);
	atomic_inc(&vc->inflight);
	list_add(&req->free, &q->busy);
	if (!session) {
		vc_count(q, VC_STAT_STATELESS);
		vc_data_submit_keyed(req);
		return -EINPROGRESS;
	}
	vc_data_submit(req, session->key);
	vc_session_put(session);
	return -EINPROGRESS;

put_session:
	if (session)
		vc_session_put(session);
wipe_key:
	if (hdr.stateless && req->key)
		memzero_explicit(req->key, ASYM_MAX_DER);
	return ret;

malformed:
	vc_count(q, VC_STAT_MALFORMED);
	return VIRTIO_CRYPTO_ERR;
}

/* One more operation of a kind, of @len bytes of input. */
void vc_data_count(const struct vc_request *req, enum vc_stat ops, enum vc_stat bytes, u32 len)
{
	struct vc_queue *q = req->q;
	u64 *latency = &q->latencies[asym_latency_bucket(req->since)];

	vc_count(q, ops);
	atomic64_add(len, &q->stats[bytes]);
	WRITE_ONCE(*latency, *latency + 1);
}

/* The executor answered. Return: false if there is more of the request to compute. */
static bool vc_data_finish(struct vc_request *req)
{
	struct vc_queue *q = req->q;
	u8 status;
	u32 len = 0;

	/* The driver reset the device or the queue meanwhile: not its any more. */
	if (req->gen != q->gen || !q->ready || READ_ONCE(q->vc->broken))
		return true;
	if (req->cipher)
		return vc_cipher_finish(req);
	if (!req->err && req->op != ASYM_VERIFY)
		len = req->exec.dst_len;
	if (WARN_ON_ONCE(len > VC_MAX_DATA || len > req->writable - 1)) {
		len = 0;
		req->err = -EIO;
	}
	if (!req->err || (req->err == -EKEYREJECTED && !req->key_failed))
		vc_data_count(req, VC_STAT_ENCRYPT + req->op, VC_STAT_ENCRYPT_BYTES + req->op,
			      req->exec.src_len);
	status = req->key_failed ? vc_key_status(req->err) :
				   vc_op_status(req->err, q->vc->features);
	vc_data_answer(req, status, len);
	return true;
}

static void vc_data_reap(struct vc_queue *q)
{
	struct vc_request *req, *tmp;

	llist_for_each_entry_safe(req, tmp, llist_reverse_order(llist_del_all(&q->done)), done) {
		if (!vc_data_finish(req))
			continue;
		list_del(&req->free);
		vc_request_put(req);
		vc_inflight_done(q->vc);
		vc_dev_put(q->vc);
	}
}

/* Return: true if there may be more to take. */
static bool vc_data_take(struct vc_queue *q)
{
	unsigned int i, taken = 0;

	for (i = 0; i < VC_BATCH && vc_queue_runs(q); i++) {
		struct vc_request *req = vc_request_get(q);
		int ret;

		/* The next answer brings one back, and the worker with it. */
		if (!req)
			return false;

		ret = vc_queue_get(q, &req->wiov, &req->head);
		if (!ret) {
			vc_request_put(req);
			if (vc_queue_idle(q))
				return false;
			continue;
		}
		if (ret < 0) {
			vc_request_put(req);
			continue;
		}

		vc_count(q, VC_STAT_REQUESTS);
		if (++taken == VC_QUIET_AFTER)
			vc_queue_quiet(q);
		ret = vc_data_start(q, req);
		if (ret == -EINPROGRESS)
			continue;
		if (ret >= 0)
			vc_data_answer(req, ret, 0);
		else if (ret != -EALREADY)
			vc_queue_put(q, req->head, 0);
		vc_request_put(req);
	}
	return i == VC_BATCH;
}

/*
 * May the driver be told of answers? What was at the executor when the driver reset the device may
 * end while it sets up the queue anew: before DRIVER_OK it is not told anything (virtio 1.3,
 * 2.1.2), and its ring need not be there.
 */
static bool vc_data_may_tell(const struct vc_queue *q)
{
	return q->ready && (READ_ONCE(q->vc->status) & VIRTIO_CONFIG_S_DRIVER_OK);
}

/**
 * vc_data_tell_all() - tell the driver of every answer it was not told of yet
 * @vc: the device, suspended; nothing is in flight
 *
 * Context: process context.
 */
void vc_data_tell_all(struct vc_dev *vc)
{
	unsigned int i;

	for (i = 0; i < vc->nr_queues - 1; i++) {
		struct vc_queue *q = &vc->queues[i];

		guard(mutex)(&q->lock);
		guard(rwsem_read)(&vc->map_sem);
		if (vc_data_may_tell(q))
			vc_queue_tell(q);
	}
}

/* struct vc_queue_ops.run */
static bool vc_data_run(struct vc_queue *q)
{
	bool again;

	guard(mutex)(&q->lock);
	guard(rwsem_read)(&q->vc->map_sem);

	/* Taking requests is slow: do not let those who have an answer wait for it. */
	vc_data_reap(q);
	if (vc_data_may_tell(q))
		vc_queue_tell(q);
	again = vc_data_take(q);
	/* Some drivers compute within the call. */
	vc_data_reap(q);
	if (vc_data_may_tell(q))
		vc_queue_tell(q);
	return again;
}

static const struct vc_queue_ops vc_data_queue_ops = {
	.run	= vc_data_run,
	.cancel	= vc_data_cancel,
};

/**
 * vc_data_init() - make a data queue, stopped and without request objects
 * @vc: the device
 * @index: on it
 *
 * Context: process context; vc_data_exit() is due.
 */
void vc_data_init(struct vc_dev *vc, unsigned int index)
{
	struct vc_queue *q = &vc->queues[index];

	vc_queue_init(vc, index, &vc_data_queue_ops);
	INIT_LIST_HEAD(&q->free);
	INIT_LIST_HEAD(&q->busy);
	init_llist_head(&q->done);
	INIT_WORK(&q->key_work, vc_data_key_work);
	init_llist_head(&q->keyed);
}
