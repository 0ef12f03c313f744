/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The place of an operation, and its end. See place.c.
 */
#ifndef _ASYM_PROVIDER_OP_PLACE_H
#define _ASYM_PROVIDER_OP_PLACE_H

#include <linux/types.h>

struct provider_op;

/* Where an operation was computed, for the trace: include/trace/events/asym.h */
enum provider_where {
	PROVIDER_BY_DEVICE,
	PROVIDER_BY_SOFTWARE,
	PROVIDER_BY_NOBODY,
};

void provider_op_finish(struct provider_op *op, int err, enum provider_where where);
void provider_wait_end_locked(struct provider_op *op);
void provider_op_tell(struct provider_op *op);
void provider_op_wait_locked(struct provider_op *op);
void provider_op_pend_locked(struct provider_op *op);
bool provider_op_unwait_locked(struct provider_op *op);
void provider_op_unlist_locked(struct provider_op *op);
bool provider_op_claim(struct provider_op *op);
void provider_op_put(struct provider_op *op);
void provider_op_drop(struct provider_op *op);

#endif /* _ASYM_PROVIDER_OP_PLACE_H */
