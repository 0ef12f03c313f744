/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cof_initiator.ko: what its files share.
 *
 * pool (configfs folder, one asym_class)
 *   path (configfs folder under paths/, one asym_device)
 *     association (one life of the path's connections: admin and I/O queues)
 *
 * Locks, outermost first: pool->lock (configuration; start and stop of paths;
 * never taken by works), path->lock, chan->lock, queue->lock. The latter three
 * are spinlocks taken with bottom halves disabled, and never together.
 *
 * Who works on a path: path->work alone makes and ends associations; path->stop_work
 * cancels it and then ends the association in its place. Everybody else
 * only marks an association dead (cofi_assoc_fail()) and kicks that work.
 */
#ifndef _COF_INITIATOR_H
#define _COF_INITIATOR_H

#include <linux/atomic.h>
#include <linux/configfs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/cof.h>
#include <crypto/internal/asym/provider.h>
#include "../addr.h"
#include "../conn.h"
#include "../hops.h"
#include "../msg.h"
#include "../transport.h"
#include "admin.h"
#include "chan.h"
#include "fail.h"
#include "io.h"
#include "shared.h"
#include "state.h"
#include "attr.h"

#define COFI_NAME_MAX		40	/* pool folder: driver names start with it */
#define COFI_WORD_LEN		64	/* transport, traddr, trsvcid, with their NUL */
#define COFI_PRIORITY		2000	/* above rsa-generic (100) and qat-rsa (1000) */
#define COFI_DEPTH		128
#define COFI_KATO_MS		5000
#define COFI_RECONNECT_MS	1000
#define COFI_MIN_RECONNECT_MS	10
#define COFI_MAX_RECONNECT_MS	60000
#define COFI_BACKOFF_CAP_MS	2000	/* unless reconnect_ms is above it */
#define COFI_SLOW_RETRY_MS	30000	/* after wrong answers */
#define COFI_STABLE_MS		10000	/* live for so long: the next delay is the first again */
#define COFI_ABORTED_MS		10000	/* for an operation's, once it was aborted */
#define COFI_DRAIN_MS		2000	/* for what is in flight when closing in order */

/* ---- counters: a path's, since it was made ------------------------------- */

struct cofi_counters {
	atomic64_t requests;		/* operations sent */
	atomic64_t responses;		/* operations answered */
	atomic64_t errors;		/* of these: neither a result nor a wrong signature */
	atomic64_t lost;		/* sent, never answered */
	atomic64_t late_answers;	/* answers nobody waited for */
	atomic64_t timeouts;		/* of these: the target, asked, knew nothing of them */
	atomic64_t queries;		/* QUERY sent */
	atomic64_t cancelled;		/* operations nobody waited for any more: ABORT sent */
	atomic64_t protocol_errors;	/* associations ended because the peer broke rules */
	atomic64_t crc_errors;		/* associations ended because a digest was wrong */
	atomic64_t reconnects;		/* times live, without the first */
	atomic64_t bytes;		/* input of the operations sent */
	atomic64_t key_opens;
	atomic64_t key_closes;
	atomic64_t inline_keys;		/* operations sent with their key */
};

/* ---- operations on an I/O queue: queue.c --------------------------------- */

/**
 * struct cofi_slot - an operation in flight
 * @req: NULL when free, or when nobody waits for the answer any more
 * @gen: counts uses of the slot, from 1
 * @asked: jiffies when QUERY or ABORT asked after it last; at first when it was sent
 * @cancelled: jiffies when it was cancelled
 * @opcode: of the request; 0 when free
 * @next: next free slot
 * @with_key: the request has the key in it
 * @aborts: ABORTs sent for it
 */
struct cofi_slot {
	struct asym_request *req;
	u64 gen;
	unsigned long asked;
	unsigned long cancelled;
	u16 opcode;
	u16 next;
	bool with_key;
	u8 aborts;
};

/* In asym_request::drv while its operation is in a slot. */
struct cofi_req {
	struct cofi_queue *queue;
	u64 tag;
};

#define COFI_NO_SLOT	0xffff
#define COFI_QUERY_SLOT	0xfffe	/* in tags of QUERY */
/* Tags of ABORT: those of the operation, and which one it is, so that two in flight differ. */
#define COFI_ABORT_BIT		0x8000
#define COFI_ABORT_SHIFT	10
#define COFI_ABORT_MASK		GENMASK(13, COFI_ABORT_SHIFT)

/**
 * struct cofi_query - the one QUERY that a queue may have in flight
 * @busy: it is in flight
 * @late: it was overdue at the last look
 * @tag: its own
 * @asked: tag of the operation it is about
 * @sent: jiffies
 * @cursor: slot to look at next
 */
struct cofi_query {
	bool busy;
	bool late;
	u64 tag;
	u64 asked;
	unsigned long sent;
	u16 cursor;
};

/**
 * struct cofi_queue - an I/O queue
 * @chan: its connection; its commands are CONNECT alone
 * @qid: 1..queues
 * @depth: slots
 * @lock: guards the rest; bottom halves disabled
 * @inflight: slots in use, those of cancelled operations among them
 * @cancelled: the latter
 * @limit: of these, 1 to @depth: what the quota leaves to this queue
 * @inline_keys: of those in flight, with a key in them; at most COF_INLINE_KEYS
 * @free: first free slot
 * @crowded: more than one has been in flight since the queue was idle
 * @alone: what came into the idle queue last is probably the only one: it goes at once
 * @together: for so many times it will not be
 * @lonely: how often it could have been
 * @progress: jiffies of the last answer, or of the first request after idleness
 * @query: see there
 * @close_work: closes it, beside the others
 * @slots: allocated with the queue
 */
struct cofi_queue {
	struct cofi_chan chan;
	u16 qid;
	u16 depth;
	spinlock_t lock;	/* slots */
	u16 inflight;
	u16 cancelled;
	u16 limit;
	u16 inline_keys;
	u16 free;
	bool crowded;
	bool alone;
	u8 together;
	u8 lonely;
	unsigned long progress;
	struct cofi_query query;
	struct work_struct close_work;
	struct cofi_slot slots[] __counted_by(depth);
};

struct cofi_queue *cofi_queue_alloc(struct cofi_assoc *assoc, u16 qid, u16 depth);
void cofi_queue_free(struct cofi_queue *queue);
int cofi_queue_take(struct cofi_queue *queue, struct asym_request *req, u16 opcode, u64 *tag);
int cofi_queue_match(struct cofi_queue *queue, const struct cof_io_rsp *rsp,
		     struct asym_request **req, bool *freed);
void cofi_queue_limit(struct cofi_queue *queue, u32 limit);
void cofi_queue_close(struct cofi_queue *queue);
void cofi_queue_closed(struct cofi_queue *queue);
void cofi_queue_fail(struct cofi_queue *queue);
bool cofi_queue_disown(struct cofi_queue *queue, const struct asym_request *req, u64 *tag);
void cofi_queue_cancel(struct cofi_queue *queue, struct asym_request *req);
bool cofi_queue_chase(struct cofi_queue *queue, unsigned long patience, unsigned long limit);
int cofi_queue_abort_match(struct cofi_queue *queue, const struct cof_hdr *rsp, bool *freed);
void cofi_queue_query(struct cofi_queue *queue, unsigned long age);
bool cofi_queue_query_pick(struct cofi_queue *queue, unsigned long age, u64 *tag, u64 *asked);
int cofi_queue_query_match(struct cofi_queue *queue, const struct cof_hdr *rsp,
			   struct asym_request **req, bool *freed);
bool cofi_queue_query_overdue(struct cofi_queue *queue, unsigned long age);
void cofi_queue_abort(struct cofi_queue *queue);

/* ---- associations: assoc.c ------------------------------------------------ */

/**
 * struct cofi_quota - what the target grants, as IDENTIFY told; 0: unlimited
 * @ops_per_sec: operations
 * @bytes_per_sec: input bytes
 * @units_per_sec: cost, 1000 is one RSA-2048 private operation
 * @burst_ms: how far a burst may run ahead
 * @max_inflight: of all queues together
 */
struct cofi_quota {
	u64 ops_per_sec;
	u64 bytes_per_sec;
	u64 units_per_sec;
	u32 burst_ms;
	u32 max_inflight;
};

/**
 * struct cofi_assoc - one life of a path's connections
 * @path: its path, which owns it
 * @dead: 0, or the errno of the first failure; then nothing is sent any more
 * @status: enum cof_status of a refusal or of the peer's DISCONNECT, else 0
 * @why: the same for people; a static string
 * @draining: the target asked us to go away
 * @id: the target's number for it
 * @cookie: for I/O queues
 * @offered: COF_FEAT_*
 * @features: of these, what was granted
 * @kato: keep-alive time-out in force, jiffies
 * @last_rx: jiffies of the last message received
 * @ka_sent: jiffies of the last keep-alive
 * @ka_work: keep-alive and time-outs
 * @identified: IDENTIFY was sent; events before that say nothing new
 * @ident_work: sends it again
 * @admin: the admin queue
 * @max_der: longest key the target takes
 * @driver: the target's, for information
 * @quota: what the target granted last, likewise; path->lock
 * @nr_queues: I/O queues; constant once registered with asym_provider
 * @queues: pointers to them
 */
struct cofi_assoc {
	struct cofi_path *path;
	int dead;
	u16 status;
	const char *why;
	bool draining;
	u64 id;
	u8 cookie[COF_COOKIE_LEN];
	u64 offered;
	u64 features;
	unsigned long kato;
	unsigned long last_rx;
	unsigned long ka_sent;
	struct delayed_work ka_work;
	bool identified;
	struct work_struct ident_work;
	struct cofi_chan admin;
	u32 max_der;
	char driver[COF_NAME_LEN];
	struct cofi_quota quota;
	unsigned int nr_queues;
	struct cofi_queue **queues;
};

void cofi_identify_caps(const struct cof_identify_rsp *rsp, struct asym_caps *caps);
struct cofi_assoc *cofi_assoc_alloc(struct cofi_path *path);
int cofi_assoc_connect(struct cofi_assoc *assoc);
void cofi_assoc_stop_timers(struct cofi_assoc *assoc);
void cofi_assoc_abort(struct cofi_assoc *assoc);
unsigned int cofi_assoc_inflight(struct cofi_assoc *assoc);
void cofi_assoc_close(struct cofi_assoc *assoc);
void cofi_assoc_free(struct cofi_assoc *assoc);

static inline bool cofi_assoc_dead(const struct cofi_assoc *assoc)
{
	return READ_ONCE(assoc->dead);
}

/* How long the target may keep the slot of an operation after ABORT. */
static inline unsigned long cofi_assoc_aborted(const struct cofi_assoc *assoc)
{
	return max(2 * assoc->kato, msecs_to_jiffies(COFI_ABORTED_MS));
}

/*
 * How long an operation may be silent before it is asked after, and the answer to that take,
 * so that both together, and the ticks between, are less than two keep-alive time-outs.
 */
static inline unsigned long cofi_assoc_patience(const struct cofi_assoc *assoc)
{
	return assoc->kato - assoc->kato / 4;
}

/* ---- paths: path.c -------------------------------------------------------- */

/**
 * struct cofi_path - one way to a pool's target
 * @item: configfs
 * @pool: its pool
 * @list: in pool->paths, under pool->lock
 * @name: "<pool>/<n>", the asym_device's name
 * @transport: configuration, under pool->lock; constant while @enabled
 * @traddr: likewise
 * @trsvcid: likewise
 * @addr: both, looked up by @work for each attempt to connect, under @lock
 * @enabled: likewise
 * @running: path and pool are enabled: @work may run; under pool->lock
 * @lock: guards @stop, @state and @reason
 * @stop: @work must not be queued any more
 * @state: enum cofi_state
 * @reason: why it failed; empty if it did not
 * @wait: for answers to commands, free slots, and the end
 * @work: makes and ends associations
 * @stop_work: ends them when the path is stopped
 * @reg_work: registers @dev, which waits for answers, so that @work need not
 * @assoc: set and cleared by @work (or whoever stops it) while @dev is not registered;
 *	others may look at it, and at @dev, under @lock while @state is COFI_LIVE
 * @registered: @dev is with asym_provider; written by @reg_work, and by @work
 *	when @reg_work is idle
 * @was_live: since it was enabled
 * @ever_live: since it was made
 * @live_since: jiffies
 * @attempts: in vain, or for less than COFI_STABLE_MS, since it was live for that long
 * @logged: errno or status of the failure last logged
 * @dev: asym_provider's view
 * @count: counters
 * @sysfs: /sys/class/cof/<pool>-<n>
 */
struct cofi_path {
	struct config_item item;
	struct cofi_pool *pool;
	struct list_head list;
	char name[COFI_NAME_MAX + 8];

	char transport[COFI_WORD_LEN];
	char traddr[COFI_WORD_LEN];
	char trsvcid[COFI_WORD_LEN];
	struct sockaddr_storage addr;
	bool enabled;
	bool running;

	spinlock_t lock;	/* state */
	bool stop;
	enum cofi_state state;
	char reason[80];
	wait_queue_head_t wait;

	struct delayed_work work;
	struct work_struct stop_work;
	struct work_struct reg_work;
	struct cofi_assoc *assoc;
	bool registered;
	bool was_live;
	bool ever_live;
	unsigned long live_since;
	unsigned int attempts;
	int logged;

	struct asym_device dev;
	struct cofi_counters count;
	struct device *sysfs;
};

void cofi_path_init(struct cofi_path *path, struct cofi_pool *pool);
void cofi_path_start(struct cofi_path *path);
void cofi_path_stop(struct cofi_path *path);
void cofi_path_stopped(struct cofi_path *path);
unsigned int cofi_path_delay_ms(struct cofi_path *path, bool live, u32 random);
unsigned int cofi_backoff_ms(unsigned int base_ms, unsigned int attempts, u32 random);

/* ---- pools: config.c, config_path.c --------------------------------------- */

/**
 * struct cofi_pool - a pool, as an administrator made it
 * @group: configfs
 * @paths_group: its folder paths/
 * @lock: guards the rest; sleeping
 * @paths: struct cofi_path
 * @pool: name at the target; this and the next constant while @enabled
 * @hostid: who we are
 * @queues: I/O queues for each path
 * @depth: requests in flight on each
 * @so_priority: of its sockets
 * @busy_poll_us: likewise
 * @priority: cra_priority
 * @kato_ms: keep-alive time-out asked for
 * @reconnect_ms: first delay; may change at any time
 * @digests: COF_DIGEST_*, asked for; constant while @enabled
 * @insecure: clear text may leave this host
 * @fallback: enum asym_fallback; may change at any time
 * @policy: enum asym_policy; likewise
 * @public_ops: enum asym_public_ops; likewise
 * @max_wait_ms: how long an operation, or a key to be opened, waits for an answer; 0: no bound;
 *	likewise
 * @check_results: likewise
 * @list: in config.c's list of all pools
 * @enabled: @class exists
 * @class: the algorithms
 */
struct cofi_pool {
	struct config_group group;
	struct config_group paths_group;
	struct mutex lock;	/* configuration */
	struct list_head paths;
	char pool[COF_NAME_LEN];
	char hostid[COF_NAME_LEN];
	unsigned int queues;
	unsigned int depth;
	unsigned int so_priority;
	unsigned int busy_poll_us;
	unsigned int priority;
	unsigned int kato_ms;
	unsigned int reconnect_ms;
	unsigned int digests;
	bool insecure;
	enum asym_fallback fallback;
	enum asym_policy policy;
	enum asym_public_ops public_ops;
	unsigned int max_wait_ms;
	bool check_results;
	struct list_head list;
	bool enabled;
	struct asym_class *class;
};

static inline const char *cofi_pool_name(struct cofi_pool *pool)
{
	return config_item_name(&pool->group.cg_item);
}

extern const struct config_item_type cofi_paths_type;
int cofi_path_validate(struct cofi_path *path);
void cofi_config_shutdown(void);
int cofi_config_init(void);
void cofi_config_exit(void);

/* ---- /sys/class/cof: sysfs.c ---------------------------------------------- */

int cofi_sysfs_init(void);
void cofi_sysfs_exit(void);
int cofi_sysfs_add(struct cofi_path *path, const char *n);
void cofi_sysfs_del(struct cofi_path *path);

#endif /* _COF_INITIATOR_H */
