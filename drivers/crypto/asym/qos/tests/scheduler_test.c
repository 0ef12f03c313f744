// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the scheduler. The owner is this file: a dispatched item is put on a list until the test
 * says that it is done, or is done at once.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/qos.h>

#define RSA2048		1000
#define RSA4096		7000

struct qos_test;

struct qos_req {
	struct asym_qos_item item;
	struct list_head list;
	struct qos_test *t;
	struct asym_qos_flow *flow;
};

struct qos_test {
	struct asym_qos qos;
	spinlock_t lock;	/* list and counters */
	struct list_head dispatched;
	bool at_once;		/* done within dispatch */
	unsigned int again;	/* then, submitted so many times more */
	unsigned int count;
	unsigned int depth;
	unsigned int deepest;
	unsigned int wanted;
	struct completion all;	/* @count is @wanted */
};

static void test_dispatch(struct asym_qos_item *item)
{
	struct qos_req *req = container_of(item, struct qos_req, item);
	struct qos_test *t = req->t;
	bool again = false, last;

	spin_lock_bh(&t->lock);
	t->count++;
	last = t->count == t->wanted;
	t->depth++;
	t->deepest = max(t->deepest, t->depth);
	if (!t->at_once)
		list_add_tail(&req->list, &t->dispatched);
	if (t->again) {
		t->again--;
		again = true;
	}
	spin_unlock_bh(&t->lock);
	if (t->at_once)
		asym_qos_done(item);
	if (again)
		asym_qos_submit(req->flow, item);
	spin_lock_bh(&t->lock);
	t->depth--;
	spin_unlock_bh(&t->lock);
	if (last)
		complete(&t->all);
}

static const struct asym_qos_ops test_ops = {
	.dispatch	= test_dispatch,
};

static int qos_init(struct kunit *test)
{
	struct qos_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	spin_lock_init(&t->lock);
	INIT_LIST_HEAD(&t->dispatched);
	init_completion(&t->all);
	asym_qos_init(&t->qos, &test_ops, 1);
	return 0;
}

static void qos_exit(struct kunit *test)
{
	struct qos_test *t = test->priv;

	asym_qos_exit(&t->qos);
	KUNIT_EXPECT_EQ(test, 0, t->qos.inflight);
	KUNIT_EXPECT_NULL(test, rb_first_cached(&t->qos.ready));
	KUNIT_EXPECT_NULL(test, rb_first_cached(&t->qos.throttled));
}

static struct asym_qos_flow *new_flow(struct kunit *test, const struct asym_qos_limits *limits)
{
	struct asym_qos_flow *flow = kunit_kzalloc(test, sizeof(*flow), GFP_KERNEL);
	struct qos_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, flow);
	asym_qos_flow_add(&t->qos, flow, limits);
	return flow;
}

static struct asym_qos_flow *weighted_flow(struct kunit *test, u32 weight)
{
	struct asym_qos_limits limits = ASYM_QOS_UNLIMITED;

	limits.weight = weight;
	return new_flow(test, &limits);
}

static struct qos_req *new_req(struct kunit *test, struct asym_qos_flow *flow, u32 cost)
{
	struct qos_req *req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, req);
	req->t = test->priv;
	req->flow = flow;
	req->item.cost = cost;
	req->item.bytes = 256;
	return req;
}

static struct qos_req *submit(struct kunit *test, struct asym_qos_flow *flow, u32 cost)
{
	struct qos_req *req = new_req(test, flow, cost);

	asym_qos_submit(flow, &req->item);
	return req;
}

static void submit_many(struct kunit *test, struct asym_qos_flow *flow, u32 cost, unsigned int n)
{
	while (n--)
		submit(test, flow, cost);
}

/* Finish what was dispatched first; which flow's was it? */
static struct asym_qos_flow *finish_one(struct kunit *test)
{
	struct qos_test *t = test->priv;
	struct qos_req *req;

	spin_lock_bh(&t->lock);
	req = list_first_entry_or_null(&t->dispatched, struct qos_req, list);
	if (req)
		list_del(&req->list);
	spin_unlock_bh(&t->lock);
	if (!req)
		return NULL;
	asym_qos_done(&req->item);
	return req->flow;
}

static void finish_all(struct kunit *test)
{
	while (finish_one(test))
		;
}

/* Of the next n that are finished, how many are this flow's? */
static unsigned int finish_share(struct kunit *test, const struct asym_qos_flow *flow,
				 unsigned int n)
{
	unsigned int mine = 0;

	while (n--)
		mine += finish_one(test) == flow;
	return mine;
}

