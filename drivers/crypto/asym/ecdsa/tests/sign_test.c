// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of ecdsa_sign.ko: known answers, the arithmetic against the ECC library's, what is
 * accepted and refused, and the corners of the curve.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/hex.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <compat/crypto.h>
#include <crypto/sig.h>

#include "../types.h"
#include "vectors.h"

#define SEED		20261127
#define MATH_ROUNDS	200
#define POINT_ROUNDS	10
#define TIME_ROUNDS	20
#define DER_ROOM	320
#define POINT_ROOM	(1 + 2 * ECDSA_BYTES)

#if COMPAT_CRYPTO_HAS_SIG
#define SIG_NAME(curve)		"x962(ecdsa-nist-p" #curve ")"
#else
#define SIG_NAME(curve)		"ecdsa-nist-p" #curve
#endif

static const enum asym_curve all_curves[] = {
	ASYM_CURVE_P192, ASYM_CURVE_P256, ASYM_CURVE_P384, ASYM_CURVE_P521,
};

/* Per case: a generator of numbers, and buffers too large for a stack */
struct ctx {
	struct rnd_state rnd;
	struct ecdsa_key key;
	u8 der[DER_ROOM];
	u8 point[POINT_ROOM];
	u8 digest[ECDSA_MAX_DIGEST];
	u8 raw[ECDSA_RAW];
	u8 expect[ECDSA_RAW];
	u32 a[ECDSA_LIMBS], b[ECDSA_LIMBS], c[ECDSA_LIMBS], d[ECDSA_LIMBS];
	u64 da[ECC_MAX_DIGITS], db[ECC_MAX_DIGITS], dc[ECC_MAX_DIGITS], dd[ECC_MAX_DIGITS];
	u64 pub[2 * ECC_MAX_DIGITS];
};

static int case_init(struct kunit *test)
{
	struct ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	prandom_seed_state(&ctx->rnd, SEED);
	test->priv = ctx;
	return 0;
}

static const struct ecdsa_test_key *key_of(enum asym_curve curve)
{
	int i;

	for (i = 0; i < ECDSA_TEST_KEYS - 1; i++)
		if (ecdsa_test_keys[i].curve == curve)
			break;
	return &ecdsa_test_keys[i];
}

/* ECPrivateKey without optional fields */
static unsigned int put_private(const struct ecdsa_curve *curve, u8 *der, const u8 *scalar)
{
	unsigned int n = curve->bytes;
	u8 *p = der;

	*p++ = 0x30;
	*p++ = 5 + n;
	*p++ = 0x02;
	*p++ = 1;
	*p++ = 1;
	*p++ = 0x04;
	*p++ = n;
	memcpy(p, scalar, n);
	return p + n - der;
}

static int set_scalar(struct ctx *ctx, const struct ecdsa_curve *curve, const u32 *scalar)
{
	u8 bytes[ECDSA_BYTES];

	ctx->key.curve = curve;
	ecdsa_num_to_bytes(bytes, curve->bytes, scalar);
	return ecdsa_key_set_private(&ctx->key, ctx->der, put_private(curve, ctx->der, bytes));
}

static int set_known_private(struct ctx *ctx, const struct ecdsa_curve *curve,
			     const struct ecdsa_test_key *known)
{
	u8 bytes[ECDSA_BYTES];

	ctx->key.curve = curve;
	if (hex2bin(bytes, known->d, curve->bytes))
		return -EILSEQ;
	return ecdsa_key_set_private(&ctx->key, ctx->der, put_private(curve, ctx->der, bytes));
}

static unsigned int put_known_point(u8 *out, const struct ecdsa_curve *curve, const char *x,
				    const char *y)
{
	out[0] = 4;
	if (hex2bin(out + 1, x, curve->bytes) ||
	    hex2bin(out + 1 + curve->bytes, y, curve->bytes))
		return 0;
	return 1 + 2 * curve->bytes;
}

/* n - less, or less if @positive */
static void small_or_near_n(const struct ecdsa_curve *curve, u32 *r, int less)
{
	u32 t[ECDSA_LIMBS] = { abs(less) };

	if (less > 0) {
		memcpy(r, t, sizeof(t));
		return;
	}
	memset(r, 0, sizeof(t));
	ecdsa_mod_sub(&curve->n, r, r, t);
}

static void random_num(struct ctx *ctx, const struct ecdsa_mod *m, u32 *r)
{
	prandom_bytes_state(&ctx->rnd, r, m->limbs * sizeof(*r));
	ecdsa_mod_reduce(m, r, r);
}

static void rfc6979(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	struct ecdsa_nonce *nonce;
	int i;

	nonce = kunit_kzalloc(test, sizeof(*nonce), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nonce);
	nonce->desc = kunit_kzalloc(test, ecdsa_nonce_descsize(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nonce->desc);

	for (i = 0; i < ECDSA_TEST_SIGS; i++) {
		const struct ecdsa_test_sig *sig = &ecdsa_test_sigs[i];
		const struct ecdsa_curve *curve = ecdsa_curve_get(sig->curve);
		struct crypto_shash *hash;
		unsigned int len, n;

		if (!curve)
			continue;
		n = curve->bytes;
		hash = crypto_alloc_shash(sig->hash, 0, 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR(hash));
		len = crypto_shash_digestsize(hash);
		crypto_shash_tfm_digest(hash, sig->message, strlen(sig->message), ctx->digest);
		crypto_free_shash(hash);
		KUNIT_ASSERT_EQ(test, 0, set_known_private(ctx, curve, key_of(sig->curve)));

		KUNIT_ASSERT_EQ(test, 0, hex2bin(ctx->expect, sig->k, n));
		KUNIT_EXPECT_EQ(test, 0, ecdsa_nonce_start(nonce, curve, ctx->key.d, ctx->digest,
							   len));
		KUNIT_EXPECT_EQ(test, 0, ecdsa_nonce_next(nonce, curve, ctx->a));
		ecdsa_num_to_bytes(ctx->raw, n, ctx->a);
		KUNIT_EXPECT_MEMEQ_MSG(test, ctx->raw, ctx->expect, n, "k of vector %d", i);

		KUNIT_ASSERT_EQ(test, 0, hex2bin(ctx->expect, sig->r, n));
		KUNIT_ASSERT_EQ(test, 0, hex2bin(ctx->expect + n, sig->s, n));
		KUNIT_EXPECT_EQ(test, 0, ecdsa_sign(&ctx->key, ctx->digest, len, ctx->raw));
		KUNIT_EXPECT_MEMEQ_MSG(test, ctx->raw, ctx->expect, 2 * n, "signature %d", i);

		KUNIT_EXPECT_EQ(test, 0, ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, len));
		ctx->digest[0] ^= 1;
		KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
				ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, len));
		ctx->digest[0] ^= 1;
		ctx->raw[2 * n - 1] ^= 1;
		KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
				ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, len));
	}
}

