// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider: whom it believes, and how long it waits.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "../shared.h"
#include "fixture.h"

#define MAX_WAIT_MS	200
/* A loaded machine's */
#define SLACK_MS	8000

static void wait_prepare(struct provider_test *pt)
{
	ptest_plug(pt, 0);
	ptest_sign(pt);
	asym_class_set_max_wait(pt->class, MAX_WAIT_MS);
	pt->fake[0]->hold = true;
}

static void expect_in_time(struct provider_test *pt, unsigned long since)
{
	unsigned int ms = jiffies_to_msecs(jiffies - since);

	KUNIT_EXPECT_GE(pt->test, ms, MAX_WAIT_MS - 20U);
	KUNIT_EXPECT_LT(pt->test, ms, MAX_WAIT_MS + (unsigned int)SLACK_MS);
}

/* What the device answers in the end is dropped, and it is used again. */
static void silence_is_bounded(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	unsigned long since = jiffies;
	struct test_op *top[4];
	int i;

	wait_prepare(pt);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, i & 1);
	KUNIT_ASSERT_TRUE(test, ptest_wait_held(fake, ARRAY_SIZE(top)));
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	expect_in_time(pt, since);
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_SW_WAITED));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_LATE_ANSWERS));
	KUNIT_EXPECT_EQ(test, 4, atomic_read(&fake->cancels));
	KUNIT_EXPECT_EQ(test, 1U, fake->dev.p->limit);

	/* It has more than it answers: the next one does not wait for it. */
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 5ULL, ptest_stat(pt, PROVIDER_STAT_SW_WAITED));

	fake->hold = false;
	KUNIT_EXPECT_EQ(test, 4U, fake_device_release(fake, -ECANCELED));
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_LATE_ANSWERS));
	for (i = 0; i < ARRAY_SIZE(top); i++)
		KUNIT_EXPECT_EQ(test, 1, atomic_read(&top[i]->answers));
	ptest_sign(pt);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_GT(test, fake->dev.p->limit, 1U);
	ptest_expect_consistent(pt);
}

static void silence_is_an_error(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	asym_class_set_fallback(pt->class, ASYM_FALLBACK_ERROR);
	wait_prepare(pt);
	top = ptest_sign_start(pt, false);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, ptest_op_wait(pt, top));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_FAILED));
	KUNIT_ASSERT_TRUE(test, ptest_wait_held(pt->fake[0], 1));
	pt->fake[0]->hold = false;
	fake_device_release(pt->fake[0], 0);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&top->answers));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_LATE_ANSWERS));
	ptest_expect_consistent(pt);
}

/* The device goes while it has what nobody waits for. */
static void silent_device_goes(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	wait_prepare(pt);
	top = ptest_sign_start(pt, true);
	ptest_sign_check(pt, top);
	KUNIT_ASSERT_TRUE(test, ptest_wait_held(pt->fake[0], 1));
	fake_device_remove(pt->fake[0]);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_LATE_ANSWERS));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&top->answers));
	ptest_expect_consistent(pt);
}

/* Those in the backlog, too, some of whose callers were told. */
static void backlog_is_bounded(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[3];
	int i;

	wait_prepare(pt);
	pt->fake[0]->depth = 1;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, false);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_SW_WAITED));
	KUNIT_EXPECT_TRUE(test, list_empty(&pt->fake[0]->dev.p->backlog));
	ptest_expect_consistent(pt);
}

static void opening_is_bounded(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	unsigned long since = jiffies;
	int i;

	ptest_plug(pt, 0);
	asym_class_set_max_wait(pt->class, MAX_WAIT_MS);
	fake->open_wait = true;
	ptest_sign(pt);
	expect_in_time(pt, since);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_WAITED));
	/* Nobody waits for what takes too long already. */
	for (i = 0; i < 20; i++)
		ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 21ULL, ptest_stat(pt, PROVIDER_STAT_SW_WAITED));

	WRITE_ONCE(fake->open_wait, false);
	wake_up_all(&fake->gate);
	for (i = 0; i < 1000 && !ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS); i++)
		msleep(20);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

static DECLARE_COMPLETION(blocking_over);

static void blocking(struct work_struct *work)
{
	wait_for_completion(&blocking_over);
}

static DECLARE_WORK(blocking_work, blocking);

