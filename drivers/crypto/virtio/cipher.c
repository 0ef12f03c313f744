// SPDX-License-Identifier: GPL-2.0-only
/*
 * cbc(aes): transforms on the devices that offer it, on the kernel's software
 * when there is none, or when one goes while it computes.
 *
 *	transform	has a key and, as long as a device is there, a pair of
 *			sessions with that device (struct cipher_key), one for
 *			each direction
 *	cipher_key	belongs to its transform and to those requests that use
 *			it; the last one has the sessions closed, in cipher_wq
 *	device		in cipher_devices while it takes keys; has a list of what
 *			it was given
 *
 * An operation on a device is in memory of ours (struct cipher_op), with a copy of the
 * input and room for the output, and stays there until the device answers or is reset.
 * Only what a device says it has computed is copied to the caller's. So software can do
 * it again at any time: when the device fails, and when it does not answer for max_wait_ms
 * (vcrypto_cipher.watch). While such an operation is with a device, no others are sent.
 *
 * Locks, outermost first: cipher_tfms_lock (the list of transforms),
 * cipher_tfm.lock (its key; held while a device answers), cipher_lock (short:
 * the lists of devices and of their keys). cipher_tfm.on is read under RCU, and
 * written under cipher_lock: vcrypto_cipher_leave() waits for readers, so in
 * such a section the virtqueues of cipher_key.vc exist.
 */
#include <crypto/aes.h>
#include <crypto/internal/skcipher.h>
#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/wait_bit.h>
#include <uapi/linux/virtio_crypto.h>
#include <uapi/linux/virtio_crypto_stateless.h>

#include "cipher.h"
#include "class.h"
#include "control.h"
#include "data.h"
#include "types.h"

/* As the in-tree driver's: the CPU's own instructions are faster, and have more */
#define CIPHER_PRIORITY		150
#define CIPHER_DRIVER		"virtio_crypto_aes_cbc"
/* Longer requests are computed in software: so much memory would have to be found for each */
#define CIPHER_MAX_LEN		(64 * 1024)
/* Places of an operation in the ring: what the device reads, what it writes */
#define CIPHER_MIN_RING		2
/* A device that does not answer its known-answer test for so long has failed */
#define CIPHER_KAT_TIMEOUT	(60 * HZ)

static struct skcipher_alg cipher_alg;

/**
 * enum cipher_stat - what is counted
 * @CIPHER_OPS: operations, without empty ones
 * @CIPHER_DEVICE: of these, those that a device computed
 * @CIPHER_SW_NO_DEVICE: by software: no device has the key, or it was reset meanwhile
 * @CIPHER_SW_UNSUPPORTED: too long, for CIPHER_MAX_LEN or for the device
 * @CIPHER_SW_DEVICE_ERROR: the device failed
 * @CIPHER_SW_NO_ROOM: no memory, or no room in the ring
 * @CIPHER_SW_WAITED: the device did not answer in time, this operation or one before
 * @CIPHER_LATE_ANSWERS: answers that came after software had computed it
 * @CIPHER_KAT_RUN: known-answer tests that were begun
 * @CIPHER_KAT_FAILED: of these, those whose result was wrong
 * @CIPHER_STATS: how many counters there are
 */
enum cipher_stat {
	CIPHER_OPS,
	CIPHER_DEVICE,
	CIPHER_SW_NO_DEVICE,
	CIPHER_SW_UNSUPPORTED,
	CIPHER_SW_DEVICE_ERROR,
	CIPHER_SW_NO_ROOM,
	CIPHER_SW_WAITED,
	CIPHER_LATE_ANSWERS,
	CIPHER_KAT_RUN,
	CIPHER_KAT_FAILED,
	CIPHER_STATS,
};

/**
 * struct cipher_key - a transform's key on a device
 * @ref: the transform's, and one for each request in flight
 * @rcu: frees it
 * @tfm: whose it is; NULL when it has another, under cipher_lock
 * @vc: the device; NULL when that is gone, under cipher_lock or RCU
 * @node: in vcrypto_cipher.keys
 * @session: for encryption and decryption
 * @work: closes them
 */
struct cipher_key {
	struct kref ref;
	struct rcu_head rcu;
	struct cipher_tfm *tfm;
	struct vcrypto *vc;
	struct list_head node;
	struct vcrypto_session *session[2];
	struct work_struct work;
};

