// SPDX-License-Identifier: GPL-2.0-only
/*
 * lkcf_ops - private operations through OpenSSL's provider lkcf, judged by the default provider.
 *
 * Two library contexts in one process: one is configured by a file that loads lkcf, the other one
 * has the default provider alone. Both load the same PEM files. What is deterministic must be the
 * same, signatures with a random part must verify, and what fails here must fail there. The
 * provider's counters say where each operation was computed.
 *
 * Modes: ops (every padding, digest, salt, error), threads, forks, remove (of kernel keys, under
 * load), async (jobs in flight from one thread). Exit status 0 only if nothing was wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <keyutils.h>
#include <openssl/async.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <valgrind/valgrind.h>

#include <counters.h>	/* of the provider: what its files look like */

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

static const char * const counter_names[] = {
	"rsa_kernel", "ecdsa_kernel", "rsa_software", "ecdsa_software", "unqualified", "failed",
	"async", "keys_added", "keys_dropped", "keys_again", "keys_refused", "wrong_results",
	"in_flight",
};

enum {
	RSA_KERNEL, ECDSA_KERNEL, RSA_SOFTWARE, ECDSA_SOFTWARE, UNQUALIFIED_OPS, FAILED,
	ASYNC_OPS, KEYS_ADDED, KEYS_DROPPED, KEYS_AGAIN, KEYS_REFUSED, WRONG_RESULTS, IN_FLIGHT,
	NR_COUNTERS
};

struct values {
	uint64_t v[NR_COUNTERS];
};

static OSSL_LIB_CTX *kern, *soft;
static OSSL_PROVIDER *lkcf, *judge_provider;
static struct key keys[MAX_KEYS];
static unsigned int nr_keys;
static const char *config;
static char self[4096];
static bool without;		/* lkcf: to test this program itself */
static unsigned long count = 200, max_rounds = 2;
static unsigned int nr_threads = 4, seconds = 3, jobs = 16;
static uint64_t seed;
static atomic_ulong done, bad;
static atomic_bool stop;

/* ---- chance ---- */

static uint64_t rnd64(uint64_t *state)
{
	/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) */
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static unsigned int rnd(uint64_t *state, unsigned int below)
{
	return rnd64(state) % below;
}

static void rnd_bytes(uint64_t *state, uint8_t *p, size_t len)
{
	while (len--)
		*p++ = rnd64(state);
}

/* ---- set-up ---- */

static void die(const char *what)
{
	fprintf(stderr, "lkcf_ops: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(2);
}

static void complain(const char *what, const char *detail)
{
	if (atomic_fetch_add(&bad, 1) < 20) {
		fprintf(stderr, "lkcf_ops: %s: %s\n", what, detail);
		ERR_print_errors_fp(stderr);
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void nap(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static void make_contexts(void)
{
	kern = OSSL_LIB_CTX_new();
	soft = OSSL_LIB_CTX_new();
	if (!kern || !soft || !OSSL_LIB_CTX_load_config(kern, config))
		die(config);
	judge_provider = OSSL_PROVIDER_load(soft, "default");
	if (!judge_provider)
		die("the default provider");
	if (without)
		return;
	/* A second reference: the configuration has loaded it. */
	if (!OSSL_PROVIDER_available(kern, "lkcf"))
		die("the configuration loads no provider lkcf");
	lkcf = OSSL_PROVIDER_load(kern, "lkcf");
	if (!lkcf)
		die("the provider lkcf");
}

static void drop_contexts(void)
{
	if (lkcf)
		OSSL_PROVIDER_unload(lkcf);
	lkcf = NULL;
	OSSL_PROVIDER_unload(judge_provider);
	OSSL_LIB_CTX_free(kern);
	OSSL_LIB_CTX_free(soft);
}

static EVP_PKEY *load(OSSL_LIB_CTX *ctx, const struct key *key)
{
	BIO *bio = BIO_new_mem_buf(key->pem, -1);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, ctx, NULL) : NULL;

	BIO_free(bio);
	return pkey;
}

/* Where the private operations of @pkey are computed */
static bool is_lkcf(const EVP_PKEY *pkey)
{
	const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(pkey);

	return provider && !strcmp(OSSL_PROVIDER_get0_name(provider), "lkcf");
}

static void read_pem(struct key *key, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t len = f ? fread(key->pem, 1, sizeof(key->pem) - 1, f) : 0;

	if (!len)
		die(path);
	fclose(f);
	key->pem[len] = 0;
	key->path = path;
}

static void load_key(struct key *key)
{
	key->kern = load(kern, key);
	key->soft = load(soft, key);
	if (!key->kern || !key->soft)
		die(key->path);
	if (!without && !is_lkcf(key->kern))
		die("the key is not lkcf's");
	key->ec = EVP_PKEY_is_a(key->soft, "EC");
	key->bytes = EVP_PKEY_get_size(key->soft);
	key->order_bytes = (EVP_PKEY_get_bits(key->soft) + 7) / 8;
}

static void load_keys(void)
{
	for (unsigned int i = 0; i < nr_keys; i++)
		load_key(&keys[i]);
}

static void free_keys(void)
{
	for (unsigned int i = 0; i < nr_keys; i++) {
		EVP_PKEY_free(keys[i].kern);
		EVP_PKEY_free(keys[i].soft);
		keys[i].kern = NULL;
		keys[i].soft = NULL;
	}
}

static struct values read_counters(void)
{
	char names[NR_COUNTERS][32];
	OSSL_PARAM params[NR_COUNTERS + 1];
	struct values c = { };

	if (without)
		return c;
	for (unsigned int i = 0; i < NR_COUNTERS; i++) {
		snprintf(names[i], sizeof(names[i]), "lkcf-%s", counter_names[i]);
		params[i] = OSSL_PARAM_construct_uint64(names[i], &c.v[i]);
	}
	params[NR_COUNTERS] = OSSL_PARAM_construct_end();
	if (!OSSL_PROVIDER_get_params(lkcf, params))
		die("the provider's counters");
	for (unsigned int i = 0; i < NR_COUNTERS; i++)
		if (!OSSL_PARAM_modified(&params[i]))
			die(names[i]);
	return c;
}

static uint64_t in_kernel(const struct values *c)
{
	return c->v[RSA_KERNEL] + c->v[ECDSA_KERNEL];
}

/* No operation may have been lost by the kernel on its way; @fallback: but here some may have. */
static void judge_counters(bool fallback)
{
	struct values c = read_counters();

	printf("lkcf_ops:");
	for (unsigned int i = 0; i < NR_COUNTERS; i++)
		printf(" %s=%llu", counter_names[i], (unsigned long long)c.v[i]);
	printf("\n");
	if (without)
		return;
	if (!fallback && c.v[RSA_SOFTWARE] + c.v[ECDSA_SOFTWARE])
		complain("counters", "operations were computed in software");
	if (c.v[WRONG_RESULTS])
		complain("counters", "wrong_results");
	if (c.v[KEYS_REFUSED])
		complain("counters", "keys_refused");
	if (c.v[IN_FLIGHT])
		complain("counters", "something is in flight, and nothing is");
}

/* ---- one operation ---- */

static int set_up(EVP_PKEY_CTX *ctx, const struct op *op)
{
	static const char negotiated[] = OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION;
	OSSL_PARAM params[4], *p = params;
	unsigned int client = op->client_version, version = op->version, nonce = op->nonce_type;
	unsigned int implicit = op->implicit;

	if (op->pad && EVP_PKEY_CTX_set_rsa_padding(ctx, op->pad) <= 0)
		return 0;
	if (op->kind == DECRYPT && op->pad == RSA_PKCS1_OAEP_PADDING) {
		if (op->md && EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, op->md, NULL) <= 0)
			return 0;
		if (op->label) {
			char *label = OPENSSL_strdup("a label");

			if (EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, 7) <= 0) {
				OPENSSL_free(label);
				return 0;
			}
		}
	}
	if (op->mgf1 && EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, op->mgf1, NULL) <= 0)
		return 0;
	if (op->salt != UNSET && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, op->salt) <= 0)
		return 0;
	if (client) {
		*p++ = OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION,
						 &client);
		if (version)
			*p++ = OSSL_PARAM_construct_uint(negotiated, &version);
	}
	if (op->implicit != UNSET)
		*p++ = OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_IMPLICIT_REJECTION,
						 &implicit);
	if (nonce)
		*p++ = OSSL_PARAM_construct_uint(OSSL_SIGNATURE_PARAM_NONCE_TYPE, &nonce);
	*p = OSSL_PARAM_construct_end();
	return p == params || EVP_PKEY_CTX_set_params(ctx, params) > 0;
}

