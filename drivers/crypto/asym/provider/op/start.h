/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start of an operation. See start.c.
 */
#ifndef _ASYM_PROVIDER_OP_START_H
#define _ASYM_PROVIDER_OP_START_H

struct provider_key;
struct provider_op;

int provider_op_start(struct provider_op *op, struct provider_key *key, unsigned int flags);

#endif /* _ASYM_PROVIDER_OP_START_H */
