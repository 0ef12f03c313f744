/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who refers to a device. See ref.c.
 */
#ifndef _ASYM_PROVIDER_REF_H
#define _ASYM_PROVIDER_REF_H

#include <linux/types.h>

struct asym_device_priv;

bool provider_device_enter(struct asym_device_priv *pdev);
void provider_device_exit(struct asym_device_priv *pdev);
void provider_device_put(struct asym_device_priv *pdev);

#endif /* _ASYM_PROVIDER_REF_H */
