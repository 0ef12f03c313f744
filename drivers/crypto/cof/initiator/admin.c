// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands: CONNECT on any connection, and what travels on the admin queue.
 *
 * Owns the slots of a struct cofi_chan. Whoever gives a command waits for it in
 * process context, several at a time; answers are matched in the receive
 * callback (bottom halves disabled) under chan->lock. Everybody who waits is
 * woken through path->wait when the association dies or its path is stopped. A
 * command without an answer in time is the end of the association. Not so
 * KEY_OPEN, which may wait for a quota: its slot stays in use, and a key that comes
 * when nobody waits for it any more is closed with it (an orphan).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <trace/events/cof.h>
#include "initiator.h"

#define COFI_KEEP_ALIVE_SLOT	0

static bool cofi_chan_broken(struct cofi_chan *chan)
{
	return cofi_assoc_dead(chan->assoc) || READ_ONCE(chan->assoc->path->stop);
}

/* wait_event_timeout() on @path->wait, but no hung task however long it takes. */
#define cofi_wait(path, condition, timeout)						\
({											\
	unsigned long _end = jiffies + (timeout);					\
	long _left;									\
											\
	do {										\
		_left = clamp_t(long, _end - jiffies, 1, msecs_to_jiffies(COFI_NAP_MS)); \
		_left = wait_event_timeout((path)->wait, condition, _left);		\
	} while (!_left && time_before(jiffies, _end));					\
	_left;										\
})

void cofi_chan_init(struct cofi_chan *chan, struct cofi_assoc *assoc)
{
	chan->assoc = assoc;
	spin_lock_init(&chan->lock);
}

/**
 * cofi_chan_connect() - make the connection of a queue and listen on it
 * @chan: the queue's, without a connection
 * @limits: memory for it
 * @ops: who is told
 * @priv: for them
 *
 * Context: may sleep, up to COFI_CONNECT_MS.
 * Return: 0 or a negative errno.
 */
int cofi_chan_connect(struct cofi_chan *chan, const struct cof_conn_limits *limits,
		      const struct cof_conn_ops *ops, void *priv)
{
	struct cofi_path *path = chan->assoc->path;
	const struct cof_connect_args args = {
		.transport = path->transport,
		.addr = &path->addr,
		.limits = *limits,
		.timeout_ms = COFI_CONNECT_MS,
		.opts = {
			.so_priority = path->pool->so_priority,
			.busy_poll_us = path->pool->busy_poll_us,
		},
	};
	struct cof_conn *conn;

	conn = cof_conn_connect(&args);
	if (IS_ERR(conn))
		return PTR_ERR(conn);
	chan->conn = conn;
	return cof_conn_start(conn, ops, priv);
}

/**
 * cofi_chan_close() - on return nothing is received any more, nor sent
 * @chan: the queue's; may be without a connection
 *
 * Context: may sleep.
 */
void cofi_chan_close(struct cofi_chan *chan)
{
	if (chan->conn)
		cof_conn_close(chan->conn);
}

void cofi_chan_free(struct cofi_chan *chan)
{
	if (!chan->conn)
		return;
	cof_conn_put(chan->conn);
	chan->conn = NULL;
}

/* ---- slots ---------------------------------------------------------------- */

static void cofi_slot_use(struct cofi_chan *chan, unsigned int i, u16 opcode,
			  struct cofi_cmd *cmd, u64 *tag)
{
	lockdep_assert_held(&chan->lock);
	__set_bit(i, chan->busy);
	chan->slot[i].cmd = cmd;
	chan->slot[i].opcode = opcode;
	chan->slot[i].handle = 0;
	chan->slot[i].sent = jiffies;
	*tag = cofi_tag(i, ++chan->slot[i].gen);
}

static bool cofi_slot_get(struct cofi_chan *chan, u16 opcode, struct cofi_cmd *cmd, u64 *tag,
			  bool *got)
{
	unsigned int i;

	spin_lock_bh(&chan->lock);
	i = find_next_zero_bit(chan->busy, COF_ADMIN_DEPTH, COFI_KEEP_ALIVE_SLOT + 1);
	*got = i < COF_ADMIN_DEPTH;
	if (*got)
		cofi_slot_use(chan, i, opcode, cmd, tag);
	spin_unlock_bh(&chan->lock);
	return *got;
}

/**
 * cofi_chan_stuck() - does the target keep a command for too long?
 * @chan: the admin queue's
 * @age: jiffies that a command may take
 *
 * The keep-alive does not count. It is the commands nobody waits for that this is
 * about: each that is never answered would keep its slot, until all are gone and
 * whoever wants one waits for ever.
 *
 * Context: process.
 * Return: true if so.
 */
