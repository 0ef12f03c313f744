/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asym_provider: the side that registers algorithms with LKCF for devices that
 * compute them elsewhere. Users: virtio_crypto and cof_initiator.
 *
 * A class is one set of algorithms ("virtio", "cof-pool0"); devices join and
 * leave it. Requests are spread over its live devices; when none is left, or
 * none can do it, the kernel's software computes them (or -ENODEV, by choice).
 */
#ifndef _CRYPTO_INTERNAL_ASYM_PROVIDER_H
#define _CRYPTO_INTERNAL_ASYM_PROVIDER_H

#include <linux/types.h>
#include <linux/list.h>
#include <crypto/internal/asym/types.h>

struct module;
struct seq_file;
struct asym_class;
struct asym_device;
struct asym_request;

/*
 * Memory around a request's buffers that is the driver's while it has the
 * request, so that a header in front of the input and a status behind the output
 * make one piece with them: bytes before asym_request::in, and after the output
 * (asym_request::out + out_len).
 */
#define ASYM_HEADROOM	128
#define ASYM_TAILROOM	64

enum asym_fallback {
	ASYM_FALLBACK_SOFTWARE,
	ASYM_FALLBACK_ERROR,	/* -ENODEV */
};

/* Which of a class's devices an operation goes to. Never one that left. */
enum asym_policy {
	ASYM_POLICY_ROUND_ROBIN,
	ASYM_POLICY_QUEUE_DEPTH,	/* the fewest requests in flight */
	ASYM_POLICY_LATENCY,		/* the smallest time per operation, times those in flight */
};

/* Where operations with a public key (verify, encrypt) are computed. */
enum asym_public_ops {
	ASYM_PUBLIC_LOCAL,	/* by this machine's software: no device decides what is trusted */
	ASYM_PUBLIC_REMOTE,	/* by devices, as operations with a private key are */
};

/* The default of asym_class_params::max_wait_ms */
#define ASYM_MAX_WAIT_MS	10000
/* The largest value that it takes: a day */
#define ASYM_MAX_WAIT_LIMIT_MS	86400000

/**
 * struct asym_class_params - how to make a class
 * @name: "virtio", "cof-pool0": shown in debugfs and logs; copied
 * @prefix: driver names start with it: "<prefix>-rsa", "<prefix>-pkcs1-rsa",
 *	"<prefix>-pkcs1-rsa-sha256"; copied
 * @pkcs1_prefix: another one for all but the first of these, or NULL for
 *	@prefix (the in-tree virtio driver has "virtio-crypto-rsa" and
 *	"virtio-pkcs1-rsa"); copied
 * @priority: cra_priority
 * @fallback: what happens when no device can compute it
 * @policy: which device computes it
 * @public_ops: where operations with a public key are computed
 * @max_wait_ms: an operation that no device has answered after so many milliseconds is
 *	computed by the software, or fails with -ETIMEDOUT (@fallback); 0: it waits for ever
 * @unchecked_results: results of RSA with a private key are released without being verified
 *	with the public exponent
 */
struct asym_class_params {
	const char *name;
	const char *prefix;
	const char *pkcs1_prefix;
	int priority;
	enum asym_fallback fallback;
	enum asym_policy policy;
	enum asym_public_ops public_ops;
	unsigned int max_wait_ms;
	bool unchecked_results;
};

/* The class registers its algorithms when its first device is live and keeps them. */
struct asym_class *asym_class_create(const struct asym_class_params *params);
/*
 * May sleep; every device was unregistered before. Transforms may still exist: the class
 * then stays, out of sight of new look-ups, computing in software, until the last one is freed.
 */
void asym_class_destroy(struct asym_class *class);
void asym_class_set_fallback(struct asym_class *class, enum asym_fallback fallback);
void asym_class_set_policy(struct asym_class *class, enum asym_policy policy);
void asym_class_set_public_ops(struct asym_class *class, enum asym_public_ops public_ops);
void asym_class_set_max_wait(struct asym_class *class, unsigned int ms);
void asym_class_set_unchecked_results(struct asym_class *class, bool unchecked);

