// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: whatever a caller does, results, lengths and errnos are those of the
 * kernel's software, with a device and without one. Each case is run on our
 * algorithm and on rsa-generic (or a template over it), and compared.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <crypto/sig.h>

#include "../alg/register.h"
#include "../kat_vectors.h"
#include "fake.h"

#define KEY_BYTES	sizeof(kat_sig_sha256)
#define BUF_LEN		4096
#define NAME_LEN	64

struct errno_test {
	struct asym_class *class;
	struct fake_device *fake;
	bool plugged;
	u8 modulus[KEY_BYTES];
	u8 *in[2];
	u8 *out[2];
};

struct outcome {
	int err;
	unsigned int len;
};

static int errno_test_init(struct kunit *test)
{
	const struct asym_class_params params = {
		.name = "kunit-errno",
		.prefix = "kunit-errno",
		.priority = 1,
		.public_ops = ASYM_PUBLIC_REMOTE,
		.max_wait_ms = ASYM_MAX_WAIT_MS,
	};
	struct errno_test *et = kunit_kzalloc(test, sizeof(*et), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, et);
	test->priv = et;
	et->fake = kunit_kzalloc(test, sizeof(*et->fake), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, et->fake);
	for (i = 0; i < 2; i++) {
		et->in[i] = kunit_kzalloc(test, BUF_LEN, GFP_KERNEL);
		et->out[i] = kunit_kzalloc(test, BUF_LEN, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, et->in[i]);
		KUNIT_ASSERT_NOT_NULL(test, et->out[i]);
	}
	/* RSAPublicKey ends with the modulus and 02 03 01 00 01 */
	memcpy(et->modulus, kat_public_key + sizeof(kat_public_key) - 5 - KEY_BYTES, KEY_BYTES);

	KUNIT_ASSERT_EQ(test, 0, fake_device_init(et->fake, "errno"));
	et->class = asym_class_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(et->class));
	KUNIT_ASSERT_EQ(test, 0, asym_device_register(et->class, &et->fake->dev));
	et->plugged = true;
	return 0;
}

static void errno_test_exit(struct kunit *test)
{
	struct errno_test *et = test->priv;

	if (!et || !et->fake)
		return;
	if (et->plugged)
		fake_device_remove(et->fake);
	if (!IS_ERR_OR_NULL(et->class))
		asym_class_destroy(et->class);
	fake_device_exit(et->fake);
}

static struct crypto_akcipher *akcipher_new(struct kunit *test, const char *name, bool is_private)
{
	struct crypto_akcipher *tfm = crypto_alloc_akcipher(name, 0, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(tfm), "%s", name);
	KUNIT_ASSERT_EQ(test, 0, is_private ?
			crypto_akcipher_set_priv_key(tfm, kat_private_key,
						     sizeof(kat_private_key)) :
			crypto_akcipher_set_pub_key(tfm, kat_public_key, sizeof(kat_public_key)));
	return tfm;
}

/* The input in two pieces, the output in one. */
static struct outcome akcipher_run(struct kunit *test, struct crypto_akcipher *tfm, bool decrypt,
				   u8 *in, unsigned int len, u8 *out, unsigned int room)
{
	struct akcipher_request *req = akcipher_request_alloc(tfm, GFP_KERNEL);
	unsigned int first = len > 8 ? 5 : len;
	struct scatterlist src[2], dst;
	DECLARE_CRYPTO_WAIT(wait);
	struct outcome outcome;

	KUNIT_ASSERT_NOT_NULL(test, req);
	memset(out, 0xaa, BUF_LEN);
	sg_init_table(src, 2);
	sg_set_buf(&src[0], in, first);
	sg_set_buf(&src[1], in + first, BUF_LEN - first);
	sg_init_one(&dst, out, BUF_LEN);
	akcipher_request_set_crypt(req, src, &dst, len, room);
	akcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG, crypto_req_done, &wait);
	outcome.err = crypto_wait_req(decrypt ? crypto_akcipher_decrypt(req) :
				      crypto_akcipher_encrypt(req), &wait);
	outcome.len = req->dst_len;
	akcipher_request_free(req);
	return outcome;
}

enum compare {
	COMPARE_ALL,
	COMPARE_LENGTH,		/* the result is random */
};

