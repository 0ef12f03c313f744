// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys: parsing, checks, and the cost of operations with them.
 *
 * Keys come from other machines and from guests. The kernel's own BER decoder parses them, without
 * copying. A refused key has the errno that rsa-generic returns for it. No function here sleeps or
 * takes a lock. The time of comparisons of secret numbers depends on lengths only.
 */
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/key.h>
#include <crypto/internal/rsa.h>

/*
 * Sizes that the kernel's software accepts (rsa_check_key_length()), and the
 * cost of an operation in milliunits: 1,000 is one RSA-2048 private operation.
 *
 * The ratio of 2048 and 4096 bits is measured with asym_bench on rsa-generic
 * (private operations by CRT, e = 65537; Documentation/performance.rst). Other
 * sizes are on the curve through them: a private operation is two
 * exponentiations at half the size, nearly cubic in the size; a public one is 17
 * multiplications, nearly quadratic. Accelerators have other constants but the
 * same shape. The table is part of the interface: quotas count its units.
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

/* Multiplications for 65537, the exponent of the table's costs */
#define RSA_USUAL_E_MULTIPLICATIONS	17

static int rsa_size_class(unsigned int bits)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(rsa_sizes); i++)
		if (bits <= rsa_sizes[i].bits)
			return i;
	return ARRAY_SIZE(rsa_sizes) - 1;
}

/*
 * The same for ECDSA, on ecdsa_sign (which verifies each signature that it makes) and the kernel's
 * ECC library. Preparing a public key checks that the point is on the curve; a compressed point
 * takes a square root. Preparing a private key computes its public key.
 */
static const struct {
	unsigned int bits;
	unsigned int verify;
	unsigned int sign;
	unsigned int prepare_public;
	unsigned int prepare_private;
} ec_sizes[] = {
	{ 192, 100,  220, 10,  120 },
	{ 256, 200,  430, 20,  230 },
	{ 384, 450, 1100, 45,  650 },
	{ 521, 650, 2400, 65, 1750 },
};

/* The cost of parsing an RSA key, checking its numbers, and allocating a transform for it */
#define RSA_PREPARE_COST	10

static int ec_size_class(unsigned int bits)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ec_sizes) - 1; i++)
		if (bits <= ec_sizes[i].bits)
			break;
	return i;
}

static unsigned int ec_cost(unsigned int bits, enum asym_op op)
{
	int i = ec_size_class(bits);

	return op == ASYM_SIGN ? ec_sizes[i].sign : ec_sizes[i].verify;
}

/**
 * asym_cost() - cost of an operation with a usual key of some size
 * @algo: kind of key
 * @bits: its size in bits; a size between two of the table costs as much as the larger one
 * @op: the operation
 *
 * asym_key_cost() and asym_exec_key_cost() take the key itself into account.
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

/* A number as in BER, most significant byte first. */
struct num {
	const u8 *bytes;
	unsigned int len;
};

static struct num num_get(const u8 *bytes, size_t len)
{
	while (len && !*bytes) {
		bytes++;
		len--;
	}
	return (struct num){ bytes, len };
}

static unsigned int num_bits(struct num n)
{
	return n.len ? 8 * (n.len - 1) + fls(n.bytes[0]) : 0;
}

static bool num_is_odd(struct num n)
{
	return n.len && n.bytes[n.len - 1] & 1;
}

/* a < b; the time depends on the lengths only. */
static bool num_less(struct num a, struct num b)
{
	unsigned int i = a.len;
	int borrow = 0;

	if (a.len != b.len)
		return a.len < b.len;
	while (i--)
		borrow = (a.bytes[i] - b.bytes[i] - borrow) < 0;
	return borrow;
}

/* 32 bits of a number, limb 0 being the least significant. */
static u32 num_limb(struct num n, unsigned int limb)
{
	u32 value = 0;
	unsigned int i;

	for (i = 4 * limb + 4; i-- > 4 * limb;)
		value = value << 8 | (i < n.len ? n.bytes[n.len - 1 - i] : 0);
	return value;
}

