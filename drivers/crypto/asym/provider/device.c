// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registration and removal of devices.
 *
 * register:	known-answer tests, then into asym_class::devices, where
 *		op/route.c finds the device; the first device registers the
 *		algorithms
 * quiesce:	out of that list; no function of the driver is running or will
 *		be called (asym_device_priv::calls); operations that waited for
 *		the device go elsewhere
 * unregister:	waits for requests that the driver still has; drops sessions
 *
 * asym_device_priv outlives the driver's asym_device as long as a session or
 * request refers to it. All functions here are for process context and may
 * sleep, unless they say otherwise. Locks: asym_class::lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "class.h"
#include "debugfs.h"
#include "device.h"
#include "kat.h"
#include "op/backlog.h"
#include "ref.h"
#include "session.h"
#include "shared.h"
#include "stats.h"

/* The least time between two tests of a device */
#define RETEST_SECS	60

static void device_calls_gone(struct percpu_ref *calls)
{
	complete(&container_of(calls, struct asym_device_priv, calls)->calls_gone);
}

static void device_kick_work(struct work_struct *work)
{
	struct asym_device_priv *pdev = container_of(work, struct asym_device_priv, kick_work);

	if (provider_device_enter(pdev)) {
		asym_device_kick(pdev->dev);
		provider_device_exit(pdev);
	}
}

/*
 * Stop using a device. Operations that wait for it go elsewhere. The device stays registered and
 * answers its requests; its sessions are closed. provider_device_enter() was successful, so the
 * device is not removed meanwhile.
 */
static void device_distrust(struct asym_device_priv *pdev)
{
	struct asym_class *class = pdev->class;
	struct provider_session *session, *next;
	LIST_HEAD(backlog);
	bool live;

	spin_lock_bh(&class->lock);
	live = pdev->live;
	WRITE_ONCE(pdev->live, false);
	list_del_init(&pdev->node);
	provider_backlog_take_locked(pdev, &backlog);
	list_for_each_entry_safe(session, next, &pdev->idle, idle_node) {
		provider_session_detach_locked(session);
		list_add_tail(&session->key_node, &class->reap_sessions);
	}
	spin_unlock_bh(&class->lock);
	queue_work(provider_open_wq, &class->reap_work);
	if (live)
		provider_class_tell_ready(class);
	provider_redispatch(&backlog);
}

/*
 * A key whose exponents do not belong together gives results that look wrong on every device. Only
 * the vectors of the known-answer tests show whether the device computes wrongly.
 */
static void device_retest_work(struct work_struct *work)
{
	struct asym_device_priv *pdev = container_of(work, struct asym_device_priv, retest_work);

	atomic_set(&pdev->wrong, 0);
	if (pdev->retested && time_before(jiffies, pdev->retested + RETEST_SECS * HZ))
		return;
	pdev->retested = jiffies ?: 1;
	if (!READ_ONCE(pdev->live) || provider_kat(pdev) != -EBADMSG ||
	    !provider_device_enter(pdev))
		return;
	device_distrust(pdev);
	provider_device_exit(pdev);
	pr_err("%s: device %s gets no operation any more: mend the accelerator behind it; a path is tested again when it connects, a virtio device when it is bound\n",
	       pdev->class->name, pdev->name);
}

static struct asym_device_priv *device_new(struct asym_class *class, struct asym_device *dev)
{
	struct asym_device_priv *pdev;
	int err;

	pdev = kzalloc_obj(*pdev);
	if (!pdev)
		return ERR_PTR(-ENOMEM);
	if (strscpy(pdev->name, dev->name, sizeof(pdev->name)) < 0) {
		err = -ENAMETOOLONG;
		goto err_free;
	}
	err = -ENOMEM;
	pdev->stats = alloc_percpu(struct provider_device_stats);
	if (!pdev->stats)
		goto err_free;
	err = percpu_ref_init(&pdev->calls, device_calls_gone, 0, GFP_KERNEL);
	if (err)
		goto err_free;

