// SPDX-License-Identifier: MIT
/*
 * Keys, as libcrypto sees them. Each is a key of the default provider in our own library context,
 * which does all that has nothing to do with the private operation.
 */
#include <string.h>

#include <openssl/bn.h>

#include "lkcf.h"

struct key *key_new(struct provider *prov, enum key_type type)
{
	struct key *key = OPENSSL_zalloc(sizeof(*key));

	if (!key)
		return NULL;
	key->prov = prov;
	key->type = type;
	key->pss_min_salt = -1;
	atomic_init(&key->refs, 1);
	return key;
}

struct key *key_get(struct key *key)
{
	atomic_fetch_add(&key->refs, 1);
	return key;
}

/* What was made for the private operation. */
static void forget(struct key *key)
{
	kernel_key_put(key->kernel);
	key->kernel = NULL;
	BN_BLINDING_free(key->blinding);
	key->blinding = NULL;
	BN_MONT_CTX_free(key->mont);
	key->mont = NULL;
	BN_free(key->n);
	key->n = NULL;
	BN_free(key->e);
	key->e = NULL;
}

void key_put(struct key *key)
{
	if (!key || atomic_fetch_sub(&key->refs, 1) > 1)
		return;
	forget(key);
	EVP_PKEY_free(key->soft);
	OPENSSL_free(key);
}

static bool has_number(const EVP_PKEY *pkey, const char *name)
{
	BIGNUM *number = NULL;
	bool has = EVP_PKEY_get_bn_param(pkey, name, &number);

	BN_clear_free(number);
	return has;
}

/* Whether the kernel could compute with the key; sizes are LKCF's (rsa_check_key_length()). */
static bool qualifies(struct key *key)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	struct provider *prov = key->prov;
	char name[64];
	size_t i;

	if (!key->has_private)
		return false;
	if (key->type != KEY_EC)
		return prov->rsa && key->has_public && key->bits >= prov->rsa_min_bits &&
			key->bits <= prov->rsa_max_bits &&
			(key->bits == 2048 || key->bits == 3072 || key->bits == 4096) &&
			has_number(key->soft, OSSL_PKEY_PARAM_RSA_FACTOR1) &&
			!has_number(key->soft, OSSL_PKEY_PARAM_RSA_FACTOR3);
	/* The kernel knows curves by name only. */
	if (!prov->ecdsa || !key->has_public ||
	    (EVP_PKEY_get_utf8_string_param(key->soft, OSSL_PKEY_PARAM_EC_ENCODING, name,
					    sizeof(name), NULL) &&
	     strcmp(name, OSSL_PKEY_EC_ENCODING_GROUP)) ||
	    !EVP_PKEY_get_utf8_string_param(key->soft, OSSL_PKEY_PARAM_GROUP_NAME, name,
					    sizeof(name), NULL))
		return false;
	for (i = 0; i < ARRAY_SIZE(curves); i++) {
		if (!strcmp(name, curves[i]))
			return true;
	}
	return false;
}

/* A restricted RSA-PSS key says what it is for: the kernel's part does not change, ours does. */
static int find_restriction(const OSSL_PARAM params[], void *arg)
{
	const OSSL_PARAM *salt = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN);
	const OSSL_PARAM *digest = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_DIGEST);
	int *min = arg;

	if (salt || digest) {
		*min = 20;	/* the default of the ASN.1, RFC 8017 A.2.3 */
		if (salt && !OSSL_PARAM_get_int(salt, min))
			return 0;
	}
	return 1;
}

