// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contents of a request (virtio 1.3, 5.9.7), checked against the chain it came
 * in and what the device offers. Pure functions of copies: no locks, any
 * context, nothing of the driver's memory is read here.
 *
 * Without VIRTIO_CRYPTO_F_REVISION_1 fixed-length fields are padded to 56 bytes on the
 * control queue and 48 on data queues.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <uapi/linux/virtio_crypto_stateless.h>
#include <crypto/internal/asym/executor.h>

#include "data.h"
#include "parse.h"
#include "service.h"

static_assert(sizeof(struct virtio_crypto_op_ctrl_req) == 16 + 56);
static_assert(sizeof(struct virtio_crypto_op_data_req) == 24 + 48);
static_assert(sizeof(struct virtio_crypto_session_input) == 16);
static_assert(sizeof(struct virtio_crypto_inhdr) == 1);
static_assert(VIRTIO_CRYPTO_AKCIPHER_RSA == (int)ASYM_RSA);
static_assert(VIRTIO_CRYPTO_AKCIPHER_ECDSA == (int)ASYM_ECDSA);
static_assert(VIRTIO_CRYPTO_CURVE_NIST_P192 == (int)ASYM_CURVE_P192);
static_assert(VIRTIO_CRYPTO_CURVE_NIST_P521 == (int)ASYM_CURVE_P521);
static_assert(VIRTIO_CRYPTO_RSA_PKCS1_PADDING == (int)ASYM_PAD_PKCS1);
static_assert(VIRTIO_CRYPTO_RSA_SHA224 == (int)ASYM_HASH_SHA224);
static_assert(VIRTIO_CRYPTO_AKCIPHER_ENCRYPT ==
	      VIRTIO_CRYPTO_OPCODE(VIRTIO_CRYPTO_SERVICE_AKCIPHER, (int)ASYM_ENCRYPT));
static_assert(VIRTIO_CRYPTO_AKCIPHER_VERIFY ==
	      VIRTIO_CRYPTO_OPCODE(VIRTIO_CRYPTO_SERVICE_AKCIPHER, (int)ASYM_VERIFY));

/**
 * vc_data_hdr_len() - bytes of a data request's fixed part
 * @features: that the driver accepted
 *
 * virtio 1.3, 5.9.7.3 "Data Virtqueue".
 *
 * Return: at most sizeof(struct virtio_crypto_op_data_req).
 */
unsigned int vc_data_hdr_len(u64 features)
{
	if (!(features & BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1)))
		return sizeof(struct virtio_crypto_op_data_req);
	return sizeof(struct virtio_crypto_op_header) +
	       (features & BIT_ULL(VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE) ?
			sizeof(struct virtio_crypto_akcipher_stateless_para) :
			sizeof(struct virtio_crypto_akcipher_para));
}

/**
 * vc_parse_data_hdr() - a data request's fixed part
 * @buf: vc_data_hdr_len() bytes
 * @features: that the driver accepted
 * @out: what it says
 *
 * virtio 1.3, 5.9.7.3: without revision 1 the flag is ignored; with it, and without
 * the stateless mode, "the device SHOULD reject" what is not in session mode.
 *
 * Return: VIRTIO_CRYPTO_OK or _NOTSUPP.
 */
u8 vc_parse_data_hdr(const u8 *buf, u64 features, struct vc_data_hdr *out)
{
	const void *flf = buf + sizeof(struct virtio_crypto_op_header);
	struct virtio_crypto_akcipher_stateless_para stateless;
	struct virtio_crypto_akcipher_para para;
	struct virtio_crypto_op_header header;
	bool session;

	memcpy(&header, buf, sizeof(header));
	session = !(features & BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1)) ||
		  le32_to_cpu(header.flag) & VIRTIO_CRYPTO_FLAG_SESSION_MODE;
	out->opcode = le32_to_cpu(header.opcode);
	out->session = le64_to_cpu(header.session_id);
	out->stateless = !session;

	if (features & BIT_ULL(VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE)) {
		memcpy(&stateless, flf, sizeof(stateless));
		out->para = stateless.sess_para;
		out->src = le32_to_cpu(stateless.src_data_len);
		out->dst = le32_to_cpu(stateless.dst_data_len);
		return VIRTIO_CRYPTO_OK;
	}
	memcpy(&para, flf, sizeof(para));
	out->src = le32_to_cpu(para.src_data_len);
	out->dst = le32_to_cpu(para.dst_data_len);
	return session ? VIRTIO_CRYPTO_OK : VIRTIO_CRYPTO_NOTSUPP;
}