bool cofi_chan_stuck(struct cofi_chan *chan, unsigned long age)
{
	bool stuck = false;
	unsigned int i;

	spin_lock_bh(&chan->lock);
	for_each_set_bit(i, chan->busy, COF_ADMIN_DEPTH)
		if (i != COFI_KEEP_ALIVE_SLOT && time_after(jiffies, chan->slot[i].sent + age))
			stuck = true;
	spin_unlock_bh(&chan->lock);
	return stuck;
}

/**
 * cofi_chan_orphan() - a key that was opened, and that nobody waits for any more
 * @chan: the admin queue's
 * @tag: for KEY_CLOSE, which is in flight then, in KEY_OPEN's slot
 * @handle: the key
 *
 * Context: any.
 * Return: true if there is one.
 */
bool cofi_chan_orphan(struct cofi_chan *chan, u64 *tag, u64 *handle)
{
	bool found = false;
	unsigned int i;

	spin_lock_bh(&chan->lock);
	for_each_set_bit(i, chan->busy, COF_ADMIN_DEPTH) {
		found = chan->slot[i].handle;
		if (!found)
			continue;
		*handle = chan->slot[i].handle;
		cofi_slot_use(chan, i, COF_KEY_CLOSE, NULL, tag);
		break;
	}
	WRITE_ONCE(chan->orphans, found);
	spin_unlock_bh(&chan->lock);
	return found;
}

static void cofi_key_close_send(struct cofi_chan *chan, struct cof_txbuf *buf, u64 handle, u64 tag)
{
	struct cof_key_close_req *req = (struct cof_key_close_req *)buf->data;

	cof_request_init(&req->hdr, COF_KEY_CLOSE, sizeof(*req), 0, tag);
	req->handle = cpu_to_le64(handle);
	cof_conn_submit(chan->conn, buf, sizeof(*req));
	trace_cof_key_close(false, chan->assoc->id, handle, 0);
	atomic64_inc(&chan->assoc->path->count.key_closes);
}

/**
 * cofi_chan_close_orphans() - close the keys that nobody waits for any more
 * @chan: the admin queue's
 *
 * Without a buffer for that, the next call will have one.
 *
 * Context: any but under spinlocks of ours.
 */
void cofi_chan_close_orphans(struct cofi_chan *chan)
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
		cofi_key_close_send(chan, buf, handle, tag);
	}
}

/* The answer to KEY_OPEN, too late: the slot is KEY_CLOSE's. chan->lock held. */
static bool cofi_slot_orphaned(struct cofi_chan *chan, unsigned int i, const struct cof_hdr *msg)
{
	const struct cof_key_open_rsp *rsp = (const struct cof_key_open_rsp *)msg;

	lockdep_assert_held(&chan->lock);
	if (cof_msg_opcode(msg) != COF_KEY_OPEN || cof_msg_status(msg) != COF_S_OK ||
	    le16_to_cpu(msg->hlen) != sizeof(*rsp) || !rsp->handle)
		return false;
	atomic64_inc(&chan->assoc->path->count.key_opens);
	/* Another answer with this tag, or the next one, is not one to it any more. */
	chan->slot[i].gen++;
	chan->slot[i].opcode = 0;
	chan->slot[i].handle = le64_to_cpu(rsp->handle);
	WRITE_ONCE(chan->orphans, true);
	return true;
}

/* Messages that follow the answer to CONNECT are as it says. Receive callback; chan->lock held. */
static void cofi_chan_connected(struct cofi_chan *chan, const struct cof_connect_rsp *rsp)
{
	u64 features = le64_to_cpu(rsp->features) & chan->assoc->offered;

	cof_conn_digests_agreed(chan->conn, features & COF_DIGESTS);
}

/**
 * cofi_chan_answer() - a response to a command arrived
 * @chan: where
 * @msg: the response; cof_msg_check() passed
 *
 * Context: receive callback.
 * Return: 0, or -EPROTO: the peer broke rules.
 */
