// SPDX-License-Identifier: GPL-2.0-only
/*
 * rdma_hostile - who breaks the rules of CoF over RDMA.
 *
 * rdma_hostile [OPTION]... KIND ADDRESS:PORT: to a target; and it must end as it should
 * rdma_hostile [OPTION]... listen KIND ADDRESS:PORT: to initiators that come
 *
 * Facts are TAP lines without numbers. 'rdma_hostile help' lists the kinds.
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include "rdma_peer.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define STACK		(128 << 10)

enum { CONNECT = 1, DISCONNECT, IDENTIFY, KEY_OPEN, KEY_CLOSE, KEEP_ALIVE };

static struct {
	const char *host, *pool;
	unsigned int count, kato;
	uint64_t seed;
} opt = { .host = "hostile", .pool = "pool0", .count = 100, .kato = 2000 };

static struct sockaddr_storage to;
static int failed;

/**
 * struct heard - what the other end said
 * @messages: how many
 * @empty: SENDs without payload
 * @opcode: of the last message
 * @status: of the last message
 */
struct heard {
	unsigned int messages, empty, opcode, status;
};

static void fact(bool good, const char *format, ...)
{
	va_list args;

	failed += !good;
	printf(good ? "ok " : "not ok ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* ---- chance ---------------------------------------------------------------------------------- */

static __thread uint64_t rng;

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

static void seed(uint64_t nr)
{
	rng = (opt.seed + nr + 1) * 0x9e3779b97f4a7c15ULL | 1;
}

/* ---- messages -------------------------------------------------------------------------------- */

static size_t message(uint8_t *raw, unsigned int opcode, size_t body)
{
	memset(raw, 0, COF_HEADER + body);
	put(raw, 0, 4, COF_MAGIC);
	put(raw, 4, 2, opcode);
	put(raw, 8, 4, COF_HEADER + body);
	put(raw, 12, 2, COF_HEADER + body);
	put(raw, 16, 8, 1);
	return COF_HEADER + body;
}

static size_t connect_message(uint8_t *raw)
{
	size_t len = message(raw, CONNECT, 176);

	put(raw, 32, 2, 1);
	put(raw, 34, 2, 1);
	put(raw, 38, 2, 1);
	put(raw, 40, 4, 8);
	put(raw, 44, 4, 65536);
	put(raw, 48, 4, opt.kato);
	snprintf((char *)raw + 80, 64, "%s", opt.host);
	snprintf((char *)raw + 144, 64, "%s", opt.pool);
	return len;
}

/* ---- a connection ---------------------------------------------------------------------------- */

static void peer_init(struct peer *p)
{
	memset(p, 0, sizeof(*p));
	p->receives = 16;
	p->post = 16;
	p->size = 4096;
	p->sends = 16;
}

/* What @len bytes of @payload, with this before them, say to the other end. */
static bool say(struct peer *p, uint64_t header, const void *payload, size_t len)
{
	uint8_t *raw = p->over ? NULL : peer_tx(p);

	if (!raw)
		return false;
	put(raw, 0, 8, header);
	if (len)
		memcpy(raw + COFR_HEADER, payload, len);
	return !peer_post_send(p, COFR_HEADER + len);
}

/* So many bytes, all of them zero. */
static bool say_nothing(struct peer *p, size_t len)
{
	uint8_t *raw = p->over ? NULL : peer_tx(p);

	if (!raw)
		return false;
	memset(raw, 0, len);
	return !peer_post_send(p, len);
}

/* Until a message came, or the connection ended, or it took too long. True for a message. */
static bool hear(struct peer *p, struct heard *h, int timeout_ms)
{
	struct pollfd pfd[2] = {
		{ .fd = p->channel->fd, .events = POLLIN },
		{ .fd = p->events->fd, .events = POLLIN },
	};
	uint64_t end = now_ms() + timeout_ms;
	unsigned int before = h->messages, len;
	const uint8_t *raw;
	int nr;

	for (;;) {
		peer_arm(p);
		while ((nr = peer_poll(p, &len)) >= 0) {
			raw = p->rx + (size_t)nr * p->size + COFR_HEADER;
			if (len >= COFR_HEADER)
				p->credits += get(raw - COFR_HEADER, 0, 2);
			if (len >= COFR_HEADER + COF_HEADER && get(raw, 0, 4) == COF_MAGIC) {
				h->messages++;
				h->opcode = get(raw, 4, 2);
				h->status = get(raw, 14, 2);
			}
			h->empty += len == COFR_HEADER;
			peer_give_back(p, nr, len > COFR_HEADER);
		}
		if (h->messages > before)
			return true;
		if (p->over || now_ms() >= end)
			return false;
		poll(pfd, 2, end - now_ms());
		if (pfd[1].revents)
			peer_wait(p, RDMA_CM_EVENT_DISCONNECTED, 0, NULL);
	}
}

/* It has to end, for this reason if one is given. Says how it did not, or NULL. */
static const char *ends(struct peer *p, struct heard *h, int status, int timeout_ms)
{
	uint64_t end = now_ms() + timeout_ms;
	int told = -1;

	while (!p->over && now_ms() < end)
		if (hear(p, h, end - now_ms()) && h->opcode == DISCONNECT)
			told = h->status;
	if (!p->over)
		return "the connection lives on";
	if (status >= 0 && told != status) {
		static __thread char text[60];

		snprintf(text, sizeof(text), "reason %d, wanted %d", told, status);
		return text;
	}
	return NULL;
}

static void must_end(struct peer *p, struct heard *h, int status, int timeout_ms,
		     const char *format, ...)
{
	const char *wrong = ends(p, h, status, timeout_ms);
	const char *reason = status == S_PROTOCOL ? "PROTOCOL, " :
			     status == S_TIMEOUT ? "TIMEOUT, " : "";
	char text[120];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fact(!wrong, "%s: %sclosed%s%s", text, reason, wrong ? ": " : "", wrong ? wrong : "");
}

static bool ask(struct peer *p, struct heard *h, const uint8_t *raw, size_t len)
{
	if (!say(p, p->owed, raw, len))
		return false;
	p->owed = 0;
	p->credits--;
	return hear(p, h, 10000);
}

static bool associate(struct peer *p, struct heard *h)
{
	uint8_t raw[256];

	return ask(p, h, raw, connect_message(raw)) && h->opcode == CONNECT && !h->status;
}

static bool begin(struct peer *p, struct heard *h, bool association, const char *what)
{
	enum peer_result result = peer_connect(p, (struct sockaddr *)&to);

	memset(h, 0, sizeof(*h));
	if (result == PEER_OK && (!association || associate(p, h)))
		return true;
	if (what)
		fact(false, "%s: not connected (%d), reject %u, opcode %u, status %u", what, result,
		     p->reject_status, h->opcode, h->status);
	peer_close(p);
	return false;
}

static void end(struct peer *p)
{
	if (!p->over)
		peer_disconnect(p, 3000);
	else
		rdma_disconnect(p->id);
	peer_close(p);
}

/* ---- private data ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned int at, bytes;
	uint64_t value;
	unsigned int status;
} private_fields[] = {
	{ "magic 0", 0, 4, 0, S_INVALID },
	{ "a wrong magic", 0, 4, COF_MAGIC, S_INVALID },
	{ "version 0", 4, 2, 0, S_VERSION },
	{ "version 2", 4, 2, 2, S_VERSION },
	{ "version 65535", 4, 2, 65535, S_VERSION },
	{ "no receives", 6, 2, 0, S_INVALID },
	{ "1 receive", 6, 2, 1, S_INVALID },
	{ "3 receives", 6, 2, 3, S_INVALID },
	{ "2049 receives", 6, 2, 2049, S_INVALID },
	{ "65535 receives", 6, 2, 65535, S_INVALID },
	{ "size 0", 8, 4, 0, S_INVALID },
	{ "size 511", 8, 4, 511, S_INVALID },
	{ "size 65537", 8, 4, 65537, S_INVALID },
	{ "size 4 GiB - 1", 8, 4, 0xffffffff, S_INVALID },
	{ "the reserved field", 12, 4, 1, S_INVALID },
	{ "all ones", 0, 8, ~0ULL, S_INVALID },
};

static void spoil_private(uint8_t *raw, unsigned int nr)
{
	put(raw, private_fields[nr].at, private_fields[nr].bytes, private_fields[nr].value);
}

static void refused(const char *name, const uint8_t *raw, size_t len, unsigned int status)
{
	enum peer_result result;
	struct peer p;

	peer_init(&p);
	result = peer_connect_with(&p, (struct sockaddr *)&to, raw, len);
	fact(result == PEER_REJECTED && p.reject_status == status && p.reject_magic == COFR_MAGIC &&
	     p.reject_version == COFR_VERSION,
	     "private data with %s: rejected: result %d, status %u, magic %#x, version %u", name,
	     result, p.reject_status, p.reject_magic, p.reject_version);
	peer_close(&p);
}

static void kind_private(void)
{
	uint8_t raw[56] = { };
	struct peer p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(private_fields); i++) {
		peer_init(&p);
		private_data(raw, &p);
		spoil_private(raw, i);
		refused(private_fields[i].name, raw, COFR_PRIVATE, private_fields[i].status);
	}
	refused("nothing in it", raw, 0, S_INVALID);
	peer_init(&p);
	private_data(raw, &p);
	refused("its first half", raw, 8, S_INVALID);
	memset(raw, 0xa5, sizeof(raw));
	refused("something else in it", raw, sizeof(raw), S_INVALID);
}

/* ---- SENDs ----------------------------------------------------------------------------------- */

/* What must be the end of a connection, before CONNECT and in an association. */
static void kind_sends(void)
{
	static uint8_t raw[COF_LONGEST], more[256];
	static const struct {
		const char *name;
		uint64_t header;
		unsigned int times;
	} headers[] = {
		{ "reserved field of 16 bits", 1 << 16, 1 },
		{ "reserved field of 32 bits", 1ULL << 32, 1 },
		{ "all bits of the header", ~0ULL, 1 },
		{ "4096 credits more", 4096, 1 },
		{ "65535 credits", 65535, 1 },
		{ "2000 credits three times", 2000, 3 },
	};
	struct heard h;
	struct peer p;
	size_t len, i;
	int assoc;

	for (assoc = 0; assoc < 2; assoc++) {
		const char *state = assoc ? "association" : "before CONNECT";

		for (i = 0; i < 8; i++) {
			peer_init(&p);
			if (!begin(&p, &h, assoc, state))
				continue;
			say_nothing(&p, i);
			must_end(&p, &h, S_PROTOCOL, 8000, "%s: SEND of %zu bytes", state, i);
			end(&p);
		}
		for (i = 0; i < ARRAY_SIZE(headers); i++) {
			unsigned int n = headers[i].times;

			peer_init(&p);
			if (!begin(&p, &h, assoc, state))
				continue;
			while (n--)
				say(&p, headers[i].header, NULL, 0);
			must_end(&p, &h, S_PROTOCOL, 8000, "%s: %s", state, headers[i].name);
			end(&p);
		}
		for (i = 0; i < 6; i++) {
			const char *name = NULL;

			peer_init(&p);
			if (!begin(&p, &h, assoc, state))
				continue;
			len = assoc ? message(raw, KEEP_ALIVE, 0) : connect_message(raw);
			switch (i) {
			case 0:
				name = "a part that does not fill the buffer";
				say(&p, 0, raw, len - 1);
				say(&p, 0, raw + len - 1, 1);
				break;
			case 1:
				name = "one byte";
				say(&p, 0, raw, 1);
				break;
			case 2:
				name = "two messages in a SEND";
				memcpy(raw + len, raw, len);
				say(&p, 0, raw, 2 * len);
				break;
			case 3:
				name = "a byte behind a message";
				raw[len] = 0;
				say(&p, 0, raw, len + 1);
				break;
			case 4:
				name = "a buffer full of nothing";
				memset(raw, 0, sizeof(raw));
				say(&p, 0, raw, p.peer_size - COFR_HEADER);
				break;
			case 5:
				name = "a message in the middle of another";
				message(raw, KEY_OPEN, 0);
				memset(raw + COF_HEADER, 1, sizeof(raw) - COF_HEADER);
				put(raw, 8, 4, p.peer_size + 1000);
				put(raw, 12, 2, 40);
				if (p.peer_size + 1000 > sizeof(raw))
					break;
				say(&p, 0, raw, p.peer_size - COFR_HEADER);
				len = message(more, KEEP_ALIVE, 0);
				say(&p, 0, more, len);
				break;
			}
			if (i == 5 && p.peer_size + 1000 > sizeof(raw)) {
				end(&p);
				continue;
			}
			must_end(&p, &h, S_PROTOCOL, 8000, "%s: %s", state, name);
			end(&p);
		}
		peer_init(&p);
		p.tx_size = COF_LONGEST + 64;
		p.sends = 1;
		if (begin(&p, &h, assoc, state)) {
			say_nothing(&p, p.peer_size + 1);
			must_end(&p, &h, -1, 8000, "%s: SEND longer than the receive buffer",
				 state);
			end(&p);
		}
	}
}

/* What is allowed, however odd. */
static void kind_allowed(void)
{
	static uint8_t raw[COF_LONGEST];
	struct heard h;
	struct peer p;
	size_t len, at, n;
	unsigned int i;

	peer_init(&p);
	if (begin(&p, &h, false, "SENDs without payload")) {
		for (i = 0; i < 1000 && !p.over; i++) {
			while (!peer_may_send(&p) && !p.over && !hear(&p, &h, 20))
				if (p.credits > 1 && p.busy < p.sends)
					break;
			say(&p, p.owed, NULL, 0);
			p.owed = 0;
			p.credits--;
		}
		fact(associate(&p, &h), "1000 SENDs without payload, then CONNECT: taken");
		end(&p);
	}
	/* as long as messages get: parts, one of them behind a SEND without payload */
	peer_init(&p);
	if (begin(&p, &h, true, "a long message")) {
		unsigned int before = h.messages;

		message(raw, KEY_OPEN, 8);
		len = 4000;
		put(raw, 8, 4, len);
		raw[32] = 1;
		raw[33] = 1;
		put(raw, 36, 4, len - 40);
		for (at = 0; at < len; at += n) {
			n = p.peer_size - COFR_HEADER;
			if (n > len - at)
				n = len - at;
			say(&p, p.owed, raw + at, n);
			p.owed = 0;
			if (!at)
				say(&p, 0, NULL, 0);
		}
		if (h.messages == before)
			hear(&p, &h, 8000);
		fact(h.messages > before && h.opcode == KEY_OPEN,
		     "a message of %zu bytes for buffers of %u: answered (opcode %u, status %u)",
		     len, p.peer_size, h.opcode, h.status);
		end(&p);
	}
	for (i = 0; i < 3; i++) {
		static const unsigned int receives[] = { 4, 2048, 4 };
		static const unsigned int sizes[] = { 512, 512, 65536 };

		peer_init(&p);
		p.receives = receives[i];
		p.post = p.receives;
		p.size = sizes[i];
		if (!begin(&p, &h, true, "odd buffers"))
			continue;
		for (n = 0; n < 50; n++) {
			len = message(raw, n & 1 ? IDENTIFY : KEEP_ALIVE, 0);
			if (!ask(&p, &h, raw, len) || h.status)
				break;
		}
		fact(n == 50, "%u receive buffers of %u bytes: %zu of 50 commands", p.receives,
		     p.size, n);
		end(&p);
	}
}

/* Receive buffers that were promised and are not there, too small, or never given back. */
static void kind_buffers(void)
{
	uint8_t raw[256], data[COFR_PRIVATE];
	struct heard h = { };
	struct peer p;
	unsigned int i;
	size_t len;

	peer_init(&p);
	p.post = 0;
	if (begin(&p, &h, false, "no receive buffers")) {
		say(&p, 0, raw, connect_message(raw));
		must_end(&p, &h, -1, 15000, "16 receive buffers promised, none is there");
		end(&p);
	}
	peer_init(&p);
	p.size = 4096;
	private_data(data, &p);
	p.size = 64;
	if (peer_connect_with(&p, (struct sockaddr *)&to, data, sizeof(data)) == PEER_OK) {
		say(&p, 0, raw, connect_message(raw));
		must_end(&p, &h, -1, 15000, "receive buffers of 64 bytes instead of 4096");
	} else {
		fact(false, "small buffers: not connected");
	}
	end(&p);

	/* Nobody who returns no credits may keep answers here for ever. */
	peer_init(&p);
	p.receives = 4;
	p.post = 4;
	if (begin(&p, &h, true, "credits")) {
		for (i = 0; i < 12; i++) {
			len = message(raw, KEEP_ALIVE, 0);
			say(&p, 0, raw, len);
		}
		must_end(&p, &h, -1, 15000, "who never returns credits");
		fact(h.messages < 5, "... hears %u messages", h.messages);
		end(&p);
	}

	/* More than there are credits for. It may be too slow to be noticed. */
	for (i = 0; i < 2; i++) {
		unsigned int n;

		peer_init(&p);
		p.sends = 4096;
		p.tx_size = 64;
		if (!begin(&p, &h, false, "without credits"))
			continue;
		for (n = 0; n < 4096 && !p.over; n++)
			say(&p, 0, raw, i ? message(raw, KEEP_ALIVE, 0) : 0);
		must_end(&p, &h, -1, 15000, "%u SENDs %s for %u credits", n,
			 i ? "with messages" : "without payload", p.credits);
		end(&p);
	}
}

/* ---- connections ----------------------------------------------------------------------------- */

static void kind_silent(void)
{
	uint64_t start = now_ms();
	struct heard h;
	struct peer p;

	peer_init(&p);
	if (begin(&p, &h, false, "silence")) {
		must_end(&p, &h, S_TIMEOUT, 12000, "who says nothing");
		fact(now_ms() - start > 4000, "... after %.1f s", (now_ms() - start) / 1e3);
		end(&p);
	}
	peer_init(&p);
	start = now_ms();
	if (begin(&p, &h, true, "silence")) {
		must_end(&p, &h, S_TIMEOUT, opt.kato + 8000, "who says nothing more");
		fact(now_ms() - start > opt.kato / 2, "... after %.1f s", (now_ms() - start) / 1e3);
		end(&p);
	}
}

/* Nothing of it is heard any more: no acknowledgment, no farewell. */
static void vanish(struct peer *p)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_RESET };

	ibv_modify_qp(p->id->qp, &attr, IBV_QP_STATE);
}

