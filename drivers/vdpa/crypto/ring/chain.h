/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chain of descriptors, checked. See chain.c.
 */
#ifndef _VDPA_CRYPTO_RING_CHAIN_H
#define _VDPA_CRYPTO_RING_CHAIN_H

#include <linux/types.h>
#include <uapi/linux/virtio_ring.h>

#include "mem.h"

#define VC_MAX_SEGS	128	/* in each direction of one request */

/**
 * struct vc_chain - the buffers of a request
 * @bytes: of all of them
 * @nr_readable: used entries of @readable
 * @nr_writable: used entries of @writable
 * @readable: what the driver wrote
 * @writable: what the device is to write
 */
struct vc_chain {
	u64 bytes;
	unsigned int nr_readable;
	unsigned int nr_writable;
	struct vc_seg readable[VC_MAX_SEGS];
	struct vc_seg writable[VC_MAX_SEGS];
};

int vc_chain_walk(struct vc_chain *chain, u16 head, unsigned int num,
		  int (*fetch)(void *data, u16 index, struct vring_desc *desc), void *data);

#endif /* _VDPA_CRYPTO_RING_CHAIN_H */
