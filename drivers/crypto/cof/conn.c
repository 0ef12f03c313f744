// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: the part that is the same for every transport. Owns the pool
 * of send buffers and the queue of what is to be sent; conn->tx_lock (bottom
 * halves disabled, innermost) guards both. Delivers to the user's callbacks.
 * conn->lock (sleeping, outermost) keeps closing from the way of starting and
 * resizing: a peer may go at any moment of the set-up.
 *
 * Closing. A transport calls back from its receive path and from its send
 * worker. close() marks the connection (no error callback begins, submit()
 * drops, so nobody kicks the worker any more), then the transport stops its
 * receive path and its worker and waits for them: that is the guarantee "no
 * callback after return". Memory stays until the last cof_conn_put(). A transport whose
 * device goes ends a connection itself, under conn->lock, before its user does.
 */
#include <linux/crc32c.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <trace/events/cof.h>
#include "addr.h"
#include "conn.h"
#include "fault.h"
#include "msg.h"
#include "stream.h"
#include "transport.h"

static atomic_t conn_ids;

static void conn_trace_state(const struct cof_conn *conn, enum cof_conn_event event, int err)
{
	trace_cof_conn_state(conn->id, conn->accepted, READ_ONCE(conn->qid), conn->peer_name,
			     event, err);
}

const char *const cof_digest_names[COF_DIGESTS + 1] = {
	[0]			= "none",
	[COF_DIGEST_HDR]	= "header",
	[COF_DIGEST_DATA]	= "data",
	[COF_DIGESTS]		= "both",
};
EXPORT_SYMBOL_GPL(cof_digest_names);

/*
 * A send buffer is one object, its message behind it. That begins and, as all sizes here, ends with
 * a cache line of its own: it may be the target of DMA.
 */
#define TXBUF_DATA	ALIGN(sizeof(struct cof_txbuf), COF_DMA_ALIGN)

/*
 * Nearly all of them are of two sizes, that of requests and that of answers on an I/O queue:
 * packed, where kmalloc() would round up to the next power of two. Less memory, and more of it in a
 * CPU's cache: it is the same few cache lines at the beginning of each that are used.
 */
static struct kmem_cache *txbuf_caches[2];
static const u32 txbuf_sizes[ARRAY_SIZE(txbuf_caches)] = {
	ALIGN(COF_IO_REQ_MAX, 64),
	ALIGN(COF_IO_RSP_MAX, 64),
};

/* Context: once, before the first connection. Return: 0 or -ENOMEM. */
int __init cof_conn_caches_init(void)
{
	static const char *const names[ARRAY_SIZE(txbuf_caches)] = { "cof_tx_req", "cof_tx_rsp" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(txbuf_caches); i++) {
		u32 size = TXBUF_DATA + ALIGN(txbuf_sizes[i], COF_DMA_ALIGN);

		txbuf_caches[i] = kmem_cache_create(names[i], size, COF_DMA_ALIGN, 0, NULL);
		if (!txbuf_caches[i]) {
			cof_conn_caches_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/* After the last one. */
void cof_conn_caches_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(txbuf_caches); i++)
		kmem_cache_destroy(txbuf_caches[i]);
}

static struct cof_txbuf *txbuf_alloc(u32 size, bool large)
{
	struct cof_txbuf *buf;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(txbuf_sizes); i++)
		if (size == txbuf_sizes[i])
			break;
	if (i < ARRAY_SIZE(txbuf_caches))
		buf = kmem_cache_zalloc(txbuf_caches[i], GFP_KERNEL);
	else
		buf = kzalloc(TXBUF_DATA + ALIGN(size, COF_DMA_ALIGN), GFP_KERNEL);
	if (!buf)
		return NULL;
	buf->size = size;
	buf->large = large;
	buf->data = (u8 *)buf + TXBUF_DATA;
	return buf;
}

static void txbuf_unmap_locked(struct cof_conn *conn, struct cof_txbuf *buf)
{
	lockdep_assert_held(&conn->tx_lock);
	if (buf->mapped)
		conn->transport->unmap_tx(conn, buf);
	buf->mapped = false;
}

