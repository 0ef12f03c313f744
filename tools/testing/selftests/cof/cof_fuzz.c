// SPDX-License-Identifier: GPL-2.0-only
/*
 * cof_fuzz - malformed and truncated CoF messages, many of them.
 *
 * cof_fuzz target: a hostile initiator, in every state that a connection of the target has:
 *	new		before CONNECT
 *	connecting	behind CONNECT, which is not answered yet
 *	admin		on the admin connection of an association
 *	io		on its I/O connection, with operations in flight
 *	closing		behind DISCONNECT, or behind what ended the association
 * cof_fuzz initiator: a hostile target: it answers what an initiator asks, mostly wrongly, and says
 * what nobody asked for. States are those of the connection that it accepted.
 *
 * Messages are made well-formed, then spoiled: a field gets a value from the edge (most of those
 * the peer has to answer), or bits, lengths and bytes are broken (it has to close). They are sent
 * in odd segments. Each worker has one association at a time, and makes a new one when it is
 * thrown out.
 *
 * Prints for each state how many were sent, and the verdicts:
 *	answered	responses
 *	refused		DISCONNECT, or CONNECT with a status
 *	closed		connections that the peer closed
 *	left		connections that we closed, in the midst of whatever
 * Exit status 0: all were sent, and the peer was there to the end.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAGIC		0x31464f43
#define MAX_RAW		9000
#define MAX_WORKERS	16
#define DEPTH		64
#define FEATURES	12	/* INLINE_KEY, ABORT: all but digests, which nobody computes here */

enum { CONNECT = 1, DISCONNECT, IDENTIFY, KEY_OPEN, KEY_CLOSE, KEEP_ALIVE, EVENT };
enum { ENCRYPT = 0x40, DECRYPT, SIGN, VERIFY, ABORT = 0x48, QUERY = 0x49 };
enum state { NEW, CONNECTING, ADMIN, IO, CLOSING, STATES };

static const char * const state_names[STATES] = {
	"new", "connecting", "admin", "io", "closing",
};

struct counts {
	uint64_t sent[STATES];
	uint64_t answered;
	uint64_t refused;
	uint64_t closed;
	uint64_t left;
	uint64_t associations;
	uint64_t vain;		/* attempts to connect */
};

struct conn {
	int fd;
	bool over;		/* the peer closed it, or said so */
	unsigned int in_flight;
	size_t have;
	uint8_t in[MAX_RAW];
};

static struct {
	const char *host, *pool;
	int port;
	uint64_t count, seed;
	unsigned int workers, seconds;
	uint8_t key[4096];
	size_t key_len;
} opt = { .host = "fuzz", .pool = "pool0", .port = 4430, .count = 10000, .workers = 2 };

static struct counts *counts;	/* of this worker; shared with the parent */
static uint64_t rng;
static atomic_bool stop;

static uint64_t next(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 0x2545f4914f6cdd1dULL >> 16;
}

static uint64_t below(uint64_t n)
{
	return next() % n;
}

static void put(uint8_t *raw, size_t at, unsigned int bytes, uint64_t value)
{
	while (bytes--) {
		raw[at++] = value;
		value >>= 8;
	}
}

static uint64_t get(const uint8_t *raw, size_t at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | raw[at + bytes];
	return value;
}

/* ---- well-formed messages ------------------------------------------------------------------ */

static size_t header(uint8_t *raw, unsigned int opcode, unsigned int flags, size_t hlen,
		     size_t data, uint64_t tag)
{
	memset(raw, 0, hlen);
	put(raw, 0, 4, MAGIC);
	put(raw, 4, 2, opcode);
	put(raw, 6, 2, flags);
	put(raw, 8, 4, hlen + data);
	put(raw, 12, 2, hlen);
	put(raw, 16, 8, tag);
	return hlen + data;
}

