// SPDX-License-Identifier: GPL-2.0-only
/*
 * lkcf_keys - who can use the keys that OpenSSL's provider lkcf has in the kernel, and how much of
 * a user's quota of keys they take. Root, with the provider's configuration in OPENSSL_CONF.
 *
 * strangers: programs that load a key as root or as a user, give up their privileges before or
 * after that, fork, and lose the key. All of them sign; no other process of either user can do
 * anything with the key.
 *
 * quota: a program of an unprivileged user with many children, which is not to take all the keys
 * that the user may have.
 *
 * Exit status 0 only if nothing was wrong.
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyutils.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define USER	1234
#define MAX_SERIALS 64

static char pem[16384], self[4096];
static int *bad;	/* shared */
static OSSL_PROVIDER *lkcf;

static void complain(const char *what, const char *detail)
{
	printf("lkcf_keys: %s: %s\n", what, detail);
	__atomic_fetch_add(bad, 1, __ATOMIC_RELAXED);
}

static void die(const char *what)
{
	printf("lkcf_keys: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stdout);
	exit(2);
}

static void become(uid_t uid)
{
	if (uid && (setgroups(0, NULL) || setgid(uid) || setuid(uid)))
		die("setuid");
}

static EVP_PKEY *load(void)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	if (!key || strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "lkcf"))
		die("the key is not lkcf's");
	lkcf = OSSL_PROVIDER_load(NULL, "lkcf");
	return key;
}

static unsigned long long counted(const char *name)
{
	uint64_t value = 0;
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_uint64(name, &value) };

	if (!lkcf || !OSSL_PROVIDER_get_params(lkcf, params))
		die("the provider's counters");
	return value;
}

static bool sign(EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[1024];
	size_t size = sizeof(sig);
	bool ok;

	ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0 &&
	     EVP_DigestSign(ctx, sig, &size, (const unsigned char *)"x", 1) > 0;
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* Signs, and the kernel is to compute it */
static void sign_in_kernel(EVP_PKEY *key, const char *what)
{
	unsigned long long before = counted("lkcf-rsa_kernel");

	if (!sign(key))
		complain(what, "cannot sign");
	if (counted("lkcf-rsa_kernel") == before)
		complain(what, "software computed");
}

/* The live keys of lkcf, and tickets, that this process sees in /proc/keys */
static unsigned int find_keys(key_serial_t *serials, unsigned int n, const char *name)
{
	FILE *f = fopen("/proc/keys", "r");
	char line[512], flags[16];
	unsigned int serial;

	if (!f)
		die("/proc/keys");
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, name) && sscanf(line, "%x %15s", &serial, flags) == 2 &&
		    !strpbrk(flags, "RDi") && n < MAX_SERIALS)
			serials[n++] = serial;
	}
	fclose(f);
	return n;
}

/* Executed, so that nothing is inherited: lkcf_keys stranger UID SERIAL... */
static int be_stranger(int argc, char **argv)
{
	unsigned char in[256] = { 0, 1 }, out[512];
	struct keyctl_pkey_query query;
	key_serial_t serials[MAX_SERIALS];
	unsigned int n = 0, i;
	char text[64];

	keyctl_join_session_keyring(NULL);
	become(atoi(argv[0]));
	for (i = 1; (int)i < argc && n < MAX_SERIALS; i++)
		serials[n++] = atoi(argv[i]);
	n = find_keys(serials, n, " lkcf:");
	if (find_keys(serials, n, " _lkcf") > n) {
		printf("lkcf_keys: user %s sees a ticket\n", argv[0]);
		return 1;
	}
	for (i = 0; i < n; i++) {
		const char *what = NULL;

		if (keyctl_pkey_decrypt(serials[i], "enc=raw", in, sizeof(in), out,
					sizeof(in)) >= 0)
			what = "compute";
		else if (!keyctl_pkey_query(serials[i], "enc=raw", &query))
			what = "query";
		else if (!keyctl_link(serials[i], KEY_SPEC_SESSION_KEYRING))
			what = "link";
		else if (keyctl_read(serials[i], (char *)out, sizeof(out)) >= 0)
			what = "read";
		else if (!keyctl_setperm(serials[i], 0x3f3f3f3f))
			what = "setperm";
		if (what) {
			snprintf(text, sizeof(text), "can %s with key %x", what, serials[i]);
			printf("lkcf_keys: a stranger of user %s: %s\n", argv[0], text);
			return 1;
		}
	}
	/* The keys are there to be tried; root does not see those of a user. */
	return n || !atoi(argv[0]) ? 0 : 3;
}

