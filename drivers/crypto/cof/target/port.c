// SPDX-License-Identifier: GPL-2.0-only
/*
 * A port while connections use it: how many there may be, of hosts that have an association (each
 * has a seat) and of those that have none yet (strangers). All of it under cof_tgt_lock.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pool.h"
#include "port.h"
#include "queue.h"
#include "shared.h"

#define PORT_HOST_ROOM	2	/* connections that are kept for each host */

/* Connections that say nothing, or are refused, have these places beside those of hosts. */
static unsigned int max_strangers(void)
{
	return max(DIV_ROUND_UP(READ_ONCE(cof_tgt_max_conns), 2), 8u);
}

/**
 * cof_tgt_port_get() - a connection more
 * @port: the port
 *
 * There may be twice as many as may be open: the others are being closed.
 *
 * Context: process.
 * Return: true: it is counted; cof_tgt_port_put().
 */
bool cof_tgt_port_get(struct cof_tgt_port *port)
{
	bool room;

	spin_lock_bh(&cof_tgt_lock);
	room = port->users < 2 * (READ_ONCE(cof_tgt_max_conns) + max_strangers());
	if (room)
		port->users++;
	spin_unlock_bh(&cof_tgt_lock);
	return room;
}

/**
 * cof_tgt_port_put() - a connection less
 * @port: the port; may be gone on return
 *
 * Context: process.
 */
void cof_tgt_port_put(struct cof_tgt_port *port)
{
	spin_lock_bh(&cof_tgt_lock);
	port->users--;
	wake_up_all(&cof_tgt_gone);
	spin_unlock_bh(&cof_tgt_lock);
}

/**
 * cof_tgt_stranger_del() - a connection has an association, or is closed
 * @queue: the connection; stranger or not
 *
 * Context: cof_tgt_lock held.
 */
void cof_tgt_stranger_del(struct cof_tgt_queue *queue)
{
	lockdep_assert_held(&cof_tgt_lock);
	if (list_empty(&queue->stranger))
		return;
	list_del_init(&queue->stranger);
	queue->port->nr_strangers--;
}

/* One whose CONNECT is being worked on is spared if there is another. */
static struct cof_tgt_queue *stranger_oldest(struct cof_tgt_port *port)
{
	struct cof_tgt_queue *queue;

	list_for_each_entry(queue, &port->strangers, stranger)
		if (READ_ONCE(queue->state) != COF_TGT_CONNECTING)
			return queue;
	return list_first_entry(&port->strangers, struct cof_tgt_queue, stranger);
}

/**
 * cof_tgt_stranger_add() - a connection waits for CONNECT
 * @queue: the connection
 *
 * The oldest makes room, since a host that means it sends CONNECT at once.
 *
 * Context: cof_tgt_lock held.
 * Return: the one that is to be finished, or NULL.
 */
struct cof_tgt_queue *cof_tgt_stranger_add(struct cof_tgt_queue *queue)
{
	struct cof_tgt_port *port = queue->port;
	struct cof_tgt_queue *oldest;

	lockdep_assert_held(&cof_tgt_lock);
	list_add_tail(&queue->stranger, &port->strangers);
	port->nr_strangers++;
	if (port->nr_strangers <= max_strangers())
		return NULL;
	oldest = stranger_oldest(port);
	cof_tgt_stranger_del(oldest);
	return oldest;
}

/* ---- the places of hosts ------------------------------------------------- */

static struct cof_tgt_seat *seat_find(const struct cof_tgt_port *port, const char *hostid)
{
	struct cof_tgt_seat *seat;

	list_for_each_entry(seat, &port->hosts, list)
		if (!strcmp(seat->hostid, hostid))
			return seat;
	return NULL;
}

/**
 * cof_tgt_seat_alloc() - memory for a host's place on a port
 * @hostid: a valid name
 *
 * Context: process.
 * Return: for cof_tgt_seat_get(); kfree() it if it was not used. NULL: no memory.
 */
struct cof_tgt_seat *cof_tgt_seat_alloc(const char *hostid)
{
	struct cof_tgt_seat *seat = kzalloc_obj(*seat);

	if (seat)
		strscpy(seat->hostid, hostid);
	return seat;
}

