/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ecdsa_sign.ko: keys and signatures of ECDSA as they cross every interface here, strictly
 * in DER. Curves are those of enum asym_curve.
 *
 * The module also registers software drivers that sign and verify with LKCF: akcipher
 * "ecdsa-nist-p256" up to 6.12, sig "x962(ecdsa-nist-p256)" and "p1363(ecdsa-nist-p256)" later.
 */
#ifndef _CRYPTO_INTERNAL_ASYM_ECDSA_H
#define _CRYPTO_INTERNAL_ASYM_ECDSA_H

#include <linux/types.h>
#include <crypto/internal/asym/types.h>

#define ECDSA_MAX_DIGEST	64	/* bytes; longer ones are -EINVAL */
#define ECDSA_DRIVER_PREFIX	"ecdsa-sign-"	/* cra_driver_name: "ecdsa-sign-nist-p256" */

const char *ecdsa_curve_name(enum asym_curve curve);
unsigned int ecdsa_curve_bits(enum asym_curve curve);
unsigned int ecdsa_max_sig(enum asym_curve curve);
int ecdsa_curve_by_oid(const u8 *oid, unsigned int len);
int ecdsa_parse_private(enum asym_curve curve, const u8 *der, unsigned int len);
int ecdsa_parse_public(enum asym_curve curve, const u8 *point, unsigned int len);
int ecdsa_parse_sig(enum asym_curve curve, const u8 *der, unsigned int len);
unsigned int ecdsa_sig_len(enum asym_curve curve, const u8 *der, unsigned int len);
int ecdsa_sig_to_p1363(enum asym_curve curve, const u8 *der, unsigned int len, u8 *out,
		       unsigned int room);
int ecdsa_sig_from_p1363(enum asym_curve curve, const u8 *sig, unsigned int len, u8 *der,
			 unsigned int room);
int ecdsa_check_private(enum asym_curve curve, const u8 *der, unsigned int len);
int ecdsa_check_public(enum asym_curve curve, const u8 *point, unsigned int len);

#endif /* _CRYPTO_INTERNAL_ASYM_ECDSA_H */