static void txbufs_free(struct cof_conn *conn, struct list_head *list)
{
	struct cof_txbuf *buf, *next;

	spin_lock_bh(&conn->tx_lock);
	list_for_each_entry(buf, list, list) {
		txbuf_unmap_locked(conn, buf);
		list_del(&buf->all);
	}
	spin_unlock_bh(&conn->tx_lock);
	list_for_each_entry_safe(buf, next, list, list) {
		list_del(&buf->list);
		kfree_sensitive(buf);
	}
}

static int txbuf_new(struct cof_conn *conn, struct list_head *list, u32 size, bool large)
{
	struct cof_txbuf *buf = txbuf_alloc(size, large);
	int err = 0;

	if (!buf)
		return -ENOMEM;
	if (conn->transport->map_tx)
		err = conn->transport->map_tx(conn, buf);
	if (err) {
		kfree(buf);
		return err;
	}
	buf->mapped = conn->transport->map_tx;
	spin_lock_bh(&conn->tx_lock);
	list_add(&buf->all, &conn->tx_all);
	spin_unlock_bh(&conn->tx_lock);
	list_add(&buf->list, list);
	return 0;
}

static int txpools_alloc(struct cof_conn *conn, struct list_head *list, struct list_head *large,
			 const struct cof_conn_limits *limits)
{
	int err = 0;
	u32 i;

	for (i = 0; i < limits->tx_bufs && !err; i++)
		err = txbuf_new(conn, list, limits->tx_size, false);
	for (i = 0; i < limits->tx_large_bufs && !err; i++)
		err = txbuf_new(conn, large, limits->tx_large_size, true);
	if (err) {
		txbufs_free(conn, list);
		txbufs_free(conn, large);
	}
	return err;
}

/**
 * cof_conn_unmap_tx() - for transports: the device goes
 * @conn: nothing is being sent, nor will be; buffers may be with the user
 *
 * Context: process; conn->lock held.
 */
void cof_conn_unmap_tx(struct cof_conn *conn)
{
	struct cof_txbuf *buf;

	spin_lock_bh(&conn->tx_lock);
	list_for_each_entry(buf, &conn->tx_all, all)
		txbuf_unmap_locked(conn, buf);
	spin_unlock_bh(&conn->tx_lock);
}
EXPORT_SYMBOL_GPL(cof_conn_unmap_tx);

/**
 * cof_conn_init() - for transports: the common part of a new connection
 * @conn: zeroed, embedded
 * @transport: that makes it; the module is pinned by the core
 * @limits: checked by the core
 * @peer: its address
 *
 * Context: process. Undone by cof_conn_exit().
 * Return: 0; -ENOMEM, or what map_tx() said.
 */
int cof_conn_init(struct cof_conn *conn, const struct cof_transport *transport,
		  const struct cof_conn_limits *limits, const struct sockaddr_storage *peer)
{
	u8 *rx_buf = kzalloc(limits->rx_max, GFP_KERNEL);
	int err;

	if (!rx_buf)
		return -ENOMEM;
	conn->transport = transport;
	conn->limits = *limits;
	conn->peer = *peer;
	conn->id = (u32)atomic_inc_return(&conn_ids);
	cof_addr_format(conn->peer_name, sizeof(conn->peer_name), peer);
	kref_init(&conn->ref);
	mutex_init(&conn->lock);
	mutex_init(&conn->tx_mutex);
	spin_lock_init(&conn->tx_lock);
	INIT_LIST_HEAD(&conn->tx_all);
	INIT_LIST_HEAD(&conn->tx_free);
	INIT_LIST_HEAD(&conn->tx_free_large);
	INIT_LIST_HEAD(&conn->tx_queue);
	cof_stream_init(&conn->rx, rx_buf, limits->rx_max);
	cof_fault_conn_init(conn);
	err = txpools_alloc(conn, &conn->tx_free, &conn->tx_free_large, limits);
	if (err)
		kfree(rx_buf);
	return err;
}
EXPORT_SYMBOL_GPL(cof_conn_init);

