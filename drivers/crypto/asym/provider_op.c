// SPDX-License-Identifier: GPL-2.0-only
/*
 * One operation, from the caller to a device (or several, or the software)
 * and back.
 *
 *	provider_op_start()
 *	  op_dispatch()		choose a device and the key's session on it
 *	    op_submit()		the session is open
 *	    (pending)		it is being opened: provider_op_opened()
 *	    (backlog)		the device is busy: backlog_drain()
 *	    op_software()	no device
 *	  asym_request_done()
 *	    op_answered()	a result, or again: op_dispatch()
 *	  op_finish()		exactly once
 *
 * An operation is in one place at a time, and whoever takes it from there
 * under asym_class::lock owns it. It goes to a device at most
 * PROVIDER_MAX_ATTEMPTS times (and once more for a forgotten session), so it
 * ends. Any context but hard interrupts; asym_request_done() and
 * asym_device_kick() may be called in those, too, and leave them first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/mempool.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/ecdsa_sign.h>

#include <trace/events/asym.h>

#include "provider.h"

/* So many operations can be started whatever memory there is. */
#define OPS_RESERVE	32

static struct kmem_cache *op_cache;
static mempool_t *op_pool;

static void op_dispatch(struct provider_op *op, bool may_sleep);

/**
 * provider_op_size() - memory that an operation takes
 *
 * Return: bytes, with what the executor needs.
 */
size_t provider_op_size(void)
{
	return ALIGN(sizeof(struct provider_op), ARCH_DMA_MINALIGN) +
	       asym_exec_request_size(provider_software);
}

/**
 * provider_ops_init() - make the pool of operations
 *
 * The software executor exists.
 *
 * Return: 0 or -ENOMEM.
 */
int provider_ops_init(void)
{
	op_cache = kmem_cache_create("asym_op", provider_op_size(), ARCH_DMA_MINALIGN,
				     SLAB_HWCACHE_ALIGN, NULL);
	if (!op_cache)
		return -ENOMEM;
	op_pool = mempool_create_slab_pool(OPS_RESERVE, op_cache);
	if (op_pool)
		return 0;
	kmem_cache_destroy(op_cache);
	return -ENOMEM;
}

/**
 * provider_ops_exit() - free the pool
 */
void provider_ops_exit(void)
{
	mempool_destroy(op_pool);
	kmem_cache_destroy(op_cache);
}

/**
 * provider_op_alloc() - memory for an operation
 * @gfp: with GFP_KERNEL it is waited for
 *
 * It is not the caller's own, because a device that does not answer keeps it.
 *
 * Return: the operation, for provider_op_init(); NULL without memory.
 */
struct provider_op *provider_op_alloc(gfp_t gfp)
{
	return mempool_alloc(op_pool, gfp);
}

/**
 * provider_op_free() - free an operation
 * @op: wiped, and nobody's
 */
void provider_op_free(struct provider_op *op)
{
	mempool_free(op, op_pool);
}

static void op_answered(struct provider_op *op, int status, unsigned int out_len);

/**
 * provider_op_init() - prepare an operation
 * @op: provider_op_size() bytes, aligned for DMA
 * @class: where it belongs
 *
 * The buffers are left as they are.
 */
void provider_op_init(struct provider_op *op, struct asym_class *class)
{
	memset(op, 0, offsetof(struct provider_op, room));
	op->class = class;
	op->in = op->room + ASYM_HEADROOM;
	op->out = op->in + 2 * ASYM_MAX_KEY_BYTES;
	op->req.in = op->in;
	op->req.out = op->out;
	op->src = op->in;
	op->answered = op_answered;
	INIT_LIST_HEAD(&op->wait_node);
	op->exec = (void *)op + ALIGN(sizeof(*op), ARCH_DMA_MINALIGN);
	atomic_set(&op->phase, PHASE_STARTING);
}

/**
 * provider_op_set_key() - say how large an operation's key is
 * @op: from provider_op_init()
 * @key_bytes: of its modulus, or its longest signature
 * @gfp: for the memory of one that is larger than the software's; provider_op_wipe()
 *	frees it
 *
 * Before anything is written to the buffers.
 *
 * Return: 0 or -ENOMEM.
 */
int provider_op_set_key(struct provider_op *op, unsigned int key_bytes, gfp_t gfp)
{
	op->req.key_bytes = key_bytes;
	op->req.out_len = key_bytes;
	if (likely(key_bytes <= ASYM_MAX_KEY_BYTES))
		return 0;

	op->big = kmalloc(ASYM_HEADROOM + 3 * key_bytes + ASYM_TAILROOM, gfp);
	if (!op->big)
		return -ENOMEM;
	op->in = op->big + ASYM_HEADROOM;
	op->out = op->in + 2 * key_bytes;
	op->src = op->in;
	op->req.in = op->in;
	op->req.out = op->out;
	return 0;
}

