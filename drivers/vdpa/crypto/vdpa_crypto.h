/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdpa_crypto: a virtio crypto device (virtio 1.3, 5.9) on the vDPA bus.
 *
 *   configfs item --> struct vdpa_crypto --> struct vc_dev --> struct vc_queue
 *   (what is wanted)   (the vDPA device)      (its contents)
 *
 * struct vc_dev outlives the vDPA device while operations it gave to the
 * executor are not answered: nobody who resets or removes a device waits for
 * an accelerator.
 *
 * Locks, outermost first:
 *   vc_queue.lock (mutex)	one queue's ring: whoever touches it or calls its
 *				callback holds this, and so whoever returns from
 *				stopping the queue knows that nobody does
 *   vc_dev.map_sem (rwsem)	read: memory of the driver is being accessed
 *   vc_sessions.lock		the session table
 *   vc_dev.limits_lock (mutex)	what limits the device, inside none of the others
 *   vc_dev.qos.lock		the scheduler's own
 *   vc_dev.config_lock		the callback for configuration changes
 * vc_queue.lock is never held while a key of the executor's is created or it computes. It is for
 * ciphers: while a key that a request brings is set, which is no more than a piece is, and while a
 * driver computes pieces within the call, VC_CIPHER_RUN at most before others have a turn.
 */
#ifndef _VDPA_CRYPTO_H
#define _VDPA_CRYPTO_H

#include <linux/atomic.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/vdpa.h>
#include <linux/vhost_iotlb.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

#include <crypto/aes.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/qos.h>
#include <crypto/skcipher.h>
#include <linux/scatterlist.h>

#include "mem.h"

#define VC_NAME_MAX		31
#define VC_QUEUES_MAX		64
#define VC_QUEUES_DEFAULT	2
#define VC_SESSIONS_MAX		65536
#define VC_SESSIONS_DEFAULT	1024
#define VC_COALESCE_MAX_USECS	10000
#define VC_COALESCE_USECS	50
#define VC_DRIVERS_MAX		255	/* length of the string */

#define VC_RING_MAX		1024	/* entries; QEMU insists on 1024 */
#define VC_DEPTH		256	/* operations of one queue at one time */
#define VC_PREALLOC		16	/* of them allocated before they are needed */
#define VC_BATCH		64	/* descriptors taken before others have a turn */
#define VC_MAX_SEGS		128	/* in each direction of one request */
#define VC_INLINE_SEGS		8

/* What can be in a data request: a key; a signature and a digest, or input and output */
#define VC_MAX_DATA		ASYM_MAX_KEY_BYTES
#define VC_MAX_SIZE		(ASYM_MAX_DER + 2 * VC_MAX_DATA)

/* Bytes of input of a cipher's request; computed in pieces, in the request's own buffer */
#define VC_CIPHER_MAX		SZ_1M
#define VC_CIPHER_PIECE		SZ_4K
static_assert(VC_CIPHER_PIECE <= VC_MAX_SIZE);

/* vc_params.algos: as BIT(enum asym_algo), and */
#define VC_ALGO_CBC_AES		BIT(31)
static_assert(ASYM_RSA < 31 && ASYM_ECDSA < 31);

/* ... what is offered unless an administrator says otherwise */
#define VC_ALGOS_DEFAULT	(BIT(ASYM_RSA) | BIT(ASYM_ECDSA))

/* Features a driver must accept, those it may, and those it may if there are ciphers */
#define VC_FEATURES_NEEDED	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))
#define VC_FEATURES_OFFERED	(VC_FEATURES_NEEDED | BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1) |	\
				 BIT_ULL(VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE))
#define VC_FEATURES_CIPHER	BIT_ULL(VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE)

