// SPDX-License-Identifier: GPL-2.0-only
/*
 * CoF over RDMA, for both ends: a connection is a reliable connected queue pair that the RDMA CM
 * made; a message is a SEND, or several (cof-protocol.rst, section RDMA). InfiniBand, RoCE, iWARP.
 *
 * Memory is allocated, and mapped for the device, when a connection is made, or resized: receive
 * buffers of COF_RDMA_SIZE bytes, as many as messages may come at once, and the connection's send
 * buffers. A message that fits the device's queue is sent inline: then its send buffer is free as
 * soon as it was posted, nobody needs to be told, and of such SENDs every fourth part of the queue
 * asks for a completion, for the room. Others ask for one with the last of each chain that is
 * posted.
 *
 * Completions come from the kernel's pool of shared completion queues, one or more per CPU, in
 * softirq: ops->recv() without a thread hop, from the receive buffer itself; it is wiped, and
 * posted again with others. The target's answers to what one poll of the completion queue brought
 * are posted together, by a work of the same softirq (flush). A submitter elsewhere posts it
 * itself, in any context: there is no worker.
 *
 * Credits. A SEND needs a receive buffer of the peer: rc->credits are known, rc->owed are those of
 * our own that the peer was not told of, which goes with every SEND. So a receive queue never runs
 * out: a peer that sends nevertheless loses its connection (rnr_retry_count is 0).
 *
 * Locks:
 *  conn->lock	 start, resize, close, and the device that goes: the queue pair is there while it
 *		 is held, if rc->id is. Not taken in callbacks of the RDMA CM.
 *  rc->rx_lock	 what was received: from before start() until close(). One ops->recv() at a time.
 *  rc->lock	 posting: queue pair, send ring, credits owed. Taken under rx_lock and whatever the
 *		 user's recv() takes; under it conn->tx_lock and the driver's. No sleeping.
 *		 rc->dead is set under it: nothing is posted any more, the queue pair may go.
 *  devices_lock which devices there are, and whose connections; a mutex.
 *  accept_lock	 what waits to be accepted; a spinlock, process context.
 *
 * End. The RDMA CM, a completion with an error, or the device's asynchronous event queue end_work:
 * it disconnects, waits until all completions came (what the peer sent before is received), and
 * reports. close() lets what is queued be sent, then releases everything that is the device's; so
 * does the removal of the device, for connections that are still there, after it told their users.
 * The memory lives on until the last cof_conn_put().
 *
 * Setting up. A connection belongs to who connects, or to the listener until it is accepted;
 * whoever has it gives up when the device goes. Then it is published: the removal may release it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <rdma/ib_cm.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_cm.h>
#include "../conn.h"
#include "../msg.h"
#include "../stream.h"
#include "../transport.h"

#define COF_RDMA_SIZE		768	/* of a receive buffer: every message without a key */
#define COF_RDMA_MIN_WR		16	/* receive buffers of a connection, at least */
#define COF_RDMA_MAX_WR		512	/* ... at most: a stranger may ask for them */
#define COF_RDMA_BATCH		16	/* work requests posted at once */
#define COF_RDMA_REPOST		8	/* receive buffers posted again at once */
#define COF_RDMA_BACKLOG	128	/* connections being set up at a listener */
#define COF_RDMA_CONNECT_MS	3000
#define COF_RDMA_LINGER_MS	200
#define COF_RDMA_LISTEN_MS	1000	/* until it is tried again, when the device had gone */
#define COF_RDMA_HDR		sizeof(struct cof_rdma_hdr)

/* Bytes to be sent inline that are asked for until a device has room: the first, for RSA-2048. */
static const u32 cof_rdma_inline[] = { 384, 192, 96, 0 };

struct cof_rdma_conn;

/**
 * struct cof_rdma_device - an RDMA device
 * @ibdev: the device
 * @pd: protection domain of all connections; made with the first
 * @list: in devices; this and all else under devices_lock
 * @conns: connections that use it
 * @gone: it is being removed; no connection any more
 * @unused: the last one went after that
 */
struct cof_rdma_device {
	struct ib_device *ibdev;
	struct ib_pd *pd;
	struct list_head list;
	struct list_head conns;
	bool gone;
	struct completion unused;
};

/**
 * struct cof_rdma_rx - a receive buffer
 * @cqe: its completion
 * @wr: its work request
 * @sge: of that
 * @rc: whose
 * @list: rc->early or rc->spent
 * @len: bytes that arrived
 * @data: they
 */
struct cof_rdma_rx {
	struct ib_cqe cqe;
	struct ib_recv_wr wr;
	struct ib_sge sge;
	struct cof_rdma_conn *rc;
	struct list_head list;
	u32 len;
	u8 data[COF_RDMA_SIZE] __aligned(COF_DMA_ALIGN);
};

/**
 * struct cof_rdma_slot - a work request in the send queue
 * @buf: is free when it is done; NULL: none is
 * @signaled: there will be a completion
 */
struct cof_rdma_slot {
	struct cof_txbuf *buf;
	bool signaled;
};

enum cof_rdma_accept {
	COF_RDMA_SETUP,		/* it is being made */
	COF_RDMA_WAITS,		/* for ESTABLISHED */
	COF_RDMA_READY,
	COF_RDMA_FAILED,
};

/**
 * struct cof_rdma_conn - a connection
 * @conn: the common part
 * @id: of the RDMA CM; NULL: released
 * @device: from attach to release
 * @device_list: among its connections; devices_lock
 * @published: the device's removal releases it, not who sets it up; devices_lock
 * @qp: the queue pair
 * @cq: shared with others
 * @nr_cqe: that are ours
 * @max_inline: bytes
 * @step: the RDMA CM has news for who connects
 * @step_err: these
 * @listener: that waits for it to be established; accept_lock
 * @accept_list: among listener->pending
 * @accept: how far it is
 * @peer_size: bytes of the peer's receive buffers
 * @rx_lock: see above
 * @started: ops->recv() is called
 * @early: arrived before that
 * @spent: to be posted again
 * @nr_spent: how many
 * @rxs: all receive buffers
 * @nr_rxs: how many
 * @max_rxs: what the queue pair has room for
 * @repost: so many spent ones are worth it
 * @garbage: the peer broke the rules: no more of it
 * @credits: SENDs that the peer has room for; taken under @lock
 * @lock: see above; guards the following
 * @dead: nothing is posted
 * @owed: receive buffers posted and not told of
 * @owed_max: so many are returned even if there is nothing to be sent
 * @starved: something waits for credits
 * @full: ... for room in the send queue
 * @closing: each chain ends with a completion
 * @sending: messages taken from conn->tx_queue
 * @inlined: buffers that were sent inline
 * @nr_slots: of the send queue
 * @head: next slot
 * @tail: oldest one that is not done
 * @used: slots from @tail to @head
 * @last: the one before @head
 * @unsignaled: SENDs since the last one with a completion
 * @slots: ring
 * @hdrs: what each SEND begins with, by slot
 * @hdrs_dma: for the device
 * @hdrs_mapped: it is
 * @wr: chain being posted
 * @sge: of these
 * @send_cqe: of all SENDs
 * @flush_work: posts what lies ready, gives buffers back
 * @end_work: see above
 * @err: why it ended; 0: it did not. Set once
 * @idle: woken when all is sent, while closing
 */
struct cof_rdma_conn {
	struct cof_conn conn;
	struct rdma_cm_id *id;
	struct cof_rdma_device *device;
	struct list_head device_list;
	bool published;
	struct ib_qp *qp;
	struct ib_cq *cq;
	unsigned int nr_cqe;
	u32 max_inline;

	struct completion step;
	int step_err;
	struct cof_rdma_listener *listener;
	struct list_head accept_list;
	enum cof_rdma_accept accept;
	u32 peer_size;

	spinlock_t rx_lock;	/* what was received */
	bool started;
	struct list_head early;
	struct list_head spent;
	unsigned int nr_spent;
	struct cof_rdma_rx **rxs;
	unsigned int nr_rxs;
	unsigned int max_rxs;
	unsigned int repost;
	bool garbage;

