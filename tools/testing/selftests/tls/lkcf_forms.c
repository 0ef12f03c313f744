// SPDX-License-Identifier: GPL-2.0-only
/*
 * lkcf_forms - keys of odd forms: whatever libcrypto says of a key of the provider lkcf, and
 * writes, is what it says and writes of the same key in the default provider, byte for byte.
 *
 * The keys are made here, with the default provider: RSA with three primes, with p below q, with a
 * private exponent longer than the modulus, of 2,047 bits, with e = 3, restricted to PSS; EC with
 * compressed and hybrid points, explicit parameters, no public key. Each is written in some format
 * and read twice. Nothing is computed with the private key: no kernel needs to have it.
 *
 * Keys that are made are the default provider's, and those that are read lkcf's.
 *
 * lkcf_forms CONFIG [COUNT]     at least so many keys (1); 0: only whose keys are
 * lkcf_forms --log CONFIG       lines of the log, /dev/log being ours, do not go to descriptors
 *                               that were closed
 *
 * Exit status 0 only if nothing was wrong.
 */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PASSWORD	"secret"

static OSSL_LIB_CTX *kern, *soft;
static unsigned long bad, compared;
static bool quick;	/* the usual encodings only, for one round of keys */
static char of[200];	/* which key it is, and what was done to it */

static void die(const char *what)
{
	printf("lkcf_forms: %s: %s\n", of, what);
	ERR_print_errors_fp(stdout);
	exit(2);
}

static void complain(const char *what, const char *detail)
{
	if (bad++ < 40)
		printf("lkcf_forms: %s: %s: %s\n", of, what, detail);
}

/* A result: what the call returned, and its bytes */
struct result {
	long rc;
	unsigned char *p;
	size_t size;
};

static void same(const char *what, struct result a, struct result b)
{
	compared++;
	if (a.rc != b.rc)
		complain(what, a.rc > 0 ? "lkcf fails" : b.rc > 0 ? "the default provider fails" :
			 "they return different things");
	else if (a.size != b.size || (a.size && memcmp(a.p, b.p, a.size)))
		complain(what, "differs");
	OPENSSL_free(a.p);
	OPENSSL_free(b.p);
	ERR_clear_error();
}

/* ---- parameters ---- */

static struct result one_param(EVP_PKEY *key, const OSSL_PARAM *type)
{
	OSSL_PARAM params[2] = { *type, OSSL_PARAM_construct_end() };
	struct result r = { 0 };
	unsigned char small[16];

	params[0].data = NULL;
	params[0].data_size = 0;
	params[0].return_size = OSSL_PARAM_UNMODIFIED;
	if (type->data_type == OSSL_PARAM_INTEGER ||
	    (type->data_type == OSSL_PARAM_UNSIGNED_INTEGER && type->data_size)) {
		params[0].data = small;
		params[0].data_size = type->data_size && type->data_size <= 8 ?
				      type->data_size : sizeof(int);
		memset(small, 0, sizeof(small));
	}
	r.rc = EVP_PKEY_get_params(key, params);
	if (!OSSL_PARAM_modified(params)) {
		r.rc = r.rc * 10 + 2;
		return r;
	}
	r.size = params[0].return_size;
	if (params[0].data) {
		r.p = OPENSSL_memdup(small, r.size < sizeof(small) ? r.size : sizeof(small));
		return r;
	}
	params[0].data_size = r.size + 1;
	r.p = OPENSSL_zalloc(r.size + 1);
	params[0].data = r.p;
	r.rc = r.rc * 100 + EVP_PKEY_get_params(key, params);
	r.size = params[0].return_size;
	if (r.rc != 101) {
		/* It failed: what is in the buffer means nothing. */
		OPENSSL_free(r.p);
		r.p = NULL;
		r.size = 0;
	}
	return r;
}

