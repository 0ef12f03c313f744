// SPDX-License-Identifier: Apache-2.0
/*
 * Counters. They are in memory that forked processes share, so that those of a server's workers are
 * one sum; with a folder given in a file, where lkcf-stat finds them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counters.h"
#include "lkcf.h"

static const char *const names[COUNTERS] = {
	[RSA_KERNEL] = "rsa_kernel",
	[ECDSA_KERNEL] = "ecdsa_kernel",
	[RSA_SOFTWARE] = "rsa_software",
	[ECDSA_SOFTWARE] = "ecdsa_software",
	[UNQUALIFIED] = "unqualified",
	[FAILED] = "failed",
	[ASYNC_KERNEL] = "async",
	[KEYS_ADDED] = "keys_added",
	[KEYS_DROPPED] = "keys_dropped",
	[KEYS_AGAIN] = "keys_again",
	[KEYS_REFUSED] = "keys_refused",
	[WRONG_RESULTS] = "wrong_results",
	[IN_FLIGHT] = "in_flight",
};

_Static_assert(COUNTERS <= COUNTERS_ROOM, "more counters than the file has room for");

const char *counter_name(enum counter what)
{
	return names[what];
}

void count(struct counters *counters, enum counter what, int64_t n)
{
	atomic_fetch_add_explicit(&counters->counter[what].value, (uint64_t)n,
				  memory_order_relaxed);
}

uint64_t counted(struct counters *counters, enum counter what)
{
	return atomic_load_explicit(&counters->counter[what].value, memory_order_relaxed);
}

/* When this process started, which together with its pid names it for good. */
static int64_t started(void)
{
	char line[1024], *place;
	FILE *file = fopen("/proc/self/stat", "re");
	int64_t value = 0;
	int field;

	if (!file)
		return 0;
	/* The second field may hold anything: count from the parenthesis that ends it. */
	if (fgets(line, sizeof(line), file)) {
		place = strrchr(line, ')');
		for (field = 2; place && field < 22; field++)
			place = strchr(place + 1, ' ');
		if (place)
			value = strtoll(place, NULL, 10);
	}
	fclose(file);
	return value;
}

/* A new file below @folder, in @path; -1: none. */
static int new_file(const char *folder, char *path, size_t room)
{
	int number, fd;

	if (mkdir(folder, 0755) && errno != EEXIST)
		return -1;
	for (number = 0; number < 1000; number++) {
		if ((size_t)snprintf(path, room, "%s/%d.%d", folder, (int)getpid(), number) >= room)
			return -1;
		/* Of another process that is gone and had our pid, or of this one's other libctx. */
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

/*
 * Counters in a file below @folder, or, without one or when that fails, in memory. NULL: no memory.
 */
struct counters *counters_new(const char *folder)
{
	struct counters *counters = MAP_FAILED;
	char path[sizeof(counters->path)] = "";
	int i, fd = folder ? new_file(folder, path, sizeof(path)) : -1;

	if (fd >= 0) {
		if (!ftruncate(fd, sizeof(*counters)))
			counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (counters == MAP_FAILED)
			unlink(path);
	}
	if (counters == MAP_FAILED) {
		path[0] = 0;
		counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (counters == MAP_FAILED)
			return NULL;
	}
	counters->version = COUNTERS_VERSION;
	counters->size = sizeof(*counters);
	counters->number = COUNTERS;
	counters->pid = getpid();
	counters->started = started();
	snprintf(counters->program, sizeof(counters->program), "%s", program_invocation_short_name);
	memcpy(counters->path, path, sizeof(path));
	for (i = 0; i < COUNTERS; i++)
		snprintf(counters->counter[i].name, sizeof(counters->counter[i].name), "%s", names[i]);
	memcpy(counters->magic, COUNTERS_MAGIC, sizeof(counters->magic));
	return counters;
}

/* The file goes with the process that made it: its children are gone by then, or count for nobody. */
void counters_free(struct counters *counters)
{
	if (!counters)
		return;
	if (counters->path[0] && counters->pid == getpid())
		unlink(counters->path);
	munmap(counters, sizeof(*counters));
}

bool counters_have_file(const struct counters *counters)
{
	return counters->path[0];
}
