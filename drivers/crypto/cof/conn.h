/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection: carries whole messages, reliably and in order, both ways. It knows nothing about
 * associations. See conn.c.
 */
#ifndef _COF_CONN_H
#define _COF_CONN_H

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/cof.h>

#include "stream.h"

struct cof_conn;
struct cof_listener;
struct cof_transport;

/* Memory that may be read or written by DMA shares no cache line with anything else. */
#define COF_DMA_ALIGN	MAX(SMP_CACHE_BYTES, ARCH_DMA_MINALIGN)

/**
 * struct cof_txbuf - room for one outgoing message
 * @list: the connection's pool or queue; the owner's between cof_conn_get_tx()
 *	and cof_conn_submit()
 * @all: among all buffers of the connection; this and @mapped under conn->tx_lock
 * @size: bytes at @data
 * @len: bytes to send (cof_conn_submit() sets it)
 * @sent: bytes sent (the transport's)
 * @used: bytes to be wiped: all, until cof_conn_submit() knows how many there are
 * @large: of cof_conn_get_tx_large()
 * @fate: what becomes of it, if fault injection keeps it
 * @mapped: @dma is the address of @data for the transport's device
 * @due: and when, jiffies
 * @dma: the transport's
 * @data: the message, from struct cof_hdr on, behind this
 *
 * A buffer is the pool's, then (cof_conn_get_tx()) the caller's, then
 * (cof_conn_submit()) the transport's until the last byte was handed on; then it
 * is wiped and back in the pool. An answer may arrive before that.
 */
struct cof_txbuf {
	struct list_head list;
	struct list_head all;
	u32 size;
	u32 len;
	u32 sent;
	u32 used;
	bool large;
	u8 fate;
	bool mapped;
	unsigned long due;
	dma_addr_t dma;
	u8 *data;
};

/**
 * struct cof_conn_ops - what the user of a connection is told
 * @recv: a complete message arrived: @msg is @len (32..limits.rx_max) bytes,
 *	magic, length and hlen <= length are checked, nothing else is. It is the transport's
 *	and wiped on return. One call at a time for a connection, in the order of
 *	arrival. Bottom halves disabled, a socket lock may be held: no sleeping, no
 *	call that sleeps (cof_conn_close(), cof_conn_resize()); cof_conn_get_tx(),
 *	cof_conn_submit() are fine. Return 0, or a negative errno when the user
 *	wants no further message: input is then discarded until cof_conn_close(),
 *	while sending still works (to say why). @error is still called for a peer that goes.
 * @error: the connection is of no use any more: -ECONNRESET the peer
 *	closed or reset it; -EPROTO what arrived is no message, -EILSEQ its digest is wrong
 *	(sending still works); -ETIMEDOUT, ... as the transport had it. At most once, or twice
 *	if the first was -EPROTO or -EILSEQ; not after cof_conn_close() returned. Context as
 *	@recv, so: set a state, queue work.
 * @tx_ready: may be NULL. A buffer came back after cof_conn_get_tx() had
 *	returned NULL. Any context, within cof_conn_put_tx() of the transport, or within
 *	cof_conn_put_tx() or cof_conn_submit() of the user: what close() waits for is the
 *	transport's, so a user that still gives buffers back may be called.
 */
struct cof_conn_ops {
	int (*recv)(struct cof_conn *conn, const struct cof_hdr *msg, u32 len);
	void (*error)(struct cof_conn *conn, int err);
	void (*tx_ready)(struct cof_conn *conn);
};

/**
 * struct cof_conn_limits - memory of a connection, all of it allocated at once
 * @rx_max: longest message taken, bytes, at most COF_MAX_MSG
 * @tx_bufs: send buffers
 * @tx_size: bytes of each, at most COF_MAX_MSG
 * @tx_large_bufs: further ones, for messages that do not fit into those; may be 0
 * @tx_large_size: bytes of each of these, likewise
 */
struct cof_conn_limits {
	u32 rx_max;
	u32 tx_bufs;
	u32 tx_size;
	u32 tx_large_bufs;
	u32 tx_large_size;
};

/**
 * struct cof_conn_fault - what fault injection keeps of a connection
 * @held: messages that are not sent yet; this and @next under cof_conn.tx_lock
 * @next: when @work is to run, jiffies
 * @work: sends them, or gives them back
 * @list: among those that wait for other queues; fault.c's lock
 * @overtaken: another queue sent something
 */
struct cof_conn_fault {
	struct list_head held;
	unsigned long next;
	struct delayed_work work;
	struct list_head list;
	bool overtaken;
};

