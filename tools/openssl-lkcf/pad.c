// SPDX-License-Identifier: MIT
/*
 * RSA's paddings, RFC 8017. What looks at the result of a decryption does so in constant time:
 * whether the padding was right, where and why it was wrong, must not show in how long it takes or
 * which memory is touched (Bleichenbacher's attack, and Marvin's way to see it). For PKCS#1 v1.5 a
 * wrong padding gives a message made of the key and the ciphertext, so that even the caller cannot
 * tell ("implicit rejection", draft-irtf-cfrg-rsa-guidance, section 7; the same as libcrypto's).
 *
 * pad_test.c marks the decrypted block as undefined and has valgrind look for branches on it;
 * PUBLIC() says what may be known from there on.
 */
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "pad.h"

#ifdef LKCF_PAD_TEST
#include <valgrind/memcheck.h>
#define PUBLIC(value) VALGRIND_MAKE_MEM_DEFINED(&(value), sizeof(value))
#else
#define PUBLIC(value) ((void)0)
#endif

#define MAX_K (4096 / 8)

/*
 * Masks: all ones for true, zero for false. The compiler must not see that there are only two of
 * them, or it may make a branch of it.
 */
typedef size_t mask_t;

static inline mask_t opaque(mask_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

static inline mask_t from_top_bit(size_t a)
{
	return opaque(0 - (a >> (sizeof(a) * 8 - 1)));
}

static inline mask_t is_less(size_t a, size_t b)
{
	return from_top_bit(a ^ ((a ^ b) | ((a - b) ^ b)));
}

static inline mask_t is_zero(size_t a)
{
	return from_top_bit(~a & (a - 1));
}

static inline mask_t is_equal(size_t a, size_t b)
{
	return is_zero(a ^ b);
}

static inline size_t select_size(mask_t mask, size_t a, size_t b)
{
	return (opaque(mask) & a) | (opaque(~mask) & b);
}

/* DigestInfo up to the digest, RFC 8017 section 9.2 note 1; SHA-3 by RFC 9688 section 2 (OIDs). */
#define NIST_HASH(name, oid, size) \
	{ \
		name, 19, size, \
		{ \
			0x30, 17 + (size), 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, \
				0x03, 0x04, 0x02, oid, 0x05, 0x00, 0x04, size \
		} \
	}
static const struct digest_info {
	const char *name;
	unsigned char prefix_size, digest_size, prefix[19];
} digest_infos[] = {
	NIST_HASH("SHA2-256", 1, 32),
	NIST_HASH("SHA2-384", 2, 48),
	NIST_HASH("SHA2-512", 3, 64),
	NIST_HASH("SHA2-224", 4, 28),
	NIST_HASH("SHA2-512/224", 5, 28),
	NIST_HASH("SHA2-512/256", 6, 32),
	NIST_HASH("SHA3-224", 7, 28),
	NIST_HASH("SHA3-256", 8, 32),
	NIST_HASH("SHA3-384", 9, 48),
	NIST_HASH("SHA3-512", 10, 64),
	{ "SHA1",
	  15,
	  20,
	  { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
	    0x14 } },
	{ "MD5",
	  18,
	  16,
	  { 0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05,
	    0x05, 0x00, 0x04, 0x10 } },
	/* ISO/IEC 10118-3's, by its OID 1.3.36.3.2.1 */
	{ "RIPEMD160",
	  15,
	  20,
	  { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x24, 0x03, 0x02, 0x01, 0x05, 0x00, 0x04,
	    0x14 } },
	/* TLS up to 1.1: both digests, and no DigestInfo (RFC 4346 section 4.7) */
	{ "MD5-SHA1", 0, 36, { 0 } },
};

/*
 * EMSA-PKCS1-v1_5 (9.2) of a digest @data made by @md, or of @data as it is without @md, into the
 * @k bytes of @em. False: not a digest we know, or of the wrong size, or too long.
 */
bool pad_pkcs1_sign(unsigned char *em, size_t k, const EVP_MD *md, const unsigned char *data,
		    size_t size)
{
	const struct digest_info *info = NULL;
	size_t i, prefix = 0;

	if (md) {
		for (i = 0; i < sizeof(digest_infos) / sizeof(*digest_infos); i++) {
			if (EVP_MD_is_a(md, digest_infos[i].name))
				info = &digest_infos[i];
		}
		if (!info || size != info->digest_size)
			return false;
		prefix = info->prefix_size;
	}
	if (k < 11 || size > k - 11 - prefix)
		return false;
	em[0] = 0;
	em[1] = 1;
	memset(em + 2, 0xff, k - 3 - prefix - size);
	em[k - 1 - prefix - size] = 0;
	if (prefix)
		memcpy(em + k - prefix - size, info->prefix, prefix);
	memcpy(em + k - size, data, size);
	return true;
}

/* XORs MGF1(@seed) onto @out (RFC 8017, B.2.1). */
static bool mgf1_xor(unsigned char *out, size_t size, const unsigned char *seed, size_t seed_size,
		     const EVP_MD *md)
{
	unsigned char block[EVP_MAX_MD_SIZE], counter[4];
	size_t i, n, digest = EVP_MD_get_size(md);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint32_t number;
	bool ok = !!ctx;

	for (number = 0; ok && size; number++) {
		counter[0] = number >> 24;
		counter[1] = number >> 16;
		counter[2] = number >> 8;
		counter[3] = number;
		ok = EVP_DigestInit_ex2(ctx, md, NULL) && EVP_DigestUpdate(ctx, seed, seed_size) &&
			EVP_DigestUpdate(ctx, counter, sizeof(counter)) &&
			EVP_DigestFinal_ex(ctx, block, NULL);
		n = size < digest ? size : digest;
		for (i = 0; ok && i < n; i++)
			*out++ ^= block[i];
		size -= n;
	}
	OPENSSL_cleanse(block, sizeof(block));
	EVP_MD_CTX_free(ctx);
	return ok;
}

/*
 * The size of the salt that @wanted (a size, or one of libcrypto's names for one) means; -1: none.
 */
int pss_salt_size(int wanted, size_t k, size_t digest_size)
{
	int max = (int)k - 2 - (int)digest_size;

	switch (wanted) {
	case RSA_PSS_SALTLEN_DIGEST:
		wanted = digest_size;
		break;
	case RSA_PSS_SALTLEN_AUTO:
	case RSA_PSS_SALTLEN_MAX:
		wanted = max;
		break;
#ifdef RSA_PSS_SALTLEN_AUTO_DIGEST_MAX
	case RSA_PSS_SALTLEN_AUTO_DIGEST_MAX:
		wanted = (int)digest_size < max ? (int)digest_size : max;
		break;
#endif
	}
	return wanted >= 0 && wanted <= max ? wanted : -1;
}

/*
 * EMSA-PSS (9.1.1) of @digest into the @k bytes of @em, for a modulus of 8 * @k bits exactly.
 * Errors are libcrypto's own (memory, random numbers), or a salt that does not fit.
 */
bool pad_pss(OSSL_LIB_CTX *libctx, unsigned char *em, size_t k, const EVP_MD *md,
	     const EVP_MD *mgf1, const unsigned char *digest, size_t salt_size)
{
	static const unsigned char zeroes[8];
	size_t h = EVP_MD_get_size(md), db;
	unsigned char *salt, *hash;
	EVP_MD_CTX *ctx;
	bool ok;

	if (k > MAX_K || k < h + salt_size + 2)
		return false;
	db = k - h - 1;
	hash = em + db;
	salt = em + db - salt_size;
	memset(em, 0, db - salt_size - 1);
	salt[-1] = 1;
	if (salt_size && RAND_bytes_ex(libctx, salt, salt_size, 0) <= 0)
		return false;
	ctx = EVP_MD_CTX_new();
	ok = ctx && EVP_DigestInit_ex2(ctx, md, NULL) && EVP_DigestUpdate(ctx, zeroes, 8) &&
		EVP_DigestUpdate(ctx, digest, h) && EVP_DigestUpdate(ctx, salt, salt_size) &&
		EVP_DigestFinal_ex(ctx, hash, NULL) && mgf1_xor(em, db, hash, h, mgf1);
	EVP_MD_CTX_free(ctx);
	em[0] &= 0x7f;
	em[k - 1] = 0xbc;
	return ok;
}

static bool hmac_sha256(OSSL_LIB_CTX *libctx, const unsigned char *key, size_t key_size,
			const unsigned char *data, size_t size, unsigned char out[32])
{
	return !!EVP_Q_mac(libctx, "HMAC", NULL, "SHA256", NULL, key, key_size, data, size, out, 32,
			   NULL);
}

/* The key for a wrong padding's message: HMAC(SHA-256(@d), @in), both of @k bytes. */
bool rejection_key(OSSL_LIB_CTX *libctx, const unsigned char *d, const unsigned char *in, size_t k,
		   unsigned char key[32])
{
	unsigned char hash[32];
	bool ok;

	ok = EVP_Q_digest(libctx, "SHA256", NULL, d, k, hash, NULL) &&
		hmac_sha256(libctx, hash, sizeof(hash), in, k, key);
	OPENSSL_cleanse(hash, sizeof(hash));
	return ok;
}

/* @size bytes from @key: HMAC(@key, number of the block || @label || bits wanted), and so on. */
static bool rejection_bytes(OSSL_LIB_CTX *libctx, const unsigned char key[32], const char *label,
			    unsigned char *out, size_t size)
{
	unsigned char block[32], input[2 + 8 + 2];
	size_t number, n, length = strlen(label), bits = size * 8;

	memcpy(input + 2, label, length);
	input[2 + length] = bits >> 8;
	input[3 + length] = bits;
	for (number = 0; size; number++) {
		input[0] = number >> 8;
		input[1] = number;
		if (!hmac_sha256(libctx, key, 32, input, length + 4, block))
			return false;
		n = size < sizeof(block) ? size : sizeof(block);
		memcpy(out, block, n);
		out += n;
		size -= n;
	}
	OPENSSL_cleanse(block, sizeof(block));
	return true;
}

/* The @k bytes of which those from @start are what a wrong padding decrypts to. */
bool rejection_message(OSSL_LIB_CTX *libctx, const unsigned char key[32], size_t k,
		       unsigned char *message, size_t *start)
{
	unsigned char lengths[256];
	size_t i, candidate, length = 0, longest = k - 2 - 8, bits = longest;

	for (i = 1; i < 16; i <<= 1)
		bits |= bits >> i;
	if (!rejection_bytes(libctx, key, "length", lengths, sizeof(lengths)) ||
	    !rejection_bytes(libctx, key, "message", message, k))
		return false;
	for (i = 0; i < sizeof(lengths); i += 2) {
		candidate = ((size_t)lengths[i] << 8 | lengths[i + 1]) & bits;
		length = select_size(is_less(candidate, longest), candidate, length);
	}
	OPENSSL_cleanse(lengths, sizeof(lengths));
	*start = k - length;
	return true;
}

/*
 * RSAES-PKCS1-v1_5 (7.2.2): the size of the message written to @out, which has @k bytes. With
 * @synthetic, whose bytes from @start are taken when the padding is wrong; without, -1 then.
 */
int unpad_pkcs1(const unsigned char *em, size_t k, const unsigned char *synthetic, size_t start,
		unsigned char *out)
{
	mask_t good, zero, found = 0;
	size_t i, at = 0;

	good = is_zero(em[0]) & is_equal(em[1], 2);
	for (i = 2; i < k; i++) {
		zero = is_zero(em[i]);
		at = select_size(zero & ~found, i, at);
		found |= zero;
	}
	/* eight bytes of padding at least; 0: no zero at all */
	good &= ~is_less(at, 2 + 8);
	if (!synthetic) {
		PUBLIC(good);
		if (!good)
			return -1;
		synthetic = em;
	}
	at = select_size(good, at + 1, start);
	/* The caller is told the size: no secret, whichever it is. */
	PUBLIC(at);
	for (i = at; i < k; i++)
		out[i - at] = select_size(good, em[i], synthetic[i]);
	return k - at;
}

/*
 * RSAES-OAEP (7.1.2): as unpad_pkcs1(), -1 for whatever is wrong. @em is destroyed.
 */
int unpad_oaep(unsigned char *em, size_t k, const EVP_MD *md, const EVP_MD *mgf1,
	       const unsigned char *label, size_t label_size, unsigned char *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t i, h = EVP_MD_get_size(md), db, one = 0;
	mask_t good, found = 0, is_one;
	unsigned char *seed = em + 1, *block;

	if (k < 2 * h + 2 || !EVP_Digest(label ? label : (const unsigned char *)"", label_size,
					 hash, NULL, md, NULL))
		return -1;
	db = k - h - 1;
	block = em + 1 + h;
	if (!mgf1_xor(seed, h, block, db, mgf1) || !mgf1_xor(block, db, seed, h, mgf1))
		return -1;
	good = is_zero(em[0]) & is_zero((unsigned int)CRYPTO_memcmp(block, hash, h));
	for (i = h; i < db; i++) {
		is_one = is_equal(block[i], 1);
		one = select_size(is_one & ~found, i, one);
		found |= is_one;
		/* before the one, nothing but zeroes */
		good &= found | is_zero(block[i]);
	}
	good &= found;
	PUBLIC(good);
	if (!good)
		return -1;
	PUBLIC(one);
	memcpy(out, block + one + 1, db - one - 1);
	return db - one - 1;
}

/*
 * The premaster secret of TLS's RSA key exchange (RFC 5246, 7.4.7.1): what is in @em, or @random if
 * anything about it is wrong. @alternative: another version that will do (what an old client that
 * gets this wrong sends); not above 0: none.
 */
void unpad_premaster(const unsigned char *em, size_t k, unsigned int version, int alternative,
		     const unsigned char random[PREMASTER_SIZE], unsigned char out[PREMASTER_SIZE])
{
	const unsigned char *secret = em + k - PREMASTER_SIZE;
	mask_t good, version_good;
	size_t i;

	good = is_zero(em[0]) & is_equal(em[1], 2) & is_zero(secret[-1]);
	for (i = 2; i < k - PREMASTER_SIZE - 1; i++)
		good &= ~is_zero(em[i]);
	version_good = is_equal((size_t)secret[0] << 8 | secret[1], version);
	if (alternative > 0)
		version_good |= is_equal((size_t)secret[0] << 8 | secret[1], alternative);
	good &= version_good;
	for (i = 0; i < PREMASTER_SIZE; i++)
		out[i] = select_size(good, secret[i], random[i]);
}
