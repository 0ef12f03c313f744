/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device as vhost_vdpa and virtio_vdpa see it. See ops.c.
 */
#ifndef _VDPA_CRYPTO_OPS_H
#define _VDPA_CRYPTO_OPS_H

#include <linux/bits.h>
#include <linux/vdpa.h>
#include <uapi/linux/virtio_config.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

/* Features a driver must accept, those it may, and those it may if there are ciphers */
#define VC_FEATURES_NEEDED	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))
#define VC_FEATURES_OFFERED	(VC_FEATURES_NEEDED | BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1) |	\
				 BIT_ULL(VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE))
#define VC_FEATURES_CIPHER	BIT_ULL(VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE)

extern const struct vdpa_config_ops vc_ops;

#endif /* _VDPA_CRYPTO_OPS_H */
