// SPDX-License-Identifier: GPL-2.0-only
/*
 * CONNECT: who may use what. Runs in queue->work, once for a queue, while the queue
 * is CONNECTING: no message is taken meanwhile. Decides under
 * cof_tgt_lock, so that a pool or port that is disabled either
 * sees the association and ends it, or is seen disabled here.
 *
 * The order of the checks is that of cof-protocol.rst, section 3, "CONNECT".
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <crypto/utils.h>
#include <trace/events/cof.h>

#include "../addr.h"
#include "../conn.h"
#include "../msg.h"
#include "admin.h"
#include "assoc.h"
#include "connect.h"
#include "flow.h"
#include "io.h"
#include "pool.h"
#include "port.h"
#include "queue.h"
#include "shared.h"

struct connect_names {
	char hostid[COF_NAME_LEN];
	char pool[COF_NAME_LEN];
};

static u16 connect_refuse(struct cof_tgt_queue *queue, const struct connect_names *names,
			  u16 status, const char *why)
{
	pr_warn_ratelimited("port %u: %s: host %s, pool %s: refused: %s\n", queue->port->id,
			    queue->conn->peer_name, names->hostid[0] ? names->hostid : "?",
			    names->pool[0] ? names->pool : "?", why);
	return status;
}

static bool digests_meet(const struct cof_tgt_port *port, u64 features)
{
	return port->digests == COF_TGT_DIGESTS_ANY || !(port->digests & ~features);
}

/* Checks that do not depend on the configuration of pools. */
static u16 connect_check(struct cof_tgt_queue *queue, struct connect_names *names)
{
	const struct cof_connect_req *req = &queue->connect;
	u16 version_min = le16_to_cpu(req->version_min);
	u16 version_max = le16_to_cpu(req->version_max);
	bool named = !cof_name_get(names->hostid, req->hostid);
	char why[80];

	if (cof_name_get(names->pool, req->pool))
		named = false;
	if (version_min > COF_VERSION || version_max < COF_VERSION) {
		scnprintf(why, sizeof(why), "version mismatch: it speaks %u to %u, this target %u",
			  version_min, version_max, COF_VERSION);
		return connect_refuse(queue, names, COF_S_VERSION, why);
	}
	if (!queue->port->insecure && !cof_conn_is_loopback(queue->conn))
		return connect_refuse(queue, names, COF_S_CLEAR_TEXT,
				      "clear text over the network; it needs 'insecure' of this port to be 1");
	if (!version_min || version_min > version_max || !named || cof_connect_check(req))
		return connect_refuse(queue, names, COF_S_INVALID, "invalid value in CONNECT");
	if (!req->qid && !digests_meet(queue->port, le64_to_cpu(req->features)))
		return connect_refuse(queue, names, COF_S_INVALID,
				      "it does not offer the digests that 'digests' of this port demands");
	return COF_S_OK;
}

static unsigned int host_assocs(const struct cof_tgt_pool *pool, const char *hostid)
{
	struct cof_tgt_assoc *assoc;
	unsigned int n = 0;

	list_for_each_entry(assoc, &pool->assocs, list)
		n += !strcmp(assoc->hostid, hostid);
	return n;
}

/* A host that has an association here leaves a place to each allowed one that has none. */
static bool pool_has_room(const struct cof_tgt_pool *pool, unsigned int assocs)
{
	unsigned int max_assocs = READ_ONCE(cof_tgt_max_assocs), kept = 0;
	const struct cof_tgt_flow *flow;

	if (assocs) {
		kept = list_count_nodes((struct list_head *)&pool->hosts);
		list_for_each_entry(flow, &pool->flows, list)
			kept -= kept && flow->assocs;
	}
	return pool->users + min(kept, max_assocs / 2) < max_assocs;
}

static bool assoc_has_io(const struct cof_tgt_assoc *assoc)
{
	unsigned int qid;

	for (qid = 1; qid <= assoc->nr_queues; qid++)
		if (assoc->queues[qid])
			return true;
	return false;
}

/*
 * A host that has all that it may have gives up an association that it does not use: one without an
 * I/O queue for as long as a connection may take to say CONNECT. So those that are left over, or
 * made by others in its name, do not keep it out.
 */
static struct cof_tgt_assoc *assoc_unused(const struct cof_tgt_pool *pool, const char *hostid)
{
	struct cof_tgt_assoc *assoc;

