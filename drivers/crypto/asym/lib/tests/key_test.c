// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of key.c: whatever a key looks like, asym_key_parse() and
 * setting it on rsa-generic must agree, to the errno; but asym_key_parse() refuses some numbers
 * which rsa-generic computes with.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/math.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/akcipher.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/key.h>
#include <crypto/internal/rsa.h>

#include "vectors.h"

#define SEED	20261122

static const struct {
	const u8 *der;
	unsigned int der_len;
	bool is_private;
	unsigned int bits;
} keys[] = {
	{ rsa512_priv, sizeof(rsa512_priv), true, 512 },
	{ rsa512_pub, sizeof(rsa512_pub), false, 512 },
	{ rsa1024_priv, sizeof(rsa1024_priv), true, 1024 },
	{ rsa1024_pub, sizeof(rsa1024_pub), false, 1024 },
};

static int case_init(struct kunit *test)
{
	test->priv = crypto_alloc_akcipher("rsa-generic", 0, 0);
	return PTR_ERR_OR_ZERO(test->priv);
}

static void case_exit(struct kunit *test)
{
	crypto_free_akcipher(test->priv);
}

static int parse(const u8 *der, unsigned int len, bool is_private, unsigned int *bits)
{
	struct asym_key_data key = {
		.algo = ASYM_RSA, .is_private = is_private, .der = der, .der_len = len,
	};
	int err = asym_key_parse(&key);

	*bits = key.bits;
	return err;
}

/* Is it of the keys that are refused for their numbers? The tests of those are further below. */
static bool may_refuse(const u8 *der, unsigned int len, bool is_private)
{
	struct rsa_key raw = { };
	unsigned int zeros = 0;

	if (is_private)
		return true;
	if (rsa_parse_pub_key(&raw, der, len))
		return false;
	while (zeros < raw.e_sz && !raw.e[zeros])
		zeros++;
	return raw.e_sz - zeros > ASYM_RSA_MAX_E_BITS / 8 || raw.e_sz - zeros >= raw.n_sz ||
	       !(raw.e[raw.e_sz - 1] & 1) || (raw.e_sz - zeros == 1 && raw.e[zeros] == 1);
}

static void expect_as_software(struct kunit *test, const u8 *der, unsigned int len,
			       bool is_private)
{
	struct crypto_akcipher *tfm = test->priv;
	unsigned int bits;
	int err, soft;

	soft = is_private ? crypto_akcipher_set_priv_key(tfm, der, len) :
			    crypto_akcipher_set_pub_key(tfm, der, len);
	err = parse(der, len, is_private, &bits);
	if (!soft && err == -EINVAL && may_refuse(der, len, is_private))
		return;
	KUNIT_EXPECT_EQ(test, soft, err);
	if (!err && !soft)
		KUNIT_EXPECT_EQ(test, crypto_akcipher_maxsize(tfm) * 8, bits);
}

static void key_good(struct kunit *test)
{
	unsigned int bits;
	int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		KUNIT_EXPECT_EQ(test, 0, parse(keys[i].der, keys[i].der_len, keys[i].is_private,
					       &bits));
		KUNIT_EXPECT_EQ(test, keys[i].bits, bits);
		/* the other kind of key */
		expect_as_software(test, keys[i].der, keys[i].der_len, !keys[i].is_private);
	}
}

static void key_refused(struct kunit *test)
{
	u8 *der = kunit_kzalloc(test, ASYM_MAX_DER + 1, GFP_KERNEL);
	struct asym_key_data key = { .algo = ASYM_ECDSA, .der = der, .der_len = 8 };
	unsigned int bits;

	KUNIT_ASSERT_NOT_NULL(test, der);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, asym_key_parse(&key));
	KUNIT_EXPECT_EQ(test, -EINVAL, parse(NULL, 8, false, &bits));
	KUNIT_EXPECT_EQ(test, -EBADMSG, parse(der, 0, false, &bits));
	memcpy(der, rsa1024_pub, sizeof(rsa1024_pub));
	KUNIT_EXPECT_EQ(test, -EINVAL, parse(der, ASYM_MAX_DER + 1, false, &bits));
	KUNIT_EXPECT_EQ(test, -EINVAL, parse(der, UINT_MAX, false, &bits));
}

