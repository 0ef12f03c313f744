/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making devices. See create.c.
 */
#ifndef _VDPA_CRYPTO_CREATE_H
#define _VDPA_CRYPTO_CREATE_H

struct vc_params;
struct vdpa_crypto;
struct vdpa_mgmt_dev;

struct vdpa_crypto *vc_create(const struct vc_params *params, struct vdpa_mgmt_dev *mgmt);
void vc_wait_all_released(void);

#endif /* _VDPA_CRYPTO_CREATE_H */
