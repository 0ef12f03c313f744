// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's memory. Addresses are those that the driver uses; vc_dev.iotlb says where that is
 * in this host's memory, and what may be done with it. Nothing is believed: what is not mapped, or
 * not for this, is an error, and nothing outside a mapping is touched.
 *
 * Everything here is for process context with vc_dev.map_sem held for reading, so that a mapping
 * stays while it is used. Nothing sleeps but vc_iov_set().
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vhost_iotlb.h>
#include <linux/virtio_byteorder.h>

#include "../dev.h"
#include "mem.h"

/*
 * The page that @addr is in, if @perm may be done with it. *@len is cut to what is in the same page
 * and the same mapping.
 */
static struct page *mem_page(struct vc_dev *vc, u64 addr, size_t *len, u8 perm, size_t *offset)
{
	struct vhost_iotlb_map *map;
	u64 pa;

	lockdep_assert_held(&vc->map_sem);
	map = vhost_iotlb_itree_first(&vc->iotlb, addr, addr);
	if (!map)
		return ERR_PTR(-EFAULT);
	if (!(map->perm & perm))
		return ERR_PTR(-EPERM);
	/* A mapping may be all there is: its length does not fit into 64 bits. */
	if (*len - 1 > map->last - addr)
		*len = map->last - addr + 1;
	pa = map->addr + (addr - map->start);
	*offset = offset_in_page(pa);
	*len = min(*len, PAGE_SIZE - *offset);
	return pfn_to_page(PHYS_PFN(pa));
}

/* Likewise, for @len bytes that must be in one piece, as what is aligned naturally is. */
static struct page *mem_one_page(struct vc_dev *vc, u64 addr, size_t len, u8 perm, size_t *offset)
{
	size_t here = len;
	struct page *page = mem_page(vc, addr, &here, perm, offset);

	return IS_ERR(page) || here == len ? page : ERR_PTR(-EFAULT);
}

/**
 * vc_mem_read16() - read one of the driver's indices, or flags
 * @vc: the device
 * @addr: a multiple of 2
 * @value: receives it
 *
 * The access is atomic, and ordered by nothing.
 *
 * Return: 0; -EFAULT: it is not mapped; -EPERM: not for reading.
 */
int vc_mem_read16(struct vc_dev *vc, u64 addr, u16 *value)
{
	size_t offset;
	struct page *page = mem_one_page(vc, addr, sizeof(__virtio16), VHOST_MAP_RO, &offset);
	__virtio16 *p;

	if (IS_ERR(page))
		return PTR_ERR(page);
	p = kmap_local_page(page) + offset;
	*value = __virtio16_to_cpu(true, READ_ONCE(*p));
	kunmap_local(p);
	return 0;
}

/**
 * vc_mem_write16() - write one of the device's indices, or flags
 * @vc: the device
 * @addr: a multiple of 2
 * @value: what is written
 *
 * The access is atomic, and ordered by nothing.
 *
 * Return: 0; -EFAULT: it is not mapped; -EPERM: not for writing.
 */
int vc_mem_write16(struct vc_dev *vc, u64 addr, u16 value)
{
	size_t offset;
	struct page *page = mem_one_page(vc, addr, sizeof(__virtio16), VHOST_MAP_WO, &offset);
	__virtio16 *p;

	if (IS_ERR(page))
		return PTR_ERR(page);
	p = kmap_local_page(page) + offset;
	WRITE_ONCE(*p, __cpu_to_virtio16(true, value));
	kunmap_local(p);
	flush_dcache_page(page);
	return 0;
}

/**
 * vc_mem_read() - copy from the driver's memory
 * @vc: the device
 * @addr: any address
 * @to: receives it
 * @len: bytes, any number
 *
 * Return: 0; -EFAULT: part of it is not mapped; -EPERM: not for reading. Then @to is partly filled.
 */
int vc_mem_read(struct vc_dev *vc, u64 addr, void *to, size_t len)
{
	while (len) {
		size_t n = len, offset;
		struct page *page = mem_page(vc, addr, &n, VHOST_MAP_RO, &offset);

		if (IS_ERR(page))
			return PTR_ERR(page);
		memcpy_from_page(to, page, offset, n);
		addr += n;
		to += n;
		len -= n;
	}
	return 0;
}

/**
 * vc_mem_write() - copy to the driver's memory
 * @vc: the device
 * @addr: any address
 * @from: what is written
 * @len: bytes, any number
 *
 * Return: 0; -EFAULT: part of it is not mapped; -EPERM: not for writing. Then the beginning may
 * have been written.
 */