/* Every truncation, in memory of exactly that length so that KASAN sees a read behind it. */
static void key_truncated(struct kunit *test)
{
	unsigned int len;
	u8 *der;
	int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		for (len = 1; len < keys[i].der_len; len++) {
			der = kmemdup(keys[i].der, len, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, der);
			expect_as_software(test, der, len, keys[i].is_private);
			kfree(der);
		}
	}
}

/* Lengths as BER has them, in the ways a DER parser must not trust. */
static void key_lengths(struct kunit *test)
{
	static const struct {
		const char *what;
		u8 len;
		u8 der[16];
	} cases[] = {
		{ "nothing in the sequence", 2, { 0x30, 0x00 } },
		{ "no length", 1, { 0x30 } },
		{ "length without its bytes", 2, { 0x30, 0x82 } },
		{ "length of four bytes", 6, { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff } },
		{ "length of 127 bytes", 4, { 0x30, 0xff, 0x01, 0x01 } },
		{ "indefinite length", 6, { 0x30, 0x80, 0x02, 0x00, 0x00, 0x00 } },
		{ "indefinite length without an end", 5, { 0x30, 0x80, 0x02, 0x01, 0x05 } },
		{ "modulus without bytes", 7, { 0x30, 0x05, 0x02, 0x00, 0x02, 0x01, 0x03 } },
		{ "modulus longer than the key", 6, { 0x30, 0x04, 0x02, 0x7f, 0x01, 0x02 } },
		{ "modulus of 0", 8, { 0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x03 } },
		{ "modulus of 1", 8, { 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x03 } },
		{ "no exponent", 5, { 0x30, 0x03, 0x02, 0x01, 0x05 } },
		{ "a set", 8, { 0x31, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x03 } },
		{ "more behind the key", 10,
		  { 0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x03, 0x05, 0x00 } },
		{ "a tag of many bytes", 6, { 0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f } },
	};
	unsigned int bits;
	u8 *der;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		der = kmemdup(cases[i].der, cases[i].len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, der);
		expect_as_software(test, der, cases[i].len, false);
		expect_as_software(test, der, cases[i].len, true);
		KUNIT_EXPECT_LT_MSG(test, parse(der, cases[i].len, false, &bits), 0, "%s",
				    cases[i].what);
		kfree(der);
	}
}

/* Every byte changed; then many changed at a time. */
static void key_mutated(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int pos, n;
	int i, round;
	u8 *der;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		der = kunit_kmalloc(test, keys[i].der_len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, der);
		memcpy(der, keys[i].der, keys[i].der_len);
		for (pos = 0; pos < keys[i].der_len; pos++) {
			der[pos] ^= 1 << prandom_u32_state(&rnd) % 8;
			expect_as_software(test, der, keys[i].der_len, keys[i].is_private);
			der[pos] = keys[i].der[pos];
		}
		for (round = 0; round < 200; round++) {
			memcpy(der, keys[i].der, keys[i].der_len);
			for (n = prandom_u32_state(&rnd) % 8; n; n--)
				der[prandom_u32_state(&rnd) % min(keys[i].der_len, 64u)] =
					prandom_u32_state(&rnd);
			expect_as_software(test, der, keys[i].der_len, keys[i].is_private);
		}
	}
}

/* A modulus with leading zeros, and one that ends short of a limb. */
static void key_odd_modulus(struct kunit *test)
{
	const unsigned int zeros[] = { 0, 1, 9 };
	u8 der[160] = { 0x30, 0x81, 0, 0x02, 0x81, 0 };
	unsigned int i, n_len, len;

	for (i = 0; i < ARRAY_SIZE(zeros); i++) {
		for (n_len = 100; n_len <= 130; n_len++) {
			len = zeros[i] + n_len;
			der[2] = 3 + len + 5;
			der[5] = len;
			memset(der + 6, 0, zeros[i]);
			memset(der + 6 + zeros[i], 0x55, n_len);
			memcpy(der + 6 + len, ((const u8[]){ 2, 3, 1, 0, 1 }), 5);
			expect_as_software(test, der, 6 + len + 5, false);
		}
	}
}

/* ---- numbers ---- */

#define MAX_NUM		(1024 / 8 + 8)

/* The numbers of an RSAPrivateKey, in its order, each right-aligned. */
enum { NUM_N, NUM_E, NUM_D, NUM_P, NUM_Q, NUM_DP, NUM_DQ, NUM_QINV, NUM_NR };

struct numbers {
	u8 num[NUM_NR][MAX_NUM];
};

static u8 *num_end(struct numbers *key, int which)
{
	return key->num[which] + MAX_NUM;
}

