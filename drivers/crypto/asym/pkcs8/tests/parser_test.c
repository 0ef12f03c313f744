// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the PKCS#8 parser: what is a key, and with which errno the rest is refused. That
 * OpenSSL agrees is tools/testing/selftests/asym/ecdsa_der.c's business.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/public_key.h>

#include "../types.h"
#include "vectors.h"

#define MAX_DER		1024

struct bytes {
	const char *p;
	size_t len;
};

#define B(s)	{ (s), sizeof(s) - 1 }

struct der {
	u8 p[MAX_DER];
	size_t len;
};

/* The parts of a key of P-256 */
#define V0		"\x02\x01\x00"
#define V1		"\x02\x01\x01"
#define EC		"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
#define P256		"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define P384		"\x06\x05\x2b\x81\x04\x00\x22"
#define SECP256K1	"\x06\x05\x2b\x81\x04\x00\x0a"
#define NIL		"\x05\x00"
#define RSA		"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define DSA		"\x06\x07\x2a\x86\x48\xce\x38\x04\x01"
#define EC_V1		"\x02\x01\x01"
#define SCALAR		"\x04\x20" P256_SCALAR
#define POINT		"\x00\x04" P256_X P256_Y
#define COMPRESSED	"\x00\x03" P256_X
#define OTHER		"\x00\x04" P256_OTHER
#define INNER		EC_V1 SCALAR
#define INSIDE(point)	"\xa1\x44\x03\x42" point
#define WITH_POINT	INNER INSIDE(POINT)
#define WITH_CURVE	INNER "\xa0\x0a" P256 INSIDE(POINT)
#define ATTRIBUTE	"\x30\x08\x06\x01\x2a\x31\x03\x04\x01\x78"
#define EC_P256		EC P256

#define ZEROS_31 \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define ORDER \
	"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" \
	"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"
#define ORDER_LESS_1 \
	"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" \
	"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x50"

/*
 * SEQUENCE { @version, SEQUENCE { @algorithm }, OCTET STRING { SEQUENCE { @inner } }, @tail },
 * @after
 */
