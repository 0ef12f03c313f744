// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests. Valid ones, whose answers are known, are the base; most are spoiled: fields get values
 * from the edge, bits flip, the end is cut off or grows, there is too little room or too much.
 * They are made in fuzz.req; batch.c makes chains of them.
 */
#include <linux/array_size.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <crypto/aes.h>

#include "../../../../drivers/crypto/asym/lib/tests/vectors.h"
#include "fuzz.h"

#define FUZZ_LONG	(20 * 1024)	/* input of a cipher, at most */
#define FUZZ_SMALL	72		/* room for what a small key gives, in bytes */

/* NIST SP 800-38A, F.2.1 */
static const u8 fuzz_aes_key[AES_KEYSIZE_128] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f,
	0x3c,
};

static const u8 fuzz_aes_iv[AES_BLOCK_SIZE] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
	0x0f,
};

static const u8 fuzz_aes_plain[64] = {
	0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17,
	0x2a, 0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf,
	0x8e, 0x51, 0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4, 0x11, 0xe5, 0xfb, 0xc1, 0x19, 0x1a,
	0x0a, 0x52, 0xef, 0xf6, 0x9f, 0x24, 0x45, 0xdf, 0x4f, 0x9b, 0x17, 0xad, 0x2b, 0x41, 0x7b,
	0xe6, 0x6c, 0x37, 0x10,
};

static const u8 fuzz_aes_secret[64] = {
	0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46, 0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19,
	0x7d, 0x50, 0x86, 0xcb, 0x9b, 0x50, 0x72, 0x19, 0xee, 0x95, 0xdb, 0x11, 0x3a, 0x91, 0x76,
	0x78, 0xb2, 0x73, 0xbe, 0xd6, 0xb8, 0xe3, 0xc1, 0x74, 0x3b, 0x71, 0x16, 0xe6, 0x9e, 0x22,
	0x22, 0x95, 0x16, 0x3f, 0xf1, 0xca, 0xa1, 0x68, 0x1f, 0xac, 0x09, 0x12, 0x0e, 0xca, 0x30,
	0x75, 0x86, 0xe1, 0xa7,
};

/* P-256, and a signature of digest_sha256 */
static const u8 fuzz_p256_priv[] = {
	0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20, 0xec, 0x47, 0x7c, 0xe2, 0xd4, 0x48, 0x21, 0xf9,
	0x58, 0x97, 0x36, 0xf8, 0x4c, 0x46, 0x56, 0xd2, 0xd2, 0xca, 0xba, 0x98, 0xb2, 0x78, 0x88,
	0xfd, 0x31, 0x25, 0xb0, 0x37, 0x63, 0x9a, 0x0d, 0x6c, 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
	0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00, 0x04, 0x22, 0x52, 0x0f,
	0x95, 0x0c, 0x97, 0x73, 0x84, 0x0c, 0x65, 0xac, 0x1d, 0xf2, 0xcb, 0x6a, 0x81, 0xb1, 0xf9,
	0x82, 0xe7, 0x4c, 0xab, 0x39, 0xaf, 0xb1, 0x4b, 0x78, 0xab, 0x9c, 0xa5, 0x5f, 0xf6, 0x5f,
	0x77, 0xcb, 0xe1, 0xbc, 0xb5, 0x59, 0x2d, 0xc3, 0x42, 0x84, 0xf3, 0x80, 0xd3, 0x2d, 0xf3,
	0x93, 0xda, 0x50, 0xf7, 0xa3, 0x39, 0x7f, 0x29, 0x3c, 0xa5, 0x23, 0x4e, 0x8b, 0x38, 0xe8,
	0xe6,
};

