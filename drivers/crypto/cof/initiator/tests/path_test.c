// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: matching of answers to operations and commands, time-outs, back-off,
 * states, errno of statuses. No connection is made: responses are put together here.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/slab.h>
#include "../../msg.h"
#include "../assoc.h"
#include "../config/pool.h"
#include "../fail.h"
#include "../io.h"
#include "../path.h"
#include "../queue.h"

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
	struct cof_key_open_rsp key;	/* what a command is told */
	struct cof_key_open_rsp answer;
	struct cofi_cmd cmd;
	bool freed;			/* what the last answer said */
};

static int cofi_test_init(struct kunit *test)
{
	struct cofi_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	spin_lock_init(&t->path.lock);
	init_waitqueue_head(&t->path.wait);
	t->path.stop = true;
	t->assoc.path = &t->path;
	cofi_chan_init(&t->assoc.admin, &t->assoc);
	t->cmd.rsp = &t->key;
	t->cmd.rsp_len = sizeof(t->key);
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
	return cofi_queue_match(t->queue, &t->msg.rsp, req, &t->freed);
}

static void slots_run_out_and_come_back(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 tag[DEPTH + 1];
	unsigned int i, j;

	for (i = 0; i < DEPTH; i++) {
		/* It tells how many are before it. */
		KUNIT_EXPECT_EQ(test, i, cofi_queue_take(t->queue, &t->req[i], COF_SIGN, &tag[i]));
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, tag[i], tag[j]);
	}
	KUNIT_EXPECT_EQ(test, -EBUSY,
			cofi_queue_take(t->queue, &t->req[DEPTH], COF_SIGN, &tag[DEPTH]));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag[2], COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_PTR_EQ(test, &t->req[2], req);
	KUNIT_EXPECT_EQ(test, DEPTH - 1,
			cofi_queue_take(t->queue, &t->req[DEPTH], COF_SIGN, &tag[DEPTH]));
	KUNIT_EXPECT_NE(test, tag[2], tag[DEPTH]);
	KUNIT_EXPECT_EQ(test, DEPTH, t->queue->inflight);
}

/* One operation after the other, @nr times: how often is it taken for the only one? */
static unsigned int one_by_one(struct kunit *test, unsigned int nr)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	unsigned int alone = 0;
	u64 tag;

	while (nr--) {
		KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag));
		alone += t->queue->alone;
		KUNIT_ASSERT_EQ(test, 0, answer(t, tag, COF_SIGN, COF_S_OK, 256, &req));
	}
	return alone;
}

/* Who has company keeps it for a while, and who has not is asked now and then. */
static void one_at_a_time_goes_alone(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 tag[2];

	KUNIT_EXPECT_EQ(test, 126, one_by_one(test, 128));
	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag[0]));
	KUNIT_ASSERT_EQ(test, 1, cofi_queue_take(t->queue, &t->req[1], COF_SIGN, &tag[1]));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag[0], COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag[1], COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_EQ(test, 0, one_by_one(test, 32));
	KUNIT_EXPECT_EQ(test, 32, one_by_one(test, 32));
}

/* A request with a key is one of few, and does not take the place of the others. */
static void few_keys_are_in_flight(struct kunit *test)
{
	static const struct asym_key_data key = { .algo = ASYM_RSA };
	const unsigned int depth = 2 * COF_INLINE_KEYS;
	struct cofi_test *t = test->priv;
	struct asym_request *req, *reqs;
	u64 tag, tags[COF_INLINE_KEYS];
	unsigned int i;

	cofi_queue_free(t->queue);
	t->queue = cofi_queue_alloc(&t->assoc, 1, depth);
	KUNIT_ASSERT_NOT_NULL(test, t->queue);
	reqs = kunit_kcalloc(test, depth, sizeof(*reqs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reqs);
	for (i = 0; i < depth; i++) {
		reqs[i] = t->req[0];
		reqs[i].key = i <= COF_INLINE_KEYS ? &key : NULL;
	}
	for (i = 0; i < COF_INLINE_KEYS; i++)
		KUNIT_EXPECT_EQ(test, i, cofi_queue_take(t->queue, &reqs[i], COF_SIGN, &tags[i]));
	KUNIT_EXPECT_EQ(test, -E2BIG, cofi_queue_take(t->queue, &reqs[i], COF_SIGN, &tag));
	KUNIT_EXPECT_LE(test, 0, cofi_queue_take(t->queue, &reqs[i + 1], COF_SIGN, &tag));
	/* one without a key is answered, then one with a key */
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag, COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_EQ(test, -E2BIG, cofi_queue_take(t->queue, &reqs[i], COF_SIGN, &tag));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tags[1], COF_SIGN, COF_S_INVALID, 0, &req));
	KUNIT_EXPECT_PTR_EQ(test, &reqs[1], req);
	KUNIT_EXPECT_LE(test, 0, cofi_queue_take(t->queue, &reqs[i], COF_SIGN, &tag));
	KUNIT_EXPECT_EQ(test, COF_INLINE_KEYS, t->queue->inline_keys);
	KUNIT_EXPECT_EQ(test, COF_INLINE_KEYS, t->queue->inflight);
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
	KUNIT_ASSERT_EQ(test, 1, cofi_queue_take(t->queue, &t->req[1], COF_VERIFY, &tag));
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

