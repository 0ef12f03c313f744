// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_executor: real RSA on rsa-generic, and the ways of
 * asynchronous drivers on a fake one, "kunit-rsa" (fake.c).
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/array_size.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/akcipher.h>
#include <crypto/internal/asym/key.h>
#include <crypto/internal/asym/pad.h>
#include <crypto/sig.h>
#include <compat/crypto.h>

#include "../../lib/tests/vectors.h"
#include "../drivers.h"
#include "../key.h"
#include "../main.h"
#include "fake.h"

#define BLOCK		128	/* RSA-1024 */
#define DONE_TIMEOUT	(30 * HZ)

static int exec_suite_init(struct kunit_suite *suite)
{
	return fake_rsa_register();
}

static void exec_suite_exit(struct kunit_suite *suite)
{
	fake_rsa_unregister();
}

static int exec_init(struct kunit *test)
{
	fake_rsa.mode = FAKE_COMPUTE;
	fake_rsa.most = 0;
	atomic_set(&fake_rsa.nospc, 0);
	return 0;
}

/* ---- helpers ---- */

static struct asym_exec *create(struct kunit *test, const char *drivers, unsigned int inflight)
{
	const struct asym_exec_params params = {
		.name = "kunit", .drivers = drivers, .max_inflight = inflight,
	};
	struct asym_exec *exec = asym_exec_create(&params);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, exec);
	return exec;
}

static struct asym_exec_key *test_key(struct kunit *test, struct asym_exec *exec,
				      bool is_private)
{
	const struct asym_key_data data = {
		.algo = ASYM_RSA,
		.is_private = is_private,
		.der = is_private ? rsa1024_priv : rsa1024_pub,
		.der_len = is_private ? sizeof(rsa1024_priv) : sizeof(rsa1024_pub),
	};
	struct asym_exec_key *key = asym_exec_key_create(exec, &data);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	KUNIT_EXPECT_EQ(test, BLOCK, asym_exec_key_size(key));
	return key;
}

struct job {
	struct asym_exec_request *req;
	struct completion done;
	int err;
	unsigned int calls;
	unsigned int again;	/* times to submit it again from its callback */
	unsigned int *order;	/* if not NULL: receives ++*clock */
	unsigned int *clock;
	u8 src[BLOCK];
	u8 digest[ASYM_MAX_DIGEST];
	u8 dst[2 * BLOCK];
};

static void job_complete(struct asym_exec_request *req, int err)
{
	struct job *job = req->data;

	WARN_ON_ONCE(!in_softirq());
	job->err = err;
	job->calls++;
	if (job->again) {
		job->again--;
		asym_exec_submit(req);
		return;
	}
	if (job->order)
		*job->order = ++*job->clock;
	complete(&job->done);
}

static struct job *job_alloc(struct kunit *test, struct asym_exec_key *key, u8 op, u8 padding,
			     u8 hash, const u8 *src, unsigned int len)
{
	struct job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, job);
	/* exactly as large as asked for, so that KASAN sees a byte more */
	job->req = kunit_kzalloc(test, asym_exec_request_size(key->exec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, job->req);
	init_completion(&job->done);
	memcpy(job->src, src, min(len, BLOCK));
	*job->req = (struct asym_exec_request){
		.key = key, .op = op, .padding = padding, .hash = hash,
		.src = job->src, .src_len = len, .digest = job->digest,
		.dst = job->dst, .dst_len = sizeof(job->dst),
		.complete = job_complete, .data = job,
	};
	return job;
}

static int job_wait(struct kunit *test, struct job *job)
{
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&job->done, DONE_TIMEOUT));
	return job->err;
}

static int job_run(struct kunit *test, struct job *job)
{
	KUNIT_EXPECT_EQ(test, 0, asym_exec_submit(job->req));
	return job_wait(test, job);
}

static int verify(struct kunit *test, struct asym_exec_key *key, u8 hash, const u8 *sig,
		  unsigned int sig_len, const u8 *digest, unsigned int digest_len)
{
	struct job *job = job_alloc(test, key, ASYM_VERIFY, ASYM_PAD_PKCS1, hash, sig, sig_len);

	memcpy(job->digest, digest, digest_len);
	job->req->digest_len = digest_len;
	return job_run(test, job);
}

/* ---- creation ---- */

static void create_refused(struct kunit *test)
{
	static const struct {
		const char *drivers;
		const char *bad;
		int err;
	} cases[] = {
		{ "no-such-rsa", "no-such-rsa", -ENOENT },
		{ "rsa-generic no-such-rsa", "no-such-rsa", -ENOENT },
		{ "pkcs1pad(rsa-generic)", "pkcs1pad(rsa-generic)", -EINVAL },
		{ "rsa-generic,pkcs1(rsa,sha256)", "pkcs1(rsa", -EINVAL },
		{ "rsa-generic, rsa-generic", "rsa-generic", -EINVAL },
		{ "rsa", "rsa", -ENOENT },
		{ "rsa;reboot", "rsa;reboot", -EINVAL },
	};
	char bad[CRYPTO_MAX_ALG_NAME], *list;
	struct asym_exec_params params = { .name = "kunit", .bad = bad };
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		params.drivers = cases[i].drivers;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err, PTR_ERR(asym_exec_create(&params)),
				    "%s", cases[i].drivers);
		KUNIT_EXPECT_STREQ(test, cases[i].bad, bad);
	}
	list = kunit_kzalloc(test, 1000, GFP_KERNEL);
	memset(list, 'x', 999);
	params.drivers = list;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(asym_exec_create(&params)));

	params.drivers = "rsa-generic";
	params.max_inflight = UINT_MAX;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(asym_exec_create(&params)));
	params.max_inflight = 0;
	params.name = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(asym_exec_create(&params)));
	asym_exec_destroy(NULL);
	asym_exec_destroy(ERR_PTR(-EINVAL));
}

