// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two library contexts, the keys in both, and the counters of the provider.
 */
#include "ops.h"

const char * const counter_names[NR_COUNTERS] = {
	"rsa_kernel", "ecdsa_kernel", "rsa_software", "ecdsa_software", "unqualified", "failed",
	"async", "keys_added", "keys_dropped", "keys_again", "keys_refused", "wrong_results",
	"in_flight",
};

OSSL_LIB_CTX *kern, *soft;
OSSL_PROVIDER *lkcf;
static OSSL_PROVIDER *judge_provider;
struct key keys[MAX_KEYS];
unsigned int nr_keys;
bool without;		/* lkcf: to test this program itself */

void die(const char *what)
{
	fprintf(stderr, "lkcf_ops: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(2);
}

void complain(const char *what, const char *detail)
{
	if (atomic_fetch_add(&bad, 1) < 20) {
		fprintf(stderr, "lkcf_ops: %s: %s\n", what, detail);
		ERR_print_errors_fp(stderr);
	}
}

void make_contexts(void)
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

void drop_contexts(void)
{
	if (lkcf)
		OSSL_PROVIDER_unload(lkcf);
	lkcf = NULL;
	OSSL_PROVIDER_unload(judge_provider);
	OSSL_LIB_CTX_free(kern);
	OSSL_LIB_CTX_free(soft);
}

EVP_PKEY *load(OSSL_LIB_CTX *ctx, const struct key *key)
{
	BIO *bio = BIO_new_mem_buf(key->pem, -1);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, ctx, NULL) : NULL;

	BIO_free(bio);
	return pkey;
}

/* Where the private operations of @pkey are computed */
bool is_lkcf(const EVP_PKEY *pkey)
{
	const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(pkey);

	return provider && !strcmp(OSSL_PROVIDER_get0_name(provider), "lkcf");
}

void read_pem(struct key *key, const char *path)
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

void load_keys(void)
{
	for (unsigned int i = 0; i < nr_keys; i++)
		load_key(&keys[i]);
}

void free_keys(void)
{
	for (unsigned int i = 0; i < nr_keys; i++) {
		EVP_PKEY_free(keys[i].kern);
		EVP_PKEY_free(keys[i].soft);
		keys[i].kern = NULL;
		keys[i].soft = NULL;
	}
}

struct values read_counters(void)
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

uint64_t in_kernel(const struct values *c)
{
	return c->v[RSA_KERNEL] + c->v[ECDSA_KERNEL];
}

/* No operation may have been lost by the kernel on its way; @fallback: but here some may have. */
void judge_counters(bool fallback)
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
