/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's memory, by the addresses that it uses, and the buffers of a chain there. See mem.c.
 */
#ifndef _VDPA_CRYPTO_RING_MEM_H
#define _VDPA_CRYPTO_RING_MEM_H

#include <linux/types.h>

struct vc_dev;

#define VC_INLINE_SEGS	8	/* of most requests: there is room in their object */

/**
 * struct vc_seg - a buffer in the driver's memory
 * @addr: as the driver gave it
 * @len: bytes, not 0
 */
struct vc_seg {
	u64 addr;
	u32 len;
};

/**
 * struct vc_iov - buffers, read or written from their beginning to their end
 * @segs: the buffers; the owner's, or allocated
 * @nr: how many there are
 * @max: room at @segs
 * @next: the one that is read or written now
 * @done: bytes of it that were
 * @allocated: vc_iov_free() frees @segs
 */
struct vc_iov {
	struct vc_seg *segs;
	unsigned int nr;
	unsigned int max;
	unsigned int next;
	u32 done;
	bool allocated;
};

static inline void vc_iov_init(struct vc_iov *iov, struct vc_seg *segs, unsigned int max)
{
	*iov = (struct vc_iov){ .segs = segs, .max = max };
}

int vc_mem_read16(struct vc_dev *vc, u64 addr, u16 *value);
int vc_mem_write16(struct vc_dev *vc, u64 addr, u16 value);
int vc_mem_read(struct vc_dev *vc, u64 addr, void *to, size_t len);
int vc_mem_write(struct vc_dev *vc, u64 addr, const void *from, size_t len);

int vc_iov_set(struct vc_iov *iov, const struct vc_seg *segs, unsigned int nr);
int vc_iov_dup(struct vc_iov *to, const struct vc_iov *from);
void vc_iov_free(struct vc_iov *iov);
size_t vc_iov_len(const struct vc_iov *iov);
void vc_iov_skip(struct vc_iov *iov, size_t len);
ssize_t vc_iov_pull(struct vc_dev *vc, struct vc_iov *iov, void *to, size_t len);
ssize_t vc_iov_push(struct vc_dev *vc, struct vc_iov *iov, const void *from, size_t len);

#endif /* _VDPA_CRYPTO_RING_MEM_H */
