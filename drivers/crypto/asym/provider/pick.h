/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which device an operation goes to. See pick.c.
 */
#ifndef _ASYM_PROVIDER_PICK_H
#define _ASYM_PROVIDER_PICK_H

#include <linux/ktime.h>

#define PROVIDER_EXPLORE	HZ	/* policy latency: an idle device is tried so often */

struct asym_device_priv;
struct provider_op;

struct asym_device_priv *provider_pick_locked(struct provider_op *op);
void provider_pick_in_time_locked(struct asym_device_priv *pdev);
void provider_pick_too_late_locked(struct asym_device_priv *pdev);
void provider_measure(struct asym_device_priv *pdev, ktime_t sent, int status);

#endif /* _ASYM_PROVIDER_PICK_H */
