// SPDX-License-Identifier: GPL-2.0-only
/*
 * An association: one life of a path's connections.
 *
 * Owns the admin queue, the I/O queues and the keep-alive. Made and freed by its path's
 * work alone, which takes it down once cofi_assoc_fail() said that it is of no use.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <trace/events/cof.h>
#include "../addr.h"
#include "../msg.h"
#include "admin.h"
#include "assoc.h"
#include "config/pool.h"
#include "fail.h"
#include "io.h"
#include "path.h"
#include "queue.h"
#include "shared.h"

#define COFI_ABORTED_MS		10000	/* for an operation's answer, once it was aborted */

/* ---- keep-alive and time-outs ---------------------------------------------- */

/*
 * Asks after what is silent. NULL, or why the target is of no use: it does not even answer that, or
 * keeps for too long what nobody waits for any more.
 */
static const char *cofi_assoc_queue_dead(struct cofi_assoc *assoc, struct cofi_queue *queue)
{
	unsigned long patience = cofi_assoc_patience(assoc);
	/* How long the target may keep the slot of an operation after ABORT. */
	unsigned long aborted = max(2 * assoc->kato, msecs_to_jiffies(COFI_ABORTED_MS));

	cofi_queue_query(queue, patience);
	if (cofi_queue_query_overdue(queue, patience))
		return "an operation was not answered";
	if (cofi_queue_chase(queue, max_t(unsigned long, patience, HZ), aborted))
		return "an operation was not answered though it was aborted";
	return NULL;
}

/* A buffer may have been waited for, too, and whoever opens a key gives up before. */
static unsigned long cofi_assoc_command_age(const struct cofi_assoc *assoc)
{
	return max(assoc->kato + 2 * msecs_to_jiffies(COFI_SETUP_MS),
		   msecs_to_jiffies(COFI_COMMAND_MS));
}

static void cofi_assoc_tick(struct work_struct *work)
{
	struct cofi_assoc *assoc = container_of(to_delayed_work(work), struct cofi_assoc, ka_work);
	unsigned long last_rx = READ_ONCE(assoc->last_rx);
	unsigned long now = jiffies;
	const char *why;
	unsigned int i;

	if (cofi_assoc_dead(assoc))
		return;
	if (time_after_eq(now, assoc->ka_sent + assoc->kato / 3) &&
	    cofi_cmd_keep_alive(&assoc->admin))
		assoc->ka_sent = now;

	/*
	 * Silent, and a keep-alive went unanswered for a while: when this machine
	 * itself was not running, the target gets a chance to answer first.
	 */
	if (time_after(now, last_rx + assoc->kato) &&
	    time_after(now, assoc->ka_sent + assoc->kato / 2)) {
		cofi_assoc_fail(assoc, -ETIMEDOUT, 0, "the target does not answer (keep-alive)");
		return;
	}
	cofi_cmd_close_orphans(&assoc->admin);
	if (cofi_chan_stuck(&assoc->admin, cofi_assoc_command_age(assoc))) {
		cofi_assoc_fail(assoc, -ETIMEDOUT, 0, "a command was not answered");
		return;
	}
	/* Queues are added while this runs: the counter comes last. */
	for (i = 0; i < smp_load_acquire(&assoc->nr_queues); i++) {
		why = cofi_assoc_queue_dead(assoc, assoc->queues[i]);
		if (!why)
			continue;
		cofi_assoc_fail(assoc, -ETIMEDOUT, 0, why);
		return;
	}
	queue_delayed_work(cofi_wq, &assoc->ka_work, max(assoc->kato / 8, 1UL));
}

/* ---- setting up ------------------------------------------------------------ */

static void cofi_assoc_identify_again(struct work_struct *work);

/**
 * cofi_assoc_alloc() - make an association, not connected
 * @path: whose; it is constant while the association lives
 *
 * Context: may sleep.
 * Return: the association, or NULL.
 */
struct cofi_assoc *cofi_assoc_alloc(struct cofi_path *path)
{
	struct cofi_assoc *assoc = kzalloc(sizeof(*assoc), GFP_KERNEL);

	if (!assoc)
		return NULL;
	assoc->path = path;
	assoc->offered = COF_FEAT_ABORT | COF_FEAT_INLINE_KEY | path->pool->digests;
	assoc->last_rx = jiffies;
	INIT_DELAYED_WORK(&assoc->ka_work, cofi_assoc_tick);
	INIT_WORK(&assoc->ident_work, cofi_assoc_identify_again);
	cofi_chan_init(&assoc->admin, assoc);
	return assoc;
}

