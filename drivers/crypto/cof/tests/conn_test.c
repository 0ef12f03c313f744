// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: connections, on a transport that keeps what is submitted until the
 * test sends it.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../addr.h"
#include "../conn.h"
#include "../msg.h"
#include "../stream.h"
#include "../transport.h"

#define BUFS	4
#define TX_SIZE	96
#define DATA	11	/* of messages with digests */

struct conn_test {
	struct cof_conn conn;
	unsigned int kicks;
	unsigned int sends;
	struct cof_txbuf *meanwhile;	/* is sent while another one is */
	unsigned int closes;
	unsigned int frees;
	unsigned int resizes;
	int resize_err;
	unsigned int received;
	unsigned int errors;
	int last_error;
	int recv_ret;
	unsigned int ready;
	unsigned int reclaims;
	int mapped;		/* buffers */
	int map_room;
};

static struct conn_test *to_test(struct cof_conn *conn)
{
	return container_of(conn, struct conn_test, conn);
}

/* ---- the transport, and the user -------------------------------------------- */

static int fake_start(struct cof_conn *conn)
{
	return 0;
}

static int fake_resize(struct cof_conn *conn, const struct cof_conn_limits *limits, u8 **rx_buf)
{
	to_test(conn)->resizes++;
	return to_test(conn)->resize_err;
}

static void fake_kick(struct cof_conn *conn)
{
	to_test(conn)->kicks++;
}

/* Sends what is there, then somebody else comes. */
static void fake_send(struct cof_conn *conn)
{
	struct conn_test *t = to_test(conn);
	struct cof_txbuf *buf;

	lockdep_assert_held(&conn->tx_mutex);
	t->sends++;
	while ((buf = cof_conn_next_tx(conn)))
		cof_conn_put_tx(conn, buf);
	if (t->meanwhile)
		cof_conn_send(conn, t->meanwhile, 32);
	t->meanwhile = NULL;
}

static void fake_close(struct cof_conn *conn)
{
	to_test(conn)->closes++;
}

static void fake_free(struct cof_conn *conn)
{
	cof_conn_exit(conn);
	to_test(conn)->frees++;
}

static struct cof_transport fake_transport = {
	.name	= "fake",
	.start	= fake_start,
	.resize	= fake_resize,
	.kick	= fake_kick,
	.send	= fake_send,
	.close	= fake_close,
	.free	= fake_free,
};

static void device_send(struct cof_conn *conn)
{
	to_test(conn)->sends++;
}

static void device_reclaim(struct cof_conn *conn)
{
	to_test(conn)->reclaims++;
}

static int device_map(struct cof_conn *conn, struct cof_txbuf *buf)
{
	struct conn_test *t = to_test(conn);

	if (t->mapped == t->map_room)
		return -ENODEV;
	t->mapped++;
	return 0;
}

static void device_unmap(struct cof_conn *conn, struct cof_txbuf *buf)
{
	lockdep_assert_held(&conn->tx_lock);
	to_test(conn)->mapped--;
}

static int device_resize(struct cof_conn *conn, const struct cof_conn_limits *limits, u8 **rx_buf)
{
	return cof_conn_swap_rx(conn, rx_buf, limits->rx_max);
}

/* One with a device, which anybody may send with. */
static struct cof_transport device_transport = {
	.name		= "device",
	.start		= fake_start,
	.resize		= device_resize,
	.kick		= fake_kick,
	.send		= device_send,
	.sends_anywhere	= true,
	.reclaim	= device_reclaim,
	.map_tx		= device_map,
	.unmap_tx	= device_unmap,
	.close		= fake_close,
	.free		= fake_free,
};

static int user_recv(struct cof_conn *conn, const struct cof_hdr *msg, u32 len)
{
	to_test(conn)->received++;
	return to_test(conn)->recv_ret;
}

static void user_error(struct cof_conn *conn, int err)
{
	to_test(conn)->errors++;
	to_test(conn)->last_error = err;
}

static void user_ready(struct cof_conn *conn)
{
	to_test(conn)->ready++;
}

static const struct cof_conn_ops user_ops = {
	.recv		= user_recv,
	.error		= user_error,
	.tx_ready	= user_ready,
};

