// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler of include/crypto/internal/asym/qos.h: limits by rate for each flow,
 * fair shares between flows.
 *
 * Rates. A limit of r per second allows one operation each 1/r s. A bucket is
 * the time until which past items are paid for, in nanoseconds and a fraction
 * of one that is never rounded. The next item may be dispatched when that time
 * is at most burst_ms ahead of the present. So an item larger than the burst
 * is dispatched, too, and its debt is paid afterwards. An item needs all of
 * its flow's buckets, so the tightest limit decides, and is charged when it is
 * dispatched.
 *
 * Shares. Start-time fair queueing: an item's start, in virtual time, is the
 * end of the flow's last item, or the present if that is later. Its end is
 * cost / weight after its start. The flow with the least start is next; virtual
 * time is the start of the last dispatched item. A flow with little load starts
 * at the present, and so is next, however many items other flows have. The
 * share that a flow does not use is used by the others.
 *
 * At most max_inflight items are dispatched at one time, because the
 * accelerator decides the order of those.
 *
 * Each scheduler has one lock, taken once for a submission and once for a
 * completion if no item waits. No callback is called with it held. One context
 * at a time pumps (dispatches waiting items). It sees items that others add
 * meanwhile before it stops. After too many of them, or if a submission came
 * from within a dispatch from within a submission, the timer continues.
 *
 * Items are added and removed in any context but hard interrupts, flows in
 * process context.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <compat/timer.h>
#include <crypto/internal/asym/qos.h>

#define QOS_BUDGET	64	/* dispatched without a break */
#define QOS_NESTED	2	/* submissions within dispatches within submissions */
#define QOS_VTIME	10000ULL /* virtual time of a milliunit at weight 1 */
#define QOS_LATE_NS	(200 * NSEC_PER_USEC)	/* wake-ups closer than this are one */

/* Submissions that dispatch, on this CPU, one within the other; bottom halves disabled. */
static DEFINE_PER_CPU(unsigned int, qos_nested);

/* ---- rates ---- */

/* The time that an item uses, in parts of a nanosecond; rate parts are one nanosecond. */
static u64 bucket_parts(enum asym_qos_kind kind, const struct asym_qos_item *item)
{
	switch (kind) {
	case ASYM_QOS_OPS:
		return NSEC_PER_SEC;
	case ASYM_QOS_BYTES:
		return (u64)item->bytes * NSEC_PER_SEC;
	default:
		return (u64)item->cost * (NSEC_PER_SEC / 1000);
	}
}

static void bucket_take(struct asym_qos_bucket *bucket, u64 parts, u64 now)
{
	if (bucket->used_until < now) {
		bucket->used_until = now;
		bucket->rest = 0;
	}
	parts += bucket->rest;
	bucket->used_until += div64_u64_rem(parts, bucket->rate, &bucket->rest);
}

/*
 * A new rate begins with an empty bucket: neither a burst at the new rate nor
 * a debt at the old one.
 */
static void bucket_set(struct asym_qos_bucket *bucket, u64 rate, u64 burst, bool anew, u64 now)
{
	if (bucket->rate == rate && !anew)
		return;
	bucket->rate = rate;
	bucket->used_until = now + burst;
	bucket->rest = 0;
}

static u64 flow_burst(const struct asym_qos_flow *flow)
{
	return (u64)flow->limits.burst_ms * NSEC_PER_MSEC;
}

static bool flow_has_rates(const struct asym_qos_flow *flow)
{
	return flow->limits.ops_per_sec || flow->limits.bytes_per_sec ||
	       flow->limits.units_per_sec;
}

/* The time at which all limits allow the next item. */
static u64 flow_allowed_at(const struct asym_qos_flow *flow)
{
	u64 burst = flow_burst(flow), at = 0;
	int kind;

	for (kind = 0; kind < ASYM_QOS_KINDS; kind++)
		if (flow->buckets[kind].rate)
			at = max(at, flow->buckets[kind].used_until);
	return at > burst ? at - burst : 0;
}

/* ---- flows ---- */

