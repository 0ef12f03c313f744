// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routing: selects the device for an operation, or software, and handles devices that do not accept
 * it. Any context but hard interrupts; asym_class::lock is held in functions whose name says so.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/wait.h>
#include <trace/events/asym.h>

#include "../class.h"
#include "../device.h"
#include "../key.h"
#include "../pick.h"
#include "../session.h"
#include "../ref.h"
#include "../shared.h"
#include "../stats.h"
#include "place.h"
#include "route.h"
#include "software.h"
#include "types.h"
#include "wait.h"

enum dispatch {
	DISPATCH_SUBMIT,
	DISPATCH_OPEN,
	DISPATCH_WAIT,
	DISPATCH_REFUSE,
	DISPATCH_SOFTWARE,
};

/*
 * The device does not have the key. If it accepts keys in requests, the first request carries
 * the key, because many keys are used once. The next request opens a session.
 */
static enum dispatch op_route_miss_locked(struct provider_op *op, struct provider_session *session)
{
	struct asym_device_priv *pdev = op->pdev;
	bool first = !session;
	bool with_key = first && pdev->flags & ASYM_DEV_INLINE_KEY &&
			!(op->sessions_only & BIT_ULL(pdev->id));

	if (with_key && !list_empty(&pdev->backlog) && op->flags & PROVIDER_FULL_REFUSE)
		return DISPATCH_REFUSE;
	if (first) {
		session = provider_session_new_locked(op->key, pdev);
		if (!session)
			return DISPATCH_SOFTWARE;
	}
	provider_count(op->class, PROVIDER_STAT_SESSION_MISSES);
	op->session = session;
	if (!with_key) {
		provider_session_begin_locked(session);
		provider_op_pend_locked(op);
		return DISPATCH_OPEN;
	}

	provider_count(op->class, PROVIDER_STAT_INLINE_KEYS);
	provider_session_use_locked(session);
	op->req.key = &op->key->data;
	if (list_empty(&pdev->backlog))
		return DISPATCH_SUBMIT;
	provider_op_wait_locked(op);
	return DISPATCH_WAIT;
}

/* Select the device, under the lock. */
static enum dispatch op_route_locked(struct provider_op *op)
{
	struct provider_session *session;
	struct asym_device_priv *pdev;

	lockdep_assert_held(&op->class->lock);
	if (op->local)
		return DISPATCH_SOFTWARE;
	if (op->software_only && !op->reason)
		op->reason = list_empty(&op->class->devices) ? PROVIDER_STAT_SW_NO_DEVICE :
							       PROVIDER_STAT_SW_UNSUPPORTED;
	while (!op->software_only && op->attempts < PROVIDER_MAX_ATTEMPTS) {
		pdev = provider_pick_locked(op);
		if (!pdev && op->lost) {
			/* It was perhaps lost on the way, and there is no other device. */
			op->tried &= ~op->lost;
			op->lost = 0;
			pdev = provider_pick_locked(op);
		}
		if (!pdev)
			return DISPATCH_SOFTWARE;

		session = provider_session_find_locked(op->key, pdev);
		if (session && session->state == PROVIDER_SESSION_REFUSED) {
			op->tried |= BIT_ULL(pdev->id);
			if (!op->reason)
				op->reason = PROVIDER_STAT_SW_UNSUPPORTED;
			continue;
		}
		/* Of late it took too long: nobody else waits for that. */
		if (session && session->state == PROVIDER_SESSION_OPENING && pdev->limit &&
		    READ_ONCE(op->class->fallback) == ASYM_FALLBACK_SOFTWARE) {
			op->tried |= BIT_ULL(pdev->id);
			if (!op->reason)
				op->reason = PROVIDER_STAT_SW_WAITED;
			continue;
		}

		if (op->again)
			provider_count(op->class, PROVIDER_STAT_RETRIED);
		op->again = false;
		op->pdev = pdev;
		op->req.key = NULL;
		if (!session || session->state == PROVIDER_SESSION_INLINE)
			return op_route_miss_locked(op, session);
		op->session = session;
		if (session->state == PROVIDER_SESSION_OPENING) {
			if (session->nr_pending >= PROVIDER_PENDING_MAX &&
			    op->flags & PROVIDER_FULL_REFUSE) {
				op->session = NULL;
				return DISPATCH_REFUSE;
			}
			provider_op_pend_locked(op);
			return DISPATCH_WAIT;
		}
		/* Those that wait are first; who made them wait will say when. */
		if (!list_empty(&pdev->backlog) && op->flags & PROVIDER_FULL_REFUSE)
			return DISPATCH_REFUSE;
		provider_session_use_locked(session);
		provider_count(op->class, PROVIDER_STAT_SESSION_HITS);
		op->req.handle = session->handle;
		if (!list_empty(&pdev->backlog)) {
			provider_op_wait_locked(op);
			return DISPATCH_WAIT;
		}
		return DISPATCH_SUBMIT;
	}
	return DISPATCH_SOFTWARE;
}

