/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Crypto over Fabrics (CoF), version 1: what travels between an initiator and
 * a target. Documentation/crypto/cof-protocol.rst is the specification; this
 * file is its section 3 in C.
 *
 * Everything is little endian. A message is a fixed header (struct cof_hdr
 * first, hdr.hlen bytes in all) and data (hdr.length - hdr.hlen bytes).
 */
#ifndef _UAPI_LINUX_COF_H
#define _UAPI_LINUX_COF_H

#include <linux/types.h>

#define COF_MAGIC		0x31464f43	/* "COF1" as it lies in memory */
#define COF_VERSION		1

/* Bounds, section 4. */
#define COF_NAME_LEN		64	/* host id, pool: at most 63 bytes and NUL, NUL-padded */
#define COF_COOKIE_LEN		16
#define COF_MIN_MSG		8192	/* hdr.length that each side takes at least */
#define COF_MAX_MSG		65536	/* ... and may at most be asked to take */
#define COF_MAX_QUEUES		64	/* I/O queues of an association */
#define COF_MAX_DEPTH		1024	/* requests in flight on an I/O queue */
#define COF_ADMIN_DEPTH		16	/* requests in flight on the admin queue */
#define COF_MIN_KATO_MS		100
#define COF_MAX_KATO_MS		300000
#define COF_MAX_DER		4096	/* an encoded key */
#define COF_MAX_INPUT		512	/* cof_io_req.src_len */
#define COF_MAX_DIGEST		64	/* cof_io_req.digest_len */
#define COF_MAX_OUTPUT		512	/* cof_io_rsp.out_len */
#define COF_MAX_HOPS		16	/* cof_io_req.hops, whatever is configured */
#define COF_INLINE_KEYS		4	/* requests with a key in them in flight on an I/O queue */

/* RDMA: see Documentation/crypto/cof-protocol.rst, section RDMA */
#define COF_RDMA_MAGIC		0x52464f43	/* "COFR" as it lies in memory */
#define COF_RDMA_VERSION	1
#define COF_RDMA_MIN_RECEIVES	4
#define COF_RDMA_MAX_RECEIVES	2048
#define COF_RDMA_MAX_CREDITS	4096	/* held at a time */
#define COF_RDMA_MIN_SIZE	512	/* of a receive buffer */

/* cof_hdr.opcode. 0x00..0x3f: admin, 0x40..0x7f: I/O, the rest is reserved. */
enum cof_opcode {
	COF_CONNECT		= 0x01,	/* any queue: the first message on it */
	COF_DISCONNECT		= 0x02,	/* any queue, both directions, no response */
	COF_IDENTIFY		= 0x03,
	COF_KEY_OPEN		= 0x04,
	COF_KEY_CLOSE		= 0x05,
	COF_KEEP_ALIVE		= 0x06,
	COF_EVENT		= 0x07,	/* target to initiator, no response */
	COF_KEY_LOOKUP		= 0x08,	/* reserved: a key that lives in the pool, by name */
	COF_TLS			= 0x09,	/* reserved */

	COF_ENCRYPT		= 0x40,	/* 0x40 + enum asym_op */
	COF_DECRYPT		= 0x41,
	COF_SIGN		= 0x42,
	COF_VERIFY		= 0x43,
	COF_ABORT		= 0x48,	/* nobody waits for an operation any more */
	COF_QUERY		= 0x49,	/* is an operation still there? */
	COF_KEY_AGREE		= 0x50,	/* reserved: DH, ECDH */
	COF_KEM_ENCAP		= 0x51,	/* reserved: post-quantum */
	COF_KEM_DECAP		= 0x52,	/* reserved */
};

/* cof_hdr.flags */
#define COF_F_RESPONSE		0x0001	/* answers the request with this tag */
#define COF_F_MASK		0x0001

