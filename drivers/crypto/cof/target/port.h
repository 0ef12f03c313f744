/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ports, and how many connections there may be. See port.c.
 */
#ifndef _COF_TARGET_PORT_H
#define _COF_TARGET_PORT_H

#include <linux/configfs.h>
#include <linux/list.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../conn.h"
#include "config/object.h"

#define COF_TGT_DIGESTS_ANY	(-1)	/* whatever the initiator asks for */

struct cof_tgt_pool;
struct cof_tgt_queue;

/**
 * struct cof_tgt_seat - a host on a port
 * @list: port->hosts; cof_tgt_lock
 * @conns: connections of its associations, of all pools, not freed yet; cof_tgt_lock
 * @hostid: whose
 */
struct cof_tgt_seat {
	struct list_head list;
	unsigned int conns;
	char hostid[COF_NAME_LEN];
};

/**
 * struct cof_tgt_port - ports/<n>
 * @object: ports/<n>; enabled or not, until it is disabled altogether
 * @pools_group: pools/
 * @id: n
 * @transport: as configured; object.lock
 * @traddr: as configured
 * @trsvcid: as configured
 * @insecure: as configured
 * @digests: as configured: COF_DIGEST_* demanded, or COF_TGT_DIGESTS_ANY
 * @opts: as configured
 * @listen_work: while enabled: looks again for the address, if it is not there or may go
 * @listener: while enabled and the address is there; of @listen_work, and of enabling and disabling
 * @listen_err: why there is none; 0: there is one
 * @addr: where @listener listens
 * @pools: offered here, struct cof_tgt_link; cof_tgt_lock
 * @queues: connections; cof_tgt_lock
 * @strangers: those without an association, oldest first; cof_tgt_lock
 * @nr_strangers: how many
 * @hosts: those that have an association, struct cof_tgt_seat; cof_tgt_lock
 * @nr_hosts: how many
 * @nr_admitted: connections of associations not freed yet; cof_tgt_lock
 * @users: queues not freed yet; cof_tgt_lock
 */
struct cof_tgt_port {
	struct cof_tgt_object object;
	struct config_group pools_group;
	u16 id;
	char transport[16];
	char traddr[64];
	char trsvcid[8];
	bool insecure;
	int digests;
	struct cof_net_opts opts;
	struct delayed_work listen_work;
	struct cof_listener *listener;
	int listen_err;
	struct sockaddr_storage addr;
	struct list_head pools;
	struct list_head queues;
	struct list_head strangers;
	unsigned int nr_strangers;
	struct list_head hosts;
	unsigned int nr_hosts;
	unsigned int nr_admitted;
	unsigned int users;
};

bool cof_tgt_port_get(struct cof_tgt_port *port);
void cof_tgt_port_put(struct cof_tgt_port *port);
void cof_tgt_stranger_del(struct cof_tgt_queue *queue);
struct cof_tgt_queue *cof_tgt_stranger_add(struct cof_tgt_queue *queue);
struct cof_tgt_seat *cof_tgt_seat_alloc(const char *hostid);
struct cof_tgt_seat *cof_tgt_seat_get(struct cof_tgt_port *port, const char *hostid,
				      struct cof_tgt_seat **spare);
void cof_tgt_seat_put(struct cof_tgt_port *port, struct cof_tgt_seat *seat);
unsigned int cof_tgt_port_room(const struct cof_tgt_port *port, const char *hostid);
struct cof_tgt_pool *cof_tgt_port_pool(const struct cof_tgt_port *port, const char *name);

#endif /* _COF_TARGET_PORT_H */
