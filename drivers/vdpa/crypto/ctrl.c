// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control queue: opens and closes sessions, one request after the other.
 *
 * Preparing a key may sleep for long (an accelerator may be asked). Meanwhile
 * the queue is not locked: it may be stopped or the device reset, and then the
 * answer is dropped and the session not added. One buffer serves all requests;
 * only the queue's worker uses it.
 *
 * On a device with limits a session is charged before its key is prepared, as an operation that
 * costs what preparing does. If that is over a limit the worker returns, and is run again when it
 * is the request's turn; meanwhile the request may be cancelled.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <uapi/linux/virtio_crypto_stateless.h>

#include "ctrl.h"
#include "dev.h"
#include "parse.h"

#define VC_CTRL_BATCH	8

/* Where the request in struct vc_ctrl is. Changed by whoever is named. */
enum vc_ctrl_state {
	VC_CTRL_NONE,		/* there is none, or the worker has it */
	VC_CTRL_WAITING,	/* in the scheduler: the worker, before it submits */
	VC_CTRL_GRANTED,	/* it is its turn: the scheduler */
};

/**
 * struct vc_ctrl - the request being processed
 * @hdr: its fixed part
 * @key: the key that follows
 * @key_len: bytes of key that were supplied, at most sizeof(@key)
 * @readable: bytes after the fixed part, or negative
 * @writable: bytes of @wiov
 * @head: the chain
 * @wiov: writable part of the chain
 * @wvec: for @wiov
 * @gen: vc_queue.gen when it was taken
 * @session_gen: vc_sessions.gen when it was taken
 * @session: id of the session it opened, or 0
 * @status: VIRTIO_CRYPTO_*
 * @state: enum vc_ctrl_state
 * @service: of a request that opens or closes a session; NULL if it is not offered
 * @create: the key, of a request that opens a session
 */
struct vc_ctrl {
	struct virtio_crypto_op_ctrl_req hdr;
	u8 key[ASYM_MAX_DER];
	u32 key_len;
	ssize_t readable;
	size_t writable;
	u16 head;
	struct vc_iov wiov;
	struct vc_seg wvec[VC_INLINE_SEGS];
	u32 gen;
	u32 session_gen;
	u64 session;
	u8 status;
	u8 state;
	const struct vc_service *service;
	struct vc_create_req create;
};

static struct vc_queue *vc_ctrl_queue(struct vc_dev *vc)
{
	return &vc->queues[vc->nr_queues - 1];
}

static u32 vc_ctrl_opcode(const struct vc_ctrl *c)
{
	return c->readable < 0 ? U32_MAX : le32_to_cpu(c->hdr.header.opcode);
}

static bool vc_ctrl_creates(u32 opcode)
{
	return opcode == VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION ||
	       opcode == VIRTIO_CRYPTO_CIPHER_CREATE_SESSION;
}

static bool vc_ctrl_destroys(u32 opcode)
{
	return opcode == VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION ||
	       opcode == VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION;
}

/* The like of services that are not offered; with AKCIPHER these would be operations. */
static bool vc_ctrl_destroys_other(u32 opcode)
{
	return opcode == VIRTIO_CRYPTO_HASH_DESTROY_SESSION ||
	       opcode == VIRTIO_CRYPTO_MAC_DESTROY_SESSION ||
	       opcode == VIRTIO_CRYPTO_AEAD_DESTROY_SESSION;
}

/*
 * Bytes of the fixed part: of a request to close a session, with revision 1, only what
 * is not padding (virtio 1.3, 5.9.7.2.1); of what is refused unread, the header.
 */
static size_t vc_ctrl_hdr_len(const struct vc_dev *vc, const struct virtio_crypto_op_ctrl_req *hdr)
{
	u32 opcode = le32_to_cpu(hdr->header.opcode);

	if (vc_ctrl_creates(opcode))
		return sizeof(*hdr);
	if (!vc_ctrl_destroys(opcode))
		return sizeof(hdr->header);
	if (vc_has(vc, VIRTIO_CRYPTO_F_REVISION_1))
		return offsetofend(struct virtio_crypto_op_ctrl_req, u.destroy_session.session_id);
	return sizeof(*hdr);
}