static void kind_gone(void)
{
	unsigned int n = opt.count, i, made = 0, ended = 0;
	struct peer *p = calloc(n, sizeof(*p));
	struct heard h;
	uint64_t until;

	for (i = 0; i < n; i++) {
		peer_init(&p[i]);
		if (!begin(&p[i], &h, i & 1, "gone"))
			continue;
		made++;
		vanish(&p[i]);
	}
	fact(made == n, "%u of %u connections, half of them associations, vanish", made, n);
	until = now_ms() + 30000;
	for (i = 0; i < n; i++) {
		while (p[i].id && !p[i].over && now_ms() < until)
			peer_wait(&p[i], RDMA_CM_EVENT_DISCONNECTED, until - now_ms(), NULL);
		ended += p[i].over;
	}
	fact(ended == made, "... the target gives up %u of them", ended);
	for (i = 0; i < n; i++)
		if (p[i].id)
			end(&p[i]);
	free(p);
}

/* The process is killed in the midst of it. */
static void kind_killed(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		unsigned int i;

		for (i = 0; i < opt.count; i++) {
			struct peer *p = malloc(sizeof(*p));
			uint8_t raw[256];
			struct heard h;

			peer_init(p);
			if (!begin(p, &h, i & 1, "killed"))
				_exit(1);
			say(p, 0, raw, message(raw, IDENTIFY, 0));
		}
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	fact(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	     "a process with %u connections, half of them associations, is killed", opt.count);
}

