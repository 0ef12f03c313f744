/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/config/vdpa_crypto/. See configfs.c.
 */
#ifndef _VDPA_CRYPTO_CONFIGFS_H
#define _VDPA_CRYPTO_CONFIGFS_H

struct vdpa_dev_set_config;
struct vdpa_device;
struct vdpa_mgmt_dev;

int vc_configfs_init(struct vdpa_mgmt_dev *mgmt);
void vc_configfs_exit(void);
int vc_configfs_add(struct vdpa_mgmt_dev *mdev, const char *name,
		    const struct vdpa_dev_set_config *config);
void vc_configfs_del(struct vdpa_mgmt_dev *mdev, struct vdpa_device *vdpa);

#endif /* _VDPA_CRYPTO_CONFIGFS_H */
