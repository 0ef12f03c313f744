// SPDX-License-Identifier: GPL-2.0-only
/*
 * PKCS#1 v1.5 padding (RFC 8017) and its hashes.
 *
 * A block is as long as the modulus and always begins with a zero byte. RSA
 * itself is computed elsewhere (executor/op.c). No function here sleeps, takes
 * a lock or allocates: any context.
 *
 * Errors are those of the kernel's own software for the same input, so that
 * the errno does not depend on where an operation was computed. k: bytes of the
 * modulus; 6.12 is pkcs1pad(rsa-generic,...), 7.3 pkcs1pad(rsa) and
 * pkcs1(rsa,...); "room" is the caller's output buffer:
 *
 *   operation             input                             6.12           7.3
 *   --------------------  --------------------------------  -------------  -------------
 *   any                   private operation, public key     -EINVAL        -EINVAL
 *   raw encrypt, decrypt  value <= 1 or >= n - 1            -EINVAL        -EINVAL
 *                         room < k [1]                      -EOVERFLOW     -EOVERFLOW
 *   pkcs1 encrypt         more than k - 11 bytes            -EOVERFLOW     -EOVERFLOW
 *                         room < k                          -EOVERFLOW     -EOVERFLOW
 *   pkcs1 decrypt         not k bytes                       -EINVAL        -EINVAL
 *                         value <= 1 or >= n - 1            -EINVAL        -EINVAL
 *                         decoding fails, for any reason    -EINVAL        -EINVAL
 *                         room < message                    -EOVERFLOW     -EOVERFLOW
 *   pkcs1 sign            room < k                          -EOVERFLOW     -EOVERFLOW
 *                         digest not of the hash's size     (signed)       -EINVAL
 *                         DigestInfo longer than k - 11     -EOVERFLOW     -EOVERFLOW
 *   pkcs1 verify          signature not k bytes             -EINVAL        -EINVAL
 *                         no digest                         -EINVAL        -EINVAL [2]
 *                         digest not of the hash's size     -EKEYREJECTED  -EINVAL
 *                         value <= 1 or >= n - 1            -EINVAL        -EINVAL
 *                         block does not begin with 00      -EINVAL        -EINVAL
 *                         block type, padding, DigestInfo   -EBADMSG       -EBADMSG
 *                         another digest in the block       -EKEYREJECTED  -EKEYREJECTED
 *
 *   [1] rsa-generic also takes a smaller room where the result happens to fit.
 *       Here, as with accelerators, it must hold k bytes.
 *       Raw signatures, which the software does not have, get -EOPNOTSUPP.
 *   [2] Without a hash (pkcs1(rsa,none)) it is compared like any other.
 *
 * With -EOVERFLOW for lack of room the caller gets the length that is needed.
 */
#include <linux/array_size.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/random.h>
#include <linux/string.h>
#include <crypto/utils.h>
#include <crypto/internal/asym/pad.h>
#include <compat/crypto.h>

#define OID_MAX		9

/* DigestInfo ::= SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING digest } */
#define DIGEST_INFO_LEN(oid_len)	((oid_len) + 10)

static const struct asym_hash_desc {
	const char *name;
	u8 digest_size;
	u8 oid_len;
	u8 oid[OID_MAX];
} hashes[ASYM_HASH_NR] = {
	[ASYM_HASH_NONE]   = { "none" },
	/* 1.2.840.113549.2.5 */
	[ASYM_HASH_MD5]    = { "md5", 16, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05 } },
	/* 1.3.14.3.2.26 */
	[ASYM_HASH_SHA1]   = { "sha1", 20, 5, { 0x2b, 0x0e, 0x03, 0x02, 0x1a } },
	/* 2.16.840.1.101.3.4.2.{4,1,2,3} */
	[ASYM_HASH_SHA224] = { "sha224", 28, 9,
			       { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04 } },
	[ASYM_HASH_SHA256] = { "sha256", 32, 9,
			       { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 } },
	[ASYM_HASH_SHA384] = { "sha384", 48, 9,
			       { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02 } },
	[ASYM_HASH_SHA512] = { "sha512", 64, 9,
			       { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03 } },
};

static const struct asym_hash_desc *hash_desc(enum asym_hash hash)
{
	if ((unsigned int)hash >= ARRAY_SIZE(hashes) || !hashes[hash].name)
		return NULL;
	return &hashes[hash];
}

/**
 * asym_hash_digest_size() - length of a hash's digest
 * @hash: which hash; numbers not in the enum are allowed
 *
 * Context: any.
 * Return: bytes, 0 for ASYM_HASH_NONE and for numbers that are no hash.
 */
unsigned int asym_hash_digest_size(enum asym_hash hash)
{
	const struct asym_hash_desc *desc = hash_desc(hash);

	return desc ? desc->digest_size : 0;
}
EXPORT_SYMBOL_GPL(asym_hash_digest_size);

