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

static void wrong_answers_disqualify(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	pt->fake[0]->wrong = true;
	KUNIT_EXPECT_EQ(test, -EBADMSG, asym_device_register(pt->class, &pt->fake[0]->dev));
	KUNIT_EXPECT_NULL(test, pt->fake[0]->dev.p);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_KAT_FAILED));
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_NO_DEVICE));
	expect_consistent(pt);
}

static void refused_capability_is_dropped(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	pt->fake[0]->status = -EOPNOTSUPP;
	plug(pt, 0);
	pt->fake[0]->status = 0;
	KUNIT_EXPECT_EQ(test, 0U, pt->fake[0]->dev.p->caps.rsa_paddings);
	sign(pt);
	KUNIT_EXPECT_EQ(test, 1ULL, stat(pt, PROVIDER_SW_UNSUPPORTED));
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
	KUNIT_CASE(wrong_answers_disqualify),
	KUNIT_CASE(refused_capability_is_dropped),
	KUNIT_CASE(device_vanishes),
	KUNIT_CASE(another_device_takes_over),
	KUNIT_CASE(failed_device_is_retried),
	KUNIT_CASE(forgotten_session_is_opened_again),
	KUNIT_CASE(busy_device_makes_wait),
	KUNIT_CASE(kick_wakes_the_backlog),
	KUNIT_CASE(full_device_evicts),
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
