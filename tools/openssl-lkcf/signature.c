// SPDX-License-Identifier: MIT
/*
 * Signatures. A context of the default provider mirrors each of ours: it checks and keeps the
 * parameters, and does whatever is not a signature by a key that qualifies. For that it is asked
 * which padding, digest and salt it would use.
 */
#include <string.h>

#include <openssl/rsa.h>

#include "lkcf.h"
#include "pad.h"

struct sig {
	struct provider *prov;
	struct key *key;
	EVP_PKEY_CTX *soft;
	EVP_MD *md;			/* of digest_sign and digest_verify */
	EVP_MD_CTX *md_ctx;
	bool verifies;
	unsigned int nonce_type;	/* ECDSA: not 0 is deterministic, which the kernel cannot */
};

/* Names that mean something in the application's library context, not in ours. */
bool params_for_soft(const OSSL_PARAM params[], OSSL_PARAM out[], size_t room)
{
	static const char *const not[] = {
		OSSL_PKEY_PARAM_PROPERTIES, OSSL_PKEY_PARAM_MGF1_PROPERTIES,
		OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST_PROPS, OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST_PROPS,
	};
	size_t i, n = 0;

	for (; params && params->key; params++) {
		for (i = 0; i < ARRAY_SIZE(not); i++) {
			if (!strcmp(params->key, not[i]))
				break;
		}
		if (i < ARRAY_SIZE(not))
			continue;
		if (n + 1 >= room) {
			ERR_raise(ERR_LIB_PROV, PROV_R_BAD_LENGTH);
			return false;
		}
		out[n++] = *params;
	}
	out[n] = OSSL_PARAM_construct_end();
	return true;
}

static void *sig_new(void *prov, const char *propq)
{
	struct sig *sig = OPENSSL_zalloc(sizeof(*sig));

	(void)propq;
	if (sig)
		sig->prov = prov;
	return sig;
}

static void sig_free(void *data)
{
	struct sig *sig = data;

	if (!sig)
		return;
	EVP_MD_CTX_free(sig->md_ctx);
	EVP_MD_free(sig->md);
	EVP_PKEY_CTX_free(sig->soft);
	key_put(sig->key);
	OPENSSL_free(sig);
}

static void *sig_dup(void *data)
{
	struct sig *from = data, *sig = sig_new(from->prov, NULL);

	if (!sig)
		return NULL;
	sig->verifies = from->verifies;
	sig->nonce_type = from->nonce_type;
	if (from->key)
		sig->key = key_get(from->key);
	if (from->md && EVP_MD_up_ref(from->md))
		sig->md = from->md;
	if (from->soft)
		sig->soft = EVP_PKEY_CTX_dup(from->soft);
	if (from->md_ctx) {
		sig->md_ctx = EVP_MD_CTX_new();
		if (sig->md_ctx && !EVP_MD_CTX_copy_ex(sig->md_ctx, from->md_ctx)) {
			EVP_MD_CTX_free(sig->md_ctx);
			sig->md_ctx = NULL;
		}
	}
	if (!sig->soft == !from->soft && !sig->md_ctx == !from->md_ctx)
		return sig;
	sig_free(sig);
	return NULL;
}

static int set_params(struct sig *sig, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p;
	OSSL_PARAM passed[32];

	if (!params_for_soft(params, passed, ARRAY_SIZE(passed)))
		return 0;
	if (!passed[0].key)
		return 1;
	p = OSSL_PARAM_locate_const(params, "nonce-type");
	if (p && !OSSL_PARAM_get_uint(p, &sig->nonce_type))
		return 0;
	return EVP_PKEY_CTX_set_params(sig->soft, passed) > 0;
}

static int sig_set_params(void *data, const OSSL_PARAM params[])
{
	struct sig *sig = data;

	if (!sig->soft)
		return 0;
	/* What it is a digest of is hashed already. */
	if (sig->md_ctx && params && OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST)) {
		ERR_raise(ERR_LIB_PROV, PROV_R_DIGEST_NOT_ALLOWED);
		return 0;
	}
	return set_params(sig, params);
}

static int sig_get_params(void *data, OSSL_PARAM params[])
{
	struct sig *sig = data;

	return sig->soft &&
	       (!params || !params[0].key || EVP_PKEY_CTX_get_params(sig->soft, params) > 0);
}