static const u8 fuzz_p256_pub[] = {
	0x04, 0x22, 0x52, 0x0f, 0x95, 0x0c, 0x97, 0x73, 0x84, 0x0c, 0x65, 0xac, 0x1d, 0xf2, 0xcb,
	0x6a, 0x81, 0xb1, 0xf9, 0x82, 0xe7, 0x4c, 0xab, 0x39, 0xaf, 0xb1, 0x4b, 0x78, 0xab, 0x9c,
	0xa5, 0x5f, 0xf6, 0x5f, 0x77, 0xcb, 0xe1, 0xbc, 0xb5, 0x59, 0x2d, 0xc3, 0x42, 0x84, 0xf3,
	0x80, 0xd3, 0x2d, 0xf3, 0x93, 0xda, 0x50, 0xf7, 0xa3, 0x39, 0x7f, 0x29, 0x3c, 0xa5, 0x23,
	0x4e, 0x8b, 0x38, 0xe8, 0xe6,
};

static const u8 fuzz_p256_sig[] = {
	0x30, 0x44, 0x02, 0x20, 0x20, 0xbc, 0xf4, 0xba, 0x23, 0xb5, 0xa4, 0x73, 0x9e, 0xe8, 0xf0,
	0xbc, 0x9c, 0x7f, 0xa5, 0xf7, 0x1a, 0x30, 0xfc, 0xf1, 0x7f, 0x8d, 0xb4, 0x8d, 0x31, 0xb6,
	0x75, 0xa1, 0xee, 0x43, 0x04, 0x26, 0x02, 0x20, 0x17, 0xe5, 0xf1, 0xa5, 0x61, 0x4e, 0xf2,
	0xc6, 0x06, 0xd2, 0xdb, 0x20, 0xe6, 0x22, 0x37, 0x6a, 0xb4, 0xac, 0xab, 0x9d, 0x78, 0x28,
	0x36, 0xe7, 0xce, 0x62, 0x91, 0x0e, 0x37, 0xeb, 0xf1, 0xa0,
};

/* What a session of RSA, or with @curve of ECDSA, is opened with. */
static const struct fuzz_key {
	const u8 *der;
	u32 len;
	u32 keytype;
	u32 padding;
	u32 hash;
	u32 curve;
} fuzz_keys[] = {
	[FUZZ_RSA_RAW] = {
		rsa1024_pub, sizeof(rsa1024_pub), VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC,
		VIRTIO_CRYPTO_RSA_RAW_PADDING, VIRTIO_CRYPTO_RSA_NO_HASH,
	},
	[FUZZ_RSA_VERIFY] = {
		rsa1024_pub, sizeof(rsa1024_pub), VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC,
		VIRTIO_CRYPTO_RSA_PKCS1_PADDING, VIRTIO_CRYPTO_RSA_SHA256,
	},
	[FUZZ_RSA_SIGN] = {
		rsa1024_priv, sizeof(rsa1024_priv), VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE,
		VIRTIO_CRYPTO_RSA_PKCS1_PADDING, VIRTIO_CRYPTO_RSA_SHA256,
	},
	[FUZZ_RSA_SMALL] = {
		rsa512_priv, sizeof(rsa512_priv), VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE,
		VIRTIO_CRYPTO_RSA_PKCS1_PADDING, VIRTIO_CRYPTO_RSA_NO_HASH,
	},
	[FUZZ_ECDSA_VERIFY] = {
		fuzz_p256_pub, sizeof(fuzz_p256_pub), VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC,
		.curve = VIRTIO_CRYPTO_CURVE_NIST_P256,
	},
	[FUZZ_ECDSA_SIGN] = {
		fuzz_p256_priv, sizeof(fuzz_p256_priv), VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE,
		.curve = VIRTIO_CRYPTO_CURVE_NIST_P256,
	},
};

static void fuzz_put(struct fuzz_request *req, const void *data, u32 len)
{
	if (WARN_ON_ONCE(len > FUZZ_REQUEST_MAX - req->len))
		return;
	memcpy(req->buf + req->len, data, len);
	req->len += len;
}

static void fuzz_put_random(struct fuzz *f, u32 len)
{
	if (WARN_ON_ONCE(len > FUZZ_REQUEST_MAX - f->req.len))
		return;
	prandom_bytes_state(&f->rnd, f->req.buf + f->req.len, len);
	f->req.len += len;
}

