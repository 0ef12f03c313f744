// SPDX-License-Identifier: GPL-2.0-only
/*
 * Start of an operation. Any context but hard interrupts.
 */
#include <linux/atomic.h>
#include <trace/events/asym.h>

#include "../class.h"
#include "../key.h"
#include "../stats.h"
#include "answer.h"
#include "route.h"
#include "rsa.h"
#include "start.h"
#include "types.h"

/* Whether this machine's software computes it, whatever devices there are */
static bool op_is_local(const struct provider_op *op)
{
	struct asym_class *class = op->class;

	/* Until the kernel's self tests are over, they are the callers: what they judge is ours. */
	if (!provider_class_tested(class))
		return true;
	return (op->op == ASYM_VERIFY || op->op == ASYM_ENCRYPT) &&
	       READ_ONCE(class->public_ops) == ASYM_PUBLIC_LOCAL;
}

/* Fill the request for a device. */
static void op_set_request(struct provider_op *op)
{
	struct asym_request *req = &op->req;

	op->local = op_is_local(op);
	if (op->local && op->key->exec_key)
		return;
	if (req->algo == ASYM_RSA) {
		op->err = provider_rsa_encode(op);
		op->software_only = op->err;
		return;
	}
	req->op = op->op;
	req->padding = ASYM_PAD_RAW;
	req->hash = ASYM_HASH_NONE;
	req->in_len = op->in_len;
	req->digest_len = op->digest_len;
}

/**
 * provider_op_start() - start an operation
 * @op: from provider_op_init() and provider_op_set_key(), with @op, .padding,
 *	.hash, .in_len and .digest_len, the input at @in, @complete, and @progress
 *	if @flags ask for it
 * @key: its key; a reference is taken
 * @flags: PROVIDER_*
 *
 * Context: any but hard interrupts.
 * Return: -EINPROGRESS: provider_op::complete will be called, or was. -EBUSY
 * (PROVIDER_FULL_TELL): likewise, and the operation waits for room on a device;
 * provider_op::progress will tell when it does not any more. Anything else is the
 * result, and neither will be called.
 */
int provider_op_start(struct provider_op *op, struct provider_key *key, unsigned int flags)
{
	struct asym_class *class = op->class;

	op->key = key;
	op->answered = provider_op_answered;
	op->req.algo = key->data.algo;
	op->flags = flags;
	/* Which hash matters to signatures only. */
	if (op->op == ASYM_ENCRYPT || op->op == ASYM_DECRYPT)
		op->hash = ASYM_HASH_NONE;
	op_set_request(op);
	provider_count(class, PROVIDER_STAT_OPS);
	provider_object(PROVIDER_OBJECT_OPERATIONS, 1);
	trace_asym_op_start(op, class->name, op->op, op->padding, op->hash, key->data.bits);

	provider_op_first_dispatch(op, flags & PROVIDER_MAY_SLEEP);

	/* Nobody else finishes what is in the backlog, while it is. */
	if (flags & PROVIDER_FULL_TELL && READ_ONCE(op->waits)) {
		spin_lock_bh(&class->lock);
		if (op->waits) {
			op->told = true;
			atomic_set(&op->phase, PROVIDER_PHASE_ASYNC);
			spin_unlock_bh(&class->lock);
			return -EBUSY;
		}
		spin_unlock_bh(&class->lock);
	}
	if (provider_op_set_phase(op, PROVIDER_PHASE_STARTING, PROVIDER_PHASE_ASYNC))
		return -EINPROGRESS;
	/* A cmpxchg that fails orders nothing; pairs with that of provider_op_finish(). */
	smp_acquire__after_ctrl_dep();
	return op->err;
}
