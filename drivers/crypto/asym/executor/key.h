/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A key, set on a transform of each driver that accepts it. See key.c.
 */
#ifndef _ASYM_EXECUTOR_KEY_H
#define _ASYM_EXECUTOR_KEY_H

#include <linux/kref.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/executor.h>

#include "drivers.h"

struct crypto_sig;

/**
 * struct asym_exec_key - a key, set on a transform of each driver that accepts it
 * @exec: the executor; a reference
 * @refs: the creator's and one for each request
 * @algo: enum asym_algo
 * @curve: ECDSA: enum asym_curve
 * @is_private: for decrypt and sign
 * @size: bytes of a block; ECDSA: of the longest signature
 * @cost: of an operation of each kind, asym_key_cost()
 * @tfm: RSA, by driver; NULL where the driver refused the key
 * @tfm_size: bytes of the modulus, as that driver sees it
 * @remote: ECDSA, by driver: of asym_exec_remote_ops; NULL where the driver is local, or refused
 * @sig: ECDSA: this machine's signer; NULL if every driver is a remote one, which has its own
 * @local: ECDSA: index of the driver that @sig stands for
 * @max: RSA: modulus minus one: public, checked against every input
 * @free_work: frees it
 */
struct asym_exec_key {
	struct asym_exec *exec;
	struct kref refs;
	u8 algo;
	u8 curve;
	bool is_private;
	unsigned int size;
	unsigned int cost[ASYM_OP_NR];
	struct crypto_akcipher *tfm[EXEC_MAX_DRIVERS];
	unsigned int tfm_size[EXEC_MAX_DRIVERS];
	void *remote[EXEC_MAX_DRIVERS];
	struct crypto_sig *sig;
	unsigned int local;
	struct work_struct free_work;
	u8 max[];
};

void exec_put(struct asym_exec *exec);

/* Whether a driver has a key, so that an operation may go to it. */
static inline bool exec_key_on(const struct asym_exec_key *key, unsigned int drv)
{
	if (key->algo == ASYM_RSA)
		return key->tfm[drv];
	return key->remote[drv] || (key->sig && key->local == drv);
}

#endif /* _ASYM_EXECUTOR_KEY_H */
