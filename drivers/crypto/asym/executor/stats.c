// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of executors, and /sys/kernel/debug/asym_executor/<name>.
 *
 * exec_all_lock protects the list of executors, which gives executors of the
 * same name different files. Process context.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "drivers.h"
#include "main.h"
#include "stats.h"

/* The list of executors; held during their ready_changed(). */
DEFINE_MUTEX(exec_all_lock);
LIST_HEAD(exec_all);
static struct dentry *exec_debugfs_root;

/**
 * asym_exec_stats_show() - print an executor's counters
 * @exec: the executor
 * @m: receives lines of "name value"
 *
 * The lines are described in Documentation/ABI/testing/debugfs-asym-executor.
 *
 * Context: process.
 */
void asym_exec_stats_show(struct asym_exec *exec, struct seq_file *m)
{
	struct exec_driver drivers[EXEC_MAX_DRIVERS];
	unsigned int queued, inflight, keys;
	struct exec_stats stats;
	int i;

	spin_lock_bh(&exec->lock);
	stats = exec->stats;
	queued = exec->queued;
	inflight = exec->inflight;
	keys = exec->keys;
	for (i = 0; i < exec->nr_drivers; i++)
		drivers[i] = exec->drivers[i];
	spin_unlock_bh(&exec->lock);

	for (i = 0; i < exec->nr_drivers; i++) {
		seq_printf(m, "driver%d %s\n", i, drivers[i].name);
		seq_printf(m, "driver%d_there %d\n", i, drivers[i].there);
		seq_printf(m, "driver%d_async %d\n", i, !drivers[i].sync);
		seq_printf(m, "driver%d_ops %llu\n", i, drivers[i].ops);
		seq_printf(m, "driver%d_errors %llu\n", i, drivers[i].errors);
		seq_printf(m, "driver%d_key_errors %llu\n", i, drivers[i].key_errors);
	}
	seq_printf(m, "encrypt %llu\n", stats.ops[ASYM_ENCRYPT]);
	seq_printf(m, "decrypt %llu\n", stats.ops[ASYM_DECRYPT]);
	seq_printf(m, "sign %llu\n", stats.ops[ASYM_SIGN]);
	seq_printf(m, "verify %llu\n", stats.ops[ASYM_VERIFY]);
	seq_printf(m, "rejected %llu\n", stats.rejected);
	seq_printf(m, "refused %llu\n", stats.refused);
	seq_printf(m, "failed %llu\n", stats.failed);
	seq_printf(m, "retried %llu\n", stats.retried);
	seq_printf(m, "stalled %llu\n", stats.stalled);
	seq_printf(m, "milliunits %llu\n", stats.milliunits);
	seq_printf(m, "ec_remote %llu\n", stats.ec_remote);
	seq_printf(m, "ec_local %llu\n", stats.ec_local);
	seq_printf(m, "ec_errors %llu\n", stats.ec_errors);
	seq_printf(m, "ready %d\n", asym_exec_ready(exec));
	seq_printf(m, "max_inflight %u\n", asym_exec_max_inflight(exec));
	seq_printf(m, "inflight %u\n", inflight);
	seq_printf(m, "queued %u\n", queued);
	seq_printf(m, "keys %u\n", keys);
}
EXPORT_SYMBOL_GPL(asym_exec_stats_show);

static int exec_stats_show(struct seq_file *m, void *unused)
{
	asym_exec_stats_show(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exec_stats);

/* The lowest number that no other executor of this name has. */
static unsigned int exec_free_id(const char *name)
{
	struct asym_exec *other;
	unsigned int id = 0;
	bool used;

	do {
		used = false;
		list_for_each_entry(other, &exec_all, all)
			if (other->id == id && !strcmp(other->name, name)) {
				used = true;
				id++;
				break;
			}
	} while (used);
	return id;
}

void exec_debugfs_add(struct asym_exec *exec)
{
	char file[EXEC_MAX_NAME + 16];

	guard(mutex)(&exec_all_lock);
	exec->id = exec_free_id(exec->name);
	list_add_tail(&exec->all, &exec_all);
	if (exec->id)
		snprintf(file, sizeof(file), "%s#%u", exec->name, exec->id);
	else
		strscpy(file, exec->name);
	strreplace(file, '/', '!');
	exec->dentry = debugfs_create_file(file, 0444, exec_debugfs_root, exec, &exec_stats_fops);
}

void exec_debugfs_del(struct asym_exec *exec)
{
	guard(mutex)(&exec_all_lock);
	debugfs_remove(exec->dentry);
	list_del(&exec->all);
}

void exec_debugfs_init(void)
{
	exec_debugfs_root = debugfs_create_dir("asym_executor", NULL);
}

void exec_debugfs_exit(void)
{
	debugfs_remove(exec_debugfs_root);
}