/* et->in[0] is the input. */
static void akcipher_same(struct kunit *test, struct crypto_akcipher *const tfms[2], bool decrypt,
			  unsigned int len, unsigned int room, enum compare compare,
			  const char *what)
{
	struct errno_test *et = test->priv;
	struct outcome ours, theirs;

	memcpy(et->in[1], et->in[0], BUF_LEN);
	ours = akcipher_run(test, tfms[0], decrypt, et->in[0], len, et->out[0], room);
	theirs = akcipher_run(test, tfms[1], decrypt, et->in[1], len, et->out[1], room);
	KUNIT_EXPECT_EQ_MSG(test, theirs.err, ours.err, "%s, %u bytes, room %u, decrypt %d", what,
			    len, room, decrypt);
	KUNIT_EXPECT_EQ_MSG(test, theirs.len, ours.len, "%s, %u bytes, room %u, decrypt %d", what,
			    len, room, decrypt);
	if (!ours.err && !theirs.err && compare == COMPARE_ALL)
		KUNIT_EXPECT_MEMEQ_MSG(test, et->out[0], et->out[1], BUF_LEN,
				       "%s, %u bytes, room %u, decrypt %d", what, len, room,
				       decrypt);
}

static void raw_cases(struct kunit *test, bool is_private)
{
	static const unsigned int rooms[] = { 0, 1, 8, 248, 255, 256, 257, 512, 1000 };
	struct errno_test *et = test->priv;
	struct crypto_akcipher *tfms[2];
	u8 *in = et->in[0];
	int decrypt, i;

	tfms[0] = akcipher_new(test, "kunit-errno-rsa", is_private);
	tfms[1] = akcipher_new(test, "rsa-generic", is_private);
	for (decrypt = 0; decrypt < 2; decrypt++) {
		memset(in, 0, BUF_LEN);
		for (i = 0; i < 3; i++) {
			in[0] = i;
			akcipher_same(test, tfms, decrypt, 1, 256, COMPARE_ALL, "tiny number");
			in[0] = 0;
			in[299] = i;
			akcipher_same(test, tfms, decrypt, 300, 256, COMPARE_ALL, "zeros before");
			in[299] = 0;
		}
		akcipher_same(test, tfms, decrypt, 600, 256, COMPARE_ALL, "zeros only");

		/* around the modulus, with and without zeros in front */
		for (i = -2; i < 2; i++) {
			memcpy(in, et->modulus, KEY_BYTES);
			in[KEY_BYTES - 1] += i;
			akcipher_same(test, tfms, decrypt, KEY_BYTES, 256, COMPARE_ALL, "modulus");
			memset(in, 0, BUF_LEN);
			memcpy(in + 2 * KEY_BYTES + 3, et->modulus, KEY_BYTES);
			in[3 * KEY_BYTES + 2] += i;
			akcipher_same(test, tfms, decrypt, 3 * KEY_BYTES + 3, 256, COMPARE_ALL,
				      "modulus after zeros");
			memset(in, 0, BUF_LEN);
		}

		memset(in, 0x11, BUF_LEN);
		akcipher_same(test, tfms, decrypt, 257, 256, COMPARE_ALL, "longer than the key");
		akcipher_same(test, tfms, decrypt, 2048, 256, COMPARE_ALL, "much longer");
		akcipher_same(test, tfms, decrypt, 100, 256, COMPARE_ALL, "shorter than the key");

		memcpy(in, kat_raw_message, KEY_BYTES);
		for (i = 0; i < ARRAY_SIZE(rooms); i++)
			akcipher_same(test, tfms, decrypt, KEY_BYTES, rooms[i], COMPARE_ALL,
				      "room");
	}

	/* results that begin with one and with many zeros */
	for (i = 0; i < 2 * ARRAY_SIZE(rooms); i++) {
		memset(in, 0, BUF_LEN);
		if (is_private)
			memcpy(in, i & 1 ? kat_zero_cipher : kat_short_cipher, KEY_BYTES);
		else
			memcpy(in, i & 1 ? kat_zero_signed : kat_short_signed, KEY_BYTES);
		akcipher_same(test, tfms, is_private, KEY_BYTES, rooms[i / 2], COMPARE_ALL,
			      "result with leading zeros");
	}

	/* a result of one byte: 2 to the power of e, decrypted */
	if (is_private) {
		memset(in, 0, BUF_LEN);
		in[0] = 2;
		akcipher_run(test, tfms[1], false, in, 1, et->out[1], KEY_BYTES);
		memcpy(in, et->out[1], KEY_BYTES);
		for (i = 0; i < ARRAY_SIZE(rooms); i++)
			akcipher_same(test, tfms, true, KEY_BYTES, rooms[i], COMPARE_ALL,
				      "room for a short result");
	}
	crypto_free_akcipher(tfms[0]);
	crypto_free_akcipher(tfms[1]);
}

