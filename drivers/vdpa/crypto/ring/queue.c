// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue (virtio 1.3, 2.7 "Split Virtqueues"): starting and stopping it, taking chains from
 * the ring and returning them. The rings and descriptors are read and written here, by way of
 * mem.c; chains are checked in chain.c. Everything that reads or writes the driver's memory runs
 * in the queue's worker with vc_queue.lock and vc_dev.map_sem held.
 *
 * VIRTIO_F_VERSION_1 is needed, so all is little-endian; VIRTIO_F_EVENT_IDX is not offered.
 *
 * A chain that makes no sense is returned with length 0. Only a ring that
 * cannot be read or written breaks the device.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/virtio_ring.h>
#include <asm/barrier.h>

#include <compat/timer.h>
#include "../dev.h"
#include "queue.h"

static void vc_queue_work(struct work_struct *work)
{
	struct vc_queue *q = container_of(work, struct vc_queue, work);

	if (q->ops->run(q))
		queue_work(vc_wq, &q->work);
}

/* Notifications that were held back are due: the worker tells the driver. */
static enum hrtimer_restart vc_queue_tell_timer(struct hrtimer *timer)
{
	struct vc_queue *q = container_of(timer, struct vc_queue, tell_timer);

	WRITE_ONCE(q->overdue, true);
	queue_work(vc_wq, &q->work);
	return HRTIMER_NORESTART;
}

/**
 * vc_queue_init() - make a queue, stopped
 * @vc: the device
 * @index: on it
 * @ops: of the kind of queue
 *
 * Context: process context; vc_queue_exit() is due.
 */
void vc_queue_init(struct vc_dev *vc, unsigned int index, const struct vc_queue_ops *ops)
{
	struct vc_queue *q = &vc->queues[index];

	q->vc = vc;
	q->index = index;
	q->ops = ops;
	q->num = VC_RING_MAX;
	mutex_init(&q->lock);
	INIT_WORK(&q->work, vc_queue_work);
	compat_hrtimer_setup(&q->tell_timer, vc_queue_tell_timer, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_SOFT);
}

/**
 * vc_queue_exit() - undo vc_queue_init()
 * @q: the queue, stopped; nothing is in flight
 *
 * Context: process context.
 */
void vc_queue_exit(struct vc_queue *q)
{
	hrtimer_cancel(&q->tell_timer);
	cancel_work_sync(&q->work);
	mutex_destroy(&q->lock);
}

/**
 * vc_queue_start() - the driver enabled a queue
 * @q: the queue, addresses and size set
 *
 * If they make no ring the queue stays disabled.
 *
 * Context: process context, vc_queue.lock held.
 */
void vc_queue_start(struct vc_queue *q)
{
	lockdep_assert_held(&q->lock);
	if (q->ready)
		return;
	/* virtio 1.3, 3.1.1: first the features. The layout of the ring depends on them. */
	if (!vc_negotiated(q->vc)) {
		pr_warn_ratelimited("%s: queue %u: enabled before FEATURES_OK, it stays disabled\n",
				    q->vc->params.name, q->index);
		return;
	}

	/* virtio 1.3, 2.7: a power of 2 */
	if (q->num > VC_RING_MAX || !is_power_of_2(q->num)) {
		pr_warn_ratelimited("%s: queue %u: %u entries are no ring, it stays disabled\n",
				    q->vc->params.name, q->index, q->num);
		return;
	}
	/* Nothing is in flight when a queue starts, so both counts are the same. */
	q->used_idx = q->avail_idx;
	q->quiet = false;
	q->outstanding = 0;
	q->untold = 0;
	q->peak = 0;
	WRITE_ONCE(q->ready, true);
}

/**
 * vc_queue_stop() - stop using a queue
 * @q: the queue
 *
 * On return neither its ring nor its buffers nor its callback are used, and
 * they will not be before the next vc_queue_start(). Requests that were taken from
 * the ring and not answered are forgotten: cancelled if they wait for their turn, else the
 * executor's answer will be dropped.
 *
 * Context: process context, vc_queue.lock held.
 */
void vc_queue_stop(struct vc_queue *q)
{
	lockdep_assert_held(&q->lock);
	WRITE_ONCE(q->ready, false);
	hrtimer_try_to_cancel(&q->tell_timer);
	q->gen++;
	q->ops->cancel(q);
}