/* Works that wait for a device, as many as may run at a time, keep no answer from anybody. */
static void waits_end_beside_works_that_wait(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned long in_time;
	struct test_op *top;

	wait_prepare(pt);
	reinit_completion(&blocking_over);
	workqueue_set_max_active(provider_open_wq, 1);
	queue_work(provider_open_wq, &blocking_work);
	top = ptest_sign_start(pt, false);
	in_time = wait_for_completion_timeout(&top->done, msecs_to_jiffies(SLACK_MS));
	complete_all(&blocking_over);
	flush_work(&blocking_work);
	workqueue_set_max_active(provider_open_wq, WQ_DFL_ACTIVE);
	KUNIT_EXPECT_NE(test, 0UL, in_time);
	if (!in_time)
		wait_for_completion(&top->done);
	KUNIT_EXPECT_EQ(test, 0, top->err);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_WAITED));
	pt->fake[0]->hold = false;
	fake_device_release(pt->fake[0], 0);
	ptest_expect_consistent(pt);
}

/* A queue that grows while a session is opened is not for callers who do not want to wait. */
static void pending_is_bounded(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct test_op *top[PROVIDER_PENDING_MAX + 1];
	int i;

	ptest_plug(pt, 0);
	fake->open_wait = true;
	for (i = 0; i < PROVIDER_PENDING_MAX; i++)
		top[i] = ptest_sign_start(pt, false);
	top[i] = ptest_op_new(pt, ASYM_SIGN, kat_digest, DIGEST_LEN);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			provider_op_start(top[i]->op, pt->key, PROVIDER_FULL_REFUSE));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_REFUSED));
	WRITE_ONCE(fake->open_wait, false);
	wake_up_all(&fake->gate);
	for (i = 0; i < PROVIDER_PENDING_MAX; i++)
		ptest_sign_check(pt, top[i]);
	ptest_expect_consistent(pt);
}

/* No device is asked whether a signature is good, however it would answer. */
static void public_keys_stay_at_home(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	int submits, opens;

	asym_class_set_public_ops(pt->class, ASYM_PUBLIC_LOCAL);
	ptest_plug(pt, 0);
	submits = atomic_read(&fake->submits);
	opens = atomic_read(&fake->opens);
	fake->wrong = BIT(ASYM_ENCRYPT);
	KUNIT_EXPECT_EQ(test, 0, ptest_verify(pt, true));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, ptest_verify(pt, false));
	ptest_encrypt(pt, 0);
	KUNIT_EXPECT_EQ(test, submits, atomic_read(&fake->submits));
	KUNIT_EXPECT_EQ(test, opens, atomic_read(&fake->opens));
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_LOCAL));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));

	/* fallback=error is about what devices are asked for */
	asym_class_set_fallback(pt->class, ASYM_FALLBACK_ERROR);
	fake_device_remove(fake);
	KUNIT_EXPECT_EQ(test, 0, ptest_verify(pt, true));
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_LOCAL));
	ptest_expect_consistent(pt);
}

/* A fault in one half of a CRT computation gives the key away: its result must not get out. */
static void wrong_signature_stays_inside(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct test_op *top;

	ptest_plug(pt, 0);
	fake->wrong = BIT(ASYM_DECRYPT);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_WRONG_RESULTS));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));

	asym_class_set_unchecked_results(pt->class, true);
	top = ptest_sign_start(pt, true);
	KUNIT_EXPECT_EQ(test, 0, ptest_op_wait(pt, top));
	KUNIT_EXPECT_NE(test, 0, memcmp(top->op->out, kat_sig_sha256, KEY_BYTES));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_WRONG_RESULTS));
	ptest_expect_consistent(pt);
}

static void retested(struct provider_test *pt)
{
	flush_work(&pt->fake[0]->dev.p->retest_work);
}

/* A device with wrong results in a row is left alone, but not with a right one in between. */
static void wrong_device_is_left(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	int submits, i;

	ptest_plug(pt, 0);
	for (i = 0; i < 2 * PROVIDER_WRONG_MAX; i++) {
		fake->wrong = i % PROVIDER_WRONG_MAX ? BIT(ASYM_DECRYPT) : 0;
		ptest_sign(pt);
	}
	retested(pt);
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));

	/* the last one of a row */
	ptest_sign(pt);
	retested(pt);
	submits = atomic_read(&fake->submits);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, submits, atomic_read(&fake->submits));
	KUNIT_EXPECT_EQ(test, 2ULL * (PROVIDER_WRONG_MAX - 1) + 1,
			ptest_stat(pt, PROVIDER_STAT_WRONG_RESULTS));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_NO_DEVICE));
	/* No key is left there. */
	flush_work(&pt->class->reap_work);
	KUNIT_EXPECT_EQ(test, 0U, fake->nr_sessions);

	/* mended, and tested */
	fake_device_remove(fake);
	fake->wrong = 0;
	fake->status = 0;
	ptest_plug(pt, 0);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

