// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys and signatures that the seed decides.
 */
#include "der.h"

EC_KEY *key_of(const struct curve *c, const BIGNUM *d)
{
	EC_KEY *key = EC_KEY_new_by_curve_name(c->nid);
	EC_POINT *q = EC_POINT_new(c->group);

	if (!EC_POINT_mul(c->group, q, d, NULL, NULL, bn_ctx) || !EC_KEY_set_private_key(key, d) ||
	    !EC_KEY_set_public_key(key, q))
		die("making a key");
	EC_POINT_free(q);
	return key;
}

BIGNUM *random_scalar(const struct curve *c)
{
	uint8_t bytes[MAX_BYTES + 8];
	BIGNUM *d, *n1 = BN_dup(c->n);

	rnd_bytes(bytes, sizeof(bytes));
	d = BN_bin2bn(bytes, sizeof(bytes), NULL);
	BN_sub_word(n1, 1);
	BN_mod(d, d, n1, bn_ctx);
	BN_add_word(d, 1);
	BN_free(n1);
	return d;
}

/* Signatures that the seed decides */
size_t openssl_sign(EC_KEY *key, const uint8_t *digest, size_t digest_len, uint8_t *sig)
{
	const EC_GROUP *group = EC_KEY_get0_group(key);
	const BIGNUM *n = EC_GROUP_get0_order(group);
	uint8_t bytes[MAX_BYTES + 8], *p = sig;
	BIGNUM *k, *x = BN_new();
	EC_POINT *r = EC_POINT_new(group);
	ECDSA_SIG *rs;
	size_t len;

	rnd_bytes(bytes, sizeof(bytes));
	k = BN_bin2bn(bytes, sizeof(bytes), NULL);
	BN_mod(k, k, n, bn_ctx);
	if (!EC_POINT_mul(group, r, k, NULL, NULL, bn_ctx) ||
	    !EC_POINT_get_affine_coordinates(group, r, x, NULL, bn_ctx) ||
	    !BN_mod(x, x, n, bn_ctx) || !BN_mod_inverse(k, k, n, bn_ctx))
		die("a nonce");
	rs = ECDSA_do_sign_ex(digest, digest_len, k, x, key);
	if (!rs)
		die("ECDSA_do_sign_ex");
	len = i2d_ECDSA_SIG(rs, &p);
	ECDSA_SIG_free(rs);
	EC_POINT_free(r);
	BN_free(k);
	BN_free(x);
	return len;
}

/* Length of the element that begins there: 6.12 answers as many bytes as a signature may have. */
size_t der_length(const uint8_t *p, size_t len)
{
	if (len > 3 && p[1] == 0x81)
		return p[2] + 3U <= len ? p[2] + 3U : len;
	return len > 2 && p[1] + 2U <= len ? p[1] + 2U : len;
}
