// SPDX-License-Identifier: GPL-2.0-only
/*
 * rdma_bridge - between CoF over TCP and CoF over RDMA, for peers that only know TCP.
 *
 * rdma_bridge [OPTION]... connect LISTEN TO: each TCP connection is one RDMA connection to TO
 * rdma_bridge [OPTION]... listen LISTEN TO: each RDMA connection is one TCP connection to TO
 *
 * From TCP the stream is cut into messages. What does not begin like one is sent as it is; a
 * message that does not go on for a moment (-p) is sent as far as it is there, which the binding
 * does not allow unless that fills a receive buffer: whoever sent half a message wanted to know
 * what the other end says to it. From RDMA payload goes into the stream as it comes.
 *
 * The end of a TCP stream is rdma_disconnect(), once all that came before was sent. RDMA knows no
 * half-closed connections, and over TCP who stops sending is left by both the kernel's ends, too.
 * In the other direction, a connection that ends, whyever, is closed after all that came of it.
 *
 * Prints 'listening'. One thread for each connection.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/socket.h>
#include "rdma_peer.h"

#define SENDS		16
#define CONNECTS	8	/* at a time: the CM's messages are datagrams */
#define TICK_MS		10
#define STUCK_MS	2000	/* for what cannot be sent, when the sender has gone */
#define RESET_MS	200	/* likewise, but it has gone in anger */
#define STACK		(128 << 10)

static struct {
	unsigned int receives, size, pause_ms;
	bool verbose;
} opt = { .receives = 16, .size = 4096, .pause_ms = 50 };

static struct sockaddr_storage far;
static sem_t connects;

/**
 * struct bridge - a connection
 * @p: RDMA
 * @fd: TCP
 * @in: of TCP, not sent yet
 * @have: bytes of it
 * @left: of the message that is being sent, those that are not sent
 * @quiet: ticks since something came that is not whole
 * @eof: TCP said all it had to say
 * @broken: and does not listen any more
 * @wrong: RDMA broke the rules
 * @ready: receive buffers whose payload TCP did not take yet, in order
 * @lens: of them
 * @first: of them
 * @count: of them
 * @written: of the first one
 */
struct bridge {
	struct peer p;
	int fd;
	uint8_t in[COF_LONGEST];
	unsigned int have, left, quiet;
	bool eof, broken, wrong;
	unsigned int *ready, *lens, first, count, written;
	const char *why;
};

static void ends(struct bridge *b, const char *why)
{
	if (!b->why)
		b->why = why;
}

static void end_of_tcp(struct bridge *b, bool broken)
{
	b->eof = true;
	b->broken = broken;
}

/* ---- RDMA to TCP ---------------------------------------------------------------------------- */

static void receive(struct bridge *b)
{
	unsigned int len, credits;
	const uint8_t *raw;
	int nr;

	while ((nr = peer_poll(&b->p, &len)) >= 0) {
		raw = b->p.rx + (size_t)nr * b->p.size;
		credits = get(raw, 0, 2);
		if (len < COFR_HEADER || get(raw, 2, 6) || b->p.credits + credits > COFR_CREDITS) {
			ends(b, "the peer broke the rules");
			b->wrong = true;
		}
		if (b->wrong)
			continue;
		b->p.credits += credits;
		if (len == COFR_HEADER) {
			peer_give_back(&b->p, nr, false);
			continue;
		}
		b->ready[(b->first + b->count) % b->p.receives] = nr;
		b->lens[(b->first + b->count) % b->p.receives] = len;
		b->count++;
	}
}

static void write_tcp(struct bridge *b)
{
	while (b->count) {
		unsigned int nr = b->ready[b->first], len = b->lens[b->first];
		ssize_t n = 0;

		if (!b->broken) {
			n = send(b->fd, b->p.rx + (size_t)nr * b->p.size + COFR_HEADER + b->written,
				 len - COFR_HEADER - b->written, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0 && (errno == EAGAIN || errno == EINTR))
				return;
			if (n < 0) {
				ends(b, "TCP: cannot write");
				end_of_tcp(b, true);
			}
		}
		if (!b->broken) {
			b->written += n;
			if (b->written < len - COFR_HEADER)
				continue;
		}
		b->written = 0;
		b->first = (b->first + 1) % b->p.receives;
		b->count--;
		peer_give_back(&b->p, nr, true);
	}
}

