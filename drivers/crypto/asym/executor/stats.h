/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of executors, in debugfs. See stats.c.
 */
#ifndef _ASYM_EXECUTOR_STATS_H
#define _ASYM_EXECUTOR_STATS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <crypto/internal/asym/types.h>

struct asym_exec;

/**
 * struct exec_stats - counters of an executor, under its lock
 * @ops: operations computed, by kind; rejected ones too
 * @rejected: of these, wrong signatures and malformed paddings
 * @refused: operations refused before a driver was asked
 * @failed: operations that failed on every driver
 * @retried: operations a driver failed that went to the next driver
 * @stalled: times a driver had no room
 * @milliunits: cost of the computed operations
 * @ec_remote: of @ops, ECDSA computed by one of @drivers
 * @ec_local: of @ops, ECDSA computed by this machine's signer
 * @ec_errors: operations that signer failed
 */
struct exec_stats {
	u64 ops[ASYM_OP_NR];
	u64 rejected;
	u64 refused;
	u64 failed;
	u64 retried;
	u64 stalled;
	u64 milliunits;
	u64 ec_remote;
	u64 ec_local;
	u64 ec_errors;
};

extern struct mutex exec_all_lock;
extern struct list_head exec_all;
void exec_debugfs_init(void);
void exec_debugfs_exit(void);
void exec_debugfs_add(struct asym_exec *exec);
void exec_debugfs_del(struct asym_exec *exec);

#endif /* _ASYM_EXECUTOR_STATS_H */
