// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of ECDSA in asym_executor: on this machine's signer, and on a driver of a fake
 * asym_provider, which is marked as "kunit-rsa" (fake.c).
 *
 * The vector is RFC 6979, A.2.5, SHA-256 of "sample".
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/string.h>
#include <crypto/internal/asym/key.h>

#include "../drivers.h"
#include "../key.h"
#include "../main.h"
#include "fake.h"

#define DONE_TIMEOUT	(30 * HZ)
#define MAX_SIG		72

static const u8 p256_priv[] = {
	0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20, 0xc9, 0xaf, 0xa9, 0xd8, 0x45,
	0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93, 0x4e,
	0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12,
	0x0f, 0x67, 0x21, 0xa1, 0x44, 0x03, 0x42, 0x00, 0x04, 0x60, 0xfe, 0xd4,
	0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d,
	0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62,
	0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc,
	0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2,
	0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22,
	0x99,
};

static const u8 p256_pub[] = {
	0x04, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb,
	0x74, 0xc6, 0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa,
	0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79, 0x03, 0xfe,
	0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc,
	0x64, 0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2,
	0x94, 0xd4, 0x46, 0x22, 0x99,
};

static const u8 p256_digest[] = {
	0xaf, 0x2b, 0xdb, 0xe1, 0xaa, 0x9b, 0x6e, 0xc1, 0xe2, 0xad, 0xe1, 0xd6,
	0x94, 0xf4, 0x1f, 0xc7, 0x1a, 0x83, 0x1d, 0x02, 0x68, 0xe9, 0x89, 0x15,
	0x62, 0x11, 0x3d, 0x8a, 0x62, 0xad, 0xd1, 0xbf,
};

static const u8 p256_sig[] = {
	0x30, 0x46, 0x02, 0x21, 0x00, 0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8,
	0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87,
	0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37,
	0x16, 0x02, 0x21, 0x00, 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41,
	0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb,
	0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8,
};

/* What the fake answers; all but @err by copying the vector. */
static struct {
	int key_err;
	int err;
	unsigned int out_len;
	unsigned int keys;
	unsigned int submitted;
	bool later;
	struct work_struct work;
	struct asym_exec_remote_op *rop;
} remote;

static void remote_answer(struct asym_exec_remote_op *rop)
{
	if (rop->op == ASYM_SIGN && !remote.err) {
		memcpy(rop->out, p256_sig, sizeof(p256_sig));
		rop->out_len = remote.out_len;
	}
	local_bh_disable();
	rop->done(rop, remote.err);
	local_bh_enable();
}

static void remote_work(struct work_struct *work)
{
	remote_answer(remote.rop);
}

static void *remote_key_get(struct crypto_akcipher *tfm, const struct asym_key_data *data)
{
	if (remote.key_err)
		return ERR_PTR(remote.key_err);
	remote.keys++;
	return &remote;
}

static void remote_key_put(void *key)
{
	remote.keys--;
}

static void remote_submit(void *key, struct asym_exec_remote_op *rop)
{
	remote.submitted++;
	if (!remote.later) {
		remote_answer(rop);
		return;
	}
	remote.rop = rop;
	schedule_work(&remote.work);
}

static const struct asym_exec_remote_ops remote_ops = {
	.key_get = remote_key_get,
	.key_put = remote_key_put,
	.submit = remote_submit,
};

static int ec_suite_init(struct kunit_suite *suite)
{
	int err = asym_exec_mark_remote("kunit-rsa", &remote_ops);

	return err ?: fake_rsa_register();
}

static void ec_suite_exit(struct kunit_suite *suite)
{
	fake_rsa_unregister();
	asym_exec_unmark_remote("kunit-rsa");
}

static int ec_init(struct kunit *test)
{
	memset(&remote, 0, sizeof(remote));
	remote.out_len = sizeof(p256_sig);
	INIT_WORK(&remote.work, remote_work);
	fake_rsa.mode = FAKE_COMPUTE;
	return 0;
}

/* Both keys on an executor, and one operation at a time. */
struct ec_fixture {
	struct asym_exec *exec;
	struct asym_exec_key *priv;
	struct asym_exec_key *pub;
	struct asym_exec_request *req;
	struct completion done;
	int err;
	u8 src[ASYM_MAX_KEY_BYTES];
	u8 digest[ASYM_MAX_DIGEST + 1];
	u8 dst[ASYM_MAX_KEY_BYTES];
};

