// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of operations. It is a pool of its own, because a device that does not answer keeps an
 * operation after its caller got an answer. Any context but hard interrupts.
 */
#include <linux/align.h>
#include <linux/mempool.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/executor.h>

#include "../shared.h"
#include "pool.h"
#include "types.h"

/* The number of operations that can be started without free memory */
#define OPS_RESERVE	32

static struct kmem_cache *op_cache;
static mempool_t *op_pool;

/**
 * provider_op_size() - size of an operation
 *
 * Return: bytes, including the executor's part.
 */
size_t provider_op_size(void)
{
	return ALIGN(sizeof(struct provider_op), ARCH_DMA_MINALIGN) +
	       asym_exec_request_size(provider_software);
}

/**
 * provider_ops_init() - create the pool of operations
 *
 * The software executor must exist.
 *
 * Return: 0 or -ENOMEM.
 */
int provider_ops_init(void)
{
	op_cache = kmem_cache_create("asym_op", provider_op_size(), ARCH_DMA_MINALIGN,
				     SLAB_HWCACHE_ALIGN, NULL);
	if (!op_cache)
		return -ENOMEM;
	op_pool = mempool_create_slab_pool(OPS_RESERVE, op_cache);
	if (op_pool)
		return 0;
	kmem_cache_destroy(op_cache);
	return -ENOMEM;
}

/**
 * provider_ops_exit() - free the pool
 */
void provider_ops_exit(void)
{
	mempool_destroy(op_pool);
	kmem_cache_destroy(op_cache);
}

/**
 * provider_op_alloc() - allocate an operation
 * @gfp: with GFP_KERNEL the allocation waits for memory
 *
 * Return: the operation, for provider_op_init(); NULL without memory.
 */
struct provider_op *provider_op_alloc(gfp_t gfp)
{
	return mempool_alloc(op_pool, gfp);
}

/**
 * provider_op_free() - free an operation
 * @op: wiped, and without a user
 */
void provider_op_free(struct provider_op *op)
{
	mempool_free(op, op_pool);
}

/**
 * provider_op_init() - initialize an operation
 * @op: provider_op_size() bytes, aligned for DMA
 * @class: its class
 *
 * Does not write to the buffers.
 */
void provider_op_init(struct provider_op *op, struct asym_class *class)
{
	memset(op, 0, offsetof(struct provider_op, room));
	op->class = class;
	op->in = op->room + ASYM_HEADROOM;
	op->out = op->in + 2 * ASYM_MAX_KEY_BYTES;
	op->req.in = op->in;
	op->req.out = op->out;
	op->src = op->in;
	INIT_LIST_HEAD(&op->wait_node);
	op->exec = (void *)op + ALIGN(sizeof(*op), ARCH_DMA_MINALIGN);
	atomic_set(&op->phase, PROVIDER_PHASE_STARTING);
}

/**
 * provider_op_set_key() - set the size of an operation's key
 * @op: from provider_op_init()
 * @key_bytes: of its modulus, or its longest signature
 * @gfp: for the memory of one that is larger than the software's; provider_op_wipe()
 *	frees it
 *
 * Call it before writing to the buffers.
 *
 * Return: 0 or -ENOMEM.
 */
int provider_op_set_key(struct provider_op *op, unsigned int key_bytes, gfp_t gfp)
{
	op->req.key_bytes = key_bytes;
	op->req.out_len = key_bytes;
	if (likely(key_bytes <= ASYM_MAX_KEY_BYTES))
		return 0;

	op->big = kmalloc(ASYM_HEADROOM + 3 * key_bytes + ASYM_TAILROOM, gfp);
	if (!op->big)
		return -ENOMEM;
	op->in = op->big + ASYM_HEADROOM;
	op->out = op->in + 2 * key_bytes;
	op->src = op->in;
	op->req.in = op->in;
	op->req.out = op->out;
	return 0;
}

/**
 * provider_op_wipe() - wipe the data of an operation
 * @op: finished
 */
void provider_op_wipe(struct provider_op *op)
{
	memzero_explicit(op->in, max(op->in_len + op->digest_len, 2 * op->req.key_bytes));
	memzero_explicit(op->out, op->req.key_bytes);
	if (unlikely(op->big)) {
		kfree(op->big);
		op->big = NULL;
		op->in = op->room + ASYM_HEADROOM;
		op->src = op->in;
		op->out = op->in;
	}
}
