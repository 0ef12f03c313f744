// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_bench: a load generator inside the kernel, for tests and benchmarks.
 *
 * Keeps a number of requests in flight on one akcipher driver, named in
 * debugfs, checks that each is completed exactly once and with the right
 * answer, and measures how long each took.
 *
 * A run has threads; each owns its slots (a request each). A completion, in
 * whatever context, moves its slot to the thread's lock-free `done' list and
 * wakes the thread, which checks the answer, counts it and sends the slot
 * again. So nothing but `done' and a slot's `busy' is shared, and a driver that
 * answers within the call cannot make it recurse.
 *
 * With style `keyctl' each thread does one operation after the other, and for
 * each what the kernel does for a keyctl(KEYCTL_PKEY_SIGN) call: it allocates a
 * transform, sets the key, computes, and frees the transform.
 *
 * With several drivers (a driver's name with a `%' in it) each slot belongs to
 * one of them, so that each has its share of the requests in flight.
 *
 * All files and the run are under bench.lock. See
 * Documentation/ABI/testing/debugfs-asym-bench.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <crypto/akcipher.h>

#include "asym_bench_vectors.h"

#define BENCH_MAX_DEPTH		4096
#define BENCH_MAX_THREADS	64
#define BENCH_MAX_DRIVERS	64
#define BENCH_MAX_SECONDS	3600
/* A request that is not answered for so long after the end is lost. */
#define BENCH_LOST		(60 * HZ)

/* Latencies: buckets of a 32nd of a power of two, of nanoseconds. */
#define HIST_SUB_BITS		5
#define HIST_SUB		BIT(HIST_SUB_BITS)
#define HIST_BUCKETS		(48 * HIST_SUB)

struct bench_stats {
	u64 ops;
	u64 errors;
	u64 wrong;
	u64 retried;		/* -ENOSPC: sent again */
	u64 max_ns;
	u64 hist[HIST_BUCKETS];
	u64 woken_hist[HIST_BUCKETS];	/* ... until the thread has it */
	int first_error;
};

struct bench_thread;

/* @req is followed by the driver's private area, then @in and @out. */
struct bench_slot {
	struct llist_node done;
	struct bench_thread *thread;
	struct crypto_akcipher *tfm;
	unsigned int driver;
	atomic_t busy;
	int err;
	ktime_t start;
	ktime_t end;
	struct scatterlist src;
	struct scatterlist dst;
	u8 *in;
	u8 *out;
	struct akcipher_request *req;
};

struct bench_thread {
	struct bench_run *run;
	struct task_struct *task;
	struct llist_head done;
	wait_queue_head_t wait;
	unsigned int nr_slots;
	unsigned int inflight;
	struct bench_slot **slots;
	struct bench_stats stats;
};

struct bench_run {
	struct crypto_akcipher *tfms[BENCH_MAX_DRIVERS];
	unsigned int nr_drivers;
	unsigned int nr_slots;
	const struct bench_key *key;
	bool decrypt;
	bool keyctl;		/* a transform for each operation */
	bool check;
	bool stop;
	unsigned int size;
	const u8 *input;
	const u8 *expected;
	unsigned long deadline;	/* jiffies, with @timed */
	bool timed;
	bool counted;
	atomic64_t budget;	/* operations left, with @counted */
	atomic_t running;	/* threads */
	atomic_t doubled;	/* completions of requests that were complete */
	struct completion finished;
	unsigned int nr_threads;
	struct bench_thread **threads;
};

static const struct bench_key {
	unsigned int bits;
	const u8 *priv;
	unsigned int priv_len;
	const u8 *pub;
	unsigned int pub_len;
	const u8 *block;
	const u8 *block_e;
	const u8 *block_d;
} bench_keys[] = {
	{ 2048, rsa2048_priv, sizeof(rsa2048_priv), rsa2048_pub, sizeof(rsa2048_pub),
	  rsa2048_block, rsa2048_block_e, rsa2048_block_d },
	{ 4096, rsa4096_priv, sizeof(rsa4096_priv), rsa4096_pub, sizeof(rsa4096_pub),
	  rsa4096_block, rsa4096_block_e, rsa4096_block_d },
};

#define BENCH_RESULT_SIZE	1024

