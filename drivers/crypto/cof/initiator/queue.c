// SPDX-License-Identifier: GPL-2.0-only
/*
 * An I/O queue: the operations in flight on it.
 *
 * Owns the slots of a struct cofi_queue, made once; nothing is allocated for an
 * operation. queue->lock (bottom halves disabled) guards them. An operation is
 * put into its slot when its message is complete and nobody will read the
 * request's input any more; whoever takes it out of the slot (the answer in
 * the receive callback, the answer to QUERY that says it is lost, cofi_queue_cancel(), or
 * cofi_queue_fail() when the association is dead) completes it: so exactly once.
 *
 * The slot of an operation that was cancelled stays in use, since it counts in the depth that
 * the target granted: until the operation is answered, at once if it had not begun, or the answer
 * to ABORT says that it is not there. ABORT is sent again while neither comes.
 */
#include <linux/slab.h>
#include "../msg.h"
#include "assoc.h"
#include "path.h"
#include "queue.h"
#include "shared.h"

/*
 * Who sends by himself may have his answer before he is back from it. Then nobody knows whether
 * he had more to send meanwhile, which would be cheaper together: every so often he gets the
 * chance. Who took it, is expected to have company for some time.
 */
#define COFI_PROBE	64
#define COFI_TOGETHER	32

static void cofi_queue_close_work(struct work_struct *work);

/**
 * cofi_queue_alloc() - make an I/O queue, not connected
 * @assoc: whose
 * @qid: its number, from 1
 * @depth: operations in flight, 1 to COF_MAX_DEPTH
 *
 * Context: may sleep.
 * Return: the queue, or NULL.
 */
struct cofi_queue *cofi_queue_alloc(struct cofi_assoc *assoc, u16 qid, u16 depth)
{
	struct cofi_queue *queue;
	unsigned int i;

	queue = kvzalloc(struct_size(queue, slots, depth), GFP_KERNEL);
	if (!queue)
		return NULL;
	cofi_chan_init(&queue->chan, assoc);
	queue->qid = qid;
	queue->depth = depth;
	queue->limit = depth;
	spin_lock_init(&queue->lock);
	INIT_WORK(&queue->close_work, cofi_queue_close_work);
	for (i = 0; i < depth; i++)
		queue->slots[i].next = i + 1 < depth ? i + 1 : COFI_NO_SLOT;
	return queue;
}

/**
 * cofi_queue_free() - free a queue that is closed and holds nothing
 * @queue: the queue
 */
void cofi_queue_free(struct cofi_queue *queue)
{
	cofi_chan_free(&queue->chan);
	kvfree(queue);
}

/* Those in flight are completed as soon as it is closed: closing another one may take longer. */
static void cofi_queue_close_work(struct work_struct *work)
{
	struct cofi_queue *queue = container_of(work, struct cofi_queue, close_work);

	cofi_chan_close(&queue->chan);
	cofi_queue_fail(queue);
}

/**
 * cofi_queue_close() - begin to close a queue, and complete all that is in flight with -ENODEV
 * @queue: its association is dead; cofi_queue_closed() follows
 *
 * Context: process.
 */
void cofi_queue_close(struct cofi_queue *queue)
{
	queue_work(cofi_close_wq, &queue->close_work);
}

/**
 * cofi_queue_closed() - wait for that
 * @queue: after cofi_queue_close()
 *
 * Context: may sleep, as long as closing one connection takes.
 */
void cofi_queue_closed(struct cofi_queue *queue)
{
	flush_work(&queue->close_work);
}

/* ---- slots ---------------------------------------------------------------- */

/* The queue was idle: is what comes now the only one for some time? From what was last. */
static void cofi_queue_expect(struct cofi_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	if (queue->crowded)
		queue->together = COFI_TOGETHER;
	else if (queue->together)
		queue->together--;
	queue->crowded = false;
	WRITE_ONCE(queue->alone, !queue->together && ++queue->lonely % COFI_PROBE);
}

/**
 * cofi_queue_take() - put an operation into a slot
 * @queue: the queue
 * @req: the operation
 * @opcode: of its message
 * @tag: for its message
 *
 * Context: any.
 * Return: how many were in flight before; -EBUSY no slot is free, or the quota is in flight;
 * -E2BIG it has its key with it, and as many as may be in flight are; -ENODEV the association
 * is dead.
 */
