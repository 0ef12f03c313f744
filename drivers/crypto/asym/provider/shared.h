/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by all classes. See shared.c.
 */
#ifndef _ASYM_PROVIDER_SHARED_H
#define _ASYM_PROVIDER_SHARED_H

struct asym_exec;
struct workqueue_struct;

extern struct asym_exec *provider_software;
extern struct workqueue_struct *provider_wq;
extern struct workqueue_struct *provider_open_wq;
extern unsigned int provider_cache_max;
extern unsigned int provider_idle_secs;

#endif /* _ASYM_PROVIDER_SHARED_H */
