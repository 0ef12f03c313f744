// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/config/vdpa_crypto/<name>/: what devices there shall be
 * (Documentation/ABI/testing/configfs-vdpa-crypto).
 *
 * vc_item.lock protects an item's parameters and state. It is not held while
 * a device is registered or unregistered: that takes the vDPA core's lock,
 * which dev_add() and dev_del() come with. The state VC_ENABLING or
 * VC_DISABLING keeps others away meanwhile. Order: core's lock, vc_items_lock,
 * vc_item.lock.
 *
 * A device holds a reference to its item and one to the module. If a virtual
 * machine has it open when it is disabled, it is retired, and unregistered as
 * soon as it is closed: vhost_vdpa would have us wait uninterruptibly.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/configfs.h>
#include <linux/crypto.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <crypto/skcipher.h>

#include "configfs.h"
#include "create.h"
#include "dev.h"

#define VC_RETRY		HZ	/* between looks whether a guest closed a device */

#define VC_QUEUES_DEFAULT	2
#define VC_SESSIONS_MAX		65536
#define VC_SESSIONS_DEFAULT	1024
#define VC_COALESCE_MAX_USECS	10000
#define VC_COALESCE_USECS	50
#define VC_ALGOS_DEFAULT	(BIT(ASYM_RSA) | BIT(ASYM_ECDSA))

enum vc_state {
	VC_DISABLED,
	VC_ENABLING,
	VC_ENABLED,
	VC_DISABLING,
};

/* The limits of a device. */
enum vc_limit {
	VC_LIMIT_OPS,
	VC_LIMIT_BYTES,
	VC_LIMIT_UNITS,
	VC_LIMIT_BURST,
	VC_LIMIT_NR
};

/**
 * struct vc_item - a configured device
 * @group: the folder
 * @stats_group: stats/
 * @node: in vc_items
 * @lock: protects what follows
 * @state: see there
 * @settled: waits for @state to be no longer VC_ENABLING
 * @params: see there
 * @limits: by enum vc_limit
 * @coalesce_usecs: see struct vc_dev
 * @vd: the device; it is whoever's set @state to VC_ENABLING or VC_DISABLING
 * @vc: its contents, or NULL
 * @past: counters of devices that were
 * @past_latencies: likewise
 * @past_throttled: likewise
 * @past_throttled_us: likewise
 * @unregister_work: unregisters a retired device when nobody uses it
 */
struct vc_item {
	struct config_group group;
	struct config_group stats_group;
	struct list_head node;
	struct mutex lock;		/* what follows */
	enum vc_state state;
	wait_queue_head_t settled;
	struct vc_params params;
	u64 limits[VC_LIMIT_NR];
	u32 coalesce_usecs;
	struct vdpa_crypto *vd;
	struct vc_dev *vc;
	u64 past[VC_STAT_NR];
	u64 past_latencies[ASYM_LATENCIES];
	u64 past_throttled;
	u64 past_throttled_us;
	struct delayed_work unregister_work;
};

/* Under which devices are listed */
static struct vdpa_mgmt_dev *vc_mgmt;

static LIST_HEAD(vc_items);
static DEFINE_MUTEX(vc_items_lock);

static struct vc_item *to_vc_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct vc_item, group);
}

static struct vc_item *stats_to_vc_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct vc_item, stats_group);
}

/* Enabling and disabling */

static void vc_item_settle(struct vc_item *item, enum vc_state state)
{
	scoped_guard(mutex, &item->lock)
		WRITE_ONCE(item->state, state);
	wake_up_all(&item->settled);
}

/* Let go of a device's contents: keep their counters. */
static void vc_item_drop_contents(struct vc_item *item)
{
	struct vc_dev *vc = item->vc;
	struct asym_qos_stats qos;
	unsigned int i, j;

	scoped_guard(mutex, &item->lock) {
		for (i = 0; i < VC_STAT_NR; i++)
			item->past[i] += vc_stat(vc, i);
		for (i = 0; i < ASYM_LATENCIES; i++)
			for (j = 0; j < vc->nr_queues; j++)
				item->past_latencies[i] += READ_ONCE(vc->queues[j].latencies[i]);
		asym_qos_flow_stats(&vc->flow, &qos);
		item->past_throttled += qos.throttled;
		item->past_throttled_us += qos.throttled_us;
		item->vc = NULL;
	}
	vc_dev_put(vc);
}

