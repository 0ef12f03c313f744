// SPDX-License-Identifier: MIT
/*
 * RSA decryption, with the raw operation in the kernel and the padding here. As for signatures, a
 * context of the default provider keeps the parameters, encrypts, and does what the kernel does
 * not.
 */
#include <string.h>

#include <openssl/prov_ssl.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "lkcf.h"
#include "pad.h"

/* Since OpenSSL 3.2, whose name for it has no macro before. */
#define PARAM_IMPLICIT_REJECTION "implicit-rejection"

struct cipher {
	struct provider *prov;
	struct key *key;
	EVP_PKEY_CTX *soft;
	bool decrypts, rejects_openly;
};

static void *cipher_new(void *prov)
{
	struct cipher *cipher = OPENSSL_zalloc(sizeof(*cipher));

	if (cipher)
		cipher->prov = prov;
	return cipher;
}

static void cipher_free(void *data)
{
	struct cipher *cipher = data;

	if (!cipher)
		return;
	EVP_PKEY_CTX_free(cipher->soft);
	key_put(cipher->key);
	OPENSSL_free(cipher);
}

static void *cipher_dup(void *data)
{
	struct cipher *from = data, *cipher = cipher_new(from->prov);

	if (!cipher)
		return NULL;
	cipher->decrypts = from->decrypts;
	cipher->rejects_openly = from->rejects_openly;
	if (from->key)
		cipher->key = key_get(from->key);
	if (!from->soft)
		return cipher;
	cipher->soft = EVP_PKEY_CTX_dup(from->soft);
	if (cipher->soft)
		return cipher;
	cipher_free(cipher);
	return NULL;
}

static int cipher_set_params(void *data, const OSSL_PARAM params[])
{
	struct cipher *cipher = data;
	OSSL_PARAM passed[32];
	const OSSL_PARAM *p;
	unsigned int on;

	if (!cipher->soft || !params_for_soft(params, passed, ARRAY_SIZE(passed)))
		return 0;
	if (!passed[0].key)
		return 1;
	p = OSSL_PARAM_locate_const(params, PARAM_IMPLICIT_REJECTION);
	if (p) {
		if (!OSSL_PARAM_get_uint(p, &on))
			return 0;
		cipher->rejects_openly = !on;
	}
	return EVP_PKEY_CTX_set_params(cipher->soft, passed) > 0;
}

static int cipher_get_params(void *data, OSSL_PARAM params[])
{
	struct cipher *cipher = data;

	return cipher->soft &&
		(!params || !params[0].key || EVP_PKEY_CTX_get_params(cipher->soft, params) > 0);
}

static int init(struct cipher *cipher, struct key *key, const OSSL_PARAM params[],
		int (*begin)(EVP_PKEY_CTX *ctx), bool decrypts)
{
	if (key) {
		key_get(key);
		key_put(cipher->key);
		cipher->key = key;
	}
	if (!cipher->key || !cipher->key->soft) {
		ERR_raise(ERR_LIB_PROV, PROV_R_NO_KEY_SET);
		return 0;
	}
	EVP_PKEY_CTX_free(cipher->soft);
	cipher->decrypts = decrypts;
	cipher->rejects_openly = false;
	cipher->soft = EVP_PKEY_CTX_new_from_pkey(cipher->prov->soft, cipher->key->soft, NULL);
	return cipher->soft && begin(cipher->soft) > 0 && cipher_set_params(cipher, params);
}

static int cipher_encrypt_init(void *cipher, void *key, const OSSL_PARAM params[])
{
	return init(cipher, key, params, EVP_PKEY_encrypt_init, false);
}

static int cipher_decrypt_init(void *cipher, void *key, const OSSL_PARAM params[])
{
	return init(cipher, key, params, EVP_PKEY_decrypt_init, true);
}

