// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations: from asym_exec_submit() to the caller's completion.
 *
 *	prepare   check, pad into a block, reject invalid input without a driver
 *	enqueue   first in, first out, while max_inflight are with drivers
 *	pump      hand requests to drivers while there is room
 *	compute   raw RSA, or ECDSA, on the driver: at once if it is asynchronous, else in
 *		  exec_compute_wq, or in the caller if that may sleep
 *	returned  on failure go to the next driver, else
 *	finish    unpad, wipe, call back, pump again
 *
 * A request in the FIFO is on exec->fifo, under exec->lock; otherwise exactly
 * one function, work item or driver has it. Callbacks to the caller are made
 * with bottom halves disabled and no lock held. Submitting and completing may
 * happen in process context and in soft interrupts.
 *
 * Recursion is bounded. A driver may answer within the call, the caller's
 * callback may submit the next request, and so on without end. So only one
 * context at a time pumps. The others leave their requests in the FIFO, and the
 * pumping context sees them before it stops. After PUMP_BUDGET requests it
 * leaves the rest to a work item.
 */
#include <linux/cache.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/pad.h>
#include <crypto/internal/akcipher.h>
#include <compat/crypto.h>

#include "drivers.h"
#include "ecdsa.h"
#include "key.h"
#include "main.h"
#include "op.h"
#include "wq.h"

#define PUMP_BUDGET	64
/* Delay of a retry when a driver has no room, and no request of ours that would complete */
#define PUMP_RETRY	msecs_to_jiffies(2)

/**
 * struct exec_op - the private part of a request
 * @req: the request
 * @key: its key; a reference
 * @drv: index of the driver that computes it
 * @private_op: uses the private exponent
 * @in: block for the driver to read; kept for another driver. ECDSA: the digest, or the
 *	signature and the digest
 * @out: block for the driver to write
 * @src: @in
 * @dst: @out
 * @rop: ECDSA on a remote driver; @rop.out_len: bytes of the signature, of any driver
 * @verdict: ECDSA: the result of an operation that was computed
 * @areq: followed by the driver's private area
 *
 * The blocks follow it, on cache lines of their own.
 */
struct exec_op {
	struct asym_exec_request *req;
	struct asym_exec_key *key;
	unsigned int drv;
	bool private_op;
	u8 *in;
	u8 *out;
	struct scatterlist src;
	struct scatterlist dst;
	struct asym_exec_remote_op rop;
	int verdict;
	struct akcipher_request areq;
};

static_assert(ASYM_MAX_EC_SIG + ECDSA_MAX_DIGEST <= ASYM_MAX_KEY_BYTES);

#define OP_ALIGN	max_t(size_t, ARCH_DMA_MINALIGN, __alignof__(struct exec_op))

/* Bytes of a request for drivers with private areas of up to @reqsize. */
size_t exec_request_size(unsigned int reqsize)
{
	return sizeof(struct asym_exec_request) + OP_ALIGN + sizeof(struct exec_op) + reqsize +
	       ARCH_DMA_MINALIGN + 2 * ASYM_MAX_KEY_BYTES;
}

static struct exec_op *req_op(struct asym_exec_request *req)
{
	return PTR_ALIGN((void *)req->priv, OP_ALIGN);
}

static void op_init(struct exec_op *op, struct asym_exec_request *req)
{
	u8 *tail = (u8 *)(op + 1) + req->key->exec->reqsize;

	op->req = req;
	op->key = req->key;
	op->drv = 0;
	while (!exec_key_on(op->key, op->drv))
		op->drv++;
	op->in = PTR_ALIGN(tail, ARCH_DMA_MINALIGN);
	op->out = op->in + ASYM_MAX_KEY_BYTES;
}

/* ---- prepare ---- */

static int need_room(struct asym_exec_request *req, unsigned int size)
{
	if (req->dst_len >= size)
		return 0;
	req->dst_len = size;
	return -EOVERFLOW;
}

static int prepare_raw(struct exec_op *op, bool checks_room)
{
	struct asym_exec_request *req = op->req;
	unsigned int size = op->key->size;
	int err;

	err = asym_pad_raw(req->src, req->src_len, op->in, size);
	if (err)
		return err;
	err = asym_pad_check_range(op->in, op->key->max, size);
	if (err || !checks_room)
		return err;
	return need_room(req, size);
}

