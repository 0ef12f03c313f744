// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AKCIPHER service: RSA and ECDSA (virtio 1.3, 5.9.7.2.1.5, 5.9.7.8). asym_executor computes.
 *
 * A request waits for its turn with a reference to its key. The key that a request brings
 * (stateless mode) is prepared when it is its turn (asym_job), and that is charged to the device
 * like the operation.
 */
#include <linux/err.h>
#include <linux/minmax.h>
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
	req->job.key = vc_akcipher_key(key, req->key);
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
	if (!req->job.key.der) {
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
	req->job.exec = &req->exec;
	return VIRTIO_CRYPTO_OK;
}

/* Compute, or wait, with the key of the session, which the request needs no more then. */
static void vc_akcipher_submit(struct vc_request *req)
{
	struct asym_exec_key *key = req->session->key;
	u32 cost = 0;

	req->exec.key = key;
	if (vc_data_begin(req)) {
		asym_exec_key_get(key);
		cost = asym_exec_key_cost(key, req->exec.op);
	}
	asym_job_submit(&req->job, cost, req->exec.src_len, false);
	vc_session_put(req->session);
	req->session = NULL;
}

/* Likewise with the key that came along: it is charged for that and for the operation. */
static void vc_akcipher_submit_keyed(struct vc_request *req)
{
	const struct asym_key_data *key = &req->job.key;
	u32 cost = 0;

	vc_count(req->q, VC_STAT_STATELESS);
	if (vc_data_begin(req))
		cost = asym_key_prepare_cost(key) + asym_key_cost(key, req->exec.op);
	asym_job_submit(&req->job, cost, req->exec.src_len, false);
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
		if (req->job.key.der)
			memzero_explicit(req->key, req->key_req.key_len);
		return ret;
	}
	if (req->job.key.der)
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
	if (!req->err || (req->err == -EKEYREJECTED && !req->job.key_failed))
		vc_data_count(req, VC_STAT_ENCRYPT + req->op, VC_STAT_ENCRYPT_BYTES + req->op,
			      req->exec.src_len);
	status = req->job.key_failed ? vc_key_status(req->err) :
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
	.finish		= vc_akcipher_finish,
};
