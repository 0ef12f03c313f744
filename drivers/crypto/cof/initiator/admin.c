// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands: CONNECT on any connection, and what travels on the admin queue.
 *
 * A command without an answer in time is the end of the association. Not so
 * KEY_OPEN, which may wait for a quota: its slot stays in use, and a key that comes
 * when nobody waits for it any more is closed with it (an orphan).
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <trace/events/cof.h>
#include "../addr.h"
#include "../msg.h"
#include "admin.h"
#include "assoc.h"
#include "config/pool.h"
#include "fail.h"
#include "path.h"
#include "shared.h"

/* Sends a request and waits for the answer, without which the association ends. */
static int cofi_cmd_ask(struct cofi_chan *chan, struct cofi_cmd *cmd, struct cof_txbuf *buf,
			u32 len)
{
	int err;

	cof_conn_submit(chan->conn, buf, len);
	err = cofi_chan_wait(chan, cmd, msecs_to_jiffies(COFI_SETUP_MS));
	if (err == -ETIMEDOUT)
		cofi_assoc_fail(chan->assoc, err, 0, "a command was not answered");
	return err;
}

/**
 * cofi_cmd_connect() - CONNECT, the first message on a connection
 * @chan: the connection
 * @qid: 0 for the admin queue, else the I/O queue's number
 * @rsp: the answer
 *
 * Context: may sleep. Specification: section 3, CONNECT.
 * Return: 0: answered, see hdr.status; a negative errno: not answered.
 */
int cofi_cmd_connect(struct cofi_chan *chan, u16 qid, struct cof_connect_rsp *rsp)
{
	struct cofi_assoc *assoc = chan->assoc;
	struct cofi_pool *pool = assoc->path->pool;
	struct cofi_cmd cmd = { .rsp = rsp, .rsp_len = sizeof(*rsp) };
	struct cof_connect_req *req;
	struct cof_txbuf *buf;

	memset(rsp, 0, sizeof(*rsp));
	cof_conn_set_queue(chan->conn, qid, assoc);
	buf = cofi_chan_begin(chan, &cmd, COF_CONNECT, sizeof(*req), 0,
			      msecs_to_jiffies(COFI_SETUP_MS));
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	req = (struct cof_connect_req *)buf->data;
	req->version_min = cpu_to_le16(COF_VERSION);
	req->version_max = cpu_to_le16(COF_VERSION);
	req->qid = cpu_to_le16(qid);
	req->max_msg = cpu_to_le32(COF_MIN_MSG);
	if (qid) {
		memcpy(req->cookie, assoc->cookie, sizeof(req->cookie));
	} else {
		req->queues = cpu_to_le16(pool->queues);
		req->depth = cpu_to_le32(pool->depth);
		req->kato_ms = cpu_to_le32(pool->kato_ms);
		req->features = cpu_to_le64(assoc->offered);
	}
	cof_name_put(req->hostid, pool->hostid);
	cof_name_put(req->pool, pool->pool);
	return cofi_cmd_ask(chan, &cmd, buf, sizeof(*req));
}

/**
 * cofi_cmd_identify() - ask what the pool offers
 * @chan: the admin queue
 * @rsp: the answer
 *
 * Context: may sleep.
 * Return: as cofi_cmd_connect().
 */
int cofi_cmd_identify(struct cofi_chan *chan, struct cof_identify_rsp *rsp)
{
	struct cofi_cmd cmd = { .rsp = rsp, .rsp_len = sizeof(*rsp) };
	struct cof_txbuf *buf;

	memset(rsp, 0, sizeof(*rsp));
	buf = cofi_chan_begin(chan, &cmd, COF_IDENTIFY, sizeof(struct cof_hdr), 0,
			      msecs_to_jiffies(COFI_SETUP_MS));
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	return cofi_cmd_ask(chan, &cmd, buf, sizeof(struct cof_hdr));
}

