/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end of CoF over RDMA, by Documentation/crypto/cof-protocol.rst and not by the kernel's code.
 * Nothing here insists on the rules: rdma_bridge keeps them, rdma_hostile does not.
 */
#ifndef RDMA_PEER_H
#define RDMA_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#define COFR_MAGIC	0x52464f43
#define COFR_VERSION	1
#define COFR_PRIVATE	16
#define COFR_REJECT	8
#define COFR_HEADER	8
#define COFR_CREDITS	4096	/* held at a time */
#define COFR_RECEIVES	4	/* at least; and at most: */
#define COFR_RECEIVES_MAX 2048
#define COF_MAGIC	0x31464f43
#define COF_HEADER	32
#define COF_LONGEST	65536

enum { S_BUSY = 5, S_VERSION = 9, S_INVALID = 11, S_PROTOCOL = 15, S_TIMEOUT = 17 };

enum peer_result { PEER_OK, PEER_REJECTED, PEER_FAILED };

/**
 * struct peer - a connection
 * @receives: receive buffers that we have
 * @size: of each of them
 * @sends: send buffers, made once the other end's size is known
 * @tx_size: of each of them, the same as @peer_size unless it is set before
 * @post: of the receive buffers, those that are posted before the connection is made
 * @peer_size: of the other end's receive buffers
 * @credits: SENDs that it takes
 * @owed: receive buffers of ours that are posted again, which it does not know
 * @owed_payload: of these, those that had payload
 * @busy: send buffers in use
 * @established: both ends know
 * @over: nothing comes any more, nothing can be sent
 * @reject: why it did not want us: magic, version, status; valid if @reject_len
 */
struct peer {
	struct rdma_event_channel *events;
	struct rdma_cm_id *id;
	struct ibv_pd *pd;
	struct ibv_comp_channel *channel;
	struct ibv_cq *cq;
	struct ibv_mr *rx_mr, *tx_mr;
	uint8_t *rx, *tx;
	unsigned int receives, size, sends, tx_size, post;
	unsigned int peer_size, credits, owed, owed_payload;
	unsigned int busy, *tx_free;
	unsigned int acks;
	bool established, over;
	unsigned int reject_len;
	uint32_t reject_magic;
	uint16_t reject_version, reject_status;
};

static inline void put(uint8_t *raw, size_t at, unsigned int bytes, uint64_t value)
{
	while (bytes--) {
		raw[at++] = value;
		value >>= 8;
	}
}

static inline uint64_t get(const uint8_t *raw, size_t at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | raw[at + bytes];
	return value;
}

static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static inline void private_data(uint8_t *raw, const struct peer *p)
{
	memset(raw, 0, COFR_PRIVATE);
	put(raw, 0, 4, COFR_MAGIC);
	put(raw, 4, 2, COFR_VERSION);
	put(raw, 6, 2, p->receives);
	put(raw, 8, 4, p->size);
}

/* 0, or the status of a rejection. The length is what the CM made of it: not less. */
static inline unsigned int take_private_data(struct peer *p, const uint8_t *raw, size_t len)
{
	if (len < COFR_PRIVATE || get(raw, 0, 4) != COFR_MAGIC)
		return S_INVALID;
	if (get(raw, 4, 2) != COFR_VERSION)
		return S_VERSION;
	p->credits = get(raw, 6, 2);
	p->peer_size = get(raw, 8, 4);
	if (p->credits < COFR_RECEIVES || p->credits > COFR_RECEIVES_MAX ||
	    p->peer_size < 512 || p->peer_size > COF_LONGEST || get(raw, 12, 4))
		return S_INVALID;
	return 0;
}

static inline int peer_post_receive(struct peer *p, unsigned int nr)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)p->rx + (size_t)nr * p->size, .length = p->size,
		.lkey = p->rx_mr->lkey,
	};
	struct ibv_recv_wr wr = { .wr_id = nr, .sg_list = &sge, .num_sge = 1 }, *bad;

	return ibv_post_recv(p->id->qp, &wr, &bad);
}

/* A free send buffer, NULL if there is none. */
static inline uint8_t *peer_tx(struct peer *p)
{
	return p->busy < p->sends ? p->tx + (size_t)p->tx_free[p->busy] * p->tx_size : NULL;
}

/* SENDs what was put into peer_tx(). */
static inline int peer_post_send(struct peer *p, size_t len)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)peer_tx(p), .length = len, .lkey = p->tx_mr->lkey,
	};
	struct ibv_send_wr wr = {
		.wr_id = p->tx_free[p->busy] | 1ULL << 32, .sg_list = &sge, .num_sge = !!len,
		.opcode = IBV_WR_SEND, .send_flags = IBV_SEND_SIGNALED,
	}, *bad;
	int ret = ibv_post_send(p->id->qp, &wr, &bad);

	if (!ret)
		p->busy++;
	return ret;
}

