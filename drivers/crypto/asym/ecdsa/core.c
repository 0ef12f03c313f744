// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys, signatures (FIPS 186-5, 6.4) and their verification.
 *
 * math.c, ecdsa_point_mult_base() and the kernel's hashes compute all values that depend on the
 * private key or the nonce, in constant time. The ECC library computes with public values only: it
 * verifies signatures, also each one made here before the caller gets it. Process context; may
 * sleep. Many operations may use a key at the same time; it must not change meanwhile.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "types.h"

struct sign_work {
	struct ecdsa_nonce nonce;
	u32 k[ECDSA_LIMBS];
	u32 kinv[ECDSA_LIMBS];
	u32 x[ECDSA_LIMBS];
	u32 r[ECDSA_LIMBS];
	u32 s[ECDSA_LIMBS];
	u32 z[ECDSA_LIMBS];
	u8 raw[ECDSA_RAW];
	u8 desc[] __aligned(CRYPTO_MINALIGN);
};

struct verify_work {
	u64 r[ECC_MAX_DIGITS];
	u64 s[ECC_MAX_DIGITS];
	u64 u1[ECC_MAX_DIGITS];
	u64 u2[ECC_MAX_DIGITS];
	u64 x[ECC_MAX_DIGITS];
	u64 y[ECC_MAX_DIGITS];
	u64 qx[ECC_MAX_DIGITS];		/* the library's points are not const */
	u64 qy[ECC_MAX_DIGITS];
	u32 t[ECDSA_LIMBS];
	u32 z[ECDSA_LIMBS];
};

/**
 * ecdsa_key_wipe() - forget a key, public or private
 * @key: keeps its curve
 *
 * Context: any.
 */
void ecdsa_key_wipe(struct ecdsa_key *key)
{
	const struct ecdsa_curve *curve = key->curve;

	memzero_explicit(key, sizeof(*key));
	key->curve = curve;
}

/**
 * ecdsa_key_set_public() - replace a key by a public one
 * @key: its curve is set
 * @point: in a form that ecdsa_point_decode() accepts
 * @len: bytes at @point
 *
 * Context: process context, may sleep.
 * Return: 0, or -EINVAL or -ENOMEM, and there is no key then.
 */
int ecdsa_key_set_public(struct ecdsa_key *key, const u8 *point, unsigned int len)
{
	int err;

	ecdsa_key_wipe(key);
	err = ecdsa_point_decode(key->curve, point, len, key->x, key->y);
	key->has_public = !err;
	return err;
}

static int key_get_scalar(const struct ecdsa_curve *curve, const struct ecdsa_der_private *der,
			  u32 *d)
{
	ecdsa_num_from_bytes(d, curve->n.limbs, der->scalar, curve->bytes);
	return ecdsa_mod_scalar(&curve->n, d) ? 0 : -EINVAL;
}

/* Compute the public key of key->d. If @der has a public key, compare it. */
static int key_add_public(struct ecdsa_key *key, const struct ecdsa_der_private *der)
{
	unsigned int ndigits = key->curve->ecc->g.ndigits;
	u32 x[ECDSA_LIMBS], y[ECDSA_LIMBS];
	u64 d[2][ECC_MAX_DIGITS];
	int err;

	if (der->point) {
		err = ecdsa_point_decode(key->curve, der->point, der->point_len, key->x, key->y);
		if (err)
			return err;
	}
	err = ecdsa_point_mult_base(key->curve, key->d, x, y);
	if (err)
		return err;
	ecdsa_num_to_digits(d[0], x, ndigits);
	ecdsa_num_to_digits(d[1], y, ndigits);
	if (der->point && (vli_cmp(d[0], key->x, ndigits) || vli_cmp(d[1], key->y, ndigits)))
		return -EKEYREJECTED;
	memcpy(key->x, d[0], sizeof(key->x));
	memcpy(key->y, d[1], sizeof(key->y));
	return 0;
}

