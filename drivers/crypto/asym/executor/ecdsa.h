/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ECDSA, whose interfaces are synchronous on all kernels. See ecdsa.c.
 */
#ifndef _ASYM_EXECUTOR_ECDSA_H
#define _ASYM_EXECUTOR_ECDSA_H

struct asym_exec_key;
struct asym_key_data;

int exec_ec_key_set(struct asym_exec_key *key, const struct asym_key_data *data);
void exec_ec_key_free(struct asym_exec_key *key);

#endif /* _ASYM_EXECUTOR_ECDSA_H */
