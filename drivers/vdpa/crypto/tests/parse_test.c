// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver may say and what not: facts about parse.c, without a device.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../cipher.h"
#include "../data.h"
#include "../ops.h"
#include "../parse.h"
#include "../service.h"
#include "../session.h"

static const struct asym_caps caps = {
	.algos = BIT(ASYM_RSA) | BIT(ASYM_ECDSA),
	.rsa_ops = BIT(ASYM_OP_NR) - 1,
	.rsa_paddings = BIT(ASYM_PAD_RAW) | BIT(ASYM_PAD_PKCS1),
	.rsa_hashes = BIT(ASYM_HASH_NONE) | BIT(ASYM_HASH_SHA256),
	.ec_curves = BIT(ASYM_CURVE_P256) | BIT(ASYM_CURVE_P384),
	.ec_ops = BIT(ASYM_SIGN) | BIT(ASYM_VERIFY),
};

static struct virtio_crypto_op_ctrl_req create_hdr(u32 algo, u32 type, u32 len, u32 padding,
						   u32 hash)
{
	return (struct virtio_crypto_op_ctrl_req){
		.header.opcode = cpu_to_le32(VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION),
		.u.akcipher_create_session.para = {
			.algo = cpu_to_le32(algo),
			.keytype = cpu_to_le32(type),
			.keylen = cpu_to_le32(len),
			.u.rsa.padding_algo = cpu_to_le32(padding),
			.u.rsa.hash_algo = cpu_to_le32(hash),
		},
	};
}

struct create_case {
	const char *name;
	u32 algo, type, len, padding, hash;
	size_t readable;
	u8 status;
};

#define PUB	VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC
#define PRIV	VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE
#define OK	VIRTIO_CRYPTO_OK
#define ERR	VIRTIO_CRYPTO_ERR
#define NOTSUPP	VIRTIO_CRYPTO_NOTSUPP

