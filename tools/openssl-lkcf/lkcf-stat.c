// SPDX-License-Identifier: MIT
/*
 * lkcf-stat: the counters of the programs that use the lkcf provider.
 *
 * A file of counters can be written by every process that has it mapped, a server's worker without
 * privileges among them, and its folder may have files of anybody: nothing in a file is trusted. A
 * file is read into memory, never mapped (it could be cut off meanwhile), and its text goes nowhere
 * but to the output, escaped.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"

#ifndef LKCF_VERSION
#define LKCF_VERSION "unknown"
#endif

#define FOLDER "/run/lkcf"
#define GAUGE "in_flight"
#define EXIT_USAGE 64

#define NAME_SIZE sizeof(((struct counters *)0)->counter[0].name)
#define PROGRAM_SIZE sizeof(((struct counters *)0)->program)

enum state { RUNNING, GONE, UNKNOWN };

static const char *const state_names[] = { "running", "gone", "unknown" };

struct server {
	char file[32];			/* its name in the folder */
	char program[PROGRAM_SIZE + 1];
	dev_t dev;
	ino_t ino;
	int made_by, pid;		/* who made it; who has it, as far as is known */
	int64_t started;
	enum state state;
	unsigned int number;
	struct {
		char name[NAME_SIZE + 1];
		uint64_t value;
		double rate;
		bool has_rate;
	} counter[COUNTERS_ROOM];
};

struct servers {
	struct server *server;
	size_t number, room;
	double time;			/* of the monotonic clock */
};

/* The counters that any of the servers has, in their order, and what they sum up to. */
struct sums {
	size_t number;
	struct {
		const char *name;
		uint64_t value;
		double rate;
	} *sum;
};

static const char *folder = FOLDER;
static int status;

/* One line on standard error; the exit status is 1. */
static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, ...)
{
	va_list args;

	fputs("lkcf-stat: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	status = 1;
}

static void *more_room(void *memory, size_t number, size_t size)
{
	memory = reallocarray(memory, number, size);
	if (!memory) {
		complain("no memory");
		exit(1);
	}
	return memory;
}

/* How a file of counters is called: PID.NUMBER. */
static bool is_name(const char *name)
{
	size_t pid = strspn(name, "0123456789"), number;

	if (!pid || name[pid] != '.')
		return false;
	number = strspn(name + pid + 1, "0123456789");
	return number && !name[pid + 1 + number] &&
		strlen(name) < sizeof(((struct server *)0)->file);
}

/* When the process @pid started, as in its stat; 0: there is none, or it has ended. */
static int64_t started(int pid)
{
	char path[32], line[1024], *place;
	int64_t value = 0;
	FILE *file;
	int field;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* The second field may hold anything: count from the parenthesis that ends it. */
	place = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	if (!place || strlen(place) < 3 || place[2] == 'Z' || place[2] == 'X')
		return 0;
	for (field = 2; place && field < 22; field++)
		place = strchr(place + 1, ' ');
	if (place)
		value = strtoll(place, NULL, 10);
	return value;
}

/* Whether @pid has the file of @server in its memory; -1: it is not for us to know. */
static int has_mapped(int pid, const struct server *server)
{
	unsigned int major, minor;
	char path[32], line[4400], *name;
	unsigned long long ino;
	int found = 0;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	errno = 0;
	while (!found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*x-%*x %*s %*x %x:%x %llu", &major, &minor, &ino) != 3 ||
		    ino != server->ino)
			continue;
		if (makedev(major, minor) == server->dev) {
			found = 1;
			continue;
		}
		/* Some file systems have another number for it there. */
		length = strcspn(line, "\n");
		line[length] = 0;
		name = strrchr(line, '/');
		found = name && !strcmp(name + 1, server->file);
	}
	if (!found && ferror(file) && (errno == EACCES || errno == EPERM))
		found = -1;
	fclose(file);
	return found;
}