/**
 * struct cipher_tfm - a transform
 * @node: in cipher_tfms
 * @lock: serialises who changes @on
 * @on: where its key is; NULL: nowhere
 * @fallback: the kernel's software
 * @key: to open sessions again
 * @key_len: bytes at @key; 0: none yet
 */
struct cipher_tfm {
	struct list_head node;
	struct mutex lock;	/* @on */
	struct cipher_key __rcu *on;
	struct crypto_skcipher *fallback;
	u8 key[AES_MAX_KEY_SIZE];
	unsigned int key_len;
};

/**
 * struct cipher_op - an operation on a device
 * @op: data.c's; &vcrypto_op.late: nobody waits any more
 * @len: bytes of input, and of output
 * @creq: whose it is; NULL: a known-answer test
 * @kat: likewise
 * @key: keeps the session; NULL: a known-answer test
 * @hdr: read by the device, with what follows
 * @iv: likewise
 * @in: likewise. After it, at cipher_out(), the output, then the status
 */
struct cipher_op {
	struct vcrypto_op op;
	unsigned int len;
	struct cipher_request *creq;
	struct cipher_kat *kat;
	struct cipher_key *key;
	struct virtio_crypto_op_data_req hdr __aligned(ARCH_DMA_MINALIGN);
	u8 iv[AES_BLOCK_SIZE];
	u8 in[];
};

static_assert(offsetof(struct cipher_op, iv) ==
	      offsetof(struct cipher_op, hdr) + sizeof(struct virtio_crypto_op_data_req));
static_assert(offsetof(struct cipher_op, in) ==
	      offsetof(struct cipher_op, iv) + AES_BLOCK_SIZE);

/**
 * struct cipher_request - skcipher_request_ctx()
 * @req: the request
 * @cop: the device's part; not valid when that is late
 * @late: in a list of those that the device did not answer in time
 * @decrypt: which way
 * @fallback: request for the software; must be last
 */
struct cipher_request {
	struct skcipher_request *req;
	struct cipher_op *cop;
	struct list_head late;
	bool decrypt;
	struct skcipher_request fallback;
};

/**
 * struct cipher_kat - a known-answer test
 * @answered: completed
 * @err: how it went
 */
struct cipher_kat {
	struct completion answered;
	int err;
};

static DEFINE_MUTEX(cipher_tfms_lock);
static LIST_HEAD(cipher_tfms);
static DEFINE_SPINLOCK(cipher_lock);
static LIST_HEAD(cipher_devices);
static struct workqueue_struct *cipher_wq;
static DEFINE_MUTEX(cipher_register_lock);
static bool cipher_registered;	/* under cipher_register_lock */
static atomic64_t cipher_stats[CIPHER_STATS];

static void cipher_count(enum cipher_stat nr)
{
	atomic64_inc(&cipher_stats[nr]);
}

/* ---- keys on devices ----------------------------------------------------------- */

/* A device that takes keys; it stays until cipher_device_put(). NULL: there is none. */
static struct vcrypto *cipher_device_get(void)
{
	struct vcrypto *vc;

	spin_lock(&cipher_lock);
	vc = list_first_entry_or_null(&cipher_devices, struct vcrypto, cipher.node);
	if (vc) {
		vc->cipher.calls++;
		/* The next one asks another. */
		list_move_tail(&vc->cipher.node, &cipher_devices);
	}
	spin_unlock(&cipher_lock);
	return vc;
}

static void cipher_device_put(struct vcrypto *vc)
{
	spin_lock(&cipher_lock);
	if (!--vc->cipher.calls) {
		/* The count, then who waits; vcrypto_cipher_leave() has it the other way around. */
		smp_mb();
		wake_up_var(&vc->cipher.calls);
	}
	spin_unlock(&cipher_lock);
}

/* Closes its sessions, if the device is there, which otherwise sees to that itself. */
static void cipher_key_work(struct work_struct *work)
{
	struct cipher_key *key = container_of(work, struct cipher_key, work);
	struct vcrypto *vc;

	spin_lock(&cipher_lock);
	vc = key->vc;
	if (vc) {
		list_del(&key->node);
		/* It leaves: it takes them itself. */
		if (list_empty(&vc->cipher.node))
			vc = NULL;
		else
			vc->cipher.calls++;
	}
	spin_unlock(&cipher_lock);

	if (vc) {
		vcrypto_session_close(vc, key->session[0]);
		vcrypto_session_close(vc, key->session[1]);
		cipher_device_put(vc);
	}
	kfree_rcu(key, rcu);
}