static void create_default(struct kunit *test)
{
	struct asym_exec *exec, *other;
	struct asym_caps caps;

	exec = create(test, NULL, 0);
	KUNIT_EXPECT_STREQ(test, "kunit-rsa", asym_exec_driver(exec));
	asym_exec_destroy(exec);

	/* a remote driver is not chosen, whatever its priority, unless it is named */
	KUNIT_EXPECT_EQ(test, 0, asym_exec_mark_remote("kunit-rsa", NULL));
	KUNIT_EXPECT_EQ(test, -EEXIST, asym_exec_mark_remote("kunit-rsa", NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL, asym_exec_mark_remote("", NULL));
	KUNIT_EXPECT_TRUE(test, asym_exec_is_remote("kunit-rsa"));
	KUNIT_EXPECT_FALSE(test, asym_exec_is_remote("rsa-generic"));
	exec = create(test, " ,", 0);
	KUNIT_EXPECT_STRNEQ(test, "kunit-rsa", asym_exec_driver(exec));
	other = create(test, "kunit-rsa rsa-generic", 0);
	KUNIT_EXPECT_STREQ(test, "kunit-rsa", asym_exec_driver(other));
	asym_exec_unmark_remote("kunit-rsa");
	asym_exec_unmark_remote("kunit-rsa");
	KUNIT_EXPECT_FALSE(test, asym_exec_is_remote("kunit-rsa"));

	/* the same name, another file */
	KUNIT_EXPECT_NE(test, exec->id, other->id);

	asym_exec_caps(exec, &caps);
	KUNIT_EXPECT_EQ(test, BIT(ASYM_RSA) | BIT(ASYM_ECDSA), caps.algos);
	KUNIT_EXPECT_EQ(test, 0xf, caps.rsa_ops);
	KUNIT_EXPECT_EQ(test, 3, caps.rsa_paddings);
	KUNIT_EXPECT_EQ(test, 0x3f1, caps.rsa_hashes);
	asym_exec_destroy(other);
	asym_exec_destroy(exec);
}

static void count_change(void *data)
{
	++*(unsigned int *)data;
}

/* A remote driver that reaches nobody: whoever computes on nothing else is told. */
static void remote_ready(struct kunit *test)
{
	unsigned int alone_told = 0, both_told = 0, local_told = 0;
	struct asym_exec_params params = { .name = "kunit", .ready_changed = count_change };
	struct asym_exec *alone, *both, *local;

	KUNIT_ASSERT_EQ(test, 0, asym_exec_mark_remote("kunit-rsa", NULL));
	params.drivers = "kunit-rsa";
	params.data = &alone_told;
	alone = asym_exec_create(&params);
	params.drivers = "kunit-rsa,rsa-generic";
	params.data = &both_told;
	both = asym_exec_create(&params);
	params.drivers = "rsa-generic";
	params.data = &local_told;
	local = asym_exec_create(&params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, alone);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, both);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, local);

	/* a driver is ready when it is marked; saying so again is no change */
	KUNIT_EXPECT_TRUE(test, asym_exec_ready(alone));
	asym_exec_set_remote_ready("kunit-rsa", true);
	KUNIT_EXPECT_EQ(test, 0, alone_told);

	asym_exec_set_remote_ready("kunit-rsa", false);
	asym_exec_set_remote_ready("kunit-rsa", false);
	KUNIT_EXPECT_EQ(test, 1, alone_told);
	KUNIT_EXPECT_EQ(test, 1, both_told);
	KUNIT_EXPECT_FALSE(test, asym_exec_ready(alone));
	KUNIT_EXPECT_TRUE(test, asym_exec_ready(both));
	KUNIT_EXPECT_TRUE(test, asym_exec_ready(local));

	/* one made meanwhile knows, too; one that is gone is not told */
	asym_exec_destroy(both);
	params.drivers = "kunit-rsa";
	params.data = &both_told;
	both = asym_exec_create(&params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, both);
	KUNIT_EXPECT_FALSE(test, asym_exec_ready(both));
	asym_exec_destroy(both);

	asym_exec_set_remote_ready("kunit-rsa", true);
	KUNIT_EXPECT_EQ(test, 2, alone_told);
	KUNIT_EXPECT_EQ(test, 1, both_told);
	KUNIT_EXPECT_TRUE(test, asym_exec_ready(alone));

	/* who is not marked is ready, whatever is said */
	asym_exec_set_remote_ready("rsa-generic", false);
	asym_exec_set_remote_ready("no-such-rsa", false);
	KUNIT_EXPECT_EQ(test, 0, local_told);
	KUNIT_EXPECT_TRUE(test, asym_exec_ready(local));

	/* it goes, and another of its name comes: not the one that is used here */
	asym_exec_unmark_remote("kunit-rsa");
	KUNIT_EXPECT_EQ(test, 3, alone_told);
	KUNIT_EXPECT_FALSE(test, asym_exec_ready(alone));
	KUNIT_ASSERT_EQ(test, 0, asym_exec_mark_remote("kunit-rsa", NULL));
	KUNIT_EXPECT_FALSE(test, asym_exec_ready(alone));
	asym_exec_unmark_remote("kunit-rsa");
	asym_exec_destroy(alone);
	asym_exec_destroy(local);
}

