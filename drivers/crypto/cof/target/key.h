/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keys of an association. See key.c.
 */
#ifndef _COF_TARGET_KEY_H
#define _COF_TARGET_KEY_H

#include <linux/bits.h>
#include <linux/types.h>
#include <crypto/internal/asym/types.h>

struct asym_exec_key;
struct cof_tgt_assoc;

/**
 * struct cof_tgt_key - a slot of an association's key table
 * @key: NULL: free
 * @algo: enum asym_algo, of @key
 * @gen: upper half of the handle; changes when a key is closed
 */
struct cof_tgt_key {
	struct asym_exec_key *key;
	u8 algo;
	u32 gen;
};

/* @algos: BIT(enum asym_algo); @algo: any, from a peer */
static inline bool cof_tgt_algo_offered(u32 algos, u8 algo)
{
	return (algo == ASYM_RSA || algo == ASYM_ECDSA) && algos & BIT(algo);
}

int cof_tgt_key_check(const struct cof_tgt_assoc *assoc, struct asym_key_data *data);
bool cof_tgt_key_room(struct cof_tgt_assoc *assoc);
int cof_tgt_key_open(struct cof_tgt_assoc *assoc, struct asym_key_data *data, u64 *handle,
		     unsigned int *key_bytes);
int cof_tgt_key_close(struct cof_tgt_assoc *assoc, u64 handle);
struct cof_tgt_key *cof_tgt_key_find(struct cof_tgt_assoc *assoc, u64 handle);
void cof_tgt_keys_wipe(struct cof_tgt_assoc *assoc);

#endif /* _COF_TARGET_KEY_H */
