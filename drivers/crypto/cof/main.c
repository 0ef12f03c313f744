// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof.ko: what Crypto over Fabrics initiators, targets and transports share.
 *
 * A library: nothing runs unless a user calls, but fault injection. conn.h says who owns what.
 */
#include <linux/module.h>
#include "conn.h"
#include "fault.h"

#define CREATE_TRACE_POINTS
#include <trace/events/cof.h>

/* Of initiators and targets; the others are conn.c's. */
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_path_state);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_assoc_made);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_assoc_ended);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_key_open);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_key_close);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_inline_key);

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
