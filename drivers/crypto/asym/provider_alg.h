/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What akcipher and sig algorithms of asym_provider share. See provider_alg.c.
 */
#ifndef _ASYM_PROVIDER_ALG_H
#define _ASYM_PROVIDER_ALG_H

#include <linux/refcount.h>
#include <crypto/internal/akcipher.h>
#include <crypto/internal/sig.h>
#include <compat/crypto.h>

#include "provider.h"

/**
 * struct provider_alg - a registered algorithm
 * @class: its class; a reference while the crypto core knows the algorithm
 * @refs: asym_class::algs, and the crypto core, which frees an instance when its last transform is
 *	gone
 * @algo: enum asym_algo
 * @curve: ECDSA: enum asym_curve
 * @p1363: ECDSA: signatures are the two numbers (IEEE P1363), not DER (ANSI X9.62)
 * @padding: enum asym_padding
 * @hash: enum asym_hash
 * @is_sig: it is @sig, not @akcipher
 * @akcipher: what the crypto core knows: an instance of provider_template
 * @sig: likewise
 */
struct provider_alg {
	struct asym_class *class;
	refcount_t refs;
	u8 algo;
	u8 curve;
	bool p1363;
	u8 padding;
	u8 hash;
	bool is_sig;
	union {
		struct akcipher_instance akcipher;
#if COMPAT_CRYPTO_HAS_SIG
		struct sig_instance sig;
#endif
	};
};

/**
 * struct provider_tfm - context of a transform
 * @alg: its algorithm
 * @key: a reference, or NULL
 */
struct provider_tfm {
	const struct provider_alg *alg;
	struct provider_key *key;
};

extern struct crypto_template provider_template;

void provider_alg_gone(struct provider_alg *alg);
void provider_tfm_init(struct provider_tfm *tfm, const struct provider_alg *alg);
void provider_tfm_exit(struct provider_tfm *tfm);
int provider_tfm_set_key(struct provider_tfm *tfm, bool is_private, const void *key,
			 unsigned int keylen);

/* provider_akcipher.c */
struct crypto_alg *provider_akcipher_fill(struct provider_alg *alg);
struct asym_class *provider_akcipher_class(struct crypto_akcipher *tfm);

#endif /* _ASYM_PROVIDER_ALG_H */
