/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations that software computes. See software.c.
 */
#ifndef _ASYM_PROVIDER_OP_SOFTWARE_H
#define _ASYM_PROVIDER_OP_SOFTWARE_H

#include <linux/types.h>

struct provider_op;

void provider_op_software(struct provider_op *op, bool may_sleep);
void provider_op_expired(struct provider_op *op);

#endif /* _ASYM_PROVIDER_OP_SOFTWARE_H */
