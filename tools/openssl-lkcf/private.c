// SPDX-License-Identifier: MIT
/*
 * One private-key operation: by the kernel, and what an accelerator must not be trusted with.
 *
 * RSA is blinded before it leaves: the kernel's software is not blinded, and its time would tell of
 * the key. The result is verified with the public key before it is used: one wrong CRT signature
 * gives the key away (Boneh, DeMillo, Lipton). Both cost a thirtieth of the operation.
 */
#include <errno.h>
#include <string.h>

#include <openssl/async.h>

#include "lkcf.h"

/* A private operation that is done by software: @why is UNQUALIFIED, or 0: the kernel failed. */
void count_software(struct key *key, bool done, int why)
{
	struct counters_of *counters = &key->prov->counters;

	if (!done)
		count(counters, FAILED, 1);
	else if (why)
		count(counters, why, 1);
	else
		count(counters, key->type == KEY_EC ? ECDSA_SOFTWARE : RSA_SOFTWARE, 1);
}

/* Under key_lock(): what is made with the first operation. */
static bool prepare(struct key *key, BN_CTX *ctx)
{
	if (!key->kernel)
		key->kernel = kernel_key_get(key->prov, key->soft, key->type);
	if (!key->kernel)
		return false;
	if (key->type == KEY_EC || key->mont)
		return true;
	if (!key->n && !EVP_PKEY_get_bn_param(key->soft, OSSL_PKEY_PARAM_RSA_N, &key->n))
		return false;
	if (!key->e && !EVP_PKEY_get_bn_param(key->soft, OSSL_PKEY_PARAM_RSA_E, &key->e))
		return false;
	key->mont = BN_MONT_CTX_new();
	if (key->mont && BN_MONT_CTX_set(key->mont, key->n, ctx))
		return true;
	BN_MONT_CTX_free(key->mont);
	key->mont = NULL;
	return false;
}

/* Blinds @x; *@unblind undoes it. Forked processes do not share what they blind with. */
static bool blind(struct key *key, BIGNUM *x, BIGNUM *unblind, BN_CTX *ctx)
{
	unsigned int generation = kernel_generation();
	bool ok;

	key_lock(key);
	if (key->blinding && key->blinding_of != generation) {
		BN_BLINDING_free(key->blinding);
		key->blinding = NULL;
	}
	if (!key->blinding) {
		key->blinding = BN_BLINDING_create_param(NULL, key->e, key->n, ctx, BN_mod_exp_mont,
							 key->mont);
		key->blinding_of = generation;
	}
	ok = key->blinding && BN_BLINDING_convert_ex(x, unblind, key->blinding, ctx);
	key_unlock(key);
	return ok;
}

/* In the calling thread, or, within an ASYNC job, while others have it. */
static int compute(struct key *key, enum kernel_op op, const unsigned char *in, size_t in_size,
		   unsigned char *out, size_t out_size)
{
	struct provider *prov = key->prov;
	int got;

	if (prov->pool && ASYNC_get_current_job() &&
	    pool_compute(prov, key->kernel, op, in, in_size, out, out_size, &got)) {
		if (got >= 0)
			count(&prov->counters, ASYNC_KERNEL, 1);
		return got;
	}
	return kernel_compute(key->kernel, op, in, in_size, out, out_size);
}

/* What is said when the kernel did not do it: -1 (software is to), or 0. */
static int failed(struct key *key, int error, const char *what)
{
	struct provider *prov = key->prov;

	if (prov->fallback)
		return -1;
	count(&prov->counters, FAILED, 1);
	ERR_raise_data(ERR_LIB_PROV, PROV_R_FAILED_TO_SIGN,
		       "lkcf: the kernel did not compute %s: %s", what,
		       error ? strerror(error) : "its result is wrong");
	return 0;
}

/* x becomes x^d mod n. */
static int private_bn(struct key *key, BIGNUM *x, BIGNUM *again, BIGNUM *unblind, BN_CTX *ctx)
{
	struct provider *prov = key->prov;
	unsigned char buffer[MAX_SIZE], result[MAX_SIZE];
	int got, k = key->size, ret = 0;

	if (BN_ucmp(x, key->n) >= 0) {
		count(&prov->counters, FAILED, 1);
		ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_INPUT_LENGTH);
		return 0;
	}
	if ((prov->blinding && !blind(key, x, unblind, ctx)) || BN_bn2binpad(x, buffer, k) != k)
		return failed(key, ENOMEM, "an RSA operation");
	got = compute(key, RSA_RAW, buffer, k, result, k);
	if (got >= 0 && got != k)
		got = -EIO;
	if (got < 0) {
		ret = failed(key, -got, "an RSA operation");
		goto out;
	}
	if (prov->check) {
		/* What was sent, from what came back: both are blinded. */
		if (!BN_bin2bn(result, k, again))
			goto out;
		if (BN_ucmp(again, key->n) >= 0 ||
		    !BN_mod_exp_mont(again, again, key->e, key->n, ctx, key->mont) ||
		    BN_ucmp(again, x)) {
			count(&prov->counters, WRONG_RESULTS, 1);
			lkcf_log(prov,
				 "the kernel's result of an RSA operation is wrong (key %s): %s",
				 key->kernel->name,
				 prov->fallback ? "software computes it again" : "refused");
			ret = failed(key, 0, "an RSA operation");
			goto out;
		}
	}
	ret = BN_bin2bn(result, k, x) &&
	      (!prov->blinding || BN_BLINDING_invert_ex(x, unblind, key->blinding, ctx));
	if (ret)
		count(&prov->counters, RSA_KERNEL, 1);
