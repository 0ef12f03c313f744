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
#include "initiator.h"

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
COFI_COUNTER(protocol_errors)
static DEVICE_ATTR_RO(protocol_errors);
COFI_COUNTER(reconnects)
static DEVICE_ATTR_RO(reconnects);
COFI_COUNTER(bytes)
static DEVICE_ATTR_RO(bytes);
COFI_COUNTER(key_opens)
static DEVICE_ATTR_RO(key_opens);
COFI_COUNTER(key_closes)
static DEVICE_ATTR_RO(key_closes);

static struct attribute *cofi_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_requests.attr,
	&dev_attr_responses.attr,
	&dev_attr_errors.attr,
	&dev_attr_lost.attr,
	&dev_attr_late_answers.attr,
	&dev_attr_protocol_errors.attr,
	&dev_attr_reconnects.attr,
	&dev_attr_bytes.attr,
	&dev_attr_key_opens.attr,
	&dev_attr_key_closes.attr,
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

int cofi_sysfs_init(void)
{
	return class_register(&cofi_class);
}

void cofi_sysfs_exit(void)
{
	class_unregister(&cofi_class);
}