/*
 * Who made a file may be gone and those that it forked not: a server that went to the background.
 * The oldest of those that have the file is the server then. A process that executed another
 * program keeps its number and its time of start, but has the file no longer.
 */
static void find_process(struct server *server)
{
	int64_t oldest = 0, time;
	struct dirent *entry;
	int pid, mapped;
	DIR *proc;

	server->pid = server->made_by;
	time = started(server->made_by);
	if (time && time == server->started && has_mapped(server->made_by, server)) {
		server->state = RUNNING;
		return;
	}
	server->state = GONE;
	proc = opendir("/proc");
	if (!proc) {
		server->state = UNKNOWN;
		return;
	}
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		pid = atoi(entry->d_name);
		mapped = has_mapped(pid, server);
		if (mapped < 0 && server->state == GONE)
			server->state = UNKNOWN;
		if (mapped <= 0)
			continue;
		time = started(pid);
		if (!time || (oldest && time >= oldest))
			continue;
		oldest = time;
		server->pid = pid;
		server->state = RUNNING;
	}
	closedir(proc);
}

/* Whether @name is a counter's, and not one of the @number that @server has. */
static bool is_counter(const struct server *server, unsigned int number, const char *name)
{
	unsigned int i;

	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
		return false;
	for (i = 0; i < number; i++) {
		if (!strcmp(server->counter[i].name, name))
			return false;
	}
	return true;
}

/* What is wrong with the @size bytes of @file; NULL: nothing, and they are in @server. */
static const char *take(struct server *server, const struct counters *file, ssize_t size)
{
	unsigned int i;

	if (!size)
		return "it is empty (a process that just starts?)";
	if (size < (ssize_t)offsetof(struct counters, size) ||
	    memcmp(file->magic, COUNTERS_MAGIC, sizeof(file->magic)))
		return "it is not a file of counters";
	if (file->version != COUNTERS_VERSION)
		return "another version of lkcf.so wrote it; use the lkcf-stat that came with it";
	if (size < (ssize_t)sizeof(*file))
		return "it is cut off";
	if (file->size != sizeof(*file) || file->number > COUNTERS_ROOM || file->pid <= 0)
		return "it is damaged";
	memcpy(server->program, file->program, PROGRAM_SIZE);
	server->program[PROGRAM_SIZE] = 0;
	server->made_by = file->pid;
	server->started = file->started;
	server->number = file->number;
	for (i = 0; i < file->number; i++) {
		memcpy(server->counter[i].name, file->counter[i].name, NAME_SIZE);
		server->counter[i].name[NAME_SIZE] = 0;
		if (!is_counter(server, i, server->counter[i].name))
			return "it is damaged";
		server->counter[i].value = file->counter[i].value;
	}
	return NULL;
}

/* The file @name below @dir. False: it is none, which is said. */
static bool read_file(int dir, const char *name, struct server *server)
{
	struct counters file;
	struct stat before, st;
	const char *wrong;
	ssize_t size = 0, got;
	int fd;

	memset(server, 0, sizeof(*server));
	memset(&file, 0, sizeof(file));
	snprintf(server->file, sizeof(server->file), "%s", name);
	/* Opening what is no file may do something: look first, and again at what was opened. */
	if (fstatat(dir, name, &before, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			complain("%s/%s: %s", folder, name, strerror(errno));
		return false;
	}
	if (!S_ISREG(before.st_mode)) {
		complain("%s/%s: left out: it is not a regular file", folder, name);
		return false;
	}
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT)
			complain("%s/%s: %s", folder, name, strerror(errno));
		return false;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		complain("%s/%s: left out: it is not a regular file", folder, name);
		return false;
	}
	while (size < (ssize_t)sizeof(file)) {
		got = pread(fd, (char *)&file + size, sizeof(file) - size, size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			complain("%s/%s: %s", folder, name, strerror(errno));
		if (got <= 0)
			break;
		size += got;
	}
	close(fd);
	if (got < 0)
		return false;
	server->dev = st.st_dev;
	server->ino = st.st_ino;
	wrong = take(server, &file, size);
	if (wrong)
		complain("%s/%s: left out: %s", folder, name, wrong);
	return !wrong;
}