/* What is there when the executor is made is not asked for again: LKCF says what is new. */
static void driver_comes_later(struct kunit *test)
{
	unsigned int told = 0, tries;
	struct asym_exec_params params = {
		.name = "kunit", .drivers = "kunit-rsa", .wait_drivers = true,
		.ready_changed = count_change, .data = &told,
	};
	struct asym_key_data data = {
		.algo = ASYM_RSA, .der = rsa1024_pub, .der_len = sizeof(rsa1024_pub),
	};
	char missing[2 * CRYPTO_MAX_ALG_NAME];
	struct asym_exec *exec, *second;
	struct asym_exec_key *key;
	struct job *job;
	size_t size;

	fake_rsa_unregister();
	exec = asym_exec_create(&params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, exec);
	/* one that is there makes up for another that is not */
	second = create(test, "rsa-generic", 0);
	KUNIT_EXPECT_FALSE(test, asym_exec_missing(second, missing, sizeof(missing)));
	asym_exec_destroy(second);
	params.drivers = "kunit-rsa rsa-generic no-such-rsa";
	params.ready_changed = NULL;
	second = asym_exec_create(&params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	KUNIT_EXPECT_TRUE(test, asym_exec_ready(second));
	KUNIT_EXPECT_EQ(test, num_online_cpus(), asym_exec_max_inflight(second));
	KUNIT_EXPECT_TRUE(test, asym_exec_missing(second, missing, sizeof(missing)));
	KUNIT_EXPECT_STREQ(test, "kunit-rsa no-such-rsa", missing);

	KUNIT_EXPECT_FALSE(test, asym_exec_ready(exec));
	KUNIT_EXPECT_STREQ(test, "kunit-rsa", asym_exec_driver(exec));
	KUNIT_EXPECT_TRUE(test, asym_exec_missing(exec, missing, sizeof(missing)));
	KUNIT_EXPECT_STREQ(test, "kunit-rsa", missing);
	KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR(asym_exec_key_create(exec, &data)));
	KUNIT_EXPECT_EQ(test, 0, told);
	size = asym_exec_request_size(exec);

	KUNIT_ASSERT_EQ(test, 0, fake_rsa_register());
	for (tries = 0; tries < 1000 && !READ_ONCE(told); tries++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 1, READ_ONCE(told));
	KUNIT_EXPECT_TRUE(test, asym_exec_ready(exec));
	KUNIT_EXPECT_FALSE(test, asym_exec_missing(exec, missing, sizeof(missing)));
	KUNIT_EXPECT_STREQ(test, "", missing);
	KUNIT_EXPECT_EQ(test, size, asym_exec_request_size(exec));
	fake_rsa.mode = FAKE_ECHO;
	key = test_key(test, exec, false);
	job = job_alloc(test, key, ASYM_ENCRYPT, ASYM_PAD_RAW, 0, rsa1024_block, BLOCK);
	KUNIT_EXPECT_EQ(test, 0, job_run(test, job));
	KUNIT_EXPECT_MEMEQ(test, job->dst, rsa1024_block, BLOCK);
	asym_exec_key_put(key);
	asym_exec_destroy(second);
	asym_exec_destroy(exec);
}

static void key_refused(struct kunit *test)
{
	struct asym_exec *exec = create(test, "rsa-generic", 0);
	struct asym_key_data data = { .algo = ASYM_RSA, .der = rsa1024_pub };

	for (data.der_len = 0; data.der_len < sizeof(rsa1024_pub); data.der_len++)
		KUNIT_EXPECT_EQ(test, -EBADMSG, PTR_ERR(asym_exec_key_create(exec, &data)));
	data.algo = ASYM_ECDSA;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, PTR_ERR(asym_exec_key_create(exec, &data)));
	asym_exec_destroy(exec);
}

/* ---- operations ---- */

