// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of queue.c: what is held back, the driver is told of.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/overflow.h>

#include <compat/timer.h>
#include "../dev.h"
#include "../ring/queue.h"

#define USECS	10000

struct tell {
	struct vc_dev *vc;
	unsigned int fired;
	struct completion twice;
};

/*
 * Instead of vc_queue.tell_timer's own function. The worker, which that woke, may be done with what
 * was held back, and hold back the next answer, before the function returns: so does this one.
 */
static enum hrtimer_restart tell_fired(struct hrtimer *timer)
{
	struct vc_queue *q = container_of(timer, struct vc_queue, tell_timer);
	struct tell *t = q->cb.private;

	if (++t->fired == 1)
		vc_queue_tell(q);
	else
		complete(&t->twice);
	return HRTIMER_NORESTART;
}

/* A queue of whose eight requests one is answered. */
static int tell_init(struct kunit *test)
{
	struct tell *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct vc_queue *q;

	if (!t)
		return -ENOMEM;
	t->vc = kunit_kzalloc(test, struct_size(t->vc, queues, 1), GFP_KERNEL);
	if (!t->vc)
		return -ENOMEM;
	init_completion(&t->twice);
	t->vc->nr_queues = 1;
	t->vc->coalesce_usecs = USECS;
	q = &t->vc->queues[0];
	q->vc = t->vc;
	q->outstanding = 8;
	q->peak = 8;
	q->untold = 1;
	q->cb.private = t;
	compat_hrtimer_setup(&q->tell_timer, tell_fired, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	test->priv = t;
	return 0;
}

static void tell_exit(struct kunit *test)
{
	struct tell *t = test->priv;

	if (t && t->vc)
		hrtimer_cancel(&t->vc->queues[0].tell_timer);
}

/* Held back while the timer's function runs: it is due all the same. */
static void tell_while_timer_runs(struct kunit *test)
{
	struct tell *t = test->priv;
	struct vc_queue *q = &t->vc->queues[0];

	vc_queue_tell(q);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&t->twice, 5 * HZ), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&q->stats[VC_STAT_HELD_BACK]), 2);
}

/* More answers do not put off when the driver is told of the first. */
static void tell_not_put_off(struct kunit *test)
{
	struct tell *t = test->priv;
	struct vc_queue *q = &t->vc->queues[0];
	ktime_t due;

	t->vc->coalesce_usecs = 10 * USEC_PER_SEC;
	vc_queue_tell(q);
	due = hrtimer_get_expires(&q->tell_timer);
	q->untold++;
	vc_queue_tell(q);
	KUNIT_EXPECT_EQ(test, hrtimer_get_expires(&q->tell_timer), due);
	KUNIT_EXPECT_EQ(test, atomic64_read(&q->stats[VC_STAT_HELD_BACK]), 1);
}

static struct kunit_case tell_test_cases[] = {
	KUNIT_CASE(tell_while_timer_runs),
	KUNIT_CASE(tell_not_put_off),
	{}
};

static struct kunit_suite tell_suite = {
	.name = "vdpa_crypto_tell",
	.init = tell_init,
	.exit = tell_exit,
	.test_cases = tell_test_cases,
};

kunit_test_suite(tell_suite);
