/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs in the kernel's vDPA interface between the supported kernels
 * (6.12 and 7.3), as small named helpers.
 *
 * Since 6.18 a vDPA device may bring map operations of its own (VDUSE does):
 * vdpa_alloc_device() takes them, and the device that performs DMA became one
 * member of a union. 7.3's vringh has no vringh_notify_enable_iotlb(),
 * vringh_notify_disable_iotlb() and vringh_abandon_iotlb() any more; the
 * helpers here work on the ring itself, on every kernel.
 */
#ifndef _COMPAT_VDPA_H
#define _COMPAT_VDPA_H

#include <linux/vdpa.h>
#include <linux/version.h>
#include <linux/virtio_ring.h>
#include <linux/vringh.h>

#if KERNEL_VERSION(6, 18, 0) > LINUX_VERSION_CODE
#define compat_vdpa_alloc_device(type, member, parent, ops, ngroups, nas, name) \
	vdpa_alloc_device(type, member, parent, ops, ngroups, nas, name, false)

static inline void compat_vdpa_set_dma_dev(struct vdpa_device *vdpa, struct device *dev)
{
	vdpa->dma_dev = dev;
}
#else
#define compat_vdpa_alloc_device(type, member, parent, ops, ngroups, nas, name) \
	vdpa_alloc_device(type, member, parent, ops, NULL, ngroups, nas, name, false)

static inline void compat_vdpa_set_dma_dev(struct vdpa_device *vdpa, struct device *dev)
{
	vdpa->vmap.dma_dev = dev;
}
#endif

/**
 * compat_vringh_set_notify() - ask the driver to notify us, or not to
 * @vrh: an initialized ring with an IOTLB, without VIRTIO_RING_F_EVENT_IDX
 * @notify: false: the driver need not notify (VRING_USED_F_NO_NOTIFY)
 *
 * Only a hint (virtio 1.3, 2.7.10): the driver may notify all the same. After
 * turning it on, look into the ring once more; this has the barrier for that.
 *
 * Context: as vringh_iov_push_iotlb().
 * Return: 0, or -errno if the ring cannot be written.
 */
static inline int compat_vringh_set_notify(struct vringh *vrh, bool notify)
{
	__virtio16 flags = cpu_to_vringh16(vrh, notify ? 0 : VRING_USED_F_NO_NOTIFY);
	struct kvec vec = { &vrh->vring.used->flags, sizeof(flags) };
	struct vringh_kiov iov = { .iov = &vec, .used = 1, .max_num = 1 };
	ssize_t n = vringh_iov_push_iotlb(vrh, &iov, &flags, sizeof(flags));

	if (n != sizeof(flags))
		return n < 0 ? n : -EFAULT;
	if (notify)
		virtio_mb(vrh->weak_barriers);
	return 0;
}

#endif /* _COMPAT_VDPA_H */