static void fuzz_begin_request(struct fuzz *f)
{
	u8 *buf = f->req.buf;

	f->req = (struct fuzz_request) {
		.buf = buf,
		.answer.type = FUZZ_UNKNOWN,
		.count = FUZZ_PROOF_CHAINS,
	};
}

/* ---- the control queue ----------------------------------------------------------- */

static bool fuzz_is_aes(enum fuzz_type type)
{
	return type == FUZZ_AES_ENCRYPT || type == FUZZ_AES_DECRYPT;
}

static u32 fuzz_key_algo(const struct fuzz_key *key)
{
	return key && key->curve ? VIRTIO_CRYPTO_AKCIPHER_ECDSA : VIRTIO_CRYPTO_AKCIPHER_RSA;
}

static void fuzz_key_para(struct virtio_crypto_akcipher_session_para *para,
			  const struct fuzz_key *key)
{
	para->algo = cpu_to_le32(fuzz_key_algo(key));
	para->keytype = cpu_to_le32(key->keytype);
	para->keylen = cpu_to_le32(key->len);
	if (key->curve) {
		para->u.ecdsa.curve_id = cpu_to_le32(key->curve);
		return;
	}
	para->u.rsa.padding_algo = cpu_to_le32(key->padding);
	para->u.rsa.hash_algo = cpu_to_le32(key->hash);
}

/* A request to open a session, which is to succeed. */
void fuzz_make_open(struct fuzz *f, enum fuzz_type type)
{
	struct virtio_crypto_cipher_session_para *para;
	struct virtio_crypto_op_ctrl_req req = {};

	fuzz_begin_request(f);
	if (fuzz_is_aes(type)) {
		req.header.opcode = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_CREATE_SESSION);
		req.header.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC);
		para = &req.u.sym_create_session.u.cipher.para;
		para->algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC);
		para->keylen = cpu_to_le32(sizeof(fuzz_aes_key));
		para->op = cpu_to_le32(type == FUZZ_AES_ENCRYPT ? VIRTIO_CRYPTO_OP_ENCRYPT :
								  VIRTIO_CRYPTO_OP_DECRYPT);
		req.u.sym_create_session.op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_CIPHER);
		fuzz_put(&f->req, &req, sizeof(req));
		fuzz_put(&f->req, fuzz_aes_key, sizeof(fuzz_aes_key));
	} else {
		req.header.opcode = cpu_to_le32(VIRTIO_CRYPTO_AKCIPHER_CREATE_SESSION);
		req.header.algo = cpu_to_le32(fuzz_key_algo(&fuzz_keys[type]));
		fuzz_key_para(&req.u.akcipher_create_session.para, &fuzz_keys[type]);
		fuzz_put(&f->req, &req, sizeof(req));
		fuzz_put(&f->req, fuzz_keys[type].der, fuzz_keys[type].len);
	}
	f->req.room = sizeof(struct virtio_crypto_session_input);
	f->req.answer.exact = true;
	f->req.answer.status = VIRTIO_CRYPTO_OK;
	f->req.answer.type = type;
}

/* A request to close a session, which is to succeed. */
void fuzz_make_close(struct fuzz *f, const struct fuzz_session *session)
{
	struct virtio_crypto_op_ctrl_req req = {};
	bool aes = fuzz_is_aes(session->type);

	/* Of an unknown one the guess may be wrong. */
	if (session->type == FUZZ_UNKNOWN)
		aes = fuzz_one_in(f, 4);
	fuzz_begin_request(f);
	req.header.opcode = cpu_to_le32(aes ? VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION :
					      VIRTIO_CRYPTO_AKCIPHER_DESTROY_SESSION);
	req.u.destroy_session.session_id = cpu_to_le64(session->id);
	fuzz_put(&f->req, &req, fuzz_has(f, VIRTIO_CRYPTO_F_REVISION_1) && fuzz_one_in(f, 2) ?
		 offsetofend(struct virtio_crypto_op_ctrl_req, u.destroy_session.session_id) :
		 sizeof(req));
	f->req.room = sizeof(struct virtio_crypto_inhdr);
	f->req.answer.exact = session->type != FUZZ_UNKNOWN;
	f->req.answer.status = VIRTIO_CRYPTO_OK;
	f->req.answer.session = session->id;
}

