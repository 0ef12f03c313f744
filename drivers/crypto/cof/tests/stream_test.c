// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: cutting a byte stream into messages, however it is cut on its way.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../msg.h"
#include "../stream.h"

#define SEED	20261124
#define SIZE	512	/* of the receive buffer */

/* Lengths of messages that follow each other; the last one just fits. */
static const u32 lengths[] = { 32, 33, 40, 32, 64 + 245, 511, 32, 208, SIZE };

struct stream_test {
	struct cof_stream s;
	u8 *bytes;
	u32 len;
	unsigned int taken;	/* messages */
};

static int stream_init(struct kunit *test)
{
	struct stream_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	u8 *buf = kunit_kzalloc(test, SIZE, GFP_KERNEL);
	unsigned int i;
	u32 at = 0, j;

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		t->len += lengths[i];
	t->bytes = kunit_kzalloc(test, t->len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->bytes);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		cof_request_init((struct cof_hdr *)(t->bytes + at), 0x40 + i, 32,
				 lengths[i] - 32, i);
		for (j = 32; j < lengths[i]; j++)
			t->bytes[at + j] = i + j;
		at += lengths[i];
	}
	cof_stream_init(&t->s, buf, SIZE);
	test->priv = t;
	return 0;
}

/* The message that is complete now, is it the next one that was sent? */
static void take(struct kunit *test, struct stream_test *t)
{
	u32 at = 0;
	unsigned int i;

	KUNIT_ASSERT_LT(test, t->taken, ARRAY_SIZE(lengths));
	for (i = 0; i < t->taken; i++)
		at += lengths[i];
	KUNIT_EXPECT_EQ(test, lengths[i], t->s.have);
	KUNIT_EXPECT_EQ(test, 0, memcmp(t->s.buf, t->bytes + at, lengths[i]));
	t->taken++;
	cof_stream_next(&t->s);
	KUNIT_EXPECT_NULL(test, memchr_inv(t->s.buf, 0, SIZE));	/* wiped */
}

/* As a transport does it: a piece of @len bytes arrived. */
static int feed(struct kunit *test, struct stream_test *t, const u8 *piece, u32 len)
{
	u32 room;
	u8 *to;
	int ret;

	while (len) {
		to = cof_stream_room(&t->s, &room);
		KUNIT_ASSERT_GT(test, room, 0);
		room = min(room, len);
		KUNIT_ASSERT_TRUE(test, to >= t->s.buf && to + room <= t->s.buf + SIZE);
		memcpy(to, piece, room);
		ret = cof_stream_advance(&t->s, &room);
		if (ret < 0)
			return ret;
		if (ret)
			take(test, t);
		piece += room;
		len -= room;
	}
	return 0;
}

static void feed_in_pieces(struct kunit *test, u32 size)
{
	struct stream_test *t = test->priv;
	u32 at;

	t->taken = 0;
	for (at = 0; at < t->len; at += size)
		KUNIT_ASSERT_EQ(test, 0, feed(test, t, t->bytes + at, min(size, t->len - at)));
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(lengths), t->taken);
	KUNIT_EXPECT_EQ(test, 0, t->s.have);
}

static void byte_by_byte(struct kunit *test)
{
	feed_in_pieces(test, 1);
}

static void all_at_once(struct kunit *test)
{
	struct stream_test *t = test->priv;

	feed_in_pieces(test, t->len);
}

static void in_pieces_of_every_size(struct kunit *test)
{
	u32 size;

	for (size = 2; size < 100; size++)
		feed_in_pieces(test, size);
}

static void in_random_pieces(struct kunit *test)
{
	struct stream_test *t = test->priv;
	struct rnd_state rnd;
	unsigned int i;
	u32 at, len;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 200; i++) {
		t->taken = 0;
		for (at = 0; at < t->len; at += len) {
			len = min(1 + prandom_u32_state(&rnd) % 600, t->len - at);
			KUNIT_ASSERT_EQ(test, 0, feed(test, t, t->bytes + at, len));
		}
		KUNIT_EXPECT_EQ(test, ARRAY_SIZE(lengths), t->taken);
	}
}

static void no_message_before_its_last_byte(struct kunit *test)
{
	struct stream_test *t = test->priv;
	unsigned int i;
	u32 at = 0, len;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (len = 0; len < lengths[i]; len++) {
			KUNIT_ASSERT_EQ(test, i, t->taken);
			KUNIT_ASSERT_EQ(test, 0, feed(test, t, t->bytes + at + len, 1));
		}
		KUNIT_EXPECT_EQ(test, i + 1, t->taken);
		at += lengths[i];
	}
}

/* A header with these fields, in 32 single bytes: noticed at the last of them. */
static void header_ends_it(struct kunit *test, u32 magic, u32 length, u16 hlen, int err)
{
	struct stream_test *t = test->priv;
	struct cof_hdr hdr;
	unsigned int i;
	u32 len;

	cof_stream_init(&t->s, t->s.buf, SIZE);
	cof_request_init(&hdr, COF_SIGN, 32, 0, 1);
	hdr.magic = cpu_to_le32(magic);
	hdr.length = cpu_to_le32(length);
	hdr.hlen = cpu_to_le16(hlen);
	for (i = 0; i < sizeof(hdr) - 1; i++)
		KUNIT_ASSERT_EQ(test, 0, feed(test, t, (u8 *)&hdr + i, 1));
	*cof_stream_room(&t->s, &len) = ((u8 *)&hdr)[i];
	len = 1;
	KUNIT_EXPECT_EQ_MSG(test, err, cof_stream_advance(&t->s, &len),
			    "magic %x length %u hlen %u", magic, le32_to_cpu(hdr.length), hlen);
}

