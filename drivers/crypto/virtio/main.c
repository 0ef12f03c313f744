// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio_crypto: the module, and what the virtio bus tells it about a device.
 * Process context, but for the configuration interrupt.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pm.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>
#include <uapi/linux/virtio_ring.h>
#include <compat/virtio.h>

#include "akcipher.h"
#include "cipher.h"
#include "class.h"
#include "data.h"
#include "debugfs.h"
#include "device.h"
#include "types.h"

/* How long probing waits for a device to be ready for use; it becomes so later, too */
#define VCRYPTO_PROBE_TIMEOUT	(10 * HZ)

static bool vcrypto_stateless = true;
module_param_named(stateless, vcrypto_stateless, bool, 0444);
MODULE_PARM_DESC(stateless,
		 "Send a key along with the first operation, where the device takes that; N: requests have the layout from before revision 1, too (default Y)");

static DEFINE_MUTEX(vcrypto_devices_lock);
static LIST_HEAD(vcrypto_devices);	/* vcrypto.node */

static void vcrypto_free(struct vcrypto *vc)
{
	kvfree(vc->queues);
	kfree(vc);
}

static struct vcrypto *vcrypto_alloc(struct virtio_device *vdev, unsigned int nr_dataqs)
{
	struct vcrypto *vc;
	unsigned int i;

	vc = kzalloc_obj(*vc);
	if (!vc)
		return NULL;
	vc->vdev = vdev;
	vc->nr_dataqs = nr_dataqs;
	vc->nr_queues = min(nr_dataqs, num_possible_cpus());
	vc->queues = kvcalloc(vc->nr_queues, sizeof(*vc->queues), GFP_KERNEL);
	if (!vc->queues) {
		vcrypto_free(vc);
		return NULL;
	}
	for (i = 0; i < vc->nr_queues; i++)
		vcrypto_queue_init(vc, i);
	vc->asym.name = dev_name(&vdev->dev);
	vc->asym.ops = &vcrypto_asym_ops;
	vcrypto_init(vc);
	return vc;
}

static int vcrypto_probe(struct virtio_device *vdev)
{
	struct vcrypto *vc;
	u32 nr_dataqs;
	int err;

	if (!vdev->config->get || !virtio_has_feature(vdev, VIRTIO_F_VERSION_1)) {
		dev_err(&vdev->dev, "not a virtio 1.x device\n");
		return -ENODEV;
	}
	virtio_cread_le(vdev, struct virtio_crypto_config, max_dataqueues, &nr_dataqs);
	if (!nr_dataqs || nr_dataqs > U16_MAX) {
		dev_err(&vdev->dev, "claims %u data queues\n", nr_dataqs);
		return -EINVAL;
	}

	vc = vcrypto_alloc(vdev, nr_dataqs);
	if (!vc)
		return -ENOMEM;
	vdev->priv = vc;

	mutex_lock(&vc->life_lock);
	err = vcrypto_up(vc);
	mutex_unlock(&vc->life_lock);
	if (err) {
		dev_err(&vdev->dev, "cannot set up %u data queues: %pe\n", nr_dataqs, ERR_PTR(err));
		vcrypto_free(vc);
		return err;
	}
	vcrypto_debugfs_add(vc);
	mutex_lock(&vcrypto_devices_lock);
	list_add_tail(&vc->node, &vcrypto_devices);
	mutex_unlock(&vcrypto_devices_lock);

	/*
	 * Known-answer tests are not run here, because nobody can remove the
	 * device meanwhile, and it might not answer. But who loaded the module
	 * expects its algorithms.
	 */
	vcrypto_update_later(vc, 0);
	wait_for_completion_timeout(&vc->settled, VCRYPTO_PROBE_TIMEOUT);
	return 0;
}

static void vcrypto_remove(struct virtio_device *vdev)
{
	struct vcrypto *vc = vdev->priv;

	mutex_lock(&vcrypto_devices_lock);
	list_del(&vc->node);
	mutex_unlock(&vcrypto_devices_lock);
	vcrypto_debugfs_del(vc);
	vcrypto_leave(vc);
	cancel_work_sync(&vc->watch_work);
	cancel_delayed_work_sync(&vc->work);
	cancel_delayed_work_sync(&vc->cipher.watch);
	/* A device that was left alone over a suspend has a status again. */
	virtio_reset_device(vdev);
	vcrypto_free(vc);
}

/*
 * Indirect descriptors would have to be allocated for each request, which takes
 * two places in the ring without.
 */