static void cipher_key_release(struct kref *ref)
{
	struct cipher_key *key = container_of(ref, struct cipher_key, ref);

	queue_work(cipher_wq, &key->work);
}

static void cipher_key_put(struct cipher_key *key)
{
	kref_put(&key->ref, cipher_key_release);
}

/* The transform has no place for its key any more; requests may use it still. tfm->lock is held. */
static void cipher_tfm_off(struct cipher_tfm *tfm)
{
	struct cipher_key *key;

	spin_lock(&cipher_lock);
	key = rcu_dereference_protected(tfm->on, lockdep_is_held(&cipher_lock));
	RCU_INIT_POINTER(tfm->on, NULL);
	if (key)
		key->tfm = NULL;
	spin_unlock(&cipher_lock);
	if (key)
		cipher_key_put(key);
}

static int cipher_key_open(struct cipher_key *key, struct vcrypto *vc, const struct cipher_tfm *tfm)
{
	int err;

	err = vcrypto_cipher_session_open(vc, tfm->key, tfm->key_len, false, &key->session[0]);
	if (err)
		return err;
	err = vcrypto_cipher_session_open(vc, tfm->key, tfm->key_len, true, &key->session[1]);
	if (err)
		vcrypto_session_close(vc, key->session[0]);
	return err;
}

/* Gives a transform's key to a device. Software does without one. tfm->lock is held. */
static int cipher_tfm_on(struct cipher_tfm *tfm)
{
	struct cipher_key *key;
	struct vcrypto *vc;
	int err = -ENOMEM;

	/*
	 * The kernel's self test judges the software: a device that fails it would be a kernel
	 * warning, and in FIPS mode a panic.
	 */
	if (!(READ_ONCE(cipher_alg.base.cra_flags) & CRYPTO_ALG_TESTED))
		return -EAGAIN;
	vc = cipher_device_get();
	if (!vc)
		return -ENODEV;
	key = kzalloc_obj(*key);
	if (key)
		err = cipher_key_open(key, vc, tfm);
	if (err) {
		kfree(key);
		goto put;
	}
	kref_init(&key->ref);
	INIT_WORK(&key->work, cipher_key_work);
	key->tfm = tfm;
	key->vc = vc;

	/* A device that leaves waits for us, and finds the key then. */
	spin_lock(&cipher_lock);
	list_add_tail(&key->node, &vc->cipher.keys);
	rcu_assign_pointer(tfm->on, key);
	spin_unlock(&cipher_lock);
put:
	cipher_device_put(vc);
	return err;
}

/* ---- one operation on a device ------------------------------------------------- */

static void cipher_watch_later(struct vcrypto *vc)
{
	long wait = vcrypto_max_wait();

	if (wait != MAX_SCHEDULE_TIMEOUT)
		queue_delayed_work(cipher_wq, &vc->cipher.watch, wait / 4 + 1);
}

static u8 *cipher_out(struct cipher_op *cop)
{
	return PTR_ALIGN(cop->in + cop->len, ARCH_DMA_MINALIGN);
}

static struct cipher_op *cipher_op_alloc(unsigned int len, gfp_t gfp)
{
	struct cipher_op *cop;

	cop = kmalloc(struct_size(cop, in, len) + ARCH_DMA_MINALIGN + len +
		      sizeof(struct virtio_crypto_inhdr), gfp | __GFP_NOWARN);
	if (cop) {
		memset(cop, 0, sizeof(*cop));
		cop->len = len;
	}
	return cop;
}

static void cipher_request_done(struct cipher_request *creq, int err);

static void cipher_op_free(struct cipher_op *cop)
{
	if (cop->key)
		cipher_key_put(cop->key);
	kfree_sensitive(cop);
}

/* Context: process or softirq, bottom halves enabled or not. */
static void cipher_op_done(struct vcrypto_queue *q, struct vcrypto_op *op, int err,
			   unsigned int used)
{
	struct cipher_op *cop = container_of(op, struct cipher_op, op);

	if (!err && used != cop->len + sizeof(struct virtio_crypto_inhdr))
		err = -EIO;
	if (err && err != -ENODEV)
		vcrypto_queue_error(q);
	if (op->late) {
		if (err != -ENODEV)
			cipher_count(CIPHER_LATE_ANSWERS);
		cipher_op_free(cop);
	} else if (cop->kat) {
		cop->kat->err = err;
		complete(&cop->kat->answered);
	} else {
		local_bh_disable();
		cipher_request_done(cop->creq, err);
		local_bh_enable();
	}
}

