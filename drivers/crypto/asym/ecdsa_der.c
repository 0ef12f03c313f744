// SPDX-License-Identifier: GPL-2.0-only
/*
 * DER of signatures and of private keys: only what would be encoded that way again.
 *
 * Input comes from other machines and from guests. Everything here works on the caller's bytes,
 * allocates nothing and runs in any context.
 */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "ecdsa_int.h"

enum {
	DER_INTEGER	= 0x02,
	DER_BIT_STRING	= 0x03,
	DER_OCTETS	= 0x04,
	DER_OID		= 0x06,
	DER_SEQUENCE	= 0x30,
	DER_PARAMETERS	= 0xa0,		/* [0] */
	DER_PUBLIC_KEY	= 0xa1,		/* [1] */
};

struct der {
	const u8 *p;
	unsigned int len;
};

static bool der_next_is(const struct der *in, u8 tag)
{
	return in->len && in->p[0] == tag;
}

/* Take an element with @tag and the shortest possible length off @in. */
static int der_get(struct der *in, u8 tag, struct der *out)
{
	unsigned int head = 2, len;

	if (in->len < 2 || in->p[0] != tag)
		return -EBADMSG;
	len = in->p[1];
	if (len == 0x81) {
		if (in->len < 3 || in->p[2] < 0x80)
			return -EBADMSG;
		len = in->p[2];
		head = 3;
	} else if (len == 0x82) {
		if (in->len < 4 || !in->p[2])
			return -EBADMSG;
		len = in->p[2] << 8 | in->p[3];
		head = 4;
	} else if (len >= 0x80) {
		return -EBADMSG;
	}
	if (len > in->len - head)
		return -EBADMSG;
	out->p = in->p + head;
	out->len = len;
	in->p += head + len;
	in->len -= head + len;
	return 0;
}

/* Take a positive INTEGER, as a number of @bytes bytes. */
static int der_get_number(struct der *in, u8 *out, unsigned int bytes)
{
	struct der num;

	if (der_get(in, DER_INTEGER, &num) || !num.len || num.p[0] & 0x80)
		return -EBADMSG;
	if (!num.p[0]) {
		if (num.len < 2 || !(num.p[1] & 0x80))
			return -EBADMSG;
		num.p++;
		num.len--;
	}
	if (num.len > bytes)
		return -EBADMSG;
	memset(out, 0, bytes - num.len);
	memcpy(out + bytes - num.len, num.p, num.len);
	return 0;
}

/**
 * ecdsa_der_sig_len() - how much of what a verification is given is the signature
 * @der: a signature and what follows it
 * @len: bytes at @der
 *
 * KEYCTL_PKEY_VERIFY hands over as many bytes as the longest signature has, whatever length its
 * caller gave: behind a shorter one is what happens to be in the caller's memory. It counts for
 * nothing, as with the kernel's own drivers.
 *
 * Context: any.
 * Return: bytes of the outer element, @len if there is none.
 */
unsigned int ecdsa_der_sig_len(const u8 *der, unsigned int len)
{
	struct der in = { der, len }, seq;

	return der_get(&in, DER_SEQUENCE, &seq) ? len : len - in.len;
}

/**
 * ecdsa_der_get_sig() - an Ecdsa-Sig-Value's r and s
 * @curve: of the key
 * @der: all of the signature
 * @len: bytes at @der
 * @raw: r and s, curve->bytes each; undefined if it fails
 *
 * Context: any.
 * Return: 0, -EBADMSG if it is not DER of two positive integers that fit.
 */
int ecdsa_der_get_sig(const struct ecdsa_curve *curve, const u8 *der, unsigned int len, u8 *raw)
{
	struct der in = { der, len }, seq;

	if (der_get(&in, DER_SEQUENCE, &seq) || in.len)
		return -EBADMSG;
	if (der_get_number(&seq, raw, curve->bytes) ||
	    der_get_number(&seq, raw + curve->bytes, curve->bytes) || seq.len)
		return -EBADMSG;
	return 0;
}