	atomic_t credits ____cacheline_aligned_in_smp;
	spinlock_t lock;	/* posting */
	bool dead;
	unsigned int owed;
	unsigned int owed_max;
	bool starved;
	bool full;
	bool closing;
	struct list_head sending;
	struct list_head inlined;
	unsigned int nr_slots;
	unsigned int head;
	unsigned int tail;
	unsigned int used;
	unsigned int unsignaled;
	struct cof_rdma_slot *last;
	struct cof_rdma_slot *slots;
	struct cof_rdma_hdr *hdrs;
	dma_addr_t hdrs_dma;
	bool hdrs_mapped;
	struct ib_send_wr wr[COF_RDMA_BATCH];
	struct ib_sge sge[COF_RDMA_BATCH][2];
	struct ib_cqe send_cqe;

	struct work_struct flush_work;
	struct work_struct end_work;
	int err;
	wait_queue_head_t idle;
};

/**
 * struct cof_rdma_listener - a listener
 * @listener: the common part
 * @addr: where
 * @list: in listeners; this and @id under listeners_lock
 * @id: of the RDMA CM; NULL: its device is not there
 * @listen_work: tries again
 * @accept_work: accepts
 * @pending: connections being set up, oldest first; this and the following under accept_lock
 * @nr_pending: how many
 * @nr_failed: of these, are about to be dropped
 */
struct cof_rdma_listener {
	struct cof_listener listener;
	struct sockaddr_storage addr;
	struct list_head list;
	struct rdma_cm_id *id;
	struct delayed_work listen_work;
	struct work_struct accept_work;
	struct list_head pending;
	unsigned int nr_pending;
	unsigned int nr_failed;
};

static DEFINE_MUTEX(devices_lock);
static LIST_HEAD(devices);
static DEFINE_MUTEX(listeners_lock);
static LIST_HEAD(listeners);
static DEFINE_SPINLOCK(accept_lock);
static struct workqueue_struct *cof_rdma_wq;
static struct kmem_cache *cof_rdma_rx_cache;
static struct ib_client cof_rdma_client;
static struct cof_transport cof_rdma_transport;

static struct cof_rdma_conn *to_rdma(struct cof_conn *conn)
{
	return container_of(conn, struct cof_rdma_conn, conn);
}

/* It is of no use any more. Any context in which the queue pair is there. */
static void cof_rdma_end(struct cof_rdma_conn *rc, int err)
{
	if (!cmpxchg(&rc->err, 0, err))
		queue_work(cof_rdma_wq, &rc->end_work);
}

/* ---- devices ------------------------------------------------------------- */

static struct cof_rdma_device *cof_rdma_device_find(struct ib_device *ibdev)
{
	struct cof_rdma_device *device;

	lockdep_assert_held(&devices_lock);
	list_for_each_entry(device, &devices, list)
		if (device->ibdev == ibdev && !device->gone)
			return device;
	return NULL;
}

/* Not one that is being removed: the RDMA CM still leads there for a while. */
static bool cof_rdma_device_is_there(struct ib_device *ibdev)
{
	guard(mutex)(&devices_lock);
	return cof_rdma_device_find(ibdev);
}

/* A reference to the device of rc->id: it is not removed before cof_rdma_detach(). */
static int cof_rdma_attach(struct cof_rdma_conn *rc)
{
	struct cof_rdma_device *device;

	guard(mutex)(&devices_lock);
	device = cof_rdma_device_find(rc->id->device);
	if (!device)
		return -ENODEV;
	if (device->ibdev->attrs.max_send_sge < 2)
		return -EOPNOTSUPP;
	if (!device->pd) {
		struct ib_pd *pd = ib_alloc_pd(device->ibdev, 0);

		if (IS_ERR(pd))
			return PTR_ERR(pd);
		device->pd = pd;
	}
	rc->device = device;
	list_add_tail(&rc->device_list, &device->conns);
	return 0;
}

static void cof_rdma_detach(struct cof_rdma_conn *rc)
{
	struct cof_rdma_device *device = rc->device;

	guard(mutex)(&devices_lock);
	list_del(&rc->device_list);
	rc->device = NULL;
	if (device->gone && list_empty(&device->conns))
		complete(&device->unused);
}

/* From now on the device's removal releases it. */
static int cof_rdma_publish(struct cof_rdma_conn *rc)
{
	guard(mutex)(&devices_lock);
	if (rc->device->gone)
		return -ENODEV;
	rc->published = true;
	return 0;
}

/* ---- sending ------------------------------------------------------------- */

/*
 * The last credit is for who returns some: so one side can always go on. If there is none,
 * whoever brings some posts what waits.
 */
static bool cof_rdma_take_credit(struct cof_rdma_conn *rc)
{
	lockdep_assert_held(&rc->lock);
	if (atomic_read(&rc->credits) <= !rc->owed) {
		WRITE_ONCE(rc->starved, true);
		smp_mb();	/* pairs with that in cof_rdma_credit() */
		if (atomic_read(&rc->credits) <= !rc->owed)
			return false;
		WRITE_ONCE(rc->starved, false);
	}
	atomic_dec(&rc->credits);
	return true;
}

/* The peer may be sent more. Returns whether somebody waited for that. */
static bool cof_rdma_credit(struct cof_rdma_conn *rc, unsigned int credits)
{
	atomic_add(credits, &rc->credits);
	/* Pairs with that in cof_rdma_take_credit(). */
	smp_mb__after_atomic();
	return READ_ONCE(rc->starved);
}

static struct cof_txbuf *cof_rdma_next(struct cof_rdma_conn *rc)
{
	if (list_empty(&rc->sending) &&
	    !cof_conn_take_tx(&rc->conn, &rc->sending, COF_RDMA_BATCH))
		return NULL;
	return list_first_entry(&rc->sending, struct cof_txbuf, list);
}

/*
 * May the driver keep a copy of it in the device's queue? Not of keys: they travel on the admin
 * queue, and in large buffers.
 */
static bool cof_rdma_may_inline(const struct cof_rdma_conn *rc, const struct cof_txbuf *buf,
				u32 len)
{
	return COF_RDMA_HDR + len <= rc->max_inline &&
	       (!buf || (!buf->large && READ_ONCE(rc->conn.qid)));
}

static unsigned int cof_rdma_next_slot(const struct cof_rdma_conn *rc, unsigned int slot)
{
	return slot + 1 < rc->nr_slots ? slot + 1 : 0;
}

/* The oldest slot, done with. */
static struct cof_rdma_slot *cof_rdma_pop_slot(struct cof_rdma_conn *rc)
{
	struct cof_rdma_slot *slot = &rc->slots[rc->tail];

	rc->tail = cof_rdma_next_slot(rc, rc->tail);
	rc->used--;
	return slot;
}

/* A SEND that returns what is owed, with @len bytes at @buf->data + @buf->sent; NULL: none. */
static void cof_rdma_fill(struct cof_rdma_conn *rc, unsigned int n, struct cof_txbuf *buf, u32 len)
{
	unsigned int i = rc->head;
	struct cof_rdma_slot *slot = &rc->slots[i];
	struct ib_device *ibdev = rc->device->ibdev;
	struct cof_rdma_hdr *hdr = &rc->hdrs[i];
	struct ib_send_wr *wr = &rc->wr[n];
	struct ib_sge *sge = rc->sge[n];
	bool is_inline = cof_rdma_may_inline(rc, buf, len);

	rc->head = cof_rdma_next_slot(rc, i);
	rc->used++;
	rc->last = slot;
	hdr->credits = cpu_to_le16(rc->owed);
	rc->owed = 0;
	*wr = (struct ib_send_wr) {
		.wr_cqe = &rc->send_cqe,
		.sg_list = sge,
		.num_sge = len ? 2 : 1,
		.opcode = IB_WR_SEND,
		.send_flags = is_inline ? IB_SEND_INLINE : 0,
	};
	slot->buf = NULL;
	slot->signaled = false;
	sge[0].length = COF_RDMA_HDR;
	sge[1].length = len;
	sge[0].lkey = rc->device->pd->local_dma_lkey;
	sge[1].lkey = rc->device->pd->local_dma_lkey;
	if (is_inline) {
		/* The driver copies it while it is posted: from where the CPU has it. */
		sge[0].addr = (uintptr_t)hdr;
		sge[1].addr = len ? (uintptr_t)(buf->data + buf->sent) : 0;
	} else {
		sge[0].addr = rc->hdrs_dma + i * COF_RDMA_HDR;
		ib_dma_sync_single_for_device(ibdev, sge[0].addr, COF_RDMA_HDR, DMA_TO_DEVICE);
		if (len) {
			sge[1].addr = buf->dma + buf->sent;
			ib_dma_sync_single_for_device(ibdev, sge[1].addr, len, DMA_TO_DEVICE);
		}
	}
	if (!buf)
		return;
	buf->sent += len;
	if (buf->sent < buf->len)
		return;
	if (is_inline) {
		list_move_tail(&buf->list, &rc->inlined);
	} else {
		list_del_init(&buf->list);
		slot->buf = buf;
	}
}

