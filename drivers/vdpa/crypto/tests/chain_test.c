// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of chain.c: chains a driver must not make, and those it may.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include <linux/virtio_byteorder.h>

#include "../ring/chain.h"

#define NUM	256	/* of the table */
#define SEED	20261124
#define R	0
#define W	VRING_DESC_F_WRITE
#define N	VRING_DESC_F_NEXT
#define I	VRING_DESC_F_INDIRECT

struct table {
	struct vring_desc desc[NUM];
	unsigned int reads[NUM];
	unsigned int fetched;
	int fail_at;	/* the fetch that fails, or -1 */
};

static int table_fetch(void *data, u16 index, struct vring_desc *desc)
{
	struct table *t = data;

	/* the walker promised not to ask for another */
	if (WARN_ON_ONCE(index >= NUM))
		return -ENXIO;
	if (t->fail_at >= 0 && t->fetched == t->fail_at)
		return -EFAULT;
	t->reads[index]++;
	t->fetched++;
	*desc = t->desc[index];
	return 0;
}

static void table_set(struct table *t, u16 index, u64 addr, u32 len, u16 flags, u16 next)
{
	t->desc[index] = (struct vring_desc){
		.addr = __cpu_to_virtio64(true, addr),
		.len = __cpu_to_virtio32(true, len),
		.flags = __cpu_to_virtio16(true, flags),
		.next = __cpu_to_virtio16(true, next),
	};
}

struct ctx {
	struct table table;
	struct vc_chain chain;
};

static int chain_init(struct kunit *test)
{
	struct ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	ctx->table.fail_at = -1;
	test->priv = ctx;
	return 0;
}

static int walk(struct ctx *ctx, u16 head)
{
	ctx->table.fetched = 0;
	memset(ctx->table.reads, 0, sizeof(ctx->table.reads));
	return vc_chain_walk(&ctx->chain, head, NUM, table_fetch, &ctx->table);
}

struct chain_case {
	const char *name;
	struct {
		u64 addr;
		u32 len;
		u16 flags;
		u16 next;
	} desc[4];	/* at 0..3 of the table */
	u16 head;
	int err;
	unsigned int nr_readable, nr_writable;
	u64 bytes;
};

static const struct chain_case chain_cases[] = {
	{ "one readable", { { 0x1000, 72, R } }, 0, 0, 1, 0, 72 },
	{ "one writable", { { 0x1000, 1, W } }, 0, 0, 0, 1, 1 },
	{ "there and back", { { 0x1000, 72, N, 2 }, {}, { 0x2000, 256, N, 1 } }, 0, 0, 2, 0, 328 },
	{ "readable and writable",
	  { { 0x1000, 72, N, 1 }, { 0x2000, 32, N, 2 }, { 0x3000, 256, N | W, 3 },
	    { 0x4000, 1, W } }, 0, 0, 2, 2, 361 },
	{ "next without the flag is nothing", { { 0x1000, 72, R, 0 } }, 0, 0, 1, 0, 72 },
	{ "unknown flags are ignored", { { 0x1000, 72, 0xfff8 } }, 0, 0, 1, 0, 72 },
	{ "empty buffers are left out",
	  { { 0, 0, N, 1 }, { 0x2000, 32, N, 2 }, { 0, 0, N | W, 3 }, { 0x4000, 1, W } },
	  0, 0, 1, 1, 33 },
	{ "nothing but an empty buffer", { { 0x1000, 0, R } }, 0, 0, 0, 0, 0 },
	{ "the last address", { { U64_MAX, 1, R } }, 0, 0, 1, 0, 1 },
	{ "4 GiB less a byte", { { 0x1000, U32_MAX, R } }, 0, 0, 1, 0, U32_MAX },
	{ "a loop of one", { { 0x1000, 0, N, 0 } }, 0, -ELOOP },
	{ "a loop of one with a buffer", { { 0x1000, 1, N, 0 } }, 0, -E2BIG },
	{ "a loop of three", { { 0, 0, N, 1 }, { 0, 0, N, 2 }, { 0, 0, N, 0 } }, 0, -ELOOP },
	{ "a loop behind the head", { { 0x1000, 1, N, 1 }, { 0, 0, N, 1 } }, 0, -ELOOP },
	{ "next beyond the table", { { 0x1000, 1, N, NUM } }, 0, -ERANGE },
	{ "next far beyond the table", { { 0x1000, 1, N, U16_MAX } }, 0, -ERANGE },
	{ "head beyond the table", {}, NUM, -ERANGE },
	{ "readable after writable", { { 0x1000, 1, N | W, 1 }, { 0x2000, 1, R } }, 0, -EPROTO },
	{ "readable after empty writable", { { 0, 0, N | W, 1 }, { 0x2000, 1, R } }, 0, -EPROTO },
	{ "an indirect table", { { 0x1000, 32, I } }, 0, -EPROTO },
	{ "an indirect table that leads to itself", { { 0x1000, 16, I | N, 0 } }, 0, -EPROTO },
	{ "an indirect table after a buffer", { { 0x1000, 1, N, 1 }, { 0x2000, 16, I } },
	  0, -EPROTO },
	{ "beyond the last address", { { U64_MAX, 2, R } }, 0, -EFAULT },
	{ "far beyond the last address", { { U64_MAX - 4096, U32_MAX, W } }, 0, -EFAULT },
	{ "4 GiB in two", { { 0x1000, U32_MAX, N, 1 }, { 0x2000, 1, W } }, 0, -EMSGSIZE },
};

KUNIT_ARRAY_PARAM_DESC(chain, chain_cases, name);

