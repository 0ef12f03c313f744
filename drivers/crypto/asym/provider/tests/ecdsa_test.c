// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of ECDSA in asym_provider, on the devices of fake.c.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>

#include "fixture.h"

#define EC_DIGEST	32

static int ec_init(struct kunit *test)
{
	struct provider_test *pt;
	int i, err = ptest_init(test);

	pt = test->priv;
	for (i = 0; !err && i < ARRAY_SIZE(pt->fake); i++)
		pt->fake[i]->dev.caps.algos |= BIT(ASYM_ECDSA);
	return err;
}

static struct provider_key *ec_key(struct provider_test *pt, bool is_private)
{
	const struct asym_key_data data = {
		.algo = ASYM_ECDSA,
		.curve = ASYM_CURVE_P256,
		.is_private = is_private,
		.der = is_private ? kat_p256_private : kat_p256_public,
		.der_len = is_private ? sizeof(kat_p256_private) : sizeof(kat_p256_public),
	};
	struct provider_key *key = provider_key_get(pt->class, &data);

	KUNIT_ASSERT_FALSE(pt->test, IS_ERR(key));
	return key;
}

static struct test_op *ec_op(struct provider_test *pt, u8 nr, struct provider_key *key,
			     const void *in, unsigned int len)
{
	struct test_op *top = ptest_op_new(pt, nr, in, len);

	top->op->padding = ASYM_PAD_RAW;
	top->op->hash = ASYM_HASH_NONE;
	KUNIT_ASSERT_EQ(pt->test, 0, provider_op_set_key(top->op, key->key_bytes, GFP_KERNEL));
	return top;
}

static int ec_verify_sig(struct provider_test *pt, struct provider_key *key, const u8 *sig,
			 unsigned int len, bool good)
{
	struct test_op *top = ec_op(pt, ASYM_VERIFY, key, sig, len);

	memcpy(top->op->in + len, kat_digest, EC_DIGEST);
	top->op->in[len] ^= !good;
	top->op->digest_len = EC_DIGEST;
	ptest_op_start(top, key, true);
	return ptest_op_wait(pt, top);
}

static int ec_verify(struct provider_test *pt, struct provider_key *key, bool good)
{
	return ec_verify_sig(pt, key, kat_p256_sig, sizeof(kat_p256_sig), good);
}

/* A signature, which software accepts. */
static void ec_sign(struct provider_test *pt, struct provider_key *key)
{
	struct test_op *top = ec_op(pt, ASYM_SIGN, key, kat_digest, EC_DIGEST);
	u8 sig[ASYM_MAX_EC_SIG];
	unsigned int len;

	ptest_op_start(top, key, true);
	KUNIT_ASSERT_EQ(pt->test, 0, ptest_op_wait(pt, top));
	len = top->op->out_len;
	KUNIT_ASSERT_LE(pt->test, len, ecdsa_max_sig(ASYM_CURVE_P256));
	memcpy(sig, top->op->out, len);
	KUNIT_EXPECT_EQ(pt->test, 0, ec_verify_sig(pt, key, sig, len, true));
}

