// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: fault injection, on a transport that keeps what is submitted. The knobs
 * are the module's; suites run when it is loaded, before anybody has a connection.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../addr.h"
#include "../conn.h"
#include "../fault.h"
#include "../fault_knobs.h"
#include "../msg.h"
#include "../transport.h"

#define BUFS	4
#define TX_SIZE	256
#define LEN	128

struct fault_conn {
	struct cof_conn conn;
	atomic_t kicks;
	atomic_t ready;
	unsigned int sent_at_close;
};

struct fault_test {
	struct fault_conn a;
	struct fault_conn b;
	struct cof_fault_knobs saved[COF_FAULT_NR];
};

static struct fault_conn *to_fault(struct cof_conn *conn)
{
	return container_of(conn, struct fault_conn, conn);
}

/* ---- the transport, and the user -------------------------------------------- */

static int fake_start(struct cof_conn *conn)
{
	return 0;
}

static void fake_kick(struct cof_conn *conn)
{
	atomic_inc(&to_fault(conn)->kicks);
}

static unsigned int queued(struct fault_conn *fc)
{
	unsigned int n;

	spin_lock_bh(&fc->conn.tx_lock);
	n = list_count_nodes(&fc->conn.tx_queue);
	spin_unlock_bh(&fc->conn.tx_lock);
	return n;
}

static unsigned int held(struct fault_conn *fc)
{
	unsigned int n;

	spin_lock_bh(&fc->conn.tx_lock);
	n = list_count_nodes(&fc->conn.fault.held);
	spin_unlock_bh(&fc->conn.tx_lock);
	return n;
}

static unsigned int free_bufs(struct fault_conn *fc)
{
	unsigned int n;

	spin_lock_bh(&fc->conn.tx_lock);
	n = list_count_nodes(&fc->conn.tx_free);
	spin_unlock_bh(&fc->conn.tx_lock);
	return n;
}

static void fake_close(struct cof_conn *conn)
{
	to_fault(conn)->sent_at_close = queued(to_fault(conn));
}

static void fake_free(struct cof_conn *conn)
{
	cof_conn_exit(conn);
}

static struct cof_transport fake_transport = {
	.name	= "fault",
	.start	= fake_start,
	.kick	= fake_kick,
	.close	= fake_close,
	.free	= fake_free,
};

static int user_recv(struct cof_conn *conn, const struct cof_hdr *msg, u32 len)
{
	return 0;
}

static void user_error(struct cof_conn *conn, int err)
{
}

static void user_ready(struct cof_conn *conn)
{
	atomic_inc(&to_fault(conn)->ready);
}

static const struct cof_conn_ops user_ops = {
	.recv		= user_recv,
	.error		= user_error,
	.tx_ready	= user_ready,
};

static void fault_conn_init(struct kunit *test, struct fault_conn *fc)
{
	const struct cof_conn_limits limits = {
		.rx_max = 208, .tx_bufs = BUFS, .tx_size = TX_SIZE,
	};
	struct sockaddr_storage peer;

	KUNIT_ASSERT_EQ(test, 0, cof_addr_parse(&peer, "127.0.0.1", "4430"));
	KUNIT_ASSERT_EQ(test, 0, cof_conn_init(&fc->conn, &fake_transport, &limits, &peer));
	KUNIT_ASSERT_EQ(test, 0, cof_conn_start(&fc->conn, &user_ops, NULL));
}

static int fault_init(struct kunit *test)
{
	struct fault_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	memcpy(t->saved, cof_fault_knobs, sizeof(t->saved));
	for (i = 0; i < COF_FAULT_NR; i++)
		cof_fault_knobs[i] = (struct cof_fault_knobs){ .count = -1 };
	fault_conn_init(test, &t->a);
	fault_conn_init(test, &t->b);
	cof_fault_enable(true);
	return 0;
}

