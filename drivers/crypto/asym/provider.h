/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asym_provider's own structures. What belongs to whom:
 *
 *	asym_class		one set of algorithms; owned by its driver
 *	  asym_device_priv	a device in it; kref: the driver, sessions, requests
 *	  provider_key		a key; counted by transforms, requests and openers,
 *				kept for a while when nobody uses it
 *	    provider_session	that key on one device; counted by requests
 *	provider_op		one operation; in memory of its own
 *
 * One spin lock per class, taken with bottom halves disabled, protects the
 * lists and states of all of them; it is never held across a call into a
 * device driver, into the executor, or into a completion callback.
 * asym_class::mutex only serialises the registration of algorithms.
 */
#ifndef _ASYM_PROVIDER_PRIV_H
#define _ASYM_PROVIDER_PRIV_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/crypto.h>
#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mpi.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/percpu-refcount.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <crypto/asym_executor.h>
#include <crypto/asym_provider.h>

struct dentry;
struct provider_alg;

#define PROVIDER_MAX_DEVICES	64	/* of a class; provider_op::tried is a bitmap of them */
#define PROVIDER_MAX_ATTEMPTS	4	/* on devices, for one operation; then software */
#define PROVIDER_EXPLORE	HZ	/* policy latency: an idle device is tried so often */
#define PROVIDER_PENDING_MAX	64	/* operations that wait for a session without being told */
#define PROVIDER_WRONG_MAX	3	/* wrong results in a row, then a device is tested again */
#define PROVIDER_LIMIT_MAX	1024	/* asym_device_priv::limit: from here on there is none */

/* In the order of struct asym_class_stats. */
enum provider_stat {
	PROVIDER_OPS,
	PROVIDER_DEVICE,
	PROVIDER_SOFTWARE,
	PROVIDER_SW_NO_DEVICE,
	PROVIDER_SW_UNSUPPORTED,
	PROVIDER_SW_DEVICE_ERROR,
	PROVIDER_SW_NO_SESSION,
	PROVIDER_SW_WAITED,
	PROVIDER_LOCAL,
	PROVIDER_FAILED,
	PROVIDER_REFUSED,
	PROVIDER_RETRIED,
	PROVIDER_RECHECKED,
	PROVIDER_SESSION_OPENS,
	PROVIDER_SESSION_CLOSES,
	PROVIDER_SESSION_HITS,
	PROVIDER_SESSION_MISSES,
	PROVIDER_INLINE_KEYS,
	PROVIDER_SESSION_EVICTIONS,
	PROVIDER_KAT_RUN,
	PROVIDER_KAT_FAILED,
	PROVIDER_LATE_ANSWERS,
	PROVIDER_WRONG_RESULTS,
	PROVIDER_STAT_NR
};

/* Counted by each CPU for itself; a sum read on a 32-bit machine may be torn. */
struct provider_stats {
	u64 nr[PROVIDER_STAT_NR];
};

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
	/* Keeps what executors are told in the order of what happens. */
	struct mutex ready_mutex;
	refcount_t refs;		/* the owner, and each algorithm that the crypto core has */
	struct work_struct free_work;

	/* Everything below, and what the other structures say. */
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

/* Likewise. */
struct provider_device_stats {
	u64 requests;
	u64 completed;
};

struct asym_device_priv {
	/* fixed */
	struct kref ref;
	struct asym_device *dev;	/* valid while @calls is held */
	struct asym_class *class;
	struct asym_caps caps;		/* asym_device::caps less what it refused */
	unsigned int flags;
	struct dentry *dir;
	bool stopped;			/* the driver's thread that quiesces and unregisters */
	char name[64];

	/* Who is inside one of the driver's functions. Dead: nobody enters. */
	struct percpu_ref calls;
	struct completion calls_gone;

	/* Requests the driver has; asym_device_unregister() waits for none. */
	atomic_t inflight;
	wait_queue_head_t wait;
	struct work_struct kick_work;

	/*
	 * Time per operation, smoothed, in eighths of a microsecond; 0: not known. Whoever is
	 * answered updates both without a lock: of two at once one may be lost.
	 */
	u32 latency;
	unsigned long measured;		/* jiffies */