static int vcrypto_validate(struct virtio_device *vdev)
{
	__virtio_clear_bit(vdev, VIRTIO_RING_F_INDIRECT_DESC);
	if (!vcrypto_stateless)
		__virtio_clear_bit(vdev, VIRTIO_CRYPTO_F_REVISION_1);
	/* "Requires VIRTIO_CRYPTO_F_REVISION_1", 5.9.3.1 */
	if (!virtio_has_feature(vdev, VIRTIO_CRYPTO_F_REVISION_1))
		__virtio_clear_bit(vdev, VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE);
	return 0;
}

/* Interrupt. */
static void vcrypto_config_changed(struct virtio_device *vdev)
{
	vcrypto_watch(vdev->priv);
}

static int vcrypto_freeze(struct virtio_device *vdev)
{
	vcrypto_leave(vdev->priv);
	return 0;
}

/* Features are negotiated. Known-answer tests wait until tasks run again. */
static int vcrypto_restore(struct virtio_device *vdev)
{
	struct vcrypto *vc = vdev->priv;
	int err;

	mutex_lock(&vc->life_lock);
	mutex_lock(&vc->vq_lock);
	WRITE_ONCE(vc->leaving, false);
	mutex_unlock(&vc->vq_lock);
	WRITE_ONCE(vc->failed, false);
	vc->retries = 0;
	err = vcrypto_up(vc);
	WRITE_ONCE(vc->state, err ? VCRYPTO_FAILED : VCRYPTO_IDLE);
	mutex_unlock(&vc->life_lock);
	if (err) {
		dev_err(&vdev->dev, "cannot be set up again: %pe\n", ERR_PTR(err));
		return err;
	}
	vcrypto_update_later(vc, 0);
	return 0;
}

static const struct virtio_device_id vcrypto_ids[] = {
	{ VIRTIO_ID_CRYPTO, VIRTIO_DEV_ANY_ID },
	{ 0 },
};

/* The stateless modes of other services are not used: they change their requests' layout. */
static const unsigned int vcrypto_features[] = {
	VIRTIO_CRYPTO_F_REVISION_1,
	VIRTIO_CRYPTO_F_AKCIPHER_STATELESS_MODE,
};

static struct virtio_driver vcrypto_driver = {
	.driver.name = KBUILD_MODNAME,
	.feature_table = vcrypto_features,
	.feature_table_size = ARRAY_SIZE(vcrypto_features),
	.id_table = vcrypto_ids,
	.validate = vcrypto_validate,
	.probe = vcrypto_probe,
	.remove = vcrypto_remove,
	.config_changed = vcrypto_config_changed,
	.freeze = pm_sleep_ptr(vcrypto_freeze),
	.restore = pm_sleep_ptr(vcrypto_restore),
};

/*
 * Reboot, power off, kexec: the next kernel finds a device without our sessions, because devices
 * keep them over a reset. The bus's own shutdown comes later and only resets.
 */
static int vcrypto_shutdown(struct notifier_block *nb, unsigned long action, void *data)
{
	struct vcrypto *vc;

	vcrypto_shutdown_begin();
	mutex_lock(&vcrypto_devices_lock);
	list_for_each_entry(vc, &vcrypto_devices, node)
		vcrypto_leave(vc);
	mutex_unlock(&vcrypto_devices_lock);
	return NOTIFY_DONE;
}

static struct notifier_block vcrypto_reboot = {
	.notifier_call = vcrypto_shutdown,
};

static int __init vcrypto_module_init(void)
{
	int err;

	err = vcrypto_class_create();
	if (err)
		return err;
	err = vcrypto_cipher_init();
	if (err) {
		vcrypto_class_destroy();
		return err;
	}
	vcrypto_debugfs_init();
	compat_virtio_set_reset_ops(&vcrypto_driver, vcrypto_freeze, vcrypto_restore);
	register_reboot_notifier(&vcrypto_reboot);
	err = register_virtio_driver(&vcrypto_driver);
	if (err) {
		unregister_reboot_notifier(&vcrypto_reboot);
		vcrypto_debugfs_exit();
		vcrypto_cipher_exit();
		vcrypto_class_destroy();
	}
	return err;
}

static void __exit vcrypto_module_exit(void)
{
	unregister_reboot_notifier(&vcrypto_reboot);
	unregister_virtio_driver(&vcrypto_driver);
	vcrypto_debugfs_exit();
	vcrypto_cipher_exit();
	vcrypto_class_destroy();
}

module_init(vcrypto_module_init);
module_exit(vcrypto_module_exit);

MODULE_DEVICE_TABLE(virtio, vcrypto_ids);
MODULE_DESCRIPTION("VirtIO crypto driver: RSA and ECDSA through asym_provider, and cbc(aes)");
MODULE_LICENSE("GPL");