static void fuzz_make_ctrl(struct fuzz *f)
{
	struct fuzz_session random = { .type = FUZZ_UNKNOWN };

	if (f->nr_doomed && fuzz_below(f, 100) < 45) {
		fuzz_make_close(f, &f->sessions[fuzz_below(f, f->nr_doomed)]);
		/* Another chain may have closed it. */
		f->req.answer.exact = false;
	} else if (fuzz_one_in(f, 10)) {
		random.id = fuzz_one_in(f, 2) ? fuzz_u64(f) : fuzz_below(f, 64);
		fuzz_make_close(f, &random);
	} else {
		fuzz_make_open(f, fuzz_below(f, f->nr_types));
		f->req.answer.may_lack_room = true;
	}
}

/* ---- data queues ----------------------------------------------------------------- */

static void fuzz_put_header(struct fuzz *f, u32 opcode, u32 algo, u64 session, bool stateless)
{
	struct virtio_crypto_op_header header = {
		.opcode = cpu_to_le32(opcode),
		.algo = cpu_to_le32(algo),
		.session_id = cpu_to_le64(session),
	};

	if (fuzz_has(f, VIRTIO_CRYPTO_F_REVISION_1) && !stateless)
		header.flag = cpu_to_le32(VIRTIO_CRYPTO_FLAG_SESSION_MODE);
	fuzz_put(&f->req, &header, sizeof(header));
}

/* The fixed part of an operation with RSA or ECDSA. @key: comes along, or NULL */
static void fuzz_put_op(struct fuzz *f, u32 opcode, u64 session, const struct fuzz_key *key,
			u32 src, u32 dst)
{
	struct virtio_crypto_akcipher_stateless_para stateless = {
		.src_data_len = cpu_to_le32(src),
		.dst_data_len = cpu_to_le32(dst),
	};
	struct virtio_crypto_akcipher_data_req padded = {
		.para = { cpu_to_le32(src), cpu_to_le32(dst) },
	};

	fuzz_put_header(f, opcode, fuzz_key_algo(key), session, key);
	if (fuzz_has(f, VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE)) {
		if (key)
			fuzz_key_para(&stateless.sess_para, key);
		fuzz_put(&f->req, &stateless, sizeof(stateless));
		if (key)
			fuzz_put(&f->req, key->der, key->len);
	} else {
		fuzz_put(&f->req, &padded, fuzz_has(f, VIRTIO_CRYPTO_F_REVISION_1) ?
			 sizeof(padded.para) : sizeof(padded));
	}
}

/* The fixed part of an operation with AES. @key: comes along, or NULL */
static void fuzz_put_aes(struct fuzz *f, bool decrypt, u64 session, const u8 *key, u32 len)
{
	struct virtio_crypto_cipher_stateless_para stateless = {
		.iv_len = cpu_to_le32(AES_BLOCK_SIZE),
		.src_data_len = cpu_to_le32(len),
		.dst_data_len = cpu_to_le32(len),
		.op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_CIPHER),
	};
	struct virtio_crypto_sym_data_req req = {
		.op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_CIPHER),
	};

	fuzz_put_header(f, decrypt ? VIRTIO_CRYPTO_CIPHER_DECRYPT : VIRTIO_CRYPTO_CIPHER_ENCRYPT,
			VIRTIO_CRYPTO_CIPHER_AES_CBC, session, key);
	if (fuzz_has(f, VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE)) {
		if (key) {
			stateless.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC);
			stateless.key_len = cpu_to_le32(sizeof(fuzz_aes_key));
			stateless.op = cpu_to_le32(decrypt ? VIRTIO_CRYPTO_OP_DECRYPT :
							     VIRTIO_CRYPTO_OP_ENCRYPT);
		}
		fuzz_put(&f->req, &stateless, sizeof(stateless));
		if (key)
			fuzz_put(&f->req, key, sizeof(fuzz_aes_key));
		return;
	}
	req.u.cipher.para.iv_len = cpu_to_le32(AES_BLOCK_SIZE);
	req.u.cipher.para.src_data_len = cpu_to_le32(len);
	req.u.cipher.para.dst_data_len = cpu_to_le32(len);
	fuzz_put(&f->req, &req, sizeof(req));
}

