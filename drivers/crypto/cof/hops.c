// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loop guard: how many fabrics an operation that leaves this host has crossed
 * at most. Owns one counter per hop count; hops_lock guards them. Any context.
 *
 * The crypto API carries no hop count, so a host that re-exports remote
 * algorithms answers for everything it sends (cof-protocol.rst, "Loop guard").
 */
#include <linux/module.h>
#include <linux/spinlock.h>
#include <uapi/linux/cof.h>
#include "hops.h"

static DEFINE_SPINLOCK(hops_lock);
static unsigned int hops_users[COF_MAX_HOPS];
static u8 hops_now = 1;

static void hops_update(unsigned int max_hops, int delta)
{
	unsigned int i;

	if (WARN_ON(max_hops >= COF_MAX_HOPS))
		return;
	spin_lock_bh(&hops_lock);
	hops_users[max_hops] += delta;
	for (i = COF_MAX_HOPS - 1; i && !hops_users[i]; i--)
		;
	WRITE_ONCE(hops_now, i + 1);
	spin_unlock_bh(&hops_lock);
}

/**
 * cof_hops() - hop count of operations that leave this host
 *
 * Context: any.
 * Return: 1 on a host that re-exports nothing; otherwise 1 + the highest count
 * that its targets take for pools that compute on remote algorithms.
 */
u8 cof_hops(void)
{
	return READ_ONCE(hops_now);
}
EXPORT_SYMBOL_GPL(cof_hops);

/**
 * cof_hops_add() - a pool of this host computes on remote algorithms
 * @max_hops: highest hop count it takes, below COF_MAX_HOPS
 *
 * Context: any but hard interrupts. Undone by cof_hops_del() with the same count.
 */
void cof_hops_add(unsigned int max_hops)
{
	hops_update(max_hops, 1);
}
EXPORT_SYMBOL_GPL(cof_hops_add);

/**
 * cof_hops_del() - undo cof_hops_add()
 * @max_hops: as given there
 *
 * Context: any but hard interrupts.
 */
void cof_hops_del(unsigned int max_hops)
{
	hops_update(max_hops, -1);
}
EXPORT_SYMBOL_GPL(cof_hops_del);
