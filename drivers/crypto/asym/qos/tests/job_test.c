// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: jobs, with an executor on the kernel's RSA. The worker's queue is held until the test lets
 * it run, so that a job can be seen in each state.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/slab.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/job.h>

#include "../../lib/tests/vectors.h"

#define SIZE	64	/* of the key, and of what is decrypted with it */

struct job_test {
	struct asym_exec *exec;
	struct asym_qos qos;
	struct asym_qos_flow flow;
	struct asym_jobs jobs;
	struct asym_job job;
	struct asym_job blocker;	/* has its turn until the test says so */
	struct asym_exec_request *req;
	u8 *data;
	struct workqueue_struct *wq;
	struct work_struct hold;
	struct completion go;
	struct completion over;
	atomic_t refs;
	unsigned int runs;
	unsigned int prepared;
	int prepared_err;
	bool cancel_when_prepared;
	bool cancelled;
	int err;
};

static struct job_test *test_of(struct asym_jobs *jobs)
{
	return container_of(jobs, struct job_test, jobs);
}

static void test_run(struct asym_job *job)
{
	struct job_test *t = test_of(job->jobs);

	t->runs++;
	if (job == &t->job)
		asym_job_done(job, 0);
}

static void test_prepared(struct asym_job *job, int err)
{
	struct job_test *t = test_of(job->jobs);

	t->prepared++;
	t->prepared_err = err;
	if (t->cancel_when_prepared)
		t->cancelled = asym_job_cancel(job);
}

static void test_complete(struct asym_job *job, int err)
{
	struct job_test *t = test_of(job->jobs);

	if (job != &t->job)
		return;
	t->err = err;
	complete(&t->over);
}

static void test_get(struct asym_jobs *jobs)
{
	atomic_inc(&test_of(jobs)->refs);
}

static void test_put(struct asym_jobs *jobs)
{
	atomic_dec(&test_of(jobs)->refs);
}

static const struct asym_job_ops test_ops = {
	.run		= test_run,
	.prepared	= test_prepared,
	.complete	= test_complete,
	.get		= test_get,
	.put		= test_put,
};

static void hold_worker(struct work_struct *work)
{
	wait_for_completion(&container_of(work, struct job_test, hold)->go);
}

static void release_worker(struct job_test *t)
{
	complete(&t->go);
	flush_workqueue(t->wq);
}

static struct asym_key_data rsa_key(void)
{
	return (struct asym_key_data){
		.algo = ASYM_RSA,
		.is_private = true,
		.der = rsa512_priv,
		.der_len = sizeof(rsa512_priv),
	};
}

static int job_init(struct kunit *test)
{
	const struct asym_exec_params params = { .name = "kunit-job", .drivers = "rsa-generic" };
	struct job_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->exec = asym_exec_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->exec));
	t->req = kunit_kzalloc(test, asym_exec_request_size(t->exec), GFP_KERNEL);
	t->data = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	t->wq = alloc_ordered_workqueue("asym_job_test", 0);
	KUNIT_ASSERT_TRUE(test, t->req && t->data && t->wq);
	asym_qos_init(&t->qos, &asym_job_qos_ops, 8);
	asym_qos_flow_add(&t->qos, &t->flow, &ASYM_QOS_UNLIMITED);
	asym_jobs_init(&t->jobs, &test_ops, t->wq);
	t->jobs.exec = t->exec;
	init_completion(&t->go);
	init_completion(&t->over);
	INIT_WORK(&t->hold, hold_worker);
	queue_work(t->wq, &t->hold);
	t->data[SIZE - 1] = 2;	/* software refuses 0 and 1 */
	t->req->op = ASYM_DECRYPT;
	t->req->padding = ASYM_PAD_RAW;
	t->req->src = t->data;
	t->req->src_len = SIZE;
	t->req->dst = t->data;
	t->req->dst_len = SIZE;
	t->job.jobs = &t->jobs;
	t->job.exec = t->req;
	t->blocker.jobs = &t->jobs;
	return 0;
}

