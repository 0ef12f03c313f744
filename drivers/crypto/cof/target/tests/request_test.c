// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: what a target grants, its key table and keys that come with operations (on
 * rsa-generic), and what attributes take. Messages are put together here, and answers stay
 * where they are to be sent from.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../asym/lib/tests/vectors.h"
#include "../../addr.h"
#include "../../msg.h"
#include "../../transport.h"
#include "../assoc.h"
#include "../config/object.h"
#include "../flow.h"
#include "../io.h"
#include "../key.h"
#include "../pool.h"
#include "../port.h"
#include "../queue.h"
#include "../shared.h"

#define MAX_KEYS	3

struct target_test {
	struct cof_tgt_pool pool;
	struct cof_tgt_assoc *assoc;
	unsigned int max_keys;
	struct cof_conn conn;
	struct cof_tgt_queue queue;
	struct workqueue_struct *wq;	/* of queue.jobs */
	struct work_struct hold;
	struct completion go;
};

static void connect_init(struct cof_connect_req *req, u16 queues, u32 depth, u32 kato_ms)
{
	memset(req, 0, sizeof(*req));
	req->queues = cpu_to_le16(queues);
	req->depth = cpu_to_le32(depth);
	req->kato_ms = cpu_to_le32(kato_ms);
	req->max_msg = cpu_to_le32(8192);
}

static int target_init(struct kunit *test)
{
	const struct asym_exec_params params = { .name = "kunit", .drivers = "rsa-generic" };
	struct target_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct cof_connect_req req;
	struct cof_tgt_flow *spare;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->max_keys = cof_tgt_max_keys;
	t->pool.cpu = alloc_percpu(struct cof_tgt_pool_cpu);
	KUNIT_ASSERT_NOT_NULL(test, t->pool.cpu);
	t->pool.exec = asym_exec_create(&params);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->pool.exec));
	t->pool.req_size = asym_exec_request_size(t->pool.exec);
	t->pool.algos = BIT(ASYM_RSA);
	INIT_LIST_HEAD(&t->pool.assocs);

	cof_tgt_max_keys = MAX_KEYS;
	connect_init(&req, 1, 1, 0);
	t->assoc = cof_tgt_assoc_alloc(&req, "kunit");
	cof_tgt_max_keys = t->max_keys;
	KUNIT_ASSERT_NOT_NULL(test, t->assoc);
	asym_qos_init(&t->pool.qos, &asym_job_qos_ops, 1);
	INIT_LIST_HEAD(&t->pool.flows);
	spare = cof_tgt_flow_alloc("kunit");
	KUNIT_ASSERT_NOT_NULL(test, spare);
	spin_lock_bh(&cof_tgt_lock);
	t->assoc->flow = cof_tgt_flow_get(&t->pool, &spare, true);
	spin_unlock_bh(&cof_tgt_lock);
	t->assoc->pool = &t->pool;
	list_add(&t->assoc->list, &t->pool.assocs);
	t->pool.users = 1;
	return 0;
}

static void target_exit(struct kunit *test)
{
	struct target_test *t = test->priv;

	if (!t)
		return;
	if (IS_ERR_OR_NULL(t->pool.exec)) {
		free_percpu(t->pool.cpu);
		return;
	}
	if (t->assoc) {
		cof_tgt_assoc_put(t->assoc);
		wait_event(cof_tgt_gone, cof_tgt_unused(&t->pool.users));
		KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->pool.stats[COF_TGT_KEYS]));
		KUNIT_EXPECT_TRUE(test, list_empty(&t->pool.assocs));
		KUNIT_EXPECT_TRUE(test, list_empty(&t->pool.flows));
		asym_qos_exit(&t->pool.qos);
	}
	asym_exec_destroy(t->pool.exec);	/* waits for every key */
	free_percpu(t->pool.cpu);
}

static int open_key(struct target_test *t, u64 *handle)
{
	struct asym_key_data data = {
		.algo = ASYM_RSA, .is_private = true,
		.der = rsa512_priv, .der_len = sizeof(rsa512_priv),
	};
	unsigned int bytes = 0;
	int err;

	err = cof_tgt_key_open(t->assoc, &data, handle, &bytes);
	return err ?: bytes == 64 ? 0 : -EIO;
}

