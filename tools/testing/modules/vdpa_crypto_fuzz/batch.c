// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch, once it is laid out: its chains are offered all at once, awaited, and judged:
 *
 *   answers	each chain comes back as often as it was offered, with a length that it has, and
 *		with length 0 only where there is a reason; with an interrupt, unless that is off
 *   memory	nothing but writable buffers was written, nor those of malformed chains
 *   results	what is known of an answer, is right
 *   sessions	there are no more than there may be
 *
 * Descriptors do not change while a strict batch is offered, so what a torn chain is, is found out
 * by following it, as the device does (virtio 1.3, 2.7.5).
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "fuzz.h"

#define FUZZ_POLL_MS	10

/* ---- sessions -------------------------------------------------------------------- */

static int fuzz_session_find(const struct fuzz *f, u64 id)
{
	unsigned int i;

	for (i = 0; i < f->nr_sessions; i++)
		if (f->sessions[i].id == id)
			return i;
	return -ENOENT;
}

static void fuzz_session_add(struct fuzz *f, u64 id, u8 type)
{
	if (f->nr_sessions == FUZZ_SESSIONS_MAX) {
		f->unknown = true;
		return;
	}
	if (fuzz_session_find(f, id) >= 0)
		fuzz_fail(f, FUZZ_WRONG_STATE, "session %#llx is given twice", id);
	f->sessions[f->nr_sessions++] = (struct fuzz_session) { .id = id, .type = type };
	fuzz_add(f, FUZZ_SESSIONS, 1);
}

static void fuzz_session_remove(struct fuzz *f, u64 id)
{
	int i = fuzz_session_find(f, id);

	if (i >= 0)
		f->sessions[i] = f->sessions[--f->nr_sessions];
}

/* The device was reset. */
void fuzz_session_forget_all(struct fuzz *f)
{
	f->nr_sessions = 0;
	f->nr_doomed = 0;
	f->unknown = false;
}

/* ---- what a chain is ------------------------------------------------------------- */

/* Follow a chain into fuzz.segs. Return: number of buffers, or -EPROTO if it is malformed. */
static int fuzz_walk(struct fuzz *f, const struct fuzz_queue *q, u16 head)
{
	bool write = false;
	unsigned int n;

	for (n = 0; n < q->num; n++) {
		const struct vring_desc *desc = &q->vring->desc[head];
		u16 flags = virtio16_to_cpu(f->vdev, desc->flags);

		if (flags & VRING_DESC_F_INDIRECT)
			return -EPROTO;
		if (write && !(flags & VRING_DESC_F_WRITE))
			return -EPROTO;
		write = flags & VRING_DESC_F_WRITE;
		f->segs[n].iova = virtio64_to_cpu(f->vdev, desc->addr);
		f->segs[n].len = virtio32_to_cpu(f->vdev, desc->len);
		f->segs[n].index = head;
		f->segs[n].write = write;
		if (!(flags & VRING_DESC_F_NEXT))
			return n + 1;
		head = virtio16_to_cpu(f->vdev, desc->next);
		if (head >= q->num)
			return -EPROTO;
	}
	return -EPROTO;
}

/*
 * Where a buffer is in the arena. @len: of it, then as much as is there. Return: that, or -EFAULT
 * if the device must not get at it.
 */
static int fuzz_find(u64 iova, bool write, u32 *len)
{
	u64 at = iova - FUZZ_IOVA;

	if (at >= FUZZ_ARENA)
		at = iova - (write ? FUZZ_IOVA_WO : FUZZ_IOVA_RO);
	if (at >= FUZZ_ARENA)
		return -EFAULT;
	*len = min_t(u32, *len, FUZZ_ARENA - at);
	return at;
}

/* Copy out of what a chain has in one direction. Return: bytes copied, at most @len. */
static u32 fuzz_gather(struct fuzz *f, const struct fuzz_chain *chain, bool write, u64 from,
		       u8 *buf, u32 len)
{
	int i, at, nr = fuzz_walk(f, chain->q, chain->head);
	u32 done = 0;

	for (i = 0; i < nr && done < len; i++) {
		const struct fuzz_seg *seg = &f->segs[i];
		u32 part;

		if (seg->write != write)
			continue;
		if (from >= seg->len) {
			from -= seg->len;
			continue;
		}
		part = min_t(u64, seg->len - from, len - done);
		at = fuzz_find(seg->iova + from, write, &part);
		if (at < 0)
			break;
		memcpy(buf + done, f->arena + at, part);
		done += part;
		from = 0;
	}
	return done;
}