static int by_program(const void *a, const void *b)
{
	const struct server *x = a, *y = b;
	int order = strcmp(x->program, y->program);

	if (!order)
		order = (x->pid > y->pid) - (x->pid < y->pid);
	return order ? order : strcmp(x->file, y->file);
}

/* What is in the folder; @dir is -1 if it cannot be read, which is said. */
static struct servers read_folder(int *dir)
{
	struct servers servers = { 0 };
	struct timespec now;
	struct dirent *entry;
	DIR *entries;

	*dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	entries = *dir < 0 ? NULL : fdopendir(dup(*dir));
	if (!entries) {
		if (errno == ENOENT)
			complain("there is no folder %s: no program has written counters there. "
				 "\"statistics = %s\" in the lkcf section of OpenSSL's "
				 "configuration makes programs do so from their next start; see "
				 "lkcf(7)",
				 folder, *folder == '/' ? folder : FOLDER);
		else
			complain("%s: %s", folder, strerror(errno));
		if (*dir >= 0)
			close(*dir);
		*dir = -1;
		return servers;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	servers.time = now.tv_sec + now.tv_nsec / 1e9;
	while ((entry = readdir(entries))) {
		if (!is_name(entry->d_name))
			continue;
		if (servers.number == servers.room) {
			servers.room = servers.room * 2 + 16;
			servers.server = more_room(servers.server, servers.room,
						   sizeof(*servers.server));
		}
		if (!read_file(*dir, entry->d_name, &servers.server[servers.number]))
			continue;
		find_process(&servers.server[servers.number]);
		servers.number++;
	}
	closedir(entries);
	if (servers.number)
		qsort(servers.server, servers.number, sizeof(*servers.server), by_program);
	return servers;
}

static bool is_gauge(const char *name)
{
	return !strcmp(name, GAUGE);
}

/* What the counters of @now grew by a second since @before. */
static void find_rates(struct servers *now, const struct servers *before)
{
	double secs = now->time - before->time;
	const struct server *old = NULL;
	struct server *server;
	unsigned int i, j;
	size_t s, o;

	for (s = 0; s < now->number; s++) {
		server = &now->server[s];
		for (o = 0; o < before->number; o++) {
			old = &before->server[o];
			if (old->ino == server->ino && !strcmp(old->file, server->file))
				break;
		}
		if (o == before->number || secs <= 0)
			continue;
		for (i = 0; i < server->number; i++) {
			for (j = 0; j < old->number; j++) {
				if (!strcmp(old->counter[j].name, server->counter[i].name))
					break;
			}
			if (j == old->number || is_gauge(server->counter[i].name))
				continue;
			server->counter[i].has_rate = true;
			if (server->counter[i].value > old->counter[j].value)
				server->counter[i].rate =
					(server->counter[i].value - old->counter[j].value) / secs;
		}
	}
}

static struct sums find_sums(const struct servers *servers)
{
	const struct server *server;
	struct sums sums = { 0 };
	size_t s, n, room = 0;
	unsigned int i;

	for (s = 0; s < servers->number; s++) {
		server = &servers->server[s];
		for (i = 0; i < server->number; i++) {
			for (n = 0; n < sums.number; n++) {
				if (!strcmp(sums.sum[n].name, server->counter[i].name))
					break;
			}
			if (n == room) {
				room = room * 2 + COUNTERS_ROOM;
				sums.sum = more_room(sums.sum, room, sizeof(*sums.sum));
			}
			if (n == sums.number) {
				sums.number++;
				memset(&sums.sum[n], 0, sizeof(sums.sum[n]));
				sums.sum[n].name = server->counter[i].name;
			}
			/* What is in flight of a process that was killed never ends. */
			if (is_gauge(sums.sum[n].name) && server->state == GONE)
				continue;
			sums.sum[n].value += server->counter[i].value;
			sums.sum[n].rate += server->counter[i].rate;
		}
	}
	return sums;
}

/* The length of the UTF-8 character that @text begins with; 0: it is none. */
static int utf8_length(const unsigned char *text)
{
	int i, length = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 :
		text[0] >= 0xe0 && text[0] < 0xf0 ? 3 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;

	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Longer than need be, surrogates, beyond U+10FFFF */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90))
		return 0;
	return length;
}

