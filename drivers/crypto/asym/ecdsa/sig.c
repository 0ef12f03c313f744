// SPDX-License-Identifier: GPL-2.0-only
/*
 * sig algorithms, "x962(ecdsa-nist-p256)" and "p1363(ecdsa-nist-p256)": signatures on kernels
 * that have them as a type of their own.
 *
 * The names are those of the kernel's templates over its "ecdsa-nist-p256", which only verify.
 * Process context; operations sleep. Sources and destinations are never given to a device, so
 * they may lie on a vmapped stack.
 */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/string.h>
#include <compat/crypto.h>
#if COMPAT_CRYPTO_HAS_SIG
#include <crypto/internal/sig.h>
#endif

#include "types.h"

#if COMPAT_CRYPTO_HAS_SIG

struct ecdsa_alg {
	struct sig_alg base;
	enum asym_curve curve;
	bool registered;
};

static unsigned int ecdsa_x962_max_size(struct crypto_sig *sig)
{
	const struct ecdsa_key *key = crypto_sig_ctx(sig);

	return key->curve->max_sig;
}

static unsigned int ecdsa_p1363_max_size(struct crypto_sig *sig)
{
	const struct ecdsa_key *key = crypto_sig_ctx(sig);

	return 2 * key->curve->bytes;
}

/* Returns the signature's length. */
static int ecdsa_x962_sign(struct crypto_sig *sig, const void *src, unsigned int slen, void *dst,
			   unsigned int dlen)
{
	const struct ecdsa_key *key = crypto_sig_ctx(sig);
	u8 raw[ECDSA_RAW];
	int err;

	if (!key->has_private)
		return -EINVAL;
	if (dlen < ecdsa_x962_max_size(sig))
		return -EOVERFLOW;
	err = ecdsa_sign(key, src, slen, raw);
	return err ?: ecdsa_der_put_sig(key->curve, raw, dst);
}

static int ecdsa_x962_verify(struct crypto_sig *sig, const void *src, unsigned int slen,
			     const void *digest, unsigned int dlen)
{
	const struct ecdsa_key *key = crypto_sig_ctx(sig);
	u8 raw[ECDSA_RAW];
	int err;

	if (!key->has_public)
		return -EINVAL;
	err = ecdsa_der_get_sig(key->curve, src, ecdsa_der_sig_len(key->curve, src, slen), raw);
	return err ?: ecdsa_verify(key, raw, digest, dlen);
}

/* Returns the signature's length. */
static int ecdsa_p1363_sign(struct crypto_sig *sig, const void *src, unsigned int slen, void *dst,
			    unsigned int dlen)
{
	const struct ecdsa_key *key = crypto_sig_ctx(sig);
	unsigned int size = ecdsa_p1363_max_size(sig);
	int err;

	if (!key->has_private)
		return -EINVAL;
	if (dlen < size)
		return -EOVERFLOW;
	err = ecdsa_sign(key, src, slen, dst);
	return err ?: size;
}

static int ecdsa_p1363_verify(struct crypto_sig *sig, const void *src, unsigned int slen,
			      const void *digest, unsigned int dlen)
{
	const struct ecdsa_key *key = crypto_sig_ctx(sig);

	if (!key->has_public || slen != ecdsa_p1363_max_size(sig))
		return -EINVAL;
	return ecdsa_verify(key, src, digest, dlen);
}

static int ecdsa_set_pub_key(struct crypto_sig *sig, const void *key, unsigned int len)
{
	return ecdsa_key_set_public(crypto_sig_ctx(sig), key, len);
}

static int ecdsa_set_priv_key(struct crypto_sig *sig, const void *key, unsigned int len)
{
	return ecdsa_key_set_private(crypto_sig_ctx(sig), key, len);
}

/* In bits */
static unsigned int ecdsa_key_size(struct crypto_sig *sig)
{
	const struct ecdsa_key *key = crypto_sig_ctx(sig);

	return key->curve->bits;
}

static unsigned int ecdsa_digest_size(struct crypto_sig *sig)
{
	return ECDSA_MAX_DIGEST;
}

static int ecdsa_init(struct crypto_sig *sig)
{
	struct ecdsa_alg *alg = container_of(crypto_sig_alg(sig), struct ecdsa_alg, base);
	struct ecdsa_key *key = crypto_sig_ctx(sig);

	key->curve = ecdsa_curve_get(alg->curve);
	return 0;
}

static void ecdsa_exit(struct crypto_sig *sig)
{
	ecdsa_key_wipe(crypto_sig_ctx(sig));
}

#define ALG(encoding, infix, nr) {						\
	.curve = ASYM_CURVE_P##nr,						\
	.base = {								\
		.sign = ecdsa_##encoding##_sign,				\
		.verify = ecdsa_##encoding##_verify,				\
		.max_size = ecdsa_##encoding##_max_size,			\
		.set_pub_key = ecdsa_set_pub_key,				\
		.set_priv_key = ecdsa_set_priv_key,				\
		.key_size = ecdsa_key_size,					\
		.digest_size = ecdsa_digest_size,				\
		.init = ecdsa_init,						\
		.exit = ecdsa_exit,						\
		.base = {							\
			.cra_name = #encoding "(ecdsa-nist-p" #nr ")",		\
			.cra_driver_name = ECDSA_DRIVER_PREFIX infix "nist-p" #nr, \
			.cra_priority = ECDSA_PRIORITY,				\
			.cra_module = THIS_MODULE,				\
			.cra_ctxsize = sizeof(struct ecdsa_key),		\
		},								\
	},									\
}

static struct ecdsa_alg algs[] = {
	ALG(x962, "", 192), ALG(x962, "", 256), ALG(x962, "", 384), ALG(x962, "", 521),
	ALG(p1363, "p1363-", 192), ALG(p1363, "p1363-", 256), ALG(p1363, "p1363-", 384),
	ALG(p1363, "p1363-", 521),
};

/* Undo ecdsa_alg_register(). No transform uses the algorithms. */
void ecdsa_alg_unregister(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(algs); i++) {
		if (algs[i].registered)
			crypto_unregister_sig(&algs[i].base);
		algs[i].registered = false;
	}
}

/* Register two algorithms for each available curve, or none on failure. */
int ecdsa_alg_register(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(algs); i++) {
		if (!ecdsa_curve_get(algs[i].curve))
			continue;
		err = crypto_register_sig(&algs[i].base);
		if (err) {
			ecdsa_alg_unregister();
			return err;
		}
		algs[i].registered = true;
	}
	return 0;
}

MODULE_ALIAS_CRYPTO("x962(ecdsa-nist-p192)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p192");
MODULE_ALIAS_CRYPTO("x962(ecdsa-nist-p256)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p256");
MODULE_ALIAS_CRYPTO("x962(ecdsa-nist-p384)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p384");
MODULE_ALIAS_CRYPTO("x962(ecdsa-nist-p521)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "nist-p521");
MODULE_ALIAS_CRYPTO("p1363(ecdsa-nist-p192)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "p1363-nist-p192");
MODULE_ALIAS_CRYPTO("p1363(ecdsa-nist-p256)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "p1363-nist-p256");
MODULE_ALIAS_CRYPTO("p1363(ecdsa-nist-p384)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "p1363-nist-p384");
MODULE_ALIAS_CRYPTO("p1363(ecdsa-nist-p521)");
MODULE_ALIAS_CRYPTO(ECDSA_DRIVER_PREFIX "p1363-nist-p521");

#endif /* COMPAT_CRYPTO_HAS_SIG */