static void kind_flood(void)
{
	unsigned int n = opt.count, i, made = 0, rejected = 0, busy = 0;
	struct peer *p = calloc(n, sizeof(*p));

	for (i = 0; i < n; i++) {
		enum peer_result result;

		peer_init(&p[i]);
		p[i].receives = 4;
		p[i].post = 4;
		p[i].size = 512;
		result = peer_connect(&p[i], (struct sockaddr *)&to);
		made += result == PEER_OK;
		rejected += result == PEER_REJECTED;
		busy += result == PEER_REJECTED && p[i].reject_status == S_BUSY;
		if (result != PEER_OK)
			peer_close(&p[i]);
	}
	fact(made && made + rejected == n && busy == rejected,
	     "%u connections that say nothing: %u taken, %u rejected, all of these BUSY (%u)", n,
	     made, rejected, busy);
	usleep(500000);
	for (i = 0; i < n; i++)
		if (p[i].id)
			end(&p[i]);
	free(p);
}

/* librdmacm finishes a connection when the program asks for the event. */
static void kind_unfinished(void)
{
	unsigned int n = opt.count, i, made = 0;
	struct peer *p = calloc(n, sizeof(*p));
	struct rdma_conn_param param;
	uint8_t raw[COFR_PRIVATE];
	bool fine = false;

	for (i = 0; i < n; i++) {
		peer_init(&p[i]);
		p[i].receives = 4;
		p[i].post = 4;
		p[i].events = rdma_create_event_channel();
		private_data(raw, &p[i]);
		conn_param(&param, raw, sizeof(raw));
		if (!p[i].events || rdma_create_id(p[i].events, &p[i].id, NULL, RDMA_PS_TCP) ||
		    rdma_resolve_addr(p[i].id, NULL, (struct sockaddr *)&to, 3000) ||
		    peer_wait(&p[i], RDMA_CM_EVENT_ADDR_RESOLVED, 5000, NULL) ||
		    rdma_resolve_route(p[i].id, 3000) ||
		    peer_wait(&p[i], RDMA_CM_EVENT_ROUTE_RESOLVED, 5000, NULL) ||
		    peer_open(&p[i]) || rdma_connect(p[i].id, &param))
			continue;
		made++;
	}
	fact(made == n, "%u of %u connections that are asked for, and never finished", made, n);
	sleep(1);
	for (i = 0; i < 10; i++) {
		struct heard h;
		struct peer good;

		peer_init(&good);
		fine = begin(&good, &h, true, NULL);
		if (fine) {
			end(&good);
			break;
		}
		usleep(500000);
	}
	fact(fine, "... others are served meanwhile (%u attempts in vain)", i);
	for (i = 0; i < n; i++)
		peer_close(&p[i]);
	free(p);
}

