// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers of devices: a result, which may be verified with the public key; a refusal of the input,
 * which software checks; or a failure. asym_request_done() may be called in hard interrupts, and
 * defers the rest then; all other functions run with interrupts enabled.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bottom_half.h>
#include <linux/container_of.h>
#include <linux/export.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/kref.h>
#include <linux/percpu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/ecdsa.h>

#include "../class.h"
#include "../device.h"
#include "../key.h"
#include "../pick.h"
#include "../ref.h"
#include "../shared.h"
#include "../stats.h"
#include "answer.h"
#include "backlog.h"
#include "place.h"
#include "route.h"
#include "rsa.h"
#include "software.h"
#include "types.h"

/* A success must look like one. */
static bool result_is_sane(const struct provider_op *op, unsigned int out_len)
{
	unsigned int key_bytes = op->req.key_bytes;

	if (op->req.op == ASYM_VERIFY)
		return true;
	if (op->req.op == ASYM_SIGN)
		return out_len <= key_bytes &&
		       !ecdsa_parse_sig(op->key->data.curve, op->out, out_len);
	return out_len && out_len <= key_bytes;
}

static void op_refused(struct provider_op *op, int status)
{
	struct asym_device_priv *pdev = op->pdev;

	kref_get(&pdev->ref);
	provider_op_release(op, false);
	provider_count(op->class, PROVIDER_STAT_RECHECKED);
	op->recheck = pdev;
	op->status = status;
	provider_op_software(op, false);
}

/* The device computed: the number is there, or the verdict. */
static void op_computed(struct provider_op *op)
{
	int err = 0;

	if (op->req.algo == ASYM_RSA)
		err = provider_rsa_decode(op);
	if (err && op->op == ASYM_VERIFY) {
		op_refused(op, err);
		return;
	}
	provider_count(op->class, PROVIDER_STAT_DEVICE);
	provider_op_finish(op, err, PROVIDER_BY_DEVICE);
}

static void op_check_work(struct work_struct *work)
{
	struct provider_op *op = container_of(work, struct provider_op, work);
	struct asym_device_priv *pdev = op->pdev;
	unsigned int id = pdev->id;
	int err = provider_rsa_check(op);

	if (!err) {
		if (atomic_read(&pdev->wrong))
			atomic_set(&pdev->wrong, 0);
		op_computed(op);
		return;
	}
	if (err == -EBADMSG) {
		provider_count(op->class, PROVIDER_STAT_WRONG_RESULTS);
		if (atomic_inc_return(&pdev->wrong) == PROVIDER_WRONG_MAX)
			provider_device_retest(pdev);
		if (!atomic_xchg(&pdev->warned, 1))
			pr_err("%s: device %s: a result with a private key does not fit the public one and was dropped; check the accelerator behind it, and the key (openssl pkey -check); further errors are only counted\n",
			       pdev->class->name, pdev->name);
	}
	provider_count_error(pdev, err);
	provider_op_release(op, false);
	provider_op_failed(op, id, err);
}

static bool op_needs_check(const struct provider_op *op)
{
	return op->req.op == ASYM_DECRYPT && op->key->n && !READ_ONCE(op->class->unchecked_results);
}

/**
 * provider_op_answered() - handle the answer of a device
 * @op: the operation
 * @status: 0 or an errno, as for asym_request_done()
 * @out_len: bytes at provider_op::out
 *
 * Context: any but hard interrupts.
 */
void provider_op_answered(struct provider_op *op, int status, unsigned int out_len)
{
	struct asym_device_priv *pdev = op->pdev;
	unsigned int id = pdev->id;

	if (!provider_op_claim(op)) {
		provider_count(op->class, PROVIDER_STAT_LATE_ANSWERS);
		provider_op_drop(op);
		return;
	}
	if (!status && !result_is_sane(op, out_len)) {
		if (!atomic_xchg(&pdev->warned, 1))
			pr_err("%s: device %s answered with %u bytes to a key of %u; further errors are only counted\n",
			       pdev->class->name, pdev->name, out_len, op->req.key_bytes);
		status = -EIO;
	}

	switch (status) {
	case 0:
		op->out_len = out_len;
		if (!op_needs_check(op)) {
			op_computed(op);
			break;
		}
		INIT_WORK(&op->work, op_check_work);
		queue_work(provider_wq, &op->work);
		break;
	case -EINVAL:
	case -EBADMSG:
	case -EKEYREJECTED:
	case -EOVERFLOW:
		op_refused(op, status);
		break;
	case -ESTALE:
		provider_op_release(op, true);
		if (!op->stale) {
			op->stale = true;
			op->again = true;
			op->req.more = false;
			provider_op_dispatch(op, false);
			break;
		}
		provider_count_error(pdev, status);
		provider_op_failed(op, id, status);
		break;
	case -ENOSPC:
		if (op->req.key) {
			provider_op_without_key(op, true);
			break;
		}
		fallthrough;
	default:
		provider_op_release(op, false);
		provider_count_error(pdev, status);
		provider_op_failed(op, id, status);
		break;
	}
}

static void request_done(struct asym_request *req, int status, unsigned int out_len)
{
	struct provider_op *op = container_of(req, struct provider_op, req);
	struct asym_device_priv *pdev = op->pdev;

	/* @op and its session may be gone soon. */
	kref_get(&pdev->ref);
	this_cpu_inc(pdev->stats->completed);
	provider_measure(pdev, op->sent, status);
	op->answered(op, status, out_len);
	if (READ_ONCE(pdev->live))
		provider_backlog_drain(pdev);

	/* From here on nothing but @pdev may be touched: the class may go. */
	if (atomic_dec_and_test(&pdev->inflight))
		wake_up(&pdev->wait);
	provider_device_put(pdev);
}

static void request_done_work(struct work_struct *work)
{
	struct provider_op *op = container_of(work, struct provider_op, work);

	request_done(&op->req, op->status, op->out_len);
}

/**
 * asym_request_done() - report the answer of a device
 * @req: the request that asym_device_ops::submit accepted
 * @status: 0 or an errno, as described in <crypto/internal/asym/provider.h>
 * @out_len: bytes written to @req->out
 *
 * Called exactly once for each accepted request, when the device can no longer
 * access the request's memory. @req belongs to asym_provider again.
 *
 * Context: any, but without locks that ->submit takes, because waiting operations are
 * submitted from here. In a hard interrupt, or with interrupts disabled, the rest is
 * left to a workqueue. So drivers should call it from softirq or a thread.
 */
void asym_request_done(struct asym_request *req, int status, unsigned int out_len)
{
	struct provider_op *op = container_of(req, struct provider_op, req);

	if (in_hardirq() || irqs_disabled()) {
		op->status = status;
		op->out_len = out_len;
		INIT_WORK(&op->work, request_done_work);
		queue_work(provider_wq, &op->work);
		return;
	}

	local_bh_disable();
	request_done(req, status, out_len);
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(asym_request_done);