int cofi_queue_take(struct cofi_queue *queue, struct asym_request *req, u16 opcode, u64 *tag)
{
	struct cofi_req *mine = (struct cofi_req *)req->drv;
	struct cofi_slot *slot;
	int err = 0;
	u16 i;

	static_assert(sizeof(*mine) <= sizeof(req->drv));

	spin_lock_bh(&queue->lock);
	i = queue->free;
	if (cofi_assoc_dead(queue->chan.assoc)) {
		err = -ENODEV;
	} else if (i == COFI_NO_SLOT || queue->inflight >= queue->limit) {
		err = -EBUSY;
	} else if (req->key && queue->inline_keys >= COF_INLINE_KEYS) {
		err = -E2BIG;
	} else {
		slot = &queue->slots[i];
		WRITE_ONCE(queue->free, slot->next);
		slot->req = req;
		slot->opcode = opcode;
		slot->with_key = req->key;
		slot->aborts = 0;
		queue->inline_keys += slot->with_key;
		slot->asked = jiffies;
		*tag = cofi_tag(i, ++slot->gen);
		WRITE_ONCE(mine->queue, queue);
		mine->tag = *tag;
		err = queue->inflight;
		WRITE_ONCE(queue->inflight, err + 1);
		if (err) {
			queue->crowded = true;
		} else {
			queue->progress = jiffies;
			cofi_queue_expect(queue);
		}
	}
	spin_unlock_bh(&queue->lock);
	return err;
}

/**
 * cofi_queue_limit() - how much may be in flight from now on
 * @queue: the queue
 * @limit: operations; made 1 to the depth
 *
 * Context: any.
 */
void cofi_queue_limit(struct cofi_queue *queue, u32 limit)
{
	spin_lock_bh(&queue->lock);
	queue->limit = clamp_t(u32, limit, 1, queue->depth);
	spin_unlock_bh(&queue->lock);
}

/* Returns whose it was; NULL: it was cancelled. */
static struct asym_request *cofi_slot_release(struct cofi_queue *queue, u16 i)
{
	struct cofi_slot *slot = &queue->slots[i];
	struct asym_request *req = slot->req;

	lockdep_assert_held(&queue->lock);
	queue->cancelled -= !req;
	slot->req = NULL;
	slot->opcode = 0;
	slot->next = queue->free;
	WRITE_ONCE(queue->free, i);
	queue->inline_keys -= slot->with_key;
	WRITE_ONCE(queue->inflight, queue->inflight - 1);
	queue->progress = jiffies;
	return req;
}

/* What a response to @req may say, beyond what cof_msg_check() knows. */
static bool cofi_response_fits(const struct asym_request *req, const struct cof_io_rsp *rsp)
{
	u32 len = cof_msg_data_len(&rsp->hdr);

	if (cof_msg_status(&rsp->hdr) != COF_S_OK)
		return !len;
	return le16_to_cpu(rsp->hdr.hlen) == sizeof(*rsp) &&
	       le32_to_cpu(rsp->out_len) == len &&
	       len <= (req->op == ASYM_VERIFY ? 0 : req->out_len);
}

/**
 * cofi_queue_match() - find, and take out, the operation that a response answers
 * @queue: the queue
 * @rsp: the response; cof_msg_check() passed
 * @req: the operation, the caller's to complete; NULL: it was late, and counted
 * @freed: there is room for another one although none is completed
 *
 * Context: any.
 * Return: 0, or -EPROTO: the response breaks rules; the
 * operation, if there is one, stays where it is.
 */
int cofi_queue_match(struct cofi_queue *queue, const struct cof_io_rsp *rsp,
		     struct asym_request **req, bool *freed)
{
	u64 gen = cof_msg_tag(&rsp->hdr) >> COFI_TAG_SHIFT;
	u16 i = (u16)cof_msg_tag(&rsp->hdr);
	struct cofi_slot *slot;
	int err = -EPROTO;

	*req = NULL;
	*freed = false;
	if (i >= queue->depth)
		return -EPROTO;