/* cof_connect_req.features: offered by the initiator, granted by the target */
#define COF_FEAT_HDR_CRC	(1ULL << 0)	/* hdr.hdr_crc is a CRC32C */
#define COF_FEAT_DATA_CRC	(1ULL << 1)	/* hdr.data_crc is a CRC32C */
#define COF_FEAT_INLINE_KEY	(1ULL << 2)	/* keys may travel with an operation */
#define COF_FEAT_ABORT		(1ULL << 3)	/* no meaning: COF_ABORT and COF_QUERY always are */
#define COF_FEAT_NAMED_KEYS	(1ULL << 4)
#define COF_FEAT_TLS		(1ULL << 5)

/* cof_event.event */
enum cof_event_code {
	COF_EVENT_CAPS		= 1,	/* send IDENTIFY again */
	COF_EVENT_QUOTA		= 2,	/* likewise */
	COF_EVENT_DRAINING	= 3,	/* no new operations, please; DISCONNECT follows */
};

/* cof_hdr.status of a response; of DISCONNECT: the reason. Section 6: errno. */
enum cof_status {
	COF_S_OK		= 0,
	COF_S_KEY_REJECTED	= 1,	/* -EKEYREJECTED	the signature is wrong */
	COF_S_BAD_MESSAGE	= 2,	/* -EBADMSG		input refused (padding, range) */
	COF_S_UNKNOWN_HANDLE	= 3,	/* -ESTALE		open the key again */
	COF_S_NO_KEY_ROOM	= 4,	/* -ENOSPC		max_keys reached */
	COF_S_BUSY		= 5,	/* -EBUSY		no resources now, later perhaps */
	COF_S_DRAINING		= 6,	/* -ESHUTDOWN		pool or port is being disabled */
	COF_S_HOST_DENIED	= 7,	/* -EACCES		host not allowed to use this pool */
	COF_S_UNKNOWN_POOL	= 8,	/* -ENOENT		no such enabled pool on this port */
	COF_S_VERSION		= 9,	/* -EPROTONOSUPPORT	no version in common */
	COF_S_CLEAR_TEXT	= 10,	/* -EPERM		clear text refused on this port */
	COF_S_INVALID		= 11,	/* -EINVAL		a field, or a key, is invalid */
	COF_S_OVERFLOW		= 12,	/* -EOVERFLOW		result does not fit; out_len says */
	COF_S_INTERNAL		= 13,	/* -EIO			the target failed */
	COF_S_NOT_SUPPORTED	= 14,	/* -EOPNOTSUPP		operation, padding, key size */
	COF_S_PROTOCOL		= 15,	/* -EPROTO		rules broken: connection closes */
	COF_S_LOOP		= 16,	/* -ELOOP		too many hops */
	COF_S_TIMEOUT		= 17,	/* -ETIMEDOUT		keep-alive or set-up ran out */
	COF_S_NO_ASSOCIATION	= 18,	/* -ENOTCONN		no association with this cookie */
	COF_S_NO_MEMORY		= 19,	/* -ENOMEM */
	COF_S_ABORTED		= 20,	/* -ECANCELED */
	COF_S_BAD_CRC		= 21,	/* -EILSEQ */
	COF_S_NR
};

/**
 * struct cof_hdr - in front of every message
 * @magic: COF_MAGIC
 * @opcode: enum cof_opcode; a response repeats the request's
 * @flags: COF_F_*
 * @length: bytes of the whole message, this header included
 * @hlen: bytes of the fixed part (this header and what the opcode adds)
 * @status: enum cof_status in a response and in DISCONNECT, else 0
 * @tag: chosen by the initiator, unique among what is in flight on the
 *	queue; repeated in the response
 * @hdr_crc: CRC32C of the fixed part with this field 0; 0 unless negotiated
 * @data_crc: CRC32C of the data; 0 unless negotiated
 */
struct cof_hdr {
	__le32 magic;
	__le16 opcode;
	__le16 flags;
	__le32 length;
	__le16 hlen;
	__le16 status;
	__le64 tag;
	__le32 hdr_crc;
	__le32 data_crc;
};

