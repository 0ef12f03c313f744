// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selection of the device for an operation, by the devices' capabilities and the class's
 * policy, under asym_class::lock. Measured times are read, and written by each answer, without
 * the lock.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>

#include "class.h"
#include "device.h"
#include "key.h"
#include "op/types.h"
#include "pick.h"
#include "stats.h"

static bool device_can(const struct asym_device_priv *pdev, const struct provider_op *op)
{
	const struct asym_caps *caps = &pdev->caps;
	const struct provider_key *key = op->key;
	u8 nr = op->req.op;

	if (key->data.algo == ASYM_ECDSA)
		return caps->algos & BIT(ASYM_ECDSA) && caps->ec_ops & BIT(nr) &&
		       caps->ec_curves & BIT(key->data.curve);

	if (!(caps->algos & BIT(ASYM_RSA)) || !key->device_ok)
		return false;
	if (key->data.bits < caps->rsa_min_bits || key->data.bits > caps->rsa_max_bits)
		return false;
	return caps->rsa_ops & BIT(nr) && caps->rsa_paddings & BIT(ASYM_PAD_RAW);
}

/* The policy's score of a device; the least is best. */
static u64 device_cost_locked(const struct asym_device_priv *pdev, enum asym_policy policy)
{
	u32 inflight = atomic_read(&pdev->inflight);

	switch (policy) {
	case ASYM_POLICY_QUEUE_DEPTH:
		return inflight;
	case ASYM_POLICY_LATENCY:
		/* Otherwise a device that was slow once would stay idle. */
		if (!inflight && time_after_eq(jiffies, pdev->picked + PROVIDER_EXPLORE))
			return 0;
		return (u64)READ_ONCE(pdev->latency) * (inflight + 1);
	default:
		return 0;
	}
}

#define SCORE_BUSY	BIT_ULL(62)
#define SCORE_COST_MAX	(SCORE_BUSY / PROVIDER_MAX_DEVICES - 1)

/*
 * Most significant first: busy, the policy's score, distance from the device whose turn
 * it is.
 */
static u64 device_score_locked(const struct asym_device_priv *pdev, enum asym_policy policy)
{
	return (list_empty(&pdev->backlog) ? 0 : SCORE_BUSY) +
	       min(device_cost_locked(pdev, policy), SCORE_COST_MAX) * PROVIDER_MAX_DEVICES +
	       (pdev->id - pdev->class->next_device) % PROVIDER_MAX_DEVICES;
}

/* Operations waited too long on the device recently: more than its limit would, too. */
static bool device_is_slow_locked(const struct asym_device_priv *pdev)
{
	return pdev->limit && atomic_read(&pdev->inflight) >= pdev->limit &&
	       READ_ONCE(pdev->class->fallback) == ASYM_FALLBACK_SOFTWARE;
}

/**
 * provider_pick_too_late_locked() - report that an operation waited too long for a device
 * @pdev: the device; asym_class::lock is held
 *
 * Lowers the device's limit, so that it answers each operation sooner. Software computes the
 * others.
 */
void provider_pick_too_late_locked(struct asym_device_priv *pdev)
{
	unsigned int inflight = atomic_read(&pdev->inflight);

	lockdep_assert_held(&pdev->class->lock);
	if (pdev->limit)
		inflight = min(inflight, pdev->limit);
	pdev->limit = max(inflight / 2, 1U);
	pdev->limit_acks = 0;
}

/**
 * provider_pick_in_time_locked() - report that a device answered an operation in time
 * @pdev: the device; asym_class::lock is held
 */
void provider_pick_in_time_locked(struct asym_device_priv *pdev)
{
	lockdep_assert_held(&pdev->class->lock);
	if (likely(!pdev->limit) || ++pdev->limit_acks < pdev->limit)
		return;
	pdev->limit_acks = 0;
	if (++pdev->limit >= PROVIDER_LIMIT_MAX)
		pdev->limit = 0;
}

/**
 * provider_pick_locked() - select the device for an operation
 * @op: with its key; asym_class::lock held
 *
 * Selects the best device, by the class's policy, that supports the operation and has not
 * failed it; one without a backlog if there is any.
 *
 * Return: the device; or NULL, and provider_op::reason is set if it was not set before.
 */
struct asym_device_priv *provider_pick_locked(struct provider_op *op)
{
	struct asym_class *class = op->class;
	struct asym_device_priv *pdev, *best = NULL;
	enum asym_policy policy = READ_ONCE(class->policy);
	u64 best_score = U64_MAX;
	enum provider_stat reason = PROVIDER_STAT_SW_NO_DEVICE;

	list_for_each_entry(pdev, &class->devices, node) {
		u64 score;

		if (!device_can(pdev, op)) {
			if (reason == PROVIDER_STAT_SW_NO_DEVICE)
				reason = PROVIDER_STAT_SW_UNSUPPORTED;
			continue;
		}
		if (op->tried & BIT_ULL(pdev->id))
			continue;
		if (device_is_slow_locked(pdev)) {
			reason = PROVIDER_STAT_SW_WAITED;
			continue;
		}
		score = device_score_locked(pdev, policy);
		if (score < best_score) {
			best_score = score;
			best = pdev;
		}
	}

	if (best) {
		class->next_device = best->id + 1;
		best->picked = jiffies;
	} else if (!op->reason) {
		op->reason = reason;
	}
	return best;
}

/**
 * provider_measure() - measure the time that a device took for an answer
 * @pdev: the device
 * @sent: when the request was sent; 0: it is not measured
 * @status: of the answer
 *
 * Failures are not measured, because a device that fails at once would look fast. An old
 * measurement counts half, so that a device that was slow once recovers soon.
 *
 * Context: any.
 */
void provider_measure(struct asym_device_priv *pdev, ktime_t sent, int status)
{
	bool old = time_after(jiffies, READ_ONCE(pdev->measured) + PROVIDER_EXPLORE);
	unsigned int shift = old ? 1 : 3;
	s64 was = READ_ONCE(pdev->latency);
	s64 is;

	if (!sent || (status && status != -EKEYREJECTED))
		return;
	is = clamp_t(s64, ktime_to_ns(ktime_sub(ktime_get(), sent)) / 125, 1, U32_MAX);
	if (was)
		is = was + (is - was) / (1 << shift);
	WRITE_ONCE(pdev->latency, is);
	WRITE_ONCE(pdev->measured, jiffies);
}