static void same_lists(const char *what, const OSSL_PARAM *a, const OSSL_PARAM *b)
{
	const OSSL_PARAM *p;

	compared++;
	for (p = a; p && p->key; p++)
		if (!b || !OSSL_PARAM_locate_const(b, p->key))
			complain(what, p->key);
	for (p = b; p && p->key; p++)
		if (!a || !OSSL_PARAM_locate_const(a, p->key))
			complain(what, p->key);
}

static void compare_params(EVP_PKEY *a, EVP_PKEY *b)
{
	/* Not in all lists, but asked for by libcrypto or programs */
	static const OSSL_PARAM more[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_USE_COFACTOR_ECDH, NULL),
		OSSL_PARAM_END
	};
	const OSSL_PARAM *lists[] = { EVP_PKEY_gettable_params(b), more };
	const OSSL_PARAM *p;
	unsigned int i;

	same_lists("gettable", EVP_PKEY_gettable_params(a), EVP_PKEY_gettable_params(b));
	same_lists("settable", EVP_PKEY_settable_params(a), EVP_PKEY_settable_params(b));
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		for (p = lists[i]; p && p->key; p++)
			same(p->key, one_param(a, p), one_param(b, p));
}

/* What another provider gets of it */
static void compare_exports(EVP_PKEY *a, EVP_PKEY *b)
{
	static const int selections[] = {
		OSSL_KEYMGMT_SELECT_ALL, OSSL_KEYMGMT_SELECT_KEYPAIR, EVP_PKEY_PUBLIC_KEY,
		EVP_PKEY_KEY_PARAMETERS, OSSL_KEYMGMT_SELECT_PUBLIC_KEY,
		OSSL_KEYMGMT_SELECT_PRIVATE_KEY | OSSL_KEYMGMT_SELECT_ALL_PARAMETERS,
		OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS, OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selections); i++) {
		OSSL_PARAM *x = NULL, *y = NULL, *p;
		const OSSL_PARAM *q;
		int rx = EVP_PKEY_todata(a, selections[i], &x);
		int ry = EVP_PKEY_todata(b, selections[i], &y);
		char what[40];

		snprintf(what, sizeof(what), "export %#x", selections[i]);
		compared++;
		if (rx != ry)
			complain(what, rx ? "the default provider fails" : "lkcf fails");
		/* In their order: the form of points is there twice, of group and key. */
		for (p = x, q = y; p && q && p->key && q->key; p++, q++)
			if (strcmp(p->key, q->key) || q->data_size != p->data_size ||
			    memcmp(q->data, p->data, p->data_size))
				complain(what, p->key);
		if (p && q && (p->key || q->key))
			complain(what, p->key ? p->key : q->key);
		OSSL_PARAM_free(x);
		OSSL_PARAM_free(y);
		ERR_clear_error();
	}
}

/* ---- what is written ---- */

static struct result encode(EVP_PKEY *key, int selection, const char *output,
			    const char *structure, const char *cipher)
{
	OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(key, selection, output, structure,
							      NULL);
	struct result r = { 0 };

	if (!ctx)
		die("an encoder");
	if (cipher && (!OSSL_ENCODER_CTX_set_cipher(ctx, cipher, NULL) ||
		       !OSSL_ENCODER_CTX_set_passphrase(ctx, (const unsigned char *)PASSWORD, 6)))
		r.rc = -1;
	else
		r.rc = OSSL_ENCODER_to_data(ctx, &r.p, &r.size);
	OSSL_ENCODER_CTX_free(ctx);
	return r;
}

/* What is encrypted is so at random: what it holds is compared. */
static struct result encrypted(EVP_PKEY *key, const char *output, const char *structure)
{
	struct result r = encode(key, EVP_PKEY_KEYPAIR, output, structure, "AES-128-CBC");
	const unsigned char *p = r.p;
	size_t size = r.size;
	EVP_PKEY *again = NULL;
	OSSL_DECODER_CTX *ctx;