static void what_is_no_message_ends_the_stream(struct kunit *test)
{
	header_ends_it(test, COF_MAGIC, 32, 32, 1);
	header_ends_it(test, COF_MAGIC, SIZE, 32, 0);
	header_ends_it(test, COF_MAGIC, SIZE, SIZE, 0);
	header_ends_it(test, COF_MAGIC + 1, 32, 32, -EPROTO);
	header_ends_it(test, 0, 32, 32, -EPROTO);
	header_ends_it(test, COF_MAGIC, SIZE + 1, 32, -EPROTO);
	header_ends_it(test, COF_MAGIC, 0xffffffff, 32, -EPROTO);
	header_ends_it(test, COF_MAGIC, 0x80000020, 32, -EPROTO);
	header_ends_it(test, COF_MAGIC, 31, 31, -EPROTO);
	header_ends_it(test, COF_MAGIC, 0, 32, -EPROTO);
	header_ends_it(test, COF_MAGIC, 32, 0, -EPROTO);
	header_ends_it(test, COF_MAGIC, 32, 31, -EPROTO);
	header_ends_it(test, COF_MAGIC, 32, 33, -EPROTO);
	header_ends_it(test, COF_MAGIC, 40, 41, -EPROTO);
	header_ends_it(test, COF_MAGIC, 40, 0xffff, -EPROTO);
}

static void more_than_there_is_room_for_is_refused(struct kunit *test)
{
	struct stream_test *t = test->priv;
	u32 room;

	cof_stream_room(&t->s, &room);
	KUNIT_EXPECT_EQ(test, 32, room++);
	KUNIT_EXPECT_EQ(test, -EPROTO, cof_stream_advance(&t->s, &room));
	room = 0xffffffff;
	KUNIT_EXPECT_EQ(test, -EPROTO, cof_stream_advance(&t->s, &room));
}

/* After a long message two short ones: the first takes no more than is its own. */
static void as_many_bytes_as_the_last_message_had_are_asked_for(struct kunit *test)
{
	struct stream_test *t = test->priv;
	u32 room, len;
	u8 *to;

	t->taken = 4;
	KUNIT_ASSERT_EQ(test, 0, feed(test, t, t->bytes + 32 + 33 + 40 + 32, lengths[4]));
	to = cof_stream_room(&t->s, &room);
	KUNIT_EXPECT_EQ(test, lengths[4], room);
	memcpy(to, t->bytes, 32 + 33);
	len = 32 + 33;
	KUNIT_EXPECT_EQ(test, 1, cof_stream_advance(&t->s, &len));
	KUNIT_EXPECT_EQ(test, 32, len);
	t->taken = 0;
	take(test, t);
	cof_stream_room(&t->s, &room);
	KUNIT_EXPECT_EQ(test, 32, room);
}

static void random_bytes_are_survived(struct kunit *test)
{
	struct stream_test *t = test->priv;
	struct rnd_state rnd;
	unsigned int i;
	u8 *buf = t->s.buf, bytes[64], *to;
	u32 room;
	int ret;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < 20000; i++) {
		prandom_bytes_state(&rnd, bytes, sizeof(bytes));
		if (i % 2)	/* else it would end at the magic */
			*(__le32 *)bytes = cpu_to_le32(COF_MAGIC);
		if (i % 4 == 3)
			*(__le32 *)(bytes + 8) = cpu_to_le32(prandom_u32_state(&rnd) % 600);
		cof_stream_init(&t->s, buf, SIZE);
		do {
			to = cof_stream_room(&t->s, &room);
			room = min_t(u32, room, sizeof(bytes));
			memcpy(to, bytes, room);
			ret = cof_stream_advance(&t->s, &room);
			if (ret > 0) {
				KUNIT_ASSERT_GE(test, t->s.have, 32);
				KUNIT_ASSERT_LE(test, t->s.have, SIZE);
			}
		} while (!ret);
	}
}

static struct kunit_case stream_cases[] = {
	KUNIT_CASE(byte_by_byte),
	KUNIT_CASE(all_at_once),
	KUNIT_CASE(in_pieces_of_every_size),
	KUNIT_CASE(in_random_pieces),
	KUNIT_CASE(no_message_before_its_last_byte),
	KUNIT_CASE(what_is_no_message_ends_the_stream),
	KUNIT_CASE(more_than_there_is_room_for_is_refused),
	KUNIT_CASE(as_many_bytes_as_the_last_message_had_are_asked_for),
	KUNIT_CASE(random_bytes_are_survived),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "cof_stream",
	.init = stream_init,
	.test_cases = stream_cases,
};

kunit_test_suite(stream_suite);