static bool cof_rdma_has_room(struct cof_rdma_conn *rc)
{
	if (rc->used < rc->nr_slots)
		return true;
	rc->full = true;
	return false;
}

/* The first @n of rc->wr. */
static void cof_rdma_post_chain(struct cof_rdma_conn *rc, unsigned int n)
{
	bool signaled = rc->closing;
	const struct ib_send_wr *bad;
	unsigned int i;
	int err;

	for (i = 0; i < n; i++) {
		rc->wr[i].next = i + 1 < n ? &rc->wr[i + 1] : NULL;
		signaled |= !(rc->wr[i].send_flags & IB_SEND_INLINE);
	}
	rc->unsignaled += n;
	if (signaled || rc->unsignaled >= rc->nr_slots / 4) {
		rc->wr[n - 1].send_flags |= IB_SEND_SIGNALED;
		rc->last->signaled = true;
		rc->unsignaled = 0;
	}
	err = ib_post_send(rc->qp, rc->wr, &bad);
	if (unlikely(err)) {
		rc->dead = true;
		cof_rdma_end(rc, err);
	}
}

/* Post queued messages, as far as there are credits and room. */
static void cof_rdma_post(struct cof_rdma_conn *rc)
{
	struct cof_txbuf *buf;
	unsigned int n;

	lockdep_assert_held(&rc->lock);
	WRITE_ONCE(rc->starved, false);
	do {
		for (n = 0; n < COF_RDMA_BATCH && !rc->dead; n++) {
			buf = cof_rdma_next(rc);
			if (!buf || !cof_rdma_has_room(rc) || !cof_rdma_take_credit(rc))
				break;
			cof_rdma_fill(rc, n, buf, min(buf->len - buf->sent,
						      rc->peer_size - (u32)COF_RDMA_HDR));
		}
		if (n)
			cof_rdma_post_chain(rc, n);
	} while (n == COF_RDMA_BATCH);
}

/* A SEND without a message. */
static void cof_rdma_post_empty(struct cof_rdma_conn *rc)
{
	lockdep_assert_held(&rc->lock);
	if (rc->dead || !cof_rdma_has_room(rc) || !cof_rdma_take_credit(rc))
		return;
	cof_rdma_fill(rc, 0, NULL, 0);
	cof_rdma_post_chain(rc, 1);
}

/* A caller that waits for a buffer gets those that were sent inline. */
static bool cof_rdma_wants_flush(struct cof_rdma_conn *rc)
{
	lockdep_assert_held(&rc->lock);
	return !list_empty(&rc->inlined) && READ_ONCE(rc->conn.tx_starved);
}

static void cof_rdma_send(struct cof_conn *conn)
{
	struct cof_rdma_conn *rc = to_rdma(conn);
	bool flush;

	spin_lock_bh(&rc->lock);
	cof_rdma_post(rc);
	flush = cof_rdma_wants_flush(rc);
	spin_unlock_bh(&rc->lock);
	if (unlikely(flush))
		queue_work(system_bh_wq, &rc->flush_work);
}

static void cof_rdma_kick(struct cof_conn *conn)
{
	queue_work(system_bh_wq, &to_rdma(conn)->flush_work);
}

static void cof_rdma_reclaim(struct cof_conn *conn)
{
	struct cof_rdma_conn *rc = to_rdma(conn);
	bool flush;

	spin_lock_bh(&rc->lock);
	flush = !list_empty(&rc->inlined);
	spin_unlock_bh(&rc->lock);
	if (flush)
		queue_work(system_bh_wq, &rc->flush_work);
}

static bool cof_rdma_all_sent(struct cof_rdma_conn *rc)
{
	bool all;

	spin_lock_bh(&rc->lock);
	all = rc->dead || (!rc->used && list_empty(&rc->sending));
	spin_unlock_bh(&rc->lock);
	return READ_ONCE(rc->err) || (all && cof_conn_tx_idle(&rc->conn));
}

/* Why a work request did not succeed. */
static int cof_rdma_wc_errno(enum ib_wc_status status)
{
	switch (status) {
	case IB_WC_RETRY_EXC_ERR:
	case IB_WC_RESP_TIMEOUT_ERR:
		return -ETIMEDOUT;
	default:
		return -ECONNRESET;
	}
}

static void cof_rdma_send_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct cof_rdma_conn *rc = container_of(wc->wr_cqe, struct cof_rdma_conn, send_cqe);
	LIST_HEAD(done);

	if (unlikely(wc->status != IB_WC_SUCCESS)) {
		/* Buffers come back when it is released. A flushed one has had its cause. */
		cof_rdma_end(rc, cof_rdma_wc_errno(wc->status));
		return;
	}
	spin_lock_bh(&rc->lock);
	while (rc->used) {
		struct cof_rdma_slot *slot = cof_rdma_pop_slot(rc);

		if (slot->buf)
			list_add_tail(&slot->buf->list, &done);
		slot->buf = NULL;
		if (slot->signaled)
			break;
	}
	list_splice_tail_init(&rc->inlined, &done);
	if (rc->full) {
		rc->full = false;
		cof_rdma_post(rc);
	}
	spin_unlock_bh(&rc->lock);
	if (!list_empty(&done))
		cof_conn_put_tx_list(&rc->conn, &done);
	/* A waiter looks at it again when it is in the queue. */
	if (wq_has_sleeper(&rc->idle) && cof_rdma_all_sent(rc))
		wake_up(&rc->idle);
	if (unlikely(test_bit(COF_CONN_SHUT, &rc->conn.state)))
		cof_rdma_kick(&rc->conn);
}

/* ---- receiving ----------------------------------------------------------- */

/* Receive buffers; those on @list. */
static void cof_rdma_post_receives(struct cof_rdma_conn *rc, struct list_head *list)
{
	struct ib_recv_wr *first = NULL, **link = &first;
	struct ib_device *ibdev = rc->device->ibdev;
	const struct ib_recv_wr *bad;
	struct cof_rdma_rx *rx;
	unsigned int n = 0;
	int err;

	lockdep_assert_held(&rc->lock);
	if (rc->dead || list_empty(list))
		return;
	list_for_each_entry(rx, list, list) {
		ib_dma_sync_single_for_device(ibdev, rx->sge.addr, COF_RDMA_SIZE, DMA_FROM_DEVICE);
		rx->wr.next = NULL;
		*link = &rx->wr;
		link = &rx->wr.next;
		n++;
	}
	INIT_LIST_HEAD(list);
	err = ib_post_recv(rc->qp, first, &bad);
	if (unlikely(err)) {
		rc->dead = true;
		cof_rdma_end(rc, err);
		return;
	}
	rc->owed += n;
}

static int cof_rdma_garbage(struct cof_rdma_conn *rc)
{
	rc->garbage = true;
	set_bit(COF_CONN_DEAF, &rc->conn.state);
	cof_conn_error(&rc->conn, -EPROTO);
	return -EPROTO;
}

/* A part of a message that did not come in one SEND. */
static int cof_rdma_part(struct cof_rdma_conn *rc, const u8 *data, u32 len)
{
	struct cof_stream *s = &rc->conn.rx;
	bool full = len == COF_RDMA_SIZE - COF_RDMA_HDR;
	int ret = 0;
	u32 n;
	u8 *to;

	while (len) {
		to = cof_stream_room(s, &n);
		n = min(n, len);
		memcpy(to, data, n);
		ret = cof_stream_advance(s, &n);
		if (ret < 0)
			return ret;
		data += n;
		len -= n;
		if (ret)
			break;
	}
	/* Neither bytes of the next one, nor less than there is room for. */
	if (len || (!ret && !full))
		return -EPROTO;
	if (ret) {
		cof_conn_deliver(&rc->conn, s->buf, s->have);
		cof_stream_next(s);
	}
	return 0;
}