/* Those that may use a pool of the port. */
static unsigned int port_count_hosts(const struct cof_tgt_port *port)
{
	struct cof_tgt_link *pool, *host;
	unsigned int n = 0;
	static u64 count;	/* cof_tgt_lock */

	count++;
	list_for_each_entry(pool, &port->pools, list)
		list_for_each_entry(host, &pool->pool->hosts, list) {
			n += host->host->counted != count;
			host->host->counted = count;
		}
	return n;
}

/**
 * cof_tgt_port_room() - how many connections more may a host have here?
 * @port: the port
 * @hostid: whose
 *
 * A host may have max_host_conns, for all its pools. Its first PORT_HOST_ROOM take any place;
 * further ones leave as many to each other host that may use a pool here, up to half of the port.
 *
 * Context: cof_tgt_lock held.
 * Return: the number.
 */
unsigned int cof_tgt_port_room(const struct cof_tgt_port *port, const char *hostid)
{
	unsigned int max_conns = READ_ONCE(cof_tgt_max_conns), kept, left, own, hosts, conns = 0;
	unsigned int max_host = READ_ONCE(cof_tgt_max_host_conns);
	struct cof_tgt_seat *seat;

	lockdep_assert_held(&cof_tgt_lock);
	if (port->nr_admitted >= max_conns)
		return 0;
	left = max_conns - port->nr_admitted;
	hosts = port_count_hosts(port);
	kept = PORT_HOST_ROOM * (hosts - min(hosts, port->nr_hosts));
	list_for_each_entry(seat, &port->hosts, list) {
		if (!strcmp(seat->hostid, hostid))
			conns = seat->conns;
		else
			kept += PORT_HOST_ROOM - min(seat->conns, PORT_HOST_ROOM);
	}
	if (!conns)	/* it is one of those without a place */
		kept -= min(kept, PORT_HOST_ROOM);
	kept = min(kept, max_conns / 2);
	own = PORT_HOST_ROOM - min(conns, PORT_HOST_ROOM);
	left = max(left - min(left, kept), min(left, own));
	return min(left, max_host - min(max_host, conns));
}

/**
 * cof_tgt_seat_get() - a connection of a host more
 * @port: the port
 * @hostid: whose
 * @spare: of cof_tgt_seat_alloc(); set to NULL if the host had none here and this is it now
 *
 * Context: cof_tgt_lock held.
 * Return: the host's place; cof_tgt_seat_put().
 */
struct cof_tgt_seat *cof_tgt_seat_get(struct cof_tgt_port *port, const char *hostid,
				      struct cof_tgt_seat **spare)
{
	struct cof_tgt_seat *seat;

	lockdep_assert_held(&cof_tgt_lock);
	seat = seat_find(port, hostid);
	if (!seat) {
		seat = *spare;
		*spare = NULL;
		list_add_tail(&seat->list, &port->hosts);
		port->nr_hosts++;
	}
	seat->conns++;
	port->nr_admitted++;
	return seat;
}

/**
 * cof_tgt_seat_put() - a connection of a host less
 * @port: the port
 * @seat: of cof_tgt_seat_get(); NULL: nothing to do
 *
 * Context: process.
 */
void cof_tgt_seat_put(struct cof_tgt_port *port, struct cof_tgt_seat *seat)
{
	if (!seat)
		return;
	spin_lock_bh(&cof_tgt_lock);
	port->nr_admitted--;
	if (--seat->conns) {
		seat = NULL;
	} else {
		list_del(&seat->list);
		port->nr_hosts--;
	}
	spin_unlock_bh(&cof_tgt_lock);
	kfree(seat);
}

/**
 * cof_tgt_port_pool() - a pool that a port offers
 * @port: the port
 * @name: from the peer
 *
 * Context: cof_tgt_lock held.
 * Return: the pool, enabled or not; NULL if there is none of this name.
 */
struct cof_tgt_pool *cof_tgt_port_pool(const struct cof_tgt_port *port, const char *name)
{
	struct cof_tgt_link *link;

	lockdep_assert_held(&cof_tgt_lock);
	list_for_each_entry(link, &port->pools, list)
		if (!strcmp(cof_tgt_pool_name(link->pool), name))
			return link->pool;
	return NULL;
}
