// SPDX-License-Identifier: MIT
/*
 * Private keys in the kernel, and operations with them.
 *
 * A key is linked into the *process keyring*: the kernel drops and wipes it when the last process
 * that has it is gone, in whatever way, and nobody has to count. Its permissions are those of its
 * possessors alone, whoever owns it. A process keyring belongs to the credentials of a thread and
 * those made after it, so it is made when the provider is loaded, before there are threads that
 * should share it.
 *
 * A forked process has no process keyring, and so possesses nothing. A child of root (a server's
 * worker) gets the keys of its parent by a *ticket*: a keyring with links to them, made before the
 * fork, that root may link for a few seconds. Any other child adds a key again when it first needs
 * it. Every keyring and key takes one of the keys that a user may have: what can wait is not made
 * when a quarter of them is in use, and no key is added when three quarters are.
 *
 * Whoever takes the key away (keyctl unlink, revoke, invalidate, a thread from before the provider
 * that ends) does no harm: the next operation adds it again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <keyutils.h>
#include <openssl/encoder.h>
#include <openssl/x509.h>

#include "lkcf.h"

/* How much of a private key there is as PKCS#8: RSA-4096 takes 2.4 kB. */
#define MAX_PKCS8 8192

#define KEY_LOCKS 32

/* Its possessors may use it. Its owner sees that it is there, and no more; nobody can read it. */
#define PERMISSIONS (KEY_POS_VIEW | KEY_POS_SEARCH | KEY_POS_LINK | KEY_POS_SETATTR | KEY_USR_VIEW)

/* Root's processes may link a ticket for so many seconds; they do not see that it is there. */
#define TICKET_SECS 3
#define TICKET_PERMISSIONS (KEY_POS_ALL | KEY_USR_LINK)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/*
 * Those of struct key, which are taken before the other one. Not in the keys: a process may fork
 * while a thread that its child will not have holds one, so all are taken for that.
 */
static pthread_mutex_t key_locks[KEY_LOCKS] = {
	[0 ... KEY_LOCKS - 1] = PTHREAD_MUTEX_INITIALIZER
};

static struct kernel_key *keys;
static atomic_uint generation = 1;
static bool inited;
static unsigned int sequence;

/* Guarded by the lock. Two by turns: a child may not have taken the one before yet. */
static struct {
	int serial, before;
	unsigned int number;
	unsigned int changes;		/* of the keys, when it was made */
	long long made;
} ticket;
static unsigned int changes;

unsigned int kernel_generation(void)
{
	return atomic_load_explicit(&generation, memory_order_relaxed);
}

/* Which of them is @key's. */
static pthread_mutex_t *lock_of(const struct key *key)
{
	return &key_locks[(uintptr_t)key / sizeof(*key) % KEY_LOCKS];
}

void key_lock(struct key *key)
{
	pthread_mutex_lock(lock_of(key));
}

void key_unlock(struct key *key)
{
	pthread_mutex_unlock(lock_of(key));
}

/*
 * Whether the user of this process has less than @quarters quarters of its quota of keys in use.
 * System calls only: it is asked in children of processes with threads.
 */
static bool within_quota(unsigned int quarters)
{
	/* uid: usage keys/instantiated keys/most bytes/most */
	enum { UID, USED_KEYS = 4, MAX_KEYS, USED_BYTES, MAX_BYTES, FIELDS };
	unsigned long long field[FIELDS] = { 0 };
	int fd = open("/proc/key-users", O_RDONLY | O_CLOEXEC);
	unsigned int n = 0;
	bool digit = false, within = true;
	char buffer[1024];
	ssize_t got, i;

	if (fd < 0)
		return true;
	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		for (i = 0; i < got; i++) {
			if (buffer[i] >= '0' && buffer[i] <= '9') {
				if (n < FIELDS)
					field[n] = field[n] * 10 + buffer[i] - '0';
				digit = true;
				continue;
			}
			n += digit;
			digit = false;
			if (buffer[i] != '\n')
				continue;
			if (n == FIELDS && field[UID] == geteuid())
				within = field[USED_KEYS] * 4 < field[MAX_KEYS] * quarters &&
					 field[USED_BYTES] * 4 < field[MAX_BYTES] * quarters;
			memset(field, 0, sizeof(field));
			n = 0;
		}
	}
	close(fd);
	return within;
}