static int prepare_sign(struct exec_op *op)
{
	struct asym_exec_request *req = op->req;
	unsigned int digest_size = asym_hash_digest_size(req->hash);
	int err;

	err = need_room(req, op->key->size);
	if (err)
		return err;
	if (compat_rsassa_checks_digest_size() && digest_size && req->src_len != digest_size)
		return -EINVAL;
	err = asym_pad_emsa_encode(req->hash, req->src, req->src_len, op->in, op->key->size);
	if (err)
		return err;
	return asym_pad_check_range(op->in, op->key->max, op->key->size);
}

static int prepare_verify(struct exec_op *op)
{
	struct asym_exec_request *req = op->req;
	unsigned int digest_size = asym_hash_digest_size(req->hash);

	if (!asym_hash_name(req->hash) || req->src_len != op->key->size)
		return -EINVAL;
	if (compat_rsassa_checks_digest_size()) {
		if (digest_size && req->digest_len != digest_size)
			return -EINVAL;
	} else if (!req->digest_len) {
		return -EINVAL;
	}
	return prepare_raw(op, false);
}

static int prepare_encrypt(struct exec_op *op)
{
	struct asym_exec_request *req = op->req;
	int err;

	err = asym_pad_rsaes_encode(req->src, req->src_len, op->in, op->key->size);
	if (err)
		return err;
	err = need_room(req, op->key->size);
	if (err)
		return err;
	return asym_pad_check_range(op->in, op->key->max, op->key->size);
}

static int prepare_decrypt(struct exec_op *op)
{
	if (op->req->src_len != op->key->size)
		return -EINVAL;
	return prepare_raw(op, false);
}

static int prepare_ecdsa(struct exec_op *op)
{
	struct asym_exec_request *req = op->req;
	bool verify = req->op == ASYM_VERIFY;
	unsigned int len = verify ? req->digest_len : req->src_len;

	if (req->op != ASYM_SIGN && !verify)
		return -EOPNOTSUPP;
	if (req->padding != ASYM_PAD_RAW || req->hash != ASYM_HASH_NONE)
		return -EINVAL;
	if (!len || len > ECDSA_MAX_DIGEST)
		return -EINVAL;
	if (!verify) {
		memcpy(op->in, req->src, len);
		return need_room(req, op->key->size);
	}
	/* No signature is longer. LKCF's drivers accept longer input, because keyctl passes it. */
	if (!req->src_len || req->src_len > op->key->size)
		return -EBADMSG;
	memcpy(op->in, req->src, req->src_len);
	memcpy(op->in + req->src_len, req->digest, len);
	return ecdsa_parse_sig(op->key->curve, op->in, req->src_len);
}

/* Fills op->in; returns each errno that the kernel's software returns before it computes. */
static int op_prepare(struct exec_op *op)
{
	struct asym_exec_request *req = op->req;

	if (req->op >= ASYM_OP_NR)
		return -EINVAL;
	op->private_op = req->op == ASYM_DECRYPT || req->op == ASYM_SIGN;
	if (op->private_op && !op->key->is_private)
		return -EINVAL;
	if (op->key->algo == ASYM_ECDSA)
		return prepare_ecdsa(op);

	switch (req->padding) {
	case ASYM_PAD_RAW:
		if (req->op == ASYM_SIGN || req->op == ASYM_VERIFY)
			return -EOPNOTSUPP;
		return prepare_raw(op, true);
	case ASYM_PAD_PKCS1:
		switch (req->op) {
		case ASYM_ENCRYPT:
			return prepare_encrypt(op);
		case ASYM_DECRYPT:
			return prepare_decrypt(op);
		case ASYM_SIGN:
			return prepare_sign(op);
		default:
			return prepare_verify(op);
		}
	default:
		return -EINVAL;
	}
}

/* ---- finish ---- */

/* Make the answer from the driver's result in op->out. */
static int op_output(struct exec_op *op)
{
	struct asym_exec_request *req = op->req;
	unsigned int size = op->key->size;

	if (op->key->algo == ASYM_ECDSA) {
		if (!op->verdict && req->op == ASYM_SIGN) {
			memcpy(req->dst, op->out, op->rop.out_len);
			req->dst_len = op->rop.out_len;
		}
		return op->verdict;
	}
	if (req->padding == ASYM_PAD_PKCS1 && req->op == ASYM_DECRYPT)
		return asym_pad_rsaes_decode(op->out, size, req->dst, &req->dst_len);
	if (req->op == ASYM_VERIFY)
		return asym_pad_emsa_check(req->hash, req->digest, req->digest_len, op->out, size);

	memcpy(req->dst, op->out, size);
	req->dst_len = size;
	return 0;
}

