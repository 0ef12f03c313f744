// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection of an association, and the commands in flight on it.
 *
 * Owns the slots of a struct cofi_chan. Whoever gives a command waits for it in
 * process context, several at a time; answers are matched in the receive
 * callback (bottom halves disabled) under chan->lock. Everybody who waits is
 * woken through path->wait when the association dies or its path is stopped.
 * The slot of a command that nobody waits for any more stays in use until it is answered; if that
 * was KEY_OPEN, the key is to be closed then (an orphan).
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include "../msg.h"
#include "assoc.h"
#include "chan.h"
#include "config/pool.h"
#include "fail.h"
#include "path.h"

#define COFI_KEEP_ALIVE_SLOT	0
#define COFI_NAP_MS		5000	/* asleep at a time: long waits are no hung tasks */

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
		_left = clamp_t(long, _end - jiffies, 1, msecs_to_jiffies(COFI_NAP_MS));	\
		_left = wait_event_timeout((path)->wait, condition, _left);		\
	} while (!_left && time_before(jiffies, _end));					\
	_left;										\
})

/**
 * cofi_chan_init() - prepare a channel that is zeroed; it has no connection
 * @chan: the channel
 * @assoc: whose it is
 */
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

/**
 * cofi_chan_free() - free the connection
 * @chan: closed, or without a connection
 *
 * Context: may sleep.
 */
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

static bool cofi_slot_get(struct cofi_chan *chan, u16 opcode, struct cofi_cmd *cmd, u64 *tag)
{
	unsigned int i;

	spin_lock_bh(&chan->lock);
	i = find_next_zero_bit(chan->busy, COF_ADMIN_DEPTH, COFI_KEEP_ALIVE_SLOT + 1);
	if (i < COF_ADMIN_DEPTH)
		cofi_slot_use(chan, i, opcode, cmd, tag);
	spin_unlock_bh(&chan->lock);
	return i < COF_ADMIN_DEPTH;
}

/**
 * cofi_chan_keep_alive() - reserve the keep-alive's slot
 * @chan: the admin queue's
 * @tag: for KEEP_ALIVE, which is in flight then
 *
 * Context: process.
 * Return: false: the last one is not answered.
 */
bool cofi_chan_keep_alive(struct cofi_chan *chan, u64 *tag)
{
	bool idle;

	spin_lock_bh(&chan->lock);
	idle = !test_bit(COFI_KEEP_ALIVE_SLOT, chan->busy);
	if (idle)
		cofi_slot_use(chan, COFI_KEEP_ALIVE_SLOT, COF_KEEP_ALIVE, NULL, tag);
	spin_unlock_bh(&chan->lock);
	return idle;
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

/* ---- waiting -------------------------------------------------------------- */

static bool cofi_cmd_done(struct cofi_chan *chan, struct cofi_cmd *cmd)
{
	bool done;

	spin_lock_bh(&chan->lock);
	done = cmd->done;
	spin_unlock_bh(&chan->lock);
	return done;
}

static void cofi_chan_forget(struct cofi_chan *chan, struct cofi_cmd *cmd)
{
	unsigned int i;

	spin_lock_bh(&chan->lock);
	for (i = 0; i < COF_ADMIN_DEPTH; i++)
		if (chan->slot[i].cmd == cmd)
			chan->slot[i].cmd = NULL;
	spin_unlock_bh(&chan->lock);
}

/* A command may be answered before its buffer is back, so there may be none for a moment. */
static struct cof_txbuf *cofi_chan_buf(struct cofi_chan *chan, u32 len)
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

/**
 * cofi_chan_begin() - reserve a slot and a buffer for a command
 * @chan: where
 * @cmd: is in flight then; NULL: nobody waits for the answer
 * @opcode: the command's
 * @hlen: bytes of its fixed part
 * @data_len: bytes of its data
 * @timeout: jiffies to wait for a slot
 *
 * Without a buffer in time the association ends.
 *
 * Context: may sleep.
 * Return: a buffer for cof_conn_submit(), with the header filled in and the rest of the fixed part
 * zeroed; -ETIMEDOUT: no slot; -ENODEV: the association is dead, or its path is being stopped.
 */
struct cof_txbuf *cofi_chan_begin(struct cofi_chan *chan, struct cofi_cmd *cmd, u16 opcode,
				  u16 hlen, u32 data_len, unsigned long timeout)
{
	struct cofi_path *path = chan->assoc->path;
	struct cof_txbuf *buf;
	bool got;
	u64 tag;

	cofi_wait(path, (got = cofi_slot_get(chan, opcode, cmd, &tag)) || cofi_chan_broken(chan),
		  timeout);
	if (!got)
		return ERR_PTR(cofi_chan_broken(chan) ? -ENODEV : -ETIMEDOUT);
	buf = cofi_chan_buf(chan, hlen + data_len);
	if (!buf) {
		cofi_chan_forget(chan, cmd);
		return ERR_PTR(-ENODEV);
	}
	cof_request_init((struct cof_hdr *)buf->data, opcode, hlen, data_len, tag);
	return buf;
}

/**
 * cofi_chan_wait() - wait for the answer to a command
 * @chan: where
 * @cmd: after cofi_chan_begin(); on return it is not in flight any more
 * @timeout: jiffies
 *
 * Context: may sleep.
 * Return: 0: the answer is there, whatever its status; -ETIMEDOUT: it is not; -ENODEV: the
 * association is dead, or its path is being stopped.
 */
int cofi_chan_wait(struct cofi_chan *chan, struct cofi_cmd *cmd, unsigned long timeout)
{
	struct cofi_path *path = chan->assoc->path;
	long left;

	left = cofi_wait(path, cofi_cmd_done(chan, cmd) || cofi_chan_broken(chan), timeout);
	if (cofi_cmd_done(chan, cmd))
		return 0;
	cofi_chan_forget(chan, cmd);
	/* It may have been answered in between. */
	if (cmd->done)
		return 0;
	return left || cofi_chan_broken(chan) ? -ENODEV : -ETIMEDOUT;
}

/* ---- answers -------------------------------------------------------------- */

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
