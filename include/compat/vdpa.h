/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences in the kernel's vDPA interface between the supported kernels
 * (6.12 and 7.3), as small named helpers.
 *
 * Since 6.18 a vDPA device may bring map operations of its own (VDUSE does):
 * vdpa_alloc_device() takes them, and the device that performs DMA became one
 * member of a union.
 */
#ifndef _COMPAT_VDPA_H
#define _COMPAT_VDPA_H

#include <linux/vdpa.h>
#include <linux/version.h>

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

#endif /* _COMPAT_VDPA_H */