static void fault_exit(struct kunit *test)
{
	struct fault_test *t = test->priv;

	if (!t)
		return;
	cof_fault_enable(false);
	memcpy(cof_fault_knobs, t->saved, sizeof(t->saved));
	cof_conn_close(&t->a.conn);
	KUNIT_EXPECT_EQ(test, 0, t->a.conn.tx_unsent);
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(&t->a));
	cof_conn_put(&t->a.conn);
	cof_conn_close(&t->b.conn);
	KUNIT_EXPECT_EQ(test, 0, t->b.conn.tx_unsent);
	KUNIT_EXPECT_EQ(test, BUFS, free_bufs(&t->b));
	cof_conn_put(&t->b.conn);
}

static void send(struct kunit *test, struct fault_conn *fc, u16 opcode)
{
	struct cof_txbuf *buf = cof_conn_get_tx(&fc->conn);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	cof_request_init((struct cof_hdr *)buf->data, opcode, LEN, 0, 1);
	cof_conn_submit(&fc->conn, buf, LEN);
}

static bool within_ms(unsigned int ms, unsigned int (*get)(struct fault_conn *),
		      struct fault_conn *fc, unsigned int wanted)
{
	unsigned long until = jiffies + msecs_to_jiffies(ms);

	while (get(fc) != wanted) {
		if (time_after(jiffies, until))
			return false;
		usleep_range(1000, 2000);
	}
	return true;
}

/* ---- facts -------------------------------------------------------------------- */

static void nothing_while_off(struct kunit *test)
{
	struct fault_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < COF_FAULT_NR; i++)
		cof_fault_knobs[i].probability = COF_FAULT_SCALE;
	cof_fault_enable(false);
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 1, queued(&t->a));
	KUNIT_EXPECT_EQ(test, 0, held(&t->a));
	for (i = 0; i < COF_FAULT_NR; i++)
		KUNIT_EXPECT_EQ(test, 0, cof_fault_knobs[i].injected);
	KUNIT_EXPECT_FALSE(test, cof_fault_setup(false));
}

static void dropped_buffer_comes_back(struct kunit *test)
{
	struct fault_test *t = test->priv;

	cof_fault_knobs[COF_FAULT_DROP].probability = COF_FAULT_SCALE;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 0, queued(&t->a));
	KUNIT_EXPECT_TRUE(test, within_ms(10000, free_bufs, &t->a, BUFS));
	KUNIT_EXPECT_TRUE(test, cof_conn_tx_idle(&t->a.conn));
	KUNIT_EXPECT_EQ(test, 1, cof_fault_knobs[COF_FAULT_DROP].injected);
}

/* A sender that found no buffer because all were dropped is told. */
static void dropped_buffer_is_announced(struct kunit *test)
{
	struct fault_test *t = test->priv;
	unsigned int i;

	cof_fault_knobs[COF_FAULT_DELAY].probability = COF_FAULT_SCALE;
	cof_fault_knobs[COF_FAULT_DELAY].delay_us = 10000000;
	for (i = 0; i < BUFS - 1; i++)
		send(test, &t->a, COF_SIGN);
	cof_fault_knobs[COF_FAULT_DELAY].probability = 0;
	spin_lock_bh(&t->a.conn.tx_lock);	/* keeps the work away */
	t->a.conn.tx_starved = true;
	spin_unlock_bh(&t->a.conn.tx_lock);
	cof_fault_knobs[COF_FAULT_DROP].probability = COF_FAULT_SCALE;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_TRUE(test, within_ms(10000, free_bufs, &t->a, 1));
	KUNIT_EXPECT_EQ(test, BUFS - 1, held(&t->a));
	flush_delayed_work(&t->a.conn.fault.work);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->a.ready));
}

