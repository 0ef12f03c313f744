// SPDX-License-Identifier: GPL-2.0-only
/*
 * The algorithms of a class: their names, registration and removal. All are
 * registered, whatever the devices support: software computes the rest.
 *
 * Up to 6.12 pkcs1pad(rsa[,hash]) encrypts, decrypts, signs and verifies; later
 * kernels have pkcs1(rsa,hash) for signatures, and pkcs1pad(rsa) only
 * encrypts and decrypts. ecdsa-nist-p256 is x962(ecdsa-nist-p256) there, and
 * p1363(ecdsa-nist-p256) another encoding of its signatures. ecdsa-nist-p256 itself has numbers in
 * the ECC library's format there, and is not registered.
 *
 * The algorithms are instances of a template, because instances may be unregistered while they
 * have transforms: no lookup finds them any more, and the crypto core frees them with the last
 * transform (crypto_unregister_alg() warns if an algorithm is in use). An administrator
 * may unregister instances, too, with CRYPTO_MSG_DELALG (crypto_user).
 * Process context; asym_class::mutex, or the class is being destroyed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/pad.h>

#include "../class.h"
#include "../ref.h"
#include "akcipher.h"
#include "register.h"
#include "remote.h"
#include "sig.h"
#include "tfm.h"

/* In the order of registration. */
static const struct {
	u8 padding;
	u8 hash;
	bool signs;
	u8 curve;
	bool p1363;
} kinds[] = {
	{ ASYM_PAD_RAW },
	{ ASYM_PAD_PKCS1 },
#if COMPAT_CRYPTO_HAS_SIG
	{ ASYM_PAD_PKCS1, ASYM_HASH_NONE, true },
	{ .curve = ASYM_CURVE_P192, .signs = true, .p1363 = true },
	{ .curve = ASYM_CURVE_P256, .signs = true, .p1363 = true },
	{ .curve = ASYM_CURVE_P384, .signs = true, .p1363 = true },
	{ .curve = ASYM_CURVE_P521, .signs = true, .p1363 = true },
#endif
	{ .curve = ASYM_CURVE_P192, .signs = true },
	{ .curve = ASYM_CURVE_P256, .signs = true },
	{ .curve = ASYM_CURVE_P384, .signs = true },
	{ .curve = ASYM_CURVE_P521, .signs = true },
	{ ASYM_PAD_PKCS1, ASYM_HASH_MD5, true },
	{ ASYM_PAD_PKCS1, ASYM_HASH_SHA1, true },
	{ ASYM_PAD_PKCS1, ASYM_HASH_SHA224, true },
	{ ASYM_PAD_PKCS1, ASYM_HASH_SHA256, true },
	{ ASYM_PAD_PKCS1, ASYM_HASH_SHA384, true },
	{ ASYM_PAD_PKCS1, ASYM_HASH_SHA512, true },
};

/* A template that creates no instance on request. Devices register the instances. */
static int template_create(struct crypto_template *tmpl, struct rtattr **tb)
{
	return -ENOENT;
}

struct crypto_template provider_template = {
	.name = KBUILD_MODNAME,
	.create = template_create,
	.module = THIS_MODULE,
};

static struct crypto_instance *alg_instance(struct provider_alg *alg)
{
	return alg->is_sig ? provider_sig_base(alg) : akcipher_crypto_instance(&alg->akcipher);
}

static struct crypto_alg *alg_base(struct provider_alg *alg)
{
	return &alg_instance(alg)->alg;
}

/* "<prefix>-ecdsa-nist-p256", "<prefix>-p1363-ecdsa-nist-p256" */
static int alg_set_ecdsa_names(struct provider_alg *alg, struct crypto_alg *base)
{
	const char *curve = ecdsa_curve_name(alg->curve);

	snprintf(base->cra_name, CRYPTO_MAX_ALG_NAME,
		 alg->p1363 ? "p1363(ecdsa-%s)" : COMPAT_CRYPTO_ECDSA_FMT, curve);
	return snprintf(base->cra_driver_name, CRYPTO_MAX_ALG_NAME, "%s-%secdsa-%s",
			alg->class->pkcs1_prefix, alg->p1363 ? "p1363-" : "", curve);
}

/* "<prefix>-rsa", "<prefix>-pkcs1-rsa", "<prefix>-pkcs1-rsa-sha256" */
static int alg_set_names(struct provider_alg *alg, struct crypto_alg *base, bool signs)
{
	const struct asym_class *class = alg->class;
	const char *hash = asym_hash_name(alg->hash);
	int len;

	if (alg->algo == ASYM_ECDSA) {
		len = alg_set_ecdsa_names(alg, base);
	} else if (alg->padding == ASYM_PAD_RAW) {
		strscpy(base->cra_name, "rsa");
		len = snprintf(base->cra_driver_name, CRYPTO_MAX_ALG_NAME, "%s-rsa",
			       class->prefix);
	} else if (!signs) {
		strscpy(base->cra_name, "pkcs1pad(rsa)");
		len = snprintf(base->cra_driver_name, CRYPTO_MAX_ALG_NAME, "%s-pkcs1-rsa",
			       class->pkcs1_prefix);
	} else {
		snprintf(base->cra_name, CRYPTO_MAX_ALG_NAME, COMPAT_CRYPTO_PKCS1_SIGN "(rsa,%s)",
			 hash);
		len = snprintf(base->cra_driver_name, CRYPTO_MAX_ALG_NAME, "%s-pkcs1-rsa-%s",
			       class->pkcs1_prefix, hash);
	}
	return len < CRYPTO_MAX_ALG_NAME ? 0 : -ENAMETOOLONG;
}