/* @key becomes @soft, whose reference it takes, also on failure (false). */
bool key_take(struct key *key, EVP_PKEY *soft)
{
	const char *name = OSSL_PKEY_PARAM_GROUP_NAME;
	size_t size = 0;
	bool ok = true;

	if (key->soft) {
		forget(key);
		EVP_PKEY_free(key->soft);
	}
	key->soft = soft;
	/* What is not there is no error. */
	ERR_set_mark();
	if (key->type == KEY_EC) {
		key->has_private = has_number(soft, OSSL_PKEY_PARAM_PRIV_KEY);
		key->has_public = EVP_PKEY_get_octet_string_param(soft, OSSL_PKEY_PARAM_PUB_KEY,
								  NULL, 0, &size) &&
				  size;
		key->has_parameters = !!EVP_PKEY_get_utf8_string_param(soft, name, NULL, 0, &size);
	} else {
		key->has_private = has_number(soft, OSSL_PKEY_PARAM_RSA_D);
		key->has_public = has_number(soft, OSSL_PKEY_PARAM_RSA_N);
		key->has_parameters = true;
	}
	key->bits = EVP_PKEY_get_bits(soft) > 0 ? EVP_PKEY_get_bits(soft) : 0;
	key->size = EVP_PKEY_get_size(soft) > 0 ? EVP_PKEY_get_size(soft) : 0;
	key->pss_min_salt = -1;
	if (key->type == KEY_RSA_PSS)
		ok = EVP_PKEY_export(soft, OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS, find_restriction,
				     &key->pss_min_salt);
	key->qualified = ok && qualifies(key);
	ERR_pop_to_mark();
	return ok;
}

static void *rsa_new(void *prov)
{
	return key_new(prov, KEY_RSA);
}

static void *rsa_pss_new(void *prov)
{
	return key_new(prov, KEY_RSA_PSS);
}

static void *ec_new(void *prov)
{
	return key_new(prov, KEY_EC);
}

static void key_free(void *key)
{
	key_put(key);
}

/* The reference is a decoder's: the address of its key, which is ours from now on. */
static void *key_load(const void *reference, size_t size)
{
	struct key *key = NULL;

	if (size == sizeof(key)) {
		memcpy(&key, reference, sizeof(key));
		memset((void *)reference, 0, sizeof(key));
	}
	return key;
}

static int key_has(const void *data, int selection)
{
	const struct key *key = data;

	if (!key || !key->soft)
		return !(selection &
			 (OSSL_KEYMGMT_SELECT_KEYPAIR | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS));
	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY && !key->has_private)
		return 0;
	if (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY && !key->has_public)
		return 0;
	return !(selection & OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS) || key->has_parameters;
}

static bool same_private(const struct key *a, const struct key *b)
{
	const char *name = a->type == KEY_EC ? OSSL_PKEY_PARAM_PRIV_KEY : OSSL_PKEY_PARAM_RSA_D;
	BIGNUM *x = NULL, *y = NULL;
	bool same;

	same = EVP_PKEY_get_bn_param(a->soft, name, &x) &&
	       EVP_PKEY_get_bn_param(b->soft, name, &y) && !BN_cmp(x, y);
	BN_clear_free(x);
	BN_clear_free(y);
	return same;
}

static int key_match(const void *data1, const void *data2, int selection)
{
	const struct key *a = data1, *b = data2;

	if (!a->soft || !b->soft || a->type != b->type)
		return 0;
	if (selection & OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS && a->type == KEY_EC &&
	    EVP_PKEY_parameters_eq(a->soft, b->soft) != 1)
		return 0;
	if (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY && (a->has_public || b->has_public))
		return EVP_PKEY_eq(a->soft, b->soft) == 1;
	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
		return same_private(a, b);
	return !(selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY);
}