static int conn_init(struct kunit *test)
{
	const struct cof_conn_limits limits = {
		.rx_max = 208, .tx_bufs = BUFS, .tx_size = TX_SIZE,
	};
	struct conn_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct sockaddr_storage peer;

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_EQ(test, 0, cof_addr_parse(&peer, "127.0.0.1", "4430"));
	KUNIT_ASSERT_EQ(test, 0, cof_conn_init(&t->conn, &fake_transport, &limits, &peer));
	KUNIT_ASSERT_EQ(test, 0, cof_conn_start(&t->conn, &user_ops, NULL));
	test->priv = t;
	return 0;
}

static void conn_exit(struct kunit *test)
{
	struct conn_test *t = test->priv;

	if (!t)
		return;
	cof_conn_close(&t->conn);
	cof_conn_put(&t->conn);
	KUNIT_EXPECT_EQ(test, 1, t->closes);
	KUNIT_EXPECT_EQ(test, 1, t->frees);
	KUNIT_EXPECT_EQ(test, 0, t->conn.tx_unsent);
}

static unsigned int free_bufs(struct conn_test *t)
{
	return list_count_nodes(&t->conn.tx_free);
}

/* ---- facts -------------------------------------------------------------------- */

static void buffers_are_wiped_and_come_back(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *buf[BUFS];
	unsigned int i;

	for (i = 0; i < BUFS; i++) {
		buf[i] = cof_conn_get_tx(&t->conn);
		KUNIT_ASSERT_NOT_NULL(test, buf[i]);
		memset(buf[i]->data, 0x5a, buf[i]->size);
	}
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->conn));
	KUNIT_EXPECT_EQ(test, 0, t->ready);
	for (i = 0; i < BUFS; i++)
		cof_conn_put_tx(&t->conn, buf[i]);
	KUNIT_EXPECT_EQ(test, 1, t->ready);	/* told once */
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));
	for (i = 0; i < BUFS; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(buf[i]->data, 0, buf[i]->size));
	KUNIT_EXPECT_EQ(test, 0, t->kicks);
}

static void large_buffers_are_a_pool_of_their_own(struct kunit *test)
{
	struct cof_conn_limits limits = {
		.rx_max = 208, .tx_bufs = BUFS, .tx_size = TX_SIZE,
		.tx_large_bufs = 2, .tx_large_size = 4 * TX_SIZE,
	};
	struct conn_test *t = test->priv;
	struct cof_txbuf *large[2], *buf;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, cof_conn_get_tx_large(&t->conn));
	KUNIT_ASSERT_EQ(test, 0, cof_conn_resize(&t->conn, &limits));
	for (i = 0; i < 2; i++) {
		large[i] = cof_conn_get_tx_large(&t->conn);
		KUNIT_ASSERT_NOT_NULL(test, large[i]);
		KUNIT_EXPECT_EQ(test, 4 * TX_SIZE, large[i]->size);
		memset(large[i]->data, 0x5a, 3 * TX_SIZE);
	}
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx_large(&t->conn));
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));

	/* They go the same way, wiped, back to where they came from; nobody waits for them. */
	cof_conn_submit(&t->conn, large[0], 3 * TX_SIZE);
	KUNIT_ASSERT_PTR_EQ(test, large[0], cof_conn_next_tx(&t->conn));
	cof_conn_put_tx(&t->conn, large[0]);
	KUNIT_EXPECT_NULL(test, memchr_inv(large[0]->data, 0, large[0]->size));
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));
	KUNIT_EXPECT_EQ(test, 0, t->ready);
	buf = cof_conn_get_tx_large(&t->conn);
	KUNIT_ASSERT_PTR_EQ(test, large[0], buf);
	cof_conn_put_tx(&t->conn, buf);

	/* Of other limits than those in force: freed. */
	limits.tx_large_bufs = 0;
	limits.tx_large_size = 0;
	KUNIT_EXPECT_EQ(test, 0, cof_conn_resize(&t->conn, &limits));
	cof_conn_put_tx(&t->conn, large[1]);
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx_large(&t->conn));
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));
}

