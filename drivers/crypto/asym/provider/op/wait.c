// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time limit of operations: an operation that no device has answered after
 * asym_class::max_wait_ms is computed by software, or fails.
 *
 * An operation that waits in a list of asym_provider is removed from the list. One that a device
 * has cannot be taken back, because the device may still read and write its memory: the
 * caller's part moves to a new operation, and the old one is dropped when
 * the device answers. A cmpxchg of provider_op::place decides between the answer and
 * the time-out.
 *
 * asym_class::waiting is in the order of starts. A delayed work looks through it from the
 * beginning, and runs while the list is not empty.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "../class.h"
#include "../device.h"
#include "../key.h"
#include "../pick.h"
#include "../ref.h"
#include "../shared.h"
#include "../stats.h"
#include "place.h"
#include "pool.h"
#include "software.h"
#include "types.h"
#include "wait.h"

/* The precision of the limit: a fortieth of it, a quarter of a second at most. */
#define WAIT_SHARE	40
#define WAIT_MAX	(HZ / 4)

static unsigned long wait_interval(const struct asym_class *class)
{
	unsigned long limit = msecs_to_jiffies(READ_ONCE(class->max_wait_ms));

	return clamp(limit / WAIT_SHARE, 1UL, (unsigned long)WAIT_MAX);
}

static void wait_arm(struct asym_class *class)
{
	if (READ_ONCE(class->max_wait_ms))
		queue_delayed_work(provider_wq, &class->wait_work, wait_interval(class));
}

/**
 * provider_wait_begin_locked() - start the time limit of an operation
 * @op: the operation; asym_class::lock is held
 */
void provider_wait_begin_locked(struct provider_op *op)
{
	lockdep_assert_held(&op->class->lock);
	op->started = jiffies;
	list_add_tail(&op->wait_node, &op->class->waiting);
	wait_arm(op->class);
}

/* Move the caller's part of an operation, and its input. */
static bool op_copy(struct provider_op *to, const struct provider_op *from)
{
	provider_op_init(to, from->class);
	if (provider_op_set_key(to, from->req.key_bytes, GFP_ATOMIC))
		return false;
	to->key = from->key;
	to->req.algo = from->req.algo;
	to->answered = from->answered;
	to->complete = from->complete;
	to->progress = from->progress;
	to->data = from->data;
	to->op = from->op;
	to->padding = from->padding;
	to->hash = from->hash;
	to->in_len = from->in_len;
	to->digest_len = from->digest_len;
	to->flags = from->flags;
	to->told = from->told;
	memcpy(to->in, from->src, from->in_len + from->digest_len);
	atomic_set(&to->phase, PROVIDER_PHASE_ASYNC);
	return true;
}

/* A device has @op: move its caller to @spare. False: not possible now. */
static bool wait_abandon_locked(struct provider_op *op, struct provider_op *spare)
{
	/* Its starter still looks at it. */
	if (atomic_read_acquire(&op->phase) != PROVIDER_PHASE_ASYNC || !op_copy(spare, op))
		return false;
	refcount_set(&op->refs, 2);
	if (!provider_op_set_place(op, PROVIDER_PLACE_DEVICE, PROVIDER_PLACE_ABANDONED)) {
		provider_op_wipe(spare);
		return false;
	}
	kref_get(&op->pdev->ref);
	provider_key_ref_locked(spare->key);
	provider_pick_too_late_locked(op->pdev);
	provider_object(PROVIDER_OBJECT_OPERATIONS, 1);
	return true;
}

/* Tell the device that the answer is not needed. */
static void op_cancel(struct provider_op *op)
{
	struct asym_device_priv *pdev = op->pdev;

	if (provider_device_enter(pdev)) {
		if (pdev->dev->ops->cancel)
			pdev->dev->ops->cancel(pdev->dev, &op->req);
		provider_device_exit(pdev);
	}
	provider_device_put(pdev);
	provider_op_put(op);
}

static void wait_work(struct work_struct *work)
{
	struct asym_class *class = container_of(to_delayed_work(work), struct asym_class,
						wait_work);
	unsigned long limit = msecs_to_jiffies(READ_ONCE(class->max_wait_ms));
	struct provider_op *op, *next, *spare = NULL;
	struct asym_request *req, *next_req;
	LIST_HEAD(abandoned);
	LIST_HEAD(expired);

	if (!limit)
		return;
	spin_lock_bh(&class->lock);
	list_for_each_entry_safe(op, next, &class->waiting, wait_node) {
		if (time_before(jiffies, op->started + limit))
			break;
		switch (atomic_read(&op->place)) {
		case PROVIDER_PLACE_PENDING:
		case PROVIDER_PLACE_BACKLOG:
			provider_pick_too_late_locked(op->pdev);
			provider_op_unlist_locked(op);
			provider_wait_end_locked(op);
			list_add_tail(&op->req.list, &expired);
			break;
		case PROVIDER_PLACE_DEVICE:
			/* Without memory, or not possible now: next time. */
			spare = spare ?: provider_op_alloc(GFP_ATOMIC);
			if (!spare || !wait_abandon_locked(op, spare))
				break;
			list_move_tail(&op->wait_node, &abandoned);
			list_add_tail(&spare->req.list, &expired);
			spare = NULL;
			break;
		}
	}
	if (!list_empty(&class->waiting))
		wait_arm(class);
	spin_unlock_bh(&class->lock);

	if (spare)
		provider_op_free(spare);
	list_for_each_entry_safe(op, next, &abandoned, wait_node)
		op_cancel(op);
	list_for_each_entry_safe(req, next_req, &expired, list)
		provider_op_expired(container_of(req, struct provider_op, req));
}

/**
 * provider_wait_changed() - apply a change of asym_class::max_wait_ms
 * @class: the class
 *
 * Context: any.
 */
void provider_wait_changed(struct asym_class *class)
{
	if (READ_ONCE(class->max_wait_ms))
		mod_delayed_work(provider_wq, &class->wait_work, 0);
}

/**
 * provider_wait_init() - set up the time limit of a new class
 * @class: the class
 */
void provider_wait_init(struct asym_class *class)
{
	INIT_LIST_HEAD(&class->waiting);
	INIT_DELAYED_WORK(&class->wait_work, wait_work);
}