/* A second nonce differs from the first: step h, 3. */
static void nonce_again(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;
	struct ecdsa_nonce *nonce;
	/* Computed by another implementation of the RFC: key of A.2.5, 32 bytes of 1 */
	static const char expect[] =
		"dbb48fc8977d1dd2c5180d4e1e4cb471d46dfbd1d02fe698e07aa016ea384078";

	nonce = kunit_kzalloc(test, sizeof(*nonce), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nonce);
	nonce->desc = kunit_kzalloc(test, ecdsa_nonce_descsize(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nonce->desc);
	KUNIT_ASSERT_EQ(test, 0, set_known_private(ctx, curve, key_of(ASYM_CURVE_P256)));
	memset(ctx->digest, 1, 32);
	KUNIT_ASSERT_EQ(test, 0, ecdsa_nonce_start(nonce, curve, ctx->key.d, ctx->digest, 32));
	KUNIT_ASSERT_EQ(test, 0, ecdsa_nonce_next(nonce, curve, ctx->a));
	KUNIT_ASSERT_EQ(test, 0, ecdsa_nonce_next(nonce, curve, ctx->b));
	ecdsa_num_to_bytes(ctx->raw, curve->bytes, ctx->b);
	KUNIT_ASSERT_EQ(test, 0, hex2bin(ctx->expect, expect, curve->bytes));
	KUNIT_EXPECT_MEMEQ(test, ctx->raw, ctx->expect, curve->bytes);
}

static void cavp_sigver(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	int i;

	for (i = 0; i < ECDSA_TEST_VERIFIES; i++) {
		const struct ecdsa_test_verify *v = &ecdsa_test_verifies[i];
		unsigned int len, digest_len = strlen(v->digest) / 2;

		ctx->key.curve = ecdsa_curve_get(v->curve);
		if (!ctx->key.curve)
			continue;
		len = put_known_point(ctx->point, ctx->key.curve, v->x, v->y);
		KUNIT_ASSERT_EQ(test, 0, ecdsa_key_set_public(&ctx->key, ctx->point, len));
		len = ctx->key.curve->bytes;
		KUNIT_ASSERT_EQ(test, 0, hex2bin(ctx->digest, v->digest, digest_len));
		KUNIT_ASSERT_EQ(test, 0, hex2bin(ctx->raw, v->r, len));
		KUNIT_ASSERT_EQ(test, 0, hex2bin(ctx->raw + len, v->s, len));
		KUNIT_EXPECT_EQ_MSG(test, v->good ? 0 : -EKEYREJECTED,
				    ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, digest_len),
				    "case %d", i);
	}
}

static void math_one(struct kunit *test, const struct ecdsa_mod *m, const u64 *mod,
		     unsigned int nd)
{
	struct ctx *ctx = test->priv;
	size_t size = nd * sizeof(u64);

	ecdsa_num_to_digits(ctx->da, ctx->a, nd);
	ecdsa_num_to_digits(ctx->db, ctx->b, nd);

	vli_mod_mult_slow(ctx->dc, ctx->da, ctx->db, mod, nd);
	ecdsa_mod_enter(m, ctx->c, ctx->a);
	ecdsa_mod_mul(m, ctx->c, ctx->c, ctx->b);
	ecdsa_num_to_digits(ctx->dd, ctx->c, nd);
	KUNIT_EXPECT_MEMEQ(test, ctx->dd, ctx->dc, size);

	vli_mod_inv(ctx->dc, ctx->da, mod, nd);
	ecdsa_mod_enter(m, ctx->c, ctx->a);
	ecdsa_mod_inv(m, ctx->d, ctx->c);
	ecdsa_mod_leave(m, ctx->d, ctx->d);
	ecdsa_num_to_digits(ctx->dd, ctx->d, nd);
	KUNIT_EXPECT_MEMEQ(test, ctx->dd, ctx->dc, size);

	/* (a + b) - b and (a - b) + b */
	ecdsa_mod_add(m, ctx->c, ctx->a, ctx->b);
	KUNIT_EXPECT_EQ(test, ecdsa_mod_scalar(m, ctx->c),
			!!memchr_inv(ctx->c, 0, size));
	ecdsa_mod_sub(m, ctx->d, ctx->c, ctx->b);
	KUNIT_EXPECT_MEMEQ(test, ctx->d, ctx->a, size);
	ecdsa_mod_sub(m, ctx->c, ctx->a, ctx->b);
	ecdsa_mod_add(m, ctx->d, ctx->c, ctx->b);
	KUNIT_EXPECT_MEMEQ(test, ctx->d, ctx->a, size);
}

static void math(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	int i, j, round;

	for (i = 0; i < ARRAY_SIZE(all_curves); i++) {
		const struct ecdsa_curve *curve = ecdsa_curve_get(all_curves[i]);
		const struct ecdsa_mod *m;
		const u64 *mod;

		for (j = 0; curve && j < 2; j++) {
			u32 max[ECDSA_LIMBS], one[ECDSA_LIMBS] = { 1 }, zero[ECDSA_LIMBS] = { };

			m = j ? &curve->p : &curve->n;
			mod = j ? curve->ecc->p : curve->ecc->n;
			ecdsa_mod_sub(m, max, zero, one);
			for (round = 0; round < MATH_ROUNDS; round++) {
				random_num(ctx, m, ctx->a);
				random_num(ctx, m, ctx->b);
				if (round % 8 == 1)
					memcpy(ctx->a, max, sizeof(max));
				if (round % 8 == 2 || round == 1)
					memcpy(ctx->b, max, sizeof(max));
				if (round % 8 == 3)
					memcpy(ctx->a, one, sizeof(one));
				if (round % 8 == 4)
					memcpy(ctx->b, zero, sizeof(zero));
				math_one(test, m, mod, curve->ecc->g.ndigits);
			}
			/* Numbers that are not less than the modulus */
			memset(ctx->a, 0xff, sizeof(ctx->a));
			ecdsa_num_to_digits(ctx->da, ctx->a, curve->ecc->g.ndigits);
			memset(ctx->db, 0, sizeof(ctx->db));
			ctx->db[0] = 1;
			vli_mod_mult_slow(ctx->dc, ctx->da, ctx->db, mod, curve->ecc->g.ndigits);
			ecdsa_mod_reduce(m, ctx->b, ctx->a);
			ecdsa_num_to_digits(ctx->dd, ctx->b, curve->ecc->g.ndigits);
			KUNIT_EXPECT_MEMEQ(test, ctx->dd, ctx->dc,
					   curve->ecc->g.ndigits * sizeof(u64));
			KUNIT_EXPECT_FALSE(test, ecdsa_mod_scalar(m, zero));
			KUNIT_EXPECT_FALSE(test, ecdsa_mod_scalar(m, m->m));
			KUNIT_EXPECT_FALSE(test, ecdsa_mod_scalar(m, ctx->a));
			KUNIT_EXPECT_TRUE(test, ecdsa_mod_scalar(m, max));
			KUNIT_EXPECT_TRUE(test, ecdsa_mod_scalar(m, one));
		}
	}
}