/* Whoever adds a key whose exponents do not belong together takes the device from nobody. */
static void wrong_key_is_no_fault(struct kunit *test)
{
	static const u8 e[] = { 2, 3, 1, 0, 1 };	/* 65537 */
	struct provider_test *pt = test->priv;
	struct provider_key *key, *good = pt->key;
	u8 der[sizeof(kat_private_key)];
	int i;

	memcpy(der, kat_private_key, sizeof(der));
	for (i = 0; i < sizeof(der) - sizeof(e) && memcmp(der + i, e, sizeof(e)); i++)
		;
	der[i + sizeof(e) - 1] = 3;			/* 65539 */
	key = ptest_key_get(pt, true, der, sizeof(der));
	KUNIT_ASSERT_FALSE(test, IS_ERR(key));
	ptest_plug(pt, 0);
	pt->key = key;
	for (i = 0; i < 3 * PROVIDER_WRONG_MAX; i++)
		ptest_sign(pt);
	pt->key = good;
	provider_key_put(key);
	retested(pt);
	KUNIT_EXPECT_EQ(test, 3ULL * PROVIDER_WRONG_MAX,
			ptest_stat(pt, PROVIDER_STAT_WRONG_RESULTS));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SW_NO_DEVICE));
	ptest_expect_consistent(pt);
}

/* One that stops answering while it is tested again can go at once. */
static void retested_device_goes(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	struct test_op *top;
	unsigned long since;
	int i;

	ptest_plug(pt, 0);
	fake->wrong = BIT(ASYM_DECRYPT);
	for (i = 0; i < PROVIDER_WRONG_MAX - 1; i++)
		ptest_sign(pt);
	fake->hold = true;
	top = ptest_sign_start(pt, false);
	for (i = 0; i < 1000 && !fake_device_release(fake, 0); i++)
		msleep(20);
	ptest_sign_check(pt, top);
	/* The test's requests are there, and held. */
	msleep(500);
	since = jiffies;
	fake_device_remove(fake);
	KUNIT_EXPECT_LT(test, jiffies_to_msecs(jiffies - since), (unsigned int)SLACK_MS);
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
	ptest_expect_consistent(pt);
}

/* A device that forgets each session has each closed. */
static void forgotten_sessions_are_closed(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	int i;

	ptest_plug(pt, 0);
	for (i = 0; i < 5; i++) {
		ptest_sign(pt);
		fake->forget = true;
	}
	ptest_sign(pt);
	for (i = 0; i < 1000 && fake->nr_sessions > 1; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 1U, fake->nr_sessions);
	KUNIT_EXPECT_EQ(test, 5ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_CLOSES));
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_sessions);
}

static struct kunit_case asym_provider_wait_cases[] = {
	KUNIT_CASE_SLOW(silence_is_bounded),
	KUNIT_CASE_SLOW(silence_is_an_error),
	KUNIT_CASE_SLOW(silent_device_goes),
	KUNIT_CASE_SLOW(backlog_is_bounded),
	KUNIT_CASE_SLOW(opening_is_bounded),
	KUNIT_CASE_SLOW(waits_end_beside_works_that_wait),
	KUNIT_CASE_SLOW(pending_is_bounded),
	KUNIT_CASE(public_keys_stay_at_home),
	KUNIT_CASE(wrong_signature_stays_inside),
	KUNIT_CASE(wrong_device_is_left),
	KUNIT_CASE(wrong_key_is_no_fault),
	KUNIT_CASE_SLOW(retested_device_goes),
	KUNIT_CASE(forgotten_sessions_are_closed),
	{}
};

static struct kunit_suite asym_provider_wait_suite = {
	.name = "asym_provider_wait",
	.init = ptest_init,
	.exit = ptest_exit,
	.test_cases = asym_provider_wait_cases,
};

kunit_test_suite(asym_provider_wait_suite);
