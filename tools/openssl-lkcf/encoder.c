// SPDX-License-Identifier: MIT
/*
 * What is written of a key: as the default provider writes it, of the mirror. Without encoders of
 * ours libcrypto would export the key to the default provider, and that import does not keep all of
 * it: the form of EC points, and whether the public half is written.
 */
#include <openssl/bio.h>
#include <openssl/core_object.h>
#include <openssl/encoder.h>

#include "lkcf.h"

#define PRIVATE OSSL_KEYMGMT_SELECT_PRIVATE_KEY
#define PUBLIC OSSL_KEYMGMT_SELECT_PUBLIC_KEY
#define PARAMETERS OSSL_KEYMGMT_SELECT_ALL_PARAMETERS

struct encoder {
	struct provider *prov;
	const char *output, *structure;
	OSSL_PARAM *params;
};

static void *encoder_new(void *prov, const char *output, const char *structure)
{
	struct encoder *encoder = OPENSSL_zalloc(sizeof(*encoder));

	if (!encoder)
		return NULL;
	encoder->prov = prov;
	encoder->output = output;
	encoder->structure = structure;
	return encoder;
}

static void encoder_free(void *data)
{
	struct encoder *encoder = data;

	if (encoder)
		OSSL_PARAM_free(encoder->params);
	OPENSSL_free(encoder);
}

/* As the default provider's answer: the first of the three that is asked for counts. */
static int does(int selection, int mask)
{
	static const int halves[] = { PRIVATE, PUBLIC, PARAMETERS };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(halves); i++) {
		if (selection & halves[i])
			return !!(mask & halves[i]);
	}
	return !selection;
}

static const OSSL_PARAM *encoder_settable(void *prov)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_PROPERTIES, NULL, 0),
		OSSL_PARAM_int(OSSL_ENCODER_PARAM_SAVE_PARAMETERS, NULL),
		OSSL_PARAM_int(OSSL_ENCODER_PARAM_ENCRYPT_LEVEL, NULL),
		OSSL_PARAM_END
	};

	(void)prov;
	return settable;
}

/* They are kept for the mirror's encoder. Without the properties: its context has one provider. */
static int encoder_set_params(void *data, const OSSL_PARAM params[])
{
	struct encoder *encoder = data;
	OSSL_PARAM passed[16], *merged;

	if (!params_for_soft(params, passed, ARRAY_SIZE(passed)))
		return 0;
	if (!passed[0].key)
		return 1;
	merged = encoder->params ? OSSL_PARAM_merge(encoder->params, passed) :
				   OSSL_PARAM_dup(passed);
	if (merged && encoder->params) {
		/* What is merged refers to both. */
		OSSL_PARAM *copy = OSSL_PARAM_dup(merged);

		OPENSSL_free(merged);
		merged = copy;
	}
	if (!merged)
		return 0;
	OSSL_PARAM_free(encoder->params);
	encoder->params = merged;
	return 1;
}

static int encoder_encode(void *data, OSSL_CORE_BIO *core_bio, const void *object,
			  const OSSL_PARAM abstract[], int selection,
			  OSSL_PASSPHRASE_CALLBACK *passphrase, void *passphrase_arg)
{
	struct encoder *encoder = data;
	const struct key *key = object;
	OSSL_ENCODER_CTX *ctx;
	BIO *bio;
	int ok;

	if (abstract || !key || !key->soft) {
		ERR_raise(ERR_LIB_PROV, ERR_R_PASSED_INVALID_ARGUMENT);
		return 0;
	}
	bio = BIO_new_from_core_bio(encoder->prov->soft, core_bio);
	if (!bio)
		return 0;
	ctx = OSSL_ENCODER_CTX_new_for_pkey(key->soft, selection, encoder->output,
					    encoder->structure, NULL);
	ok = ctx && (!passphrase ||
		     OSSL_ENCODER_CTX_set_passphrase_cb(ctx, passphrase, passphrase_arg)) &&
	     (!encoder->params || OSSL_ENCODER_CTX_set_params(ctx, encoder->params)) &&
	     OSSL_ENCODER_to_bio(ctx, bio);
	OSSL_ENCODER_CTX_free(ctx);
	BIO_free(bio);
	return ok;
}

