// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's side of asym_provider: sessions and operations, and what the
 * device can do. Of RSA it is asked for the raw operation only. The configuration space has a
 * bit for RSA and one for ECDSA but none for paddings and curves (5.9.5), so raw RSA and the
 * curves are found out by opening a session for each. Process context, but for ->submit(),
 * ->commit() and answers; no lock of its own.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <crypto/internal/asym/provider.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

#include "akcipher.h"
#include "control.h"
#include "data.h"
#include "proto.h"
#include "types.h"

static_assert(VIRTIO_CRYPTO_AKCIPHER_RSA == (int)ASYM_RSA);
static_assert(VIRTIO_CRYPTO_AKCIPHER_ECDSA == (int)ASYM_ECDSA);
static_assert(VIRTIO_CRYPTO_CURVE_NIST_P192 == (int)ASYM_CURVE_P192);
static_assert(VIRTIO_CRYPTO_CURVE_NIST_P256 == (int)ASYM_CURVE_P256);
static_assert(VIRTIO_CRYPTO_CURVE_NIST_P384 == (int)ASYM_CURVE_P384);
static_assert(VIRTIO_CRYPTO_CURVE_NIST_P521 == (int)ASYM_CURVE_P521);
static_assert(sizeof(struct vcrypto_op) <= sizeof_field(struct asym_request, drv));
static_assert(sizeof(struct virtio_crypto_op_data_req) <= ASYM_HEADROOM);
static_assert(sizeof(struct virtio_crypto_inhdr) <= ASYM_TAILROOM);

/* A session needs a key. These were made for it: nobody has the private keys. */
static const u8 vcrypto_probe_rsa_key[] = {
	0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00, 0xa6, 0x55, 0xa5,
	0x92, 0xea, 0x4a, 0x06, 0x6c, 0x12, 0x7b, 0x81, 0xbb, 0x2c, 0x54, 0x12,
	0xca, 0xc7, 0xfb, 0x27, 0x32, 0x9a, 0x22, 0xce, 0x62, 0x15, 0x36, 0x8b,
	0x25, 0xdc, 0xd6, 0x35, 0xfa, 0x9b, 0xba, 0x46, 0xe1, 0x9f, 0x7d, 0x57,
	0x18, 0xf5, 0xd4, 0x25, 0x6e, 0xbf, 0xac, 0x62, 0x19, 0xf6, 0x9b, 0x1e,
	0x27, 0xac, 0xb8, 0x41, 0x96, 0x83, 0x09, 0xe4, 0x19, 0x76, 0xde, 0x8c,
	0xd5, 0x58, 0x24, 0x18, 0x74, 0x2c, 0xdb, 0x80, 0x62, 0x40, 0x9e, 0x6b,
	0x7e, 0x00, 0xfb, 0x81, 0x20, 0x1f, 0xeb, 0x5d, 0x6d, 0x08, 0x8f, 0x2b,
	0x22, 0x25, 0x8d, 0xf4, 0xe2, 0x32, 0x92, 0xcc, 0x30, 0xa6, 0x3d, 0xb9,
	0x8f, 0xdd, 0x14, 0x51, 0x32, 0xd8, 0x2f, 0x99, 0x44, 0xb0, 0x02, 0x09,
	0xc7, 0x44, 0xea, 0x40, 0x59, 0x6c, 0x3a, 0x21, 0xfa, 0x6f, 0xe2, 0xde,
	0xdb, 0x23, 0x2f, 0x62, 0xdc, 0x11, 0xf5, 0xfb, 0x29, 0x7d, 0x65, 0xa1,
	0x1a, 0x3c, 0xf6, 0x64, 0xd6, 0xab, 0xeb, 0x31, 0xfb, 0x66, 0x1b, 0xf4,
	0x4c, 0x26, 0xac, 0x81, 0x58, 0x93, 0xed, 0xb5, 0x1a, 0x3f, 0x34, 0x7d,
	0x05, 0xd9, 0xbf, 0x0f, 0xc8, 0x86, 0xea, 0xeb, 0x58, 0x5a, 0xa8, 0x51,
	0x83, 0x31, 0x7b, 0x3f, 0x58, 0xbb, 0x9b, 0x17, 0xba, 0x8d, 0x09, 0xc7,
	0xc4, 0x87, 0x44, 0x42, 0x2a, 0xdc, 0x61, 0x0a, 0x01, 0xb7, 0x67, 0xe0,
	0x95, 0xb0, 0xaa, 0xbb, 0x6e, 0x7b, 0x05, 0xf4, 0x7e, 0x3b, 0x2e, 0x14,
	0x25, 0xae, 0x1d, 0x95, 0x77, 0x7a, 0x2c, 0x15, 0xc2, 0x6d, 0x51, 0x79,
	0x40, 0xbe, 0x25, 0xd2, 0x0f, 0x82, 0xdc, 0x63, 0x8d, 0x6f, 0x38, 0x5c,
	0x2d, 0x36, 0x84, 0x5d, 0x5f, 0x73, 0xd3, 0x8e, 0xf2, 0xd6, 0x49, 0xc6,
	0xb8, 0x62, 0xed, 0x5e, 0xfe, 0x6a, 0xd0, 0xac, 0x9e, 0xbc, 0xa0, 0x81,
	0x1b, 0x02, 0x03, 0x01, 0x00, 0x01,
};

