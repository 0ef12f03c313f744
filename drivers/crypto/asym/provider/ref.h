/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References to devices and classes. See ref.c.
 */
#ifndef _ASYM_PROVIDER_REF_H
#define _ASYM_PROVIDER_REF_H

#include <linux/types.h>
#include <linux/wait.h>

struct asym_class;
struct asym_device_priv;

extern wait_queue_head_t provider_settled;

bool provider_device_enter(struct asym_device_priv *pdev);
void provider_device_exit(struct asym_device_priv *pdev);
void provider_device_retest(struct asym_device_priv *pdev);
void provider_device_put(struct asym_device_priv *pdev);
void provider_class_get(struct asym_class *class);
void provider_class_put(struct asym_class *class);

#endif /* _ASYM_PROVIDER_REF_H */