static void messages_leave_in_order(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *buf[BUFS];
	unsigned int i;

	for (i = 0; i < BUFS; i++)
		buf[i] = cof_conn_get_tx(&t->conn);
	for (i = 0; i < BUFS; i++)
		cof_conn_submit(&t->conn, buf[BUFS - 1 - i], 32 + i);
	KUNIT_EXPECT_EQ(test, BUFS, t->kicks);
	KUNIT_EXPECT_FALSE(test, cof_conn_tx_idle(&t->conn));
	for (i = 0; i < BUFS; i++) {
		struct cof_txbuf *next = cof_conn_next_tx(&t->conn);

		KUNIT_ASSERT_PTR_EQ(test, buf[BUFS - 1 - i], next);
		KUNIT_EXPECT_EQ(test, 32 + i, next->len);
		/* The transport's until it says so. */
		KUNIT_EXPECT_FALSE(test, cof_conn_tx_idle(&t->conn));
		cof_conn_put_tx(&t->conn, next);
	}
	KUNIT_EXPECT_NULL(test, cof_conn_next_tx(&t->conn));
	KUNIT_EXPECT_TRUE(test, cof_conn_tx_idle(&t->conn));
}

/* As a transport takes them: @max at a time, which come back together. */
static void several_leave_at_once(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *buf[BUFS], *next;
	LIST_HEAD(sending);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, 0, cof_conn_take_tx(&t->conn, &sending, BUFS));
	for (i = 0; i < BUFS; i++) {
		buf[i] = cof_conn_get_tx(&t->conn);
		memset(buf[i]->data, 0x5a, 32 + i);
		cof_conn_submit(&t->conn, buf[i], 32 + i);
	}
	KUNIT_EXPECT_EQ(test, 0, cof_conn_take_tx(&t->conn, &sending, 0));
	KUNIT_EXPECT_EQ(test, 1, cof_conn_take_tx(&t->conn, &sending, 1));
	KUNIT_EXPECT_EQ(test, BUFS - 2, cof_conn_take_tx(&t->conn, &sending, BUFS - 2));
	KUNIT_EXPECT_EQ(test, BUFS - 1, list_count_nodes(&sending));
	i = 0;
	list_for_each_entry(next, &sending, list)
		KUNIT_EXPECT_PTR_EQ(test, buf[i++], next);
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->conn));	/* told of those that come */
	KUNIT_EXPECT_FALSE(test, cof_conn_put_tx_list(&t->conn, &sending));
	KUNIT_EXPECT_TRUE(test, list_empty(&sending));
	KUNIT_EXPECT_EQ(test, 1, t->ready);
	KUNIT_EXPECT_EQ(test, BUFS - 1, free_bufs(t));
	KUNIT_EXPECT_EQ(test, 1, cof_conn_take_tx(&t->conn, &sending, BUFS));
	KUNIT_EXPECT_TRUE(test, cof_conn_put_tx_list(&t->conn, &sending));
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));
	for (i = 0; i < BUFS; i++)
		KUNIT_EXPECT_NULL(test, memchr_inv(buf[i]->data, 0, buf[i]->size));
	KUNIT_EXPECT_EQ(test, 1, t->ready);
}

static struct cof_txbuf *conn_buf(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *buf = cof_conn_get_tx(&t->conn);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return buf;
}

/* The receive context sends the answers: nobody else needs to be told of them. */
static void what_is_held_is_not_kicked_for(struct kunit *test)
{
	struct conn_test *t = test->priv;
	LIST_HEAD(list);

	cof_conn_hold_tx(&t->conn);
	KUNIT_EXPECT_FALSE(test, cof_conn_release_tx(&t->conn));

	cof_conn_hold_tx(&t->conn);
	cof_conn_submit(&t->conn, conn_buf(test), 32);
	cof_conn_submit(&t->conn, conn_buf(test), 32);
	KUNIT_EXPECT_EQ(test, 0, t->kicks);
	KUNIT_EXPECT_TRUE(test, cof_conn_release_tx(&t->conn));
	KUNIT_EXPECT_EQ(test, 2, cof_conn_take_tx(&t->conn, &list, 3));
	KUNIT_EXPECT_TRUE(test, cof_conn_put_tx_list(&t->conn, &list));

	cof_conn_submit(&t->conn, conn_buf(test), 32);
	KUNIT_EXPECT_EQ(test, 1, t->kicks);
	/* what was there before is found as well */
	cof_conn_hold_tx(&t->conn);
	KUNIT_EXPECT_TRUE(test, cof_conn_release_tx(&t->conn));
}

