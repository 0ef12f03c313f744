// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode remove: keys go from the kernel while they are used; and how many there are.
 */
#include <keyutils.h>

#include "ops.h"

/* kernel_keys - how many live keys of lkcf this user sees; the first ones' serial numbers */
static unsigned int kernel_keys(key_serial_t *serials, unsigned int size)
{
	FILE *f = fopen("/proc/keys", "r");
	unsigned int n = 0, serial;
	char line[512], flags[16];

	if (!f)
		die("/proc/keys");
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, " lkcf:") || sscanf(line, "%x %15s", &serial, flags) != 2 ||
		    strpbrk(flags, "RDi"))
			continue;
		if (n < size)
			serials[n] = serial;
		n++;
	}
	fclose(f);
	return n;
}

static bool keys_become(unsigned int wanted, unsigned int secs)
{
	for (double end = now() + secs; kernel_keys(NULL, 0) != wanted; nap(50))
		if (now() > end)
			return false;
	return true;
}

void expect_keys(unsigned int wanted, const char *when)
{
	char text[128];

	wanted *= nr_keys;
	if (without || keys_become(wanted, 10))
		return;
	snprintf(text, sizeof(text), "%s: %u kernel keys, not %u", when, kernel_keys(NULL, 0),
		 wanted);
	complain("keys", text);
}

static atomic_ulong removed[3];

static void *remover(void *arg)
{
	unsigned int how = 0;

	(void)arg;
	while (!atomic_load(&stop)) {
		key_serial_t serials[MAX_KEYS];
		unsigned int n = kernel_keys(serials, MAX_KEYS);
		long rc = -1;

		for (unsigned int i = 0; i < n && i < MAX_KEYS; i++) {
			if (how == 0)
				rc = keyctl_unlink(serials[i], KEY_SPEC_PROCESS_KEYRING);
			else if (how == 1)
				rc = keyctl_invalidate(serials[i]);
			else
				rc = keyctl_revoke(serials[i]);
			if (!rc)
				atomic_fetch_add(&removed[how], 1);
		}
		how = (how + 1) % 3;
		nap(300);
	}
	return NULL;
}

static bool enough_removed(void)
{
	return enough_threads() &&
		(without || (removed[0] && removed[1] && removed[2]));
}

void mode_remove(void)
{
	struct values c;

	make_contexts();
	run_threads(remover, enough_removed);
	printf("lkcf_ops: unlinked=%lu invalidated=%lu revoked=%lu\n", removed[0], removed[1],
	       removed[2]);
	judge_counters(true);
	c = read_counters();
	if (!without && (!removed[0] || !removed[1] || !removed[2]))
		complain("remove", "not every kind of removal was possible");
	if (!without && !c.v[KEYS_AGAIN])
		complain("remove", "no key was added again");
	if (c.v[FAILED])
		complain("remove", "failed");
	/* One that was removed twice within an operation may have been lost. */
	if (!without && (c.v[RSA_SOFTWARE] + c.v[ECDSA_SOFTWARE]) * 10 > in_kernel(&c))
		complain("remove", "software computed more than now and then");
	free_keys();
	expect_keys(0, "all are freed");
	drop_contexts();
}