static int set_digest(EVP_PKEY_CTX *ctx, const char *md)
{
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)md, 0),
		OSSL_PARAM_construct_end()
	};

	return !md || EVP_PKEY_CTX_set_params(ctx, params) > 0;
}

static int digest_sign(OSSL_LIB_CTX *ctx, EVP_PKEY *pkey, const struct op *op, struct result *r)
{
	EVP_MD_CTX *mdctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	size_t half = op->in_len / 2;
	int ok;

	ok = mdctx && EVP_DigestSignInit_ex(mdctx, &pctx, op->md, ctx, NULL, pkey, NULL) > 0 &&
		set_up(pctx, op) && EVP_DigestSignUpdate(mdctx, op->in, half) > 0 &&
		EVP_DigestSignUpdate(mdctx, op->in + half, op->in_len - half) > 0 &&
		EVP_DigestSignFinal(mdctx, op->query ? NULL : r->out, &r->len) > 0;
	EVP_MD_CTX_free(mdctx);
	return ok;
}

static void compute(OSSL_LIB_CTX *libctx, EVP_PKEY *pkey, const struct op *op, struct result *r)
{
	uint8_t *out = op->query ? NULL : r->out;
	EVP_PKEY_CTX *ctx;

	memset(r, 0, sizeof(*r));
	r->len = op->room;
	ERR_set_mark();
	if (op->kind == DIGEST_SIGN) {
		r->rc = digest_sign(libctx, pkey, op, r);
	} else {
		ctx = EVP_PKEY_CTX_new_from_pkey(libctx, pkey, NULL);
		if (op->kind == SIGN)
			r->rc = ctx && EVP_PKEY_sign_init(ctx) > 0 && set_up(ctx, op) &&
				set_digest(ctx, op->md) &&
				EVP_PKEY_sign(ctx, out, &r->len, op->in, op->in_len) > 0;
		else
			r->rc = ctx && EVP_PKEY_decrypt_init(ctx) > 0 && set_up(ctx, op) &&
				EVP_PKEY_decrypt(ctx, out, &r->len, op->in, op->in_len) > 0;
		EVP_PKEY_CTX_free(ctx);
	}
	if (!r->rc)
		r->len = 0;
	/* The caller shows what is on the queue if it does not like the result. */
	ERR_clear_last_mark();
}

static size_t digest_size(const char *name)
{
	EVP_MD *md = EVP_MD_fetch(soft, name, NULL);
	int size = md ? EVP_MD_get_size(md) : 0;

	EVP_MD_free(md);
	return size > 0 ? size : 0;
}

/* The salt that a signature of @op must have: it is verified with that length */
static int salt_of(const struct key *key, const struct op *op)
{
	int hash = digest_size(op->md), most = (int)key->bytes - hash - 2;

	switch (op->salt) {
	case UNSET:
	case RSA_PSS_SALTLEN_AUTO_DIGEST_MAX:
		return hash < most ? hash : most;
	case RSA_PSS_SALTLEN_DIGEST:
		return hash;
	case RSA_PSS_SALTLEN_MAX:
	case RSA_PSS_SALTLEN_AUTO:
		return most;
	}
	return op->salt;
}

static int verify(const struct key *key, const struct op *op, const struct result *r)
{
	struct op how = *op;
	int ok;

	how.nonce_type = 0;
	if (op->pad == RSA_PKCS1_PSS_PADDING)
		how.salt = salt_of(key, op);
	if (op->kind == DIGEST_SIGN) {
		EVP_MD_CTX *mdctx = EVP_MD_CTX_new();
		EVP_PKEY_CTX *pctx;

		ok = mdctx && EVP_DigestVerifyInit_ex(mdctx, &pctx, op->md, soft, NULL, key->soft,
						      NULL) > 0 &&
			set_up(pctx, &how) &&
			EVP_DigestVerify(mdctx, r->out, r->len, op->in, op->in_len) == 1;
		EVP_MD_CTX_free(mdctx);
	} else {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(soft, key->soft, NULL);

		ok = ctx && EVP_PKEY_verify_init(ctx) > 0 && set_up(ctx, &how) &&
			set_digest(ctx, op->md) &&
			EVP_PKEY_verify(ctx, r->out, r->len, op->in, op->in_len) == 1;
		EVP_PKEY_CTX_free(ctx);
	}
	return ok;
}

