/* SPDX-License-Identifier: MIT */
/*
 * lkcf: an OpenSSL provider whose private-key operations are computed by the Linux kernel crypto
 * framework, through keyctl(2). What the parts of it share.
 *
 *   provider.c    the start and the end, parameters, tables
 *   decoder.c     from a PEM file to a key that the kernel has
 *   encoder.c     from a key of ours to a file
 *   keymgmt.c     keys, as libcrypto sees them
 *   signature.c   RSA and ECDSA signatures
 *   cipher.c      RSA decryption
 *   private.c     one private-key operation: kernel or software, blinding, check of the result
 *   pad.c         RSA's paddings, in constant time where that matters
 *   kernel.c      keys in keyrings, fork
 *   async.c       operations of ASYNC jobs: a pool of threads
 *   counters.c    counters that processes share
 *
 * Who owns what: a struct key belongs to the EVP_PKEYs and contexts that hold a reference; its
 * struct kernel_key is shared by all struct keys of a process with the same private key. The lock
 * of kernel.c guards the list of those and what they hold. No lock is held over a system call that
 * computes, nor while an ASYNC job is paused.
 */
#ifndef LKCF_H
#define LKCF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/proverr.h>

#define LKCF_VERSION "1.0"

/* The longest modulus that the kernel computes, in bytes. */
#define MAX_SIZE (4096 / 8)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

typedef void (*dispatch_fn)(void);
#define DISPATCH(id, function) { (id), (dispatch_fn)(function) }

/* Counters; their names are in counters.c. */
enum counter {
	RSA_KERNEL, ECDSA_KERNEL, RSA_SOFTWARE, ECDSA_SOFTWARE, UNQUALIFIED, FAILED, ASYNC_KERNEL,
	KEYS_ADDED, KEYS_DROPPED, KEYS_AGAIN, KEYS_REFUSED, WRONG_RESULTS, IN_FLIGHT, COUNTERS
};

enum log_to { LOG_TO_NOTHING, LOG_TO_SYSLOG, LOG_TO_STDERR };

enum key_type { KEY_RSA, KEY_RSA_PSS, KEY_EC, KEY_TYPES };

struct soft_methods {
	EVP_KEYMGMT *keymgmt[KEY_TYPES];
	EVP_SIGNATURE *rsa, *ecdsa;
	EVP_ASYM_CIPHER *cipher;
};

/* A process's hold of its counters; counters.h has what is shared. */
struct counters_of {
	struct counters_of *next;
	struct counters *map;
	char path[256];			/* of the file; empty: none */
};

struct provider {
	const OSSL_CORE_HANDLE *handle;
	/* Of our own, with the default provider, and never with us: what software computes. */
	OSSL_LIB_CTX *soft;
	OSSL_PROVIDER *soft_default;
	struct soft_methods methods;

	bool fallback, check, check_ecdsa, blinding, rsa, ecdsa;
	unsigned int rsa_min_bits, rsa_max_bits, threads, retry_secs;
	enum log_to log;
	char *statistics;

	struct counters_of counters;
	struct pool *pool;
};

/*
 * A private key in the kernel. @next, and taking @users from or to 0, are guarded by the lock of
 * kernel.c; setting @serial too. What is not atomic does not change otherwise.
 */
struct kernel_key {
	struct kernel_key *next;
	struct provider *prov;
	atomic_uint users;
	atomic_int serial;		/* 0: not there now */
	atomic_uint room;		/* the longest result, as the kernel says */
	atomic_llong again_at;		/* not before that time, in ms of the monotonic clock */
	EVP_PKEY *source;
	unsigned char sha256[32];	/* of the private key as PKCS#8 */
	char name[40];
};

/* What libcrypto calls key data. */
struct key {
	struct provider *prov;
	atomic_uint refs;
	enum key_type type;
	EVP_PKEY *soft;			/* NULL: empty as yet */
	bool has_private, has_public, has_parameters;

	/* of keys that have a private half */
	bool qualified;			/* the kernel could compute with it */
	unsigned int bits;
	size_t size;			/* of a signature, or of the modulus, in bytes */
	int pss_min_salt;		/* of a restricted RSA-PSS key; -1 otherwise */

	/* key_lock() guards what follows, until it is set */
	struct kernel_key *kernel;
	BIGNUM *n, *e;
	BN_MONT_CTX *mont;
	BN_BLINDING *blinding;
	unsigned int blinding_of;	/* the generation of processes it was made in */
};

/* One operation for the kernel. */
enum kernel_op { RSA_RAW, ECDSA_SIGN };

/* provider.c */
void lkcf_log(struct provider *prov, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *key_type_name(enum key_type type);
long long now_ms(void);

/* keymgmt.c */
extern const OSSL_DISPATCH rsa_keymgmt[], rsa_pss_keymgmt[], ec_keymgmt[];
struct key *key_new(struct provider *prov, enum key_type type);
struct key *key_get(struct key *key);
void key_put(struct key *key);
bool key_take(struct key *key, EVP_PKEY *soft);

/* signature.c, cipher.c, decoder.c, encoder.c */
extern const OSSL_DISPATCH rsa_signature[], ecdsa_signature[];
extern const OSSL_DISPATCH rsa_cipher[];
extern const OSSL_ALGORITHM decoders[], encoders[];
bool params_for_soft(const OSSL_PARAM params[], OSSL_PARAM out[], size_t room);

/* private.c: 1, 0 (an error is in libcrypto's queue), or -1: software is to do it */
int private_rsa(struct key *key, const unsigned char *in, unsigned char *out);
int private_ecdsa(struct key *key, const unsigned char *digest, size_t digest_size,
		  unsigned char *sig, size_t *sig_size);
void count_software(struct key *key, bool done, int why);

/* kernel.c */
bool kernel_init(void);
void key_lock(struct key *key);
void key_unlock(struct key *key);
unsigned int kernel_generation(void);
struct kernel_key *kernel_key_get(struct provider *prov, EVP_PKEY *source, enum key_type type);
struct kernel_key *kernel_key_ref(struct kernel_key *key);
void kernel_key_put(struct kernel_key *key);
int kernel_compute(struct kernel_key *key, enum kernel_op op, const unsigned char *in,
		   size_t in_size, unsigned char *out, size_t out_size);

/* async.c */
struct pool *pool_new(unsigned int threads);
bool pool_free(struct pool *pool);
bool pool_compute(struct provider *prov, struct kernel_key *key, enum kernel_op op,
		  const unsigned char *in, size_t in_size, unsigned char *out, size_t out_size,
		  int *result);
void pools_before_fork(void);
void pools_after_fork(bool child);

/* counters.c */
int counters_new(struct counters_of *counters, const char *folder);
void counters_free(struct counters_of *counters);
void counters_before_fork(void);
void counters_after_fork(bool child);
void count(struct counters_of *counters, enum counter what, int64_t n);
uint64_t counted(const struct counters_of *counters, enum counter what);
const char *counter_name(enum counter what);

#endif
