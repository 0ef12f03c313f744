// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making and freeing a device and its contents (struct vc_dev).
 *
 * The vDPA device holds one reference and every operation at the executor
 * another; the last one to go has the contents freed by a work item, since
 * that waits for the queues' workers and the executor. Whoever removes or
 * resets a device waits for neither.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crypto.h>
#include <linux/dma-mapping.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <compat/vdpa.h>
#include "akcipher.h"
#include "cipher.h"
#include "create.h"
#include "ctrl.h"
#include "data.h"
#include "dev.h"
#include "ops.h"

/* Contents that exist, with or without a vDPA device */
static atomic_t vc_count_devs = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(vc_devs_gone);

static void vc_dev_free(struct vc_dev *vc)
{
	unsigned int i;

	/* The last answer's callback may still be about to queue a worker. */
	synchronize_rcu();
	/* Nothing is in flight, but a worker may be about to find that out. */
	for (i = 0; i < vc->nr_queues - 1; i++)
		vc_data_exit(&vc->queues[i]);
	vc_ctrl_exit(vc);
	/* Nothing waits there. */
	asym_qos_flow_del(&vc->flow);
	asym_qos_exit(&vc->qos);
	mutex_destroy(&vc->limits_lock);
	vc_sessions_exit(&vc->sessions);
	vc_cipher_exit(vc);
	if (!IS_ERR_OR_NULL(vc->exec))
		asym_exec_destroy(vc->exec);
	vhost_iotlb_reset(&vc->iotlb);
	kvfree(vc);
}

static void vc_release_work(struct work_struct *work)
{
	vc_dev_free(container_of(work, struct vc_dev, release_work));
	if (atomic_dec_and_test(&vc_count_devs))
		wake_up(&vc_devs_gone);
}

/**
 * vc_wait_all_released() - wait until the contents of every device are freed
 *
 * Context: module exit: no device exists any more and none is made.
 */
void vc_wait_all_released(void)
{
	wait_event(vc_devs_gone, !atomic_read(&vc_count_devs));
}

/* A pool lost its last path, or has one again, or a driver that was waited for is there. */
static void vc_ready_changed(void *data)
{
	struct vc_dev *vc = data;
	struct asym_exec *exec = READ_ONCE(vc->exec);

	/* else it is being made */
	if (!IS_ERR_OR_NULL(exec))
		asym_qos_set_max_inflight(&vc->qos, asym_exec_max_inflight(exec));
	vc_config_changed(vc);
}

static struct vc_dev *vc_dev_alloc(const struct vc_params *params)
{
	char bad[CRYPTO_MAX_ALG_NAME] = "";
	struct asym_exec_params exec = {
		.name = params->name,
		.drivers = params->drivers,
		.wait_drivers = true,
		.bad = bad,
		.ready_changed = vc_ready_changed,
	};
	unsigned int i, n = params->queues + 1;
	struct vc_dev *vc;
	int err;

	vc = kvzalloc(struct_size(vc, queues, n), GFP_KERNEL);
	if (!vc)
		return ERR_PTR(-ENOMEM);
	kref_init(&vc->ref);
	INIT_WORK(&vc->release_work, vc_release_work);
	vc->params = *params;
	init_waitqueue_head(&vc->idle);
	init_rwsem(&vc->map_sem);
	/* vhost_vdpa limits how much is mapped */
	vhost_iotlb_init(&vc->iotlb, UINT_MAX, 0);
	spin_lock_init(&vc->config_lock);
	mutex_init(&vc->limits_lock);
	asym_qos_init(&vc->qos, &asym_job_qos_ops, 1);
	asym_qos_flow_add(&vc->qos, &vc->flow, &ASYM_QOS_UNLIMITED);
	vc_set_limits(vc, &ASYM_QOS_UNLIMITED);
	vc->nr_queues = n;
	for (i = 0; i < n - 1; i++)
		vc_data_init(vc, i);
	/* Both, since vc_dev_free() undoes both. */
	err = vc_ctrl_init(vc);
	err = vc_sessions_init(&vc->sessions, params->max_sessions) ?: err;
	if (err)
		goto free;

	exec.data = vc;
	WRITE_ONCE(vc->exec, asym_exec_create(&exec));
	if (IS_ERR(vc->exec)) {
		err = PTR_ERR(vc->exec);
		pr_err("%s: enable: driver '%s' cannot be used (%pe)\n", params->name,
		       *bad ? bad : params->drivers, vc->exec);
		goto free;
	}
	asym_qos_set_max_inflight(&vc->qos, asym_exec_max_inflight(vc->exec));
	asym_exec_caps(vc->exec, &vc->caps);
	vc->caps.algos &= params->algos;
	vc->services[VIRTIO_CRYPTO_SERVICE_AKCIPHER] = &vc_akcipher;
	err = vc_cipher_init(vc);
	if (err)
		goto free;
	if (!vc->caps.algos && !vc->cipher) {
		pr_err("%s: enable: the crypto framework's drivers have none of the algorithms\n",
		       params->name);
		err = -EOPNOTSUPP;
		goto free;
	}
	for (i = 0; i < n - 1; i++) {
		err = vc_data_prealloc(&vc->queues[i]);
		if (err)
			goto free;
	}
	atomic_inc(&vc_count_devs);
	return vc;
free:
	vc_dev_free(vc);
	return ERR_PTR(err);
}

/**
 * vc_create() - make a device
 * @params: what it shall be
 * @mgmt: the management device it is listed under
 *
 * The caller registers it, or drops its reference to vdpa.dev.
 *
 * Context: process context.
 * Return: the device or an ERR_PTR; -ENOENT and -EINVAL are the executor's
 * verdict about the drivers.
 */
struct vdpa_crypto *vc_create(const struct vc_params *params, struct vdpa_mgmt_dev *mgmt)
{
	struct vdpa_crypto *vd;
	struct device *dev;
	struct vc_dev *vc;
	int err;

	vc = vc_dev_alloc(params);
	if (IS_ERR(vc))
		return ERR_CAST(vc);

	vd = compat_vdpa_alloc_device(struct vdpa_crypto, vdpa, mgmt->device, &vc_ops, 1, 1,
				      params->name);
	if (IS_ERR(vd)) {
		vc_dev_put(vc);
		return vd;
	}
	vd->vc = vc;	/* vc_ops.free() drops it */

	dev = &vd->vdpa.dev;
	dev->dma_mask = &dev->coherent_dma_mask;
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (err) {
		put_device(dev);
		return ERR_PTR(err);
	}
	compat_vdpa_set_dma_dev(&vd->vdpa, dev);
	vd->vdpa.mdev = mgmt;
	return vd;
}
