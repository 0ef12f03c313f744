/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdpa_crypto_fuzz: a hostile guest of vdpa_crypto, inside the kernel.
 *
 *   main.c     the module: which device, starting and resetting it, the run, the counters
 *   gen.c      requests: valid ones, spoiled ones, random bytes
 *   layout.c   chains of a batch: descriptors and buffers
 *   batch.c    a batch is offered, awaited and judged
 *
 * All belongs to the one thread of a run, but fuzz_queue.irq_idx and fuzz.config_irqs, which the
 * device's interrupts write, and the counters, which others read.
 */
#ifndef _VDPA_CRYPTO_FUZZ_H
#define _VDPA_CRYPTO_FUZZ_H

#include <linux/bitmap.h>
#include <linux/compiler.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/virtio.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

#define FUZZ_QUEUES_MAX		9	/* data queues and the control queue */
#define FUZZ_RING_MAX		1024	/* entries */
#define FUZZ_BATCH_MAX		512	/* chains */
#define FUZZ_SEGS_MAX		128	/* buffers in each direction that the device takes */
#define FUZZ_REQUEST_MAX	FUZZ_FRONT
#define FUZZ_SESSIONS_MAX	256	/* that are remembered */

/*
 * The guest's memory, an arena of pages that are not contiguous, is seen by the device at three
 * addresses: to read and write, to read only, and to write only. Whatever more than one chain may
 * write is in the arena's first and last pages, before and behind which nothing is mapped.
 */
#define FUZZ_ARENA		SZ_512K
#define FUZZ_FRONT		SZ_32K
#define FUZZ_SCRATCH		(FUZZ_ARENA - SZ_64K)
#define FUZZ_IOVA		0x7f0000000000ULL
#define FUZZ_IOVA_RO		(FUZZ_IOVA + SZ_16M)
#define FUZZ_IOVA_WO		(FUZZ_IOVA + SZ_32M)

/* enum fuzz_count - what is counted; the names are in main.c */
enum fuzz_count {
	FUZZ_CHAINS,			/* of these: */
	FUZZ_VALID,
	FUZZ_SPOILED,
	FUZZ_TORN,
	FUZZ_RANDOM,
	FUZZ_ANSWERED,
	FUZZ_GIVEN_UP,
	FUZZ_RIGHT,
	FUZZ_EMPTY_MALFORMED,
	FUZZ_EMPTY_NO_ROOM,
	FUZZ_STATUS,			/* and one for each: */
	FUZZ_STATUS_LAST = FUZZ_STATUS + VIRTIO_CRYPTO_KEY_REJECTED,
	FUZZ_BATCHES,
	FUZZ_RACING,
	FUZZ_BREAKING,
	FUZZ_RESETTING,
	FUZZ_SELF,
	FUZZ_RESETS,
	FUZZ_NEEDS_RESET,
	FUZZ_PROOFS,
	FUZZ_PROOF_CHAINS,
	FUZZ_SESSIONS,
	FUZZ_SESSIONS_MOST,
	FUZZ_FAILURES,			/* of these: */
	FUZZ_HANGS,
	FUZZ_LOST_IRQS,
	FUZZ_WRONG_ID,
	FUZZ_WRONG_LEN,
	FUZZ_WRONG_STATUS,
	FUZZ_WRONG_RESULT,
	FUZZ_WRONG_MEMORY,
	FUZZ_WRONG_STATE,
	FUZZ_COUNTS
};

/* enum fuzz_kind - of a batch */
enum fuzz_kind {
	FUZZ_STRICT,		/* everything about it is known */
	FUZZ_GREEDY,		/* likewise: more sessions than the device may have */
	FUZZ_KIND_RACING,	/* descriptors, requests, the map change while the device works */
	FUZZ_KIND_BREAKING,	/* ends with an index that makes no sense */
	FUZZ_KIND_RESETTING,	/* the device is reset in the midst of it */
	FUZZ_KIND_SELF,		/* buffers lie in the rings */
};

/* enum fuzz_type - of a session; all but the last are what gen.c opens */
enum fuzz_type {
	FUZZ_RSA_RAW,		/* public, 1024 bits */
	FUZZ_RSA_VERIFY,	/* public, 1024 bits, SHA-256 */
	FUZZ_RSA_SIGN,		/* private, 1024 bits, SHA-256 */
	FUZZ_RSA_SMALL,		/* private, 512 bits, no hash */
	FUZZ_AES_ENCRYPT,
	FUZZ_AES_DECRYPT,
	FUZZ_ECDSA_VERIFY,	/* public, P-256; this and what follows if the device has ECDSA */
	FUZZ_ECDSA_SIGN,	/* private, P-256 */
	FUZZ_TYPES,
	FUZZ_UNKNOWN = FUZZ_TYPES,
};