static unsigned int der_put_number(u8 *out, const u8 *num, unsigned int bytes)
{
	unsigned int pad;

	while (bytes > 1 && !num[0]) {
		num++;
		bytes--;
	}
	pad = num[0] >> 7;
	*out++ = DER_INTEGER;
	*out++ = bytes + pad;
	if (pad)
		*out++ = 0;
	memcpy(out, num, bytes);
	return 2 + pad + bytes;
}

/**
 * ecdsa_der_put_sig() - an Ecdsa-Sig-Value from r and s
 * @curve: of the key
 * @raw: r and s, curve->bytes each
 * @der: room for curve->max_sig bytes
 *
 * Context: any.
 * Return: bytes at @der.
 */
unsigned int ecdsa_der_put_sig(const struct ecdsa_curve *curve, const u8 *raw, u8 *der)
{
	u8 body[2 * (3 + ECDSA_BYTES)];
	unsigned int len, head = 0;

	len = der_put_number(body, raw, curve->bytes);
	len += der_put_number(body + len, raw + curve->bytes, curve->bytes);
	der[head++] = DER_SEQUENCE;
	if (len >= 0x80)
		der[head++] = 0x81;
	der[head++] = len;
	memcpy(der + head, body, len);
	return head + len;
}

/* [0] ECParameters: the curve's name or nothing */
static int der_check_parameters(const struct ecdsa_curve *curve, struct der *in)
{
	struct der choice, value;

	if (!der_next_is(in, DER_PARAMETERS))
		return 0;
	if (der_get(in, DER_PARAMETERS, &choice))
		return -EBADMSG;
	if (der_next_is(&choice, DER_SEQUENCE)) {
		if (der_get(&choice, DER_SEQUENCE, &value) || choice.len)
			return -EBADMSG;
		return -ENOPKG;
	}
	if (der_get(&choice, DER_OID, &value) || choice.len || !value.len)
		return -EBADMSG;
	if (value.len != curve->oid_len || memcmp(value.p, curve->oid, value.len))
		return -EINVAL;
	return 0;
}

/* [1] BIT STRING: a public key or nothing */
static int der_get_point(struct der *in, struct ecdsa_der_private *key)
{
	struct der field, bits;

	if (!der_next_is(in, DER_PUBLIC_KEY))
		return 0;
	if (der_get(in, DER_PUBLIC_KEY, &field) || der_get(&field, DER_BIT_STRING, &bits) ||
	    field.len || !bits.len || bits.p[0])
		return -EBADMSG;
	key->point = bits.p + 1;
	key->point_len = bits.len - 1;
	return 0;
}

/**
 * ecdsa_der_get_private() - an ECPrivateKey's fields
 * @curve: of the key
 * @der: all of the key
 * @len: bytes at @der
 * @key: filled in; points into @der
 *
 * Context: any.
 * Return: 0, -EBADMSG if it is not DER of such a key of this curve, -EINVAL if it names another
 * curve, -ENOPKG if it has explicit parameters.
 */
int ecdsa_der_get_private(const struct ecdsa_curve *curve, const u8 *der, unsigned int len,
			  struct ecdsa_der_private *key)
{
	struct der in = { der, len }, seq, version, scalar;
	int params;

	*key = (struct ecdsa_der_private){ };
	if (der_get(&in, DER_SEQUENCE, &seq) || in.len)
		return -EBADMSG;
	if (der_get(&seq, DER_INTEGER, &version) || version.len != 1 || version.p[0] != 1)
		return -EBADMSG;
	if (der_get(&seq, DER_OCTETS, &scalar))
		return -EBADMSG;
	params = der_check_parameters(curve, &seq);
	if (params == -EBADMSG || der_get_point(&seq, key) || seq.len)
		return -EBADMSG;
	if (params)
		return params;
	if (scalar.len != curve->bytes)
		return -EBADMSG;
	key->scalar = scalar.p;
	return 0;
}