static void who_may_sleep_sends_what_is_alone(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *first;

	cof_conn_send(&t->conn, conn_buf(test), 32);
	KUNIT_EXPECT_EQ(test, 1, t->sends);
	KUNIT_EXPECT_EQ(test, 0, t->kicks);
	KUNIT_EXPECT_TRUE(test, cof_conn_tx_idle(&t->conn));

	/* Behind another one it waits for the worker. */
	first = conn_buf(test);
	cof_conn_submit(&t->conn, first, 32);
	cof_conn_send(&t->conn, conn_buf(test), 32);
	KUNIT_EXPECT_EQ(test, 1, t->sends);
	KUNIT_EXPECT_EQ(test, 2, t->kicks);
	KUNIT_ASSERT_PTR_EQ(test, first, cof_conn_next_tx(&t->conn));
	cof_conn_put_tx(&t->conn, first);
	cof_conn_put_tx(&t->conn, cof_conn_next_tx(&t->conn));
}

/* Nobody else looks at the queue then but the worker. */
static void who_finds_a_sender_kicks_the_worker(struct kunit *test)
{
	struct conn_test *t = test->priv;

	t->meanwhile = conn_buf(test);
	cof_conn_send(&t->conn, conn_buf(test), 32);
	KUNIT_EXPECT_EQ(test, 1, t->sends);
	KUNIT_EXPECT_EQ(test, 1, t->kicks);
	KUNIT_EXPECT_FALSE(test, cof_conn_tx_idle(&t->conn));
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&t->conn.tx_mutex));
	cof_conn_put_tx(&t->conn, cof_conn_next_tx(&t->conn));
}

static void a_closed_connection_takes_nothing(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *mine = cof_conn_get_tx(&t->conn);
	struct cof_txbuf *queued = cof_conn_get_tx(&t->conn);

	KUNIT_ASSERT_NOT_NULL(test, mine);
	KUNIT_ASSERT_NOT_NULL(test, queued);
	cof_conn_submit(&t->conn, queued, 32);
	cof_conn_close(&t->conn);
	KUNIT_EXPECT_EQ(test, 1, t->closes);
	KUNIT_EXPECT_TRUE(test, cof_conn_tx_idle(&t->conn));	/* given up */
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->conn));

	memset(mine->data, 0x5a, mine->size);
	t->kicks = 0;
	cof_conn_submit(&t->conn, mine, 32);
	KUNIT_EXPECT_EQ(test, 0, t->kicks);
	KUNIT_EXPECT_NULL(test, cof_conn_next_tx(&t->conn));
	KUNIT_EXPECT_NULL(test, memchr_inv(mine->data, 0, mine->size));
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));

	cof_conn_error(&t->conn, -ECONNRESET);
	KUNIT_EXPECT_EQ(test, 0, t->errors);
	cof_conn_close(&t->conn);
	KUNIT_EXPECT_EQ(test, 1, t->closes);
}

static void an_error_is_told_once(struct kunit *test)
{
	struct conn_test *t = test->priv;

	cof_conn_error(&t->conn, -ECONNRESET);
	cof_conn_error(&t->conn, -ETIMEDOUT);
	cof_conn_error(&t->conn, -EPROTO);
	KUNIT_EXPECT_EQ(test, 1, t->errors);
	KUNIT_EXPECT_EQ(test, -ECONNRESET, t->last_error);
}

static void who_sent_garbage_is_still_heard_to_go(struct kunit *test)
{
	struct conn_test *t = test->priv;

	cof_conn_error(&t->conn, -EPROTO);
	cof_conn_error(&t->conn, -EPROTO);
	KUNIT_EXPECT_EQ(test, 1, t->errors);
	cof_conn_error(&t->conn, -ECONNRESET);
	cof_conn_error(&t->conn, -ECONNRESET);
	KUNIT_EXPECT_EQ(test, 2, t->errors);
	KUNIT_EXPECT_EQ(test, -ECONNRESET, t->last_error);
}

