// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic modulo an odd number, for secret numbers. Neither branches nor addresses depend on the
 * value of a number, only on the curve. Exponents are public.
 *
 * Assumes that a multiplication of 32 by 32 bits takes the same time for all values. Temporaries
 * that held secrets are wiped. Any context.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "types.h"

/* All ones if @bit is 1, zero if 0; the compiler must not make a branch of it. */
static u32 mask_of(u32 bit)
{
	OPTIMIZER_HIDE_VAR(bit);
	return -bit;
}

static u32 num_add(unsigned int limbs, u32 *r, const u32 *a, const u32 *b)
{
	u64 acc = 0;
	int i;

	for (i = 0; i < limbs; i++) {
		acc += (u64)a[i] + b[i];
		r[i] = acc;
		acc >>= 32;
	}
	return acc;
}

/* Returns the borrow: 1 if a < b. @r may be NULL. */
static u32 num_sub(unsigned int limbs, u32 *r, const u32 *a, const u32 *b)
{
	u32 borrow = 0;
	int i;

	for (i = 0; i < limbs; i++) {
		u64 diff = (u64)a[i] - b[i] - borrow;

		if (r)
			r[i] = diff;
		borrow = (diff >> 32) & 1;
	}
	return borrow;
}

/* r = a mod m, where a, with @carry above its limbs, is less than 2m */
static void mod_sub_once(const struct ecdsa_mod *m, u32 *r, const u32 *a, u32 carry)
{
	u32 t[ECDSA_LIMBS];
	u32 keep = mask_of(num_sub(m->limbs, t, a, m->m) & (carry ^ 1));
	int i;

	for (i = 0; i < m->limbs; i++)
		r[i] = (a[i] & keep) | (t[i] & ~keep);
	memzero_explicit(t, sizeof(t));
}

/* r = a + b; both are less than m */
void ecdsa_mod_add(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *b)
{
	u32 carry = num_add(m->limbs, r, a, b);

	mod_sub_once(m, r, r, carry);
}

/* r = a - b; both are less than m */
void ecdsa_mod_sub(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *b)
{
	u32 mask = mask_of(num_sub(m->limbs, r, a, b));
	u64 acc = 0;
	int i;

	for (i = 0; i < m->limbs; i++) {
		acc += (u64)r[i] + (m->m[i] & mask);
		r[i] = acc;
		acc >>= 32;
	}
}

/* r = a * b / R mod m. One of them is less than m, the other less than R. */
void ecdsa_mod_mul(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *b)
{
	unsigned int n = m->limbs;
	u32 t[ECDSA_LIMBS + 2] = { };
	u64 acc;
	u32 q;
	int i, j;

	for (i = 0; i < n; i++) {
		acc = 0;
		for (j = 0; j < n; j++) {
			acc += (u64)a[j] * b[i] + t[j];
			t[j] = acc;
			acc >>= 32;
		}
		acc += t[n];
		t[n] = acc;
		t[n + 1] = acc >> 32;

		q = t[0] * m->minus_inv;
		acc = (u64)q * m->m[0] + t[0];
		acc >>= 32;
		for (j = 1; j < n; j++) {
			acc += (u64)q * m->m[j] + t[j];
			t[j - 1] = acc;
			acc >>= 32;
		}
		acc += t[n];
		t[n - 1] = acc;
		t[n] = t[n + 1] + (acc >> 32);
	}
	mod_sub_once(m, r, t, t[n]);
	memzero_explicit(t, sizeof(t));
}

/* Into Montgomery's form; @a may be as large as the limbs are. */
void ecdsa_mod_enter(const struct ecdsa_mod *m, u32 *r, const u32 *a)
{
	ecdsa_mod_mul(m, r, a, m->r2);
}

/* Out of Montgomery's form */
void ecdsa_mod_leave(const struct ecdsa_mod *m, u32 *r, const u32 *a)
{
	static const u32 one[ECDSA_LIMBS] = { 1 };

	ecdsa_mod_mul(m, r, a, one);
}

/* r = a mod m */
void ecdsa_mod_reduce(const struct ecdsa_mod *m, u32 *r, const u32 *a)
{
	ecdsa_mod_enter(m, r, a);
	ecdsa_mod_leave(m, r, r);
}