static void vc_item_apply_limits(struct vc_item *item)
{
	const struct asym_qos_limits limits = {
		.ops_per_sec = item->limits[VC_LIMIT_OPS],
		.bytes_per_sec = item->limits[VC_LIMIT_BYTES],
		.units_per_sec = item->limits[VC_LIMIT_UNITS],
		.burst_ms = item->limits[VC_LIMIT_BURST],
		.weight = ASYM_QOS_WEIGHT,
	};

	lockdep_assert_held(&item->lock);
	if (item->vc)
		vc_set_limits(item->vc, &limits);
}

/* Which of its drivers are not there, for the administrator: later ones, or a typing error. */
static void vc_item_tell_missing(const char *name, const char *attr, struct asym_exec *exec)
{
	char missing[VC_DRIVERS_MAX + 1];

	if (asym_exec_missing(exec, missing, sizeof(missing)))
		pr_warn("%s: %s: no such driver now: %s; the device waits for it\n", name, attr,
			missing);
}

static int vc_item_enable(struct vc_item *item, bool core_locked)
{
	struct vc_params params;
	unsigned int nvqs;
	int err;

	scoped_guard(mutex, &item->lock) {
		if (item->state == VC_ENABLED)
			return core_locked ? -EEXIST : 0;
		if (item->state != VC_DISABLED) {
			pr_err("%s: enable: the device is still being %s\n", item->params.name,
			       item->state == VC_ENABLING ? "enabled" : "disabled");
			return -EBUSY;
		}
		if (!item->params.algos) {
			pr_err("%s: enable: no algorithms are configured\n", item->params.name);
			return -EINVAL;
		}
		WRITE_ONCE(item->state, VC_ENABLING);
		params = item->params;
	}

	item->vd = vc_create(&params, vc_mgmt);
	if (IS_ERR(item->vd)) {
		err = PTR_ERR(item->vd);
		goto disabled;
	}
	nvqs = item->vd->vc->nr_queues;
	scoped_guard(mutex, &item->lock) {
		item->vc = item->vd->vc;
		kref_get(&item->vc->ref);
		/* Nobody drives it yet. */
		vc_item_apply_limits(item);
		item->vc->coalesce_usecs = item->coalesce_usecs;
	}
	__module_get(THIS_MODULE);
	config_group_get(&item->group);
	err = core_locked ? _vdpa_register_device(&item->vd->vdpa, nvqs) :
			    vdpa_register_device(&item->vd->vdpa, nvqs);
	if (err) {
		pr_err("%s: enable: the vDPA device cannot be registered (%pe)\n", params.name,
		       ERR_PTR(err));
		put_device(&item->vd->vdpa.dev);
		goto put_refs;
	}
	pr_info("%s: enabled: %u data queues, computed by %s\n", params.name, params.queues,
		asym_exec_driver(item->vc->exec));
	vc_item_tell_missing(params.name, "enable", item->vc->exec);
	vc_item_settle(item, VC_ENABLED);
	return 0;

put_refs:
	vc_item_drop_contents(item);
	config_group_put(&item->group);
	module_put(THIS_MODULE);
disabled:
	vc_item_settle(item, VC_DISABLED);
	return err;
}

/* The state is VC_DISABLING. */
static void vc_item_unregister(struct vc_item *item, bool core_locked)
{
	if (core_locked) {
		_vdpa_unregister_device(&item->vd->vdpa);
	} else {
		/* The driver's remove() may take long: not under the core's lock. */
		device_release_driver(&item->vd->vdpa.dev);
		vdpa_unregister_device(&item->vd->vdpa);
	}
	pr_info("%s: disabled\n", item->params.name);
	vc_item_drop_contents(item);
	vc_item_settle(item, VC_DISABLED);
	config_group_put(&item->group);
	module_put(THIS_MODULE);
}

