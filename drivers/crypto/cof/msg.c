// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: building headers, and checking what a peer sent against sections
 * 3 and 4 of cof-protocol.rst. No state, no locks, any context. After
 * cof_msg_check() returned 0 the structure of the opcode can be read and its
 * data has the length its fields say.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <crypto/internal/asym/types.h>
#include "msg.h"

enum {
	ADMIN	= BIT(0),	/* on the admin queue */
	IO	= BIT(1),	/* on I/O queues */
	ASK	= BIT(2),	/* initiator to target */
	TELL	= BIT(3),	/* target to initiator, no response */
};

static const struct cof_opcode_info {
	u8 where;
	u16 req_hlen;
	u16 rsp_hlen;
} opcodes[] = {
	[COF_CONNECT]	= { ADMIN | IO | ASK, sizeof(struct cof_connect_req),
			    sizeof(struct cof_connect_rsp) },
	[COF_DISCONNECT] = { ADMIN | IO | ASK | TELL, sizeof(struct cof_hdr), 0 },
	[COF_IDENTIFY]	= { ADMIN | ASK, sizeof(struct cof_hdr), sizeof(struct cof_identify_rsp) },
	[COF_KEY_OPEN]	= { ADMIN | ASK, sizeof(struct cof_key_open_req),
			    sizeof(struct cof_key_open_rsp) },
	[COF_KEY_CLOSE]	= { ADMIN | ASK, sizeof(struct cof_key_close_req), sizeof(struct cof_hdr) },
	[COF_KEEP_ALIVE] = { ADMIN | ASK, sizeof(struct cof_hdr), sizeof(struct cof_hdr) },
	[COF_EVENT]	= { ADMIN | TELL, sizeof(struct cof_event), 0 },
	[COF_ENCRYPT]	= { IO | ASK, sizeof(struct cof_io_req), sizeof(struct cof_io_rsp) },
	[COF_DECRYPT]	= { IO | ASK, sizeof(struct cof_io_req), sizeof(struct cof_io_rsp) },
	[COF_SIGN]	= { IO | ASK, sizeof(struct cof_io_req), sizeof(struct cof_io_rsp) },
	[COF_VERIFY]	= { IO | ASK, sizeof(struct cof_io_req), sizeof(struct cof_io_rsp) },
	[COF_ABORT]	= { IO | ASK, sizeof(struct cof_abort_req), sizeof(struct cof_hdr) },
	[COF_QUERY]	= { IO | ASK, sizeof(struct cof_query_req), sizeof(struct cof_hdr) },
};

static const struct cof_opcode_info *opcode_info(u16 opcode)
{
	if (opcode >= ARRAY_SIZE(opcodes) || !opcodes[opcode].where)
		return NULL;
	return &opcodes[opcode];
}

/**
 * cof_request_hlen() - length of the fixed part of a request (or EVENT, DISCONNECT)
 * @opcode: enum cof_opcode
 *
 * Return: bytes, 0 if there is no such request.
 */
u16 cof_request_hlen(u16 opcode)
{
	const struct cof_opcode_info *info = opcode_info(opcode);

	return info ? info->req_hlen : 0;
}
EXPORT_SYMBOL_GPL(cof_request_hlen);

/**
 * cof_response_hlen() - length of the fixed part of a response
 * @opcode: enum cof_opcode of the request
 *
 * Return: bytes; 0 if the opcode is unknown, or has no response.
 */
u16 cof_response_hlen(u16 opcode)
{
	const struct cof_opcode_info *info = opcode_info(opcode);

	return info ? info->rsp_hlen : 0;
}
EXPORT_SYMBOL_GPL(cof_response_hlen);

/**
 * cof_hdr_init() - fill in the common header
 * @hdr: in front of @hlen bytes, which are zeroed
 * @opcode: enum cof_opcode
 * @flags: COF_F_*
 * @status: enum cof_status
 * @hlen: bytes of the fixed part, at least 32
 * @data_len: bytes of data that will follow
 * @tag: as in struct cof_hdr
 */
void cof_hdr_init(struct cof_hdr *hdr, u16 opcode, u16 flags, u16 status,
		  u16 hlen, u32 data_len, u64 tag)
{
	memset(hdr, 0, hlen);
	hdr->magic = cpu_to_le32(COF_MAGIC);
	hdr->opcode = cpu_to_le16(opcode);
	hdr->flags = cpu_to_le16(flags);
	hdr->length = cpu_to_le32(hlen + data_len);
	hdr->hlen = cpu_to_le16(hlen);
	hdr->status = cpu_to_le16(status);
	hdr->tag = cpu_to_le64(tag);
}
EXPORT_SYMBOL_GPL(cof_hdr_init);

