// SPDX-License-Identifier: MIT
/*
 * The provider: how it begins and ends, its parameters, what it offers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <openssl/provider.h>

#include "lkcf.h"

static const char *const type_names[KEY_TYPES] = { "RSA", "RSA-PSS", "EC" };

const char *key_type_name(enum key_type type)
{
	return type_names[type];
}

long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/*
 * @line to the system's log. Not by syslog(3): it keeps a descriptor, which a program may close and
 * have again as somebody's connection. Nothing here waits: a line that nobody takes is lost.
 */
static void to_syslog(const char *line)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
					      "Aug", "Sep", "Oct", "Nov", "Dec" };
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	const struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	char message[640];
	time_t now = time(NULL);
	struct tm tm;
	int length, fd;
	size_t i;

	if (!localtime_r(&now, &tm))
		return;
	length = snprintf(message, sizeof(message), "<%d>%s %2d %02d:%02d:%02d %s[%d]: lkcf: %s",
			  LOG_DAEMON | LOG_WARNING, months[tm.tm_mon], tm.tm_mday, tm.tm_hour,
			  tm.tm_min, tm.tm_sec, program_invocation_short_name, (int)getpid(), line);
	if (length < 0)
		return;
	if ((size_t)length >= sizeof(message))
		length = sizeof(message) - 1;
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return;
		if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr))) {
			/* In a stream a zero byte ends a message. */
			send(fd, message, length + (types[i] == SOCK_STREAM), MSG_NOSIGNAL);
			close(fd);
			return;
		}
		close(fd);
		if (errno != EPROTOTYPE)
			return;
	}
}

/*
 * @line to standard error, unless its number belongs to a network connection: of a program that
 * closed it.
 */
static void to_stderr(const char *line)
{
	socklen_t size = sizeof(int);
	int domain;

	if (!getsockopt(STDERR_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain != AF_UNIX)
		return;
	fprintf(stderr, "lkcf: %s\n", line);
}

/* One line, where the configuration says; not more than one a second in a process. */
void lkcf_log(struct provider *prov, const char *format, ...)
{
	static atomic_llong next;
	long long now = now_ms(), due = atomic_load(&next);
	char line[512];
	va_list args;

	if (prov->log == LOG_TO_NOTHING || now < due ||
	    !atomic_compare_exchange_strong(&next, &due, now + 1000))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (prov->log == LOG_TO_SYSLOG)
		to_syslog(line);
	else
		to_stderr(line);
}

/* Parameters: what is in the section of the configuration file, all of it text. */
struct parameter {
	const char *name;
	const char *expected;
	bool (*set)(struct provider *prov, const char *text, size_t offset);
	size_t offset;
};

static bool set_on_off(struct provider *prov, const char *text, size_t offset)
{
	bool *value = (bool *)((char *)prov + offset);

	if (!strcmp(text, "on") || !strcmp(text, "yes") || !strcmp(text, "1"))
		*value = true;
	else if (!strcmp(text, "off") || !strcmp(text, "no") || !strcmp(text, "0"))
		*value = false;
	else
		return false;
	return true;
}

static bool number(const char *text, unsigned long min, unsigned long max, unsigned int *value)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n < min || n > max)
		return false;
	*value = n;
	return true;
}

static bool set_bits(struct provider *prov, const char *text, size_t offset)
{
	return number(text, 2048, 4096, (unsigned int *)((char *)prov + offset));
}

static bool set_check(struct provider *prov, const char *text, size_t offset)
{
	prov->check_ecdsa = !strcmp(text, "all");
	prov->check = prov->check_ecdsa;
	return prov->check || set_on_off(prov, text, offset);
}

static bool set_threads(struct provider *prov, const char *text, size_t offset)
{
	return number(text, 0, 1024, (unsigned int *)((char *)prov + offset));
}

static bool set_secs(struct provider *prov, const char *text, size_t offset)
{
	return number(text, 0, 86400, (unsigned int *)((char *)prov + offset));
}