/* Take a request. Return: as vc_queue_get(). */
static int vc_ctrl_take(struct vc_queue *q, struct vc_ctrl *c)
{
	size_t readable;
	ssize_t n;
	int ret;

	vc_iov_init(&c->wiov, c->wvec, ARRAY_SIZE(c->wvec));
	ret = vc_queue_get(q, &c->wiov, &c->head);
	if (ret <= 0)
		return ret;

	vc_count(q, VC_STAT_CTRL_REQUESTS);
	c->gen = q->gen;
	c->session_gen = READ_ONCE(q->vc->sessions.gen);
	c->session = 0;
	c->key_len = 0;
	c->readable = -1;
	c->writable = vc_iov_len(&c->wiov);

	readable = vc_iov_len(&q->riov);
	memset(&c->hdr, 0, sizeof(c->hdr));
	n = vc_iov_pull(q->vc, &q->riov, &c->hdr, sizeof(c->hdr));
	if (n < 0 || n < vc_ctrl_hdr_len(q->vc, &c->hdr))
		return 1;
	c->readable = readable - n;
	if (!vc_ctrl_creates(vc_ctrl_opcode(c)))
		return 1;

	c->key_len = min_t(size_t, c->readable, sizeof(c->key));
	n = vc_iov_pull(q->vc, &q->riov, c->key, c->key_len);
	if (n != c->key_len)
		c->readable = -1;
	return 1;
}

static int vc_ctrl_open(struct vc_dev *vc, struct vc_ctrl *c)
{
	struct vc_session *session;
	int index, err;

	index = vc_session_reserve(&vc->sessions);
	if (index < 0)
		return index;
	err = -ENOMEM;
	session = kzalloc_obj(*session);
	if (!session)
		goto unreserve;
	refcount_set(&session->ref, 1);
	session->service = c->service;
	err = c->service->open(vc, &c->create, c->key, session);
	if (err)
		goto free_session;
	err = vc_session_add(&vc->sessions, index, session, c->session_gen);
	if (err) {
		vc_session_put(session);
		goto unreserve;
	}
	vc_count(vc_ctrl_queue(vc), VC_STAT_SESSIONS_TOTAL);
	/* nobody but this worker and a reset, which makes it worthless, ends it */
	c->session = session->id;
	return 0;

free_session:
	kfree(session);
unreserve:
	vc_session_unreserve(&vc->sessions, index);
	return err;
}

/* Check a request that opens a session. Return: VIRTIO_CRYPTO_*, OK: its key is to be prepared. */
static u8 vc_ctrl_check_create(struct vc_dev *vc, struct vc_ctrl *c)
{
	u8 status;

	/* without room for the answer the session would be lost */
	if (c->writable < sizeof(struct virtio_crypto_session_input)) {
		vc_count(vc_ctrl_queue(vc), VC_STAT_MALFORMED);
		return VIRTIO_CRYPTO_ERR;
	}
	status = c->service->parse_create(vc, &c->hdr, c->key_len, &c->create);
	if (status == VIRTIO_CRYPTO_ERR)
		vc_count(vc_ctrl_queue(vc), VC_STAT_MALFORMED);
	return status;
}

/*
 * Return: VIRTIO_CRYPTO_*, or -EINPROGRESS: goes on with vc_ctrl_open() when it is its turn.
 */
static int vc_ctrl_create(struct vc_dev *vc, struct vc_ctrl *c)
{
	struct vc_queue *q = vc_ctrl_queue(vc);
	u8 status;

	status = vc_ctrl_check_create(vc, c);
	if (status != VIRTIO_CRYPTO_OK)
		return status;
	if (!READ_ONCE(vc->limited))
		return vc_key_status(vc_ctrl_open(vc, c));
	guard(mutex)(&q->lock);		/* against vc_ctrl_cancel() */
	if (c->gen != q->gen)
		return VIRTIO_CRYPTO_ERR;
	WRITE_ONCE(c->state, VC_CTRL_WAITING);
	kref_get(&vc->ref);
	asym_job_prepare(&vc->ctrl_job, &vc->flow);
	asym_job_submit(&vc->ctrl_job, c->service->key_cost(&c->create, c->key), 0, false);
	return -EINPROGRESS;
}