	spin_lock_bh(&queue->lock);
	slot = &queue->slots[i];
	if (gen > slot->gen || !gen)
		goto unlock;
	if (gen == slot->gen && slot->opcode) {
		if (slot->opcode != cof_msg_opcode(&rsp->hdr) ||
		    (slot->req && !cofi_response_fits(slot->req, rsp)))
			goto unlock;
		*req = cofi_slot_release(queue, i);
		*freed = !*req;
	}
	/* What was cancelled in time is not late. */
	if (!*req && !(*freed && cof_msg_status(&rsp->hdr) == COF_S_ABORTED))
		atomic64_inc(&queue->chan.assoc->path->count.late_answers);
	err = 0;
unlock:
	spin_unlock_bh(&queue->lock);
	return err;
}

/**
 * cofi_queue_fail() - complete all that is in flight with -ENODEV
 * @queue: the queue; its association is dead and its connection closed
 *
 * Context: process.
 */
void cofi_queue_fail(struct cofi_queue *queue)
{
	struct cofi_path *path = queue->chan.assoc->path;
	struct asym_request *req;
	unsigned int i;

	for (i = 0; i < queue->depth; i++) {
		spin_lock_bh(&queue->lock);
		req = queue->slots[i].req;
		if (queue->slots[i].opcode)
			cofi_slot_release(queue, i);
		spin_unlock_bh(&queue->lock);
		if (!req)
			continue;
		atomic64_inc(&path->count.lost);
		asym_request_done(req, -ENODEV, 0);
	}
}

/* ---- QUERY and ABORT ------------------------------------------------------- */

static struct cofi_slot *cofi_slot_of(struct cofi_queue *queue, u64 tag)
{
	struct cofi_slot *slot = &queue->slots[(u16)tag];

	lockdep_assert_held(&queue->lock);
	return slot->opcode && slot->gen == tag >> COFI_TAG_SHIFT ? slot : NULL;
}

/**
 * cofi_queue_query_pick() - which operation to ask after
 * @queue: the queue
 * @age: jiffies that one may be silent
 * @tag: for QUERY, which is in flight then
 * @asked: the operation's
 *
 * In turn: who is not the first is not the last for ever.
 *
 * Context: any.
 * Return: true if there is one, and no other QUERY in flight.
 */
bool cofi_queue_query_pick(struct cofi_queue *queue, unsigned long age, u64 *tag, u64 *asked)
{
	struct cofi_query *query = &queue->query;
	struct cofi_slot *slot;
	bool found = false;
	unsigned int n;
	u16 i;

	spin_lock_bh(&queue->lock);
	for (n = 0; n < queue->depth && queue->inflight && !query->busy && !found; n++) {
		i = query->cursor;
		query->cursor = i + 1 < queue->depth ? i + 1 : 0;
		slot = &queue->slots[i];
		found = slot->req && time_after_eq(jiffies, slot->asked + age);
		if (!found)
			continue;
		slot->asked = jiffies;
		*asked = cofi_tag(i, slot->gen);
	}
	if (found) {
		*tag = cofi_tag(COFI_QUERY_SLOT, (query->tag >> COFI_TAG_SHIFT) + 1);
		query->busy = true;
		query->late = false;
		query->tag = *tag;
		query->asked = *asked;
		query->sent = jiffies;
	}
	spin_unlock_bh(&queue->lock);
	return found;
}

/**
 * cofi_queue_query() - ask after an operation that is silent
 * @queue: connected if anything is in flight
 * @age: jiffies that one may be silent
 *
 * Context: any.
 */
void cofi_queue_query(struct cofi_queue *queue, unsigned long age)
{
	struct cof_query_req *req;
	struct cof_txbuf *buf;
	u64 tag, asked;

	if (!READ_ONCE(queue->inflight))
		return;
	buf = cof_conn_get_tx(queue->chan.conn);
	if (!buf)
		return;
	if (!cofi_queue_query_pick(queue, age, &tag, &asked)) {
		cof_conn_put_tx(queue->chan.conn, buf);
		return;
	}
	req = (struct cof_query_req *)buf->data;
	cof_request_init(&req->hdr, COF_QUERY, sizeof(*req), 0, tag);
	req->query_tag = cpu_to_le64(asked);
	atomic64_inc(&queue->chan.assoc->path->count.queries);
	cof_conn_submit(queue->chan.conn, buf, sizeof(*req));
}

/**
 * cofi_queue_query_match() - QUERY was answered
 * @queue: the queue
 * @rsp: the response; cof_msg_check() passed
 * @req: an operation that is lost, the caller's to complete; or NULL
 * @freed: there is room for another one although none is completed
 *
 * Context: any.
 * Return: 0, or -EPROTO: the response breaks rules.
 */