static void known_answers_on(struct kunit *test, const char *drivers, u8 flags)
{
	struct asym_exec *exec = create(test, drivers, 0);
	struct asym_exec_key *priv = test_key(test, exec, true);
	struct asym_exec_key *pub = test_key(test, exec, false);
	static const struct {
		u8 op, padding, hash;
		const u8 *src;
		unsigned int len;
		const u8 *dst;
		unsigned int dst_len;
	} cases[] = {
#define RAW(op, src, dst) { op, ASYM_PAD_RAW, 0, src, BLOCK, dst, BLOCK }
		RAW(ASYM_ENCRYPT, rsa1024_block, rsa1024_block_e),
		RAW(ASYM_DECRYPT, rsa1024_block, rsa1024_block_d),
		RAW(ASYM_DECRYPT, rsa1024_block_e, rsa1024_block),
		/* a number without its leading zero */
		{ ASYM_ENCRYPT, ASYM_PAD_RAW, 0, rsa1024_block + 1, BLOCK - 1,
		  rsa1024_block_e, BLOCK },
		{ ASYM_DECRYPT, ASYM_PAD_PKCS1, 0, rsa1024_enc_message, BLOCK,
		  plain_message, sizeof(plain_message) },
#define SIGN(HASH, digest, sig) { ASYM_SIGN, ASYM_PAD_PKCS1, ASYM_HASH_##HASH, \
				  digest, sizeof(digest), sig, BLOCK }
		SIGN(NONE, plain_message, rsa1024_sig_none),
		SIGN(MD5, digest_md5, rsa1024_sig_md5),
		SIGN(SHA1, digest_sha1, rsa1024_sig_sha1),
		SIGN(SHA224, digest_sha224, rsa1024_sig_sha224),
		SIGN(SHA256, digest_sha256, rsa1024_sig_sha256),
		SIGN(SHA384, digest_sha384, rsa1024_sig_sha384),
		SIGN(SHA512, digest_sha512, rsa1024_sig_sha512),
	};
	struct job *job, *back;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct asym_exec_key *key = priv;

		if (cases[i].op == ASYM_ENCRYPT)
			key = pub;
		job = job_alloc(test, key, cases[i].op, cases[i].padding, cases[i].hash,
				cases[i].src, cases[i].len);
		job->req->flags = flags;
		if (i & 1) {	/* one buffer for both */
			job->req->dst = job->src;
			job->req->dst_len = BLOCK;
		}
		KUNIT_EXPECT_EQ_MSG(test, 0, job_run(test, job), "case %d", i);
		KUNIT_EXPECT_EQ(test, cases[i].dst_len, job->req->dst_len);
		KUNIT_EXPECT_MEMEQ(test, job->req->dst, cases[i].dst, cases[i].dst_len);
		if (cases[i].op == ASYM_SIGN)
			KUNIT_EXPECT_EQ(test, 0, verify(test, pub, cases[i].hash, cases[i].dst,
							BLOCK, cases[i].src, cases[i].len));
	}
	/* there and back */
	job = job_alloc(test, pub, ASYM_ENCRYPT, ASYM_PAD_PKCS1, 0, digest_sha512, 64);
	KUNIT_EXPECT_EQ(test, 0, job_run(test, job));
	back = job_alloc(test, priv, ASYM_DECRYPT, ASYM_PAD_PKCS1, 0, job->dst, BLOCK);
	KUNIT_EXPECT_EQ(test, 0, job_run(test, back));
	KUNIT_EXPECT_EQ(test, 64, back->req->dst_len);
	KUNIT_EXPECT_MEMEQ(test, back->dst, digest_sha512, 64);

	KUNIT_EXPECT_EQ(test, 3, exec->stats.ops[ASYM_ENCRYPT]);
	KUNIT_EXPECT_EQ(test, 4, exec->stats.ops[ASYM_DECRYPT]);
	KUNIT_EXPECT_EQ(test, 7, exec->stats.ops[ASYM_SIGN]);
	KUNIT_EXPECT_EQ(test, 7, exec->stats.ops[ASYM_VERIFY]);
	KUNIT_EXPECT_EQ(test, 21, exec->drivers[0].ops);
	KUNIT_EXPECT_EQ(test, 11 * asym_cost(ASYM_RSA, 1024, ASYM_SIGN) +
			10 * asym_cost(ASYM_RSA, 1024, ASYM_VERIFY), exec->stats.milliunits);
	KUNIT_EXPECT_EQ(test, 0, exec->stats.rejected + exec->stats.refused + exec->stats.failed +
			exec->inflight + exec->queued);
	asym_exec_key_put(priv);
	asym_exec_key_put(pub);
	asym_exec_destroy(exec);
}

static void known_answers(struct kunit *test)
{
	known_answers_on(test, "rsa-generic", 0);
	known_answers_on(test, "rsa-generic", ASYM_EXEC_MAY_SLEEP);
	known_answers_on(test, "kunit-rsa", 0);
	known_answers_on(test, "kunit-rsa", ASYM_EXEC_MAY_SLEEP);
	fake_rsa.mode = FAKE_BACKLOG;
	known_answers_on(test, "kunit-rsa,rsa-generic", 0);
}

