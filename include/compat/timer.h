/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences in timers between the supported kernels (6.12 and 7.3).
 */
#ifndef _COMPAT_TIMER_H
#define _COMPAT_TIMER_H

#include <linux/version.h>
#include <linux/hrtimer.h>

/* hrtimer_setup() came with 6.13; hrtimer_init() went with 6.15. */
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *),
					clockid_t clock_id, enum hrtimer_mode mode)
{
#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
#else
	hrtimer_setup(timer, function, clock_id, mode);
#endif
}

#endif /* _COMPAT_TIMER_H */