/* What a chain may write of the arena where the device sees it at @window. Return: bytes. */
static u64 fuzz_allow(struct fuzz *f, struct fuzz_chain *chain, u64 first, u64 last, u64 window)
{
	u64 start = max(first, window), end = min(last, window + FUZZ_ARENA - 1);

	if (start > end)
		return 0;
	if (start - window < FUZZ_FRONT || end - window >= FUZZ_SCRATCH)
		chain->lossy = true;
	bitmap_set(f->allowed, start - window, end - start + 1);
	return end - start + 1;
}

/* One of a chain's buffers. Return: false if for its sake the device may refuse the chain. */
static bool fuzz_look_at_seg(struct fuzz *f, struct fuzz_chain *chain, const struct fuzz_seg *seg)
{
	u64 last;

	if (chain->q->visits[seg->index] > 1)
		chain->lossy = true;
	if (!seg->len)
		return true;
	if (check_add_overflow(seg->iova, (u64)seg->len - 1, &last))
		return false;
	if (!seg->write)
		return true;
	chain->writable += seg->len;
	return fuzz_allow(f, chain, seg->iova, last, FUZZ_IOVA) +
	       fuzz_allow(f, chain, seg->iova, last, FUZZ_IOVA_WO) == seg->len;
}

static void fuzz_look_at_chain(struct fuzz *f, struct fuzz_chain *chain)
{
	int i, nr = fuzz_walk(f, chain->q, chain->head);
	unsigned int bufs[2] = {};
	u64 bytes = 0;

	chain->malformed = nr < 0;
	chain->may_be_empty = nr < 0;
	for (i = 0; i < nr; i++) {
		const struct fuzz_seg *seg = &f->segs[i];

		if (!fuzz_look_at_seg(f, chain, seg))
			chain->may_be_empty = true;
		bufs[seg->write] += !!seg->len;
		bytes += seg->len;
	}
	if (bytes > U32_MAX || bufs[0] > FUZZ_SEGS_MAX || bufs[1] > FUZZ_SEGS_MAX)
		chain->may_be_empty = true;
	if (chain->may_be_empty || chain->lossy)
		chain->answer.exact = false;
	if (!chain->answer.exact && chain->writable < (chain->q->ctrl ?
						sizeof(struct virtio_crypto_session_input) :
						sizeof(struct virtio_crypto_inhdr)))
		chain->may_be_empty = true;
}

static void fuzz_look(struct fuzz *f)
{
	unsigned int i;
	int n, nr;

	for (i = 0; i < f->nr_chains; i++) {
		struct fuzz_queue *q = f->chains[i].q;

		nr = fuzz_walk(f, q, f->chains[i].head);
		for (n = 0; n < nr; n++)
			if (q->visits[f->segs[n].index] < 2)
				q->visits[f->segs[n].index]++;
	}
	for (i = 0; i < f->nr_chains; i++)
		fuzz_look_at_chain(f, &f->chains[i]);
}

/* ---- offering -------------------------------------------------------------------- */

static u16 fuzz_used_idx(struct fuzz *f, const struct fuzz_queue *q)
{
	u16 idx = virtio16_to_cpu(f->vdev, READ_ONCE(q->vring->used->idx));

	virt_rmb();	/* what the index tells of */
	return idx;
}

static void fuzz_publish(struct fuzz *f, struct fuzz_queue *q, u16 idx)
{
	virt_wmb();	/* after what it tells of */
	WRITE_ONCE(q->vring->avail->idx, cpu_to_virtio16(f->vdev, idx));
	virt_mb();	/* before the notification */
}

static void fuzz_set_entry(struct fuzz *f, struct fuzz_queue *q, u16 head)
{
	WRITE_ONCE(q->vring->avail->ring[q->next & (q->num - 1)], cpu_to_virtio16(f->vdev, head));
	q->next++;
}

