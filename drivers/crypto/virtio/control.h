/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control queue: key sessions. See control.c.
 */
#ifndef _VIRTIO_CRYPTO_CONTROL_H
#define _VIRTIO_CRYPTO_CONTROL_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct asym_key_data;
struct vcrypto;
struct vcrypto_session;
struct virtio_crypto_akcipher_session_para;
struct virtqueue;

/**
 * struct vcrypto_control - a device's control queue
 * @work: bottom half
 * @room: woken when the queue has room, or died
 * @interrupts: callbacks
 * @lock: the ring, and all below; taken with interrupts off
 * @vq: valid while &vcrypto.vqs_up
 * @dead: nothing is added any more
 * @stopping: nobody waits for an answer any more
 * @inflight: requests the device holds
 * @late: of these, those whose opener gave up
 * @timeouts: requests that were not answered, or sent, in time, since the last answer
 * @timeouts_all: since the device was bound
 * @refused: the log says that the device gets no keys
 * @sessions: open ones
 * @nr_sessions: length of @sessions
 * @unclosed: those that nobody uses and for whose closing there was no room
 * @nr_unclosed: length of @unclosed
 * @requests: given to the device
 * @errors: answered with an error
 * @kicks: notifications
 */
struct vcrypto_control {
	struct work_struct work;
	wait_queue_head_t room;
	atomic64_t interrupts;

	spinlock_t lock ____cacheline_aligned_in_smp; /* the ring and all below */
	struct virtqueue *vq;
	bool dead;
	bool stopping;
	struct list_head inflight;
	unsigned int late;
	unsigned int timeouts;
	u64 timeouts_all;
	bool refused;
	struct list_head sessions;
	unsigned int nr_sessions;
	struct list_head unclosed;
	unsigned int nr_unclosed;
	u64 requests;
	u64 errors;
	u64 kicks;
};

void vcrypto_ctrl_init(struct vcrypto *vc);
void vcrypto_ctrl_callback(struct virtqueue *vq);
void vcrypto_ctrl_start(struct vcrypto *vc, struct virtqueue *vq);
void vcrypto_ctrl_abandon(struct vcrypto *vc);
void vcrypto_ctrl_kill(struct vcrypto *vc);
void vcrypto_ctrl_flush(struct vcrypto *vc);
int vcrypto_session_open(struct vcrypto *vc, const struct asym_key_data *key,
			 const struct virtio_crypto_akcipher_session_para *para,
			 struct vcrypto_session **session);
int vcrypto_cipher_session_open(struct vcrypto *vc, const u8 *key, unsigned int key_len,
				bool decrypt, struct vcrypto_session **session);
void vcrypto_session_close(struct vcrypto *vc, struct vcrypto_session *session);
u64 vcrypto_session_id(const struct vcrypto_session *session);
void vcrypto_session_unknown(struct vcrypto_session *session);
void vcrypto_sessions_close(struct vcrypto *vc, long left);
void vcrypto_sessions_forget(struct vcrypto *vc);
bool vcrypto_ctrl_silent(const struct vcrypto_control *control);

#endif /* _VIRTIO_CRYPTO_CONTROL_H */