/* ---- TCP to RDMA ---------------------------------------------------------------------------- */

static void read_tcp(struct bridge *b)
{
	ssize_t n;

	while (!b->eof && b->have < sizeof(b->in)) {
		n = recv(b->fd, b->in + b->have, sizeof(b->in) - b->have, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0) {
			b->have += n;
			b->quiet = 0;
		} else {
			ends(b, n ? "TCP: reset" : "TCP: closed");
			end_of_tcp(b, n);
		}
	}
}

/* The length of the message that begins here, 0 if none does. */
static unsigned int message_length(const uint8_t *raw)
{
	uint32_t length = get(raw, 8, 4);

	if (get(raw, 0, 4) != COF_MAGIC || length < COF_HEADER || length > COF_LONGEST)
		return 0;
	return length;
}

/* Sends what is whole, or what there is if nothing came for a while. True: there is a part. */
static bool cut(struct bridge *b)
{
	bool hurry = b->eof || b->quiet * TICK_MS >= opt.pause_ms, partial = false;
	unsigned int chunk = b->p.peer_size - COFR_HEADER, at = 0, n;

	while (at < b->have) {
		const uint8_t *raw = b->in + at;
		unsigned int have = b->have - at;

		if (!b->left) {
			partial = have < 12 && !hurry;
			if (partial)
				break;
			b->left = have < 12 ? 0 : message_length(raw);
		}
		n = b->left ? b->left : have;
		if (n > chunk)
			n = chunk;
		partial = n > have && !hurry;
		if (partial)
			break;
		if (n > have)
			n = have;
		if (!peer_may_send(&b->p))
			break;
		if (peer_send(&b->p, raw, n)) {
			b->p.over = true;
			break;
		}
		at += n;
		b->left -= n < b->left ? n : b->left;
	}
	b->have -= at;
	memmove(b->in, b->in + at, b->have);
	if (!b->have)
		b->quiet = 0;
	return partial;
}

/* -------------------------------------------------------------------------------------------- */

static void take_events(struct bridge *b)
{
	struct rdma_cm_event *event;

	while (!rdma_get_cm_event(b->p.events, &event)) {
		if (event->event != RDMA_CM_EVENT_ESTABLISHED)
			ends(b, rdma_event_str(event->event));
		peer_take_event(&b->p, event);
		rdma_ack_cm_event(event);
	}
}

/* Both ways, until one of both ends has gone. */
static void pump(struct bridge *b)
{
	struct pollfd pfd[3] = {
		{ .fd = b->fd },
		{ .fd = b->p.channel->fd, .events = POLLIN },
		{ .fd = b->p.events->fd, .events = POLLIN },
	};
	uint64_t stuck = 0;

	fcntl(b->p.events->fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		bool partial;
		int timeout = -1;

		peer_arm(&b->p);
		receive(b);
		write_tcp(b);
		if (b->p.over || b->wrong)
			break;
		if (b->p.established)
			read_tcp(b);
		partial = b->p.established && cut(b);
		if (2 * b->p.owed >= b->p.receives && b->p.owed_payload && b->p.credits &&
		    b->p.established && peer_tx(&b->p) && peer_send(&b->p, NULL, 0))
			b->p.over = true;
		if (b->p.over)
			break;
		if (b->eof) {
			if (!b->have && !b->p.busy)
				break;
			if (!stuck)
				stuck = now_ms() + (b->broken ? RESET_MS : STUCK_MS);
			if (now_ms() >= stuck)
				break;
			timeout = 100;
		} else if (partial) {
			timeout = TICK_MS;
		}
		pfd[0].events = 0;
		if (!b->eof && b->p.established && b->have < sizeof(b->in))
			pfd[0].events |= POLLIN;
		if (b->count)
			pfd[0].events |= POLLOUT;
		/* A socket that was reset is ready all the time. */
		pfd[0].fd = b->broken ? -1 : b->fd;
		/* Several ticks, not one: a machine that stood still has to get on in between. */
		if (!poll(pfd, 3, timeout) && partial)
			b->quiet++;
		if (pfd[0].fd >= 0 && pfd[0].revents & (POLLERR | POLLHUP) && !pfd[0].events) {
			ends(b, "TCP: reset");
			end_of_tcp(b, true);
		}
		if (pfd[2].revents)
			take_events(b);
	}
}

