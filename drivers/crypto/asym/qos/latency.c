// SPDX-License-Identifier: GPL-2.0-only
/*
 * A histogram of latencies. The caller owns the buckets, per CPU or per queue. This file selects
 * the bucket of an operation, and prints a bucket. Any context; no locks.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sysfs.h>
#include <crypto/internal/asym/qos.h>

/**
 * asym_latency_bucket() - select the bucket of an operation that ends now
 * @since: when it began, ktime_get_ns()
 *
 * Context: any.
 * Return: less than ASYM_LATENCIES.
 */
unsigned int asym_latency_bucket(u64 since)
{
	u64 us = div_u64(ktime_get_ns() - since, NSEC_PER_USEC);

	return min(fls64(us), ASYM_LATENCIES - 1);
}
EXPORT_SYMBOL_GPL(asym_latency_bucket);

/**
 * asym_latency_emit() - print a bucket: "<us> <count>", the last one "more <count>"
 * @page: of a sysfs or configfs attribute
 * @len: bytes there are already
 * @bucket: less than ASYM_LATENCIES
 * @count: of all CPUs or queues
 *
 * Return: bytes added.
 */
ssize_t asym_latency_emit(char *page, ssize_t len, unsigned int bucket, u64 count)
{
	if (bucket < ASYM_LATENCIES - 1)
		return sysfs_emit_at(page, len, "%llu %llu\n", BIT_ULL(bucket), count);
	return sysfs_emit_at(page, len, "more %llu\n", count);
}
EXPORT_SYMBOL_GPL(asym_latency_emit);
