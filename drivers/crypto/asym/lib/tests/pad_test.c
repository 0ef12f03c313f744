// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of pad.c. Keys, signatures and ciphertexts were made by
 * openssl (tools/testing/modules/make-vectors); blocks are recovered from them
 * with rsa-generic.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/akcipher.h>

#include <crypto/internal/asym/pad.h>
#include "vectors.h"

#define BLOCK	128	/* RSA-1024 */
#define SEED	20261122

static const struct {
	enum asym_hash hash;
	const u8 *digest;
	unsigned int digest_len;
	const u8 *sig;
} signatures[] = {
	{ ASYM_HASH_NONE, plain_message, sizeof(plain_message), rsa1024_sig_none },
	{ ASYM_HASH_MD5, digest_md5, sizeof(digest_md5), rsa1024_sig_md5 },
	{ ASYM_HASH_SHA1, digest_sha1, sizeof(digest_sha1), rsa1024_sig_sha1 },
	{ ASYM_HASH_SHA224, digest_sha224, sizeof(digest_sha224), rsa1024_sig_sha224 },
	{ ASYM_HASH_SHA256, digest_sha256, sizeof(digest_sha256), rsa1024_sig_sha256 },
	{ ASYM_HASH_SHA384, digest_sha384, sizeof(digest_sha384), rsa1024_sig_sha384 },
	{ ASYM_HASH_SHA512, digest_sha512, sizeof(digest_sha512), rsa1024_sig_sha512 },
};

/* Raw RSA-1024 by the kernel's software. */
static void raw(struct kunit *test, bool private_op, const u8 *in, u8 *out)
{
	struct crypto_akcipher *tfm = crypto_alloc_akcipher("rsa-generic", 0, 0);
	int err;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tfm);
	err = crypto_akcipher_set_priv_key(tfm, rsa1024_priv, sizeof(rsa1024_priv));
	KUNIT_EXPECT_EQ(test, 0, err);
	if (private_op)
		err = crypto_akcipher_sync_decrypt(tfm, in, BLOCK, out, BLOCK);
	else
		err = crypto_akcipher_sync_encrypt(tfm, in, BLOCK, out, BLOCK);
	KUNIT_EXPECT_LE(test, 0, err);
	crypto_free_akcipher(tfm);
}

static void hash_names(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(signatures); i++) {
		enum asym_hash hash = signatures[i].hash;

		KUNIT_ASSERT_NOT_NULL(test, asym_hash_name(hash));
		KUNIT_EXPECT_EQ(test, hash ? signatures[i].digest_len : 0,
				asym_hash_digest_size(hash));
	}
	KUNIT_EXPECT_NULL(test, asym_hash_name(1));
	KUNIT_EXPECT_NULL(test, asym_hash_name(ASYM_HASH_NR));
	KUNIT_EXPECT_NULL(test, asym_hash_name(-1));
	KUNIT_EXPECT_EQ(test, 0, asym_hash_digest_size(ASYM_HASH_NR));
}

static void emsa_vectors(struct kunit *test)
{
	u8 recovered[BLOCK], block[BLOCK];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(signatures); i++) {
		raw(test, false, signatures[i].sig, recovered);
		KUNIT_EXPECT_EQ(test, 0, asym_pad_emsa_encode(signatures[i].hash,
							      signatures[i].digest,
							      signatures[i].digest_len,
							      block, BLOCK));
		KUNIT_EXPECT_MEMEQ(test, block, recovered, BLOCK);
		for (j = 0; j < ARRAY_SIZE(signatures); j++) {
			int err = asym_pad_emsa_check(signatures[j].hash, signatures[j].digest,
						      signatures[j].digest_len, recovered, BLOCK);

			/* another hash: a wrong DigestInfo, except where none is expected */
			KUNIT_EXPECT_EQ(test, i == j ? 0 : j ? -EBADMSG : -EKEYREJECTED, err);
		}
	}
}

