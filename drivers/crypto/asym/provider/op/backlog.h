/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations that wait for a device. See backlog.c.
 */
#ifndef _ASYM_PROVIDER_OP_BACKLOG_H
#define _ASYM_PROVIDER_OP_BACKLOG_H

#include <linux/types.h>

struct asym_device_priv;
struct list_head;
struct provider_op;
struct provider_session;

void provider_backlog_drain(struct asym_device_priv *pdev);
void provider_backlog_take_locked(struct asym_device_priv *pdev, struct list_head *ops);
void provider_redispatch(struct list_head *ops);
void provider_op_opened(struct provider_op *op, struct provider_session *session, int err,
			bool more);

#endif /* _ASYM_PROVIDER_OP_BACKLOG_H */