/* Offer a queue's chains, in some steps; notify the device after each, or for nothing. */
static void fuzz_offer(struct fuzz *f, struct fuzz_queue *q)
{
	unsigned int i, step = 1 + fuzz_below(f, FUZZ_BATCH_MAX);
	u16 flags = 0, last = q->next + q->nr_offers;

	if (fuzz_one_in(f, 16))
		virtqueue_notify(q->vq);
	if (!q->nr_offers)
		return;
	/* The kernel looks at nothing when the used ring's index is what it was at the start. */
	q->irq_wanted = last && !fuzz_one_in(f, 8);
	if (!q->irq_wanted)
		flags |= VRING_AVAIL_F_NO_INTERRUPT;
	if (fuzz_one_in(f, 4))
		flags |= fuzz_u32(f) & ~VRING_AVAIL_F_NO_INTERRUPT;
	WRITE_ONCE(q->vring->avail->flags, cpu_to_virtio16(f->vdev, flags));
	for (i = 0; i < q->nr_offers; i++) {
		q->outstanding[q->offers[i]]++;
		fuzz_set_entry(f, q, q->offers[i]);
		if (i % step == step - 1 || i == q->nr_offers - 1) {
			fuzz_publish(f, q, q->next);
			virtqueue_notify(q->vq);
		}
	}
	if (!f->proving)
		fuzz_add(f, FUZZ_CHAINS, q->nr_offers);
}

/* ---- waiting --------------------------------------------------------------------- */

static bool fuzz_all_used(struct fuzz *f)
{
	unsigned int i;

	for (i = 0; i < f->nr_queues; i++)
		if (fuzz_used_idx(f, &f->queues[i]) != f->queues[i].next)
			return false;
	return true;
}

static bool fuzz_all_told(struct fuzz *f)
{
	unsigned int i;

	for (i = 0; i < f->nr_queues; i++) {
		const struct fuzz_queue *q = &f->queues[i];

		if (q->nr_offers && q->irq_wanted && READ_ONCE(q->irq_idx) != q->next)
			return false;
	}
	return true;
}

/* Answers to more chains than there were. */
static bool fuzz_too_many_used(struct fuzz *f)
{
	unsigned int i;

	for (i = 0; i < f->nr_queues; i++) {
		const struct fuzz_queue *q = &f->queues[i];
		u16 offered = q->next - q->seen, used = fuzz_used_idx(f, q) - q->seen;

		if (used <= offered)
			continue;
		fuzz_fail(f, FUZZ_WRONG_ID, "queue %u: %u answers for %u chains", i, used,
			  offered);
		return true;
	}
	return false;
}

static bool fuzz_late(ktime_t deadline)
{
	return ktime_after(ktime_get(), deadline);
}

static void fuzz_say_hang(struct fuzz *f)
{
	unsigned int i;

	if (fuzz_all_used(f)) {
		fuzz_fail(f, FUZZ_LOST_IRQS, "everything is answered, but no interrupt said so");
		return;
	}
	for (i = 0; i < f->nr_queues; i++) {
		const struct fuzz_queue *q = &f->queues[i];
		u16 missing = q->next - fuzz_used_idx(f, q);

		if (missing)
			fuzz_fail(f, FUZZ_HANGS, "queue %u: %u of %u chains are not answered", i,
				  missing, q->nr_offers);
	}
}

/* Wait for all answers. Return: 0 or -errno: -EINTR: the run is over; the others are failures. */
static int fuzz_await(struct fuzz *f)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), fuzz_timeout_ms());

	for (;;) {
		bool late = fuzz_late(deadline);

		if (fuzz_all_used(f) && fuzz_all_told(f))
			return 0;
		if (fuzz_stopping(f))
			return -EINTR;
		if (fuzz_needs_reset(f)) {
			fuzz_fail(f, FUZZ_WRONG_STATE, "it wants to be reset, without a reason");
			return -EIO;
		}
		if (fuzz_too_many_used(f))
			return -EIO;
		if (late) {
			fuzz_say_hang(f);
			return -ETIMEDOUT;
		}
		wait_event_timeout(f->wait, fuzz_stopping(f) ||
				   (fuzz_all_used(f) && fuzz_all_told(f)),
				   msecs_to_jiffies(FUZZ_POLL_MS));
	}
}

/* ---- judging --------------------------------------------------------------------- */

static void fuzz_judge_len(struct fuzz *f, struct fuzz_chain *chain, u32 len)
{
	if (len > chain->writable || (chain->malformed && len))
		fuzz_fail(f, FUZZ_WRONG_LEN, "queue %u: head %u: %u bytes written of %llu%s",
			  chain->q->index, chain->head, len, chain->writable,
			  chain->malformed ? ", malformed" : "");
	else if (!len && !chain->may_be_empty)
		fuzz_fail(f, FUZZ_WRONG_LEN, "queue %u: head %u: not answered, without a reason",
			  chain->q->index, chain->head);
	else if (!len)
		fuzz_add(f, chain->malformed ? FUZZ_EMPTY_MALFORMED : FUZZ_EMPTY_NO_ROOM, 1);
}

