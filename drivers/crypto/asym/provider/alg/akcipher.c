// SPDX-License-Identifier: GPL-2.0-only
/*
 * akcipher algorithms: raw RSA, and PKCS#1 v1.5 encryption; up to 6.12
 * signatures too, also ECDSA.
 *
 * An operation has memory of its own, because a device that does not answer in time keeps it.
 * The input is copied into it first: callers pass one buffer for input and output, and the input is
 * needed again if a device fails. The result is copied out of it at the end, and the copy
 * is wiped. Input that is refused here, before any computation, gets the errno of the kernel's
 * software, in the order of its checks (rsa.c, rsa-pkcs1pad.c; the table in lib/pad.c).
 * Contexts: those of crypto requests.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>

#include "../class.h"
#include "../key.h"
#include "../op/pool.h"
#include "../op/start.h"
#include "../op/types.h"
#include "akcipher.h"
#include "register.h"
#include "tfm.h"

/* mpi_read_raw_from_sgl() reads no longer numbers. */
#define MPI_MAX_BYTES	(16384 / 8)

/* Where @len bytes are in one piece, which has an address; else NULL. Most callers have one. */
static u8 *one_piece(struct scatterlist *sg, unsigned int skip, unsigned int len)
{
	if (!sg || sg->length < skip || sg->length - skip < len || PageHighMem(sg_page(sg)))
		return NULL;
	return (u8 *)sg_virt(sg) + skip;
}

static int copy_in(struct scatterlist *src, unsigned int skip, u8 *to, unsigned int len)
{
	const u8 *from = one_piece(src, skip, len);
	int nents;

	if (from) {
		memcpy(to, from, len);
		return 0;
	}
	nents = sg_nents_for_len(src, (u64)skip + len);
	if (nents < 0)
		return nents;
	return sg_pcopy_to_buffer(src, nents, to, len, skip) == len ? 0 : -EINVAL;
}

static int copy_out(struct scatterlist *dst, unsigned int skip, const u8 *from, unsigned int len)
{
	u8 *to = one_piece(dst, skip, len);
	int nents;

	if (to) {
		memcpy(to, from, len);
		return 0;
	}
	nents = sg_nents_for_len(dst, (u64)skip + len);
	if (nents < 0)
		return -EINVAL;
	return sg_pcopy_from_buffer(dst, nents, from, len, skip) == len ? 0 : -EINVAL;
}

static unsigned int leading_zeros(const u8 *buf, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len && !buf[i]; i++)
		;
	return i;
}

/* A raw number. Leading zeros do not count, as in the software. */
static int prepare_raw(struct akcipher_request *areq, struct provider_op *op,
		       const struct provider_key *key)
{
	unsigned int skip = 0, len = areq->src_len, zeros, chunk;

	while (len > key->key_bytes) {
		chunk = min(len - key->key_bytes, key->key_bytes);
		if (copy_in(areq->src, skip, op->in, chunk))
			return -ENOMEM;
		zeros = leading_zeros(op->in, chunk);
		skip += zeros;
		len -= zeros;
		if (zeros < chunk)
			return len > MPI_MAX_BYTES ? -ENOMEM : -EINVAL;
	}
	if (len && copy_in(areq->src, skip, op->in, len))
		return -ENOMEM;
	op->in_len = len;
	return provider_key_check_range(key, op->in, len) ?: len ? 0 : -EINVAL;
}

static int need_room(struct akcipher_request *areq, const struct provider_key *key)
{
	if (areq->dst_len >= key->key_bytes)
		return 0;
	areq->dst_len = key->key_bytes;
	return -EOVERFLOW;
}

/* Encryption and signing: a message or digest that is going to be padded. */
static int prepare_padded(struct akcipher_request *areq, struct provider_op *op,
			  const struct provider_key *key)
{
	if (areq->src_len > key->key_bytes - 11)
		return -EOVERFLOW;
	op->in_len = areq->src_len;
	return need_room(areq, key) ?: copy_in(areq->src, 0, op->in, areq->src_len);
}