static void op_wipe(struct exec_op *op)
{
	unsigned int digest = op->key->algo == ASYM_ECDSA ? ECDSA_MAX_DIGEST : 0;

	memzero_explicit(op->in, op->key->size + digest);
	memzero_explicit(op->out, op->key->size);
}

static void op_answer(struct exec_op *op, int err)
{
	struct asym_exec_request *req = op->req;

	local_bh_disable();
	req->complete(req, err);
	local_bh_enable();
}

static void exec_pump(struct asym_exec *exec);

/* End the request and drop its references. @err: the driver's, 0 if it computed. */
static void op_finish(struct exec_op *op, int err)
{
	struct asym_exec_key *key = op->key;
	struct asym_exec *exec = key->exec;
	struct exec_stats *stats = &exec->stats;
	unsigned int kind = op->req->op;
	bool computed = !err;
	bool more;

	if (computed)
		err = op_output(op);
	op_wipe(op);

	spin_lock_bh(&exec->lock);
	exec->inflight--;
	exec->full = false;
	if (computed) {
		if (key->algo == ASYM_RSA)
			exec->drivers[op->drv].ops++;
		else if (key->remote[op->drv])
			stats->ec_remote++;
		else
			stats->ec_local++;
		stats->ops[kind]++;
		stats->milliunits += key->cost[kind];
		if (err && err != -EOVERFLOW)
			stats->rejected++;
	} else {
		stats->failed++;
	}
	/* Later requests find the room themselves. */
	more = !list_empty(&exec->fifo);
	spin_unlock_bh(&exec->lock);

	op_answer(op, err);
	/* The request may be gone; the executor stays until the key is put. */
	if (more)
		exec_pump(exec);
	asym_exec_key_put(key);
}

/* ---- compute ---- */

static void op_compute(struct exec_op *op, u32 flags);

static void op_compute_work(struct work_struct *work)
{
	struct asym_exec_request *req = container_of(work, struct asym_exec_request, work);

	op_compute(req_op(req), CRYPTO_TFM_REQ_MAY_SLEEP);
}

/* Whether its driver computes in the caller's context */
static bool op_is_sync(const struct exec_op *op)
{
	if (op->key->algo == ASYM_ECDSA)
		return !op->key->remote[op->drv];
	return op->key->exec->drivers[op->drv].sync;
}

/* Hand the operation to its driver; does not sleep. */
static void op_start(struct exec_op *op)
{
	if (op_is_sync(op)) {
		INIT_WORK(&op->req->work, op_compute_work);
		queue_work(exec_compute_wq, &op->req->work);
		return;
	}
	op_compute(op, 0);
}

/* The next driver that has the key, or false. */
static bool op_next_driver(struct exec_op *op)
{
	struct asym_exec *exec = op->key->exec;
	unsigned int i;

	for (i = op->drv + 1; i < exec->nr_drivers; i++) {
		if (exec_key_on(op->key, i)) {
			op->drv = i;
			return true;
		}
	}
	return false;
}

/* The driver failed: use the next one, or finish with the error. */
static void op_failed(struct exec_op *op, int err)
{
	struct asym_exec *exec = op->key->exec;
	bool again;

	spin_lock_bh(&exec->lock);
	if (op->key->algo == ASYM_ECDSA && !op->key->remote[op->drv])
		exec->stats.ec_errors++;
	else
		exec->drivers[op->drv].errors++;
	again = op_next_driver(op);
	if (again)
		exec->stats.retried++;
	spin_unlock_bh(&exec->lock);

	if (again)
		op_start(op);
	else
		op_finish(op, err);
}

/*
 * The driver answered. An error is always a failure of the driver, because
 * op_prepare() has checked the input. (qat-rsa, for example, returns -EINVAL for
 * every failure.)
 */
static void op_returned(struct exec_op *op, int err)
{
	unsigned int size = op->key->size, len = op->areq.dst_len;

	if (!err && len > op->key->tfm_size[op->drv])
		err = -EIO;
	if (!err) {
		/* Some drivers write the number without its leading zeros. */
		if (len < size) {
			memmove(op->out + size - len, op->out, len);
			memset(op->out, 0, size - len);
		}
		op_finish(op, 0);
		return;
	}
	op_failed(op, err);
}