/* The table in lib/pad.c. */
static void input_errors(struct kunit *test)
{
	const bool checked = compat_rsassa_checks_digest_size();
	struct asym_exec *exec = create(test, "rsa-generic", 0);
	struct asym_exec_key *keys[] = { test_key(test, exec, false),
					 test_key(test, exec, true) };
	u8 max[BLOCK], zero[BLOCK] = {}, one[BLOCK] = { [BLOCK - 1] = 1 }, ones[BLOCK], sig[BLOCK];
	enum { N = ASYM_HASH_NONE, SHA1 = ASYM_HASH_SHA1, SHA512 = ASYM_HASH_SHA512 };
	const struct {
		u8 priv, op, padding, hash;
		const u8 *src;
		unsigned int len, room;
		int err;
		unsigned int needed;
	} cases[] = {
#define R ASYM_PAD_RAW
#define P ASYM_PAD_PKCS1
		{ 0, ASYM_DECRYPT, R, N, rsa1024_block, BLOCK, BLOCK, -EINVAL },
		{ 0, ASYM_DECRYPT, P, N, rsa1024_block, BLOCK, BLOCK, -EINVAL },
		{ 0, ASYM_SIGN, P, SHA1, digest_sha1, 20, BLOCK, -EINVAL },
		{ 1, ASYM_SIGN, R, N, rsa1024_block, BLOCK, BLOCK, -EOPNOTSUPP },
		{ 1, ASYM_VERIFY, R, N, rsa1024_block, BLOCK, BLOCK, -EOPNOTSUPP },
		{ 1, ASYM_OP_NR, R, N, rsa1024_block, BLOCK, BLOCK, -EINVAL },
		{ 1, ASYM_ENCRYPT, ASYM_PAD_NR, N, rsa1024_block, BLOCK, BLOCK, -EINVAL },
		{ 1, ASYM_SIGN, P, 3, rsa1024_block, 20, BLOCK, -EINVAL },
		{ 1, ASYM_SIGN, P, ASYM_HASH_NR, rsa1024_block, 20, BLOCK, -EINVAL },
		{ 0, ASYM_ENCRYPT, R, N, zero, BLOCK, BLOCK, -EINVAL },
		{ 0, ASYM_ENCRYPT, R, N, zero, 0, BLOCK, -EINVAL },
		{ 0, ASYM_ENCRYPT, R, N, one, BLOCK, BLOCK, -EINVAL },
		{ 1, ASYM_DECRYPT, R, N, max, BLOCK, BLOCK, -EINVAL },
		{ 1, ASYM_DECRYPT, R, N, ones, BLOCK, BLOCK, -EINVAL },
		{ 1, ASYM_DECRYPT, R, N, rsa1024_block, BLOCK, BLOCK - 1, -EOVERFLOW, BLOCK },
		{ 1, ASYM_DECRYPT, R, N, rsa1024_block, BLOCK, 0, -EOVERFLOW, BLOCK },
		{ 0, ASYM_ENCRYPT, P, N, rsa1024_block, BLOCK - 10, BLOCK, -EOVERFLOW },
		{ 0, ASYM_ENCRYPT, P, N, rsa1024_block, BLOCK - 11, BLOCK - 1, -EOVERFLOW, BLOCK },
		{ 0, ASYM_ENCRYPT, P, N, rsa1024_block, BLOCK - 11, BLOCK, 0 },
		{ 0, ASYM_ENCRYPT, P, N, zero, 0, BLOCK, 0 },
		{ 1, ASYM_DECRYPT, P, N, rsa1024_enc_message, BLOCK - 1, BLOCK, -EINVAL },
		{ 1, ASYM_DECRYPT, P, N, ones, BLOCK, BLOCK, -EINVAL },
		{ 1, ASYM_DECRYPT, P, N, rsa1024_block_e, BLOCK, BLOCK, -EINVAL },
		{ 1, ASYM_DECRYPT, P, N, rsa1024_enc_message, BLOCK, sizeof(plain_message) - 1,
		  -EOVERFLOW, sizeof(plain_message) },
		{ 1, ASYM_SIGN, P, SHA1, digest_sha1, 20, BLOCK - 1, -EOVERFLOW, BLOCK },
		{ 1, ASYM_SIGN, P, SHA1, digest_sha1, 19, BLOCK, checked ? -EINVAL : 0 },
		{ 1, ASYM_SIGN, P, SHA512, rsa1024_block, 100, BLOCK,
		  checked ? -EINVAL : -EOVERFLOW },
		{ 1, ASYM_SIGN, P, N, rsa1024_block, BLOCK - 10, BLOCK, -EOVERFLOW },
		{ 1, ASYM_SIGN, P, N, rsa1024_block, BLOCK - 11, BLOCK, 0 },
	};
	struct job *job;
	int i;

	memset(ones, 0xff, sizeof(ones));
	memcpy(max, keys[0]->max, sizeof(max));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		job = job_alloc(test, keys[cases[i].priv], cases[i].op, cases[i].padding,
				cases[i].hash, cases[i].src, cases[i].len);
		job->req->dst_len = cases[i].room;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err, job_run(test, job), "case %d", i);
		if (cases[i].needed)
			KUNIT_EXPECT_EQ_MSG(test, cases[i].needed, job->req->dst_len, "case %d", i);
		KUNIT_EXPECT_EQ(test, 1, job->calls);
	}

	memcpy(sig, rsa1024_sig_sha256, sizeof(sig));
	KUNIT_EXPECT_EQ(test, 0, verify(test, keys[0], ASYM_HASH_SHA256, sig, BLOCK,
					digest_sha256, 32));
	KUNIT_EXPECT_EQ(test, 0, verify(test, keys[1], ASYM_HASH_SHA256, sig, BLOCK,
					digest_sha256, 32));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, verify(test, keys[0], ASYM_HASH_SHA256, sig, BLOCK,
						    digest_sha512, 32));
	KUNIT_EXPECT_EQ(test, -EBADMSG, verify(test, keys[0], SHA1, sig, BLOCK, digest_sha1, 20));
	KUNIT_EXPECT_EQ(test, checked ? -EINVAL : -EKEYREJECTED,
			verify(test, keys[0], ASYM_HASH_SHA256, sig, BLOCK, digest_sha256, 31));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			verify(test, keys[0], ASYM_HASH_SHA256, sig, BLOCK, digest_sha256, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, verify(test, keys[0], ASYM_HASH_SHA256, sig, BLOCK - 1,
					      digest_sha256, 32));
	KUNIT_EXPECT_EQ(test, -EINVAL, verify(test, keys[0], ASYM_HASH_SHA256, ones, BLOCK,
					      digest_sha256, 32));
	sig[BLOCK - 1] ^= 1;
	KUNIT_EXPECT_NE(test, 0, verify(test, keys[0], ASYM_HASH_SHA256, sig, BLOCK,
					digest_sha256, 32));
	asym_exec_key_put(keys[0]);
	asym_exec_key_put(keys[1]);
	asym_exec_destroy(exec);
}

/* ---- the same answers as the kernel's software ---- */

static struct crypto_sig *software_sig(struct kunit *test, u8 hash)
{
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_sig *sig;