static int query_answer(struct cofi_test *t, u64 tag, u16 status, struct asym_request **req)
{
	struct cof_hdr rsp;

	cof_response_init(&rsp, COF_QUERY, tag, status, sizeof(rsp), 0);
	return cofi_queue_query_match(t->queue, &rsp, req, &t->freed);
}

static void silent_operations_are_asked_after(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	u64 tag[3], query, again, asked;
	struct asym_request *req;
	unsigned int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, i, cofi_queue_take(t->queue, &t->req[i], COF_SIGN, &tag[i]));
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
	t->queue->slots[(u16)tag[1]].asked -= 2 * HZ;
	t->queue->slots[(u16)tag[2]].asked -= 2 * HZ;
	KUNIT_ASSERT_TRUE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
	KUNIT_EXPECT_EQ(test, tag[1], asked);
	/* one at a time */
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_pick(t->queue, HZ, &again, &asked));
	/* answers that nobody asked for */
	KUNIT_EXPECT_EQ(test, -EPROTO, query_answer(t, query + (1 << COFI_TAG_SHIFT), 0, &req));
	KUNIT_EXPECT_EQ(test, -EPROTO, query_answer(t, tag[1], COF_S_OK, &req));
	KUNIT_EXPECT_EQ(test, -EPROTO, query_answer(t, query, COF_S_BUSY, &req));
	KUNIT_EXPECT_NULL(test, req);
	/* it is there: not asked again before long; the other one is */
	KUNIT_EXPECT_EQ(test, 0, query_answer(t, query, COF_S_OK, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_EXPECT_EQ(test, -EPROTO, query_answer(t, query, COF_S_OK, &req));
	KUNIT_ASSERT_TRUE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
	KUNIT_EXPECT_EQ(test, tag[2], asked);
	/* it is lost: ours to complete, and an answer that still comes is late */
	KUNIT_EXPECT_EQ(test, 0, query_answer(t, query, COF_S_UNKNOWN_HANDLE, &req));
	KUNIT_EXPECT_PTR_EQ(test, &t->req[2], req);
	KUNIT_EXPECT_EQ(test, 2, t->queue->inflight);
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag[2], COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_EXPECT_EQ(test, 1LL, (long long)atomic64_read(&t->path.count.late_answers));
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
}

static void an_answer_that_crosses_query_counts(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 tag, next, query, asked;

	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag));
	t->queue->slots[(u16)tag].asked -= 2 * HZ;
	KUNIT_ASSERT_TRUE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag, COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_PTR_EQ(test, &t->req[0], req);
	/* the slot has another operation when QUERY is answered: that one stays */
	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[1], COF_SIGN, &next));
	KUNIT_EXPECT_EQ(test, (u16)tag, (u16)next);
	KUNIT_EXPECT_EQ(test, 0, query_answer(t, query, COF_S_UNKNOWN_HANDLE, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_EXPECT_EQ(test, 1, t->queue->inflight);
}

static void query_without_an_answer_is_the_end(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	u64 tag, query, asked;

	KUNIT_EXPECT_FALSE(test, cofi_queue_query_overdue(t->queue, HZ));
	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag));
	t->queue->slots[(u16)tag].asked -= 2 * HZ;
	KUNIT_ASSERT_TRUE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_overdue(t->queue, HZ));
	t->queue->query.sent -= 2 * HZ;
	/* others are answered: for a while that is enough */
	t->queue->progress = jiffies;
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_overdue(t->queue, HZ));
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_overdue(t->queue, HZ));
	t->queue->progress -= 2 * HZ;
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_overdue(t->queue, HZ));	/* first look */
	KUNIT_EXPECT_TRUE(test, cofi_queue_query_overdue(t->queue, HZ));
	t->queue->progress = jiffies;
	t->queue->query.sent -= 4 * HZ;
	cofi_queue_query_overdue(t->queue, HZ);
	KUNIT_EXPECT_TRUE(test, cofi_queue_query_overdue(t->queue, HZ));
}