/* k*G against the library's, and u1*G + u2*Q against (u1 + u2 q)*G */
static void points(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	int i, round;

	for (i = 0; i < ARRAY_SIZE(all_curves); i++) {
		const struct ecdsa_curve *curve = ecdsa_curve_get(all_curves[i]);
		struct ecc_point q = ECC_POINT_INIT(ctx->dc, ctx->dd, 0);
		u32 x[ECDSA_LIMBS], y[ECDSA_LIMBS];
		unsigned int nd;

		if (!curve)
			continue;
		nd = curve->ecc->g.ndigits;
		q.ndigits = nd;
		for (round = 0; round < POINT_ROUNDS; round++) {
			random_num(ctx, &curve->n, ctx->a);
			ecdsa_num_to_digits(ctx->da, ctx->a, nd);
			KUNIT_ASSERT_EQ(test, 0, ecc_make_pub_key(curve->ecc_id, nd, ctx->da,
								  ctx->pub));
			ecc_swap_digits(ctx->pub, q.x, nd);
			ecc_swap_digits(ctx->pub + nd, q.y, nd);
			KUNIT_ASSERT_EQ(test, 0, ecdsa_point_mult_base(curve, ctx->a, x, y));
			ecdsa_num_to_digits(ctx->da, x, nd);
			ecdsa_num_to_digits(ctx->db, y, nd);
			KUNIT_EXPECT_MEMEQ(test, ctx->da, q.x, nd * sizeof(u64));
			KUNIT_EXPECT_MEMEQ(test, ctx->db, q.y, nd * sizeof(u64));

			random_num(ctx, &curve->n, ctx->b);
			random_num(ctx, &curve->n, ctx->c);
			if (!round)
				memset(ctx->b, 0, sizeof(ctx->b));
			ecdsa_num_to_digits(ctx->da, ctx->b, nd);
			ecdsa_num_to_digits(ctx->db, ctx->c, nd);
			KUNIT_ASSERT_EQ(test, 0, ecdsa_point_mult2(curve, ctx->da, ctx->db, &q,
								   ctx->pub));
			ecdsa_mod_enter(&curve->n, ctx->a, ctx->a);
			ecdsa_mod_mul(&curve->n, ctx->a, ctx->a, ctx->c);
			ecdsa_mod_add(&curve->n, ctx->a, ctx->a, ctx->b);
			KUNIT_ASSERT_EQ(test, 0, ecdsa_point_mult_base(curve, ctx->a, x, NULL));
			ecdsa_num_to_digits(ctx->da, x, nd);
			KUNIT_EXPECT_MEMEQ(test, ctx->da, ctx->pub, nd * sizeof(u64));
		}
		memset(x, 0, sizeof(x));
		KUNIT_EXPECT_EQ(test, -EDOM, ecdsa_point_mult_base(curve, x, x, NULL));
		KUNIT_EXPECT_EQ(test, -EDOM, ecdsa_point_mult_base(curve, curve->n.m, x, NULL));
	}
}

/* Private keys the library's ladder is wrong for; public keys G, -G, 2G, -2G */
static void edge_scalars(struct kunit *test)
{
	static const int edges[] = { 1, 2, 3, -1, -2, -3 };
	struct ctx *ctx = test->priv;
	int i, j, len;

	for (i = 0; i < ARRAY_SIZE(all_curves); i++) {
		const struct ecdsa_curve *curve = ecdsa_curve_get(all_curves[i]);
		unsigned int nd;

		if (!curve)
			continue;
		nd = curve->ecc->g.ndigits;
		for (j = 0; j < ARRAY_SIZE(edges); j++) {
			small_or_near_n(curve, ctx->a, edges[j]);
			KUNIT_ASSERT_EQ(test, 0, set_scalar(ctx, curve, ctx->a));
			if (abs(edges[j]) == 1) {
				KUNIT_EXPECT_MEMEQ(test, ctx->key.x, curve->ecc->g.x,
						   nd * sizeof(u64));
				KUNIT_EXPECT_EQ(test, edges[j] == 1,
						!vli_cmp(ctx->key.y, curve->ecc->g.y, nd));
			}
			for (len = 1; len <= ECDSA_MAX_DIGEST; len += 7) {
				prandom_bytes_state(&ctx->rnd, ctx->digest, len);
				KUNIT_EXPECT_EQ(test, 0, ecdsa_sign(&ctx->key, ctx->digest, len,
								    ctx->raw));
				KUNIT_EXPECT_EQ(test, 0, ecdsa_verify(&ctx->key, ctx->raw,
								      ctx->digest, len));
				ctx->digest[0] ^= 0x10;
				KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
						ecdsa_verify(&ctx->key, ctx->raw, ctx->digest,
							     len));
			}
		}
	}
}

/*
 * With r = x(R), s = r / u2 and z = u1 s, verification computes u1*G + u2*Q = R by the path of
 * the scalars' bits that is wanted. Expects @good if the digest can be that long.
 */
