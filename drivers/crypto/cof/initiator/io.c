// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of an I/O queue: from struct asym_request to a request, and from a response back.
 *
 * An operation is queue.c's as soon as its message is complete: the request's input is not
 * read any more then. Whoever takes it out of its slot completes it.
 */
#include <linux/err.h>
#include <linux/string.h>
#include <trace/events/cof.h>
#include "../hops.h"
#include "../msg.h"
#include "assoc.h"
#include "fail.h"
#include "io.h"
#include "path.h"
#include "queue.h"

#define COFI_INLINE_SIZE	4096	/* of a request with a key; RSA-4096 takes less than 3000 */

/* All but the tag. */
static void cofi_io_fill(struct cof_io_req *io, const struct asym_request *req)
{
	const struct asym_key_data *key = req->key;
	u32 key_len = key ? key->der_len : 0;
	u8 *data = (u8 *)(io + 1);

	cof_request_init(&io->hdr, COF_ENCRYPT + req->op, sizeof(*io),
			 req->in_len + req->digest_len + key_len, 0);
	io->handle = cpu_to_le64(key ? 0 : req->handle);
	io->algo = req->algo;
	io->padding = req->padding;
	io->hash = req->hash;
	io->hops = cof_hops();
	io->src_len = cpu_to_le32(req->in_len);
	io->digest_len = cpu_to_le32(req->digest_len);
	io->out_len = cpu_to_le32(req->op == ASYM_VERIFY ? 0 : req->out_len);
	memcpy(data, req->in, req->in_len + req->digest_len);
	if (!key)
		return;
	io->key_len = cpu_to_le32(key_len);
	io->key_private = key->is_private;
	io->key_curve = key->curve;
	memcpy(data + req->in_len + req->digest_len, key->der, key_len);
}

/* A buffer for a request of @len bytes; or why there is none. */
static struct cof_txbuf *cofi_io_buf(struct cofi_queue *queue, const struct asym_request *req,
				     u32 len)
{
	struct cofi_assoc *assoc = queue->chan.assoc;
	struct cof_txbuf *buf;
	int err = -EBUSY;

	if (!req->key) {
		buf = cof_conn_get_tx(queue->chan.conn);
	} else {
		if (len > COFI_INLINE_SIZE || !req->key->der_len ||
		    req->key->der_len > min_t(u32, assoc->max_der, COF_MAX_DER))
			return ERR_PTR(-E2BIG);
		buf = cof_conn_get_tx_large(queue->chan.conn);
		err = -E2BIG;
	}
	if (!buf)
		return ERR_PTR(cofi_assoc_dead(assoc) ? -ENODEV : err);
	return buf;
}

/**
 * cofi_io_submit() - send an operation
 * @queue: the queue
 * @req: the operation
 *
 * Context: any; process if @req->may_sleep.
 * Return: 0: it will be completed. -EBUSY: no room; an answer, or a buffer
 * that comes back, makes some. -E2BIG: not with the key in it, or not now. -EOPNOTSUPP: it does
 * not fit the protocol. -ENODEV.
 */
