// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode async: many jobs in flight from one thread.
 */
#include <poll.h>
#include <sys/wait.h>

#include <openssl/async.h>
#include <valgrind/valgrind.h>

#include "ops.h"

struct job {
	const struct key *key;
	EVP_PKEY *pkey;
	uint64_t state;
	bool right;
};

static int job_function(void *arg)
{
	struct job *job = *(struct job **)arg;

	job->right = use_key(job->key, job->pkey, &job->state);
	return 1;
}

struct slot {
	ASYNC_JOB *job;
	ASYNC_WAIT_CTX *wait;
	struct job what;
	unsigned long pauses;
	bool busy;
};

static struct slot slots[MAX_JOBS];

/* Start or go on; true once it is done */
static bool step(struct slot *s)
{
	struct job *what = &s->what;
	int rc, status;

	rc = ASYNC_start_job(&s->job, s->wait, &status, job_function, &what, sizeof(what));
	switch (rc) {
	case ASYNC_FINISH:
		s->job = NULL;
		s->busy = false;
		return true;
	case ASYNC_PAUSE:
		s->pauses++;
		return false;
	case ASYNC_NO_JOBS:
		complain("async", "no jobs");
		break;
	default:
		complain("async", "a job failed");
	}
	s->busy = false;
	return true;
}

/* The file descriptor that says that it may go on: each paused job has one */
static int wait_fd(struct slot *s)
{
	OSSL_ASYNC_FD fds[4];
	size_t n = 0;

	if (!ASYNC_WAIT_CTX_get_all_fds(s->wait, NULL, &n) || n != 1 ||
	    !ASYNC_WAIT_CTX_get_all_fds(s->wait, fds, &n)) {
		complain("async", "a paused job has not one file descriptor");
		return -1;
	}
	return fds[0];
}

static void start(struct slot *s, uint64_t *state)
{
	s->what.key = &keys[chance(state, nr_keys)];
	s->what.pkey = s->what.key->kern;
	s->what.state = chance64(state);
	s->busy = true;
	step(s);
}

/* run_jobs - keep @jobs in flight until @total were started; how many were there at once */
static unsigned long run_jobs(unsigned long total, uint64_t *state, unsigned long *woken)
{
	unsigned long most = 0, started = 0;

	for (;;) {
		struct pollfd polls[MAX_JOBS];
		struct slot *of[MAX_JOBS];
		unsigned int n = 0;
		struct values c;
		int fd;

		for (unsigned int i = 0; i < jobs && started < total; i++)
			if (!slots[i].busy) {
				start(&slots[i], state);
				started++;
			}
		c = read_counters();
		if (c.v[IN_FLIGHT] > most)
			most = c.v[IN_FLIGHT];
		for (unsigned int i = 0; i < jobs; i++) {
			if (!slots[i].busy)
				continue;
			fd = wait_fd(&slots[i]);
			if (fd < 0)
				return most;
			of[n] = &slots[i];
			polls[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
		if (!n && started == total)
			return most;
		if (!n)
			continue;
		if (poll(polls, n, 60000) <= 0) {
			complain("async", "nobody is woken within a minute");
			return most;
		}
		for (unsigned int i = 0; i < n; i++)
			if (polls[i].revents) {
				++*woken;
				step(of[i]);
			}
	}
}

/* Exit in the midst, orderly or not: no hang, no crash */
static void leave_in_flight(bool orderly)
{
	uint64_t state = seed;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		alarm(60);
		if (!ASYNC_init_thread(jobs, jobs))
			_exit(5);
		for (unsigned int i = 0; i < jobs; i++)
			start(&slots[i], &state);
		if (!slots[0].busy)
			_exit(6);	/* nothing was in flight */
		if (orderly)
			exit(0);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		complain("async", orderly ? "exit() with jobs in flight" :
			 "_exit() with jobs in flight");
}

void mode_async(void)
{
	unsigned long most, woken = 0, paused = 0;
	struct values c;
	uint64_t state = seed;

	make_contexts();
	load_keys();
	for (unsigned int i = 0; i < jobs; i++) {
		slots[i].wait = ASYNC_WAIT_CTX_new();
		if (!slots[i].wait)
			die("wait contexts");
	}
	if (!ASYNC_init_thread(jobs, jobs))
		die("ASYNC_init_thread");
	most = run_jobs(count, &state, &woken);
	for (unsigned int i = 0; i < jobs; i++)
		paused += slots[i].pauses;
	printf("lkcf_ops: most_in_flight=%lu paused=%lu woken=%lu\n", most, paused, woken);
	ASYNC_cleanup_thread();
	judge_counters(false);
	c = read_counters();
	if (!without) {
		/* Threads of valgrind's take turns, and who looks has his when others have not. */
		if (most < 2 && !RUNNING_ON_VALGRIND)
			complain("async", "never two operations in flight");
		if (c.v[ASYNC_OPS] < count)
			complain("async", "not every operation was a job's");
		if (c.v[FAILED])
			complain("async", "failed");
		/* With a pool of threads of theirs */
		leave_in_flight(true);
		leave_in_flight(false);
	}
	for (unsigned int i = 0; i < jobs; i++)
		ASYNC_WAIT_CTX_free(slots[i].wait);
	free_keys();
	expect_keys(0, "all are freed");
	drop_contexts();
}
