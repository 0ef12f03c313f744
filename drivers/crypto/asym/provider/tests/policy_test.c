// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider: which device a policy chooses, and what it knows of them.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/wait.h>

#include "../pick.h"
#include "fixture.h"

#define SLOW	8000	/* eighths of a microsecond */
#define FAST	1000

/* Both devices have the key, and keep their answers from now on. */
static void policy_prepare(struct provider_test *pt, enum asym_policy policy)
{
	int i;

	for (i = 0; i < 2; i++) {
		ptest_plug(pt, i);
		ptest_sign(pt);
	}
	ptest_sign(pt);
	for (i = 0; i < 2; i++) {
		/* Answered is a moment before not in flight. */
		wait_event(pt->fake[i]->dev.p->wait, !atomic_read(&pt->fake[i]->dev.p->inflight));
		pt->fake[i]->hold = true;
	}
	asym_class_set_policy(pt->class, policy);
}

/* One more operation, and the device that got it. Idle devices are not to be tried. */
static int policy_choice(struct provider_test *pt, struct test_op **top)
{
	int before = atomic_read(&pt->fake[1]->submits);
	int i;

	for (i = 0; i < 2; i++)
		pt->fake[i]->dev.p->picked = jiffies;
	*top = ptest_sign_start(pt, false);
	return atomic_read(&pt->fake[1]->submits) - before;
}

/* All that is held is answered, and right. */
static void policy_finish(struct provider_test *pt, struct test_op **top, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		unsigned int inflight = atomic_read(&pt->fake[i]->dev.p->inflight);

		KUNIT_ASSERT_TRUE(pt->test, ptest_wait_held(pt->fake[i], inflight));
		pt->fake[i]->hold = false;
		KUNIT_EXPECT_EQ(pt->test, inflight, fake_device_release(pt->fake[i], 0));
	}
	for (i = 0; i < nr; i++)
		ptest_sign_check(pt, top[i]);
	ptest_expect_consistent(pt);
}

static void round_robin_does_not_look(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[6];
	int i, last;

	policy_prepare(pt, ASYM_POLICY_ROUND_ROBIN);
	pt->fake[0]->dev.p->latency = SLOW;
	pt->fake[1]->dev.p->latency = FAST;
	last = policy_choice(pt, &top[0]);
	for (i = 1; i < ARRAY_SIZE(top); i++) {
		KUNIT_EXPECT_EQ(test, !last, policy_choice(pt, &top[i]));
		last = !last;
	}
	policy_finish(pt, top, ARRAY_SIZE(top));
}

static void queue_depth_evens_out(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[8];
	int i;

	policy_prepare(pt, ASYM_POLICY_QUEUE_DEPTH);
	/* The first one keeps three, whatever they cost. */
	pt->fake[0]->dev.p->latency = FAST;
	pt->fake[1]->dev.p->latency = SLOW;
	atomic_add(8, &pt->fake[1]->dev.p->inflight);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 0, policy_choice(pt, &top[i]));
	atomic_sub(8, &pt->fake[1]->dev.p->inflight);
	for (; i < 6; i++)
		KUNIT_EXPECT_EQ(test, 1, policy_choice(pt, &top[i]));
	/* Three each: then in turn. */
	KUNIT_EXPECT_NE(test, policy_choice(pt, &top[6]), policy_choice(pt, &top[7]));
	policy_finish(pt, top, ARRAY_SIZE(top));
}

static void latency_weighs_the_queue(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[9];
	int i;

	policy_prepare(pt, ASYM_POLICY_LATENCY);
	pt->fake[0]->dev.p->latency = SLOW;
	pt->fake[1]->dev.p->latency = FAST;
	/* Eight times as fast: seven wait there before the other one is as good. */
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, 1, policy_choice(pt, &top[i]));
	KUNIT_EXPECT_NE(test, policy_choice(pt, &top[7]), policy_choice(pt, &top[8]));
	policy_finish(pt, top, ARRAY_SIZE(top));
}

