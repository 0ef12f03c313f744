/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an association ends. See fail.c.
 */
#ifndef _COFI_FAIL_H
#define _COFI_FAIL_H

#include <linux/types.h>

struct cof_hdr;
struct cofi_assoc;

int cofi_assoc_fail(struct cofi_assoc *assoc, int err, u16 status, const char *why);
int cofi_assoc_refused(struct cofi_assoc *assoc, u16 status);
void cofi_assoc_error(struct cofi_assoc *assoc, int err);
int cofi_assoc_protocol_error(struct cofi_assoc *assoc, const char *why);
void cofi_assoc_disconnected(struct cofi_assoc *assoc, const struct cof_hdr *msg);
void cofi_assoc_disconnect(struct cofi_assoc *assoc, u16 status);

#endif /* _COFI_FAIL_H */
