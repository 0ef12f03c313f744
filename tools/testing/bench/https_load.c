// SPDX-License-Identifier: GPL-2.0-only
/*
 * https_load - a load of HTTPS requests, each on a connection of its own.
 *
 * One thread, so many connections at a time; a connection that ends is followed
 * by the next at once. What is timed begins with connect() and ends with the last
 * byte of the answer, so the handshake is in it (wrk's latency begins after it).
 * Every answer is compared with what it shall be, and with TLS the server's
 * certificate is verified; what differs, ends early or takes too long has failed.
 * Prints "name value" lines. Exit status 0 also if requests failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define fallthrough __attribute__((__fallthrough__))

#define MAX_ANSWER	(64 * 1024)
#define PATIENCE_NS	(30 * 1000000000ULL)
#define REPORTED	5	/* failures that are described */

enum state { CONNECTING, HANDSHAKE, ASKING, READING };

struct connection {
	int fd;
	enum state state;
	SSL *ssl;
	uint64_t begin;
	size_t sent, have;
	char answer[MAX_ANSWER];
};

static struct options {
	struct sockaddr_in server;
	const char *path, *version, *cipher, *ca, *expected;
	unsigned int connections, seconds, warmup;
	double rate;
} opt = {
	.path = "/", .connections = 32, .seconds = 5, .warmup = 1,
};

static SSL_CTX *ctx;
static char request[512];
static size_t request_len;
static char *body;
static size_t body_len;
static uint64_t window_begin, window_end, failed, total, in_window, started;
static uint32_t *latencies;
static size_t nr_latencies, max_latencies;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "https_load: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void epoll_set(int epoll, int op, struct connection *c, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(epoll, op, c->fd, &event))
		die("epoll_ctl");
}

static void start(int epoll, struct connection *c)
{
	int one = 1;

	started++;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->begin = now_ns();
	c->state = CONNECTING;
	c->sent = 0;
	c->have = 0;
	c->ssl = NULL;
	if (connect(c->fd, (struct sockaddr *)&opt.server, sizeof(opt.server)) &&
	    errno != EINPROGRESS)
		die("connect");
	epoll_set(epoll, EPOLL_CTL_ADD, c, EPOLLOUT);
}

static void stop(struct connection *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
	c->fd = -1;
}

static void fail(struct connection *c, const char *why)
{
	static const char * const states[] = { "connecting", "handshake", "asking", "reading" };

	if (failed++ < REPORTED) {
		fprintf(stderr, "https_load: failed (%s, %zu bytes of the answer): %s\n",
			states[c->state], c->have, why);
		ERR_print_errors_fp(stderr);
	}
	ERR_clear_error();
	stop(c);
}

/* The answer is complete, or the server has closed the connection. */
static bool is_complete(struct connection *c)
{
	char *end = memmem(c->answer, c->have, "\r\n\r\n", 4);

	return end && c->answer + c->have - (end + 4) >= (ssize_t)body_len;
}

static void finish(struct connection *c)
{
	char *end = memmem(c->answer, c->have, "\r\n\r\n", 4);
	uint64_t now = now_ns();

	if (!end || memcmp(c->answer, "HTTP/1.1 200 ", 13) ||
	    (size_t)(c->answer + c->have - (end + 4)) != body_len ||
	    memcmp(end + 4, body, body_len)) {
		fail(c, "another answer than expected");
		return;
	}
	total++;
	if (now >= window_begin && now < window_end) {
		in_window++;
		if (nr_latencies == max_latencies) {
			max_latencies = max_latencies ? 2 * max_latencies : 65536;
			latencies = realloc(latencies, max_latencies * sizeof(*latencies));
			if (!latencies)
				die("memory");
		}
		latencies[nr_latencies++] = (now - c->begin) / 1000;
	}
	if (c->ssl)
		SSL_shutdown(c->ssl);
	stop(c);
}

/* What OpenSSL waits for; false: it failed. */
static bool wait_tls(int epoll, struct connection *c, int rc)
{
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		epoll_set(epoll, EPOLL_CTL_MOD, c, EPOLLIN);
		return true;
	case SSL_ERROR_WANT_WRITE:
		epoll_set(epoll, EPOLL_CTL_MOD, c, EPOLLOUT);
		return true;
	}
	return false;
}