	if (r.rc <= 0)
		return r;
	ctx = OSSL_DECODER_CTX_new_for_pkey(&again, output, NULL, NULL, EVP_PKEY_KEYPAIR, soft,
					    NULL);
	if (!ctx || !OSSL_DECODER_CTX_set_passphrase(ctx, (const unsigned char *)PASSWORD, 6) ||
	    !OSSL_DECODER_from_data(ctx, &p, &size))
		r.rc = -2;
	OSSL_DECODER_CTX_free(ctx);
	OPENSSL_free(r.p);
	r.p = NULL;
	r.size = 0;
	if (again) {
		int length = i2d_PrivateKey(again, &r.p);

		r.size = length > 0 ? length : 0;
	}
	EVP_PKEY_free(again);
	return r;
}

static void compare_encodings(EVP_PKEY *a, EVP_PKEY *b)
{
	static const int selections[] = {
		EVP_PKEY_KEYPAIR, EVP_PKEY_PUBLIC_KEY, EVP_PKEY_KEY_PARAMETERS,
		OSSL_KEYMGMT_SELECT_PRIVATE_KEY, OSSL_KEYMGMT_SELECT_PUBLIC_KEY,
	};
	static const char * const outputs[] = { "DER", "PEM", "TEXT", "MSBLOB", "PVK" };
	static const char * const structures[] = {
		NULL, "PrivateKeyInfo", "SubjectPublicKeyInfo", "type-specific", "pkcs1", "EC",
		"RSA", "X9.62", "EncryptedPrivateKeyInfo", "nonsense",
	};
	unsigned int s, o, t;
	char what[80];

	for (s = 0; s < (quick ? 2 : ARRAY_SIZE(selections)); s++) {
		for (o = 0; o < (quick ? 3 : ARRAY_SIZE(outputs)); o++) {
			for (t = 0; t < ARRAY_SIZE(structures); t++) {
				/* Without a cipher that is an error, or unencrypted. */
				snprintf(what, sizeof(what), "%s %s of %#x", outputs[o],
					 structures[t] ? structures[t] : "(any)", selections[s]);
				same(what,
				     encode(a, selections[s], outputs[o], structures[t], NULL),
				     encode(b, selections[s], outputs[o], structures[t], NULL));
			}
		}
	}
	for (o = 0; o < 2; o++) {
		snprintf(what, sizeof(what), "encrypted %s", outputs[o]);
		same(what, encrypted(a, outputs[o], "EncryptedPrivateKeyInfo"),
		     encrypted(b, outputs[o], "EncryptedPrivateKeyInfo"));
	}
	same("encrypted PrivateKeyInfo", encrypted(a, "PEM", "PrivateKeyInfo"),
	     encrypted(b, "PEM", "PrivateKeyInfo"));
	same("encrypted, traditional", encrypted(a, "PEM", "type-specific"),
	     encrypted(b, "PEM", "type-specific"));
}

static struct result of_bio(BIO *bio, long rc)
{
	struct result r = { .rc = rc };
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	if (size > 0) {
		r.p = OPENSSL_memdup(data, size);
		r.size = size;
	}
	BIO_free(bio);
	return r;
}

typedef struct result (*call_fn)(EVP_PKEY *key);

#define I2D(name) \
	static struct result call_##name(EVP_PKEY *key) \
	{ \
		struct result r = { 0 }; \
\
		r.rc = name(key, &r.p); \
		r.size = r.rc > 0 ? r.rc : 0; \
		return r; \
	}
I2D(i2d_PrivateKey)
I2D(i2d_PublicKey)
I2D(i2d_PUBKEY)
I2D(i2d_KeyParams)

#define WRITE(name, call) \
	static struct result call_##name(EVP_PKEY *key) \
	{ \
		BIO *bio = BIO_new(BIO_s_mem()); \
\
		return of_bio(bio, call); \
	}

/* Not encrypted */
#define WRITE_PLAIN(name) \
	static struct result call_##name(EVP_PKEY *key) \
	{ \
		BIO *bio = BIO_new(BIO_s_mem()); \
\
		return of_bio(bio, name(bio, key, NULL, NULL, 0, NULL, NULL)); \
	}

