// SPDX-License-Identifier: GPL-2.0-only
/*
 * CoF over TCP, for both ends: messages follow each other in the byte stream.
 *
 * Receiving happens in data_ready, that is in the softirq that received the
 * segment (or in release_sock(), for what came while somebody had the socket):
 * no thread hop, and correct because a socket calls back only under its own
 * lock, so there is one reader at a time. Data that arrives is copied into the
 * connection's one receive buffer (conn->rx, under the socket lock), whose size was fixed before,
 * and wiped after use. A FIN may be announced (state_change) before the data of its own
 * segment: so the end of a connection is handled by the worker, which reads
 * first what is left.
 *
 * Sending is tcp_sendmsg_locked() with MSG_DONTWAIT, under the socket lock: payload is copied
 * (slab memory must not be spliced), several messages to a call, and the buffers are wiped and
 * free again. No room in the socket: write_space queues the worker again (and a timer, in case
 * it was memory that lacked). The context that sends:
 *
 * - The target answers, where it received, what was computed at once: data_ready has the socket
 *   locked, and all answers to what one segment brought go together. As espintcp does, memory
 *   is then GFP_ATOMIC.
 * - A submitter who may sleep, and whose message is the only one.
 * - One worker per connection, for everything else.
 *
 * The hop through a thread is most of what a single operation takes. The last two hold
 * conn->tx_mutex.
 *
 * The worker runs on the CPU that submitted, and does not preempt: what else the
 * submitter has is in the queue when it begins, and the answers of a target in the
 * same kernel find the same worker at work. One with priority sends each message
 * alone, one on another CPU begins with an interrupt there.
 *
 * Locks: conn->tx_mutex, then the socket lock, then sk_callback_lock (read), then whatever the
 * user's recv() takes, then conn->tx_lock. Nobody holds two sockets' locks: an association within
 * one kernel passes through the backlog queue of the loopback device. Buffers are given back,
 * which may make the user submit more, without the socket lock; but not by a target in
 * data_ready, whom nobody tells.
 *
 * Closing: deafen under the socket lock (no recv() after that), let the
 * worker send what is queued, restore the socket's callbacks under
 * sk_callback_lock (no callback runs after that), disable timer and worker, wait for a
 * submitter who sends, release the socket.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/busy_poll.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <trace/events/sock.h>
#include <compat/net.h>
#include "../conn.h"
#include "../stream.h"
#include "../transport.h"

#define COF_TCP_BATCH		16	/* messages in one sendmsg */
#define COF_TCP_ROUNDS		8	/* sendmsg calls before the worker lets others run */
#define COF_TCP_BACKLOG		1024
#define COF_TCP_ACCEPTS		16	/* connections accepted before others run, or the end */
#define COF_TCP_CONNECT_MS	3000
#define COF_TCP_LINGER_MS	200
/* Nothing acknowledged for so long: TCP gives up. Its retransmissions take their time. */
#define COF_TCP_DEAD_MS(kato)	max(2 * (kato), 2000U)
#define COF_TCP_KATO_MS		5000	/* while it is not known */

/* The socket's own callbacks, while ours are in place. */
struct cof_tcp_saved {
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*write_space)(struct sock *sk);
};

/**
 * struct cof_tcp_conn - a connection
 * @conn: the common part
 * @sock: the socket; NULL once closed, which is under conn->tx_mutex
 * @saved: its callbacks
 * @started: ours are in place
 * @sending: under the socket lock: messages taken from conn->tx_queue
 * @in_send: likewise: tcp_sendmsg_locked() has some of them, and may call data_ready
 * @broken: likewise: sending failed
 * @eof: the peer closed; the worker reads the rest and reports
 * @messages: received; for the worker that polls, overflows
 * @tx_work: the worker
 * @retry: queues the worker
 * @idle: woken when nothing is left to send
 */
struct cof_tcp_conn {
	struct cof_conn conn;
	struct socket *sock;
	struct cof_tcp_saved saved;
	bool started;
	struct list_head sending;
	bool in_send;
	bool broken;
	bool eof;
	unsigned int messages;
	struct work_struct tx_work;
	struct delayed_work retry;
	wait_queue_head_t idle;
};