static void in_order_up_to_max_inflight(struct kunit *test)
{
	struct asym_qos_flow *flow = new_flow(test, &ASYM_QOS_UNLIMITED);
	struct qos_test *t = test->priv;
	struct qos_req *reqs[5];
	int i;

	asym_qos_set_max_inflight(&t->qos, 2);
	for (i = 0; i < ARRAY_SIZE(reqs); i++)
		reqs[i] = submit(test, flow, RSA2048);
	KUNIT_EXPECT_EQ(test, 2, t->count);
	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		KUNIT_EXPECT_PTR_EQ(test, reqs[i],
				    list_first_entry(&t->dispatched, struct qos_req, list));
		finish_one(test);
		KUNIT_EXPECT_EQ(test, min(3 + i, 5), t->count);
	}
	KUNIT_EXPECT_EQ(test, 5, flow->stats.ops);
	KUNIT_EXPECT_EQ(test, 5 * 256, flow->stats.bytes);
	KUNIT_EXPECT_EQ(test, 5 * RSA2048, flow->stats.milliunits);
	KUNIT_EXPECT_EQ(test, 0, flow->stats.inflight);
	KUNIT_EXPECT_EQ(test, 0, flow->stats.throttled);
}

static void shares_by_weight(struct kunit *test)
{
	struct asym_qos_flow *light = weighted_flow(test, 1), *heavy = weighted_flow(test, 3);
	unsigned int share;

	submit_many(test, light, RSA2048, 100);
	submit_many(test, heavy, RSA2048, 100);
	finish_one(test);
	share = finish_share(test, heavy, 100);
	KUNIT_EXPECT_GE(test, share, 74);
	KUNIT_EXPECT_LE(test, share, 76);
	finish_all(test);
}

static void shares_by_cost(struct kunit *test)
{
	struct asym_qos_flow *small = weighted_flow(test, 100), *large = weighted_flow(test, 100);

	submit_many(test, large, RSA4096, 30);
	submit_many(test, small, RSA2048, 100);
	finish_one(test);
	KUNIT_EXPECT_EQ(test, 10, finish_share(test, large, 80));
	finish_all(test);
}

/* Whoever comes to a queue of others is next; and none saves up for later. */
static void newcomer_is_next(struct kunit *test)
{
	struct asym_qos_flow *greedy = weighted_flow(test, 100), *modest = weighted_flow(test, 100);
	int i;

	submit_many(test, greedy, RSA4096, 50);
	for (i = 0; i < 10; i++) {
		submit(test, modest, RSA2048);
		KUNIT_EXPECT_PTR_EQ(test, greedy, finish_one(test));
		KUNIT_EXPECT_PTR_EQ(test, modest, finish_one(test));
	}
	/* It was alone for long, so it is due what it is due from now on, no more. */
	submit_many(test, modest, RSA4096, 20);
	KUNIT_EXPECT_LE(test, finish_share(test, modest, 20), 11);
	finish_all(test);
}

static void alone_gets_everything(struct kunit *test)
{
	struct asym_qos_flow *light = weighted_flow(test, 1);
	struct qos_test *t = test->priv;

	weighted_flow(test, ASYM_QOS_MAX_WEIGHT);
	asym_qos_set_max_inflight(&t->qos, 8);
	submit_many(test, light, RSA4096, 20);
	KUNIT_EXPECT_EQ(test, 8, t->count);
	finish_all(test);
	KUNIT_EXPECT_EQ(test, 20, t->count);
}

/* A third of a second three times is a second. */
static void nothing_is_rounded_away(struct kunit *test)
{
	struct asym_qos_limits limits = ASYM_QOS_UNLIMITED;
	struct asym_qos_bucket *bucket;
	struct asym_qos_flow *flow;
	struct qos_test *t = test->priv;
	u64 before;

	limits.burst_ms = ASYM_QOS_MAX_BURST_MS;
	limits.ops_per_sec = 3;
	flow = new_flow(test, &limits);
	bucket = &flow->buckets[ASYM_QOS_OPS];
	bucket->used_until = ktime_get_ns() + NSEC_PER_SEC;	/* nearly full */
	t->at_once = true;
	submit(test, flow, RSA2048);
	before = bucket->used_until;
	KUNIT_EXPECT_EQ(test, 1, bucket->rest);
	submit_many(test, flow, RSA2048, 3);
	KUNIT_EXPECT_EQ(test, NSEC_PER_SEC, bucket->used_until - before);
	KUNIT_EXPECT_EQ(test, 1, bucket->rest);
	KUNIT_EXPECT_EQ(test, 4, t->count);
}