static void go_on(int epoll, struct connection *c)
{
	socklen_t len = sizeof(int);
	ssize_t n;
	int error;

	switch (c->state) {
	case CONNECTING:
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
			fail(c, strerror(error));
			return;
		}
		if (ctx) {
			c->ssl = SSL_new(ctx);
			if (!c->ssl || !SSL_set_fd(c->ssl, c->fd))
				die("SSL_new");
		}
		c->state = HANDSHAKE;
		fallthrough;
	case HANDSHAKE:
		if (c->ssl) {
			n = SSL_connect(c->ssl);
			if (n != 1) {
				if (!wait_tls(epoll, c, n))
					fail(c, "handshake");
				return;
			}
		}
		c->state = ASKING;
		fallthrough;
	case ASKING:
		if (c->ssl) {
			n = SSL_write(c->ssl, request, request_len);
			if (n <= 0) {
				if (!wait_tls(epoll, c, n))
					fail(c, "write");
				return;
			}
		} else if (send(c->fd, request, request_len, MSG_NOSIGNAL) !=
			   (ssize_t)request_len) {
			fail(c, "write");
			return;
		}
		c->state = READING;
		epoll_set(epoll, EPOLL_CTL_MOD, c, EPOLLIN);
		return;
	case READING:
		for (;;) {
			if (c->have == MAX_ANSWER) {
				fail(c, "an answer too long");
				return;
			}
			if (c->ssl) {
				n = SSL_read(c->ssl, c->answer + c->have, MAX_ANSWER - c->have);
				if (n <= 0 && wait_tls(epoll, c, n))
					return;
			} else {
				n = read(c->fd, c->answer + c->have, MAX_ANSWER - c->have);
				if (n < 0 && errno == EAGAIN)
					return;
			}
			if (n > 0)
				c->have += n;
			if (n <= 0 || is_complete(c)) {
				finish(c);
				return;
			}
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static unsigned long percentile(unsigned int percent)
{
	return nr_latencies ? latencies[(nr_latencies - 1) * percent / 100] : 0;
}

static void make_context(void)
{
	bool tls12 = !strcmp(opt.version, "1.2");
	int version = tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;

	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, version) ||
	    !SSL_CTX_set_max_proto_version(ctx, version) ||
	    (opt.cipher && !(tls12 ? SSL_CTX_set_cipher_list(ctx, opt.cipher) :
				     SSL_CTX_set_ciphersuites(ctx, opt.cipher))))
		die("TLS context");
	if (opt.ca) {
		if (!SSL_CTX_load_verify_locations(ctx, opt.ca, NULL))
			die(opt.ca);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

static void read_expected(void)
{
	FILE *file = fopen(opt.expected, "r");

	body = malloc(MAX_ANSWER);
	if (!file || !body)
		die(opt.expected);
	body_len = fread(body, 1, MAX_ANSWER, file);
	fclose(file);
}

static void usage(void)
{
	fputs("https_load [-c CONNECTIONS] [-t SECONDS] [-w WARM_UP_SECONDS] [-r PER_SECOND]\n"
	      "           [-v 1.2|1.3 [-s CIPHERS] [-a CERTIFICATE]] [-p PATH] -e EXPECTED_FILE\n"
	      "           ADDRESS PORT\n", stderr);
	exit(64);
}

int main(int argc, char **argv)
{
	struct epoll_event events[256];
	struct connection *connections;
	uint64_t begin, now, last_check;
	unsigned int i, busy = 0;
	struct rusage self;
	int epoll, n, c;

	while ((c = getopt(argc, argv, "c:t:w:r:v:s:a:p:e:")) != -1) {
		switch (c) {
		case 'c':
			opt.connections = atoi(optarg);
			break;
		case 't':
			opt.seconds = atoi(optarg);
			break;
		case 'w':
			opt.warmup = atoi(optarg);
			break;
		case 'r':
			opt.rate = atof(optarg);
			break;
		case 'v':
			opt.version = optarg;
			break;
		case 's':
			opt.cipher = optarg;
			break;
		case 'a':
			opt.ca = optarg;
			break;
		case 'p':
			opt.path = optarg;
			break;
		case 'e':
			opt.expected = optarg;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2 || !opt.expected || !opt.connections || !opt.seconds)
		usage();
	opt.server.sin_family = AF_INET;
	opt.server.sin_port = htons(atoi(argv[optind + 1]));
	if (inet_pton(AF_INET, argv[optind], &opt.server.sin_addr) != 1)
		usage();
	request_len = snprintf(request, sizeof(request),
			       "GET %s HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n",
			       opt.path);
	signal(SIGPIPE, SIG_IGN);
	read_expected();
	if (opt.version)
		make_context();
	connections = calloc(opt.connections, sizeof(*connections));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!connections || epoll < 0)
		die("setup");
	for (i = 0; i < opt.connections; i++)
		connections[i].fd = -1;

	now = now_ns();
	begin = now;
	last_check = now;
	window_begin = begin + opt.warmup * 1000000000ULL;
	window_end = window_begin + opt.seconds * 1000000000ULL;
	do {
		busy = 0;
		for (i = 0; i < opt.connections; i++) {
			if (connections[i].fd < 0 && now < window_end &&
			    (!opt.rate || started < (now - begin) / 1e9 * opt.rate))
				start(epoll, &connections[i]);
			if (connections[i].fd >= 0)
				busy++;
		}
		n = epoll_wait(epoll, events, 256, opt.rate ? 2 : 100);
		for (i = 0; (int)i < n; i++)
			go_on(epoll, events[i].data.ptr);
		now = now_ns();
		if (now - last_check > 1000000000ULL) {
			last_check = now;
			for (i = 0; i < opt.connections; i++)
				if (connections[i].fd >= 0 &&
				    now - connections[i].begin > PATIENCE_NS)
					fail(&connections[i], "no answer in time");
		}
	} while (busy || now < window_end);

	qsort(latencies, nr_latencies, sizeof(*latencies), compare);
	getrusage(RUSAGE_SELF, &self);
	printf("requests %lu\nfailed %lu\nper_second %.2f\np50_us %lu\np99_us %lu\ncpu_us %lu\n"
	       "seconds %.3f\n",
	       total, failed, (double)in_window / opt.seconds, percentile(50), percentile(99),
	       (unsigned long)((self.ru_utime.tv_sec + self.ru_stime.tv_sec) * 1000000 +
			       self.ru_utime.tv_usec + self.ru_stime.tv_usec),
	       (now_ns() - begin) / 1e9);
	return 0;
}
