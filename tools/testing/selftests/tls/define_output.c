// SPDX-License-Identifier: GPL-2.0-only
/*
 * define_output - preloaded into a program under valgrind, which does not know what these calls of
 * keyctl(2) write, and takes it for uninitialized.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include <keyutils.h>
#include <valgrind/memcheck.h>

long keyctl_pkey_query(key_serial_t key, const char *info, struct keyctl_pkey_query *result)
{
	long (*real)(key_serial_t key, const char *info, struct keyctl_pkey_query *result);
	long rc;

	real = dlsym(RTLD_NEXT, "keyctl_pkey_query");
	rc = real(key, info, result);
	if (!rc)
		VALGRIND_MAKE_MEM_DEFINED(result, sizeof(*result));
	return rc;
}

typedef long compute_fn(key_serial_t key, const char *info, const void *in, size_t in_len,
			void *out, size_t out_len);

static long compute(const char *name, key_serial_t key, const char *info, const void *in,
		    size_t in_len, void *out, size_t out_len)
{
	compute_fn *real = (compute_fn *)dlsym(RTLD_NEXT, name);
	long rc = real(key, info, in, in_len, out, out_len);

	if (rc > 0)
		VALGRIND_MAKE_MEM_DEFINED(out, rc < (long)out_len ? (size_t)rc : out_len);
	return rc;
}

long keyctl_pkey_decrypt(key_serial_t key, const char *info, const void *in, size_t in_len,
			 void *out, size_t out_len)
{
	return compute("keyctl_pkey_decrypt", key, info, in, in_len, out, out_len);
}

long keyctl_pkey_sign(key_serial_t key, const char *info, const void *in, size_t in_len, void *out,
		      size_t out_len)
{
	return compute("keyctl_pkey_sign", key, info, in, in_len, out, out_len);
}
