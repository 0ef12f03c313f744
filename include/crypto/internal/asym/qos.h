/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asym_qos: decides when the requests of several hosts (or guests) go to one
 * executor, and keeps the histogram of how long they took. Users: cof_target and vdpa_crypto.
 *
 * A scheduler (struct asym_qos) belongs to a pool or a device; a flow to one
 * of its hosts; an item is embedded in a request that its owner preallocated, so
 * nothing is allocated here. A request over a limit of its flow waits in the flow,
 * in order; it never fails. Between flows that may go on, service is shared by cost
 * and weight (start-time fair queueing), and nothing is left unused.
 */
#ifndef _CRYPTO_INTERNAL_ASYM_QOS_H
#define _CRYPTO_INTERNAL_ASYM_QOS_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#define ASYM_QOS_MAX_RATE	1000000000000ULL	/* of any limit, per second */
#define ASYM_QOS_BURST_MS	100			/* default */
#define ASYM_QOS_MAX_BURST_MS	60000
#define ASYM_QOS_WEIGHT		100			/* default */
#define ASYM_QOS_MAX_WEIGHT	10000

/**
 * struct asym_qos_limits - what a flow may have; 0 is unlimited
 * @ops_per_sec: requests
 * @bytes_per_sec: bytes of input
 * @units_per_sec: units; one is 1,000 of asym_cost(), an RSA-2048 private operation
 * @burst_ms: what was left unused for so long may be caught up on, 1 to ASYM_QOS_MAX_BURST_MS;
 *	also how late this machine may be without loss
 * @weight: of its share when others want something, too, 1 to ASYM_QOS_MAX_WEIGHT
 * @max_inflight: requests dispatched and not done
 */
struct asym_qos_limits {
	u64 ops_per_sec;
	u64 bytes_per_sec;
	u64 units_per_sec;
	u32 burst_ms;
	u32 weight;
	u32 max_inflight;
};

#define ASYM_QOS_UNLIMITED \
	((struct asym_qos_limits){ .burst_ms = ASYM_QOS_BURST_MS, .weight = ASYM_QOS_WEIGHT })

struct asym_qos;
struct asym_qos_flow;

/**
 * struct asym_qos_item - what a request embeds; filled in by its owner before asym_qos_submit()
 * @cost: asym_cost() of it
 * @bytes: of input
 * @first: it goes before those of its flow that wait and are not; for what is few
 */
struct asym_qos_item {
	u32 cost;
	u32 bytes;
	bool first;
	/* private: under the scheduler's lock */
	struct asym_qos_flow *flow;
	struct list_head list;	/* flow->waiting */
	bool waiting;		/* it is there */
};

/* The limits by rate. */
enum asym_qos_kind {
	ASYM_QOS_OPS,
	ASYM_QOS_BYTES,
	ASYM_QOS_UNITS,
	ASYM_QOS_KINDS
};

/**
 * struct asym_qos_bucket - a limit by rate, kept as time
 * @rate: per second; 0: none
 * @used_until: when all that was taken is paid for, ns; the future is what was taken in advance
 * @rest: and so many parts of a nanosecond more, of @rate parts; so nothing is rounded away
 */
struct asym_qos_bucket {
	u64 rate;
	u64 used_until;
	u64 rest;
};

enum asym_qos_state {
	ASYM_QOS_IDLE,		/* nothing waits */
	ASYM_QOS_READY,		/* in qos->ready */
	ASYM_QOS_THROTTLED,	/* in qos->throttled, until flow->wake */
	ASYM_QOS_FULL,		/* max_inflight are dispatched */
};

/**
 * struct asym_qos_stats - what a flow did
 * @ops: requests done
 * @bytes: of input of these
 * @milliunits: asym_cost() of these
 * @throttled: times that a limit made it wait
 * @throttled_us: how long, in all
 * @waiting: requests that wait now, for whatever reason
 * @inflight: requests dispatched and not done
 */
struct asym_qos_stats {
	u64 ops;
	u64 bytes;
	u64 milliunits;
	u64 throttled;
	u64 throttled_us;
	u32 waiting;
	u32 inflight;
};

