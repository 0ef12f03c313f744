// SPDX-License-Identifier: GPL-2.0-only
/*
 * asym_sim: a simulated RSA accelerator, for tests.
 *
 * Registers the asynchronous akcipher "sim-rsa" (raw "rsa"), which computes
 * with rsa-generic and behaves as its parameters say: how many operations run
 * at a time, how long one takes, how many there are in a second, how many wait
 * in front of it, and which fail. Two modes exist to be caught: `wrong' flips
 * a bit of every result, `null' does not compute at all (its results are
 * garbage: for benchmarks of what is around it). `short' leaves the leading
 * zeros of results out, as some hardware does. None can be on while the
 * kernel tests the algorithm at registration, nor do errors happen then.
 *
 * A request: queue --> busy (a work item computes) --> timer --> completion.
 * The queue and the count of busy engines are under sim.lock, taken with BH
 * disabled. Requests come in any context and are completed in a timer's soft
 * interrupt or a work item with BH disabled, as hardware does. The timer or
 * the work item that completes one starts the next.
 *
 * Documentation/ABI/testing/debugfs-asym-sim lists parameters and counters.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <crypto/algapi.h>
#include <crypto/internal/akcipher.h>
#include <compat/timer.h>

#define SIM_MAX_PARALLELISM	1024
#define SIM_MAX_QUEUE		65536
#define SIM_MAX_LATENCY_US	(10 * USEC_PER_SEC)
#define SIM_MAX_RATE		10000000
#define SIM_MAX_RESULT		512	/* bytes of rsa-generic's largest key */

struct sim_ctx {
	struct crypto_akcipher *child;
};

/* A request's private area; @child_req is followed by the child's. */
struct sim_req {
	struct work_struct work;
	struct hrtimer timer;
	struct akcipher_request *req;
	ktime_t started;
	bool decrypt;
	int err;
	struct akcipher_request child_req;
};

static struct {
	spinlock_t lock; /* protects queue, busy, next_slot */
	struct crypto_queue queue;
	unsigned int busy;
	ktime_t next_slot;
	struct workqueue_struct *wq;
	struct dentry *debugfs;
	bool registered;
	/* what was asked and what became of it */
	atomic64_t requests;
	atomic64_t completed;
	atomic64_t injected;
	atomic64_t wrong;
	atomic64_t shortened;
	atomic64_t null;
	atomic64_t backlogged;
	atomic64_t refused;
} sim;

/* ---- parameters ---- */

struct sim_limits {
	unsigned int *value;
	unsigned int min;
	unsigned int max;
	bool dispatch;		/* requests may be able to start now */
};

static void sim_dispatch(void);

static int sim_param_set(const char *text, const struct kernel_param *kp)
{
	const struct sim_limits *limits = kp->arg;
	unsigned int value;
	int err;

	err = kstrtouint(text, 0, &value);
	if (!err && (value < limits->min || value > limits->max))
		err = -ERANGE;
	if (err) {
		pr_err("parameter %s: not a number from %u to %u\n",
		       kp->name, limits->min, limits->max);
		return err;
	}
	WRITE_ONCE(*limits->value, value);
	if (limits->dispatch && READ_ONCE(sim.registered))
		sim_dispatch();
	return 0;
}

static int sim_param_get(char *buffer, const struct kernel_param *kp)
{
	const struct sim_limits *limits = kp->arg;

	return sysfs_emit(buffer, "%u\n", READ_ONCE(*limits->value));
}

static const struct kernel_param_ops sim_param_ops = {
	.set = sim_param_set,
	.get = sim_param_get,
};

/* Modes that the kernel's self tests would not survive. */
static int sim_mode_set(const char *text, const struct kernel_param *kp)
{
	bool on;
	int err;

	err = kstrtobool(text, &on);
	if (!err && on && !READ_ONCE(sim.registered))
		err = -EPERM;
	if (err) {
		pr_err("parameter %s: %s\n", kp->name, err == -EPERM ?
		       "only once the module is loaded: the self tests would fail" :
		       "not a boolean");
		return err;
	}
	WRITE_ONCE(*(bool *)kp->arg, on);
	return 0;
}

