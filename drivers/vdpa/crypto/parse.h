/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contents of requests of the AKCIPHER service, and the status of all. See parse.c.
 */
#ifndef _VDPA_CRYPTO_PARSE_H
#define _VDPA_CRYPTO_PARSE_H

#include <linux/types.h>
#include <uapi/linux/virtio_crypto.h>

struct asym_caps;
struct vc_create_req;

/**
 * struct vc_data_hdr - the fixed part of a data request, whatever its layout
 * @opcode: VIRTIO_CRYPTO_AKCIPHER_*
 * @session: session id, unless @stateless
 * @src: bytes of source
 * @dst: bytes of destination
 * @stateless: the key follows
 * @para: describes it
 */
struct vc_data_hdr {
	u32 opcode;
	u64 session;
	u32 src;
	u32 dst;
	bool stateless;
	struct virtio_crypto_akcipher_session_para para;
};

/**
 * struct vc_data_req - a data request, checked
 * @session: session id
 * @src_len: bytes of input, or of the signature to verify
 * @digest_len: bytes of digest, to verify
 * @dst_len: room for the output
 * @op: enum asym_op
 */
struct vc_data_req {
	u64 session;
	u32 src_len;
	u32 digest_len;
	u32 dst_len;
	u8 op;
};

unsigned int vc_data_hdr_len(u64 features);
u8 vc_parse_data_hdr(const u8 *buf, u64 features, struct vc_data_hdr *out);
u8 vc_parse_key(const struct virtio_crypto_akcipher_session_para *para, size_t readable,
		const struct asym_caps *caps, struct vc_create_req *out);
u8 vc_parse_data(const struct vc_data_hdr *hdr, size_t readable, size_t writable,
		 struct vc_data_req *out);
bool vc_session_allows(u8 algo, u8 padding, u8 op);
u8 vc_op_status(int err, u64 features);
u8 vc_key_status(int err);

#endif /* _VDPA_CRYPTO_PARSE_H */