static int abort_answer(struct cofi_test *t, u64 tag, u16 status)
{
	struct cof_hdr rsp;

	cof_response_init(&rsp, COF_ABORT, tag | COFI_ABORT_BIT, status, sizeof(rsp), 0);
	return cofi_queue_abort_match(t->queue, &rsp, &t->freed);
}

static long long late_answers(struct cofi_test *t)
{
	return atomic64_read(&t->path.count.late_answers);
}

/* It is the caller's at once, and counts in the depth until the target has answered it. */
static void cancelled_operation_keeps_its_slot(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 tag, cancelled, next;
	unsigned int i;

	for (i = 0; i < DEPTH; i++)
		KUNIT_ASSERT_EQ(test, i, cofi_queue_take(t->queue, &t->req[i], COF_SIGN, &tag));
	KUNIT_EXPECT_TRUE(test, cofi_queue_disown(t->queue, &t->req[DEPTH - 1], &cancelled));
	KUNIT_EXPECT_EQ(test, tag, cancelled);
	KUNIT_EXPECT_FALSE(test, cofi_queue_disown(t->queue, &t->req[DEPTH - 1], &cancelled));
	KUNIT_EXPECT_EQ(test, DEPTH, t->queue->inflight);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			cofi_queue_take(t->queue, &t->req[DEPTH], COF_SIGN, &next));
	/* ABORT was answered: it was found */
	KUNIT_EXPECT_EQ(test, 0, abort_answer(t, tag, COF_S_OK));
	KUNIT_EXPECT_FALSE(test, t->freed);
	KUNIT_EXPECT_EQ(test, DEPTH, t->queue->inflight);
	/* a result, late: dropped, and there is room */
	KUNIT_EXPECT_EQ(test, -EPROTO, answer(t, tag, COF_DECRYPT, COF_S_OK, 256, &req));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag, COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_EXPECT_TRUE(test, t->freed);
	KUNIT_EXPECT_EQ(test, 1LL, late_answers(t));
	KUNIT_EXPECT_EQ(test, 0, t->queue->cancelled);
	KUNIT_EXPECT_EQ(test, DEPTH - 1,
			cofi_queue_take(t->queue, &t->req[DEPTH], COF_SIGN, &next));
	/* what was answered cannot be cancelled, nor what is in its slot by it */
	KUNIT_EXPECT_FALSE(test, cofi_queue_disown(t->queue, &t->req[DEPTH - 1], &cancelled));
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag, COF_SIGN, COF_S_OK, 256, &req));
	KUNIT_EXPECT_FALSE(test, t->freed);
	KUNIT_EXPECT_EQ(test, 2LL, late_answers(t));
	KUNIT_EXPECT_EQ(test, DEPTH, t->queue->inflight);
}

