// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LKCF drivers that an executor computes on, and the guard against loops.
 *
 * A driver registered by asym_provider sends operations to another device or
 * machine. If an executor chose it by itself, an operation could loop between
 * machines. So by default it does not; an administrator may name such a driver.
 * The guard checks the raw "rsa" algorithm. Templates hide it, so they are
 * refused.
 *
 * A driver may be registered after the executor is created, and may be unregistered and registered
 * again: an initiator's pool has no algorithms before it reaches a target. LKCF reports new
 * algorithms; a work item of the executor then looks for missing drivers. Once the executor exists,
 * only that work item adds drivers and replaces probes. Keys and readers use a driver when
 * exec_driver_there() returns true.
 *
 * Process context, except the look-up of marks (any but hard interrupts).
 * marks_lock protects the marks; it is taken within exec_all_lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/akcipher.h>
#include <crypto/algapi.h>

#include "drivers.h"
#include "ecdsa.h"
#include "key.h"
#include "main.h"
#include "op.h"
#include "stats.h"
#include "wq.h"

#define RAW_RSA		"rsa"
#define SOFTWARE_RSA	"rsa-generic"
#define SEPARATORS	" ,\t\n"

/* Requests that a driver gets at one time, unless the creator sets a limit */
#define LOCAL_INFLIGHT		32
#define REMOTE_INFLIGHT		256

/*
 * Raw algorithms that compute elsewhere. @id distinguishes an algorithm from a
 * later one of the same name. @ready: it reaches a device, and does not only
 * fall back to software.
 */
struct exec_mark {
	struct list_head list;
	const struct asym_exec_remote_ops *ops;
	u64 id;
	bool ready;
	char name[CRYPTO_MAX_ALG_NAME];
};

static LIST_HEAD(marks);
static u64 marks_id;
static DEFINE_SPINLOCK(marks_lock);

static unsigned int default_inflight(const struct asym_exec *exec)
{
	const struct exec_driver *drv;
	int i;

	for (i = 0; i < exec->nr_drivers; i++) {
		drv = &exec->drivers[i];
		if (!exec_driver_there(drv))
			continue;
		if (drv->sync)
			return num_online_cpus();
		return drv->mark ? REMOTE_INFLIGHT : LOCAL_INFLIGHT;
	}
	return LOCAL_INFLIGHT;
}

/* One of the drivers was registered. */
void exec_set_inflight(struct asym_exec *exec)
{
	if (!exec->any_inflight)
		return;
	spin_lock_bh(&exec->lock);
	WRITE_ONCE(exec->max_inflight, default_inflight(exec));
	spin_unlock_bh(&exec->lock);
}

static struct exec_mark *mark_find(const char *name)
{
	struct exec_mark *mark;

	list_for_each_entry(mark, &marks, list)
		if (!strcmp(mark->name, name))
			return mark;
	return NULL;
}

/**
 * asym_exec_mark_remote() - mark a driver as one that computes elsewhere
 * @driver_name: cra_driver_name of the raw algorithm; copied
 * @ops: its entry for ECDSA, valid while its module lives; NULL: none
 *
 * Call it before the algorithm is registered.
 *
 * Context: process.
 * Return: 0, -EINVAL for a name that LKCF does not accept, -EEXIST if it is
 * marked already, -ENOMEM.
 */
