// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkey_stress - RSA and ECDSA through keyctl, every result checked by OpenSSL.
 *
 * Loads keys into the process keyring and runs keyctl_pkey_sign(),
 * _verify(), _encrypt() and _decrypt() on them from several threads. OpenSSL,
 * which computes by itself, is the judge: it verifies what the kernel signs,
 * and makes what the kernel verifies and decrypts. Exit status 0 only if no
 * operation failed and no result was wrong.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <keyutils.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "../lib/clock.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_KEYS	2048
#define MAX_BLOCK	1024
#define MAX_PAD		11		/* of PKCS#1 v1.5, if there is no hash */

enum op {
	OP_SIGN, OP_VERIFY, OP_REJECT, OP_ENCRYPT, OP_DECRYPT, OP_GARBAGE, OP_CORRUPT,
	OP_NR
};

static const char * const op_names[OP_NR] = {
	"sign", "verify", "reject", "encrypt", "decrypt", "garbage", "corrupt",
};

static const char * const hash_names[] = {
	"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "none",
};

#define HASH_NR ARRAY_SIZE(hash_names)

/* What there is of ECDSA */
static const unsigned int ec_ops = 1U << OP_SIGN | 1U << OP_VERIFY | 1U << OP_REJECT;
static const unsigned int ec_hashes = 0x3e;	/* those of SHA */

struct key {
	EVP_PKEY *pkey;
	key_serial_t serial;
	key_serial_t verifier;	/* that, or a certificate's */
	size_t bytes;		/* of a block; ECDSA: of the longest signature */
	bool ec;
};

static struct key keys[MAX_KEYS];
static unsigned int nr_keys;
static unsigned int ops_mask, hash_mask;
static unsigned long count;		/* operations of each worker, 0: until stopped */
static double seconds;
static unsigned int pause_ms;		/* of a worker, after each operation */
static atomic_bool stop;
static atomic_ulong done[OP_NR], failed[OP_NR], wrong[OP_NR];
static atomic_ulong done_with[OP_NR][2 * HASH_NR];	/* the second half: ECDSA */
static atomic_ulong worst_us;
static bool quiet, counts, in_turn, certificates;
static const char *after;		/* begin when this file exists */

static void die(const char *what)
{
	fprintf(stderr, "pkey_stress: %s: %s\n", what, strerror(errno));
	exit(2);
}

static bool uses_hash(enum op op)
{
	return op == OP_SIGN || op == OP_VERIFY || op == OP_REJECT;
}

static void report_failure(enum op op, const char *info, const struct key *key, const char *what)
{
	if (!quiet)
		fprintf(stderr, "pkey_stress: %s (%s, %d bits): %s\n",
			op_names[op], info, EVP_PKEY_get_bits(key->pkey), what);
}

static EVP_PKEY_CTX *make_ctx(const struct key *key, int (*init)(EVP_PKEY_CTX *),
			      const char *hash)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);

	if (!ctx || init(ctx) <= 0 ||
	    (!key->ec && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) <= 0))
		return NULL;
	if (hash && strcmp(hash, "none") &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(hash)) <= 0)
		return NULL;
	return ctx;
}

/*
 * How long a signature is. 6.12 answers with the longest one's length and has
 * zeros after shorter ones.
 */
static size_t sig_length(const struct key *key, const uint8_t *sig, size_t len)
{
	size_t header = sig[1] == 0x81 ? 3 : 2;
	size_t own = header + sig[header - 1];

	if (!key->ec || len < header)
		return len;
	while (len > own && !sig[len - 1])
		len--;
	return len;
}