/* How long a key may take: as an operation that waits for it. */
static unsigned long cofi_key_patience(const struct cofi_assoc *assoc)
{
	unsigned int ms = READ_ONCE(assoc->path->pool->max_wait_ms);
	unsigned long most = max(assoc->kato, msecs_to_jiffies(COFI_COMMAND_MS));

	return ms ? min(msecs_to_jiffies(ms), most) : most;
}

/**
 * cofi_cmd_key_open() - send a key
 * @chan: the admin queue
 * @key: the key; at most assoc->max_der bytes
 * @handle: names it in operations
 *
 * Context: may sleep, for max_wait_ms at most; returns when the association dies.
 * Return: 0 or the errno of the target's status; -ETIMEDOUT: there was no answer in time; if one
 * comes yet, the key is closed; -ENODEV: the association is dead.
 */
int cofi_cmd_key_open(struct cofi_chan *chan, const struct asym_key_data *key, u64 *handle)
{
	struct cofi_assoc *assoc = chan->assoc;
	struct cof_key_open_rsp rsp = {};
	struct cofi_cmd cmd = { .rsp = &rsp, .rsp_len = sizeof(rsp) };
	struct cof_key_open_req *req;
	unsigned long end = jiffies + cofi_key_patience(assoc);
	struct cof_txbuf *buf;
	int err;

	if (!key->der_len || key->der_len > min_t(u32, assoc->max_der, COF_MAX_DER))
		return -EOPNOTSUPP;
	buf = cofi_chan_begin(chan, &cmd, COF_KEY_OPEN, sizeof(*req), key->der_len,
			      cofi_key_patience(assoc));
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	req = (struct cof_key_open_req *)buf->data;
	req->algo = key->algo;
	req->is_private = key->is_private;
	req->curve = key->curve;
	req->der_len = cpu_to_le32(key->der_len);
	memcpy(req + 1, key->der, key->der_len);
	cof_conn_submit(chan->conn, buf, sizeof(*req) + key->der_len);

	err = cofi_chan_wait(chan, &cmd, max_t(long, end - jiffies, 1));
	if (err)
		return err;
	err = cof_status_to_errno(cof_msg_status(&rsp.hdr));
	trace_cof_key_open(false, assoc->id, le64_to_cpu(rsp.handle), err);
	if (err)
		return err;
	if (!rsp.handle) {
		cofi_assoc_protocol_error(assoc, "a key without a handle");
		return -ENODEV;
	}
	*handle = le64_to_cpu(rsp.handle);
	atomic64_inc(&assoc->path->count.key_opens);
	return 0;
}

/* The header is there. */
static void cofi_key_close_send(struct cofi_chan *chan, struct cof_txbuf *buf, u64 handle)
{
	struct cof_key_close_req *req = (struct cof_key_close_req *)buf->data;

	req->handle = cpu_to_le64(handle);
	cof_conn_submit(chan->conn, buf, sizeof(*req));
	trace_cof_key_close(false, chan->assoc->id, handle, 0);
	atomic64_inc(&chan->assoc->path->count.key_closes);
}

/**
 * cofi_cmd_key_close() - tell the target to forget a key; nobody waits for the answer
 * @chan: the admin queue
 * @handle: from cofi_cmd_key_open()
 *
 * Context: may sleep (for a free slot and buffer), bounded.
 */
void cofi_cmd_key_close(struct cofi_chan *chan, u64 handle)
{
	struct cof_txbuf *buf;

	buf = cofi_chan_begin(chan, NULL, COF_KEY_CLOSE, sizeof(struct cof_key_close_req), 0,
			      msecs_to_jiffies(COFI_COMMAND_MS));
	/* Without a slot, the target would keep the key for as long as the association lives. */
	if (!IS_ERR(buf))
		cofi_key_close_send(chan, buf, handle);
	else if (PTR_ERR(buf) == -ETIMEDOUT)
		cofi_assoc_fail(chan->assoc, -ETIMEDOUT, 0, "a command was not answered");
}