static const u8 vcrypto_probe_p192[] = {
	0x04, 0x5b, 0xfc, 0x00, 0xa5, 0x78, 0x91, 0x54, 0xc6, 0xdc, 0x4b, 0x2a,
	0xa3, 0xc0, 0x0c, 0xf5, 0x23, 0xea, 0xb5, 0xf9, 0x69, 0xdb, 0x39, 0x4f,
	0xbe, 0xd9, 0x15, 0xdb, 0x38, 0xf6, 0x54, 0xe0, 0xaf, 0x53, 0xfd, 0x2c,
	0x81, 0x1d, 0xd4, 0xd3, 0x79, 0xc9, 0xb3, 0x57, 0x63, 0xab, 0x4a, 0xab,
	0x26,
};

static const u8 vcrypto_probe_p256[] = {
	0x04, 0x12, 0xa2, 0x8e, 0x5a, 0xf2, 0x65, 0x0b, 0x17, 0xad, 0x79, 0xad,
	0x7c, 0x13, 0x0b, 0x7b, 0x91, 0xfe, 0x76, 0xba, 0xf2, 0x77, 0x83, 0x9b,
	0x7e, 0x65, 0x01, 0xf4, 0xe1, 0xee, 0x31, 0xf8, 0x4c, 0x2d, 0xca, 0x57,
	0xa9, 0xec, 0x7f, 0x0f, 0xb2, 0x47, 0xdf, 0x4d, 0x93, 0x9d, 0x43, 0x42,
	0xe7, 0x0a, 0x70, 0xd0, 0x06, 0x4a, 0xd4, 0xae, 0xa1, 0x09, 0xeb, 0x8a,
	0xf9, 0x7c, 0x42, 0x19, 0x74,
};

static const u8 vcrypto_probe_p384[] = {
	0x04, 0x3a, 0xa8, 0x7e, 0x9b, 0xbb, 0xb2, 0x0c, 0x3d, 0x8a, 0x48, 0xe7,
	0xc1, 0xfc, 0x58, 0xff, 0xe0, 0xbc, 0xef, 0xa6, 0xba, 0xc2, 0xef, 0x63,
	0xeb, 0x4d, 0x56, 0xf9, 0x4b, 0x8f, 0x58, 0xd5, 0xf2, 0xe7, 0xdb, 0x03,
	0x4c, 0xf8, 0xd6, 0x11, 0x57, 0x74, 0x26, 0x7d, 0xf5, 0x49, 0xb4, 0x73,
	0x47, 0xa7, 0x79, 0xdd, 0x7d, 0x67, 0x63, 0x71, 0xd4, 0x1d, 0xa3, 0xe5,
	0x9f, 0x25, 0xdf, 0xc3, 0xb7, 0xb8, 0xf8, 0x53, 0x0d, 0xaf, 0x30, 0x1c,
	0xdd, 0x24, 0x0a, 0x4c, 0x4e, 0x05, 0x84, 0x89, 0x28, 0x07, 0x8f, 0x98,
	0x26, 0xfd, 0x1f, 0x6d, 0x9f, 0x6f, 0xab, 0x84, 0xa1, 0xb1, 0xe3, 0xbe,
	0x6b,
};

