// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider: devices without room, keys that go with the
 * request, and keys that are too large for the software.
 */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fixture.h"

static void told_progress(struct provider_op *op)
{
	struct test_op *top = op->data;

	/* Before the answer, and once. */
	if (!atomic_read(&top->answers))
		atomic_inc(&top->progress);
}

static struct test_op *sign_new(struct provider_test *pt)
{
	struct test_op *top = ptest_op_new(pt, ASYM_SIGN, kat_digest, DIGEST_LEN);

	top->op->progress = told_progress;
	return top;
}

/* A device that takes no request, as if another had filled it. */
static void fill_device(struct provider_test *pt)
{
	ptest_plug(pt, 0);
	ptest_sign(pt);
	pt->fake[0]->inflight++;
	pt->fake[0]->depth = 1;
}

static void empty_device(struct provider_test *pt)
{
	pt->fake[0]->inflight--;
	pt->fake[0]->depth = 0;
	asym_device_kick(&pt->fake[0]->dev);
}

/* CRYPTO_TFM_REQ_MAY_BACKLOG: -EBUSY, then -EINPROGRESS when it waits no longer, then the answer */
static void full_device_tells(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[3];
	int i;

	fill_device(pt);
	for (i = 0; i < ARRAY_SIZE(top); i++) {
		top[i] = sign_new(pt);
		KUNIT_ASSERT_EQ(test, -EBUSY,
				provider_op_start(top[i]->op, pt->key, PROVIDER_FULL_TELL));
	}
	msleep(20);
	for (i = 0; i < ARRAY_SIZE(top); i++) {
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&top[i]->answers));
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&top[i]->progress));
	}
	empty_device(pt);
	for (i = 0; i < ARRAY_SIZE(top); i++) {
		ptest_sign_check(pt, top[i]);
		KUNIT_EXPECT_EQ(test, 1, atomic_read(&top[i]->progress));
	}
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

/* The device leaves instead: they are told, too, and the software answers. */
static void full_device_leaves(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top = sign_new(pt);

	fill_device(pt);
	KUNIT_ASSERT_EQ(test, -EBUSY, provider_op_start(top->op, pt->key, PROVIDER_FULL_TELL));
	pt->fake[0]->inflight--;
	fake_device_remove(pt->fake[0]);
	ptest_sign_check(pt, top);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&top->progress));
	ptest_expect_consistent(pt);
}

/* Without that flag: -ENOSPC, at once, also behind those that wait. */
static void full_device_refuses(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *waits = sign_new(pt), *top = sign_new(pt), *again;

	fill_device(pt);
	KUNIT_EXPECT_EQ(test, -ENOSPC, provider_op_start(top->op, pt->key, PROVIDER_FULL_REFUSE));
	KUNIT_ASSERT_EQ(test, -EBUSY, provider_op_start(waits->op, pt->key, PROVIDER_FULL_TELL));
	again = sign_new(pt);
	KUNIT_EXPECT_EQ(test, -ENOSPC, provider_op_start(again->op, pt->key, PROVIDER_FULL_REFUSE));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_REFUSED));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&top->answers));
	empty_device(pt);
	ptest_sign_check(pt, waits);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	ptest_expect_consistent(pt);
}

/* Several at once: the doorbell is rung for all of them, and not forgotten. */
static void doorbell_is_shared(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct test_op *top[8];
	int i;

	fill_device(pt);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, false);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&fake->commits));
	fake->hold = true;
	empty_device(pt);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&fake->unseen));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&fake->commits));
	KUNIT_ASSERT_TRUE(test, ptest_wait_held(fake, ARRAY_SIZE(top)));
	fake->hold = false;
	fake_device_release(fake, 0);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);

	/* Those that waited for their session, too. */
	fake->open_wait = true;
	fake->forget = true;
	for (i = 0; i < ARRAY_SIZE(top); i++) {
		top[i] = ptest_op_new(pt, ASYM_DECRYPT, kat_pkcs1_cipher, KEY_BYTES);
		top[i]->op->hash = ASYM_HASH_NONE;
		ptest_op_start(top[i], pt->key, false);
	}
	msleep(20);
	WRITE_ONCE(fake->open_wait, false);
	wake_up_all(&fake->gate);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		KUNIT_EXPECT_EQ(test, 0, ptest_op_wait(pt, top[i]));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&fake->unseen));
	ptest_expect_consistent(pt);
}

/* The first request with a key takes it along; from the second on there is a session. */
static void first_request_has_the_key(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	int opens, inlined;

	fake->dev.flags |= ASYM_DEV_INLINE_KEY;
	ptest_plug(pt, 0);
	/* The known-answer tests tried both ways. */
	opens = atomic_read(&fake->opens);
	inlined = atomic_read(&fake->inline_keys);
	KUNIT_EXPECT_EQ(test, opens, inlined);

	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, inlined + 1, atomic_read(&fake->inline_keys));
	KUNIT_EXPECT_EQ(test, opens, atomic_read(&fake->opens));
	KUNIT_EXPECT_EQ(test, 0U, fake->dev.p->nr_sessions);
	ptest_sign(pt);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, inlined + 1, atomic_read(&fake->inline_keys));
	KUNIT_EXPECT_EQ(test, opens + 1, atomic_read(&fake->opens));
	KUNIT_EXPECT_EQ(test, 1U, fake->dev.p->nr_sessions);
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_MISSES));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_HITS));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_INLINE_KEYS));
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

