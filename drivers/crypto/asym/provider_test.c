// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider, below the crypto API but for the last one:
 * operations on devices of provider_fake.c that fail in every way known.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "provider.h"
#include "provider_alg.h"
#include "provider_fake.h"
#include "provider_kat_vectors.h"

#define WAIT		(30 * HZ)
#define DIGEST_LEN	32
#define KEY_BYTES	sizeof(kat_sig_sha256)

struct provider_test {
	struct kunit *test;
	struct asym_class *class;
	struct fake_device *fake[2];
	struct provider_key *key;
};

/* An operation and how often it was answered. */
struct test_op {
	struct completion done;
	atomic_t answers;
	int err;
	struct provider_op *op;
};

static const char * const fake_names[] = { "fake/0", "fake/1" };

static int provider_test_init(struct kunit *test)
{
	const struct asym_class_params params = {
		.name = "kunit",
		.prefix = "kunit",
		.owner = THIS_MODULE,
		.priority = 1,
	};
	struct provider_test *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, pt);
	test->priv = pt;
	pt->test = test;
	pt->class = asym_class_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pt->class));
	/* No algorithms: the tests are the callers. */
	pt->class->algs = ZERO_SIZE_PTR;
	pt->class->tested = true;

	for (i = 0; i < ARRAY_SIZE(pt->fake); i++) {
		pt->fake[i] = kunit_kzalloc(test, sizeof(*pt->fake[i]), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pt->fake[i]);
		KUNIT_ASSERT_EQ(test, 0, fake_device_init(pt->fake[i], fake_names[i]));
		pt->fake[i]->dev.caps.rsa_hashes = BIT(ASYM_HASH_SHA256);
	}
	pt->key = provider_key_get(pt->class, true, kat_private_key, sizeof(kat_private_key));
	KUNIT_ASSERT_FALSE(test, IS_ERR(pt->key));
	return 0;
}

static void provider_test_exit(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	int i;

	if (!pt || IS_ERR_OR_NULL(pt->class))
		return;
	for (i = 0; i < ARRAY_SIZE(pt->fake); i++)
		if (pt->fake[i])
			fake_device_remove(pt->fake[i]);
	if (!IS_ERR_OR_NULL(pt->key))
		provider_key_put(pt->key);
	pt->class->algs = NULL;
	asym_class_destroy(pt->class);
	for (i = 0; i < ARRAY_SIZE(pt->fake); i++)
		if (pt->fake[i])
			fake_device_exit(pt->fake[i]);
}

static void plug(struct provider_test *pt, int nr)
{
	KUNIT_ASSERT_EQ(pt->test, 0, asym_device_register(pt->class, &pt->fake[nr]->dev));
}

static u64 stat(struct provider_test *pt, enum provider_stat nr)
{
	return atomic64_read(&pt->class->stats[nr]);
}

static void test_op_complete(struct provider_op *op)
{
	struct test_op *top = op->data;

	top->err = op->err;
	atomic_inc(&top->answers);
	complete(&top->done);
}