/* enum vc_stat - the counters under stats/; both groups of four are in the order of enum asym_op */
enum vc_stat {
	VC_STAT_ENCRYPT,
	VC_STAT_DECRYPT,
	VC_STAT_SIGN,
	VC_STAT_VERIFY,
	VC_STAT_ENCRYPT_BYTES,
	VC_STAT_DECRYPT_BYTES,
	VC_STAT_SIGN_BYTES,
	VC_STAT_VERIFY_BYTES,
	VC_STAT_CIPHER_ENCRYPT,
	VC_STAT_CIPHER_DECRYPT,
	VC_STAT_CIPHER_ENCRYPT_BYTES,
	VC_STAT_CIPHER_DECRYPT_BYTES,
	VC_STAT_REQUESTS,
	VC_STAT_ERRORS,
	VC_STAT_CTRL_REQUESTS,
	VC_STAT_SESSIONS_TOTAL,
	VC_STAT_MALFORMED,
	VC_STAT_NOTIFICATIONS,
	VC_STAT_HELD_BACK,
	VC_STAT_KICKS,
	VC_STAT_STATELESS,
	VC_STAT_NR
};

/**
 * struct vc_params - what an administrator asked for
 * @name: of the device on the vDPA bus
 * @queues: data queues
 * @max_sessions: keys one driver may have open
 * @algos: BIT(enum asym_algo), and VC_ALGO_CBC_AES, to offer
 * @drivers: as asym_exec_create() takes it
 */
struct vc_params {
	char name[VC_NAME_MAX + 1];
	unsigned int queues;
	unsigned int max_sessions;
	u32 algos;
	char drivers[VC_DRIVERS_MAX + 1];
};

struct vc_create_req;
struct vc_dev;
struct vc_queue;
struct vc_request;
struct vc_service;
struct vc_session;

/**
 * struct vc_service - a service of the device (virtio 1.3, 5.9.1), as its queues use it
 * @parse_create: check a request to open a session, after whose fixed part the driver supplied
 *	@readable bytes. Any context. Return: VIRTIO_CRYPTO_OK and @out; _NOTSUPP; _ERR: lengths
 * @key_cost: what @open costs, milliunits. Any context
 * @open: prepare the key of a session, which is copied. May sleep, no lock is held. Return: 0 or
 *	-errno, and nothing is to be closed
 * @close: undo @open; the last reference to the session is gone. Any context that may sleep
 * @init_request: allocate what a new request object needs besides; NULL: nothing. May sleep.
 *	Return: 0 or -ENOMEM
 * @start: read the rest of a request from vc_queue.riov, which has @readable bytes more, and begin
 *	with it, vc_data_begin(). The queue's worker, vc_queue.lock and vc_dev.map_sem held. Return:
 *	-EINPROGRESS: @finish follows; -EALREADY: it is answered; else the status to answer with
 * @dispatch: the request waited for its turn, which has come. vc_data_complete() follows, perhaps
 *	within this call. As struct asym_qos_ops.dispatch
 * @prepare: what vc_data_prepare() was called for; vc_data_complete() follows. Process context, no
 *	lock held; NULL where that is never called
 * @cancel: the request waited for its turn, which does not come: let go of what it waited with.
 *	Process context, vc_queue.lock held; NULL: nothing
 * @finish: vc_data_over() was called, vc_request.err is the result: answer. The queue's worker,
 *	vc_queue.lock and vc_dev.map_sem held. Return: true if it is answered; false: more of it is
 *	being computed
 */
struct vc_service {
	u8 (*parse_create)(const struct vc_dev *vc, const struct virtio_crypto_op_ctrl_req *req,
			   size_t readable, struct vc_create_req *out);
	u32 (*key_cost)(const struct vc_create_req *create, const u8 *key);
	int (*open)(struct vc_dev *vc, const struct vc_create_req *create, const u8 *key,
		    struct vc_session *session);
	void (*close)(struct vc_session *session);

	int (*init_request)(struct vc_request *req);
	int (*start)(struct vc_request *req, const struct virtio_crypto_op_header *header,
		     size_t readable);
	void (*dispatch)(struct vc_request *req);
	void (*prepare)(struct vc_request *req);
	void (*cancel)(struct vc_request *req);
	bool (*finish)(struct vc_request *req);
};