static const struct create_case create_cases[] = {
	{ "public key", 1, PUB, 270, 1, 6, 270, OK },
	{ "private key", 1, PRIV, 1200, 1, 0, 1200, OK },
	{ "more bytes than the key has", 1, PRIV, 1200, 1, 0, 4096, OK },
	{ "raw padding ignores the hash", 1, PUB, 270, 0, 12345, 270, OK },
	{ "longest key", 1, PRIV, ASYM_MAX_DER, 1, 6, ASYM_MAX_DER, OK },
	{ "key too long", 1, PRIV, ASYM_MAX_DER + 1, 1, 6, ASYM_MAX_DER + 1, ERR },
	{ "key longer than the chain", 1, PUB, 270, 1, 6, 269, ERR },
	{ "no key", 1, PUB, 0, 1, 6, 0, ERR },
	{ "length of 4 GiB", 1, PUB, U32_MAX, 1, 6, 270, ERR },
	{ "no algorithm", 0, PUB, 270, 1, 6, 270, NOTSUPP },
	{ "DSA", 2, PUB, 270, 1, 6, 270, NOTSUPP },
	{ "neither RSA nor ECDSA", 4, PUB, 270, 1, 6, 270, NOTSUPP },
	{ "algorithm beyond the mask", 33, PUB, 270, 1, 6, 270, NOTSUPP },
	{ "no key type", 1, 0, 270, 1, 6, 270, NOTSUPP },
	{ "unknown key type", 1, 3, 270, 1, 6, 270, NOTSUPP },
	{ "unknown padding", 1, PUB, 270, 2, 6, 270, NOTSUPP },
	{ "padding beyond the mask", 1, PUB, 270, 33, 6, 270, NOTSUPP },
	{ "hash that is not offered", 1, PUB, 270, 1, 5, 270, NOTSUPP },
	{ "unknown hash", 1, PUB, 270, 1, 10, 270, NOTSUPP },
	{ "hash beyond the mask", 1, PUB, 270, 1, 38, 270, NOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(create, create_cases, name);

static void vc_test_create(struct kunit *test)
{
	const struct create_case *c = test->param_value;
	struct virtio_crypto_op_ctrl_req hdr =
		create_hdr(c->algo, c->type, c->len, c->padding, c->hash);
	struct vc_create_req req;

	KUNIT_ASSERT_EQ(test, vc_parse_key(&hdr.u.akcipher_create_session.para, c->readable,
					   &caps, &req), c->status);
	if (c->status != OK)
		return;
	KUNIT_EXPECT_EQ(test, req.key_len, c->len);
	KUNIT_EXPECT_EQ(test, req.is_private, c->type == PRIV);
	KUNIT_EXPECT_EQ(test, req.algo, ASYM_RSA);
	KUNIT_EXPECT_EQ(test, req.curve, 0);
	KUNIT_EXPECT_EQ(test, req.padding, c->padding);
	KUNIT_EXPECT_EQ(test, req.hash, c->padding ? c->hash : ASYM_HASH_NONE);
}

static const struct ec_case {
	const char *name;
	u32 curve, type, len;
	size_t readable;
	u8 status;
} ec_cases[] = {
	{ "P-256, public", 3, PUB, 65, 65, OK },
	{ "P-256, private", 3, PRIV, 121, 121, OK },
	{ "P-384, public", 4, PUB, 97, 97, OK },
	{ "more bytes than the key has", 4, PUB, 97, 200, OK },
	{ "longest key", 3, PRIV, ASYM_MAX_EC_DER, ASYM_MAX_EC_DER, OK },
	{ "key too long", 3, PRIV, ASYM_MAX_EC_DER + 1, ASYM_MAX_EC_DER + 1, ERR },
	{ "a key as long as those of RSA", 3, PRIV, 1200, 1200, ERR },
	{ "key longer than the chain", 3, PUB, 65, 64, ERR },
	{ "no key", 3, PUB, 0, 65, ERR },
	{ "length of 4 GiB", 3, PUB, U32_MAX, 65, ERR },
	{ "no key type", 3, 0, 65, 65, NOTSUPP },
	{ "unknown key type", 3, 3, 65, 65, NOTSUPP },
	{ "no curve", 0, PUB, 65, 65, NOTSUPP },
	{ "P-192, not offered", 1, PUB, 49, 49, NOTSUPP },
	{ "P-224, which nobody has", 2, PUB, 57, 57, NOTSUPP },
	{ "P-521, not offered", 5, PUB, 133, 133, NOTSUPP },
	{ "unknown curve", 6, PUB, 65, 65, NOTSUPP },
	{ "curve beyond the mask", 35, PUB, 65, 65, NOTSUPP },
	{ "curve of 32 bits", U32_MAX, PUB, 65, 65, NOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(ec, ec_cases, name);

static void vc_test_create_ecdsa(struct kunit *test)
{
	const struct ec_case *c = test->param_value;
	/* The second word is padding, which says nothing. */
	struct virtio_crypto_op_ctrl_req hdr =
		create_hdr(VIRTIO_CRYPTO_AKCIPHER_ECDSA, c->type, c->len, c->curve, 0x12345);
	const struct virtio_crypto_akcipher_session_para *para =
		&hdr.u.akcipher_create_session.para;
	struct asym_caps without = caps;
	struct vc_create_req req;

	without.algos = BIT(ASYM_RSA);
	KUNIT_EXPECT_EQ(test, vc_parse_key(para, c->readable, &without, &req), NOTSUPP);
	without.algos = BIT(ASYM_ECDSA);
	KUNIT_EXPECT_EQ(test, vc_parse_key(para, c->readable, &without, &req), c->status);
	KUNIT_ASSERT_EQ(test, vc_parse_key(para, c->readable, &caps, &req), c->status);
	if (c->status != OK)
		return;
	KUNIT_EXPECT_EQ(test, req.key_len, c->len);
	KUNIT_EXPECT_EQ(test, req.is_private, c->type == PRIV);
	KUNIT_EXPECT_EQ(test, req.algo, ASYM_ECDSA);
	KUNIT_EXPECT_EQ(test, req.curve, c->curve);
	KUNIT_EXPECT_EQ(test, req.padding, ASYM_PAD_RAW);
	KUNIT_EXPECT_EQ(test, req.hash, ASYM_HASH_NONE);
}

struct data_case {
	const char *name;
	u32 opcode, src, dst;
	size_t readable, writable;
	u8 status;
};

static const struct data_case data_cases[] = {
	{ "sign", VIRTIO_CRYPTO_AKCIPHER_SIGN, 32, 256, 32, 256, OK },
	{ "encrypt", VIRTIO_CRYPTO_AKCIPHER_ENCRYPT, 100, 512, 100, 512, OK },
	{ "decrypt", VIRTIO_CRYPTO_AKCIPHER_DECRYPT, 512, 512, 512, 512, OK },
	{ "verify", VIRTIO_CRYPTO_AKCIPHER_VERIFY, 256, 32, 288, 0, OK },
	{ "room to spare", VIRTIO_CRYPTO_AKCIPHER_SIGN, 32, 4096, 32, 4096, OK },
	{ "input too long", VIRTIO_CRYPTO_AKCIPHER_SIGN, 513, 512, 513, 512, ERR },
	{ "input longer than the chain", VIRTIO_CRYPTO_AKCIPHER_SIGN, 33, 256, 32, 256, ERR },
	{ "output longer than the chain", VIRTIO_CRYPTO_AKCIPHER_SIGN, 32, 257, 32, 256, ERR },
	{ "lengths of 4 GiB", VIRTIO_CRYPTO_AKCIPHER_SIGN, U32_MAX, U32_MAX, 32, 256, ERR },
	{ "digest longer than the chain", VIRTIO_CRYPTO_AKCIPHER_VERIFY, 256, 33, 288, 0, ERR },
	{ "digest too long", VIRTIO_CRYPTO_AKCIPHER_VERIFY, 256, 513, 2048, 0, ERR },
	{ "lengths that wrap", VIRTIO_CRYPTO_AKCIPHER_VERIFY, 2, U32_MAX, 1, 0, ERR },
	{ "another service", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 32, 256, 32, 256, NOTSUPP },
	{ "a control opcode", VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION, 32, 256, 32, 256, NOTSUPP },
	{ "no opcode", U32_MAX, 32, 256, 32, 256, NOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(data, data_cases, name);

static void vc_test_data(struct kunit *test)
{
	const struct data_case *c = test->param_value;
	const struct vc_data_hdr hdr = {
		.opcode = c->opcode,
		.session = 0x123456789abcdef0ull,
		.src = c->src,
		.dst = c->dst,
	};
	struct vc_data_req req;

	KUNIT_ASSERT_EQ(test, vc_parse_data(&hdr, c->readable, c->writable, &req), c->status);
	if (c->status != OK)
		return;
	KUNIT_EXPECT_EQ(test, req.op, c->opcode & 0xff);
	KUNIT_EXPECT_EQ(test, req.session, 0x123456789abcdef0ull);
	KUNIT_EXPECT_EQ(test, req.src_len, c->src);
	KUNIT_EXPECT_LE(test, req.src_len + req.digest_len, (u32)VC_MAX_SIZE);
	KUNIT_EXPECT_LE(test, req.dst_len, (u32)VC_MAX_DATA);
	if (req.op == ASYM_VERIFY) {
		KUNIT_EXPECT_EQ(test, req.digest_len, c->dst);
		KUNIT_EXPECT_EQ(test, req.dst_len, 0u);
	} else {
		KUNIT_EXPECT_EQ(test, req.digest_len, 0u);
		KUNIT_EXPECT_EQ(test, req.dst_len, min_t(u32, c->dst, VC_MAX_DATA));
	}
}

#define NEEDED		VC_FEATURES_NEEDED
#define REVISION_1	(NEEDED | BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1))
#define STATELESS	(REVISION_1 | BIT_ULL(VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE))

static const struct hdr_case {
	const char *name;
	u64 features;
	u32 flag;
	unsigned int len;
	bool stateless;
	u8 status;
} hdr_cases[] = {
	{ "before revision 1", NEEDED, VIRTIO_CRYPTO_FLAG_SESSION_MODE, 72, false, OK },
	{ "before revision 1 the flag counts for nothing", NEEDED, 0, 72, false, OK },
	{ "revision 1", REVISION_1, VIRTIO_CRYPTO_FLAG_SESSION_MODE, 32, false, OK },
	{ "revision 1, no session", REVISION_1, 0, 32, true, NOTSUPP },
	{ "stateless mode, session", STATELESS, VIRTIO_CRYPTO_FLAG_SESSION_MODE, 52, false, OK },
	{ "stateless mode, no session", STATELESS, 0, 52, true, OK },
};

KUNIT_ARRAY_PARAM_DESC(hdr, hdr_cases, name);

/* The bytes as virtio 1.3, 5.9.7.3 and 5.9.7.8 has them, without the kernel's structures. */
static void vc_test_hdr(struct kunit *test)
{
	const struct hdr_case *c = test->param_value;
	u8 buf[72] = { 0x02, 0x04 };
	unsigned int lengths = c->len == 52 ? 44 : 24;
	struct vc_data_hdr hdr;

	KUNIT_ASSERT_EQ(test, vc_data_hdr_len(c->features), c->len);
	buf[4] = 1;		/* algo */
	buf[8] = 0x78;		/* session_id */
	buf[15] = 0x12;
	buf[16] = c->flag;
	if (c->len == 52) {
		buf[24] = 1;	/* algo */
		buf[28] = 2;	/* key_type */
		buf[33] = 4;	/* key_len */
		buf[36] = 1;	/* padding_algo */
		buf[40] = 6;	/* hash_algo */
	}
	buf[lengths] = 32;
	buf[lengths + 5] = 1;

	KUNIT_ASSERT_EQ(test, vc_parse_data_hdr(buf, c->features, &hdr), c->status);
	KUNIT_EXPECT_EQ(test, hdr.opcode, (u32)VIRTIO_CRYPTO_AKCIPHER_SIGN);
	KUNIT_EXPECT_EQ(test, hdr.session, 0x1200000000000078ull);
	KUNIT_EXPECT_EQ(test, hdr.stateless, c->stateless);
	KUNIT_EXPECT_EQ(test, hdr.src, 32U);
	KUNIT_EXPECT_EQ(test, hdr.dst, 256U);
	if (c->len == 52) {
		KUNIT_EXPECT_EQ(test, le32_to_cpu(hdr.para.algo), 1U);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(hdr.para.keytype), 2U);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(hdr.para.keylen), 1024U);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(hdr.para.u.rsa.padding_algo), 1U);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(hdr.para.u.rsa.hash_algo), 6U);
	}
}

/* Any bytes as a request, in a chain of any size: what is accepted fits both. */
static void vc_test_random(struct kunit *test)
{
	static const u32 opcodes[] = {
		VIRTIO_CRYPTO_AKCIPHER_ENCRYPT, VIRTIO_CRYPTO_AKCIPHER_DECRYPT,
		VIRTIO_CRYPTO_AKCIPHER_SIGN, VIRTIO_CRYPTO_AKCIPHER_VERIFY,
	};
	struct virtio_crypto_op_ctrl_req ctrl;
	struct vc_data_hdr hdr;
	u8 buf[sizeof(struct virtio_crypto_op_data_req)];
	unsigned int i, creates = 0, datas = 0;
	struct vc_create_req create;
	struct vc_data_req data;
	size_t readable, writable;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 20261124);
	for (i = 0; i < 20000; i++) {
		readable = prandom_u32_state(&rnd) % 5000;
		writable = prandom_u32_state(&rnd) % 1200;

		prandom_bytes_state(&rnd, &ctrl, sizeof(ctrl));
		if (i & 1) {
			ctrl = create_hdr(prandom_u32_state(&rnd) % 4,
					  prandom_u32_state(&rnd) % 4,
					  prandom_u32_state(&rnd) % 5000,
					  prandom_u32_state(&rnd) % 6,
					  prandom_u32_state(&rnd) % 12);
		}
		if (vc_parse_key(&ctrl.u.akcipher_create_session.para, readable, &caps,
				 &create) == OK) {
			creates++;
			KUNIT_ASSERT_LE(test, create.key_len, readable);
			KUNIT_ASSERT_GT(test, create.key_len, 0u);
			KUNIT_ASSERT_LE(test, create.key_len, (u32)ASYM_MAX_DER);
			KUNIT_ASSERT_TRUE(test, caps.algos & BIT(create.algo));
			KUNIT_ASSERT_TRUE(test, caps.rsa_paddings & BIT(create.padding));
			KUNIT_ASSERT_TRUE(test, caps.rsa_hashes & BIT(create.hash));
			if (create.algo == ASYM_ECDSA) {
				KUNIT_ASSERT_TRUE(test, caps.ec_curves & BIT(create.curve));
				KUNIT_ASSERT_LE(test, create.key_len, (u32)ASYM_MAX_EC_DER);
			}
		}

		prandom_bytes_state(&rnd, buf, sizeof(buf));
		KUNIT_ASSERT_EQ(test, vc_parse_data_hdr(buf, NEEDED, &hdr), OK);
		if (i & 1) {
			hdr.opcode = opcodes[i / 2 % 4];
			hdr.src = prandom_u32_state(&rnd) % 600;
			hdr.dst = prandom_u32_state(&rnd) % 600;
		}
		if (vc_parse_data(&hdr, readable, writable, &data) == OK) {
			datas++;
			KUNIT_ASSERT_LT(test, data.op, ASYM_OP_NR);
			KUNIT_ASSERT_LE(test, (size_t)data.src_len + data.digest_len, readable);
			KUNIT_ASSERT_LE(test, data.src_len + data.digest_len, (u32)VC_MAX_SIZE);
			KUNIT_ASSERT_LE(test, data.dst_len, writable);
			KUNIT_ASSERT_LE(test, data.dst_len, (u32)VC_MAX_DATA);
		}
	}
	KUNIT_EXPECT_GT(test, creates, 50u);
	KUNIT_EXPECT_GT(test, datas, 1000u);
}

static const struct cipher_case {
	const char *name;
	u32 opcode;
	u32 op_type;
	u32 flag;
	u32 iv_len;
	u32 src;
	u32 dst;
	size_t readable;
	size_t writable;
	u8 status;
} cipher_cases[] = {
	{ "encrypt", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 32, 32, 48, 32, OK },
	{ "decrypt", VIRTIO_CRYPTO_CIPHER_DECRYPT, 1, 1, 16, 32, 32, 48, 32, OK },
	{ "nothing", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 0, 0, 16, 0, OK },
	{ "the longest", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, VC_CIPHER_MAX, VC_CIPHER_MAX,
	  VC_CIPHER_MAX + 16, VC_CIPHER_MAX, OK },
	{ "longer", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, VC_CIPHER_MAX + 16, VC_CIPHER_MAX + 16,
	  2 * VC_CIPHER_MAX, 2 * VC_CIPHER_MAX, ERR },
	{ "room to spare", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 32, 48, 100, 100, OK },
	{ "no room", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 32, 16, 48, 32, ERR },
	{ "room that is not there", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 32, 48, 48, 32, ERR },
	{ "half a block", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 24, 24, 40, 24, ERR },
	{ "longer than the chain", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 48, 48, 63, 48, ERR },
	{ "no IV in the chain", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, 0, 0, 15, 0, ERR },
	{ "another IV", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 8, 32, 32, 48, 32, ERR },
	{ "lengths of 4 GiB", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 1, 16, U32_MAX - 15, U32_MAX - 15,
	  48, 32, ERR },
	{ "chaining", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 2, 1, 16, 32, 32, 48, 32, NOTSUPP },
	{ "no session", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 0, 16, 32, 32, 48, 32, NOTSUPP },
	{ "another opcode", VIRTIO_CRYPTO_CIPHER_CREATE_SESSION, 1, 1, 16, 32, 32, 48, 32,
	  NOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(cipher, cipher_cases, name);

static void vc_test_cipher(struct kunit *test)
{
	const struct cipher_case *c = test->param_value;
	const struct virtio_crypto_op_header header = {
		.opcode = cpu_to_le32(c->opcode),
		.session_id = cpu_to_le64(0x123456789abcdef0ull),
		.flag = cpu_to_le32(c->flag),
	};
	const struct virtio_crypto_sym_data_req flf = {
		.op_type = cpu_to_le32(c->op_type),
		.u.cipher.para.iv_len = cpu_to_le32(c->iv_len),
		.u.cipher.para.src_data_len = cpu_to_le32(c->src),
		.u.cipher.para.dst_data_len = cpu_to_le32(c->dst),
	};
	struct vc_cipher_hdr hdr;
	struct vc_cipher_req req;

	KUNIT_EXPECT_EQ(test, vc_cipher_flf_len(REVISION_1), sizeof(flf));
	KUNIT_EXPECT_EQ(test, vc_cipher_flf_len(NEEDED), sizeof(flf));
	vc_cipher_parse_hdr(&header, (const u8 *)&flf, REVISION_1, &hdr);
	KUNIT_ASSERT_EQ(test, vc_cipher_parse(&hdr, REVISION_1, c->readable, c->writable, &req),
			c->status);
	if (c->status == OK) {
		KUNIT_EXPECT_EQ(test, req.session, 0x123456789abcdef0ull);
		KUNIT_EXPECT_EQ(test, req.key_len, 0);
		KUNIT_EXPECT_EQ(test, req.len, c->src);
		KUNIT_EXPECT_EQ(test, req.decrypt, c->opcode == VIRTIO_CRYPTO_CIPHER_DECRYPT);
	}
	/* without revision 1 the flag is ignored */
	vc_cipher_parse_hdr(&header, (const u8 *)&flf, NEEDED, &hdr);
	KUNIT_EXPECT_EQ(test, vc_cipher_parse(&hdr, NEEDED, c->readable, c->writable, &req),
			c->flag ? c->status : OK);
}

#define CIPHER_STATELESS	(REVISION_1 | VC_FEATURES_CIPHER)

static const struct cipher_stateless_case {
	const char *name;
	u32 opcode;
	u32 flag;
	u32 algo;
	u32 key_len;
	u32 op;
	u32 op_type;
	u32 src;
	size_t readable;
	u8 status;
} cipher_stateless_cases[] = {
	{ "AES-128", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 16, 1, 1, 32, 64, OK },
	{ "AES-192", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 24, 1, 1, 32, 72, OK },
	{ "AES-256, decrypt", VIRTIO_CRYPTO_CIPHER_DECRYPT, 0, 3, 32, 2, 1, 32, 80, OK },
	{ "with a session", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 1, 0, 0, 0, 1, 32, 48, OK },
	{ "with a session, a key's length", VIRTIO_CRYPTO_CIPHER_DECRYPT, 1, 9, U32_MAX, 9, 1, 32,
	  48, OK },
	{ "no key", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 0, 1, 1, 32, 48, ERR },
	{ "a key of 17 bytes", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 17, 1, 1, 32, 65, ERR },
	{ "a key of 4 GiB", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, U32_MAX, 1, 1, 32, 80, ERR },
	{ "a key longer than the chain", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 16, 1, 1, 0, 15, ERR },
	{ "a key in the IV's place", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 32, 1, 1, 0, 47, ERR },
	{ "a key in the input's place", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 32, 1, 1, 32, 79, ERR },
	{ "another algorithm", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 4, 16, 1, 1, 32, 64, NOTSUPP },
	{ "another direction", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 16, 2, 1, 32, 64, NOTSUPP },
	{ "no direction", VIRTIO_CRYPTO_CIPHER_DECRYPT, 0, 3, 16, 0, 1, 32, 64, NOTSUPP },
	{ "chaining", VIRTIO_CRYPTO_CIPHER_ENCRYPT, 0, 3, 16, 1, 2, 32, 64, NOTSUPP },
	{ "an opcode of control", VIRTIO_CRYPTO_CIPHER_CREATE_SESSION, 0, 3, 16, 1, 1, 32, 64,
	  NOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(cipher_stateless, cipher_stateless_cases, name);

static void vc_test_cipher_stateless(struct kunit *test)
{
	const struct cipher_stateless_case *c = test->param_value;
	const struct virtio_crypto_op_header header = {
		.opcode = cpu_to_le32(c->opcode),
		.flag = cpu_to_le32(c->flag),
	};
	const struct virtio_crypto_cipher_stateless_para flf = {
		.algo = cpu_to_le32(c->algo),
		.key_len = cpu_to_le32(c->key_len),
		.op = cpu_to_le32(c->op),
		.iv_len = cpu_to_le32(16),
		.src_data_len = cpu_to_le32(c->src),
		.dst_data_len = cpu_to_le32(c->src),
		.op_type = cpu_to_le32(c->op_type),
	};
	struct vc_cipher_hdr hdr;
	struct vc_cipher_req req;

	KUNIT_EXPECT_EQ(test, vc_cipher_flf_len(CIPHER_STATELESS), sizeof(flf));
	vc_cipher_parse_hdr(&header, (const u8 *)&flf, CIPHER_STATELESS, &hdr);
	KUNIT_EXPECT_EQ(test, hdr.stateless, !c->flag);
	KUNIT_ASSERT_EQ(test, vc_cipher_parse(&hdr, CIPHER_STATELESS, c->readable, c->src, &req),
			c->status);
	if (c->status != OK)
		return;
	KUNIT_EXPECT_EQ(test, req.key_len, c->flag ? 0 : c->key_len);
	KUNIT_EXPECT_EQ(test, req.len, c->src);
	KUNIT_EXPECT_EQ(test, req.decrypt, c->opcode == VIRTIO_CRYPTO_CIPHER_DECRYPT);
}

static void vc_test_cipher_key(struct kunit *test)
{
	static const u32 lens[] = { 0, 1, 15, 16, 17, 24, 32, 33, 64, U32_MAX };
	struct virtio_crypto_sym_create_session_req create = {
		.op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_CIPHER),
		.u.cipher.para.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC),
		.u.cipher.para.op = cpu_to_le32(VIRTIO_CRYPTO_OP_ENCRYPT),
	};
	struct vc_create_req key;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		bool good = lens[i] == 16 || lens[i] == 24 || lens[i] == 32;

		create.u.cipher.para.keylen = cpu_to_le32(lens[i]);
		KUNIT_EXPECT_EQ(test, vc_cipher_parse_key(&create, lens[i], &key), good ? OK : ERR);
		if (lens[i])
			KUNIT_EXPECT_EQ(test, vc_cipher_parse_key(&create, lens[i] - 1, &key), ERR);
	}
	KUNIT_EXPECT_FALSE(test, key.decrypt);
	create.u.cipher.para.keylen = cpu_to_le32(16);
	create.u.cipher.para.op = 0;
	KUNIT_EXPECT_EQ(test, vc_cipher_parse_key(&create, 16, &key), NOTSUPP);
	create.u.cipher.para.op = cpu_to_le32(VIRTIO_CRYPTO_OP_DECRYPT);
	KUNIT_EXPECT_EQ(test, vc_cipher_parse_key(&create, 16, &key), OK);
	KUNIT_EXPECT_TRUE(test, key.decrypt);
	KUNIT_EXPECT_EQ(test, key.key_len, 16u);
	create.u.cipher.para.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CTR);
	KUNIT_EXPECT_EQ(test, vc_cipher_parse_key(&create, 16, &key), NOTSUPP);
	create.u.cipher.para.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC);
	create.op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_ALGORITHM_CHAINING);
	KUNIT_EXPECT_EQ(test, vc_cipher_parse_key(&create, 16, &key), NOTSUPP);
}