/* @begin is what begins the operation of the mirror; @mdname: of digest_*, NULL otherwise. */
static int init(struct sig *sig, struct key *key, const OSSL_PARAM params[],
		int (*begin)(EVP_PKEY_CTX *ctx), bool verifies)
{
	if (key) {
		key_get(key);
		key_put(sig->key);
		sig->key = key;
	}
	if (!sig->key || !sig->key->soft) {
		ERR_raise(ERR_LIB_PROV, PROV_R_NO_KEY_SET);
		return 0;
	}
	EVP_PKEY_CTX_free(sig->soft);
	EVP_MD_CTX_free(sig->md_ctx);
	EVP_MD_free(sig->md);
	sig->md_ctx = NULL;
	sig->md = NULL;
	sig->verifies = verifies;
	sig->nonce_type = 0;
	sig->soft = EVP_PKEY_CTX_new_from_pkey(sig->prov->soft, sig->key->soft, NULL);
	return sig->soft && begin(sig->soft) > 0 && set_params(sig, params);
}

static int sig_sign_init(void *sig, void *key, const OSSL_PARAM params[])
{
	return init(sig, key, params, EVP_PKEY_sign_init, false);
}

static int sig_verify_init(void *sig, void *key, const OSSL_PARAM params[])
{
	return init(sig, key, params, EVP_PKEY_verify_init, true);
}

static int sig_recover_init(void *sig, void *key, const OSSL_PARAM params[])
{
	return init(sig, key, params, EVP_PKEY_verify_recover_init, true);
}

static int digest_init(struct sig *sig, struct key *key, const char *mdname,
		       const OSSL_PARAM params[], int (*begin)(EVP_PKEY_CTX *ctx), bool verifies)
{
	OSSL_PARAM digest[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };

	if (!init(sig, key, NULL, begin, verifies))
		return 0;
	if (!mdname || !*mdname)
		mdname = "SHA256";
	digest[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)mdname,
						     0);
	if (!set_params(sig, digest) || !set_params(sig, params))
		return 0;
	sig->md = EVP_MD_fetch(sig->prov->soft, mdname, NULL);
	sig->md_ctx = EVP_MD_CTX_new();
	return sig->md && sig->md_ctx && EVP_DigestInit_ex2(sig->md_ctx, sig->md, NULL);
}

static int sig_digest_sign_init(void *sig, const char *mdname, void *key, const OSSL_PARAM params[])
{
	return digest_init(sig, key, mdname, params, EVP_PKEY_sign_init, false);
}

static int sig_digest_verify_init(void *sig, const char *mdname, void *key,
				  const OSSL_PARAM params[])
{
	return digest_init(sig, key, mdname, params, EVP_PKEY_verify_init, true);
}

static int sig_digest_update(void *data, const unsigned char *in, size_t size)
{
	struct sig *sig = data;

	return sig->md_ctx && EVP_DigestUpdate(sig->md_ctx, in, size);
}

/* How the mirror would sign with RSA. */
struct rsa_how {
	int pad, salt;
	EVP_MD *md, *mgf1;		/* NULL: none set */
};

static bool find_how(struct sig *sig, struct rsa_how *how)
{
	char md[64] = "", mgf1[64] = "";
	OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_PAD_MODE, &how->pad),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, md, sizeof(md)),
		OSSL_PARAM_END, OSSL_PARAM_END, OSSL_PARAM_END
	};

	memset(how, 0, sizeof(*how));
	if (EVP_PKEY_CTX_get_params(sig->soft, params) <= 0)
		return false;
	if (*md) {
		how->md = EVP_MD_fetch(sig->prov->soft, md, NULL);
		if (!how->md)
			return false;
	}
	if (how->pad != RSA_PKCS1_PSS_PADDING)
		return true;
	params[0] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &how->salt);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf1,
						     sizeof(mgf1));
	if (EVP_PKEY_CTX_get_params(sig->soft, params) <= 0)
		return false;
	how->mgf1 = EVP_MD_fetch(sig->prov->soft, *mgf1 ? mgf1 : md, NULL);
	return !!how->mgf1;
}

