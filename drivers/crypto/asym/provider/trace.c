// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace events of asym_provider. Any context.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/asym.h>