static bool is_right(const struct key *key, const struct op *op, const struct result *got)
{
	struct result want;

	switch (op->judge) {
	case EQUAL:
		compute(soft, key->soft, op, &want);
		return got->rc == want.rc && got->len == want.len &&
			(op->query || !memcmp(got->out, want.out, want.len));
	case VERIFIED:
		return got->rc && verify(key, op, got);
	case PREMASTER:
		compute(soft, key->soft, op, &want);
		return got->rc && want.rc && got->len == TLS_PREMASTER && want.len == got->len &&
			memcmp(got->out, op->plain, TLS_PREMASTER);
	}
	return false;
}

static void describe(char *text, size_t size, const struct key *key, const struct op *op)
{
	snprintf(text, size, "%s, pad %d, md %s, mgf1 %s, salt %d, %zu bytes, room %zd%s, %s%d",
		 op->class, op->pad, op->md ? : "-", op->mgf1 ? : "-", op->salt, op->in_len,
		 (ssize_t)op->room, op->query ? ", query" : "", key->ec ? "EC-" : "RSA-",
		 EVP_PKEY_get_bits(key->soft));
}

/* One operation, its result and its counters; only one thread may do so */
static void check_one(const struct key *key, const struct op *op)
{
	struct values before = read_counters(), after;
	struct result got;
	char text[256];
	uint64_t here, other, lost;

	compute(kern, key->kern, op, &got);
	describe(text, sizeof(text), key, op);
	if (!is_right(key, op, &got))
		complain("not what the default provider says", text);
	ERR_clear_error();
	atomic_fetch_add(&done, 1);
	if (without)
		return;
	after = read_counters();
	here = in_kernel(&after) - in_kernel(&before);
	other = after.v[UNQUALIFIED_OPS] - before.v[UNQUALIFIED_OPS];
	lost = after.v[RSA_SOFTWARE] + after.v[ECDSA_SOFTWARE] -
		before.v[RSA_SOFTWARE] - before.v[ECDSA_SOFTWARE];
	if (lost || (op->where == KERNEL ? here != 1 || other :
		     op->where == UNQUALIFIED ? here || other != 1 : here > 1))
		complain("not computed where it should be", text);
}

/* ---- mode ops: one of each, again and again ---- */

static const char * const digests[] = {
	"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512", "SHA2-512/224", "SHA2-512/256",
	"SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512",
};

/* These for PKCS#1 only */
static const char * const old_digests[] = { "MD5", "MD5-SHA1", "RIPEMD-160" };

static const int salts[] = {
	UNSET, RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_MAX,
	RSA_PSS_SALTLEN_AUTO_DIGEST_MAX, 0, 17,
};

struct shape {
	struct op op;
	bool ec;
	void (*make)(const struct shape *shape, const struct key *key, struct op *op,
		     uint64_t *state);
	int extra;
};

static struct shape shapes[MAX_SHAPES];
static unsigned int nr_shapes;

static struct shape *shape(const char *class, bool ec, enum kind kind, enum judge judge)
{
	struct shape *s = &shapes[nr_shapes];

	if (++nr_shapes > MAX_SHAPES)
		die("too many shapes");
	s->ec = ec;
	s->op = (struct op){ .class = class, .kind = kind, .judge = judge, .salt = UNSET,
			     .implicit = UNSET, .room = MAX_OUT };
	return s;
}

/* A digest of the right length, or a message */
static void make_input(const struct shape *s, const struct key *key, struct op *op,
		       uint64_t *state)
{
	(void)key;
	op->in_len = op->kind == DIGEST_SIGN ? rnd(state, 600) : digest_size(op->md);
	op->in_len += s->extra;
	rnd_bytes(state, op->in, op->in_len);
}

/* No digest is named: as many bytes as PKCS#1 has place for */
static void make_no_digest(const struct shape *s, const struct key *key, struct op *op,
			   uint64_t *state)
{
	op->in_len = s->extra ? key->bytes - 11 + s->extra : rnd(state, key->bytes - 10);
	rnd_bytes(state, op->in, op->in_len);
}

static void make_odd_digest(const struct shape *s, const struct key *key, struct op *op,
			    uint64_t *state)
{
	static const size_t of_hashes[] = { 20, 28, 32, 48, 64 };

	(void)s;
	(void)key;
	op->in_len = 1 + rnd(state, 90);
	rnd_bytes(state, op->in, op->in_len);
	/* The kernel wants to know which hash it is; there is none for other lengths. */
	op->where = UNQUALIFIED;
	for (unsigned int i = 0; i < ARRAY_SIZE(of_hashes); i++)
		if (op->in_len == of_hashes[i])
			op->where = KERNEL;
}

/* As long as the modulus, and below it; with extra, longer or shorter */
static void make_raw(const struct shape *s, const struct key *key, struct op *op,
		     uint64_t *state)
{
	op->in_len = key->bytes + s->extra;
	rnd_bytes(state, op->in, op->in_len);
	op->in[0] &= 0x7f;
}

static void make_above(const struct shape *s, const struct key *key, struct op *op,
		       uint64_t *state)
{
	(void)s;
	(void)state;
	op->in_len = key->bytes;
	memset(op->in, 0xff, op->in_len);
}

/* A constant: 0 (decrypts to 0), 1 */
static void make_small(const struct shape *s, const struct key *key, struct op *op,
		       uint64_t *state)
{
	(void)state;
	op->in_len = key->bytes;
	memset(op->in, 0, op->in_len);
	op->in[op->in_len - 1] = s->extra;
}

/* Too small a buffer for the result: by one byte, or none */
static void make_short_buffer(const struct shape *s, const struct key *key, struct op *op,
			      uint64_t *state)
{
	make_input(s, key, op, state);
	op->room = op->nonce_type ? 8 : key->bytes - 1;
}

/* Encrypt op->plain as the decryption is told to expect it: raw, if the caller padded it itself */
static void encrypt(const struct key *key, const struct op *how, struct op *op)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(soft, key->soft, NULL);
	struct op plain = *how;

	plain.client_version = 0;
	plain.implicit = UNSET;
	op->in_len = sizeof(op->in);
	if (!ctx || EVP_PKEY_encrypt_init(ctx) <= 0 || !set_up(ctx, &plain) ||
	    EVP_PKEY_encrypt(ctx, op->in, &op->in_len, how->plain, how->plain_len) <= 0)
		die("no ciphertext");
	EVP_PKEY_CTX_free(ctx);
}

