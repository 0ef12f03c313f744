/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation, from the caller to a device (or several, or the software)
 * and back.
 *
 *	provider_op_start()	start.c
 *	  route.c		choose a device and the key's session on it
 *	    submit		the session is open
 *	    (pending)		it is being opened: provider_op_opened(), backlog.c
 *	    (backlog)		the device is busy: provider_backlog_drain(), backlog.c
 *	    software.c		no device
 *	  asym_request_done()	answer.c: a result, or again: route.c
 *	  provider_op_finish()	place.c: exactly once
 *
 * An operation is in one place at a time (enum provider_place). The context that takes it from
 * there under asym_class::lock owns it. It is submitted to devices a bounded number of times
 * (PROVIDER_MAX_ATTEMPTS in route.c, and once more for a forgotten session), so it ends.
 */
#ifndef _ASYM_PROVIDER_OP_TYPES_H
#define _ASYM_PROVIDER_OP_TYPES_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/provider.h>

struct asym_device_priv;
struct provider_key;
struct provider_session;

/* Where an operation is between provider_op_start() and its completion. */
enum provider_phase {
	PROVIDER_PHASE_STARTING,	/* provider_op_start() will return the result, or */
	PROVIDER_PHASE_ASYNC,		/* ... has returned -EINPROGRESS, or */
	PROVIDER_PHASE_DONE,		/* ... finds the result here */
};

/* Where an operation is that was not answered. */
enum provider_place {
	PROVIDER_PLACE_MOVING,		/* one of our functions, or the software */
	PROVIDER_PLACE_PENDING,		/* provider_session::pending */
	PROVIDER_PLACE_BACKLOG,		/* asym_device_priv::backlog */
	PROVIDER_PLACE_DEVICE,		/* the driver, or it is about to */
	PROVIDER_PLACE_ABANDONED,	/* likewise, but the caller was answered */
};

/* How an operation is started. */
#define PROVIDER_MAY_SLEEP	BIT(0)	/* sessions are opened, and software computes, inline */
/* When the device has no room: -EBUSY and provider_op::progress() later, or -ENOSPC; or it waits */
#define PROVIDER_FULL_TELL	BIT(1)
#define PROVIDER_FULL_REFUSE	BIT(2)

/**
 * struct provider_op - one operation
 * @req: the device driver's view of it
 * @class: its class
 * @key: its key; a reference from provider_op_start() until it is finished
 * @session: while a device has it, waits for it, or is about to get it: the
 *	session, counted as a user of it
 * @pdev: likewise: the device, kept by @session
 * @answered: called by asym_request_done()
 * @complete: called once, bottom halves disabled, unless provider_op_start()
 *	returned the result
 * @progress: called at most once, likewise, after provider_op_start() returned
 *	-EBUSY: the operation does not wait for room any more
 * @data: the caller's
 * @flags: PROVIDER_*
 * @op: enum asym_op, of the caller; @req has that of the device
 * @padding: enum asym_padding, likewise
 * @hash: enum asym_hash, likewise
 * @in_len: bytes of message, ciphertext, digest or signature at @src
 * @digest_len: ASYM_VERIFY: bytes of digest after them
 * @src: the caller's input; @in, until provider_rsa_encode() makes a block there
 * @local: software computes it, whatever devices there are
 * @software_only: the input is invalid for devices: software returns the errno
 * @place: enum provider_place. Under asym_class::lock, except that an operation is taken from a
 *	device with provider_op_claim(), or given up with wait.c's wait_abandon_locked()
 * @refs: PROVIDER_PLACE_ABANDONED: the device's, and asym_device_ops::cancel's
 * @started: jiffies
 * @wait_node: in asym_class::waiting; asym_class::lock
 * @waits: it waits for room, and provider_op_start() may say so; asym_class::lock
 * @told: the caller got -EBUSY; asym_class::lock
 * @sent: ktime_get() when it was submitted to the device; 0: not measured
 * @work: handles an answer that came in an interrupt handler, or that must be verified
 * @status: the answer's, for @work
 * @tried: devices (by id) that failed it
 * @lost: of these, those that only lost it (-ETIMEDOUT)
 * @sessions_only: devices that do not accept it with the key in it
 * @attempts: number of these failures
 * @reason: why software computes it, if it does
 * @stale: the device forgot the session once already
 * @again: the next submission counts as a retry
 * @recheck: the device that refused the input; kept by a reference
 * @phase: enum provider_phase
 * @err: result
 * @out_len: result: bytes at @out
 * @exec: asym_exec_request_size() bytes after this structure
 * @in: asym_request::in, room for two blocks of the key's size
 * @out: asym_request::out, room for one
 * @big: where these two are if the key is too large for @room, or NULL
 * @room: memory for them, and for the drivers' headroom and tailroom
 *
 * provider_op_size() bytes, aligned for DMA, zeroed by provider_op_init().
 */
struct provider_op {
	struct asym_request req;
	struct asym_class *class;
	struct provider_key *key;
	struct provider_session *session;
	struct asym_device_priv *pdev;
	void (*answered)(struct provider_op *op, int status, unsigned int out_len);
	void (*complete)(struct provider_op *op);
	void (*progress)(struct provider_op *op);
	void *data;
	u8 op;
	u8 padding;
	u8 hash;
	unsigned int in_len;
	unsigned int digest_len;
	u8 *src;
	bool local;
	bool software_only;
	atomic_t place;
	refcount_t refs;
	unsigned long started;
	struct list_head wait_node;
	u8 flags;
	bool waits;
	bool told;
	ktime_t sent;
	struct work_struct work;
	int status;
	u64 tried;
	u64 lost;
	u64 sessions_only;
	u8 attempts;
	u8 reason;
	bool stale;
	bool again;
	struct asym_device_priv *recheck;
	atomic_t phase;
	int err;
	unsigned int out_len;
	struct asym_exec_request *exec;
	u8 *in;
	u8 *out;
	u8 *big;
	u8 room[ASYM_HEADROOM + 3 * ASYM_MAX_KEY_BYTES + ASYM_TAILROOM]
		__aligned(ARCH_DMA_MINALIGN);
};

/* True: it was @from, and is @to now. Orders as cmpxchg() does: if it fails, nothing. */
static inline bool provider_op_set_phase(struct provider_op *op, enum provider_phase from,
					 enum provider_phase to)
{
	return atomic_cmpxchg(&op->phase, from, to) == from;
}

/* Likewise. */
static inline bool provider_op_set_place(struct provider_op *op, enum provider_place from,
					 enum provider_place to)
{
	return atomic_cmpxchg(&op->place, from, to) == from;
}

#endif /* _ASYM_PROVIDER_OP_TYPES_H */
