/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class of algorithms that all devices share. See class.c.
 */
#ifndef _VIRTIO_CRYPTO_CLASS_H
#define _VIRTIO_CRYPTO_CLASS_H

struct asym_class;

extern struct asym_class *vcrypto_class;
long vcrypto_max_wait(void);
int vcrypto_class_create(void);
void vcrypto_class_destroy(void);

#endif /* _VIRTIO_CRYPTO_CLASS_H */