/* Every operation is the device's; one key, one session, two transforms' worth of keys. */
static void ec_by_device(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *priv, *pub, *again;

	ptest_plug(pt, 0);
	KUNIT_EXPECT_EQ(test, pt->fake[0]->dev.caps.ec_curves,
			pt->fake[0]->dev.p->caps.ec_curves);
	priv = ec_key(pt, true);
	again = ec_key(pt, true);
	KUNIT_EXPECT_PTR_EQ(test, priv, again);
	provider_key_put(again);
	pub = ec_key(pt, false);
	KUNIT_EXPECT_PTR_NE(test, priv, pub);

	ec_sign(pt, priv);
	KUNIT_EXPECT_EQ(test, 0, ec_verify(pt, pub, true));
	KUNIT_EXPECT_EQ(test, 3, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	/* A refusal is looked at again, by software. */
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, ec_verify(pt, pub, false));
	KUNIT_EXPECT_EQ(test, 4, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 1, ptest_stat(pt, PROVIDER_STAT_RECHECKED));
	KUNIT_EXPECT_EQ(test, 0, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 2, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	ptest_expect_consistent(pt);
	provider_key_put(priv);
	provider_key_put(pub);
}

/* What a device does not offer, software computes: a curve, an operation, all of it. */
static void ec_unsupported(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *priv = ec_key(pt, true);

	pt->fake[0]->dev.caps.ec_curves = BIT(ASYM_CURVE_P384);
	ptest_plug(pt, 0);
	KUNIT_EXPECT_EQ(test, 0, ec_verify(pt, priv, true));
	KUNIT_EXPECT_EQ(test, 1, ptest_stat(pt, PROVIDER_STAT_SW_UNSUPPORTED));

	pt->fake[1]->dev.caps.ec_ops = BIT(ASYM_VERIFY);
	ptest_plug(pt, 1);
	KUNIT_EXPECT_EQ(test, 0, ec_verify(pt, priv, true));
	KUNIT_EXPECT_EQ(test, 1, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ec_sign(pt, priv);
	KUNIT_EXPECT_EQ(test, 2, ptest_stat(pt, PROVIDER_STAT_SW_UNSUPPORTED));
	KUNIT_EXPECT_EQ(test, 2, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
	provider_key_put(priv);
}

/* A device for one kind of key takes none of the other. */
static void ec_kinds_of_devices(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *priv = ec_key(pt, true);

	pt->fake[0]->dev.caps.algos = BIT(ASYM_ECDSA);
	ptest_plug(pt, 0);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1, ptest_stat(pt, PROVIDER_STAT_SW_UNSUPPORTED));
	ec_sign(pt, priv);
	KUNIT_EXPECT_EQ(test, 2, ptest_stat(pt, PROVIDER_STAT_DEVICE));

	pt->fake[1]->dev.caps.algos = BIT(ASYM_RSA);
	ptest_plug(pt, 1);
	ptest_sign(pt);
	ptest_sign(pt);
	ec_sign(pt, priv);
	KUNIT_EXPECT_EQ(test, 1, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	KUNIT_EXPECT_EQ(test, 6, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	provider_key_put(priv);
}

static void ec_no_device(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *priv = ec_key(pt, true);

	ec_sign(pt, priv);
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, ec_verify(pt, priv, false));
	KUNIT_EXPECT_EQ(test, 3, ptest_stat(pt, PROVIDER_STAT_SW_NO_DEVICE));
	provider_key_put(priv);
}

/* An answer that is no signature is a device's failure. */
static void ec_garbage(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *priv = ec_key(pt, true);

	ptest_plug(pt, 0);
	/* The middle of the DER: the second number's tag, length or first byte. */
	pt->fake[0]->garbage = true;
	ec_sign(pt, priv);
	KUNIT_EXPECT_EQ(test, 1, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	pt->fake[0]->garbage = false;
	ptest_expect_consistent(pt);
	provider_key_put(priv);
}

/* One that signs, or verifies, wrongly does not pass its known-answer tests. */
static void ec_wrong(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	static const u8 ops[] = { ASYM_SIGN, ASYM_VERIFY };
	int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		struct fake_device *fake = pt->fake[i];

		fake->dev.caps.algos = BIT(ASYM_ECDSA);
		fake->wrong = BIT(ops[i]);
		KUNIT_EXPECT_EQ(test, -EBADMSG, asym_device_register(pt->class, &fake->dev));
		fake->wrong = 0;
	}
	pt->fake[0]->credulous = true;
	KUNIT_EXPECT_EQ(test, -EBADMSG, asym_device_register(pt->class, &pt->fake[0]->dev));
	pt->fake[0]->credulous = false;
	/* What it refuses to do it is not asked for. */
	pt->fake[0]->unsupported = BIT(ASYM_SIGN);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, asym_device_register(pt->class, &pt->fake[0]->dev));
	KUNIT_EXPECT_EQ(test, 3, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
}

static struct kunit_case ec_cases[] = {
	KUNIT_CASE_SLOW(ec_by_device),
	KUNIT_CASE_SLOW(ec_unsupported),
	KUNIT_CASE_SLOW(ec_kinds_of_devices),
	KUNIT_CASE(ec_no_device),
	KUNIT_CASE_SLOW(ec_garbage),
	KUNIT_CASE_SLOW(ec_wrong),
	{}
};

static struct kunit_suite ec_suite = {
	.name = "asym_provider_ecdsa",
	.init = ec_init,
	.exit = ptest_exit,
	.test_cases = ec_cases,
};

kunit_test_suite(ec_suite);