static const struct {
	const char *name;
	struct bytes version, algorithm, inner, tail, after;
	int err;
} cases[] = {
	{ "without public key", B(V0), B(EC_P256), B(INNER) },
	{ "with public key", B(V0), B(EC_P256), B(WITH_POINT) },
	{ "compressed public key", B(V0), B(EC_P256), B(INNER "\xa1\x24\x03\x22" COMPRESSED) },
	{ "inner curve", B(V0), B(EC_P256), B(WITH_CURVE) },
	{ "no attributes", B(V0), B(EC_P256), B(INNER), B("\xa0\x00") },
	{ "an attribute", B(V0), B(EC_P256), B(INNER), B("\xa0\x0a" ATTRIBUTE) },
	{ "two attributes", B(V0), B(EC_P256), B(INNER), B("\xa0\x14" ATTRIBUTE ATTRIBUTE) },
	{ "version 1", B(V1), B(EC_P256), B(WITH_POINT) },
	{ "version 1, public key", B(V1), B(EC_P256), B(WITH_POINT), B("\x81\x42" POINT) },
	{ "version 1, public key alone", B(V1), B(EC_P256), B(INNER), B("\x81\x42" POINT) },
	{ "version 1, compressed", B(V1), B(EC_P256), B(INNER), B("\x81\x22" COMPRESSED) },
	{ "version 1, all of it", B(V1), B(EC_P256), B(WITH_CURVE),
	  B("\xa0\x0a" ATTRIBUTE "\x81\x42" POINT) },
	{ "scalar 1", B(V0), B(EC_P256), B(EC_V1 "\x04\x20" ZEROS_31 "\x01") },
	{ "scalar n - 1", B(V0), B(EC_P256), B(EC_V1 "\x04\x20" ORDER_LESS_1) },

	{ "version 2", B("\x02\x01\x02"), B(EC_P256), B(INNER), .err = -EBADMSG },
	{ "version -1", B("\x02\x01\xff"), B(EC_P256), B(INNER), .err = -EBADMSG },
	{ "version of two bytes", B("\x02\x02\x00\x00"), B(EC_P256), B(INNER), .err = -EBADMSG },
	{ "version of none", B("\x02\x00"), B(EC_P256), B(INNER), .err = -EBADMSG },
	{ "version is no INTEGER", B("\x0a\x01\x00"), B(EC_P256), B(INNER), .err = -EBADMSG },
	{ "no version", B(""), B(EC_P256), B(INNER), .err = -EBADMSG },
	{ "no parameters", B(V0), B(EC), B(INNER), .err = -EBADMSG },
	{ "NULL parameters", B(V0), B(EC NIL), B(INNER), .err = -EBADMSG },
	{ "something after the curve", B(V0), B(EC P256 NIL), B(INNER), .err = -EBADMSG },
	{ "curve of a long form", B(V0), B(EC "\x06\x81\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"),
	  B(INNER), .err = -EBADMSG },
	{ "explicit curve", B(V0), B(EC P256_EXPLICIT), B(INNER), .err = -ENOPKG },
	{ "explicit curve inside", B(V0), B(EC_P256), B(INNER "\xa0\x81\xfa" P256_EXPLICIT),
	  .err = -ENOPKG },
	{ "unknown curve", B(V0), B(EC SECP256K1), B(INNER), .err = -ENOPKG },
	{ "no curve", B(V0), B(EC "\x06\x00"), B(INNER), .err = -ENOPKG },
	{ "the same inside of another curve", B(V0), B(EC P384), B(INNER), .err = -EBADMSG },
	{ "another curve inside", B(V0), B(EC_P256), B(INNER "\xa0\x07" P384), .err = -EINVAL },
	{ "DSA", B(V0), B(DSA NIL), B(INNER), .err = -ENOPKG },
	{ "DSA, version 1", B(V1), B(DSA NIL), B(INNER), .err = -EBADMSG },
	{ "inner version 0", B(V0), B(EC_P256), B("\x02\x01\x00" SCALAR), .err = -EBADMSG },
	{ "nothing inside", B(V0), B(EC_P256), B(""), .err = -EBADMSG },
	{ "scalar 0", B(V0), B(EC_P256), B(EC_V1 "\x04\x20" ZEROS_31 "\x00"), .err = -EINVAL },
	{ "scalar n", B(V0), B(EC_P256), B(EC_V1 "\x04\x20" ORDER), .err = -EINVAL },
	{ "short scalar", B(V0), B(EC_P256), B(EC_V1 "\x04\x01\x01"), .err = -EBADMSG },
	{ "long scalar", B(V0), B(EC_P256), B(EC_V1 "\x04\x21\x00" P256_SCALAR), .err = -EBADMSG },
	{ "another public key", B(V0), B(EC_P256), B(INNER INSIDE(OTHER)), .err = -EKEYREJECTED },
	{ "public key off the curve", B(V0), B(EC_P256), B(INNER INSIDE("\x00\x04" P256_Y P256_X)),
	  .err = -EINVAL },
	{ "unused bits", B(V0), B(EC_P256), B(INNER INSIDE("\x01\x04" P256_X P256_Y)),
	  .err = -EBADMSG },
	{ "attributes twice", B(V0), B(EC_P256), B(INNER), B("\xa0\x00\xa0\x00"), .err = -EBADMSG },
	{ "attributes are no SEQUENCE", B(V0), B(EC_P256), B(INNER), B("\xa0\x02\x05\x00"),
	  .err = -EBADMSG },
	{ "attributes end early", B(V0), B(EC_P256), B(INNER), B("\xa0\x02\x30\x01"),
	  .err = -EBADMSG },
	{ "something after the key", B(V0), B(EC_P256), B(INNER), B(NIL), .err = -EBADMSG },
	{ "public key in version 0", B(V0), B(EC_P256), B(INNER), B("\x81\x42" POINT),
	  .err = -EBADMSG },
	{ "another public key outside", B(V1), B(EC_P256), B(WITH_POINT), B("\x81\x42" OTHER),
	  .err = -EKEYREJECTED },
	{ "public key outside before attributes", B(V1), B(EC_P256), B(INNER),
	  B("\x81\x42" POINT "\xa0\x00"), .err = -EBADMSG },
	{ "empty public key outside", B(V1), B(EC_P256), B(INNER), B("\x81\x00"), .err = -EBADMSG },
	{ "constructed public key outside", B(V1), B(EC_P256), B(INNER), B("\xa1\x42" POINT),
	  .err = -EBADMSG },
	{ "something after all", B(V0), B(EC_P256), B(INNER), .after = B("\x00"), .err = -EBADMSG },

	/* As the kernel's own parser: BER, nobody looks inside, nor behind. */
	{ "RSA", B(V0), B(RSA NIL), B(INNER) },
	{ "RSA without NULL", B(V0), B(RSA), B(INNER) },
	{ "RSA with attributes", B(V0), B(RSA NIL), B(INNER), B("\xa0\x02\x05\x00") },
	{ "RSA and something after all", B(V0), B(RSA NIL), B(INNER), .after = B("\x00") },
	{ "RSA, version 1", B(V1), B(RSA NIL), B(INNER), .err = -EBADMSG },
	{ "RSA and something after the key", B(V0), B(RSA NIL), B(INNER), B(NIL),
	  .err = -EBADMSG },
};