static int key_validate(const void *data, int selection, int how)
{
	const struct key *key = data;
	EVP_PKEY_CTX *ctx;
	int ok;

	if (!key->soft)
		return 0;
	ctx = EVP_PKEY_CTX_new_from_pkey(key->prov->soft, key->soft, NULL);
	ok = !!ctx;
	if (ok && (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == OSSL_KEYMGMT_SELECT_KEYPAIR) {
		ok = EVP_PKEY_check(ctx) == 1;
	} else {
		if (ok && selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY)
			ok = (how == OSSL_KEYMGMT_VALIDATE_QUICK_CHECK ?
			      EVP_PKEY_public_check_quick(ctx) : EVP_PKEY_public_check(ctx)) == 1;
		if (ok && selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
			ok = EVP_PKEY_private_check(ctx) == 1;
		if (ok && selection & OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS && key->type == KEY_EC)
			ok = (how == OSSL_KEYMGMT_VALIDATE_QUICK_CHECK ?
			      EVP_PKEY_param_check_quick(ctx) : EVP_PKEY_param_check(ctx)) == 1;
	}
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static int key_import(void *data, int selection, const OSSL_PARAM params[])
{
	struct key *key = data;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(key->prov->soft, key_type_name(key->type),
						       NULL);
	EVP_PKEY *soft = NULL;
	int ok;

	ok = ctx && EVP_PKEY_fromdata_init(ctx) > 0 &&
		EVP_PKEY_fromdata(ctx, &soft, selection, (OSSL_PARAM *)params) > 0;
	EVP_PKEY_CTX_free(ctx);
	if (!ok) {
		EVP_PKEY_free(soft);
		return 0;
	}
	return key_take(key, soft);
}

static int key_export(void *data, int selection, OSSL_CALLBACK *callback, void *arg)
{
	const struct key *key = data;

	return key->soft && EVP_PKEY_export(key->soft, selection, callback, arg);
}

#define BN_PARAM(name) OSSL_PARAM_BN(name, NULL, 0)
#define RSA_NUMBERS \
	BN_PARAM(OSSL_PKEY_PARAM_RSA_N), BN_PARAM(OSSL_PKEY_PARAM_RSA_E), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_D), BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR1), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR2), BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR3), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR4), BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR5), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR6), BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR7), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR8), BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR9), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_FACTOR10), BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT1), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT2), BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT3), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT4), BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT5), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT6), BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT7), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT8), BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT9), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_EXPONENT10), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT1), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT2), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT3), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT4), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT5), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT6), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT7), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT8), \
		BN_PARAM(OSSL_PKEY_PARAM_RSA_COEFFICIENT9)

static const OSSL_PARAM *rsa_types(int selection)
{
	static const OSSL_PARAM types[] = {
		RSA_NUMBERS,
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MASKGENFUNC, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, NULL, 0),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, NULL),
		OSSL_PARAM_END
	};

	return selection & OSSL_KEYMGMT_SELECT_ALL ? types : NULL;
}

static const OSSL_PARAM *ec_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		BN_PARAM(OSSL_PKEY_PARAM_PRIV_KEY),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_FIELD_TYPE, NULL, 0),
		BN_PARAM(OSSL_PKEY_PARAM_EC_P),
		BN_PARAM(OSSL_PKEY_PARAM_EC_A),
		BN_PARAM(OSSL_PKEY_PARAM_EC_B),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_EC_GENERATOR, NULL, 0),
		BN_PARAM(OSSL_PKEY_PARAM_EC_ORDER),
		BN_PARAM(OSSL_PKEY_PARAM_EC_COFACTOR),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_EC_SEED, NULL, 0),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_USE_COFACTOR_ECDH, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, NULL),
		OSSL_PARAM_END
	};

	return selection & OSSL_KEYMGMT_SELECT_ALL ? types : NULL;
}

static int key_get_params(void *data, OSSL_PARAM params[])
{
	struct key *key = data;

	return !key->soft || EVP_PKEY_get_params(key->soft, params);
}

static int key_set_params(void *data, const OSSL_PARAM params[])
{
	struct key *key = data;

	if (!params || !params[0].key)
		return 1;
	if (!key->soft || !EVP_PKEY_set_params(key->soft, (OSSL_PARAM *)params))
		return 0;
	/* It may be another key now. */
	return EVP_PKEY_up_ref(key->soft) && key_take(key, key->soft);
}

static void *key_dup(const void *data, int selection)
{
	const struct key *from = data;
	struct key *key = key_new(from->prov, from->type);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *soft;
	int ok;

	if (!key || !from->soft)
		return key;
	if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == OSSL_KEYMGMT_SELECT_KEYPAIR) {
		soft = EVP_PKEY_dup(from->soft);
		ok = soft && key_take(key, soft);
	} else {
		ok = EVP_PKEY_todata(from->soft, selection, &params) &&
		     key_import(key, selection, params);
		OSSL_PARAM_free(params);
	}
	if (!ok) {
		key_put(key);
		return NULL;
	}
	return key;
}

#define FROM_SOFT(name, what, type, from) \
	static const OSSL_PARAM *name(void *prov) \
	{ \
		return what(((struct provider *)prov)->methods.from[type]); \
	}