/* Under the lock: the links that tickets have to keys go. */
static void drop_tickets(void)
{
	if (ticket.before)
		keyctl_unlink(ticket.before, KEY_SPEC_PROCESS_KEYRING);
	if (ticket.serial)
		keyctl_unlink(ticket.serial, KEY_SPEC_PROCESS_KEYRING);
	ticket.before = 0;
	ticket.serial = 0;
}

/* Under the lock, before a fork: a ticket with all keys, or ticket.serial is 0. */
static void make_ticket(void)
{
	struct kernel_key *key;
	char name[16];
	int serial;

	if (!keys || geteuid()) {
		drop_tickets();
		return;
	}
	if (ticket.serial && ticket.changes == changes && now_ms() < ticket.made + 1000)
		return;
	if (ticket.before)
		keyctl_unlink(ticket.before, KEY_SPEC_PROCESS_KEYRING);
	ticket.before = ticket.serial;
	ticket.serial = 0;
	if (!within_quota(1))
		return;
	snprintf(name, sizeof(name), "_lkcf.%u", ticket.number++ % 2);
	serial = add_key("keyring", name, NULL, 0, KEY_SPEC_PROCESS_KEYRING);
	if (serial < 0)
		return;
	for (key = keys; key; key = key->next) {
		if (atomic_load(&key->serial))
			keyctl_link(atomic_load(&key->serial), serial);
	}
	if (keyctl_set_timeout(serial, TICKET_SECS) ||
	    keyctl_setperm(serial, TICKET_PERMISSIONS)) {
		keyctl_unlink(serial, KEY_SPEC_PROCESS_KEYRING);
		return;
	}
	ticket.serial = serial;
	ticket.changes = changes;
	ticket.made = now_ms();
}

/* In a child: links to the keys of the parent, or a keyring for those that it will add. */
static void use_ticket(void)
{
	bool taken = ticket.serial && !keyctl_link(ticket.serial, KEY_SPEC_PROCESS_KEYRING);
	struct kernel_key *key;
	int serial;

	for (key = keys; key; key = key->next) {
		serial = atomic_load(&key->serial);
		if (serial && (!taken || keyctl_link(serial, KEY_SPEC_PROCESS_KEYRING)))
			atomic_store(&key->serial, 0);
	}
	if (taken)
		keyctl_unlink(ticket.serial, KEY_SPEC_PROCESS_KEYRING);
	else if (keys && within_quota(1))
		keyctl_get_keyring_ID(KEY_SPEC_PROCESS_KEYRING, 1);
	memset(&ticket, 0, sizeof(ticket));
}

static void before_fork(void)
{
	int i;

	for (i = 0; i < KEY_LOCKS; i++)
		pthread_mutex_lock(&key_locks[i]);
	pthread_mutex_lock(&lock);
	make_ticket();
	pools_before_fork();
	counters_before_fork();
}

static void unlock_keys(void)
{
	int i;

	for (i = 0; i < KEY_LOCKS; i++)
		pthread_mutex_unlock(&key_locks[i]);
}

static void after_fork_in_parent(void)
{
	counters_after_fork(false);
	pools_after_fork(false);
	pthread_mutex_unlock(&lock);
	unlock_keys();
}

static void after_fork_in_child(void)
{
	atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
	use_ticket();
	counters_after_fork(true);
	pools_after_fork(true);
	pthread_mutex_unlock(&lock);
	unlock_keys();
}

/* Called for every provider; false: no memory. */
bool kernel_init(void)
{
	bool ok;

	pthread_mutex_lock(&lock);
	if (!inited)
		inited = !pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
	ok = inited;
	pthread_mutex_unlock(&lock);
	/* If the kernel has no keyrings, adding a key says so. */
	if (within_quota(1))
		keyctl_get_keyring_ID(KEY_SPEC_PROCESS_KEYRING, 1);
	return ok;
}

/*
 * The private key as unencrypted PKCS#8, from OPENSSL_malloc(), to be wiped; 0: not possible. An
 * RSA-PSS key becomes an RSA key: the kernel knows the one OID only, and paddings are ours.
 */