/**
 * struct cof_connect_req - COF_CONNECT, the first message on a connection
 * @hdr: see struct cof_hdr
 * @version_min: lowest version the initiator speaks
 * @version_max: highest
 * @qid: 0: admin, makes an association; 1..queues: an I/O queue of one
 * @queues: I/O queues wanted (admin only, else 0)
 * @depth: requests in flight wanted on each I/O queue (admin only, else 0)
 * @max_msg: longest message the initiator takes, bytes
 * @kato_ms: keep-alive time-out wanted (admin only, else 0)
 * @rsvd: 0
 * @features: COF_FEAT_* offered (admin only, else 0)
 * @cookie: 0 for admin; else the association's, from the admin response
 * @hostid: who connects
 * @pool: the pool it wants
 */
struct cof_connect_req {
	struct cof_hdr hdr;
	__le16 version_min;
	__le16 version_max;
	__le16 qid;
	__le16 queues;
	__le32 depth;
	__le32 max_msg;
	__le32 kato_ms;
	__le32 rsvd;
	__le64 features;
	__u8 cookie[COF_COOKIE_LEN];
	__u8 hostid[COF_NAME_LEN];
	__u8 pool[COF_NAME_LEN];
};

/**
 * struct cof_connect_rsp - granted, or why not (hdr.status)
 * @hdr: see struct cof_hdr
 * @version: the version both speak from here on; refused with COF_S_VERSION: the target's highest
 * @version_min: the target's lowest
 * @qid: as in the request
 * @queues: I/O queues granted, at most what was asked
 * @depth: requests in flight granted on each I/O queue, at most what was asked
 * @max_msg: longest message the target takes, bytes
 * @kato_ms: keep-alive time-out in force
 * @rsvd: 0
 * @features: COF_FEAT_* granted, a subset of what was offered
 * @assoc_id: for logs
 * @cookie: the association's secret; I/O queues present it. 0 when refused.
 */
struct cof_connect_rsp {
	struct cof_hdr hdr;
	__le16 version;
	__le16 version_min;
	__le16 qid;
	__le16 queues;
	__le32 depth;
	__le32 max_msg;
	__le32 kato_ms;
	__le32 rsvd;
	__le64 features;
	__le64 assoc_id;
	__u8 cookie[COF_COOKIE_LEN];
};

/**
 * struct cof_identify_rsp - what the pool offers (request: struct cof_hdr alone)
 * @hdr: see struct cof_hdr
 * @algos: 1 << enum asym_algo
 * @rsa_ops: 1 << enum asym_op
 * @rsa_paddings: 1 << enum asym_padding
 * @rsa_hashes: 1 << enum asym_hash
 * @rsa_min_bits: smallest modulus
 * @rsa_max_bits: largest modulus
 * @max_keys: keys an association may hold open
 * @max_der: longest key, bytes
 * @ec_curves: 1 << enum asym_curve
 * @ec_ops: 1 << enum asym_op, of ECDSA
 * @ops_per_sec: quota granted, 0: unlimited (also the next four)
 * @bytes_per_sec: input bytes
 * @units_per_sec: cost; one is an RSA-2048 private operation
 * @burst_ms: how far a burst may run ahead
 * @max_inflight: of all queues together
 * @driver: LKCF driver that computes, for information; NUL-padded
 */
struct cof_identify_rsp {
	struct cof_hdr hdr;
	__le32 algos;
	__le32 rsa_ops;
	__le32 rsa_paddings;
	__le32 rsa_hashes;
	__le32 rsa_min_bits;
	__le32 rsa_max_bits;
	__le32 max_keys;
	__le32 max_der;
	__le32 ec_curves;
	__le32 ec_ops;
	__le64 ops_per_sec;
	__le64 bytes_per_sec;
	__le64 units_per_sec;
	__le32 burst_ms;
	__le32 max_inflight;
	__u8 driver[COF_NAME_LEN];
};

