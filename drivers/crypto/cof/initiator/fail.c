// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an association ends: why, and who is told.
 *
 * Anybody may find that an association is of no use any more and say so (cofi_assoc_fail(), any
 * context): the first reason counts, nothing is sent from then on, whoever waits returns, and
 * the path's work takes it down. Only @dead, @status and @why are shared so, under path->lock.
 */
#include <trace/events/cof.h>
#include "../msg.h"
#include "assoc.h"
#include "config/pool.h"
#include "fail.h"
#include "path.h"

/*
 * The first reason counts; true if this is it. Nobody is told yet: the peer may be told
 * first, whose end of the connection would be taken for a reason otherwise.
 */
static bool cofi_assoc_mark_dead(struct cofi_assoc *assoc, int err, u16 status, const char *why)
{
	struct cofi_path *path = assoc->path;
	bool first;

	spin_lock_bh(&path->lock);
	first = !assoc->dead;
	if (first) {
		assoc->status = status;
		assoc->why = why;
		WRITE_ONCE(assoc->dead, err);
	}
	spin_unlock_bh(&path->lock);
	return first;
}

static void cofi_assoc_tell_dead(struct cofi_assoc *assoc)
{
	struct cofi_path *path = assoc->path;

	trace_cof_assoc_ended(false, path->name, path->pool->hostid, assoc->id, assoc->status,
			      assoc->dead);
	wake_up_all(&path->wait);
	cofi_path_kick(path, 0);
}

/**
 * cofi_assoc_fail() - an association is of no use any more
 * @assoc: the association
 * @err: why, negative
 * @status: a status of the peer's that says why, or 0
 * @why: for people; a static string
 *
 * Context: any but under spinlocks of ours.
 * Return: the first failure's errno.
 */
int cofi_assoc_fail(struct cofi_assoc *assoc, int err, u16 status, const char *why)
{
	if (cofi_assoc_mark_dead(assoc, err, status, why))
		cofi_assoc_tell_dead(assoc);
	return READ_ONCE(assoc->dead);
}

/**
 * cofi_assoc_refused() - CONNECT was refused
 * @assoc: the association
 * @status: the answer's
 *
 * The answer is the reason even if the target closed the connection already.
 *
 * Context: process.
 * Return: the status's errno.
 */
int cofi_assoc_refused(struct cofi_assoc *assoc, u16 status)
{
	int err = cof_status_to_errno(status);

	cofi_assoc_fail(assoc, err, status, cof_status_name(status));
	spin_lock_bh(&assoc->path->lock);
	assoc->status = status;
	assoc->why = cof_status_name(status);
	WRITE_ONCE(assoc->dead, err);
	spin_unlock_bh(&assoc->path->lock);
	return err;
}

/* It is the peer's fault, so the peer hears of it: DISCONNECT with @said. */
static void cofi_assoc_accuse(struct cofi_assoc *assoc, int err, u16 said, const char *why,
			      atomic64_t *count)
{
	if (!cofi_assoc_mark_dead(assoc, err, 0, why))
		return;
	atomic64_inc(count);
	cofi_assoc_disconnect(assoc, said);
	cofi_assoc_tell_dead(assoc);
}

/**
 * cofi_assoc_error() - a connection failed
 * @assoc: its association
 * @err: as the transport has it
 *
 * Context: any but under spinlocks of ours.
 */
void cofi_assoc_error(struct cofi_assoc *assoc, int err)
{
	if (err == -EPROTO)
		cofi_assoc_protocol_error(assoc, "what arrives is no message");
	else if (err == -EILSEQ)
		cofi_assoc_accuse(assoc, err, COF_S_BAD_CRC, "a message arrived damaged (digest)",
				  &assoc->path->count.crc_errors);
	else
		cofi_assoc_fail(assoc, err, 0, err == -ETIMEDOUT ? "the connection timed out" :
				"the target closed the connection");
}

/**
 * cofi_assoc_protocol_error() - the peer broke rules
 * @assoc: the association
 * @why: for people; a static string
 *
 * Context: any but under spinlocks of ours. Specification: section 5.
 * Return: -EPROTO, for receive callbacks to return.
 */
int cofi_assoc_protocol_error(struct cofi_assoc *assoc, const char *why)
{
	cofi_assoc_accuse(assoc, -EPROTO, COF_S_PROTOCOL, why,
			  &assoc->path->count.protocol_errors);
	return -EPROTO;
}

/**
 * cofi_assoc_disconnected() - the target said DISCONNECT
 * @assoc: the association
 * @msg: the message
 *
 * Context: receive callback.
 */
void cofi_assoc_disconnected(struct cofi_assoc *assoc, const struct cof_hdr *msg)
{
	u16 status = cof_msg_status(msg);

	cofi_assoc_fail(assoc, -ESHUTDOWN, status,
			status == COF_S_OK ? "the target disconnected" : cof_status_name(status));
}

/**
 * cofi_assoc_disconnect() - say DISCONNECT; closing the admin queue's connection sends it
 * @assoc: the association
 * @status: why, enum cof_status
 *
 * Context: any but under spinlocks of ours.
 */
void cofi_assoc_disconnect(struct cofi_assoc *assoc, u16 status)
{
	struct cof_conn *conn = assoc->admin.conn;
	struct cof_txbuf *buf;

	if (!conn)
		return;
	buf = cof_conn_get_tx(conn);
	if (!buf)
		return;
	cof_hdr_init((struct cof_hdr *)buf->data, COF_DISCONNECT, 0, status,
		     sizeof(struct cof_hdr), 0, 0);
	cof_conn_submit(conn, buf, sizeof(struct cof_hdr));
}