/* What came before the end, then the end. */
static void finish_tcp(struct bridge *b)
{
	struct pollfd pfd = { .fd = b->fd, .events = POLLOUT };
	uint64_t end = now_ms() + 5000;

	receive(b);
	write_tcp(b);
	while (b->count && !b->broken && now_ms() < end) {
		poll(&pfd, 1, 100);
		write_tcp(b);
	}
	shutdown(b->fd, SHUT_WR);
	/* Unread data would make it a reset. */
	pfd.events = POLLIN;
	end = now_ms() + 200;
	while (!b->eof && now_ms() < end) {
		b->have = 0;
		read_tcp(b);
		if (!b->eof)
			poll(&pfd, 1, 20);
	}
}

static void run(struct bridge *b)
{
	pump(b);
	if (!b->p.over) {
		rdma_disconnect(b->p.id);
		/* The other end may have said something meanwhile: our queue has it. */
		finish_tcp(b);
		close(b->fd);
		fcntl(b->p.events->fd, F_SETFL, 0);
		for (uint64_t end = now_ms() + 3000; !b->p.over && now_ms() < end;)
			peer_wait(&b->p, RDMA_CM_EVENT_DISCONNECTED, end - now_ms(), NULL);
	} else {
		finish_tcp(b);
		close(b->fd);
		rdma_disconnect(b->p.id);
	}
	if (opt.verbose)
		fprintf(stderr, "rdma_bridge: %s; credits %u, owed %u, not sent %u\n",
			b->why ? b->why : "error",
			b->p.credits, b->p.owed, b->have);
}

static struct bridge *bridge_new(void)
{
	struct bridge *b = calloc(1, sizeof(*b));

	if (b) {
		b->fd = -1;
		b->p.receives = opt.receives;
		b->p.post = opt.receives;
		b->p.size = opt.size;
		b->p.sends = SENDS;
		b->ready = calloc(opt.receives, sizeof(*b->ready));
		b->lens = calloc(opt.receives, sizeof(*b->lens));
	}
	if (!b || !b->ready || !b->lens) {
		fprintf(stderr, "rdma_bridge: no memory\n");
		exit(1);
	}
	return b;
}

static void bridge_free(struct bridge *b)
{
	peer_close(&b->p);
	free(b->ready);
	free(b->lens);
	free(b);
}

