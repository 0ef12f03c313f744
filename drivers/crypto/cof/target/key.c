// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of an association: a table of fixed size, so a handle is an index
 * and a generation, and a peer cannot make it grow. assoc->key_lock guards
 * it: read (bottom halves disabled) while an operation is submitted, which takes
 * its own reference to the key; write to change it. Keys in the table are created by
 * the worker of the admin queue's jobs, one after the other. Those that come with an operation are
 * in no table. The cost of preparing a key is charged before that begins: in admin.c and io.c.
 */
#include <linux/err.h>
#include <linux/nospec.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/key.h>
#include <trace/events/cof.h>

#include "assoc.h"
#include "flow.h"
#include "key.h"
#include "pool.h"

static u64 key_handle(u32 slot, u32 gen)
{
	return (u64)gen << 32 | (slot + 1);
}

/**
 * cof_tgt_key_find() - the key of an operation
 * @assoc: whose handle it is; the caller holds key_lock and keeps it while it uses the key
 * @handle: from the peer
 *
 * Context: any.
 * Return: the key and what it is; NULL if the handle is unknown.
 */
struct cof_tgt_key *cof_tgt_key_find(struct cof_tgt_assoc *assoc, u64 handle)
{
	u32 slot = (u32)handle - 1;	/* 0 wraps to what is never in range */

	if (slot >= assoc->max_keys)
		return NULL;
	slot = array_index_nospec(slot, assoc->max_keys);
	if (!assoc->keys[slot].key || assoc->keys[slot].gen != handle >> 32)
		return NULL;
	return &assoc->keys[slot];
}

/* Keys are opened one at a time: what is free stays so until cof_tgt_key_open() takes it. */
static int key_slot_free(struct cof_tgt_assoc *assoc)
{
	int found = -ENOSPC;
	u32 slot;

	read_lock_bh(&assoc->key_lock);
	for (slot = 0; slot < assoc->max_keys && found < 0; slot++)
		if (!assoc->keys[slot].key)
			found = slot;
	read_unlock_bh(&assoc->key_lock);
	return found;
}

/**
 * cof_tgt_key_check() - would this key be taken?
 * @assoc: whose it is
 * @data: the key; its size is filled in
 *
 * It is parsed; nothing is computed.
 *
 * Context: any.
 * Return: 0; -EOPNOTSUPP, -EINVAL, -ENOMEM.
 */
int cof_tgt_key_check(const struct cof_tgt_assoc *assoc, struct asym_key_data *data)
{
	struct asym_caps caps;
	int err;

	asym_exec_caps(assoc->pool->exec, &caps);
	if (!cof_tgt_algo_offered(caps.algos & assoc->pool->algos, data->algo))
		return -EOPNOTSUPP;
	if (data->algo == ASYM_ECDSA) {
		if (data->curve >= ASYM_CURVE_NR || !(caps.ec_curves & BIT(data->curve)))
			return -EOPNOTSUPP;
		if (data->der_len > ASYM_MAX_EC_DER)
			return -EINVAL;
	}
	err = asym_key_parse(data);
	if (err)
		return err == -ENOMEM ? err : -EINVAL;
	if (data->algo == ASYM_RSA &&
	    (data->bits < caps.rsa_min_bits || data->bits > caps.rsa_max_bits))
		return -EOPNOTSUPP;
	return 0;
}

/**
 * cof_tgt_key_room() - is there room for a handle?
 * @assoc: whose
 *
 * Context: any.
 * Return: true if so.
 */
bool cof_tgt_key_room(struct cof_tgt_assoc *assoc)
{
	return key_slot_free(assoc) >= 0;
}

/**
 * cof_tgt_key_open() - take a key
 * @assoc: whose it will be
 * @data: the key, still the caller's to wipe
 * @handle: receives its name
 * @key_bytes: receives the size of the modulus, or of the longest signature
 *
 * Context: process; one call at a time for an association.
 * Return: 0; -ENOSPC max_keys are open, of the association or by the host's quota; -EOPNOTSUPP the
 * pool does not take such keys; -EINVAL it is no key; -ESHUTDOWN the association ends; others of
 * asym_exec_key_create().
 */
int cof_tgt_key_open(struct cof_tgt_assoc *assoc, struct asym_key_data *data, u64 *handle,
		     unsigned int *key_bytes)
{
	struct asym_exec_key *key;
	int slot, err;

	err = cof_tgt_key_check(assoc, data);
	if (err)
		return err;
	slot = key_slot_free(assoc);
	if (slot < 0)
		return slot;
	if (!cof_tgt_flow_key_get(assoc->flow))
		return -ENOSPC;
	key = asym_exec_key_create(assoc->pool->exec, data);
	if (IS_ERR(key)) {
		cof_tgt_flow_key_put(assoc->flow);
		return PTR_ERR(key);
	}
	*key_bytes = asym_exec_key_size(key);

	write_lock_bh(&assoc->key_lock);
	if (!assoc->keys_closed) {
		assoc->keys[slot].key = key;
		assoc->keys[slot].algo = data->algo;
		*handle = key_handle(slot, assoc->keys[slot].gen);
		atomic64_inc(&assoc->pool->stats[COF_TGT_KEYS]);
		key = NULL;
	}
	write_unlock_bh(&assoc->key_lock);
	if (!key)
		return 0;
	asym_exec_key_put(key);
	cof_tgt_flow_key_put(assoc->flow);
	return -ESHUTDOWN;
}

static void key_drop(struct cof_tgt_assoc *assoc, struct cof_tgt_key *slot)
{
	asym_exec_key_put(slot->key);
	slot->key = NULL;
	slot->gen++;
	cof_tgt_flow_key_put(assoc->flow);
	atomic64_dec(&assoc->pool->stats[COF_TGT_KEYS]);
}

/**
 * cof_tgt_key_close() - forget a key
 * @assoc: whose handle it is
 * @handle: from the peer
 *
 * Operations in flight keep it until they are answered.
 *
 * Context: any.
 * Return: 0 or -ESTALE.
 */
int cof_tgt_key_close(struct cof_tgt_assoc *assoc, u64 handle)
{
	struct cof_tgt_key *slot;

	write_lock_bh(&assoc->key_lock);
	slot = cof_tgt_key_find(assoc, handle);
	if (slot)
		key_drop(assoc, slot);
	write_unlock_bh(&assoc->key_lock);
	trace_cof_key_close(true, assoc->id, handle, slot ? 0 : -ESTALE);
	return slot ? 0 : -ESTALE;
}

/**
 * cof_tgt_keys_wipe() - forget all keys of an association and take no more
 * @assoc: the association
 *
 * Context: any.
 */
void cof_tgt_keys_wipe(struct cof_tgt_assoc *assoc)
{
	u32 slot;

	write_lock_bh(&assoc->key_lock);
	assoc->keys_closed = true;
	for (slot = 0; slot < assoc->max_keys; slot++)
		if (assoc->keys[slot].key)
			key_drop(assoc, &assoc->keys[slot]);
	write_unlock_bh(&assoc->key_lock);
}