	/* class->lock */
	struct list_head node;
	unsigned int id;
	unsigned long picked;		/* jiffies */
	bool live;
	bool draining;
	bool in_drain;
	struct list_head backlog;	/* asym_request::list */
	struct list_head sessions;	/* provider_session::dev_node: attached ones */
	struct list_head idle;		/* provider_session::idle_node, oldest first */
	unsigned int nr_sessions;	/* open, opening or not yet closed */
	unsigned int max_sessions;	/* as the device says, or as was found out; 0: unknown */
	/*
	 * After operations waited too long there: so many may be in flight. It grows by one
	 * when so many were answered in time; 0: any number.
	 */
	unsigned int limit;
	unsigned int limit_acks;

	/* How often there may have been room; who adds to @backlog looks at it afterwards. */
	atomic_t kicks;

	struct provider_device_stats __percpu *stats;
	atomic64_t errors;
	atomic64_t opens;
	atomic64_t closes;
	atomic64_t kat_run;
	atomic64_t kat_failed;
	atomic_t warned;
	atomic_t wrong;			/* results in a row that the public key says are wrong */
	struct work_struct retest_work;
	unsigned long retested;		/* jiffies; 0: never. @retest_work's */
};

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

enum provider_session_state {
	SESSION_INLINE,			/* one request with the key in it was sent, no more */
	SESSION_OPENING,
	SESSION_OPEN,
	SESSION_REFUSED,		/* the device cannot use this key */
	SESSION_CLOSING,
};

struct provider_session {
	/* fixed */
	struct asym_device_priv *pdev;	/* a reference */
	struct provider_key *key;	/* valid while attached, opening or in use */

	/* class->lock */
	u8 state;
	bool attached;			/* in the lists of @key and @pdev */
	unsigned int users;
	u64 handle;
	unsigned long last_used;
	struct list_head key_node;
	struct list_head dev_node;
	struct list_head idle_node;
	struct list_head pending;	/* asym_request::list: wait for the opening */
	unsigned int nr_pending;
	struct work_struct work;
};

/* Where an operation is between provider_op_start() and its completion. */
enum provider_phase {
	PHASE_STARTING,			/* provider_op_start() will return the result, or */
	PHASE_ASYNC,			/* ... has returned -EINPROGRESS, or */
	PHASE_DONE,			/* ... finds the result here */
};

/* Who has an operation that was not answered. */
enum provider_place {
	PLACE_MOVING,			/* one of our functions, or the software */
	PLACE_PENDING,			/* provider_session::pending */
	PLACE_BACKLOG,			/* asym_device_priv::backlog */
	PLACE_DEVICE,			/* the driver, or it is about to */
	PLACE_ABANDONED,		/* likewise, but the caller was answered */
};

/* How an operation is started. */
#define PROVIDER_MAY_SLEEP	BIT(0)	/* sessions are opened, and software computes, inline */
/* When the device has no room: -EBUSY and provider_op::progress() later, or -ENOSPC; or it waits */
#define PROVIDER_FULL_TELL	BIT(1)
#define PROVIDER_FULL_REFUSE	BIT(2)