static void delayed_message_is_passed(struct kunit *test)
{
	struct fault_test *t = test->priv;
	struct cof_txbuf *first;

	cof_fault_knobs[COF_FAULT_DELAY].probability = COF_FAULT_SCALE;
	cof_fault_knobs[COF_FAULT_DELAY].delay_us = 300000;
	cof_fault_knobs[COF_FAULT_DELAY].count = 1;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 0, queued(&t->a));
	KUNIT_EXPECT_EQ(test, 1, held(&t->a));
	send(test, &t->a, COF_VERIFY);	/* count is used up */
	KUNIT_EXPECT_EQ(test, 1, queued(&t->a));
	KUNIT_EXPECT_TRUE(test, within_ms(10000, queued, &t->a, 2));
	KUNIT_EXPECT_EQ(test, 0, held(&t->a));
	first = list_first_entry(&t->a.conn.tx_queue, struct cof_txbuf, list);
	KUNIT_EXPECT_EQ(test, COF_VERIFY, cof_msg_opcode((struct cof_hdr *)first->data));
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&t->a.kicks));
	KUNIT_EXPECT_EQ(test, 1, cof_fault_knobs[COF_FAULT_DELAY].injected);
	KUNIT_EXPECT_EQ(test, 0, cof_fault_knobs[COF_FAULT_DELAY].count);
}

static void close_sends_what_is_held(struct kunit *test)
{
	struct fault_test *t = test->priv;

	cof_fault_knobs[COF_FAULT_DELAY].probability = COF_FAULT_SCALE;
	cof_fault_knobs[COF_FAULT_DELAY].delay_us = 60000000;
	send(test, &t->a, COF_SIGN);
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 2, held(&t->a));
	cof_conn_close(&t->a.conn);
	KUNIT_EXPECT_EQ(test, 2, t->a.sent_at_close);
	KUNIT_EXPECT_EQ(test, 0, held(&t->a));
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&t->a.conn.fault.work));
}

static void corrupt_flips_one_bit(struct kunit *test)
{
	struct fault_test *t = test->priv;
	unsigned int i, bits = 0;
	struct cof_txbuf *buf;
	u8 was[LEN] = {};

	cof_fault_knobs[COF_FAULT_CORRUPT].probability = COF_FAULT_SCALE;
	cof_request_init((struct cof_hdr *)was, COF_SIGN, LEN, 0, 1);
	send(test, &t->a, COF_SIGN);	/* no digests: nobody would notice */
	buf = cof_conn_next_tx(&t->a.conn);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_MEMEQ(test, buf->data, was, LEN);
	cof_conn_put_tx(&t->a.conn, buf);
	KUNIT_EXPECT_EQ(test, 0, cof_fault_knobs[COF_FAULT_CORRUPT].injected);

	t->a.conn.tx_digests = COF_DIGESTS;
	cof_fault_knobs[COF_FAULT_CORRUPT].probability = 0;
	send(test, &t->a, COF_SIGN);	/* with its digests */
	buf = cof_conn_next_tx(&t->a.conn);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	memcpy(was, buf->data, LEN);
	cof_conn_put_tx(&t->a.conn, buf);
	cof_fault_knobs[COF_FAULT_CORRUPT].probability = COF_FAULT_SCALE;
	send(test, &t->a, COF_SIGN);
	buf = cof_conn_next_tx(&t->a.conn);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < LEN; i++)
		bits += hweight8(buf->data[i] ^ was[i]);
	cof_conn_put_tx(&t->a.conn, buf);
	KUNIT_EXPECT_EQ(test, 1, bits);
	KUNIT_EXPECT_EQ(test, 1, cof_fault_knobs[COF_FAULT_CORRUPT].injected);
}

static void truncated_message_is_the_last(struct kunit *test)
{
	struct fault_test *t = test->priv;
	struct cof_txbuf *buf;

	send(test, &t->a, COF_SIGN);
	buf = cof_conn_get_tx(&t->a.conn);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	cof_fault_knobs[COF_FAULT_TRUNCATE].probability = COF_FAULT_SCALE;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 2, queued(&t->a));
	KUNIT_EXPECT_TRUE(test, test_bit(COF_CONN_SHUT, &t->a.conn.state));
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->a.conn));
	cof_conn_submit(&t->a.conn, buf, LEN);
	KUNIT_EXPECT_EQ(test, 2, queued(&t->a));
	buf = list_last_entry(&t->a.conn.tx_queue, struct cof_txbuf, list);
	KUNIT_EXPECT_GT(test, buf->len, 0);
	KUNIT_EXPECT_LT(test, buf->len, LEN);
	KUNIT_EXPECT_EQ(test, 1, cof_fault_knobs[COF_FAULT_TRUNCATE].injected);
}

