/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSA: padding, public operations, and verification of results. See rsa.c.
 */
#ifndef _ASYM_PROVIDER_OP_RSA_H
#define _ASYM_PROVIDER_OP_RSA_H

#include <linux/types.h>

struct provider_key;
struct provider_op;

int provider_rsa_encode(struct provider_op *op);
int provider_rsa_decode(struct provider_op *op);
int provider_rsa_set_public(struct provider_key *key, const u8 *n, size_t n_len, const u8 *e,
			    size_t e_len);
int provider_rsa_public(struct provider_op *op);
int provider_rsa_check(const struct provider_op *op);

#endif /* _ASYM_PROVIDER_OP_RSA_H */
