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
 * vc_queue.lock protects the objects that are not at the executor.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "vdpa_crypto.h"

/* Chains after which the driver, being busy, need not notify for each. */
#define VC_QUIET_AFTER	4

/**
 * struct vc_request - one operation
 * @free: in vc_queue.free
 * @done: in vc_queue.done
 * @q: the queue
 * @err: the executor's answer
 * @gen: vc_queue.gen when the chain was taken
 * @head: the chain
 * @op: enum asym_op
 * @used: bytes of @src to wipe
 * @writable: bytes of @wiov; the last one is the struct virtio_crypto_inhdr
 * @wiov: writable part of the chain
 * @wvec: for @wiov
 * @src: input, and digest to verify
 * @dst: output
 * @exec: the executor's, and as long as it wants
 */
struct vc_request {
	struct list_head free;
	struct llist_node done;
	struct vc_queue *q;
	int err;
	u32 gen;
	u16 head;
	u8 op;
	u32 used;
	size_t writable;
	struct vringh_kiov wiov;
	struct kvec wvec[VC_INLINE_SEGS];
	u8 *src;
	u8 *dst;
	struct asym_exec_request exec;
};

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
	if (!req->src || !req->dst) {
		kfree(req->src);
		kfree(req->dst);
		kfree(req);
		return NULL;
	}
	req->q = q;
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
		vringh_kiov_init(&req->wiov, req->wvec, ARRAY_SIZE(req->wvec));
	}
	return req;
}

static void vc_request_put(struct vc_request *req)
{
	vringh_kiov_cleanup(&req->wiov);
	if (req->used) {
		memzero_explicit(req->src, req->used);
		memzero_explicit(req->dst, VC_MAX_DATA);
	}
	list_add(&req->free, &req->q->free);
}

/**
 * vc_data_init() - allocate what a data queue always needs
 * @q: the queue
 *
 * Return: 0 or -ENOMEM; vc_data_exit() is due in any case.
 */
int vc_data_init(struct vc_queue *q)
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
 * vc_data_exit() - undo vc_data_init()
 * @q: the queue; nothing is in flight, its worker does not run
 */
void vc_data_exit(struct vc_queue *q)
{
	struct vc_request *req, *tmp;

	list_for_each_entry_safe(req, tmp, &q->free, free) {
		kfree(req->src);
		kfree(req->dst);
		/* the executor may have had key material here */
		kfree_sensitive(req);
	}
}

/*
 * The executor's callback: bottom halves are disabled. Once the request is in
 * the list a worker that runs already may drop the device's last reference, so
 * its contents stay for a grace period (vc_dev_free()).
 */
static void vc_data_complete(struct asym_exec_request *exec, int err)
{
	struct vc_request *req = container_of(exec, struct vc_request, exec);
	struct vc_queue *q = req->q;

	guard(rcu)();
	req->err = err;
	/* If the list was not empty the worker is on its way. */
	if (llist_add(&req->done, &q->done))
		queue_work(vc_wq, &q->work);
}

/* Return the chain with @status, after @len bytes of output. */
static void vc_data_answer(struct vc_request *req, u8 status, u32 len)
{
	struct vc_queue *q = req->q;

	if (status != VIRTIO_CRYPTO_OK && status != VIRTIO_CRYPTO_KEY_REJECTED)
		vc_count(q->vc, VC_STAT_ERRORS);

	if (len && vringh_iov_push_iotlb(&q->vring, &req->wiov, req->dst, len) != len)
		goto bad;
	vringh_kiov_advance(&req->wiov, req->writable - sizeof(status) - len);
	if (vringh_iov_push_iotlb(&q->vring, &req->wiov, &status, sizeof(status)) !=
	    sizeof(status))
		goto bad;
	vc_queue_put(q, req->head, len + sizeof(status));
	return;
bad:
	vc_count(q->vc, VC_STAT_MALFORMED);
	vc_queue_put(q, req->head, 0);
}

/*
 * Read a request from vc_queue.riov and give it to the executor.
 *
 * Return: -EINPROGRESS if the executor has it; -EBADMSG if there is no room
 * for a status; else the status to answer with.
 */