static int prepare_ciphertext(struct akcipher_request *areq, struct provider_op *op,
			      const struct provider_key *key)
{
	if (areq->src_len != key->key_bytes)
		return -EINVAL;
	op->in_len = areq->src_len;
	return copy_in(areq->src, 0, op->in, areq->src_len) ?:
	       provider_key_check_range(key, op->in, areq->src_len);
}

/* The digest follows the signature; there is no output. */
static int prepare_verify(struct akcipher_request *areq, struct provider_op *op,
			  const struct provider_key *key)
{
	if (areq->dst || !areq->dst_len || areq->src_len != key->key_bytes)
		return -EINVAL;
	op->in_len = areq->src_len;
	/* A digest longer than the key matches no signature, and its beginning does not either. */
	op->digest_len = min(areq->dst_len, key->key_bytes);
	return copy_in(areq->src, 0, op->in, op->in_len + op->digest_len) ?:
	       provider_key_check_range(key, op->in, areq->src_len);
}

/* ECDSA, with the errnos of ecdsa_sign. */
static int prepare_ecdsa(struct akcipher_request *areq, struct provider_op *op,
			 const struct provider_key *key)
{
	bool verify = op->op == ASYM_VERIFY;
	unsigned int digest_len = verify ? areq->dst_len : areq->src_len;
	unsigned int len;
	int err;

	if (!digest_len || digest_len > ECDSA_MAX_DIGEST)
		return -EINVAL;
	op->in_len = areq->src_len;
	if (!verify) {
		if (!key->data.is_private)
			return -EINVAL;
		return need_room(areq, key) ?: copy_in(areq->src, 0, op->in, areq->src_len);
	}
	op->in_len = min(areq->src_len, key->key_bytes);
	if (areq->dst)
		return -EINVAL;
	err = copy_in(areq->src, 0, op->in, op->in_len);
	if (err)
		return err;
	len = ecdsa_sig_len(key->data.curve, op->in, areq->src_len);
	/* Devices do not get malformed signatures. */
	err = len <= key->key_bytes ? ecdsa_parse_sig(key->data.curve, op->in, len) : -EBADMSG;
	if (err)
		return err;
	op->in_len = len;
	op->digest_len = digest_len;
	return copy_in(areq->src, areq->src_len, op->in + len, digest_len);
}

static int prepare(struct akcipher_request *areq, struct provider_op *op,
		   const struct provider_key *key, const struct provider_alg *alg)
{
	bool private_op = op->op == ASYM_DECRYPT || op->op == ASYM_SIGN;
	int err;

	if (alg->algo == ASYM_ECDSA)
		return prepare_ecdsa(areq, op, key);
	if (alg->padding == ASYM_PAD_RAW) {
		if (private_op && !key->data.is_private)
			return -EINVAL;
		return prepare_raw(areq, op, key);
	}

	switch (op->op) {
	case ASYM_DECRYPT:
		err = prepare_ciphertext(areq, op, key);
		break;
	case ASYM_VERIFY:
		err = prepare_verify(areq, op, key);
		break;
	default:
		err = prepare_padded(areq, op, key);
		break;
	}
	if (!err && private_op && !key->data.is_private)
		err = -EINVAL;
	return err;
}

/* The software fills the whole output, with leading zeros. */
static int finish_raw(struct akcipher_request *areq, struct provider_op *op)
{
	unsigned int room = areq->dst_len, len = op->out_len, skip = 0, zeros;
	int err;

	if (room < len) {
		zeros = leading_zeros(op->out, len);
		/* It counts in machine words. */
		if (room < ALIGN(len - zeros, sizeof(long)))
			return -EOVERFLOW;
		return copy_out(areq->dst, 0, op->out + len - room, room);
	}

	/* The input was copied: its place serves for zeros. */
	if (room > len)
		memset(op->in, 0, op->req.key_bytes);
	while (skip < room - len) {
		unsigned int chunk = min(room - len - skip, op->req.key_bytes);

		err = copy_out(areq->dst, skip, op->in, chunk);
		if (err)
			return err;
		skip += chunk;
	}
	return copy_out(areq->dst, skip, op->out, len);
}