static void vc_unregister_work(struct work_struct *work)
{
	struct vc_item *item = container_of(to_delayed_work(work), struct vc_item,
					    unregister_work);

	if (vc_used_by_guest(item->vc))
		queue_delayed_work(vc_wq, &item->unregister_work, VC_RETRY);
	else
		vc_item_unregister(item, false);
}

/*
 * Disable the device of an item, or just @vdpa if that is it.
 *
 * Return: 0 if it is, or will soon be, disabled; -EBUSY if it is being enabled.
 */
static int vc_item_disable(struct vc_item *item, struct vdpa_device *vdpa, bool core_locked)
{
	scoped_guard(mutex, &item->lock) {
		if (item->state == VC_ENABLING) {
			pr_err("%s: enable: the device is still being enabled\n",
			       item->params.name);
			return -EBUSY;
		}
		if (item->state != VC_ENABLED || (vdpa && vdpa != &item->vd->vdpa))
			return 0;
		WRITE_ONCE(item->state, VC_DISABLING);
	}
	if (!vc_used_by_guest(item->vc)) {
		vc_item_unregister(item, core_locked);
		return 0;
	}
	pr_warn("%s: a virtual machine uses the device: it computes nothing more and goes when that closes it\n",
		item->params.name);
	vc_retire(item->vc);
	queue_delayed_work(vc_wq, &item->unregister_work, VC_RETRY);
	return 0;
}

static struct vc_item *vc_item_find(const char *name)
{
	struct vc_item *item;

	guard(mutex)(&vc_items_lock);
	list_for_each_entry(item, &vc_items, node) {
		if (!strcmp(item->params.name, name)) {
			config_group_get(&item->group);
			return item;
		}
	}
	return NULL;
}

/**
 * vc_configfs_add() - `vdpa dev add`: enable what is configured
 * @mdev: vc_configfs_init()'s
 * @name: of the item
 * @config: nothing of it is supported, as @mdev says
 *
 * Context: process context, the vDPA core's lock held.
 * Return: 0; -EOPNOTSUPP if there is no such item; else as writing enable.
 */
int vc_configfs_add(struct vdpa_mgmt_dev *mdev, const char *name,
		    const struct vdpa_dev_set_config *config)
{
	struct vc_item *item = vc_item_find(name);
	int err;

	if (!item) {
		pr_err("%s: configure the device first: mkdir /sys/kernel/config/vdpa_crypto/%s\n",
		       name, name);
		return -EOPNOTSUPP;
	}
	err = vc_item_enable(item, true);
	config_group_put(&item->group);
	return err;
}

/**
 * vc_configfs_del() - `vdpa dev del`: disable the item the device belongs to
 * @mdev: vc_configfs_init()'s
 * @vdpa: the device
 *
 * Context: process context, the vDPA core's lock held.
 */
void vc_configfs_del(struct vdpa_mgmt_dev *mdev, struct vdpa_device *vdpa)
{
	struct vc_item *item = vc_item_find(dev_name(&vdpa->dev));

	if (!item)
		return;		/* its folder was removed: it is going already */
	vc_item_disable(item, vdpa, true);
	config_group_put(&item->group);
}

/* Attributes */

static int vc_item_check_disabled(struct vc_item *item, const char *attr)
{
	lockdep_assert_held(&item->lock);
	if (item->state == VC_DISABLED)
		return 0;
	pr_err("%s: %s: cannot be changed while the device is enabled\n", item->params.name, attr);
	return -EBUSY;
}

static int vc_store_uint(struct vc_item *item, const char *attr, const char *page,
			 unsigned int min, unsigned int max, unsigned int *value)
{
	unsigned int val;
	int err;

	err = kstrtouint(page, 0, &val);
	if (!err && (val < min || val > max))
		err = -ERANGE;
	if (err) {
		pr_err("%s: %s: not a number from %u to %u\n", item->params.name, attr, min, max);
		return err;
	}
	guard(mutex)(&item->lock);
	err = vc_item_check_disabled(item, attr);
	if (!err)
		*value = val;
	return err;
}