int cofi_chan_answer(struct cofi_chan *chan, const struct cof_hdr *msg)
{
	struct cofi_path *path = chan->assoc->path;
	u64 gen = cof_msg_tag(msg) >> COFI_TAG_SHIFT;
	u16 i = (u16)cof_msg_tag(msg);
	u16 hlen = le16_to_cpu(msg->hlen);
	struct cofi_cmd *cmd;
	bool wake = false;
	int err = -EPROTO;

	if (i >= COF_ADMIN_DEPTH)
		return -EPROTO;

	spin_lock_bh(&chan->lock);
	if (gen > chan->slot[i].gen || !gen)
		goto unlock;
	err = 0;
	if (gen != chan->slot[i].gen || !test_bit(i, chan->busy)) {
		atomic64_inc(&path->count.late_answers);
		goto unlock;
	}
	cmd = chan->slot[i].cmd;
	if (chan->slot[i].opcode != cof_msg_opcode(msg) ||
	    (cmd && cof_msg_status(msg) == COF_S_OK && hlen != cmd->rsp_len)) {
		err = -EPROTO;
		goto unlock;
	}
	/* Before whoever waits for it may send anything. */
	if (cof_msg_opcode(msg) == COF_CONNECT && cof_msg_status(msg) == COF_S_OK)
		cofi_chan_connected(chan, (const struct cof_connect_rsp *)msg);
	if (!cmd && cof_msg_opcode(msg) == COF_KEY_OPEN)
		atomic64_inc(&path->count.late_answers);
	if (!cmd && cofi_slot_orphaned(chan, i, msg))
		goto unlock;
	__clear_bit(i, chan->busy);
	chan->slot[i].cmd = NULL;
	if (cmd) {
		memcpy(cmd->rsp, msg, min(hlen, cmd->rsp_len));
		cmd->done = true;
	}
	wake = true;
unlock:
	spin_unlock_bh(&chan->lock);
	if (wake)
		wake_up_all(&path->wait);
	return err;
}

/* ---- commands ------------------------------------------------------------- */

static bool cofi_cmd_done(struct cofi_chan *chan, struct cofi_cmd *cmd)
{
	bool done;

	spin_lock_bh(&chan->lock);
	done = cmd->done;
	spin_unlock_bh(&chan->lock);
	return done;
}

static void cofi_cmd_forget(struct cofi_chan *chan, struct cofi_cmd *cmd)
{
	unsigned int i;

	spin_lock_bh(&chan->lock);
	for (i = 0; i < COF_ADMIN_DEPTH; i++)
		if (chan->slot[i].cmd == cmd)
			chan->slot[i].cmd = NULL;
	spin_unlock_bh(&chan->lock);
}

/*
 * A buffer with room for @len bytes. A command may be answered before its buffer
 * is back, so there may be none for a moment; without one in time the association ends.
 */
static struct cof_txbuf *cofi_cmd_buf(struct cofi_chan *chan, u32 len)
{
	struct cofi_path *path = chan->assoc->path;
	struct cof_txbuf *buf = NULL;

	wait_event_timeout(path->wait, (buf = cof_conn_get_tx(chan->conn)) ||
			   cofi_chan_broken(chan), msecs_to_jiffies(COFI_SETUP_MS));
	if (buf && !WARN_ON_ONCE(buf->size < len))
		return buf;
	if (buf)
		cof_conn_put_tx(chan->conn, buf);
	if (!cofi_chan_broken(chan))
		cofi_assoc_fail(chan->assoc, -ENOBUFS, 0, "admin queue is congested");
	return NULL;
}

static void cofi_cmd_send(struct cofi_chan *chan, struct cof_txbuf *buf, u32 len)
{
	cof_conn_submit(chan->conn, buf, len);
}

/* Reserves a slot within @timeout: @cmd is in flight then, or nobody's if NULL. */
static int cofi_cmd_begin(struct cofi_chan *chan, u16 opcode, struct cofi_cmd *cmd, u64 *tag,
			  unsigned long timeout)
{
	struct cofi_path *path = chan->assoc->path;
	bool got = false;

	cofi_wait(path, cofi_slot_get(chan, opcode, cmd, tag, &got) || cofi_chan_broken(chan),
		  timeout);
	if (got)
		return 0;
	return cofi_chan_broken(chan) ? -ENODEV : -ETIMEDOUT;
}

/*
 * Waits for the response. 0: it is there, whatever its status. -ETIMEDOUT: it is not, and nobody
 * waits for it any more.
 */
static int cofi_cmd_wait_answer(struct cofi_chan *chan, struct cofi_cmd *cmd, unsigned long timeout)
{
	struct cofi_path *path = chan->assoc->path;
	long left;

	left = cofi_wait(path, cofi_cmd_done(chan, cmd) || cofi_chan_broken(chan), timeout);
	if (cofi_cmd_done(chan, cmd))
		return 0;
	cofi_cmd_forget(chan, cmd);
	/* It may have been answered in between. */
	if (cmd->done)
		return 0;
	return left || cofi_chan_broken(chan) ? -ENODEV : -ETIMEDOUT;
}

