/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ecdsa_der: what its files share.
 */
#ifndef SELFTESTS_ASYM_DER_H
#define SELFTESTS_ASYM_DER_H

#define OPENSSL_SUPPRESS_DEPRECATED	/* EC_KEY shows what is encoded how */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

#include "../../lib/chance.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_DER		2048
#define MAX_POINT	160
#define MAX_BYTES	66		/* of a coordinate, of P-521 */
#define KEYS_PER_CURVE	3		/* for sigs */
#define FORM_NR		3
#define HASH_NR		4
#define CURVE_NR	4
#define EC_OID_SIZE	7

enum class { KEYS, SIGS, POINTS, CLASS_NR };

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

struct hash {
	const char *name;
	unsigned int bytes;
};

extern const point_conversion_form_t forms[FORM_NR];
extern const struct hash hashes[HASH_NR];
extern struct curve curves[CURVE_NR];
extern unsigned int nr_curves;		/* of these, which the kernel has */
extern const uint8_t ec_oid[EC_OID_SIZE];
extern uint64_t rng_state;		/* the seed's; all that is random comes from it */
extern BN_CTX *bn_ctx;
extern unsigned long accepted[CLASS_NR], refused[CLASS_NR];

static inline unsigned int rnd(unsigned int below)
{
	return chance(&rng_state, below);
}

static inline bool one_in(unsigned int n)
{
	return !rnd(n);
}

static inline void rnd_bytes(uint8_t *p, size_t len)
{
	chance_bytes(&rng_state, p, len);
}

/* main.c */
void die(const char *what);
void print_hex(const char *what, const uint8_t *p, size_t len);
void disagree(enum class class, const struct curve *c, const char *what, const struct buf *b);

/* encode.c */
void put(struct buf *b, const void *p, size_t len);
void put_byte(struct buf *b, uint8_t byte);
void put_plain(struct buf *b, uint8_t tag, const uint8_t *p, size_t len);
void put_element(struct buf *b, uint8_t tag, const void *p, size_t len);
void break_one_of(unsigned int elements);
void break_none(void);
void break_blindly(struct buf *b);
void put_number(struct buf *b, const BIGNUM *bn, size_t bytes);
void put_point(struct buf *b, const struct curve *c, const EC_POINT *point,
	       point_conversion_form_t form);

/* curve.c */
EC_KEY *key_of(const struct curve *c, const BIGNUM *d);
BIGNUM *random_scalar(const struct curve *c);
size_t openssl_sign(EC_KEY *key, const uint8_t *digest, size_t digest_len, uint8_t *sig);
size_t der_length(const uint8_t *p, size_t len);

/* key.c */
bool der_next(const uint8_t **p, size_t *left, int *tag, int *class, const uint8_t **value,
	      size_t *len);
void test_key(const struct curve *c);

/* cert.c */
key_serial_t add_cert(const struct curve *c, const struct buf *point, const char *name);

/* sig.c */
void test_sig(const struct curve *c);

/* point.c */
void test_point(const struct curve *c);

#endif