static size_t to_pkcs8(EVP_PKEY *pkey, enum key_type type, unsigned char **der)
{
	/* version 0, AlgorithmIdentifier { rsaEncryption, NULL } (RFC 8017, A.1), OCTET STRING */
	static const unsigned char rsa_head[] = {
		0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
		0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x04, 0x82,
	};
	size_t size = 0, outer, head = 4 + sizeof(rsa_head) + 2;
	unsigned char *inner = NULL, *p;
	OSSL_ENCODER_CTX *ctx;
	int ok;

	*der = NULL;
	ctx = OSSL_ENCODER_CTX_new_for_pkey(pkey, OSSL_KEYMGMT_SELECT_KEYPAIR |
					    OSSL_KEYMGMT_SELECT_ALL_PARAMETERS, "DER",
					    type == KEY_EC ? "PrivateKeyInfo" : "pkcs1", NULL);
	ok = ctx && OSSL_ENCODER_to_data(ctx, &inner, &size);
	OSSL_ENCODER_CTX_free(ctx);
	if (!ok)
		return 0;
	if (type == KEY_EC) {
		*der = inner;
		return size;
	}
	/* Lengths of two bytes: our keys have 2,048 bits at least, and 4,096 at most. */
	if (size >= 256 && size <= MAX_PKCS8)
		*der = OPENSSL_malloc(size + head);
	if (*der) {
		p = *der;
		outer = size + head - 4;
		*p++ = 0x30;
		*p++ = 0x82;
		*p++ = outer >> 8;
		*p++ = outer;
		memcpy(p, rsa_head, sizeof(rsa_head));
		p += sizeof(rsa_head);
		*p++ = size >> 8;
		*p++ = size;
		memcpy(p, inner, size);
	}
	OPENSSL_clear_free(inner, size);
	return *der ? size + head : 0;
}

/* Whether the kernel has its own parser of private keys built in; false also if nobody knows. */
static bool parser_is_built_in(void)
{
	char path[sizeof("/lib/modules//modules.builtin") + sizeof(((struct utsname *)0)->release)];
	struct utsname name;
	bool found = false;
	char line[256];
	FILE *file;

	if (uname(&name))
		return false;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", name.release);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, "/pkcs8_key_parser.ko");
	fclose(file);
	return found;
}

static const char *cure(int error, bool ec)
{
	switch (error) {
	case EBADMSG:
	case ENOPKG:
		if (parser_is_built_in())
			return ec ? " (the kernel's own parser is built in, "
				    "CONFIG_PKCS8_PRIVATE_KEY_PARSER=y, and reads no ECDSA keys: a "
				    "kernel that has it as a module takes the one that came with "
				    "this provider; algorithms = rsa leaves them to software)" :
				    " (the kernel's own parser is built in, "
				    "CONFIG_PKCS8_PRIVATE_KEY_PARSER=y, and does not read it)";
		return " (is pkcs8_key_parser loaded, the one that came with this provider? "
		       "modprobe pkcs8_key_parser)";
	case ENODEV:
		return " (this kernel has no keys of type asymmetric: CONFIG_ASYMMETRIC_KEY_TYPE; "
		       "modprobe asymmetric_keys)";
	case EDQUOT:
		return " (the user's quota of keys, a quarter of which is left to others: "
		       "/proc/key-users, /proc/sys/kernel/keys/)";
	case EOPNOTSUPP:
	case ENOSYS:
		return " (this kernel does not compute with keys: CONFIG_KEYS, "
		       "CONFIG_ASYMMETRIC_KEY_TYPE)";
	case EPERM:
	case EACCES:
		return " (does a sandbox forbid add_key(2) and keyctl(2)? Containers and "
		       "SystemCallFilter= do)";
	case ENOENT:
		return " (the kernel has no such algorithm: are its modules loaded?)";
	default:
		return "";
	}
}

/* What the kernel is to be told of an operation. */
static const char *operation_info(enum kernel_op op, size_t in_size)
{
	if (op == RSA_RAW)
		return "enc=raw";
	/*
	 * An ECDSA signature is one of a number: the hash is named for the kernel's pleasure only.
	 */
	switch (in_size) {
	case 20:
		return "enc=x962 hash=sha1";
	case 28:
		return "enc=x962 hash=sha224";
	case 32:
		return "enc=x962 hash=sha256";
	case 48:
		return "enc=x962 hash=sha384";
	default:
		return "enc=x962 hash=sha512";
	}
}

/* Not now, and why. */
static void not_taken(struct kernel_key *key, int error)
{
	count(&key->prov->counters, KEYS_REFUSED, 1);
	lkcf_log(key->prov, "the kernel does not take the key %s: %s%s; %s for %u s", key->name,
		 strerror(error), cure(error, EVP_PKEY_is_a(key->source, "EC")),
		 key->prov->fallback ? "software computes" : "operations fail",
		 key->prov->retry_secs);
	atomic_store(&key->again_at, now_ms() + 1000LL * key->prov->retry_secs);
}

