/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of an I/O queue. See io.c.
 */
#ifndef _COFI_IO_H
#define _COFI_IO_H

#include <linux/types.h>

struct asym_request;
struct cofi_queue;

int cofi_io_connect(struct cofi_queue *queue);
int cofi_io_submit(struct cofi_queue *queue, struct asym_request *req);
int cofi_request_status(u16 status);

#endif /* _COFI_IO_H */