/**
 * cof_conn_exit() - for transports: undo cof_conn_init()
 * @conn: closed, or never handed out
 *
 * Context: process.
 */
void cof_conn_exit(struct cof_conn *conn)
{
	txbufs_free(conn, &conn->tx_queue);
	txbufs_free(conn, &conn->tx_free);
	txbufs_free(conn, &conn->tx_free_large);
	kfree_sensitive(conn->rx.buf);
}
EXPORT_SYMBOL_GPL(cof_conn_exit);

/**
 * cof_conn_swap_rx() - for transports: another receive buffer, of another size
 * @conn: the connection
 * @buf: the new one; receives the old one
 * @size: bytes at the new one
 *
 * Context: any, with the lock of the transport's receive path.
 * Return: 0; -EPROTO: bytes of a message are in the old one, nothing was changed.
 */
int cof_conn_swap_rx(struct cof_conn *conn, u8 **buf, u32 size)
{
	u8 *old = conn->rx.buf;

	if (conn->rx.have)
		return -EPROTO;
	cof_stream_init(&conn->rx, *buf, size);
	*buf = old;
	return 0;
}
EXPORT_SYMBOL_GPL(cof_conn_swap_rx);

/**
 * cof_conn_start() - begin to receive
 * @conn: made by cof_conn_connect(), or being accepted
 * @ops: callbacks; they may run before this returns
 * @priv: conn->priv for them
 *
 * Context: process.
 * Return: 0; -ESHUTDOWN: it is closed; or another negative errno. Close
 * and put it in any case.
 */
int cof_conn_start(struct cof_conn *conn, const struct cof_conn_ops *ops, void *priv)
{
	guard(mutex)(&conn->lock);
	if (test_bit(COF_CONN_CLOSED, &conn->state))
		return -ESHUTDOWN;
	conn->ops = ops;
	conn->priv = priv;
	conn_trace_state(conn, COF_CONN_EV_STARTED, 0);
	return conn->transport->start(conn);
}
EXPORT_SYMBOL_GPL(cof_conn_start);

/**
 * cof_conn_resize() - other limits, once it is known what the peer may do
 * @conn: nothing is being received
 * @limits: new ones
 *
 * Context: process.
 * Return: 0; -EPROTO if bytes of a message have arrived; -ESHUTDOWN if it is closed; -ENOMEM
 * (limits unchanged).
 */
int cof_conn_resize(struct cof_conn *conn, const struct cof_conn_limits *limits)
{
	LIST_HEAD(fresh_large);
	LIST_HEAD(fresh);
	LIST_HEAD(old);
	u8 *rx_buf;
	int err;

	guard(mutex)(&conn->lock);
	if (test_bit(COF_CONN_CLOSED, &conn->state))
		return -ESHUTDOWN;
	rx_buf = kzalloc(limits->rx_max, GFP_KERNEL);
	if (!rx_buf)
		return -ENOMEM;
	err = txpools_alloc(conn, &fresh, &fresh_large, limits);
	if (!err)
		err = conn->transport->resize(conn, limits, &rx_buf);
	kfree_sensitive(rx_buf);
	if (err) {
		txbufs_free(conn, &fresh);
		txbufs_free(conn, &fresh_large);
		return err;
	}
	spin_lock_bh(&conn->tx_lock);
	list_splice_init(&conn->tx_free, &old);
	list_splice_init(&conn->tx_free_large, &old);
	list_splice(&fresh, &conn->tx_free);
	list_splice(&fresh_large, &conn->tx_free_large);
	conn->limits = *limits;
	spin_unlock_bh(&conn->tx_lock);
	txbufs_free(conn, &old);
	return 0;
}
EXPORT_SYMBOL_GPL(cof_conn_resize);

