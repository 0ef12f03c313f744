// SPDX-License-Identifier: MIT
/*
 * From a PEM file to a key of ours. libcrypto has taken PEM and encryption off before it asks; what
 * the bytes mean is decoded by libcrypto again, in our own context. A key that the kernel could not
 * compute with is not taken: the default provider's decoder comes next, and has it altogether.
 */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_object.h>
#include <openssl/x509.h>

#include "lkcf.h"

/* No key is longer: RSA-16384 has 9.5 kB. */
#define MAX_DER (64 << 10)

struct decoder {
	struct provider *prov;
	enum key_type type;
};

static void *decoder_new(struct provider *prov, enum key_type type)
{
	struct decoder *decoder = OPENSSL_zalloc(sizeof(*decoder));

	if (!decoder)
		return NULL;
	decoder->prov = prov;
	decoder->type = type;
	return decoder;
}

static void *rsa_new(void *prov)
{
	return decoder_new(prov, KEY_RSA);
}

static void *rsa_pss_new(void *prov)
{
	return decoder_new(prov, KEY_RSA_PSS);
}

static void *ec_new(void *prov)
{
	return decoder_new(prov, KEY_EC);
}

static void decoder_free(void *decoder)
{
	OPENSSL_free(decoder);
}

/* Private keys only; 0 is anything. */
static int decoder_does(void *prov, int selection)
{
	(void)prov;
	return !selection || selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY;
}

/*
 * One DER element with its head, to be wiped and freed; 0: it is none, or of a length we do not
 * take.
 */
static size_t read_der(BIO *bio, unsigned char **der)
{
	unsigned char head[6], bytes, i;
	size_t size, got = 2;

	if (BIO_read(bio, head, 2) != 2 || head[0] != 0x30)
		return 0;
	size = head[1];
	if (size & 0x80) {
		bytes = size & 0x7f;
		if (!bytes || bytes > 4 || BIO_read(bio, head + 2, bytes) != bytes)
			return 0;
		for (size = 0, i = 0; i < bytes; i++)
			size = size << 8 | head[2 + i];
		got += bytes;
	}
	if (!size || size > MAX_DER)
		return 0;
	*der = OPENSSL_malloc(got + size);
	if (!*der)
		return 0;
	memcpy(*der, head, got);
	if (BIO_read(bio, *der + got, size) == (int)size)
		return got + size;
	OPENSSL_clear_free(*der, got + size);
	return 0;
}

/* The key in the private key @der, if it is one for us. */
static struct key *decode(struct decoder *decoder, const unsigned char *der, size_t size)
{
	const unsigned char *p = der;
	struct key *key = NULL;
	EVP_PKEY *soft;

	ERR_set_mark();
	soft = d2i_AutoPrivateKey_ex(NULL, &p, size, decoder->prov->soft, NULL);
	/* It is asked of every decoder: another one's is no error. */
	ERR_pop_to_mark();
	if (!soft)
		return NULL;
	/*
	 * Without a provider it is one that libcrypto's old code reads and the default provider
	 * does not (a private exponent longer than the modulus): that code has it altogether.
	 */
	if (EVP_PKEY_get0_provider(soft) &&
	    EVP_PKEY_is_a(soft, key_type_name(decoder->type)))
		key = key_new(decoder->prov, decoder->type);
	if (!key) {
		EVP_PKEY_free(soft);
		return NULL;
	}
	if (key_take(key, soft) && key->qualified) {
		/* Now, for a server forks its workers after it has read its keys. */
		key->kernel = kernel_key_get(decoder->prov, soft, decoder->type);
		return key;
	}
	key_put(key);
	return NULL;
}

static int decoder_decode(void *data, OSSL_CORE_BIO *core_bio, int selection,
			  OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *passphrase,
			  void *passphrase_arg)
{
	struct decoder *decoder = data;
	int type = OSSL_OBJECT_PKEY, ok = 1;
	unsigned char *der = NULL;
	struct key *key = NULL;
	OSSL_PARAM params[4];
	size_t size;
	BIO *bio;

	(void)passphrase;
	(void)passphrase_arg;
	if (!decoder_does(NULL, selection))
		return 1;
	bio = BIO_new_from_core_bio(decoder->prov->soft, core_bio);
	if (!bio)
		return 0;
	size = read_der(bio, &der);
	BIO_free(bio);
	if (size) {
		key = decode(decoder, der, size);
		OPENSSL_clear_free(der, size);
	}
	/* Nothing for us: 1 all the same, so that the next decoder is asked. */
	if (!key)
		return 1;
	params[0] = OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE,
						     (char *)key_type_name(decoder->type), 0);
	/* The address of the key: whoever loads it takes it, and leaves NULL. */
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key,
						      sizeof(key));
	params[3] = OSSL_PARAM_construct_end();
	ok = callback(params, arg);
	key_put(key);
	return ok;
}

static int decoder_export(void *data, const void *reference, size_t size, OSSL_CALLBACK *callback,
			  void *arg)
{
	struct key *key;

	(void)data;
	if (size != sizeof(key))
		return 0;
	memcpy(&key, reference, sizeof(key));
	return key && key->soft &&
	       EVP_PKEY_export(key->soft, OSSL_KEYMGMT_SELECT_ALL, callback, arg);
}

#define DECODER(prefix) \
	static const OSSL_DISPATCH prefix##_decoder[] = { \
		DISPATCH(OSSL_FUNC_DECODER_NEWCTX, prefix##_new), \
		DISPATCH(OSSL_FUNC_DECODER_FREECTX, decoder_free), \
		DISPATCH(OSSL_FUNC_DECODER_DOES_SELECTION, decoder_does), \
		DISPATCH(OSSL_FUNC_DECODER_DECODE, decoder_decode), \
		DISPATCH(OSSL_FUNC_DECODER_EXPORT_OBJECT, decoder_export), \
		{ 0, NULL } \
	}

DECODER(rsa);
DECODER(rsa_pss);
DECODER(ec);

#define PROPERTIES(structure) "provider=lkcf,lkcf.part=ops,input=der,structure=" structure
#define BOTH(names, table) \
	{ names, PROPERTIES("PrivateKeyInfo"), table, NULL }, \
	{ names, PROPERTIES("type-specific"), table, NULL }

const OSSL_ALGORITHM decoders[] = {
	BOTH("RSA:rsaEncryption:1.2.840.113549.1.1.1", rsa_decoder),
	BOTH("RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10", rsa_pss_decoder),
	BOTH("EC:id-ecPublicKey:1.2.840.10045.2.1", ec_decoder),
	{ NULL, NULL, NULL, NULL }
};
