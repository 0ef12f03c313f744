// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains are laid out in the descriptor tables and the arena: of the requests that gen.c makes,
 * whole or torn, or of random descriptors. Nothing is offered to the device yet.
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "fuzz.h"

/* Begin a batch: nothing is in use. */
void fuzz_begin(struct fuzz *f)
{
	unsigned int i;

	f->batch++;
	f->nr_chains = 0;
	f->top = FUZZ_FRONT;
	f->nr_doomed = f->nr_sessions / 2;
	bitmap_zero(f->allowed, FUZZ_ARENA);
	for (i = 0; i < f->nr_queues; i++) {
		struct fuzz_queue *q = &f->queues[i];

		q->taken = 0;
		q->start = fuzz_below(f, q->num);
		q->step = fuzz_u32(f) | 1;
		q->nr_offers = 0;
		memset(q->visits, 0, sizeof(q->visits));
		memset(q->vring->desc, 0, q->num * sizeof(*q->vring->desc));
	}
}

static u16 fuzz_index(const struct fuzz_queue *q, unsigned int n)
{
	return (q->start + n * q->step) & (q->num - 1);
}

/* Memory that no other chain has. Return: where in the arena, or -ENOSPC. */
static int fuzz_alloc(struct fuzz *f, u32 len)
{
	u32 at = f->top + 1 + fuzz_below(f, 24);

	if (len > FUZZ_SCRATCH || at > FUZZ_SCRATCH - len)
		return -ENOSPC;
	f->top = at + len;
	return at;
}

static void fuzz_desc(struct fuzz *f, struct fuzz_queue *q, u16 index, u64 iova, u32 len,
		      u16 flags, u16 next)
{
	struct vring_desc *desc = &q->vring->desc[index];

	desc->addr = cpu_to_virtio64(f->vdev, iova);
	desc->len = cpu_to_virtio32(f->vdev, len);
	desc->flags = cpu_to_virtio16(f->vdev, flags);
	desc->next = cpu_to_virtio16(f->vdev, next);
}

/* An address that nothing must be read from, or written to. */
static u64 fuzz_wild(struct fuzz *f)
{
	switch (fuzz_below(f, 6)) {
	case 0:
		return fuzz_below(f, 2 * PAGE_SIZE);
	case 1:
		return -(u64)fuzz_below(f, 2 * PAGE_SIZE);
	case 2:
		return FUZZ_IOVA - 1 - fuzz_below(f, PAGE_SIZE);
	case 3:
		return FUZZ_IOVA + FUZZ_ARENA + fuzz_below(f, PAGE_SIZE);
	case 4:
		return 0xffff888000000000ULL + fuzz_below(f, SZ_1G);
	default:
		return fuzz_u64(f);
	}
}

/*
 * @len bytes in @nr buffers, from @data, or for the device to write. Return: false if there is no
 * memory for it.
 */
static bool fuzz_lay_out(struct fuzz *f, struct fuzz_queue *q, const u8 *data, u32 len,
			 unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u64 iova = data ? FUZZ_IOVA : fuzz_one_in(f, 8) ? FUZZ_IOVA_WO : FUZZ_IOVA;
		u32 part = i == nr - 1 ? len : nr > 8 ? min(len, fuzz_below(f, 8)) :
						       fuzz_below(f, len + 1);
		unsigned int n = q->taken;
		int at;

		at = fuzz_alloc(f, part);
		if (at < 0)
			return false;
		if (data) {
			memcpy(f->arena + at, data, part);
			data += part;
			if (fuzz_one_in(f, 4))
				iova = FUZZ_IOVA_RO;
		}
		len -= part;
		fuzz_desc(f, q, fuzz_index(q, n), part ? iova + at : fuzz_wild(f), part,
			  VRING_DESC_F_NEXT | (data ? 0 : VRING_DESC_F_WRITE),
			  fuzz_index(q, n + 1));
		q->taken++;
	}
	return true;
}