static struct test_op *op_new(struct provider_test *pt, u8 nr, const void *in, unsigned int len)
{
	struct test_op *top = kunit_kzalloc(pt->test, sizeof(*top), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(pt->test, top);
	top->op = kunit_kzalloc(pt->test, provider_op_size(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(pt->test, top->op);
	init_completion(&top->done);
	provider_op_init(top->op, pt->class);
	top->op->req.op = nr;
	top->op->req.padding = ASYM_PAD_PKCS1;
	top->op->req.hash = ASYM_HASH_SHA256;
	top->op->req.in_len = len;
	memcpy(top->op->in, in, len);
	top->op->complete = test_op_complete;
	top->op->data = top;
	return top;
}

static void op_start_key(struct test_op *top, struct provider_key *key, bool may_sleep)
{
	int err = provider_op_start(top->op, key, may_sleep);

	if (err == -EINPROGRESS)
		return;
	top->err = err;
	atomic_inc(&top->answers);
	complete(&top->done);
}

static int op_wait(struct provider_test *pt, struct test_op *top)
{
	KUNIT_ASSERT_NE(pt->test, 0UL, wait_for_completion_timeout(&top->done, WAIT));
	KUNIT_EXPECT_EQ(pt->test, 1, atomic_read(&top->answers));
	return top->err;
}

static struct test_op *sign_start(struct provider_test *pt, bool may_sleep)
{
	struct test_op *top = op_new(pt, ASYM_SIGN, kat_digest, DIGEST_LEN);

	op_start_key(top, pt->key, may_sleep);
	return top;
}

static void sign_check(struct provider_test *pt, struct test_op *top)
{
	KUNIT_ASSERT_EQ(pt->test, 0, op_wait(pt, top));
	KUNIT_ASSERT_EQ(pt->test, (unsigned int)KEY_BYTES, top->op->out_len);
	KUNIT_EXPECT_MEMEQ(pt->test, top->op->out, kat_sig_sha256, KEY_BYTES);
}

static void sign(struct provider_test *pt)
{
	sign_check(pt, sign_start(pt, true));
}

static int verify(struct provider_test *pt, bool good)
{
	struct test_op *top = op_new(pt, ASYM_VERIFY, kat_sig_sha256, KEY_BYTES);

	memcpy(top->op->in + KEY_BYTES, kat_digest, DIGEST_LEN);
	top->op->in[KEY_BYTES] ^= !good;
	top->op->req.digest_len = DIGEST_LEN;
	op_start_key(top, pt->key, true);
	return op_wait(pt, top);
}

/* A public key that differs from the test key in its exponent only. */
static struct provider_key *other_key(struct provider_test *pt, u8 nr)
{
	u8 der[sizeof(kat_public_key)];
	struct provider_key *key;

	memcpy(der, kat_public_key, sizeof(der));
	der[sizeof(der) - 1] = 3 + 2 * nr;
	key = provider_key_get(pt->class, false, der, sizeof(der));
	KUNIT_ASSERT_FALSE(pt->test, IS_ERR(key));
	return key;
}

static void encrypt_and_forget(struct provider_test *pt, u8 nr)
{
	struct provider_key *key = other_key(pt, nr);
	struct test_op *top = op_new(pt, ASYM_ENCRYPT, kat_message, sizeof(kat_message));

	op_start_key(top, key, true);
	KUNIT_EXPECT_EQ(pt->test, 0, op_wait(pt, top));
	provider_key_put(key);
}

static void expect_consistent(struct provider_test *pt)
{
	KUNIT_EXPECT_EQ(pt->test, stat(pt, PROVIDER_OPS),
			stat(pt, PROVIDER_DEVICE) + stat(pt, PROVIDER_SOFTWARE) +
			stat(pt, PROVIDER_FAILED));
	KUNIT_EXPECT_EQ(pt->test, stat(pt, PROVIDER_SOFTWARE),
			stat(pt, PROVIDER_SW_NO_DEVICE) + stat(pt, PROVIDER_SW_UNSUPPORTED) +
			stat(pt, PROVIDER_SW_DEVICE_ERROR) + stat(pt, PROVIDER_SW_NO_SESSION));
}

/* The same key set again finds the session: one request for one signature. */
static void one_request_per_operation(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *key;
	int submits, i;

	plug(pt, 0);
	KUNIT_EXPECT_GT(test, stat(pt, PROVIDER_KAT_RUN), 0ULL);
	sign(pt);
	submits = atomic_read(&pt->fake[0]->submits);
	for (i = 0; i < 5; i++) {
		key = provider_key_get(pt->class, true, kat_private_key, sizeof(kat_private_key));
		KUNIT_EXPECT_PTR_EQ(test, pt->key, key);
		sign(pt);
		provider_key_put(key);
	}
	KUNIT_EXPECT_EQ(test, submits + 5, atomic_read(&pt->fake[0]->submits));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 5ULL, stat(pt, PROVIDER_SESSION_HITS));
	KUNIT_EXPECT_EQ(test, 6ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_EQ(test, 0ULL, stat(pt, PROVIDER_SOFTWARE));
	expect_consistent(pt);
}

/* The device fails its tests so, and is not used. */
static void expect_disqualified(struct provider_test *pt, int err)
{
	u64 failed = stat(pt, PROVIDER_KAT_FAILED), software = stat(pt, PROVIDER_SW_NO_DEVICE);
	struct fake_device *fake = pt->fake[0];

	KUNIT_EXPECT_EQ(pt->test, err, asym_device_register(pt->class, &fake->dev));
	KUNIT_EXPECT_NULL(pt->test, fake->dev.p);
	KUNIT_EXPECT_EQ(pt->test, failed + 1, stat(pt, PROVIDER_KAT_FAILED));
	KUNIT_EXPECT_EQ(pt->test, 0U, fake->nr_sessions);
	sign(pt);
	KUNIT_EXPECT_EQ(pt->test, software + 1, stat(pt, PROVIDER_SW_NO_DEVICE));
	KUNIT_EXPECT_EQ(pt->test, 0ULL, stat(pt, PROVIDER_DEVICE));
	expect_consistent(pt);
}

/* Whichever operation it is that comes out wrong. */
static void wrong_answers_disqualify(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned int op;

	for (op = 0; op < ASYM_OP_NR; op++) {
		pt->fake[0]->wrong = BIT(op);
		expect_disqualified(pt, -EBADMSG);
	}
	pt->fake[0]->wrong = 0;
	pt->fake[0]->credulous = true;
	expect_disqualified(pt, -EBADMSG);

	pt->fake[0]->credulous = false;
	plug(pt, 0);
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_DEVICE));
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

/* That it went is not that it found the signature wrong. */
static void leaving_is_no_verdict(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	pt->fake[0]->leave_at_bad = true;
	KUNIT_EXPECT_EQ(test, -ENODEV, asym_device_register(pt->class, &pt->fake[0]->dev));
	KUNIT_EXPECT_EQ(test, 0ULL, stat(pt, PROVIDER_KAT_FAILED));
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_devices);
}

static void refused_capability_is_dropped(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	/* signatures of no hash, but encryption */
	pt->fake[0]->unsupported = BIT(ASYM_SIGN);
	plug(pt, 0);
	KUNIT_EXPECT_EQ(test, 0U, pt->fake[0]->dev.p->caps.rsa_hashes);
	KUNIT_EXPECT_NE(test, 0U, pt->fake[0]->dev.p->caps.rsa_paddings);
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_UNSUPPORTED));
	encrypt_and_forget(pt, 0);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_DEVICE));
	expect_consistent(pt);
}