/* The same for commands whose end is the association's. */
static int cofi_cmd_wait(struct cofi_chan *chan, struct cofi_cmd *cmd, unsigned long timeout)
{
	int err = cofi_cmd_wait_answer(chan, cmd, timeout);

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
 * Context: may sleep.
 * Return: 0: answered, see hdr.status; a negative errno:
 * not answered. Specification: section 3, CONNECT.
 */
int cofi_cmd_connect(struct cofi_chan *chan, u16 qid, struct cof_connect_rsp *rsp)
{
	struct cofi_assoc *assoc = chan->assoc;
	struct cofi_pool *pool = assoc->path->pool;
	struct cofi_cmd cmd = { .rsp = rsp, .rsp_len = sizeof(*rsp) };
	struct cof_connect_req *req;
	struct cof_txbuf *buf;
	u64 tag;
	int err;

	memset(rsp, 0, sizeof(*rsp));
	cof_conn_set_queue(chan->conn, qid, assoc);
	err = cofi_cmd_begin(chan, COF_CONNECT, &cmd, &tag, msecs_to_jiffies(COFI_SETUP_MS));
	if (err)
		return err;
	buf = cofi_cmd_buf(chan, sizeof(*req));
	if (!buf) {
		cofi_cmd_forget(chan, &cmd);
		return -ENOBUFS;
	}
	req = (struct cof_connect_req *)buf->data;
	memset(req, 0, sizeof(*req));
	cof_request_init(&req->hdr, COF_CONNECT, sizeof(*req), 0, tag);
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
	cofi_cmd_send(chan, buf, sizeof(*req));
	return cofi_cmd_wait(chan, &cmd, msecs_to_jiffies(COFI_SETUP_MS));
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
	u64 tag;
	int err;

	memset(rsp, 0, sizeof(*rsp));
	err = cofi_cmd_begin(chan, COF_IDENTIFY, &cmd, &tag, msecs_to_jiffies(COFI_SETUP_MS));
	if (err)
		return err;
	buf = cofi_cmd_buf(chan, sizeof(struct cof_hdr));
	if (!buf) {
		cofi_cmd_forget(chan, &cmd);
		return -ENOBUFS;
	}
	cof_request_init((struct cof_hdr *)buf->data, COF_IDENTIFY, sizeof(struct cof_hdr), 0, tag);
	cofi_cmd_send(chan, buf, sizeof(struct cof_hdr));
	return cofi_cmd_wait(chan, &cmd, msecs_to_jiffies(COFI_SETUP_MS));
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
	u32 len;
	u64 tag;
	int err;

	if (!key->der_len || key->der_len > min_t(u32, assoc->max_der, COF_MAX_DER))
		return -EOPNOTSUPP;
	len = sizeof(*req) + key->der_len;

	err = cofi_cmd_begin(chan, COF_KEY_OPEN, &cmd, &tag, cofi_key_patience(assoc));
	if (err)
		return err;
	buf = cofi_cmd_buf(chan, len);
	if (!buf) {
		cofi_cmd_forget(chan, &cmd);
		return -ENODEV;
	}
	req = (struct cof_key_open_req *)buf->data;
	memset(req, 0, sizeof(*req));
	cof_request_init(&req->hdr, COF_KEY_OPEN, sizeof(*req), key->der_len, tag);
	req->algo = key->algo;
	req->is_private = key->is_private;
	req->curve = key->curve;
	req->der_len = cpu_to_le32(key->der_len);
	memcpy(req + 1, key->der, key->der_len);
	cofi_cmd_send(chan, buf, len);

	err = cofi_cmd_wait_answer(chan, &cmd, max_t(long, end - jiffies, 1));
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
	u64 tag;
	int err;

	err = cofi_cmd_begin(chan, COF_KEY_CLOSE, NULL, &tag, msecs_to_jiffies(COFI_COMMAND_MS));
	/* The target would keep the key for as long as the association lives. */
	if (err == -ETIMEDOUT)
		cofi_assoc_fail(chan->assoc, err, 0, "a command was not answered");
	if (err)
		return;
	buf = cofi_cmd_buf(chan, sizeof(struct cof_key_close_req));
	if (buf)
		cofi_key_close_send(chan, buf, handle, tag);
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
	u64 tag = 0;
	bool idle;

	/* Nobody waits here: without a buffer now, the next look will have one. */
	buf = cof_conn_get_tx(chan->conn);
	if (!buf)
		return false;
	spin_lock_bh(&chan->lock);
	idle = !test_bit(COFI_KEEP_ALIVE_SLOT, chan->busy);
	if (idle)
		cofi_slot_use(chan, COFI_KEEP_ALIVE_SLOT, COF_KEEP_ALIVE, NULL, &tag);
	spin_unlock_bh(&chan->lock);
	if (!idle) {
		cof_conn_put_tx(chan->conn, buf);
		return false;
	}
	cof_request_init((struct cof_hdr *)buf->data, COF_KEEP_ALIVE, sizeof(struct cof_hdr), 0,
			 tag);
	cofi_cmd_send(chan, buf, sizeof(struct cof_hdr));
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
	cofi_chan_close_orphans(chan);
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