static void emsa_room(struct kunit *test)
{
	u8 *block = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	unsigned int info, size;
	int i;

	for (i = 0; i < ARRAY_SIZE(signatures); i++) {
		info = !i ? 0 : signatures[i].hash == ASYM_HASH_SHA1 ? 15 :
		       signatures[i].hash == ASYM_HASH_MD5 ? 18 : 19;
		for (size = 1; size <= BLOCK; size++) {
			int err = asym_pad_emsa_encode(signatures[i].hash, signatures[i].digest,
						       signatures[i].digest_len, block, size);

			KUNIT_EXPECT_EQ(test, size < 11 + info + signatures[i].digest_len ?
					-EOVERFLOW : 0, err);
		}
	}
	KUNIT_EXPECT_EQ(test, -EINVAL, asym_pad_emsa_encode(2, block, 0, block, BLOCK));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			asym_pad_emsa_encode(ASYM_HASH_SHA256, NULL, UINT_MAX, block, BLOCK));
	KUNIT_EXPECT_EQ(test, -EINVAL, asym_pad_emsa_check(2, NULL, 0, block, BLOCK));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			asym_pad_emsa_check(ASYM_HASH_SHA256, NULL, 0, block, 4096));
}

/* Every size of modulus and hash: what is encoded is accepted, with another bit it is not. */
static void emsa_every_size(struct kunit *test)
{
	static const unsigned int sizes[] = { 64, 128, 192, 256, 384, 512 };
	unsigned int i, j, pos, size;
	u8 *block;
	int err;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		block = kunit_kmalloc(test, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, block);
		for (j = 0; j < ARRAY_SIZE(signatures); j++) {
			err = asym_pad_emsa_encode(signatures[j].hash, signatures[j].digest,
						   signatures[j].digest_len, block, size);
			/* 11 + 19 + 48 and 64 do not fit into 64 bytes */
			KUNIT_EXPECT_EQ(test, size == 64 && signatures[j].digest_len >= 48 ?
					-EOVERFLOW : 0, err);
			if (err)
				continue;
			KUNIT_EXPECT_EQ(test, 0,
					asym_pad_emsa_check(signatures[j].hash,
							    signatures[j].digest,
							    signatures[j].digest_len, block, size));
			for (pos = 0; pos < size; pos++) {
				block[pos] ^= 1 << pos % 8;
				err = asym_pad_emsa_check(signatures[j].hash, signatures[j].digest,
							  signatures[j].digest_len, block, size);
				KUNIT_EXPECT_LT_MSG(test, err, 0, "size %u hash %u byte %u", size,
						    signatures[j].hash, pos);
				block[pos] ^= 1 << pos % 8;
			}
		}
	}
}

static void emsa_mutated(struct kunit *test)
{
	u8 block[BLOCK];
	unsigned int i, info = BLOCK - 32 - 19;
	int err;

	KUNIT_ASSERT_EQ(test, 0, asym_pad_emsa_encode(ASYM_HASH_SHA256, digest_sha256, 32,
						      block, BLOCK));
	for (i = 0; i < BLOCK; i++) {
		block[i] ^= 0x10;
		err = asym_pad_emsa_check(ASYM_HASH_SHA256, digest_sha256, 32, block, BLOCK);
		KUNIT_EXPECT_EQ_MSG(test, err, i == 0 ? -EINVAL :
				    i < info + 19 ? -EBADMSG : -EKEYREJECTED, "byte %u", i);
		block[i] ^= 0x10;
	}
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
			asym_pad_emsa_check(ASYM_HASH_SHA256, digest_sha256, 31, block, BLOCK));
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
			asym_pad_emsa_check(ASYM_HASH_SHA256, digest_sha256, 0, block, BLOCK));

	/* shorter padding, garbage behind the digest: Bleichenbacher's forgery */
	memmove(block + 12, block + info, 19 + 32);
	block[11] = 0;
	KUNIT_EXPECT_EQ(test, -EKEYREJECTED,
			asym_pad_emsa_check(ASYM_HASH_SHA256, digest_sha256, 32, block, BLOCK));
}

static void rsaes_round_trip(struct kunit *test)
{
	u8 *block = kunit_kmalloc(test, BLOCK, GFP_KERNEL);
	u8 msg[BLOCK], out[BLOCK];
	unsigned int len, room;

	get_random_bytes(msg, sizeof(msg));
	for (len = 0; len <= BLOCK - 11; len++) {
		KUNIT_ASSERT_EQ(test, 0, asym_pad_rsaes_encode(msg, len, block, BLOCK));
		KUNIT_EXPECT_EQ(test, 0, block[0]);
		KUNIT_EXPECT_EQ(test, 2, block[1]);
		KUNIT_EXPECT_NULL(test, memchr(block + 2, 0, BLOCK - len - 3));
		KUNIT_EXPECT_EQ(test, 0, block[BLOCK - len - 1]);

		room = len;
		KUNIT_EXPECT_EQ(test, 0, asym_pad_rsaes_decode(block, BLOCK, out, &room));
		KUNIT_EXPECT_EQ(test, len, room);
		KUNIT_EXPECT_MEMEQ(test, out, msg, len);
		if (!len)
			continue;
		room = len - 1;
		KUNIT_EXPECT_EQ(test, -EOVERFLOW, asym_pad_rsaes_decode(block, BLOCK, out, &room));
		KUNIT_EXPECT_EQ(test, len, room);
	}
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, asym_pad_rsaes_encode(msg, BLOCK - 10, block, BLOCK));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, asym_pad_rsaes_encode(msg, UINT_MAX, block, BLOCK));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, asym_pad_rsaes_encode(msg, 0, block, 10));
}