static void useless_device_is_refused(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct fake_device *fake = pt->fake[0];

	fake->status = -EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, asym_device_register(pt->class, &fake->dev));
	fake->status = 0;
	/* a hash that nobody knows is none */
	fake->dev.caps.rsa_ops = BIT(ASYM_SIGN);
	fake->dev.caps.rsa_hashes = BIT(1);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, asym_device_register(pt->class, &fake->dev));
	KUNIT_EXPECT_EQ(test, 0ULL, stat(pt, PROVIDER_KAT_FAILED));
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_devices);
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_NO_DEVICE));
}

static void device_names_are_unique(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	plug(pt, 0);
	pt->fake[1]->dev.name = pt->fake[0]->dev.name;
	KUNIT_EXPECT_EQ(test, -EEXIST, asym_device_register(pt->class, &pt->fake[1]->dev));
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_devices);
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_DEVICE));
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

static bool wait_held(struct fake_device *fake, unsigned int nr)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		spin_lock_bh(&fake->lock);
		if (list_count_nodes(&fake->held) >= nr) {
			spin_unlock_bh(&fake->lock);
			return true;
		}
		spin_unlock_bh(&fake->lock);
		msleep(20);
	}
	return false;
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
	KUNIT_EXPECT_TRUE(test, wait_held(pt->fake[0], 1));
	pt->fake[0]->hold = false;
	pt->fake[0]->status = -ENODEV;
	fake_device_release(pt->fake[0], -ENODEV);
	flush_work(&plug->work);
	KUNIT_EXPECT_EQ(test, -ENODEV, plug->err);
	KUNIT_EXPECT_NULL(test, pt->fake[0]->dev.p);
	KUNIT_EXPECT_EQ(test, 0ULL, stat(pt, PROVIDER_KAT_FAILED));
}