static ssize_t vc_queues_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_vc_item(item)->params.queues);
}

static ssize_t vc_queues_store(struct config_item *ci, const char *page, size_t count)
{
	struct vc_item *item = to_vc_item(ci);
	int err = vc_store_uint(item, "queues", page, 1, VC_QUEUES_MAX, &item->params.queues);

	return err ? err : count;
}
CONFIGFS_ATTR(vc_, queues);

static ssize_t vc_max_sessions_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_vc_item(item)->params.max_sessions);
}

static ssize_t vc_max_sessions_store(struct config_item *ci, const char *page, size_t count)
{
	struct vc_item *item = to_vc_item(ci);
	int err = vc_store_uint(item, "max_sessions", page, 1, VC_SESSIONS_MAX,
				&item->params.max_sessions);

	return err ? err : count;
}
CONFIGFS_ATTR(vc_, max_sessions);

/* Limits: in force as soon as they are written, whether the device is enabled or not. */

static const struct {
	const char *name;
	u64 min;
	u64 max;
} vc_limit_rules[] = {
	[VC_LIMIT_OPS]		= { "ops_per_sec", 0, ASYM_QOS_MAX_RATE },
	[VC_LIMIT_BYTES]	= { "bytes_per_sec", 0, ASYM_QOS_MAX_RATE },
	[VC_LIMIT_UNITS]	= { "units_per_sec", 0, ASYM_QOS_MAX_RATE },
	[VC_LIMIT_BURST]	= { "burst_ms", 1, ASYM_QOS_MAX_BURST_MS },
};

static ssize_t vc_limit_show(struct config_item *ci, char *page, enum vc_limit which)
{
	struct vc_item *item = to_vc_item(ci);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%llu\n", item->limits[which]);
}

static ssize_t vc_limit_store(struct config_item *ci, const char *page, size_t count,
			      enum vc_limit which)
{
	u64 min = vc_limit_rules[which].min, max = vc_limit_rules[which].max, val;
	struct vc_item *item = to_vc_item(ci);
	int err;

	err = kstrtou64(page, 0, &val);
	if (!err && (val < min || val > max))
		err = -ERANGE;
	if (err) {
		pr_err("%s: %s: not a number from %llu to %llu%s\n", item->params.name,
		       vc_limit_rules[which].name, min, max, min ? "" : ", 0: unlimited");
		return err;
	}
	guard(mutex)(&item->lock);
	item->limits[which] = val;
	vc_item_apply_limits(item);
	return count;
}

#define VC_LIMIT_ATTR(_name, _which)							\
static ssize_t vc_##_name##_show(struct config_item *ci, char *page)			\
{											\
	return vc_limit_show(ci, page, VC_LIMIT_##_which);				\
}											\
static ssize_t vc_##_name##_store(struct config_item *ci, const char *page, size_t count) \
{											\
	return vc_limit_store(ci, page, count, VC_LIMIT_##_which);			\
}											\
CONFIGFS_ATTR(vc_, _name)

VC_LIMIT_ATTR(ops_per_sec, OPS);
VC_LIMIT_ATTR(bytes_per_sec, BYTES);
VC_LIMIT_ATTR(units_per_sec, UNITS);
VC_LIMIT_ATTR(burst_ms, BURST);

static ssize_t vc_coalesce_usecs_show(struct config_item *ci, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_vc_item(ci)->coalesce_usecs));
}

static ssize_t vc_coalesce_usecs_store(struct config_item *ci, const char *page, size_t count)
{
	struct vc_item *item = to_vc_item(ci);
	unsigned int val;
	int err;

	err = kstrtouint(page, 0, &val);
	if (!err && val > VC_COALESCE_MAX_USECS)
		err = -ERANGE;
	if (err) {
		pr_err("%s: coalesce_usecs: not a number from 0 to %u\n", item->params.name,
		       VC_COALESCE_MAX_USECS);
		return err;
	}
	guard(mutex)(&item->lock);
	WRITE_ONCE(item->coalesce_usecs, val);
	if (item->vc)
		WRITE_ONCE(item->vc->coalesce_usecs, val);
	return count;
}
CONFIGFS_ATTR(vc_, coalesce_usecs);