/**
 * cofi_cmd_close_orphans() - close the keys that nobody waits for any more
 * @chan: the admin queue's
 *
 * Without a buffer for that, the next call will have one.
 *
 * Context: any but under spinlocks of ours.
 */
void cofi_cmd_close_orphans(struct cofi_chan *chan)
{
	struct cof_txbuf *buf;
	u64 tag, handle;

	while (READ_ONCE(chan->orphans)) {
		buf = cof_conn_get_tx(chan->conn);
		if (!buf)
			return;
		if (!cofi_chan_orphan(chan, &tag, &handle)) {
			cof_conn_put_tx(chan->conn, buf);
			return;
		}
		cof_request_init((struct cof_hdr *)buf->data, COF_KEY_CLOSE,
				 sizeof(struct cof_key_close_req), 0, tag);
		cofi_key_close_send(chan, buf, handle);
	}
}

/**
 * cofi_cmd_keep_alive() - send KEEP_ALIVE unless the last one is unanswered
 * @chan: the admin queue
 *
 * Context: process.
 * Return: true if one was sent.
 */
bool cofi_cmd_keep_alive(struct cofi_chan *chan)
{
	struct cof_txbuf *buf;
	u64 tag;

	/* Nobody waits here: without a buffer now, the next look will have one. */
	buf = cof_conn_get_tx(chan->conn);
	if (!buf)
		return false;
	if (!cofi_chan_keep_alive(chan, &tag)) {
		cof_conn_put_tx(chan->conn, buf);
		return false;
	}
	cof_request_init((struct cof_hdr *)buf->data, COF_KEEP_ALIVE, sizeof(struct cof_hdr), 0,
			 tag);
	cof_conn_submit(chan->conn, buf, sizeof(struct cof_hdr));
	return true;
}

/* ---- what arrives on the admin queue -------------------------------------- */

static int cofi_admin_event(struct cofi_assoc *assoc, const struct cof_event *event)
{
	switch (le32_to_cpu(event->event)) {
	case COF_EVENT_DRAINING:
		WRITE_ONCE(assoc->draining, true);
		cofi_path_kick(assoc->path, 0);
		break;
	case COF_EVENT_CAPS:
	case COF_EVENT_QUOTA:
		/* Closing cancels it, after the last call of this. */
		if (READ_ONCE(assoc->identified))
			queue_work(cofi_wq, &assoc->ident_work);
		break;
	}
	return 0;
}

static int cofi_admin_recv(struct cof_conn *conn, const struct cof_hdr *msg, u32 len)
{
	struct cofi_chan *chan = conn->priv;
	struct cofi_assoc *assoc = chan->assoc;

	if (cof_msg_check(msg, len, COF_INITIATOR, true))
		return cofi_assoc_protocol_error(assoc, "malformed message on the admin queue");
	WRITE_ONCE(assoc->last_rx, jiffies);

	switch (cof_msg_opcode(msg)) {
	case COF_DISCONNECT:
		cofi_assoc_disconnected(assoc, msg);
		return -ESHUTDOWN;
	case COF_EVENT:
		return cofi_admin_event(assoc, (const struct cof_event *)msg);
	}
	if (cofi_chan_answer(chan, msg))
		return cofi_assoc_protocol_error(assoc, "response without its request");
	cofi_cmd_close_orphans(chan);
	return 0;
}

static void cofi_admin_error(struct cof_conn *conn, int err)
{
	struct cofi_chan *chan = conn->priv;

	cofi_assoc_error(chan->assoc, err);
}

static void cofi_admin_tx_ready(struct cof_conn *conn)
{
	struct cofi_chan *chan = conn->priv;

	wake_up_all(&chan->assoc->path->wait);
}

const struct cof_conn_ops cofi_admin_ops = {
	.recv = cofi_admin_recv,
	.error = cofi_admin_error,
	.tx_ready = cofi_admin_tx_ready,
};
