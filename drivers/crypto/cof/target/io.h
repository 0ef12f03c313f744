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
 * @list: queue->free_inline; or queue->preparing while it waits for key_work; or nowhere
 * @req: whose key it is
 * @algo: as the request says
 * @is_private: likewise
 * @curve: likewise
 * @len: bytes at @der
 * @der: COF_MAX_DER bytes, wiped as soon as the key is prepared
 */
struct cof_tgt_inline {
	struct list_head list;
	struct cof_tgt_req *req;
	u8 algo;
	bool is_private;
	u8 curve;
	u32 len;
	u8 *der;
};

/**
 * enum cof_tgt_prepare - where the key is that came with an operation
 * @COF_TGT_NOT_PREPARING: there was none, or it waits for its turn, or the driver has it
 * @COF_TGT_TO_PREPARE: in queue->preparing; it is charged
 * @COF_TGT_PREPARING: queue->key_work has it
 */
enum cof_tgt_prepare {
	COF_TGT_NOT_PREPARING,
	COF_TGT_TO_PREPARE,
	COF_TGT_PREPARING,
};

/**
 * struct cof_tgt_req - an operation, preallocated: one object, @exec and @in are behind this
 * @list: queue->free_reqs or queue->busy_reqs
 * @by_tag: queue->tags, while busy
 * @queue: whose
 * @tx: the answer; the result is computed into it
 * @tag: of the request; queue->lock
 * @opcode: of the request
 * @prepare: enum cof_tgt_prepare; queue->lock
 * @unwanted: aborted after its turn came, and has a key to be prepared; queue->lock
 * @charged: aborted then, but before that began: asym_qos_done() is left to do
 * @key: its place among those of the queue that have a key with them, or NULL
 * @item: where it waits for its turn; while it does, exec->key is a reference, unless @key is set
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
	u8 prepare;
	bool unwanted;
	bool charged;
	struct cof_tgt_inline *key;
	struct cof_tgt_item item;
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
