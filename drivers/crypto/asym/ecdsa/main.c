// SPDX-License-Identifier: GPL-2.0-only
/*
 * ecdsa_sign.ko: the curves, and the module. Curves are set up before algorithms are registered,
 * and are constant afterwards, so no lock is needed.
 */
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/string.h>
#include <crypto/ecdh.h>

#include "types.h"

/* Contents of the OIDs of RFC 5480, 2.1.1.1 */
static const u8 oid_p192[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01 };
static const u8 oid_p256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const u8 oid_p384[] = { 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const u8 oid_p521[] = { 0x2b, 0x81, 0x04, 0x00, 0x23 };

#define CURVE(nr, size, sig) {						\
	.name = "nist-p" #nr,						\
	.oid = oid_p##nr,						\
	.oid_len = sizeof(oid_p##nr),					\
	.ecc_id = ECC_CURVE_NIST_P##nr,					\
	.bits = nr,							\
	.bytes = size,							\
	.max_sig = sig,							\
}

static struct ecdsa_curve curves[ASYM_CURVE_NR] = {
	[ASYM_CURVE_P192] = CURVE(192, 24, 56),
	[ASYM_CURVE_P256] = CURVE(256, 32, 72),
	[ASYM_CURVE_P384] = CURVE(384, 48, 104),
	[ASYM_CURVE_P521] = CURVE(521, 66, 139),
};

static const struct ecdsa_curve *curve_find(enum asym_curve curve)
{
	unsigned int i = curve;

	return i < ARRAY_SIZE(curves) && curves[i].name ? &curves[i] : NULL;
}

/* NULL: unknown, or not available (P-192 in FIPS mode) */
const struct ecdsa_curve *ecdsa_curve_get(enum asym_curve curve)
{
	const struct ecdsa_curve *c = curve_find(curve);

	return c && c->ecc ? c : NULL;
}

/**
 * ecdsa_curve_name() - name of a curve in names of algorithms
 * @curve: enum asym_curve, or any other number
 *
 * Context: any.
 * Return: "nist-p256" and so on, NULL if unknown.
 */
const char *ecdsa_curve_name(enum asym_curve curve)
{
	const struct ecdsa_curve *c = curve_find(curve);

	return c ? c->name : NULL;
}
EXPORT_SYMBOL_GPL(ecdsa_curve_name);

/**
 * ecdsa_curve_bits() - size of the numbers of a curve
 * @curve: enum asym_curve, or any other number
 *
 * Context: any.
 * Return: bits, 0 if unknown.
 */
unsigned int ecdsa_curve_bits(enum asym_curve curve)
{
	const struct ecdsa_curve *c = curve_find(curve);

	return c ? c->bits : 0;
}
EXPORT_SYMBOL_GPL(ecdsa_curve_bits);

/**
 * ecdsa_max_sig() - size of the longest Ecdsa-Sig-Value
 * @curve: enum asym_curve, or any other number
 *
 * Context: any.
 * Return: bytes, 0 if this machine has no such curve.
 */
unsigned int ecdsa_max_sig(enum asym_curve curve)
{
	const struct ecdsa_curve *c = ecdsa_curve_get(curve);

	return c ? c->max_sig : 0;
}
EXPORT_SYMBOL_GPL(ecdsa_max_sig);

/**
 * ecdsa_curve_by_oid() - find a curve by OBJECT IDENTIFIER
 * @oid: its contents, without tag and length; stays the caller's
 * @len: bytes at @oid
 *
 * Context: any.
 * Return: enum asym_curve, -ENOPKG if it is not available.
 */
int ecdsa_curve_by_oid(const u8 *oid, unsigned int len)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(curves); i++)
		if (curves[i].ecc && curves[i].oid_len == len && !memcmp(curves[i].oid, oid, len))
			return i;
	return -ENOPKG;
}
EXPORT_SYMBOL_GPL(ecdsa_curve_by_oid);

static void curves_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(curves); i++)
		ecdsa_point_exit(&curves[i]);
}

static int __init curve_init(struct ecdsa_curve *curve)
{
	const struct ecc_curve *ecc = ecc_get_curve(curve->ecc_id);
	int err;

	if (!ecc)
		return 0;
	curve->ecc = ecc;
	ecdsa_mod_init(&curve->n, ecc->n, ecc->g.ndigits);
	ecdsa_mod_init(&curve->p, ecc->p, ecc->g.ndigits);
	err = ecdsa_point_init(curve);
	if (err)
		curve->ecc = NULL;
	return err;
}

static int __init ecdsa_sign_init(void)
{
	int i, err;

	err = ecdsa_nonce_init();
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(curves); i++) {
		err = curves[i].name ? curve_init(&curves[i]) : 0;
		if (err)
			goto err_curves;
	}
	err = ecdsa_alg_register();
	if (err)
		goto err_curves;
	return 0;

err_curves:
	curves_exit();
	ecdsa_nonce_exit();
	return err;
}

static void __exit ecdsa_sign_exit(void)
{
	ecdsa_alg_unregister();
	curves_exit();
	ecdsa_nonce_exit();
}

module_init(ecdsa_sign_init);
module_exit(ecdsa_sign_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Deterministic ECDSA signatures and their verification");