static const struct kernel_param_ops sim_mode_ops = {
	.set = sim_mode_set,
	.get = param_get_bool,
};

static unsigned int sim_latency_us;
static const struct sim_limits sim_limits_latency_us = {
	.value = &sim_latency_us, .min = 0, .max = SIM_MAX_LATENCY_US,
};
module_param_cb(latency_us, &sim_param_ops, (void *)&sim_limits_latency_us, 0644);
MODULE_PARM_DESC(latency_us, "shortest time an engine takes for an operation, in microseconds");

static unsigned int sim_key_us;
static const struct sim_limits sim_limits_key_us = {
	.value = &sim_key_us, .min = 0, .max = SIM_MAX_LATENCY_US,
};
module_param_cb(key_us, &sim_param_ops, (void *)&sim_limits_key_us, 0644);
MODULE_PARM_DESC(key_us, "time that setting a key takes, in microseconds");

static bool sim_cubic;
module_param_named(cubic, sim_cubic, bool, 0644);
MODULE_PARM_DESC(cubic, "latency_us is for 2048 bits, and grows with the third power of the size");

static unsigned int sim_parallelism = 4;
static const struct sim_limits sim_limits_parallelism = {
	.value = &sim_parallelism, .min = 1, .max = SIM_MAX_PARALLELISM, .dispatch = true,
};
module_param_cb(parallelism, &sim_param_ops, (void *)&sim_limits_parallelism, 0644);
MODULE_PARM_DESC(parallelism, "engines: operations at one time");

static unsigned int sim_rate;
static const struct sim_limits sim_limits_rate = {
	.value = &sim_rate, .min = 0, .max = SIM_MAX_RATE,
};
module_param_cb(rate, &sim_param_ops, (void *)&sim_limits_rate, 0644);
MODULE_PARM_DESC(rate, "operations per second of all engines, 0: no limit");

static unsigned int sim_queue_depth = 256;
static const struct sim_limits sim_limits_queue_depth = {
	.value = &sim_queue_depth, .min = 0, .max = SIM_MAX_QUEUE,
};
module_param_cb(queue_depth, &sim_param_ops, (void *)&sim_limits_queue_depth, 0644);
MODULE_PARM_DESC(queue_depth, "requests in front of the engines; more are backlogged or refused");

static unsigned int sim_hold;
static const struct sim_limits sim_limits_hold = {
	.value = &sim_hold, .min = 0, .max = 1, .dispatch = true,
};
module_param_cb(hold, &sim_param_ops, (void *)&sim_limits_hold, 0644);
MODULE_PARM_DESC(hold, "do not start operations");

static unsigned int sim_fail_probability;
static const struct sim_limits sim_limits_fail_probability = {
	.value = &sim_fail_probability, .min = 0, .max = 100,
};
module_param_cb(fail_probability, &sim_param_ops, (void *)&sim_limits_fail_probability, 0644);
MODULE_PARM_DESC(fail_probability, "per cent of the operations that fail");

static unsigned int sim_fail_interval = 1;
static const struct sim_limits sim_limits_fail_interval = {
	.value = &sim_fail_interval, .min = 1, .max = UINT_MAX,
};
module_param_cb(fail_interval, &sim_param_ops, (void *)&sim_limits_fail_interval, 0644);
MODULE_PARM_DESC(fail_interval, "at least so many operations from one failure to the next");

static unsigned int sim_fail_errno = EIO;
static const struct sim_limits sim_limits_fail_errno = {
	.value = &sim_fail_errno, .min = 1, .max = MAX_ERRNO,
};
module_param_cb(fail_errno, &sim_param_ops, (void *)&sim_limits_fail_errno, 0644);
MODULE_PARM_DESC(fail_errno, "the error they fail with, a positive number");

static int sim_fail_times = -1;
module_param_named(fail_times, sim_fail_times, int, 0644);
MODULE_PARM_DESC(fail_times, "how many may still fail, -1: no limit");

static int sim_priority = 1;
module_param_named(priority, sim_priority, int, 0444);
MODULE_PARM_DESC(priority, "cra_priority (rsa-generic has 100)");

static bool sim_wrong;
module_param_cb(wrong, &sim_mode_ops, &sim_wrong, 0644);
__MODULE_PARM_TYPE(wrong, "bool");
MODULE_PARM_DESC(wrong, "flip a bit of every result");