static bool openssl_verify(const struct key *key, const char *hash, const uint8_t *sig,
			   size_t sig_len, const uint8_t *digest, size_t digest_len)
{
	EVP_PKEY_CTX *ctx = make_ctx(key, EVP_PKEY_verify_init, hash);
	bool ok = ctx && EVP_PKEY_verify(ctx, sig, sig_len, digest, digest_len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static size_t openssl_sign(const struct key *key, const char *hash, const uint8_t *digest,
			   size_t digest_len, uint8_t *sig)
{
	EVP_PKEY_CTX *ctx = make_ctx(key, EVP_PKEY_sign_init, hash);
	size_t len = MAX_BLOCK;

	if (!ctx || EVP_PKEY_sign(ctx, sig, &len, digest, digest_len) != 1)
		len = 0;
	EVP_PKEY_CTX_free(ctx);
	return len;
}

static size_t openssl_crypt(const struct key *key, bool encrypt, const uint8_t *in, size_t in_len,
			    uint8_t *out)
{
	EVP_PKEY_CTX *ctx = make_ctx(key, encrypt ? EVP_PKEY_encrypt_init :
						     EVP_PKEY_decrypt_init, NULL);
	size_t len = MAX_BLOCK;
	unsigned int off = 0;
	/* Without it OpenSSL answers noise for a malformed block: no judge. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_IMPLICIT_REJECTION, &off),
		OSSL_PARAM_construct_end()
	};
	int ret = 0;

	if (ctx && !encrypt && EVP_PKEY_CTX_set_params(ctx, params) <= 0)
		goto out;
	if (ctx)
		ret = encrypt ? EVP_PKEY_encrypt(ctx, out, &len, in, in_len) :
				EVP_PKEY_decrypt(ctx, out, &len, in, in_len);
out:
	EVP_PKEY_CTX_free(ctx);
	return ret == 1 ? len : 0;
}

/* A block as long as the key, below the modulus, without padding. */
static size_t openssl_raw(const struct key *key, bool encrypt, const uint8_t *in, uint8_t *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	size_t len = MAX_BLOCK;

	if (!ctx || (encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) <= 0 ||
	    (encrypt ? EVP_PKEY_encrypt(ctx, out, &len, in, key->bytes) :
		       EVP_PKEY_decrypt(ctx, out, &len, in, key->bytes)) != 1)
		len = 0;
	EVP_PKEY_CTX_free(ctx);
	return len;
}

/*
 * A ciphertext in @out, valid, but for some of its bits. What is in it begins neither with
 * 00 02 nor, which libgcrypt takes too, 02.
 */
static bool corrupt(const struct key *key, const uint8_t *in, size_t in_len, uint8_t *out)
{
	uint8_t block[MAX_BLOCK];
	unsigned int tries;

	if (openssl_crypt(key, true, in, in_len, out) != key->bytes)
		return false;
	for (tries = 1; tries < 100; tries++) {
		/* Not where it might become larger than the modulus. */
		out[key->bytes - 1 - tries % 32] ^= tries;
		if (openssl_raw(key, false, out, block) != key->bytes)
			return false;
		if (block[0] != 2 && (block[0] || block[1] != 2))
			return true;
	}
	return false;
}

/* One operation; returns 0 right, 1 the kernel failed it, 2 a wrong result. */
static int one(enum op op, const struct key *key, const char *hash)
{
	uint8_t in[MAX_BLOCK], out[MAX_BLOCK], ref[MAX_BLOCK];
	size_t digest_len, len, ref_len;
	char info[64];
	long ret;

	RAND_bytes(in, sizeof(in));
	if (!uses_hash(op) || !strcmp(hash, "none")) {
		snprintf(info, sizeof(info), "enc=pkcs1");
		digest_len = 1 + in[0] % (key->bytes - MAX_PAD);
	} else {
		snprintf(info, sizeof(info), "enc=%s hash=%s", key->ec ? "x962" : "pkcs1", hash);
		digest_len = EVP_MD_get_size(EVP_get_digestbyname(hash));
	}

	switch (op) {
	case OP_SIGN:
		ret = keyctl_pkey_sign(key->serial, info, in, digest_len, out, key->bytes);
		if (ret < 0)
			break;
		if ((key->ec || (size_t)ret == key->bytes) &&
		    openssl_verify(key, hash, out, sig_length(key, out, ret), in, digest_len))
			return 0;
		report_failure(op, info, key, "OpenSSL rejects the kernel's signature");
		return 2;
	case OP_VERIFY:
	case OP_REJECT:
		len = openssl_sign(key, hash, in, digest_len, out);
		if (op == OP_REJECT)
			in[0] ^= 1;
		ret = keyctl_pkey_verify(key->verifier, info, in, digest_len, out, len);
		if (op == OP_VERIFY && ret < 0)
			break;
		if (op == OP_VERIFY || (ret < 0 && errno == EKEYREJECTED))
			return 0;
		report_failure(op, info, key, ret ? strerror(errno) : "accepted a wrong signature");
		return 2;
	case OP_ENCRYPT:
		len = 1 + in[0] % (key->bytes - MAX_PAD);
		ret = keyctl_pkey_encrypt(key->serial, info, in, len, out, key->bytes);
		if (ret < 0)
			break;
		ref_len = openssl_crypt(key, false, out, ret, ref);
		if (ref_len == len && !memcmp(ref, in, len))
			return 0;
		report_failure(op, info, key, "OpenSSL decrypts something else");
		return 2;
	case OP_DECRYPT:
		len = 1 + in[0] % (key->bytes - MAX_PAD);
		ref_len = openssl_crypt(key, true, in, len, ref);
		memset(out, 0, sizeof(out));
		ret = keyctl_pkey_decrypt(key->serial, info, ref, ref_len, out, key->bytes);
		if (ret < 0)
			break;
		/* 6.12 answers the key's size (KERNEL-NOTES): zeros follow the message. */
		if ((size_t)ret >= len && !memcmp(out, in, len))
			return 0;
		report_failure(op, info, key, "the kernel decrypts something else");
		return 2;
	case OP_GARBAGE:
		/* Neither 00 02 nor, which libgcrypt takes, 02: what no decoder may take. */
		in[0] = 0;
		in[1] |= 4;
		if (openssl_raw(key, true, in, ref) != key->bytes) {
			report_failure(op, info, key, "OpenSSL does not encrypt the block");
			return 2;
		}
		goto refused;
	case OP_CORRUPT:
		if (!corrupt(key, in, 1 + in[0] % (key->bytes - MAX_PAD), ref)) {
			report_failure(op, info, key, "OpenSSL does not make the ciphertext");
			return 2;
		}
refused:
		ret = keyctl_pkey_decrypt(key->serial, info, ref, key->bytes, out, key->bytes);
		if (ret < 0 && errno == EINVAL)
			return 0;
		report_failure(op, info, key, ret < 0 ? strerror(errno) : "garbage was decrypted");
		return 2;
	default:
		return 2;
	}
	report_failure(op, info, key, strerror(errno));
	return 1;
}

static unsigned int pick(unsigned int mask, unsigned int *seed)
{
	unsigned int bit;

	do
		bit = rand_r(seed) % 32;
	while (!(mask & (1U << bit)));
	return bit;
}

static void *worker(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	double end = now() + seconds;
	unsigned long i;

	for (i = 0; !stop && (!count || i < count) && (!seconds || now() < end); i++) {
		enum op op = pick(ops_mask, &seed);
		unsigned int hash = pick(hash_mask, &seed);
		unsigned long nr = in_turn ? i : (unsigned long)rand_r(&seed);
		const struct key *key = &keys[nr % nr_keys];
		double start = now();
		unsigned long us, old;

		if (key->ec && !(ec_ops & 1U << op))
			op = pick(ops_mask & ec_ops, &seed);
		if (key->ec && !(ec_hashes & 1U << hash))
			hash = pick(hash_mask & ec_hashes, &seed);
		switch (one(op, key, hash_names[hash])) {
		case 0:
			break;
		case 1:
			failed[op]++;
			break;
		default:
			wrong[op]++;
		}
		done[op]++;
		done_with[op][uses_hash(op) ? hash + key->ec * HASH_NR : 0]++;
		us = (now() - start) * 1e6;
		for (old = worst_us; us > old;)
			if (atomic_compare_exchange_weak(&worst_us, &old, us))
				break;
		if (pause_ms)
			usleep(pause_ms * 1000);
	}
	return NULL;
}

/* A certificate by another than its subject: nobody looks at its signature when it is loaded. */
static key_serial_t load_certificate(EVP_PKEY *pkey, const char *name)
{
	X509_NAME *subject = X509_NAME_new();
	X509_NAME *issuer = X509_NAME_new();
	unsigned char *der = NULL;
	X509 *cert = X509_new();
	key_serial_t serial;
	char description[48];
	int len;

	/* Two of one name would be one key. */
	snprintf(description, sizeof(description), "%s-certificate", name);

	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
	X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, (const uint8_t *)"issuer", -1, -1,
				   0);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1 + nr_keys);
	X509_set_subject_name(cert, subject);
	X509_set_issuer_name(cert, issuer);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, pkey);
	if (!X509_sign(cert, pkey, EVP_sha256())) {
		fprintf(stderr, "pkey_stress: cannot make a certificate\n");
		exit(2);
	}
	len = i2d_X509(cert, &der);
	serial = add_key("asymmetric", description, der, len, KEY_SPEC_PROCESS_KEYRING);
	if (serial < 0)
		die("loading a certificate");
	OPENSSL_free(der);
	X509_free(cert);
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	return serial;
}

