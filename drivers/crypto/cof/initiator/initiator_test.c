// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: matching of answers to operations, back-off, errno of statuses. No
 * connection is made: responses are put together here.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include "initiator.h"

#define DEPTH	4

struct cofi_test {
	struct cofi_path path;
	struct cofi_assoc assoc;
	struct cofi_queue *queue;
	struct asym_request req[DEPTH + 1];
	struct {
		struct cof_io_rsp rsp;
		u8 data[COF_MAX_OUTPUT + 1];
	} msg;
};

static int cofi_test_init(struct kunit *test)
{
	struct cofi_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	spin_lock_init(&t->path.lock);
	t->assoc.path = &t->path;
	t->queue = cofi_queue_alloc(&t->assoc, 1, DEPTH);
	KUNIT_ASSERT_NOT_NULL(test, t->queue);
	for (i = 0; i < ARRAY_SIZE(t->req); i++) {
		t->req[i].op = ASYM_SIGN;
		t->req[i].out_len = 256;
	}
	test->priv = t;
	return 0;
}

static void cofi_test_exit(struct kunit *test)
{
	struct cofi_test *t = test->priv;

	if (t && t->queue)
		cofi_queue_free(t->queue);
}

static int answer(struct cofi_test *t, u64 tag, u16 opcode, u16 status, u32 len,
		  struct asym_request **req)
{
	cof_response_init(&t->msg.rsp.hdr, opcode, tag, status, sizeof(t->msg.rsp), len);
	t->msg.rsp.out_len = cpu_to_le32(len);
	return cofi_queue_match(t->queue, &t->msg.rsp, req);
}

static void slots_run_out_and_come_back(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 tag[DEPTH + 1];
	unsigned int i, j;

	for (i = 0; i < DEPTH; i++) {
		KUNIT_EXPECT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[i], COF_SIGN, &tag[i]));
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, tag[i], tag[j]);
	}
	KUNIT_EXPECT_EQ(test, -EBUSY,
			cofi_queue_take(t->queue, &t->req[DEPTH], COF_SIGN, &tag[DEPTH]));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag[2], COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_PTR_EQ(test, &t->req[2], req);
	KUNIT_EXPECT_EQ(test, 0,
			cofi_queue_take(t->queue, &t->req[DEPTH], COF_SIGN, &tag[DEPTH]));
	KUNIT_EXPECT_NE(test, tag[2], tag[DEPTH]);
	KUNIT_EXPECT_EQ(test, DEPTH, t->queue->inflight);
}

static void late_answer_meets_nobody(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 old, tag;

	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &old));
	KUNIT_EXPECT_EQ(test, 0, answer(t, old, COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_EQ(test, 0, answer(t, old, COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[1], COF_SIGN, &tag));
	KUNIT_EXPECT_EQ(test, (u16)old, (u16)tag);
	KUNIT_EXPECT_EQ(test, 0, answer(t, old, COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_EXPECT_EQ(test, 2LL, (long long)atomic64_read(&t->path.count.late_answers));
	KUNIT_EXPECT_EQ(test, 1, t->queue->inflight);
}

static void answer_that_breaks_rules_is_refused(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 tag;

	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag));
	/* never sent: a slot that does not exist, one never used, the future */
	KUNIT_EXPECT_EQ(test, -EPROTO, answer(t, cofi_tag(DEPTH, 1), COF_SIGN, 0, 256, &req));
	KUNIT_EXPECT_EQ(test, -EPROTO, answer(t, cofi_tag(1, 0), COF_SIGN, 0, 256, &req));
	KUNIT_EXPECT_EQ(test, -EPROTO,
			answer(t, tag + (1 << COFI_TAG_SHIFT), COF_SIGN, 0, 256, &req));
	/* another operation, too much, data with an error */
	KUNIT_EXPECT_EQ(test, -EPROTO, answer(t, tag, COF_DECRYPT, COF_S_OK, 256, &req));
	KUNIT_EXPECT_EQ(test, -EPROTO, answer(t, tag, COF_SIGN, COF_S_OK, 257, &req));
	KUNIT_EXPECT_EQ(test, -EPROTO, answer(t, tag, COF_SIGN, COF_S_INTERNAL, 1, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_EXPECT_EQ(test, 1, t->queue->inflight);

	t->req[1].op = ASYM_VERIFY;
	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[1], COF_VERIFY, &tag));
	KUNIT_EXPECT_EQ(test, -EPROTO, answer(t, tag, COF_VERIFY, COF_S_OK, 1, &req));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag, COF_VERIFY, COF_S_KEY_REJECTED, 0, &req));
	KUNIT_EXPECT_PTR_EQ(test, &t->req[1], req);
}