#define ENCODER(id, output, structure, mask) \
	static void *id##_new(void *prov) \
	{ \
		return encoder_new(prov, output, structure); \
	} \
	static int id##_does(void *prov, int selection) \
	{ \
		(void)prov; \
		return does(selection, mask); \
	} \
	static const OSSL_DISPATCH id##_encoder[] = { \
		DISPATCH(OSSL_FUNC_ENCODER_NEWCTX, id##_new), \
		DISPATCH(OSSL_FUNC_ENCODER_FREECTX, encoder_free), \
		DISPATCH(OSSL_FUNC_ENCODER_DOES_SELECTION, id##_does), \
		DISPATCH(OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS, encoder_settable), \
		DISPATCH(OSSL_FUNC_ENCODER_SET_CTX_PARAMS, encoder_set_params), \
		DISPATCH(OSSL_FUNC_ENCODER_ENCODE, encoder_encode), \
		{ 0, NULL } \
	}

ENCODER(text, "TEXT", NULL, PRIVATE | PUBLIC | PARAMETERS);
ENCODER(msblob, "MSBLOB", NULL, PRIVATE | PUBLIC);
ENCODER(pvk, "PVK", NULL, PRIVATE | PUBLIC);
ENCODER(blob, "BLOB", NULL, PUBLIC);
ENCODER(der_rsa_specific, "DER", "type-specific", PRIVATE | PUBLIC);
ENCODER(pem_rsa_specific, "PEM", "type-specific", PRIVATE | PUBLIC);
ENCODER(der_rsa, "DER", "rsa", PRIVATE | PUBLIC);
ENCODER(pem_rsa, "PEM", "rsa", PRIVATE | PUBLIC);
ENCODER(der_pkcs1, "DER", "pkcs1", PRIVATE | PUBLIC);
ENCODER(pem_pkcs1, "PEM", "pkcs1", PRIVATE | PUBLIC);
ENCODER(der_ec_specific, "DER", "type-specific", PRIVATE | PARAMETERS);
ENCODER(pem_ec_specific, "PEM", "type-specific", PRIVATE | PARAMETERS);
ENCODER(der_ec, "DER", "ec", PRIVATE | PARAMETERS);
ENCODER(pem_ec, "PEM", "ec", PRIVATE | PARAMETERS);
ENCODER(der_x962, "DER", "X9.62", PRIVATE | PARAMETERS);
ENCODER(pem_x962, "PEM", "X9.62", PRIVATE | PARAMETERS);
ENCODER(der_encrypted, "DER", "EncryptedPrivateKeyInfo", PRIVATE);
ENCODER(pem_encrypted, "PEM", "EncryptedPrivateKeyInfo", PRIVATE);
ENCODER(der_info, "DER", "PrivateKeyInfo", PRIVATE);
ENCODER(pem_info, "PEM", "PrivateKeyInfo", PRIVATE);
ENCODER(der_spki, "DER", "SubjectPublicKeyInfo", PUBLIC);
ENCODER(pem_spki, "PEM", "SubjectPublicKeyInfo", PUBLIC);

#define RSA_NAMES "RSA:rsaEncryption:1.2.840.113549.1.1.1"
#define PSS_NAMES "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10"
#define EC_NAMES "EC:id-ecPublicKey:1.2.840.10045.2.1"
#define PLAIN(names, id) \
	{ names, "provider=lkcf,lkcf.part=ops,output=" #id, id##_encoder, NULL }
#define STRUCTURE(names, id, structure) \
	{ names, "provider=lkcf,lkcf.part=ops,output=der,structure=" structure, \
	  der_##id##_encoder, NULL }, \
	{ names, "provider=lkcf,lkcf.part=ops,output=pem,structure=" structure, \
	  pem_##id##_encoder, NULL }
#define COMMON(names) \
	STRUCTURE(names, encrypted, "EncryptedPrivateKeyInfo"), \
	STRUCTURE(names, info, "PrivateKeyInfo"), \
	STRUCTURE(names, spki, "SubjectPublicKeyInfo")

/* In the default provider's order. */
const OSSL_ALGORITHM encoders[] = {
	PLAIN(RSA_NAMES, text),
	STRUCTURE(RSA_NAMES, rsa_specific, "type-specific"),
	PLAIN(RSA_NAMES, msblob),
	PLAIN(RSA_NAMES, pvk),
	COMMON(RSA_NAMES),
	STRUCTURE(RSA_NAMES, rsa, "rsa"),
	STRUCTURE(RSA_NAMES, pkcs1, "pkcs1"),
	PLAIN(EC_NAMES, text),
	STRUCTURE(EC_NAMES, ec_specific, "type-specific"),
	PLAIN(EC_NAMES, blob),
	COMMON(EC_NAMES),
	STRUCTURE(EC_NAMES, ec, "ec"),
	STRUCTURE(EC_NAMES, x962, "X9.62"),
	PLAIN(PSS_NAMES, text),
	COMMON(PSS_NAMES),
	STRUCTURE(PSS_NAMES, pkcs1, "pkcs1"),
	{ NULL, NULL, NULL, NULL }
};