static struct {
	struct mutex lock; /* everything */
	struct dentry *debugfs;
	char driver[CRYPTO_MAX_ALG_NAME];
	char algorithm[CRYPTO_MAX_ALG_NAME];
	char op[16];
	char style[16];
	unsigned int key_bits;
	unsigned int drivers;
	unsigned int depth;
	unsigned int threads;
	unsigned int seconds;
	unsigned int ops;
	unsigned int check;
	char result[BENCH_RESULT_SIZE];
} bench = {
	.lock = __MUTEX_INITIALIZER(bench.lock),
	.driver = "rsa-generic",
	.algorithm = "rsa",
	.op = "decrypt",
	.style = "transform",
	.key_bits = 2048,
	.drivers = 1,
	.depth = 1,
	.threads = 1,
	.seconds = 1,
	.check = 1,
};

/* ---- histogram ---- */

static unsigned int hist_index(u64 ns)
{
	unsigned int exp, index;

	if (ns < HIST_SUB)
		return ns;
	exp = ilog2(ns);
	index = (exp - HIST_SUB_BITS + 1) * HIST_SUB + ((ns >> (exp - HIST_SUB_BITS)) - HIST_SUB);
	return min(index, HIST_BUCKETS - 1);
}

/* The largest value of a bucket. */
static u64 hist_value(unsigned int index)
{
	unsigned int shift = index / HIST_SUB;

	if (!shift)
		return index;
	return ((u64)(HIST_SUB + index % HIST_SUB + 1) << (shift - 1)) - 1;
}

static u64 hist_percentile(const u64 *hist, u64 ops, unsigned int per_mille)
{
	u64 rank = div_u64(ops * per_mille + 999, 1000), seen = 0;
	int i;

	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += hist[i];
		if (seen && seen >= rank)
			return hist_value(i);
	}
	return 0;
}

static void stats_add(struct bench_stats *sum, const struct bench_stats *stats)
{
	int i;

	sum->ops += stats->ops;
	sum->errors += stats->errors;
	sum->wrong += stats->wrong;
	sum->retried += stats->retried;
	sum->max_ns = max(sum->max_ns, stats->max_ns);
	sum->first_error = sum->first_error ?: stats->first_error;
	for (i = 0; i < HIST_BUCKETS; i++) {
		sum->hist[i] += stats->hist[i];
		sum->woken_hist[i] += stats->woken_hist[i];
	}
}

/* ---- requests ---- */

static void slot_completed(struct bench_slot *slot, int err)
{
	struct bench_thread *thread = slot->thread;

	if (atomic_cmpxchg(&slot->busy, 1, 0) != 1) {
		atomic_inc(&thread->run->doubled);
		return;
	}
	slot->end = ktime_get();
	slot->err = err;
	if (llist_add(&slot->done, &thread->done))
		wake_up(&thread->wait);
}

static void bench_done(void *data, int err)
{
	if (err != -EINPROGRESS)
		slot_completed(data, err);
}

static void slot_submit(struct bench_slot *slot)
{
	struct bench_run *run = slot->thread->run;
	int err;

	memcpy(slot->in, run->input, run->size);
	if (run->check)
		memset(slot->out, 0, run->size);
	akcipher_request_set_tfm(slot->req, slot->tfm);
	akcipher_request_set_callback(slot->req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				      CRYPTO_TFM_REQ_MAY_SLEEP, bench_done, slot);
	akcipher_request_set_crypt(slot->req, &slot->src, &slot->dst, run->size, run->size);
	slot->start = ktime_get();
	atomic_set(&slot->busy, 1);

	err = run->decrypt ? crypto_akcipher_decrypt(slot->req) :
			     crypto_akcipher_encrypt(slot->req);
	if (err != -EINPROGRESS && err != -EBUSY)
		slot_completed(slot, err);
}

static bool run_goes_on(struct bench_run *run)
{
	if (READ_ONCE(run->stop))
		return false;
	if (run->timed && time_after_eq(jiffies, run->deadline))
		return false;
	return !run->counted || atomic64_dec_return(&run->budget) >= 0;
}

static void slot_account(struct bench_slot *slot, ktime_t now)
{
	struct bench_stats *stats = &slot->thread->stats;
	struct bench_run *run = slot->thread->run;
	u64 ns = max(ktime_sub(slot->end, slot->start), 0);

	stats->ops++;
	stats->hist[hist_index(ns)]++;
	stats->woken_hist[hist_index(max(ktime_sub(now, slot->start), 0))]++;
	stats->max_ns = max(stats->max_ns, ns);
	if (slot->err) {
		stats->errors++;
		stats->first_error = stats->first_error ?: slot->err;
	} else if (run->check && (slot->req->dst_len != run->size ||
				  memcmp(slot->out, run->expected, run->size))) {
		stats->wrong++;
	}
}