static const u8 vcrypto_probe_p521[] = {
	0x04, 0x00, 0xf8, 0x1a, 0xea, 0xa0, 0x0c, 0x11, 0xe3, 0x4a, 0x36, 0x0b,
	0x02, 0x1c, 0x41, 0x6e, 0xd4, 0xc4, 0xbe, 0xba, 0x22, 0x70, 0xd5, 0x69,
	0x66, 0xbe, 0xa6, 0x35, 0x4b, 0x7b, 0xd6, 0x3a, 0xc4, 0xb5, 0x6a, 0x29,
	0x68, 0x89, 0xa2, 0x59, 0x86, 0x7d, 0x6a, 0x8b, 0xb9, 0xd6, 0xdf, 0x5d,
	0x9c, 0x43, 0x0a, 0x99, 0xf7, 0xa6, 0x42, 0xc1, 0xc9, 0x0a, 0x29, 0x03,
	0xb1, 0x8c, 0xbd, 0x45, 0x45, 0xa4, 0x32, 0x00, 0x01, 0x7c, 0xa9, 0xdd,
	0x89, 0x9b, 0xd8, 0xdb, 0x94, 0x45, 0x80, 0xcf, 0x72, 0x57, 0xfd, 0x71,
	0xaa, 0x4e, 0x7f, 0x19, 0xeb, 0x72, 0x2b, 0xab, 0x20, 0x7d, 0x94, 0x68,
	0x93, 0xbe, 0x8c, 0x15, 0xf8, 0x7d, 0xda, 0xfb, 0xc9, 0x5f, 0x42, 0xfd,
	0xba, 0x71, 0x71, 0x58, 0xc1, 0x52, 0xd8, 0x9f, 0x4f, 0x4f, 0xb1, 0x71,
	0xca, 0xb9, 0x86, 0xe1, 0xfd, 0x9d, 0x79, 0x82, 0x0c, 0xab, 0x6d, 0x30,
	0x70,
};

#define VCRYPTO_EC_KEY(_curve, _bits, _der) {						\
	.algo = ASYM_ECDSA, .curve = (_curve), .bits = (_bits),				\
	.der = (_der), .der_len = sizeof(_der),						\
}

static const struct asym_key_data vcrypto_probe_ec_keys[] = {
	VCRYPTO_EC_KEY(ASYM_CURVE_P192, 192, vcrypto_probe_p192),
	VCRYPTO_EC_KEY(ASYM_CURVE_P256, 256, vcrypto_probe_p256),
	VCRYPTO_EC_KEY(ASYM_CURVE_P384, 384, vcrypto_probe_p384),
	VCRYPTO_EC_KEY(ASYM_CURVE_P521, 521, vcrypto_probe_p521),
};

static void vcrypto_fill_para(struct virtio_crypto_akcipher_session_para *para,
			      const struct asym_key_data *key)
{
	memset(para, 0, sizeof(*para));
	para->algo = cpu_to_le32(key->algo);
	para->keytype = cpu_to_le32(key->is_private ? VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE :
						      VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC);
	para->keylen = cpu_to_le32(key->der_len);
	if (key->algo == ASYM_ECDSA) {
		para->u.ecdsa.curve_id = cpu_to_le32(key->curve);
		return;
	}
	para->u.rsa.padding_algo = cpu_to_le32(VIRTIO_CRYPTO_RSA_RAW_PADDING);
	para->u.rsa.hash_algo = cpu_to_le32(VIRTIO_CRYPTO_RSA_NO_HASH);
}

/*
 * Describes a key and its use (5.9.7.2.1.5): RSA is always raw. Capabilities are known;
 * -EOPNOTSUPP: the device does not do that. Any context.
 */