/* a * b == n, by columns; the time depends on the lengths only. */
static bool num_is_product(struct num a, struct num b, struct num n)
{
	unsigned int a_limbs = DIV_ROUND_UP(a.len, 4), b_limbs = DIV_ROUND_UP(b.len, 4);
	unsigned int limbs = max(a_limbs + b_limbs, DIV_ROUND_UP(n.len, 4)), i, j;
	u64 column, carry = 0;
	u32 differs = 0;

	for (i = 0; i < limbs; i++) {
		column = (u32)carry;
		carry >>= 32;
		for (j = i < b_limbs ? 0 : i - b_limbs + 1; j <= i && j < a_limbs; j++) {
			column += (u64)num_limb(a, j) * num_limb(b, i - j);
			carry += column >> 32;
			column = (u32)column;
		}
		differs |= (u32)column ^ num_limb(n, i);
	}
	return !differs && !carry;
}

/* Modular multiplications of an exponentiation, as the kernel's mpi_powm() does it. */
static unsigned int num_multiplications(struct num exponent)
{
	unsigned int weight = 0, i;

	for (i = 0; i < exponent.len; i++)
		weight += hweight8(exponent.bytes[i]);
	return weight ? num_bits(exponent) - 1 + weight - 1 : 0;
}

/*
 * Exponents. A host or a guest is charged for the work that its key causes. A key that causes
 * unreasonable work is refused: see "Accepted keys" in Documentation/crypto/asym-executor.rst.
 */
static bool rsa_exponents_valid(const struct rsa_key *raw, bool is_private)
{
	struct num e = num_get(raw->e, raw->e_sz);
	struct num n = num_get(raw->n, raw->n_sz);

	if (!num_is_odd(e) || num_bits(e) < 2 || num_bits(e) > ASYM_RSA_MAX_E_BITS ||
	    !num_less(e, n))
		return false;
	return !is_private || num_get(raw->d, raw->d_sz).len <= n.len;
}

/* RFC 8017, 3.2. The kernel's software computes with them, and never with d. */
static bool rsa_crt_valid(const struct rsa_key *raw)
{
	struct num p = num_get(raw->p, raw->p_sz);
	struct num q = num_get(raw->q, raw->q_sz);

	return num_less(num_get(raw->dp, raw->dp_sz), p) &&
	       num_less(num_get(raw->dq, raw->dq_sz), q) &&
	       num_less(num_get(raw->qinv, raw->qinv_sz), p) &&
	       num_is_product(p, q, num_get(raw->n, raw->n_sz));
}

/* As asym_key_parse(); *@raw points into @key->der. */
int asym_key_parse_rsa(struct asym_key_data *key, struct rsa_key *raw)
{
	unsigned int bits;
	struct num n;
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

	n = num_get(raw->n, raw->n_sz);
	raw->n = n.bytes;
	raw->n_sz = n.len;

	/* The software counts whole limbs, so the size is one of the table. */
	if (n.len > ASYM_MAX_KEY_BYTES)
		return -EINVAL;
	bits = ALIGN(n.len, sizeof(long)) * 8;
	if (!bits || bits != rsa_sizes[rsa_size_class(bits)].bits)
		return -EINVAL;
	if (!rsa_exponents_valid(raw, key->is_private) ||
	    (key->is_private && !rsa_crt_valid(raw)))
		return -EINVAL;
	key->bits = bits;
	return 0;
}
EXPORT_SYMBOL_GPL(asym_key_parse_rsa);

/* The work of one half of the CRT: multiplications of so many limbs */
static u64 crt_work(const u8 *prime, size_t prime_sz, const u8 *exponent, size_t exponent_sz)
{
	unsigned int bits = ALIGN(num_bits(num_get(prime, prime_sz)), BITS_PER_LONG);

	return (u64)bits * bits * num_multiplications(num_get(exponent, exponent_sz));
}

/**
 * asym_rsa_cost() - cost of an operation with an RSA key
 * @key: parsed
 * @raw: its numbers, from asym_key_parse_rsa()
 * @op: the operation
 *
 * asym_cost() is for e = 65537 and for primes of half the size of the modulus. A key that causes
 * more work costs more, in proportion. No key costs less.
 *
 * Return: milliunits.
 */
