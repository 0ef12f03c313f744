/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device, of which each file has a part.
 *
 * main.c	module, probe, remove, suspend
 * class.c	the class of algorithms, and what the module's parameters say of it
 * device.c	when a device is up, in use, or gone
 * control.c	control queue: key sessions
 * data.c	data queues: requests
 * akcipher.c	what asym_provider asks of a device
 * cipher.c	cbc(aes): its transforms, and software when there is no device
 * proto.c	pure functions: what the wire's numbers mean
 * debugfs.c	counters
 */
#ifndef _VIRTIO_CRYPTO_TYPES_H
#define _VIRTIO_CRYPTO_TYPES_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/provider.h>
#include "cipher.h"
#include "control.h"

struct dentry;
struct vcrypto_queue;
struct virtio_device;

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

/**
 * vcrypto_fail() - say that a device is broken
 * @vc: device; device.c takes it down
 *
 * Context: any.
 */
static inline void vcrypto_fail(struct vcrypto *vc)
{
	if (!xchg(&vc->failed, true))
		queue_work(system_freezable_wq, &vc->watch_work);
}

#endif /* _VIRTIO_CRYPTO_TYPES_H */