static int vcrypto_session_para(const struct vcrypto *vc, const struct asym_key_data *key,
				struct virtio_crypto_akcipher_session_para *para)
{
	const struct asym_caps *caps = &vc->asym.caps;

	switch (key->algo) {
	case ASYM_RSA:
		if (!(caps->rsa_paddings & BIT(ASYM_PAD_RAW)))
			return -EOPNOTSUPP;
		break;
	case ASYM_ECDSA:
		if (key->curve >= ASYM_CURVE_NR || !(caps->ec_curves & BIT(key->curve)))
			return -EOPNOTSUPP;
		break;
	default:
		return -EOPNOTSUPP;
	}
	vcrypto_fill_para(para, key);
	return 0;
}

static struct vcrypto_session *vcrypto_session(u64 handle)
{
	return (void *)(uintptr_t)handle;
}

static int vcrypto_open(struct asym_device *asym, const struct asym_session_params *params,
			u64 *handle)
{
	struct vcrypto *vc = container_of(asym, struct vcrypto, asym);
	struct virtio_crypto_akcipher_session_para para;
	struct vcrypto_session *session;
	int err;

	err = vcrypto_session_para(vc, params->key, &para);
	if (!err)
		err = vcrypto_session_open(vc, params->key, &para, &session);
	if (!err)
		*handle = (uintptr_t)session;
	return err;
}

static void vcrypto_close(struct asym_device *asym, u64 handle)
{
	struct vcrypto *vc = container_of(asym, struct vcrypto, asym);

	vcrypto_session_close(vc, vcrypto_session(handle));
}

/* A request's fixed part, in each of its layouts: vcrypto_data_hdr_len(). */
union vcrypto_data_hdr {
	struct virtio_crypto_op_data_req req;
	struct {
		struct virtio_crypto_op_header header;
		struct virtio_crypto_akcipher_stateless_para para;
	} stateless;
};

static_assert(offsetof(struct virtio_crypto_op_data_req, u) == 24);
static_assert(offsetof(union vcrypto_data_hdr, stateless.para) == 24);

/*
 * Fills in @hdr: 5.9.7.3 "Data Virtqueue", 5.9.7.8 "AKCIPHER Service Operation". @src
 * and @dst are the lengths of source and destination.
 */
static int vcrypto_fill_hdr(struct vcrypto *vc, union vcrypto_data_hdr *hdr,
			    const struct asym_request *req, unsigned int src, unsigned int dst)
{
	struct virtio_crypto_op_header *header = &hdr->req.header;

	memset(hdr, 0, sizeof(*hdr));
	header->opcode = cpu_to_le32(VIRTIO_CRYPTO_OPCODE(VIRTIO_CRYPTO_SERVICE_AKCIPHER, req->op));
	header->algo = cpu_to_le32(req->algo);
	if (!req->key) {
		header->session_id = cpu_to_le64(vcrypto_session_id(vcrypto_session(req->handle)));
		/* Before revision 1 nobody reads it. */
		if (vc->rev1)
			header->flag = cpu_to_le32(VIRTIO_CRYPTO_FLAG_SESSION_MODE);
	}
	if (!vc->stateless) {
		hdr->req.u.akcipher_req.para.src_data_len = cpu_to_le32(src);
		hdr->req.u.akcipher_req.para.dst_data_len = cpu_to_le32(dst);
		return 0;
	}
	hdr->stateless.para.src_data_len = cpu_to_le32(src);
	hdr->stateless.para.dst_data_len = cpu_to_le32(dst);
	return req->key ? vcrypto_session_para(vc, req->key, &hdr->stateless.para.sess_para) : 0;
}

/* @op is off the ring. -ENODEV: the device was reset before it answered. */
static void vcrypto_akcipher_done(struct vcrypto_queue *q, struct vcrypto_op *op, int err,
				  unsigned int used)
{
	struct asym_request *req = container_of((void *)op, struct asym_request, drv);
	unsigned int out_len = 0;

	if (!err)
		err = vcrypto_result(req, used, &out_len);
	if (err && err != -EKEYREJECTED && err != -ENODEV)
		vcrypto_queue_error(q);
	/* asym_provider closes it; while this request uses it, it exists. */
	if (err == -ESTALE && !req->key)
		vcrypto_session_unknown(vcrypto_session(req->handle));
	asym_request_done(req, err, out_len);
}