static void cancelled_operation_ends_in_three_ways(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct asym_request *req;
	u64 tag[3], cancelled, query, asked;
	unsigned int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, i, cofi_queue_take(t->queue, &t->req[i], COF_SIGN, &tag[i]));
	/* not sent, the future, no such slot, another status */
	KUNIT_EXPECT_EQ(test, -EPROTO, abort_answer(t, tag[0], COF_S_OK));
	KUNIT_EXPECT_TRUE(test, cofi_queue_disown(t->queue, &t->req[0], &cancelled));
	KUNIT_EXPECT_EQ(test, -EPROTO, abort_answer(t, tag[0] + (1 << COFI_TAG_SHIFT), COF_S_OK));
	KUNIT_EXPECT_EQ(test, -EPROTO, abort_answer(t, cofi_tag(DEPTH, 1), COF_S_OK));
	KUNIT_EXPECT_EQ(test, -EPROTO, abort_answer(t, tag[0], COF_S_BUSY));
	/* it had not begun: that is no late answer */
	KUNIT_EXPECT_EQ(test, 0, answer(t, tag[0], COF_SIGN, COF_S_ABORTED, 0, &req));
	KUNIT_EXPECT_TRUE(test, t->freed);
	KUNIT_EXPECT_EQ(test, 0LL, late_answers(t));
	/* ABORT says that it is not there */
	KUNIT_EXPECT_TRUE(test, cofi_queue_disown(t->queue, &t->req[1], &cancelled));
	KUNIT_EXPECT_EQ(test, 0, abort_answer(t, tag[1], COF_S_UNKNOWN_HANDLE));
	KUNIT_EXPECT_TRUE(test, t->freed);
	KUNIT_EXPECT_EQ(test, 0, abort_answer(t, tag[1] | 3 << COFI_ABORT_SHIFT,
					      COF_S_UNKNOWN_HANDLE));
	KUNIT_EXPECT_FALSE(test, t->freed);
	/* QUERY, which crosses it, does */
	t->queue->slots[(u16)tag[2]].asked -= 2 * HZ;
	KUNIT_ASSERT_TRUE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
	KUNIT_EXPECT_TRUE(test, cofi_queue_disown(t->queue, &t->req[2], &cancelled));
	KUNIT_EXPECT_EQ(test, 0, query_answer(t, query, COF_S_UNKNOWN_HANDLE, &req));
	KUNIT_EXPECT_NULL(test, req);
	KUNIT_EXPECT_TRUE(test, t->freed);
	KUNIT_EXPECT_EQ(test, 0, t->queue->inflight);
	KUNIT_EXPECT_EQ(test, 0, t->queue->cancelled);
}

/* Not QUERY but ABORT again; and who says for ever that it is still there is of no use. */
static void cancelled_operation_is_not_waited_for_for_ever(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	u64 tag, other, cancelled, query, asked;

	KUNIT_ASSERT_EQ(test, 0, cofi_queue_take(t->queue, &t->req[0], COF_SIGN, &tag));
	KUNIT_ASSERT_EQ(test, 1, cofi_queue_take(t->queue, &t->req[1], COF_SIGN, &other));
	KUNIT_EXPECT_TRUE(test, cofi_queue_disown(t->queue, &t->req[0], &cancelled));
	t->queue->slots[(u16)tag].asked -= 2 * HZ;
	KUNIT_EXPECT_FALSE(test, cofi_queue_query_pick(t->queue, HZ, &query, &asked));
	KUNIT_EXPECT_FALSE(test, cofi_queue_chase(t->queue, 4 * HZ, 10 * HZ));
	t->queue->slots[(u16)tag].cancelled -= 11 * HZ;
	KUNIT_EXPECT_TRUE(test, cofi_queue_chase(t->queue, 4 * HZ, 10 * HZ));
	KUNIT_EXPECT_EQ(test, 0, abort_answer(t, tag, COF_S_OK));
	KUNIT_EXPECT_TRUE(test, cofi_queue_chase(t->queue, 4 * HZ, 10 * HZ));
	KUNIT_EXPECT_EQ(test, 0, abort_answer(t, tag, COF_S_UNKNOWN_HANDLE));
	/* one that is waited for may be old */
	t->queue->slots[(u16)other].cancelled -= 11 * HZ;
	KUNIT_EXPECT_FALSE(test, cofi_queue_chase(t->queue, 4 * HZ, 10 * HZ));
}

/* Slot 3 has KEY_OPEN, of the second generation; somebody waits for it, or nobody. */
static void command_begins(struct cofi_test *t, struct cofi_cmd *cmd)
{
	struct cofi_chan *chan = &t->assoc.admin;

	__set_bit(3, chan->busy);
	chan->slot[3].cmd = cmd;
	chan->slot[3].opcode = COF_KEY_OPEN;
	chan->slot[3].gen = 2;
	chan->slot[3].sent = jiffies;
}

static int command_answer(struct cofi_test *t, u64 tag, u16 opcode, u16 status, u16 hlen)
{
	cof_response_init(&t->answer.hdr, opcode, tag, status, hlen, 0);
	t->answer.handle = cpu_to_le64(77);
	return cofi_chan_answer(&t->assoc.admin, &t->answer.hdr);
}

