// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known-answer tests of all capabilities that a device reports, before it gets
 * an operation of a user. The kernel's own self-tests have vectors for few of
 * the registered names, and test the class, not each device.
 *
 * A wrong answer, or none, disqualifies the device. A capability that it refuses
 * with -EOPNOTSUPP (for the key, or for the operation) is removed from its
 * capabilities. The tests run at the same time, each on sessions of its own,
 * because answers of a remote device take long, and users compute in software
 * until the last one. A test that failed for lack of room is repeated alone. The
 * results are evaluated in order when all tests are done, and the first failure
 * counts. Process context, before the device is live, or when its results look
 * wrong; no locks.
 *
 * A request that is not answered in time still belongs to the driver. Its
 * memory is freed when it is answered.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/key.h>

#include "class.h"
#include "device.h"
#include "kat.h"
#include "kat_vectors.h"
#include "op/pool.h"
#include "op/route.h"
#include "op/types.h"
#include "ref.h"
#include "shared.h"
#include "stats.h"

#define KAT_WARN_SECS	10
#define KAT_FAIL_SECS	60
#define KAT_BUSY_MS	5
#define KAT_LOOK_MS	100

#define KAT_UNIT_TESTS	3

#define KAT_KEY_BYTES	sizeof(kat_raw_cipher)

/**
 * struct kat_ec - a curve's key, and a signature by it
 * @curve: enum asym_curve
 * @digest_len: bytes of kat_digest that were signed
 * @priv: ECPrivateKey
 * @priv_len: bytes at @priv
 * @pub: its point
 * @pub_len: bytes at @pub
 * @sig: signature
 * @sig_len: bytes at @sig
 */
struct kat_ec {
	u8 curve;
	u8 digest_len;
	const u8 *priv;
	unsigned int priv_len;
	const u8 *pub;
	unsigned int pub_len;
	const u8 *sig;
	unsigned int sig_len;
};