static void device_vanishes(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[6];
	int i;

	plug(pt, 0);
	pt->fake[0]->hold = true;
	pt->fake[0]->depth = 4;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = sign_start(pt, i & 1);
	msleep(50);
	fake_device_remove(pt->fake[0]);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 6ULL, stat(pt, PROVIDER_SW_DEVICE_ERROR));
	KUNIT_EXPECT_EQ(test, 0U, pt->class->nr_devices);
	expect_consistent(pt);
}

static void another_device_takes_over(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[4];
	int i;

	plug(pt, 0);
	plug(pt, 1);
	pt->fake[0]->hold = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = sign_start(pt, false);
	msleep(50);
	fake_device_remove(pt->fake[0]);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 4ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_RETRIED));
	expect_consistent(pt);
}

/* A device's late garbage must not reach the caller: the input is kept, the output is new. */
static void failed_device_is_retried(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	plug(pt, 0);
	pt->fake[0]->status = -EIO;
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_DEVICE_ERROR));
	pt->fake[0]->status = 0;
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_DEVICE));
	expect_consistent(pt);
}

static void forgotten_session_is_opened_again(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	plug(pt, 0);
	sign(pt);
	pt->fake[0]->forget = true;
	sign(pt);
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_RETRIED));
	pt->fake[0]->status = -ESTALE;
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_DEVICE_ERROR));
	expect_consistent(pt);
}

/* One is enough to open it again for all. */
static void forgotten_session_in_use(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[4];
	int i, opens;

	plug(pt, 0);
	sign(pt);
	opens = atomic_read(&pt->fake[0]->opens);
	pt->fake[0]->hold = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = sign_start(pt, false);
	KUNIT_ASSERT_TRUE(test, wait_held(pt->fake[0], ARRAY_SIZE(top)));
	pt->fake[0]->hold = false;
	KUNIT_EXPECT_EQ(test, 4U, fake_device_release(pt->fake[0], -ESTALE));
	for (i = 0; i < ARRAY_SIZE(top); i++)
		sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, opens + 1, atomic_read(&pt->fake[0]->opens));
	KUNIT_EXPECT_EQ(test, 4ULL, stat(pt, PROVIDER_RETRIED));
	KUNIT_EXPECT_EQ(test, 5ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_sessions);
	expect_consistent(pt);
}

/* Who comes while the key is on its way waits for it, and does not send it again. */
static void one_open_serves_all(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[5];
	int i, calls;

	plug(pt, 0);
	calls = atomic_read(&pt->fake[0]->open_calls);
	pt->fake[0]->open_wait = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = sign_start(pt, false);
	msleep(50);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&top[i]->answers));
	KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&pt->fake[0]->open_calls));
	WRITE_ONCE(pt->fake[0]->open_wait, false);
	wake_up_all(&pt->fake[0]->gate);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, calls + 1, atomic_read(&pt->fake[0]->open_calls));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SESSION_OPENS));
	expect_consistent(pt);
}

static void device_vanishes_while_opening(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[3];
	int i;

	plug(pt, 0);
	pt->fake[0]->open_wait = true;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = sign_start(pt, false);
	msleep(50);
	fake_device_remove(pt->fake[0]);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 3ULL, stat(pt, PROVIDER_SW_DEVICE_ERROR));
	pt->fake[0]->open_wait = false;
	expect_consistent(pt);
}

/* Every device is asked once, then software. */
static void all_devices_fail(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	int i, submits[2];

	plug(pt, 0);
	plug(pt, 1);
	for (i = 0; i < 2; i++) {
		submits[i] = atomic_read(&pt->fake[i]->submits);
		pt->fake[i]->status = -EIO;
	}
	sign(pt);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, submits[i] + 1, atomic_read(&pt->fake[i]->submits));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_DEVICE_ERROR));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_RETRIED));
	expect_consistent(pt);
}

static void busy_device_makes_wait(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top[8];
	int i;

	plug(pt, 0);
	sign(pt);
	pt->fake[0]->depth = 1;
	for (i = 0; i < ARRAY_SIZE(top); i++)
		top[i] = sign_start(pt, false);
	for (i = 0; i < ARRAY_SIZE(top); i++)
		sign_check(pt, top[i]);
	KUNIT_EXPECT_EQ(test, 9ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_GT(test, atomic_read(&pt->fake[0]->refused), 0);
	expect_consistent(pt);
}

static void kick_wakes_the_backlog(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	plug(pt, 0);
	sign(pt);
	pt->fake[0]->inflight++;
	pt->fake[0]->depth = 1;
	top = sign_start(pt, false);
	msleep(20);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&top->answers));
	pt->fake[0]->inflight--;
	asym_device_kick(&pt->fake[0]->dev);
	sign_check(pt, top);
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_DEVICE));
}

