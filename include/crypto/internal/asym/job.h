/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asym_job: a request that waits for its turn at a scheduler (asym_qos), perhaps brings a key that
 * has to be prepared, and is computed by an executor (asym_exec). Users: cof_target, vdpa_crypto.
 */
#ifndef _CRYPTO_INTERNAL_ASYM_JOB_H
#define _CRYPTO_INTERNAL_ASYM_JOB_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <crypto/internal/asym/qos.h>
#include <crypto/internal/asym/types.h>

struct asym_exec;
struct asym_exec_request;
struct asym_job;
struct asym_jobs;

/**
 * struct asym_job_ops - what the owner of jobs does
 * @run: the turn of a job without asym_job.exec has come; asym_job_done() follows, perhaps within
 *	this call. In the worker if the job sleeps, else as asym_qos_ops.dispatch. NULL if there is
 *	no such job
 * @prepared: the key that a job brought was prepared (0) or refused (-errno): its bytes are not
 *	needed any more, and are to be wiped. Not called if the job is cancelled before. In the
 *	worker. NULL if there are none
 * @complete: the job is over, 0 or -errno; it is the owner's again. asym_qos_done() was called, if
 *	that is due. In process context or with bottom halves disabled, perhaps within
 *	asym_job_submit() or asym_job_done()
 * @get: reference what the asym_jobs is in: its worker is going to run. The caller has a job of it.
 *	Any context. NULL if no job needs the worker, as @put
 * @put: drop that. Any context
 */
struct asym_job_ops {
	void (*run)(struct asym_job *job);
	void (*prepared)(struct asym_job *job, int err);
	void (*complete)(struct asym_job *job, int err);
	void (*get)(struct asym_jobs *jobs);
	void (*put)(struct asym_jobs *jobs);
};

/**
 * struct asym_jobs - the jobs of one queue; the worker, which may sleep, takes one after the other
 * @ops: the owner's
 * @exec: prepares the keys that jobs bring
 * @wq: of the worker
 * @work: the worker
 * @lock: guards the rest, and asym_job.list, .ready and .unwanted; bottom halves disabled
 * @ready: jobs that sleep, whose turn has come
 * @closed: asym_jobs_close() ran
 */
struct asym_jobs {
	const struct asym_job_ops *ops;
	struct asym_exec *exec;
	struct workqueue_struct *wq;
	struct work_struct work;
	spinlock_t lock;	/* see above */
	struct list_head ready;
	bool closed;
};

/**
 * struct asym_job - what a request embeds, once for all times it is used
 * @jobs: of its queue; set by the owner, like @exec
 * @exec: the operation, whose ->complete and ->data are asym_job's; NULL: asym_job_ops.run()
 *	computes
 * @key: the key that it brings (@key.der is not NULL); then @exec->key is asym_job's. Set by the
 *	owner before asym_job_submit()
 * @sleeps: it has the worker's context when its turn has come. Likewise
 * @key_failed: in asym_job_ops.complete(): the error is about @key
 * @computed: likewise: the result, or the error, is the executor's
 */
struct asym_job {
	struct asym_jobs *jobs;
	struct asym_exec_request *exec;
	struct asym_key_data key;
	bool sleeps;
	bool key_failed;
	bool computed;
	/* private: */
	struct asym_qos_item item;
	struct asym_qos_flow *flow;
	struct list_head list;
	bool ready;
	bool unwanted;
	bool charged;
};

extern const struct asym_qos_ops asym_job_qos_ops;

void asym_jobs_init(struct asym_jobs *jobs, const struct asym_job_ops *ops,
		    struct workqueue_struct *wq);
void asym_jobs_close(struct asym_jobs *jobs);

void asym_job_prepare(struct asym_job *job, struct asym_qos_flow *flow);
void asym_job_submit(struct asym_job *job, u32 cost, u32 bytes, bool first);
bool asym_job_cancel(struct asym_job *job);
void asym_job_done(struct asym_job *job, int err);

#endif /* _CRYPTO_INTERNAL_ASYM_JOB_H */
