/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's workqueues. See wq.c.
 */
#ifndef _ASYM_EXECUTOR_WQ_H
#define _ASYM_EXECUTOR_WQ_H

struct workqueue_struct;

/* For operations on synchronous drivers, and for other work, which must not wait for those */
extern struct workqueue_struct *exec_compute_wq;
extern struct workqueue_struct *exec_house_wq;

int exec_wq_init(void);
void exec_wq_exit(void);

#endif /* _ASYM_EXECUTOR_WQ_H */