static bool sim_short;
module_param_cb(short, &sim_mode_ops, &sim_short, 0644);
__MODULE_PARM_TYPE(short, "bool");
MODULE_PARM_DESC(short, "leave the leading zeros of results out");

static bool sim_null;
module_param_cb(null, &sim_mode_ops, &sim_null, 0644);
__MODULE_PARM_TYPE(null, "bool");
MODULE_PARM_DESC(null, "answer at once without computing");

/* ---- what a request meets ---- */

/* Whether this one is to fail: probability, interval and times as in fault injection. */
static bool sim_inject(void)
{
	static DEFINE_SPINLOCK(lock);
	static unsigned int count;
	bool fail = false;

	if (!READ_ONCE(sim.registered) || !READ_ONCE(sim_fail_probability))
		return false;
	spin_lock_bh(&lock);
	if (sim_fail_times && ++count >= sim_fail_interval &&
	    get_random_u32_below(100) < sim_fail_probability) {
		count = 0;
		if (sim_fail_times > 0)
			sim_fail_times--;
		fail = true;
	}
	spin_unlock_bh(&lock);
	return fail;
}

/* When a request that started then may be answered. */
static ktime_t sim_due(const struct sim_req *sreq)
{
	u64 latency_us = READ_ONCE(sim_latency_us), len = sreq->req->src_len;
	unsigned int rate = READ_ONCE(sim_rate);
	ktime_t started = sreq->started, due;

	if (READ_ONCE(sim_cubic))
		latency_us = latency_us * len * len * len >> 24;	/* 256 bytes */
	due = ktime_add_us(started, latency_us);

	if (!rate)
		return due;
	spin_lock_bh(&sim.lock);
	sim.next_slot = max(sim.next_slot, started);
	due = max(due, sim.next_slot);
	sim.next_slot = ktime_add_ns(sim.next_slot, div_u64(NSEC_PER_SEC, rate));
	spin_unlock_bh(&sim.lock);
	return due;
}

static void sim_flip(struct akcipher_request *req)
{
	unsigned int last = req->dst_len - 1;
	int nents = sg_nents_for_len(req->dst, req->dst_len);
	u8 byte;

	if (!req->dst_len || nents < 0)
		return;
	sg_pcopy_to_buffer(req->dst, nents, &byte, 1, last);
	byte ^= 1;
	sg_pcopy_from_buffer(req->dst, nents, &byte, 1, last);
}

static void sim_shorten(struct akcipher_request *req)
{
	unsigned int len = req->dst_len, zeros = 0;
	int nents = sg_nents_for_len(req->dst, len);
	u8 result[SIM_MAX_RESULT];

	if (nents < 0 || len > sizeof(result))
		return;
	sg_copy_to_buffer(req->dst, nents, result, len);
	while (zeros < len && !result[zeros])
		zeros++;
	if (!zeros)
		return;
	atomic64_inc(&sim.shortened);
	sg_copy_from_buffer(req->dst, nents, result + zeros, len - zeros);
	req->dst_len = len - zeros;
}

static void sim_answer(struct sim_req *sreq)
{
	struct akcipher_request *req = sreq->req;
	int err = sreq->err;

	spin_lock_bh(&sim.lock);
	sim.busy--;
	spin_unlock_bh(&sim.lock);
	atomic64_inc(&sim.completed);

	local_bh_disable();
	/* before the last of our requests may allow the module to go */
	sim_dispatch();
	akcipher_request_complete(req, err);
	local_bh_enable();
}

static enum hrtimer_restart sim_timer(struct hrtimer *timer)
{
	sim_answer(container_of(timer, struct sim_req, timer));
	return HRTIMER_NORESTART;
}

/* Answer when it is due. */
static void sim_deliver(struct sim_req *sreq)
{
	ktime_t due = sim_due(sreq);

	if (ktime_after(due, ktime_get()))
		hrtimer_start(&sreq->timer, due, HRTIMER_MODE_ABS_SOFT);
	else
		sim_answer(sreq);
}

