/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cof_target: lets other hosts use this one's asymmetric crypto.
 *
 * Who owns what. A port (configfs) has a listener and queues; a queue is one
 * connection. A pool (configfs) has, while enabled, an executor and associations. An
 * association has keys, its admin queue and its I/O queues. References: an
 * operation in flight holds its queue, a queue holds its association; the
 * freeing of a queue is what its port waits for when it is disabled, that of an
 * association what its pool waits for. So nothing that is configured goes
 * while something uses it.
 *
 * A driver may take any time for what it has, so disabling waits in a work item (struct
 * cof_tgt_off), which holds the object and the module, and never with a mutex held.
 *
 * Locks, outermost first:
 *   port->lock, pool->lock  mutex: the configuration of one object; not held while something in
 *                   flight is waited for
 *   cof_tgt_lock    spinlock, bottom halves disabled: all lists and links between the
 *                   objects, enabled flags, dying/closed flags; never on the path of an operation
 *   assoc->key_lock rwlock: the key table; read while an operation is submitted
 *   queue->lock     spinlock: free requests, admin requests
 *   pool->qos.lock  asym_qos's; queue->lock may be held
 *   conn->tx_lock   cof.ko's
 *
 * Contexts: connections call back with bottom halves disabled; all that may sleep is
 * done by work items on cof_tgt_wq, none of which waits for another one of
 * the same object, except freeing, which waits for the object's others.
 */
#ifndef _COF_TARGET_H
#define _COF_TARGET_H

#define pr_fmt(fmt) "cof_target: " fmt

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/configfs.h>
#include <linux/kref.h>
#include <linux/log2.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/qos.h>
#include "../addr.h"
#include "../conn.h"
#include "../hops.h"
#include "../msg.h"
#include "../transport.h"
#include "shared.h"

#define COF_TGT_SETUP_MS	5000	/* accept to CONNECT */
#define COF_TGT_LINGER_MS	1000	/* a refused peer may read why */
#define COF_TGT_KATO_MS		5000	/* when the initiator leaves it to us */
#define COF_TGT_DRAIN_MS	2000	/* initiators told so may go in order */
#define COF_TGT_DROP_MS		5000	/* rmdir waits so long; the rest is done without it */
#define COF_TGT_LISTEN_MS	1000	/* until a port looks again for its address */
#define COF_TGT_DRIVERS_LEN	512

enum cof_tgt_stat {
	COF_TGT_ENCRYPT,	/* the first four as enum asym_op */
	COF_TGT_DECRYPT,
	COF_TGT_SIGN,
	COF_TGT_VERIFY,
	COF_TGT_ERRORS,
	COF_TGT_BYTES,
	COF_TGT_KEYS,
	COF_TGT_REFUSED_HOSTS,
	COF_TGT_CRC_ERRORS,
	COF_TGT_INLINE_KEYS,
	COF_TGT_NR_STATS
};

/**
 * struct cof_tgt_off - disables a port or a pool
 * @work: waits for what is in flight; holds a reference to the object, and one to the module
 * @done: nothing is left
 * @running: it is queued or runs; the object's lock
 */
struct cof_tgt_off {
	struct work_struct work;
	struct completion done;
	bool running;
};

/**
 * struct cof_tgt_host - hosts/<hostid>
 * @item: its name is the host id
 * @list: all hosts; cof_tgt_lock
 * @counted: in which count of hosts it was seen last; cof_tgt_lock
 */
struct cof_tgt_host {
	struct config_item item;
	struct list_head list;
	u64 counted;
};

/**
 * struct cof_tgt_link - a symbolic link in configfs
 * @list: pool->hosts or port->pools; cof_tgt_lock
 * @host: of pool->hosts
 * @pool: of port->pools
 */
struct cof_tgt_link {
	struct list_head list;
	union {
		struct cof_tgt_host *host;
		struct cof_tgt_pool *pool;
	};
};

/**
 * struct cof_tgt_pool_cpu - what one CPU counted on the path of operations
 * @stats: COF_TGT_ENCRYPT to COF_TGT_BYTES
 * @latencies: operations that took less than 1, 2, 4, ... us from their arrival until the answer
 *	was given to the transport
 */