/* A SEND that keeps the rules, if the caller has the credits for it. */
static inline int peer_send(struct peer *p, const uint8_t *payload, size_t len)
{
	uint8_t *raw = peer_tx(p);
	int ret;

	memset(raw, 0, COFR_HEADER);
	put(raw, 0, 2, p->owed);
	if (len)
		memcpy(raw + COFR_HEADER, payload, len);
	ret = peer_post_send(p, COFR_HEADER + len);
	if (ret)
		return ret;
	p->credits--;
	p->owed = 0;
	p->owed_payload = 0;
	return 0;
}

/* Whether a SEND with payload may go: the last credit is for those that return some. */
static inline bool peer_may_send(const struct peer *p)
{
	return !p->over && p->busy < p->sends && (p->credits > 1 || (p->credits && p->owed));
}

/*
 * The next receive buffer that was filled: its number, and in @len how far. -1: none. What was
 * sent meanwhile is accounted for.
 */
static inline int peer_poll(struct peer *p, unsigned int *len)
{
	struct ibv_wc wc;

	while (p->cq && ibv_poll_cq(p->cq, 1, &wc) > 0) {
		if (wc.wr_id >> 32)
			p->tx_free[--p->busy] = wc.wr_id;
		if (wc.status != IBV_WC_SUCCESS) {
			p->over = true;
			continue;
		}
		p->established = true;
		if (wc.wr_id >> 32)
			continue;
		*len = wc.byte_len;
		return wc.wr_id;
	}
	return -1;
}

/* What was filled may be filled again, and the other end will hear of it. */
static inline int peer_give_back(struct peer *p, unsigned int nr, bool payload)
{
	int ret = p->over ? 0 : peer_post_receive(p, nr);

	if (!ret) {
		p->owed++;
		p->owed_payload += payload;
	}
	return ret;
}

/* Its completions make p->channel->fd readable from now on, until this is called again. */
static inline void peer_arm(struct peer *p)
{
	struct ibv_cq *cq;
	void *context;

	while (!ibv_get_cq_event(p->channel, &cq, &context))
		p->acks++;
	ibv_req_notify_cq(p->cq, 0);
}

static inline int peer_open_tx(struct peer *p)
{
	size_t size;
	unsigned int i;

	if (!p->tx_size)
		p->tx_size = p->peer_size;
	size = (size_t)p->sends * p->tx_size;
	p->tx = calloc(1, size);
	p->tx_free = calloc(p->sends, sizeof(*p->tx_free));
	if (!p->tx || !p->tx_free)
		return -ENOMEM;
	for (i = 0; i < p->sends; i++)
		p->tx_free[i] = i;
	p->tx_mr = ibv_reg_mr(p->pd, p->tx, size, 0);
	return p->tx_mr ? 0 : -errno;
}

/* What receiving needs, on the device of p->id. */
static inline int peer_open(struct peer *p)
{
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC, .sq_sig_all = 0,
		.cap = { .max_send_wr = p->sends, .max_recv_wr = p->receives,
			 .max_send_sge = 1, .max_recv_sge = 1 },
	};
	struct ibv_context *verbs = p->id->verbs;
	size_t rx = (size_t)p->receives * p->size;
	unsigned int i;

	p->rx = calloc(1, rx);
	if (!p->rx)
		return -ENOMEM;
	p->pd = ibv_alloc_pd(verbs);
	p->channel = ibv_create_comp_channel(verbs);
	if (!p->pd || !p->channel)
		return -errno;
	fcntl(p->channel->fd, F_SETFL, O_NONBLOCK);
	p->cq = ibv_create_cq(verbs, p->sends + p->receives, NULL, p->channel, 0);
	p->rx_mr = ibv_reg_mr(p->pd, p->rx, rx, IBV_ACCESS_LOCAL_WRITE);
	if (!p->cq || !p->rx_mr)
		return -errno;
	attr.send_cq = p->cq;
	attr.recv_cq = p->cq;
	if (rdma_create_qp(p->id, p->pd, &attr))
		return -errno;
	peer_arm(p);
	for (i = 0; i < p->post; i++)
		if (peer_post_receive(p, i))
			return -EIO;
	return 0;
}

static inline void peer_close(struct peer *p)
{
	if (p->id && p->id->qp)
		rdma_destroy_qp(p->id);
	if (p->rx_mr)
		ibv_dereg_mr(p->rx_mr);
	if (p->tx_mr)
		ibv_dereg_mr(p->tx_mr);
	if (p->cq) {
		ibv_ack_cq_events(p->cq, p->acks);
		ibv_destroy_cq(p->cq);
	}
	if (p->channel)
		ibv_destroy_comp_channel(p->channel);
	if (p->pd)
		ibv_dealloc_pd(p->pd);
	if (p->id)
		rdma_destroy_id(p->id);
	if (p->events)
		rdma_destroy_event_channel(p->events);
	free(p->rx);
	free(p->tx);
	free(p->tx_free);
	memset(p, 0, sizeof(*p));
}

