/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests of asym_provider share. See fixture.c.
 *
 * All of it may sleep, and fails the test that runs when something is amiss.
 */
#ifndef _ASYM_PROVIDER_FIXTURE_H
#define _ASYM_PROVIDER_FIXTURE_H

#include <kunit/test.h>
#include <linux/completion.h>

#include "../class.h"
#include "../device.h"
#include "../kat_vectors.h"
#include "../key.h"
#include "../op/pool.h"
#include "../op/start.h"
#include "../op/types.h"
#include "../session.h"
#include "../shared.h"
#include "../stats.h"
#include "fake.h"

#define DIGEST_LEN	32
#define KEY_BYTES	sizeof(kat_sig_sha256)

/**
 * struct provider_test - test->priv
 * @test: the test that runs
 * @class: no algorithms: the tests are the callers
 * @fake: two devices, not registered
 * @key: the private key of provider_kat_vectors.c in @class
 */
struct provider_test {
	struct kunit *test;
	struct asym_class *class;
	struct fake_device *fake[2];
	struct provider_key *key;
};

/**
 * struct test_op - an operation, and how often it was answered
 * @done: completed with each answer
 * @answers: their number
 * @progress: for the test's provider_op::progress
 * @err: of the last
 * @op: the operation
 */
struct test_op {
	struct completion done;
	atomic_t answers;
	atomic_t progress;
	int err;
	struct provider_op *op;
};

static inline u64 ptest_stat(struct provider_test *pt, enum provider_stat nr)
{
	return provider_stat(pt->class, nr);
}

/* struct kunit_suite's ->init and ->exit */
/* The cache's entry for an RSA key. */
static inline struct provider_key *ptest_key_get(struct provider_test *pt, bool is_private,
						 const void *der, unsigned int der_len)
{
	const struct asym_key_data data = {
		.algo = ASYM_RSA,
		.is_private = is_private,
		.der = der,
		.der_len = der_len,
	};

	return provider_key_get(pt->class, &data);
}

int ptest_init(struct kunit *test);
void ptest_exit(struct kunit *test);

/* Registers device @nr: it passes its known-answer tests. */
void ptest_plug(struct provider_test *pt, int nr);

/* Until @fake holds the answers of at least @nr requests; false: not within 20 s. */
bool ptest_wait_held(struct fake_device *fake, unsigned int nr);

/*
 * An operation, PKCS#1 with SHA-256, on @len bytes at @in, freed when the test ends. It is started
 * with ptest_op_start(), and its errno is what ptest_op_wait() returns.
 */
struct test_op *ptest_op_new(struct provider_test *pt, u8 nr, const void *in, unsigned int len);
void ptest_op_start(struct test_op *top, struct provider_key *key, bool may_sleep);
int ptest_op_wait(struct provider_test *pt, struct test_op *top);

/* A signature, which is the known one: in two steps, and in one. */
struct test_op *ptest_sign_start(struct provider_test *pt, bool may_sleep);
void ptest_sign_check(struct provider_test *pt, struct test_op *top);
void ptest_sign(struct provider_test *pt);

/* The errno for the known signature, or for another. */
int ptest_verify(struct provider_test *pt, bool good);

/* Public key number @nr of 120, with a reference; and one encryption with it, which succeeds. */
struct provider_key *ptest_other_key(struct provider_test *pt, u8 nr);
void ptest_encrypt(struct provider_test *pt, u8 nr);

/* Every operation was computed once, and each in software has one reason. */
void ptest_expect_consistent(struct provider_test *pt);

#endif /* _ASYM_PROVIDER_FIXTURE_H */
