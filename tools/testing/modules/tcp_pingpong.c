// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcp_pingpong: what a round trip over TCP costs inside one kernel, as the floor
 * under what a fabric may cost.
 *
 * Two sockets on 127.0.0.1. A thread sends a request and sleeps; data_ready of
 * the other socket copies the bytes out and queues a work item, which sends the
 * answer; data_ready of the first copies it out and wakes the thread. No
 * protocol, no allocation, no lock of ours: two thread hops, both forced.
 *
 * With several connections, or several requests in flight, there is no thread: a work
 * item of the first socket sends as many requests as answers arrived, all that are there
 * with one call, and likewise the answers. So what batching saves on few connections, and
 * cannot save on many, is seen without a fabric.
 *
 * One run at a time, under pp.lock; it owns all sockets, and releases them when
 * neither callback nor work item can run any more. See
 * Documentation/ABI/testing/debugfs-tcp-pingpong.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <uapi/linux/cof.h>
#include <compat/net.h>

#define PP_MAX_SIZE	16384U
#define PP_MAX_SECONDS	3600U
#define PP_MAX_SAMPLES	BIT(20)
#define PP_LOST		(10 * HZ)
#define PP_MAX_SOCKETS	128U
#define PP_MAX_DEPTH	4096U
#define PP_BATCH	16	/* messages in one sendmsg */

/**
 * struct pp_end - a socket's end of the table
 * @sock: the socket
 * @saved: its data_ready
 * @buf: what arrives, and what is sent
 * @have: bytes of the message that is arriving; under the socket lock
 * @want: its length
 * @send: length of what this end sends
 * @work: sends the answer
 * @answers: what arrives is counted in @due and queues @work; else it completes @arrived
 * @due: messages to send
 * @ops: messages that arrived; under the socket lock
 * @arrived: wakes the thread
 * @err: of sending
 */
struct pp_end {
	struct socket *sock;
	void (*saved)(struct sock *sk);
	u8 *buf;
	u32 have;
	u32 want;
	u32 send;
	struct work_struct work;
	bool answers;
	atomic_t due;
	u64 ops;
	struct completion arrived;
	int err;
};

/* A connection: its two ends. */
struct pp_pair {
	struct pp_end client;
	struct pp_end server;
};

static struct {
	struct mutex lock; /* everything */
	struct dentry *debugfs;
	struct workqueue_struct *wq;
	u32 request;
	u32 response;
	u32 seconds;
	u32 sockets;
	u32 depth;
	u64 ops;
	u64 ns;
	u32 p50;
	u32 p99;
} pp = {
	.lock = __MUTEX_INITIALIZER(pp.lock),
	/* an operation with RSA-2048 */
	.request = sizeof(struct cof_io_req) + 256,
	.response = sizeof(struct cof_io_rsp) + 256,
	.seconds = 1,
	.sockets = 1,
	.depth = 1,
};

/* May wait for room: what takes the bytes out at the other end is no thread. */
static int pp_send(struct pp_end *end, unsigned int n)
{
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	struct kvec vec[PP_BATCH];
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++)
		vec[i] = (struct kvec){ .iov_base = end->buf, .iov_len = end->send };
	ret = kernel_sendmsg(end->sock, &msg, vec, n, n * end->send);
	if (ret < 0)
		return ret;
	return ret == n * end->send ? 0 : -EIO;
}

static void pp_work(struct work_struct *work)
{
	struct pp_end *end = container_of(work, struct pp_end, work);
	unsigned int due = atomic_xchg(&end->due, 0), n;

	for (; due && !end->err; due -= n) {
		n = min(due, PP_BATCH);
		end->err = pp_send(end, n);
	}
}

static int pp_actor(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset, size_t len)
{
	struct pp_end *end = desc->arg.data;
	size_t left = len;
	u32 n;

	while (left) {
		n = min_t(size_t, left, end->want - end->have);
		if (skb_copy_bits(skb, offset, end->buf + end->have, n))
			end->err = -EFAULT;
		end->have += n;
		offset += n;
		left -= n;
		if (end->have < end->want)
			break;
		end->have = 0;
		end->ops++;
		if (end->answers) {
			atomic_inc(&end->due);
			queue_work(pp.wq, &end->work);
		} else {
			complete(&end->arrived);
		}
	}
	return len;
}

