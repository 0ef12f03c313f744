/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's side of asym_provider. See akcipher.c.
 */
#ifndef _VIRTIO_CRYPTO_AKCIPHER_H
#define _VIRTIO_CRYPTO_AKCIPHER_H

#include <linux/types.h>

struct asym_device_ops;
struct vcrypto;

extern const struct asym_device_ops vcrypto_asym_ops;
u32 vcrypto_akcipher_offered(struct vcrypto *vc);
int vcrypto_probe_caps(struct vcrypto *vc);

#endif /* _VIRTIO_CRYPTO_AKCIPHER_H */
