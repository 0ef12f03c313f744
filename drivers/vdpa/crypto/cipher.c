// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CIPHER service: cbc(aes) (virtio 1.3, 5.9.7.2.1.3, 5.9.7.6).
 *
 * A session has a transform of its own, with the key; a request that brings its key is a session
 * in no table, which ends with it. A request is computed in pieces of
 * VC_CIPHER_PIECE bytes, in place in the buffer that the request object has anyway, one after the
 * other, the last block of one being the IV of the next: so a request may be long, and what a
 * driver can make this kernel allocate hardly grows with it. Others have their turn in between.
 *
 * The queue's worker (vc_queue.lock, vc_dev.map_sem held) takes a piece from the driver's memory,
 * has it computed, and writes it back. Of a device with limits the first piece waits in the
 * scheduler, and is started wherever that dispatches; it is charged for the whole request.
 *
 * The transforms are what the kernel has best for cbc(aes), but never a virtio crypto driver's:
 * that may be the one that drives this very device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/math.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <uapi/linux/virtio_crypto_stateless.h>
#include <crypto/skcipher.h>

#include "cipher.h"
#include "data.h"
#include "dev.h"

#define VC_CIPHER_PIECE	SZ_4K	/* computed at once, in the request's own buffer */
#define VC_CIPHER_RUN	16	/* pieces computed before others have a turn */
#define VC_CIPHER_KEY_COST	5	/* milliunits, to allocate a transform and to set its key */
/* Bytes for a milliunit (1000: an RSA-2048 private operation): about what software does. */
#define VC_CIPHER_UNIT	1024

static_assert(VC_CIPHER_PIECE <= VC_MAX_SIZE);
static_assert(sizeof(struct virtio_crypto_sym_data_req) == 48);
static_assert(sizeof(struct virtio_crypto_sym_create_session_req) == 56);
static_assert(sizeof(struct virtio_crypto_cipher_stateless_para) == 72 + 4);

/* ---- sessions -------------------------------------------------------------------- */

/* Return: VIRTIO_CRYPTO_OK, _NOTSUPP (algorithm, chaining, direction), _ERR (lengths). */
static u8 vc_cipher_check_key(u32 op_type, u32 algo, u32 op, u32 len, size_t readable)
{
	if (op_type != VIRTIO_CRYPTO_SYM_OP_CIPHER || algo != VIRTIO_CRYPTO_CIPHER_AES_CBC ||
	    (op != VIRTIO_CRYPTO_OP_ENCRYPT && op != VIRTIO_CRYPTO_OP_DECRYPT))
		return VIRTIO_CRYPTO_NOTSUPP;
	if (len != AES_KEYSIZE_128 && len != AES_KEYSIZE_192 && len != AES_KEYSIZE_256)
		return VIRTIO_CRYPTO_ERR;
	return len > readable ? VIRTIO_CRYPTO_ERR : VIRTIO_CRYPTO_OK;
}

/**
 * vc_cipher_parse_key() - check a request to open a session
 * @create: what it says
 * @readable: bytes of key the driver supplied
 * @out: the request, valid if VIRTIO_CRYPTO_OK is returned
 *
 * Return: VIRTIO_CRYPTO_OK, _NOTSUPP (algorithm, chaining, direction), _ERR (lengths).
 */
u8 vc_cipher_parse_key(const struct virtio_crypto_sym_create_session_req *create, size_t readable,
		       struct vc_create_req *out)
{
	const struct virtio_crypto_cipher_session_para *para = &create->u.cipher.para;

	out->key_len = le32_to_cpu(para->keylen);
	out->decrypt = le32_to_cpu(para->op) == VIRTIO_CRYPTO_OP_DECRYPT;
	return vc_cipher_check_key(le32_to_cpu(create->op_type), le32_to_cpu(para->algo),
				   le32_to_cpu(para->op), out->key_len, readable);
}

static u8 vc_cipher_parse_create(const struct vc_dev *vc,
				 const struct virtio_crypto_op_ctrl_req *req, size_t readable,
				 struct vc_create_req *out)
{
	return vc_cipher_parse_key(&req->u.sym_create_session, readable, out);
}

static u32 vc_cipher_key_cost(const struct vc_create_req *create, const u8 *key)
{
	return VC_CIPHER_KEY_COST;
}

