/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Algorithms of the type sig, which is synchronous. See sig.c.
 */
#ifndef _ASYM_PROVIDER_ALG_SIG_H
#define _ASYM_PROVIDER_ALG_SIG_H

#include <linux/errno.h>
#include <compat/crypto.h>

struct crypto_alg;
struct crypto_instance;
struct provider_alg;

#if COMPAT_CRYPTO_HAS_SIG
struct crypto_alg *provider_sig_fill(struct provider_alg *alg);
int provider_sig_register(struct provider_alg *alg);
struct crypto_instance *provider_sig_base(struct provider_alg *alg);
#else
static inline struct crypto_alg *provider_sig_fill(struct provider_alg *alg)
{
	return NULL;
}

static inline int provider_sig_register(struct provider_alg *alg)
{
	return -EOPNOTSUPP;
}

static inline struct crypto_instance *provider_sig_base(struct provider_alg *alg)
{
	return NULL;
}
#endif

#endif /* _ASYM_PROVIDER_ALG_SIG_H */