/**
 * struct fuzz_session - that the device has, as its answers tell
 * @id: as the device named it
 * @type: enum fuzz_type
 */
struct fuzz_session {
	u64 id;
	u8 type;
};

/**
 * struct fuzz_answer - what is known of a chain's answer
 * @exact: all of it is: @status, and if that is OK @want
 * @may_lack_room: or it is NOSPC
 * @status: VIRTIO_CRYPTO_*
 * @type: of the session that it opens
 * @session: that it is for, or 0
 * @want: output
 * @want_len: bytes of it
 */
struct fuzz_answer {
	bool exact;
	bool may_lack_room;
	u8 status;
	u8 type;
	u64 session;
	const u8 *want;
	u32 want_len;
};

/**
 * struct fuzz_request - what goes into a chain
 * @buf: the readable part
 * @len: bytes of it
 * @room: bytes of the writable part
 * @answer: to it
 * @count: enum fuzz_count, of its kind
 */
struct fuzz_request {
	u8 *buf;
	u32 len;
	u32 room;
	struct fuzz_answer answer;
	enum fuzz_count count;
};

/**
 * struct fuzz_seg - a buffer of a chain
 * @iova: its address
 * @len: its length
 * @index: of its descriptor
 * @write: the device may write it
 */
struct fuzz_seg {
	u64 iova;
	u32 len;
	u16 index;
	bool write;
};

/**
 * struct fuzz_chain - a chain of a batch
 * @q: its queue
 * @head: its first descriptor
 * @answer: to it
 * @malformed: the device is to return it unread
 * @may_be_empty: it may return it with length 0
 * @lossy: others may overwrite the answer
 * @writable: bytes
 * @answers: how often it was returned
 * @len: as it was returned last
 */
struct fuzz_chain {
	struct fuzz_queue *q;
	u16 head;
	struct fuzz_answer answer;
	bool malformed;
	bool may_be_empty;
	bool lossy;
	u64 writable;
	unsigned int answers;
	u32 len;
};

/**
 * struct fuzz_queue - a virtqueue
 * @vq: the kernel's
 * @vring: its memory, which is used past the kernel
 * @num: entries
 * @index: of the queue
 * @ctrl: it is the control queue
 * @iova: where the device sees the ring
 * @size: of that, in whole pages
 * @start: descriptors are taken from here on
 * @step: in these steps, odd
 * @taken: so many
 * @next: the available ring's index
 * @seen: the used ring's index up to which answers were looked at
 * @irq_wanted: interrupts are on
 * @irq_idx: the used ring's index at the last interrupt
 * @nr_offers: used entries of @offers
 * @offers: heads to be offered
 * @outstanding: by head, how often it was offered and not returned
 * @visits: by descriptor, chains it is part of
 * @chain_of: by head, the chain
 */
struct fuzz_queue {
	struct virtqueue *vq;
	const struct vring *vring;
	unsigned int num;
	unsigned int index;
	bool ctrl;
	u64 iova;
	u64 size;
	u16 start;
	u16 step;
	unsigned int taken;
	u16 next;
	u16 seen;
	bool irq_wanted;
	u16 irq_idx;
	unsigned int nr_offers;
	u16 offers[FUZZ_BATCH_MAX];
	u16 outstanding[FUZZ_RING_MAX];
	u8 visits[FUZZ_RING_MAX];
	struct fuzz_chain *chain_of[FUZZ_RING_MAX];
};

