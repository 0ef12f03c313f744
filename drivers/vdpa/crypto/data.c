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
 * A request is a job (asym_job). On a device with limits jobs wait in its scheduler, one flow,
 * until it is their turn, or until their queue is stopped. A device without limits does without:
 * that is a lock less for all its queues.
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
	req->job.jobs = &q->jobs;
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
		req->job.exec = NULL;
		req->job.key.der = NULL;
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

	q->jobs.exec = q->vc->exec;
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
	cancel_work_sync(&q->jobs.work);
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
 * vc_data_begin() - a request is going to be computed
 * @req: it is answered by vc_service.finish(), when vc_data_over() said that it is over
 *
 * Context: the queue's worker, vc_queue.lock held.
 * Return: true if its job waits for its turn when it is submitted; false if there are no limits.
 */
bool vc_data_begin(struct vc_request *req)
{
	struct vc_queue *q = req->q;
	struct vc_dev *vc = q->vc;

	lockdep_assert_held(&q->lock);	/* against vc_data_cancel() */
	kref_get(&vc->ref);
	atomic_inc(&vc->inflight);
	list_add(&req->free, &q->busy);
	asym_job_prepare(&req->job, READ_ONCE(vc->limited) ? &vc->flow : NULL);
	return req->job.flow;
}

/* struct vc_queue_ops.cancel: nothing of the queue is to wait for its turn any more. */
static void vc_data_cancel(struct vc_queue *q)
{
	struct vc_request *req, *next;
	LIST_HEAD(cancelled);

	lockdep_assert_held(&q->lock);
	/* The worker takes them from this list, and it waits for the lock. */
	list_for_each_entry_safe(req, next, &q->busy, free)
		if (asym_job_cancel(&req->job))
			list_move(&req->free, &cancelled);
	/* Only now: this gives others their turn, which is not to be one of these. */
	list_for_each_entry(req, &cancelled, free)
		asym_job_done(&req->job, -ECANCELED);
	list_splice(&cancelled, &q->busy);
}

static struct vc_request *vc_data_request(struct asym_job *job)
{
	return container_of(job, struct vc_request, job);
}

/* struct asym_job_ops.run: a cipher's */
static void vc_data_job_run(struct asym_job *job)
{
	struct vc_request *req = vc_data_request(job);

	req->service->dispatch(req);
}

/* struct asym_job_ops.prepared */
static void vc_data_job_prepared(struct asym_job *job, int err)
{
	memzero_explicit(vc_data_request(job)->key, job->key.der_len);
}

/* struct asym_job_ops.complete */
static void vc_data_job_complete(struct asym_job *job, int err)
{
	struct vc_request *req = vc_data_request(job);

	if (job->key.der && !job->computed)
		memzero_explicit(req->key, job->key.der_len);
	vc_data_over(req, err);
}

/* struct asym_job_ops.get */
static void vc_data_jobs_get(struct asym_jobs *jobs)
{
	kref_get(&container_of(jobs, struct vc_queue, jobs)->vc->ref);
}

/* struct asym_job_ops.put */
static void vc_data_jobs_put(struct asym_jobs *jobs)
{
	vc_dev_put(container_of(jobs, struct vc_queue, jobs)->vc);
}

static const struct asym_job_ops vc_data_job_ops = {
	.run		= vc_data_job_run,
	.prepared	= vc_data_job_prepared,
	.complete	= vc_data_job_complete,
	.get		= vc_data_jobs_get,
	.put		= vc_data_jobs_put,
};

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
	asym_jobs_init(&q->jobs, &vc_data_job_ops, vc_wq);
}