static int vc_ctrl_execute(struct vc_dev *vc, struct vc_ctrl *c)
{
	u32 opcode = vc_ctrl_opcode(c);

	if (c->readable < 0) {
		vc_count(vc_ctrl_queue(vc), VC_STAT_MALFORMED);
		return VIRTIO_CRYPTO_ERR;
	}
	if (vc_ctrl_destroys_other(opcode))
		return VIRTIO_CRYPTO_ERR;
	c->service = vc_service(vc, opcode);
	/* OK or ERR, says virtio 1.3, 5.9.7.2.1 */
	if (vc_ctrl_destroys(opcode))
		return vc_session_destroy(&vc->sessions,
					  le64_to_cpu(c->hdr.u.destroy_session.session_id),
					  c->service) ?
		       VIRTIO_CRYPTO_ERR : VIRTIO_CRYPTO_OK;
	if (!c->service || !vc_ctrl_creates(opcode))
		return VIRTIO_CRYPTO_NOTSUPP;
	return READ_ONCE(vc->retired) ? VIRTIO_CRYPTO_ERR : vc_ctrl_create(vc, c);
}

/*
 * Write the answer: for a session being opened a struct virtio_crypto_session_input,
 * for one being closed a byte; for what is unknown the one there is room for.
 */
static u32 vc_ctrl_write(struct vc_queue *q, struct vc_ctrl *c)
{
	struct virtio_crypto_session_input input = {
		.session_id = cpu_to_le64(c->session),
		.status = cpu_to_le32(c->status),
	};
	u32 opcode = vc_ctrl_opcode(c);
	const void *answer = &input;
	size_t len = sizeof(input);

	if (vc_ctrl_destroys(opcode) || vc_ctrl_destroys_other(opcode) ||
	    (!vc_ctrl_creates(opcode) && c->writable < len)) {
		answer = &c->status;
		len = sizeof(c->status);
	}
	if (c->writable < len ||
	    vc_iov_push(q->vc, &c->wiov, answer, len) != len)
		return 0;
	return len;
}

/* The driver will not learn the session's id. */
static void vc_ctrl_undo(struct vc_dev *vc, struct vc_ctrl *c)
{
	if (c->session)
		vc_session_destroy(&vc->sessions, c->session, c->service);
}

static void vc_ctrl_answer(struct vc_queue *q, struct vc_ctrl *c)
{
	struct vc_dev *vc = q->vc;
	u32 len;

	lockdep_assert_held(&q->lock);
	if (c->status != VIRTIO_CRYPTO_OK)
		vc_count(vc_ctrl_queue(vc), VC_STAT_ERRORS);
	if (c->gen != q->gen || !q->ready || READ_ONCE(vc->broken)) {
		vc_ctrl_undo(vc, c);
		return;
	}
	guard(rwsem_read)(&vc->map_sem);
	len = vc_ctrl_write(q, c);
	if (!len) {
		vc_count(vc_ctrl_queue(vc), VC_STAT_MALFORMED);
		vc_ctrl_undo(vc, c);
	}
	if (!vc_queue_put(q, c->head, len))
		vc_queue_interrupt(q);
}

/* struct asym_job_ops.run: it is the turn of the session that is being opened. */
static void vc_ctrl_job_run(struct asym_job *job)
{
	struct vc_dev *vc = container_of(job, struct vc_dev, ctrl_job);

	/* A worker that runs already may drop the device's last reference: as in vc_data_over() */
	guard(rcu)();
	/* Pairs with vc_ctrl_continue(): what the scheduler did to the job comes first. */
	smp_store_release(&vc->ctrl->state, VC_CTRL_GRANTED);
	queue_work(vc_wq, &vc_ctrl_queue(vc)->work);
}

/* The request is over, in whatever way. */
static void vc_ctrl_done(struct vc_dev *vc)
{
	memzero_explicit(vc->ctrl->key, vc->ctrl->key_len);
	vc_iov_free(&vc->ctrl->wiov);
	vc_inflight_done(vc);
}

/* struct asym_job_ops.complete: -ECANCELED is answered to nobody. */
static void vc_ctrl_job_complete(struct asym_job *job, int err)
{
	struct vc_dev *vc = container_of(job, struct vc_dev, ctrl_job);
	struct vc_queue *q = vc_ctrl_queue(vc);

	if (!err) {
		guard(mutex)(&q->lock);
		vc_ctrl_answer(q, vc->ctrl);
	}
	vc_ctrl_done(vc);
	vc_dev_put(vc);
}