/* The payload behind the first bytes of a SEND. */
static int cof_rdma_payload(struct cof_rdma_conn *rc, u8 *data, u32 len)
{
	struct cof_hdr *msg = (struct cof_hdr *)data;

	if (rc->conn.rx.have || len < sizeof(*msg) || cof_hdr_check(msg, rc->conn.rx.size) ||
	    le32_to_cpu(msg->length) != len)
		return cof_rdma_part(rc, data, len);
	cof_conn_deliver(&rc->conn, msg, len);
	return 0;
}

/* rx_lock held. Returns whether credits came that somebody waits for. */
static bool cof_rdma_receive(struct cof_rdma_conn *rc, struct cof_rdma_rx *rx)
{
	const struct cof_rdma_hdr *hdr = (const struct cof_rdma_hdr *)rx->data;
	unsigned int credits;
	bool awaited = false;

	if (rc->garbage)
		return false;
	if (rx->len < sizeof(*hdr) || hdr->rsvd || hdr->rsvd2) {
		cof_rdma_garbage(rc);
		return false;
	}
	credits = le16_to_cpu(hdr->credits);
	if (credits > COF_RDMA_MAX_CREDITS ||
	    atomic_read(&rc->credits) + credits > COF_RDMA_MAX_CREDITS) {
		cof_rdma_garbage(rc);
		return false;
	}
	if (credits)
		awaited = cof_rdma_credit(rc, credits);
	if (rx->len > sizeof(*hdr) && !test_bit(COF_CONN_DEAF, &rc->conn.state) &&
	    cof_rdma_payload(rc, rx->data + sizeof(*hdr), rx->len - sizeof(*hdr)))
		cof_rdma_garbage(rc);
	return awaited;
}

/* rx_lock held. Returns whether flush_work has something to do. */
static bool cof_rdma_take_rx(struct cof_rdma_conn *rc, struct cof_rdma_rx *rx)
{
	bool flush = cof_rdma_receive(rc, rx);

	memzero_explicit(rx->data, rx->len);
	list_add_tail(&rx->list, &rc->spent);
	return ++rc->nr_spent >= rc->repost || flush;
}

static void cof_rdma_recv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct cof_rdma_rx *rx = container_of(wc->wr_cqe, struct cof_rdma_rx, cqe);
	struct cof_rdma_conn *rc = rx->rc;
	bool flush = false;
	LIST_HEAD(done);

	if (unlikely(wc->status != IB_WC_SUCCESS)) {
		/* It was longer than the buffer: the peer's fault. Nothing can be sent any more. */
		if (wc->status == IB_WC_LOC_LEN_ERR) {
			spin_lock_bh(&rc->rx_lock);
			if (rc->started && !rc->garbage)
				cof_rdma_garbage(rc);
			spin_unlock_bh(&rc->rx_lock);
		}
		cof_rdma_end(rc, cof_rdma_wc_errno(wc->status));
		return;
	}
	rx->len = wc->byte_len;
	ib_dma_sync_single_for_cpu(cq->device, rx->sge.addr, rx->len, DMA_FROM_DEVICE);

	/* Before there is more to be answered. */
	if (!list_empty(&rc->inlined)) {
		spin_lock_bh(&rc->lock);
		list_splice_init(&rc->inlined, &done);
		spin_unlock_bh(&rc->lock);
		if (!list_empty(&done))
			cof_conn_put_tx_list(&rc->conn, &done);
	}
	spin_lock_bh(&rc->rx_lock);
	if (likely(rc->started)) {
		/* Answers to all that this poll brings go together. */
		if (rc->conn.accepted) {
			cof_conn_hold_tx(&rc->conn);
			flush = true;
		}
		flush |= cof_rdma_take_rx(rc, rx);
	} else {
		list_add_tail(&rx->list, &rc->early);
	}
	spin_unlock_bh(&rc->rx_lock);
	if (flush)
		queue_work(system_bh_wq, &rc->flush_work);
}

/* In softirq, after who received. */
static void cof_rdma_flush_work(struct work_struct *work)
{
	struct cof_rdma_conn *rc = container_of(work, struct cof_rdma_conn, flush_work);
	/* First: what is to be sent before was queued with it, or earlier. */
	bool shut = test_bit(COF_CONN_SHUT, &rc->conn.state);
	LIST_HEAD(spent);
	LIST_HEAD(done);

	spin_lock(&rc->rx_lock);
	if (rc->nr_spent >= rc->repost && !rc->garbage) {
		list_splice_init(&rc->spent, &spent);
		rc->nr_spent = 0;
	}
	spin_unlock(&rc->rx_lock);

	if (rc->conn.accepted)
		cof_conn_release_tx(&rc->conn);
	spin_lock(&rc->lock);
	rc->closing |= shut;
	cof_rdma_post_receives(rc, &spent);
	list_splice_init(&rc->inlined, &done);
	cof_rdma_post(rc);
	if (rc->owed >= rc->owed_max || (rc->closing && rc->unsignaled))
		cof_rdma_post_empty(rc);
	shut = shut && !rc->used && !cof_rdma_next(rc);
	spin_unlock(&rc->lock);
	if (!list_empty(&done))
		cof_conn_put_tx_list(&rc->conn, &done);
	if (unlikely(shut))
		cof_rdma_end(rc, -ECONNRESET);
}

/* ---- the end ------------------------------------------------------------- */

/*
 * Everything that was received is delivered before its user is told. If there is no user yet,
 * start() queues it again.
 */
static void cof_rdma_end_work(struct work_struct *work)
{
	struct cof_rdma_conn *rc = container_of(work, struct cof_rdma_conn, end_work);

	/* Pairs with the release in cof_rdma_start(). */
	if (!smp_load_acquire(&rc->started))
		return;
	rdma_disconnect(rc->id);
	ib_drain_qp(rc->qp);
	local_bh_disable();
	cof_conn_error(&rc->conn, READ_ONCE(rc->err));
	local_bh_enable();
	wake_up(&rc->idle);
}

static void cof_rdma_free_rxs(struct cof_rdma_conn *rc)
{
	unsigned int i;

	for (i = 0; i < rc->nr_rxs; i++) {
		ib_dma_unmap_single(rc->device->ibdev, rc->rxs[i]->sge.addr, COF_RDMA_SIZE,
				    DMA_FROM_DEVICE);
		memzero_explicit(rc->rxs[i]->data, COF_RDMA_SIZE);
		kmem_cache_free(cof_rdma_rx_cache, rc->rxs[i]);
	}
	rc->nr_rxs = 0;
	kfree(rc->rxs);
	rc->rxs = NULL;
	INIT_LIST_HEAD(&rc->early);
	INIT_LIST_HEAD(&rc->spent);
}

static void cof_rdma_free_slots(struct cof_rdma_conn *rc)
{
	if (rc->hdrs_mapped)
		ib_dma_unmap_single(rc->device->ibdev, rc->hdrs_dma, rc->nr_slots * COF_RDMA_HDR,
				    DMA_TO_DEVICE);
	rc->hdrs_mapped = false;
	kfree(rc->hdrs);
	rc->hdrs = NULL;
	kfree(rc->slots);
	rc->slots = NULL;
}

/* Nobody sends what was taken: it goes back. */
static void cof_rdma_give_up(struct cof_rdma_conn *rc)
{
	LIST_HEAD(done);

	spin_lock_bh(&rc->lock);
	while (rc->used) {
		struct cof_rdma_slot *slot = cof_rdma_pop_slot(rc);

		if (slot->buf)
			list_add_tail(&slot->buf->list, &done);
	}
	list_splice_tail_init(&rc->inlined, &done);
	list_splice_tail_init(&rc->sending, &done);
	spin_unlock_bh(&rc->lock);
	if (!list_empty(&done))
		cof_conn_put_tx_list(&rc->conn, &done);
}

/*
 * Everything that is the device's, and @id. Under conn->lock, or by who sets the connection up. On
 * return no callback runs, nor will one.
 */
