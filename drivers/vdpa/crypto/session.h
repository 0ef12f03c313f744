/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sessions of a device. See session.c.
 */
#ifndef _VDPA_CRYPTO_SESSION_H
#define _VDPA_CRYPTO_SESSION_H

#include <linux/idr.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct asym_exec_key;
struct crypto_skcipher;
struct vc_service;

/**
 * struct vc_session - a key as a driver opened it
 * @ref: one for the table, one for each request being submitted
 * @id: as the driver names it: a count in the upper half, the table's index in the lower
 * @service: whose it is; decides which of the following there are
 * @tfm: of a cipher, with the key
 * @decrypt: what @tfm is for
 * @key: the executor's
 * @algo: enum asym_algo, of @key
 * @padding: enum asym_padding
 * @hash: enum asym_hash
 */
struct vc_session {
	refcount_t ref;
	u64 id;
	const struct vc_service *service;
	struct crypto_skcipher *tfm;
	bool decrypt;
	struct asym_exec_key *key;
	u8 algo;
	u8 padding;
	u8 hash;
};

/**
 * struct vc_sessions - the sessions of one device
 * @lock: protects everything but @max
 * @table: by index
 * @ida: which indices are taken
 * @max: size of the table
 * @count: sessions in the table
 * @seq: the last session's count
 * @gen: incremented when all are destroyed, so that one being created then is not added
 */
struct vc_sessions {
	spinlock_t lock;		/* the table */
	struct vc_session **table;
	struct ida ida;
	unsigned int max;
	unsigned int count;
	u32 seq;
	u32 gen;
};

int vc_sessions_init(struct vc_sessions *s, unsigned int max);
void vc_sessions_exit(struct vc_sessions *s);
void vc_sessions_destroy_all(struct vc_sessions *s);
int vc_session_reserve(struct vc_sessions *s);
void vc_session_unreserve(struct vc_sessions *s, int index);
int vc_session_add(struct vc_sessions *s, int index, struct vc_session *session, u32 gen);
int vc_session_destroy(struct vc_sessions *s, u64 id, const struct vc_service *service);
struct vc_session *vc_session_get(struct vc_sessions *s, u64 id, const struct vc_service *service);
void vc_session_put(struct vc_session *session);

#endif /* _VDPA_CRYPTO_SESSION_H */