static void try_stranger(uid_t uid, const char *what, const key_serial_t *serials, unsigned int n)
{
	char text[MAX_SERIALS][16], user[16], *args[MAX_SERIALS + 4];
	unsigned int i, argc = 0;
	int status;
	pid_t pid;

	snprintf(user, sizeof(user), "%u", uid);
	args[argc++] = self;
	args[argc++] = "stranger";
	args[argc++] = user;
	for (i = 0; i < n && i < MAX_SERIALS; i++) {
		snprintf(text[i], sizeof(text[i]), "%d", serials[i]);
		args[argc++] = text[i];
	}
	args[argc] = NULL;
	pid = vfork();
	if (!pid) {
		execv(self, args);
		_exit(4);
	}
	if (waitpid(pid, &status, 0) != pid || status) {
		char detail[64];

		snprintf(detail, sizeof(detail), "stranger of user %u: status %#x", uid, status);
		complain(what, detail);
	}
}

/* Two that talk by pipes: step() lets the other go on, await() waits for that. */
struct pair {
	int to_child[2], to_parent[2];
};

static void step(int fd)
{
	if (write(fd, "x", 1) != 1)
		die("a pipe");
}

static void await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char x;

	if (poll(&p, 1, 60000) != 1 || read(fd, &x, 1) != 1)
		die("the other process");
}

static void revoke_all(void)
{
	key_serial_t serials[MAX_SERIALS];
	unsigned int n = find_keys(serials, 0, " lkcf:");

	while (n--)
		keyctl_revoke(serials[n]);
}

/*
 * One program: it loads a key, becomes a user before that or after it or not at all, and forks
 * @workers, which become the user. @lose: a worker's key is revoked, and it adds it again.
 */
static void scenario(const char *what, bool drop_first, bool drop_then, unsigned int workers,
		     bool lose)
{
	key_serial_t serials[MAX_SERIALS];
	struct pair pair;
	unsigned int n, i;
	EVP_PKEY *key;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid) {
		if (waitpid(pid, &status, 0) != pid || status)
			complain(what, "the program failed");
		return;
	}
	if (pipe(pair.to_child) || pipe(pair.to_parent))
		die("pipe");
	/* Somebody who stays root, to look for keys as both. */
	pid = fork();
	if (pid) {
		await(pair.to_parent[0]);
		n = find_keys(serials, 0, " lkcf:");
		try_stranger(USER, what, serials, n);
		try_stranger(0, what, serials, n);
		step(pair.to_child[1]);
		if (lose) {
			await(pair.to_parent[0]);
			n = find_keys(serials, 0, " lkcf:");
			try_stranger(USER, what, serials, n);
			step(pair.to_child[1]);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			complain(what, "the program ended early");
		fflush(stdout);
		_exit(0);
	}
	setpgid(0, 0);
	if (drop_first)
		become(USER);
	key = load();
	sign_in_kernel(key, what);
	if (drop_then)
		become(USER);
	for (i = 0; i < workers; i++) {
		struct pair ours;

		if (pipe(ours.to_parent))
			die("pipe");
		if (!fork()) {
			if (!drop_first && !drop_then)
				become(USER);
			sign_in_kernel(key, what);
			if (i)
				step(ours.to_parent[1]);
			if (i) {
				pause();
				_exit(0);
			}
			step(pair.to_parent[1]);
			await(pair.to_child[0]);
			if (lose) {
				revoke_all();
				sign_in_kernel(key, "after a revoke");
				sign_in_kernel(key, "after a revoke, again");
				step(pair.to_parent[1]);
				await(pair.to_child[0]);
			}
			step(ours.to_parent[1]);
			fflush(stdout);
			_exit(0);
		}
		await(ours.to_parent[0]);
	}
	if (!workers) {
		step(pair.to_parent[1]);
		await(pair.to_child[0]);
	}
	sign_in_kernel(key, what);
	fflush(stdout);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	_exit(0);
}