static void vc_test_raw_sessions_do_not_sign(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vc_session_allows(ASYM_RSA, ASYM_PAD_RAW, ASYM_ENCRYPT));
	KUNIT_EXPECT_TRUE(test, vc_session_allows(ASYM_RSA, ASYM_PAD_RAW, ASYM_DECRYPT));
	KUNIT_EXPECT_FALSE(test, vc_session_allows(ASYM_RSA, ASYM_PAD_RAW, ASYM_SIGN));
	KUNIT_EXPECT_FALSE(test, vc_session_allows(ASYM_RSA, ASYM_PAD_RAW, ASYM_VERIFY));
	KUNIT_EXPECT_TRUE(test, vc_session_allows(ASYM_RSA, ASYM_PAD_PKCS1, ASYM_SIGN));
	KUNIT_EXPECT_TRUE(test, vc_session_allows(ASYM_RSA, ASYM_PAD_PKCS1, ASYM_VERIFY));
}

static void vc_test_ecdsa_sessions_sign_and_verify(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vc_session_allows(ASYM_ECDSA, ASYM_PAD_RAW, ASYM_SIGN));
	KUNIT_EXPECT_TRUE(test, vc_session_allows(ASYM_ECDSA, ASYM_PAD_RAW, ASYM_VERIFY));
	KUNIT_EXPECT_FALSE(test, vc_session_allows(ASYM_ECDSA, ASYM_PAD_RAW, ASYM_ENCRYPT));
	KUNIT_EXPECT_FALSE(test, vc_session_allows(ASYM_ECDSA, ASYM_PAD_RAW, ASYM_DECRYPT));
}

