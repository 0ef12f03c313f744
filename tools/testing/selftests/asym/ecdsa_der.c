// SPDX-License-Identifier: GPL-2.0-only
/*
 * ecdsa_der - encodings of ECDSA, right and wrong ones, to the kernel and to OpenSSL.
 *
 * Makes keys, signatures and points, changes most of them, by structure or blindly, and asks both.
 * They must agree on each. Three classes:
 *
 * keys    PKCS#8 private keys. The kernel accepts one if add_key() does, and signs with it what
 *         OpenSSL verifies by its public key. (What add_key() accepts and does not sign is
 *         always wrong.) See oracle_key() for what is right.
 * sigs    DER signatures, given to KEYCTL_PKEY_VERIFY with a private key or a certificate's key.
 *         See oracle_sig() for what is right. A signature that is well-formed, its numbers in
 *         range, and not of this key must be EKEYREJECTED.
 * points  public keys in certificates. The kernel accepts one if KEYCTL_PKEY_QUERY does; if so,
 *         a signature is verified with it, with the result of ECDSA_verify(). See oracle_point().
 *
 * All that is random comes from the seed.
 */
#define OPENSSL_SUPPRESS_DEPRECATED	/* EC_KEY shows what is encoded how */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <keyutils.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_DER		2048
#define MAX_POINT	160
#define MAX_BYTES	66		/* of a coordinate, of P-521 */
#define KEYS_PER_CURVE	3		/* for sigs */

enum class { KEYS, SIGS, POINTS, CLASS_NR };

static const char * const class_names[CLASS_NR] = { "keys", "sigs", "points" };

struct buf {
	uint8_t d[MAX_DER];
	size_t len;
};

struct curve {
	const char *name;
	int nid;
	EC_GROUP *group;
	const BIGNUM *n, *p;
	size_t bytes;
	struct buf oid, explicit;	/* parameters, encoded */
	struct ec_key_st *key[KEYS_PER_CURVE];
	key_serial_t private[KEYS_PER_CURVE], cert[KEYS_PER_CURVE];
	size_t max_sig;			/* as KEYCTL_PKEY_QUERY has it */
};

static struct curve curves[] = {
	{ .name = "P-256", .nid = NID_X9_62_prime256v1 },
	{ .name = "P-384", .nid = NID_secp384r1 },
	{ .name = "P-521", .nid = NID_secp521r1 },
	{ .name = "P-192", .nid = NID_X9_62_prime192v1 },	/* last: not every kernel has it */
};

static unsigned int nr_curves = ARRAY_SIZE(curves);

static const point_conversion_form_t forms[] = {
	POINT_CONVERSION_UNCOMPRESSED, POINT_CONVERSION_COMPRESSED, POINT_CONVERSION_HYBRID,
};

static const struct {
	const char *name;
	unsigned int bytes;
} hashes[] = { { "sha256", 32 }, { "sha1", 20 }, { "sha384", 48 }, { "sha512", 64 } };

static uint64_t rng_state;
static BN_CTX *bn_ctx;
static unsigned long accepted[CLASS_NR], refused[CLASS_NR], disagreed;

