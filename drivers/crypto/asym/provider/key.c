// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key cache of a class. A key is found by its encoding, so a transform with
 * a known key reuses its sessions and the key prepared for software. Unused
 * keys stay for a while, bounded in number and time, and are wiped when they are
 * removed.
 *
 * Everything is protected by asym_class::lock. A key leaves the table when it
 * is put on asym_class::reap_keys; from then on only the reaper (provider_open_wq)
 * uses it. Lookups and the creation of keys are for process context. References
 * may be dropped in any context but a hard interrupt.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fips.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/key.h>
#include <crypto/internal/rsa.h>
#include <crypto/utils.h>

#include "class.h"
#include "device.h"
#include "key.h"
#include "op/rsa.h"
#include "session.h"
#include "shared.h"
#include "stats.h"

/* How long provider_cache_flush() waits for openers: 10 s. */
#define FLUSH_WAIT_MS	2
#define FLUSH_TRIES	5000

/* FIPS 186-5 has public exponents of less than 2^256. */
#define KEY_MAX_E_BYTES	32

static struct provider_key *key_find_locked(struct asym_class *class, u64 hash,
					    const struct asym_key_data *data)
{
	struct provider_key *key;

	lockdep_assert_held(&class->lock);
	hash_for_each_possible(class->keys, key, node, hash) {
		if (key->hash != hash || key->data.is_private != data->is_private ||
		    key->data.algo != data->algo || key->data.curve != data->curve ||
		    key->data.der_len != data->der_len)
			continue;
		if (crypto_memneq(key->der, data->der, data->der_len))
			continue;
		provider_key_ref_locked(key);
		return key;
	}
	return NULL;
}

/* The public key, its modulus without leading zeros. False: devices would not accept it. */
static bool key_public(const struct provider_key *key, struct rsa_key *rsa)
{
	*rsa = (struct rsa_key){};
	if (key->data.is_private ? rsa_parse_priv_key(rsa, key->der, key->data.der_len)
				 : rsa_parse_pub_key(rsa, key->der, key->data.der_len))
		return false;
	while (rsa->n_sz && !*rsa->n) {
		rsa->n++;
		rsa->n_sz--;
	}
	while (rsa->e_sz && !*rsa->e) {
		rsa->e++;
		rsa->e_sz--;
	}
	return rsa->n_sz && rsa->n[rsa->n_sz - 1] & 1 && rsa->e_sz && rsa->e_sz <= KEY_MAX_E_BYTES;
}

/* Whether a device uses the same block size as the software */
static void key_set_modulus(struct provider_key *key)
{
	struct rsa_key rsa;

	if (key->data.algo != ASYM_RSA) {
		key->device_ok = true;
		return;
	}
	/* The software counts machine words: 2040 bits are 2048 there, but not on a device. */
	if (!key_public(key, &rsa) || rsa.n_sz != key->key_bytes ||
	    provider_rsa_set_public(key, rsa.n, rsa.n_sz, rsa.e, rsa.e_sz))
		return;
	key->modulus = rsa.n;
	key->device_ok = true;
}

static unsigned int class_max_bits(struct asym_class *class)
{
	struct asym_device_priv *pdev;
	unsigned int bits = 0;

	spin_lock_bh(&class->lock);
	list_for_each_entry(pdev, &class->devices, node)
		bits = max(bits, pdev->caps.rsa_max_bits);
	spin_unlock_bh(&class->lock);
	return bits;
}

/* Too large for the software, but perhaps not for a device: provider_key_try(). */
static int key_set_large(struct provider_key *key)
{
	struct rsa_key rsa;

	/* In FIPS mode only keys that the kernel's software accepts. */
	if (fips_enabled)
		return -EINVAL;
	if (!key_public(key, &rsa) || rsa.n_sz <= ASYM_MAX_KEY_BYTES ||
	    rsa.n_sz > class_max_bits(key->class) / 8)
		return -EINVAL;
	if (provider_rsa_set_public(key, rsa.n, rsa.n_sz, rsa.e, rsa.e_sz))
		return -ENOMEM;
	key->data.bits = rsa.n_sz * 8;
	key->key_bytes = rsa.n_sz;
	key->modulus = rsa.n;
	key->device_ok = true;
	return 0;
}

static struct provider_key *key_new(struct asym_class *class, u64 hash,
				    const struct asym_key_data *data)
{
	struct provider_key *key;
	int err;

	key = kzalloc(struct_size(key, der, data->der_len), GFP_KERNEL);
	if (!key)
		return ERR_PTR(-ENOMEM);

	key->class = class;
	key->hash = hash;
	key->refs = 1;
	INIT_LIST_HEAD(&key->idle_node);
	INIT_LIST_HEAD(&key->sessions);
	memcpy(key->der, data->der, data->der_len);
	key->data = *data;
	key->data.der = key->der;

	/* The caller gets the errno of the software. */
	key->exec_key = asym_exec_key_create(provider_software, &key->data);
	if (IS_ERR(key->exec_key)) {
		err = PTR_ERR(key->exec_key);
		key->exec_key = NULL;
		if (err != -EINVAL || data->algo != ASYM_RSA)
			goto err_free;
		err = key_set_large(key);
		if (err)
			goto err_free;
		return key;
	}
	key->key_bytes = asym_exec_key_size(key->exec_key);
	if (data->algo == ASYM_RSA &&
	    (key->key_bytes < ASYM_RSA_MIN_BITS / 8 || key->key_bytes > ASYM_MAX_KEY_BYTES)) {
		err = -EINVAL;
		goto err_put_exec_key;
	}
	if (!asym_key_parse(&key->data))
		key_set_modulus(key);
	return key;

err_put_exec_key:
	asym_exec_key_put(key->exec_key);
err_free:
	kfree_sensitive(key);
	return ERR_PTR(err);
}