static bool set_algorithms(struct provider *prov, const char *text, size_t offset)
{
	size_t length;

	(void)offset;
	prov->rsa = false;
	prov->ecdsa = false;
	while (*(text += strspn(text, ", "))) {
		length = strcspn(text, ", ");
		if (length == 3 && !strncmp(text, "rsa", 3))
			prov->rsa = true;
		else if (length == 5 && !strncmp(text, "ecdsa", 5))
			prov->ecdsa = true;
		else
			return false;
		text += length;
	}
	return true;
}

static bool set_log(struct provider *prov, const char *text, size_t offset)
{
	static const char *const names[] = { "off", "syslog", "stderr" };
	size_t i;

	(void)offset;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i])) {
			prov->log = i;
			return true;
		}
	}
	return false;
}

static bool set_statistics(struct provider *prov, const char *text, size_t offset)
{
	(void)offset;
	OPENSSL_free(prov->statistics);
	prov->statistics = NULL;
	if (!strcmp(text, "off"))
		return true;
	if (*text != '/')
		return false;
	prov->statistics = OPENSSL_strdup(text);
	return !!prov->statistics;
}

#define AT(member) offsetof(struct provider, member)
static const struct parameter parameters[] = {
	{ "fallback", "on or off", set_on_off, AT(fallback) },
	{ "algorithms", "a list of rsa, ecdsa", set_algorithms, 0 },
	{ "rsa_min_bits", "a number from 2048 to 4096", set_bits, AT(rsa_min_bits) },
	{ "rsa_max_bits", "a number from 2048 to 4096", set_bits, AT(rsa_max_bits) },
	{ "check", "on, off or all", set_check, AT(check) },
	{ "blinding", "on or off", set_on_off, AT(blinding) },
	{ "threads", "a number from 0 to 1024", set_threads, AT(threads) },
	{ "retry_secs", "a number from 0 to 86400", set_secs, AT(retry_secs) },
	{ "statistics", "off, or the absolute path of a folder", set_statistics, 0 },
	{ "log", "off, syslog or stderr", set_log, 0 },
};

/* libcrypto goes on without us, and in silence: it is said on standard error as well. */
static bool refuse(struct provider *prov, const char *name, const char *text, const char *expected)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "%s = '%s' in the configuration: expected %s; the provider is not used", name,
		 text, expected);
	to_stderr(line);
	if (prov->log == LOG_TO_SYSLOG)
		lkcf_log(prov, "%s", line);
	ERR_raise_data(ERR_LIB_PROV, ERR_R_PASSED_INVALID_ARGUMENT, "lkcf: %s = '%s': expected %s",
		       name, text, expected);
	return false;
}

/* What the configuration says of each parameter; a wrong value is no provider, and says why. */
static bool read_parameters(struct provider *prov, OSSL_FUNC_core_get_params_fn *get)
{
	char *text[ARRAY_SIZE(parameters)] = { NULL };
	OSSL_PARAM params[ARRAY_SIZE(parameters) + 1];
	const struct parameter *p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		params[i] = OSSL_PARAM_construct_utf8_ptr(parameters[i].name, &text[i], 0);
	params[i] = OSSL_PARAM_construct_end();
	if (!get(prov->handle, params))
		return false;
	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		p = &parameters[i];
		if (text[i] && !p->set(prov, text[i], p->offset))
			return refuse(prov, p->name, text[i], p->expected);
	}
	if (prov->rsa_min_bits > prov->rsa_max_bits)
		return refuse(prov, "rsa_min_bits", "more than rsa_max_bits", "not more than that");
	return true;
}

static bool find_soft_methods(struct provider *prov)
{
	struct soft_methods *methods = &prov->methods;
	int i;

	for (i = 0; i < KEY_TYPES; i++) {
		methods->keymgmt[i] = EVP_KEYMGMT_fetch(prov->soft, type_names[i], NULL);
		if (!methods->keymgmt[i])
			return false;
	}
	methods->rsa = EVP_SIGNATURE_fetch(prov->soft, "RSA", NULL);
	methods->ecdsa = EVP_SIGNATURE_fetch(prov->soft, "ECDSA", NULL);
	methods->cipher = EVP_ASYM_CIPHER_fetch(prov->soft, "RSA", NULL);
	return methods->rsa && methods->ecdsa && methods->cipher;
}