/**
 * struct fuzz - a run
 * @vdev: the device
 * @vdpa: likewise, on its own bus
 * @task: the thread
 * @wait: for interrupts
 * @config_irqs: interrupts for configuration changes
 * @offered: features
 * @max_sessions: that the device may have open, 0: not known
 * @nr_types: of sessions that it offers, the first ones of enum fuzz_type
 * @started: the device was started
 * @running: the thread is at work
 * @proving: chains are not counted as fuzzed ones
 * @nr_queues: data queues and the control queue
 * @queues: the last one is the control queue
 * @arena: the guest's memory
 * @shadow: what it was before the batch
 * @allowed: by byte of it, that the device may write
 * @top: bytes of it that are in use
 * @rnd: everything random comes from here
 * @round: batches but those of proofs
 * @batch: number of the batch
 * @nr_chains: used entries of @chains
 * @chains: of the batch
 * @segs: of the chain being looked at
 * @req: the request being made
 * @nr_sessions: used entries of @sessions
 * @nr_doomed: of these, the first ones may be closed by this batch
 * @sessions: that the device has
 * @unknown: it may have others, too
 * @may_fill: in this batch it may have as many as it can
 * @counts: by enum fuzz_count
 * @said: lines about failures in the log
 */
struct fuzz {
	struct virtio_device *vdev;
	struct vdpa_device *vdpa;
	struct task_struct *task;
	wait_queue_head_t wait;
	atomic_t config_irqs;
	u64 offered;
	unsigned int max_sessions;
	unsigned int nr_types;
	bool started;
	bool running;
	bool proving;
	unsigned int nr_queues;
	struct fuzz_queue queues[FUZZ_QUEUES_MAX];
	u8 *arena;
	u8 *shadow;
	unsigned long *allowed;
	u32 top;
	struct rnd_state rnd;
	u64 round;
	u64 batch;
	unsigned int nr_chains;
	struct fuzz_chain chains[FUZZ_BATCH_MAX];
	struct fuzz_seg segs[FUZZ_RING_MAX];
	struct fuzz_request req;
	unsigned int nr_sessions;
	unsigned int nr_doomed;
	struct fuzz_session sessions[FUZZ_SESSIONS_MAX];
	bool unknown;
	bool may_fill;
	u64 counts[FUZZ_COUNTS];
	unsigned int said;
};

static inline u32 fuzz_u32(struct fuzz *f)
{
	return prandom_u32_state(&f->rnd);
}

static inline u64 fuzz_u64(struct fuzz *f)
{
	u64 high = fuzz_u32(f);

	return high << 32 | fuzz_u32(f);
}

/* Less than @n, which is not 0. */
static inline u32 fuzz_below(struct fuzz *f, u32 n)
{
	return (u64)fuzz_u32(f) * n >> 32;
}

static inline bool fuzz_one_in(struct fuzz *f, u32 n)
{
	return !fuzz_below(f, n);
}

static inline void fuzz_add(struct fuzz *f, enum fuzz_count count, u64 n)
{
	WRITE_ONCE(f->counts[count], f->counts[count] + n);
}

static inline bool fuzz_has(const struct fuzz *f, unsigned int feature)
{
	return f->vdev->features & BIT_ULL(feature);
}

/* One of the data queues. */
static inline struct fuzz_queue *fuzz_data(struct fuzz *f)
{
	return &f->queues[fuzz_below(f, f->nr_queues - 1)];
}

static inline struct fuzz_queue *fuzz_ctrl(struct fuzz *f)
{
	return &f->queues[f->nr_queues - 1];
}

/* main.c */
__printf(3, 4)
void fuzz_fail(struct fuzz *f, enum fuzz_count what, const char *format, ...);
int fuzz_reset(struct fuzz *f);
int fuzz_map_page(struct fuzz *f, unsigned int page);
void fuzz_unmap_page(struct fuzz *f, unsigned int page);
bool fuzz_stopping(struct fuzz *f);
bool fuzz_needs_reset(struct fuzz *f);
unsigned int fuzz_timeout_ms(void);

/* gen.c */
void fuzz_make_open(struct fuzz *f, enum fuzz_type type);
void fuzz_make_close(struct fuzz *f, const struct fuzz_session *session);
void fuzz_make_known(struct fuzz *f, const struct fuzz_session *session);
void fuzz_make_known_stateless(struct fuzz *f, unsigned int feature);
void fuzz_make(struct fuzz *f, bool ctrl);

/* layout.c */
void fuzz_begin(struct fuzz *f);
bool fuzz_add_request(struct fuzz *f, struct fuzz_queue *q, bool tear);
bool fuzz_add_random(struct fuzz *f, struct fuzz_queue *q, bool self);
void fuzz_add_again(struct fuzz *f);

/* batch.c */
void fuzz_session_forget_all(struct fuzz *f);
void fuzz_give_up(struct fuzz *f);
int fuzz_run(struct fuzz *f, enum fuzz_kind kind);

#endif /* _VDPA_CRYPTO_FUZZ_H */
