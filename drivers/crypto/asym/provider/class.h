/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A class: one set of algorithms and the devices that compute them. Owners and references:
 *
 *	asym_class		one set of algorithms; owned by its driver
 *	  asym_device_priv	a device in it; kref: the driver, sessions, requests
 *	  provider_key		a key; counted by transforms, requests and openers,
 *				kept for a while when it is not used
 *	    provider_session	that key on one device; counted by requests
 *	provider_op		one operation; in memory of its own
 *
 * One spin lock per class, taken with bottom halves disabled, protects the
 * lists and states of all of them; it is never held across a call into a
 * device driver, into the executor, or into a completion callback.
 * asym_class::mutex only serialises the registration of algorithms.
 */
#ifndef _ASYM_PROVIDER_CLASS_H
#define _ASYM_PROVIDER_CLASS_H

#include <linux/atomic.h>
#include <linux/crypto.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/provider.h>

struct dentry;
struct provider_alg;
struct provider_stats;

struct asym_class {
	/* fixed */
	char name[CRYPTO_MAX_ALG_NAME];
	char prefix[CRYPTO_MAX_ALG_NAME];
	char pkcs1_prefix[CRYPTO_MAX_ALG_NAME];
	char leaf[CRYPTO_MAX_ALG_NAME + sizeof("-rsa")];	/* the driver's name of raw RSA */
	int priority;
	siphash_key_t secret;
	struct dentry *dir;
	struct dentry *devices_dir;

	enum asym_fallback fallback;
	enum asym_policy policy;
	enum asym_public_ops public_ops;
	unsigned int max_wait_ms;
	bool unchecked_results;
	struct provider_stats __percpu *stats;
	atomic_t transforms;

	/* Serialises the registration of @algs, which are NULL until then. */
	struct mutex mutex;
	struct provider_alg **algs;
	unsigned int nr_algs;
	bool tested;			/* the kernel's self tests are over */
	/* Serializes reports to executors, so that they are in the order of changes. */
	struct mutex ready_mutex;
	refcount_t refs;		/* the owner, and each algorithm that the crypto core has */
	struct work_struct free_work;

	/* Protects everything below, and fields of other structures where they say so. */
	spinlock_t lock;
	struct list_head devices;	/* asym_device_priv::node: live ones */
	u64 device_ids;
	u32 next_device;
	unsigned int nr_devices;	/* between register and unregister */
	DECLARE_HASHTABLE(keys, 8);
	struct list_head idle_keys;	/* provider_key::idle_node, oldest first */
	unsigned int nr_idle_keys;
	struct list_head reap_keys;	/* likewise: out of the table, to be freed */
	struct list_head reap_sessions;	/* provider_session::key_node: to be closed and freed */
	unsigned int nr_keys;
	unsigned int nr_sessions;
	size_t key_bytes;
	struct list_head waiting;	/* provider_op::wait_node: not answered, oldest first */
	struct delayed_work wait_work;
	struct work_struct reap_work;
	struct delayed_work sweep_work;
};

/**
 * provider_class_tested() - whether the kernel's self-tests of the algorithms are over
 * @class: the class
 *
 * Until then fallback=error does not apply: a device that leaves must not make
 * a self-test fail, which is a kernel warning.
 *
 * Context: any.
 * Return: true if they are.
 */
static inline bool provider_class_tested(const struct asym_class *class)
{
	return READ_ONCE(class->tested);
}

void provider_class_tell_ready(struct asym_class *class);
int provider_class_go_live(struct asym_class *class);

#endif /* _ASYM_PROVIDER_CLASS_H */
