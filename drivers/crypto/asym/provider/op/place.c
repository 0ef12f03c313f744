// SPDX-License-Identifier: GPL-2.0-only
/*
 * The place of an operation (enum provider_place), and its end. asym_class::lock is held in
 * functions whose name ends with _locked. Any context but hard interrupts.
 */
#include <linux/bottom_half.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <trace/events/asym.h>

#include "../class.h"
#include "../device.h"
#include "../key.h"
#include "../pick.h"
#include "../session.h"
#include "../stats.h"
#include "place.h"
#include "pool.h"
#include "types.h"

/**
 * provider_wait_end_locked() - end the wait of an operation for a device
 * @op: the operation, waiting or not; asym_class::lock is held
 */
void provider_wait_end_locked(struct provider_op *op)
{
	lockdep_assert_held(&op->class->lock);
	list_del_init(&op->wait_node);
}

/**
 * provider_op_finish() - give the answer to the caller
 * @op: the operation; it leaves its device if it has one, and may be freed
 * @err: 0 or an errno
 * @where: where it was computed, for the trace
 *
 * Called exactly once for an operation.
 *
 * Context: any but hard interrupts.
 */
void provider_op_finish(struct provider_op *op, int err, enum provider_where where)
{
	struct asym_class *class = op->class;

	trace_asym_op_done(op, class->name, where, err);
	spin_lock_bh(&class->lock);
	provider_wait_end_locked(op);
	if (where == PROVIDER_BY_DEVICE && op->pdev)
		provider_pick_in_time_locked(op->pdev);
	if (op->session)
		provider_session_unuse_locked(op->session);
	/* The destroyer of the class waits for its keys. */
	provider_key_put_locked(op->key);
	spin_unlock_bh(&class->lock);
	provider_object(PROVIDER_OBJECT_OPERATIONS, -1);
	op->err = err;
	/* Ordered: who finds PROVIDER_PHASE_DONE sees the result. */
	if (provider_op_set_phase(op, PROVIDER_PHASE_STARTING, PROVIDER_PHASE_DONE))
		return;
	local_bh_disable();
	op->complete(op);
	local_bh_enable();
}

/**
 * provider_op_tell() - tell the caller that its operation no longer waits for room
 * @op: provider_op::told was set
 *
 * Context: any but hard interrupts, without locks.
 */
void provider_op_tell(struct provider_op *op)
{
	local_bh_disable();
	op->progress(op);
	local_bh_enable();
}

/**
 * provider_op_wait_locked() - make an operation wait for room on its device
 * @op: in no list
 */
void provider_op_wait_locked(struct provider_op *op)
{
	WRITE_ONCE(op->waits, true);
	atomic_set(&op->place, PROVIDER_PLACE_BACKLOG);
	list_add_tail(&op->req.list, &op->pdev->backlog);
}

/**
 * provider_op_pend_locked() - make an operation wait for a session that is being opened
 * @op: in no list; many may wait for one session
 */
void provider_op_pend_locked(struct provider_op *op)
{
	WRITE_ONCE(op->waits, op->session->nr_pending >= PROVIDER_PENDING_MAX);
	atomic_set(&op->place, PROVIDER_PLACE_PENDING);
	list_add_tail(&op->req.list, &op->session->pending);
	op->session->nr_pending++;
}

/**
 * provider_op_unwait_locked() - end the wait of an operation
 * @op: the operation; removed from its list
 *
 * Return: whether the caller must be told: provider_op_tell().
 */
bool provider_op_unwait_locked(struct provider_op *op)
{
	bool told = op->told;

	atomic_set(&op->place, PROVIDER_PLACE_MOVING);
	WRITE_ONCE(op->waits, false);
	op->told = false;
	return told;
}

/**
 * provider_op_unlist_locked() - remove an operation from the list of its device or session
 * @op: PROVIDER_PLACE_PENDING or PROVIDER_PLACE_BACKLOG; owned by the caller afterwards, for
 *	provider_op_expired()
 */
void provider_op_unlist_locked(struct provider_op *op)
{
	lockdep_assert_held(&op->class->lock);
	list_del(&op->req.list);
	if (atomic_read(&op->place) == PROVIDER_PLACE_PENDING)
		op->session->nr_pending--;
	else
		provider_session_unuse_locked(op->session);
	atomic_set(&op->place, PROVIDER_PLACE_MOVING);
	WRITE_ONCE(op->waits, false);
	op->session = NULL;
	op->pdev = NULL;
}

/**
 * provider_op_claim() - take an operation back from its device
 * @op: the device answered it, or did not accept it
 *
 * Context: any.
 * Return: true: the caller owns it; false: it was given up meanwhile: provider_op_drop().
 */
bool provider_op_claim(struct provider_op *op)
{
	return provider_op_set_place(op, PROVIDER_PLACE_DEVICE, PROVIDER_PLACE_MOVING);
}

/**
 * provider_op_put() - drop one of the two references of an operation that was given up
 * @op: the last reference frees it
 */
void provider_op_put(struct provider_op *op)
{
	if (!refcount_dec_and_test(&op->refs))
		return;
	provider_op_wipe(op);
	provider_op_free(op);
}

/**
 * provider_op_drop() - drop an operation that was given up, when its device answers
 * @op: provider_op_claim() failed; must not be used afterwards
 *
 * Context: any but hard interrupts.
 */
void provider_op_drop(struct provider_op *op)
{
	struct asym_class *class = op->class;

	provider_object(PROVIDER_OBJECT_OPERATIONS, -1);
	spin_lock_bh(&class->lock);
	provider_session_unuse_locked(op->session);
	/* The destroyer of the class waits for its keys. */
	provider_key_put_locked(op->key);
	spin_unlock_bh(&class->lock);
	provider_op_put(op);
}
