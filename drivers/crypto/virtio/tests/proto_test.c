// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of proto.c: what the wire's numbers mean.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/provider.h>
#include <uapi/linux/virtio_crypto.h>

#include "../proto.h"

static void test_status_to_errno(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vcrypto_errno(VIRTIO_CRYPTO_OK), 0);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(VIRTIO_CRYPTO_ERR), -EIO);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(VIRTIO_CRYPTO_BADMSG), -EBADMSG);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(VIRTIO_CRYPTO_NOTSUPP), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(VIRTIO_CRYPTO_INVSESS), -ESTALE);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(VIRTIO_CRYPTO_NOSPC), -ENOSPC);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(VIRTIO_CRYPTO_KEY_REJECTED), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(7), -EIO);
	KUNIT_EXPECT_EQ(test, vcrypto_errno(U32_MAX), -EIO);
}

struct result_case {
	const char *name;
	u8 op;
	unsigned int used;
	int err;
	unsigned int out_len;
};

#define KEY_BYTES	64

static const struct result_case result_cases[] = {
	{ "decrypt full", ASYM_DECRYPT, 65, 0, 64 },
	{ "decrypt without one leading zero", ASYM_DECRYPT, 64, 0, 64 },
	{ "decrypt without leading zeros", ASYM_DECRYPT, 17, 0, 64 },
	{ "decrypt one byte", ASYM_DECRYPT, 2, 0, 64 },
	{ "decrypt nothing", ASYM_DECRYPT, 1, -EIO, 0 },
	{ "decrypt not even a status", ASYM_DECRYPT, 0, -EIO, 0 },
	{ "decrypt too long", ASYM_DECRYPT, 66, -EIO, 0 },
	{ "encrypt full", ASYM_ENCRYPT, 65, 0, 64 },
	{ "encrypt without leading zeros", ASYM_ENCRYPT, 33, 0, 64 },
	{ "encrypt too long", ASYM_ENCRYPT, 66, -EIO, 0 },
	{ "encrypt far too long", ASYM_ENCRYPT, UINT_MAX, -EIO, 0 },
};

KUNIT_ARRAY_PARAM_DESC(result, result_cases, name);

static void test_result(struct kunit *test)
{
	const struct result_case *c = test->param_value;
	struct asym_request *req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);
	u8 *out = kunit_kzalloc(test, KEY_BYTES, GFP_KERNEL);
	unsigned int i, got, len = c->used - 1;

	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_ASSERT_NOT_NULL(test, out);
	for (i = 0; i < KEY_BYTES; i++)
		out[i] = i + 1;
	req->algo = ASYM_RSA;
	req->op = c->op;
	req->out = out;
	req->out_len = KEY_BYTES;
	req->key_bytes = KEY_BYTES;

	KUNIT_EXPECT_EQ(test, vcrypto_result(req, c->used, &got), c->err);
	KUNIT_EXPECT_EQ(test, got, c->out_len);
	if (c->err)
		return;
	for (i = 0; i < KEY_BYTES - len; i++)
		KUNIT_EXPECT_EQ(test, out[i], 0);
	for (; i < KEY_BYTES; i++)
		KUNIT_EXPECT_EQ(test, out[i], i - (KEY_BYTES - len) + 1);
}

/* A signature in DER is mostly shorter than it may be, and stays where it is. */
static void test_result_ecdsa(struct kunit *test)
{
	static const struct {
		unsigned int used;
		int err;
		unsigned int out_len;
	} cases[] = {
		{ 73, 0, 72 }, { 71, 0, 70 }, { 9, 0, 8 },
		{ 0, -EIO, 0 }, { 1, -EIO, 0 }, { 74, -EIO, 0 }, { UINT_MAX, -EIO, 0 },
	};
	struct asym_request *req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);
	u8 *out = kunit_kzalloc(test, 72, GFP_KERNEL);
	unsigned int i, j, got;

	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_ASSERT_NOT_NULL(test, out);
	req->algo = ASYM_ECDSA;
	req->op = ASYM_SIGN;
	req->out = out;
	req->out_len = 72;
	req->key_bytes = 72;
	for (i = 0; i < 72; i++)
		out[i] = i;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, vcrypto_result(req, cases[i].used, &got), cases[i].err);
		KUNIT_EXPECT_EQ(test, got, cases[i].out_len);
		for (j = 0; j < 72; j++)
			KUNIT_ASSERT_EQ(test, out[j], j);
	}
	req->op = ASYM_VERIFY;
	KUNIT_EXPECT_EQ(test, vcrypto_result(req, 1, &got), 0);
	KUNIT_EXPECT_EQ(test, got, 0);
}

