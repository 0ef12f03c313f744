/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Common to asym_provider (registers algorithms) and asym_executor (computes
 * them): the names of operations, paddings and hashes, and keys.
 *
 * The numbers of enum asym_algo, asym_curve, asym_padding, asym_hash and asym_op are those
 * of the virtio crypto device (virtio 1.3, 5.9.4.5 "AKCIPHER services" and
 * <linux/virtio_crypto.h>) and of the CoF protocol, so nobody translates.
 */
#ifndef _CRYPTO_INTERNAL_ASYM_TYPES_H
#define _CRYPTO_INTERNAL_ASYM_TYPES_H

#include <linux/bits.h>
#include <linux/types.h>

/** enum asym_algo - what kind of key */
enum asym_algo {
	ASYM_RSA	= 1,
	ASYM_ECDSA	= 3,
};

/** enum asym_curve - of an ECDSA key; the kernel has none of the others */
enum asym_curve {
	ASYM_CURVE_P192	= 1,
	ASYM_CURVE_P256	= 3,
	ASYM_CURVE_P384	= 4,
	ASYM_CURVE_P521	= 5,
	ASYM_CURVE_NR
};

/** enum asym_op - what to do with a key */
enum asym_op {
	ASYM_ENCRYPT	= 0,	/* public key; RSA */
	ASYM_DECRYPT	= 1,	/* private key; RSA */
	ASYM_SIGN	= 2,	/* private key */
	ASYM_VERIFY	= 3,	/* public key */
	ASYM_OP_NR
};

/** enum asym_padding - how an RSA input becomes a block of the modulus' size */
enum asym_padding {
	ASYM_PAD_RAW	= 0,
	ASYM_PAD_PKCS1	= 1,	/* RFC 8017, EMSA-PKCS1-v1_5 and RSAES-PKCS1-v1_5 */
	ASYM_PAD_NR
};

/** enum asym_hash - which DigestInfo a PKCS#1 v1.5 signature carries */
enum asym_hash {
	ASYM_HASH_NONE		= 0,
	ASYM_HASH_MD5		= 4,
	ASYM_HASH_SHA1		= 5,
	ASYM_HASH_SHA256	= 6,
	ASYM_HASH_SHA384	= 7,
	ASYM_HASH_SHA512	= 8,
	ASYM_HASH_SHA224	= 9,
	ASYM_HASH_NR
};

/* Bounds. The kernel's RSA takes 512 to 4096 bits. */
#define ASYM_RSA_MIN_BITS	512
#define ASYM_RSA_MAX_BITS	4096
#define ASYM_MAX_KEY_BYTES	(ASYM_RSA_MAX_BITS / 8)	/* a block: modulus size */
#define ASYM_RSA_MAX_E_BITS	256	/* public exponent; FIPS 186-5, 5.4 */
#define ASYM_MAX_DIGEST		64
#define ASYM_MAX_DER		4096	/* an encoded private key */

/* ECDSA: the longest Ecdsa-Sig-Value and the longest key, of P-521 */
#define ASYM_MAX_EC_SIG		139
#define ASYM_MAX_EC_DER		256

/* Some devices take larger keys, for which there is no software. */
#define ASYM_DEVICE_MAX_BITS	8192
#define ASYM_DEVICE_MAX_DER	8192

/**
 * struct asym_key_data - a key as it crosses every interface here
 * @algo: enum asym_algo
 * @is_private: @der holds a private key
 * @curve: ECDSA: enum asym_curve; RSA: 0
 * @bits: size of the modulus, or of the curve, in bits (filled in by the parser, not by callers)
 * @der: RSA: RFC 8017 RSAPrivateKey or RSAPublicKey, as crypto_akcipher_set_*_key() takes it;
 *	ECDSA: RFC 5915 ECPrivateKey, or a point as SEC 1, 2.3.3 encodes it
 * @der_len: bytes at @der, at most ASYM_MAX_DER; up to ASYM_DEVICE_MAX_DER if a device's
 *	caps say more than ASYM_RSA_MAX_BITS
 *
 * The owner of the memory behind @der wipes it (kfree_sensitive()).
 */
struct asym_key_data {
	u8 algo;
	bool is_private;
	u8 curve;
	unsigned int bits;
	const u8 *der;
	unsigned int der_len;
};

/**
 * struct asym_caps - what a device or an executor can compute
 * @algos: BIT(enum asym_algo)
 * @rsa_ops: BIT(enum asym_op) it takes for RSA
 * @rsa_paddings: BIT(enum asym_padding)
 * @rsa_hashes: BIT(enum asym_hash) it takes with ASYM_PAD_PKCS1 for sign and verify
 * @rsa_min_bits: smallest modulus, bits
 * @rsa_max_bits: largest modulus, bits
 * @ec_curves: BIT(enum asym_curve)
 * @ec_ops: BIT(enum asym_op) it takes for ECDSA
 */
struct asym_caps {
	u32 algos;
	u32 rsa_ops;
	u32 rsa_paddings;
	u32 rsa_hashes;
	u32 rsa_min_bits;
	u32 rsa_max_bits;
	u32 ec_curves;
	u32 ec_ops;
};

#endif /* _CRYPTO_INTERNAL_ASYM_TYPES_H */