static void cof_rdma_release(struct cof_rdma_conn *rc, bool destroy_id)
{
	struct rdma_cm_id *id = rc->id;

	if (!id)
		return;
	disable_work_sync(&rc->end_work);
	spin_lock_bh(&rc->lock);
	rc->dead = true;
	spin_unlock_bh(&rc->lock);
	if (rc->qp) {
		rdma_disconnect(id);
		ib_drain_qp(rc->qp);
	}
	disable_work_sync(&rc->flush_work);
	if (rc->qp) {
		rdma_destroy_qp(id);
		ib_cq_pool_put(rc->cq, rc->nr_cqe);
	}
	if (destroy_id)
		rdma_destroy_id(id);
	rc->id = NULL;
	rc->qp = NULL;
	if (!rc->device)
		return;
	cof_rdma_give_up(rc);
	cof_conn_unmap_tx(&rc->conn);
	cof_rdma_free_rxs(rc);
	cof_rdma_free_slots(rc);
	cof_rdma_detach(rc);
}

static void cof_rdma_close(struct cof_conn *conn)
{
	struct cof_rdma_conn *rc = to_rdma(conn);

	spin_lock_bh(&rc->rx_lock);
	set_bit(COF_CONN_DEAF, &conn->state);
	spin_unlock_bh(&rc->rx_lock);
	if (rc->id && rc->qp && rc->started) {
		/* The last SEND may not have asked for a completion: another one does. */
		spin_lock_bh(&rc->lock);
		rc->closing = true;
		cof_rdma_post(rc);
		if (rc->unsignaled)
			cof_rdma_post_empty(rc);
		spin_unlock_bh(&rc->lock);
		wait_event_timeout(rc->idle, cof_rdma_all_sent(rc),
				   msecs_to_jiffies(COF_RDMA_LINGER_MS));
	}
	cof_rdma_release(rc, true);
}

static void cof_rdma_free(struct cof_conn *conn)
{
	struct cof_rdma_conn *rc = to_rdma(conn);

	cof_conn_exit(conn);
	kfree_sensitive(rc);
}

/* ---- connections --------------------------------------------------------- */

static int cof_rdma_map_tx(struct cof_conn *conn, struct cof_txbuf *buf)
{
	struct cof_rdma_conn *rc = to_rdma(conn);
	struct ib_device *ibdev;

	if (!rc->device)
		return -ENODEV;
	ibdev = rc->device->ibdev;
	buf->dma = ib_dma_map_single(ibdev, buf->data, buf->size, DMA_TO_DEVICE);
	return ib_dma_mapping_error(ibdev, buf->dma) ? -ENOMEM : 0;
}

static void cof_rdma_unmap_tx(struct cof_conn *conn, struct cof_txbuf *buf)
{
	ib_dma_unmap_single(to_rdma(conn)->device->ibdev, buf->dma, buf->size, DMA_TO_DEVICE);
}

/* As many messages come at once as may be answered, and a few. */
static unsigned int cof_rdma_receives(const struct cof_conn_limits *limits)
{
	return clamp(limits->tx_bufs / 2 + COF_RDMA_REPOST, COF_RDMA_MIN_WR, COF_RDMA_MAX_WR);
}

/* Up to @nr receive buffers, of which the new ones are posted. */
static int cof_rdma_more_receives(struct cof_rdma_conn *rc, unsigned int nr)
{
	struct ib_device *ibdev = rc->device->ibdev;
	struct cof_rdma_rx *rx;
	LIST_HEAD(fresh);
	int err = 0;

	nr = min(nr, rc->max_rxs);
	while (rc->nr_rxs < nr) {
		rx = kmem_cache_zalloc(cof_rdma_rx_cache, GFP_KERNEL);
		if (!rx) {
			err = -ENOMEM;
			break;
		}
		rx->rc = rc;
		rx->cqe.done = cof_rdma_recv_done;
		rx->wr.wr_cqe = &rx->cqe;
		rx->wr.sg_list = &rx->sge;
		rx->wr.num_sge = 1;
		rx->sge.addr = ib_dma_map_single(ibdev, rx->data, COF_RDMA_SIZE, DMA_FROM_DEVICE);
		rx->sge.length = COF_RDMA_SIZE;
		rx->sge.lkey = rc->device->pd->local_dma_lkey;
		if (ib_dma_mapping_error(ibdev, rx->sge.addr)) {
			kmem_cache_free(cof_rdma_rx_cache, rx);
			err = -ENOMEM;
			break;
		}
		rc->rxs[rc->nr_rxs++] = rx;
		list_add_tail(&rx->list, &fresh);
	}
	spin_lock_bh(&rc->lock);
	cof_rdma_post_receives(rc, &fresh);
	rc->owed_max = rc->nr_rxs / 2;
	spin_unlock_bh(&rc->lock);
	return err;
}

static void cof_rdma_qp_event(struct ib_event *event, void *data)
{
	struct cof_rdma_conn *rc = data;

	switch (event->event) {
	case IB_EVENT_COMM_EST:
		rdma_notify(rc->id, event->event);
		break;
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
		cof_rdma_end(rc, -ECONNRESET);
		break;
	default:
		break;
	}
}

/* With as much inline data as the device has room for. */
static int cof_rdma_create_qp(struct cof_rdma_conn *rc)
{
	struct ib_qp_init_attr attr;
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(cof_rdma_inline); i++) {
		/* Each queue has room for what ib_drain_qp() posts. */
		attr = (struct ib_qp_init_attr) {
			.event_handler = cof_rdma_qp_event,
			.qp_context = rc,
			.send_cq = rc->cq,
			.recv_cq = rc->cq,
			.cap = {
				.max_send_wr = rc->nr_slots + 1,
				.max_recv_wr = rc->max_rxs + 1,
				.max_send_sge = 2,
				.max_recv_sge = 1,
				.max_inline_data = cof_rdma_inline[i],
			},
			.sq_sig_type = IB_SIGNAL_REQ_WR,
			.qp_type = IB_QPT_RC,
		};
		err = rdma_create_qp(rc->id, rc->device->pd, &attr);
		if (!err) {
			rc->qp = rc->id->qp;
			rc->max_inline = cof_rdma_inline[i];
			break;
		}
	}
	return err;
}

/* Queue pair, completion queue and memory for @nr receive buffers. Undone by cof_rdma_release(). */
static int cof_rdma_setup(struct cof_rdma_conn *rc, unsigned int nr)
{
	struct ib_device *ibdev = rc->device->ibdev;
	unsigned int most = min(ibdev->attrs.max_qp_wr, ibdev->attrs.max_cqe / 2);
	struct ib_cq *cq;
	dma_addr_t dma;
	int err;

	if (most < COF_RDMA_MIN_WR + 1)
		return -EOPNOTSUPP;
	rc->max_rxs = min(nr, most - 1);
	rc->nr_slots = rc->max_rxs;
	rc->repost = min(rc->max_rxs / 4, COF_RDMA_REPOST);
	rc->rxs = kcalloc(rc->max_rxs, sizeof(*rc->rxs), GFP_KERNEL);
	rc->slots = kcalloc(rc->nr_slots, sizeof(*rc->slots), GFP_KERNEL);
	rc->hdrs = kcalloc(rc->nr_slots, sizeof(*rc->hdrs), GFP_KERNEL);
	if (!rc->rxs || !rc->slots || !rc->hdrs)
		return -ENOMEM;
	dma = ib_dma_map_single(ibdev, rc->hdrs, rc->nr_slots * COF_RDMA_HDR, DMA_TO_DEVICE);
	if (ib_dma_mapping_error(ibdev, dma))
		return -ENOMEM;
	rc->hdrs_dma = dma;
	rc->hdrs_mapped = true;
	rc->nr_cqe = rc->max_rxs + rc->nr_slots + 2;
	cq = ib_cq_pool_get(ibdev, rc->nr_cqe, -1, IB_POLL_SOFTIRQ);
	if (IS_ERR(cq))
		return PTR_ERR(cq);
	rc->cq = cq;
	err = cof_rdma_create_qp(rc);
	if (err)
		ib_cq_pool_put(cq, rc->nr_cqe);
	return err;
}

static struct cof_rdma_conn *cof_rdma_conn_new(void)
{
	struct cof_rdma_conn *rc = kzalloc_obj(*rc);