/*
 * The queue's lock is held, so the answer to @op was not taken. If somebody waits for it, takes
 * that away to @late.
 */
static bool cipher_op_expire(struct vcrypto_op *op, struct list_head *late)
{
	struct cipher_op *cop = container_of(op, struct cipher_op, op);

	if (cop->kat)
		return false;
	list_add_tail(&cop->creq->late, late);
	return true;
}

static const struct vcrypto_op_ops cipher_op_ops = {
	.done = cipher_op_done,
	.expire = cipher_op_expire,
};

/*
 * Sends an operation, whose input and IV are there. The caller is in an RCU section in which
 * it found @vc, or keeps it otherwise. 0: cipher_op_done() will be called, perhaps already was.
 * Specification: 5.9.7.6, "Symmetric algorithms Operation".
 */
static int cipher_send(struct vcrypto *vc, struct cipher_op *cop,
		       const struct vcrypto_session *session, bool decrypt)
{
	struct virtio_crypto_op_data_req *hdr = &cop->hdr;
	struct scatterlist in, out, *sgs[2] = { &in, &out };
	u8 *status = cipher_out(cop) + cop->len;

	hdr->header.opcode = cpu_to_le32(decrypt ? VIRTIO_CRYPTO_CIPHER_DECRYPT :
						   VIRTIO_CRYPTO_CIPHER_ENCRYPT);
	hdr->header.algo = cpu_to_le32(VIRTIO_CRYPTO_CIPHER_AES_CBC);
	hdr->header.session_id = cpu_to_le64(vcrypto_session_id(session));
	/* "SHOULD reject … requests if VIRTIO_CRYPTO_FLAG_SESSION_MODE is not set", 5.9.7.3 */
	if (vc->rev1)
		hdr->header.flag = cpu_to_le32(VIRTIO_CRYPTO_FLAG_SESSION_MODE);
	hdr->u.sym_req.op_type = cpu_to_le32(VIRTIO_CRYPTO_SYM_OP_CIPHER);
	hdr->u.sym_req.u.cipher.para.iv_len = cpu_to_le32(sizeof(cop->iv));
	hdr->u.sym_req.u.cipher.para.src_data_len = cpu_to_le32(cop->len);
	hdr->u.sym_req.u.cipher.para.dst_data_len = cpu_to_le32(cop->len);
	cop->op.ops = &cipher_op_ops;
	cop->op.status = status;
	*status = VIRTIO_CRYPTO_ERR;

	sg_init_one(&in, hdr, offsetof(struct cipher_op, in) - offsetof(struct cipher_op, hdr) +
			      cop->len);
	sg_init_one(&out, cipher_out(cop), cop->len + sizeof(struct virtio_crypto_inhdr));
	return vcrypto_send(vc, &cop->op, sgs, 1, 1, false);
}

/* A device did not answer operations in time: software computes them. */
static void cipher_watch_work(struct work_struct *work)
{
	struct vcrypto *vc = container_of(to_delayed_work(work), struct vcrypto, cipher.watch);
	struct cipher_request *creq, *next;
	LIST_HEAD(late);
	bool more;

	more = vcrypto_queues_expire(vc, vcrypto_max_wait(), &late);
	list_for_each_entry_safe(creq, next, &late, late) {
		local_bh_disable();
		cipher_request_done(creq, -ETIMEDOUT);
		local_bh_enable();
	}
	if (more)
		cipher_watch_later(vc);
}

/* ---- requests ------------------------------------------------------------------ */

static int cipher_software(struct skcipher_request *req, u32 flags, enum cipher_stat reason)
{
	struct cipher_tfm *tfm = crypto_skcipher_ctx(crypto_skcipher_reqtfm(req));
	struct cipher_request *creq = skcipher_request_ctx_dma(req);
	struct skcipher_request *sub = &creq->fallback;

	cipher_count(reason);
	skcipher_request_set_tfm(sub, tfm->fallback);
	skcipher_request_set_callback(sub, flags, req->base.complete, req->base.data);
	skcipher_request_set_crypt(sub, req->src, req->dst, req->cryptlen, req->iv);
	return creq->decrypt ? crypto_skcipher_decrypt(sub) : crypto_skcipher_encrypt(sub);
}