static void fuzz_wants(struct fuzz *f, u8 status, const u8 *want, u32 len)
{
	f->req.room = len + sizeof(struct virtio_crypto_inhdr);
	f->req.answer.exact = true;
	f->req.answer.status = status;
	f->req.answer.want = want;
	f->req.answer.want_len = len;
}

/* @key: comes along, or NULL */
static void fuzz_make_verify(struct fuzz *f, u64 session, const struct fuzz_key *key,
			     const u8 *sig, u32 len)
{
	u8 digest[sizeof(digest_sha256)];
	bool wrong = fuzz_one_in(f, 4);

	memcpy(digest, digest_sha256, sizeof(digest));
	if (wrong)
		digest[fuzz_below(f, sizeof(digest))] ^= BIT(fuzz_below(f, 8));
	fuzz_put_op(f, VIRTIO_CRYPTO_AKCIPHER_VERIFY, session, key, len, sizeof(digest));
	fuzz_put(&f->req, sig, len);
	fuzz_put(&f->req, digest, sizeof(digest));
	fuzz_wants(f, wrong ? VIRTIO_CRYPTO_KEY_REJECTED : VIRTIO_CRYPTO_OK, NULL, 0);
}

static void fuzz_make_aes(struct fuzz *f, bool decrypt, u64 session, const u8 *key)
{
	fuzz_put_aes(f, decrypt, session, key, sizeof(fuzz_aes_plain));
	fuzz_put(&f->req, fuzz_aes_iv, sizeof(fuzz_aes_iv));
	fuzz_put(&f->req, decrypt ? fuzz_aes_secret : fuzz_aes_plain, sizeof(fuzz_aes_plain));
	fuzz_wants(f, VIRTIO_CRYPTO_OK, decrypt ? fuzz_aes_plain : fuzz_aes_secret,
		   sizeof(fuzz_aes_plain));
}

/* A small key's, or a private one of ECDSA: whatever comes out, the operation takes its time. */
static void fuzz_make_small(struct fuzz *f, const struct fuzz_session *session)
{
	static const u32 opcodes[] = {
		VIRTIO_CRYPTO_AKCIPHER_ENCRYPT, VIRTIO_CRYPTO_AKCIPHER_DECRYPT,
		VIRTIO_CRYPTO_AKCIPHER_SIGN, VIRTIO_CRYPTO_AKCIPHER_VERIFY,
	};
	u32 opcode = opcodes[fuzz_below(f, ARRAY_SIZE(opcodes))];
	u32 len = opcode == VIRTIO_CRYPTO_AKCIPHER_DECRYPT ? 64 : fuzz_below(f, 54);

	fuzz_put_op(f, opcode, session->id, NULL, len, FUZZ_SMALL);
	fuzz_put_random(f, len);
	if (opcode == VIRTIO_CRYPTO_AKCIPHER_VERIFY)
		fuzz_put_random(f, FUZZ_SMALL);
	f->req.room = FUZZ_SMALL + 1;
}

