// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/cof/<pool>-<n>: the live state of a path, read-only.
 *
 * Owns the class and its devices. Takes no lock but the path's (for state);
 * a device goes before its path does, and waits for readers.
 * Documentation/ABI/testing/sysfs-class-cof describes the files.
 */
#include <linux/device.h>
#include <linux/sysfs.h>
#include "../addr.h"
#include "assoc.h"
#include "config/pool.h"
#include "path.h"
#include "queue.h"
#include "sysfs.h"

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char state[128];

	cofi_path_state(dev_get_drvdata(dev), state, sizeof(state));
	return sysfs_emit(buf, "%s\n", state);
}
static DEVICE_ATTR_RO(state);

static ssize_t cofi_counter_show(struct device *dev, size_t offset, char *buf)
{
	struct cofi_path *path = dev_get_drvdata(dev);
	atomic64_t *counter = (void *)&path->count + offset;

	return sysfs_emit(buf, "%lld\n", (long long)atomic64_read(counter));
}

#define COFI_COUNTER(counter)							\
static ssize_t counter##_show(struct device *dev, struct device_attribute *attr, \
			      char *buf)					\
{										\
	return cofi_counter_show(dev, offsetof(struct cofi_counters, counter), buf); \
}

COFI_COUNTER(requests)
static DEVICE_ATTR_RO(requests);
COFI_COUNTER(responses)
static DEVICE_ATTR_RO(responses);
COFI_COUNTER(errors)
static DEVICE_ATTR_RO(errors);
COFI_COUNTER(lost)
static DEVICE_ATTR_RO(lost);
COFI_COUNTER(late_answers)
static DEVICE_ATTR_RO(late_answers);
COFI_COUNTER(timeouts)
static DEVICE_ATTR_RO(timeouts);
COFI_COUNTER(queries)
static DEVICE_ATTR_RO(queries);
COFI_COUNTER(cancelled)
static DEVICE_ATTR_RO(cancelled);
COFI_COUNTER(protocol_errors)
static DEVICE_ATTR_RO(protocol_errors);
COFI_COUNTER(crc_errors)
static DEVICE_ATTR_RO(crc_errors);
COFI_COUNTER(reconnects)
static DEVICE_ATTR_RO(reconnects);
COFI_COUNTER(bytes)
static DEVICE_ATTR_RO(bytes);
COFI_COUNTER(key_opens)
static DEVICE_ATTR_RO(key_opens);
COFI_COUNTER(key_closes)
static DEVICE_ATTR_RO(key_closes);
COFI_COUNTER(inline_keys)
static DEVICE_ATTR_RO(inline_keys);

static ssize_t reason_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct cofi_path *path = dev_get_drvdata(dev);
	ssize_t len;

	spin_lock_bh(&path->lock);
	len = sysfs_emit(buf, "%s\n", path->reason);
	spin_unlock_bh(&path->lock);
	return len;
}
static DEVICE_ATTR_RO(reason);

/* pool->lock is held for too long to wait for. */
static ssize_t address_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct cofi_path *path = dev_get_drvdata(dev);
	char peer[64] = "";

	spin_lock_bh(&path->lock);
	if (path->state != COFI_DISABLED)
		cof_addr_format(peer, sizeof(peer), &path->addr);
	spin_unlock_bh(&path->lock);
	return sysfs_emit(buf, "%s\n", peer);
}
static DEVICE_ATTR_RO(address);

static ssize_t driver_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct cofi_path *path = dev_get_drvdata(dev);
	ssize_t len;

	spin_lock_bh(&path->lock);
	len = sysfs_emit(buf, "%s\n", path->state == COFI_LIVE ? path->assoc->driver : "");
	spin_unlock_bh(&path->lock);
	return len;
}
static DEVICE_ATTR_RO(driver);

