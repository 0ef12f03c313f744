/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading DER, strictly: lengths in their one encoding. Works on the caller's bytes, in any
 * context.
 */
#ifndef _ASYM_DER_H
#define _ASYM_DER_H

#include <linux/errno.h>
#include <linux/types.h>

enum {
	DER_INTEGER	= 0x02,
	DER_BIT_STRING	= 0x03,
	DER_OCTETS	= 0x04,
	DER_OID		= 0x06,
	DER_SEQUENCE	= 0x30,
	DER_CONTEXT_0	= 0xa0,
	DER_CONTEXT_1	= 0xa1,
};

struct der {
	const u8 *p;
	size_t len;
};

static inline bool der_next_is(const struct der *in, u8 tag)
{
	return in->len && in->p[0] == tag;
}

/* Take an element with @tag, and less than 64 KiB, off the front of @in. @out may be @in. */
static inline int der_get(struct der *in, u8 tag, struct der *out)
{
	struct der rest = *in;
	size_t len;

	if (rest.len < 2 || rest.p[0] != tag)
		return -EBADMSG;
	len = rest.p[1];
	rest.p += 2;
	rest.len -= 2;
	if (len & 0x80) {
		unsigned int n = len & 0x7f;

		if (!n || n > 2 || rest.len < n)
			return -EBADMSG;
		len = n == 1 ? rest.p[0] : rest.p[0] << 8 | rest.p[1];
		if (len < (n == 1 ? 0x80 : 0x100))
			return -EBADMSG;
		rest.p += n;
		rest.len -= n;
	}
	if (len > rest.len)
		return -EBADMSG;
	in->p = rest.p + len;
	in->len = rest.len - len;
	out->p = rest.p;
	out->len = len;
	return 0;
}

#endif /* _ASYM_DER_H */