/* Account what is done and send it again while the run goes on. */
static void thread_reap(struct bench_thread *thread)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&thread->done));
	struct bench_slot *slot, *next;
	ktime_t now = ktime_get();

	llist_for_each_entry_safe(slot, next, list, done) {
		bool again = slot->err == -ENOSPC;

		if (again)
			thread->stats.retried++;
		else
			slot_account(slot, now);
		if (again ? !READ_ONCE(thread->run->stop) : run_goes_on(thread->run))
			slot_submit(slot);
		else
			thread->inflight--;
		cond_resched();
	}
}

static int set_key(const struct bench_run *run, struct crypto_akcipher *tfm)
{
	const struct bench_key *key = run->key;

	return run->decrypt ? crypto_akcipher_set_priv_key(tfm, key->priv, key->priv_len) :
			      crypto_akcipher_set_pub_key(tfm, key->pub, key->pub_len);
}

/* The name of driver @n: the number in the place of a `%'. */
static void driver_name(char *name, unsigned int n)
{
	const char *percent = strchr(bench.driver, '%');

	if (percent)
		snprintf(name, CRYPTO_MAX_ALG_NAME, "%.*s%u%s", (int)(percent - bench.driver),
			 bench.driver, n, percent + 1);
	else
		strscpy(name, bench.driver, CRYPTO_MAX_ALG_NAME);
}

