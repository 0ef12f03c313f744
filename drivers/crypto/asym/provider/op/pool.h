/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of operations. See pool.c.
 */
#ifndef _ASYM_PROVIDER_OP_POOL_H
#define _ASYM_PROVIDER_OP_POOL_H

#include <linux/types.h>

struct asym_class;
struct provider_op;

size_t provider_op_size(void);
int provider_ops_init(void);
void provider_ops_exit(void);
struct provider_op *provider_op_alloc(gfp_t gfp);
void provider_op_free(struct provider_op *op);
void provider_op_init(struct provider_op *op, struct asym_class *class);
void provider_op_wipe(struct provider_op *op);
int provider_op_set_key(struct provider_op *op, unsigned int key_bytes, gfp_t gfp);

#endif /* _ASYM_PROVIDER_OP_POOL_H */