	if (hash || COMPAT_CRYPTO_HAS_SIG)
		snprintf(name, sizeof(name), COMPAT_CRYPTO_PKCS1_SIGN "(rsa-generic,%s)",
			 asym_hash_name(hash));
	else
		strscpy(name, COMPAT_CRYPTO_PKCS1_SIGN "(rsa-generic)");
	sig = crypto_alloc_sig(name, 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sig);
	KUNIT_ASSERT_EQ(test, 0, crypto_sig_set_privkey(sig, rsa1024_priv, sizeof(rsa1024_priv)));
	return sig;
}

static struct crypto_akcipher *software_akcipher(struct kunit *test, const char *name)
{
	struct crypto_akcipher *tfm = crypto_alloc_akcipher(name, 0, 0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tfm);
	KUNIT_ASSERT_EQ(test, 0, crypto_akcipher_set_priv_key(tfm, rsa1024_priv,
							      sizeof(rsa1024_priv)));
	return tfm;
}

static void same_signatures(struct kunit *test)
{
	static const u8 hashes[] = { ASYM_HASH_NONE, ASYM_HASH_SHA1, ASYM_HASH_SHA512 };
	static const u8 lens[] = { 0, 1, 19, 20, 34, 63, 64, 65, 116, 117, 118, BLOCK };
	static const u8 rooms[] = { BLOCK - 1, BLOCK };	/* more breaks 6.12 */
	struct asym_exec *exec = create(test, "rsa-generic", 0);
	struct asym_exec_key *key = test_key(test, exec, true);
	int h, l, r, soft;
	struct job *job;
	u8 out[2 * BLOCK];

	for (h = 0; h < ARRAY_SIZE(hashes); h++) {
		struct crypto_sig *sig = software_sig(test, hashes[h]);

		for (l = 0; l < ARRAY_SIZE(lens); l++) {
			for (r = 0; r < ARRAY_SIZE(rooms); r++) {
				soft = crypto_sig_sign(sig, rsa1024_block, lens[l], out, rooms[r]);
				job = job_alloc(test, key, ASYM_SIGN, ASYM_PAD_PKCS1, hashes[h],
						rsa1024_block, lens[l]);
				job->req->dst_len = rooms[r];
				KUNIT_EXPECT_EQ_MSG(test, min(soft, 0), job_run(test, job),
						    "hash %u, %u bytes", hashes[h], lens[l]);
				if (soft >= 0 && !job->err)
					KUNIT_EXPECT_MEMEQ(test, out, job->dst, BLOCK);
			}
		}
		crypto_free_sig(sig);
	}
	asym_exec_key_put(key);
	asym_exec_destroy(exec);
}

/* Signatures of blocks that are wrong in one byte, or not signatures at all. */
static void same_verdicts(struct kunit *test)
{
	static const u8 positions[] = { 1, 2, 8, 9, 10, 11, 50, 75, 76, 77, 90, 95, 96, 127 };
	static const u8 lens[] = { 0, 1, 31, 32, 33, 64 };
	struct crypto_akcipher *raw = software_akcipher(test, "rsa-generic");
	struct crypto_sig *sig = software_sig(test, ASYM_HASH_SHA256);
	struct crypto_sig *none = software_sig(test, ASYM_HASH_NONE);
	struct asym_exec *exec = create(test, "rsa-generic", 0);
	struct asym_exec_key *key = test_key(test, exec, true);
	u8 block[BLOCK], forged[BLOCK];
	int i, v;

	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		const u8 values[] = { 0x00, 0xff, 0x02 };

		for (v = 0; v < ARRAY_SIZE(values); v++) {
			crypto_akcipher_sync_encrypt(raw, rsa1024_sig_sha256, BLOCK, block, BLOCK);
			block[positions[i]] = values[v];
			crypto_akcipher_sync_decrypt(raw, block, BLOCK, forged, BLOCK);
			KUNIT_EXPECT_EQ_MSG(test, crypto_sig_verify(sig, forged, BLOCK,
								    digest_sha256, 32),
					    verify(test, key, ASYM_HASH_SHA256, forged, BLOCK,
						   digest_sha256, 32),
					    "byte %u is %02x", positions[i], values[v]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		KUNIT_EXPECT_EQ(test, crypto_sig_verify(sig, rsa1024_sig_sha256, BLOCK,
							digest_sha512, lens[i]),
				verify(test, key, ASYM_HASH_SHA256, rsa1024_sig_sha256, BLOCK,
				       digest_sha512, lens[i]));
		KUNIT_EXPECT_EQ(test, crypto_sig_verify(none, rsa1024_sig_none, BLOCK,
							digest_sha512, lens[i]),
				verify(test, key, ASYM_HASH_NONE, rsa1024_sig_none, BLOCK,
				       digest_sha512, lens[i]));
	}
	/* a block with any first byte is no signature, whoever made it */
	KUNIT_EXPECT_EQ(test, crypto_sig_verify(sig, rsa1024_block, BLOCK, digest_sha256, 32),
			verify(test, key, ASYM_HASH_SHA256, rsa1024_block, BLOCK,
			       digest_sha256, 32));
	crypto_free_sig(none);
	crypto_free_sig(sig);
	crypto_free_akcipher(raw);
	asym_exec_key_put(key);
	asym_exec_destroy(exec);
}

/* Ciphertexts of blocks that are wrong in one byte, and too little room. */
static void same_plaintexts(struct kunit *test)
{
	static const u8 positions[] = { 1, 2, 8, 9, 10, 11, 90, 112, 113, 127 };
	struct crypto_akcipher *raw = software_akcipher(test, "rsa-generic");
	struct crypto_akcipher *pkcs1 = software_akcipher(test, "pkcs1pad(rsa-generic)");
	struct asym_exec *exec = create(test, "rsa-generic", 0);
	struct asym_exec_key *key = test_key(test, exec, true);
	u8 block[BLOCK], cipher[BLOCK], out[BLOCK];
	unsigned int room;
	struct job *job;
	int i, soft;

	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		crypto_akcipher_sync_decrypt(raw, rsa1024_enc_message, BLOCK, block, BLOCK);
		block[positions[i]] = 0;
		crypto_akcipher_sync_encrypt(raw, block, BLOCK, cipher, BLOCK);
		for (room = 0; room <= BLOCK; room += 32) {
			soft = crypto_akcipher_sync_decrypt(pkcs1, cipher, BLOCK, out, room);
			job = job_alloc(test, key, ASYM_DECRYPT, ASYM_PAD_PKCS1, 0, cipher, BLOCK);
			job->req->dst_len = room;
			KUNIT_EXPECT_EQ_MSG(test, min(soft, 0), job_run(test, job),
					    "zero at %u", positions[i]);
			if (soft < 0 || job->err)
				continue;
			KUNIT_EXPECT_EQ(test, soft, job->req->dst_len);
			KUNIT_EXPECT_MEMEQ(test, out, job->dst, soft);
		}
	}
	crypto_free_akcipher(pkcs1);
	crypto_free_akcipher(raw);
	asym_exec_key_put(key);
	asym_exec_destroy(exec);
}

