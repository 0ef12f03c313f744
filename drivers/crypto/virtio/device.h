/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a device is up, in use, or gone. See device.c.
 */
#ifndef _VIRTIO_CRYPTO_DEVICE_H
#define _VIRTIO_CRYPTO_DEVICE_H

struct vcrypto;

void vcrypto_init(struct vcrypto *vc);
void vcrypto_watch(struct vcrypto *vc);
void vcrypto_update_later(struct vcrypto *vc, unsigned long delay);
int vcrypto_up(struct vcrypto *vc);
void vcrypto_leave(struct vcrypto *vc);
void vcrypto_shutdown_begin(void);

#endif /* _VIRTIO_CRYPTO_DEVICE_H */