/**
 * provider_op_wipe() - nothing of an operation's data stays in its memory
 * @op: finished
 */
void provider_op_wipe(struct provider_op *op)
{
	memzero_explicit(op->in, max(op->in_len + op->digest_len, 2 * op->req.key_bytes));
	memzero_explicit(op->out, op->req.key_bytes);
	if (unlikely(op->big)) {
		kfree(op->big);
		op->big = NULL;
		op->in = op->room + ASYM_HEADROOM;
		op->src = op->in;
		op->out = op->in;
	}
}

/* Where an operation was computed, for the trace: include/trace/events/asym.h */
enum op_where {
	OP_BY_DEVICE,
	OP_BY_SOFTWARE,
	OP_NOWHERE,
};

/* The caller gets its answer; @op leaves its device if it has one, and may be gone afterwards. */
static void op_finish(struct provider_op *op, int err, enum op_where where)
{
	struct asym_class *class = op->class;

	trace_asym_op_done(op, class->name, where, err);
	spin_lock_bh(&class->lock);
	provider_wait_end_locked(op);
	if (where == OP_BY_DEVICE && op->pdev)
		provider_pick_in_time_locked(op->pdev);
	if (op->session)
		provider_session_unuse_locked(op->session);
	/* Who may destroy the class waits for its keys. */
	provider_key_put_locked(op->key);
	spin_unlock_bh(&class->lock);
	provider_object(OBJECT_OPERATIONS, -1);
	op->err = err;
	/* Ordered: who finds PHASE_DONE sees the result. */
	if (atomic_cmpxchg(&op->phase, PHASE_STARTING, PHASE_DONE) == PHASE_STARTING)
		return;
	local_bh_disable();
	op->complete(op);
	local_bh_enable();
}

static void count_software(struct asym_class *class, enum provider_stat reason)
{
	provider_count(class, PROVIDER_SOFTWARE);
	provider_count(class, reason);
}

/* The device refused the input: is it the input? */
static void op_rechecked(struct provider_op *op, int err)
{
	struct asym_device_priv *pdev = op->recheck;

	op->recheck = NULL;
	if (err) {
		provider_count(op->class, PROVIDER_DEVICE);
	} else {
		atomic64_inc(&pdev->errors);
		count_software(op->class, PROVIDER_SW_DEVICE_ERROR);
		if (!atomic_xchg(&pdev->warned, 1))
			pr_err("%s: device %s refused an operation (%d) that is in order; software computed it; further ones are only counted\n",
			       pdev->class->name, pdev->name, op->status);
	}
	provider_device_put(pdev);
}

static void op_software_done(struct asym_exec_request *exec, int err)
{
	struct provider_op *op = exec->data;
	enum op_where where = OP_BY_SOFTWARE;

	op->out_len = exec->dst_len;
	if (op->local) {
		provider_count(op->class, PROVIDER_LOCAL);
	} else if (op->recheck) {
		where = err ? OP_BY_DEVICE : OP_BY_SOFTWARE;
		op_rechecked(op, err);
	} else {
		count_software(op->class, op->reason);
	}
	op_finish(op, err, where);
}

/* The key is too large for the software: what the device said has to do. */
static void op_no_software(struct provider_op *op)
{
	int err = -ENODEV;

	if (op->recheck) {
		provider_count(op->class, PROVIDER_DEVICE);
		provider_device_put(op->recheck);
		op->recheck = NULL;
		err = op->status == -EKEYREJECTED ? -EKEYREJECTED : -EINVAL;
	} else {
		provider_count(op->class, PROVIDER_FAILED);
	}
	op_finish(op, err, err == -ENODEV ? OP_NOWHERE : OP_BY_DEVICE);
}

static void op_public_work(struct work_struct *work)
{
	struct provider_op *op = container_of(work, struct provider_op, work);
	int err = op->software_only ? op->err : 0;

	err = err ?: provider_rsa_public(op) ?: provider_rsa_decode(op);
	provider_count(op->class, PROVIDER_LOCAL);
	op_finish(op, err, OP_BY_SOFTWARE);
}

static void op_software(struct provider_op *op, bool may_sleep)
{
	struct asym_exec_request *exec = op->exec;
	struct asym_class *class = op->class;

	if (!op->recheck && !op->local && READ_ONCE(class->fallback) == ASYM_FALLBACK_ERROR &&
	    provider_class_tested(class)) {
		provider_count(class, PROVIDER_FAILED);
		op_finish(op, -ENODEV, OP_NOWHERE);
		return;
	}
	if (!op->key->exec_key && op->local && (op->op == ASYM_ENCRYPT || op->op == ASYM_VERIFY)) {
		INIT_WORK(&op->work, op_public_work);
		queue_work(provider_wq, &op->work);
		return;
	}
	if (!op->key->exec_key) {
		op_no_software(op);
		return;
	}

	memset(exec, 0, sizeof(*exec));
	exec->key = op->key->exec_key;
	exec->op = op->op;
	exec->padding = op->padding;
	exec->hash = op->hash;
	exec->flags = may_sleep ? ASYM_EXEC_MAY_SLEEP : 0;
	exec->src = op->src;
	exec->src_len = op->in_len;
	if (op->op == ASYM_VERIFY) {
		exec->digest = op->src + op->in_len;
		exec->digest_len = op->digest_len;
	} else {
		exec->dst = op->out;
		exec->dst_len = op->key->key_bytes;
	}
	exec->complete = op_software_done;
	exec->data = op;

	asym_exec_submit(exec);
}