static void job_exit(struct kunit *test)
{
	struct job_test *t = test->priv;

	complete_all(&t->go);
	destroy_workqueue(t->wq);
	asym_qos_flow_del(&t->flow);
	asym_qos_exit(&t->qos);
	asym_exec_destroy(t->exec);
}

/* It is over, once, with that result; nothing is left in the scheduler or of the worker. */
static void expect_over(struct kunit *test, int err, bool computed)
{
	struct job_test *t = test->priv;
	struct asym_qos_stats stats;

	KUNIT_EXPECT_NE(test, 0UL, wait_for_completion_timeout(&t->over, 2 * HZ));
	KUNIT_EXPECT_EQ(test, err, t->err);
	KUNIT_EXPECT_EQ(test, computed, t->job.computed);
	KUNIT_EXPECT_FALSE(test, try_wait_for_completion(&t->over));
	complete_all(&t->go);
	flush_workqueue(t->wq);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&t->refs));
	asym_qos_flow_stats(&t->flow, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.waiting);
	KUNIT_EXPECT_EQ(test, 0, stats.inflight);
}

static void expect_charged(struct kunit *test, u64 ops)
{
	struct job_test *t = test->priv;
	struct asym_qos_stats stats;

	asym_qos_flow_stats(&t->flow, &stats);
	KUNIT_EXPECT_EQ(test, ops, stats.ops);
}

static void submit_keyed(struct job_test *t, struct asym_qos_flow *flow)
{
	t->job.key = rsa_key();
	asym_job_prepare(&t->job, flow);
	asym_job_submit(&t->job, 1000, SIZE, false);
}

static void without_a_flow_a_job_is_computed_at_once(struct kunit *test)
{
	struct job_test *t = test->priv;
	struct asym_key_data data = rsa_key();
	struct asym_exec_key *key = asym_exec_key_create(t->exec, &data);

	KUNIT_ASSERT_FALSE(test, IS_ERR(key));
	t->req->key = key;
	asym_job_prepare(&t->job, NULL);
	asym_job_submit(&t->job, 0, 0, false);
	asym_exec_key_put(key);		/* it stayed ours */
	expect_over(test, 0, true);
	expect_charged(test, 0);
}

static void with_a_flow_it_is_charged(struct kunit *test)
{
	struct job_test *t = test->priv;
	struct asym_key_data data = rsa_key();

	t->req->key = asym_exec_key_create(t->exec, &data);	/* the job's */
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->req->key));
	asym_job_prepare(&t->job, &t->flow);
	asym_job_submit(&t->job, 1000, SIZE, false);
	expect_over(test, 0, true);
	expect_charged(test, 1);
}

static void a_job_may_be_over_within_the_call(struct kunit *test)
{
	struct job_test *t = test->priv;

	t->job.exec = NULL;
	asym_job_prepare(&t->job, &t->flow);
	asym_job_submit(&t->job, 1, 0, false);
	KUNIT_EXPECT_TRUE(test, completion_done(&t->over));
	KUNIT_EXPECT_FALSE(test, asym_job_cancel(&t->job));
	expect_over(test, 0, false);
	KUNIT_EXPECT_EQ(test, 1, t->runs);
	expect_charged(test, 1);
}

static void what_waits_for_its_turn_is_taken_back_for_nothing(struct kunit *test)
{
	struct job_test *t = test->priv;
	struct asym_key_data data = rsa_key();

	asym_qos_set_max_inflight(&t->qos, 1);
	asym_job_prepare(&t->blocker, &t->flow);
	asym_job_submit(&t->blocker, 1, 0, false);
	KUNIT_EXPECT_EQ(test, 1, t->runs);
	t->req->key = asym_exec_key_create(t->exec, &data);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->req->key));
	asym_job_prepare(&t->job, &t->flow);
	asym_job_submit(&t->job, 1000, SIZE, false);
	KUNIT_EXPECT_TRUE(test, asym_job_cancel(&t->job));
	KUNIT_EXPECT_FALSE(test, asym_job_cancel(&t->blocker));
	asym_job_done(&t->job, -ECANCELED);
	asym_job_done(&t->blocker, 0);
	expect_over(test, -ECANCELED, false);
	expect_charged(test, 1);	/* the other */
}