WRITE_PLAIN(PEM_write_bio_PrivateKey)
WRITE_PLAIN(PEM_write_bio_PrivateKey_traditional)
WRITE_PLAIN(PEM_write_bio_PKCS8PrivateKey)
WRITE(PEM_write_bio_PUBKEY, PEM_write_bio_PUBKEY(bio, key))
WRITE(PEM_write_bio_Parameters, PEM_write_bio_Parameters(bio, key))
WRITE(EVP_PKEY_print_private, EVP_PKEY_print_private(bio, key, 0, NULL))
WRITE(EVP_PKEY_print_public, EVP_PKEY_print_public(bio, key, 0, NULL))
WRITE(EVP_PKEY_print_params, EVP_PKEY_print_params(bio, key, 0, NULL))
WRITE(i2d_PKCS8PrivateKey_bio, i2d_PKCS8PrivateKey_bio(bio, key, NULL, NULL, 0, NULL, NULL))

static struct result call_encoded_public(EVP_PKEY *key)
{
	struct result r = { 0 };

	r.size = EVP_PKEY_get1_encoded_public_key(key, &r.p);
	r.rc = r.size;
	return r;
}

/* As pkcs8, pkcs12 and cms have it */
static struct result call_pkcs8(EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	struct result r = { 0 };

	r.rc = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &r.p) : -1;
	r.size = r.rc > 0 ? r.rc : 0;
	PKCS8_PRIV_KEY_INFO_free(info);
	return r;
}

/* As requests and certificates have it */
static struct result call_x509_pubkey(EVP_PKEY *key)
{
	X509_REQ *req = X509_REQ_new();
	struct result r = { 0 };

	r.rc = X509_REQ_set_pubkey(req, key);
	if (r.rc > 0)
		r.rc = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(req), &r.p);
	r.size = r.rc > 0 ? r.rc : 0;
	X509_REQ_free(req);
	return r;
}

/* As programs written for older versions have it */
static struct result call_legacy(EVP_PKEY *key)
{
	const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(key);
	const RSA *rsa = ec ? NULL : EVP_PKEY_get0_RSA(key);
	struct result r = { 0 };

	if (ec)
		r.rc = i2d_ECPrivateKey((EC_KEY *)ec, &r.p);
	else if (rsa)
		r.rc = i2d_RSAPrivateKey((RSA *)rsa, &r.p);
	r.size = r.rc > 0 ? r.rc : 0;
	return r;
}

static struct result call_legacy_public(EVP_PKEY *key)
{
	const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(key);
	struct result r = { 0 };

	if (ec)
		r.rc = i2o_ECPublicKey(ec, &r.p) * 10 + EC_KEY_get_conv_form(ec);
	r.size = r.rc > 0 ? r.rc / 10 : 0;
	return r;
}

static struct result call_sizes(EVP_PKEY *key)
{
	char text[200], digest[50] = "";
	struct result r = { 0 };
	int rc = EVP_PKEY_get_default_digest_name(key, digest, sizeof(digest));

	snprintf(text, sizeof(text), "%d %d %d %d %s %d %d %d %d %d %d", EVP_PKEY_get_bits(key),
		 EVP_PKEY_get_size(key), EVP_PKEY_get_security_bits(key), rc, digest,
		 EVP_PKEY_get_base_id(key), EVP_PKEY_can_sign(key),
		 EVP_PKEY_missing_parameters(key),
		 EVP_PKEY_get_field_type(key), EVP_PKEY_get_ec_point_conv_form(key),
		 EVP_PKEY_get_id(key));
	r.rc = 1;
	r.size = strlen(text);
	r.p = OPENSSL_memdup(text, r.size + 1);
	return r;
}