static void command_is_answered_once(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	u16 hlen = sizeof(t->answer);

	command_begins(t, &t->cmd);
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 2), COF_KEY_OPEN, COF_S_OK, hlen));
	KUNIT_EXPECT_TRUE(test, t->cmd.done);
	KUNIT_EXPECT_EQ(test, 77ULL, le64_to_cpu(t->key.handle));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(t->assoc.admin.busy, COF_ADMIN_DEPTH));

	/* again, and of an earlier use of the slot: late, and dropped */
	t->key.handle = 0;
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 2), COF_KEY_OPEN, COF_S_OK, hlen));
	command_begins(t, &t->cmd);
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 1), COF_KEY_OPEN, COF_S_OK, hlen));
	KUNIT_EXPECT_EQ(test, 0ULL, le64_to_cpu(t->key.handle));
	KUNIT_EXPECT_EQ(test, 2LL, (long long)atomic64_read(&t->path.count.late_answers));
}

static void command_that_nobody_waits_for(struct kunit *test)
{
	struct cofi_test *t = test->priv;

	command_begins(t, NULL);
	t->assoc.admin.slot[3].opcode = COF_KEY_CLOSE;
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 2), COF_KEY_CLOSE, COF_S_OK,
						sizeof(struct cof_hdr)));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(t->assoc.admin.busy, COF_ADMIN_DEPTH));
}

/* Who opened a key does not wait any more: the key is closed in the same slot, once. */
static void key_that_comes_too_late_is_closed(struct kunit *test)
{
	struct cofi_chan *chan = &((struct cofi_test *)test->priv)->assoc.admin;
	struct cofi_test *t = test->priv;
	u16 hlen = sizeof(t->answer);
	u64 tag, handle = 0;

	KUNIT_EXPECT_FALSE(test, cofi_chan_orphan(chan, &tag, &handle));
	command_begins(t, NULL);
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 2), COF_KEY_OPEN, COF_S_OK, hlen));
	KUNIT_EXPECT_EQ(test, 1LL, (long long)atomic64_read(&t->path.count.late_answers));
	KUNIT_EXPECT_FALSE(test, bitmap_empty(chan->busy, COF_ADMIN_DEPTH));
	/* the same answer again has no key for us, and nor has one of the future */
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 2), COF_KEY_OPEN, COF_S_OK, hlen));
	KUNIT_EXPECT_EQ(test, -EPROTO, command_answer(t, cofi_tag(3, 3), COF_KEY_OPEN, COF_S_OK,
						      hlen));
	KUNIT_ASSERT_TRUE(test, cofi_chan_orphan(chan, &tag, &handle));
	KUNIT_EXPECT_EQ(test, 77ULL, handle);
	KUNIT_EXPECT_EQ(test, 3, (u16)tag);
	KUNIT_EXPECT_FALSE(test, cofi_chan_orphan(chan, &tag, &handle));
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 4), COF_KEY_CLOSE, COF_S_OK,
						sizeof(struct cof_hdr)));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(chan->busy, COF_ADMIN_DEPTH));
	/* a refusal leaves nothing to be closed */
	command_begins(t, NULL);
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 2), COF_KEY_OPEN,
						COF_S_NO_KEY_ROOM, sizeof(struct cof_hdr)));
	KUNIT_EXPECT_TRUE(test, bitmap_empty(chan->busy, COF_ADMIN_DEPTH));
	KUNIT_EXPECT_FALSE(test, cofi_chan_orphan(chan, &tag, &handle));
}

static void answer_to_no_command_is_refused(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	u16 hlen = sizeof(t->answer);

	command_begins(t, &t->cmd);
	/* no such slot, one never used, the future */
	KUNIT_EXPECT_EQ(test, -EPROTO, command_answer(t, cofi_tag(COF_ADMIN_DEPTH, 1),
						      COF_KEY_OPEN, COF_S_OK, hlen));
	KUNIT_EXPECT_EQ(test, -EPROTO, command_answer(t, cofi_tag(4, 0), COF_KEY_OPEN, COF_S_OK,
						      hlen));
	KUNIT_EXPECT_EQ(test, -EPROTO, command_answer(t, cofi_tag(3, 3), COF_KEY_OPEN, COF_S_OK,
						      hlen));
	/* another command, a result without one */
	KUNIT_EXPECT_EQ(test, -EPROTO, command_answer(t, cofi_tag(3, 2), COF_KEY_CLOSE, COF_S_OK,
						      hlen));
	KUNIT_EXPECT_EQ(test, -EPROTO, command_answer(t, cofi_tag(3, 2), COF_KEY_OPEN, COF_S_OK,
						      sizeof(struct cof_hdr)));
	KUNIT_EXPECT_FALSE(test, t->cmd.done);
	KUNIT_EXPECT_FALSE(test, bitmap_empty(t->assoc.admin.busy, COF_ADMIN_DEPTH));
	/* a refusal may be short */
	KUNIT_EXPECT_EQ(test, 0, command_answer(t, cofi_tag(3, 2), COF_KEY_OPEN, COF_S_NO_KEY_ROOM,
						sizeof(struct cof_hdr)));
	KUNIT_EXPECT_TRUE(test, t->cmd.done);
	KUNIT_EXPECT_EQ(test, (u16)COF_S_NO_KEY_ROOM, cof_msg_status(&t->key.hdr));
}

