// SPDX-License-Identifier: GPL-2.0-only
/*
 * Points: k*G of a secret k in constant time, u1*G + u2*Q where the ECC library cannot compute it,
 * and the encoding of public keys.
 *
 * All additions use the complete formulas of Renes, Costello and Batina ("Complete addition
 * formulas for prime order elliptic curves", 2016, algorithm 4: a = -3). They have no exceptions,
 * so equal points, opposite points and infinity need no branch.
 *
 * The library's crypto_ecdh_shared_secret() is not used for k*G: its blinding is wrong for P-521
 * (a random Z of 576 bits, which the fast reduction of 521-bit numbers truncates); its ladder
 * selects points by indices made of the scalar's bits; its modular additions, subtractions and
 * inversion branch on values; and it is correct for scalars in [2, n - 3] only.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "types.h"

enum { FORM_COMPRESSED = 2, FORM_UNCOMPRESSED = 4, FORM_HYBRID = 6 };

/* Temporaries of an addition */
struct add_work {
	u32 t0[ECDSA_LIMBS], t1[ECDSA_LIMBS], t2[ECDSA_LIMBS], t3[ECDSA_LIMBS], t4[ECDSA_LIMBS];
	struct ecdsa_point sum;
};

struct mult_work {
	struct add_work add;
	struct ecdsa_point r;
	struct ecdsa_point s;
	struct ecdsa_point table[3];
};

/* r = p + q; @r may be either. */
static void point_add(const struct ecdsa_curve *curve, struct ecdsa_point *r,
		      const struct ecdsa_point *p, const struct ecdsa_point *q,
		      struct add_work *w)
{
	const struct ecdsa_mod *m = &curve->p;
	u32 *t0 = w->t0, *t1 = w->t1, *t2 = w->t2, *t3 = w->t3, *t4 = w->t4;
	u32 *x = w->sum.x, *y = w->sum.y, *z = w->sum.z;

	ecdsa_mod_mul(m, t0, p->x, q->x);
	ecdsa_mod_mul(m, t1, p->y, q->y);
	ecdsa_mod_mul(m, t2, p->z, q->z);

	/* t3 = X1 Y2 + X2 Y1, t4 = Y1 Z2 + Y2 Z1, y = X1 Z2 + X2 Z1 */
	ecdsa_mod_add(m, t3, p->x, p->y);
	ecdsa_mod_add(m, t4, q->x, q->y);
	ecdsa_mod_mul(m, t3, t3, t4);
	ecdsa_mod_add(m, t4, t0, t1);
	ecdsa_mod_sub(m, t3, t3, t4);
	ecdsa_mod_add(m, t4, p->y, p->z);
	ecdsa_mod_add(m, x, q->y, q->z);
	ecdsa_mod_mul(m, t4, t4, x);
	ecdsa_mod_add(m, x, t1, t2);
	ecdsa_mod_sub(m, t4, t4, x);
	ecdsa_mod_add(m, x, p->x, p->z);
	ecdsa_mod_add(m, y, q->x, q->z);
	ecdsa_mod_mul(m, x, x, y);
	ecdsa_mod_add(m, y, t0, t2);
	ecdsa_mod_sub(m, y, x, y);

	/* z = Y1 Y2 - 3 (y - b Z1 Z2), x = Y1 Y2 + 3 (y - b Z1 Z2) */
	ecdsa_mod_mul(m, z, curve->b, t2);
	ecdsa_mod_sub(m, x, y, z);
	ecdsa_mod_add(m, z, x, x);
	ecdsa_mod_add(m, x, x, z);
	ecdsa_mod_sub(m, z, t1, x);
	ecdsa_mod_add(m, x, t1, x);

	/* y = 3 (b y - 3 Z1 Z2 - X1 X2), t0 = 3 (X1 X2 - Z1 Z2) */
	ecdsa_mod_mul(m, y, curve->b, y);
	ecdsa_mod_add(m, t1, t2, t2);
	ecdsa_mod_add(m, t2, t1, t2);
	ecdsa_mod_sub(m, y, y, t2);
	ecdsa_mod_sub(m, y, y, t0);
	ecdsa_mod_add(m, t1, y, y);
	ecdsa_mod_add(m, y, t1, y);
	ecdsa_mod_add(m, t1, t0, t0);
	ecdsa_mod_add(m, t0, t1, t0);
	ecdsa_mod_sub(m, t0, t0, t2);

