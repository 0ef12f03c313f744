// SPDX-License-Identifier: GPL-2.0-only
/*
 * Public keys in certificates: encodings of points, and what the kernel makes of them.
 */
#include "der.h"

/* The first point whose x is small; so x + p has as many bytes */
static void small_point(const struct curve *c, EC_POINT *point)
{
	BIGNUM *x = BN_new();
	unsigned int i = 1 + rnd(1000);

	do
		BN_set_word(x, i++);
	while (!EC_POINT_set_compressed_coordinates(c->group, point, x, rnd(2), bn_ctx));
	BN_free(x);
}

static void make_point(struct buf *b, const struct curve *c, const EC_KEY *key)
{
	EC_POINT *point = EC_POINT_dup(EC_KEY_get0_public_key(key), c->group);
	BIGNUM *x = BN_new(), *y = BN_new(), *odd;
	const struct curve *other = &curves[rnd(nr_curves)];
	BIGNUM *d;

	switch (rnd(16)) {
	case 0:
	case 1:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		break;
	case 2:
		put_point(b, c, point, POINT_CONVERSION_COMPRESSED);
		break;
	case 3:
		put_point(b, c, point, POINT_CONVERSION_HYBRID);
		break;
	case 4:
		if (one_in(2))
			put_byte(b, 0);
		else
			put_byte(b, 4);
		while (one_in(2) == 0 && b->len < 1 + 2 * c->bytes)
			put_byte(b, 0);
		break;
	case 5:
		EC_POINT_invert(c->group, point, bn_ctx);
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		break;
	case 6:
		d = random_scalar(other);
		key = key_of(other, d);
		put_point(b, other, EC_KEY_get0_public_key(key), POINT_CONVERSION_UNCOMPRESSED);
		EC_KEY_free((EC_KEY *)key);
		BN_free(d);
		break;
	case 7:
	case 8:
		if (one_in(2))
			small_point(c, point);
		EC_POINT_get_affine_coordinates(c->group, point, x, y, bn_ctx);
		odd = one_in(3) ? y : x;
		/* Not reduced, if there is room, which P-521 has always */
		BN_add(odd, odd, c->p);
		if ((size_t)BN_num_bytes(odd) > c->bytes)
			BN_sub(odd, odd, c->p);
		put_byte(b, 4);
		put_number(b, x, c->bytes);
		put_number(b, y, c->bytes);
		break;
	case 9:
		EC_POINT_get_affine_coordinates(c->group, point, x, y, bn_ctx);
		odd = one_in(2) ? y : x;
		switch (rnd(4)) {
		case 0:
			BN_copy(odd, c->p);
			break;
		case 1:
			BN_zero(odd);
			break;
		case 2:
			BN_one(odd);
			BN_lshift(odd, odd, c->bytes * 8);
			BN_sub_word(odd, 1);
			break;
		default:
			BN_copy(odd, c->p);
			BN_sub_word(odd, 1);
		}
		put_byte(b, 4);
		put_number(b, x, c->bytes);
		put_number(b, y, c->bytes);
		break;
	case 10:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		b->d[0] = rnd(256);
		break;
	case 11:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		b->len -= 1 + rnd(2) * rnd(b->len);
		break;
	case 12:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		do
			put_byte(b, rnd(2) * rnd(256));
		while (one_in(2));
		break;
	default:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		break_blindly(b);
	}
	EC_POINT_free(point);
	BN_free(x);
	BN_free(y);
}

/* The judge of points: OpenSSL decodes it, finds it on the curve, and not infinite. */
static EC_KEY *oracle_point(const struct curve *c, const struct buf *b)
{
	EC_POINT *point;
	EC_KEY *key;

	point = EC_POINT_new(c->group);
	key = EC_KEY_new_by_curve_name(c->nid);
	if (!EC_POINT_oct2point(c->group, point, b->d, b->len, bn_ctx) ||
	    !EC_KEY_set_public_key(key, point) || !EC_KEY_check_key(key)) {
		EC_KEY_free(key);
		key = NULL;
	}
	EC_POINT_free(point);
	return key;
}

void test_point(const struct curve *c)
{
	EC_KEY *key = c->key[rnd(KEYS_PER_CURVE)], *seen;
	struct keyctl_pkey_query query;
	uint8_t digest[32], sig[MAX_DER];
	struct buf mutant = { .len = 0 };
	key_serial_t serial;
	size_t len;
	int err = 0, expected;

	rnd_bytes(digest, sizeof(digest));
	len = openssl_sign(key, digest, sizeof(digest), sig);
	make_point(&mutant, c, key);
	seen = oracle_point(c, &mutant);
	serial = add_cert(c, &mutant, "point");
	if (serial < 0 || keyctl_pkey_query(serial, "enc=x962 hash=sha256", &query) < 0)
		err = errno;
	if (!err)
		accepted[POINTS]++;
	else
		refused[POINTS]++;
	if (!err != !!seen) {
		disagree(POINTS, c, err ? strerror(err) : "the kernel takes it, OpenSSL does not",
			 &mutant);
	} else if (!err) {
		expected = ECDSA_verify(0, digest, sizeof(digest), sig, len, seen) == 1 ?
			   0 : EKEYREJECTED;
		err = keyctl_pkey_verify(serial, "enc=x962 hash=sha256", digest, sizeof(digest),
					 sig, len) < 0 ? errno : 0;
		if (err != expected)
			disagree(POINTS, c, err ? strerror(err) : "the kernel verifies with it",
				 &mutant);
	} else if (err != EINVAL && err != EBADMSG && err != ENOPKG && err != EKEYREJECTED) {
		disagree(POINTS, c, strerror(err), &mutant);
	}
	EC_KEY_free(seen);
}