static const struct asym_job_ops vc_ctrl_job_ops = {
	.run		= vc_ctrl_job_run,
	.complete	= vc_ctrl_job_complete,
};

/* struct vc_queue_ops.cancel: the queue's request is not to wait for its turn any more. */
static void vc_ctrl_cancel(struct vc_queue *q)
{
	struct vc_dev *vc = q->vc;

	lockdep_assert_held(&q->lock);
	if (READ_ONCE(vc->ctrl->state) != VC_CTRL_WAITING || !asym_job_cancel(&vc->ctrl_job))
		return;
	WRITE_ONCE(vc->ctrl->state, VC_CTRL_NONE);
	asym_job_done(&vc->ctrl_job, -ECANCELED);
}

/* A request that waited for its turn. Return: false if it still waits. */
static bool vc_ctrl_continue(struct vc_queue *q)
{
	struct vc_dev *vc = q->vc;
	struct vc_ctrl *c = vc->ctrl;
	bool stale;

	/* Pairs with vc_ctrl_job_run(). */
	switch (smp_load_acquire(&c->state)) {
	case VC_CTRL_WAITING:
		return false;
	case VC_CTRL_GRANTED:
		break;
	default:
		return true;
	}
	scoped_guard(mutex, &q->lock) {
		WRITE_ONCE(c->state, VC_CTRL_NONE);
		stale = c->gen != q->gen;
	}
	c->status = stale || READ_ONCE(vc->retired) ? VIRTIO_CRYPTO_ERR :
						      vc_key_status(vc_ctrl_open(vc, c));
	asym_job_done(&vc->ctrl_job, 0);
	return true;
}

/* struct vc_queue_ops.run */
static bool vc_ctrl_run(struct vc_queue *q)
{
	struct vc_dev *vc = q->vc;
	struct vc_ctrl *c = vc->ctrl;
	int i;

	for (i = 0; i < VC_CTRL_BATCH; i++) {
		int ret = 0, status;

		if (!vc_ctrl_continue(q))
			return false;
		scoped_guard(mutex, &q->lock) {
			guard(rwsem_read)(&vc->map_sem);
			if (vc_queue_runs(q))
				ret = vc_ctrl_take(q, c);
			if (ret == -EBADMSG)
				vc_queue_interrupt(q);
			if (ret > 0)
				atomic_inc(&vc->inflight);
		}
		if (ret <= 0) {
			vc_iov_free(&c->wiov);
			if (ret == -EBADMSG)
				continue;
			return false;
		}
		status = vc_ctrl_execute(vc, c);
		if (status == -EINPROGRESS)
			continue;
		c->status = status;
		scoped_guard(mutex, &q->lock)
			vc_ctrl_answer(q, c);
		vc_ctrl_done(vc);
	}
	return true;
}

static const struct vc_queue_ops vc_ctrl_queue_ops = {
	.run	= vc_ctrl_run,
	.cancel	= vc_ctrl_cancel,
};

/**
 * vc_ctrl_init() - make the control queue, stopped
 * @vc: the device
 *
 * Context: process context.
 * Return: 0 or -ENOMEM; vc_ctrl_exit() is due in any case.
 */
int vc_ctrl_init(struct vc_dev *vc)
{
	struct vc_queue *q = vc_ctrl_queue(vc);

	vc_queue_init(vc, vc->nr_queues - 1, &vc_ctrl_queue_ops);
	asym_jobs_init(&q->jobs, &vc_ctrl_job_ops, vc_wq);
	vc->ctrl_job.jobs = &q->jobs;
	vc->ctrl = kzalloc_obj(*vc->ctrl);
	return vc->ctrl ? 0 : -ENOMEM;
}

/**
 * vc_ctrl_exit() - undo vc_ctrl_init()
 * @vc: the device; the queue is stopped, nothing of it is in flight
 *
 * Context: process context.
 */
void vc_ctrl_exit(struct vc_dev *vc)
{
	vc_queue_exit(vc_ctrl_queue(vc));
	kfree_sensitive(vc->ctrl);
}