/* Likewise for ECDSA: a refused signature is a result, not a failure. */
static void op_ec_returned(struct exec_op *op, int err)
{
	switch (err) {
	case 0:
	case -EBADMSG:
	case -EINVAL:
	case -EKEYREJECTED:
		op->verdict = err;
		op_finish(op, 0);
		break;
	default:
		op_failed(op, err);
	}
}

static void op_remote_done(struct asym_exec_remote_op *rop, int err)
{
	struct exec_op *op = container_of(rop, struct exec_op, rop);

	if (!err && rop->op == ASYM_SIGN && (!rop->out_len || rop->out_len > op->key->size))
		err = -EIO;
	op_ec_returned(op, err);
}

/* The driver has no room: the request goes back to the head of the FIFO. */
static void op_no_room(struct exec_op *op)
{
	struct asym_exec *exec = op->key->exec;

	spin_lock_bh(&exec->lock);
	list_add(&op->req->list, &exec->fifo);
	exec->queued++;
	exec->inflight--;
	exec->full = true;
	exec->stats.stalled++;
	if (!exec->inflight)
		mod_delayed_work(exec_house_wq, &exec->pump_work, PUMP_RETRY);
	spin_unlock_bh(&exec->lock);
}

static void op_driver_done(void *data, int err)
{
	/* from the driver's backlog to its queue: not an answer */
	if (err != -EINPROGRESS)
		op_returned(data, err);
}

/* sg_init_one() without two calls and a memset, because this is the hot path. */
static void op_sg(struct scatterlist *sg, void *buf, unsigned int len)
{
	*sg = (struct scatterlist){};
	sg_init_marker(sg, 1);
	sg_set_buf(sg, buf, len);
}

/* On this machine's signer; sleeps. */
static int op_compute_local(struct exec_op *op)
{
	struct asym_exec_remote_op *rop = &op->rop;
	int ret;

	if (rop->op == ASYM_VERIFY)
		return crypto_sig_verify(op->key->sig, rop->in, rop->in_len,
					 rop->in + rop->in_len, rop->digest_len);
	ret = compat_ecdsa_sign(op->key->sig, rop->in, rop->in_len, rop->out, rop->out_len);
	if (ret < 0)
		return ret;
	rop->out_len = ret;
	return 0;
}

static void op_compute_ecdsa(struct exec_op *op)
{
	struct asym_exec_key *key = op->key;
	unsigned int drv = op->drv;

	op->rop.op = op->req->op;
	op->rop.in = op->in;
	op->rop.in_len = op->req->src_len;
	op->rop.digest_len = op->rop.op == ASYM_VERIFY ? op->req->digest_len : 0;
	op->rop.out = op->out;
	op->rop.out_len = key->size;
	op->rop.done = op_remote_done;
	if (key->remote[drv])
		key->exec->drivers[drv].remote->submit(key->remote[drv], &op->rop);
	else
		op_ec_returned(op, op_compute_local(op));
}

static void op_compute(struct exec_op *op, u32 flags)
{
	struct akcipher_request *areq = &op->areq;
	unsigned int size = op->key->tfm_size[op->drv];
	int err;

	if (op->key->algo == ASYM_ECDSA) {
		op_compute_ecdsa(op);
		return;
	}

	/*
	 * For a driver that does not count leading zeros of the modulus the
	 * block begins later; op_prepare() checked that only zeros are left out.
	 */
	op_sg(&op->src, op->in + op->key->size - size, size);
	op_sg(&op->dst, op->out, size);
	akcipher_request_set_tfm(areq, op->key->tfm[op->drv]);
	akcipher_request_set_callback(areq, flags | CRYPTO_TFM_REQ_MAY_BACKLOG,
				      op_driver_done, op);
	akcipher_request_set_crypt(areq, &op->src, &op->dst, size, size);

	if (op->private_op)
		err = crypto_akcipher_decrypt(areq);
	else
		err = crypto_akcipher_encrypt(areq);

	switch (err) {
	case -EINPROGRESS:
	case -EBUSY:
		/* The driver has or had the request: it may be freed. */
		break;
	case -ENOSPC:
		op_no_room(op);
		break;
	default:
		op_returned(op, err);
	}
}

/* ---- queue ---- */

static bool exec_has_room(const struct asym_exec *exec)
{
	return !exec->full && exec->inflight < exec->max_inflight;
}

