/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The parts of the virtio crypto device that <linux/virtio_crypto.h> lacks: revision 1, and the
 * stateless modes of the CIPHER and AKCIPHER services (virtio 1.3, 5.9.3, 5.9.7.6 and 5.9.7.8).
 */
#ifndef _UAPI_LINUX_VIRTIO_CRYPTO_STATELESS_H
#define _UAPI_LINUX_VIRTIO_CRYPTO_STATELESS_H

#include <linux/types.h>
#include <linux/virtio_crypto.h>

/* Feature bits (5.9.3) */
#define VIRTIO_CRYPTO_F_REVISION_1			0
#define VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE		1
#define VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE		5

/* virtio_crypto_op_header.flag, with revision 1: the request is for a session */
#define VIRTIO_CRYPTO_FLAG_SESSION_MODE			1

/*
 * virtio_crypto_akcipher_data_flf_stateless. Once the stateless mode is negotiated
 * every AKCIPHER request has it after the header; in session mode sess_para counts
 * for nothing, and no key follows.
 */
struct virtio_crypto_akcipher_stateless_para {
	struct virtio_crypto_akcipher_session_para sess_para;
	__le32 src_data_len;
	__le32 dst_data_len;
};

/*
 * virtio_crypto_sym_data_flf_stateless with virtio_crypto_cipher_data_flf_stateless in it. Once
 * the stateless mode is negotiated every CIPHER request has it after the header; in session mode
 * the first three fields count for nothing, and no key follows.
 */
struct virtio_crypto_cipher_stateless_para {
	__le32 algo;
	__le32 key_len;
	__le32 op;
	__le32 iv_len;
	__le32 src_data_len;
	__le32 dst_data_len;
	__u8 padding[48];
	__le32 op_type;
};

#endif /* _UAPI_LINUX_VIRTIO_CRYPTO_STATELESS_H */
