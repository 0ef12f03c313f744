// SPDX-License-Identifier: GPL-2.0-only
/*
 * dilate - for a program, time goes by LAB_DILATE times slower than it does.
 *
 * Preloaded by the QEMU of an emulated machine (lab/run --dilate). Such a machine is tens of
 * times slower than a real one, but its timers keep to the clock on the wall: between two ticks of
 * its kernel it does that much less work, and much of it is ticks. With a clock that is slower,
 * too, a tick costs what it costs elsewhere. A machine finds out the frequency of its time stamp
 * counter by that clock, so the two agree.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

static int64_t factor = 1, begin;
static int (*real_gettime)(clockid_t clock, struct timespec *ts);

static int64_t nanoseconds(const struct timespec *ts)
{
	return ts->tv_sec * NS + ts->tv_nsec;
}

static void set(struct timespec *ts, int64_t ns)
{
	ts->tv_sec = ns / NS;
	ts->tv_nsec = ns % NS;
}

__attribute__((constructor)) static void init(void)
{
	const char *value = getenv("LAB_DILATE");
	struct timespec ts;

	real_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	real_gettime(CLOCK_MONOTONIC, &ts);
	begin = nanoseconds(&ts);
	if (value && atoi(value) > 0)
		factor = atoi(value);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc;

	if (!real_gettime)
		return syscall(SYS_clock_gettime, clock, ts);
	rc = real_gettime(clock, ts);
	if (!rc && clock == CLOCK_MONOTONIC)
		set(ts, begin + (nanoseconds(ts) - begin) / factor);
	return rc;
}

int ppoll(struct pollfd *fds, nfds_t nr, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec longer;

	if (timeout) {
		/* A time-out of months stays one, and does not overflow. */
		if (timeout->tv_sec < 10000000)
			set(&longer, nanoseconds(timeout) * factor);
		else
			longer = *timeout;
	}
	return syscall(SYS_ppoll, fds, nr, timeout ? &longer : NULL, mask, sizeof(uint64_t));
}
