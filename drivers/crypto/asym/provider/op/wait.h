/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time limit of operations. See wait.c.
 */
#ifndef _ASYM_PROVIDER_OP_WAIT_H
#define _ASYM_PROVIDER_OP_WAIT_H

#include <linux/types.h>

struct asym_class;
struct provider_op;

void provider_wait_init(struct asym_class *class);
void provider_wait_begin_locked(struct provider_op *op);
void provider_wait_changed(struct asym_class *class);

#endif /* _ASYM_PROVIDER_OP_WAIT_H */
