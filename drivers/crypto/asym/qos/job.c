// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: from the scheduler to the executor, and back.
 *
 * A job with a flow waits there for its turn, with a reference to its key; without one its turn is
 * now. When it has come the executor computes it. If it brings its key, or sleeps, the worker of
 * its queue has it first: preparing a key may sleep and takes work, which was charged with the
 * operation.
 *
 * The owner can take a job back while it waits, for its turn or for the worker. Later the job is
 * only marked as unwanted: the worker looks before it prepares the key, and again before it gives
 * the job to the executor. The executor computes each job that it has.
 *
 * The caller serializes asym_job_prepare() and asym_job_cancel() of a job. Its turn may come at any
 * time, and it may end.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <crypto/internal/asym/executor.h>
#include <crypto/internal/asym/job.h>

/**
 * asym_job_done() - a job is over
 * @job: one without @job->exec, whose turn came; or any that asym_job_cancel() took back
 * @err: 0 or -errno, for asym_job_ops.complete(), which is called; the job may be gone on return
 *
 * Context: any but hard interrupts, no lock held that a completion takes.
 */
void asym_job_done(struct asym_job *job, int err)
{
	/* First, so that the accelerator has work while this one is answered. */
	if (job->charged) {
		job->charged = false;
		asym_qos_done(&job->item);
	}
	job->jobs->ops->complete(job, err);
}
EXPORT_SYMBOL_GPL(asym_job_done);

/* The executor's callback: bottom halves are disabled. */
static void job_computed(struct asym_exec_request *exec, int err)
{
	struct asym_job *job = exec->data;

	job->computed = true;
	asym_job_done(job, err);
}

/* With a reference to the key. The executor takes its own; the job may be gone then. */
static void job_compute(struct asym_job *job)
{
	struct asym_exec_key *key = job->exec->key;

	asym_exec_submit(job->exec);
	asym_exec_key_put(key);
}

static void job_to_worker(struct asym_job *job)
{
	struct asym_jobs *jobs = job->jobs;

	/* Before the worker, or whoever cancels, may end the job. */
	jobs->ops->get(jobs);
	spin_lock_bh(&jobs->lock);
	job->ready = true;
	list_add_tail(&job->list, &jobs->ready);
	spin_unlock_bh(&jobs->lock);
	if (!queue_work(jobs->wq, &jobs->work))
		jobs->ops->put(jobs);
}

/* struct asym_qos_ops.dispatch */
static void job_dispatch(struct asym_qos_item *item)
{
	struct asym_job *job = container_of(item, struct asym_job, item);

	job->charged = true;
	if (job->sleeps || job->key.der)
		job_to_worker(job);
	else if (job->exec)
		job_compute(job);
	else
		job->jobs->ops->run(job);
}

/* Of each scheduler whose items are those of jobs. */
const struct asym_qos_ops asym_job_qos_ops = {
	.dispatch	= job_dispatch,
};
EXPORT_SYMBOL_GPL(asym_job_qos_ops);

static bool job_wanted(struct asym_job *job)
{
	lockdep_assert_held(&job->jobs->lock);
	return !job->unwanted && !job->jobs->closed;
}

/* Prepare the key that came along, and compute. */
static void job_with_key(struct asym_job *job)
{
	struct asym_jobs *jobs = job->jobs;
	struct asym_exec_key *key;
	bool wanted;

	key = asym_exec_key_create(jobs->exec, &job->key);
	jobs->ops->prepared(job, PTR_ERR_OR_ZERO(key));
	spin_lock_bh(&jobs->lock);
	wanted = job_wanted(job);
	spin_unlock_bh(&jobs->lock);
	if (IS_ERR(key)) {
		job->key_failed = true;
		asym_job_done(job, PTR_ERR(key));
	} else if (!wanted) {
		asym_exec_key_put(key);
		asym_job_done(job, -ECANCELED);
	} else {
		job->exec->key = key;
		job_compute(job);
	}
}

static struct asym_job *jobs_next(struct asym_jobs *jobs, bool *wanted)
{
	struct asym_job *job;

	spin_lock_bh(&jobs->lock);
	job = list_first_entry_or_null(&jobs->ready, struct asym_job, list);
	if (job) {
		list_del(&job->list);
		job->ready = false;
		*wanted = job_wanted(job);
	}
	spin_unlock_bh(&jobs->lock);
	return job;
}