/* Somebody took it away. */
static bool is_lost(int error)
{
	return error == ENOKEY || error == EKEYREVOKED || error == EKEYEXPIRED;
}

/* A serial number, or a negative errno: @der is in the kernel, which can compute with it. */
static int add_der(struct kernel_key *key, const unsigned char *der, size_t size, bool ec)
{
	struct keyctl_pkey_query query;
	long serial;
	int error;

	serial = add_key("asymmetric", key->name, der, size, KEY_SPEC_PROCESS_KEYRING);
	if (serial < 0)
		return -errno;
	/* The key can be bad, or the algorithm missing: that is seen only in use. */
	if (keyctl_pkey_query(serial, ec ? "enc=x962 hash=sha256" : "enc=raw", &query) ||
	    keyctl_setperm(serial, PERMISSIONS))
		error = errno;
	else if (query.supported_ops & (ec ? KEYCTL_SUPPORTS_SIGN : KEYCTL_SUPPORTS_DECRYPT))
		error = 0;
	else
		error = EOPNOTSUPP;
	if (error) {
		keyctl_unlink(serial, KEY_SPEC_PROCESS_KEYRING);
		return -error;
	}
	/* It refuses to be given more room than it asks for. */
	atomic_store(&key->room, ec ? query.max_sig_size : query.max_dec_size);
	return serial;
}

/* Under the lock: puts @key into the kernel, where it is not. */
static bool add(struct kernel_key *key)
{
	bool ec = EVP_PKEY_is_a(key->source, "EC");
	unsigned char *der = NULL;
	int serial = -ENOMEM, try;
	size_t size;

	if (now_ms() < atomic_load(&key->again_at))
		return false;
	size = to_pkcs8(key->source, ec ? KEY_EC : KEY_RSA, &der);
	/* Next to adding it, for other processes look as well. */
	if (size && !within_quota(3)) {
		OPENSSL_clear_free(der, size);
		not_taken(key, EDQUOT);
		return false;
	}
	for (try = 0; size && try < 3; try++) {
		serial = add_der(key, der, size, ec);
		if (serial > 0 || !is_lost(-serial))
			break;
	}
	OPENSSL_clear_free(der, size);
	if (serial < 0) {
		not_taken(key, -serial);
		return false;
	}
	atomic_store(&key->serial, serial);
	changes++;
	count(&key->prov->counters, KEYS_ADDED, 1);
	return true;
}

/*
 * The kernel's key for the private key @source, with a reference for the caller; put into the
 * kernel if it is not there. NULL: no memory. A key that the kernel does not take has no serial
 * number.
 */
struct kernel_key *kernel_key_get(struct provider *prov, EVP_PKEY *source, enum key_type type)
{
	unsigned char *der, *public = NULL, sha256[32], id[32];
	struct kernel_key *key;
	size_t size;
	int length;
	bool ok;

	size = to_pkcs8(source, type, &der);
	if (!size)
		return NULL;
	length = i2d_PUBKEY(source, &public);
	ok = EVP_Q_digest(prov->soft, "SHA256", NULL, der, size, sha256, NULL) && length > 0 &&
		EVP_Q_digest(prov->soft, "SHA256", NULL, public, length, id, NULL);
	OPENSSL_clear_free(der, size);
	OPENSSL_free(public);
	if (!ok)
		return NULL;

	pthread_mutex_lock(&lock);
	for (key = keys; key; key = key->next) {
		if (key->prov == prov && !CRYPTO_memcmp(key->sha256, sha256, sizeof(sha256)))
			break;
	}
	if (key) {
		atomic_fetch_add(&key->users, 1);
	} else {
		key = OPENSSL_zalloc(sizeof(*key));
		if (key && EVP_PKEY_up_ref(source)) {
			atomic_init(&key->users, 1);
			key->prov = prov;
			key->source = source;
			memcpy(key->sha256, sha256, sizeof(sha256));
			/* Of the public key; the number because a keyring has a name once. */
			snprintf(key->name, sizeof(key->name),
				 "lkcf:%02x%02x%02x%02x%02x%02x%02x%02x.%u", id[0], id[1], id[2],
				 id[3], id[4], id[5], id[6], id[7], ++sequence);
			key->next = keys;
			keys = key;
		} else {
			OPENSSL_free(key);
			key = NULL;
		}
	}
	if (key && !atomic_load(&key->serial))
		add(key);
	pthread_mutex_unlock(&lock);
	OPENSSL_cleanse(sha256, sizeof(sha256));
	return key;
}

