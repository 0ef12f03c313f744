/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages: made, and checked before anybody reads them. See msg.c.
 */
#ifndef _COF_MSG_H
#define _COF_MSG_H

#include <linux/types.h>
#include <asm/byteorder.h>
#include <uapi/linux/cof.h>

#include "conn.h"

void cof_hdr_init(struct cof_hdr *hdr, u16 opcode, u16 flags, u16 status,
		  u16 hlen, u32 data_len, u64 tag);

static inline void cof_request_init(struct cof_hdr *hdr, u16 opcode, u16 hlen,
				    u32 data_len, u64 tag)
{
	cof_hdr_init(hdr, opcode, 0, COF_S_OK, hlen, data_len, tag);
}

/* A response of any kind: header filled from the request's, the rest of hlen zeroed. */
void cof_response_init(struct cof_hdr *rsp, u16 opcode, u64 tag, u16 status,
		       u16 hlen, u32 data_len);

static inline u16 cof_msg_opcode(const struct cof_hdr *msg)
{
	return le16_to_cpu(msg->opcode);
}

static inline u64 cof_msg_tag(const struct cof_hdr *msg)
{
	return le64_to_cpu(msg->tag);
}

static inline u16 cof_msg_status(const struct cof_hdr *msg)
{
	return le16_to_cpu(msg->status);
}

static inline const u8 *cof_msg_data(const struct cof_hdr *msg)
{
	return (const u8 *)msg + le16_to_cpu(msg->hlen);
}

static inline u32 cof_msg_data_len(const struct cof_hdr *msg)
{
	return le32_to_cpu(msg->length) - le16_to_cpu(msg->hlen);
}

/*
 * Which messages a side may receive. cof_msg_check() validates everything in
 * section 4 of the specification that can be told from the message alone (all
 * header fields, hlen and data length for the opcode, reserved fields, per-field
 * bounds), so that afterwards the structure of that opcode can be read.
 * 0; -EPROTO: broken rules, close the connection (COF_S_PROTOCOL); -EOPNOTSUPP: an opcode this
 * version does not know (answer COF_S_NOT_SUPPORTED, stay); -EINVAL: well-formed,
 * a field's value is out of bounds (answer COF_S_INVALID; the connection stays).
 */
enum cof_side {
	COF_INITIATOR,	/* receives responses, EVENT, DISCONNECT */
	COF_TARGET,	/* receives requests, DISCONNECT */
};

int cof_msg_check(const struct cof_hdr *msg, u32 len, enum cof_side receiver, bool admin);

/* CONNECT: the values in it (-EINVAL), and what was granted for the admin queue (-EPROTO). */
int cof_connect_check(const struct cof_connect_req *req);
int cof_connect_rsp_check(const struct cof_connect_rsp *rsp, u16 queues, u32 depth, u64 features);

/* Length of the fixed part of a request/response of @opcode, 0 if there is none. */
u16 cof_request_hlen(u16 opcode);
u16 cof_response_hlen(u16 opcode);

/* status <-> errno, one to one; unknown ones become COF_S_INTERNAL and -EIO. */
u16 cof_errno_to_status(int err);
int cof_status_to_errno(u16 status);
const char *cof_status_name(u16 status);

/* The names of digests in configfs: "none", "header", "data", "both"; as COF_DIGEST_*. */
extern const char *const cof_digest_names[COF_DIGESTS + 1];

/* Longest request and response on an I/O queue without inline keys; largest admin message. */
#define COF_IO_REQ_MAX	(sizeof(struct cof_io_req) + COF_MAX_INPUT + COF_MAX_DIGEST)
#define COF_IO_RSP_MAX	(sizeof(struct cof_io_rsp) + COF_MAX_OUTPUT)
#define COF_ADMIN_MAX	(sizeof(struct cof_key_open_req) + COF_MAX_DER)

#endif /* _COF_MSG_H */
