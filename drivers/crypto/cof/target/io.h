/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations. See io.c.
 */
#ifndef _COF_TARGET_IO_H
#define _COF_TARGET_IO_H

#include <linux/list.h>
#include <linux/types.h>

#include "flow.h"
#include "queue.h"

struct asym_exec_request;
struct cof_tgt_req;
struct cof_txbuf;

/**
 * struct cof_tgt_inline - room for a key that came with its operation
 * @list: queue->free_inline, or nowhere
 * @len: bytes at @der
 * @der: COF_MAX_DER bytes, wiped as soon as the key is prepared
 */
struct cof_tgt_inline {
	struct list_head list;
	u32 len;
	u8 *der;
};

/**
 * struct cof_tgt_req - an operation, preallocated: one object, @exec and @in are behind this
 * @list: queue->free_reqs or queue->busy_reqs
 * @by_tag: queue->tags, while busy
 * @queue: whose
 * @tx: the answer; the result is computed into it
 * @tag: of the request; queue->lock
 * @opcode: of the request
 * @key: its place among those of the queue that have a key with them, or NULL
 * @job: it as it waits for its turn and is computed
 * @arrived: when, ns
 * @in: input and digest
 * @in_len: bytes of both
 * @exec: asym_exec_request_size() bytes
 */
struct cof_tgt_req {
	struct list_head list;
	struct hlist_node by_tag;
	struct cof_tgt_queue *queue;
	struct cof_txbuf *tx;
	u64 tag;
	u16 opcode;
	struct cof_tgt_inline *key;
	struct asym_job job;
	u64 arrived;
	u8 *in;
	u32 in_len;
	struct asym_exec_request *exec;
};

static inline struct hlist_head *cof_tgt_tag_bucket(const struct cof_tgt_queue *queue, u64 tag)
{
	return &queue->tags[tag * queue->tag_secret >> (64 - queue->tag_bits)];
}

int cof_tgt_io_init(struct cof_tgt_queue *queue, const struct cof_tgt_assoc *assoc);

#endif /* _COF_TARGET_IO_H */
