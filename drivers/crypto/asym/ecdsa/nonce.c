// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deterministic nonce of RFC 6979, 3.2.
 *
 * LKCF passes a digest without the hash that made it, so the length of the digest selects the hash
 * for HMAC: SHA-1, SHA-2 of 224, 256, 384 or 512 bits, and SHA-512 for other lengths. For a SHA-1
 * or SHA-2 digest the nonce is the RFC's.
 *
 * Concurrent signatures share the transforms. Therefore these are plain hashes: an "hmac(...)" has
 * its key in the transform. A hash has no key, so no secret stays in the transform.
 */
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <crypto/sha1.h>
#include <crypto/sha2.h>

#include "types.h"

static struct {
	const char *name;
	unsigned int digest_size;
	struct crypto_shash *tfm;
} hashes[] = {
	{ "sha1", SHA1_DIGEST_SIZE },
	{ "sha224", SHA224_DIGEST_SIZE },
	{ "sha256", SHA256_DIGEST_SIZE },
	{ "sha384", SHA384_DIGEST_SIZE },
	{ "sha512", SHA512_DIGEST_SIZE },
};

static size_t descsize;

/* Bytes that a nonce's @desc needs; valid once ecdsa_nonce_init() has run */
size_t ecdsa_nonce_descsize(void)
{
	return descsize;
}

void ecdsa_nonce_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hashes); i++) {
		if (!IS_ERR_OR_NULL(hashes[i].tfm))
			crypto_free_shash(hashes[i].tfm);
		hashes[i].tfm = NULL;
	}
}

int ecdsa_nonce_init(void)
{
	struct crypto_shash *tfm;
	int i;

	for (i = 0; i < ARRAY_SIZE(hashes); i++) {
		tfm = crypto_alloc_shash(hashes[i].name, 0, 0);
		if (IS_ERR(tfm)) {
			ecdsa_nonce_exit();
			return PTR_ERR(tfm);
		}
		hashes[i].tfm = tfm;
		descsize = max_t(size_t, descsize,
				 sizeof(struct shash_desc) + crypto_shash_descsize(tfm));
	}
	return 0;
}

static struct crypto_shash *hash_of_digest(unsigned int len)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hashes) - 1; i++)
		if (hashes[i].digest_size == len)
			break;
	return hashes[i].tfm;
}

/* Begin a hash of K, padded to a block and XORed with @pad. K is no longer than a block. */
static int hmac_pad(struct ecdsa_nonce *nonce, u8 pad)
{
	unsigned int size = crypto_shash_blocksize(nonce->hash);
	int i;

	memset(nonce->block, pad, size);
	for (i = 0; i < nonce->hlen; i++)
		nonce->block[i] ^= nonce->k[i];
	return crypto_shash_init(nonce->desc) ?:
	       crypto_shash_update(nonce->desc, nonce->block, size);
}

/* out = HMAC_K(V || data); @out may be K or V. */
static int hmac(struct ecdsa_nonce *nonce, const u8 *data, unsigned int len, u8 *out)
{
	u8 inner[HASH_MAX_DIGESTSIZE];
	int err;

	err = hmac_pad(nonce, 0x36) ?:
	      crypto_shash_update(nonce->desc, nonce->v, nonce->hlen) ?:
	      crypto_shash_finup(nonce->desc, data, len, inner) ?:
	      hmac_pad(nonce, 0x5c) ?:
	      crypto_shash_finup(nonce->desc, inner, nonce->hlen, out);
	memzero_explicit(inner, sizeof(inner));
	return err;
}

/**
 * ecdsa_nonce_start() - start the generator: steps a to g
 * @nonce: the generator; @nonce->desc has ecdsa_nonce_descsize() bytes; the caller wipes both
 * @curve: of the key
 * @d: the private key
 * @digest: of the message
 * @len: bytes at @digest
 *
 * Context: process context.
 * Return: 0 or what the hash failed with.
 */
int ecdsa_nonce_start(struct ecdsa_nonce *nonce, const struct ecdsa_curve *curve, const u32 *d,
		      const u8 *digest, unsigned int len)
{
	unsigned int size = 1 + 2 * curve->bytes;
	u8 data[1 + 2 * ECDSA_BYTES];
	u32 z[ECDSA_LIMBS];
	int err;

	nonce->hash = hash_of_digest(len);
	nonce->hlen = crypto_shash_digestsize(nonce->hash);
	nonce->desc->tfm = nonce->hash;
	nonce->again = false;

	ecdsa_num_bits_to_int(&curve->n, z, digest, len);
	ecdsa_mod_reduce(&curve->n, z, z);
	ecdsa_num_to_bytes(data + 1, curve->bytes, d);
	ecdsa_num_to_bytes(data + 1 + curve->bytes, curve->bytes, z);

	memset(nonce->v, 1, nonce->hlen);
	memset(nonce->k, 0, nonce->hlen);
	data[0] = 0;
	err = hmac(nonce, data, size, nonce->k) ?: hmac(nonce, NULL, 0, nonce->v);
	if (!err) {
		data[0] = 1;
		err = hmac(nonce, data, size, nonce->k) ?: hmac(nonce, NULL, 0, nonce->v);
	}
	memzero_explicit(data, sizeof(data));
	return err;
}

/**
 * ecdsa_nonce_next() - make the next nonce: step h
 * @nonce: ecdsa_nonce_start() set it up
 * @curve: of the key
 * @k: a nonce in [1, n - 1]; the caller wipes it
 *
 * Context: process context.
 * Return: 0 or what the hash failed with.
 */
int ecdsa_nonce_next(struct ecdsa_nonce *nonce, const struct ecdsa_curve *curve, u32 *k)
{
	static const u8 zero[1];
	unsigned int have, part;
	int err;

	do {
		if (nonce->again) {
			err = hmac(nonce, zero, sizeof(zero), nonce->k) ?:
			      hmac(nonce, NULL, 0, nonce->v);
			if (err)
				return err;
		}
		nonce->again = true;
		for (have = 0; have < curve->bytes; have += part) {
			err = hmac(nonce, NULL, 0, nonce->v);
			if (err)
				return err;
			part = min(nonce->hlen, curve->bytes - have);
			memcpy(nonce->t + have, nonce->v, part);
		}
		ecdsa_num_bits_to_int(&curve->n, k, nonce->t, curve->bytes);
	} while (!ecdsa_mod_scalar(&curve->n, k));
	return 0;
}
