// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who refers to a device: those inside one of its driver's functions (asym_device_priv::calls), and
 * those who keep asym_device_priv itself, sessions and requests. Who refers to a class: its owner,
 * and its algorithms. Any context but hard interrupts.
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

/* asym_class_destroy() waits a little here: usually nothing is left of the class on return. */
DECLARE_WAIT_QUEUE_HEAD(provider_settled);

/**
 * provider_device_enter() - before calling one of a driver's functions
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
 * provider_device_exit() - after the call
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
 * provider_device_retest() - a device may compute wrongly: test it again
 * @pdev: the device; the caller has a reference
 *
 * If a known-answer test fails, no operation goes there any more, until it is registered anew.
 *
 * Context: any but hard interrupts.
 */
void provider_device_retest(struct asym_device_priv *pdev)
{
	/* Who unregisters it waits for the work, from then on. */
	if (!provider_device_enter(pdev))
		return;
	queue_work(provider_open_wq, &pdev->retest_work);
	provider_device_exit(pdev);
}

/**
 * provider_class_get() - another reference to a class
 * @class: the class; the caller has a reference
 */
void provider_class_get(struct asym_class *class)
{
	refcount_inc(&class->refs);
}

/**
 * provider_class_put() - let a reference to a class go
 * @class: the class; freed by a workqueue with its last reference
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