static ssize_t vc_drivers_show(struct config_item *ci, char *page)
{
	struct vc_item *item = to_vc_item(ci);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%s\n", item->params.drivers);
}

/*
 * Whether the drivers can be used is for the executor to say: make one. Those that are not there
 * may come later, with a pool's first path or with a module.
 */
static int vc_check_drivers(struct vc_item *item, const char *drivers)
{
	char bad[CRYPTO_MAX_ALG_NAME] = "";
	const struct asym_exec_params params = {
		.name = item->params.name,
		.drivers = drivers,
		.wait_drivers = true,
		.bad = bad,
	};
	struct asym_exec *exec;

	exec = asym_exec_create(&params);
	if (IS_ERR(exec)) {
		pr_err("%s: drivers: '%s' %s (%pe)\n", item->params.name, *bad ? bad : drivers,
		       PTR_ERR(exec) == -ENOENT ? "is not a driver the kernel has" :
						  "cannot be used", exec);
		return PTR_ERR(exec);
	}
	vc_item_tell_missing(item->params.name, "drivers", exec);
	asym_exec_destroy(exec);
	return 0;
}

static ssize_t vc_drivers_store(struct config_item *ci, const char *page, size_t count)
{
	struct vc_item *item = to_vc_item(ci);
	const char *start = skip_spaces(page);
	char drivers[VC_DRIVERS_MAX + 1];
	size_t len = strlen(start);
	int err;

	while (len && isspace(start[len - 1]))
		len--;
	if (len > VC_DRIVERS_MAX) {
		pr_err("%s: drivers: longer than %u characters\n", item->params.name,
		       VC_DRIVERS_MAX);
		return -ENAMETOOLONG;
	}
	memcpy(drivers, start, len);
	drivers[len] = '\0';

	scoped_guard(mutex, &item->lock)
		err = vc_item_check_disabled(item, "drivers");
	if (err)
		return err;
	if (len) {
		err = vc_check_drivers(item, drivers);
		if (err)
			return err;
	}
	guard(mutex)(&item->lock);
	err = vc_item_check_disabled(item, "drivers");
	if (err)
		return err;
	strscpy(item->params.drivers, drivers);
	return count;
}
CONFIGFS_ATTR(vc_, drivers);

static const struct {
	const char *name;
	u32 bit;
} vc_algorithms[] = {
	{ "rsa", BIT(ASYM_RSA) },
	{ "ecdsa", BIT(ASYM_ECDSA) },
	{ "cbc(aes)", VC_ALGO_CBC_AES },
};

static ssize_t vc_algorithms_show(struct config_item *ci, char *page)
{
	struct vc_item *item = to_vc_item(ci);
	int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(vc_algorithms); i++)
		if (READ_ONCE(item->params.algos) & vc_algorithms[i].bit)
			n += sysfs_emit_at(page, n, "%s%s", n ? " " : "", vc_algorithms[i].name);
	return n + sysfs_emit_at(page, n, "\n");
}

static u32 vc_algorithm_bit(const char *name, size_t len)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vc_algorithms); i++)
		if (strlen(vc_algorithms[i].name) == len &&
		    !strncmp(name, vc_algorithms[i].name, len))
			return vc_algorithms[i].bit;
	return 0;
}

static ssize_t vc_algorithms_store(struct config_item *ci, const char *page, size_t count)
{
	static const char separators[] = " ,\t\n";
	struct vc_item *item = to_vc_item(ci);
	const char *name = page;
	u32 algos = 0;
	int err;

	while (*(name += strspn(name, separators))) {
		size_t len = strcspn(name, separators);
		u32 bit = vc_algorithm_bit(name, len);

		if (!bit) {
			pr_err("%s: algorithms: '%.*s' is not known (there are: rsa, ecdsa, cbc(aes))\n",
			       item->params.name, (int)len, name);
			return -EINVAL;
		}
		algos |= bit;
		name += len;
	}
	guard(mutex)(&item->lock);
	err = vc_item_check_disabled(item, "algorithms");
	if (err)
		return err;
	WRITE_ONCE(item->params.algos, algos);
	return count;
}
CONFIGFS_ATTR(vc_, algorithms);