/* Every size of modulus, every length of message, and every length of padding that is too short. */
static void rsaes_every_size(struct kunit *test)
{
	static const unsigned int sizes[] = { 11, 64, 128, 192, 256, 384, 512 };
	unsigned int i, size, len, pad, room;
	u8 *block, *msg, *out;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		/* exactly as large as said, so that KASAN sees a byte more */
		block = kunit_kmalloc(test, size, GFP_KERNEL);
		msg = kunit_kmalloc(test, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, block);
		KUNIT_ASSERT_NOT_NULL(test, msg);
		get_random_bytes(msg, size);
		for (len = 0; len <= size - 11; len++) {
			KUNIT_ASSERT_EQ(test, 0, asym_pad_rsaes_encode(msg, len, block, size));
			out = kmalloc(len, GFP_KERNEL);
			room = len;
			KUNIT_EXPECT_EQ(test, 0, asym_pad_rsaes_decode(block, size, out, &room));
			KUNIT_EXPECT_EQ(test, len, room);
			if (len)
				KUNIT_EXPECT_EQ(test, 0, memcmp(out, msg, len));
			kfree(out);
		}
		KUNIT_EXPECT_EQ(test, -EOVERFLOW, asym_pad_rsaes_encode(msg, len, block, size));

		out = kunit_kmalloc(test, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, out);
		memset(block, 0xff, size);
		block[0] = 0;
		block[1] = 2;
		for (pad = 0; pad + 2 < size; pad++) {
			block[2 + pad] = 0;
			room = size;
			KUNIT_EXPECT_EQ_MSG(test, pad < 8 ? -EINVAL : 0,
					    asym_pad_rsaes_decode(block, size, out, &room),
					    "%u bytes of padding of %u", pad, size);
			block[2 + pad] = 0xff;
		}
	}
}

static void rsaes_vector(struct kunit *test)
{
	u8 block[BLOCK], out[BLOCK];
	unsigned int room = sizeof(out);

	raw(test, true, rsa1024_enc_message, block);
	KUNIT_EXPECT_EQ(test, 0, asym_pad_rsaes_decode(block, BLOCK, out, &room));
	KUNIT_EXPECT_EQ(test, sizeof(plain_message), room);
	KUNIT_EXPECT_MEMEQ(test, out, plain_message, sizeof(plain_message));
}

static void rsaes_malformed(struct kunit *test)
{
	u8 block[BLOCK], out[BLOCK];
	unsigned int room, i;
	int err;

	KUNIT_ASSERT_EQ(test, 0, asym_pad_rsaes_encode(plain_message, 4, block, BLOCK));
	for (i = 0; i < BLOCK; i++) {
		u8 saved = block[i];

		block[i] = i == 0 || i == BLOCK - 5 ? 1 : 0;
		room = sizeof(out);
		err = asym_pad_rsaes_decode(block, BLOCK, out, &room);
		/* up to eight bytes of padding, or without a separator: refused; else a message */
		KUNIT_EXPECT_EQ_MSG(test, err, i < 10 || i == BLOCK - 5 ? -EINVAL : 0,
				    "byte %u", i);
		if (!err)
			KUNIT_EXPECT_EQ(test, room, i < BLOCK - 5 ? BLOCK - i - 1 : 4);
		block[i] = saved;
	}
	room = sizeof(out);
	KUNIT_EXPECT_EQ(test, -EINVAL, asym_pad_rsaes_decode(block, 10, out, &room));
	memset(block + 2, 0xff, BLOCK - 2);
	KUNIT_EXPECT_EQ(test, -EINVAL, asym_pad_rsaes_decode(block, BLOCK, out, &room));
}