#define KAT_EC(bits, digest) {				\
	.curve = ASYM_CURVE_P##bits,			\
	.digest_len = (digest),				\
	.priv = kat_p##bits##_private,			\
	.priv_len = sizeof(kat_p##bits##_private),	\
	.pub = kat_p##bits##_public,			\
	.pub_len = sizeof(kat_p##bits##_public),	\
	.sig = kat_p##bits##_sig,			\
	.sig_len = sizeof(kat_p##bits##_sig),		\
}

static const struct kat_ec curves[] = {
	KAT_EC(192, 20),
	KAT_EC(256, 32),
	KAT_EC(384, 48),
	KAT_EC(521, 64),
};

/* The driver and the test each have a reference. */
struct kat_request {
	struct kref ref;
	struct completion done;
	int status;
	unsigned int out_len;
	struct asym_key_data key;	/* if the device gets it with the request */
	struct provider_op op;		/* with the executor's part behind it: last */
};

/**
 * struct kat_test - one operation and its answer
 * @what: for the log
 * @ec: the curve's; NULL: RSA
 * @op: enum asym_op
 * @in: input
 * @in_len: bytes at @in
 * @digest_len: verification: this many bytes of kat_digest
 * @out: the answer; NULL: @is_random, or a verification
 * @out_len: bytes at @out
 * @is_random: the answer differs each time and must be a signature of @in
 * @is_bad: the device must refuse it
 */
struct kat_test {
	const char *what;
	const struct kat_ec *ec;
	u8 op;
	const u8 *in;
	unsigned int in_len;
	unsigned int digest_len;
	const u8 *out;
	unsigned int out_len;
	bool is_random;
	bool is_bad;
};

/* Of each direction, results without a leading zero, with one, and with many. */
static const struct kat_test rsa_tests[][KAT_UNIT_TESTS] = {
	{
		{
			.what = "raw encryption",
			.op = ASYM_ENCRYPT,
			.in = kat_raw_message,
			.in_len = sizeof(kat_raw_message),
			.out = kat_raw_cipher,
			.out_len = sizeof(kat_raw_cipher),
		}, {
			.what = "raw encryption, result with a leading zero",
			.op = ASYM_ENCRYPT,
			.in = kat_zero_signed,
			.in_len = sizeof(kat_zero_signed),
			.out = kat_zero,
			.out_len = sizeof(kat_zero),
		}, {
			.what = "raw encryption, result with many leading zeros",
			.op = ASYM_ENCRYPT,
			.in = kat_short_signed,
			.in_len = sizeof(kat_short_signed),
			.out = kat_short,
			.out_len = sizeof(kat_short),
		},
	}, {
		{
			.what = "raw decryption",
			.op = ASYM_DECRYPT,
			.in = kat_raw_cipher,
			.in_len = sizeof(kat_raw_cipher),
			.out = kat_raw_message,
			.out_len = sizeof(kat_raw_message),
		}, {
			.what = "raw decryption, result with a leading zero",
			.op = ASYM_DECRYPT,
			.in = kat_zero_cipher,
			.in_len = sizeof(kat_zero_cipher),
			.out = kat_zero,
			.out_len = sizeof(kat_zero),
		}, {
			.what = "raw decryption, result with many leading zeros",
			.op = ASYM_DECRYPT,
			.in = kat_short_cipher,
			.in_len = sizeof(kat_short_cipher),
			.out = kat_short,
			.out_len = sizeof(kat_short),
		},
	},
};

static void kat_request_free(struct kref *ref)
{
	struct kat_request *kreq = container_of(ref, struct kat_request, ref);

	kfree(kreq->key.der);
	kfree_sensitive(kreq);
}

static void kat_answered(struct provider_op *op, int status, unsigned int out_len)
{
	struct kat_request *kreq = container_of(op, struct kat_request, op);

	kreq->status = status;
	kreq->out_len = out_len;
	complete(&kreq->done);
	/* asym_request_done() keeps the device itself while it needs it. */
	provider_device_put(op->pdev);
	kref_put(&kreq->ref, kat_request_free);
}

/*
 * A device that is tested again while it is in use may be removed: asym_device_quiesce() waits for
 * the test, and the driver answers its requests only after that.
 */
static bool kat_is_over(struct asym_device_priv *pdev)
{
	return pdev->retested && percpu_ref_is_dying(&pdev->calls);
}

/* Submit, and retry while the device has no room. With the key in the request it may have less. */
static int kat_submit(struct kat_request *kreq, const struct kat_test *test)
{
	unsigned long limit = jiffies + KAT_FAIL_SECS * HZ;
	struct asym_device_priv *pdev = kreq->op.pdev;
	int err;

	kref_get(&kreq->ref);
	kref_get(&pdev->ref);
	for (;;) {
		err = provider_submit_once(&kreq->op, true);
		if (err != -EBUSY && err != -E2BIG)
			break;
		if (time_after(jiffies, limit) || kat_is_over(pdev)) {
			err = -ETIMEDOUT;
			break;
		}
		msleep(KAT_BUSY_MS);
	}
	if (err) {
		provider_device_put(pdev);
		kref_put(&kreq->ref, kat_request_free);
	}
	return err;
}

static int kat_wait(struct kat_request *kreq, const struct kat_test *test)
{
	struct asym_device_priv *pdev = kreq->op.pdev;
	unsigned int ms;

	for (ms = 0; ms < KAT_FAIL_SECS * 1000; ms += KAT_LOOK_MS) {
		if (ms == KAT_WARN_SECS * 1000)
			pr_warn("%s: device %s: no answer to %s for %u seconds, waiting\n",
				pdev->class->name, pdev->name, test->what, KAT_WARN_SECS);
		if (wait_for_completion_timeout(&kreq->done, msecs_to_jiffies(KAT_LOOK_MS)))
			return 0;
		if (kat_is_over(pdev))
			break;
	}
	return -ETIMEDOUT;
}

struct kat_exec {
	struct completion done;
	int err;
};

static void kat_exec_done(struct asym_exec_request *req, int err)
{
	struct kat_exec *wait = req->data;

	wait->err = err;
	complete(&wait->done);
}

static struct asym_key_data kat_key(const struct kat_test *test, bool is_private)
{
	const struct kat_ec *ec = test->ec;
	struct asym_key_data rsa = {
		.algo = ASYM_RSA,
		.is_private = is_private,
		.der = is_private ? kat_private_key : kat_public_key,
		.der_len = is_private ? sizeof(kat_private_key) : sizeof(kat_public_key),
	};

	if (!ec)
		return rsa;
	return (struct asym_key_data) {
		.algo = ASYM_ECDSA,
		.curve = ec->curve,
		.is_private = is_private,
		.der = is_private ? ec->priv : ec->pub,
		.der_len = is_private ? ec->priv_len : ec->pub_len,
	};
}

static unsigned int kat_key_bytes(const struct kat_test *test)
{
	return test->ec ? ecdsa_max_sig(test->ec->curve) : KAT_KEY_BYTES;
}

/* Whether the software verifies it */
static int kat_check_random(struct kat_request *kreq, const struct kat_test *test)
{
	struct asym_key_data data = kat_key(test, false);
	struct asym_exec_request *req = kreq->op.exec;
	struct asym_exec_key *key;
	struct kat_exec wait;

	key = asym_exec_key_create(provider_software, &data);
	if (IS_ERR(key))
		return PTR_ERR(key);

	init_completion(&wait.done);
	memset(req, 0, sizeof(*req));
	req->key = key;
	req->op = ASYM_VERIFY;
	req->flags = ASYM_EXEC_MAY_SLEEP;
	req->src = kreq->op.out;
	req->src_len = kreq->out_len;
	req->digest = test->in;
	req->digest_len = test->in_len;
	req->complete = kat_exec_done;
	req->data = &wait;
	asym_exec_submit(req);
	wait_for_completion(&wait.done);
	asym_exec_key_put(key);
	return wait.err ? -EBADMSG : 0;
}

/* Errnos for a wrong signature differ, but a device that left has not checked it. */
static bool is_refusal(int status)
{
	switch (status) {
	case 0:
	case -ENODEV:
	case -ESHUTDOWN:
	case -ETIMEDOUT:
	case -ENOSPC:
	case -ESTALE:
	case -EOPNOTSUPP:
		return false;
	}
	return true;
}

static int kat_check(struct kat_request *kreq, const struct kat_test *test)
{
	unsigned int zeros;

	if (test->is_bad && is_refusal(kreq->status))
		return 0;
	if (kreq->status == -ETIMEDOUT)
		return -EAGAIN;
	if (kreq->status)
		return kreq->status;
	if (test->is_bad)
		return -EBADMSG;
	if (test->op == ASYM_VERIFY)
		return 0;
	if (kreq->out_len > kat_key_bytes(test))
		return -EBADMSG;
	if (test->is_random)
		return kat_check_random(kreq, test);

	/* Leading zeros of a number may be missing. */
	if (kreq->out_len > test->out_len)
		return -EBADMSG;
	zeros = test->out_len - kreq->out_len;
	if (zeros && memchr_inv(test->out, 0, zeros))
		return -EBADMSG;
	return memcmp(kreq->op.out, test->out + zeros, kreq->out_len) ? -EBADMSG : 0;
}

/* The session @handle is open; or @key goes with the request. -EAGAIN: it was lost. */
static int kat_compute_once(struct asym_device_priv *pdev, const struct kat_test *test, u64 handle,
			    const struct asym_key_data *key)
{
	struct kat_request *kreq;
	int err;

	kreq = kzalloc(offsetof(struct kat_request, op) + provider_op_size(), GFP_KERNEL);
	if (!kreq)
		return -ENOMEM;
	kref_init(&kreq->ref);
	init_completion(&kreq->done);
	provider_op_init(&kreq->op, pdev->class);
	kreq->op.answered = kat_answered;
	kreq->op.pdev = pdev;
	kreq->op.req.algo = test->ec ? ASYM_ECDSA : ASYM_RSA;
	kreq->op.req.op = test->op;
	kreq->op.req.padding = ASYM_PAD_RAW;
	kreq->op.req.hash = ASYM_HASH_NONE;
	kreq->op.req.handle = handle;
	kreq->op.req.in_len = test->in_len;
	err = provider_op_set_key(&kreq->op, kat_key_bytes(test), GFP_KERNEL);
	if (!err && key) {
		kreq->key = *key;
		/* A public vector, but for DMA it may not be the module's. */
		kreq->key.der = kmemdup(key->der, key->der_len, GFP_KERNEL);
		kreq->op.req.key = &kreq->key;
		err = kreq->key.der ? 0 : -ENOMEM;
	}
	if (err)
		goto put;
	memcpy(kreq->op.in, test->in, test->in_len);
	if (test->op == ASYM_VERIFY) {
		kreq->op.req.digest_len = test->digest_len;
		memcpy(kreq->op.in + test->in_len, kat_digest, test->digest_len);
		if (test->is_bad)
			kreq->op.in[test->in_len + test->digest_len - 1] ^= 1;
	}

	err = kat_submit(kreq, test) ?: kat_wait(kreq, test) ?: kat_check(kreq, test);
put:
	kref_put(&kreq->ref, kat_request_free);
	return err;
}

static int kat_compute(struct asym_device_priv *pdev, const struct kat_test *test, u64 handle,
		       const struct asym_key_data *key)
{
	unsigned int i;
	int err = -EAGAIN;

	for (i = 0; i < PROVIDER_MAX_ATTEMPTS && err == -EAGAIN; i++)
		err = kat_compute_once(pdev, test, handle, key);
	return err == -EAGAIN ? -EIO : err;
}

/* Private operations with the private key, others with the public one. */
static int kat_run(struct asym_device_priv *pdev, const struct kat_test *test)
{
	bool is_private = test->op == ASYM_DECRYPT || test->op == ASYM_SIGN;
	struct asym_key_data key = kat_key(test, is_private);
	const struct asym_session_params params = {
		.key = &key,
	};
	u64 handle;
	int err;

	err = asym_key_parse(&key);
	if (err)
		return err;
	if (!provider_device_enter(pdev))
		return -ENODEV;
	err = pdev->dev->ops->open(pdev->dev, &params, &handle);
	if (err == -EINVAL || err == -EBADMSG || err == -EKEYREJECTED) {
		/* The device did not compute. */
		err = -EIO;
	} else if (!err) {
		atomic64_inc(&pdev->opens);
		err = kat_compute(pdev, test, handle, NULL);
		/* A session with a request in it is not to be closed. */
		if (err != -ETIMEDOUT) {
			pdev->dev->ops->close(pdev->dev, handle);
			atomic64_inc(&pdev->closes);
		}
	}
	if (!err && pdev->flags & ASYM_DEV_INLINE_KEY)
		err = kat_compute(pdev, test, 0, &key);
	provider_device_exit(pdev);
	return err;
}

/**
 * struct kat_unit - tests of one capability, one after the other
 * @work: runs them
 * @pdev: the device
 * @tests: the first, then the others
 * @nr: of these
 * @at: how many succeeded
 * @err: of the next, if there is one
 */
struct kat_unit {
	struct work_struct work;
	struct asym_device_priv *pdev;
	struct kat_test tests[KAT_UNIT_TESTS];
	unsigned int nr;
	unsigned int at;
	int err;
};

#define KAT_UNITS	(ARRAY_SIZE(rsa_tests) + ARRAY_SIZE(curves))

static void kat_unit_run(struct kat_unit *unit)
{
	unit->err = 0;
	for (; unit->at < unit->nr; unit->at++) {
		atomic64_inc(&unit->pdev->kat_run);
		provider_count(unit->pdev->class, PROVIDER_STAT_KAT_RUN);
		unit->err = kat_run(unit->pdev, &unit->tests[unit->at]);
		if (unit->err)
			break;
	}
}

static void kat_unit_work(struct work_struct *work)
{
	kat_unit_run(container_of(work, struct kat_unit, work));
}

/* The capability that an ECDSA test covers; NULL: not an ECDSA test */
static const char *kat_with(const struct kat_test *test)
{
	return test->ec ? ecdsa_curve_name(test->ec->curve) : NULL;
}

/* The device failed @test with @err. Logs that, and returns the errno for register(). */
static int kat_failed(struct asym_device_priv *pdev, const struct kat_test *test, int err)
{
	struct asym_class *class = pdev->class;
	bool wrong = err == -EBADMSG || err == -EINVAL || err == -EKEYREJECTED;

	/* A device in use may have no room for the test's keys, be too slow, or leave. */
	if (pdev->retested && !wrong)
		return err;
	if (err == -ENODEV || err == -ESHUTDOWN) {
		pr_info_ratelimited("%s: device %s left during its known-answer tests\n",
				    class->name, pdev->name);
		return err;
	}

	atomic64_inc(&pdev->kat_failed);
	provider_count(class, PROVIDER_STAT_KAT_FAILED);
	if (wrong) {
		pr_err_ratelimited("%s: device %s computes wrongly: %s%s%s%s; it is not used\n",
				   class->name, pdev->name, test->what,
				   kat_with(test) ? " with " : "", kat_with(test) ?: "",
				   test->is_bad ? " accepts a wrong one" : "");
		return -EBADMSG;
	}
	pr_err_ratelimited("%s: device %s failed its test of %s: %d; it is not used\n",
			   class->name, pdev->name, test->what, err);
	return err;
}

/* Remove a refused capability. Any other error fails the device. */
static int kat_unit_judge(struct kat_unit *unit)
{
	struct asym_device_priv *pdev = unit->pdev;
	const struct kat_test *test;

	if (!unit->err)
		return 0;
	test = &unit->tests[unit->at];
	if (unit->err != -EOPNOTSUPP)
		return kat_failed(pdev, test, unit->err);
	/* The capabilities do not change while the device is in use. */
	if (pdev->retested)
		return 0;
	if (test->ec) {
		pr_info_ratelimited("%s: device %s: no ECDSA with %s\n", pdev->class->name,
				    pdev->name, kat_with(test));
		pdev->caps.ec_curves &= ~BIT(test->ec->curve);
	} else {
		pr_info_ratelimited("%s: device %s: no %s\n", pdev->class->name, pdev->name,
				    test->what);
		pdev->caps.rsa_ops &= ~BIT(test->op);
	}
	return 0;
}

static struct kat_unit *kat_unit_add(struct kat_unit *unit, struct asym_device_priv *pdev)
{
	unit->pdev = pdev;
	INIT_WORK(&unit->work, kat_unit_work);
	return unit;
}

/* To sign: a digest longer than most orders, so that it must be truncated. */
static void kat_ecdsa_tests(struct kat_unit *unit, const struct kat_ec *ec)
{
	const struct kat_test sign = {
		.what = "ECDSA signature",
		.ec = ec,
		.op = ASYM_SIGN,
		.in = kat_digest,
		.in_len = sizeof(kat_digest),
		.is_random = true,
	};
	struct kat_test verify = {
		.what = "ECDSA verification",
		.ec = ec,
		.op = ASYM_VERIFY,
		.in = ec->sig,
		.in_len = ec->sig_len,
		.digest_len = ec->digest_len,
	};

	if (unit->pdev->caps.ec_ops & BIT(ASYM_SIGN))
		unit->tests[unit->nr++] = sign;
	if (unit->pdev->caps.ec_ops & BIT(ASYM_VERIFY)) {
		unit->tests[unit->nr++] = verify;
		verify.is_bad = true;
		unit->tests[unit->nr++] = verify;
	}
}

static unsigned int kat_prepare_ecdsa(struct kat_unit *units, unsigned int nr,
				      struct asym_device_priv *pdev)
{
	struct asym_caps *caps = &pdev->caps;
	u32 known = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(curves); i++) {
		if (!ecdsa_max_sig(curves[i].curve))
			continue;
		known |= BIT(curves[i].curve);
		if (caps->ec_curves & BIT(curves[i].curve))
			kat_ecdsa_tests(kat_unit_add(&units[nr++], pdev), &curves[i]);
	}
	/* Capabilities without a test are not used. */
	caps->ec_curves &= known;
	return nr;
}

/* The capabilities that the device reports, and that have tests. */
static unsigned int kat_prepare(struct kat_unit *units, struct asym_device_priv *pdev)
{
	struct asym_caps *caps = &pdev->caps;
	struct kat_unit *unit;
	unsigned int nr = 0;
	int i;

	if (caps->algos & BIT(ASYM_ECDSA))
		nr = kat_prepare_ecdsa(units, nr, pdev);
	if (!(caps->algos & BIT(ASYM_RSA)))
		return nr;
	for (i = 0; i < ARRAY_SIZE(rsa_tests); i++) {
		if (!(caps->rsa_ops & BIT(rsa_tests[i][0].op)) ||
		    !(caps->rsa_paddings & BIT(ASYM_PAD_RAW)))
			continue;
		unit = kat_unit_add(&units[nr++], pdev);
		memcpy(unit->tests, rsa_tests[i], sizeof(unit->tests));
		unit->nr = KAT_UNIT_TESTS;
	}
	return nr;
}

/* There may have been no room for so many keys at a time; QEMU returns an error. */
static bool kat_may_be_room(int err)
{
	return err == -ENOSPC || err == -EIO || err == -ENOMEM;
}

static int kat_run_all(struct kat_unit *units, unsigned int nr, bool together)
{
	unsigned int i;
	int err = 0;

	for (i = 0; together && i < nr; i++)
		queue_work(provider_open_wq, &units[i].work);
	for (i = 0; together && i < nr; i++)
		flush_work(&units[i].work);
	for (i = 0; !err && i < nr; i++) {
		if (!together || kat_may_be_room(units[i].err))
			kat_unit_run(&units[i]);
		err = kat_unit_judge(&units[i]);
	}
	return err;
}

/* Whether any of the reported capabilities is left */
static bool caps_are_useful(const struct asym_caps *caps)
{
	if (caps->algos & BIT(ASYM_ECDSA) && caps->ec_ops && caps->ec_curves)
		return true;
	return caps->algos & BIT(ASYM_RSA) && caps->rsa_paddings & BIT(ASYM_PAD_RAW) &&
	       caps->rsa_ops & (BIT(ASYM_ENCRYPT) | BIT(ASYM_DECRYPT));
}

/**
 * provider_kat() - run the known-answer tests of a device
 * @pdev: the device; capabilities that it refuses are removed, unless it is live
 *
 * Context: process; may sleep.
 * Return: 0; -EBADMSG: a wrong answer; -ETIMEDOUT: no answer, and the driver may
 * still have the request; -EOPNOTSUPP: no capability is left; else the
 * device's error. All are logged.
 */
int provider_kat(struct asym_device_priv *pdev)
{
	struct asym_caps *caps = &pdev->caps;
	struct kat_unit *units;
	unsigned int nr;
	int err;

	/* Devices for other sizes are not seen yet; they would need other vectors. */
	if (caps->algos & BIT(ASYM_RSA) &&
	    (caps->rsa_min_bits > KAT_KEY_BYTES * 8 || caps->rsa_max_bits < KAT_KEY_BYTES * 8)) {
		pr_err("%s: device %s takes keys of %u to %u bits; it is tested with 2048 and not used\n",
		       pdev->class->name, pdev->name, caps->rsa_min_bits, caps->rsa_max_bits);
		return -EOPNOTSUPP;
	}
	units = kcalloc(KAT_UNITS, sizeof(*units), GFP_KERNEL);
	if (!units)
		return -ENOMEM;
	nr = kat_prepare(units, pdev);
	err = kat_run_all(units, nr, !pdev->max_sessions || pdev->max_sessions >= nr);
	kfree(units);
	if (!err && !caps_are_useful(caps)) {
		pr_err_ratelimited("%s: device %s does nothing of what it offers; it is not used\n",
				   pdev->class->name, pdev->name);
		err = -EOPNOTSUPP;
	}
	return err;
}