/* splitmix64 */
static uint64_t rnd64(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned int rnd(unsigned int below)
{
	return rnd64() % below;
}

static bool one_in(unsigned int n)
{
	return !rnd(n);
}

static void rnd_bytes(uint8_t *p, size_t len)
{
	while (len--)
		*p++ = rnd64();
}

static void die(const char *what)
{
	fprintf(stderr, "ecdsa_der: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(2);
}

static void print_hex(const char *what, const uint8_t *p, size_t len)
{
	printf("  %s ", what);
	while (len--)
		printf("%02x", *p++);
	printf("\n");
}

static void disagree(enum class class, const struct curve *c, const char *what, const struct buf *b)
{
	disagreed++;
	printf("DISAGREE %s %s: %s\n", class_names[class], c->name, what);
	print_hex("mutant", b->d, b->len);
}

static void put(struct buf *b, const void *p, size_t len)
{
	if (b->len + len > sizeof(b->d))
		die("an encoding is too long");
	memcpy(b->d + b->len, p, len);
	b->len += len;
}

static void put_byte(struct buf *b, uint8_t byte)
{
	put(b, &byte, 1);
}

/*
 * The encoder. One element of what it encodes, the broken_nr'th that is finished, comes out
 * broken.
 */
enum breakage {
	LONG_FORM, LONGER_FORM, WRONG_TAG, OTHER_CLASS, LENGTH_MORE, LENGTH_LESS, TWICE, DROPPED,
	TAIL, HEAD, SHORT, EMPTY, INDEFINITE, HUGE_LENGTH, BREAKAGE_NR
};

static int element_nr, broken_nr = -1;
static enum breakage breakage;

static void put_length(struct buf *b, size_t len)
{
	if (len > 0xff) {
		put_byte(b, 0x82);
		put_byte(b, len >> 8);
	} else if (len > 0x7f) {
		put_byte(b, 0x81);
	}
	put_byte(b, len);
}

static void put_plain(struct buf *b, uint8_t tag, const uint8_t *p, size_t len)
{
	put_byte(b, tag);
	put_length(b, len);
	put(b, p, len);
}

static void put_broken(struct buf *b, uint8_t tag, const uint8_t *p, size_t len)
{
	static const uint8_t tags[] = {
		0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x31, 0xa0, 0x81
	};
	struct buf t = { .len = 0 };

	switch (breakage) {
	case LONG_FORM:
		put_byte(b, tag);
		put_byte(b, len > 0xff ? 0x83 : len > 0x7f ? 0x82 : 0x81);
		if (len > 0x7f)
			put_byte(b, 0);
		if (len > 0xff)
			put_byte(b, len >> 8);
		put_byte(b, len);
		put(b, p, len);
		break;
	case LONGER_FORM:
		put_byte(b, tag);
		put(b, "\x84\0\0", 3);
		put_byte(b, len >> 8);
		put_byte(b, len);
		put(b, p, len);
		break;
	case WRONG_TAG:
		put_plain(b, tags[rnd(ARRAY_SIZE(tags))], p, len);
		break;
	case OTHER_CLASS:
		put_plain(b, tag ^ (one_in(2) ? 0x20 : 0x80), p, len);
		break;
	case LENGTH_MORE:
	case LENGTH_LESS:
		put_byte(b, tag);
		put_length(b, breakage == LENGTH_MORE ? len + 1 + rnd(3) : len ? len - 1 : 3);
		put(b, p, len);
		break;
	case TWICE:
		put_plain(b, tag, p, len);
		put_plain(b, tag, p, len);
		break;
	case DROPPED:
		break;
	case TAIL:
		put(&t, p, len);
		put_byte(&t, rnd(2) * rnd(256));
		put_plain(b, tag, t.d, t.len);
		break;
	case HEAD:
		put_byte(&t, rnd(2) * rnd(256));
		put(&t, p, len);
		put_plain(b, tag, t.d, t.len);
		break;
	case SHORT:
		put_plain(b, tag, p, len ? len - 1 : 0);
		break;
	case EMPTY:
		put_plain(b, tag, p, 0);
		break;
	case INDEFINITE:
		put_byte(b, tag);
		put_byte(b, 0x80);
		put(b, p, len);
		put(b, "\0", 2);
		break;
	case HUGE_LENGTH:
		put_byte(b, tag);
		put(b, one_in(2) ? "\x84\xff\xff\xff\xff" : "\x84\x7f\xff\xff\xff", 5);
		put(b, p, len);
		break;
	default:
		die("no such breakage");
	}
}

static void put_element(struct buf *b, uint8_t tag, const void *p, size_t len)
{
	if (element_nr++ == broken_nr)
		put_broken(b, tag, p, len);
	else
		put_plain(b, tag, p, len);
}

static void break_one_of(unsigned int elements)
{
	element_nr = 0;
	broken_nr = rnd(elements);
	breakage = one_in(4) ? LONG_FORM : rnd(BREAKAGE_NR);
}

static void break_none(void)
{
	broken_nr = -1;
}

/* Changes that know nothing of structure */
static void break_blindly(struct buf *b)
{
	size_t at = b->len ? rnd(b->len) : 0;

	/* Where lengths and tags are, more often. */
	if (b->len > 48 && one_in(2))
		at = rnd(48);
	switch (b->len ? rnd(8) : 6) {
	case 0:
	case 1:
		b->d[at] ^= 1 << rnd(8);
		break;
	case 2:
		b->d[at] = rnd(256);
		break;
	case 3:
		b->d[at] += one_in(2) ? 1 : -1;
		break;
	case 4:
		b->len = one_in(2) ? b->len - 1 : rnd(b->len);
		break;
	case 5:
		memmove(b->d + at, b->d + at + 1, b->len - at - 1);
		b->len--;
		break;
	case 6:
		put_byte(b, rnd(2) * rnd(256));
		break;
	case 7:
		put_byte(b, 0);
		memmove(b->d + at + 1, b->d + at, b->len - at - 1);
		b->d[at] = rnd(256);
	}
}

static void put_number(struct buf *b, const BIGNUM *bn, size_t bytes)
{
	uint8_t number[MAX_DER];

	if (BN_bn2binpad(bn, number, bytes) < 0)
		die("a number is too long");
	put(b, number, bytes);
}

static void put_point(struct buf *b, const struct curve *c, const EC_POINT *point,
		      point_conversion_form_t form)
{
	uint8_t oct[MAX_POINT];

	put(b, oct, EC_POINT_point2oct(c->group, point, form, oct, sizeof(oct), bn_ctx));
}

static EC_KEY *key_of(const struct curve *c, const BIGNUM *d)
{
	EC_KEY *key = EC_KEY_new_by_curve_name(c->nid);
	EC_POINT *q = EC_POINT_new(c->group);

	if (!EC_POINT_mul(c->group, q, d, NULL, NULL, bn_ctx) || !EC_KEY_set_private_key(key, d) ||
	    !EC_KEY_set_public_key(key, q))
		die("making a key");
	EC_POINT_free(q);
	return key;
}

static BIGNUM *random_scalar(const struct curve *c)
{
	uint8_t bytes[MAX_BYTES + 8];
	BIGNUM *d, *n1 = BN_dup(c->n);

	rnd_bytes(bytes, sizeof(bytes));
	d = BN_bin2bn(bytes, sizeof(bytes), NULL);
	BN_sub_word(n1, 1);
	BN_mod(d, d, n1, bn_ctx);
	BN_add_word(d, 1);
	BN_free(n1);
	return d;
}

/* Signatures that the seed decides */
static size_t openssl_sign(EC_KEY *key, const uint8_t *digest, size_t digest_len, uint8_t *sig)
{
	const EC_GROUP *group = EC_KEY_get0_group(key);
	const BIGNUM *n = EC_GROUP_get0_order(group);
	uint8_t bytes[MAX_BYTES + 8], *p = sig;
	BIGNUM *k, *x = BN_new();
	EC_POINT *r = EC_POINT_new(group);
	ECDSA_SIG *rs;
	size_t len;

	rnd_bytes(bytes, sizeof(bytes));
	k = BN_bin2bn(bytes, sizeof(bytes), NULL);
	BN_mod(k, k, n, bn_ctx);
	if (!EC_POINT_mul(group, r, k, NULL, NULL, bn_ctx) ||
	    !EC_POINT_get_affine_coordinates(group, r, x, NULL, bn_ctx) ||
	    !BN_mod(x, x, n, bn_ctx) || !BN_mod_inverse(k, k, n, bn_ctx))
		die("a nonce");
	rs = ECDSA_do_sign_ex(digest, digest_len, k, x, key);
	if (!rs)
		die("ECDSA_do_sign_ex");
	len = i2d_ECDSA_SIG(rs, &p);
	ECDSA_SIG_free(rs);
	EC_POINT_free(r);
	BN_free(k);
	BN_free(x);
	return len;
}

/* Length of the element that begins there: 6.12 answers as many bytes as a signature may have. */
static size_t der_length(const uint8_t *p, size_t len)
{
	if (len > 3 && p[1] == 0x81)
		return p[2] + 3U <= len ? p[2] + 3U : len;
	return len > 2 && p[1] + 2U <= len ? p[1] + 2U : len;
}

/* ---- keys ---- */

enum dimension {
	D_VERSION, D_ALGORITHM, D_PARAMS, D_EC_VERSION, D_SCALAR, D_EC_PARAMS, D_EC_PUBLIC,
	D_ATTRIBUTES, D_PUBLIC, D_TRAILING, D_ELEMENT, D_BLIND, DIMENSION_NR
};

static const char p192k1_etc[][12] = {
	"\x06\x05\x2b\x81\x04\x00\x0a",			/* secp256k1 */
	"\x06\x05\x2b\x81\x04\x00\x21",			/* secp224r1 */
	"\x06\x05\x2b\x81\x04\x00\x1f",			/* secp192k1 */
};

static const char not_ec[][12] = {
	"\x06\x05\x2b\x81\x04\x01\x0c",			/* id-ecDH */
	"\x06\x03\x2b\x65\x70",				/* id-Ed25519 */
	"\x06\x07\x2a\x86\x48\xce\x38\x04\x01",		/* id-dsa */
};

static const uint8_t ec_oid[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };

static void put_params(struct buf *b, const struct curve *c, bool odd)
{
	const struct curve *other = &curves[rnd(nr_curves)];

	switch (odd ? rnd(6) : 6) {
	case 0:
		put_element(b, 0x06, other->oid.d + 2, other->oid.len - 2);
		break;
	case 1:
		other = NULL;
		put(b, p192k1_etc[rnd(ARRAY_SIZE(p192k1_etc))], 7);
		break;
	case 2:
		put(b, c->explicit.d, c->explicit.len);
		break;
	case 3:
		put(b, other->explicit.d, other->explicit.len);
		break;
	case 4:
		put_element(b, 0x05, NULL, 0);
		break;
	case 5:
		break;
	default:
		put_element(b, 0x06, c->oid.d + 2, c->oid.len - 2);
	}
}

/* The content of a BIT STRING with a point for @key, one of many encodings */
static void put_public_bits(struct buf *b, const struct curve *c, const EC_KEY *key, bool odd)
{
	EC_POINT *point = EC_POINT_dup(EC_KEY_get0_public_key(key), c->group);
	point_conversion_form_t form = forms[rnd(ARRAY_SIZE(forms))];
	BIGNUM *d;

	put_byte(b, odd && one_in(6) ? rnd(9) : 0);
	switch (odd ? rnd(6) : 6) {
	case 1:
		EC_POINT_set_to_infinity(c->group, point);
		break;
	case 2:
		EC_POINT_invert(c->group, point, bn_ctx);
		break;
	case 3:
		d = random_scalar(c);
		EC_POINT_mul(c->group, point, d, NULL, NULL, bn_ctx);
		BN_free(d);
		break;
	}
	put_point(b, c, point, form);
	if (odd && one_in(6))
		b->d[1] = rnd(9);	/* another form */
	if (odd && one_in(3))
		b->d[1 + rnd(b->len - 1)] ^= 1 << rnd(8);
	if (odd && one_in(8))
		b->len--;
	if (odd && one_in(8))
		put_byte(b, 0);
	EC_POINT_free(point);
}

static void put_ec_private_key(struct buf *out, const struct curve *c, unsigned int odd)
{
	BIGNUM *d = random_scalar(c), *one = BN_new();
	struct buf ec = { .len = 0 }, t = { .len = 0 }, bits = { .len = 0 };
	size_t bytes = c->bytes;
	EC_KEY *key = NULL;

	BN_one(one);
	if (odd & 1 << D_SCALAR) {
		switch (rnd(9)) {
		case 0:
			BN_zero(d);
			break;
		case 1:
			BN_one(d);
			break;
		case 2:
			BN_copy(d, c->n);
			break;
		case 3:
			BN_sub(d, c->n, one);
			break;
		case 4:
			BN_add(d, c->n, one);
			break;
		case 5:
			BN_set_word(d, 0xff);	/* with zeros before it */
			break;
		case 6:
			bytes++;
			break;
		case 7:
			BN_set_word(d, 1 + rnd(200));
			bytes = one_in(2) ? 1 : bytes - 1;
			break;
		case 8:
			BN_one(d);
			BN_lshift(d, d, c->bytes * 8);
			BN_sub_word(d, 1);
		}
	}

	if (odd & 1 << D_EC_VERSION && one_in(2))
		put_element(&ec, 0x02, "\1\0", 2);
	else
		put_element(&ec, 0x02, odd & 1 << D_EC_VERSION ? "\0" : "\1", 1);
	put_number(&t, d, bytes);
	put_element(&ec, 0x04, t.d, t.len);
	if (odd & 1 << D_EC_PARAMS || one_in(3)) {
		t.len = 0;
		put_params(&t, c, odd & 1 << D_EC_PARAMS);
		put_element(&ec, 0xa0, t.d, t.len);
	}
	if (odd & 1 << D_EC_PUBLIC || rnd(3)) {
		/* Of a number that is none, that of another one */
		if (BN_is_zero(d) || BN_cmp(d, c->n) >= 0)
			BN_one(d);
		key = key_of(c, d);
		put_public_bits(&bits, c, key, odd & 1 << D_EC_PUBLIC);
		t.len = 0;
		put_element(&t, 0x03, bits.d, bits.len);
		put_element(&ec, 0xa1, t.d, t.len);
	}
	put_element(out, 0x30, ec.d, ec.len);
	EC_KEY_free(key);
	BN_free(d);
	BN_free(one);
}

static void put_attributes(struct buf *b, bool odd)
{
	struct buf set = { .len = 0 }, t = { .len = 0 };
	unsigned int nr = rnd(4);

	while (nr--) {
		t.len = 0;
		if (odd && one_in(3))
			put_element(&t, 0x04, "x", 1);
		else
			put(&t, "\x06\x01\x2a\x31\x03\x04\x01\x78", 8);
		put_element(&set, odd && one_in(4) ? 0x31 : 0x30, t.d, t.len);
	}
	put_element(b, 0xa0, set.d, set.len);
}

/* The private key's number, read from an ECPrivateKey that may be wrong; or a random one */
static EC_KEY *key_in(const struct curve *c, const struct buf *ec)
{
	const uint8_t *p = ec->d;
	EC_KEY *key = EC_KEY_new_by_curve_name(c->nid);
	BIGNUM *d;

	if (d2i_ECPrivateKey(&key, &p, ec->len) && EC_KEY_get0_public_key(key) &&
	    EC_GROUP_get_curve_name(EC_KEY_get0_group(key)) == c->nid)
		return key;
	EC_KEY_free(key);
	d = random_scalar(c);
	key = key_of(c, d);
	BN_free(d);
	return key;
}

static void make_key(struct buf *out, const struct curve *c)
{
	static const struct { char d[3]; uint8_t len; } versions[] = {
		{ "\1", 1 }, { "\2", 1 }, { "\xff", 1 }, { "\0\0", 2 }, { "\0\1", 2 },
		{ "\1\0", 2 }, { "", 0 }, { "\x80", 1 },
	};
	struct buf p8 = { .len = 0 }, alg = { .len = 0 }, ec = { .len = 0 }, t = { .len = 0 };
	unsigned int odd = 0, i = rnd(10), v = ARRAY_SIZE(versions);
	EC_KEY *key;

	for (i = !i ? 0 : i < 8 ? 1 : 2; i; i--)
		odd |= 1 << (one_in(4) ? D_ELEMENT : rnd(DIMENSION_NR));
	if (odd & 1 << D_ELEMENT)
		break_one_of(14);

	if (odd & 1 << D_VERSION)
		v = rnd(ARRAY_SIZE(versions));
	else if (one_in(6) || odd & 1 << D_PUBLIC)
		v = 0;
	if (v < ARRAY_SIZE(versions))
		put_element(&p8, 0x02, versions[v].d, versions[v].len);
	else
		put_element(&p8, 0x02, "\0", 1);

	if (odd & 1 << D_ALGORITHM) {
		i = rnd(ARRAY_SIZE(not_ec));
		put(&alg, not_ec[i], not_ec[i][1] + 2);
	} else {
		put_element(&alg, 0x06, ec_oid, sizeof(ec_oid));
	}
	put_params(&alg, c, odd & 1 << D_PARAMS);
	if (odd & 1 << D_PARAMS && one_in(4))
		put_element(&alg, 0x05, NULL, 0);
	put_element(&p8, 0x30, alg.d, alg.len);
	put_ec_private_key(&ec, c, odd);
	put_element(&p8, 0x04, ec.d, ec.len);
	if (odd & 1 << D_ATTRIBUTES || one_in(8))
		put_attributes(&p8, odd & 1 << D_ATTRIBUTES);
	if (odd & 1 << D_PUBLIC || one_in(10)) {
		key = key_in(c, &ec);
		put_public_bits(&t, c, key, odd & 1 << D_PUBLIC && one_in(2));
		put_element(&p8, 0x81, t.d, t.len);
		EC_KEY_free(key);
	}
	put_element(out, 0x30, p8.d, p8.len);
	break_none();

	if (odd & 1 << D_TRAILING)
		put_byte(out, rnd(2) * rnd(256));
	if (odd & 1 << D_BLIND)
		break_blindly(out);
}

/*
 * Takes an element off the front, or returns false: none there, or not in DER, as far as its
 * header goes. The content is *@value.
 */
static bool der_next(const uint8_t **p, size_t *left, int *tag, int *class, const uint8_t **value,
		     size_t *len)
{
	const uint8_t *q = *p;
	long n;
	int ret;

	if (!*left)
		return false;
	ret = ASN1_get_object(&q, &n, tag, class, *left);
	if (ret & 0x80 || ret & 1)
		return false;
	if (ASN1_object_size(!!(ret & V_ASN1_CONSTRUCTED), n, *tag) != q - *p + n)
		return false;
	*value = q;
	*len = n;
	*left -= q - *p + n;
	*p = q + n;
	if (ret & V_ASN1_CONSTRUCTED)
		*class |= V_ASN1_CONSTRUCTED;
	return true;
}

static bool is_point_of(const struct curve *c, const EC_KEY *key, const uint8_t *p, size_t len)
{
	struct buf b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		b.len = 0;
		put_point(&b, c, EC_KEY_get0_public_key(key), forms[i]);
		if (b.len == len && !memcmp(b.d, p, len))
			return true;
	}
	return false;
}

/*
 * What OpenSSL would have written itself, with and without the optional parts, of the same key?
 * Not so are inner parameters of another curve, which OpenSSL prefers to the outer ones, those by
 * equation, and versions other than RFC 5915's 1, which it keeps as they are.
 */
static bool is_its_encoding(const struct curve *c, EC_KEY *key, const uint8_t *p, size_t len)
{
	const uint8_t *value = NULL, *inside = p, *version;
	size_t left = len, inner, version_len;
	unsigned int flags, form;
	int tag, class;
	bool same;

	if (!der_next(&inside, &left, &tag, &class, &value, &inner) ||
	    !der_next(&value, &inner, &tag, &class, &version, &version_len) ||
	    version_len != 1 || version[0] != 1)
		return false;

	if (EC_GROUP_get_curve_name(EC_KEY_get0_group(key)) != c->nid ||
	    EC_KEY_decoded_from_explicit_params(key))
		return false;
	for (flags = 0; flags < 4; flags++)
		for (form = 0; form < ARRAY_SIZE(forms); form++) {
			unsigned char *der = NULL;
			int n;

			EC_KEY_set_enc_flags(key, (flags & 1 ? EC_PKEY_NO_PARAMETERS : 0) |
						  (flags & 2 ? EC_PKEY_NO_PUBKEY : 0));
			EC_KEY_set_conv_form(key, forms[form]);
			n = i2d_ECPrivateKey(key, &der);
			same = n >= 0 && (size_t)n == len && !memcmp(der, p, len);
			OPENSSL_free(der);
			if (same)
				return true;
		}
	return false;
}

static bool check_pkey(const PKCS8_PRIV_KEY_INFO *p8)
{
	EVP_PKEY *pkey = EVP_PKCS82PKEY(p8);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new(pkey, NULL) : NULL;
	bool ok = ctx && EVP_PKEY_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

/*
 * The judge of keys. A private key is right if OpenSSL
 *  - parses all of it, and encodes what it parsed to the same bytes: it was DER;
 *  - finds an EC key in it, its curve by name and one of ours;
 *  - parses all of the ECPrivateKey, and would write it so itself (is_its_encoding());
 *  - finds that the key checks: the number is in range, the public key on the curve and its.
 * Where OpenSSL is no judge, this is what is right:
 *  - attributes, whose values may be anything and are neither used nor kept: any SEQUENCEs with
 *    headers in DER. They are left out of what OpenSSL sees.
 *  - the public key of version 1, which OpenSSL reads over: the point of the private key,
 *    in any form.
 * Returns the key if it is right.
 */
static EC_KEY *oracle_key(const struct buf *mutant, const struct curve **curve)
{
	const uint8_t *p = mutant->d, *value, *q, *octets, *public = NULL, *start;
	size_t left = mutant->len, len, rest, n, public_len = 0;
	struct buf without = { .len = 0 }, content = { .len = 0 };
	PKCS8_PRIV_KEY_INFO *p8 = NULL;
	const struct curve *c = NULL;
	const ASN1_OBJECT *oid;
	const X509_ALGOR *algor;
	int tag, class, type, octets_len, again;
	unsigned char *der = NULL;
	EC_KEY *key = NULL;
	const void *param;
	unsigned int nr, i;
	bool ok = false;

	if (!der_next(&p, &left, &tag, &class, &value, &len) || left || tag != V_ASN1_SEQUENCE ||
	    class != V_ASN1_CONSTRUCTED)
		return NULL;
	for (nr = 0; len; nr++) {
		start = value;
		if (!der_next(&value, &len, &tag, &class, &q, &n))
			return NULL;
		if (nr >= 3 && class == (V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED) && !tag) {
			const uint8_t *a = q, *v;
			size_t l;

			/* In its place, and once */
			if (nr > 3)
				return NULL;

			for (rest = n; rest;)
				if (!der_next(&a, &rest, &tag, &class, &v, &l) ||
				    tag != V_ASN1_SEQUENCE || class != V_ASN1_CONSTRUCTED)
					return NULL;
			continue;
		}
		if (nr >= 3 && class == V_ASN1_CONTEXT_SPECIFIC && tag == 1) {
			public = q;
			public_len = n;
		}
		put(&content, start, value - start);
	}
	put_plain(&without, 0x30, content.d, content.len);

	p = without.d;
	p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, without.len);
	if (!p8 || p != without.d + without.len)
		goto out;
	again = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	if (again < 0 || (size_t)again != without.len || memcmp(der, without.d, again))
		goto out;
	if (!PKCS8_pkey_get0(&oid, &octets, &octets_len, &algor, p8))
		goto out;
	X509_ALGOR_get0(NULL, &type, &param, algor);
	if (OBJ_obj2nid(oid) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT)
		goto out;
	for (i = 0; i < nr_curves; i++)
		if (OBJ_obj2nid(param) == curves[i].nid)
			c = &curves[i];
	if (!c || !check_pkey(p8))
		goto out;
	key = EC_KEY_new_by_curve_name(c->nid);
	p = octets;
	if (!d2i_ECPrivateKey(&key, &p, octets_len) || p != octets + octets_len ||
	    !is_its_encoding(c, key, octets, octets_len))
		goto out;
	ok = !public || (public_len > 1 && !public[0] &&
			 is_point_of(c, key, public + 1, public_len - 1));
out:
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	if (!ok) {
		EC_KEY_free(key);
		return NULL;
	}
	*curve = c;
	return key;
}

static bool sign_and_verify(key_serial_t serial, const EC_KEY *key, const char **what)
{
	struct keyctl_pkey_query query;
	uint8_t digest[32], sig[MAX_DER];
	long len;

	rnd_bytes(digest, sizeof(digest));
	*what = "the kernel took the key, but KEYCTL_PKEY_QUERY fails";
	if (keyctl_pkey_query(serial, "enc=x962 hash=sha256", &query) < 0)
		return false;
	*what = "the kernel took the key, but does not sign";
	len = keyctl_pkey_sign(serial, "enc=x962 hash=sha256", digest, sizeof(digest), sig,
			       query.max_sig_size);
	if (len <= 0)
		return false;
	*what = "OpenSSL does not verify what the kernel signed";
	return !key || ECDSA_verify(0, digest, sizeof(digest), sig, der_length(sig, len),
				    (EC_KEY *)key) == 1;
}

static void test_key(const struct curve *c)
{
	struct buf mutant = { .len = 0 };
	const char *what;
	key_serial_t serial;
	EC_KEY *key;
	int err;

	make_key(&mutant, c);
	key = oracle_key(&mutant, &c);
	serial = add_key("asymmetric", "mutant", mutant.d, mutant.len, KEY_SPEC_PROCESS_KEYRING);
	err = serial < 0 ? errno : 0;
	if (!err)
		accepted[KEYS]++;
	else
		refused[KEYS]++;
	if (!err != !!key)
		disagree(KEYS, c, err ? strerror(err) : "the kernel took what OpenSSL refuses",
			 &mutant);
	else if (!err && !sign_and_verify(serial, key, &what))
		disagree(KEYS, c, what, &mutant);
	else if (err && err != EBADMSG && err != EINVAL && err != ENOPKG && err != EKEYREJECTED)
		disagree(KEYS, c, strerror(err), &mutant);
	EC_KEY_free(key);
}

/* ---- certificates ---- */

static const uint8_t ecdsa_with_sha256[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02
};

static void put_name(struct buf *b, char letter)
{
	uint8_t name[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c,
			   0x01, letter };

	put(b, name, sizeof(name));
}

/*
 * A certificate whose public key is @bits. Its signature is none; as issuer and subject differ,
 * nobody looks at it before the certificate is trusted.
 */
static void make_cert(struct buf *out, const struct curve *c, const struct buf *point)
{
	static const char validity[] = "\x30\x1e\x17\x0d\062\060" "0101000000Z"
				       "\x17\x0d\064\071" "0101000000Z";
	struct buf tbs = { .len = 0 }, spki = { .len = 0 }, t = { .len = 0 }, cert = { .len = 0 };

	put(&tbs, "\xa0\x03\x02\x01\x02\x02\x01\x01", 8);
	put(&tbs, ecdsa_with_sha256, sizeof(ecdsa_with_sha256));
	put_name(&tbs, 'a');
	put(&tbs, validity, sizeof(validity) - 1);
	put_name(&tbs, 'b');
	put_plain(&t, 0x06, ec_oid, sizeof(ec_oid));
	put(&t, c->oid.d, c->oid.len);
	put_plain(&spki, 0x30, t.d, t.len);
	t.len = 0;
	put_byte(&t, 0);
	put(&t, point->d, point->len);
	put_plain(&spki, 0x03, t.d, t.len);
	put_plain(&tbs, 0x30, spki.d, spki.len);

	put_plain(&cert, 0x30, tbs.d, tbs.len);
	put(&cert, ecdsa_with_sha256, sizeof(ecdsa_with_sha256));
	put(&cert, "\x03\x09\x00\x30\x06\x02\x01\x01\x02\x01\x01", 11);
	put_plain(out, 0x30, cert.d, cert.len);
}

static key_serial_t add_cert(const struct curve *c, const struct buf *point, const char *name)
{
	struct buf cert = { .len = 0 };

	make_cert(&cert, c, point);
	return add_key("asymmetric", name, cert.d, cert.len, KEY_SPEC_PROCESS_KEYRING);
}

/* ---- signatures ---- */

static void put_integer(struct buf *b, const BIGNUM *bn)
{
	unsigned char *der = NULL, *p;
	ASN1_INTEGER *i = BN_to_ASN1_INTEGER(bn, NULL);
	int len = i2d_ASN1_INTEGER(i, &der);

	for (p = der + 1; *p & 0x80 && p == der + 1;)
		p += *p & 0x7f;
	p++;
	put_element(b, 0x02, p, len - (p - der));
	OPENSSL_free(der);
	ASN1_INTEGER_free(i);
}

static void oddify(BIGNUM *v, const struct curve *c)
{
	switch (rnd(10)) {
	case 0:
		BN_zero(v);
		break;
	case 1:
		BN_one(v);
		break;
	case 2:
		BN_copy(v, c->n);
		break;
	case 3:
		BN_copy(v, c->n);
		BN_sub_word(v, 1);
		break;
	case 4:
		BN_copy(v, c->n);
		BN_add_word(v, 1);
		break;
	case 5:
		BN_set_negative(v, 1);
		break;
	case 6:
		BN_add(v, v, c->n);
		break;
	case 7:
		BN_sub(v, c->n, v);	/* of s: the other right one */
		break;
	case 8:
		BN_one(v);
		BN_lshift(v, v, c->bytes * 8 + rnd(3) * 8);
		BN_sub_word(v, rnd(2));
		break;
	case 9:
		BN_add_word(v, 1);
	}
}

static void make_sig(struct buf *out, const struct curve *c, const uint8_t *good, size_t good_len)
{
	struct buf rs = { .len = 0 };
	const uint8_t *p = good;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, good_len);
	BIGNUM *r = BN_dup(ECDSA_SIG_get0_r(sig)), *s = BN_dup(ECDSA_SIG_get0_s(sig));
	unsigned int kind = rnd(10);

	ECDSA_SIG_free(sig);
	switch (kind) {
	case 0:
		break;
	case 1:
		oddify(r, c);
		break;
	case 2:
	case 3:
		oddify(s, c);
		break;
	case 4:
		oddify(r, c);
		oddify(s, c);
		break;
	case 5:
	case 6:
		break_one_of(3);
	}
	put_integer(&rs, r);
	put_integer(&rs, s);
	put_element(out, 0x30, rs.d, rs.len);
	break_none();
	if (kind > 6)
		break_blindly(out);
	if (kind == 9)
		break_blindly(out);
	BN_free(r);
	BN_free(s);
}

