// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that wait for a device: for room there, or for a session that is being opened. They
 * are counted as users of their sessions. Any context but hard interrupts.
 */
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/export.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "../class.h"
#include "../device.h"
#include "../session.h"
#include "../shared.h"
#include "../stats.h"
#include "backlog.h"
#include "place.h"
#include "route.h"
#include "types.h"

/**
 * provider_backlog_drain() - submit operations that wait for room on a device
 * @pdev: the device
 *
 * Not recursive: a nested call leaves the work to the outer one.
 *
 * Context: any but hard interrupts, without locks that ->submit takes.
 */
void provider_backlog_drain(struct asym_device_priv *pdev)
{
	struct asym_class *class = pdev->class;
	struct provider_op *op;
	bool tell, commit = false;
	int kicks;
	int err;

	/* A submitter that finds no room now, and is not seen here, sees that. */
	atomic_inc(&pdev->kicks);
	smp_mb__after_atomic(); /* pairs with provider_op_submit() */
	if (list_empty(&pdev->backlog))
		return;

	spin_lock_bh(&class->lock);
	if (pdev->in_drain || list_empty(&pdev->backlog)) {
		spin_unlock_bh(&class->lock);
		return;
	}

	pdev->in_drain = true;
	while (!list_empty(&pdev->backlog)) {
		op = container_of(list_first_entry(&pdev->backlog, struct asym_request, list),
				  struct provider_op, req);
		list_del(&op->req.list);
		tell = provider_op_unwait_locked(op);
		kicks = atomic_read(&pdev->kicks);
		op->req.more = !list_empty(&pdev->backlog);
		commit |= op->req.more;
		spin_unlock_bh(&class->lock);

		if (tell)
			provider_op_tell(op);
		atomic_set(&op->place, PROVIDER_PLACE_DEVICE);
		err = provider_submit_once(op, false);
		if (err && !provider_op_claim(op)) {
			provider_op_drop(op);
			err = 0;
		}

		spin_lock_bh(&class->lock);
		if (!err)
			continue;
		if (err == -EBUSY && pdev->live) {
			WRITE_ONCE(op->waits, true);
			atomic_set(&op->place, PROVIDER_PLACE_BACKLOG);
			list_add(&op->req.list, &pdev->backlog);
			smp_mb(); /* as in provider_op_submit() */
			if (atomic_read(&pdev->kicks) == kicks)
				break;
			continue;
		}
		spin_unlock_bh(&class->lock);
		provider_op_submit_failed(op, err == -EBUSY ? -ENODEV : err);
		spin_lock_bh(&class->lock);
	}
	pdev->in_drain = false;
	spin_unlock_bh(&class->lock);
	if (commit)
		provider_commit(pdev);
}

/**
 * provider_op_opened() - continue an operation that waited for a session
 * @op: the operation
 * @session: its session, of which it is a user now
 * @err: 0 if the session is open, else the errno of the opening
 * @more: the next one follows, or provider_commit()
 */
void provider_op_opened(struct provider_op *op, struct provider_session *session, int err,
			bool more)
{
	unsigned int id = op->pdev->id;

	/* It left the list, so provider_op_start() does not set this any more. */
	if (op->told) {
		op->told = false;
		provider_op_tell(op);
	}
	if (!err) {
		op->req.handle = session->handle;
		op->req.more = more;
		provider_op_submit(op, false);
		return;
	}

	provider_op_release(op, false);
	if (session->state == PROVIDER_SESSION_REFUSED) {
		/* Not a failure: the same operation may be in order elsewhere. */
		op->tried |= BIT_ULL(id);
		op->reason = PROVIDER_STAT_SW_UNSUPPORTED;
		provider_op_dispatch(op, false);
		return;
	}
	provider_op_failed(op, id, err);
}

/**
 * provider_backlog_take_locked() - take all operations that wait for room on a device
 * @pdev: the device
 * @ops: for provider_redispatch()
 */
void provider_backlog_take_locked(struct asym_device_priv *pdev, struct list_head *ops)
{
	struct provider_op *op;

	list_splice_init(&pdev->backlog, ops);
	list_for_each_entry(op, ops, req.list)
		atomic_set(&op->place, PROVIDER_PLACE_MOVING);
}

/**
 * provider_redispatch() - send operations elsewhere when their device stops accepting them
 * @ops: asym_request::list; each is a user of its session
 */
void provider_redispatch(struct list_head *ops)
{
	struct asym_request *req, *next;

	list_for_each_entry_safe(req, next, ops, list) {
		struct provider_op *op = container_of(req, struct provider_op, req);
		bool tell;

		spin_lock_bh(&op->class->lock);
		tell = provider_op_unwait_locked(op);
		spin_unlock_bh(&op->class->lock);
		if (tell)
			provider_op_tell(op);
		provider_op_release(op, false);
		op->again = true;
		op->req.more = false;
		op->reason = PROVIDER_STAT_SW_DEVICE_ERROR;
		provider_op_dispatch(op, false);
	}
}

/**
 * asym_device_kick() - report that a device may have room for requests again
 * @dev: a registered device
 *
 * To be called after ->submit returned -EBUSY. Completions imply it.
 *
 * Context: any, but without locks that ->submit takes, because it is called from here.
 */
void asym_device_kick(struct asym_device *dev)
{
	struct asym_device_priv *pdev = dev->p;

	if (!pdev || !READ_ONCE(pdev->live))
		return;
	if (in_hardirq() || irqs_disabled())
		queue_work(provider_wq, &pdev->kick_work);
	else
		provider_backlog_drain(pdev);
}
EXPORT_SYMBOL_GPL(asym_device_kick);