	ecdsa_mod_mul(m, t1, t4, y);
	ecdsa_mod_mul(m, t2, t0, y);
	ecdsa_mod_mul(m, y, x, z);
	ecdsa_mod_add(m, y, y, t2);
	ecdsa_mod_mul(m, x, t3, x);
	ecdsa_mod_sub(m, x, x, t1);
	ecdsa_mod_mul(m, z, t4, z);
	ecdsa_mod_mul(m, t1, t3, t0);
	ecdsa_mod_add(m, z, z, t1);

	*r = w->sum;
}

static void point_from_digits(const struct ecdsa_curve *curve, struct ecdsa_point *r,
			      const struct ecc_point *point)
{
	u32 one[ECDSA_LIMBS] = { 1 };

	memset(r, 0, sizeof(*r));
	ecdsa_num_from_digits(r->x, point->x, point->ndigits);
	ecdsa_num_from_digits(r->y, point->y, point->ndigits);
	ecdsa_mod_enter(&curve->p, r->x, r->x);
	ecdsa_mod_enter(&curve->p, r->y, r->y);
	ecdsa_mod_enter(&curve->p, r->z, one);
}

/* Any representation of infinity is correct. A random one blinds the sum. */
static void point_set_infinity(const struct ecdsa_curve *curve, struct ecdsa_point *r)
{
	memset(r, 0, sizeof(*r));
	do {
		get_random_bytes(r->y, curve->p.limbs * sizeof(*r->y));
		ecdsa_mod_enter(&curve->p, r->y, r->y);
	} while (!ecdsa_mod_scalar(&curve->p, r->y));
}

/* To affine coordinates, out of Montgomery's form; @y may be NULL. -EDOM: infinity */
static int point_affine(const struct ecdsa_curve *curve, struct ecdsa_point *r, u32 *x, u32 *y,
			struct add_work *w)
{
	const struct ecdsa_mod *m = &curve->p;

	if (!ecdsa_mod_scalar(m, r->z))
		return -EDOM;
	ecdsa_mod_inv(m, w->t0, r->z);
	ecdsa_mod_mul(m, w->t1, r->x, w->t0);
	ecdsa_mod_leave(m, x, w->t1);
	if (y) {
		ecdsa_mod_mul(m, w->t1, r->y, w->t0);
		ecdsa_mod_leave(m, y, w->t1);
	}
	return 0;
}

static u32 num_bit(const struct ecdsa_mod *m, const u32 *a, unsigned int bit)
{
	return bit < 32 * m->limbs ? (a[bit / 32] >> (bit % 32)) & 1 : 0;
}

/* r = entry @index of the table; reads all entries */
static void comb_select(const struct ecdsa_curve *curve, struct ecdsa_point *r, u32 index)
{
	int i, j;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < ECDSA_COMB_POINTS; i++) {
		const struct ecdsa_point *entry = &curve->comb[i];
		u32 mask = i ^ index;

		OPTIMIZER_HIDE_VAR(mask);
		mask = (mask - 1) >> 31;
		OPTIMIZER_HIDE_VAR(mask);
		mask = -mask;
		for (j = 0; j < curve->p.limbs; j++) {
			r->x[j] |= entry->x[j] & mask;
			r->y[j] |= entry->y[j] & mask;
			r->z[j] |= entry->z[j] & mask;
		}
	}
}

/**
 * ecdsa_point_mult_base() - compute scalar * G of a secret scalar, in constant time
 * @curve: where
 * @scalar: in [1, n - 1]
 * @x: coordinate of the product
 * @y: the other, or NULL
 *
 * A fixed-base comb: the scalar's bits in ECDSA_COMB_ROWS rows, one doubling and one addition
 * for each column.
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM, -EDOM if the product is infinity (never for the scalars above).
 */
