// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys of an executor: a transform of each driver with the key set.
 *
 * The transforms hold the key. Only the modulus (less one) is copied here: it
 * is public, and every input is checked against it.
 *
 * A key is created in process context, and its reference is dropped in any.
 * Freeing a transform may sleep, and wait for a device, so a work item frees it.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/akcipher.h>
#include <crypto/internal/asym/ecdsa.h>
#include <crypto/internal/asym/key.h>
#include <crypto/internal/rsa.h>

#include "ecdsa.h"
#include "key.h"
#include "main.h"
#include "wq.h"

/* Drop a reference to the executor; the last one lets asym_exec_destroy() continue. */
void exec_put(struct asym_exec *exec)
{
	if (refcount_dec_and_test(&exec->refs))
		complete(&exec->released);
}

/* max = n - 1, as long as a block */
static void key_set_max(struct asym_exec_key *key, const struct rsa_key *raw)
{
	unsigned int i = key->size;

	memcpy(key->max + key->size - raw->n_sz, raw->n, raw->n_sz);
	while (i-- && !key->max[i]--)
		;
}

/* Set the key, of @n_sz bytes, on a transform of one driver; 0 or the driver's errno. */
static int key_set(struct asym_exec_key *key, unsigned int i, const struct asym_key_data *data,
		   size_t n_sz)
{
	struct exec_driver *drv = &key->exec->drivers[i];
	struct crypto_akcipher *tfm;
	unsigned int size;
	int err;

	tfm = crypto_alloc_akcipher(drv->name, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);

	/* The same driver as when it was found? Requests were sized for that one. */
	err = -ENODEV;
	if (crypto_akcipher_alg(tfm) != crypto_akcipher_alg(READ_ONCE(drv->probe)) ||
	    crypto_akcipher_reqsize(tfm) > key->exec->reqsize)
		goto free_tfm;

	if (data->is_private)
		err = crypto_akcipher_set_priv_key(tfm, data->der, data->der_len);
	else
		err = crypto_akcipher_set_pub_key(tfm, data->der, data->der_len);
	if (err)
		goto free_tfm;

	size = crypto_akcipher_maxsize(tfm);
	err = -EINVAL;
	if (size < n_sz || size > key->size)
		goto free_tfm;

	key->tfm[i] = tfm;
	key->tfm_size[i] = size;
	return 0;

free_tfm:
	crypto_free_akcipher(tfm);
	return err;
}

/* RSA: set it on every driver. Returns how many accepted it; *@err: the first refusal. */
static int key_set_all(struct asym_exec_key *key, const struct asym_key_data *data, size_t n_sz,
		       int *err)
{
	struct asym_exec *exec = key->exec;
	int i, ret, taken = 0;

	*err = -ENODEV;
	for (i = 0; i < exec->nr_drivers; i++) {
		if (!exec_driver_there(&exec->drivers[i]))
			continue;
		ret = key_set(key, i, data, n_sz);
		if (!ret) {
			taken++;
			continue;
		}
		if (*err == -ENODEV)
			*err = ret;
		spin_lock_bh(&exec->lock);
		exec->drivers[i].key_errors++;
		spin_unlock_bh(&exec->lock);
	}
	return taken;
}

static void key_free(struct asym_exec_key *key)
{
	int i;

	exec_ec_key_free(key);
	for (i = 0; i < key->exec->nr_drivers; i++)
		if (key->tfm[i])
			crypto_free_akcipher(key->tfm[i]);
	kfree(key);
}

static void key_free_work(struct work_struct *work)
{
	struct asym_exec_key *key = container_of(work, struct asym_exec_key, free_work);
	struct asym_exec *exec = key->exec;

	key_free(key);
	spin_lock_bh(&exec->lock);
	exec->keys--;
	spin_unlock_bh(&exec->lock);
	exec_put(exec);
}

