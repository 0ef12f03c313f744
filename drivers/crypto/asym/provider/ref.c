// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who refers to a device: those inside one of its driver's functions (asym_device_priv::calls), and
 * those who keep asym_device_priv itself, sessions and requests. Any context but hard interrupts.
 */
#include <linux/container_of.h>
#include <linux/kref.h>
#include <linux/percpu-refcount.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "device.h"
#include "ref.h"

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
