// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider: what the known-answer tests make of a device.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "fixture.h"

/* The device fails its tests so, and is not used. */
static void expect_disqualified(struct provider_test *pt, int err)
{
	u64 failed = ptest_stat(pt, PROVIDER_STAT_KAT_FAILED);
	u64 software = ptest_stat(pt, PROVIDER_STAT_SW_NO_DEVICE);
	struct fake_device *fake = pt->fake[0];

	KUNIT_EXPECT_EQ(pt->test, err, asym_device_register(pt->class, &fake->dev));
	KUNIT_EXPECT_NULL(pt->test, fake->dev.p);
	KUNIT_EXPECT_EQ(pt->test, failed + 1, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
	KUNIT_EXPECT_EQ(pt->test, 0U, fake->nr_sessions);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(pt->test, software + 1, ptest_stat(pt, PROVIDER_STAT_SW_NO_DEVICE));
	KUNIT_EXPECT_EQ(pt->test, 0ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

/* Whichever operation it is that comes out wrong. */
static void wrong_answers_disqualify(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned int op;

	for (op = ASYM_ENCRYPT; op <= ASYM_DECRYPT; op++) {
		pt->fake[0]->wrong = BIT(op);
		expect_disqualified(pt, -EBADMSG);
	}
	pt->fake[0]->wrong = 0;
	/* A short result is right, one that was moved the wrong way is not. */
	pt->fake[0]->misplaced = true;
	expect_disqualified(pt, -EBADMSG);
	pt->fake[0]->misplaced = false;
	pt->fake[0]->strip = true;
	ptest_plug(pt, 0);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
}

static void failing_tests_disqualify(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	pt->fake[0]->status = -EIO;
	expect_disqualified(pt, -EIO);
	pt->fake[0]->status = 0;
	/* no verdict on the key is a verdict on what it computes */
	pt->fake[0]->open_err = -EINVAL;
	expect_disqualified(pt, -EIO);
}

/* That it went is not that it computed wrongly. */
static void leaving_is_no_verdict(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	pt->fake[0]->status = -ENODEV;
	KUNIT_EXPECT_EQ(test, -ENODEV, asym_device_register(pt->class, &pt->fake[0]->dev));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_devices);
}

static void useless_device_is_refused(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];

	fake->status = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, asym_device_register(pt->class, &fake->dev));
	fake->status = 0;
	/* padded RSA alone is of no use */
	fake->dev.caps.rsa_paddings = BIT(ASYM_PAD_PKCS1);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, asym_device_register(pt->class, &fake->dev));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_devices);
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_NO_DEVICE));
}

static void refused_capability_is_dropped(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	/* no private keys, but encryption */
	pt->fake[0]->unsupported = BIT(ASYM_DECRYPT);
	ptest_plug(pt, 0);
	KUNIT_EXPECT_FALSE(test, pt->fake[0]->dev.p->caps.rsa_ops & BIT(ASYM_DECRYPT));
	KUNIT_EXPECT_TRUE(test, pt->fake[0]->dev.p->caps.rsa_ops & BIT(ASYM_ENCRYPT));
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_UNSUPPORTED));
	ptest_encrypt(pt, 0);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
	ptest_expect_consistent(pt);
}

struct plug_work {
	struct work_struct work;
	struct provider_test *pt;
	int err;
};

static void plug_work(struct work_struct *work)
{
	struct plug_work *plug = container_of(work, struct plug_work, work);

	plug->err = asym_device_register(plug->pt->class, &plug->pt->fake[0]->dev);
}

static void device_vanishes_in_its_tests(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct plug_work *plug = kunit_kzalloc(test, sizeof(*plug), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, plug);
	plug->pt = pt;
	INIT_WORK(&plug->work, plug_work);
	pt->fake[0]->hold = true;
	queue_work(system_unbound_wq, &plug->work);
	KUNIT_EXPECT_TRUE(test, ptest_wait_held(pt->fake[0], 1));
	pt->fake[0]->hold = false;
	pt->fake[0]->status = -ENODEV;
	fake_device_release(pt->fake[0], -ENODEV);
	flush_work(&plug->work);
	KUNIT_EXPECT_EQ(test, -ENODEV, plug->err);
	KUNIT_EXPECT_NULL(test, pt->fake[0]->dev.p);
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_KAT_FAILED));
}

static struct kunit_case asym_provider_kat_cases[] = {
	KUNIT_CASE_SLOW(wrong_answers_disqualify),
	KUNIT_CASE(failing_tests_disqualify),
	KUNIT_CASE(leaving_is_no_verdict),
	KUNIT_CASE(useless_device_is_refused),
	KUNIT_CASE(refused_capability_is_dropped),
	KUNIT_CASE(device_vanishes_in_its_tests),
	{}
};

static struct kunit_suite asym_provider_kat_suite = {
	.name = "asym_provider_kat",
	.init = ptest_init,
	.exit = ptest_exit,
	.test_cases = asym_provider_kat_cases,
};

kunit_test_suite(asym_provider_kat_suite);