/* As much as the rate says, and not later than that (with time for a slow machine). */
static void rate_is_kept(struct kunit *test)
{
	struct asym_qos_limits limits = ASYM_QOS_UNLIMITED;
	struct asym_qos_stats stats;
	struct asym_qos_flow *flow;
	struct qos_test *t = test->priv;
	u64 start, ns;

	limits.ops_per_sec = 500;
	t->at_once = true;
	t->wanted = 101;
	flow = new_flow(test, &limits);
	start = ktime_get_ns();
	submit_many(test, flow, RSA2048, 101);
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&t->all, 30 * HZ));
	ns = ktime_get_ns() - start;
	/* A new flow has no burst; how late it came to the first it may catch up on. */
	KUNIT_EXPECT_GE(test, ns, 190 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, ns, 5 * (u64)NSEC_PER_SEC);
	asym_qos_flow_stats(flow, &stats);
	KUNIT_EXPECT_EQ(test, 101, stats.ops);
	KUNIT_EXPECT_GE(test, stats.throttled, 1);
	KUNIT_EXPECT_GE(test, stats.throttled_us, 100 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, 0, stats.waiting);
}

static void tighter_limit_rules(struct kunit *test)
{
	struct asym_qos_limits limits = ASYM_QOS_UNLIMITED;
	struct asym_qos_flow *flow;
	struct qos_test *t = test->priv;
	u64 now;

	limits.burst_ms = 1;
	limits.ops_per_sec = 1000;	/* 1 ms */
	limits.bytes_per_sec = 2560;	/* 100 ms */
	limits.units_per_sec = 2;	/* 3500 ms for RSA-4096 */
	flow = new_flow(test, &limits);
	memset(flow->buckets, 0, sizeof(flow->buckets));
	flow->buckets[ASYM_QOS_OPS].rate = limits.ops_per_sec;
	flow->buckets[ASYM_QOS_BYTES].rate = limits.bytes_per_sec;
	flow->buckets[ASYM_QOS_UNITS].rate = limits.units_per_sec;
	t->at_once = true;
	now = ktime_get_ns();
	submit(test, flow, RSA4096);
	submit(test, flow, RSA4096);
	KUNIT_EXPECT_EQ(test, 1, t->count);
	KUNIT_EXPECT_EQ(test, ASYM_QOS_THROTTLED, flow->state);
	KUNIT_EXPECT_GE(test, flow->wake, now + 3499 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, flow->wake, now + 4499 * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, 99 * NSEC_PER_MSEC,
			flow->buckets[ASYM_QOS_BYTES].used_until -
			flow->buckets[ASYM_QOS_OPS].used_until);
	asym_qos_flow_set(flow, &ASYM_QOS_UNLIMITED);
}

static void throttled_does_not_hold_up_others(struct kunit *test)
{
	struct asym_qos_flow *other = weighted_flow(test, 1);
	struct asym_qos_limits limits = ASYM_QOS_UNLIMITED;
	struct qos_test *t = test->priv;
	struct asym_qos_flow *flow;
	struct qos_req *req;

	t->at_once = true;
	limits.ops_per_sec = 1;
	limits.burst_ms = 1;
	flow = new_flow(test, &limits);
	submit(test, flow, RSA2048);
	req = submit(test, flow, RSA2048);
	submit_many(test, other, RSA2048, 10);
	KUNIT_EXPECT_GE(test, t->count, 10);
	KUNIT_EXPECT_TRUE(test, asym_qos_cancel(&req->item));
	asym_qos_flow_set(flow, &ASYM_QOS_UNLIMITED);
	KUNIT_EXPECT_EQ(test, 11, t->count);
}

static void change_acts_at_once(struct kunit *test)
{
	struct asym_qos_limits limits = ASYM_QOS_UNLIMITED;
	struct qos_test *t = test->priv;
	struct asym_qos_flow *flow;
	u64 now;

	t->at_once = true;
	limits.ops_per_sec = 1;
	flow = new_flow(test, &limits);
	submit_many(test, flow, RSA2048, 100);
	KUNIT_EXPECT_LE(test, t->count, 2);
	/* neither the second of the old rate, nor a burst of the new one */
	limits.ops_per_sec = 20;
	now = ktime_get_ns();
	asym_qos_flow_set(flow, &limits);
	KUNIT_EXPECT_LE(test, t->count, 4);
	KUNIT_EXPECT_GE(test, flow->wake, now);
	KUNIT_EXPECT_LE(test, flow->wake, ktime_get_ns() + 50 * NSEC_PER_MSEC);
	asym_qos_flow_set(flow, &ASYM_QOS_UNLIMITED);
	KUNIT_EXPECT_GE(test, t->count, 64);
	while (flow->stats.waiting)	/* more than one go: the timer */
		cond_resched();
	KUNIT_EXPECT_EQ(test, 100, t->count);
}

