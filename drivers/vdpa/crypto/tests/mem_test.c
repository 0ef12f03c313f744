// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of mem.c: the driver's memory is what is mapped, and nothing beside it.
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rwsem.h>
#include <linux/string.h>
#include <linux/vhost_iotlb.h>

#include "../dev.h"
#include "../ring/mem.h"

/* Three pages of driver's addresses, whose order in memory is another; then a hole. */
#define BASE	0x7000000000ULL
#define PAGES	3

struct mem {
	struct vc_dev *vc;
	u8 *pages[PAGES];	/* by the driver's address */
	unsigned long all;
};

static u8 *at(struct mem *m, size_t offset)
{
	return m->pages[offset >> PAGE_SHIFT] + (offset & ~PAGE_MASK);
}

static int map(struct mem *m, u64 addr, void *to, size_t len, unsigned int perm)
{
	return vhost_iotlb_add_range(&m->vc->iotlb, addr, addr + len - 1, virt_to_phys(to), perm);
}

static int mem_test_init(struct kunit *test)
{
	struct mem *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	int i;

	if (!m)
		return -ENOMEM;
	test->priv = m;
	m->vc = kunit_kzalloc(test, struct_size(m->vc, queues, 1), GFP_KERNEL);
	/* Four pages: the last one is nobody's, and must stay as it is. */
	m->all = __get_free_pages(GFP_KERNEL | __GFP_ZERO, 2);
	if (!m->vc || !m->all)
		return -ENOMEM;
	init_rwsem(&m->vc->map_sem);
	vhost_iotlb_init(&m->vc->iotlb, UINT_MAX, 0);
	for (i = 0; i < PAGES; i++)
		m->pages[i] = (u8 *)m->all + (PAGES - 1 - i) * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, 0, map(m, BASE, m->pages[0], PAGE_SIZE, VHOST_MAP_RW));
	KUNIT_ASSERT_EQ(test, 0, map(m, BASE + PAGE_SIZE, m->pages[1], PAGE_SIZE, VHOST_MAP_RO));
	KUNIT_ASSERT_EQ(test, 0, map(m, BASE + 2 * PAGE_SIZE, m->pages[2], PAGE_SIZE,
				     VHOST_MAP_WO));
	return 0;
}

static void mem_test_exit(struct kunit *test)
{
	struct mem *m = test->priv;

	if (!m)
		return;
	if (m->vc && m->all) {
		KUNIT_EXPECT_NULL(test, memchr_inv((u8 *)m->all + PAGES * PAGE_SIZE, 0, PAGE_SIZE));
		vhost_iotlb_reset(&m->vc->iotlb);
	}
	free_pages(m->all, 2);
}