static void full_device_evicts(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 nr;

	pt->fake[0]->capacity = 3;
	plug(pt, 0);
	for (nr = 0; nr < 5; nr++)
		encrypt_and_forget(pt, nr);
	KUNIT_EXPECT_EQ(test, 5ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_SESSION_EVICTIONS));
	KUNIT_EXPECT_EQ(test, 3U, pt->fake[0]->nr_sessions);

	/* as QEMU says it */
	pt->fake[0]->full_err = -EIO;
	encrypt_and_forget(pt, nr++);
	KUNIT_EXPECT_EQ(test, 6ULL, stat(pt, PROVIDER_DEVICE));
	/* the oldest went: the newest is still there */
	encrypt_and_forget(pt, 4);
	KUNIT_EXPECT_EQ(test, 6ULL, stat(pt, PROVIDER_SESSION_OPENS));
	expect_consistent(pt);
}

/* What was used goes last, however old it is. */
static void least_recently_used_goes(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 nr;

	pt->fake[0]->capacity = 3;
	plug(pt, 0);
	for (nr = 0; nr < 3; nr++)
		encrypt_and_forget(pt, nr);
	encrypt_and_forget(pt, 0);
	encrypt_and_forget(pt, 3);
	KUNIT_EXPECT_EQ(test, 4ULL, stat(pt, PROVIDER_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SESSION_EVICTIONS));
	/* 1 went, 0 and 2 are there */
	encrypt_and_forget(pt, 0);
	encrypt_and_forget(pt, 2);
	KUNIT_EXPECT_EQ(test, 4ULL, stat(pt, PROVIDER_SESSION_OPENS));
	encrypt_and_forget(pt, 1);
	KUNIT_EXPECT_EQ(test, 5ULL, stat(pt, PROVIDER_SESSION_OPENS));
	KUNIT_EXPECT_EQ(test, 0ULL, stat(pt, PROVIDER_SOFTWARE));
	expect_consistent(pt);
}

/* The device has less room than it says. */
static void less_room_than_promised(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	pt->fake[0]->capacity = 2;
	pt->fake[0]->dev.max_sessions = 2;
	plug(pt, 0);
	encrypt_and_forget(pt, 0);
	encrypt_and_forget(pt, 1);
	pt->fake[0]->capacity = 1;
	encrypt_and_forget(pt, 2);
	KUNIT_EXPECT_EQ(test, 3ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_SESSION_EVICTIONS));
	KUNIT_EXPECT_EQ(test, 1U, pt->fake[0]->nr_sessions);
	expect_consistent(pt);
}

static void known_limit_is_kept(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 nr;

	pt->fake[0]->capacity = 2;
	pt->fake[0]->full_err = -EBADMSG;
	pt->fake[0]->dev.max_sessions = 2;
	plug(pt, 0);
	for (nr = 0; nr < 4; nr++)
		encrypt_and_forget(pt, nr);
	KUNIT_EXPECT_EQ(test, 4ULL, stat(pt, PROVIDER_DEVICE));
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_SESSION_EVICTIONS));
}

static void no_room_and_nothing_idle(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	pt->fake[0]->capacity = 1;
	plug(pt, 0);
	pt->fake[0]->hold = true;
	top = sign_start(pt, true);
	encrypt_and_forget(pt, 0);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_NO_SESSION));
	pt->fake[0]->hold = false;
	msleep(50);
	KUNIT_EXPECT_EQ(test, 1U, fake_device_release(pt->fake[0], 0));
	sign_check(pt, top);
	expect_consistent(pt);
}

