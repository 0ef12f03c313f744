// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys as they cross every interface here: checks, and what an operation costs.
 *
 * Keys come from other machines and from guests. They are parsed by the
 * kernel's own BER decoder; nothing is copied, and what is refused is refused
 * with the errno that setting the key on rsa-generic gives. Nothing here
 * sleeps or takes a lock.
 */
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <crypto/ecdsa_sign.h>
#include <crypto/internal/rsa.h>

#include "asym_executor_int.h"

/*
 * Sizes the kernel's software takes (rsa_check_key_length()), and the cost of
 * an operation in milliunits: 1,000 is one RSA-2048 private operation.
 *
 * The ratios of 2048 and 4096 bits are as measured with asym_bench on
 * rsa-generic (private operations by CRT, e = 65537; see
 * Documentation/crypto/asym-executor.rst), those of other sizes on the curve
 * through them: a private operation is two exponentiations at half the size,
 * nearly cubic in the size; a public one is 17 multiplications, nearly
 * quadratic. Accelerators have other constants but the same shape. Part of the
 * interface: quotas in units mean this table.
 */
static const struct {
	unsigned int bits;
	unsigned int public_op;
	unsigned int private_op;
} rsa_sizes[] = {
	{  512,  2,   40 },
	{ 1024,  6,  150 },
	{ 1536, 12,  450 },
	{ 2048, 20, 1000 },
	{ 3072, 40, 3100 },
	{ 4096, 70, 7000 },
};

static int rsa_size_class(unsigned int bits)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rsa_sizes); i++)
		if (bits <= rsa_sizes[i].bits)
			return i;
	return ARRAY_SIZE(rsa_sizes) - 1;
}

/* ECDSA likewise, on ecdsa_sign (which verifies what it signs) and the kernel's ECC library. */
static const struct {
	unsigned int bits;
	unsigned int verify;
	unsigned int sign;
} ec_sizes[] = {
	{ 192, 100,  220 },
	{ 256, 200,  430 },
	{ 384, 450, 1100 },
	{ 521, 650, 2400 },
};

static unsigned int ec_cost(unsigned int bits, enum asym_op op)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ec_sizes) - 1; i++)
		if (bits <= ec_sizes[i].bits)
			break;
	return op == ASYM_SIGN ? ec_sizes[i].sign : ec_sizes[i].verify;
}

/**
 * asym_cost() - what an operation costs
 * @algo: kind of key
 * @bits: its size in bits; sizes between those of the table cost as much as the next one
 * @op: what is done with it
 *
 * Context: any.
 * Return: milliunits, never 0. Kinds of keys without a table cost 1,000.
 */
unsigned int asym_cost(enum asym_algo algo, unsigned int bits, enum asym_op op)
{
	int i = rsa_size_class(bits);

	if (algo == ASYM_ECDSA)
		return ec_cost(bits, op);
	if (algo != ASYM_RSA)
		return 1000;
	if (op == ASYM_DECRYPT || op == ASYM_SIGN)
		return rsa_sizes[i].private_op;
	return rsa_sizes[i].public_op;
}
EXPORT_SYMBOL_GPL(asym_cost);

/* As asym_key_parse(); *@raw points into @key->der. */
int asym_key_parse_rsa(struct asym_key_data *key, struct rsa_key *raw)
{
	unsigned int bits;
	const u8 *n;
	size_t n_sz;
	int err;

	*raw = (struct rsa_key){ };
	if (key->algo != ASYM_RSA)
		return -EOPNOTSUPP;
	if (!key->der || key->der_len > ASYM_MAX_DER)
		return -EINVAL;

	if (key->is_private)
		err = rsa_parse_priv_key(raw, key->der, key->der_len);
	else
		err = rsa_parse_pub_key(raw, key->der, key->der_len);
	if (err)
		return err;

	for (n = raw->n, n_sz = raw->n_sz; n_sz && !*n; n++)
		n_sz--;
	raw->n = n;
	raw->n_sz = n_sz;

	/* The software counts whole limbs; so a size is one of the table's. */
	if (n_sz > ASYM_MAX_KEY_BYTES)
		return -EINVAL;
	bits = ALIGN(n_sz, sizeof(long)) * 8;
	if (!bits || bits != rsa_sizes[rsa_size_class(bits)].bits)
		return -EINVAL;
	key->bits = bits;
	return 0;
}

static int key_parse_ecdsa(struct asym_key_data *key)
{
	if (!key->der || !key->der_len || key->der_len > ASYM_MAX_EC_DER)
		return -EINVAL;
	if (!ecdsa_max_sig(key->curve))
		return -EOPNOTSUPP;
	key->bits = ecdsa_curve_bits(key->curve);
	if (key->is_private)
		return ecdsa_parse_private(key->curve, key->der, key->der_len);
	return ecdsa_parse_public(key->curve, key->der, key->der_len);
}

/**
 * asym_key_parse() - check a key and find out its size
 * @key: algo, curve, is_private, der and der_len are the caller's; bits is filled in
 *
 * A key that passes is one crypto_akcipher_set_*_key() of the kernel's
 * software takes. @key->bits is the modulus' size as the software sees it, one
 * of 512, 1024, 1536, 2048, 3072 and 4096, so that @key->bits / 8 is the size
 * of a block. An ECDSA key is only looked at: whether a point is on the curve, and is that
 * of the private key, is found out when the key is set.
 *
 * Context: any.
 * Return: 0, -EBADMSG if it is no BER of such a key (ECDSA: no DER), -EINVAL if it is but its
 * numbers are not acceptable (or it is longer than ASYM_MAX_DER, ASYM_MAX_EC_DER), -ENOPKG for
 * explicit parameters of a curve, -EOPNOTSUPP for kinds of keys and curves we do not have.
 */
int asym_key_parse(struct asym_key_data *key)
{
	struct rsa_key raw;

	if (key->algo == ASYM_ECDSA)
		return key_parse_ecdsa(key);
	return asym_key_parse_rsa(key, &raw);
}
EXPORT_SYMBOL_GPL(asym_key_parse);