/* As keyctl would: nothing is kept from one operation to the next. */
static int keyctl_compute(struct bench_slot *slot)
{
	struct bench_run *run = slot->thread->run;
	char name[CRYPTO_MAX_ALG_NAME];
	struct crypto_akcipher *tfm;
	DECLARE_CRYPTO_WAIT(wait);
	int err;

	driver_name(name, slot->driver);
	tfm = crypto_alloc_akcipher(name, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = set_key(run, tfm);
	if (!err) {
		akcipher_request_set_tfm(slot->req, tfm);
		akcipher_request_set_callback(slot->req, CRYPTO_TFM_REQ_MAY_BACKLOG |
					      CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done, &wait);
		akcipher_request_set_crypt(slot->req, &slot->src, &slot->dst, run->size, run->size);
		err = crypto_wait_req(run->decrypt ? crypto_akcipher_decrypt(slot->req) :
						     crypto_akcipher_encrypt(slot->req), &wait);
	}
	crypto_free_akcipher(tfm);
	return err;
}

static void keyctl_loop(struct bench_thread *thread)
{
	struct bench_slot *slot = thread->slots[0];
	struct bench_run *run = thread->run;

	while (run_goes_on(run)) {
		memcpy(slot->in, run->input, run->size);
		if (run->check)
			memset(slot->out, 0, run->size);
		slot->start = ktime_get();
		slot->err = keyctl_compute(slot);
		slot->end = ktime_get();
		slot_account(slot, slot->end);
		cond_resched();
	}
}

static int bench_thread(void *data)
{
	struct bench_thread *thread = data;
	struct bench_run *run = thread->run;
	unsigned int i;

	if (run->keyctl)
		keyctl_loop(thread);
	for (i = 0; !run->keyctl && i < thread->nr_slots && run_goes_on(run); i++) {
		thread->inflight++;
		slot_submit(thread->slots[i]);
	}
	while (thread->inflight) {
		if (!wait_event_timeout(thread->wait, !llist_empty(&thread->done), BENCH_LOST))
			break;
		thread_reap(thread);
	}
	if (atomic_dec_and_test(&run->running))
		complete(&run->finished);
	return 0;
}

/* ---- a run ---- */

static void slot_free(struct bench_slot *slot)
{
	if (slot)
		kfree(slot->req);
	kfree(slot);
}

static struct bench_slot *slot_alloc(struct bench_thread *thread)
{
	struct bench_run *run = thread->run;
	unsigned int driver = run->nr_slots++ % run->nr_drivers;
	struct crypto_akcipher *tfm = run->tfms[driver];
	unsigned int head = ALIGN(sizeof(struct akcipher_request) +
				  crypto_akcipher_reqsize(tfm), ARCH_DMA_MINALIGN);
	unsigned int block = ALIGN(run->size, ARCH_DMA_MINALIGN);
	struct bench_slot *slot;

	slot = kzalloc_obj(*slot);
	if (!slot)
		return NULL;
	slot->req = kzalloc(head + 2 * block, GFP_KERNEL);
	if (!slot->req) {
		kfree(slot);
		return NULL;
	}
	slot->thread = thread;
	slot->tfm = tfm;
	slot->driver = driver;
	slot->in = (u8 *)slot->req + head;
	slot->out = slot->in + block;
	sg_init_one(&slot->src, slot->in, run->size);
	sg_init_one(&slot->dst, slot->out, run->size);
	return slot;
}

static void thread_free(struct bench_thread *thread)
{
	unsigned int i;

	if (!thread)
		return;
	for (i = 0; thread->slots && i < thread->nr_slots; i++)
		slot_free(thread->slots[i]);
	kfree(thread->slots);
	if (!IS_ERR_OR_NULL(thread->task))
		kthread_stop_put(thread->task);
	kvfree(thread);
}

static struct bench_thread *thread_alloc(struct bench_run *run, unsigned int nr_slots)
{
	struct bench_thread *thread;
	unsigned int i;

	thread = kvzalloc_obj(*thread);
	if (!thread)
		return NULL;
	thread->run = run;
	init_llist_head(&thread->done);
	init_waitqueue_head(&thread->wait);
	thread->nr_slots = nr_slots;
	thread->slots = kzalloc_objs(*thread->slots, nr_slots);
	if (!thread->slots)
		goto fail;
	for (i = 0; i < nr_slots; i++) {
		thread->slots[i] = slot_alloc(thread);
		if (!thread->slots[i])
			goto fail;
	}
	return thread;

fail:
	thread_free(thread);
	return NULL;
}

static void run_free(struct bench_run *run)
{
	unsigned int i;

	if (IS_ERR_OR_NULL(run))
		return;
	for (i = 0; run->threads && i < run->nr_threads; i++)
		thread_free(run->threads[i]);
	kfree(run->threads);
	for (i = 0; i < run->nr_drivers; i++)
		if (run->tfms[i])
			crypto_free_akcipher(run->tfms[i]);
	kfree(run);
}

DEFINE_FREE(bench_run, struct bench_run *, run_free(_T))

static void run_choose_key(struct bench_run *run)
{
	const struct bench_key *key = bench_keys;

	while (key->bits != bench.key_bits)
		key++;
	run->size = bench.key_bits / 8;
	run->input = key->block;
	run->expected = run->decrypt ? key->block_d : key->block_e;
	run->key = key;
}

/* A transform of driver @n, with the key; the run's. */
static int run_add_driver(struct bench_run *run, unsigned int n)
{
	struct crypto_akcipher *tfm;
	char name[CRYPTO_MAX_ALG_NAME];
	int err;

	driver_name(name, n);
	tfm = crypto_alloc_akcipher(name, 0, 0);
	if (IS_ERR(tfm)) {
		pr_err("driver: no akcipher %s: %ld\n", name, PTR_ERR(tfm));
		return PTR_ERR(tfm);
	}
	run->tfms[n] = tfm;
	if (strcmp(crypto_tfm_alg_name(crypto_akcipher_tfm(tfm)), bench.algorithm)) {
		pr_err("driver: %s is not %s\n", name, bench.algorithm);
		return -EINVAL;
	}
	err = set_key(run, tfm);
	if (err)
		pr_err("run: %s refused the key: %d\n", name, err);
	return err;
}

static struct bench_run *run_alloc(void)
{
	struct bench_run *run __free(bench_run) = kzalloc_obj(*run);
	unsigned int i, slots;
	int err;

	if (!run)
		return ERR_PTR(-ENOMEM);
	run->decrypt = !strcmp(bench.op, "decrypt");
	run->keyctl = !strcmp(bench.style, "keyctl");
	run->check = bench.check;
	init_completion(&run->finished);

	run->nr_drivers = bench.drivers;
	run_choose_key(run);
	for (i = 0; i < run->nr_drivers; i++) {
		err = run_add_driver(run, i);
		if (err)
			return ERR_PTR(err);
	}

	run->nr_threads = min(bench.threads, bench.depth);
	run->threads = kzalloc_objs(*run->threads, run->nr_threads);
	if (!run->threads)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < run->nr_threads; i++) {
		slots = bench.depth / run->nr_threads + (i < bench.depth % run->nr_threads);
		run->threads[i] = thread_alloc(run, slots);
		if (!run->threads[i])
			return ERR_PTR(-ENOMEM);
	}
	return_ptr(run);
}