static struct result call_checks(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(EVP_PKEY_get0_provider(key) &&
		!strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "lkcf") ? kern : soft,
		key, NULL);
	struct result r = { 0 };

	r.rc = EVP_PKEY_check(ctx) + 10 * EVP_PKEY_public_check(ctx) +
	       100 * EVP_PKEY_private_check(ctx) + 1000 * EVP_PKEY_pairwise_check(ctx) +
	       10000 * EVP_PKEY_param_check(ctx) + 100000 * EVP_PKEY_public_check_quick(ctx);
	EVP_PKEY_CTX_free(ctx);
	return r;
}

static void compare_calls(EVP_PKEY *a, EVP_PKEY *b)
{
#define CALL(name) { #name, call_##name }
	static const struct {
		const char *name;
		call_fn call;
	} calls[] = {
		CALL(i2d_PrivateKey), CALL(i2d_PublicKey), CALL(i2d_PUBKEY), CALL(i2d_KeyParams),
		CALL(PEM_write_bio_PrivateKey), CALL(PEM_write_bio_PrivateKey_traditional),
		CALL(PEM_write_bio_PKCS8PrivateKey), CALL(PEM_write_bio_PUBKEY),
		CALL(PEM_write_bio_Parameters), CALL(EVP_PKEY_print_private),
		CALL(EVP_PKEY_print_public), CALL(EVP_PKEY_print_params),
		CALL(i2d_PKCS8PrivateKey_bio), CALL(encoded_public), CALL(pkcs8),
		CALL(x509_pubkey), CALL(legacy), CALL(legacy_public), CALL(sizes),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		same(calls[i].name, calls[i].call(a), calls[i].call(b));
	compared++;
	if (EVP_PKEY_eq(a, b) != 1)
		complain("EVP_PKEY_eq", "not the same key");
}

static void compare(EVP_PKEY *a, EVP_PKEY *b)
{
	compare_params(a, b);
	compare_exports(a, b);
	compare_encodings(a, b);
	compare_calls(a, b);
}

/* ---- keys ---- */

static EVP_PKEY *read_key(OSSL_LIB_CTX *ctx, const struct result *file)
{
	const unsigned char *p = file->p;
	size_t size = file->size;
	EVP_PKEY *key = NULL;
	OSSL_DECODER_CTX *decoder;

	decoder = OSSL_DECODER_CTX_new_for_pkey(&key, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, ctx,
						NULL);
	if (!decoder ||
	    !OSSL_DECODER_CTX_set_passphrase(decoder, (const unsigned char *)PASSWORD, 6) ||
	    !OSSL_DECODER_from_data(decoder, &p, &size))
		key = NULL;
	OSSL_DECODER_CTX_free(decoder);
	return key;
}

static bool is_lkcf(const EVP_PKEY *key)
{
	return !strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "lkcf");
}

static unsigned int ours, keys, unreadable;

static void set_and_compare(EVP_PKEY *a, EVP_PKEY *b, const char *name, const char *value)
{
	EVP_PKEY *x = EVP_PKEY_dup(a), *y = EVP_PKEY_dup(b);
	size_t end = strlen(of);
	int rx, ry;

	if (!x || !y)
		die("a duplicate");
	snprintf(of + end, sizeof(of) - end, ", %s=%s", name, value);
	if (!strcmp(name, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC)) {
		rx = EVP_PKEY_set_int_param(x, name, atoi(value));
		ry = EVP_PKEY_set_int_param(y, name, atoi(value));
	} else {
		rx = EVP_PKEY_set_utf8_string_param(x, name, value);
		ry = EVP_PKEY_set_utf8_string_param(y, name, value);
	}
	compared++;
	if (rx != ry)
		complain("set", rx > 0 ? "the default provider fails" : "lkcf fails");
	compare(x, y);
	of[end] = 0;
	EVP_PKEY_free(x);
	EVP_PKEY_free(y);
}