static void who_wants_no_more_hears_no_more(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_hdr msg;
	struct cof_txbuf *buf;

	cof_request_init(&msg, COF_KEEP_ALIVE, 32, 0, 1);
	cof_conn_deliver(&t->conn, &msg, 32);
	t->recv_ret = -EPROTO;
	cof_conn_deliver(&t->conn, &msg, 32);
	cof_conn_deliver(&t->conn, &msg, 32);
	KUNIT_EXPECT_EQ(test, 2, t->received);
	/* ... but may still say why, and hears of the end. */
	buf = cof_conn_get_tx(&t->conn);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	cof_conn_submit(&t->conn, buf, 32);
	KUNIT_EXPECT_EQ(test, 1, t->kicks);
	cof_conn_error(&t->conn, -ECONNRESET);
	KUNIT_EXPECT_EQ(test, 1, t->errors);
}

struct digest_msg {
	struct cof_key_close_req req;
	u8 data[DATA];
};

/* Submits a message as it would be without digests; returns it as it goes out. */
static struct cof_txbuf *digest_submit(struct kunit *test, u16 opcode, u16 flags)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *buf = cof_conn_get_tx(&t->conn);
	struct digest_msg *msg;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	msg = (struct digest_msg *)buf->data;
	cof_hdr_init(&msg->req.hdr, opcode, flags, COF_S_OK, sizeof(msg->req), DATA, 7);
	msg->req.handle = cpu_to_le64(0x1234);
	memcpy(msg->data, "hello world", DATA);
	cof_conn_submit(&t->conn, buf, sizeof(msg->req) + DATA);
	KUNIT_ASSERT_PTR_EQ(test, buf, cof_conn_next_tx(&t->conn));
	return buf;
}

static void digest_expect(struct kunit *test, struct cof_txbuf *buf, bool hdr, bool data)
{
	struct conn_test *t = test->priv;
	const struct cof_hdr *msg = (const struct cof_hdr *)buf->data;

	KUNIT_EXPECT_EQ(test, hdr, !!msg->hdr_crc);
	/* CRC32C of "hello world", as everybody has it. */
	KUNIT_EXPECT_EQ(test, data ? 0xc99465aaU : 0U,
			le32_to_cpu(msg->data_crc));
	cof_conn_put_tx(&t->conn, buf);
}

static void digests_are_put_in_and_taken_out(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct cof_txbuf *buf;
	struct digest_msg msg, sent;
	unsigned int digests, bit;

	for (digests = 1; digests <= COF_DIGESTS; digests++) {
		cof_conn_digests_agreed(&t->conn, digests);
		t->received = 0;
		buf = digest_submit(test, COF_KEY_CLOSE, 0);
		memcpy(&sent, buf->data, sizeof(sent));
		digest_expect(test, buf, digests & COF_DIGEST_HDR, digests & COF_DIGEST_DATA);
		msg = sent;
		cof_conn_deliver(&t->conn, &msg, sizeof(sent.req) + DATA);
		KUNIT_EXPECT_EQ(test, 1, t->received);
		KUNIT_EXPECT_EQ(test, 0U, le32_to_cpu(msg.req.hdr.hdr_crc));
		KUNIT_EXPECT_EQ(test, 0U, le32_to_cpu(msg.req.hdr.data_crc));
	}
	/* Both: any bit (but those of the length, which the transport looks at). */
	for (bit = 0; bit < (sizeof(sent.req) + DATA) * 8; bit++) {
		if (bit / 8 >= 8 && bit / 8 < 14)
			continue;
		msg = sent;
		((u8 *)&msg)[bit / 8] ^= 1 << bit % 8;
		t->errors = 0;
		t->received = 0;
		t->conn.state = 0;
		cof_conn_deliver(&t->conn, &msg, sizeof(sent.req) + DATA);
		KUNIT_EXPECT_EQ_MSG(test, 0, t->received, "bit %u", bit);
		KUNIT_EXPECT_EQ(test, 1, t->errors);
		KUNIT_EXPECT_EQ(test, -EILSEQ, t->last_error);
		/* No further message, but the end is told. */
		msg = sent;
		cof_conn_deliver(&t->conn, &msg, sizeof(sent.req) + DATA);
		KUNIT_EXPECT_EQ(test, 0, t->received);
	}
	cof_conn_error(&t->conn, -ECONNRESET);
	KUNIT_EXPECT_EQ(test, 2, t->errors);
	t->conn.state = 0;
}