static struct asym_exec_key *ec_key(struct kunit *test, struct asym_exec *exec, bool is_private)
{
	const struct asym_key_data data = {
		.algo = ASYM_ECDSA,
		.curve = ASYM_CURVE_P256,
		.is_private = is_private,
		.der = is_private ? p256_priv : p256_pub,
		.der_len = is_private ? sizeof(p256_priv) : sizeof(p256_pub),
	};
	struct asym_exec_key *key = asym_exec_key_create(exec, &data);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	KUNIT_EXPECT_EQ(test, MAX_SIG, asym_exec_key_size(key));
	return key;
}

static struct ec_fixture *ec_create(struct kunit *test, const char *drivers)
{
	const struct asym_exec_params params = { .name = "kunit", .drivers = drivers };
	struct ec_fixture *ec = kunit_kzalloc(test, sizeof(*ec), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ec);
	ec->exec = asym_exec_create(&params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ec->exec);
	ec->priv = ec_key(test, ec->exec, true);
	ec->pub = ec_key(test, ec->exec, false);
	ec->req = kunit_kzalloc(test, asym_exec_request_size(ec->exec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ec->req);
	return ec;
}

static void ec_destroy(struct kunit *test, struct ec_fixture *ec)
{
	asym_exec_key_put(ec->priv);
	asym_exec_key_put(ec->pub);
	asym_exec_destroy(ec->exec);
	KUNIT_EXPECT_EQ(test, 0, remote.keys);
}

static void ec_complete(struct asym_exec_request *req, int err)
{
	struct ec_fixture *ec = req->data;

	ec->err = err;
	complete(&ec->done);
}

static int ec_run(struct kunit *test, struct ec_fixture *ec, struct asym_exec_request op)
{
	init_completion(&ec->done);
	op.dst = ec->dst;
	op.src = ec->src;
	op.digest = ec->digest;
	op.complete = ec_complete;
	op.data = ec;
	memset(ec->dst, 0, sizeof(ec->dst));
	*ec->req = op;
	KUNIT_EXPECT_EQ(test, 0, asym_exec_submit(ec->req));
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&ec->done, DONE_TIMEOUT));
	return ec->err;
}

static int ec_sign(struct kunit *test, struct ec_fixture *ec, u8 flags)
{
	memcpy(ec->src, p256_digest, sizeof(p256_digest));
	return ec_run(test, ec, (struct asym_exec_request) {
		.key = ec->priv, .op = ASYM_SIGN, .flags = flags,
		.src_len = sizeof(p256_digest), .dst_len = MAX_SIG,
	});
}

static void ec_expect_signature(struct kunit *test, struct ec_fixture *ec, u8 flags)
{
	KUNIT_ASSERT_EQ(test, 0, ec_sign(test, ec, flags));
	KUNIT_ASSERT_EQ(test, sizeof(p256_sig), ec->req->dst_len);
	KUNIT_EXPECT_MEMEQ(test, ec->dst, p256_sig, sizeof(p256_sig));
}

/* @at: a byte of the signature to change, or of the digest behind it; negative: none */
static int ec_verify(struct kunit *test, struct ec_fixture *ec, struct asym_exec_key *key, int at)
{
	memcpy(ec->src, p256_sig, sizeof(p256_sig));
	memcpy(ec->digest, p256_digest, sizeof(p256_digest));
	if (at >= (int)sizeof(p256_sig))
		ec->digest[at - sizeof(p256_sig)] ^= 1;
	else if (at >= 0)
		ec->src[at] ^= 1;
	return ec_run(test, ec, (struct asym_exec_request) {
		.key = key, .op = ASYM_VERIFY,
		.src_len = sizeof(p256_sig), .digest_len = sizeof(p256_digest),
	});
}