/* It waits for room on its device. */
static void op_wait_locked(struct provider_op *op)
{
	WRITE_ONCE(op->waits, true);
	atomic_set(&op->place, PLACE_BACKLOG);
	list_add_tail(&op->req.list, &op->pdev->backlog);
}

/* It waits for a session that is being opened; there may be many that do. */
static void op_pend_locked(struct provider_op *op)
{
	WRITE_ONCE(op->waits, op->session->nr_pending >= PROVIDER_PENDING_MAX);
	atomic_set(&op->place, PLACE_PENDING);
	list_add_tail(&op->req.list, &op->session->pending);
	op->session->nr_pending++;
}

/* It does so no longer. Returns whether its caller is to hear of that: op_tell(). */
static bool op_unwait_locked(struct provider_op *op)
{
	bool told = op->told;

	atomic_set(&op->place, PLACE_MOVING);
	WRITE_ONCE(op->waits, false);
	op->told = false;
	return told;
}

/**
 * provider_op_unlist_locked() - an operation no longer waits in a list of its device or session
 * @op: PLACE_PENDING or PLACE_BACKLOG; the caller's afterwards. provider_op_expired() is next
 */
void provider_op_unlist_locked(struct provider_op *op)
{
	lockdep_assert_held(&op->class->lock);
	list_del(&op->req.list);
	if (atomic_read(&op->place) == PLACE_PENDING)
		op->session->nr_pending--;
	else
		provider_session_unuse_locked(op->session);
	atomic_set(&op->place, PLACE_MOVING);
	WRITE_ONCE(op->waits, false);
	op->session = NULL;
	op->pdev = NULL;
}

static void op_tell(struct provider_op *op)
{
	local_bh_disable();
	op->progress(op);
	local_bh_enable();
}

enum dispatch {
	DISPATCH_SUBMIT,
	DISPATCH_OPEN,
	DISPATCH_WAIT,
	DISPATCH_REFUSE,
	DISPATCH_SOFTWARE,
};

/*
 * The device does not have the key. Where it can get it with the request, it is sent
 * so the first time: many keys are used once. The next request opens a session.
 */
static enum dispatch op_route_miss_locked(struct provider_op *op, struct provider_session *session)
{
	struct asym_device_priv *pdev = op->pdev;
	bool first = !session;
	bool with_key = first && pdev->flags & ASYM_DEV_INLINE_KEY &&
			!(op->sessions_only & BIT_ULL(pdev->id));

	if (with_key && !list_empty(&pdev->backlog) && op->flags & PROVIDER_FULL_REFUSE)
		return DISPATCH_REFUSE;
	if (first) {
		session = provider_session_new_locked(op->key, pdev);
		if (!session)
			return DISPATCH_SOFTWARE;
	}
	provider_count(op->class, PROVIDER_SESSION_MISSES);
	op->session = session;
	if (!with_key) {
		provider_session_begin_locked(session);
		op_pend_locked(op);
		return DISPATCH_OPEN;
	}

	provider_count(op->class, PROVIDER_INLINE_KEYS);
	provider_session_use_locked(session);
	op->req.key = &op->key->data;
	if (list_empty(&pdev->backlog))
		return DISPATCH_SUBMIT;
	op_wait_locked(op);
	return DISPATCH_WAIT;
}

/* Under the lock: where to? */
static enum dispatch op_route_locked(struct provider_op *op)
{
	struct provider_session *session;
	struct asym_device_priv *pdev;