/* Interfaces come and go, and are others then although their names are the same. */
static int cofi_assoc_resolve(struct cofi_assoc *assoc)
{
	struct cofi_path *path = assoc->path;
	struct sockaddr_storage addr;
	int err;

	err = cof_addr_parse(&addr, path->traddr, path->trsvcid);
	spin_lock_bh(&path->lock);
	path->addr = addr;
	spin_unlock_bh(&path->lock);
	return err ? cofi_assoc_fail(assoc, err, 0, "the address's interface does not exist") : 0;
}

static int cofi_assoc_connect_admin(struct cofi_assoc *assoc, u32 *queues, u32 *depth)
{
	const struct cof_conn_limits limits = {
		.rx_max = COF_MIN_MSG,
		.tx_bufs = COF_ADMIN_DEPTH + 4,
		.tx_size = ALIGN(COF_ADMIN_MAX, 64),
	};
	const struct cofi_pool *pool = assoc->path->pool;
	struct cof_connect_rsp rsp;
	unsigned int kato_ms;
	int err;

	err = cofi_assoc_resolve(assoc);
	if (err)
		return err;
	err = cofi_chan_connect(&assoc->admin, &limits, &cofi_admin_ops, &assoc->admin);
	if (err)
		return cofi_assoc_fail(assoc, err, 0, "cannot connect");
	err = cofi_cmd_connect(&assoc->admin, 0, &rsp);
	if (err)
		return cofi_assoc_fail(assoc, err, 0, "no answer to CONNECT");
	if (cof_msg_status(&rsp.hdr) != COF_S_OK)
		return cofi_assoc_refused(assoc, cof_msg_status(&rsp.hdr));
	if (cof_connect_rsp_check(&rsp, pool->queues, pool->depth, assoc->offered)) {
		cofi_assoc_protocol_error(assoc, "the answer to CONNECT is out of bounds");
		return assoc->dead;
	}
	assoc->features = le64_to_cpu(rsp.features);
	if (COF_DIGESTS & assoc->offered & ~assoc->features)
		return cofi_assoc_fail(assoc, -EINVAL, COF_S_INVALID,
				       "the target does not grant the digests asked for");
	assoc->id = le64_to_cpu(rsp.assoc_id);
	/* Not later than was asked for, whatever the target thinks. */
	kato_ms = min(le32_to_cpu(rsp.kato_ms), pool->kato_ms);
	assoc->kato = max(msecs_to_jiffies(kato_ms), 6UL);
	memcpy(assoc->cookie, rsp.cookie, sizeof(assoc->cookie));
	*queues = le16_to_cpu(rsp.queues);
	*depth = le32_to_cpu(rsp.depth);
	memzero_explicit(&rsp, sizeof(rsp));
	cof_conn_set_kato(assoc->admin.conn, jiffies_to_msecs(assoc->kato));
	return 0;
}

#define COFI_EC_CURVES	(BIT(ASYM_CURVE_P192) | BIT(ASYM_CURVE_P256) |		\
			 BIT(ASYM_CURVE_P384) | BIT(ASYM_CURVE_P521))

/**
 * cofi_identify_caps() - what a pool offers, of what we know
 * @rsp: passed cof_msg_check()
 * @caps: filled in; an algorithm without an operation, padding or curve is none
 *
 * Context: any.
 */
void cofi_identify_caps(const struct cof_identify_rsp *rsp, struct asym_caps *caps)
{
	*caps = (struct asym_caps) {
		.algos = le32_to_cpu(rsp->algos) & (BIT(ASYM_RSA) | BIT(ASYM_ECDSA)),
		.rsa_ops = le32_to_cpu(rsp->rsa_ops) & (BIT(ASYM_OP_NR) - 1),
		.rsa_paddings = le32_to_cpu(rsp->rsa_paddings) & (BIT(ASYM_PAD_NR) - 1),
		.rsa_hashes = le32_to_cpu(rsp->rsa_hashes) & (BIT(ASYM_HASH_NR) - 1),
		.rsa_min_bits = max_t(u32, le32_to_cpu(rsp->rsa_min_bits), ASYM_RSA_MIN_BITS),
		.rsa_max_bits = min_t(u32, le32_to_cpu(rsp->rsa_max_bits), ASYM_RSA_MAX_BITS),
		.ec_curves = le32_to_cpu(rsp->ec_curves) & COFI_EC_CURVES,
		.ec_ops = le32_to_cpu(rsp->ec_ops) & (BIT(ASYM_SIGN) | BIT(ASYM_VERIFY)),
	};
	if (!caps->rsa_ops || !caps->rsa_paddings)
		caps->algos &= ~BIT(ASYM_RSA);
	if (!caps->ec_ops || !caps->ec_curves)
		caps->algos &= ~BIT(ASYM_ECDSA);
}