static void forget_how(struct rsa_how *how)
{
	EVP_MD_free(how->md);
	EVP_MD_free(how->mgf1);
}

/* The padded block for @data, if it is one of those that we make. */
static bool pad(struct sig *sig, const struct rsa_how *how, unsigned char *em,
		const unsigned char *data, size_t size)
{
	size_t k = sig->key->size;
	int salt;

	switch (how->pad) {
	case RSA_PKCS1_PADDING:
		return pad_pkcs1_sign(em, k, how->md, data, size);
	case RSA_NO_PADDING:
		if (how->md || size != k)
			return false;
		memcpy(em, data, size);
		return true;
	case RSA_PKCS1_PSS_PADDING:
		if (!how->md || size != (size_t)EVP_MD_get_size(how->md))
			return false;
		salt = pss_salt_size(how->salt, k, size);
		if (salt < 0 || salt < sig->key->pss_min_salt)
			return false;
		return pad_pss(sig->prov->soft, em, k, how->md, how->mgf1, data, salt);
	default:
		return false;
	}
}

/* 1, 0, or -1: software is to; *@why is UNQUALIFIED then, or 0. */
static int rsa_by_kernel(struct sig *sig, unsigned char *out, const unsigned char *data,
			 size_t size, int *why)
{
	unsigned char em[MAX_SIZE];
	struct rsa_how how;
	int ret = -1;

	*why = UNQUALIFIED;
	if (find_how(sig, &how) && pad(sig, &how, em, data, size)) {
		*why = 0;
		ret = private_rsa(sig->key, em, out);
	}
	forget_how(&how);
	OPENSSL_cleanse(em, sizeof(em));
	return ret;
}

static int ecdsa_by_kernel(struct sig *sig, unsigned char *out, size_t *out_size,
			   const unsigned char *data, size_t size, int *why)
{
	size_t digest = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, &digest),
		OSSL_PARAM_END
	};

	*why = UNQUALIFIED;
	if (sig->nonce_type || EVP_PKEY_CTX_get_params(sig->soft, params) <= 0 ||
	    (digest && digest != size))
		return -1;
	switch (size) {
	case 20:
	case 28:
	case 32:
	case 48:
	case 64:
		*why = 0;
		return private_ecdsa(sig->key, data, size, out, out_size);
	default:
		return -1;
	}
}

static int sig_sign(void *data, unsigned char *out, size_t *out_size, size_t room,
		    const unsigned char *tbs, size_t size)
{
	struct sig *sig = data;
	struct key *key = sig->key;
	int done = -1, why = UNQUALIFIED;
	size_t written = room;

	if (!sig->soft || sig->verifies) {
		ERR_raise(ERR_LIB_PROV, PROV_R_NOT_SUPPORTED);
		return 0;
	}
	if (!out) {
		*out_size = key->size;
		return 1;
	}
	if (key->qualified) {
		if (room < key->size) {
			ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_SIGNATURE_SIZE);
			return 0;
		}
		if (key->type != KEY_EC) {
			done = rsa_by_kernel(sig, out, tbs, size, &why);
			*out_size = key->size;
		} else {
			done = ecdsa_by_kernel(sig, out, out_size, tbs, size, &why);
		}
	}
	if (done >= 0)
		return done;
	done = EVP_PKEY_sign(sig->soft, out, &written, tbs, size) > 0;
	if (done)
		*out_size = written;
	count_software(key, done, why);
	return done;
}

static int sig_digest_sign_final(void *data, unsigned char *out, size_t *out_size, size_t room)
{
	struct sig *sig = data;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (!sig->md_ctx)
		return 0;
	if (out && !EVP_DigestFinal_ex(sig->md_ctx, digest, &size))
		return 0;
	return sig_sign(sig, out, out_size, room, digest, size);
}

static int sig_digest_sign(void *sig, unsigned char *out, size_t *out_size, size_t room,
			   const unsigned char *tbs, size_t size)
{
	return (!out || sig_digest_update(sig, tbs, size)) &&
		sig_digest_sign_final(sig, out, out_size, room);
}

static int sig_verify(void *data, const unsigned char *signature, size_t signature_size,
		      const unsigned char *tbs, size_t size)
{
	struct sig *sig = data;

	return sig->soft && EVP_PKEY_verify(sig->soft, signature, signature_size, tbs, size) == 1;
}