	list_for_each_entry(assoc, &pool->assocs, list)
		if (!strcmp(assoc->hostid, hostid) && !assoc->dying && !assoc_has_io(assoc) &&
		    time_after(jiffies, assoc->made + msecs_to_jiffies(COF_TGT_SETUP_MS)))
			return assoc;
	return NULL;
}

/* May this host use this pool now? */
static u16 connect_admit(struct cof_tgt_queue *queue, const struct connect_names *names,
			 struct cof_tgt_pool **admitted, struct cof_tgt_assoc **replaced,
			 const char **why)
{
	struct cof_tgt_pool *pool;
	unsigned int assocs;

	lockdep_assert_held(&cof_tgt_lock);
	if (!cof_tgt_host_known(names->hostid)) {
		*why = "host not allowed: it is not in hosts/";
		pool = cof_tgt_port_pool(queue->port, names->pool);
		if (pool)
			atomic64_inc(&pool->stats[COF_TGT_REFUSED_HOSTS]);
		return COF_S_HOST_DENIED;
	}
	pool = cof_tgt_port_pool(queue->port, names->pool);
	if (!pool || !pool->object.enabled) {
		*why = pool ? "the pool is not enabled" : "no such pool on this port";
		return COF_S_UNKNOWN_POOL;
	}
	if (!cof_tgt_host_allowed(pool, names->hostid)) {
		*why = "host not allowed: it is not in allowed_hosts/ of the pool";
		atomic64_inc(&pool->stats[COF_TGT_REFUSED_HOSTS]);
		return COF_S_HOST_DENIED;
	}
	assocs = host_assocs(pool, names->hostid);
	if (!pool_has_room(pool, assocs)) {
		*why = "too many associations";
		return COF_S_BUSY;
	}
	*replaced = NULL;
	if (assocs >= READ_ONCE(cof_tgt_max_host_assocs)) {
		*replaced = assoc_unused(pool, names->hostid);
		if (!*replaced) {
			*why = "too many associations of this host";
			return COF_S_BUSY;
		}
	}
	if (!cof_tgt_port_room(queue->port, names->hostid)) {
		*why = "too many connections of this host, or of this port";
		return COF_S_BUSY;
	}
	if (queue->closed) {
		*why = "it is gone already";
		return COF_S_BUSY;
	}
	*admitted = pool;
	return COF_S_OK;
}

/*
 * Makes the association of a host that is admitted; queue->assoc takes over
 * the reference. Nothing is allocated for a host that is not, and what was admitted
 * is asked again once the memory is there.
 */
static u16 connect_make(struct cof_tgt_queue *queue, const struct connect_names *names,
			const char **why)
{
	struct cof_tgt_assoc *assoc, *replaced;
	struct cof_tgt_seat *seat;
	struct cof_tgt_flow *spare;
	struct cof_tgt_pool *pool;
	unsigned int room;
	u16 status;

	spin_lock_bh(&cof_tgt_lock);
	status = connect_admit(queue, names, &pool, &replaced, why);
	spin_unlock_bh(&cof_tgt_lock);
	if (status != COF_S_OK)
		return status;

	seat = cof_tgt_seat_alloc(names->hostid);
	spare = seat ? cof_tgt_flow_alloc(names->hostid) : NULL;
	assoc = spare ? cof_tgt_assoc_alloc(&queue->connect, names->hostid) : NULL;
	if (!assoc) {
		kfree(spare);
		kfree(seat);
		*why = "out of memory";
		return COF_S_NO_MEMORY;
	}
	spin_lock_bh(&cof_tgt_lock);
	status = connect_admit(queue, names, &pool, &replaced, why);
	if (status == COF_S_OK) {
		if (replaced)
			__cof_tgt_assoc_kill(replaced, COF_S_BUSY, true);
		assoc->pool = pool;
		assoc->flow = cof_tgt_flow_get(pool, &spare, true);
		assoc->port = queue->port;
		if (!queue->port->digests)	/* none, whatever it asks for */
			assoc->features &= ~(u64)COF_DIGESTS;
		list_add_tail(&assoc->list, &pool->assocs);
		pool->users++;
		cof_tgt_queue_admitted(queue, assoc, 0, &seat);
		/* No more than could connect now; one is worth a try. */
		room = cof_tgt_port_room(queue->port, names->hostid);
		assoc->nr_queues = min_t(unsigned int, assoc->nr_queues, max(room, 1u));
		trace_cof_assoc_made(true, names->pool, names->hostid, assoc->id, COF_S_OK, 0);
	}
	spin_unlock_bh(&cof_tgt_lock);
	kfree(spare);
	kfree(seat);
	if (status != COF_S_OK)
		cof_tgt_assoc_put(assoc);
	return status;
}

