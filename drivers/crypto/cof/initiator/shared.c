// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all paths share: the workqueues, which main.c makes and destroys.
 */
#include "shared.h"

/* Makes, watches and ends associations. */
struct workqueue_struct *cofi_wq;

/* Closes connections. Works on cofi_wq wait for it, so it has a limit of its own. */
struct workqueue_struct *cofi_close_wq;
