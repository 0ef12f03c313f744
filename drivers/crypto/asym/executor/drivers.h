/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The drivers of an executor: found by name, some of them after it was created. See drivers.c.
 */
#ifndef _ASYM_EXECUTOR_DRIVERS_H
#define _ASYM_EXECUTOR_DRIVERS_H

#include <linux/crypto.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <asm/barrier.h>
#include <crypto/internal/asym/executor.h>

#define EXEC_MAX_DRIVERS	4
/* Private area for a driver that is missing yet; QAT's driver uses half of it. */
#define EXEC_LATE_REQSIZE	1024

/**
 * struct exec_driver - an LKCF driver of an executor
 * @name: its cra_driver_name
 * @there: it was found; until then, of the fields below, only the counters are valid
 * @probe: an unkeyed transform: keeps the driver's module, knows its reqsize
 * @mark: it computes elsewhere: the id of asym_exec_mark_remote(); else 0
 * @remote: likewise: its entry for ECDSA, or NULL
 * @sync: computes in the caller's context, which must be allowed to sleep
 * @ops: operations it computed; this and all below under the executor's lock
 * @errors: operations it failed
 * @key_errors: keys it refused
 */
struct exec_driver {
	char name[CRYPTO_MAX_ALG_NAME];
	bool there;
	struct crypto_akcipher *probe;
	u64 mark;
	const struct asym_exec_remote_ops *remote;
	bool sync;
	u64 ops;
	u64 errors;
	u64 key_errors;
};

int exec_drivers_init(struct asym_exec *exec, const struct asym_exec_params *params);
void exec_drivers_exit(struct asym_exec *exec);
void exec_drivers_look(struct asym_exec *exec);
int exec_drivers_module_init(void);
void exec_drivers_module_exit(void);

/* May operations use it? If so, all that exec_driver_set() wrote before is visible. */
static inline bool exec_driver_there(const struct exec_driver *drv)
{
	/* Pairs with driver_set(). */
	return smp_load_acquire(&drv->there);
}

void exec_set_inflight(struct asym_exec *exec);
void exec_drivers_work(struct work_struct *work);

#endif /* _ASYM_EXECUTOR_DRIVERS_H */
