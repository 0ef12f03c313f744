/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio_crypto: a guest's driver for the virtio crypto device, on asym_provider.
 *
 * main.c	module, probe, remove, suspend
 * class.c	the class of algorithms, and what the module's parameters say of it
 * device.c	when a device is up, in use, or gone
 * control.c	control queue: key sessions
 * data.c	data queues: operations
 * akcipher.c	what asym_provider asks of a device
 * cipher.c	cbc(aes): its transforms, and software when there is no device
 * proto.c	pure functions: what the wire's numbers mean
 * debugfs.c	counters
 */
#ifndef _VIRTIO_CRYPTO_DRV_H
#define _VIRTIO_CRYPTO_DRV_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/provider.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

struct dentry;
struct scatterlist;
struct seq_file;
struct virtio_device;
struct virtqueue;
struct vcrypto;
struct vcrypto_op;
struct vcrypto_queue;

/**
 * enum vcrypto_state - what a device is good for
 * @VCRYPTO_IDLE: up; waits for the host to set HW_READY
 * @VCRYPTO_TESTING: known-answer tests run
 * @VCRYPTO_LIVE: registered with asym_provider
 * @VCRYPTO_UNUSED: offers no service that this driver uses
 * @VCRYPTO_REJECTED: it computed wrongly; not touched until bound or resumed again
 * @VCRYPTO_FAILED: broken ring, or it wants a reset; likewise
 * @VCRYPTO_AWAY: suspended, being reset or removed
 */
enum vcrypto_state {
	VCRYPTO_IDLE,
	VCRYPTO_TESTING,
	VCRYPTO_LIVE,
	VCRYPTO_UNUSED,
	VCRYPTO_REJECTED,
	VCRYPTO_FAILED,
	VCRYPTO_AWAY,
};

/**
 * struct vcrypto_op_ops - what is done with the requests of a service
 * @done: called once, in process or softirq context, without locks: the request is off the ring and
 *	no longer the queue's. err: what the device's status says, or -ENODEV: it was taken back
 *	because the device was reset; used: bytes the device says it wrote. It counts what is of no
 *	use with vcrypto_queue_error()
 * @expire: the request takes too long; the queue's lock is held. True: nobody waits for it any
 *	more, its memory is the device's until it is answered, and it is &vcrypto_op.late.
 *	NULL: it may take as long as it likes
 */
struct vcrypto_op_ops {
	void (*done)(struct vcrypto_queue *q, struct vcrypto_op *op, int err, unsigned int used);
	bool (*expire)(struct vcrypto_op *op, struct list_head *late);
};

/**
 * struct vcrypto_op - a request in a ring
 * @ops: whose it is
 * @status: where the device writes how it went
 * @late: ->expire() said so
 * @node: if there is ->expire(), and unless @late: in vcrypto_queue.expiring
 * @sent: likewise: when, in jiffies
 */
struct vcrypto_op {
	const struct vcrypto_op_ops *ops;
	const u8 *status;
	bool late;
	struct list_head node;
	unsigned long sent;
};

/**
 * struct vcrypto_queue - a data queue
 * @vc: its device
 * @vq: valid while &vcrypto.vqs_up
 * @work: bottom half: takes answers
 * @kick_work: notifies the device of what was sent before, see vcrypto_send()
 * @kick_ns: what a notification takes, a moving average; nobody's lock
 * @name: as /proc/interrupts shows it; lives as long as @vq
 * @interrupts: callbacks
 * @lock: the ring, and all below; taken with interrupts off
 * @dead: nothing is added any more
 * @unseen: there are requests that the device was not notified of
 * @answering: the CPU, plus one, on which @work runs: it notifies the device of what is
 *	sent from there meanwhile
 * @inflight: requests the device holds
 * @expiring: those that may take too long, oldest first, without those that are late
 * @requests: given to the device
 * @answered: taken back from the device
 * @errors: of @answered, those the device did not compute (not: wrong signature)
 * @aborted: taken back because the device was reset
 * @kicks: notifications
 * @full: requests turned away for want of room
 */
struct vcrypto_queue {
	struct vcrypto *vc;
	struct virtqueue *vq;
	struct work_struct work;
	struct work_struct kick_work;
	unsigned int kick_ns;
	char name[16];
	atomic64_t interrupts;