static size_t connect_message(uint8_t *raw, unsigned int qid, const uint8_t *cookie)
{
	size_t len = header(raw, CONNECT, 0, 208, 0, next());

	put(raw, 32, 2, 1);
	put(raw, 34, 2, 1);
	put(raw, 36, 2, qid);
	put(raw, 44, 4, 8192);
	if (!qid) {
		put(raw, 38, 2, 2);
		put(raw, 40, 4, DEPTH);
		put(raw, 48, 4, 30000);
		put(raw, 56, 8, below(3) ? FEATURES : below(2) ? 0 : 15);
	} else {
		memcpy(raw + 64, cookie, 16);
	}
	snprintf((char *)raw + 80, 64, "%s", opt.host);
	snprintf((char *)raw + 144, 64, "%s", opt.pool);
	return len;
}

static size_t io_message(uint8_t *raw, unsigned int opcode, uint64_t handle)
{
	size_t src = opcode == SIGN ? 32 : opcode == ENCRYPT ? 20 : 128;
	size_t digest = opcode == VERIFY ? 32 : 0;
	size_t i, key;

	if (opcode == ABORT || opcode == QUERY) {
		header(raw, opcode, 0, 40, 0, next());
		put(raw, 32, 8, next());
		return 40;
	}
	key = below(24) ? 0 : opt.key_len;	/* more than four in flight are the end */
	header(raw, opcode, 0, 64, src + digest + key, next());
	put(raw, 32, 8, key ? 0 : handle);
	raw[40] = 1;
	raw[41] = 1;
	raw[42] = opcode == SIGN || opcode == VERIFY ? 6 : 0;
	raw[43] = 1;
	put(raw, 44, 4, src);
	put(raw, 48, 4, digest);
	put(raw, 52, 4, opcode == VERIFY ? 0 : 512);
	for (i = 0; i < src + digest; i++)
		raw[64 + i] = next();
	if (!key)
		return 64 + src + digest;
	put(raw, 56, 4, key);
	raw[60] = 1;
	memcpy(raw + 64 + src + digest, opt.key, key);
	return 64 + src + digest + key;
}

static size_t admin_message(uint8_t *raw, uint64_t handle)
{
	switch (below(5)) {
	case 0:
		return header(raw, IDENTIFY, 0, 32, 0, next());
	case 1:
		return header(raw, KEEP_ALIVE, 0, 32, 0, next());
	case 2:
		header(raw, KEY_CLOSE, 0, 40, 0, next());
		put(raw, 32, 8, below(4) ? next() : handle);
		return 40;
	default:
		header(raw, KEY_OPEN, 0, 40, opt.key_len, next());
		raw[32] = 1;
		raw[33] = 1;
		put(raw, 36, 4, opt.key_len);
		memcpy(raw + 40, opt.key, opt.key_len);
		return 40 + opt.key_len;
	}
}

static size_t io_any(uint8_t *raw, uint64_t handle)
{
	static const uint8_t opcodes[] = { ENCRYPT, DECRYPT, SIGN, VERIFY, ABORT, QUERY };

	return io_message(raw, opcodes[below(ARRAY_SIZE(opcodes))], handle);
}

/* ---- spoiling them ------------------------------------------------------------------------- */

static uint64_t edge(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 511, 512, 513, 4095, 4096,
		4097, 8191, 8192, 8193, 65535, 65536, 65537, 0x7fffffff, 0x80000000, 0xfffffffe,
		0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};

	return edges[below(ARRAY_SIZE(edges))];
}