static void num_set(struct numbers *key, int which, const u8 *bytes, size_t len)
{
	while (len && !*bytes) {
		bytes++;
		len--;
	}
	memset(key->num[which], 0, MAX_NUM);
	memcpy(num_end(key, which) - len, bytes, len);
}

/* rsa1024_priv */
static struct numbers *good_numbers(struct kunit *test)
{
	struct numbers *key = kunit_kzalloc(test, sizeof(*key), GFP_KERNEL);
	struct rsa_key raw = { };

	KUNIT_ASSERT_NOT_NULL(test, key);
	KUNIT_ASSERT_EQ(test, 0, rsa_parse_priv_key(&raw, rsa1024_priv, sizeof(rsa1024_priv)));
	num_set(key, NUM_N, raw.n, raw.n_sz);
	num_set(key, NUM_E, raw.e, raw.e_sz);
	num_set(key, NUM_D, raw.d, raw.d_sz);
	num_set(key, NUM_P, raw.p, raw.p_sz);
	num_set(key, NUM_Q, raw.q, raw.q_sz);
	num_set(key, NUM_DP, raw.dp, raw.dp_sz);
	num_set(key, NUM_DQ, raw.dq, raw.dq_sz);
	num_set(key, NUM_QINV, raw.qinv, raw.qinv_sz);
	return key;
}

static u8 *der_put(u8 *der, const u8 *num, size_t len)
{
	*der++ = 0x02;
	*der++ = 0x82;
	*der++ = len >> 8;
	*der++ = len;
	memcpy(der, num, len);
	return der + len;
}

/* Without zeros in front, but for one if the number would be a negative one. */
static u8 *der_put_num(u8 *der, struct numbers *key, int which)
{
	const u8 *num = key->num[which];

	while (num < num_end(key, which) - 1 && !num[0] && !(num[1] & 0x80))
		num++;
	return der_put(der, num, num_end(key, which) - num);
}

static struct asym_key_data *numbers_key(struct kunit *test, struct numbers *key, bool is_private)
{
	struct asym_key_data *data = kunit_kzalloc(test, sizeof(*data), GFP_KERNEL);
	u8 *der = kunit_kzalloc(test, NUM_NR * (MAX_NUM + 4) + 16, GFP_KERNEL), *end;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_ASSERT_NOT_NULL(test, der);
	end = der + 4;
	if (is_private)
		end = der_put(end, (const u8 *)"", 1);
	for (i = 0; i < (is_private ? NUM_NR : NUM_D); i++)
		end = der_put_num(end, key, i);
	der[0] = 0x30;
	der[1] = 0x82;
	der[2] = (end - der - 4) >> 8;
	der[3] = end - der - 4;
	*data = (struct asym_key_data){
		.algo = ASYM_RSA, .is_private = is_private, .der = der, .der_len = end - der,
	};
	return data;
}

/* What a public operation is charged, with either kind of key; 0: the key is refused. */
static unsigned int e_cost(struct kunit *test, const u8 *e, size_t len)
{
	struct numbers *key = good_numbers(test);
	unsigned int cost;

	num_set(key, NUM_E, e, len);
	cost = asym_key_cost(numbers_key(test, key, false), ASYM_VERIFY);
	KUNIT_EXPECT_EQ(test, cost, asym_key_cost(numbers_key(test, key, false), ASYM_ENCRYPT));
	KUNIT_EXPECT_EQ(test, cost, asym_key_cost(numbers_key(test, key, true), ASYM_VERIFY));
	return cost;
}