static void dead_association_takes_nothing(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	u64 tag;

	t->assoc.dead = -ECONNRESET;
	KUNIT_EXPECT_EQ(test, -ENODEV, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag));
}

static void stuck_queue_is_noticed(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	u64 tag;

	t->queue->progress = jiffies - 10 * HZ;
	KUNIT_EXPECT_FALSE(test, cofi_queue_stuck(t->queue, HZ, HZ));
	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag));
	KUNIT_EXPECT_FALSE(test, cofi_queue_stuck(t->queue, 5 * HZ, 5 * HZ));
	t->queue->progress = jiffies - 10 * HZ;
	KUNIT_EXPECT_TRUE(test, cofi_queue_stuck(t->queue, 5 * HZ, 60 * HZ));
	t->queue->progress = jiffies;
	t->queue->slots[(u16)tag].sent = jiffies - 10 * HZ;
	KUNIT_EXPECT_TRUE(test, cofi_queue_stuck(t->queue, 5 * HZ, 5 * HZ));
	KUNIT_EXPECT_FALSE(test, cofi_queue_stuck(t->queue, 5 * HZ, 60 * HZ));
}

static void backoff_is_bounded(struct kunit *test)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 1000U, cofi_backoff_ms(1000, 0, 0));
	KUNIT_EXPECT_EQ(test, 2000U, cofi_backoff_ms(1000, 1, 0));
	KUNIT_EXPECT_EQ(test, 2000U, cofi_backoff_ms(1000, 2, 0));
	KUNIT_EXPECT_EQ(test, 2000U, cofi_backoff_ms(1000, UINT_MAX, 0));
	KUNIT_EXPECT_EQ(test, 2000U, cofi_backoff_ms(1500, 1, 0));
	KUNIT_EXPECT_EQ(test, 10000U, cofi_backoff_ms(10000, 9, 0));
	KUNIT_EXPECT_EQ(test, 10U, cofi_backoff_ms(10, 0, 0));
	for (i = 0; i < 5000; i++) {
		KUNIT_EXPECT_LE(test, cofi_backoff_ms(1000, 9, i), 2000U);
		KUNIT_EXPECT_GE(test, cofi_backoff_ms(1000, 9, i), 1500U);
	}
}

static void statuses_mean_what_callers_expect(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, cofi_request_status(COF_S_OK));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, cofi_request_status(COF_S_KEY_REJECTED));
	KUNIT_EXPECT_EQ(test, -EBADMSG, cofi_request_status(COF_S_BAD_MESSAGE));
	KUNIT_EXPECT_EQ(test, -EINVAL, cofi_request_status(COF_S_INVALID));
	KUNIT_EXPECT_EQ(test, -ESTALE, cofi_request_status(COF_S_UNKNOWN_HANDLE));
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, cofi_request_status(COF_S_DRAINING));
	KUNIT_EXPECT_EQ(test, -EIO, cofi_request_status(COF_S_BUSY));
	KUNIT_EXPECT_EQ(test, -EIO, cofi_request_status(COF_S_OVERFLOW));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, cofi_request_status(COF_S_NOT_SUPPORTED));
	KUNIT_EXPECT_EQ(test, -EIO, cofi_request_status(COF_S_LOOP));
	KUNIT_EXPECT_EQ(test, -EIO, cofi_request_status(COF_S_NR));
	KUNIT_EXPECT_EQ(test, -EIO, cofi_request_status(0xffff));
}

static struct kunit_case cofi_cases[] = {
	KUNIT_CASE(slots_run_out_and_come_back),
	KUNIT_CASE(late_answer_meets_nobody),
	KUNIT_CASE(answer_that_breaks_rules_is_refused),
	KUNIT_CASE(dead_association_takes_nothing),
	KUNIT_CASE(stuck_queue_is_noticed),
	KUNIT_CASE(backoff_is_bounded),
	KUNIT_CASE(statuses_mean_what_callers_expect),
	{}
};

static struct kunit_suite cofi_suite = {
	.name = "cof_initiator",
	.init = cofi_test_init,
	.exit = cofi_test_exit,
	.test_cases = cofi_cases,
};

kunit_test_suite(cofi_suite);