/* Too long, or too many at a time: the session is opened at once, and it is no failure. */
static void key_that_does_not_fit_opens_a_session(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	int opens, inlined;

	fake->dev.flags |= ASYM_DEV_INLINE_KEY;
	ptest_plug(pt, 0);
	opens = atomic_read(&fake->opens);
	inlined = atomic_read(&fake->inline_keys);
	fake->key_err = -E2BIG;
	ptest_sign(pt);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, inlined, atomic_read(&fake->inline_keys));
	KUNIT_EXPECT_EQ(test, opens + 1, atomic_read(&fake->opens));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_INLINE_KEYS));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_MISSES));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_HITS));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_RETRIED));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0LL, (long long)atomic64_read(&fake->dev.p->errors));
	ptest_expect_consistent(pt);
}

/* Sent in vain: the session is opened, and others make room for it. */
static void key_without_room_opens_a_session(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	int opens;

	fake->dev.flags |= ASYM_DEV_INLINE_KEY;
	ptest_plug(pt, 0);
	opens = atomic_read(&fake->opens);
	fake->key_status = -ENOSPC;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, opens + 1, atomic_read(&fake->opens));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_RETRIED));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	ptest_expect_consistent(pt);
}

/* Those that wait behind others for room are told so, too. */
static void key_in_the_backlog_opens_a_session(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct test_op *top[2];

	fake->dev.flags |= ASYM_DEV_INLINE_KEY;
	ptest_plug(pt, 0);
	fake->key_err = -EBUSY;
	top[0] = ptest_sign_start(pt, false);
	msleep(20);
	fake->key_err = -E2BIG;
	asym_device_kick(&fake->dev);
	ptest_sign_check(pt, top[0]);
	top[1] = ptest_sign_start(pt, false);
	ptest_sign_check(pt, top[1]);
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_INLINE_KEYS));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	ptest_expect_consistent(pt);
}

/* The first request is not answered, and the session that the others wait for is being opened. */
static void inline_and_opening(struct provider_test *pt, struct test_op *top[], unsigned int nr)
{
	struct fake_device *fake = pt->fake[0];
	unsigned int i;

	fake->dev.flags |= ASYM_DEV_INLINE_KEY;
	ptest_plug(pt, 0);
	fake->hold = true;
	top[0] = ptest_sign_start(pt, false);
	KUNIT_ASSERT_TRUE(pt->test, ptest_wait_held(fake, 1));
	fake->open_wait = true;
	for (i = 1; i < nr; i++)
		top[i] = ptest_sign_start(pt, false);
	msleep(20);
	fake->hold = false;
}

/* The device leaves while the session is being opened. */
static void inline_key_and_device_vanishes(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct test_op *top[3];
	int i;

	inline_and_opening(pt, top, ARRAY_SIZE(top));
	fake_device_release(fake, 0);
	ptest_sign_check(pt, top[0]);
	fake_device_remove(fake);
	fake->open_wait = false;
	for (i = 1; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	flush_work(&pt->class->reap_work);
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_sessions);
	ptest_expect_consistent(pt);
}

/* It is answered "unknown session" while one is being opened, which is its opener's. */
static void inline_key_and_session_forgotten(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct test_op *top[2];

	inline_and_opening(pt, top, ARRAY_SIZE(top));
	fake_device_release(fake, -ESTALE);
	ptest_sign_check(pt, top[0]);
	WRITE_ONCE(fake->open_wait, false);
	wake_up_all(&fake->gate);
	ptest_sign_check(pt, top[1]);
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	ptest_expect_consistent(pt);
}

#define LARGE_BYTES	(ASYM_DEVICE_MAX_BITS / 8)

