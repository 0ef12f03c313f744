// SPDX-License-Identifier: GPL-2.0-only
/*
 * cipher_check: compares a driver of cbc(aes) with the kernel's software, until
 * it is unloaded. From user space there is no way to an asynchronous cipher on
 * newer kernels.
 *
 *	modprobe cipher_check driver=virtio_crypto_aes_cbc threads=2
 *	grep . /sys/module/cipher_check/parameters/{ops,errors,wrong}
 *
 * Each thread has a transform of both, and takes turns: a random message, in
 * random pieces, sometimes in place, is encrypted by both, then decrypted by the
 * driver. Messages, IVs and what becomes of the IVs must agree. A thread owns
 * all that it uses; the counters are atomic.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/aes.h>
#include <crypto/skcipher.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define CHECK_MAX_LEN		(20 * 1024)
#define CHECK_MAX_PIECES	12
#define CHECK_MAX_THREADS	64

static char *driver = "virtio_crypto_aes_cbc";
module_param(driver, charp, 0444);
MODULE_PARM_DESC(driver, "driver name to check");

static unsigned int threads = 1;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "threads, 1 to 64");

static unsigned int key_ops = 16;
module_param(key_ops, uint, 0444);
MODULE_PARM_DESC(key_ops, "messages with one key, 0: all");

static unsigned int pause_ms;
module_param(pause_ms, uint, 0644);
MODULE_PARM_DESC(pause_ms, "pause after each message, in milliseconds");

static bool stop;
module_param(stop, bool, 0644);
MODULE_PARM_DESC(stop, "no more messages");

static atomic_t ops, errors, wrong;
/* Threads that are at work */
static atomic_t busy;

static int check_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(kp->arg));
}

static const struct kernel_param_ops check_counter_ops = {
	.get = check_get,
};

module_param_cb(busy, &check_counter_ops, &busy, 0444);
MODULE_PARM_DESC(busy, "threads at work; 0 a moment after 'stop'");
module_param_cb(ops, &check_counter_ops, &ops, 0444);
MODULE_PARM_DESC(ops, "operations of the driver that ended");
module_param_cb(errors, &check_counter_ops, &errors, 0444);
MODULE_PARM_DESC(errors, "of these, failed");
module_param_cb(wrong, &check_counter_ops, &wrong, 0444);
MODULE_PARM_DESC(wrong, "of these, with a wrong result or IV");

/**
 * struct check - a thread's
 * @task: the thread
 * @tfm: the driver's transform, and the software's
 * @req: a request for each
 * @plain: a message
 * @secret: encrypted by the software
 * @in: the driver's input
 * @out: the driver's output
 * @iv: of the message
 * @iv_soft: what the software made of it
 * @iv_out: what the driver made of it
 * @sg_in: @in in pieces
 * @sg_out: @out in others
 */
struct check {
	struct task_struct *task;
	struct crypto_skcipher *tfm[2];
	struct skcipher_request *req[2];
	u8 *plain;
	u8 *secret;
	u8 *in;
	u8 *out;
	u8 iv[AES_BLOCK_SIZE];
	u8 iv_soft[AES_BLOCK_SIZE];
	u8 iv_out[AES_BLOCK_SIZE];
	struct scatterlist sg_in[CHECK_MAX_PIECES];
	struct scatterlist sg_out[CHECK_MAX_PIECES];
};

static struct check *checks[CHECK_MAX_THREADS];

static int check_compute(struct check *c, unsigned int which, bool decrypt,
			 struct scatterlist *in, struct scatterlist *out, unsigned int len, u8 *iv)
{
	struct skcipher_request *req = c->req[which];
	DECLARE_CRYPTO_WAIT(wait);

	skcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(req, in, out, len, iv);
	return crypto_wait_req(decrypt ? crypto_skcipher_decrypt(req) :
					 crypto_skcipher_encrypt(req), &wait);
}

/* Splits @len bytes at @buf; sometimes the last piece is longer than it need be. */
static void check_split(struct scatterlist *sg, u8 *buf, unsigned int len)
{
	unsigned int nr = get_random_u32_inclusive(1, CHECK_MAX_PIECES);
	unsigned int i, part, more = get_random_u32_below(2) * AES_BLOCK_SIZE;

	nr = min(nr, len);
	sg_init_table(sg, nr);
	for (i = 0; i < nr; i++) {
		part = len;
		if (i < nr - 1)
			part = get_random_u32_inclusive(1, len - (nr - 1 - i));
		sg_set_buf(&sg[i], buf, i < nr - 1 ? part : part + more);
		buf += part;
		len -= part;
	}
}

/* One way, by the driver; true if it is as it should be. */
static bool check_driver(struct check *c, bool decrypt, const u8 *from, const u8 *to,
			 const u8 *iv_wanted, unsigned int len)
{
	bool in_place = get_random_u32_below(2);
	int err;

	memcpy(c->in, from, len);
	memcpy(c->iv_out, c->iv, sizeof(c->iv));
	check_split(c->sg_in, c->in, len);
	check_split(c->sg_out, c->out, len);
	err = check_compute(c, 0, decrypt, c->sg_in, in_place ? c->sg_in : c->sg_out, len,
			    c->iv_out);
	atomic_inc(&ops);
	if (err) {
		atomic_inc(&errors);
		pr_err_ratelimited("%s: %scryption of %u bytes: error %d\n", driver,
				   decrypt ? "de" : "en", len, err);
		return false;
	}
	if (!memcmp(in_place ? c->in : c->out, to, len) &&
	    !memcmp(c->iv_out, iv_wanted, sizeof(c->iv_out)))
		return true;
	atomic_inc(&wrong);
	pr_err_ratelimited("%s: %scryption of %u bytes%s: wrong\n", driver, decrypt ? "de" : "en",
			   len, in_place ? " in place" : "");
	return false;
}