static void pp_data_ready(struct sock *sk)
{
	read_descriptor_t desc = { .count = 1 };

	read_lock_bh(&sk->sk_callback_lock);
	desc.arg.data = sk->sk_user_data;
	if (desc.arg.data)
		tcp_read_sock(sk, &desc, pp_actor);
	read_unlock_bh(&sk->sk_callback_lock);
}

static int pp_start(struct pp_end *end, u32 want, u32 send)
{
	struct sock *sk = end->sock->sk;

	end->buf = kzalloc(PP_MAX_SIZE, GFP_KERNEL);
	if (!end->buf)
		return -ENOMEM;
	end->want = want;
	end->send = send;
	init_completion(&end->arrived);
	INIT_WORK(&end->work, pp_work);
	sk->sk_allocation = GFP_NOIO;
	sk->sk_use_task_frag = false;
	tcp_sock_set_nodelay(sk);
	write_lock_bh(&sk->sk_callback_lock);
	end->saved = sk->sk_data_ready;
	sk->sk_user_data = end;
	sk->sk_data_ready = pp_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	return 0;
}

static void pp_stop(struct pp_end *end)
{
	struct sock *sk;

	if (!end->sock)
		return;
	sk = end->sock->sk;
	if (end->saved) {
		write_lock_bh(&sk->sk_callback_lock);
		sk->sk_user_data = NULL;
		sk->sk_data_ready = end->saved;
		write_unlock_bh(&sk->sk_callback_lock);
		cancel_work_sync(&end->work);
	}
	kernel_sock_shutdown(end->sock, SHUT_RDWR);
	sock_release(end->sock);
	kfree(end->buf);
}

/* Two sockets that are connected with each other. */
static int pp_connect(struct pp_end *client, struct pp_end *server)
{
	struct sockaddr_storage addr = {};
	struct sockaddr_in *in = (struct sockaddr_in *)&addr;
	struct socket *listener;
	int err;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &listener);
	if (err)
		return err;
	err = compat_kernel_bind(listener, &addr, sizeof(*in)) ?: kernel_listen(listener, 1);
	if (!err && kernel_getsockname(listener, (struct sockaddr *)&addr) < 0)
		err = -EIO;
	if (!err)
		err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &client->sock);
	if (!err)
		err = compat_kernel_connect(client->sock, &addr, sizeof(*in), 0);
	if (!err)
		err = kernel_accept(listener, &server->sock, 0);
	sock_release(listener);
	return err;
}

static int pp_compare(const void *a, const void *b)
{
	return *(const u32 *)a < *(const u32 *)b ? -1 : *(const u32 *)a > *(const u32 *)b;
}

static int pp_play(struct pp_end *client, struct pp_end *server, u32 *samples)
{
	unsigned long deadline = jiffies + pp.seconds * HZ;
	ktime_t start = ktime_get(), before = start, now = start;
	u64 n = 0;
	u32 kept;
	int err;

	while (time_before(jiffies, deadline)) {
		if (signal_pending(current))
			return -EINTR;
		err = pp_send(client, 1);
		if (err)
			return err;
		if (!wait_for_completion_timeout(&client->arrived, PP_LOST))
			return READ_ONCE(server->err) ?: -ETIMEDOUT;
		now = ktime_get();
		samples[n++ & (PP_MAX_SAMPLES - 1)] = min_t(s64, ktime_sub(now, before), U32_MAX);
		before = now;
	}
	kept = min_t(u64, n, PP_MAX_SAMPLES);
	sort(samples, kept, sizeof(*samples), pp_compare, NULL);
	pp.ops = n;
	pp.ns = ktime_sub(now, start);
	pp.p50 = samples[kept / 2];
	pp.p99 = samples[kept - 1 - kept / 100];
	return client->err ?: server->err;
}

/* Requests in flight on all connections, each sent again when it is answered. */
static int pp_stream(struct pp_pair *pairs)
{
	ktime_t start = ktime_get();
	unsigned int i;
	int err = 0;

	pp.p50 = 0;
	pp.p99 = 0;
	for (i = 0; i < pp.depth; i++)
		atomic_inc(&pairs[i % pp.sockets].client.due);
	for (i = 0; i < pp.sockets; i++)
		queue_work(pp.wq, &pairs[i].client.work);
	if (msleep_interruptible(pp.seconds * MSEC_PER_SEC))
		err = -EINTR;
	for (i = 0; i < pp.sockets; i++) {
		pp.ops += READ_ONCE(pairs[i].client.ops);
		err = err ?: READ_ONCE(pairs[i].client.err) ?: READ_ONCE(pairs[i].server.err);
	}
	pp.ns = ktime_sub(ktime_get(), start);
	return err;
}