static void load_key(EVP_PKEY *pkey)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
	struct key *key = &keys[nr_keys];
	struct keyctl_pkey_query query;
	unsigned char *der = NULL;
	char name[32];
	int len;

	if (nr_keys == MAX_KEYS || !p8) {
		fprintf(stderr, "pkey_stress: too many keys, or not a private one\n");
		exit(2);
	}
	len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	snprintf(name, sizeof(name), "stress-%u", nr_keys);
	key->pkey = pkey;
	key->bytes = EVP_PKEY_get_size(pkey);
	key->ec = EVP_PKEY_is_a(pkey, "EC");
	key->serial = add_key("asymmetric", name, der, len, KEY_SPEC_PROCESS_KEYRING);
	if (key->serial < 0)
		die("loading a private key (is pkcs8_key_parser loaded?)");
	if (key->ec && keyctl_pkey_query(key->serial, "enc=x962 hash=sha256", &query) < 0)
		die("asking about a private key of ECDSA");
	if (key->ec)
		key->bytes = query.max_sig_size;
	key->verifier = certificates ? load_certificate(pkey, name) : key->serial;
	OPENSSL_clear_free(der, len);
	PKCS8_PRIV_KEY_INFO_free(p8);
	nr_keys++;
}

/*
 * Another private key with the primes of @pkey and the public exponent @e, or NULL if there is
 * none: keys by the thousand, which take seconds each to make in an emulated machine.
 */
