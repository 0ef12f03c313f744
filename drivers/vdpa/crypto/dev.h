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
#ifndef _VDPA_CRYPTO_DEV_H
#define _VDPA_CRYPTO_DEV_H

#include <linux/kref.h>
#include <linux/nospec.h>
#include <linux/rwsem.h>
#include <linux/vdpa.h>
#include <linux/vhost_iotlb.h>
#include <linux/wait.h>
#include <uapi/linux/virtio_config.h>
#include <crypto/internal/asym/executor.h>

#include "ring/queue.h"
#include "service.h"
#include "session.h"

struct crypto_skcipher;
struct vc_ctrl;

#define VC_NAME_MAX	31
#define VC_DRIVERS_MAX	255	/* length of the string */
#define VC_QUEUES_MAX	64	/* data queues */

/* vc_params.algos: as BIT(enum asym_algo), and */
#define VC_ALGO_CBC_AES	BIT(31)
static_assert(ASYM_RSA < 31 && ASYM_ECDSA < 31);

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

/**
 * enum vc_map - which of its memory the driver lets the device use
 * @VC_MAP_NONE: nothing is accessible
 * @VC_MAP_DRIVER: what the driver mapped (vhost_vdpa)
 * @VC_MAP_IDENTITY: all memory, 1:1 (virtio_vdpa)
 */
enum vc_map {
	VC_MAP_NONE,
	VC_MAP_DRIVER,
	VC_MAP_IDENTITY,
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
 * @ctrl_job: the session that is being opened, if @limited
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
	struct asym_job ctrl_job;

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

/* Of all devices: queues' workers, and what frees devices */
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

#endif /* _VDPA_CRYPTO_DEV_H */