static bool known(struct target_test *t, u64 handle)
{
	bool found;

	read_lock_bh(&t->assoc->key_lock);
	found = cof_tgt_key_find(t->assoc, handle);
	read_unlock_bh(&t->assoc->key_lock);
	return found;
}

/* ---- keys --------------------------------------------------------------------- */

static void keys_are_limited_and_named(struct kunit *test)
{
	struct target_test *t = test->priv;
	u64 handle[MAX_KEYS + 1];
	unsigned int i, j;

	for (i = 0; i < MAX_KEYS; i++) {
		KUNIT_ASSERT_EQ(test, 0, open_key(t, &handle[i]));
		KUNIT_EXPECT_NE(test, 0, handle[i]);
		KUNIT_EXPECT_TRUE(test, known(t, handle[i]));
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, handle[i], handle[j]);
	}
	KUNIT_EXPECT_EQ(test, -ENOSPC, open_key(t, &handle[i]));
	KUNIT_EXPECT_EQ(test, MAX_KEYS, atomic64_read(&t->pool.stats[COF_TGT_KEYS]));
}

static void a_closed_handle_is_never_known_again(struct kunit *test)
{
	struct target_test *t = test->priv;
	u64 old, handle;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, open_key(t, &old));
	KUNIT_EXPECT_EQ(test, 0, cof_tgt_key_close(t->assoc, old));
	KUNIT_EXPECT_EQ(test, -ESTALE, cof_tgt_key_close(t->assoc, old));
	for (i = 0; i < 5; i++) {
		KUNIT_ASSERT_EQ(test, 0, open_key(t, &handle));
		KUNIT_EXPECT_NE(test, old, handle);
		KUNIT_EXPECT_EQ(test, (u32)old, (u32)handle);	/* the same slot */
		KUNIT_EXPECT_FALSE(test, known(t, old));
		KUNIT_EXPECT_EQ(test, -ESTALE, cof_tgt_key_close(t->assoc, old));
		KUNIT_EXPECT_TRUE(test, known(t, handle));
		KUNIT_EXPECT_EQ(test, 0, cof_tgt_key_close(t->assoc, handle));
	}
}

static void handles_that_were_never_given_are_unknown(struct kunit *test)
{
	struct target_test *t = test->priv;
	const u64 bad[] = { 0, 2, MAX_KEYS, MAX_KEYS + 1, 0x7fffffff, 0x80000000, 0xffffffff,
			    1ULL << 32, 1ULL << 32 | 1, ~0ULL, ~0ULL << 32 };
	unsigned int i;
	u64 handle;

	KUNIT_ASSERT_EQ(test, 0, open_key(t, &handle));
	KUNIT_ASSERT_EQ(test, 1, handle);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_FALSE_MSG(test, known(t, bad[i]), "%llx", bad[i]);
		KUNIT_EXPECT_EQ(test, -ESTALE, cof_tgt_key_close(t->assoc, bad[i]));
	}
	KUNIT_EXPECT_TRUE(test, known(t, handle));
}

static void what_is_no_key_is_told_from_what_is_not_taken(struct kunit *test)
{
	struct target_test *t = test->priv;
	struct asym_key_data data = {
		.algo = ASYM_RSA, .is_private = true,
		.der = rsa512_priv, .der_len = sizeof(rsa512_priv) - 1,
	};
	static const u8 no_curve[] = { 0, 2, 6, 7, 35, 64, 255 };
	unsigned int bytes, i;
	u64 handle;

	KUNIT_EXPECT_EQ(test, -EINVAL, cof_tgt_key_open(t->assoc, &data, &handle, &bytes));
	data.der_len = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, cof_tgt_key_open(t->assoc, &data, &handle, &bytes));
	data.der_len = sizeof(rsa512_priv);
	data.algo = ASYM_ECDSA;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, cof_tgt_key_open(t->assoc, &data, &handle, &bytes));
	/* nor is there such a curve, or none, or such a number */
	t->pool.algos = BIT(ASYM_RSA) | BIT(ASYM_ECDSA);
	for (i = 0; i < ARRAY_SIZE(no_curve); i++) {
		data.curve = no_curve[i];
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
				cof_tgt_key_open(t->assoc, &data, &handle, &bytes));
	}
	data.curve = 0;
	data.algo = 33;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, cof_tgt_key_open(t->assoc, &data, &handle, &bytes));
	data.algo = ASYM_RSA;
	t->pool.algos = 0;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, cof_tgt_key_open(t->assoc, &data, &handle, &bytes));
	t->pool.algos = BIT(ASYM_RSA);
	KUNIT_EXPECT_EQ(test, 0, cof_tgt_key_open(t->assoc, &data, &handle, &bytes));
}