static void sim_compute(struct work_struct *work)
{
	struct sim_req *sreq = container_of(work, struct sim_req, work);
	struct akcipher_request *req = sreq->req, *child = &sreq->child_req;
	struct sim_ctx *ctx = akcipher_tfm_ctx(crypto_akcipher_reqtfm(req));

	if (sim_inject()) {
		atomic64_inc(&sim.injected);
		sreq->err = -(int)READ_ONCE(sim_fail_errno);
	} else if (READ_ONCE(sim_null)) {
		atomic64_inc(&sim.null);
		sreq->err = 0;
	} else {
		akcipher_request_set_tfm(child, ctx->child);
		akcipher_request_set_callback(child, CRYPTO_TFM_REQ_MAY_SLEEP, NULL, NULL);
		akcipher_request_set_crypt(child, req->src, req->dst, req->src_len, req->dst_len);
		sreq->err = sreq->decrypt ? crypto_akcipher_decrypt(child) :
					    crypto_akcipher_encrypt(child);
		req->dst_len = child->dst_len;
		if (!sreq->err && READ_ONCE(sim_wrong)) {
			atomic64_inc(&sim.wrong);
			sim_flip(req);
		}
		if (!sreq->err && READ_ONCE(sim_short))
			sim_shorten(req);
	}
	sim_deliver(sreq);
}

/* Start what engines are free for. */
static void sim_dispatch(void)
{
	struct crypto_async_request *async, *backlog;
	struct sim_req *sreq;

	for (;;) {
		async = NULL;
		spin_lock_bh(&sim.lock);
		backlog = NULL;
		if (sim.busy < READ_ONCE(sim_parallelism) && !READ_ONCE(sim_hold)) {
			backlog = crypto_get_backlog(&sim.queue);
			async = crypto_dequeue_request(&sim.queue);
			if (async)
				sim.busy++;
		}
		spin_unlock_bh(&sim.lock);
		if (!async)
			return;
		if (backlog) {
			local_bh_disable();
			crypto_request_complete(backlog, -EINPROGRESS);
			local_bh_enable();
		}
		sreq = akcipher_request_ctx(container_of(async, struct akcipher_request, base));
		sreq->started = ktime_get();
		queue_work(sim.wq, &sreq->work);
	}
}

static int sim_submit(struct akcipher_request *req, bool decrypt)
{
	struct sim_req *sreq = akcipher_request_ctx(req);
	int err;

	atomic64_inc(&sim.requests);
	if (READ_ONCE(sim_null) && !READ_ONCE(sim_latency_us) && !READ_ONCE(sim_rate) &&
	    !READ_ONCE(sim_hold) && !READ_ONCE(sim_fail_probability)) {
		atomic64_inc(&sim.null);
		atomic64_inc(&sim.completed);
		return 0;
	}

	sreq->req = req;
	sreq->decrypt = decrypt;
	INIT_WORK(&sreq->work, sim_compute);
	compat_hrtimer_setup(&sreq->timer, sim_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);

	spin_lock_bh(&sim.lock);
	sim.queue.max_qlen = READ_ONCE(sim_queue_depth);
	err = crypto_enqueue_request(&sim.queue, &req->base);
	spin_unlock_bh(&sim.lock);
	if (err == -EBUSY)
		atomic64_inc(&sim.backlogged);
	else if (err != -EINPROGRESS)
		atomic64_inc(&sim.refused);
	sim_dispatch();
	return err;
}

/* ---- the algorithm ---- */

static int sim_encrypt(struct akcipher_request *req)
{
	return sim_submit(req, false);
}

static int sim_decrypt(struct akcipher_request *req)
{
	return sim_submit(req, true);
}

/* As long as it takes to tell a device of a key. */
static void sim_key_delay(void)
{
	unsigned int us = READ_ONCE(sim_key_us);

	if (us)
		fsleep(us);
}

static int sim_set_pub_key(struct crypto_akcipher *tfm, const void *key, unsigned int len)
{
	struct sim_ctx *ctx = akcipher_tfm_ctx(tfm);

	sim_key_delay();
	return crypto_akcipher_set_pub_key(ctx->child, key, len);
}

