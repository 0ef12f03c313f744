// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/virtio_crypto/<device>/stats: counters, one 'name value' a
 * line. They survive resets and last while the driver is bound. Reading takes
 * each queue's lock for a moment.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/virtio.h>

#include "cipher.h"
#include "data.h"
#include "debugfs.h"
#include "types.h"

static struct dentry *vcrypto_debugfs_root;

static const char * const vcrypto_state_names[] = {
	[VCRYPTO_IDLE] = "idle",
	[VCRYPTO_TESTING] = "testing",
	[VCRYPTO_LIVE] = "live",
	[VCRYPTO_UNUSED] = "unused",
	[VCRYPTO_REJECTED] = "rejected",
	[VCRYPTO_FAILED] = "failed",
	[VCRYPTO_AWAY] = "away",
};

/* The sum of @nr queues from @q on. */
static void vcrypto_show_queues(struct seq_file *m, const char *prefix, struct vcrypto_queue *q,
				unsigned int nr)
{
	u64 requests = 0, answered = 0, errors = 0, aborted = 0, inflight = 0, kicks = 0;
	u64 interrupts = 0, full = 0;

	for (; nr; nr--, q++) {
		spin_lock_irq(&q->lock);
		requests += q->requests;
		answered += q->answered;
		errors += q->errors;
		aborted += q->aborted;
		inflight += q->inflight;
		kicks += q->kicks;
		full += q->full;
		spin_unlock_irq(&q->lock);
		interrupts += atomic64_read(&q->interrupts);
	}
	seq_printf(m, "%srequests %llu\n", prefix, requests);
	seq_printf(m, "%sanswered %llu\n", prefix, answered);
	seq_printf(m, "%serrors %llu\n", prefix, errors);
	seq_printf(m, "%saborted %llu\n", prefix, aborted);
	seq_printf(m, "%sinflight %llu\n", prefix, inflight);
	seq_printf(m, "%skicks %llu\n", prefix, kicks);
	seq_printf(m, "%sinterrupts %llu\n", prefix, interrupts);
	seq_printf(m, "%sfull %llu\n", prefix, full);
}

static int stats_show(struct seq_file *m, void *unused)
{
	struct vcrypto *vc = m->private;
	unsigned int i, sessions, unclosed, late;
	u64 requests, errors, kicks, timeouts;
	char prefix[20];

	seq_printf(m, "state %s\n", vcrypto_state_names[READ_ONCE(vc->state)]);
	seq_printf(m, "queues %u\n", vc->nr_queues);

	vcrypto_show_queues(m, "", vc->queues, vc->nr_queues);

	spin_lock_irq(&vc->control.lock);
	requests = vc->control.requests;
	errors = vc->control.errors;
	kicks = vc->control.kicks;
	sessions = vc->control.nr_sessions;
	unclosed = vc->control.nr_unclosed;
	late = vc->control.late;
	timeouts = vc->control.timeouts_all;
	spin_unlock_irq(&vc->control.lock);
	seq_printf(m, "sessions %u\n", sessions);
	seq_printf(m, "sessions_unclosed %u\n", unclosed);
	seq_printf(m, "control_late %u\n", late);
	seq_printf(m, "control_timeouts %llu\n", timeouts);
	seq_printf(m, "control_requests %llu\n", requests);
	seq_printf(m, "control_errors %llu\n", errors);
	seq_printf(m, "control_kicks %llu\n", kicks);
	seq_printf(m, "control_interrupts %llu\n", (u64)atomic64_read(&vc->control.interrupts));

	for (i = 0; i < vc->nr_queues; i++) {
		snprintf(prefix, sizeof(prefix), "dataq%u_", i);
		vcrypto_show_queues(m, prefix, &vc->queues[i], 1);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int cipher_show(struct seq_file *m, void *unused)
{
	vcrypto_cipher_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cipher);

/**
 * vcrypto_debugfs_add() - show a device's counters
 * @vc: device: probed
 *
 * Context: sleeps.
 */
void vcrypto_debugfs_add(struct vcrypto *vc)
{
	vc->debugfs = debugfs_create_dir(dev_name(&vc->vdev->dev), vcrypto_debugfs_root);
	debugfs_create_file("stats", 0400, vc->debugfs, vc, &stats_fops);
}

/**
 * vcrypto_debugfs_del() - undo vcrypto_debugfs_add()
 * @vc: device. Nobody reads its counters afterwards
 *
 * Context: sleeps.
 */
void vcrypto_debugfs_del(struct vcrypto *vc)
{
	debugfs_remove(vc->debugfs);
}

/**
 * vcrypto_debugfs_init() - make the module's folder
 *
 * Context: sleeps.
 */
void vcrypto_debugfs_init(void)
{
	vcrypto_debugfs_root = debugfs_create_dir("virtio_crypto", NULL);
	debugfs_create_file("cipher", 0400, vcrypto_debugfs_root, NULL, &cipher_fops);
}

/**
 * vcrypto_debugfs_exit() - remove it; no device is left
 *
 * Context: sleeps.
 */
void vcrypto_debugfs_exit(void)
{
	debugfs_remove(vcrypto_debugfs_root);
}
