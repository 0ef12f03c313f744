/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data queues and their requests. See data.c.
 */
#ifndef _VDPA_CRYPTO_DATA_H
#define _VDPA_CRYPTO_DATA_H

#include <linux/scatterlist.h>
#include <crypto/aes.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/job.h>

#include "ring/queue.h"
#include "service.h"

struct skcipher_request;
struct vc_dev;
struct vc_session;

/* What can be in a data request: a key; a signature and a digest, or input and output */
#define VC_MAX_DATA	ASYM_MAX_KEY_BYTES
#define VC_MAX_SIZE	(ASYM_MAX_DER + 2 * VC_MAX_DATA)

/**
 * struct vc_request - one operation
 * @free: in vc_queue.free or vc_queue.busy
 * @done: in vc_queue.done
 * @q: the queue
 * @err: the result, when it is in vc_queue.done
 * @job: it as it waits for its turn and is computed; job.key is the key that it brings, at @key
 * @since: when it was taken from the ring, ns
 * @gen: vc_queue.gen when the chain was taken
 * @head: the chain
 * @op: enum asym_op, of akcipher.c
 * @used: bytes of @src to wipe
 * @dst_used: of @dst
 * @service: computes it
 * @session: its session, as long as @service wants
 * @sk: to compute with @session's transform; this and what follows, up to @piece, is cipher.c's
 * @sg: of @src
 * @iv: of the next piece
 * @riov: input that was not taken from memory yet
 * @total: bytes of input, and of output
 * @left: of these, not taken yet
 * @piece: bytes at @src that are being computed, in place
 * @pushed: bytes of output written to the driver's memory
 * @writable: bytes of @wiov; the last one is the struct virtio_crypto_inhdr
 * @wiov: writable part of the chain
 * @wvec: for @wiov
 * @src: input, and digest to verify
 * @dst: output
 * @key: room for ASYM_MAX_DER bytes of key, or NULL; this and what follows is akcipher.c's
 * @key_req: what @key is
 * @exec: the executor's, and as long as it wants
 */
struct vc_request {
	struct list_head free;
	struct llist_node done;
	struct vc_queue *q;
	int err;
	struct asym_job job;
	u64 since;
	u32 gen;
	u16 head;
	u8 op;
	u32 used;
	u32 dst_used;
	const struct vc_service *service;
	struct vc_session *session;
	struct skcipher_request *sk;
	struct scatterlist sg;
	u8 iv[AES_BLOCK_SIZE];
	struct vc_iov riov;
	u32 total;
	u32 left;
	u32 piece;
	u32 pushed;
	size_t writable;
	struct vc_iov wiov;
	struct vc_seg wvec[VC_INLINE_SEGS];
	u8 *src;
	u8 *dst;
	u8 *key;
	struct vc_create_req key_req;
	struct asym_exec_request exec;
};

void vc_data_init(struct vc_dev *vc, unsigned int index);
int vc_data_prealloc(struct vc_queue *q);
void vc_data_exit(struct vc_queue *q);
void vc_data_tell_all(struct vc_dev *vc);
bool vc_data_begin(struct vc_request *req);
void vc_data_over(struct vc_request *req, int err);
void vc_data_answer(struct vc_request *req, u8 status, u32 len);
void vc_data_count(const struct vc_request *req, enum vc_stat ops, enum vc_stat bytes, u32 len);

#endif /* _VDPA_CRYPTO_DATA_H */