/* In DER, and r and s in [1, n - 1]? Then it is a signature, if of another key or digest. */
static bool well_formed(const struct curve *c, const uint8_t *der, size_t der_len)
{
	const uint8_t *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, der_len);
	unsigned char *again = NULL;
	const BIGNUM *r, *s;
	bool ok = false;
	int len;

	if (!sig)
		return false;
	r = ECDSA_SIG_get0_r(sig);
	s = ECDSA_SIG_get0_s(sig);
	len = i2d_ECDSA_SIG(sig, &again);
	if (len >= 0 && (size_t)len == der_len && !memcmp(again, der, len))
		ok = !BN_is_zero(r) && !BN_is_negative(r) && BN_cmp(r, c->n) < 0 &&
		     !BN_is_zero(s) && !BN_is_negative(s) && BN_cmp(s, c->n) < 0;
	OPENSSL_free(again);
	ECDSA_SIG_free(sig);
	return ok;
}

/*
 * The judge of signatures: ECDSA_verify(), which wants DER, of the element that begins at @p.
 * What is after it counts for nothing: KEYCTL_PKEY_VERIFY hands over as many bytes as the longest
 * signature has, however many the caller said, so that shorter ones are always followed by
 * something. For the same reason one that is cut off is as good as what is behind it in memory.
 */
