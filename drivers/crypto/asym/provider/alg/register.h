/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Algorithms of a class, of either type. See register.c.
 */
#ifndef _ASYM_PROVIDER_ALG_REGISTER_H
#define _ASYM_PROVIDER_ALG_REGISTER_H

#include <linux/refcount.h>
#include <crypto/internal/akcipher.h>
#include <crypto/internal/sig.h>
#include <compat/crypto.h>

struct asym_class;

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

extern struct crypto_template provider_template;

struct provider_alg **provider_algs_register(struct asym_class *class, unsigned int *nr);
const char *provider_algs_untested(struct provider_alg **algs, unsigned int nr);
void provider_algs_wait_tested(struct provider_alg **algs, unsigned int nr);
void provider_algs_unregister(struct asym_class *class, struct provider_alg **algs,
			      unsigned int nr);

#endif /* _ASYM_PROVIDER_ALG_REGISTER_H */