/* Values that a peer has to answer: the message can still be told from the next one. */
static void spoil_value(uint8_t *raw, size_t len)
{
	switch (get(raw, 4, 2)) {
	case CONNECT:
		put(raw, 32 + 2 * below(10), below(2) ? 2 : 4, edge());
		put(raw, 52, 4, 0);
		return;
	case KEY_OPEN:
		if (below(2))
			raw[32 + below(2)] = next();
		else
			raw[40 + below(len - 40)] ^= 1 << below(8);
		return;
	case KEY_CLOSE:
	case ABORT:
	case QUERY:
		put(raw, 32, 8, edge());
		return;
	case ENCRYPT:
	case DECRYPT:
	case SIGN:
	case VERIFY:
		switch (below(5)) {
		case 0:
			put(raw, 32, 8, below(2) ? edge() : 1ULL << below(64));
			return;
		case 4:				/* data: a key, perhaps */
			raw[64 + below(len - 64)] ^= 1 << below(8);
			return;
		case 1:
			raw[40 + below(4)] = edge();
			return;
		case 2:
			put(raw, 52, 4, edge());
			return;
		default:
			raw[60] = next();
			return;
		}
	default:		/* an opcode that nobody knows */
		put(raw, 4, 2, 0x80 + below(0xff00));
		return;
	}
}

/* Rules that are broken: the peer has to close, or waits for what never comes. The new length. */
static size_t spoil_form(uint8_t *raw, size_t len)
{
	static const uint8_t fields[][2] = {
		{ 0, 4 }, { 4, 2 }, { 6, 2 }, { 8, 4 }, { 12, 2 }, { 14, 2 }, { 24, 4 }, { 28, 4 },
		{ 36, 4 }, { 44, 4 }, { 48, 4 }, { 56, 4 }, { 61, 2 },
	};
	unsigned int times = below(4) ? 1 : 1 + below(16);

	while (times--) {
		size_t field = below(ARRAY_SIZE(fields)), at = below(len);
		size_t n = 1 + below(8);

		switch (below(6)) {
		case 0:
			if (fields[field][0] + 4u <= len)
				put(raw, fields[field][0], fields[field][1], edge());
			break;
		case 1:
			raw[below(len < 64 ? len : 64)] ^= 1 << below(8);
			break;
		case 2:
			raw[at] ^= 1 << below(8);
			break;
		case 3:				/* cut off */
			len = at + 1;
			break;
		case 4:				/* bytes are missing */
			if (at + n < len) {
				memmove(raw + at, raw + at + n, len - at - n);
				len -= n;
			}
			break;
		default:			/* bytes too many */
			if (len + n > MAX_RAW)
				break;
			memmove(raw + at + n, raw + at, len - at);
			len += n;
			break;
		}
	}
	return len;
}

/* ---- connections --------------------------------------------------------------------------- */

static void conn_close(struct conn *conn)
{
	if (conn->fd < 0)
		return;
	if (conn->over)
		counts->closed++;
	else
		counts->left++;
	close(conn->fd);
	conn->fd = -1;
}

static void conn_init(struct conn *conn, int fd)
{
	struct timeval limit = { .tv_sec = 5 };
	int one = 1;

	conn->fd = fd;
	conn->over = false;
	conn->in_flight = 0;
	conn->have = 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static bool conn_open(struct conn *conn)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(opt.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	/* No time-wait: there are more connections than ports. */
	struct linger linger = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	conn->fd = -1;
	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return false;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	conn_init(conn, fd);
	return true;
}

static void conn_send(struct conn *conn, const uint8_t *raw, size_t len)
{
	while (len && !conn->over) {
		size_t part = below(4) ? len : 1 + below(len);
		ssize_t sent = send(conn->fd, raw, part, MSG_NOSIGNAL);

		if (sent < 0) {
			conn->over = true;
			return;
		}
		raw += sent;
		len -= sent;
	}
}

/* The next whole message, into conn->in; its length, 0 if there is none (yet). */
static size_t conn_receive(struct conn *conn, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = conn->fd, .events = POLLIN };
	size_t len = 0;
	ssize_t got;

	for (;;) {
		if (conn->have >= 32) {
			len = get(conn->in, 8, 4);
			if (get(conn->in, 0, 4) != MAGIC || len < 32 || len > MAX_RAW) {
				fprintf(stderr, "cof_fuzz: the peer sent what is no message\n");
				_exit(1);
			}
			if (conn->have >= len)
				return len;
		}
		if (poll(&poll_fd, 1, timeout_ms) <= 0)
			return 0;
		got = recv(conn->fd, conn->in + conn->have, sizeof(conn->in) - conn->have, 0);
		if (got <= 0) {
			conn->over = true;
			return 0;
		}
		conn->have += got;
	}
}