/* What is in @file, which is freed, read twice. @deep: also with other parameters. */
static void try_file(struct result file, bool deep)
{
	EVP_PKEY *a, *b, *x, *y;
	size_t end;

	if (file.rc <= 0)
		die("cannot be written");
	a = read_key(kern, &file);
	b = read_key(soft, &file);
	OPENSSL_free(file.p);
	keys++;
	compared++;
	if (!a || !b) {
		if (a || b)
			complain("read", a ? "the default provider cannot" : "lkcf cannot");
		ERR_clear_error();
		unreadable++;
		EVP_PKEY_free(a);
		EVP_PKEY_free(b);
		return;
	}
	ours += is_lkcf(a);
	compare(a, b);
	same("checks", call_checks(a), call_checks(b));
	if (deep) {
		end = strlen(of);
		x = EVP_PKEY_dup(a);
		y = EVP_PKEY_dup(b);
		if (!x || !y)
			die("a duplicate");
		snprintf(of + end, sizeof(of) - end, ", duplicated");
		compare(x, y);
		EVP_PKEY_free(x);
		EVP_PKEY_free(y);
		of[end] = 0;
	}
	if (deep && EVP_PKEY_is_a(b, "EC")) {
		static const char * const forms[] = { "uncompressed", "compressed", "hybrid" };
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(forms); i++)
			set_and_compare(a, b, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, forms[i]);
		set_and_compare(a, b, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
		set_and_compare(a, b, OSSL_PKEY_PARAM_EC_ENCODING, "named_curve");
		set_and_compare(a, b, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, "0");
	}
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}

/* @key, written as @structure */
static void try_key(EVP_PKEY *key, const char *what, const char *structure, bool encrypt, bool deep)
{
	snprintf(of, sizeof(of), "key %u (%s), from %s%s", keys, what, structure,
		 encrypt ? ", encrypted" : "");
	try_file(encode(key, EVP_PKEY_KEYPAIR, "PEM", structure, encrypt ? "AES-128-CBC" : NULL),
		 deep);
}

static EVP_PKEY *generate(const char *type, const OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(soft, type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 || !EVP_PKEY_CTX_set_params(ctx, params) ||
	    EVP_PKEY_generate(ctx, &key) <= 0)
		die("cannot be made");
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *make_rsa(const char *type, unsigned int bits, unsigned int e, unsigned int primes,
			  const char *digest, int salt)
{
	OSSL_PARAM params[6], *p = params;

	*p++ = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_BITS, &bits);
	*p++ = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &e);
	*p++ = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_PRIMES, &primes);
	if (digest)
		*p++ = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, (char *)digest,
							0);
	if (salt >= 0)
		*p++ = OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, &salt);
	*p = OSSL_PARAM_construct_end();
	return generate(type, params);
}

static BIGNUM *number(EVP_PKEY *key, const char *name)
{
	BIGNUM *n = NULL;

	if (!EVP_PKEY_get_bn_param(key, name, &n))
		die(name);
	return n;
}

/*
 * The same key with its primes the other way round (p < q), or with a private exponent that is
 * longer than the modulus: d + k * (p - 1) * (q - 1). As DER: the default provider reads the latter
 * from a file, and refuses to import it.
 */
static struct result change_rsa(EVP_PKEY *key, bool swap, bool long_d)
{
	BIGNUM *n = number(key, "n"), *e = number(key, "e"), *d = number(key, "d");
	BIGNUM *p = number(key, "rsa-factor1"), *q = number(key, "rsa-factor2"), *t;
	BIGNUM *dp = BN_new(), *dq = BN_new(), *qinv = BN_new(), *p1 = BN_dup(p), *q1 = BN_dup(q);
	BN_CTX *bn = BN_CTX_new();
	struct result r = { 0 };
	RSA *rsa = RSA_new();

