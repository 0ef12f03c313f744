/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all paths share. See shared.c.
 */
#ifndef _COFI_SHARED_H
#define _COFI_SHARED_H

struct workqueue_struct;

extern struct workqueue_struct *cofi_wq;
extern struct workqueue_struct *cofi_close_wq;

#endif /* _COFI_SHARED_H */