	lockdep_assert_held(&op->class->lock);
	if (op->local)
		return DISPATCH_SOFTWARE;
	if (op->software_only && !op->reason)
		op->reason = list_empty(&op->class->devices) ? PROVIDER_SW_NO_DEVICE :
							       PROVIDER_SW_UNSUPPORTED;
	while (!op->software_only && op->attempts < PROVIDER_MAX_ATTEMPTS) {
		pdev = provider_pick_locked(op);
		if (!pdev && op->lost) {
			/* Lost on the way, perhaps, and there is no other way. */
			op->tried &= ~op->lost;
			op->lost = 0;
			pdev = provider_pick_locked(op);
		}
		if (!pdev)
			return DISPATCH_SOFTWARE;

		session = provider_session_find_locked(op->key, pdev);
		if (session && session->state == SESSION_REFUSED) {
			op->tried |= BIT_ULL(pdev->id);
			if (!op->reason)
				op->reason = PROVIDER_SW_UNSUPPORTED;
			continue;
		}
		/* Of late it took too long: nobody else waits for that. */
		if (session && session->state == SESSION_OPENING && pdev->limit &&
		    READ_ONCE(op->class->fallback) == ASYM_FALLBACK_SOFTWARE) {
			op->tried |= BIT_ULL(pdev->id);
			if (!op->reason)
				op->reason = PROVIDER_SW_WAITED;
			continue;
		}

		if (op->again)
			provider_count(op->class, PROVIDER_RETRIED);
		op->again = false;
		op->pdev = pdev;
		op->req.key = NULL;
		if (!session || session->state == SESSION_INLINE)
			return op_route_miss_locked(op, session);
		op->session = session;
		if (session->state == SESSION_OPENING) {
			if (session->nr_pending >= PROVIDER_PENDING_MAX &&
			    op->flags & PROVIDER_FULL_REFUSE) {
				op->session = NULL;
				return DISPATCH_REFUSE;
			}
			op_pend_locked(op);
			return DISPATCH_WAIT;
		}
		/* Those that wait are first; who made them wait will say when. */
		if (!list_empty(&pdev->backlog) && op->flags & PROVIDER_FULL_REFUSE)
			return DISPATCH_REFUSE;
		provider_session_use_locked(session);
		provider_count(op->class, PROVIDER_SESSION_HITS);
		op->req.handle = session->handle;
		if (!list_empty(&pdev->backlog)) {
			op_wait_locked(op);
			return DISPATCH_WAIT;
		}
		return DISPATCH_SUBMIT;
	}
	return DISPATCH_SOFTWARE;
}

static void op_submit(struct provider_op *op, bool may_sleep);

/*
 * The device has no room, and the caller does not want to wait: it may have the operation
 * back. False: provider_op_start() has returned; what was accepted is computed.
 */
static bool op_refuse(struct provider_op *op)
{
	struct provider_session *session = op->session;
	struct asym_class *class = op->class;
	struct provider_key *key = op->key;
	struct list_head *before;

	spin_lock_bh(&class->lock);
	before = op->wait_node.prev;
	list_del(&op->wait_node);
	op->err = -ENOSPC;
	if (atomic_cmpxchg(&op->phase, PHASE_STARTING, PHASE_DONE) != PHASE_STARTING) {
		list_add(&op->wait_node, before);
		spin_unlock_bh(&class->lock);
		return false;
	}
	/* @op may be gone. */
	if (session)
		provider_session_unuse_locked(session);
	provider_key_put_locked(key);
	spin_unlock_bh(&class->lock);
	provider_count(class, PROVIDER_REFUSED);
	provider_object(OBJECT_OPERATIONS, -1);
	return true;
}

/* asym_class::lock is held, and released. */
static void op_dispatch_locked(struct provider_op *op, bool may_sleep)
	__releases(&op->class->lock)
{
	struct asym_class *class = op->class;
	enum dispatch to;

	to = op_route_locked(op);
	/*
	 * A waiting operation is the opener's once the lock is free. The caller does not open the
	 * session itself, even if it may sleep: the device decides how long that takes.
	 */
	if (to == DISPATCH_OPEN)
		queue_work(provider_open_wq, &op->session->work);
	if (to == DISPATCH_SOFTWARE)
		provider_wait_end_locked(op);
	spin_unlock_bh(&class->lock);

	switch (to) {
	case DISPATCH_SUBMIT:
		op_submit(op, may_sleep);
		break;
	case DISPATCH_OPEN:
	case DISPATCH_WAIT:
		break;
	case DISPATCH_REFUSE:
		op->session = NULL;
		op->pdev = NULL;
		if (op_refuse(op))
			break;
		op->flags &= ~PROVIDER_FULL_REFUSE;
		op_dispatch(op, false);
		break;
	case DISPATCH_SOFTWARE:
		if (!op->reason)
			op->reason = PROVIDER_SW_DEVICE_ERROR;
		op->session = NULL;
		op->pdev = NULL;
		op_software(op, may_sleep);
		break;
	}
}

static void op_dispatch(struct provider_op *op, bool may_sleep)
{
	spin_lock_bh(&op->class->lock);
	op_dispatch_locked(op, may_sleep);
}

/* @op leaves its device. @lost: the device does not know the session any more. */
static void op_release(struct provider_op *op, bool lost)
{
	struct provider_session *session = op->session;

	spin_lock_bh(&op->class->lock);
	if (lost)
		provider_session_detach_locked(session);
	provider_session_unuse_locked(session);
	spin_unlock_bh(&op->class->lock);
	op->session = NULL;
	op->pdev = NULL;
}