static enum cipher_stat cipher_reason(int err)
{
	switch (err) {
	case -ENODEV:
		return CIPHER_SW_NO_DEVICE;
	case -E2BIG:
		return CIPHER_SW_UNSUPPORTED;
	case -EBUSY:
		return CIPHER_SW_NO_ROOM;
	case -ETIMEDOUT:
		return CIPHER_SW_WAITED;
	default:
		return CIPHER_SW_DEVICE_ERROR;
	}
}

/* -ETIMEDOUT: the operation is the device's still. Else it is answered, and freed here. */
static void cipher_request_done(struct cipher_request *creq, int err)
{
	struct skcipher_request *req = creq->req;
	struct cipher_op *cop = creq->cop;

	if (!err) {
		unsigned int last = cop->len - AES_BLOCK_SIZE;

		/* The next IV is the last block of what is encrypted. */
		memcpy(req->iv, (creq->decrypt ? cop->in : cipher_out(cop)) + last,
		       AES_BLOCK_SIZE);
		sg_copy_from_buffer(req->dst, sg_nents(req->dst), cipher_out(cop), cop->len);
		cipher_count(CIPHER_DEVICE);
	}
	if (err != -ETIMEDOUT)
		cipher_op_free(cop);
	if (err) {
		err = cipher_software(req, 0, cipher_reason(err));
		if (err == -EINPROGRESS)
			return;
	}
	skcipher_request_complete(req, err);
}

/* On success the operation is the device's. */
static int cipher_request_send(struct cipher_request *creq)
{
	struct skcipher_request *req = creq->req;
	struct cipher_tfm *tfm = crypto_skcipher_ctx(crypto_skcipher_reqtfm(req));
	struct cipher_op *cop = creq->cop;
	struct cipher_key *key;
	struct vcrypto *vc;
	int err = -ENODEV;

	rcu_read_lock();
	key = rcu_dereference(tfm->on);
	if (key && kref_get_unless_zero(&key->ref)) {
		vc = READ_ONCE(key->vc);
		cop->key = key;
		if (vc && cop->len > vc->cipher.max)
			err = -E2BIG;
		else if (vc && atomic_read(&vc->late))
			err = -ETIMEDOUT;
		else if (vc)
			err = cipher_send(vc, cop, key->session[creq->decrypt], creq->decrypt);
		if (!err)
			cipher_watch_later(vc);
	}
	rcu_read_unlock();
	return err;
}

static int cipher_crypt(struct skcipher_request *req, bool decrypt)
{
	struct cipher_request *creq = skcipher_request_ctx_dma(req);
	unsigned int len = req->cryptlen;
	u32 flags = req->base.flags;
	struct cipher_op *cop;
	int pieces, err;

	if (len % AES_BLOCK_SIZE)
		return -EINVAL;
	if (!len)
		return 0;
	cipher_count(CIPHER_OPS);
	creq->decrypt = decrypt;
	pieces = sg_nents_for_len(req->src, len);
	if (len > CIPHER_MAX_LEN || pieces < 0)
		return cipher_software(req, flags, CIPHER_SW_UNSUPPORTED);

	cop = cipher_op_alloc(len, flags & CRYPTO_TFM_REQ_MAY_SLEEP ? GFP_KERNEL : GFP_ATOMIC);
	if (!cop)
		return cipher_software(req, flags, CIPHER_SW_NO_ROOM);
	sg_copy_to_buffer(req->src, pieces, cop->in, len);
	memcpy(cop->iv, req->iv, sizeof(cop->iv));
	cop->creq = creq;
	creq->req = req;
	creq->cop = cop;

	err = cipher_request_send(creq);
	if (!err)
		return -EINPROGRESS;
	cipher_op_free(cop);
	return cipher_software(req, flags, cipher_reason(err));
}

static int cipher_encrypt(struct skcipher_request *req)
{
	return cipher_crypt(req, false);
}

static int cipher_decrypt(struct skcipher_request *req)
{
	return cipher_crypt(req, true);
}

/* ---- transforms ---------------------------------------------------------------- */

static int cipher_setkey(struct crypto_skcipher *skcipher, const u8 *key, unsigned int len)
{
	struct cipher_tfm *tfm = crypto_skcipher_ctx(skcipher);
	int err;

	crypto_skcipher_clear_flags(tfm->fallback, CRYPTO_TFM_REQ_MASK);
	crypto_skcipher_set_flags(tfm->fallback,
				  crypto_skcipher_get_flags(skcipher) & CRYPTO_TFM_REQ_MASK);

	mutex_lock(&tfm->lock);
	cipher_tfm_off(tfm);
	tfm->key_len = 0;
	err = crypto_skcipher_setkey(tfm->fallback, key, len);
	if (!err) {
		memcpy(tfm->key, key, len);
		tfm->key_len = len;
		cipher_tfm_on(tfm);
	}
	mutex_unlock(&tfm->lock);
	return err;
}

