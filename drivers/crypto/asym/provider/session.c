// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: a key as one device holds it. States (asym_class::lock):
 *
 *	INLINE			the device got the key in a request, and forgot it
 *	        -> OPENING	the key is used again (without inline keys: at once)
 *	OPENING -> OPEN		the device accepted the key
 *	        -> REFUSED	the device cannot use this key; remembered
 *	        -> (freed)	the opening failed; the next operation tries again
 *	OPEN    -> CLOSING	idle and evicted, or forgotten by the device; then freed
 *
 * Attached sessions are in their key's and their device's lists. An open,
 * unused one is also in the device's idle list, oldest first. A session in
 * use that is detached (forgotten by the device, device gone) is freed by its
 * last user. Opening and closing sleep: process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/slab.h>

#include <trace/events/asym.h>

#include "class.h"
#include "device.h"
#include "key.h"
#include "op/backlog.h"
#include "op/route.h"
#include "op/types.h"
#include "ref.h"
#include "session.h"
#include "shared.h"
#include "stats.h"

/* The most sessions that are closed to make room for a new one */
#define EVICTIONS_MAX		3
/* Room for fewer sessions than this is not remembered */
#define ROOM_LEARNT_MIN		16

static void session_work(struct work_struct *work)
{
	provider_session_open(container_of(work, struct provider_session, work));
}

/**
 * provider_session_find_locked() - find a key's session on a device
 * @key: the key
 * @pdev: the device
 *
 * Return: an attached session in any state, or NULL.
 */
struct provider_session *provider_session_find_locked(struct provider_key *key,
						      struct asym_device_priv *pdev)
{
	struct provider_session *session;

	lockdep_assert_held(&key->class->lock);
	list_for_each_entry(session, &key->sessions, key_node)
		if (session->pdev == pdev)
			return session;
	return NULL;
}

/**
 * provider_session_new_locked() - create a session
 * @key: the key
 * @pdev: a live device
 *
 * Return: an attached session, state INLINE: the device does not have the key; NULL
 * without memory.
 */
struct provider_session *provider_session_new_locked(struct provider_key *key,
						     struct asym_device_priv *pdev)
{
	struct asym_class *class = key->class;
	struct provider_session *session;

	lockdep_assert_held(&class->lock);
	session = kzalloc_obj(*session, GFP_ATOMIC);
	if (!session)
		return NULL;
	session->pdev = pdev;
	session->key = key;
	session->state = PROVIDER_SESSION_INLINE;
	session->attached = true;
	session->last_used = jiffies;
	INIT_LIST_HEAD(&session->idle_node);
	INIT_LIST_HEAD(&session->pending);
	INIT_WORK(&session->work, session_work);
	list_add(&session->key_node, &key->sessions);
	list_add(&session->dev_node, &pdev->sessions);
	kref_get(&pdev->ref);
	class->nr_sessions++;
	provider_object(PROVIDER_OBJECT_SESSIONS, 1);
	return session;
}

/**
 * provider_session_begin_locked() - prepare the opening of a session
 * @session: state INLINE
 *
 * The caller adds its request to the pending list and queues provider_session::work, or,
 * without the lock, calls provider_session_open(). Takes a reference to the key for that.
 */
void provider_session_begin_locked(struct provider_session *session)
{
	lockdep_assert_held(&session->pdev->class->lock);
	session->state = PROVIDER_SESSION_OPENING;
	session->pdev->nr_sessions++;
	provider_key_ref_locked(session->key);
}

static void session_free_locked(struct provider_session *session)
{
	struct asym_device_priv *pdev = session->pdev;

	pdev->class->nr_sessions--;
	provider_object(PROVIDER_OBJECT_SESSIONS, -1);
	if (session->state != PROVIDER_SESSION_REFUSED && session->state != PROVIDER_SESSION_INLINE)
		pdev->nr_sessions--;
	provider_device_put(pdev);
	kfree(session);
}

/**
 * provider_session_use_locked() - count a request that uses an open session, or carries its key
 * @session: the session
 */
void provider_session_use_locked(struct provider_session *session)
{
	lockdep_assert_held(&session->pdev->class->lock);
	if (!session->users++)
		list_del_init(&session->idle_node);
}

/**
 * provider_session_unuse_locked() - undo provider_session_use_locked()
 * @session: the session; may be freed
 */
