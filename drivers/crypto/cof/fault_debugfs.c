// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/cof/fault: the knobs of fault.c. Process context;
 * cof_fault_lock guards the values. See Documentation/ABI/testing/debugfs-cof.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "fault_knobs.h"

static struct dentry *fault_dir;

static const char *const fault_kinds[COF_FAULT_NR] = {
	[COF_FAULT_DROP]	= "drop",
	[COF_FAULT_DELAY]	= "delay",
	[COF_FAULT_CORRUPT]	= "corrupt",
	[COF_FAULT_TRUNCATE]	= "truncate",
	[COF_FAULT_REORDER]	= "reorder",
	[COF_FAULT_ALLOC]	= "alloc",
	[COF_FAULT_CLOSE]	= "close",
};

static const char *const fault_sides[] = {
	[COF_FAULT_BOTH]	= "both",
	[COF_FAULT_INITIATOR]	= "initiator",
	[COF_FAULT_TARGET]	= "target",
};

static const char *const fault_queues[] = {
	[COF_FAULT_ALL]		= "all",
	[COF_FAULT_ADMIN]	= "admin",
	[COF_FAULT_IO]		= "io",
};

static const char *const fault_states[] = {
	[COF_FAULT_ANY]		= "any",
	[COF_FAULT_CONNECT]	= "connect",
	[COF_FAULT_IDENTIFY]	= "identify",
	[COF_FAULT_KEY_OPEN]	= "key_open",
	[COF_FAULT_INFLIGHT]	= "inflight",
};

enum {
	ATTR_PROBABILITY,
	ATTR_COUNT,
	ATTR_INJECTED,
	ATTR_SIDE,
	ATTR_QUEUE,
	ATTR_DELAY_US,
	ATTR_STATE,
	ATTR_NR
};

static const struct {
	const char *name;
	umode_t mode;
	u32 kinds;		/* that have it */
} fault_attrs[ATTR_NR] = {
	[ATTR_PROBABILITY]	= { "probability", 0600, ~0U },
	[ATTR_COUNT]		= { "count", 0600, ~0U },
	[ATTR_INJECTED]		= { "injected", 0400, ~0U },
	[ATTR_SIDE]		= { "side", 0600, ~0U },
	[ATTR_QUEUE]		= { "queue", 0600, ~0U },
	[ATTR_DELAY_US]		= { "delay_us", 0600, BIT(COF_FAULT_DELAY) },
	[ATTR_STATE]		= { "state", 0600, BIT(COF_FAULT_CLOSE) },
};

/* A file's i_private points to one. */
struct fault_file {
	u8 kind;
	u8 attr;
};

static struct fault_file fault_files[COF_FAULT_NR][ATTR_NR];

static int fault_show(const struct fault_file *ff, char *buf, size_t size)
{
	struct cof_fault_knobs knobs;

	spin_lock_bh(&cof_fault_lock);
	knobs = cof_fault_knobs[ff->kind];
	spin_unlock_bh(&cof_fault_lock);
	switch (ff->attr) {
	case ATTR_PROBABILITY:
		return scnprintf(buf, size, "%u\n", knobs.probability);
	case ATTR_COUNT:
		return scnprintf(buf, size, "%d\n", knobs.count);
	case ATTR_INJECTED:
		return scnprintf(buf, size, "%llu\n", knobs.injected);
	case ATTR_SIDE:
		return scnprintf(buf, size, "%s\n", fault_sides[knobs.side]);
	case ATTR_QUEUE:
		return scnprintf(buf, size, "%s\n", fault_queues[knobs.queue]);
	case ATTR_DELAY_US:
		return scnprintf(buf, size, "%u\n", knobs.delay_us);
	default:
		return scnprintf(buf, size, "%s\n", fault_states[knobs.state]);
	}
}

static int fault_word(const char *const *words, size_t n, const char *word, u8 *value)
{
	int i = match_string(words, n, word);

	if (i < 0)
		return -EINVAL;
	*value = i;
	return 0;
}

static int fault_number(const char *text, unsigned int max, u32 *value)
{
	unsigned int n;
	int err = kstrtouint(text, 0, &n);

	if (err)
		return err;
	if (n > max)
		return -ERANGE;
	*value = n;
	return 0;
}