/**
 * struct asym_qos_flow - a host's requests; all of it under the scheduler's lock
 * @qos: the scheduler
 * @limits: as set
 * @buckets: by enum asym_qos_kind
 * @waiting: items, first in, first out
 * @state: enum asym_qos_state
 * @node: in qos->ready or qos->throttled
 * @start: virtual time at which its first waiting item starts
 * @finish: virtual time at which its last dispatched item ends
 * @wake: when the limits allow its first item, ns
 * @since: when it was throttled, ns
 * @stats: counters
 */
struct asym_qos_flow {
	struct asym_qos *qos;
	struct asym_qos_limits limits;
	struct asym_qos_bucket buckets[ASYM_QOS_KINDS];
	struct list_head waiting;
	u8 state;
	struct rb_node node;
	u64 start;
	u64 finish;
	u64 wake;
	u64 since;
	struct asym_qos_stats stats;
};

/**
 * struct asym_qos_ops - what the owner of a scheduler does
 * @dispatch: give the item's request to the executor; asym_qos_done() follows, once, perhaps within
 *	this call. Bottom halves disabled, no lock of the scheduler held, in the context of whoever
 *	submitted or finished something, or of a timer
 */
struct asym_qos_ops {
	void (*dispatch)(struct asym_qos_item *item);
};

/**
 * struct asym_qos - a scheduler
 * @ops: the owner's
 * @lock: the rest, and all flows; bottom halves disabled
 * @max_inflight: items dispatched and not done, of all flows
 * @inflight: how many there are
 * @ready: flows that may go on, by flow->start
 * @throttled: flows that may not before flow->wake, by that
 * @vtime: virtual time: the start of what was dispatched last
 * @pumping: somebody dispatches what waits
 * @stopped: asym_qos_exit() ran
 * @timer: for @throttled
 * @idle: a flow's last item is done
 */
struct asym_qos {
	const struct asym_qos_ops *ops;
	spinlock_t lock;	/* see above */
	u32 max_inflight;
	u32 inflight;
	struct rb_root_cached ready;
	struct rb_root_cached throttled;
	u64 vtime;
	bool pumping;
	bool stopped;
	struct hrtimer timer;
	wait_queue_head_t idle;
};

void asym_qos_init(struct asym_qos *qos, const struct asym_qos_ops *ops, u32 max_inflight);
void asym_qos_exit(struct asym_qos *qos);
void asym_qos_set_max_inflight(struct asym_qos *qos, u32 max_inflight);

void asym_qos_flow_add(struct asym_qos *qos, struct asym_qos_flow *flow,
		       const struct asym_qos_limits *limits);
void asym_qos_flow_set(struct asym_qos_flow *flow, const struct asym_qos_limits *limits);
void asym_qos_flow_del(struct asym_qos_flow *flow);
void asym_qos_flow_limits(struct asym_qos_flow *flow, struct asym_qos_limits *limits);
void asym_qos_flow_stats(struct asym_qos_flow *flow, struct asym_qos_stats *stats);

/* Before asym_qos_submit(), if asym_qos_cancel() may be called meanwhile: it finds nothing. */
static inline void asym_qos_prepare(struct asym_qos_flow *flow, struct asym_qos_item *item)
{
	item->flow = flow;
	item->waiting = false;
}

void asym_qos_submit(struct asym_qos_flow *flow, struct asym_qos_item *item);
void asym_qos_done(struct asym_qos_item *item);
bool asym_qos_cancel(struct asym_qos_item *item);

/*
 * Latencies: operations by the time they took. The buckets are the caller's, per CPU or per queue;
 * bucket n is for less than 2^n us, the last for all else.
 */
#define ASYM_LATENCIES	32

unsigned int asym_latency_bucket(u64 since);
ssize_t asym_latency_emit(char *page, ssize_t len, unsigned int bucket, u64 count);

#endif /* _CRYPTO_INTERNAL_ASYM_QOS_H */
