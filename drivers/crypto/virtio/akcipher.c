// SPDX-License-Identifier: GPL-2.0-only
/*
 * What asym_provider asks of a device: sessions and operations, and what the
 * device can do. The configuration space has a bit for RSA but none for
 * paddings and hashes (5.9.5), so those are found out by opening a session for
 * each. Process context, but for ->submit() (data.c); no lock of its own.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

#include "vcrypto.h"

/* A session needs a key. This one was made for it: nobody has the private key. */
static const u8 vcrypto_probe_key[] = {
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

/* A hash for PKCS #1 encryption and decryption, which use none, on a device that insists on one */
static u8 vcrypto_any_hash(const struct asym_caps *caps)
{
	return caps->rsa_hashes & BIT(ASYM_HASH_NONE) ? ASYM_HASH_NONE : __fls(caps->rsa_hashes);
}

static void vcrypto_fill_para(struct virtio_crypto_akcipher_session_para *para,
			      const struct asym_key_data *key, u8 padding, u8 hash)
{
	para->algo = cpu_to_le32(VIRTIO_CRYPTO_AKCIPHER_RSA);
	para->keytype = cpu_to_le32(key->is_private ? VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PRIVATE :
						      VIRTIO_CRYPTO_AKCIPHER_KEY_TYPE_PUBLIC);
	para->keylen = cpu_to_le32(key->der_len);
	para->u.rsa.padding_algo = cpu_to_le32(padding);
	para->u.rsa.hash_algo = cpu_to_le32(hash);
}

/**
 * vcrypto_session_para() - describe a key and its use (5.9.7.2.1.5)
 * @vc: device; its capabilities are known
 * @key: RSA
 * @padding: enum asym_padding
 * @hash: enum asym_hash
 * @para: filled in
 *
 * Context: any.
 * Return: 0, or -EOPNOTSUPP: the device does not do that.
 */
int vcrypto_session_para(const struct vcrypto *vc, const struct asym_key_data *key, u8 padding,
			 u8 hash, struct virtio_crypto_akcipher_session_para *para)
{
	const struct asym_caps *caps = &vc->asym.caps;

	if (padding >= ASYM_PAD_NR || hash >= ASYM_HASH_NR || !(caps->rsa_paddings & BIT(padding)))
		return -EOPNOTSUPP;
	if (padding == ASYM_PAD_RAW)
		hash = ASYM_HASH_NONE;
	else if (hash == ASYM_HASH_NONE)
		hash = vcrypto_any_hash(caps);
	else if (!(caps->rsa_hashes & BIT(hash)))
		return -EOPNOTSUPP;
	vcrypto_fill_para(para, key, padding, hash);
	return 0;
}

static int vcrypto_open(struct asym_device *asym, const struct asym_session_params *params,
			u64 *handle)
{
	struct vcrypto *vc = container_of(asym, struct vcrypto, asym);
	struct virtio_crypto_akcipher_session_para para;
	struct vcrypto_session *session;
	int err;

	err = vcrypto_session_para(vc, params->key, params->padding, params->hash, &para);
	if (!err)
		err = vcrypto_session_open(vc, params->key, &para, &session);
	if (!err)
		*handle = (uintptr_t)session;
	return err;
}

static void vcrypto_close(struct asym_device *asym, u64 handle)
{
	struct vcrypto *vc = container_of(asym, struct vcrypto, asym);

	vcrypto_session_close(vc, (void *)(uintptr_t)handle);
}

const struct asym_device_ops vcrypto_asym_ops = {
	.open = vcrypto_open,
	.close = vcrypto_close,
	.submit = vcrypto_submit,
	.commit = vcrypto_commit,
};

/* Would the device take a key for this? 1, 0 if it refuses, or an error. */
static int vcrypto_probe_session(struct vcrypto *vc, u8 padding, u8 hash)
{
	static const struct asym_key_data key = {
		.algo = ASYM_RSA,
		.bits = 2048,
		.der = vcrypto_probe_key,
		.der_len = sizeof(vcrypto_probe_key),
	};
	struct virtio_crypto_akcipher_session_para para;
	struct vcrypto_session *session;
	int err;

	vcrypto_fill_para(&para, &key, padding, hash);
	err = vcrypto_session_open(vc, &key, &para, &session);
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

/**
 * vcrypto_probe_caps() - find out what a device can do with RSA
 * @vc: device: up, ready and not registered; its asym.caps are filled in
 *
 * Context: sleeps; talks to the device.
 * Return: 0, -EOPNOTSUPP if the device takes no RSA key, or an error.
 */
int vcrypto_probe_caps(struct vcrypto *vc)
{
	static const u8 hashes[] = {
		ASYM_HASH_NONE, ASYM_HASH_MD5, ASYM_HASH_SHA1, ASYM_HASH_SHA224,
		ASYM_HASH_SHA256, ASYM_HASH_SHA384, ASYM_HASH_SHA512,
	};
	struct asym_caps caps = {
		.algos = BIT(ASYM_RSA),
		.rsa_ops = BIT(ASYM_ENCRYPT) | BIT(ASYM_DECRYPT),
		.rsa_min_bits = ASYM_RSA_MIN_BITS,
	};
	unsigned int i;
	u64 max_size;
	int ret;

	virtio_cread_le(vc->vdev, struct virtio_crypto_config, max_size, &max_size);
	caps.rsa_max_bits = vcrypto_max_bits(max_size);
	if (caps.rsa_max_bits < caps.rsa_min_bits)
		return -EOPNOTSUPP;

	ret = vcrypto_probe_session(vc, ASYM_PAD_RAW, ASYM_HASH_NONE);
	if (ret < 0)
		return ret;
	if (ret)
		caps.rsa_paddings |= BIT(ASYM_PAD_RAW);

	for (i = 0; i < ARRAY_SIZE(hashes); i++) {
		ret = vcrypto_probe_session(vc, ASYM_PAD_PKCS1, hashes[i]);
		if (ret < 0)
			return ret;
		if (ret)
			caps.rsa_hashes |= BIT(hashes[i]);
	}
	if (caps.rsa_hashes) {
		caps.rsa_paddings |= BIT(ASYM_PAD_PKCS1);
		caps.rsa_ops |= BIT(ASYM_SIGN) | BIT(ASYM_VERIFY);
	}
	if (!caps.rsa_paddings)
		return -EOPNOTSUPP;

	/* A request may carry its key, where the largest one fits in beside input and output. */
	vc->asym.flags &= ~ASYM_DEV_INLINE_KEY;
	if (vc->stateless &&
	    (!max_size || max_size >= ASYM_MAX_DER + 2 * ASYM_MAX_KEY_BYTES))
		vc->asym.flags |= ASYM_DEV_INLINE_KEY;

	vc->asym.caps = caps;
	return 0;
}