/**
 * struct cof_conn - a connection; embedded by the transport as first member
 * @transport: that made it, holding a module reference
 * @ops: the user's, set by cof_conn_start()
 * @priv: the user's, set by cof_conn_start()
 * @peer: address of the peer
 * @peer_name: the same for logs, "192.0.2.1:4433"
 * @id: counts connections of this host, for traces
 * @accepted: the target's end; set before the user sees it
 * @qid: the queue it became, for traces and faults; 0 until then. See cof_conn_set_queue()
 * @group: the same pointer in the connections of an association; only compared
 * @limits: in force
 * @ref: cof_conn_put()
 * @lock: start, resize and close, one at a time; the transport's socket is there
 *	while it is held and the connection is not closed
 * @rx: what arrived of a message, where those do not come in one piece; the transport's, with
 *	a lock of its own
 * @rx_digests: COF_DIGEST_*: what messages must have
 * @tx_mutex: who hands messages to the network, one at a time; sleeping. Taken before the
 *	transport's own locks; tried under @tx_lock
 * @tx_lock: guards the next nine, and limits; bottom halves disabled
 * @tx_all: every struct cof_txbuf, by its @all
 * @tx_free: pool of struct cof_txbuf
 * @tx_free_large: those of limits.tx_large_size
 * @tx_queue: to be sent, in order
 * @tx_unsent: buffers submitted and not back in the pool
 * @tx_starved: cof_conn_get_tx() returned NULL since the last tx_ready
 * @tx_closed: nothing is sent any more
 * @tx_held: the transport will look at @tx_queue by itself: it is not kicked
 * @tx_digests: COF_DIGEST_*: what messages get
 * @state: COF_CONN_* bits
 * @fault: fault injection
 */
struct cof_conn {
	const struct cof_transport *transport;
	const struct cof_conn_ops *ops;
	void *priv;
	struct sockaddr_storage peer;
	char peer_name[64];
	u32 id;
	bool accepted;
	u16 qid;
	const void *group;
	struct cof_conn_limits limits;
	struct kref ref;
	struct mutex lock;	/* start, resize, close */
	struct cof_stream rx;
	unsigned int rx_digests;
	struct mutex tx_mutex;	/* handing messages to the network */
	spinlock_t tx_lock;	/* sending */
	struct list_head tx_all;
	struct list_head tx_free;
	struct list_head tx_free_large;
	struct list_head tx_queue;
	unsigned int tx_unsent;
	bool tx_starved;
	bool tx_closed;
	bool tx_held;
	unsigned int tx_digests;
	unsigned long state;
#define COF_CONN_ERROR	0	/* ops->error() was, or is being, called: the peer is gone */
#define COF_CONN_DEAF	1	/* input is discarded */
#define COF_CONN_CLOSED	2
#define COF_CONN_GARBAGE 3	/* ops->error() was, or is being, called with -EPROTO, -EILSEQ */
#define COF_CONN_SHUT	4	/* fault injection: break it when the queue is sent */
	struct cof_conn_fault fault;
};

/* What a trace says of a connection. */
enum cof_conn_event {
	COF_CONN_EV_STARTED,
	COF_CONN_EV_BROKEN,
	COF_CONN_EV_CLOSED,
};

/**
 * struct cof_net_opts - how the network is to treat a connection
 * @so_priority: 0 (the usual) to COF_MAX_SO_PRIORITY
 * @busy_poll_us: after sending, look at the network device for what arrives for so long
 *	before others run, microseconds, at most COF_MAX_BUSY_POLL_US; 0: wait for its interrupt
 *
 * Transports take no notice of what they do not know.
 */
struct cof_net_opts {
	u32 so_priority;
	u32 busy_poll_us;
};

#define COF_MAX_SO_PRIORITY	6	/* more is for CAP_NET_ADMIN */
#define COF_MAX_BUSY_POLL_US	1000

/**
 * struct cof_connect_args - for cof_conn_connect()
 * @transport: "tcp"; its module is loaded when needed
 * @addr: from cof_addr_parse()
 * @limits: of the new connection
 * @timeout_ms: for the transport to connect; 0: 3000
 * @opts: see struct cof_net_opts
 */
struct cof_connect_args {
	const char *transport;
	const struct sockaddr_storage *addr;
	struct cof_conn_limits limits;
	unsigned int timeout_ms;
	struct cof_net_opts opts;
};

