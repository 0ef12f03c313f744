/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The meaning of the wire's numbers. See proto.c.
 */
#ifndef _VIRTIO_CRYPTO_PROTO_H
#define _VIRTIO_CRYPTO_PROTO_H

#include <linux/types.h>

struct asym_request;

int vcrypto_errno(u32 status);
int vcrypto_result(struct asym_request *req, unsigned int used, unsigned int *out_len);
unsigned int vcrypto_max_bits(u64 max_size);
unsigned int vcrypto_data_hdr_len(bool rev1, bool stateless);
unsigned int vcrypto_ctrl_req_len(bool rev1, bool destroy);

#endif /* _VIRTIO_CRYPTO_PROTO_H */