static void wiping_forgets_all_and_takes_no_more(struct kunit *test)
{
	struct target_test *t = test->priv;
	u64 one, two;

	KUNIT_ASSERT_EQ(test, 0, open_key(t, &one));
	KUNIT_ASSERT_EQ(test, 0, open_key(t, &two));
	cof_tgt_keys_wipe(t->assoc);
	KUNIT_EXPECT_FALSE(test, known(t, one));
	KUNIT_EXPECT_FALSE(test, known(t, two));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->pool.stats[COF_TGT_KEYS]));
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, open_key(t, &one));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->pool.stats[COF_TGT_KEYS]));
}

/* ---- keys that come with an operation ------------------------------------------ */

#define DEPTH	8

static int fake_start(struct cof_conn *conn)
{
	return 0;
}

static void fake_nothing(struct cof_conn *conn)
{
}

static const struct cof_transport fake_transport = {
	.name	= "fake",
	.start	= fake_start,
	.kick	= fake_nothing,
	.close	= fake_nothing,
	.free	= fake_nothing,
};

/* Keys are prepared when the test calls prepare_keys(): until then this is before the worker. */
static void hold_worker(struct work_struct *work)
{
	struct target_test *t = container_of(work, struct target_test, hold);

	wait_for_completion(&t->go);
}

static void prepare_keys(struct target_test *t)
{
	complete(&t->go);
	flush_workqueue(t->wq);
	queue_work(t->wq, &t->hold);
}

static struct cof_tgt_queue *queue_make(struct kunit *test)
{
	const struct cof_conn_limits limits = {
		.rx_max = COF_MIN_MSG, .tx_bufs = 2 * DEPTH, .tx_size = COF_IO_RSP_MAX,
	};
	struct target_test *t = test->priv;
	struct cof_tgt_queue *queue = &t->queue;
	struct sockaddr_storage peer;

	KUNIT_ASSERT_EQ(test, 0, cof_addr_parse(&peer, "127.0.0.1", "4430"));
	KUNIT_ASSERT_EQ(test, 0, cof_conn_init(&t->conn, &fake_transport, &limits, &peer));
	t->assoc->features = COF_FEAT_INLINE_KEY | COF_FEAT_ABORT;
	t->assoc->depth = DEPTH;
	kref_init(&queue->ref);
	queue->conn = &t->conn;
	queue->state = COF_TGT_LIVE;
	queue->assoc = t->assoc;
	queue->qid = 1;
	t->wq = alloc_ordered_workqueue("cof_target_test", 0);
	KUNIT_ASSERT_NOT_NULL(test, t->wq);
	init_completion(&t->go);
	INIT_WORK(&t->hold, hold_worker);
	queue_work(t->wq, &t->hold);
	asym_jobs_init(&queue->jobs, NULL, t->wq);
	spin_lock_init(&queue->lock);
	KUNIT_ASSERT_EQ(test, 0, cof_tgt_io_init(queue, t->assoc));
	return queue;
}

