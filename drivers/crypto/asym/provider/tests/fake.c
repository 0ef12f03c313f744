// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device for tests of asym_provider: it computes correctly, with an executor
 * of its own on rsa-generic, and fails in the ways real devices do.
 *
 * Requests are answered from the executor's completion, bottom halves
 * disabled, or when the test says so. fake_device::lock is taken with bottom
 * halves disabled and never held across a call into asym_provider.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "fake.h"

struct fake_session {
	struct list_head list;
	u64 handle;
	struct asym_exec_key *key;
};

/* In asym_request::drv */
struct fake_request {
	struct fake_device *fake;
	struct asym_exec_request *exec;
	int status;
	unsigned int out_len;
};

static_assert(sizeof(struct fake_request) <= sizeof_field(struct asym_request, drv));

static struct fake_device *to_fake(struct asym_device *dev)
{
	return container_of(dev, struct fake_device, dev);
}

static struct fake_session *find_session(struct fake_device *fake, u64 handle)
{
	struct fake_session *session;

	list_for_each_entry(session, &fake->sessions, list)
		if (session->handle == handle)
			return session;
	return NULL;
}

static void free_session(struct fake_session *session)
{
	if (session->key)
		asym_exec_key_put(session->key);
	kfree(session);
}

static int fake_open(struct asym_device *dev, const struct asym_session_params *params, u64 *handle)
{
	struct fake_device *fake = to_fake(dev);
	struct fake_session *session;
	int err = 0;

	atomic_inc(&fake->open_calls);
	wait_event(fake->gate, !READ_ONCE(fake->open_wait) || READ_ONCE(fake->gone));
	if (READ_ONCE(fake->gone))
		return -ENODEV;
	if (fake->open_err)
		return fake->open_err;
	session = kzalloc_obj(*session);
	if (!session)
		return -ENOMEM;
	if (!fake->large || params->key->bits <= ASYM_RSA_MAX_BITS)
		session->key = asym_exec_key_create(fake->exec, params->key);
	if (IS_ERR(session->key)) {
		err = PTR_ERR(session->key);
		kfree(session);
		return err;
	}

	spin_lock_bh(&fake->lock);
	if (fake->capacity && fake->nr_sessions >= fake->capacity) {
		err = fake->full_err;
	} else {
		fake->forget = false;
		session->handle = ++fake->next_handle;
		list_add(&session->list, &fake->sessions);
		fake->nr_sessions++;
		atomic_inc(&fake->opens);
		*handle = session->handle;
	}
	spin_unlock_bh(&fake->lock);

	if (err)
		free_session(session);
	return err;
}

static void fake_close(struct asym_device *dev, u64 handle)
{
	struct fake_device *fake = to_fake(dev);
	struct fake_session *session;

	spin_lock_bh(&fake->lock);
	session = find_session(fake, handle);
	if (session) {
		list_del(&session->list);
		fake->nr_sessions--;
	}
	spin_unlock_bh(&fake->lock);

	atomic_inc(&fake->closes);
	if (session)
		free_session(session);
	else
		pr_err("%s: close of an unknown session\n", dev->name);
}

static void answer(struct asym_request *req)
{
	struct fake_request *freq = (void *)req->drv;
	struct fake_device *fake = freq->fake;

	spin_lock_bh(&fake->lock);
	fake->inflight--;
	spin_unlock_bh(&fake->lock);
	asym_request_done(req, freq->status, freq->out_len);
}

/* The number without its leading zeros, as long as it is then, or as long as it was. */
static void strip_zeros(struct asym_request *req, struct fake_request *freq)
{
	unsigned int zeros = 0;

	while (zeros < freq->out_len - 1 && !req->out[zeros])
		zeros++;
	memmove(req->out, req->out + zeros, freq->out_len - zeros);
	if (freq->fake->strip)
		freq->out_len -= zeros;
}

