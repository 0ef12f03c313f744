// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode threads, and what this and the other modes do with a key.
 */
#include "ops.h"

bool use_key(const struct key *key, EVP_PKEY *pkey, uint64_t *state)
{
	struct shape s = { };
	struct op op = { .salt = UNSET, .implicit = UNSET, .room = MAX_OUT, .md = "SHA2-256",
			 .judge = VERIFIED, .class = "use" };
	struct result got;
	bool right;

	if (!key->ec) {
		op.pad = chance(state, 2) ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING;
		if (!chance(state, 3)) {
			op.kind = DECRYPT;
			op.pad = RSA_PKCS1_PADDING;
			op.md = NULL;
		}
	}
	if (op.kind == DECRYPT)
		make_encrypted(&s, key, &op, state);
	else
		make_input(&s, key, &op, state);
	compute(kern, pkey, &op, &got);
	if (op.kind == DECRYPT)
		right = got.rc && got.len == op.plain_len &&
			!memcmp(got.out, op.plain, got.len);
	else
		right = is_right(key, &op, &got);
	if (!right) {
		char text[256];

		describe(text, sizeof(text), key, &op);
		complain("failed or wrong", text);
	}
	atomic_fetch_add(&done, 1);
	return right;
}

static pthread_barrier_t begin;

/* Half of them use the shared keys, half keys that they load, use a few times, and free. */
static void *worker(void *arg)
{
	unsigned int nr = (uintptr_t)arg;
	uint64_t state = seed + nr * 7919;

	pthread_barrier_wait(&begin);
	while (!atomic_load(&stop)) {
		const struct key *key = &keys[chance(&state, nr_keys)];
		EVP_PKEY *own;

		if (nr % 2) {
			use_key(key, key->kern, &state);
			continue;
		}
		own = load(kern, key);
		if (!own || (!without && !is_lkcf(own))) {
			complain("load", key->path);
			continue;
		}
		for (unsigned int i = chance(&state, 4); i && !atomic_load(&stop); i--)
			use_key(key, own, &state);
		EVP_PKEY_free(own);
	}
	return NULL;
}

static void *load_in_thread(void *arg)
{
	(void)arg;
	load_keys();
	return NULL;
}

/* For so many seconds, and on a slow machine until it is @enough */
void run_threads(void *(*beside)(void *), bool (*enough)(void))
{
	pthread_t *threads = calloc(nr_threads + 1, sizeof(*threads)), loader, other;

	if (!threads)
		die("memory");
	/* They are there before any key is, which comes in a thread that then ends. */
	pthread_barrier_init(&begin, NULL, nr_threads + 1);
	for (unsigned int i = 0; i < nr_threads; i++)
		if (pthread_create(&threads[i], NULL, worker, (void *)(uintptr_t)i))
			die("threads");
	if (pthread_create(&loader, NULL, load_in_thread, NULL))
		die("threads");
	pthread_join(loader, NULL);
	pthread_barrier_wait(&begin);
	if (beside && pthread_create(&other, NULL, beside, NULL))
		die("threads");
	for (double end = now() + seconds; !atomic_load(&bad); nap(50))
		if (now() > end && (enough() || now() > end + 120))
			break;
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	if (beside)
		pthread_join(other, NULL);
	pthread_barrier_destroy(&begin);
	free(threads);
}

bool enough_threads(void)
{
	return atomic_load(&done) > 2 * nr_threads;
}

void mode_threads(void)
{
	struct values c;

	make_contexts();
	run_threads(NULL, enough_threads);
	judge_counters(false);
	c = read_counters();
	if (!without && in_kernel(&c) != atomic_load(&done))
		complain("threads", "not as many operations in the kernel as there were");
	if (c.v[FAILED])
		complain("threads", "failed");
	free_keys();
	drop_contexts();
}
