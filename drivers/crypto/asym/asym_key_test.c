// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_key.c: whatever a key looks like, asym_key_parse() and
 * setting it on rsa-generic must agree, to the errno.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/akcipher.h>

#include "asym_executor_int.h"
#include "asym_test_vectors.h"

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

static void expect_as_software(struct kunit *test, const u8 *der, unsigned int len,
			       bool is_private)
{
	struct crypto_akcipher *tfm = test->priv;
	unsigned int bits;
	int err, soft;

	soft = is_private ? crypto_akcipher_set_priv_key(tfm, der, len) :
			    crypto_akcipher_set_pub_key(tfm, der, len);
	err = parse(der, len, is_private, &bits);
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
	{}
};

static struct kunit_suite asym_key_suite = {
	.name = "asym_key",
	.init = case_init,
	.exit = case_exit,
	.test_cases = asym_key_cases,
};

kunit_test_suite(asym_key_suite);