/**
 * ecdsa_key_set_private() - replace a key by a private one
 * @key: its curve is set
 * @der: ECPrivateKey
 * @len: bytes at @der
 *
 * Context: process context, may sleep.
 * Return: 0, or an error as of ecdsa_check_private(), and there is no key then.
 */
int ecdsa_key_set_private(struct ecdsa_key *key, const u8 *der, unsigned int len)
{
	struct ecdsa_der_private parsed;
	int err;

	ecdsa_key_wipe(key);
	err = ecdsa_der_get_private(key->curve, der, len, &parsed);
	if (err)
		return err;
	err = key_get_scalar(key->curve, &parsed, key->d) ?: key_add_public(key, &parsed);
	if (err) {
		ecdsa_key_wipe(key);
		return err;
	}
	key->has_public = true;
	key->has_private = true;
	return 0;
}

/* w->x = x coordinate of u1 * G + u2 * Q; -EDOM: infinity */
static int verify_point(const struct ecdsa_key *key, struct verify_work *w)
{
	const struct ecc_curve *ecc = key->curve->ecc;
	unsigned int ndigits = ecc->g.ndigits;
	struct ecc_point res = ECC_POINT_INIT(w->x, w->y, ndigits);
	struct ecc_point q = ECC_POINT_INIT(w->qx, w->qy, ndigits);

	memcpy(w->qx, key->x, sizeof(w->qx));
	memcpy(w->qy, key->y, sizeof(w->qy));

	/*
	 * Some kernels' ecc_point_mult_shamir() cannot add equal or opposite points. It meets them
	 * at the start with Q = G and Q = -G, and may meet them later: then its Z becomes and
	 * remains 0, and the result is (0, 0). Otherwise the result is (0, 0) at infinity only.
	 */
	if (vli_cmp(q.x, ecc->g.x, ndigits)) {
		ecc_point_mult_shamir(&res, w->u1, &ecc->g, w->u2, &q, ecc);
		if (!ecc_point_is_zero(&res))
			return 0;
	}
	return ecdsa_point_mult2(key->curve, w->u1, w->u2, &q, w->x);
}

/* a * b mod n, of public numbers less than 2^(32 * limbs), one of them less than n */
static void verify_mul(const struct ecdsa_curve *curve, u64 *r, const u32 *a, const u64 *b,
		       u32 *tmp)
{
	ecdsa_num_from_digits(tmp, b, curve->ecc->g.ndigits);
	ecdsa_mod_enter(&curve->n, tmp, tmp);
	ecdsa_mod_mul(&curve->n, tmp, a, tmp);
	ecdsa_num_to_digits(r, tmp, curve->ecc->g.ndigits);
}

/**
 * ecdsa_verify() - verify a signature
 * @key: its curve is set
 * @raw: r and s, curve->bytes each
 * @digest: of the message
 * @len: bytes at @digest
 *
 * Context: process context, may sleep.
 * Return: 0 if it is valid, -EKEYREJECTED if not, -EBADMSG if r or s is 0 or not less than n,
 * -EINVAL without a key or if the digest's length is not 1 to ECDSA_MAX_DIGEST, -ENOMEM.
 */
int ecdsa_verify(const struct ecdsa_key *key, const u8 *raw, const u8 *digest, unsigned int len)
{
	const struct ecdsa_curve *curve = key->curve;
	const struct ecc_curve *ecc = curve->ecc;
	unsigned int ndigits = ecc->g.ndigits;
	struct verify_work *w;
	int err;

	if (!key->has_public || !len || len > ECDSA_MAX_DIGEST)
		return -EINVAL;
	w = kzalloc_obj(*w);
	if (!w)
		return -ENOMEM;

	ecc_digits_from_bytes(raw, curve->bytes, w->r, ndigits);
	ecc_digits_from_bytes(raw + curve->bytes, curve->bytes, w->s, ndigits);
	err = -EBADMSG;
	if (vli_is_zero(w->r, ndigits) || vli_cmp(w->r, ecc->n, ndigits) >= 0 ||
	    vli_is_zero(w->s, ndigits) || vli_cmp(w->s, ecc->n, ndigits) >= 0)
		goto out_free;

	/* u1 = z / s, u2 = r / s */
	vli_mod_inv(w->s, w->s, ecc->n, ndigits);
	ecdsa_num_bits_to_int(&curve->n, w->z, digest, len);
	verify_mul(curve, w->u1, w->z, w->s, w->t);
	ecdsa_num_from_digits(w->z, w->r, ndigits);
	verify_mul(curve, w->u2, w->z, w->s, w->t);

	err = verify_point(key, w);
	if (!err) {
		/* n < p < 2n on all curves */
		if (vli_cmp(w->x, ecc->n, ndigits) >= 0)
			vli_sub(w->x, w->x, ecc->n, ndigits);
		if (vli_cmp(w->x, w->r, ndigits))
			err = -EKEYREJECTED;
	} else if (err == -EDOM) {
		err = -EKEYREJECTED;
	}
out_free:
	kfree(w);
	return err;
}

