/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cof.ko: what an initiator and a target have in common. The wire format
 * (<uapi/linux/cof.h>) with its bounds-checked parsers, the connection, and the
 * registry of transports that make connections.
 *
 * A connection carries whole messages, reliably and in order, both ways. It
 * knows nothing about associations.
 */
#ifndef _COF_H
#define _COF_H

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/jump_label.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/cof.h>
#include <crypto/internal/asym/types.h>

struct cof_conn;
struct cof_listener;

/* ---- stream parser: stream.c -------------------------------------------- */

/**
 * struct cof_stream - cuts a byte stream into messages
 * @buf: of the message that is arriving
 * @size: bytes at @buf
 * @have: bytes arrived
 * @want: the message's length; as long as its header is not complete, that of the one before
 */
struct cof_stream {
	u8 *buf;
	u32 size;
	u32 have;
	u32 want;
};

int cof_hdr_check(const struct cof_hdr *hdr, u32 max);
void cof_stream_init(struct cof_stream *s, u8 *buf, u32 size);
u8 *cof_stream_room(struct cof_stream *s, u32 *len);
int cof_stream_advance(struct cof_stream *s, u32 *len);
void cof_stream_next(struct cof_stream *s);

/* ---- connections: conn.c ------------------------------------------------ */

/* What may be read or written by DMA shares no cache line with anything else. */
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

/* ---- transports: transport.c -------------------------------------------- */

/**
 * struct cof_transport - how connections are made; all but @kick may sleep
 * @name: "tcp"; the module has MODULE_ALIAS_COF_TRANSPORT("tcp")
 * @owner: pinned by each connection and listener
 * @connect: make a connection (cof_conn_init() on it), not receiving yet
 * @start: begin to receive
 * @resize: cof_conn_swap_rx() under the lock of its receive path, and what else follows from
 *	@limits
 * @set_kato: see cof_conn_set_kato(); NULL: it gives up when it likes
 * @kick: something is in conn->tx_queue, or COF_CONN_SHUT is set. Any context. Not for what
 *	is queued between cof_conn_hold_tx() and cof_conn_release_tx()
 * @send: send what is in conn->tx_queue now; conn->tx_mutex is held, which @close waits for
 *	before it takes away what this needs. NULL: there is only @kick
 * @sends_anywhere: @send is for any context, with bottom halves disabled, for many at once, without
 *	conn->tx_mutex, and may come when @close is through; it is called for each message
 * @reclaim: no buffer is left: give those back that are kept although they were sent. Any
 *	context. May be NULL
 * @map_tx: a send buffer was allocated: set its @dma. 0 or a negative errno. Under conn->lock, or
 *	in cof_conn_init(). NULL: there is no device
 * @unmap_tx: undo it; conn->tx_lock is held
 * @close: send what is queued for up to 200 ms, then no callback any more
 * @free: the memory, after close
 * @listen: make a listener (listener->accept etc. are filled in from args)
 * @unlisten: no accept() any more; frees it
 * @list: the registry's
 */
struct cof_transport {
	const char *name;
	struct module *owner;
	struct cof_conn *(*connect)(const struct cof_connect_args *args);
	int (*start)(struct cof_conn *conn);
	int (*resize)(struct cof_conn *conn, const struct cof_conn_limits *limits, u8 **rx_buf);
	void (*set_kato)(struct cof_conn *conn, unsigned int kato_ms);
	void (*kick)(struct cof_conn *conn);
	void (*send)(struct cof_conn *conn);
	bool sends_anywhere;
	void (*reclaim)(struct cof_conn *conn);
	int (*map_tx)(struct cof_conn *conn, struct cof_txbuf *buf);
	void (*unmap_tx)(struct cof_conn *conn, struct cof_txbuf *buf);
	void (*close)(struct cof_conn *conn);
	void (*free)(struct cof_conn *conn);
	struct cof_listener *(*listen)(const struct cof_listen_args *args);
	void (*unlisten)(struct cof_listener *listener);
	struct list_head list;
};