static void refused_key_is_remembered(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	int opens;

	plug(pt, 0);
	opens = atomic_read(&pt->fake[0]->opens);
	pt->fake[0]->open_err = -EINVAL;
	sign(pt);
	pt->fake[0]->open_err = 0;
	sign(pt);
	KUNIT_EXPECT_EQ(test, opens, atomic_read(&pt->fake[0]->opens));
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_SW_UNSUPPORTED));
	KUNIT_EXPECT_EQ(test, 0U, pt->fake[0]->dev.p->nr_sessions);
}

static void cache_is_bounded(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned int max = provider_cache_max;
	u8 nr;

	plug(pt, 0);
	provider_cache_max = 3;
	for (nr = 0; nr < 8; nr++)
		encrypt_and_forget(pt, nr);
	flush_work(&pt->class->reap_work);
	/* and the one the test holds */
	KUNIT_EXPECT_EQ(test, 4U, pt->class->nr_keys);
	KUNIT_EXPECT_EQ(test, 3U, pt->class->nr_sessions);
	KUNIT_EXPECT_EQ(test, 5ULL, stat(pt, PROVIDER_SESSION_CLOSES));
	KUNIT_EXPECT_EQ(test, 3U, pt->fake[0]->nr_sessions);
	provider_cache_max = max;
}

static void idle_sessions_are_closed(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	unsigned int secs = provider_idle_secs;

	plug(pt, 0);
	sign(pt);
	encrypt_and_forget(pt, 0);
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
	sign(pt);
	KUNIT_EXPECT_EQ(test, 3ULL, stat(pt, PROVIDER_DEVICE));
}

static void software_is_asked_for_the_errno(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	plug(pt, 0);
	KUNIT_EXPECT_EQ(test, 0, verify(pt, true));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, verify(pt, false));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_RECHECKED));
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_DEVICE));

	/* refused without a reason */
	pt->fake[0]->status = -EINVAL;
	sign(pt);
	KUNIT_EXPECT_EQ(test, 2ULL, stat(pt, PROVIDER_RECHECKED));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_DEVICE_ERROR));
	KUNIT_EXPECT_EQ(test, 1LL, (s64)atomic64_read(&pt->fake[0]->dev.p->errors));
	expect_consistent(pt);
}

static void bad_padding_takes_no_second_look(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top = op_new(pt, ASYM_DECRYPT, kat_raw_cipher, KEY_BYTES);

	plug(pt, 0);
	op_start_key(top, pt->key, true);
	KUNIT_EXPECT_EQ(test, -EINVAL, op_wait(pt, top));
	KUNIT_EXPECT_EQ(test, 0ULL, stat(pt, PROVIDER_RECHECKED));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_DEVICE));
}

static void unsupported_hash_is_software(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top = op_new(pt, ASYM_SIGN, kat_digest, 64);

	plug(pt, 0);
	top->op->req.hash = ASYM_HASH_SHA512;
	op_start_key(top, pt->key, true);
	KUNIT_ASSERT_EQ(test, 0, op_wait(pt, top));
	KUNIT_EXPECT_MEMEQ(test, top->op->out, kat_sig_sha512, KEY_BYTES);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_UNSUPPORTED));
}

static void fallback_error(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top;

	asym_class_set_fallback(pt->class, ASYM_FALLBACK_ERROR);
	top = sign_start(pt, true);
	KUNIT_EXPECT_EQ(test, -ENODEV, op_wait(pt, top));
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_FAILED));
	plug(pt, 0);
	sign(pt);
	expect_consistent(pt);
}

static void spread_and_draining(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	s64 before[2];
	int i;

	plug(pt, 0);
	plug(pt, 1);
	for (i = 0; i < 2; i++)
		before[i] = atomic_read(&pt->fake[i]->submits);
	for (i = 0; i < 6; i++)
		sign(pt);
	KUNIT_EXPECT_EQ(test, before[0] + 3, (s64)atomic_read(&pt->fake[0]->submits));
	KUNIT_EXPECT_EQ(test, before[1] + 3, (s64)atomic_read(&pt->fake[1]->submits));

	asym_device_set_draining(&pt->fake[0]->dev, true);
	for (i = 0; i < 4; i++)
		sign(pt);
	KUNIT_EXPECT_EQ(test, before[0] + 3, (s64)atomic_read(&pt->fake[0]->submits));
	asym_device_set_draining(&pt->fake[1]->dev, true);
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_NO_DEVICE));
	/* no software: better a draining device than an error */
	asym_class_set_fallback(pt->class, ASYM_FALLBACK_ERROR);
	sign(pt);
	KUNIT_EXPECT_EQ(test, 11ULL, stat(pt, PROVIDER_DEVICE));
	expect_consistent(pt);
}