/**
 * cof_conn_set_kato() - the keep-alive time-out that was agreed on
 * @conn: connected; nothing happens if it is closed
 * @kato_ms: milliseconds
 *
 * The transport must not give up before the peers do, who know why it is silent,
 * nor hold on for long afterwards.
 *
 * Context: process.
 */
void cof_conn_set_kato(struct cof_conn *conn, unsigned int kato_ms)
{
	guard(mutex)(&conn->lock);
	if (conn->transport->set_kato && !test_bit(COF_CONN_CLOSED, &conn->state))
		conn->transport->set_kato(conn, kato_ms);
}
EXPORT_SYMBOL_GPL(cof_conn_set_kato);

/**
 * cof_conn_close() - end a connection
 * @conn: stays valid until cof_conn_put()
 *
 * What was submitted is sent for up to 200 ms if the peer takes it.
 *
 * Context: process; not from a callback of @conn. On return from the first call no callback
 * runs, nor will one.
 */
void cof_conn_close(struct cof_conn *conn)
{
	struct cof_txbuf *buf;

	if (test_and_set_bit(COF_CONN_CLOSED, &conn->state))
		return;
	set_bit(COF_CONN_ERROR, &conn->state);
	spin_lock_bh(&conn->tx_lock);
	conn->tx_closed = true;
	spin_unlock_bh(&conn->tx_lock);
	cof_fault_conn_close(conn);
	scoped_guard(mutex, &conn->lock)
		conn->transport->close(conn);
	while ((buf = cof_conn_next_tx(conn)))
		cof_conn_put_tx(conn, buf);
	conn_trace_state(conn, COF_CONN_EV_CLOSED, 0);
}
EXPORT_SYMBOL_GPL(cof_conn_close);

/**
 * cof_conn_get() - take a reference
 * @conn: of which the caller knows that it is there
 *
 * Context: any.
 * Return: @conn.
 */
struct cof_conn *cof_conn_get(struct cof_conn *conn)
{
	kref_get(&conn->ref);
	return conn;
}
EXPORT_SYMBOL_GPL(cof_conn_get);

static void conn_release(struct kref *ref)
{
	struct cof_conn *conn = container_of(ref, struct cof_conn, ref);
	struct module *owner = conn->transport->owner;

	conn->transport->free(conn);
	module_put(owner);
}

/**
 * cof_conn_put() - drop a reference; the last one frees
 * @conn: closed, if this is the last one
 *
 * Context: process.
 */
void cof_conn_put(struct cof_conn *conn)
{
	kref_put(&conn->ref, conn_release);
}
EXPORT_SYMBOL_GPL(cof_conn_put);

/* Out of its pool. Whoever gets it may write anywhere. */
static void txbuf_take(struct cof_txbuf *buf)
{
	list_del_init(&buf->list);
	buf->used = buf->size;
}

/**
 * cof_conn_get_tx() - a buffer for a message
 * @conn: the connection
 *
 * Context: any but hard interrupts.
 * Return: the buffer, to be given to cof_conn_submit() or cof_conn_put_tx(); NULL: all are in
 * use (ops->tx_ready will say when one is not), or the connection is closed.
 */
struct cof_txbuf *cof_conn_get_tx(struct cof_conn *conn)
{
	struct cof_txbuf *buf = NULL;
	bool starved = false;

	spin_lock_bh(&conn->tx_lock);
	if (!conn->tx_closed) {
		if (!cof_fault_get_tx(conn))
			buf = list_first_entry_or_null(&conn->tx_free, struct cof_txbuf, list);
		starved = !buf;
		if (starved)
			WRITE_ONCE(conn->tx_starved, true);
		else
			txbuf_take(buf);
	}
	spin_unlock_bh(&conn->tx_lock);
	if (starved && conn->transport->reclaim)
		conn->transport->reclaim(conn);
	return buf;
}
EXPORT_SYMBOL_GPL(cof_conn_get_tx);