/* A message that was delayed before does not follow half a message. */
static void nothing_follows_a_truncated_message(struct kunit *test)
{
	struct fault_test *t = test->priv;

	cof_fault_knobs[COF_FAULT_DELAY].probability = COF_FAULT_SCALE;
	cof_fault_knobs[COF_FAULT_DELAY].delay_us = 20000;
	cof_fault_knobs[COF_FAULT_DELAY].count = 1;
	send(test, &t->a, COF_SIGN);
	cof_fault_knobs[COF_FAULT_TRUNCATE].probability = COF_FAULT_SCALE;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_TRUE(test, within_ms(10000, held, &t->a, 0));
	flush_delayed_work(&t->a.conn.fault.work);
	KUNIT_EXPECT_EQ(test, 1, queued(&t->a));
	KUNIT_EXPECT_EQ(test, BUFS - 1, free_bufs(&t->a));
}

static void reorder_waits_for_another_queue(struct kunit *test)
{
	struct fault_test *t = test->priv;
	int group;

	cof_conn_set_queue(&t->a.conn, 1, &group);
	cof_conn_set_queue(&t->b.conn, 2, &group);
	cof_fault_knobs[COF_FAULT_REORDER].probability = COF_FAULT_SCALE;
	cof_fault_knobs[COF_FAULT_REORDER].count = 1;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 1, cof_fault_knobs[COF_FAULT_REORDER].injected);
	/* not the ten milliseconds */
	spin_lock_bh(&t->a.conn.tx_lock);
	if (!list_empty(&t->a.conn.fault.held))
		list_first_entry(&t->a.conn.fault.held, struct cof_txbuf, list)->due =
			jiffies + 100 * HZ;
	spin_unlock_bh(&t->a.conn.tx_lock);
	send(test, &t->a, COF_SIGN);	/* the same queue */
	KUNIT_EXPECT_EQ(test, 1, held(&t->a));
	send(test, &t->b, COF_SIGN);
	KUNIT_EXPECT_TRUE(test, within_ms(10000, queued, &t->a, 2));
	KUNIT_EXPECT_EQ(test, 1, queued(&t->b));
}

static void reorder_gives_up(struct kunit *test)
{
	struct fault_test *t = test->priv;

	cof_fault_knobs[COF_FAULT_REORDER].probability = COF_FAULT_SCALE;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_TRUE(test, within_ms(10000, queued, &t->a, 1));
	KUNIT_EXPECT_EQ(test, 0, held(&t->a));
}

static void refused_buffer_is_announced(struct kunit *test)
{
	struct fault_test *t = test->priv;
	struct cof_txbuf *buf;

	cof_fault_knobs[COF_FAULT_ALLOC].probability = COF_FAULT_SCALE;
	cof_fault_knobs[COF_FAULT_ALLOC].count = 1;
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->a.conn));
	msleep(100);
	flush_delayed_work(&t->a.conn.fault.work);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&t->a.ready));
	buf = cof_conn_get_tx(&t->a.conn);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	cof_conn_put_tx(&t->a.conn, buf);

	cof_fault_knobs[COF_FAULT_ALLOC].count = 1;
	KUNIT_EXPECT_TRUE(test, cof_fault_setup(true));
	KUNIT_EXPECT_FALSE(test, cof_fault_setup(true));
}

