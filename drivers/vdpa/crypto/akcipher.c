// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AKCIPHER service: RSA and ECDSA (virtio 1.3, 5.9.7.2.1.5, 5.9.7.8). asym_executor computes.
 *
 * A request waits for its turn with a reference to its key.
 *
 * A request that brings its key (stateless mode) goes through the queue's other work item, because
 * preparing a key may take long. That is charged to the device like the operation, and begins when
 * it is the request's turn.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/internal/asym/key.h>

#include "akcipher.h"
#include "data.h"
#include "dev.h"
#include "parse.h"

/* ---- sessions -------------------------------------------------------------------- */

static struct asym_key_data vc_akcipher_key(const struct vc_create_req *create, const u8 *der)
{
	return (struct asym_key_data){
		.algo = create->algo,
		.curve = create->curve,
		.is_private = create->is_private,
		.der = der,
		.der_len = create->key_len,
	};
}

static u8 vc_akcipher_parse_create(const struct vc_dev *vc,
				   const struct virtio_crypto_op_ctrl_req *req, size_t readable,
				   struct vc_create_req *out)
{
	return vc_parse_key(&req->u.akcipher_create_session.para, readable, &vc->caps, out);
}

static u32 vc_akcipher_key_cost(const struct vc_create_req *create, const u8 *der)
{
	struct asym_key_data data = vc_akcipher_key(create, der);

	return asym_key_prepare_cost(&data);
}

static int vc_akcipher_open(struct vc_dev *vc, const struct vc_create_req *create, const u8 *der,
			    struct vc_session *session)
{
	struct asym_key_data data = vc_akcipher_key(create, der);

	session->algo = create->algo;
	session->padding = create->padding;
	session->hash = create->hash;
	session->key = asym_exec_key_create(vc->exec, &data);
	return PTR_ERR_OR_ZERO(session->key);
}

static void vc_akcipher_close(struct vc_session *session)
{
	asym_exec_key_put(session->key);
}

/* ---- requests -------------------------------------------------------------------- */

/* The executor's callback: bottom halves are disabled. */
static void vc_akcipher_complete(struct asym_exec_request *exec, int err)
{
	vc_data_complete(container_of(exec, struct vc_request, exec), err);
}

/* With a reference to the key. The executor takes its own; the request may be gone then. */
static void vc_akcipher_compute(struct vc_request *req)
{
	struct asym_exec_key *key = req->exec.key;

	asym_exec_submit(&req->exec);
	asym_exec_key_put(key);
}

/* struct vc_service.dispatch */
static void vc_akcipher_dispatch(struct vc_request *req)
{
	if (req->keyed)
		vc_data_prepare(req);
	else
		vc_akcipher_compute(req);
}

/* struct vc_service.prepare: the key that came along, which is gone when the operation is over */
static void vc_akcipher_prepare(struct vc_request *req)
{
	struct asym_key_data data = vc_akcipher_key(&req->key_req, req->key);
	struct asym_exec_key *key = ERR_PTR(-ECANCELED);
	struct vc_queue *q = req->q;
	bool stale;

	scoped_guard(mutex, &q->lock)
		stale = req->gen != q->gen;
	if (!stale)
		key = asym_exec_key_create(q->vc->exec, &data);
	memzero_explicit(req->key, req->key_req.key_len);
	if (IS_ERR(key)) {
		req->key_failed = true;
		vc_data_complete(req, PTR_ERR(key));
		return;
	}
	req->exec.key = key;
	vc_akcipher_compute(req);
}

/* struct vc_service.cancel */
static void vc_akcipher_cancel(struct vc_request *req)
{
	if (req->keyed)
		memzero_explicit(req->key, req->key_req.key_len);
	else
		asym_exec_key_put(req->exec.key);
}

/* Take the key that a request brings from the ring. Return: VIRTIO_CRYPTO_*. */
static u8 vc_akcipher_pull_key(struct vc_request *req, const struct vc_data_hdr *hdr,
			       size_t readable)
{
	struct vc_create_req *key = &req->key_req;
	struct vc_queue *q = req->q;
	u8 ret;

	ret = vc_parse_key(&hdr->para, readable, &q->vc->caps, key);
	if (ret != VIRTIO_CRYPTO_OK)
		return ret;
	if (!req->key)
		req->key = kmalloc(ASYM_MAX_DER, GFP_KERNEL);
	if (!req->key)
		return VIRTIO_CRYPTO_ERR;
	req->keyed = true;
	return vc_iov_pull(q->vc, &q->riov, req->key, key->key_len) == key->key_len ?
	       VIRTIO_CRYPTO_OK : VIRTIO_CRYPTO_ERR;
}

/* Read and check what precedes the input. Return: VIRTIO_CRYPTO_OK, _NOTSUPP or _ERR. */
static u8 vc_akcipher_parse(struct vc_request *req, const struct virtio_crypto_op_header *header,
			    size_t readable, struct vc_data_req *data)
{
	u8 buf[sizeof(struct virtio_crypto_op_data_req)];
	struct vc_queue *q = req->q;
	u64 features = READ_ONCE(q->vc->features);
	unsigned int flf_len = vc_data_hdr_len(features) - sizeof(*header);
	struct vc_data_hdr hdr;
	u8 ret;

	memcpy(buf, header, sizeof(*header));
	if (vc_iov_pull(q->vc, &q->riov, buf + sizeof(*header), flf_len) != flf_len)
		return VIRTIO_CRYPTO_ERR;
	readable -= flf_len;
	ret = vc_parse_data_hdr(buf, features, &hdr);
	if (ret != VIRTIO_CRYPTO_OK)
		return ret;
	if (hdr.stateless) {
		ret = vc_akcipher_pull_key(req, &hdr, readable);
		if (ret != VIRTIO_CRYPTO_OK)
			return ret;
		readable -= req->key_req.key_len;
	}
	return vc_parse_data(&hdr, readable, req->writable - sizeof(struct virtio_crypto_inhdr),
			     data);
}