static void chain_facts(struct kunit *test)
{
	const struct chain_case *c = test->param_value;
	struct ctx *ctx = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(c->desc); i++)
		table_set(&ctx->table, i, c->desc[i].addr, c->desc[i].len, c->desc[i].flags,
			  c->desc[i].next);
	KUNIT_EXPECT_EQ(test, walk(ctx, c->head), c->err);
	KUNIT_EXPECT_LE(test, ctx->table.fetched, (unsigned int)NUM);
	if (c->err)
		return;
	KUNIT_EXPECT_EQ(test, ctx->chain.nr_readable, c->nr_readable);
	KUNIT_EXPECT_EQ(test, ctx->chain.nr_writable, c->nr_writable);
	KUNIT_EXPECT_EQ(test, ctx->chain.bytes, c->bytes);
	for (i = 0; i < ARRAY_SIZE(c->desc); i++)
		KUNIT_EXPECT_LE(test, ctx->table.reads[i], 1u);
}

/* @nr descriptors one after the other, the last @nr_w of them writable */
static void table_line(struct table *t, unsigned int nr, unsigned int nr_w, u32 len)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		table_set(t, i, 0x10000 + i * 0x100, len,
			  (i + 1 < nr ? N : 0) | (i + nr_w >= nr ? W : 0), i + 1);
}

static void chain_longest(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	unsigned int i;

	/* as many as there may be, in the order of the chain */
	table_line(&ctx->table, 2 * VC_MAX_SEGS, VC_MAX_SEGS, 2);
	KUNIT_ASSERT_EQ(test, walk(ctx, 0), 0);
	KUNIT_EXPECT_EQ(test, ctx->chain.nr_readable, VC_MAX_SEGS);
	KUNIT_EXPECT_EQ(test, ctx->chain.nr_writable, VC_MAX_SEGS);
	for (i = 0; i < VC_MAX_SEGS; i++) {
		KUNIT_EXPECT_EQ(test, ctx->chain.readable[i].addr,
				0x10000ULL + i * 0x100);
		KUNIT_EXPECT_EQ(test, ctx->chain.writable[i].addr,
				0x10000ULL + (VC_MAX_SEGS + i) * 0x100);
		KUNIT_EXPECT_EQ(test, ctx->chain.readable[i].len, 2);
	}

	/* one more, of either kind */
	table_line(&ctx->table, VC_MAX_SEGS + 1, 0, 2);
	KUNIT_EXPECT_EQ(test, walk(ctx, 0), -E2BIG);
	table_line(&ctx->table, VC_MAX_SEGS + 1, VC_MAX_SEGS + 1, 2);
	KUNIT_EXPECT_EQ(test, walk(ctx, 0), -E2BIG);

	/* all of the table, and once round */
	table_line(&ctx->table, NUM, 0, 0);
	KUNIT_EXPECT_EQ(test, walk(ctx, 0), 0);
	KUNIT_EXPECT_EQ(test, ctx->table.fetched, NUM);
	table_set(&ctx->table, NUM - 1, 0, 0, N, 0);
	KUNIT_EXPECT_EQ(test, walk(ctx, 0), -ELOOP);
	KUNIT_EXPECT_EQ(test, ctx->table.fetched, NUM);
}

static void chain_unreadable(struct kunit *test)
{
	struct ctx *ctx = test->priv;
	int i;

	table_line(&ctx->table, 8, 2, 16);
	for (i = 0; i < 8; i++) {
		ctx->table.fail_at = i;
		KUNIT_EXPECT_EQ(test, walk(ctx, 0), -EFAULT);
	}
	ctx->table.fail_at = 8;
	KUNIT_EXPECT_EQ(test, walk(ctx, 0), 0);
}

/* Whatever is in the table: bounded, within the arrays, each descriptor read once. */
static void chain_random(struct kunit *test)
{
	unsigned int round, i, good = 0;
	struct ctx *ctx = test->priv;
	struct rnd_state rnd;
	int err;

	prandom_seed_state(&rnd, SEED);
	for (round = 0; round < 2000; round++) {
		/* mostly sane ones, or hardly any would get far */
		for (i = 0; i < NUM; i++) {
			u32 r = prandom_u32_state(&rnd);

			table_set(&ctx->table, i, (u64)r << (r % 32), r % 3 ? r % 512 : 0,
				  (r >> 8) % 32 ? (round & 1 ? W : 0) | (r % 16 ? N : 0) :
						  r >> 16,
				  (r >> 4) % 64 ? prandom_u32_state(&rnd) % NUM : r >> 16);
		}
		err = walk(ctx, prandom_u32_state(&rnd) % NUM);
		KUNIT_ASSERT_LE(test, err, 0);
		KUNIT_ASSERT_LE(test, ctx->chain.nr_readable, VC_MAX_SEGS);
		KUNIT_ASSERT_LE(test, ctx->chain.nr_writable, VC_MAX_SEGS);
		KUNIT_ASSERT_LE(test, ctx->table.fetched, NUM);
		if (err)
			continue;
		good++;
		KUNIT_ASSERT_LE(test, ctx->chain.bytes, U32_MAX);
		for (i = 0; i < NUM; i++)
			KUNIT_ASSERT_LE(test, ctx->table.reads[i], 1);
	}
	KUNIT_EXPECT_GT(test, good, 200);
	KUNIT_EXPECT_LT(test, good, 1990);
}

static struct kunit_case chain_test_cases[] = {
	KUNIT_CASE_PARAM(chain_facts, chain_gen_params),
	KUNIT_CASE(chain_longest),
	KUNIT_CASE(chain_unreadable),
	KUNIT_CASE(chain_random),
	{}
};

static struct kunit_suite chain_suite = {
	.name = "vdpa_crypto_chain",
	.init = chain_init,
	.test_cases = chain_test_cases,
};

kunit_test_suite(chain_suite);