static ssize_t vc_enable_show(struct config_item *ci, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_vc_item(ci)->state) == VC_ENABLED);
}

static ssize_t vc_enable_store(struct config_item *ci, const char *page, size_t count)
{
	struct vc_item *item = to_vc_item(ci);
	bool enable;
	int err;

	err = kstrtobool(page, &enable);
	if (err) {
		pr_err("%s: enable: neither 0 nor 1\n", item->params.name);
		return err;
	}
	err = enable ? vc_item_enable(item, false) : vc_item_disable(item, NULL, false);
	return err ? err : count;
}
CONFIGFS_ATTR(vc_, enable);

static struct configfs_attribute *vc_attrs[] = {
	&vc_attr_queues,
	&vc_attr_drivers,
	&vc_attr_algorithms,
	&vc_attr_max_sessions,
	&vc_attr_coalesce_usecs,
	&vc_attr_ops_per_sec,
	&vc_attr_bytes_per_sec,
	&vc_attr_units_per_sec,
	&vc_attr_burst_ms,
	&vc_attr_enable,
	NULL,
};

/* stats/ */

static u64 vc_item_stat(struct vc_item *item, enum vc_stat stat)
{
	guard(mutex)(&item->lock);
	return item->past[stat] + (item->vc ? vc_stat(item->vc, stat) : 0);
}

#define VC_STAT_ATTR(_name, _stat)						\
static ssize_t vc_stat_##_name##_show(struct config_item *ci, char *page)	\
{										\
	return sysfs_emit(page, "%llu\n",					\
			  vc_item_stat(stats_to_vc_item(ci), _stat));		\
}										\
CONFIGFS_ATTR_RO(vc_stat_, _name)

VC_STAT_ATTR(requests, VC_STAT_REQUESTS);
VC_STAT_ATTR(encrypt, VC_STAT_ENCRYPT);
VC_STAT_ATTR(decrypt, VC_STAT_DECRYPT);
VC_STAT_ATTR(sign, VC_STAT_SIGN);
VC_STAT_ATTR(verify, VC_STAT_VERIFY);
VC_STAT_ATTR(encrypt_bytes, VC_STAT_ENCRYPT_BYTES);
VC_STAT_ATTR(decrypt_bytes, VC_STAT_DECRYPT_BYTES);
VC_STAT_ATTR(sign_bytes, VC_STAT_SIGN_BYTES);
VC_STAT_ATTR(verify_bytes, VC_STAT_VERIFY_BYTES);
VC_STAT_ATTR(cipher_encrypt, VC_STAT_CIPHER_ENCRYPT);
VC_STAT_ATTR(cipher_decrypt, VC_STAT_CIPHER_DECRYPT);
VC_STAT_ATTR(cipher_encrypt_bytes, VC_STAT_CIPHER_ENCRYPT_BYTES);
VC_STAT_ATTR(cipher_decrypt_bytes, VC_STAT_CIPHER_DECRYPT_BYTES);
VC_STAT_ATTR(errors, VC_STAT_ERRORS);
VC_STAT_ATTR(ctrl_requests, VC_STAT_CTRL_REQUESTS);
VC_STAT_ATTR(sessions_total, VC_STAT_SESSIONS_TOTAL);
VC_STAT_ATTR(malformed, VC_STAT_MALFORMED);
VC_STAT_ATTR(notifications, VC_STAT_NOTIFICATIONS);
VC_STAT_ATTR(held_back, VC_STAT_HELD_BACK);
VC_STAT_ATTR(kicks, VC_STAT_KICKS);
VC_STAT_ATTR(stateless, VC_STAT_STATELESS);

static ssize_t vc_stat_sessions_show(struct config_item *ci, char *page)
{
	struct vc_item *item = stats_to_vc_item(ci);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%u\n",
			  item->vc ? READ_ONCE(item->vc->sessions.count) : 0);
}
CONFIGFS_ATTR_RO(vc_stat_, sessions);