static bool oracle_sig(const struct curve *c, EC_KEY *key, const uint8_t *digest,
		       size_t digest_len, const uint8_t *p, bool *wrong_but_good)
{
	const uint8_t *end = p, *value;
	size_t left = c->max_sig, len;
	int tag, class;

	*wrong_but_good = false;
	if (!der_next(&end, &left, &tag, &class, &value, &len))
		return false;
	if (ECDSA_verify(0, digest, digest_len, p, end - p, key) == 1)
		return true;
	*wrong_but_good = well_formed(c, p, end - p);
	return false;
}

static void test_sig(const struct curve *c)
{
	unsigned int hash = rnd(ARRAY_SIZE(hashes)), k = rnd(KEYS_PER_CURVE);
	uint8_t digest[64], good[MAX_DER];
	struct buf mutant = { .len = 0 };
	bool by_cert = one_in(2), right, wrong_but_good;
	char info[64], what[128];
	size_t len;
	long ret;
	int err;

	rnd_bytes(digest, sizeof(digest));
	len = openssl_sign(c->key[k], digest, hashes[hash].bytes, good);
	make_sig(&mutant, c, good, len);
	if (one_in(12))
		digest[rnd(20)] ^= 1;
	if (one_in(2))
		rnd_bytes(mutant.d + mutant.len, sizeof(mutant.d) - mutant.len);
	else
		memset(mutant.d + mutant.len, 0, sizeof(mutant.d) - mutant.len);
	right = oracle_sig(c, c->key[k], digest, hashes[hash].bytes, mutant.d, &wrong_but_good);
	snprintf(info, sizeof(info), "enc=x962 hash=%s", hashes[hash].name);
	ret = keyctl_pkey_verify(by_cert ? c->cert[k] : c->private[k], info, digest,
				 hashes[hash].bytes, mutant.d, mutant.len);
	err = ret < 0 ? errno : 0;
	if (!err)
		accepted[SIGS]++;
	else
		refused[SIGS]++;
	snprintf(what, sizeof(what), "%s, %s: %s", by_cert ? "certificate" : "private key",
		 hashes[hash].name,
		 err ? strerror(err) : "the kernel verifies it, OpenSSL does not");
	if (mutant.len > c->max_sig) {
		if (err == EINVAL)
			return;
	} else if (!err == right && (!err || err == EKEYREJECTED ||
				     ((err == EBADMSG || err == EINVAL) && !wrong_but_good))) {
		return;
	}
	mutant.len = c->max_sig;
	disagree(SIGS, c, what, &mutant);
	print_hex("digest", digest, hashes[hash].bytes);
	len = 0;
	mutant.len = 0;
	put_point(&mutant, c, EC_KEY_get0_public_key(c->key[k]), POINT_CONVERSION_UNCOMPRESSED);
	print_hex("point ", mutant.d, mutant.len);
}

