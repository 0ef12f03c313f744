/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers of devices. See answer.c.
 */
#ifndef _ASYM_PROVIDER_OP_ANSWER_H
#define _ASYM_PROVIDER_OP_ANSWER_H

struct provider_op;

void provider_op_answered(struct provider_op *op, int status, unsigned int out_len);

#endif /* _ASYM_PROVIDER_OP_ANSWER_H */