/* ---- chance ---------------------------------------------------------------------------------- */

/* One SEND: mostly what begins like something valid. */
static void say_anything(struct peer *p)
{
	uint8_t *raw = p->over ? NULL : peer_tx(p), *payload;
	size_t room = p->tx_size - COFR_HEADER, len, cut = p->peer_size - COFR_HEADER;
	size_t i;

	if (!raw)
		return;
	payload = raw + COFR_HEADER;
	put(raw, 0, 8, 0);
	put(raw, 0, 2, below(4) ? p->owed : below(200));
	p->owed = 0;
	switch (below(6)) {
	case 0:
		len = connect_message(payload);
		break;
	case 1:
		len = message(payload, below(8), below(2) ? 8 : 0);
		break;
	case 2:
		len = below(room);
		for (i = 0; i < len; i++)
			payload[i] = next();
		break;
	case 3:
		len = 0;
		break;
	case 4:				/* the beginning of a long one */
		message(payload, KEY_OPEN, 0);
		put(payload, 8, 4, 32 + below(9000));
		put(payload, 12, 2, 40);
		len = cut < room ? cut : room;
		break;
	default:
		len = message(payload, KEEP_ALIVE, 0);
		break;
	}
	if (!below(6) && len)
		payload[below(len)] ^= 1 << below(8);
	if (!below(8))
		len = below(2) ? below(room) : len + below(40);
	if (len > room)
		len = room;
	len += COFR_HEADER;
	if (!below(20))
		raw[below(8)] ^= 1 << below(8);
	if (!below(30))
		len = below(len + 1);
	peer_post_send(p, len);
}