static const struct vcrypto_op_ops vcrypto_akcipher_op_ops = {
	.done = vcrypto_akcipher_done,
};

/*
 * Mostly header and input are one piece for the device to read, output and status one for it to
 * write; a key or leading zeros take a place between the former. Any context.
 */
static int vcrypto_submit(struct asym_device *asym, struct asym_request *req)
{
	struct vcrypto *vc = container_of(asym, struct vcrypto, asym);
	unsigned int hdr_len = vcrypto_data_hdr_len(vc->rev1, vc->stateless);
	unsigned int pad = 0, digest_len = 0, out_len = 0, nr_out = 0;
	struct vcrypto_op *op = (struct vcrypto_op *)req->drv;
	struct scatterlist head, key, zeros, in, out, *sgs[5];
	u8 *hdr_buf = (u8 *)req->in - hdr_len;
	union vcrypto_data_hdr hdr;
	u8 *status;
	int err;

	if (req->op >= ASYM_OP_NR || (req->op != ASYM_VERIFY && !req->out_len) ||
	    (req->key && !vc->stateless))
		return -EINVAL;
	if (req->op == ASYM_VERIFY)
		digest_len = req->digest_len;
	else
		out_len = req->out_len;
	/* "ciphertext and plaintext MUST be padded with leading zeros", 5.9.7.2.1.5 */
	if (req->algo == ASYM_RSA && req->in_len < req->key_bytes)
		pad = req->key_bytes - req->in_len;

	err = vcrypto_fill_hdr(vc, &hdr, req, pad + req->in_len, digest_len ?: out_len);
	if (err)
		return err;
	memcpy(hdr_buf, &hdr, hdr_len);

	sgs[nr_out++] = &head;
	if (!req->key && !pad) {
		sg_init_one(&head, hdr_buf, hdr_len + req->in_len + digest_len);
	} else {
		sg_init_one(&head, hdr_buf, hdr_len);
		if (req->key) {
			sg_init_one(&key, req->key->der, req->key->der_len);
			sgs[nr_out++] = &key;
		}
		if (pad) {
			sg_init_table(&zeros, 1);
			sg_set_page(&zeros, ZERO_PAGE(0), pad, 0);
			sgs[nr_out++] = &zeros;
		}
		if (req->in_len + digest_len) {
			sg_init_one(&in, req->in, req->in_len + digest_len);
			sgs[nr_out++] = &in;
		}
	}

	status = req->out + out_len;
	*status = VIRTIO_CRYPTO_ERR;
	sg_init_one(&out, req->out, out_len + sizeof(struct virtio_crypto_inhdr));
	sgs[nr_out] = &out;
	op->ops = &vcrypto_akcipher_op_ops;
	op->status = status;
	return vcrypto_send(vc, op, sgs, nr_out, 1, req->more);
}

static void vcrypto_commit(struct asym_device *asym)
{
	vcrypto_queues_commit(container_of(asym, struct vcrypto, asym));
}

const struct asym_device_ops vcrypto_asym_ops = {
	.open = vcrypto_open,
	.close = vcrypto_close,
	.submit = vcrypto_submit,
	.commit = vcrypto_commit,
};

/* Would the device take a key for this? 1, 0 if it refuses, or an error. */
static int vcrypto_probe_session(struct vcrypto *vc, const struct asym_key_data *key)
{
	struct virtio_crypto_akcipher_session_para para;
	struct vcrypto_session *session;
	int err;

	vcrypto_fill_para(&para, key);
	err = vcrypto_session_open(vc, key, &para, &session);
	switch (err) {
	case 0:
		vcrypto_session_close(vc, session);
		return 1;
	case -EOPNOTSUPP:
	case -EIO:	/* QEMU's word for it */
		return 0;
	default:
		return err;
	}
}