/* The answers of a queue. @known: its descriptors are as they were. */
static void fuzz_collect(struct fuzz *f, struct fuzz_queue *q, bool known)
{
	u16 idx = fuzz_used_idx(f, q);

	for (; q->seen != idx; q->seen++) {
		const struct vring_used_elem *used = &q->vring->used->ring[q->seen & (q->num - 1)];
		u32 id = virtio32_to_cpu(f->vdev, used->id);
		u32 len = virtio32_to_cpu(f->vdev, used->len);

		fuzz_add(f, FUZZ_ANSWERED, 1);
		if (id >= q->num || !q->outstanding[id]) {
			fuzz_fail(f, FUZZ_WRONG_ID, "queue %u: head %u is not outstanding",
				  q->index, id);
			continue;
		}
		q->outstanding[id]--;
		q->chain_of[id]->answers++;
		q->chain_of[id]->len = len;
		if (known)
			fuzz_judge_len(f, q->chain_of[id], len);
	}
}

static void fuzz_collect_all(struct fuzz *f, bool known)
{
	unsigned int i;

	if (fuzz_too_many_used(f))
		return;
	for (i = 0; i < f->nr_queues; i++)
		fuzz_collect(f, &f->queues[i], known);
}

static void fuzz_judge_memory(struct fuzz *f)
{
	unsigned int start, end;

	for_each_clear_bitrange(start, end, f->allowed, FUZZ_ARENA) {
		unsigned int i = start;

		if (!memcmp(f->arena + start, f->shadow + start, end - start))
			continue;
		while (f->arena[i] == f->shadow[i])
			i++;
		fuzz_fail(f, FUZZ_WRONG_MEMORY, "byte %#x was written, %u behind a buffer", i,
			  i - start);
	}
}

static void fuzz_count_status(struct fuzz *f, const struct fuzz_chain *chain, u32 status)
{
	if (status <= VIRTIO_CRYPTO_KEY_REJECTED)
		fuzz_add(f, FUZZ_STATUS + status, 1);
	else if (!chain->lossy)
		fuzz_fail(f, FUZZ_WRONG_STATUS, "queue %u: head %u: status %u", chain->q->index,
			  chain->head, status);
}

/* A session that a chain was to close. Return: 0 if it was to do something else. */
static u64 fuzz_closes(struct fuzz *f, const struct fuzz_chain *chain)
{
	struct virtio_crypto_op_ctrl_req req = {};
	u32 opcode;

	fuzz_gather(f, chain, false, 0, (u8 *)&req, sizeof(req));
	opcode = le32_to_cpu(req.header.opcode);
	if (opcode != VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION &&
	    opcode != VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION)
		return 0;
	return le64_to_cpu(req.u.destroy_session.session_id);
}

/* It was not answered: was it closed? Then nobody can say that there are too many. */
static void fuzz_maybe_closed(struct fuzz *f, u64 id)
{
	if (fuzz_session_find(f, id) < 0)
		return;
	fuzz_session_remove(f, id);
	f->unknown = true;
}

/* An answer of the control queue, and what it says of sessions. Return: the status. */
static u32 fuzz_read_ctrl(struct fuzz *f, const struct fuzz_chain *chain)
{
	struct virtio_crypto_session_input input = {};
	u32 status;
	u8 byte = 0;

	if (chain->len != sizeof(input)) {
		fuzz_gather(f, chain, true, 0, &byte, sizeof(byte));
		if (chain->lossy)
			fuzz_maybe_closed(f, fuzz_closes(f, chain));
		else if (byte == VIRTIO_CRYPTO_OK)
			fuzz_session_remove(f, fuzz_closes(f, chain));
		return byte;
	}
	fuzz_gather(f, chain, true, 0, (u8 *)&input, sizeof(input));
	status = le32_to_cpu(input.status);
	if (chain->lossy)
		f->unknown = true;
	else if (status == VIRTIO_CRYPTO_OK)
		fuzz_session_add(f, le64_to_cpu(input.session_id), chain->answer.type);
	return status;
}