static void copies_cross_pages(struct kunit *test)
{
	struct mem *m = test->priv;
	u8 buf[64];
	int i;

	guard(rwsem_read)(&m->vc->map_sem);
	for (i = 0; i < sizeof(buf); i++)
		*at(m, PAGE_SIZE - 20 + i) = i;
	KUNIT_EXPECT_EQ(test, 0, vc_mem_read(m->vc, BASE + PAGE_SIZE - 20, buf, sizeof(buf)));
	for (i = 0; i < sizeof(buf); i++)
		KUNIT_EXPECT_EQ(test, i, buf[i]);

	/* The second page is not for writing: the first one has been written then. */
	memset(buf, 0xaa, sizeof(buf));
	KUNIT_EXPECT_EQ(test, -EPERM, vc_mem_write(m->vc, BASE + PAGE_SIZE - 20, buf, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, 0xaa, *at(m, PAGE_SIZE - 1));
	KUNIT_EXPECT_EQ(test, 20, *at(m, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, vc_mem_write(m->vc, BASE, buf, 1));
	KUNIT_EXPECT_EQ(test, 0xaa, *at(m, 0));
	KUNIT_EXPECT_EQ(test, 0, *at(m, 1));
	KUNIT_EXPECT_EQ(test, 0, vc_mem_write(m->vc, BASE + 5, buf, 0));
}

static void rights(struct kunit *test)
{
	struct mem *m = test->priv;
	u16 value;
	u8 byte = 1;

	guard(rwsem_read)(&m->vc->map_sem);
	KUNIT_EXPECT_EQ(test, -EPERM, vc_mem_read(m->vc, BASE + 2 * PAGE_SIZE, &byte, 1));
	KUNIT_EXPECT_EQ(test, 0, vc_mem_write(m->vc, BASE + 2 * PAGE_SIZE, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EPERM, vc_mem_write(m->vc, BASE + PAGE_SIZE, &byte, 1));
	KUNIT_EXPECT_EQ(test, -EPERM, vc_mem_write16(m->vc, BASE + PAGE_SIZE, 1));
	KUNIT_EXPECT_EQ(test, -EPERM, vc_mem_read16(m->vc, BASE + 2 * PAGE_SIZE, &value));
	KUNIT_EXPECT_EQ(test, 0, vc_mem_write16(m->vc, BASE + 2 * PAGE_SIZE + 2, 0x1234));
	KUNIT_EXPECT_EQ(test, 0x34, *at(m, 2 * PAGE_SIZE + 2));
	KUNIT_EXPECT_EQ(test, 0x12, *at(m, 2 * PAGE_SIZE + 3));
	*at(m, PAGE_SIZE + 6) = 0x78;
	*at(m, PAGE_SIZE + 7) = 0x56;
	KUNIT_EXPECT_EQ(test, 0, vc_mem_read16(m->vc, BASE + PAGE_SIZE + 6, &value));
	KUNIT_EXPECT_EQ(test, 0x5678, value);
}

static void ends(struct kunit *test)
{
	struct mem *m = test->priv;
	u64 end = BASE + PAGES * PAGE_SIZE;
	u8 buf[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	u16 value;

	guard(rwsem_read)(&m->vc->map_sem);
	KUNIT_EXPECT_EQ(test, 0, vc_mem_write(m->vc, end - 8, buf, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_write(m->vc, end - 7, buf, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_write(m->vc, end, buf, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_read(m->vc, BASE - 1, buf, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_read(m->vc, BASE - 1, buf, 2));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_read(m->vc, U64_MAX, buf, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_read(m->vc, U64_MAX, buf, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_read(m->vc, 0, buf, 8));
	/* It is aligned where anybody calls this; if it were not, half of it would be elsewhere. */
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_read16(m->vc, BASE + PAGE_SIZE - 1, &value));
	KUNIT_EXPECT_EQ(test, -EFAULT, vc_mem_write16(m->vc, end - 1, 1));
}

/* All memory, 1:1, as virtio_vdpa's driver has it: the sizes do not fit into 64 bits. */
static void all_memory(struct kunit *test)
{
	struct mem *m = test->priv;
	u64 pa = virt_to_phys(m->pages[1]);
	u8 buf[4] = { 1, 2, 3, 4 };

	guard(rwsem_read)(&m->vc->map_sem);
	vhost_iotlb_reset(&m->vc->iotlb);
	KUNIT_ASSERT_EQ(test, 0, vhost_iotlb_add_range(&m->vc->iotlb, 0, ULONG_MAX, 0,
						       VHOST_MAP_RW));
	KUNIT_EXPECT_EQ(test, 0, vc_mem_write(m->vc, pa + 100, buf, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, 0, memcmp(at(m, PAGE_SIZE + 100), buf, sizeof(buf)));
	memset(buf, 0, sizeof(buf));
	/* The end of one page, and the beginning of the next in memory, which is pages[0]. */
	*at(m, 2 * PAGE_SIZE - 1) = 9;
	*at(m, 0) = 8;
	KUNIT_EXPECT_EQ(test, 0, vc_mem_read(m->vc, pa + PAGE_SIZE - 1, buf, 2));
	KUNIT_EXPECT_EQ(test, 9, buf[0]);
	KUNIT_EXPECT_EQ(test, 8, buf[1]);
}

static void buffers(struct kunit *test)
{
	struct mem *m = test->priv;
	const struct vc_seg segs[] = {
		{ BASE + 10, 3 }, { BASE + PAGE_SIZE - 2, 4 }, { BASE + 30, 1 },
	};
	struct vc_seg room[2];
	struct vc_iov iov, copy;
	u8 buf[16];
	int i;

	guard(rwsem_read)(&m->vc->map_sem);
	for (i = 0; i < 3; i++)
		*at(m, 10 + i) = i;
	for (i = 0; i < 4; i++)
		*at(m, PAGE_SIZE - 2 + i) = 3 + i;
	*at(m, 30) = 7;

	vc_iov_init(&iov, room, ARRAY_SIZE(room));
	KUNIT_EXPECT_EQ(test, 0UL, vc_iov_len(&iov));
	KUNIT_EXPECT_EQ(test, 0L, vc_iov_pull(m->vc, &iov, buf, 1));
	KUNIT_ASSERT_EQ(test, 0, vc_iov_set(&iov, segs, ARRAY_SIZE(segs)));
	KUNIT_EXPECT_TRUE(test, iov.allocated);
	KUNIT_EXPECT_EQ(test, 8UL, vc_iov_len(&iov));
	KUNIT_EXPECT_EQ(test, 2L, vc_iov_pull(m->vc, &iov, buf, 2));
	KUNIT_EXPECT_EQ(test, 6UL, vc_iov_len(&iov));
	KUNIT_ASSERT_EQ(test, 0, vc_iov_dup(&copy, &iov));
	KUNIT_EXPECT_EQ(test, 6L, vc_iov_pull(m->vc, &iov, buf + 2, 14));
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, i, buf[i]);
	KUNIT_EXPECT_EQ(test, 0UL, vc_iov_len(&iov));
	KUNIT_EXPECT_EQ(test, 0L, vc_iov_pull(m->vc, &iov, buf, 1));
	vc_iov_free(&iov);
	KUNIT_EXPECT_EQ(test, 0UL, vc_iov_len(&iov));

	vc_iov_skip(&copy, 2);
	KUNIT_EXPECT_EQ(test, 4UL, vc_iov_len(&copy));
	KUNIT_EXPECT_EQ(test, 1L, vc_iov_pull(m->vc, &copy, buf, 1));
	KUNIT_EXPECT_EQ(test, 4, buf[0]);
	/* The next byte is in the page that is not for writing. */
	KUNIT_EXPECT_EQ(test, (ssize_t)-EPERM, vc_iov_push(m->vc, &copy, buf, 1));
	vc_iov_skip(&copy, 100);
	KUNIT_EXPECT_EQ(test, 0UL, vc_iov_len(&copy));
	KUNIT_EXPECT_EQ(test, 0L, vc_iov_push(m->vc, &copy, buf, 1));
	vc_iov_free(&copy);

	/* Fewer fit: no memory of its own. */
	vc_iov_init(&iov, room, ARRAY_SIZE(room));
	KUNIT_ASSERT_EQ(test, 0, vc_iov_set(&iov, segs, 1));
	KUNIT_EXPECT_FALSE(test, iov.allocated);
	memset(buf, 0x55, sizeof(buf));
	KUNIT_EXPECT_EQ(test, 3L, vc_iov_push(m->vc, &iov, buf, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, 0x55, *at(m, 12));
	KUNIT_EXPECT_EQ(test, 0, *at(m, 13));
	vc_iov_free(&iov);
}

static struct kunit_case vdpa_crypto_mem_cases[] = {
	KUNIT_CASE(copies_cross_pages),
	KUNIT_CASE(rights),
	KUNIT_CASE(ends),
	KUNIT_CASE(all_memory),
	KUNIT_CASE(buffers),
	{}
};

static struct kunit_suite vdpa_crypto_mem_suite = {
	.name = "vdpa_crypto_mem",
	.init = mem_test_init,
	.exit = mem_test_exit,
	.test_cases = vdpa_crypto_mem_cases,
};

kunit_test_suite(vdpa_crypto_mem_suite);