int vc_mem_write(struct vc_dev *vc, u64 addr, const void *from, size_t len)
{
	while (len) {
		size_t n = len, offset;
		struct page *page = mem_page(vc, addr, &n, VHOST_MAP_WO, &offset);

		if (IS_ERR(page))
			return PTR_ERR(page);
		memcpy_to_page(page, offset, from, n);
		addr += n;
		from += n;
		len -= n;
	}
	return 0;
}

/**
 * vc_iov_set() - say which buffers there are
 * @iov: from vc_iov_init(); if they are more than it has room for, room is allocated
 * @segs: copied
 * @nr: how many
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int vc_iov_set(struct vc_iov *iov, const struct vc_seg *segs, unsigned int nr)
{
	if (nr > iov->max) {
		iov->segs = kmalloc_array(nr, sizeof(*segs), GFP_KERNEL);
		if (!iov->segs)
			return -ENOMEM;
		iov->allocated = true;
		iov->max = nr;
	}
	memcpy(iov->segs, segs, array_size(nr, sizeof(*segs)));
	iov->nr = nr;
	iov->next = 0;
	iov->done = 0;
	return 0;
}

/**
 * vc_iov_dup() - what is left of buffers, in memory of its own
 * @to: receives it; vc_iov_free() frees it
 * @from: the buffers
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; then @to is empty.
 */
int vc_iov_dup(struct vc_iov *to, const struct vc_iov *from)
{
	int err;

	vc_iov_init(to, NULL, 0);
	err = vc_iov_set(to, from->segs + from->next, from->nr - from->next);
	if (!err)
		to->done = from->done;
	return err;
}

/**
 * vc_iov_free() - free what vc_iov_set() allocated
 * @iov: empty afterwards; may be empty before
 */
void vc_iov_free(struct vc_iov *iov)
{
	if (iov->allocated)
		kfree(iov->segs);
	*iov = (struct vc_iov){};
}

/**
 * vc_iov_len() - what is left of buffers
 * @iov: the buffers
 *
 * Return: bytes neither read, written nor skipped.
 */
size_t vc_iov_len(const struct vc_iov *iov)
{
	size_t len = 0;
	unsigned int i;

	for (i = iov->next; i < iov->nr; i++)
		len += iov->segs[i].len;
	return len - iov->done;
}

/* Where to go on, and how much of @len is there in one buffer; 0: none is left. */
static u32 iov_here(const struct vc_iov *iov, size_t len, u64 *addr)
{
	const struct vc_seg *seg = &iov->segs[iov->next];

	if (iov->next == iov->nr)
		return 0;
	*addr = seg->addr + iov->done;
	return min_t(size_t, len, seg->len - iov->done);
}

static void iov_advance(struct vc_iov *iov, u32 len)
{
	iov->done += len;
	if (iov->done == iov->segs[iov->next].len) {
		iov->next++;
		iov->done = 0;
	}
}

/**
 * vc_iov_skip() - leave out a part of buffers
 * @iov: the buffers
 * @len: bytes, of which those that there are count
 */
void vc_iov_skip(struct vc_iov *iov, size_t len)
{
	u64 addr;
	u32 n;

	for (; len && (n = iov_here(iov, len, &addr)); len -= n)
		iov_advance(iov, n);
}

/**
 * vc_iov_pull() - read from buffers, on from where they were read last
 * @vc: the device
 * @iov: the buffers
 * @to: receives it
 * @len: bytes
 *
 * Return: bytes read, less than @len only if there are no more; or -EFAULT, -EPERM.
 */
ssize_t vc_iov_pull(struct vc_dev *vc, struct vc_iov *iov, void *to, size_t len)
{
	size_t got = 0;
	u64 addr;
	u32 n;
	int err;

	while (got < len && (n = iov_here(iov, len - got, &addr))) {
		err = vc_mem_read(vc, addr, to + got, n);
		if (err)
			return err;
		iov_advance(iov, n);
		got += n;
	}
	return got;
}

/**
 * vc_iov_push() - write to buffers, on from where they were written last
 * @vc: the device
 * @iov: the buffers
 * @from: what is written
 * @len: bytes
 *
 * Return: bytes written, less than @len only if there is no more room; or -EFAULT, -EPERM.
 */
ssize_t vc_iov_push(struct vc_dev *vc, struct vc_iov *iov, const void *from, size_t len)
{
	size_t put = 0;
	u64 addr;
	u32 n;
	int err;

	while (put < len && (n = iov_here(iov, len - put, &addr))) {
		err = vc_mem_write(vc, addr, from + put, n);
		if (err)
			return err;
		iov_advance(iov, n);
		put += n;
	}
	return put;
}