static void leave_anyhow(struct peer *p)
{
	switch (below(4)) {
	case 0:
		vanish(p);
		break;
	case 1:
		rdma_disconnect(p->id);
		break;
	case 2:
		end(p);
		return;
	}
	peer_close(p);
}

static void kind_fuzz(void)
{
	unsigned int sent = 0, conns = 0, vain = 0, over = 0, messages = 0;

	printf("# -S %llu\n", (unsigned long long)opt.seed);
	fflush(stdout);
	seed(0);
	while (sent < opt.count && vain < 100) {
		unsigned int n = 1 + below(20);
		struct heard h = { };
		struct peer p;

		peer_init(&p);
		p.receives = 4 + below(30);
		p.post = below(10) ? p.receives : below(p.receives);
		p.size = 512 + below(8000);
		p.tx_size = 16384;
		if (!begin(&p, &h, below(2), NULL)) {
			vain++;
			continue;
		}
		conns++;
		while (n-- && !p.over) {
			say_anything(&p);
			sent++;
			if (below(2))
				hear(&p, &h, below(4));
		}
		hear(&p, &h, below(30));
		over += p.over;
		messages += h.messages;
		leave_anyhow(&p);
	}
	fact(sent >= opt.count, "%u random SENDs on %u connections, %u were not made", sent,
	     conns, vain);
	fact(over && messages, "... %u ended by the other end, %u messages came", over, messages);
}

