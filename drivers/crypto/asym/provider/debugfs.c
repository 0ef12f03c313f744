// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/asym/<class>/stats and .../devices/<device>: lines of a
 * name and a value. See Documentation/ABI/testing/debugfs-asym. debugfs waits
 * for readers before a class or device is freed. Readers take asym_class::lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "class.h"
#include "debugfs.h"
#include "device.h"
#include "stats.h"

static struct dentry *provider_dir;

static const char * const stat_names[PROVIDER_STAT_NR] = {
	[PROVIDER_STAT_OPS]			= "ops",
	[PROVIDER_STAT_DEVICE]		= "device",
	[PROVIDER_STAT_SOFTWARE]		= "software",
	[PROVIDER_STAT_SW_NO_DEVICE]		= "sw_no_device",
	[PROVIDER_STAT_SW_UNSUPPORTED]	= "sw_unsupported",
	[PROVIDER_STAT_SW_DEVICE_ERROR]	= "sw_device_error",
	[PROVIDER_STAT_SW_NO_SESSION]	= "sw_no_session",
	[PROVIDER_STAT_SW_WAITED]		= "sw_waited",
	[PROVIDER_STAT_LOCAL]		= "local",
	[PROVIDER_STAT_FAILED]		= "failed",
	[PROVIDER_STAT_REFUSED]		= "refused",
	[PROVIDER_STAT_RETRIED]		= "retried",
	[PROVIDER_STAT_RECHECKED]		= "rechecked",
	[PROVIDER_STAT_SESSION_OPENS]	= "session_opens",
	[PROVIDER_STAT_SESSION_CLOSES]	= "session_closes",
	[PROVIDER_STAT_SESSION_HITS]		= "session_hits",
	[PROVIDER_STAT_SESSION_MISSES]	= "session_misses",
	[PROVIDER_STAT_INLINE_KEYS]		= "inline_keys",
	[PROVIDER_STAT_SESSION_EVICTIONS]	= "session_evictions",
	[PROVIDER_STAT_KAT_RUN]		= "kat_run",
	[PROVIDER_STAT_KAT_FAILED]		= "kat_failed",
	[PROVIDER_STAT_LATE_ANSWERS]		= "late_answers",
	[PROVIDER_STAT_WRONG_RESULTS]	= "wrong_results",
};

static int stats_show(struct seq_file *m, void *unused)
{
	struct asym_class *class = m->private;
	unsigned int keys, idle_keys, sessions, devices;
	struct asym_class_stats stats;
	int i;

	asym_class_get_stats(class, &stats);
	for (i = 0; i < PROVIDER_STAT_NR; i++)
		seq_printf(m, "%s %llu\n", stat_names[i], ((u64 *)&stats)[i]);

	spin_lock_bh(&class->lock);
	keys = class->nr_keys;
	idle_keys = class->nr_idle_keys;
	sessions = class->nr_sessions;
	devices = class->nr_devices;
	spin_unlock_bh(&class->lock);
	seq_printf(m, "transforms %d\n", atomic_read(&class->transforms));
	seq_printf(m, "keys %u\n", keys);
	seq_printf(m, "idle_keys %u\n", idle_keys);
	seq_printf(m, "sessions %u\n", sessions);
	seq_printf(m, "devices %u\n", devices);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int device_show(struct seq_file *m, void *unused)
{
	struct asym_device_priv *pdev = m->private;
	u64 requests = 0, completed = 0;
	unsigned int sessions, limit;
	bool trusted;
	int cpu;

	spin_lock_bh(&pdev->class->lock);
	sessions = pdev->nr_sessions;
	trusted = pdev->live || pdev->stopped;
	limit = pdev->limit;
	spin_unlock_bh(&pdev->class->lock);

	for_each_possible_cpu(cpu) {
		const struct provider_device_stats *stats = per_cpu_ptr(pdev->stats, cpu);

		requests += READ_ONCE(stats->requests);
		completed += READ_ONCE(stats->completed);
	}
	seq_printf(m, "requests %llu\n", requests);
	seq_printf(m, "completed %llu\n", completed);
	seq_printf(m, "errors %lld\n", atomic64_read(&pdev->errors));
	seq_printf(m, "inflight %d\n", atomic_read(&pdev->inflight));
	seq_printf(m, "limit %u\n", limit);
	seq_printf(m, "latency_us %u\n", READ_ONCE(pdev->latency) / 8);
	seq_printf(m, "sessions %u\n", sessions);
	seq_printf(m, "opens %lld\n", atomic64_read(&pdev->opens));
	seq_printf(m, "closes %lld\n", atomic64_read(&pdev->closes));
	seq_printf(m, "kat_run %lld\n", atomic64_read(&pdev->kat_run));
	seq_printf(m, "kat_failed %lld\n", atomic64_read(&pdev->kat_failed));
	seq_printf(m, "trusted %d\n", trusted);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(device);

static int objects_show(struct seq_file *m, void *unused)
{
	static const char * const names[PROVIDER_OBJECT_NR] = {
		[PROVIDER_OBJECT_CLASSES]	= "classes",
		[PROVIDER_OBJECT_DEVICES]	= "devices",
		[PROVIDER_OBJECT_KEYS]		= "keys",
		[PROVIDER_OBJECT_KEY_BYTES]	= "key_bytes",
		[PROVIDER_OBJECT_SESSIONS]	= "sessions",
		[PROVIDER_OBJECT_TRANSFORMS]	= "transforms",
		[PROVIDER_OBJECT_OPERATIONS]	= "operations",
	};
	int i, cpu;

	for (i = 0; i < PROVIDER_OBJECT_NR; i++) {
		long sum = 0;

		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu(provider_objects, cpu).nr[i]);
		seq_printf(m, "%s %ld\n", names[i], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(objects);

/**
 * provider_debugfs_add_class() - add the files of a new class
 * @class: the class
 */
void provider_debugfs_add_class(struct asym_class *class)
{
	class->dir = debugfs_create_dir(class->name, provider_dir);
	class->devices_dir = debugfs_create_dir("devices", class->dir);
	debugfs_create_file("stats", 0444, class->dir, class, &stats_fops);
}

/**
 * provider_debugfs_del_class() - remove the files of a class, freed or a zombie
 * @class: the class
 */
void provider_debugfs_del_class(struct asym_class *class)
{
	debugfs_remove(class->dir);
	class->dir = NULL;
}

/**
 * provider_debugfs_add_device() - add the file of a live device
 * @pdev: the device
 */
void provider_debugfs_add_device(struct asym_device_priv *pdev)
{
	char name[sizeof(pdev->name)];

	strscpy(name, pdev->name);
	strreplace(name, '/', '!');
	pdev->dir = debugfs_create_file(name, 0444, pdev->class->devices_dir, pdev, &device_fops);
}

/**
 * provider_debugfs_del_device() - remove the file of a device
 * @pdev: the device
 */
void provider_debugfs_del_device(struct asym_device_priv *pdev)
{
	debugfs_remove(pdev->dir);
}

/**
 * provider_debugfs_init() - create the module's folder
 */
void provider_debugfs_init(void)
{
	provider_dir = debugfs_create_dir("asym", NULL);
	debugfs_create_file("objects", 0444, provider_dir, NULL, &objects_fops);
}

/**
 * provider_debugfs_exit() - remove the module's folder
 */
void provider_debugfs_exit(void)
{
	debugfs_remove(provider_dir);
}