int cofi_queue_query_match(struct cofi_queue *queue, const struct cof_hdr *rsp,
			   struct asym_request **req, bool *freed)
{
	struct cofi_query *query = &queue->query;
	struct cofi_slot *slot;
	int err = -EPROTO;

	*req = NULL;
	*freed = false;
	spin_lock_bh(&queue->lock);
	if (!query->busy || query->tag != cof_msg_tag(rsp))
		goto unlock;
	slot = cofi_slot_of(queue, query->asked);
	switch (cof_msg_status(rsp)) {
	case COF_S_OK:
		if (slot && slot->req)
			slot->asked = jiffies;
		break;
	case COF_S_UNKNOWN_HANDLE:
		if (!slot)
			break;
		*req = cofi_slot_release(queue, slot - queue->slots);
		*freed = !*req;
		break;
	default:
		goto unlock;
	}
	query->busy = false;
	queue->progress = jiffies;
	err = 0;
unlock:
	spin_unlock_bh(&queue->lock);
	return err;
}

/**
 * cofi_queue_query_overdue() - does the target not even answer QUERY?
 * @queue: the queue
 * @age: jiffies that QUERY may take, and silence
 *
 * To be called now and then: only at the second look it is too late, so that, when this
 * machine itself was not running, the target gets a chance to answer first. Other answers
 * show that there is a queue at the target, but not for ever.
 *
 * Context: any.
 * Return: true if so.
 */
bool cofi_queue_query_overdue(struct cofi_queue *queue, unsigned long age)
{
	struct cofi_query *query = &queue->query;
	bool late, overdue;

	spin_lock_bh(&queue->lock);
	late = query->busy && time_after_eq(jiffies, query->sent + age) &&
	       (time_after_eq(jiffies, queue->progress + age) ||
		time_after_eq(jiffies, query->sent + 4 * age));
	overdue = late && query->late;
	query->late = late;
	spin_unlock_bh(&queue->lock);
	return overdue;
}

/* Without a buffer now, the next look will have one. */
static void cofi_abort_send(struct cofi_queue *queue, u64 aborted, u8 nr)
{
	u64 tag = aborted | COFI_ABORT_BIT | (nr << COFI_ABORT_SHIFT & COFI_ABORT_MASK);
	struct cof_conn *conn = queue->chan.conn;
	struct cof_txbuf *buf = cof_conn_get_tx(conn);
	struct cof_abort_req *req;

	if (!buf)
		return;
	req = (struct cof_abort_req *)buf->data;
	cof_request_init(&req->hdr, COF_ABORT, sizeof(*req), 0, tag);
	req->abort_tag = cpu_to_le64(aborted);
	cof_conn_submit(conn, buf, sizeof(*req));
}

/**
 * cofi_queue_disown() - nobody waits for an operation any more: take it out of its slot
 * @queue: the queue
 * @req: the operation
 * @tag: its own, for ABORT
 *
 * Context: any.
 * Return: true: it is the caller's to complete, nothing of ours looks at it any more. False: it was
 * answered, or is being.
 */
bool cofi_queue_disown(struct cofi_queue *queue, const struct asym_request *req, u64 *tag)
{
	const struct cofi_req *mine = (const struct cofi_req *)req->drv;
	struct cofi_slot *slot = NULL;

	static_assert(BIT(COFI_ABORT_SHIFT) >= COF_MAX_DEPTH);

	spin_lock_bh(&queue->lock);
	*tag = mine->tag;
	if ((u16)*tag < queue->depth)
		slot = cofi_slot_of(queue, *tag);
	if (slot && slot->req == req) {
		slot->req = NULL;
		slot->aborts++;
		slot->asked = jiffies;
		slot->cancelled = slot->asked;
		queue->cancelled++;
	} else {
		slot = NULL;
	}
	spin_unlock_bh(&queue->lock);
	return slot;
}

/**
 * cofi_queue_cancel() - nobody waits for an operation any more
 * @queue: it is, or was, in flight there
 * @req: the operation; answered with -ECANCELED unless it is answered otherwise
 *
 * Its input was copied when it was sent, and its output is written by who takes it out of
 * the slot: nothing touches its memory any more.
 *
 * Context: any.
 */