	if (!rc)
		return NULL;
	init_completion(&rc->step);
	INIT_LIST_HEAD(&rc->accept_list);
	spin_lock_init(&rc->rx_lock);
	INIT_LIST_HEAD(&rc->early);
	INIT_LIST_HEAD(&rc->spent);
	spin_lock_init(&rc->lock);
	INIT_LIST_HEAD(&rc->sending);
	INIT_LIST_HEAD(&rc->inlined);
	rc->send_cqe.done = cof_rdma_send_done;
	INIT_WORK(&rc->flush_work, cof_rdma_flush_work);
	INIT_WORK(&rc->end_work, cof_rdma_end_work);
	init_waitqueue_head(&rc->idle);
	return rc;
}

/* To which device rc->id leads is known. Receives as many messages as @limits mean, up to @nr. */
static int cof_rdma_conn_init(struct cof_rdma_conn *rc, const struct cof_conn_limits *limits,
			      const struct sockaddr_storage *peer, unsigned int nr)
{
	int err;

	err = cof_rdma_attach(rc);
	if (err)
		return err;
	err = cof_conn_init(&rc->conn, &cof_rdma_transport, limits, peer);
	if (err) {
		cof_rdma_detach(rc);
		return err;
	}
	err = cof_rdma_setup(rc, nr);
	if (!err)
		err = cof_rdma_more_receives(rc, cof_rdma_receives(limits));
	if (err) {
		cof_rdma_release(rc, false);
		cof_conn_exit(&rc->conn);
	}
	return err;
}

/* The private data for the peer while connecting: posted buffers are no longer owed. */
static void cof_rdma_conn_param(struct cof_rdma_conn *rc, struct rdma_conn_param *param,
				struct cof_rdma_cm *cm)
{
	*cm = (struct cof_rdma_cm) {
		.magic = cpu_to_le32(COF_RDMA_MAGIC),
		.version = cpu_to_le16(COF_RDMA_VERSION),
		.receives = cpu_to_le16(rc->owed),
		.size = cpu_to_le32(COF_RDMA_SIZE),
	};
	rc->owed = 0;
	*param = (struct rdma_conn_param) {
		.private_data = cm,
		.private_data_len = sizeof(*cm),
		.flow_control = 1,
		.retry_count = 7,
		.rnr_retry_count = 0,
	};
}

/* The peer's private data. COF_S_OK, or why not. */
static u16 cof_rdma_peer(struct cof_rdma_conn *rc, const struct rdma_conn_param *param)
{
	const struct cof_rdma_cm *cm = param->private_data;
	u16 receives;

	if (param->private_data_len < sizeof(*cm) || le32_to_cpu(cm->magic) != COF_RDMA_MAGIC)
		return COF_S_INVALID;
	if (le16_to_cpu(cm->version) != COF_RDMA_VERSION)
		return COF_S_VERSION;
	receives = le16_to_cpu(cm->receives);
	rc->peer_size = le32_to_cpu(cm->size);
	if (cm->rsvd || receives < COF_RDMA_MIN_RECEIVES || receives > COF_RDMA_MAX_RECEIVES ||
	    rc->peer_size < COF_RDMA_MIN_SIZE || rc->peer_size > COF_MAX_MSG)
		return COF_S_INVALID;
	atomic_set(&rc->credits, receives);
	return COF_S_OK;
}

/* Why a peer rejects. */
static int cof_rdma_rejected(struct rdma_cm_id *id, const struct rdma_cm_event *event)
{
	const struct cof_rdma_reject *reject;
	u8 len;

	reject = rdma_consumer_reject_data(id, (struct rdma_cm_event *)event, &len);
	if (reject && len >= sizeof(*reject) && le32_to_cpu(reject->magic) == COF_RDMA_MAGIC)
		return cof_status_to_errno(le16_to_cpu(reject->status));
	if (rdma_cap_ib_cm(id->device, id->port_num) && event->status == IB_CM_REJ_TIMEOUT)
		return -ETIMEDOUT;
	return -ECONNREFUSED;
}

static void cof_rdma_step(struct cof_rdma_conn *rc, int err)
{
	WRITE_ONCE(rc->step_err, err);
	complete(&rc->step);
}

static void cof_rdma_accept_event_locked(struct cof_rdma_conn *rc, enum cof_rdma_accept accept)
{
	struct cof_rdma_listener *rl = rc->listener;

	lockdep_assert_held(&accept_lock);
	if (!rl || rc->accept != COF_RDMA_WAITS)
		return;
	rc->accept = accept;
	rl->nr_failed += accept == COF_RDMA_FAILED;
	queue_work(cof_rdma_wq, &rl->accept_work);
}

/* A connection that is to be accepted is ready, or will never be. */
static void cof_rdma_accept_event(struct cof_rdma_conn *rc, enum cof_rdma_accept accept)
{
	spin_lock(&accept_lock);
	cof_rdma_accept_event_locked(rc, accept);
	spin_unlock(&accept_lock);
}

static void cof_rdma_cm_failed(struct cof_rdma_conn *rc, int err)
{
	cof_rdma_accept_event(rc, COF_RDMA_FAILED);
	cof_rdma_step(rc, err);
}

/* Of a connection. The RDMA CM calls for one @id once at a time, in process context. */
static int cof_rdma_cm_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	struct cof_rdma_conn *rc = id->context;

	switch (event->event) {
	case RDMA_CM_EVENT_ADDR_RESOLVED:
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
		cof_rdma_step(rc, 0);
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		if (rc->conn.accepted)
			cof_rdma_accept_event(rc, COF_RDMA_READY);
		else if (cof_rdma_peer(rc, &event->param.conn) == COF_S_OK)
			cof_rdma_step(rc, 0);
		else
			cof_rdma_step(rc, -EPROTO);
		break;
	case RDMA_CM_EVENT_REJECTED:
		cof_rdma_cm_failed(rc, cof_rdma_rejected(id, event));
		break;
	case RDMA_CM_EVENT_ADDR_ERROR:
	case RDMA_CM_EVENT_ROUTE_ERROR:
	case RDMA_CM_EVENT_CONNECT_ERROR:
	case RDMA_CM_EVENT_UNREACHABLE:
		cof_rdma_cm_failed(rc, event->status < 0 ? event->status : -ETIMEDOUT);
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
	case RDMA_CM_EVENT_ADDR_CHANGE:
		cof_rdma_cm_failed(rc, -ECONNRESET);
		cof_rdma_end(rc, -ECONNRESET);
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		/* Only what is not attached yet: cof_rdma_remove_device() came first. */
		cof_rdma_cm_failed(rc, -ENODEV);
		break;
	default:
		break;
	}
	return 0;
}

static int cof_rdma_wait_step(struct cof_rdma_conn *rc, int err, unsigned long end)
{
	long left = end - jiffies;

	if (err)
		return err;
	if (left <= 0 || !wait_for_completion_timeout(&rc->step, left))
		return -ETIMEDOUT;
	return READ_ONCE(rc->step_err);
}

static unsigned int cof_rdma_left_ms(unsigned long end)
{
	long left = end - jiffies;

	return left > 0 ? max(jiffies_to_msecs(left), 1U) : 1;
}

static int cof_rdma_resolve(struct cof_rdma_conn *rc, const struct cof_connect_args *args,
			    unsigned long end)
{
	int err;

	err = rdma_resolve_addr(rc->id, NULL, (struct sockaddr *)args->addr,
				cof_rdma_left_ms(end));
	err = cof_rdma_wait_step(rc, err, end);
	if (err)
		return err;
	err = rdma_resolve_route(rc->id, cof_rdma_left_ms(end));
	return cof_rdma_wait_step(rc, err, end);
}

static struct cof_conn *cof_rdma_connect(const struct cof_connect_args *args)
{
	unsigned int timeout_ms = args->timeout_ms ?: COF_RDMA_CONNECT_MS;
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);
	struct rdma_conn_param param;
	struct cof_rdma_conn *rc;
	struct rdma_cm_id *id;
	struct cof_rdma_cm cm;
	int err;

	rc = cof_rdma_conn_new();
	if (!rc)
		return ERR_PTR(-ENOMEM);
	id = rdma_create_id(&init_net, cof_rdma_cm_event, rc, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id)) {
		kfree(rc);
		return ERR_CAST(id);
	}
	rc->id = id;
	err = cof_rdma_resolve(rc, args, end);
	if (!err)
		err = cof_rdma_conn_init(rc, &args->limits, args->addr,
					 cof_rdma_receives(&args->limits));
	if (err) {
		rdma_destroy_id(id);
		disable_work_sync(&rc->end_work);
		kfree(rc);
		return ERR_PTR(err);
	}
	cof_rdma_conn_param(rc, &param, &cm);
	err = cof_rdma_wait_step(rc, rdma_connect(id, &param), end);
	if (!err)
		err = cof_rdma_publish(rc);
	if (err) {
		cof_conn_close(&rc->conn);
		cof_rdma_free(&rc->conn);
		return ERR_PTR(err);
	}
	return &rc->conn;
}

