// SPDX-License-Identifier: GPL-2.0-only
/*
 * Padded RSA as raw RSA: a device gets a number and answers with a number.
 *
 * Padding is added before a device gets the number, and removed from its answer, so that the
 * errors and the time of a device reveal nothing about a ciphertext's padding. A wrong
 * private-key result, perhaps in one half of a CRT computation only, reveals the key (Boneh,
 * DeMillo, Lipton 1997). So the result to the power of the public exponent must be the input of
 * the device.
 *
 * No locks. The kernel's multi-precision functions sleep; the rest is for any context.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <crypto/internal/asym/pad.h>
#include <crypto/utils.h>

#include "../class.h"
#include "../key.h"
#include "rsa.h"
#include "types.h"

/* Kernels differ in how they treat a digest that is not of the hash's size: software decides. */
static bool digest_fits(const struct provider_op *op)
{
	unsigned int size = asym_hash_digest_size(op->hash);

	return !size || size == (op->op == ASYM_SIGN ? op->in_len : op->digest_len);
}

/* Move the input, to make room for the block that is made of it. */
static void move_input(struct provider_op *op)
{
	op->src = op->in + op->req.key_bytes;
	memcpy(op->src, op->in, op->in_len);
}

/**
 * provider_rsa_encode() - make a device's request from an RSA operation
 * @op: with the caller's operation, its input at @op->in
 *
 * Context: any.
 * Return: 0: @op->req is complete except for the session; else devices cannot compute it, and
 * the caller gets the answer of the software.
 */
int provider_rsa_encode(struct provider_op *op)
{
	unsigned int size = op->req.key_bytes;
	bool is_private = op->op == ASYM_DECRYPT || op->op == ASYM_SIGN;

	op->req.op = is_private ? ASYM_DECRYPT : ASYM_ENCRYPT;
	op->req.padding = ASYM_PAD_RAW;
	op->req.hash = ASYM_HASH_NONE;
	op->req.digest_len = 0;
	op->req.in_len = op->in_len;
	if (op->padding == ASYM_PAD_RAW || op->op == ASYM_DECRYPT)
		return 0;
	if (op->op == ASYM_VERIFY)
		return digest_fits(op) ? 0 : -EINVAL;
	if (op->in_len > size - ASYM_PAD_PKCS1_MIN)
		return -EOVERFLOW;
	op->req.in_len = size;
	move_input(op);
	if (op->op == ASYM_ENCRYPT)
		return asym_pad_rsaes_encode(op->src, op->in_len, op->in, size);
	if (!digest_fits(op))
		return -EINVAL;
	return asym_pad_emsa_encode(op->hash, op->src, op->in_len, op->in, size);
}

/* @op->out_len bytes of a number at @op->out become all of the key's size. */
static void pad_result(struct provider_op *op)
{
	unsigned int zeros = op->req.key_bytes - op->out_len;

	if (!zeros)
		return;
	memmove(op->out + zeros, op->out, op->out_len);
	memset(op->out, 0, zeros);
	op->out_len = op->req.key_bytes;
}

static int check_signature(struct provider_op *op)
{
	unsigned int size = op->req.key_bytes;
	const u8 *digest = op->src + op->in_len;

	if (size <= ASYM_MAX_KEY_BYTES)
		return asym_pad_emsa_check(op->hash, digest, op->digest_len, op->out, size);
	/* No software will be asked again: the signature's place is free. */
	if (asym_pad_emsa_encode(op->hash, digest, op->digest_len, op->in, size))
		return -EBADMSG;
	return crypto_memneq(op->in, op->out, size) ? -EKEYREJECTED : 0;
}

static int decode_message(struct provider_op *op)
{
	unsigned int size = op->req.key_bytes, len = size;
	u8 *message = op->in + size;
	int err;

	err = asym_pad_rsaes_decode(op->out, size, message, &len);
	if (err)
		return err;
	memcpy(op->out, message, len);
	op->out_len = len;
	return 0;
}

/**
 * provider_rsa_decode() - make the caller's result from the number at provider_op::out, RSA
 * @op: @op->out_len is set, at most the key's size; zeros in front may be missing
 *
 * Context: any; uses ASYM_MAX_KEY_BYTES of stack.
 * Return: 0, @op->out_len is the length of the caller's result; or the errno of a wrong signature,
 * or of a ciphertext that does not decrypt.
 */
int provider_rsa_decode(struct provider_op *op)
{
	pad_result(op);
	if (op->padding != ASYM_PAD_PKCS1)
		return 0;
	switch (op->op) {
	case ASYM_DECRYPT:
		return decode_message(op);
	case ASYM_VERIFY:
		return check_signature(op);
	default:
		return 0;
	}
}

/**
 * provider_rsa_set_public() - store a key's public half as numbers
 * @key: the key; its owner frees them
 * @n: modulus
 * @n_len: bytes at @n
 * @e: public exponent
 * @e_len: bytes at @e
 *
 * Context: process; may sleep.
 * Return: 0, or -ENOMEM and nothing is stored.
 */
int provider_rsa_set_public(struct provider_key *key, const u8 *n, size_t n_len, const u8 *e,
			    size_t e_len)
{
	key->n = mpi_read_raw_data(n, n_len);
	key->e = mpi_read_raw_data(e, e_len);
	if (key->n && key->e)
		return 0;
	mpi_free(key->n);
	mpi_free(key->e);
	key->n = NULL;
	key->e = NULL;
	return -ENOMEM;
}

/* @in to the power of the public exponent; NULL without memory. */
static MPI public_power(const struct provider_key *key, const u8 *in, unsigned int len)
{
	MPI base = mpi_read_raw_data(in, len);
	MPI result = mpi_alloc(0);
	int err = -ENOMEM;

	if (base && result)
		err = mpi_powm(result, base, key->e, key->n);
	mpi_free(base);
	if (!err)
		return result;
	mpi_free(result);
	return NULL;
}

/**
 * provider_rsa_check() - verify a device's private-key result
 * @op: raw RSA with the private key: @op->req's input, @op->out_len bytes at @op->out
 *
 * Context: process; may sleep.
 * Return: 0, -EBADMSG if it is wrong, -ENOMEM if it cannot be verified.
 */
int provider_rsa_check(const struct provider_op *op)
{
	MPI was = mpi_read_raw_data(op->req.in, op->req.in_len);
	MPI is = public_power(op->key, op->out, op->out_len);
	int err = -ENOMEM;

	if (was && is)
		err = mpi_cmp(was, is) ? -EBADMSG : 0;
	mpi_free(was);
	mpi_free(is);
	return err;
}

/**
 * provider_rsa_public() - raw RSA with a public key that is too large for the kernel's software
 * @op: after provider_rsa_encode(); @op->out gets the result
 *
 * Context: process; may sleep.
 * Return: 0, -ENOMEM, -EINVAL for a key whose numbers devices would not accept.
 */
int provider_rsa_public(struct provider_op *op)
{
	unsigned int len = 0;
	int sign, err;
	MPI result;

	if (!op->key->n)
		return -EINVAL;
	result = public_power(op->key, op->req.in, op->req.in_len);
	if (!result)
		return -ENOMEM;
	err = mpi_read_buffer(result, op->out, op->req.key_bytes, &len, &sign);
	mpi_free(result);
	op->out_len = len;
	return err;
}