static EVP_PKEY *derive_key(EVP_PKEY *pkey, unsigned long e)
{
	static const char * const names[4] = {
		OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	};
	EVP_PKEY_CTX *pctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	struct bignum_st *same[4];
	BIGNUM *exp = BN_new();
	BIGNUM *phi = BN_new();
	BIGNUM *d = BN_new();
	BIGNUM *dp = BN_new();
	BIGNUM *dq = BN_new();
	BIGNUM *p1 = BN_new();
	BIGNUM *q1 = BN_new();
	struct ossl_param_bld_st *bld;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	BN_CTX *ctx = BN_CTX_new();
	unsigned int i;

	memset(same, 0, sizeof(same));
	bld = OSSL_PARAM_BLD_new();
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!EVP_PKEY_get_bn_param(pkey, names[i], &same[i]))
			goto out;
	BN_set_word(exp, e);
	BN_sub(p1, same[1], BN_value_one());
	BN_sub(q1, same[2], BN_value_one());
	BN_mul(phi, p1, q1, ctx);
	if (!BN_mod_inverse(d, exp, phi, ctx))
		goto out;
	BN_mod(dp, d, p1, ctx);
	BN_mod(dq, d, q1, ctx);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		OSSL_PARAM_BLD_push_BN(bld, names[i], same[i]);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, exp);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_D, d);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq);
	params = OSSL_PARAM_BLD_to_param(bld);
	if (EVP_PKEY_fromdata_init(pctx) <= 0 ||
	    EVP_PKEY_fromdata(pctx, &key, EVP_PKEY_KEYPAIR, params) <= 0)
		key = NULL;
out:
	for (i = 0; i < ARRAY_SIZE(names); i++)
		BN_clear_free(same[i]);
	BN_clear_free(exp);
	BN_clear_free(d);
	BN_clear_free(dp);
	BN_clear_free(dq);
	BN_clear_free(p1);
	BN_clear_free(q1);
	BN_clear_free(phi);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_CTX_free(ctx);
	EVP_PKEY_CTX_free(pctx);
	return key;
}