/* Fills in what @caps says of RSA. Return: 0, also if it does none, or an error. */
static int vcrypto_probe_rsa(struct vcrypto *vc, u64 max_size, struct asym_caps *caps)
{
	static const struct asym_key_data key = {
		.algo = ASYM_RSA,
		.bits = 2048,
		.der = vcrypto_probe_rsa_key,
		.der_len = sizeof(vcrypto_probe_rsa_key),
	};
	int ret;

	if (vcrypto_max_bits(max_size) < ASYM_RSA_MIN_BITS)
		return 0;
	ret = vcrypto_probe_session(vc, &key);
	if (ret <= 0)
		return ret;
	caps->algos |= BIT(ASYM_RSA);
	caps->rsa_paddings = BIT(ASYM_PAD_RAW);
	caps->rsa_ops = BIT(ASYM_ENCRYPT) | BIT(ASYM_DECRYPT);
	caps->rsa_min_bits = ASYM_RSA_MIN_BITS;
	caps->rsa_max_bits = vcrypto_max_bits(max_size);
	return 0;
}

/* Likewise of ECDSA. */
static int vcrypto_probe_ecdsa(struct vcrypto *vc, u64 max_size, struct asym_caps *caps)
{
	unsigned int i;
	int ret;

	if (max_size && max_size < ASYM_MAX_EC_SIG + ASYM_MAX_DIGEST)
		return 0;
	for (i = 0; i < ARRAY_SIZE(vcrypto_probe_ec_keys); i++) {
		const struct asym_key_data *key = &vcrypto_probe_ec_keys[i];

		ret = vcrypto_probe_session(vc, key);
		if (ret < 0)
			return ret;
		if (ret)
			caps->ec_curves |= BIT(key->curve);
	}
	if (!caps->ec_curves)
		return 0;
	caps->algos |= BIT(ASYM_ECDSA);
	caps->ec_ops = BIT(ASYM_SIGN) | BIT(ASYM_VERIFY);
	return 0;
}

/**
 * vcrypto_akcipher_offered() - what the configuration space says
 * @vc: device: ready
 *
 * Return: BIT(enum asym_algo), of those this driver uses.
 */
u32 vcrypto_akcipher_offered(struct vcrypto *vc)
{
	u32 services, algos;

	virtio_cread_le(vc->vdev, struct virtio_crypto_config, crypto_services, &services);
	if (!(services & BIT(VIRTIO_CRYPTO_SERVICE_AKCIPHER)))
		return 0;
	virtio_cread_le(vc->vdev, struct virtio_crypto_config, akcipher_algo, &algos);
	return algos & (BIT(ASYM_RSA) | BIT(ASYM_ECDSA));
}

/**
 * vcrypto_probe_caps() - find out what a device can do with RSA and ECDSA
 * @vc: device: up, ready and not registered; its asym.caps are filled in
 *
 * Context: sleeps; talks to the device.
 * Return: 0, -EOPNOTSUPP if the device takes no key of either, or an error.
 */
int vcrypto_probe_caps(struct vcrypto *vc)
{
	u32 offered = vcrypto_akcipher_offered(vc);
	struct asym_caps caps = {};
	u64 max_size, largest;
	int err = 0;

	virtio_cread_le(vc->vdev, struct virtio_crypto_config, max_size, &max_size);
	if (offered & BIT(ASYM_RSA))
		err = vcrypto_probe_rsa(vc, max_size, &caps);
	if (!err && offered & BIT(ASYM_ECDSA))
		err = vcrypto_probe_ecdsa(vc, max_size, &caps);
	if (err)
		return err;
	if (!caps.algos)
		return -EOPNOTSUPP;

	/* A request may carry its key, where the largest one fits in beside input and output. */
	largest = caps.algos & BIT(ASYM_RSA) ? ASYM_MAX_DER + 2 * ASYM_MAX_KEY_BYTES :
					       ASYM_MAX_EC_DER + ASYM_MAX_EC_SIG + ASYM_MAX_DIGEST;
	vc->asym.flags &= ~ASYM_DEV_INLINE_KEY;
	if (vc->stateless && (!max_size || max_size >= largest))
		vc->asym.flags |= ASYM_DEV_INLINE_KEY;

	vc->asym.caps = caps;
	return 0;
}
