// SPDX-License-Identifier: GPL-2.0-only
/*
 * The encoder: DER, right or with one element broken, and changes that know nothing of it.
 */
#include "der.h"

void put(struct buf *b, const void *p, size_t len)
{
	if (b->len + len > sizeof(b->d))
		die("an encoding is too long");
	memcpy(b->d + b->len, p, len);
	b->len += len;
}

void put_byte(struct buf *b, uint8_t byte)
{
	put(b, &byte, 1);
}

/*
 * The encoder. One element of what it encodes, the broken_nr'th that is finished, comes out
 * broken.
 */
enum breakage {
	LONG_FORM, LONGER_FORM, WRONG_TAG, OTHER_CLASS, LENGTH_MORE, LENGTH_LESS, TWICE, DROPPED,
	TAIL, HEAD, SHORT, EMPTY, INDEFINITE, HUGE_LENGTH, BREAKAGE_NR
};

static int element_nr, broken_nr = -1;
static enum breakage breakage;

static void put_length(struct buf *b, size_t len)
{
	if (len > 0xff) {
		put_byte(b, 0x82);
		put_byte(b, len >> 8);
	} else if (len > 0x7f) {
		put_byte(b, 0x81);
	}
	put_byte(b, len);
}

void put_plain(struct buf *b, uint8_t tag, const uint8_t *p, size_t len)
{
	put_byte(b, tag);
	put_length(b, len);
	put(b, p, len);
}

static void put_broken(struct buf *b, uint8_t tag, const uint8_t *p, size_t len)
{
	static const uint8_t tags[] = {
		0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x31, 0xa0, 0x81
	};
	struct buf t = { .len = 0 };

	switch (breakage) {
	case LONG_FORM:
		put_byte(b, tag);
		put_byte(b, len > 0xff ? 0x83 : len > 0x7f ? 0x82 : 0x81);
		if (len > 0x7f)
			put_byte(b, 0);
		if (len > 0xff)
			put_byte(b, len >> 8);
		put_byte(b, len);
		put(b, p, len);
		break;
	case LONGER_FORM:
		put_byte(b, tag);
		put(b, "\x84\0\0", 3);
		put_byte(b, len >> 8);
		put_byte(b, len);
		put(b, p, len);
		break;
	case WRONG_TAG:
		put_plain(b, tags[rnd(ARRAY_SIZE(tags))], p, len);
		break;
	case OTHER_CLASS:
		put_plain(b, tag ^ (one_in(2) ? 0x20 : 0x80), p, len);
		break;
	case LENGTH_MORE:
	case LENGTH_LESS:
		put_byte(b, tag);
		put_length(b, breakage == LENGTH_MORE ? len + 1 + rnd(3) : len ? len - 1 : 3);
		put(b, p, len);
		break;
	case TWICE:
		put_plain(b, tag, p, len);
		put_plain(b, tag, p, len);
		break;
	case DROPPED:
		break;
	case TAIL:
		put(&t, p, len);
		put_byte(&t, rnd(2) * rnd(256));
		put_plain(b, tag, t.d, t.len);
		break;
	case HEAD:
		put_byte(&t, rnd(2) * rnd(256));
		put(&t, p, len);
		put_plain(b, tag, t.d, t.len);
		break;
	case SHORT:
		put_plain(b, tag, p, len ? len - 1 : 0);
		break;
	case EMPTY:
		put_plain(b, tag, p, 0);
		break;
	case INDEFINITE:
		put_byte(b, tag);
		put_byte(b, 0x80);
		put(b, p, len);
		put(b, "\0", 2);
		break;
	case HUGE_LENGTH:
		put_byte(b, tag);
		put(b, one_in(2) ? "\x84\xff\xff\xff\xff" : "\x84\x7f\xff\xff\xff", 5);
		put(b, p, len);
		break;
	default:
		die("no such breakage");
	}
}

void put_element(struct buf *b, uint8_t tag, const void *p, size_t len)
{
	if (element_nr++ == broken_nr)
		put_broken(b, tag, p, len);
	else
		put_plain(b, tag, p, len);
}

void break_one_of(unsigned int elements)
{
	element_nr = 0;
	broken_nr = rnd(elements);
	breakage = one_in(4) ? LONG_FORM : rnd(BREAKAGE_NR);
}

void break_none(void)
{
	broken_nr = -1;
}

/* Changes that know nothing of structure */
void break_blindly(struct buf *b)
{
	size_t at = b->len ? rnd(b->len) : 0;

	/* Where lengths and tags are, more often. */
	if (b->len > 48 && one_in(2))
		at = rnd(48);
	switch (b->len ? rnd(8) : 6) {
	case 0:
	case 1:
		b->d[at] ^= 1 << rnd(8);
		break;
	case 2:
		b->d[at] = rnd(256);
		break;
	case 3:
		b->d[at] += one_in(2) ? 1 : -1;
		break;
	case 4:
		b->len = one_in(2) ? b->len - 1 : rnd(b->len);
		break;
	case 5:
		memmove(b->d + at, b->d + at + 1, b->len - at - 1);
		b->len--;
		break;
	case 6:
		put_byte(b, rnd(2) * rnd(256));
		break;
	case 7:
		put_byte(b, 0);
		memmove(b->d + at + 1, b->d + at, b->len - at - 1);
		b->d[at] = rnd(256);
	}
}

void put_number(struct buf *b, const BIGNUM *bn, size_t bytes)
{
	uint8_t number[MAX_DER];

	if (BN_bn2binpad(bn, number, bytes) < 0)
		die("a number is too long");
	put(b, number, bytes);
}

void put_point(struct buf *b, const struct curve *c, const EC_POINT *point,
	       point_conversion_form_t form)
{
	uint8_t oct[MAX_POINT];

	put(b, oct, EC_POINT_point2oct(c->group, point, form, oct, sizeof(oct), bn_ctx));
}