/* VIRTIO_CRYPTO_SERVICE_* */
#define VC_SERVICES	(VIRTIO_CRYPTO_SERVICE_AKCIPHER + 1)

/**
 * struct vc_session - a key as a driver opened it
 * @ref: one for the table, one for each request being submitted
 * @id: as the driver names it: a count in the upper half, the table's index in the lower
 * @service: whose it is; decides which of the following there are
 * @tfm: of a cipher, with the key
 * @decrypt: what @tfm is for
 * @key: the executor's
 * @algo: enum asym_algo, of @key
 * @padding: enum asym_padding
 * @hash: enum asym_hash
 */
struct vc_session {
	refcount_t ref;
	u64 id;
	const struct vc_service *service;
	struct crypto_skcipher *tfm;
	bool decrypt;
	struct asym_exec_key *key;
	u8 algo;
	u8 padding;
	u8 hash;
};

/**
 * struct vc_sessions - the sessions of one device
 * @lock: protects everything but @max
 * @table: by index
 * @ida: which indices are taken
 * @max: size of the table
 * @count: sessions in the table
 * @seq: the last session's count
 * @gen: incremented when all are destroyed, so that one being created then is not added
 */
struct vc_sessions {
	spinlock_t lock;		/* the table */
	struct vc_session **table;
	struct ida ida;
	unsigned int max;
	unsigned int count;
	u32 seq;
	u32 gen;
};

/**
 * struct vc_chain - the buffers of a request
 * @bytes: of all of them
 * @nr_readable: used entries of @readable
 * @nr_writable: used entries of @writable
 * @readable: what the driver wrote
 * @writable: what the device is to write
 */
struct vc_chain {
	u64 bytes;
	unsigned int nr_readable;
	unsigned int nr_writable;
	struct vc_seg readable[VC_MAX_SEGS];
	struct vc_seg writable[VC_MAX_SEGS];
};

/**
 * struct vc_queue_ops - what is done with the requests of a kind of queue
 * @run: take requests and return them. The queue's worker, no lock held. Return: true to be called
 *	again
 * @cancel: the queue stops: nothing of it is to wait for its turn any more. Process context,
 *	vc_queue.lock held
 */
struct vc_queue_ops {
	bool (*run)(struct vc_queue *q);
	void (*cancel)(struct vc_queue *q);
};

/**
 * struct vc_queue - one virtqueue
 * @vc: the device
 * @index: on the device; the last one is the control queue
 * @ops: data.c's or ctrl.c's
 * @work: serves the queue
 * @lock: protects what follows
 * @chain: the chain being looked at
 * @riov: its readable part
 * @ready: the driver has enabled the queue
 * @quiet: the driver was asked not to notify
 * @gen: incremented when the queue stops: answers to requests taken before are dropped
 * @num: entries
 * @desc: address of the descriptor table
 * @avail: address of the available ring
 * @used: address of the used ring
 * @avail_idx: the next chain that is taken, modulo 65536
 * @used_idx: the next one that is returned, likewise
 * @cb: the driver's interrupt
 * @outstanding: chains taken from the ring that the driver has not been told of
 * @untold: of these, returned ones
 * @peak: @outstanding of late
 * @nr_requests: allocated ones
 * @free: requests that are not in use
 * @busy: requests that wait for their turn or are being computed
 * @latencies: operations by the time they took
 * @tell_timer: when the driver must be told of what is @untold
 * @overdue: that is now (no lock)
 * @done: requests that are computed (lock-free)
 * @key_work: prepares the keys that requests in @keyed brought, one after the other, so that
 *	a driver gets no more of the host's time that way than by opening sessions
 * @keyed: those requests (lock-free)
 * @stats: by enum vc_stat; nearly always of this queue's worker
 */
