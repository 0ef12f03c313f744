// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider: sessions, when they are opened, shared, evicted and closed.
 */
#include <kunit/test.h>
#include <linux/delay.h>

#include "fixture.h"

/* The same key set again finds the session: one request for one signature. */
static void one_request_per_operation(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *key;
	int submits, i;

	ptest_plug(pt, 0);
	KUNIT_EXPECT_GT(test, ptest_stat(pt, PROVIDER_STAT_KAT_RUN), 0ULL);
	ptest_sign(pt);
	submits = atomic_read(&pt->fake[0]->submits);
	for (i = 0; i < 5; i++) {
		key = ptest_key_get(pt, true, kat_private_key, sizeof(kat_private_key));
		KUNIT_EXPECT_PTR_EQ(test, pt->key, key);
		ptest_sign(pt);
		provider_key_put(key);
	}
	KUNIT_EXPECT_EQ(test, submits + 5, atomic_read(&pt->fake[0]->submits));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 5ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_HITS));
	KUNIT_EXPECT_EQ(test, 6ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	ptest_expect_consistent(pt);
}

static void forgotten_session_is_opened_again(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	ptest_plug(pt, 0);
	ptest_sign(pt);
	pt->fake[0]->forget = true;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_RETRIED));
	pt->fake[0]->status = -ESTALE;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	ptest_expect_consistent(pt);
}

/* One is enough to open it again for all. */
static void forgotten_session_in_use(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[4];
	int i, opens;

	ptest_plug(pt, 0);
	ptest_sign(pt);
	opens = atomic_read(&pt->fake[0]->opens);
	pt->fake[0]->hold = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, false);
	KUNIT_ASSERT_TRUE(test, ptest_wait_held(pt->fake[0], ARRAY_SIZE(top)));
	pt->fake[0]->hold = false;
	KUNIT_EXPECT_EQ(test, 4U, fake_device_release(pt->fake[0], -ESTALE));
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, opens + 1, atomic_read(&pt->fake[0]->opens));
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_RETRIED));
	KUNIT_EXPECT_EQ(test, 5ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_sessions);
	ptest_expect_consistent(pt);
}

/* Who comes while the key is on its way waits for it, and does not send it again. */
static void one_open_serves_all(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[5];
	int i, calls;

	ptest_plug(pt, 0);
	calls = atomic_read(&pt->fake[0]->open_calls);
	pt->fake[0]->open_wait = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, false);
	msleep(50);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&top[i]->answers));
	KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&pt->fake[0]->open_calls));
	WRITE_ONCE(pt->fake[0]->open_wait, false);
	wake_up_all(&pt->fake[0]->gate);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&pt->fake[0]->open_calls));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	ptest_expect_consistent(pt);
}

static void device_vanishes_while_opening(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[3];
	int i;

	ptest_plug(pt, 0);
	pt->fake[0]->open_wait = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, false);
	msleep(50);
	fake_device_remove(pt->fake[0]);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	pt->fake[0]->open_wait = false;
	ptest_expect_consistent(pt);
}

static void full_device_evicts(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 nr;

	pt->fake[0]->capacity = 3;
	ptest_plug(pt, 0);
	for (nr = 0; nr < 5; nr++)
		ptest_encrypt(pt, nr);
	KUNIT_EXPECT_EQ(test, 5ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_EVICTIONS));
	KUNIT_EXPECT_EQ(test, 3U, pt->fake[0]->nr_sessions);

	/* as QEMU says it */
	pt->fake[0]->full_err = -EIO;
	ptest_encrypt(pt, nr++);
	KUNIT_EXPECT_EQ(test, 6ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	/* the oldest went: the newest is still there */
	ptest_encrypt(pt, 4);
	KUNIT_EXPECT_EQ(test, 6ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	ptest_expect_consistent(pt);
}

/* What was used goes last, however old it is. */
static void least_recently_used_goes(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 nr;

	pt->fake[0]->capacity = 3;
	ptest_plug(pt, 0);
	for (nr = 0; nr < 3; nr++)
		ptest_encrypt(pt, nr);
	ptest_encrypt(pt, 0);
	ptest_encrypt(pt, 3);
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_EVICTIONS));
	/* 1 went, 0 and 2 are there */
	ptest_encrypt(pt, 0);
	ptest_encrypt(pt, 2);
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	ptest_encrypt(pt, 1);
	KUNIT_EXPECT_EQ(test, 5ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
	ptest_expect_consistent(pt);
}

/* The device has less room than it says. */
static void less_room_than_promised(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	pt->fake[0]->capacity = 2;
	pt->fake[0]->dev.max_sessions = 2;
	ptest_plug(pt, 0);
	ptest_encrypt(pt, 0);
	ptest_encrypt(pt, 1);
	pt->fake[0]->capacity = 1;
	ptest_encrypt(pt, 2);
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_EVICTIONS));
	KUNIT_EXPECT_EQ(test, 1U, pt->fake[0]->nr_sessions);
	ptest_expect_consistent(pt);
}