static inline void peer_take_event(struct peer *p, const struct rdma_cm_event *event)
{
	const uint8_t *raw = event->param.conn.private_data;

	switch (event->event) {
	case RDMA_CM_EVENT_ESTABLISHED:
		p->established = true;
		break;
	case RDMA_CM_EVENT_REJECTED:
		p->over = true;
		if (event->status != 28 || event->param.conn.private_data_len < COFR_REJECT)
			break;		/* not by the consumer */
		p->reject_len = event->param.conn.private_data_len;
		p->reject_magic = get(raw, 0, 4);
		p->reject_version = get(raw, 4, 2);
		p->reject_status = get(raw, 6, 2);
		break;
	case RDMA_CM_EVENT_ADDR_RESOLVED:
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		break;
	default:
		p->over = true;
		break;
	}
}

/* Waits for this event: 0, or -1 if it is another or none. */
static inline int peer_wait(struct peer *p, enum rdma_cm_event_type wanted, int timeout_ms,
			    unsigned int *invalid)
{
	struct pollfd pfd = { .fd = p->events->fd, .events = POLLIN };
	struct rdma_cm_event *event;
	int ret = -1;

	if (poll(&pfd, 1, timeout_ms) <= 0 || rdma_get_cm_event(p->events, &event))
		return -1;
	if (event->event == wanted)
		ret = 0;
	if (!ret && invalid)
		*invalid = take_private_data(p, event->param.conn.private_data,
					     event->param.conn.private_data_len);
	peer_take_event(p, event);
	rdma_ack_cm_event(event);
	return ret;
}

static inline void conn_param(struct rdma_conn_param *param, const uint8_t *raw, size_t len)
{
	memset(param, 0, sizeof(*param));
	param->private_data = raw;
	param->private_data_len = len;
	param->retry_count = 7;
	param->rnr_retry_count = 0;
}

static inline enum peer_result peer_connect_with(struct peer *p, struct sockaddr *to,
						 const uint8_t *raw, size_t len)
{
	struct rdma_conn_param param;
	unsigned int invalid;

	p->events = rdma_create_event_channel();
	if (!p->events || rdma_create_id(p->events, &p->id, NULL, RDMA_PS_TCP))
		return PEER_FAILED;
	if (rdma_resolve_addr(p->id, NULL, to, 3000) ||
	    peer_wait(p, RDMA_CM_EVENT_ADDR_RESOLVED, 5000, NULL))
		return PEER_FAILED;
	if (rdma_resolve_route(p->id, 3000) ||
	    peer_wait(p, RDMA_CM_EVENT_ROUTE_RESOLVED, 5000, NULL) || peer_open(p))
		return PEER_FAILED;
	conn_param(&param, raw, len);
	if (rdma_connect(p->id, &param))
		return PEER_FAILED;
	if (peer_wait(p, RDMA_CM_EVENT_ESTABLISHED, 20000, &invalid))
		return p->reject_len ? PEER_REJECTED : PEER_FAILED;
	return invalid || peer_open_tx(p) ? PEER_FAILED : PEER_OK;
}

static inline enum peer_result peer_connect(struct peer *p, struct sockaddr *to)
{
	uint8_t raw[COFR_PRIVATE];

	private_data(raw, p);
	return peer_connect_with(p, to, raw, sizeof(raw));
}

/* After that the other end disconnects, too, or is not there. Drops what it still says. */
static inline void peer_disconnect(struct peer *p, int timeout_ms)
{
	uint64_t end = now_ms() + timeout_ms;

	if (rdma_disconnect(p->id))
		return;
	while (!p->over && now_ms() < end)
		peer_wait(p, RDMA_CM_EVENT_DISCONNECTED, end - now_ms(), NULL);
}

static inline void peer_reject(struct rdma_cm_id *id, unsigned int status)
{
	uint8_t raw[COFR_REJECT];

	put(raw, 0, 4, COFR_MAGIC);
	put(raw, 4, 2, COFR_VERSION);
	put(raw, 6, 2, status);
	rdma_reject(id, raw, sizeof(raw));
}

/* ADDRESS:PORT, [ADDRESS]:PORT */
static inline void parse_address(const char *text, struct sockaddr_storage *addr)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM }, *found;
	char host[64];
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : sizeof(host);

	if (len && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (!colon || len >= sizeof(host))
		goto bad;
	memcpy(host, text, len);
	host[len] = 0;
	if (getaddrinfo(host, colon + 1, &hints, &found))
		goto bad;
	memcpy(addr, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return;
bad:
	fprintf(stderr, "%s: not an ADDRESS:PORT\n", text);
	exit(2);
}

static inline struct rdma_cm_id *rdma_listen_at(struct rdma_event_channel **events,
						const char *where)
{
	struct sockaddr_storage addr = { };
	struct rdma_cm_id *id;

	parse_address(where, &addr);
	*events = rdma_create_event_channel();
	if (!*events || rdma_create_id(*events, &id, NULL, RDMA_PS_TCP) ||
	    rdma_bind_addr(id, (struct sockaddr *)&addr) || rdma_listen(id, 256)) {
		perror(where);
		exit(1);
	}
	return id;
}

static inline void many_files(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

#endif