struct cof_tgt_pool_cpu {
	u64 stats[COF_TGT_BYTES + 1];
	u64 latencies[ASYM_LATENCIES];
};

/**
 * struct cof_tgt_flow - a host in a pool: all its associations, and its quota
 * @qos: in pool->qos; what the host may have, and had
 * @list: pool->flows; cof_tgt_lock
 * @users: associations not freed yet, and one for quotas/<hostid>; the last one frees it;
 *	cof_tgt_lock
 * @assocs: associations not freed yet; cof_tgt_lock
 * @keys: open ones, or about to be
 * @max_keys: how many it may have, 0: no limit but that of an association; read without a lock
 * @hostid: whose
 */
struct cof_tgt_flow {
	struct asym_qos_flow qos;
	struct list_head list;
	unsigned int users;
	unsigned int assocs;
	atomic_t keys;
	u32 max_keys;
	char hostid[COF_NAME_LEN];
};

/**
 * struct cof_tgt_pool - pools/<pool>
 * @group: its name is the pool's
 * @allowed_group: allowed_hosts/
 * @quotas_group: quotas/
 * @stats_group: stats/
 * @lock: the configuration
 * @off: disables it
 * @drivers: as configured; @lock
 * @algos: BIT(enum asym_algo), as configured; fixed while enabled
 * @max_inflight: as configured: operations with the driver at one time, 0: the executor's choice
 * @remote: computes on remote algorithms, counted by cof_hops_add(@hops)
 * @hops: see @remote; highest hop count it takes then, fixed while enabled
 * @exec: while enabled, and until the last association is gone
 * @req_size: asym_exec_request_size()
 * @qos: orders what goes to @exec
 * @flows: struct cof_tgt_flow; cof_tgt_lock
 * @enabled: written under @lock and cof_tgt_lock
 * @hosts: allowed ones, struct cof_tgt_link; cof_tgt_lock
 * @assocs: cof_tgt_lock
 * @users: associations not freed yet; cof_tgt_lock
 * @stats: enum cof_tgt_stat, but for those in @cpu
 * @cpu: counters of the path of operations
 */
struct cof_tgt_pool {
	struct config_group group;
	struct config_group allowed_group;
	struct config_group quotas_group;
	struct config_group stats_group;
	struct mutex lock;	/* see above */
	struct cof_tgt_off off;
	char drivers[COF_TGT_DRIVERS_LEN];
	u32 algos;
	u32 max_inflight;
	bool remote;
	unsigned int hops;
	struct asym_exec *exec;
	size_t req_size;
	struct asym_qos qos;
	struct list_head flows;
	bool enabled;
	struct list_head hosts;
	struct list_head assocs;
	unsigned int users;
	atomic64_t stats[COF_TGT_NR_STATS];
	struct cof_tgt_pool_cpu __percpu *cpu;
};

/**
 * struct cof_tgt_seat - a host on a port
 * @list: port->hosts; cof_tgt_lock
 * @conns: connections of its associations, of all pools, not freed yet; cof_tgt_lock
 * @hostid: whose
 */
struct cof_tgt_seat {
	struct list_head list;
	unsigned int conns;
	char hostid[COF_NAME_LEN];
};

#define COF_TGT_HOST_ROOM	2	/* connections that are kept for each host */
#define COF_TGT_DIGESTS_ANY	(-1)	/* whatever the initiator asks for */