/* For people, and how much may be in flight. */
static void cofi_identify_quota(struct cofi_assoc *assoc, const struct cof_identify_rsp *rsp)
{
	u32 max = le32_to_cpu(rsp->max_inflight);
	/* Queues are added while this runs. */
	unsigned int i, nr = smp_load_acquire(&assoc->nr_queues);

	spin_lock_bh(&assoc->path->lock);
	assoc->quota = (struct cofi_quota) {
		.ops_per_sec = le64_to_cpu(rsp->ops_per_sec),
		.bytes_per_sec = le64_to_cpu(rsp->bytes_per_sec),
		.units_per_sec = le64_to_cpu(rsp->units_per_sec),
		.burst_ms = le32_to_cpu(rsp->burst_ms),
		.max_inflight = max,
	};
	spin_unlock_bh(&assoc->path->lock);
	for (i = 0; i < nr; i++)
		cofi_queue_limit(assoc->queues[i], max ? max / nr : COF_MAX_DEPTH);
}

/*
 * An event asked for it. The quota is in force at once; capabilities are those of a
 * device as it is registered, so if they changed, the association is made anew, in order.
 */
static void cofi_assoc_identify_again(struct work_struct *work)
{
	struct cofi_assoc *assoc = container_of(work, struct cofi_assoc, ident_work);
	struct cofi_path *path = assoc->path;
	struct cof_identify_rsp rsp;
	struct asym_caps caps;
	int err;

	if (cofi_assoc_dead(assoc))
		return;
	err = cofi_cmd_identify(&assoc->admin, &rsp);
	/* No command could be sent, the association lives: what is new is still to be asked for. */
	if (err == -ETIMEDOUT && !cofi_assoc_dead(assoc))
		queue_work(cofi_wq, work);
	if (err || cof_msg_status(&rsp.hdr) != COF_S_OK)
		return;
	cofi_identify_quota(assoc, &rsp);
	pr_info_ratelimited("%s: quota now %llu operations, %llu bytes, %llu units per second, %u in flight (0: unlimited)\n",
			    path->name, le64_to_cpu(rsp.ops_per_sec),
			    le64_to_cpu(rsp.bytes_per_sec), le64_to_cpu(rsp.units_per_sec),
			    le32_to_cpu(rsp.max_inflight));
	cofi_identify_caps(&rsp, &caps);
	/* Pairs with cofi_path_register(). */
	if (!smp_load_acquire(&path->registered))
		return;
	if (memcmp(&caps, &path->dev.caps, sizeof(caps))) {
		pr_info_ratelimited("%s: the pool offers something else now: connecting again\n",
				    path->name);
		WRITE_ONCE(assoc->draining, true);
		cofi_path_kick(path, 0);
	} else {
		asym_device_kick(&path->dev);
	}
}

static int cofi_assoc_identify(struct cofi_assoc *assoc, u32 *queues, u32 *depth)
{
	struct asym_device *dev = &assoc->path->dev;
	struct cof_identify_rsp rsp;
	u32 max;
	int err;

	WRITE_ONCE(assoc->identified, true);
	err = cofi_cmd_identify(&assoc->admin, &rsp);
	if (!err)
		err = cof_status_to_errno(cof_msg_status(&rsp.hdr));
	if (err)
		return cofi_assoc_fail(assoc, err, 0, "no answer to IDENTIFY");

	assoc->max_der = le32_to_cpu(rsp.max_der);
	if (cof_name_get(assoc->driver, rsp.driver))
		strscpy(assoc->driver, "unknown");
	dev->max_sessions = le32_to_cpu(rsp.max_keys);
	dev->flags = assoc->features & COF_FEAT_INLINE_KEY ? ASYM_DEV_INLINE_KEY : 0;
	cofi_identify_caps(&rsp, &dev->caps);
	cofi_identify_quota(assoc, &rsp);
	if (!dev->caps.algos)
		return cofi_assoc_fail(assoc, -EOPNOTSUPP, 0, "the pool offers nothing we know");

	/* max_inflight is for all queues together. */
	max = le32_to_cpu(rsp.max_inflight);
	if (max) {
		*queues = min(*queues, max);
		*depth = min(*depth, max / *queues);
	}
	return 0;
}

