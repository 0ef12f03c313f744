/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a path. See state.c.
 */
#ifndef _COFI_STATE_H
#define _COFI_STATE_H

#include <linux/types.h>

struct cofi_path;

/**
 * enum cofi_state - how far a path has come; traces print the numbers by name
 * @COFI_DISABLED: it is not running
 * @COFI_CONNECTING: it was not live since it was enabled
 * @COFI_LIVE: its device computes
 * @COFI_RECONNECTING: it was live
 * @COFI_FAILED: it was refused for a reason that somebody must cure
 */
enum cofi_state {
	COFI_DISABLED,
	COFI_CONNECTING,
	COFI_LIVE,
	COFI_RECONNECTING,
	COFI_FAILED,
};

void cofi_path_set_state(struct cofi_path *path, enum cofi_state state, const char *reason);
bool cofi_path_leave_live(struct cofi_path *path);
void cofi_path_state(struct cofi_path *path, char *buf, size_t size);
void cofi_path_kick(struct cofi_path *path, unsigned int ms);

#endif /* _COFI_STATE_H */
