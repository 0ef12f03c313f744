// SPDX-License-Identifier: GPL-2.0-only
/*
 * lkcf_ops - private operations through OpenSSL's provider lkcf, judged by the default provider.
 *
 * Two library contexts in one process: one is configured by a file that loads lkcf, the other one
 * has the default provider alone. Both load the same PEM files. What is deterministic must be the
 * same, signatures with a random part must verify, and what fails here must fail there. The
 * provider's counters say where each operation was computed.
 *
 * Modes: ops (every padding, digest, salt, error), threads, forks, remove (of kernel keys, under
 * load), async (jobs in flight from one thread). Exit status 0 only if nothing was wrong.
 */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>

#include <counters.h>	/* of the provider: what its files look like */

#include "ops.h"

const char *config;
char self[4096];
unsigned long count = 200, max_rounds = 2;
unsigned int nr_threads = 4, seconds = 3, jobs = 16;
uint64_t seed;
atomic_ulong done, bad;
atomic_bool stop;

static int show_files(const char *folder)
{
	uint64_t sums[NR_COUNTERS] = { };
	unsigned int files = 0;
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY);
		struct counters c;

		if (fd >= 0 && read(fd, &c, sizeof(c)) == sizeof(c) &&
		    !memcmp(c.magic, COUNTERS_MAGIC, sizeof(c.magic)) &&
		    c.version == COUNTERS_VERSION) {
			files++;
			for (unsigned int i = 0; i < c.number && i < COUNTERS_ROOM; i++)
				for (unsigned int j = 0; j < NR_COUNTERS; j++)
					if (!strcmp(c.counter[i].name, counter_names[j]))
						sums[j] += c.counter[i].value;
		}
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	printf("files %u\n", files);
	for (unsigned int j = 0; j < NR_COUNTERS; j++)
		printf("%s %llu\n", counter_names[j], (unsigned long long)sums[j]);
	return 0;
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "ops", mode_ops }, { "threads", mode_threads }, { "forks", mode_forks },
	{ "remove", mode_remove }, { "async", mode_async }, { "child", mode_child },
};

static void usage(void)
{
	fprintf(stderr,
		"lkcf_ops -c CONFIG -k KEY.pem... [OPTION]...\n"
		"  -m MODE   ops (default), threads, forks, remove or async\n"
		"  -n N      operations (ops, async), families (forks)\n"
		"  -t N      threads, or jobs in flight\n"
		"  -s N      seconds (threads, remove)\n"
		"  -S SEED   of what is random\n"
		"  -C DIR    nothing, but show the sums of the counters in the files there\n"
		"  -x        lkcf is not there, nor its counters: a test of this program\n");
	exit(64);
}

int main(int argc, char **argv)
{
	void (*run)(void) = mode_ops;
	ssize_t length;
	int opt;

	/* Not in place of what is executed: under valgrind that link names valgrind. */
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		die("/proc/self/exe");
	self[length] = 0;	/* valgrind leaves more behind the end */
	seed = time(NULL) ^ (uint64_t)getpid() << 32;
	while ((opt = getopt(argc, argv, "c:k:m:n:t:s:S:C:x")) != -1) {
		switch (opt) {
		case 'c':
			config = optarg;
			break;
		case 'k':
			if (nr_keys == MAX_KEYS)
				usage();
			read_pem(&keys[nr_keys++], optarg);
			break;
		case 'm':
			run = NULL;
			for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++)
				if (!strcmp(optarg, modes[i].name))
					run = modes[i].run;
			if (!run)
				usage();
			break;
		case 'n':
			count = strtoul(optarg, NULL, 0);
			max_rounds = count;
			break;
		case 't':
			nr_threads = strtoul(optarg, NULL, 0);
			jobs = nr_threads;
			break;
		case 's':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'C':
			return show_files(optarg);
		case 'x':
			without = true;
			break;
		default:
			usage();
		}
	}
	if (!config || !nr_keys || optind != argc || !nr_threads || jobs > MAX_JOBS)
		usage();
	printf("lkcf_ops: seed %#llx\n", (unsigned long long)seed);
	fflush(stdout);
	run();
	printf("lkcf_ops: ops=%lu bad=%lu\n", atomic_load(&done), atomic_load(&bad));
	return atomic_load(&bad) != 0;
}
