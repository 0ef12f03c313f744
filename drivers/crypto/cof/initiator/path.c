// SPDX-License-Identifier: GPL-2.0-only
/*
 * A path: keeps one association with a target alive, and an asym_device in the
 * pool's class as long as it lives.
 *
 * path->work is the one actor: it connects, and when the association has died
 * it takes it down and tries again after a while. path->reg_work runs
 * asym_device_register(), whose known-answer tests wait for answers of ours, so
 * that path->work is free to answer them when the association dies meanwhile.
 * path->stop_work cancels path->work and then acts in its place. No lock is held
 * while any of them sleeps but pool->lock of whoever stops the path and waits for it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/smp.h>
#include "admin.h"
#include "assoc.h"
#include "config/pool.h"
#include "fail.h"
#include "io.h"
#include "path.h"
#include "queue.h"
#include "shared.h"

#define COFI_BACKOFF_CAP_MS	2000	/* unless reconnect_ms is above it */
#define COFI_SLOW_RETRY_MS	30000	/* after wrong answers */
#define COFI_DRAIN_MS		2000	/* for what is in flight when closing in order */

/* ---- between attempts --------------------------------------------------------- */

/**
 * cofi_backoff_ms() - how long to wait before the next attempt
 * @base_ms: reconnect_ms
 * @attempts: in vain so far
 * @random: any number
 *
 * Doubles from @base_ms up to COFI_BACKOFF_CAP_MS (or @base_ms), less up to a
 * quarter so that many initiators do not come back at the same moment.
 *
 * Return: milliseconds.
 */
unsigned int cofi_backoff_ms(unsigned int base_ms, unsigned int attempts, u32 random)
{
	unsigned int cap = max_t(unsigned int, base_ms, COFI_BACKOFF_CAP_MS);
	unsigned int ms = base_ms;

	while (attempts-- && ms < cap)
		ms *= 2;
	ms = min(ms, cap);
	return ms - random % (ms / 4 + 1);
}

/**
 * cofi_path_delay_ms() - how long to wait after the end of an association
 * @path: the path
 * @live: it was live; for how long decides whether that counts as an attempt in vain
 * @random: any number
 *
 * Context: path->work.
 * Return: milliseconds.
 */
unsigned int cofi_path_delay_ms(struct cofi_path *path, bool live, u32 random)
{
	if (live && time_after_eq(jiffies, path->live_since + msecs_to_jiffies(COFI_STABLE_MS)))
		path->attempts = 0;
	return cofi_backoff_ms(READ_ONCE(path->pool->reconnect_ms), path->attempts++, random);
}

/* ---- what people are told --------------------------------------------------- */

static bool cofi_answers_wrongly(const struct cofi_assoc *assoc)
{
	return assoc->dead == -EBADMSG && !assoc->status;
}

/* Refusals that somebody must cure; NULL: it may pass. */
static const char *cofi_refusal(const struct cofi_assoc *assoc)
{
	switch (assoc->status) {
	case COF_S_HOST_DENIED:
		return "host not allowed";
	case COF_S_UNKNOWN_POOL:
		return "unknown pool";
	case COF_S_VERSION:
		return "version mismatch";
	case COF_S_CLEAR_TEXT:
		return "clear text refused";
	case COF_S_LOOP:
		return "loop";
	case COF_S_INVALID:
		return "configuration refused by the target";
	}
	if (cofi_answers_wrongly(assoc))
		return "wrong answers";
	if (assoc->dead == -EOPNOTSUPP)
		return "the pool offers nothing we know";
	return NULL;
}