/**
 * struct cof_tcp_listener - a listener
 * @listener: the common part
 * @sock: the socket
 * @opts: of connections that are accepted
 * @saved_data_ready: its callback, while ours is in place
 * @work: accepts; delayed when accepting failed
 */
struct cof_tcp_listener {
	struct cof_listener listener;
	struct socket *sock;
	struct cof_net_opts opts;
	void (*saved_data_ready)(struct sock *sk);
	struct delayed_work work;
};

static struct workqueue_struct *cof_tcp_wq;
static struct cof_transport cof_tcp_transport;

static struct cof_tcp_conn *to_tcp(struct cof_conn *conn)
{
	return container_of(conn, struct cof_tcp_conn, conn);
}

static int addr_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in);
}

/* ---- receiving ----------------------------------------------------------- */

static int cof_tcp_rx_actor(read_descriptor_t *desc, struct sk_buff *skb,
			    unsigned int offset, size_t len)
{
	struct cof_tcp_conn *tc = desc->arg.data;
	size_t left = len;
	u32 room;
	u8 *to;
	int ret;

	while (left && !test_bit(COF_CONN_DEAF, &tc->conn.state)) {
		to = cof_stream_room(&tc->conn.rx, &room);
		room = min_t(size_t, room, left);
		ret = skb_copy_bits(skb, offset, to, room);
		if (!ret)
			ret = cof_stream_advance(&tc->conn.rx, &room);
		offset += room;
		left -= room;
		if (ret < 0) {
			set_bit(COF_CONN_DEAF, &tc->conn.state);
			cof_conn_error(&tc->conn, -EPROTO);
		} else if (ret) {
			cof_conn_deliver(&tc->conn, tc->conn.rx.buf, tc->conn.rx.have);
			WRITE_ONCE(tc->messages, tc->messages + 1);
			cof_stream_next(&tc->conn.rx);
		}
	}
	return len;
}

/*
 * Socket lock held (or owned), bottom halves disabled. Reading stops for good at an
 * urgent byte; nobody has a reason to send one.
 */
static void cof_tcp_read(struct cof_tcp_conn *tc)
{
	read_descriptor_t desc = { .arg.data = tc, .count = 1 };
	struct sock *sk = tc->sock->sk;

	tcp_read_sock(sk, &desc, cof_tcp_rx_actor);
	if (unlikely(tcp_sk(sk)->urg_data)) {
		set_bit(COF_CONN_DEAF, &tc->conn.state);
		cof_conn_error(&tc->conn, -EPROTO);
	}
}

