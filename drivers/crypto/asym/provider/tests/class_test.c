// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of asym_provider: keys, errnos and operations that no device takes. All but
 * the last are below the crypto API.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "../alg/register.h"
#include "fixture.h"

static void software_is_asked_for_the_errno(struct kunit *test)
{
	struct provider_test *pt = test->priv;

	ptest_plug(pt, 0);
	KUNIT_EXPECT_EQ(test, 0, ptest_verify(pt, true));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED, ptest_verify(pt, false));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_RECHECKED));
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));

	/* refused without a reason */
	pt->fake[0]->status = -EINVAL;
	ptest_sign(pt);
	KUNIT_EXPECT_EQ(test, 2ULL, ptest_stat(pt, PROVIDER_STAT_RECHECKED));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_DEVICE_ERROR));
	KUNIT_EXPECT_EQ(test, 1LL, (s64)atomic64_read(&pt->fake[0]->dev.p->errors));
	ptest_expect_consistent(pt);
}

static void bad_padding_takes_no_second_look(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top = ptest_op_new(pt, ASYM_DECRYPT, kat_raw_cipher, KEY_BYTES);

	ptest_plug(pt, 0);
	ptest_op_start(top, pt->key, true);
	KUNIT_EXPECT_EQ(test, -EINVAL, ptest_op_wait(pt, top));
	KUNIT_EXPECT_EQ(test, 0ULL, ptest_stat(pt, PROVIDER_STAT_RECHECKED));
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
}

/* Padding is added before: a device knows nothing of hashes. */
static void every_hash_is_a_devices(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct test_op *top = ptest_op_new(pt, ASYM_SIGN, kat_digest, 64);

	ptest_plug(pt, 0);
	top->op->hash = ASYM_HASH_SHA512;
	ptest_op_start(top, pt->key, true);
	KUNIT_ASSERT_EQ(test, 0, ptest_op_wait(pt, top));
	KUNIT_EXPECT_MEMEQ(test, top->op->out, kat_sig_sha512, KEY_BYTES);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_DEVICE));
}

static void keys_are_judged_by_software(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *key;

	key = ptest_key_get(pt, true, kat_public_key, sizeof(kat_public_key));
	KUNIT_EXPECT_TRUE(test, IS_ERR(key));
	key = ptest_key_get(pt, false, kat_public_key, sizeof(kat_public_key) - 1);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EBADMSG), key);
	key = ptest_key_get(pt, false, kat_public_key, 0);
	KUNIT_EXPECT_TRUE(test, IS_ERR(key));
	KUNIT_EXPECT_EQ(test, 1U, pt->class->nr_keys);

	KUNIT_EXPECT_EQ(test, -EINVAL, provider_key_check_range(pt->key, "\0\0\1", 3));
	KUNIT_EXPECT_EQ(test, 0, provider_key_check_range(pt->key, "\0\0\2", 3));
}

/* 2040 bits are 2048 to the software, which counts words, and 255 bytes to a device. */
static void odd_sizes_are_software(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	u8 der[sizeof(kat_public_key)];
	u8 *n = der + sizeof(der) - 5 - KEY_BYTES;
	struct provider_key *key;
	struct test_op *top;

	ptest_plug(pt, 0);
	memcpy(der, kat_public_key, sizeof(der));
	n[0] = 0;
	n[1] |= 0x80;
	key = ptest_key_get(pt, false, der, sizeof(der));
	KUNIT_ASSERT_FALSE(test, IS_ERR(key));
	KUNIT_EXPECT_FALSE(test, key->device_ok);
	top = ptest_op_new(pt, ASYM_ENCRYPT, kat_message, sizeof(kat_message));
	ptest_op_start(top, key, true);
	KUNIT_EXPECT_EQ(test, 0, ptest_op_wait(pt, top));
	provider_key_put(key);
	KUNIT_EXPECT_EQ(test, 1ULL, ptest_stat(pt, PROVIDER_STAT_SW_UNSUPPORTED));
	ptest_expect_consistent(pt);
}

/* Private and public, and every byte of the encoding, make another key. */
static void keys_are_told_apart(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct provider_key *a = ptest_other_key(pt, 0), *b = ptest_other_key(pt, 1);
	struct provider_key *again = ptest_other_key(pt, 0);
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
			    ptest_key_get(pt, false, long_der, ASYM_MAX_DER + 1));
}

/* "<a>-pkcs1-rsa" is an algorithm of class <a>, and the first one of class "<a>-pkcs1". */
static void names_are_taken(struct kunit *test)
{
	static const char * const prefixes[] = { "kunit-x", "kunit-x-pkcs1" };
	struct provider_test *pt = test->priv;
	struct asym_class *class[2];
	int first, i;

	for (first = 0; first < 2; first++) {
		for (i = 0; i < 2; i++) {
			const struct asym_class_params params = {
				.name = prefixes[i ^ first],
				.prefix = prefixes[i ^ first],
				.priority = 1,
			};

			class[i] = asym_class_create(&params);
			KUNIT_ASSERT_FALSE(test, IS_ERR(class[i]));
			pt->fake[i]->status = 0;
			KUNIT_EXPECT_EQ(test, i ? -EEXIST : 0,
					asym_device_register(class[i], &pt->fake[i]->dev));
		}
		fake_device_remove(pt->fake[0]);
		asym_class_destroy(class[1]);
		asym_class_destroy(class[0]);
		for (i = 0; i < 2; i++)
			KUNIT_EXPECT_FALSE(test, asym_exec_is_remote(i ? "kunit-x-pkcs1-rsa" :
									 "kunit-x-rsa"));
		KUNIT_EXPECT_FALSE(test, crypto_has_alg("kunit-x-rsa", 0, CRYPTO_NOLOAD));
		KUNIT_EXPECT_FALSE(test, crypto_has_alg("kunit-x-pkcs1-rsa", 0, CRYPTO_NOLOAD));
	}
}

/* Through the crypto API, and beyond the class's end. */
static void transform_outlives_class(struct kunit *test)
{
	struct provider_test *pt = test->priv;
	struct asym_class_params params = {
		.name = "kunit-algs",
		.prefix = "kunit-algs",
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
	/* the crypto core frees the zombie's algorithms */
	msleep(300);
}

static struct kunit_case asym_provider_cases[] = {
	KUNIT_CASE(software_is_asked_for_the_errno),
	KUNIT_CASE(bad_padding_takes_no_second_look),
	KUNIT_CASE(every_hash_is_a_devices),
	KUNIT_CASE(keys_are_judged_by_software),
	KUNIT_CASE(odd_sizes_are_software),
	KUNIT_CASE(keys_are_told_apart),
	KUNIT_CASE(names_are_taken),
	KUNIT_CASE_SLOW(transform_outlives_class),
	{}
};

static struct kunit_suite asym_provider_suite = {
	.name = "asym_provider",
	.init = ptest_init,
	.exit = ptest_exit,
	.test_cases = asym_provider_cases,
};

kunit_test_suite(asym_provider_suite);