static int cipher_init_tfm(struct crypto_skcipher *skcipher)
{
	struct cipher_tfm *tfm = crypto_skcipher_ctx(skcipher);
	unsigned int size = sizeof(struct cipher_request);

	tfm->fallback = crypto_alloc_skcipher("cbc(aes)", 0, CRYPTO_ALG_NEED_FALLBACK);
	if (IS_ERR(tfm->fallback))
		return PTR_ERR(tfm->fallback);
	mutex_init(&tfm->lock);
	crypto_skcipher_set_reqsize_dma(skcipher, size + crypto_skcipher_reqsize(tfm->fallback));
	mutex_lock(&cipher_tfms_lock);
	list_add_tail(&tfm->node, &cipher_tfms);
	mutex_unlock(&cipher_tfms_lock);
	return 0;
}

static void cipher_exit_tfm(struct crypto_skcipher *skcipher)
{
	struct cipher_tfm *tfm = crypto_skcipher_ctx(skcipher);

	mutex_lock(&cipher_tfms_lock);
	list_del(&tfm->node);
	mutex_unlock(&cipher_tfms_lock);
	mutex_lock(&tfm->lock);
	cipher_tfm_off(tfm);
	mutex_unlock(&tfm->lock);
	crypto_free_skcipher(tfm->fallback);
	memzero_explicit(tfm->key, sizeof(tfm->key));
}

/* A device came: transforms that have no place for their key get one. */
static void cipher_again_work(struct work_struct *work)
{
	struct cipher_tfm *tfm;
	int err = 0;

	mutex_lock(&cipher_tfms_lock);
	list_for_each_entry(tfm, &cipher_tfms, node) {
		mutex_lock(&tfm->lock);
		if (tfm->key_len && !rcu_access_pointer(tfm->on))
			err = cipher_tfm_on(tfm);
		mutex_unlock(&tfm->lock);
		/* It does not answer: do not wait for it once for each of them. */
		if (err == -ETIMEDOUT)
			break;
	}
	mutex_unlock(&cipher_tfms_lock);
}

static DECLARE_WORK(cipher_again, cipher_again_work);

static struct skcipher_alg cipher_alg = {
	.base.cra_name = "cbc(aes)",
	.base.cra_driver_name = CIPHER_DRIVER,
	.base.cra_priority = CIPHER_PRIORITY,
	.base.cra_flags = CRYPTO_ALG_ASYNC | CRYPTO_ALG_ALLOCATES_MEMORY |
			  CRYPTO_ALG_NEED_FALLBACK,
	.base.cra_blocksize = AES_BLOCK_SIZE,
	.base.cra_ctxsize = sizeof(struct cipher_tfm),
	.base.cra_module = THIS_MODULE,
	.init = cipher_init_tfm,
	.exit = cipher_exit_tfm,
	.setkey = cipher_setkey,
	.encrypt = cipher_encrypt,
	.decrypt = cipher_decrypt,
	.min_keysize = AES_MIN_KEY_SIZE,
	.max_keysize = AES_MAX_KEY_SIZE,
	.ivsize = AES_BLOCK_SIZE,
};

/* ---- devices ------------------------------------------------------------------- */

/* NIST SP 800-38A, F.2.1 and F.2.2: CBC-AES128 */
static const u8 cipher_kat_key[] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f,
	0x3c,
};

static const u8 cipher_kat_text[][64] = {
	{
		0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73,
		0x93, 0x17, 0x2a, 0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7,
		0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51, 0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4,
		0x11, 0xe5, 0xfb, 0xc1, 0x19, 0x1a, 0x0a, 0x52, 0xef, 0xf6, 0x9f, 0x24, 0x45,
		0xdf, 0x4f, 0x9b, 0x17, 0xad, 0x2b, 0x41, 0x7b, 0xe6, 0x6c, 0x37, 0x10,
	}, {
		0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46, 0xce, 0xe9, 0x8e, 0x9b, 0x12,
		0xe9, 0x19, 0x7d, 0x50, 0x86, 0xcb, 0x9b, 0x50, 0x72, 0x19, 0xee, 0x95, 0xdb,
		0x11, 0x3a, 0x91, 0x76, 0x78, 0xb2, 0x73, 0xbe, 0xd6, 0xb8, 0xe3, 0xc1, 0x74,
		0x3b, 0x71, 0x16, 0xe6, 0x9e, 0x22, 0x22, 0x95, 0x16, 0x3f, 0xf1, 0xca, 0xa1,
		0x68, 0x1f, 0xac, 0x09, 0x12, 0x0e, 0xca, 0x30, 0x75, 0x86, 0xe1, 0xa7,
	}
};