	kref_init(&pdev->ref);
	pdev->dev = dev;
	pdev->class = class;
	pdev->caps = dev->caps;
	pdev->flags = dev->flags;
	pdev->max_sessions = dev->max_sessions;
	init_completion(&pdev->calls_gone);
	init_waitqueue_head(&pdev->wait);
	INIT_WORK(&pdev->kick_work, device_kick_work);
	INIT_WORK(&pdev->retest_work, device_retest_work);
	INIT_LIST_HEAD(&pdev->node);
	INIT_LIST_HEAD(&pdev->backlog);
	INIT_LIST_HEAD(&pdev->sessions);
	INIT_LIST_HEAD(&pdev->idle);
	pdev->picked = jiffies;
	return pdev;

err_free:
	free_percpu(pdev->stats);
	kfree(pdev);
	return ERR_PTR(err);
}

static int device_check(struct asym_class *class, struct asym_device *dev)
{
	const struct asym_caps *caps = &dev->caps;

	if (!dev->name || !*dev->name || !dev->ops || !dev->ops->open || !dev->ops->close ||
	    !dev->ops->submit) {
		pr_err("%s: device without a name or an operation\n", class->name);
		return -EINVAL;
	}
	if ((caps->algos & BIT(ASYM_RSA) && caps->rsa_ops &&
	     caps->rsa_paddings & BIT(ASYM_PAD_RAW)) ||
	    (caps->algos & BIT(ASYM_ECDSA) && caps->ec_ops && caps->ec_curves))
		return 0;
	pr_err("%s: device %s offers neither raw RSA nor ECDSA\n", class->name, dev->name);
	return -EOPNOTSUPP;
}

/* From here on operations go to it. */
static int device_publish(struct asym_device_priv *pdev)
{
	struct asym_class *class = pdev->class;
	struct asym_device_priv *other;
	int err = 0;

	spin_lock_bh(&class->lock);
	list_for_each_entry(other, &class->devices, node)
		if (!strcmp(other->name, pdev->name))
			err = -EEXIST;
	if (!err && class->device_ids == U64_MAX)
		err = -ENOSPC;
	if (!err) {
		pdev->id = __ffs64(~class->device_ids);
		class->device_ids |= BIT_ULL(pdev->id);
		class->nr_devices++;
		provider_object(PROVIDER_OBJECT_DEVICES, 1);
		WRITE_ONCE(pdev->live, true);
		list_add_tail(&pdev->node, &class->devices);
	}
	spin_unlock_bh(&class->lock);

	if (err == -EEXIST)
		pr_err("%s: there is a device %s already\n", class->name, pdev->name);
	else if (err)
		pr_err("%s: no room for device %s: there are %u already\n", class->name,
		       pdev->name, PROVIDER_MAX_DEVICES);
	else
		provider_class_tell_ready(class);
	return err;
}

/* Wait until no function of the driver runs. Operations that wait for the device go elsewhere. */
static void device_stop(struct asym_device_priv *pdev)
{
	struct asym_class *class = pdev->class;
	LIST_HEAD(backlog);

	if (pdev->stopped)
		return;
	pdev->stopped = true;

	spin_lock_bh(&class->lock);
	WRITE_ONCE(pdev->live, false);
	list_del_init(&pdev->node);
	spin_unlock_bh(&class->lock);
	provider_class_tell_ready(class);

	percpu_ref_kill(&pdev->calls);
	wait_for_completion(&pdev->calls_gone);
	cancel_work_sync(&pdev->kick_work);

	/* It is not live: nothing is added any more. */
	spin_lock_bh(&class->lock);
	provider_backlog_take_locked(pdev, &backlog);
	spin_unlock_bh(&class->lock);
	provider_redispatch(&backlog);
}

static void device_forget_sessions(struct asym_device_priv *pdev)
{
	struct asym_class *class = pdev->class;
	struct provider_session *session;

	/* Sessions in use are freed by their last user, those being opened by their opener. */
	spin_lock_bh(&class->lock);
	while (!list_empty(&pdev->sessions)) {
		session = list_first_entry(&pdev->sessions, struct provider_session, dev_node);
		provider_session_detach_locked(session);
		if (session->state != PROVIDER_SESSION_OPENING && !session->users)
			list_add_tail(&session->key_node, &class->reap_sessions);
	}
	spin_unlock_bh(&class->lock);
	queue_work(provider_open_wq, &class->reap_work);
}

