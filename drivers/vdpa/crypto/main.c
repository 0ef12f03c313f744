// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: the workqueue of all devices, and the vDPA management device
 * under which they are listed (`vdpa dev show`). Devices are described in
 * configfs; `vdpa dev add` and `vdpa dev del` enable and disable those.
 *
 * dev_add() and dev_del() are called with the vDPA core's lock held.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/virtio_ids.h>

#include "configfs.h"
#include "create.h"
#include "dev.h"
#include "ops.h"

static const struct vdpa_mgmtdev_ops vc_mgmt_ops = {
	.dev_add = vc_configfs_add,
	.dev_del = vc_configfs_del,
};

static struct virtio_device_id vc_ids[] = {
	{ VIRTIO_ID_CRYPTO, VIRTIO_DEV_ANY_ID },
	{ 0 },
};

static struct vdpa_mgmt_dev vc_mgmt = {
	.ops = &vc_mgmt_ops,
	.id_table = vc_ids,
	.supported_features = VC_FEATURES_OFFERED | VC_FEATURES_CIPHER,
	.max_supported_vqs = VC_QUEUES_MAX + 1,
};

static int __init vdpa_crypto_init(void)
{
	int err;

	/*
	 * A queue's worker may wait for a key; none may wait for another's. It runs near the
	 * processor that notified it (the workqueue's affinity_scope), where the administrator
	 * lets it: both are in sysfs. Its work is the guest's, so its priority is no
	 * higher than that of others.
	 */
	vc_wq = alloc_workqueue("vdpa_crypto", WQ_UNBOUND | WQ_SYSFS, WQ_MAX_ACTIVE);
	if (!vc_wq)
		return -ENOMEM;
	vc_mgmt.device = root_device_register("vdpa_crypto");
	if (IS_ERR(vc_mgmt.device)) {
		err = PTR_ERR(vc_mgmt.device);
		goto destroy_wq;
	}
	err = vdpa_mgmtdev_register(&vc_mgmt);
	if (err)
		goto unregister_root;
	err = vc_configfs_init(&vc_mgmt);
	if (err)
		goto unregister_mgmt;
	return 0;

unregister_mgmt:
	vdpa_mgmtdev_unregister(&vc_mgmt);
unregister_root:
	root_device_unregister(vc_mgmt.device);
destroy_wq:
	destroy_workqueue(vc_wq);
	return err;
}
module_init(vdpa_crypto_init);

/* Every device and every configfs item pins the module: there are none. */
static void __exit vdpa_crypto_exit(void)
{
	vc_configfs_exit();
	vdpa_mgmtdev_unregister(&vc_mgmt);
	root_device_unregister(vc_mgmt.device);
	/* The contents of removed devices may still wait for an accelerator. */
	vc_wait_all_released();
	destroy_workqueue(vc_wq);
}
module_exit(vdpa_crypto_exit);

MODULE_DESCRIPTION("virtio crypto device in the kernel on the vDPA bus");
MODULE_LICENSE("GPL");