static int cof_rdma_start(struct cof_conn *conn)
{
	struct cof_rdma_conn *rc = to_rdma(conn);
	struct cof_rdma_rx *rx, *next;

	if (!rc->id)
		return -ENODEV;
	spin_lock_bh(&rc->rx_lock);
	list_for_each_entry_safe(rx, next, &rc->early, list) {
		list_del(&rx->list);
		cof_rdma_take_rx(rc, rx);
	}
	/* Pairs with the acquire in end_work, which looks without the lock. */
	smp_store_release(&rc->started, true);
	spin_unlock_bh(&rc->rx_lock);
	/* Work that came up meanwhile. */
	queue_work(system_bh_wq, &rc->flush_work);
	if (READ_ONCE(rc->err))
		queue_work(cof_rdma_wq, &rc->end_work);
	return 0;
}

static int cof_rdma_resize(struct cof_conn *conn, const struct cof_conn_limits *limits,
			   u8 **rx_buf)
{
	struct cof_rdma_conn *rc = to_rdma(conn);
	int err;

	if (!rc->id)
		return -ENODEV;
	err = cof_rdma_more_receives(rc, cof_rdma_receives(limits));
	if (err)
		return err;
	spin_lock_bh(&rc->rx_lock);
	err = list_empty(&rc->early) ? cof_conn_swap_rx(conn, rx_buf, limits->rx_max) : -EPROTO;
	spin_unlock_bh(&rc->rx_lock);
	return err;
}

/* ---- listening ----------------------------------------------------------- */

static void cof_rdma_reject(struct rdma_cm_id *id, u16 status)
{
	const struct cof_rdma_reject reject = {
		.magic = cpu_to_le32(COF_RDMA_MAGIC),
		.version = cpu_to_le16(COF_RDMA_VERSION),
		.status = cpu_to_le16(status),
	};

	rdma_reject(id, &reject, sizeof(reject), IB_CM_REJ_CONSUMER_DEFINED);
}

/* The longest waiting peer makes room: one that never says that it is there stops nobody. */
static void cof_rdma_evict_locked(struct cof_rdma_listener *rl)
{
	struct cof_rdma_conn *rc;

	lockdep_assert_held(&accept_lock);
	list_for_each_entry(rc, &rl->pending, accept_list) {
		if (rc->accept != COF_RDMA_WAITS)
			continue;
		cof_rdma_accept_event_locked(rc, COF_RDMA_FAILED);
		return;
	}
}

/* A place among those that are being set up. */
static bool cof_rdma_pending_add(struct cof_rdma_listener *rl, struct cof_rdma_conn *rc)
{
	bool room;

	spin_lock(&accept_lock);
	if (rl->nr_pending - rl->nr_failed >= COF_RDMA_BACKLOG)
		cof_rdma_evict_locked(rl);
	room = rl->nr_pending < 2 * COF_RDMA_BACKLOG;
	if (room) {
		rl->nr_pending++;
		rc->listener = rl;
		list_add_tail(&rc->accept_list, &rl->pending);
	}
	spin_unlock(&accept_lock);
	return room;
}

static void cof_rdma_pending_del_locked(struct cof_rdma_conn *rc)
{
	lockdep_assert_held(&accept_lock);
	list_del_init(&rc->accept_list);
	rc->listener->nr_pending--;
	rc->listener->nr_failed -= rc->accept == COF_RDMA_FAILED;
	rc->listener = NULL;
}

/*
 * From now on the listener may drop it. If its device goes, who removes it has told all that were
 * ready to be told, or is seen here.
 */
static void cof_rdma_setup_done(struct cof_rdma_conn *rc, int err)
{
	spin_lock(&accept_lock);
	rc->accept = COF_RDMA_WAITS;
	spin_unlock(&accept_lock);
	guard(mutex)(&devices_lock);
	if (err || rc->device->gone)
		cof_rdma_accept_event(rc, COF_RDMA_FAILED);
}

/* COF_S_OK: @id is the connection's. */
static u16 cof_rdma_connect_request(struct cof_rdma_listener *rl, struct rdma_cm_id *id,
				    const struct rdma_conn_param *peer)
{
	struct rdma_conn_param param;
	struct cof_rdma_conn *rc;
	struct cof_rdma_cm cm;
	u16 status;
	int err;

	rc = cof_rdma_conn_new();
	if (!rc)
		return COF_S_NO_MEMORY;
	rc->id = id;
	rc->conn.accepted = true;
	status = cof_rdma_peer(rc, peer);
	if (status != COF_S_OK)
		goto free;
	if (!cof_rdma_pending_add(rl, rc)) {
		status = COF_S_BUSY;
		goto free;
	}
	/* The peer is ready for as many answers as it has requests. */
	err = cof_rdma_conn_init(rc, &rl->listener.limits, &id->route.addr.dst_addr,
				 clamp(atomic_read(&rc->credits), COF_RDMA_MIN_WR,
				       COF_RDMA_MAX_WR));
	if (err) {
		status = cof_errno_to_status(err);
		goto not_pending;
	}
	id->context = rc;
	id->event_handler = cof_rdma_cm_event;
	cof_rdma_conn_param(rc, &param, &cm);
	cof_rdma_setup_done(rc, rdma_accept(id, &param));
	return COF_S_OK;

not_pending:
	spin_lock(&accept_lock);
	cof_rdma_pending_del_locked(rc);
	spin_unlock(&accept_lock);
free:
	kfree(rc);
	return status;
}

/* Of a listener: that its device is removed has been dealt with. */
static int cof_rdma_listen_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	u16 status;

	if (event->event != RDMA_CM_EVENT_CONNECT_REQUEST)
		return 0;
	status = cof_rdma_connect_request(id->context, id, &event->param.conn);
	if (status == COF_S_OK)
		return 0;
	cof_rdma_reject(id, status);
	return -ECONNREFUSED;	/* the RDMA CM destroys it */
}

/* The next one of which it is known what becomes of it. */
static struct cof_rdma_conn *cof_rdma_next_pending(struct cof_rdma_listener *rl)
{
	struct cof_rdma_conn *rc, *found = NULL;

	spin_lock(&accept_lock);
	list_for_each_entry(rc, &rl->pending, accept_list) {
		if (rc->accept < COF_RDMA_READY)
			continue;
		found = rc;
		break;
	}
	if (found)
		cof_rdma_pending_del_locked(found);
	spin_unlock(&accept_lock);
	return found;
}

static void cof_rdma_drop(struct cof_rdma_conn *rc)
{
	cof_conn_close(&rc->conn);
	cof_rdma_free(&rc->conn);
}

static void cof_rdma_accept_work(struct work_struct *work)
{
	struct cof_rdma_listener *rl = container_of(work, struct cof_rdma_listener, accept_work);
	struct cof_rdma_conn *rc;

	while ((rc = cof_rdma_next_pending(rl))) {
		if (rc->accept == COF_RDMA_READY && !cof_rdma_publish(rc))
			cof_listener_accept(&rl->listener, &rc->conn);
		else
			cof_rdma_drop(rc);
	}
}

/*
 * The removal of the device finds it, or this finds that it has begun: what is left on a device
 * keeps it from going.
 */
static int cof_rdma_listen_id(struct cof_rdma_listener *rl)
{
	struct rdma_cm_id *id;
	int err;

	lockdep_assert_held(&listeners_lock);
	id = rdma_create_id(&init_net, cof_rdma_listen_event, rl, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id))
		return PTR_ERR(id);
	err = rdma_set_reuseaddr(id, 1);
	if (!err)
		err = rdma_bind_addr(id, (struct sockaddr *)&rl->addr);
	if (!err && id->device && !cof_rdma_device_is_there(id->device))
		err = -ENODEV;
	if (!err)
		err = rdma_listen(id, COF_RDMA_BACKLOG);
	if (err) {
		rdma_destroy_id(id);
		return err;
	}
	rl->id = id;
	return 0;
}