static void craft(struct kunit *test, const struct ecdsa_curve *curve, int d, u32 u1, u32 u2,
		  int sum)
{
	u32 n1[ECDSA_LIMBS] = { u1 }, n2[ECDSA_LIMBS] = { u2 };
	const struct ecdsa_mod *n = &curve->n;
	struct ctx *ctx = test->priv;
	unsigned int len = min(curve->bytes, ECDSA_MAX_DIGEST);

	small_or_near_n(curve, ctx->a, d);
	KUNIT_ASSERT_EQ(test, 0, set_scalar(ctx, curve, ctx->a));
	small_or_near_n(curve, ctx->a, sum);
	KUNIT_ASSERT_EQ(test, 0, ecdsa_point_mult_base(curve, ctx->a, ctx->b, NULL));
	ecdsa_mod_reduce(n, ctx->b, ctx->b);
	ecdsa_mod_enter(n, ctx->c, n2);
	ecdsa_mod_inv(n, ctx->d, ctx->c);
	ecdsa_mod_mul(n, ctx->c, ctx->d, ctx->b);
	ecdsa_mod_enter(n, ctx->d, ctx->c);
	ecdsa_mod_mul(n, ctx->a, ctx->d, n1);

	ecdsa_num_to_bytes(ctx->raw, curve->bytes, ctx->b);
	ecdsa_num_to_bytes(ctx->raw + curve->bytes, curve->bytes, ctx->c);
	ecdsa_num_to_bytes(ctx->digest, len, ctx->a);
	KUNIT_EXPECT_EQ_MSG(test, 0, ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, len),
			    "%s: %u*G + %u*(%d*G)", curve->name, u1, u2, d);
	ctx->raw[curve->bytes - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
			ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, len));
}

/* Sums that meet equal or opposite points on the way, or infinity */
static void colliding_sums(struct kunit *test)
{
	static const enum asym_curve curves[] = {
		ASYM_CURVE_P192, ASYM_CURVE_P256, ASYM_CURVE_P384,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(curves); i++) {
		const struct ecdsa_curve *curve = ecdsa_curve_get(curves[i]);

		if (!curve)
			continue;
		craft(test, curve, 2, 2, 1, 4);		/* G, 2G, 2G + Q with Q = 2G */
		craft(test, curve, -2, 5, 2, 1);	/* G, 2G, 2G + Q with Q = -2G, G */
		craft(test, curve, 1, 3, 3, 6);
		craft(test, curve, -1, 4, 3, 1);
		craft(test, curve, -1, 3, 4, -1);
		craft(test, curve, -1, 7, 5, 2);
		craft(test, curve, 7, 0, 3, 21);	/* u1 = 0 */
	}
}

/* The sum is infinity: no signature, whatever r. */
static void infinite_sum(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;
	int d;

	/* u1 = z / s and u2 = r / s: z = 1, r = 1, Q = -G; z = 2, r = 1, Q = -2G; z = r = s = 0 */
	for (d = 1; d <= 2; d++) {
		small_or_near_n(curve, ctx->a, -d);
		KUNIT_ASSERT_EQ(test, 0, set_scalar(ctx, curve, ctx->a));
		memset(ctx->digest, 0, 32);
		ctx->digest[31] = d;
		memset(ctx->raw, 0, sizeof(ctx->raw));
		ctx->raw[31] = 1;
		ctx->raw[63] = 3;
		KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
				ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, 32));
	}
}

static void zero_digests(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	int i, len;

	for (i = 0; i < ARRAY_SIZE(all_curves); i++) {
		const struct ecdsa_curve *curve = ecdsa_curve_get(all_curves[i]);

		if (!curve)
			continue;
		KUNIT_ASSERT_EQ(test, 0, set_known_private(ctx, curve, key_of(all_curves[i])));
		memset(ctx->digest, 0, sizeof(ctx->digest));
		for (len = 1; len <= ECDSA_MAX_DIGEST; len += 21) {
			KUNIT_EXPECT_EQ(test, 0, ecdsa_sign(&ctx->key, ctx->digest, len,
							    ctx->raw));
			KUNIT_EXPECT_EQ(test, 0, ecdsa_verify(&ctx->key, ctx->raw, ctx->digest,
							      len));
		}
		if (curve->bytes > ECDSA_MAX_DIGEST)
			continue;
		/* n, and what is left of it is right of the leftmost bits */
		memset(ctx->digest, 0xa5, sizeof(ctx->digest));
		ecdsa_num_to_bytes(ctx->digest, curve->bytes, curve->n.m);
		for (len = curve->bytes; len <= ECDSA_MAX_DIGEST; len++)
			KUNIT_EXPECT_EQ(test, 0, ecdsa_verify(&ctx->key, ctx->raw, ctx->digest,
							      len));
		KUNIT_EXPECT_EQ(test, 0, ecdsa_sign(&ctx->key, ctx->digest, 64, ctx->raw));
		KUNIT_EXPECT_EQ(test, 0, ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, 64));
	}
}

static void digest_lengths(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;
	u8 digest[ECDSA_MAX_DIGEST + 1] = { 1 };

	KUNIT_ASSERT_EQ(test, 0, set_known_private(ctx, curve, key_of(ASYM_CURVE_P256)));
	KUNIT_EXPECT_EQ(test, -EINVAL, ecdsa_sign(&ctx->key, digest, 0, ctx->raw));
	KUNIT_EXPECT_EQ(test, -EINVAL, ecdsa_sign(&ctx->key, digest, 65, ctx->raw));
	KUNIT_EXPECT_EQ(test, 0, ecdsa_sign(&ctx->key, digest, 64, ctx->raw));
	KUNIT_EXPECT_EQ(test, -EINVAL, ecdsa_verify(&ctx->key, ctx->raw, digest, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, ecdsa_verify(&ctx->key, ctx->raw, digest, 65));
	KUNIT_EXPECT_EQ(test, 0, ecdsa_verify(&ctx->key, ctx->raw, digest, 64));
}

static void sig_ranges(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;
	int part;

	KUNIT_ASSERT_EQ(test, 0, set_known_private(ctx, curve, key_of(ASYM_CURVE_P256)));
	for (part = 0; part < 2; part++) {
		KUNIT_ASSERT_EQ(test, 0, ecdsa_sign(&ctx->key, ctx->digest, 32, ctx->raw));
		memset(ctx->raw + 32 * part, 0, 32);
		KUNIT_EXPECT_EQ(test, -EBADMSG, ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, 32));
		ecdsa_num_to_bytes(ctx->raw + 32 * part, 32, curve->n.m);
		KUNIT_EXPECT_EQ(test, -EBADMSG, ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, 32));
		ctx->raw[32 * part + 31]--;
		KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
				ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, 32));
	}
}

