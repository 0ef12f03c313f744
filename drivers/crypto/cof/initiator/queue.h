/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An I/O queue and the operations in flight on it. See queue.c.
 */
#ifndef _COFI_QUEUE_H
#define _COFI_QUEUE_H

#include <linux/bits.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "chan.h"

struct asym_request;
struct cof_hdr;
struct cof_io_rsp;
struct cofi_assoc;

/* Slots and tags */
#define COFI_NO_SLOT		0xffff
#define COFI_QUERY_SLOT		0xfffe	/* in tags of QUERY */
/* Tags of ABORT: those of the operation, and which one it is, so that two in flight differ. */
#define COFI_ABORT_BIT		0x8000
#define COFI_ABORT_SHIFT	10
#define COFI_ABORT_MASK		GENMASK(13, COFI_ABORT_SHIFT)

/**
 * struct cofi_slot - an operation in flight
 * @req: NULL when free, or when nobody waits for the answer any more
 * @gen: counts uses of the slot, from 1
 * @asked: jiffies when QUERY or ABORT asked after it last; at first when it was sent
 * @cancelled: jiffies when it was cancelled
 * @opcode: of the request; 0 when free
 * @next: next free slot
 * @with_key: the request has the key in it
 * @aborts: ABORTs sent for it
 */
struct cofi_slot {
	struct asym_request *req;
	u64 gen;
	unsigned long asked;
	unsigned long cancelled;
	u16 opcode;
	u16 next;
	bool with_key;
	u8 aborts;
};

/**
 * struct cofi_req - in asym_request::drv while its operation is in a slot
 * @queue: where
 * @tag: the operation's
 */
struct cofi_req {
	struct cofi_queue *queue;
	u64 tag;
};

/**
 * struct cofi_query - the one QUERY that a queue may have in flight
 * @busy: it is in flight
 * @late: it was overdue at the last look
 * @tag: its own
 * @asked: tag of the operation it is about
 * @sent: jiffies
 * @cursor: slot to look at next
 */
struct cofi_query {
	bool busy;
	bool late;
	u64 tag;
	u64 asked;
	unsigned long sent;
	u16 cursor;
};

/**
 * struct cofi_queue - an I/O queue
 * @chan: its connection; its commands are CONNECT alone
 * @qid: 1..queues
 * @depth: slots
 * @lock: guards the rest; bottom halves disabled
 * @inflight: slots in use, those of cancelled operations among them
 * @cancelled: the latter
 * @limit: of these, 1 to @depth: what the quota leaves to this queue
 * @inline_keys: of those in flight, with a key in them; at most COF_INLINE_KEYS
 * @free: first free slot
 * @crowded: more than one has been in flight since the queue was idle
 * @alone: what came into the idle queue last is probably the only one: it goes at once
 * @together: for so many times it will not be
 * @lonely: how often it could have been
 * @progress: jiffies of the last answer, or of the first request after idleness
 * @query: see there
 * @close_work: closes it, beside the others
 * @slots: allocated with the queue
 */
struct cofi_queue {
	struct cofi_chan chan;
	u16 qid;
	u16 depth;
	spinlock_t lock;	/* slots */
	u16 inflight;
	u16 cancelled;
	u16 limit;
	u16 inline_keys;
	u16 free;
	bool crowded;
	bool alone;
	u8 together;
	u8 lonely;
	unsigned long progress;
	struct cofi_query query;
	struct work_struct close_work;
	struct cofi_slot slots[] __counted_by(depth);
};

struct cofi_queue *cofi_queue_alloc(struct cofi_assoc *assoc, u16 qid, u16 depth);
void cofi_queue_free(struct cofi_queue *queue);
int cofi_queue_take(struct cofi_queue *queue, struct asym_request *req, u16 opcode, u64 *tag);
int cofi_queue_match(struct cofi_queue *queue, const struct cof_io_rsp *rsp,
		     struct asym_request **req, bool *freed);
void cofi_queue_limit(struct cofi_queue *queue, u32 limit);
void cofi_queue_close(struct cofi_queue *queue);
void cofi_queue_closed(struct cofi_queue *queue);
void cofi_queue_fail(struct cofi_queue *queue);
bool cofi_queue_disown(struct cofi_queue *queue, const struct asym_request *req, u64 *tag);
void cofi_queue_cancel(struct cofi_queue *queue, struct asym_request *req);
bool cofi_queue_chase(struct cofi_queue *queue, unsigned long patience, unsigned long limit);
int cofi_queue_abort_match(struct cofi_queue *queue, const struct cof_hdr *rsp, bool *freed);
void cofi_queue_query(struct cofi_queue *queue, unsigned long age);
bool cofi_queue_query_pick(struct cofi_queue *queue, unsigned long age, u64 *tag, u64 *asked);
int cofi_queue_query_match(struct cofi_queue *queue, const struct cof_hdr *rsp,
			   struct asym_request **req, bool *freed);
bool cofi_queue_query_overdue(struct cofi_queue *queue, unsigned long age);
void cofi_queue_abort(struct cofi_queue *queue);

#endif /* _COFI_QUEUE_H */