/**
 * cof_response_init() - fill in the common header of a response
 * @rsp: in front of @hlen bytes, which are zeroed
 * @opcode: of the request
 * @tag: of the request
 * @status: enum cof_status
 * @hlen: bytes of the fixed part, at least 32
 * @data_len: bytes of data that will follow
 */
void cof_response_init(struct cof_hdr *rsp, u16 opcode, u64 tag, u16 status,
		       u16 hlen, u32 data_len)
{
	cof_hdr_init(rsp, opcode, COF_F_RESPONSE, status, hlen, data_len, tag);
}
EXPORT_SYMBOL_GPL(cof_response_init);

/* The common header, section 4 down to "data length". */
static int check_header(const struct cof_hdr *msg, u32 len)
{
	if (len < sizeof(*msg) || le32_to_cpu(msg->magic) != COF_MAGIC ||
	    le32_to_cpu(msg->length) != len || le16_to_cpu(msg->hlen) < sizeof(*msg) ||
	    le16_to_cpu(msg->hlen) > len)
		return -EPROTO;
	if (msg->flags & ~cpu_to_le16(COF_F_MASK))
		return -EPROTO;
	if (msg->hdr_crc || msg->data_crc)	/* not agreed on, or else taken out already */
		return -EPROTO;
	return 0;
}

static int check_key_open(const struct cof_key_open_req *req, u32 data_len)
{
	u32 der_len = le32_to_cpu(req->der_len);

	if (req->rsvd || der_len != data_len)
		return -EPROTO;
	if (req->algo == ASYM_RSA && req->curve)
		return -EINVAL;
	return der_len && der_len <= COF_MAX_DER && req->is_private <= 1 ? 0 : -EINVAL;
}

static bool hash_valid(u8 hash)
{
	return hash == ASYM_HASH_NONE || (hash >= ASYM_HASH_MD5 && hash < ASYM_HASH_NR);
}

static int check_io(const struct cof_io_req *req, u32 data_len)
{
	u32 src_len = le32_to_cpu(req->src_len);
	u32 digest_len = le32_to_cpu(req->digest_len);
	u32 key_len = le32_to_cpu(req->key_len);
	bool verify = cof_msg_opcode(&req->hdr) == COF_VERIFY;

	if (req->rsvd[0] || req->rsvd[1] ||
	    (u64)src_len + digest_len + key_len != data_len)
		return -EPROTO;
	if (src_len > COF_MAX_INPUT || digest_len > COF_MAX_DIGEST ||
	    key_len > COF_MAX_DER || le32_to_cpu(req->out_len) > COF_MAX_OUTPUT)
		return -EINVAL;
	if (req->padding >= ASYM_PAD_NR || !hash_valid(req->hash) ||
	    !req->hops || req->hops > COF_MAX_HOPS || req->key_private > 1)
		return -EINVAL;
	if (verify ? req->out_len : req->digest_len)
		return -EINVAL;
	if (req->handle ? key_len || req->key_private || req->key_curve : !key_len)
		return -EINVAL;
	if (req->algo == ASYM_RSA && req->key_curve)
		return -EINVAL;
	return 0;
}

static int check_request(const struct cof_hdr *msg, u32 data_len)
{
	switch (cof_msg_opcode(msg)) {
	case COF_CONNECT:
		if (((const struct cof_connect_req *)msg)->rsvd)
			return -EPROTO;
		break;
	case COF_KEY_OPEN:
		return check_key_open((const struct cof_key_open_req *)msg, data_len);
	case COF_EVENT:
		if (((const struct cof_event *)msg)->rsvd)
			return -EPROTO;
		break;
	case COF_ENCRYPT:
	case COF_DECRYPT:
	case COF_SIGN:
	case COF_VERIFY:
		return check_io((const struct cof_io_req *)msg, data_len);
	default:
		break;
	}
	return data_len ? -EPROTO : 0;
}

static int check_io_rsp(const struct cof_io_rsp *rsp, u32 data_len)
{
	u32 out_len = le32_to_cpu(rsp->out_len);
	u16 status = cof_msg_status(&rsp->hdr);

	if (rsp->rsvd || out_len > COF_MAX_OUTPUT)
		return -EPROTO;
	if (status == COF_S_OVERFLOW)
		return data_len ? -EPROTO : 0;
	if (out_len != data_len || (status != COF_S_OK && data_len))
		return -EPROTO;
	return cof_msg_opcode(&rsp->hdr) == COF_VERIFY && data_len ? -EPROTO : 0;
}