static int cofi_assoc_connect_io(struct cofi_assoc *assoc, struct cofi_queue *queue)
{
	struct cof_connect_rsp rsp;
	int err;

	err = cofi_io_connect(queue);
	if (err)
		return cofi_assoc_fail(assoc, err, 0, "cannot connect an I/O queue");
	err = cofi_cmd_connect(&queue->chan, queue->qid, &rsp);
	if (err)
		return cofi_assoc_fail(assoc, err, 0, "no answer to CONNECT of an I/O queue");
	if (cof_msg_status(&rsp.hdr) != COF_S_OK)
		err = cofi_assoc_refused(assoc, cof_msg_status(&rsp.hdr));
	else if (le64_to_cpu(rsp.features) != assoc->features)
		err = cofi_assoc_protocol_error(assoc, "an I/O queue with other features");
	memzero_explicit(&rsp, sizeof(rsp));
	if (!err)
		cof_conn_set_kato(queue->chan.conn, jiffies_to_msecs(assoc->kato));
	return err;
}

/**
 * cofi_assoc_connect() - CONNECT, IDENTIFY, and CONNECT for each I/O queue
 * @assoc: a new association
 *
 * Fills in the capabilities of the path's asym_device.
 *
 * Context: path->work; sleeps, returns when the path is stopped.
 * Return: 0, or
 * a negative errno: the association is dead and knows why.
 * Specification: section 2.
 */
int cofi_assoc_connect(struct cofi_assoc *assoc)
{
	struct cofi_queue *queue;
	u32 queues, depth;
	unsigned int i;
	int err;

	err = cofi_assoc_connect_admin(assoc, &queues, &depth);
	if (err)
		return err;
	assoc->ka_sent = jiffies;
	queue_delayed_work(cofi_wq, &assoc->ka_work, assoc->kato / 3);

	err = cofi_assoc_identify(assoc, &queues, &depth);
	if (err)
		return err;
	assoc->queues = kcalloc(queues, sizeof(*assoc->queues), GFP_KERNEL);
	if (!assoc->queues)
		return cofi_assoc_fail(assoc, -ENOMEM, 0, "out of memory");
	for (i = 0; i < queues; i++) {
		queue = cofi_queue_alloc(assoc, i + 1, depth);
		if (!queue)
			return cofi_assoc_fail(assoc, -ENOMEM, 0, "out of memory");
		assoc->queues[i] = queue;
		/* Pairs with cofi_assoc_tick(). */
		smp_store_release(&assoc->nr_queues, i + 1);
		err = cofi_assoc_connect_io(assoc, queue);
		if (err)
			return err;
	}
	trace_cof_assoc_made(false, assoc->path->name, assoc->path->pool->hostid, assoc->id,
			     COF_S_OK, 0);
	return 0;
}

/**
 * cofi_assoc_abort() - nobody waits any more for what is in flight
 * @assoc: no further operation is sent
 *
 * What the target has not begun it answers at once then, so that it is computed elsewhere.
 *
 * Context: process.
 */
void cofi_assoc_abort(struct cofi_assoc *assoc)
{
	unsigned int i;

	if (cofi_assoc_dead(assoc))
		return;
	for (i = 0; i < assoc->nr_queues; i++)
		cofi_queue_abort(assoc->queues[i]);
}

/* ---- taking down ----------------------------------------------------------- */

/**
 * cofi_assoc_inflight() - how many operations are in flight
 * @assoc: the association; connected
 *
 * Context: any.
 * Return: those of all queues, a moment ago.
 */
unsigned int cofi_assoc_inflight(struct cofi_assoc *assoc)
{
	unsigned int i, sum = 0;

	for (i = 0; i < assoc->nr_queues; i++)
		sum += READ_ONCE(assoc->queues[i]->inflight);
	return sum;
}

/**
 * cofi_assoc_close() - close the connections, and complete all that is in flight with -ENODEV
 * @assoc: dead
 *
 * On return nothing is received or sent any more, and nothing is in flight: a dead
 * association takes no operation. The admin queue first, so that DISCONNECT comes before the ends
 * of the others, which are closed together: each may take a while.
 *
 * Context: may sleep.
 */
void cofi_assoc_close(struct cofi_assoc *assoc)
{
	unsigned int i;

	cancel_delayed_work_sync(&assoc->ka_work);
	cofi_chan_close(&assoc->admin);
	for (i = 0; i < assoc->nr_queues; i++)
		cofi_queue_close(assoc->queues[i]);
	for (i = 0; i < assoc->nr_queues; i++)
		cofi_queue_closed(assoc->queues[i]);
	/* It does not wait any more, and nobody queues it. */
	cancel_work_sync(&assoc->ident_work);
}

/**
 * cofi_assoc_free() - free an association
 * @assoc: after cofi_assoc_close()
 *
 * Context: may sleep.
 */
void cofi_assoc_free(struct cofi_assoc *assoc)
{
	unsigned int i;

	for (i = 0; i < assoc->nr_queues; i++)
		cofi_queue_free(assoc->queues[i]);
	kfree(assoc->queues);
	cofi_chan_free(&assoc->admin);
	kfree_sensitive(assoc);
}