/**
 * cof_conn_get_tx_large() - a buffer for a message of up to limits.tx_large_size bytes
 * @conn: the connection
 *
 * There are few, and nobody is told when one comes back: for messages that can be done without.
 *
 * Context: any but hard interrupts.
 * Return: as cof_conn_get_tx(); NULL: all are in use, there are none, or the connection is closed.
 */
struct cof_txbuf *cof_conn_get_tx_large(struct cof_conn *conn)
{
	struct cof_txbuf *buf = NULL;

	spin_lock_bh(&conn->tx_lock);
	if (!conn->tx_closed && !cof_fault_get_tx(conn))
		buf = list_first_entry_or_null(&conn->tx_free_large, struct cof_txbuf, list);
	if (buf)
		txbuf_take(buf);
	spin_unlock_bh(&conn->tx_lock);
	return buf;
}
EXPORT_SYMBOL_GPL(cof_conn_get_tx_large);

/* Was it made for other limits, before a resize? */
static bool txbuf_stale(const struct cof_conn *conn, const struct cof_txbuf *buf)
{
	return buf->size != (buf->large ? conn->limits.tx_large_size : conn->limits.tx_size);
}

/* Leaves those on @list that belong into conn->tx_free; @stale is to be freed. */
static void txbufs_sort_locked(struct cof_conn *conn, struct list_head *list,
			       struct list_head *stale)
{
	struct cof_txbuf *buf, *next;

	lockdep_assert_held(&conn->tx_lock);
	list_for_each_entry_safe(buf, next, list, list) {
		if (txbuf_stale(conn, buf))
			list_move(&buf->list, stale);
		else if (buf->large)
			list_move(&buf->list, &conn->tx_free_large);
	}
}

/**
 * cof_conn_put_tx_list() - for transports: give buffers back
 * @conn: the connection
 * @list: of the buffers, which are wiped; empty on return
 *
 * Context: any but hard interrupts. May call ops->tx_ready.
 * Return: true if nothing is between cof_conn_submit() and its end any more: cof_conn_tx_idle().
 */
bool cof_conn_put_tx_list(struct cof_conn *conn, struct list_head *list)
{
	struct cof_txbuf *buf;
	unsigned int sent = 0;
	bool odd = false, awaited = false;
	LIST_HEAD(stale);
	bool starved, idle;

	list_for_each_entry(buf, list, list) {
		memzero_explicit(buf->data, buf->used);
		awaited |= !buf->large;
		sent += !!buf->len;
		buf->len = 0;
		buf->sent = 0;
	}
	spin_lock_bh(&conn->tx_lock);
	list_for_each_entry(buf, list, list)
		odd |= buf->large || txbuf_stale(conn, buf);
	if (unlikely(odd))
		txbufs_sort_locked(conn, list, &stale);
	starved = awaited && conn->tx_starved && !conn->tx_closed;
	if (awaited)
		WRITE_ONCE(conn->tx_starved, false);
	list_splice_init(list, &conn->tx_free);
	conn->tx_unsent -= sent;
	idle = !conn->tx_unsent;
	spin_unlock_bh(&conn->tx_lock);
	if (unlikely(odd))
		txbufs_free(conn, &stale);
	if (starved && conn->ops && conn->ops->tx_ready)
		conn->ops->tx_ready(conn);
	return idle;
}
EXPORT_SYMBOL_GPL(cof_conn_put_tx_list);

/**
 * cof_conn_put_tx() - give a buffer back
 * @conn: the connection
 * @buf: wiped; on no list
 *
 * Context: any but hard interrupts. May call ops->tx_ready.
 */
void cof_conn_put_tx(struct cof_conn *conn, struct cof_txbuf *buf)
{
	LIST_HEAD(list);

	list_add(&buf->list, &list);
	cof_conn_put_tx_list(conn, &list);
}
EXPORT_SYMBOL_GPL(cof_conn_put_tx);

static __le32 digest(const void *data, u32 len)
{
	return cpu_to_le32(~crc32c(~0, data, len));
}

