/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of asym_executor share. Objects and who holds whom:
 *
 *	request --> key --> executor --> drivers (a probe transform each)
 *
 * A request holds its key from asym_exec_submit() until after its completion;
 * a key holds the executor until its transforms are freed. asym_exec_destroy()
 * waits for that. Nothing is called with an executor's lock held.
 *
 * exec_all_lock (mutex) protects the list of executors; it is held over their
 * ready_changed() and taken first.
 */
#ifndef _ASYM_EXECUTOR_INT_H
#define _ASYM_EXECUTOR_INT_H

#include <linux/completion.h>
#include <linux/crypto.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <crypto/akcipher.h>
#include <crypto/asym_executor.h>

struct crypto_sig;
struct dentry;
struct rsa_key;

#define EXEC_MAX_DRIVERS	4
#define EXEC_MAX_NAME		48
#define EXEC_MAX_INFLIGHT	4096
/* Private area for a driver that is not there yet: QAT's takes half of it. */
#define EXEC_LATE_REQSIZE	1024

/**
 * struct exec_driver - an LKCF driver of an executor
 * @name: its cra_driver_name
 * @there: it was found; until then, of what follows, only the counters mean something
 * @probe: an unkeyed transform: keeps the driver's module, knows its reqsize
 * @mark: it computes elsewhere: the id of asym_exec_mark_remote(); else 0
 * @remote: likewise: how it computes ECDSA, or NULL
 * @sync: computes in the caller's context, which must be allowed to sleep
 * @ops: operations it computed; under the executor's lock, as all below
 * @errors: operations it failed
 * @key_errors: keys it refused
 */
struct exec_driver {
	char name[CRYPTO_MAX_ALG_NAME];
	bool there;
	struct crypto_akcipher *probe;
	u64 mark;
	const struct asym_exec_remote_ops *remote;
	bool sync;
	u64 ops;
	u64 errors;
	u64 key_errors;
};

/**
 * struct exec_stats - counters of an executor, under its lock
 * @ops: operations computed, by kind; rejected ones too
 * @rejected: of these, wrong signatures and malformed paddings
 * @refused: operations refused before a driver was asked
 * @failed: operations no driver could do
 * @retried: operations a driver failed that went to the next driver
 * @stalled: times a driver had no room
 * @milliunits: asym_cost() of what was computed
 * @ec_remote: of @ops, ECDSA computed by one of @drivers
 * @ec_local: of @ops, ECDSA computed by this machine's signer
 * @ec_errors: operations that signer failed
 */
struct exec_stats {
	u64 ops[ASYM_OP_NR];
	u64 rejected;
	u64 refused;
	u64 failed;
	u64 retried;
	u64 stalled;
	u64 milliunits;
	u64 ec_remote;
	u64 ec_local;
	u64 ec_errors;
};

/**
 * struct asym_exec - an executor
 * @name: as its creator called it
 * @nr_drivers: used entries of @drivers
 * @reqsize: the largest private area a driver wants in a request
 * @any_inflight: @max_inflight is what fits the first driver there is
 * @drivers: in order of preference; the number and the names are fixed after creation
 * @drivers_work: looks for drivers that are not there, or there anew
 * @retired: probe transforms of drivers that went and came back; keys may be of those
 * @nr_retired: their number
 * @refs: one for the creator, one for each key
 * @released: @refs reached zero
 * @lock: protects what follows, and counters in @drivers; taken with BH disabled
 * @max_inflight: requests handed to drivers at one time
 * @fifo: requests that wait
 * @queued: their number
 * @inflight: requests handed to drivers
 * @keys: keys that exist
 * @pumping: somebody is in exec_pump()
 * @full: a driver said -ENOSPC: wait for a completion, or for @pump_work
 * @stats: counters
 * @pump_work: resumes exec_pump()
 * @ready_changed: the creator's, called under exec_all_lock
 * @data: for @ready_changed
 * @all: in exec_all; with @id under exec_all_lock
 * @id: distinguishes executors of one name
 * @dentry: in debugfs
 */
struct asym_exec {
	char name[EXEC_MAX_NAME];
	unsigned int nr_drivers;
	unsigned int reqsize;
	bool any_inflight;
	struct exec_driver drivers[EXEC_MAX_DRIVERS];
	struct work_struct drivers_work;
	struct crypto_akcipher **retired;
	unsigned int nr_retired;
	refcount_t refs;
	struct completion released;

	spinlock_t lock; /* see above */
	unsigned int max_inflight;
	struct list_head fifo;
	unsigned int queued;
	unsigned int inflight;
	unsigned int keys;
	bool pumping;
	bool full;
	struct exec_stats stats;

	struct delayed_work pump_work;

	void (*ready_changed)(void *data);
	void *data;

	struct list_head all;
	unsigned int id;
	struct dentry *dentry;
};

/**
 * struct asym_exec_key - a key, set on a transform of each driver that takes it
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
 * @local: ECDSA: index of the driver in whose place that is
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

/* Computes on synchronous drivers; and everything else that must not wait behind that. */
extern struct workqueue_struct *exec_compute_wq;
extern struct workqueue_struct *exec_house_wq;

/* asym_executor_drv.c */
int exec_drivers_init(struct asym_exec *exec, const struct asym_exec_params *params);
void exec_drivers_exit(struct asym_exec *exec);
void exec_drivers_look(struct asym_exec *exec);
int exec_drivers_module_init(void);
void exec_drivers_module_exit(void);

/* May it be computed on? Then all that exec_driver_set() wrote before is seen. */
static inline bool exec_driver_there(const struct exec_driver *drv)
{
	/* Pairs with driver_set(). */
	return smp_load_acquire(&drv->there);
}

void exec_drivers_work(struct work_struct *work);

/* asym_executor_main.c */
void exec_set_inflight(struct asym_exec *exec);

/* asym_executor_key.c */
void exec_put(struct asym_exec *exec);

/* asym_executor_ecdsa.c */
int exec_ec_key_set(struct asym_exec_key *key, const struct asym_key_data *data);
void exec_ec_key_free(struct asym_exec_key *key);

/* Whether a driver has a key, so that an operation may go to it. */
static inline bool exec_key_on(const struct asym_exec_key *key, unsigned int drv)
{
	if (key->algo == ASYM_RSA)
		return key->tfm[drv];
	return key->remote[drv] || (key->sig && key->local == drv);
}

/* asym_executor_op.c */
size_t exec_request_size(unsigned int reqsize);
void exec_pump_work(struct work_struct *work);

/* asym_executor_stats.c */
extern struct mutex exec_all_lock;
extern struct list_head exec_all;
void exec_debugfs_init(void);
void exec_debugfs_exit(void);
void exec_debugfs_add(struct asym_exec *exec);
void exec_debugfs_del(struct asym_exec *exec);

/* asym_key.c */
int asym_key_parse_rsa(struct asym_key_data *key, struct rsa_key *raw);
unsigned int asym_rsa_cost(const struct asym_key_data *key, const struct rsa_key *raw,
			   enum asym_op op);

#endif /* _ASYM_EXECUTOR_INT_H */