/* The template itself must not be given more room than the key's size: it overflows (6.12). */
static void pkcs1_cases(struct kunit *test, bool is_private)
{
	static const unsigned int rooms[] = { 0, 1, 25, 26, 27, 255, 256 };
	static const unsigned int lens[] = { 0, 1, 244, 245, 246, 255, 256, 257, 600 };
	struct errno_test *et = test->priv;
	struct crypto_akcipher *tfms[2];
	u8 *in = et->in[0];
	int i;

	tfms[0] = akcipher_new(test, "kunit-errno-pkcs1-rsa", is_private);
	tfms[1] = akcipher_new(test, "pkcs1pad(rsa-generic)", is_private);
	KUNIT_EXPECT_EQ(test, crypto_akcipher_maxsize(tfms[1]), crypto_akcipher_maxsize(tfms[0]));

	memset(in, 0x22, BUF_LEN);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		akcipher_same(test, tfms, false, lens[i], 256, COMPARE_LENGTH, "encryption");
		akcipher_same(test, tfms, false, lens[i], 255, COMPARE_LENGTH, "encryption");
		akcipher_same(test, tfms, true, lens[i], 256, COMPARE_ALL, "bad ciphertext");
	}
	memcpy(in, kat_pkcs1_cipher, KEY_BYTES);
	for (i = 0; i < ARRAY_SIZE(rooms); i++)
		akcipher_same(test, tfms, true, KEY_BYTES, rooms[i], COMPARE_ALL, "decryption");
	for (i = 0; i < 3; i++) {
		memcpy(in, et->modulus, KEY_BYTES);
		in[KEY_BYTES - 1] -= i;
		akcipher_same(test, tfms, true, KEY_BYTES, 256, COMPARE_ALL, "modulus");
	}
	/* decrypts to a signature's padding */
	memcpy(in, kat_sig_sha256, KEY_BYTES);
	akcipher_same(test, tfms, true, KEY_BYTES, 256, COMPARE_ALL, "bad padding");

	crypto_free_akcipher(tfms[0]);
	crypto_free_akcipher(tfms[1]);
}

static struct crypto_sig *sig_new(struct kunit *test, const char *name, bool is_private)
{
	struct crypto_sig *tfm = crypto_alloc_sig(name, 0, 0);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(tfm), "%s", name);
	KUNIT_ASSERT_EQ(test, 0, is_private ?
			crypto_sig_set_privkey(tfm, kat_private_key, sizeof(kat_private_key)) :
			crypto_sig_set_pubkey(tfm, kat_public_key, sizeof(kat_public_key)));
	return tfm;
}

static void sig_same_sign(struct kunit *test, struct crypto_sig *const tfms[2], unsigned int len,
			  unsigned int room)
{
	struct errno_test *et = test->priv;
	int err[2], i;

	for (i = 0; i < 2; i++) {
		memset(et->out[i], 0xaa, BUF_LEN);
		err[i] = crypto_sig_sign(tfms[i], kat_digest, len, et->out[i], room);
	}
	KUNIT_EXPECT_EQ_MSG(test, err[1], err[0], "signing %u bytes, room %u", len, room);
	if (err[0] >= 0 && err[1] >= 0)
		KUNIT_EXPECT_MEMEQ(test, et->out[0], et->out[1], BUF_LEN);
}

static void sig_same_verify(struct kunit *test, struct crypto_sig *const tfms[2], const u8 *sig,
			    unsigned int sig_len, unsigned int len, const char *what)
{
	struct errno_test *et = test->priv;
	int err[2], i;

	memcpy(et->in[0], sig, sig_len);
	memset(et->in[1], 0, BUF_LEN);
	memcpy(et->in[1], kat_digest, min_t(size_t, len, sizeof(kat_digest)));
	for (i = 0; i < 2; i++)
		err[i] = crypto_sig_verify(tfms[i], et->in[0], sig_len, et->in[1], len);
	KUNIT_EXPECT_EQ_MSG(test, err[1], err[0], "%s: %u bytes, digest of %u", what, sig_len, len);
}

static void sig_cases(struct kunit *test, const char *ours, const char *theirs, bool is_private)
{
	static const unsigned int lens[] = { 0, 1, 20, 31, 32, 33, 36, 48, 64 };
	struct errno_test *et = test->priv;
	struct crypto_sig *tfms[2];
	u8 bad[KEY_BYTES];
	int i;

	tfms[0] = sig_new(test, ours, is_private);
	tfms[1] = sig_new(test, theirs, is_private);
	KUNIT_EXPECT_EQ(test, crypto_sig_maxsize(tfms[1]), crypto_sig_maxsize(tfms[0]));

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		sig_same_sign(test, tfms, lens[i], 256);
		sig_same_sign(test, tfms, lens[i], 255);
		sig_same_verify(test, tfms, kat_sig_sha256, KEY_BYTES, lens[i], "sha256");
		sig_same_verify(test, tfms, kat_sig_none, KEY_BYTES, lens[i], "none");
		sig_same_verify(test, tfms, kat_sig_sha384, KEY_BYTES, lens[i], "sha384");
		sig_same_verify(test, tfms, kat_pkcs1_cipher, KEY_BYTES, lens[i], "encryption");
		sig_same_verify(test, tfms, kat_sig_sha256, KEY_BYTES - 1, lens[i], "short");
		sig_same_verify(test, tfms, kat_digest, 0, lens[i], "none at all");
	}
	sig_same_verify(test, tfms, kat_sig_sha256, KEY_BYTES, 300, "digest longer than the key");
	for (i = 0; i < 3; i++) {
		memcpy(bad, et->modulus, KEY_BYTES);
		bad[KEY_BYTES - 1] -= i;
		sig_same_verify(test, tfms, bad, KEY_BYTES, 32, "modulus");
		memset(bad, 0, KEY_BYTES);
		bad[KEY_BYTES - 1] = i;
		sig_same_verify(test, tfms, bad, KEY_BYTES, 32, "tiny");
	}
	memcpy(bad, kat_sig_sha256, KEY_BYTES);
	bad[100] ^= 4;
	sig_same_verify(test, tfms, bad, KEY_BYTES, 32, "damaged");

	crypto_free_sig(tfms[0]);
	crypto_free_sig(tfms[1]);
}