/* Memory for what the peer may do from now on; it must not have sent anything yet. */
static u16 connect_resize(struct cof_tgt_queue *queue, const struct cof_conn_limits *limits)
{
	int err = cof_conn_resize(queue->conn, limits);

	if (err == -EPROTO)
		cof_tgt_violation(queue, "bytes while CONNECT is unanswered");
	return cof_errno_to_status(err);
}

static u16 connect_admin(struct cof_tgt_queue *queue, const struct connect_names *names)
{
	const struct cof_conn_limits limits = {
		.rx_max = COF_MIN_MSG,
		.tx_bufs = 2 * COF_ADMIN_DEPTH + 2,
		.tx_size = ALIGN(sizeof(struct cof_identify_rsp), 64),
	};
	const char *why = NULL;
	u16 status;

	status = connect_make(queue, names, &why);
	if (status != COF_S_OK)
		return connect_refuse(queue, names, status, why);
	cof_tgt_admin_init(queue);
	status = connect_resize(queue, &limits);
	if (status != COF_S_OK)
		cof_tgt_assoc_kill(queue->assoc, status, true);
	else
		queue_delayed_work(cof_tgt_wq, &queue->assoc->kato_work, queue->assoc->kato);
	return status;
}

/* All of them are looked at, each in constant time. Returns one reference more. */
static struct cof_tgt_assoc *connect_find(const struct cof_tgt_port *port, const u8 *cookie)
{
	struct cof_tgt_assoc *assoc, *found = NULL;
	struct cof_tgt_link *link;

	lockdep_assert_held(&cof_tgt_lock);
	list_for_each_entry(link, &port->pools, list)
		list_for_each_entry(assoc, &link->pool->assocs, list)
			if (!crypto_memneq(assoc->cookie, cookie, COF_COOKIE_LEN) &&
			    assoc->port == port && !assoc->dying)
				found = assoc;
	if (found && !kref_get_unless_zero(&found->ref))
		found = NULL;
	return found;
}

/* Puts the queue into its place; queue->assoc takes over a reference. */
static u16 connect_join(struct cof_tgt_queue *queue, const struct connect_names *names,
			struct cof_tgt_seat **seat, const char **why)
{
	u16 qid = le16_to_cpu(queue->connect.qid);
	struct cof_tgt_assoc *assoc;
	u16 status = COF_S_OK;

	lockdep_assert_held(&cof_tgt_lock);
	assoc = connect_find(queue->port, queue->connect.cookie);
	if (!assoc || strcmp(assoc->hostid, names->hostid) ||
	    strcmp(cof_tgt_pool_name(assoc->pool), names->pool)) {
		*why = "no such association";
		status = COF_S_NO_ASSOCIATION;
	} else if (qid > assoc->nr_queues) {
		*why = "queue id above what was granted";
		status = COF_S_INVALID;
	} else if (assoc->queues[qid] || queue->closed) {
		*why = "this queue has a connection already";
		status = COF_S_BUSY;
	} else if (!cof_tgt_port_room(queue->port, names->hostid)) {
		*why = "too many connections of this host, or of this port";
		status = COF_S_BUSY;
	} else {
		cof_tgt_queue_admitted(queue, assoc, qid, seat);
		return COF_S_OK;
	}
	if (assoc)
		cof_tgt_assoc_put(assoc);
	return status;
}

static u16 connect_io(struct cof_tgt_queue *queue, const struct connect_names *names)
{
	struct cof_conn_limits limits = {
		.rx_max = COF_MIN_MSG,
		.tx_size = ALIGN(COF_IO_RSP_MAX, 64),
	};
	struct cof_tgt_seat *seat = cof_tgt_seat_alloc(names->hostid);
	const char *why = NULL;
	u16 status;

	if (!seat)
		return COF_S_NO_MEMORY;
	spin_lock_bh(&cof_tgt_lock);
	status = connect_join(queue, names, &seat, &why);
	spin_unlock_bh(&cof_tgt_lock);
	kfree(seat);
	if (status != COF_S_OK)
		return connect_refuse(queue, names, status, why);

	limits.tx_bufs = 2 * queue->assoc->depth + 2;
	if (cof_tgt_io_init(queue, queue->assoc))
		return COF_S_NO_MEMORY;
	return connect_resize(queue, &limits);
}