/* struct vc_service.open: a transform with the key, which is copied */
static int vc_cipher_open(struct vc_dev *vc, const struct vc_create_req *create, const u8 *key,
			  struct vc_session *session)
{
	/* By this name, so that it fits into the request objects. */
	const char *driver = crypto_skcipher_driver_name(vc->cipher);
	struct crypto_skcipher *tfm;
	int err;

	tfm = crypto_alloc_skcipher(driver, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_skcipher_reqsize(tfm) > crypto_skcipher_reqsize(vc->cipher) ? -ENXIO :
	      crypto_skcipher_setkey(tfm, key, create->key_len);
	if (err) {
		crypto_free_skcipher(tfm);
		return err;
	}
	session->tfm = tfm;
	session->decrypt = create->decrypt;
	return 0;
}

static void vc_cipher_close(struct vc_session *session)
{
	crypto_free_skcipher(session->tfm);
}

/* ---- requests -------------------------------------------------------------------- */

/**
 * vc_cipher_flf_len() - bytes of a cipher's data request between its header and what is variable
 * @features: that the driver accepted
 *
 * virtio 1.3, 5.9.7.3 "Data Virtqueue"; not padded where the stateless mode is accepted, which
 * requires revision 1.
 *
 * Return: at most sizeof(struct virtio_crypto_cipher_stateless_para).
 */
unsigned int vc_cipher_flf_len(u64 features)
{
	return features & BIT_ULL(VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE) ?
	       sizeof(struct virtio_crypto_cipher_stateless_para) :
	       sizeof(struct virtio_crypto_sym_data_req);
}

/**
 * vc_cipher_parse_hdr() - the fixed part of a cipher's data request
 * @header: what all requests begin with
 * @flf: what follows it, vc_cipher_flf_len() bytes
 * @features: that the driver accepted
 * @out: what they say, nothing of it checked
 *
 * virtio 1.3, 5.9.7.3: without revision 1 the flag is ignored.
 */
void vc_cipher_parse_hdr(const struct virtio_crypto_op_header *header, const u8 *flf, u64 features,
			 struct vc_cipher_hdr *out)
{
	struct virtio_crypto_cipher_stateless_para stateless;
	struct virtio_crypto_sym_data_req sym;

	*out = (struct vc_cipher_hdr){
		.opcode = le32_to_cpu(header->opcode),
		.session = le64_to_cpu(header->session_id),
		.stateless = features & BIT_ULL(VIRTIO_CRYPTO_F_REVISION_1) &&
			     !(le32_to_cpu(header->flag) & VIRTIO_CRYPTO_FLAG_SESSION_MODE),
	};
	if (features & BIT_ULL(VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE)) {
		memcpy(&stateless, flf, sizeof(stateless));
		out->algo = le32_to_cpu(stateless.algo);
		out->key_len = le32_to_cpu(stateless.key_len);
		out->op = le32_to_cpu(stateless.op);
		out->op_type = le32_to_cpu(stateless.op_type);
		out->iv_len = le32_to_cpu(stateless.iv_len);
		out->src = le32_to_cpu(stateless.src_data_len);
		out->dst = le32_to_cpu(stateless.dst_data_len);
		return;
	}
	memcpy(&sym, flf, sizeof(sym));
	out->op_type = le32_to_cpu(sym.op_type);
	out->iv_len = le32_to_cpu(sym.u.cipher.para.iv_len);
	out->src = le32_to_cpu(sym.u.cipher.para.src_data_len);
	out->dst = le32_to_cpu(sym.u.cipher.para.dst_data_len);
}

/**
 * vc_cipher_parse() - check a data request
 * @hdr: its fixed part
 * @features: that the driver accepted
 * @readable: bytes the driver supplied after that
 * @writable: bytes the device may write, without the struct virtio_crypto_inhdr
 * @out: the request, valid if VIRTIO_CRYPTO_OK is returned
 *
 * Return: VIRTIO_CRYPTO_OK, _NOTSUPP (opcode, chaining, no session; of a key's algorithm and
 * direction), _ERR (lengths).
 */
u8 vc_cipher_parse(const struct vc_cipher_hdr *hdr, u64 features, size_t readable, size_t writable,
		   struct vc_cipher_req *out)
{
	bool decrypt = hdr->opcode == VIRTIO_CRYPTO_CIPHER_DECRYPT;
	u8 ret;