FROM_SOFT(rsa_gettable, EVP_KEYMGMT_gettable_params, KEY_RSA, keymgmt)
FROM_SOFT(rsa_pss_gettable, EVP_KEYMGMT_gettable_params, KEY_RSA_PSS, keymgmt)
FROM_SOFT(ec_gettable, EVP_KEYMGMT_gettable_params, KEY_EC, keymgmt)
FROM_SOFT(ec_settable, EVP_KEYMGMT_settable_params, KEY_EC, keymgmt)

/* Generation: whoever asks us for it (propquery "provider=lkcf") gets a key of ours. */
struct generation {
	struct provider *prov;
	enum key_type type;
	int selection;
	EVP_PKEY_CTX *ctx;
};

static bool gen_begin(struct generation *gen, EVP_PKEY_CTX *ctx)
{
	EVP_PKEY_CTX_free(gen->ctx);
	gen->ctx = ctx;
	if (!ctx)
		return false;
	if (gen->selection & OSSL_KEYMGMT_SELECT_KEYPAIR)
		return EVP_PKEY_keygen_init(ctx) > 0;
	return EVP_PKEY_paramgen_init(ctx) > 0;
}

static void gen_cleanup(void *data)
{
	struct generation *gen = data;

	if (gen)
		EVP_PKEY_CTX_free(gen->ctx);
	OPENSSL_free(gen);
}

static int gen_set_params(void *data, const OSSL_PARAM params[])
{
	struct generation *gen = data;
	OSSL_PARAM passed[32];

	return params_for_soft(params, passed, ARRAY_SIZE(passed)) &&
		(!passed[0].key || EVP_PKEY_CTX_set_params(gen->ctx, passed) > 0);
}

/*
 * Said once: whoever did not ask for it has a configuration that leaves it to the order in which it
 * lists the providers.
 */
static void say_generation(struct provider *prov)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&said))
		lkcf_log(prov, "keys that this program makes are lkcf's, each by way of another "
			 "one: add ?lkcf.keys!=yes to default_properties, or list default before "
			 "lkcf (lkcf(7))");
}

static void *gen_init(struct provider *prov, enum key_type type, int selection,
		      const OSSL_PARAM params[])
{
	struct generation *gen = OPENSSL_zalloc(sizeof(*gen));

	if (!gen)
		return NULL;
	if (selection & OSSL_KEYMGMT_SELECT_KEYPAIR)
		say_generation(prov);
	gen->prov = prov;
	gen->type = type;
	gen->selection = selection;
	if (gen_begin(gen, EVP_PKEY_CTX_new_from_name(prov->soft, key_type_name(type), NULL)) &&
	    gen_set_params(gen, params))
		return gen;
	gen_cleanup(gen);
	return NULL;
}

static void *rsa_gen_init(void *prov, int selection, const OSSL_PARAM params[])
{
	return gen_init(prov, KEY_RSA, selection, params);
}

static void *rsa_pss_gen_init(void *prov, int selection, const OSSL_PARAM params[])
{
	return gen_init(prov, KEY_RSA_PSS, selection, params);
}

static void *ec_gen_init(void *prov, int selection, const OSSL_PARAM params[])
{
	return gen_init(prov, KEY_EC, selection, params);
}

static int gen_set_template(void *data, void *template)
{
	struct generation *gen = data;
	struct key *key = template;

	return key->soft &&
		gen_begin(gen, EVP_PKEY_CTX_new_from_pkey(gen->prov->soft, key->soft, NULL));
}

#define GEN_SETTABLE(name, type) \
	static const OSSL_PARAM *name(void *gen, void *prov) \
	{ \
		(void)gen; \
		return EVP_KEYMGMT_gen_settable_params( \
			((struct provider *)prov)->methods.keymgmt[type]); \
	}

GEN_SETTABLE(rsa_gen_settable, KEY_RSA)
GEN_SETTABLE(rsa_pss_gen_settable, KEY_RSA_PSS)
GEN_SETTABLE(ec_gen_settable, KEY_EC)

/* How far the software is, for who shows dots. */
struct gen_progress {
	OSSL_CALLBACK *callback;
	void *arg;
};

