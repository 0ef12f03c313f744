/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transforms of either type, and references to algorithms. See tfm.c.
 */
#ifndef _ASYM_PROVIDER_ALG_TFM_H
#define _ASYM_PROVIDER_ALG_TFM_H

#include <linux/types.h>

struct provider_alg;
struct provider_key;

/**
 * struct provider_tfm - context of a transform
 * @alg: its algorithm
 * @key: a reference, or NULL
 */
struct provider_tfm {
	const struct provider_alg *alg;
	struct provider_key *key;
};

void provider_alg_put(struct provider_alg *alg);
void provider_alg_gone(struct provider_alg *alg);
void provider_tfm_init(struct provider_tfm *tfm, const struct provider_alg *alg);
void provider_tfm_exit(struct provider_tfm *tfm);
int provider_tfm_set_key(struct provider_tfm *tfm, bool is_private, const void *key,
			 unsigned int keylen);

#endif /* _ASYM_PROVIDER_ALG_TFM_H */
