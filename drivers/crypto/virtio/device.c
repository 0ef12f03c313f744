// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a device is up (virtqueues exist, DRIVER_OK), in use (registered with
 * asym_provider), or gone. Every way down is the same: no new work, let the
 * device finish, close its sessions, reset it, answer what it still held, free
 * the virtqueues. Every way up too: negotiate, virtqueues, wait for HW_READY,
 * find out what it can do, register.
 *
 * Process context throughout. vcrypto.life_lock is held over all of it, also
 * while known-answer tests wait for the device; who must not wait for a dead
 * device (remove, suspend, a failure) resets it first under the short vq_lock
 * (vcrypto_kill()), which answers everything that could be waited for.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <crypto/internal/asym/provider.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

#include "akcipher.h"
#include "cipher.h"
#include "class.h"
#include "control.h"
#include "data.h"
#include "device.h"
#include "types.h"

/* How long a device that goes away in order may take for what it holds, */
#define VCRYPTO_DRAIN_TIMEOUT	(2 * HZ)
/* and then for its last answers on the control queue, all together */
#define VCRYPTO_CTRL_TIMEOUT	(2 * HZ)
/* All devices together when the machine is shut down */
#define VCRYPTO_SHUTDOWN_TIMEOUT	(5 * HZ)
/* A device whose registration failed is tried again after 1, 2, 4, … seconds */
#define VCRYPTO_RETRY_SHIFT_MAX	5

static unsigned long vcrypto_shutdown_end;	/* jiffies; 0: the machine runs on */

/**
 * vcrypto_shutdown_begin() - devices that go away share VCRYPTO_SHUTDOWN_TIMEOUT from now on
 *
 * Context: any.
 */
void vcrypto_shutdown_begin(void)
{
	WRITE_ONCE(vcrypto_shutdown_end, (jiffies + VCRYPTO_SHUTDOWN_TIMEOUT) ?: 1);
}

/* The rest of @timeout, or of the time for all devices. */
static long vcrypto_down_timeout(long timeout)
{
	unsigned long end = READ_ONCE(vcrypto_shutdown_end);

	return end ? clamp((long)(end - jiffies), 0L, timeout) : timeout;
}