unsigned int asym_rsa_cost(const struct asym_key_data *key, const struct rsa_key *raw,
			   enum asym_op op)
{
	unsigned int cost = asym_cost(ASYM_RSA, key->bits, op), half = key->bits / 2;
	u64 work, usual;

	if (op == ASYM_ENCRYPT || op == ASYM_VERIFY) {
		work = num_multiplications(num_get(raw->e, raw->e_sz));
		usual = RSA_USUAL_E_MULTIPLICATIONS;
		return work <= usual ? cost : DIV_ROUND_UP_ULL(cost * work, (u32)usual);
	}
	if (!key->is_private)
		return cost;
	work = crt_work(raw->p, raw->p_sz, raw->dp, raw->dp_sz) +
	       crt_work(raw->q, raw->q_sz, raw->dq, raw->dq_sz);
	/* Half of an exponent's bits are set, more or less: an eighth is a deviation of 5 sigma. */
	usual = 2ULL * half * half * (half + half / 2);
	return work <= usual + usual / 8 ? cost : div64_u64(cost * work + usual - 1, usual);
}
EXPORT_SYMBOL_GPL(asym_rsa_cost);

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
 * asym_key_prepare_cost() - cost of preparing a key for operations
 * @data: algo, curve, is_private, der and der_len are set by the caller; need not be valid
 *
 * Charge it before asym_exec_key_create(), which does that work. It depends on the kind of the key
 * only.
 *
 * Context: any.
 * Return: milliunits, never 0.
 */
unsigned int asym_key_prepare_cost(const struct asym_key_data *data)
{
	int i;

	if (data->algo != ASYM_ECDSA)
		return RSA_PREPARE_COST;
	i = ec_size_class(ecdsa_curve_bits(data->curve));
	return data->is_private ? ec_sizes[i].prepare_private : ec_sizes[i].prepare_public;
}
EXPORT_SYMBOL_GPL(asym_key_prepare_cost);

/**
 * asym_key_cost() - cost of an operation with a key that is not prepared yet
 * @data: the key
 * @op: the operation
 *
 * The value of asym_exec_key_cost() for the prepared key. Preparing the key is not included.
 *
 * Context: any.
 * Return: milliunits; 0 if asym_key_parse() refuses the key.
 */
unsigned int asym_key_cost(const struct asym_key_data *data, enum asym_op op)
{
	struct asym_key_data parsed = *data;
	struct rsa_key raw;

	if (data->algo != ASYM_RSA)
		return asym_key_parse(&parsed) ? 0 : asym_cost(data->algo, parsed.bits, op);
	if (asym_key_parse_rsa(&parsed, &raw))
		return 0;
	return asym_rsa_cost(&parsed, &raw, op);
}
EXPORT_SYMBOL_GPL(asym_key_cost);

/**
 * asym_key_parse() - check a key and find out its size
 * @key: algo, curve, is_private, der and der_len are set by the caller; bits is filled in
 *
 * crypto_akcipher_set_*_key() of the kernel's software accepts each key that passes. It also
 * accepts some that do not pass: with a public exponent that is even, less than 3 or longer than
 * ASYM_RSA_MAX_E_BITS, with a private exponent that is longer than the modulus, or with CRT
 * parameters that do not belong to the modulus. @key->bits is the size of the modulus as the
 * software counts it, one of 512, 1024, 1536, 2048, 3072 and 4096, so that @key->bits / 8 is the
 * size of a block. Of an ECDSA key only the encoding is checked. Setting the key checks whether the
 * point is on the curve and belongs to the private key.
 *
 * Context: any.
 * Return: 0, -EBADMSG if it is not BER of such a key (ECDSA: not DER), -EINVAL if its numbers are
 * not acceptable (or it is longer than ASYM_MAX_DER, ASYM_MAX_EC_DER), -ENOPKG for explicit
 * parameters of a curve, -EOPNOTSUPP for unsupported kinds of keys and curves.
 */
int asym_key_parse(struct asym_key_data *key)
{
	struct rsa_key raw;

	if (key->algo == ASYM_ECDSA)
		return key_parse_ecdsa(key);
	return asym_key_parse_rsa(key, &raw);
}
EXPORT_SYMBOL_GPL(asym_key_parse);