/*
 * Life of a connection: connect (or accept) - start - ... - close - put.
 *
 * connect: may sleep, up to the time-out. Nothing is received before start.
 * start: ops->recv may be called before it returns. May sleep.
 * close: may sleep (bounded: what was submitted is sent for up to 200 ms when the
 *	peer takes it). On return no callback runs, nor will. Not from a callback. The
 *	second and later calls do nothing. Afterwards get_tx() returns NULL, submit()
 *	drops.
 * put: frees it when nobody else holds a reference: the user takes one with
 *	cof_conn_get() for a completion that may still call submit(). May sleep; close() first.
 */
struct cof_conn *cof_conn_connect(const struct cof_connect_args *args);
int cof_conn_start(struct cof_conn *conn, const struct cof_conn_ops *ops, void *priv);
void cof_conn_close(struct cof_conn *conn);
struct cof_conn *cof_conn_get(struct cof_conn *conn);
void cof_conn_put(struct cof_conn *conn);
/* Before any I/O: -EPROTO if the peer sent (part of) a message early. May sleep. */
int cof_conn_resize(struct cof_conn *conn, const struct cof_conn_limits *limits);
/* Once the keep-alive time-out is known: when the transport is to give up. May sleep. */
void cof_conn_set_kato(struct cof_conn *conn, unsigned int kato_ms);

/* Any context. */
struct cof_txbuf *cof_conn_get_tx(struct cof_conn *conn);
struct cof_txbuf *cof_conn_get_tx_large(struct cof_conn *conn);
void cof_conn_put_tx(struct cof_conn *conn, struct cof_txbuf *buf);
void cof_conn_submit(struct cof_conn *conn, struct cof_txbuf *buf, u32 len);
/* The same where it may sleep: a message that is the only one is sent without a thread hop. */
void cof_conn_send(struct cof_conn *conn, struct cof_txbuf *buf, u32 len);

/*
 * Digests (features HDR_CRC and DATA_CRC): computed as a message is submitted, checked
 * before ops->recv has it, which then finds 0 in their place. CONNECT and its answer, which
 * come before, have none. Any context.
 *
 * granted: by the target, before it submits its answer to CONNECT: what arrives from then
 *	on has them, and what is submitted after that answer gets them.
 * agreed: by the initiator, in ops->recv of that answer: both directions from there on.
 */
#define COF_DIGEST_HDR	BIT(0)	/* as COF_FEAT_HDR_CRC */
#define COF_DIGEST_DATA	BIT(1)	/* as COF_FEAT_DATA_CRC */
#define COF_DIGESTS	(COF_DIGEST_HDR | COF_DIGEST_DATA)
void cof_conn_digests_granted(struct cof_conn *conn, unsigned int digests);
void cof_conn_digests_agreed(struct cof_conn *conn, unsigned int digests);

bool cof_conn_is_loopback(const struct cof_conn *conn);

/* By who sends, or admits, CONNECT. */
static inline void cof_conn_set_queue(struct cof_conn *conn, u16 qid, const void *group)
{
	WRITE_ONCE(conn->qid, qid);
	WRITE_ONCE(conn->group, group);
}

/**
 * struct cof_listener - accepts connections; embedded by the transport as first member
 * @transport: that made it, holding a module reference
 * @accept: a peer connected. Process context. Take the connection over (cof_conn_start(),
 *	later cof_conn_close() and cof_conn_put()) and return 0, or return an errno: it is
 *	closed. One call at a time. Not after cof_listener_close() returned.
 * @priv: the user's
 * @limits: of connections that are accepted
 */
struct cof_listener {
	const struct cof_transport *transport;
	int (*accept)(struct cof_listener *listener, struct cof_conn *conn);
	void *priv;
	struct cof_conn_limits limits;
};

/**
 * struct cof_listen_args - for cof_listen()
 * @transport: "tcp"
 * @addr: from cof_addr_parse()
 * @accept: see struct cof_listener
 * @priv: see struct cof_listener
 * @limits: of connections that are accepted
 * @opts: likewise
 */
struct cof_listen_args {
	const char *transport;
	const struct sockaddr_storage *addr;
	int (*accept)(struct cof_listener *listener, struct cof_conn *conn);
	void *priv;
	struct cof_conn_limits limits;
	struct cof_net_opts opts;
};

struct cof_listener *cof_listen(const struct cof_listen_args *args);
void cof_listener_close(struct cof_listener *listener);

/* cof.ko's own: where most send buffers come from, conn.c. */
int cof_conn_caches_init(void);
void cof_conn_caches_exit(void);

#endif /* _COF_CONN_H */