static void keys_are_judged_by_software(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *key;

	key = provider_key_get(pt->class, true, kat_public_key, sizeof(kat_public_key));
	KUNIT_EXPECT_TRUE(test, IS_ERR(key));
	key = provider_key_get(pt->class, false, kat_public_key, sizeof(kat_public_key) - 1);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EBADMSG), key);
	key = provider_key_get(pt->class, false, kat_public_key, 0);
	KUNIT_EXPECT_TRUE(test, IS_ERR(key));
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_keys);

	KUNIT_EXPECT_EQ(test, -EINVAL, provider_key_check_range(pt->key, "\0\0\1", 3));
	KUNIT_EXPECT_EQ(test, 0, provider_key_check_range(pt->key, "\0\0\2", 3));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			provider_key_check_range(pt->key, pt->key->max, KEY_BYTES));
}

/* 2040 bits are 2048 to the software, which counts words, and 255 bytes to a device. */
static void odd_sizes_are_software(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 der[sizeof(kat_public_key)];
	u8 *n = der + sizeof(der) - 5 - KEY_BYTES;
	struct provider_key *key;
	struct test_op *top;

	plug(pt, 0);
	memcpy(der, kat_public_key, sizeof(der));
	n[0] = 0;
	n[1] |= 0x80;
	key = provider_key_get(pt->class, false, der, sizeof(der));
	KUNIT_ASSERT_FALSE(test, IS_ERR(key));
	KUNIT_EXPECT_FALSE(test, key->device_ok);
	top = op_new(pt, ASYM_ENCRYPT, kat_message, sizeof(kat_message));
	op_start_key(top, key, true);
	KUNIT_EXPECT_EQ(test, 0, op_wait(pt, top));
	provider_key_put(key);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_UNSUPPORTED));
	expect_consistent(pt);
}

/* Private and public, and every byte of the encoding, make another key. */
static void keys_are_told_apart(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *a = other_key(pt, 0), *b = other_key(pt, 1), *again = other_key(pt, 0);
	u8 *long_der = kunit_kzalloc(test, ASYM_MAX_DER + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, long_der);
	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_PTR_EQ(test, a, again);
	KUNIT_EXPECT_EQ(test, 3U, pt->class->nr_keys);
	KUNIT_EXPECT_EQ(test, sizeof(kat_private_key) + 2 * sizeof(kat_public_key),
			pt->class->key_bytes);
	provider_key_put(a);
	provider_key_put(b);
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_idle_keys);
	provider_key_put(again);
	KUNIT_EXPECT_EQ(test, 2U, pt->class->nr_idle_keys);

	memcpy(long_der, kat_public_key, sizeof(kat_public_key));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    provider_key_get(pt->class, false, long_der, ASYM_MAX_DER + 1));
}