/* A target that answers keep-alives but never KEY_CLOSE would take all slots. */
static void command_without_answer_is_noticed(struct kunit *test)
{
	struct cofi_test *t = test->priv;
	struct cofi_chan *chan = &t->assoc.admin;

	KUNIT_EXPECT_FALSE(test, cofi_chan_stuck(chan, HZ));
	command_begins(t, NULL);
	KUNIT_EXPECT_FALSE(test, cofi_chan_stuck(chan, HZ));
	chan->slot[3].sent = jiffies - 2 * HZ;
	KUNIT_EXPECT_TRUE(test, cofi_chan_stuck(chan, HZ));
	__clear_bit(3, chan->busy);
	KUNIT_EXPECT_FALSE(test, cofi_chan_stuck(chan, HZ));
	/* the keep-alive has a time-out of its own */
	__set_bit(0, chan->busy);
	chan->slot[0].sent = jiffies - 2 * HZ;
	KUNIT_EXPECT_FALSE(test, cofi_chan_stuck(chan, HZ));
}

static void first_failure_counts(struct kunit *test)
{
	struct cofi_test *t = test->priv;

	KUNIT_EXPECT_FALSE(test, cofi_assoc_dead(&t->assoc));
	cofi_assoc_fail(&t->assoc, -ETIMEDOUT, 0, "first");
	cofi_assoc_fail(&t->assoc, -ECONNRESET, COF_S_DRAINING, "second");
	KUNIT_EXPECT_TRUE(test, cofi_assoc_dead(&t->assoc));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, t->assoc.dead);
	KUNIT_EXPECT_STREQ(test, "first", t->assoc.why);
	KUNIT_EXPECT_EQ(test, 0, t->assoc.status);
}

static void capabilities_are_those_we_know(struct kunit *test)
{
	struct cof_identify_rsp rsp;
	struct asym_caps caps;

	memset(&rsp, 0xff, sizeof(rsp));
	cofi_identify_caps(&rsp, &caps);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_RSA) | BIT(ASYM_ECDSA), caps.algos);
	KUNIT_EXPECT_EQ(test, 0xf, caps.rsa_ops);
	KUNIT_EXPECT_EQ(test, 0x3, caps.rsa_paddings);
	KUNIT_EXPECT_EQ(test, ASYM_RSA_MAX_BITS, caps.rsa_max_bits);
	KUNIT_EXPECT_EQ(test, 0x3a, caps.ec_curves);	/* P-192, P-256, P-384, P-521 */
	KUNIT_EXPECT_EQ(test, BIT(ASYM_SIGN) | BIT(ASYM_VERIFY), caps.ec_ops);

	/* an algorithm of which nothing is known */
	rsp.ec_curves = cpu_to_le32(BIT(0) | BIT(2) | BIT(6));
	cofi_identify_caps(&rsp, &caps);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_RSA), caps.algos);
	KUNIT_EXPECT_EQ(test, 0, caps.ec_curves);
	rsp.ec_curves = cpu_to_le32(BIT(ASYM_CURVE_P256));
	rsp.ec_ops = cpu_to_le32(BIT(ASYM_ENCRYPT) | BIT(ASYM_DECRYPT));
	cofi_identify_caps(&rsp, &caps);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_RSA), caps.algos);

	rsp.ec_ops = cpu_to_le32(BIT(ASYM_VERIFY));
	rsp.rsa_paddings = cpu_to_le32(~0x3);
	cofi_identify_caps(&rsp, &caps);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_ECDSA), caps.algos);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_CURVE_P256), caps.ec_curves);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_VERIFY), caps.ec_ops);

	/* a target from before ECDSA */
	memset(&rsp, 0, sizeof(rsp));
	rsp.algos = cpu_to_le32(BIT(ASYM_RSA));
	rsp.rsa_ops = cpu_to_le32(0xf);
	rsp.rsa_paddings = cpu_to_le32(0x3);
	cofi_identify_caps(&rsp, &caps);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_RSA), caps.algos);
	KUNIT_EXPECT_EQ(test, 0, caps.ec_ops);
}

