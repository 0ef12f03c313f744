// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection into connections, of either end: messages that are lost,
 * late, damaged, cut or out of order, memory that lacks, connections that break.
 * Behind a static key; knobs are in debugfs (fault_debugfs.c).
 *
 * All that happens to a message happens in cof_fault_tx(), within
 * cof_conn_submit(). A message that is not sent at once is the connection's: on
 * conn->fault.held, under conn->tx_lock, one of its own buffers (so there are
 * never more than it has), counted as unsent. conn->fault.work sends it when it
 * is due, or gives the buffer back if it is to be dropped: in process context,
 * since users are told of a free buffer. cof_conn_close() stops the work and sends
 * what is left. A connection that is to break is marked COF_CONN_SHUT, and its
 * transport shuts it when the messages before are sent.
 *
 * Locks: conn->tx_lock, then cof_fault_lock (bottom halves disabled, innermost), which
 * guards the knobs, the random numbers and the list of connections that wait for
 * others. A connection leaves that list before it is closed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/workqueue.h>
#include <trace/events/cof.h>
#include "conn.h"
#include "fault.h"
#include "fault_knobs.h"
#include "msg.h"
#include "transport.h"

/* The fate of a message that is held: struct cof_txbuf.fate. */
enum {
	FATE_SEND,	/* when it is due */
	FATE_OVERTAKEN,	/* likewise, or when another queue sent something */
	FATE_DROP,
};

DEFINE_STATIC_KEY_FALSE(cof_fault_key);
DEFINE_SPINLOCK(cof_fault_lock);

struct cof_fault_knobs cof_fault_knobs[COF_FAULT_NR] = {
	[0 ... COF_FAULT_NR - 1] = { .count = -1, .delay_us = 10000 },
};

static LIST_HEAD(fault_waiting);	/* cof_conn.fault.list */
static struct rnd_state fault_random;
static u64 fault_seed;
static DEFINE_MUTEX(fault_enable_lock);	/* the key */
static struct workqueue_struct *fault_wq;

/* ---- chance ----------------------------------------------------------------- */

static u32 fault_random_below(u32 ceil)
{
	u32 n;

	spin_lock_bh(&cof_fault_lock);
	n = prandom_u32_state(&fault_random) % ceil;
	spin_unlock_bh(&cof_fault_lock);
	return n;
}

static enum cof_fault_state fault_state(u16 opcode)
{
	switch (opcode) {
	case COF_CONNECT:
		return COF_FAULT_CONNECT;
	case COF_IDENTIFY:
		return COF_FAULT_IDENTIFY;
	case COF_KEY_OPEN:
		return COF_FAULT_KEY_OPEN;
	}
	return opcode >= COF_ENCRYPT ? COF_FAULT_INFLIGHT : COF_FAULT_ANY;
}

/* @conn: NULL while it is set up: then it is no queue yet. @opcode: 0 if there is no message. */
static bool fault_meant(const struct cof_fault_knobs *knobs, const struct cof_conn *conn,
			bool accepted, u16 opcode)
{
	u8 side = accepted ? COF_FAULT_TARGET : COF_FAULT_INITIATOR;
	u8 queue = COF_FAULT_ALL;

	if (conn)
		queue = READ_ONCE(conn->qid) ? COF_FAULT_IO : COF_FAULT_ADMIN;
	if (knobs->side != COF_FAULT_BOTH && knobs->side != side)
		return false;
	if (knobs->queue != COF_FAULT_ALL && knobs->queue != queue)
		return false;
	return knobs->state == COF_FAULT_ANY || knobs->state == fault_state(opcode);
}

static bool fault_hit(enum cof_fault_kind kind, const struct cof_conn *conn, bool accepted,
		      u16 opcode)
{
	struct cof_fault_knobs *knobs = &cof_fault_knobs[kind];
	bool hit;

	if (!READ_ONCE(knobs->probability))
		return false;
	spin_lock_bh(&cof_fault_lock);
	hit = knobs->count && fault_meant(knobs, conn, accepted, opcode) &&
	      prandom_u32_state(&fault_random) % COF_FAULT_SCALE < knobs->probability;
	if (hit) {
		knobs->injected++;
		if (knobs->count > 0)
			knobs->count--;
	}
	spin_unlock_bh(&cof_fault_lock);
	if (hit)
		trace_cof_fault(kind, conn ? conn->id : 0, accepted,
				conn ? READ_ONCE(conn->qid) : 0, opcode);
	return hit;
}

/* ---- messages that are held -------------------------------------------------- */

/* The work runs at @due, or before. */
static void fault_arm(struct cof_conn *conn, unsigned long due)
{
	struct cof_conn_fault *fault = &conn->fault;
	long left = due - jiffies;

	lockdep_assert_held(&conn->tx_lock);
	if (delayed_work_pending(&fault->work) && !time_before(due, fault->next))
		return;
	fault->next = due;
	mod_delayed_work(fault_wq, &fault->work, max(left, 0L));
}