#define MODULE_ALIAS_COF_TRANSPORT(name) MODULE_ALIAS("cof-transport-" name)

int cof_transport_register(struct cof_transport *transport);
void cof_transport_unregister(struct cof_transport *transport);
bool cof_transport_known(const char *name);	/* loads it; may sleep */

/* For transports only. */
int cof_conn_init(struct cof_conn *conn, const struct cof_transport *transport,
		  const struct cof_conn_limits *limits, const struct sockaddr_storage *peer);
void cof_conn_exit(struct cof_conn *conn);
int cof_conn_swap_rx(struct cof_conn *conn, u8 **buf, u32 size);
void cof_conn_unmap_tx(struct cof_conn *conn);
void cof_listener_init(struct cof_listener *listener, const struct cof_transport *transport,
		       const struct cof_listen_args *args);
void cof_conn_error(struct cof_conn *conn, int err);
void cof_conn_deliver(struct cof_conn *conn, void *msg, u32 len);
struct cof_txbuf *cof_conn_next_tx(struct cof_conn *conn);
unsigned int cof_conn_take_tx(struct cof_conn *conn, struct list_head *list, unsigned int max);
bool cof_conn_put_tx_list(struct cof_conn *conn, struct list_head *list);
bool cof_conn_tx_idle(struct cof_conn *conn);
void cof_conn_hold_tx(struct cof_conn *conn);
bool cof_conn_release_tx(struct cof_conn *conn);
void cof_listener_accept(struct cof_listener *listener, struct cof_conn *conn);

/* ---- messages: msg.c ---------------------------------------------------- */

void cof_hdr_init(struct cof_hdr *hdr, u16 opcode, u16 flags, u16 status,
		  u16 hlen, u32 data_len, u64 tag);

static inline void cof_request_init(struct cof_hdr *hdr, u16 opcode, u16 hlen,
				    u32 data_len, u64 tag)
{
	cof_hdr_init(hdr, opcode, 0, COF_S_OK, hlen, data_len, tag);
}

/* A response of any kind: header filled from the request's, the rest of hlen zeroed. */
void cof_response_init(struct cof_hdr *rsp, u16 opcode, u64 tag, u16 status,
		       u16 hlen, u32 data_len);

static inline u16 cof_msg_opcode(const struct cof_hdr *msg)
{
	return le16_to_cpu(msg->opcode);
}

static inline u64 cof_msg_tag(const struct cof_hdr *msg)
{
	return le64_to_cpu(msg->tag);
}

static inline u16 cof_msg_status(const struct cof_hdr *msg)
{
	return le16_to_cpu(msg->status);
}

static inline const u8 *cof_msg_data(const struct cof_hdr *msg)
{
	return (const u8 *)msg + le16_to_cpu(msg->hlen);
}

static inline u32 cof_msg_data_len(const struct cof_hdr *msg)
{
	return le32_to_cpu(msg->length) - le16_to_cpu(msg->hlen);
}

/*
 * Which messages a side may receive. cof_msg_check() validates everything in
 * section 4 of the specification that can be told from the message alone (all
 * header fields, hlen and data length for the opcode, reserved fields, per-field
 * bounds), so that afterwards the structure of that opcode can be read.
 * 0; -EPROTO: broken rules, close the connection (COF_S_PROTOCOL); -EOPNOTSUPP: an opcode this
 * version does not know (answer COF_S_NOT_SUPPORTED, stay); -EINVAL: well-formed,
 * a field's value is out of bounds (answer COF_S_INVALID; the connection stays).
 */
enum cof_side {
	COF_INITIATOR,	/* receives responses, EVENT, DISCONNECT */
	COF_TARGET,	/* receives requests, DISCONNECT */
};

int cof_msg_check(const struct cof_hdr *msg, u32 len, enum cof_side receiver, bool admin);