static void conn_consume(struct conn *conn, size_t len)
{
	conn->have -= len;
	memmove(conn->in, conn->in + len, conn->have);
}

static void sent(enum state state)
{
	counts->sent[state]++;
}

static uint64_t total(const struct counts *of)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < STATES; i++)
		sum += of->sent[i];
	return sum;
}

/* ---- a hostile initiator ------------------------------------------------------------------- */

/* What the target said meanwhile. */
static void listen_to(struct conn *conn, int timeout_ms)
{
	size_t len;

	while (!conn->over && (len = conn_receive(conn, timeout_ms))) {
		if (get(conn->in, 4, 2) == DISCONNECT) {
			counts->refused++;
			conn->over = true;
		} else {
			counts->answered++;
			if (conn->in_flight)
				conn->in_flight--;
		}
		conn_consume(conn, len);
		timeout_ms = 0;
	}
}

/* One more request: not more than are granted, or that is what ends it every time. */
static void request(struct conn *conn, const uint8_t *raw, size_t len, unsigned int depth)
{
	listen_to(conn, 0);
	while (!conn->over && conn->in_flight >= depth) {
		unsigned int before = conn->in_flight;

		listen_to(conn, 100);
		if (conn->in_flight == before)
			return;		/* it waits for the rest of a message */
	}
	conn->in_flight++;
	conn_send(conn, raw, len);
}

static bool ask_connect(struct conn *conn, unsigned int qid, uint8_t *cookie)
{
	uint8_t raw[MAX_RAW];
	size_t len = connect_message(raw, qid, cookie);
	bool fine;

	conn_send(conn, raw, len);
	len = conn_receive(conn, 5000);
	fine = len == 88 && !get(conn->in, 14, 2);
	if (fine && !qid)
		memcpy(cookie, conn->in + 72, 16);
	if (!fine)
		counts->refused++;
	conn_consume(conn, len);
	return fine;
}

static size_t any_message(uint8_t *raw)
{
	static const uint8_t none[16];

	switch (below(3)) {
	case 0:
		return connect_message(raw, below(3), none);
	case 1:
		return admin_message(raw, next());
	default:
		return io_any(raw, next());
	}
}

static void stranger(struct conn *conn)
{
	static const uint8_t none[16];
	uint8_t raw[MAX_RAW];
	enum state state = NEW;
	size_t len;

	if (!conn_open(conn)) {
		counts->vain++;
		return;
	}
	if (!below(4)) {
		state = CONNECTING;
		len = connect_message(raw, 0, none);
		conn_send(conn, raw, len);
	}
	len = any_message(raw);
	if (get(raw, 4, 2) == CONNECT && below(2))
		spoil_value(raw, len);
	else
		len = spoil_form(raw, len);
	conn_send(conn, raw, len);
	sent(state);
	if (!below(8))
		shutdown(conn->fd, SHUT_WR);
	listen_to(conn, below(4) ? 0 : 10);
	conn_close(conn);
}

static void closing(struct conn *conn)
{
	unsigned int n = 1 + below(6);
	uint8_t raw[MAX_RAW];

	while (n--) {
		size_t len = spoil_form(raw, any_message(raw));

		/* conn->over is about what it said: what it hears is another matter */
		if (send(conn->fd, raw, len, MSG_NOSIGNAL) < 0)
			return;
		sent(CLOSING);
	}
}

