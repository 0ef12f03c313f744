/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by all files of the target. See shared.c.
 */
#ifndef _COF_TARGET_SHARED_H
#define _COF_TARGET_SHARED_H

#include <linux/spinlock.h>
#include <linux/wait.h>

struct workqueue_struct;

extern spinlock_t cof_tgt_lock;
extern wait_queue_head_t cof_tgt_gone;
extern struct workqueue_struct *cof_tgt_wq;
extern struct workqueue_struct *cof_tgt_key_wq;

/* Module parameters: read with READ_ONCE() */
extern unsigned int cof_tgt_max_hops;
extern unsigned int cof_tgt_max_keys;
extern unsigned int cof_tgt_max_queues;
extern unsigned int cof_tgt_max_depth;
extern unsigned int cof_tgt_max_assocs;
extern unsigned int cof_tgt_max_host_assocs;
extern unsigned int cof_tgt_max_conns;
extern unsigned int cof_tgt_max_host_conns;

#endif /* _COF_TARGET_SHARED_H */
