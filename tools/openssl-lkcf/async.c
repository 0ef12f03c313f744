// SPDX-License-Identifier: MIT
/*
 * Operations of ASYNC jobs. keyctl(2) blocks, so that a process with one thread would have one
 * operation in flight however many connections it serves: here threads block for it. A job is
 * paused until its operation is answered, and its file descriptor (or callback) says when.
 *
 * An operation has its own buffers and belongs to two, its job and the thread that computes it: a
 * process that ends while it computes, or a job that is never resumed, frees nothing under it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <openssl/async.h>

#include "lkcf.h"

/* So often a job may be resumed before it is done, without more ado. */
#define MAX_RESUMED 8

/*
 * An eventfd, of a wait context and of each operation that is to say something there: a connection
 * that is closed while its job is paused must not leave us a number that is somebody else's file.
 */
struct event {
	atomic_int refs;
	int fd;
};

struct operation {
	struct operation *next;
	atomic_int refs;
	struct kernel_key *key;
	enum kernel_op op;
	size_t in_size, out_size;
	int result;
	bool done;			/* guarded by the pool's lock */
	unsigned int generation;
	/* how the job is told */
	struct event *event;
	ASYNC_callback_fn callback;
	void *callback_arg;
	unsigned char in[MAX_SIZE], out[MAX_SIZE];
};

struct pool {
	struct pool *next;
	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t work, gone;
	struct operation *first, **last;
	unsigned int max, threads, idle, queued;
	bool ends;
};

static pthread_mutex_t pools_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pool *pools;

static void event_put(struct event *event)
{
	if (event && atomic_fetch_sub(&event->refs, 1) == 1) {
		close(event->fd);
		OPENSSL_free(event);
	}
}

static void operation_put(struct operation *op)
{
	if (atomic_fetch_sub(&op->refs, 1) == 1) {
		event_put(op->event);
		OPENSSL_clear_free(op, sizeof(*op));
	}
}

/* By the monotonic clock: somebody may set the other one while pool_free() waits. */
static void init_conds(struct pool *pool)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->work, &attr);
	pthread_cond_init(&pool->gone, &attr);
	pthread_condattr_destroy(&attr);
}

struct pool *pool_new(unsigned int threads)
{
	struct pool *pool = OPENSSL_zalloc(sizeof(*pool));

	if (!pool)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	init_conds(pool);
	pool->last = &pool->first;
	pool->max = threads;
	pthread_mutex_lock(&pools_lock);
	pool->next = pools;
	pools = pool;
	pthread_mutex_unlock(&pools_lock);
	return pool;
}

/*
 * Waits a second for what is in flight; what waits is not done. False: a thread is still in the
 * kernel, and nothing that it needs may be freed (a process that ends does not wait for a silent
 * pool).
 */
bool pool_free(struct pool *pool)
{
	struct operation *op;
	struct pool **place;
	struct timespec end;

	if (!pool)
		return true;
	pthread_mutex_lock(&pools_lock);
	for (place = &pools; *place != pool; place = &(*place)->next)
		;
	*place = pool->next;
	pthread_mutex_unlock(&pools_lock);

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec++;
	pthread_mutex_lock(&pool->lock);
	pool->ends = true;
	pthread_cond_broadcast(&pool->work);
	while (pool->threads) {
		if (pthread_cond_timedwait(&pool->gone, &pool->lock, &end)) {
			pthread_mutex_unlock(&pool->lock);
			return false;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	while ((op = pool->first)) {
		pool->first = op->next;
		kernel_key_put(op->key);
		operation_put(op);
	}
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->gone);
	OPENSSL_free(pool);
	return true;
}

void pools_before_fork(void)
{
	struct pool *pool;

	pthread_mutex_lock(&pools_lock);
	for (pool = pools; pool; pool = pool->next)
		pthread_mutex_lock(&pool->lock);
}

/* A child has none of the threads. What the parent has in flight is the parent's. */
void pools_after_fork(bool child)
{
	struct pool *pool;

	for (pool = pools; pool; pool = pool->next) {
		if (child) {
			pool->threads = 0;
			pool->idle = 0;
			pool->queued = 0;
			pool->first = NULL;
			pool->last = &pool->first;
			init_conds(pool);
		}
		pthread_mutex_unlock(&pool->lock);
	}
	pthread_mutex_unlock(&pools_lock);
}

static void tell(struct operation *op)
{
	static const uint64_t one = 1;

	if (op->event && write(op->event->fd, &one, sizeof(one)) != sizeof(one))
		return;		/* it is full: the job is told as it is */
}

static void *serve(void *arg)
{
	struct pool *pool = arg;
	struct operation *op;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->first && !pool->ends) {
			pool->idle++;
			pthread_cond_wait(&pool->work, &pool->lock);
			pool->idle--;
		}
		if (pool->ends)
			break;
		op = pool->first;
		pool->first = op->next;
		if (!pool->first)
			pool->last = &pool->first;
		pool->queued--;
		pthread_mutex_unlock(&pool->lock);

		op->result = kernel_compute(op->key, op->op, op->in, op->in_size, op->out,
					    op->out_size);
		kernel_key_put(op->key);
		/*
		 * A job that sees it done goes on, and what it is told by with it: both under the
		 * lock.
		 */
		pthread_mutex_lock(&pool->lock);
		op->done = true;
		tell(op);
		if (op->callback) {
			/* It may do as it likes; what it is given is to live until then. */
			pthread_mutex_unlock(&pool->lock);
			op->callback(op->callback_arg);
			pthread_mutex_lock(&pool->lock);
		}
		operation_put(op);
	}
	if (!--pool->threads)
		pthread_cond_broadcast(&pool->gone);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Under pool->lock. All signals are for the application's threads. */