/* ---- points ---- */

/* The first point whose x is small; so x + p has as many bytes */
static void small_point(const struct curve *c, EC_POINT *point)
{
	BIGNUM *x = BN_new();
	unsigned int i = 1 + rnd(1000);

	do
		BN_set_word(x, i++);
	while (!EC_POINT_set_compressed_coordinates(c->group, point, x, rnd(2), bn_ctx));
	BN_free(x);
}

static void make_point(struct buf *b, const struct curve *c, const EC_KEY *key)
{
	EC_POINT *point = EC_POINT_dup(EC_KEY_get0_public_key(key), c->group);
	BIGNUM *x = BN_new(), *y = BN_new(), *odd;
	const struct curve *other = &curves[rnd(nr_curves)];
	BIGNUM *d;

	switch (rnd(16)) {
	case 0:
	case 1:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		break;
	case 2:
		put_point(b, c, point, POINT_CONVERSION_COMPRESSED);
		break;
	case 3:
		put_point(b, c, point, POINT_CONVERSION_HYBRID);
		break;
	case 4:
		if (one_in(2))
			put_byte(b, 0);
		else
			put_byte(b, 4);
		while (one_in(2) == 0 && b->len < 1 + 2 * c->bytes)
			put_byte(b, 0);
		break;
	case 5:
		EC_POINT_invert(c->group, point, bn_ctx);
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		break;
	case 6:
		d = random_scalar(other);
		key = key_of(other, d);
		put_point(b, other, EC_KEY_get0_public_key(key), POINT_CONVERSION_UNCOMPRESSED);
		EC_KEY_free((EC_KEY *)key);
		BN_free(d);
		break;
	case 7:
	case 8:
		if (one_in(2))
			small_point(c, point);
		EC_POINT_get_affine_coordinates(c->group, point, x, y, bn_ctx);
		odd = one_in(3) ? y : x;
		/* Not reduced, if there is room, which P-521 has always */
		BN_add(odd, odd, c->p);
		if ((size_t)BN_num_bytes(odd) > c->bytes)
			BN_sub(odd, odd, c->p);
		put_byte(b, 4);
		put_number(b, x, c->bytes);
		put_number(b, y, c->bytes);
		break;
	case 9:
		EC_POINT_get_affine_coordinates(c->group, point, x, y, bn_ctx);
		odd = one_in(2) ? y : x;
		switch (rnd(4)) {
		case 0:
			BN_copy(odd, c->p);
			break;
		case 1:
			BN_zero(odd);
			break;
		case 2:
			BN_one(odd);
			BN_lshift(odd, odd, c->bytes * 8);
			BN_sub_word(odd, 1);
			break;
		default:
			BN_copy(odd, c->p);
			BN_sub_word(odd, 1);
		}
		put_byte(b, 4);
		put_number(b, x, c->bytes);
		put_number(b, y, c->bytes);
		break;
	case 10:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		b->d[0] = rnd(256);
		break;
	case 11:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		b->len -= 1 + rnd(2) * rnd(b->len);
		break;
	case 12:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		do
			put_byte(b, rnd(2) * rnd(256));
		while (one_in(2));
		break;
	default:
		put_point(b, c, point, POINT_CONVERSION_UNCOMPRESSED);
		break_blindly(b);
	}
	EC_POINT_free(point);
	BN_free(x);
	BN_free(y);
}

