/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asym_lib.ko: keys as they cross every interface here, checked and measured, and what
 * an operation with them costs. See drivers/crypto/asym/lib/key.c.
 */
#ifndef _CRYPTO_INTERNAL_ASYM_KEY_H
#define _CRYPTO_INTERNAL_ASYM_KEY_H

#include <crypto/internal/asym/types.h>

struct rsa_key;

int asym_key_parse(struct asym_key_data *key);
int asym_key_parse_rsa(struct asym_key_data *key, struct rsa_key *raw);
unsigned int asym_cost(enum asym_algo algo, unsigned int bits, enum asym_op op);
unsigned int asym_rsa_cost(const struct asym_key_data *key, const struct rsa_key *raw,
			   enum asym_op op);
unsigned int asym_key_cost(const struct asym_key_data *data, enum asym_op op);
unsigned int asym_key_prepare_cost(const struct asym_key_data *data);

#endif /* _CRYPTO_INTERNAL_ASYM_KEY_H */