static int pp_pair_start(struct pp_pair *pair, bool stream)
{
	int err;

	pair->server.answers = true;
	pair->client.answers = stream;
	err = pp_connect(&pair->client, &pair->server);
	if (!err)
		err = pp_start(&pair->server, pp.request, pp.response);
	if (!err)
		err = pp_start(&pair->client, pp.response, pp.request);
	return err;
}

static int pp_run(void)
{
	bool stream = pp.sockets > 1 || pp.depth > 1;
	struct pp_pair *pairs;
	unsigned int i;
	u32 *samples;
	int err = 0;

	pp.ops = 0;
	if (!in_range(pp.request, 1, PP_MAX_SIZE) || !in_range(pp.response, 1, PP_MAX_SIZE) ||
	    !in_range(pp.seconds, 1, PP_MAX_SECONDS) || !in_range(pp.sockets, 1, PP_MAX_SOCKETS) ||
	    !in_range(pp.depth, pp.sockets, PP_MAX_DEPTH))
		return -ERANGE;
	samples = kvcalloc(PP_MAX_SAMPLES, sizeof(*samples), GFP_KERNEL);
	pairs = kcalloc(pp.sockets, sizeof(*pairs), GFP_KERNEL);
	if (!samples || !pairs)
		err = -ENOMEM;
	for (i = 0; !err && i < pp.sockets; i++)
		err = pp_pair_start(&pairs[i], stream);
	if (!err)
		err = stream ? pp_stream(pairs) : pp_play(&pairs->client, &pairs->server, samples);
	for (i = 0; pairs && i < pp.sockets; i++) {
		pp_stop(&pairs[i].client);
		pp_stop(&pairs[i].server);
	}
	kfree(pairs);
	kvfree(samples);
	return err;
}

/* ---- debugfs ---- */

static ssize_t run_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	int err = mutex_lock_interruptible(&pp.lock);

	if (err)
		return err;
	err = pp_run();
	mutex_unlock(&pp.lock);
	return err ?: len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.write = run_write,
};

static int result_show(struct seq_file *m, void *unused)
{
	guard(mutex)(&pp.lock);
	seq_printf(m, "sockets %u\ndepth %u\n", pp.sockets, pp.depth);
	seq_printf(m, "request %u\nresponse %u\nops %llu\nduration_ns %llu\nops_per_sec %llu\n",
		   pp.request, pp.response, pp.ops, pp.ns,
		   pp.ops ? mul_u64_u64_div_u64(pp.ops, NSEC_PER_SEC, pp.ns) : 0);
	seq_printf(m, "p50_ns %u\np99_ns %u\n", pp.p50, pp.p99);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static int __init pp_init(void)
{
	/* as the transport's */
	pp.wq = alloc_workqueue("tcp_pingpong", WQ_PERCPU | WQ_MEM_RECLAIM, 0);
	if (!pp.wq)
		return -ENOMEM;
	pp.debugfs = debugfs_create_dir("tcp_pingpong", NULL);
	debugfs_create_u32("request", 0600, pp.debugfs, &pp.request);
	debugfs_create_u32("response", 0600, pp.debugfs, &pp.response);
	debugfs_create_u32("seconds", 0600, pp.debugfs, &pp.seconds);
	debugfs_create_u32("sockets", 0600, pp.debugfs, &pp.sockets);
	debugfs_create_u32("depth", 0600, pp.debugfs, &pp.depth);
	debugfs_create_file("run", 0200, pp.debugfs, NULL, &run_fops);
	debugfs_create_file("result", 0400, pp.debugfs, NULL, &result_fops);
	return 0;
}
module_init(pp_init);

static void __exit pp_exit(void)
{
	debugfs_remove(pp.debugfs);
	destroy_workqueue(pp.wq);
}
module_exit(pp_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Round trips over TCP inside the kernel, for benchmarks");
