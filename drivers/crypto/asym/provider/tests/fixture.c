// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the KUnit tests of asym_provider share: a class whose callers they are,
 * two devices of fake.c that fail in every way known, and operations
 * that are answered exactly once.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "fixture.h"

#define WAIT		(30 * HZ)

static const char * const fake_names[] = { "fake/0", "fake/1" };

int ptest_init(struct kunit *test)
{
	const struct asym_class_params params = {
		.name = "kunit",
		.prefix = "kunit",
		.priority = 1,
		/* Operations of all kinds go to devices; where else is a test of its own. */
		.public_ops = ASYM_PUBLIC_REMOTE,
		.max_wait_ms = 60000,
	};
	struct provider_test *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, pt);
	test->priv = pt;
	pt->test = test;
	pt->class = asym_class_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pt->class));
	/* No algorithms: the tests are the callers. */
	pt->class->algs = ZERO_SIZE_PTR;
	pt->class->tested = true;

	for (i = 0; i < ARRAY_SIZE(pt->fake); i++) {
		pt->fake[i] = kunit_kzalloc(test, sizeof(*pt->fake[i]), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pt->fake[i]);
		KUNIT_ASSERT_EQ(test, 0, fake_device_init(pt->fake[i], fake_names[i]));
		pt->fake[i]->dev.caps.algos = BIT(ASYM_RSA);
		pt->fake[i]->dev.caps.rsa_hashes = BIT(ASYM_HASH_SHA256);
	}
	pt->key = ptest_key_get(pt, true, kat_private_key, sizeof(kat_private_key));
	KUNIT_ASSERT_FALSE(test, IS_ERR(pt->key));
	return 0;
}

void ptest_exit(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	int i;

	if (!pt || IS_ERR_OR_NULL(pt->class))
		return;
	for (i = 0; i < ARRAY_SIZE(pt->fake); i++)
		if (pt->fake[i])
			fake_device_remove(pt->fake[i]);
	if (!IS_ERR_OR_NULL(pt->key))
		provider_key_put(pt->key);
	pt->class->algs = NULL;
	asym_class_destroy(pt->class);
	for (i = 0; i < ARRAY_SIZE(pt->fake); i++)
		if (pt->fake[i])
			fake_device_exit(pt->fake[i]);
}

void ptest_plug(struct provider_test *pt, int nr)
{
	KUNIT_ASSERT_EQ(pt->test, 0, asym_device_register(pt->class, &pt->fake[nr]->dev));
}

static void test_op_complete(struct provider_op *op)
{
	struct test_op *top = op->data;

	/* Another one than was started, if that was given up. */
	top->op = op;
	top->err = op->err;
	atomic_inc(&top->answers);
	complete(&top->done);
}

static void test_op_free(void *data)
{
	struct test_op *top = data;

	provider_op_wipe(top->op);
	provider_op_free(top->op);
}

struct test_op *ptest_op_new(struct provider_test *pt, u8 nr, const void *in, unsigned int len)
{
	struct test_op *top = kunit_kzalloc(pt->test, sizeof(*top), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(pt->test, top);
	top->op = provider_op_alloc(GFP_KERNEL);
	KUNIT_ASSERT_EQ(pt->test, 0, kunit_add_action_or_reset(pt->test, test_op_free, top));
	init_completion(&top->done);
	provider_op_init(top->op, pt->class);
	top->op->op = nr;
	top->op->padding = ASYM_PAD_PKCS1;
	top->op->hash = ASYM_HASH_SHA256;
	top->op->in_len = len;
	KUNIT_ASSERT_EQ(pt->test, 0, provider_op_set_key(top->op, KEY_BYTES, GFP_KERNEL));
	memcpy(top->op->in, in, len);
	top->op->complete = test_op_complete;
	top->op->data = top;
	return top;
}

void ptest_op_start(struct test_op *top, struct provider_key *key, bool may_sleep)
{
	int err = provider_op_start(top->op, key, may_sleep ? PROVIDER_MAY_SLEEP : 0);

	if (err == -EINPROGRESS)
		return;
	top->err = err;
	atomic_inc(&top->answers);
	complete(&top->done);
}

int ptest_op_wait(struct provider_test *pt, struct test_op *top)
{
	KUNIT_ASSERT_NE(pt->test, 0UL, wait_for_completion_timeout(&top->done, WAIT));
	KUNIT_EXPECT_EQ(pt->test, 1, atomic_read(&top->answers));
	return top->err;
}

struct test_op *ptest_sign_start(struct provider_test *pt, bool may_sleep)
{
	struct test_op *top = ptest_op_new(pt, ASYM_SIGN, kat_digest, DIGEST_LEN);