static int cipher_encrypt(void *data, unsigned char *out, size_t *out_size, size_t room,
			  const unsigned char *in, size_t size)
{
	struct cipher *cipher = data;
	size_t written = room;

	if (!cipher->soft || cipher->decrypts ||
	    EVP_PKEY_encrypt(cipher->soft, out, &written, in, size) <= 0)
		return 0;
	*out_size = written;
	return 1;
}

static int raise_bad(int reason)
{
	ERR_raise(ERR_LIB_PROV, reason);
	return 0;
}

/* PKCS#1 v1.5: @em is what @in was decrypted to. */
static int finish_pkcs1(struct cipher *cipher, const unsigned char *em, const unsigned char *in,
			unsigned char *out, size_t *out_size)
{
	unsigned char d[MAX_SIZE], rejection[32], synthetic[MAX_SIZE];
	size_t start = 0, k = cipher->key->size;
	BIGNUM *number = NULL;
	int size;
	bool ok;

	if (cipher->rejects_openly) {
		size = unpad_pkcs1(em, k, NULL, 0, out);
		if (size < 0)
			return raise_bad(PROV_R_FAILED_TO_DECRYPT);
		*out_size = size;
		return 1;
	}
	ok = EVP_PKEY_get_bn_param(cipher->key->soft, OSSL_PKEY_PARAM_RSA_D, &number) &&
	     BN_bn2binpad(number, d, k) > 0 &&
	     rejection_key(cipher->prov->soft, d, in, k, rejection) &&
	     rejection_message(cipher->prov->soft, rejection, k, synthetic, &start);
	if (ok)
		*out_size = unpad_pkcs1(em, k, synthetic, start, out);
	BN_clear_free(number);
	OPENSSL_cleanse(d, sizeof(d));
	OPENSSL_cleanse(rejection, sizeof(rejection));
	OPENSSL_cleanse(synthetic, sizeof(synthetic));
	return ok;
}

static int finish_oaep(struct cipher *cipher, unsigned char *em, unsigned char *out,
		       size_t *out_size)
{
	char md_name[64] = "", mgf1_name[64] = "";
	unsigned char *label = NULL;
	EVP_MD *md = NULL, *mgf1 = NULL;
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, md_name,
						       sizeof(md_name)),
				OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST,
						       mgf1_name, sizeof(mgf1_name)),
				OSSL_PARAM_octet_ptr(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, &label, 0),
				OSSL_PARAM_END };
	int size = -1;

	if (EVP_PKEY_CTX_get_params(cipher->soft, params) > 0) {
		md = EVP_MD_fetch(cipher->prov->soft, *md_name ? md_name : "SHA1", NULL);
		mgf1 = EVP_MD_fetch(cipher->prov->soft,
				    *mgf1_name ? mgf1_name : *md_name ? md_name : "SHA1", NULL);
	}
	if (md && mgf1)
		size = unpad_oaep(em, cipher->key->size, md, mgf1, label,
				  label ? params[2].return_size : 0, out);
	EVP_MD_free(md);
	EVP_MD_free(mgf1);
	if (size < 0)
		return raise_bad(PROV_R_FAILED_TO_DECRYPT);
	*out_size = size;
	return 1;
}

static int finish_premaster(struct cipher *cipher, const unsigned char *em, unsigned char *out,
			    size_t *out_size)
{
	unsigned int version = 0, alternative = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &version),
		OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, &alternative),
		OSSL_PARAM_END
	};
	unsigned char random[PREMASTER_SIZE], secret[PREMASTER_SIZE];

	if (EVP_PKEY_CTX_get_params(cipher->soft, params) <= 0)
		return 0;
	if (!version)
		return raise_bad(PROV_R_BAD_TLS_CLIENT_VERSION);
	if (RAND_priv_bytes_ex(cipher->prov->soft, random, sizeof(random), 0) <= 0)
		return 0;
	unpad_premaster(em, cipher->key->size, version, alternative, random, secret);
	memcpy(out, secret, sizeof(secret));
	*out_size = sizeof(secret);
	OPENSSL_cleanse(random, sizeof(random));
	OPENSSL_cleanse(secret, sizeof(secret));
	return 1;
}

