/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loop guard. See hops.c.
 */
#ifndef _COF_HOPS_H
#define _COF_HOPS_H

#include <linux/types.h>

/*
 * cof_io_req.hops of what this host sends: 1, or more while a target on this
 * host computes on algorithms that are themselves remote (it calls cof_hops_add()).
 */
u8 cof_hops(void);
void cof_hops_add(unsigned int max_hops);
void cof_hops_del(unsigned int max_hops);

#endif /* _COF_HOPS_H */
