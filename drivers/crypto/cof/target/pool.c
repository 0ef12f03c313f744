// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which hosts there are, and which of them a pool lets in. Under cof_tgt_lock.
 */
#include <linux/string.h>

#include "pool.h"
#include "shared.h"

/* struct cof_tgt_host; cof_tgt_lock */
LIST_HEAD(cof_tgt_hosts);

/**
 * cof_tgt_host_known() - is this host in hosts/?
 * @hostid: from the peer
 *
 * Context: cof_tgt_lock held.
 * Return: true if so.
 */
bool cof_tgt_host_known(const char *hostid)
{
	struct cof_tgt_host *host;

	lockdep_assert_held(&cof_tgt_lock);
	list_for_each_entry(host, &cof_tgt_hosts, list)
		if (!strcmp(config_item_name(&host->item), hostid))
			return true;
	return false;
}

/**
 * cof_tgt_host_allowed() - may this host use this pool?
 * @pool: the pool
 * @hostid: from the peer
 *
 * Context: cof_tgt_lock held.
 * Return: true if so.
 */
bool cof_tgt_host_allowed(const struct cof_tgt_pool *pool, const char *hostid)
{
	struct cof_tgt_link *link;

	lockdep_assert_held(&cof_tgt_lock);
	list_for_each_entry(link, &pool->hosts, list)
		if (!strcmp(config_item_name(&link->host->item), hostid))
			return true;
	return false;
}