static int check_one(struct check *c)
{
	unsigned int len = AES_BLOCK_SIZE * get_random_u32_inclusive(1,
			CHECK_MAX_LEN / AES_BLOCK_SIZE);
	struct scatterlist in, out;
	int err;

	/* Short ones more often. */
	if (get_random_u32_below(2))
		len = AES_BLOCK_SIZE * get_random_u32_inclusive(1, 16);
	get_random_bytes(c->plain, len);
	get_random_bytes(c->iv, sizeof(c->iv));
	memcpy(c->iv_soft, c->iv, sizeof(c->iv));
	sg_init_one(&in, c->plain, len);
	sg_init_one(&out, c->secret, len);
	err = check_compute(c, 1, false, &in, &out, len, c->iv_soft);
	if (err)
		return err;
	/* Both ways leave the last block of what is encrypted for an IV. */
	check_driver(c, false, c->plain, c->secret, c->iv_soft, len);
	check_driver(c, true, c->secret, c->plain, c->iv_soft, len);
	return 0;
}

static int check_rekey(struct check *c)
{
	static const u8 sizes[] = { AES_KEYSIZE_128, AES_KEYSIZE_192, AES_KEYSIZE_256 };
	unsigned int size = sizes[get_random_u32_below(ARRAY_SIZE(sizes))];
	u8 key[AES_MAX_KEY_SIZE];

	get_random_bytes(key, size);
	return crypto_skcipher_setkey(c->tfm[0], key, size) ?:
	       crypto_skcipher_setkey(c->tfm[1], key, size);
}

static int check_thread(void *data)
{
	struct check *c = data;
	unsigned int i = 0;
	int err = 0;

	while (!err && !READ_ONCE(stop) && !kthread_should_stop()) {
		if (!i || (key_ops && !(i % key_ops)))
			err = check_rekey(c);
		i++;
		if (!err)
			err = check_one(c);
		if (pause_ms)
			schedule_timeout_interruptible(msecs_to_jiffies(pause_ms));
		cond_resched();
	}
	if (err) {
		atomic_inc(&errors);
		pr_err("the check itself failed: %d\n", err);
	}
	atomic_dec(&busy);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

static void check_free(struct check *c)
{
	unsigned int i;

	if (!c)
		return;
	if (!IS_ERR_OR_NULL(c->task))
		kthread_stop(c->task);
	for (i = 0; i < 2; i++) {
		skcipher_request_free(c->req[i]);
		if (!IS_ERR_OR_NULL(c->tfm[i]))
			crypto_free_skcipher(c->tfm[i]);
	}
	kfree(c->plain);
	kfree(c->secret);
	kfree(c->in);
	kfree(c->out);
	kfree(c);
}

static int check_tfm(struct check *c, unsigned int which, const char *name, u32 mask)
{
	c->tfm[which] = crypto_alloc_skcipher(name, 0, mask);
	if (IS_ERR(c->tfm[which]))
		return PTR_ERR(c->tfm[which]);
	c->req[which] = skcipher_request_alloc(c->tfm[which], GFP_KERNEL);
	return c->req[which] ? 0 : -ENOMEM;
}

static int check_new(unsigned int nr)
{
	struct check *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int err;

	if (!c)
		return -ENOMEM;
	checks[nr] = c;
	c->plain = kmalloc(CHECK_MAX_LEN, GFP_KERNEL);
	c->secret = kmalloc(CHECK_MAX_LEN, GFP_KERNEL);
	c->in = kmalloc(CHECK_MAX_LEN + AES_BLOCK_SIZE, GFP_KERNEL);
	c->out = kmalloc(CHECK_MAX_LEN + AES_BLOCK_SIZE, GFP_KERNEL);
	if (!c->plain || !c->secret || !c->in || !c->out)
		return -ENOMEM;
	err = check_tfm(c, 0, driver, 0) ?:
	      check_tfm(c, 1, "cbc(aes)", CRYPTO_ALG_ASYNC | CRYPTO_ALG_NEED_FALLBACK);
	if (err) {
		pr_err("no such cipher: %s\n", driver);
		return err;
	}
	atomic_inc(&busy);
	c->task = kthread_run(check_thread, c, "cipher_check/%u", nr);
	return PTR_ERR_OR_ZERO(c->task);
}

static void __exit check_exit(void)
{
	unsigned int i;

	for (i = 0; i < CHECK_MAX_THREADS; i++)
		check_free(checks[i]);
}

static int __init check_init(void)
{
	unsigned int i;
	int err = 0;

	if (!threads || threads > CHECK_MAX_THREADS)
		return -EINVAL;
	for (i = 0; !err && i < threads; i++)
		err = check_new(i);
	for (i = 0; err && i < threads; i++) {
		check_free(checks[i]);
		checks[i] = NULL;
	}
	return err;
}

module_init(check_init);
module_exit(check_exit);

MODULE_DESCRIPTION("Comparison of a cbc(aes) driver with the kernel's software");
MODULE_LICENSE("GPL");