out:
	OPENSSL_cleanse(result, sizeof(result));
	OPENSSL_cleanse(buffer, sizeof(buffer));
	return ret;
}

/**
 * private_rsa() - the raw RSA private operation
 * @key: that qualifies
 * @in: key->size bytes
 * @out: as many; may be @in
 *
 * Return: 1; 0, with an error in the queue; -1 if software is to do it.
 */
int private_rsa(struct key *key, const unsigned char *in, unsigned char *out)
{
	BN_CTX *ctx = BN_CTX_secure_new_ex(key->prov->soft);
	BIGNUM *x, *again, *unblind;
	int ret = 0;
	bool ok;

	if (!ctx)
		return failed(key, ENOMEM, "an RSA operation");
	BN_CTX_start(ctx);
	x = BN_CTX_get(ctx);
	again = BN_CTX_get(ctx);
	unblind = BN_CTX_get(ctx);
	if (!unblind)
		goto out;
	BN_set_flags(x, BN_FLG_CONSTTIME);
	key_lock(key);
	ok = prepare(key, ctx);
	key_unlock(key);
	if (!ok) {
		ret = failed(key, ENOMEM, "an RSA operation");
		goto out;
	}
	if (!BN_bin2bn(in, key->size, x)) {
		ret = failed(key, ENOMEM, "an RSA operation");
		goto out;
	}
	if (BN_is_zero(x)) {
		/* Nothing to compute, and drivers refuse it. */
		memset(out, 0, key->size);
		count(&key->prov->counters, UNQUALIFIED, 1);
		ret = 1;
		goto out;
	}
	ret = private_bn(key, x, again, unblind, ctx);
	if (ret == 1 && BN_bn2binpad(x, out, key->size) < 0)
		ret = 0;
	BN_clear(x);
	BN_clear(again);
	BN_clear(unblind);
out:
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return ret;
}

/* The length of the DER SEQUENCE that @sig begins with, not above @size; 0: it is none. */
static size_t der_size(const unsigned char *sig, size_t size)
{
	size_t length;

	if (size < 2 || sig[0] != 0x30)
		return 0;
	if (sig[1] < 0x80)
		length = 2 + sig[1];
	else if (sig[1] == 0x81 && size > 2)
		length = 3 + sig[2];
	else
		return 0;
	return length <= size ? length : 0;
}

static bool verifies(struct key *key, const unsigned char *sig, size_t size,
		     const unsigned char *digest, size_t digest_size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(key->prov->soft, key->soft, NULL);
	bool ok;

	ERR_set_mark();
	ok = ctx && EVP_PKEY_verify_init(ctx) > 0 &&
	     EVP_PKEY_verify(ctx, sig, size, digest, digest_size) == 1;
	ERR_pop_to_mark();
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/**
 * private_ecdsa() - an ECDSA signature
 * @key: that qualifies
 * @digest: @digest_size bytes: that of a hash the kernel knows
 * @sig: at least key->size bytes
 * @sig_size: set to the size of the signature
 *
 * Return: 1; 0, with an error in the queue; -1 if software is to do it.
 */
int private_ecdsa(struct key *key, const unsigned char *digest, size_t digest_size,
		  unsigned char *sig, size_t *sig_size)
{
	unsigned char buffer[160];
	bool ok;
	int got;

	key_lock(key);
	ok = prepare(key, NULL);
	key_unlock(key);
	if (!ok)
		return failed(key, ENOMEM, "an ECDSA signature");
	got = compute(key, ECDSA_SIGN, digest, digest_size, buffer, sizeof(buffer));
	if (got < 0)
		return failed(key, -got, "an ECDSA signature");
	/* Up to 6.12 the kernel says how long it could have been, and fills it with zeroes. */
	*sig_size = der_size(buffer, got > (int)sizeof(buffer) ? 0 : got);
	if (!*sig_size || *sig_size > key->size) {
		count(&key->prov->counters, WRONG_RESULTS, 1);
		return failed(key, 0, "an ECDSA signature");
	}
	if (key->prov->check_ecdsa && !verifies(key, buffer, *sig_size, digest, digest_size)) {
		count(&key->prov->counters, WRONG_RESULTS, 1);
		lkcf_log(key->prov, "the kernel's ECDSA signature is wrong (key %s): %s",
			 key->kernel->name,
			 key->prov->fallback ? "software computes it again" : "refused");
		return failed(key, 0, "an ECDSA signature");
	}
	memcpy(sig, buffer, *sig_size);
	count(&key->prov->counters, ECDSA_KERNEL, 1);
	return 1;
}