/**
 * asym_device_register() - test a device and use it for operations
 * @class: the class that it joins
 * @dev: the device; it works already, and the driver keeps it until
 *	asym_device_unregister()
 *
 * Runs the known-answer tests. The class's first device makes it register its
 * algorithms (once: they stay), and waits for the kernel's self-tests of these.
 *
 * Context: process; may sleep, as long as the device takes.
 * Return: 0. -EBADMSG: the device computed wrongly. -ETIMEDOUT: it did not
 * answer; the driver must answer the requests that it still has, as before
 * asym_device_unregister(). -EOPNOTSUPP: it supports no usable algorithm.
 * -EEXIST: there is a device of this name, or other algorithms have these names.
 * Other errors are the device's. After any failure nothing refers to @dev.
 */
int asym_device_register(struct asym_class *class, struct asym_device *dev)
{
	struct asym_device_priv *pdev;
	int err;

	dev->p = NULL;
	err = device_check(class, dev);
	if (err)
		return err;
	pdev = device_new(class, dev);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	dev->p = pdev;

	err = provider_kat(pdev);
	if (err)
		goto err_stop;
	err = device_publish(pdev);
	if (err)
		goto err_stop;
	provider_debugfs_add_device(pdev);

	err = provider_class_go_live(class);
	if (err) {
		asym_device_quiesce(dev);
		asym_device_unregister(dev);
		return err;
	}
	return 0;

err_stop:
	dev->p = NULL;
	device_stop(pdev);
	provider_device_put(pdev);
	return err;
}
EXPORT_SYMBOL_GPL(asym_device_register);

/**
 * asym_device_quiesce() - stop calls into the driver of a device
 * @dev: a registered device; otherwise the call has no effect
 *
 * On return no ->open, ->close or ->submit runs or will run. The driver then
 * makes the device stop accessing memory and answers all its requests with
 * asym_request_done(req, -ENODEV, 0). These operations, and those that waited
 * for the device, are computed elsewhere. Waits for running calls, so the
 * driver must let an ->open return if the device died.
 *
 * Context: process; may sleep.
 */
void asym_device_quiesce(struct asym_device *dev)
{
	if (dev->p)
		device_stop(dev->p);
}
EXPORT_SYMBOL_GPL(asym_device_quiesce);

/**
 * asym_device_unregister() - remove a device from its class
 * @dev: a registered device; otherwise the call has no effect
 *
 * Waits until all its requests are answered. Drops its sessions without
 * ->close. On return nothing refers to @dev. Includes asym_device_quiesce() if
 * that was not called.
 *
 * Context: process; may sleep.
 */
void asym_device_unregister(struct asym_device *dev)
{
	struct asym_device_priv *pdev = dev->p;
	struct asym_class *class;

	if (!pdev)
		return;
	class = pdev->class;

	device_stop(pdev);
	device_forget_sessions(pdev);
	wait_event(pdev->wait, !atomic_read(&pdev->inflight));
	/* It waits for nothing any more. */
	cancel_work_sync(&pdev->retest_work);
	/* A late asym_device_kick() from an interrupt. */
	cancel_work_sync(&pdev->kick_work);
	provider_debugfs_del_device(pdev);

	spin_lock_bh(&class->lock);
	class->device_ids &= ~BIT_ULL(pdev->id);
	class->nr_devices--;
	provider_object(PROVIDER_OBJECT_DEVICES, -1);
	spin_unlock_bh(&class->lock);

	dev->p = NULL;
	provider_device_put(pdev);
}
EXPORT_SYMBOL_GPL(asym_device_unregister);

/**
 * asym_device_latency_us() - recent time of an operation
 * @dev: the device; registered, or not registered
 *
 * From ->submit to asym_request_done(), for results and refused input, smoothed.
 *
 * Context: any, not while asym_device_register() or asym_device_unregister() runs.
 * Return: microseconds; 0: not known.
 */
u32 asym_device_latency_us(const struct asym_device *dev)
{
	return dev->p ? READ_ONCE(dev->p->latency) / 8 : 0;
}
EXPORT_SYMBOL_GPL(asym_device_latency_us);
