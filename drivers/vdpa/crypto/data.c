// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data queues: requests, whichever service they are for (struct vc_service).
 *
 * A request object is reserved before a chain is taken from the ring, so what
 * is in flight is bounded and the driver feels the back-pressure in the ring.
 * Objects are allocated while the load grows and kept with the queue. Whoever
 * computes a request answers with bottom halves disabled: the answer goes to a lock-free
 * list, and the queue's worker returns the chain. Answers come in any order.
 *
 * On a device with limits requests wait in the scheduler of asym_qos, one flow, until it is their
 * turn, or until their queue is stopped. A device without limits does without: that is a lock less
 * for all its queues.
 *
 * What may take long before a request can be computed (struct vc_service.prepare) is done in
 * another work item of the queue.
 *
 * vc_queue.lock protects the objects that are not being computed.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "data.h"
#include "dev.h"

#define VC_DEPTH	256	/* operations of one queue at one time */
#define VC_PREALLOC	16	/* of them allocated before they are needed */
#define VC_BATCH	64	/* descriptors taken before others have a turn */

/* Chains after which the driver, being busy, need not notify for each. */
#define VC_QUIET_AFTER	1

/* Return: 0 or -ENOMEM; what there is, is freed with the request. */
static int vc_request_init(struct vc_request *req)
{
	const struct vc_service *service;
	int i, err = 0;

	for (i = 0; i < VC_SERVICES && !err; i++) {
		service = req->q->vc->services[i];
		if (service && service->init_request)
			err = service->init_request(req);
	}
	return err;
}

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
	if (!req->src || !req->dst || vc_request_init(req)) {
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
		req->service = NULL;
		req->session = NULL;
		req->pushed = 0;
		vc_iov_init(&req->riov, NULL, 0);
		vc_iov_init(&req->wiov, req->wvec, ARRAY_SIZE(req->wvec));
	}
	return req;
}

static void vc_request_put(struct vc_request *req)
{
	vc_iov_free(&req->wiov);
	vc_iov_free(&req->riov);
	if (req->session)
		vc_session_put(req->session);
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
 * Context: process context; nobody drives the device yet.
 * Return: 0 or -ENOMEM; vc_data_exit() is due in any case.
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

/**
 * vc_data_over() - a request is over, or a piece of it is
 * @req: the queue's worker's from here on
 * @err: 0 or -errno
 *
 * Once it is in the list a worker that runs already may drop the device's last reference, so its
 * contents stay for a grace period (vc_dev_free()).
 *
 * Context: any but hard interrupts.
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

/**
 * vc_data_complete() - a request is computed, or a piece of it is
 * @req: the queue's worker's from here on
 * @err: 0 or -errno
 *
 * Context: any but hard interrupts.
 */
void vc_data_complete(struct vc_request *req, int err)
{
	/* First, so that the accelerator has work; the device stays as long as the request does. */
	if (req->charged) {
		req->charged = false;
		asym_qos_done(&req->item);
	}
	vc_data_over(req, err);
}

/**
 * vc_data_prepare() - have the queue's other worker call the service's prepare()
 * @req: that work item's from here on
 *
 * As in vc_data_over() the device may go meanwhile.
 *
 * Context: any but hard interrupts.
 */
void vc_data_prepare(struct vc_request *req)
{
	struct vc_queue *q = req->q;

	guard(rcu)();
	if (llist_add(&req->done, &q->keyed))
		queue_work(vc_wq, &q->key_work);
}

/**
 * vc_data_dispatch() - it is a request's turn
 * @item: its vc_request.item; the request may be gone on return
 *
 * Context: as struct asym_qos_ops.dispatch.
 */
void vc_data_dispatch(struct asym_qos_item *item)
{
	struct vc_request *req = container_of(item, struct vc_request, item);

	req->charged = true;
	req->service->dispatch(req);
}

/**
 * vc_data_begin() - a request is going to be computed
 * @req: it is answered by vc_service.finish(), when vc_data_over() said that it is over
 *
 * Context: the queue's worker, vc_queue.lock held.
 * Return: true if it is to wait for its turn, by vc_data_submit(); false if there are no limits.
 */
bool vc_data_begin(struct vc_request *req)
{
	struct vc_queue *q = req->q;
	struct vc_dev *vc = q->vc;

	lockdep_assert_held(&q->lock);	/* against vc_data_cancel() */
	kref_get(&vc->ref);
	atomic_inc(&vc->inflight);
	list_add(&req->free, &q->busy);
	req->limited = READ_ONCE(vc->limited);
	return req->limited;
}

/**
 * vc_data_submit() - have a request wait for its turn
 * @req: vc_data_begin() said so
 * @cost: milliunits
 * @bytes: of input
 *
 * Context: the queue's worker, vc_queue.lock held.
 */
void vc_data_submit(struct vc_request *req, u32 cost, u32 bytes)
{
	lockdep_assert_held(&req->q->lock);	/* against vc_data_cancel() */
	req->item.cost = cost;
	req->item.bytes = bytes;
	asym_qos_submit(&req->q->vc->flow, &req->item);
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
		if (req->service->cancel)
			req->service->cancel(req);
		vc_data_over(req, -ECANCELED);
	}
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
		req->service->prepare(req);
		cond_resched();
	}
	vc_dev_put(vc);
}

