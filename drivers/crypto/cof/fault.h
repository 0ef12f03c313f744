/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection, as conn.c asks for it. See fault.c.
 */
#ifndef _COF_FAULT_H
#define _COF_FAULT_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct cof_conn;
struct cof_txbuf;

DECLARE_STATIC_KEY_FALSE(cof_fault_key);

bool __cof_fault_tx(struct cof_conn *conn, struct cof_txbuf *buf);
bool __cof_fault_get_tx(struct cof_conn *conn);
bool __cof_fault_setup(bool accepted);

/* Under conn->tx_lock. True: @buf was taken, it is not to be queued. */
static inline bool cof_fault_tx(struct cof_conn *conn, struct cof_txbuf *buf)
{
	return static_branch_unlikely(&cof_fault_key) && __cof_fault_tx(conn, buf);
}

/* Under conn->tx_lock. True: there is no buffer. */
static inline bool cof_fault_get_tx(struct cof_conn *conn)
{
	return static_branch_unlikely(&cof_fault_key) && __cof_fault_get_tx(conn);
}

/* True: there is no memory for a connection. */
static inline bool cof_fault_setup(bool accepted)
{
	return static_branch_unlikely(&cof_fault_key) && __cof_fault_setup(accepted);
}

void cof_fault_conn_init(struct cof_conn *conn);
void cof_fault_conn_close(struct cof_conn *conn);
int cof_fault_init(void);
void cof_fault_exit(void);

#endif /* _COF_FAULT_H */
