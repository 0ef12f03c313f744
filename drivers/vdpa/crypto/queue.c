// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue: starting and stopping it, taking chains from the ring and
 * returning them. vringh returns them and copies what they hold; the available
 * ring and descriptors are read here and checked in chain.c. Everything that
 * reads or writes the driver's memory runs in the queue's worker with
 * vc_queue.lock and vc_dev.map_sem held.
 *
 * A chain that makes no sense is returned with length 0. Only a ring that
 * cannot be read or written breaks the device.
 */
#include <linux/highmem.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <compat/timer.h>
#include <compat/vdpa.h>
#include "vdpa_crypto.h"

static void vc_queue_work(struct work_struct *work)
{
	struct vc_queue *q = container_of(work, struct vc_queue, work);

	if (vc_is_ctrl(q) ? vc_ctrl_run(q) : vc_data_run(q))
		queue_work(vc_wq, &q->work);
}

/* What was held back is due: the worker tells the driver. */
static enum hrtimer_restart vc_queue_tell_timer(struct hrtimer *timer)
{
	struct vc_queue *q = container_of(timer, struct vc_queue, tell_timer);

	WRITE_ONCE(q->overdue, true);
	queue_work(vc_wq, &q->work);
	return HRTIMER_NORESTART;
}

void vc_queue_init(struct vc_dev *vc, unsigned int index)
{
	struct vc_queue *q = &vc->queues[index];

	q->vc = vc;
	q->index = index;
	q->num = VC_RING_MAX;
	mutex_init(&q->lock);
	INIT_WORK(&q->work, vc_queue_work);
	INIT_LIST_HEAD(&q->free);
	INIT_LIST_HEAD(&q->busy);
	init_llist_head(&q->done);
	INIT_WORK(&q->key_work, vc_data_key_work);
	init_llist_head(&q->keyed);
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
	cancel_work_sync(&q->key_work);
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
	int err;

	lockdep_assert_held(&q->lock);
	if (q->ready)
		return;
	/* virtio 1.3, 3.1.1: first the features. What the ring looks like depends on them. */
	if (!vc_negotiated(q->vc)) {
		pr_warn_ratelimited("%s: queue %u: enabled before FEATURES_OK, it stays disabled\n",
				    q->vc->params.name, q->index);
		return;
	}

	err = q->num > VC_RING_MAX ? -EINVAL :
	      vringh_init_iotlb(&q->vring, q->vc->features, q->num, true,
				(struct vring_desc *)(uintptr_t)q->desc,
				(struct vring_avail *)(uintptr_t)q->avail,
				(struct vring_used *)(uintptr_t)q->used);
	if (err) {
		pr_warn_ratelimited("%s: queue %u: %u entries are no ring, it stays disabled\n",
				    q->vc->params.name, q->index, q->num);
		return;
	}
	vringh_set_iotlb(&q->vring, &q->vc->iotlb, &q->vc->iotlb_lock);
	/* Nothing is in flight when a queue starts, so both counts are the same. */
	q->vring.last_avail_idx = q->avail_idx;
	q->vring.last_used_idx = q->avail_idx;
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
 * they will not be before the next vc_queue_start(). What was taken from the
 * ring and not answered is forgotten: it is cancelled if it waits for its turn, else the
 * executor's answer will be dropped.
 *
 * Context: process context, vc_queue.lock held.
 */
void vc_queue_stop(struct vc_queue *q)
{
	lockdep_assert_held(&q->lock);
	if (q->ready)
		q->avail_idx = q->vring.last_avail_idx;
	WRITE_ONCE(q->ready, false);
	hrtimer_try_to_cancel(&q->tell_timer);
	q->gen++;
	if (vc_is_ctrl(q))
		vc_ctrl_cancel(q);
	else
		vc_data_cancel(q);
}

/* May requests be taken from the ring? */
bool vc_queue_runs(const struct vc_queue *q)
{
	const struct vc_dev *vc = q->vc;

	lockdep_assert_held(&q->lock);
	return q->ready && (READ_ONCE(vc->status) & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !READ_ONCE(vc->broken) && !READ_ONCE(vc->suspended);
}

/*
 * A naturally aligned part of the ring, mapped (kmap_local_page()). vringh has
 * no access that is atomic, which the driver's indices need.
 */
static void *vc_ring_map(struct vc_queue *q, u64 addr, size_t size)
{
	struct vc_dev *vc = q->vc;
	struct vhost_iotlb_map *map;
	u64 pa;

	lockdep_assert_held(&vc->map_sem);
	map = vhost_iotlb_itree_first(&vc->iotlb, addr, addr + size - 1);
	if (!map || map->start > addr || map->last < addr + size - 1)
		return ERR_PTR(-EFAULT);
	if (!(map->perm & VHOST_MAP_RO))
		return ERR_PTR(-EPERM);
	pa = map->addr + (addr - map->start);
	if (offset_in_page(pa) + size > PAGE_SIZE)
		return ERR_PTR(-EFAULT);
	return kmap_local_page(pfn_to_page(PHYS_PFN(pa))) + offset_in_page(pa);
}

static int vc_ring_read16(struct vc_queue *q, u64 addr, u16 *value)
{
	__virtio16 *p = vc_ring_map(q, addr, sizeof(*p));

	if (IS_ERR(p))
		return PTR_ERR(p);
	*value = vringh16_to_cpu(&q->vring, READ_ONCE(*p));
	kunmap_local(p);
	return 0;
}

static int vc_ring_read_desc(void *data, u16 index, struct vring_desc *desc)
{
	struct vc_queue *q = data;
	struct vring_desc *p = vc_ring_map(q, q->desc + index * sizeof(*p), sizeof(*p));

	if (IS_ERR(p))
		return PTR_ERR(p);
	memcpy(desc, p, sizeof(*desc));
	kunmap_local(p);
	return 0;
}

/* The next chain's head. Return: 1, 0 if there is none, or -errno: the ring is corrupt. */
static int vc_queue_next(struct vc_queue *q, u16 *head)
{
	struct vringh *vrh = &q->vring;
	u16 idx, pending;
	int err;

	err = vc_ring_read16(q, q->avail + offsetof(struct vring_avail, idx), &idx);
	if (err)
		return err;
	pending = idx - vrh->last_avail_idx;
	if (!pending)
		return 0;
	if (pending > vrh->vring.num)
		return -EOVERFLOW;
	/* entries, and what they name, after the index */
	virtio_rmb(vrh->weak_barriers);
	err = vc_ring_read16(q, q->avail + offsetof(struct vring_avail, ring) +
			     sizeof(__virtio16) * (vrh->last_avail_idx % vrh->vring.num), head);
	if (err)
		return err;
	if (*head >= vrh->vring.num)
		return -ERANGE;
	vrh->last_avail_idx++;
	q->peak = max(q->peak, ++q->outstanding);
	return 1;
}

/* The chain's buffers; more writable ones than @wiov has room for are allocated. */
static int vc_queue_set_iovs(struct vc_queue *q, struct vringh_kiov *wiov)
{
	const struct vc_chain *chain = &q->chain;
	size_t size = array_size(chain->nr_writable, sizeof(*chain->writable));

	vringh_kiov_init(&q->riov, q->chain.readable, ARRAY_SIZE(chain->readable));
	q->riov.used = chain->nr_readable;
	if (chain->nr_writable > wiov->max_num) {
		struct kvec *vec = kmemdup(chain->writable, size, GFP_KERNEL);

		if (!vec)
			return -ENOMEM;
		vringh_kiov_init(wiov, vec, chain->nr_writable | VRINGH_IOV_ALLOCATED);
	} else {
		memcpy(wiov->iov, chain->writable, size);
	}
	wiov->used = chain->nr_writable;
	return 0;
}

/**
 * vc_queue_get() - take the next chain from the ring
 * @q: the queue, vc_queue_runs(); its readable part will be in vc_queue.riov
 * @wiov: the writable part, initialized and empty. Clean it up, whatever is returned
 * @head: for vc_queue_put()
 *
 * Context: the queue's worker, vc_queue.lock and vc_dev.map_sem held.
 * Return: 1 if there was one, 0 if not, -EBADMSG if there was one that made
 * no sense (it was returned), another -errno if the ring is corrupt (the
 * device is broken now).
 */
int vc_queue_get(struct vc_queue *q, struct vringh_kiov *wiov, u16 *head)
{
	int ret;

	ret = vc_queue_next(q, head);
	if (ret < 0)
		vc_broken(q, "the available ring makes no sense", ret);
	if (ret <= 0)
		return ret;

	ret = vc_chain_walk(&q->chain, *head, q->vring.vring.num, vc_ring_read_desc, q);
	if (ret)
		vc_count(q, VC_STAT_MALFORMED);
	else
		ret = vc_queue_set_iovs(q, wiov);
	if (!ret)
		return 1;
	ret = vc_queue_put(q, *head, 0);
	return ret ? ret : -EBADMSG;
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
	int err = vringh_complete_iotlb(&q->vring, head, len);

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
	int ret = vringh_need_notify_iotlb(&q->vring);

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

/* There is plenty to do: the driver need not notify. Context: as vc_queue_get(). */
void vc_queue_quiet(struct vc_queue *q)
{
	if (!q->quiet && !compat_vringh_set_notify(&q->vring, false))
		q->quiet = true;
}

/*
 * The ring is empty: false if notifications had to be turned on again, so that
 * one must look once more. Context: as vc_queue_get().
 */
bool vc_queue_idle(struct vc_queue *q)
{
	int err;

	if (!q->quiet)
		return true;
	err = compat_vringh_set_notify(&q->vring, true);
	if (err) {
		vc_broken(q, "the used ring cannot be written", err);
		return true;
	}
	q->quiet = false;
	return false;
}