static void cofi_path_log_refusal(struct cofi_path *path, const struct cofi_assoc *assoc)
{
	struct cofi_pool *pool = path->pool;

	switch (assoc->status) {
	case COF_S_HOST_DENIED:
		pr_err_ratelimited("%s: hostid: target %s does not allow host '%s' to use pool '%s': link it into the pool's allowed_hosts there, or correct hostid\n",
				   path->name, path->traddr, pool->hostid, pool->pool);
		return;
	case COF_S_UNKNOWN_POOL:
		pr_err_ratelimited("%s: pool: target %s has no pool '%s' enabled on port %s: enable it and link it to the port there, or correct pool\n",
				   path->name, path->traddr, pool->pool, path->trsvcid);
		return;
	case COF_S_VERSION:
		pr_err_ratelimited("%s: version mismatch: target %s does not speak CoF version %u: update the older side\n",
				   path->name, path->traddr, COF_VERSION);
		return;
	case COF_S_CLEAR_TEXT:
		pr_err_ratelimited("%s: insecure: target %s refuses clear text on port %s: set the port's insecure to 1 there if the network is trusted\n",
				   path->name, path->traddr, path->trsvcid);
		return;
	}
	if (cofi_answers_wrongly(assoc))
		pr_err_ratelimited("%s: target %s computes wrong answers (driver %s): not used; the next try is in %u s\n",
				   path->name, path->traddr, assoc->driver,
				   COFI_SLOW_RETRY_MS / 1000);
	else
		pr_warn_ratelimited("%s: target %s port %s: %s (error %d); trying on\n", path->name,
				    path->traddr, path->trsvcid, assoc->why, assoc->dead);
}

/* One line for each new reason, not one for each attempt. */
static void cofi_path_log_end(struct cofi_path *path, const struct cofi_assoc *assoc, bool live)
{
	int what = assoc->status ?: assoc->dead;

	if (READ_ONCE(path->stop))
		return;
	if (live)
		pr_warn_ratelimited("%s: association %llu with target %s port %s lost: %s (error %d); reconnecting\n",
				    path->name, assoc->id, path->traddr, path->trsvcid,
				    assoc->why, assoc->dead);
	else if (what != path->logged)
		cofi_path_log_refusal(path, assoc);
	path->logged = live ? 0 : what;
}

/* ---- asym_device ------------------------------------------------------------ */

static struct cofi_path *cofi_path_of(struct asym_device *dev)
{
	return container_of(dev, struct cofi_path, dev);
}

static int cofi_dev_open(struct asym_device *dev, const struct asym_session_params *params,
			 u64 *handle)
{
	return cofi_cmd_key_open(&cofi_path_of(dev)->assoc->admin, params->key, handle);
}

static void cofi_dev_close(struct asym_device *dev, u64 handle)
{
	cofi_cmd_key_close(&cofi_path_of(dev)->assoc->admin, handle);
}

/*
 * The CPU's own queue first; the others when that one has no room. None has room for another
 * key but one for a request: then a session helps, and waiting may not.
 */
static int cofi_dev_submit(struct asym_device *dev, struct asym_request *req)
{
	struct cofi_assoc *assoc = cofi_path_of(dev)->assoc;
	unsigned int first = raw_smp_processor_id();
	bool too_big = false;
	unsigned int i;
	int err;

	if (cofi_assoc_dead(assoc))
		return -ENODEV;
	for (i = 0; i < assoc->nr_queues; i++) {
		err = cofi_io_submit(assoc->queues[(first + i) % assoc->nr_queues], req);
		if (err != -EBUSY && err != -E2BIG)
			return err;
		too_big |= err == -E2BIG;
	}
	return too_big ? -E2BIG : -EBUSY;
}

/* After ->submit() it is in a slot of one of the queues, or about to be answered. */
static void cofi_dev_cancel(struct asym_device *dev, struct asym_request *req)
{
	const struct cofi_req *mine = (const struct cofi_req *)req->drv;
	struct cofi_assoc *assoc = cofi_path_of(dev)->assoc;
	struct cofi_queue *queue = READ_ONCE(mine->queue);
	unsigned int i;

	for (i = 0; i < assoc->nr_queues; i++)
		if (assoc->queues[i] == queue)
			cofi_queue_cancel(queue, req);
}

static const struct asym_device_ops cofi_dev_ops = {
	.open = cofi_dev_open,
	.close = cofi_dev_close,
	.submit = cofi_dev_submit,
	.cancel = cofi_dev_cancel,
};

