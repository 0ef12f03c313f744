/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names and addresses. See addr.c.
 */
#ifndef _COF_ADDR_H
#define _COF_ADDR_H

#include <linux/socket.h>
#include <linux/types.h>

/* Host ids and pool names: 1..63 of [A-Za-z0-9._:+-]. */
bool cof_name_valid(const char *name);
/* A field of the wire: NUL-terminated, NUL-padded, valid. Copies COF_NAME_LEN bytes. */
int cof_name_get(char *dst, const u8 *field);
void cof_name_put(u8 *field, const char *name);

int cof_addr_parse(struct sockaddr_storage *addr, const char *traddr, const char *trsvcid);
bool cof_addr_valid(const char *traddr);
bool cof_addr_has_scope(const char *traddr);
void cof_addr_format(char *buf, size_t size, const struct sockaddr_storage *addr);
bool cof_addr_is_loopback(const struct sockaddr_storage *addr);

#endif /* _COF_ADDR_H */