/**
 * struct asym_class_stats - sums since the class was created
 * @ops: operations callers asked for: device + software + local + failed + refused, and
 *	those under way
 * @device: answered by a device
 * @software: answered by the kernel's software instead: the sum of the next five
 * @sw_no_device: no live device
 * @sw_unsupported: no device can do it (algorithm, hash, key size)
 * @sw_device_error: the device failed, or vanished, under it
 * @sw_no_session: the device had no room for the key
 * @sw_waited: no device answered in asym_class_params::max_wait_ms, or is expected to
 * @local: computed by the kernel's software, as is right: operations with a public key
 *	(ASYM_PUBLIC_LOCAL), and the kernel's self tests
 * @failed: -ENODEV or -ETIMEDOUT (fallback=error)
 * @refused: -ENOSPC: no room on the device, and the caller did not want to wait
 *	(CRYPTO_TFM_REQ_MAY_BACKLOG)
 * @retried: sent or opened again, on the same or another device
 * @rechecked: the device refused the input: software was asked for the errno
 * @session_opens: keys given to devices
 * @session_closes: keys taken from them
 * @session_hits: operations that found their session open
 * @session_misses: operations that did not, and nobody opening it
 * @inline_keys: of these, sent with the key instead
 * @session_evictions: sessions closed to make room for another
 * @kat_run: known-answer tests run on devices
 * @kat_failed: of these, failed
 * @late_answers: answers to operations that had been computed elsewhere meanwhile; dropped
 * @wrong_results: results with a private key that the public key says are wrong; dropped
 */
struct asym_class_stats {
	u64 ops;
	u64 device;
	u64 software;
	u64 sw_no_device;
	u64 sw_unsupported;
	u64 sw_device_error;
	u64 sw_no_session;
	u64 sw_waited;
	u64 local;
	u64 failed;
	u64 refused;
	u64 retried;
	u64 rechecked;
	u64 session_opens;
	u64 session_closes;
	u64 session_hits;
	u64 session_misses;
	u64 inline_keys;
	u64 session_evictions;
	u64 kat_run;
	u64 kat_failed;
	u64 late_answers;
	u64 wrong_results;
};

void asym_class_get_stats(struct asym_class *class, struct asym_class_stats *stats);

/**
 * struct asym_session_params - what a device needs to prepare a key
 * @key: valid during the call only
 */
struct asym_session_params {
	const struct asym_key_data *key;
};

/**
 * struct asym_request - one operation, as a device driver sees it
 * @algo: enum asym_algo, of the key
 * @op: enum asym_op; RSA: ASYM_DECRYPT, whatever the private key is used for, or ASYM_ENCRYPT
 * @padding: ASYM_PAD_RAW: padding is asym_provider's, for whom a device's errors are no oracle
 * @hash: ASYM_HASH_NONE
 * @handle: the session's handle, as ->open() gave it, unless @key is set
 * @key: a device with ASYM_DEV_INLINE_KEY gets the key with the request, and there is
 *	no session; what it points to is DMA-able, asym_provider's, and as long there as
 *	the rest
 * @in: input, linear and DMA-able: message, ciphertext, digest or signature;
 *	for ASYM_VERIFY the digest follows the signature at once
 * @in_len: bytes of message, ciphertext, digest or signature
 * @digest_len: ASYM_VERIFY: bytes of digest at @in + @in_len
 * @out: output, linear and DMA-able (not for ASYM_VERIFY); never overlaps @in
 * @out_len: room at @out: the key's size
 * @key_bytes: the key's modulus in bytes; ECDSA: its longest signature
 * @more: another request follows at once, or ->commit() does: the doorbell may wait
 * @may_sleep: this call of ->submit() may sleep, and its caller has nothing else to do: a
 *	device may spare the hop through a thread
 * @list: the driver's while it has the request
 * @drv: the driver's while it has the request
 *
 * Memory, with ASYM_HEADROOM and ASYM_TAILROOM bytes around the buffers (also
 * at @out if there is no output), is asym_provider's and stays valid, unmoved, until
 * asym_request_done(); a driver calls that only when the device can no longer
 * read @in or write @out.
 */
struct asym_request {
	u8 algo;
	u8 op;
	u8 padding;
	u8 hash;
	u64 handle;
	const struct asym_key_data *key;
	const u8 *in;
	unsigned int in_len;
	unsigned int digest_len;
	u8 *out;
	unsigned int out_len;
	unsigned int key_bytes;
	bool more;
	bool may_sleep;
	struct list_head list;
	u8 drv[64] __aligned(8);
};