/* Is the answer as it must be? */
static void fuzz_judge_exact(struct fuzz *f, const struct fuzz_chain *chain, u32 status)
{
	const struct fuzz_answer *answer = &chain->answer;
	u32 want_len = answer->want_len, len;
	u8 got[SZ_256];

	if (status == VIRTIO_CRYPTO_NOSPC && answer->may_lack_room && f->may_fill)
		return;
	if (status != answer->status) {
		fuzz_fail(f, FUZZ_WRONG_STATUS, "queue %u: head %u: status %u, not %u",
			  chain->q->index, chain->head, status, answer->status);
		return;
	}
	if (!chain->q->ctrl && chain->len != want_len + sizeof(struct virtio_crypto_inhdr)) {
		fuzz_fail(f, FUZZ_WRONG_LEN, "queue %u: head %u: %u bytes written, not %u",
			  chain->q->index, chain->head, chain->len, want_len + 1);
		return;
	}
	if (answer->want) {
		len = fuzz_gather(f, chain, true, 0, got, min_t(u32, want_len, sizeof(got)));
		if (len != want_len || memcmp(got, answer->want, len)) {
			fuzz_fail(f, FUZZ_WRONG_RESULT, "queue %u: head %u: a wrong result",
				  chain->q->index, chain->head);
			return;
		}
	}
	fuzz_add(f, FUZZ_RIGHT, 1);
}

static void fuzz_judge_results(struct fuzz *f)
{
	unsigned int i;

	for (i = 0; i < f->nr_chains; i++) {
		const struct fuzz_chain *chain = &f->chains[i];
		u32 status;

		if (!chain->q->ctrl || !chain->answers)
			continue;
		if (!chain->len) {
			if (!chain->malformed)
				fuzz_maybe_closed(f, fuzz_closes(f, chain));
			continue;
		}
		status = fuzz_read_ctrl(f, chain);
		fuzz_count_status(f, chain, status);
		if (chain->answer.exact)
			fuzz_judge_exact(f, chain, status);
	}
	if (f->nr_sessions > f->counts[FUZZ_SESSIONS_MOST])
		fuzz_add(f, FUZZ_SESSIONS_MOST, f->nr_sessions - f->counts[FUZZ_SESSIONS_MOST]);
	if (f->max_sessions && f->nr_sessions > f->max_sessions)
		fuzz_fail(f, FUZZ_WRONG_STATE, "%u sessions, more than %u", f->nr_sessions,
			  f->max_sessions);
	for (i = 0; i < f->nr_chains; i++) {
		const struct fuzz_chain *chain = &f->chains[i];
		u8 status = U8_MAX;

		if (chain->q->ctrl || !chain->answers || !chain->len)
			continue;
		fuzz_gather(f, chain, true, chain->writable - 1, &status, sizeof(status));
		fuzz_count_status(f, chain, status);
		/* Somebody may have closed it after all. */
		if (chain->answer.exact &&
		    (!chain->answer.session ||
		     fuzz_session_find(f, chain->answer.session) >= 0))
			fuzz_judge_exact(f, chain, status);
	}
}

/* ---- running --------------------------------------------------------------------- */

/* Under the device's eyes: descriptors and requests change, memory goes and comes. */
static void fuzz_race(struct fuzz *f)
{
	unsigned int i, n, page;

	for (i = 1 + fuzz_below(f, 8); i; i--) {
		struct fuzz_queue *q = &f->queues[fuzz_below(f, f->nr_queues)];

		for (n = fuzz_below(f, 8); n; n--) {
			u8 *desc = (u8 *)q->vring->desc;

			WRITE_ONCE(desc[fuzz_below(f, q->num * sizeof(struct vring_desc))],
				   fuzz_u32(f));
			WRITE_ONCE(f->arena[fuzz_below(f, FUZZ_ARENA)], fuzz_u32(f));
		}
		page = fuzz_below(f, FUZZ_ARENA / PAGE_SIZE);
		fuzz_unmap_page(f, page);
		if (fuzz_one_in(f, 2))
			usleep_range(10, 100);
		if (fuzz_map_page(f, page))
			fuzz_fail(f, FUZZ_WRONG_STATE, "memory cannot be mapped");
	}
}