static void vc_item_qos_stats(struct vc_item *item, struct asym_qos_stats *stats)
{
	guard(mutex)(&item->lock);
	if (item->vc)
		asym_qos_flow_stats(&item->vc->flow, stats);
	else
		memset(stats, 0, sizeof(*stats));
	stats->throttled += item->past_throttled;
	stats->throttled_us += item->past_throttled_us;
}

#define VC_QOS_STAT_ATTR(_name, _field)							\
static ssize_t vc_stat_##_name##_show(struct config_item *ci, char *page)		\
{											\
	struct asym_qos_stats stats;							\
											\
	vc_item_qos_stats(stats_to_vc_item(ci), &stats);				\
	return sysfs_emit(page, "%llu\n", (u64)stats._field);				\
}											\
CONFIGFS_ATTR_RO(vc_stat_, _name)

VC_QOS_STAT_ATTR(throttled, throttled);
VC_QOS_STAT_ATTR(throttled_us, throttled_us);
VC_QOS_STAT_ATTR(waiting, waiting);

static ssize_t vc_stat_latency_show(struct config_item *ci, char *page)
{
	struct vc_item *item = stats_to_vc_item(ci);
	unsigned int i, j;
	ssize_t len = 0;

	guard(mutex)(&item->lock);
	for (i = 0; i < ASYM_LATENCIES; i++) {
		u64 sum = item->past_latencies[i];

		for (j = 0; item->vc && j < item->vc->nr_queues; j++)
			sum += READ_ONCE(item->vc->queues[j].latencies[i]);
		len += asym_latency_emit(page, len, i, sum);
	}
	return len;
}
CONFIGFS_ATTR_RO(vc_stat_, latency);

static ssize_t vc_stat_driver_show(struct config_item *ci, char *page)
{
	struct vc_item *item = stats_to_vc_item(ci);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%s\n", item->vc ? asym_exec_driver(item->vc->exec) : "");
}
CONFIGFS_ATTR_RO(vc_stat_, driver);

static ssize_t vc_stat_missing_drivers_show(struct config_item *ci, char *page)
{
	struct vc_item *item = stats_to_vc_item(ci);
	char missing[VC_DRIVERS_MAX + 1] = "";

	guard(mutex)(&item->lock);
	if (item->vc)
		asym_exec_missing(item->vc->exec, missing, sizeof(missing));
	return sysfs_emit(page, "%s\n", missing);
}
CONFIGFS_ATTR_RO(vc_stat_, missing_drivers);

static ssize_t vc_stat_cipher_driver_show(struct config_item *ci, char *page)
{
	struct vc_item *item = stats_to_vc_item(ci);

	guard(mutex)(&item->lock);
	return sysfs_emit(page, "%s\n", item->vc && item->vc->cipher ?
			  crypto_skcipher_driver_name(item->vc->cipher) : "");
}
CONFIGFS_ATTR_RO(vc_stat_, cipher_driver);

static struct configfs_attribute *vc_stat_attrs[] = {
	&vc_stat_attr_requests,
	&vc_stat_attr_encrypt,
	&vc_stat_attr_decrypt,
	&vc_stat_attr_sign,
	&vc_stat_attr_verify,
	&vc_stat_attr_encrypt_bytes,
	&vc_stat_attr_decrypt_bytes,
	&vc_stat_attr_sign_bytes,
	&vc_stat_attr_verify_bytes,
	&vc_stat_attr_cipher_encrypt,
	&vc_stat_attr_cipher_decrypt,
	&vc_stat_attr_cipher_encrypt_bytes,
	&vc_stat_attr_cipher_decrypt_bytes,
	&vc_stat_attr_errors,
	&vc_stat_attr_ctrl_requests,
	&vc_stat_attr_sessions,
	&vc_stat_attr_sessions_total,
	&vc_stat_attr_malformed,
	&vc_stat_attr_notifications,
	&vc_stat_attr_held_back,
	&vc_stat_attr_kicks,
	&vc_stat_attr_stateless,
	&vc_stat_attr_throttled,
	&vc_stat_attr_throttled_us,
	&vc_stat_attr_waiting,
	&vc_stat_attr_latency,
	&vc_stat_attr_driver,
	&vc_stat_attr_missing_drivers,
	&vc_stat_attr_cipher_driver,
	NULL,
};

