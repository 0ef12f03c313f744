// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode forks: families of processes that have keys in common.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "ops.h"

enum stage { STAGE_USE = 1, STAGE_EXEC, STAGE_ONE_SIDE, STAGE_AGAIN, STAGE_END };

struct shared {
	atomic_int stage;
	atomic_int used, used_again, wrong;
	atomic_int gone, killed_one;
};

static struct shared *shared;

/* Those of our children that are gone: all end with 0, but for the one that is killed. */
static void collect(void)
{
	char text[64];
	int status;

	while (waitpid(-1, &status, WNOHANG) > 0) {
		if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) {
			snprintf(text, sizeof(text), "a process ended with %#x", status);
			complain("forks", text);
			atomic_fetch_add(&shared->wrong, 1);
		}
		atomic_fetch_add(&shared->gone, 1);
	}
}

static void wait_stage(enum stage stage)
{
	for (double end = now() + 120; atomic_load(&shared->stage) < (int)stage; nap(10)) {
		collect();
		if (now() > end)
			_exit(3);
	}
}

/* wait_gone - until so many of the family are */
static void wait_gone(int wanted, unsigned int secs)
{
	for (double end = now() + secs; atomic_load(&shared->gone) < wanted; nap(20)) {
		collect();
		if (now() < end)
			continue;
		complain("forks", "a process does not end");
		return;
	}
}

static void use_in_family(atomic_int *counter, unsigned int times)
{
	uint64_t state = seed + getpid();

	while (times--)
		if (!use_key(&keys[0], keys[0].kern, &state))
			atomic_fetch_add(&shared->wrong, 1);
	atomic_fetch_add(counter, 1);
}

enum { FIRST_OUT, EXECS, KILLED, FORKS, LAST_OUT, NR_CHILDREN };

static void child(unsigned int nr, bool parent_first)
{
	pid_t pid;

	use_in_family(&shared->used, 1 + nr % 2);
	switch (nr) {
	case FIRST_OUT:
		wait_stage(STAGE_EXEC);
		exit(0);
	case EXECS:
		wait_stage(STAGE_EXEC);
		execl(self, "lkcf_ops", "-c", config, "-k", keys[0].path, "-m", "child",
		      without ? "-x" : NULL, NULL);
		_exit(4);
	case KILLED:
		atomic_store(&shared->killed_one, getpid());
		for (;;)
			use_in_family(&shared->used_again, 1);
	case FORKS:
		wait_stage(STAGE_EXEC);
		/* Its child is nobody's here, but the one's that looks on. */
		pid = fork();
		if (pid)
			_exit(pid < 0);
		use_in_family(&shared->used_again, 2);
		break;
	case LAST_OUT:
		break;
	}
	wait_stage(parent_first ? STAGE_AGAIN : STAGE_ONE_SIDE);
	use_in_family(&shared->used_again, 1);
	if (parent_first)
		wait_stage(STAGE_END);
	exit(0);
}

static void leader(bool parent_first)
{
	make_contexts();
	load_keys();
	for (unsigned int i = 0; i < NR_CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			child(i, parent_first);
	}
	use_in_family(&shared->used, 1);
	wait_stage(STAGE_ONE_SIDE);
	if (!parent_first) {
		wait_stage(STAGE_AGAIN);
		use_in_family(&shared->used_again, 1);
		wait_stage(STAGE_END);
		free_keys();
		drop_contexts();
	}
	exit(0);
}

static void family(bool parent_first)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		leader(parent_first);
	for (double end = now() + 120; atomic_load(&shared->used) < NR_CHILDREN + 1; nap(20))
		if (now() > end) {
			complain("forks", "not all of them used the key");
			break;
		}
	expect_keys(1, "all have used it");
	atomic_store(&shared->stage, STAGE_EXEC);
	/* The first child, the one that called exec, and one which has a child of its own */
	wait_gone(3, 120);
	expect_keys(1, "some are gone, one by exec");
	if (atomic_load(&shared->killed_one) > 0)
		kill(atomic_load(&shared->killed_one), SIGKILL);
	wait_gone(4, 60);
	expect_keys(1, "one was killed in the midst");
	atomic_store(&shared->stage, STAGE_ONE_SIDE);
	/* Then the parent, or the two children that are left. */
	wait_gone(parent_first ? 5 : 6, 60);
	expect_keys(1, parent_first ? "the parent is gone" : "the children are gone");
	atomic_store(&shared->stage, STAGE_AGAIN);
	nap(500);
	expect_keys(1, "those who are left have used it again");
	atomic_store(&shared->stage, STAGE_END);
	wait_gone(7, 60);
	expect_keys(0, "the last one is gone");
	if (waitpid(-1, NULL, WNOHANG) != -1)
		complain("forks", "somebody is left");
	if (atomic_load(&shared->wrong))
		complain("forks", "an operation failed in one of them");
}

void mode_forks(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1))
		die("shared memory");
	expect_keys(0, "before");
	for (unsigned long i = 0; i < max_rounds && !atomic_load(&bad); i++)
		family(i % 2);
	printf("lkcf_ops: families=%lu\n", max_rounds);
}

/* What is executed by one of them: a new process, a key of its own */
void mode_child(void)
{
	uint64_t state = seed;

	make_contexts();
	load_keys();
	for (unsigned int i = 0; i < 3; i++)
		use_key(&keys[0], keys[0].kern, &state);
	judge_counters(false);
	free_keys();
	drop_contexts();
}
