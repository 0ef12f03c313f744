// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict DER of signatures and of private keys: each value has one encoding.
 *
 * Input comes from other machines and from guests. The functions work on the caller's bytes,
 * allocate nothing and run in any context.
 */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <compat/crypto.h>

#include <crypto/internal/asym/der.h>
#include "types.h"

/* Read a positive INTEGER as a number of @bytes bytes. */
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
 * ecdsa_der_sig_len() - length of the signature in the input of a verification
 * @curve: of the key
 * @der: a signature, perhaps with bytes after it; curve->max_sig bytes are enough
 * @len: bytes of the input
 *
 * KEYCTL_PKEY_VERIFY passes as many bytes as the longest signature has, whatever length its caller
 * gave. So a shorter signature is followed by other bytes of the caller's memory, which must be
 * ignored. Input of exactly that length is treated as keyctl's. In other input, bytes after the
 * signature make it malformed.
 *
 * Context: any.
 * Return: bytes of the outer element, or @len.
 */
unsigned int ecdsa_der_sig_len(const struct ecdsa_curve *curve, const u8 *der, unsigned int len)
{
	unsigned int have = min(len, curve->max_sig);
	struct der in = { der, have }, seq;

	if (len != compat_ecdsa_keyctl_len(curve->max_sig, curve->bits == 521) ||
	    der_get(&in, DER_SEQUENCE, &seq))
		return len;
	return have - in.len;
}

/**
 * ecdsa_der_get_sig() - decode an Ecdsa-Sig-Value to r and s
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
 * ecdsa_der_put_sig() - encode r and s as an Ecdsa-Sig-Value
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

	if (!der_next_is(in, DER_CONTEXT_0))
		return 0;
	if (der_get(in, DER_CONTEXT_0, &choice))
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

	if (!der_next_is(in, DER_CONTEXT_1))
		return 0;
	if (der_get(in, DER_CONTEXT_1, &field) || der_get(&field, DER_BIT_STRING, &bits) ||
	    field.len || !bits.len || bits.p[0])
		return -EBADMSG;
	key->point = bits.p + 1;
	key->point_len = bits.len - 1;
	return 0;
}

/**
 * ecdsa_der_get_private() - decode the fields of an ECPrivateKey
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