void cofi_queue_cancel(struct cofi_queue *queue, struct asym_request *req)
{
	u64 tag;

	if (!cofi_queue_disown(queue, req, &tag))
		return;
	atomic64_inc(&queue->chan.assoc->path->count.cancelled);
	cofi_abort_send(queue, tag, 1);
	asym_request_done(req, -ECANCELED, 0);
}

/* A cancelled operation of which nothing was heard for so long: its tag. */
static bool cofi_queue_chase_next(struct cofi_queue *queue, unsigned long patience,
				  unsigned long limit, unsigned int *i, bool *stuck, u64 *tag,
				  u8 *nr)
{
	struct cofi_slot *slot;
	bool found = false;

	spin_lock_bh(&queue->lock);
	for (; *i < queue->depth && queue->cancelled && !found && !*stuck; ++*i) {
		slot = &queue->slots[*i];
		if (!slot->opcode || slot->req)
			continue;
		*stuck = time_after_eq(jiffies, slot->cancelled + limit);
		found = time_after_eq(jiffies, slot->asked + patience);
		if (!found)
			continue;
		slot->asked = jiffies;
		*tag = cofi_tag(*i, slot->gen);
		*nr = ++slot->aborts;
	}
	spin_unlock_bh(&queue->lock);
	return found && !*stuck;
}

/**
 * cofi_queue_chase() - ABORT again what was cancelled, and is not answered
 * @queue: connected if anything is in flight
 * @patience: jiffies without an answer
 * @limit: jiffies after which the target is broken
 *
 * Context: process.
 * Return: true if the target keeps a slot for longer than @limit.
 */
bool cofi_queue_chase(struct cofi_queue *queue, unsigned long patience, unsigned long limit)
{
	unsigned int i = 0;
	bool stuck = false;
	u64 tag;
	u8 nr;

	while (cofi_queue_chase_next(queue, patience, limit, &i, &stuck, &tag, &nr))
		cofi_abort_send(queue, tag, nr);
	return stuck;
}

/**
 * cofi_queue_abort() - nobody waits any more for what is in flight
 * @queue: takes no further operations
 *
 * Context: process.
 */
void cofi_queue_abort(struct cofi_queue *queue)
{
	struct cofi_slot *slot;
	unsigned int i;
	bool found;
	u64 tag;
	u8 nr;

	for (i = 0; i < queue->depth; i++) {
		slot = &queue->slots[i];
		spin_lock_bh(&queue->lock);
		found = slot->req;
		if (found) {
			nr = ++slot->aborts;
			tag = cofi_tag(i, slot->gen);
		}
		spin_unlock_bh(&queue->lock);
		if (found)
			cofi_abort_send(queue, tag, nr);
	}
}

/**
 * cofi_queue_abort_match() - ABORT was answered
 * @queue: the queue
 * @rsp: the response; cof_msg_check() passed
 * @freed: there is room for another operation
 *
 * Operations that are aborted are answered like others; it is for those that are not there.
 *
 * Context: any.
 * Return: 0, or -EPROTO: the response breaks rules.
 */
int cofi_queue_abort_match(struct cofi_queue *queue, const struct cof_hdr *rsp, bool *freed)
{
	u16 status = cof_msg_status(rsp);
	u64 tag = cof_msg_tag(rsp);
	struct cofi_slot *slot;
	int err = -EPROTO;
	u16 i;

	*freed = false;
	if (!(tag & COFI_ABORT_BIT))
		return -EPROTO;
	tag &= ~(u64)(COFI_ABORT_BIT | COFI_ABORT_MASK);
	i = (u16)tag;
	if (i >= queue->depth || (status != COF_S_OK && status != COF_S_UNKNOWN_HANDLE))
		return -EPROTO;

	spin_lock_bh(&queue->lock);
	slot = &queue->slots[i];
	if (tag >> COFI_TAG_SHIFT > slot->gen || !(tag >> COFI_TAG_SHIFT))
		goto unlock;
	err = 0;
	slot = cofi_slot_of(queue, tag);
	if (!slot)
		goto unlock;
	if (!slot->aborts) {
		err = -EPROTO;
		goto unlock;
	}
	/* One that somebody waits for (cofi_queue_abort()) is lost then: closing completes it. */
	if (status == COF_S_UNKNOWN_HANDLE && !slot->req) {
		cofi_slot_release(queue, i);
		*freed = true;
	}
unlock:
	spin_unlock_bh(&queue->lock);
	return err;
}