/**
 * struct provider_op - one operation
 * @req: what the device driver sees
 * @class: where it belongs
 * @key: its key; a reference from provider_op_start() until it is finished
 * @session: while a device has it, waits for it, or is about to get it: the
 *	session, counted as a user of it
 * @pdev: likewise: the device, kept by @session
 * @answered: called by asym_request_done()
 * @complete: called once, bottom halves disabled, unless provider_op_start()
 *	returned the result
 * @progress: called at most once, likewise, after provider_op_start() returned
 *	-EBUSY: the operation does not wait for room any more
 * @data: the caller's
 * @flags: PROVIDER_*
 * @op: enum asym_op, as the caller wants it; @req has what the device is asked for
 * @padding: enum asym_padding, likewise
 * @hash: enum asym_hash, likewise
 * @in_len: bytes of message, ciphertext, digest or signature at @src
 * @digest_len: ASYM_VERIFY: bytes of digest behind them
 * @src: the caller's input; @in, until provider_rsa_encode() makes a block there
 * @local: it is computed here, whatever devices there are
 * @software_only: devices are not asked: what is wrong with the input, software says
 * @place: enum provider_place. Under asym_class::lock, but that what a device has is taken
 *	from it with provider_op_claim() or given up with provider_wait.c's wait_abandon_locked()
 * @refs: PLACE_ABANDONED: the device's, and asym_device_ops::cancel's
 * @started: jiffies
 * @wait_node: in asym_class::waiting; asym_class::lock
 * @waits: it waits for room, and provider_op_start() may say so; asym_class::lock
 * @told: the caller knows (-EBUSY); asym_class::lock
 * @sent: ktime_get(), when the device was given it; 0: not measured
 * @work: takes the answer out of an interrupt handler, or to where it can be checked
 * @status: the answer meanwhile
 * @tried: devices (by id) that failed it
 * @lost: of these, those that only lost it (-ETIMEDOUT)
 * @sessions_only: devices that do not take it with the key in it
 * @attempts: number of these failures
 * @reason: why software computes it, if it does
 * @stale: the device forgot the session once already
 * @again: the next submission counts as a retry
 * @recheck: the device that refused the input; kept by a reference
 * @phase: enum provider_phase
 * @err: result
 * @out_len: result: bytes at @out
 * @exec: asym_exec_request_size() bytes behind this structure
 * @in: asym_request::in, room for two blocks of the key's size
 * @out: asym_request::out, room for one
 * @big: where these two are if the key is too large for @room, or NULL
 * @room: where they are, and what drivers have around them
 *
 * provider_op_size() bytes, aligned for DMA, zeroed by provider_op_init().
 */
struct provider_op {
	struct asym_request req;
	struct asym_class *class;
	struct provider_key *key;
	struct provider_session *session;
	struct asym_device_priv *pdev;
	void (*answered)(struct provider_op *op, int status, unsigned int out_len);
	void (*complete)(struct provider_op *op);
	void (*progress)(struct provider_op *op);
	void *data;
	u8 op;
	u8 padding;
	u8 hash;
	unsigned int in_len;
	unsigned int digest_len;
	u8 *src;
	bool local;
	bool software_only;
	atomic_t place;
	refcount_t refs;
	unsigned long started;
	struct list_head wait_node;
	u8 flags;
	bool waits;
	bool told;
	ktime_t sent;
	struct work_struct work;
	int status;
	u64 tried;
	u64 lost;
	u64 sessions_only;
	u8 attempts;
	u8 reason;
	bool stale;
	bool again;
	struct asym_device_priv *recheck;
	atomic_t phase;
	int err;
	unsigned int out_len;
	struct asym_exec_request *exec;
	u8 *in;
	u8 *out;
	u8 *big;
	u8 room[ASYM_HEADROOM + 3 * ASYM_MAX_KEY_BYTES + ASYM_TAILROOM]
		__aligned(ARCH_DMA_MINALIGN);
};

/* provider_main.c */
extern struct asym_exec *provider_software;
extern struct workqueue_struct *provider_wq;
extern struct workqueue_struct *provider_open_wq;
extern unsigned int provider_cache_max;
extern unsigned int provider_idle_secs;

/* What there is, in all classes together. */
enum provider_object {
	OBJECT_CLASSES,
	OBJECT_DEVICES,
	OBJECT_KEYS,
	OBJECT_KEY_BYTES,
	OBJECT_SESSIONS,
	OBJECT_TRANSFORMS,
	OBJECT_OPERATIONS,
	OBJECT_NR
};

/* A CPU that frees what another allocated goes below zero: only the sum means something. */
struct provider_objects {
	long nr[OBJECT_NR];
};

DECLARE_PER_CPU(struct provider_objects, provider_objects);

static inline void provider_object(enum provider_object what, long nr)
{
	this_cpu_add(provider_objects.nr[what], nr);
}

/* provider_class.c */
static inline void provider_count(struct asym_class *class, enum provider_stat stat)
{
	this_cpu_inc(class->stats->nr[stat]);
}

/* Undo provider_count() for an event that did not happen. */
static inline void provider_uncount(struct asym_class *class, enum provider_stat stat)
{
	this_cpu_dec(class->stats->nr[stat]);
}

u64 provider_stat(const struct asym_class *class, enum provider_stat stat);

bool provider_class_tested(struct asym_class *class);
void provider_class_tell_ready(struct asym_class *class);
int provider_class_go_live(struct asym_class *class);
void provider_class_get(struct asym_class *class);
void provider_class_put(struct asym_class *class);