/* The header's covers that of the data. */
static void digests_put(struct cof_hdr *msg, u32 len, unsigned int digests)
{
	u16 hlen = le16_to_cpu(msg->hlen);

	msg->hdr_crc = 0;
	msg->data_crc = 0;
	if (cof_msg_opcode(msg) == COF_CONNECT || hlen > len)
		return;
	if (digests & COF_DIGEST_DATA)
		msg->data_crc = digest((u8 *)msg + hlen, len - hlen);
	if (digests & COF_DIGEST_HDR)
		msg->hdr_crc = digest(msg, hlen);
}

/*
 * True if they are right; then they are taken out. Those that nobody agreed on stay. Also
 * CONNECT must have them, since it does not come any more: what looks like it is damaged.
 */
static bool digests_take(struct cof_hdr *msg, u32 len, unsigned int digests)
{
	u16 hlen = le16_to_cpu(msg->hlen);
	__le32 crc = msg->hdr_crc;

	if (digests & COF_DIGEST_HDR) {
		msg->hdr_crc = 0;
		if (crc != digest(msg, hlen))
			return false;
	}
	if (digests & COF_DIGEST_DATA) {
		if (msg->data_crc != digest((u8 *)msg + hlen, len - hlen))
			return false;
		msg->data_crc = 0;
	}
	return true;
}

/**
 * cof_conn_digests_granted() - the target is about to answer CONNECT
 * @conn: the connection; the peer waits for the answer
 * @digests: COF_DIGEST_*
 *
 * The answer is the next message with this opcode that is submitted.
 *
 * Context: any. Specification: section 3, Digests.
 */
void cof_conn_digests_granted(struct cof_conn *conn, unsigned int digests)
{
	WRITE_ONCE(conn->rx_digests, digests);
}
EXPORT_SYMBOL_GPL(cof_conn_digests_granted);

/**
 * cof_conn_digests_agreed() - the initiator has the answer to CONNECT
 * @conn: the connection
 * @digests: COF_DIGEST_*
 *
 * Context: ops->recv of the answer. Specification: section 3, Digests.
 */
void cof_conn_digests_agreed(struct cof_conn *conn, unsigned int digests)
{
	WRITE_ONCE(conn->rx_digests, digests);
	spin_lock_bh(&conn->tx_lock);
	WRITE_ONCE(conn->tx_digests, digests);
	spin_unlock_bh(&conn->tx_lock);
}
EXPORT_SYMBOL_GPL(cof_conn_digests_agreed);

static bool is_connect_answer(const struct cof_hdr *msg)
{
	return cof_msg_opcode(msg) == COF_CONNECT && msg->flags & cpu_to_le16(COF_F_RESPONSE);
}

/*
 * May the caller send? If it takes conn->tx_mutex, when there is nobody else who sends, nor
 * anything else to be sent. A message that comes later kicks the worker, which waits for that.
 */
static bool conn_begin_send(struct cof_conn *conn, bool may_sleep)
{
	lockdep_assert_held(&conn->tx_lock);
	if (conn->transport->sends_anywhere)
		return !READ_ONCE(conn->tx_held);
	return may_sleep && conn->transport->send && conn->tx_unsent == 1 &&
	       mutex_trylock(&conn->tx_mutex);
}

static void conn_submit(struct cof_conn *conn, struct cof_txbuf *buf, u32 len, bool may_sleep)
{
	struct cof_hdr *msg = (struct cof_hdr *)buf->data;
	unsigned int digests = READ_ONCE(conn->tx_digests);
	bool here = false;
	bool closed;

	if (WARN_ON_ONCE(len > buf->size))
		len = buf->size;
	if (digests)
		digests_put(msg, len, digests);
	trace_cof_msg_send(conn->id, conn->accepted, READ_ONCE(conn->qid), conn->peer_name, msg);
	spin_lock_bh(&conn->tx_lock);
	closed = conn->tx_closed;
	if (!closed) {
		/* They may have been switched on meanwhile: once in a connection's life. */
		if (unlikely(digests != conn->tx_digests))
			digests_put(msg, len, conn->tx_digests);
		if (unlikely(is_connect_answer(msg)))
			WRITE_ONCE(conn->tx_digests, conn->rx_digests);
		buf->len = len;
		buf->used = len;
		conn->tx_unsent++;
		if (!cof_fault_tx(conn, buf)) {
			list_add_tail(&buf->list, &conn->tx_queue);
			here = conn_begin_send(conn, may_sleep);
			if (!here && !READ_ONCE(conn->tx_held))
				conn->transport->kick(conn);
		}
	}
	spin_unlock_bh(&conn->tx_lock);
	if (closed)
		cof_conn_put_tx(conn, buf);
	if (!here)
		return;
	conn->transport->send(conn);
	if (!conn->transport->sends_anywhere)
		mutex_unlock(&conn->tx_mutex);
}

