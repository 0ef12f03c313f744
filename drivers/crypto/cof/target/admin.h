/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests on the admin queue. See admin.c.
 */
#ifndef _COF_TARGET_ADMIN_H
#define _COF_TARGET_ADMIN_H

struct cof_tgt_queue;

void cof_tgt_admin_init(struct cof_tgt_queue *queue);

#endif /* _COF_TARGET_ADMIN_H */
