/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection and the commands in flight on it. See chan.c.
 */
#ifndef _COFI_CHAN_H
#define _COFI_CHAN_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/cof.h>
#include "../conn.h"

struct cofi_assoc;

#define COFI_CONNECT_MS	2000	/* for the transport */
#define COFI_SETUP_MS	5000	/* for an answer to CONNECT, IDENTIFY; for a buffer */

/*
 * A tag: the slot in the low 16 bits, its generation above, so that an answer
 * that comes late never meets another operation.
 */
#define COFI_TAG_SHIFT	16

static inline u64 cofi_tag(u16 slot, u64 gen)
{
	return gen << COFI_TAG_SHIFT | slot;
}

/**
 * struct cofi_cmd - a command somebody waits for, on his stack
 * @rsp: receives the response's fixed part
 * @rsp_len: bytes at @rsp, exactly the opcode's
 * @done: the response is at @rsp; written under chan->lock
 */
struct cofi_cmd {
	void *rsp;
	u16 rsp_len;
	bool done;
};

/**
 * struct cofi_chan - a connection and the commands in flight on it
 * @assoc: whose it is
 * @conn: NULL before it is connected
 * @lock: guards the rest; bottom halves disabled
 * @busy: slots in use; slot 0 is the keep-alive's
 * @orphans: some slots have a @handle
 * @slot: per slot: who waits (NULL: nobody), the opcode, the generation, when it was taken, and a
 *	key to be closed that nobody waits for any more (0: none)
 */
struct cofi_chan {
	struct cofi_assoc *assoc;
	struct cof_conn *conn;
	spinlock_t lock;	/* slots */
	DECLARE_BITMAP(busy, COF_ADMIN_DEPTH);
	bool orphans;
	struct {
		struct cofi_cmd *cmd;
		u16 opcode;
		u64 gen;
		u64 handle;
		unsigned long sent;
	} slot[COF_ADMIN_DEPTH];
};

void cofi_chan_init(struct cofi_chan *chan, struct cofi_assoc *assoc);
int cofi_chan_connect(struct cofi_chan *chan, const struct cof_conn_limits *limits,
		      const struct cof_conn_ops *ops, void *priv);
void cofi_chan_close(struct cofi_chan *chan);
void cofi_chan_free(struct cofi_chan *chan);
struct cof_txbuf *cofi_chan_begin(struct cofi_chan *chan, struct cofi_cmd *cmd, u16 opcode,
				  u16 hlen, u32 data_len, unsigned long timeout);
int cofi_chan_wait(struct cofi_chan *chan, struct cofi_cmd *cmd, unsigned long timeout);
bool cofi_chan_keep_alive(struct cofi_chan *chan, u64 *tag);
bool cofi_chan_stuck(struct cofi_chan *chan, unsigned long age);
bool cofi_chan_orphan(struct cofi_chan *chan, u64 *tag, u64 *handle);
int cofi_chan_answer(struct cofi_chan *chan, const struct cof_hdr *msg);

#endif /* _COFI_CHAN_H */