int cofi_io_submit(struct cofi_queue *queue, struct asym_request *req)
{
	struct cofi_assoc *assoc = queue->chan.assoc;
	struct cofi_counters *count = &assoc->path->count;
	unsigned int len = req->in_len + req->digest_len;
	struct cof_conn *conn = queue->chan.conn;
	u16 opcode = COF_ENCRYPT + req->op;
	bool may_sleep = req->may_sleep;
	bool with_key = req->key;
	struct cof_txbuf *buf;
	struct cof_io_req *io;
	u32 msg_len;
	int others;
	u64 tag;

	if (req->op >= ASYM_OP_NR || !req->in_len || req->in_len > COF_MAX_INPUT ||
	    req->digest_len > (req->op == ASYM_VERIFY ? COF_MAX_DIGEST : 0) ||
	    req->out_len > COF_MAX_OUTPUT)
		return -EOPNOTSUPP;
	if (READ_ONCE(queue->free) == COFI_NO_SLOT)
		return cofi_assoc_dead(assoc) ? -ENODEV : -EBUSY;

	msg_len = sizeof(*io) + len + (with_key ? req->key->der_len : 0);
	buf = cofi_io_buf(queue, req, msg_len);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	io = (struct cof_io_req *)buf->data;
	cofi_io_fill(io, req);

	/* From here on @req may be completed: it is not looked at again. */
	others = cofi_queue_take(queue, req, opcode, &tag);
	if (others < 0) {
		cof_conn_put_tx(conn, buf);
		return others;
	}
	io->hdr.tag = cpu_to_le64(tag);
	atomic64_inc(&count->requests);
	atomic64_add(len, &count->bytes);
	if (with_key) {
		atomic64_inc(&count->inline_keys);
		trace_cof_inline_key(false, assoc->id, queue->qid, tag, 0);
	}
	/*
	 * The one operation that somebody waits for goes at once; several go together. What comes
	 * first after several will not stay the only one.
	 */
	if (may_sleep && !others && READ_ONCE(queue->alone))
		cof_conn_send(conn, buf, msg_len);
	else
		cof_conn_submit(conn, buf, msg_len);
	return 0;
}

/* ---- what arrives ----------------------------------------------------------- */

/*
 * Who drains the path may wait for less in flight. A full barrier is between that and this; it
 * pairs with the one in prepare_to_wait_event() there, after @stop (@draining), before its look.
 */
static void cofi_io_wake(struct cofi_queue *queue)
{
	struct cofi_assoc *assoc = queue->chan.assoc;

	if (READ_ONCE(assoc->path->stop) || READ_ONCE(assoc->draining))
		wake_up_all(&assoc->path->wait);
}

/* Closing connections is before the device is unregistered. */
static void cofi_io_kick(struct cofi_queue *queue)
{
	struct cofi_path *path = queue->chan.assoc->path;

	/* Pairs with cofi_path_register(). */
	if (smp_load_acquire(&path->registered))
		asym_device_kick(&path->dev);
}

/* There is room for another operation, of which no completion tells asym_provider. */
static void cofi_io_freed(struct cofi_queue *queue)
{
	cofi_io_kick(queue);
	smp_mb();	/* for cofi_io_wake() */
	cofi_io_wake(queue);
}

/**
 * cofi_request_status() - what asym_request_done() is told
 * @status: of the response
 *
 * Wrong signatures, refused inputs, forgotten keys and what the pool does not
 * offer keep their errno; everything else means that this device failed, and
 * another way is taken.
 *
 * Return: 0 or a negative errno.
 */
int cofi_request_status(u16 status)
{
	int err = cof_status_to_errno(status);

	switch (err) {
	case 0:
	case -EKEYREJECTED:
	case -EBADMSG:
	case -EINVAL:
	case -ESTALE:
	case -ENOSPC:
	case -ESHUTDOWN:
	case -ETIMEDOUT:
	case -EOPNOTSUPP:
		return err;
	case -ECANCELED:	/* as we asked for */
		return -ESHUTDOWN;
	default:
		return -EIO;
	}
}

static int cofi_io_answer(struct cofi_queue *queue, const struct cof_io_rsp *rsp)
{
	struct cofi_assoc *assoc = queue->chan.assoc;
	struct cofi_counters *count = &assoc->path->count;
	struct asym_request *req;
	u32 len = 0;
	bool freed;
	int err;

	if (cofi_queue_match(queue, rsp, &req, &freed))
		return cofi_assoc_protocol_error(assoc, "response that does not fit its request");
	if (!req) {
		if (freed)
			cofi_io_freed(queue);
		return 0;
	}

	atomic64_inc(&count->responses);
	smp_mb__after_atomic();		/* for cofi_io_wake() */
	err = cofi_request_status(cof_msg_status(&rsp->hdr));
	if (!err) {
		len = cof_msg_data_len(&rsp->hdr);
		memcpy(req->out, cof_msg_data(&rsp->hdr), len);
	} else if (err != -EKEYREJECTED && cof_msg_status(&rsp->hdr) != COF_S_ABORTED) {
		atomic64_inc(&count->errors);
	}
	asym_request_done(req, err, len);
	cofi_io_wake(queue);
	return 0;
}