static void states_read_as_documented(struct kunit *test)
{
	static const struct {
		enum cofi_state state;
		const char *text;
	} states[] = {
		{ COFI_DISABLED, "disabled" },
		{ COFI_CONNECTING, "connecting" },
		{ COFI_LIVE, "live" },
		{ COFI_RECONNECTING, "reconnecting" },
		{ COFI_FAILED, "failed: wrong answers" },
	};
	struct cofi_test *t = test->priv;
	char text[40];
	int i;

	strscpy(t->path.reason, "wrong answers");
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		t->path.state = states[i].state;
		cofi_path_state(&t->path, text, sizeof(text));
		KUNIT_EXPECT_STREQ(test, states[i].text, text);
	}
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

/* A target that comes and goes is not asked without pause; one that was there for long, at once. */
static void path_that_flaps_backs_off(struct kunit *test)
{
	struct cofi_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	struct cofi_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, pool);
	t->path.pool = pool;
	pool->reconnect_ms = 100;
	t->path.live_since = jiffies;
	KUNIT_EXPECT_EQ(test, 100U, cofi_path_delay_ms(&t->path, true, 0));
	KUNIT_EXPECT_EQ(test, 200U, cofi_path_delay_ms(&t->path, true, 0));
	KUNIT_EXPECT_EQ(test, 400U, cofi_path_delay_ms(&t->path, false, 0));
	t->path.live_since = jiffies - msecs_to_jiffies(COFI_STABLE_MS) / 2;
	KUNIT_EXPECT_EQ(test, 800U, cofi_path_delay_ms(&t->path, true, 0));
	t->path.live_since = jiffies - msecs_to_jiffies(COFI_STABLE_MS);
	/* That was the life before. */
	KUNIT_EXPECT_EQ(test, 1600U, cofi_path_delay_ms(&t->path, false, 0));
	KUNIT_EXPECT_EQ(test, 100U, cofi_path_delay_ms(&t->path, true, 0));
}

static void statuses_mean_what_callers_expect(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, cofi_request_status(COF_S_OK));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, cofi_request_status(COF_S_KEY_REJECTED));
	KUNIT_EXPECT_EQ(test, -EBADMSG, cofi_request_status(COF_S_BAD_MESSAGE));
	KUNIT_EXPECT_EQ(test, -EINVAL, cofi_request_status(COF_S_INVALID));
	KUNIT_EXPECT_EQ(test, -ESTALE, cofi_request_status(COF_S_UNKNOWN_HANDLE));
	KUNIT_EXPECT_EQ(test, -ENOSPC, cofi_request_status(COF_S_NO_KEY_ROOM));
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
	KUNIT_CASE(one_at_a_time_goes_alone),
	KUNIT_CASE(few_keys_are_in_flight),
	KUNIT_CASE(late_answer_meets_nobody),
	KUNIT_CASE(answer_that_breaks_rules_is_refused),
	KUNIT_CASE(dead_association_takes_nothing),
	KUNIT_CASE(silent_operations_are_asked_after),
	KUNIT_CASE(an_answer_that_crosses_query_counts),
	KUNIT_CASE(query_without_an_answer_is_the_end),
	KUNIT_CASE(cancelled_operation_keeps_its_slot),
	KUNIT_CASE(cancelled_operation_ends_in_three_ways),
	KUNIT_CASE(cancelled_operation_is_not_waited_for_for_ever),
	KUNIT_CASE(command_is_answered_once),
	KUNIT_CASE(command_that_nobody_waits_for),
	KUNIT_CASE(key_that_comes_too_late_is_closed),
	KUNIT_CASE(answer_to_no_command_is_refused),
	KUNIT_CASE(command_without_answer_is_noticed),
	KUNIT_CASE(first_failure_counts),
	KUNIT_CASE(capabilities_are_those_we_know),
	KUNIT_CASE(states_read_as_documented),
	KUNIT_CASE(backoff_is_bounded),
	KUNIT_CASE(path_that_flaps_backs_off),
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