static void vcrypto_set_affinity(struct vcrypto *vc)
{
	cpumask_var_t mask;
	unsigned int i, cpu;

	if (vc->nr_queues == 1 || !zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;

	/* As vcrypto_send() chooses queues */
	for (i = 0; i < vc->nr_queues; i++) {
		cpumask_clear(mask);
		for_each_online_cpu(cpu) {
			if (cpu % vc->nr_queues == i)
				cpumask_set_cpu(cpu, mask);
		}
		if (!cpumask_empty(mask))
			virtqueue_set_affinity(vc->queues[i].vq, mask);
	}
	free_cpumask_var(mask);
}

/* "The driver MUST configure and initialize all virtqueues" (5.9.6), those it does not use too. */
static int vcrypto_find_vqs(struct vcrypto *vc)
{
	unsigned int i, nr = vc->nr_dataqs + 1;
	struct virtqueue_info *info;
	struct virtqueue **vqs;
	int err = -ENOMEM;

	vqs = kvcalloc(nr, sizeof(*vqs), GFP_KERNEL);
	info = kvcalloc(nr, sizeof(*info), GFP_KERNEL);
	if (!vqs || !info)
		goto free;

	for (i = 0; i < vc->nr_dataqs; i++) {
		info[i].name = "unused";
		if (i < vc->nr_queues) {
			info[i].name = vc->queues[i].name;
			info[i].callback = vcrypto_queue_callback;
		}
	}
	info[i].name = "controlq";
	info[i].callback = vcrypto_ctrl_callback;

	err = virtio_find_vqs(vc->vdev, nr, vqs, info, NULL);
	if (err)
		goto free;

	for (i = 0; i < vc->nr_queues; i++)
		vcrypto_queue_start(&vc->queues[i], vqs[i]);
	vcrypto_ctrl_start(vc, vqs[vc->nr_dataqs]);
	vcrypto_set_affinity(vc);
free:
	kvfree(info);
	kvfree(vqs);
	return err;
}

/**
 * vcrypto_up() - make a device with negotiated features answer
 * @vc: device; life_lock is held
 *
 * Context: sleeps.
 * Return: 0 and the device is up, -ENODEV if it is to leave, or an error.
 */
int vcrypto_up(struct vcrypto *vc)
{
	int err = -ENODEV;

	vc->rev1 = virtio_has_feature(vc->vdev, VIRTIO_CRYPTO_F_REVISION_1);
	vc->stateless = virtio_has_feature(vc->vdev, VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE);
	mutex_lock(&vc->vq_lock);
	if (!READ_ONCE(vc->leaving))
		err = vcrypto_find_vqs(vc);
	if (!err) {
		vc->vqs_up = true;
		vc->killed = false;
		virtio_device_ready(vc->vdev);
	}
	mutex_unlock(&vc->vq_lock);
	return err;
}

/*
 * Resets the device and answers everything it held, so that nobody waits for
 * it any more. At any time, but for the interrupt's context; idempotent.
 */
static void vcrypto_kill(struct vcrypto *vc)
{
	unsigned int i;

	mutex_lock(&vc->vq_lock);
	if (vc->vqs_up && !vc->killed) {
		vc->killed = true;
		vcrypto_ctrl_kill(vc);
		for (i = 0; i < vc->nr_queues; i++)
			vcrypto_queue_stop(&vc->queues[i]);
		virtio_reset_device(vc->vdev);
		virtio_synchronize_cbs(vc->vdev);
		vcrypto_ctrl_flush(vc);
		for (i = 0; i < vc->nr_queues; i++)
			vcrypto_queue_flush(&vc->queues[i]);
	}
	mutex_unlock(&vc->vq_lock);
}

static u32 vcrypto_status(struct vcrypto *vc)
{
	u32 status;

	virtio_cread_le(vc->vdev, struct virtio_crypto_config, status, &status);
	return status;
}

/* life_lock is held. Afterwards there are no virtqueues and the device is reset. */
static void vcrypto_down(struct vcrypto *vc)
{
	if (!vc->vqs_up)
		return;

	vcrypto_ctrl_abandon(vc);
	vcrypto_cipher_leave(vc);
	if (vc->registered)
		asym_device_quiesce(&vc->asym);

	if (!READ_ONCE(vc->failed) && !virtqueue_is_broken(vc->control.vq)) {
		wait_event_timeout(vc->idle, vcrypto_queues_idle(vc),
				   vcrypto_down_timeout(VCRYPTO_DRAIN_TIMEOUT));
		/* "MUST NOT transmit any requests … if HW_READY is not set" (5.9.5.2) */
		if (vcrypto_queues_idle(vc) && vcrypto_status(vc) == VIRTIO_CRYPTO_S_HW_READY)
			vcrypto_sessions_close(vc, vcrypto_down_timeout(VCRYPTO_CTRL_TIMEOUT));
	}
	vcrypto_kill(vc);

	if (vc->registered)
		asym_device_unregister(&vc->asym);
	vc->registered = false;
	vcrypto_sessions_forget(vc);

	mutex_lock(&vc->vq_lock);
	vc->vqs_up = false;
	vc->vdev->config->del_vqs(vc->vdev);
	mutex_unlock(&vc->vq_lock);
}

/* life_lock is held. Up again after vcrypto_down(), as the bus would bring it. */
static int vcrypto_again(struct vcrypto *vc)
{
	struct virtio_device *vdev = vc->vdev;
	int err;

	virtio_add_status(vdev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	virtio_add_status(vdev, VIRTIO_CONFIG_S_DRIVER);
	err = vdev->config->finalize_features(vdev);
	if (!err) {
		virtio_add_status(vdev, VIRTIO_CONFIG_S_FEATURES_OK);
		if (!(vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_FEATURES_OK))
			err = -ENODEV;
	}
	if (!err)
		err = vcrypto_up(vc);
	return err;
}

static void vcrypto_restart(struct vcrypto *vc)
{
	int err;

	vcrypto_down(vc);
	err = vcrypto_again(vc);
	if (err && !READ_ONCE(vc->leaving)) {
		WRITE_ONCE(vc->state, VCRYPTO_FAILED);
		dev_err(&vc->vdev->dev,
			"cannot be set up again: %pe. Unbind and bind it to try again\n",
			ERR_PTR(err));
	} else {
		WRITE_ONCE(vc->state, VCRYPTO_IDLE);
	}
}

static int vcrypto_start_akcipher(struct vcrypto *vc)
{
	int err;

	if (!vcrypto_akcipher_offered(vc))
		return -EOPNOTSUPP;
	err = vcrypto_probe_caps(vc);
	if (!err)
		err = asym_device_register(vcrypto_class, &vc->asym);
	vc->registered = !err;
	return err;
}

/*
 * Known-answer tests, then operations may come. -EOPNOTSUPP: it does nothing
 * of what it offers. After an error vcrypto_down() takes back what was begun.
 */
static int vcrypto_start_services(struct vcrypto *vc)
{
	int akcipher, cipher;
	u32 algos;

	/* Before others fill the rings: it does not wait for room. */
	cipher = vcrypto_cipher_test(vc);
	if (cipher && cipher != -EOPNOTSUPP)
		return cipher;
	akcipher = vcrypto_start_akcipher(vc);
	if (akcipher && (cipher || akcipher != -EOPNOTSUPP))
		return akcipher;
	if (!cipher)
		cipher = vcrypto_cipher_join(vc);
	if (cipher && cipher != -EOPNOTSUPP)
		return cipher;
	algos = akcipher ? 0 : vc->asym.caps.algos;
	dev_info(&vc->vdev->dev, "ready:%s%s%s over %u of %u data queues\n",
		 algos & BIT(ASYM_RSA) ? " RSA" : "", algos & BIT(ASYM_ECDSA) ? " ECDSA" : "",
		 cipher ? "" : " AES-CBC", vc->nr_queues, vc->nr_dataqs);
	return 0;
}

/* life_lock is held; the device is up and ready. */
static void vcrypto_start(struct vcrypto *vc)
{
	struct device *dev = &vc->vdev->dev;
	unsigned int delay;
	int err;

	if (!vcrypto_akcipher_offered(vc) && !vcrypto_cipher_offered(vc)) {
		WRITE_ONCE(vc->state, VCRYPTO_UNUSED);
		dev_info(dev, "offers none of RSA, ECDSA, AES-CBC: not used\n");
		return;
	}

	WRITE_ONCE(vc->state, VCRYPTO_TESTING);
	err = vcrypto_start_services(vc);
	if (!err) {
		WRITE_ONCE(vc->state, VCRYPTO_LIVE);
		vc->retries = 0;
		return;
	}

	/* The caller that takes the device away goes on from here. */
	if (READ_ONCE(vc->leaving) || READ_ONCE(vc->failed))
		return;

	if (err == -EBADMSG || err == -EOPNOTSUPP) {
		dev_err(dev, "%s: not used. Unbind and bind it to try again\n",
			err == -EBADMSG ? "computes wrongly" : "takes no key");
		vcrypto_down(vc);
		WRITE_ONCE(vc->state, VCRYPTO_REJECTED);
		return;
	}

	delay = 1 << min(vc->retries, VCRYPTO_RETRY_SHIFT_MAX);
	if (!vc->retries++)
		dev_warn(dev, "known-answer tests did not get through: %pe; tried again in %u s\n",
			 ERR_PTR(err), delay);
	vcrypto_restart(vc);
	if (vc->state == VCRYPTO_IDLE)
		vcrypto_update_later(vc, delay * HZ);
}

/* life_lock is held. Does what the device's state asks for; sleeps as long as tests take. */
static void vcrypto_update(struct vcrypto *vc)
{
	struct device *dev = &vc->vdev->dev;
	u32 status;

	if (READ_ONCE(vc->leaving) || !vc->vqs_up)
		return;

	if (vc->vdev->config->get_status(vc->vdev) & VIRTIO_CONFIG_S_NEEDS_RESET)
		WRITE_ONCE(vc->failed, true);
	status = vcrypto_status(vc);
	if (status & ~VIRTIO_CRYPTO_S_HW_READY)
		WRITE_ONCE(vc->failed, true);

	if (READ_ONCE(vc->failed)) {
		dev_err(dev, "failed: not used any more. Unbind and bind it to try again\n");
		vcrypto_down(vc);
		WRITE_ONCE(vc->state, VCRYPTO_FAILED);
	} else if (vc->state == VCRYPTO_IDLE && (status & VIRTIO_CRYPTO_S_HW_READY)) {
		vcrypto_start(vc);
	} else if (vc->state == VCRYPTO_LIVE && !(status & VIRTIO_CRYPTO_S_HW_READY)) {
		dev_info(dev, "not ready any more\n");
		vcrypto_restart(vc);
		/* It may have become ready before it could tell. */
		if (vc->state == VCRYPTO_IDLE)
			vcrypto_update_later(vc, 0);
	}
}

static void vcrypto_work(struct work_struct *work)
{
	struct vcrypto *vc = container_of(work, struct vcrypto, work.work);

	mutex_lock(&vc->life_lock);
	vcrypto_update(vc);
	mutex_unlock(&vc->life_lock);
	complete_all(&vc->settled);
}

/*
 * A broken device answers nothing, and known-answer tests, which vcrypto_work()
 * runs, may be waiting for it: so it is another work item that looks.
 */
static void vcrypto_watch_work(struct work_struct *work)
{
	struct vcrypto *vc = container_of(work, struct vcrypto, watch_work);

	mutex_lock(&vc->vq_lock);
	if (vc->vqs_up && !vc->killed &&
	    (vc->vdev->config->get_status(vc->vdev) & VIRTIO_CONFIG_S_NEEDS_RESET))
		WRITE_ONCE(vc->failed, true);
	mutex_unlock(&vc->vq_lock);
	if (READ_ONCE(vc->failed))
		vcrypto_kill(vc);
	vcrypto_update_later(vc, 0);
}

/**
 * vcrypto_watch() - look after a device whose status or configuration changed
 * @vc: device
 *
 * Context: any.
 */
void vcrypto_watch(struct vcrypto *vc)
{
	queue_work(system_freezable_wq, &vc->watch_work);
}

/**
 * vcrypto_update_later() - do what the device's state asks for
 * @vc: device
 * @delay: in so many jiffies
 *
 * Context: any.
 */
void vcrypto_update_later(struct vcrypto *vc, unsigned long delay)
{
	mod_delayed_work(system_freezable_wq, &vc->work, delay);
}

/**
 * vcrypto_leave() - take a device down, for good or until vcrypto_up()
 * @vc: device
 *
 * On return the device is reset and has no virtqueues; nothing is lost.
 *
 * Context: sleeps; a few seconds if the device does not answer, not longer.
 */
void vcrypto_leave(struct vcrypto *vc)
{
	mutex_lock(&vc->vq_lock);
	WRITE_ONCE(vc->leaving, true);
	mutex_unlock(&vc->vq_lock);

	if (!mutex_trylock(&vc->life_lock)) {
		vcrypto_kill(vc);
		mutex_lock(&vc->life_lock);
	}
	vcrypto_down(vc);
	WRITE_ONCE(vc->state, VCRYPTO_AWAY);
	mutex_unlock(&vc->life_lock);
}

/**
 * vcrypto_init() - prepare a device for vcrypto_up()
 * @vc: device: zeroed, but for what main.c filled in. Nothing undoes this
 *
 * Context: any.
 */
void vcrypto_init(struct vcrypto *vc)
{
	mutex_init(&vc->life_lock);
	mutex_init(&vc->vq_lock);
	init_waitqueue_head(&vc->idle);
	init_completion(&vc->settled);
	INIT_DELAYED_WORK(&vc->work, vcrypto_work);
	INIT_WORK(&vc->watch_work, vcrypto_watch_work);
	vcrypto_ctrl_init(vc);
	vcrypto_cipher_new(vc);
}
