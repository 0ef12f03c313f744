// SPDX-License-Identifier: GPL-2.0-only
/*
 * sig algorithms: PKCS#1 v1.5 and ECDSA signatures on kernels that have them as a
 * type of their own.
 *
 * That type is synchronous and takes plain pointers, which may be on a vmapped
 * stack. So an operation is allocated from a pool, works on its own buffers,
 * and the caller waits. Errnos and their order are those of rsassa-pkcs1.c and
 * of ecdsa_sign. Process context; may sleep.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/pad.h>

#include "../class.h"
#include "../key.h"
#include "../op/pool.h"
#include "../op/start.h"
#include "../op/types.h"
#include "register.h"
#include "sig.h"
#include "tfm.h"

#if COMPAT_CRYPTO_HAS_SIG

#define SIG_NAP_MS	5000	/* asleep at a time: a long wait is no hung task */

/* The result may be in another operation than the one that was started. */
struct sig_wait {
	struct completion done;
	struct provider_op *op;
};

static void sig_complete(struct provider_op *op)
{
	struct sig_wait *wait = op->data;

	wait->op = op;
	complete(&wait->done);
}

static struct provider_op *sig_op_get(const struct provider_tfm *tfm, enum asym_op nr)
{
	struct provider_op *op = provider_op_alloc(GFP_KERNEL);

	provider_op_init(op, tfm->alg->class);
	op->op = nr;
	op->padding = tfm->alg->padding;
	op->hash = tfm->alg->hash;
	op->complete = sig_complete;
	if (provider_op_set_key(op, tfm->key->key_bytes, GFP_KERNEL)) {
		provider_op_free(op);
		return NULL;
	}
	return op;
}

static void sig_op_put(struct provider_op *op)
{
	provider_op_wipe(op);
	provider_op_free(op);
}

/* Sets *@op to the operation with the result. asym_class::max_wait_ms bounds the wait. */
static int sig_compute(struct provider_op **op, struct provider_key *key)
{
	struct sig_wait wait;
	int err;

	init_completion(&wait.done);
	(*op)->data = &wait;
	err = provider_op_start(*op, key, PROVIDER_MAY_SLEEP);
	if (err != -EINPROGRESS)
		return err;
	while (!wait_for_completion_timeout(&wait.done, msecs_to_jiffies(SIG_NAP_MS)))
		;
	*op = wait.op;
	return wait.op->err;
}

static int sig_sign(struct crypto_sig *sig, const void *src, unsigned int slen, void *dst,
		    unsigned int dlen)
{
	struct provider_tfm *tfm = crypto_sig_ctx(sig);
	struct provider_key *key = tfm->key;
	unsigned int digest_size, size;
	struct provider_op *op;
	int err;

	if (!key)
		return -EINVAL;
	size = key->key_bytes;
	if (dlen < size)
		return -EOVERFLOW;
	digest_size = asym_hash_digest_size(tfm->alg->hash);
	if (digest_size && slen != digest_size)
		return -EINVAL;
	if (slen > size - 11)
		return -EOVERFLOW;
	if (!key->data.is_private)
		return -EINVAL;

	op = sig_op_get(tfm, ASYM_SIGN);
	if (!op)
		return -ENOMEM;
	memcpy(op->in, src, slen);
	op->in_len = slen;
	err = sig_compute(&op, key);
	if (!err) {
		memset(dst, 0, size - op->out_len);
		memcpy(dst + size - op->out_len, op->out, op->out_len);
		err = size;
	}
	sig_op_put(op);
	return err;
}

static int sig_verify(struct crypto_sig *sig, const void *src, unsigned int slen,
		      const void *digest, unsigned int dlen)
{
	struct provider_tfm *tfm = crypto_sig_ctx(sig);
	struct provider_key *key = tfm->key;
	unsigned int digest_size;
	struct provider_op *op;
	int err;

	if (!key || slen != key->key_bytes)
		return -EINVAL;
	digest_size = asym_hash_digest_size(tfm->alg->hash);
	if (digest_size && dlen != digest_size)
		return -EINVAL;
	err = provider_key_check_range(key, src, slen);
	if (err)
		return err;

	op = sig_op_get(tfm, ASYM_VERIFY);
	if (!op)
		return -ENOMEM;
	memcpy(op->in, src, slen);
	op->in_len = slen;
	/* A digest longer than the key matches no signature, and its beginning does not either. */
	op->digest_len = min(dlen, key->key_bytes);
	memcpy(op->in + slen, digest, op->digest_len);
	err = sig_compute(&op, key);
	sig_op_put(op);
	return err;
}

static int sig_ecdsa_sign(struct crypto_sig *sig, const void *src, unsigned int slen, void *dst,
			  unsigned int dlen)
{
	struct provider_tfm *tfm = crypto_sig_ctx(sig);
	struct provider_key *key = tfm->key;
	struct provider_op *op;
	int err;

	if (!key || !slen || slen > ECDSA_MAX_DIGEST || !key->data.is_private)
		return -EINVAL;
	if (dlen < crypto_sig_maxsize(sig))
		return -EOVERFLOW;

	op = sig_op_get(tfm, ASYM_SIGN);
	if (!op)
		return -ENOMEM;
	memcpy(op->in, src, slen);
	op->in_len = slen;
	err = sig_compute(&op, key);
	if (!err && tfm->alg->p1363) {
		err = ecdsa_sig_to_p1363(tfm->alg->curve, op->out, op->out_len, dst, dlen);
	} else if (!err) {
		memcpy(dst, op->out, op->out_len);
		err = op->out_len;
	}
	sig_op_put(op);
	return err;
}