/* Its device had gone, and may have come back. */
static void cof_rdma_listen_work(struct work_struct *work)
{
	struct cof_rdma_listener *rl = container_of(work, struct cof_rdma_listener,
						    listen_work.work);

	guard(mutex)(&listeners_lock);
	if (rl->id)
		return;
	if (cof_rdma_listen_id(rl))
		queue_delayed_work(cof_rdma_wq, &rl->listen_work,
				   msecs_to_jiffies(COF_RDMA_LISTEN_MS));
	else
		pr_info("listening at %pISpc again\n", &rl->addr);
}

static struct cof_listener *cof_rdma_listen(const struct cof_listen_args *args)
{
	struct cof_rdma_listener *rl;
	int err;

	rl = kzalloc_obj(*rl);
	if (!rl)
		return ERR_PTR(-ENOMEM);
	cof_listener_init(&rl->listener, &cof_rdma_transport, args);
	rl->addr = *args->addr;
	INIT_DELAYED_WORK(&rl->listen_work, cof_rdma_listen_work);
	INIT_WORK(&rl->accept_work, cof_rdma_accept_work);
	INIT_LIST_HEAD(&rl->pending);
	scoped_guard(mutex, &listeners_lock) {
		err = cof_rdma_listen_id(rl);
		if (!err)
			list_add_tail(&rl->list, &listeners);
	}
	if (!err)
		return &rl->listener;
	kfree(rl);
	return ERR_PTR(err);
}

static void cof_rdma_unlisten(struct cof_listener *listener)
{
	struct cof_rdma_listener *rl = container_of(listener, struct cof_rdma_listener, listener);
	struct rdma_cm_id *id;
	struct cof_rdma_conn *rc, *next;
	LIST_HEAD(pending);

	scoped_guard(mutex, &listeners_lock) {
		list_del(&rl->list);
		id = rl->id;
		rl->id = NULL;
	}
	disable_delayed_work_sync(&rl->listen_work);
	if (id)
		rdma_destroy_id(id);	/* no connect request any more */
	disable_work_sync(&rl->accept_work);
	spin_lock(&accept_lock);
	list_for_each_entry_safe(rc, next, &rl->pending, accept_list) {
		cof_rdma_pending_del_locked(rc);
		list_add_tail(&rc->accept_list, &pending);
	}
	spin_unlock(&accept_lock);
	list_for_each_entry_safe(rc, next, &pending, accept_list)
		cof_rdma_drop(rc);
	kfree(rl);
}

/* ---- devices that come and go -------------------------------------------- */

static int cof_rdma_add_device(struct ib_device *ibdev)
{
	struct cof_rdma_listener *rl;
	struct cof_rdma_device *device;

	device = kzalloc_obj(*device);
	if (!device)
		return -ENOMEM;
	device->ibdev = ibdev;
	INIT_LIST_HEAD(&device->conns);
	init_completion(&device->unused);
	scoped_guard(mutex, &devices_lock)
		list_add_tail(&device->list, &devices);
	ib_set_client_data(ibdev, &cof_rdma_client, device);
	scoped_guard(mutex, &listeners_lock)
		list_for_each_entry(rl, &listeners, list)
			if (!rl->id)
				mod_delayed_work(cof_rdma_wq, &rl->listen_work, 0);
	return 0;
}

/* Connections that are being set up there are given up. */
static void cof_rdma_abort_setups(struct cof_rdma_device *device)
{
	struct cof_rdma_conn *rc;

	lockdep_assert_held(&devices_lock);
	list_for_each_entry(rc, &device->conns, device_list)
		if (!rc->published)
			cof_rdma_cm_failed(rc, -ENODEV);
}

/* One that is published, with a reference: it has a user until it was detached. */
static struct cof_rdma_conn *cof_rdma_get_published(struct cof_rdma_device *device)
{
	struct cof_rdma_conn *rc;

	guard(mutex)(&devices_lock);
	list_for_each_entry(rc, &device->conns, device_list) {
		if (!rc->published)
			continue;
		cof_conn_get(&rc->conn);
		return rc;
	}
	return NULL;
}

/* Its user is told; what he does afterwards finds no device. */
static void cof_rdma_lose_device(struct cof_rdma_conn *rc)
{
	struct cof_conn *conn = &rc->conn;

	guard(mutex)(&conn->lock);
	cof_rdma_release(rc, true);
	if (!rc->started)
		return;
	local_bh_disable();
	cof_conn_error(conn, -ENODEV);
	local_bh_enable();
}

static void cof_rdma_remove_device(struct ib_device *ibdev, void *data)
{
	struct cof_rdma_device *device = data;
	struct cof_rdma_listener *rl;
	struct cof_rdma_conn *rc;
	bool used;

	scoped_guard(mutex, &devices_lock) {
		device->gone = true;
		used = !list_empty(&device->conns);
		list_del(&device->list);
		cof_rdma_abort_setups(device);
	}
	scoped_guard(mutex, &listeners_lock) {
		list_for_each_entry(rl, &listeners, list) {
			if (!rl->id || rl->id->device != ibdev)
				continue;
			pr_warn("%pISpc: %s is removed: not listening\n", &rl->addr,
				dev_name(&ibdev->dev));
			rdma_destroy_id(rl->id);
			rl->id = NULL;
			mod_delayed_work(cof_rdma_wq, &rl->listen_work,
					 msecs_to_jiffies(COF_RDMA_LISTEN_MS));
		}
	}
	while ((rc = cof_rdma_get_published(device))) {
		cof_rdma_lose_device(rc);
		cof_conn_put(&rc->conn);
	}
	if (used)
		wait_for_completion(&device->unused);
	if (device->pd)
		ib_dealloc_pd(device->pd);
	kfree(device);
}

static struct ib_client cof_rdma_client = {
	.name	= "cof",
	.add	= cof_rdma_add_device,
	.remove	= cof_rdma_remove_device,
};

static struct cof_transport cof_rdma_transport = {
	.name		= "rdma",
	.owner		= THIS_MODULE,
	.connect	= cof_rdma_connect,
	.start		= cof_rdma_start,
	.resize		= cof_rdma_resize,
	.kick		= cof_rdma_kick,
	.send		= cof_rdma_send,
	.sends_anywhere	= true,
	.reclaim	= cof_rdma_reclaim,
	.map_tx		= cof_rdma_map_tx,
	.unmap_tx	= cof_rdma_unmap_tx,
	.close		= cof_rdma_close,
	.free		= cof_rdma_free,
	.listen		= cof_rdma_listen,
	.unlisten	= cof_rdma_unlisten,
};

static int __init cof_rdma_init(void)
{
	int err = -ENOMEM;

	cof_rdma_wq = alloc_workqueue("cof_rdma", WQ_UNBOUND, 0);
	if (!cof_rdma_wq)
		return err;
	cof_rdma_rx_cache = kmem_cache_create("cof_rdma_rx", sizeof(struct cof_rdma_rx),
					      COF_DMA_ALIGN, 0, NULL);
	if (!cof_rdma_rx_cache)
		goto destroy_wq;
	err = ib_register_client(&cof_rdma_client);
	if (err)
		goto destroy_cache;
	err = cof_transport_register(&cof_rdma_transport);
	if (!err)
		return 0;
	ib_unregister_client(&cof_rdma_client);
destroy_cache:
	kmem_cache_destroy(cof_rdma_rx_cache);
destroy_wq:
	destroy_workqueue(cof_rdma_wq);
	return err;
}
module_init(cof_rdma_init);

static void __exit cof_rdma_exit(void)
{
	cof_transport_unregister(&cof_rdma_transport);
	ib_unregister_client(&cof_rdma_client);
	kmem_cache_destroy(cof_rdma_rx_cache);
	destroy_workqueue(cof_rdma_wq);
}
module_exit(cof_rdma_exit);

MODULE_DESCRIPTION("Crypto over Fabrics: RDMA transport");
MODULE_LICENSE("GPL");
MODULE_ALIAS_COF_TRANSPORT("rdma");