static int sig_recover(void *data, unsigned char *out, size_t *out_size, size_t room,
		       const unsigned char *signature, size_t size)
{
	struct sig *sig = data;
	size_t written = room;

	if (!sig->soft || EVP_PKEY_verify_recover(sig->soft, out, &written, signature, size) <= 0)
		return 0;
	*out_size = written;
	return 1;
}

static int sig_digest_verify_final(void *data, const unsigned char *signature, size_t size)
{
	struct sig *sig = data;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_size = 0;

	return sig->md_ctx && EVP_DigestFinal_ex(sig->md_ctx, digest, &digest_size) &&
		sig_verify(sig, signature, size, digest, digest_size);
}

static int sig_get_md_params(void *data, OSSL_PARAM params[])
{
	struct sig *sig = data;

	return sig->md_ctx && EVP_MD_CTX_get_params(sig->md_ctx, params);
}

static const OSSL_PARAM *sig_gettable_md_params(void *data)
{
	struct sig *sig = data;

	return sig->md ? EVP_MD_gettable_ctx_params(sig->md) : NULL;
}

static int sig_set_md_params(void *data, const OSSL_PARAM params[])
{
	struct sig *sig = data;

	return sig->md_ctx && EVP_MD_CTX_set_params(sig->md_ctx, params);
}

static const OSSL_PARAM *sig_settable_md_params(void *data)
{
	struct sig *sig = data;

	return sig->md ? EVP_MD_settable_ctx_params(sig->md) : NULL;
}

#define TABLES(prefix) \
	static const OSSL_PARAM *prefix##_gettable(void *sig, void *prov) \
	{ \
		(void)sig; \
		return EVP_SIGNATURE_gettable_ctx_params( \
			((struct provider *)prov)->methods.prefix); \
	} \
	static const OSSL_PARAM *prefix##_settable(void *sig, void *prov) \
	{ \
		(void)sig; \
		return EVP_SIGNATURE_settable_ctx_params( \
			((struct provider *)prov)->methods.prefix); \
	}

TABLES(rsa)
TABLES(ecdsa)

#define COMMON \
	DISPATCH(OSSL_FUNC_SIGNATURE_NEWCTX, sig_new), \
	DISPATCH(OSSL_FUNC_SIGNATURE_FREECTX, sig_free), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DUPCTX, sig_dup), \
	DISPATCH(OSSL_FUNC_SIGNATURE_SIGN_INIT, sig_sign_init), \
	DISPATCH(OSSL_FUNC_SIGNATURE_SIGN, sig_sign), \
	DISPATCH(OSSL_FUNC_SIGNATURE_VERIFY_INIT, sig_verify_init), \
	DISPATCH(OSSL_FUNC_SIGNATURE_VERIFY, sig_verify), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sig_digest_sign_init), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, sig_digest_update), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, sig_digest_sign_final), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sig_digest_sign), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, sig_digest_verify_init), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE, sig_digest_update), \
	DISPATCH(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL, sig_digest_verify_final), \
	DISPATCH(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, sig_get_params), \
	DISPATCH(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, sig_set_params), \
	DISPATCH(OSSL_FUNC_SIGNATURE_GET_CTX_MD_PARAMS, sig_get_md_params), \
	DISPATCH(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_MD_PARAMS, sig_gettable_md_params), \
	DISPATCH(OSSL_FUNC_SIGNATURE_SET_CTX_MD_PARAMS, sig_set_md_params), \
	DISPATCH(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_MD_PARAMS, sig_settable_md_params)

const OSSL_DISPATCH rsa_signature[] = {
	COMMON,
	DISPATCH(OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT, sig_recover_init),
	DISPATCH(OSSL_FUNC_SIGNATURE_VERIFY_RECOVER, sig_recover),
	DISPATCH(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, rsa_gettable),
	DISPATCH(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, rsa_settable),
	{ 0, NULL }
};

const OSSL_DISPATCH ecdsa_signature[] = {
	COMMON,
	DISPATCH(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, ecdsa_gettable),
	DISPATCH(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, ecdsa_settable),
	{ 0, NULL }
};
