/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A key, kept for a while when it is unused. See key.c.
 */
#ifndef _ASYM_PROVIDER_KEY_H
#define _ASYM_PROVIDER_KEY_H

#include <linux/list.h>
#include <linux/mpi.h>
#include <linux/types.h>
#include <crypto/internal/asym/types.h>

struct asym_class;
struct asym_exec_key;

struct provider_key {
	/* fixed */
	struct asym_class *class;
	u64 hash;
	struct asym_exec_key *exec_key;	/* NULL: too large for the software */
	struct asym_key_data data;	/* data.der is @der */
	unsigned int key_bytes;		/* as asym_exec_key_size() */
	bool device_ok;			/* devices would agree on @key_bytes */
	const u8 *modulus;		/* RSA: in @der, @key_bytes long, odd, if @device_ok */
	MPI n;				/* RSA, if @device_ok: the public key */
	MPI e;

	/* class->lock */
	struct hlist_node node;
	struct list_head idle_node;
	struct list_head sessions;	/* provider_session::key_node */
	unsigned int refs;
	unsigned long last_used;

	u8 der[];
};

struct provider_key *provider_key_get(struct asym_class *class, const struct asym_key_data *data);
void provider_key_ref_locked(struct provider_key *key);
void provider_key_put(struct provider_key *key);
void provider_key_put_locked(struct provider_key *key);
int provider_key_check_range(const struct provider_key *key, const u8 *in, unsigned int len);
void provider_cache_init(struct asym_class *class);
bool provider_cache_flush(struct asym_class *class);

#endif /* _ASYM_PROVIDER_KEY_H */