/* A wrong result stays inside. */
static void faults(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;

	KUNIT_ASSERT_EQ(test, 0, set_known_private(ctx, curve, key_of(ASYM_CURVE_P256)));
	memset(ctx->raw, 0x5a, sizeof(ctx->raw));
	ctx->key.d[3] ^= 4;
	KUNIT_EXPECT_EQ(test, -EIO, ecdsa_sign(&ctx->key, ctx->digest, 32, ctx->raw));
	KUNIT_EXPECT_NULL(test, memchr_inv(ctx->raw, 0x5a, sizeof(ctx->raw)));
	ctx->key.d[3] ^= 4;
	KUNIT_EXPECT_EQ(test, 0, ecdsa_sign(&ctx->key, ctx->digest, 32, ctx->raw));
}

static int set_point(struct ctx *ctx, enum asym_curve nr, unsigned int len)
{
	int parsed = ecdsa_parse_public(nr, ctx->point, len);
	int err = ecdsa_key_set_public(&ctx->key, ctx->point, len);

	if (err != ecdsa_check_public(nr, ctx->point, len) || (parsed && parsed != err))
		return -EUCLEAN;
	return err;
}

static void public_keys(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	int i, form, odd;

	for (i = 0; i < ECDSA_TEST_KEYS; i++) {
		const struct ecdsa_test_key *known = &ecdsa_test_keys[i];
		const struct ecdsa_curve *curve = ecdsa_curve_get(known->curve);
		unsigned int n, nd, len, full;

		if (!curve)
			continue;
		n = curve->bytes;
		nd = curve->ecc->g.ndigits;
		full = put_known_point(ctx->point, curve, known->x, known->y);
		ctx->key.curve = curve;
		KUNIT_ASSERT_EQ(test, 0, set_point(ctx, known->curve, full));
		memcpy(ctx->da, ctx->key.y, sizeof(ctx->da));
		odd = ctx->da[0] & 1;

		for (form = 0; form < 256; form++) {
			bool whole = form == 4 || form == (6 | odd);
			bool compressed = form == 2 || form == 3;

			ctx->point[0] = form;
			KUNIT_EXPECT_EQ_MSG(test, whole ? 0 : -EINVAL,
					    set_point(ctx, known->curve, full), "form %d", form);
			KUNIT_EXPECT_EQ_MSG(test, compressed ? 0 : -EINVAL,
					    set_point(ctx, known->curve, 1 + n), "form %d", form);
			if (!compressed)
				continue;
			KUNIT_EXPECT_EQ(test, form == (2 | odd),
					!vli_cmp(ctx->key.y, ctx->da, nd));
			KUNIT_EXPECT_EQ(test, form & 1, (int)(ctx->key.y[0] & 1));
		}
		for (len = 0; len < full; len++) {
			ctx->point[0] = len & 1 ? 4 : 6 | odd;
			KUNIT_EXPECT_EQ(test, -EINVAL, set_point(ctx, known->curve, len));
		}
		ctx->point[0] = 4;
		KUNIT_EXPECT_EQ(test, -EINVAL, set_point(ctx, known->curve, full + 1));
		ctx->point[full - 1] ^= 1;
		KUNIT_EXPECT_EQ(test, -EINVAL, set_point(ctx, known->curve, full));
		ctx->point[full - 1] ^= 1;

		/* Coordinates that are not less than p: x = p, y = y + p need not fit, so y = p */
		ecdsa_num_to_bytes(ctx->point + 1, n, curve->p.m);
		KUNIT_EXPECT_EQ(test, -EINVAL, set_point(ctx, known->curve, full));
		ctx->point[0] = 2;
		KUNIT_EXPECT_EQ(test, -EINVAL, set_point(ctx, known->curve, 1 + n));
		put_known_point(ctx->point, curve, known->x, known->y);
		ecdsa_num_to_bytes(ctx->point + 1 + n, n, curve->p.m);
		KUNIT_EXPECT_EQ(test, -EINVAL, set_point(ctx, known->curve, full));
		memset(ctx->point + 1, 0, 2 * n);
		KUNIT_EXPECT_EQ(test, -EINVAL, set_point(ctx, known->curve, full));

		/* Half of all x are no point's. */
		for (form = 0, len = 0; len < 64; len++) {
			ctx->point[0] = 2;
			memset(ctx->point + 1, 0, n);
			ctx->point[n] = len;
			form += !set_point(ctx, known->curve, 1 + n);
		}
		KUNIT_EXPECT_GT(test, form, 10);
		KUNIT_EXPECT_LT(test, form, 54);
	}
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_parse_public(2, ctx->point, 1));
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_check_public(99, ctx->point, 1));
}

/* How an ECPrivateKey of P-256 is made up, and what is wrong with it */
struct private_case {
	const char *what;
	int parse;
	int check;
	const char *before;	/* up to the scalar, after the outermost length */
	const char *after;	/* Q: the public key, q: compressed */
	int scalar;		/* 0: the RFC's; else as small_or_near_n(); 99: zero, 98: n */
	int extra;		/* to the outermost length */
	const char *trailer;
};

#define OID256	"06082a8648ce3d030107"
#define V1	"020101" "0420"