/* Remove it from the table and from all lists but that of its sessions. */
static void key_free(struct provider_key *key)
{
	if (key->exec_key)
		asym_exec_key_put(key->exec_key);
	mpi_free(key->n);
	mpi_free(key->e);
	kfree_sensitive(key);
}

/**
 * provider_key_get() - get the cache's entry for a key
 * @class: the class
 * @data: the key, as for crypto_akcipher_set_*_key(); copied; bits is ignored
 *
 * Sends no request to a device. A key that is too large for the software is
 * accepted if a device's capabilities include it; provider_key_try() tries it there.
 *
 * Context: process; may sleep.
 * Return: the entry with a reference for the caller, or an ERR_PTR with the errno
 * of the kernel's software for this key.
 */
struct provider_key *provider_key_get(struct asym_class *class, const struct asym_key_data *data)
{
	struct provider_key *key, *new;
	u64 hash;

	if (data->der_len > ASYM_DEVICE_MAX_DER)
		return ERR_PTR(-EINVAL);
	hash = siphash(data->der, data->der_len, &class->secret);

	spin_lock_bh(&class->lock);
	key = key_find_locked(class, hash, data);
	spin_unlock_bh(&class->lock);
	if (key)
		return key;

	new = key_new(class, hash, data);
	if (IS_ERR(new))
		return new;

	spin_lock_bh(&class->lock);
	key = key_find_locked(class, hash, data);
	if (!key) {
		hash_add(class->keys, &new->node, hash);
		class->nr_keys++;
		class->key_bytes += data->der_len;
		provider_object(PROVIDER_OBJECT_KEYS, 1);
		provider_object(PROVIDER_OBJECT_KEY_BYTES, data->der_len);
		key = new;
		new = NULL;
	}
	spin_unlock_bh(&class->lock);

	if (new)
		key_free(new);
	return key;
}

/**
 * provider_key_ref_locked() - one more user of a key
 * @key: the key; asym_class::lock is held
 */
void provider_key_ref_locked(struct provider_key *key)
{
	lockdep_assert_held(&key->class->lock);
	if (!key->refs++ && !list_empty(&key->idle_node)) {
		list_del_init(&key->idle_node);
		key->class->nr_idle_keys--;
	}
}

/* Move an unused key out of the table, to the reaper. */
static void key_reap_locked(struct provider_key *key)
{
	struct asym_class *class = key->class;

	hash_del(&key->node);
	list_move_tail(&key->idle_node, &class->reap_keys);
	class->nr_idle_keys--;
}

/* The number of unused keys that stay in the cache */
static unsigned int key_idle_max(void)
{
	return READ_ONCE(provider_idle_secs) ? READ_ONCE(provider_cache_max) : 0;
}

/**
 * provider_key_put_locked() - drop the reference of a transform, request or opener to a key
 * @key: the key; asym_class::lock is held
 */
void provider_key_put_locked(struct provider_key *key)
{
	struct asym_class *class = key->class;
	bool reap = false;

	lockdep_assert_held(&class->lock);
	if (!--key->refs) {
		key->last_used = jiffies;
		list_add_tail(&key->idle_node, &class->idle_keys);
		class->nr_idle_keys++;
		while (class->nr_idle_keys > key_idle_max()) {
			key_reap_locked(list_first_entry(&class->idle_keys, struct provider_key,
							 idle_node));
			reap = true;
		}
	}
	/* Before unlocking: the class may be freed with its last key. */
	if (reap)
		queue_work(provider_open_wq, &class->reap_work);
}

/**
 * provider_key_put() - drop the reference of a transform, request or opener to a key
 * @key: the key
 *
 * Context: any but hard interrupts.
 */
void provider_key_put(struct provider_key *key)
{
	struct asym_class *class = key->class;

	spin_lock_bh(&class->lock);
	provider_key_put_locked(key);
	spin_unlock_bh(&class->lock);
}

/**
 * provider_key_check_range() - check that RSA may be applied to a number
 * @key: the key
 * @in: big-endian number
 * @len: bytes at @in, at most the key's size
 *
 * The kernel's software accepts 1 < number < modulus - 1, devices may accept more.
 * For keys that devices do not support, the software checks the range itself.
 *
 * Return: 0 or -EINVAL.
 */