/* What RFC 8017 says, in the plainest way: the yardstick for fuzzing. */
static int rsaes_reference(const u8 *block, unsigned int size, unsigned int *len)
{
	const u8 *sep;

	if (block[0] || block[1] != 2)
		return -EINVAL;
	sep = memchr(block + 2, 0, size - 2);
	if (!sep || sep - block < 10)
		return -EINVAL;
	*len = size - (sep - block) - 1;
	return 0;
}

static void rsaes_fuzz(struct kunit *test)
{
	unsigned int i, j, room, len = 0, good = 0;
	u8 block[64], out[64];
	struct rnd_state rnd;
	int err;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 5000; i++) {
		prandom_bytes_state(&rnd, block, sizeof(block));
		block[0] = prandom_u32_state(&rnd) % 16 ? 0 : block[0];
		block[1] = prandom_u32_state(&rnd) % 16 ? 2 : block[1];
		for (j = 2; j < sizeof(block); j++)	/* few zeros, anywhere */
			block[j] = prandom_u32_state(&rnd) % 40 ? block[j] | 1 : 0;
		err = rsaes_reference(block, sizeof(block), &len);
		room = sizeof(out);
		KUNIT_ASSERT_EQ(test, err, asym_pad_rsaes_decode(block, sizeof(block), out, &room));
		if (err)
			continue;
		good++;
		KUNIT_ASSERT_EQ(test, len, room);
		KUNIT_ASSERT_EQ(test, 0, memcmp(out, block + sizeof(block) - len, len));
	}
	KUNIT_EXPECT_GT(test, good, 1000);
	KUNIT_EXPECT_LT(test, good, 4000);
}

static void raw_blocks(struct kunit *test)
{
	const u8 src[] = { 0, 0, 1, 2, 3 };
	u8 block[4];

	KUNIT_EXPECT_EQ(test, 0, asym_pad_raw(src, 5, block, 4));
	KUNIT_EXPECT_MEMEQ(test, block, ((const u8[]){ 0, 1, 2, 3 }), 4);
	KUNIT_EXPECT_EQ(test, 0, asym_pad_raw(src + 3, 2, block, 4));
	KUNIT_EXPECT_MEMEQ(test, block, ((const u8[]){ 0, 0, 2, 3 }), 4);
	KUNIT_EXPECT_EQ(test, 0, asym_pad_raw(src, 0, block, 4));
	KUNIT_EXPECT_MEMEQ(test, block, ((const u8[]){ 0, 0, 0, 0 }), 4);
	KUNIT_EXPECT_EQ(test, -EINVAL, asym_pad_raw(src, 5, block, 2));
}

static void raw_range(struct kunit *test)
{
	const u8 max[] = { 0x80, 0x00, 0x00, 0x02 };
	static const struct {
		u8 block[4];
		int err;
	} cases[] = {
		{ { 0, 0, 0, 0 }, -EINVAL },
		{ { 0, 0, 0, 1 }, -EINVAL },
		{ { 0, 0, 0, 2 }, 0 },
		{ { 0, 0, 1, 0 }, 0 },
		{ { 1, 0, 0, 1 }, 0 },
		{ { 0x80, 0, 0, 1 }, 0 },
		{ { 0x80, 0, 0, 2 }, -EINVAL },
		{ { 0x80, 0, 0, 3 }, -EINVAL },
		{ { 0xff, 0xff, 0xff, 0xff }, -EINVAL },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err,
				    asym_pad_check_range(cases[i].block, max, 4), "case %d", i);
}

static struct kunit_case asym_pad_cases[] = {
	KUNIT_CASE(hash_names),
	KUNIT_CASE(emsa_vectors),
	KUNIT_CASE(emsa_room),
	KUNIT_CASE(emsa_every_size),
	KUNIT_CASE(emsa_mutated),
	KUNIT_CASE(rsaes_round_trip),
	KUNIT_CASE(rsaes_every_size),
	KUNIT_CASE(rsaes_vector),
	KUNIT_CASE(rsaes_malformed),
	KUNIT_CASE(rsaes_fuzz),
	KUNIT_CASE(raw_blocks),
	KUNIT_CASE(raw_range),
	{}
};

static struct kunit_suite asym_pad_suite = {
	.name = "asym_pad",
	.test_cases = asym_pad_cases,
};

kunit_test_suite(asym_pad_suite);
