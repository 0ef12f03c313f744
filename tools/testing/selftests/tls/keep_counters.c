// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep_counters - preloaded into a program: lkcf's file of counters outlives it.
 *
 * The provider removes its file when the process that made it ends. A test wants to know what was
 * counted, so whatever is below the folder $KEEP_COUNTERS is not removed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int unlink(const char *path)
{
	static int (*real)(const char *path);
	const char *keep = getenv("KEEP_COUNTERS");

	if (keep && !strncmp(path, keep, strlen(keep)))
		return 0;
	if (!real)
		real = dlsym(RTLD_NEXT, "unlink");
	return real(path);
}
