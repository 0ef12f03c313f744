/* SPDX-License-Identifier: MIT */
/* RSA's paddings (RFC 8017): plain functions of bytes, for tests as well. */
#ifndef LKCF_PAD_H
#define LKCF_PAD_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#define PREMASTER_SIZE 48

bool pad_pkcs1_sign(unsigned char *em, size_t k, const EVP_MD *md, const unsigned char *data,
		    size_t size);
int pss_salt_size(int wanted, size_t k, size_t digest_size);
bool pad_pss(OSSL_LIB_CTX *libctx, unsigned char *em, size_t k, const EVP_MD *md,
	     const EVP_MD *mgf1, const unsigned char *digest, size_t salt_size);

bool rejection_key(OSSL_LIB_CTX *libctx, const unsigned char *d, const unsigned char *in, size_t k,
		   unsigned char key[32]);
bool rejection_message(OSSL_LIB_CTX *libctx, const unsigned char key[32], size_t k,
		       unsigned char *message, size_t *start);
int unpad_pkcs1(const unsigned char *em, size_t k, const unsigned char *synthetic, size_t start,
		unsigned char *out);
int unpad_oaep(unsigned char *em, size_t k, const EVP_MD *md, const EVP_MD *mgf1,
	       const unsigned char *label, size_t label_size, unsigned char *out);
void unpad_premaster(const unsigned char *em, size_t k, unsigned int version, int alternative,
		     const unsigned char random[PREMASTER_SIZE], unsigned char out[PREMASTER_SIZE]);

#endif