static void all_cases(struct kunit *test)
{
	char theirs[NAME_LEN];
	int is_private;

	for (is_private = 0; is_private < 2; is_private++) {
		raw_cases(test, is_private);
		pkcs1_cases(test, is_private);
		snprintf(theirs, sizeof(theirs), COMPAT_CRYPTO_PKCS1_SIGN "(rsa-generic,sha256)");
		sig_cases(test, "kunit-errno-pkcs1-rsa-sha256", theirs, is_private);
#if COMPAT_CRYPTO_HAS_SIG
		sig_cases(test, "kunit-errno-pkcs1-rsa-none", "pkcs1(rsa-generic,none)",
			  is_private);
#else
		sig_cases(test, "kunit-errno-pkcs1-rsa", "pkcs1pad(rsa-generic)", is_private);
#endif
	}
}

static void same_with_a_device(struct kunit *test)
{
	struct errno_test *et = test->priv;
	struct asym_class_stats stats;

	all_cases(test);
	asym_class_get_stats(et->class, &stats);
	KUNIT_EXPECT_GT(test, stats.device, 100ULL);
	KUNIT_EXPECT_EQ(test, 0ULL, stats.sw_device_error);
}

/* One that answers with numbers, not with blocks. */
static void same_with_short_results(struct kunit *test)
{
	struct errno_test *et = test->priv;

	et->fake->strip = true;
	same_with_a_device(test);
}

static void same_without_a_device(struct kunit *test)
{
	struct errno_test *et = test->priv;
	struct asym_class_stats before, after;

	fake_device_remove(et->fake);
	et->plugged = false;
	asym_class_get_stats(et->class, &before);
	all_cases(test);
	asym_class_get_stats(et->class, &after);
	KUNIT_EXPECT_EQ(test, before.device, after.device);
	KUNIT_EXPECT_GT(test, after.sw_no_device, 100ULL);
}

static void same_verdict_on_keys(struct kunit *test)
{
	static const unsigned int lens[] = { 0, 1, 2, 100, 269, 270, 271 };
	struct errno_test *et = test->priv;
	struct crypto_akcipher *tfms[2];
	u8 *der = et->in[0];
	int i, t;

	tfms[0] = akcipher_new(test, "kunit-errno-rsa", false);
	tfms[1] = akcipher_new(test, "rsa-generic", false);
	memcpy(der, kat_public_key, sizeof(kat_public_key));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		int err[2];

		for (t = 0; t < 2; t++)
			err[t] = crypto_akcipher_set_pub_key(tfms[t], der, lens[i]);
		KUNIT_EXPECT_EQ_MSG(test, err[1], err[0], "public, %u", lens[i]);
		for (t = 0; t < 2; t++)
			err[t] = crypto_akcipher_set_priv_key(tfms[t], der, lens[i]);
		KUNIT_EXPECT_EQ_MSG(test, err[1], err[0], "private, %u", lens[i]);
		/* after a failure there is no key */
		KUNIT_EXPECT_EQ(test, -EINVAL,
				akcipher_run(test, tfms[0], false, der, 20, et->out[0], 0).err);
	}
	crypto_free_akcipher(tfms[0]);
	crypto_free_akcipher(tfms[1]);
}

static struct kunit_case errno_cases[] = {
	KUNIT_CASE_SLOW(same_with_a_device),
	KUNIT_CASE_SLOW(same_with_short_results),
	KUNIT_CASE_SLOW(same_without_a_device),
	KUNIT_CASE_SLOW(same_verdict_on_keys),
	{}
};

static struct kunit_suite errno_suite = {
	.name = "asym_provider_errno",
	.init = errno_test_init,
	.exit = errno_test_exit,
	.test_cases = errno_cases,
};

kunit_test_suite(errno_suite);