/* A lost operation is computed elsewhere; the next silent one is asked after at once. */
static int cofi_query_answer(struct cofi_queue *queue, const struct cof_hdr *rsp)
{
	struct cofi_assoc *assoc = queue->chan.assoc;
	struct asym_request *req;
	bool freed;

	if (cofi_queue_query_match(queue, rsp, &req, &freed))
		return cofi_assoc_protocol_error(assoc, "an answer to QUERY that does not fit");
	cofi_queue_query(queue, cofi_assoc_patience(assoc));
	if (freed)
		cofi_io_freed(queue);
	if (!req)
		return 0;
	atomic64_inc(&assoc->path->count.timeouts);
	atomic64_inc(&assoc->path->count.lost);
	asym_request_done(req, -ETIMEDOUT, 0);
	return 0;
}

static int cofi_abort_answer(struct cofi_queue *queue, const struct cof_hdr *rsp)
{
	bool freed;

	if (cofi_queue_abort_match(queue, rsp, &freed))
		return cofi_assoc_protocol_error(queue->chan.assoc,
						 "an answer to ABORT that does not fit");
	if (freed)
		cofi_io_freed(queue);
	return 0;
}

static int cofi_io_recv(struct cof_conn *conn, const struct cof_hdr *msg, u32 len)
{
	struct cofi_queue *queue = conn->priv;
	struct cofi_assoc *assoc = queue->chan.assoc;

	if (cof_msg_check(msg, len, COF_INITIATOR, false))
		return cofi_assoc_protocol_error(assoc, "malformed message on an I/O queue");
	WRITE_ONCE(assoc->last_rx, jiffies);

	switch (cof_msg_opcode(msg)) {
	case COF_DISCONNECT:
		cofi_assoc_disconnected(assoc, msg);
		return -ESHUTDOWN;
	case COF_CONNECT:
		if (cofi_chan_answer(&queue->chan, msg))
			return cofi_assoc_protocol_error(assoc, "response without its request");
		return 0;
	case COF_ENCRYPT:
	case COF_DECRYPT:
	case COF_SIGN:
	case COF_VERIFY:
		return cofi_io_answer(queue, (const struct cof_io_rsp *)msg);
	case COF_QUERY:
		return cofi_query_answer(queue, msg);
	case COF_ABORT:
		return cofi_abort_answer(queue, msg);
	}
	return cofi_assoc_protocol_error(assoc, "response without its request");
}

static void cofi_io_error(struct cof_conn *conn, int err)
{
	struct cofi_queue *queue = conn->priv;

	cofi_assoc_error(queue->chan.assoc, err);
}

static void cofi_io_tx_ready(struct cof_conn *conn)
{
	cofi_io_kick(conn->priv);
}

static const struct cof_conn_ops cofi_io_ops = {
	.recv = cofi_io_recv,
	.error = cofi_io_error,
	.tx_ready = cofi_io_tx_ready,
};

/**
 * cofi_io_connect() - connect an I/O queue; CONNECT is not sent yet
 * @queue: the queue
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int cofi_io_connect(struct cofi_queue *queue)
{
	struct cof_conn_limits limits = {
		.rx_max = COF_MIN_MSG,
		.tx_bufs = 2 * queue->depth + 2,
		.tx_size = ALIGN(COF_IO_REQ_MAX, 64),
	};

	if (queue->chan.assoc->features & COF_FEAT_INLINE_KEY) {
		limits.tx_large_bufs = COF_INLINE_KEYS;
		limits.tx_large_size = COFI_INLINE_SIZE;
	}
	return cofi_chan_connect(&queue->chan, &limits, &cofi_io_ops, queue);
}
