/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands. See admin.c.
 */
#ifndef _COFI_ADMIN_H
#define _COFI_ADMIN_H

#include <linux/types.h>

struct asym_key_data;
struct cof_conn_ops;
struct cof_connect_rsp;
struct cof_identify_rsp;
struct cofi_chan;

#define COFI_COMMAND_MS	60000	/* for an answer to any command */

/* The admin queue's; the connection's @priv is its struct cofi_chan. */
extern const struct cof_conn_ops cofi_admin_ops;

int cofi_cmd_connect(struct cofi_chan *chan, u16 qid, struct cof_connect_rsp *rsp);
int cofi_cmd_identify(struct cofi_chan *chan, struct cof_identify_rsp *rsp);
int cofi_cmd_key_open(struct cofi_chan *chan, const struct asym_key_data *key, u64 *handle);
void cofi_cmd_key_close(struct cofi_chan *chan, u64 handle);
void cofi_cmd_close_orphans(struct cofi_chan *chan);
bool cofi_cmd_keep_alive(struct cofi_chan *chan);

#endif /* _COFI_ADMIN_H */
