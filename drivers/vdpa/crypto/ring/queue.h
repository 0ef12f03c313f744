/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtqueue. What its requests are is for others to know (struct vc_queue_ops). See queue.c.
 */
#ifndef _VDPA_CRYPTO_RING_QUEUE_H
#define _VDPA_CRYPTO_RING_QUEUE_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/vdpa.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/job.h>

#include "chain.h"
#include "mem.h"

struct vc_dev;
struct vc_queue;

#define VC_RING_MAX	1024	/* entries; QEMU insists on 1024 */

/**
 * enum vc_stat - the counters of a queue, whose sums are under stats/
 * @VC_STAT_ENCRYPT: encryptions with public keys
 * @VC_STAT_DECRYPT: decryptions with private keys
 * @VC_STAT_SIGN: signatures made
 * @VC_STAT_VERIFY: signatures checked, whatever the result
 * @VC_STAT_ENCRYPT_BYTES: input of @VC_STAT_ENCRYPT
 * @VC_STAT_DECRYPT_BYTES: input of @VC_STAT_DECRYPT
 * @VC_STAT_SIGN_BYTES: input of @VC_STAT_SIGN
 * @VC_STAT_VERIFY_BYTES: input of @VC_STAT_VERIFY, which is signatures
 * @VC_STAT_CIPHER_ENCRYPT: messages encrypted by a cipher
 * @VC_STAT_CIPHER_DECRYPT: messages decrypted by a cipher
 * @VC_STAT_CIPHER_ENCRYPT_BYTES: input of @VC_STAT_CIPHER_ENCRYPT
 * @VC_STAT_CIPHER_DECRYPT_BYTES: input of @VC_STAT_CIPHER_DECRYPT
 * @VC_STAT_REQUESTS: requests taken from data queues
 * @VC_STAT_ERRORS: requests answered with an error
 * @VC_STAT_CTRL_REQUESTS: requests taken from the control queue
 * @VC_STAT_SESSIONS_TOTAL: sessions opened
 * @VC_STAT_MALFORMED: chains and requests that make no sense
 * @VC_STAT_NOTIFICATIONS: interrupts
 * @VC_STAT_HELD_BACK: times that answers were held back for a while
 * @VC_STAT_KICKS: notifications by the driver
 * @VC_STAT_STATELESS: requests that brought their key
 * @VC_STAT_NR: number of counters
 *
 * The first four, and the four after these, are in the order of enum asym_op.
 */
enum vc_stat {
	VC_STAT_ENCRYPT,
	VC_STAT_DECRYPT,
	VC_STAT_SIGN,
	VC_STAT_VERIFY,
	VC_STAT_ENCRYPT_BYTES,
	VC_STAT_DECRYPT_BYTES,
	VC_STAT_SIGN_BYTES,
	VC_STAT_VERIFY_BYTES,
	VC_STAT_CIPHER_ENCRYPT,
	VC_STAT_CIPHER_DECRYPT,
	VC_STAT_CIPHER_ENCRYPT_BYTES,
	VC_STAT_CIPHER_DECRYPT_BYTES,
	VC_STAT_REQUESTS,
	VC_STAT_ERRORS,
	VC_STAT_CTRL_REQUESTS,
	VC_STAT_SESSIONS_TOTAL,
	VC_STAT_MALFORMED,
	VC_STAT_NOTIFICATIONS,
	VC_STAT_HELD_BACK,
	VC_STAT_KICKS,
	VC_STAT_STATELESS,
	VC_STAT_NR
};

/**
 * struct vc_queue_ops - what is done with the requests of a kind of queue
 * @run: take requests and return them. The queue's worker, no lock held. Return: true to be called
 *	again
 * @cancel: the queue stops: nothing of it is to wait for its turn any more. Process context,
 *	vc_queue.lock held
 */
struct vc_queue_ops {
	bool (*run)(struct vc_queue *q);
	void (*cancel)(struct vc_queue *q);
};

/**
 * struct vc_queue - one virtqueue
 * @vc: the device
 * @index: on the device; the last one is the control queue
 * @ops: data.c's or ctrl.c's
 * @work: serves the queue
 * @lock: protects what follows
 * @chain: the chain being looked at
 * @riov: its readable part
 * @ready: the driver has enabled the queue
 * @quiet: the driver was asked not to notify
 * @gen: incremented when the queue stops: answers to requests taken before are dropped
 * @num: entries
 * @desc: address of the descriptor table
 * @avail: address of the available ring
 * @used: address of the used ring
 * @avail_idx: the next chain that is taken, modulo 65536
 * @used_idx: the next one that is returned, likewise
 * @cb: the driver's interrupt
 * @outstanding: chains taken from the ring that the driver has not been told of
 * @untold: of these, returned ones
 * @peak: @outstanding of late
 * @nr_requests: allocated ones
 * @free: requests that are not in use
 * @busy: requests that wait for their turn or are being computed
 * @latencies: operations by the time they took
 * @tell_timer: when the driver must be told of what is @untold
 * @overdue: that is now (no lock)
 * @done: requests that are computed (lock-free)
 * @jobs: its requests, as they wait for their turn and are computed. Keys that they bring are
 *	prepared one after the other, so that a driver gets no more of the host's time that way than
 *	by opening sessions
 * @stats: by enum vc_stat; nearly always of this queue's worker
 */
struct vc_queue {
	struct vc_dev *vc;
	unsigned int index;
	const struct vc_queue_ops *ops;
	struct work_struct work;

	struct mutex lock;		/* what follows, up to @latencies */
	struct vc_chain chain;
	struct vc_iov riov;
	bool ready;
	bool quiet;
	u32 gen;
	u32 num;
	u64 desc;
	u64 avail;
	u64 used;
	u16 avail_idx;
	u16 used_idx;
	struct vdpa_callback cb;
	u32 outstanding;
	u32 untold;
	u32 peak;
	unsigned int nr_requests;
	struct list_head free;
	struct list_head busy;
	u64 latencies[ASYM_LATENCIES];

	struct hrtimer tell_timer;
	bool overdue;
	struct llist_head done;
	struct asym_jobs jobs;

	atomic64_t stats[VC_STAT_NR];
} ____cacheline_aligned;

static inline void vc_count(struct vc_queue *q, enum vc_stat stat)
{
	atomic64_inc(&q->stats[stat]);
}

void vc_queue_init(struct vc_dev *vc, unsigned int index, const struct vc_queue_ops *ops);
void vc_queue_exit(struct vc_queue *q);
void vc_queue_start(struct vc_queue *q);
void vc_queue_stop(struct vc_queue *q);
bool vc_queue_runs(const struct vc_queue *q);
int vc_queue_get(struct vc_queue *q, struct vc_iov *wiov, u16 *head);
int vc_queue_put(struct vc_queue *q, u16 head, u32 len);
void vc_queue_interrupt(struct vc_queue *q);
void vc_queue_tell(struct vc_queue *q);
bool vc_queue_idle(struct vc_queue *q);
void vc_queue_quiet(struct vc_queue *q);

#endif /* _VDPA_CRYPTO_RING_QUEUE_H */