static void digests_begin_after_the_answer_to_connect(struct kunit *test)
{
	struct conn_test *t = test->priv;
	struct digest_msg msg = {};

	cof_conn_digests_granted(&t->conn, COF_DIGESTS);
	digest_expect(test, digest_submit(test, COF_DISCONNECT, 0), false, false);
	digest_expect(test, digest_submit(test, COF_CONNECT, COF_F_RESPONSE), false, false);
	digest_expect(test, digest_submit(test, COF_DISCONNECT, 0), true, true);
	digest_expect(test, digest_submit(test, COF_CONNECT, COF_F_RESPONSE), false, false);
	/* Any message that comes has them already. */
	cof_hdr_init(&msg.req.hdr, COF_KEY_CLOSE, 0, 0, sizeof(msg.req), 0, 7);
	cof_conn_deliver(&t->conn, &msg, sizeof(msg.req));
	KUNIT_EXPECT_EQ(test, 0, t->received);
	KUNIT_EXPECT_EQ(test, -EILSEQ, t->last_error);
}

static void resizing_changes_buffers_but_those_under_way(struct kunit *test)
{
	const struct cof_conn_limits limits = { .rx_max = 8192, .tx_bufs = 7, .tx_size = 192 };
	struct conn_test *t = test->priv;
	struct cof_txbuf *old = cof_conn_get_tx(&t->conn);
	struct cof_txbuf *buf;

	KUNIT_ASSERT_NOT_NULL(test, old);
	cof_conn_submit(&t->conn, old, 32);
	KUNIT_EXPECT_EQ(test, 0, cof_conn_resize(&t->conn, &limits));
	KUNIT_EXPECT_EQ(test, 7, free_bufs(t));
	KUNIT_EXPECT_EQ(test, 8192, t->conn.limits.rx_max);
	buf = cof_conn_get_tx(&t->conn);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, 192, buf->size);
	cof_conn_put_tx(&t->conn, buf);

	KUNIT_ASSERT_PTR_EQ(test, old, cof_conn_next_tx(&t->conn));
	KUNIT_EXPECT_EQ(test, TX_SIZE, old->size);
	cof_conn_put_tx(&t->conn, old);		/* freed: it is of the old size */
	KUNIT_EXPECT_EQ(test, 7, free_bufs(t));
	KUNIT_EXPECT_TRUE(test, cof_conn_tx_idle(&t->conn));
}

static void resizing_that_fails_changes_nothing(struct kunit *test)
{
	const struct cof_conn_limits limits = { .rx_max = 8192, .tx_bufs = 7, .tx_size = 192 };
	struct conn_test *t = test->priv;

	t->resize_err = -EPROTO;
	KUNIT_EXPECT_EQ(test, -EPROTO, cof_conn_resize(&t->conn, &limits));
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));
	KUNIT_EXPECT_EQ(test, 208, t->conn.limits.rx_max);
	KUNIT_EXPECT_EQ(test, TX_SIZE, t->conn.limits.tx_size);
}

/* The peer may go while its CONNECT is worked on. */
static void a_closed_connection_is_not_started_or_resized(struct kunit *test)
{
	const struct cof_conn_limits limits = { .rx_max = 8192, .tx_bufs = 7, .tx_size = 192 };
	struct conn_test *t = test->priv;

	cof_conn_close(&t->conn);
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, cof_conn_resize(&t->conn, &limits));
	KUNIT_EXPECT_EQ(test, 0, t->resizes);
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(t));
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, cof_conn_start(&t->conn, &user_ops, NULL));
}

/* ---- a transport with a device ------------------------------------------------ */

static const struct cof_conn_limits device_limits = {
	.rx_max = 208, .tx_bufs = BUFS, .tx_size = TX_SIZE,
	.tx_large_bufs = 1, .tx_large_size = 4 * TX_SIZE,
};

