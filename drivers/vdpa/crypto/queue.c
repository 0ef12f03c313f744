// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue: starting and stopping it, taking chains from the ring and
 * returning them. vringh does the work; everything that reads or writes the
 * driver's memory runs in the queue's worker with vc_queue.lock and
 * vc_dev.map_sem held.
 *
 * A chain that makes no sense is returned with length 0. Only a ring that
 * cannot be read or written breaks the device.
 */
#include <linux/slab.h>

#include <compat/vdpa.h>
#include "vdpa_crypto.h"

static void vc_queue_work(struct work_struct *work)
{
	struct vc_queue *q = container_of(work, struct vc_queue, work);

	if (vc_is_ctrl(q) ? vc_ctrl_run(q) : vc_data_run(q))
		queue_work(vc_wq, &q->work);
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
	init_llist_head(&q->done);
	vringh_kiov_init(&q->riov, q->rvec, ARRAY_SIZE(q->rvec));
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
	q->ready = true;
}

/**
 * vc_queue_stop() - stop using a queue
 * @q: the queue
 *
 * On return neither its ring nor its buffers nor its callback are used, and
 * they will not be before the next vc_queue_start(). What was taken from the
 * ring and not answered is forgotten: the executor's answer will be dropped.
 *
 * Context: process context, vc_queue.lock held.
 */
void vc_queue_stop(struct vc_queue *q)
{
	lockdep_assert_held(&q->lock);
	if (q->ready)
		q->avail_idx = q->vring.last_avail_idx;
	q->ready = false;
	q->gen++;
}

/* May requests be taken from the ring? */
bool vc_queue_runs(const struct vc_queue *q)
{
	const struct vc_dev *vc = q->vc;

	lockdep_assert_held(&q->lock);
	return q->ready && (READ_ONCE(vc->status) & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !READ_ONCE(vc->broken) && !READ_ONCE(vc->suspended);
}

/* Give back memory a chain of many descriptors took. */
static void vc_queue_shrink_riov(struct vc_queue *q)
{
	if (!(q->riov.max_num & VRINGH_IOV_ALLOCATED))
		return;
	vringh_kiov_cleanup(&q->riov);
	vringh_kiov_init(&q->riov, q->rvec, ARRAY_SIZE(q->rvec));
}

/**
 * vc_queue_get() - take the next chain from the ring
 * @q: the queue, vc_queue_runs(); its readable part will be in vc_queue.riov
 * @wiov: the writable part. Clean it up, whatever is returned
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

	vc_queue_shrink_riov(q);
	*head = q->vring.vring.num;
	/*
	 * A malicious chain can be as long as memory permits, which is where
	 * vringh stops: it must neither warn nor try hard.
	 */
	ret = vringh_getdesc_iotlb(&q->vring, &q->riov, wiov, head,
				   GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (!ret)
		return 0;
	if (ret < 0 && *head == q->vring.vring.num) {
		vc_broken(q, "the available ring cannot be read", ret);
		return ret;
	}
	if (ret < 0 || q->riov.used > VC_MAX_SEGS || wiov->used > VC_MAX_SEGS) {
		vc_count(q->vc, VC_STAT_MALFORMED);
		ret = vc_queue_put(q, *head, 0);
		return ret ? ret : -EBADMSG;
	}
	return 1;
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

	if (ret < 0)
		vc_broken(q, "the available ring cannot be read", ret);
	if (ret <= 0 || !q->cb.callback)
		return;
	vc_count(q->vc, VC_STAT_NOTIFICATIONS);
	local_bh_disable();
	q->cb.callback(q->cb.private);
	local_bh_enable();
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