/*
 * Whatever a device says it wrote, with room of any size: no byte outside of
 * the room is touched (KASAN), and no more is reported than there is.
 */
static void test_result_any(struct kunit *test)
{
	struct asym_request *req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);
	unsigned int room, used, out_len, key_bytes;
	u8 *out;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, req);
	for (room = 1; room <= KEY_BYTES + 8; room++) {
		for (used = 0; used <= KEY_BYTES + 16; used++) {
			out = kmalloc(room, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, out);
			for (req->op = 0; req->op < ASYM_OP_NR; req->op++) {
				for (key_bytes = 0; key_bytes <= KEY_BYTES + 4; key_bytes += 17) {
					memset(out, 0x5a, room);
					req->algo = used & 2 ? ASYM_ECDSA : ASYM_RSA;
					req->out = out;
					req->out_len = room;
					req->key_bytes = key_bytes;
					err = vcrypto_result(req, used, &out_len);
					KUNIT_ASSERT_LE(test, err, 0);
					KUNIT_ASSERT_LE(test, out_len, room);
					KUNIT_ASSERT_LE(test, out_len, key_bytes);
					if (err)
						KUNIT_ASSERT_EQ(test, out_len, 0);
				}
			}
			kfree(out);
		}
	}
}

static void test_max_bits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vcrypto_max_bits(0), 8192);
	KUNIT_EXPECT_EQ(test, vcrypto_max_bits(U64_MAX), 8192);
	KUNIT_EXPECT_EQ(test, vcrypto_max_bits(1024 * 1024), 8192);
	KUNIT_EXPECT_EQ(test, vcrypto_max_bits(1024), 4096);
	KUNIT_EXPECT_EQ(test, vcrypto_max_bits(512), 2048);
	KUNIT_EXPECT_EQ(test, vcrypto_max_bits(1), 0);
}

/* 5.9.7.3 "Data Virtqueue" and 5.9.7.2.1 "Session operation" */
static void test_lengths(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vcrypto_data_hdr_len(false, false), 24 + 48);
	KUNIT_EXPECT_EQ(test, vcrypto_data_hdr_len(true, false), 24 + 8);
	KUNIT_EXPECT_EQ(test, vcrypto_data_hdr_len(true, true), 24 + 28);
	KUNIT_EXPECT_EQ(test, vcrypto_ctrl_req_len(false, false), 16 + 56);
	KUNIT_EXPECT_EQ(test, vcrypto_ctrl_req_len(false, true), 16 + 56);
	KUNIT_EXPECT_EQ(test, vcrypto_ctrl_req_len(true, false), 16 + 56);
	KUNIT_EXPECT_EQ(test, vcrypto_ctrl_req_len(true, true), 16 + 8);
}

static struct kunit_case proto_cases[] = {
	KUNIT_CASE(test_status_to_errno),
	KUNIT_CASE_PARAM(test_result, result_gen_params),
	KUNIT_CASE(test_result_ecdsa),
	KUNIT_CASE(test_result_any),
	KUNIT_CASE(test_max_bits),
	KUNIT_CASE(test_lengths),
	{}
};

static struct kunit_suite proto_suite = {
	.name = "virtio_crypto_proto",
	.test_cases = proto_cases,
};

kunit_test_suites(&proto_suite);