/* r = a^e in Montgomery's form; e is public and not 0. @r must not be @a. */
void ecdsa_mod_pow(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *e)
{
	int i = m->limbs * 32 - 1;

	while (!(e[i / 32] & BIT(i % 32)))
		i--;
	memcpy(r, a, m->limbs * sizeof(*r));
	while (--i >= 0) {
		ecdsa_mod_mul(m, r, r, r);
		if (e[i / 32] & BIT(i % 32))
			ecdsa_mod_mul(m, r, r, a);
	}
}

/* r = 1 / a in Montgomery's form, by Fermat; m is a prime. @r must not be @a. */
void ecdsa_mod_inv(const struct ecdsa_mod *m, u32 *r, const u32 *a)
{
	static const u32 two[ECDSA_LIMBS] = { 2 };
	u32 e[ECDSA_LIMBS];

	num_sub(m->limbs, e, m->m, two);
	ecdsa_mod_pow(m, r, a, e);
}

/* Whether a is in [1, m - 1]. The answer is public, a is secret. */
bool ecdsa_mod_scalar(const struct ecdsa_mod *m, const u32 *a)
{
	u32 any = 0;
	int i;

	for (i = 0; i < m->limbs; i++)
		any |= a[i];
	any = (any | -any) >> 31;
	return any & num_sub(m->limbs, NULL, a, m->m);
}

/* Set up a modulus; its top bit among @ndigits need not be set. */
void ecdsa_mod_init(struct ecdsa_mod *m, const u64 *digits, unsigned int ndigits)
{
	u32 inv = 1;
	int i;

	memset(m, 0, sizeof(*m));
	m->limbs = 2 * ndigits;
	m->bits = vli_num_bits(digits, ndigits);
	ecdsa_num_from_digits(m->m, digits, ndigits);

	/* Newton: each step doubles the number of correct bits. Any odd number starts with one. */
	for (i = 0; i < 5; i++)
		inv *= 2 - m->m[0] * inv;
	m->minus_inv = -inv;

	m->r2[0] = 1;
	for (i = 0; i < 2 * 32 * m->limbs; i++)
		ecdsa_mod_add(m, m->r2, m->r2, m->r2);
}

/* The leftmost bits of a string, no more than m has: bits2int() of RFC 6979, 2.3.2 */
void ecdsa_num_bits_to_int(const struct ecdsa_mod *m, u32 *r, const u8 *in, unsigned int len)
{
	unsigned int bytes = (m->bits + 7) / 8;
	unsigned int shift = 8 * bytes - m->bits;
	int i;

	ecdsa_num_from_bytes(r, m->limbs, in, min(len, bytes));
	if (len < bytes || !shift)
		return;
	for (i = 0; i < m->limbs; i++) {
		r[i] >>= shift;
		if (i + 1 < m->limbs)
			r[i] |= r[i + 1] << (32 - shift);
	}
}

/* From big-endian bytes, no more than the limbs have */
void ecdsa_num_from_bytes(u32 *r, unsigned int limbs, const u8 *in, unsigned int len)
{
	int i;

	memset(r, 0, limbs * sizeof(*r));
	for (i = 0; i < len; i++)
		r[i / 4] |= (u32)in[len - 1 - i] << (8 * (i % 4));
}

/* To big-endian bytes, no more than the limbs have */
void ecdsa_num_to_bytes(u8 *out, unsigned int len, const u32 *a)
{
	int i;

	for (i = 0; i < len; i++)
		out[len - 1 - i] = a[i / 4] >> (8 * (i % 4));
}

/* From the ECC library's form */
void ecdsa_num_from_digits(u32 *r, const u64 *digits, unsigned int ndigits)
{
	int i;

	for (i = 0; i < ndigits; i++) {
		r[2 * i] = digits[i];
		r[2 * i + 1] = digits[i] >> 32;
	}
}

/* To the ECC library's form */
void ecdsa_num_to_digits(u64 *digits, const u32 *a, unsigned int ndigits)
{
	int i;

	for (i = 0; i < ndigits; i++)
		digits[i] = a[2 * i] | (u64)a[2 * i + 1] << 32;
}
