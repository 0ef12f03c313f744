// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vDPA operations: the device as vhost_vdpa and virtio_vdpa see it.
 *
 * Both call them from process context and, but for kick_vq() and the get
 * operations, one at a time. A call that changes a queue holds vc_queue.lock, so it
 * waits for the queue's worker, which never waits itself.
 *
 * Memory: vhost_vdpa maps the guest's by dma_map(). virtio_vdpa does not: it
 * hands out addresses of the kernel's own memory, so the map is the identity
 * then, and only then: a process that has opened a vhost-vdpa device must
 * not get at memory it did not map.
 */
#include <linux/device.h>
#include <linux/virtio_ids.h>
#include <crypto/aes.h>
#include <uapi/linux/vhost_types.h>

#include "cipher.h"
#include "data.h"
#include "dev.h"
#include "ops.h"

#define VC_SUSPEND_SECS	10

static struct vc_queue *vdpa_to_queue(struct vdpa_device *vdpa, u16 idx)
{
	return &vdpa_to_vc(vdpa)->queues[idx];
}

static void vc_kick_all(struct vc_dev *vc)
{
	unsigned int i;

	for (i = 0; i < vc->nr_queues; i++)
		queue_work(vc_wq, &vc->queues[i].work);
}

static int vc_set_vq_address(struct vdpa_device *vdpa, u16 idx, u64 desc, u64 avail, u64 used)
{
	struct vc_queue *q = vdpa_to_queue(vdpa, idx);

	/* virtio 1.3, 2.7: alignment; 16-bit accesses rely on it */
	if (!IS_ALIGNED(desc, 16) || !IS_ALIGNED(avail, 2) || !IS_ALIGNED(used, 4))
		return -EINVAL;
	guard(mutex)(&q->lock);
	if (q->ready)
		return -EBUSY;
	q->desc = desc;
	q->avail = avail;
	q->used = used;
	return 0;
}

static void vc_set_vq_num(struct vdpa_device *vdpa, u16 idx, u32 num)
{
	struct vc_queue *q = vdpa_to_queue(vdpa, idx);

	/* vc_queue_start() refuses what makes no ring */
	guard(mutex)(&q->lock);
	if (!q->ready)
		q->num = num;
}

static void vc_kick_vq(struct vdpa_device *vdpa, u16 idx)
{
	struct vc_queue *q = vdpa_to_queue(vdpa, idx);

	vc_count(q, VC_STAT_KICKS);
	queue_work(vc_wq, &q->work);
}

static void vc_set_vq_cb(struct vdpa_device *vdpa, u16 idx, struct vdpa_callback *cb)
{
	struct vc_queue *q = vdpa_to_queue(vdpa, idx);

	guard(mutex)(&q->lock);
	q->cb = *cb;
}

static void vc_map_identity(struct vdpa_device *vdpa)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);
	const struct device_driver *drv = READ_ONCE(vdpa->dev.driver);

	/* The caller is the driver, so it does not go away here. */
	if (!drv || strcmp(drv->name, "virtio_vdpa"))
		return;
	guard(rwsem_write)(&vc->map_sem);
	if (vc->map == VC_MAP_NONE &&
	    !vhost_iotlb_add_range(&vc->iotlb, 0, ULONG_MAX, 0, VHOST_MAP_RW))
		WRITE_ONCE(vc->map, VC_MAP_IDENTITY);
}

static void vc_set_vq_ready(struct vdpa_device *vdpa, u16 idx, bool ready)
{
	struct vc_queue *q = vdpa_to_queue(vdpa, idx);

	if (ready)
		vc_map_identity(vdpa);
	guard(mutex)(&q->lock);
	if (ready) {
		vc_queue_start(q);
		/* It may be enabled after DRIVER_OK, and have been kicked before. */
		queue_work(vc_wq, &q->work);
	} else {
		vc_queue_stop(q);
	}
}

static bool vc_get_vq_ready(struct vdpa_device *vdpa, u16 idx)
{
	return READ_ONCE(vdpa_to_queue(vdpa, idx)->ready);
}

static int vc_set_vq_state(struct vdpa_device *vdpa, u16 idx, const struct vdpa_vq_state *state)
{
	struct vc_queue *q = vdpa_to_queue(vdpa, idx);

	guard(mutex)(&q->lock);
	if (q->ready)
		return -EBUSY;
	q->avail_idx = state->split.avail_index;
	return 0;
}

static int vc_get_vq_state(struct vdpa_device *vdpa, u16 idx, struct vdpa_vq_state *state)
{
	struct vc_queue *q = vdpa_to_queue(vdpa, idx);

	guard(mutex)(&q->lock);
	state->split.avail_index = q->avail_idx;
	return 0;
}

static u32 vc_get_vq_align(struct vdpa_device *vdpa)
{
	return PAGE_SIZE;
}

static u32 vc_get_vq_group(struct vdpa_device *vdpa, u16 idx)
{
	return 0;
}