/* The judge of points: OpenSSL decodes it, finds it on the curve, and not infinite. */
static EC_KEY *oracle_point(const struct curve *c, const struct buf *b)
{
	EC_POINT *point;
	EC_KEY *key;

	point = EC_POINT_new(c->group);
	key = EC_KEY_new_by_curve_name(c->nid);
	if (!EC_POINT_oct2point(c->group, point, b->d, b->len, bn_ctx) ||
	    !EC_KEY_set_public_key(key, point) || !EC_KEY_check_key(key)) {
		EC_KEY_free(key);
		key = NULL;
	}
	EC_POINT_free(point);
	return key;
}

static void test_point(const struct curve *c)
{
	EC_KEY *key = c->key[rnd(KEYS_PER_CURVE)], *seen;
	struct keyctl_pkey_query query;
	uint8_t digest[32], sig[MAX_DER];
	struct buf mutant = { .len = 0 };
	key_serial_t serial;
	size_t len;
	int err = 0, expected;

	rnd_bytes(digest, sizeof(digest));
	len = openssl_sign(key, digest, sizeof(digest), sig);
	make_point(&mutant, c, key);
	seen = oracle_point(c, &mutant);
	serial = add_cert(c, &mutant, "point");
	if (serial < 0 || keyctl_pkey_query(serial, "enc=x962 hash=sha256", &query) < 0)
		err = errno;
	if (!err)
		accepted[POINTS]++;
	else
		refused[POINTS]++;
	if (!err != !!seen) {
		disagree(POINTS, c, err ? strerror(err) : "the kernel takes it, OpenSSL does not",
			 &mutant);
	} else if (!err) {
		expected = ECDSA_verify(0, digest, sizeof(digest), sig, len, seen) == 1 ?
			   0 : EKEYREJECTED;
		err = keyctl_pkey_verify(serial, "enc=x962 hash=sha256", digest, sizeof(digest),
					 sig, len) < 0 ? errno : 0;
		if (err != expected)
			disagree(POINTS, c, err ? strerror(err) : "the kernel verifies with it",
				 &mutant);
	} else if (err != EINVAL && err != EBADMSG && err != ENOPKG && err != EKEYREJECTED) {
		disagree(POINTS, c, strerror(err), &mutant);
	}
	EC_KEY_free(seen);
}