/* One attempt. -EAGAIN: with another nonce */
static int sign_once(const struct ecdsa_key *key, struct sign_work *w)
{
	const struct ecdsa_mod *n = &key->curve->n;
	int err;

	err = ecdsa_point_mult_base(key->curve, w->k, w->x, NULL);
	if (err)
		return err;
	ecdsa_mod_reduce(n, w->r, w->x);
	if (!ecdsa_mod_scalar(n, w->r))
		return -EAGAIN;

	/* s = (z + r d) / k */
	ecdsa_mod_enter(n, w->x, w->k);
	ecdsa_mod_inv(n, w->kinv, w->x);
	ecdsa_mod_enter(n, w->x, key->d);
	ecdsa_mod_mul(n, w->s, w->r, w->x);
	ecdsa_mod_add(n, w->s, w->s, w->z);
	ecdsa_mod_mul(n, w->s, w->s, w->kinv);
	return ecdsa_mod_scalar(n, w->s) ? 0 : -EAGAIN;
}

/**
 * ecdsa_sign() - make a signature
 * @key: its curve is set
 * @digest: of the message
 * @len: bytes at @digest
 * @raw: r and s, curve->bytes each; untouched if it fails
 *
 * Context: process context, may sleep.
 * Return: 0, -EINVAL without a private key or if the digest's length is not 1 to
 * ECDSA_MAX_DIGEST, -EIO if the computed signature does not verify, -ENOMEM, or the error of a
 * hash.
 */