static int cipher_kat_one(struct vcrypto *vc, bool decrypt)
{
	unsigned int i, len = sizeof(cipher_kat_text[0]);
	struct vcrypto_session *session;
	struct cipher_op *cop;
	struct cipher_kat kat;
	int err;

	cop = cipher_op_alloc(len, GFP_KERNEL);
	if (!cop)
		return -ENOMEM;
	err = vcrypto_cipher_session_open(vc, cipher_kat_key, sizeof(cipher_kat_key), decrypt,
					  &session);
	if (err)
		goto free;
	init_completion(&kat.answered);
	cop->kat = &kat;
	memcpy(cop->in, cipher_kat_text[decrypt], len);
	for (i = 0; i < sizeof(cop->iv); i++)
		cop->iv[i] = i;

	cipher_count(CIPHER_KAT_RUN);
	err = cipher_send(vc, cop, session, decrypt);
	if (!err) {
		/* Its reset, which follows, answers; until then @cop is the device's. */
		if (!wait_for_completion_timeout(&kat.answered, CIPHER_KAT_TIMEOUT)) {
			vcrypto_fail(vc);
			wait_for_completion(&kat.answered);
		}
		err = kat.err;
	}
	vcrypto_session_close(vc, session);
	if (!err && memcmp(cipher_out(cop), cipher_kat_text[!decrypt], len))
		err = -EBADMSG;
	if (err == -EBADMSG)
		cipher_count(CIPHER_KAT_FAILED);
free:
	kfree(cop);
	return err;
}

/**
 * vcrypto_cipher_offered() - whether a device says that it does AES-CBC
 * @vc: device: up
 *
 * Context: sleeps.
 * Return: true: with all lengths of keys.
 */
bool vcrypto_cipher_offered(struct vcrypto *vc)
{
	u32 services, algos, key_len;

	virtio_cread_le(vc->vdev, struct virtio_crypto_config, crypto_services, &services);
	virtio_cread_le(vc->vdev, struct virtio_crypto_config, cipher_algo_l, &algos);
	virtio_cread_le(vc->vdev, struct virtio_crypto_config, max_cipher_key_len, &key_len);
	return services & BIT(VIRTIO_CRYPTO_SERVICE_CIPHER) &&
	       algos & BIT(VIRTIO_CRYPTO_CIPHER_AES_CBC) && key_len >= AES_MAX_KEY_SIZE;
}

static bool cipher_rings_suffice(struct vcrypto *vc)
{
	unsigned int i;

	for (i = 0; i < vc->nr_queues; i++)
		if (virtqueue_get_vring_size(vc->queues[i].vq) < CIPHER_MIN_RING)
			return false;
	return true;
}

static int cipher_register(void)
{
	int err = 0;

	mutex_lock(&cipher_register_lock);
	if (!cipher_registered) {
		err = crypto_register_skcipher(&cipher_alg);
		cipher_registered = !err;
	}
	mutex_unlock(&cipher_register_lock);
	return err;
}

/**
 * vcrypto_cipher_test() - known-answer tests of a device, if it offers cbc(aes)
 * @vc: device: up and ready; life_lock is held. Nobody uses it yet, so there is room in its
 *	rings
 *
 * Context: sleeps; talks to the device.
 * Return: 0. -EOPNOTSUPP: it does not offer it, or its rings are too small. -EBADMSG: it
 * computes wrongly. Or another error.
 */
int vcrypto_cipher_test(struct vcrypto *vc)
{
	int err;

	if (!vcrypto_cipher_offered(vc) || !cipher_rings_suffice(vc))
		return -EOPNOTSUPP;
	err = cipher_kat_one(vc, false);
	if (!err)
		err = cipher_kat_one(vc, true);
	return err;
}