/* Of RSA. Return: VIRTIO_CRYPTO_OK or _NOTSUPP. */
static u8 vc_parse_rsa(const struct virtio_crypto_rsa_session_para *para,
		       const struct asym_caps *caps, struct vc_create_req *out)
{
	u32 padding = le32_to_cpu(para->padding_algo);
	u32 hash;

	if (padding >= ASYM_PAD_NR || !(caps->rsa_paddings & BIT(padding)))
		return VIRTIO_CRYPTO_NOTSUPP;

	/* "hash_algo is ignored" with raw padding */
	hash = padding == ASYM_PAD_RAW ? ASYM_HASH_NONE : le32_to_cpu(para->hash_algo);
	if (hash >= ASYM_HASH_NR)
		return VIRTIO_CRYPTO_NOTSUPP;
	if (padding != ASYM_PAD_RAW && !(caps->rsa_hashes & BIT(hash)))
		return VIRTIO_CRYPTO_NOTSUPP;

	out->curve = 0;
	out->padding = padding;
	out->hash = hash;
	return VIRTIO_CRYPTO_OK;
}

/* Of ECDSA. Return: likewise. */
static u8 vc_parse_ecdsa(const struct virtio_crypto_ecdsa_session_para *para,
			 const struct asym_caps *caps, struct vc_create_req *out)
{
	u32 curve = le32_to_cpu(para->curve_id);

	if (curve >= ASYM_CURVE_NR || !(caps->ec_curves & BIT(curve)))
		return VIRTIO_CRYPTO_NOTSUPP;
	out->curve = curve;
	out->padding = ASYM_PAD_RAW;
	out->hash = ASYM_HASH_NONE;
	return VIRTIO_CRYPTO_OK;
}

/**
 * vc_parse_key() - check what a request says of the key in it
 * @para: what it says
 * @readable: bytes the driver supplied after the fixed part
 * @caps: what the device offers
 * @out: the request, valid if VIRTIO_CRYPTO_OK is returned
 *
 * virtio 1.3, 5.9.7.2.1.5 "Session operation: AKCIPHER session".
 *
 * Return: VIRTIO_CRYPTO_OK, _NOTSUPP (algorithm, padding, hash or curve), _ERR (lengths).
 */
u8 vc_parse_key(const struct virtio_crypto_akcipher_session_para *para, size_t readable,
		const struct asym_caps *caps, struct vc_create_req *out)
{
	u32 algo = le32_to_cpu(para->algo);
	u32 type = le32_to_cpu(para->keytype);
	u32 len = le32_to_cpu(para->keylen);
	bool ecdsa = algo == ASYM_ECDSA;
	u8 ret;

	if ((algo != ASYM_RSA && !ecdsa) || !(caps->algos & BIT(algo)))
		return VIRTIO_CRYPTO_NOTSUPP;
	if (type != VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC &&
	    type != VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE)
		return VIRTIO_CRYPTO_NOTSUPP;

	ret = ecdsa ? vc_parse_ecdsa(&para->u.ecdsa, caps, out) :
		      vc_parse_rsa(&para->u.rsa, caps, out);
	if (ret != VIRTIO_CRYPTO_OK)
		return ret;

	if (!len || len > (ecdsa ? ASYM_MAX_EC_DER : ASYM_MAX_DER) || len > readable)
		return VIRTIO_CRYPTO_ERR;

	out->key_len = len;
	out->is_private = type == VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE;
	out->algo = algo;
	return VIRTIO_CRYPTO_OK;
}

/**
 * vc_parse_data() - check a data request
 * @hdr: the fixed part
 * @readable: bytes the driver supplied after that, and after a key
 * @writable: bytes the device may write, without the struct virtio_crypto_inhdr
 * @out: the request, valid if VIRTIO_CRYPTO_OK is returned
 *
 * virtio 1.3, 5.9.7.8 "AKCIPHER Service Operation", session mode: to verify,
 * src_data_len is the signature's length and dst_data_len that of the digest
 * which follows it; the device writes nothing but the status.
 *
 * Return: VIRTIO_CRYPTO_OK, _NOTSUPP (opcode) or _ERR (lengths).
 */