/* An operation with a session whose result is known, but for those of fuzz_make_small(). */
void fuzz_make_known(struct fuzz *f, const struct fuzz_session *session)
{
	fuzz_begin_request(f);
	f->req.answer.session = session->id;
	switch ((enum fuzz_type)session->type) {
	case FUZZ_RSA_RAW:
		fuzz_put_op(f, VIRTIO_CRYPTO_AKCIPHER_ENCRYPT, session->id, NULL,
			    sizeof(rsa1024_block), sizeof(rsa1024_block_e));
		fuzz_put(&f->req, rsa1024_block, sizeof(rsa1024_block));
		fuzz_wants(f, VIRTIO_CRYPTO_OK, rsa1024_block_e, sizeof(rsa1024_block_e));
		break;
	case FUZZ_RSA_VERIFY:
		fuzz_make_verify(f, session->id, NULL, rsa1024_sig_sha256,
				 sizeof(rsa1024_sig_sha256));
		break;
	case FUZZ_ECDSA_VERIFY:
		fuzz_make_verify(f, session->id, NULL, fuzz_p256_sig, sizeof(fuzz_p256_sig));
		break;
	case FUZZ_RSA_SIGN:
		fuzz_put_op(f, VIRTIO_CRYPTO_AKCIPHER_SIGN, session->id, NULL,
			    sizeof(digest_sha256), sizeof(rsa1024_sig_sha256));
		fuzz_put(&f->req, digest_sha256, sizeof(digest_sha256));
		fuzz_wants(f, VIRTIO_CRYPTO_OK, rsa1024_sig_sha256, sizeof(rsa1024_sig_sha256));
		break;
	case FUZZ_AES_ENCRYPT:
	case FUZZ_AES_DECRYPT:
		fuzz_make_aes(f, session->type == FUZZ_AES_DECRYPT, session->id, NULL);
		break;
	case FUZZ_RSA_SMALL:
	case FUZZ_ECDSA_SIGN:
	case FUZZ_UNKNOWN:
		fuzz_make_small(f, session);
		break;
	}
}

/* Likewise, with the key in it; by the service @feature is the stateless mode of. */
void fuzz_make_known_stateless(struct fuzz *f, unsigned int feature)
{
	fuzz_begin_request(f);
	if (feature == VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE) {
		fuzz_make_aes(f, fuzz_one_in(f, 2), 0, fuzz_aes_key);
		return;
	}
	if (f->nr_types > FUZZ_ECDSA_VERIFY && fuzz_one_in(f, 2)) {
		fuzz_make_verify(f, 0, &fuzz_keys[FUZZ_ECDSA_VERIFY], fuzz_p256_sig,
				 sizeof(fuzz_p256_sig));
		return;
	}
	fuzz_put_op(f, VIRTIO_CRYPTO_AKCIPHER_ENCRYPT, 0, &fuzz_keys[FUZZ_RSA_RAW],
		    sizeof(rsa1024_block), sizeof(rsa1024_block_e));
	fuzz_put(&f->req, rsa1024_block, sizeof(rsa1024_block));
	fuzz_wants(f, VIRTIO_CRYPTO_OK, rsa1024_block_e, sizeof(rsa1024_block_e));
}

static void fuzz_make_long(struct fuzz *f, const struct fuzz_session *session)
{
	u32 len = AES_BLOCK_SIZE * fuzz_below(f, FUZZ_LONG / AES_BLOCK_SIZE + 1);

	fuzz_begin_request(f);
	fuzz_put_aes(f, session->type == FUZZ_AES_DECRYPT, session->id, NULL, len);
	fuzz_put_random(f, AES_BLOCK_SIZE + len);
	f->req.answer.session = session->id;
	f->req.room = len + 1;
	if (session->type == FUZZ_AES_ENCRYPT || session->type == FUZZ_AES_DECRYPT) {
		/* What comes out is not known, but that it does. */
		f->req.answer.exact = true;
		f->req.answer.status = VIRTIO_CRYPTO_OK;
		f->req.answer.want_len = len;
	}
}

