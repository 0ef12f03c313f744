/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: what fault.c, its files in debugfs and its test share.
 */
#ifndef _COF_FAULT_KNOBS_H
#define _COF_FAULT_KNOBS_H

#include <linux/spinlock.h>
#include <linux/types.h>

#define COF_FAULT_SCALE		10000	/* of a probability */
#define COF_FAULT_REORDER_MS	10	/* for another queue to send something */
#define COF_FAULT_MAX_DELAY_US	60000000

enum cof_fault_kind {	/* also in include/trace/events/cof.h */
	COF_FAULT_DROP,
	COF_FAULT_DELAY,
	COF_FAULT_CORRUPT,
	COF_FAULT_TRUNCATE,
	COF_FAULT_REORDER,
	COF_FAULT_ALLOC,
	COF_FAULT_CLOSE,
	COF_FAULT_NR
};

enum cof_fault_side {
	COF_FAULT_BOTH,
	COF_FAULT_INITIATOR,
	COF_FAULT_TARGET,
};

enum cof_fault_queue {
	COF_FAULT_ALL,
	COF_FAULT_ADMIN,
	COF_FAULT_IO,
};

/* At which message a connection is closed. */
enum cof_fault_state {
	COF_FAULT_ANY,
	COF_FAULT_CONNECT,	/* before CONNECT is answered */
	COF_FAULT_IDENTIFY,	/* CONNECT was answered, IDENTIFY is not */
	COF_FAULT_KEY_OPEN,
	COF_FAULT_INFLIGHT,	/* an operation, or its answer, is due */
};

/**
 * struct cof_fault_knobs - one kind of fault; all under cof_fault_lock
 * @probability: of COF_FAULT_SCALE
 * @count: how many still to inject; -1: unlimited
 * @injected: how many were
 * @side: whose messages, connections, memory; enum cof_fault_side
 * @queue: enum cof_fault_queue
 * @state: enum cof_fault_state
 * @delay_us: how long a message is kept
 */
struct cof_fault_knobs {
	u32 probability;
	int count;
	u64 injected;
	u8 side;
	u8 queue;
	u8 state;
	u32 delay_us;
};

extern struct cof_fault_knobs cof_fault_knobs[COF_FAULT_NR];
extern spinlock_t cof_fault_lock;

void cof_fault_seed_set(u64 seed);
u64 cof_fault_seed_get(void);
void cof_fault_enable(bool on);
bool cof_fault_enabled(void);

void cof_fault_debugfs_init(void);
void cof_fault_debugfs_exit(void);

#endif /* _COF_FAULT_KNOBS_H */
