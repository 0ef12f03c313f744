// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data queues: operations go out, answers come back. Owns the requests between
 * ->submit() and asym_request_done() (cipher.c's: vcrypto_cipher_answered());
 * everything that a request needs on the ring lies in its struct vcrypto_op,
 * which is the ring's token for it.
 *
 * vcrypto_queue.lock protects a ring and its counters. Requests are submitted
 * in any context; the interrupt only queues a bottom half (BH workqueue), which
 * answers them without the lock. A submitting CPU keeps to its queue.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/smp.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

#include "vcrypto.h"

/* Answers taken before the bottom half lets others run */
#define VCRYPTO_BUDGET	64

static_assert(sizeof(struct virtio_crypto_op_header) == 24);
static_assert(sizeof(struct virtio_crypto_op_data_req) == 24 + 48);
static_assert(sizeof(struct virtio_crypto_inhdr) == 1);
static_assert(sizeof(struct vcrypto_op) <= sizeof_field(struct asym_request, drv));

static struct asym_request *vcrypto_asym(struct vcrypto_op *op)
{
	return container_of((void *)op, struct asym_request, drv);
}

void vcrypto_queue_start(struct vcrypto_queue *q, struct virtqueue *vq)
{
	spin_lock_irq(&q->lock);
	q->vq = vq;
	q->dead = false;
	spin_unlock_irq(&q->lock);
}

/* On return nothing is added to the ring any more. */
void vcrypto_queue_stop(struct vcrypto_queue *q)
{
	spin_lock_irq(&q->lock);
	q->dead = true;
	spin_unlock_irq(&q->lock);
}

/*
 * Answers what the device held. It was reset, so it can no longer touch
 * memory, and vcrypto_queue_stop() was called.
 */
void vcrypto_queue_flush(struct vcrypto_queue *q)
{
	struct vcrypto_op *op;

	cancel_work_sync(&q->work);
	for (;;) {
		spin_lock_irq(&q->lock);
		op = virtqueue_detach_unused_buf(q->vq);
		if (op) {
			q->inflight--;
			q->aborted++;
		}
		spin_unlock_irq(&q->lock);
		if (!op)
			break;
		if (op->cipher)
			vcrypto_cipher_answered(op, -ENODEV);
		else
			asym_request_done(vcrypto_asym(op), -ENODEV, 0);
	}
}

bool vcrypto_queues_idle(struct vcrypto *vc)
{
	unsigned int i, inflight = 0;

	for (i = 0; i < vc->nr_queues; i++) {
		spin_lock_irq(&vc->queues[i].lock);
		inflight += vc->queues[i].inflight;
		spin_unlock_irq(&vc->queues[i].lock);
	}
	return !inflight;
}

static void vcrypto_count_error(struct vcrypto_queue *q)
{
	spin_lock_irq(&q->lock);
	q->errors++;
	spin_unlock_irq(&q->lock);
}

static void vcrypto_answer(struct vcrypto_queue *q, struct vcrypto_op *op, unsigned int used)
{
	int err = vcrypto_errno(READ_ONCE(op->status));
	unsigned int out_len = 0;

	if (op->cipher) {
		err = vcrypto_cipher_result(op, err, used);
		if (err)
			vcrypto_count_error(q);
		vcrypto_cipher_answered(op, err);
		return;
	}
	if (!err)
		err = vcrypto_result(vcrypto_asym(op), used, &out_len);
	if (err && err != -EKEYREJECTED)
		vcrypto_count_error(q);
	asym_request_done(vcrypto_asym(op), err, out_len);
}

static void vcrypto_queue_work(struct work_struct *work)
{
	struct vcrypto_queue *q = container_of(work, struct vcrypto_queue, work);
	unsigned int used, budget = VCRYPTO_BUDGET;
	struct vcrypto_op *op;
	bool broken, idle;

	spin_lock_irq(&q->lock);
	if (q->dead) {		/* vcrypto_queue_flush() answers */
		spin_unlock_irq(&q->lock);
		return;
	}
	do {
		virtqueue_disable_cb(q->vq);
		while ((op = virtqueue_get_buf(q->vq, &used))) {
			q->inflight--;
			q->answered++;
			spin_unlock_irq(&q->lock);
			vcrypto_answer(q, op, used);
			if (!--budget) {
				queue_work(system_bh_wq, &q->work);
				return;
			}
			spin_lock_irq(&q->lock);
		}
	} while (!virtqueue_enable_cb(q->vq));
	broken = virtqueue_is_broken(q->vq);
	idle = !q->inflight;
	spin_unlock_irq(&q->lock);

	if (idle)
		wake_up(&q->vc->idle);
	if (broken)
		vcrypto_fail(q->vc);
}

/* Interrupt. */
void vcrypto_queue_callback(struct virtqueue *vq)
{
	struct vcrypto *vc = vq->vdev->priv;
	struct vcrypto_queue *q = &vc->queues[vq->index];

	atomic64_inc(&q->interrupts);
	queue_work(system_bh_wq, &q->work);
}

void vcrypto_queue_init(struct vcrypto *vc, unsigned int i)
{
	struct vcrypto_queue *q = &vc->queues[i];

	q->vc = vc;
	q->dead = true;
	snprintf(q->name, sizeof(q->name), "dataq.%u", i);
	spin_lock_init(&q->lock);
	INIT_WORK(&q->work, vcrypto_queue_work);
}

/**
 * vcrypto_send() - give a request to the device
 * @vc: device; its virtqueues exist for as long as the call takes
 * @op: hdr is filled in, status is one of @sgs
 * @sgs: what the device reads, then what it writes
 * @nr_out: of these, what it reads
 * @nr_in: and what it writes
 *
 * Context: any.
 * Return: 0: it will be answered, perhaps already was. -EBUSY: no room now, an
 * answer will make some. -ENODEV, -EIO.
 */
int vcrypto_send(struct vcrypto *vc, struct vcrypto_op *op, struct scatterlist *sgs[],
		 unsigned int nr_out, unsigned int nr_in)
{
	struct vcrypto_queue *q;
	unsigned long flags;
	bool notify = false;
	int err;

	q = &vc->queues[raw_smp_processor_id() % vc->nr_queues];
	spin_lock_irqsave(&q->lock, flags);
	err = q->dead ? -ENODEV : virtqueue_add_sgs(q->vq, sgs, nr_out, nr_in, op, GFP_ATOMIC);
	if (!err) {
		q->inflight++;
		q->requests++;
		notify = virtqueue_kick_prepare(q->vq);
		if (notify)
			q->kicks++;
	} else if ((err == -ENOSPC || err == -ENOMEM) && q->inflight) {
		/* An answer will make room, and say so. */
		q->full++;
		err = -EBUSY;
	} else if (err == -ENOSPC) {
		err = -EIO;	/* the ring is smaller than one request */
	}
	spin_unlock_irqrestore(&q->lock, flags);

	/* The virtqueue exists, the caller says; @op may be gone. */
	if (notify)
		virtqueue_notify(q->vq);
	else if (err == -EIO)
		vcrypto_fail(vc);
	return err;
}

int vcrypto_submit(struct asym_device *asym, struct asym_request *req)
{
	struct vcrypto *vc = container_of(asym, struct vcrypto, asym);
	struct vcrypto_op *op = (struct vcrypto_op *)req->drv;
	struct scatterlist hdr, zeros, in, out, status, *sgs[5];
	unsigned int pad = 0, digest_len = 0, nr_out = 0, nr_in = 0;

	if (req->op >= ASYM_OP_NR || req->key_bytes > ASYM_MAX_KEY_BYTES ||
	    (req->op != ASYM_VERIFY && !req->out_len))
		return -EINVAL;
	if (req->op == ASYM_VERIFY)
		digest_len = req->digest_len;

	sg_init_one(&hdr, &op->hdr, sizeof(op->hdr));
	sgs[nr_out++] = &hdr;

	/* "ciphertext and plaintext MUST be padded with leading zeros", 5.9.7.2.1.5 */
	if (req->padding == ASYM_PAD_RAW && req->in_len < req->key_bytes) {
		pad = req->key_bytes - req->in_len;
		sg_init_table(&zeros, 1);
		sg_set_page(&zeros, ZERO_PAGE(0), pad, 0);
		sgs[nr_out++] = &zeros;
	}
	if (req->in_len + digest_len) {
		sg_init_one(&in, req->in, req->in_len + digest_len);
		sgs[nr_out++] = &in;
	}
	if (req->op != ASYM_VERIFY) {
		sg_init_one(&out, req->out, req->out_len);
		sgs[nr_out + nr_in++] = &out;
	}
	op->cipher = false;
	op->status = VIRTIO_CRYPTO_ERR;
	sg_init_one(&status, &op->status, sizeof(op->status));
	sgs[nr_out + nr_in++] = &status;

	memset(&op->hdr, 0, sizeof(op->hdr));
	op->hdr.header.opcode =
		cpu_to_le32(VIRTIO_CRYPTO_OPCODE(VIRTIO_CRYPTO_SERVICE_AKCIPHER, req->op));
	op->hdr.header.algo = cpu_to_le32(VIRTIO_CRYPTO_AKCIPHER_RSA);
	op->hdr.header.session_id =
		cpu_to_le64(vcrypto_session_id((void *)(uintptr_t)req->handle));
	op->hdr.u.akcipher_req.para.src_data_len = cpu_to_le32(pad + req->in_len);
	op->hdr.u.akcipher_req.para.dst_data_len =
		cpu_to_le32(req->op == ASYM_VERIFY ? digest_len : req->out_len);

	return vcrypto_send(vc, op, sgs, nr_out, nr_in);
}