/*
 * Everything of it is freed by now: libcrypto holds a reference for each method that it gave out.
 */
static void provider_teardown(void *data)
{
	struct provider *prov = data;
	int i;

	if (!prov)
		return;
	if (!pool_free(prov->pool))
		return;
	for (i = 0; i < KEY_TYPES; i++)
		EVP_KEYMGMT_free(prov->methods.keymgmt[i]);
	EVP_SIGNATURE_free(prov->methods.rsa);
	EVP_SIGNATURE_free(prov->methods.ecdsa);
	EVP_ASYM_CIPHER_free(prov->methods.cipher);
	if (prov->soft_default)
		OSSL_PROVIDER_unload(prov->soft_default);
	OSSL_LIB_CTX_free(prov->soft);
	counters_free(&prov->counters);
	OPENSSL_free(prov->statistics);
	OPENSSL_free(prov);
}

#define OPS "provider=lkcf,lkcf.part=ops"
/* Two properties, each of which a query may want another value of: see lkcf.cnf. */
#define KEYS "provider=lkcf,lkcf.part=keys,lkcf.keys=yes"
#define NAMES_RSA "RSA:rsaEncryption:1.2.840.113549.1.1.1"

static const OSSL_ALGORITHM keymgmts[] = {
	{ NAMES_RSA, KEYS, rsa_keymgmt, "RSA keys that the kernel computes with" },
	{ "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10", KEYS, rsa_pss_keymgmt,
	  "RSA-PSS keys that the kernel computes with" },
	{ "EC:id-ecPublicKey:1.2.840.10045.2.1", KEYS, ec_keymgmt,
	  "EC keys that the kernel computes with" },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM signatures[] = {
	{ NAMES_RSA, OPS, rsa_signature, "RSA signatures by the kernel" },
	{ "ECDSA", OPS, ecdsa_signature, "ECDSA signatures by the kernel" },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM ciphers[] = {
	{ NAMES_RSA, OPS, rsa_cipher, "RSA decryption by the kernel" },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM *provider_query(void *prov, int operation, int *no_store)
{
	(void)prov;
	*no_store = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return keymgmts;
	case OSSL_OP_SIGNATURE:
		return signatures;
	case OSSL_OP_ASYM_CIPHER:
		return ciphers;
	case OSSL_OP_DECODER:
		return decoders;
	case OSSL_OP_ENCODER:
		return encoders;
	default:
		return NULL;
	}
}

#define COUNTER(name) OSSL_PARAM_uint64("lkcf-" name, NULL)
static const OSSL_PARAM *provider_gettable(void *prov)
{
	/* The counters in their order. */
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
		OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
		OSSL_PARAM_uint("fallback", NULL),
		OSSL_PARAM_uint("check", NULL),
		OSSL_PARAM_uint("blinding", NULL),
		OSSL_PARAM_uint("rsa_min_bits", NULL),
		OSSL_PARAM_uint("rsa_max_bits", NULL),
		OSSL_PARAM_uint("threads", NULL),
		OSSL_PARAM_uint("retry_secs", NULL),
		OSSL_PARAM_utf8_ptr("algorithms", NULL, 0),
		OSSL_PARAM_utf8_ptr("statistics", NULL, 0),
		COUNTER("rsa_kernel"),
		COUNTER("ecdsa_kernel"),
		COUNTER("rsa_software"),
		COUNTER("ecdsa_software"),
		COUNTER("unqualified"),
		COUNTER("failed"),
		COUNTER("async"),
		COUNTER("keys_added"),
		COUNTER("keys_dropped"),
		COUNTER("keys_again"),
		COUNTER("keys_refused"),
		COUNTER("wrong_results"),
		COUNTER("in_flight"),
		OSSL_PARAM_END
	};

	(void)prov;
	return gettable;
}

static int get_text(OSSL_PARAM params[], const char *name, const char *text)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_utf8_ptr(p, text);
}