	ptest_op_start(top, pt->key, may_sleep);
	return top;
}

void ptest_sign_check(struct provider_test *pt, struct test_op *top)
{
	KUNIT_ASSERT_EQ(pt->test, 0, ptest_op_wait(pt, top));
	KUNIT_ASSERT_EQ(pt->test, (unsigned int)KEY_BYTES, top->op->out_len);
	KUNIT_EXPECT_MEMEQ(pt->test, top->op->out, kat_sig_sha256, KEY_BYTES);
}

void ptest_sign(struct provider_test *pt)
{
	ptest_sign_check(pt, ptest_sign_start(pt, true));
}

int ptest_verify(struct provider_test *pt, bool good)
{
	struct test_op *top = ptest_op_new(pt, ASYM_VERIFY, kat_sig_sha256, KEY_BYTES);

	memcpy(top->op->in + KEY_BYTES, kat_digest, DIGEST_LEN);
	top->op->in[KEY_BYTES] ^= !good;
	top->op->digest_len = DIGEST_LEN;
	ptest_op_start(top, pt->key, true);
	return ptest_op_wait(pt, top);
}

/* A public key that differs from the test key in its exponent only. */
struct provider_key *ptest_other_key(struct provider_test *pt, u8 nr)
{
	u8 der[sizeof(kat_public_key)];
	struct provider_key *key;

	memcpy(der, kat_public_key, sizeof(der));
	der[sizeof(der) - 1] = 3 + 2 * nr;
	key = ptest_key_get(pt, false, der, sizeof(der));
	KUNIT_ASSERT_FALSE(pt->test, IS_ERR(key));
	return key;
}

void ptest_encrypt(struct provider_test *pt, u8 nr)
{
	struct provider_key *key = ptest_other_key(pt, nr);
	struct test_op *top = ptest_op_new(pt, ASYM_ENCRYPT, kat_message, sizeof(kat_message));

	ptest_op_start(top, key, true);
	KUNIT_EXPECT_EQ(pt->test, 0, ptest_op_wait(pt, top));
	provider_key_put(key);
}

void ptest_expect_consistent(struct provider_test *pt)
{
	KUNIT_EXPECT_EQ(pt->test, ptest_stat(pt, PROVIDER_STAT_OPS),
			ptest_stat(pt, PROVIDER_STAT_DEVICE) +
			ptest_stat(pt, PROVIDER_STAT_SOFTWARE) +
			ptest_stat(pt, PROVIDER_STAT_FAILED) +
			ptest_stat(pt, PROVIDER_STAT_REFUSED) +
			ptest_stat(pt, PROVIDER_STAT_LOCAL));
	KUNIT_EXPECT_EQ(pt->test, ptest_stat(pt, PROVIDER_STAT_SOFTWARE),
			ptest_stat(pt, PROVIDER_STAT_SW_NO_DEVICE) +
			ptest_stat(pt, PROVIDER_STAT_SW_UNSUPPORTED) +
			ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR) +
			ptest_stat(pt, PROVIDER_STAT_SW_NO_SESSION) +
			ptest_stat(pt, PROVIDER_STAT_SW_WAITED));
}

bool ptest_wait_held(struct fake_device *fake, unsigned int nr)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		spin_lock_bh(&fake->lock);
		if (list_count_nodes(&fake->held) >= nr) {
			spin_unlock_bh(&fake->lock);
			return true;
		}
		spin_unlock_bh(&fake->lock);
		msleep(20);
	}
	return false;
}
