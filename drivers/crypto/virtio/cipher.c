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
 * The output of a request goes to memory of ours, and only what a device says
 * it has computed is copied to the caller's, which is mostly the input, too. So
 * software can do it again at any time, and a device that is late harms nobody.
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

#include "vcrypto.h"

/* As the in-tree driver's: the CPU's own instructions are faster, and have more */
#define CIPHER_PRIORITY		150
#define CIPHER_DRIVER		"virtio_crypto_aes_cbc"
/* Longer requests are computed in software: so much memory would have to be found for each */
#define CIPHER_MAX_LEN		(64 * 1024)
/* Pieces of input that take a place in the ring each; of more, a copy is made */
#define CIPHER_MAX_PIECES	8
/* The ring must have room for them, header, output and status */
#define CIPHER_MIN_RING		(CIPHER_MAX_PIECES + 3)
/* A device that does not answer its known-answer test for so long has failed */
#define CIPHER_KAT_TIMEOUT	(60 * HZ)

enum cipher_stat {
	CIPHER_OPS,
	CIPHER_DEVICE,
	CIPHER_SW_NO_DEVICE,
	CIPHER_SW_UNSUPPORTED,
	CIPHER_SW_DEVICE_ERROR,
	CIPHER_SW_NO_ROOM,
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
 * @node: in vcrypto.cipher_keys
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
 * @hdr: read by the device, with @iv, which follows
 * @iv: likewise
 * @op: data.c's
 * @len: bytes of input, and of output
 * @out: what the device writes; then, if it was in too many pieces, a copy of the input
 * @done: called once, with bottom halves disabled
 * @guard_before: unused
 * @status: written by the device
 * @guard_after: unused
 */
struct cipher_op {
	struct virtio_crypto_op_data_req hdr;
	u8 iv[AES_BLOCK_SIZE];
	struct vcrypto_op op;
	unsigned int len;
	u8 *out;
	void (*done)(struct cipher_op *cop, int err);
	u8 guard_before[VCRYPTO_GUARD];
	u8 status;
	u8 guard_after[VCRYPTO_GUARD];
};

static_assert(offsetof(struct cipher_op, iv) == sizeof(struct virtio_crypto_op_data_req));

/**
 * struct cipher_request - skcipher_request_ctx()
 * @cop: must be first: it is aligned for DMA, as the request's context is
 * @req: the request
 * @key: keeps the session
 * @decrypt: which way
 * @fallback: request for the software; must be last
 */
struct cipher_request {
	struct cipher_op cop;
	struct skcipher_request *req;
	struct cipher_key *key;
	bool decrypt;
	struct skcipher_request fallback;
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
	vc = list_first_entry_or_null(&cipher_devices, struct vcrypto, cipher_node);
	if (vc) {
		vc->cipher_calls++;
		/* The next one asks another. */
		list_move_tail(&vc->cipher_node, &cipher_devices);
	}
	spin_unlock(&cipher_lock);
	return vc;
}

static void cipher_device_put(struct vcrypto *vc)
{
	spin_lock(&cipher_lock);
	if (!--vc->cipher_calls)
		wake_up_var(&vc->cipher_calls);
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
		if (list_empty(&vc->cipher_node))
			vc = NULL;
		else
			vc->cipher_calls++;
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

/* Gives a transform's key to a device. It is no error if none takes it. tfm->lock is held. */
static void cipher_tfm_on(struct cipher_tfm *tfm)
{
	struct cipher_key *key;
	struct vcrypto *vc;

	vc = cipher_device_get();
	if (!vc)
		return;
	key = kzalloc_obj(*key);
	if (!key || cipher_key_open(key, vc, tfm)) {
		kfree(key);
		goto put;
	}
	kref_init(&key->ref);
	INIT_WORK(&key->work, cipher_key_work);
	key->tfm = tfm;
	key->vc = vc;

	/* A device that leaves waits for us, and finds the key then. */
	spin_lock(&cipher_lock);
	list_add_tail(&key->node, &vc->cipher_keys);
	rcu_assign_pointer(tfm->on, key);
	spin_unlock(&cipher_lock);
put:
	cipher_device_put(vc);
}

/* ---- one operation on a device ------------------------------------------------- */

/*
 * Sends an operation. The caller is in an RCU section in which it found @vc, or
 * keeps it otherwise. 0: @cop->done will be called, perhaps already was.
 * Specification: 5.9.7.6, "Symmetric algorithms Operation".
 */
static int cipher_send(struct vcrypto *vc, struct cipher_op *cop,
		       const struct vcrypto_session *session, bool decrypt,
		       struct scatterlist *in)
{
	struct virtio_crypto_op_data_req *hdr = &cop->hdr;
	struct scatterlist head, out, status, *sgs[4];

	memset(hdr, 0, sizeof(*hdr));
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
	cop->op.cipher = true;
	cop->op.status = &cop->status;
	cop->status = VIRTIO_CRYPTO_ERR;

	sg_init_one(&head, hdr, sizeof(*hdr) + sizeof(cop->iv));
	sg_init_one(&out, cop->out, cop->len);
	sg_init_one(&status, &cop->status, sizeof(cop->status));
	sgs[0] = &head;
	sgs[1] = in;
	sgs[2] = &out;
	sgs[3] = &status;
	return vcrypto_send(vc, &cop->op, sgs, 2, 2, false);
}

/* The device calls it @err, and wrote @used bytes: is there a result? */
int vcrypto_cipher_result(struct vcrypto_op *op, int err, unsigned int used)
{
	const struct cipher_op *cop = container_of(op, struct cipher_op, op);

	if (err)
		return err;
	return used == cop->len + sizeof(struct virtio_crypto_inhdr) ? 0 : -EIO;
}

/* Context: process or softirq, bottom halves enabled or not. */
void vcrypto_cipher_answered(struct vcrypto_op *op, int err)
{
	struct cipher_op *cop = container_of(op, struct cipher_op, op);

	local_bh_disable();
	cop->done(cop, err);
	local_bh_enable();
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

static void cipher_request_free(struct cipher_request *creq)
{
	kfree_sensitive(creq->cop.out);
	cipher_key_put(creq->key);
}

static void cipher_request_done(struct cipher_op *cop, int err)
{
	struct cipher_request *creq = container_of(cop, struct cipher_request, cop);
	struct skcipher_request *req = creq->req;
	unsigned int last = cop->len - AES_BLOCK_SIZE;

	if (!err) {
		/* The next IV is the last block of what is encrypted. */
		if (creq->decrypt)
			sg_pcopy_to_buffer(req->src, sg_nents(req->src), req->iv,
					   AES_BLOCK_SIZE, last);
		else
			memcpy(req->iv, cop->out + last, AES_BLOCK_SIZE);
		sg_copy_from_buffer(req->dst, sg_nents(req->dst), cop->out, cop->len);
		cipher_count(CIPHER_DEVICE);
	}
	cipher_request_free(creq);
	if (err) {
		err = cipher_software(req, 0, err == -ENODEV ? CIPHER_SW_NO_DEVICE :
							       CIPHER_SW_DEVICE_ERROR);
		if (err == -EINPROGRESS)
			return;
	}
	skcipher_request_complete(req, err);
}

/* A copy of the input, unless it takes few places in the ring and is as long as the request. */
static bool cipher_needs_copy(struct skcipher_request *req, int pieces)
{
	struct scatterlist *sg;
	unsigned int sum = 0;

	if (pieces > CIPHER_MAX_PIECES)
		return true;
	for (sg = req->src; sg; sg = sg_next(sg))
		sum += sg->length;
	return sum != req->cryptlen;
}

static int cipher_request_send(struct cipher_request *creq, struct scatterlist *in)
{
	struct skcipher_request *req = creq->req;
	struct cipher_tfm *tfm = crypto_skcipher_ctx(crypto_skcipher_reqtfm(req));
	struct cipher_key *key;
	struct vcrypto *vc;
	int err = -ENODEV;

	rcu_read_lock();
	key = rcu_dereference(tfm->on);
	if (key && kref_get_unless_zero(&key->ref)) {
		vc = READ_ONCE(key->vc);
		creq->key = key;
		if (vc && creq->cop.len <= vc->cipher_max)
			err = cipher_send(vc, &creq->cop, key->session[creq->decrypt],
					  creq->decrypt, in);
		else if (vc)
			err = -E2BIG;
		if (err)
			cipher_key_put(key);
	}
	rcu_read_unlock();
	return err;
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
	default:
		return CIPHER_SW_DEVICE_ERROR;
	}
}

static int cipher_crypt(struct skcipher_request *req, bool decrypt)
{
	struct cipher_request *creq = skcipher_request_ctx_dma(req);
	struct cipher_op *cop = &creq->cop;
	unsigned int len = req->cryptlen;
	u32 flags = req->base.flags;
	struct scatterlist copy, *in = req->src;
	bool copied;
	int pieces, err;
	gfp_t gfp;

	if (len % AES_BLOCK_SIZE)
		return -EINVAL;
	if (!len)
		return 0;
	cipher_count(CIPHER_OPS);
	creq->decrypt = decrypt;
	pieces = sg_nents_for_len(req->src, len);
	if (len > CIPHER_MAX_LEN || pieces < 0)
		return cipher_software(req, flags, CIPHER_SW_UNSUPPORTED);

	copied = cipher_needs_copy(req, pieces);
	gfp = flags & CRYPTO_TFM_REQ_MAY_SLEEP ? GFP_KERNEL : GFP_ATOMIC;
	cop->out = kmalloc(copied ? 2 * len : len, gfp | __GFP_NOWARN);
	if (!cop->out)
		return cipher_software(req, flags, CIPHER_SW_NO_ROOM);
	if (copied) {
		sg_copy_to_buffer(req->src, pieces, cop->out + len, len);
		sg_init_one(&copy, cop->out + len, len);
		in = &copy;
	}
	creq->req = req;
	cop->len = len;
	cop->done = cipher_request_done;
	memcpy(cop->iv, req->iv, sizeof(cop->iv));

	err = cipher_request_send(creq, in);
	if (!err)
		return -EINPROGRESS;
	kfree_sensitive(cop->out);
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

	mutex_lock(&cipher_tfms_lock);
	list_for_each_entry(tfm, &cipher_tfms, node) {
		mutex_lock(&tfm->lock);
		if (tfm->key_len && !rcu_access_pointer(tfm->on))
			cipher_tfm_on(tfm);
		mutex_unlock(&tfm->lock);
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

/**
 * struct cipher_kat - a known-answer test
 * @cop: the operation
 * @answered: completed
 * @err: how it went
 * @in: for the device
 * @out: the device's
 */
struct cipher_kat {
	struct cipher_op cop;
	struct completion answered;
	int err;
	u8 in[sizeof(cipher_kat_text[0])] __aligned(ARCH_DMA_MINALIGN);
	u8 out[sizeof(cipher_kat_text[0])] __aligned(ARCH_DMA_MINALIGN);
};

static void cipher_kat_done(struct cipher_op *cop, int err)
{
	struct cipher_kat *kat = container_of(cop, struct cipher_kat, cop);

	kat->err = err;
	complete(&kat->answered);
}

static int cipher_kat_one(struct vcrypto *vc, struct cipher_kat *kat, bool decrypt)
{
	struct vcrypto_session *session;
	struct scatterlist in;
	unsigned int i;
	int err;

	err = vcrypto_cipher_session_open(vc, cipher_kat_key, sizeof(cipher_kat_key), decrypt,
					  &session);
	if (err)
		return err;
	memset(kat, 0, sizeof(*kat));
	init_completion(&kat->answered);
	memcpy(kat->in, cipher_kat_text[decrypt], sizeof(kat->in));
	for (i = 0; i < sizeof(kat->cop.iv); i++)
		kat->cop.iv[i] = i;
	kat->cop.len = sizeof(kat->in);
	kat->cop.out = kat->out;
	kat->cop.done = cipher_kat_done;
	sg_init_one(&in, kat->in, sizeof(kat->in));

	cipher_count(CIPHER_KAT_RUN);
	err = cipher_send(vc, &kat->cop, session, decrypt, &in);
	if (!err) {
		/* Its reset, which follows, answers; until then @kat is the device's. */
		if (!wait_for_completion_timeout(&kat->answered, CIPHER_KAT_TIMEOUT)) {
			vcrypto_fail(vc);
			wait_for_completion(&kat->answered);
		}
		err = kat->err;
	}
	vcrypto_session_close(vc, session);
	if (!err && memcmp(kat->out, cipher_kat_text[!decrypt], sizeof(kat->out)))
		err = -EBADMSG;
	if (err == -EBADMSG)
		cipher_count(CIPHER_KAT_FAILED);
	return err;
}

/* Does the device say that it does AES-CBC? It is up. */
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
 * vcrypto_cipher_join() - use a device for cbc(aes) if it offers that
 * @vc: device: up and ready; life_lock is held
 *
 * Context: sleeps; talks to the device.
 * Return: 0: it is in use. -EOPNOTSUPP: it does not offer it, or its rings are
 * too small. -EBADMSG: it computes wrongly. Or another error.
 */
int vcrypto_cipher_join(struct vcrypto *vc)
{
	struct cipher_kat *kat;
	u64 max_size;
	int err;

	if (!vcrypto_cipher_offered(vc) || !cipher_rings_suffice(vc))
		return -EOPNOTSUPP;
	kat = kzalloc_obj(*kat);
	if (!kat)
		return -ENOMEM;
	err = cipher_kat_one(vc, kat, false);
	if (!err)
		err = cipher_kat_one(vc, kat, true);
	kfree(kat);
	if (err)
		return err;

	/* Input, output, IV and status (5.9.5); 0: the device names no limit. */
	virtio_cread_le(vc->vdev, struct virtio_crypto_config, max_size, &max_size);
	vc->cipher_max = CIPHER_MAX_LEN;
	if (max_size)
		vc->cipher_max = max_size / 2 - min_t(u64, max_size / 2, AES_BLOCK_SIZE);

	spin_lock(&cipher_lock);
	list_add_tail(&vc->cipher_node, &cipher_devices);
	spin_unlock(&cipher_lock);
	queue_work(cipher_wq, &cipher_again);
	return cipher_register();
}

/**
 * vcrypto_cipher_leave() - a device goes: nobody sends to it any more
 * @vc: device; vcrypto_ctrl_abandon() was called, so that nobody waits for it
 *
 * What it holds is answered when it is reset. Its sessions are left to
 * vcrypto_sessions_close().
 *
 * Context: sleeps.
 */
void vcrypto_cipher_leave(struct vcrypto *vc)
{
	struct cipher_key *key, *next;
	LIST_HEAD(keys);

	if (list_empty(&vc->cipher_node))
		return;
	spin_lock(&cipher_lock);
	list_del_init(&vc->cipher_node);
	spin_unlock(&cipher_lock);
	wait_var_event(&vc->cipher_calls, !READ_ONCE(vc->cipher_calls));

	spin_lock(&cipher_lock);
	list_for_each_entry_safe(key, next, &vc->cipher_keys, node) {
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

void vcrypto_cipher_new(struct vcrypto *vc)
{
	INIT_LIST_HEAD(&vc->cipher_node);
	INIT_LIST_HEAD(&vc->cipher_keys);
}

void vcrypto_cipher_show(struct seq_file *m)
{
	static const char * const names[CIPHER_STATS] = {
		[CIPHER_OPS] = "ops",
		[CIPHER_DEVICE] = "device",
		[CIPHER_SW_NO_DEVICE] = "sw_no_device",
		[CIPHER_SW_UNSUPPORTED] = "sw_unsupported",
		[CIPHER_SW_DEVICE_ERROR] = "sw_device_error",
		[CIPHER_SW_NO_ROOM] = "sw_no_room",
		[CIPHER_KAT_RUN] = "kat_run",
		[CIPHER_KAT_FAILED] = "kat_failed",
	};
	unsigned int i;

	for (i = 0; i < CIPHER_STATS; i++)
		seq_printf(m, "%s %llu\n", names[i], (u64)atomic64_read(&cipher_stats[i]));
}

int vcrypto_cipher_init(void)
{
	cipher_wq = alloc_workqueue("virtio_crypto", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return cipher_wq ? 0 : -ENOMEM;
}

/* No device is left, and no transform. */
void vcrypto_cipher_exit(void)
{
	if (cipher_registered)
		crypto_unregister_skcipher(&cipher_alg);
	destroy_workqueue(cipher_wq);
}
