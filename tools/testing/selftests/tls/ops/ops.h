/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lkcf_ops: what its files share.
 */
#ifndef SELFTESTS_TLS_OPS_H
#define SELFTESTS_TLS_OPS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "../../lib/chance.h"
#include "../../lib/clock.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_KEYS	16
#define MAX_OUT		1024
#define MAX_PEM		8192
#define MAX_SHAPES	1024
#define MAX_JOBS	256
#define UNSET		(-1000)
#define TLS_PREMASTER	48

enum kind { SIGN, DIGEST_SIGN, DECRYPT };

/* How a result is judged */
enum judge {
	EQUAL,		/* the same as the default provider's, which may be that it fails */
	VERIFIED,	/* the default provider verifies it */
	PREMASTER,	/* 48 bytes that are not the plain text: both succeed, and both at random */
};

/* Which computes: the kernel, software for it does not qualify, or whoever when it is an error */
enum where { KERNEL, UNQUALIFIED, ANYWHERE };

struct op {
	enum kind kind;
	enum judge judge;
	enum where where;
	const char *class;	/* for what is counted, and said of a failure */
	int pad;
	const char *md;
	const char *mgf1;
	int salt;
	bool label;
	int implicit;		/* of decryption: implicit rejection, or UNSET */
	int client_version, version;
	unsigned int nonce_type;
	bool query;		/* the size is asked for, without a buffer */
	size_t room;		/* of the buffer */
	uint8_t in[MAX_OUT];
	size_t in_len;
	uint8_t plain[MAX_OUT];	/* what decryption should give */
	size_t plain_len;
};

struct key;

/* A kind of operation, of which make() makes one with a key */
struct shape {
	struct op op;
	bool ec;
	void (*make)(const struct shape *shape, const struct key *key, struct op *op,
		     uint64_t *state);
	int extra;
};

struct result {
	int rc;
	size_t len;
	uint8_t out[MAX_OUT];
};

struct key {
	const char *path;
	char pem[MAX_PEM];
	EVP_PKEY *kern, *soft;
	bool ec;
	size_t bytes;		/* of the modulus, or of the longest signature */
	unsigned int order_bytes;
};

enum {
	RSA_KERNEL, ECDSA_KERNEL, RSA_SOFTWARE, ECDSA_SOFTWARE, UNQUALIFIED_OPS, FAILED,
	ASYNC_OPS, KEYS_ADDED, KEYS_DROPPED, KEYS_AGAIN, KEYS_REFUSED, WRONG_RESULTS, IN_FLIGHT,
	NR_COUNTERS
};

struct values {
	uint64_t v[NR_COUNTERS];
};

extern const char * const counter_names[NR_COUNTERS];

/* What main.c was told */
extern const char *config;
extern char self[4096];
extern unsigned long count, max_rounds;
extern unsigned int nr_threads, seconds, jobs;
extern uint64_t seed;
extern atomic_ulong done, bad;
extern atomic_bool stop;

/* keys.c */
extern OSSL_LIB_CTX *kern, *soft;
extern OSSL_PROVIDER *lkcf;
extern struct key keys[MAX_KEYS];
extern unsigned int nr_keys;
extern bool without;		/* lkcf: to test this program itself */

void die(const char *what);
void complain(const char *what, const char *detail);
void make_contexts(void);
void drop_contexts(void);
EVP_PKEY *load(OSSL_LIB_CTX *ctx, const struct key *key);
bool is_lkcf(const EVP_PKEY *pkey);
void read_pem(struct key *key, const char *path);
void load_keys(void);
void free_keys(void);
struct values read_counters(void);
uint64_t in_kernel(const struct values *c);
void judge_counters(bool fallback);

/* operation.c */
int set_up(EVP_PKEY_CTX *ctx, const struct op *op);
void compute(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey, const struct op *op, struct result *r);
size_t digest_size(const char *name);
bool is_right(const struct key *key, const struct op *op, const struct result *got);
void describe(char *text, size_t size, const struct key *key, const struct op *op);
void check_one(const struct key *key, const struct op *op);

/* shapes.c */
void make_input(const struct shape *s, const struct key *key, struct op *op, uint64_t *state);
void make_encrypted(const struct shape *s, const struct key *key, struct op *op, uint64_t *state);
void mode_ops(void);

/* threads.c */
bool use_key(const struct key *key, EVP_PKEY *pkey, uint64_t *state);
void run_threads(void *(*beside)(void *), bool (*enough)(void));
bool enough_threads(void);
void mode_threads(void);

/* remove.c */
void expect_keys(unsigned int wanted, const char *when);
void mode_remove(void);

/* forks.c */
void mode_forks(void);
void mode_child(void);

/* jobs.c */
void mode_async(void);

#endif