static void a_key_that_comes_along_is_prepared_by_the_worker(struct kunit *test)
{
	struct job_test *t = test->priv;

	submit_keyed(t, &t->flow);
	KUNIT_EXPECT_EQ(test, 0, t->prepared);
	release_worker(t);
	expect_over(test, 0, true);
	KUNIT_EXPECT_EQ(test, 1, t->prepared);
	KUNIT_EXPECT_EQ(test, 0, t->prepared_err);
	expect_charged(test, 1);
}

static void a_key_that_is_none_fails_its_job(struct kunit *test)
{
	struct job_test *t = test->priv;

	t->job.key = rsa_key();
	t->job.key.der_len--;
	asym_job_prepare(&t->job, NULL);
	asym_job_submit(&t->job, 0, 0, false);
	release_worker(t);
	KUNIT_EXPECT_TRUE(test, t->job.key_failed);
	KUNIT_EXPECT_EQ(test, 1, t->prepared);
	KUNIT_EXPECT_NE(test, 0, t->prepared_err);
	expect_over(test, t->prepared_err, false);
}

static void what_waits_for_the_worker_is_taken_back_and_was_charged(struct kunit *test)
{
	struct job_test *t = test->priv;

	submit_keyed(t, &t->flow);
	KUNIT_EXPECT_TRUE(test, asym_job_cancel(&t->job));
	asym_job_done(&t->job, -ECANCELED);
	release_worker(t);
	expect_over(test, -ECANCELED, false);
	KUNIT_EXPECT_EQ(test, 0, t->prepared);
	expect_charged(test, 1);
}

static void what_the_worker_has_is_not_computed_if_nobody_wants_it(struct kunit *test)
{
	struct job_test *t = test->priv;

	t->cancel_when_prepared = true;
	submit_keyed(t, &t->flow);
	release_worker(t);
	KUNIT_EXPECT_FALSE(test, t->cancelled);
	expect_over(test, -ECANCELED, false);
	KUNIT_EXPECT_FALSE(test, t->job.key_failed);
	KUNIT_EXPECT_EQ(test, 1, t->prepared);
}

static void closed_jobs_prepare_no_key(struct kunit *test)
{
	struct job_test *t = test->priv;

	submit_keyed(t, NULL);
	asym_jobs_close(&t->jobs);
	release_worker(t);
	expect_over(test, -ECANCELED, false);
	KUNIT_EXPECT_EQ(test, 0, t->prepared);
}

static void a_job_that_sleeps_runs_in_the_worker(struct kunit *test)
{
	struct job_test *t = test->priv;

	t->job.exec = NULL;
	t->job.sleeps = true;
	asym_job_prepare(&t->job, &t->flow);
	asym_job_submit(&t->job, 1, 0, true);
	KUNIT_EXPECT_EQ(test, 0, t->runs);
	release_worker(t);
	KUNIT_EXPECT_EQ(test, 1, t->runs);
	expect_over(test, 0, false);
	expect_charged(test, 1);
}

static struct kunit_case job_cases[] = {
	KUNIT_CASE(without_a_flow_a_job_is_computed_at_once),
	KUNIT_CASE(with_a_flow_it_is_charged),
	KUNIT_CASE(a_job_may_be_over_within_the_call),
	KUNIT_CASE(what_waits_for_its_turn_is_taken_back_for_nothing),
	KUNIT_CASE(a_key_that_comes_along_is_prepared_by_the_worker),
	KUNIT_CASE(a_key_that_is_none_fails_its_job),
	KUNIT_CASE(what_waits_for_the_worker_is_taken_back_and_was_charged),
	KUNIT_CASE(what_the_worker_has_is_not_computed_if_nobody_wants_it),
	KUNIT_CASE(closed_jobs_prepare_no_key),
	KUNIT_CASE(a_job_that_sleeps_runs_in_the_worker),
	{}
};

static struct kunit_suite job_suite = {
	.name = "asym_job",
	.init = job_init,
	.exit = job_exit,
	.test_cases = job_cases,
};

kunit_test_suite(job_suite);