/* All is answered, and wiped, and nobody refers to it but the test. */
static void queue_end(struct kunit *test)
{
	struct target_test *t = test->priv;
	struct cof_tgt_inline *key;
	int i;

	complete(&t->go);
	destroy_workqueue(t->wq);
	/* Who answers lets go of it when that is done. */
	for (i = 0; i < 100 && kref_read(&t->queue.ref) > 1; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&t->queue.ref));
	KUNIT_EXPECT_EQ(test, DEPTH, list_count_nodes(&t->queue.free_reqs));
	KUNIT_EXPECT_EQ(test, COF_INLINE_KEYS, list_count_nodes(&t->queue.free_inline));
	list_for_each_entry(key, &t->queue.free_inline, list)
		KUNIT_EXPECT_NULL(test, memchr_inv(key->der, 0, COF_MAX_DER));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->pool.stats[COF_TGT_KEYS]));
	cof_conn_close(&t->conn);
	cof_conn_exit(&t->conn);
	t->queue.ops->free(&t->queue);
}

struct inline_msg {
	struct cof_io_req req;
	u8 data[20 + sizeof(rsa512_priv)];
};

/* SIGN with a key of 512 bits, less so many bytes of it. */
static int inline_recv(struct kunit *test, u64 tag, unsigned int less)
{
	struct target_test *t = test->priv;
	struct inline_msg *msg = kunit_kzalloc(test, sizeof(*msg), GFP_KERNEL);
	u32 key_len = sizeof(rsa512_priv) - less;

	KUNIT_ASSERT_NOT_NULL(test, msg);
	cof_request_init(&msg->req.hdr, COF_SIGN, sizeof(msg->req), 20 + key_len, tag);
	msg->req.algo = ASYM_RSA;
	msg->req.padding = ASYM_PAD_PKCS1;
	msg->req.hash = ASYM_HASH_SHA1;
	msg->req.hops = 1;
	msg->req.src_len = cpu_to_le32(20);
	msg->req.out_len = cpu_to_le32(64);
	msg->req.key_len = cpu_to_le32(key_len);
	msg->req.key_private = 1;
	memcpy(msg->data + 20, rsa512_priv, key_len);
	return t->queue.ops->recv(&t->queue, &msg->req.hdr, sizeof(msg->req) + 20 + key_len);
}

static int ask_recv(struct kunit *test, u16 opcode, u64 tag)
{
	struct target_test *t = test->priv;
	struct cof_query_req msg = {};

	cof_request_init(&msg.hdr, opcode, sizeof(msg), 0, 100 + tag);
	msg.query_tag = cpu_to_le64(tag);
	return t->queue.ops->recv(&t->queue, &msg.hdr, sizeof(msg));
}

/* The next answer, within two seconds. */
static void expect_answer(struct kunit *test, u16 opcode, u64 tag, u16 status)
{
	struct target_test *t = test->priv;
	struct cof_txbuf *buf = NULL;
	const struct cof_hdr *hdr;
	int i;

	for (i = 0; !buf && i < 100; i++) {
		buf = cof_conn_next_tx(&t->conn);
		if (!buf)
			msleep(20);
	}
	KUNIT_ASSERT_NOT_NULL(test, buf);
	hdr = (const struct cof_hdr *)buf->data;
	KUNIT_EXPECT_EQ(test, opcode, cof_msg_opcode(hdr));
	KUNIT_EXPECT_EQ(test, tag, cof_msg_tag(hdr));
	KUNIT_EXPECT_EQ(test, status, cof_msg_status(hdr));
	KUNIT_EXPECT_EQ(test, opcode == COF_SIGN && status == COF_S_OK ? 64 : 0,
			cof_msg_data_len(hdr));
	cof_conn_put_tx(&t->conn, buf);
}

static void a_key_comes_with_its_operation(struct kunit *test)
{
	struct target_test *t = test->priv;
	u64 handle;
	int i;

	queue_make(test);
	/* There is no room for another handle. */
	for (i = 0; i < MAX_KEYS; i++)
		KUNIT_ASSERT_EQ(test, 0, open_key(t, &handle));
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, 0, inline_recv(test, i, 0));
		KUNIT_EXPECT_EQ(test, 0, ask_recv(test, COF_QUERY, i));
		expect_answer(test, COF_QUERY, 100 + i, COF_S_OK);
		prepare_keys(test->priv);
		expect_answer(test, COF_SIGN, i, COF_S_OK);
	}
	KUNIT_EXPECT_EQ(test, MAX_KEYS, atomic64_read(&t->pool.stats[COF_TGT_KEYS]));
	KUNIT_EXPECT_EQ(test, 3, atomic64_read(&t->pool.stats[COF_TGT_INLINE_KEYS]));
	cof_tgt_keys_wipe(t->assoc);
	queue_end(test);
}

