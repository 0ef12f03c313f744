/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters. See debugfs.c.
 */
#ifndef _VIRTIO_CRYPTO_DEBUGFS_H
#define _VIRTIO_CRYPTO_DEBUGFS_H

struct vcrypto;

void vcrypto_debugfs_init(void);
void vcrypto_debugfs_exit(void);
void vcrypto_debugfs_add(struct vcrypto *vc);
void vcrypto_debugfs_del(struct vcrypto *vc);

#endif /* _VIRTIO_CRYPTO_DEBUGFS_H */