static int sim_set_priv_key(struct crypto_akcipher *tfm, const void *key, unsigned int len)
{
	struct sim_ctx *ctx = akcipher_tfm_ctx(tfm);

	sim_key_delay();
	return crypto_akcipher_set_priv_key(ctx->child, key, len);
}

static unsigned int sim_max_size(struct crypto_akcipher *tfm)
{
	struct sim_ctx *ctx = akcipher_tfm_ctx(tfm);

	return crypto_akcipher_maxsize(ctx->child);
}

static int sim_init_tfm(struct crypto_akcipher *tfm)
{
	struct sim_ctx *ctx = akcipher_tfm_ctx(tfm);

	ctx->child = crypto_alloc_akcipher("rsa-generic", 0, 0);
	if (IS_ERR(ctx->child))
		return PTR_ERR(ctx->child);
	akcipher_set_reqsize(tfm, sizeof(struct sim_req) + crypto_akcipher_reqsize(ctx->child));
	return 0;
}

static void sim_exit_tfm(struct crypto_akcipher *tfm)
{
	struct sim_ctx *ctx = akcipher_tfm_ctx(tfm);

	crypto_free_akcipher(ctx->child);
}

static struct akcipher_alg sim_alg = {
	.encrypt	= sim_encrypt,
	.decrypt	= sim_decrypt,
	.set_pub_key	= sim_set_pub_key,
	.set_priv_key	= sim_set_priv_key,
	.max_size	= sim_max_size,
	.init		= sim_init_tfm,
	.exit		= sim_exit_tfm,
	.base = {
		.cra_name		= "rsa",
		.cra_driver_name	= "sim-rsa",
		.cra_flags		= CRYPTO_ALG_ASYNC,
		.cra_module		= THIS_MODULE,
		.cra_ctxsize		= sizeof(struct sim_ctx),
	},
};

/* ---- the module ---- */

static int sim_counter_get(void *counter, u64 *value)
{
	*value = atomic64_read(counter);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(sim_counter_fops, sim_counter_get, NULL, "%llu\n");

static void sim_debugfs_init(void)
{
	const struct {
		const char *name;
		atomic64_t *counter;
	} files[] = {
		{ "requests", &sim.requests },
		{ "completed", &sim.completed },
		{ "injected", &sim.injected },
		{ "wrong", &sim.wrong },
		{ "short", &sim.shortened },
		{ "null", &sim.null },
		{ "backlogged", &sim.backlogged },
		{ "refused", &sim.refused },
	};
	int i;

	sim.debugfs = debugfs_create_dir("asym_sim", NULL);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		debugfs_create_file_unsafe(files[i].name, 0444, sim.debugfs, files[i].counter,
					   &sim_counter_fops);
}

/* The kernel tests an algorithm after its registration returned; who looks it up waits. */
static int __init sim_wait_for_test(void)
{
	struct crypto_akcipher *tfm = crypto_alloc_akcipher(sim_alg.base.cra_driver_name, 0, 0);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	crypto_free_akcipher(tfm);
	return 0;
}

static int __init sim_init(void)
{
	int err;

	spin_lock_init(&sim.lock);
	crypto_init_queue(&sim.queue, READ_ONCE(sim_queue_depth));
	sim.wq = alloc_workqueue("asym_sim", WQ_UNBOUND, 0);
	if (!sim.wq)
		return -ENOMEM;

	sim_alg.base.cra_priority = sim_priority;
	err = crypto_register_akcipher(&sim_alg);
	if (err) {
		pr_err("sim-rsa cannot be registered: %d\n", err);
		goto destroy_wq;
	}
	err = sim_wait_for_test();
	if (err) {
		pr_err("sim-rsa failed the kernel's self tests: %d\n", err);
		goto unregister;
	}
	WRITE_ONCE(sim.registered, true);

	sim_debugfs_init();
	return 0;

unregister:
	crypto_unregister_akcipher(&sim_alg);
destroy_wq:
	destroy_workqueue(sim.wq);
	return err;
}

static void __exit sim_exit(void)
{
	/* No transform exists, so no request either. */
	debugfs_remove(sim.debugfs);
	crypto_unregister_akcipher(&sim_alg);
	destroy_workqueue(sim.wq);
}

module_init(sim_init);
module_exit(sim_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Simulated RSA accelerator, for tests");