/**
 * struct cof_tgt_port - ports/<n>
 * @group: ports/<n>
 * @pools_group: pools/
 * @id: n
 * @lock: the configuration
 * @off: disables it
 * @transport: as configured; @lock
 * @traddr: as configured
 * @trsvcid: as configured
 * @insecure: as configured
 * @digests: as configured: COF_DIGEST_* demanded, or COF_TGT_DIGESTS_ANY
 * @opts: as configured
 * @enabled: as configured, and until it is disabled altogether
 * @listen_work: while enabled: looks again for the address, if it is not there or may go
 * @listener: while enabled and the address is there; of @listen_work, and of enabling and disabling
 * @listen_err: why there is none; 0: there is one
 * @addr: where @listener listens
 * @pools: offered here, struct cof_tgt_link; cof_tgt_lock
 * @queues: connections; cof_tgt_lock
 * @strangers: those without an association, oldest first; cof_tgt_lock
 * @nr_strangers: how many
 * @hosts: those that have an association, struct cof_tgt_seat; cof_tgt_lock
 * @nr_hosts: how many
 * @nr_admitted: connections of associations not freed yet; cof_tgt_lock
 * @users: queues not freed yet; cof_tgt_lock
 */
struct cof_tgt_port {
	struct config_group group;
	struct config_group pools_group;
	u16 id;
	struct mutex lock;	/* see above */
	struct cof_tgt_off off;
	char transport[16];
	char traddr[64];
	char trsvcid[8];
	bool insecure;
	int digests;
	struct cof_net_opts opts;
	bool enabled;
	struct delayed_work listen_work;
	struct cof_listener *listener;
	int listen_err;
	struct sockaddr_storage addr;
	struct list_head pools;
	struct list_head queues;
	struct list_head strangers;
	unsigned int nr_strangers;
	struct list_head hosts;
	unsigned int nr_hosts;
	unsigned int nr_admitted;
	unsigned int users;
};

/**
 * struct cof_tgt_key - a slot of an association's key table
 * @key: NULL: free
 * @algo: enum asym_algo, of @key
 * @gen: upper half of the handle; changes when a key is closed
 */
struct cof_tgt_key {
	struct asym_exec_key *key;
	u8 algo;
	u32 gen;
};

/**
 * struct cof_tgt_assoc - one initiator host using one pool
 * @ref: cof_tgt_assoc_put()
 * @pool: whose user it is
 * @flow: its host's; a user of it, while @pool is set
 * @port: where it came in; only compared, the port may be gone
 * @id: for logs
 * @cookie: I/O queues present it
 * @hostid: who it is
 * @features: COF_FEAT_* granted
 * @nr_queues: I/O queues granted
 * @depth: of each, granted
 * @kato: time-out, jiffies
 * @last_rx: when a message came, jiffies; written without a lock
 * @made: when it was, jiffies
 * @list: pool->assocs; cof_tgt_lock
 * @queues: [0] admin, [1..nr_queues] I/O, NULL if not connected; cof_tgt_lock
 * @dying: no new queue; cof_tgt_lock
 * @linger: let the peer read why; cof_tgt_lock
 * @reason: enum cof_status; cof_tgt_lock
 * @kill_work: ends it
 * @free_work: frees it
 * @kato_work: looks at @last_rx
 * @key_lock: guards the next three
 * @keys: table
 * @max_keys: slots in @keys
 * @keys_closed: no key is added any more
 */
struct cof_tgt_assoc {
	struct kref ref;
	struct cof_tgt_pool *pool;
	struct cof_tgt_flow *flow;
	const struct cof_tgt_port *port;
	u64 id;
	u8 cookie[COF_COOKIE_LEN];
	char hostid[COF_NAME_LEN];
	u64 features;
	u16 nr_queues;
	u32 depth;
	unsigned long kato;
	unsigned long last_rx;
	unsigned long made;

	struct list_head list;
	struct cof_tgt_queue *queues[COF_MAX_QUEUES + 1];
	bool dying;
	bool linger;
	u16 reason;

	struct work_struct kill_work;
	struct work_struct free_work;
	struct delayed_work kato_work;

	rwlock_t key_lock;
	struct cof_tgt_key *keys;
	u32 max_keys;
	bool keys_closed;
};

enum cof_tgt_queue_state {
	COF_TGT_NEW,		/* waits for CONNECT */
	COF_TGT_CONNECTING,	/* CONNECT is with connect_work */
	COF_TGT_LIVE,
	COF_TGT_DEAD,		/* takes nothing any more, will be closed */
};