static int gen_progress(EVP_PKEY_CTX *ctx)
{
	struct gen_progress *progress = EVP_PKEY_CTX_get_app_data(ctx);
	int p = EVP_PKEY_CTX_get_keygen_info(ctx, 0), n = EVP_PKEY_CTX_get_keygen_info(ctx, 1);
	OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_GEN_PARAM_POTENTIAL, &p),
		OSSL_PARAM_int(OSSL_GEN_PARAM_ITERATION, &n),
		OSSL_PARAM_END
	};

	return progress->callback(params, progress->arg);
}

static void *gen_key(void *data, OSSL_CALLBACK *callback, void *arg)
{
	struct gen_progress progress = { callback, arg };
	struct generation *gen = data;
	EVP_PKEY *soft = NULL;
	struct key *key;

	if (callback) {
		EVP_PKEY_CTX_set_app_data(gen->ctx, &progress);
		EVP_PKEY_CTX_set_cb(gen->ctx, gen_progress);
	}
	if (EVP_PKEY_generate(gen->ctx, &soft) <= 0)
		return NULL;
	key = key_new(gen->prov, gen->type);
	if (!key) {
		EVP_PKEY_free(soft);
		return NULL;
	}
	if (key_take(key, soft))
		return key;
	key_put(key);
	return NULL;
}

static const char *rsa_operation_name(int operation)
{
	(void)operation;
	return "RSA";
}

static const char *ec_operation_name(int operation)
{
	switch (operation) {
	case OSSL_OP_SIGNATURE:
		return "ECDSA";
	case OSSL_OP_KEYEXCH:
		return "ECDH";
	default:
		return "EC";
	}
}

#define COMMON \
	DISPATCH(OSSL_FUNC_KEYMGMT_FREE, key_free), \
	DISPATCH(OSSL_FUNC_KEYMGMT_LOAD, key_load), \
	DISPATCH(OSSL_FUNC_KEYMGMT_HAS, key_has), \
	DISPATCH(OSSL_FUNC_KEYMGMT_MATCH, key_match), \
	DISPATCH(OSSL_FUNC_KEYMGMT_VALIDATE, key_validate), \
	DISPATCH(OSSL_FUNC_KEYMGMT_IMPORT, key_import), \
	DISPATCH(OSSL_FUNC_KEYMGMT_EXPORT, key_export), \
	DISPATCH(OSSL_FUNC_KEYMGMT_DUP, key_dup), \
	DISPATCH(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params), \
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, gen_set_params), \
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN, gen_key), \
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, gen_cleanup)

const OSSL_DISPATCH rsa_keymgmt[] = {
	COMMON,
	DISPATCH(OSSL_FUNC_KEYMGMT_NEW, rsa_new),
	DISPATCH(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, rsa_types),
	DISPATCH(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, rsa_types),
	DISPATCH(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, rsa_gettable),
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_INIT, rsa_gen_init),
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, rsa_gen_settable),
	DISPATCH(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, rsa_operation_name),
	{ 0, NULL }
};

const OSSL_DISPATCH rsa_pss_keymgmt[] = {
	COMMON,
	DISPATCH(OSSL_FUNC_KEYMGMT_NEW, rsa_pss_new),
	DISPATCH(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, rsa_types),
	DISPATCH(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, rsa_types),
	DISPATCH(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, rsa_pss_gettable),
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_INIT, rsa_pss_gen_init),
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, rsa_pss_gen_settable),
	DISPATCH(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, rsa_operation_name),
	{ 0, NULL }
};

const OSSL_DISPATCH ec_keymgmt[] = {
	COMMON,
	DISPATCH(OSSL_FUNC_KEYMGMT_NEW, ec_new),
	DISPATCH(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, ec_types),
	DISPATCH(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, ec_types),
	DISPATCH(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, ec_gettable),
	DISPATCH(OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, ec_settable),
	DISPATCH(OSSL_FUNC_KEYMGMT_SET_PARAMS, key_set_params),
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_INIT, ec_gen_init),
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE, gen_set_template),
	DISPATCH(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, ec_gen_settable),
	DISPATCH(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, ec_operation_name),
	{ 0, NULL }
};