/* The device failed; it was released. */
static void op_failed(struct provider_op *op, unsigned int id, int err)
{
	op->tried |= BIT_ULL(id);
	if (err == -ETIMEDOUT)
		op->lost |= BIT_ULL(id);
	op->attempts++;
	op->again = true;
	op->req.more = false;
	switch (err) {
	case -ENOSPC:
		op->reason = PROVIDER_SW_NO_SESSION;
		break;
	case -EOPNOTSUPP:
		op->reason = PROVIDER_SW_UNSUPPORTED;
		break;
	default:
		op->reason = PROVIDER_SW_DEVICE_ERROR;
		break;
	}
	op_dispatch(op, false);
}

/* What a device says it cannot do is not its failure, nor is that it left. */
static void count_error(struct asym_device_priv *pdev, int err)
{
	if (err != -EOPNOTSUPP && err != -ENODEV)
		atomic64_inc(&pdev->errors);
}

/*
 * The device does not take it with the key in it: a session is opened, as for the second
 * operation. That is no failure, and the others do not wait for it. @sent: it was tried.
 */
static void op_without_key(struct provider_op *op, bool sent)
{
	op->sessions_only |= BIT_ULL(op->pdev->id);
	if (sent) {
		op->again = true;
	} else {
		provider_uncount(op->class, PROVIDER_SESSION_MISSES);
		provider_uncount(op->class, PROVIDER_INLINE_KEYS);
	}
	op->req.more = false;
	op_release(op, false);
	op_dispatch(op, false);
}

static void op_submit_failed(struct provider_op *op, int err)
{
	struct asym_device_priv *pdev = op->pdev;
	unsigned int id = pdev->id;

	if (err == -E2BIG && op->req.key) {
		op_without_key(op, false);
		return;
	}
	count_error(pdev, err);
	op_release(op, false);
	op_failed(op, id, err);
}

/**
 * provider_submit_once() - give a request to its device
 * @op: with provider_op::pdev set
 * @may_sleep: the call may sleep
 *
 * Return: 0: taken, and perhaps answered already; -EBUSY; another error: the
 * device failed or left.
 */
int provider_submit_once(struct provider_op *op, bool may_sleep)
{
	struct asym_device_priv *pdev = op->pdev;
	int err;

	if (!provider_device_enter(pdev))
		return -ENODEV;

	atomic_inc(&pdev->inflight);
	op->req.may_sleep = may_sleep;
	trace_asym_op_submit(op, pdev->name, op->req.key);
	/* One a tick is measured: reading the clock is not free everywhere. */
	op->sent = time_is_before_jiffies(READ_ONCE(pdev->measured)) ? ktime_get() : 0;
	err = pdev->dev->ops->submit(pdev->dev, &op->req);
	if (!err)
		this_cpu_inc(pdev->stats->requests);
	else if (atomic_dec_and_test(&pdev->inflight))
		wake_up(&pdev->wait);

	provider_device_exit(pdev);
	return err;
}

/**
 * provider_commit() - the device is to see what was sent with asym_request::more
 * @pdev: the device; nothing happens if it goes
 *
 * Context: any but hard interrupts.
 */
void provider_commit(struct asym_device_priv *pdev)
{
	if (!provider_device_enter(pdev))
		return;
	if (pdev->dev->ops->commit)
		pdev->dev->ops->commit(pdev->dev);
	provider_device_exit(pdev);
}

static void op_submit(struct provider_op *op, bool may_sleep)
{
	struct asym_device_priv *pdev = op->pdev;
	struct asym_class *class = op->class;
	int kicks;
	int err;

	for (;;) {
		kicks = atomic_read(&pdev->kicks);
		atomic_set(&op->place, PLACE_DEVICE);
		err = provider_submit_once(op, may_sleep);
		if (!err)
			return;
		if (!provider_op_claim(op)) {
			provider_op_drop(op);
			return;
		}
		if (err != -EBUSY)
			break;

		if (op->flags & PROVIDER_FULL_REFUSE && READ_ONCE(pdev->live) && op_refuse(op))
			return;
		spin_lock_bh(&class->lock);
		if (!pdev->live) {
			spin_unlock_bh(&class->lock);
			err = -ENODEV;
			break;
		}
		op_wait_locked(op);
		/* Room since it said so? Nobody would tell again. */
		smp_mb(); /* pairs with backlog_drain() */
		if (atomic_read(&pdev->kicks) == kicks) {
			spin_unlock_bh(&class->lock);
			return;
		}
		list_del(&op->req.list);
		op_unwait_locked(op);
		spin_unlock_bh(&class->lock);
	}
	op_submit_failed(op, err);
}