/**
 * asym_hash_name() - name of a hash in the kernel's crypto API
 * @hash: which hash; numbers not in the enum are allowed
 *
 * Context: any.
 * Return: a constant string ("none" for ASYM_HASH_NONE), NULL for numbers that are no hash.
 */
const char *asym_hash_name(enum asym_hash hash)
{
	const struct asym_hash_desc *desc = hash_desc(hash);

	return desc ? desc->name : NULL;
}
EXPORT_SYMBOL_GPL(asym_hash_name);

/* The bytes of a DigestInfo before the digest; 0 without a hash. */
static unsigned int digest_info(const struct asym_hash_desc *desc, u8 *out)
{
	unsigned int oid_len = desc->oid_len;

	if (!oid_len)
		return 0;
	*out++ = 0x30;			/* SEQUENCE */
	*out++ = oid_len + 8 + desc->digest_size;
	*out++ = 0x30;			/*   SEQUENCE */
	*out++ = oid_len + 4;
	*out++ = 0x06;			/*     OBJECT IDENTIFIER */
	*out++ = oid_len;
	memcpy(out, desc->oid, oid_len);
	out += oid_len;
	*out++ = 0x05;			/*     NULL */
	*out++ = 0x00;
	*out++ = 0x04;			/*   OCTET STRING */
	*out++ = desc->digest_size;
	return DIGEST_INFO_LEN(oid_len);
}

/**
 * asym_pad_raw() - make a block of the modulus' size from a number
 * @src: big-endian number
 * @src_len: bytes at @src, any; leading zeros do not count
 * @block: receives it, zeros in front; must not overlap @src
 * @size: bytes of the modulus
 *
 * Context: any.
 * Return: 0, or -EINVAL if the number is longer than the modulus.
 */
int asym_pad_raw(const u8 *src, unsigned int src_len, u8 *block, unsigned int size)
{
	while (src_len > size && !*src) {
		src++;
		src_len--;
	}
	if (src_len > size)
		return -EINVAL;
	memset(block, 0, size - src_len);
	memcpy(block + size - src_len, src, src_len);
	return 0;
}
EXPORT_SYMBOL_GPL(asym_pad_raw);

/**
 * asym_pad_check_range() - check that RSA may be applied to a block
 * @block: big-endian number
 * @max: big-endian modulus minus one
 * @size: bytes of both
 *
 * The kernel's software accepts 1 < block < n - 1 (SP 800-56B, 7.1.1), and some
 * accelerators do not check. So the range is checked before an operation is
 * submitted. The comparison may depend on the value: a ciphertext and a
 * signature are not secret, and a padded block is always less.
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int asym_pad_check_range(const u8 *block, const u8 *max, unsigned int size)
{
	if (memcmp(block, max, size) >= 0)
		return -EINVAL;
	if (block[size - 1] <= 1 && !memchr_inv(block, 0, size - 1))
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_GPL(asym_pad_check_range);

/**
 * asym_pad_emsa_encode() - EMSA-PKCS1-v1_5 (RFC 8017, 9.2)
 * @hash: which DigestInfo; ASYM_HASH_NONE for none
 * @digest: the digest to sign
 * @digest_len: bytes at @digest; the caller checked it against @hash if it must fit
 * @block: receives 00 01 ff..ff 00 DigestInfo; must not overlap @digest
 * @size: bytes of the modulus
 *
 * Context: any.
 * Return: 0, -EINVAL if @hash is not supported, -EOVERFLOW if it does not fit.
 */
int asym_pad_emsa_encode(enum asym_hash hash, const u8 *digest, unsigned int digest_len,
			 u8 *block, unsigned int size)
{
	const struct asym_hash_desc *desc = hash_desc(hash);
	u8 info[DIGEST_INFO_LEN(OID_MAX)];
	unsigned int info_len, pos;

	if (!desc)
		return -EINVAL;
	info_len = digest_info(desc, info);
	if (size < ASYM_PAD_PKCS1_MIN + info_len ||
	    digest_len > size - ASYM_PAD_PKCS1_MIN - info_len)
		return -EOVERFLOW;

	pos = size - info_len - digest_len;
	block[0] = 0x00;
	block[1] = 0x01;
	memset(block + 2, 0xff, pos - 3);
	block[pos - 1] = 0x00;
	memcpy(block + pos, info, info_len);
	memcpy(block + pos + info_len, digest, digest_len);
	return 0;
}
EXPORT_SYMBOL_GPL(asym_pad_emsa_encode);

/* How a block differs from the expected one; nothing in it is secret. */
static int emsa_mismatch(const struct asym_hash_desc *desc, const u8 *block, unsigned int size)
{
	u8 info[DIGEST_INFO_LEN(OID_MAX)];
	unsigned int info_len, pos;

	if (block[0] != 0x00)
		return -EINVAL;
	if (block[1] != 0x01)
		return -EBADMSG;
	for (pos = 2; pos < size && block[pos] == 0xff; pos++)
		;
	if (pos < ASYM_PAD_PKCS1_MIN - 1 || pos == size || block[pos] != 0x00)
		return -EBADMSG;
	pos++;
	info_len = digest_info(desc, info);
	if (info_len > size - pos || memcmp(block + pos, info, info_len))
		return -EBADMSG;
	return -EKEYREJECTED;
}