static void closed_at_its_state(struct kunit *test)
{
	struct fault_test *t = test->priv;

	cof_fault_knobs[COF_FAULT_CLOSE].probability = COF_FAULT_SCALE;
	cof_fault_knobs[COF_FAULT_CLOSE].state = COF_FAULT_KEY_OPEN;
	send(test, &t->a, COF_CONNECT);
	send(test, &t->a, COF_IDENTIFY);
	KUNIT_EXPECT_EQ(test, 0, cof_fault_knobs[COF_FAULT_CLOSE].injected);
	send(test, &t->a, COF_KEY_OPEN);
	KUNIT_EXPECT_EQ(test, 1, cof_fault_knobs[COF_FAULT_CLOSE].injected);
	KUNIT_EXPECT_TRUE(test, test_bit(COF_CONN_SHUT, &t->a.conn.state));
	KUNIT_EXPECT_NULL(test, cof_conn_get_tx(&t->a.conn));
	KUNIT_EXPECT_EQ(test, 2, queued(&t->a));

	cof_fault_knobs[COF_FAULT_CLOSE].state = COF_FAULT_INFLIGHT;
	send(test, &t->b, COF_KEEP_ALIVE);
	KUNIT_EXPECT_FALSE(test, test_bit(COF_CONN_SHUT, &t->b.conn.state));
	send(test, &t->b, COF_VERIFY);
	KUNIT_EXPECT_TRUE(test, test_bit(COF_CONN_SHUT, &t->b.conn.state));
}

static void side_and_queue_choose(struct kunit *test)
{
	struct cof_fault_knobs *drop = &cof_fault_knobs[COF_FAULT_DROP];
	struct fault_test *t = test->priv;

	t->b.conn.accepted = true;
	cof_conn_set_queue(&t->a.conn, 1, t);
	drop->probability = COF_FAULT_SCALE;
	drop->side = COF_FAULT_TARGET;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 0, drop->injected);
	send(test, &t->b, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 1, drop->injected);
	drop->side = COF_FAULT_INITIATOR;
	send(test, &t->b, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 1, drop->injected);
	drop->queue = COF_FAULT_ADMIN;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 1, drop->injected);
	drop->queue = COF_FAULT_IO;
	send(test, &t->a, COF_SIGN);
	KUNIT_EXPECT_EQ(test, 2, drop->injected);
	KUNIT_EXPECT_FALSE(test, cof_fault_setup(false));
}

#define ROUNDS	256

static void draw(struct kunit *test, struct fault_test *t, u8 *hits)
{
	struct cof_fault_knobs *alloc = &cof_fault_knobs[COF_FAULT_ALLOC];
	unsigned int i;

	cof_fault_seed_set(42);
	KUNIT_EXPECT_EQ(test, 42, cof_fault_seed_get());
	for (i = 0; i < ROUNDS; i++) {
		hits[i] = cof_fault_setup(false);
		alloc->injected -= hits[i];
	}
}

static void a_seed_repeats(struct kunit *test)
{
	struct fault_test *t = test->priv;
	unsigned int i, sum = 0;
	u8 first[ROUNDS], second[ROUNDS];

	cof_fault_knobs[COF_FAULT_ALLOC].probability = COF_FAULT_SCALE / 4;
	draw(test, t, first);
	draw(test, t, second);
	KUNIT_EXPECT_MEMEQ(test, first, second, ROUNDS);
	for (i = 0; i < ROUNDS; i++)
		sum += first[i];
	KUNIT_EXPECT_GT(test, sum, ROUNDS / 8);
	KUNIT_EXPECT_LT(test, sum, ROUNDS / 2);
}

static struct kunit_case cof_fault_cases[] = {
	KUNIT_CASE(nothing_while_off),
	KUNIT_CASE(dropped_buffer_comes_back),
	KUNIT_CASE(dropped_buffer_is_announced),
	KUNIT_CASE(delayed_message_is_passed),
	KUNIT_CASE(close_sends_what_is_held),
	KUNIT_CASE(corrupt_flips_one_bit),
	KUNIT_CASE(truncated_message_is_the_last),
	KUNIT_CASE(nothing_follows_a_truncated_message),
	KUNIT_CASE(reorder_waits_for_another_queue),
	KUNIT_CASE(reorder_gives_up),
	KUNIT_CASE(refused_buffer_is_announced),
	KUNIT_CASE(closed_at_its_state),
	KUNIT_CASE(side_and_queue_choose),
	KUNIT_CASE(a_seed_repeats),
	{}
};

static struct kunit_suite cof_fault_suite = {
	.name		= "cof_fault",
	.init		= fault_init,
	.exit		= fault_exit,
	.test_cases	= cof_fault_cases,
};

kunit_test_suite(cof_fault_suite);