/* ---- how drivers behave ---- */

static void driver_short_output(struct kunit *test)
{
	struct asym_exec *exec = create(test, "kunit-rsa", 0);
	struct asym_exec_key *key = test_key(test, exec, false);
	struct job *job;

	fake_rsa.mode = FAKE_SHORT;
	job = job_alloc(test, key, ASYM_ENCRYPT, ASYM_PAD_RAW, 0, rsa1024_block + 100, 7);
	KUNIT_EXPECT_EQ(test, 0, job_run(test, job));
	KUNIT_EXPECT_EQ(test, BLOCK, job->req->dst_len);
	KUNIT_EXPECT_NULL(test, memchr_inv(job->dst, 0, BLOCK - 7));
	KUNIT_EXPECT_MEMEQ(test, job->dst + BLOCK - 7, rsa1024_block + 100, 7);

	fake_rsa.mode = FAKE_LONG;
	job = job_alloc(test, key, ASYM_ENCRYPT, ASYM_PAD_RAW, 0, rsa1024_block, BLOCK);
	KUNIT_EXPECT_EQ(test, -EIO, job_run(test, job));
	KUNIT_EXPECT_EQ(test, 1, exec->stats.failed);
	asym_exec_key_put(key);
	asym_exec_destroy(exec);
}

static void driver_fails(struct kunit *test)
{
	const enum fake_mode modes[] = { FAKE_FAIL, FAKE_FAIL_LATE, FAKE_REFUSE };
	struct asym_exec *alone = create(test, "kunit-rsa", 0);
	struct asym_exec *both = create(test, "kunit-rsa,rsa-generic", 0);
	struct asym_exec_key *alone_key = test_key(test, alone, true);
	struct asym_exec_key *both_key = test_key(test, both, true);
	struct job *job;
	int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fake_rsa.mode = modes[i];
		job = job_alloc(test, alone_key, ASYM_SIGN, ASYM_PAD_PKCS1, ASYM_HASH_SHA256,
				digest_sha256, 32);
		KUNIT_EXPECT_EQ(test, modes[i] == FAKE_REFUSE ? -EINVAL : -EIO,
				job_run(test, job));
		KUNIT_EXPECT_EQ(test, i + 1, alone->stats.failed);

		job = job_alloc(test, both_key, ASYM_SIGN, ASYM_PAD_PKCS1, ASYM_HASH_SHA256,
				digest_sha256, 32);
		KUNIT_EXPECT_EQ(test, 0, job_run(test, job));
		KUNIT_EXPECT_MEMEQ(test, job->dst, rsa1024_sig_sha256, BLOCK);
		KUNIT_EXPECT_EQ(test, 1, job->calls);
	}
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(modes), both->stats.retried);
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(modes), both->drivers[0].errors);
	KUNIT_EXPECT_EQ(test, 0, both->drivers[0].ops);
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(modes), both->drivers[1].ops);
	KUNIT_EXPECT_EQ(test, 0, both->stats.failed);
	asym_exec_key_put(alone_key);
	asym_exec_key_put(both_key);
	asym_exec_destroy(alone);
	asym_exec_destroy(both);
}