	BN_sub_word(p1, 1);
	BN_sub_word(q1, 1);
	if (long_d) {
		t = BN_new();
		BN_mul(t, p1, q1, bn);
		BN_mul_word(t, 4);
		BN_add(d, d, t);
		BN_free(t);
	}
	if (swap == (BN_cmp(p, q) > 0)) {
		t = p, p = q, q = t;
		t = p1, p1 = q1, q1 = t;
	}
	BN_mod(dp, d, p1, bn);
	BN_mod(dq, d, q1, bn);
	BN_mod_inverse(qinv, q, p, bn);
	RSA_set0_key(rsa, n, e, d);
	RSA_set0_factors(rsa, p, q);
	RSA_set0_crt_params(rsa, dp, dq, qinv);
	r.rc = i2d_RSAPrivateKey(rsa, &r.p);
	r.size = r.rc;
	RSA_free(rsa);
	BN_CTX_free(bn);
	BN_free(p1);
	BN_free(q1);
	return r;
}

static void try_changed_rsa(EVP_PKEY *key, bool swap, bool long_d, bool deep)
{
	snprintf(of, sizeof(of), "key %u (%s%s)", keys, swap ? "p < q" : "p > q",
		 long_d ? ", d longer than n" : "");
	try_file(change_rsa(key, swap, long_d), deep);
}

static void rsa_formats(EVP_PKEY *key, const char *what, bool pss, bool deep)
{
	try_key(key, what, "PrivateKeyInfo", false, deep);
	if (!pss)
		try_key(key, what, "type-specific", false, false);
	try_key(key, what, "PrivateKeyInfo", true, false);
}

static void rsa_round(unsigned int round)
{
	static const struct {
		const char *what, *type;
		unsigned int bits, e, primes;
		const char *digest;
		int salt;
	} forms[] = {
		{ "RSA-2048", "RSA", 2048, 65537, 2, NULL, -1 },
		{ "e = 3", "RSA", 2048, 3, 2, NULL, -1 },
		{ "three primes", "RSA", 2048, 65537, 3, NULL, -1 },
		{ "2047 bits", "RSA", 2047, 65537, 2, NULL, -1 },
		{ "RSA-PSS", "RSA-PSS", 2048, 65537, 2, NULL, -1 },
		{ "RSA-PSS sha256", "RSA-PSS", 2048, 65537, 2, "SHA256", 32 },
		{ "RSA-PSS sha384, salt 20", "RSA-PSS", 2048, 65537, 2, "SHA384", 20 },
		{ "RSA-PSS sha1", "RSA-PSS", 2048, 65537, 2, "SHA1", 0 },
	};
	EVP_PKEY *key;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		snprintf(of, sizeof(of), "%s", forms[i].what);
		key = make_rsa(forms[i].type, forms[i].bits, forms[i].e, forms[i].primes,
			       forms[i].digest, forms[i].salt);
		rsa_formats(key, forms[i].what, i >= 4, !round);
		if (i < 2) {
			try_changed_rsa(key, true, false, !round);
			try_changed_rsa(key, false, true, !round);
			try_changed_rsa(key, true, true, !round);
		}
		EVP_PKEY_free(key);
	}
}

static void ec_round(unsigned int round)
{
	static const char * const curves[] = { "P-256", "P-384", "P-521", "P-224", "secp256k1" };
	static const char * const forms[] = { "uncompressed", "compressed", "hybrid" };
	static const char * const encodings[] = { "named_curve", "explicit" };
	unsigned int c, f, e, public;
	char what[80];

	for (c = 0; c < ARRAY_SIZE(curves); c++) {
		for (f = 0; f < ARRAY_SIZE(forms); f++) {
			for (e = 0; e < ARRAY_SIZE(encodings); e++) {
				OSSL_PARAM params[] = {
					OSSL_PARAM_utf8_string("group", (char *)curves[c],
							       strlen(curves[c])),
					OSSL_PARAM_utf8_string("encoding", (char *)encodings[e],
							       strlen(encodings[e])),
					OSSL_PARAM_utf8_string("point-format", (char *)forms[f],
							       strlen(forms[f])),
					OSSL_PARAM_END
				};
				EVP_PKEY *key = generate("EC", params);

				if (!EVP_PKEY_set_utf8_string_param(key, "point-format", forms[f]))
					die(forms[f]);
				bool deep = !round && !e && (!c || f == 1);

				for (public = 0; public < 2; public++) {
					snprintf(what, sizeof(what), "%s, %s, %s%s", curves[c],
						 forms[f], encodings[e],
						 public ? "" : ", no public key");
					EVP_PKEY_set_int_param(key, "include-public", public);
					try_key(key, what, public ? "PrivateKeyInfo" :
						"type-specific", false, deep);
				}
				EVP_PKEY_free(key);
			}
		}
	}
}