int provider_key_check_range(const struct provider_key *key, const u8 *in, unsigned int len)
{
	const u8 *n = key->modulus;
	int diff;

	if (!key->device_ok)
		return 0;
	if (!len || (in[len - 1] <= 1 && !memchr_inv(in, 0, len - 1)))
		return -EINVAL;
	if (len != key->key_bytes)
		return 0;
	diff = memcmp(in, n, len - 1);
	/* The modulus is odd, so modulus - 1 differs from it in the last byte only. */
	return diff > 0 || (!diff && in[len - 1] >= n[len - 1] - 1) ? -EINVAL : 0;
}

static void reap_work(struct work_struct *work)
{
	struct asym_class *class = container_of(work, struct asym_class, reap_work);
	struct provider_session *session;
	struct provider_key *key;

	spin_lock_bh(&class->lock);
	for (;;) {
		session = list_first_entry_or_null(&class->reap_sessions, struct provider_session,
						   key_node);
		if (session) {
			list_del_init(&session->key_node);
			spin_unlock_bh(&class->lock);
			provider_session_close(session);
			cond_resched();
			spin_lock_bh(&class->lock);
			continue;
		}

		key = list_first_entry_or_null(&class->reap_keys, struct provider_key, idle_node);
		if (!key)
			break;
		if (!list_empty(&key->sessions)) {
			session = list_first_entry(&key->sessions, struct provider_session,
						   key_node);
			provider_session_detach_locked(session);
			list_add_tail(&session->key_node, &class->reap_sessions);
			continue;
		}
		list_del(&key->idle_node);
		class->nr_keys--;
		class->key_bytes -= key->data.der_len;
		provider_object(PROVIDER_OBJECT_KEYS, -1);
		provider_object(PROVIDER_OBJECT_KEY_BYTES, -(long)key->data.der_len);
		spin_unlock_bh(&class->lock);
		key_free(key);
		cond_resched();
		spin_lock_bh(&class->lock);
	}
	spin_unlock_bh(&class->lock);
}

/* Remove keys and sessions that were idle for long. The lists are in order of age. */
static void sweep_work(struct work_struct *work)
{
	struct asym_class *class = container_of(to_delayed_work(work), struct asym_class,
						sweep_work);
	unsigned long limit = READ_ONCE(provider_idle_secs) * HZ;
	struct provider_session *session, *next_session;
	struct provider_key *key, *next_key;
	struct asym_device_priv *pdev;

	spin_lock_bh(&class->lock);
	list_for_each_entry_safe(key, next_key, &class->idle_keys, idle_node) {
		if (time_before(jiffies, key->last_used + limit))
			break;
		key_reap_locked(key);
	}
	list_for_each_entry(pdev, &class->devices, node) {
		list_for_each_entry_safe(session, next_session, &pdev->idle, idle_node) {
			if (time_before(jiffies, session->last_used + limit))
				break;
			provider_session_detach_locked(session);
			list_add_tail(&session->key_node, &class->reap_sessions);
		}
	}
	spin_unlock_bh(&class->lock);

	queue_work(provider_open_wq, &class->reap_work);
	queue_delayed_work(provider_wq, &class->sweep_work, clamp(limit / 2, HZ / 2UL, 5UL * HZ));
}

/**
 * provider_cache_init() - set up the cache of a new class
 * @class: the class
 */
void provider_cache_init(struct asym_class *class)
{
	hash_init(class->keys);
	INIT_LIST_HEAD(&class->idle_keys);
	INIT_LIST_HEAD(&class->reap_keys);
	INIT_LIST_HEAD(&class->reap_sessions);
	INIT_WORK(&class->reap_work, reap_work);
	INIT_DEFERRABLE_WORK(&class->sweep_work, sweep_work);
	queue_delayed_work(provider_wq, &class->sweep_work, HZ);
}

/**
 * provider_cache_flush() - remove all keys, which are unused
 * @class: without transforms, requests and devices
 *
 * Waits for openers that are about to drop their key and session.
 *
 * Context: process; may sleep.
 * Return: true: nothing refers to @class any more; false: something does, which is a bug.
 */
bool provider_cache_flush(struct asym_class *class)
{
	struct provider_key *key, *next;
	unsigned int tries;
	bool empty;

	cancel_delayed_work_sync(&class->sweep_work);
	for (tries = 0; tries < FLUSH_TRIES; tries++) {
		spin_lock_bh(&class->lock);
		list_for_each_entry_safe(key, next, &class->idle_keys, idle_node)
			key_reap_locked(key);
		spin_unlock_bh(&class->lock);
		queue_work(provider_open_wq, &class->reap_work);
		flush_work(&class->reap_work);

		spin_lock_bh(&class->lock);
		empty = !class->nr_keys && !class->nr_sessions && !class->key_bytes;
		spin_unlock_bh(&class->lock);
		if (empty)
			return true;
		msleep(FLUSH_WAIT_MS);
	}
	pr_err("%s: %u keys (%zu bytes) and %u sessions are left behind\n", class->name,
	       class->nr_keys, class->key_bytes, class->nr_sessions);
	return false;
}