/* SIGN with an open key, or something else as some other algorithm. */
static int handle_recv(struct kunit *test, u16 opcode, u64 tag, u64 handle, u8 algo, u8 padding)
{
	struct target_test *t = test->priv;
	struct inline_msg *msg = kunit_kzalloc(test, sizeof(*msg), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, msg);
	cof_request_init(&msg->req.hdr, opcode, sizeof(msg->req), 20, tag);
	msg->req.handle = cpu_to_le64(handle);
	msg->req.algo = algo;
	msg->req.padding = padding;
	msg->req.hash = padding == ASYM_PAD_RAW ? ASYM_HASH_NONE : ASYM_HASH_SHA1;
	msg->req.hops = 1;
	msg->req.src_len = cpu_to_le32(20);
	msg->req.out_len = cpu_to_le32(64);
	return t->queue.ops->recv(&t->queue, &msg->req.hdr, sizeof(msg->req) + 20);
}

static void an_operation_names_the_algorithm_of_its_key(struct kunit *test)
{
	struct target_test *t = test->priv;
	static const struct {
		u16 opcode;
		u8 algo, padding;
		u16 status;
	} cases[] = {
		{ COF_SIGN, ASYM_RSA, ASYM_PAD_PKCS1, COF_S_OK },
		{ COF_SIGN, ASYM_ECDSA, ASYM_PAD_RAW, COF_S_INVALID },	/* the key is RSA */
		{ COF_SIGN, ASYM_ECDSA, ASYM_PAD_PKCS1, COF_S_INVALID },
		{ COF_ENCRYPT, ASYM_ECDSA, ASYM_PAD_RAW, COF_S_NOT_SUPPORTED },
		{ COF_DECRYPT, ASYM_ECDSA, ASYM_PAD_RAW, COF_S_NOT_SUPPORTED },
		{ COF_SIGN, 2, ASYM_PAD_RAW, COF_S_NOT_SUPPORTED },
		{ COF_SIGN, 33, ASYM_PAD_RAW, COF_S_NOT_SUPPORTED },
		{ COF_SIGN, 255, ASYM_PAD_RAW, COF_S_NOT_SUPPORTED },
	};
	unsigned int i;
	u64 handle;

	queue_make(test);
	KUNIT_ASSERT_EQ(test, 0, open_key(t, &handle));
	t->pool.algos = BIT(ASYM_RSA) | BIT(ASYM_ECDSA);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, 0, handle_recv(test, cases[i].opcode, i, handle,
						     cases[i].algo, cases[i].padding));
		expect_answer(test, cases[i].opcode, i, cases[i].status);
	}
	t->pool.algos = BIT(ASYM_RSA);
	KUNIT_EXPECT_EQ(test, 0, handle_recv(test, COF_SIGN, i, handle, ASYM_ECDSA, ASYM_PAD_RAW));
	expect_answer(test, COF_SIGN, i, COF_S_NOT_SUPPORTED);
	cof_tgt_keys_wipe(t->assoc);
	queue_end(test);
}

static void a_key_that_is_none_is_refused_as_when_it_is_opened(struct kunit *test)
{
	struct target_test *t = test->priv;

	queue_make(test);
	KUNIT_EXPECT_EQ(test, 0, inline_recv(test, 1, 1));
	KUNIT_EXPECT_EQ(test, 0, inline_recv(test, 2, sizeof(rsa512_priv) - 1));
	prepare_keys(test->priv);
	expect_answer(test, COF_SIGN, 1, COF_S_INVALID);
	expect_answer(test, COF_SIGN, 2, COF_S_INVALID);
	/* not without the feature */
	t->assoc->features = 0;
	KUNIT_EXPECT_EQ(test, 0, inline_recv(test, 3, 0));
	expect_answer(test, COF_SIGN, 3, COF_S_NOT_SUPPORTED);
	queue_end(test);
}

