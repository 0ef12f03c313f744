// SPDX-License-Identifier: GPL-2.0-only
/*
 * A chain of descriptors as a driver put it into the descriptor table (virtio
 * 1.3, 2.7.5), checked. Each descriptor is read once. No memory is allocated
 * and no lock taken: what a chain can cost is bounded by VC_MAX_SEGS and the
 * size of the ring, whatever the driver writes.
 *
 * VIRTIO_F_INDIRECT_DESC is not offered, so there are no indirect tables.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/overflow.h>
#include <linux/virtio_byteorder.h>

#include "chain.h"

static int vc_chain_add(struct vc_chain *chain, bool write, u64 addr, u32 len)
{
	unsigned int *nr = write ? &chain->nr_writable : &chain->nr_readable;
	struct vc_seg *seg = write ? chain->writable : chain->readable;
	u64 last;

	if (!len)
		return 0;
	if (*nr == VC_MAX_SEGS)
		return -E2BIG;
	if (check_add_overflow(addr, (u64)len - 1, &last))
		return -EFAULT;
	/* "MUST NOT add a descriptor chain longer than 2^32 bytes in total", 2.7.5.2 */
	chain->bytes += len;
	if (chain->bytes > U32_MAX)
		return -EMSGSIZE;
	seg[*nr].addr = addr;
	seg[*nr].len = len;
	++*nr;
	return 0;
}

/**
 * vc_chain_walk() - follow a chain
 * @chain: receives its buffers, addresses as the driver gave them; empty ones are left out
 * @head: index of the first descriptor
 * @num: size of the descriptor table
 * @fetch: copies a descriptor, its index is less than @num; 0 or -errno
 * @data: for @fetch
 *
 * Context: as @fetch.
 * Return: 0; an errno of @fetch's; -ELOOP: longer than the table; -ERANGE: an
 * index beyond it; -EPROTO: an indirect table, or a readable buffer after a
 * writable one; -E2BIG: more than VC_MAX_SEGS buffers in one direction;
 * -EMSGSIZE, -EFAULT: too long, or not within the address space.
 */
int vc_chain_walk(struct vc_chain *chain, u16 head, unsigned int num,
		  int (*fetch)(void *data, u16 index, struct vring_desc *desc), void *data)
{
	bool write = false, more = true;
	unsigned int i;
	u16 flags;
	int err;

	chain->nr_readable = 0;
	chain->nr_writable = 0;
	chain->bytes = 0;
	for (i = 0; more; i++) {
		struct vring_desc desc;

		if (i == num)
			return -ELOOP;
		if (head >= num)
			return -ERANGE;
		err = fetch(data, head, &desc);
		if (err)
			return err;

		flags = __virtio16_to_cpu(true, desc.flags);
		if (flags & VRING_DESC_F_INDIRECT)
			return -EPROTO;
		if (write && !(flags & VRING_DESC_F_WRITE))
			return -EPROTO;
		write = flags & VRING_DESC_F_WRITE;
		err = vc_chain_add(chain, write, __virtio64_to_cpu(true, desc.addr),
				   __virtio32_to_cpu(true, desc.len));
		if (err)
			return err;
		head = __virtio16_to_cpu(true, desc.next);
		more = flags & VRING_DESC_F_NEXT;
	}
	return 0;
}
