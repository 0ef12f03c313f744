/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Known-answer tests of a device. See kat.c.
 */
#ifndef _ASYM_PROVIDER_KAT_H
#define _ASYM_PROVIDER_KAT_H

struct asym_device_priv;

int provider_kat(struct asym_device_priv *pdev);

#endif /* _ASYM_PROVIDER_KAT_H */