static int run_create_tasks(struct bench_run *run)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < run->nr_threads; i++) {
		task = kthread_create(bench_thread, run->threads[i], "asym_bench/%u", i);
		if (IS_ERR(task))
			return PTR_ERR(task);
		run->threads[i]->task = get_task_struct(task);
	}
	return 0;
}

static void run_result(struct bench_run *run, u64 ns, unsigned int lost)
{
	struct bench_stats *sum __free(kvfree) = kvzalloc_obj(*sum);
	unsigned int i;

	if (!sum)
		return;
	for (i = 0; i < run->nr_threads; i++)
		stats_add(sum, &run->threads[i]->stats);
	snprintf(bench.result, sizeof(bench.result),
		 "driver %s\nop %s\nstyle %s\nkey_bits %u\ndepth %u\nthreads %u\n"
		 "ops %llu\nerrors %llu\nfirst_error %d\nwrong %llu\nretried %llu\n"
		 "doubled %d\nlost %u\nduration_ns %llu\nops_per_sec %llu\n"
		 "p50_ns %llu\np99_ns %llu\nmax_ns %llu\nwoken_p50_ns %llu\n",
		 bench.driver, bench.op, bench.style, bench.key_bits, bench.depth, run->nr_threads,
		 sum->ops, sum->errors, sum->first_error, sum->wrong, sum->retried,
		 atomic_read(&run->doubled), lost, ns,
		 ns ? mul_u64_u64_div_u64(sum->ops, NSEC_PER_SEC, ns) : 0,
		 min(hist_percentile(sum->hist, sum->ops, 500), sum->max_ns),
		 min(hist_percentile(sum->hist, sum->ops, 990), sum->max_ns), sum->max_ns,
		 hist_percentile(sum->woken_hist, sum->ops, 500));
}

/* Run once. Interrupted, it stops early, but always waits for its requests. */
static int bench_execute(void)
{
	struct bench_run *run __free(bench_run) = run_alloc();
	unsigned int i, lost = 0;
	ktime_t start;
	int err;
	u64 ns;

	if (IS_ERR(run))
		return PTR_ERR(run);
	err = run_create_tasks(run);
	if (err)
		return err;

	run->counted = bench.ops;
	atomic64_set(&run->budget, bench.ops);
	run->timed = bench.seconds;
	run->deadline = jiffies + bench.seconds * HZ;
	atomic_set(&run->running, run->nr_threads);
	start = ktime_get();
	for (i = 0; i < run->nr_threads; i++)
		wake_up_process(run->threads[i]->task);
	err = wait_for_completion_interruptible(&run->finished);
	if (err) {
		WRITE_ONCE(run->stop, true);
		wait_for_completion(&run->finished);
	}
	ns = ktime_to_ns(ktime_sub(ktime_get(), start));
	/* Completions, with BH disabled, may still be about to wake a thread up. */
	synchronize_rcu();

	for (i = 0; i < run->nr_threads; i++)
		lost += run->threads[i]->inflight;
	run_result(run, ns, lost);
	if (lost) {
		pr_err("run: %u requests were never answered; their memory and this module stay\n",
		       lost);
		__module_get(THIS_MODULE);
		retain_and_null_ptr(run);
		return -ETIMEDOUT;
	}
	if (atomic_read(&run->doubled)) {
		pr_err("run: %d requests were answered twice\n", atomic_read(&run->doubled));
		return -EPROTO;
	}
	return err;
}

/* ---- debugfs ---- */

static ssize_t run_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	int err;

	err = mutex_lock_interruptible(&bench.lock);
	if (err)
		return err;
	*bench.result = '\0';
	if (bench.ops || bench.seconds) {
		err = bench_execute();
	} else {
		pr_err("run: neither ops nor seconds says when to stop\n");
		err = -EINVAL;
	}
	mutex_unlock(&bench.lock);
	return err ?: len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.write = run_write,
};

