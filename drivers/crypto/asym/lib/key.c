// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys as they cross every interface here: checks, and what an operation costs.
 *
 * Keys come from other machines and from guests. They are parsed by the
 * kernel's own BER decoder; nothing is copied, and what is refused is refused
 * with the errno that setting such a key on rsa-generic gives. Nothing here
 * sleeps or takes a lock. Comparisons of secret numbers take a time that depends on lengths only.
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

/* Of 65537, which the table is about */
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
 * ECDSA likewise, on ecdsa_sign (which verifies what it signs) and the kernel's ECC library.
 * To prepare a key is to check that a public one is on the curve, which for a compressed point
 * takes a square root, and to compute the public key of a private one.
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

/* To parse an RSA key, to check its numbers, and to allocate the transform that gets it */
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
 * asym_cost() - what an operation costs
 * @algo: kind of key
 * @bits: its size in bits; sizes between those of the table cost as much as the next one
 * @op: what is done with it
 *
 * This is for a usual key of that size; asym_key_cost() and asym_exec_key_cost() look at the key.
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

/* A number as BER has it, most significant byte first. */
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
 * Exponents. What a host or a guest is charged is the work that its key makes, but a key that
 * makes unreasonable work is refused: see "Which keys are taken" in
 * Documentation/crypto/asym-executor.rst.
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

	/* The software counts whole limbs; so a size is one of the table's. */
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

/* What one half of the CRT takes: multiplications of so many limbs. */
static u64 crt_work(const u8 *prime, size_t prime_sz, const u8 *exponent, size_t exponent_sz)
{
	unsigned int bits = ALIGN(num_bits(num_get(prime, prime_sz)), BITS_PER_LONG);

	return (u64)bits * bits * num_multiplications(num_get(exponent, exponent_sz));
}

/**
 * asym_rsa_cost() - what an operation with an RSA key costs
 * @key: parsed
 * @raw: its numbers, by asym_key_parse_rsa()
 * @op: what is done with it
 *
 * That of asym_cost() is for e = 65537 and for primes of half the modulus' size. Keys that make
 * more work cost more, in proportion; others do not cost less.
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
 * asym_key_prepare_cost() - what it costs to prepare a key for operations
 * @data: algo, curve, is_private, der and der_len are the caller's; need not be valid
 *
 * To be charged before asym_exec_key_create() is called, which computes as much. Looks at the
 * kind of the key only.
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
 * asym_key_cost() - what an operation costs with a key that is not prepared yet
 * @data: the key
 * @op: what is done with it
 *
 * As asym_exec_key_cost() will say, without what preparing the key costs.
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
 * @key: algo, curve, is_private, der and der_len are the caller's; bits is filled in
 *
 * A key that passes is one crypto_akcipher_set_*_key() of the kernel's software takes. That takes
 * some that do not pass: with a public exponent that is even, less than 3 or longer than
 * ASYM_RSA_MAX_E_BITS, a private one that is longer than the modulus, or numbers for the Chinese
 * remainder theorem that are not of this modulus. @key->bits is the modulus' size as the software
 * sees it, one of 512, 1024, 1536, 2048, 3072 and 4096, so that @key->bits / 8 is the size of a
 * block. An ECDSA key is only looked at: whether a point is on the curve, and is that of the
 * private key, is found out when the key is set.
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