static void fuzz_make_data(struct fuzz *f)
{
	struct fuzz_session session = { .type = FUZZ_UNKNOWN };
	unsigned int feature = fuzz_one_in(f, 2) ? VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE :
						   VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE;
	bool known = false, stateless = false;

	/* Sessions that nobody closes now. */
	if (f->nr_sessions > f->nr_doomed && !fuzz_one_in(f, 16)) {
		session = f->sessions[f->nr_doomed + fuzz_below(f, f->nr_sessions - f->nr_doomed)];
		known = true;
	} else if (f->nr_sessions && fuzz_one_in(f, 2)) {
		session = f->sessions[fuzz_below(f, f->nr_sessions)];
	} else {
		session.type = fuzz_below(f, f->nr_types);
		session.id = fuzz_one_in(f, 2) ? fuzz_u64(f) : fuzz_below(f, 64);
	}

	if (fuzz_has(f, feature))
		stateless = fuzz_one_in(f, 4);
	if (stateless)
		fuzz_make_known_stateless(f, feature);
	else if (fuzz_is_aes(session.type) && fuzz_one_in(f, 8))
		fuzz_make_long(f, &session);
	else
		fuzz_make_known(f, &session);
	if (!stateless && !known)
		f->req.answer.exact = false;
}

/* ---- spoiling -------------------------------------------------------------------- */

static u32 fuzz_edge(struct fuzz *f, u32 now)
{
	static const u32 edges[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 127, 128, 129,
		255, 256, 257, 511, 512, 513, 4095, 4096, 4097, 0x400, 0x401, 0x402, 0x403, 0x404,
		0x405, 0x406, 0x101, 0x202, 0x303, 0xffff, 0x10000, 0x10001, 0xfffff, 0x100000,
		0x100001, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff,
	};

	switch (fuzz_below(f, 8)) {
	case 0:
		return fuzz_u32(f);
	case 1:
		return now + 1;
	case 2:
		return now - 1;
	case 3:
		return now ^ BIT(fuzz_below(f, 32));
	case 4:
		return -now;
	default:
		return edges[fuzz_below(f, ARRAY_SIZE(edges))];
	}
}

static void fuzz_spoil(struct fuzz *f)
{
	struct fuzz_request *req = &f->req;
	/* the longest there is */
	u32 header = min_t(u32, req->len, sizeof(struct virtio_crypto_op_header) +
			   sizeof(struct virtio_crypto_cipher_stateless_para)), at;

	switch (fuzz_below(f, 16)) {
	case 0 ... 7:		/* a field */
		if (header >= 4) {
			at = 4 * fuzz_below(f, header / 4);
			put_unaligned_le32(fuzz_edge(f, get_unaligned_le32(req->buf + at)),
					   req->buf + at);
		}
		break;
	case 8:			/* a bit of the header, or of a session's id */
		if (header)
			req->buf[fuzz_below(f, header)] ^= BIT(fuzz_below(f, 8));
		break;
	case 9:			/* a byte of anything, a key for one */
		if (req->len)
			req->buf[fuzz_below(f, req->len)] = fuzz_u32(f);
		break;
	case 10:		/* the end of it */
		req->len = fuzz_below(f, req->len + 1);
		break;
	case 11:
		req->len -= min_t(u32, req->len, 1 + fuzz_below(f, 4));
		break;
	case 12:
		fuzz_put_random(f, min_t(u32, fuzz_below(f, 5000), FUZZ_REQUEST_MAX - req->len));
		break;
	case 13:
		req->room = fuzz_below(f, 20);
		break;
	case 14:
		req->room -= min_t(u32, req->room, 1 + fuzz_below(f, 3));
		break;
	case 15:
		req->room += fuzz_below(f, 600);
		break;
	}
}

/* Something for a control or a data queue. */
void fuzz_make(struct fuzz *f, bool ctrl)
{
	unsigned int n;

	if (fuzz_one_in(f, 16)) {
		fuzz_begin_request(f);
		fuzz_put_random(f, fuzz_below(f, 300));
		f->req.room = fuzz_below(f, 300);
		f->req.count = FUZZ_RANDOM;
		return;
	}
	if (ctrl)
		fuzz_make_ctrl(f);
	else
		fuzz_make_data(f);
	f->req.count = FUZZ_VALID;
	if (fuzz_one_in(f, 4))
		return;
	f->req.count = FUZZ_SPOILED;
	f->req.answer.exact = false;
	f->req.answer.type = FUZZ_UNKNOWN;
	for (n = 1 + fuzz_below(f, 3); n; n--)
		fuzz_spoil(f);
}