/* An available ring that makes no sense. Return: as fuzz_await(). */
static int fuzz_break(struct fuzz *f)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), fuzz_timeout_ms());
	struct fuzz_queue *q = &f->queues[fuzz_below(f, f->nr_queues)];
	int irqs = atomic_read(&f->config_irqs);

	if (fuzz_one_in(f, 2)) {
		/* However much of the batch it has taken, it finds more than there can be. */
		fuzz_publish(f, q, q->next + q->num + 1 +
			     fuzz_below(f, U16_MAX - q->num - FUZZ_BATCH_MAX));
	} else {
		fuzz_set_entry(f, q, q->num + fuzz_below(f, U16_MAX + 1 - q->num));
		fuzz_publish(f, q, q->next);
	}
	virtqueue_notify(q->vq);
	while (!fuzz_needs_reset(f) || atomic_read(&f->config_irqs) == irqs) {
		if (fuzz_stopping(f))
			return -EINTR;
		if (fuzz_late(deadline)) {
			fuzz_fail(f, FUZZ_HANGS, "queue %u: its ring makes no sense, and %s",
				  q->index, fuzz_needs_reset(f) ? "no interrupt says so" :
								  "the device goes on");
			return -ETIMEDOUT;
		}
		wait_event_timeout(f->wait, fuzz_stopping(f) ||
				   atomic_read(&f->config_irqs) != irqs,
				   msecs_to_jiffies(FUZZ_POLL_MS));
	}
	fuzz_add(f, FUZZ_NEEDS_RESET, 1);
	fuzz_collect_all(f, true);
	return 0;
}

/* The device is being reset: what was not answered, will not be. */
void fuzz_give_up(struct fuzz *f)
{
	unsigned int i, n;

	for (i = 0; i < f->nr_queues; i++)
		for (n = 0; n < f->queues[i].num; n++)
			fuzz_add(f, FUZZ_GIVEN_UP, f->queues[i].outstanding[n]);
}

/* After a reset nothing is written any more. */
static int fuzz_reset_and_watch(struct fuzz *f)
{
	int err;

	err = fuzz_reset(f);
	if (err)
		return err;
	fuzz_judge_memory(f);
	bitmap_zero(f->allowed, FUZZ_ARENA);
	memcpy(f->shadow, f->arena, FUZZ_ARENA);
	usleep_range(200, 400);
	fuzz_judge_memory(f);
	return 0;
}

static void fuzz_run_self(struct fuzz *f)
{
	wait_event_timeout(f->wait, fuzz_stopping(f) || fuzz_needs_reset(f),
			   msecs_to_jiffies(FUZZ_POLL_MS));
}

/* Offer the batch, and judge what becomes of it. Return: as fuzz_await(). */
int fuzz_run(struct fuzz *f, enum fuzz_kind kind)
{
	unsigned int i;
	int err;

	fuzz_look(f);
	memcpy(f->shadow, f->arena, FUZZ_ARENA);
	f->may_fill = f->unknown || !f->max_sessions ||
		      f->nr_sessions + fuzz_ctrl(f)->nr_offers >= f->max_sessions;
	for (i = 0; i < f->nr_queues; i++)
		fuzz_offer(f, &f->queues[i]);
	fuzz_add(f, FUZZ_BATCHES, 1);
	switch (kind) {
	case FUZZ_STRICT:
	case FUZZ_GREEDY:
		err = fuzz_await(f);
		if (err)
			return err;
		fuzz_collect_all(f, true);
		fuzz_judge_memory(f);
		fuzz_judge_results(f);
		return 0;
	case FUZZ_KIND_RACING:
		fuzz_add(f, FUZZ_RACING, 1);
		fuzz_race(f);
		err = fuzz_await(f);
		if (err)
			return err;
		fuzz_collect_all(f, false);
		/* What the control queue did, nobody knows. */
		return fuzz_ctrl(f)->nr_offers ? fuzz_reset(f) : 0;
	case FUZZ_KIND_BREAKING:
		fuzz_add(f, FUZZ_BREAKING, 1);
		err = fuzz_break(f);
		return err ?: fuzz_reset_and_watch(f);
	case FUZZ_KIND_RESETTING:
		fuzz_add(f, FUZZ_RESETTING, 1);
		if (fuzz_one_in(f, 2))
			usleep_range(10, 10 + fuzz_below(f, 2000));
		return fuzz_reset_and_watch(f);
	case FUZZ_KIND_SELF:
		fuzz_add(f, FUZZ_SELF, 1);
		fuzz_run_self(f);
		return fuzz_reset(f);
	}
	return -EINVAL;
}
