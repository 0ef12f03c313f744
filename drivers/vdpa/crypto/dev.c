// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contents of a device (struct vc_dev) while it exists: references, readiness, limits,
 * counters. create.c makes and frees them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/workqueue.h>

#include "dev.h"

struct workqueue_struct *vc_wq;

static void vc_dev_release(struct kref *ref)
{
	struct vc_dev *vc = container_of(ref, struct vc_dev, ref);

	queue_work(vc_wq, &vc->release_work);
}

/**
 * vc_dev_put() - drop a reference to a device's contents
 * @vc: the contents
 *
 * Context: any.
 */
void vc_dev_put(struct vc_dev *vc)
{
	kref_put(&vc->ref, vc_dev_release);
}

/**
 * vc_config_changed() - tell the driver to read status and configuration again
 * @vc: the device
 *
 * Context: any that may take a spinlock with bottom halves disabled.
 */
void vc_config_changed(struct vc_dev *vc)
{
	spin_lock_bh(&vc->config_lock);
	if (vc->config_cb.callback)
		vc->config_cb.callback(vc->config_cb.private);
	spin_unlock_bh(&vc->config_lock);
}

/**
 * vc_ready() - should the driver use the device?
 * @vc: the device
 *
 * Not if it goes away, not while it needs a reset, not while its drivers are not there yet, and not
 * while this machine's CPU would compute what a pool should: the driver's own can do that as well.
 *
 * Context: any but hard interrupts.
 * Return: the configuration's HW_READY.
 */
bool vc_ready(struct vc_dev *vc)
{
	return !READ_ONCE(vc->retired) && !READ_ONCE(vc->broken) && asym_exec_ready(vc->exec);
}

/**
 * vc_broken() - a ring is corrupt
 * @q: the queue
 * @what: for the log
 * @err: -errno
 *
 * No queue is served until the driver resets the device, and it is told to
 * (virtio 1.3, 2.1.2: DEVICE_NEEDS_RESET).
 */
void vc_broken(struct vc_queue *q, const char *what, int err)
{
	struct vc_dev *vc = q->vc;

	if (READ_ONCE(vc->broken))
		return;
	WRITE_ONCE(vc->broken, true);
	pr_warn_ratelimited("%s: queue %u: %s (%pe): the driver must reset the device\n",
			    vc->params.name, q->index, what, ERR_PTR(err));
	vc_config_changed(vc);
}

/**
 * vc_retire() - prepare the removal of a device that a virtual machine uses
 * @vc: the device
 *
 * It stays until the virtual machine closes it, but computes nothing any more:
 * HW_READY is cleared, every request is answered with VIRTIO_CRYPTO_ERR, so
 * the guest can go on without it.
 */
void vc_retire(struct vc_dev *vc)
{
	WRITE_ONCE(vc->retired, true);
	vc_config_changed(vc);
}

/**
 * vc_used_by_guest() - would removing the device wait for a virtual machine?
 * @vc: the device
 *
 * vhost_vdpa waits without limit, uninterruptibly, until its user closes it.
 *
 * Return: true if vhost_vdpa has the device open, as far as that is visible here.
 */
bool vc_used_by_guest(struct vc_dev *vc)
{
	/* dma_map() is for vhost_vdpa; virtio_vdpa has VC_MAP_IDENTITY while it is active */
	return READ_ONCE(vc->map) == VC_MAP_DRIVER ||
	       (READ_ONCE(vc->map) == VC_MAP_NONE &&
		(READ_ONCE(vc->status) & VIRTIO_CONFIG_S_DRIVER_OK));
}

/* vc_dev.limits_lock held */
static void vc_apply_limits(struct vc_dev *vc)
{
	const struct asym_qos_limits *limits = vc->unlimited ? &ASYM_QOS_UNLIMITED : &vc->limits;

	lockdep_assert_held(&vc->limits_lock);
	WRITE_ONCE(vc->limited,
		   limits->ops_per_sec || limits->bytes_per_sec || limits->units_per_sec);
	/* Requests that wait and may go now, go. */
	asym_qos_flow_set(&vc->flow, limits);
}

/**
 * vc_set_limits() - limit what a device computes
 * @vc: the device
 * @limits: copied; in force on return, for what waits already as well
 *
 * Context: process.
 */
void vc_set_limits(struct vc_dev *vc, const struct asym_qos_limits *limits)
{
	guard(mutex)(&vc->limits_lock);
	vc->limits = *limits;
	vc_apply_limits(vc);
}

/**
 * vc_lift_limits() - let go what waits, whatever the limits say
 * @vc: the device
 * @lift: true; false: the limits are in force again
 *
 * For a device that is being suspended: it is to be idle soon, and takes nothing new.
 *
 * Context: process.
 */
void vc_lift_limits(struct vc_dev *vc, bool lift)
{
	guard(mutex)(&vc->limits_lock);
	if (vc->unlimited == lift)
		return;
	vc->unlimited = lift;
	vc_apply_limits(vc);
}

/**
 * vc_stat() - a counter of a device
 * @vc: the device
 * @stat: which
 *
 * Return: the sum of all its queues'.
 */
u64 vc_stat(const struct vc_dev *vc, enum vc_stat stat)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < vc->nr_queues; i++)
		sum += atomic64_read(&vc->queues[i].stats[stat]);
	return sum;
}

/**
 * vc_inflight_done() - something taken from a ring is answered or dropped
 * @vc: the device
 */
void vc_inflight_done(struct vc_dev *vc)
{
	if (atomic_dec_and_test(&vc->inflight))
		wake_up_all(&vc->idle);
}