static const struct config_item_type vc_stats_type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = vc_stat_attrs,
};

/* Items */

static void vc_item_release(struct config_item *ci)
{
	struct vc_item *item = to_vc_item(ci);

	mutex_destroy(&item->lock);
	kfree(item);
}

static struct configfs_item_operations vc_item_ops = {
	.release = vc_item_release,
};

static const struct config_item_type vc_item_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &vc_item_ops,
	.ct_attrs = vc_attrs,
};

static int vc_check_name(const char *name)
{
	const char *p;

	if (strlen(name) > VC_NAME_MAX) {
		pr_err("'%s': the name is longer than %u characters\n", name, VC_NAME_MAX);
		return -ENAMETOOLONG;
	}
	for (p = name; *p; p++) {
		if (!isalnum(*p) && !strchr("-_.", *p)) {
			pr_err("'%s': a name has letters, digits, '-', '_' and '.' only\n", name);
			return -EINVAL;
		}
	}
	return 0;
}

static struct config_group *vc_make_group(struct config_group *group, const char *name)
{
	struct vc_item *item;
	int err;

	err = vc_check_name(name);
	if (err)
		return ERR_PTR(err);
	item = kzalloc_obj(*item);
	if (!item)
		return ERR_PTR(-ENOMEM);
	mutex_init(&item->lock);
	init_waitqueue_head(&item->settled);
	INIT_DELAYED_WORK(&item->unregister_work, vc_unregister_work);
	strscpy(item->params.name, name);
	item->params.queues = VC_QUEUES_DEFAULT;
	item->params.max_sessions = VC_SESSIONS_DEFAULT;
	item->params.algos = VC_ALGOS_DEFAULT;
	item->limits[VC_LIMIT_BURST] = ASYM_QOS_BURST_MS;
	item->coalesce_usecs = VC_COALESCE_USECS;

	config_group_init_type_name(&item->group, name, &vc_item_type);
	config_group_init_type_name(&item->stats_group, "stats", &vc_stats_type);
	configfs_add_default_group(&item->stats_group, &item->group);
	scoped_guard(mutex, &vc_items_lock)
		list_add_tail(&item->node, &vc_items);
	return &item->group;
}

/* rmdir: no attribute is being read or written, but `vdpa dev add` may run. */
static void vc_drop_item(struct config_group *group, struct config_item *ci)
{
	struct vc_item *item = to_vc_item(ci);

	scoped_guard(mutex, &vc_items_lock)
		list_del_init(&item->node);
	wait_event(item->settled, READ_ONCE(item->state) != VC_ENABLING);
	vc_item_disable(item, NULL, false);
	config_item_put(ci);
}

static struct configfs_group_operations vc_group_ops = {
	.make_group = vc_make_group,
	.drop_item = vc_drop_item,
};

static const struct config_item_type vc_subsys_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &vc_group_ops,
};

static struct configfs_subsystem vc_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "vdpa_crypto",
			.ci_type = &vc_subsys_type,
		},
	},
};

/**
 * vc_configfs_init() - make /sys/kernel/config/vdpa_crypto
 * @mgmt: registered; devices that are enabled are listed under it
 *
 * Context: module init.
 * Return: 0 or -errno.
 */
int vc_configfs_init(struct vdpa_mgmt_dev *mgmt)
{
	vc_mgmt = mgmt;
	config_group_init(&vc_subsys.su_group);
	mutex_init(&vc_subsys.su_mutex);
	return configfs_register_subsystem(&vc_subsys);
}

/**
 * vc_configfs_exit() - remove it; there are no items
 *
 * Context: module exit.
 */
void vc_configfs_exit(void)
{
	configfs_unregister_subsystem(&vc_subsys);
}