/* ---- */

static key_serial_t add_private(EC_KEY *key, const char *name)
{
	EVP_PKEY *pkey = EVP_PKEY_new();
	PKCS8_PRIV_KEY_INFO *p8;
	unsigned char *der = NULL;
	key_serial_t serial;
	int len;

	if (!pkey || !EVP_PKEY_set1_EC_KEY(pkey, key))
		die("EVP_PKEY_set1_EC_KEY");
	p8 = EVP_PKEY2PKCS8(pkey);
	len = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	if (len < 0)
		die("i2d_PKCS8_PRIV_KEY_INFO");
	serial = add_key("asymmetric", name, der, len, KEY_SPEC_PROCESS_KEYRING);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(pkey);
	return serial;
}

static bool set_up(struct curve *c)
{
	struct keyctl_pkey_query query;
	unsigned char *der = NULL;
	unsigned int i;
	char name[32];
	EC_GROUP *explicit;

	c->group = EC_GROUP_new_by_curve_name(c->nid);
	c->n = EC_GROUP_get0_order(c->group);
	c->p = EC_GROUP_get0_field(c->group);
	c->bytes = BN_num_bytes(c->n);
	put(&c->oid, der, 0);
	i = i2d_ASN1_OBJECT(OBJ_nid2obj(c->nid), &der);
	put(&c->oid, der, i);
	OPENSSL_free(der);
	der = NULL;
	explicit = EC_GROUP_dup(c->group);
	EC_GROUP_set_asn1_flag(explicit, OPENSSL_EC_EXPLICIT_CURVE);
	i = i2d_ECPKParameters(explicit, &der);
	put(&c->explicit, der, i);
	OPENSSL_free(der);
	EC_GROUP_free(explicit);

	for (i = 0; i < KEYS_PER_CURVE; i++) {
		BIGNUM *d = random_scalar(c);
		struct buf point = { .len = 0 };

		c->key[i] = key_of(c, d);
		BN_free(d);
		snprintf(name, sizeof(name), "%s-%u", c->name, i);
		c->private[i] = add_private(c->key[i], name);
		if (c->private[i] < 0 ||
		    keyctl_pkey_query(c->private[i], "enc=x962 hash=sha256", &query) < 0)
			return false;
		c->max_sig = query.max_sig_size;
		put_point(&point, c, EC_KEY_get0_public_key(c->key[i]),
			  POINT_CONVERSION_UNCOMPRESSED);
		snprintf(name, sizeof(name), "%s-%u cert", c->name, i);
		c->cert[i] = add_cert(c, &point, name);
		if (c->cert[i] < 0)
			die("loading a certificate");
	}
	return true;
}

