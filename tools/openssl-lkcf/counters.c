// SPDX-License-Identifier: MIT
/*
 * Counters. They are in memory that forked processes share, so that those of a server's workers are
 * one sum; with a folder given in a file, where lkcf-stat finds them.
 *
 * Any of those processes can write there, one that gave up its privileges as well: nothing that is
 * read there decides anything but whether the file stays. What belongs to this process is in struct
 * counters_of.
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

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counters_of *all;

const char *counter_name(enum counter what)
{
	return names[what];
}

void count(struct counters_of *counters, enum counter what, int64_t n)
{
	atomic_fetch_add_explicit(&counters->map->counter[what].value, (uint64_t)n,
				  memory_order_relaxed);
}

uint64_t counted(const struct counters_of *counters, enum counter what)
{
	return atomic_load_explicit(&counters->map->counter[what].value, memory_order_relaxed);
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

/* A new file below @folder, in @path; a negative errno: none. */
static int new_file(const char *folder, char *path, size_t room)
{
	int number, fd;

	if (mkdir(folder, 0755) && errno != EEXIST)
		return -errno;
	for (number = 0; number < 1000; number++) {
		if ((size_t)snprintf(path, room, "%s/%d.%d", folder, (int)getpid(), number) >= room)
			return -ENAMETOOLONG;
		/*
		 * Of another process that is gone and had our pid, or of this one's other libctx.
		 */
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/*
 * Maps a new file below @folder, whose path is then in @path; NULL, with *@error set: not possible.
 */
static struct counters *map_file(const char *folder, char *path, size_t room, int *error)
{
	struct counters *map = MAP_FAILED;
	int fd = new_file(folder, path, room);

	if (fd < 0) {
		*error = -fd;
		return NULL;
	}
	/* All of its blocks now: where a file system is full, a hole is SIGBUS later. */
	*error = posix_fallocate(fd, 0, sizeof(*map));
	if (!*error) {
		map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			*error = errno;
	}
	close(fd);
	if (map != MAP_FAILED)
		return map;
	unlink(path);
	return NULL;
}

/**
 * counters_new() - counters at zero
 * @counters: the caller's, filled in
 * @folder: of the file; NULL: in memory
 *
 * Return: 0; a positive errno: there is no file, and they are in memory; -1: no memory.
 */
int counters_new(struct counters_of *counters, const char *folder)
{
	struct counters *map = NULL;
	int i, error = 0;

	if (folder)
		map = map_file(folder, counters->path, sizeof(counters->path), &error);
	if (!map) {
		counters->path[0] = 0;
		map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
		if (map == MAP_FAILED)
			return -1;
	}
	map->version = COUNTERS_VERSION;
	map->size = sizeof(*map);
	map->number = COUNTERS;
	map->pid = getpid();
	map->started = started();
	atomic_init(&map->processes, 1);
	snprintf(map->program, sizeof(map->program), "%s", program_invocation_short_name);
	for (i = 0; i < COUNTERS; i++)
		snprintf(map->counter[i].name, sizeof(map->counter[i].name), "%s", names[i]);
	memcpy(map->magic, COUNTERS_MAGIC, sizeof(map->magic));
	counters->map = map;

	pthread_mutex_lock(&lock);
	counters->next = all;
	all = counters;
	pthread_mutex_unlock(&lock);
	return error;
}

/* The file goes with the last process that ends in order. */
void counters_free(struct counters_of *counters)
{
	struct counters_of **place;

	if (!counters->map)
		return;
	pthread_mutex_lock(&lock);
	for (place = &all; *place != counters; place = &(*place)->next)
		;
	*place = counters->next;
	pthread_mutex_unlock(&lock);
	if (atomic_fetch_sub(&counters->map->processes, 1) == 1 && counters->path[0])
		unlink(counters->path);
	munmap(counters->map, sizeof(*counters->map));
	counters->map = NULL;
}

void counters_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void counters_after_fork(bool child)
{
	struct counters_of *counters;

	for (counters = all; child && counters; counters = counters->next)
		atomic_fetch_add(&counters->map->processes, 1);
	pthread_mutex_unlock(&lock);
}