/* ---- coming and going -------------------------------------------------------- */

static const char *cofi_register_error(int err)
{
	switch (err) {
	case -EBADMSG:
		return "it computes wrong answers";
	case -EEXIST:
		return "the names of its algorithms are taken";
	case -ETIMEDOUT:
		return "known-answer tests were not answered";
	}
	return "known-answer tests failed";
}

static void cofi_path_register(struct work_struct *work)
{
	struct cofi_path *path = container_of(work, struct cofi_path, reg_work);
	struct cofi_assoc *assoc = path->assoc;
	int err;

	err = asym_device_register(path->pool->class, &path->dev);
	if (err) {
		cofi_assoc_fail(assoc, err, 0, cofi_register_error(err));
		return;
	}
	/* Buffers that came back until now did not kick. Who does finds the device registered. */
	smp_store_release(&path->registered, true);
	asym_device_kick(&path->dev);
	path->live_since = jiffies;
	path->logged = 0;
	path->was_live = true;
	if (path->ever_live)
		atomic64_inc(&path->count.reconnects);
	path->ever_live = true;
	cofi_path_set_state(path, COFI_LIVE, NULL);
	pr_info_ratelimited("%s: live: pool '%s' at %s, %u queue(s) of %u, keep-alive %u ms, driver %s\n",
			    path->name, path->pool->pool, assoc->admin.conn->peer_name,
			    assoc->nr_queues, assoc->queues[0]->depth,
			    jiffies_to_msecs(assoc->kato), assoc->driver);
}

/* In order: what is in flight may still be answered. */
static void cofi_path_drain(struct cofi_path *path, struct cofi_assoc *assoc)
{
	asym_device_quiesce(&path->dev);
	cofi_assoc_abort(assoc);
	wait_event_timeout(path->wait, !cofi_assoc_inflight(assoc) || cofi_assoc_dead(assoc),
			   msecs_to_jiffies(COFI_DRAIN_MS));
	if (!cofi_assoc_dead(assoc))
		cofi_assoc_disconnect(assoc, COF_S_OK);
}

/*
 * The association ends, and the device with it. Runs in path->work, or with it
 * cancelled for good. Afterwards everything that was asked is answered. That it is
 * not live is said first: closing connections takes its time. Returns whether it was.
 */
static bool cofi_path_teardown(struct cofi_path *path, bool in_order)
{
	struct cofi_assoc *assoc = path->assoc;
	/* Pairs with cofi_path_register(). */
	bool quiet = in_order && smp_load_acquire(&path->registered);
	bool live;

	if (!assoc)
		return false;
	live = cofi_path_leave_live(path);
	if (quiet)
		cofi_path_drain(path, assoc);
	cofi_assoc_fail(assoc, -ESHUTDOWN, 0, "the target drains");
	/* Known-answer tests that wait are told so, too. */
	cofi_assoc_close(assoc);
	cancel_work_sync(&path->reg_work);
	/* It may have become so meanwhile. */
	live |= cofi_path_leave_live(path);

	if (path->registered) {
		if (!quiet)
			asym_device_quiesce(&path->dev);
		asym_device_unregister(&path->dev);
		path->registered = false;
	}
	path->assoc = NULL;
	return live;
}

/* The association has ended, or never began: say so, and when to try again. */
static void cofi_path_retry(struct cofi_path *path, struct cofi_assoc *assoc, bool live)
{
	const char *refusal = cofi_refusal(assoc);
	unsigned int ms;

	cofi_path_log_end(path, assoc, live);
	if (refusal)
		cofi_path_set_state(path, COFI_FAILED, refusal);
	else
		cofi_path_set_state(path, path->was_live ? COFI_RECONNECTING : COFI_CONNECTING,
				    NULL);
	if (cofi_answers_wrongly(assoc))
		ms = COFI_SLOW_RETRY_MS;
	else
		ms = cofi_path_delay_ms(path, live, get_random_u32());
	cofi_path_kick(path, ms);
}