static void fault_hold(struct cof_conn *conn, struct cof_txbuf *buf, u8 fate,
		       unsigned long delay)
{
	lockdep_assert_held(&conn->tx_lock);
	buf->fate = fate;
	buf->due = jiffies + delay;
	list_add_tail(&buf->list, &conn->fault.held);
	fault_arm(conn, buf->due);
}

static void fault_hold_for_others(struct cof_conn *conn, struct cof_txbuf *buf)
{
	fault_hold(conn, buf, FATE_OVERTAKEN, msecs_to_jiffies(COF_FAULT_REORDER_MS));
	spin_lock_bh(&cof_fault_lock);
	if (list_empty(&conn->fault.list))
		list_add_tail(&conn->fault.list, &fault_waiting);
	spin_unlock_bh(&cof_fault_lock);
}

/* @conn sends a message: what other queues of its association hold may follow. */
static void fault_overtake(const struct cof_conn *conn)
{
	struct cof_conn *other, *next;

	if (list_empty(&fault_waiting) || !READ_ONCE(conn->group))
		return;
	spin_lock_bh(&cof_fault_lock);
	list_for_each_entry_safe(other, next, &fault_waiting, fault.list) {
		if (other == conn || READ_ONCE(other->group) != conn->group)
			continue;
		list_del_init(&other->fault.list);
		WRITE_ONCE(other->fault.overtaken, true);
		mod_delayed_work(fault_wq, &other->fault.work, 0);
	}
	spin_unlock_bh(&cof_fault_lock);
}

static bool fault_is_due(const struct cof_txbuf *buf, bool overtaken)
{
	return !time_before(jiffies, buf->due) || (overtaken && buf->fate == FATE_OVERTAKEN);
}

/*
 * Sends what is due, or all. Buffers to be dropped go to @dropped, for the caller
 * to give back without the lock.
 */
static void fault_release(struct cof_conn *conn, bool all, struct list_head *dropped)
{
	bool overtaken = xchg(&conn->fault.overtaken, false);
	bool shut = test_bit(COF_CONN_SHUT, &conn->state);
	struct cof_txbuf *buf, *next;
	bool kick = false;

	lockdep_assert_held(&conn->tx_lock);
	list_for_each_entry_safe(buf, next, &conn->fault.held, list) {
		if (!all && !fault_is_due(buf, overtaken)) {
			fault_arm(conn, buf->due);
			continue;
		}
		if (buf->fate == FATE_DROP || shut) {
			list_move_tail(&buf->list, dropped);
		} else {
			list_move_tail(&buf->list, &conn->tx_queue);
			kick = true;
		}
	}
	if (kick)
		conn->transport->kick(conn);
}

static void fault_drop(struct cof_conn *conn, struct list_head *dropped)
{
	struct cof_txbuf *buf, *next;

	list_for_each_entry_safe(buf, next, dropped, list) {
		list_del_init(&buf->list);
		cof_conn_put_tx(conn, buf);
	}
}

static void fault_work(struct work_struct *work)
{
	struct cof_conn *conn = container_of(to_delayed_work(work), struct cof_conn, fault.work);
	LIST_HEAD(dropped);
	bool ready;

	spin_lock_bh(&conn->tx_lock);
	fault_release(conn, false, &dropped);
	/* Somebody was told that there is no buffer, but no buffer will come back for that. */
	ready = conn->tx_starved && !conn->tx_closed && !list_empty(&conn->tx_free);
	if (ready)
		conn->tx_starved = false;
	spin_unlock_bh(&conn->tx_lock);

	fault_drop(conn, &dropped);
	if (ready && conn->ops && conn->ops->tx_ready)
		conn->ops->tx_ready(conn);
}

/* ---- hooks -------------------------------------------------------------------- */

/* After the messages before: nothing is sent any more, and the transport breaks it. */
static void fault_shut(struct cof_conn *conn)
{
	lockdep_assert_held(&conn->tx_lock);
	conn->tx_closed = true;
	set_bit(COF_CONN_SHUT, &conn->state);
	conn->transport->kick(conn);
}

/* Nobody would notice on others. CONNECT and its answer never have any. */
static bool fault_has_digests(const struct cof_conn *conn, u16 opcode)
{
	return conn->tx_digests == COF_DIGESTS && opcode != COF_CONNECT;
}

/**
 * __cof_fault_tx() - a message is about to be queued; see cof_fault_tx()
 * @conn: not closed
 * @buf: complete, with digests; counted as unsent
 *
 * Context: conn->tx_lock held.
 * Return: true: it is not to be queued, it is taken care of.
 */