u8 vc_parse_data(const struct vc_data_hdr *hdr, size_t readable, size_t writable,
		 struct vc_data_req *out)
{
	u32 src = hdr->src, dst = hdr->dst;

	switch (hdr->opcode) {
	case VIRTIO_CRYPTO_AKCIPHER_ENCRYPT:
	case VIRTIO_CRYPTO_AKCIPHER_DECRYPT:
	case VIRTIO_CRYPTO_AKCIPHER_SIGN:
		if (src > VC_MAX_DATA || src > readable || dst > writable)
			return VIRTIO_CRYPTO_ERR;
		out->digest_len = 0;
		/* more room than any result needs is no error */
		out->dst_len = min_t(u32, dst, VC_MAX_DATA);
		break;
	case VIRTIO_CRYPTO_AKCIPHER_VERIFY:
		if (src > VC_MAX_DATA || dst > VC_MAX_DATA || (size_t)src + dst > readable)
			return VIRTIO_CRYPTO_ERR;
		out->digest_len = dst;
		out->dst_len = 0;
		break;
	default:
		return VIRTIO_CRYPTO_NOTSUPP;
	}

	out->op = hdr->opcode - VIRTIO_CRYPTO_AKCIPHER_ENCRYPT;
	out->src_len = src;
	out->session = hdr->session;
	return VIRTIO_CRYPTO_OK;
}

/**
 * vc_session_allows() - may a session be used for an operation?
 * @algo: the session's, enum asym_algo
 * @padding: likewise, enum asym_padding; of RSA
 * @op: enum asym_op
 *
 * virtio 1.3, 5.9.7.2.1.5: "RSA sessions with VIRTIO_CRYPTO_RSA_RAW_PADDING MUST not be
 * used for verification and signing operations". ECDSA does nothing else.
 *
 * Return: true if it may.
 */
bool vc_session_allows(u8 algo, u8 padding, u8 op)
{
	if (algo == ASYM_ECDSA)
		return op == ASYM_SIGN || op == ASYM_VERIFY;
	return padding != ASYM_PAD_RAW || op == ASYM_ENCRYPT || op == ASYM_DECRYPT;
}

/**
 * vc_op_status() - an operation's result as the driver sees it
 * @err: 0 or -errno, from the executor
 * @features: that the driver accepted
 *
 * virtio 1.3, 5.9.7.8, whose VIRTIO_CRYPTO_ERR is "any failure". Input that was
 * computed and refused, a PKCS #1 padding for one, is VIRTIO_CRYPTO_BADMSG here:
 * a driver must tell it from a device that failed. It repeats the operation
 * after a failure, which for a bad padding would cost time that an attacker
 * can measure (Bleichenbacher).
 *
 * Drivers from before revision 1 do not repeat anything, and know this status
 * for verifications only: they get what QEMU's devices answer, VIRTIO_CRYPTO_ERR,
 * which Linux's own makes the errno of the kernel's software, EINVAL.
 *
 * Return: VIRTIO_CRYPTO_*.
 */
u8 vc_op_status(int err, u64 features)
{
	switch (err) {
	case 0:
		return VIRTIO_CRYPTO_OK;
	case -EKEYREJECTED:
		return VIRTIO_CRYPTO_KEY_REJECTED;
	case -EBADMSG:
	case -EINVAL:
		return features & BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1) ? VIRTIO_CRYPTO_BADMSG :
									VIRTIO_CRYPTO_ERR;
	case -EOPNOTSUPP:
		return VIRTIO_CRYPTO_NOTSUPP;
	default:
		return VIRTIO_CRYPTO_ERR;
	}
}

/**
 * vc_key_status() - the result of opening a session as the driver sees it
 * @err: 0 or -errno, from the executor or the session table
 *
 * virtio 1.3, 5.9.7.2.1, knows four: a key that cannot be parsed is
 * VIRTIO_CRYPTO_ERR; _NOSPC is used whether or not _REVISION_1 was accepted.
 *
 * Return: VIRTIO_CRYPTO_*.
 */
u8 vc_key_status(int err)
{
	switch (err) {
	case 0:
		return VIRTIO_CRYPTO_OK;
	case -EOPNOTSUPP:
	case -ENOPKG:
		return VIRTIO_CRYPTO_NOTSUPP;
	case -ENOSPC:
		return VIRTIO_CRYPTO_NOSPC;
	default:
		return VIRTIO_CRYPTO_ERR;
	}
}
