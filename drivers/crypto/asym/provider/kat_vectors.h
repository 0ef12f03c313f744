/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors of the known-answer tests. See kat_vectors.c.
 */
#ifndef _PROVIDER_KAT_VECTORS_H
#define _PROVIDER_KAT_VECTORS_H

#include <linux/types.h>

#define KAT_NONE_LEN	36

extern const u8 kat_private_key[1192];
extern const u8 kat_public_key[270];
extern const u8 kat_raw_message[256];
extern const u8 kat_raw_cipher[256];
extern const u8 kat_zero[256];
extern const u8 kat_zero_cipher[256];
extern const u8 kat_zero_signed[256];
extern const u8 kat_short[256];
extern const u8 kat_short_cipher[256];
extern const u8 kat_short_signed[256];
extern const u8 kat_message[26];
extern const u8 kat_pkcs1_cipher[256];
extern const u8 kat_digest[64];
extern const u8 kat_sig_none[256];
extern const u8 kat_sig_sha256[256];
extern const u8 kat_sig_sha384[256];
extern const u8 kat_sig_sha512[256];
extern const u8 kat_p192_private[97];
extern const u8 kat_p192_public[49];
extern const u8 kat_p192_sig[55];
extern const u8 kat_p256_private[121];
extern const u8 kat_p256_public[65];
extern const u8 kat_p256_sig[71];
extern const u8 kat_p384_private[167];
extern const u8 kat_p384_public[97];
extern const u8 kat_p384_sig[103];
extern const u8 kat_p521_private[223];
extern const u8 kat_p521_public[133];
extern const u8 kat_p521_sig[139];

#endif /* _PROVIDER_KAT_VECTORS_H */