static void fuzz_end_chain(struct fuzz *f, struct fuzz_queue *q)
{
	struct vring_desc *desc = &q->vring->desc[fuzz_index(q, q->taken - 1)];

	desc->flags &= ~cpu_to_virtio16(f->vdev, VRING_DESC_F_NEXT);
}

/* One of @nr descriptors, from the @first that was taken on, becomes what it should not be. */
static void fuzz_tear(struct fuzz *f, struct fuzz_queue *q, unsigned int first, unsigned int nr)
{
	static const u16 bits[] = {
		VRING_DESC_F_NEXT, VRING_DESC_F_WRITE, VRING_DESC_F_INDIRECT,
	};
	struct vring_desc *desc = &q->vring->desc[fuzz_index(q, first + fuzz_below(f, nr))];
	u32 room;

	switch (fuzz_below(f, 9)) {
	case 0:
	case 1:
		desc->flags ^= cpu_to_virtio16(f->vdev, bits[fuzz_below(f, ARRAY_SIZE(bits))]);
		break;
	case 2:
		desc->flags = cpu_to_virtio16(f->vdev, fuzz_u32(f));
		break;
	case 3:
		desc->flags |= cpu_to_virtio16(f->vdev, VRING_DESC_F_NEXT);
		desc->next = cpu_to_virtio16(f->vdev, fuzz_below(f, q->num));
		break;
	case 4:
		desc->next = cpu_to_virtio16(f->vdev, fuzz_u32(f));
		break;
	case 5:
		desc->addr = cpu_to_virtio64(f->vdev, fuzz_wild(f));
		break;
	case 6:			/* the wrong window */
		desc->addr ^= cpu_to_virtio64(f->vdev, FUZZ_IOVA ^
					      (fuzz_one_in(f, 2) ? FUZZ_IOVA_RO : FUZZ_IOVA_WO));
		break;
	case 7:			/* a table of descriptors: of this queue, where it leads back to */
		desc->addr = cpu_to_virtio64(f->vdev, q->iova);
		desc->len = cpu_to_virtio32(f->vdev, q->num * sizeof(*desc));
		desc->flags |= cpu_to_virtio16(f->vdev, VRING_DESC_F_INDIRECT);
		break;
	case 8:			/* longer than memory */
		room = 1 + fuzz_below(f, FUZZ_ARENA - FUZZ_SCRATCH);
		desc->addr = cpu_to_virtio64(f->vdev, FUZZ_IOVA + FUZZ_ARENA - room);
		room = fuzz_one_in(f, 2) ? U32_MAX - fuzz_below(f, 4) : room + fuzz_below(f, SZ_1M);
		desc->len = cpu_to_virtio32(f->vdev, room);
		break;
	}
}

static struct fuzz_chain *fuzz_add_chain(struct fuzz *f, struct fuzz_queue *q, u16 head)
{
	struct fuzz_chain *chain = &f->chains[f->nr_chains++];

	*chain = (struct fuzz_chain) { .q = q, .head = head, .answer.type = FUZZ_UNKNOWN };
	q->chain_of[head] = chain;
	q->offers[q->nr_offers++] = head;
	return chain;
}

static bool fuzz_has_room(const struct fuzz *f, const struct fuzz_queue *q, unsigned int nr)
{
	return f->nr_chains < FUZZ_BATCH_MAX && q->nr_offers < FUZZ_BATCH_MAX &&
	       q->taken + nr <= q->num;
}

/* How many buffers for @len bytes: mostly few. */
static unsigned int fuzz_nr_bufs(struct fuzz *f, u32 len)
{
	if (!len)
		return fuzz_one_in(f, 16);
	switch (fuzz_below(f, 32)) {
	case 0 ... 15:
		return 1;
	case 16 ... 29:
		return 2 + fuzz_below(f, 3);
	case 30:
		return 2 + fuzz_below(f, 14);
	default:
		return fuzz_one_in(f, 4) ? FUZZ_SEGS_MAX - 4 + fuzz_below(f, 12) : 1;
	}
}

