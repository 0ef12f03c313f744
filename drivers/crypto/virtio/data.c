// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data queues: requests go out, answers come back. Owns a request between
 * vcrypto_send() and &vcrypto_op_ops.done; everything that it needs on the ring
 * lies in its struct vcrypto_op, which is the ring's token for it.
 *
 * vcrypto_queue.lock protects a ring and its counters. Requests are submitted
 * in any context; the interrupt only queues a bottom half (BH workqueue), which
 * answers them without the lock. A submitting CPU keeps to its queue.
 *
 * Notifying the device may cost nothing to speak of, or, in a virtual machine within another, more
 * than all the rest of an operation: it is measured. Where it is dear, requests that are sent while
 * the device has others are notified together: when the device answers, or when the CPU that sent
 * them has nothing else to run, whatever comes first.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/scatterlist.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

#include "data.h"
#include "proto.h"
#include "types.h"

/* Answers taken before the bottom half lets others run, and at a time */
#define VCRYPTO_BUDGET	64
#define VCRYPTO_BULK	16

/* A notification that was interrupted counts as this long at most. */
#define VCRYPTO_KICK_MAX_NS	(1 * NSEC_PER_MSEC)

static unsigned int dear_kick_ns = 50 * NSEC_PER_USEC;
module_param(dear_kick_ns, uint, 0644);
MODULE_PARM_DESC(dear_kick_ns, "notifications that take longer are shared by several requests (default 50000; 0: all)");

/**
 * vcrypto_queue_start() - take requests
 * @q: data queue
 * @vq: it is there until after vcrypto_queue_flush()
 *
 * Context: process.
 */
void vcrypto_queue_start(struct vcrypto_queue *q, struct virtqueue *vq)
{
	spin_lock_irq(&q->lock);
	q->vq = vq;
	q->dead = false;
	WRITE_ONCE(q->unseen, false);
	spin_unlock_irq(&q->lock);
}

/**
 * vcrypto_queue_stop() - on return nothing is added to the ring any more
 * @q: data queue
 *
 * Context: process.
 */
void vcrypto_queue_stop(struct vcrypto_queue *q)
{
	spin_lock_irq(&q->lock);
	q->dead = true;
	spin_unlock_irq(&q->lock);
}

/* The lock is held. @op is off the ring. */
static void vcrypto_taken(struct vcrypto_queue *q, struct vcrypto_op *op)
{
	q->inflight--;
	if (!op->ops->expire)
		return;
	if (op->late)
		atomic_dec(&q->vc->late);
	else
		list_del(&op->node);
}

/**
 * vcrypto_queue_flush() - answer what the device held
 * @q: data queue; vcrypto_queue_stop() was called, then the device was reset, so that it can no
 *	longer touch memory
 *
 * Context: sleeps.
 */
void vcrypto_queue_flush(struct vcrypto_queue *q)
{
	struct vcrypto_op *op;

	cancel_work_sync(&q->work);
	cancel_work_sync(&q->kick_work);
	for (;;) {
		spin_lock_irq(&q->lock);
		op = virtqueue_detach_unused_buf(q->vq);
		if (op) {
			vcrypto_taken(q, op);
			q->aborted++;
		}
		spin_unlock_irq(&q->lock);
		if (!op)
			break;
		op->ops->done(q, op, -ENODEV, 0);
	}
}

/**
 * vcrypto_queues_idle() - whether the device has answered all requests on data queues
 * @vc: device; &vcrypto.idle is woken when it may be so
 *
 * Context: process.
 * Return: true: it holds none.
 */
bool vcrypto_queues_idle(struct vcrypto *vc)
{
	unsigned int i, inflight = 0;

	for (i = 0; i < vc->nr_queues; i++) {
		spin_lock_irq(&vc->queues[i].lock);
		inflight += vc->queues[i].inflight;
		spin_unlock_irq(&vc->queues[i].lock);
	}
	return !inflight;
}

/**
 * vcrypto_queues_expire() - ask &vcrypto_op_ops.expire of requests that take too long
 * @vc: device
 * @age: jiffies that they may take
 * @late: for ->expire()
 *
 * Context: process.
 * Return: true if there are others that have ->expire().
 */