static void association(struct conn *admin, struct conn *io)
{
	uint8_t raw[MAX_RAW], cookie[16] = { };
	unsigned int n = 200;
	uint64_t handle = 0;
	size_t len;

	io->fd = -1;
	if (!conn_open(admin)) {
		counts->vain++;
		return;
	}
	if (!ask_connect(admin, 0, cookie) || !conn_open(io) || !ask_connect(io, 1, cookie)) {
		usleep(1000);
		goto out;
	}
	counts->associations++;
	do {
		len = admin_message(raw, 0);
	} while (get(raw, 4, 2) != KEY_OPEN);
	conn_send(admin, raw, len);
	len = conn_receive(admin, 5000);
	if (len == 48)
		handle = get(admin->in, 32, 8);
	conn_consume(admin, len);

	while (n-- && !admin->over && !io->over) {
		bool on_io = below(8);
		struct conn *conn = on_io ? io : admin;
		unsigned int depth = on_io ? 48 : 12;

		if (on_io && !below(8))		/* something to be in flight, and a pause for it */
			request(io, raw, io_message(raw, SIGN, handle), depth);
		len = on_io ? io_any(raw, handle) : admin_message(raw, next());
		if (below(40))
			spoil_value(raw, len);
		else if (below(8))
			len = spoil_form(raw, len);
		else
			len = any_message(raw);	/* fine, but perhaps not here */
		request(conn, raw, len, depth);
		sent(on_io ? IO : ADMIN);
	}
	if (!admin->over && !io->over && below(2)) {
		struct conn *conn = below(2) ? io : admin;

		conn_send(conn, raw, header(raw, DISCONNECT, 0, 32, 0, 0));
	}
	closing(io);
	closing(admin);
	listen_to(io, below(4) ? 0 : 10);
	listen_to(admin, below(4) ? 0 : 10);
out:
	conn_close(io);
	conn_close(admin);
}

static void hostile_initiator(uint64_t count)
{
	static struct conn admin, io;

	while (!stop && total(counts) < count && counts->vain < 1000) {
		int n = 8;

		association(&admin, &io);
		while (n--)
			stranger(&admin);
	}
}

/* ---- a hostile target ---------------------------------------------------------------------- */

/* A response as the request wants it, but for what is computed. */
static size_t response(uint8_t *raw, const uint8_t *req)
{
	unsigned int opcode = get(req, 4, 2);
	uint64_t tag = get(req, 16, 8);
	size_t len, i;

	switch (opcode) {
	case CONNECT:
		len = header(raw, opcode, 1, 88, 0, tag);
		put(raw, 32, 2, 1);
		put(raw, 34, 2, 1);
		memcpy(raw + 36, req + 36, 2);
		put(raw, 38, 2, 1);
		put(raw, 40, 4, 8);
		put(raw, 44, 4, 8192);
		put(raw, 48, 4, 5000);
		put(raw, 64, 8, 1);
		memset(raw + 72, 7, 16);
		/* An I/O connection has the features of its association: the cookie tells. */
		if (!get(req, 36, 2))
			raw[72] = below(2) ? get(req, 56, 8) & FEATURES : 0;
		else
			memcpy(raw + 72, req + 64, 16);
		raw[56] = raw[72] & FEATURES;
		return len;
	case IDENTIFY:
		len = header(raw, opcode, 1, 168, 0, tag);
		put(raw, 32, 4, 2);
		put(raw, 36, 4, 15);
		put(raw, 40, 4, 3);
		put(raw, 44, 4, 0x3f1);
		put(raw, 48, 4, 512);
		put(raw, 52, 4, 4096);
		put(raw, 56, 4, 64);
		put(raw, 60, 4, 4096);
		put(raw, 100, 4, 32);
		return len;
	case KEY_OPEN:
		len = header(raw, opcode, 1, 48, 0, tag);
		put(raw, 32, 8, next() | 1);
		put(raw, 40, 4, 256);
		return len;
	case ENCRYPT:
	case DECRYPT:
	case SIGN:
	case VERIFY:
		len = opcode == VERIFY ? 0 : 1 + below(512);
		header(raw, opcode, 1, 40, len, tag);
		put(raw, 32, 4, len);
		for (i = 0; i < len; i++)
			raw[40 + i] = next();
		return 40 + len;
	default:
		return header(raw, opcode, 1, 32, 0, tag);
	}
}