struct vc_queue {
	struct vc_dev *vc;
	unsigned int index;
	const struct vc_queue_ops *ops;
	struct work_struct work;

	struct mutex lock;		/* what follows, up to @latencies */
	struct vc_chain chain;
	struct vc_iov riov;
	bool ready;
	bool quiet;
	u32 gen;
	u32 num;
	u64 desc;
	u64 avail;
	u64 used;
	u16 avail_idx;
	u16 used_idx;
	struct vdpa_callback cb;
	u32 outstanding;
	u32 untold;
	u32 peak;
	unsigned int nr_requests;
	struct list_head free;
	struct list_head busy;
	u64 latencies[ASYM_LATENCIES];

	struct hrtimer tell_timer;
	bool overdue;
	struct llist_head done;
	struct work_struct key_work;
	struct llist_head keyed;

	atomic64_t stats[VC_STAT_NR];
} ____cacheline_aligned;

/**
 * struct vc_create_req - a key that is opened, or comes with a request, checked
 * @key_len: bytes of key that follow the header
 * @decrypt: of a cipher: what it is for
 * @is_private: it is a private key
 * @algo: enum asym_algo
 * @curve: enum asym_curve of ECDSA, or 0
 * @padding: enum asym_padding
 * @hash: enum asym_hash
 */
struct vc_create_req {
	u32 key_len;
	bool decrypt;
	bool is_private;
	u8 algo;
	u8 curve;
	u8 padding;
	u8 hash;
};

/**
 * struct vc_request - one operation
 * @free: in vc_queue.free or vc_queue.busy
 * @done: in vc_queue.done, or in vc_queue.keyed before
 * @q: the queue
 * @err: the result, when it is in vc_queue.done
 * @key_failed: it was about @key
 * @limited: it went to the scheduler: @item is one of it
 * @charged: the scheduler is to be told when it is computed
 * @keyed: it brings its key, which is prepared when it is its turn
 * @item: see there; while it waits exec.key is a reference, or NULL with @keyed
 * @since: when it was taken from the ring, ns
 * @gen: vc_queue.gen when the chain was taken
 * @head: the chain
 * @op: enum asym_op
 * @used: bytes of @src to wipe
 * @dst_used: of @dst
 * @service: computes it
 * @session: its session, as long as @service wants
 * @sk: to compute with @session's transform
 * @sg: of @src
 * @iv: of the next piece
 * @riov: input that was not taken from memory yet
 * @total: bytes of input, and of output
 * @left: of these, not taken yet
 * @piece: bytes at @src that are being computed, in place
 * @pushed: bytes of output written to the driver's memory
 * @writable: bytes of @wiov; the last one is the struct virtio_crypto_inhdr
 * @wiov: writable part of the chain
 * @wvec: for @wiov
 * @src: input, and digest to verify
 * @dst: output
 * @key: room for ASYM_MAX_DER bytes of key, or NULL
 * @key_req: what that is
 * @exec: the executor's, and as long as it wants
 */
struct vc_request {
	struct list_head free;
	struct llist_node done;
	struct vc_queue *q;
	int err;
	bool key_failed;
	bool limited;
	bool charged;
	bool keyed;
	struct asym_qos_item item;
	u64 since;
	u32 gen;
	u16 head;
	u8 op;
	u32 used;
	u32 dst_used;
	const struct vc_service *service;
	struct vc_session *session;
	struct skcipher_request *sk;
	struct scatterlist sg;
	u8 iv[AES_BLOCK_SIZE];
	struct vc_iov riov;
	u32 total;
	u32 left;
	u32 piece;
	u32 pushed;
	size_t writable;
	struct vc_iov wiov;
	struct vc_seg wvec[VC_INLINE_SEGS];
	u8 *src;
	u8 *dst;
	u8 *key;
	struct vc_create_req key_req;
	struct asym_exec_request exec;
};