bool vcrypto_queues_expire(struct vcrypto *vc, long age, struct list_head *late)
{
	struct vcrypto_op *op, *next;
	bool more = false;
	unsigned int i;

	for (i = 0; i < vc->nr_queues; i++) {
		struct vcrypto_queue *q = &vc->queues[i];

		spin_lock_irq(&q->lock);
		list_for_each_entry_safe(op, next, &q->expiring, node) {
			if ((long)(jiffies - op->sent) < age)
				break;
			if (!op->ops->expire(op, late))
				continue;
			list_del(&op->node);
			op->late = true;
			atomic_inc(&vc->late);
		}
		more |= !list_empty(&q->expiring);
		spin_unlock_irq(&q->lock);
	}
	return more;
}

/**
 * vcrypto_queue_error() - count an answer that is of no use
 * @q: the queue it came from
 *
 * Context: of &vcrypto_op_ops.done, before the request's owner learns of the answer.
 */
void vcrypto_queue_error(struct vcrypto_queue *q)
{
	spin_lock_irq(&q->lock);
	q->errors++;
	spin_unlock_irq(&q->lock);
}

/* Whether the device is to be notified of what is in the ring. The lock is held. */
static bool vcrypto_kick_prepare(struct vcrypto_queue *q)
{
	bool notify = virtqueue_kick_prepare(q->vq);

	WRITE_ONCE(q->unseen, false);
	if (notify)
		q->kicks++;
	return notify;
}

/* The virtqueue exists for as long as this takes. Not under the lock: it may take long. */
static void vcrypto_notify(struct vcrypto_queue *q)
{
	unsigned int average = READ_ONCE(q->kick_ns);
	u64 begin = local_clock(), took;

	virtqueue_notify(q->vq);
	took = min_t(u64, local_clock() - begin, VCRYPTO_KICK_MAX_NS);
	/* Two at a time lose one of them. */
	WRITE_ONCE(q->kick_ns, average - average / 8 + (unsigned int)took / 8);
}

/* Notifies the device of what is left. The virtqueue exists for as long as this takes. */
static void vcrypto_kick_left(struct vcrypto_queue *q)
{
	unsigned long flags;
	bool notify;

	spin_lock_irqsave(&q->lock, flags);
	notify = q->unseen && !q->dead && vcrypto_kick_prepare(q);
	spin_unlock_irqrestore(&q->lock, flags);
	if (notify)
		vcrypto_notify(q);
}

/* vcrypto_queue_flush() waits for it. */
static void vcrypto_kick_work(struct work_struct *work)
{
	vcrypto_kick_left(container_of(work, struct vcrypto_queue, kick_work));
}

/* A request was added. Return: true if the device is to be notified now. The lock is held. */
static bool vcrypto_kick_now(struct vcrypto_queue *q)
{
	/* vcrypto_queue_work() does it at its end */
	if (q->answering == smp_processor_id() + 1)
		return false;
	if (q->inflight == 1 || READ_ONCE(q->kick_ns) < READ_ONCE(dear_kick_ns))
		return vcrypto_kick_prepare(q);
	/*
	 * The device has, or will be told of, another, whose answer has this one notified as well:
	 * it does not depend on a CPU that comes to rest.
	 */
	queue_work(system_percpu_wq, &q->kick_work);
	return false;
}

struct vcrypto_taken {
	struct vcrypto_op *op;
	unsigned int used;
};

/* Takes up to VCRYPTO_BULK answers from the ring. The lock is held. */
static unsigned int vcrypto_take(struct vcrypto_queue *q, struct vcrypto_taken *answers)
{
	unsigned int nr;

	for (nr = 0; nr < VCRYPTO_BULK; nr++) {
		answers[nr].op = virtqueue_get_buf(q->vq, &answers[nr].used);
		if (!answers[nr].op)
			break;
		vcrypto_taken(q, answers[nr].op);
	}
	q->answered += nr;
	return nr;
}

/*
 * The interrupt is off (vcrypto_queue_callback()) until the ring is empty. What
 * callers send in turn, from here, is notified once, at the end.
 */
static void vcrypto_queue_work(struct work_struct *work)
{
	struct vcrypto_queue *q = container_of(work, struct vcrypto_queue, work);
	struct vcrypto_taken answers[VCRYPTO_BULK];
	unsigned int i, nr, done = 0;
	bool broken, idle, notify;
	struct vcrypto_op *op;

	spin_lock_irq(&q->lock);
	if (q->dead) {		/* vcrypto_queue_flush() answers */
		spin_unlock_irq(&q->lock);
		return;
	}
	q->answering = smp_processor_id() + 1;
	do {
		virtqueue_disable_cb(q->vq);
		while (done < VCRYPTO_BUDGET && (nr = vcrypto_take(q, answers))) {
			spin_unlock_irq(&q->lock);
			for (i = 0; i < nr; i++) {
				op = answers[i].op;
				op->ops->done(q, op, vcrypto_errno(READ_ONCE(*op->status)),
					      answers[i].used);
			}
			done += nr;
			spin_lock_irq(&q->lock);
		}
	} while (done < VCRYPTO_BUDGET && !virtqueue_enable_cb(q->vq));
	q->answering = 0;
	notify = q->unseen && !q->dead && vcrypto_kick_prepare(q);
	broken = virtqueue_is_broken(q->vq);
	idle = !q->inflight;
	spin_unlock_irq(&q->lock);

	if (notify)
		vcrypto_notify(q);
	if (done >= VCRYPTO_BUDGET)
		queue_work(system_bh_wq, &q->work);
	if (idle)
		wake_up(&q->vc->idle);
	if (broken)
		vcrypto_fail(q->vc);
}