void provider_session_unuse_locked(struct provider_session *session)
{
	lockdep_assert_held(&session->pdev->class->lock);
	/* One that is being opened is its opener's; requests that had the key use it, too. */
	if (--session->users || session->state == PROVIDER_SESSION_OPENING)
		return;
	if (!session->attached && session->state == PROVIDER_SESSION_OPEN) {
		/* Forgotten by the device, which may know the handle still, or the driver does. */
		session->state = PROVIDER_SESSION_CLOSING;
		list_add_tail(&session->key_node, &session->pdev->class->reap_sessions);
		queue_work(provider_open_wq, &session->pdev->class->reap_work);
		return;
	}
	if (!session->attached) {
		session_free_locked(session);
		return;
	}
	session->last_used = jiffies;
	if (session->state == PROVIDER_SESSION_OPEN)
		list_add_tail(&session->idle_node, &session->pdev->idle);
}

/**
 * provider_session_detach_locked() - remove a session from the lists of its key and device
 * @session: the session, attached or not; the caller, its opener or its users free it
 */
void provider_session_detach_locked(struct provider_session *session)
{
	lockdep_assert_held(&session->pdev->class->lock);
	if (!session->attached)
		return;
	session->attached = false;
	list_del_init(&session->key_node);
	list_del_init(&session->dev_node);
	list_del_init(&session->idle_node);
	/* Only who detaches an unused session may close it. */
	if (session->state == PROVIDER_SESSION_OPEN && !session->users)
		session->state = PROVIDER_SESSION_CLOSING;
}

/**
 * provider_session_close() - close and free a session
 * @session: detached, without users, not opening
 *
 * Context: process; may sleep.
 */
void provider_session_close(struct provider_session *session)
{
	struct asym_device_priv *pdev = session->pdev;
	struct asym_class *class = pdev->class;

	if (session->state == PROVIDER_SESSION_CLOSING && provider_device_enter(pdev)) {
		pdev->dev->ops->close(pdev->dev, session->handle);
		trace_asym_session_close(session, pdev->name, 0, 0);
		provider_device_exit(pdev);
		atomic64_inc(&pdev->closes);
		provider_count(class, PROVIDER_STAT_SESSION_CLOSES);
	}

	spin_lock_bh(&class->lock);
	session_free_locked(session);
	spin_unlock_bh(&class->lock);
}

/* Make room on a device: close the least recently used session. */
static bool session_evict(struct asym_device_priv *pdev)
{
	struct asym_class *class = pdev->class;
	struct provider_session *session;

	spin_lock_bh(&class->lock);
	session = list_first_entry_or_null(&pdev->idle, struct provider_session, idle_node);
	if (session)
		provider_session_detach_locked(session);
	spin_unlock_bh(&class->lock);
	if (!session)
		return false;

	provider_session_close(session);
	provider_count(class, PROVIDER_STAT_SESSION_EVICTIONS);
	return true;
}

static int session_call_open(struct provider_session *session)
{
	const struct asym_session_params params = {
		.key = &session->key->data,
	};
	struct asym_device_priv *pdev = session->pdev;
	int err;

	err = pdev->dev->ops->open(pdev->dev, &params, &session->handle);
	trace_asym_session_open(session, pdev->name, session->key->data.bits, err);
	if (!err) {
		atomic64_inc(&pdev->opens);
		provider_count(pdev->class, PROVIDER_STAT_SESSION_OPENS);
	}
	return err;
}

static bool device_is_full(struct asym_device_priv *pdev)
{
	bool full;

	spin_lock_bh(&pdev->class->lock);
	/* The session that is being opened is counted. */
	full = pdev->max_sessions && pdev->nr_sessions > pdev->max_sessions;
	spin_unlock_bh(&pdev->class->lock);
	return full;
}

/*
 * A session was opened after another one was closed. So the device has room for the number that it
 * has now. From now on each opening makes room first, so that no other opening can use that room. A
 * small number is not remembered, because the cause may have been another failure.
 */
static void device_is_found_full(struct asym_device_priv *pdev)
{
	spin_lock_bh(&pdev->class->lock);
	if (pdev->nr_sessions >= ROOM_LEARNT_MIN &&
	    (!pdev->max_sessions || pdev->nr_sessions < pdev->max_sessions))
		pdev->max_sessions = pdev->nr_sessions;
	spin_unlock_bh(&pdev->class->lock);
}

/* The device is entered. */
static int session_try_open(struct provider_session *session)
{
	struct asym_device_priv *pdev = session->pdev;
	unsigned int evicted = 0;
	int err;

	/* What we know spares the device a request; it may have less room than it said. */
	if (device_is_full(pdev) && !session_evict(pdev))
		return -ENOSPC;

	/*
	 * QEMU has no word for "no room": it is an error like any other there. Others,
	 * who open one at the same time, may take the room that was made.
	 */
	for (;;) {
		err = session_call_open(session);
		if ((err != -ENOSPC && err != -EIO) || evicted == EVICTIONS_MAX ||
		    !session_evict(pdev))
			break;
		evicted++;
		provider_count(pdev->class, PROVIDER_STAT_RETRIED);
	}
	if (!err && evicted)
		device_is_found_full(pdev);
	return err;
}