/* The device may have room again. Not recursive: a nested call leaves it to the outer one. */
static void backlog_drain(struct asym_device_priv *pdev)
{
	struct asym_class *class = pdev->class;
	struct provider_op *op;
	bool tell, commit = false;
	int kicks;
	int err;

	/* Who finds no room now, and is not seen here, sees that. */
	atomic_inc(&pdev->kicks);
	smp_mb__after_atomic(); /* pairs with op_submit() */
	if (list_empty(&pdev->backlog))
		return;

	spin_lock_bh(&class->lock);
	if (pdev->in_drain || list_empty(&pdev->backlog)) {
		spin_unlock_bh(&class->lock);
		return;
	}

	pdev->in_drain = true;
	while (!list_empty(&pdev->backlog)) {
		op = container_of(list_first_entry(&pdev->backlog, struct asym_request, list),
				  struct provider_op, req);
		list_del(&op->req.list);
		tell = op_unwait_locked(op);
		kicks = atomic_read(&pdev->kicks);
		op->req.more = !list_empty(&pdev->backlog);
		commit |= op->req.more;
		spin_unlock_bh(&class->lock);

		if (tell)
			op_tell(op);
		atomic_set(&op->place, PLACE_DEVICE);
		err = provider_submit_once(op, false);
		if (err && !provider_op_claim(op)) {
			provider_op_drop(op);
			err = 0;
		}

		spin_lock_bh(&class->lock);
		if (!err)
			continue;
		if (err == -EBUSY && pdev->live) {
			WRITE_ONCE(op->waits, true);
			atomic_set(&op->place, PLACE_BACKLOG);
			list_add(&op->req.list, &pdev->backlog);
			smp_mb(); /* as in op_submit() */
			if (atomic_read(&pdev->kicks) == kicks)
				break;
			continue;
		}
		spin_unlock_bh(&class->lock);
		op_submit_failed(op, err == -EBUSY ? -ENODEV : err);
		spin_lock_bh(&class->lock);
	}
	pdev->in_drain = false;
	spin_unlock_bh(&class->lock);
	if (commit)
		provider_commit(pdev);
}

/**
 * provider_op_opened() - the session an operation waited for is open, or not
 * @op: the operation
 * @session: its session, of which it is a user now
 * @err: 0 or why not
 * @more: the next one follows, or provider_commit()
 */
void provider_op_opened(struct provider_op *op, struct provider_session *session, int err,
			bool more)
{
	unsigned int id = op->pdev->id;

	/* It left the list, so provider_op_start() does not set this any more. */
	if (op->told) {
		op->told = false;
		op_tell(op);
	}
	if (!err) {
		op->req.handle = session->handle;
		op->req.more = more;
		op_submit(op, false);
		return;
	}

	op_release(op, false);
	if (session->state == SESSION_REFUSED) {
		/* Not a failure: the same operation may be in order elsewhere. */
		op->tried |= BIT_ULL(id);
		op->reason = PROVIDER_SW_UNSUPPORTED;
		op_dispatch(op, false);
		return;
	}
	op_failed(op, id, err);
}

/**
 * provider_backlog_take_locked() - what waits for room on a device is the caller's
 * @pdev: the device
 * @ops: for provider_redispatch()
 */
void provider_backlog_take_locked(struct asym_device_priv *pdev, struct list_head *ops)
{
	struct provider_op *op;

	list_splice_init(&pdev->backlog, ops);
	list_for_each_entry(op, ops, req.list)
		atomic_set(&op->place, PLACE_MOVING);
}

/**
 * provider_redispatch() - operations whose device stops taking them go elsewhere
 * @ops: asym_request::list; each is a user of its session
 */
void provider_redispatch(struct list_head *ops)
{
	struct asym_request *req, *next;

	list_for_each_entry_safe(req, next, ops, list) {
		struct provider_op *op = container_of(req, struct provider_op, req);
		bool tell;

		spin_lock_bh(&op->class->lock);
		tell = op_unwait_locked(op);
		spin_unlock_bh(&op->class->lock);
		if (tell)
			op_tell(op);
		op_release(op, false);
		op->again = true;
		op->req.more = false;
		op->reason = PROVIDER_SW_DEVICE_ERROR;
		op_dispatch(op, false);
	}
}

/* A success must look like one. */
static bool result_is_sane(const struct provider_op *op, unsigned int out_len)
{
	unsigned int key_bytes = op->req.key_bytes;

	if (op->req.op == ASYM_VERIFY)
		return true;
	if (op->req.op == ASYM_SIGN)
		return out_len <= key_bytes &&
		       !ecdsa_parse_sig(op->key->data.curve, op->out, out_len);
	return out_len && out_len <= key_bytes;
}

static void op_refused(struct provider_op *op, int status)
{
	struct asym_device_priv *pdev = op->pdev;

	kref_get(&pdev->ref);
	op_release(op, false);
	provider_count(op->class, PROVIDER_RECHECKED);
	op->recheck = pdev;
	op->status = status;
	op_software(op, false);
}

