/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences in the kernel's virtio driver API between the supported kernels
 * (6.12 and 7.3), as small named helpers. Finding virtqueues is the same on
 * both (struct virtqueue_info).
 */
#ifndef _COMPAT_VIRTIO_H
#define _COMPAT_VIRTIO_H

#include <linux/version.h>
#include <linux/virtio.h>

/*
 * Since 6.17 the bus tells a driver about a transport's own reset (a PCI
 * function level reset): @prepare and @done are called around it, as freeze
 * and restore are around a suspend.
 */
static inline void compat_virtio_set_reset_ops(struct virtio_driver *driver,
					       int (*prepare)(struct virtio_device *vdev),
					       int (*done)(struct virtio_device *vdev))
{
#if KERNEL_VERSION(6, 17, 0) <= LINUX_VERSION_CODE
	driver->reset_prepare = prepare;
	driver->reset_done = done;
#endif
}

#endif /* _COMPAT_VIRTIO_H */