static int get_number(OSSL_PARAM params[], const char *name, unsigned int value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_uint(p, value);
}

static int provider_get_params(void *data, OSSL_PARAM params[])
{
	static const char *const algorithms[] = { "", "rsa", "ecdsa", "rsa,ecdsa" };
	struct provider *prov = data;
	OSSL_PARAM *p;
	char name[40];
	int i;

	for (i = 0; i < COUNTERS; i++) {
		snprintf(name, sizeof(name), "lkcf-%s", counter_name(i));
		p = OSSL_PARAM_locate(params, name);
		if (p && !OSSL_PARAM_set_uint64(p, counted(&prov->counters, i)))
			return 0;
	}
	p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
	return (!p || OSSL_PARAM_set_int(p, 1)) &&
		get_text(params, OSSL_PROV_PARAM_NAME, "Linux kernel crypto framework") &&
		get_text(params, OSSL_PROV_PARAM_VERSION, LKCF_VERSION) &&
		get_text(params, OSSL_PROV_PARAM_BUILDINFO, LKCF_VERSION) &&
		get_text(params, "algorithms", algorithms[prov->rsa + 2 * prov->ecdsa]) &&
		get_text(params, "statistics", prov->statistics ? prov->statistics : "off") &&
		get_number(params, "fallback", prov->fallback) &&
		get_number(params, "check", prov->check) &&
		get_number(params, "blinding", prov->blinding) &&
		get_number(params, "rsa_min_bits", prov->rsa_min_bits) &&
		get_number(params, "rsa_max_bits", prov->rsa_max_bits) &&
		get_number(params, "threads", prov->threads) &&
		get_number(params, "retry_secs", prov->retry_secs);
}

static const OSSL_DISPATCH provider_functions[] = {
	DISPATCH(OSSL_FUNC_PROVIDER_TEARDOWN, provider_teardown),
	DISPATCH(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query),
	DISPATCH(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, provider_gettable),
	DISPATCH(OSSL_FUNC_PROVIDER_GET_PARAMS, provider_get_params),
	{ 0, NULL }
};

OSSL_provider_init_fn OSSL_provider_init;

/* The one symbol that libcrypto looks for. */
__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *handle,
							      const OSSL_DISPATCH *in,
							      const OSSL_DISPATCH **out, void **ctx)
{
	OSSL_FUNC_core_get_params_fn *get = NULL;
	struct provider *prov = OPENSSL_zalloc(sizeof(*prov));
	const OSSL_DISPATCH *function;
	int error;

	if (!prov)
		return 0;
	for (function = in; function->function_id; function++) {
		if (function->function_id == OSSL_FUNC_CORE_GET_PARAMS)
			get = OSSL_FUNC_core_get_params(function);
	}
	prov->handle = handle;
	prov->fallback = true;
	prov->check = true;
	prov->blinding = true;
	prov->rsa = true;
	prov->ecdsa = true;
	prov->rsa_min_bits = 2048;
	prov->rsa_max_bits = 4096;
	prov->threads = 16;
	prov->retry_secs = 10;
	prov->log = LOG_TO_SYSLOG;
	if (!get || !read_parameters(prov, get))
		goto fail;
	error = counters_new(&prov->counters, prov->statistics);
	if (error < 0 || !kernel_init())
		goto fail;
	if (error)
		lkcf_log(prov, "no file for statistics in %s: %s", prov->statistics,
			 strerror(error));
	/* With the application's BIOs, and a default provider that no configuration changes. */
	prov->soft = OSSL_LIB_CTX_new_from_dispatch(handle, in);
	if (!prov->soft)
		goto fail;
	prov->soft_default = OSSL_PROVIDER_load(prov->soft, "default");
	if (!prov->soft_default || !find_soft_methods(prov))
		goto fail;
	if (prov->threads) {
		prov->pool = pool_new(prov->threads);
		if (!prov->pool)
			goto fail;
	}
	*out = provider_functions;
	*ctx = prov;
	return 1;
fail:
	provider_teardown(prov);
	return 0;
}
