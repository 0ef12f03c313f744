/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Routing of operations to devices. See route.c.
 */
#ifndef _ASYM_PROVIDER_OP_ROUTE_H
#define _ASYM_PROVIDER_OP_ROUTE_H

#include <linux/types.h>

struct asym_device_priv;
struct provider_op;

#define PROVIDER_MAX_ATTEMPTS	4	/* on devices, for one operation; then software */

void provider_op_dispatch(struct provider_op *op, bool may_sleep);
void provider_op_first_dispatch(struct provider_op *op, bool may_sleep);
void provider_op_submit(struct provider_op *op, bool may_sleep);
void provider_op_submit_failed(struct provider_op *op, int err);
void provider_op_without_key(struct provider_op *op, bool sent);
void provider_op_release(struct provider_op *op, bool lost);
void provider_op_failed(struct provider_op *op, unsigned int id, int err);
void provider_count_error(struct asym_device_priv *pdev, int err);
int provider_submit_once(struct provider_op *op, bool may_sleep);
void provider_commit(struct asym_device_priv *pdev);

#endif /* _ASYM_PROVIDER_OP_ROUTE_H */