/**
 * vc_data_answer() - return a request's chain
 * @req: the request
 * @status: VIRTIO_CRYPTO_*
 * @len: bytes of output at @req->dst, after the @req->pushed ones that were written before
 *
 * Context: the queue's worker, vc_queue.lock and vc_dev.map_sem held.
 */
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
 * Read a request's header from vc_queue.riov and give the request to its service.
 *
 * Return: as struct vc_service.start; -EBADMSG if there is no room for a status.
 */
static int vc_data_start(struct vc_queue *q, struct vc_request *req)
{
	size_t readable = vc_iov_len(&q->riov);
	struct virtio_crypto_op_header header;
	struct vc_dev *vc = q->vc;

	req->gen = q->gen;
	req->since = ktime_get_ns();
	req->writable = vc_iov_len(&req->wiov);
	if (req->writable < sizeof(struct virtio_crypto_inhdr)) {
		vc_count(q, VC_STAT_MALFORMED);
		return -EBADMSG;
	}
	if (READ_ONCE(vc->retired))
		return VIRTIO_CRYPTO_ERR;
	if (vc_iov_pull(vc, &q->riov, &header, sizeof(header)) != sizeof(header)) {
		vc_count(q, VC_STAT_MALFORMED);
		return VIRTIO_CRYPTO_ERR;
	}
	req->service = vc_service(vc, le32_to_cpu(header.opcode));
	if (!req->service)
		return VIRTIO_CRYPTO_NOTSUPP;
	return req->service->start(req, &header, readable - sizeof(header));
}

/**
 * vc_data_count() - count an operation
 * @req: the request, which is being answered
 * @ops: counter of its kind
 * @bytes: counter of their input
 * @len: bytes of it
 *
 * Context: the queue's worker, vc_queue.lock held.
 */
void vc_data_count(const struct vc_request *req, enum vc_stat ops, enum vc_stat bytes, u32 len)
{
	struct vc_queue *q = req->q;
	u64 *latency = &q->latencies[asym_latency_bucket(req->since)];

	vc_count(q, ops);
	atomic64_add(len, &q->stats[bytes]);
	WRITE_ONCE(*latency, *latency + 1);
}

/* The request, or a piece of it, is computed. Return: false if there is more of it to compute. */
static bool vc_data_finish(struct vc_request *req)
{
	struct vc_queue *q = req->q;

	/* The driver reset the device or the queue meanwhile: not its any more. */
	if (req->gen != q->gen || !q->ready || READ_ONCE(q->vc->broken))
		return true;
	return req->service->finish(req);
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