static void make_encrypted(const struct shape *s, const struct key *key, struct op *op,
			   uint64_t *state)
{
	size_t most = key->bytes - 11;

	if (op->pad == RSA_PKCS1_OAEP_PADDING)
		most = key->bytes - 2 - 2 * digest_size(op->md);
	op->plain_len = rnd(state, most + 1);
	rnd_bytes(state, op->plain, op->plain_len);
	encrypt(key, op, op);
	/* The buffer may be small, the ciphertext shorter, or not what it was. */
	switch (s->extra) {
	case 1:
		op->in[op->in_len / 2] ^= 1;
		op->in[0] &= 0x7f;
		break;
	case 2:
		op->in_len--;
		break;
	case 3:
		op->room = op->plain_len ? op->plain_len - 1 : 0;
		break;
	case 4:
		op->room = key->bytes - 1;
		break;
	}
}

/*
 * A block 00 02, padding, 00, premaster, in which something is wrong: extra is what. The padding
 * checks of the two providers see the very same block.
 */
static void make_block(const struct shape *s, const struct key *key, struct op *op,
		       uint64_t *state)
{
	struct op raw = { .pad = RSA_NO_PADDING, .salt = UNSET, .implicit = UNSET };
	size_t len = TLS_PREMASTER, at;
	uint8_t *block = raw.plain;

	if (s->extra == 6)
		len--;
	if (s->extra == 7)
		len++;
	raw.plain_len = key->bytes;
	at = raw.plain_len - len;
	for (size_t i = 2; i < at - 1; i++)
		block[i] = 1 + rnd(state, 255);
	block[1] = 2;
	rnd_bytes(state, block + at, len);
	block[at] = op->client_version >> 8;
	block[at + 1] = op->client_version & 0xff;
	switch (s->extra) {
	case 1:
		block[0] = 1;
		break;
	case 2:
		block[1] = 1;
		break;
	case 3:
		block[2 + rnd(state, 8)] = 0;
		break;
	case 4:	/* no zero at all */
		block[at - 1] = 1;
		for (size_t i = at; i < raw.plain_len; i++)
			block[i] |= 1;
		break;
	case 5:	/* another version */
		block[at + 1] ^= 0x40;
		break;
	case 8:	/* the negotiated one, which old clients send */
		block[at] = op->version >> 8;
		block[at + 1] = op->version & 0xff;
		break;
	}
	op->plain_len = len;
	memcpy(op->plain, block + at, len);
	encrypt(key, &raw, op);
}

static struct shape *add(struct shape *s, int pad, const char *md, enum where where, int extra,
			 void (*make)(const struct shape *shape, const struct key *key,
				      struct op *op, uint64_t *state))
{
	s->op.pad = pad;
	s->op.md = md;
	s->op.where = where;
	s->make = make;
	s->extra = extra;
	return s;
}

static void make_shapes_sign(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(digests) + ARRAY_SIZE(old_digests); i++) {
		bool old = i >= ARRAY_SIZE(digests);
		const char *md = old ? old_digests[i - ARRAY_SIZE(digests)] : digests[i];

		add(shape("PKCS#1", false, SIGN, EQUAL), RSA_PKCS1_PADDING, md, KERNEL, 0,
		    make_input);
		add(shape("PKCS#1 message", false, DIGEST_SIGN, EQUAL), RSA_PKCS1_PADDING, md,
		    KERNEL, 0, make_input);
		if (old)
			continue;
		for (unsigned int j = 0; j < ARRAY_SIZE(salts); j++) {
			enum kind kind = (i + j) % 2 ? SIGN : DIGEST_SIGN;

			add(shape("PSS", false, kind, salts[j] ? VERIFIED : EQUAL),
			    RSA_PKCS1_PSS_PADDING, md, KERNEL, 0, make_input)->op.salt = salts[j];
		}
		for (unsigned int j = 1; j < ARRAY_SIZE(digests); j += 4) {
			struct shape *s = add(shape("PSS mgf1", false, SIGN, VERIFIED),
					      RSA_PKCS1_PSS_PADDING, md, KERNEL, 0, make_input);

			s->op.mgf1 = digests[(i + j) % ARRAY_SIZE(digests)];
			s->op.salt = salts[(i + j) % ARRAY_SIZE(salts)];
		}
		add(shape("ECDSA", true, SIGN, VERIFIED), 0, md, KERNEL, 0, make_input);
		add(shape("ECDSA message", true, DIGEST_SIGN, VERIFIED), 0, md, KERNEL, 0,
		    make_input);
	}
	add(shape("PKCS#1 no digest", false, SIGN, EQUAL), RSA_PKCS1_PADDING, NULL, KERNEL, 0,
	    make_no_digest);
	add(shape("raw", false, SIGN, EQUAL), RSA_NO_PADDING, NULL, KERNEL, 0, make_raw);
	for (unsigned int i = 0; i < 4; i++)
		add(shape("ECDSA odd digest", true, SIGN, VERIFIED), 0, NULL, KERNEL, 0,
		    make_odd_digest);
	add(shape("ECDSA deterministic", true, SIGN, EQUAL), 0, "SHA2-256", UNQUALIFIED, 0,
	    make_input)->op.nonce_type = 1;
}