/*
 * The device has no room, and the caller does not want to wait: refuse the operation. False:
 * provider_op_start() has returned, so the operation was accepted and must be computed.
 */
static bool op_refuse(struct provider_op *op)
{
	struct provider_session *session = op->session;
	struct asym_class *class = op->class;
	struct provider_key *key = op->key;
	struct list_head *before;

	spin_lock_bh(&class->lock);
	before = op->wait_node.prev;
	list_del(&op->wait_node);
	op->err = -ENOSPC;
	if (!provider_op_set_phase(op, PROVIDER_PHASE_STARTING, PROVIDER_PHASE_DONE)) {
		list_add(&op->wait_node, before);
		spin_unlock_bh(&class->lock);
		return false;
	}
	/* @op may be freed. */
	if (session)
		provider_session_unuse_locked(session);
	provider_key_put_locked(key);
	spin_unlock_bh(&class->lock);
	provider_count(class, PROVIDER_STAT_REFUSED);
	provider_object(PROVIDER_OBJECT_OPERATIONS, -1);
	return true;
}

/* Called with asym_class::lock held, releases it. */
static void op_dispatch_locked(struct provider_op *op, bool may_sleep)
	__releases(&op->class->lock)
{
	struct asym_class *class = op->class;
	enum dispatch to;

	to = op_route_locked(op);
	/*
	 * A waiting operation is the opener's once the lock is free. The caller does not open the
	 * session itself, even if it may sleep: the device decides how long that takes.
	 */
	if (to == DISPATCH_OPEN)
		queue_work(provider_open_wq, &op->session->work);
	if (to == DISPATCH_SOFTWARE)
		provider_wait_end_locked(op);
	spin_unlock_bh(&class->lock);

	switch (to) {
	case DISPATCH_SUBMIT:
		provider_op_submit(op, may_sleep);
		break;
	case DISPATCH_OPEN:
	case DISPATCH_WAIT:
		break;
	case DISPATCH_REFUSE:
		op->session = NULL;
		op->pdev = NULL;
		if (op_refuse(op))
			break;
		op->flags &= ~PROVIDER_FULL_REFUSE;
		provider_op_dispatch(op, false);
		break;
	case DISPATCH_SOFTWARE:
		if (!op->reason)
			op->reason = PROVIDER_STAT_SW_DEVICE_ERROR;
		op->session = NULL;
		op->pdev = NULL;
		provider_op_software(op, may_sleep);
		break;
	}
}

/**
 * provider_op_dispatch() - select a device or software for an operation, and submit it there
 * @op: without a device; may be freed on return
 * @may_sleep: the call may sleep
 *
 * Context: any but hard interrupts.
 */
void provider_op_dispatch(struct provider_op *op, bool may_sleep)
{
	spin_lock_bh(&op->class->lock);
	op_dispatch_locked(op, may_sleep);
}

/**
 * provider_op_first_dispatch() - likewise, for a new operation
 * @op: takes a reference to its key; unless the operation is local, its wait begins
 * @may_sleep: the call may sleep
 *
 * Context: any but hard interrupts.
 */
void provider_op_first_dispatch(struct provider_op *op, bool may_sleep)
{
	spin_lock_bh(&op->class->lock);
	provider_key_ref_locked(op->key);
	if (!op->local)
		provider_wait_begin_locked(op);
	op_dispatch_locked(op, may_sleep);
}

/**
 * provider_op_release() - detach an operation from its device
 * @op: the operation
 * @lost: the device has forgotten the session
 */
void provider_op_release(struct provider_op *op, bool lost)
{
	struct provider_session *session = op->session;

	spin_lock_bh(&op->class->lock);
	if (lost)
		provider_session_detach_locked(session);
	provider_session_unuse_locked(session);
	spin_unlock_bh(&op->class->lock);
	op->session = NULL;
	op->pdev = NULL;
}

/**
 * provider_op_failed() - send an operation elsewhere after a failure of its device
 * @op: released
 * @id: asym_device_priv::id of the device
 * @err: the device's errno
 */
void provider_op_failed(struct provider_op *op, unsigned int id, int err)
{
	op->tried |= BIT_ULL(id);
	if (err == -ETIMEDOUT)
		op->lost |= BIT_ULL(id);
	op->attempts++;
	op->again = true;
	op->req.more = false;
	switch (err) {
	case -ENOSPC:
		op->reason = PROVIDER_STAT_SW_NO_SESSION;
		break;
	case -EOPNOTSUPP:
		op->reason = PROVIDER_STAT_SW_UNSUPPORTED;
		break;
	default:
		op->reason = PROVIDER_STAT_SW_DEVICE_ERROR;
		break;
	}
	provider_op_dispatch(op, false);
}

