// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transforms, and references to algorithms, for akcipher and sig. Process context.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "../class.h"
#include "../key.h"
#include "../ref.h"
#include "../session.h"
#include "../stats.h"
#include "register.h"
#include "tfm.h"

/**
 * provider_alg_put() - drop a reference to an algorithm
 * @alg: freed with the last one
 */
void provider_alg_put(struct provider_alg *alg)
{
	if (refcount_dec_and_test(&alg->refs))
		kfree(alg);
}

/**
 * provider_alg_gone() - the crypto core has freed an instance
 * @alg: its algorithm
 *
 * Context: process.
 */
void provider_alg_gone(struct provider_alg *alg)
{
	struct asym_class *class = alg->class;

	provider_alg_put(alg);
	provider_class_put(class);
}

/**
 * provider_tfm_init() - a transform is made
 * @tfm: its context
 * @alg: its algorithm
 */
void provider_tfm_init(struct provider_tfm *tfm, const struct provider_alg *alg)
{
	tfm->alg = alg;
	tfm->key = NULL;
	atomic_inc(&alg->class->transforms);
	provider_object(PROVIDER_OBJECT_TRANSFORMS, 1);
}

/**
 * provider_tfm_exit() - a transform is freed
 * @tfm: its context
 */
void provider_tfm_exit(struct provider_tfm *tfm)
{
	if (tfm->key)
		provider_key_put(tfm->key);
	atomic_dec(&tfm->alg->class->transforms);
	provider_object(PROVIDER_OBJECT_TRANSFORMS, -1);
}

/**
 * provider_tfm_set_key() - set a transform's key
 * @tfm: its context
 * @is_private: @key is an RSAPrivateKey or ECPrivateKey, else an RSAPublicKey or a point
 * @key: as struct asym_key_data has it
 * @keylen: bytes at @key
 *
 * As with the software, there is no key after a failure.
 *
 * Return: 0 or the software's errno.
 */
int provider_tfm_set_key(struct provider_tfm *tfm, bool is_private, const void *key,
			 unsigned int keylen)
{
	const struct asym_key_data data = {
		.algo = tfm->alg->algo,
		.curve = tfm->alg->curve,
		.is_private = is_private,
		.der = key,
		.der_len = keylen,
	};
	struct provider_key *new, *old = tfm->key;
	int err;

	new = provider_key_get(tfm->alg->class, &data);
	err = PTR_ERR_OR_ZERO(new);
	if (!err && !new->exec_key) {
		err = provider_key_try(new);
		if (err)
			provider_key_put(new);
	}
	tfm->key = err ? NULL : new;
	if (old)
		provider_key_put(old);
	return err;
}
