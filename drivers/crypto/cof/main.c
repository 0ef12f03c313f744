// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof.ko: what Crypto over Fabrics initiators, targets and transports share.
 *
 * A library: nothing runs unless a user calls, but fault injection. conn.h says who owns what.
 */
#include <linux/module.h>
#include "conn.h"
#include "fault.h"

static int __init cof_init(void)
{
	int err = cof_conn_caches_init();

	if (err)
		return err;
	err = cof_fault_init();
	if (err)
		cof_conn_caches_exit();
	return err;
}
module_init(cof_init);

static void __exit cof_exit(void)
{
	cof_fault_exit();
	cof_conn_caches_exit();
}
module_exit(cof_exit);

MODULE_DESCRIPTION("Crypto over Fabrics: wire format and transports");
MODULE_LICENSE("GPL");