/* -ENOSPC is not an error: nothing in flight (a timer retries), or something (its end does). */
static void driver_has_no_room(struct kunit *test)
{
	struct asym_exec *exec = create(test, "kunit-rsa", 0);
	struct asym_exec_key *key = test_key(test, exec, true);
	struct job *job[8];
	int i;

	atomic_set(&fake_rsa.nospc, 3);
	job[0] = job_alloc(test, key, ASYM_DECRYPT, ASYM_PAD_RAW, 0, rsa1024_block, BLOCK);
	KUNIT_EXPECT_EQ(test, 0, job_run(test, job[0]));
	KUNIT_EXPECT_MEMEQ(test, job[0]->dst, rsa1024_block_d, BLOCK);
	KUNIT_EXPECT_EQ(test, 3, exec->stats.stalled);

	for (i = 0; i < ARRAY_SIZE(job); i++) {
		job[i] = job_alloc(test, key, ASYM_DECRYPT, ASYM_PAD_RAW, 0, rsa1024_block, BLOCK);
		asym_exec_submit(job[i]->req);
		if (i == 2)
			atomic_set(&fake_rsa.nospc, 2);
	}
	for (i = 0; i < ARRAY_SIZE(job); i++)
		KUNIT_EXPECT_EQ(test, 0, job_wait(test, job[i]));
	KUNIT_EXPECT_EQ(test, 5, exec->stats.stalled);
	KUNIT_EXPECT_EQ(test, 0, exec->inflight + exec->queued);
	asym_exec_key_put(key);
	asym_exec_destroy(exec);
}

static void queue_is_capped_and_ordered(struct kunit *test)
{
	struct asym_exec *exec = create(test, "kunit-rsa", 3);
	struct asym_exec_key *key = test_key(test, exec, false);
	unsigned int order[16], clock = 0;
	struct job *job[16];
	int i;

	fake_rsa.mode = FAKE_HOLD;
	for (i = 0; i < ARRAY_SIZE(job); i++) {
		job[i] = job_alloc(test, key, ASYM_ENCRYPT, ASYM_PAD_RAW, 0, rsa1024_block, BLOCK);
		job[i]->order = &order[i];
		job[i]->clock = &clock;
		asym_exec_submit(job[i]->req);
	}
	/* requests hold the key */
	asym_exec_key_put(key);
	KUNIT_EXPECT_EQ(test, 3, exec->inflight);
	KUNIT_EXPECT_EQ(test, 13, exec->queued);
	while (fake_rsa_release())
		KUNIT_EXPECT_LE(test, exec->inflight, 3);
	for (i = 0; i < ARRAY_SIZE(job); i++) {
		KUNIT_EXPECT_EQ(test, 0, job_wait(test, job[i]));
		KUNIT_EXPECT_EQ(test, i + 1, order[i]);
		KUNIT_EXPECT_EQ(test, 1, job[i]->calls);
	}
	KUNIT_EXPECT_EQ(test, 3, fake_rsa.most);
	asym_exec_destroy(exec);
}

/* Callbacks that submit again, on a driver that answers within the call: no recursion. */
static void resubmission_does_not_recurse(struct kunit *test)
{
	struct asym_exec *exec = create(test, "kunit-rsa", 2);
	struct asym_exec_key *key = test_key(test, exec, false);
	struct job *job[4];
	int i;

	fake_rsa.mode = FAKE_ECHO;
	for (i = 0; i < ARRAY_SIZE(job); i++) {
		job[i] = job_alloc(test, key, ASYM_ENCRYPT, ASYM_PAD_RAW, 0, rsa1024_block, BLOCK);
		job[i]->again = 5000;
		asym_exec_submit(job[i]->req);
	}
	for (i = 0; i < ARRAY_SIZE(job); i++) {
		KUNIT_EXPECT_EQ(test, 0, job_wait(test, job[i]));
		KUNIT_EXPECT_EQ(test, 5001, job[i]->calls);
	}
	KUNIT_EXPECT_EQ(test, 4 * 5001, exec->drivers[0].ops);
	asym_exec_key_put(key);
	asym_exec_destroy(exec);
}

/* What a request held is not left behind in it. */
static void secrets_are_wiped(struct kunit *test)
{
	struct asym_exec *exec = create(test, "kunit-rsa", 0);
	struct asym_exec_key *key = test_key(test, exec, true);
	struct job *job;
	size_t size, i;
	u8 *bytes;

	job = job_alloc(test, key, ASYM_DECRYPT, ASYM_PAD_PKCS1, 0, rsa1024_enc_message, BLOCK);
	KUNIT_EXPECT_EQ(test, 0, job_run(test, job));
	size = asym_exec_request_size(exec);
	bytes = (u8 *)job->req;
	for (i = 0; i + 8 <= size; i++)
		KUNIT_EXPECT_NE(test, 0, memcmp(bytes + i, plain_message, 8));
	asym_exec_key_put(key);
	asym_exec_destroy(exec);
}

static struct kunit_case exec_cases[] = {
	KUNIT_CASE_SLOW(create_refused),
	KUNIT_CASE(create_default),
	KUNIT_CASE(remote_ready),
	KUNIT_CASE_SLOW(driver_comes_later),
	KUNIT_CASE(key_refused),
	KUNIT_CASE_SLOW(known_answers),
	KUNIT_CASE_SLOW(input_errors),
	KUNIT_CASE_SLOW(same_signatures),
	KUNIT_CASE_SLOW(same_verdicts),
	KUNIT_CASE_SLOW(same_plaintexts),
	KUNIT_CASE(driver_short_output),
	KUNIT_CASE(driver_fails),
	KUNIT_CASE(driver_has_no_room),
	KUNIT_CASE(queue_is_capped_and_ordered),
	KUNIT_CASE(resubmission_does_not_recurse),
	KUNIT_CASE(secrets_are_wiped),
	{}
};

static struct kunit_suite exec_suite = {
	.name = "asym_executor",
	.suite_init = exec_suite_init,
	.suite_exit = exec_suite_exit,
	.init = exec_init,
	.test_cases = exec_cases,
};

kunit_test_suite(exec_suite);