static int check_response(const struct cof_hdr *msg, u32 data_len)
{
	switch (cof_msg_opcode(msg)) {
	case COF_CONNECT:
		if (((const struct cof_connect_rsp *)msg)->rsvd)
			return -EPROTO;
		break;
	case COF_KEY_OPEN:
		if (((const struct cof_key_open_rsp *)msg)->rsvd)
			return -EPROTO;
		break;
	case COF_ENCRYPT:
	case COF_DECRYPT:
	case COF_SIGN:
	case COF_VERIFY:
		return check_io_rsp((const struct cof_io_rsp *)msg, data_len);
	default:
		break;
	}
	return data_len ? -EPROTO : 0;
}

/**
 * cof_msg_check() - is this a message that a peer may send?
 * @msg: what arrived
 * @len: bytes at @msg
 * @receiver: who asks
 * @admin: it came on the admin queue (or on one that is not connected yet)
 *
 * Knows nothing of states: whether CONNECT came already, which tags are in
 * flight. The values in CONNECT are cof_connect_check()'s.
 *
 * Context: any. Specification: sections 3 and 4.
 * Return: 0: the structure of the opcode (request or response, by COF_F_RESPONSE) can be read;
 * -EPROTO: rules are broken, the connection ends (section 5); -EOPNOTSUPP: unknown opcode,
 * well-formed; -EINVAL: well-formed request, a value is out of bounds.
 */
int cof_msg_check(const struct cof_hdr *msg, u32 len, enum cof_side receiver, bool admin)
{
	const struct cof_opcode_info *info;
	u32 data_len;
	u16 hlen;

	if (check_header(msg, len))
		return -EPROTO;
	hlen = le16_to_cpu(msg->hlen);
	data_len = len - hlen;
	info = opcode_info(cof_msg_opcode(msg));

	if (msg->flags & cpu_to_le16(COF_F_RESPONSE)) {
		if (receiver == COF_TARGET)
			return -EPROTO;
		if (!info)
			return -EOPNOTSUPP;
		if (!(info->where & (admin ? ADMIN : IO)) || !info->rsp_hlen)
			return -EPROTO;
		if (hlen == sizeof(*msg) && !data_len && cof_msg_status(msg) == COF_S_NOT_SUPPORTED)
			return 0;
		return hlen == info->rsp_hlen ? check_response(msg, data_len) : -EPROTO;
	}

	if (msg->status && cof_msg_opcode(msg) != COF_DISCONNECT)
		return -EPROTO;
	if (!info)
		return -EOPNOTSUPP;
	if (!(info->where & (admin ? ADMIN : IO)) ||
	    !(info->where & (receiver == COF_TARGET ? ASK : TELL)))
		return -EPROTO;
	return hlen == info->req_hlen ? check_request(msg, data_len) : -EPROTO;
}
EXPORT_SYMBOL_GPL(cof_msg_check);

/**
 * cof_connect_check() - are the values in CONNECT in bounds?
 * @req: passed cof_msg_check()
 *
 * Context: any. Specification: section 4. Names are cof_name_get()'s.
 * Return: 0 or -EINVAL.
 */
int cof_connect_check(const struct cof_connect_req *req)
{
	u16 qid = le16_to_cpu(req->qid);
	u16 queues = le16_to_cpu(req->queues);
	u32 depth = le32_to_cpu(req->depth);
	u32 max_msg = le32_to_cpu(req->max_msg);
	u32 kato_ms = le32_to_cpu(req->kato_ms);

	if (max_msg < COF_MIN_MSG || max_msg > COF_MAX_MSG || qid > COF_MAX_QUEUES)
		return -EINVAL;
	if (qid)
		return queues || depth || kato_ms || req->features ? -EINVAL : 0;
	if (!queues || queues > COF_MAX_QUEUES || !depth || depth > COF_MAX_DEPTH)
		return -EINVAL;
	if (kato_ms && (kato_ms < COF_MIN_KATO_MS || kato_ms > COF_MAX_KATO_MS))
		return -EINVAL;
	return memchr_inv(req->cookie, 0, COF_COOKIE_LEN) ? -EINVAL : 0;
}
EXPORT_SYMBOL_GPL(cof_connect_check);