	spinlock_t lock;	/* the ring and all below */
	bool dead;
	bool unseen;
	unsigned int answering;
	unsigned int inflight;
	struct list_head expiring;
	u64 requests;
	u64 answered;
	u64 errors;
	u64 aborted;
	u64 kicks;
	u64 full;
} ____cacheline_aligned_in_smp;

/**
 * struct vcrypto_control - a device's control queue
 * @work: bottom half
 * @room: woken when the queue has room, or died
 * @interrupts: callbacks
 * @lock: the ring, and all below; taken with interrupts off
 * @vq: valid while &vcrypto.vqs_up
 * @dead: nothing is added any more
 * @stopping: nobody waits for an answer any more
 * @inflight: requests the device holds
 * @late: of these, those whose opener gave up
 * @timeouts: requests that were not answered, or sent, in time, since the last answer
 * @timeouts_all: since the device was bound
 * @refused: the log says that the device gets no keys
 * @sessions: open ones
 * @nr_sessions: length of @sessions
 * @unclosed: those that nobody uses and for whose closing there was no room
 * @nr_unclosed: length of @unclosed
 * @requests: given to the device
 * @errors: answered with an error
 * @kicks: notifications
 */
struct vcrypto_control {
	struct work_struct work;
	wait_queue_head_t room;
	atomic64_t interrupts;

	spinlock_t lock ____cacheline_aligned_in_smp; /* the ring and all below */
	struct virtqueue *vq;
	bool dead;
	bool stopping;
	struct list_head inflight;
	unsigned int late;
	unsigned int timeouts;
	u64 timeouts_all;
	bool refused;
	struct list_head sessions;
	unsigned int nr_sessions;
	struct list_head unclosed;
	unsigned int nr_unclosed;
	u64 requests;
	u64 errors;
	u64 kicks;
};

/**
 * struct vcrypto_cipher - a device's part in cbc(aes)
 * @node: in cipher.c's list of devices while it takes keys; protected, with @keys and @calls, by a
 *	lock there
 * @keys: what it has of them
 * @calls: who opens or closes a session
 * @max: bytes of one operation; fixed while the device takes keys
 * @watch: finds operations that are not answered in time
 */
struct vcrypto_cipher {
	struct list_head node;
	struct list_head keys;
	unsigned int calls;
	u64 max;
	struct delayed_work watch;
};

/**
 * struct vcrypto - a device
 * @asym: as asym_provider knows it
 * @vdev: as the virtio bus knows it
 * @node: in main.c's list of devices
 * @rev1: VIRTIO_CRYPTO_F_REVISION_1 is negotiated
 * @stateless: VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE is
 * @nr_dataqs: data queues the device has
 * @nr_queues: data queues in use, the first of @nr_dataqs
 * @queues: @nr_queues of them; allocated once, counters survive a reset
 * @late: requests that are &vcrypto_op.late: how many the device still has
 * @control: control.c's
 * @cipher: cipher.c's
 * @work: follows configuration changes and failures, and tries again
 * @watch_work: sees that a device is broken while @work waits for it; queues @work
 * @settled: @work ran for the first time
 * @idle: woken when a queue runs empty
 * @failed: broken; set by anybody, acted on by @watch_work and @work
 * @debugfs: its folder
 * @life_lock: serialises coming up and going down, held over known-answer
 *	tests; taken first. Protects @state, @registered, @retries
 * @state: see there
 * @registered: asym_provider knows @asym
 * @retries: registrations that failed in a row
 * @vq_lock: short; protects the fields below and the virtqueues' existence
 * @vqs_up: there are virtqueues
 * @killed: the device was reset and answered for; virtqueues still exist
 * @leaving: do not come up
 */
struct vcrypto {
	struct asym_device asym;
	struct virtio_device *vdev;
	struct list_head node;
	bool rev1;
	bool stateless;
	unsigned int nr_dataqs;
	unsigned int nr_queues;
	struct vcrypto_queue *queues;
	atomic_t late;
	struct vcrypto_control control;
	struct vcrypto_cipher cipher;
	struct delayed_work work;
	struct work_struct watch_work;
	struct completion settled;
	wait_queue_head_t idle;
	bool failed;
	struct dentry *debugfs;

	struct mutex life_lock;	/* coming up and going down */
	enum vcrypto_state state;
	bool registered;
	unsigned int retries;