static void another_thread(struct pool *pool)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;

	if (pthread_attr_init(&attr))
		return;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 256 << 10);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!pthread_create(&thread, &attr, serve, pool))
		pool->threads++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

static void close_event(ASYNC_WAIT_CTX *ctx, const void *key, OSSL_ASYNC_FD fd, void *event)
{
	(void)ctx;
	(void)key;
	(void)fd;
	event_put(event);
}

/* How the job of @ctx is told: its callback if it has one, else an eventfd, made once for a job. */
static bool find_way(struct operation *op, ASYNC_WAIT_CTX *ctx, const void *key)
{
	struct event *event;
	OSSL_ASYNC_FD fd;
	void *data;

	if (ASYNC_WAIT_CTX_get_callback(ctx, &op->callback, &op->callback_arg) && op->callback)
		return true;
	op->callback = NULL;
	if (ASYNC_WAIT_CTX_get_fd(ctx, key, &fd, &data)) {
		event = data;
	} else {
		event = OPENSSL_zalloc(sizeof(*event));
		if (!event)
			return false;
		atomic_init(&event->refs, 1);
		event->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (event->fd < 0) {
			OPENSSL_free(event);
			return false;
		}
		if (!ASYNC_WAIT_CTX_set_wait_fd(ctx, key, event->fd, event, close_event)) {
			event_put(event);
			return false;
		}
	}
	atomic_fetch_add(&event->refs, 1);
	op->event = event;
	return true;
}

static bool is_done(struct pool *pool, struct operation *op)
{
	bool done;

	pthread_mutex_lock(&pool->lock);
	done = op->done;
	pthread_mutex_unlock(&pool->lock);
	return done;
}

/* What the job was told is heard. */
static void drain(struct operation *op)
{
	uint64_t ignored;

	if (op->event && read(op->event->fd, &ignored, sizeof(ignored)) < 0)
		return;		/* nothing yet */
}

/**
 * pool_compute() - kernel_compute() by another thread, the current ASYNC job being paused meanwhile
 * @prov: whose pool does it
 * @key: a reference to it is taken for as long as it takes
 * @op: as for kernel_compute(), as are the buffers
 * @in: up to MAX_SIZE bytes
 * @in_size: of @in
 * @out: up to MAX_SIZE bytes
 * @out_size: of @out
 * @result: what kernel_compute() returned
 *
 * Return: false if it could not be handed over, and nothing is done.
 */
bool pool_compute(struct provider *prov, struct kernel_key *key, enum kernel_op op,
		  const unsigned char *in, size_t in_size, unsigned char *out, size_t out_size,
		  int *result)
{
	ASYNC_JOB *job = ASYNC_get_current_job();
	ASYNC_WAIT_CTX *ctx = ASYNC_get_wait_ctx(job);
	struct pool *pool = prov->pool;
	struct operation *operation;
	unsigned int resumed;
	bool handed_over;

	if (!ctx || in_size > MAX_SIZE || out_size > MAX_SIZE)
		return false;
	operation = OPENSSL_zalloc(sizeof(*operation));
	if (!operation)
		return false;
	if (!find_way(operation, ctx, prov)) {
		OPENSSL_free(operation);
		return false;
	}
	atomic_store(&operation->refs, 2);
	operation->op = op;
	operation->key = kernel_key_ref(key);
	operation->in_size = in_size;
	operation->out_size = out_size;
	operation->generation = kernel_generation();
	memcpy(operation->in, in, in_size);

	pthread_mutex_lock(&pool->lock);
	/*
	 * Those that are woken already count as idle until they run: so does what they are woken
	 * for.
	 */
	if (pool->queued >= pool->idle && pool->threads < pool->max)
		another_thread(pool);
	handed_over = pool->threads;
	if (handed_over) {
		pool->queued++;
		*pool->last = operation;
		pool->last = &operation->next;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	if (!handed_over) {
		kernel_key_put(key);
		operation_put(operation);
		operation_put(operation);
		return false;
	}

	for (resumed = 0; !is_done(pool, operation); resumed++) {
		/* In a child of the process that began, nobody would answer: here and now. */
		if (operation->generation != kernel_generation()) {
			*result = kernel_compute(key, op, in, in_size, out, out_size);
			kernel_key_put(key);
			operation_put(operation);
			operation_put(operation);
			return true;
		}
		/*
		 * Whoever resumes it too early, or keeps it from being paused
		 * (ASYNC_block_pause()), must not burn the processor.
		 */
		if (resumed >= MAX_RESUMED)
			nanosleep(&(struct timespec) { .tv_nsec = 200000 }, NULL);
		drain(operation);
		if (!is_done(pool, operation))
			ASYNC_pause_job();
	}
	drain(operation);
	*result = operation->result;
	if (*result > 0)
		memcpy(out, operation->out,
		       (size_t)*result < out_size ? (size_t)*result : out_size);
	operation_put(operation);
	return true;
}