/**
 * provider_count_error() - count a failure of a device
 * @pdev: the device
 * @err: the device's errno. An unsupported operation is not a failure, nor a device that leaves
 */
void provider_count_error(struct asym_device_priv *pdev, int err)
{
	if (err != -EOPNOTSUPP && err != -ENODEV)
		atomic64_inc(&pdev->errors);
}

/**
 * provider_op_without_key() - open a session when the device does not accept a key in a request
 * @op: it has a device
 * @sent: the request was sent
 *
 * As for the second operation. This is no failure, and other operations do not wait for it.
 */
void provider_op_without_key(struct provider_op *op, bool sent)
{
	op->sessions_only |= BIT_ULL(op->pdev->id);
	if (sent) {
		op->again = true;
	} else {
		provider_uncount(op->class, PROVIDER_STAT_SESSION_MISSES);
		provider_uncount(op->class, PROVIDER_STAT_INLINE_KEYS);
	}
	op->req.more = false;
	provider_op_release(op, false);
	provider_op_dispatch(op, false);
}

/**
 * provider_op_submit_failed() - handle a device that did not accept an operation
 * @op: it has a device
 * @err: the device's errno, not -EBUSY
 */
void provider_op_submit_failed(struct provider_op *op, int err)
{
	struct asym_device_priv *pdev = op->pdev;
	unsigned int id = pdev->id;

	if (err == -E2BIG && op->req.key) {
		provider_op_without_key(op, false);
		return;
	}
	provider_count_error(pdev, err);
	provider_op_release(op, false);
	provider_op_failed(op, id, err);
}

/**
 * provider_submit_once() - give a request to its device
 * @op: with provider_op::pdev set
 * @may_sleep: the call may sleep
 *
 * Return: 0: accepted, and perhaps answered already; -EBUSY; another error: the
 * device failed or left.
 */
int provider_submit_once(struct provider_op *op, bool may_sleep)
{
	struct asym_device_priv *pdev = op->pdev;
	int err;

	if (!provider_device_enter(pdev))
		return -ENODEV;

	atomic_inc(&pdev->inflight);
	op->req.may_sleep = may_sleep;
	trace_asym_op_submit(op, pdev->name, op->req.key);
	/* One a tick is measured: reading the clock is not free everywhere. */
	op->sent = time_is_before_jiffies(READ_ONCE(pdev->measured)) ? ktime_get() : 0;
	err = pdev->dev->ops->submit(pdev->dev, &op->req);
	if (!err)
		this_cpu_inc(pdev->stats->requests);
	else if (atomic_dec_and_test(&pdev->inflight))
		wake_up(&pdev->wait);

	provider_device_exit(pdev);
	return err;
}

/**
 * provider_commit() - notify the device of requests that were sent with asym_request::more
 * @pdev: the device; no effect if it is being removed
 *
 * Context: any but hard interrupts.
 */
void provider_commit(struct asym_device_priv *pdev)
{
	if (!provider_device_enter(pdev))
		return;
	if (pdev->dev->ops->commit)
		pdev->dev->ops->commit(pdev->dev);
	provider_device_exit(pdev);
}

/**
 * provider_op_submit() - give an operation to its device, or make it wait there
 * @op: a user of its open session, or with the key in it
 * @may_sleep: the call may sleep
 *
 * Context: any but hard interrupts.
 */
void provider_op_submit(struct provider_op *op, bool may_sleep)
{
	struct asym_device_priv *pdev = op->pdev;
	struct asym_class *class = op->class;
	int kicks;
	int err;

	for (;;) {
		kicks = atomic_read(&pdev->kicks);
		atomic_set(&op->place, PROVIDER_PLACE_DEVICE);
		err = provider_submit_once(op, may_sleep);
		if (!err)
			return;
		if (!provider_op_claim(op)) {
			provider_op_drop(op);
			return;
		}
		if (err != -EBUSY)
			break;

		if (op->flags & PROVIDER_FULL_REFUSE && READ_ONCE(pdev->live) && op_refuse(op))
			return;
		spin_lock_bh(&class->lock);
		if (!pdev->live) {
			spin_unlock_bh(&class->lock);
			err = -ENODEV;
			break;
		}
		provider_op_wait_locked(op);
		/* Room since it said so? Nobody would tell again. */
		smp_mb(); /* pairs with provider_backlog_drain() */
		if (atomic_read(&pdev->kicks) == kicks) {
			spin_unlock_bh(&class->lock);
			return;
		}
		list_del(&op->req.list);
		provider_op_unwait_locked(op);
		spin_unlock_bh(&class->lock);
	}
	provider_op_submit_failed(op, err);
}