static void key_public_exponent(struct kunit *test)
{
	unsigned int usual = asym_cost(ASYM_RSA, 1024, ASYM_VERIFY);
	u8 e[MAX_NUM] = { };

	/* what real keys have: Fermat's numbers, 35 (PuTTY), 37 (old OpenSSH) */
	KUNIT_EXPECT_EQ(test, usual, e_cost(test, (const u8 []){ 3 }, 1));
	KUNIT_EXPECT_EQ(test, usual, e_cost(test, (const u8 []){ 17 }, 1));
	KUNIT_EXPECT_EQ(test, usual, e_cost(test, (const u8 []){ 35 }, 1));
	KUNIT_EXPECT_EQ(test, usual, e_cost(test, (const u8 []){ 37 }, 1));
	KUNIT_EXPECT_EQ(test, usual, e_cost(test, (const u8 []){ 1, 0, 1 }, 3));
	/* no exponents */
	KUNIT_EXPECT_EQ(test, 0, e_cost(test, (const u8 []){ 0 }, 1));
	KUNIT_EXPECT_EQ(test, 0, e_cost(test, (const u8 []){ 1 }, 1));
	KUNIT_EXPECT_EQ(test, 0, e_cost(test, (const u8 []){ 2 }, 1));
	KUNIT_EXPECT_EQ(test, 0, e_cost(test, (const u8 []){ 1, 0, 0 }, 3));

	/* by length: 64 bits, 63 squarings and one multiplication; then by weight, too */
	e[0] = 0x80;
	e[7] = 1;
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(usual * 64, 17), e_cost(test, e, 8));
	memset(e, 0xff, sizeof(e));
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(usual * 126, 17), e_cost(test, e, 8));
	/* the longest, and one bit more */
	KUNIT_EXPECT_EQ(test, DIV_ROUND_UP(usual * 510, 17), e_cost(test, e, 32));
	e[0] = 1;
	KUNIT_EXPECT_EQ(test, 0, e_cost(test, e, 33));
	/* as seen: as long as the modulus, at the price of 65537 */
	e[0] = 0x7f;
	KUNIT_EXPECT_EQ(test, 0, e_cost(test, e, 128));
}

static unsigned int private_cost(struct kunit *test, struct numbers *key)
{
	struct asym_key_data *data = numbers_key(test, key, true);
	unsigned int cost = asym_key_cost(data, ASYM_SIGN);

	KUNIT_EXPECT_EQ(test, cost, asym_key_cost(data, ASYM_DECRYPT));
	KUNIT_EXPECT_EQ(test, cost ? 0 : -EINVAL, asym_key_parse(data));
	return cost;
}

static void key_crt(struct kunit *test)
{
	static const int primes[] = { NUM_P, NUM_Q }, exponents[] = { NUM_DP, NUM_DQ };
	unsigned int usual = asym_cost(ASYM_RSA, 1024, ASYM_SIGN), cost;
	const struct numbers *good = good_numbers(test);
	struct numbers *key = good_numbers(test);
	int i;

	KUNIT_EXPECT_EQ(test, usual, private_cost(test, key));

	/* p < q, or p > q: both are usual */
	memcpy(key->num[NUM_P], good->num[NUM_Q], MAX_NUM);
	memcpy(key->num[NUM_Q], good->num[NUM_P], MAX_NUM);
	memcpy(key->num[NUM_DP], good->num[NUM_DQ], MAX_NUM);
	memcpy(key->num[NUM_DQ], good->num[NUM_DP], MAX_NUM);
	num_set(key, NUM_QINV, (const u8 []){ 2 }, 1);
	KUNIT_EXPECT_EQ(test, usual, private_cost(test, key));

	for (i = 0; i < ARRAY_SIZE(primes); i++) {
		/* an exponent that is not below its prime: its prime, and as seen, all ones */
		*key = *good;
		memcpy(key->num[exponents[i]], key->num[primes[i]], MAX_NUM);
		KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));
		memset(num_end(key, exponents[i]) - 128, 0x7f, 128);
		KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));
		/* the largest: nearly all of its bits are set */
		*key = *good;
		memset(num_end(key, exponents[i]) - 64, 0xff, 64);
		num_end(key, exponents[i])[-64] = 0x7f;
		cost = private_cost(test, key);
		KUNIT_EXPECT_GT(test, cost, usual + usual / 8);
		KUNIT_EXPECT_LT(test, cost, usual + usual / 3);

		/* p * q is not n: the lowest bits, the highest, another prime */
		*key = *good;
		num_end(key, primes[i])[-1] ^= 2;
		KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));
		*key = *good;
		num_end(key, primes[i])[-64] ^= 1;
		KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));
		*key = *good;
		memcpy(key->num[primes[i]], key->num[primes[!i]], MAX_NUM);
		KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));
		/* p is longer: n + 2^1024 */
		*key = *good;
		memcpy(key->num[primes[i]], key->num[NUM_N], MAX_NUM);
		num_end(key, primes[i])[-129] = 1;
		num_set(key, primes[!i], (const u8 []){ 1 }, 1);
		num_set(key, exponents[!i], (const u8 []){ 0 }, 1);
		KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));

		/* p is n, q is 1: that is RSA without CRT, and takes four times as long */
		*key = *good;
		memcpy(key->num[primes[i]], key->num[NUM_N], MAX_NUM);
		memcpy(key->num[exponents[i]], key->num[NUM_D], MAX_NUM);
		num_set(key, primes[!i], (const u8 []){ 1 }, 1);
		num_set(key, exponents[!i], (const u8 []){ 0 }, 1);
		num_set(key, NUM_QINV, (const u8 []){ 0 }, 1);
		cost = private_cost(test, key);
		KUNIT_EXPECT_GT(test, cost, 7 * usual / 2);
		KUNIT_EXPECT_LT(test, cost, 9 * usual / 2);
	}

	*key = *good;
	memcpy(key->num[NUM_QINV], key->num[NUM_P], MAX_NUM);
	KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));
	/* d: nothing computes with it here, but it is no longer than n */
	*key = *good;
	memset(num_end(key, NUM_D) - 128, 0xff, 128);
	KUNIT_EXPECT_EQ(test, usual, private_cost(test, key));
	num_end(key, NUM_D)[-129] = 1;
	KUNIT_EXPECT_EQ(test, 0, private_cost(test, key));
}