static void cof_tcp_state_change(struct sock *sk)
{
	struct cof_tcp_conn *tc;

	read_lock_bh(&sk->sk_callback_lock);
	tc = sk->sk_user_data;
	if (tc && sk->sk_state != TCP_ESTABLISHED) {
		WRITE_ONCE(tc->eof, true);
		queue_work(cof_tcp_wq, &tc->tx_work);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void cof_tcp_write_space(struct sock *sk)
{
	struct cof_tcp_conn *tc;

	read_lock_bh(&sk->sk_callback_lock);
	tc = sk->sk_user_data;
	if (tc && sk_stream_is_writeable(sk)) {
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		queue_work(cof_tcp_wq, &tc->tx_work);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

/* The peer closed or reset the connection, or it timed out. */
static void cof_tcp_end(struct cof_tcp_conn *tc)
{
	struct sock *sk = tc->sock->sk;
	int err;

	lock_sock(sk);
	local_bh_disable();
	cof_tcp_read(tc);
	err = -READ_ONCE(sk->sk_err);
	if (!err || err == -EPROTO)	/* of ICMP; here it says that the peer sent garbage */
		err = -ECONNRESET;
	cof_conn_error(&tc->conn, err);
	local_bh_enable();
	release_sock(sk);
}

/* ---- sending ------------------------------------------------------------- */

/* @sent bytes of what is being sent are gone. */
static void cof_tcp_sent(struct cof_tcp_conn *tc, u32 sent, struct list_head *done)
{
	struct cof_txbuf *buf, *next;
	u32 n;

	list_for_each_entry_safe(buf, next, &tc->sending, list) {
		n = min(sent, buf->len - buf->sent);
		buf->sent += n;
		sent -= n;
		if (buf->sent < buf->len)
			break;
		list_move_tail(&buf->list, done);
	}
}

/* Nothing can be sent any more: all goes to @done. */
static void cof_tcp_give_up(struct cof_tcp_conn *tc, struct list_head *done)
{
	do
		list_splice_tail_init(&tc->sending, done);
	while (cof_conn_take_tx(&tc->conn, &tc->sending, COF_TCP_BATCH));
}

/*
 * Bytes sent; 0: nothing to send, or nothing will be; -EAGAIN: no room; other: broken, from now
 * on. Buffers that are not needed any more are added to @done. Socket lock held.
 */
static int cof_tcp_send_batch(struct cof_tcp_conn *tc, struct list_head *done)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec vec[COF_TCP_BATCH];
	struct cof_txbuf *buf;
	unsigned int n = 0;
	u32 len = 0;
	int ret;

	if (unlikely(tc->broken)) {
		cof_tcp_give_up(tc, done);
		return 0;
	}
	cof_conn_take_tx(&tc->conn, &tc->sending, COF_TCP_BATCH - list_count_nodes(&tc->sending));
	list_for_each_entry(buf, &tc->sending, list) {
		vec[n].iov_base = buf->data + buf->sent;
		vec[n].iov_len = buf->len - buf->sent;
		len += vec[n++].iov_len;
	}
	if (!n)
		return 0;

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, vec, n, len);
	tc->in_send = true;
	ret = tcp_sendmsg_locked(tc->sock->sk, &msg, len);
	tc->in_send = false;
	if (!ret || ret == -EAGAIN)
		return -EAGAIN;
	if (ret < 0)
		WRITE_ONCE(tc->broken, true);
	else if (ret == len)
		list_splice_tail_init(&tc->sending, done);
	else
		cof_tcp_sent(tc, ret, done);
	return ret;
}

#ifdef CONFIG_NET_RX_BUSY_POLL
static bool cof_tcp_polls(const struct cof_tcp_conn *tc)
{
	return READ_ONCE(tc->sock->sk->sk_ll_usec);
}

struct cof_tcp_poll {
	struct cof_tcp_conn *tc;
	unsigned int messages;
};

static bool cof_tcp_poll_ends(void *data, unsigned long start)
{
	struct cof_tcp_poll *poll = data;
	struct cof_tcp_conn *tc = poll->tc;

	return READ_ONCE(tc->messages) != poll->messages || READ_ONCE(tc->eof) ||
	       !cof_conn_tx_idle(&tc->conn) || sk_busy_loop_timeout(tc->sock->sk, start);
}

/*
 * All is sent: an answer, or the next request, may be about to come. A socket whose data
 * is taken by data_ready is never waited for by its owner, so nobody else would poll.
 */
static void cof_tcp_poll(struct cof_tcp_conn *tc)
{
	struct cof_tcp_poll poll = { .tc = tc, .messages = READ_ONCE(tc->messages) };
	struct sock *sk = tc->sock->sk;
	unsigned int napi = READ_ONCE(sk->sk_napi_id);

	if (cof_tcp_polls(tc) && napi >= MIN_NAPI_ID)
		napi_busy_loop(napi, cof_tcp_poll_ends, &poll, false, BUSY_POLL_BUDGET);
}
#else
static bool cof_tcp_polls(const struct cof_tcp_conn *tc)
{
	return false;
}

static void cof_tcp_poll(struct cof_tcp_conn *tc)
{
}
#endif

/*
 * Sends what is queued. Returns whether nothing is left, now or because it is broken; else the
 * worker, or the timer, goes on. @sent: whether there was something. @locked: the socket is, and
 * nobody is told of buffers that come back; else tx_mutex is held.
 */
static bool cof_tcp_send_queued(struct cof_tcp_conn *tc, bool locked, bool *sent)
{
	struct sock *sk = tc->sock->sk;
	bool idle = false;
	LIST_HEAD(done);
	int ret = 0;
	int i;

	for (i = 0; i < COF_TCP_ROUNDS && !idle; i++) {
		if (!locked)
			lock_sock(sk);
		ret = cof_tcp_send_batch(tc, &done);
		if (!locked)
			release_sock(sk);
		if (!list_empty(&done))
			idle = cof_conn_put_tx_list(&tc->conn, &done);
		if (ret == -EAGAIN) {
			/* The worker has other memory, if that is it. */
			queue_delayed_work(cof_tcp_wq, &tc->retry, locked ? 0 : HZ / 10);
			return false;
		}
		if (!ret)
			break;
		*sent = true;
		if (ret < 0) {
			local_bh_disable();
			cof_conn_error(&tc->conn, ret == -EPIPE ? -ECONNRESET : ret);
			local_bh_enable();
		}
	}
	if (ret && !idle)
		queue_work(cof_tcp_wq, &tc->tx_work);
	/* A waiter looks at it again when it is in the queue. */
	if (wq_has_sleeper(&tc->idle) && cof_conn_tx_idle(&tc->conn))
		wake_up(&tc->idle);
	return !ret || idle;
}

/*
 * In softirq, or in release_sock(): the socket is locked by the caller. Requests may have been
 * answered at once: those answers go now, all together.
 */
static void cof_tcp_data_ready(struct sock *sk)
{
	struct cof_tcp_conn *tc;
	gfp_t allocation;
	bool sent;

	trace_sk_data_ready(sk);
	read_lock_bh(&sk->sk_callback_lock);
	tc = sk->sk_user_data;
	if (!tc)
		goto unlock;
	/*
	 * Only the worker polls after sending. While tcp_sendmsg_locked() flushes the backlog, the
	 * batch that it has is still in tc->sending: answers are left to the worker.
	 */
	if (!tc->conn.accepted || cof_tcp_polls(tc) || tc->in_send) {
		cof_tcp_read(tc);
		goto unlock;
	}
	cof_conn_hold_tx(&tc->conn);
	cof_tcp_read(tc);
	if (!cof_conn_release_tx(&tc->conn))
		goto unlock;
	allocation = sk->sk_allocation;
	sk->sk_allocation = GFP_ATOMIC;
	cof_tcp_send_queued(tc, true, &sent);
	sk->sk_allocation = allocation;
unlock:
	read_unlock_bh(&sk->sk_callback_lock);
}

static void cof_tcp_tx_work(struct work_struct *work)
{
	struct cof_tcp_conn *tc = container_of(work, struct cof_tcp_conn, tx_work);
	/* First: what is to be sent before was queued with it, or earlier. */
	bool shut = test_bit(COF_CONN_SHUT, &tc->conn.state);
	bool sent = false;
	bool all;

	if (xchg(&tc->eof, false))
		cof_tcp_end(tc);
	mutex_lock(&tc->conn.tx_mutex);
	all = cof_tcp_send_queued(tc, false, &sent);
	if (unlikely(shut) && all && !READ_ONCE(tc->broken))
		kernel_sock_shutdown(tc->sock, SHUT_RDWR);
	mutex_unlock(&tc->conn.tx_mutex);
	if (sent && all && !READ_ONCE(tc->broken))
		cof_tcp_poll(tc);
}

/* The worker polls afterwards: the submitter has something else to do. */
static void cof_tcp_send(struct cof_conn *conn)
{
	struct cof_tcp_conn *tc = to_tcp(conn);
	bool sent;

	if (cof_tcp_polls(tc))
		queue_work(cof_tcp_wq, &tc->tx_work);
	else
		cof_tcp_send_queued(tc, false, &sent);
}

static void cof_tcp_retry(struct work_struct *work)
{
	struct cof_tcp_conn *tc = container_of(work, struct cof_tcp_conn, retry.work);

	queue_work(cof_tcp_wq, &tc->tx_work);
}

static void cof_tcp_kick(struct cof_conn *conn)
{
	queue_work(cof_tcp_wq, &to_tcp(conn)->tx_work);
}

/* ---- connections --------------------------------------------------------- */

/*
 * Both ends send something every third of the time-out, so TCP's own probes matter only to
 * a connection whose peer has not much to say: an idle I/O queue, or one without an association.
 */
static void cof_tcp_sock_set_kato(struct sock *sk, unsigned int kato_ms)
{
	int seconds = clamp(kato_ms / 1000, 1U, 300U);

	tcp_sock_set_user_timeout(sk, COF_TCP_DEAD_MS(kato_ms));
	tcp_sock_set_keepidle(sk, seconds);
	tcp_sock_set_keepintvl(sk, max(seconds / 2, 1));
}

static void cof_tcp_set_kato(struct cof_conn *conn, unsigned int kato_ms)
{
	cof_tcp_sock_set_kato(to_tcp(conn)->sock->sk, kato_ms);
}

static void cof_tcp_sock_setup(struct socket *sock, const struct cof_net_opts *opts)
{
	struct sock *sk = sock->sk;

	sk->sk_allocation = GFP_NOIO;
	sk->sk_use_task_frag = false;
	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_keepcnt(sk, 3);
	cof_tcp_sock_set_kato(sk, COF_TCP_KATO_MS);
	if (opts->so_priority)
		sock_set_priority(sk, opts->so_priority);
#ifdef CONFIG_NET_RX_BUSY_POLL
	WRITE_ONCE(sk->sk_ll_usec, opts->busy_poll_us);
#endif
}

/* Owns @sock on success. */
static struct cof_tcp_conn *cof_tcp_conn_new(struct socket *sock,
					     const struct cof_conn_limits *limits,
					     const struct cof_net_opts *opts,
					     const struct sockaddr_storage *peer)
{
	struct cof_tcp_conn *tc;
	int err;

	tc = kzalloc_obj(*tc);
	if (!tc)
		return ERR_PTR(-ENOMEM);
	err = cof_conn_init(&tc->conn, &cof_tcp_transport, limits, peer);
	if (err) {
		kfree(tc);
		return ERR_PTR(err);
	}
	INIT_LIST_HEAD(&tc->sending);
	INIT_WORK(&tc->tx_work, cof_tcp_tx_work);
	INIT_DELAYED_WORK(&tc->retry, cof_tcp_retry);
	init_waitqueue_head(&tc->idle);
	tc->sock = sock;
	cof_tcp_sock_setup(sock, opts);
	return tc;
}

/*
 * A target that is down, and whose port is among those that this host takes for connections of
 * its own: the connection may get that port, and then TCP connects it to itself.
 */
static bool cof_tcp_met_itself(struct socket *sock, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage self = {};
	const struct sockaddr_in6 *peer6 = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in6 *self6 = (const struct sockaddr_in6 *)&self;
	const struct sockaddr_in *peer4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in *self4 = (const struct sockaddr_in *)&self;

	if (kernel_getsockname(sock, (struct sockaddr *)&self) < 0 ||
	    self.ss_family != peer->ss_family)
		return false;
	if (peer->ss_family == AF_INET6)
		return self6->sin6_port == peer6->sin6_port &&
		       ipv6_addr_equal(&self6->sin6_addr, &peer6->sin6_addr);
	return self4->sin_port == peer4->sin_port &&
	       self4->sin_addr.s_addr == peer4->sin_addr.s_addr;
}

static struct cof_conn *cof_tcp_connect(const struct cof_connect_args *args)
{
	unsigned int timeout_ms = args->timeout_ms ?: COF_TCP_CONNECT_MS;
	struct cof_tcp_conn *tc;
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, args->addr->ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return ERR_PTR(err);
	WRITE_ONCE(sock->sk->sk_sndtimeo, msecs_to_jiffies(timeout_ms));
	tc = cof_tcp_conn_new(sock, &args->limits, &args->opts, args->addr);
	if (IS_ERR(tc)) {
		sock_release(sock);
		return ERR_CAST(tc);
	}
	/* The port that it gets is not kept from a listener of this host. */
	sock_set_reuseaddr(sock->sk);
	err = compat_kernel_connect(sock, args->addr, addr_len(args->addr), 0);
	if (!err && cof_tcp_met_itself(sock, args->addr)) {
		/* Nothing is left of it, not even TIME-WAIT. */
		sock_no_linger(sock->sk);
		err = -ECONNREFUSED;
	}
	if (err) {
		cof_conn_close(&tc->conn);
		cof_tcp_transport.free(&tc->conn);
		/* out of time inside the connect call, not on the wire */
		return ERR_PTR(err == -EINPROGRESS || err == -EAGAIN ? -ETIMEDOUT : err);
	}
	return &tc->conn;
}

static int cof_tcp_start(struct cof_conn *conn)
{
	struct cof_tcp_conn *tc = to_tcp(conn);
	struct sock *sk = tc->sock->sk;

	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	tc->saved.data_ready = sk->sk_data_ready;
	tc->saved.state_change = sk->sk_state_change;
	tc->saved.write_space = sk->sk_write_space;
	sk->sk_user_data = tc;
	sk->sk_data_ready = cof_tcp_data_ready;
	sk->sk_state_change = cof_tcp_state_change;
	sk->sk_write_space = cof_tcp_write_space;
	tc->started = true;
	write_unlock_bh(&sk->sk_callback_lock);
	/* Events from before our callbacks were in place. */
	local_bh_disable();
	cof_tcp_read(tc);
	local_bh_enable();
	if (sk->sk_state != TCP_ESTABLISHED) {
		WRITE_ONCE(tc->eof, true);
		queue_work(cof_tcp_wq, &tc->tx_work);
	}
	release_sock(sk);
	return 0;
}

static int cof_tcp_resize(struct cof_conn *conn, const struct cof_conn_limits *limits,
			  u8 **rx_buf)
{
	struct sock *sk = to_tcp(conn)->sock->sk;
	int err;

	lock_sock(sk);
	err = cof_conn_swap_rx(conn, rx_buf, limits->rx_max);
	release_sock(sk);
	return err;
}

static void cof_tcp_close(struct cof_conn *conn)
{
	struct cof_tcp_conn *tc = to_tcp(conn);
	struct sock *sk = tc->sock->sk;
	LIST_HEAD(done);

	lock_sock(sk);
	set_bit(COF_CONN_DEAF, &conn->state);
	release_sock(sk);

	if (tc->started) {
		wait_event_timeout(tc->idle, cof_conn_tx_idle(conn),
				   msecs_to_jiffies(COF_TCP_LINGER_MS));
		lock_sock(sk);
		write_lock_bh(&sk->sk_callback_lock);
		sk->sk_user_data = NULL;
		sk->sk_data_ready = tc->saved.data_ready;
		sk->sk_state_change = tc->saved.state_change;
		sk->sk_write_space = tc->saved.write_space;
		write_unlock_bh(&sk->sk_callback_lock);
		release_sock(sk);
	}
	/* The worker queues the timer, the timer queues the worker. */
	disable_delayed_work_sync(&tc->retry);
	disable_work_sync(&tc->tx_work);
	mutex_lock(&conn->tx_mutex);
	lock_sock(sk);
	cof_tcp_give_up(tc, &done);
	release_sock(sk);
	cof_conn_put_tx_list(conn, &done);
	kernel_sock_shutdown(tc->sock, SHUT_RDWR);
	sock_release(tc->sock);
	tc->sock = NULL;
	mutex_unlock(&conn->tx_mutex);
}

static void cof_tcp_free(struct cof_conn *conn)
{
	struct cof_tcp_conn *tc = to_tcp(conn);

	cof_conn_exit(conn);
	kfree(tc);
}

/* ---- listening ----------------------------------------------------------- */

static void cof_tcp_accept_one(struct cof_tcp_listener *tl, struct socket *sock)
{
	struct sockaddr_storage peer = {};
	struct cof_tcp_conn *tc;

	/* the child's callback and user data are copies of the listener's */
	write_lock_bh(&sock->sk->sk_callback_lock);
	sock->sk->sk_user_data = NULL;
	sock->sk->sk_data_ready = tl->saved_data_ready;
	write_unlock_bh(&sock->sk->sk_callback_lock);

	if (kernel_getpeername(sock, (struct sockaddr *)&peer) < 0) {
		sock_release(sock);
		return;
	}
	tc = cof_tcp_conn_new(sock, &tl->listener.limits, &tl->opts, &peer);
	if (IS_ERR(tc)) {
		sock_release(sock);
		return;
	}
	cof_listener_accept(&tl->listener, &tc->conn);
}

/*
 * A few at a time, so that a flood of connections cannot keep unlisten()
 * waiting. Data in the backlog is not announced again: after an error that
 * may pass (memory) come back by timer.
 */
static void cof_tcp_accept_work(struct work_struct *work)
{
	struct cof_tcp_listener *tl = container_of(work, struct cof_tcp_listener, work.work);
	struct socket *sock;
	int err, i;

	for (i = 0; i < COF_TCP_ACCEPTS; i++) {
		err = kernel_accept(tl->sock, &sock, O_NONBLOCK);
		if (err == -EAGAIN)
			return;
		if (err < 0) {
			queue_delayed_work(cof_tcp_wq, &tl->work, HZ / 10);
			return;
		}
		cof_tcp_accept_one(tl, sock);
	}
	queue_delayed_work(cof_tcp_wq, &tl->work, 0);
}

static void cof_tcp_listen_data_ready(struct sock *sk)
{
	struct cof_tcp_listener *tl;

	trace_sk_data_ready(sk);
	read_lock_bh(&sk->sk_callback_lock);
	tl = sk->sk_user_data;
	if (tl && sk->sk_state == TCP_LISTEN)	/* else a child that was not accepted yet */
		mod_delayed_work(cof_tcp_wq, &tl->work, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

static struct cof_listener *cof_tcp_listen(const struct cof_listen_args *args)
{
	struct cof_tcp_listener *tl;
	struct sock *sk;
	int err;

	tl = kzalloc_obj(*tl);
	if (!tl)
		return ERR_PTR(-ENOMEM);
	cof_listener_init(&tl->listener, &cof_tcp_transport, args);
	tl->opts = args->opts;
	INIT_DELAYED_WORK(&tl->work, cof_tcp_accept_work);
	err = sock_create_kern(&init_net, args->addr->ss_family, SOCK_STREAM, IPPROTO_TCP,
			       &tl->sock);
	if (err)
		goto free_listener;
	sk = tl->sock->sk;
	sock_set_reuseaddr(sk);
	err = compat_kernel_bind(tl->sock, args->addr, addr_len(args->addr));
	if (err)
		goto release_sock;
	write_lock_bh(&sk->sk_callback_lock);
	tl->saved_data_ready = sk->sk_data_ready;
	sk->sk_user_data = tl;
	sk->sk_data_ready = cof_tcp_listen_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	err = kernel_listen(tl->sock, COF_TCP_BACKLOG);
	if (err)
		goto release_sock;
	return &tl->listener;

release_sock:
	sock_release(tl->sock);
free_listener:
	kfree(tl);
	return ERR_PTR(err);
}

static void cof_tcp_unlisten(struct cof_listener *listener)
{
	struct cof_tcp_listener *tl = container_of(listener, struct cof_tcp_listener, listener);
	struct sock *sk = tl->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = tl->saved_data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_delayed_work_sync(&tl->work);
	sock_release(tl->sock);
	kfree(tl);
}

static struct cof_transport cof_tcp_transport = {
	.name		= "tcp",
	.owner		= THIS_MODULE,
	.connect	= cof_tcp_connect,
	.start		= cof_tcp_start,
	.resize		= cof_tcp_resize,
	.set_kato	= cof_tcp_set_kato,
	.kick		= cof_tcp_kick,
	.send		= cof_tcp_send,
	.close		= cof_tcp_close,
	.free		= cof_tcp_free,
	.listen		= cof_tcp_listen,
	.unlisten	= cof_tcp_unlisten,
};

static int __init cof_tcp_init(void)
{
	int err;

	cof_tcp_wq = alloc_workqueue("cof_tcp", WQ_PERCPU | WQ_MEM_RECLAIM, 0);
	if (!cof_tcp_wq)
		return -ENOMEM;
	err = cof_transport_register(&cof_tcp_transport);
	if (err)
		destroy_workqueue(cof_tcp_wq);
	return err;
}
module_init(cof_tcp_init);

static void __exit cof_tcp_exit(void)
{
	cof_transport_unregister(&cof_tcp_transport);
	destroy_workqueue(cof_tcp_wq);
}
module_exit(cof_tcp_exit);

MODULE_DESCRIPTION("Crypto over Fabrics: TCP transport");
MODULE_LICENSE("GPL");
MODULE_ALIAS_COF_TRANSPORT("tcp");