bool __cof_fault_tx(struct cof_conn *conn, struct cof_txbuf *buf)
{
	u16 opcode = cof_msg_opcode((const struct cof_hdr *)buf->data);
	bool accepted = conn->accepted;
	u32 bit;

	lockdep_assert_held(&conn->tx_lock);
	if (fault_hit(COF_FAULT_CLOSE, conn, accepted, opcode)) {
		fault_shut(conn);
		fault_hold(conn, buf, FATE_DROP, 0);
		return true;
	}
	if (fault_hit(COF_FAULT_TRUNCATE, conn, accepted, opcode)) {
		buf->len = 1 + fault_random_below(buf->len - 1);
		fault_shut(conn);
		return false;
	}
	if (fault_hit(COF_FAULT_DROP, conn, accepted, opcode)) {
		fault_hold(conn, buf, FATE_DROP, 0);
		return true;
	}
	if (fault_has_digests(conn, opcode) &&
	    fault_hit(COF_FAULT_CORRUPT, conn, accepted, opcode)) {
		bit = fault_random_below(buf->len * BITS_PER_BYTE);
		buf->data[bit / BITS_PER_BYTE] ^= BIT(bit % BITS_PER_BYTE);
	}
	if (fault_hit(COF_FAULT_DELAY, conn, accepted, opcode)) {
		fault_hold(conn, buf, FATE_SEND,
			   usecs_to_jiffies(READ_ONCE(cof_fault_knobs[COF_FAULT_DELAY].delay_us)));
		return true;
	}
	if (fault_hit(COF_FAULT_REORDER, conn, accepted, opcode)) {
		fault_hold_for_others(conn, buf);
		return true;
	}
	fault_overtake(conn);
	return false;
}

/**
 * __cof_fault_get_tx() - is a buffer refused?
 * @conn: not closed
 *
 * ops->tx_ready will be called nevertheless.
 *
 * Context: conn->tx_lock held.
 * Return: true if so.
 */
bool __cof_fault_get_tx(struct cof_conn *conn)
{
	lockdep_assert_held(&conn->tx_lock);
	if (!fault_hit(COF_FAULT_ALLOC, conn, conn->accepted, 0))
		return false;
	fault_arm(conn, jiffies + 1);
	return true;
}

/**
 * __cof_fault_setup() - is there no memory for a connection?
 * @accepted: the target's end
 *
 * Context: process.
 * Return: true if so.
 */
bool __cof_fault_setup(bool accepted)
{
	return fault_hit(COF_FAULT_ALLOC, NULL, accepted, 0);
}

/**
 * cof_fault_conn_init() - prepare a new connection
 * @conn: zeroed
 *
 * Context: process.
 */
void cof_fault_conn_init(struct cof_conn *conn)
{
	INIT_LIST_HEAD(&conn->fault.held);
	INIT_LIST_HEAD(&conn->fault.list);
	INIT_DELAYED_WORK(&conn->fault.work, fault_work);
}

/**
 * cof_fault_conn_close() - hold nothing any more
 * @conn: tx_closed is set, its transport still works
 *
 * Messages that were held are queued for the transport, or given back. On return the work does not
 * run, nor will it.
 *
 * Context: process; not from a callback of @conn.
 */
void cof_fault_conn_close(struct cof_conn *conn)
{
	LIST_HEAD(dropped);

	spin_lock_bh(&cof_fault_lock);
	list_del_init(&conn->fault.list);
	spin_unlock_bh(&cof_fault_lock);
	disable_delayed_work_sync(&conn->fault.work);
	spin_lock_bh(&conn->tx_lock);
	fault_release(conn, true, &dropped);
	spin_unlock_bh(&conn->tx_lock);
	fault_drop(conn, &dropped);
}

/* ---- on and off ---------------------------------------------------------------- */

/**
 * cof_fault_seed_set() - begin a sequence of random numbers
 * @seed: the same one, and the same order of events, give the same faults
 *
 * Context: process.
 */
void cof_fault_seed_set(u64 seed)
{
	spin_lock_bh(&cof_fault_lock);
	fault_seed = seed;
	prandom_seed_state(&fault_random, seed);
	spin_unlock_bh(&cof_fault_lock);
}

/**
 * cof_fault_seed_get() - where the random numbers began
 *
 * Context: any.
 * Return: the seed.
 */
u64 cof_fault_seed_get(void)
{
	return READ_ONCE(fault_seed);
}

/**
 * cof_fault_enable() - switch it on or off
 * @on: the knobs count; off: nothing is injected, what is held is still sent when it is due
 *
 * Context: process.
 */
void cof_fault_enable(bool on)
{
	guard(mutex)(&fault_enable_lock);
	if (on != static_key_enabled(&cof_fault_key))
		pr_notice("fault injection is %s\n", on ? "on" : "off");
	if (on)
		static_branch_enable(&cof_fault_key);
	else
		static_branch_disable(&cof_fault_key);
}

/**
 * cof_fault_enabled() - is it on?
 *
 * Context: any.
 * Return: true if so.
 */
bool cof_fault_enabled(void)
{
	return static_key_enabled(&cof_fault_key);
}

/**
 * cof_fault_init() - at module init
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int cof_fault_init(void)
{
	fault_wq = alloc_workqueue("cof_fault", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!fault_wq)
		return -ENOMEM;
	cof_fault_seed_set(get_random_u64());
	cof_fault_debugfs_init();
	return 0;
}

/**
 * cof_fault_exit() - at module exit: there is no connection any more
 *
 * Context: process.
 */
void cof_fault_exit(void)
{
	cof_fault_debugfs_exit();
	destroy_workqueue(fault_wq);
}