/**
 * cof_connect_rsp_check() - did the target grant what it may?
 * @rsp: passed cof_msg_check(), status COF_S_OK
 * @queues: asked for
 * @depth: asked for
 * @features: offered
 *
 * For queue 0; an I/O queue's response repeats it. Context: any.
 * Specification: section 4.
 * Return: 0 or -EPROTO.
 */
int cof_connect_rsp_check(const struct cof_connect_rsp *rsp, u16 queues, u32 depth, u64 features)
{
	u32 max_msg = le32_to_cpu(rsp->max_msg);
	u32 kato_ms = le32_to_cpu(rsp->kato_ms);

	if (le16_to_cpu(rsp->version) != COF_VERSION || rsp->qid || !rsp->queues ||
	    le16_to_cpu(rsp->queues) > queues || !rsp->depth || le32_to_cpu(rsp->depth) > depth ||
	    le64_to_cpu(rsp->features) & ~features)
		return -EPROTO;
	if (max_msg < COF_MIN_MSG || max_msg > COF_MAX_MSG ||
	    kato_ms < COF_MIN_KATO_MS || kato_ms > COF_MAX_KATO_MS)
		return -EPROTO;
	return 0;
}
EXPORT_SYMBOL_GPL(cof_connect_rsp_check);

static const struct {
	int err;
	const char *name;
} statuses[COF_S_NR] = {
	[COF_S_OK]		= { 0, "ok" },
	[COF_S_KEY_REJECTED]	= { -EKEYREJECTED, "signature rejected" },
	[COF_S_BAD_MESSAGE]	= { -EBADMSG, "bad message" },
	[COF_S_UNKNOWN_HANDLE]	= { -ESTALE, "unknown key handle" },
	[COF_S_NO_KEY_ROOM]	= { -ENOSPC, "no room for keys" },
	[COF_S_BUSY]		= { -EBUSY, "busy" },
	[COF_S_DRAINING]	= { -ESHUTDOWN, "draining" },
	[COF_S_HOST_DENIED]	= { -EACCES, "host not allowed" },
	[COF_S_UNKNOWN_POOL]	= { -ENOENT, "unknown pool" },
	[COF_S_VERSION]		= { -EPROTONOSUPPORT, "version mismatch" },
	[COF_S_CLEAR_TEXT]	= { -EPERM, "clear text refused" },
	[COF_S_INVALID]		= { -EINVAL, "invalid" },
	[COF_S_OVERFLOW]	= { -EOVERFLOW, "result does not fit" },
	[COF_S_INTERNAL]	= { -EIO, "internal error" },
	[COF_S_NOT_SUPPORTED]	= { -EOPNOTSUPP, "not supported" },
	[COF_S_PROTOCOL]	= { -EPROTO, "protocol violation" },
	[COF_S_LOOP]		= { -ELOOP, "too many hops" },
	[COF_S_TIMEOUT]		= { -ETIMEDOUT, "timed out" },
	[COF_S_NO_ASSOCIATION]	= { -ENOTCONN, "no such association" },
	[COF_S_NO_MEMORY]	= { -ENOMEM, "out of memory" },
	[COF_S_ABORTED]		= { -ECANCELED, "aborted" },
	[COF_S_BAD_CRC]		= { -EILSEQ, "bad CRC" },
};

/**
 * cof_errno_to_status() - what to send
 * @err: 0 or a negative errno
 *
 * Context: any. Specification: section 6.
 * Return: enum cof_status; COF_S_INTERNAL for an errno that has none.
 */
u16 cof_errno_to_status(int err)
{
	u16 i;

	for (i = 0; i < COF_S_NR; i++)
		if (statuses[i].err == err)
			return i;
	return COF_S_INTERNAL;
}
EXPORT_SYMBOL_GPL(cof_errno_to_status);

/**
 * cof_status_to_errno() - what was received
 * @status: of a message
 *
 * Context: any. Specification: section 6.
 * Return: 0 or a negative errno; -EIO for a status that is unknown.
 */
int cof_status_to_errno(u16 status)
{
	return status < COF_S_NR ? statuses[status].err : -EIO;
}
EXPORT_SYMBOL_GPL(cof_status_to_errno);

/**
 * cof_status_name() - a status for logs
 * @status: of a message
 *
 * Context: any.
 * Return: a few words, static.
 */
const char *cof_status_name(u16 status)
{
	return status < COF_S_NR ? statuses[status].name : "unknown status";
}
EXPORT_SYMBOL_GPL(cof_status_name);