static int vc_data_start(struct vc_queue *q, struct vc_request *req)
{
	size_t readable = vringh_kiov_length(&q->riov);
	struct virtio_crypto_op_data_req hdr;
	struct vc_session *session;
	struct vc_dev *vc = q->vc;
	struct vc_data_req data;
	int err;
	u8 ret;

	req->writable = vringh_kiov_length(&req->wiov);
	if (req->writable < sizeof(struct virtio_crypto_inhdr)) {
		vc_count(vc, VC_STAT_MALFORMED);
		return -EBADMSG;
	}
	if (READ_ONCE(vc->retired))
		return VIRTIO_CRYPTO_ERR;
	if (vringh_iov_pull_iotlb(&q->vring, &q->riov, &hdr, sizeof(hdr)) != sizeof(hdr)) {
		vc_count(vc, VC_STAT_MALFORMED);
		return VIRTIO_CRYPTO_ERR;
	}

	ret = vc_parse_data(&hdr, readable - sizeof(hdr),
			    req->writable - sizeof(struct virtio_crypto_inhdr), &data);
	if (ret != VIRTIO_CRYPTO_OK) {
		if (ret != VIRTIO_CRYPTO_NOTSUPP)
			vc_count(vc, VC_STAT_MALFORMED);
		return ret;
	}

	session = vc_session_get(&vc->sessions, data.session);
	if (!session)
		return VIRTIO_CRYPTO_INVSESS;
	ret = VIRTIO_CRYPTO_NOTSUPP;
	if (!vc_session_allows(session->padding, data.op))
		goto put_session;

	ret = VIRTIO_CRYPTO_ERR;
	req->used = data.src_len + data.digest_len;
	if (vringh_iov_pull_iotlb(&q->vring, &q->riov, req->src, req->used) != req->used) {
		vc_count(vc, VC_STAT_MALFORMED);
		goto put_session;
	}

	req->op = data.op;
	req->gen = q->gen;
	req->exec.key = session->key;
	req->exec.op = data.op;
	req->exec.padding = session->padding;
	req->exec.hash = session->hash;
	req->exec.flags = 0;
	req->exec.src = req->src;
	req->exec.src_len = data.src_len;
	req->exec.digest = data.op == ASYM_VERIFY ? req->src + data.src_len : NULL;
	req->exec.digest_len = data.digest_len;
	req->exec.dst = req->dst;
	req->exec.dst_len = data.dst_len;
	req->exec.complete = vc_data_complete;

	kref_get(&vc->ref);
	atomic_inc(&vc->inflight);
	err = asym_exec_submit(&req->exec);
	vc_session_put(session);
	if (!err)
		return -EINPROGRESS;
	vc_inflight_done(vc);
	vc_dev_put(vc);
	return vc_op_status(err);

put_session:
	vc_session_put(session);
	return ret;
}

/* The executor answered. */
static void vc_data_finish(struct vc_request *req)
{
	struct vc_queue *q = req->q;
	u32 len = 0;

	/* The driver reset the device or the queue meanwhile: not its any more. */
	if (req->gen != q->gen || !q->ready || READ_ONCE(q->vc->broken))
		return;
	if (!req->err && req->op != ASYM_VERIFY)
		len = req->exec.dst_len;
	if (WARN_ON_ONCE(len > VC_MAX_DATA || len > req->writable - 1)) {
		len = 0;
		req->err = -EIO;
	}
	if (!req->err || req->err == -EKEYREJECTED)
		vc_count(q->vc, VC_STAT_ENCRYPT + req->op);
	vc_data_answer(req, vc_op_status(req->err), len);
}

static unsigned int vc_data_reap(struct vc_queue *q)
{
	struct vc_request *req, *tmp;
	unsigned int n = 0;

	llist_for_each_entry_safe(req, tmp, llist_reverse_order(llist_del_all(&q->done)), done) {
		vc_data_finish(req);
		vc_request_put(req);
		vc_inflight_done(q->vc);
		vc_dev_put(q->vc);
		n++;
	}
	return n;
}

/* Return: true if there may be more to take. */
static bool vc_data_take(struct vc_queue *q, unsigned int *answered)
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
			++*answered;
			continue;
		}

		vc_count(q->vc, VC_STAT_REQUESTS);
		if (++taken == VC_QUIET_AFTER)
			vc_queue_quiet(q);
		ret = vc_data_start(q, req);
		if (ret == -EINPROGRESS)
			continue;
		if (ret < 0)
			vc_queue_put(q, req->head, 0);
		else
			vc_data_answer(req, ret, 0);
		vc_request_put(req);
		++*answered;
	}
	return i == VC_BATCH;
}

/**
 * vc_data_run() - serve a data queue
 * @q: the queue
 *
 * Context: its worker.
 * Return: true to be called again.
 */
bool vc_data_run(struct vc_queue *q)
{
	unsigned int answered = 0;
	bool again;

	guard(mutex)(&q->lock);
	guard(rwsem_read)(&q->vc->map_sem);

	/* Taking requests is slow: do not let those who have an answer wait for it. */
	if (vc_data_reap(q) && q->ready)
		vc_queue_interrupt(q);
	again = vc_data_take(q, &answered);
	if (answered && q->ready)
		vc_queue_interrupt(q);
	return again;
}