/* ---- initiators ------------------------------------------------------------------------------ */

enum misdeed {
	REJECT_BUSY, REJECT_VERSION, REJECT_INVALID, REJECT_GARBAGE, REJECT_BARE, IGNORE,
	PRIVATE, PRIVATE_NONE, SILENT, DROP, GONE, SHORT, RESERVED, CREDITS, PART, TWO, LONG,
	NO_BUFFERS, SMALL_BUFFERS, GARBAGE, ANY, MISDEEDS
};

static const char * const misdeeds[MISDEEDS] = {
	"reject-busy", "reject-version", "reject-invalid", "reject-garbage", "reject-bare",
	"ignore",
	"private", "private-none", "silent", "drop", "gone", "short", "reserved", "credits", "part",
	"two", "long", "no-buffers", "small-buffers", "garbage", "any",
};

static enum misdeed misdeed;
static unsigned int served;	/* atomic */

static void misbehave(struct peer *p, enum misdeed what)
{
	static const uint8_t zeros[64];
	uint8_t raw[512];
	struct heard h = { };
	size_t len;

	if (what == DROP)
		return;
	/* CONNECT, most likely */
	if (what != GONE && what != SILENT && !hear(p, &h, 3000))
		return;
	len = message(raw, CONNECT, 56);
	put(raw, 6, 2, 1);
	switch (what) {
	case GONE:
		vanish(p);
		break;
	case SHORT:
		say_nothing(p, below(8));
		break;
	case RESERVED:
		say(p, 1ULL << (16 + below(48)), raw, below(2) ? len : 0);
		break;
	case CREDITS:
		say(p, 4096 + below(60000), NULL, 0);
		break;
	case PART:
		say(p, 1, raw, len - 1);
		break;
	case TWO:
		memcpy(raw + len, raw, len);
		say(p, 1, raw, 2 * len);
		break;
	case LONG:
		say_nothing(p, p->peer_size + 1);
		break;
	case GARBAGE:
		for (len = 1 + below(12); len-- && !p->over;)
			say_anything(p);
		break;
	default:
		say(p, 1, zeros, sizeof(zeros));
		break;
	}
	ends(p, &h, -1, what == SILENT || what == GONE ? 10000 : 3000);
}