static void what_waits_for_its_key_is_aborted(struct kunit *test)
{
	queue_make(test);
	KUNIT_EXPECT_EQ(test, 0, inline_recv(test, 1, 0));
	KUNIT_EXPECT_EQ(test, 0, inline_recv(test, 2, 0));
	KUNIT_EXPECT_EQ(test, 0, ask_recv(test, COF_ABORT, 1));
	expect_answer(test, COF_SIGN, 1, COF_S_ABORTED);
	expect_answer(test, COF_ABORT, 101, COF_S_OK);
	KUNIT_EXPECT_EQ(test, 0, ask_recv(test, COF_ABORT, 1));
	expect_answer(test, COF_ABORT, 101, COF_S_UNKNOWN_HANDLE);
	prepare_keys(test->priv);
	expect_answer(test, COF_SIGN, 2, COF_S_OK);
	queue_end(test);
}

static void what_waits_for_its_key_is_dropped_when_the_queue_closes(struct kunit *test)
{
	struct cof_tgt_queue *queue = queue_make(test);
	int i;

	for (i = 0; i < COF_INLINE_KEYS; i++)
		KUNIT_EXPECT_EQ(test, 0, inline_recv(test, i, 0));
	KUNIT_EXPECT_TRUE(test, list_empty(&queue->free_inline));
	queue->ops->cancel(queue);
	for (i = 0; i < COF_INLINE_KEYS; i++)
		expect_answer(test, COF_SIGN, i, COF_S_ABORTED);
	/* One that comes while it is being closed goes to the scheduler no more. */
	KUNIT_EXPECT_EQ(test, 0, inline_recv(test, 9, 0));
	prepare_keys(test->priv);
	expect_answer(test, COF_SIGN, 9, COF_S_ABORTED);
	queue_end(test);
}

/* How many requests a lookup of each tag passes, all of them together. @secret: the queue's */
static unsigned int tags_walked(struct kunit *test, u64 secret, u64 first, u64 step)
{
	struct target_test *t = test->priv;
	struct cof_tgt_queue *queue = &t->queue;
	u32 walked = 0, i, bucket;
	u8 *load;

	queue->tag_bits = order_base_2(COF_MAX_DEPTH) + 1;
	queue->tag_secret = secret | 1;
	load = kunit_kzalloc(test, 1U << queue->tag_bits, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, load);
	for (i = 0; i < COF_MAX_DEPTH; i++) {
		bucket = cof_tgt_tag_bucket(queue, first + i * step) - queue->tags;
		walked += ++load[bucket];
	}
	kunit_kfree(test, load);
	return walked;
}

/* Whoever sends tags that he chose does not know the secret: a bucket has few of them. */
static void tags_of_any_kind_are_spread(struct kunit *test)
{
	static const u64 steps[] = {
		1, 2, 256, 512, 1ULL << 16, 1ULL << 32, 1ULL << 48, 1ULL << 55, 0x0101010101010101,
		0x9e3779b97f4a7c15,
	};
	/* Fixed, so that nobody has to be lucky: the hexadecimal digits of pi, then of e. */
	static const u64 secrets[] = {
		0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89,
		0xb7e151628aed2a6a, 0xbf7158809cf4f3c7, 0x62e7160f38b4da56, 0xa784d9045190cfef,
	};
	const unsigned int nr = ARRAY_SIZE(secrets);
	unsigned int i, j;
	u64 walked;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		walked = 0;
		for (j = 0; j < nr; j++)
			walked += tags_walked(test, secrets[j], secrets[nr - 1 - j], steps[i]);
		/* Two tags share a bucket at most twice as often as by chance: one on average. */
		KUNIT_EXPECT_LE_MSG(test, walked, 2ULL * COF_MAX_DEPTH * nr, "step %llx", steps[i]);
	}
}