static u64 vc_features(const struct vc_dev *vc)
{
	return VC_FEATURES_OFFERED | (vc->cipher ? VC_FEATURES_CIPHER : 0);
}

static u64 vc_get_device_features(struct vdpa_device *vdpa)
{
	return vc_features(vdpa_to_vc(vdpa));
}

static u64 vc_get_backend_features(const struct vdpa_device *vdpa)
{
	return BIT_ULL(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);
}

static int vc_set_driver_features(struct vdpa_device *vdpa, u64 features)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	/* virtio 1.3, 3.1.1: not after FEATURES_OK. */
	if (vc_negotiated(vc))
		return features == vc->features ? 0 : -EBUSY;
	/* No legacy interface, and memory is reached through the map only. */
	if ((features & VC_FEATURES_NEEDED) != VC_FEATURES_NEEDED)
		return -EINVAL;
	/* virtio 1.3, 5.9.3.1 */
	if (features & (BIT_ULL(VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE) |
			BIT_ULL(VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE)) &&
	    !(features & BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1)))
		return -EINVAL;
	WRITE_ONCE(vc->features, features & vc_features(vc));
	return 0;
}

static u64 vc_get_driver_features(struct vdpa_device *vdpa)
{
	return READ_ONCE(vdpa_to_vc(vdpa)->features);
}

static void vc_set_config_cb(struct vdpa_device *vdpa, struct vdpa_callback *cb)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	spin_lock_bh(&vc->config_lock);
	vc->config_cb = *cb;
	spin_unlock_bh(&vc->config_lock);
}

static u16 vc_get_vq_num_max(struct vdpa_device *vdpa)
{
	return VC_RING_MAX;
}

static u32 vc_get_device_id(struct vdpa_device *vdpa)
{
	return VIRTIO_ID_CRYPTO;
}

static u32 vc_get_vendor_id(struct vdpa_device *vdpa)
{
	return 0;
}

static u8 vc_get_status(struct vdpa_device *vdpa)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);
	u8 status = READ_ONCE(vc->status);

	if (READ_ONCE(vc->broken) && (status & VIRTIO_CONFIG_S_DRIVER_OK))
		status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	return status;
}

static void vc_set_status(struct vdpa_device *vdpa, u8 status)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	/*
	 * A driver must not, but vhost_vdpa's user may, skip the negotiation, or take back what it
	 * said without a reset.
	 */
	status |= vc->status;
	if ((vc->features & VC_FEATURES_NEEDED) != VC_FEATURES_NEEDED)
		status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK))
		status &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	WRITE_ONCE(vc->status, status & ~VIRTIO_CONFIG_S_NEEDS_RESET);
	if (status & VIRTIO_CONFIG_S_DRIVER_OK)
		vc_kick_all(vc);
}

/*
 * On return the driver's memory is not touched and its callbacks are not called. Requests that wait
 * for their turn are cancelled. Operations at the executor go on; their results will be dropped,
 * and until then they occupy the queue's request objects, so that a driver cannot pile up work by
 * resetting.
 */
static int vc_reset(struct vdpa_device *vdpa)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);
	unsigned int i;

	WRITE_ONCE(vc->status, 0);
	for (i = 0; i < vc->nr_queues; i++) {
		struct vc_queue *q = &vc->queues[i];

		guard(mutex)(&q->lock);
		vc_queue_stop(q);
		q->cb = (struct vdpa_callback){};
		q->num = VC_RING_MAX;
		q->desc = 0;
		q->avail = 0;
		q->used = 0;
		q->avail_idx = 0;
	}
	vc_sessions_destroy_all(&vc->sessions);

	vc_set_config_cb(vdpa, &(struct vdpa_callback){});
	scoped_guard(rwsem_write, &vc->map_sem) {
		/* The driver's mappings stay, see reset_map(). */
		if (vc->map == VC_MAP_IDENTITY) {
			vhost_iotlb_reset(&vc->iotlb);
			WRITE_ONCE(vc->map, VC_MAP_NONE);
		}
	}
	WRITE_ONCE(vc->features, 0);
	WRITE_ONCE(vc->suspended, false);
	vc_lift_limits(vc, false);
	WRITE_ONCE(vc->broken, false);
	return 0;
}

static int vc_resume(struct vdpa_device *vdpa)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	vc_lift_limits(vc, false);
	WRITE_ONCE(vc->suspended, false);
	vc_kick_all(vc);
	return 0;
}

/*
 * Answer what was taken and take nothing more, so that the indices of the
 * rings say all there is to know about them. Requests that wait for their turn do not
 * any more: a migration is not to take longer because of a limit.
 */
static int vc_suspend(struct vdpa_device *vdpa)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);
	unsigned int i;

	WRITE_ONCE(vc->suspended, true);
	/* A worker that did not see it yet is done when its lock is free. */
	for (i = 0; i < vc->nr_queues; i++) {
		mutex_lock(&vc->queues[i].lock);
		mutex_unlock(&vc->queues[i].lock);
	}
	vc_lift_limits(vc, true);
	if (wait_event_timeout(vc->idle, !atomic_read(&vc->inflight), VC_SUSPEND_SECS * HZ)) {
		vc_data_tell_all(vc);
		return 0;
	}
	vc_resume(vdpa);
	return -ETIMEDOUT;
}

