/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data queues: requests. See data.c.
 */
#ifndef _VIRTIO_CRYPTO_DATA_H
#define _VIRTIO_CRYPTO_DATA_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct scatterlist;
struct vcrypto;
struct vcrypto_op;
struct vcrypto_queue;
struct virtqueue;

/**
 * struct vcrypto_op_ops - what is done with the requests of a service
 * @done: called once, in process or softirq context, without locks: the request is off the ring and
 *	no longer the queue's. err: what the device's status says, or -ENODEV: it was taken back
 *	because the device was reset; used: bytes the device says it wrote. It counts what is of no
 *	use with vcrypto_queue_error()
 * @expire: the request takes too long; the queue's lock is held. True: nobody waits for it any
 *	more, its memory is the device's until it is answered, and it is &vcrypto_op.late.
 *	NULL: it may take as long as it likes
 */
struct vcrypto_op_ops {
	void (*done)(struct vcrypto_queue *q, struct vcrypto_op *op, int err, unsigned int used);
	bool (*expire)(struct vcrypto_op *op, struct list_head *late);
};

/**
 * struct vcrypto_op - a request in a ring
 * @ops: whose it is
 * @status: where the device writes how it went
 * @late: ->expire() said so
 * @node: if there is ->expire(), and unless @late: in vcrypto_queue.expiring
 * @sent: likewise: when, in jiffies
 */
struct vcrypto_op {
	const struct vcrypto_op_ops *ops;
	const u8 *status;
	bool late;
	struct list_head node;
	unsigned long sent;
};

/**
 * struct vcrypto_queue - a data queue
 * @vc: its device
 * @vq: valid while &vcrypto.vqs_up
 * @work: bottom half: takes answers
 * @kick_work: notifies the device of what was sent before, see vcrypto_send()
 * @kick_ns: what a notification takes, a moving average; nobody's lock
 * @name: as /proc/interrupts shows it; lives as long as @vq
 * @interrupts: callbacks
 * @lock: the ring, and all below; taken with interrupts off
 * @dead: nothing is added any more
 * @unseen: there are requests that the device was not notified of
 * @answering: the CPU, plus one, on which @work runs: it notifies the device of what is
 *	sent from there meanwhile
 * @inflight: requests the device holds
 * @expiring: those that may take too long, oldest first, without those that are late
 * @requests: given to the device
 * @answered: taken back from the device
 * @errors: of @answered, those the device did not compute (not: wrong signature)
 * @aborted: taken back because the device was reset
 * @kicks: notifications
 * @full: requests turned away for want of room
 */
struct vcrypto_queue {
	struct vcrypto *vc;
	struct virtqueue *vq;
	struct work_struct work;
	struct work_struct kick_work;
	unsigned int kick_ns;
	char name[16];
	atomic64_t interrupts;

	spinlock_t lock;	/* the ring and all below */
	bool dead;
	bool unseen;
	unsigned int answering;
	unsigned int inflight;
	struct list_head expiring;
	u64 requests;
	u64 answered;
	u64 errors;
	u64 aborted;
	u64 kicks;
	u64 full;
} ____cacheline_aligned_in_smp;

void vcrypto_queue_init(struct vcrypto *vc, unsigned int i);
void vcrypto_queue_callback(struct virtqueue *vq);
void vcrypto_queue_start(struct vcrypto_queue *q, struct virtqueue *vq);
void vcrypto_queue_stop(struct vcrypto_queue *q);
void vcrypto_queue_flush(struct vcrypto_queue *q);
bool vcrypto_queues_idle(struct vcrypto *vc);
bool vcrypto_queues_expire(struct vcrypto *vc, long age, struct list_head *late);
void vcrypto_queue_error(struct vcrypto_queue *q);
int vcrypto_send(struct vcrypto *vc, struct vcrypto_op *op, struct scatterlist *sgs[],
		 unsigned int nr_out, unsigned int nr_in, bool more);
void vcrypto_queues_commit(struct vcrypto *vc);

#endif /* _VIRTIO_CRYPTO_DATA_H */