static const struct private_case private_cases[] = {
	{ "plain", 0, 0, V1, "" },
	{ "curve", 0, 0, V1, "a00a" OID256 },
	{ "public key", 0, 0, V1, "a144" "034200Q" },
	{ "both", 0, 0, V1, "a00a" OID256 "a144" "034200Q" },
	{ "compressed", 0, 0, V1, "a00a" OID256 "a124" "032200q" },
	{ "scalar 1", 0, 0, V1, "a00a" OID256, 1 },
	{ "scalar n - 1", 0, 0, V1, "", -1 },
	{ "scalar 0", -EINVAL, -EINVAL, V1, "", 99 },
	{ "scalar n", -EINVAL, -EINVAL, V1, "", 98 },
	{ "another's public key", 0, -EKEYREJECTED, V1, "a144" "034200Q", 5 },
	{ "another's compressed", 0, -EKEYREJECTED, V1, "a124" "032200q", 5 },
	{ "other parity", 0, -EKEYREJECTED, V1, "a124" "032200p" },
	{ "off the curve", 0, -EINVAL, V1, "a144" "034200X" },
	{ "point of no form", -EINVAL, -EINVAL, V1, "a104" "03020005" },
	{ "infinity", -EINVAL, -EINVAL, V1, "a104" "03020000" },
	{ "empty point", -EINVAL, -EINVAL, V1, "a103" "030100" },
	{ "unused bits", -EBADMSG, -EBADMSG, V1, "a144" "034201Q" },
	{ "empty bit string", -EBADMSG, -EBADMSG, V1, "a102" "0300" },
	{ "no bit string", -EBADMSG, -EBADMSG, V1, "a100" },
	{ "octets for bits", -EBADMSG, -EBADMSG, V1, "a143" "0441Q" },
	{ "P-384", -EINVAL, -EINVAL, V1, "a007" "06052b81040022" },
	{ "secp256k1", -EINVAL, -EINVAL, V1, "a007" "06052b8104000a" },
	{ "explicit parameters", -ENOPKG, -ENOPKG, V1, "a005" "3003020101" },
	{ "implicit parameters", -EBADMSG, -EBADMSG, V1, "a002" "0500" },
	{ "no parameters", -EBADMSG, -EBADMSG, V1, "a000" },
	{ "empty OID", -EBADMSG, -EBADMSG, V1, "a002" "0600" },
	{ "two OIDs", -EBADMSG, -EBADMSG, V1, "a014" OID256 OID256 },
	{ "swapped", -EBADMSG, -EBADMSG, V1, "a144" "034200Qa00a" OID256 },
	{ "twice", -EBADMSG, -EBADMSG, V1, "a00a" OID256 "a00a" OID256 },
	{ "unknown field", -EBADMSG, -EBADMSG, V1, "a2020500" },
	{ "primitive tag", -EBADMSG, -EBADMSG, V1, "800a" OID256 },
	{ "version 0", -EBADMSG, -EBADMSG, "020100" "0420", "" },
	{ "version 2", -EBADMSG, -EBADMSG, "020102" "0420", "" },
	{ "long version", -EBADMSG, -EBADMSG, "02020001" "0420", "" },
	{ "no version", -EBADMSG, -EBADMSG, "0420", "" },
	{ "empty version", -EBADMSG, -EBADMSG, "0200" "0420", "" },
	{ "scalar too long", -EBADMSG, -EBADMSG, "020101" "042100", "" },
	{ "scalar too short", -EBADMSG, -EBADMSG, "020101" "041f", "" },
	{ "long length", -EBADMSG, -EBADMSG, "020101" "048120", "" },
	{ "longer length", -EBADMSG, -EBADMSG, "020101" "04820020", "" },
	{ "indefinite length", -EBADMSG, -EBADMSG, "020101" "0480", "0000" },
	{ "long inner length", -EBADMSG, -EBADMSG, V1, "a0810a" OID256 },
	{ "outer length short", -EBADMSG, -EBADMSG, V1, "", 0, -1 },
	{ "outer length long", -EBADMSG, -EBADMSG, V1, "", 0, 1 },
	{ "byte after", -EBADMSG, -EBADMSG, V1, "", 0, 0, "00" },
};

static unsigned int put_hex(u8 *out, const char *hex, const u8 *point)
{
	u8 *p = out;

	for (; *hex; hex += 1 + !strchr("QqpX", *hex)) {
		switch (*hex) {
		case 'Q':
		case 'X':
			memcpy(p, point, 65);
			p[64] ^= *hex == 'X';
			p += 65;
			break;
		case 'q':
		case 'p':
			*p = 2 | ((point[64] ^ (*hex == 'p')) & 1);
			memcpy(p + 1, point + 1, 32);
			p += 33;
			break;
		default:
			if (hex2bin(p++, hex, 1))
				return 0;
		}
	}
	return p - out;
}

static unsigned int put_private_case(struct ctx *ctx, const struct private_case *c)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	const struct ecdsa_test_key *known = key_of(ASYM_CURVE_P256);
	u8 body[DER_ROOM], scalar[ECDSA_BYTES];
	unsigned int len, head = 2;

	put_known_point(ctx->point, curve, known->x, known->y);
	if (hex2bin(scalar, known->d, 32))
		return 0;
	if (c->scalar == 99) {
		memset(scalar, 0, 32);
	} else if (c->scalar == 98) {
		ecdsa_num_to_bytes(scalar, 32, curve->n.m);
	} else if (c->scalar) {
		small_or_near_n(curve, ctx->a, c->scalar);
		ecdsa_num_to_bytes(scalar, 32, ctx->a);
	}
	len = put_hex(body, c->before, ctx->point);
	memcpy(body + len, scalar, 32);
	len += 32;
	len += put_hex(body + len, c->after, ctx->point);

	ctx->der[0] = 0x30;
	if (len + c->extra >= 0x80)
		ctx->der[head++ - 1] = 0x81;
	ctx->der[head - 1] = len + c->extra;
	memcpy(ctx->der + head, body, len);
	len += head;
	if (c->trailer)
		len += put_hex(ctx->der + len, c->trailer, ctx->point);
	return len;
}

static void private_keys(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	unsigned int len;
	int i;

	ctx->key.curve = ecdsa_curve_get(ASYM_CURVE_P256);
	for (i = 0; i < ARRAY_SIZE(private_cases); i++) {
		const struct private_case *c = &private_cases[i];

		len = put_private_case(ctx, c);
		KUNIT_EXPECT_EQ_MSG(test, c->parse,
				    ecdsa_parse_private(ASYM_CURVE_P256, ctx->der, len), "%s",
				    c->what);
		KUNIT_EXPECT_EQ_MSG(test, c->check,
				    ecdsa_check_private(ASYM_CURVE_P256, ctx->der, len), "%s",
				    c->what);
		KUNIT_EXPECT_EQ_MSG(test, c->check,
				    ecdsa_key_set_private(&ctx->key, ctx->der, len), "%s",
				    c->what);
		KUNIT_EXPECT_EQ(test, ctx->key.has_private, !c->check);
		KUNIT_EXPECT_EQ(test, !memchr_inv(ctx->key.d, 0, sizeof(ctx->key.d)), !!c->check);
	}
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_parse_private(0, ctx->der, 0));
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_check_private(ASYM_CURVE_NR, ctx->der, 0));
}

/* Any prefix is refused; KASAN sees whether it was left. */
static void private_truncated(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	unsigned int len, full;
	u8 *copy;

	full = put_private_case(ctx, &private_cases[3]);
	for (len = 0; len < full; len++) {
		copy = kmemdup(ctx->der, len, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, -EBADMSG, ecdsa_parse_private(ASYM_CURVE_P256, copy, len));
		kfree(copy);
	}
}

#define N15	"112233445566778899aabbccddeeff"
#define N31	N15 "11" N15
#define I31	"021f" N31

