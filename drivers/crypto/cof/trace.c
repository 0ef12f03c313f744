// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace events of both ends and of connections. Any context.
 */
#include <linux/export.h>

#define CREATE_TRACE_POINTS
#include <trace/events/cof.h>

/* Of initiators and targets; the others are conn.c's. */
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_path_state);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_assoc_made);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_assoc_ended);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_key_open);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_key_close);
EXPORT_TRACEPOINT_SYMBOL_GPL(cof_inline_key);