static void vc_test_status(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vc_op_status(0, REVISION_1), VIRTIO_CRYPTO_OK);
	KUNIT_EXPECT_EQ(test, vc_op_status(-EKEYREJECTED, REVISION_1), VIRTIO_CRYPTO_KEY_REJECTED);
	KUNIT_EXPECT_EQ(test, vc_op_status(-EBADMSG, REVISION_1), VIRTIO_CRYPTO_BADMSG);
	KUNIT_EXPECT_EQ(test, vc_op_status(-EINVAL, REVISION_1), VIRTIO_CRYPTO_BADMSG);
	KUNIT_EXPECT_EQ(test, vc_op_status(-ENODEV, REVISION_1), VIRTIO_CRYPTO_ERR);
	KUNIT_EXPECT_EQ(test, vc_op_status(-EOVERFLOW, REVISION_1), VIRTIO_CRYPTO_ERR);
	KUNIT_EXPECT_EQ(test, vc_op_status(-EINVAL, NEEDED), VIRTIO_CRYPTO_ERR);
	KUNIT_EXPECT_EQ(test, vc_op_status(-EKEYREJECTED, NEEDED), VIRTIO_CRYPTO_KEY_REJECTED);
	KUNIT_EXPECT_EQ(test, vc_key_status(0), VIRTIO_CRYPTO_OK);
	KUNIT_EXPECT_EQ(test, vc_key_status(-ENOSPC), VIRTIO_CRYPTO_NOSPC);
	KUNIT_EXPECT_EQ(test, vc_key_status(-EOPNOTSUPP), VIRTIO_CRYPTO_NOTSUPP);
	KUNIT_EXPECT_EQ(test, vc_key_status(-EBADMSG), VIRTIO_CRYPTO_ERR);
}