/**
 * struct cof_tgt_inline - room for a key that came with its operation
 * @list: queue->free_inline; or queue->preparing while it waits for key_work; or nowhere
 * @req: whose key it is
 * @algo: as the request says
 * @is_private: likewise
 * @curve: likewise
 * @len: bytes at @der
 * @der: COF_MAX_DER bytes, wiped as soon as the key is prepared
 */
struct cof_tgt_inline {
	struct list_head list;
	struct cof_tgt_req *req;
	u8 algo;
	bool is_private;
	u8 curve;
	u32 len;
	u8 *der;
};

/* Where the key is that came with an operation. */
enum cof_tgt_prepare {
	COF_TGT_NOT_PREPARING,	/* there was none, or it waits for its turn, or the driver has it */
	COF_TGT_TO_PREPARE,	/* queue->preparing; it is charged */
	COF_TGT_PREPARING,	/* key_work has it */
};

/**
 * struct cof_tgt_item - what waits for its turn
 * @qos: of the pool's scheduler
 * @dispatch: its turn has come. As asym_qos_ops.dispatch
 */
struct cof_tgt_item {
	struct asym_qos_item qos;
	void (*dispatch)(struct cof_tgt_item *item);
};

/**
 * struct cof_tgt_req - an operation, preallocated: one object, @exec and @in are behind this
 * @list: queue->free_reqs or queue->busy_reqs
 * @by_tag: queue->tags, while busy
 * @queue: whose
 * @tx: the answer; the result is computed into it
 * @tag: of the request; queue->lock
 * @opcode: of the request
 * @prepare: enum cof_tgt_prepare; queue->lock
 * @unwanted: aborted after its turn came, and has a key to be prepared; queue->lock
 * @charged: aborted then, but before that began: asym_qos_done() is left to do
 * @key: its place among those of the queue that have a key with them, or NULL
 * @item: where it waits for its turn; while it does, exec->key is a reference, unless @key is set
 * @arrived: when, ns
 * @in: input and digest
 * @in_len: bytes of both
 * @exec: asym_exec_request_size() bytes
 */
struct cof_tgt_req {
	struct list_head list;
	struct hlist_node by_tag;
	struct cof_tgt_queue *queue;
	struct cof_txbuf *tx;
	u64 tag;
	u16 opcode;
	u8 prepare;
	bool unwanted;
	bool charged;
	struct cof_tgt_inline *key;
	struct cof_tgt_item item;
	u64 arrived;
	u8 *in;
	u32 in_len;
	struct asym_exec_request *exec;
};

/**
 * struct cof_tgt_queue_ops - what a queue does with its messages: connect.c's until CONNECT is
 *	accepted, then admin.c's or io.c's
 * @recv: a message came, and the queue is NEW or LIVE; as cof_conn_ops.recv
 * @work: queue->work runs
 * @key_work: queue->key_work runs; may take as long as a driver does
 * @cancel: the connection is closed, nothing is received any more: drop what waits for its turn. May
 *	be NULL. Process context
 * @free: nobody else uses the queue: free what it has. May be NULL. Process context
 */
struct cof_tgt_queue_ops {
	int (*recv)(struct cof_tgt_queue *queue, const struct cof_hdr *msg, u32 len);
	void (*work)(struct cof_tgt_queue *queue);
	void (*key_work)(struct cof_tgt_queue *queue);
	void (*cancel)(struct cof_tgt_queue *queue);
	void (*free)(struct cof_tgt_queue *queue);
};