static size_t vc_get_config_size(struct vdpa_device *vdpa)
{
	return sizeof(struct virtio_crypto_config);
}

static void vc_get_config(struct vdpa_device *vdpa, unsigned int offset, void *buf,
			  unsigned int len)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);
	struct virtio_crypto_config config = {
		.status = cpu_to_le32(vc_ready(vc) ? VIRTIO_CRYPTO_S_HW_READY : 0),
		.max_dataqueues = cpu_to_le32(vc->nr_queues - 1),
		.akcipher_algo = cpu_to_le32(vc->caps.algos),
		.max_size = cpu_to_le64(VC_MAX_SIZE),
	};
	u32 services = 0;

	if (vc->caps.algos)
		services |= BIT(VIRTIO_CRYPTO_SERVICE_AKCIPHER);
	if (vc->cipher) {
		services |= BIT(VIRTIO_CRYPTO_SERVICE_CIPHER);
		config.cipher_algo_l = cpu_to_le32(BIT(VIRTIO_CRYPTO_CIPHER_AES_CBC));
		config.max_cipher_key_len = cpu_to_le32(AES_MAX_KEY_SIZE);
		config.max_size = cpu_to_le64(2 * VC_CIPHER_MAX + VC_MAX_SIZE);
	}
	config.crypto_services = cpu_to_le32(services);
	if (offset > sizeof(config) || len > sizeof(config) - offset)
		return;
	memcpy(buf, (u8 *)&config + offset, len);
}

/* Every field is read-only for the driver. */
static void vc_set_config(struct vdpa_device *vdpa, unsigned int offset, const void *buf,
			  unsigned int len)
{
}

/*
 * Ranges come and go one by one: set_map() instead would copy the whole map for
 * each of them, and a guest's memory may be thousands of ranges.
 */
static int vc_dma_map(struct vdpa_device *vdpa, unsigned int asid, u64 iova, u64 size, u64 pa,
		      u32 perm, void *opaque)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	if (asid || !size)
		return -EINVAL;
	guard(rwsem_write)(&vc->map_sem);
	if (vc->map != VC_MAP_DRIVER) {
		vhost_iotlb_reset(&vc->iotlb);
		WRITE_ONCE(vc->map, VC_MAP_DRIVER);
	}
	return vhost_iotlb_add_range(&vc->iotlb, iova, iova + size - 1, pa, perm);
}

/* On return the range is not accessed. */
static int vc_dma_unmap(struct vdpa_device *vdpa, unsigned int asid, u64 iova, u64 size)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	if (asid || !size)
		return -EINVAL;
	guard(rwsem_write)(&vc->map_sem);
	if (vc->map == VC_MAP_DRIVER)
		vhost_iotlb_del_range(&vc->iotlb, iova, iova + size - 1);
	return 0;
}

static int vc_reset_map(struct vdpa_device *vdpa, unsigned int asid)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	if (asid)
		return -EINVAL;
	guard(rwsem_write)(&vc->map_sem);
	vhost_iotlb_reset(&vc->iotlb);
	WRITE_ONCE(vc->map, VC_MAP_NONE);
	return 0;
}

static void vc_free(struct vdpa_device *vdpa)
{
	struct vc_dev *vc = vdpa_to_vc(vdpa);

	if (!vc)
		return;
	/* A driver resets the device when it goes; be sure of it. */
	vc_reset(vdpa);
	vc_dev_put(vc);
}

const struct vdpa_config_ops vc_ops = {
	.set_vq_address = vc_set_vq_address,
	.set_vq_num = vc_set_vq_num,
	.kick_vq = vc_kick_vq,
	.set_vq_cb = vc_set_vq_cb,
	.set_vq_ready = vc_set_vq_ready,
	.get_vq_ready = vc_get_vq_ready,
	.set_vq_state = vc_set_vq_state,
	.get_vq_state = vc_get_vq_state,
	.get_vq_align = vc_get_vq_align,
	.get_vq_group = vc_get_vq_group,
	.get_device_features = vc_get_device_features,
	.get_backend_features = vc_get_backend_features,
	.set_driver_features = vc_set_driver_features,
	.get_driver_features = vc_get_driver_features,
	.set_config_cb = vc_set_config_cb,
	.get_vq_num_max = vc_get_vq_num_max,
	.get_device_id = vc_get_device_id,
	.get_vendor_id = vc_get_vendor_id,
	.get_status = vc_get_status,
	.set_status = vc_set_status,
	.reset = vc_reset,
	.suspend = vc_suspend,
	.resume = vc_resume,
	.get_config_size = vc_get_config_size,
	.get_config = vc_get_config,
	.set_config = vc_set_config,
	.dma_map = vc_dma_map,
	.dma_unmap = vc_dma_unmap,
	.reset_map = vc_reset_map,
	.free = vc_free,
};