/* Sessions without keys: only what does not put them. */
static void vc_test_session_ids(struct kunit *test)
{
	static const struct vc_service service, other;
	struct vc_session a = { .ref = REFCOUNT_INIT(2), .service = &service };
	struct vc_session b = { .ref = REFCOUNT_INIT(2), .service = &service };
	struct vc_sessions s = {};
	int i, j;
	u64 id;

	KUNIT_ASSERT_EQ(test, vc_sessions_init(&s, 2), 0);
	i = vc_session_reserve(&s);
	j = vc_session_reserve(&s);
	KUNIT_EXPECT_EQ(test, i, 0);
	KUNIT_EXPECT_EQ(test, j, 1);
	KUNIT_EXPECT_EQ(test, vc_session_reserve(&s), -ENOSPC);
	vc_session_unreserve(&s, j);

	KUNIT_ASSERT_EQ(test, vc_session_add(&s, i, &a, 0), 0);
	id = a.id;
	KUNIT_EXPECT_NE(test, id, 0ull);
	KUNIT_EXPECT_PTR_EQ(test, vc_session_get(&s, id, &service), &a);
	refcount_dec(&a.ref);
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, id + 1, &service));
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, U64_MAX, &service));
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, 0, &service));
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, id ^ BIT_ULL(40), &service));

	/* of the other service it is none */
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, id, &other));
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, id, NULL));
	KUNIT_EXPECT_EQ(test, vc_session_destroy(&s, id, &other), -ENOENT);
	KUNIT_EXPECT_EQ(test, vc_session_destroy(&s, id, &service), 0);
	KUNIT_EXPECT_EQ(test, vc_session_destroy(&s, id, &service), -ENOENT);
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, id, &service));

	/* the index is taken again, the id is not */
	i = vc_session_reserve(&s);
	KUNIT_ASSERT_EQ(test, vc_session_add(&s, i, &b, 0), 0);
	KUNIT_EXPECT_EQ(test, lower_32_bits(b.id), lower_32_bits(id));
	KUNIT_EXPECT_NE(test, b.id, id);
	KUNIT_EXPECT_NULL(test, vc_session_get(&s, id, &service));

	/* one that was being opened during a reset is not added */
	vc_sessions_destroy_all(&s);
	KUNIT_EXPECT_EQ(test, s.count, 0u);
	i = vc_session_reserve(&s);
	KUNIT_EXPECT_EQ(test, vc_session_add(&s, i, &a, 0), -ESTALE);
	vc_session_unreserve(&s, i);
	vc_sessions_exit(&s);
}

static struct kunit_case vc_test_cases[] = {
	KUNIT_CASE_PARAM(vc_test_create, create_gen_params),
	KUNIT_CASE_PARAM(vc_test_create_ecdsa, ec_gen_params),
	KUNIT_CASE_PARAM(vc_test_data, data_gen_params),
	KUNIT_CASE_PARAM(vc_test_hdr, hdr_gen_params),
	KUNIT_CASE(vc_test_random),
	KUNIT_CASE_PARAM(vc_test_cipher, cipher_gen_params),
	KUNIT_CASE_PARAM(vc_test_cipher_stateless, cipher_stateless_gen_params),
	KUNIT_CASE(vc_test_cipher_key),
	KUNIT_CASE(vc_test_raw_sessions_do_not_sign),
	KUNIT_CASE(vc_test_ecdsa_sessions_sign_and_verify),
	KUNIT_CASE(vc_test_status),
	KUNIT_CASE(vc_test_session_ids),
	{}
};

static struct kunit_suite vc_test_suite = {
	.name = "vdpa_crypto",
	.test_cases = vc_test_cases,
};

kunit_test_suite(vc_test_suite);
