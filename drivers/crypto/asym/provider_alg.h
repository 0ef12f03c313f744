/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What akcipher and sig algorithms of asym_provider share. See provider_alg.c.
 */
#ifndef _ASYM_PROVIDER_ALG_H
#define _ASYM_PROVIDER_ALG_H

#include <crypto/internal/akcipher.h>
#include <crypto/internal/sig.h>
#include <compat/crypto.h>

#include "provider.h"

/**
 * struct provider_alg - a registered algorithm
 * @class: its class
 * @algo: enum asym_algo
 * @curve: ECDSA: enum asym_curve
 * @p1363: ECDSA: signatures are the two numbers (IEEE P1363), not DER (ANSI X9.62)
 * @padding: enum asym_padding
 * @hash: enum asym_hash
 * @is_sig: it is @sig, not @akcipher
 * @akcipher: what the crypto core knows
 * @sig: what the crypto core knows
 */
struct provider_alg {
	struct asym_class *class;
	u8 algo;
	u8 curve;
	bool p1363;
	u8 padding;
	u8 hash;
	bool is_sig;
	union {
		struct akcipher_alg akcipher;
#if COMPAT_CRYPTO_HAS_SIG
		struct sig_alg sig;
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

void provider_tfm_init(struct provider_tfm *tfm, const struct provider_alg *alg);
void provider_tfm_exit(struct provider_tfm *tfm);
int provider_tfm_set_key(struct provider_tfm *tfm, bool is_private, const void *key,
			 unsigned int keylen);

/* provider_akcipher.c */
void provider_akcipher_fill(struct provider_alg *alg);
struct asym_class *provider_akcipher_class(struct crypto_akcipher *tfm);

#endif /* _ASYM_PROVIDER_ALG_H */