/**
 * vcrypto_cipher_join() - use a device for cbc(aes)
 * @vc: device: vcrypto_cipher_test() returned 0; life_lock is held
 *
 * Context: sleeps.
 * Return: 0: it is in use; or an error.
 */
int vcrypto_cipher_join(struct vcrypto *vc)
{
	u64 max_size;

	/* Input, output, IV and status (5.9.5); 0: the device names no limit. */
	virtio_cread_le(vc->vdev, struct virtio_crypto_config, max_size, &max_size);
	vc->cipher.max = CIPHER_MAX_LEN;
	if (max_size)
		vc->cipher.max = max_size / 2 - min_t(u64, max_size / 2, AES_BLOCK_SIZE);

	spin_lock(&cipher_lock);
	list_add_tail(&vc->cipher.node, &cipher_devices);
	spin_unlock(&cipher_lock);
	queue_work(cipher_wq, &cipher_again);
	return cipher_register();
}

/**
 * vcrypto_cipher_leave() - a device goes: nobody sends to it any more
 * @vc: device; vcrypto_ctrl_abandon() was called, so that nobody waits for it
 *
 * Requests that it holds are answered when it is reset. Its sessions are left to
 * vcrypto_sessions_close().
 *
 * Context: sleeps.
 */
void vcrypto_cipher_leave(struct vcrypto *vc)
{
	struct cipher_key *key, *next;
	LIST_HEAD(keys);

	if (list_empty(&vc->cipher.node))
		return;
	spin_lock(&cipher_lock);
	list_del_init(&vc->cipher.node);
	spin_unlock(&cipher_lock);
	wait_var_event(&vc->cipher.calls, !READ_ONCE(vc->cipher.calls));

	spin_lock(&cipher_lock);
	list_for_each_entry_safe(key, next, &vc->cipher.keys, node) {
		list_del_init(&key->node);
		WRITE_ONCE(key->vc, NULL);
		if (key->tfm) {
			RCU_INIT_POINTER(key->tfm->on, NULL);
			key->tfm = NULL;
			list_add(&key->node, &keys);
		}
	}
	spin_unlock(&cipher_lock);
	synchronize_rcu();
	list_for_each_entry_safe(key, next, &keys, node)
		cipher_key_put(key);
}

/**
 * vcrypto_cipher_new() - once for each device
 * @vc: device; &vcrypto_cipher.watch is to be cancelled after it left for good
 *
 * Context: any.
 */
void vcrypto_cipher_new(struct vcrypto *vc)
{
	INIT_DELAYED_WORK(&vc->cipher.watch, cipher_watch_work);
	INIT_LIST_HEAD(&vc->cipher.node);
	INIT_LIST_HEAD(&vc->cipher.keys);
}

/**
 * vcrypto_cipher_show() - counters of all devices' cbc(aes), one 'name value' a line
 * @m: where they go
 *
 * Context: any.
 */
void vcrypto_cipher_show(struct seq_file *m)
{
	static const char * const names[CIPHER_STATS] = {
		[CIPHER_OPS] = "ops",
		[CIPHER_DEVICE] = "device",
		[CIPHER_SW_NO_DEVICE] = "sw_no_device",
		[CIPHER_SW_UNSUPPORTED] = "sw_unsupported",
		[CIPHER_SW_DEVICE_ERROR] = "sw_device_error",
		[CIPHER_SW_NO_ROOM] = "sw_no_room",
		[CIPHER_SW_WAITED] = "sw_waited",
		[CIPHER_LATE_ANSWERS] = "late_answers",
		[CIPHER_KAT_RUN] = "kat_run",
		[CIPHER_KAT_FAILED] = "kat_failed",
	};
	unsigned int i;

	for (i = 0; i < CIPHER_STATS; i++)
		seq_printf(m, "%s %llu\n", names[i], (u64)atomic64_read(&cipher_stats[i]));
}

/**
 * vcrypto_cipher_init() - before there are devices
 *
 * Context: sleeps.
 * Return: 0 or -ENOMEM.
 */
int vcrypto_cipher_init(void)
{
	cipher_wq = alloc_workqueue("virtio_crypto", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return cipher_wq ? 0 : -ENOMEM;
}

/**
 * vcrypto_cipher_exit() - no device is left, and no transform
 *
 * Context: sleeps.
 */
void vcrypto_cipher_exit(void)
{
	if (cipher_registered)
		crypto_unregister_skcipher(&cipher_alg);
	destroy_workqueue(cipher_wq);
}
