/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An association: one life of a path's connections. See assoc.c.
 */
#ifndef _COFI_ASSOC_H
#define _COFI_ASSOC_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <uapi/linux/cof.h>
#include "chan.h"

struct asym_caps;
struct cofi_path;
struct cofi_queue;

/**
 * struct cofi_quota - what the target grants, as IDENTIFY told; 0: unlimited
 * @ops_per_sec: operations
 * @bytes_per_sec: input bytes
 * @units_per_sec: cost, 1000 is one RSA-2048 private operation
 * @burst_ms: how far a burst may run ahead
 * @max_inflight: of all queues together
 */
struct cofi_quota {
	u64 ops_per_sec;
	u64 bytes_per_sec;
	u64 units_per_sec;
	u32 burst_ms;
	u32 max_inflight;
};

/**
 * struct cofi_assoc - one life of a path's connections
 * @path: its path, which owns it
 * @dead: 0, or the errno of the first failure; then nothing is sent any more
 * @status: enum cof_status of a refusal or of the peer's DISCONNECT, else 0
 * @why: the same for people; a static string
 * @draining: the target asked us to go away
 * @id: the target's number for it
 * @cookie: for I/O queues
 * @offered: COF_FEAT_*
 * @features: of these, what was granted
 * @kato: keep-alive time-out in force, jiffies
 * @last_rx: jiffies of the last message received
 * @ka_sent: jiffies of the last keep-alive
 * @ka_work: keep-alive and time-outs
 * @identified: IDENTIFY was sent; events before that say nothing new
 * @ident_work: sends it again
 * @admin: the admin queue
 * @max_der: longest key the target takes
 * @driver: the target's, for information
 * @quota: what the target granted last, likewise; path->lock
 * @nr_queues: I/O queues; constant once registered with asym_provider
 * @queues: pointers to them
 */
struct cofi_assoc {
	struct cofi_path *path;
	int dead;
	u16 status;
	const char *why;
	bool draining;
	u64 id;
	u8 cookie[COF_COOKIE_LEN];
	u64 offered;
	u64 features;
	unsigned long kato;
	unsigned long last_rx;
	unsigned long ka_sent;
	struct delayed_work ka_work;
	bool identified;
	struct work_struct ident_work;
	struct cofi_chan admin;
	u32 max_der;
	char driver[COF_NAME_LEN];
	struct cofi_quota quota;
	unsigned int nr_queues;
	struct cofi_queue **queues;
};

static inline bool cofi_assoc_dead(const struct cofi_assoc *assoc)
{
	return READ_ONCE(assoc->dead);
}

/*
 * How long an operation may be silent before it is asked after, and the answer to that take,
 * so that both together, and the ticks between, are less than two keep-alive time-outs.
 */
static inline unsigned long cofi_assoc_patience(const struct cofi_assoc *assoc)
{
	return assoc->kato - assoc->kato / 4;
}

void cofi_identify_caps(const struct cof_identify_rsp *rsp, struct asym_caps *caps);
struct cofi_assoc *cofi_assoc_alloc(struct cofi_path *path);
int cofi_assoc_connect(struct cofi_assoc *assoc);
void cofi_assoc_abort(struct cofi_assoc *assoc);
unsigned int cofi_assoc_inflight(struct cofi_assoc *assoc);
void cofi_assoc_close(struct cofi_assoc *assoc);
void cofi_assoc_free(struct cofi_assoc *assoc);

#endif /* _COFI_ASSOC_H */