static int finish_padded(struct akcipher_request *areq, struct provider_op *op, int err)
{
	areq->dst_len = op->req.key_bytes;
	if (err)
		return err;
	return copy_out(areq->dst, 0, op->out, op->out_len);
}

static int finish_decrypted(struct akcipher_request *areq, struct provider_op *op)
{
	unsigned int room = areq->dst_len;

	areq->dst_len = op->out_len;
	if (room < op->out_len)
		return -EOVERFLOW;
	if (!op->out_len)
		return 0;
	return copy_out(areq->dst, 0, op->out, op->out_len);
}

/*
 * keyctl returns the maximum size as the length (6.12, public_key.c), so zeros follow the DER. The
 * DER has its length in it.
 */
static int finish_ecdsa_sign(struct akcipher_request *areq, struct provider_op *op)
{
	memset(op->out + op->out_len, 0, op->req.key_bytes - op->out_len);
	areq->dst_len = op->req.key_bytes;
	return copy_out(areq->dst, 0, op->out, op->req.key_bytes);
}

/* Copy the result to the caller, and wipe it. */
static int finish(struct akcipher_request *areq, struct provider_op *op, int err)
{
	switch (op->op) {
	case ASYM_VERIFY:
		break;
	case ASYM_DECRYPT:
		if (op->padding == ASYM_PAD_PKCS1) {
			err = err ?: finish_decrypted(areq, op);
			break;
		}
		fallthrough;
	default:
		if (op->req.algo == ASYM_ECDSA)
			err = err ?: finish_ecdsa_sign(areq, op);
		else if (op->padding == ASYM_PAD_RAW)
			err = err ?: finish_raw(areq, op);
		else
			err = finish_padded(areq, op, err);
		break;
	}
	provider_op_wipe(op);
	provider_op_free(op);
	return err;
}

static void op_complete(struct provider_op *op)
{
	struct akcipher_request *areq = op->data;

	akcipher_request_complete(areq, finish(areq, op, op->err));
}

static void op_progress(struct provider_op *op)
{
	akcipher_request_complete(op->data, -EINPROGRESS);
}

static int akcipher_op(struct akcipher_request *areq, enum asym_op nr)
{
	struct provider_tfm *tfm = akcipher_tfm_ctx(crypto_akcipher_reqtfm(areq));
	const struct provider_alg *alg = tfm->alg;
	unsigned int flags = 0;
	struct provider_op *op;
	gfp_t gfp;
	int err;

	if (!tfm->key)
		return -EINVAL;

	gfp = areq->base.flags & CRYPTO_TFM_REQ_MAY_SLEEP ? GFP_KERNEL : GFP_ATOMIC;
	op = provider_op_alloc(gfp);
	if (!op)
		return -ENOMEM;
	provider_op_init(op, alg->class);
	op->op = nr;
	op->padding = alg->padding;
	op->hash = alg->hash;
	op->complete = op_complete;
	op->progress = op_progress;
	op->data = areq;
	/* A caller that may sleep uses one request, and waits for it; keyctl sets no other flag. */
	if (areq->base.flags & CRYPTO_TFM_REQ_MAY_SLEEP)
		flags |= PROVIDER_MAY_SLEEP;
	if (areq->base.flags & CRYPTO_TFM_REQ_MAY_BACKLOG)
		flags |= PROVIDER_FULL_TELL;
	else if (!(flags & PROVIDER_MAY_SLEEP))
		flags |= PROVIDER_FULL_REFUSE;
	err = provider_op_set_key(op, tfm->key->key_bytes, gfp);
	if (err) {
		provider_op_free(op);
		return err;
	}
	err = prepare(areq, op, tfm->key, alg);
	if (err) {
		provider_op_wipe(op);
		provider_op_free(op);
		return err;
	}

	err = provider_op_start(op, tfm->key, flags);
	return err == -EINPROGRESS || err == -EBUSY ? err : finish(areq, op, err);
}