/* So many keys in all: more are derived from the last one. */
static void derive_keys(unsigned int nr, unsigned long e)
{
	EVP_PKEY *last, *key;

	if (!nr_keys || keys[nr_keys - 1].ec) {
		fprintf(stderr, "pkey_stress: -N comes after the RSA key that others come from\n");
		exit(2);
	}
	last = keys[nr_keys - 1].pkey;
	for (e |= 1; nr_keys < nr; e += 2) {
		key = derive_key(last, e);
		if (key)
			load_key(key);
	}
}

/* @what: bits of an RSA modulus, or a curve */
static EVP_PKEY *generate(const char *what)
{
	static const char * const curves[][2] = {
		{ "p192", "P-192" }, { "p256", "P-256" }, { "p384", "P-384" }, { "p521", "P-521" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(curves); i++)
		if (!strcmp(what, curves[i][0]))
			return EVP_EC_gen(curves[i][1]);
	return EVP_RSA_gen(atoi(what));
}

static void load_file(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *pkey;

	if (!f)
		die(path);
	pkey = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (!pkey) {
		fprintf(stderr, "pkey_stress: %s: not a private key in PEM\n", path);
		exit(2);
	}
	load_key(pkey);
}

static void print_counts(void)
{
	unsigned int op, hash;

	for (op = 0; op < OP_NR; op++)
		for (hash = 0; hash < 2 * HASH_NR; hash++)
			if (done_with[op][hash])
				printf("count %s %s%s %lu\n", op_names[op],
				       hash < HASH_NR ? "" : "ec-",
				       uses_hash(op) ? hash_names[hash % HASH_NR] : "-",
				       done_with[op][hash]);
}

static unsigned int parse_mask(char *list, const char * const *names, unsigned int nr)
{
	unsigned int mask = 0, i;
	char *word;

	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		for (i = 0; i < nr && strcmp(word, names[i]); i++)
			;
		if (i == nr) {
			fprintf(stderr, "pkey_stress: unknown name '%s'; one of:", word);
			for (i = 0; i < nr; i++)
				fprintf(stderr, " %s", names[i]);
			fprintf(stderr, "\n");
			exit(2);
		}
		mask |= 1U << i;
	}
	return mask;
}

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static const char usage[] =
"Usage: pkey_stress [OPTION]...\n"
"RSA and ECDSA through keyctl from several threads, every result checked by OpenSSL.\n\n"
"  -k, --key FILE      a private key in PEM; may be given several times\n"
"  -g, --generate BITS make a key; p192, p256, p384 or p521: of ECDSA; may be given several times\n"
"  -N, --keys N        so many keys in all: others are derived from the last one\n"
"  -E, --exponent E    with public exponents from this one on (default 65539); before -N\n"
"  -R, --in-turn       each worker uses one key after the other (default: random)\n"
"  -t, --threads N     workers (default 1)\n"
"  -n, --count N       operations of each worker (default 10, unlimited with -s)\n"
"  -s, --seconds S     stop after S seconds; SIGTERM and SIGINT stop too\n"
"  -a, --after FILE    load the keys, and begin when FILE exists\n"
"  -w, --wait MS       each worker pauses so long after each operation (default: 0)\n"
"  -o, --ops LIST      sign,verify,reject,encrypt,decrypt,garbage,corrupt (default: sign)\n"
"  -H, --hashes LIST   md5,sha1,sha224,sha256,sha384,sha512,none (default: sha256)\n"
"                      Of ECDSA there are sign, verify and reject, with SHA; others are not tried.\n"
"  -x, --certificates  verify and reject with a certificate of the key; before -k and -g\n"
"  -c, --counts        a line 'count OPERATION HASH N' for each kind that was done; of ECDSA,\n"
"                      HASH begins with ec-\n"
"  -S, --seed N        for the choice of operations (default: the time; printed)\n"
"  -q, --quiet         no line for each failure\n\n"
"Prints one line of counts. Exit status: 0 nothing failed or was wrong, 1 something\n"
"was, 2 it could not start. Example: pkey_stress -g 2048 -t 4 -n 100 -o sign,decrypt\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", 1, NULL, 'k' }, { "generate", 1, NULL, 'g' }, { "threads", 1, NULL, 't' },
		{ "count", 1, NULL, 'n' }, { "seconds", 1, NULL, 's' }, { "wait", 1, NULL, 'w' },
		{ "after", 1, NULL, 'a' }, { "ops", 1, NULL, 'o' },
		{ "hashes", 1, NULL, 'H' }, { "seed", 1, NULL, 'S' }, { "quiet", 0, NULL, 'q' },
		{ "certificates", 0, NULL, 'x' },
		{ "counts", 0, NULL, 'c' },
		{ "keys", 1, NULL, 'N' }, { "exponent", 1, NULL, 'E' },
		{ "in-turn", 0, NULL, 'R' },
		{ "help", 0, NULL, 'h' }, { }
	};
	unsigned long total = 0, bad = 0, exponent = 65539;
	unsigned int threads = 1, seed = time(NULL), i;
	pthread_t tids[256];
	double start;
	int c;

	/* The reference is OpenSSL's own code: OPENSSL_CONF may name the provider lkcf. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	ops_mask = 1U << OP_SIGN;
	hash_mask = 1U << 3;
	while ((c = getopt_long(argc, argv, "k:g:N:E:Rt:n:s:a:w:o:H:S:qxch", options,
				NULL)) != -1) {
		switch (c) {
		case 'k':
			load_file(optarg);
			break;
		case 'g':
			load_key(generate(optarg));
			break;
		case 'N':
			derive_keys(atoi(optarg), exponent);
			break;
		case 'E':
			exponent = strtoul(optarg, NULL, 0);
			break;
		case 'R':
			in_turn = true;
			break;
		case 't':
			threads = atoi(optarg);
			break;
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seconds = atof(optarg);
			break;
		case 'a':
			after = optarg;
			break;
		case 'w':
			pause_ms = strtoul(optarg, NULL, 0);
			break;
		case 'o':
			ops_mask = parse_mask(optarg, op_names, OP_NR);
			break;
		case 'H':
			hash_mask = parse_mask(optarg, hash_names, HASH_NR);
			break;
		case 'S':
			seed = strtoul(optarg, NULL, 0);
			break;
		case 'q':
			quiet = true;
			break;
		case 'x':
			certificates = true;
			break;
		case 'c':
			counts = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (!nr_keys || !threads || threads > 256 || !ops_mask || !hash_mask) {
		fprintf(stderr, "pkey_stress: a key (-k or -g), 1 to 256 threads, operations and\n"
			"hashes are needed\n%s", usage);
		return 2;
	}
	for (i = 0; i < nr_keys; i++)
		if (keys[i].ec && (!(ops_mask & ec_ops) || !(hash_mask & ec_hashes))) {
			fprintf(stderr,
				"pkey_stress: these are no operations or hashes of ECDSA\n");
			return 2;
		}
	if (!count && !seconds)
		count = 10;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);

	while (after && !stop && access(after, F_OK))
		usleep(50000);
	start = now();
	for (i = 0; i < threads; i++) {
		errno = pthread_create(&tids[i], NULL, worker, (void *)(uintptr_t)(seed + i));
		if (errno)
			die("pthread_create");
	}
	for (i = 0; i < threads; i++)
		pthread_join(tids[i], NULL);

	if (counts)
		print_counts();
	for (i = 0; i < OP_NR; i++) {
		if (done[i])
			printf("%s=%lu ", op_names[i], done[i]);
		total += done[i];
		bad += failed[i] + wrong[i];
	}
	printf("ops=%lu", total);
	for (i = 0; i < OP_NR; i++)
		if (failed[i] || wrong[i])
			printf(" %s_failed=%lu %s_wrong=%lu", op_names[i], failed[i], op_names[i],
			       wrong[i]);
	printf(" bad=%lu seconds=%.2f worst_ms=%.1f seed=%u\n", bad, now() - start,
	       worst_us / 1e3, seed);
	return bad || !total;
}
