// SPDX-License-Identifier: GPL-2.0-only
/*
 * akcipher algorithms, "ecdsa-nist-p256": signatures on kernels up to 6.12.
 *
 * A signature is DER. keyctl returns crypto_akcipher_maxsize() bytes on these kernels, so a
 * signature is padded with zeros to that length. Requests sleep, as in the kernel's own
 * verification.
 */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <compat/crypto.h>
#include <crypto/internal/akcipher.h>

#include "types.h"

#if !COMPAT_CRYPTO_HAS_SIG

struct ecdsa_alg {
	struct akcipher_alg base;
	enum asym_curve curve;
	bool registered;
};

static int ecdsa_akcipher_sign(struct akcipher_request *req)
{
	const struct ecdsa_key *key = akcipher_tfm_ctx(crypto_akcipher_reqtfm(req));
	unsigned int size = key->curve->max_sig;
	u8 digest[ECDSA_MAX_DIGEST], raw[ECDSA_RAW], der[ASYM_MAX_EC_SIG] = { };
	int err;

	if (!key->has_private || !req->src_len || req->src_len > sizeof(digest))
		return -EINVAL;
	if (req->dst_len < size) {
		req->dst_len = size;
		return -EOVERFLOW;
	}
	if (sg_copy_to_buffer(req->src, sg_nents(req->src), digest, req->src_len) != req->src_len)
		return -EINVAL;
	err = ecdsa_sign(key, digest, req->src_len, raw);
	if (err)
		return err;
	ecdsa_der_put_sig(key->curve, raw, der);
	if (sg_copy_from_buffer(req->dst, sg_nents(req->dst), der, size) != size)
		return -EINVAL;
	req->dst_len = size;
	return 0;
}

/* The digest follows the signature in @req->src; @req->dst_len is its length. */
static int ecdsa_akcipher_verify(struct akcipher_request *req)
{
	const struct ecdsa_key *key = akcipher_tfm_ctx(crypto_akcipher_reqtfm(req));
	unsigned int len = req->src_len, digest_len = req->dst_len;
	u8 sig[ASYM_MAX_EC_SIG], digest[ECDSA_MAX_DIGEST], raw[ECDSA_RAW];
	unsigned int sig_len = min(len, key->curve->max_sig);
	int err;

	if (!key->has_public || !digest_len || digest_len > ECDSA_MAX_DIGEST)
		return -EINVAL;
	if (sg_copy_to_buffer(req->src, sg_nents(req->src), sig, sig_len) != sig_len ||
	    sg_pcopy_to_buffer(req->src, sg_nents(req->src), digest, digest_len, len) !=
	    digest_len)
		return -EINVAL;
	len = ecdsa_der_sig_len(key->curve, sig, len);
	if (len > sig_len)
		return -EBADMSG;
	err = ecdsa_der_get_sig(key->curve, sig, len, raw);
	if (err)
		return err;
	return ecdsa_verify(key, raw, digest, digest_len);
}

static int ecdsa_akcipher_set_pub_key(struct crypto_akcipher *tfm, const void *key,
				      unsigned int len)
{
	return ecdsa_key_set_public(akcipher_tfm_ctx(tfm), key, len);
}

static int ecdsa_akcipher_set_priv_key(struct crypto_akcipher *tfm, const void *key,
				       unsigned int len)
{
	return ecdsa_key_set_private(akcipher_tfm_ctx(tfm), key, len);
}

static unsigned int ecdsa_akcipher_max_size(struct crypto_akcipher *tfm)
{
	const struct ecdsa_key *key = akcipher_tfm_ctx(tfm);

	return key->curve->max_sig;
}

static int ecdsa_akcipher_init(struct crypto_akcipher *tfm)
{
	struct ecdsa_alg *alg = container_of(crypto_akcipher_alg(tfm), struct ecdsa_alg, base);
	struct ecdsa_key *key = akcipher_tfm_ctx(tfm);

	key->curve = ecdsa_curve_get(alg->curve);
	return 0;
}

static void ecdsa_akcipher_exit(struct crypto_akcipher *tfm)
{
	ecdsa_key_wipe(akcipher_tfm_ctx(tfm));
}

#define ALG(nr) {								\
	.curve = ASYM_CURVE_P##nr,						\
	.base = {								\
		.sign = ecdsa_akcipher_sign,					\
		.verify = ecdsa_akcipher_verify,				\
		.set_pub_key = ecdsa_akcipher_set_pub_key,			\
		.set_priv_key = ecdsa_akcipher_set_priv_key,			\
		.max_size = ecdsa_akcipher_max_size,				\
		.init = ecdsa_akcipher_init,					\
		.exit = ecdsa_akcipher_exit,					\
		.base = {							\
			.cra_name = "ecdsa-nist-p" #nr,				\
			.cra_driver_name = ECDSA_DRIVER_PREFIX "nist-p" #nr,	\
			.cra_priority = ECDSA_PRIORITY,				\
			.cra_module = THIS_MODULE,				\
			.cra_ctxsize = sizeof(struct ecdsa_key),		\
		},								\
	},									\
}

static struct ecdsa_alg algs[] = { ALG(192), ALG(256), ALG(384), ALG(521) };

/* Undo ecdsa_alg_register(). No transform uses the algorithms. */
void ecdsa_alg_unregister(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(algs); i++) {
		if (algs[i].registered)
			crypto_unregister_akcipher(&algs[i].base);
		algs[i].registered = false;
	}
}

/* Register an algorithm for each available curve, or none on failure. */
int ecdsa_alg_register(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(algs); i++) {
		if (!ecdsa_curve_get(algs[i].curve))
			continue;
		err = crypto_register_akcipher(&algs[i].base);
		if (err) {
			ecdsa_alg_unregister();
			return err;
		}
		algs[i].registered = true;
	}
	return 0;
}

MODULE_ALIAS_CRYPTO("ecdsa-nist-p192");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p192");
MODULE_ALIAS_CRYPTO("ecdsa-nist-p256");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p256");
MODULE_ALIAS_CRYPTO("ecdsa-nist-p384");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p384");
MODULE_ALIAS_CRYPTO("ecdsa-nist-p521");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p521");

#endif /* !COMPAT_CRYPTO_HAS_SIG */