/**
 * cof_conn_submit() - send a message
 * @conn: the connection
 * @buf: from cof_conn_get_tx(); the transport's from here on
 * @len: of the message at buf->data, at most buf->size; behind it nothing is left to be wiped
 *
 * Messages leave in the order of these calls. Dropped if the connection is closed; ops->error
 * tells of one that broke.
 *
 * Context: any but hard interrupts.
 */
void cof_conn_submit(struct cof_conn *conn, struct cof_txbuf *buf, u32 len)
{
	conn_submit(conn, buf, len, false);
}
EXPORT_SYMBOL_GPL(cof_conn_submit);

/**
 * cof_conn_send() - send a message, by the caller if that is possible
 * @conn: the connection; the caller sees to it that it stays until this returns
 * @buf: as cof_conn_submit()
 * @len: as cof_conn_submit()
 *
 * As cof_conn_submit(), for a caller who has nothing to send after this one: while other
 * messages are under way it waits for the worker as they do, which sends several at once.
 *
 * Context: process, may sleep. May call ops->tx_ready and ops->error.
 */
void cof_conn_send(struct cof_conn *conn, struct cof_txbuf *buf, u32 len)
{
	conn_submit(conn, buf, len, true);
}
EXPORT_SYMBOL_GPL(cof_conn_send);

/**
 * cof_conn_is_loopback() - does the peer live on this host?
 * @conn: the connection
 *
 * Context: any.
 * Return: true if so; false is the default for what is unknown.
 */
bool cof_conn_is_loopback(const struct cof_conn *conn)
{
	return cof_addr_is_loopback(&conn->peer);
}
EXPORT_SYMBOL_GPL(cof_conn_is_loopback);

/**
 * cof_conn_take_tx() - for transports: what to send next, several at once
 * @conn: the connection
 * @list: buffers are added at its end, for cof_conn_put_tx_list()
 * @max: as many
 *
 * Context: any but hard interrupts.
 * Return: how many.
 */
unsigned int cof_conn_take_tx(struct cof_conn *conn, struct list_head *list, unsigned int max)
{
	struct cof_txbuf *buf;
	unsigned int n = 0;
	LIST_HEAD(some);

	spin_lock_bh(&conn->tx_lock);
	list_for_each_entry(buf, &conn->tx_queue, list) {
		if (n == max) {
			list_cut_before(&some, &conn->tx_queue, &buf->list);
			list_splice_tail(&some, list);
			break;
		}
		n++;
	}
	if (list_entry_is_head(buf, &conn->tx_queue, list))
		list_splice_tail_init(&conn->tx_queue, list);
	spin_unlock_bh(&conn->tx_lock);
	return n;
}
EXPORT_SYMBOL_GPL(cof_conn_take_tx);

/**
 * cof_conn_next_tx() - for transports: what to send next
 * @conn: the connection
 *
 * Context: any but hard interrupts.
 * Return: the buffer, for cof_conn_put_tx() once its last byte was handed on; NULL: none.
 */
struct cof_txbuf *cof_conn_next_tx(struct cof_conn *conn)
{
	struct cof_txbuf *buf;
	LIST_HEAD(one);