/* RSAPublicKey: a number of 8192 bits that is odd, and 65537 */
static unsigned int large_key(u8 *der)
{
	static const u8 head[] = {
		0x30, 0x82, 0x04, 0x0a, 0x02, 0x82, 0x04, 0x01, 0x00, 0xc5,
	};
	static const u8 exponent[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
	unsigned int len = sizeof(head) + LARGE_BYTES - 1;

	memset(der, 0xa5, len);
	memcpy(der, head, sizeof(head));
	memcpy(der + len, exponent, sizeof(exponent));
	return len + sizeof(exponent);
}

/* 8192 bits: the device's word counts, and there is nobody else. */
static void key_too_large_for_software(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct provider_key *key;
	struct test_op *top;
	u8 *der = kunit_kzalloc(test, LARGE_BYTES + 64, GFP_KERNEL);
	unsigned int len;

	KUNIT_ASSERT_NOT_NULL(test, der);
	len = large_key(der);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), ptest_key_get(pt, false, der, len));
	ptest_plug(pt, 0);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), ptest_key_get(pt, false, der, len));
	fake_device_remove(fake);

	/* It says it might, and refuses; then it takes it. */
	fake->status = 0;
	fake->dev.caps.rsa_max_bits = ASYM_DEVICE_MAX_BITS;
	ptest_plug(pt, 0);
	key = ptest_key_get(pt, false, der, len);
	KUNIT_ASSERT_FALSE(test, IS_ERR(key));
	KUNIT_EXPECT_EQ(test, -EINVAL, provider_key_try(key));
	fake_device_remove(fake);
	fake->status = 0;
	fake->large = true;
	ptest_plug(pt, 0);
	KUNIT_EXPECT_EQ(test, 0, provider_key_try(key));
	KUNIT_EXPECT_EQ(test, 0, provider_key_try(key));

	top = ptest_op_new(pt, ASYM_ENCRYPT, kat_raw_message, KEY_BYTES);
	top->op->padding = ASYM_PAD_RAW;
	KUNIT_ASSERT_EQ(test, 0, provider_op_set_key(top->op, LARGE_BYTES, GFP_KERNEL));
	memset(top->op->in, 0x55, LARGE_BYTES);
	top->op->in_len = LARGE_BYTES;
	ptest_op_start(top, key, true);
	KUNIT_EXPECT_EQ(test, 0, ptest_op_wait(pt, top));
	KUNIT_EXPECT_EQ(test, (unsigned int)LARGE_BYTES, top->op->out_len);
	KUNIT_EXPECT_NULL(test, memchr_inv(top->op->out, 0x55, LARGE_BYTES));
	provider_op_wipe(top->op);
	KUNIT_EXPECT_NULL(test, top->op->big);

	/* Without the device: -ENODEV. */
	fake_device_remove(fake);
	top = ptest_op_new(pt, ASYM_ENCRYPT, kat_raw_message, KEY_BYTES);
	top->op->padding = ASYM_PAD_RAW;
	KUNIT_ASSERT_EQ(test, 0, provider_op_set_key(top->op, LARGE_BYTES, GFP_KERNEL));
	memset(top->op->in, 0x55, LARGE_BYTES);
	top->op->in_len = LARGE_BYTES;
	ptest_op_start(top, key, true);
	KUNIT_EXPECT_EQ(test, -ENODEV, ptest_op_wait(pt, top));
	provider_op_wipe(top->op);
	provider_key_put(key);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_FAILED));
	ptest_expect_consistent(pt);
}

/* modulus - 2 may be computed with, modulus - 1 and what is above may not. */
static void range_ends_below_the_modulus(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	const u8 *n = pt->key->modulus;
	u8 *in = kunit_kzalloc(test, KEY_BYTES, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, in);
	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_ASSERT_GT(test, n[KEY_BYTES - 1], 2);
	memcpy(in, n, KEY_BYTES);
	KUNIT_EXPECT_EQ(test, -EINVAL, provider_key_check_range(pt->key, in, KEY_BYTES));
	in[KEY_BYTES - 1]--;
	KUNIT_EXPECT_EQ(test, -EINVAL, provider_key_check_range(pt->key, in, KEY_BYTES));
	in[KEY_BYTES - 1]--;
	KUNIT_EXPECT_EQ(test, 0, provider_key_check_range(pt->key, in, KEY_BYTES));
	in[KEY_BYTES - 2]++;
	KUNIT_EXPECT_EQ(test, in[KEY_BYTES - 2] ? -EINVAL : 0,
			provider_key_check_range(pt->key, in, KEY_BYTES));
	memset(in, 0, KEY_BYTES);
	KUNIT_EXPECT_EQ(test, -EINVAL, provider_key_check_range(pt->key, in, KEY_BYTES));
	in[KEY_BYTES - 1] = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, provider_key_check_range(pt->key, in, KEY_BYTES));
	in[KEY_BYTES - 1] = 2;
	KUNIT_EXPECT_EQ(test, 0, provider_key_check_range(pt->key, in, KEY_BYTES));
}

static struct kunit_case asym_provider_room_cases[] = {
	KUNIT_CASE(full_device_tells),
	KUNIT_CASE(full_device_leaves),
	KUNIT_CASE(full_device_refuses),
	KUNIT_CASE(doorbell_is_shared),
	KUNIT_CASE(first_request_has_the_key),
	KUNIT_CASE(key_that_does_not_fit_opens_a_session),
	KUNIT_CASE(key_without_room_opens_a_session),
	KUNIT_CASE(key_in_the_backlog_opens_a_session),
	KUNIT_CASE(inline_key_and_device_vanishes),
	KUNIT_CASE(inline_key_and_session_forgotten),
	KUNIT_CASE(key_too_large_for_software),
	KUNIT_CASE(range_ends_below_the_modulus),
	{}
};

static struct kunit_suite asym_provider_room_suite = {
	.name = "asym_provider_room",
	.init = ptest_init,
	.exit = ptest_exit,
	.test_cases = asym_provider_room_cases,
};

kunit_test_suite(asym_provider_room_suite);