enum vc_map {
	VC_MAP_NONE,		/* nothing is accessible */
	VC_MAP_DRIVER,		/* what the driver mapped (vhost_vdpa) */
	VC_MAP_IDENTITY,	/* all memory, 1:1 (virtio_vdpa) */
};

/**
 * struct vc_dev - the contents of a device
 * @ref: the vDPA device's, and one for each operation at the executor
 * @release_work: frees it
 * @params: see there
 * @exec: computes
 * @caps: what @exec computes, less what is not to be offered
 * @services: what is offered, and AKCIPHER; by VIRTIO_CRYPTO_SERVICE_*
 * @cipher: computes cbc(aes), of sessions with transforms like it; NULL: that is not offered
 * @sessions: see there
 * @ctrl: the control queue's buffer (struct vc_ctrl)
 * @ctrl_item: the session that is being opened, if @limited
 * @inflight: operations taken from a ring and not answered
 * @idle: waits for @inflight to become 0
 * @map_sem: protects @iotlb and @map; held for reading while it is used
 * @iotlb: the driver's memory
 * @map: what @iotlb is
 * @status: virtio device status without DEVICE_NEEDS_RESET; bits are only added until a reset
 * @features: the driver accepted; fixed from FEATURES_OK to the next reset
 * @broken: a ring is corrupt: DEVICE_NEEDS_RESET
 * @suspended: no new requests are taken
 * @retired: being removed: every request is answered with an error
 * @coalesce_usecs: for how long the driver may not be told of answers; 0: not at all
 * @limits_lock: protects @limits and @unlimited, and the order in which they come into force
 * @limits: as configured
 * @unlimited: for the time being they are not in force
 * @limited: there are any, and they are in force
 * @qos: when an operation of a device with limits goes to @exec
 * @flow: all there is in @qos
 * @config_lock: protects @config_cb
 * @config_cb: the driver's interrupt for configuration changes
 * @nr_queues: data queues and the control queue
 * @queues: see there
 */
struct vc_dev {
	struct kref ref;
	struct work_struct release_work;
	struct vc_params params;
	struct asym_exec *exec;
	struct asym_caps caps;
	const struct vc_service *services[VC_SERVICES];
	struct crypto_skcipher *cipher;
	struct vc_sessions sessions;
	struct vc_ctrl *ctrl;
	struct asym_qos_item ctrl_item;

	atomic_t inflight;
	wait_queue_head_t idle;

	struct rw_semaphore map_sem;
	struct vhost_iotlb iotlb;
	enum vc_map map;

	u8 status;
	u64 features;
	bool broken;
	bool suspended;
	bool retired;

	u32 coalesce_usecs;
	struct mutex limits_lock;	/* limits, unlimited */
	struct asym_qos_limits limits;
	bool unlimited;
	bool limited;
	struct asym_qos qos;
	struct asym_qos_flow flow;

	spinlock_t config_lock;		/* config_cb */
	struct vdpa_callback config_cb;

	unsigned int nr_queues;
	struct vc_queue queues[] __counted_by(nr_queues);
};

/**
 * struct vdpa_crypto - a device on the vDPA bus
 * @vdpa: first, the bus frees it
 * @vc: its contents
 */
struct vdpa_crypto {
	struct vdpa_device vdpa;
	struct vc_dev *vc;
};

extern struct workqueue_struct *vc_wq;

static inline struct vc_dev *vdpa_to_vc(struct vdpa_device *vdpa)
{
	return container_of(vdpa, struct vdpa_crypto, vdpa)->vc;
}

static inline bool vc_has(const struct vc_dev *vc, unsigned int feature)
{
	return READ_ONCE(vc->features) & BIT_ULL(feature);
}

/* Are the features fixed? Before that no queue is enabled and nothing of the driver is read. */
static inline bool vc_negotiated(const struct vc_dev *vc)
{
	return READ_ONCE(vc->status) & VIRTIO_CONFIG_S_FEATURES_OK;
}