static void jobs_work(struct work_struct *work)
{
	struct asym_jobs *jobs = container_of(work, struct asym_jobs, work);
	struct asym_job *job;
	bool wanted;

	while ((job = jobs_next(jobs, &wanted))) {
		if (!job->exec)
			jobs->ops->run(job);
		else if (wanted)
			job_with_key(job);
		else
			asym_job_done(job, -ECANCELED);
		cond_resched();
	}
	jobs->ops->put(jobs);
}

/**
 * asym_jobs_init() - make a queue's jobs
 * @jobs: in the owner's queue; cancel_work_sync(&jobs->work) before that is freed
 * @ops: the owner's
 * @wq: for the worker; its items may take as long as a driver does
 *
 * @jobs->exec is the owner's to set, before a job brings a key.
 *
 * Context: any.
 */
void asym_jobs_init(struct asym_jobs *jobs, const struct asym_job_ops *ops,
		    struct workqueue_struct *wq)
{
	*jobs = (struct asym_jobs){ .ops = ops, .wq = wq };
	spin_lock_init(&jobs->lock);
	INIT_LIST_HEAD(&jobs->ready);
	INIT_WORK(&jobs->work, jobs_work);
}
EXPORT_SYMBOL_GPL(asym_jobs_init);

/**
 * asym_jobs_close() - no job that brings its key is computed any more
 * @jobs: the jobs; those that wait are for the owner to cancel
 *
 * Context: any but hard interrupts.
 */
void asym_jobs_close(struct asym_jobs *jobs)
{
	spin_lock_bh(&jobs->lock);
	WRITE_ONCE(jobs->closed, true);
	spin_unlock_bh(&jobs->lock);
}
EXPORT_SYMBOL_GPL(asym_jobs_close);

/**
 * asym_job_prepare() - before a job is submitted: from now on it may be cancelled
 * @job: the job
 * @flow: whose turn it waits for, which exists until the job is over; NULL: it does not wait
 *
 * Context: any but hard interrupts.
 */
void asym_job_prepare(struct asym_job *job, struct asym_qos_flow *flow)
{
	job->flow = flow;
	job->ready = false;
	job->unwanted = false;
	job->charged = false;
	job->key_failed = false;
	job->computed = false;
	if (flow)
		asym_qos_prepare(flow, &job->item);
}
EXPORT_SYMBOL_GPL(asym_job_prepare);

/**
 * asym_job_submit() - have a job wait for its turn, and be computed
 * @job: prepared; asym_job_ops.complete() is called when it is over, perhaps before this returns
 * @cost: milliunits, with what preparing its key costs; this and what follows only matters with a
 *	flow
 * @bytes: of input
 * @first: it goes before those of its flow that wait and are not
 *
 * With a flow the caller's reference to @job->exec->key goes over to the job. Without one it stays
 * the caller's: the executor takes its own, and nobody counts twice for each operation. A job
 * without flow has @job->exec, or sleeps.
 *
 * Context: process or soft interrupt.
 */
void asym_job_submit(struct asym_job *job, u32 cost, u32 bytes, bool first)
{
	if (job->exec) {
		job->exec->complete = job_computed;
		job->exec->data = job;
	}
	if (job->flow) {
		job->item.cost = cost;
		job->item.bytes = bytes;
		job->item.first = first;
		asym_qos_submit(job->flow, &job->item);
	} else if (job->sleeps || job->key.der) {
		job_to_worker(job);
	} else {
		asym_exec_submit(job->exec);
	}
}
EXPORT_SYMBOL_GPL(asym_job_submit);

/**
 * asym_job_cancel() - take a job back, if it still waits
 * @job: prepared; if it may be over, still there, and its flow too
 *
 * A job that waited for its turn is not charged. A caller that cancels several jobs calls
 * asym_job_done() when all of them are taken back: it gives their turn to others.
 *
 * Context: any but hard interrupts.
 * Return: true: it is the caller's, asym_job_done() is left to do. False: it is being computed, or
 * is over, or the worker has it and ends it.
 */
bool asym_job_cancel(struct asym_job *job)
{
	struct asym_jobs *jobs = job->jobs;
	bool ready, waiting = false;

	spin_lock_bh(&jobs->lock);
	ready = job->ready;
	if (ready) {
		list_del(&job->list);
		job->ready = false;
	} else {
		waiting = job->flow && asym_qos_cancel(&job->item);
		job->unwanted = !waiting;
	}
	spin_unlock_bh(&jobs->lock);
	if (waiting && job->exec && !job->key.der)
		asym_exec_key_put(job->exec->key);
	return ready || waiting;
}
EXPORT_SYMBOL_GPL(asym_job_cancel);