static bool start_less(struct rb_node *a, const struct rb_node *b)
{
	const struct asym_qos_flow *first = rb_entry(a, struct asym_qos_flow, node);
	const struct asym_qos_flow *second = rb_entry(b, struct asym_qos_flow, node);

	return (s64)(first->start - second->start) < 0;
}

static bool wake_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct asym_qos_flow, node)->wake <
	       rb_entry(b, struct asym_qos_flow, node)->wake;
}

static u64 vtime_max(u64 a, u64 b)
{
	return (s64)(a - b) > 0 ? a : b;
}

/* Its first item waits to be selected. The share that it did not use before is not saved up. */
static void flow_set_ready(struct asym_qos_flow *flow)
{
	struct asym_qos *qos = flow->qos;

	flow->start = vtime_max(qos->vtime, flow->finish);
	flow->state = ASYM_QOS_READY;
	rb_add_cached(&flow->node, &qos->ready, start_less);
}

static void flow_set_throttled(struct asym_qos_flow *flow, u64 wake, u64 now)
{
	struct asym_qos *qos = flow->qos;

	flow->wake = wake;
	flow->since = now;
	flow->stats.throttled++;
	flow->state = ASYM_QOS_THROTTLED;
	rb_add_cached(&flow->node, &qos->throttled, wake_less);
	if (rb_first_cached(&qos->throttled) == &flow->node && !qos->stopped)
		hrtimer_start_range_ns(&qos->timer, ns_to_ktime(wake), QOS_LATE_NS,
				       HRTIMER_MODE_ABS_SOFT);
}

/* Remove the flow from the tree that it is in. */
static void flow_unset(struct asym_qos_flow *flow)
{
	struct asym_qos *qos = flow->qos;

	switch (flow->state) {
	case ASYM_QOS_READY:
		rb_erase_cached(&flow->node, &qos->ready);
		break;
	case ASYM_QOS_THROTTLED:
		rb_erase_cached(&flow->node, &qos->throttled);
		flow->stats.throttled_us += div_u64(ktime_get_ns() - flow->since, NSEC_PER_USEC);
		break;
	}
	flow->state = ASYM_QOS_IDLE;
}

/* May the flow's next item be dispatched now? If not: at *@wake; U64_MAX: when an item is done. */
static bool flow_allowed(const struct asym_qos_flow *flow, u64 *now, u64 *wake)
{
	*wake = U64_MAX;
	if (flow->limits.max_inflight && flow->stats.inflight >= flow->limits.max_inflight)
		return false;
	if (!flow_has_rates(flow))
		return true;
	*now = ktime_get_ns();
	*wake = flow_allowed_at(flow);
	return *wake <= *now;
}

/* The item is dispatched now; @now is used only if there are rates. */
static void flow_charge(struct asym_qos_flow *flow, const struct asym_qos_item *item, u64 now)
{
	struct asym_qos *qos = flow->qos;
	int kind;

	for (kind = 0; kind < ASYM_QOS_KINDS; kind++)
		if (flow->buckets[kind].rate)
			bucket_take(&flow->buckets[kind], bucket_parts(kind, item), now);
	qos->vtime = vtime_max(qos->vtime, flow->start);
	flow->finish = flow->start + div_u64(max(item->cost, 1u) * QOS_VTIME,
					     flow->limits.weight);
	flow->stats.inflight++;
	qos->inflight++;
}

/* ---- dispatching ---- */

/* The next item that may be dispatched, or NULL. Moves throttled flows to where they wait. */
static struct asym_qos_item *qos_next(struct asym_qos *qos)
{
	struct asym_qos_item *item;
	struct asym_qos_flow *flow;
	struct rb_node *node;
	u64 now = 0, wake;