	struct mutex vq_lock;	/* that virtqueues exist */
	bool vqs_up;
	bool killed;
	bool leaving;
};

struct vcrypto_session;

/* The device is broken: device.c takes it down. Any context. */
static inline void vcrypto_fail(struct vcrypto *vc)
{
	if (!xchg(&vc->failed, true))
		queue_work(system_freezable_wq, &vc->watch_work);
}

/* class.c */
extern struct asym_class *vcrypto_class;
long vcrypto_max_wait(void);
int vcrypto_class_create(void);
void vcrypto_class_destroy(void);

/* device.c */
void vcrypto_init(struct vcrypto *vc);
void vcrypto_watch(struct vcrypto *vc);
void vcrypto_update_later(struct vcrypto *vc, unsigned long delay);
int vcrypto_up(struct vcrypto *vc);
void vcrypto_leave(struct vcrypto *vc);
void vcrypto_shutdown_begin(void);

/* control.c */
void vcrypto_ctrl_init(struct vcrypto *vc);
void vcrypto_ctrl_callback(struct virtqueue *vq);
void vcrypto_ctrl_start(struct vcrypto *vc, struct virtqueue *vq);
void vcrypto_ctrl_abandon(struct vcrypto *vc);
void vcrypto_ctrl_kill(struct vcrypto *vc);
void vcrypto_ctrl_flush(struct vcrypto *vc);
int vcrypto_session_open(struct vcrypto *vc, const struct asym_key_data *key,
			 const struct virtio_crypto_akcipher_session_para *para,
			 struct vcrypto_session **session);
int vcrypto_cipher_session_open(struct vcrypto *vc, const u8 *key, unsigned int key_len,
				bool decrypt, struct vcrypto_session **session);
void vcrypto_session_close(struct vcrypto *vc, struct vcrypto_session *session);
u64 vcrypto_session_id(const struct vcrypto_session *session);
void vcrypto_session_unknown(struct vcrypto_session *session);
void vcrypto_sessions_close(struct vcrypto *vc, long left);
void vcrypto_sessions_forget(struct vcrypto *vc);

/* data.c */
void vcrypto_queue_init(struct vcrypto *vc, unsigned int i);
void vcrypto_queue_callback(struct virtqueue *vq);
void vcrypto_queue_start(struct vcrypto_queue *q, struct virtqueue *vq);
void vcrypto_queue_stop(struct vcrypto_queue *q);
void vcrypto_queue_flush(struct vcrypto_queue *q);
bool vcrypto_queues_idle(struct vcrypto *vc);
bool vcrypto_queues_expire(struct vcrypto *vc, long age, struct list_head *late);
void vcrypto_queue_error(struct vcrypto_queue *q);
int vcrypto_send(struct vcrypto *vc, struct vcrypto_op *op, struct scatterlist *sgs[],
		 unsigned int nr_out, unsigned int nr_in, bool more);
void vcrypto_queues_commit(struct vcrypto *vc);

/* akcipher.c */
extern const struct asym_device_ops vcrypto_asym_ops;
u32 vcrypto_akcipher_offered(struct vcrypto *vc);
int vcrypto_probe_caps(struct vcrypto *vc);

/* cipher.c */
int vcrypto_cipher_init(void);
void vcrypto_cipher_exit(void);
void vcrypto_cipher_new(struct vcrypto *vc);
bool vcrypto_cipher_offered(struct vcrypto *vc);
int vcrypto_cipher_test(struct vcrypto *vc);
int vcrypto_cipher_join(struct vcrypto *vc);
void vcrypto_cipher_leave(struct vcrypto *vc);
void vcrypto_cipher_show(struct seq_file *m);

/* proto.c */
int vcrypto_errno(u32 status);
int vcrypto_result(struct asym_request *req, unsigned int used, unsigned int *out_len);
unsigned int vcrypto_max_bits(u64 max_size);
unsigned int vcrypto_data_hdr_len(bool rev1, bool stateless);
unsigned int vcrypto_ctrl_req_len(bool rev1, bool destroy);

/* debugfs.c */
void vcrypto_debugfs_init(void);
void vcrypto_debugfs_exit(void);
void vcrypto_debugfs_add(struct vcrypto *vc);
void vcrypto_debugfs_del(struct vcrypto *vc);

#endif /* _VIRTIO_CRYPTO_DRV_H */