static int akcipher_encrypt(struct akcipher_request *areq)
{
	return akcipher_op(areq, ASYM_ENCRYPT);
}

static int akcipher_decrypt(struct akcipher_request *areq)
{
	return akcipher_op(areq, ASYM_DECRYPT);
}

static int akcipher_sign(struct akcipher_request *areq)
{
	return akcipher_op(areq, ASYM_SIGN);
}

static int akcipher_verify(struct akcipher_request *areq)
{
	return akcipher_op(areq, ASYM_VERIFY);
}

static int akcipher_set_pub_key(struct crypto_akcipher *tfm, const void *key, unsigned int keylen)
{
	return provider_tfm_set_key(akcipher_tfm_ctx(tfm), false, key, keylen);
}

static int akcipher_set_priv_key(struct crypto_akcipher *tfm, const void *key, unsigned int keylen)
{
	return provider_tfm_set_key(akcipher_tfm_ctx(tfm), true, key, keylen);
}

static unsigned int akcipher_max_size(struct crypto_akcipher *tfm)
{
	const struct provider_tfm *ctx = akcipher_tfm_ctx(tfm);

	return ctx->key ? ctx->key->key_bytes : 0;
}

static int akcipher_init(struct crypto_akcipher *tfm)
{
	struct provider_alg *alg = container_of(crypto_akcipher_alg(tfm), struct provider_alg,
						akcipher.alg);

	provider_tfm_init(akcipher_tfm_ctx(tfm), alg);
	return 0;
}

static void akcipher_exit(struct crypto_akcipher *tfm)
{
	provider_tfm_exit(akcipher_tfm_ctx(tfm));
}

/**
 * provider_akcipher_class() - find the class of a transform
 * @tfm: any transform
 *
 * Return: its class, which lives as long as the transform; NULL: not an algorithm of asym_provider.
 */
struct asym_class *provider_akcipher_class(struct crypto_akcipher *tfm)
{
	if (crypto_akcipher_alg(tfm)->init != akcipher_init)
		return NULL;
	return ((struct provider_tfm *)akcipher_tfm_ctx(tfm))->alg->class;
}

static void akcipher_free(struct akcipher_instance *inst)
{
	provider_alg_gone(container_of(inst, struct provider_alg, akcipher));
}

/* For unsupported operations, because an instance does not get the crypto core's defaults */
static int akcipher_no_op(struct akcipher_request *areq)
{
	return -EOPNOTSUPP;
}

/**
 * provider_akcipher_fill() - set the functions of an akcipher algorithm
 * @alg: the algorithm; padding and hash are set
 *
 * Return: its base.
 */
struct crypto_alg *provider_akcipher_fill(struct provider_alg *alg)
{
	bool signs = alg->algo == ASYM_ECDSA || alg->padding != ASYM_PAD_RAW;
	struct akcipher_alg *akcipher = &alg->akcipher.alg;

	akcipher->encrypt = alg->algo == ASYM_RSA ? akcipher_encrypt : akcipher_no_op;
	akcipher->decrypt = alg->algo == ASYM_RSA ? akcipher_decrypt : akcipher_no_op;
	compat_akcipher_set_sig_ops(akcipher, signs ? akcipher_sign : akcipher_no_op,
				    signs ? akcipher_verify : akcipher_no_op);
	akcipher->set_pub_key = akcipher_set_pub_key;
	akcipher->set_priv_key = akcipher_set_priv_key;
	akcipher->max_size = akcipher_max_size;
	akcipher->init = akcipher_init;
	akcipher->exit = akcipher_exit;
	alg->akcipher.free = akcipher_free;
	return &akcipher->base;
}
