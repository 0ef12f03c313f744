// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cuts a byte stream into messages (cof-protocol.rst, section 3), for
 * transports without message boundaries.
 *
 * A struct cof_stream and its buffer belong to the caller, who serializes. The
 * buffer has its final size from the start: nothing is allocated because of a
 * length that a peer sent. Any context.
 *
 * Messages are often as long as the one before: so many bytes are asked for at once, instead of a
 * header first. If it is shorter, what belongs to the next one is left with the caller.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <uapi/linux/cof.h>
#include "stream.h"

/**
 * cof_hdr_check() - does a message begin like this?
 * @hdr: complete
 * @max: longest message taken, bytes
 *
 * Context: any. Specification: section 4, magic, length, hlen.
 * Return: 0 or -EPROTO.
 */
int cof_hdr_check(const struct cof_hdr *hdr, u32 max)
{
	u32 length = le32_to_cpu(hdr->length);
	u16 hlen = le16_to_cpu(hdr->hlen);

	if (le32_to_cpu(hdr->magic) != COF_MAGIC || length < sizeof(*hdr) || length > max ||
	    hlen < sizeof(*hdr) || hlen > length)
		return -EPROTO;
	return 0;
}
EXPORT_SYMBOL_GPL(cof_hdr_check);

/**
 * cof_stream_init() - begin between two messages
 * @s: the parser
 * @buf: for one message; stays the caller's
 * @size: bytes at @buf, longest message taken; at least 32
 */
void cof_stream_init(struct cof_stream *s, u8 *buf, u32 size)
{
	s->buf = buf;
	s->size = size;
	s->have = 0;
	s->want = sizeof(struct cof_hdr);
}
EXPORT_SYMBOL_GPL(cof_stream_init);

/**
 * cof_stream_room() - where the next bytes go
 * @s: the parser
 * @len: receives how many are welcome at most, never 0
 *
 * Return: where to copy them. Then call cof_stream_advance().
 */
u8 *cof_stream_room(struct cof_stream *s, u32 *len)
{
	*len = s->want - s->have;
	return s->buf + s->have;
}
EXPORT_SYMBOL_GPL(cof_stream_room);

/**
 * cof_stream_advance() - bytes were put where cof_stream_room() said
 * @s: the parser
 * @len: how many; receives how many of them were taken, the others are behind the message's end
 *
 * Specification: section 4, magic, length, hlen.
 * Return: 0: go on; 1: s->buf holds a message of s->have bytes, call
 * cof_stream_next() after use; -EPROTO: no message begins like this.
 */
int cof_stream_advance(struct cof_stream *s, u32 *len)
{
	const struct cof_hdr *hdr = (const struct cof_hdr *)s->buf;
	bool known = s->have >= sizeof(*hdr);
	u32 surplus;

	if (*len > s->want - s->have)
		return -EPROTO;
	s->have += *len;
	if (s->have < sizeof(*hdr))
		return 0;
	if (!known) {
		if (cof_hdr_check(hdr, s->size))
			return -EPROTO;
		s->want = le32_to_cpu(hdr->length);
	}
	if (s->have < s->want)
		return 0;

	surplus = s->have - s->want;
	if (surplus) {
		memzero_explicit(s->buf + s->want, surplus);
		s->have = s->want;
		*len -= surplus;
	}
	return 1;
}
EXPORT_SYMBOL_GPL(cof_stream_advance);

/**
 * cof_stream_next() - done with the message; wipe it
 * @s: the parser
 */
void cof_stream_next(struct cof_stream *s)
{
	memzero_explicit(s->buf, s->have);
	s->have = 0;
}
EXPORT_SYMBOL_GPL(cof_stream_next);