/* Numbers of the association, while the path is live. */
#define COFI_LIVE_VALUE(name, value)						\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr,	\
			   char *buf)						\
{										\
	struct cofi_path *path = dev_get_drvdata(dev);				\
	struct cofi_assoc *assoc;						\
	u64 number = 0;								\
										\
	spin_lock_bh(&path->lock);						\
	assoc = path->assoc;							\
	if (path->state == COFI_LIVE)						\
		number = (value);						\
	spin_unlock_bh(&path->lock);						\
	return sysfs_emit(buf, "%llu\n", number);				\
}										\
static DEVICE_ATTR_RO(name)

COFI_LIVE_VALUE(association, assoc->id);
COFI_LIVE_VALUE(queues, assoc->nr_queues);
COFI_LIVE_VALUE(depth, assoc->queues[0]->depth);
COFI_LIVE_VALUE(kato_ms, jiffies_to_msecs(assoc->kato));
COFI_LIVE_VALUE(ops_per_sec, assoc->quota.ops_per_sec);
COFI_LIVE_VALUE(bytes_per_sec, assoc->quota.bytes_per_sec);
COFI_LIVE_VALUE(units_per_sec, assoc->quota.units_per_sec);
COFI_LIVE_VALUE(burst_ms, assoc->quota.burst_ms);
COFI_LIVE_VALUE(max_inflight, assoc->quota.max_inflight);
COFI_LIVE_VALUE(inflight, cofi_assoc_inflight(assoc));
COFI_LIVE_VALUE(latency_us, asym_device_latency_us(&assoc->path->dev));

static struct attribute *cofi_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_reason.attr,
	&dev_attr_address.attr,
	&dev_attr_driver.attr,
	&dev_attr_association.attr,
	&dev_attr_queues.attr,
	&dev_attr_depth.attr,
	&dev_attr_kato_ms.attr,
	&dev_attr_ops_per_sec.attr,
	&dev_attr_bytes_per_sec.attr,
	&dev_attr_units_per_sec.attr,
	&dev_attr_burst_ms.attr,
	&dev_attr_max_inflight.attr,
	&dev_attr_inflight.attr,
	&dev_attr_latency_us.attr,
	&dev_attr_requests.attr,
	&dev_attr_responses.attr,
	&dev_attr_errors.attr,
	&dev_attr_lost.attr,
	&dev_attr_late_answers.attr,
	&dev_attr_timeouts.attr,
	&dev_attr_queries.attr,
	&dev_attr_cancelled.attr,
	&dev_attr_protocol_errors.attr,
	&dev_attr_crc_errors.attr,
	&dev_attr_reconnects.attr,
	&dev_attr_bytes.attr,
	&dev_attr_key_opens.attr,
	&dev_attr_key_closes.attr,
	&dev_attr_inline_keys.attr,
	NULL
};
ATTRIBUTE_GROUPS(cofi);

static const struct class cofi_class = {
	.name = "cof",
	.dev_groups = cofi_groups,
};

/**
 * cofi_sysfs_add() - make a path visible
 * @path: the path; its counters are zero, its state is set
 * @n: its folder's name
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int cofi_sysfs_add(struct cofi_path *path, const char *n)
{
	struct device *dev;

	dev = device_create(&cofi_class, NULL, 0, path, "%s-%s",
			    cofi_pool_name(path->pool), n);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	path->sysfs = dev;
	return 0;
}

/**
 * cofi_sysfs_del() - on return nobody reads the path
 * @path: the path
 *
 * Context: may sleep.
 */
void cofi_sysfs_del(struct cofi_path *path)
{
	device_unregister(path->sysfs);
	path->sysfs = NULL;
}

/**
 * cofi_sysfs_init() - make the class
 *
 * Return: 0 or a negative errno.
 */
int cofi_sysfs_init(void)
{
	return class_register(&cofi_class);
}

/**
 * cofi_sysfs_exit() - remove the class, which has no device any more
 */
void cofi_sysfs_exit(void)
{
	class_unregister(&cofi_class);
}