/* Through the crypto API, and beyond the class's end. */
static void transform_outlives_class(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct asym_class_params params = {
		.name = "kunit-algs",
		.prefix = "kunit-algs",
		.owner = THIS_MODULE,
		.priority = 1,
	};
	struct crypto_akcipher *tfm;
	struct akcipher_request *req;
	struct asym_class *class;
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;
	struct provider_op *op;
	u8 *buf;

	class = asym_class_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(class));
	KUNIT_ASSERT_EQ(test, 0, asym_device_register(class, &pt->fake[0]->dev));
	tfm = crypto_alloc_akcipher("kunit-algs-rsa", 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(tfm));
	KUNIT_EXPECT_TRUE(test, asym_exec_is_remote("kunit-algs-rsa"));
	KUNIT_EXPECT_EQ(test, 0, crypto_akcipher_set_priv_key(tfm, kat_private_key,
							      sizeof(kat_private_key)));
	req = akcipher_request_alloc(tfm, GFP_KERNEL);
	buf = kunit_kzalloc(test, KEY_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_ASSERT_NOT_NULL(test, buf);

	/* one buffer for input and output */
	memcpy(buf, kat_raw_message, KEY_BYTES);
	sg_init_one(&sg, buf, KEY_BYTES);
	akcipher_request_set_callback(req, 0, crypto_req_done, &wait);
	akcipher_request_set_crypt(req, &sg, &sg, KEY_BYTES, KEY_BYTES);
	KUNIT_EXPECT_EQ(test, 0, crypto_wait_req(crypto_akcipher_encrypt(req), &wait));
	KUNIT_EXPECT_MEMEQ(test, buf, kat_raw_cipher, KEY_BYTES);
	/* nothing of it stays in the request */
	op = akcipher_request_ctx_dma(req);
	KUNIT_EXPECT_NULL(test, memchr_inv(op->in, 0, sizeof(op->in)));
	KUNIT_EXPECT_NULL(test, memchr_inv(op->out, 0, sizeof(op->out)));

	fake_device_remove(pt->fake[0]);
	asym_class_destroy(class);
	KUNIT_EXPECT_FALSE(test, crypto_has_alg("kunit-algs-rsa", 0, CRYPTO_NOLOAD));
	KUNIT_EXPECT_FALSE(test, asym_exec_is_remote("kunit-algs-rsa"));

	/* the same names again, while the first lives on */
	pt->fake[0]->status = 0;
	class = asym_class_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(class));
	KUNIT_EXPECT_EQ(test, 0, asym_device_register(class, &pt->fake[0]->dev));

	/* software */
	crypto_init_wait(&wait);
	KUNIT_EXPECT_EQ(test, 0, crypto_wait_req(crypto_akcipher_decrypt(req), &wait));
	KUNIT_EXPECT_MEMEQ(test, buf, kat_raw_message, KEY_BYTES);

	akcipher_request_free(req);
	crypto_free_akcipher(tfm);
	fake_device_remove(pt->fake[0]);
	asym_class_destroy(class);
	/* the zombie finds out */
	msleep(300);
}

static struct kunit_case provider_cases[] = {
	KUNIT_CASE(one_request_per_operation),
	KUNIT_CASE_SLOW(wrong_answers_disqualify),
	KUNIT_CASE(failing_tests_disqualify),
	KUNIT_CASE(leaving_is_no_verdict),
	KUNIT_CASE(useless_device_is_refused),
	KUNIT_CASE(device_names_are_unique),
	KUNIT_CASE(device_vanishes_in_its_tests),
	KUNIT_CASE(refused_capability_is_dropped),
	KUNIT_CASE(device_vanishes),
	KUNIT_CASE(another_device_takes_over),
	KUNIT_CASE(failed_device_is_retried),
	KUNIT_CASE(all_devices_fail),
	KUNIT_CASE(forgotten_session_is_opened_again),
	KUNIT_CASE(forgotten_session_in_use),
	KUNIT_CASE(one_open_serves_all),
	KUNIT_CASE(device_vanishes_while_opening),
	KUNIT_CASE(busy_device_makes_wait),
	KUNIT_CASE(kick_wakes_the_backlog),
	KUNIT_CASE(full_device_evicts),
	KUNIT_CASE(least_recently_used_goes),
	KUNIT_CASE(less_room_than_promised),
	KUNIT_CASE(known_limit_is_kept),
	KUNIT_CASE(no_room_and_nothing_idle),
	KUNIT_CASE(refused_key_is_remembered),
	KUNIT_CASE(cache_is_bounded),
	KUNIT_CASE(idle_sessions_are_closed),
	KUNIT_CASE(software_is_asked_for_the_errno),
	KUNIT_CASE(bad_padding_takes_no_second_look),
	KUNIT_CASE(unsupported_hash_is_software),
	KUNIT_CASE(fallback_error),
	KUNIT_CASE(spread_and_draining),
	KUNIT_CASE(keys_are_judged_by_software),
	KUNIT_CASE(odd_sizes_are_software),
	KUNIT_CASE(keys_are_told_apart),
	KUNIT_CASE_SLOW(transform_outlives_class),
	{}
};

static struct kunit_suite provider_suite = {
	.name = "asym_provider",
	.init = provider_test_init,
	.exit = provider_test_exit,
	.test_cases = provider_cases,
};

kunit_test_suite(provider_suite);
