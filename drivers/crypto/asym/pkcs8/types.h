/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _PKCS8_INT_H
#define _PKCS8_INT_H

#include <linux/types.h>

struct public_key;

/**
 * struct pkcs8_key - a private key; points into the parsed data
 * @algo: LKCF's name of the algorithm, as in struct public_key
 * @der: contents of the OCTET STRING: RFC 8017 RSAPrivateKey or RFC 5915 ECPrivateKey
 * @der_len: bytes at @der
 */
struct pkcs8_key {
	const char *algo;
	const u8 *der;
	size_t der_len;
};

struct public_key *pkcs8_parse(const void *data, size_t len);
int pkcs8_parse_ec(struct pkcs8_key *key, const u8 *data, size_t len);

#endif /* _PKCS8_INT_H */