/* 1, 0, or -1: software is to; *@why is UNQUALIFIED then, or 0. */
static int by_kernel(struct cipher *cipher, int pad, unsigned char *out, size_t *out_size,
		     const unsigned char *in, size_t size, int *why)
{
	unsigned char padded[MAX_SIZE], em[MAX_SIZE];
	size_t k = cipher->key->size;
	int done;

	*why = UNQUALIFIED;
	switch (pad) {
	case RSA_PKCS1_PADDING:
	case RSA_PKCS1_WITH_TLS_PADDING:
	case RSA_PKCS1_OAEP_PADDING:
	case RSA_NO_PADDING:
		break;
	default:
		return -1;
	}
	if (size > k)
		return -1;
	*why = 0;
	memset(padded, 0, k - size);
	memcpy(padded + k - size, in, size);
	done = private_rsa(cipher->key, padded, em);
	if (done != 1)
		goto out;
	switch (pad) {
	case RSA_PKCS1_PADDING:
		done = finish_pkcs1(cipher, em, padded, out, out_size);
		break;
	case RSA_PKCS1_WITH_TLS_PADDING:
		done = finish_premaster(cipher, em, out, out_size);
		break;
	case RSA_PKCS1_OAEP_PADDING:
		done = finish_oaep(cipher, em, out, out_size);
		break;
	default:
		memcpy(out, em, k);
		*out_size = k;
		break;
	}
out:
	OPENSSL_cleanse(em, sizeof(em));
	return done;
}

static int cipher_decrypt(void *data, unsigned char *out, size_t *out_size, size_t room,
			  const unsigned char *in, size_t size)
{
	struct cipher *cipher = data;
	struct key *key = cipher->key;
	int pad = 0, done = -1, why = UNQUALIFIED;
	OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, &pad),
		OSSL_PARAM_END
	};
	size_t written, needed;

	if (!cipher->soft || !cipher->decrypts) {
		ERR_raise(ERR_LIB_PROV, PROV_R_NOT_SUPPORTED);
		return 0;
	}
	if (EVP_PKEY_CTX_get_params(cipher->soft, params) <= 0)
		return 0;
	needed = pad == RSA_PKCS1_WITH_TLS_PADDING ? PREMASTER_SIZE : key->size;
	if (!out) {
		*out_size = needed;
		return 1;
	}
	if (room < needed) {
		ERR_raise(ERR_LIB_PROV, PROV_R_BAD_LENGTH);
		return 0;
	}
	if (key->qualified)
		done = by_kernel(cipher, pad, out, out_size, in, size, &why);
	if (done >= 0)
		return done;
	written = room;
	done = EVP_PKEY_decrypt(cipher->soft, out, &written, in, size) > 0;
	if (done)
		*out_size = written;
	count_software(key, done, why);
	return done;
}

static const OSSL_PARAM *cipher_gettable(void *cipher, void *prov)
{
	(void)cipher;
	return EVP_ASYM_CIPHER_gettable_ctx_params(((struct provider *)prov)->methods.cipher);
}

static const OSSL_PARAM *cipher_settable(void *cipher, void *prov)
{
	(void)cipher;
	return EVP_ASYM_CIPHER_settable_ctx_params(((struct provider *)prov)->methods.cipher);
}

const OSSL_DISPATCH rsa_cipher[] = {
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_NEWCTX, cipher_new),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_FREECTX, cipher_free),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_DUPCTX, cipher_dup),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, cipher_encrypt_init),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_ENCRYPT, cipher_encrypt),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, cipher_decrypt_init),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_DECRYPT, cipher_decrypt),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, cipher_get_params),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, cipher_set_params),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, cipher_gettable),
	DISPATCH(OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, cipher_settable),
	{ 0, NULL }
};