static void fake_computed(struct asym_exec_request *exec, int err)
{
	struct asym_request *req = exec->data;
	struct fake_request *freq = (void *)req->drv;
	struct fake_device *fake = freq->fake;
	bool hold;

	freq->status = fake->status ?: err;
	freq->out_len = exec->dst_len;
	if (fake->unsupported & BIT(req->op))
		freq->status = -EOPNOTSUPP;
	if (req->op == ASYM_VERIFY && err && fake->credulous)
		freq->status = 0;
	if (req->op == ASYM_VERIFY && err && fake->leave_at_bad)
		freq->status = -ENODEV;
	if (fake->garbage && req->op == ASYM_SIGN)
		req->out[0] ^= 1;
	if (fake->wrong & BIT(req->op)) {
		if (req->op == ASYM_VERIFY)
			freq->status = freq->status ? 0 : -EKEYREJECTED;
		else
			req->out[freq->out_len / 2] ^= 0x10;
	}
	if ((fake->strip || fake->misplaced) && !freq->status && req->algo == ASYM_RSA)
		strip_zeros(req, freq);
	kfree_sensitive(exec);

	spin_lock_bh(&fake->lock);
	hold = fake->hold;
	if (hold)
		list_add_tail(&req->list, &fake->held);
	spin_unlock_bh(&fake->lock);
	if (!hold)
		answer(req);
}

/* @key is the caller's, and needed during the call only. */
static int fake_compute(struct asym_request *req, struct asym_exec_key *key)
{
	struct fake_request *freq = (void *)req->drv;
	struct asym_exec_request *exec = freq->exec;

	exec->key = key;
	exec->op = req->op;
	exec->padding = req->padding;
	exec->hash = req->hash;
	exec->src = req->in;
	exec->src_len = req->in_len;
	if (req->op == ASYM_VERIFY) {
		exec->digest = req->in + req->in_len;
		exec->digest_len = req->digest_len;
	} else {
		exec->dst = req->out;
		exec->dst_len = req->out_len;
	}
	exec->complete = fake_computed;
	exec->data = req;
	return asym_exec_submit(exec);
}

/* Prepares a request's key, which sleeps. */
struct fake_key_work {
	struct work_struct work;
	struct asym_request *req;
};

static void fake_key_work(struct work_struct *work)
{
	struct fake_key_work *key_work = container_of(work, struct fake_key_work, work);
	struct asym_request *req = key_work->req;
	struct fake_request *freq = (void *)req->drv;
	struct asym_exec_key *key = asym_exec_key_create(freq->fake->exec, req->key);

	kfree(key_work);
	if (IS_ERR(key)) {
		kfree(freq->exec);
		freq->status = PTR_ERR(key);
		freq->out_len = 0;
		answer(req);
		return;
	}
	fake_compute(req, key);
	asym_exec_key_put(key);
}

static void fake_commit(struct asym_device *dev)
{
	struct fake_device *fake = to_fake(dev);

	atomic_inc(&fake->commits);
	atomic_set(&fake->unseen, 0);
}

static void fake_cancel(struct asym_device *dev, struct asym_request *req)
{
	atomic_inc(&to_fake(dev)->cancels);
}