/* Return: the service that a request is for, or NULL. */
static inline const struct vc_service *vc_service(const struct vc_dev *vc, u32 opcode)
{
	u32 service = opcode >> 8;	/* VIRTIO_CRYPTO_OPCODE() */

	if (service >= VC_SERVICES)
		return NULL;
	return vc->services[array_index_nospec(service, VC_SERVICES)];
}

static inline void vc_count(struct vc_queue *q, enum vc_stat stat)
{
	atomic64_inc(&q->stats[stat]);
}

/* configfs.c */
int vc_configfs_init(struct vdpa_mgmt_dev *mgmt);
void vc_configfs_exit(void);
int vc_configfs_add(const char *name);
void vc_configfs_del(struct vdpa_device *vdpa);

/* create.c */
struct vdpa_crypto *vc_create(const struct vc_params *params, struct vdpa_mgmt_dev *mgmt);
void vc_wait_all_released(void);

/* dev.c */
void vc_dev_put(struct vc_dev *vc);
void vc_config_changed(struct vc_dev *vc);
bool vc_ready(struct vc_dev *vc);
void vc_broken(struct vc_queue *q, const char *what, int err);
void vc_retire(struct vc_dev *vc);
bool vc_used_by_guest(struct vc_dev *vc);
void vc_set_limits(struct vc_dev *vc, const struct asym_qos_limits *limits);
void vc_lift_limits(struct vc_dev *vc, bool lift);
u64 vc_stat(const struct vc_dev *vc, enum vc_stat stat);
void vc_inflight_done(struct vc_dev *vc);

/* ops.c */
extern const struct vdpa_config_ops vc_ops;

/* queue.c */
void vc_queue_init(struct vc_dev *vc, unsigned int index, const struct vc_queue_ops *ops);
void vc_queue_exit(struct vc_queue *q);
void vc_queue_start(struct vc_queue *q);
void vc_queue_stop(struct vc_queue *q);
bool vc_queue_runs(const struct vc_queue *q);
int vc_queue_get(struct vc_queue *q, struct vc_iov *wiov, u16 *head);
int vc_queue_put(struct vc_queue *q, u16 head, u32 len);
void vc_queue_interrupt(struct vc_queue *q);
void vc_queue_tell(struct vc_queue *q);
bool vc_queue_idle(struct vc_queue *q);
void vc_queue_quiet(struct vc_queue *q);

/* chain.c */
int vc_chain_walk(struct vc_chain *chain, u16 head, unsigned int num,
		  int (*fetch)(void *data, u16 index, struct vring_desc *desc), void *data);

/* ctrl.c */
int vc_ctrl_init(struct vc_dev *vc);
void vc_ctrl_exit(struct vc_dev *vc);
void vc_ctrl_dispatch(struct vc_dev *vc);

/* data.c */
void vc_data_init(struct vc_dev *vc, unsigned int index);
int vc_data_prealloc(struct vc_queue *q);
void vc_data_exit(struct vc_queue *q);
void vc_data_dispatch(struct asym_qos_item *item);
void vc_data_tell_all(struct vc_dev *vc);
bool vc_data_begin(struct vc_request *req);
void vc_data_submit(struct vc_request *req, u32 cost, u32 bytes);
void vc_data_prepare(struct vc_request *req);
void vc_data_over(struct vc_request *req, int err);
void vc_data_complete(struct vc_request *req, int err);
void vc_data_answer(struct vc_request *req, u8 status, u32 len);
void vc_data_count(const struct vc_request *req, enum vc_stat ops, enum vc_stat bytes, u32 len);

/* akcipher.c */
extern const struct vc_service vc_akcipher;

/* cipher.c */