static void ec_local(struct kunit *test)
{
	struct ec_fixture *ec = ec_create(test, "rsa-generic");

	ec_expect_signature(test, ec, 0);
	ec_expect_signature(test, ec, ASYM_EXEC_MAY_SLEEP);
	KUNIT_EXPECT_EQ(test, 0, ec_verify(test, ec, ec->pub, -1));
	KUNIT_EXPECT_EQ(test, 0, ec_verify(test, ec, ec->priv, -1));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, ec_verify(test, ec, ec->pub, sizeof(p256_sig)));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, ec_verify(test, ec, ec->pub, sizeof(p256_sig) - 1));
	/* Refused before anybody computes. */
	KUNIT_EXPECT_EQ(test, -EBADMSG, ec_verify(test, ec, ec->pub, 1));
	KUNIT_EXPECT_EQ(test, 6, ec->exec->stats.ec_local);
	KUNIT_EXPECT_EQ(test, 2, ec->exec->stats.rejected);
	KUNIT_EXPECT_EQ(test, 1, ec->exec->stats.refused);
	KUNIT_EXPECT_EQ(test, 0, ec->exec->stats.ec_remote);
	KUNIT_EXPECT_EQ(test, 0, ec->exec->drivers[0].ops);
	KUNIT_EXPECT_EQ(test, 2 * asym_cost(ASYM_ECDSA, 256, ASYM_SIGN) +
			      4 * asym_cost(ASYM_ECDSA, 256, ASYM_VERIFY),
			ec->exec->stats.milliunits);
	ec_destroy(test, ec);
}

static void ec_refused(struct kunit *test)
{
	static const struct {
		struct asym_exec_request op;
		bool pub;
		int err;
	} cases[] = {
		{ { .op = ASYM_ENCRYPT, .src_len = 32, .dst_len = 72 }, true, -EOPNOTSUPP },
		{ { .op = ASYM_DECRYPT, .src_len = 32, .dst_len = 72 }, false, -EOPNOTSUPP },
		{ { .op = ASYM_SIGN, .src_len = 32, .dst_len = 72 }, true, -EINVAL },
		{ { .op = ASYM_SIGN, .src_len = 0, .dst_len = 72 }, false, -EINVAL },
		{ { .op = ASYM_SIGN, .src_len = 65, .dst_len = 72 }, false, -EINVAL },
		{ { .op = ASYM_SIGN, .src_len = 32, .dst_len = 71 }, false, -EOVERFLOW },
		{ { .op = ASYM_SIGN, .src_len = 32, .dst_len = 72, .padding = ASYM_PAD_PKCS1 },
		  false, -EINVAL },
		{ { .op = ASYM_SIGN, .src_len = 32, .dst_len = 72, .hash = ASYM_HASH_SHA256 },
		  false, -EINVAL },
		{ { .op = ASYM_VERIFY, .src_len = 71, .digest_len = 0 }, true, -EINVAL },
		{ { .op = ASYM_VERIFY, .src_len = 71, .digest_len = 65 }, true, -EINVAL },
		{ { .op = ASYM_VERIFY, .src_len = 0, .digest_len = 32 }, true, -EBADMSG },
		{ { .op = ASYM_VERIFY, .src_len = 73, .digest_len = 32 }, true, -EBADMSG },
		{ { .op = ASYM_VERIFY, .src_len = UINT_MAX, .digest_len = 32 }, true, -EBADMSG },
	};
	struct ec_fixture *ec = ec_create(test, "kunit-rsa rsa-generic");
	struct asym_exec_request op;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		op = cases[i].op;
		if (cases[i].pub)
			op.key = ec->pub;
		else
			op.key = ec->priv;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err, ec_run(test, ec, op), "case %d", i);
		if (cases[i].err == -EOVERFLOW)
			KUNIT_EXPECT_EQ(test, MAX_SIG, ec->req->dst_len);
	}
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(cases), ec->exec->stats.refused);
	KUNIT_EXPECT_EQ(test, 0, remote.submitted);
	ec_destroy(test, ec);
}