static struct conn_test *device_conn(struct kunit *test, int map_room, int err)
{
	struct conn_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct sockaddr_storage peer;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->map_room = map_room;
	KUNIT_ASSERT_EQ(test, 0, cof_addr_parse(&peer, "192.0.2.1", "4430"));
	KUNIT_ASSERT_EQ(test, err, cof_conn_init(&t->conn, &device_transport, &device_limits,
						 &peer));
	if (!err)
		KUNIT_ASSERT_EQ(test, 0, cof_conn_start(&t->conn, &user_ops, NULL));
	return t;
}

static void each_buffer_is_mapped_once(struct kunit *test)
{
	struct conn_test *t = device_conn(test, 2 * BUFS + 1, 0);
	struct cof_conn_limits other = device_limits;
	struct cof_txbuf *kept = cof_conn_get_tx(&t->conn);

	KUNIT_EXPECT_EQ(test, BUFS + 1, t->mapped);
	/* There is no room for as many again: nothing is left of the try. */
	KUNIT_EXPECT_EQ(test, -ENODEV, cof_conn_resize(&t->conn, &device_limits));
	KUNIT_EXPECT_EQ(test, BUFS + 1, t->mapped);
	/* Those of before go, but the one that somebody has; then that, too. */
	other.tx_size = 2 * TX_SIZE;
	other.tx_large_bufs = 0;
	KUNIT_EXPECT_EQ(test, 0, cof_conn_resize(&t->conn, &other));
	KUNIT_EXPECT_EQ(test, BUFS + 1, t->mapped);
	cof_conn_put_tx(&t->conn, kept);
	KUNIT_EXPECT_EQ(test, BUFS, t->mapped);

	/* The device goes before the connection; one buffer is with the user. */
	kept = cof_conn_get_tx(&t->conn);
	cof_conn_unmap_tx(&t->conn);
	KUNIT_EXPECT_EQ(test, 0, t->mapped);
	cof_conn_close(&t->conn);
	cof_conn_put_tx(&t->conn, kept);
	cof_conn_exit(&t->conn);
	KUNIT_EXPECT_EQ(test, 0, t->mapped);
}

static void a_connection_without_a_device_is_none(struct kunit *test)
{
	struct conn_test *t = device_conn(test, BUFS, -ENODEV);

	KUNIT_EXPECT_EQ(test, 0, t->mapped);
}

static void anybody_sends_and_asks_for_buffers(struct kunit *test)
{
	struct conn_test *t = device_conn(test, BUFS + 1, 0);
	struct cof_txbuf *buf[BUFS];
	LIST_HEAD(list);
	unsigned int i;

	for (i = 0; i < BUFS; i++)
		buf[i] = cof_conn_get_tx(&t->conn);
	KUNIT_EXPECT_EQ(test, 0, t->reclaims);
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->conn));
	KUNIT_EXPECT_EQ(test, 1, t->reclaims);
	cof_conn_submit(&t->conn, buf[0], 32);
	cof_conn_send(&t->conn, buf[1], 32);
	KUNIT_EXPECT_EQ(test, 2, t->sends);
	/* Their holder sends them. */
	cof_conn_hold_tx(&t->conn);
	cof_conn_submit(&t->conn, buf[2], 32);
	KUNIT_EXPECT_EQ(test, 2, t->sends);
	KUNIT_EXPECT_TRUE(test, cof_conn_release_tx(&t->conn));
	cof_conn_submit(&t->conn, buf[3], 32);
	KUNIT_EXPECT_EQ(test, 3, t->sends);
	KUNIT_EXPECT_EQ(test, 0, t->kicks);
	KUNIT_EXPECT_EQ(test, BUFS, cof_conn_take_tx(&t->conn, &list, BUFS + 1));
	KUNIT_EXPECT_TRUE(test, cof_conn_put_tx_list(&t->conn, &list));
	KUNIT_EXPECT_EQ(test, 1, t->ready);
	cof_conn_close(&t->conn);
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->conn));
	KUNIT_EXPECT_EQ(test, 1, t->reclaims);
	cof_conn_exit(&t->conn);
	KUNIT_EXPECT_EQ(test, 0, t->mapped);
}

