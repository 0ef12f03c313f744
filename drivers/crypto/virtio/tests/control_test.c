// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of control.c: when a device gets no keys.
 */
#include <kunit/test.h>
#include <linux/list.h>

#include "../control.h"

struct silent_case {
	const char *name;
	unsigned int timeouts;
	unsigned int late;
	unsigned int unclosed;
	bool inflight;
	bool silent;
};

static const struct silent_case silent_cases[] = {
	{ "nothing sent", 0, 0, 0, false, false },
	{ "it has requests", 0, 0, 0, true, false },
	{ "a request was not answered in time", 1, 0, 0, true, true },
	{ "no room in time", 1, 0, 0, false, true },
	{ "an opener gave up, and no answer since", 1, 1, 0, true, true },
	{ "another was answered since", 0, 1, 0, true, true },
	{ "a session waits for room to be closed", 0, 0, 1, true, true },
	{ "a session could not be closed for want of memory", 0, 0, 1, false, false },
	{ "nor could two", 0, 0, 2, false, false },
	{ "nor one after a timeout", 1, 0, 1, false, true },
};

KUNIT_ARRAY_PARAM_DESC(silent, silent_cases, name);

static void test_silent(struct kunit *test)
{
	const struct silent_case *c = test->param_value;
	struct vcrypto_control *control = kunit_kzalloc(test, sizeof(*control), GFP_KERNEL);
	struct list_head request;

	KUNIT_ASSERT_NOT_NULL(test, control);
	INIT_LIST_HEAD(&control->inflight);
	if (c->inflight)
		list_add(&request, &control->inflight);
	control->timeouts = c->timeouts;
	control->late = c->late;
	control->nr_unclosed = c->unclosed;
	KUNIT_EXPECT_EQ(test, vcrypto_ctrl_silent(control), c->silent);
}

static struct kunit_case control_cases[] = {
	KUNIT_CASE_PARAM(test_silent, silent_gen_params),
	{}
};

static struct kunit_suite control_suite = {
	.name = "virtio_crypto_control",
	.test_cases = control_cases,
};

kunit_test_suites(&control_suite);
