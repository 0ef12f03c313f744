// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: a key as one device holds it. States (asym_class::lock):
 *
 *	OPENING -> OPEN		the device took the key
 *	        -> REFUSED	it cannot use this key; remembered, costs nothing again
 *	        -> (freed)	it failed; the next operation tries anew
 *	OPEN    -> CLOSING	idle and chosen to go; then freed
 *
 * Attached sessions are in their key's and their device's lists. An open,
 * unused one is also in the device's idle list, oldest first. A session in
 * use that is detached (forgotten by the device, device gone) is freed by its
 * last user. Opening and closing sleep: process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/slab.h>

#include "provider.h"

static void session_work(struct work_struct *work)
{
	provider_session_open(container_of(work, struct provider_session, work));
}

/* Which session serves a padding and hash: one for all, unless the device says otherwise. */
static void session_scope(const struct asym_device_priv *pdev, u8 *padding, u8 *hash)
{
	if (!(pdev->flags & ASYM_DEV_SESSION_PER_PADDING)) {
		*padding = 0;
		*hash = 0;
	}
}

/**
 * provider_session_find_locked() - a key's session on a device
 * @key: the key
 * @pdev: the device
 * @padding: enum asym_padding of the operation
 * @hash: enum asym_hash of the operation
 *
 * Return: an attached session in any state, or NULL.
 */
struct provider_session *provider_session_find_locked(struct provider_key *key,
						      struct asym_device_priv *pdev,
						      u8 padding, u8 hash)
{
	struct provider_session *session;

	lockdep_assert_held(&key->class->lock);
	session_scope(pdev, &padding, &hash);
	list_for_each_entry(session, &key->sessions, key_node)
		if (session->pdev == pdev && session->padding == padding && session->hash == hash)
			return session;
	return NULL;
}

/**
 * provider_session_new_locked() - begin a session
 * @key: the key
 * @pdev: a live device
 * @padding: enum asym_padding of the operation
 * @hash: enum asym_hash of the operation
 *
 * The caller adds its request to the pending list and, without the lock, calls
 * provider_session_open() or queues provider_session::work. A reference to @key
 * is taken for that.
 *
 * Return: an attached session, state OPENING; NULL without memory.
 */
struct provider_session *provider_session_new_locked(struct provider_key *key,
						     struct asym_device_priv *pdev,
						     u8 padding, u8 hash)
{
	struct asym_class *class = key->class;
	struct provider_session *session;

	lockdep_assert_held(&class->lock);
	session = kzalloc_obj(*session, GFP_ATOMIC);
	if (!session)
		return NULL;
	session_scope(pdev, &padding, &hash);
	session->pdev = pdev;
	session->key = key;
	session->padding = padding;
	session->hash = hash;
	session->state = SESSION_OPENING;
	session->attached = true;
	session->last_used = jiffies;
	INIT_LIST_HEAD(&session->idle_node);
	INIT_LIST_HEAD(&session->pending);
	INIT_WORK(&session->work, session_work);
	list_add(&session->key_node, &key->sessions);
	list_add(&session->dev_node, &pdev->sessions);
	kref_get(&pdev->ref);
	pdev->nr_sessions++;
	class->nr_sessions++;
	provider_key_ref_locked(key);
	return session;
}

static void session_free_locked(struct provider_session *session)
{
	struct asym_device_priv *pdev = session->pdev;

	pdev->class->nr_sessions--;
	if (session->state != SESSION_REFUSED)
		pdev->nr_sessions--;
	provider_device_put(pdev);
	kfree(session);
}

/**
 * provider_session_use_locked() - a request is going to use an open session
 * @session: the session
 */
void provider_session_use_locked(struct provider_session *session)
{
	lockdep_assert_held(&session->pdev->class->lock);
	if (!session->users++)
		list_del_init(&session->idle_node);
}

/**
 * provider_session_unuse_locked() - a request no longer uses a session
 * @session: the session; may be freed
 */
void provider_session_unuse_locked(struct provider_session *session)
{
	lockdep_assert_held(&session->pdev->class->lock);
	if (--session->users)
		return;
	if (!session->attached) {
		session_free_locked(session);
		return;
	}
	session->last_used = jiffies;
	if (session->state == SESSION_OPEN)
		list_add_tail(&session->idle_node, &session->pdev->idle);
}

/**
 * provider_session_detach_locked() - nobody shall find a session any more
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
	if (session->state == SESSION_OPEN && !session->users)
		session->state = SESSION_CLOSING;
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

	if (session->state == SESSION_CLOSING && provider_device_enter(pdev)) {
		pdev->dev->ops->close(pdev->dev, session->handle);
		provider_device_exit(pdev);
		atomic64_inc(&pdev->closes);
		provider_count(class, PROVIDER_SESSION_CLOSES);
	}

	spin_lock_bh(&class->lock);
	session_free_locked(session);
	spin_unlock_bh(&class->lock);
}

/* Make room on a device: the session that was not used for longest goes. */
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
	provider_count(class, PROVIDER_SESSION_EVICTIONS);
	return true;
}

static int session_call_open(struct provider_session *session)
{
	const struct asym_session_params params = {
		.key = &session->key->data,
		.padding = session->padding,
		.hash = session->hash,
	};
	struct asym_device_priv *pdev = session->pdev;
	int err;

	err = pdev->dev->ops->open(pdev->dev, &params, &session->handle);
	if (!err) {
		atomic64_inc(&pdev->opens);
		provider_count(pdev->class, PROVIDER_SESSION_OPENS);
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

/* The device is entered. */
static int session_try_open(struct provider_session *session)
{
	struct asym_device_priv *pdev = session->pdev;
	int err;

	/* What we know spares the device a request; it may have less room than it said. */
	if (device_is_full(pdev) && !session_evict(pdev))
		return -ENOSPC;

	err = session_call_open(session);
	/* QEMU has no word for "no room": it is an error like any other there. */
	if ((err == -ENOSPC || err == -EIO) && session_evict(pdev)) {
		provider_count(pdev->class, PROVIDER_RETRIED);
		err = session_call_open(session);
	}
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
 * provider_session_open() - ask the device to prepare the key
 * @session: state OPENING; may be freed
 *
 * Whoever waits for it is sent on, or elsewhere.
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
	int err = -ENODEV;

	if (provider_device_enter(pdev)) {
		err = session_try_open(session);
		provider_device_exit(pdev);
	}

	spin_lock_bh(&class->lock);
	list_splice_init(&session->pending, &pending);
	/* Until they are done with it, the waiting requests and this function use it. */
	session->users = 1;
	list_for_each_entry(req, &pending, list)
		session->users++;
	if (!err) {
		session->state = SESSION_OPEN;
	} else if (key_is_refused(err) && session->attached) {
		session->state = SESSION_REFUSED;
		pdev->nr_sessions--;
	} else {
		provider_session_detach_locked(session);
	}
	spin_unlock_bh(&class->lock);

	list_for_each_entry_safe(req, next, &pending, list)
		provider_op_opened(container_of(req, struct provider_op, req), session, err);

	spin_lock_bh(&class->lock);
	provider_session_unuse_locked(session);
	spin_unlock_bh(&class->lock);
	provider_key_put(key);
}