/* What is left as it is */
static const struct {
	const char *name;
	struct bytes der;
	const char *algo;
	int err;
} whole[] = {
	{ "P-192", B(PKCS8_P192), "ecdsa-nist-p192" },
	{ "P-384", B(PKCS8_P384), "ecdsa-nist-p384" },
	{ "P-521", B(PKCS8_P521), "ecdsa-nist-p521" },
	{ "Ed25519", B(PKCS8_ED25519), .err = -ENOPKG },
	{ "a certificate", B(CERTIFICATE), .err = -EBADMSG },
	{ "an encrypted key", B(ENCRYPTED), .err = -EBADMSG },
	{ "a bare ECPrivateKey", B("\x30\x25" INNER), .err = -EBADMSG },
	{ "no ASN.1", B("-----BEGIN"), .err = -EBADMSG },
	{ "RSA of indefinite lengths",
	  B("\x30\x80" V0 "\x30\x80" RSA NIL "\x00\x00\x04\x01\x78\x00\x00"), "rsa" },
	{ "ECDSA of indefinite length",
	  B("\x30\x80" V0 "\x30\x13" EC P256 "\x04\x27\x30\x25" INNER "\x00\x00"),
	  .err = -EBADMSG },
};

/* Puts a tag and a length before what is at @from and after. @longer: a byte more than DER has */
static void wrap(struct der *der, size_t from, u8 tag, bool longer)
{
	size_t len = der->len - from;
	unsigned int n = (len > 0x7f) + (len > 0xff) + longer;
	u8 *p = der->p + from;

	memmove(p + 2 + n, p, len);
	der->len += 2 + n;
	*p++ = tag;
	*p++ = n ? 0x80 + n : len;
	while (n--)
		*p++ = len >> 8 * n;
}

static void put(struct der *der, struct bytes bytes)
{
	memcpy(der->p + der->len, bytes.p, bytes.len);
	der->len += bytes.len;
}

/* @longer: which element's length is not as short as it could be; -1: none */
static void make(struct der *der, unsigned int i, int longer)
{
	size_t from;

	der->len = 0;
	put(der, cases[i].version);
	from = der->len;
	put(der, cases[i].algorithm);
	wrap(der, from, 0x30, longer == 0);
	from = der->len;
	put(der, cases[i].inner);
	wrap(der, from, 0x30, longer == 1);
	wrap(der, from, 0x04, longer == 2);
	put(der, cases[i].tail);
	wrap(der, 0, 0x30, longer == 3);
	put(der, cases[i].after);
}