	lockdep_assert_held(&qos->lock);
	while (qos->inflight < qos->max_inflight && (node = rb_first_cached(&qos->ready))) {
		flow = rb_entry(node, struct asym_qos_flow, node);
		flow_unset(flow);
		if (!flow_allowed(flow, &now, &wake)) {
			if (wake == U64_MAX)
				flow->state = ASYM_QOS_FULL;
			else
				flow_set_throttled(flow, wake, now);
			continue;
		}
		item = list_first_entry(&flow->waiting, struct asym_qos_item, list);
		list_del_init(&item->list);
		item->waiting = false;
		flow->stats.waiting--;
		flow_charge(flow, item, now);
		if (!list_empty(&flow->waiting))
			flow_set_ready(flow);
		return item;
	}
	return NULL;
}

static void qos_continue(struct asym_qos *qos)
{
	if (!qos->stopped)
		hrtimer_start(&qos->timer, 0, HRTIMER_MODE_ABS_SOFT);
}

/* Dispatch all items that may be. Called with the lock held, releases it. */
static void qos_pump(struct asym_qos *qos)
	__releases(&qos->lock)
{
	unsigned int budget = QOS_BUDGET;
	struct asym_qos_item *item;

	lockdep_assert_held(&qos->lock);
	if (qos->pumping) {
		spin_unlock(&qos->lock);
		return;
	}
	qos->pumping = true;
	while (budget && (item = qos_next(qos))) {
		spin_unlock(&qos->lock);
		qos->ops->dispatch(item);
		budget--;
		spin_lock(&qos->lock);
	}
	qos->pumping = false;
	if (!budget && rb_first_cached(&qos->ready))
		qos_continue(qos);
	spin_unlock(&qos->lock);
}

static enum hrtimer_restart qos_timer(struct hrtimer *timer)
{
	struct asym_qos *qos = container_of(timer, struct asym_qos, timer);
	struct asym_qos_flow *flow;
	struct rb_node *node;
	u64 now = ktime_get_ns();

	spin_lock(&qos->lock);
	while ((node = rb_first_cached(&qos->throttled))) {
		flow = rb_entry(node, struct asym_qos_flow, node);
		if (flow->wake > now) {
			if (!qos->stopped)
				hrtimer_start_range_ns(timer, ns_to_ktime(flow->wake), QOS_LATE_NS,
						       HRTIMER_MODE_ABS_SOFT);
			break;
		}
		flow_unset(flow);
		flow_set_ready(flow);
	}
	qos_pump(qos);
	return HRTIMER_NORESTART;
}

/* Insert in order: items that go first before the others. */
static void flow_enqueue(struct asym_qos_flow *flow, struct asym_qos_item *item)
{
	struct list_head *before = &flow->waiting;
	struct asym_qos_item *other;

	if (item->first)
		list_for_each_entry(other, &flow->waiting, list)
			if (!other->first) {
				before = &other->list;
				break;
			}
	item->waiting = true;
	list_add_tail(&item->list, before);
	flow->stats.waiting++;
}

/**
 * asym_qos_submit() - submit a request of a flow
 * @flow: the flow
 * @item: embedded in the request; cost and bytes are set. Owned by the scheduler until it is
 *	dispatched or cancelled
 *
 * Dispatches the item before it returns if limits and shares allow it. The flow must
 * exist until the item is done or cancelled.
 *
 * Context: process or soft interrupt.
 */