	if (!cof_conn_take_tx(conn, &one, 1))
		return NULL;
	buf = list_first_entry(&one, struct cof_txbuf, list);
	list_del_init(&buf->list);
	return buf;
}
EXPORT_SYMBOL_GPL(cof_conn_next_tx);

/**
 * cof_conn_tx_idle() - for transports: was everything sent (or given up)?
 * @conn: the connection
 *
 * Context: any but hard interrupts.
 * Return: true if no buffer is between cof_conn_submit() and cof_conn_put_tx().
 */
bool cof_conn_tx_idle(struct cof_conn *conn)
{
	bool idle;

	spin_lock_bh(&conn->tx_lock);
	idle = !conn->tx_unsent;
	spin_unlock_bh(&conn->tx_lock);
	return idle;
}
EXPORT_SYMBOL_GPL(cof_conn_tx_idle);

/**
 * cof_conn_hold_tx() - for transports: what is submitted from now on will be looked for
 * @conn: the connection
 *
 * So that answers to what is being received are sent together, by who receives: no kick for
 * them. One at a time; cof_conn_release_tx() follows.
 *
 * Context: any but hard interrupts.
 */
void cof_conn_hold_tx(struct cof_conn *conn)
{
	/* Who does not see it yet, kicks. */
	WRITE_ONCE(conn->tx_held, true);
}
EXPORT_SYMBOL_GPL(cof_conn_hold_tx);

/**
 * cof_conn_release_tx() - for transports: undo cof_conn_hold_tx()
 * @conn: the connection
 *
 * Context: any but hard interrupts.
 * Return: true if something is to be sent, for which there may not have been a kick.
 */
bool cof_conn_release_tx(struct cof_conn *conn)
{
	bool queued;

	spin_lock_bh(&conn->tx_lock);
	WRITE_ONCE(conn->tx_held, false);
	queued = !list_empty(&conn->tx_queue);
	spin_unlock_bh(&conn->tx_lock);
	return queued;
}
EXPORT_SYMBOL_GPL(cof_conn_release_tx);

/**
 * cof_conn_error() - for transports: the connection is of no use any more
 * @conn: started
 * @err: why, negative; -EPROTO: what arrived is no message; -EILSEQ: its digest is wrong
 *
 * A peer that sent what is no message still goes some time, and that is told, too.
 *
 * Context: bottom halves disabled, and where close() waits for it.
 */
void cof_conn_error(struct cof_conn *conn, int err)
{
	bool garbage = err == -EPROTO || err == -EILSEQ;
	unsigned int once = garbage ? COF_CONN_GARBAGE : COF_CONN_ERROR;

	if (test_bit(COF_CONN_ERROR, &conn->state) || test_and_set_bit(once, &conn->state))
		return;
	conn_trace_state(conn, COF_CONN_EV_BROKEN, err);
	if (conn->ops)
		conn->ops->error(conn, err);
}
EXPORT_SYMBOL_GPL(cof_conn_error);

/**
 * cof_conn_deliver() - for transports: a message arrived
 * @conn: started
 * @msg: the message, checked as by cof_stream_advance()
 * @len: its length
 *
 * Digests are checked here, before anybody looks at anything else.
 *
 * Context: bottom halves disabled, one call at a time, and where close() waits for it.
 */
void cof_conn_deliver(struct cof_conn *conn, void *msg, u32 len)
{
	unsigned int digests = READ_ONCE(conn->rx_digests);

	if (test_bit(COF_CONN_DEAF, &conn->state))
		return;
	trace_cof_msg_recv(conn->id, conn->accepted, READ_ONCE(conn->qid), conn->peer_name, msg);
	if (digests && !digests_take(msg, len, digests)) {
		set_bit(COF_CONN_DEAF, &conn->state);
		cof_conn_error(conn, -EILSEQ);
		return;
	}
	if (conn->ops->recv(conn, msg, len) < 0)
		set_bit(COF_CONN_DEAF, &conn->state);
}
EXPORT_SYMBOL_GPL(cof_conn_deliver);