/* The device computed: the number is there, or the verdict. */
static void op_computed(struct provider_op *op)
{
	int err = 0;

	if (op->req.algo == ASYM_RSA)
		err = provider_rsa_decode(op);
	if (err && op->op == ASYM_VERIFY) {
		op_refused(op, err);
		return;
	}
	provider_count(op->class, PROVIDER_DEVICE);
	op_finish(op, err, OP_BY_DEVICE);
}

static void op_check_work(struct work_struct *work)
{
	struct provider_op *op = container_of(work, struct provider_op, work);
	struct asym_device_priv *pdev = op->pdev;
	unsigned int id = pdev->id;
	int err = provider_rsa_check(op);

	if (!err) {
		if (atomic_read(&pdev->wrong))
			atomic_set(&pdev->wrong, 0);
		op_computed(op);
		return;
	}
	if (err == -EBADMSG) {
		provider_count(op->class, PROVIDER_WRONG_RESULTS);
		if (atomic_inc_return(&pdev->wrong) == PROVIDER_WRONG_MAX)
			provider_device_retest(pdev);
		if (!atomic_xchg(&pdev->warned, 1))
			pr_err("%s: device %s: a result with a private key does not fit the public one and was dropped; check the accelerator behind it, and the key (openssl pkey -check); further errors are only counted\n",
			       pdev->class->name, pdev->name);
	}
	count_error(pdev, err);
	op_release(op, false);
	op_failed(op, id, err);
}

static bool op_needs_check(const struct provider_op *op)
{
	return op->req.op == ASYM_DECRYPT && op->key->n && !READ_ONCE(op->class->unchecked_results);
}

static void op_answered(struct provider_op *op, int status, unsigned int out_len)
{
	struct asym_device_priv *pdev = op->pdev;
	unsigned int id = pdev->id;

	if (!provider_op_claim(op)) {
		provider_count(op->class, PROVIDER_LATE_ANSWERS);
		provider_op_drop(op);
		return;
	}
	if (!status && !result_is_sane(op, out_len)) {
		if (!atomic_xchg(&pdev->warned, 1))
			pr_err("%s: device %s answered with %u bytes to a key of %u; further errors are only counted\n",
			       pdev->class->name, pdev->name, out_len, op->req.key_bytes);
		status = -EIO;
	}

	switch (status) {
	case 0:
		op->out_len = out_len;
		if (!op_needs_check(op)) {
			op_computed(op);
			break;
		}
		INIT_WORK(&op->work, op_check_work);
		queue_work(provider_wq, &op->work);
		break;
	case -EINVAL:
	case -EBADMSG:
	case -EKEYREJECTED:
	case -EOVERFLOW:
		op_refused(op, status);
		break;
	case -ESTALE:
		op_release(op, true);
		if (!op->stale) {
			op->stale = true;
			op->again = true;
			op->req.more = false;
			op_dispatch(op, false);
			break;
		}
		count_error(pdev, status);
		op_failed(op, id, status);
		break;
	case -ENOSPC:
		if (op->req.key) {
			op_without_key(op, true);
			break;
		}
		fallthrough;
	default:
		op_release(op, false);
		count_error(pdev, status);
		op_failed(op, id, status);
		break;
	}
}

static void request_done(struct asym_request *req, int status, unsigned int out_len)
{
	struct provider_op *op = container_of(req, struct provider_op, req);
	struct asym_device_priv *pdev = op->pdev;

	/* @op and its session may be gone soon. */
	kref_get(&pdev->ref);
	this_cpu_inc(pdev->stats->completed);
	provider_measure(pdev, op->sent, status);
	op->answered(op, status, out_len);
	if (READ_ONCE(pdev->live))
		backlog_drain(pdev);

	/* From here on nothing but @pdev may be touched: the class may go. */
	if (atomic_dec_and_test(&pdev->inflight))
		wake_up(&pdev->wait);
	provider_device_put(pdev);
}

static void request_done_work(struct work_struct *work)
{
	struct provider_op *op = container_of(work, struct provider_op, work);

	request_done(&op->req, op->status, op->out_len);
}

/**
 * asym_request_done() - a device answered
 * @req: the request that asym_device_ops::submit took
 * @status: 0 or an errno, as described in <crypto/asym_provider.h>
 * @out_len: bytes written to @req->out
 *
 * Called exactly once for each request taken, when the device can no longer
 * touch the request's memory. @req belongs to asym_provider again.
 *
 * Context: any, but without locks that ->submit takes: what waited for room is
 * submitted from here. In a hard interrupt, or with interrupts disabled, the rest is
 * left to a workqueue: drivers that can, call it from softirq or a thread.
 */
