// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider: devices that fail, vanish, are busy or drain, and
 * who computes instead.
 */
#include <kunit/test.h>
#include <linux/delay.h>

#include "../op/route.h"
#include "fixture.h"

static void device_names_are_unique(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	ptest_plug(pt, 0);
	pt->fake[1]->dev.name = pt->fake[0]->dev.name;
	KUNIT_EXPECT_EQ(test, -EEXIST, asym_device_register(pt->class, &pt->fake[1]->dev));
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_devices);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
}

static void device_vanishes(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[6];
	int i;

	ptest_plug(pt, 0);
	pt->fake[0]->hold = true;
	pt->fake[0]->depth = 4;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, i & 1);
	msleep(50);
	fake_device_remove(pt->fake[0]);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 6ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_devices);
	ptest_expect_consistent(pt);
}

static void another_device_takes_over(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[4];
	int i;

	ptest_plug(pt, 0);
	ptest_plug(pt, 1);
	pt->fake[0]->hold = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, false);
	msleep(50);
	fake_device_remove(pt->fake[0]);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_RETRIED));
	ptest_expect_consistent(pt);
}

/* A device's late garbage must not reach the caller: the input is kept, the output is new. */
static void failed_device_is_retried(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	ptest_plug(pt, 0);
	pt->fake[0]->status = -EIO;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	pt->fake[0]->status = 0;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

/* Every device is asked once, then software. */
static void all_devices_fail(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	int i, submits[2];

	ptest_plug(pt, 0);
	ptest_plug(pt, 1);
	for (i = 0; i < 2; i++) {
		submits[i] = atomic_read(&pt->fake[i]->submits);
		pt->fake[i]->status = -EIO;
	}
	ptest_sign(pt);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, submits[i] + 1, atomic_read(&pt->fake[i]->submits));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_RETRIED));
	ptest_expect_consistent(pt);
}

/* What was lost goes elsewhere first, and else the same way again, but not for ever. */
static void lost_requests_are_sent_again(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	int submits;
	int i;

	ptest_plug(pt, 0);
	submits = atomic_read(&pt->fake[0]->submits);
	pt->fake[0]->status = -ETIMEDOUT;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, submits + PROVIDER_MAX_ATTEMPTS, atomic_read(&pt->fake[0]->submits));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));

	ptest_plug(pt, 1);
	submits = atomic_read(&pt->fake[0]->submits);
	for (i = 0; i < 4; i++)
		ptest_sign(pt);
	KUNIT_EXPECT_GT(test, atomic_read(&pt->fake[0]->submits), submits);
	KUNIT_EXPECT_LE(test, atomic_read(&pt->fake[0]->submits), submits + 4);
	KUNIT_EXPECT_EQ(test, 4ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	ptest_expect_consistent(pt);
}

static void busy_device_makes_wait(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[8];
	int i;

	ptest_plug(pt, 0);
	ptest_sign(pt);
	pt->fake[0]->depth = 1;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = ptest_sign_start(pt, false);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		ptest_sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 9ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	KUNIT_EXPECT_GT(test, atomic_read(&pt->fake[0]->refused), 0);
	ptest_expect_consistent(pt);
}

static void kick_wakes_the_backlog(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	ptest_plug(pt, 0);
	ptest_sign(pt);
	pt->fake[0]->inflight++;
	pt->fake[0]->depth = 1;
	top = ptest_sign_start(pt, false);
	msleep(20);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&top->answers));
	pt->fake[0]->inflight--;
	asym_device_kick(&pt->fake[0]->dev);
	ptest_sign_check(pt, top);
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
}

static void fallback_error(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	asym_class_set_fallback(pt->class, ASYM_FALLBACK_ERROR);
	top = ptest_sign_start(pt, true);
	KUNIT_EXPECT_EQ(test, -ENODEV, ptest_op_wait(pt, top));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_FAILED));
	ptest_plug(pt, 0);
	ptest_sign(pt);
	ptest_expect_consistent(pt);
}

static void spread_evenly(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	s64 before[2];
	int i;

	ptest_plug(pt, 0);
	ptest_plug(pt, 1);
	for (i = 0; i < 2; i++)
		before[i] = atomic_read(&pt->fake[i]->submits);
	for (i = 0; i < 6; i++)
		ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, before[0] + 3, (s64)atomic_read(&pt->fake[0]->submits));
	KUNIT_EXPECT_EQ(test, before[1] + 3, (s64)atomic_read(&pt->fake[1]->submits));
	ptest_expect_consistent(pt);
}

static struct kunit_case asym_provider_failover_cases[] = {
	KUNIT_CASE(device_names_are_unique),
	KUNIT_CASE(device_vanishes),
	KUNIT_CASE(another_device_takes_over),
	KUNIT_CASE(failed_device_is_retried),
	KUNIT_CASE(all_devices_fail),
	KUNIT_CASE(lost_requests_are_sent_again),
	KUNIT_CASE(busy_device_makes_wait),
	KUNIT_CASE(kick_wakes_the_backlog),
	KUNIT_CASE(fallback_error),
	KUNIT_CASE(spread_evenly),
	{}
};

static struct kunit_suite asym_provider_failover_suite = {
	.name = "asym_provider_failover",
	.init = ptest_init,
	.exit = ptest_exit,
	.test_cases = asym_provider_failover_cases,
};

kunit_test_suite(asym_provider_failover_suite);