static void cofi_path_end(struct cofi_path *path)
{
	struct cofi_assoc *assoc = path->assoc;
	bool live;

	live = cofi_path_teardown(path, READ_ONCE(assoc->draining) && !cofi_assoc_dead(assoc));
	cofi_path_retry(path, assoc, live);
	cofi_assoc_free(assoc);
}

static void cofi_path_begin(struct cofi_path *path)
{
	struct cofi_assoc *assoc = cofi_assoc_alloc(path);

	if (!assoc) {
		cofi_path_kick(path, COFI_BACKOFF_CAP_MS);
		return;
	}
	path->assoc = assoc;
	if (cofi_assoc_connect(assoc))
		cofi_path_end(path);
	else
		queue_work(cofi_wq, &path->reg_work);
}

static void cofi_path_work(struct work_struct *work)
{
	struct cofi_path *path = container_of(to_delayed_work(work), struct cofi_path, work);
	struct cofi_assoc *assoc = path->assoc;

	if (READ_ONCE(path->stop))
		return;
	if (!assoc)
		cofi_path_begin(path);
	else if (cofi_assoc_dead(assoc) || READ_ONCE(assoc->draining))
		cofi_path_end(path);
}

/* In the place of path->work, which is cancelled for good. */
static void cofi_path_stop_work(struct work_struct *work)
{
	struct cofi_path *path = container_of(work, struct cofi_path, stop_work);
	struct cofi_assoc *assoc;

	cancel_delayed_work_sync(&path->work);
	assoc = path->assoc;
	cofi_path_teardown(path, true);
	if (assoc)
		cofi_assoc_free(assoc);
	cofi_path_set_state(path, COFI_DISABLED, NULL);
}

/**
 * cofi_path_init() - prepare a path that is zeroed
 * @path: the path
 * @pool: its pool
 */
void cofi_path_init(struct cofi_path *path, struct cofi_pool *pool)
{
	path->pool = pool;
	INIT_LIST_HEAD(&path->list);
	spin_lock_init(&path->lock);
	init_waitqueue_head(&path->wait);
	INIT_DELAYED_WORK(&path->work, cofi_path_work);
	INIT_WORK(&path->stop_work, cofi_path_stop_work);
	INIT_WORK(&path->reg_work, cofi_path_register);
	path->stop = true;
	path->dev.name = path->name;
	path->dev.ops = &cofi_dev_ops;
}

/**
 * cofi_path_start() - begin to connect
 * @path: stopped, with a valid configuration; its pool has its class
 *
 * Context: may sleep; pool->lock held.
 */
void cofi_path_start(struct cofi_path *path)
{
	lockdep_assert_held(&path->pool->lock);
	path->running = true;
	path->was_live = false;
	path->attempts = 0;
	path->logged = 0;
	cofi_path_set_state(path, COFI_CONNECTING, NULL);
	spin_lock_bh(&path->lock);
	path->stop = false;
	queue_delayed_work(cofi_wq, &path->work, 0);
	spin_unlock_bh(&path->lock);
}

/**
 * cofi_path_stop() - begin to disconnect
 * @path: started; cofi_path_stopped() follows
 *
 * Operations in flight are answered by the target if it is quick, else elsewhere. Several paths
 * stop beside each other.
 *
 * Context: process; pool->lock held.
 */
void cofi_path_stop(struct cofi_path *path)
{
	lockdep_assert_held(&path->pool->lock);
	spin_lock_bh(&path->lock);
	path->stop = true;
	spin_unlock_bh(&path->lock);
	wake_up_all(&path->wait);
	queue_work(cofi_wq, &path->stop_work);
}

/**
 * cofi_path_stopped() - wait for that; on return nothing of the path is at work
 * @path: after cofi_path_stop()
 *
 * Context: may sleep, for at most COFI_CONNECT_MS + COFI_DRAIN_MS and what closing its
 * connections takes, 200 ms for the admin queue's and for the others; pool->lock held.
 */
void cofi_path_stopped(struct cofi_path *path)
{
	lockdep_assert_held(&path->pool->lock);
	flush_work(&path->stop_work);
	path->running = false;
}
