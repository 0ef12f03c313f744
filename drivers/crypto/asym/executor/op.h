/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations, from submission to completion. See op.c.
 */
#ifndef _ASYM_EXECUTOR_OP_H
#define _ASYM_EXECUTOR_OP_H

#include <linux/types.h>

struct work_struct;

size_t exec_request_size(unsigned int reqsize);
void exec_pump_work(struct work_struct *work);

#endif /* _ASYM_EXECUTOR_OP_H */
