/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cuts a byte stream into messages. See stream.c.
 */
#ifndef _COF_STREAM_H
#define _COF_STREAM_H

#include <linux/types.h>

struct cof_hdr;

/**
 * struct cof_stream - cuts a byte stream into messages
 * @buf: of the message that is arriving
 * @size: bytes at @buf
 * @have: bytes arrived
 * @want: the message's length; as long as its header is not complete, that of the one before
 */
struct cof_stream {
	u8 *buf;
	u32 size;
	u32 have;
	u32 want;
};

int cof_hdr_check(const struct cof_hdr *hdr, u32 max);
void cof_stream_init(struct cof_stream *s, u8 *buf, u32 size);
u8 *cof_stream_room(struct cof_stream *s, u32 *len);
int cof_stream_advance(struct cof_stream *s, u32 *len);
void cof_stream_next(struct cof_stream *s);

#endif /* _COF_STREAM_H */