/**
 * struct cof_tgt_queue - one connection
 * @ref: one until close_work ran, one for each pending work item and operation
 * @ops: what works on its messages
 * @conn: the connection
 * @port: whose user it is
 * @state: enum cof_tgt_queue_state; atomic
 * @list: port->queues; cof_tgt_lock
 * @stranger: port->strangers, or empty; cof_tgt_lock
 * @seat: its host's, once it has an association; cof_tgt_lock
 * @closed: close_work ran; cof_tgt_lock
 * @assoc: set (cof_tgt_lock) before LIVE; referenced until this is freed
 * @qid: 0 admin
 * @connect: the request, while CONNECTING; connect.c's
 * @setup_work: CONNECT did not come
 * @close_work: closes the connection
 * @work: on cof_tgt_wq, ops->work
 * @key_work: on cof_tgt_key_wq, ops->key_work
 * @free_work: frees this
 * @lock: guards the rest
 * @admin_reqs: struct cof_tgt_admin_req; this and the next three are admin.c's
 * @admin_inflight: admin requests not answered
 * @opening: struct cof_tgt_admin_req, KEY_OPEN that waits for its turn
 * @to_open: likewise, whose turn has come
 * @free_reqs: struct cof_tgt_req not in use; this and the next six are io.c's
 * @busy_reqs: those that are
 * @tags: those again, by tag: for ABORT and QUERY, which cost the peer nothing
 * @tag_bits: buckets there, as a power of two
 * @tag_secret: odd, random: the peer chooses tags, and not which bucket they are in
 * @free_inline: struct cof_tgt_inline not in use
 * @preparing: those that wait for key_work
 * @cancelled: it is closed: nothing is to wait any more
 */
struct cof_tgt_queue {
	struct kref ref;
	const struct cof_tgt_queue_ops *ops;
	struct cof_conn *conn;
	struct cof_tgt_port *port;
	int state;
	struct list_head list;
	struct list_head stranger;
	struct cof_tgt_seat *seat;
	bool closed;
	struct cof_tgt_assoc *assoc;
	u16 qid;
	struct cof_connect_req connect;
	struct delayed_work setup_work;
	struct delayed_work close_work;
	struct work_struct work;
	struct work_struct key_work;
	struct work_struct free_work;

	spinlock_t lock;	/* requests */
	struct list_head admin_reqs;
	unsigned int admin_inflight;
	struct list_head opening;
	struct list_head to_open;
	struct list_head free_reqs;
	struct list_head busy_reqs;
	struct hlist_head *tags;
	unsigned int tag_bits;
	u64 tag_secret;
	struct list_head free_inline;
	struct list_head preparing;
	bool cancelled;
};

static inline struct hlist_head *cof_tgt_tag_bucket(const struct cof_tgt_queue *queue, u64 tag)
{
	return &queue->tags[tag * queue->tag_secret >> (64 - queue->tag_bits)];
}

/* assoc.c */
#define COF_TGT_FEATURES	(COF_FEAT_HDR_CRC | COF_FEAT_DATA_CRC | COF_FEAT_ABORT | \
				 COF_FEAT_INLINE_KEY)
struct cof_tgt_assoc *cof_tgt_assoc_alloc(const struct cof_connect_req *req, const char *hostid);
void cof_tgt_assoc_kill(struct cof_tgt_assoc *assoc, u16 reason, bool linger);
void __cof_tgt_assoc_kill(struct cof_tgt_assoc *assoc, u16 reason, bool linger);
void cof_tgt_assoc_put(struct cof_tgt_assoc *assoc);
void __cof_tgt_assoc_event(struct cof_tgt_assoc *assoc, u32 event);
void cof_tgt_event(struct cof_tgt_pool *pool, const char *hostid, u32 event);

/* pool.c */
extern struct list_head cof_tgt_hosts;
bool cof_tgt_host_known(const char *hostid);
bool cof_tgt_host_allowed(const struct cof_tgt_pool *pool, const char *hostid);

/* port.c */
bool cof_tgt_port_get(struct cof_tgt_port *port);
void cof_tgt_port_put(struct cof_tgt_port *port);
void cof_tgt_stranger_del(struct cof_tgt_queue *queue);
struct cof_tgt_queue *cof_tgt_stranger_add(struct cof_tgt_queue *queue);
struct cof_tgt_seat *cof_tgt_seat_alloc(const char *hostid);
struct cof_tgt_seat *cof_tgt_seat_get(struct cof_tgt_port *port, const char *hostid,
				      struct cof_tgt_seat **spare);
void cof_tgt_seat_put(struct cof_tgt_port *port, struct cof_tgt_seat *seat);
unsigned int cof_tgt_port_room(const struct cof_tgt_port *port, const char *hostid);
struct cof_tgt_pool *cof_tgt_port_pool(const struct cof_tgt_port *port, const char *name);