static void a_message_that_arrives_stays_where_it_is(struct kunit *test)
{
	struct conn_test *t = device_conn(test, 4 * BUFS, 0);
	struct cof_conn_limits other = device_limits;
	u32 len;

	other.rx_max = 416;
	cof_stream_room(&t->conn.rx, &len);
	len = 1;
	KUNIT_EXPECT_EQ(test, 0, cof_stream_advance(&t->conn.rx, &len));
	KUNIT_EXPECT_EQ(test, -EPROTO, cof_conn_resize(&t->conn, &other));
	KUNIT_EXPECT_EQ(test, 208, t->conn.rx.size);
	cof_stream_next(&t->conn.rx);
	KUNIT_EXPECT_EQ(test, 0, cof_conn_resize(&t->conn, &other));
	KUNIT_EXPECT_EQ(test, 416, t->conn.rx.size);
	cof_conn_close(&t->conn);
	cof_conn_exit(&t->conn);
	KUNIT_EXPECT_EQ(test, 0, t->mapped);
}

static void limits_are_checked(struct kunit *test)
{
	static const struct cof_conn_limits bad[] = {
		{ 31, 1, 32 }, { 65537, 1, 32 }, { 32, 0, 32 }, { 32, 1, 31 }, { 32, 1, 65537 },
		{ 32, 1, 32, 1, 31 }, { 32, 1, 32, 1, 65537 },
	};
	struct sockaddr_storage addr = {};
	struct cof_connect_args connect = { .transport = "no-such", .addr = &addr };
	struct cof_listen_args listen = { .transport = "no-such", .addr = &addr };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		connect.limits = bad[i];
		listen.limits = bad[i];
		KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(cof_conn_connect(&connect)));
		KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(cof_listen(&listen)));
	}
}

static void a_transport_is_registered_once(struct kunit *test)
{
	struct cof_transport other = fake_transport;
	int err;

	KUNIT_ASSERT_EQ(test, 0, cof_transport_register(&fake_transport));
	err = cof_transport_register(&other);
	KUNIT_EXPECT_EQ(test, -EEXIST, err);
	if (!err)
		cof_transport_unregister(&other);
	KUNIT_EXPECT_TRUE(test, cof_transport_known("fake"));
	cof_transport_unregister(&fake_transport);
	KUNIT_EXPECT_EQ(test, 0, cof_transport_register(&other));
	cof_transport_unregister(&other);
}

static struct kunit_case conn_cases[] = {
	KUNIT_CASE(buffers_are_wiped_and_come_back),
	KUNIT_CASE(large_buffers_are_a_pool_of_their_own),
	KUNIT_CASE(messages_leave_in_order),
	KUNIT_CASE(several_leave_at_once),
	KUNIT_CASE(what_is_held_is_not_kicked_for),
	KUNIT_CASE(who_may_sleep_sends_what_is_alone),
	KUNIT_CASE(who_finds_a_sender_kicks_the_worker),
	KUNIT_CASE(a_closed_connection_takes_nothing),
	KUNIT_CASE(an_error_is_told_once),
	KUNIT_CASE(who_sent_garbage_is_still_heard_to_go),
	KUNIT_CASE(who_wants_no_more_hears_no_more),
	KUNIT_CASE(digests_are_put_in_and_taken_out),
	KUNIT_CASE(digests_begin_after_the_answer_to_connect),
	KUNIT_CASE(resizing_changes_buffers_but_those_under_way),
	KUNIT_CASE(resizing_that_fails_changes_nothing),
	KUNIT_CASE(a_closed_connection_is_not_started_or_resized),
	KUNIT_CASE(each_buffer_is_mapped_once),
	KUNIT_CASE(a_connection_without_a_device_is_none),
	KUNIT_CASE(anybody_sends_and_asks_for_buffers),
	KUNIT_CASE(a_message_that_arrives_stays_where_it_is),
	KUNIT_CASE(limits_are_checked),
	KUNIT_CASE(a_transport_is_registered_once),
	{}
};

static struct kunit_suite conn_suite = {
	.name = "cof_conn",
	.init = conn_init,
	.exit = conn_exit,
	.test_cases = conn_cases,
};

kunit_test_suite(conn_suite);