static void *serve(void *arg)
{
	struct peer *p = arg;
	struct rdma_conn_param param;
	uint8_t raw[COFR_PRIVATE], garbage[64];
	enum misdeed what = misdeed;
	size_t i;

	seed(__atomic_fetch_add(&served, 1, __ATOMIC_SEQ_CST));
	if (what == ANY)
		what = below(ANY);
	if (what == IGNORE)
		sleep(misdeed == IGNORE ? 8 : 1);
	private_data(raw, p);
	conn_param(&param, raw, sizeof(raw));
	for (i = 0; i < sizeof(garbage); i++)
		garbage[i] = next();
	if (what == PRIVATE)
		spoil_private(raw, below(ARRAY_SIZE(private_fields)));
	else if (what == PRIVATE_NONE)
		param.private_data_len = 0;
	if (what == NO_BUFFERS)
		p->post = 0;
	else if (what == SMALL_BUFFERS)
		p->size = 16;
	switch (what) {
	case REJECT_BUSY:
		peer_reject(p->id, S_BUSY);
		break;
	case REJECT_VERSION:
		peer_reject(p->id, S_VERSION);
		break;
	case REJECT_INVALID:
		peer_reject(p->id, S_INVALID);
		break;
	case REJECT_GARBAGE:
		rdma_reject(p->id, garbage, sizeof(garbage));
		break;
	case REJECT_BARE:
		rdma_reject(p->id, NULL, 0);
		break;
	case IGNORE:
		break;
	default:
		if (peer_open(p) || peer_open_tx(p) || rdma_accept(p->id, &param) ||
		    peer_wait(p, RDMA_CM_EVENT_ESTABLISHED, 5000, NULL))
			break;
		misbehave(p, what);
		rdma_disconnect(p->id);
		break;
	}
	peer_close(p);
	free(p);
	return NULL;
}

static void report(int signal_nr)
{
	char text[40];
	int len = snprintf(text, sizeof(text), "connections %u\n", served);

	(void)signal_nr;
	_exit(write(STDOUT_FILENO, text, len) != len);
}