static bool key_is_refused(int err)
{
	switch (err) {
	case -EINVAL:
	case -EBADMSG:
	case -EKEYREJECTED:
	case -EOPNOTSUPP:
		return true;
	}
	return false;
}

/**
 * provider_session_open() - open a session on its device
 * @session: state OPENING; may be freed
 *
 * Submits the operations that wait for it, to this device or elsewhere.
 *
 * Context: process; may sleep.
 */
void provider_session_open(struct provider_session *session)
{
	struct asym_device_priv *pdev = session->pdev;
	struct provider_key *key = session->key;
	struct asym_class *class = key->class;
	struct asym_request *req, *next;
	LIST_HEAD(pending);
	bool commit = false;
	int err = -ENODEV;

	if (provider_device_enter(pdev)) {
		err = session_try_open(session);
		provider_device_exit(pdev);
	}

	spin_lock_bh(&class->lock);
	list_splice_init(&session->pending, &pending);
	/* Until they are done with it, the waiting requests and this function use it. */
	session->users++;
	list_for_each_entry(req, &pending, list) {
		struct provider_op *op = container_of(req, struct provider_op, req);

		session->users++;
		atomic_set(&op->place, PROVIDER_PLACE_MOVING);
		WRITE_ONCE(op->waits, false);
	}
	session->nr_pending = 0;
	if (!err) {
		session->state = PROVIDER_SESSION_OPEN;
	} else if (key_is_refused(err) && session->attached) {
		session->state = PROVIDER_SESSION_REFUSED;
		pdev->nr_sessions--;
	} else {
		provider_session_detach_locked(session);
		session->state = PROVIDER_SESSION_INLINE;
		pdev->nr_sessions--;
	}
	spin_unlock_bh(&class->lock);

	list_for_each_entry_safe(req, next, &pending, list) {
		bool more = !list_is_last(&req->list, &pending);

		commit |= more;
		provider_op_opened(container_of(req, struct provider_op, req), session, err, more);
	}
	if (commit)
		provider_commit(pdev);

	spin_lock_bh(&class->lock);
	provider_session_unuse_locked(session);
	spin_unlock_bh(&class->lock);
	provider_key_put(key);
}

/* A live device that may support a key which is too large for the software, and was not tried. */
static struct provider_session *key_try_next(struct provider_key *key, u64 *asked)
{
	struct asym_class *class = key->class;
	struct provider_session *session = NULL;
	struct asym_device_priv *pdev;

	lockdep_assert_held(&class->lock);
	list_for_each_entry(pdev, &class->devices, node) {
		if (*asked & BIT_ULL(pdev->id) || key->data.bits > pdev->caps.rsa_max_bits ||
		    !(pdev->caps.rsa_paddings & BIT(ASYM_PAD_RAW)))
			continue;
		session = provider_session_find_locked(key, pdev);
		/* Being opened by another: it will see how that goes. */
		if (!session)
			session = provider_session_new_locked(key, pdev);
		if (!session)
			continue;
		*asked |= BIT_ULL(pdev->id);
		return session;
	}
	return NULL;
}

/**
 * provider_key_try() - find a device that supports a key that is too large for the software
 * @key: the key; the caller has a reference
 *
 * Opens a session, which the first operation then uses.
 *
 * Context: process; may sleep.
 * Return: 0, or the errno of the software for such keys: -EINVAL.
 */
int provider_key_try(struct provider_key *key)
{
	struct asym_class *class = key->class;
	struct provider_session *session;
	bool taken = false, begin;
	u64 asked = 0;

	spin_lock_bh(&class->lock);
	while (!taken && (session = key_try_next(key, &asked))) {
		begin = session->state == PROVIDER_SESSION_INLINE;
		/* Of one that exists it is known that the device took, or may take, the key. */
		taken = session->state == PROVIDER_SESSION_OPEN ||
			session->state == PROVIDER_SESSION_OPENING;
		if (!begin)
			continue;
		provider_session_begin_locked(session);
		/* Ours, so that it does not go. */
		session->users++;
		spin_unlock_bh(&class->lock);

		provider_session_open(session);

		spin_lock_bh(&class->lock);
		taken = session->state == PROVIDER_SESSION_OPEN;
		provider_session_unuse_locked(session);
	}
	spin_unlock_bh(&class->lock);
	return taken ? 0 : -EINVAL;
}
