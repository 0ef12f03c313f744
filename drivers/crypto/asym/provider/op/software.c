// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that this machine's software computes: because they are local, because no device
 * can, or because a device refused the input. Any context but hard interrupts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/container_of.h>
#include <linux/kref.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/executor.h>

#include "../class.h"
#include "../device.h"
#include "../key.h"
#include "../ref.h"
#include "../shared.h"
#include "../stats.h"
#include "place.h"
#include "rsa.h"
#include "software.h"
#include "types.h"

static void count_software(struct asym_class *class, enum provider_stat reason)
{
	provider_count(class, PROVIDER_STAT_SOFTWARE);
	provider_count(class, reason);
}

/* The device refused the input: check whether the input is invalid. */
static void op_rechecked(struct provider_op *op, int err)
{
	struct asym_device_priv *pdev = op->recheck;

	op->recheck = NULL;
	if (err) {
		provider_count(op->class, PROVIDER_STAT_DEVICE);
	} else {
		atomic64_inc(&pdev->errors);
		count_software(op->class, PROVIDER_STAT_SW_DEVICE_ERROR);
		if (!atomic_xchg(&pdev->warned, 1))
			pr_err("%s: device %s refused an operation (%d) that is in order; software computed it; further ones are only counted\n",
			       pdev->class->name, pdev->name, op->status);
	}
	provider_device_put(pdev);
}

static void op_software_done(struct asym_exec_request *exec, int err)
{
	struct provider_op *op = exec->data;
	enum provider_where where = PROVIDER_BY_SOFTWARE;

	op->out_len = exec->dst_len;
	if (op->local) {
		provider_count(op->class, PROVIDER_STAT_LOCAL);
	} else if (op->recheck) {
		where = err ? PROVIDER_BY_DEVICE : PROVIDER_BY_SOFTWARE;
		op_rechecked(op, err);
	} else {
		count_software(op->class, op->reason);
	}
	provider_op_finish(op, err, where);
}

/* The key is too large for the software: what the device said has to do. */
static void op_no_software(struct provider_op *op)
{
	int err = -ENODEV;

	if (op->recheck) {
		provider_count(op->class, PROVIDER_STAT_DEVICE);
		provider_device_put(op->recheck);
		op->recheck = NULL;
		err = op->status == -EKEYREJECTED ? -EKEYREJECTED : -EINVAL;
	} else {
		provider_count(op->class, PROVIDER_STAT_FAILED);
	}
	provider_op_finish(op, err, err == -ENODEV ? PROVIDER_BY_NOBODY : PROVIDER_BY_DEVICE);
}

static void op_public_work(struct work_struct *work)
{
	struct provider_op *op = container_of(work, struct provider_op, work);
	int err = op->software_only ? op->err : 0;

	err = err ?: provider_rsa_public(op) ?: provider_rsa_decode(op);
	provider_count(op->class, PROVIDER_STAT_LOCAL);
	provider_op_finish(op, err, PROVIDER_BY_SOFTWARE);
}

/**
 * provider_op_software() - compute an operation in software, or fail it, without a device
 * @op: without a device
 * @may_sleep: the call may sleep, and compute
 *
 * Context: any but hard interrupts.
 */
void provider_op_software(struct provider_op *op, bool may_sleep)
{
	struct asym_exec_request *exec = op->exec;
	struct asym_class *class = op->class;

	if (!op->recheck && !op->local && READ_ONCE(class->fallback) == ASYM_FALLBACK_ERROR &&
	    provider_class_tested(class)) {
		provider_count(class, PROVIDER_STAT_FAILED);
		provider_op_finish(op, -ENODEV, PROVIDER_BY_NOBODY);
		return;
	}
	if (!op->key->exec_key && op->local && (op->op == ASYM_ENCRYPT || op->op == ASYM_VERIFY)) {
		INIT_WORK(&op->work, op_public_work);
		queue_work(provider_wq, &op->work);
		return;
	}
	if (!op->key->exec_key) {
		op_no_software(op);
		return;
	}

	memset(exec, 0, sizeof(*exec));
	exec->key = op->key->exec_key;
	exec->op = op->op;
	exec->padding = op->padding;
	exec->hash = op->hash;
	exec->flags = may_sleep ? ASYM_EXEC_MAY_SLEEP : 0;
	exec->src = op->src;
	exec->src_len = op->in_len;
	if (op->op == ASYM_VERIFY) {
		exec->digest = op->src + op->in_len;
		exec->digest_len = op->digest_len;
	} else {
		exec->dst = op->out;
		exec->dst_len = op->key->key_bytes;
	}
	exec->complete = op_software_done;
	exec->data = op;

	asym_exec_submit(exec);
}

/**
 * provider_op_expired() - compute an operation in software that no device answered in time
 * @op: without a device; no other context has it
 *
 * Context: any but hard interrupts.
 */
void provider_op_expired(struct provider_op *op)
{
	struct asym_class *class = op->class;

	if (op->told) {
		op->told = false;
		provider_op_tell(op);
	}
	op->reason = PROVIDER_STAT_SW_WAITED;
	if (op->key->exec_key && READ_ONCE(class->fallback) == ASYM_FALLBACK_SOFTWARE) {
		provider_op_software(op, false);
		return;
	}
	provider_count(class, PROVIDER_STAT_FAILED);
	provider_op_finish(op, -ETIMEDOUT, PROVIDER_BY_NOBODY);
}