static const struct {
	const char *hex;
	int err;
} sig_cases[] = {
	{ "3006" "020101" "020101", 0 },
	{ "3007" "02020080" "020101", 0 },
	{ "3042" I31 I31, 0 },
	{ "3044" "022000" N31 "022000" N31, -EBADMSG },		/* padding */
	{ "3044" "02207f" N31 "02207f" N31, 0 },
	{ "3046" "022100ff" N31 "022100ff" N31, 0 },
	{ "3046" "0221007f" N31 "022100ff" N31, -EBADMSG },
	{ "3045" "02207f" N31 "022100ff" N31, 0 },
	{ "3048" "02220100ff" N31 "02220100ff" N31, -EBADMSG },	/* too long */
	{ "3044" "0220ff" N31 "02207f" N31, -EBADMSG },		/* negative */
	{ "3006" "020101" "0201ff", -EBADMSG },
	{ "3006" "020100" "020101", -EBADMSG },			/* zero */
	{ "3007" "02020001" "020101", -EBADMSG },
	{ "3007" "020101" "02020001", -EBADMSG },
	{ "3005" "0200" "020101", -EBADMSG },
	{ "308106" "020101" "020101", -EBADMSG },
	{ "30820006" "020101" "020101", -EBADMSG },
	{ "3007" "02810101" "020101", -EBADMSG },
	{ "3080" "020101" "020101" "0000", -EBADMSG },
	{ "3006" "020101" "020101" "00", -EBADMSG },
	{ "3009" "020101" "020101" "020101", -EBADMSG },
	{ "3003" "020101", -EBADMSG },
	{ "3000", -EBADMSG },
	{ "30", -EBADMSG },
	{ "", -EBADMSG },
	{ "3106" "020101" "020101", -EBADMSG },
	{ "3006" "030101" "020101", -EBADMSG },
	{ "3006" "020101" "020102" "00", -EBADMSG },
	{ "3007" "020101" "020101", -EBADMSG },
	{ "3005" "020101" "020101", -EBADMSG },
};

static void signatures(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;
	unsigned int len;
	u8 again[72];
	int i, err;

	for (i = 0; i < ARRAY_SIZE(sig_cases); i++) {
		len = put_hex(ctx->der, sig_cases[i].hex, NULL);
		err = ecdsa_der_get_sig(curve, ctx->der, len, ctx->raw);
		KUNIT_EXPECT_EQ_MSG(test, sig_cases[i].err, err, "%s", sig_cases[i].hex);
		if (err)
			continue;
		KUNIT_EXPECT_EQ(test, len, ecdsa_der_put_sig(curve, ctx->raw, again));
		KUNIT_EXPECT_MEMEQ(test, again, ctx->der, len);
	}
}

/* The exported ones also look at the numbers' range. */
static void signature_forms(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;
	u8 der[72];
	int len;

	KUNIT_ASSERT_EQ(test, 0, set_known_private(ctx, curve, key_of(ASYM_CURVE_P256)));
	KUNIT_ASSERT_EQ(test, 0, ecdsa_sign(&ctx->key, ctx->digest, 32, ctx->raw));
	len = ecdsa_sig_from_p1363(ASYM_CURVE_P256, ctx->raw, 64, der, sizeof(der));
	KUNIT_ASSERT_GT(test, len, 64);
	KUNIT_EXPECT_EQ(test, 0, ecdsa_parse_sig(ASYM_CURVE_P256, der, len));
	KUNIT_EXPECT_EQ(test, -EBADMSG, ecdsa_parse_sig(ASYM_CURVE_P256, der, len - 1));
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_parse_sig(2, der, len));
	KUNIT_EXPECT_EQ(test, 64, ecdsa_sig_to_p1363(ASYM_CURVE_P256, der, len, ctx->expect, 64));
	KUNIT_EXPECT_MEMEQ(test, ctx->raw, ctx->expect, 64);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			ecdsa_sig_to_p1363(ASYM_CURVE_P256, der, len, ctx->expect, 63));
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			ecdsa_sig_to_p1363(ASYM_CURVE_P256, der, len - 1, ctx->expect, 64));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			ecdsa_sig_from_p1363(ASYM_CURVE_P256, ctx->raw, 63, der, 72));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			ecdsa_sig_from_p1363(ASYM_CURVE_P256, ctx->raw, 64, der, 71));

	ecdsa_num_to_bytes(ctx->raw + 32, 32, curve->n.m);
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			ecdsa_sig_from_p1363(ASYM_CURVE_P256, ctx->raw, 64, der, 72));
	len = ecdsa_der_put_sig(curve, ctx->raw, der);
	KUNIT_EXPECT_EQ(test, -EBADMSG, ecdsa_parse_sig(ASYM_CURVE_P256, der, len));
	memset(ctx->raw, 0, 32);
	KUNIT_EXPECT_EQ(test, -EBADMSG,
			ecdsa_sig_from_p1363(ASYM_CURVE_P256, ctx->raw, 64, der, 72));
	len = ecdsa_der_put_sig(curve, ctx->raw, der);
	KUNIT_EXPECT_EQ(test, -EBADMSG, ecdsa_parse_sig(ASYM_CURVE_P256, der, len));
}

/* The longest signature of each curve, and shorter ones there and back */
static void signature_lengths(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	unsigned int len, i, j;

	for (i = 0; i < ARRAY_SIZE(all_curves); i++) {
		const struct ecdsa_curve *curve = ecdsa_curve_get(all_curves[i]);

		if (!curve)
			continue;
		ecdsa_num_to_bytes(ctx->raw, curve->bytes, curve->n.m);
		ecdsa_num_to_bytes(ctx->raw + curve->bytes, curve->bytes, curve->n.m);
		len = ecdsa_der_put_sig(curve, ctx->raw, ctx->der);
		KUNIT_EXPECT_EQ(test, len, ecdsa_max_sig(all_curves[i]));
		for (j = 0; j < curve->bytes - 1; j++) {
			ctx->raw[j] = 0;
			ctx->raw[2 * curve->bytes - 2 - j] = 0;
			len = ecdsa_der_put_sig(curve, ctx->raw, ctx->der);
			KUNIT_ASSERT_LE(test, len, curve->max_sig);
			KUNIT_EXPECT_EQ(test, 0, ecdsa_der_get_sig(curve, ctx->der, len,
								   ctx->expect));
			KUNIT_EXPECT_MEMEQ(test, ctx->raw, ctx->expect, 2 * curve->bytes);
		}
	}
	KUNIT_EXPECT_EQ(test, 139, ASYM_MAX_EC_SIG);
	KUNIT_EXPECT_EQ(test, 0, ecdsa_max_sig(2));
}