/* 0, or what is wrong about a key; a key whose algorithm is not @algo is -EILSEQ */
static int parse(struct kunit *test, const void *der, size_t len, const char *algo)
{
	/* Exactly as long, so that KASAN sees who reads on. */
	u8 *copy = kunit_kmalloc(test, len, GFP_KERNEL);
	struct public_key *pub;
	int err = 0;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, der, len);
	pub = pkcs8_parse(copy, len);
	kunit_kfree(test, copy);
	if (IS_ERR(pub))
		return PTR_ERR(pub);
	if (!pub->key_is_private || strcmp(pub->id_type, "PKCS8") ||
	    (algo && strcmp(pub->pkey_algo, algo)))
		err = -EILSEQ;
	public_key_free(pub);
	return err;
}

static bool is_rsa(unsigned int i)
{
	return cases[i].algorithm.p[5] != EC[5];
}

static void pkcs8_cases(struct kunit *test)
{
	struct der *der = kunit_kzalloc(test, sizeof(*der), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, der);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *algo = "ecdsa-nist-p256";

		if (is_rsa(i))
			algo = "rsa";
		make(der, i, -1);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err, parse(test, der->p, der->len, algo), "%s",
				    cases[i].name);
	}
}

static void pkcs8_whole(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		/* Not with fips=1 */
		if (!i && !ecdsa_max_sig(ASYM_CURVE_P192))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, whole[i].err,
				    parse(test, whole[i].der.p, whole[i].der.len, whole[i].algo),
				    "%s", whole[i].name);
	}
}

/* The key is what the OCTET STRING holds, no more and no less. */
static void pkcs8_contents(struct kunit *test)
{
	static const char pkcs8[] = PKCS8_P384;
	const size_t at = sizeof(pkcs8) - 1 - 0x9e;	/* it is the last element */
	struct public_key *pub = pkcs8_parse(pkcs8, sizeof(pkcs8) - 1);

	KUNIT_ASSERT_FALSE(test, IS_ERR(pub));
	KUNIT_EXPECT_EQ(test, 0x9e, pub->keylen);
	if (pub->keylen == 0x9e)
		KUNIT_EXPECT_MEMEQ(test, pub->key, pkcs8 + at, 0x9e);
	public_key_free(pub);
}

/* DER has one length for each content. RSA keys may be BER. */
static void pkcs8_long_lengths(struct kunit *test)
{
	struct der *der = kunit_kzalloc(test, sizeof(*der), GFP_KERNEL);
	unsigned int i;
	int longer;

	KUNIT_ASSERT_NOT_NULL(test, der);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].err)
			continue;
		for (longer = 0; longer < 4; longer++) {
			make(der, i, longer);
			KUNIT_EXPECT_EQ_MSG(test, is_rsa(i) ? 0 : -EBADMSG,
					    parse(test, der->p, der->len, NULL), "%s, %d",
					    cases[i].name, longer);
		}
	}
}

static void pkcs8_truncated(struct kunit *test)
{
	static const char pkcs8[] = PKCS8_P521;
	size_t len;

	for (len = 1; len < sizeof(pkcs8) - 1; len++)
		KUNIT_EXPECT_EQ_MSG(test, -EBADMSG, parse(test, pkcs8, len, NULL), "%zu bytes",
				    len);
}

static struct kunit_case pkcs8_test_cases[] = {
	KUNIT_CASE(pkcs8_cases),
	KUNIT_CASE(pkcs8_whole),
	KUNIT_CASE(pkcs8_contents),
	KUNIT_CASE(pkcs8_long_lengths),
	KUNIT_CASE(pkcs8_truncated),
	{}
};

static struct kunit_suite pkcs8_suite = {
	.name = "pkcs8",
	.test_cases = pkcs8_test_cases,
};

kunit_test_suite(pkcs8_suite);
