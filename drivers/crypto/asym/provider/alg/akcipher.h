/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Algorithms of the type akcipher. See akcipher.c.
 */
#ifndef _ASYM_PROVIDER_ALG_AKCIPHER_H
#define _ASYM_PROVIDER_ALG_AKCIPHER_H

struct asym_class;
struct crypto_akcipher;
struct crypto_alg;
struct provider_alg;

struct crypto_alg *provider_akcipher_fill(struct provider_alg *alg);
struct asym_class *provider_akcipher_class(struct crypto_akcipher *tfm);

#endif /* _ASYM_PROVIDER_ALG_AKCIPHER_H */