static void names(struct kunit *test)
{
	static const u8 oid[] = { 0x2b, 0x81, 0x04, 0x00, 0x22, 0x00 };

	KUNIT_EXPECT_STREQ(test, "nist-p384", ecdsa_curve_name(ASYM_CURVE_P384));
	KUNIT_EXPECT_NULL(test, ecdsa_curve_name(2));
	KUNIT_EXPECT_NULL(test, ecdsa_curve_name(-1));
	KUNIT_EXPECT_EQ(test, 521, ecdsa_curve_bits(ASYM_CURVE_P521));
	KUNIT_EXPECT_EQ(test, 0, ecdsa_curve_bits(0));
	KUNIT_EXPECT_EQ(test, ASYM_CURVE_P384, ecdsa_curve_by_oid(oid, 5));
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_curve_by_oid(oid, 6));
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_curve_by_oid(oid, 4));
	KUNIT_EXPECT_EQ(test, -ENOPKG, ecdsa_curve_by_oid(oid, 0));
}

/* Through LKCF: by the driver's name, and the kernel's software verifies what it signs. */
static void lkcf(struct kunit *test)
{
	const struct ecdsa_curve *curve = ecdsa_curve_get(ASYM_CURVE_P256);
	const struct ecdsa_test_key *known = key_of(ASYM_CURVE_P256);
	struct ctx *ctx = test->priv;
	struct crypto_sig *sig;
	unsigned int len, der_len, size;
	u8 bytes[ECDSA_BYTES];
	u8 *out;

	out = kunit_kzalloc(test, curve->max_sig, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_ASSERT_EQ(test, 0, hex2bin(bytes, known->d, 32));
	der_len = put_private(curve, ctx->der, bytes);
	len = put_known_point(ctx->point, curve, known->x, known->y);
	prandom_bytes_state(&ctx->rnd, ctx->digest, sizeof(ctx->digest));

	sig = crypto_alloc_sig(ECDSA_DRIVER_PREFIX "nist-p256", 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sig));
	KUNIT_EXPECT_EQ(test, -EINVAL, crypto_sig_sign(sig, ctx->digest, 32, out, 72));
	KUNIT_EXPECT_EQ(test, 0, crypto_sig_set_pubkey(sig, ctx->point, len));
	KUNIT_EXPECT_EQ(test, -EINVAL, crypto_sig_sign(sig, ctx->digest, 32, out, 72));
	KUNIT_EXPECT_EQ(test, 0, crypto_sig_set_privkey(sig, ctx->der, der_len));
	KUNIT_EXPECT_EQ(test, 72, (int)crypto_sig_maxsize(sig));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, crypto_sig_sign(sig, ctx->digest, 32, out, 71));
	KUNIT_EXPECT_EQ(test, -EINVAL, crypto_sig_sign(sig, ctx->digest, 0, out, 72));
	KUNIT_EXPECT_NULL(test, memchr_inv(out, 0, 72));
	KUNIT_EXPECT_LE(test, 0, crypto_sig_sign(sig, ctx->digest, 32, out, 72));
	size = 2 + out[1];
	KUNIT_ASSERT_LE(test, size, 72);
	KUNIT_EXPECT_NULL(test, memchr_inv(out + size, 0, 72 - size));
	KUNIT_EXPECT_EQ(test, 0, crypto_sig_verify(sig, out, size, ctx->digest, 32));
	KUNIT_EXPECT_EQ(test, -EBADMSG, crypto_sig_verify(sig, out, size - 1, ctx->digest, 32));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, crypto_sig_verify(sig, out, size, ctx->digest, 31));
	crypto_free_sig(sig);

	/* Whoever asks for the algorithm gets this driver. */
	sig = crypto_alloc_sig(SIG_NAME(256), 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(sig));
	KUNIT_EXPECT_EQ(test, 0, crypto_sig_set_privkey(sig, ctx->der, der_len));
	KUNIT_EXPECT_EQ(test, 0, crypto_sig_verify(sig, out, size, ctx->digest, 32));
	crypto_free_sig(sig);
}

/* No expectation: how long things take here, for who reads the log */
static void durations(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	u64 start, sign, verify, set;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(all_curves); i++) {
		const struct ecdsa_curve *curve = ecdsa_curve_get(all_curves[i]);

		if (!curve)
			continue;
		start = ktime_get_ns();
		for (j = 0; j < TIME_ROUNDS; j++)
			set_known_private(ctx, curve, key_of(all_curves[i]));
		set = ktime_get_ns() - start;
		start = ktime_get_ns();
		for (j = 0; j < TIME_ROUNDS; j++)
			ecdsa_sign(&ctx->key, ctx->digest, 32, ctx->raw);
		sign = ktime_get_ns() - start;
		start = ktime_get_ns();
		for (j = 0; j < TIME_ROUNDS; j++)
			ecdsa_verify(&ctx->key, ctx->raw, ctx->digest, 32);
		verify = ktime_get_ns() - start;
		kunit_info(test, "%s: set key %llu us, sign %llu us, verify %llu us\n",
			   curve->name, div_u64(set, 1000 * TIME_ROUNDS),
			   div_u64(sign, 1000 * TIME_ROUNDS), div_u64(verify, 1000 * TIME_ROUNDS));
	}
}

static struct kunit_case ecdsa_sign_cases[] = {
	KUNIT_CASE(rfc6979),
	KUNIT_CASE(nonce_again),
	KUNIT_CASE(cavp_sigver),
	KUNIT_CASE(math),
	KUNIT_CASE(points),
	KUNIT_CASE_SLOW(edge_scalars),
	KUNIT_CASE(colliding_sums),
	KUNIT_CASE(infinite_sum),
	KUNIT_CASE(zero_digests),
	KUNIT_CASE(digest_lengths),
	KUNIT_CASE(sig_ranges),
	KUNIT_CASE(faults),
	KUNIT_CASE(public_keys),
	KUNIT_CASE(private_keys),
	KUNIT_CASE(private_truncated),
	KUNIT_CASE(signatures),
	KUNIT_CASE(signature_forms),
	KUNIT_CASE(signature_lengths),
	KUNIT_CASE(names),
	KUNIT_CASE(lkcf),
	KUNIT_CASE_SLOW(durations),
	{}
};

static struct kunit_suite ecdsa_sign_suite = {
	.name = "ecdsa_sign",
	.init = case_init,
	.test_cases = ecdsa_sign_cases,
};

kunit_test_suite(ecdsa_sign_suite);