/**
 * vcrypto_queue_callback() - the device answered
 * @vq: data queue
 *
 * Context: interrupt.
 */
void vcrypto_queue_callback(struct virtqueue *vq)
{
	struct vcrypto *vc = vq->vdev->priv;
	struct vcrypto_queue *q = &vc->queues[vq->index];

	atomic64_inc(&q->interrupts);
	/* No more of them until the bottom half has emptied the ring. */
	virtqueue_disable_cb(vq);
	queue_work(system_bh_wq, &q->work);
}

/**
 * vcrypto_queue_init() - once for each data queue
 * @vc: device
 * @i: which of its queues; it takes no requests until vcrypto_queue_start()
 *
 * Context: any.
 */
void vcrypto_queue_init(struct vcrypto *vc, unsigned int i)
{
	struct vcrypto_queue *q = &vc->queues[i];

	q->vc = vc;
	q->dead = true;
	INIT_LIST_HEAD(&q->expiring);
	snprintf(q->name, sizeof(q->name), "dataq.%u", i);
	spin_lock_init(&q->lock);
	INIT_WORK(&q->work, vcrypto_queue_work);
	INIT_WORK(&q->kick_work, vcrypto_kick_work);
}

/**
 * vcrypto_send() - give a request to the device
 * @vc: device; its virtqueues exist for as long as the call takes
 * @op: @op->ops and @op->status, which is in one of @sgs, are set; belongs to the queue until
 *	&vcrypto_op_ops.done
 * @sgs: what the device reads, then what it writes
 * @nr_out: of these, what it reads
 * @nr_in: and what it writes
 * @more: vcrypto_queues_commit() will follow
 *
 * Context: any.
 * Return: 0: it will be answered, perhaps already was. -EBUSY: no room now, an
 * answer will make some. -ENODEV, -EIO.
 */
int vcrypto_send(struct vcrypto *vc, struct vcrypto_op *op, struct scatterlist *sgs[],
		 unsigned int nr_out, unsigned int nr_in, bool more)
{
	struct vcrypto_queue *q;
	unsigned long flags;
	bool notify = false;
	int err;

	q = &vc->queues[raw_smp_processor_id() % vc->nr_queues];
	spin_lock_irqsave(&q->lock, flags);
	err = q->dead ? -ENODEV : virtqueue_add_sgs(q->vq, sgs, nr_out, nr_in, op, GFP_ATOMIC);
	if (!err) {
		q->inflight++;
		q->requests++;
		if (op->ops->expire) {
			op->sent = jiffies;
			list_add_tail(&op->node, &q->expiring);
		}
		WRITE_ONCE(q->unseen, true);
		if (!more)
			notify = vcrypto_kick_now(q);
	} else if ((err == -ENOSPC || err == -ENOMEM) && q->inflight) {
		/* An answer will make room, and say so. */
		q->full++;
		err = -EBUSY;
	} else if (err == -ENOSPC) {
		err = -EIO;	/* the ring is smaller than one request */
	}
	spin_unlock_irqrestore(&q->lock, flags);

	/* The virtqueue exists, the caller says; @op may be gone. */
	if (notify)
		vcrypto_notify(q);
	else if (err == -EIO)
		vcrypto_fail(vc);
	return err;
}

/**
 * vcrypto_queues_commit() - notify the device of all that was sent with more
 * @vc: device; its virtqueues exist for as long as the call takes
 *
 * Context: any.
 */
void vcrypto_queues_commit(struct vcrypto *vc)
{
	unsigned int i;

	/* The caller may have sent from several CPUs. */
	for (i = 0; i < vc->nr_queues; i++)
		if (READ_ONCE(vc->queues[i].unseen))
			vcrypto_kick_left(&vc->queues[i]);
}