int ecdsa_point_mult_base(const struct ecdsa_curve *curve, const u32 *scalar, u32 *x, u32 *y)
{
	struct mult_work *w;
	int col, row, err;
	u32 index;

	w = kmalloc_obj(*w);
	if (!w)
		return -ENOMEM;
	point_set_infinity(curve, &w->r);
	for (col = curve->comb_cols - 1; col >= 0; col--) {
		point_add(curve, &w->r, &w->r, &w->r, &w->add);
		index = 0;
		for (row = 0; row < ECDSA_COMB_ROWS; row++)
			index |= num_bit(&curve->p, scalar, row * curve->comb_cols + col) << row;
		comb_select(curve, &w->s, index);
		point_add(curve, &w->r, &w->r, &w->s, &w->add);
	}
	err = point_affine(curve, &w->r, x, y, &w->add);
	kfree_sensitive(w);
	return err;
}

/**
 * ecdsa_point_mult2() - compute u1 * G + u2 * Q, without exceptions
 * @curve: where
 * @u1: less than n
 * @u2: less than n
 * @q: on the curve
 * @x: coordinate of the sum
 *
 * Slower than ecc_point_mult_shamir(), and not constant time either. All arguments are public.
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM, -EDOM if the sum is infinity.
 */
int ecdsa_point_mult2(const struct ecdsa_curve *curve, const u64 *u1, const u64 *u2,
		      const struct ecc_point *q, u64 *x)
{
	struct mult_work *w;
	int i, index, err;
	u32 affine[ECDSA_LIMBS];

	w = kmalloc_obj(*w);
	if (!w)
		return -ENOMEM;
	point_from_digits(curve, &w->table[0], &curve->ecc->g);
	point_from_digits(curve, &w->table[1], q);
	point_add(curve, &w->table[2], &w->table[0], &w->table[1], &w->add);
	point_set_infinity(curve, &w->r);
	for (i = curve->n.bits - 1; i >= 0; i--) {
		point_add(curve, &w->r, &w->r, &w->r, &w->add);
		index = (u1[i / 64] >> (i % 64)) & 1;
		index |= ((u2[i / 64] >> (i % 64)) & 1) << 1;
		if (index)
			point_add(curve, &w->r, &w->r, &w->table[index - 1], &w->add);
	}
	err = point_affine(curve, &w->r, affine, NULL, &w->add);
	if (!err)
		ecdsa_num_to_digits(x, affine, curve->ecc->g.ndigits);
	kfree(w);
	return err;
}

/* Whether the first byte and the length of a public key are valid */
bool ecdsa_point_form_ok(const struct ecdsa_curve *curve, const u8 *in, unsigned int len)
{
	if (!len)
		return false;
	switch (in[0]) {
	case FORM_COMPRESSED:
	case FORM_COMPRESSED + 1:
		return len == 1 + curve->bytes;
	case FORM_UNCOMPRESSED:
	case FORM_HYBRID:
	case FORM_HYBRID + 1:
		return len == 1 + 2 * curve->bytes;
	default:
		return false;
	}
}

/* y from x and its parity. p is 3 mod 4, so a root is a power. The result is not checked. */
static int point_decompress(const struct ecdsa_curve *curve, const u64 *x, unsigned int odd,
			    u64 *y)
{
	unsigned int ndigits = curve->ecc->g.ndigits;
	const struct ecdsa_mod *m = &curve->p;
	struct add_work *w;
	int i;

	w = kzalloc_obj(*w);
	if (!w)
		return -ENOMEM;

	/* t1 = x^3 - 3x + b */
	ecdsa_num_from_digits(w->t0, x, ndigits);
	ecdsa_mod_enter(m, w->t0, w->t0);
	ecdsa_mod_mul(m, w->t1, w->t0, w->t0);
	ecdsa_mod_mul(m, w->t1, w->t1, w->t0);
	for (i = 0; i < 3; i++)
		ecdsa_mod_sub(m, w->t1, w->t1, w->t0);
	ecdsa_mod_add(m, w->t1, w->t1, curve->b);

	/* t2 = (p + 1) / 4, which is p / 4 rounded up */
	for (i = 0; i < m->limbs; i++) {
		w->t2[i] = m->m[i] >> 2;
		if (i + 1 < m->limbs)
			w->t2[i] |= m->m[i + 1] << 30;
	}
	for (i = 0; i < m->limbs && !++w->t2[i]; i++)
		;
	ecdsa_mod_pow(m, w->t3, w->t1, w->t2);
	ecdsa_mod_leave(m, w->t3, w->t3);
	ecdsa_num_to_digits(y, w->t3, ndigits);
	if ((y[0] & 1) != odd)
		vli_sub(y, curve->ecc->p, y, ndigits);
	kfree(w);
	return 0;
}

