/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences in the kernel's crypto API between the supported kernels
 * (6.12 and 7.3), as small named helpers. Shared by asym_executor,
 * asym_provider and the test modules; append only.
 */
#ifndef _COMPAT_CRYPTO_H
#define _COMPAT_CRYPTO_H

#include <linux/version.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <crypto/akcipher.h>
#include <crypto/sig.h>

/*
 * Up to 6.12 signatures are akcipher operations (pkcs1pad(rsa,sha256)); since
 * 6.13 they are the synchronous sig type (pkcs1(rsa,sha256)).
 */
#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
#define COMPAT_CRYPTO_HAS_SIG		0
#else
#define COMPAT_CRYPTO_HAS_SIG		1
#endif

/*
 * Does the kernel's software refuse a digest whose size is not the hash's with
 * -EINVAL, before it computes (rsassa-pkcs1)? Up to 6.12 (pkcs1pad) it signs
 * what it is given, and a verification finds out by comparing (-EKEYREJECTED).
 */
static inline bool compat_rsassa_checks_digest_size(void)
{
	return COMPAT_CRYPTO_HAS_SIG;
}

/* The name of a signature's algorithm: COMPAT_CRYPTO_PKCS1_SIGN "(rsa,sha256)". */
#if COMPAT_CRYPTO_HAS_SIG
#define COMPAT_CRYPTO_PKCS1_SIGN	"pkcs1"
#else
#define COMPAT_CRYPTO_PKCS1_SIGN	"pkcs1pad"
#endif

/*
 * ECDSA: "x962(ecdsa-nist-p256)" is what up to 6.12 is "ecdsa-nist-p256". A transform of either is
 * allocated by crypto_alloc_sig().
 */
#if COMPAT_CRYPTO_HAS_SIG
#define COMPAT_CRYPTO_ECDSA_FMT		"x962(ecdsa-%s)"
#else
#define COMPAT_CRYPTO_ECDSA_FMT		"ecdsa-%s"
#endif

/*
 * Sign with a sig transform for ECDSA: the length of the signature, or an errno. Up to 6.12 there
 * is no length: the DER says it, and is followed by zeros.
 */
static inline int compat_ecdsa_sign(struct crypto_sig *sig, const void *digest,
				    unsigned int digest_len, u8 *der, unsigned int room)
{
	int ret = crypto_sig_sign(sig, digest, digest_len, der, room);
#if !COMPAT_CRYPTO_HAS_SIG
	unsigned int len;

	if (ret)
		return ret;
	if (room < 3 || der[0] != 0x30)
		return -EIO;
	len = der[1] < 0x80 ? 2 + der[1] : 3 + der[2];
	ret = (der[1] > 0x81 || len > room) ? -EIO : len;
#endif
	return ret;
}

/*
 * KEYCTL_PKEY_VERIFY hands over so many bytes for a signature, whatever length its caller gave
 * (keyctl_pkey_params_get_2(): out_len and in2_len are one field): as many as pkey_query says the
 * longest one has, which up to 6.12 public_key.c makes of the transform's maximal size.
 */
static inline unsigned int compat_ecdsa_keyctl_len(unsigned int max_size, bool is_p521)
{
#if COMPAT_CRYPTO_HAS_SIG
	return max_size;
#else
	unsigned int len = 2 * (max_size + !is_p521 + 2);

	return 1 + (len >= 128) + 1 + len;
#endif
}

/* An akcipher's functions for signatures, where akciphers have them. */
static inline void compat_akcipher_set_sig_ops(struct akcipher_alg *alg,
					       int (*sign)(struct akcipher_request *req),
					       int (*verify)(struct akcipher_request *req))
{
#if !COMPAT_CRYPTO_HAS_SIG
	alg->sign = sign;
	alg->verify = verify;
#endif
}

#endif /* _COMPAT_CRYPTO_H */