/**
 * struct cof_key_open_req - data: the key
 * @hdr: see struct cof_hdr
 * @algo: enum asym_algo
 * @is_private: 1: RFC 8017 RSAPrivateKey, or RFC 5915 ECPrivateKey; 0: RSAPublicKey, or the
 *	point as SEC 1, 2.3.3 encodes it
 * @curve: enum asym_curve of ECDSA; RSA: 0
 * @rsvd: 0
 * @der_len: bytes of data, 1 to COF_MAX_DER
 */
struct cof_key_open_req {
	struct cof_hdr hdr;
	__u8 algo;
	__u8 is_private;
	__u8 curve;
	__u8 rsvd;
	__le32 der_len;
};

/**
 * struct cof_key_open_rsp - the key has a name
 * @hdr: see struct cof_hdr
 * @handle: names the key in this association; opaque, never 0
 * @key_bytes: size of the modulus; ECDSA: of the longest signature
 * @rsvd: 0
 */
struct cof_key_open_rsp {
	struct cof_hdr hdr;
	__le64 handle;
	__le32 key_bytes;
	__le32 rsvd;
};

/**
 * struct cof_key_close_req - response: struct cof_hdr alone
 * @hdr: see struct cof_hdr
 * @handle: from COF_KEY_OPEN; operations in flight still use the key
 */
struct cof_key_close_req {
	struct cof_hdr hdr;
	__le64 handle;
};

/**
 * struct cof_event - no response; hdr.tag is 0
 * @hdr: see struct cof_hdr
 * @event: enum cof_event_code
 * @rsvd: 0
 */
struct cof_event {
	struct cof_hdr hdr;
	__le32 event;
	__le32 rsvd;
};

/**
 * struct cof_io_req - COF_SIGN, COF_VERIFY, COF_ENCRYPT, COF_DECRYPT
 * @hdr: see struct cof_hdr
 * @handle: the key, or 0 for an inline key
 * @algo: enum asym_algo (of the key)
 * @padding: enum asym_padding; ECDSA: ASYM_PAD_RAW
 * @hash: enum asym_hash; ECDSA: ASYM_HASH_NONE
 * @hops: fabrics this operation crosses, this one included: 1 from the host where it began
 * @src_len: bytes of input: message, ciphertext, digest to sign, signature to verify
 * @digest_len: bytes of digest (COF_VERIFY, else 0)
 * @out_len: room for the result at the initiator (COF_VERIFY: 0)
 * @key_len: bytes of an inline key (as in struct cof_key_open_req), 0 with a handle; only with
 *	COF_FEAT_INLINE_KEY, COF_INLINE_KEYS such requests in flight at most
 * @key_private: an inline key is private
 * @key_curve: enum asym_curve of an inline key of ECDSA, else 0
 * @rsvd: 0
 *
 * Data: the input, the digest, the inline key, with nothing between them.
 */
struct cof_io_req {
	struct cof_hdr hdr;
	__le64 handle;
	__u8 algo;
	__u8 padding;
	__u8 hash;
	__u8 hops;
	__le32 src_len;
	__le32 digest_len;
	__le32 out_len;
	__le32 key_len;
	__u8 key_private;
	__u8 key_curve;
	__u8 rsvd[2];
};

/**
 * struct cof_io_rsp - data: the result
 * @hdr: see struct cof_hdr
 * @out_len: bytes of data; with COF_S_OVERFLOW: bytes needed, and no data
 * @rsvd: 0
 */
struct cof_io_rsp {
	struct cof_hdr hdr;
	__le32 out_len;
	__le32 rsvd;
};

/**
 * struct cof_abort_req - response: struct cof_hdr alone
 * @hdr: see struct cof_hdr
 * @abort_tag: the operation on the same queue that nobody waits for any more
 */
struct cof_abort_req {
	struct cof_hdr hdr;
	__le64 abort_tag;
};