static int fault_count(const char *text, int *value)
{
	int n;
	int err = kstrtoint(text, 0, &n);

	if (err)
		return err;
	if (n < -1)
		return -ERANGE;
	*value = n;
	return 0;
}

static int fault_store(const struct fault_file *ff, const char *text)
{
	struct cof_fault_knobs *knobs = &cof_fault_knobs[ff->kind];

	lockdep_assert_held(&cof_fault_lock);
	switch (ff->attr) {
	case ATTR_PROBABILITY:
		return fault_number(text, COF_FAULT_SCALE, &knobs->probability);
	case ATTR_COUNT:
		return fault_count(text, &knobs->count);
	case ATTR_SIDE:
		return fault_word(fault_sides, ARRAY_SIZE(fault_sides), text, &knobs->side);
	case ATTR_QUEUE:
		return fault_word(fault_queues, ARRAY_SIZE(fault_queues), text, &knobs->queue);
	case ATTR_DELAY_US:
		return fault_number(text, COF_FAULT_MAX_DELAY_US, &knobs->delay_us);
	default:
		return fault_word(fault_states, ARRAY_SIZE(fault_states), text, &knobs->state);
	}
}

static ssize_t fault_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	char buf[32];

	return simple_read_from_buffer(to, count, pos, buf,
				       fault_show(file->private_data, buf, sizeof(buf)));
}

static ssize_t fault_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	const struct fault_file *ff = file->private_data;
	char buf[32] = {};
	int err;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, from, count))
		return -EFAULT;
	spin_lock_bh(&cof_fault_lock);
	err = fault_store(ff, strim(buf));
	spin_unlock_bh(&cof_fault_lock);
	if (err)
		pr_warn("fault/%s/%s: '%s' is %s\n", fault_kinds[ff->kind],
			fault_attrs[ff->attr].name, strim(buf),
			err == -ERANGE ? "out of range" : "not a value it takes");
	return err ?: count;
}

static const struct file_operations fault_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= fault_read,
	.write	= fault_write,
	.llseek	= default_llseek,
};

static int fault_enable_get(void *data, u64 *value)
{
	*value = cof_fault_enabled();
	return 0;
}

static int fault_enable_set(void *data, u64 value)
{
	if (value > 1)
		return -ERANGE;
	cof_fault_enable(value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(fault_enable_fops, fault_enable_get, fault_enable_set, "%llu\n");

static int fault_seed_get(void *data, u64 *value)
{
	*value = cof_fault_seed_get();
	return 0;
}

static int fault_seed_set(void *data, u64 value)
{
	cof_fault_seed_set(value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(fault_seed_fops, fault_seed_get, fault_seed_set, "%llu\n");

/**
 * cof_fault_debugfs_init() - make the files
 *
 * Context: process.
 */
void cof_fault_debugfs_init(void)
{
	struct dentry *top, *dir;
	unsigned int kind, attr;
	struct fault_file *ff;

	fault_dir = debugfs_create_dir("cof", NULL);
	top = debugfs_create_dir("fault", fault_dir);
	debugfs_create_file("enable", 0600, top, NULL, &fault_enable_fops);
	debugfs_create_file("seed", 0600, top, NULL, &fault_seed_fops);
	for (kind = 0; kind < COF_FAULT_NR; kind++) {
		dir = debugfs_create_dir(fault_kinds[kind], top);
		for (attr = 0; attr < ATTR_NR; attr++) {
			if (!(fault_attrs[attr].kinds & BIT(kind)))
				continue;
			ff = &fault_files[kind][attr];
			*ff = (struct fault_file){ .kind = kind, .attr = attr };
			debugfs_create_file(fault_attrs[attr].name, fault_attrs[attr].mode, dir,
					    ff, &fault_fops);
		}
	}
}

/**
 * cof_fault_debugfs_exit() - remove them; nobody writes any more
 *
 * Context: process.
 */
void cof_fault_debugfs_exit(void)
{
	debugfs_remove_recursive(fault_dir);
}