static struct provider_alg *alg_make(struct asym_class *class, unsigned int kind)
{
	struct provider_alg *alg = kzalloc_obj(*alg);
	struct crypto_alg *base;

	if (!alg)
		return ERR_PTR(-ENOMEM);
	refcount_set(&alg->refs, 1);
	alg->class = class;
	alg->algo = kinds[kind].curve ? ASYM_ECDSA : ASYM_RSA;
	alg->curve = kinds[kind].curve;
	alg->p1363 = kinds[kind].p1363;
	alg->padding = kinds[kind].padding;
	alg->hash = kinds[kind].hash;
	alg->is_sig = COMPAT_CRYPTO_HAS_SIG && kinds[kind].signs;
	if (alg->is_sig) {
		base = provider_sig_fill(alg);
	} else {
		base = provider_akcipher_fill(alg);
		base->cra_flags = CRYPTO_ALG_ASYNC;
	}
	base->cra_flags |= CRYPTO_ALG_NEED_FALLBACK;
	base->cra_priority = class->priority;
	base->cra_ctxsize = sizeof(struct provider_tfm);
	if (alg_set_names(alg, base, kinds[kind].signs)) {
		kfree(alg);
		return ERR_PTR(-ENAMETOOLONG);
	}
	return alg;
}

static int alg_register(struct provider_alg *alg)
{
	int err;

	refcount_inc(&alg->refs);
	provider_class_get(alg->class);
	err = alg->is_sig ? provider_sig_register(alg) :
			    akcipher_register_instance(&provider_template, &alg->akcipher);
	if (err)
		provider_alg_gone(alg);
	return err;
}

static void algs_free(struct provider_alg **algs, unsigned int nr)
{
	while (nr--)
		provider_alg_put(algs[nr]);
	kfree(algs);
}

/**
 * provider_algs_register() - register all algorithms of a class
 * @class: the class; a device is live
 * @nr: receives their number
 *
 * Return: array of them, or ERR_PTR(); -EEXIST if one of the names is taken.
 */
struct provider_alg **provider_algs_register(struct asym_class *class, unsigned int *nr)
{
	unsigned int kind, i, count = 0;
	struct provider_alg **algs;
	int err;

	algs = kcalloc(ARRAY_SIZE(kinds), sizeof(*algs), GFP_KERNEL);
	if (!algs)
		return ERR_PTR(-ENOMEM);
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		/* FIPS 140 mode has no P-192. */
		if (kinds[kind].curve && !ecdsa_max_sig(kinds[kind].curve))
			continue;
		algs[count] = alg_make(class, kind);
		if (IS_ERR(algs[count])) {
			err = PTR_ERR(algs[count]);
			goto err_free;
		}
		count++;
	}

	/* By the leaf asym_executor knows whose algorithm it is. */
	err = asym_exec_mark_remote(class->leaf, &provider_remote_ops);
	if (err)
		goto err_free;

	for (i = 0; i < count; i++) {
		err = alg_register(algs[i]);
		if (err) {
			pr_err("%s: cannot register %s as %s: %d\n", class->name,
			       alg_base(algs[i])->cra_name, alg_base(algs[i])->cra_driver_name,
			       err);
			goto err_unregister;
		}
	}
	*nr = count;
	return algs;

err_unregister:
	while (count > i)
		provider_alg_put(algs[--count]);
	provider_algs_unregister(class, algs, i);
	return ERR_PTR(err);
err_free:
	algs_free(algs, count);
	return ERR_PTR(err);
}

/**
 * provider_algs_wait_tested() - wait for the kernel's self tests
 * @algs: algorithms
 * @nr: number of @algs
 */
void provider_algs_wait_tested(struct provider_alg **algs, unsigned int nr)
{
	unsigned int i;

	/* A lookup waits for the test, and does not look further. */
	for (i = 0; i < nr; i++)
		crypto_has_alg(alg_base(algs[i])->cra_driver_name, 0, CRYPTO_NOLOAD);
}

/**
 * provider_algs_untested() - find an algorithm that did not pass its self-test
 * @algs: algorithms
 * @nr: number of @algs
 *
 * Return: its driver name, or NULL if all did.
 */
const char *provider_algs_untested(struct provider_alg **algs, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!(READ_ONCE(alg_base(algs[i])->cra_flags) & CRYPTO_ALG_TESTED))
			return alg_base(algs[i])->cra_driver_name;
	return NULL;
}

/**
 * provider_algs_unregister() - hide the algorithms of a class from lookups
 * @class: their class
 * @algs: from provider_algs_register(); freed
 * @nr: number of @algs
 *
 * Instances of templates over them (pkcs1pad(<prefix>-rsa,sha3-256)) make no transforms any
 * more either. Existing transforms are not affected: each algorithm has a reference to @class
 * until its last transform is freed.
 */
void provider_algs_unregister(struct asym_class *class, struct provider_alg **algs,
			      unsigned int nr)
{
	unsigned int i = nr;

	/* Tests that run end, with the algorithms that they look up. */
	provider_algs_wait_tested(algs, nr);
	while (i--)
		crypto_unregister_instance(alg_instance(algs[i]));
	/* No lookup finds the leaf any more. Its successor may use the name. */
	asym_exec_unmark_remote(class->leaf);
	algs_free(algs, nr);
}