static void mode_strangers(void)
{
	struct {
		const char *what;
		bool first, then;
		unsigned int workers;
		bool lose;
	} all[] = {
		{ "root, alone", false, false, 0, false },
		{ "root, with workers of a user", false, false, 2, false },
		{ "root, whose worker loses the key", false, false, 1, true },
		{ "of a user", true, false, 2, false },
		{ "of a user, whose worker loses the key", true, false, 1, true },
		{ "a user once the key is loaded", false, true, 2, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		scenario(all[i].what, all[i].first, all[i].then, all[i].workers, all[i].lose);
}

/* How many keys @uid has, and may have, by its quota */
static unsigned int quota(uid_t uid, unsigned int *most)
{
	FILE *f = fopen("/proc/key-users", "r");
	unsigned int used = 0, user, keys, max;
	char line[256];

	*most = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%u: %*u %*u/%*u %u/%u", &user, &keys, &max) == 3 && user == uid) {
			used = keys;
			*most = max;
		}
	}
	if (f)
		fclose(f);
	return used;
}

/* Another program of the user, which wants a key of its own */
static void other_program(const char *when)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		key_serial_t key = add_key("user", "other", "secret", 6, KEY_SPEC_USER_KEYRING);
		long rc = key < 0 ? -1 : keyctl_unlink(key, KEY_SPEC_USER_KEYRING);

		_exit(rc ? errno : 0);
	}
	waitpid(pid, &status, 0);
	if (status)
		complain(when, strerror(WEXITSTATUS(status)));
}

#define CHILDREN 230

static void mode_quota(void)
{
	int go[2], done[2], status;
	unsigned int i, used, most, idle;
	EVP_PKEY *key;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid) {
		if (waitpid(pid, &status, 0) != pid || status)
			complain("quota", "the program failed");
		return;
	}
	setpgid(0, 0);
	become(USER);
	if (pipe(go) || pipe(done))
		die("pipe");
	key = load();
	sign_in_kernel(key, "the first");
	for (i = 0; i < CHILDREN; i++) {
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			step(done[1]);
			await(go[0]);
			if (!sign(key))
				complain("a child", "cannot sign");
			step(done[1]);
			pause();
			_exit(0);
		}
	}
	for (i = 0; i < CHILDREN; i++)
		await(done[0]);
	idle = quota(USER, &most);
	other_program("with children that have done nothing");
	for (i = 0; i < CHILDREN; i++)
		step(go[1]);
	for (i = 0; i < CHILDREN; i++)
		await(done[0]);
	used = quota(USER, &most);
	other_program("with children that have signed");
	printf("lkcf_keys: of %u keys: %u for %u idle children, %u when they sign; ", most, idle,
	       CHILDREN, used);
	printf("kernel %llu, software %llu\n", counted("lkcf-rsa_kernel"),
	       counted("lkcf-rsa_software"));
	/* Three quarters, and what children that look at the same time add. */
	if (used >= most)
		complain("quota", "all of it is in use");
	if (idle * 2 > most)
		complain("quota", "children that do nothing have half of it");
	if (counted("lkcf-rsa_kernel") < 10)
		complain("quota", "the kernel computes next to nothing");
	fflush(stdout);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	_exit(0);
}

int main(int argc, char **argv)
{
	FILE *f;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 2;
	if (argc > 2 && !strcmp(argv[1], "stranger"))
		return be_stranger(argc - 2, argv + 2);
	if (argc != 3) {
		fprintf(stderr, "lkcf_keys strangers|quota KEY.pem\n");
		return 64;
	}
	bad = mmap(NULL, sizeof(*bad), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	f = fopen(argv[2], "r");
	if (bad == MAP_FAILED || !f || !fread(pem, 1, sizeof(pem) - 1, f))
		die(argv[2]);
	fclose(f);
	if (!strcmp(argv[1], "strangers"))
		mode_strangers();
	else
		mode_quota();
	return *bad ? 1 : 0;
}