static void tcp_options(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void *from_tcp(void *arg)
{
	struct bridge *b = arg;
	enum peer_result result;

	while (sem_wait(&connects))
		;
	result = peer_connect(&b->p, (struct sockaddr *)&far);
	sem_post(&connects);
	if (result == PEER_OK) {
		run(b);
	} else {
		if (opt.verbose)
			fprintf(stderr, "rdma_bridge: not connected (%s, status %u)\n",
				result == PEER_REJECTED ? "rejected" : "failed",
				b->p.reject_status);
		close(b->fd);
	}
	bridge_free(b);
	return NULL;
}

static void *from_rdma(void *arg)
{
	struct bridge *b = arg;
	struct rdma_conn_param param;
	uint8_t raw[COFR_PRIVATE];

	b->fd = socket(far.ss_family, SOCK_STREAM, 0);
	private_data(raw, &b->p);
	conn_param(&param, raw, sizeof(raw));
	if (b->fd < 0 || connect(b->fd, (struct sockaddr *)&far, far.ss_family == AF_INET6 ?
				 sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) ||
	    peer_open(&b->p) || peer_open_tx(&b->p)) {
		if (opt.verbose)
			perror("rdma_bridge: not connected");
		peer_reject(b->p.id, S_BUSY);
	} else if (!rdma_accept(b->p.id, &param)) {
		tcp_options(b->fd);
		run(b);
		b->fd = -1;
	}
	if (b->fd >= 0)
		close(b->fd);
	bridge_free(b);
	return NULL;
}

static void start(void *(*function)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	if (pthread_create(&thread, &attr, function, arg)) {
		perror("rdma_bridge: thread");
		exit(1);
	}
	pthread_attr_destroy(&attr);
}

static void listen_tcp(const char *where)
{
	struct sockaddr_storage addr = { };
	int one = 1, fd;

	parse_address(where, &addr);
	fd = socket(addr.ss_family, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, addr.ss_family == AF_INET6 ?
		 sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) || listen(fd, 256)) {
		perror(where);
		exit(1);
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		struct bridge *b;
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			continue;
		tcp_options(conn);
		b = bridge_new();
		b->fd = conn;
		start(from_tcp, b);
	}
}

/* A connection of its own event channel, or rejected. */
static void take_request(struct rdma_cm_event *event)
{
	struct bridge *b = bridge_new();
	struct rdma_cm_id *id = event->id;
	unsigned int status = take_private_data(&b->p, event->param.conn.private_data,
						event->param.conn.private_data_len);

	rdma_ack_cm_event(event);
	b->p.events = rdma_create_event_channel();
	b->p.id = id;
	if (!status && b->p.events && !rdma_migrate_id(id, b->p.events)) {
		start(from_rdma, b);
		return;
	}
	peer_reject(id, status ? status : S_BUSY);
	bridge_free(b);
}

static void listen_rdma(const char *where)
{
	struct rdma_event_channel *events;
	struct rdma_cm_event *event;

	rdma_listen_at(&events, where);
	puts("listening");
	fflush(stdout);
	for (;;) {
		if (rdma_get_cm_event(events, &event))
			continue;
		if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST)
			take_request(event);
		else
			rdma_ack_cm_event(event);
	}
}

static const char usage[] =
	"rdma_bridge [OPTION]... connect TCP_ADDRESS:PORT RDMA_ADDRESS:PORT\n"
	"rdma_bridge [OPTION]... listen RDMA_ADDRESS:PORT TCP_ADDRESS:PORT\n\n"
	"  -r RECEIVES  receive buffers of each connection (default 16)\n"
	"  -s SIZE      bytes of each (default 4096)\n"
	"  -p MS        a message that does not go on for so long is sent as it is (default 50)\n"
	"  -e           ends when its standard input does\n"
	"  -v           say why connections end\n";

static void *watch_input(void *unused)
{
	char byte;

	(void)unused;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	exit(0);
}

int main(int argc, char **argv)
{
	bool input = false;
	int c;

	while ((c = getopt(argc, argv, "r:s:p:ev")) != -1) {
		switch (c) {
		case 'r':
			opt.receives = atoi(optarg);
			break;
		case 's':
			opt.size = atoi(optarg);
			break;
		case 'p':
			opt.pause_ms = atoi(optarg);
			break;
		case 'e':
			input = true;
			break;
		case 'v':
			opt.verbose = true;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind + 3 != argc || opt.receives < COFR_RECEIVES ||
	    opt.receives > COFR_RECEIVES_MAX || opt.size < 512 || opt.size > 65536) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	many_files();
	parse_address(argv[optind + 2], &far);
	sem_init(&connects, 0, CONNECTS);
	if (input)
		start(watch_input, NULL);
	if (!strcmp(argv[optind], "connect"))
		listen_tcp(argv[optind + 1]);
	else if (!strcmp(argv[optind], "listen"))
		listen_rdma(argv[optind + 1]);
	fputs(usage, stderr);
	return 2;
}
