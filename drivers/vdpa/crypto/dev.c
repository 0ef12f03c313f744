// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making, breaking, retiring and freeing a device's contents (struct vc_dev).
 *
 * The vDPA device holds one reference and every operation at the executor
 * another; the last one to go has the contents freed by a work item, since
 * that waits for the queues' workers and the executor. Whoever removes or
 * resets a device waits for neither.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crypto.h>
#include <linux/dma-mapping.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <compat/vdpa.h>
#include "vdpa_crypto.h"

/* Contents that exist, with or without a vDPA device */
static atomic_t vc_count_devs = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(vc_devs_gone);

static void vc_dev_free(struct vc_dev *vc)
{
	unsigned int i;

	/* The last answer's callback may still be about to queue a worker. */
	synchronize_rcu();
	for (i = 0; i < vc->nr_queues; i++) {
		struct vc_queue *q = &vc->queues[i];

		/* Nothing is in flight, but it may be about to find that out. */
		vc_queue_exit(q);
		vc_data_exit(q);
	}
	/* Nothing waits there. */
	asym_qos_flow_del(&vc->flow);
	asym_qos_exit(&vc->qos);
	mutex_destroy(&vc->limits_lock);
	vc_ctrl_exit(vc);
	vc_sessions_exit(&vc->sessions);
	vc_cipher_exit(vc);
	if (!IS_ERR_OR_NULL(vc->exec))
		asym_exec_destroy(vc->exec);
	vhost_iotlb_reset(&vc->iotlb);
	kvfree(vc);
}

static void vc_release_work(struct work_struct *work)
{
	vc_dev_free(container_of(work, struct vc_dev, release_work));
	if (atomic_dec_and_test(&vc_count_devs))
		wake_up(&vc_devs_gone);
}

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
 * vc_wait_all_released() - wait until the contents of every device are freed
 *
 * Context: module exit: no device exists any more and none is made.
 */
void vc_wait_all_released(void)
{
	wait_event(vc_devs_gone, !atomic_read(&vc_count_devs));
}

/* A pool lost its last path, or has one again, or a driver that was waited for is there. */
static void vc_ready_changed(void *data)
{
	struct vc_dev *vc = data;
	struct asym_exec *exec = READ_ONCE(vc->exec);

	/* else it is being made */
	if (!IS_ERR_OR_NULL(exec))
		asym_qos_set_max_inflight(&vc->qos, asym_exec_max_inflight(exec));
	vc_config_changed(vc);
}

static struct vc_dev *vc_dev_alloc(const struct vc_params *params)
{
	char bad[CRYPTO_MAX_ALG_NAME] = "";
	struct asym_exec_params exec = {
		.name = params->name,
		.drivers = params->drivers,
		.wait_drivers = true,
		.bad = bad,
		.ready_changed = vc_ready_changed,
	};
	unsigned int i, n = params->queues + 1;
	struct vc_dev *vc;
	int err;

	vc = kvzalloc(struct_size(vc, queues, n), GFP_KERNEL);
	if (!vc)
		return ERR_PTR(-ENOMEM);
	kref_init(&vc->ref);
	INIT_WORK(&vc->release_work, vc_release_work);
	vc->params = *params;
	init_waitqueue_head(&vc->idle);
	init_rwsem(&vc->map_sem);
	/* vhost_vdpa limits how much is mapped */
	vhost_iotlb_init(&vc->iotlb, UINT_MAX, 0);
	spin_lock_init(&vc->config_lock);
	mutex_init(&vc->limits_lock);
	asym_qos_init(&vc->qos, &vc_qos_ops, 1);
	asym_qos_flow_add(&vc->qos, &vc->flow, &ASYM_QOS_UNLIMITED);
	vc_set_limits(vc, &ASYM_QOS_UNLIMITED);
	vc->nr_queues = n;
	for (i = 0; i < n; i++)
		vc_queue_init(vc, i);

	err = vc_sessions_init(&vc->sessions, params->max_sessions);
	if (err)
		goto free;
	err = vc_ctrl_init(vc);
	if (err)
		goto free;

	exec.data = vc;
	WRITE_ONCE(vc->exec, asym_exec_create(&exec));
	if (IS_ERR(vc->exec)) {
		err = PTR_ERR(vc->exec);
		pr_err("%s: enable: driver '%s' cannot be used (%pe)\n", params->name,
		       *bad ? bad : params->drivers, vc->exec);
		goto free;
	}
	asym_qos_set_max_inflight(&vc->qos, asym_exec_max_inflight(vc->exec));
	asym_exec_caps(vc->exec, &vc->caps);
	vc->caps.algos &= params->algos;
	err = vc_cipher_init(vc);
	if (err)
		goto free;
	if (!vc->caps.algos && !vc->cipher) {
		pr_err("%s: enable: the crypto framework's drivers have none of the algorithms\n",
		       params->name);
		err = -EOPNOTSUPP;
		goto free;
	}
	for (i = 0; i < n - 1; i++) {
		err = vc_data_init(&vc->queues[i]);
		if (err)
			goto free;
	}
	atomic_inc(&vc_count_devs);
	return vc;
free:
	vc_dev_free(vc);
	return ERR_PTR(err);
}

/**
 * vc_create() - make a device
 * @params: what it shall be
 *
 * The caller registers it, or drops its reference to vdpa.dev.
 *
 * Context: process context.
 * Return: the device or an ERR_PTR; -ENOENT and -EINVAL are the executor's
 * verdict about the drivers.
 */
struct vdpa_crypto *vc_create(const struct vc_params *params)
{
	struct vdpa_crypto *vd;
	struct device *dev;
	struct vc_dev *vc;
	int err;

	vc = vc_dev_alloc(params);
	if (IS_ERR(vc))
		return ERR_CAST(vc);

	vd = compat_vdpa_alloc_device(struct vdpa_crypto, vdpa, vc_mgmt.device, &vc_ops, 1, 1,
				      params->name);
	if (IS_ERR(vd)) {
		vc_dev_put(vc);
		return vd;
	}
	vd->vc = vc;	/* vc_ops.free() drops it */

	dev = &vd->vdpa.dev;
	dev->dma_mask = &dev->coherent_dma_mask;
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (err) {
		put_device(dev);
		return ERR_PTR(err);
	}
	compat_vdpa_set_dma_dev(&vd->vdpa, dev);
	vd->vdpa.mdev = &vc_mgmt;
	return vd;
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
	/* What waits and may go now, goes. */
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
