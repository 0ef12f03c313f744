/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types of ecdsa_sign.ko. A number is an array of 32-bit limbs, least significant first, of
 * which a curve uses the first ecdsa_mod.limbs.
 */
#ifndef _ECDSA_INT_H
#define _ECDSA_INT_H

#include <linux/bits.h>
#include <linux/types.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/hash.h>
#include <crypto/internal/ecc.h>

#define ECDSA_LIMBS		(2 * ECC_MAX_DIGITS)
#define ECDSA_BYTES		66			/* a number of P-521 */
#define ECDSA_RAW		(2 * ECDSA_BYTES)	/* r and s, as IEEE P1363 has them */
#define ECDSA_HMAC_BLOCK	128			/* of SHA-512 */

/*
 * Just above the kernel's software, 100, which only verifies. So a driver whose priority is above
 * that of software for RSA is above this one for ECDSA, too.
 */
#define ECDSA_PRIORITY		101

#define ECDSA_COMB_ROWS		4
#define ECDSA_COMB_POINTS	BIT(ECDSA_COMB_ROWS)

/* An odd modulus with its constants of Montgomery's multiplication; R = 2^(32 * limbs) */
struct ecdsa_mod {
	unsigned int limbs;
	unsigned int bits;
	u32 minus_inv;			/* -m^-1 mod 2^32 */
	u32 m[ECDSA_LIMBS];
	u32 r2[ECDSA_LIMBS];		/* R^2 mod m */
};

/* Homogeneous coordinates, in Montgomery's form mod p. Infinity is (0 : y : 0). */
struct ecdsa_point {
	u32 x[ECDSA_LIMBS];
	u32 y[ECDSA_LIMBS];
	u32 z[ECDSA_LIMBS];
};

/* Constant once ecdsa_curves_init() has run */
struct ecdsa_curve {
	const char *name;
	const u8 *oid;
	unsigned int oid_len;
	unsigned int ecc_id;
	unsigned int bits;
	unsigned int bytes;		/* of a number */
	unsigned int max_sig;		/* of an Ecdsa-Sig-Value */

	const struct ecc_curve *ecc;	/* NULL: not on this machine */
	struct ecdsa_mod n;
	struct ecdsa_mod p;
	u32 b[ECDSA_LIMBS];		/* in Montgomery's form */
	struct ecdsa_point *comb;	/* sums of G times powers of 2^comb_cols */
	unsigned int comb_cols;
};

/* A key of a transform. The owner of the memory wipes it. */
struct ecdsa_key {
	const struct ecdsa_curve *curve;
	bool has_public;
	bool has_private;
	u64 x[ECC_MAX_DIGITS];
	u64 y[ECC_MAX_DIGITS];
	u32 d[ECDSA_LIMBS];
};

/* The generator of RFC 6979, 3.2; wipe it. */
struct ecdsa_nonce {
	struct crypto_shash *hash;
	unsigned int hlen;
	bool again;
	u8 k[HASH_MAX_DIGESTSIZE];
	u8 v[HASH_MAX_DIGESTSIZE];
	u8 block[ECDSA_HMAC_BLOCK];
	u8 t[ECDSA_BYTES];
	struct shash_desc *desc;
};

/* The fields of a private key; they point into its DER */
struct ecdsa_der_private {
	const u8 *scalar;		/* ecdsa_curve.bytes of them */
	const u8 *point;		/* NULL: none */
	unsigned int point_len;
};

/* math.c */
void ecdsa_mod_init(struct ecdsa_mod *m, const u64 *digits, unsigned int ndigits);
void ecdsa_mod_mul(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *b);
void ecdsa_mod_enter(const struct ecdsa_mod *m, u32 *r, const u32 *a);
void ecdsa_mod_leave(const struct ecdsa_mod *m, u32 *r, const u32 *a);
void ecdsa_mod_reduce(const struct ecdsa_mod *m, u32 *r, const u32 *a);
void ecdsa_mod_add(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *b);
void ecdsa_mod_sub(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *b);
void ecdsa_mod_pow(const struct ecdsa_mod *m, u32 *r, const u32 *a, const u32 *e);
void ecdsa_mod_inv(const struct ecdsa_mod *m, u32 *r, const u32 *a);
bool ecdsa_mod_scalar(const struct ecdsa_mod *m, const u32 *a);
void ecdsa_num_bits_to_int(const struct ecdsa_mod *m, u32 *r, const u8 *in, unsigned int len);
void ecdsa_num_from_bytes(u32 *r, unsigned int limbs, const u8 *in, unsigned int len);
void ecdsa_num_to_bytes(u8 *out, unsigned int len, const u32 *a);
void ecdsa_num_from_digits(u32 *r, const u64 *digits, unsigned int ndigits);
void ecdsa_num_to_digits(u64 *digits, const u32 *a, unsigned int ndigits);

/* point.c */
int ecdsa_point_init(struct ecdsa_curve *curve);
void ecdsa_point_exit(struct ecdsa_curve *curve);
int ecdsa_point_mult_base(const struct ecdsa_curve *curve, const u32 *scalar, u32 *x, u32 *y);
int ecdsa_point_mult2(const struct ecdsa_curve *curve, const u64 *u1, const u64 *u2,
		      const struct ecc_point *q, u64 *x);
int ecdsa_point_decode(const struct ecdsa_curve *curve, const u8 *in, unsigned int len, u64 *x,
		       u64 *y);
bool ecdsa_point_form_ok(const struct ecdsa_curve *curve, const u8 *in, unsigned int len);

/* der.c */
int ecdsa_der_get_private(const struct ecdsa_curve *curve, const u8 *der, unsigned int len,
			  struct ecdsa_der_private *key);
unsigned int ecdsa_der_sig_len(const struct ecdsa_curve *curve, const u8 *der, unsigned int len);
int ecdsa_der_get_sig(const struct ecdsa_curve *curve, const u8 *der, unsigned int len, u8 *raw);
unsigned int ecdsa_der_put_sig(const struct ecdsa_curve *curve, const u8 *raw, u8 *der);

/* nonce.c */
int ecdsa_nonce_init(void);
void ecdsa_nonce_exit(void);
int ecdsa_nonce_start(struct ecdsa_nonce *nonce, const struct ecdsa_curve *curve, const u32 *d,
		      const u8 *digest, unsigned int len);
int ecdsa_nonce_next(struct ecdsa_nonce *nonce, const struct ecdsa_curve *curve, u32 *k);
size_t ecdsa_nonce_descsize(void);

/* core.c */
int ecdsa_key_set_private(struct ecdsa_key *key, const u8 *der, unsigned int len);
int ecdsa_key_set_public(struct ecdsa_key *key, const u8 *point, unsigned int len);
void ecdsa_key_wipe(struct ecdsa_key *key);
int ecdsa_sign(const struct ecdsa_key *key, const u8 *digest, unsigned int len, u8 *raw);
int ecdsa_verify(const struct ecdsa_key *key, const u8 *raw, const u8 *digest, unsigned int len);

/* main.c */
const struct ecdsa_curve *ecdsa_curve_get(enum asym_curve curve);

/* akcipher.c or sig.c, depending on the kernel */
int ecdsa_alg_register(void);
void ecdsa_alg_unregister(void);

#endif /* _ECDSA_INT_H */