static void json_text(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	int length;

	putchar('"');
	for (; *p; p += length ? length : 1) {
		length = utf8_length(p);
		if (!length)
			fputs("\\ufffd", stdout);
		else if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			printf("\\u%04x", *p);
		else
			fwrite(p, 1, length, stdout);
	}
	putchar('"');
}

/* How much of the quota of keys the users have in use, who have keys. */
static void show_quotas(bool as_json)
{
	unsigned int user, keys, max_keys, bytes, max_bytes;
	FILE *file = fopen("/proc/key-users", "re");
	const char *comma = "";
	char line[256];

	if (as_json)
		fputs(",\"quotas\":[", stdout);
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%u: %*u %*u/%*u %u/%u %u/%u", &user, &keys, &max_keys, &bytes,
			   &max_bytes) != 5 || !keys)
			continue;
		if (as_json)
			printf("%s{\"user\":%u,\"keys\":%u,\"max_keys\":%u,\"bytes\":%u,"
			       "\"max_bytes\":%u}", comma, user, keys, max_keys, bytes, max_bytes);
		else
			printf("quota of user %u: %u of %u keys, %u of %u bytes\n", user, keys,
			       max_keys, bytes, max_bytes);
		comma = ",";
	}
	if (file)
		fclose(file);
	if (as_json)
		putchar(']');
}

static void json(const struct servers *servers, const struct sums *sums, bool rates)
{
	const struct server *server;
	const char *comma;
	unsigned int i;
	size_t s;

	fputs("{\"folder\":", stdout);
	json_text(folder);
	printf(",\"time\":%lld,\"servers\":[", (long long)time(NULL));
	for (s = 0; s < servers->number; s++) {
		server = &servers->server[s];
		printf("%s{\"file\":", s ? "," : "");
		json_text(server->file);
		fputs(",\"program\":", stdout);
		json_text(server->program);
		printf(",\"pid\":%d,\"made_by\":%d,\"state\":\"%s\",\"counters\":{", server->pid,
		       server->made_by, state_names[server->state]);
		for (i = 0; i < server->number; i++)
			printf("%s\"%s\":%" PRIu64, i ? "," : "", server->counter[i].name,
			       server->counter[i].value);
		putchar('}');
		if (rates) {
			comma = "";
			fputs(",\"rates\":{", stdout);
			for (i = 0; i < server->number; i++) {
				if (!server->counter[i].has_rate)
					continue;
				printf("%s\"%s\":%.1f", comma, server->counter[i].name,
				       server->counter[i].rate);
				comma = ",";
			}
			putchar('}');
		}
		putchar('}');
	}
	fputs("],\"sum\":{", stdout);
	for (s = 0; s < sums->number; s++)
		printf("%s\"%s\":%" PRIu64, s ? "," : "", sums->sum[s].name, sums->sum[s].value);
	putchar('}');
	if (rates) {
		comma = "";
		fputs(",\"sum_rates\":{", stdout);
		for (s = 0; s < sums->number; s++) {
			if (is_gauge(sums->sum[s].name))
				continue;
			printf("%s\"%s\":%.1f", comma, sums->sum[s].name, sums->sum[s].rate);
			comma = ",";
		}
		putchar('}');
	}
	show_quotas(true);
	fputs("}\n", stdout);
}