/* CONNECT: the values in it (-EINVAL), and what was granted for the admin queue (-EPROTO). */
int cof_connect_check(const struct cof_connect_req *req);
int cof_connect_rsp_check(const struct cof_connect_rsp *rsp, u16 queues, u32 depth, u64 features);

/* Length of the fixed part of a request/response of @opcode, 0 if there is none. */
u16 cof_request_hlen(u16 opcode);
u16 cof_response_hlen(u16 opcode);

/* status <-> errno, one to one; unknown ones become COF_S_INTERNAL and -EIO. */
u16 cof_errno_to_status(int err);
int cof_status_to_errno(u16 status);
const char *cof_status_name(u16 status);

/* What digests go by in configfs: "none", "header", "data", "both"; as COF_DIGEST_*. */
extern const char *const cof_digest_names[COF_DIGESTS + 1];

/* Longest request and response on an I/O queue without inline keys; largest admin message. */
#define COF_IO_REQ_MAX	(sizeof(struct cof_io_req) + COF_MAX_INPUT + COF_MAX_DIGEST)
#define COF_IO_RSP_MAX	(sizeof(struct cof_io_rsp) + COF_MAX_OUTPUT)
#define COF_ADMIN_MAX	(sizeof(struct cof_key_open_req) + COF_MAX_DER)

/* ---- names and addresses: addr.c ---------------------------------------- */

/* Host ids and pool names: 1..63 of [A-Za-z0-9._:+-]. */
bool cof_name_valid(const char *name);
/* A field of the wire: NUL-terminated, NUL-padded, valid. Copies COF_NAME_LEN bytes. */
int cof_name_get(char *dst, const u8 *field);
void cof_name_put(u8 *field, const char *name);

int cof_addr_parse(struct sockaddr_storage *addr, const char *traddr, const char *trsvcid);
bool cof_addr_valid(const char *traddr);
bool cof_addr_has_scope(const char *traddr);
void cof_addr_format(char *buf, size_t size, const struct sockaddr_storage *addr);
bool cof_addr_is_loopback(const struct sockaddr_storage *addr);

/* ---- fault injection: fault.c ------------------------------------------- */

DECLARE_STATIC_KEY_FALSE(cof_fault_key);

bool __cof_fault_tx(struct cof_conn *conn, struct cof_txbuf *buf);
bool __cof_fault_get_tx(struct cof_conn *conn);
bool __cof_fault_setup(bool accepted);

/* Under conn->tx_lock. True: @buf was taken, it is not to be queued. */
static inline bool cof_fault_tx(struct cof_conn *conn, struct cof_txbuf *buf)
{
	return static_branch_unlikely(&cof_fault_key) && __cof_fault_tx(conn, buf);
}

/* Under conn->tx_lock. True: there is no buffer. */
static inline bool cof_fault_get_tx(struct cof_conn *conn)
{
	return static_branch_unlikely(&cof_fault_key) && __cof_fault_get_tx(conn);
}

/* True: there is no memory for a connection. */
static inline bool cof_fault_setup(bool accepted)
{
	return static_branch_unlikely(&cof_fault_key) && __cof_fault_setup(accepted);
}

void cof_fault_conn_init(struct cof_conn *conn);
void cof_fault_conn_close(struct cof_conn *conn);
int cof_fault_init(void);
void cof_fault_exit(void);

/* cof.ko's own: where most send buffers come from, conn.c. */
int cof_conn_caches_init(void);
void cof_conn_caches_exit(void);

/* ---- loop guard: hops.c ------------------------------------------------- */

/*
 * cof_io_req.hops of what this host sends: 1, or more while a target on this
 * host computes on algorithms that are themselves remote (it calls cof_hops_add()).
 */
u8 cof_hops(void);
void cof_hops_add(unsigned int max_hops);
void cof_hops_del(unsigned int max_hops);

#endif /* _COF_H */