int asym_exec_mark_remote(const char *driver_name, const struct asym_exec_remote_ops *ops)
{
	struct exec_mark *mark;
	bool exists;

	mark = kzalloc_obj(*mark);
	if (!mark)
		return -ENOMEM;
	if (!*driver_name || strscpy(mark->name, driver_name) < 0) {
		kfree(mark);
		return -EINVAL;
	}
	mark->ready = true;
	mark->ops = ops;

	spin_lock_bh(&marks_lock);
	exists = mark_find(driver_name);
	if (!exists) {
		mark->id = ++marks_id;
		list_add(&mark->list, &marks);
	}
	spin_unlock_bh(&marks_lock);
	if (exists) {
		kfree(mark);
		return -EEXIST;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(asym_exec_mark_remote);

static bool exec_has_driver(const struct asym_exec *exec, const char *name)
{
	int i;

	for (i = 0; i < exec->nr_drivers; i++)
		if (!strcmp(exec->drivers[i].name, name))
			return true;
	return false;
}

/* Tell the creators of the executors that compute on it. */
static void driver_ready_changed(const char *name)
{
	struct asym_exec *exec;

	lockdep_assert_held(&exec_all_lock);
	list_for_each_entry(exec, &exec_all, all)
		if (exec->ready_changed && exec_has_driver(exec, name))
			exec->ready_changed(exec->data);
}

/**
 * asym_exec_unmark_remote() - undo asym_exec_mark_remote()
 * @driver_name: as given there; unknown names are ignored
 *
 * Call it after the algorithm was unregistered, or hidden from lookups.
 * Executors that use it are not ready any more, and tell their creators.
 *
 * Context: process; sleeps, takes exec_all_lock.
 */
void asym_exec_unmark_remote(const char *driver_name)
{
	struct exec_mark *mark;

	guard(mutex)(&exec_all_lock);
	spin_lock_bh(&marks_lock);
	mark = mark_find(driver_name);
	if (mark)
		list_del(&mark->list);
	spin_unlock_bh(&marks_lock);
	if (mark && mark->ready)
		driver_ready_changed(driver_name);
	kfree(mark);
}
EXPORT_SYMBOL_GPL(asym_exec_unmark_remote);

/**
 * asym_exec_is_remote() - whether a driver computes elsewhere
 * @driver_name: cra_driver_name of a raw algorithm
 *
 * Context: any but hard interrupts.
 * Return: whether it is marked.
 */
bool asym_exec_is_remote(const char *driver_name)
{
	bool found;

	spin_lock_bh(&marks_lock);
	found = mark_find(driver_name);
	spin_unlock_bh(&marks_lock);
	return found;
}
EXPORT_SYMBOL_GPL(asym_exec_is_remote);

static bool driver_ready(const struct exec_driver *drv)
{
	struct exec_mark *mark;
	bool ready;

	if (!exec_driver_there(drv))
		return false;
	if (!READ_ONCE(drv->mark))
		return true;
	spin_lock_bh(&marks_lock);
	mark = mark_find(drv->name);
	ready = mark && mark->id == READ_ONCE(drv->mark) && mark->ready;
	spin_unlock_bh(&marks_lock);
	return ready;
}

/**
 * asym_exec_ready() - whether an executor reaches one of its drivers
 * @exec: the executor
 *
 * It does not while each of its drivers is missing, or is a remote one that reaches none of its
 * devices. In the latter case the driver's software fallback computes operations on this machine's
 * CPU, or they fail if the fallback is off.
 *
 * Context: any but hard interrupts.
 * Return: true if it does.
 */
bool asym_exec_ready(struct asym_exec *exec)
{
	int i;

	for (i = 0; i < exec->nr_drivers; i++)
		if (driver_ready(&exec->drivers[i]))
			return true;
	return false;
}
EXPORT_SYMBOL_GPL(asym_exec_ready);

/**
 * asym_exec_set_remote_ready() - report whether a remote driver reaches a device
 * @driver_name: as given to asym_exec_mark_remote(); others are ignored. A
 *	driver is ready when it is marked.
 * @ready: it reaches one
 *
 * Executors on that driver tell their creators. The caller serializes its
 * calls, so that changes are reported in order.
 *
 * Context: process; sleeps, takes exec_all_lock.
 */
void asym_exec_set_remote_ready(const char *driver_name, bool ready)
{
	struct exec_mark *mark;
	bool changed;

	guard(mutex)(&exec_all_lock);
	spin_lock_bh(&marks_lock);
	mark = mark_find(driver_name);
	changed = mark && mark->ready != ready;
	if (changed)
		mark->ready = ready;
	spin_unlock_bh(&marks_lock);
	if (changed)
		driver_ready_changed(driver_name);
}
EXPORT_SYMBOL_GPL(asym_exec_set_remote_ready);

static const char *tfm_driver(struct crypto_akcipher *tfm)
{
	return crypto_tfm_alg_driver_name(crypto_akcipher_tfm(tfm));
}

/* Its transform keeps the module, and so what @ops points to. */
static u64 driver_mark(const char *name, const struct asym_exec_remote_ops **ops)
{
	struct exec_mark *mark;
	u64 id;

	spin_lock_bh(&marks_lock);
	mark = mark_find(name);
	id = mark ? mark->id : 0;
	*ops = mark ? mark->ops : NULL;
	spin_unlock_bh(&marks_lock);
	return id;
}

/* Fill the slot of a driver that was found. No operation uses the slot yet. */
static void driver_set(struct asym_exec *exec, struct exec_driver *drv, struct crypto_akcipher *tfm)
{
	const struct asym_exec_remote_ops *remote;
	u64 mark = driver_mark(tfm_driver(tfm), &remote);

	spin_lock_bh(&exec->lock);
	drv->remote = remote;
	drv->probe = tfm;
	drv->sync = !(crypto_akcipher_alg(tfm)->base.cra_flags & CRYPTO_ALG_ASYNC);
	WRITE_ONCE(drv->mark, mark);
	/* Pairs with exec_driver_there(). */
	smp_store_release(&drv->there, true);
	spin_unlock_bh(&exec->lock);
}

static int driver_check(struct crypto_akcipher *tfm)
{
	return strcmp(crypto_tfm_alg_name(crypto_akcipher_tfm(tfm)), RAW_RSA) ? -EINVAL : 0;
}

static int driver_add(struct asym_exec *exec, struct crypto_akcipher *tfm)
{
	struct exec_driver *drv = &exec->drivers[exec->nr_drivers];
	int err = driver_check(tfm);

	if (err)
		return err;
	strscpy(drv->name, tfm_driver(tfm));
	driver_set(exec, drv, tfm);
	exec->reqsize = max(exec->reqsize, crypto_akcipher_reqsize(tfm));
	exec->nr_drivers++;
	return 0;
}

/* The driver may be registered later: requests have room for it. */
static int driver_add_late(struct asym_exec *exec, const char *name)
{
	strscpy(exec->drivers[exec->nr_drivers++].name, name);
	exec->reqsize = max(exec->reqsize, EXEC_LATE_REQSIZE);
	return 0;
}

/* The best raw RSA that computes on this machine. */
static int driver_add_default(struct asym_exec *exec)
{
	/* asym_provider's algorithms have this flag, because they have a software fallback */
	const u32 masks[] = { 0, CRYPTO_ALG_NEED_FALLBACK };
	struct crypto_akcipher *tfm;
	int i, err = -ENOENT;

	for (i = 0; i <= ARRAY_SIZE(masks); i++) {
		if (i < ARRAY_SIZE(masks))
			tfm = crypto_alloc_akcipher(RAW_RSA, 0, masks[i]);
		else
			tfm = crypto_alloc_akcipher(SOFTWARE_RSA, 0, 0);
		if (IS_ERR(tfm)) {
			err = PTR_ERR(tfm);
			continue;
		}
		err = asym_exec_is_remote(tfm_driver(tfm)) ? -ELOOP : driver_add(exec, tfm);
		if (!err)
			return 0;
		crypto_free_akcipher(tfm);
	}
	return err;
}

/* Whether a word may be a driver's name. Other words must not reach modprobe's command line. */
static bool driver_name_valid(const char *name)
{
	if (!*name || strlen(name) >= CRYPTO_MAX_ALG_NAME)
		return false;
	for (; *name; name++)
		if (!isalnum(*name) && !strchr("-_.", *name))
			return false;
	return true;
}

static int driver_add_named(struct asym_exec *exec, const char *name, bool wait)
{
	struct crypto_akcipher *tfm;
	int i, err;

	if (!driver_name_valid(name))
		return -EINVAL;
	for (i = 0; i < exec->nr_drivers; i++)
		if (!strcmp(exec->drivers[i].name, name))
			return -EINVAL;
	if (exec->nr_drivers == EXEC_MAX_DRIVERS)
		return -E2BIG;

	tfm = crypto_alloc_akcipher(name, 0, 0);
	if (tfm == ERR_PTR(-ENOENT) && wait)
		return driver_add_late(exec, name);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	/* an algorithm's name ("rsa") also finds something, but not what was named */
	err = strcmp(tfm_driver(tfm), name) ? -ENOENT : driver_add(exec, tfm);
	if (err)
		crypto_free_akcipher(tfm);
	return err;
}

/* exec->drivers from a list of names; on failure *@params->bad (if any) names the one refused. */
int exec_drivers_init(struct asym_exec *exec, const struct asym_exec_params *params)
{
	char *names __free(kfree) = NULL;
	char *bad = params->bad;
	char *cursor, *name;
	int err = 0;

	if (bad)
		*bad = '\0';
	names = kstrdup(params->drivers ?: "", GFP_KERNEL);
	if (!names)
		return -ENOMEM;

	cursor = names;
	while ((name = strsep(&cursor, SEPARATORS))) {
		if (!*name)
			continue;
		err = driver_add_named(exec, name, params->wait_drivers);
		if (err)
			break;
	}
	if (!err && !exec->nr_drivers) {
		name = RAW_RSA;
		err = driver_add_default(exec);
	}
	if (err) {
		if (bad)
			strscpy(bad, name, CRYPTO_MAX_ALG_NAME);
		exec_drivers_exit(exec);
	}
	return err;
}

void exec_drivers_exit(struct asym_exec *exec)
{
	while (exec->nr_drivers)
		if (exec->drivers[--exec->nr_drivers].there)
			crypto_free_akcipher(exec->drivers[exec->nr_drivers].probe);
	while (exec->nr_retired)
		crypto_free_akcipher(exec->retired[--exec->nr_retired]);
	kfree(exec->retired);
}

/* ---- drivers that come later ---- */

/* Is it missing, or was it registered again, by another class of that name? */
static bool driver_wanted(const struct exec_driver *drv)
{
	const struct asym_exec_remote_ops *remote;
	u64 mark;

	if (!exec_driver_there(drv))
		return true;
	if (!READ_ONCE(drv->mark))
		return false;
	mark = driver_mark(drv->name, &remote);
	return mark && mark != READ_ONCE(drv->mark);
}

/* Keys, or operations with them, may be of the probe there was: it stays, and its module. */
static int driver_replace(struct asym_exec *exec, struct exec_driver *drv,
			  struct crypto_akcipher *tfm)
{
	const struct asym_exec_remote_ops *remote;
	struct crypto_akcipher **retired;
	u64 mark = driver_mark(drv->name, &remote);

	/* Existing keys compute with these. */
	if (remote != drv->remote ||
	    drv->sync != !(crypto_akcipher_alg(tfm)->base.cra_flags & CRYPTO_ALG_ASYNC))
		return -EINVAL;
	retired = krealloc_array(exec->retired, exec->nr_retired + 1, sizeof(*retired), GFP_KERNEL);
	if (!retired)
		return -ENOMEM;
	exec->retired = retired;
	exec->retired[exec->nr_retired++] = drv->probe;
	/* Pairs with READ_ONCE() where keys are set: the transform before its address. */
	smp_store_release(&drv->probe, tfm);
	WRITE_ONCE(drv->mark, mark);
	return 0;
}

/* Return: whether there is a change. */
static bool driver_look(struct asym_exec *exec, struct exec_driver *drv)
{
	struct crypto_akcipher *tfm;
	int err;

	if (!driver_wanted(drv))
		return false;
	/* It was asked for when the executor was made; now it is there, or it is not. */
	tfm = crypto_alloc_akcipher(drv->name, 0, CRYPTO_NOLOAD);
	if (IS_ERR(tfm))
		return false;
	if (drv->there && crypto_akcipher_alg(tfm) == crypto_akcipher_alg(drv->probe)) {
		crypto_free_akcipher(tfm);
		return false;
	}
	err = strcmp(tfm_driver(tfm), drv->name) ? -ENOENT : driver_check(tfm);
	if (!err && crypto_akcipher_reqsize(tfm) > exec->reqsize)
		err = -E2BIG;
	if (!err && drv->there)
		err = driver_replace(exec, drv, tfm);
	else if (!err)
		driver_set(exec, drv, tfm);
	if (err) {
		pr_warn("%s: driver '%s' came, but cannot be used (%pe); make the user of it anew\n",
			exec->name, drv->name, ERR_PTR(err));
		crypto_free_akcipher(tfm);
		return false;
	}
	pr_info("%s: driver '%s' is there\n", exec->name, drv->name);
	return true;
}

/* asym_exec.drivers_work */
void exec_drivers_work(struct work_struct *work)
{
	struct asym_exec *exec = container_of(work, struct asym_exec, drivers_work);
	bool changed = false;
	int i;

	for (i = 0; i < exec->nr_drivers; i++)
		if (driver_look(exec, &exec->drivers[i]))
			changed = true;
	if (!changed)
		return;
	exec_set_inflight(exec);
	guard(mutex)(&exec_all_lock);
	if (exec->ready_changed)
		exec->ready_changed(exec->data);
}

/* Look for missing drivers, if there are any. */
void exec_drivers_look(struct asym_exec *exec)
{
	int i;

	for (i = 0; i < exec->nr_drivers; i++) {
		if (driver_wanted(&exec->drivers[i])) {
			queue_work(exec_house_wq, &exec->drivers_work);
			return;
		}
	}
}

static void drivers_all_work(struct work_struct *work)
{
	struct asym_exec *exec;

	guard(mutex)(&exec_all_lock);
	list_for_each_entry(exec, &exec_all, all)
		exec_drivers_look(exec);
}

static DECLARE_WORK(all_work, drivers_all_work);

/* Called with locks of LKCF held. */
static int drivers_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event == CRYPTO_MSG_ALG_LOADED)
		queue_work(exec_house_wq, &all_work);
	return NOTIFY_DONE;
}