#define CELL 24
#define LABEL ((int)sizeof("wrong_results") + 1)

static void cell(const char *text)
{
	printf(" %*s", CELL - 1, text);
}

/* One column of a counter's row; @server is NULL for the sum. */
static void counter_cell(const struct server *server, const struct sums *sums, size_t n, bool rates)
{
	char text[CELL];
	unsigned int i;

	if (!server) {
		if (rates && !is_gauge(sums->sum[n].name))
			snprintf(text, sizeof(text), "%.1f", sums->sum[n].rate);
		else
			snprintf(text, sizeof(text), "%" PRIu64, sums->sum[n].value);
		cell(text);
		return;
	}
	for (i = 0; i < server->number; i++) {
		if (!strcmp(server->counter[i].name, sums->sum[n].name))
			break;
	}
	if (i == server->number || (rates && !server->counter[i].has_rate &&
				    !is_gauge(server->counter[i].name)))
		snprintf(text, sizeof(text), "-");
	else if (rates && !is_gauge(server->counter[i].name))
		snprintf(text, sizeof(text), "%.1f", server->counter[i].rate);
	else
		snprintf(text, sizeof(text), "%" PRIu64, server->counter[i].value);
	cell(text);
}

/* Columns @from to below @to, of which the last one of all is the sum. */
static void table_part(const struct servers *servers, const struct sums *sums, size_t from,
		       size_t to, bool rates)
{
	const struct server *server;
	char text[CELL], *p;
	size_t s, n;

	printf("%-*s", LABEL, "program");
	for (s = from; s < to; s++) {
		snprintf(text, sizeof(text), "%.*s", CELL - 2,
			 s < servers->number ? servers->server[s].program : "sum");
		/* A terminal obeys what it is sent. */
		for (p = text; *p; p++) {
			if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
				*p = '?';
		}
		cell(text);
	}
	printf("\n%-*s", LABEL, "pid");
	for (s = from; s < to && s < servers->number; s++) {
		snprintf(text, sizeof(text), "%d", servers->server[s].pid);
		cell(text);
	}
	printf("\n%-*s", LABEL, "state");
	for (s = from; s < to && s < servers->number; s++)
		cell(state_names[servers->server[s].state]);
	for (n = 0; n < sums->number; n++) {
		printf("\n%-*s", LABEL, sums->sum[n].name);
		for (s = from; s < to; s++) {
			server = s < servers->number ? &servers->server[s] : NULL;
			counter_cell(server, sums, n, rates);
		}
	}
	putchar('\n');
}

static void table(const struct servers *servers, const struct sums *sums, bool rates)
{
	struct winsize size = { 0 };
	size_t columns = servers->number + (servers->number > 1), from, to, part;

	if (!servers->number) {
		printf("No file of counters in %s: "
		       "no program with \"statistics = %s\" has loaded lkcf.\n",
		       folder, folder);
		return;
	}
	/* As many beside each other as there is room for; a file has room for all. */
	part = columns;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		part = size.ws_col > LABEL + CELL ? (size.ws_col - LABEL) / CELL : 1;
	for (from = 0; from < columns; from += part) {
		if (from)
			putchar('\n');
		to = from + part < columns ? from + part : columns;
		table_part(servers, sums, from, to, rates);
	}
	show_quotas(false);
}

static void show(struct servers *servers, const struct servers *before, bool as_json)
{
	struct sums sums;

	if (before)
		find_rates(servers, before);
	sums = find_sums(servers);
	if (as_json)
		json(servers, &sums, !!before);
	else
		table(servers, &sums, !!before);
	free(sums.sum);
}

/* Standard output, all of which has to get there. */
static bool flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return true;
	complain("cannot write the output: %s", strerror(errno));
	return false;
}

