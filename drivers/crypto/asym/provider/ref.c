// SPDX-License-Identifier: GPL-2.0-only
/*
 * References. Running calls of a driver's functions hold asym_device_priv::calls. Sessions and
 * requests hold asym_device_priv. The owner and the algorithms of a class hold the class. Any
 * context but hard interrupts.
 */
#include <linux/container_of.h>
#include <linux/kref.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "class.h"
#include "device.h"
#include "ref.h"
#include "shared.h"

/* asym_class_destroy() waits here for a short time, so the class is usually freed on return. */
DECLARE_WAIT_QUEUE_HEAD(provider_settled);

/**
 * provider_device_enter() - begin a call of a driver's function
 * @pdev: the device
 *
 * Context: any.
 * Return: true: asym_device_priv::dev is valid until provider_device_exit().
 */
bool provider_device_enter(struct asym_device_priv *pdev)
{
	return percpu_ref_tryget_live(&pdev->calls);
}

/**
 * provider_device_exit() - end a call of a driver's function
 * @pdev: the device
 */
void provider_device_exit(struct asym_device_priv *pdev)
{
	percpu_ref_put(&pdev->calls);
}

static void device_release(struct kref *ref)
{
	struct asym_device_priv *pdev = container_of(ref, struct asym_device_priv, ref);

	percpu_ref_exit(&pdev->calls);
	free_percpu(pdev->stats);
	kfree(pdev);
}

/**
 * provider_device_put() - drop a reference
 * @pdev: the device
 *
 * Context: any but hard interrupts; asym_class::lock may be held.
 */
void provider_device_put(struct asym_device_priv *pdev)
{
	kref_put(&pdev->ref, device_release);
}

/**
 * provider_device_retest() - test a device again that may compute wrongly
 * @pdev: the device; the caller has a reference
 *
 * If a known-answer test fails, the device gets no operation until it is registered again.
 *
 * Context: any but hard interrupts.
 */
void provider_device_retest(struct asym_device_priv *pdev)
{
	/* From here on asym_device_unregister() waits for the work. */
	if (!provider_device_enter(pdev))
		return;
	queue_work(provider_open_wq, &pdev->retest_work);
	provider_device_exit(pdev);
}

/**
 * provider_class_get() - take a reference to a class
 * @class: the class; the caller has a reference
 */
void provider_class_get(struct asym_class *class)
{
	refcount_inc(&class->refs);
}

/**
 * provider_class_put() - drop a reference to a class
 * @class: the class; a workqueue frees it after the last reference
 *
 * Context: any.
 */
void provider_class_put(struct asym_class *class)
{
	if (refcount_dec_and_test(&class->refs))
		queue_work(provider_wq, &class->free_work);
	/* All waiters share one queue; each checks its own class. */
	wake_up_all(&provider_settled);
}