/* queue.c */
int cof_tgt_queue_make(struct cof_tgt_port *port, struct cof_conn *conn,
		       const struct cof_tgt_queue_ops *ops);
void cof_tgt_queue_put(struct cof_tgt_queue *queue);
void cof_tgt_queue_admitted(struct cof_tgt_queue *queue, struct cof_tgt_assoc *assoc, u16 qid,
			    struct cof_tgt_seat **spare);
void cof_tgt_queue_finish(struct cof_tgt_queue *queue, u16 reason, bool linger);
void __cof_tgt_queue_finish(struct cof_tgt_queue *queue, u16 reason, bool linger);
int cof_tgt_violation(struct cof_tgt_queue *queue, const char *what);
void cof_tgt_reply(struct cof_tgt_queue *queue, const struct cof_hdr *msg, int err);

/* connect.c */
int cof_tgt_accept(struct cof_listener *listener, struct cof_conn *conn);

/* admin.c */
void cof_tgt_admin_init(struct cof_tgt_queue *queue);

/* io.c */
int cof_tgt_io_init(struct cof_tgt_queue *queue, const struct cof_tgt_assoc *assoc);

/* flow.c */
extern const struct asym_qos_ops cof_tgt_qos_ops;
struct cof_tgt_flow *cof_tgt_flow_alloc(const char *hostid);
struct cof_tgt_flow *cof_tgt_flow_get(struct cof_tgt_pool *pool, struct cof_tgt_flow **spare,
				      bool assoc);
void cof_tgt_flow_put(struct cof_tgt_flow *flow, bool assoc);
bool cof_tgt_flow_key_get(struct cof_tgt_flow *flow);
void cof_tgt_flow_key_put(struct cof_tgt_flow *flow);

/* key.c */

/* @algos: BIT(enum asym_algo); @algo: any, from a peer */
static inline bool cof_tgt_algo_offered(u32 algos, u8 algo)
{
	return (algo == ASYM_RSA || algo == ASYM_ECDSA) && algos & BIT(algo);
}

int cof_tgt_key_check(const struct cof_tgt_assoc *assoc, struct asym_key_data *data);
bool cof_tgt_key_room(struct cof_tgt_assoc *assoc);
int cof_tgt_key_open(struct cof_tgt_assoc *assoc, struct asym_key_data *data, u64 *handle,
		     unsigned int *key_bytes);
int cof_tgt_key_close(struct cof_tgt_assoc *assoc, u64 handle);
struct cof_tgt_key *cof_tgt_key_find(struct cof_tgt_assoc *assoc, u64 handle);
void cof_tgt_keys_wipe(struct cof_tgt_assoc *assoc);

/* config/root.c */
int cof_tgt_config_init(void);
void cof_tgt_config_exit(void);

/* config/item.c */
ssize_t cof_tgt_store_string(char *dst, size_t size, const char *page, size_t count);
bool cof_tgt_unused(const unsigned int *users);
void cof_tgt_off_init(struct cof_tgt_off *off, work_func_t work);
void cof_tgt_off_begin(struct cof_tgt_off *off, struct config_item *item);
void cof_tgt_off_done(struct cof_tgt_off *off);
void cof_tgt_off_end(struct config_item *item);

/* config/hosts.c */
extern const struct config_item_type cof_tgt_hosts_type;
struct cof_tgt_host *to_cof_tgt_host(struct config_item *item);

/* config/pools.c */
extern const struct config_item_type cof_tgt_pools_type;
struct cof_tgt_pool *to_cof_tgt_pool(struct config_item *item);

static inline const char *cof_tgt_pool_name(const struct cof_tgt_pool *pool)
{
	return pool->group.cg_item.ci_name;
}

/* config/quotas.c */
extern const struct config_item_type cof_tgt_quotas_type;

/* config/stats.c */
extern const struct config_item_type cof_tgt_stats_type;

/* config/ports.c */
extern const struct config_item_type cof_tgt_ports_type;

#endif /* _COF_TARGET_H */