/* provider_alg.c */
struct provider_alg **provider_algs_register(struct asym_class *class, unsigned int *nr);
const char *provider_algs_untested(struct provider_alg **algs, unsigned int nr);
void provider_algs_wait_tested(struct provider_alg **algs, unsigned int nr);
void provider_algs_unregister(struct asym_class *class, struct provider_alg **algs,
			      unsigned int nr);

/* provider_key.c */
struct provider_key *provider_key_get(struct asym_class *class, const struct asym_key_data *data);
void provider_key_ref_locked(struct provider_key *key);
void provider_key_put(struct provider_key *key);
void provider_key_put_locked(struct provider_key *key);
int provider_key_check_range(const struct provider_key *key, const u8 *in, unsigned int len);
void provider_cache_init(struct asym_class *class);
bool provider_cache_flush(struct asym_class *class);

/* provider_session.c */
struct provider_session *provider_session_find_locked(struct provider_key *key,
						      struct asym_device_priv *pdev);
struct provider_session *provider_session_new_locked(struct provider_key *key,
						     struct asym_device_priv *pdev);
void provider_session_begin_locked(struct provider_session *session);
void provider_session_use_locked(struct provider_session *session);
void provider_session_unuse_locked(struct provider_session *session);
void provider_session_detach_locked(struct provider_session *session);
void provider_session_open(struct provider_session *session);
void provider_session_close(struct provider_session *session);
int provider_key_try(struct provider_key *key);

/* provider_op.c */
size_t provider_op_size(void);
int provider_ops_init(void);
void provider_ops_exit(void);
struct provider_op *provider_op_alloc(gfp_t gfp);
void provider_op_free(struct provider_op *op);
void provider_op_init(struct provider_op *op, struct asym_class *class);
void provider_op_wipe(struct provider_op *op);
int provider_op_set_key(struct provider_op *op, unsigned int key_bytes, gfp_t gfp);
int provider_op_start(struct provider_op *op, struct provider_key *key, unsigned int flags);
void provider_op_opened(struct provider_op *op, struct provider_session *session, int err,
			bool more);
void provider_op_expired(struct provider_op *op);
int provider_submit_once(struct provider_op *op, bool may_sleep);
void provider_commit(struct asym_device_priv *pdev);
void provider_backlog_take_locked(struct asym_device_priv *pdev, struct list_head *ops);
void provider_redispatch(struct list_head *ops);

/* provider_rsa.c */
int provider_rsa_encode(struct provider_op *op);
int provider_rsa_decode(struct provider_op *op);
int provider_rsa_set_public(struct provider_key *key, const u8 *n, size_t n_len, const u8 *e,
			    size_t e_len);
int provider_rsa_public(struct provider_op *op);
int provider_rsa_check(const struct provider_op *op);

/* provider_wait.c */
void provider_wait_init(struct asym_class *class);
void provider_wait_begin_locked(struct provider_op *op);
void provider_wait_end_locked(struct provider_op *op);
void provider_wait_changed(struct asym_class *class);
bool provider_op_claim(struct provider_op *op);
void provider_op_drop(struct provider_op *op);
void provider_op_unlist_locked(struct provider_op *op);

/* provider_pick.c */
struct asym_device_priv *provider_pick_locked(struct provider_op *op);
void provider_pick_in_time_locked(struct asym_device_priv *pdev);
void provider_pick_too_late_locked(struct asym_device_priv *pdev);
void provider_measure(struct asym_device_priv *pdev, ktime_t sent, int status);

/* provider_device.c */
bool provider_device_enter(struct asym_device_priv *pdev);
void provider_device_exit(struct asym_device_priv *pdev);
void provider_device_put(struct asym_device_priv *pdev);
void provider_device_retest(struct asym_device_priv *pdev);

/* provider_remote.c */
extern const struct asym_exec_remote_ops provider_remote_ops;

/* provider_kat.c */
int provider_kat(struct asym_device_priv *pdev);

/* provider_debugfs.c */
void provider_debugfs_init(void);
void provider_debugfs_exit(void);
void provider_debugfs_add_class(struct asym_class *class);
void provider_debugfs_del_class(struct asym_class *class);
void provider_debugfs_add_device(struct asym_device_priv *pdev);
void provider_debugfs_del_device(struct asym_device_priv *pdev);

#endif /* _ASYM_PROVIDER_PRIV_H */