static void ec_remote(struct kunit *test)
{
	struct ec_fixture *ec = ec_create(test, "kunit-rsa rsa-generic");
	struct exec_stats *stats = &ec->exec->stats;

	KUNIT_EXPECT_EQ(test, 2, remote.keys);
	ec_expect_signature(test, ec, 0);
	remote.later = true;
	ec_expect_signature(test, ec, ASYM_EXEC_MAY_SLEEP);
	KUNIT_EXPECT_EQ(test, 0, ec_verify(test, ec, ec->pub, -1));
	/* Its word is taken. */
	remote.err = -EKEYREJECTED;
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, ec_verify(test, ec, ec->pub, -1));
	KUNIT_EXPECT_EQ(test, 4, remote.submitted);
	KUNIT_EXPECT_EQ(test, 4, stats->ec_remote);
	KUNIT_EXPECT_EQ(test, 0, stats->ec_local);

	/* What it fails, this machine computes. */
	remote.err = -ENODEV;
	ec_expect_signature(test, ec, 0);
	remote.later = false;
	KUNIT_EXPECT_EQ(test, 0, ec_verify(test, ec, ec->pub, -1));
	remote.err = 0;
	remote.out_len = 0;
	ec_expect_signature(test, ec, 0);
	remote.out_len = MAX_SIG + 1;
	ec_expect_signature(test, ec, 0);
	KUNIT_EXPECT_EQ(test, 4, stats->ec_remote);
	KUNIT_EXPECT_EQ(test, 4, stats->ec_local);
	KUNIT_EXPECT_EQ(test, 4, stats->retried);
	KUNIT_EXPECT_EQ(test, 4, ec->exec->drivers[0].errors);
	ec_destroy(test, ec);
}

static void ec_remote_alone(struct kunit *test)
{
	struct ec_fixture *ec = ec_create(test, "kunit-rsa");

	ec_expect_signature(test, ec, 0);
	remote.err = -ENODEV;
	KUNIT_EXPECT_EQ(test, -ENODEV, ec_sign(test, ec, 0));
	KUNIT_EXPECT_EQ(test, 1, ec->exec->stats.failed);
	KUNIT_EXPECT_EQ(test, 0, ec->exec->stats.ec_local);
	ec_destroy(test, ec);
}

static void ec_remote_refuses_key(struct kunit *test)
{
	const struct asym_key_data data = {
		.algo = ASYM_ECDSA, .curve = ASYM_CURVE_P256,
		.der = p256_pub, .der_len = sizeof(p256_pub),
	};
	const struct asym_exec_params params = { .name = "kunit", .drivers = "kunit-rsa" };
	struct asym_exec *exec;
	struct ec_fixture *ec;

	remote.key_err = -ENOMEM;
	exec = asym_exec_create(&params);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, exec);
	KUNIT_EXPECT_EQ(test, -ENOMEM, PTR_ERR(asym_exec_key_create(exec, &data)));
	asym_exec_destroy(exec);

	ec = ec_create(test, "kunit-rsa rsa-generic");
	ec_expect_signature(test, ec, 0);
	KUNIT_EXPECT_EQ(test, 1, ec->exec->stats.ec_local);
	ec_destroy(test, ec);
}

/* A curve there is not, and the key of another. */
static void ec_wrong_curve(struct kunit *test)
{
	const struct asym_exec_params params = { .name = "kunit", .drivers = "rsa-generic" };
	struct asym_key_data data = {
		.algo = ASYM_ECDSA, .der = p256_pub, .der_len = sizeof(p256_pub),
	};
	struct asym_exec *exec = asym_exec_create(&params);
	unsigned int curve;
	int err;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, exec);
	for (curve = 0; curve <= U8_MAX; curve++) {
		if (curve == ASYM_CURVE_P256)
			continue;
		data.curve = curve;
		err = PTR_ERR(asym_exec_key_create(exec, &data));
		KUNIT_EXPECT_TRUE_MSG(test, err == -EOPNOTSUPP || err == -EINVAL, "%u: %d", curve,
				      err);
	}
	asym_exec_destroy(exec);
}

static struct kunit_case ec_cases[] = {
	KUNIT_CASE(ec_local),
	KUNIT_CASE(ec_refused),
	KUNIT_CASE(ec_remote),
	KUNIT_CASE(ec_remote_alone),
	KUNIT_CASE(ec_remote_refuses_key),
	KUNIT_CASE(ec_wrong_curve),
	{}
};

static struct kunit_suite ec_suite = {
	.name = "asym_executor_ecdsa",
	.suite_init = ec_suite_init,
	.suite_exit = ec_suite_exit,
	.init = ec_init,
	.test_cases = ec_cases,
};

kunit_test_suite(ec_suite);
