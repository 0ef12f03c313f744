// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private keys in PKCS#8: encodings, what is right, and what the kernel makes of them.
 */
#include "der.h"

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

const uint8_t ec_oid[EC_OID_SIZE] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };

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
bool der_next(const uint8_t **p, size_t *left, int *tag, int *class, const uint8_t **value,
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

void test_key(const struct curve *c)
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