static int result_show(struct seq_file *m, void *unused)
{
	guard(mutex)(&bench.lock);
	seq_puts(m, bench.result);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

/* A file that holds a number or a word. */
struct bench_file {
	const char *name;
	unsigned int *number;
	unsigned int min;
	unsigned int max;
	char *word;
	size_t word_size;
	bool (*valid)(const char *word);
};

static bool op_valid(const char *word)
{
	return !strcmp(word, "encrypt") || !strcmp(word, "decrypt");
}

static bool algorithm_valid(const char *word)
{
	return !strcmp(word, "rsa");
}

static bool style_valid(const char *word)
{
	return !strcmp(word, "transform") || !strcmp(word, "keyctl");
}

static const struct bench_file bench_files[] = {
	{ .name = "driver", .word = bench.driver, .word_size = sizeof(bench.driver) },
	{ .name = "algorithm", .word = bench.algorithm, .word_size = sizeof(bench.algorithm),
	  .valid = algorithm_valid },
	{ .name = "op", .word = bench.op, .word_size = sizeof(bench.op), .valid = op_valid },
	{ .name = "style", .word = bench.style, .word_size = sizeof(bench.style),
	  .valid = style_valid },
	{ .name = "key_bits", .number = &bench.key_bits, .min = 2048, .max = 4096 },
	{ .name = "drivers", .number = &bench.drivers, .min = 1, .max = BENCH_MAX_DRIVERS },
	{ .name = "depth", .number = &bench.depth, .min = 1, .max = BENCH_MAX_DEPTH },
	{ .name = "threads", .number = &bench.threads, .min = 1, .max = BENCH_MAX_THREADS },
	{ .name = "seconds", .number = &bench.seconds, .max = BENCH_MAX_SECONDS },
	{ .name = "ops", .number = &bench.ops, .max = INT_MAX },
	{ .name = "check", .number = &bench.check, .max = 1 },
};

static int bench_file_show(struct seq_file *m, void *unused)
{
	const struct bench_file *file = m->private;

	guard(mutex)(&bench.lock);
	if (file->word)
		seq_printf(m, "%s\n", file->word);
	else
		seq_printf(m, "%u\n", *file->number);
	return 0;
}

static int bench_file_open(struct inode *inode, struct file *file)
{
	return single_open(file, bench_file_show, inode->i_private);
}

static int bench_file_set_number(const struct bench_file *file, const char *text)
{
	unsigned int value;
	int err;

	err = kstrtouint(text, 0, &value);
	if (err)
		return err;
	if (value < file->min || value > file->max)
		return -ERANGE;
	if (file->number == &bench.key_bits && value != 2048 && value != 4096)
		return -EINVAL;
	*file->number = value;
	return 0;
}

static int bench_file_set_word(const struct bench_file *file, const char *text)
{
	if (!*text || strlen(text) >= file->word_size || (file->valid && !file->valid(text)))
		return -EINVAL;
	strscpy(file->word, text, file->word_size);
	return 0;
}

static ssize_t bench_file_write(struct file *filp, const char __user *buf, size_t len,
				loff_t *pos)
{
	const struct bench_file *file = file_inode(filp)->i_private;
	char text[CRYPTO_MAX_ALG_NAME + 2];
	char *word;
	int err;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, len))
		return -EFAULT;
	text[len] = '\0';
	word = strim(text);

	guard(mutex)(&bench.lock);
	err = file->word ? bench_file_set_word(file, word) : bench_file_set_number(file, word);
	if (err)
		pr_err("%s: '%s' is refused: %d\n", file->name, word, err);
	return err ?: len;
}

static const struct file_operations bench_file_fops = {
	.owner = THIS_MODULE,
	.open = bench_file_open,
	.read = seq_read,
	.write = bench_file_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init bench_init(void)
{
	int i;

	bench.debugfs = debugfs_create_dir("asym_bench", NULL);
	for (i = 0; i < ARRAY_SIZE(bench_files); i++)
		debugfs_create_file(bench_files[i].name, 0600, bench.debugfs,
				    (void *)&bench_files[i], &bench_file_fops);
	debugfs_create_file("run", 0200, bench.debugfs, NULL, &run_fops);
	debugfs_create_file("result", 0400, bench.debugfs, NULL, &result_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench.debugfs);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Load generator for asymmetric crypto, for tests");
