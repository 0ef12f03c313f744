// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private ECDSA keys in PKCS#8, in strict DER: a key has one encoding (except for its optional
 * parts), so two parsers cannot read different keys from the same bytes.
 *
 *	OneAsymmetricKey ::= SEQUENCE {				RFC 5958, 2
 *		version		INTEGER (0..1),
 *		algorithm	SEQUENCE { id-ecPublicKey, namedCurve OBJECT IDENTIFIER },
 *		privateKey	OCTET STRING,			an ECPrivateKey, RFC 5915
 *		attributes	[0] IMPLICIT SET OF SEQUENCE OPTIONAL,
 *		publicKey	[1] IMPLICIT BIT STRING OPTIONAL	only in version 1
 *	}
 *
 * The contents of attributes are not checked. ecdsa_sign checks the ECPrivateKey.
 */
#include <linux/errno.h>
#include <linux/oid_registry.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/ecdsa.h>

#include <crypto/internal/asym/der.h>
#include "types.h"

/* [1] IMPLICIT BIT STRING */
#define DER_PUBLIC_KEY	0x81

/* Names in LKCF and in struct public_key */
static const char * const algos[ASYM_CURVE_NR] = {
	[ASYM_CURVE_P192] = "ecdsa-nist-p192",
	[ASYM_CURVE_P256] = "ecdsa-nist-p256",
	[ASYM_CURVE_P384] = "ecdsa-nist-p384",
	[ASYM_CURVE_P521] = "ecdsa-nist-p521",
};

/* The curve by AlgorithmIdentifier, or a negative errno */
static int get_curve(struct der algorithm)
{
	struct der oid, params;

	if (der_get(&algorithm, DER_OID, &oid) || look_up_OID(oid.p, oid.len) != OID_id_ecPublicKey)
		return -EBADMSG;

	/* A curve by its equation, which is not supported */
	if (der_next_is(&algorithm, DER_SEQUENCE))
		return der_get(&algorithm, DER_SEQUENCE, &params) || algorithm.len ? -EBADMSG :
										      -ENOPKG;

	/* Absent, or the NULL of "implicitly, from the CA", is what RFC 5480, 2.1.1 forbids. */
	if (der_get(&algorithm, DER_OID, &oid) || algorithm.len)
		return -EBADMSG;
	return ecdsa_curve_by_oid(oid.p, oid.len);
}

static int skip_attributes(struct der *in)
{
	struct der attributes, attribute;

	if (der_get(in, DER_CONTEXT_0, &attributes))
		return -EBADMSG;
	while (attributes.len)
		if (der_get(&attributes, DER_SEQUENCE, &attribute))
			return -EBADMSG;
	return 0;
}

static u8 *put_header(u8 *p, u8 tag, size_t len)
{
	*p++ = tag;
	if (len > 0x7f)
		*p++ = 0x81;
	*p++ = len;
	return p;
}

/*
 * The public key beside @ec must belong to the private key. To find out, call ecdsa_check_private()
 * with a key that has this public key inside. @ec itself has passed ecdsa_check_private().
 */
static int check_public(enum asym_curve curve, struct der ec, const struct der *bits)
{
	struct der scalar, version;
	size_t inner, len;
	u8 *der, *p;
	int err;

	if (der_get(&ec, DER_SEQUENCE, &ec) || der_get(&ec, DER_INTEGER, &version) ||
	    der_get(&ec, DER_OCTETS, &scalar))
		return -EBADMSG;
	if (!bits->len || scalar.len > 0x7f || bits->len > 0xff)
		return -EBADMSG;

	inner = bits->len + (bits->len > 0x7f ? 3 : 2);
	len = 3 + 2 + scalar.len + inner + (inner > 0x7f ? 3 : 2);
	if (len > 0xff)
		return -EBADMSG;
	der = kmalloc(len + 3, GFP_KERNEL);
	if (!der)
		return -ENOMEM;
	p = put_header(der, DER_SEQUENCE, len);
	p = put_header(p, DER_INTEGER, 1);
	*p++ = 1;
	p = put_header(p, DER_OCTETS, scalar.len);
	p = memcpy(p, scalar.p, scalar.len) + scalar.len;
	p = put_header(p, DER_CONTEXT_1, inner);
	p = put_header(p, DER_BIT_STRING, bits->len);
	p = memcpy(p, bits->p, bits->len) + bits->len;
	err = ecdsa_check_private(curve, der, p - der);
	kfree_sensitive(der);
	return err;
}

/**
 * pkcs8_parse_ec() - parse a private ECDSA key
 * @key: filled in; points into @data
 * @data: PKCS#8
 * @len: bytes at @data
 *
 * Context: process; may sleep.
 * Return: 0, -EBADMSG if it is not DER of such a key, -ENOPKG for unsupported curves and for curves
 * given by parameters, -EINVAL if the private key is not a number of the curve's group, the inner
 * curve is another one, or a public key is not on the curve, -EKEYREJECTED if a public key does not
 * belong to the private key, -ENOMEM.
 */
int pkcs8_parse_ec(struct pkcs8_key *key, const u8 *data, size_t len)
{
	struct der in = { data, len }, version, algorithm, ec, public = { };
	int curve, err;

	if (der_get(&in, DER_SEQUENCE, &version) || in.len)
		return -EBADMSG;
	in = version;
	if (der_get(&in, DER_INTEGER, &version) || version.len != 1 || version.p[0] > 1 ||
	    der_get(&in, DER_SEQUENCE, &algorithm) || der_get(&in, DER_OCTETS, &ec))
		return -EBADMSG;
	if (der_next_is(&in, DER_CONTEXT_0) && skip_attributes(&in))
		return -EBADMSG;
	if (version.p[0] == 1 && der_next_is(&in, DER_PUBLIC_KEY) &&
	    der_get(&in, DER_PUBLIC_KEY, &public))
		return -EBADMSG;
	if (in.len)
		return -EBADMSG;

	curve = get_curve(algorithm);
	if (curve < 0)
		return curve;
	err = ecdsa_check_private(curve, ec.p, ec.len);
	if (!err && public.p)
		err = check_public(curve, ec, &public);
	if (err)
		return err;

	key->algo = algos[curve];
	key->der = ec.p;
	key->der_len = ec.len;
	return 0;
}