static struct exec_op *exec_next(struct asym_exec *exec)
{
	struct asym_exec_request *req;

	lockdep_assert_held(&exec->lock);
	if (!exec_has_room(exec))
		return NULL;
	req = list_first_entry_or_null(&exec->fifo, struct asym_exec_request, list);
	if (!req)
		return NULL;
	list_del(&req->list);
	exec->queued--;
	exec->inflight++;
	return req_op(req);
}

/*
 * Start waiting requests while there is room, after @op if there is one, which is counted already.
 * No other context pumps. exec->lock is held, and released meanwhile; bottom halves stay disabled.
 */
static void exec_pump_locked(struct asym_exec *exec, struct exec_op *op)
{
	unsigned int budget = PUMP_BUDGET;

	lockdep_assert_held(&exec->lock);
	exec->pumping = true;
	while (op || (budget-- && (op = exec_next(exec)))) {
		spin_unlock(&exec->lock);
		op_start(op);
		op = NULL;
		spin_lock(&exec->lock);
	}
	exec->pumping = false;
	/* out of budget, or about to be woken by a completion, which is harmless */
	if (!list_empty(&exec->fifo) && exec_has_room(exec))
		mod_delayed_work(exec_house_wq, &exec->pump_work, 0);
}

/* Start waiting requests while there is room. The caller holds the executor (by a key). */
static void exec_pump(struct asym_exec *exec)
{
	spin_lock_bh(&exec->lock);
	if (!exec->pumping)
		exec_pump_locked(exec, NULL);
	spin_unlock_bh(&exec->lock);
}

void exec_pump_work(struct work_struct *work)
{
	struct asym_exec *exec = container_of(to_delayed_work(work), struct asym_exec, pump_work);

	spin_lock_bh(&exec->lock);
	exec->full = false;
	spin_unlock_bh(&exec->lock);
	exec_pump(exec);
}

/*
 * Start it if it is its turn, else leave it in the FIFO. True: the caller may sleep, and computes
 * it now, without overtaking another request.
 */
static bool exec_enqueue(struct asym_exec *exec, struct exec_op *op)
{
	bool here = false, now;

	spin_lock_bh(&exec->lock);
	now = list_empty(&exec->fifo) && exec_has_room(exec);
	if (now && op->req->flags & ASYM_EXEC_MAY_SLEEP && op_is_sync(op)) {
		exec->inflight++;
		here = true;
	} else if (now && !exec->pumping) {
		exec->inflight++;
		exec_pump_locked(exec, op);
	} else {
		list_add_tail(&op->req->list, &exec->fifo);
		exec->queued++;
		if (!exec->pumping)
			exec_pump_locked(exec, NULL);
	}
	spin_unlock_bh(&exec->lock);
	return here;
}

/**
 * asym_exec_submit() - compute an operation
 * @req: the operation; owned by asym_executor until @req->complete is called
 *
 * Reports the result of every operation, also of an invalid one, by
 * @req->complete, called exactly once with bottom halves disabled, possibly
 * before this returns. Errors of the input are those of the kernel's software,
 * see lib/pad.c; others are the driver's.
 *
 * Operations are handed to the driver in the order of submission while fewer
 * than the executor's max_inflight are with it. With ASYM_EXEC_MAY_SLEEP a
 * synchronous driver may compute before this returns.
 *
 * The caller's reference to @req->key is needed during the call only.
 *
 * Context: process or soft interrupt; sleeps only with ASYM_EXEC_MAY_SLEEP.
 * Return: 0, always.
 */
int asym_exec_submit(struct asym_exec_request *req)
{
	struct asym_exec_key *key = req->key;
	struct asym_exec *exec = key->exec;
	struct exec_op *op = req_op(req);
	int err;

	/* One for the request, one for the rest of this function. */
	kref_get(&key->refs);
	kref_get(&key->refs);

	op_init(op, req);
	err = op_prepare(op);
	if (err) {
		spin_lock_bh(&exec->lock);
		exec->stats.refused++;
		spin_unlock_bh(&exec->lock);
		op_wipe(op);
		op_answer(op, err);
		asym_exec_key_put(key);
	} else if (exec_enqueue(exec, op)) {
		op_compute(op, CRYPTO_TFM_REQ_MAY_SLEEP);
	}
	asym_exec_key_put(key);
	return 0;
}
EXPORT_SYMBOL_GPL(asym_exec_submit);