/**
 * vc_queue_runs() - may requests be taken from the ring?
 * @q: the queue
 *
 * Context: vc_queue.lock held.
 * Return: true if they may.
 */
bool vc_queue_runs(const struct vc_queue *q)
{
	const struct vc_dev *vc = q->vc;

	lockdep_assert_held(&q->lock);
	return q->ready && (READ_ONCE(vc->status) & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !READ_ONCE(vc->broken) && !READ_ONCE(vc->suspended);
}

static int vc_ring_read_desc(void *data, u16 index, struct vring_desc *desc)
{
	struct vc_queue *q = data;

	return vc_mem_read(q->vc, q->desc + index * sizeof(*desc), desc, sizeof(*desc));
}

/* The next chain's head. Return: 1, 0 if there is none, or -errno: the ring is corrupt. */
static int vc_queue_next(struct vc_queue *q, u16 *head)
{
	u16 idx, pending;
	int err;

	err = vc_mem_read16(q->vc, q->avail + offsetof(struct vring_avail, idx), &idx);
	if (err)
		return err;
	pending = idx - q->avail_idx;
	if (!pending)
		return 0;
	if (pending > q->num)
		return -EOVERFLOW;
	/* entries, and what they name, after the index */
	virt_rmb();
	err = vc_mem_read16(q->vc, q->avail + offsetof(struct vring_avail, ring) +
			    sizeof(__virtio16) * (q->avail_idx % q->num), head);
	if (err)
		return err;
	if (*head >= q->num)
		return -ERANGE;
	q->avail_idx++;
	q->peak = max(q->peak, ++q->outstanding);
	return 1;
}

/**
 * vc_queue_get() - take the next chain from the ring
 * @q: the queue, vc_queue_runs(); its readable part will be in vc_queue.riov
 * @wiov: the writable part, from vc_iov_init(). vc_iov_free() it, whatever is returned
 * @head: for vc_queue_put()
 *
 * Context: the queue's worker, vc_queue.lock and vc_dev.map_sem held.
 * Return: 1 if there was one, 0 if not, -EBADMSG if there was one that made
 * no sense (it was returned), another -errno if the ring is corrupt (the
 * device is broken now).
 */
int vc_queue_get(struct vc_queue *q, struct vc_iov *wiov, u16 *head)
{
	int ret;

	ret = vc_queue_next(q, head);
	if (ret < 0)
		vc_broken(q, "the available ring makes no sense", ret);
	if (ret <= 0)
		return ret;

	ret = vc_chain_walk(&q->chain, *head, q->num, vc_ring_read_desc, q);
	if (ret)
		vc_count(q, VC_STAT_MALFORMED);
	else
		ret = vc_iov_set(wiov, q->chain.writable, q->chain.nr_writable);
	if (!ret) {
		vc_iov_init(&q->riov, q->chain.readable, ARRAY_SIZE(q->chain.readable));
		q->riov.nr = q->chain.nr_readable;
		return 1;
	}
	ret = vc_queue_put(q, *head, 0);
	return ret ? ret : -EBADMSG;
}

/* virtio 1.3, 2.7.8: the element first, then the index that makes it the driver's. */
static int vc_ring_return(struct vc_queue *q, u16 head, u32 len)
{
	const struct vring_used_elem elem = {
		.id = __cpu_to_virtio32(true, head),
		.len = __cpu_to_virtio32(true, len),
	};
	int err;

	err = vc_mem_write(q->vc, q->used + offsetof(struct vring_used, ring) +
			   sizeof(elem) * (q->used_idx % q->num), &elem, sizeof(elem));
	if (err)
		return err;
	virt_wmb(); /* pairs with the driver's, between the index and what it names */
	err = vc_mem_write16(q->vc, q->used + offsetof(struct vring_used, idx),
			     q->used_idx + 1);
	if (!err)
		q->used_idx++;
	return err;
}

/* virtio 1.3, 2.7.7: does the driver want to be told? Return: 1, 0, or -errno. */
static int vc_ring_wants_interrupt(struct vc_queue *q)
{
	u16 flags;
	int err;

	/* It sets the flag and looks at the index, this side the other way round. */
	virt_mb();
	err = vc_mem_read16(q->vc, q->avail + offsetof(struct vring_avail, flags), &flags);
	return err ?: !(flags & VRING_AVAIL_F_NO_INTERRUPT);
}

/* virtio 1.3, 2.7.10: only a hint, the driver may notify all the same. */
static int vc_ring_set_notify(struct vc_queue *q, bool notify)
{
	int err = vc_mem_write16(q->vc, q->used + offsetof(struct vring_used, flags),
				 notify ? 0 : VRING_USED_F_NO_NOTIFY);

	/* A caller that turns it on looks into the ring again, as the driver looks at the flag. */
	if (!err && notify)
		virt_mb(); /* pairs with the driver's, between its index and the flag */
	return err;
}

/**
 * vc_queue_put() - return a chain
 * @q: the queue
 * @head: from vc_queue_get()
 * @len: bytes written to the chain
 *
 * Context: the queue's worker, vc_queue.lock and vc_dev.map_sem held.
 * Return: 0, or -errno if the ring is corrupt (the device is broken now).
 */
int vc_queue_put(struct vc_queue *q, u16 head, u32 len)
{
	int err = vc_ring_return(q, head, len);

	if (err)
		vc_broken(q, "the used ring cannot be written", err);
	else
		q->untold++;
	return err;
}

/**
 * vc_queue_interrupt() - tell the driver that chains were returned
 * @q: the queue
 *
 * Once for all that were; not if the driver does not want to be told.
 *
 * Context: the queue's worker, vc_queue.lock and vc_dev.map_sem held.
 */
void vc_queue_interrupt(struct vc_queue *q)
{
	int ret = vc_ring_wants_interrupt(q);

	/* Half as many as there were did not come in time: there are fewer now. */
	if (READ_ONCE(q->overdue))
		q->peak -= DIV_ROUND_UP(q->peak - q->outstanding, 2);
	q->outstanding -= q->untold;
	q->untold = 0;
	WRITE_ONCE(q->overdue, false);
	hrtimer_try_to_cancel(&q->tell_timer);
	if (ret < 0)
		vc_broken(q, "the available ring cannot be read", ret);
	if (ret <= 0 || !q->cb.callback)
		return;
	vc_count(q, VC_STAT_NOTIFICATIONS);
	local_bh_disable();
	q->cb.callback(q->cb.private);
	local_bh_enable();
}

/**
 * vc_queue_tell() - tell the driver that chains were returned, now or soon
 * @q: the queue
 *
 * An interrupt costs a virtual machine more than all the rest of an operation. While the driver
 * has many requests with the device it is told of half of them at once, or of less when that was
 * held back for vc_dev.coalesce_usecs. A driver that waits for one or two is told at once.
 *
 * Context: the queue's worker, vc_queue.lock and vc_dev.map_sem held.
 */
void vc_queue_tell(struct vc_queue *q)
{
	u32 usecs = READ_ONCE(q->vc->coalesce_usecs);

	if (!q->untold)
		return;
	if (!usecs || q->untold >= DIV_ROUND_UP(q->peak, 2) || READ_ONCE(q->overdue) ||
	    READ_ONCE(q->vc->suspended)) {
		vc_queue_interrupt(q);
		return;
	}
	/* Not hrtimer_active(): a function that still runs may have woken this worker already. */
	if (hrtimer_is_queued(&q->tell_timer))
		return;
	vc_count(q, VC_STAT_HELD_BACK);
	hrtimer_start(&q->tell_timer, ns_to_ktime((u64)usecs * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_SOFT);
}

/**
 * vc_queue_quiet() - there is plenty to do: the driver need not notify
 * @q: the queue
 *
 * Context: as vc_queue_get().
 */
void vc_queue_quiet(struct vc_queue *q)
{
	if (!q->quiet && !vc_ring_set_notify(q, false))
		q->quiet = true;
}

/**
 * vc_queue_idle() - the ring is empty
 * @q: the queue
 *
 * Context: as vc_queue_get().
 * Return: true; false if notifications had to be turned on again, so that one must look once more.
 */
bool vc_queue_idle(struct vc_queue *q)
{
	int err;

	if (!q->quiet)
		return true;
	err = vc_ring_set_notify(q, true);
	if (err) {
		vc_broken(q, "the used ring cannot be written", err);
		return true;
	}
	q->quiet = false;
	return false;
}