/**
 * struct cof_query_req - response: struct cof_hdr alone; COF_S_OK: the operation is with the
 *	target and will be answered; COF_S_UNKNOWN_HANDLE: it is not
 * @hdr: see struct cof_hdr
 * @query_tag: the operation on the same queue that has no answer yet
 */
struct cof_query_req {
	struct cof_hdr hdr;
	__le64 query_tag;
};

/**
 * struct cof_rdma_cm - private data of the RDMA CM's connect request, and of its acceptance
 * @magic: COF_RDMA_MAGIC
 * @version: COF_RDMA_VERSION
 * @receives: receive buffers that are posted, COF_RDMA_MIN_RECEIVES to COF_RDMA_MAX_RECEIVES: the
 *	peer's first credits
 * @size: bytes of each, COF_RDMA_MIN_SIZE to COF_MAX_MSG
 * @rsvd: 0
 */
struct cof_rdma_cm {
	__le32 magic;
	__le16 version;
	__le16 receives;
	__le32 size;
	__le32 rsvd;
};

/**
 * struct cof_rdma_reject - private data of a rejection
 * @magic: COF_RDMA_MAGIC
 * @version: the one that is known
 * @status: COF_S_VERSION, COF_S_INVALID, COF_S_BUSY, COF_S_NO_MEMORY
 */
struct cof_rdma_reject {
	__le32 magic;
	__le16 version;
	__le16 status;
};

/**
 * struct cof_rdma_hdr - what each SEND begins with, before (a part of) a message, or nothing
 * @credits: receive buffers posted since the last SEND in this direction
 * @rsvd: 0
 * @rsvd2: 0
 */
struct cof_rdma_hdr {
	__le16 credits;
	__le16 rsvd;
	__le32 rsvd2;
};

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>