/*
 * A chain with the request that was made. @tear: then it is torn. Return: false if there is no
 * room for it in this batch.
 */
bool fuzz_add_request(struct fuzz *f, struct fuzz_queue *q, bool tear)
{
	const struct fuzz_request *req = &f->req;
	unsigned int readable = fuzz_nr_bufs(f, req->len);
	unsigned int writable = fuzz_nr_bufs(f, req->room);
	unsigned int first = q->taken;
	struct fuzz_chain *chain;

	if (!readable && !writable)
		readable = 1;
	if (!fuzz_has_room(f, q, readable + writable))
		return false;
	if (!fuzz_lay_out(f, q, req->buf, req->len, readable) ||
	    !fuzz_lay_out(f, q, NULL, req->room, writable)) {
		q->taken = first;
		return false;
	}
	fuzz_end_chain(f, q);
	chain = fuzz_add_chain(f, q, fuzz_index(q, first));
	if (tear) {
		fuzz_tear(f, q, first, readable + writable);
		fuzz_add(f, FUZZ_TORN, 1);
		return true;
	}
	chain->answer = req->answer;
	fuzz_add(f, req->count, 1);
	return true;
}

/* A random descriptor's address and length, not to be written outside what is for that. */
static u64 fuzz_random_buffer(struct fuzz *f, bool write, bool self, u32 *len)
{
	const struct fuzz_queue *other = &f->queues[fuzz_below(f, f->nr_queues)];
	u32 at = write ? FUZZ_SCRATCH : 0;

	if (self) {
		*len = 1 + fuzz_below(f, 64);
		return other->iova + fuzz_below(f, other->size);
	}
	at += fuzz_below(f, FUZZ_ARENA - at);
	*len = fuzz_below(f, fuzz_one_in(f, 4) ? FUZZ_ARENA - at + 1 : min(FUZZ_ARENA - at, 200U));
	if (!fuzz_one_in(f, 8))
		return FUZZ_IOVA + at;
	/* What reaches into the arena from before it, does not reach further. */
	*len = min_t(u32, *len, FUZZ_FRONT);
	return fuzz_wild(f);
}

/*
 * A chain of random descriptors. @self: their buffers lie in the rings; what the device makes of
 * that cannot be known. Return: as fuzz_add_request().
 */
bool fuzz_add_random(struct fuzz *f, struct fuzz_queue *q, bool self)
{
	unsigned int i, nr = 1 + fuzz_below(f, 6), first = q->taken;

	if (!fuzz_has_room(f, q, nr))
		return false;
	for (i = 0; i < nr; i++) {
		u16 next = fuzz_one_in(f, 8) ? fuzz_u32(f) : fuzz_index(q, q->taken + 1);
		u16 flags = i == nr - 1 && !fuzz_one_in(f, 4) ? 0 : VRING_DESC_F_NEXT;
		u32 len;
		u64 iova;

		if (i >= nr / 2)
			flags |= VRING_DESC_F_WRITE;
		if (fuzz_one_in(f, 16))
			flags ^= BIT(fuzz_below(f, 4));
		iova = fuzz_random_buffer(f, flags & VRING_DESC_F_WRITE, self, &len);
		fuzz_desc(f, q, fuzz_index(q, q->taken), iova, len, flags, next);
		q->taken++;
	}
	fuzz_add_chain(f, q, fuzz_index(q, first));
	fuzz_add(f, FUZZ_RANDOM, 1);
	return true;
}

/* One of a data queue's chains is offered once more, before it comes back. */
void fuzz_add_again(struct fuzz *f)
{
	struct fuzz_queue *q = fuzz_data(f);

	if (!q->nr_offers || q->nr_offers == FUZZ_BATCH_MAX)
		return;
	q->offers[q->nr_offers] = q->offers[fuzz_below(f, q->nr_offers)];
	q->nr_offers++;
	fuzz_add(f, FUZZ_TORN, 1);
}
