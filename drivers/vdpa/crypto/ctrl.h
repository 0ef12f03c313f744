/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control queue. See ctrl.c.
 */
#ifndef _VDPA_CRYPTO_CTRL_H
#define _VDPA_CRYPTO_CTRL_H

struct vc_dev;

int vc_ctrl_init(struct vc_dev *vc);
void vc_ctrl_exit(struct vc_dev *vc);

#endif /* _VDPA_CRYPTO_CTRL_H */