/* Of all requests, QUERY looks at those in the tag's bucket. */
static void a_lookup_sees_one_bucket(struct kunit *test)
{
	struct cof_tgt_queue *queue = queue_make(test);
	struct cof_tgt_req *req;

	KUNIT_EXPECT_EQ(test, 0, inline_recv(test, 1, 0));
	req = list_first_entry_or_null(&queue->busy_reqs, struct cof_tgt_req, list);
	KUNIT_ASSERT_NOT_NULL(test, req);
	hlist_del(&req->by_tag);
	KUNIT_EXPECT_EQ(test, 0, ask_recv(test, COF_QUERY, 1));
	expect_answer(test, COF_QUERY, 101, COF_S_UNKNOWN_HANDLE);
	hlist_add_head(&req->by_tag, cof_tgt_tag_bucket(queue, 1));
	KUNIT_EXPECT_EQ(test, 0, ask_recv(test, COF_QUERY, 1));
	expect_answer(test, COF_QUERY, 101, COF_S_OK);
	prepare_keys(test->priv);
	expect_answer(test, COF_SIGN, 1, COF_S_OK);
	queue_end(test);
}

/* ---- negotiation ----------------------------------------------------------------- */

static void granted(struct kunit *test, u16 queues, u32 depth, u32 kato_ms)
{
	struct cof_connect_req req;
	struct cof_tgt_assoc *assoc;

	connect_init(&req, queues, depth, kato_ms);
	assoc = cof_tgt_assoc_alloc(&req, "kunit");
	KUNIT_ASSERT_NOT_NULL(test, assoc);
	KUNIT_EXPECT_EQ(test, min_t(u32, queues, cof_tgt_max_queues), assoc->nr_queues);
	KUNIT_EXPECT_EQ(test, min(depth, cof_tgt_max_depth), assoc->depth);
	KUNIT_EXPECT_EQ(test, msecs_to_jiffies(kato_ms ?: 5000), assoc->kato);
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(assoc->cookie, 0, COF_COOKIE_LEN));
	KUNIT_EXPECT_STREQ(test, "kunit", assoc->hostid);
	cof_tgt_assoc_put(assoc);
}

static void an_association_gets_what_it_wants_up_to_the_limits(struct kunit *test)
{
	granted(test, 1, 1, 0);
	granted(test, COF_MAX_QUEUES, COF_MAX_DEPTH, COF_MAX_KATO_MS);
	granted(test, cof_tgt_max_queues, cof_tgt_max_depth, COF_MIN_KATO_MS);
}

static void cookies_differ(struct kunit *test)
{
	struct target_test *t = test->priv;
	struct cof_connect_req req;
	struct cof_tgt_assoc *assoc;

	connect_init(&req, 1, 1, 0);
	assoc = cof_tgt_assoc_alloc(&req, "kunit");
	KUNIT_ASSERT_NOT_NULL(test, assoc);
	KUNIT_EXPECT_NE(test, 0, memcmp(assoc->cookie, t->assoc->cookie, COF_COOKIE_LEN));
	KUNIT_EXPECT_NE(test, assoc->id, t->assoc->id);
	cof_tgt_assoc_put(assoc);
}

/* ---- places on a port -------------------------------------------------------------- */

/* "one" has three connections, "two" has one, others have none. */
static void rooms(const struct cof_tgt_port *port, unsigned int *room)
{
	spin_lock_bh(&cof_tgt_lock);
	room[0] = cof_tgt_port_room(port, "one");
	room[1] = cof_tgt_port_room(port, "two");
	room[2] = cof_tgt_port_room(port, "new");
	spin_unlock_bh(&cof_tgt_lock);
}