int ecdsa_sign(const struct ecdsa_key *key, const u8 *digest, unsigned int len, u8 *raw)
{
	const struct ecdsa_curve *curve = key->curve;
	struct sign_work *w;
	int err;

	if (!key->has_private || !len || len > ECDSA_MAX_DIGEST)
		return -EINVAL;
	w = kzalloc(sizeof(*w) + ecdsa_nonce_descsize(), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	w->nonce.desc = (struct shash_desc *)w->desc;
	ecdsa_num_bits_to_int(&curve->n, w->z, digest, len);
	ecdsa_mod_reduce(&curve->n, w->z, w->z);

	err = ecdsa_nonce_start(&w->nonce, curve, key->d, digest, len);
	if (err)
		goto out_free;
	do {
		err = ecdsa_nonce_next(&w->nonce, curve, w->k) ?: sign_once(key, w);
	} while (err == -EAGAIN);
	if (err)
		goto out_free;

	/* A fault in the computation could reveal the private key. */
	ecdsa_num_to_bytes(w->raw, curve->bytes, w->r);
	ecdsa_num_to_bytes(w->raw + curve->bytes, curve->bytes, w->s);
	err = ecdsa_verify(key, w->raw, digest, len);
	if (!err)
		memcpy(raw, w->raw, 2 * curve->bytes);
	else if (err != -ENOMEM)
		err = -EIO;
out_free:
	kfree_sensitive(w);
	return err;
}

/**
 * ecdsa_parse_private() - check the encoding of a private key
 * @curve: enum asym_curve
 * @der: RFC 5915 ECPrivateKey; stays the caller's
 * @len: bytes at @der
 *
 * Checks the structure, the scalar's range, and the form of a public key in it. The time depends on
 * the lengths, and not on the scalar.
 *
 * Context: any.
 * Return: 0; -EBADMSG if it is not DER of such a key (as i2d_ECPrivateKey() of OpenSSL writes
 * it); -EINVAL if the scalar is 0 or not less than the order, the curve another, the public key
 * of no known form; -ENOPKG for explicit parameters, and if there is no such curve.
 */
int ecdsa_parse_private(enum asym_curve curve, const u8 *der, unsigned int len)
{
	const struct ecdsa_curve *c = ecdsa_curve_get(curve);
	struct ecdsa_der_private parsed;
	u32 d[ECDSA_LIMBS];
	int err;

	if (!c)
		return -ENOPKG;
	err = ecdsa_der_get_private(c, der, len, &parsed);
	if (err)
		return err;
	err = key_get_scalar(c, &parsed, d);
	memzero_explicit(d, sizeof(d));
	if (err)
		return err;
	if (parsed.point && !ecdsa_point_form_ok(c, parsed.point, parsed.point_len))
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_GPL(ecdsa_parse_private);

/**
 * ecdsa_parse_public() - check the form and length of a public key
 * @curve: enum asym_curve
 * @point: compressed, uncompressed or hybrid; stays the caller's
 * @len: bytes at @point
 *
 * Context: any.
 * Return: 0, -EINVAL if form or length is wrong, -ENOPKG if there is no such curve.
 */
int ecdsa_parse_public(enum asym_curve curve, const u8 *point, unsigned int len)
{
	const struct ecdsa_curve *c = ecdsa_curve_get(curve);

	if (!c)
		return -ENOPKG;
	return ecdsa_point_form_ok(c, point, len) ? 0 : -EINVAL;
}
EXPORT_SYMBOL_GPL(ecdsa_parse_public);

/* Whether r and s are in [1, n - 1] */
static int sig_check_range(const struct ecdsa_curve *curve, const u8 *raw)
{
	u32 num[ECDSA_LIMBS];
	int i;

	for (i = 0; i < 2; i++) {
		ecdsa_num_from_bytes(num, curve->n.limbs, raw + i * curve->bytes, curve->bytes);
		if (!ecdsa_mod_scalar(&curve->n, num))
			return -EBADMSG;
	}
	return 0;
}

/**
 * ecdsa_parse_sig() - check the encoding and the range of a signature
 * @curve: enum asym_curve
 * @der: Ecdsa-Sig-Value; stays the caller's
 * @len: bytes at @der
 *
 * Context: any.
 * Return: 0, -EBADMSG if it is not DER (as i2d_ECDSA_SIG() of OpenSSL writes it) or a number is
 * 0 or not less than the order, -ENOPKG if there is no such curve.
 */
int ecdsa_parse_sig(enum asym_curve curve, const u8 *der, unsigned int len)
{
	const struct ecdsa_curve *c = ecdsa_curve_get(curve);
	u8 raw[ECDSA_RAW];

	if (!c)
		return -ENOPKG;
	return ecdsa_der_get_sig(c, der, len, raw) ?: sig_check_range(c, raw);
}
EXPORT_SYMBOL_GPL(ecdsa_parse_sig);

/**
 * ecdsa_sig_len() - length of the signature in the input that keyctl passes to a driver
 * @curve: enum asym_curve
 * @der: an Ecdsa-Sig-Value, perhaps with bytes after it; ecdsa_max_sig() bytes are enough
 * @len: bytes that the driver got
 *
 * Context: any.
 * Return: bytes of the signature if @len is the length that KEYCTL_PKEY_VERIFY passes for every
 * signature, else @len.
 */
unsigned int ecdsa_sig_len(enum asym_curve curve, const u8 *der, unsigned int len)
{
	const struct ecdsa_curve *c = ecdsa_curve_get(curve);

	return c ? ecdsa_der_sig_len(c, der, len) : len;
}
EXPORT_SYMBOL_GPL(ecdsa_sig_len);

/**
 * ecdsa_sig_to_p1363() - convert a signature from DER to IEEE P1363
 * @curve: enum asym_curve
 * @der: Ecdsa-Sig-Value; stays the caller's
 * @len: bytes at @der
 * @out: receives both, each as long as the order; undefined if it fails
 * @room: bytes at @out
 *
 * Does not check the range of the numbers.
 *
 * Context: any.
 * Return: bytes written, -EOVERFLOW if there is no room, -EBADMSG if it is not DER, -ENOPKG if
 * there is no such curve.
 */
int ecdsa_sig_to_p1363(enum asym_curve curve, const u8 *der, unsigned int len, u8 *out,
		       unsigned int room)
{
	const struct ecdsa_curve *c = ecdsa_curve_get(curve);

	if (!c)
		return -ENOPKG;
	if (room < 2 * c->bytes)
		return -EOVERFLOW;
	return ecdsa_der_get_sig(c, der, len, out) ?: 2 * c->bytes;
}
EXPORT_SYMBOL_GPL(ecdsa_sig_to_p1363);

/**
 * ecdsa_sig_from_p1363() - convert a signature from IEEE P1363 to DER
 * @curve: enum asym_curve
 * @sig: both, each as long as the order; stays the caller's
 * @len: bytes at @sig
 * @der: receives the signature
 * @room: bytes at @der, at least ecdsa_max_sig()
 *
 * Context: any.
 * Return: bytes written, -EINVAL if @len is wrong, -EOVERFLOW if there is no room, -EBADMSG if a
 * number is 0 or not less than the order, -ENOPKG if there is no such curve.
 */
int ecdsa_sig_from_p1363(enum asym_curve curve, const u8 *sig, unsigned int len, u8 *der,
			 unsigned int room)
{
	const struct ecdsa_curve *c = ecdsa_curve_get(curve);

	if (!c)
		return -ENOPKG;
	if (len != 2 * c->bytes)
		return -EINVAL;
	if (room < c->max_sig)
		return -EOVERFLOW;
	return sig_check_range(c, sig) ?: ecdsa_der_put_sig(c, sig, der);
}
EXPORT_SYMBOL_GPL(ecdsa_sig_from_p1363);

static int key_check(enum asym_curve curve, const u8 *data, unsigned int len,
		     int (*set)(struct ecdsa_key *key, const u8 *data, unsigned int len))
{
	struct ecdsa_key *key;
	int err;

	key = kzalloc_obj(*key);
	if (!key)
		return -ENOMEM;
	key->curve = ecdsa_curve_get(curve);
	err = key->curve ? set(key, data, len) : -ENOPKG;
	kfree_sensitive(key);
	return err;
}

/**
 * ecdsa_check_private() - check a private key as setting it on a transform does
 * @curve: enum asym_curve
 * @der: RFC 5915 ECPrivateKey; stays the caller's
 * @len: bytes at @der
 *
 * Context: process context, may sleep.
 * Return: 0 or an error of ecdsa_parse_private(); also -EINVAL if the public key in it is no
 * point of the curve, -EKEYREJECTED if it belongs to another private key; -ENOMEM.
 */
int ecdsa_check_private(enum asym_curve curve, const u8 *der, unsigned int len)
{
	return key_check(curve, der, len, ecdsa_key_set_private);
}
EXPORT_SYMBOL_GPL(ecdsa_check_private);

/**
 * ecdsa_check_public() - check a public key as setting it on a transform does
 * @curve: enum asym_curve
 * @point: compressed, uncompressed or hybrid; stays the caller's
 * @len: bytes at @point
 *
 * Context: process context, may sleep.
 * Return: 0, -EINVAL if it is no point of the curve, -ENOPKG if there is no such curve, -ENOMEM.
 */
int ecdsa_check_public(enum asym_curve curve, const u8 *point, unsigned int len)
{
	return key_check(curve, point, len, ecdsa_key_set_public);
}
EXPORT_SYMBOL_GPL(ecdsa_check_public);