/**
 * asym_exec_key_create() - prepare a key for operations
 * @exec: the executor; the key holds a reference
 * @data: the key; used during the call only; the caller wipes it
 *
 * Sets the key on every driver of the executor. One that accepts it is enough:
 * operations go to the first that did. ECDSA keys are set on the drivers that compute
 * elsewhere, and on this machine's signer in the place of the first driver that does not.
 *
 * Context: process; may sleep, as long as the driver does.
 * Return: the key, with one reference for the caller; ERR_PTR(): the errors of
 * asym_key_parse(), -ENOMEM, -ENODEV while there is no driver, or the errno of the first
 * driver if none accepted the key.
 */
struct asym_exec_key *asym_exec_key_create(struct asym_exec *exec,
					   const struct asym_key_data *data)
{
	struct asym_key_data parsed = *data;
	struct asym_exec_key *key;
	struct rsa_key raw;
	bool is_rsa = data->algo == ASYM_RSA;
	unsigned int size;
	int op, err;

	err = is_rsa ? asym_key_parse_rsa(&parsed, &raw) : asym_key_parse(&parsed);
	if (err)
		return ERR_PTR(err);
	size = is_rsa ? parsed.bits / 8 : ecdsa_max_sig(parsed.curve);

	key = kzalloc_flex(*key, max, is_rsa ? size : 0);
	if (!key)
		return ERR_PTR(-ENOMEM);
	key->exec = exec;
	key->algo = parsed.algo;
	key->curve = parsed.curve;
	key->is_private = parsed.is_private;
	key->size = size;
	for (op = 0; op < ASYM_OP_NR; op++)
		key->cost[op] = is_rsa ? asym_rsa_cost(&parsed, &raw, op) :
					 asym_cost(parsed.algo, parsed.bits, op);
	kref_init(&key->refs);
	INIT_WORK(&key->free_work, key_free_work);

	if (is_rsa) {
		key_set_max(key, &raw);
		if (key_set_all(key, &parsed, raw.n_sz, &err))
			err = 0;
	} else {
		err = exec_ec_key_set(key, &parsed);
	}
	if (err) {
		key_free(key);
		return ERR_PTR(err);
	}

	refcount_inc(&exec->refs);
	spin_lock_bh(&exec->lock);
	exec->keys++;
	spin_unlock_bh(&exec->lock);
	return key;
}
EXPORT_SYMBOL_GPL(asym_exec_key_create);

static void key_release(struct kref *refs)
{
	struct asym_exec_key *key = container_of(refs, struct asym_exec_key, refs);

	queue_work(exec_house_wq, &key->free_work);
}

/**
 * asym_exec_key_get() - take one more reference to a key
 * @key: the key; the caller holds a reference
 *
 * Context: any.
 */
void asym_exec_key_get(struct asym_exec_key *key)
{
	kref_get(&key->refs);
}
EXPORT_SYMBOL_GPL(asym_exec_key_get);

/**
 * asym_exec_key_put() - drop a reference to a key
 * @key: the key; requests submitted before have their own reference
 *
 * Context: any.
 */
void asym_exec_key_put(struct asym_exec_key *key)
{
	kref_put(&key->refs, key_release);
}
EXPORT_SYMBOL_GPL(asym_exec_key_put);

/**
 * asym_exec_key_size() - length of a block
 * @key: the key
 *
 * Context: any.
 * Return: bytes of the modulus: of a signature, a ciphertext, and of the room
 * an output needs; ECDSA: of the longest signature.
 */
unsigned int asym_exec_key_size(const struct asym_exec_key *key)
{
	return key->size;
}
EXPORT_SYMBOL_GPL(asym_exec_key_size);

/**
 * asym_exec_key_cost() - cost of an operation with a key
 * @key: the key
 * @op: the operation, below ASYM_OP_NR
 *
 * Context: any.
 * Return: milliunits, by the work that this key causes, see asym_cost(). Preparing the key is not
 * included: asym_key_prepare_cost().
 */
unsigned int asym_exec_key_cost(const struct asym_exec_key *key, enum asym_op op)
{
	return key->cost[op];
}
EXPORT_SYMBOL_GPL(asym_exec_key_cost);