static void hosts_leave_room_to_each_other(struct kunit *test)
{
	unsigned int max_conns = cof_tgt_max_conns, max_host = cof_tgt_max_host_conns;
	struct cof_tgt_port *port = kunit_kzalloc(test, sizeof(*port), GFP_KERNEL);
	struct cof_tgt_seat one = { .hostid = "one", .conns = 3 };
	struct cof_tgt_seat two = { .hostid = "two", .conns = 1 };
	unsigned int few[3], last[3], none[3];

	KUNIT_ASSERT_NOT_NULL(test, port);
	INIT_LIST_HEAD(&port->pools);
	INIT_LIST_HEAD(&port->hosts);
	list_add_tail(&one.list, &port->hosts);
	list_add_tail(&two.list, &port->hosts);
	port->nr_hosts = 2;
	port->nr_admitted = 4;
	cof_tgt_max_host_conns = 5;
	cof_tgt_max_conns = 8;
	rooms(port, few);
	cof_tgt_max_conns = 5;
	rooms(port, last);
	cof_tgt_max_conns = 4;
	rooms(port, none);
	cof_tgt_max_conns = max_conns;
	cof_tgt_max_host_conns = max_host;

	KUNIT_EXPECT_EQ(test, 2U, few[0]);	/* max_host_conns */
	KUNIT_EXPECT_EQ(test, 4U, few[1]);
	KUNIT_EXPECT_EQ(test, 4U, few[2]);
	KUNIT_EXPECT_EQ(test, 0U, last[0]);	/* it is kept for "two" */
	KUNIT_EXPECT_EQ(test, 1U, last[1]);
	KUNIT_EXPECT_EQ(test, 1U, last[2]);
	KUNIT_EXPECT_EQ(test, 0U, none[0] + none[1] + none[2]);
}

/* ---- attributes -------------------------------------------------------------------- */

static void attributes_are_trimmed_and_bounded(struct kunit *test)
{
	char word[8] = "old";

	KUNIT_EXPECT_EQ(test, 5, cof_tgt_store_string(word, sizeof(word), " tcp\n", 5));
	KUNIT_EXPECT_STREQ(test, "tcp", word);
	KUNIT_EXPECT_EQ(test, 7, cof_tgt_store_string(word, sizeof(word), "1234567", 7));
	KUNIT_EXPECT_STREQ(test, "1234567", word);
	KUNIT_EXPECT_EQ(test, -EINVAL, cof_tgt_store_string(word, sizeof(word), "12345678", 8));
	KUNIT_EXPECT_EQ(test, -EINVAL, cof_tgt_store_string(word, sizeof(word), "a\0b", 3));
	KUNIT_EXPECT_STREQ(test, "1234567", word);	/* as it was */
	KUNIT_EXPECT_EQ(test, 1, cof_tgt_store_string(word, sizeof(word), "\n", 1));
	KUNIT_EXPECT_STREQ(test, "", word);
	KUNIT_EXPECT_EQ(test, 0, cof_tgt_store_string(word, sizeof(word), "", 0));
	KUNIT_EXPECT_STREQ(test, "", word);
}

static struct kunit_case target_cases[] = {
	KUNIT_CASE(keys_are_limited_and_named),
	KUNIT_CASE(a_closed_handle_is_never_known_again),
	KUNIT_CASE(handles_that_were_never_given_are_unknown),
	KUNIT_CASE(what_is_no_key_is_told_from_what_is_not_taken),
	KUNIT_CASE(wiping_forgets_all_and_takes_no_more),
	KUNIT_CASE(a_key_comes_with_its_operation),
	KUNIT_CASE(an_operation_names_the_algorithm_of_its_key),
	KUNIT_CASE(a_key_that_is_none_is_refused_as_when_it_is_opened),
	KUNIT_CASE(what_waits_for_its_key_is_aborted),
	KUNIT_CASE(what_waits_for_its_key_is_dropped_when_the_queue_closes),
	KUNIT_CASE(tags_of_any_kind_are_spread),
	KUNIT_CASE(a_lookup_sees_one_bucket),
	KUNIT_CASE(an_association_gets_what_it_wants_up_to_the_limits),
	KUNIT_CASE(cookies_differ),
	KUNIT_CASE(hosts_leave_room_to_each_other),
	KUNIT_CASE(attributes_are_trimmed_and_bounded),
	{}
};

static struct kunit_suite target_suite = {
	.name = "cof_target",
	.init = target_init,
	.exit = target_exit,
	.test_cases = target_cases,
};

kunit_test_suite(target_suite);