static void known_limit_is_kept(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 nr;

	pt->fake[0]->capacity = 2;
	pt->fake[0]->full_err = -EBADMSG;
	pt->fake[0]->dev.max_sessions = 2;
	ptest_plug(pt, 0);
	for (nr = 0; nr < 4; nr++)
		ptest_encrypt(pt, nr);
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_EVICTIONS));
}

static void no_room_and_nothing_idle(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	pt->fake[0]->capacity = 1;
	ptest_plug(pt, 0);
	pt->fake[0]->hold = true;
	top = ptest_sign_start(pt, true);
	ptest_encrypt(pt, 0);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_NO_SESSION));
	pt->fake[0]->hold = false;
	msleep(50);
	KUNIT_EXPECT_EQ(test, 1U, fake_device_release(pt->fake[0], 0));
	ptest_sign_check(pt, top);
	ptest_expect_consistent(pt);
}

static void refused_key_is_remembered(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	int opens;

	ptest_plug(pt, 0);
	opens = atomic_read(&pt->fake[0]->opens);
	pt->fake[0]->open_err = -EINVAL;
	ptest_sign(pt);
	pt->fake[0]->open_err = 0;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, opens, atomic_read(&pt->fake[0]->opens));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_SW_UNSUPPORTED));
	KUNIT_EXPECT_EQ(test, 0U, pt->fake[0]->dev.p->nr_sessions);
}

static void cache_is_bounded(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned int max = provider_cache_max;
	u8 nr;

	ptest_plug(pt, 0);
	provider_cache_max = 3;
	for (nr = 0; nr < 8; nr++)
		ptest_encrypt(pt, nr);
	flush_work(&pt->class->reap_work);
	/* and the one the test holds */
	KUNIT_EXPECT_EQ(test, 4U, pt->class->nr_keys);
	KUNIT_EXPECT_EQ(test, 3U, pt->class->nr_sessions);
	KUNIT_EXPECT_EQ(test, 5ULL, ptest_stat(pt, PROVIDER_STAT_SESSION_CLOSES));
	KUNIT_EXPECT_EQ(test, 3U, pt->fake[0]->nr_sessions);
	provider_cache_max = max;
}

static void idle_sessions_are_closed(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned int secs = provider_idle_secs;

	ptest_plug(pt, 0);
	ptest_sign(pt);
	ptest_encrypt(pt, 0);
	KUNIT_EXPECT_EQ(test, 2U, pt->class->nr_sessions);
	provider_idle_secs = 1;
	msleep(1100);
	mod_delayed_work(provider_wq, &pt->class->sweep_work, 0);
	flush_delayed_work(&pt->class->sweep_work);
	flush_work(&pt->class->reap_work);
	provider_idle_secs = secs;
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_sessions);
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_keys);
	KUNIT_EXPECT_EQ(test, 0U, pt->fake[0]->nr_sessions);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 3ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
}

/* A device that has no word for it is asked in vain once, not for each key. */
static void room_is_found_out(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];
	int calls;
	u8 i;

	ptest_plug(pt, 0);
	fake->capacity = 16;
	fake->full_err = -EIO;
	for (i = 0; i < 17; i++)
		ptest_encrypt(pt, i);
	KUNIT_EXPECT_EQ(test, 16U, fake->dev.p->max_sessions);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_RETRIED));
	calls = atomic_read(&fake->open_calls);
	ptest_encrypt(pt, 17);
	KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&fake->open_calls));
	KUNIT_EXPECT_EQ(test, 16U, fake->nr_sessions);
	KUNIT_EXPECT_EQ(test, 18ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

static struct kunit_case asym_provider_session_cases[] = {
	KUNIT_CASE(one_request_per_operation),
	KUNIT_CASE(forgotten_session_is_opened_again),
	KUNIT_CASE(forgotten_session_in_use),
	KUNIT_CASE(one_open_serves_all),
	KUNIT_CASE(device_vanishes_while_opening),
	KUNIT_CASE(full_device_evicts),
	KUNIT_CASE(least_recently_used_goes),
	KUNIT_CASE(less_room_than_promised),
	KUNIT_CASE(known_limit_is_kept),
	KUNIT_CASE(no_room_and_nothing_idle),
	KUNIT_CASE(room_is_found_out),
	KUNIT_CASE(refused_key_is_remembered),
	KUNIT_CASE(cache_is_bounded),
	KUNIT_CASE(idle_sessions_are_closed),
	{}
};

static struct kunit_suite asym_provider_session_suite = {
	.name = "asym_provider_session",
	.init = ptest_init,
	.exit = ptest_exit,
	.test_cases = asym_provider_session_cases,
};

kunit_test_suite(asym_provider_session_suite);