static void connect_answer(struct cof_tgt_queue *queue, u16 status)
{
	struct cof_txbuf *tx = cof_conn_get_tx(queue->conn);
	const struct cof_tgt_assoc *assoc = queue->assoc;
	struct cof_connect_rsp *rsp;

	if (!tx)	/* closed meanwhile */
		return;
	rsp = (struct cof_connect_rsp *)tx->data;
	cof_response_init(&rsp->hdr, COF_CONNECT, cof_msg_tag(&queue->connect.hdr), status,
			  sizeof(*rsp), 0);
	if (status == COF_S_OK || status == COF_S_VERSION) {
		rsp->version = cpu_to_le16(COF_VERSION);
		rsp->version_min = cpu_to_le16(COF_VERSION);
	}
	if (status == COF_S_OK) {
		rsp->qid = cpu_to_le16(queue->qid);
		rsp->queues = cpu_to_le16(assoc->nr_queues);
		rsp->depth = cpu_to_le32(assoc->depth);
		rsp->max_msg = cpu_to_le32(COF_MIN_MSG);
		rsp->kato_ms = cpu_to_le32(jiffies_to_msecs(assoc->kato));
		rsp->features = cpu_to_le64(assoc->features);
		rsp->assoc_id = cpu_to_le64(assoc->id);
		memcpy(rsp->cookie, assoc->cookie, COF_COOKIE_LEN);
		cof_conn_digests_granted(queue->conn, assoc->features & COF_DIGESTS);
	}
	cof_conn_submit(queue->conn, tx, sizeof(*rsp));
}

static void connect_work(struct cof_tgt_queue *queue)
{
	struct connect_names names = {};
	u16 status;

	status = connect_check(queue, &names);
	if (status == COF_S_OK)
		status = queue->connect.qid ? connect_io(queue, &names) :
					      connect_admin(queue, &names);
	if (status != COF_S_OK) {
		/* The response is the reason; no DISCONNECT on top of it. */
		if (xchg(&queue->state, COF_TGT_DEAD) == COF_TGT_CONNECTING)
			connect_answer(queue, status);
		cof_tgt_queue_finish(queue, status, true);
	} else if (cmpxchg(&queue->state, COF_TGT_CONNECTING, COF_TGT_LIVE) ==
		   COF_TGT_CONNECTING) {
		if (!queue->qid && !cof_conn_is_loopback(queue->conn))
			pr_info_ratelimited("port %u: %s: host %s, pool %s: association %llu in clear text\n",
					    queue->port->id, queue->conn->peer_name, names.hostid,
					    names.pool, queue->assoc->id);
		cof_conn_set_kato(queue->conn, jiffies_to_msecs(queue->assoc->kato));
		connect_answer(queue, COF_S_OK);
	}
	/* else it was ended meanwhile; closing it ends the association */
	memzero_explicit(&queue->connect, sizeof(queue->connect));
}

/* The first message: CONNECT, or good-bye. */
static int connect_recv(struct cof_tgt_queue *queue, const struct cof_hdr *msg, u32 len)
{
	if (cof_msg_check(msg, len, COF_TARGET, true))
		return cof_tgt_violation(queue, "malformed message before CONNECT");
	if (cof_msg_opcode(msg) != COF_CONNECT)
		return cof_tgt_violation(queue, "the first message is not CONNECT");
	memcpy(&queue->connect, msg, sizeof(queue->connect));
	kref_get(&queue->ref);
	if (cmpxchg(&queue->state, COF_TGT_NEW, COF_TGT_CONNECTING) != COF_TGT_NEW ||
	    !queue_work(cof_tgt_wq, &queue->work))
		cof_tgt_queue_put(queue);
	return 0;
}

static const struct cof_tgt_queue_ops connect_ops = {
	.recv	= connect_recv,
	.work	= connect_work,
};

/**
 * cof_tgt_accept() - a peer connected
 * @listener: priv is the port
 * @conn: the connection
 *
 * Context: process; disabling the port waits for it.
 * Return: 0; -EBUSY too many connections; -ENOMEM.
 */
int cof_tgt_accept(struct cof_listener *listener, struct cof_conn *conn)
{
	return cof_tgt_queue_make(listener->priv, conn, &connect_ops);
}