static const char usage[] =
"Usage: ecdsa_der [OPTION]...\n"
"Encodings of ECDSA keys, signatures and points, most of them wrong, to the kernel and to OpenSSL.\n\n"
"  -n, --count N       of each class (default 2000)\n"
"  -S, --seed N        default: the time; printed\n"
"  -c, --class CLASS   keys, sigs or points alone\n\n"
"Exit status: 0 they agree, 1 they do not (mutants are printed), 2 it could not start.\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", 1, NULL, 'n' }, { "seed", 1, NULL, 'S' }, { "class", 1, NULL, 'c' },
		{ "help", 0, NULL, 'h' }, { }
	};
	static void (* const tests[CLASS_NR])(const struct curve *) = {
		test_key, test_sig, test_point,
	};
	unsigned long count = 2000, seed = time(NULL), i;
	struct timespec start, end;
	unsigned int class, only = CLASS_NR;
	int c;

	while ((c = getopt_long(argc, argv, "n:S:c:h", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			seed = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			for (only = 0; only < CLASS_NR && strcmp(optarg, class_names[only]);)
				only++;
			if (only < CLASS_NR)
				break;
			__attribute__((__fallthrough__));
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	rng_state = seed;
	bn_ctx = BN_CTX_new();
	printf("seed=%lu\n", seed);
	for (i = 0; i < ARRAY_SIZE(curves); i++)
		if (!set_up(&curves[i])) {
			if (i < 3)
				die("loading a private key (is our pkcs8_key_parser loaded?)");
			printf("this kernel has no P-192: %s\n", strerror(errno));
			nr_curves = 3;
		}

	for (class = 0; class < CLASS_NR; class++) {
		if (only < CLASS_NR && class != only)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &start);
		for (i = 0; i < count && disagreed < 20; i++) {
			tests[class](&curves[rnd(nr_curves)]);
			ERR_clear_error();
		}
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%s: accepted=%lu refused=%lu seconds=%.1f\n", class_names[class],
		       accepted[class], refused[class],
		       end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9);
	}
	printf("mutants=%lu disagreements=%lu seed=%lu\n",
	       accepted[0] + accepted[1] + accepted[2] + refused[0] + refused[1] + refused[2],
	       disagreed, seed);
	return !!disagreed;
}