/* The session, or the key that came along. Return: VIRTIO_CRYPTO_OK, _INVSESS or _NOTSUPP. */
static u8 vc_akcipher_find_key(struct vc_request *req, const struct vc_data_req *data)
{
	u8 algo = req->key_req.algo;

	req->exec.padding = req->key_req.padding;
	req->exec.hash = req->key_req.hash;
	if (!req->keyed) {
		req->session = vc_session_get(&req->q->vc->sessions, data->session, req->service);
		if (!req->session)
			return VIRTIO_CRYPTO_INVSESS;
		algo = req->session->algo;
		req->exec.padding = req->session->padding;
		req->exec.hash = req->session->hash;
	}
	return vc_session_allows(algo, req->exec.padding, data->op) ? VIRTIO_CRYPTO_OK :
								     VIRTIO_CRYPTO_NOTSUPP;
}

/* Read the input, and say what is to be computed. Return: VIRTIO_CRYPTO_OK or _ERR. */
static u8 vc_akcipher_pull(struct vc_request *req, const struct vc_data_req *data)
{
	req->used = data->src_len + data->digest_len;
	if (vc_iov_pull(req->q->vc, &req->q->riov, req->src, req->used) != req->used)
		return VIRTIO_CRYPTO_ERR;
	req->op = data->op;
	req->exec.op = data->op;
	req->exec.flags = 0;
	req->exec.src = req->src;
	req->exec.src_len = data->src_len;
	req->exec.digest = data->op == ASYM_VERIFY ? req->src + data->src_len : NULL;
	req->exec.digest_len = data->digest_len;
	req->exec.dst = req->dst;
	req->exec.dst_len = data->dst_len;
	/* The executor may write a block, if there is room for one. */
	req->dst_used = min_t(u32, data->dst_len, VC_MAX_DATA);
	req->exec.complete = vc_akcipher_complete;
	return VIRTIO_CRYPTO_OK;
}

/* Compute, or wait, with the key of the session, which the request needs no more then. */
static void vc_akcipher_submit(struct vc_request *req)
{
	struct asym_exec_key *key = req->session->key;

	req->exec.key = key;
	if (vc_data_begin(req)) {
		asym_exec_key_get(key);
		vc_data_submit(req, asym_exec_key_cost(key, req->exec.op), req->exec.src_len);
	} else {
		asym_exec_submit(&req->exec);
	}
	vc_session_put(req->session);
	req->session = NULL;
}

/* Likewise with the key that came along: it is charged for that and for the operation. */
static void vc_akcipher_submit_keyed(struct vc_request *req)
{
	struct asym_key_data data = vc_akcipher_key(&req->key_req, req->key);

	vc_count(req->q, VC_STAT_STATELESS);
	req->exec.key = NULL;
	if (vc_data_begin(req))
		vc_data_submit(req, asym_key_prepare_cost(&data) +
			       asym_key_cost(&data, req->exec.op), req->exec.src_len);
	else
		vc_data_prepare(req);
}

/* struct vc_service.start */
static int vc_akcipher_start(struct vc_request *req, const struct virtio_crypto_op_header *header,
			     size_t readable)
{
	u32 opcode = le32_to_cpu(header->opcode);
	struct vc_data_req data;
	u8 ret;

	/* Before anything else of it is looked at, whose meaning that decides. */
	if (!req->q->vc->caps.algos || opcode > VIRTIO_CRYPTO_AKCIPHER_VERIFY)
		return VIRTIO_CRYPTO_NOTSUPP;
	ret = vc_akcipher_parse(req, header, readable, &data);
	if (ret == VIRTIO_CRYPTO_OK)
		ret = vc_akcipher_find_key(req, &data);
	if (ret == VIRTIO_CRYPTO_OK)
		ret = vc_akcipher_pull(req, &data);
	if (ret != VIRTIO_CRYPTO_OK) {
		if (ret == VIRTIO_CRYPTO_ERR)
			vc_count(req->q, VC_STAT_MALFORMED);
		if (req->keyed)
			memzero_explicit(req->key, req->key_req.key_len);
		return ret;
	}
	if (req->keyed)
		vc_akcipher_submit_keyed(req);
	else
		vc_akcipher_submit(req);
	return -EINPROGRESS;
}

/* struct vc_service.finish */
static bool vc_akcipher_finish(struct vc_request *req)
{
	u8 status;
	u32 len = 0;

	if (!req->err && req->op != ASYM_VERIFY)
		len = req->exec.dst_len;
	if (WARN_ON_ONCE(len > VC_MAX_DATA || len > req->writable - 1)) {
		len = 0;
		req->err = -EIO;
	}
	if (!req->err || (req->err == -EKEYREJECTED && !req->key_failed))
		vc_data_count(req, VC_STAT_ENCRYPT + req->op, VC_STAT_ENCRYPT_BYTES + req->op,
			      req->exec.src_len);
	status = req->key_failed ? vc_key_status(req->err) :
				   vc_op_status(req->err, req->q->vc->features);
	vc_data_answer(req, status, len);
	return true;
}

const struct vc_service vc_akcipher = {
	.parse_create	= vc_akcipher_parse_create,
	.key_cost	= vc_akcipher_key_cost,
	.open		= vc_akcipher_open,
	.close		= vc_akcipher_close,
	.start		= vc_akcipher_start,
	.dispatch	= vc_akcipher_dispatch,
	.prepare	= vc_akcipher_prepare,
	.cancel		= vc_akcipher_cancel,
	.finish		= vc_akcipher_finish,
};
