/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of a transport, and what conn.c does for one. See transport.c.
 */
#ifndef _COF_TRANSPORT_H
#define _COF_TRANSPORT_H

#include <linux/list.h>
#include <linux/module.h>
#include <linux/types.h>

#include "conn.h"

/**
 * struct cof_transport - how connections are made; all but @kick may sleep
 * @name: "tcp"; the module has MODULE_ALIAS_COF_TRANSPORT("tcp")
 * @owner: pinned by each connection and listener
 * @connect: make a connection (cof_conn_init() on it), not receiving yet
 * @start: begin to receive
 * @resize: cof_conn_swap_rx() under the lock of its receive path, and what else follows from
 *	@limits
 * @set_kato: see cof_conn_set_kato(); NULL: it gives up when it likes
 * @kick: something is in conn->tx_queue, or COF_CONN_SHUT is set. Any context. Not for what
 *	is queued between cof_conn_hold_tx() and cof_conn_release_tx()
 * @send: send what is in conn->tx_queue now; conn->tx_mutex is held, which @close waits for
 *	before it takes away what this needs. NULL: there is only @kick
 * @sends_anywhere: @send is for any context, with bottom halves disabled, for many at once, without
 *	conn->tx_mutex, and may come when @close is through; it is called for each message
 * @reclaim: no buffer is left: give those back that are kept although they were sent. Any
 *	context. May be NULL
 * @map_tx: a send buffer was allocated: set its @dma. 0 or a negative errno. Under conn->lock, or
 *	in cof_conn_init(). NULL: there is no device
 * @unmap_tx: undo it; conn->tx_lock is held
 * @close: send what is queued for up to 200 ms, then no callback any more
 * @free: the memory, after close
 * @listen: make a listener (listener->accept etc. are filled in from args)
 * @unlisten: no accept() any more; frees it
 * @list: the registry's
 */
struct cof_transport {
	const char *name;
	struct module *owner;
	struct cof_conn *(*connect)(const struct cof_connect_args *args);
	int (*start)(struct cof_conn *conn);
	int (*resize)(struct cof_conn *conn, const struct cof_conn_limits *limits, u8 **rx_buf);
	void (*set_kato)(struct cof_conn *conn, unsigned int kato_ms);
	void (*kick)(struct cof_conn *conn);
	void (*send)(struct cof_conn *conn);
	bool sends_anywhere;
	void (*reclaim)(struct cof_conn *conn);
	int (*map_tx)(struct cof_conn *conn, struct cof_txbuf *buf);
	void (*unmap_tx)(struct cof_conn *conn, struct cof_txbuf *buf);
	void (*close)(struct cof_conn *conn);
	void (*free)(struct cof_conn *conn);
	struct cof_listener *(*listen)(const struct cof_listen_args *args);
	void (*unlisten)(struct cof_listener *listener);
	struct list_head list;
};

#define MODULE_ALIAS_COF_TRANSPORT(name) MODULE_ALIAS("cof-transport-" name)

int cof_transport_register(struct cof_transport *transport);
void cof_transport_unregister(struct cof_transport *transport);
bool cof_transport_known(const char *name);	/* loads it; may sleep */

/* For transports only. */
int cof_conn_init(struct cof_conn *conn, const struct cof_transport *transport,
		  const struct cof_conn_limits *limits, const struct sockaddr_storage *peer);
void cof_conn_exit(struct cof_conn *conn);
int cof_conn_swap_rx(struct cof_conn *conn, u8 **buf, u32 size);
void cof_conn_unmap_tx(struct cof_conn *conn);
void cof_listener_init(struct cof_listener *listener, const struct cof_transport *transport,
		       const struct cof_listen_args *args);
void cof_conn_error(struct cof_conn *conn, int err);
void cof_conn_deliver(struct cof_conn *conn, void *msg, u32 len);
struct cof_txbuf *cof_conn_next_tx(struct cof_conn *conn);
unsigned int cof_conn_take_tx(struct cof_conn *conn, struct list_head *list, unsigned int max);
bool cof_conn_put_tx_list(struct cof_conn *conn, struct list_head *list);
bool cof_conn_tx_idle(struct cof_conn *conn);
void cof_conn_hold_tx(struct cof_conn *conn);
bool cof_conn_release_tx(struct cof_conn *conn);
void cof_listener_accept(struct cof_listener *listener, struct cof_conn *conn);

#endif /* _COF_TRANSPORT_H */
