/* SPDX-License-Identifier: GPL-2.0-only */
/* Known answers for the tests of ecdsa_sign.ko; numbers are hexadecimal, as long as the curve's. */
#ifndef _ECDSA_VECTORS_H
#define _ECDSA_VECTORS_H

#include <linux/types.h>
#include <crypto/internal/asym/types.h>

#define ECDSA_TEST_KEYS		4
#define ECDSA_TEST_SIGS		40
#define ECDSA_TEST_VERIFIES	102

struct ecdsa_test_key {
	enum asym_curve curve;
	const char *d;
	const char *x;
	const char *y;
};

struct ecdsa_test_sig {
	enum asym_curve curve;
	const char *hash;
	const char *message;
	const char *k;
	const char *r;
	const char *s;
};

struct ecdsa_test_verify {
	enum asym_curve curve;
	bool good;
	const char *digest;
	const char *x;
	const char *y;
	const char *r;
	const char *s;
};

extern const struct ecdsa_test_key ecdsa_test_keys[ECDSA_TEST_KEYS];
extern const struct ecdsa_test_sig ecdsa_test_sigs[ECDSA_TEST_SIGS];
extern const struct ecdsa_test_verify ecdsa_test_verifies[ECDSA_TEST_VERIFIES];

#endif /* _ECDSA_VECTORS_H */