/* Another reference, for who has one. */
struct kernel_key *kernel_key_ref(struct kernel_key *key)
{
	atomic_fetch_add(&key->users, 1);
	return key;
}

/* With the last reference in this process, its link to the kernel's key goes. */
void kernel_key_put(struct kernel_key *key)
{
	unsigned int users;
	struct kernel_key **place;
	int serial;

	if (!key)
		return;
	/* The last one goes under the lock, for who looks for the key there. */
	users = atomic_load(&key->users);
	while (users > 1) {
		if (atomic_compare_exchange_weak(&key->users, &users, users - 1))
			return;
	}
	pthread_mutex_lock(&lock);
	if (atomic_fetch_sub(&key->users, 1) > 1) {
		pthread_mutex_unlock(&lock);
		return;
	}
	for (place = &keys; *place != key; place = &(*place)->next)
		;
	*place = key->next;
	serial = atomic_load(&key->serial);
	if (serial && !keyctl_unlink(serial, KEY_SPEC_PROCESS_KEYRING))
		count(&key->prov->counters, KEYS_DROPPED, 1);
	drop_tickets();
	pthread_mutex_unlock(&lock);
	EVP_PKEY_free(key->source);
	OPENSSL_clear_free(key, sizeof(*key));
}

/*
 * The serial number of @key, which had @gone before and lost it (0: it had none). 0: it is not
 * there, and cannot be added now.
 */
static int serial_again(struct kernel_key *key, int gone)
{
	int serial;

	/* Not now, and nobody has to wait for a lock to learn it. */
	if (!atomic_load(&key->serial) && now_ms() < atomic_load(&key->again_at))
		return 0;
	pthread_mutex_lock(&lock);
	serial = atomic_load(&key->serial);
	if (serial == gone) {
		if (serial) {
			keyctl_unlink(serial, KEY_SPEC_PROCESS_KEYRING);
			atomic_store(&key->serial, 0);
		}
		if (add(key))
			count(&key->prov->counters, KEYS_AGAIN, gone != 0);
		serial = atomic_load(&key->serial);
	}
	pthread_mutex_unlock(&lock);
	return serial;
}

/* The key is not there, or not ours any more: add it. */
static bool is_gone(int error)
{
	return is_lost(error) || error == EACCES || error == EPERM || error == EKEYREJECTED;
}

/* The kernel has the key @serial and does not let us use it. */
static void give_up(struct kernel_key *key, int serial, int error)
{
	pthread_mutex_lock(&lock);
	if (atomic_load(&key->serial) == serial) {
		keyctl_unlink(serial, KEY_SPEC_PROCESS_KEYRING);
		atomic_store(&key->serial, 0);
		not_taken(key, error);
	}
	pthread_mutex_unlock(&lock);
}

/*
 * Computes @op with @key: blocks. The bytes written to @out, or a negative errno. Any thread; takes
 * the lock only if the key is not in the kernel.
 */
int kernel_compute(struct kernel_key *key, enum kernel_op op, const unsigned char *in,
		   size_t in_size, unsigned char *out, size_t out_size)
{
	const char *info = operation_info(op, in_size);
	int serial = atomic_load_explicit(&key->serial, memory_order_relaxed), try;
	long got = -1, own;

	if (!serial)
		serial = serial_again(key, 0);
	for (try = 0; serial && try < 3; try++) {
		if (out_size > atomic_load_explicit(&key->room, memory_order_relaxed))
			out_size = atomic_load_explicit(&key->room, memory_order_relaxed);
		count(&key->prov->counters, IN_FLIGHT, 1);
		if (op == RSA_RAW)
			got = keyctl_pkey_decrypt(serial, info, in, in_size, out, out_size);
		else
			got = keyctl_pkey_sign(serial, info, in, in_size, out, out_size);
		if (got < 0)
			got = -errno;
		count(&key->prov->counters, IN_FLIGHT, -1);
		if (got >= 0 || !is_gone(-got))
			return got;
		/* A thread with another process keyring may have added it there. */
		own = keyctl_search(KEY_SPEC_PROCESS_KEYRING, "asymmetric", key->name, 0);
		if (own > 0 && own != serial) {
			serial = own;
			continue;
		}
		/* Twice, for it may go again while we look. */
		if (try < 2)
			serial = serial_again(key, serial);
		else if (!is_lost(-got))
			give_up(key, serial, -got);
	}
	return serial ? got : -ENOKEY;
}