/* One operation a second finds out whether a slow device became faster. */
static void latency_tries_the_idle(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[4];
	int submits;

	policy_prepare(pt, ASYM_POLICY_LATENCY);
	pt->fake[0]->dev.p->latency = SLOW;
	pt->fake[1]->dev.p->latency = FAST;
	KUNIT_EXPECT_EQ(test, 1, policy_choice(pt, &top[0]));
	KUNIT_EXPECT_EQ(test, 1, policy_choice(pt, &top[1]));
	pt->fake[0]->dev.p->picked = jiffies - PROVIDER_EXPLORE;
	submits = atomic_read(&pt->fake[0]->submits);
	top[2] = ptest_sign_start(pt, false);
	KUNIT_EXPECT_EQ(test, submits + 1, atomic_read(&pt->fake[0]->submits));
	KUNIT_EXPECT_EQ(test, 1, policy_choice(pt, &top[3]));
	policy_finish(pt, top, ARRAY_SIZE(top));
}

/* Whatever speaks for a device: not when it left. */
static void no_policy_takes_what_left(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned int policy;

	policy_prepare(pt, ASYM_POLICY_ROUND_ROBIN);
	pt->fake[0]->dev.p->latency = FAST;
	pt->fake[1]->dev.p->latency = SLOW;
	pt->fake[1]->hold = false;
	fake_device_remove(pt->fake[0]);
	for (policy = 0; policy <= ASYM_POLICY_LATENCY; policy++) {
		asym_class_set_policy(pt->class, policy);
		ptest_sign(pt);
	}
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_SOFTWARE));
}

static void latency_is_measured(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct asym_device *dev = &pt->fake[0]->dev;
	struct test_op *top;
	u32 before;

	KUNIT_EXPECT_EQ(test, 0U, asym_device_latency_us(dev));
	ptest_plug(pt, 0);
	ptest_sign(pt);
	KUNIT_EXPECT_GT(test, dev->p->latency, 0U);

	/* 200 ms count an eighth: 25 ms at least; what is old, half. */
	dev->p->latency = FAST;
	dev->p->measured = jiffies - 1;
	pt->fake[0]->hold = true;
	top = ptest_sign_start(pt, false);
	KUNIT_ASSERT_TRUE(test, ptest_wait_held(pt->fake[0], 1));
	msleep(200);
	dev->p->measured = jiffies;
	fake_device_release(pt->fake[0], 0);
	ptest_sign_check(pt, top);
	KUNIT_EXPECT_GE(test, asym_device_latency_us(dev), 25000U);

	dev->p->latency = FAST;
	dev->p->measured = jiffies - 1;
	top = ptest_sign_start(pt, false);
	KUNIT_ASSERT_TRUE(test, ptest_wait_held(pt->fake[0], 1));
	msleep(200);
	dev->p->measured = jiffies - 2 * PROVIDER_EXPLORE;
	fake_device_release(pt->fake[0], 0);
	ptest_sign_check(pt, top);
	KUNIT_EXPECT_GE(test, asym_device_latency_us(dev), 100000U);

	/* Failures do not make it fast. */
	pt->fake[0]->hold = false;
	pt->fake[0]->status = -EIO;
	before = dev->p->latency;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, before, dev->p->latency);
}

static struct kunit_case asym_provider_policy_cases[] = {
	KUNIT_CASE(round_robin_does_not_look),
	KUNIT_CASE(queue_depth_evens_out),
	KUNIT_CASE(latency_weighs_the_queue),
	KUNIT_CASE(latency_tries_the_idle),
	KUNIT_CASE(no_policy_takes_what_left),
	KUNIT_CASE(latency_is_measured),
	{}
};

static struct kunit_suite asym_provider_policy_suite = {
	.name = "asym_provider_policy",
	.init = ptest_init,
	.exit = ptest_exit,
	.test_cases = asym_provider_policy_cases,
};

kunit_test_suite(asym_provider_policy_suite);