static int watch(double secs, bool as_json)
{
	struct timespec wait = { .tv_sec = secs, .tv_nsec = (secs - (time_t)secs) * 1e9 };
	struct servers before, now;
	bool first = true;
	int dir;

	before = read_folder(&dir);
	while (dir >= 0) {
		close(dir);
		nanosleep(&wait, NULL);
		now = read_folder(&dir);
		if (dir < 0)
			break;
		if (!as_json && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		else if (!as_json && !first)
			putchar('\n');
		if (!as_json)
			printf("per second, of the last %.1f s\n", now.time - before.time);
		first = false;
		show(&now, &before, as_json);
		free(before.server);
		before = now;
		if (!flush()) {
			close(dir);
			break;
		}
	}
	free(before.server);
	return 1;
}

/* Takes away the files of those that are gone. */
static int prune(void)
{
	const struct server *server;
	struct servers servers;
	struct stat st;
	size_t s;
	int dir;

	servers = read_folder(&dir);
	if (dir < 0)
		return 1;
	for (s = 0; s < servers.number; s++) {
		server = &servers.server[s];
		if (server->state == UNKNOWN)
			complain("%s/%s: left: only root can see whether it is in use", folder,
				 server->file);
		if (server->state != GONE)
			continue;
		if (fstatat(dir, server->file, &st, AT_SYMLINK_NOFOLLOW) ||
		    st.st_dev != server->dev || st.st_ino != server->ino)
			continue;
		if (unlinkat(dir, server->file, 0) && errno != ENOENT)
			complain("%s/%s: cannot remove it: %s", folder, server->file,
				 strerror(errno));
		else
			printf("removed %s/%s\n", folder, server->file);
	}
	free(servers.server);
	close(dir);
	return flush() ? status : 1;
}

static void say_usage(void)
{
	puts("lkcf-stat [--json] [--watch SECS] [FOLDER]\n"
	     "lkcf-stat --prune [FOLDER]\n"
	     "\n"
	     "Shows what programs that use OpenSSL's lkcf provider had computed by the kernel, "
	     "and\n"
	     "what by software. FOLDER is what \"statistics\" of the provider's configuration "
	     "says,\n" FOLDER " if it is left out.\n"
	     "\n"
	     "  -j, --json         as JSON, one object in a line\n"
	     "  -w, --watch SECS   again and again, and how much it was a second\n"
	     "  -p, --prune        remove the files of programs that are gone\n"
	     "  -h, --help\n"
	     "  -V, --version\n"
	     "\n"
	     "Exit status: 0, 1 if there was a problem, 64 if it was not used properly.\n"
	     "lkcf(7) says what is counted.");
}

static int usage(const char *what)
{
	fprintf(stderr, "lkcf-stat: %s; lkcf-stat --help says how\n", what);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "watch", required_argument, NULL, 'w' },
		{ "prune", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	bool as_json = false, prunes = false;
	struct servers servers;
	double secs = 0;
	int option, dir;
	char *end;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "jw:phV", options, NULL)) >= 0) {
		switch (option) {
		case 'j':
			as_json = true;
			break;
		case 'w':
			secs = strtod(optarg, &end);
			if (end == optarg || *end || !(secs >= 0.1 && secs <= 86400))
				return usage("--watch takes seconds, from 0.1 to 86400");
			break;
		case 'p':
			prunes = true;
			break;
		case 'h':
			say_usage();
			return flush() ? 0 : 1;
		case 'V':
			puts("lkcf-stat " LKCF_VERSION);
			return flush() ? 0 : 1;
		default:
			return usage("not an option of it, or without its value");
		}
	}
	if (argc - optind > 1)
		return usage("one folder at a time");
	if (prunes && (as_json || secs > 0))
		return usage("--prune goes with no other option");
	if (optind < argc)
		folder = argv[optind];
	if (prunes)
		return prune();
	if (secs > 0)
		return watch(secs, as_json);
	servers = read_folder(&dir);
	if (dir < 0)
		return 1;
	close(dir);
	show(&servers, NULL, as_json);
	free(servers.server);
	return flush() ? status : 1;
}