static int fake_submit(struct asym_device *dev, struct asym_request *req)
{
	struct fake_request *freq = (void *)req->drv;
	struct fake_device *fake = to_fake(dev);
	struct asym_exec_request *exec;
	struct fake_key_work *key_work;
	struct fake_session *session;
	bool busy;

	if (req->key && fake->key_err)
		return fake->key_err;
	exec = kzalloc(asym_exec_request_size(fake->exec), GFP_ATOMIC);
	if (!exec)
		return -EBUSY;

	spin_lock_bh(&fake->lock);
	busy = fake->depth && fake->inflight >= fake->depth;
	if (!busy)
		fake->inflight++;
	session = fake->forget ? NULL : find_session(fake, req->handle);
	spin_unlock_bh(&fake->lock);
	if (busy) {
		atomic_inc(&fake->refused);
		kfree(exec);
		return -EBUSY;
	}

	atomic_inc(&fake->submits);
	if (req->more)
		atomic_inc(&fake->unseen);
	else
		atomic_set(&fake->unseen, 0);
	freq->fake = fake;
	freq->exec = exec;
	if (req->key && fake->key_status) {
		kfree(exec);
		freq->status = fake->key_status;
		freq->out_len = 0;
		answer(req);
		return 0;
	}
	if (req->key) {
		atomic_inc(&fake->inline_keys);
		key_work = kzalloc_obj(*key_work, GFP_ATOMIC);
		if (!key_work) {
			kfree(exec);
			return -ENOMEM;
		}
		INIT_WORK(&key_work->work, fake_key_work);
		key_work->req = req;
		schedule_work(&key_work->work);
		return 0;
	}
	if (session && !session->key) {
		kfree(exec);
		memcpy(req->out, req->in, req->in_len);
		freq->status = fake->status;
		freq->out_len = req->in_len;
		answer(req);
		return 0;
	}
	if (!session) {
		kfree(exec);
		freq->status = -ESTALE;
		freq->out_len = 0;
		answer(req);
		return 0;
	}

	/* The session is not closed while the request uses it. */
	return fake_compute(req, session->key);
}

static const struct asym_device_ops fake_ops = {
	.open = fake_open,
	.close = fake_close,
	.submit = fake_submit,
	.cancel = fake_cancel,
	.commit = fake_commit,
};

/**
 * fake_device_init() - make a device that can do everything
 * @fake: zeroed; its knobs may be changed afterwards
 * @name: its name
 *
 * Return: 0 or an errno.
 */
int fake_device_init(struct fake_device *fake, const char *name)
{
	const struct asym_exec_params params = {
		.name = name,
		.drivers = "rsa-generic",
	};

	fake->exec = asym_exec_create(&params);
	if (IS_ERR(fake->exec))
		return PTR_ERR(fake->exec);
	spin_lock_init(&fake->lock);
	init_waitqueue_head(&fake->gate);
	INIT_LIST_HEAD(&fake->sessions);
	INIT_LIST_HEAD(&fake->held);
	fake->full_err = -ENOSPC;
	fake->dev.name = name;
	fake->dev.ops = &fake_ops;
	asym_exec_caps(fake->exec, &fake->dev.caps);
	return 0;
}

/**
 * fake_device_release() - answer what was held
 * @fake: the device
 * @status: the answer; 0: the computed one
 *
 * Return: how many were answered.
 */
unsigned int fake_device_release(struct fake_device *fake, int status)
{
	struct fake_request *freq;
	struct asym_request *req;
	unsigned int nr = 0;

	for (;;) {
		spin_lock_bh(&fake->lock);
		req = list_first_entry_or_null(&fake->held, struct asym_request, list);
		if (req)
			list_del(&req->list);
		spin_unlock_bh(&fake->lock);
		if (!req)
			return nr;
		freq = (void *)req->drv;
		if (status) {
			freq->status = status;
			memset(req->out, 0x5a, req->out_len);
		}
		answer(req);
		nr++;
	}
}

/**
 * fake_device_remove() - unplug a registered device
 * @fake: the device; what it holds is answered with -ENODEV
 */
void fake_device_remove(struct fake_device *fake)
{
	WRITE_ONCE(fake->gone, true);
	wake_up_all(&fake->gate);
	asym_device_quiesce(&fake->dev);
	spin_lock_bh(&fake->lock);
	fake->hold = false;
	fake->status = -ENODEV;
	spin_unlock_bh(&fake->lock);
	fake_device_release(fake, -ENODEV);
	asym_device_unregister(&fake->dev);
	fake->gone = false;
}

/**
 * fake_device_exit() - free a device
 * @fake: not registered
 */
void fake_device_exit(struct fake_device *fake)
{
	struct fake_session *session, *next;

	list_for_each_entry_safe(session, next, &fake->sessions, list)
		free_session(session);
	if (!IS_ERR_OR_NULL(fake->exec))
		asym_exec_destroy(fake->exec);
}