/**
 * ecdsa_point_decode() - decode a public key (SEC 1, 2.3.4)
 * @curve: where
 * @in: compressed, uncompressed or (X9.62) hybrid
 * @len: bytes at @in
 * @x: coordinate
 * @y: the other
 *
 * The curves have prime order, so every point except infinity, which has no such form, is valid.
 *
 * Context: process context, may sleep.
 * Return: 0, -EINVAL if there is no such point, -ENOMEM.
 */
int ecdsa_point_decode(const struct ecdsa_curve *curve, const u8 *in, unsigned int len, u64 *x,
		       u64 *y)
{
	unsigned int ndigits = curve->ecc->g.ndigits;
	struct ecc_point point = ECC_POINT_INIT(x, y, ndigits);
	int err;

	if (!ecdsa_point_form_ok(curve, in, len))
		return -EINVAL;
	ecc_digits_from_bytes(in + 1, curve->bytes, x, ndigits);
	if (vli_cmp(x, curve->ecc->p, ndigits) >= 0)
		return -EINVAL;
	if (len == 1 + curve->bytes) {
		err = point_decompress(curve, x, in[0] & 1, y);
		if (err)
			return err;
	} else {
		ecc_digits_from_bytes(in + 1 + curve->bytes, curve->bytes, y, ndigits);
		if (in[0] != FORM_UNCOMPRESSED && (y[0] & 1) != (in[0] & 1))
			return -EINVAL;
	}
	return ecc_is_pubkey_valid_partial(curve->ecc, &point);
}

/**
 * ecdsa_point_init() - compute a curve's constants
 * @curve: ecc, n and p are set
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM. ecdsa_point_exit() undoes it.
 */
int ecdsa_point_init(struct ecdsa_curve *curve)
{
	struct ecdsa_point *comb, *row;
	struct add_work *w;
	int i, j;

	ecdsa_num_from_digits(curve->b, curve->ecc->b, curve->ecc->g.ndigits);
	ecdsa_mod_enter(&curve->p, curve->b, curve->b);
	curve->comb_cols = DIV_ROUND_UP(curve->n.bits, ECDSA_COMB_ROWS);

	comb = kcalloc(ECDSA_COMB_POINTS, sizeof(*comb), GFP_KERNEL);
	w = kmalloc_obj(*w);
	if (!comb || !w) {
		kfree(comb);
		kfree(w);
		return -ENOMEM;
	}
	point_set_infinity(curve, &comb[0]);
	for (i = 0; i < ECDSA_COMB_ROWS; i++) {
		row = &comb[1 << i];
		if (!i) {
			point_from_digits(curve, row, &curve->ecc->g);
		} else {
			*row = comb[1 << (i - 1)];
			for (j = 0; j < curve->comb_cols; j++)
				point_add(curve, row, row, row, w);
		}
		for (j = 1; j < 1 << i; j++)
			point_add(curve, &row[j], row, &comb[j], w);
	}
	kfree(w);
	curve->comb = comb;
	return 0;
}

/**
 * ecdsa_point_exit() - undo ecdsa_point_init()
 * @curve: ecdsa_point_init() may have failed or not have been called
 *
 * Context: process context.
 */
void ecdsa_point_exit(struct ecdsa_curve *curve)
{
	kfree(curve->comb);
	curve->comb = NULL;
}