static void *count_aloud(void *path)
{
	for (;;) {
		FILE *file = fopen(path, "w");

		if (file) {
			fprintf(file, "%u\n", served);
			fclose(file);
		}
		usleep(100000);
	}
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
		perror("rdma_hostile: thread");
		exit(1);
	}
	pthread_attr_destroy(&attr);
}

static int listen_hostile(const char *where, const char *counter)
{
	struct rdma_event_channel *events;
	struct rdma_cm_event *event;

	signal(SIGTERM, report);
	rdma_listen_at(&events, where);
	if (counter)
		start(count_aloud, (void *)counter);
	printf("# -S %llu\nlistening\n", (unsigned long long)opt.seed);
	fflush(stdout);
	for (;;) {
		struct peer *p;

		if (rdma_get_cm_event(events, &event))
			continue;
		if (event->event != RDMA_CM_EVENT_CONNECT_REQUEST) {
			rdma_ack_cm_event(event);
			continue;
		}
		p = malloc(sizeof(*p));
		peer_init(p);
		p->tx_size = COF_LONGEST + 64;
		p->sends = 12;
		p->id = event->id;
		if (take_private_data(p, event->param.conn.private_data,
				      event->param.conn.private_data_len))
			printf("# private data that is none\n");
		rdma_ack_cm_event(event);
		p->events = rdma_create_event_channel();
		if (!p->events || rdma_migrate_id(p->id, p->events)) {
			peer_close(p);
			free(p);
			continue;
		}
		start(serve, p);
	}
	return 0;
}

/* ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *help;
	void (*function)(void);
} kinds[] = {
	{ "private", "private data that is none: rejected", kind_private },
	{ "sends", "SENDs that must be the end of a connection", kind_sends },
	{ "allowed", "odd ones that must not", kind_allowed },
	{ "buffers", "receive buffers and credits that are not as promised", kind_buffers },
	{ "silent", "says nothing", kind_silent },
	{ "gone", "-n connections whose end vanishes", kind_gone },
	{ "killed", "a process with -n connections is killed", kind_killed },
	{ "flood", "-n connections that say nothing, at a time", kind_flood },
	{ "unfinished", "-n connections that are never established", kind_unfinished },
	{ "fuzz", "-n random SENDs", kind_fuzz },
};

static int usage(void)
{
	size_t i;

	fputs("rdma_hostile [OPTION]... KIND ADDRESS:PORT: to a target\n"
	      "rdma_hostile [OPTION]... listen KIND ADDRESS:PORT: to initiators\n\n"
	      "  -h HOSTID  (default hostile)\n"
	      "  -P POOL    (default pool0)\n"
	      "  -k MS      keep-alive time-out of associations (default 2000)\n"
	      "  -n COUNT   (default 100)\n"
	      "  -c FILE    listen: how many connections came is written there, again and again\n"
	      "  -S SEED    (default: the time; printed)\n\n", stderr);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		fprintf(stderr, "  %-11s %s\n", kinds[i].name, kinds[i].help);
	fputs("\nlisten:", stderr);
	for (i = 0; i < MISDEEDS; i++)
		fprintf(stderr, " %s", misdeeds[i]);
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *counter = NULL;
	size_t i;
	int c;

	opt.seed = time(NULL) ^ (uint64_t)getpid() << 32;
	while ((c = getopt(argc, argv, "h:P:k:n:c:S:")) != -1) {
		switch (c) {
		case 'h':
			opt.host = optarg;
			break;
		case 'P':
			opt.pool = optarg;
			break;
		case 'k':
			opt.kato = atoi(optarg);
			break;
		case 'n':
			opt.count = atoi(optarg);
			break;
		case 'c':
			counter = optarg;
			break;
		case 'S':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		default:
			return usage();
		}
	}
	argv += optind;
	argc -= optind;
	many_files();
	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[0], "listen")) {
		for (i = 0; i < MISDEEDS; i++) {
			misdeed = i;
			if (!strcmp(argv[1], misdeeds[i]))
				return listen_hostile(argv[2], counter);
		}
		return usage();
	}
	if (argc != 2)
		return usage();
	parse_address(argv[1], &to);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(argv[0], kinds[i].name))
			continue;
		kinds[i].function();
		return failed ? 1 : 0;
	}
	return usage();
}
