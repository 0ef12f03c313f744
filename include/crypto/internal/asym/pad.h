/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asym_lib.ko: PKCS#1 v1.5 padding (RFC 8017) and the hashes it knows, in constant time where
 * a secret is in the block. See drivers/crypto/asym/lib/pad.c.
 */
#ifndef _CRYPTO_INTERNAL_ASYM_PAD_H
#define _CRYPTO_INTERNAL_ASYM_PAD_H

#include <crypto/internal/asym/types.h>

/* 00 01|02, at least eight bytes of padding, 00 */
#define ASYM_PAD_PKCS1_MIN	11

unsigned int asym_hash_digest_size(enum asym_hash hash);
const char *asym_hash_name(enum asym_hash hash);

int asym_pad_raw(const u8 *src, unsigned int src_len, u8 *block, unsigned int size);
int asym_pad_check_range(const u8 *block, const u8 *max, unsigned int size);

int asym_pad_emsa_encode(enum asym_hash hash, const u8 *digest, unsigned int digest_len,
			 u8 *block, unsigned int size);
int asym_pad_emsa_check(enum asym_hash hash, const u8 *digest, unsigned int digest_len,
			const u8 *block, unsigned int size);

int asym_pad_rsaes_encode(const u8 *msg, unsigned int msg_len, u8 *block, unsigned int size);
int asym_pad_rsaes_decode(const u8 *block, unsigned int size, u8 *dst, unsigned int *dst_len);

#endif /* _CRYPTO_INTERNAL_ASYM_PAD_H */
