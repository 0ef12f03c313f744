// SPDX-License-Identifier: GPL-2.0-only
/*
 * lose_keys - preloaded into a server: takes lkcf's keys away from it while it works.
 *
 * Only who possesses a key may remove it, and that is the process itself. So each call of
 * epoll_wait() looks whether the file $LOSE_KEYS exists, and if so, every 200 ms, unlinks,
 * invalidates or revokes, in turn, each kernel key "lkcf:..." and adds a line to that file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <keyutils.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void lose(int log)
{
	static const char * const ways[] = { "unlink", "invalidate", "revoke" };
	static unsigned int way;
	FILE *f = fopen("/proc/keys", "r");
	char line[512], flags[16];
	unsigned int serial;
	long rc;

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, " lkcf:") || sscanf(line, "%x %15s", &serial, flags) != 2 ||
		    strpbrk(flags, "RDi"))
			continue;
		if (way == 0)
			rc = keyctl_unlink(serial, KEY_SPEC_PROCESS_KEYRING);
		else if (way == 1)
			rc = keyctl_invalidate(serial);
		else
			rc = keyctl_revoke(serial);
		if (!rc)
			dprintf(log, "%s %x\n", ways[way], serial);
	}
	fclose(f);
	way = (way + 1) % 3;
}

int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
	static int (*real)(int epfd, struct epoll_event *events, int maxevents, int timeout);
	static double last;
	const char *path = getenv("LOSE_KEYS");
	int log;

	if (!real)
		real = dlsym(RTLD_NEXT, "epoll_wait");
	if (path && now() > last + 0.2) {
		log = open(path, O_WRONLY | O_APPEND);
		if (log >= 0) {
			last = now();
			lose(log);
			close(log);
		}
	}
	return real(epfd, events, maxevents, timeout);
}