static void cancelled_is_gone_and_not_charged(struct kunit *test)
{
	struct asym_qos_flow *flow = new_flow(test, &ASYM_QOS_UNLIMITED);
	struct qos_test *t = test->priv;
	struct qos_req *first, *second;

	first = submit(test, flow, RSA2048);
	second = submit(test, flow, RSA2048);
	KUNIT_EXPECT_FALSE(test, asym_qos_cancel(&first->item));
	KUNIT_EXPECT_EQ(test, 1, flow->stats.waiting);
	KUNIT_EXPECT_TRUE(test, asym_qos_cancel(&second->item));
	KUNIT_EXPECT_FALSE(test, asym_qos_cancel(&second->item));
	KUNIT_EXPECT_EQ(test, ASYM_QOS_IDLE, flow->state);
	finish_all(test);
	KUNIT_EXPECT_EQ(test, 1, t->count);
	KUNIT_EXPECT_EQ(test, RSA2048, flow->stats.milliunits);
}

static void flow_inflight_is_bounded(struct kunit *test)
{
	struct asym_qos_limits limits = ASYM_QOS_UNLIMITED;
	struct asym_qos_flow *flow, *other = new_flow(test, &limits);
	struct qos_test *t = test->priv;

	asym_qos_set_max_inflight(&t->qos, 100);
	limits.max_inflight = 2;
	flow = new_flow(test, &limits);
	submit_many(test, flow, RSA2048, 10);
	KUNIT_EXPECT_EQ(test, 2, t->count);
	KUNIT_EXPECT_EQ(test, 8, flow->stats.waiting);
	submit_many(test, other, RSA2048, 5);
	KUNIT_EXPECT_EQ(test, 7, t->count);
	finish_one(test);
	KUNIT_EXPECT_EQ(test, 2, flow->stats.inflight);
	limits.max_inflight = 4;
	asym_qos_flow_set(flow, &limits);
	KUNIT_EXPECT_EQ(test, 4, flow->stats.inflight);
	finish_all(test);
	KUNIT_EXPECT_EQ(test, 15, t->count);
}

/* Each answer within the dispatch submits the next, from within a submission. */
static void recursion_is_bounded(struct kunit *test)
{
	struct asym_qos_flow *flow = new_flow(test, &ASYM_QOS_UNLIMITED);
	struct qos_test *t = test->priv;

	t->at_once = true;
	t->again = 2000;
	t->wanted = 2001;
	submit(test, flow, RSA2048);
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&t->all, 30 * HZ));
	KUNIT_EXPECT_LE(test, t->deepest, 5);
	KUNIT_EXPECT_EQ(test, 2001, flow->stats.ops);
}

struct late_req {
	struct delayed_work work;
	struct qos_req *req;
};

static void late_done(struct work_struct *work)
{
	asym_qos_done(&container_of(work, struct late_req, work.work)->req->item);
}

static void removed_flow_waits_for_what_is_dispatched(struct kunit *test)
{
	struct asym_qos_flow *flow = new_flow(test, &ASYM_QOS_UNLIMITED);
	struct late_req late = { .req = submit(test, flow, RSA2048) };

	INIT_DELAYED_WORK_ONSTACK(&late.work, late_done);
	schedule_delayed_work(&late.work, HZ / 10);
	asym_qos_flow_del(flow);
	KUNIT_EXPECT_EQ(test, 0, flow->stats.inflight);
	KUNIT_EXPECT_EQ(test, 1, flow->stats.ops);
	flush_delayed_work(&late.work);
	destroy_delayed_work_on_stack(&late.work);
}

static struct kunit_case qos_cases[] = {
	KUNIT_CASE(in_order_up_to_max_inflight),
	KUNIT_CASE(shares_by_weight),
	KUNIT_CASE(shares_by_cost),
	KUNIT_CASE(newcomer_is_next),
	KUNIT_CASE(alone_gets_everything),
	KUNIT_CASE(nothing_is_rounded_away),
	KUNIT_CASE(rate_is_kept),
	KUNIT_CASE(tighter_limit_rules),
	KUNIT_CASE(throttled_does_not_hold_up_others),
	KUNIT_CASE(change_acts_at_once),
	KUNIT_CASE(cancelled_is_gone_and_not_charged),
	KUNIT_CASE(flow_inflight_is_bounded),
	KUNIT_CASE(recursion_is_bounded),
	KUNIT_CASE(removed_flow_waits_for_what_is_dispatched),
	{ }
};

static struct kunit_suite qos_suite = {
	.name = "asym_qos",
	.init = qos_init,
	.exit = qos_exit,
	.test_cases = qos_cases,
};

kunit_test_suite(qos_suite);
