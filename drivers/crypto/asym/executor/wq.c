// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's workqueues. Process context.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/workqueue.h>

#include "wq.h"

struct workqueue_struct *exec_compute_wq;
struct workqueue_struct *exec_house_wq;

/**
 * exec_wq_init() - allocate the workqueues
 *
 * Return: 0 or -ENOMEM.
 */
int exec_wq_init(void)
{
	/*
	 * One operation uses a CPU for up to tens of milliseconds. Unbound, so
	 * that the scheduler spreads operations over CPUs, wherever they are
	 * submitted. At most as many at a time as there are CPUs, for all
	 * executors together, so that the order stays that of submission. Work
	 * that an operation waits for must not run on this queue.
	 */
	exec_compute_wq = alloc_workqueue("asym_exec_rsa", WQ_UNBOUND, num_online_cpus());
	if (!exec_compute_wq)
		return -ENOMEM;
	exec_house_wq = alloc_workqueue("asym_exec", WQ_UNBOUND, 0);
	if (!exec_house_wq) {
		destroy_workqueue(exec_compute_wq);
		return -ENOMEM;
	}
	return 0;
}

/**
 * exec_wq_exit() - free the workqueues, after queued work is done
 */
void exec_wq_exit(void)
{
	destroy_workqueue(exec_house_wq);
	destroy_workqueue(exec_compute_wq);
}