/**
 * asym_request_done() - a device answered
 * @req: the request that ->submit() took
 * @status: 0; -EKEYREJECTED wrong signature; -EBADMSG or -EINVAL the device
 *	refused the input; -ESTALE unknown session (it is opened again and the
 *	request retried, once); -ENOSPC to a request with the key in it: no room for that
 *	(a session is opened, and others make room); -ENOSPC else, -EIO, -ENODEV, -ESHUTDOWN,
 *	-ETIMEDOUT the device failed: retried elsewhere
 * @out_len: bytes written to @req->out
 *
 * Exactly once for each request taken. Any context.
 */
void asym_request_done(struct asym_request *req, int status, unsigned int out_len);

/**
 * struct asym_device_ops - what a device driver does
 * @open: prepare a key; *@handle names it in requests. May sleep, and must
 *	return when the device dies. -ENOSPC: no room for another key.
 *	Called for different keys at the same time.
 * @close: forget a key; may sleep; never while a request uses it. Also after the device
 *	answered -ESTALE, when it may not know the handle any more
 * @submit: send a request. Any context, bottom halves may be disabled, unless
 *	asym_request::may_sleep. 0: taken;
 *	asym_request_done() will be called, perhaps already was. -EBUSY: no
 *	room now, asym_device_kick() will say when to try again (completions of
 *	this device imply it). -E2BIG: a request with the key in it is too long, or there
 *	are too many now: a session is opened, and requests that have one are not held up.
 *	Any other error: not taken, the device failed.
 * @cancel: may be NULL. Nobody wants the answer to a request that ->submit() took, since it
 *	took longer than asym_class_params::max_wait_ms. The driver may tell the device, and
 *	may answer the request at once, with -ECANCELED, if the device can no longer touch its
 *	memory; it must answer it in any case. The request may be answered while this runs, but its
 *	memory stays until this returns. Process context; must not sleep; not after
 *	asym_device_quiesce()
 * @commit: may be NULL. Rings the doorbell for requests that came with
 *	asym_request::more; called in the same contexts, also when no request
 *	followed after all
 */
struct asym_device_ops {
	int (*open)(struct asym_device *dev, const struct asym_session_params *params,
		    u64 *handle);
	void (*close)(struct asym_device *dev, u64 handle);
	int (*submit)(struct asym_device *dev, struct asym_request *req);
	void (*cancel)(struct asym_device *dev, struct asym_request *req);
	void (*commit)(struct asym_device *dev);
};

#define ASYM_DEV_INLINE_KEY		BIT(0)	/* takes requests with the key in them */

/**
 * struct asym_device - embedded by the driver
 * @name: "virtio0", "pool0/1": unique in the class; the driver keeps it valid
 * @ops: see there
 * @caps: what it can do, fixed while registered
 * @flags: ASYM_DEV_*
 * @max_sessions: keys it may hold at once, 0 if only it knows
 * @p: asym_provider's
 */
struct asym_device {
	const char *name;
	const struct asym_device_ops *ops;
	struct asym_caps caps;
	unsigned int flags;
	unsigned int max_sessions;
	struct asym_device_priv *p;
};

/*
 * Runs the known-answer tests on the device (it must work already), then lets
 * requests go to it; the first device registers the class's algorithms. May
 * sleep. -EBADMSG: the device answered wrongly; it is not used and the log
 * says so. After a failure nothing refers to @dev.
 */
int asym_device_register(struct asym_class *class, struct asym_device *dev);
/*
 * First half of going away: on return no ->open, ->close or ->submit call runs
 * or will run. May sleep. The driver then makes the device stop touching
 * memory and answers all it holds with asym_request_done(req, -ENODEV, 0).
 */
void asym_device_quiesce(struct asym_device *dev);
/* Second half: waits until nothing refers to @dev. Sessions are forgotten without ->close. */
void asym_device_unregister(struct asym_device *dev);
void asym_device_kick(struct asym_device *dev);
u32 asym_device_latency_us(const struct asym_device *dev);

#endif /* _CRYPTO_INTERNAL_ASYM_PROVIDER_H */
