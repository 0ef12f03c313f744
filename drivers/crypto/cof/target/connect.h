/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CONNECT, the first message. See connect.c.
 */
#ifndef _COF_TARGET_CONNECT_H
#define _COF_TARGET_CONNECT_H

struct cof_conn;
struct cof_listener;

int cof_tgt_accept(struct cof_listener *listener, struct cof_conn *conn);

#endif /* _COF_TARGET_CONNECT_H */