void asym_qos_submit(struct asym_qos_flow *flow, struct asym_qos_item *item)
{
	struct asym_qos *qos = flow->qos;
	bool nested;
	u64 now = 0, wake;

	local_bh_disable();
	nested = __this_cpu_read(qos_nested) >= QOS_NESTED;
	spin_lock(&qos->lock);
	item->flow = flow;
	/* No flow is ready that would be passed over, and this one has no waiting items. */
	if (!nested && flow->state == ASYM_QOS_IDLE && !rb_first_cached(&qos->ready) &&
	    qos->inflight < qos->max_inflight && flow_allowed(flow, &now, &wake)) {
		item->waiting = false;
		flow->start = vtime_max(qos->vtime, flow->finish);
		flow_charge(flow, item, now);
		spin_unlock(&qos->lock);
		__this_cpu_inc(qos_nested);
		qos->ops->dispatch(item);
		__this_cpu_dec(qos_nested);
		local_bh_enable();
		return;
	}
	flow_enqueue(flow, item);
	if (flow->state == ASYM_QOS_IDLE)
		flow_set_ready(flow);
	if (nested) {
		/* pumping here would be one level more */
		if (!qos->pumping)
			qos_continue(qos);
		spin_unlock(&qos->lock);
	} else {
		qos_pump(qos);
	}
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(asym_qos_submit);

/**
 * asym_qos_done() - report that a dispatched request is answered
 * @item: embedded in the request; owned by the caller again
 *
 * Call it while the flow is still referenced. Waiting items may be dispatched before this
 * returns.
 *
 * Context: process or soft interrupt; also within dispatch().
 */
void asym_qos_done(struct asym_qos_item *item)
{
	struct asym_qos_flow *flow = item->flow;
	struct asym_qos *qos = flow->qos;

	local_bh_disable();
	spin_lock(&qos->lock);
	flow->stats.ops++;
	flow->stats.bytes += item->bytes;
	flow->stats.milliunits += item->cost;
	qos->inflight--;
	/* flow_quiet() looks at inflight under the lock, when it is in the queue already */
	if (!--flow->stats.inflight && waitqueue_active(&qos->idle))
		wake_up_all(&qos->idle);
	if (flow->state == ASYM_QOS_FULL) {
		flow->state = ASYM_QOS_IDLE;
		flow_set_ready(flow);
	}
	if (rb_first_cached(&qos->ready))
		qos_pump(qos);
	else
		spin_unlock(&qos->lock);
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(asym_qos_done);

/**
 * asym_qos_cancel() - take back a waiting request
 * @item: submitted; the caller guarantees that its flow exists
 *
 * The flow is not charged.
 *
 * Context: process or soft interrupt.
 * Return: true: it will not be dispatched, and the caller owns it again, without asym_qos_done();
 * false: it does not wait (any more).
 */
bool asym_qos_cancel(struct asym_qos_item *item)
{
	struct asym_qos_flow *flow = item->flow;
	bool waiting;

	spin_lock_bh(&flow->qos->lock);
	waiting = item->waiting;
	if (waiting) {
		list_del_init(&item->list);
		item->waiting = false;
		flow->stats.waiting--;
		if (list_empty(&flow->waiting))
			flow_unset(flow);
	}
	spin_unlock_bh(&flow->qos->lock);
	return waiting;
}
EXPORT_SYMBOL_GPL(asym_qos_cancel);

/* ---- set-up ---- */

/**
 * asym_qos_init() - make a scheduler
 * @qos: the caller's memory
 * @ops: callbacks
 * @max_inflight: items dispatched at one time, at least 1; asym_exec_max_inflight()
 *
 * Context: any.
 */
void asym_qos_init(struct asym_qos *qos, const struct asym_qos_ops *ops, u32 max_inflight)
{
	*qos = (struct asym_qos){
		.ops = ops,
		.max_inflight = max_inflight,
		.ready = RB_ROOT_CACHED,
		.throttled = RB_ROOT_CACHED,
	};
	spin_lock_init(&qos->lock);
	init_waitqueue_head(&qos->idle);
	compat_hrtimer_setup(&qos->timer, qos_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
}
EXPORT_SYMBOL_GPL(asym_qos_init);

/**
 * asym_qos_exit() - undo asym_qos_init()
 * @qos: without flows
 *
 * Context: process; waits for its timer.
 */
void asym_qos_exit(struct asym_qos *qos)
{
	spin_lock_bh(&qos->lock);
	qos->stopped = true;
	spin_unlock_bh(&qos->lock);
	hrtimer_cancel(&qos->timer);
}
EXPORT_SYMBOL_GPL(asym_qos_exit);

/**
 * asym_qos_set_max_inflight() - set how many items are dispatched at one time
 * @qos: the scheduler
 * @max_inflight: at least 1; takes effect at once
 *
 * Context: process or soft interrupt.
 */
void asym_qos_set_max_inflight(struct asym_qos *qos, u32 max_inflight)
{
	local_bh_disable();
	spin_lock(&qos->lock);
	qos->max_inflight = max_inflight;
	qos_pump(qos);
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(asym_qos_set_max_inflight);

static void flow_set_limits(struct asym_qos_flow *flow, const struct asym_qos_limits *limits)
{
	bool anew = flow->limits.burst_ms != limits->burst_ms;
	u64 now = ktime_get_ns(), burst;

	flow->limits = *limits;
	burst = flow_burst(flow);
	bucket_set(&flow->buckets[ASYM_QOS_OPS], limits->ops_per_sec, burst, anew, now);
	bucket_set(&flow->buckets[ASYM_QOS_BYTES], limits->bytes_per_sec, burst, anew, now);
	bucket_set(&flow->buckets[ASYM_QOS_UNITS], limits->units_per_sec, burst, anew, now);
}

/**
 * asym_qos_flow_add() - make a flow
 * @qos: its scheduler
 * @flow: the caller's memory
 * @limits: its limits; copied; within the bounds of struct asym_qos_limits
 *
 * Context: any.
 */
void asym_qos_flow_add(struct asym_qos *qos, struct asym_qos_flow *flow,
		       const struct asym_qos_limits *limits)
{
	*flow = (struct asym_qos_flow){ .qos = qos };
	INIT_LIST_HEAD(&flow->waiting);
	flow_set_limits(flow, limits);
}
EXPORT_SYMBOL_GPL(asym_qos_flow_add);

/**
 * asym_qos_flow_set() - change the limits of a flow
 * @flow: the flow
 * @limits: as for asym_qos_flow_add()
 *
 * Takes effect at once: items that the new limits allow are dispatched before this returns. A
 * changed limit starts without burst and without debt.
 *
 * Context: process or soft interrupt.
 */
void asym_qos_flow_set(struct asym_qos_flow *flow, const struct asym_qos_limits *limits)
{
	struct asym_qos *qos = flow->qos;

	local_bh_disable();
	spin_lock(&qos->lock);
	flow_set_limits(flow, limits);
	if (flow->state == ASYM_QOS_THROTTLED || flow->state == ASYM_QOS_FULL) {
		flow_unset(flow);
		flow_set_ready(flow);
	}
	qos_pump(qos);
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(asym_qos_flow_set);

static bool flow_quiet(struct asym_qos_flow *flow)
{
	bool quiet;

	spin_lock_bh(&flow->qos->lock);
	quiet = !flow->stats.inflight;
	spin_unlock_bh(&flow->qos->lock);
	return quiet;
}

/**
 * asym_qos_flow_del() - end a flow
 * @flow: nothing waits in it, and the caller submits no more items to it
 *
 * Waits for dispatched items. Afterwards the caller owns the memory.
 *
 * Context: process; sleeps.
 */
void asym_qos_flow_del(struct asym_qos_flow *flow)
{
	WARN_ON_ONCE(flow->stats.waiting);
	wait_event(flow->qos->idle, flow_quiet(flow));
}
EXPORT_SYMBOL_GPL(asym_qos_flow_del);

/**
 * asym_qos_flow_limits() - get the limits of a flow
 * @flow: the flow
 * @limits: filled in
 *
 * Context: process or soft interrupt.
 */
void asym_qos_flow_limits(struct asym_qos_flow *flow, struct asym_qos_limits *limits)
{
	spin_lock_bh(&flow->qos->lock);
	*limits = flow->limits;
	spin_unlock_bh(&flow->qos->lock);
}
EXPORT_SYMBOL_GPL(asym_qos_flow_limits);

/**
 * asym_qos_flow_stats() - get the counters of a flow
 * @flow: the flow
 * @stats: filled in
 *
 * Context: process or soft interrupt.
 */
void asym_qos_flow_stats(struct asym_qos_flow *flow, struct asym_qos_stats *stats)
{
	spin_lock_bh(&flow->qos->lock);
	*stats = flow->stats;
	spin_unlock_bh(&flow->qos->lock);
}
EXPORT_SYMBOL_GPL(asym_qos_flow_stats);