static struct notifier_block drivers_notifier = {
	.notifier_call = drivers_notify,
};

int exec_drivers_module_init(void)
{
	return crypto_register_notifier(&drivers_notifier);
}

void exec_drivers_module_exit(void)
{
	crypto_unregister_notifier(&drivers_notifier);
	cancel_work_sync(&all_work);
}

/**
 * asym_exec_missing() - list the drivers that an executor waits for
 * @exec: the executor
 * @names: receives their names, separated by spaces
 * @size: of @names
 *
 * Context: any.
 * Return: whether there are any.
 */
bool asym_exec_missing(struct asym_exec *exec, char *names, size_t size)
{
	size_t len = 0;
	int i;

	*names = '\0';
	for (i = 0; i < exec->nr_drivers; i++)
		if (!exec_driver_there(&exec->drivers[i]))
			len += scnprintf(names + len, size - len, "%s%s", len ? " " : "",
					 exec->drivers[i].name);
	return len;
}
EXPORT_SYMBOL_GPL(asym_exec_missing);

/**
 * asym_exec_max_inflight() - number of operations with the drivers at one time
 * @exec: the executor
 *
 * A caller that submits no more than that decides the order itself (asym_qos).
 *
 * Context: any.
 * Return: operations, at least 1. It may change when a missing driver is registered, before
 * ready_changed() is called.
 */
unsigned int asym_exec_max_inflight(const struct asym_exec *exec)
{
	return READ_ONCE(exec->max_inflight);
}
EXPORT_SYMBOL_GPL(asym_exec_max_inflight);