	if ((hdr->opcode != VIRTIO_CRYPTO_CIPHER_ENCRYPT && !decrypt) ||
	    hdr->op_type != VIRTIO_CRYPTO_SYM_OP_CIPHER)
		return VIRTIO_CRYPTO_NOTSUPP;
	out->key_len = 0;
	if (hdr->stateless) {
		if (!(features & BIT_ULL(VIRTIO_CRYPTO_F_CIPHER_STATELESS_MODE)))
			return VIRTIO_CRYPTO_NOTSUPP;
		ret = vc_cipher_check_key(hdr->op_type, hdr->algo, hdr->op, hdr->key_len, readable);
		if (ret != VIRTIO_CRYPTO_OK)
			return ret;
		if (hdr->op != (decrypt ? VIRTIO_CRYPTO_OP_DECRYPT : VIRTIO_CRYPTO_OP_ENCRYPT))
			return VIRTIO_CRYPTO_NOTSUPP;
		out->key_len = hdr->key_len;
		readable -= hdr->key_len;
	}
	/* "MUST be the same as the block length of the cipher" */
	if (hdr->iv_len != AES_BLOCK_SIZE || readable < AES_BLOCK_SIZE)
		return VIRTIO_CRYPTO_ERR;
	if (hdr->src > VC_CIPHER_MAX || hdr->src % AES_BLOCK_SIZE ||
	    hdr->src > readable - AES_BLOCK_SIZE || hdr->dst < hdr->src || hdr->dst > writable)
		return VIRTIO_CRYPTO_ERR;
	out->session = hdr->session;
	out->len = hdr->src;
	out->decrypt = decrypt;
	return VIRTIO_CRYPTO_OK;
}

/* struct vc_service.init_request */
static int vc_cipher_init_request(struct vc_request *req)
{
	struct crypto_skcipher *tfm = req->q->vc->cipher;

	req->sk = kzalloc(sizeof(*req->sk) + crypto_skcipher_reqsize(tfm), GFP_KERNEL);
	return req->sk ? 0 : -ENOMEM;
}

static void vc_cipher_done(void *data, int err)
{
	struct vc_request *req = data;

	if (err != -EINPROGRESS)	/* it was in the driver's backlog */
		asym_job_done(&req->job, err);
}

/*
 * Computes the piece at req->src. Any context that bottom halves may have. Return: -EINPROGRESS if
 * vc_cipher_done() will be called, or was: the request may be gone; else the result.
 */
static int vc_cipher_compute(struct vc_request *req)
{
	struct skcipher_request *sk = req->sk;
	int err;

	skcipher_request_set_tfm(sk, req->session->tfm);
	skcipher_request_set_callback(sk, CRYPTO_TFM_REQ_MAY_BACKLOG, vc_cipher_done, req);
	sg_init_one(&req->sg, req->src, req->piece);
	skcipher_request_set_crypt(sk, &req->sg, &req->sg, req->piece, req->iv);
	err = req->session->decrypt ? crypto_skcipher_decrypt(sk) : crypto_skcipher_encrypt(sk);
	return err == -EBUSY ? -EINPROGRESS : err;
}

/* struct vc_service.dispatch: the first piece is at req->src */
static void vc_cipher_dispatch(struct vc_request *req)
{
	int err = vc_cipher_compute(req);

	if (err != -EINPROGRESS)
		asym_job_done(&req->job, err);
}

/* Takes the next piece from the driver's memory. Return: false if it cannot be read. */
static bool vc_cipher_pull(struct vc_request *req, struct vc_iov *riov)
{
	u32 n = min_t(u32, req->left, VC_CIPHER_PIECE);

	if (vc_iov_pull(req->q->vc, riov, req->src, n) != n)
		return false;
	req->piece = n;
	req->left -= n;
	return true;
}

/* Writes a piece that is computed. Return: false if that cannot be. */
static bool vc_cipher_push(struct vc_request *req)
{
	if (vc_iov_push(req->q->vc, &req->wiov, req->src, req->piece) != req->piece)
		return false;
	req->pushed += req->piece;
	return true;
}

/* The end of a request. */
static void vc_cipher_answer(struct vc_request *req, int err)
{
	bool decrypt = req->session->decrypt;

	if (!err)
		vc_data_count(req, decrypt ? VC_STAT_CIPHER_DECRYPT : VC_STAT_CIPHER_ENCRYPT,
			      decrypt ? VC_STAT_CIPHER_DECRYPT_BYTES : VC_STAT_CIPHER_ENCRYPT_BYTES,
			      req->total);
	vc_data_answer(req, err ? VIRTIO_CRYPTO_ERR : VIRTIO_CRYPTO_OK, 0);
}

/* Memory that was there is not any more. */
static int vc_cipher_bad_memory(struct vc_request *req)
{
	vc_count(req->q, VC_STAT_MALFORMED);
	return -EFAULT;
}

/*
 * Computes pieces, beginning with the one at req->src, while they are computed within the call
 * and it is not others' turn. Return: -EINPROGRESS: goes on with vc_cipher_finish(), and the
 * request may be gone; else the result, which is to be answered.
 */
static int vc_cipher_run(struct vc_request *req)
{
	unsigned int n;
	int err;

	for (n = 0; ; n++) {
		err = vc_cipher_compute(req);
		if (err)
			return err;
		if (n == VC_CIPHER_RUN) {
			vc_data_over(req, 0);
			return -EINPROGRESS;
		}
		if (!vc_cipher_push(req))
			return vc_cipher_bad_memory(req);
		if (!req->left)
			return 0;
		if (!vc_cipher_pull(req, &req->riov))
			return vc_cipher_bad_memory(req);
	}
}

/* struct vc_service.finish: a piece was computed */
static bool vc_cipher_finish(struct vc_request *req)
{
	int err = req->err;

	if (!err && !vc_cipher_push(req))
		err = vc_cipher_bad_memory(req);
	if (!err && req->left) {
		err = vc_cipher_pull(req, &req->riov) ? vc_cipher_run(req) :
							vc_cipher_bad_memory(req);
		if (err == -EINPROGRESS)
			return false;
	}
	vc_cipher_answer(req, err);
	return true;
}

/*
 * A session for one request, with the key that it brings, which is taken from vc_queue.riov.
 * Return: VIRTIO_CRYPTO_*.
 */
static u8 vc_cipher_pull_key(struct vc_request *req, const struct vc_cipher_req *cipher)
{
	const struct vc_create_req create = {
		.key_len = cipher->key_len,
		.decrypt = cipher->decrypt,
	};
	struct vc_queue *q = req->q;
	struct vc_session *session;
	u8 key[AES_MAX_KEY_SIZE];
	int err = -EFAULT;

	session = kzalloc_obj(*session);
	if (!session)
		return VIRTIO_CRYPTO_ERR;
	refcount_set(&session->ref, 1);
	session->service = req->service;
	if (vc_iov_pull(q->vc, &q->riov, key, create.key_len) == create.key_len)
		err = vc_cipher_open(q->vc, &create, key, session);
	memzero_explicit(key, sizeof(key));
	if (err) {
		kfree(session);
		return VIRTIO_CRYPTO_ERR;
	}
	req->session = session;
	vc_count(q, VC_STAT_STATELESS);
	return VIRTIO_CRYPTO_OK;
}

/* The session, or one with the key that came along. Return: VIRTIO_CRYPTO_*. */
static u8 vc_cipher_find_key(struct vc_request *req, const struct vc_cipher_req *cipher)
{
	u8 ret;

	if (cipher->key_len) {
		ret = vc_cipher_pull_key(req, cipher);
		if (ret != VIRTIO_CRYPTO_OK)
			return ret;
	} else {
		req->session = vc_session_get(&req->q->vc->sessions, cipher->session, req->service);
		if (!req->session)
			return VIRTIO_CRYPTO_INVSESS;
	}
	return req->session->decrypt == cipher->decrypt ? VIRTIO_CRYPTO_OK : VIRTIO_CRYPTO_NOTSUPP;
}

/* The first piece is at req->src: compute, or wait. Return: as vc_cipher_start(). */
static int vc_cipher_submit(struct vc_request *req)
{
	struct vc_dev *vc = req->q->vc;
	int err;

	if (vc_data_begin(req)) {
		asym_job_submit(&req->job, DIV_ROUND_UP(req->total, VC_CIPHER_UNIT), req->total,
				false);
		return -EINPROGRESS;
	}
	err = vc_cipher_run(req);
	if (err == -EINPROGRESS)
		return err;
	/* It was never anybody else's. */
	list_del(&req->free);
	vc_cipher_answer(req, err);
	vc_inflight_done(vc);
	vc_dev_put(vc);
	return -EALREADY;
}

/* struct vc_service.start */
static int vc_cipher_start(struct vc_request *req, const struct virtio_crypto_op_header *header,
			   size_t readable)
{
	u8 flf[sizeof(struct virtio_crypto_cipher_stateless_para)];
	struct vc_queue *q = req->q;
	u64 features = READ_ONCE(q->vc->features);
	unsigned int flf_len = vc_cipher_flf_len(features);
	struct vc_cipher_req cipher;
	struct vc_cipher_hdr hdr;
	u8 ret;

	if (vc_iov_pull(q->vc, &q->riov, flf, flf_len) != flf_len)
		goto malformed;
	vc_cipher_parse_hdr(header, flf, features, &hdr);
	ret = vc_cipher_parse(&hdr, features, readable - flf_len,
			      req->writable - sizeof(struct virtio_crypto_inhdr), &cipher);
	if (ret == VIRTIO_CRYPTO_ERR)
		goto malformed;
	if (ret == VIRTIO_CRYPTO_OK)
		ret = vc_cipher_find_key(req, &cipher);
	if (ret != VIRTIO_CRYPTO_OK)
		return ret;

	if (vc_iov_pull(q->vc, &q->riov, req->iv, sizeof(req->iv)) != sizeof(req->iv))
		goto malformed;
	req->total = cipher.len;
	req->left = cipher.len;
	req->used = min_t(u32, cipher.len, VC_CIPHER_PIECE);
	if (!cipher.len) {
		vc_cipher_answer(req, 0);
		return -EALREADY;
	}
	if (!vc_cipher_pull(req, &q->riov))
		goto malformed;
	/*
	 * More than a piece: the queue's list of the input's buffers, of which some is taken, is
	 * used for the next request before this one is over.
	 */
	if (req->left && vc_iov_dup(&req->riov, &q->riov))
		return VIRTIO_CRYPTO_ERR;
	return vc_cipher_submit(req);

malformed:
	vc_count(q, VC_STAT_MALFORMED);
	return VIRTIO_CRYPTO_ERR;
}

static const struct vc_service vc_cipher = {
	.parse_create	= vc_cipher_parse_create,
	.key_cost	= vc_cipher_key_cost,
	.open		= vc_cipher_open,
	.close		= vc_cipher_close,
	.init_request	= vc_cipher_init_request,
	.start		= vc_cipher_start,
	.dispatch	= vc_cipher_dispatch,
	.finish		= vc_cipher_finish,
};

/* ---- the device's algorithm ------------------------------------------------------ */

static bool vc_cipher_is_remote(struct crypto_skcipher *tfm)
{
	return strstarts(crypto_skcipher_driver_name(tfm), "virtio");
}

/**
 * vc_cipher_init() - offer ciphers, if something computes them
 * @vc: the device; nothing is done unless it is to offer them
 *
 * Context: may sleep.
 * Return: 0 or -errno; vc_cipher_exit() is due in any case.
 */
int vc_cipher_init(struct vc_dev *vc)
{
	/* What a virtio crypto driver says of itself: it allocates, or has a fallback. */
	static const u32 masks[] = { 0, CRYPTO_ALG_NEED_FALLBACK | CRYPTO_ALG_ALLOCATES_MEMORY };
	struct crypto_skcipher *tfm = NULL;
	int i;

	if (!(vc->params.algos & VC_ALGO_CBC_AES))
		return 0;
	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		tfm = crypto_alloc_skcipher("cbc(aes)", 0, masks[i]);
		if (IS_ERR(tfm) || !vc_cipher_is_remote(tfm))
			break;
		crypto_free_skcipher(tfm);
		tfm = ERR_PTR(-ENOENT);
	}
	if (IS_ERR(tfm)) {
		pr_err("%s: enable: the kernel has no cbc(aes) of its own (%pe)\n",
		       vc->params.name, tfm);
		return PTR_ERR(tfm);
	}
	vc->cipher = tfm;
	vc->services[VIRTIO_CRYPTO_SERVICE_CIPHER] = &vc_cipher;
	return 0;
}

/**
 * vc_cipher_exit() - undo vc_cipher_init()
 * @vc: the device; no session and no request is left
 *
 * Context: may sleep.
 */
void vc_cipher_exit(struct vc_dev *vc)
{
	crypto_free_skcipher(vc->cipher);
}