/**
 * asym_pad_emsa_check() - check that a block, recovered from a signature, signs a digest
 * @hash: which DigestInfo it must carry; ASYM_HASH_NONE for none
 * @digest: the digest it must carry
 * @digest_len: bytes at @digest, at most ASYM_MAX_KEY_BYTES
 * @block: the signature to the power of e
 * @size: bytes of the modulus, at least ASYM_PAD_PKCS1_MIN, at most ASYM_MAX_KEY_BYTES
 *
 * Encodes the digest and compares whole blocks (RFC 8017, 8.2.2), so no byte
 * of the block is left unchecked, as with a parser.
 *
 * Context: any; uses ASYM_MAX_KEY_BYTES of stack.
 * Return: 0 if it signs @digest, else -EKEYREJECTED, -EBADMSG or -EINVAL as in the table above.
 */
int asym_pad_emsa_check(enum asym_hash hash, const u8 *digest, unsigned int digest_len,
			const u8 *block, unsigned int size)
{
	const struct asym_hash_desc *desc = hash_desc(hash);
	u8 expected[ASYM_MAX_KEY_BYTES];

	if (!desc || size < ASYM_PAD_PKCS1_MIN || size > sizeof(expected))
		return -EINVAL;
	if (!asym_pad_emsa_encode(hash, digest, digest_len, expected, size) &&
	    !crypto_memneq(block, expected, size))
		return 0;
	return emsa_mismatch(desc, block, size);
}
EXPORT_SYMBOL_GPL(asym_pad_emsa_check);

/**
 * asym_pad_rsaes_encode() - RSAES-PKCS1-v1_5 (RFC 8017, 7.2.1)
 * @msg: the message to encrypt
 * @msg_len: bytes at @msg
 * @block: receives 00 02 random 00 message; must not overlap @msg
 * @size: bytes of the modulus
 *
 * Context: any.
 * Return: 0, or -EOVERFLOW if the message does not fit.
 */
int asym_pad_rsaes_encode(const u8 *msg, unsigned int msg_len, u8 *block, unsigned int size)
{
	unsigned int pos, i;

	if (size < ASYM_PAD_PKCS1_MIN || msg_len > size - ASYM_PAD_PKCS1_MIN)
		return -EOVERFLOW;

	pos = size - msg_len - 1;
	block[0] = 0x00;
	block[1] = 0x02;
	get_random_bytes(block + 2, pos - 2);
	for (i = 2; i < pos; i++)
		while (!block[i])
			block[i] = get_random_u8();
	block[pos] = 0x00;
	memcpy(block + pos + 1, msg, msg_len);
	return 0;
}
EXPORT_SYMBOL_GPL(asym_pad_rsaes_encode);

/* All ones if the bytes' value is zero, else 0, without a branch. */
static u32 mask_zero(u32 byte)
{
	u32 mask = (byte - 1) >> 8;	/* of a byte: only 0 borrows */

	OPTIMIZER_HIDE_VAR(mask);
	return 0 - (mask & 1);
}

/**
 * asym_pad_rsaes_decode() - RSAES-PKCS1-v1_5 (RFC 8017, 7.2.2)
 * @block: the decrypted block
 * @size: bytes of the modulus
 * @dst: receives the message; must not overlap @block
 * @dst_len: in: room at @dst; out: bytes of the message (with -EOVERFLOW too)
 *
 * The time reveals no more than the result: whether the block is well formed
 * and, if it is, the length of the message. No branch and no address depends on
 * where and why a malformed block is wrong (Bleichenbacher's oracle needs one
 * such difference).
 *
 * Context: any.
 * Return: 0, -EOVERFLOW if the message does not fit, -EINVAL for anything else.
 */
int asym_pad_rsaes_decode(const u8 *block, unsigned int size, u8 *dst, unsigned int *dst_len)
{
	u32 good, looking = U32_MAX, sep = 0;
	unsigned int i, len;

	if (size < ASYM_PAD_PKCS1_MIN)
		return -EINVAL;

	good = mask_zero(block[0]) & mask_zero(block[1] ^ 0x02);
	for (i = 2; i < size; i++) {
		u32 zero = mask_zero(block[i]);

		/* the first zero is the separator; among the first eight bytes it is an error */
		sep |= looking & zero & i;
		looking &= ~zero;
		if (i == ASYM_PAD_PKCS1_MIN - 2)
			good &= looking;
	}
	good &= ~looking;
	OPTIMIZER_HIDE_VAR(good);
	if (!good)
		return -EINVAL;

	/* The caller learns the length, so from here on the time may depend on it. */
	len = size - sep - 1;
	if (len > *dst_len) {
		*dst_len = len;
		return -EOVERFLOW;
	}
	memcpy(dst, block + sep + 1, len);
	*dst_len = len;
	return 0;
}
EXPORT_SYMBOL_GPL(asym_pad_rsaes_decode);