static int sig_ecdsa_verify(struct crypto_sig *sig, const void *src, unsigned int slen,
			    const void *digest, unsigned int dlen)
{
	struct provider_tfm *tfm = crypto_sig_ctx(sig);
	u8 curve = tfm->alg->curve;
	struct provider_key *key = tfm->key;
	struct provider_op *op;
	int err;

	if (!key || !dlen || dlen > ECDSA_MAX_DIGEST)
		return -EINVAL;
	op = sig_op_get(tfm, ASYM_VERIFY);
	if (!op)
		return -ENOMEM;
	if (tfm->alg->p1363) {
		err = ecdsa_sig_from_p1363(curve, src, slen, op->in, key->key_bytes);
		if (err < 0)
			goto put;
		slen = err;
	} else {
		slen = ecdsa_sig_len(curve, src, slen);
		err = -EBADMSG;
		if (slen > key->key_bytes)
			goto put;
		memcpy(op->in, src, slen);
	}
	/* Devices do not get malformed signatures. */
	err = ecdsa_parse_sig(curve, op->in, slen);
	if (err)
		goto put;
	memcpy(op->in + slen, digest, dlen);
	op->in_len = slen;
	op->digest_len = dlen;
	err = sig_compute(&op, key);
put:
	sig_op_put(op);
	return err;
}

/* The maximum length of a digest, for all curves, because digests are truncated. */
static unsigned int sig_ecdsa_digest_size(struct crypto_sig *sig)
{
	return ECDSA_MAX_DIGEST;
}

static unsigned int sig_ecdsa_key_size(struct crypto_sig *sig)
{
	const struct provider_tfm *tfm = crypto_sig_ctx(sig);

	return ecdsa_curve_bits(tfm->alg->curve);
}

static unsigned int sig_ecdsa_max_size(struct crypto_sig *sig)
{
	const struct provider_tfm *tfm = crypto_sig_ctx(sig);
	u8 curve = tfm->alg->curve;

	if (tfm->alg->p1363)
		return 2 * BITS_TO_BYTES(ecdsa_curve_bits(curve));
	return ecdsa_max_sig(curve);
}

static int sig_set_pub_key(struct crypto_sig *sig, const void *key, unsigned int keylen)
{
	return provider_tfm_set_key(crypto_sig_ctx(sig), false, key, keylen);
}

static int sig_set_priv_key(struct crypto_sig *sig, const void *key, unsigned int keylen)
{
	return provider_tfm_set_key(crypto_sig_ctx(sig), true, key, keylen);
}

/* In bits; the maximal sizes of signature and digest follow from it. */
static unsigned int sig_key_size(struct crypto_sig *sig)
{
	const struct provider_tfm *tfm = crypto_sig_ctx(sig);

	return tfm->key ? tfm->key->key_bytes * BITS_PER_BYTE : 0;
}

static int sig_init(struct crypto_sig *sig)
{
	provider_tfm_init(crypto_sig_ctx(sig),
			  container_of(crypto_sig_alg(sig), struct provider_alg, sig.alg));
	return 0;
}

static void sig_exit(struct crypto_sig *sig)
{
	provider_tfm_exit(crypto_sig_ctx(sig));
}

static void sig_free(struct sig_instance *inst)
{
	provider_alg_gone(container_of(inst, struct provider_alg, sig));
}

/**
 * provider_sig_fill() - set the functions of a sig algorithm
 * @alg: the algorithm
 *
 * Return: its base.
 */
struct crypto_alg *provider_sig_fill(struct provider_alg *alg)
{
	struct sig_alg *sig = &alg->sig.alg;

	if (alg->algo == ASYM_ECDSA) {
		sig->sign = sig_ecdsa_sign;
		sig->verify = sig_ecdsa_verify;
		sig->key_size = sig_ecdsa_key_size;
		sig->max_size = sig_ecdsa_max_size;
		sig->digest_size = sig_ecdsa_digest_size;
	} else {
		sig->sign = sig_sign;
		sig->verify = sig_verify;
		sig->key_size = sig_key_size;
	}
	sig->set_pub_key = sig_set_pub_key;
	sig->set_priv_key = sig_set_priv_key;
	sig->init = sig_init;
	sig->exit = sig_exit;
	alg->sig.free = sig_free;
	return &sig->base;
}

/**
 * provider_sig_register() - register a sig algorithm
 * @alg: filled in
 *
 * Return: 0 or an errno of the crypto core.
 */
int provider_sig_register(struct provider_alg *alg)
{
	return sig_register_instance(&provider_template, &alg->sig);
}

/**
 * provider_sig_base() - get the crypto core's part of a sig algorithm
 * @alg: the algorithm
 *
 * Return: its instance.
 */
struct crypto_instance *provider_sig_base(struct provider_alg *alg)
{
	return sig_crypto_instance(&alg->sig);
}

#endif /* COMPAT_CRYPTO_HAS_SIG */
