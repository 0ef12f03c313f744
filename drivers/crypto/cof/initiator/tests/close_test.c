// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the connections of an association are closed together. Each is on a transport whose
 * close() waits for those of the others.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include "../../addr.h"
#include "../../msg.h"
#include "../../transport.h"
#include "../assoc.h"
#include "../path.h"
#include "../queue.h"

#define QUEUES	4
#define DEPTH	2
#define WAIT_MS	10000	/* for those that do not come */

struct close_test {
	struct cofi_path path;
	struct cofi_assoc assoc;
	struct cofi_queue *queues[QUEUES];
	struct cof_conn admin;
	struct cof_conn conns[QUEUES];
	atomic_t closing;	/* of the queues' connections */
	int before_admin;	/* of these when the admin connection was closed; -1: it was not */
	atomic_t alone;		/* that waited in vain */
	struct completion together;
};

/* The transport's functions know a connection alone. */
static struct close_test *close_current;

static int fake_start(struct cof_conn *conn)
{
	return 0;
}

static void fake_nothing(struct cof_conn *conn)
{
}

static void fake_close(struct cof_conn *conn)
{
	struct close_test *t = close_current;

	if (conn == &t->admin) {
		t->before_admin = atomic_read(&t->closing);
		return;
	}
	if (atomic_inc_return(&t->closing) == QUEUES)
		complete_all(&t->together);
	if (!wait_for_completion_timeout(&t->together, msecs_to_jiffies(WAIT_MS)))
		atomic_inc(&t->alone);
}

static void fake_free(struct cof_conn *conn)
{
	cof_conn_exit(conn);
}

static const struct cof_transport fake_transport = {
	.name	= "fake",
	.start	= fake_start,
	.kick	= fake_nothing,
	.close	= fake_close,
	.free	= fake_free,
};

static void work_nothing(struct work_struct *work)
{
}

static void conn_make(struct kunit *test, struct cof_conn *conn)
{
	const struct cof_conn_limits limits = {
		.rx_max = COF_MIN_MSG, .tx_bufs = 1, .tx_size = COF_IO_REQ_MAX,
	};
	struct sockaddr_storage peer;

	KUNIT_ASSERT_EQ(test, 0, cof_addr_parse(&peer, "127.0.0.1", "4430"));
	KUNIT_ASSERT_EQ(test, 0, cof_conn_init(conn, &fake_transport, &limits, &peer));
}

static void queues_are_closed_together(struct kunit *test)
{
	struct close_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	close_current = t;
	spin_lock_init(&t->path.lock);
	init_waitqueue_head(&t->path.wait);
	init_completion(&t->together);
	t->before_admin = -1;
	t->assoc.path = &t->path;
	t->assoc.queues = t->queues;
	INIT_DELAYED_WORK(&t->assoc.ka_work, work_nothing);
	INIT_WORK(&t->assoc.ident_work, work_nothing);
	cofi_chan_init(&t->assoc.admin, &t->assoc);
	conn_make(test, &t->admin);
	t->assoc.admin.conn = &t->admin;
	for (i = 0; i < QUEUES; i++) {
		t->queues[i] = cofi_queue_alloc(&t->assoc, i + 1, DEPTH);
		KUNIT_ASSERT_NOT_NULL(test, t->queues[i]);
		conn_make(test, &t->conns[i]);
		t->queues[i]->chan.conn = &t->conns[i];
	}
	t->assoc.nr_queues = QUEUES;

	cofi_assoc_close(&t->assoc);
	/* DISCONNECT went before any of them. */
	KUNIT_EXPECT_EQ(test, 0, t->before_admin);
	KUNIT_EXPECT_EQ(test, QUEUES, atomic_read(&t->closing));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&t->alone));

	for (i = 0; i < QUEUES; i++)
		cofi_queue_free(t->queues[i]);
	cofi_chan_free(&t->assoc.admin);
}

static struct kunit_case close_cases[] = {
	KUNIT_CASE(queues_are_closed_together),
	{}
};

static struct kunit_suite close_suite = {
	.name = "cof_initiator_close",
	.test_cases = close_cases,
};

kunit_test_suite(close_suite);