/* What nobody asked for and everybody has to bear: late answers, events. */
static size_t babble(uint8_t *raw, bool io)
{
	static const uint8_t opcodes[2][4] = {
		{ KEY_OPEN, KEY_CLOSE, KEEP_ALIVE, IDENTIFY }, { ENCRYPT, DECRYPT, SIGN, VERIFY },
	};
	uint8_t req[32];

	if (!io && !below(4)) {
		header(raw, EVENT, 0, 40, 0, 0);
		put(raw, 32, 4, 4 + below(1000));
		return 40;
	}
	header(req, opcodes[io][below(4)], 0, 32, 0, next() | 1ULL << 63);
	return response(raw, req);
}

static enum state state_of(unsigned int requests, bool io)
{
	return requests <= 1 ? CONNECTING : io ? IO : ADMIN;
}

/* Answers until it is left, or until this one message is spoiled. */
static void serve(struct conn *conn)
{
	unsigned int requests = 0, good = below(3) ? below(24) : 0;
	uint8_t raw[MAX_RAW];
	bool io = false;
	size_t len;

	if (!below(8)) {		/* before CONNECT came */
		len = spoil_form(raw, any_message(raw));
		conn_send(conn, raw, len);
		sent(NEW);
	}
	while (!stop && (len = conn_receive(conn, 2000))) {
		unsigned int n = below(3) ? 0 : below(400);
		unsigned int opcode = get(conn->in, 4, 2);
		size_t out;

		if (opcode == DISCONNECT) {
			counts->refused++;
			conn->over = true;
			closing(conn);
			break;
		}
		counts->answered++;
		requests++;
		if (opcode == CONNECT)
			io = get(conn->in, 36, 2);
		while (opcode != CONNECT && n--) {
			out = babble(raw, io);
			conn_send(conn, raw, out);
			sent(state_of(requests, io));
		}
		out = response(raw, conn->in);
		conn_consume(conn, len);
		if (requests > good) {
			if (below(3)) {
				out = spoil_form(raw, out);
			} else {	/* a status, a value */
				if (below(2))
					put(raw, 14, 2, below(2) ? below(24) : edge());
				if (out >= 40)
					put(raw, 32 + 4 * below(out / 4 - 8), 4, edge());
			}
			conn_send(conn, raw, out);
			sent(state_of(requests, io));
			if (below(2))
				good = requests + below(8);
		} else {
			conn_send(conn, raw, out);
		}
	}
	if (!conn->over && below(2))
		closing(conn);
}

static void hostile_target(int listener, uint64_t count)
{
	static struct conn conn;
	struct pollfd poll_fd = { .fd = listener, .events = POLLIN };

	while (!stop && total(counts) < count) {
		int fd;

		if (poll(&poll_fd, 1, 1000) <= 0)
			continue;
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;	/* another worker was faster */
		conn_init(&conn, fd);
		counts->associations++;
		serve(&conn);
		conn_close(&conn);
	}
}

static int listen_here(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(opt.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 64)) {
		perror("cof_fuzz: listen");
		exit(1);
	}
	return fd;
}

/* -------------------------------------------------------------------------------------------- */

static const char usage[] =
	"cof_fuzz [OPTION]... target|initiator: be hostile to it\n\n"
	"  -p PORT     at 127.0.0.1 (default 4430): to connect to, or to listen at\n"
	"  -h HOSTID   who connects (default fuzz)\n"
	"  -P POOL     to what (default pool0)\n"
	"  -k FILE     an RSAPrivateKey in DER, to be opened\n"
	"  -n COUNT    messages (default 10000)\n"
	"  -t SECONDS  or so long (default: no limit)\n"
	"  -w WORKERS  processes (default 2): target: one association each; initiator: connections\n"
	"  -S SEED     (default: the time; printed)\n";