#define COF_AT(type, field, offset) \
	static_assert(offsetof(struct type, field) == (offset), #type "." #field)
#define COF_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), #type)

COF_AT(cof_hdr, magic, 0);
COF_AT(cof_hdr, opcode, 4);
COF_AT(cof_hdr, flags, 6);
COF_AT(cof_hdr, length, 8);
COF_AT(cof_hdr, hlen, 12);
COF_AT(cof_hdr, status, 14);
COF_AT(cof_hdr, tag, 16);
COF_AT(cof_hdr, hdr_crc, 24);
COF_AT(cof_hdr, data_crc, 28);
COF_SIZE(cof_hdr, 32);

COF_AT(cof_connect_req, version_min, 32);
COF_AT(cof_connect_req, version_max, 34);
COF_AT(cof_connect_req, qid, 36);
COF_AT(cof_connect_req, queues, 38);
COF_AT(cof_connect_req, depth, 40);
COF_AT(cof_connect_req, max_msg, 44);
COF_AT(cof_connect_req, kato_ms, 48);
COF_AT(cof_connect_req, rsvd, 52);
COF_AT(cof_connect_req, features, 56);
COF_AT(cof_connect_req, cookie, 64);
COF_AT(cof_connect_req, hostid, 80);
COF_AT(cof_connect_req, pool, 144);
COF_SIZE(cof_connect_req, 208);

COF_AT(cof_connect_rsp, version, 32);
COF_AT(cof_connect_rsp, version_min, 34);
COF_AT(cof_connect_rsp, qid, 36);
COF_AT(cof_connect_rsp, queues, 38);
COF_AT(cof_connect_rsp, depth, 40);
COF_AT(cof_connect_rsp, max_msg, 44);
COF_AT(cof_connect_rsp, kato_ms, 48);
COF_AT(cof_connect_rsp, rsvd, 52);
COF_AT(cof_connect_rsp, features, 56);
COF_AT(cof_connect_rsp, assoc_id, 64);
COF_AT(cof_connect_rsp, cookie, 72);
COF_SIZE(cof_connect_rsp, 88);

COF_AT(cof_identify_rsp, algos, 32);
COF_AT(cof_identify_rsp, rsa_ops, 36);
COF_AT(cof_identify_rsp, rsa_paddings, 40);
COF_AT(cof_identify_rsp, rsa_hashes, 44);
COF_AT(cof_identify_rsp, rsa_min_bits, 48);
COF_AT(cof_identify_rsp, rsa_max_bits, 52);
COF_AT(cof_identify_rsp, max_keys, 56);
COF_AT(cof_identify_rsp, max_der, 60);
COF_AT(cof_identify_rsp, ec_curves, 64);
COF_AT(cof_identify_rsp, ec_ops, 68);
COF_AT(cof_identify_rsp, ops_per_sec, 72);
COF_AT(cof_identify_rsp, bytes_per_sec, 80);
COF_AT(cof_identify_rsp, units_per_sec, 88);
COF_AT(cof_identify_rsp, burst_ms, 96);
COF_AT(cof_identify_rsp, max_inflight, 100);
COF_AT(cof_identify_rsp, driver, 104);
COF_SIZE(cof_identify_rsp, 168);

COF_AT(cof_key_open_req, algo, 32);
COF_AT(cof_key_open_req, is_private, 33);
COF_AT(cof_key_open_req, curve, 34);
COF_AT(cof_key_open_req, rsvd, 35);
COF_AT(cof_key_open_req, der_len, 36);
COF_SIZE(cof_key_open_req, 40);

COF_AT(cof_key_open_rsp, handle, 32);
COF_AT(cof_key_open_rsp, key_bytes, 40);
COF_AT(cof_key_open_rsp, rsvd, 44);
COF_SIZE(cof_key_open_rsp, 48);

COF_AT(cof_key_close_req, handle, 32);
COF_SIZE(cof_key_close_req, 40);

COF_AT(cof_event, event, 32);
COF_AT(cof_event, rsvd, 36);
COF_SIZE(cof_event, 40);

COF_AT(cof_io_req, handle, 32);
COF_AT(cof_io_req, algo, 40);
COF_AT(cof_io_req, padding, 41);
COF_AT(cof_io_req, hash, 42);
COF_AT(cof_io_req, hops, 43);
COF_AT(cof_io_req, src_len, 44);
COF_AT(cof_io_req, digest_len, 48);
COF_AT(cof_io_req, out_len, 52);
COF_AT(cof_io_req, key_len, 56);
COF_AT(cof_io_req, key_private, 60);
COF_AT(cof_io_req, key_curve, 61);
COF_AT(cof_io_req, rsvd, 62);
COF_SIZE(cof_io_req, 64);

COF_AT(cof_io_rsp, out_len, 32);
COF_AT(cof_io_rsp, rsvd, 36);
COF_SIZE(cof_io_rsp, 40);

COF_AT(cof_abort_req, abort_tag, 32);
COF_SIZE(cof_abort_req, 40);

COF_AT(cof_query_req, query_tag, 32);
COF_SIZE(cof_query_req, 40);

COF_AT(cof_rdma_cm, magic, 0);
COF_AT(cof_rdma_cm, version, 4);
COF_AT(cof_rdma_cm, receives, 6);
COF_AT(cof_rdma_cm, size, 8);
COF_AT(cof_rdma_cm, rsvd, 12);
COF_SIZE(cof_rdma_cm, 16);
COF_AT(cof_rdma_reject, version, 4);
COF_AT(cof_rdma_reject, status, 6);
COF_SIZE(cof_rdma_reject, 8);
COF_AT(cof_rdma_hdr, credits, 0);
COF_AT(cof_rdma_hdr, rsvd, 2);
COF_AT(cof_rdma_hdr, rsvd2, 4);
COF_SIZE(cof_rdma_hdr, 8);

#undef COF_AT
#undef COF_SIZE
#endif /* __KERNEL__ */

#endif /* _UAPI_LINUX_COF_H */