void asym_request_done(struct asym_request *req, int status, unsigned int out_len)
{
	struct provider_op *op = container_of(req, struct provider_op, req);

	if (in_hardirq() || irqs_disabled()) {
		op->status = status;
		op->out_len = out_len;
		INIT_WORK(&op->work, request_done_work);
		queue_work(provider_wq, &op->work);
		return;
	}

	local_bh_disable();
	request_done(req, status, out_len);
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(asym_request_done);

/**
 * asym_device_kick() - a device may have room for requests again
 * @dev: a registered device
 *
 * After ->submit answered -EBUSY. Completions imply it.
 *
 * Context: any, but without locks that ->submit takes: it is called from here.
 */
void asym_device_kick(struct asym_device *dev)
{
	struct asym_device_priv *pdev = dev->p;

	if (!pdev || !READ_ONCE(pdev->live))
		return;
	if (in_hardirq() || irqs_disabled())
		queue_work(provider_wq, &pdev->kick_work);
	else
		backlog_drain(pdev);
}
EXPORT_SYMBOL_GPL(asym_device_kick);

/**
 * provider_op_expired() - no device answered in time: the software computes it
 * @op: the caller's alone, without a device
 *
 * Context: any but hard interrupts.
 */
void provider_op_expired(struct provider_op *op)
{
	struct asym_class *class = op->class;

	if (op->told) {
		op->told = false;
		op_tell(op);
	}
	op->reason = PROVIDER_SW_WAITED;
	if (op->key->exec_key && READ_ONCE(class->fallback) == ASYM_FALLBACK_SOFTWARE) {
		op_software(op, false);
		return;
	}
	provider_count(class, PROVIDER_FAILED);
	op_finish(op, -ETIMEDOUT, OP_NOWHERE);
}

/* Is it for this machine's software whatever devices there are? */
static bool op_is_local(const struct provider_op *op)
{
	struct asym_class *class = op->class;

	/* Until the kernel's self tests are over, they are the callers: what they judge is ours. */
	if (!provider_class_tested(class))
		return true;
	return (op->op == ASYM_VERIFY || op->op == ASYM_ENCRYPT) &&
	       READ_ONCE(class->public_ops) == ASYM_PUBLIC_LOCAL;
}

/* What a device is asked for. */
static void op_set_request(struct provider_op *op)
{
	struct asym_request *req = &op->req;

	op->local = op_is_local(op);
	if (op->local && op->key->exec_key)
		return;
	if (req->algo == ASYM_RSA) {
		op->err = provider_rsa_encode(op);
		op->software_only = op->err;
		return;
	}
	req->op = op->op;
	req->padding = ASYM_PAD_RAW;
	req->hash = ASYM_HASH_NONE;
	req->in_len = op->in_len;
	req->digest_len = op->digest_len;
}

/**
 * provider_op_start() - compute something
 * @op: from provider_op_init() and provider_op_set_key(), with @op, .padding,
 *	.hash, .in_len and .digest_len, the input at @in, @complete, and @progress
 *	if @flags ask for it
 * @key: its key; a reference is taken
 * @flags: PROVIDER_*
 *
 * Context: any but hard interrupts.
 * Return: -EINPROGRESS: provider_op::complete will be called, or was. -EBUSY
 * (PROVIDER_FULL_TELL): likewise, and the operation waits for room on a device;
 * provider_op::progress will tell when it does not any more. Anything else is the
 * result, and neither will be called.
 */
int provider_op_start(struct provider_op *op, struct provider_key *key, unsigned int flags)
{
	struct asym_class *class = op->class;

	op->key = key;
	op->req.algo = key->data.algo;
	op->flags = flags;
	/* Which hash matters to signatures only. */
	if (op->op == ASYM_ENCRYPT || op->op == ASYM_DECRYPT)
		op->hash = ASYM_HASH_NONE;
	op_set_request(op);
	provider_count(class, PROVIDER_OPS);
	provider_object(OBJECT_OPERATIONS, 1);
	trace_asym_op_start(op, class->name, op->op, op->padding, op->hash, key->data.bits);

	spin_lock_bh(&class->lock);
	provider_key_ref_locked(key);
	if (!op->local)
		provider_wait_begin_locked(op);
	op_dispatch_locked(op, flags & PROVIDER_MAY_SLEEP);

	/* Nobody else finishes what is in the backlog, while it is. */
	if (flags & PROVIDER_FULL_TELL && READ_ONCE(op->waits)) {
		spin_lock_bh(&class->lock);
		if (op->waits) {
			op->told = true;
			atomic_set(&op->phase, PHASE_ASYNC);
			spin_unlock_bh(&class->lock);
			return -EBUSY;
		}
		spin_unlock_bh(&class->lock);
	}
	if (atomic_cmpxchg(&op->phase, PHASE_STARTING, PHASE_ASYNC) == PHASE_STARTING)
		return -EINPROGRESS;
	/* A cmpxchg that fails orders nothing: pairs with the one in op_finish(). */
	smp_acquire__after_ctrl_dep();
	return op->err;
}
