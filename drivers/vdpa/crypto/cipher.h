/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CIPHER service. See cipher.c.
 */
#ifndef _VDPA_CRYPTO_CIPHER_H
#define _VDPA_CRYPTO_CIPHER_H

#include <linux/sizes.h>
#include <linux/types.h>
#include <uapi/linux/virtio_crypto.h>

struct vc_create_req;
struct vc_dev;

/* Bytes of input of a cipher's request */
#define VC_CIPHER_MAX	SZ_1M

/**
 * struct vc_cipher_hdr - the fixed part of a cipher's data request
 * @opcode: VIRTIO_CRYPTO_CIPHER_*
 * @stateless: the key is in the request
 * @session: else this is the session's id
 * @algo: with @stateless: VIRTIO_CRYPTO_CIPHER_*
 * @key_len: with @stateless: bytes of the key
 * @op: with @stateless: VIRTIO_CRYPTO_OP_*
 * @op_type: VIRTIO_CRYPTO_SYM_OP_*
 * @iv_len: bytes of the IV
 * @src: bytes of input
 * @dst: bytes of output
 */
struct vc_cipher_hdr {
	u32 opcode;
	bool stateless;
	u64 session;
	u32 algo;
	u32 key_len;
	u32 op;
	u32 op_type;
	u32 iv_len;
	u32 src;
	u32 dst;
};

/**
 * struct vc_cipher_req - what a cipher's data request says, checked
 * @key_len: bytes of the key that comes first, at most AES_MAX_KEY_SIZE; 0: it is for a session
 * @session: session id
 * @len: bytes of input, a multiple of AES_BLOCK_SIZE, and of output
 * @decrypt: or encrypt
 */
struct vc_cipher_req {
	u32 key_len;
	u64 session;
	u32 len;
	bool decrypt;
};

int vc_cipher_init(struct vc_dev *vc);
void vc_cipher_exit(struct vc_dev *vc);
u8 vc_cipher_parse_key(const struct virtio_crypto_sym_create_session_req *create, size_t readable,
		       struct vc_create_req *out);
unsigned int vc_cipher_flf_len(u64 features);
void vc_cipher_parse_hdr(const struct virtio_crypto_op_header *header, const u8 *flf, u64 features,
			 struct vc_cipher_hdr *out);
u8 vc_cipher_parse(const struct vc_cipher_hdr *hdr, u64 features, size_t readable, size_t writable,
		   struct vc_cipher_req *out);

#endif /* _VDPA_CRYPTO_CIPHER_H */