static void key_prepare_cost(struct kunit *test)
{
	struct asym_key_data key = { .algo = ASYM_RSA };
	unsigned int last = 0;

	KUNIT_EXPECT_GT(test, asym_key_prepare_cost(&key), 0);
	key.algo = ASYM_ECDSA;
	for (key.curve = 0; key.curve < ASYM_CURVE_NR; key.curve++) {
		unsigned int private_key, public_key;

		key.is_private = false;
		public_key = asym_key_prepare_cost(&key);
		key.is_private = true;
		private_key = asym_key_prepare_cost(&key);
		KUNIT_EXPECT_GT(test, public_key, 0);
		/* a point multiplication */
		KUNIT_EXPECT_GT(test, private_key, 10 * public_key);
		if (ecdsa_max_sig(key.curve)) {
			KUNIT_EXPECT_GT(test, private_key, last);
			last = private_key;
		}
	}
}

static void key_cost(struct kunit *test)
{
	unsigned int bits;

	KUNIT_EXPECT_EQ(test, 1000, asym_cost(ASYM_RSA, 2048, ASYM_SIGN));
	KUNIT_EXPECT_EQ(test, 1000, asym_cost(ASYM_RSA, 2048, ASYM_DECRYPT));
	for (bits = 0; bits <= 5000; bits += 8) {
		unsigned int priv = asym_cost(ASYM_RSA, bits, ASYM_SIGN);
		unsigned int pub = asym_cost(ASYM_RSA, bits, ASYM_VERIFY);

		KUNIT_EXPECT_GT(test, pub, 0);
		KUNIT_EXPECT_GT(test, priv, pub);
		KUNIT_EXPECT_LE(test, priv, asym_cost(ASYM_RSA, bits + 8, ASYM_DECRYPT));
		KUNIT_EXPECT_LE(test, pub, asym_cost(ASYM_RSA, bits + 8, ASYM_ENCRYPT));
	}
	for (bits = 0; bits <= 600; bits++) {
		unsigned int sign = asym_cost(ASYM_ECDSA, bits, ASYM_SIGN);
		unsigned int verify = asym_cost(ASYM_ECDSA, bits, ASYM_VERIFY);

		KUNIT_EXPECT_GT(test, verify, 0);
		KUNIT_EXPECT_GT(test, sign, verify);
		KUNIT_EXPECT_LE(test, sign, asym_cost(ASYM_ECDSA, bits + 1, ASYM_SIGN));
		KUNIT_EXPECT_LE(test, verify, asym_cost(ASYM_ECDSA, bits + 1, ASYM_VERIFY));
	}
}

static struct kunit_case asym_key_cases[] = {
	KUNIT_CASE(key_good),
	KUNIT_CASE(key_refused),
	KUNIT_CASE(key_truncated),
	KUNIT_CASE(key_lengths),
	KUNIT_CASE_SLOW(key_mutated),
	KUNIT_CASE(key_odd_modulus),
	KUNIT_CASE(key_cost),
	KUNIT_CASE(key_public_exponent),
	KUNIT_CASE(key_crt),
	KUNIT_CASE(key_prepare_cost),
	{}
};

static struct kunit_suite asym_key_suite = {
	.name = "asym_key",
	.init = case_init,
	.exit = case_exit,
	.test_cases = asym_key_cases,
};

kunit_test_suite(asym_key_suite);