static void make_shapes_decrypt(void)
{
	static const char * const oaep[][2] = {
		{ "SHA1", NULL }, { "SHA2-256", NULL }, { "SHA2-512", NULL },
		{ "SHA2-256", "SHA1" }, { "SHA3-256", NULL }, { "SHA2-224", "SHA2-384" },
	};

	for (unsigned int i = 0; i < 3; i++) {
		add(shape("decrypt PKCS#1", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    KERNEL, 0, make_encrypted);
		add(shape("implicit rejection, flipped", false, DECRYPT, EQUAL),
		    RSA_PKCS1_PADDING, NULL, KERNEL, 1, make_encrypted);
		add(shape("implicit rejection, random", false, DECRYPT, EQUAL),
		    RSA_PKCS1_PADDING, NULL, KERNEL, 0, make_raw);
	}
	for (int i = 1; i <= 4; i++)
		add(shape("implicit rejection, block", false, DECRYPT, EQUAL),
		    RSA_PKCS1_PADDING, NULL, KERNEL, i, make_block)->op.client_version = 0;
	for (int i = 0; i < 2; i++)
		add(shape("explicit rejection", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    KERNEL, i, make_encrypted)->op.implicit = 0;
	add(shape("decrypt raw", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL, KERNEL, 0,
	    make_raw);
	for (unsigned int i = 0; i < ARRAY_SIZE(oaep) * 4; i++) {
		struct shape *s = add(shape("OAEP", false, DECRYPT, EQUAL),
				      RSA_PKCS1_OAEP_PADDING, oaep[i / 4][0], KERNEL, i & 1,
				      make_encrypted);

		s->op.mgf1 = oaep[i / 4][1];
		s->op.label = i & 2;
	}
	for (int i = 0; i <= 8; i++) {
		struct shape *s = add(shape("TLS premaster", false, DECRYPT,
					    i == 0 || i == 8 ? EQUAL : PREMASTER),
				      RSA_PKCS1_WITH_TLS_PADDING, NULL, KERNEL, i, make_block);

		s->op.client_version = 0x303;
		s->op.version = i == 8 ? 0x301 : 0;
	}
}

static void make_shapes_errors(void)
{
	static const int pads[] = {
		RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_NO_PADDING, 0
	};
	struct shape *s;

	for (unsigned int i = 0; i < ARRAY_SIZE(pads); i++) {
		int pad = pads[i];
		const char *md = pad == RSA_NO_PADDING ? NULL : "SHA2-256";

		s = shape("size query", !pad, SIGN, EQUAL);
		add(s, pad, md, ANYWHERE, 0, md ? make_input : make_raw)->op.query = true;
		s = shape("size query", !pad, DIGEST_SIGN, EQUAL);
		add(s, pad, "SHA2-256", ANYWHERE, 0, make_input)->op.query = true;
		if (!md)
			continue;
		for (int extra = -1; extra <= 1; extra += 2)
			add(shape("wrong digest length", !pad, SIGN, EQUAL), pad, md, ANYWHERE,
			    extra, make_input);
		/* Long enough for some signatures of ECDSA: these are not for here. */
		s = shape("short buffer", !pad, SIGN, EQUAL);
		add(s, pad, md, ANYWHERE, 0, make_short_buffer);
		if (!pad)
			s->op.nonce_type = 1;
	}
	add(shape("above the modulus", false, SIGN, EQUAL), RSA_NO_PADDING, NULL, ANYWHERE, 0,
	    make_above);
	add(shape("above the modulus", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL, ANYWHERE, 0,
	    make_above);
	add(shape("above the modulus", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL, ANYWHERE,
	    0, make_above);
	for (int extra = -1; extra <= 1; extra += 2) {
		add(shape("raw, wrong length", false, SIGN, EQUAL), RSA_NO_PADDING, NULL,
		    ANYWHERE, extra, make_raw);
		add(shape("raw, wrong length", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL,
		    ANYWHERE, extra, make_raw);
		add(shape("decrypt, wrong length", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING,
		    NULL, ANYWHERE, extra, make_raw);
	}
	for (int i = 0; i < 2; i++) {
		add(shape("decrypt 0 and 1", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    ANYWHERE, i, make_small);
		add(shape("decrypt 0 and 1", false, DECRYPT, EQUAL), RSA_NO_PADDING, NULL,
		    ANYWHERE, i, make_small);
	}
	for (int i = 2; i <= 4; i++)
		add(shape("decrypt, short", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL,
		    ANYWHERE, i, make_encrypted);
	add(shape("decrypt, query", false, DECRYPT, EQUAL), RSA_PKCS1_PADDING, NULL, ANYWHERE, 0,
	    make_encrypted)->op.query = true;
	add(shape("OAEP, query", false, DECRYPT, EQUAL), RSA_PKCS1_OAEP_PADDING, "SHA1",
	    ANYWHERE, 0, make_encrypted)->op.query = true;
	add(shape("OAEP, short", false, DECRYPT, EQUAL), RSA_PKCS1_OAEP_PADDING, "SHA1",
	    ANYWHERE, 3, make_encrypted);
	add(shape("no digest, too long", false, SIGN, EQUAL), RSA_PKCS1_PADDING, NULL, ANYWHERE,
	    1, make_no_digest);
	add(shape("PSS, salt too long", false, SIGN, EQUAL), RSA_PKCS1_PSS_PADDING, "SHA2-512",
	    ANYWHERE, 0, make_input)->op.salt = 4096 / 8;
}

/* RSA: most of the small ones, which are fast; ECDSA: any */
static struct key *pick(bool ec, uint64_t *state)
{
	struct key *of[MAX_KEYS];
	unsigned int n = 0, i;

	for (i = 0; i < nr_keys; i++)
		if (keys[i].ec == ec)
			of[n++] = &keys[i];
	if (!n)
		return NULL;
	i = rnd(state, n);
	return of[ec || rnd(state, 10) < 3 ? i : 0];
}

static void mode_ops(void)
{
	unsigned long of[MAX_SHAPES] = { }, total = 0;
	uint64_t state = seed;

	make_contexts();
	load_keys();
	make_shapes_sign();
	make_shapes_decrypt();
	make_shapes_errors();
	for (unsigned long i = 0; total < count && i < 2 * (count + MAX_SHAPES); i++) {
		/* In turn, from a place of the seed's: a few operations are others each time. */
		unsigned int nr = (i + seed) % nr_shapes;
		struct shape *s = &shapes[nr];
		const struct key *key = pick(s->ec, &state);
		struct op op = s->op;

		if (!key)
			continue;
		s->make(s, key, &op, &state);
		check_one(key, &op);
		of[nr]++;
		total++;
	}
	for (unsigned int i = 0; i < nr_shapes; i++) {
		unsigned long n = 0;

		for (unsigned int j = i; j < nr_shapes; j++) {
			if (strcmp(shapes[i].op.class, shapes[j].op.class))
				continue;
			n += of[j];
			of[j] = 0;
		}
		if (n)
			printf("lkcf_ops: %s: %lu\n", shapes[i].op.class, n);
	}
	if (total < count)
		complain("ops", "fewer than asked for");
	judge_counters(false);
	free_keys();
	drop_contexts();
}

/* ---- what the other modes do with a key: a signature or a decryption, verified ---- */

static bool use_key(const struct key *key, EVP_PKEY *pkey, uint64_t *state)
{
	struct shape s = { };
	struct op op = { .salt = UNSET, .implicit = UNSET, .room = MAX_OUT, .md = "SHA2-256",
			 .judge = VERIFIED, .class = "use" };
	struct result got;
	bool right;

	if (!key->ec) {
		op.pad = rnd(state, 2) ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING;
		if (!rnd(state, 3)) {
			op.kind = DECRYPT;
			op.pad = RSA_PKCS1_PADDING;
			op.md = NULL;
		}
	}
	if (op.kind == DECRYPT)
		make_encrypted(&s, key, &op, state);
	else
		make_input(&s, key, &op, state);
	compute(kern, pkey, &op, &got);
	if (op.kind == DECRYPT)
		right = got.rc && got.len == op.plain_len &&
			!memcmp(got.out, op.plain, got.len);
	else
		right = is_right(key, &op, &got);
	if (!right) {
		char text[256];

		describe(text, sizeof(text), key, &op);
		complain("failed or wrong", text);
	}
	atomic_fetch_add(&done, 1);
	return right;
}

/* ---- mode threads ---- */

static pthread_barrier_t begin;

/* Half of them use the shared keys, half keys that they load, use a few times, and free. */
static void *worker(void *arg)
{
	unsigned int nr = (uintptr_t)arg;
	uint64_t state = seed + nr * 7919;

	pthread_barrier_wait(&begin);
	while (!atomic_load(&stop)) {
		const struct key *key = &keys[rnd(&state, nr_keys)];
		EVP_PKEY *own;

		if (nr % 2) {
			use_key(key, key->kern, &state);
			continue;
		}
		own = load(kern, key);
		if (!own || (!without && !is_lkcf(own))) {
			complain("load", key->path);
			continue;
		}
		for (unsigned int i = rnd(&state, 4); i && !atomic_load(&stop); i--)
			use_key(key, own, &state);
		EVP_PKEY_free(own);
	}
	return NULL;
}

static void *load_in_thread(void *arg)
{
	(void)arg;
	load_keys();
	return NULL;
}

/* For so many seconds, and on a slow machine until it is @enough */
static void run_threads(void *(*beside)(void *), bool (*enough)(void))
{
	pthread_t *threads = calloc(nr_threads + 1, sizeof(*threads)), loader, other;

	if (!threads)
		die("memory");
	/* They are there before any key is, which comes in a thread that then ends. */
	pthread_barrier_init(&begin, NULL, nr_threads + 1);
	for (unsigned int i = 0; i < nr_threads; i++)
		if (pthread_create(&threads[i], NULL, worker, (void *)(uintptr_t)i))
			die("threads");
	if (pthread_create(&loader, NULL, load_in_thread, NULL))
		die("threads");
	pthread_join(loader, NULL);
	pthread_barrier_wait(&begin);
	if (beside && pthread_create(&other, NULL, beside, NULL))
		die("threads");
	for (double end = now() + seconds; !atomic_load(&bad); nap(50))
		if (now() > end && (enough() || now() > end + 120))
			break;
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	if (beside)
		pthread_join(other, NULL);
	pthread_barrier_destroy(&begin);
	free(threads);
}

static bool enough_threads(void)
{
	return atomic_load(&done) > 2 * nr_threads;
}

static void mode_threads(void)
{
	struct values c;

	make_contexts();
	run_threads(NULL, enough_threads);
	judge_counters(false);
	c = read_counters();
	if (!without && in_kernel(&c) != atomic_load(&done))
		complain("threads", "not as many operations in the kernel as there were");
	if (c.v[FAILED])
		complain("threads", "failed");
	free_keys();
	drop_contexts();
}

/* ---- keys in /proc/keys ---- */

/* kernel_keys - how many live keys of lkcf this user sees; the first ones' serial numbers */
static unsigned int kernel_keys(key_serial_t *serials, unsigned int size)
{
	FILE *f = fopen("/proc/keys", "r");
	unsigned int n = 0, serial;
	char line[512], flags[16];

	if (!f)
		die("/proc/keys");
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, " lkcf:") || sscanf(line, "%x %15s", &serial, flags) != 2 ||
		    strpbrk(flags, "RDi"))
			continue;
		if (n < size)
			serials[n] = serial;
		n++;
	}
	fclose(f);
	return n;
}

static bool keys_become(unsigned int wanted, unsigned int secs)
{
	for (double end = now() + secs; kernel_keys(NULL, 0) != wanted; nap(50))
		if (now() > end)
			return false;
	return true;
}

static void expect_keys(unsigned int wanted, const char *when)
{
	char text[128];

	wanted *= nr_keys;
	if (without || keys_become(wanted, 10))
		return;
	snprintf(text, sizeof(text), "%s: %u kernel keys, not %u", when, kernel_keys(NULL, 0),
		 wanted);
	complain("keys", text);
}

/* ---- mode remove: keys go while they are used ---- */

static atomic_ulong removed[3];

static void *remover(void *arg)
{
	unsigned int how = 0;

	(void)arg;
	while (!atomic_load(&stop)) {
		key_serial_t serials[MAX_KEYS];
		unsigned int n = kernel_keys(serials, MAX_KEYS);
		long rc = -1;

		for (unsigned int i = 0; i < n && i < MAX_KEYS; i++) {
			if (how == 0)
				rc = keyctl_unlink(serials[i], KEY_SPEC_PROCESS_KEYRING);
			else if (how == 1)
				rc = keyctl_invalidate(serials[i]);
			else
				rc = keyctl_revoke(serials[i]);
			if (!rc)
				atomic_fetch_add(&removed[how], 1);
		}
		how = (how + 1) % 3;
		nap(300);
	}
	return NULL;
}

static bool enough_removed(void)
{
	return enough_threads() &&
		(without || (removed[0] && removed[1] && removed[2]));
}

static void mode_remove(void)
{
	struct values c;

	make_contexts();
	run_threads(remover, enough_removed);
	printf("lkcf_ops: unlinked=%lu invalidated=%lu revoked=%lu\n", removed[0], removed[1],
	       removed[2]);
	judge_counters(true);
	c = read_counters();
	if (!without && (!removed[0] || !removed[1] || !removed[2]))
		complain("remove", "not every kind of removal was possible");
	if (!without && !c.v[KEYS_AGAIN])
		complain("remove", "no key was added again");
	if (c.v[FAILED])
		complain("remove", "failed");
	/* One that was removed twice within an operation may have been lost. */
	if (!without && (c.v[RSA_SOFTWARE] + c.v[ECDSA_SOFTWARE]) * 10 > in_kernel(&c))
		complain("remove", "software computed more than now and then");
	free_keys();
	expect_keys(0, "all are freed");
	drop_contexts();
}

/* ---- mode forks ---- */

enum stage { STAGE_USE = 1, STAGE_EXEC, STAGE_ONE_SIDE, STAGE_AGAIN, STAGE_END };

struct shared {
	atomic_int stage;
	atomic_int used, used_again, wrong;
	atomic_int gone, killed_one;
};

static struct shared *shared;

/* Those of our children that are gone: all end with 0, but for the one that is killed. */
static void collect(void)
{
	char text[64];
	int status;

	while (waitpid(-1, &status, WNOHANG) > 0) {
		if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) {
			snprintf(text, sizeof(text), "a process ended with %#x", status);
			complain("forks", text);
			atomic_fetch_add(&shared->wrong, 1);
		}
		atomic_fetch_add(&shared->gone, 1);
	}
}

static void wait_stage(enum stage stage)
{
	for (double end = now() + 120; atomic_load(&shared->stage) < (int)stage; nap(10)) {
		collect();
		if (now() > end)
			_exit(3);
	}
}

/* wait_gone - until so many of the family are */
static void wait_gone(int wanted, unsigned int secs)
{
	for (double end = now() + secs; atomic_load(&shared->gone) < wanted; nap(20)) {
		collect();
		if (now() < end)
			continue;
		complain("forks", "a process does not end");
		return;
	}
}

static void use_in_family(atomic_int *counter, unsigned int times)
{
	uint64_t state = seed + getpid();

	while (times--)
		if (!use_key(&keys[0], keys[0].kern, &state))
			atomic_fetch_add(&shared->wrong, 1);
	atomic_fetch_add(counter, 1);
}

enum { FIRST_OUT, EXECS, KILLED, FORKS, LAST_OUT, NR_CHILDREN };

static void child(unsigned int nr, bool parent_first)
{
	pid_t pid;

	use_in_family(&shared->used, 1 + nr % 2);
	switch (nr) {
	case FIRST_OUT:
		wait_stage(STAGE_EXEC);
		exit(0);
	case EXECS:
		wait_stage(STAGE_EXEC);
		execl(self, "lkcf_ops", "-c", config, "-k", keys[0].path, "-m", "child",
		      without ? "-x" : NULL, NULL);
		_exit(4);
	case KILLED:
		atomic_store(&shared->killed_one, getpid());
		for (;;)
			use_in_family(&shared->used_again, 1);
	case FORKS:
		wait_stage(STAGE_EXEC);
		/* Its child is nobody's here, but the one's that looks on. */
		pid = fork();
		if (pid)
			_exit(pid < 0);
		use_in_family(&shared->used_again, 2);
		break;
	case LAST_OUT:
		break;
	}
	wait_stage(parent_first ? STAGE_AGAIN : STAGE_ONE_SIDE);
	use_in_family(&shared->used_again, 1);
	if (parent_first)
		wait_stage(STAGE_END);
	exit(0);
}

static void leader(bool parent_first)
{
	make_contexts();
	load_keys();
	for (unsigned int i = 0; i < NR_CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			child(i, parent_first);
	}
	use_in_family(&shared->used, 1);
	wait_stage(STAGE_ONE_SIDE);
	if (!parent_first) {
		wait_stage(STAGE_AGAIN);
		use_in_family(&shared->used_again, 1);
		wait_stage(STAGE_END);
		free_keys();
		drop_contexts();
	}
	exit(0);
}

static void family(bool parent_first)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		leader(parent_first);
	for (double end = now() + 120; atomic_load(&shared->used) < NR_CHILDREN + 1; nap(20))
		if (now() > end) {
			complain("forks", "not all of them used the key");
			break;
		}
	expect_keys(1, "all have used it");
	atomic_store(&shared->stage, STAGE_EXEC);
	/* The first child, the one that called exec, and one which has a child of its own */
	wait_gone(3, 120);
	expect_keys(1, "some are gone, one by exec");
	if (atomic_load(&shared->killed_one) > 0)
		kill(atomic_load(&shared->killed_one), SIGKILL);
	wait_gone(4, 60);
	expect_keys(1, "one was killed in the midst");
	atomic_store(&shared->stage, STAGE_ONE_SIDE);
	/* Then the parent, or the two children that are left. */
	wait_gone(parent_first ? 5 : 6, 60);
	expect_keys(1, parent_first ? "the parent is gone" : "the children are gone");
	atomic_store(&shared->stage, STAGE_AGAIN);
	nap(500);
	expect_keys(1, "those who are left have used it again");
	atomic_store(&shared->stage, STAGE_END);
	wait_gone(7, 60);
	expect_keys(0, "the last one is gone");
	if (waitpid(-1, NULL, WNOHANG) != -1)
		complain("forks", "somebody is left");
	if (atomic_load(&shared->wrong))
		complain("forks", "an operation failed in one of them");
}

static void mode_forks(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1))
		die("shared memory");
	expect_keys(0, "before");
	for (unsigned long i = 0; i < max_rounds && !atomic_load(&bad); i++)
		family(i % 2);
	printf("lkcf_ops: families=%lu\n", max_rounds);
}

/* What is executed by one of them: a new process, a key of its own */
static void mode_child(void)
{
	uint64_t state = seed;

	make_contexts();
	load_keys();
	for (unsigned int i = 0; i < 3; i++)
		use_key(&keys[0], keys[0].kern, &state);
	judge_counters(false);
	free_keys();
	drop_contexts();
}

/* ---- mode async ---- */

struct job {
	const struct key *key;
	EVP_PKEY *pkey;
	uint64_t state;
	bool right;
};

static int job_function(void *arg)
{
	struct job *job = *(struct job **)arg;

	job->right = use_key(job->key, job->pkey, &job->state);
	return 1;
}

struct slot {
	ASYNC_JOB *job;
	ASYNC_WAIT_CTX *wait;
	struct job what;
	unsigned long pauses;
	bool busy;
};

static struct slot slots[MAX_JOBS];

/* Start or go on; true once it is done */
static bool step(struct slot *s)
{
	struct job *what = &s->what;
	int rc, status;

	rc = ASYNC_start_job(&s->job, s->wait, &status, job_function, &what, sizeof(what));
	switch (rc) {
	case ASYNC_FINISH:
		s->job = NULL;
		s->busy = false;
		return true;
	case ASYNC_PAUSE:
		s->pauses++;
		return false;
	case ASYNC_NO_JOBS:
		complain("async", "no jobs");
		break;
	default:
		complain("async", "a job failed");
	}
	s->busy = false;
	return true;
}

/* The file descriptor that says that it may go on: each paused job has one */
static int wait_fd(struct slot *s)
{
	OSSL_ASYNC_FD fds[4];
	size_t n = 0;

	if (!ASYNC_WAIT_CTX_get_all_fds(s->wait, NULL, &n) || n != 1 ||
	    !ASYNC_WAIT_CTX_get_all_fds(s->wait, fds, &n)) {
		complain("async", "a paused job has not one file descriptor");
		return -1;
	}
	return fds[0];
}

static void start(struct slot *s, uint64_t *state)
{
	s->what.key = &keys[rnd(state, nr_keys)];
	s->what.pkey = s->what.key->kern;
	s->what.state = rnd64(state);
	s->busy = true;
	step(s);
}

/* run_jobs - keep @jobs in flight until @total were started; how many were there at once */
static unsigned long run_jobs(unsigned long total, uint64_t *state, unsigned long *woken)
{
	unsigned long most = 0, started = 0;

	for (;;) {
		struct pollfd polls[MAX_JOBS];
		struct slot *of[MAX_JOBS];
		unsigned int n = 0;
		struct values c;
		int fd;

		for (unsigned int i = 0; i < jobs && started < total; i++)
			if (!slots[i].busy) {
				start(&slots[i], state);
				started++;
			}
		c = read_counters();
		if (c.v[IN_FLIGHT] > most)
			most = c.v[IN_FLIGHT];
		for (unsigned int i = 0; i < jobs; i++) {
			if (!slots[i].busy)
				continue;
			fd = wait_fd(&slots[i]);
			if (fd < 0)
				return most;
			of[n] = &slots[i];
			polls[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
		if (!n && started == total)
			return most;
		if (!n)
			continue;
		if (poll(polls, n, 60000) <= 0) {
			complain("async", "nobody is woken within a minute");
			return most;
		}
		for (unsigned int i = 0; i < n; i++)
			if (polls[i].revents) {
				++*woken;
				step(of[i]);
			}
	}
}

/* Exit in the midst, orderly or not: no hang, no crash */
static void leave_in_flight(bool orderly)
{
	uint64_t state = seed;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		alarm(60);
		if (!ASYNC_init_thread(jobs, jobs))
			_exit(5);
		for (unsigned int i = 0; i < jobs; i++)
			start(&slots[i], &state);
		if (!slots[0].busy)
			_exit(6);	/* nothing was in flight */
		if (orderly)
			exit(0);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		complain("async", orderly ? "exit() with jobs in flight" :
			 "_exit() with jobs in flight");
}

static void mode_async(void)
{
	unsigned long most, woken = 0, paused = 0;
	struct values c;
	uint64_t state = seed;

	make_contexts();
	load_keys();
	for (unsigned int i = 0; i < jobs; i++) {
		slots[i].wait = ASYNC_WAIT_CTX_new();
		if (!slots[i].wait)
			die("wait contexts");
	}
	if (!ASYNC_init_thread(jobs, jobs))
		die("ASYNC_init_thread");
	most = run_jobs(count, &state, &woken);
	for (unsigned int i = 0; i < jobs; i++)
		paused += slots[i].pauses;
	printf("lkcf_ops: most_in_flight=%lu paused=%lu woken=%lu\n", most, paused, woken);
	ASYNC_cleanup_thread();
	judge_counters(false);
	c = read_counters();
	if (!without) {
		/* Threads of valgrind's take turns, and who looks has his when others have not. */
		if (most < 2 && !RUNNING_ON_VALGRIND)
			complain("async", "never two operations in flight");
		if (c.v[ASYNC_OPS] < count)
			complain("async", "not every operation was a job's");
		if (c.v[FAILED])
			complain("async", "failed");
		/* With a pool of threads of theirs */
		leave_in_flight(true);
		leave_in_flight(false);
	}
	for (unsigned int i = 0; i < jobs; i++)
		ASYNC_WAIT_CTX_free(slots[i].wait);
	free_keys();
	expect_keys(0, "all are freed");
	drop_contexts();
}

/* ---- the files that processes left, or write now: the sum of each counter ---- */

static int show_files(const char *folder)
{
	uint64_t sums[NR_COUNTERS] = { };
	unsigned int files = 0;
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY);
		struct counters c;

		if (fd >= 0 && read(fd, &c, sizeof(c)) == sizeof(c) &&
		    !memcmp(c.magic, COUNTERS_MAGIC, sizeof(c.magic)) &&
		    c.version == COUNTERS_VERSION) {
			files++;
			for (unsigned int i = 0; i < c.number && i < COUNTERS_ROOM; i++)
				for (unsigned int j = 0; j < NR_COUNTERS; j++)
					if (!strcmp(c.counter[i].name, counter_names[j]))
						sums[j] += c.counter[i].value;
		}
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	printf("files %u\n", files);
	for (unsigned int j = 0; j < NR_COUNTERS; j++)
		printf("%s %llu\n", counter_names[j], (unsigned long long)sums[j]);
	return 0;
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "ops", mode_ops }, { "threads", mode_threads }, { "forks", mode_forks },
	{ "remove", mode_remove }, { "async", mode_async }, { "child", mode_child },
};

static void usage(void)
{
	fprintf(stderr,
		"lkcf_ops -c CONFIG -k KEY.pem... [OPTION]...\n"
		"  -m MODE   ops (default), threads, forks, remove or async\n"
		"  -n N      operations (ops, async), families (forks)\n"
		"  -t N      threads, or jobs in flight\n"
		"  -s N      seconds (threads, remove)\n"
		"  -S SEED   of what is random\n"
		"  -C DIR    nothing, but show the sums of the counters in the files there\n"
		"  -x        lkcf is not there, nor its counters: a test of this program\n");
	exit(64);
}

int main(int argc, char **argv)
{
	void (*run)(void) = mode_ops;
	ssize_t length;
	int opt;

	/* Not in place of what is executed: under valgrind that link names valgrind. */
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		die("/proc/self/exe");
	self[length] = 0;	/* valgrind leaves more behind the end */
	seed = time(NULL) ^ (uint64_t)getpid() << 32;
	while ((opt = getopt(argc, argv, "c:k:m:n:t:s:S:C:x")) != -1) {
		switch (opt) {
		case 'c':
			config = optarg;
			break;
		case 'k':
			if (nr_keys == MAX_KEYS)
				usage();
			read_pem(&keys[nr_keys++], optarg);
			break;
		case 'm':
			run = NULL;
			for (unsigned int i = 0; i < ARRAY_SIZE(modes); i++)
				if (!strcmp(optarg, modes[i].name))
					run = modes[i].run;
			if (!run)
				usage();
			break;
		case 'n':
			count = strtoul(optarg, NULL, 0);
			max_rounds = count;
			break;
		case 't':
			nr_threads = strtoul(optarg, NULL, 0);
			jobs = nr_threads;
			break;
		case 's':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'C':
			return show_files(optarg);
		case 'x':
			without = true;
			break;
		default:
			usage();
		}
	}
	if (!config || !nr_keys || optind != argc || !nr_threads || jobs > MAX_JOBS)
		usage();
	printf("lkcf_ops: seed %#llx\n", (unsigned long long)seed);
	fflush(stdout);
	run();
	printf("lkcf_ops: ops=%lu bad=%lu\n", atomic_load(&done), atomic_load(&bad));
	return atomic_load(&bad) != 0;
}