/* Whose are keys that are made, and read; in the context of programs, which has OPENSSL_CONF */
static void whose(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct result file;

	snprintf(of, sizeof(of), "a new key");
	if (!key)
		die("cannot be made");
	if (is_lkcf(key))
		complain("made", "by lkcf");
	file = encode(key, EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo", NULL);
	EVP_PKEY_free(key);
	key = read_key(NULL, &file);
	OPENSSL_free(file.p);
	if (!key || !is_lkcf(key))
		complain("read", "not by lkcf");
	EVP_PKEY_free(key);
	compared += 2;
}

/* A line is logged each time that the provider is loaded, for its folder of statistics is none. */
static void load_and_unload(const char *config)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();

	if (!ctx || !OSSL_LIB_CTX_load_config(ctx, config) || !OSSL_PROVIDER_available(ctx, "lkcf"))
		die("no provider lkcf");
	OSSL_LIB_CTX_free(ctx);
}

static int test_log(const char *config)
{
	const struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), pairs[8][2], i, rc = 0;
	char line[1024];
	ssize_t got;

	if (log < 0 || bind(log, (const struct sockaddr *)&addr, sizeof(addr)))
		die("/dev/log");
	log = dup3(log, 100, O_CLOEXEC);
	load_and_unload(config);
	/* What a daemon does, and then it has connections. */
	close_range(3, 99, 0);
	for (i = 0; i < 8; i++)
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pairs[i]))
			die("socketpair");
	sleep(2);
	load_and_unload(config);
	for (i = 0; i < 16; i++) {
		if (recv(pairs[i / 2][i % 2], line, sizeof(line), MSG_DONTWAIT) > 0) {
			printf("lkcf_forms: a connection got a line of the log\n");
			rc = 1;
		}
	}
	for (i = 0; i < 2; i++) {
		got = recv(log, line, sizeof(line) - 1, MSG_DONTWAIT);
		line[got > 0 ? got : 0] = 0;
		if (!strstr(line, "lkcf: no file for statistics") ||
		    strncmp(line, "<28>", 4) || !strstr(line, " lkcf_forms[")) {
			printf("lkcf_forms: line %d of the log: '%s'\n", i, line);
			rc = 1;
		}
	}
	unlink("/dev/log");
	return rc;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1, round;
	OSSL_PROVIDER *provider;

	if (argc < 2 || setenv("OPENSSL_CONF", argv[1], 0))
		return 64;
	if (!strcmp(argv[1], "--log"))
		return argc == 3 ? test_log(argv[2]) : 64;
	kern = OSSL_LIB_CTX_new();
	soft = OSSL_LIB_CTX_new();
	if (!kern || !soft || !OSSL_LIB_CTX_load_config(kern, argv[1]) ||
	    !OSSL_PROVIDER_available(kern, "lkcf"))
		die("no provider lkcf");
	quick = count <= 1;
	provider = OSSL_PROVIDER_load(soft, "default");
	if (!provider)
		die("no default provider");
	whose();
	for (round = 0; keys < count; round++) {
		ec_round(round);
		rsa_round(round);
	}
	printf("lkcf_forms: keys=%u lkcf=%u unreadable=%u compared=%lu different=%lu\n", keys,
	       ours, unreadable, compared, bad);
	OSSL_PROVIDER_unload(provider);
	OSSL_LIB_CTX_free(kern);
	OSSL_LIB_CTX_free(soft);
	if (count && !ours) {
		printf("lkcf_forms: no key was lkcf's\n");
		return 1;
	}
	return bad ? 1 : 0;
}