/**
 * struct vc_cipher_hdr - the fixed part of a cipher's data request
 * @opcode: VIRTIO_CRYPTO_CIPHER_*
 * @stateless: the key is in the request
 * @session: else this is the session's id
 * @algo: with @stateless: VIRTIO_CRYPTO_CIPHER_*
 * @key_len: with @stateless: bytes of the key
 * @op: with @stateless: VIRTIO_CRYPTO_OP_*
 * @op_type: VIRTIO_CRYPTO_SYM_OP_*
 * @iv_len: bytes of the IV
 * @src: bytes of input
 * @dst: bytes of output
 */
struct vc_cipher_hdr {
	u32 opcode;
	bool stateless;
	u64 session;
	u32 algo;
	u32 key_len;
	u32 op;
	u32 op_type;
	u32 iv_len;
	u32 src;
	u32 dst;
};

/**
 * struct vc_cipher_req - what a cipher's data request says, checked
 * @key_len: bytes of the key that comes first, at most AES_MAX_KEY_SIZE; 0: it is for a session
 * @session: session id
 * @len: bytes of input, a multiple of AES_BLOCK_SIZE, and of output
 * @decrypt: or encrypt
 */
struct vc_cipher_req {
	u32 key_len;
	u64 session;
	u32 len;
	bool decrypt;
};

int vc_cipher_init(struct vc_dev *vc);
void vc_cipher_exit(struct vc_dev *vc);
u8 vc_cipher_parse_key(const struct virtio_crypto_sym_create_session_req *create, size_t readable,
		       struct vc_create_req *out);
unsigned int vc_cipher_flf_len(u64 features);
void vc_cipher_parse_hdr(const struct virtio_crypto_op_header *header, const u8 *flf, u64 features,
			 struct vc_cipher_hdr *out);
u8 vc_cipher_parse(const struct vc_cipher_hdr *hdr, u64 features, size_t readable, size_t writable,
		   struct vc_cipher_req *out);

/* session.c */
int vc_sessions_init(struct vc_sessions *s, unsigned int max);
void vc_sessions_exit(struct vc_sessions *s);
void vc_sessions_destroy_all(struct vc_sessions *s);
int vc_session_reserve(struct vc_sessions *s);
void vc_session_unreserve(struct vc_sessions *s, int index);
int vc_session_add(struct vc_sessions *s, int index, struct vc_session *session, u32 gen);
int vc_session_destroy(struct vc_sessions *s, u64 id, const struct vc_service *service);
struct vc_session *vc_session_get(struct vc_sessions *s, u64 id, const struct vc_service *service);
void vc_session_put(struct vc_session *session);

/* parse.c */

/**
 * struct vc_data_hdr - the fixed part of a data request, whatever its layout
 * @opcode: VIRTIO_CRYPTO_AKCIPHER_*
 * @session: session id, unless @stateless
 * @src: bytes of source
 * @dst: bytes of destination
 * @stateless: the key follows
 * @para: describes it
 */
struct vc_data_hdr {
	u32 opcode;
	u64 session;
	u32 src;
	u32 dst;
	bool stateless;
	struct virtio_crypto_akcipher_session_para para;
};

/**
 * struct vc_data_req - a data request, checked
 * @session: session id
 * @src_len: bytes of input, or of the signature to verify
 * @digest_len: bytes of digest, to verify
 * @dst_len: room for the output
 * @op: enum asym_op
 */
struct vc_data_req {
	u64 session;
	u32 src_len;
	u32 digest_len;
	u32 dst_len;
	u8 op;
};

unsigned int vc_data_hdr_len(u64 features);
u8 vc_parse_data_hdr(const u8 *buf, u64 features, struct vc_data_hdr *out);
u8 vc_parse_key(const struct virtio_crypto_akcipher_session_para *para, size_t readable,
		const struct asym_caps *caps, struct vc_create_req *out);
u8 vc_parse_data(const struct vc_data_hdr *hdr, size_t readable, size_t writable,
		 struct vc_data_req *out);
bool vc_session_allows(u8 algo, u8 padding, u8 op);
u8 vc_op_status(int err, u64 features);
u8 vc_key_status(int err);

#endif /* _VDPA_CRYPTO_H */