static void stop_it(int signal_nr)
{
	(void)signal_nr;
	stop = 1;
}

static void read_key(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file) {
		perror(path);
		exit(1);
	}
	opt.key_len = fread(opt.key, 1, sizeof(opt.key), file);
	fclose(file);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop_it };
	struct counts *all, sum = { };
	struct timespec begin, end;
	pid_t workers[MAX_WORKERS];
	int c, i, status, listener = -1, failed = 0;
	uint64_t share;
	bool target;
	double took;

	opt.seed = time(NULL) ^ (uint64_t)getpid() << 32;
	for (i = 0; i < 256; i++)
		opt.key[opt.key_len++] = i;
	while ((c = getopt(argc, argv, "p:h:P:k:n:t:w:S:")) != -1) {
		switch (c) {
		case 'p':
			opt.port = atoi(optarg);
			break;
		case 'h':
			opt.host = optarg;
			break;
		case 'P':
			opt.pool = optarg;
			break;
		case 'k':
			opt.key_len = 0;
			read_key(optarg);
			break;
		case 'n':
			opt.count = strtoull(optarg, NULL, 0);
			break;
		case 't':
			opt.seconds = atoi(optarg);
			break;
		case 'w':
			opt.workers = atoi(optarg);
			break;
		case 'S':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind + 1 != argc || !opt.workers || opt.workers > MAX_WORKERS) {
		fputs(usage, stderr);
		return 2;
	}
	share = (opt.count + opt.workers - 1) / opt.workers;
	target = !strcmp(argv[optind], "target");
	if (!target)
		listener = listen_here();
	printf("# cof_fuzz %s: %llu messages, %u workers, -S %llu\n", argv[optind],
	       (unsigned long long)opt.count, opt.workers, (unsigned long long)opt.seed);
	fflush(stdout);

	all = mmap(NULL, sizeof(*all) * MAX_WORKERS, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < (int)opt.workers; i++) {
		workers[i] = fork();
		if (workers[i])
			continue;
		counts = &all[i];
		rng = (opt.seed + i + 1) * 0x9e3779b97f4a7c15ULL | 1;
		alarm(opt.seconds);
		if (target)
			hostile_initiator(share);
		else
			hostile_target(listener, share);
		_exit(counts->vain >= 1000 ? 1 : 0);
	}
	for (i = 0; i < (int)opt.workers; i++) {
		while (wait(&status) < 0 && errno == EINTR)
			for (c = 0; c < (int)opt.workers; c++)
				kill(workers[c], SIGTERM);
		failed += !!status;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (i = 0; i < (int)opt.workers; i++) {
		for (c = 0; c < STATES; c++)
			sum.sent[c] += all[i].sent[c];
		sum.answered += all[i].answered;
		sum.refused += all[i].refused;
		sum.closed += all[i].closed;
		sum.left += all[i].left;
		sum.associations += all[i].associations;
		sum.vain += all[i].vain;
	}
	took = end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9;
	for (c = 0; c < STATES; c++)
		printf("%s=%llu ", state_names[c], (unsigned long long)sum.sent[c]);
	printf("sent=%llu answered=%llu ",
	       (unsigned long long)total(&sum), (unsigned long long)sum.answered);
	printf("refused=%llu closed=%llu left=%llu associations=%llu vain=%llu",
	       (unsigned long long)sum.refused, (unsigned long long)sum.closed,
	       (unsigned long long)sum.left, (unsigned long long)sum.associations,
	       (unsigned long long)sum.vain);
	printf(" seconds=%.1f per_second=%.0f\n", took, total(&sum) / took);
	return failed ? 1 : 0;
}
