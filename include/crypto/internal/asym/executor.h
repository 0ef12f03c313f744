/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asym_executor: the side that consumes LKCF. Given a key and an operation it
 * computes it, asynchronously, on a chosen local LKCF driver.
 *
 * RSA always goes to raw asynchronous "rsa"; padding is added and removed
 * here, so that an accelerator is kept full on every kernel without a thread
 * per operation. ECDSA goes where RSA goes if that is one of asym_provider's, by
 * an entry of its own, as kernels have no asynchronous signatures; else to the best signer
 * of this machine, in a workqueue. Users: vdpa_crypto, cof_target, and asym_provider's
 * software fallback.
 */
#ifndef _CRYPTO_INTERNAL_ASYM_EXECUTOR_H
#define _CRYPTO_INTERNAL_ASYM_EXECUTOR_H

#include <linux/types.h>
#include <linux/list.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/types.h>

struct asym_exec;
struct asym_exec_key;
struct crypto_akcipher;
struct seq_file;

/**
 * struct asym_exec_params - how to make an executor
 * @name: for logs and debugfs; copied
 * @drivers: LKCF raw RSA driver names separated by spaces or commas, in order
 *	of preference ("qat-rsa,rsa-generic"); NULL or "" means the best raw
 *	"rsa" that is not registered by asym_provider. A template's name
 *	("pkcs1pad(...)") is refused with -EINVAL, an unknown driver with
 *	-ENOENT, unless @wait_drivers; *@bad names it.
 * @wait_drivers: take names of drivers that there are not. The executor computes on them from
 *	when they are registered; see asym_exec_missing()
 * @max_inflight: operations on the driver at one time; further ones wait in
 *	order; 0 means a default fit for the driver
 * @bad: if not NULL, receives (pointing into a static or @drivers string is
 *	not promised: a copy of at most CRYPTO_MAX_ALG_NAME) the driver refused
 * @ready_changed: if not NULL, called in process context when
 *	asym_exec_ready() or asym_exec_max_inflight() may have changed, also
 *	before asym_exec_create() returned; not after asym_exec_destroy(). It
 *	may take spinlocks and must not create or destroy executors
 * @data: for @ready_changed
 */
struct asym_exec_params {
	const char *name;
	const char *drivers;
	bool wait_drivers;
	unsigned int max_inflight;
	char *bad;
	void (*ready_changed)(void *data);
	void *data;
};

#define ASYM_EXEC_MAY_SLEEP	BIT(0)	/* asym_exec_submit() may sleep, and compute inline */

/**
 * struct asym_exec_request - one operation
 * @key: the key; asym_exec_submit() takes a reference of its own
 * @op: enum asym_op
 * @padding: enum asym_padding; ECDSA: ASYM_PAD_RAW
 * @hash: enum asym_hash (PKCS#1 sign and verify; else ASYM_HASH_NONE)
 * @flags: ASYM_EXEC_*
 * @src: input: message, ciphertext, digest to sign, or signature to verify
 * @src_len: bytes at @src
 * @digest: verify only: the digest
 * @digest_len: bytes at @digest
 * @dst: output; may be @src
 * @dst_len: in: room at @dst; out: bytes written, or needed with -EOVERFLOW
 * @complete: called exactly once, bottom halves disabled, possibly before
 *	asym_exec_submit() returns; the request may be freed in it
 * @data: the caller's
 *
 * All buffers are linear, kmalloc()ed (they are put into scatterlists), owned
 * by the caller and untouched by it until @complete. Allocate
 * asym_exec_request_size() bytes, with kzalloc() or from a pool of the caller's.
 */
struct asym_exec_request {
	struct asym_exec_key *key;
	u8 op;
	u8 padding;
	u8 hash;
	u8 flags;
	const u8 *src;
	unsigned int src_len;
	const u8 *digest;
	unsigned int digest_len;
	u8 *dst;
	unsigned int dst_len;
	void (*complete)(struct asym_exec_request *req, int err);
	void *data;
	/* private: asym_executor's */
	struct list_head list;
	struct work_struct work;
	void *priv[] __aligned(8);
};

struct asym_exec *asym_exec_create(const struct asym_exec_params *params);
void asym_exec_destroy(struct asym_exec *exec);
size_t asym_exec_request_size(struct asym_exec *exec);
void asym_exec_caps(struct asym_exec *exec, struct asym_caps *caps);
const char *asym_exec_driver(struct asym_exec *exec);
unsigned int asym_exec_max_inflight(const struct asym_exec *exec);
bool asym_exec_ready(struct asym_exec *exec);
bool asym_exec_missing(struct asym_exec *exec, char *names, size_t size);
void asym_exec_stats_show(struct asym_exec *exec, struct seq_file *m);

struct asym_exec_key *asym_exec_key_create(struct asym_exec *exec,
					   const struct asym_key_data *data);
void asym_exec_key_get(struct asym_exec_key *key);
void asym_exec_key_put(struct asym_exec_key *key);
unsigned int asym_exec_key_size(const struct asym_exec_key *key);
unsigned int asym_exec_key_cost(const struct asym_exec_key *key, enum asym_op op);

int asym_exec_submit(struct asym_exec_request *req);

/**
 * struct asym_exec_remote_op - an ECDSA operation of a driver that computes elsewhere
 * @op: ASYM_SIGN or ASYM_VERIFY
 * @in: digest to sign, or signature, which is well-formed, with the digest behind it;
 *	asym_executor's until @done
 * @in_len: bytes of digest or signature
 * @digest_len: ASYM_VERIFY: bytes of digest at @in + @in_len
 * @out: ASYM_SIGN: receives the signature
 * @out_len: room at @out: the key's size; then bytes written
 * @done: called exactly once, bottom halves disabled, perhaps before ->submit() returned
 */
struct asym_exec_remote_op {
	u8 op;
	const u8 *in;
	unsigned int in_len;
	unsigned int digest_len;
	u8 *out;
	unsigned int out_len;
	void (*done)(struct asym_exec_remote_op *rop, int err);
};

/**
 * struct asym_exec_remote_ops - what such a driver does besides raw RSA
 * @key_get: prepare a key for a transform's driver; may sleep. Lives no longer than the transform.
 *	-ENODEV: the transform is not of this driver
 * @key_put: forget it; no operation uses it; may sleep
 * @submit: compute, and call ->done(), perhaps at once; any context but hard interrupts
 */
struct asym_exec_remote_ops {
	void *(*key_get)(struct crypto_akcipher *tfm, const struct asym_key_data *data);
	void (*key_put)(void *key);
	void (*submit)(void *key, struct asym_exec_remote_op *rop);
};

/* Loop guard: drivers registered by asym_provider, by the raw leaf's driver name. */
int asym_exec_mark_remote(const char *driver_name, const struct asym_exec_remote_ops *ops);
void asym_exec_unmark_remote(const char *driver_name);
bool asym_exec_is_remote(const char *driver_name);
void asym_exec_set_remote_ready(const char *driver_name, bool ready);

#endif /* _CRYPTO_INTERNAL_ASYM_EXECUTOR_H */
